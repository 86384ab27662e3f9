"""From a Spec, a table with its tracks and words, to a Figure, and from a Figure to the bytes of a file.

Text and rules stand on one page in millimetres; every panel has its own axes with its marks, and what is written above,
in and below it. Files hold no dates and, but for EPS, the alternative text; text is text in SVG, PDF and EPS.
"""

import hashlib
import io
import itertools
import math
import re
import warnings
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._fonts import family_list, font_faces, lean_fonts, unhinted
from analysis.plots._layout import (
    KEY_MARK,
    MARK_MM,
    Column,
    Panel,
    body_of,
    cell_look,
    cell_text,
    first_fitting,
    fit_tracks,
    font,
    head_lines,
    key_lines,
    label_indent,
    line_height,
    place,
    shared_width,
    shortened,
    stacked,
    tail_lines,
    text_width,
    wrap,
    wrap_evenly,
)
from analysis.plots._marks import (
    DASHES,
    circle_look,
    draw_column_marks,
    draw_key,
    draw_letters,
    draw_panel,
    drawn_in,
    lay_key,
    lines,
    rule,
    say_missing,
    with_stand_ins,
    write,
    write_block,
)
from analysis.plots._table import Rows
from analysis.plots._theme import Said, changed, current, rc_of
from analysis.sentences import Wording
from analysis.text import number, plain

SUBHEAD_RULE_MM = 2.6  # below the middle of a heading of rows below the panels
UNDER_HEADS_MM = 1.4
TICKS_MM = 5.6  # from the axis to the captions
KEY_ABOVE_MM = 2.2  # above a key in lines at the end of the page
TICK_GAP, TIGHT_TICK_GAP = 1.2, 0.5  # mm between tick labels, and between those asked for that have not as much
OVERHANG = 1.6  # mm: as much of a tick label may stand beyond the end of its axis
OVERHANG_OF_XLIM = 3.4  # mm: the same where the ends were asked for, and are round
SHORT = {"baseline not reported": "no baseline", "spread of the change not reported": "no spread"}
MM_PER_INCH = 25.4
USUAL_MM = 174.0
PAGE_MM = 240.0  # what is taller may be cut into pages
CONTINUED = "Continued on the next page"
KEYED = ("placebo-markers", "treatment-markers")  # which a panel of both arms in a SubFigure explains below it
NAME_GAP = 2.0  # mm between names and panel in Axes of another figure
LEAST_PANEL_MM = 20.0, 10.0  # width and height of the panel in a SubFigure
SPREAD_MOST = 1.6  # times their usual height, for rows in a SubFigure that is taller than they need
BELOW_MM, LINE_MM = 5.2, 3.4  # below the axis of a SubFigure: tick labels, and each line of its title
MOST_PX = 2**16  # of an image that matplotlib makes

# of files, whatever the rcParams of a session: text as text, the same ids and the same points every time
_FILE_RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "analysis",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "ps.fonttype": 42,
    "ps.useafm": False,
    "ps.usedistiller": None,
    "path.simplify": False,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
}
PRINT_DPI = 300
PNG = {"compress_level": 2}  # in half of the time, at one twentieth more
IMAGE_DESCRIPTION = 270  # tag of TIFF
LINE_OF_EPS = 200  # letters of a comment
CSS_DPI = 96  # pixels of a web page in an inch
LARGER = 1.5  # than on paper: type of 7 points, 9 pixels, is shown with 14, those of the prose around it
SHOWN_PX = 910  # at most: a cell of JupyterLab in a window of 1,366 with its side bar, of 1,100 without
NOTEBOOK_DPI = 192  # of a PNG, which is shown with fewer pixels than it has
NOTEBOOK_SVG = 400_000  # bytes: a notebook shows larger figures as PNG


def axis_height(panels, widths):
    """Return the height of tick labels, captions and the line of directions below the panels."""
    lines = [len(_caption_lines(panel, widths[panel.name])) for panel in panels if panel.captions]
    return TICKS_MM + max(lines) * line_height(style.SMALL_PT) + 0.4 if lines else 0.0


def _caption_lines(panel, width):
    """Return (texts, alignments, look) of every line below the tick labels."""

    def centred(text, look):
        return [((line,), ("center",), look) for line in wrap_evenly(text, width, style.SMALL_PT)]

    lines = centred(panel.title, style.CAPTION)
    if panel.favours:
        fit = all(text_width(w, style.SMALL_PT) <= width - 4.0 for w in panel.favours)
        words = panel.favours if fit else shortened(panel.favours)  # both sides in the same wording
        sides = _sides(panel, words)
        if sum(text_width(side, style.SMALL_PT) for side in sides.values()) + 1.5 <= width:
            lines.append((tuple(sides.values()), tuple(sides), style.CAPTION))
        else:
            for align, side in sides.items():
                lines += [((line,), (align,), style.CAPTION) for line in wrap(side, width, style.SMALL_PT)]
    for text in panel.captions[1:]:
        lines += centred(text, style.QUIET_CAPTION)
    return lines


def _sides(panel, words):
    """Return the end of the axis -> its direction, without that of a side of the null that lies beyond the panel."""
    null = panel.null if np.isfinite(panel.null) else panel.measure.inverse(panel.measure.null)
    here = {"left": null > panel.limits[0], "right": null < panel.limits[1]}
    texts = {"left": f"← {words[0]}", "right": f"{words[1]} →"}
    return {end: text for end, text in texts.items() if here[end]}


def write_captions(page, panel, left, right, y):
    """Write the lines below the axis: captions centred, directions flush with the ends of the panel."""
    x = {"left": left, "right": right, "center": (left + right) / 2}
    for i, (texts, aligns, look) in enumerate(_caption_lines(panel, right - left)):
        middle = y + (i + 0.5) * line_height(style.SMALL_PT)
        for text, align in zip(texts, aligns, strict=True):
            write(page, x[align], middle, text, look, align=align, gid=f"caption-{panel.name}-{i}-{align}")


def draw_axis(ax, panel, width):
    """Set ticks on the bottom spine alone, round ones whose labels have room, or those asked for; and further lines."""
    pitch, given = width / (panel.limits[1] - panel.limits[0]), panel.asked and style.option("ticks")
    overhang = OVERHANG_OF_XLIM if panel.asked and style.option("xlim") else OVERHANG
    for most in range(7, 0, -1):
        ticks, labels = panel.ticks(most)
        half = np.array([text_width(label, style.SMALL_PT) for label in labels]) / 2
        if given:
            break
        room = np.minimum(ticks - panel.limits[0], panel.limits[1] - ticks) * pitch + overhang - half
        ticks, labels, half = ticks[room >= 0], np.array(labels)[room >= 0], half[room >= 0]
        if (np.diff(ticks) * pitch - half[1:] - half[:-1] >= TICK_GAP).all():
            break
    labels = [str(style.say(label)) for label in labels]
    if given:  # every tick is drawn; a label that has no room beside the one before it is not
        apart = TICK_GAP if (np.diff(ticks) * pitch - half[1:] - half[:-1] >= TICK_GAP).all() else TIGHT_TICK_GAP
        last = -np.inf
        for i, (x, wide) in enumerate(zip(ticks * pitch, half, strict=True)):
            labels[i], last = (labels[i], x + wide) if x - wide >= last + apart else ("", last)
    if panel.asked and style.option("lines"):
        at = panel.measure.inverse([value for _, value in style.option("lines")])
        look = {"colors": style.MUTED, "linewidths": 0.7, "linestyles": [DASHES], "zorder": 0.9}
        lines(ax, [[(x, 0), (x, 1)] for x in at], "lines", transform=ax.get_xaxis_transform(), **look)
    ax.set_xticks(ticks, labels, fontproperties=font(style.SMALL_PT), color=style.INK)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=3, width=style.RULE_PT, color=style.INK, pad=2.5)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.spines["bottom"].set(linewidth=style.RULE_PT, color=style.INK)


def _as_written(table):
    """Return a table with its names as they were, where they are quoted."""
    texts = {name: column for name, column in table.items() if not pd.api.types.is_numeric_dtype(column)}
    new = {name: [plain(cell) if isinstance(cell, str) else cell for cell in cells] for name, cells in texts.items()}
    quoted = [name for name, cells in new.items() if any(a is not b for a, b in zip(cells, texts[name], strict=True))]
    return table.assign(**{name: new[name] for name in quoted})


@dataclass(frozen=True, eq=False)
class FigureContent:
    """What a figure shows: the numbers behind every mark, title, caption, alternative text, findings in words.

    ``lead`` is the caption but for ``footer``, the paragraphs that stand below the picture; where they are not drawn,
    the lead has them. ``printed`` names the columns of text that make the table for readers: heading -> columns set
    side by side; ``labels`` are the translations in force.
    """

    table: pd.DataFrame
    title: str
    lead: str
    alt_text: str
    in_words: str = ""
    printed: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] | None = None
    footer: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Put the texts into the language of the theme, whose labels are kept for the files."""
        footer = [style.say(line) for line in self.footer]
        lead = [style.say(self.lead), *footer[: 0 if style.option("footer") else None]]
        texts = {name: style.say(getattr(self, name)) for name in ("title", "alt_text")} | {
            "lead": Said(" ".join(lead)),
            "in_words": "\n".join(style.say(line) for line in self.in_words.split("\n")),
            "footer": tuple(footer[len(lead) - 1 :]),
            "labels": current().spoken,
            "table": _as_written(self.table),
            "printed": {style.say(head): parts for head, parts in self.printed.items()},
        }
        for name, text in texts.items():
            object.__setattr__(self, name, text)

    @property
    def caption(self) -> str:
        """The whole caption, for a picture without its footer."""
        return " ".join([self.lead, *self.footer])


@dataclass(frozen=True, eq=False)
class Spec:
    """A figure of rows, which ``draw`` puts on paper: what stands there, and what is said of it.

    Attributes
    ----------
    rows : DataFrame or Rows
        The lines with their numbers and printed texts; circles and curves follow as rows of their own kinds.
    tracks : list of Column or Panel
        From left to right, the names first and the panel of effects last.
    wording : Wording
    title, said : str
        What the figure shows, and its results in words.
    computed : str
        The paragraph that says how they were computed.
    marks : dict or function
        Names of marks -> what they mean, as ``words.MARKS``; it is said where such marks are drawn, nowhere else. A
        function makes it of the settled rows.
    facts : tuple of str
        Sentences that follow the marks.
    notes : tuple of str
        Further paragraphs.
    seen : tuple of str
        Sentences that only those need who cannot see the figure.
    drop : tuple of str
        Columns in the order in which a narrow page gives them up.
    settle : function, optional
        Returns the rows for a panel of so many millimetres, where they depend on it.
    findings : tuple of str
        Paragraphs that come first in the footer.
    said_without : str, optional
        The footer begins with what is ``said`` where no column of this name is drawn; without, it never does.
    above, below : function, optional
        Return the Strip above the rows or below their axis for the Layout, whose columns and panels have their places.
    printed : dict, optional
        Columns of the table for readers: heading -> columns set side by side. Default: those of forests.
    """

    rows: pd.DataFrame | Rows
    tracks: list
    wording: Wording
    title: str
    said: str
    computed: str
    marks: dict
    facts: tuple = ()
    notes: tuple = ()
    seen: tuple = ()
    in_words: str = ""
    kind: str = "Forest plot"
    drop: tuple = ()
    usual_mm: float = USUAL_MM
    settle: Any = None
    findings: tuple = ()
    said_without: str | None = None
    above: Any = None
    below: Any = None
    printed: Any = None

    @property
    def panel(self):
        """The panel of the effects, None in a figure without."""
        return next((track for track in reversed(self.tracks) if isinstance(track, Panel)), None)


def draw(spec, *, width_mm=None, ax=None):
    """Return the figure of a Spec; with ``ax`` its panel alone is drawn there, and the figure of these Axes returned.

    Columns are fitted once; then rows are painted, all of them or those of a page.
    """
    if ax is not None:
        return _draw_into(ax, spec)
    room = {"width": width_mm, "usual": spec.usual_mm, "drop": spec.drop}
    narrow = width_mm is not None and (
        width_mm <= style.COMPACT_MM or len(fit_tracks(spec.tracks, spec.rows, **room)[0]) < len(spec.tracks)
    )
    smaller = style.COMPACT if narrow and not style.option("compact") else {}
    with rc_of(style.RC), changed(**smaller):
        fitted = _Fitted(spec, *fit_tracks(spec.tracks, spec.rows, **room))
        repeated = spec.said_without not in (None, *(getattr(track, "name", None) for track in fitted.tracks))
        table = spec.settle(fitted.panel_widths[spec.panel.name]) if spec.settle else spec.rows
        figure, table, footer = _paint(fitted, table, partial(_footer, spec, fitted.tracks, repeated))
        figure.content = _content(spec, table, footer, repeated)
        if not (spec.settle or spec.above or spec.below or "below" in table or spec.panel is None or spec.panel.draws):
            figure.cut = partial(_cut, fitted, current(), table, footer, figure.content)
    if width_mm is not None:
        _warn_of_dropped(spec, fitted.tracks, fitted.width)
    _warn_of_asked(spec.panel, {made.get_label(): made for made in figure.axes}, table, 5)
    return figure


@dataclass(frozen=True)
class _Fitted:
    """What all pages of a figure have in common: columns, panels, and how wide they are, as all rows ask for it."""

    spec: Spec
    tracks: list
    sizes: dict
    panel_widths: dict
    width: float

    @property
    def panels(self):
        return [track for track in self.tracks if isinstance(track, Panel)]

    def frame(self):
        """Return title and margins."""
        return frame(self.spec.title, [], self.width, 0.0)

    def heads(self):
        """Return the height of the headings of columns and panels."""
        spans = any(getattr(track, "span", "") for track in self.tracks)
        lines = max(len(head_lines(track)) for track in self.sizes) + spans
        return lines * line_height(style.BODY_PT) + (1.0 if spans else 0.0)

    def layout(self, table):
        """Return the Layout of rows that begin at 0."""
        axis = axis_height(self.panels, self.panel_widths)
        return place(self.tracks, self.sizes, self.panel_widths, table, width=self.width, axis=axis)

    def height(self, table, notes):
        """Return the height of the page of some rows with these lines of a footer."""
        return _height(self.frame().top + self.heads() + UNDER_HEADS_MM + self.layout(table).bottom, notes)


def _paint(fitted, table, footer):
    """Return the figure of some rows, these with their places, and the paragraphs below.

    ``footer`` returns them for rows and names of marks: it explains those that were drawn, and no others.
    """
    spec, framing, layout = fitted.spec, fitted.frame(), fitted.layout(table)
    over, under = (strip(layout) if strip else Strip() for strip in (spec.above, spec.below))
    head_y = framing.top + over.height + fitted.heads()
    layout = layout.moved(head_y + UNDER_HEADS_MM)
    bottom = layout.bottom + under.height
    figure, page = framed_page(replace(framing, bottom=bottom))
    table = _with_places(table, layout.row_y)
    body = body_of(table)
    _draw_heads(page, layout, fitted.panels, head_y)
    _draw_cells(page, layout)
    axes = [_add_panel(figure, page, panel, layout, table) for panel in fitted.panels]
    axes += [*_draw_strip(figure, page, over, framing.top), *_draw_strip(figure, page, under, layout.bottom)]
    for placed in layout.columns:
        if placed.column.letters:
            draw_letters(page, placed, Rows.of(body).of_kind("trial"))
        if placed.column.marks:
            draw_column_marks(page, placed, Rows.of(body))
    paragraphs = with_unnamed(footer(table, drawn_in(figure)), unnamed_in(figure))
    notes = _note_lines(paragraphs, fitted.width)
    _write_notes(page, notes, bottom)
    height = _height(bottom, notes)
    figure.set_size_inches(fitted.width / MM_PER_INCH, height / MM_PER_INCH)
    page.set_ylim(height, 0)
    for made, box in axes:
        made.set_position(_place_of(page, box))
    figure.placement = layout
    return figure, table, paragraphs


def pages_of(figure):
    """Return the pages of a figure, drawn anew where it is taller than a page and made of rows, else the figure."""
    tall = figure.get_figheight() * MM_PER_INCH > PAGE_MM
    return figure.cut() if tall and getattr(figure, "cut", None) else [figure]


def _cut(fitted, look, table, footer, content):
    """Return a figure as pages: the same columns, panels and axis, the headings again, the footer on the last one."""
    # squares and the line of the pooled result are those of all rows
    table = table.frame() if isinstance(table, Rows) else table
    tracks = [replace(each, whole=table) if isinstance(each, Panel) else each for each in fitted.tracks]
    fitted, body = replace(fitted, tracks=tracks), body_of(table)
    with rc_of(style.RC), changed(look):
        ends, more = [_note_lines(each, fitted.width) for each in (footer, [CONTINUED])]
        breaks, parts, at = _breaks(body), [], 0
        while later := [each for each in breaks if each > at]:
            if fitted.height(_part(table, body, at, len(body)), ends) <= PAGE_MM:
                break
            fit = bisect_right(later, PAGE_MM, key=lambda end: fitted.height(_part(table, body, at, end), more))
            parts.append((at, at := later[max(fit - 1, 0)]))
        parts.append((at, len(body)))
        pages = []
        for i, (start, end) in enumerate(parts, 1):
            below = footer if i == len(parts) else [CONTINUED]
            page, *_ = _paint(fitted, _part(table, body, start, end), lambda *_, below=below: below)
            alt = f"{style.say(f'Page {i} of {len(parts)}')}. {content.alt_text}"
            page.content = replace(content, alt_text=Said(alt))
            pages.append(page)
    return pages


def _breaks(body):
    """Return before which rows a page may end: groups and trials, but no first trial of its group.

    What follows the last trial, all results, stays with it.
    """
    kinds, names = list(body["kind"]), body["text_name"]
    return [
        i
        for i, (before, kind, name) in enumerate(zip(["heading", *kinds], kinds, names, strict=False))
        if kind in ("heading", "trial") and before != "heading" and name
    ]


def _part(table, body, start, end):
    """Return the rows of one page, under the heading of their group if it stands on a page before."""
    rows, first = body.iloc[start:end], body.iloc[start]
    opening = body[(body["kind"] == "heading") & (body["group"] == first["group"])].iloc[:1]
    if first["kind"] == "heading" or not len(opening) or not first["group"]:
        opening = opening.iloc[:0]
    names = [Said(f"{name} ({style.say('continued')})") for name in opening["text_name"]]
    others = table.loc[table.index.difference(body.index)] if end == len(body) else table.iloc[:0]
    return pd.concat([opening.assign(text_name=names), rows, others]).drop(columns="y_mm")


def _warn_of_dropped(spec, tracks, width):
    """Say which columns the page had no room for, and how wide it must be to hold them."""
    names = {track.span or track.head or track.name: None for track in spec.tracks if track not in tracks}
    if names:
        needed = math.ceil(fit_tracks(spec.tracks, spec.rows, width=None, usual=width, drop=())[3])
        warnings.warn(
            f"width_mm is {number(width, 0)}, too narrow for the columns {', '.join(map(str, names))}, which are left "
            f"out; they need {number(needed, 0)} mm",
            stacklevel=5,  # where the figure was asked for
        )


def _warn_of_asked(panel, axes, table, stacklevel):
    """Say where ``xlim`` holds no effect of the panel, and which of the ticks asked for have no room for a label."""
    if not getattr(panel, "asked", False):
        return
    if ends := style.option("xlim"):
        table = Rows.of(table).of_kind(*style.BODY_KINDS, "point")
        drawn = {"estimate", "contrast_estimate", *(f"{series.key}_estimate" for series in panel.series)}
        effects = table.numbers(*(name for name in table if name in drawn))
        if not ((effects >= panel.limits[0]) & (effects <= panel.limits[1])).any():
            warnings.warn(f"xlim is {ends[0]:g} to {ends[1]:g}, and no effect lies inside", stacklevel=stacklevel)
    if style.option("ticks"):
        drawn = axes[panel.name].get_xticklabels()
        bare = [label for label, text in zip(panel.ticks()[1], drawn, strict=True) if not text.get_text()]
        if bare:
            warnings.warn(f"ticks without room for their label: {', '.join(bare)}", stacklevel=stacklevel)


@dataclass(frozen=True)
class Strip:
    """What stands above the rows or below their axis, in millimetres from its upper end.

    ``axes`` are (name, (left, right, top, bottom), function that draws into them); ``key`` is one laid out by
    ``lay_key``, with ``corner``, its left and upper end.
    """

    height: float = 0.0
    axes: tuple = ()
    key: tuple = ()
    corner: tuple = (0.0, 0.0)


def key_below(entries, width, top=0.0):
    """Return the Strip of a key in lines below the axis, and below what stands there down to ``top``."""
    key, tall = lay_key(entries, width - 2 * style.MARGIN, stacked=False)
    return Strip(top + tall + KEY_ABOVE_MM, key=key, corner=(style.MARGIN, top + KEY_ABOVE_MM))


def _draw_strip(figure, page, strip, y):
    """Draw a Strip from ``y`` downwards; return its axes with their boxes."""
    made = []
    for name, (left, right, top, bottom), draws in strip.axes:
        box = left, right, y + top, y + bottom
        made.append((inset(figure, page, box, name), box))
        draws(made[-1][0])
    draw_key(page, strip.key, strip.corner[0], y + strip.corner[1])
    return made


def _with_places(table, row_y, stretch=1.0):
    """Return the table with ``y_mm``; circles stand about the middle of the band of their group, ``stretch`` or not."""
    y = iter(row_y)
    table = table.assign(y_mm=[next(y) if kind in style.BODY_KINDS else np.nan for kind in table["kind"]])
    if "offset_mm" in table:
        middle = table[table["kind"].isin(["heading", "category"])].set_index("group")["y_mm"]
        of_band = table["group"].map(middle) + table["offset_mm"] / stretch
        table["y_mm"] = table["y_mm"].where(table["kind"] != "point", of_band)
    return table


def _footer(spec, tracks, repeated, table, drawn):
    """Return the paragraphs below the figure; what is said is the first of them where it is ``repeated``."""
    names = [words.letters_sentence(*each, used) for each, used in _letters_in(tracks, table).items()]
    meant = spec.marks(table) if callable(spec.marks) else spec.marks
    marks, band = words.marks_sentence(meant, drawn, spec.wording), meant.get("contrast-zone")
    if band and "contrast-zone" not in drawn:
        marks += f". Beyond the panel: {band.partition(': ')[2]}"
    facts = *spec.facts, words.beyond_sentence(table, spec.panel, spec.wording) if spec.panel else ""
    names += dict.fromkeys(track.said for track in tracks if getattr(track, "said", ""))
    lines = *spec.findings, spec.computed, words.sentences(marks, *facts), words.named(*names), *spec.notes
    return [line for line in (spec.said * repeated, *lines) if line]


def unnamed_in(figure):
    """Return the names that had no room beside their marks."""
    return [str(name) for ax in figure.axes for name in getattr(ax, "unnamed", ())]


def with_unnamed(footer, unnamed):
    """Return the paragraphs of a footer, the first of which says what ``unnamed_in`` found."""
    return [f"{footer[0]} No room for the names: {', '.join(unnamed)}.", *footer[1:]] if unnamed else footer


def _letters_in(tracks, table):
    """Return heading and letters of the lettered circles -> the values that occur; columns under one span are one."""
    found = {}
    for track in tracks:
        if letters := getattr(track, "letters", ()):
            known = {value for value, _ in letters} & set(Rows.of(table).of_kind("trial")[track.values])
            found.setdefault((track.span or track.head, letters), set()).update(known)
    return found


def _content(spec, table, footer, repeated):
    """Return the numbers and words of a figure that was drawn."""
    zone, null = (spec.panel.zone, spec.panel.null) if spec.panel else ((), np.nan)
    rows = with_reference_rows(table, zone, footer, null=null)
    lead = " ".join([words.sentences(spec.title), *[spec.said] * (not repeated)])
    alt = f"{words.sentences(f'{spec.kind}: {spec.title}', *spec.seen)} {spec.said}"
    printed = spec.printed or _printed(spec.tracks, spec.wording)
    return FigureContent(rows, spec.title, lead, alt, spec.in_words, printed, footer=tuple(footer))


def _printed(tracks, wording):
    """Return the columns of the table for readers, the dropped ones too: heading -> columns set side by side.

    Those that every forest may have are called in full, and follow the others.
    """
    usual = ("n", "change", "difference", "weight")
    own = [track for track in tracks[1:] if isinstance(track, Column) and track.name not in usual]
    heads = {tracks[0].head: ("text_name", "text_tail")}
    heads |= {
        ", ".join(filter(None, (column.span, column.head))): (column.values,) if column.letters else column.cells
        for column in own
    }
    arms = dict(zip(("treatment", "placebo"), wording.arms or words.UNNAMED, strict=True))
    told = {cell for column in own for cell in column.cells}  # the people of each arm may stand beside its events
    patients = {f"Patients, {called}": f"text_n_{arm}" for arm, called in arms.items()}
    heads |= {head: (cell,) for head, cell in patients.items() if cell not in told}
    heads |= {f"Change, {arms[arm]}": (f"text_{arm}",) for arm in reversed(arms)}
    effect = ("text_estimate", "text_low", "text_high", "text_whole")
    return heads | {words.effect_head(wording): effect, "Weight": ("text_weight",)}


def with_reference_rows(table, zone, footer, line="null line", null=0.0):
    """Append the numbers behind line and band, and the footer, below the rows of the figure."""
    value = "contrast_estimate" if "contrast_estimate" in table else "estimate"
    extra = [{"kind": "reference", "name": line, value: null}] if np.isfinite(null) else []
    if zone:
        ends = {"contrast_low": zone[0], "contrast_high": zone[1]}
        extra.append({"kind": "zone", "name": "smallest worthwhile difference", **ends})
    extra += [{"kind": "footer", "name": paragraph} for paragraph in footer]
    return Rows.joined([table, extra]).frame()


def _draw_into(ax, spec):
    """Draw the rows into Axes, or a SubFigure, whose height they share; return the figure of the Axes."""
    table, made = spec.rows, not hasattr(ax, "set_xlim")  # a SubFigure has no limits
    panels = [track for track in spec.tracks if isinstance(track, Panel)]
    if not made and len(panels) > 1:
        warnings.warn(
            f"Axes have room for one panel, that of {panels[-1].heads[0].lower()}; give a SubFigure to draw both",
            stacklevel=5,  # where the figure was asked for
        )
        panels = panels[-1:]
    table = table[~table["below"]] if "below" in table else table
    body = body_of(table)
    names = [str(style.say(name)) for name in body.get("text_tick", body["text_name"])]
    key = words.marks_sentence({each: words.MARKS[each] for each in KEYED}, KEYED, spec.wording)
    below = {panel.name: partial(_below, panel, key if panel.connect else "") for panel in panels}
    axes = _axes_in(ax, names, panels, below) if made else [ax]
    width, height = _size_of(axes[-1])
    y, top, _ = stacked(table, 0.0)
    if spec.settle:
        table, y, top = _settled(spec, width, height)
    # a few rows do not spread over a tall figure
    if made and height > top * SPREAD_MOST:
        for ax in axes:
            left, bottom, wide, tall = ax.get_position().bounds
            ax.set_position((left, bottom, wide, tall * top * SPREAD_MOST / height))
        height = top * SPREAD_MOST
    table = _with_places(table, y, height / (top + 2.0))
    figure = ax.get_figure(root=True)
    looks = [style.cell_style(kind)[1:] for kind in body["kind"]]
    names = [with_stand_ins(figure, name, weight) for name, (weight, _) in zip(names, looks, strict=True)]
    _refuse_other_rows(axes[0], y, names)
    for ax, panel in zip(axes, panels, strict=True):
        width, (low, high) = _size_of(ax)[0], panel.limits
        ax.set(xlim=(low, high), ylim=(top + 1.0, -1.0), facecolor="none")
        draw_panel(ax, panel, table, width / (high - low))
        draw_axis(ax, panel, width)
        _write_missing(ax, panel, low, high, body_of(table), (high - low) / width)
        caption = with_stand_ins(figure, "\n".join(str(style.say(line)) for line in below[panel.name](width)))
        ax.set_xlabel(caption, fontproperties=font(style.SMALL_PT, text=caption), color=style.INK, parse_math=False)
    ax = axes[0]
    ax.set_yticks(y, names)
    ax.tick_params(axis="y", length=0, pad=NAME_GAP * style.PT_PER_MM)
    if labels := ax.get_yticklabels():  # of Axes that share their rows, the first ones have them
        for label, name, (weight, colour) in zip(labels, names, looks, strict=True):
            label.set(fontproperties=font(style.SMALL_PT, weight, name), color=colour, parse_math=False)
    # where the figure was asked for
    _warn_of_asked(panel, {panel.name: axes[-1]}, table, 6)
    say_missing(figure, 6)
    return figure


def _refuse_other_rows(ax, y, names):
    """Refuse Axes whose y axis is that of Axes with other rows, whose names and places would be lost."""
    shared = [each for each in ax.get_shared_y_axes().get_siblings(ax) if each is not ax and each.collections]
    written = ax.yaxis.get_major_formatter()
    if shared and [(at, written(at)) for at in ax.get_yticks()] != list(zip(y, names, strict=True)):
        raise ValueError("the Axes share their y axis with Axes that have other rows: make them without sharey")


def _below(panel, key, width):
    """Return the lines below the tick labels of Axes of another figure: captions, key of the marks and directions."""
    captions = (wrap_evenly(text, width, style.SMALL_PT) for text in (panel.title, *panel.captions[1:], key))
    return [*itertools.chain(*captions), *_directions(panel, width)]


def _settled(spec, width, height):
    """Return the rows, and their places, of a figure whose circles are as large as so many millimetres let them be."""
    most = height
    while True:
        table = spec.settle(width, most)
        y, top, _ = stacked(table, 0.0)
        if top + 2.0 <= height + 1e-6:  # but for rounding
            return table, y, top
        least, most = most, most * 0.8
        if least < 1.0:
            raise ValueError(f"the Axes are {height:.0f} mm high; the circles and names need {top + 2.0:.0f} mm")


def _axes_in(subfigure, names, panels, below):
    """Return the Axes of panels in a SubFigure, with room for the names at the left and for what stands below."""
    width, height = _size_mm(subfigure)
    left = style.MARGIN + max(text_width(name, style.SMALL_PT, "bold") for name in names) + NAME_GAP
    gaps = (len(panels) - 1) * style.PANEL_GAP
    widths = shared_width(panels, width - left - style.MARGIN - gaps)
    lines = (below[name](max(wide, LEAST_PANEL_MM[0])) for name, wide in widths.items())
    bottom = style.MARGIN + BELOW_MM + LINE_MM * max(map(len, lines))
    if min(widths.values()) < LEAST_PANEL_MM[0] or bottom + LEAST_PANEL_MM[1] > height:
        raise ValueError(
            f"the SubFigure is {width:.0f} by {height:.0f} mm; the names alone need {left:.0f} mm of its width"
        )
    axes = []
    for wide in widths.values():
        axes.append(
            subfigure.add_axes((left / width, bottom / height, wide / width, 1 - (bottom + style.MARGIN) / height))
        )
        left += wide + style.PANEL_GAP
    return axes


def _size_of(ax):
    """Return width and height of Axes in millimetres."""
    return tuple(np.array(ax.get_position().size) * _size_mm(ax.get_figure(root=False)))


def _size_mm(figure):
    """Return width and height of a Figure or SubFigure in millimetres."""
    box = figure.bbox
    return box.width / figure.dpi * MM_PER_INCH, box.height / figure.dpi * MM_PER_INCH


def _directions(panel, width):
    """Return the line of directions, in the longer or the shorter wording that fits."""
    if not panel.favours:
        return []
    texts = ["   ".join(_sides(panel, pair).values()) for pair in (panel.favours, shortened(panel.favours))]
    fitting = first_fitting(texts, width + 4.0, style.SMALL_PT)
    return [fitting] if fitting else wrap(texts[-1], width + 4.0, style.SMALL_PT)


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
    title_lines = wrap(title if style.option("title") != "" else "", width - 2 * style.MARGIN, style.TITLE_PT, "bold")
    notes = _note_lines(footer, width)
    top = style.MARGIN + (len(title_lines) * line_height(style.TITLE_PT) + 2.0 if title_lines else 0.0)
    return _Frame(width, _height(top + body, notes), top, top + body, title_lines, notes)


def _note_lines(footer, width):
    """Return the lines of the paragraphs of a footer, none where it is not to be drawn."""
    return (
        []
        if not style.option("footer")
        else [line for text in footer for line in wrap(text, width - 2 * style.MARGIN, style.NOTE_PT)]
    )


def _height(bottom, notes):
    """Return the height of a page with these lines below ``bottom``."""
    return bottom + (3.0 if notes else 0.0) + len(notes) * line_height(style.NOTE_PT) + style.MARGIN


def framed_page(framing):
    """Return a new Figure and its page, one Axes in millimetres with y downwards, title and footer written."""
    width, height = framing.width, framing.height
    figure = ReportFigure(
        figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=style.option("dpi"), facecolor=style.PAPER
    )
    FigureCanvasAgg(figure)
    figure.families = style.FONT
    page = figure.add_axes((0, 0, 1, 1), label="page", facecolor="none", axes_class=LeanAxes)
    # without ticks, which would be made, though never seen, as soon as somebody looks for texts
    page.set(xlim=(0, width), ylim=(height, 0), zorder=2, xticks=[], yticks=[])
    page.set_axis_off()
    write_block(page, framing.title, style.MARGIN, style.TITLE, "title")
    _write_notes(page, framing.notes, framing.bottom)
    return figure, page


def _write_notes(page, notes, bottom):
    write_block(page, notes, bottom + 3.0, style.NOTE, "footer")


class _Lean:
    """An axis whose ticks are made when they are drawn; another makes four at once, most of them never seen."""

    majorTicks = cached_property(lambda self: [])
    minorTicks = cached_property(lambda self: [])

    def _update_label_position(self, renderer):
        if self.label.get_text():  # it stands beyond the tick labels, which are measured for it
            super()._update_label_position(renderer)


class _LeanX(_Lean, XAxis):
    pass


class _LeanY(_Lean, YAxis):
    pass


class LeanAxes(Axes):
    """Axes that are made in half of the time; where a matplotlib has no such hook, they are Axes as any."""

    def _init_axis(self):
        self.xaxis, self.yaxis = _LeanX(self, clear=False), _LeanY(self, clear=False)
        for side, spine in self.spines.items():
            spine.register_axis(self.xaxis if side in ("bottom", "top") else self.yaxis)


class ReportFigure(Figure):
    """A matplotlib Figure that carries its FigureContent and shows itself crisply in a notebook."""

    # Every figure that is handed to a user has one.
    content: FigureContent = None
    families: tuple[str, ...] = ()  # of its font, which an SVG names once
    placement = None  # the Layout, where the figure is made of rows
    cut = None  # returns its pages, where its rows can be cut; a copy of the figure has one page

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied and pickled."""
        return super().__getstate__() | {"cut": None}

    def draw(self, renderer: RendererBase) -> None:
        """Draw the figure, its lines as wide as they were measured."""
        with unhinted():
            super().draw(renderer)

    def _shown(self):
        """Return width and height in a notebook in pixels: type as large as the prose, and no wider than a window."""
        width, height = self.get_size_inches() * CSS_DPI
        larger = min(LARGER, SHOWN_PX / width)
        return {"width": round(width * larger), "height": round(height * larger)}

    def _repr_png_(self):
        return _render(self, "png", NOTEBOOK_DPI), self._shown()

    def _repr_svg_(self):
        # None where it would weigh too much or has nothing to say: the notebook shows the PNG
        data = svg_bytes(self) if self.content is not None else b""
        if not 0 < len(data) <= NOTEBOOK_SVG:
            return None
        size = " ".join(f'{name}="{pixels}"' for name, pixels in self._shown().items())
        return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', size, data.decode(), count=1)


def _draw_heads(page, layout, panels, head_y):
    """Write the headings of columns and panels, ruled below; spanning heads stand above their columns."""
    pitch = line_height(style.BODY_PT)
    y = head_y - pitch / 2
    for placed in layout.columns:
        column = placed.column
        x = placed.left if column.align == "left" else placed.right
        for i, line in enumerate(reversed(head_lines(column))):
            gid = f"head-{column.cells[0]}" + (f"-{i}" if i else "")
            write(page, x, y - i * pitch, line, style.HEAD, align=column.align, gid=gid)
    for panel in panels:
        left, right = layout.panels[panel.name]
        head = first_fitting(panel.heads, right - left, style.BODY_PT, "bold")
        write(page, left, y, head, style.HEAD, gid=f"head-{panel.name}")
    above = y - pitch - 1.0
    for text, (left, right) in layout.spans.items():
        write(page, (left + right) / 2, above, text, style.HEAD, align="center", gid=f"span-{style.Said(text)}")
        under = above + pitch / 2 + 0.3
        rule(page, [[(left, under), (right, under)]], f"span-rule-{style.Said(text)}", colour=style.MUTED)
    rule(page, [_across(layout, layout.top)], "head-rule")


def _across(layout, y):
    return [(style.MARGIN, y), (layout.width - style.MARGIN, y)]


def _draw_cells(page, layout):
    """Write the text cells, and a hairline above the overall result."""
    for i, (cells, y) in enumerate(zip(layout.cells, layout.row_y, strict=True)):
        row = cells | {"y_mm": y}
        for placed in layout.columns:
            _draw_cell(page, layout, placed, row, i)
        more = (len(layout.names[i]) - 1) * line_height(style.BODY_PT) / 2
        if row["kind"] == "subhead":
            rule(page, [_across(layout, row["y_mm"] + SUBHEAD_RULE_MM)], "subhead-rule")
        half = row.get("rule_mm", style.ROW_MM["total"] / 2 + 0.8 if row["kind"] == "total" else np.nan)
        if half == half:
            y = row["y_mm"] - half - more
            rule(page, [_across(layout, y)], "total-rule", width=style.HAIR_PT, colour=style.FAINT)


def _draw_cell(page, layout, placed, row, i):
    """Write one cell: its parts or what stands in their place; names have their lines, and a text in small type."""
    column, look = placed.column, cell_look(row, placed.column.cells[0], placed.column)
    if row["kind"] == "subhead":
        text = column.below or row[column.cells[0]]
        return write(page, placed.left, row["y_mm"], text, style.HEAD, gid=f"subhead-{column.name}")
    if column.under and row[column.under]:
        half, edge = line_height(look[0]) / 2, placed.left if column.align == "left" else placed.right
        y = row["y_mm"] + half * (len(layout.names[i]) if column.cells == ("text_name",) else 1)
        write(page, edge, y, row[column.under], style.NOTE, align=column.align, gid=f"cell-{i}-{column.under}")
        row = row | {"y_mm": row["y_mm"] - half}
    y = row["y_mm"]
    if column.cells == ("text_name",):
        return _draw_name(page, layout.names[i], placed, row, i)
    if column.wraps:
        lines, pitch = layout.wrapped[column][i], line_height(look[0])
        for j, line in enumerate(lines):
            gid = f"cell-{i}-{column.cells[0]}" + (f"-{j}" if j else "")
            write(page, placed.left, y + (j - (len(lines) - 1) / 2) * pitch, line, look, gid=gid)
        return None
    parts = zip(column.cells, placed.parts, strict=True)
    align = column.align if len(placed.parts) == 1 else "right"
    if column.whole and row[column.whole]:
        at = placed.left + MARK_MM * bool(column.marks) if column.align == "left" else placed.right
        parts, align = [(column.whole, at)], column.align
    for cell, x in parts:
        write(page, x, y, cell_text(row, cell), cell_look(row, cell, column), align=align, gid=f"cell-{i}-{cell}")


def _draw_name(page, lines, placed, row, i):
    """Write a name, on several lines where it is long, and after it what stands in small type."""
    look = cell_look(row, "text_name", placed.column)
    pitch, x = line_height(look[0]), placed.left + label_indent(row)
    y = row["y_mm"] - (len(lines) - 1) / 2 * pitch * (row["kind"] != "claim")
    if placed.column.before:
        before = placed.column.before
        write(page, placed.left + style.INDENT, y, row[before], style.NOTE, gid=f"cell-{i}-{before}")
    for j, line in enumerate(lines):
        write(page, x, y + j * pitch, line, look, gid=f"cell-{i}-text_name" + (f"-{j}" if j else ""))
    if placed.column.tail:
        gid, own = f"cell-{i}-{placed.column.tail}", lines.count("")
        x += 0.0 if own else text_width(lines[-1], *look[:2]) + style.TAIL_GAP
        y += (len(lines) - max(own, 1)) * pitch
        # where nothing else helps, it crosses a line
        halo = style.HALO_PT if placed.column.share and row["kind"] == "heading" else 0.0
        tail = tail_lines(row, placed.column, placed.right - placed.left) if own else [row[placed.column.tail]]
        for j, line in enumerate(tail):
            write(page, x, y + j * pitch, line, style.NOTE, gid=gid + (f"-{j}" if j else ""), halo=halo)


def _add_panel(figure, page, panel, layout, table):
    """Add the axes of a panel to the figure, draw everything that belongs to it, and return them with their box."""
    left, right = layout.panels[panel.name]
    box = left, right, layout.body_top, layout.body_bottom
    ax = inset(figure, page, box, panel.name)
    ax.set(xlim=panel.limits, ylim=(layout.body_bottom, layout.body_top))
    draw_panel(ax, panel, table, (right - left) / (panel.limits[1] - panel.limits[0]))
    _write_strip(page, panel, left, right, (layout.top + layout.body_top) / 2)
    _write_missing(page, panel, left, right, body_of(table))
    if panel.captions:
        ax.spines["bottom"].set_visible(True)
        draw_axis(ax, panel, right - left)
        write_captions(page, panel, left, right, layout.body_bottom + TICKS_MM)
    return ax, box


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


def _write_missing(page, panel, left, right, body, mm=1.0):
    """Say inside the panel why a trial has no marks here, on the roomier side of the null line; ``mm`` is one of x."""
    if not panel.connect:
        return
    low, high = panel.limits
    null = left + (panel.null - low) / (high - low) * (right - left)
    x, align = (null - 1.5 * mm, "right") if null - left >= right - null else (null + 1.5 * mm, "left")
    room = max(null - left, right - null) / mm - 1.5
    for i, (text, y) in enumerate(zip(body["text_missing"], body["y_mm"], strict=True)):
        wordings = (text, SHORT.get(text, "not reported"), "none") if text else ()
        shown = first_fitting(wordings, room, style.NOTE_PT)
        write(page, x, y, shown, style.NOTE, align=align, gid=f"missing-{i}")


def _axes_at(figure, page, box, label):
    """Add axes at ``box`` = (left, right, top, bottom) in millimetres of the page."""
    return figure.add_axes(
        _place_of(page, box), label=label, facecolor="none", gid=f"panel-{label}", axes_class=LeanAxes
    )


def _place_of(page, box):
    """Return a box in millimetres of the page as matplotlib has it."""
    left, right, top, bottom = box
    width, height = page.get_xlim()[1], page.get_ylim()[0]
    return left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height


def inset(figure, page, box, label):
    """Add axes without frame or ticks at ``box`` = (left, right, top, bottom) in millimetres of the page."""
    ax = _axes_at(figure, page, box, label)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def _render(fig, kind, dpi=PRINT_DPI, metadata=None, **options):
    buffer = io.BytesIO()
    with rc_of(_FILE_RC), lean_fonts(kind):
        fig.savefig(buffer, format=kind, dpi=dpi, metadata=metadata, **options)
    return buffer.getvalue()


def svg_bytes(fig, dpi=PRINT_DPI):
    """Return the SVG with its fonts, and with title and desc for screen readers."""
    title, alt = fig.content.title, fig.content.alt_text
    text = _render(fig, "svg", dpi, {"Date": None, "Title": title}).decode()
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


def _pdf_bytes(fig, dpi):
    """Return the PDF."""
    about = {"CreationDate": None, "Title": fig.content.title, "Subject": fig.content.alt_text}
    return _render(fig, "pdf", dpi, about)


def _png_bytes(fig, dpi):
    """Return the PNG."""
    about = {"Title": fig.content.title, "Description": fig.content.alt_text}
    return _render(fig, "png", dpi, about, pil_kwargs=PNG)


def _tiff_bytes(fig, dpi):
    """Return the TIFF: compressed without loss, and without the transparency that journals do not take."""
    buffer = io.BytesIO()
    image = Image.frombytes("RGBA", tuple((fig.get_size_inches() * dpi).astype(int)), _render(fig, "rgba", dpi))
    about = {IMAGE_DESCRIPTION: fig.content.alt_text.encode()}
    image.convert("RGB").save(buffer, "tiff", compression="tiff_lzw", dpi=(dpi, dpi), tiffinfo=about)
    return buffer.getvalue()


def _eps_bytes(fig, dpi):
    """Return the EPS, its title in place of the date; nothing in a figure is transparent, which EPS cannot be."""
    title = f"%%Title: {fig.content.title.encode('ascii', 'replace').decode()[:LINE_OF_EPS]}\n"
    return re.sub(rb"%%CreationDate:.*\n", lambda _: title.encode(), _render(fig, "eps", dpi), count=1)


WRITERS = {"svg": svg_bytes, "pdf": _pdf_bytes, "png": _png_bytes, "tiff": _tiff_bytes, "eps": _eps_bytes}
