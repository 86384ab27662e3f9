"""Likelihood of two outcomes that vary together between trials: y_i ~ N(mu, S_i + T), all 2 by 2, n fits at once.

Arrays have the shape (k, n), k trials by n fits, or (n,); symmetric 2 by 2 matrices are triples (11, 12, 22). An
outcome that is absent from a trial has weight zero.

T = LL' with a lower triangular L of unbounded entries, which reaches every positive semi-definite T: a correlation
of -1 or 1 is L22 = 0, and T = 0 is L = 0. `climb` is Newton's method with exact derivatives for L; which of the
maxima it finds depends on the start, and `analysis.bivariate_search` looks for the highest.

References
----------
van Houwelingen, Zwinderman & Stijnen 1993; van Houwelingen, Arends & Stijnen 2002, doi
10.1002/sim.1040 (model); Dauphin et al. 2014, arXiv 1406.2572 (Newton steps with absolute eigenvalues).
"""

from functools import partial
from typing import NamedTuple

import numpy as np

FULL = np.array([[0, 1], [1, 2]])  # from triples to 2 by 2
STEP = 1e-9  # the last Newton step, relative to T: convergence is quadratic, so the error is near its square
FLOOR = 1e-14  # and relative to the smallest variance
ROUNDING = 1e-13  # of the log-likelihood
_STEPS = 300
_REACH = 8.0  # the longest step, in units of `_spread`


class Pairs(NamedTuple):
    """Trials of n fits, in units of each column's own; see `pairs`."""

    y: np.ndarray  # (2, k, n) outcomes about `shift`, 0 where absent
    v: np.ndarray  # (2, k, n) sampling variances, 0 where *the other* outcome is absent
    c: np.ndarray  # (k, n) covariance within trials
    both: np.ndarray  # (k, n) 1 where a trial has both outcomes, else 0
    det: np.ndarray  # (k, n) determinant of the sampling covariance, or the only variance, or 1
    small: np.ndarray  # (2, n) smallest variance of each outcome
    count: np.ndarray  # (2, n) trials that have each outcome

    def take(self, index):
        """Return the columns `index`."""
        return Pairs(*(x[..., index] for x in self))


def pairs(y, v, covariance):
    """Prepare outcomes and variances (2, k, n), NaN where absent, and covariances (k, n) within trials.

    Returns the `Pairs` with the shift (2, n) and the scale (2, n), a power of two, of each outcome.
    """
    here = np.isfinite(v)
    both = here.all(axis=0)
    small = np.where(here, v, np.inf).min(axis=1)
    count = here.sum(axis=1)
    shift = np.where(here, y, 0.0).sum(axis=1) / np.maximum(count, 1)
    scale = np.ldexp(1.0, np.frexp(np.where(np.isfinite(small), small, 1.0))[1] // 2)
    y = np.where(here, (y - shift[:, None]) / scale[:, None], 0.0)
    v = np.where(here, v / scale[:, None] ** 2, 1.0)
    c = np.where(both, covariance / (scale[0] * scale[1]), 0.0)
    data = Pairs(y, v * here[::-1], c, both.astype(float), v[0] * v[1] - c**2, small / scale**2, count)
    return data, shift, scale


def product(factor):
    """T = LL' (3, n) of L = [[l0, 0], [l1, l2]], and its determinant."""
    a, b, c = factor
    return np.stack([a * a, a * b, b * b + c * c]), (a * c) ** 2


def _weights(data, factor):
    """Inverse of S_i + T (3, k, n), zero for an absent outcome, and the determinants of S_i + T (k, n)."""
    (t11, t12, t22), det_t = product(factor)
    (v1, v2), both = data.v, data.both
    w = np.multiply(both, np.stack([t22, t12, t11])[:, None])
    det = v1 * t22
    det += v2 * t11
    det += both * det_t
    det += data.det
    if data.c.any():
        det -= 2.0 * data.c * t12
        w[1] += data.c
    w[0] += v2
    w[2] += v1
    w[1] *= -1.0
    w *= 1.0 / det
    return w, det


def _inverse(m):
    """Inverse of symmetric 2 by 2 matrices (3, ...) and their determinants."""
    det = m[0] * m[2] - m[1] ** 2
    return np.stack([m[2], -m[1], m[0]]) / det, det


class Point(NamedTuple):
    """The likelihood at one T per column, and its derivatives there."""

    height: np.ndarray  # (n,) log-likelihood up to a constant
    mean: np.ndarray  # (2, n)
    covariance: np.ndarray  # (3, n) of the mean
    weights: np.ndarray  # (3, k, n)
    pull: np.ndarray  # (2, k, n) weights times residuals

    def take(self, index):
        """Return the columns `index`."""
        return Point(*(x[..., index] for x in self))


def point(data, factor, restricted):
    """The likelihood profiled over the means, or the restricted one, at T = LL'; L is (3, n), or (3, g, n)."""
    w, det = _weights(data, factor)
    information = w.sum(axis=1)
    n, det_m = _inverse(information)
    s = _apply(w, data.y).sum(axis=1)
    mean = _apply(n, s)
    rest = data.y - mean[:, None]
    pull = _apply(w, rest)
    height = np.log(det).sum(axis=0) + np.einsum("ak...,ak...->...", pull, data.y)
    if restricted:
        height += np.log(det_m)
    return Point(-0.5 * height, mean, n, w, pull)


def _apply(m, x):
    """Symmetric matrices (3, ...) times vectors (2, ...)."""
    out = m[:2] * x[0]
    out += m[1:] * x[1]
    return out


def _sandwich(w, n):
    """W N W of symmetric matrices (3, k, n) and (3, n)."""
    (p, q, r), (a, b, c) = w, n
    left, right = a * p + b * q, b * p + c * q  # N W, first column
    low, high = a * q + b * r, b * q + c * r  # and second
    return np.stack([p * left + q * right, p * low + q * high, q * low + r * high])


def _table(s):
    """tr(X D_a W D_b) (3, 3, n) from the sums s[a, b] of products of the entries of X and W."""
    s12, s23 = s[0, 1] + s[1, 0], s[1, 2] + s[2, 1]
    middle = s[0, 2] + s[2, 0] + 2.0 * s[1, 1]
    return np.stack([[s[0, 0], s12, s[1, 1]], [s12, middle, s23], [s[1, 1], s23, s[2, 2]]])


def derivatives(at, restricted):
    """Gradient (3, n) and Hessian (3, 3, n) of the log-likelihood with respect to T11, T12, T22."""
    w, n, (u, v) = at.weights, at.covariance, at.pull
    square = np.stack([u * u, u * v, v * v])
    core = 0.5 * w - square
    slope = square - w
    (pu, pv), (qu, qv), (ru, rv) = np.einsum("akn,bkn->abn", w, at.pull)
    load = np.stack([[pu, qu], [pv + qu, qv + ru], [qv, rv]])
    curvature = np.einsum("acn,bcn->abn", load, np.stack([_apply(n, x) for x in load]))
    if restricted:
        middle = _sandwich(w, n)
        core -= middle
        slope += middle
        s = np.einsum("akn,bkn->abn", w, w)
        first, last = [s[0, 0], s[0, 1], s[1, 1]], [s[1, 1], s[1, 2], s[2, 2]]
        inner = np.stack([first, [2.0 * s[0, 1], s[0, 2] + s[1, 1], 2.0 * s[1, 2]], last])
        turned = np.einsum("ijn,ajln->ailn", n[FULL], inner[:, FULL])
        curvature += 0.5 * np.einsum("ailn,blin->abn", turned, turned)
    curvature += _table(np.einsum("akn,bkn->abn", core, w))
    gradient = 0.5 * slope.sum(axis=1)
    gradient[1] *= 2.0
    return gradient, curvature


def _spread(data, factor):
    """What makes changes of L comparable with each other (3, n): about the total SD of the row of each entry."""
    (t11, _, t22), _ = product(factor)
    return np.sqrt(np.stack([t11, t22, t22]) + data.small[[0, 1, 1]])


def _newton(factor, spread, at, restricted):
    """Newton step (3, n) for L / spread; absolute eigenvalues of the Hessian make it lead uphill everywhere."""
    (a, b, c), (g, h) = factor, derivatives(at, restricted)
    zero = np.zeros_like(a)
    jacobian = np.stack([[2.0 * a, zero, zero], [b, a, zero], [zero, 2.0 * b, 2.0 * c]]) * spread
    bend = np.stack([[2.0 * g[0], g[1], zero], [g[1], 2.0 * g[2], zero], [zero, zero, 2.0 * g[2]]])
    bend *= spread * spread[:, None]
    j = jacobian.transpose(2, 0, 1)
    hessian = j.swapaxes(1, 2) @ h.transpose(2, 0, 1) @ j + bend.transpose(2, 0, 1)
    hessian[c == 0, 2, 2] = -1.0  # L22 = 0 stays: its slope is 0 there, and so are its cross terms
    return _uphill(-hessian, np.einsum("pn,pan->na", g, jacobian)).T


def _uphill(m, slope):
    """Solve m x = slope (n, 3) with the eigenvalues of m made positive."""
    size = np.abs(np.einsum("naa->na", m)).max(axis=1)
    minor = m[:, 0, 0] * m[:, 1, 1] - m[:, 0, 1] ** 2
    steep = (m[:, 0, 0] > 1e-6 * size) & (minor > 1e-6 * size**2) & (np.linalg.det(m) > 1e-6 * size**3)
    x = np.empty_like(slope)
    x[steep] = np.linalg.solve(m[steep], slope[steep, :, None])[..., 0]
    size, axes = np.linalg.eigh(m[~steep])
    size = np.abs(size)
    size = np.maximum(size, 1e-12 * size.max(axis=1, keepdims=True) + 1e-300)
    along = np.einsum("nab,na->nb", axes, slope[~steep])
    x[~steep] = np.einsum("nab,nb->na", axes, along / size)
    return x


def _unsettled(data, new, old):
    """Whether the step from one L to the next moved T by more than rounding."""
    t, before = product(new)[0], product(old)[0]
    sd, small = np.sqrt(t[[0, 2]]), np.sqrt(data.small)
    room = STEP * sd[[0, 0, 1]] * sd[[0, 1, 1]] + FLOOR * small[[0, 0, 1]] * small[[0, 1, 1]]
    return (np.abs(t - before) > room).any(axis=0)


def climb(data, factor, restricted):
    """Newton's method in a region of trust, from L (3, n) to a local maximum; returns L and the height there.

    Where L22 = 0 at the start the climb stays on the boundary of the correlations -1 and 1.
    """
    end, height = factor.copy(), np.empty(factor.shape[1])
    live, radius, at = np.arange(height.size), np.ones(height.size), point(data, factor, restricted)
    for _ in range(_STEPS):
        if not live.size:
            break
        spread = _spread(data, factor)
        step = _newton(factor, spread, at, restricted)
        size = np.sqrt((step**2).sum(axis=0))
        cut = size > radius
        new = factor + spread * step * np.where(cut, radius / np.where(cut, size, 1.0), 1.0)
        there = point(data, new, restricted)
        good = there.height >= at.height - ROUNDING * (1.0 + np.abs(at.height))
        radius = np.where(good, np.minimum(2.0 * radius, _REACH), 0.25 * np.minimum(size, radius))
        moving = (cut | ~good | _unsettled(data, new, factor)) & (radius > ROUNDING)
        factor, at = np.where(good, new, factor), Point(*map(partial(np.where, good), there, at))
        end[:, live], height[live] = factor, at.height
        if not moving.all():
            some = np.flatnonzero(moving)
            live, data, at = live[some], data.take(some), at.take(some)
            factor, radius = factor[:, some], radius[some]
    return end, height
