"""Names beside points, free of collisions: every place is tried, the least bad free one is taken."""

import numpy as np

from analysis.plots import _style as style
from analysis.plots._measure import line_height, text_width
from analysis.plots._phrases import Said

DISTANCES = (0.5, 1.4, 2.6, 4.2, 6.2)  # mm between a marker and its name
DIRECTIONS = np.radians(np.arange(0, 360, 15.0))
LEADER = 1.0  # mm: a name farther away gets a line to its marker


def place_names(names, centres, radii, *, frame, taken, avoid=(), outwards=None, size=None):
    """Find a free place for each name.

    Parameters
    ----------
    names : list of str
        In order of importance; a name without a free place is left out.
    centres : array, shape (n, 2)
        Millimetres, y upwards, of the markers that have names.
    radii : array, shape (n,)
    frame : (left, right, bottom, top)
        The names stay inside.
    taken : array, shape (m, 4)
        Boxes (left, right, bottom, top) that no name may touch: all markers and other text.
    avoid : list of callables
        Each takes boxes (c, 4) and returns what it costs to stand there, in millimetres.
    outwards : array, shape (n, 2), optional
        Directions in which the names should rather go.
    size : float, optional
        Of the type, in points. Default: that of notes.

    Returns
    -------
    list of (left, right, bottom, top) or None
        One box for each name.
    """
    size = size or style.NOTE_PT
    taken, boxes = np.asarray(taken, float).reshape(-1, 4), []
    tall = 0.78 * line_height(size)
    for i, name in enumerate(names):
        wide = text_width(Said(name), size)
        box, cost = _candidates(centres[i], radii[i], wide, tall)
        if outwards is not None:
            towards = outwards[i] / max(np.hypot(*outwards[i]), 1e-9)
            cost = cost - 0.5 * np.tile(
                np.cos(DIRECTIONS) * towards[0] + np.sin(DIRECTIONS) * towards[1], len(DISTANCES)
            )
        cost = cost + sum(price(box) for price in avoid)
        left, right, bottom, top = frame
        out = (box[:, 0] < left) | (box[:, 1] > right) | (box[:, 2] < bottom) | (box[:, 3] > top)
        cost = np.where(out | _touch(box, taken, 0.35).any(axis=1), np.inf, cost)
        best = int(np.argmin(cost))
        boxes.append(box[best] if np.isfinite(cost[best]) else None)
        if boxes[-1] is not None:
            taken = np.vstack([taken, boxes[-1]])
    return boxes


def _candidates(centre, radius, wide, tall):
    """Return boxes all around a marker, and what each costs: distance, and a little for standing askew."""
    distance = np.repeat(DISTANCES, DIRECTIONS.size)
    angle = np.tile(DIRECTIONS, len(DISTANCES))
    across, up = np.cos(angle), np.sin(angle)
    x = centre[0] + (radius + distance) * across + np.clip(across * 4, -1, 1) * wide / 2
    y = centre[1] + (radius + distance) * up + np.clip(up * 2, -1, 1) * tall / 2
    askew = np.minimum(np.abs(np.sin(2 * angle)), 1.0)
    return np.column_stack([x - wide / 2, x + wide / 2, y - tall / 2, y + tall / 2]), distance + 0.4 * askew


def _touch(boxes, others, gap):
    """Say which boxes come nearer than ``gap`` to which others, shape (boxes, others)."""
    a, b = boxes[:, None], others[None]
    apart = (a[..., 0] > b[..., 1] + gap) | (a[..., 1] < b[..., 0] - gap)
    return ~(apart | (a[..., 2] > b[..., 3] + gap) | (a[..., 3] < b[..., 2] - gap))


def leader(box, centre, radius):
    """Return the two ends of the line from a marker to its name, or None where the name stands close by."""
    near = np.clip(centre, [box[0], box[2]], [box[1], box[3]])
    way = near - centre
    length = float(np.hypot(*way))
    if length - radius < LEADER:
        return None
    return centre + way * radius / length, near - way * 0.3 / length
