"""Mixed-effects meta-regression as arrays: n fits of one design matrix at once.

Every fit uses the same design matrix X (k, p); outcomes y and variances v have the shape (k, n), one fit a
column. Permuting the rows of X against the studies is the same as permuting the studies against X, so n
columns serve a permutation test as well. The model is written in terms of p anchors, studies through which one
and only one regression passes: with coefficients alpha that are the fitted values of the anchors, X becomes
the identity for the anchors and Z for the other studies. The weighted sums then lose no digits where some
studies are far more precise than the rest, provided that the anchors are among those.

The estimators of tau2 are those of `analysis.models.tau2`. The projection P takes out the whole design and k - p
replaces k - 1; as without moderators, P has k - p positive eigenvalues 1 / (d_j + tau2), so that the proofs hold word
for word and the search gives the global maximum for ML and REML.

References
----------
Viechtbauer, Lopez-Lopez, Sanchez-Meca & Marin-Martinez 2015, doi 10.1037/met0000023 (all estimators of tau2 with
moderators); Sidik & Jonkman 2005, J Biopharm Stat 15, 823-838 (SJ); Viechtbauer 2005, doi
10.3102/10769986030003261 (ML, REML); Knapp & Hartung 2003, doi 10.1002/sim.1482 (HKSJ with moderators).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis._types import Floats, Values
from analysis.models.blocks import parts
from analysis.models.pooling import Options, heterogeneity
from analysis.models.results import pvalues
from analysis.models.tau2 import Columns, Point, columns, dot, inverse

# Above this ratio of variances within a fit, each fit gets precise anchors of its own.
_SPREAD = 1e3
# A row with no more than this share of its squared length outside the span of the anchors lies in it, but for rounding.
_ZERO = 1e-24


class Designs(NamedTuple):
    """The arrays of n fits, anchors first; see `designs`.

    It has the methods of `analysis.models.tau2.Columns`, from which the estimators of tau2 are built.
    """

    y: np.ndarray  # (k - p, n), outcomes of the other studies less their value in the regression through the anchors
    v: np.ndarray  # (k, n)
    z: np.ndarray  # (k - p, p), or (k - p, p, n) where each fit has its own anchors
    products: np.ndarray  # (p p, k - p) of the columns of z, or (k - p, p, p, n)
    back: np.ndarray  # (p, p) or (p, p, n): from fitted values of the anchors to coefficients
    shift: np.ndarray  # (p, n), outcomes of the anchors
    spread: np.ndarray  # (n,), mean squared deviation of all outcomes from their mean
    scale: np.ndarray  # (n,), unit of y, a power of two
    smallest: np.ndarray  # (n,), smallest sampling variance

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return self.z.shape[1]

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.v)

    @property
    def df(self) -> int:
        """Residual degrees of freedom, k - p."""
        return len(self.y)

    @property
    def largest(self) -> Floats:
        """Largest sampling variance of each fit."""
        return self.v.max(axis=0)

    @property
    def residual_square(self) -> Floats:
        """Sum of squared residuals of a fit without weights."""
        return self.unweighted().q

    @property
    def sampling_square(self) -> Floats:
        """What sampling error alone adds to the expected `residual_square`, for each degree of freedom."""
        return self._residual_share(self.unweighted(), self.v) / self.df

    def take(self, index: Any) -> Designs:
        """Return the fits `index`."""
        own = self.z.ndim == 3
        return Designs(
            *(
                x if name in ("z", "products", "back") and not own else x.take(index, axis=-1)
                for name, x in zip(self._fields, self, strict=True)
            )
        )

    def at(self, tau2: Values) -> Any:
        """Weighted least squares with weights 1 / (v + tau2), tau2 a number or (n,)."""
        return self._solve(1.0 / (self.v + tau2))

    def unweighted(self) -> Any:
        """Least squares with weights 1."""
        return self._solve(np.ones_like(self.v))

    def _solve(self, weights):
        """Weighted least squares for all fits at weights (k, n)."""
        p, z = self.p, self.z
        top, rest = weights[:p], weights[p:]
        inner = self._gram(rest)
        total = inner.copy()
        total.reshape(p * p, -1)[:: p + 1] += top
        inv, pivots = inverse(total)
        alpha = np.einsum("pqn,qn->pn", inv, _transposed(z, rest * self.y))
        residual = np.concatenate([-alpha, self.y - _forward(z, alpha)])
        pull = weights * residual
        return _Solved(weights, inv, pivots, inner, alpha, pull, dot(pull, residual))

    def trace(self, at: Any) -> Floats:
        """Trace of P at the weights of `at`."""
        return self._residual_share(at, at.weights)

    def _residual_share(self, at, size):
        """Sum of size (1 - leverage) over the studies, for size (k, n); with the weights as size it is tr P."""
        p = self.p
        inner = self._gram(size[p:] * at.weights[p:])
        others = size[p:].sum(axis=0) - np.einsum("pqn,qpn->n", at.inverse, inner)
        return others + np.einsum("pn,pqn,qpn->n", size[:p], at.inverse, at.gram)

    def point(self, t: Floats, restricted: bool) -> Point:
        """The two terms of the likelihood equation at tau2 = t (n,) and their slopes."""
        at, p, z = self.at(t), self.p, self.z
        top, rest = at.weights[:p], at.weights[p:]
        fit = dot(at.pull, at.pull)
        # P takes out whatever the design explains: y'PPPy is that of Py less the regression through its anchors.
        less = at.pull[p:] - _forward(z, at.pull[:p])
        weighted = rest * less
        sums = _transposed(z, weighted)
        fit_slope = dot(weighted, less) - np.einsum("pn,pqn,qn->n", sums, at.inverse, sums)
        square = rest * rest
        if not restricted:
            whole = dot(top, top) + square.sum(axis=0)
            return Point(t, fit, at.weights.sum(axis=0), fit_slope, whole)
        second, third = self._gram(square), self._gram(square * rest)
        shared = np.einsum("pqn,qrn->prn", at.inverse, second)
        # P among the anchors.
        corner = top[:, None] * np.einsum("pqn,qrn->prn", at.inverse, at.gram)
        trace = rest.sum(axis=0) + np.einsum("ppn->n", corner - shared)
        # tr PP, the sum of the squares of P: the others, the anchors, and twice the others with the anchors.
        slope = square.sum(axis=0) - 2.0 * np.einsum("pqn,qpn->n", at.inverse, third)
        slope += np.einsum("pqn,qpn->n", shared, shared) + np.einsum("pqn,pqn->n", corner, corner)
        slope += 2.0 * np.einsum("pn,pqn,qpn->n", top * top, shared, at.inverse)
        return Point(t, fit, trace, fit_slope, slope)

    def _gram(self, weights):
        """Z' diag(w) Z of shape (p, p, n) for weights (k - p, n)."""
        if self.z.ndim == 2:
            return (self.products @ weights).reshape(self.p, self.p, -1)
        return np.einsum("ipqn,in->pqn", self.products, weights)

    def log_likelihood(self, tau2: Floats, restricted: bool) -> Floats:
        """Log-likelihood profiled over the coefficients, or the restricted one, up to a constant; shape (n,)."""
        at = self.at(tau2)
        determinant = sum(np.log(pivot) for pivot in at.pivots) if restricted else 0.0
        return 0.5 * (np.log(at.weights).sum(axis=0) - at.q - determinant)


class GroupMeans(NamedTuple):
    """n fits of a mean for each group of the studies, with one tau2; see `group_means`.

    All sums are those of the groups, and no matrix is needed, as P takes out one group at a time. It has the methods of
    `analysis.models.tau2.Columns`.
    """

    parts: tuple[Columns, ...]  # groups of similar size, a column each: all of a fit, then all of the next
    groups: tuple[int, ...]  # how many each part has
    k: int
    df: int  # residual degrees of freedom
    spread: np.ndarray  # (n,), mean squared deviation of all outcomes from their mean
    scale: np.ndarray  # (n,), unit of y, a power of two
    smallest: np.ndarray  # (n,), smallest sampling variance
    largest: np.ndarray  # (n,), largest sampling variance

    @property
    def residual_square(self) -> Floats:
        """Sum of squared residuals of a fit without weights."""
        return self._summed(part.residual_square for part in self.parts)

    @property
    def sampling_square(self) -> Floats:
        """What sampling error alone adds to the expected `residual_square`, for each degree of freedom."""
        return self._summed(part.sampling_square * part.df for part in self.parts) / self.df

    def take(self, index: Any) -> GroupMeans:
        """Return the fits `index`."""
        taken = tuple(
            part.take((index[:, None] * count + np.arange(count)).ravel())
            for part, count in zip(self.parts, self.groups, strict=True)
        )
        return GroupMeans(taken, self.groups, self.k, self.df, *(x[index] for x in self[4:]))

    def at(self, tau2: Values) -> Any:
        """Least squares with weights 1 / (v + tau2), tau2 a number or (n,)."""
        each = [part.at(t) for part, t in self._each(tau2)]
        sums = (self._summed(getattr(at, name) for at in each) for name in ("total", "q", "slope"))
        return _Grouped(each, *sums)

    def trace(self, at: Any) -> Floats:
        """Trace of P at the weights of `at`."""
        return self._summed(part.trace(own) for part, own in zip(self.parts, at.each, strict=True))

    def point(self, t: Floats, restricted: bool) -> Point:
        """The two terms of the likelihood equation at tau2 = t (n,) and their slopes."""
        _, *terms = zip(*(part.point(own, restricted) for part, own in self._each(t)), strict=True)
        return Point(t, *map(self._summed, terms))

    def log_likelihood(self, tau2: Values, restricted: bool) -> Floats:
        """Log-likelihood profiled over the means, or the restricted one, up to a constant; shape (n,)."""
        return self._summed(part.log_likelihood(t, restricted) for part, t in self._each(tau2))

    def _each(self, tau2):
        """Each part with the tau2 of its columns."""
        tau2 = np.broadcast_to(tau2, self.scale.shape)
        return [(part, np.repeat(tau2, count)) for part, count in zip(self.parts, self.groups, strict=True)]

    def _summed(self, of_parts):
        """Sums (n,) of what is known of the columns of each part."""
        return sum(x.reshape(-1, count).sum(axis=1) for x, count in zip(of_parts, self.groups, strict=True))


class _Grouped(NamedTuple):
    """Weighted sums of `GroupMeans` at given weights: those of each part, and (n,) the rest."""

    each: list[Any]
    total: np.ndarray
    q: np.ndarray
    slope: np.ndarray


def group_means(yi: Floats, vi: Floats, sizes: NDArray[np.intp]) -> GroupMeans:
    """Arrange the studies of one group after those of another, `sizes` many, of which one has two, for the engine."""
    smallest = vi.min(keepdims=True)
    scale = np.ldexp(1.0, np.frexp(smallest)[1] // 2)
    y, v = yi / scale, vi / scale**2
    own = []
    for part in (columns(*arrays) for arrays in parts(y, v, sizes)):
        # One unit for all groups.
        own.append(part._replace(y=part.y * part.scale, v=part.v * part.scale**2))
    ends = smallest / scale**2, v.max(keepdims=True)
    groups = tuple(part.k.size for part in own)
    return GroupMeans(tuple(own), groups, yi.size, yi.size - sizes.size, y.var(keepdims=True), scale, *ends)


def designs(y: Floats, v: Floats, x: Floats) -> Designs:
    """Arrange outcomes and variances (k, n) and a design matrix of full rank, p < k, for the engine.

    The matrix is (k, p), or (k, p, n) where each fit has its own. Each fit is divided by a power of two, which makes
    all iterations independent of the unit.
    """
    x = x if x.ndim == 3 else x[:, :, None]
    # Columns of one length: the unit of a moderator must not choose the pivots of `_anchored`.
    length = np.sqrt((x * x).sum(axis=0))
    x = x / length
    q = np.linalg.qr(x.transpose(2, 0, 1))[0].transpose(1, 2, 0)
    smallest = v.min(axis=0)
    own = x.shape[2] > 1 or bool((v.max(axis=0) > _SPREAD * smallest).any())
    order = _anchors_first(q, np.sqrt(smallest / v) if own else np.ones((len(x), 1)))
    scale = np.ldexp(1.0, np.frexp(smallest)[1] // 2)
    y, v = np.take_along_axis(y, order, 0) / scale, np.take_along_axis(v, order, 0) / scale**2
    z, back = _anchored(x, order)
    back = back / length[:, None]
    products = z[:, :, None] * z[:, None]
    if not own:
        z, back = np.ascontiguousarray(z[:, :, 0]), back[:, :, 0]
        products = products.reshape(len(z), -1).T
    p, mean = x.shape[1], y.mean(axis=0)
    rest = y[p:] - _forward(z, y[:p])
    return Designs(rest, v, z, products, back, y[:p], ((y - mean) ** 2).mean(axis=0), scale, smallest / scale**2)


def _anchors_first(q, size):
    """Order of the studies with p anchors on top, each the longest row outside the span of the last.

    `size` is (k, n), or (k, 1) where one order serves all fits, and so is the order.
    """
    rows = q * size[:, None, :]
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
    rows = np.take_along_axis(x, order[:, None], axis=0).transpose(2, 0, 1)
    # Of shape (n, p, p) and (n, k - p, p); Z' = inverse(top)' rest'.
    top, rest = rows[:, :p], rows[:, p:]
    z = np.linalg.solve(top.swapaxes(1, 2), rest.swapaxes(1, 2)).swapaxes(1, 2)
    # A study with the moderators of an anchor has exactly its fitted value, whatever rounding made of Z.
    same = (rest[:, :, None] == top[:, None]).all(axis=3)
    z = np.where(same.any(axis=2, keepdims=True), same, z)
    back = np.linalg.inv(top)
    return np.ascontiguousarray(z.transpose(1, 2, 0)), np.ascontiguousarray(back.transpose(1, 2, 0))


class _Solved(NamedTuple):
    """Weighted least squares at given weights; residual degrees of freedom and all else of `Designs` stay."""

    weights: np.ndarray  # (k, n)
    inverse: np.ndarray  # (p, p, n), inverse of X'WX in terms of the anchors
    pivots: list  # of X'WX
    gram: np.ndarray  # (p, p, n), Z'WZ
    alpha: np.ndarray  # (p, n), fitted values of the anchors less their outcomes
    pull: np.ndarray  # (k, n), Py, the weighted residuals
    q: np.ndarray  # (n,), y'Py

    @property
    def total(self):
        """Sum of the weights."""
        return self.weights.sum(axis=0)

    @property
    def slope(self):
        """Minus the derivative of Q with respect to tau2, y'PPy."""
        return dot(self.pull, self.pull)


def _forward(z, b):
    """Z b for coefficients b (p, n)."""
    return z @ b if z.ndim == 2 else np.einsum("ipn,pn->in", z, b)


def _transposed(z, u):
    """Z' u for values u (k - p, n)."""
    return z.T @ u if z.ndim == 2 else np.einsum("ipn,in->pn", z, u)


class MixedFits(NamedTuple):
    """Results of n fits in the unit of the outcomes; see `fit_designs`."""

    estimate: np.ndarray  # (p, n), coefficients
    se: np.ndarray  # (p, n)
    correlation: np.ndarray  # (p, p, n), of the coefficients; known even where HKSJ makes the standard errors 0
    # (n,) from here on, as `analysis.models.pooling.heterogeneity` has them.
    tau2: np.ndarray
    typical: np.ndarray
    q: np.ndarray
    i2: np.ndarray
    hksj: np.ndarray
    factor: np.ndarray
    df: np.ndarray  # of the tests of coefficients; infinite where they are normal
    critical: np.ndarray

    @property
    def statistic(self) -> Floats:
        """Test statistics (p, n) of the coefficients; infinite, or NaN, where se = 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.estimate / self.se

    @property
    def pvalue(self) -> Floats:
        """Two-sided p-values (p, n) of the coefficients."""
        return pvalues(np.broadcast_to(self.df, self.se.shape), self.statistic)


def fit_designs(data: Designs, options: Options) -> MixedFits:
    """Estimate tau2 and the coefficients of every fit of `designs`, given `analysis.models.pooling.Options`."""
    at, between = heterogeneity(data, options)
    back = data.back if data.back.ndim == 3 else data.back[:, :, None]
    covariance = np.einsum("prn,srn->psn", np.einsum("pqn,qrn->prn", back, at.inverse), back)
    root = np.sqrt(np.einsum("ppn->pn", covariance))
    return MixedFits(
        estimate=np.einsum("pqn,qn->pn", back, (data.shift + at.alpha) * data.scale),
        se=root * (np.sqrt(between["factor"]) * data.scale),
        correlation=covariance / (root[:, None] * root),
        **between,
    )


def joined(fits: Iterable[MixedFits]) -> MixedFits:
    """The fits of several calls as those of one."""
    return MixedFits(*(np.concatenate(found, axis=-1) for found in zip(*fits, strict=True)))


def omnibus(fits: MixedFits, tested: NDArray[np.int_], ci_method: str) -> Floats:
    """Statistic (n,) of the test that the coefficients `tested` are all 0: chi2 for "z", otherwise F."""
    if not len(tested):
        return np.full(fits.tau2.size, np.nan)
    t = fits.statistic[tested]
    if len(tested) == 1:
        return t[0] * t[0]
    inner = inverse(fits.correlation[np.ix_(tested, tested)])[0]
    with np.errstate(invalid="ignore"):
        total = np.einsum("pn,pqn,qn->n", t, inner, t)
    return total if ci_method == "z" else total / len(tested)


def full_log_likelihood(data: Designs, fits: MixedFits, restricted: bool) -> Floats:
    """Log-likelihood (n,) at the fitted tau2, or the restricted one, with all constants."""
    free = data.df if restricted else len(data.v)
    value = data.log_likelihood(fits.tau2 / data.scale**2, restricted)
    value -= free * (0.5 * np.log(2.0 * np.pi) + np.log(data.scale))
    # The determinant of X'X in terms of the anchors, as that of X'WX in `log_likelihood`.
    if restricted:
        value += 0.5 * sum(np.log(pivot) for pivot in data.unweighted().pivots)
    return value
