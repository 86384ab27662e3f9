"""The marks of the specification curve: one for each analysis, or bins of neighbours where there are thousands."""

from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from analysis.plots import _style as style
from analysis.plots._axis import round_ticks
from analysis.plots._canvas import inset
from analysis.plots._key import markers
from analysis.plots._measure import line_height, text_width
from analysis.plots._multiverse_rows import BETWEEN_MM, ROW_MM, share_name, took_option
from analysis.plots._multiverse_words import MEAN_HEAD, SHARE_HEAD, colours_of
from analysis.plots._write import rule, write
from analysis.text import number

SHARE_HEIGHT = 0.84  # of the row


@dataclass(frozen=True)
class Place:
    """Left edges of the options' text and of the panel, right edges of the panel and of both columns of numbers.

    ``n`` is the number of analyses; with no ``bins`` each has a mark of its own.
    """

    option: float
    left: float
    right: float
    mean: float
    edge: float
    n: int
    bins: int

    @property
    def width(self):
        return self.right - self.left

    @property
    def pitch(self):
        """Distance of two analyses in points."""
        return self.width / self.n * style.PT_PER_MM


def _add(ax, collection, gid):
    collection.set(gid=gid, label=gid)
    ax.add_collection(collection, autolim=False)


def draw_curve(figure, page, marks, usual, place, *, limits, ends, label):
    """Draw estimates and intervals, the zero line, the axis and the default analysis."""
    top, bottom = ends
    ax = inset(figure, page, (place.left, place.right, top, bottom), "curve")
    ax.set(xlim=(0, place.n), ylim=limits)
    _lines(ax, [[(0, 0), (place.n, 0)]], "curve-zero", colors=style.INK, linewidths=style.RULE_PT, zorder=2)
    (_draw_bands if place.bins else _draw_each)(ax, marks, place, limits)
    if len(usual):
        x, y, high = usual["rank"].iloc[0] + 0.5, usual["estimate"].iloc[0], usual["ci_high"].iloc[0]
        stem = [[(x, y if place.bins else min(high, limits[1])), (x, limits[1])]]
        _lines(ax, stem, "curve-default-line", colors=style.INK, linewidths=style.RULE_PT, zorder=4)
        look = {"colours": [style.INK], "hollow": [False]}
        markers(ax, [(x, y)], ["diamond"], [style.POOLED_PT2 / 2], gid="curve-default", zorder=5, **look)
        half = text_width(label, style.SMALL_PT) / 2
        at = np.clip(place.left + x / place.n * place.width, place.left + half, place.edge - half)
        write(page, at, top - 2.1, label, style.CAPTION, align="center", gid="default-label")
    _draw_axis(page, place, limits, top, bottom)


def _lines(ax, segments, gid, **look):
    _add(ax, LineCollection(segments, capstyle="butt", **look), gid)


def _draw_each(ax, ordered, place, limits):
    """Draw every analysis: its interval, and its estimate as a circle, open where the interval includes zero."""
    x = ordered["rank"].to_numpy(float) + 0.5
    low, high = (ordered[name].clip(*limits) for name in ("ci_low", "ci_high"))
    ends = np.stack([np.column_stack([x, low]), np.column_stack([x, high])], axis=1)
    colours = [colours_of()[finding] for finding in ordered["finding"]]
    wide = min(style.INTERVAL_PT, 0.55 * place.pitch)
    _lines(ax, ends, "curve-intervals", colors=colours, linewidths=wide, zorder=1)
    within = ordered["finding"] == "includes zero"
    edge = [style.MUTED if w else c for w, c in zip(within, colours, strict=True)]
    face = [style.PAPER if w and place.pitch >= 2.5 else e for w, e in zip(within, edge, strict=True)]
    size, rim = np.clip(0.9 * place.pitch, 1.5, style.CIRCLE_PT) ** 2, min(0.7, 0.3 * place.pitch)
    dots = ax.scatter(x, ordered["estimate"], s=size, c=face, edgecolors=edge, linewidths=rim, zorder=3)
    dots.set(gid="curve-estimates", label="curve-estimates")


def _draw_bands(ax, bins, place, limits):
    """Draw the bands of the intervals, and the curve through the first and last estimate of every bin."""
    edges = np.append(bins["rank"], place.n)
    for band, colour in zip(("reach", "inside"), style.REACH_BANDS, strict=True):
        low, high = (bins[f"{band}_{end}"].clip(*limits).to_numpy() for end in ("low", "high"))
        middle = bins["estimate"].clip(*limits).to_numpy()  # a band of no height where nothing is common
        low, high = np.where(np.isnan(low), middle, low), np.where(np.isnan(high), middle, high)
        _add(
            ax,
            PolyCollection([_steps(edges, low, high)], facecolor=colour, edgecolor="none", zorder=1),
            f"curve-{band}",
        )
    x = bins[["rank", "last_rank"]].to_numpy(float).ravel() + 0.5
    points = np.column_stack([x, bins[["estimate", "last_estimate"]].to_numpy().ravel()])
    _lines(ax, [points], "curve-estimates", colors=style.INK, linewidths=1.3, zorder=3)


def _steps(edges, bottom, top):
    """Return the outline of columns side by side."""
    x = np.repeat(edges, 2)[1:-1]
    upper, lower = np.repeat(top, 2), np.repeat(bottom, 2)
    return np.column_stack([np.append(x, x[::-1]), np.append(upper, lower[::-1])])


def _draw_axis(page, place, limits, top, bottom):
    """Draw the axis of the estimates left of the panel, and say what it shows."""
    ticks, digits = round_ticks(*limits)
    y = bottom - (ticks - limits[0]) / (limits[1] - limits[0]) * (bottom - top)
    rule(page, [[(place.left, top), (place.left, bottom)]], "axis-line")
    rule(page, [[(place.left - 1.0, at), (place.left, at)] for at in y], "axis-ticks")
    for i, (tick, at) in enumerate(zip(ticks, y, strict=True)):
        write(page, place.left - 1.8, at, number(tick, digits), style.CAPTION, align="right", gid=f"tick-{i}")
    wide = max(text_width(number(tick, digits), style.SMALL_PT) for tick in ticks)
    _write_side(page, place.left - wide - 4.0, top, bottom)


def _write_side(page, right, top, bottom):
    """Write what the axis shows, left of it: the measure, and which way is which."""
    pitch, middle = line_height(style.SMALL_PT), (top + bottom) / 2
    lines = ("Pooled difference,", "treatment minus", "placebo, points")
    for i, line in enumerate(lines):
        write(page, right, middle + (i - 1) * pitch, line, style.CAPTION, align="right", gid=f"axis-title-{i}")
    write(page, right, top + pitch / 2, "more pain ↑", style.QUIET_CAPTION, align="right", gid="axis-more")
    write(page, right, bottom - pitch / 2, "less pain ↓", style.QUIET_CAPTION, align="right", gid="axis-less")


def draw_options(figure, page, marks, usual, place, *, options, top):
    """Draw one row per option: a mark under every analysis that took it, or the share of each bin that did."""
    depth = options["y_mm"].iloc[-1] + ROW_MM / 2
    ax = inset(figure, page, (place.left, place.right, top, top + depth), "options")
    ax.set(xlim=(0, place.n), ylim=(depth, 0))
    (_draw_shares if place.bins else _draw_ticks)(ax, marks, options, place)
    if len(usual):
        x = usual["rank"].iloc[0] + 0.5
        look = {"colors": style.INK, "linewidths": style.RULE_PT, "linestyles": [(0, (2, 2))]}
        _lines(ax, [[(x, 0), (x, depth)]], "options-default-line", zorder=2, **look)
    _rule_off(page, options, place, top)
    _write_options(page, options, place, top)


def _draw_ticks(ax, ordered, options, place):
    took = [took_option(ordered, c, o).to_numpy() for c, o in zip(options["choice"], options["option"], strict=True)]
    row, at = np.nonzero(np.array(took))
    x, y = at + 0.5, options["y_mm"].to_numpy()[row]
    half = 0.36 * ROW_MM
    ends = np.stack([np.column_stack([x, y - half]), np.column_stack([x, y + half])], axis=1)
    colours = np.array([colours_of()[finding] for finding in ordered["finding"]])[at]
    _lines(ax, ends, "options-ticks", colors=list(colours), linewidths=min(1.6, 0.62 * place.pitch), zorder=1)


def _draw_shares(ax, bins, options, place):
    """Draw the shares as columns, stacked by what the interval says; the full height of a row is all of a bin."""
    edges, tall = np.append(bins["rank"], place.n), SHARE_HEIGHT * ROW_MM
    base = np.repeat((options["y_mm"] + tall / 2).to_numpy()[:, None], place.bins, axis=1)
    full = [_steps(edges, low, low - tall) for low in base]
    _add(ax, PolyCollection(full, facecolor=style.TRACK, edgecolor="none", zorder=0), "options-tracks")
    for finding, colour in colours_of().items():
        names = [share_name(c, o, finding) for c, o in zip(options["choice"], options["option"], strict=True)]
        up = base - tall * bins[names].to_numpy().T
        outlines = [_steps(edges, low, high) for low, high in zip(base, up, strict=True)]
        look = {"facecolor": colour, "edgecolor": "none", "linewidth": 0, "zorder": 1}
        _add(ax, PolyCollection(outlines, **look), f"options-{finding.replace(' ', '-')}")
        base = up


def _rule_off(page, options, place, top):
    """Draw a hairline above every choice."""
    y = top + options.loc[options["first"], "y_mm"].to_numpy()[1:] - (ROW_MM + BETWEEN_MM) / 2
    lines = [[(style.MARGIN, at), (place.edge, at)] for at in y]
    rule(page, lines, "choice-rules", width=style.HAIR_PT, colour=style.FAINT)


def _write_options(page, options, place, top):
    """Write the names of choices and options left of the rows, and the shares right of them."""
    for i, row in enumerate(options.to_dict("records")):
        y = top + row["y_mm"]
        write(page, style.MARGIN, y, row["text_choice"], style.HEAD, gid=f"choice-{i}")
        look = style.BODY_PT, "bold" if row["usual"] else "normal", style.INK
        write(page, place.option, y, row["text_option"], look, gid=f"option-{i}")
        share = style.BODY_PT, "bold" if row["kind"] == "total" else "normal", style.INK
        write(page, place.mean, y, row["text_mean"], share, align="right", gid=f"mean-{i}")
        write(page, place.edge, y, row["text_share"], share, align="right", gid=f"share-{i}")
    pitch = line_height(style.BODY_PT)
    for name, x, lines in (("mean", place.mean, MEAN_HEAD), ("share", place.edge, SHARE_HEAD)):
        for i, line in enumerate(reversed(lines)):
            write(page, x, top - 0.4 - (i + 0.5) * pitch, line, style.HEAD, align="right", gid=f"{name}-head-{i}")
