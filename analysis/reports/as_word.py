"""A report as a Word document, with real headings, tables, captions and alternative texts."""

from __future__ import annotations

import datetime
import importlib
import io
import re
import zipfile
from typing import Any

from analysis.reports.document import HEIGHT_MM, WIDTH_MM, Bullets, Code, Document, Heading, Paragraph, Picture, Table

_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can have: the same input gives the same bytes
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_LINE_MM, _CAPTION_LETTERS, _LETTER_MM = 4.4, 115, 1.75
# What XML cannot hold.
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def word(document: Document) -> dict[str, bytes]:
    """Return the one file, by its name."""
    try:
        docx = importlib.import_module("docx")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "formats: a Word document needs python-docx, which is not installed. It comes with an extra: "
            'pip install "pain-meta-analysis[report]"; or leave "docx" out of formats.',
            name="docx",
        ) from error
    file = docx.Document()
    _page(file, docx, document.title)
    file.add_heading(_clean(document.title), 0)
    for number, block in document.numbered():
        _SET[type(block)](file, docx, block, number)
    buffer = io.BytesIO()
    file.save(buffer)
    return {"report.docx": _without_dates(buffer.getvalue())}


def _clean(text):
    return _NO_XML.sub("\ufffd", text)


def _page(file, docx, title):
    """A4 with the margins of the other formats, plain type, and what the file says of itself."""
    section, mm = file.sections[0], docx.shared.Mm
    section.page_width, section.page_height = mm(210), mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = mm(18)
    normal = file.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", docx.shared.Pt(10.5)
    caption = file.styles["Caption"]
    caption.font.size, caption.font.bold = docx.shared.Pt(9), False
    caption.paragraph_format.keep_together = True
    caption.font.color.rgb = docx.shared.RGBColor(0x33, 0x33, 0x33)
    for name in ("Title", "Heading 1", "Heading 2"):
        file.styles[name].font.color.rgb = docx.shared.RGBColor(0, 0, 0)
        file.styles[name].font.name = "Calibri"
        # The template names the fonts of a theme, which would win.
        fonts = file.styles[name].element.rPr.rFonts
        for key in [key for key in fonts.attrib if "heme" in key]:
            del fonts.attrib[key]
    file.styles["Title"].font.size = docx.shared.Pt(20)
    for line in file.styles["Title"].element.pPr.findall(docx.oxml.ns.qn("w:pBdr")):
        file.styles["Title"].element.pPr.remove(line)
    about, day = file.core_properties, datetime.datetime(*_DAY)
    about.title, about.author, about.comments, about.language = _clean(title)[:255], "", "", "en"
    about.created = about.modified = day


def _heading(file, docx, block: Heading, number):
    file.add_heading(_clean(block.text), block.level)


def _paragraph(file, docx, block: Paragraph, number):
    file.add_paragraph(_clean(block.cited))


def _bullets(file, docx, block: Bullets, number):
    for item in block.items:
        file.add_paragraph(_clean(item), style="List Bullet")


def _code(file, docx, block: Code, number):
    paragraph = file.add_paragraph()
    paragraph.paragraph_format.left_indent = docx.shared.Mm(6)
    run = paragraph.add_run(_clean(block.text))
    run.font.name, run.font.size = "Consolas", docx.shared.Pt(9)


def _caption(file, docx, what, number, text, keep=False):
    """A caption that Word counts, so that lists of tables and figures can be made of it."""
    paragraph = file.add_paragraph(style="Caption")
    paragraph.paragraph_format.keep_with_next = keep
    paragraph.add_run(f"{what} ").bold = True
    field = paragraph.add_run()
    field.bold = True
    for kind, inner in (
        ("begin", None),
        (None, f" SEQ {what} \\* ARABIC "),
        ("separate", None),
        ("shown", str(number)),
        ("end", None),
    ):
        if kind == "shown":
            element = _element(docx, "w:t", text=inner)
        elif kind is None:
            element = _element(docx, "w:instrText", text=inner)
        else:
            element = _element(docx, "w:fldChar", **{"w:fldCharType": kind})
        field._r.append(element)
    paragraph.add_run(". ").bold = True
    paragraph.add_run(_clean(text))


def _element(docx, name, text=None, **attributes):
    element = docx.oxml.OxmlElement(name)
    for key, value in attributes.items():
        element.set(docx.oxml.ns.qn(key), value)
    if text is not None:
        element.text = text
        element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return element


def _table(file, docx, block: Table, number):
    _caption(file, docx, "Table", number, block.caption, keep=True)
    table = file.add_table(rows=1, cols=len(block.heads))
    table.autofit = False
    _rules(docx, table)
    numeric = [block.is_numeric(i) for i in range(len(block.heads))]
    _fill(docx, table.rows[0], block.heads, numeric, bold=True)
    # The head stands again on every page, and no row is broken across two.
    table.rows[0]._tr.get_or_add_trPr().append(_element(docx, "w:tblHeader"))
    for i, cells in enumerate(block.rows):
        _fill(docx, table.add_row(), cells, numeric, bold=i in block.bold)
    for row in table.rows:
        row._tr.get_or_add_trPr().append(_element(docx, "w:cantSplit"))
    _widths(docx, table, block)
    file.add_paragraph().paragraph_format.space_after = docx.shared.Pt(4)


def _widths(docx, table, block):
    """Columns by their texts; what is left of the page goes to all alike, as the table is as wide as it."""
    letters = block.widths(WIDTH_MM / _LETTER_MM - 2 * len(block.heads))
    more = (WIDTH_MM / _LETTER_MM - sum(letters)) / len(letters)
    for column, width in zip(table.columns, letters, strict=True):
        column.width = docx.shared.Mm((width + more) * _LETTER_MM)
        for cell in column.cells:
            cell.width = column.width


def _rules(docx, table):
    """Three rules, as in a journal: above, below the head, below."""
    borders = _element(docx, "w:tblBorders")
    for side in ("top", "bottom"):
        borders.append(_element(docx, f"w:{side}", **{"w:val": "single", "w:sz": "8", "w:color": "000000"}))
    table._tbl.tblPr.append(borders)
    for cell in table.rows[0].cells:
        under = _element(docx, "w:tcBorders")
        under.append(_element(docx, "w:bottom", **{"w:val": "single", "w:sz": "4", "w:color": "000000"}))
        cell._tc.get_or_add_tcPr().append(under)


def _fill(docx, row, cells, numeric, bold):
    for cell, text, right in zip(row.cells, cells, numeric, strict=True):
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = docx.shared.Pt(1.5)
        if right:
            paragraph.alignment = docx.enum.text.WD_ALIGN_PARAGRAPH.RIGHT
        run = paragraph.add_run(_clean(text))
        run.font.size, run.bold = docx.shared.Pt(8.5), bold


def _picture(file, docx, block: Picture, number):
    pages = block.parts
    for i, page in enumerate(pages, 1):
        width, height = 25.4 * page.get_size_inches()
        below = _LINE_MM * (1 + len(block.caption) / _CAPTION_LETTERS) if i == len(pages) else 0.0
        most = HEIGHT_MM - 18 - below
        scale = min(WIDTH_MM / width, most / height)
        paragraph = file.add_paragraph()
        paragraph.paragraph_format.keep_with_next = i == len(pages)
        shape = paragraph.add_run().add_picture(
            io.BytesIO(block.file("png", page)), width=docx.shared.Mm(width * scale)
        )
        alt = block.alt if len(pages) == 1 else f"Page {i} of {len(pages)}. {block.alt}"
        shape._inline.docPr.set("descr", _clean(alt))
        shape._inline.docPr.set("name", f"Figure {number}{f', page {i}' if len(pages) > 1 else ''}")
    _caption(file, docx, "Figure", number, block.caption)


def _without_dates(data: bytes) -> bytes:
    """Return the same file with one date for all of its parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, _DAY)
            part.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(part, old.read(name))
    return buffer.getvalue()


_SET: dict[type, Any] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Bullets: _bullets,
    Code: _code,
    Table: _table,
    Picture: _picture,
}
