"""A panel with two scales: where values stand in millimetres, what is drawn there, and the page around it.

A `PlaneSpec` is put on paper by `draw_plane`, as a `Spec` of rows by `draw`. Beside them stands what their figures
share: names beside marks, each nearest to its own and free of collisions (every place is tried, the least bad one is
taken), circles side by side along an axis, none upon another (a swarm as flat as its density allows), and single
studies as points, as funnel, radial and Q-Q plots have them.
"""

import heapq
import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

from analysis.measures import Measure
from analysis.models.results import t_quantile
from analysis.plots import _layout, _marks, _page
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._rows import source_of
from analysis.plots._theme import Said
from analysis.sentences import Wording
from analysis.text import number

CIRCLE_AREAS_PT2 = 10.0, 140.0  # least and largest area of the heaviest trial
CIRCLE_INK_SHARE = 0.036  # of the panel, for all markers together
END_MM = 1.2  # at the right of a panel, for half a tick label
EDGE_MM = 0.8  # kept free at the right of a panel at the margin: tick labels stand a little beyond it
UPRIGHT_MM = 2.4  # between the panel and the labels of the upright axis
DISTANCES = (0.5, 1.4, 2.6, 4.2, 6.2, 8.6)  # mm between a marker and its name
DIRECTIONS = np.radians(np.arange(0, 360, 15.0))
LEADER = 1.0  # mm: a name farther away gets a line to its marker
NEARER = 0.3  # mm by which a name is nearer to its own mark than to any other
CROWDED = 1.5  # mm: what it costs a name to be hardly nearer to its own mark than to another
GAP = 0.12  # mm between two circles
# square millimetres: circles that touch come out nearer by rounding, and would never find a place
TOUCH = 1e-9
USUAL_MM, LEAST_MM = 150.0, 80.0
FEWEST = 10  # studies for a look at asymmetry
MARK_AREAS_PT2 = 7.0, 22.0  # least and largest area of a mark
MARK_INK_SHARE = 0.03  # of the panel, for all marks together

# endings of columns that are read as units
UNITS = frozenset("mg g kg µg ml cm mm min h hours days weeks months years hz khz mhz nm mw ma pct percent".split())


@dataclass(frozen=True)
class Scale(_layout.Level):
    """Limits of an axis in the values that are drawn, and the measure that says how these are read."""

    limits: tuple
    measure: Measure = Measure("")  # noqa: RUF009 - frozen
    asked: bool = False


def null_of(measure):
    """Return where nothing differs on the scale of analysis; NaN for a measure without such a place."""
    return float(measure.inverse(measure.null))


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
        points = np.column_stack(np.broadcast_arrays(*(np.atleast_1d(np.asarray(each, float)) for each in (x, y))))
        return (points - self._low) / self._span * [self.width, self.height]

    def values(self, points):
        """Return millimetres, shape (n, 2), as values."""
        return np.asarray(points, float).reshape(-1, 2) / [self.width, self.height] * self._span + self._low

    @property
    def _low(self):
        return np.array([self.x.limits[0], self.y.limits[0]])

    @property
    def _span(self):
        return np.array([self.x.limits[1], self.y.limits[1]]) - self._low

    def lines(self, segments, gid, **look):
        """Draw lines between values."""
        _marks.lines(self.ax, segments, gid, **look)

    def areas(self, outlines, gid, colour, zorder=0.0):
        """Fill outlines given in values."""
        if len(outlines):
            look = {"facecolor": colour, "edgecolor": "none", "linewidth": 0, "zorder": zorder}
            _marks.add(self.ax, PolyCollection(outlines, **look), gid)

    def write(self, x, y, text, look, *, align, gid, over=False):
        """Write at millimetres of the panel, centred on ``y`` by the height of capitals; ``over`` marks and lines."""
        at = self.values([x, y])[0]
        down = style.CAP * look[0] / style.PT_PER_MM / self.height * (self.y.limits[1] - self.y.limits[0])
        upon = {"zorder": 6, "halo": style.HALO_PT} if over else {}
        _marks.write_on(self.ax, at[0], at[1] - down, text, look, align=align, gid=gid, **upon)

    def on(self, points, price):
        """Return what it costs a name to stand on a path through values."""
        return on_path(self.mm(*np.transpose(points)), price)


def plane_of_rows(ax, panel, mm_per_unit):
    """Return the Plane of a panel of rows, upright in millimetres of the page."""
    bottom, top = ax.get_ylim()
    width = mm_per_unit * (panel.limits[1] - panel.limits[0])
    return Plane(ax, panel, Scale((bottom, top)), width, bottom - top)


def size_of(ax):
    """Return width and height of axes in millimetres."""
    box = ax.get_window_extent()
    return box.width / ax.figure.dpi * _page.MM_PER_INCH, box.height / ax.figure.dpi * _page.MM_PER_INCH


def areas_of(weight, mm2, share=CIRCLE_INK_SHARE, bounds=CIRCLE_AREAS_PT2):
    """Return areas by weight in square points, down to a smallest one, that take their share of a panel together."""
    weight = np.asarray(weight, float)
    ink = share * mm2 * style.PT_PER_MM**2
    return _marks.weight_areas(weight, np.clip(ink / len(weight) * weight.max() / weight.mean(), *bounds))


def band(x, low, high):
    """Return the outline of a band between two curves."""
    x, low, high = (np.asarray(values, float) for values in (x, low, high))
    return np.column_stack([np.append(x, x[::-1]), np.append(high, low[::-1])])


def draw_axes(plane, *, upright=True):
    """Set round ticks on the lower and, if asked for, the left spine, whose labels have room."""
    _page.draw_axis(plane.ax, plane.x, plane.width)
    plane.ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    plane.ax.spines["bottom"].set_visible(True)
    if upright:
        set_upright(plane.ax, *plane.y.ticks(int(np.clip(plane.height / 7.0, 2, 7))))


def set_upright(ax, at, labels, colour=None):
    """Set ticks and labels of the left axis."""
    colour = colour or style.INK
    ax.set_yticks(at, labels, fontproperties=_layout.font(style.SMALL_PT), color=colour)
    ax.tick_params(axis="y", length=3, width=style.RULE_PT, color=colour, pad=2.5)
    ax.spines["left"].set(visible=True, linewidth=style.RULE_PT, color=style.INK)


def room_for(labels):
    """Return the width that labels of an upright axis need, with their ticks, in millimetres."""
    return max(_layout.text_width(label, style.SMALL_PT) for label in labels) + UPRIGHT_MM


@dataclass(frozen=True, eq=False)
class PlaneSpec:
    """A figure of one panel with two scales, which ``draw_plane`` puts on paper: what stands there, what is said of it.

    Attributes
    ----------
    name, kind : str
        Of the axes; of the figure, as its alternative text begins.
    rows : DataFrame
        The numbers behind every mark; ``extra`` rows follow that are told and not drawn.
    scales, titles : (level, upright)
    draws, key : function
        Draw everything inside a Plane; return the entries of its key.
    title : str
    footer : tuple of tuples
        The sentences of each paragraph.
    seen : tuple of str, or function
        Sentences for those who cannot see the figure; a function makes them of the names that had no room.
    said : tuple of str
        Sentences that follow the title in the caption.
    favours : (str, str) or None
        Directions of the axis of effects: the level one, or the ``upright`` one; None on planes without.
    left, right, height : float
        Millimetres beside the panel, and of it. Default: room for the ticks, for half a tick label, and a square.
    strip : float
        Millimetres between the panel and the titles above it.
    aside : (gid, text)
        What stands above the right end of the page.
    middle : float
        Where the level axis has its middle, in millimetres of the panel.
    down : float
        How far below the top of the panel a key begins that stands to its right; without, it is in lines below it.
    """

    name: str
    kind: str
    rows: pd.DataFrame
    scales: tuple
    titles: tuple
    draws: Any
    key: Any
    title: str
    footer: tuple
    seen: Any
    printed: dict
    said: tuple = ()
    in_words: str = ""
    extra: tuple = ()
    favours: tuple | None = None
    upright: bool = False
    left: float | None = None
    right: float = END_MM
    height: float | None = None
    strip: float = 0.0
    aside: tuple = ()
    middle: float | None = None
    down: float | None = None


def draw_plane(spec, width, ax=None):
    """Return the figure of a PlaneSpec; with ``ax`` its panel alone is drawn there, and the figure of these Axes."""
    if ax is not None:
        sides = size_of(ax)
        if spec.height is None:
            ax.set_box_aspect(1)
            sides = [min(sides)] * 2
        spec.draws(Plane(ax, *spec.scales, *sides))
        title_axes(ax, *spec.titles, spec.favours, upright=spec.upright)
        return ax.figure
    footer = paragraphs(*spec.footer)
    figure = _on_page(spec, footer, width)
    if unnamed := _page.unnamed_in(figure):
        footer = _page.with_unnamed(footer, unnamed)
        figure = _on_page(spec, footer, width)
    seen = spec.seen(unnamed) if callable(spec.seen) else spec.seen
    alt = words.sentences(spec.title if spec.title.startswith(spec.kind) else f"{spec.kind}: {spec.title}", *seen)
    rows = with_rows(spec.rows, *spec.extra, *({"kind": "footer", "name": line} for line in footer))
    lead = words.sentences(spec.title, *spec.said)
    figure.content = _page.FigureContent(rows, spec.title, lead, alt, spec.in_words, spec.printed, footer=tuple(footer))
    return figure


def _on_page(spec, footer, width):
    """Return a new page: title, titles of the axes, panel, key, footer."""
    pitch, inner, across = _layout.line_height(style.SMALL_PT), width - 2 * style.MARGIN, []
    left = room_for(spec.scales[1].ticks()[1]) if spec.left is None else spec.left
    wide, beside = inner - left - spec.right, spec.down is not None
    plane = Plane(None, *spec.scales, wide, spec.height or wide)
    # the directions of an upright axis of effects stand above the panel
    favours = () if spec.upright else spec.favours or ()
    level = _layout.Panel(spec.name, (), (), plane.x.limits, spec.titles[:1], favours, asked=True)
    if spec.favours is None or spec.upright:
        across = (_layout.wrap_evenly, wide) if spec.middle is None else (_layout.wrap, inner)
        across = across[0](level.title, across[1], style.SMALL_PT)
    titles, rights, first = _lines_above(spec, inner)
    head = max(len(titles), first + len(rights)) * pitch + 1.6 + spec.strip
    axis = _page.TICKS_MM + len(across) * pitch + 0.4 if across else _page.axis_height([level], {spec.name: wide})
    end = plane.height + axis
    with style.rc_of(style.RC):
        room = spec.right - style.PANEL_GAP if beside else inner
        placed, tall = _marks.lay_key(spec.key(plane), room, stacked=beside)
        body = max(end, spec.down + tall) if beside else end + (tall + _page.KEY_ABOVE_MM if placed else 0.0)
        framing = _page.frame(spec.title, footer, width, head + body)
        figure, page = _page.framed_page(framing)
        x, y, edge = style.MARGIN + left, framing.top + head, width - style.MARGIN - spec.right
        ax = _page.inset(figure, page, (x, edge, y, y + plane.height), spec.name)
        corner = (edge + style.PANEL_GAP, y + spec.down) if beside else (style.MARGIN, y + end + _page.KEY_ABOVE_MM)
        _marks.draw_key(page, placed, *corner)
        spec.draws(replace(plane, ax=ax))
        gid, at, look = "directions", edge, style.QUIET_CAPTION
        if spec.aside:
            gid, at, look = spec.aside[0], width - style.MARGIN, style.CAPTION
        for i, line in enumerate(titles):
            middle = framing.top + (i + 0.5) * pitch
            _marks.write(page, style.MARGIN, middle, line, style.CAPTION, gid=_numbered("title-y", i))
        for i, line in enumerate(rights):
            middle = framing.top + (first + i + 0.5) * pitch
            _marks.write(page, at, middle, line, look, align="right", gid=_numbered(gid, i))
        y += plane.height + _page.TICKS_MM
        if not across:
            _page.write_captions(page, level, x, edge, y)
        # a title that is longer than its axis keeps to the page
        least = style.MARGIN + max((_layout.text_width(line, style.SMALL_PT) for line in across), default=0.0) / 2
        at = (x + edge) / 2 if spec.middle is None else max(x + spec.middle, least)
        for i, line in enumerate(across):
            middle = y + (i + 0.5) * pitch
            _marks.write(page, at, middle, line, style.CAPTION, align="center", gid=_numbered("title-x", i))
    return figure


def _numbered(gid, i):
    return f"{gid}-{i}" if i else gid


def _lines_above(spec, width):
    """Return the lines of the upright title, what stands at the right of them, and the line where this begins.

    It ends the last line of the title where there is room, or else has lines of its own.
    """
    titles, favours = _layout.wrap(spec.titles[1], width, style.SMALL_PT), spec.upright and spec.favours
    room, apart = width - _layout.text_width(titles[-1], style.SMALL_PT) - style.GAP, [*spec.aside[1:]]
    fitting = _layout.first_fitting(apart, room, style.SMALL_PT)
    if favours:
        fitting = _both_directions(favours, room, "↓ {}   ↑ {}")
        apart = [f"{arrow} {side}" for arrow, side in zip("↓↑", favours, strict=True)]
    if fitting:
        return titles, [fitting], len(titles) - 1
    return titles, [line for side in apart for line in _layout.wrap(side, width, style.SMALL_PT)], len(titles)


def title_axes(ax, x_title, y_title, favours=(), *, upright=False):
    """Title the axes of another figure; the directions stand below the title of the axis of effects."""
    sides = zip((_layout.titled(x_title), y_title), (ax.set_xlabel, ax.set_ylabel), size_of(ax), strict=True)
    for i, (title, set_title, room) in enumerate(sides):
        lines = [title]
        if favours and i == upright:
            # turned upright, the arrows point down and up
            fitting = _both_directions(favours, room, "← {}   {} →")
            lines += [fitting] if fitting else [f"← {favours[0]}", f"{favours[1]} →"]
        text = "\n".join(str(style.say(line)) for line in lines)
        set_title(text, fontproperties=_layout.font(style.SMALL_PT, text=text), color=style.INK)


def _both_directions(favours, room, pattern):
    """Return both directions in one line, shortened where there is little room; "" where there is none."""
    return _layout.first_fitting(
        [pattern.format(*pair) for pair in (favours, _layout.shortened(favours))], room, style.SMALL_PT
    )


def limits_that_fill(core, wide):
    """Return the ends of ``wide``, drawn in so that ``core`` fills at least 60 % of what is between them."""
    low, high = core
    # a third of the core on either side leaves it 1 / (1 + 2/3) = 60 %
    spare = (high - low) / 3
    return max(min(wide[0], low), low - spare), min(max(wide[1], high), high + spare)


def draw_tips(plane, low, high, y, gid, *, colour, zorder=4.0):
    """Put an arrowhead where level intervals leave the panel."""
    plane.areas(tips(plane, low, high, y), gid, colour, zorder=zorder)


def tips(plane, low, high, across, *, upright=False):
    """Return the arrowheads, in values, where intervals leave the panel; ``across`` is where they cross it."""
    edge, end = (plane.y.limits, plane.height) if upright else (plane.x.limits, plane.width)
    found, size = [], style.ARROW_MM
    for gone, x, way in ((np.less(low, edge[0]), 0.0, 1.0), (np.greater(high, edge[1]), end, -1.0)):
        at = np.atleast_1d(across)[np.atleast_1d(gone)]
        for y in plane.mm(at, at)[:, 0 if upright else 1]:
            tip = np.array([(x, y), (x + way * size, y + 0.5 * size), (x + way * size, y - 0.5 * size)])
            found.append(plane.values(tip[:, ::-1] if upright else tip))
    return found


def place_names(names, centres, radii, *, frame, marks=(), taken=(), avoid=(), outwards=None):
    """Return a box (left, right, bottom, top) for each name, nearer to its own mark than to any other, and free.

    Names come in order of importance, with the ``centres`` (millimetres, y upwards) and ``radii`` of their marks. One
    without such a place is left out, None, and so is one whose line would cross another. They stay inside the
    ``frame`` and off the boxes that are ``taken``; ``marks`` are the centres of all, and how far the farthest and the
    nearest of their edges are; those to ``avoid`` return what it costs, in millimetres, to stand in boxes (c, 4);
    ``outwards`` are directions in which the names should rather go.
    """
    marks, texts = np.reshape(marks, (-1, 4)).astype(float), list(np.reshape(taken, (-1, 4)).astype(float))
    covered = boxes_of(marks[:, :2], marks[:, 2])
    boxes, lines, tall = [], [], 0.78 * _layout.line_height(style.NOTE_PT)
    left, right, bottom, top = frame
    for i, name in enumerate(names):
        box, own, cost = _candidates(centres[i], radii[i], _layout.text_width(Said(name), style.NOTE_PT), tall)
        if outwards is not None:
            towards = outwards[i] / max(np.hypot(*outwards[i]), 1e-9)
            cost = cost - 0.5 * np.tile(towards @ [np.cos(DIRECTIONS), np.sin(DIRECTIONS)], len(DISTANCES))
        out = (box[:, 0] < left) | (box[:, 1] > right) | (box[:, 2] < bottom) | (box[:, 3] > top)
        out |= _touch(box, np.vstack([covered, *texts]), 0.35).any(axis=1)
        box, own, cost = box[~out], own[~out], cost[~out]
        here = np.hypot(*(marks[:, :2] - centres[i]).T) < TOUCH
        nearest = _gaps(box, marks[~here]).min(axis=1, initial=np.inf)
        own = own + radii[i] - marks[here, 3].min(initial=radii[i])
        cost = cost + CROWDED * own / np.maximum(nearest, own) + sum(price(box) for price in avoid)
        cost = np.where(nearest < own + NEARER, np.inf, cost)
        free = (j for j in np.argsort(cost, kind="stable") if np.isfinite(cost[j]))
        best = next((j for j in free if _uncrossed(box[j], centres[i], radii[i], texts, lines)), None)
        boxes.append(None if best is None else box[best])
        if best is not None:
            texts.append(box[best])
            lines += [each for each in [leader(box[best], centres[i], radii[i])] if each is not None]
    return boxes


def boxes_of(centre, reach):
    """Return the boxes of marks: (left, right, bottom, top)."""
    return np.column_stack([centre[:, k] + way * reach for k in (0, 1) for way in (-1, 1)])


def _gaps(boxes, marks):
    """Return how far boxes are from marks, shape (boxes, marks)."""
    away = [np.clip(marks[:, k], boxes[:, [2 * k]], boxes[:, [2 * k + 1]]) - marks[:, k] for k in (0, 1)]
    return np.hypot(*away) - marks[:, 2]


def _uncrossed(box, centre, radius, texts, lines):
    """Say whether neither an earlier line runs through a box nor its own line through earlier texts."""
    own = leader(box, centre, radius)
    through = any(on_path(line, 1.0)(box[None])[0] for line in lines)
    return not through and (own is None or not texts or not on_path(own, 1.0)(np.array(texts)).any())


def _candidates(centre, radius, wide, tall):
    """Return boxes all around a mark, how far they are from it, and what each costs: this, and a little if askew."""
    distance = np.repeat(DISTANCES, DIRECTIONS.size)
    angle = np.tile(DIRECTIONS, len(DISTANCES))
    across, up = np.cos(angle), np.sin(angle)
    x = centre[0] + (radius + distance) * across + np.clip(across * 4, -1, 1) * wide / 2
    y = centre[1] + (radius + distance) * up + np.clip(up * 2, -1, 1) * tall / 2
    boxes = np.column_stack([x - wide / 2, x + wide / 2, y - tall / 2, y + tall / 2])
    askew = np.minimum(np.abs(np.sin(2 * angle)), 1.0)
    return boxes, _gaps(boxes, np.array([[*centre, radius]]))[:, 0], distance + 0.4 * askew


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


def swarm(x, radius):
    """Return how far from the line each circle stands, in the unit of ``x`` and ``radius``.

    The circle that can stand nearest to the line comes next, of several such the largest, of equal ones the first
    from the left; above the line goes before below. The same circles always stand in the same places.
    """
    x, radius = np.asarray(x, float), np.asarray(radius, float)
    y, placed, taken = np.zeros(x.size), np.zeros(x.size, dtype=bool), np.zeros(x.size, dtype=bool)
    # rounded, so that circles of one size at one distance tie although their last digits differ
    sizes = (-radius.round(6)).tolist()
    waiting = [(0.0, *key) for key in zip(sizes, x.tolist(), range(x.size), strict=True)]
    heapq.heapify(waiting)
    while waiting:
        *_, i = heapq.heappop(waiting)
        # Others only push a circle outwards: when its turn comes it is soon enough to look for another place.
        if taken[i]:
            y[i], taken[i] = _nearest(x, radius, y, placed, i), False
            heapq.heappush(waiting, (round(abs(y[i]), 6), sizes[i], float(x[i]), i))
            continue
        placed[i] = True
        taken |= (x - x[i]) ** 2 + (y - y[i]) ** 2 < (radius + radius[i] + GAP) ** 2 - TOUCH
    return y


def _nearest(x, radius, y, placed, j):
    """Return the free place nearest to the line for circle j: on it, or touching one that stands already."""
    reach = radius + radius[j] + GAP
    near = np.flatnonzero(placed & (np.abs(x - x[j]) < reach))
    apart, least = (x[near] - x[j]) ** 2, reach[near] ** 2
    # where two circles of these radii touch: Pythagoras
    up = np.sqrt(least - apart)
    places = np.concatenate([[0.0], y[near] - up, y[near] + up])
    places = places[np.argsort(np.abs(places).round(9), kind="stable")]
    return places[(apart + (places[:, None] - y[near]) ** 2 >= least - TOUCH).all(axis=1)][0]


def least_height(x, radius):
    """Return how far a swarm reaches from the line at least: its circles lie side by side, so their area tells."""
    wide = 10.0 * radius.max()
    area = np.bincount(((x - x.min()) / wide).astype(int), np.pi * radius**2)
    return float(area.max() / (wide + 2.0 * radius.max()) / 2.0)


def height_of(y, radius):
    """Return how far a swarm reaches from the line, on either side."""
    return float(np.max(np.abs(y) + radius, initial=0.0))


@dataclass(frozen=True, eq=False)
class Studies:
    """A pooled effect, one row per study (study, label, imputed, its group if any) in its order, and its wording."""

    pooled: object
    rows: pd.DataFrame
    wording: Wording
    left_out: object

    @property
    def counted(self):
        """How many there are: "12 studies", or "52 effects of 36 studies"."""
        return self.wording.counted(self.pooled.k, self.rows["study"].nunique())

    @property
    def circles(self):
        """What the circles are, as a footer begins."""
        return f"One circle per {self.wording.noun}{hollow_words(self.rows)}"

    @property
    def has_null(self):
        """Whether there is an effect that means that nothing differs."""
        return bool(np.isfinite(null_of(self.wording.measure)))


def studies_of(results, what, *, measure=None, digits=None, by=None):
    """Return the Studies of a PooledEffect, of EffectSizes (pooled with the defaults) or of a PooledArms (contrast)."""
    source = source_of(results, by, to=what, measure=measure)
    pooled, trials = source.pooled, source.total.trials
    wording = with_digits(source.wording, digits, pooled.yi, pooled.vi)
    rows = pd.DataFrame({"study": trials["study"].astype(str), "name": trials["label"].astype(str)})
    rows["imputed"] = trials["status"].eq("imputed") if "status" in trials else False
    if by is not None or hasattr(results, "overall"):
        rows["group"] = source.members
    return Studies(pooled, rows, wording, source.left_out)


def imputed_in(result):
    """Which effects of a result have an imputed SD, found in order among its EffectSizes, which may hold more."""
    table = getattr(result.effects, "table", ())
    if "status" not in table:
        return np.zeros(len(result.yi), dtype=bool)
    rows = zip(table["yi"], table["vi"], table["status"].eq("imputed"), strict=True)
    pairs = zip(result.yi, result.vi, strict=True)
    return np.array([next((imputed for *own, imputed in rows if own == [*pair]), False) for pair in pairs])


def with_digits(wording, digits, yi, vi):
    """Return a wording with the decimals of a whole figure: those asked for, or those that suit its studies."""
    wording, half = wording.to(digits), 2 * np.sqrt(vi)
    return wording.to(wording.decimals(yi - half, yi + half, style.LEAST_DIGITS))


def axis_title(given, wording):
    """Return the title of an axis of effects: that of the wording, or a given one, which does not tell the scale."""
    return ", ".join(filter(None, (given, wording.measure.scale))) if given else wording.axis


def spelled(column):
    """Return the name of a column in words, its unit in brackets: "Dose (mg)" of "Dose_mg"."""
    *name, last = str(column).split("_")
    return f"{' '.join(name)} ({last})" if name and last in UNITS else " ".join([*name, last])


def in_unit(wording):
    """Return what stands behind a standard error: " in points", or " on the log scale"."""
    return wording.on_scale or (f" in {wording.points}" if wording.points else "")


def width_of(width_mm, what, ax=None, usual=USUAL_MM):
    """Return the width of the page in millimetres; axes of another figure have their own."""
    width = float(width_mm or usual)
    if width < LEAST_MM and ax is None:
        raise ValueError(f"width_mm is {number(width, 0)}; a {what} needs at least {number(LEAST_MM, 0)} mm")
    return width


def trial_rows(studies, **columns):
    """Return one row per study: who it is, its effect, and the columns given."""
    effects = {"estimate": studies.pooled.yi, "se": np.sqrt(studies.pooled.vi), "weight": studies.pooled.weights}
    rows = studies.rows.assign(kind="trial", **(effects | columns))
    rows["text_name"] = rows["name"]
    rows["text_estimate"] = [studies.wording.write(x) for x in rows["estimate"]]
    return rows[["kind", *(name for name in rows if name != "kind")]]


def total_row(studies):
    """Return the row of the pooled effect."""
    pooled, wording = studies.pooled, studies.wording
    row = {"kind": "total", "name": f"All {wording.nouns}", "imputed": False, "estimate": pooled.estimate}
    row |= {"se": pooled.se, "low": pooled.ci.low, "high": pooled.ci.high, "k": pooled.k}
    row |= {"confidence_level": pooled.confidence_level, "tau2": pooled.tau2, "i2": pooled.i2}
    return row | {"text_name": f"All {wording.nouns}, pooled", "text_estimate": wording.write(pooled.estimate)}


def with_rows(table, *extra):
    """Append rows given as dictionaries."""
    return pd.concat([table, pd.DataFrame(extra)], ignore_index=True)


def paragraphs(*parts):
    """Return the paragraphs of a footer, each of several sentences, without empty ones."""
    return [text for part in parts if (text := words.sentences(*part))]


def beyond_words(values, scale, noun):
    """Return what arrowheads at the edge of a panel are, where some are."""
    return "" if within(np.asarray(values, float), scale.limits).all() else f"; arrowhead: {noun} beyond the panel"


def hollow_words(rows):
    """Return what hollow marks are, where some are."""
    return ", hollow where an SD was imputed" if rows["imputed"].any() else ""


def named(rows, label, distance, outside=True):
    """Return the rows with their ``distance``, and which are ``labelled``: the farthest, or names or ids asked for.

    ``outside`` says which may be named without being asked for.
    """
    rows = rows.assign(distance=distance)
    if isinstance(label, int | np.integer):
        if label < 0 or isinstance(label, bool):
            raise ValueError(f"label is {label!r}; give how many are named, 0 or more, or their names")
        rank = rows["distance"].abs().where(np.broadcast_to(outside, len(rows))).rank(method="first", ascending=False)
        return rows.assign(labelled=rank <= label)
    wanted = {label} if isinstance(label, str) else set(label)
    ids = rows["study"] if "study" in rows else rows["name"]
    if unknown := sorted(wanted - set(ids) - set(rows["name"])):
        raise ValueError(f"label names {', '.join(map(repr, unknown))}, which this figure does not have")
    return rows.assign(labelled=ids.isin(wanted) | rows["name"].isin(wanted))


def critical(level):
    """Return the normal critical value of a two-sided level."""
    return float(t_quantile(np.inf, level))


def draw_trials(plane, at, imputed, gid, *, looks=None, rim=True, among=0):
    """Draw the studies, all of one size, and return how far they reach; in a dense row without white ``rim``.

    They are as large as ``among`` so many of the figure, if there are more.

    Those beside the panel are arrowheads at its edge.
    """
    at = np.asarray(at, float)
    area = np.full(len(at), mark_area(max(len(at), among), plane))
    looks = looks or [("circle", style.TRIAL)] * len(at)
    inside, hollow = within(at[:, 0], plane.x.limits), np.broadcast_to(imputed, len(at))
    shown = [look for look, here in zip(looks, inside, strict=True) if here]
    draw_marks(plane, at[inside], area[inside], gid, looks=shown, hollow=hollow[inside], rim=rim)
    draw_tips(plane, at[~inside, 0], at[~inside, 0], at[~inside, 1], f"{gid}-beyond", colour=style.TRIAL)
    return reach_of([name for name, _ in looks], area)


def within(values, limits):
    """Say which values lie between limits."""
    return (values >= limits[0]) & (values <= limits[1])


def draw_marks(plane, at, area, gid, *, looks=None, hollow=False, rim=True):
    """Draw marks of ``area`` square points at values, the largest first, with a white ``rim``; return their reach.

    That is how far the farthest and nearest of their edges are, in millimetres. ``looks`` are (shape, colour), by
    default the circles of trials.
    """
    looks, hollow = looks or [("circle", style.TRIAL)] * len(at), np.broadcast_to(np.asarray(hollow, bool), len(at))
    order = np.argsort(-area, kind="stable")
    xy, names, colours = np.asarray(at, float)[order], *zip(*(looks[i] for i in order), strict=True)
    if rim:
        _marks.markers(plane.ax, xy, names, area[order], colours=colours, hollow=hollow[order], gid=gid)
    else:
        _marks.rimless_circles(plane.ax, xy, area[0], colour=style.TRIAL, hollow=hollow[order], gid=gid)
    return reach_of([name for name, _ in looks], area)


def reach_of(shapes, area):
    """Return how far the farthest and nearest edges of marks are from their centres in millimetres, shape (n, 2)."""
    ends = np.array([(_marks.REACH[name], _marks.INRADIUS[name]) for name in shapes])
    return ends * np.sqrt(np.reshape(area, (-1, 1))) / style.PT_PER_MM


def mark_area(k, plane):
    """Return the area of each mark in square points: all alike, smaller where there are many."""
    ink = MARK_INK_SHARE * plane.width * plane.height * style.PT_PER_MM**2
    return float(np.clip(ink / k, *MARK_AREAS_PT2))


def trial_entries(rows, plane, noun):
    """Return the entries of the key for the studies, or for each group of them."""
    size, hollow = mark_area(len(rows), plane), rows["imputed"].to_numpy(bool)
    filled, empty = (~hollow).sum(), hollow.sum()
    entries = [(f"{noun} ({number(filled, 0)})", "circle", size, style.TRIAL)] if filled else []
    last = f"SD imputed ({number(empty, 0)})", style.TRIAL
    if "look" in rows:
        last, entries = ("hollow: SD imputed", style.MUTED), []
        for look, members in rows.groupby("look"):
            text = "other groups" if members["group"].nunique() > 1 else members["group"].iloc[0]
            shape, colour = style.GROUPS[int(look)]
            entries.append((f"{text} ({number(len(members), 0)})", shape, size, colour))
    hollow_entry = [_marks.marker_entry(last[0], "circle", size, last[1], hollow=True)] if empty else []
    return [_marks.marker_entry(*entry) for entry in entries] + hollow_entry


def write_names(plane, rows, at, reach, *, outwards, avoid=(), taken=()):
    """Write the names of the labelled rows beside their marks: those of crowded places first, then the farthest.

    ``at`` and ``reach`` are those of all marks, the rows first; ``outwards``, ``avoid`` and ``taken`` are for
    ``place_names``. What is left out is kept as ``unnamed`` of the axes.
    """
    crowd = rows["at_this_place"] if "at_this_place" in rows else np.ones(len(rows))
    order = np.lexsort([-rows["distance"].abs(), -np.asarray(crowd)])
    told = rows["labelled"].to_numpy(bool) & within(np.asarray(at, float)[: len(rows), 0], plane.x.limits)
    chosen = order[told[order]]
    centre = plane.mm(*np.transpose(at))
    own = rows["name"].iloc[chosen], centre[chosen], reach[chosen, 0]
    # free of the spines, which stand on the edges of the panel
    places = {"frame": (0.6, plane.width - 0.6, 0.6, plane.height - 0.6), "marks": np.column_stack([centre, reach])}
    places |= {"taken": taken, "avoid": avoid, "outwards": np.asarray(outwards, float)[chosen]}
    boxes, ends = place_names(*own, **places), []
    plane.ax.unnamed = [name for name, box in zip(own[0], boxes, strict=True) if box is None]
    for i, name, at_mm, radius, box in zip(rows.index[chosen], *own, boxes, strict=True):
        if box is not None:
            middle = (box[2] + box[3]) / 2
            plane.write(box[0], middle, Said(name), style.NAME, align="left", gid=f"name-{i}", over=True)
            ends.append(leader(box, at_mm, radius))
    ends = [plane.values(line) for line in ends if line is not None]
    plane.lines(ends, "name-leaders", colors=style.MUTED, linewidths=style.HAIR_PT, zorder=2.5)


def on_path(points, price):
    """Return what it costs a name to stand on a path through ``points``, in millimetres."""
    points = np.asarray(points, float).reshape(-1, 2)
    steps = [np.linspace(a, b, max(int(np.hypot(*(b - a))), 1) + 1) for a, b in itertools.pairwise(points)]
    # a path that was cut off may be left with one point or none
    x, y = np.vstack([points, *steps]).T

    def cost(boxes):
        inside = (boxes[:, :1] <= x) & (boxes[:, 1:2] >= x) & (boxes[:, 2:3] <= y) & (boxes[:, 3:] >= y)
        return price * inside.any(axis=1)

    return cost


def pooled_sentence(studies):
    """Return the pooled effect with its interval in words."""
    pooled, wording = studies.pooled, studies.wording
    whose = "Pooled" if pooled.k > 1 else f"The {wording.noun}'s"
    estimate = wording.estimate(pooled, unit=True, more=f"; {studies.counted}")
    return f"{whose} {wording.called}{':' * bool(wording.contrast)} {estimate}"


def lower(text):
    """Return a text that begins with a small letter, unless it is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def model_sentence(studies):
    """Return how the studies were pooled."""
    pooled = studies.pooled
    if pooled.k == 1:
        return f"One {studies.wording.noun}: nothing is pooled"
    return f"{words.model_name(pooled)}, interval by {words.REFERENCE.get(pooled.ci_method, pooled.ci_method)}"


def counted_effects(trials, wording):
    """Return how many effects of a table there are, and from where to where they go."""
    span = wording.span(trials["estimate"].min(), trials["estimate"].max())
    return f"{wording.counted(len(trials))}; effects from {span} {wording.points}".rstrip()


def outside_sentence(table, where, wording):
    """Return how many of the studies in a table lie ``where``, such as "outside the envelope"."""
    outside = table.loc[table["kind"] == "trial", "outside"].astype(bool)
    return lying(outside, where, of=f" of {wording.counted(len(outside))}")


def lying(which, where, of=None):
    """Return how many lie ``where``: "1 of 36 lies above the line"; ``of`` stands between number and verb."""
    of = f" of {number(len(which), 0)}" if of is None else of
    return f"{number(sum(which), 0)}{of} {'lies' if sum(which) == 1 else 'lie'} {where}"


def spread_sentence(studies):
    """Return tau and I2 in words, "" where they are not estimated or 0."""
    pooled = studies.pooled
    if not pooled.k > 1 or not pooled.tau2 > 0:
        return ""
    return f"τ {words.tau_words(pooled.tau, studies.wording)}, {words.i2_words(pooled)}"


def asymmetry_sentences(studies):
    """Return from how many studies on asymmetry can be judged, what it is not, and whether the measure makes it."""
    wording, k = studies.wording, studies.pooled.k
    few = f"With {wording.counted(k)}, fewer than {number(FEWEST, 0)}, asymmetry cannot be judged"
    asymmetry = (
        f"Asymmetry is not bias: true effects that go with the size of a {wording.noun}, weaker methods of small "
        f"{wording.nouns} and chance make a funnel asymmetric too (Sterne 2011, doi 10.1136/bmj.d4002)"
    )
    tied = (
        f"The standard error of {'an' if wording.measure.name[0] in 'aeiou' else 'a'} {wording.measure.name} depends "
        "on the effect itself, which alone can tilt the funnel"
    )
    return few * (k < FEWEST), asymmetry, tied * wording.measure.tied


def spread_model(studies):
    """Return how the studies were pooled, and how far their true effects differ."""
    return "; ".join(filter(None, [model_sentence(studies), spread_sentence(studies)]))


def looks_of_groups(rows):
    """Return the look of each row: the place of its group among the largest ones, the last for all others."""
    trials = rows[rows["kind"] == "trial"]
    counts = trials["group"].value_counts(sort=False)
    last = len(style.GROUPS) - 1
    largest = counts.sort_values(ascending=False, kind="stable").index[: last if len(counts) > last + 1 else last + 1]
    place = {name: i for i, name in enumerate(name for name in counts.index if name in set(largest))}
    return [
        place.get(group, last) if kind == "trial" else -1
        for group, kind in zip(rows["group"], rows["kind"], strict=True)
    ]


def other_groups_sentence(trials):
    """Return what the shape "other groups" holds, if there is one."""
    others = [set(members["group"]) for _, members in trials.groupby("look") if members["group"].nunique() > 1]
    return f"other groups: {', '.join(map(words.quoted, sorted(others[0])))}" if others else ""
