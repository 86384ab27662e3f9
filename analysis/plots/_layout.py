"""Where everything stands on the page, in millimetres, from measured text and without drawing it.

A figure is a sequence of tracks from left to right: text columns and panels. Columns are as wide as their
text; the panels share what is left, and the columns that find no room are dropped. Nothing is placed by eye, so nothing
overlaps for long names or large numbers. The limits and ticks of a panel are set by the trials, not by the widest
summary.
"""

import itertools
import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from analysis.measures import Measure
from analysis.plots import _theme as style
from analysis.plots._fonts import UNITS, UNKNOWN, simple_width, with_fallbacks
from analysis.plots._look import PT_PER_MM
from analysis.plots._table import Rows
from analysis.plots._theme import Said
from analysis.text import number

RELATIONS = ("=", "<", ">")
SAFETY = 1.02  # a program that shows an SVG may space letters otherwise by about one per cent
# columns that say where and how a row stands: its indent, how far above it a rule is, whether it stands below the
# panels, whether its words are those of the figure, which of its cells are bold, and whether all are muted
PLACED = ("kind", "group", "indent_mm", "rule_mm", "below", "worded", "bold", "quiet")
# of trials and claims: their words are those of the figure
INTERVAL_CELLS = ("text_low", "text_high", "text_whole", "text_verdict")
NARROW = 0.36  # of the width of both panels: neither gets less
PANEL_FLOOR = 28.0  # mm for a panel, on average
FLOOR_SHARE = 0.28  # of a narrow page, where this is less
PANEL_SHARE = {0: 0.0, 1: 0.30, 2: 0.34}  # of the width, for so many panels
TIGHT = 0.9  # of its share is enough for the panel where columns must go
SPARE = ("change",)  # which a page of the usual width does without
NAME_FLOOR = 13.0  # mm for names on several lines
PAD = 0.035  # of the span, at both ends
LEADING = (1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)  # digits of ticks on log scales
FEW_TICKS = 4
SHORT_LOG = math.log(4.0)  # from the lower to the upper end
STEPS = (1.0, 2.0, 2.5, 5.0)
CAP_WIDTHS = 3.0  # an interval this many times wider than the median one may leave the panel
LEAST_FILL = 0.6
LEAST_FILL_OF_TRIALS = 0.2  # where the pooled result is shown whole
LEAST_FILL_OF_POINTS = 0.4
WRAPPED = ("heading", "claim", "subhead")  # in a column of names with a share of the page
MARK_MM = 3.4  # from the left of a column to the text after its mark
KEY_MARK = 2.8  # mm of a mark in the key and the space before its name
KEY_GAPS = 2.5, 4.0  # least and most between two names of the key


def font(size, weight="normal", text=""):
    """Return the font of the figure at this size and weight, with what ``text`` needs beyond the usual letters."""
    return _font(with_fallbacks(style.FONT, text, weight)[0], size, weight)


@lru_cache(maxsize=256)
def _font(families, size, weight):
    return FontProperties(family=list(families), size=size, weight=weight)


def text_width(text, size, weight="normal"):
    """Return the width of one line of text in millimetres, in the language of the figure."""
    return _width(str(style.say(text)), size, weight, style.FONT) if text else 0.0


@lru_cache(maxsize=8192)
def _width(text, size, weight, families):
    width = simple_width(text, families[0], weight)
    if width is None:
        families, missing = with_fallbacks(families, text, weight)
        text = text.translate(dict.fromkeys(map(ord, missing), UNKNOWN))
        width, _, _ = text_to_path.get_text_width_height_descent(text, _font(families, UNITS, weight), False)
    return SAFETY * width * size / UNITS / PT_PER_MM


def line_height(size):
    """Return the distance between two base lines in millimetres."""
    return style.LINE * size / PT_PER_MM


def shortened(favours):
    """Return the last words of two directions that begin alike, "treatment" and "placebo"; others lose no word."""
    words = [side.split() for side in favours]
    return [side[-1] for side in words] if words[0][:-1] == words[1][:-1] else list(favours)


def wrap(text, width, size, weight="normal"):
    """Break a paragraph into lines no wider than ``width`` mm; a word that is too long is broken too."""
    lines, line = [], ""
    for word in _words(str(style.say(text))):
        trial = Said(f"{line} {word}" if line else word)
        if text_width(trial, size, weight) <= width:
            line = trial
            continue
        if line:
            lines.append(line)
        *full, line = _break_word(word, width, size, weight)
        lines.extend(full)
    return [*lines, line] if line else lines


def _words(text):
    """Return the words of a paragraph; "p = 0.03" and "p <0.001" count as one."""
    words = []
    for word in text.split(" "):
        if words and (word[:1] in RELATIONS or words[-1][-1:] == "="):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _break_word(word, width, size, weight):
    """Return the pieces of a word that fit on a line each (usually the word alone)."""
    pieces, piece = [], ""
    for letter in word:
        if piece and text_width(Said(piece + letter), size, weight) > width:
            pieces.append(Said(piece))
            piece = ""
        piece += letter
    return [*pieces, Said(piece)]


def first_fitting(texts, width, size, weight="normal"):
    """Return the first of the texts that is no wider than ``width`` mm, or an empty text."""
    return next((text for text in texts if text_width(text, size, weight) <= width), "")


def wrap_evenly(text, width, size, weight="normal"):
    """Break a paragraph into as few lines as ``wrap``, of lengths as even as possible."""
    lines = wrap(text, width, size, weight)
    while len(lines) > 1:
        narrower = wrap(text, width := width - 1.0, size, weight)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


@dataclass(frozen=True)
class Column:
    """A text column: ``cells`` are the table columns set side by side in it, decimals aligned.

    Columns of one ``name`` are dropped together; a shared ``span`` is a heading centred and ruled over them.
    ``whole`` names a table column whose text stands in place of the parts, ``tail`` one whose text follows
    in small type, ``before`` one that stands so in the indent, ``under`` one that stands so under it. ``letters`` are
    pairs of a value of the trials and its letter, drawn as circles in empty cells; ``marks`` pairs of a value and the
    shape, colour and hollowness of the mark before ``whole``. The heading takes so many ``lines``; ``below`` is that of
    the rows below the panels. ``room`` is the least and the most millimetres that a column takes. One of names with a
    ``share`` of the page is as wide where the panels leave it room; headings and claims wrap in it. One that ``wraps``
    has its texts on two lines before it is given up, as names have. ``said`` is what a figure that has the column says.
    """

    name: str
    head: str
    cells: tuple
    align: str = "right"
    span: str = ""
    whole: str = ""
    tail: str = ""
    muted: bool = False
    letters: tuple = ()
    before: str = ""
    marks: tuple = ()
    lines: int = 1
    below: str = ""
    share: float = 0.0
    under: str = ""
    room: tuple = (0.0, math.inf)
    wraps: bool = False
    said: str = ""

    @property
    def values(self):
        """The table column of the values that are drawn as letters."""
        return self.cells[0].removeprefix("text_symbol_")


@dataclass(frozen=True)
class Series:
    """Marks of one kind in a panel, from the table columns ``<key>_estimate``, ``_low`` and ``_high``."""

    key: str
    labels: tuple
    colour: str
    text_colour: str
    marker: str = "square"
    filled: bool = True
    offset: float = 0.0
    dashed: bool = False


class Level:
    """What a panel and a scale have in common: limits, a measure, and the options in force, if ``asked`` for them."""

    @property
    def null(self):
        """Where nothing differs, in the values that are drawn, or where it was asked for; NaN for no such place."""
        null = style.option("null") if self.asked else "measure"
        return float(self.measure.inverse(self.measure.null if null == "measure" else np.nan if null is None else null))

    def ticks(self, most=7):
        """Return the ticks asked for, or round ones, and their labels."""
        given = style.option("ticks") if self.asked else None
        if given is None:
            return labelled_ticks(self, most)
        digits = _decimals(given)
        digits = digits if self.measure.is_ratio else [max(digits)] * len(digits)
        return self.measure.inverse(given), [number(t, d) for t, d in zip(given, digits, strict=True)]


def titled(title):
    """Return the title of the level axis: that asked for, or the given one."""
    return title if style.option("xlabel") is None else style.option("xlabel")


def asked(scale):
    """Return a scale, or a panel, with which the common options have the last word: that of the level axis.

    The limits are those of ``xlim``, or wide enough for the ticks, the lines and the null line that were asked for.
    """
    scale, xlim, null = replace(scale, asked=True), style.option("xlim"), style.option("null")
    given = {"ticks": style.option("ticks") or (), "lines": [value for _, value in style.option("lines")]}
    given |= {"null": () if null in (None, "measure") else (null,)}
    places = [(name, value, _drawn_at(name, value, scale)) for name, values in given.items() for value in values]
    low, high = scale.limits if xlim is None else (_drawn_at("xlim", end, scale) for end in xlim)
    for name, value, at in places:
        if xlim is not None and not low <= at <= high:
            raise ValueError(f"{name} has {value:g}, which lies outside xlim, {xlim[0]:g} to {xlim[1]:g}")
    beyond = [at for *_, at in places if not low <= at <= high]
    pad = PAD * (high - low)
    return replace(scale, limits=(min([low, *(x - pad for x in beyond)]), max([high, *(x + pad for x in beyond)])))


def _drawn_at(name, value, scale):
    """Return where a value that people read stands on the axis."""
    at = float(scale.measure.inverse(value))
    if not math.isfinite(at):
        raise ValueError(f"{name} has {value:g}, which no {scale.measure.name} is")
    return at


@dataclass(frozen=True)
class Panel(Level):
    """A panel of marks on one axis, with everything that is written above and below it.

    Where texts are tuples, the first that fits the width of the panel is written. Without captions there is no axis.
    ``draws`` draws marks that no series has, from the table: it gets axes, panel, table and millimetres per unit. A
    panel with a ``share`` of the page keeps columns that another would have dropped. ``whole`` are all rows of a figure
    of which a page has some.
    """

    name: str
    heads: tuple
    series: tuple
    limits: tuple
    captions: tuple
    favours: tuple = ()
    zone: tuple = ()
    zone_labels: tuple = ()
    measure: Measure = Measure("")  # noqa: RUF009 - frozen
    connect: bool = False
    asked: bool = False
    draws: Any = None
    share: float = 0.0
    whole: Any = field(default=None, compare=False)

    @property
    def title(self):
        """The title of the axis: that asked for, or its own."""
        return titled(self.captions[0]) if self.asked else self.captions[0]


def body_of(table):
    """Return the rows that are lines of the figure."""
    return table[np.array([kind in style.BODY_KINDS for kind in table["kind"]], bool)]


def printed_rows(table):
    """Return the lines of the figure as dictionaries, with their texts and places alone."""
    body = body_of(Rows.of(table))
    return body.records([name for name in body if name.startswith("text_") or name in PLACED])


def label_indent(row):
    """Return the indent of a row's name, if none is stated: trials stand under the name of their group."""
    if "indent_mm" in row:
        return row["indent_mm"]
    return style.INDENT if row["kind"] == "trial" and row.get("group") else 0.0


def cell_text(row, cell):
    """Return the text of a cell; what comes from the data is not translated."""
    own = row["kind"] in ("trial", "claim") and cell not in INTERVAL_CELLS
    own = own or (row["kind"] in ("heading", "category") and cell == "text_name")
    return Said(row[cell]) if own and not row.get("worded", False) else row[cell]


def cell_look(row, cell, column):
    """Return size in points, weight and colour of a cell."""
    size, weight, colour = style.cell_style(row["kind"], column.muted or row.get("quiet", False))
    return size, "bold" if cell in row.get("bold", "") else weight, colour


def head_lines(column):
    """Return the heading of a column on one line, or on two that are as short as can be."""
    head = style.say(column.head)
    words = str(head).split(" ") if column.lines > 1 else []
    broken = [[Said(" ".join(words[:i])), Said(" ".join(words[i:]))] for i in range(1, len(words))]
    return min(broken, key=_widest, default=[head])


def _widest(heads):
    return max(text_width(line, style.BODY_PT, "bold") for line in heads)


def same_scale(panels):
    """Say whether a point is equally long in both panels."""
    spans = [panel.limits[1] - panel.limits[0] for panel in panels]
    return NARROW <= spans[0] / sum(spans) <= 1 - NARROW


def key_lines(panel, width):
    """Return the key of the marks of two arms as lines of (series, x, text): one, or some for each of long names."""
    if not panel.connect:
        return []
    wordings = list(zip(*(series.labels for series in panel.series), strict=True))
    for names in wordings:
        widths = [KEY_MARK + text_width(name, style.SMALL_PT) for name in names]
        room = (width - sum(widths)) / max(len(names) - 1, 1)
        if room >= KEY_GAPS[0]:
            starts = [0.0, *itertools.accumulate(each + min(KEY_GAPS[1], room) for each in widths)]
            return [list(zip(panel.series, starts, names, strict=False))]
    room = width - KEY_MARK
    fitting = (names for names in wordings if all(text_width(name, style.SMALL_PT) <= room for name in names))
    return [
        [(None if i else series, 0.0, line)]
        for series, name in zip(panel.series, next(fitting, wordings[-1]), strict=True)
        for i, line in enumerate(wrap(name, room, style.SMALL_PT))
    ]


@dataclass(frozen=True)
class _Placed:
    """A column with its edges and the right edge of each of its parts."""

    column: Column
    left: float
    right: float
    parts: tuple


@dataclass(frozen=True)
class _Layout:
    """Positions in millimetres, y downwards from the top of the page."""

    width: float
    columns: list
    panels: dict
    row_y: list
    top: float
    body_top: float
    body_bottom: float
    spans: dict
    names: list  # of every row, as lines
    wrapped: dict  # the same of columns that wrap
    bottom: float  # of everything, the axis included
    rows: object  # the table
    cells: list  # its lines as dictionaries

    def moved(self, by):
        """Return the same so many millimetres further down."""
        ends = {name: getattr(self, name) + by for name in ("top", "body_top", "body_bottom", "bottom")}
        return replace(self, row_y=[y + by for y in self.row_y], **ends)


def place(tracks, sizes, panel_widths, table, *, width, axis):
    """Return the _Layout: tracks from left to right, rows from 0 downwards, ``axis`` mm below the panels."""
    x, columns, panels = style.MARGIN, [], {}
    for track, following in zip(tracks, [*tracks[1:], None], strict=True):
        if isinstance(track, Panel):
            panels[track.name] = x, x + panel_widths[track.name]
            x += panel_widths[track.name]
        else:
            parts, size = sizes[track]
            columns.append(_Placed(track, x, x + size, _part_edges(track, x, parts, size)))
            x += size
        x += _gap_between(track, following) if following else 0.0
    own = [track for track in tracks if isinstance(track, Panel)]
    keys = [len(key_lines(panel, panel_widths[panel.name])) or bool(panel.zone_labels) for panel in own]
    more = (max(keys, default=0) - 1) * line_height(style.SMALL_PT)
    strip = style.STRIP_MM + more if any(keys) else style.BARE_STRIP_MM
    rows = printed_rows(table)
    names = _name_lines(tracks, sizes, panel_widths, rows)
    wrapped = {column: _cell_lines(column, sizes[column][1], rows) for column in sizes if column.wraps}
    most = (max(map(len, lines)) for lines in zip(names, *wrapped.values(), strict=True))
    more = [(lines - 1) * line_height(style.BODY_PT) for lines in most]
    row_y, beside, bottom = stacked(table, strip, more, 1.0 + axis)
    return _Layout(
        width, columns, panels, row_y, 0.0, strip, beside + 1.0, _spans(columns), names, wrapped, bottom, table, rows
    )


def _part_edges(column, left, parts, width):
    """Return the right edge of every part, the last one flush with the column, or the left edge of a single one."""
    if column.align == "left" and len(parts) == 1:
        return (left,)
    ends = list(itertools.accumulate(part + style.PART_GAP for part in parts))
    start = left if column.align == "left" else left + width + style.PART_GAP - ends[-1]
    return tuple(start + end - style.PART_GAP for end in ends)


def _gap_between(a, b):
    """Return the space between two neighbours."""
    return style.PANEL_GAP if isinstance(a, Panel) or isinstance(b, Panel) else style.GAP


def _name_lines(tracks, sizes, panel_widths, rows):
    """Return the lines of the name of every row: one, or several where it is too long for its column."""
    lead, lines = tracks[0], []
    for row in rows:
        name, (size, weight, _) = cell_text(row, "text_name"), cell_look(row, "text_name", lead)
        room = _room(row, tracks, sizes, panel_widths) + 1e-6
        if text_width(name, size, weight) + _beside_name(row, lead) <= room:
            lines.append([name])
            continue
        broken = wrap_evenly if row["kind"] == "claim" else wrap
        lines.append(broken(name, room - label_indent(row), size, weight))
        if text_width(lines[-1][-1], size, weight) + _beside_name(row, lead) > room:
            lines[-1] += [""] * len(tail_lines(row, lead, sizes[lead][1]))  # small type gets lines of its own
    return lines


def _cell_lines(column, width, rows):
    """Return the lines of the cell of every row in a column that wraps."""
    cells = ((cell_text(row, column.cells[0]), cell_look(row, column.cells[0], column)) for row in rows)
    return [wrap(text, width + 1e-6, *look[:2]) if text else [""] for text, look in cells]


def tail_lines(row, column, width):
    """Return what stands in small type after a name as lines no wider than the column of names."""
    return wrap(row[column.tail], width - label_indent(row), style.NOTE_PT)


def _room(row, tracks, sizes, panel_widths):
    """Return the width that the name of a row may take."""
    room = sizes[tracks[0]][1]
    for before, track in itertools.pairwise(tracks) if _may_run_on(row, tracks[0]) else ():
        if isinstance(track, Panel):
            if not row.get("below", False):
                return room + _beyond(row, track, tracks[0], panel_widths)
            room += panel_widths[track.name]
        elif row["kind"] == "subhead" or any(row[cell] for cell in (*track.cells, track.whole) if cell):
            return room
        else:
            room += sizes[track][1]
        room += _gap_between(before, track)
    return room


def _beyond(row, panel, lead, panel_widths):
    """Return how far a name may reach beyond its column: to the panel, or a heading that wraps, to its null line."""
    low, high = panel.limits
    if not (lead.share and row["kind"] == "heading" and low < panel.null < high):
        return style.PANEL_GAP - 1.0
    return style.PANEL_GAP + (panel.null - low) / (high - low) * panel_widths[panel.name] - style.GAP


def _may_run_on(row, column):
    """The name of a heading or a summary row may run on into empty cells to its right."""
    return column.cells == ("text_name",) and row["kind"] not in ("trial", "category")


def _beside_name(row, column):
    """Return the width of what stands before and after a name: its indent, and the text in small type."""
    tail = row[column.tail] if column.tail else ""
    return label_indent(row) + (style.TAIL_GAP + text_width(tail, style.NOTE_PT) if tail else 0.0)


def stacked(table, top, more=(), axis=0.0):
    """Place every line from ``top`` downwards.

    Columns ``above_mm`` and ``height_mm`` have the last word on the space above a line and on its height; ``more`` is
    what long names add to it. Returned are the middles, and where the lines beside and below the panels end; between
    them stands the ``axis``.
    """
    body, y, middles, beside = body_of(table), top, [], None
    none = [float("nan")] * len(body)
    stated = (body.get(name, none) for name in ("above_mm", "height_mm"))
    below = body.get("below", [False] * len(body))
    for kind, above, height, longer, under in zip(body["kind"], *stated, more or [0.0] * len(body), below, strict=True):
        if under and beside is None:
            beside = y
            y += axis
        y += 0.0 if y == top else style.SPACE_ABOVE_MM.get(kind, 0.0) if above != above else above
        height = longer + (style.ROW_MM[kind] if height != height else height)
        # what belongs to a claim stands beside its first line
        middles.append(y + (height - longer * (kind == "claim")) / 2)
        y += height
    return middles, *((y, y + axis) if beside is None else (beside, y))


def _spans(columns):
    """Return the edges of every heading that spans columns."""
    spans = {}
    for placed in columns:
        if placed.column.span:
            left, _ = spans.get(placed.column.span, (placed.left, 0))
            spans[placed.column.span] = left, placed.right
    return spans


def fit_tracks(tracks, table, *, width, usual, drop):
    """Choose the columns and the widths of the panels.

    Parameters
    ----------
    tracks : list of Column or Panel
        From left to right; the first is the column of names.
    table : DataFrame
        With the text cells.
    width : float or None
        Of the page in mm. None: ``usual``, and wider where the columns need it.
    drop : tuple of str
        Names of columns in the order in which they are given up; those that have room in the end are put back. Without
        a stated width only "change" is.

    Returns
    -------
    list, dict, dict, float
        The tracks kept, the sizes of their columns, the width of each panel by name, and the page width.
    """
    page = float(width or usual)
    panels = [track for track in tracks if isinstance(track, Panel)]
    share = sum(panel.share for panel in panels) or PANEL_SHARE[len(panels)]
    floor = min(PANEL_FLOOR, FLOOR_SHARE * page) * len(panels)
    wanted = max(share * page, floor)
    rows = printed_rows(table)
    sizes = _measure_columns(tracks, rows)
    if page - _taken(tracks, sizes) < wanted:
        spare = drop if width else tuple(name for name in drop if name in SPARE)
        tracks, sizes = _dropped(
            tracks, rows, spare, page - wanted, page - max(TIGHT * wanted, floor) if width else 0.0
        )
    taken = _taken(tracks, sizes)
    if width is None:
        page = max(page, taken / (1 - share), taken + floor)
    elif page - taken < floor:
        sizes = _narrowed(tracks, sizes, taken + floor - page, page)
        taken = _taken(tracks, sizes)
    parts, lead = sizes[tracks[0]]
    # without a panel the names take what is left
    more = min(tracks[0].share * page - lead if panels else page, page - taken - share * page)
    if tracks[0].share and more > 0:
        sizes, taken = {**sizes, tracks[0]: (parts, lead + more)}, taken + more
    return tracks, sizes, shared_width(panels, page - taken), page


def _dropped(every, rows, drop, room, most):
    """Return the tracks that take no more than ``room``, or ``most`` with names and texts on two lines."""

    def without(names, tight=bool(most)):
        kept = [track for track in every if not isinstance(track, Column) or track.name not in names]
        sizes = _measure_columns(kept, rows, folded=_may_fold(kept) if tight else ())
        return kept, sizes, _taken(kept, sizes) <= (most if tight else room)

    gone = next((drop[:i] for i in range(len(drop)) if without(drop[:i])[2]), drop)
    # what finds room without those that were given up after it
    for name in gone[-2::-1]:
        if without([each for each in gone if each != name])[2]:
            gone = [each for each in gone if each != name]
    tracks, sizes, fits = without(gone, tight=False)
    if fits or not most:
        return tracks, sizes
    whole, sizes = sizes, without(gone)[1]
    for column in _may_fold(tracks):  # what is left keeps most of their texts on one line
        parts, width = sizes[column]
        sizes[column] = parts, min(whole[column][1], width + max(0.0, most - _taken(tracks, sizes)))
    return tracks, sizes


def _may_fold(tracks):
    """Return the columns whose texts may stand on two lines: the names, and others that wrap."""
    return [track for i, track in enumerate(tracks) if not i or getattr(track, "wraps", False)]


def _measure_columns(tracks, rows, *, folded=()):
    """Return the part widths and width of each column, the ``folded`` ones wide enough for texts on two lines."""
    own = () if style.option("compact") else folded  # rows of trials that stand close stay on one line
    sizes = {track: _part_widths(track, rows, track in own) for track in tracks if isinstance(track, Column)}
    for span, under in itertools.groupby(sizes, key=lambda column: column.span):
        under = list(under)
        taken = sum(sizes[column][1] for column in under) + style.GAP * (len(under) - 1)
        more = max(0.0, text_width(span, style.BODY_PT, "bold") - taken) / len(under)
        sizes |= {column: (sizes[column][0], sizes[column][1] + more) for column in under}
    lead = tracks[0]
    for row in rows:
        if _may_run_on(row, lead) and not (lead.share and row["kind"] in WRAPPED):
            parts, width = sizes[lead]
            least = _folded_width(row, "text_name", lead) if lead in folded else _cell_width(row, "text_name", lead)
            sizes[lead] = parts, width + max(0.0, least - _room(row, tracks, sizes, {}))
    return sizes


def _folded_width(row, cell, column):
    """Return the least width of a cell on two lines, and of a name with what follows in small type on lines below."""
    size, weight, _ = cell_look(row, cell, column)
    text, indent = cell_text(row, cell), label_indent(row) if cell == "text_name" else 0.0
    tail = row[column.tail] if column.tail else ""
    own = text_width(tail, style.NOTE_PT) + style.TAIL_GAP if tail else 0.0
    beside = _two_lines(text, size, weight, own)
    if _may_run_on(row, column):
        beside = min(beside, max(_two_lines(text, size, weight), _two_lines(tail, style.NOTE_PT)))
    return indent + beside


def _two_lines(text, size, weight="normal", more=0.0):
    """Return the least width of a text on one line or two, ``more`` of which follows the last."""
    words = _words(str(style.say(text)))
    broken = ((" ".join(words[:i]), " ".join(words[i:])) for i in range(len(words)))
    widths = ([text_width(Said(line), size, weight) for line in lines] for lines in broken)
    return min(max(first, last + more) for first, last in widths)


def _part_widths(column, rows, folded):
    """Return the width of every part of a column and of the column itself."""
    parts, width_of = [], _folded_width if folded else _cell_width
    for cell in column.cells:
        widths = [width_of(row, cell, column) for row in rows if not _may_run_on(row, column)]
        parts.append(max(widths, default=0.0))
    inside = sum(parts) + style.PART_GAP * (len(parts) - 1)
    whole = max((_cell_width(row, column.whole, column) for row in rows), default=0.0) if column.whole else 0.0
    whole += MARK_MM * bool(column.marks)
    under = max((text_width(row[column.under], style.NOTE_PT) for row in rows), default=0.0) if column.under else 0.0
    least, most = column.room
    return parts, max(min(max(inside, whole, under), most), _widest(head_lines(column)), least)


def _cell_width(row, cell, column):
    size, weight, _ = cell_look(row, cell, column)
    beside = _beside_name(row, column) if cell == "text_name" else 0.0
    return text_width(cell_text(row, cell), size, weight) + beside


def _taken(tracks, sizes):
    """Return the width that margins, columns and gaps take."""
    gaps = sum(_gap_between(a, b) for a, b in itertools.pairwise(tracks))
    return 2 * style.MARGIN + gaps + sum(width for _, width in sizes.values())


def _narrowed(tracks, sizes, excess, page):
    """Return the sizes with a narrower column of names, which go onto further lines."""
    lead = tracks[0]
    parts, width = sizes[lead]
    least = min(width, max(NAME_FLOOR, _widest(head_lines(lead))))
    if width - excess < least:
        needed = page + excess - (width - least)
        raise ValueError(
            f"width_mm is {number(page, 0)}, but this figure needs at least {number(math.ceil(needed), 0)} mm without "
            "the columns that can be dropped: leave out columns, or width_mm"
        )
    return {**sizes, lead: (parts, width - excess)}


def shared_width(panels, left):
    """Divide the width by the shares of the panels, or so that a point is equally long in both of them.

    Neither gets too narrow.
    """
    if len(panels) < 2:
        return {panel.name: left for panel in panels}
    if total := sum(panel.share for panel in panels):
        return {panel.name: left * panel.share / total for panel in panels}
    spans = [panel.limits[1] - panel.limits[0] for panel in panels]
    share = min(max(spans[0] / sum(spans), NARROW), 1 - NARROW)
    return {panels[0].name: share * left, panels[1].name: (1 - share) * left}


def panel_limits(estimate, low, high, *, null=0.0, zone=None, whole=(), more=()):
    """Return the limits of a panel.

    Every estimate and the null value (NaN for none) lie inside. All intervals do too, unless a few that are more than
    three times as wide as the median one would squeeze the others into less than 60 % of the panel: those
    leave it, with an arrowhead. Intervals of pooled results, (low, high), are taken in, the narrowest first: the
    ``whole`` ones unless they left the trials less than a fifth of the panel, ``more`` and the zone as long as the
    trials fill 60 %.
    """
    estimate, low, high = (np.asarray(x, float) for x in (estimate, low, high))
    known = np.isfinite(estimate) & np.isfinite(low) & np.isfinite(high)
    if not known.any():
        null = 0.0 if np.isnan(null) else null
        return (null - 1.0, null + 1.0) if zone is None else _padded(min(null, *zone), max(null, *zone))
    estimate, low, high = estimate[known], low[known], high[known]
    full = np.fmin(low.min(), null), np.fmax(high.max(), null)
    cap = CAP_WIDTHS * np.median(high - low) / 2
    capped_low, capped_high = np.maximum(low, estimate - cap), np.minimum(high, estimate + cap)
    core = np.fmin(capped_low.min(), null), np.fmax(capped_high.max(), null)
    ends = core if core[1] - core[0] < LEAST_FILL * (full[1] - full[0]) else full
    trials = (ends[1] - ends[0]) / (1 + 2 * PAD)
    ends = widened(widened(ends, whole, trials / LEAST_FILL_OF_TRIALS), more, trials / LEAST_FILL)
    if zone is not None:
        ends = widened(ends, [zone], (ends[1] - ends[0]) / (1 + 2 * PAD) / LEAST_FILL)
    return _padded(*ends)


def widened(ends, pairs, most):
    """Return ends that take in the pairs of limits, from the narrowest to the widest, as far as ``most`` allows."""
    for pair in sorted((pair for pair in pairs if np.isfinite(pair).all()), key=np.ptp):
        wider = min(ends[0], *pair), max(ends[1], *pair)
        ends = wider if wider[1] - wider[0] <= most else ends
    return ends


def _padded(low, high):
    span = high - low
    if span <= 0:
        span = abs(high) or 1.0
        return low - span / 2, high + span / 2
    return low - PAD * span, high + PAD * span


def limits_of_points(points, intervals, *, null=0.0, zone=()):
    """Return the limits of a panel of points: all of them, the null value, and the intervals that leave them room.

    From the narrowest to the widest, an interval is taken in as long as the points fill 40 % of the panel; what is
    wider ends in an arrowhead. ``intervals`` are (low, high).
    """
    points = np.asarray(points, float)
    low, high = np.fmin(points.min(), null), np.fmax(points.max(), null)
    span, ends = high - low, [pair for pair in intervals if np.isfinite(pair).all()]
    for pair in [*sorted(ends, key=lambda pair: pair[1] - pair[0]), *([zone] if zone else [])]:
        wider = min(low, pair[0]), max(high, pair[1])
        if span >= LEAST_FILL_OF_POINTS * (wider[1] - wider[0]) or len(points) == 1:
            low, high = wider
    return _padded(float(low), float(high))


def labelled_ticks(scale, most=7):
    """Return round ticks between the ``limits`` of a panel or a scale, and their labels."""
    measure = scale.measure
    if measure.is_ratio:
        ticks, digits = ratio_ticks(*scale.limits, most)
        return ticks, [number(t, d) for t, d in zip(np.exp(ticks), digits, strict=True)]
    find = share_ticks if measure.scale == "logit scale" else round_ticks
    ticks, digits = find(*measure.transform(scale.limits), most)
    at, inside = measure.inverse(ticks), np.isfinite(measure.inverse(ticks))
    labels = [number(t, d) for t, d in zip(ticks, np.broadcast_to(digits, ticks.shape), strict=True)]
    return at[inside], [label for label, kept in zip(labels, inside, strict=True) if kept]


def share_ticks(low, high, most=7):
    """Return ticks of proportions on the logit scale and their decimals: round ones, or such as leave no wide gaps."""
    usual, digits = round_ticks(low, high, most)

    def widest(ticks):
        # round ticks may include 0 and 1, which are nowhere on this scale
        p = np.clip([low, *(tick for tick in ticks if 0 < tick < 1), high], 1e-12, 1 - 1e-12)
        return np.diff(np.log(p / (1 - p))).max()

    found = []
    for leading, every in (*((each, 1) for each in LEADING), ((1.0,), 2), ((1.0,), 3)):
        below = [digit * 10.0**power for power in range(-9, 0) if not power % every for digit in leading]
        below = [tick for tick in below if tick < 0.5]
        ticks = [tick for tick in (*below, 0.5, *(1 - each for each in below[::-1])) if low <= tick <= high]
        found += [ticks] if 3 <= len(ticks) <= most else []
    best = min(found, key=widest, default=())
    if best and widest(best) < widest(usual) / 1.5:
        return np.array(best), _decimals(best)
    return usual, digits


def _decimals(ticks):
    """Return the decimals of each tick."""
    return [len(f"{tick:.8f}".rstrip("0").partition(".")[2]) for tick in ticks]


def round_ticks(low, high, most=7):
    """Return four to seven round ticks between the limits, zero among them, and the decimals they need.

    Fewer ticks come back where ``most`` asks for it, as in a panel too narrow for their labels.
    """
    best, order = None, math.floor(math.log10(high - low))
    for power in range(order - 2, order + 2):
        for step in STEPS:
            size = step * 10.0**power
            # a limit that is a round number keeps its tick despite rounding
            ticks = np.arange(math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9) + 1) * size
            # five rather than six, and no ties between fewer and more
            misfit = abs(ticks.size - 5.4)
            if 1 <= ticks.size <= most and (best is None or misfit < best[0]):
                # steps of 2.5 need one decimal more than their power of ten
                best = misfit, ticks, max(0, (step == 2.5) - power)
    return best[1], best[2]


def ratio_ticks(low, high, most=7):
    """Return round ticks for a log axis, one among them, and the decimals of each.

    Limits and ticks are natural logarithms; the labels are for the ratios. On a short stretch the steps are of equal
    difference, where those of equal ratio leave few ticks.
    """
    low, high = low - 1e-9, high + 1e-9  # a limit that is a round number itself, but for rounding, has a tick
    best = None
    decades = range(math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 1)
    for leading in LEADING:
        ticks = [digit * 10.0**decade for decade in decades for digit in leading]
        ticks = [tick for tick in ticks if low <= math.log(tick) <= high]
        if 2 <= len(ticks) <= most and (best is None or abs(len(ticks) - 5) < abs(len(best) - 5)):
            best = ticks
    twos = [2.0**power for power in range(math.ceil(low / math.log(2)), math.floor(high / math.log(2)) + 1)]
    if 4 <= len(twos) <= most and (best is None or abs(len(twos) - 5) < abs(len(best) - 5)):
        best = twos
    # many decades: one, and every second, third, fourth, … power of ten
    for every in (2, 3, 4, 6, 12, 24, 60, 120):
        ticks = [10.0**decade for decade in decades if not decade % every and low <= decade * math.log(10) <= high]
        if best is None and 2 <= len(ticks) <= most:
            best = ticks
    if best is None and low <= 0 <= high:
        best = [1.0]
    if best is None or (len(best) < FEW_TICKS and high - low < SHORT_LOG):
        even, digits = round_ticks(math.exp(low), math.exp(high), most)
        even = even[even > 0]
        if best is None or even.size > len(best):
            return np.log(even), [digits] * even.size
    return np.log(best), _decimals(best)
