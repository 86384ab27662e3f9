"""A report as Markdown, with its figures as files beside it."""

from __future__ import annotations

import re

from analysis.reports.document import Bullets, Code, Document, Heading, Paragraph, Picture, Table
from analysis.text import markdown_cell


def markdown(document: Document) -> dict[str, bytes]:
    """Return the text and the figures, by their names."""
    files, parts = {}, [f"# {markdown_cell(document.title)}"]
    for number, block in document.numbered():
        parts.append(_SET[type(block)](block, number))
        if isinstance(block, Picture):
            files[_file(block)] = block.file("png")
    return {"report.md": ("\n\n".join(parts) + "\n").encode("utf-8", "replace"), **files}


def _file(block):
    return f"figures/{block.name}.png"


def _heading(block: Heading, _):
    return f"{'#' * (block.level + 1)} {markdown_cell(block.text)}"


def _paragraph(block: Paragraph, _):
    return markdown_cell(block.cited)


def _bullets(block: Bullets, _):
    return "\n".join(f"- {markdown_cell(item)}" for item in block.items)


def _code(block: Code, _):
    fence = "`" * max(3, 1 + max((len(run) for run in block.text.split() if set(run) == {"`"}), default=0))
    return f"{fence}python\n{block.text}\n{fence}"


def _table(block: Table, number):
    rule = ["---:" if block.is_numeric(i) else "---" for i in range(len(block.heads))]
    lines = [[markdown_cell(head) for head in block.heads], rule]
    for i, row in enumerate(block.rows):
        cells = map(markdown_cell, row)
        lines.append([f"**{cell}**" if cell and i in block.bold else cell for cell in cells])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**Table {number}.** {markdown_cell(block.caption)}\n\n{table}"


def _picture(block: Picture, number):
    # Some brackets are escaped already: a second backslash before them would set them free again.
    alt = re.sub(r"(\\.)|([\[\]])", lambda found: found[1] or f"\\{found[2]}", markdown_cell(block.alt))
    return f"![{alt}]({_file(block)})\n\n**Figure {number}.** {markdown_cell(block.caption)}"


_SET = {
    Heading: _heading,
    Paragraph: _paragraph,
    Bullets: _bullets,
    Code: _code,
    Table: _table,
    Picture: _picture,
}
