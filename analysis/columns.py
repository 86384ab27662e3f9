"""Studies as columns: the arrays and the weighted sums from which every estimator and statistic is built.

Every array has the shape (k, n), k studies by n meta-analyses, and a single fit is n = 1. A study that is
absent from a column has variance ``inf``, hence weight zero, and drops out of every sum by itself.
"""

from typing import NamedTuple

import numpy as np

_SPREAD = 100.0  # row 0 must be at least this close to the most precise study, so that no sum cancels
STEP = 1e-9  # the last Newton step relative to tau2: convergence is quadratic, so the error is near its square
FLOOR = 1e-14  # and relative to the smallest variance, where rounding ends all progress


class Columns(NamedTuple):
    """Studies of n meta-analyses, centred and scaled column by column; see `columns`."""

    y: np.ndarray
    v: np.ndarray
    k: np.ndarray
    shift: np.ndarray
    scale: np.ndarray
    smallest: np.ndarray


def columns(yi, vi):
    """Prepare arrays of shape (k, n), NaN where a study is absent, for the estimators.

    Each column is shifted by the outcome of a precise study and divided by a power of two, which makes the
    iterations independent of the unit and keeps equal outcomes exactly equal. In a column with very unequal
    variances the most precise study moves to row 0, because the sums below are formed relative to row 0.
    """
    y, v = np.array(yi, dtype=float, order="C"), np.array(vi, dtype=float, order="C")
    absent = np.isnan(v)
    some_absent = absent.any()
    if some_absent:
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


def dot(a, b):
    """Column sums of the product of two (k, n) arrays."""
    return np.einsum("ij,ij->j", a, b)


class Weighted(NamedTuple):
    """Inverse-variance sums at one tau2 per column: of shape (n,), but for weights and pull."""

    weights: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    q: np.ndarray
    pull: np.ndarray  # weights times residuals (k, n)

    @property
    def slope(self):
        """Minus the derivative of Q with respect to tau2, y'PPy."""
        return dot(self.pull, self.pull)


def weighted(y, v, tau2=0.0):
    """Weights 1 / (v + tau2), their sum, the weighted mean, Q about it and what makes its slope."""
    w = v + tau2
    np.reciprocal(w, out=w)
    total = w.sum(axis=0)
    mean = dot(w, y) / total
    r = y - mean
    u = w * r
    return Weighted(w, total, mean, dot(u, r), u)


def trace(w, total):
    """Trace of P for weights w, without the cancellation of ``sum(w) - sum(w**2) / sum(w)``."""
    first, rest = w[0], w[1:]
    others = rest.sum(axis=0)
    return (2.0 * first * others + (others**2 - dot(rest, rest))) / total
