"""Circles side by side along an axis, none upon another: a swarm that is as flat as its density allows."""

import numpy as np

GAP = 0.12  # mm between two circles
TOUCH = 1e-9


def swarm(x, radius):
    """Return how far from the line each circle stands, in the unit of ``x`` and ``radius``.

    The circle that can stand nearest to the line comes next, of several such the largest, of equal ones the first
    from the left; above the line goes before below. The same circles always stand in the same places.

    Parameters
    ----------
    x, radius : array, shape (n,)

    Returns
    -------
    numpy.ndarray, shape (n,)
    """
    x, radius = np.asarray(x, float), np.asarray(radius, float)
    y, nearest = np.zeros(x.size), np.zeros(x.size)
    placed = np.zeros(x.size, dtype=bool)
    for _ in range(x.size):
        free = np.flatnonzero(~placed)
        keys = x[free], -radius[free].round(6), np.abs(nearest[free]).round(6)
        i = free[np.lexsort(keys)[0]]
        y[i], placed[i] = nearest[i], True
        for j in free[(np.abs(x[free] - x[i]) < radius[free] + radius[i] + GAP) & (free != i)]:
            nearest[j] = _nearest(x, radius, y, placed, j)
    return y


def _nearest(x, radius, y, placed, j):
    """Return the free place nearest to the line for circle j: on it, or touching one that stands already."""
    reach = radius + radius[j] + GAP
    near = np.flatnonzero(placed & (np.abs(x - x[j]) < reach))
    apart, least = (x[near] - x[j]) ** 2, reach[near] ** 2
    up = np.sqrt(least - apart)
    places = np.concatenate([[0.0], y[near] - up, y[near] + up])
    places = places[np.argsort(np.abs(places).round(9), kind="stable")]
    return places[(apart + (places[:, None] - y[near]) ** 2 >= least - TOUCH).all(axis=1)][0]


def height_of(y, radius):
    """Return how far a swarm reaches from the line, on either side."""
    return float(np.max(np.abs(y) + radius, initial=0.0))
