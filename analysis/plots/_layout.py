"""Where everything stands on the page, in millimetres, from measured text.

A figure is a sequence of tracks from left to right: text columns and panels. Columns are as wide as their
text; the panels share what is left. Nothing is placed by eye, so nothing overlaps for long names or large
numbers.
"""

from dataclasses import dataclass, field, replace

from analysis.plots._measure import text_width
from analysis.plots._style import (
    BARE_STRIP_MM,
    BODY_KINDS,
    BODY_PT,
    GAP,
    INDENT,
    MARGIN,
    NOTE_PT,
    PANEL_GAP,
    PART_GAP,
    ROW_MM,
    SPACE_ABOVE_MM,
    STRIP_MM,
    TAIL_GAP,
    cell_style,
)
from analysis.text import number

PANEL_FLOOR = 28.0  # mm for a panel, on average
NARROW = 0.36  # of the width of both panels: neither gets less
PANEL_SHARE = {1: 0.30, 2: 0.34}  # of the width, for so many panels


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


@dataclass(frozen=True)
class Placed:
    """A column with its edges and the right edge of each of its parts."""

    column: Column
    left: float
    right: float
    parts: tuple


def body_of(table):
    """Return the rows that are lines of the figure."""
    return table[table["kind"].isin(BODY_KINDS)]


def label_indent(row):
    """Return the indent of a row's name: trials stand under the name of their group."""
    return INDENT if row["kind"] == "trial" and row["group"] else 0.0


def part_widths(column, rows):
    """Return the width of every part of a column and of the column itself."""
    parts = []
    for cell in column.cells:
        widths = [_cell_width(row, cell, column) for row in rows if not _may_run_on(row, column)]
        parts.append(max(widths, default=0.0))
    inside = sum(parts) + PART_GAP * (len(parts) - 1)
    whole = max((_cell_width(row, column.whole, column) for row in rows), default=0.0) if column.whole else 0.0
    return parts, max(inside, whole, text_width(column.head, BODY_PT, "bold"))


def _cell_width(row, cell, column):
    size, weight, _ = cell_style(row["kind"], column.muted)
    width = text_width(row[cell], size, weight) + (label_indent(row) if cell == "text_name" else 0.0)
    return width + (TAIL_GAP + text_width(row[column.tail], NOTE_PT) if column.tail and row[column.tail] else 0.0)


def _may_run_on(row, column):
    """The name of a heading or a summary row may run on into empty cells to its right."""
    return column.cells == ("text_name",) and row["kind"] != "trial"


def measure_columns(tracks, table):
    """Return the part widths and width of each column, the name column made wide enough for running names."""
    rows = body_of(table).to_dict("records")
    sizes = {track: part_widths(track, rows) for track in tracks if isinstance(track, Column)}
    lead = tracks[0]
    for row in rows:
        if not _may_run_on(row, lead):
            continue
        room = sizes[lead][1]
        for track in tracks[1:]:
            if isinstance(track, Panel):
                room += PANEL_GAP - 1.0
                break
            if any(row[cell] for cell in track.cells):
                break
            room += GAP + sizes[track][1]
        excess = _cell_width(row, "text_name", lead) - room
        if excess > 0:
            parts, width = sizes[lead]
            sizes[lead] = parts, width + excess
    return sizes


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
        Names of columns in the order in which they are given up; without a stated width only "change" is.

    Returns
    -------
    list, dict, dict, float
        The tracks kept, the sizes of their columns, the width of each panel by name, and the page width.
    """
    page = float(width or usual)
    panels = [track for track in tracks if isinstance(track, Panel)]
    share, floor = PANEL_SHARE[len(panels)], PANEL_FLOOR * len(panels)
    wanted = max(share * page, floor)
    sizes = measure_columns(tracks, table)
    for name in drop if width else [name for name in drop if name == "change"]:
        if page - _taken(tracks, sizes) >= wanted:
            break
        tracks = [track for track in tracks if getattr(track, "name", "") != name]
        sizes = measure_columns(tracks, table)
    taken = _taken(tracks, sizes)
    if width is None:
        page = max(page, taken / (1 - share), taken + floor)
    elif page - taken < floor:
        raise ValueError(
            f"width_mm is {number(page, 0)}, but this figure needs at least {number(taken + floor, 0)} mm "
            "without the columns that can be dropped: shorten the names of the trials or leave out "
            "width_mm"
        )
    return tracks, sizes, _share(panels, page - taken), page


def _taken(tracks, sizes):
    """Return the width that margins, columns and gaps take."""
    gaps = sum(_gap(a, b) for a, b in zip(tracks, tracks[1:], strict=False))
    return 2 * MARGIN + gaps + sum(width for _, width in sizes.values())


def _gap(a, b):
    return PANEL_GAP if isinstance(a, Panel) or isinstance(b, Panel) else GAP


def _share(panels, left):
    """Divide the width so that a point is equally long in all panels, unless one would be left too narrow."""
    if len(panels) == 1:
        return {panels[0].name: left}
    spans = [panel.limits[1] - panel.limits[0] for panel in panels]
    share = min(max(spans[0] / sum(spans), NARROW), 1 - NARROW)
    return {panels[0].name: share * left, panels[1].name: (1 - share) * left}


def same_scale(panels):
    """Say whether a point is equally long in both panels."""
    spans = [panel.limits[1] - panel.limits[0] for panel in panels]
    return NARROW <= spans[0] / sum(spans) <= 1 - NARROW


def place(tracks, sizes, panel_widths, table, *, width, top):
    """Return the Layout: tracks from left to right, rows from ``top`` downwards."""
    x, columns, panels = MARGIN, [], {}
    for track, following in zip(tracks, [*tracks[1:], None], strict=True):
        if isinstance(track, Panel):
            panels[track.name] = x, x + panel_widths[track.name]
            x += panel_widths[track.name]
        else:
            parts, size = sizes[track]
            columns.append(Placed(track, x, x + size, _part_edges(track, x, parts, size)))
            x += size
        x += _gap(track, following) if following else 0.0
    strip = STRIP_MM if any(isinstance(t, Panel) and (t.connect or t.zone_labels) for t in tracks) else BARE_STRIP_MM
    y, row_y = top + strip, []
    for i, kind in enumerate(body_of(table)["kind"]):
        y += SPACE_ABOVE_MM.get(kind, 0.0) if i else 0.0
        row_y.append(y + ROW_MM[kind] / 2)
        y += ROW_MM[kind]
    layout = Layout(width, columns, panels, row_y, top, top + strip, y + 1.0)
    return replace(layout, spans=_spans(columns))


def _part_edges(column, left, parts, width):
    """Return the right edge of every part, the last one flush with the column."""
    edges, edge = [], left + width
    for part in reversed(parts):
        edges.append(edge)
        edge -= part + PART_GAP
    return tuple(reversed(edges)) if column.align == "right" else (left,)


def _spans(columns):
    """Return the edges of every heading that spans columns."""
    spans = {}
    for placed in columns:
        if placed.column.span:
            left, _ = spans.get(placed.column.span, (placed.left, 0))
            spans[placed.column.span] = left, placed.right
    return spans
