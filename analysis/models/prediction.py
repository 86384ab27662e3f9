"""The true effect of a new study, by the confidence distribution of Cochran's Q and without random numbers.

What the data say of tau2 is a whole distribution, H(tau2) = P(Q > q; tau2), where other intervals take one estimate for
the truth. A new true effect is then mu(tau2) + z tau - t se(tau2): z normal, t of Student on k - 1 degrees of freedom,
mu and se the mean and its Hartung-Knapp standard error at that tau2 [1]_. Given tau2 and the chi-square variable in t
it is normal, so its distribution is a mixture of normal ones, at the nodes of two quadratures.

.. [1] Nagashima, Noma & Furukawa 2019, Stat Methods Med Res 28:1689-1702, doi 10.1177/0962280218773520.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special
from scipy.interpolate import CubicSpline

from analysis._types import Floats, Values
from analysis.models.tau2 import generalised_q_cdf

if TYPE_CHECKING:
    from analysis.models.results import PooledEffect

# Beyond this ratio of the largest variance to the smallest the sums over studies lose the others in rounding.
_SPAN = 1e16
# What is left out at either end of tau2 and of chi-square, of a probability of 1.
_TAIL = 1e-12
# Nodes for each unit of the logarithm of chi-square, and half as many again for tau2: more change less than the ninth
# digit. So does a shorter step along the integral of the distribution of Q.
_DENSITY, _FEWEST, _MOST = 2.7, 16, 400
_APART = 0.12
# Candidates for the end of the range of tau2.
_RUNGS = 33
# Parts of the mixture below it do not show.
_NEGLIGIBLE = 1e-15
# Twice as many as Newton's method between safe ends has needed.
_STEPS = 100
# A step this small, in widths of the distribution, is the last one: the error left is near its square.
_CLOSE = 1e-7
# Levels from which on the others are guessed.
_FEW = 16
# Meta-analyses in one array, whose parts may be ten thousand each.
_AT_ONCE = 16


class NewEffect(NamedTuple):
    """Mixtures of m normal distributions, one for each of n meta-analyses.

    Attributes
    ----------
    mean, sd, p : ndarray, shape (m, n)
        Of each part; the probabilities of a column sum to 1.
    """

    mean: Floats
    sd: Floats
    p: Floats

    def cdf(self, x: ArrayLike) -> Values:
        """Return the probabilities (n, ...) of an effect of at most x, of shape (n, ...) or without n."""
        return self._sum(special.ndtr, x, 0)

    def pdf(self, x: ArrayLike) -> Values:
        """Return the densities (n, ...) at x; a mixture without width has none."""
        return self._sum(lambda z: np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi), x, 1)

    def _sum(self, function, x, power):
        parts = [part.T.reshape(self.p.shape[1], *[1] * np.ndim(x), -1) for part in self]
        mean, sd, p = parts
        with np.errstate(divide="ignore", invalid="ignore"):
            return (p * function((np.asarray(x)[..., None] - mean) / sd) / sd**power).sum(axis=-1)

    def interval(self, confidence_level: ArrayLike) -> Floats:
        """Return the limits (2, n) with half of the rest of the probability beyond each; of n = 1 for any levels."""
        target = np.log(0.5 * (1.0 - np.asarray(confidence_level, dtype=float)))
        # The upper limit is the lower one of the mirror image: a small tail keeps its digits.
        mean = np.stack([self.mean, -self.mean])
        middle = (self.p * mean).sum(axis=1)
        spread = np.exp((self.p * np.log(np.maximum(self.sd, np.finfo(float).tiny))).sum(axis=0))
        start = middle - 2.0 * spread
        if target.size > _FEW:
            few = np.linspace(target.min(), target.max(), _FEW)
            known = self._lower(mean, few, start, middle, spread)
            start = CubicSpline(special.ndtri_exp(few), known, axis=1)(special.ndtri_exp(target))
        return self._lower(mean, target, start, middle, spread) * [[1.0], [-1.0]]

    def _lower(self, mean, target, start, middle, spread):
        """Where the logarithm of the probability below is the target, (2, n): Newton's method between safe ends."""
        shape = np.broadcast_shapes(start.shape, target.shape)
        middle, x, target, spread = (
            np.broadcast_to(part, shape).ravel().copy() for part in (middle, start, target, spread)
        )
        side, of = (part.ravel() for part in np.indices(shape))
        of, low, high = of % mean.shape[2], np.full(x.size, -np.inf), np.full(x.size, np.inf)
        step, open_ = spread.copy(), np.arange(x.size)
        for _ in range(_STEPS):
            m, sd, p = mean[side[open_], :, of[open_]], self.sd.T[of[open_]], self.p.T[of[open_]]
            at = x[open_]
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                z = (at[:, None] - m) / sd
                below = (p * special.ndtr(z)).sum(axis=1)
                slope = (p / sd * np.exp(-0.5 * z**2)).sum(axis=1) / np.sqrt(2.0 * np.pi)
                # The logarithm of a tail is nearly straight.
                miss = np.log(below) - target[open_]
                new = at - miss * below / slope
            # Judged before the ends are: the last step may be none, or lead to an end.
            far = ~(np.abs(new - at) <= _CLOSE * (spread[open_] + np.abs(new - middle[open_])))
            short = miss < 0.0
            low[open_[short]], high[open_[~short]] = at[short], at[~short]
            step[open_] *= 2.0
            left, right = low[open_], high[open_]
            outwards = np.where(np.isinf(left), at - step[open_], at + step[open_])
            safe = np.where(np.isinf(right - left), outwards, 0.5 * (left + right))
            x[open_] = np.where(~far | ((new > left) & (new < right)), new, safe)
            open_ = open_[far]
            if not open_.size:
                break
        return x.reshape(shape)


def of_pooled(pooled: PooledEffect) -> NewEffect:
    """The distribution of the true effect of a new study, of the studies of a result."""
    return new_effect(pooled.yi[:, None], pooled.vi[:, None], pooled.tau2 if pooled.tau2_method == "fixed" else None)


def prediction_interval(
    yi: Floats, vi: Floats, ci: ArrayLike, confidence_level: float, tau2: float | None = None
) -> Floats:
    """Limits between which the true effect of a new study lies; never within the interval of the mean.

    Parameters
    ----------
    yi, vi : ndarray, shape (k, n)
        Outcomes and sampling variances, one column a meta-analysis; NaN in vi where a study is absent.
    ci : array_like, shape (2,) or (2, n)
        Interval of the mean, which is held: without variation between studies a new one has their mean.
    confidence_level : float
    tau2 : float, optional
        Known, and then its only value.

    Returns
    -------
    ndarray, shape (2, n)
        NaN with fewer than three studies, and where variances are so far apart that rounding would make them up.

    Examples
    --------
    >>> import numpy as np
    >>> yi = np.array([[-1.2], [-0.4], [-2.0], [-0.9]])
    >>> prediction_interval(yi, np.full((4, 1), 0.1), (-2.18, -0.07), 0.95).round(2).ravel().tolist()
    [-3.47, 1.22]
    """
    there = ~np.isnan(vi)
    k, limits = there.sum(axis=0), np.full((2, there.shape[1]), np.nan)
    near = np.where(there, vi, -np.inf).max(axis=0) <= _SPAN * np.where(there, vi, np.inf).min(axis=0)
    low, high = np.broadcast_to(np.reshape(ci, (2, -1)), limits.shape)
    # Of one number of studies the nodes of chi-square are the same.
    for each in np.unique(k[k > 2]).tolist():
        alike, present = np.flatnonzero(near & (k == each)), np.argsort(~there, axis=0, kind="stable")[:each]
        for start in range(0, alike.size, _AT_ONCE):
            here = alike[start : start + _AT_ONCE]
            y, v = (np.take_along_axis(x[:, here], present[:, here], axis=0) for x in (yi, vi))
            limits[:, here] = new_effect(y, v, tau2).interval(confidence_level)
    return np.stack([np.fmin(limits[0], low), np.fmax(limits[1], high)]) + 0.0 * limits


def imputed_interval(yi: Floats, vi: Floats, ci: ArrayLike, confidence_level: float) -> Floats:
    """Limits (2,) between which the true effect of a new study lies, of one meta-analysis in M imputed data sets.

    The distributions of the M data sets, the columns of yi and vi (k, M), are put together with equal shares; the
    interval `ci` of the mean is held. NaN with fewer than three studies.

    Examples
    --------
    >>> import numpy as np
    >>> yi = np.array([[-1.2], [-0.4], [-2.0], [-0.9]])
    >>> imputed_interval(yi, np.full((4, 1), 0.1), (-2.18, -0.07), 0.95).round(2).tolist()
    [-3.47, 1.22]
    """
    k, m = yi.shape
    if k < 3:
        return np.full(2, np.nan)
    blocks = [new_effect(yi[:, at : at + _AT_ONCE], vi[:, at : at + _AT_ONCE]) for at in range(0, m, _AT_ONCE)]
    mean, sd, p = (np.concatenate([part.ravel() for part in parts])[:, None] for parts in zip(*blocks, strict=True))
    limits = NewEffect(mean, sd, p / m).interval(confidence_level)[:, 0]
    low, high = np.asarray(ci, float)
    return np.array([min(limits[0], low), max(limits[1], high)])


def new_effect(yi: Floats, vi: Floats, tau2: float | None = None) -> NewEffect:
    """The distribution of the true effect of a new study.

    Parameters
    ----------
    yi, vi : ndarray, shape (k, n)
        Outcomes and sampling variances of three studies or more, one column a meta-analysis.
    tau2 : float, optional
        Known, and then its only value.

    Returns
    -------
    NewEffect

    Notes
    -----
    The bootstrap of [1]_ draws tau2, z and t at random; this is what it tends to with ever more draws.

    References
    ----------
    .. [1] Nagashima, Noma & Furukawa 2019, doi 10.1177/0962280218773520, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> found = new_effect(np.array([[-1.2], [-0.4], [-2.0], [-0.9]]), np.full((4, 1), 0.1))
    >>> found.interval(0.95).round(2).ravel().tolist()
    [-3.47, 1.22]
    """
    df = len(yi) - 1
    tau2, mass = _heterogeneity(yi, vi) if tau2 is None else np.broadcast_arrays(tau2, np.ones((1, yi.shape[1])))
    weights = 1.0 / (vi[:, None] + tau2)
    total = weights.sum(axis=0)
    mean = (weights * yi[:, None]).sum(axis=0) / total
    se2 = (weights * (yi[:, None] - mean) ** 2).sum(axis=0) / total / df
    chi2, share = _chi_square(df)
    sd = np.sqrt(tau2[:, None] + se2[:, None] * (df / chi2)[:, None])
    p, mean = mass[:, None] * share[:, None], np.broadcast_to(mean[:, None], sd.shape)
    mean, sd, p = (part.reshape(-1, yi.shape[1]) for part in (mean, sd, p))
    used = (p > _NEGLIGIBLE).any(axis=1)
    return NewEffect(mean[used], sd[used], p[used] / p[used].sum(axis=0))


def _heterogeneity(y, v):
    """Values of tau2, shape (m, n), 0 first, and the probabilities that H gives them."""
    df, w = len(y) - 1, 1.0 / v
    total = w.sum(axis=0)
    q = (w * (y - (w * y).sum(axis=0) / total) ** 2).sum(axis=0)
    typical = df / (total - (w**2).sum(axis=0) / total)
    low, high = _range(q, w, typical)
    # With few studies normal distributions change fastest where tau2 is near 0: squares have more nodes there.
    nodes, share = _gauss(1.5 * float((high - low).max()), df)
    length, nodes, share = high - low, nodes[:, None] ** 2, 2.0 * nodes[:, None] * share[:, None]
    tau2 = np.vstack([np.zeros(q.size), typical * np.expm1(low + length * nodes)])
    both = [np.broadcast_to(x, (len(v), *tau2.shape)).reshape(len(v), -1) for x in (w[:, None], v[:, None] + tau2)]
    below, slope = (x.reshape(tau2.shape) for x in generalised_q_cdf(np.tile(q, len(tau2)), *both, _APART))
    density = -slope[1:] * (tau2[1:] + typical) * length * share
    return tau2, np.vstack([1.0 - below[:1], density]).clip(min=0.0)


def _range(q, w, typical):
    """Ends of the logarithm of 1 + tau2 / typical: beyond either, Q is q or further off with a probability of _TAIL."""
    df, tail = len(w) - 1, -np.log(_TAIL)
    # Q is a sum of chi-square(1) times eigenvalues. By Chernoff's bound, with -log(1 - x) <= x + x**2 / (2 - 2 x), it
    # is at most their sum, 2 sqrt(tail) times their norm and 2 tail times the largest; these grow with tau2 at most by:
    over = q - (df + 2.0 * np.sqrt(tail * df) + 2.0 * tail)
    growth = df / typical + 2.0 * np.sqrt(tail * (w**2).sum(axis=0)) + 2.0 * tail * w.max(axis=0)
    low = np.log1p(over.clip(min=0.0) / growth / typical)
    # Of all ellipsoids of one volume the ball is the most probable: Q is as small no more often than chi-square times
    # the geometric mean of the eigenvalues, which is at least 1 + tau2 min(w).
    least = special.chdtri(df, 1.0 - _TAIL)
    high = np.log1p(np.maximum(q / least - 1.0, 0.0) / w.min(axis=0) / typical)
    rungs = low + (high - low) * np.linspace(0.0, 1.0, _RUNGS)[:, None]
    spread = 1.0 + w * (typical * np.expm1(rungs))[:, None]
    log_product = np.log(spread).sum(axis=1) + np.log((w / spread).sum(axis=1) / w.sum(axis=0))
    enough = least * np.exp(log_product / df) >= q
    enough[-1] = True
    return low, np.take_along_axis(rungs, enough.argmax(axis=0)[None], axis=0)[0]


def _chi_square(df):
    """Values of chi-square and their probabilities."""
    low, high = np.log(special.chdtri(df, 1.0 - _TAIL)), np.log(special.chdtri(df, _TAIL))
    nodes, share = _gauss(high - low, df)
    u = np.exp(low + (high - low) * nodes)
    log_density = 0.5 * df * np.log(0.5 * u) - 0.5 * u - special.gammaln(0.5 * df)
    return u, np.exp(log_density) * (high - low) * share


def _gauss(length, df):
    """Nodes and weights of Gauss and Legendre on 0 to 1, as many as a peak on a range of this length needs."""
    return _legendre(int(np.clip(np.ceil(_DENSITY * length * np.sqrt(1.0 + df / 6.0)), _FEWEST, _MOST)))


@lru_cache(maxsize=64)
def _legendre(count):
    x, weights = special.roots_legendre(count)
    return 0.5 * (x + 1.0), 0.5 * weights
