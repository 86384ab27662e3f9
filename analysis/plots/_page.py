"""From a table and its tracks to a Figure, and from a Figure to the bytes of a file.

Text and rules stand on one page in millimetres; every panel has its own axes with its marks, and what is written above,
in and below it. Files (SVG, PDF, PNG) hold no dates, text as text, and the alternative text.
"""

import hashlib
import io
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.style import context as style_context

from analysis.plots import _theme as style
from analysis.plots._fonts import family_list, font_faces
from analysis.plots._layout import (
    KEY_MARK,
    body_of,
    cell_text,
    first_fitting,
    fit_tracks,
    font,
    key_lines,
    label_indent,
    labelled_ticks,
    line_height,
    place,
    printed_rows,
    shortened,
    text_width,
    wrap,
    wrap_evenly,
)
from analysis.plots._marks import circle_look, draw_panel, rule, write, write_block
from analysis.plots._theme import changed, current

TICKS_MM = 5.6  # from the axis to the captions
OVERHANG = 1.6  # mm: as much of a tick label may stand beyond the end of its axis
SHORT = {"baseline not reported": "no baseline", "spread of the change not reported": "no spread"}
MM_PER_INCH = 25.4
FORMATS = ("svg", "pdf", "png")

# of files, whatever the rcParams of a session: text as text, the same ids and the same points every time
_FILE_RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "analysis",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "path.simplify": False,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
}
PRINT_DPI = 300
NOTEBOOK_DPI = 192
NOTEBOOK_SVG = 400_000  # bytes: a notebook shows larger figures as PNG


def axis_height(panels, widths):
    """Return the height of tick labels, captions and the line of directions below the panels."""
    lines = max(len(_caption_lines(panel, widths[panel.name])) for panel in panels)
    return TICKS_MM + lines * line_height(style.SMALL_PT) + 0.4


def _caption_lines(panel, width):
    """Return (texts, alignments, look) of every line below the tick labels."""

    def centred(text, look):
        return [((line,), ("center",), look) for line in wrap_evenly(text, width, style.SMALL_PT)]

    lines = centred(panel.captions[0], style.CAPTION)
    if panel.favours:
        fit = all(text_width(w, style.SMALL_PT) <= width - 4.0 for w in panel.favours)
        words = panel.favours if fit else shortened(panel.favours)  # both sides in the same wording
        sides = f"← {words[0]}", f"{words[1]} →"
        if sum(text_width(side, style.SMALL_PT) for side in sides) + 1.5 <= width:
            lines.append((sides, ("left", "right"), style.CAPTION))
        else:
            for side, align in zip(sides, ("left", "right"), strict=True):
                lines += [((line,), (align,), style.CAPTION) for line in wrap(side, width, style.SMALL_PT)]
    for text in panel.captions[1:]:
        lines += centred(text, style.QUIET_CAPTION)
    return lines


def write_captions(page, panel, left, right, y):
    """Write the lines below the axis: captions centred, directions flush with the ends of the panel."""
    x = {"left": left, "right": right, "center": (left + right) / 2}
    for i, (texts, aligns, look) in enumerate(_caption_lines(panel, right - left)):
        middle = y + (i + 0.5) * line_height(style.SMALL_PT)
        for text, align in zip(texts, aligns, strict=True):
            write(page, x[align], middle, text, look, align=align, gid=f"caption-{panel.name}-{i}-{align}")


def draw_axis(ax, panel, width):
    """Set round ticks whose labels have room, on the bottom spine alone; of a ``panel`` its limits and ratio count."""
    pitch = width / (panel.limits[1] - panel.limits[0])
    for most in range(7, 0, -1):
        ticks, labels = labelled_ticks(panel, most)
        half = np.array([text_width(label, style.SMALL_PT) for label in labels]) / 2
        room = np.minimum(ticks - panel.limits[0], panel.limits[1] - ticks) * pitch + OVERHANG - half
        ticks, labels, half = ticks[room >= 0], np.array(labels)[room >= 0], half[room >= 0]
        if (np.diff(ticks) * pitch - half[1:] - half[:-1] >= 1.2).all():
            break
    labels = [str(style.say(label)) for label in labels]
    ax.set_xticks(ticks, labels, fontproperties=font(style.SMALL_PT), color=style.INK)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=3, width=style.RULE_PT, color=style.INK, pad=2.5)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.spines["bottom"].set(linewidth=style.RULE_PT, color=style.INK)


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
    printed: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] | None = None

    def __post_init__(self) -> None:
        """Put the texts into the language of the theme, whose labels are kept for the files."""
        for name in ("title", "caption", "alt_text", "in_words"):
            object.__setattr__(self, name, str(style.say(getattr(self, name))))
        object.__setattr__(self, "labels", current().spoken)


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
            _add_panel(figure, page, panel, layout, body)
        figure.placement = layout
    return figure, table.assign(y_mm=body["y_mm"])


@dataclass(frozen=True)
class _Frame:
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
    return _Frame(width, height, top, top + body, title_lines, notes)


def framed_page(framing):
    """Return a new Figure and its page, one Axes in millimetres with y downwards, title and footer written."""
    width, height = framing.width, framing.height
    figure = ReportFigure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=150, facecolor=style.PAPER)
    FigureCanvasAgg(figure)
    figure.families = style.FONT
    page = figure.add_axes((0, 0, 1, 1), label="page", facecolor="none")
    # without ticks, which would be made, though never seen, as soon as somebody looks for texts
    page.set(xlim=(0, width), ylim=(height, 0), zorder=2, xticks=[], yticks=[])
    page.set_axis_off()
    write_block(page, framing.title, style.MARGIN, style.TITLE, "title")
    write_block(page, framing.notes, framing.bottom + 3.0, style.NOTE, "footer")
    return figure, page


class ReportFigure(Figure):
    """A matplotlib Figure that carries its FigureContent and shows itself crisply in a notebook."""

    # Every figure that is handed to a user has one.
    content: FigureContent = None
    families: tuple[str, ...] = ()  # of its font, which an SVG names once
    placement = None  # the Layout, where the figure is made of rows

    def _repr_png_(self):
        # twice the pixels, shown at the size on paper
        data = _render(self, "png", NOTEBOOK_DPI, {})
        width, height = self.get_size_inches() * NOTEBOOK_DPI / 2
        return data, {"width": int(width), "height": int(height)}

    def _repr_svg_(self):
        # None where it would weigh too much or has nothing to say: the notebook shows the PNG
        data = svg_bytes(self) if self.content is not None else b""
        return data.decode() if 0 < len(data) <= NOTEBOOK_SVG else None


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


def _add_panel(figure, page, panel, layout, body):
    """Add the axes of a panel to the figure and draw everything that belongs to it."""
    left, right = layout.panels[panel.name]
    ax = _axes_at(figure, page, (left, right, layout.body_top, layout.body_bottom), panel.name)
    ax.set(xlim=panel.limits, ylim=(layout.body_bottom, layout.body_top))
    draw_panel(ax, panel, body, (right - left) / (panel.limits[1] - panel.limits[0]))
    draw_axis(ax, panel, right - left)
    _write_strip(page, panel, left, right, (layout.top + layout.body_top) / 2)
    _write_missing(page, panel, left, right, body)
    write_captions(page, panel, left, right, layout.body_bottom + TICKS_MM)


def _write_strip(page, panel, left, right, y):
    """Write the key of the marks, or the label of the zone, in the strip that no mark reaches."""
    _write_key(page, panel, left, right, y)
    label = first_fitting(panel.zone_labels, right - left, style.NOTE_PT)
    low, high = panel.limits
    if panel.zone and label and panel.zone[0] < high and panel.zone[1] > low:
        middle = (np.clip(panel.zone, low, high).mean() - low) / (high - low) * (right - left) + left
        half = text_width(label, style.NOTE_PT) / 2
        x = min(max(middle, left + half), right - half)
        look = style.NOTE_PT, "normal", style.ZONE_TEXT
        write(page, x, y, label, look, align="center", gid="zone-label")


def _write_key(page, panel, left, right, y):
    """Write the key of the marks; the footer has it too."""
    lines, pitch = key_lines(panel, right - left), line_height(style.SMALL_PT)
    for i, line in enumerate(lines):
        at = y + (i - (len(lines) - 1) / 2) * pitch
        for series, x, name in line:
            if series is not None:
                dot = page.scatter([left + x + 1.0], [at], s=style.CIRCLE_PT**2, **circle_look(series))
                dot.set_gid(f"key-{series.key}")
                gid, look = f"key-text-{series.key}", (style.SMALL_PT, "normal", series.text_colour)
            write(page, left + x + KEY_MARK, at, name, look, gid=gid if series is not None else f"{gid}-{i}")


def _write_missing(page, panel, left, right, body):
    """Say inside the panel why a trial has no marks here, on the roomier side of the null line."""
    if not panel.connect:
        return
    low, high = panel.limits
    null = left + (panel.null - low) / (high - low) * (right - left)
    x, align = (null - 1.5, "right") if null - left >= right - null else (null + 1.5, "left")
    room = max(null - left, right - null) - 1.5
    for i, (text, y) in enumerate(zip(body["text_missing"], body["y_mm"], strict=True)):
        wordings = (text, SHORT.get(text, "not reported"), "none") if text else ()
        shown = first_fitting(wordings, room, style.NOTE_PT)
        write(page, x, y, shown, style.NOTE, align=align, gid=f"missing-{i}")


def _axes_at(figure, page, box, label):
    """Add axes at ``box`` = (left, right, top, bottom) in millimetres of the page."""
    left, right, top, bottom = box
    width, height = page.get_xlim()[1], page.get_ylim()[0]
    place = left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height
    return figure.add_axes(place, label=label, facecolor="none", gid=f"panel-{label}")


def inset(figure, page, box, label):
    """Add axes without frame or ticks at ``box`` = (left, right, top, bottom) in millimetres of the page."""
    ax = _axes_at(figure, page, box, label)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def _render(fig, kind, dpi, metadata):
    buffer = io.BytesIO()
    with style_context(["default", _FILE_RC]):
        fig.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def svg_bytes(fig):
    """Return the SVG with its fonts, and with title and desc for screen readers."""
    title, alt = fig.content.title, fig.content.alt_text
    text = _render(fig, "svg", PRINT_DPI, {"Date": None, "Title": title}).decode()
    mark = hashlib.sha256(f"{title}{alt}".encode()).hexdigest()[:8]  # ids stay apart where a page has several figures
    head, opening, body = text.partition("<svg ")
    named = f'{opening}role="img" aria-labelledby="title-{mark} desc-{mark}" '
    body = body.replace(
        f"<title>{escape(title)}</title>",
        f'<title id="title-{mark}">{escape(title)}</title>\n <desc id="desc-{mark}">{escape(alt)}</desc>',
        1,
    )
    families = family_list(getattr(fig, "families", ("DejaVu Sans",)))
    body = body.replace("</style>", f"\n{font_faces(fig)}</style>", 1)
    return f'{head}{named}font-family="{families}" {body}'.encode()


def _pdf_bytes(fig):
    """Return the PDF."""
    about = {"CreationDate": None, "Title": fig.content.title, "Subject": fig.content.alt_text}
    return _render(fig, "pdf", PRINT_DPI, about)


def _png_bytes(fig):
    """Return the PNG at 300 dpi."""
    return _render(fig, "png", PRINT_DPI, {"Title": fig.content.title, "Description": fig.content.alt_text})


WRITERS = {"svg": svg_bytes, "pdf": _pdf_bytes, "png": _png_bytes}
