"""Everything that is drawn on a page of rows, and its entry in the key.

The page is one Axes in millimetres with y downwards; text and rules stand on it. Panels have the measured quantity on x
and millimetres of the page on y, so that heights on paper are exact. Marks are one collection per kind, drawn from the
table and named by ``gid``: segments, squares, diamonds, prediction intervals. A key says what they mean, in a column
beside a panel or in lines below it.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.patheffects import Stroke
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, IdentityTransform

from analysis.plots import _theme as style
from analysis.plots._fonts import UNKNOWN, family_list, spelled, unhinted, with_fallbacks
from analysis.plots._layout import font, line_height, text_width, wrap
from analysis.plots._look import PT_PER_MM
from analysis.plots._table import Rows
from analysis.plots._words import letter_of
from analysis.text import MINUS

ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_MISSING = WeakKeyDictionary()  # figure -> letters that no installed font has, and whether this was said
SYMBOL_MM = 4.4  # width of the symbols
BETWEEN_MM = 3.4  # between entries on one line
TEXT_GAP = 1.2
MM_PER_PT = 25.4 / 72
_TRIANGLE = np.array([(np.cos(a), np.sin(a)) for a in np.radians([90, 210, 330])]) * (16 / 27) ** 0.25
_TURN = {"triangle up": 0, "triangle down": 180, "triangle right": -90, "triangle left": 90}
REACH = {"circle": np.pi**-0.5, "square": 0.6, "diamond": 0.5**0.5, **dict.fromkeys(_TURN, (16 / 27) ** 0.25)}
INRADIUS = {"circle": np.pi**-0.5, "square": 0.5, "diamond": 0.5, **dict.fromkeys(_TURN, 27**-0.25)}
LEFT_TIP = Path([(0, 0), (1, 0.55), (1, -0.55), (0, 0)], [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY])
RIGHT_TIP = Path([(0, 0), (-1, 0.55), (-1, -0.55), (0, 0)], LEFT_TIP.codes)
DIAMOND_OFFSET = 1.55  # heights of diamonds over this move two of them apart by more than their height
FITTED_MM = 3.0  # height of the diamonds of fitted means, which show beside the squares upon them
DASHES = (0, (2.2, 1.1))
BAND_MM = 4.4  # height of a band that lies behind some rows alone
COLUMN_MARK = 1.2, 18.0  # of a mark before the text of a column: millimetres from its left, area in square points
NO_LINES = ("point", "density")  # rows that are marks, but no lines of the figure
# the tone of a letter that is given without one; other letters are "some"
TONES = {"+": "good", "?": "some", "-": "bad", MINUS: "bad", "!": "bad", "": "none"}


def write(page, x, y, text, look, *, align="left", gid=None, halo=0.0):
    """Write one line of text centred on ``y`` by the height of its capitals, so that all rows stand alike."""
    write_on(page, x, y + style.CAP * look[0] / PT_PER_MM, text, look, align=align, gid=gid, halo=halo)


class _Line(Text):
    """One level line of text that is written to SVG as it stands, without being laid out first."""

    whole = ""  # with the letters that no installed font has: a reader of the SVG may have one
    stand_in = ""  # what is drawn in their place elsewhere
    halo = None  # width in points and colour of a rim around the letters
    under = ()  # path effects while the rim is drawn

    def set_clip_path(self, path, transform=None):
        """Do nothing: lines are placed so that nothing needs to be cut off."""

    def get_path_effects(self):
        """Return the path effects; those of the rim do not make the line stale."""
        return self.under or super().get_path_effects()

    def get_window_extent(self, renderer=None, dpi=None):
        """Return the box of the line as its figure draws it."""
        with unhinted():
            return super().get_window_extent(renderer, dpi)

    def draw(self, renderer):
        """Draw the line."""
        if self.stand_in:
            say_missing(self.get_figure(root=True))
        renderer_svg = getattr(renderer, "_renderer", renderer)
        as_text = isinstance(renderer_svg, RendererSVG) and matplotlib.rcParams["svg.fonttype"] == "none"
        if not (as_text and self._is_plain()):
            if self.halo:  # of its own, below the letters, which stay text
                self.under = [Stroke(linewidth=self.halo[0], foreground=self.halo[1], joinstyle="round")]
                super().draw(renderer)
                self.under = []
            super().draw(renderer)
        elif self.get_visible():
            self._write_svg(renderer_svg)
            self.stale = False

    def _is_plain(self):
        bare = self.get_alpha() is None and self.get_bbox_patch() is None and not self.get_path_effects()
        return bare and not self.get_rotation() and self.get_va() == "baseline" and not self.get_url()

    def _write_svg(self, renderer):
        shown = self.get_text()
        x, y = self.get_transform().transform(self.get_position())
        look = self.get_fontproperties()
        place = {"x": _short(x), "y": _short(renderer.height - y), "font-size": _short(look.get_size_in_points())}
        anchor, weight = ANCHORS[self.get_ha()], look.get_weight()
        if anchor != "start":
            place["text-anchor"] = anchor
        if weight != "normal":
            place["font-weight"] = str(weight)
        families = tuple(look.get_family())
        if families != getattr(self.get_figure(root=True), "families", ()):
            place["font-family"] = family_list(families)
        if self.halo:
            wide, colour = self.halo
            place |= {"stroke": to_hex(colour), "stroke-width": _short(wide), "stroke-linejoin": "round"}
            place["paint-order"] = "stroke"
        place |= {"fill": _hex(self.get_color()), "id": self.get_gid()}
        renderer.writer.element("text", self.whole if shown == self.stand_in else shown, place)


def say_missing(figure, stacklevel=2):
    """Warn of missing letters, once for each figure."""
    letters, said = _MISSING.get(figure, (set(), []))
    if letters and not said:
        said.append(True)
        warnings.warn(missing_letters(figure), stacklevel=stacklevel)


def missing_letters(figure):
    """Return what a reader must know about letters that no installed font has, "" where there are none."""
    letters = _MISSING.get(figure, (set(), []))[0]
    if not letters:
        return ""
    return (
        f"No installed font has {spelled(letters)}: {UNKNOWN} stands there in PNG and PDF, and in the SVG where a "
        "reader has no such font either. Install one, such as Noto Sans for this script, and draw the figure again"
    )


def _hex(colour):
    return _hex_of(colour) if isinstance(colour, str) else to_hex(colour)


_hex_of = lru_cache(maxsize=64)(to_hex)  # every text asks


def _short(x):
    return f"{x:.2f}".rstrip("0").rstrip(".")


def write_on(ax, x, baseline, text, look, *, align="left", gid=None, zorder=3, halo=0.0):
    """Write one line of text with its base line at ``baseline``, in the values of any Axes, in a ``halo`` of paper."""
    if not text:
        return
    size, weight, colour = look
    text = str(style.say(text))
    look = {"color": colour, "fontproperties": font(size, weight, text), "parse_math": False}
    line = _Line(x, baseline, text, horizontalalignment=align, **look)
    # each by its own setter: a fifth of the time of an artist goes into sorting names of what is set
    line.set_transform(ax.transData)
    line.set_clip_on(False)
    line.set_zorder(zorder)
    line.set_gid(gid)
    line.halo = (halo, style.PAPER) if halo else None
    if not text.isascii():
        _note_missing(ax, line, weight)
    ax.add_artist(line)


def baseline(rows):
    """Return where the curve of a density stands, for every row: its middle where there is none."""
    y = rows["y_mm"]
    if "prediction_style" not in rows:
        return y
    return np.where(rows["prediction_style"] == "density", y + np.nan_to_num(rows["height_mm"]) / 2 - 0.9, y)


def _note_missing(page, line, weight):
    """Put a stand-in where no installed font has a letter, and remember it for a warning."""
    text = line.get_text()
    shown = with_stand_ins(page.get_figure(root=True), text, weight)
    if shown != text:
        line.whole, line.stand_in = text, shown
        line.set_text(shown)


def with_stand_ins(figure, text, weight="normal"):
    """Return a text with a stand-in for every letter that no installed font has; the figure remembers these."""
    missing = with_fallbacks(style.FONT, text, weight)[1]
    if missing:
        _MISSING.setdefault(figure, (set(), []))[0].update(missing)
    return text.translate(dict.fromkeys(map(ord, missing), UNKNOWN))


def write_block(page, lines, y, look, gid):
    """Write lines under one another from the left margin."""
    pitch = line_height(look[0])
    for i, line in enumerate(lines):
        write(page, style.MARGIN, y + (i + 0.5) * pitch, line, look, gid=f"{gid}-{i}")


def lines(ax, segments, gid, **options):
    """Draw horizontal or vertical lines with butt caps, cut at the edges of the panel."""
    if len(segments):
        add(ax, LineCollection(segments, capstyle="butt", **options), gid)


def add(ax, collection, gid):
    """Add a collection under its name."""
    collection.set(gid=gid, label=gid)
    ax.add_collection(collection, autolim=False)


def rule(page, segments, gid, *, width=None, colour=None, **look):
    """Draw level or upright rules, each given by its two ends."""
    width = style.RULE_PT if width is None else width
    lines(page, segments, gid, colors=colour or style.INK, linewidths=width, zorder=1, **look)


def horizontal(low, high, y):
    """Return horizontal segments."""
    return np.stack([np.column_stack([low, y]), np.column_stack([high, y])], axis=1)


def scatter(ax, x, y, gid, **options):
    """Draw markers under their name, if there are any, and return them."""
    return ax.scatter(x, y, gid=gid, label=gid, **options) if len(x) else None


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


def _draw_density(ax, panel, body, curve):
    """Draw the predictive density on the row of the prediction interval, the interval itself darker."""
    row = body.of_kind("prediction")
    x, density = curve.numbers("contrast_estimate", "density")
    bottom, tall = baseline(row)[0], row["height_mm"][0] - 1.8
    x, density = _cut(x, density, max(panel.limits[0], x[0]), min(panel.limits[1], x[-1]))
    y = bottom - tall * density / density.max()
    low, high = np.clip(row.numbers("contrast_low", "contrast_high")[:, 0], *panel.limits)
    areas = (x, y, style.CONNECTOR, "tails"), (*_cut(x, y, low, high), style.FAINT, "interval")
    for xs, ys, face, part in areas:
        outline = [*zip(xs, ys, strict=True), (xs[-1], bottom), (xs[0], bottom)]
        area = PolyCollection([outline], facecolor=face, edgecolor="none", zorder=1.6)
        add(ax, area, f"contrast-density-{part}")
    line = {"colors": style.INK, "linewidths": style.RULE_PT, "zorder": 1.8}
    add(ax, LineCollection([np.column_stack([x, y])], joinstyle="round", **line), "contrast-density")
    lines(ax, [[(x[0], bottom), (x[-1], bottom)]], "contrast-density-base", **line)


def _cut(x, y, low, high):
    """Return the part of a curve between two values of x."""
    kept = np.unique(np.concatenate([[low], x[(x > low) & (x < high)], [high]]))
    return kept, np.interp(kept, x, y)


def shape(name):
    """Return the outline of a marker of area 1, so that areas compare across shapes."""
    if name == "circle":
        return Path.unit_circle().transformed(Affine2D().scale(np.pi**-0.5))
    if name in ("square", "diamond"):
        corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
        return Path(Affine2D().rotate_deg(45 if name == "diamond" else 0).transform(corners), closed=True)
    corners = Affine2D().rotate_deg(_TURN[name]).transform(_TRIANGLE)
    return Path(np.vstack([corners, corners[:1]]), closed=True)


def markers(ax, xy, names, areas, *, colours, hollow, gid, zorder=3.0):
    """Draw markers of the given areas in square points: a white rim, the shape, and a white inside where hollow.

    One collection holds all of them, three entries a marker, so that a later marker covers an earlier one whole.
    """
    areas = np.asarray(areas, float)
    # points from centre to edge
    across = np.array([INRADIUS[name] for name in names]) * np.sqrt(areas)
    rim = areas * (1 + style.RIM_PT / across) ** 2
    faces = [face for colour in colours for face in (style.PAPER, colour, style.PAPER)]
    paths = [shape(name) for name in names for _ in range(3)]
    _layers(ax, paths, [rim, areas, _inside(areas, across, hollow)], xy, faces, gid=gid, zorder=zorder)


def rimless_circles(ax, xy, area, *, colour, hollow, gid):
    """Draw circles of one area without a white rim, so that in a dense row none covers its neighbours with white."""
    areas = np.full(len(xy), area)
    inside = _inside(areas, INRADIUS["circle"] * np.sqrt(areas), hollow)
    _layers(ax, [shape("circle")], [areas, inside], xy, [colour, style.PAPER] * len(xy), gid=gid)


def _inside(areas, across, hollow):
    """Return the areas of the white insides of hollow markers, 0 for the others."""
    # the smallest markers stay white up to a quarter of the way to the edge, or none of the white would be left
    return np.where(np.asarray(hollow, bool), areas * np.maximum(1 - style.RING_PT / across, 0.25) ** 2, 0.0)


def _layers(ax, paths, areas, xy, faces, *, gid, zorder=3.0):
    """Draw every marker in layers, one upon the other, whose ``areas`` in square points go from the lowest up."""
    offsets = np.repeat(np.asarray(xy, float).reshape(-1, 2), len(areas), axis=0)
    sizes = np.column_stack(areas).ravel()
    drawn = PathCollection(paths, sizes, offsets=offsets, offset_transform=ax.transData, facecolors=faces)
    drawn.set(transform=IdentityTransform(), linewidth=0, zorder=zorder, clip_on=False)
    drawn.hollow = bool(areas[-1].any())
    add(ax, drawn, gid)


@dataclass(frozen=True)
class Entry:
    """One entry of a key: ``draw(page, x, y)`` puts the symbol, centred at x, y; ``look`` is that of its text."""

    draw: object
    text: str
    own_look: tuple = ()
    new_line: bool = False
    size: float = 0.0  # diameter in millimetres of the circle as large as a marker, so that shapes stand evenly

    @property
    def symbol(self):
        """Width of the symbol in millimetres."""
        return max(SYMBOL_MM, self.size)

    @property
    def look(self):
        """Size, weight and colour of the text."""
        return self.own_look or style.CAPTION


def marker_entry(text, name, area, colour, *, hollow=False, gid="key", new_line=False):
    """Return the entry of a marker."""

    def draw(page, x, y):
        markers(page, [(x, y)], [name], [area], colours=[colour], hollow=[hollow], gid=gid)

    return Entry(draw, text, new_line=new_line, size=2 * (area / np.pi) ** 0.5 * MM_PER_PT)


def line_entry(text, *, gid="key-line", **options):
    """Return the entry of a line."""

    def draw(page, x, y):
        lines(page, [[(x - SYMBOL_MM / 2, y), (x + SYMBOL_MM / 2, y)]], gid, **options)

    return Entry(draw, text)


def area_entry(text, colour, *, gid="key-area"):
    """Return the entry of a shaded area."""

    def draw(page, x, y):
        half, tall = SYMBOL_MM / 2, 1.1
        corners = [[(x - half, y - tall), (x + half, y - tall), (x + half, y + tall), (x - half, y + tall)]]
        add(page, PolyCollection(corners, facecolor=colour, edgecolor="none"), gid)

    return Entry(draw, text)


def pooled_entry(text, *, gid="key-pooled"):
    """Return the entry of the pooled means: a diamond on the cross of its two intervals."""

    def draw(page, x, y):
        cross = [[(x - SYMBOL_MM / 2, y), (x + SYMBOL_MM / 2, y)], [(x, y - 1.7), (x, y + 1.7)]]
        lines(page, cross, f"{gid}-cross", colors=style.INK, linewidths=style.INTERVAL_PT)
        markers(page, [(x, y)], ["diamond"], [style.POOLED_PT2 / 2.5], colours=[style.INK], hollow=[False], gid=gid)

    return Entry(draw, text)


def lay_key(entries, width, *, stacked):
    """Return where the entries stand, as (entry, x, y, lines, width of the symbol), and the height of the key in mm.

    Parameters
    ----------
    entries : list of Entry
    width : float
        In millimetres; a text that is too long for it is wrapped.
    stacked : bool
        One entry below the other, as beside a panel; otherwise they follow one another along lines.
    """
    pitch = line_height(style.SMALL_PT)
    common = max((entry.symbol for entry in entries), default=SYMBOL_MM)
    rows, x = [], 0.0
    for entry in entries:
        symbol = common if stacked else entry.symbol
        text = wrap(entry.text, width - symbol - TEXT_GAP, entry.look[0])
        size = symbol + TEXT_GAP + max(text_width(line, entry.look[0]) for line in text)
        if not rows or stacked or entry.new_line or x + size > width:
            rows.append([])
            x = 0.0
        rows[-1].append((entry, x, text, symbol))
        x += size + BETWEEN_MM
    placed, y = [], 0.0
    for i, row in enumerate(rows):
        if i:
            y += (0.9 if stacked else 0.6) + (1.2 if stacked and row[0][0].new_line else 0.0)
        over = max(0.0, *((entry.size - pitch) / 2 for entry, *_ in row))  # of a marker taller than its line
        placed += [(entry, x, y + over + pitch / 2, text, symbol) for entry, x, text, symbol in row]
        y += over + max(max(len(text) for _, _, text, _ in row) * pitch, pitch + over)
    return placed, y


def draw_key(page, placed, left, top):
    """Draw a key laid out by ``lay_key`` with its upper left corner at ``left``, ``top``."""
    pitch = line_height(style.SMALL_PT)
    for i, (entry, x, y, text, symbol) in enumerate(placed):
        entry.draw(page, left + x + symbol / 2, top + y)
        for j, line in enumerate(text):
            at = left + x + symbol + TEXT_GAP
            write(page, at, top + y + j * pitch, line, entry.look, gid=f"key-text-{i}-{j}")


def draw_panel(ax, panel, table, mm_per_unit):
    """Draw everything of a panel; ``table`` has ``y_mm`` for its lines and for the circles of its bands."""
    every = Rows.of(table)
    rows = every[[kind not in NO_LINES for kind in every["kind"]]]
    _draw_backdrop(ax, panel, rows)
    if panel.connect:
        _draw_connectors(ax, panel, rows)
    arrow = style.ARROW_MM / mm_per_unit
    if "fitted_estimate" in rows:
        _draw_fitted(ax, panel, rows, arrow)
    for series in panel.series:
        own = _of_series(series, rows)
        _draw_intervals(ax, panel, series, own)
        _draw_diamonds(ax, panel, series, own, arrow)
        if series.key == "contrast":
            _draw_prediction(ax, panel, own, arrow)
        _draw_arrowheads(ax, panel, series, own)
    if panel.draws:
        panel.draws(ax, panel, table, mm_per_unit)
        return
    if len(points := every.of_kind("point")):
        _draw_points(ax, panel, points)
        _draw_predictions(ax, panel, finite(every, "prediction_low", "prediction_high"))
    curve = every.of_kind("density")
    if len(curve) and reaching(panel, curve["contrast_estimate"].min(), curve["contrast_estimate"].max()):
        _draw_density(ax, panel, rows, curve)


def _of_series(series, rows):
    return rows[rows["series"] == series.key] if "series" in rows else rows


def drawn_in(figure):
    """Return the names of all marks in a figure, "-hollow" added to the name of those of which some are hollow."""
    found = [mark for ax in figure.axes for mark in ax.collections if len(mark.get_paths())]
    return {f"{mark.get_gid()}{end}" for mark in found for end in ("", *["-hollow"] * getattr(mark, "hollow", False))}


def _draw_backdrop(ax, panel, rows):
    bottom, top = ax.get_ylim()
    if panel.zone and panel.zone[0] < panel.limits[1] and panel.zone[1] > panel.limits[0]:
        low, high = panel.zone
        # behind everything, or behind some rows alone
        spans = [(bottom, top)]
        if "banded" in rows:
            spans = [(y - BAND_MM / 2, y + BAND_MM / 2) for y in rows["y_mm"][rows["banded"].astype(bool)]]
        if low == high:
            ends = [[(low, bottom), (low, top)] for bottom, top in spans]
            look = {"colors": style.ZONE_TEXT, "linewidths": style.INTERVAL_PT, "linestyles": [DASHES], "zorder": 0.5}
            lines(ax, ends, f"{panel.name}-zone-line", **look)
        corners = [[(low, bottom), (low, top), (high, top), (high, bottom)] for bottom, top in spans]
        add(ax, PolyCollection(corners, facecolor=style.ZONE, edgecolor="none", zorder=0), f"{panel.name}-zone")
    if np.isfinite(panel.null):
        rule(ax, [[(panel.null, bottom), (panel.null, top)]], f"{panel.name}-null")
    total = (rows if panel.whole is None else Rows.of(panel.whole)).of_kind("total")
    if len(panel.series) == 1 and len(total):
        estimate = total[f"{panel.series[0].key}_estimate"][0]
        if panel.limits[0] <= estimate <= panel.limits[1]:
            # to the diamond, or through a page that it is not on
            end = min([*rows.of_kind("total")["y_mm"], bottom])
            down = [[(estimate, top), (estimate, end)]]
            look = {"colors": style.INK, "linewidths": 0.7, "linestyles": (0, (1, 1.6)), "zorder": 1}
            lines(ax, down, f"{panel.name}-pooled-line", **look)


def _draw_connectors(ax, panel, rows):
    first, second = (series.key for series in panel.series)
    trials = finite(rows.of_kind("trial"), f"{first}_estimate", f"{second}_estimate")
    segments = horizontal(trials[f"{first}_estimate"], trials[f"{second}_estimate"], trials["y_mm"])
    look = {"colors": style.CONNECTOR, "linewidths": style.CONNECTOR_PT, "zorder": 1.5}
    lines(ax, segments, f"{panel.name}-connectors", **look)


def finite(rows, *columns):
    """Return the rows in which all these columns are finite."""
    return rows[np.isfinite(rows.numbers(*columns)).all(axis=0)]


def inside(panel, values):
    """Say which values lie in a panel."""
    return (panel.limits[0] <= values) & (values <= panel.limits[1])


def reaching(panel, low, high):
    """Say which intervals reach into a panel."""
    return (low <= panel.limits[1]) & (high >= panel.limits[0])


def _draw_intervals(ax, panel, series, rows):
    """Draw the trials of a series: markers first, then the intervals across them."""
    names = _columns(series, rows, "estimate", "low", "high")
    trials = finite(rows.of_kind("trial"), names[0])
    if not len(trials):
        return
    estimate, low, high = trials.numbers(*names)
    y = trials["y_mm"] + series.offset
    imputed = trials[_columns(series, rows, "imputed")[0]].astype(bool)
    segments, reach = horizontal(*np.clip([low, high], *panel.limits), y), reaching(panel, low, high)
    # an interval runs across its square and behind other markers
    over = 4 if series.marker == "square" else 2
    look = {"colors": series.colour, "linewidths": style.INTERVAL_PT, "zorder": over}
    dash = imputed & (series.marker == "circle")
    style_of = [DASHES] if series.dashed else "solid"
    lines(ax, segments[reach & ~dash], f"{series.key}-intervals", linestyles=style_of, **look)
    lines(ax, segments[reach & dash], f"{series.key}-intervals-imputed", linestyles=[DASHES], **look)
    [weight], shown = trials.numbers("weight"), inside(panel, estimate)
    every = trials if panel.whole is None else _of_series(series, Rows.of(panel.whole)).of_kind("trial")
    most = style.SQUARE_MAX_PT**2 * (1.0 if series.marker == "square" else 0.81)
    areas = weight_areas(weight, most, np.fmax.reduce(every.numbers("weight")[0]))[shown]
    estimate, y, imputed = estimate[shown], y[shown], imputed[shown]
    if series.marker == "circle":
        size = style.CIRCLE_PT**2
        scatter(ax, estimate, y, f"{series.key}-markers", s=size, zorder=3, **circle_look(series))
    elif series.marker == "step":
        area = style.STEP_PT**2 / 2
        scatter(ax, estimate, y, f"{series.key}-markers", s=area, marker="D", c=series.colour, linewidth=0, zorder=3)
    elif series.marker == "square":
        _draw_squares(ax, series, estimate, y, areas, imputed)
    elif len(y):
        look = {"colours": [series.colour] * len(y), "hollow": imputed, "gid": f"{series.key}-markers"}
        markers(ax, np.column_stack([estimate, y]), [series.marker.removeprefix("area ")] * len(y), areas, **look)


def _columns(series, rows, *ends):
    """Return the columns of a series: its own, or those of the contrast where rows say which series they are of."""
    key = series.key if f"{series.key}_estimate" in rows else "contrast"
    return [f"{key}_{end}" for end in ends]


def circle_look(series):
    """Return how the circles of a series are filled and edged."""
    face = series.colour if series.filled else style.PAPER
    return {"facecolor": face, "edgecolor": series.colour, "linewidth": style.INTERVAL_PT, "marker": "o"}


def _draw_squares(ax, series, x, y, areas, imputed):
    """Draw squares; those of imputed trials get a white inside, so that the area stays that of the weight."""
    face = np.where(imputed, style.SQUARE_IMPUTED, style.SQUARE)
    square = {"marker": "s", "linewidth": 0}
    scatter(ax, x, y, f"{series.key}-markers", s=areas, c=list(face), zorder=3, **square)
    if imputed.any():
        inside = np.maximum(np.sqrt(areas[imputed]) - 1.5, 0.8) ** 2
        gid = f"{series.key}-markers-hollow"
        scatter(ax, x[imputed], y[imputed], gid, s=inside, c=style.PAPER, zorder=3.1, **square)


def weight_areas(weight, largest, heaviest=None):
    """Return areas in square points, proportional to the weights down to a smallest one that can still be seen."""
    return np.maximum(largest * weight / (weight.max() if heaviest is None else heaviest), style.SQUARE_MIN_PT**2)


def _draw_diamonds(ax, panel, series, rows, arrow):
    names = _columns(series, rows, "low", "estimate", "high")
    for kind, gid in (("subtotal", "subtotals"), ("total", "total"), ("model", "models")):
        found = finite(rows.of_kind(kind), *names)
        scale = 1.0 if series.marker == "circle" else 1.25
        half = scale * style.DIAMOND_MM[kind] / 2
        middle = found["y_mm"] + series.offset * (style.DIAMOND_MM[kind] / DIAMOND_OFFSET)
        ends = zip(found.numbers(*names).T, middle, strict=True)
        corners = [clipped_diamond(three, y, half, panel.limits, arrow) for three, y in ends]
        _fill_diamonds(ax, corners, f"{series.key}-{gid}", *_diamond_look(series, kind), zorder=3.5)


def _fill_diamonds(ax, corners, gid, face, edge, *, zorder):
    """Draw the diamonds of which something is left in the panel."""
    if corners := [each for each in corners if each]:
        look = {"facecolor": face, "edgecolor": edge, "linewidth": 0.8, "joinstyle": "miter", "zorder": zorder}
        add(ax, PolyCollection(corners, **look), gid)


def _diamond_look(series, kind):
    """Return face and edge of the diamonds of a series."""
    if series.marker not in ("square", "step") or series.colour != style.INTERVAL:
        return series.colour if series.filled else style.PAPER, series.colour
    return style.SQUARE if kind == "model" else style.DIAMOND, style.DIAMOND_EDGE


def _draw_fitted(ax, panel, rows, arrow):
    """Draw the mean that a regression fits to each trial, behind its square."""
    names = "fitted_low", "fitted_estimate", "fitted_high"
    found = finite(rows, *names)
    ends = zip(found.numbers(*names).T, found["y_mm"], strict=True)
    corners = [clipped_diamond(three, y, FITTED_MM / 2, panel.limits, arrow) for three, y in ends]
    _fill_diamonds(ax, corners, "contrast-fitted", style.CONNECTOR, style.FAINT, zorder=2)


def _draw_prediction(ax, panel, rows, arrow):
    """Draw the prediction interval as a bar or an open diamond; a curve is drawn by ``draw_density``."""
    found = finite(rows.of_kind("prediction"), "contrast_low", "contrast_high")
    looks = found.get("prediction_style", ["bar"] * len(found))
    low, high = found.numbers("contrast_low", "contrast_high")
    bars = np.array([look == "bar" for look in looks], dtype=bool) & reaching(panel, low, high)
    segments = horizontal(low.clip(*panel.limits), high.clip(*panel.limits), found["y_mm"])[bars]
    look = {"colors": style.PREDICTION, "linewidths": style.PREDICTION_PT, "zorder": 2}
    lines(ax, segments, "contrast-prediction", **look)
    if "diamond" in list(looks):
        middle, y = rows.of_kind("total")["contrast_estimate"][0], found["y_mm"][0]
        half = style.DIAMOND_MM["subtotal"] / 2
        corners = clipped_diamond((low[0], middle, high[0]), y, half, panel.limits, arrow)
        _fill_diamonds(ax, [corners], "contrast-prediction", style.PAPER, style.PREDICTION, zorder=2.5)


def _draw_arrowheads(ax, panel, series, rows):
    """Put an arrowhead where an interval, a diamond or the prediction interval leaves the panel."""
    names = _columns(series, rows, "low", "high")
    found = finite(rows, *names)
    if len(found):
        heights = np.array([style.DIAMOND_MM.get(kind, DIAMOND_OFFSET) for kind in found["kind"]])
        y = baseline(found) + series.offset * (heights / DIAMOND_OFFSET)
        _draw_tips(ax, panel, found.numbers(*names), y, series.key, series.colour)


def _draw_tips(ax, panel, ends, y, key, colour):
    """Draw the arrowheads of intervals that leave the panel."""
    (low, high), (floor, ceiling), size = ends, panel.limits, (2 * style.ARROW_MM * style.PT_PER_MM) ** 2
    for side, gone, x, tip in (("left", low < floor, floor, LEFT_TIP), ("right", high > ceiling, ceiling, RIGHT_TIP)):
        if gone.any():
            look = {"s": size, "marker": tip, "c": colour, "linewidth": 0, "zorder": 5, "clip_on": False}
            scatter(ax, np.full(gone.sum(), x), y[gone], f"{key}-arrows-{side}", **look)


def _draw_points(ax, panel, points):
    """Draw the circles of trials, hollow where an SD was imputed; an arrowhead stands for one beyond the panel."""
    estimate = points["contrast_estimate"]
    _draw_tips(ax, panel, (estimate, estimate), points["y_mm"], "points", style.TRIAL)
    points = points[inside(panel, estimate)]
    if not len(points):
        return
    xy = points.numbers("contrast_estimate", "y_mm").T
    hollow = points["contrast_imputed"].astype(bool)
    look = {"colours": [style.TRIAL] * len(points), "hollow": hollow, "gid": "points"}
    markers(ax, xy, ["circle"] * len(points), points["area_pt2"], **look)


def _draw_predictions(ax, panel, rows):
    """Draw the prediction intervals of bands as thin bars behind the diamonds."""
    low, high, y = rows.numbers("prediction_low", "prediction_high", "y_mm")
    ends = horizontal(low.clip(*panel.limits), high.clip(*panel.limits), y)[reaching(panel, low, high)]
    lines(ax, ends, "predictions", colors=style.PREDICTION, linewidths=style.INTERVAL_PT, zorder=2)
    _draw_tips(ax, panel, (low, high), y, "predictions", style.PREDICTION)


def draw_column_marks(page, placed, rows):
    """Draw the marks before the texts of a column."""
    looks, name, (across, area) = dict(placed.column.marks), placed.column.name, COLUMN_MARK
    rows = rows[[value in looks for value in rows[name]]]
    if len(rows):
        shapes, colours, hollow = zip(*(looks[value] for value in rows[name]), strict=True)
        xy = np.column_stack([np.full(len(rows), placed.left + across), rows["y_mm"]])
        markers(page, xy, shapes, [area] * len(rows), colours=colours, hollow=hollow, gid=f"marks-{name}")


def draw_letters(page, placed, rows):
    """Draw the lettered circles of a column under the middle of its heading, which begins at the left of it."""
    letters, gid = dict(placed.column.letters), f"symbols-{placed.column.values}"
    rows = rows[[value in letters for value in rows[placed.column.values]]]
    if not len(rows):
        return
    x = placed.left + text_width(placed.column.head, style.BODY_PT, "bold") / 2
    specs = [letters[value] for value in rows[placed.column.values]]
    tones = [TONES.get(spec, "some") if isinstance(spec, str) else spec[1] for spec in specs]
    fills, inks = zip(*(style.SYMBOLS.get(tone, (tone, style.INK)) for tone in tones), strict=True)
    size = (style.SYMBOL_MM * style.PT_PER_MM) ** 2
    scatter(page, [x] * len(rows), rows["y_mm"], gid, s=size, c=list(fills), marker="o", linewidth=0, zorder=2)
    for i, (y, spec, ink) in enumerate(zip(rows["y_mm"], specs, inks, strict=True)):
        write(page, x, y, letter_of(spec), (style.NOTE_PT, "bold", ink), align="center", gid=f"{gid}-{i}")
