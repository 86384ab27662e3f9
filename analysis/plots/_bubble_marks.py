"""The marks of the bubble plot along a moderator in numbers: bands, fitted mean, circles and names."""

import numpy as np

from analysis.plots import _style as style
from analysis.plots._key import REACH, area_entry, line_entry, marker_entry, markers
from analysis.plots._labels import leader, place_names
from analysis.plots._phrases import Said
from analysis.plots._plane import band
from analysis.text import level, percent

LINE_PT = 1.4
EDGE_PT = 0.5


def name_look():
    """Return the type of the trials' names."""
    return style.NOTE_PT, "normal", style.INK


def key_of(about, size):
    """Return the entries of the key."""
    at = level(about.fit.confidence_level)
    trials = about.along.trials
    entries = [line_entry("fitted mean", colors=style.MODEL, linewidths=LINE_PT)]
    entries.append(area_entry(f"{at} confidence limits", style.BAND_DARK))
    if np.isfinite(about.along.curve["pi_low"]).all():
        entries.append(area_entry(f"{at} prediction limits, new trial", style.BAND))
    i = int(np.argmax(size))
    sample = f"trial, area by weight; this is {percent(trials['weight'].iloc[i], 1)}"
    return [*entries, marker_entry(sample, "circle", size[i], style.TRIAL)]


def draw_along(plane, about, size):
    """Draw everything inside the panel."""
    along = about.along
    curve = {name: along.curve[name].to_numpy(float) for name in along.curve}
    x = curve["x"]
    for part, colour in (("pi", style.BAND), ("ci", style.BAND_DARK)):
        low, high = curve[f"{part}_low"], curve[f"{part}_high"]
        if np.isfinite(low).all():
            plane.areas([band(x, low, high)], f"bubble-{part}", colour, zorder=0.1 if part == "pi" else 0.2)
            edges = [np.column_stack([x, end]) for end in (low, high)]
            look = {"colors": style.BAND_DARK, "linewidths": EDGE_PT, "zorder": 0.15}
            plane.lines(edges, f"bubble-{part}-edges", **look)
    if plane.y.limits[0] < 0 < plane.y.limits[1]:
        zero = [[(plane.x.limits[0], 0.0), (plane.x.limits[1], 0.0)]]
        plane.lines(zero, "bubble-null", colors=style.INK, linewidths=style.RULE_PT, zorder=0.5)
    mean = np.column_stack([x, curve["estimate"]])
    draw_circles(plane, along.trials, along.trials[["x", "yi"]].to_numpy(float), size)
    plane.lines([mean], "bubble-mean-rim", colors=style.PAPER, linewidths=LINE_PT + 1.0, zorder=3.05)
    plane.lines([mean], "bubble-mean", colors=style.MODEL, linewidths=LINE_PT, zorder=3.1)
    line = plane.mm(x, curve["estimate"])
    fitted = plane.mm(along.trials["x"].to_numpy(float), along.trials["fitted"])
    edges = [plane.mm(x, curve[f"pi_{end}"]) for end in ("low", "high") if np.isfinite(curve["pi_low"]).all()]
    xy = plane.mm(along.trials["x"].to_numpy(float), along.trials["yi"])
    write_names(plane, about, xy, size, fitted, (line, *edges))


def draw_circles(plane, trials, points, size):
    """Draw the trials, the largest first, at ``points``."""
    order = np.argsort(-size, kind="stable")
    look = {"colours": [style.TRIAL] * len(order), "hollow": np.zeros(len(order), bool)}
    markers(plane.ax, points[order], ["circle"] * len(order), size[order], gid="bubble-trials", **look)


def write_names(plane, about, xy, size, fitted, lines):
    """Write the names of the trials that are to have one, where nothing else stands."""
    table = about.table[about.table["kind"] == "trial"]
    reach = REACH["circle"] * np.sqrt(size) / style.PT_PER_MM
    away = np.hypot(*(xy - fitted).T)
    named = [i for i in np.argsort(-away, kind="stable") if table["labelled"].iloc[i]]
    names = table["name"].iloc[named].tolist()
    taken = np.column_stack([xy[:, 0] - reach, xy[:, 0] + reach, xy[:, 1] - reach, xy[:, 1] + reach])
    places = place_names(
        names,
        xy[named],
        reach[named],
        frame=(0.6, plane.width - 0.6, 0.6, plane.height - 0.6),
        taken=taken,
        avoid=(*(_on_curve(line) for line in lines), _on_level(plane)),
        outwards=(xy - fitted)[named],
    )
    leaders = []
    for i, name, box in zip(named, names, places, strict=True):
        if box is not None:
            plane.write(box[0], (box[2] + box[3]) / 2, Said(name), name_look(), align="left", gid=f"name-{i}")
            leaders.append(leader(box, xy[i], reach[i]))
    ends = [plane.values(line) for line in leaders if line is not None]
    plane.lines(ends, "bubble-leaders", colors=style.MUTED, linewidths=style.HAIR_PT, zorder=2.5)


def _on_curve(line):
    """Return the price of standing on the fitted line, given as points in millimetres."""

    def price(box):
        inside = (line[:, 0] >= box[:, :1]) & (line[:, 0] <= box[:, 1:2])
        inside &= (line[:, 1] >= box[:, 2:3]) & (line[:, 1] <= box[:, 3:4])
        return 5.0 * inside.any(axis=1)

    return price


def _on_level(plane):
    """Return the price of standing on the null line."""
    y = plane.mm(plane.x.limits[0], 0.0)[0, 1]
    return lambda box: 1.5 * ((box[:, 2] < y) & (box[:, 3] > y))
