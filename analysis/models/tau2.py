"""The variance between studies, tau2: its estimators and its intervals, n meta-analyses at once.

Every array has the shape (k, n), k studies by n meta-analyses, and a single fit is n = 1. A study that is absent
from a column has variance ``inf``, hence weight zero, and drops out of every sum by itself. With P the projection
that takes out the weighted mean at a given tau2, all methods are made of a few sums: Q = y'Py, its derivative
-y'PPy, and tr P. They see the studies only through the methods of `Columns`, and so serve a regression, whose P
takes out p coefficients and whose `analysis.models.design.Designs` has the same methods, word for word.

ML and REML are global maxima. The restricted log-likelihood has the derivative (y'PPy - tr P) / 2, and the full one
(y'PPy - sum of weights) / 2. Both terms fall as tau2 grows, but their difference may change sign several times: the
likelihood can have several maxima. `likelihood_tau2` isolates every maximum between proven bounds, refines each
within its bracket and takes the highest, the boundary tau2 = 0 included.

The generalised Q intervals invert the exact distribution of Q. With fixed weights a, ``Q = sum(a * (y - mean)**2)``
about the mean weighted by a is, for normal outcomes of variance ``s = v + tau2``, a sum of k - 1 chi-square(1)
variables with positive coefficients. Its Laplace transform needs no eigenvalues: the determinant of a diagonal
matrix less one of rank one gives

    E exp(-z Q) = prod(1 + 2 z a s)**(-1/2) * (sum(a / (1 + 2 z a s)) / sum(a))**(-1/2)

and its only singularities lie on the negative real axis. The distribution function is the Bromwich integral of
this over z, by the trapezoidal rule on a hyperbola that opens to the left and starts at the saddle point: the
integrand falls steadily along it, whatever the spread of the coefficients, so that nothing cancels.

References
----------
Cochran 1954 (HE), DerSimonian & Laird 1986, doi 10.1016/0197-2456(86)90046-2 (DL), Paule & Mandel 1982, doi
10.6028/jres.087.022 (PM), Sidik & Jonkman 2005, doi 10.1111/j.1467-9876.2005.00489.x (SJ), Hunter & Schmidt
2004 (HS), Morris 1983, doi 10.1080/01621459.1983.10477920 (EB); Viechtbauer 2005, doi 10.3102/10769986030003261
(ML, REML); Viechtbauer 2007, doi 10.1002/sim.2514 (Q-profile interval); Hardy & Thompson 1996, doi
10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A (profile likelihood); Biggerstaff & Jackson 2008,
doi 10.1002/sim.3428 (weights 1 / v); Jackson 2013, Research Synthesis Methods 4, 220-229 (any fixed weights,
1 / sqrt(v) among them); Weideman & Trefethen 2007, doi 10.1090/S0025-5718-07-01945-X (hyperbolic contours).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check
from analysis._types import Floats, GeneralisedQWeights, Tau2Method, Values
from analysis.models.results import ConfidenceInterval
from analysis.models.studies import level_of, read_studies

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes
    from analysis.models.results import PooledEffect

TAU2_METHODS = get_args(Tau2Method)
GENERALISED_Q_METHODS = get_args(GeneralisedQWeights)

# Row 0 must be at least this close to the most precise study, so that no sum cancels.
_SPREAD = 100.0
# A search ends with a Newton step this small relative to tau2: convergence is quadratic, so the error is near the
# square of it. The floor is relative to the smallest variance, where rounding ends all progress.
_STEP, _FLOOR = 1e-9, 1e-14
# An interval this narrow, relative to the smallest total variance, is not split any further.
_NARROW = 1e-6
# So many Newton steps are needed only where rounding hides the slope; bisection then ends the search.
_NEWTON_STEPS = 40
# Points of the likelihood of a single column that are looked at together before any search.
_POINTS = 8
# Bisection alone would end a root search in so many rounds.
_ROUNDS = 60
# The fixed weights of a generalised Q are this power of the variances.
_POWER = {"Jackson": -0.5, "Biggerstaff": -1.0}
# The points along the hyperbola are a step apart and end where the integrand is below 1e-16 of its peak; and the sine
# of the angle between its arms and the vertical: at 45 degrees decay would end.
_APART, _END, _TILT = 0.1, 4.5, 0.5
_NO_Q = 1e-140  # of the largest weight times variance
# Complex numbers in one block of columns, 1 MB.
_BLOCK = 1 << 16


class Columns(NamedTuple):
    """Studies of n meta-analyses, centred and scaled column by column; see `columns`.

    `Designs` has the same methods for regressions, so that each estimator below is written once for both.
    """

    y: np.ndarray  # (k, n), 0 where a study is absent
    v: np.ndarray  # (k, n), inf where a study is absent
    k: np.ndarray  # (n,), studies of the column
    shift: np.ndarray  # (n,), in the unit of the outcomes
    scale: np.ndarray  # (n,), unit of y, a power of two
    smallest: np.ndarray  # (n,), smallest sampling variance

    @property
    def df(self) -> Values:
        """Residual degrees of freedom, k - 1."""
        return self.k - 1

    @property
    def largest(self) -> Floats:
        """Largest sampling variance of each column."""
        return self.v.max(axis=0, where=np.isfinite(self.v), initial=0.0)

    @property
    def residual_square(self) -> Floats:
        """Sum of squared residuals of a fit without weights, here about the mean."""
        mean = self.y.sum(axis=0) / np.maximum(self.k, 1)
        return ((self.y - mean) ** 2).sum(axis=0, where=np.isfinite(self.v))

    @property
    def sampling_square(self) -> Floats:
        """What sampling error alone adds to the expected `residual_square`, for each degree of freedom."""
        return self.v.sum(axis=0, where=np.isfinite(self.v)) / self.k

    @property
    def spread(self) -> Floats:
        """Mean squared deviation of all outcomes from their mean."""
        return self.residual_square / self.k

    def take(self, index: Any) -> Columns:
        """Return the columns `index`."""
        return Columns(*(x.take(index, axis=-1) for x in self))

    def at(self, tau2: Values) -> Weighted:
        """Inverse-variance sums at tau2, a number or (n,)."""
        return weighted(self.y, self.v, tau2)

    def trace(self, at: Any) -> Floats:
        """Trace of P at the weights of `at`, without the cancellation of ``sum(w) - sum(w**2) / sum(w)``."""
        first, rest = at.weights[0], at.weights[1:]
        others = rest.sum(axis=0)
        return (2.0 * first * others + (others**2 - dot(rest, rest))) / at.total

    def log_likelihood(self, tau2: Values, restricted: bool) -> Floats:
        """As the function `log_likelihood`."""
        return log_likelihood(self.y, self.v, tau2, restricted)

    def point(self, t: Floats, restricted: bool) -> Point:
        """The likelihood equation at tau2 = t (n,), its sums formed relative to row 0."""
        y, w = self.y, self.v + t
        np.reciprocal(w, out=w)
        first, rest = w[0], w[1:]
        others = rest.sum(axis=0)
        total = first + others
        u = y - dot(w, y) / total
        u *= w
        fit = dot(u, u)
        # P takes out any constant: y'PPPy is that of u relative to row 0.
        u -= u[0]
        wu = w * u
        fit_slope = dot(wu, u) - wu.sum(axis=0) ** 2 / total
        square = rest * rest
        others2 = square.sum(axis=0)
        if not restricted:
            return Point(t, fit, total, fit_slope, first**2 + others2)
        share = 1.0 / total
        trace = (2.0 * first * others + (others**2 - others2)) * share
        # tr PP, the sum of the squares of P: row 0 by itself, twice row 0 with the others, and the others.
        trace_slope = (first * others * share) ** 2 + 2.0 * (first * share) ** 2 * others2
        trace_slope += others2 - 2.0 * share * dot(square, rest) + (share * others2) ** 2
        return Point(t, fit, trace, fit_slope, trace_slope)


def columns(yi: Floats, vi: Floats) -> Columns:
    """Prepare arrays of shape (k, n), NaN where a study is absent, for the estimators.

    Each column is shifted by the outcome of a precise study and divided by a power of two, which makes the
    iterations independent of the unit and keeps equal outcomes exactly equal. In a column with very unequal
    variances the most precise study moves to row 0, because the sums below are formed relative to row 0.
    """
    y, v = np.array(yi, dtype=float, order="C"), np.array(vi, dtype=float, order="C")
    smallest = v.min(axis=0)
    # The smallest of a column with a NaN is NaN.
    some_absent = np.isnan(smallest).any()
    if some_absent:
        absent = np.isnan(v)
        v[absent] = np.inf
        smallest = v.min(axis=0)
    far = np.flatnonzero(v[0] > _SPREAD * smallest)
    if far.size:
        first = v[:, far].argmin(axis=0)
        for x in (y, v):
            top = x[0, far]
            x[0, far] = x[first, far]
            x[first, far] = top
    shift = y[0].copy()
    half = np.frexp(np.where(np.isfinite(smallest), smallest, 1.0))[1] // 2
    scale = np.ldexp(1.0, half)
    y -= shift
    y *= 1.0 / scale
    v *= scale**-2.0
    if some_absent:
        y[np.isinf(v)] = 0.0
        k = y.shape[0] - absent.sum(axis=0)
    else:
        k = np.full(y.shape[1], y.shape[0])
    return Columns(y, v, k, shift, scale, smallest * scale**-2.0)


def dot(a: Floats, b: Floats) -> Floats:
    """Column sums of the product of two (k, n) arrays."""
    # Of one column the product of vectors, which numpy starts in a third of the time.
    return (a.T @ b)[0] if a.shape[1] == b.shape[1] == 1 else np.einsum("ij,ij->j", a, b)


def inverse(a: Floats) -> tuple[Floats, list[Floats]]:
    """Inverses of n positive definite matrices (p, p, n) by elimination, and the pivots, whose product is det.

    Elimination without pivoting is as accurate as the matrix scaled to a unit diagonal allows.
    """
    a, pivots = a.copy(), []
    for j in range(len(a)):
        pivots.append(a[j, j].copy())
        pivot = 1.0 / pivots[-1]
        row, column = a[j] * pivot, a[:, j].copy()
        a -= column[:, None] * row
        a[j] = row
        a[:, j] = column * -pivot
        a[j, j] = pivot
    return a, pivots


class Weighted(NamedTuple):
    """Inverse-variance sums at one tau2 per column: of shape (n,), but for weights and pull."""

    weights: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    q: np.ndarray
    pull: np.ndarray  # weights times residuals (k, n)

    @property
    def slope(self) -> Floats:
        """Minus the derivative of Q with respect to tau2, y'PPy."""
        return dot(self.pull, self.pull)


def weighted(y: Floats, v: Floats, tau2: Values = 0.0) -> Weighted:
    """Weights 1 / (v + tau2), their sum, the weighted mean, Q about it and what makes its slope."""
    w = v + tau2
    np.reciprocal(w, out=w)
    total = w.sum(axis=0)
    mean = dot(w, y) / total
    r = y - mean
    u = w * r
    return Weighted(w, total, mean, dot(u, r), u)


def estimate_tau2(data: Any, method: Tau2Method, common: Any = None, typical: Floats | None = None) -> Floats:
    """tau2 of each column, truncated at 0, in the units of `data`; 0 for a column with a single study.

    `common`, the sums at tau2 = 0, and `typical`, the typical sampling variance, are computed if left out.
    """
    if method == "CE":
        return np.zeros(data.smallest.size)
    if method in ("ML", "REML"):
        return likelihood_tau2(data, restricted=method == "REML")
    # The empirical Bayes equation is the Paule-Mandel equation Q(tau2) = df.
    if method in ("EB", "PM"):
        return q_root(data, np.full(data.smallest.size, np.maximum(data.df, 1.0)))
    common = data.at(0.0) if common is None else common
    typical = typical_variance(data, common) if typical is None else typical
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(data.df > 0, np.maximum(_CLOSED_FORMS[method](data, common, typical), 0.0), 0.0)


def _sidik_jonkman(data, *_):
    start = data.spread
    return start * data.at(start).q / np.maximum(data.df, 1)


_CLOSED_FORMS = {
    # Over tr P, which is df / typical.
    "DL": lambda data, common, typical: (common.q - data.df) / data.df * typical,
    "HE": lambda data, *_: data.residual_square / np.maximum(data.df, 1) - data.sampling_square,
    "HS": lambda data, common, _: (common.q - data.k) / common.total,
    "SJ": _sidik_jonkman,
}


def typical_variance(data: Any, common: Any) -> Floats:
    """Typical sampling variance df / tr P at tau2 = 0, Higgins & Thompson 2002, doi 10.1002/sim.1186."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return data.df / data.trace(common)


def q_root(data: Any, target: Floats) -> Floats:
    """The tau2 >= 0 at which the generalised Q statistic equals `target` (n,); 0 where Q is below it already.

    1 / Q(tau2) is a weighted harmonic mean of terms linear in tau2, hence concave: Newton's method for 1 / Q
    started at 0 climbs to the root without ever passing it.
    """
    root = np.zeros(data.smallest.size)
    live, t = np.arange(root.size), root
    while True:
        now = data.at(t)
        step = np.zeros_like(t)
        np.divide(now.q * (now.q / target - 1.0), now.slope, out=step, where=now.q > target)
        t = t + step
        moving = step > _STEP * t + _FLOOR * data.smallest
        root[live] = t
        if not moving.any():
            return root
        if not moving.all():
            some = np.flatnonzero(moving)
            live, data, t, target = live[some], data.take(some), t[some], target[some]


def q_profile_interval(data: Any, confidence_level: float) -> Floats:
    """Lowest and highest tau2, (2, n), at which Q has either quantile of its chi-square distribution."""
    n, tail = data.smallest.size, (1.0 - confidence_level) / 2.0
    targets = special.chdtri(np.full(n, np.maximum(data.df, 1)), [[tail], [1.0 - tail]])
    return q_root(data.take(np.arange(2 * n) % n), targets.ravel()).reshape(2, n)


class Point(NamedTuple):
    """The two terms of the likelihood equation at t and their slopes, all (n,); see `_single_or_none`."""

    t: np.ndarray
    fit: np.ndarray  # y'PPy
    trace: np.ndarray  # tr P, or sum of weights for ML
    fit_slope: np.ndarray  # y'PPPy = -d fit / dt / 2
    trace_slope: np.ndarray  # tr PP = -d trace / dt

    @property
    def newton(self) -> Floats:
        """Newton step for trace / fit = 1, an almost linear equation."""
        return self.fit * (self.fit - self.trace) / (2 * self.fit_slope * self.trace - self.trace_slope * self.fit)

    def take(self, index: Any) -> Point:
        """Return the columns `index`."""
        return Point(*(x[index] for x in self))

    def join(self, other: Point) -> Point:
        """Return the columns of both, one after the other."""
        return Point(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


def likelihood_tau2(data: Any, restricted: bool = True) -> Floats:
    """The global maximum over tau2 >= 0 of the restricted (REML) or full (ML) likelihood of each column."""
    square = data.residual_square / np.maximum(data.df if restricted else data.k, 1)
    upper = upper_bound(square, data.smallest, data.largest)
    tau2 = np.zeros(upper.size)
    some = np.flatnonzero(upper > 0)
    if not some.size:
        return tau2
    part = data.take(some) if some.size < upper.size else data
    left, right = _first_look(part, upper[some], restricted)
    owner, *bracket = _isolate(part, left, right, restricted)
    root = _refine(part.take(owner), *bracket, restricted)
    tau2[some] = _highest(part, owner, root, (left.fit <= left.trace)[: some.size], restricted)
    return tau2


def _first_look(data, upper, restricted):
    """The likelihood equation at both ends of one interval a column, or of several of a single column."""
    if upper.size > 1:
        return tuple(data.point(t, restricted) for t in (np.zeros(upper.size), upper))
    # A call costs more than a few more numbers: points at even steps of the logarithm spare rounds.
    small, share = data.smallest, np.linspace(0.0, 1.0, _POINTS)
    t = small * np.expm1(share * np.log1p(upper / small))
    points = data.take(np.zeros(_POINTS, dtype=int)).point(t, restricted)
    return points.take(slice(-1)), points.take(slice(1, None))


def upper_bound(square: Values, smallest: Values, largest: Values) -> Values:
    """A tau2 above every maximum, where fit <= c square / (smallest + t)^2 and trace >= c / (largest + t).

    It is the t at which both bounds agree, by the formula for a quadratic equation in smallest + t.
    """
    # With equal variances this is the maximum itself, which 1.01 puts inside.
    return 1.01 * (0.5 * square + np.sqrt(square * (0.25 * square + largest - smallest)) - smallest)


def _isolate(data, left, right, restricted):
    """Split intervals of tau2 into brackets of one maximum each; returns their columns, both ends and a start."""
    owner, found = np.arange(right.t.size) % data.smallest.size, [(np.zeros(0, dtype=int), *np.zeros((3, 0)))]
    # A first split near the root brings the start closer; halving then ends the search.
    for split_at in itertools.chain([_guess], itertools.repeat(_halfway)):
        # A NaN proves nothing: split on.
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            single, none = _single_or_none(left, right)
        small = data.smallest[owner]
        single |= right.t - left.t <= _NARROW * (small + right.t)
        keep = np.flatnonzero(single & (left.fit > left.trace) & (right.fit <= right.trace))
        if keep.size:
            a, b = left.take(keep), right.take(keep)
            found.append((owner[keep], a.t, b.t, _guess(a, b, small[keep])))
        split = np.flatnonzero(~(single | none))
        if not split.size:
            return tuple(np.concatenate(part) for part in zip(*found, strict=True))
        owner, left, right = owner[split], left.take(split), right.take(split)
        inner = data.take(owner).point(split_at(left, right, small[split]), restricted)
        owner, left, right = np.concatenate([owner, owner]), left.join(inner), inner.join(right)


def _single_or_none(left, right):
    """Which intervals hold at most one root of fit = trace, and which hold none; both proven.

    With d_j the eigenvalues of the sampling variances among contrasts, fit = sum z_j^2 / (d_j + t)^2 and
    trace = sum 1 / (d_j + t). Then g = fit / fit_slope - t and h = trace / trace_slope - t never decrease,
    and log(fit / trace) has the slope 1 / (t + h) - 2 / (t + g). Bounding g and h by their values at the two
    ends bounds fit / trace throughout; the bound has its extremes at an end or at t = g - 2h.
    """
    a, b = left.t, right.t
    ga, gb = left.fit / left.fit_slope - a, right.fit / right.fit_slope - b
    ha, hb = left.trace / left.trace_slope - a, right.trace / right.trace_slope - b
    peak = np.minimum(np.maximum(gb - 2 * ha, a), b)
    # The slope is then negative from end to end, and fit = trace has one root at most.
    single = peak <= a
    below = left.fit * ((a + gb) / (peak + gb)) ** 2 * (peak + ha) < left.trace * (a + ha)
    peak = np.minimum(np.maximum(ga - 2 * hb, a), b)
    below |= right.fit * ((b + ga) / (peak + ga)) ** 2 * (peak + hb) < right.trace * (b + hb)
    above = left.fit * ((a + ga) / (b + ga)) ** 2 * (b + hb) > left.trace * (a + hb)
    above &= left.fit > left.trace
    return single, below | above


def _guess(left, right, small):
    """Where trace / fit is 1 if t is a cubic in it with the values and slopes at both ends; halfway if outside."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        at_left, at_right = left.trace / left.fit - 1.0, right.trace / right.fit - 1.0
        share = at_left / (at_left - at_right)
        rest = 1.0 - share
        # Hermite's formula, in which slope times distance from 1 is the Newton step.
        new = rest**2 * ((1.0 + 2.0 * share) * left.t + left.newton)
        new += share**2 * ((1.0 + 2.0 * rest) * right.t + right.newton)
    return _within(new, left.t, right.t, small)


def _halfway(left, right, small):
    return _middle(left.t, right.t, small)


def _middle(low, high, small):
    """Geometric middle of two values of tau2, counted from -small."""
    return np.sqrt((low + small) * (high + small)) - small


def _refine(data, low, high, t, restricted):
    """Newton's method from t inside each bracket, with a geometric bisection where a step would leave it."""
    root, live = np.zeros(t.size), np.arange(t.size)
    for step in itertools.count():
        now = data.point(t, restricted)
        rising = now.fit > now.trace
        low, high = np.where(rising, t, low), np.where(rising, high, t)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            new = t + now.newton if step < _NEWTON_STEPS else np.nan
        new = _within(new, low, high, data.smallest)
        moving = np.abs(new - t) > _STEP * new + _FLOOR * data.smallest
        t = root[live] = new
        if not moving.any():
            return root
        # Dropping the columns that have converged means copying the others: only once it saves a fifth.
        if moving.sum() < 0.8 * live.size:
            some = np.flatnonzero(moving)
            live, data, t, low, high = live[some], data.take(some), t[some], low[some], high[some]


def _within(new, low, high, small):
    """Return `new` where it lies between `low` and `high`, elsewhere their geometric middle."""
    return np.where((new >= low) & (new <= high), new, _middle(low, high, small))


def _highest(data, owner, root, falls_at_zero, restricted):
    """The candidate of highest likelihood in each column; 0 is one where the likelihood falls there."""
    best = np.zeros(falls_at_zero.size)
    rivals = np.bincount(owner, minlength=best.size) + falls_at_zero
    alone = rivals[owner] == 1
    best[owner[alone]] = root[alone]
    owner, root = owner[~alone], root[~alone]
    # The likelihood is computed only where a column has several candidates.
    if owner.size:
        zero = np.flatnonzero(falls_at_zero & (rivals > 1))
        owner, root = np.concatenate([zero, owner]), np.concatenate([np.zeros(zero.size), root])
        order = np.lexsort((data.take(owner).log_likelihood(root, restricted), owner))
        # The last assignment to a column, its highest, stands.
        best[owner[order]] = root[order]
    return best


def log_likelihood(y: Floats, v: Floats, tau2: Values, restricted: bool) -> Floats:
    """Log-likelihood profiled over the mean, or the restricted one, up to a constant; shape (n,)."""
    at = weighted(y, v, tau2)
    log_variances = np.log(v + tau2).sum(axis=0, where=np.isfinite(v))
    return -0.5 * (log_variances + at.q + (np.log(at.total) if restricted else 0.0))


def profile_interval(data: Any, tau2: Values, fall: Values, restricted: bool = True) -> Any:
    """Lowest and highest tau2 whose profile log-likelihood is within `fall` of its maximum at `tau2`."""
    wanted = data.log_likelihood(tau2, restricted) - fall
    low = np.where(data.log_likelihood(0.0, restricted) < wanted, 0.0, tau2)
    # A start above tau2, and above 0 if that is 0, to be enlarged until it lies outside.
    high = 2.0 * (tau2 + data.smallest)
    # That of a single study does not depend on tau2, or grows without end.
    while (still := (data.df > 0) & (data.log_likelihood(high, restricted) > wanted)).any():
        high = np.where(still, 4.0 * high, high)
    lower = _crossing(data, low, tau2, wanted, restricted)
    return np.where(low < tau2, lower, 0.0), _crossing(data, high, tau2, wanted, restricted)


def _crossing(data, outside, inside, wanted, restricted):
    """The tau2 between `outside` and `inside` where the log-likelihood is `wanted`, by bracketed Newton."""
    small = data.smallest
    t = _middle(outside, inside, small)
    # On random sets 25 rounds reach the end at most; the bound stops a search that rounding keeps going.
    for _ in range(200):
        gap = data.log_likelihood(t, restricted) - wanted
        at = data.point(t, restricted)
        outside, inside = np.where(gap < 0, t, outside), np.where(gap < 0, inside, t)
        with np.errstate(invalid="ignore", divide="ignore"):
            # The derivative of the log-likelihood is (fit - trace) / 2.
            new = t - 2.0 * gap / (at.fit - at.trace)
        new = _within(new, np.minimum(outside, inside), np.maximum(outside, inside), small)
        moved, t = np.abs(new - t), new
        if (moved <= _STEP * t + _FLOOR * small).all():
            break
    return t


def generalised_q_interval(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    weights: GeneralisedQWeights = "Jackson",
    confidence_level: float | None = None,
    *,
    se: ArrayLike | None = None,
) -> ConfidenceInterval:
    """Confidence interval of tau2 that inverts the exact distribution of the generalised Cochran Q.

    Parameters
    ----------
    yi, vi, se
        As for :func:`analysis.pool`; or yi and vi of shape (k, n) for n meta-analyses in columns, where a study with
        yi and vi both NaN is absent.
    weights : {"Jackson", "Biggerstaff"}, default "Jackson"
        The fixed weights of Q: reciprocal standard errors ``1 / sqrt(vi)``, or reciprocal variances ``1 / vi``,
        with which Q is Cochran's own. They are "J" and "BJ" of the R package meta.
    confidence_level : float, optional
        Both tails are given half of the rest. Default: that of a PooledEffect that is given, else 0.95.

    Returns
    -------
    ConfidenceInterval
        ``low`` and ``high``, floats or arrays of shape (n,); NaN where there is but one study. A limit is 0 where
        Q is too small for any tau2 > 0, and so both are where even tau2 = 0 makes so small a Q improbable: the
        interval is empty then, and is reported as [0, 0] as by the Q-profile method and by metafor.

    Raises
    ------
    ValueError
        For an outcome or variance that cannot be pooled, an unknown name of weights or a level not in (0, 1).

    Notes
    -----
    The limits are exact for normal outcomes with known sampling variances: each misses tau2 > 0 with half the
    rest of the probability. They do not depend on an estimate of tau2, and may fail to include it. With equal
    variances, either set of weights gives the Q-profile interval.

    Examples
    --------
    >>> low, high = generalised_q_interval([0.1, 0.5, 1.2, 0.3, 0.9], [0.02, 0.05, 0.04, 0.03, 0.09])
    >>> print(f"{low:.4f} to {high:.4f}")
    0.0349 to 1.7569
    """
    _check.option("weights", weights, GENERALISED_Q_METHODS)
    level, many = level_of(yi, confidence_level), vi is not None and np.ndim(yi) == 2
    if many:
        _check.same_shape(yi, vi, 2, "(k,) or (k, n)")
        yi, vi = _check.check(yi, vi, lambda at: f"study {at[0] + 1}, meta-analysis {at[1] + 1}", absent_allowed=True)
    else:
        yi, vi = read_studies(yi, vi, se=se, to="generalised_q_interval")[:2]
    data = columns(yi.reshape(len(yi), -1), vi.reshape(len(vi), -1))
    low, high = generalised_q_ends(data, weights, level) * data.scale**2
    return ConfidenceInterval(low, high) if many else ConfidenceInterval(float(low[0]), float(high[0]))


def generalised_q_ends(data: Any, weights: GeneralisedQWeights, confidence_level: float) -> Floats:
    """Limits of tau2 of each column of `data`, of shape (2, n), in the units of `data`; NaN for a single study."""
    tail, ends = (1.0 - confidence_level) / 2.0, np.full((2, data.k.size), np.nan)
    several = np.flatnonzero(data.k > 1)
    size = max(_BLOCK // (len(data.y) * int(_END / _APART)), 1)
    for block in np.split(several, range(size, several.size, size)) if several.size else ():
        twice = data.take(np.tile(block, 2))
        shares = np.repeat([1.0 - tail, tail], block.size)
        ends[:, block] = _tau2_at(twice, _POWER[weights], shares).reshape(2, -1)
    return ends


class _Equation(NamedTuple):
    """What does not change in the search for the tau2 of each column; see `_equation`."""

    q: np.ndarray  # (n,)
    weights: np.ndarray  # (k, n), 0 where a study is absent
    v: np.ndarray  # (k, n), 1 where a study is absent
    target: np.ndarray  # (n,), probability of a Q of at most q
    typical: np.ndarray  # (n,), the expectation of Q is proportional to tau2 + typical
    smallest: np.ndarray  # (n,), smallest sampling variance


def _tau2_at(data, power, target):
    """The tau2 >= 0 at which a Q of at most the one observed has the probability `target` (n,); 0 if there is none.

    The probability falls as tau2 grows. Its normal quantile is nearly linear in ``(tau2 + typical)**(-1/3)``, by
    the cube root that makes a chi-square variable nearly normal (Wilson & Hilferty 1931), so Newton's method on
    that scale needs few steps; a bracket, bisected where a step would leave it, keeps it safe.
    """
    equation, high, tau2 = _equation(data, power, target)
    root = np.zeros_like(high)
    live = generalised_q_cdf(equation.q, equation.weights, equation.v)[0] > target
    index, low = np.arange(root.size), np.zeros_like(high)
    for _ in range(_ROUNDS):
        index, low, high, tau2 = index[live], low[live], high[live], tau2[live]
        if not index.size:
            break
        equation = _Equation(*(x[..., live] for x in equation))
        q, weights, v, target, typical, smallest = equation
        p, slope = generalised_q_cdf(q, weights, v + tau2)
        low, high = np.where(p > target, tau2, low), np.where(p > target, high, tau2)
        # Clipped to what has a finite normal quantile.
        x, whole = special.ndtri(np.clip(p, 1e-300, 1.0 - 1e-16)), tau2 + typical
        with np.errstate(all="ignore"):
            density = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
            # The change of whole**(-1/3), relative to it.
            change = (x - special.ndtri(target)) * density / (3.0 * slope * whole)
            step = whole * np.expm1(-3.0 * np.log1p(change))
            # False for NaN.
            inside = (tau2 + step > low) & (tau2 + step < high)
        exact = np.abs(p - target) <= 1e-14 * target
        halved = np.sqrt((low + typical) * (high + typical)) - whole
        step = np.where(inside, step, np.where(exact, 0.0, halved))
        live = ~exact & (np.abs(step) > _STEP * tau2 + _FLOOR * smallest)
        root[index] = tau2 = tau2 + step
    return root


def _equation(data, power, target):
    """The equation, and a bound above and a first guess of its root."""
    present, df = np.isfinite(data.v), data.k - 1.0
    v = np.where(present, data.v, 1.0)
    a = np.where(present, v**power, 0.0)
    total = a.sum(axis=0)
    q = dot(a, (data.y - dot(a, data.y) / total) ** 2)
    # The expectation of Q is the sum of these with the variances v + tau2.
    spread = a * ((total - a) / total)
    growth = spread.sum(axis=0)
    typical = dot(spread, v) / growth

    def tau2_if_mean_were(expectation):
        return np.maximum(expectation / growth - typical, 0.0)

    # The largest coefficient is at least the mean one: alone, it would make so small a Q too improbable. With two
    # studies this is the root itself, which 1.01 puts inside the bracket.
    high = tau2_if_mean_were(q * df / (2.0 * special.gammaincinv(0.5, target)))
    guess = tau2_if_mean_were(q * df / (2.0 * special.gammaincinv(df / 2.0, target)))
    return _Equation(q, a, v, target, typical, data.smallest), 1.01 * high, guess


def generalised_q_cdf(
    q: ArrayLike, weights: ArrayLike, variances: ArrayLike, step: float = _APART
) -> tuple[Floats, Floats]:
    """Probability of a generalised Cochran Q of at most q, and its derivative by a variance common to all.

    Parameters
    ----------
    q : array_like, shape (n,)
        Values of Q.
    weights, variances : array_like, shape (k, n)
        Fixed weights, 0 for an absent study, and the total variances v + tau2 of the outcomes, finite and at
        least two in a column.
    step : float, optional
        Distance of the points of the integrand: with half of it the error is squared, and it takes twice as long.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Probabilities and derivatives by tau2. Probabilities err by about 1e-15 (3e-14 for k = 500); those of 1e-6
        by about 1e-12 of themselves.

    Examples
    --------
    With equal weights and variances Q is a chi-square variable on k - 1 degrees of freedom; its 95% quantile
    for k = 3 is 5.991464547107979.

    >>> probability, slope = generalised_q_cdf([5.991464547107979], np.ones((3, 1)), np.ones((3, 1)))
    >>> print(f"{probability[0]:.12f}")
    0.950000000000
    """
    q, a, s = (np.asarray(x, dtype=float) for x in (q, weights, variances))
    total = a.sum(axis=0)
    share, d = a / total, a * s
    # below it the squares that follow overflow, and the probability is nothing
    positive = q > _NO_Q * d.max(axis=0)
    q = np.where(positive, q, 1.0)
    start = _saddle_point(q, share, d)
    t = np.arange(0.0, _END, step)[:, None]
    # Puts the pole z = 0 at the edge of the strip in which t may vary.
    unit = start / (1.0 - _TILT)
    rise = np.sqrt(1.0 - _TILT**2) * unit
    z = start + _TILT * unit * (1.0 - np.cosh(t)) + 1j * rise * np.sinh(t)
    move = step * (1j * rise * np.cosh(t) - _TILT * unit * np.sinh(t)) / z
    # Half the weight at the vertex: the other half of the hyperbola is the mirror image, and left out.
    move[0] *= 0.5
    # x + iy = 1 + 2zd, and then x - iy its inverse: real numbers, as the complex logarithm is slow.
    x, y = 2.0 * z.real[:, None] * d + 1.0, 2.0 * z.imag[:, None] * d
    size = x**2 + y**2
    log = 0.5 * np.log(size).sum(axis=1) + 1j * np.arctan2(y, x).sum(axis=1)
    x, y = x / size, y / size
    mean = np.einsum("ij,tij->tj", share, x) - 1j * np.einsum("ij,tij->tj", share, y)
    terms = move * np.exp(z * q - 0.5 * log) / np.sqrt(mean)
    square = np.einsum("ij,tij->tj", share * a, (x - y) * (x + y))
    square = square - 2j * np.einsum("ij,tij->tj", share * a, x * y)
    # The derivative of the logarithm of the transform by a variance common to all.
    slope = -z * (total * mean - square / mean)
    both = (terms.imag.sum(axis=0) / np.pi, (terms * slope).imag.sum(axis=0) / np.pi)
    return tuple(np.where(positive, x, 0.0) for x in both)


def _saddle_point(q, share, d):
    """Roughly the z > 0 at which exp(z q) E exp(-z Q) / z is least, between 1 / q and (k + 1) / 2q."""
    low, high = -np.log(q), np.log((np.count_nonzero(d, axis=0) + 1) / 2.0) - np.log(q)
    # Roughly is enough: three rounds would serve as well, and one costs the smallest probabilities of a hundred
    # studies their digits.
    for _ in range(6):
        middle = (low + high) / 2.0
        z = np.exp(middle)
        inverse = 1.0 / (1.0 + 2.0 * z * d)
        u = d * inverse
        pull = u.sum(axis=0) - dot(share, u * inverse) / dot(share, inverse)
        # The derivative of the logarithm of exp(z q) E exp(-z Q) / z is q - pull - 1 / z.
        before = z * (q - pull) < 1.0
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return np.exp((low + high) / 2.0)
