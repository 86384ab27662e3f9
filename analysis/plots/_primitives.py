"""What marks are made of: named collections, segments, diamonds."""

import numpy as np
from matplotlib.collections import LineCollection


def add(ax, collection, gid):
    """Add a collection under its name."""
    collection.set_gid(gid)
    collection.set_label(gid)
    ax.add_collection(collection, autolim=False)
    return collection


def lines(ax, segments, gid, **options):
    """Draw horizontal or vertical lines with butt caps, cut at the edges of the panel."""
    if len(segments):
        add(ax, LineCollection(segments, capstyle="butt", **options), gid)


def horizontal(low, high, y):
    """Return horizontal segments."""
    return np.stack([np.column_stack([low, y]), np.column_stack([high, y])], axis=1)


def finite(rows, *columns):
    """Return the rows in which all these columns are finite."""
    return rows[np.isfinite(rows[list(columns)].astype(float)).all(axis=1)]


def scatter(ax, x, y, gid, **options):
    """Draw markers under their name."""
    points = ax.scatter(x, y, **options)
    points.set_gid(gid)
    points.set_label(gid)


def clipped_diamond(ends, y, half, limits, arrow):
    """Return the corners of a diamond, cut short where it leaves the panel to make room for an arrowhead."""
    low, estimate, high = ends
    if low == high:  # an interval of no width is still a mark
        return [(estimate, y - half), (estimate, y + half)]
    floor = limits[0] + 1.25 * arrow if low < limits[0] else low
    ceiling = limits[1] - 1.25 * arrow if high > limits[1] else high
    if floor >= ceiling:
        return None

    def height(x):
        side = (x - low) / (estimate - low) if x < estimate else (high - x) / (high - estimate)
        return half * min(max(side, 0.0), 1.0)

    xs = sorted({floor, ceiling, *([estimate] if floor < estimate < ceiling else [])})
    upper = [(x, y - height(x)) for x in xs]
    lower = [(x, y + height(x)) for x in reversed(xs) if height(x) > 0]
    return upper + lower
