"""The global maximum, over every positive semi-definite T, of the likelihood of `analysis.bivariate_fit`.

The likelihood may have several maxima, inside and on the boundary, where the correlation is -1 or 1, and those on
the boundary lie on ridges too narrow for a grid inside. So climbs start from a few points inside, from every peak
of a fine grid on the boundary, and from where those end inwards. Where not all ends agree, further climbs start
from every point of a dense grid. The highest end wins. An end on the boundary counts only if the derivative into the
inside is not positive, which tells it from a maximum next to the boundary that is as high but for rounding.

This is no proof. Of 28,800 random sets of 3 to 15 trials, 180 further climbs found a higher maximum in two, whose
variances spanned four and six powers of ten; in none of the 14,400 whose variances spanned two or less.
"""

import itertools
from typing import NamedTuple

import numpy as np

from analysis.bivariate_fit import Pairs, climb, derivatives, point

# Grids: variances of each outcome, as shares of a ladder from none to more than there can be, and correlations.
_FEW = ((1 / 3, 1.0), (-0.5, 0.5))
_DENSE = (np.arange(1, 7) / 6, (-0.97, -0.5, 0.0, 0.5, 0.97))
_EDGE = (np.arange(1, 13) / 12, (-1.0, 1.0))
_INWARD = 0.7  # the correlation that climbs from the boundary inwards start from
_SAME = 1e-7  # maxima whose log-likelihoods differ by less are taken for one in the search
_TIE = 1e-10  # and by less than this, relatively, for rounding
_NEAR = 1e-3  # with so small a share of T22 left by the correlation, the boundary is tried
_NOTHING = 1e-20  # a variance so small, relative to the smallest sampling variance, is 0
_BLOCK = 1 << 15  # array elements worked on together


class Ends(NamedTuple):
    """Where climbs ended."""

    owner: np.ndarray  # (m,) column
    factor: np.ndarray  # (3, m) L
    height: np.ndarray  # (m,) log-likelihood

    def take(self, index):
        """Return the ends `index`."""
        return Ends(*(x[..., index] for x in self))


def _joined(*ends):
    return Ends(*(np.concatenate(parts, axis=-1) for parts in zip(*ends, strict=True)))


def _grid(data, shares, correlations):
    """L (3, s, s, c, n) for every pair of s variances and every one of c correlations.

    The ladder goes to four times the variance of the outcomes and more, in even factors counted from -small.
    """
    top = 5.0 + 4.0 * (data.y**2).sum(axis=1) / (data.count * data.small)
    ladder = data.small[:, None] * (top[:, None] ** np.array(shares)[:, None] - 1.0)
    (first, second), r = np.sqrt(ladder), np.array(correlations)[:, None]
    first, second = first[:, None, None], second[:, None]
    return np.stack(np.broadcast_arrays(first, r * second, np.sqrt(1.0 - r**2) * second))


def _peaks(data, grid, restricted):
    """The columns (m,) and L (3, m) of the points of a grid that are as high as every point around them."""
    shape, flat, beside = grid.shape[1:], grid.reshape(3, -1, grid.shape[-1]), Pairs(*(x[..., None, :] for x in data))
    rows = max(_BLOCK // data.c.size, 1)
    parts = [point(beside, flat[:, i : i + rows], restricted).height for i in range(0, flat.shape[1], rows)]
    height = np.concatenate(parts).reshape(shape)
    around = np.pad(height, [(1, 1)] * 3 + [(0, 0)], constant_values=-np.inf)
    top = np.ones(shape, dtype=bool)
    for offset in itertools.product(range(3), repeat=3):
        top &= height >= around[tuple(slice(i, i + size) for i, size in zip(offset, shape, strict=False))]
    return np.nonzero(top)[-1], grid[:, top]


def _climbed(data, owner, factor, restricted):
    """The ends of the climbs from L (3, m) in the columns `owner`."""
    rows = max(_BLOCK // len(data.c), 1)
    done = [
        climb(data.take(owner[i : i + rows]), factor[:, i : i + rows], restricted) for i in range(0, owner.size, rows)
    ]
    return Ends(owner, *(np.concatenate(parts, axis=-1) for parts in zip(*done, strict=True)))


def _from_grid(data, some, shape, restricted):
    """The ends of the climbs from every point of a grid, in the columns `some`."""
    grid = _grid(data.take(some), *shape)
    owner = np.broadcast_to(some, grid.shape[1:]).ravel()
    return _climbed(data, owner, grid.reshape(3, -1), restricted)


def _holds(data, ends, restricted):
    """Whether ends on the boundary are maxima: the derivative of the likelihood into the inside is not positive."""
    part = data.take(ends.owner)
    g = derivatives(point(part, ends.factor, restricted), restricted)[0]
    a, b, _ = ends.factor
    at_zero = (g[0] <= 0) & (g[2] <= 0) & (4.0 * g[0] * g[2] >= g[1] ** 2)
    return np.where((a == 0) & (b == 0), at_zero, b**2 * g[0] - a * b * g[1] + a**2 * g[2] <= 0)


def _boundary(data, restricted):
    """The maxima on the boundary, T = 0 included, and the ends of climbs from there inwards."""
    columns, zero = np.arange(data.c.shape[1]), np.zeros_like(data.small[[0, 0, 1]])
    edge = _climbed(data, *_peaks(data, _grid(data, *_EDGE), restricted), restricted)
    a, b, _ = edge.factor
    away = np.sqrt((1.0 - _INWARD**2) * (b**2 + data.small[1, edge.owner]))
    inside = _climbed(data, edge.owner, np.stack([a, _INWARD * b, away]), restricted)
    edge = _joined(edge, Ends(columns, zero, point(data, zero, restricted).height))
    return _joined(edge.take(_holds(data, edge, restricted)), inside)


def _highest(ends, n):
    """The highest end of each column, of the lowest rank where heights tie; and whether other ends are lower."""
    best, least = np.full(n, -np.inf), np.full(n, np.inf)
    np.maximum.at(best, ends.owner, ends.height)
    np.minimum.at(least, ends.owner, ends.height)
    top = best[ends.owner]
    ties = ends.height >= top - _TIE * (1.0 + np.abs(top))
    rank = (ends.factor != 0)[[0, 2]].sum(axis=0)
    order = np.lexsort((ends.height, -rank, ties, ends.owner))
    last = np.empty(n, dtype=int)
    last[ends.owner[order]] = order  # the last assignment to a column stands
    return ends.take(last), best - least > _SAME


def _settle(data, ends, restricted):
    """Move ends next to the boundary onto it where that is a maximum as high, and give L its signs."""
    a, b, c = ends.factor
    near = np.flatnonzero((c != 0) & (c**2 <= _NEAR * (b**2 + c**2)))
    if near.size:
        edge = _climbed(data, near, ends.factor[:, near] * [[1.0], [1.0], [0.0]], restricted)
        wins = _holds(data, edge, restricted) & (edge.height >= ends.height[near] - _TIE * (1.0 + np.abs(edge.height)))
        ends.factor[:, near[wins]], ends.height[near[wins]] = edge.factor[:, wins], edge.height[wins]
    a, b, c = ends.factor
    tiny = np.stack([a**2, b**2 + c**2]) <= _NOTHING * data.small
    apart = tiny.any(axis=0) | (data.both.sum(axis=0) == 0)  # without trials that have both, T12 does not count
    first, second = np.where(tiny, 0.0, np.stack([np.abs(a), np.hypot(b, c)]))
    return np.where(apart, [first, 0.0 * first, second], [np.abs(a), np.where(a < 0, -b, b), np.abs(c)]), ends.height


def maximum(data, restricted):
    """L (3, n) of the highest likelihood, and its log (n,) up to a constant.

    L22 = 0, or T = 0, exactly where the maximum is on the boundary. T12 = 0 where no trial has both outcomes.
    """
    n = data.c.shape[1]
    ends = _joined(_from_grid(data, np.arange(n), _FEW, restricted), _boundary(data, restricted))
    best, contested = _highest(ends, n)
    if contested.any():
        more = _from_grid(data, np.flatnonzero(contested), _DENSE, restricted)
        best = _highest(_joined(best, more), n)[0]
    return _settle(data, best, restricted)
