"""A panel with two scales: where values stand in millimetres, what is drawn there, and the page around it."""

from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.style import context as style_context

from analysis.plots import _style as style
from analysis.plots._axis import ratio_ticks, round_ticks
from analysis.plots._canvas import frame, framed_page, inset
from analysis.plots._key import draw_key, lay_key
from analysis.plots._measure import first_fitting, font, line_height, text_width
from analysis.plots._panel import draw_axis
from analysis.plots._write import write
from analysis.text import number

MM_PER_INCH = 25.4
AREAS_PT2 = 10.0, 140.0  # least and largest area of the heaviest trial
INK_SHARE = 0.036  # of the panel, for all markers together
TICK_MM = 5.6  # from the panel to the title of the level axis
EDGE_MM = 0.8  # kept free at the right of a panel at the margin: tick labels stand a little beyond it
UPRIGHT_MM = 2.4  # between the panel and the labels of the upright axis


@dataclass(frozen=True)
class Scale:
    """Limits of an axis in the values that are drawn, and whether these are logarithms of ratios."""

    limits: tuple
    ratio: bool = False

    def ticks(self, most=7):
        """Return round ticks and their labels."""
        if self.ratio:
            at, digits = ratio_ticks(*self.limits, most)
            return at, [number(x, d) for x, d in zip(np.exp(at), digits, strict=True)]
        at, digits = round_ticks(*self.limits, most)
        return at, [number(x, digits) for x in at]


@dataclass(frozen=True)
class Plane:
    """Axes of ``width`` by ``height`` mm with their scales."""

    ax: object
    x: Scale
    y: Scale
    width: float
    height: float

    def mm(self, x, y):
        """Return values as millimetres from the lower left corner, shape (n, 2)."""
        x, y = np.broadcast_arrays(np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float)))
        return np.column_stack([_share(x, self.x.limits) * self.width, _share(y, self.y.limits) * self.height])

    def values(self, points):
        """Return millimetres, shape (n, 2), as values."""
        points = np.asarray(points, float).reshape(-1, 2)
        ends = np.array([self.x.limits, self.y.limits])
        return points / [self.width, self.height] * (ends[:, 1] - ends[:, 0]) + ends[:, 0]

    def lines(self, segments, gid, **look):
        """Draw lines between values."""
        if len(segments):
            drawn = LineCollection(segments, capstyle="butt", **look)
            drawn.set(gid=gid, label=gid)
            self.ax.add_collection(drawn, autolim=False)

    def areas(self, outlines, gid, colour, zorder=0.0):
        """Fill outlines given in values."""
        if len(outlines):
            drawn = PolyCollection(outlines, facecolor=colour, edgecolor="none", linewidth=0, zorder=zorder)
            drawn.set(gid=gid, label=gid)
            self.ax.add_collection(drawn, autolim=False)

    def write(self, x, y, text, look, *, align, gid):
        """Write at millimetres of the panel, centred on ``y`` by the height of the capitals."""
        at = self.values([x, y])[0]
        down = style.CAP * look[0] / style.PT_PER_MM / self.height * (self.y.limits[1] - self.y.limits[0])
        # `write` moves the base line down by millimetres of a page; here the unit is that of the panel
        scale = style.CAP * look[0] / style.PT_PER_MM
        write(self.ax, at[0], at[1] - down - scale, text, look, align=align, gid=gid)


def _share(values, limits):
    return (values - limits[0]) / (limits[1] - limits[0])


def size_of(ax):
    """Return width and height of axes in millimetres."""
    box = ax.get_window_extent()
    return box.width / ax.figure.dpi * MM_PER_INCH, box.height / ax.figure.dpi * MM_PER_INCH


def areas_of(weight, mm2, largest=AREAS_PT2[1]):
    """Return the areas of trials' marks in square points: proportional to the weights, down to a smallest one."""
    weight = np.asarray(weight, float)
    fair = INK_SHARE * mm2 * style.PT_PER_MM**2 / len(weight)
    top = np.clip(fair * weight.max() / weight.mean(), AREAS_PT2[0], largest)
    return np.maximum(top * weight / weight.max(), style.SQUARE_MIN_PT**2)


def band(x, low, high):
    """Return the outline of a band between two curves."""
    x, low, high = (np.asarray(values, float) for values in (x, low, high))
    return np.column_stack([np.append(x, x[::-1]), np.append(high, low[::-1])])


def draw_axes(plane, *, upright=True):
    """Set round ticks on the lower and, if asked for, the left spine, whose labels have room."""
    draw_axis(plane.ax, _Level(plane.x.limits, plane.x.ratio), plane.width)
    plane.ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    plane.ax.spines["bottom"].set_visible(True)
    if upright:
        set_upright(plane.ax, *plane.y.ticks(int(np.clip(plane.height / 7.0, 2, 7))))


@dataclass(frozen=True)
class _Level:
    """What ``draw_axis`` needs to know of a panel."""

    limits: tuple
    ratio: bool


def set_upright(ax, at, labels, colour=None):
    """Set ticks and labels of the left axis."""
    colour = colour or style.INK
    ax.set_yticks(at, labels, fontproperties=font(style.SMALL_PT), color=colour)
    ax.tick_params(axis="y", length=3, width=style.RULE_PT, color=colour, pad=2.5)
    ax.spines["left"].set(visible=True, linewidth=style.RULE_PT, color=style.INK)


def room_for(labels):
    """Return the width that labels of an upright axis need, with their ticks, in millimetres."""
    return max(text_width(label, style.SMALL_PT) for label in labels) + UPRIGHT_MM


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page with one panel: the figure, its page, the plane, and the box of the panel in millimetres."""

    figure: object
    page: object
    plane: Plane
    left: float
    right: float
    top: float
    bottom: float


def sheet(title, footer, width, *, scales, label, entries, left=0.0, right=0.0, height=None, head=None, below=None):
    """Return a new page: title, panel, key in lines below it, footer.

    Parameters
    ----------
    title, footer, width
        As for ``frame``.
    scales : (Scale, Scale)
        Of the level and the upright axis.
    label : str
        Name of the axes.
    entries : list of Entry
        The key.
    left, right : float
        Millimetres that stand beside the panel within the margins.
    height : float
        Of the panel.
    head, below : float
        Millimetres above the panel, for the titles, and below it, for its ticks and title.
    """
    pitch = line_height(style.SMALL_PT)
    head = pitch + 1.6 if head is None else head
    below = TICK_MM + pitch + 0.4 if below is None else below
    with style_context(["default", style.RC]):
        placed, tall = lay_key(entries, width - 2 * style.MARGIN, stacked=False)
        tall = tall + 2.2 if placed else 0.0
        framing = frame(title, footer, width, head + height + below + tall)
        figure, page = framed_page(framing)
        top = framing.top + head
        box = style.MARGIN + left, width - style.MARGIN - right, top, top + height
        ax = inset(figure, page, box, label)
        draw_key(page, placed, style.MARGIN, top + height + below + 2.2)
    return Sheet(figure, page, Plane(ax, *scales, box[1] - box[0], height), *box)


def write_titles(on, x_title, y_title, directions=()):
    """Write the titles of both axes, the upright one above the panel, with the first of the directions that fits."""
    pitch = line_height(style.SMALL_PT)
    middle, below = (on.left + on.right) / 2, on.bottom + TICK_MM + pitch / 2
    write(on.page, middle, below, x_title, style.CAPTION, align="center", gid="title-x")
    y = on.top - 1.6 - pitch / 2
    write(on.page, style.MARGIN, y, y_title, style.CAPTION, gid="title-y")
    room = on.right - style.MARGIN - text_width(y_title, style.SMALL_PT) - style.GAP
    fitting = first_fitting(directions, room, style.SMALL_PT)
    write(on.page, on.right, y, fitting, style.QUIET_CAPTION, align="right", gid="directions")


def title_axes(ax, x_title, y_title):
    """Title the axes of another figure."""
    x_title, y_title = style.say(x_title), style.say(y_title)
    ax.set_xlabel(x_title, fontproperties=font(style.SMALL_PT, text=x_title), color=style.INK)
    ax.set_ylabel(y_title, fontproperties=font(style.SMALL_PT, text=y_title), color=style.INK)


def limits_around(core, wide):
    """Return the ends of ``wide``, drawn in so that ``core`` fills at least 60 % of what is between them."""
    low, high = core
    spare = (high - low) / 3
    return max(min(wide[0], low), low - spare), min(max(wide[1], high), high + spare)


def draw_tips(plane, low, high, y, gid, *, colour, zorder=4.0):
    """Put an arrowhead where level intervals leave the panel."""
    edge, corners = plane.x.limits, []
    for gone, x, way in (
        (np.asarray(low, float) < edge[0], 0.0, 1.0),
        (np.asarray(high, float) > edge[1], plane.width, -1.0),
    ):
        for at in plane.mm(edge[0], np.asarray(y, float)[gone])[:, 1] if np.any(gone) else ():
            size = style.ARROW_MM
            tip = [(x, at), (x + way * size, at + 0.5 * size), (x + way * size, at - 0.5 * size)]
            corners.append(plane.values(tip))
    plane.areas(corners, gid, colour, zorder=zorder)
