"""From a table and its tracks to a Figure: text and rules on one page in millimetres, marks in the panels."""

from dataclasses import dataclass, replace

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.style import context as style_context

from analysis.plots import _style as style
from analysis.plots._fit import fit_tracks
from analysis.plots._layout import body_of, cell_text, label_indent, place, printed_rows
from analysis.plots._measure import first_fitting, line_height, text_width, wrap
from analysis.plots._panel import add_panel, axis_height
from analysis.plots._themes import changed, current
from analysis.plots._write import rule, write, write_block

MM_PER_INCH = 25.4


@dataclass(frozen=True, eq=False)
class FigureContent:
    """What a figure shows: the numbers behind every mark, title, caption, alternative text, findings in words.

    ``printed`` names the columns of text that make the table for readers: heading -> columns set side by side;
    ``labels`` are the translations in force.
    """

    table: pd.DataFrame
    title: str
    caption: str
    alt_text: str
    in_words: str = ""
    printed: dict | None = None
    labels: dict | None = None

    def __post_init__(self):
        """Put the texts into the language of the theme, whose labels are kept for the files."""
        for name in ("title", "caption", "alt_text", "in_words"):
            object.__setattr__(self, name, str(style.say(getattr(self, name))))
        object.__setattr__(self, "labels", current().spoken)


class ReportFigure(Figure):
    """A matplotlib Figure that carries its FigureContent and shows itself crisply in a notebook."""

    content = None
    families = ()  # of its font, which an SVG names once
    placement = None  # the Layout, where the figure is made of rows

    def _repr_png_(self):
        from analysis.plots._formats import notebook_png

        return notebook_png(self)

    def _repr_svg_(self):
        from analysis.plots._formats import notebook_svg

        return notebook_svg(self)


def draw_page(table, tracks, *, title, footer, width_mm, drop, usual_mm):
    """Draw a figure.

    Parameters
    ----------
    table : DataFrame
        The lines of the figure with their text cells.
    tracks : list of Column or Panel
        From left to right.
    title : str
    footer : list of str
        Paragraphs below the panels.
    width_mm : float or None
        Width of the page; None: ``usual_mm``, and wider where the columns need it.
    drop : tuple of str
        Columns in the order in which they are given up.

    Returns
    -------
    ReportFigure
    DataFrame
        The table with ``y_mm``, the distance of every row from the top of the page.
    """
    narrow = width_mm is not None and width_mm <= style.COMPACT_MM
    with style_context(["default", style.RC]), changed(**style.COMPACT if narrow else {}):
        tracks, sizes, panel_widths, width = fit_tracks(tracks, table, width=width_mm, usual=usual_mm, drop=drop)
        panels = [track for track in tracks if track not in sizes]
        spans = any(getattr(track, "span", "") for track in tracks)
        above = (2 if spans else 1) * line_height(style.BODY_PT) + (1.0 if spans else 0.0)
        framing = frame(title, footer, width, 0.0)
        head_y = framing.top + above
        layout = place(tracks, sizes, panel_widths, table, width=width, top=head_y + 1.4)
        bottom = layout.body_bottom + axis_height(panels, panel_widths)
        framing = replace(framing, bottom=bottom, height=framing.height + bottom - framing.top)
        figure, page = framed_page(framing)
        body = body_of(table).assign(y_mm=layout.row_y)
        _draw_heads(page, layout, panels, head_y)
        _draw_cells(page, layout, body)
        for panel in panels:
            add_panel(figure, page, panel, layout, body)
        figure.placement = layout
    return figure, table.assign(y_mm=body["y_mm"])


@dataclass(frozen=True)
class Frame:
    """What every page has: title above, footer below, and the millimetres at which the body begins and ends."""

    width: float
    height: float
    top: float
    bottom: float
    title: list
    notes: list


def frame(title, footer, width, body):
    """Return the Frame of a page whose body is ``body`` mm high."""
    inner = width - 2 * style.MARGIN
    title_lines = wrap(title, inner, style.TITLE_PT, "bold")
    notes = [line for text in footer for line in wrap(text, inner, style.NOTE_PT)]
    top = style.MARGIN + len(title_lines) * line_height(style.TITLE_PT) + 2.0
    height = top + body + 3.0 + len(notes) * line_height(style.NOTE_PT) + style.MARGIN
    return Frame(width, height, top, top + body, title_lines, notes)


def framed_page(framing):
    """Return a new Figure and its page with title and footer written."""
    figure, page = new_page(framing.width, framing.height)
    write_block(page, framing.title, style.MARGIN, style.TITLE, "title")
    write_block(page, framing.notes, framing.bottom + 3.0, style.NOTE, "footer")
    page.set_zorder(2)
    return figure, page


def inset(figure, page, box, label):
    """Add axes without frame or ticks at ``box`` = (left, right, top, bottom) in millimetres of the page."""
    left, right, top, bottom = box
    width, height = page.get_xlim()[1], page.get_ylim()[0]
    place = left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height
    ax = figure.add_axes(place, label=label, facecolor="none")
    ax.set_gid(f"panel-{label}")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def new_page(width, height):
    """Return an empty Figure and its page, one Axes in millimetres with y downwards."""
    figure = ReportFigure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=150, facecolor=style.PAPER)
    FigureCanvasAgg(figure)
    figure.families = style.FONT
    page = figure.add_axes((0, 0, 1, 1), label="page", facecolor="none")
    page.set(xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    return figure, page


def _draw_heads(page, layout, panels, head_y):
    """Write the headings of columns and panels, ruled below; spanning heads stand above their columns."""
    pitch = line_height(style.BODY_PT)
    y = head_y - pitch / 2
    for placed in layout.columns:
        column = placed.column
        x = placed.left if column.align == "left" else placed.right
        write(page, x, y, column.head, style.HEAD, align=column.align, gid=f"head-{column.cells[0]}")
    for panel in panels:
        left, right = layout.panels[panel.name]
        head = first_fitting(panel.heads, right - left, style.BODY_PT, "bold")
        write(page, left, y, head, style.HEAD, gid=f"head-{panel.name}")
    above = y - pitch - 1.0
    for text, (left, right) in layout.spans.items():
        write(page, (left + right) / 2, above, text, style.HEAD, align="center", gid=f"span-{text}")
        under = above + pitch / 2 + 0.3
        rule(page, [[(left, under), (right, under)]], f"span-rule-{text}", colour=style.MUTED)
    rule(page, [_across(layout, layout.top)], "head-rule")


def _across(layout, y):
    return [(style.MARGIN, y), (layout.width - style.MARGIN, y)]


def _draw_cells(page, layout, body):
    """Write the text cells, and a hairline above the overall result."""
    for i, row in enumerate(printed_rows(body)):
        for placed in layout.columns:
            _draw_cell(page, layout, placed, row, i)
        if row["kind"] == "total":
            more = (len(layout.names[i]) - 1) * line_height(style.BODY_PT)
            y = row["y_mm"] - (style.ROW_MM["total"] + more) / 2 - 0.8
            rule(page, [_across(layout, y)], "total-rule", width=style.HAIR_PT, colour=style.FAINT)


def _draw_cell(page, layout, placed, row, i):
    """Write one cell: its parts or what stands in their place; names have their lines, and a text in small type."""
    column, y = placed.column, row["y_mm"]
    look = style.cell_style(row["kind"], column.muted)
    if column.cells == ("text_name",):
        return _draw_name(page, layout.names[i], placed, row, i)
    parts = zip(column.cells, placed.parts, strict=True)
    if column.whole and row[column.whole]:
        parts = [(column.whole, placed.right)]
    for cell, x in parts:
        write(page, x, y, cell_text(row, cell), look, align=column.align, gid=f"cell-{i}-{cell}")


def _draw_name(page, lines, placed, row, i):
    """Write a name, on several lines where it is long, and after it what stands in small type."""
    look = style.cell_style(row["kind"], placed.column.muted)
    pitch, x = line_height(look[0]), placed.left + label_indent(row)
    y = row["y_mm"] - (len(lines) - 1) / 2 * pitch
    for j, line in enumerate(lines):
        write(page, x, y + j * pitch, line, look, gid=f"cell-{i}-text_name" + (f"-{j}" if j else ""))
    if placed.column.tail:
        x += text_width(lines[-1], *look[:2]) + (style.TAIL_GAP if lines[-1] else 0.0)
        y += (len(lines) - 1) * pitch
        write(page, x, y, row[placed.column.tail], style.NOTE, gid=f"cell-{i}-{placed.column.tail}")
