"""From a table and its tracks to a Figure: text and rules on one page in millimetres, marks in the panels."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.style import context as style_context

from analysis.plots import _style as style
from analysis.plots._layout import body_of, fit_tracks, label_indent, place
from analysis.plots._measure import first_fitting, line_height, text_width, wrap
from analysis.plots._panel import add_panel, axis_height
from analysis.plots._write import rule, write, write_block

MM_PER_INCH = 25.4


@dataclass(frozen=True, eq=False)
class FigureContent:
    """What a figure shows: the numbers behind every mark, title, caption, alternative text, findings in words.

    ``printed`` names the columns of text that make the table for readers: heading -> columns set side by side.
    """

    table: pd.DataFrame
    title: str
    caption: str
    alt_text: str
    in_words: str = ""
    printed: dict | None = None


class ReportFigure(Figure):
    """A matplotlib Figure that carries its FigureContent and shows itself crisply in a notebook."""

    content = None

    def _repr_png_(self):
        from analysis.plots._save import notebook_png

        return notebook_png(self)


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
    with style_context(["default", style.RC]):
        tracks, sizes, panel_widths, width = fit_tracks(tracks, table, width=width_mm, usual=usual_mm, drop=drop)
        inner = width - 2 * style.MARGIN
        title_lines = wrap(title, inner, style.TITLE_PT, "bold")
        top = style.MARGIN + len(title_lines) * line_height(style.TITLE_PT) + 2.0
        spans = any(getattr(track, "span", "") for track in tracks)
        head_y = top + (2 if spans else 1) * line_height(style.BODY_PT) + (1.0 if spans else 0.0)
        layout = place(tracks, sizes, panel_widths, table, width=width, top=head_y + 1.4)
        panels = [track for track in tracks if track not in sizes]
        axis_bottom = layout.body_bottom + axis_height(panels, panel_widths)
        notes = [line for text in footer for line in wrap(text, inner, style.NOTE_PT)]
        height = axis_bottom + 3.0 + len(notes) * line_height(style.NOTE_PT) + style.MARGIN
        figure, page = new_page(width, height)
        body = body_of(table).assign(y_mm=layout.row_y)
        write_block(page, title_lines, style.MARGIN, style.TITLE, "title")
        write_block(page, notes, axis_bottom + 3.0, style.NOTE, "footer")
        _draw_heads(page, layout, panels, head_y)
        _draw_cells(page, layout, body)
        for panel in panels:
            add_panel(figure, page, panel, layout, body)
        page.set_zorder(2)
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
    for i, row in enumerate(body.to_dict("records")):
        for placed in layout.columns:
            _draw_cell(page, placed, row, i)
        if row["kind"] == "total":
            y = row["y_mm"] - style.ROW_MM["total"] / 2 - 0.8
            rule(page, [_across(layout, y)], "total-rule", width=style.HAIR_PT, colour=style.FAINT)


def _draw_cell(page, placed, row, i):
    """Write one cell: its parts or what stands in their place, and what follows a name in small type."""
    column, y = placed.column, row["y_mm"]
    look = style.cell_style(row["kind"], column.muted)
    indent = label_indent(row) if column.cells == ("text_name",) else 0.0
    parts = zip(column.cells, placed.parts, strict=True)
    if column.whole and row[column.whole]:
        parts = [(column.whole, placed.right)]
    for cell, x in parts:
        write(page, x + indent, y, row[cell], look, align=column.align, gid=f"cell-{i}-{cell}")
    if column.tail:
        x = placed.left + indent + text_width(row["text_name"], *look[:2]) + style.TAIL_GAP
        write(page, x, y, row[column.tail], style.NOTE, gid=f"cell-{i}-{column.tail}")
