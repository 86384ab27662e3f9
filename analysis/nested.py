"""Likelihood of effects nested in clusters: yi = mu + u(cluster) + w(effect) + e, with e of known covariance.

Within a cluster the covariance is V + within * I + between * J, J all ones. In the eigenvectors of V it is a
diagonal matrix plus one outer product, so every sum below costs a pass over the k effects, whatever their
covariance. For a given `within` a cluster enters through its own weighted mean and the variance of that mean
only: what remains is a random-effects meta-analysis of the clusters with tau2 = `between`, and its global
maximum is that of `analysis.likelihood`. The search for the maximum is therefore one-dimensional.

Many values of `within` are worked on together: arrays are (k, g) or (m, g), k effects or m clusters by g
values.
"""

from typing import NamedTuple

import numpy as np

from analysis.columns import columns
from analysis.likelihood import likelihood_tau2, log_likelihood, upper_bound

_PER_UNIT = 10  # grid points for each factor e of `within` + smallest sampling variance
_FEWEST = 40


class Nested(NamedTuple):
    """Effects sorted by cluster, turned to the eigenvectors of their covariance; see `nested`."""

    y: np.ndarray  # (k,) outcomes about `centre`, turned
    one: np.ndarray  # (k,) a column of ones, turned
    d: np.ndarray  # (k,) eigenvalues of the sampling covariance
    first: np.ndarray  # (m,) where each cluster begins
    centre: float
    upper: float  # no maximum has a larger `within`

    @property
    def sizes(self):
        """Number of effects in each cluster."""
        return np.diff(np.append(self.first, self.y.size))

    def by_cluster(self, x):
        """Sums (m, g) of values (k, g) over the effects of each cluster."""
        return np.add.reduceat(x, self.first, axis=0)


class At(NamedTuple):
    """The clusters at g values of `within`; see `at_within`."""

    a: np.ndarray  # (k, g) reciprocal of d + within
    s: np.ndarray  # (m, g) 1' (V + within I)^-1 1
    mean: np.ndarray  # (m, g) weighted mean of each cluster
    fixed: np.ndarray  # (g,) the part of the log-likelihood that does not depend on `between`


def nested(yi, blocks, first):
    """Prepare outcomes sorted by cluster, with the sampling covariance of each, for the likelihood."""
    sizes = np.diff(np.append(first, yi.size))
    centre = float(yi[np.argmin(np.concatenate([np.diag(b) for b in blocks]))])
    y, one, d = yi - centre, np.ones(yi.size), np.empty(yi.size)
    for start, size, block in zip(first, sizes, blocks, strict=True):
        part = slice(start, start + size)
        if np.array_equal(block, np.diag(np.diag(block))):
            d[part] = np.diag(block)
            continue
        d[part], turn = np.linalg.eigh(block)
        y[part], one[part] = turn.T @ y[part], turn.T @ one[part]
    square = ((yi - yi.mean()) ** 2).sum() / max(yi.size - first.size, 1)
    # y'PPy <= sum (y - mean)^2 / (smallest + within)^2, and the m - 1 contrasts between clusters aside,
    # tr P >= (k - m) / (largest + within): the likelihood falls above this.
    return Nested(y, one, d, first, centre, max(upper_bound(square, d.min(), d.max()), 0.0))


def at_within(data, within):
    """Means of the clusters and their precisions (m, g) at the values `within` (g,)."""
    total = data.d[:, None] + within
    a = 1.0 / total
    ao = a * data.one[:, None]
    s = data.by_cluster(ao * data.one[:, None])
    mean = data.by_cluster(ao * data.y[:, None]) / s
    rest = data.y[:, None] - np.repeat(mean, data.sizes, axis=0) * data.one[:, None]
    fixed = -0.5 * (np.log(total).sum(axis=0) + np.log(s).sum(axis=0) + (a * rest**2).sum(axis=0))
    return At(a, s, mean, fixed)


def best_between(at, restricted):
    """The `between` (g,) of highest likelihood at each value of `within`: a global maximum."""
    clusters = columns(at.mean, 1.0 / at.s)
    return likelihood_tau2(clusters, restricted) * clusters.scale**2


def log_likelihood_at(at, between, restricted):
    """Log-likelihood up to a constant, or the restricted one, profiled over the mean; shape (g,)."""
    return at.fixed + log_likelihood(at.mean, 1.0 / at.s, between, restricted)


def slope(data, at, between, restricted):
    """Derivative of the log-likelihood with respect to `within`, the mean profiled out; shape (g,)."""
    shrink = 1.0 / (1.0 + between * at.s)
    weight = at.s * shrink
    total = weight.sum(axis=0)
    mu = (weight * at.mean).sum(axis=0) / total
    ao = at.a * data.one[:, None]
    pull = np.repeat(between * at.s * shrink * (at.mean - mu), data.sizes, axis=0)
    u = at.a * (data.y[:, None] - mu * data.one[:, None]) - ao * pull
    s2 = data.by_cluster(ao**2)
    fit = (u**2).sum(axis=0)
    trace = at.a.sum(axis=0) - (between * s2 * shrink).sum(axis=0)
    if restricted:
        trace -= (s2 * shrink**2).sum(axis=0) / total
    return 0.5 * (fit - trace)


def maximum(data, restricted, between=None):
    """The global maximum over both variance components, or over `within` where `between` is given.

    Returns within, between and the log-likelihood. The derivative along the profile changes from rising to
    falling at each local maximum: the changes are bracketed on a grid and refined one by one. Where the best
    `between` jumps, the derivative jumps upwards, so no maximum hides there.
    """
    from scipy.optimize import brentq

    def along(within):
        at = at_within(data, within)
        b = best_between(at, restricted) if between is None else np.full(within.shape, between)
        return at, b, slope(data, at, b, restricted)

    low, high = np.log(data.d.min()), np.log(data.d.min() + data.upper)
    points = _FEWEST + int(_PER_UNIT * (high - low))
    grid = np.append(0.0, np.expm1(np.linspace(0.0, high - low, points)[1:]) * data.d.min())
    if data.upper == 0.0:
        grid = np.zeros(1)
    rising = along(grid)[2] > 0
    roots = [] if rising[0] else [0.0]
    for i in np.flatnonzero(rising[:-1] & ~rising[1:]):
        ends = grid[i], grid[i + 1]
        roots.append(brentq(lambda w: along(np.array([w]))[2][0], *ends, xtol=1e-16 * ends[1], rtol=1e-15, maxiter=500))
    roots = np.array(roots)
    at, b, _ = along(roots)
    height = log_likelihood_at(at, b, restricted)
    best = int(np.argmax(height))
    return float(roots[best]), float(b[best]), float(height[best])


def profile_interval(data, estimate, top, fall, restricted, which):
    """Lowest and highest value of one component whose profile log-likelihood is within `fall` of `top`.

    `which` is "within" or "between"; the other component takes its best value at each point.
    """
    from scipy.optimize import brentq

    def gap(value):
        if which == "between":
            return maximum(data, restricted, between=value)[2] - top + fall
        at = at_within(data, np.array([value]))
        return log_likelihood_at(at, best_between(at, restricted), restricted)[0] - top + fall

    def crossing(outside, inside):
        shift = data.d.min()
        ends = np.log(outside + shift), np.log(inside + shift)
        return float(np.exp(brentq(lambda x: gap(np.exp(x) - shift), *ends, xtol=1e-13)) - shift)

    low = 0.0 if estimate == 0.0 or gap(0.0) >= 0.0 else crossing(0.0, estimate)
    inside, outside = estimate, 2.0 * estimate + data.d.min()
    while gap(outside) > 0.0:
        inside, outside = outside, 4.0 * outside
    return low, crossing(outside, inside)
