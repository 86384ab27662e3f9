"""Studies with moderators as arrays: k studies by p coefficients by n fits, and their weighted sums.

Every fit uses the same design matrix X (k, p); outcomes y and variances v have the shape (k, n), one fit a
column. Permuting the rows of X against the studies is the same as permuting the studies against X, so n
columns serve a permutation test as well. The model is written in terms of p anchors, studies through which one
and only one regression passes: with coefficients alpha that are the fitted values of the anchors, X becomes
the identity for the anchors and Z for the other studies. The weighted sums then lose no digits where some
studies are far more precise than the rest, provided that the anchors are among those.
"""

from typing import NamedTuple

import numpy as np

from analysis.columns import dot

_SPREAD = 1e3  # above this ratio of variances within a fit, each fit gets precise anchors of its own
_ZERO = 1e-24  # what is left of a row's squared length, relative, once it lies in the span of the anchors


class Designs(NamedTuple):
    """The arrays of n fits, anchors first; see `designs`."""

    y: np.ndarray  # (k - p, n), outcomes of the other studies less their value in the regression through the anchors
    v: np.ndarray  # (k, n)
    z: np.ndarray  # (k - p, p), or (k - p, p, n) where each fit has its own anchors
    back: np.ndarray  # (p, p) or (p, p, n): from fitted values of the anchors to coefficients
    shift: np.ndarray  # (p, n), outcomes of the anchors
    spread: np.ndarray  # (n,), mean squared deviation of all outcomes from their mean
    scale: np.ndarray  # (n,), unit of y, a power of two
    smallest: np.ndarray  # (n,)

    @property
    def p(self):
        """Number of coefficients."""
        return self.z.shape[1]

    @property
    def df(self):
        """Residual degrees of freedom."""
        return len(self.y)

    def take(self, index):
        """Return the fits `index`."""
        own = self.z.ndim == 3
        return Designs(
            *(x if name in ("z", "back") and not own else x.take(index, axis=-1) for name, x in self._asdict().items())
        )


def designs(y, v, x):
    """Arrange outcomes and variances (k, n) and one design matrix (k, p) of full rank, p < k, for the engine.

    Each fit is divided by a power of two, which makes all iterations independent of the unit.
    """
    length = np.sqrt((x * x).sum(axis=0))
    q, n = np.linalg.qr(x / length)[0], y.shape[1]
    smallest = v.min(axis=0)
    own = bool((v.max(axis=0) > _SPREAD * smallest).any())
    order = _anchors_first(q, np.sqrt(smallest / v) if own else np.ones((len(x), 1)))
    order = order if own else np.broadcast_to(order, (len(x), n))
    scale = np.ldexp(1.0, np.frexp(smallest)[1] // 2)
    y, v = np.take_along_axis(y, order, 0) / scale, np.take_along_axis(v, order, 0) / scale**2
    z, back = _anchored(x / length, order if own else order[:, :1])
    back = back / length[:, None, None]
    if not own:
        z, back = np.ascontiguousarray(z[:, :, 0]), back[:, :, 0]
    p, mean = x.shape[1], y.mean(axis=0)
    rest = y[p:] - forward(z, y[:p])
    return Designs(rest, v, z, back, y[:p], ((y - mean) ** 2).mean(axis=0), scale, smallest / scale**2)


def _anchors_first(q, size):
    """Order of the studies (k, n) with p anchors on top, each the longest row outside the span of the last."""
    rows = q[:, :, None] * size[:, None, :]
    first = (rows * rows).sum(axis=1)
    rank = np.full(size.shape, q.shape[1])
    for j in range(q.shape[1]):
        length = (rows * rows).sum(axis=1)
        length[(length < _ZERO * first) | (rank < j)] = 0.0
        chosen = length.argmax(axis=0)[None]
        np.put_along_axis(rank, chosen, j, axis=0)
        unit = np.take_along_axis(rows, chosen[:, None], axis=0) / np.sqrt(np.take_along_axis(length, chosen, axis=0))
        rows -= (rows * unit).sum(axis=1, keepdims=True) * unit
    return rank.argsort(axis=0, kind="stable")


def _anchored(x, order):
    """Z (k - p, p, n) and the inverse of the anchors' rows of x (p, p, n)."""
    p = x.shape[1]
    top, rest = x[order[:p]].swapaxes(0, 1), x[order[p:]].swapaxes(0, 1)  # (n, p, p), (n, k - p, p)
    z = np.linalg.solve(top.swapaxes(1, 2), rest.swapaxes(1, 2)).swapaxes(1, 2)  # Z' = inverse(top)' rest'
    same = (rest[:, :, None] == top[:, None]).all(axis=3)  # the moderators of an anchor: exactly its fitted value
    z = np.where(same.any(axis=2, keepdims=True), same, z)
    back = np.linalg.inv(top)
    return np.ascontiguousarray(z.transpose(1, 2, 0)), np.ascontiguousarray(back.transpose(1, 2, 0))


def forward(z, b):
    """Z b for coefficients b (p, n)."""
    return z @ b if z.ndim == 2 else np.einsum("ipn,pn->in", z, b)


def transposed(z, u):
    """Z' u for values u (k - p, n)."""
    return z.T @ u if z.ndim == 2 else np.einsum("ipn,in->pn", z, u)


def gram(z, *weights):
    """Z' diag(w) Z of shape (p, p, n), for each w (k - p, n)."""
    p = z.shape[1]
    if z.ndim == 2:
        products = (z[:, :, None] * z[:, None, :]).reshape(len(z), p * p).T
        return [(products @ w).reshape(p, p, -1) for w in weights]
    products = z[:, :, None] * z[:, None]
    return [np.einsum("ipqn,in->pqn", products, w) for w in weights]


def inverse(a):
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


class Solved(NamedTuple):
    """Weighted least squares at given weights; residual degrees of freedom and all else of `Designs` stay."""

    weights: np.ndarray  # (k, n)
    inverse: np.ndarray  # (p, p, n), inverse of X'WX in terms of the anchors
    pivots: list  # of X'WX
    gram: np.ndarray  # (p, p, n), Z'WZ
    alpha: np.ndarray  # (p, n), fitted values of the anchors less their outcomes
    u: np.ndarray  # (k, n), Py, the weighted residuals
    q: np.ndarray  # (n,), y'Py


def solve(data, weights):
    """Weighted least squares for all fits at weights (k, n)."""
    p, z = data.p, data.z
    top, rest = weights[:p], weights[p:]
    (inner,) = gram(z, rest)
    total = inner.copy()
    total[np.arange(p), np.arange(p)] += top
    inv, pivots = inverse(total)
    alpha = np.einsum("pqn,qn->pn", inv, transposed(z, rest * data.y))
    residual = np.concatenate([-alpha, data.y - forward(z, alpha)])
    u = weights * residual
    return Solved(weights, inv, pivots, inner, alpha, u, dot(u, residual))


def at_tau2(data, tau2):
    """Weighted least squares with weights 1 / (v + tau2), tau2 a number or (n,)."""
    return solve(data, 1.0 / (data.v + tau2))


def residual_share(data, at, size):
    """Sum of size (1 - leverage) over the studies, for size (k, n); with the weights as size it is tr P."""
    p = data.p
    (inner,) = gram(data.z, size[p:] * at.weights[p:])
    others = size[p:].sum(axis=0) - np.einsum("pqn,qpn->n", at.inverse, inner)
    return others + np.einsum("pn,pqn,qpn->n", size[:p], at.inverse, at.gram)
