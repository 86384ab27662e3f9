"""The files beside a figure that are not pictures: its caption and table for readers, and its numbers.

Markdown, LaTeX and Word have the same table, with the letters of notes raised and what they mean below it; CSV and the
workbook have the numbers.
"""

import importlib
import io
import math
import re
import zipfile
from dataclasses import dataclass

from analysis import _check
from analysis.plots._catalogue import BREAKS
from analysis.plots._theme import Said, translator
from analysis.text import MINUS, latex_cell, markdown_cell, safe_table

_PLAIN = ("trial", "claim", "option")  # every other kind of row is a group or a result, and set in bold
# columns that a figure draws by, which say nothing of the data
_DRAWING = re.compile(
    r"text_.*|symbol_.*|.*_mm|area_pt2|series|shown|worded|role|quiet|banded|below|look|labelled|prediction_style"
)
_FIRST = re.compile(r"kind|group|name|(.*_)?(estimate|low|high)|weight")
_EXTRAS = {"docx": "report", "openpyxl": "excel"}
_MOST_TITLE = 31  # letters of the name of a sheet
LATEX = r"""% \usepackage[T1]{{fontenc}} \usepackage{{textcomp,booktabs,longtable}}
{{\footnotesize\setlength{{\tabcolsep}}{{4pt}}
\begin{{longtable}}{{{columns}}}
\caption{{{caption}}}\\
\toprule
{head} \\
\midrule
\endfirsthead
\toprule
{head} \\
\midrule
\endhead
\bottomrule
\endfoot
{rows}
\end{{longtable}}
{notes}
\par}}
"""


@dataclass(frozen=True)
class _Table:
    """A table as printed: heads, which columns are numbers, rows as (bold, cells of text and letters), their kinds."""

    heads: list
    right: list
    rows: list
    kinds: list


def table_of(content):
    """Return the rows with printed text as a _Table, in the language of the figure."""
    say = translator(content.labels or {})
    table, printed = content.table, content.printed
    heads = [
        head for head, parts in printed.items() if parts[0] in table and table[parts[0]].astype(object).fillna("").any()
    ]
    columns = list(dict.fromkeys(part for head in heads for part in printed[head]))
    texts = table.reindex(columns=[*columns, "notes"])
    # A column of letters prints what the letters stand for, which may be numbers.
    texts = texts.astype(object).where(texts.notna(), "").map(lambda x: x if isinstance(x, str) else _check.as_text(x))
    right = [all(_is_number(cell) for cell in texts[printed[head][0]]) for head in heads]
    rows, kinds = [], []
    for row, kind in zip(texts.to_dict("records"), table["kind"], strict=True):
        # words from the data are left alone
        say_cell = say if kind not in _PLAIN else lambda text: say(text) if _is_number(text) else Said(text)
        cells = [_cell([row[part] for part in printed[head] if row[part]], row["notes"], say_cell) for head in heads]
        if any(text for text, _ in cells):
            rows.append((kind not in _PLAIN, cells))
            kinds.append(kind)
    return _Table([say(head) for head in heads], right, rows, kinds)


def _cell(parts, notes, say):
    """Return the text of a cell and the letters of its notes, which are its last part."""
    letters = parts.pop() if len(parts) > 1 and parts[-1] == notes else ""
    return " ".join(map(say, parts)), letters


def _is_number(text):
    return not text or text.lstrip("[(" + MINUS)[:1].isdigit()


def markdown(content):
    """Return the findings in words (where there are any), caption, table, notes and alternative text as Markdown."""
    say = translator(content.labels or {})
    parts = {
        "In words": "\n".join(f"- {_bold(markdown_cell(line))}" for line in content.in_words.splitlines()),
        "Caption": markdown_cell(content.lead),
        "Table": _markdown_table(table_of(content)),
        "Notes": "\n\n".join(markdown_cell(line) for line in content.footer),
        "Alternative text": markdown_cell(content.alt_text),
    }
    sections = [f"## {say(name)}\n\n{text}\n" for name, text in parts.items() if text]
    return "\n".join([f"# {markdown_cell(content.title)}\n", *sections]).encode("utf-8", "replace")


def _bold(line):
    """Return a line with its bold words, those of a verdict, as they were meant."""
    return re.sub(r"\\\*\\\*(\S.*?)\\\*\\\*", r"**\1**", line)


def _markdown_table(table):
    lines = [[markdown_cell(head) for head in table.heads], ["---:" if number else "---" for number in table.right]]
    for bold, cells in table.rows:
        made = [(markdown_cell(text), markdown_cell(letters)) for text, letters in cells]
        texts = [(f"**{text}**" if bold and text else text, letters) for text, letters in made]
        # a space, so that programs which know no HTML keep name and letters apart
        lines.append([f"{text} <sup>{letters}</sup>" if letters else text for text, letters in texts])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def latex(content):
    """Return the table as LaTeX: one that breaks over pages, in three rules, with its notes below."""
    table = table_of(content)
    lines = []
    for bold, cells in table.rows:
        made = [(latex_cell(text), latex_cell(letters)) for text, letters in cells]
        texts = [(rf"\textbf{{{text}}}" if bold and text else text, letters) for text, letters in made]
        lines.append([rf"{text}\textsuperscript{{{letters}}}" if letters else text for text, letters in texts])
    return LATEX.format(
        columns="".join("r" if number else "l" for number in table.right),
        caption=latex_cell(content.lead),
        head=" & ".join(map(latex_cell, table.heads)),
        # braces, so that a name in brackets is no length of the break before it
        rows="\n".join(f"{{}}{' & '.join(line)} \\\\" for line in lines),
        notes="\n\n".join(map(latex_cell, content.footer)),
    ).encode("utf-8", "replace")


def word(content):
    """Return a Word document with caption, table and notes."""
    docx = _library("docx", "Word documents")
    table, document = table_of(content), docx.Document()
    document.core_properties.title, document.core_properties.author = content.title, ""
    # pages lie where a table has many columns
    if len(table.heads) > 6:
        page = document.sections[0]
        page.orientation = docx.enum.section.WD_ORIENT.LANDSCAPE
        page.page_width, page.page_height = page.page_height, page.page_width
    document.add_paragraph(content.lead, style="Caption")
    made = document.add_table(rows=1 + len(table.rows), cols=max(len(table.heads), 1), style="Table Grid")
    lines = [(True, [(head, "") for head in table.heads]), *table.rows]
    for row, (bold, cells) in zip(made.rows, lines, strict=True):
        for cell, (text, letters), number in zip(row.cells, cells, table.right, strict=False):
            paragraph = cell.paragraphs[0]
            paragraph.alignment = docx.enum.text.WD_ALIGN_PARAGRAPH.RIGHT if number else None
            paragraph.paragraph_format.space_after = 0
            for run in (paragraph.add_run(text), paragraph.add_run(letters)):
                run.font.size, run.bold = docx.shared.Pt(8), bold
            run.font.superscript, run.bold = True, False
    # the heads stand again on every page
    heads = made.rows[0]._tr.get_or_add_trPr()
    heads.append(docx.oxml.OxmlElement("w:tblHeader"))
    for line in content.footer:
        document.add_paragraph().add_run(line).font.size = docx.shared.Pt(8)
    buffer = io.BytesIO()
    document.save(buffer)
    return _dateless(buffer.getvalue())


def data_of(content):
    """Return the numbers of a figure: what names a row, its effects, then what else is known of it."""
    rows = content.table[content.table["kind"] != "footer"]
    names = [name for name in rows if not _DRAWING.fullmatch(name)]
    named = [name for name in ("kind", "group", "name") if name in names]
    return rows[[*named, *sorted(set(names) - set(named), key=lambda x: (not _FIRST.fullmatch(x), names.index(x)))]]


def drawing_of(content):
    """Return what a figure draws by, row by row as `data_of`, and below it the footer."""
    named = [name for name in ("kind", "group", "name") if name in content.table]
    return content.table[[*named, *(name for name in content.table if _DRAWING.fullmatch(name))]]


def csv(table):
    """Return a table as CSV in UTF-8 with a byte order mark."""
    text = safe_table(table).to_csv(index=False, lineterminator="\n", float_format=_digits)
    return text.encode("utf-8-sig", "replace")


def _digits(value):
    """Return ten digits: the last ones of a float depend on the processor's linear algebra, as does a zero's sign."""
    return f"{value + 0.0:.10g}"


def workbook(contents):
    """Return a workbook of the numbers of figures by name, one sheet each, below the title of the figure."""
    book = _library("openpyxl", "workbooks").Workbook()
    book.remove(book.active)
    for name, content in contents.items():
        sheet = book.create_sheet(_title_of_sheet(name, book.sheetnames))
        table = safe_table(data_of(content))
        sheet.append([*map(_line, table)])
        for row in table.astype(object).where(table.notna(), None).itertuples(index=False):
            sheet.append([_in_sheet(cell) for cell in row])
        sheet.freeze_panes = "A2"
    buffer = io.BytesIO()
    book.save(buffer)
    return _dateless(buffer.getvalue())


def _title_of_sheet(name, taken):
    """Return a name that a sheet may have, and that no other has."""
    title = re.sub(r"[\[\]:*?/\\]|^'|'$", "_", Said(name)) or "figure"
    known, i, whole = {each.lower() for each in taken}, 1, title[:_MOST_TITLE]
    while whole.lower() in known:
        i += 1
        whole = f"{title[: _MOST_TITLE - len(f' {i}')]} {i}"
    return whole


def _in_sheet(cell):
    if isinstance(cell, float) and math.isfinite(cell):
        return float(_digits(cell))
    return cell if cell is None or isinstance(cell, (bool, int)) else _line(cell)


def _line(cell):
    return Said(BREAKS.sub(" ", _check.as_text(cell)))


def _dateless(data):
    """Return an Office file without the time at which it was made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"(<dcterms:\w+[^>]*>)\d{4}-[^<]*", rb"\g<1>1980-01-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)  # of 1980, where such files begin
    return buffer.getvalue()


def _library(name, kind):
    """Return the library that writes a kind of file; an error says how to install it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"formats: writing {kind} needs {name}, which is not installed. It comes with an extra: "
            f'pip install "pain-meta-analysis[{_EXTRAS[name]}]"; or take tex or csv.',
            name=name,
        ) from error
