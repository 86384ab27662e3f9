"""The plane of the L'Abbé plot: lines, band, marks and names, drawn in the unit of the trials on both axes."""

from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from analysis.plots import _style as style
from analysis.plots._axis import round_ticks
from analysis.plots._key import REACH, markers
from analysis.plots._labels import leader, place_names
from analysis.plots._measure import line_height, text_width
from analysis.plots._phrases import Said
from analysis.plots._write import rule, write, write_on
from analysis.text import number

CORNERS = ("less pain under placebo", "less pain under treatment")  # above and below the line
INSET = 1.4  # mm between the corner words and the edges


def draw_plane(ax, table, size, *, limits, zone, side):
    """Draw everything inside the panel; ``size`` holds the areas of the trials' marks, ``side`` its length in mm."""
    trials, total = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    ax.set(xlim=limits, ylim=limits)
    plane = _Plane(ax, limits, side)
    boxes = _boxes(plane, trials, total, size)
    corners = _corner_words(side, boxes)
    _draw_backdrop(plane, zone, corners)
    _draw_trials(ax, trials, size)
    _draw_pooled(plane, total)
    for (align, text), box in corners:
        x = box[0] if align == "left" else box[1]
        plane.write(x, (box[2] + box[3]) / 2, text, style.NOTE, align=align, gid=f"corner-{align}")
    taken = np.vstack([boxes, *(box for _, box in corners)])
    _write_names(plane, trials, total, size, taken)


@dataclass(frozen=True)
class _Plane:
    """The panel: both axes with the same limits, on a square of ``side`` mm."""

    ax: object
    limits: tuple
    side: float

    def mm(self, values):
        """Return values on either axis as millimetres from the lower left corner."""
        return (np.asarray(values, float) - self.limits[0]) / (self.limits[1] - self.limits[0]) * self.side

    def value(self, mm):
        """Return millimetres as values on the axes."""
        return np.asarray(mm, float) / self.side * (self.limits[1] - self.limits[0]) + self.limits[0]

    def lines(self, segments, gid, **look):
        """Draw lines between values."""
        if len(segments):
            self.ax.add_collection(LineCollection(segments, capstyle="butt", gid=gid, **look), autolim=False)

    def write(self, x, y, text, look, *, align, gid):
        """Write at millimetres of the panel, centred on ``y`` by the height of the capitals."""
        at = self.value([x, y - style.CAP * look[0] / style.PT_PER_MM])
        write_on(self.ax, *at, text, look, align=align, gid=gid, zorder=6)


def _points(rows):
    return rows[["placebo_estimate", "treatment_estimate"]].to_numpy(float)


def _look(trials):
    """Return shape and colour of every trial."""
    grouped = trials["group"].ne("").any()
    return [style.GROUPS[look] if grouped else ("circle", style.TRIAL) for look in trials["look"]]


def _reach(trials, size):
    """Return how far the marks reach from their centres, in millimetres."""
    return np.array([REACH[name] for name, _ in _look(trials)]) * np.sqrt(size) / style.PT_PER_MM


def _boxes(plane, trials, total, size):
    """Return the boxes of all marks in millimetres: (left, right, bottom, top)."""
    x, y = plane.mm(_points(trials)).T
    reach = _reach(trials, size)
    boxes = np.column_stack([x - reach, x + reach, y - reach, y + reach])
    x, y = plane.mm([total["placebo_estimate"], total["treatment_estimate"]])
    reach = REACH["diamond"] * np.sqrt(style.POOLED_PT2) / style.PT_PER_MM + 0.3
    return np.vstack([boxes, [x - reach, x + reach, y - reach, y + reach]])


def _draw_backdrop(plane, zone, corners):
    """Draw band, lines of no change and line of no difference; the words in the corners stay clear of lines."""
    low, high = plane.limits
    if zone:
        ends = [(low, low + zone[0]), (low, low + zone[1]), (high, high + zone[1]), (high, high + zone[0])]
        band = PolyCollection([ends], facecolor=style.ZONE, edgecolor="none", zorder=0, gid="labbe-zone")
        plane.ax.add_collection(band, autolim=False)
    across, up = [(low, 0.0), (high, 0.0)], [(0.0, low), (0.0, high)]
    for (align, _), box in corners:
        left, right, bottom, top = plane.value(np.array(box) + [-0.8, 0.8, -0.8, 0.8])
        if align == "left" and bottom < 0 < top:
            across[0] = right, 0.0
        if align == "right" and left < 0 < right:
            up[0] = 0.0, top
    thin = {"linewidths": style.RULE_PT}
    plane.lines([across, up], "labbe-zero", colors=style.CONNECTOR, zorder=0.5, **thin)
    plane.lines([[(low, low), (high, high)]], "labbe-identity", colors=style.INK, zorder=1, **thin)


def _draw_trials(ax, trials, size):
    """Draw the trials, the largest first."""
    order = np.argsort(-size, kind="stable")
    names, colours = zip(*_look(trials.iloc[order]), strict=True)
    hollow = trials["imputed"].to_numpy(bool)[order]
    markers(ax, _points(trials)[order], names, size[order], colours=colours, hollow=hollow, gid="labbe-trials")


def _draw_pooled(plane, row):
    """Draw the pooled means: a diamond on the cross of its intervals, with arrowheads where they leave the panel."""
    ends = {arm: (row[f"{arm}_low"], row[f"{arm}_high"]) for arm in ("placebo", "treatment")}
    x, y = row["placebo_estimate"], row["treatment_estimate"]
    inside = {arm: np.clip(pair, *plane.limits) for arm, pair in ends.items()}
    cross = [[(at, y) for at in inside["placebo"]], [(x, at) for at in inside["treatment"]]]
    plane.lines(cross, "labbe-cross-rim", colors=style.PAPER, linewidths=style.INTERVAL_PT + 1.2, zorder=4.9)
    plane.lines(cross, "labbe-cross", colors=style.INK, linewidths=style.INTERVAL_PT, zorder=5)
    look = {"colours": [style.INK], "hollow": [False]}
    markers(plane.ax, [(x, y)], ["diamond"], [style.POOLED_PT2], gid="labbe-pooled", zorder=5.1, **look)
    tips = []
    for arm, (low, high) in ends.items():
        for gone, at, way in (
            (low < plane.limits[0], plane.limits[0], -1),
            (high > plane.limits[1], plane.limits[1], 1),
        ):
            if gone:
                tips.append(_tip(plane, (at, y) if arm == "placebo" else (x, at), way, flat=arm == "placebo"))
    heads = PolyCollection(tips, facecolor=style.INK, edgecolor="none", zorder=5.2, gid="labbe-arrows")
    plane.ax.add_collection(heads, autolim=False)


def _tip(plane, at, way, *, flat):
    """Return the corners of an arrowhead at the edge of the panel."""
    size = style.ARROW_MM / plane.side * (plane.limits[1] - plane.limits[0])
    corners = np.array([(0.0, 0.0), (-size * way, 0.55 * size), (-size * way, -0.55 * size)])
    return corners[:, :: 1 if flat else -1] + np.asarray(at)


def write_axis(ax, page, limits, box):
    """Draw both axes on the page: rules, ticks and their labels, the same on either side."""
    left, top, side = box
    ticks, digits = round_ticks(*limits)
    at = (ticks - limits[0]) / (limits[1] - limits[0]) * side
    bottom = top + side
    rule(page, [[(left, bottom), (left + side, bottom)], [(left, top), (left, bottom)]], "axis-lines")
    marks = [[(left + x, bottom), (left + x, bottom + 1.0)] for x in at]
    rule(page, marks + [[(left - 1.0, bottom - x), (left, bottom - x)] for x in at], "axis-ticks")
    for i, (tick, x) in enumerate(zip(ticks, at, strict=True)):
        label = number(tick, digits)
        write(page, left + x, bottom + 3.0, label, style.CAPTION, align="center", gid=f"tick-x-{i}")
        write(page, left - 1.8, bottom - x, label, style.CAPTION, align="right", gid=f"tick-y-{i}")


def _write_names(plane, trials, total, size, taken):
    """Write the names of the most extreme trials where nothing else stands."""
    xy, reach = plane.mm(_points(trials)), _reach(trials, size)
    centre = plane.mm([total["placebo_estimate"], total["treatment_estimate"]])
    away = np.hypot(*(xy - centre).T)
    named = [i for i in np.argsort(-away, kind="stable") if trials["labelled"].iloc[i]]
    names = trials["name"].iloc[named].tolist()
    edges = 0.6, plane.side - 0.6
    cross = [plane.mm([total[f"{arm}_low"], total[f"{arm}_high"]]) for arm in ("placebo", "treatment")]
    places = place_names(
        names,
        xy[named],
        reach[named],
        frame=(*edges, *edges),
        taken=taken,
        avoid=(_on_the_line, _on_lines(plane.mm(0.0), plane.mm(0.0), 1.0), _on_cross(centre, *cross)),
        outwards=(xy - centre)[named],
    )
    leaders = []
    for i, name, box in zip(named, names, places, strict=True):
        if box is not None:
            plane.write(box[0], (box[2] + box[3]) / 2, Said(name), style.NAME, align="left", gid=f"name-{i}")
            leaders.append(leader(box, xy[i], reach[i]))
    ends = [plane.value(np.array(line)) for line in leaders if line is not None]
    plane.lines(ends, "labbe-leaders", colors=style.MUTED, linewidths=style.HAIR_PT, zorder=2.5)


def _corner_words(side, taken):
    """Return what the two sides of the line mean, where the corner is free: ((alignment, text), box)."""
    tall, found = line_height(style.NOTE_PT), []
    for text, align in zip(CORNERS, ("left", "right"), strict=True):
        wide = text_width(text, style.NOTE_PT)
        left = INSET if align == "left" else side - INSET - wide
        bottom = side - INSET - tall if align == "left" else INSET
        box = np.array([left, left + wide, bottom, bottom + tall])
        hit = (taken[:, 0] < box[1]) & (taken[:, 1] > box[0]) & (taken[:, 2] < box[3]) & (taken[:, 3] > box[2])
        if not hit.any() and wide < 0.6 * side:
            found.append(((align, text), box))
    return found


def _on_the_line(boxes):
    """Return the price of standing on the line of no difference."""
    return 2.5 * ((boxes[:, 0] < boxes[:, 3]) & (boxes[:, 1] > boxes[:, 2]))


def _on_lines(x, y, price):
    """Return the price of standing on an upright line at x or a level line at y."""
    return lambda box: price * (((box[:, 0] < x) & (box[:, 1] > x)) | ((box[:, 2] < y) & (box[:, 3] > y)))


def _on_cross(centre, across, up):
    """Return the price of standing on the intervals of the pooled means."""

    def price(box):
        level = (box[:, 2] < centre[1]) & (box[:, 3] > centre[1]) & (box[:, 0] < across[1]) & (box[:, 1] > across[0])
        upright = (box[:, 0] < centre[0]) & (box[:, 1] > centre[0]) & (box[:, 2] < up[1]) & (box[:, 3] > up[0])
        return 4.0 * (level | upright)

    return price
