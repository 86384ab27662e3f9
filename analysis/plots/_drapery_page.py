"""The page of the drapery plot: names above the panel, both upright axes, and the key below."""

import numpy as np
from matplotlib.style import context as style_context

from analysis.plots import _drapery_words as words
from analysis.plots import _style as style
from analysis.plots._canvas import frame, framed_page, inset
from analysis.plots._drapery_marks import (
    LEADER_MM,
    columns_of,
    draw_curtain,
    draw_names,
    key_of,
    place_names,
    set_levels,
)
from analysis.plots._key import draw_key, lay_key
from analysis.plots._layout import Panel
from analysis.plots._measure import line_height, text_width
from analysis.plots._panel import TICKS_MM, axis_height, draw_axis, write_captions
from analysis.plots._plane import Plane, Scale, room_for, size_of, title_axes
from analysis.plots._write import write
from analysis.pvalues import normal_statistic
from analysis.text import level

TALL = 0.58  # height of the panel over the width of the page
LEAST_TALL_MM = 62.0  # so that the labels of 0.05 and 0.01 stand apart
LABELLED = {"p": (1.0, 0.8, 0.6, 0.4, 0.2), "z": (1.0, 0.8, 0.6, 0.4, 0.2, 0.001)}
Y_TITLES = "p value", "Confidence level"


def height_of(p, scale):
    """Return the heights of p values on the upright axis."""
    return np.asarray(p, float) if scale == "p" else -normal_statistic(p)


def _limits(scale):
    return (0.0, 1.0) if scale == "p" else (float(height_of(0.001, scale)), 0.0)


def _upright(about, scale):
    """Return the heights of the p values of the curves, and the p values with labels."""
    p = columns_of(about.table)[2]
    shown = [*about.lines, *(each for each in LABELLED[scale] if each not in about.lines)]
    return height_of(p, scale), np.array(sorted(shown))


def draw_page(about, across, scale, favours, *, title, footer, width):
    """Return the figure: names above the panel, the axes around it, the key below."""
    y, shown = _upright(about, scale)
    left = room_for([words.p_text(each) for each in shown])
    right = max(text_width(level(1 - each), style.SMALL_PT) for each in shown) + 1.8
    inner = width - 2 * style.MARGIN - left - right
    pitch, height = line_height(style.SMALL_PT), max(TALL * width, LEAST_TALL_MM)
    panel = Panel("drapery", (), (), across.limits, (_caption(about),), favours=favours, ratio=across.ratio)
    with style_context(["default", style.RC]):
        names, x, places = _names(about, across, inner)
        strip = LEADER_MM + line_height(style.NOTE_PT) if any(place is not None for place in places) else 0.0
        head = pitch + 1.6 + strip
        below = axis_height([panel], {"drapery": inner})
        key, tall = lay_key(key_of(about), width - 2 * style.MARGIN, stacked=False)
        framing = frame(title, footer, width, head + height + below + 2.2 + tall)
        figure, page = framed_page(framing)
        top = framing.top + head
        box = style.MARGIN + left, width - style.MARGIN - right, top, top + height
        ax = inset(figure, page, box, "drapery")
        plane = Plane(ax, across, Scale(_limits(scale)), inner, height)
        written = [name for name, place in zip(names, places, strict=True) if place is not None]
        _fill(plane, about, (y, shown), scale, written)
        draw_names(plane, names, x, places)
        write(page, style.MARGIN, framing.top + pitch / 2, Y_TITLES[0], style.CAPTION, gid="title-y")
        edge = width - style.MARGIN
        write(page, edge, framing.top + pitch / 2, Y_TITLES[1], style.CAPTION, align="right", gid="title-level")
        write_captions(page, panel, box[0], box[1], box[3] + TICKS_MM)
        draw_key(page, key, style.MARGIN, box[3] + below + 2.2)
    return figure


def _caption(about):
    return about.x_label + (", log scale" if about.ratio else "")


def _names(about, across, width):
    """Return the names of trials, the millimetres of their tops and their places above the panel."""
    named = about.table[about.table["labelled"]]
    away = (named["estimate"] - about.pooled.estimate).abs()
    named = named.loc[away.sort_values(ascending=False, kind="stable").index]
    low, high = across.limits
    x = ((named["estimate"] - low) / (high - low) * width).tolist()
    names = named["name"].tolist()
    return names, x, place_names(names, x, width)


def _fill(plane, about, heights, scale, named):
    """Draw curves, lines and both axes."""
    y, shown = heights
    ax = plane.ax
    ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    draw_axis(ax, Panel("drapery", (), (), plane.x.limits, ("",), ratio=plane.x.ratio), plane.width)
    ax.spines["bottom"].set_visible(True)
    set_levels(plane, shown, height_of(shown, scale), about.lines)
    draw_curtain(plane, about.table, y, height_of(about.lines, scale), named)


def draw_into(ax, about, across, scale):
    """Draw the panel into axes of another figure."""
    y, shown = _upright(about, scale)
    plane = Plane(ax, across, Scale(_limits(scale)), *size_of(ax))
    _fill(plane, about, (y, shown), scale, ())
    title_axes(ax, _caption(about), Y_TITLES[0])
    return ax.figure
