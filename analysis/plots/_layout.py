"""Where everything stands on the page, in millimetres, from measured text.

A figure is a sequence of tracks from left to right: text columns and panels. Columns are as wide as their
text; the panels share what is left. Nothing is placed by eye, so nothing overlaps for long names or large
numbers.
"""

from dataclasses import dataclass, field, replace

from analysis.plots import _style as style
from analysis.plots._measure import line_height, text_width, wrap
from analysis.plots._phrases import Said

PLACED = ("kind", "group", "y_mm")  # columns that say where a row stands
INTERVAL_CELLS = ("text_low", "text_high", "text_whole")  # of trials: their words are those of the figure
NARROW = 0.36  # of the width of both panels: neither gets less


@dataclass(frozen=True)
class Column:
    """A text column: ``cells`` are the table columns set side by side in it, decimals aligned.

    Columns of one ``name`` are dropped together; a shared ``span`` is a heading centred and ruled over them.
    ``whole`` names a table column whose text stands in place of the parts, ``tail`` one whose text follows
    in small type.
    """

    name: str
    head: str
    cells: tuple
    align: str = "right"
    span: str = ""
    whole: str = ""
    tail: str = ""
    muted: bool = False


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


@dataclass(frozen=True)
class Panel:
    """A panel of marks on one axis, with everything that is written above and below it.

    Where texts are tuples, the first that fits the width of the panel is written.
    """

    name: str
    heads: tuple
    series: tuple
    limits: tuple
    captions: tuple
    favours: tuple = ()
    zone: tuple = ()
    zone_labels: tuple = ()
    null: float = 0.0
    ratio: bool = False
    connect: bool = False


@dataclass(frozen=True)
class Layout:
    """Positions in millimetres, y downwards from the top of the page."""

    width: float
    columns: list
    panels: dict
    row_y: list
    top: float
    body_top: float
    body_bottom: float
    spans: dict = field(default_factory=dict)
    names: list = field(default_factory=list)  # of every row, as lines


@dataclass(frozen=True)
class Placed:
    """A column with its edges and the right edge of each of its parts."""

    column: Column
    left: float
    right: float
    parts: tuple


def body_of(table):
    """Return the rows that are lines of the figure."""
    return table[table["kind"].isin(style.BODY_KINDS)]


def printed_rows(table):
    """Return the lines of the figure as dictionaries, with their texts and places alone."""
    return body_of(table)[[name for name in table if name.startswith("text_") or name in PLACED]].to_dict("records")


def label_indent(row):
    """Return the indent of a row's name: trials stand under the name of their group."""
    return style.INDENT if row["kind"] == "trial" and row["group"] else 0.0


def cell_text(row, cell):
    """Return the text of a cell; what comes from the data is not translated."""
    own = row["kind"] == "trial" and cell not in INTERVAL_CELLS
    return Said(row[cell]) if own or (row["kind"] == "heading" and cell == "text_name") else row[cell]


def part_widths(column, rows):
    """Return the width of every part of a column and of the column itself."""
    parts = []
    for cell in column.cells:
        widths = [_cell_width(row, cell, column) for row in rows if not _may_run_on(row, column)]
        parts.append(max(widths, default=0.0))
    inside = sum(parts) + style.PART_GAP * (len(parts) - 1)
    whole = max((_cell_width(row, column.whole, column) for row in rows), default=0.0) if column.whole else 0.0
    return parts, max(inside, whole, text_width(column.head, style.BODY_PT, "bold"))


def _cell_width(row, cell, column):
    size, weight, _ = style.cell_style(row["kind"], column.muted)
    beside = _beside_name(row, column) if cell == "text_name" else 0.0
    return text_width(cell_text(row, cell), size, weight) + beside


def _beside_name(row, column):
    """Return the width of what stands before and after a name: its indent, and the text in small type."""
    tail = row[column.tail] if column.tail else ""
    return label_indent(row) + (style.TAIL_GAP + text_width(tail, style.NOTE_PT) if tail else 0.0)


def _may_run_on(row, column):
    """The name of a heading or a summary row may run on into empty cells to its right."""
    return column.cells == ("text_name",) and row["kind"] != "trial"


def measure_columns(tracks, table):
    """Return the part widths and width of each column, the name column made wide enough for running names."""
    rows = printed_rows(table)
    sizes = {track: part_widths(track, rows) for track in tracks if isinstance(track, Column)}
    lead = tracks[0]
    for row in rows:
        if not _may_run_on(row, lead):
            continue
        excess = _cell_width(row, "text_name", lead) - _room(row, tracks, sizes)
        if excess > 0:
            parts, width = sizes[lead]
            sizes[lead] = parts, width + excess
    return sizes


def _room(row, tracks, sizes):
    """Return the width that the name of a row may take."""
    room = sizes[tracks[0]][1]
    for track in tracks[1:] if _may_run_on(row, tracks[0]) else ():
        if isinstance(track, Panel):
            return room + style.PANEL_GAP - 1.0
        if any(row[cell] for cell in track.cells):
            return room
        room += style.GAP + sizes[track][1]
    return room


def name_lines(tracks, sizes, rows):
    """Return the lines of the name of every row: one, or several where it is too long for its column."""
    lead, lines = tracks[0], []
    for row in rows:
        name, (size, weight, _) = cell_text(row, "text_name"), style.cell_style(row["kind"], lead.muted)
        room = _room(row, tracks, sizes) + 1e-6
        if text_width(name, size, weight) + _beside_name(row, lead) <= room:
            lines.append([name])
            continue
        lines.append(wrap(name, room - label_indent(row), size, weight))
        if text_width(lines[-1][-1], size, weight) + _beside_name(row, lead) > room:
            lines[-1].append("")  # what stands in small type gets a line of its own
    return lines


def gap_between(a, b):
    """Return the space between two neighbours."""
    return style.PANEL_GAP if isinstance(a, Panel) or isinstance(b, Panel) else style.GAP


def same_scale(panels):
    """Say whether a point is equally long in both panels."""
    spans = [panel.limits[1] - panel.limits[0] for panel in panels]
    return NARROW <= spans[0] / sum(spans) <= 1 - NARROW


def place(tracks, sizes, panel_widths, table, *, width, top):
    """Return the Layout: tracks from left to right, rows from ``top`` downwards."""
    x, columns, panels = style.MARGIN, [], {}
    for track, following in zip(tracks, [*tracks[1:], None], strict=True):
        if isinstance(track, Panel):
            panels[track.name] = x, x + panel_widths[track.name]
            x += panel_widths[track.name]
        else:
            parts, size = sizes[track]
            columns.append(Placed(track, x, x + size, _part_edges(track, x, parts, size)))
            x += size
        x += gap_between(track, following) if following else 0.0
    written = any(isinstance(track, Panel) and (track.connect or track.zone_labels) for track in tracks)
    strip = style.STRIP_MM if written else style.BARE_STRIP_MM
    names = name_lines(tracks, sizes, printed_rows(table))
    y, row_y, pitch = top + strip, [], line_height(style.BODY_PT)
    for i, (above, height) in enumerate(row_heights(table)):
        y += above if i else 0.0
        height += (len(names[i]) - 1) * pitch
        row_y.append(y + height / 2)
        y += height
    layout = Layout(width, columns, panels, row_y, top, top + strip, y + 1.0)
    return replace(layout, spans=_spans(columns), names=names)


def row_heights(table):
    """Return (space above, height) of every line; columns ``above_mm`` and ``height_mm`` have the last word."""
    body = body_of(table)
    none = [float("nan")] * len(body)
    stated = (body[name] if name in body else none for name in ("above_mm", "height_mm"))
    for kind, above, height in zip(body["kind"], *stated, strict=True):
        usual = style.SPACE_ABOVE_MM.get(kind, 0.0), style.ROW_MM[kind]
        yield usual[0] if above != above else above, usual[1] if height != height else height


def _part_edges(column, left, parts, width):
    """Return the right edge of every part, the last one flush with the column."""
    edges, edge = [], left + width
    for part in reversed(parts):
        edges.append(edge)
        edge -= part + style.PART_GAP
    return tuple(reversed(edges)) if column.align == "right" else (left,)


def _spans(columns):
    """Return the edges of every heading that spans columns."""
    spans = {}
    for placed in columns:
        if placed.column.span:
            left, _ = spans.get(placed.column.span, (placed.left, 0))
            spans[placed.column.span] = left, placed.right
    return spans
