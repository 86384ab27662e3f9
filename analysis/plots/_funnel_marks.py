"""The marks of a funnel plot: contours, limits, lines and trials."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb

from analysis.plots import _funnel_words as words
from analysis.plots import _style as style
from analysis.plots._key import SYMBOL_MM, Entry, line_entry
from analysis.plots._marks import DASHES
from analysis.plots._studies import draw_trials, on_path, trial_entries, write_names

DOTS = (0, (1, 1.6))
POOLED_PT = 0.8
STEPS = 240  # along curves, where precision is drawn


def draw_funnel(plane, table, yaxis):
    """Draw everything inside the panel, from the rows of the table."""
    contours = table[table["kind"] == "contour"]
    se = _errors(plane, yaxis)
    upright = _height(se, yaxis)
    shades = shades_of(len(contours))
    edges = []
    for (_, row), shade, z in zip(contours[::-1].iterrows(), shades[-2::-1], np.arange(len(contours)), strict=True):
        low, high = _curves(plane, row, se)
        outline = np.column_stack([np.append(low, high[::-1]), np.append(upright, upright[::-1])])
        plane.areas([outline], f"funnel-contour-{row['confidence_level']:g}", shade, zorder=0.01 * z)
        edges += [np.column_stack([low, upright]), np.column_stack([high, upright])]
    plane.lines(edges, "funnel-contour-edges", colors=style.FAINT, linewidths=style.HAIR_PT, zorder=0.5)
    _draw_lines(plane, table, se, yaxis)
    trials = table[table["kind"] == "trial"]
    at = np.column_stack([trials["estimate"], _height(trials["se"].to_numpy(float), yaxis)])
    boxes, reach = draw_trials(plane, *at.T, trials["imputed"], "funnel-trials")
    limits = table[table["kind"] == "limit"].iloc[0]
    paths = [plane.mm(side, upright) for side in _curves(plane, limits, se)]
    paths += [plane.mm(np.full(2, x), np.array(plane.y.limits)) for x in (0.0, limits["estimate"])]
    outwards = np.column_stack([np.sign(trials["distance"]), np.zeros(len(trials))])
    avoid = [on_path(path, 2.5) for path in paths]
    write_names(plane, trials, at, boxes, reach, outwards=outwards, avoid=avoid)


def _errors(plane, yaxis):
    """Return the standard errors at which curves are drawn, from the largest down."""
    if yaxis == "se":
        return np.array([max(plane.y.limits), 0.0])
    return 1.0 / np.geomspace(max(plane.y.limits) / 2000.0, max(plane.y.limits), STEPS)


def _height(se, yaxis):
    return se if yaxis == "se" else 1.0 / se


def _curves(plane, row, se):
    """Return both sides of a contour or limit, kept near the panel where they run far away."""
    low, high = plane.x.limits
    half = row["critical"] * se
    around = low - (high - low), high + (high - low)
    if len(se) > 2:
        return np.clip(row["estimate"] - half, *around), np.clip(row["estimate"] + half, *around)
    return row["estimate"] - half, row["estimate"] + half


def _draw_lines(plane, table, se, yaxis):
    """Draw no effect, the pooled effect and the limits around it."""
    ends = np.array(plane.y.limits)
    null = table[table["kind"] == "reference"].iloc[0]
    limit = table[table["kind"] == "limit"].iloc[0]
    across = [np.column_stack([np.full(2, row["estimate"]), ends]) for row in (null, limit)]
    plane.lines(across[:1], "funnel-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    look = {"colors": style.INK, "linewidths": POOLED_PT, "zorder": 1.2}
    plane.lines(across[1:], "funnel-pooled", linestyles=[DOTS], **look)
    sides = [np.column_stack([side, _height(se, yaxis)]) for side in _curves(plane, limit, se)]
    plane.lines(sides, "funnel-limits", linestyles=[DASHES], **look)


def shades_of(n):
    """Return the colours of the regions between n contours, from the innermost to that outside of all."""
    dark, light = np.array(to_rgb(style.CONNECTOR)), np.array(to_rgb(style.PAPER))
    return [to_hex(dark + (light - dark) * i / max(n, 1)) for i in range(n + 1)]


def key_of(table, mm2):
    """Return the entries of the key; ``mm2`` is the area of the panel."""
    trials, contours = table[table["kind"] == "trial"], table[table["kind"] == "contour"]
    limit = table[table["kind"] == "limit"].iloc[0]
    entries = trial_entries(trials, mm2)
    look = {"colors": style.INK, "linewidths": POOLED_PT}
    entries.append(line_entry("pooled", linestyles=[DOTS], **look))
    entries.append(line_entry(words.limit(limit["confidence_level"]), linestyles=[DASHES], **look))
    regions = words.regions(contours["confidence_level"].tolist(), trials["pvalue"])
    shades = shades_of(len(contours))[: len(regions)]
    return entries + [_swatch(*each, new_line=i == 0) for i, each in enumerate(zip(regions, shades, strict=True))]


def _swatch(text, shade, *, new_line):
    """Return the entry of a shaded region, outlined so that the white one shows too."""

    def draw(page, x, y):
        half, tall = SYMBOL_MM / 2, 1.2
        corners = [[(x - half, y - tall), (x + half, y - tall), (x + half, y + tall), (x - half, y + tall)]]
        look = {"facecolor": shade, "edgecolor": style.FAINT, "linewidth": style.HAIR_PT}
        page.add_collection(PolyCollection(corners, gid="key-contour", **look), autolim=False)

    return Entry(draw, text, new_line=new_line)
