"""Maximum likelihood for tau2: the global maximum, and the interval read off the profile likelihood.

With P the projection that takes out the weighted mean, the restricted log-likelihood has the derivative
(y'PPy - tr P) / 2, and the full one (y'PPy - sum of weights) / 2. Both terms fall as tau2 grows, but their
difference may change sign several times: the likelihood can have several maxima. `global_maximum` isolates
every maximum between proven bounds, refines each within its bracket and returns the highest, the boundary
tau2 = 0 included. It sees the model only through functions of the data and tau2, and so serves the mean of the
studies (`likelihood_tau2`) as well as a regression (`analysis.mixed_tau2`).

References
----------
Viechtbauer 2005, doi 10.3102/10769986030003261 (ML, REML); Hardy & Thompson 1996,
doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A (profile likelihood).
"""

import itertools
from functools import partial
from typing import NamedTuple

import numpy as np

from analysis.columns import FLOOR, STEP, dot, weighted

_NARROW = 1e-6  # an interval this narrow, relative to the smallest total variance, is not split any further
_NEWTON_STEPS = 40


class Point(NamedTuple):
    """The two terms of the likelihood equation at t and their slopes, all (n,); see `_single_or_none`."""

    t: np.ndarray
    fit: np.ndarray  # y'PPy
    trace: np.ndarray  # tr P, or sum of weights for ML
    fit_slope: np.ndarray  # y'PPPy = -d fit / dt / 2
    trace_slope: np.ndarray  # tr PP = -d trace / dt

    @property
    def newton(self):
        """Newton step for trace / fit = 1, an almost linear equation."""
        return self.fit * (self.fit - self.trace) / (2 * self.fit_slope * self.trace - self.trace_slope * self.fit)

    def take(self, index):
        """Return the columns `index`."""
        return Point(*(x[index] for x in self))

    def join(self, other):
        """Return the columns of both, one after the other."""
        return Point(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


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
    peak = np.clip(gb - 2 * ha, a, b)
    single = peak <= a
    low = left.fit * ((a + gb) / (peak + gb)) ** 2 * (peak + ha) < left.trace * (a + ha)
    peak = np.clip(ga - 2 * hb, a, b)
    low |= right.fit * ((b + ga) / (peak + ga)) ** 2 * (peak + hb) < right.trace * (b + hb)
    high = left.fit * ((a + ga) / (b + ga)) ** 2 * (b + hb) > left.trace * (a + hb)
    high &= left.fit > left.trace
    return single, low | high


def _middle(low, high, small):
    """Geometric middle of two values of tau2, counted from -small."""
    return np.sqrt((low + small) * (high + small)) - small


def _isolate(data, left, right, point):
    """Split (0, upper) into brackets of one maximum each; returns their columns, both ends and a start."""
    owner, found = np.arange(right.t.size), [(np.zeros(0, dtype=int), *np.zeros((3, 0)))]
    while owner.size:
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # a NaN proves nothing: split on
            single, none = _single_or_none(left, right)
        small = data.smallest[owner]
        single |= right.t - left.t <= _NARROW * (small + right.t)
        keep = np.flatnonzero(single & (left.fit > left.trace) & (right.fit <= right.trace))
        if keep.size:
            a, b = left.take(keep), right.take(keep)
            found.append((owner[keep], a.t, b.t, _secant(a, b)))
        split = np.flatnonzero(~(single | none))
        owner, left, right, small = owner[split], left.take(split), right.take(split), small[split]
        if owner.size:
            inner = point(data.take(owner), _middle(left.t, right.t, small))
            owner, left, right = np.concatenate([owner, owner]), left.join(inner), inner.join(right)
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def _secant(left, right):
    """Where the straight line between the ends of trace / fit - 1 crosses zero."""
    at_left, at_right = left.trace / left.fit - 1.0, right.trace / right.fit - 1.0
    return left.t + (right.t - left.t) * at_left / (at_left - at_right)


def _within(new, low, high, small):
    """Return `new` where it lies between `low` and `high`, elsewhere their geometric middle."""
    return np.where((new >= low) & (new <= high), new, _middle(low, high, small))


def _refine(data, low, high, t, point):
    """Newton's method from t inside each bracket, with a geometric bisection where a step would leave it.

    So many Newton steps are needed only where rounding hides the slope; bisection then ends the search.
    """
    root, live = np.zeros(t.size), np.arange(t.size)
    for step in itertools.count():
        if not live.size:
            return root
        now = point(data, t)
        rising = now.fit > now.trace
        low, high = np.where(rising, t, low), np.where(rising, high, t)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            new = t + now.newton if step < _NEWTON_STEPS else np.nan
        new = _within(new, low, high, data.smallest)
        moving = np.abs(new - t) > STEP * new + FLOOR * data.smallest
        t = root[live] = new
        if moving.sum() < 0.8 * live.size:
            some = np.flatnonzero(moving)
            live, data, t, low, high = live[some], data.take(some), t[some], low[some], high[some]


def _highest(data, owner, root, falls_at_zero, height):
    """The candidate of highest likelihood in each column; 0 is one where the likelihood falls there."""
    best = np.zeros(falls_at_zero.size)
    rivals = np.bincount(owner, minlength=best.size) + falls_at_zero
    alone = rivals[owner] == 1
    best[owner[alone]] = root[alone]
    owner, root = owner[~alone], root[~alone]
    if owner.size:
        zero = np.flatnonzero(falls_at_zero & (rivals > 1))
        owner, root = np.concatenate([zero, owner]), np.concatenate([np.zeros(zero.size), root])
        order = np.lexsort((height(data.take(owner), root), owner))
        best[owner[order]] = root[order]  # the last assignment to a column, its highest, stands
    return best


def upper_bound(square, smallest, largest):
    """A tau2 above every maximum, where fit <= c square / (smallest + t)^2 and trace >= c / (largest + t)."""
    return 1.01 * (0.5 * square + np.sqrt(square * (0.25 * square + largest - smallest)) - smallest)


def global_maximum(data, upper, point, height):
    """The tau2 >= 0 of highest likelihood in each of n columns.

    Parameters
    ----------
    data : object
        The n columns, with their smallest variances `smallest` (n,) and a method `take(index)` that returns
        some of them.
    upper : array, shape (n,)
        No maximum but tau2 = 0 lies above it; see `upper_bound`.
    point, height : function
        Of data and tau2 (n,): the terms of the likelihood equation as a `Point`, and the log-likelihood (n,).

    Returns
    -------
    array, shape (n,)
    """
    tau2 = np.zeros(upper.size)
    some = np.flatnonzero(upper > 0)
    if not some.size:
        return tau2
    part = data.take(some) if some.size < upper.size else data
    start, end = point(part, np.zeros(some.size)), point(part, upper[some])
    owner, *bracket = _isolate(part, start, end, point)
    root = _refine(part.take(owner), *bracket, point)
    tau2[some] = _highest(part, owner, root, start.fit <= start.trace, height)
    return tau2


class _Studies(NamedTuple):
    """What the likelihood needs of `analysis.columns.Columns`."""

    y: np.ndarray
    v: np.ndarray
    smallest: np.ndarray

    def take(self, index):
        return _Studies(*(x.take(index, axis=-1) for x in self))


def _point(data, t, restricted):
    y, w = data.y, data.v + t
    np.reciprocal(w, out=w)
    first, rest = w[0], w[1:]
    others = rest.sum(axis=0)
    total = first + others
    u = y - dot(w, y) / total
    u *= w
    fit = dot(u, u)
    u -= u[0]
    wu = w * u
    fit_slope = dot(wu, u) - wu.sum(axis=0) ** 2 / total
    square = rest * rest
    others2 = square.sum(axis=0)
    if not restricted:
        return Point(t, fit, total, fit_slope, first**2 + others2)
    share = 1.0 / total
    spread = (2.0 * first * others + (others**2 - others2)) * share
    spread_slope = (first * others * share) ** 2 + 2.0 * (first * share) ** 2 * others2
    spread_slope += others2 - 2.0 * share * dot(square, rest) + (share * others2) ** 2
    return Point(t, fit, spread, fit_slope, spread_slope)


def log_likelihood(y, v, tau2, restricted):
    """Log-likelihood profiled over the mean, or the restricted one, up to a constant; shape (n,)."""
    at = weighted(y, v, tau2)
    log_variances = np.log(v + tau2).sum(axis=0, where=np.isfinite(v))
    return -0.5 * (log_variances + at.q + (np.log(at.total) if restricted else 0.0))


def likelihood_tau2(data, restricted=True):
    """The global maximum over tau2 >= 0 of the restricted (REML) or full (ML) likelihood of each column."""
    present = np.isfinite(data.v)
    largest = data.v.max(axis=0, where=present, initial=0.0)
    mean = data.y.sum(axis=0) / np.maximum(data.k, 1)
    count = np.maximum(data.k - 1 if restricted else data.k, 1)
    square = ((data.y - mean) ** 2).sum(axis=0, where=present) / count
    return global_maximum(
        _Studies(data.y, data.v, data.smallest),
        upper_bound(square, data.smallest, largest),
        partial(_point, restricted=restricted),
        lambda part, t: log_likelihood(part.y, part.v, t, restricted),
    )


def profile_interval(data, tau2, fall, restricted=True):
    """Lowest and highest tau2 whose profile log-likelihood is within `fall` of its maximum at `tau2`."""
    y, v, small = data.y, data.v, data.smallest
    wanted = log_likelihood(y, v, tau2, restricted) - fall
    low = np.where(log_likelihood(y, v, 0.0, restricted) < wanted, 0.0, tau2)
    high = 2.0 * (tau2 + small)
    while (still := log_likelihood(y, v, high, restricted) > wanted).any():
        high = np.where(still, 4.0 * high, high)
    lower = _crossing(data, low, tau2, wanted, restricted)
    return np.where(low < tau2, lower, 0.0), _crossing(data, high, tau2, wanted, restricted)


def _crossing(data, outside, inside, wanted, restricted):
    """The tau2 between `outside` and `inside` where the log-likelihood is `wanted`, by bracketed Newton."""
    small = data.smallest
    t = _middle(outside, inside, small)
    for _ in range(200):
        gap = log_likelihood(data.y, data.v, t, restricted) - wanted
        at = _point(data, t, restricted)
        outside, inside = np.where(gap < 0, t, outside), np.where(gap < 0, inside, t)
        with np.errstate(invalid="ignore", divide="ignore"):
            new = t - 2.0 * gap / (at.fit - at.trace)
        new = _within(new, np.minimum(outside, inside), np.maximum(outside, inside), small)
        moved, t = np.abs(new - t), new
        if (moved <= STEP * t + FLOOR * small).all():
            break
    return t
