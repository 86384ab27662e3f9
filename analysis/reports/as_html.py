"""A report as one HTML file: it needs no network, prints on paper, and is dark where the reader's screen is."""

from __future__ import annotations

import base64
from html import escape

from analysis.reports.document import Bullets, Code, Document, Heading, Paragraph, Picture, Table

# Figures are drawn for white paper, and stand on it on a dark page too.
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --page: #ffffff; --line: #b9bec5; --soft: #5b6470; --band: #f3f5f7 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --page: #16181b; --line: #4a5058; --soft: #a8b0ba; --band: #212429 }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 52rem; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem }
.wide { overflow-x: auto; margin: 1.2rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .87rem; font-variant-numeric: tabular-nums;
  border-bottom: 2px solid var(--ink) }
caption, figcaption { text-align: left; font-size: .87rem; color: var(--soft); padding: .4rem 0 }
caption b, figcaption b { color: var(--ink) }
thead th { border-top: 2px solid var(--ink); border-bottom: 1px solid var(--ink); vertical-align: bottom }
th, td { text-align: left; padding: .28rem .6rem .28rem 0; vertical-align: top }
td { overflow-wrap: normal }
tbody tr:nth-child(even) { background: var(--band) }
.number { text-align: right }
td.number { white-space: nowrap }
td:first-child { min-width: 6.5rem }
tr.result { font-weight: 600 }
figure { margin: 1.4rem 0 }
figure img { display: block; width: 100%; min-width: 34rem; background: #fff }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--band); border-radius: .3rem; font-size: .85rem }
a { color: inherit }
@media print {
  :root { --ink: #000; --page: #fff; --line: #999; --soft: #333; --band: #fff }
  @page { size: A4; margin: 18mm }
  body { max-width: none; padding: 0; font-size: 10pt }
  h2, h3 { break-after: avoid }
  figure, tr { break-inside: avoid }
  figure img { min-width: 0; max-height: 235mm; object-fit: contain }
  .wide { overflow: visible }
  thead { display: table-header-group }
  table { font-size: 8pt; line-height: 1.3 }
  caption { break-after: avoid }
  pre { white-space: pre-wrap; overflow: visible }
  .wide { margin: .6rem 0 }
}
"""


def html(document: Document) -> dict[str, bytes]:
    """Return the one file, by its name."""
    body = [f"<h1>{escape(document.title)}</h1>"]
    body += [_SET[type(block)](block, number) for number, block in document.numbered()]
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    text = page + "\n".join(body) + "\n</main>\n</body>\n</html>\n"
    return {"report.html": text.encode("utf-8", "replace")}


def _heading(block: Heading, _):
    return f"<h{block.level + 1}>{escape(block.text)}</h{block.level + 1}>"


def _paragraph(block: Paragraph, _):
    return f"<p>{escape(block.cited)}</p>"


def _bullets(block: Bullets, _):
    return "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in block.items) + "\n</ul>"


def _code(block: Code, _):
    return f"<pre><code>{escape(block.text)}</code></pre>"


def _table(block: Table, number):
    kinds = [' class="number"' if block.is_numeric(i) else "" for i in range(len(block.heads))]
    heads = "".join(f'<th scope="col"{kind}>{escape(head)}</th>' for head, kind in zip(block.heads, kinds, strict=True))
    result = ' class="result"'
    lines = [
        f"<tr{result if i in block.bold else ''}>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for i, row in enumerate(block.rows)
    ]
    caption = f"<caption><b>Table {number}.</b> {escape(block.caption)}</caption>"
    return (
        f'<div class="wide" tabindex="0"><table>{caption}\n<thead><tr>{heads}</tr></thead>\n<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def _picture(block: Picture, number):
    data = base64.b64encode(block.file("svg")).decode()
    return (
        f'<figure><div class="wide" tabindex="0"><img alt="{escape(block.alt)}" '
        f'src="data:image/svg+xml;base64,{data}"></div>\n'
        f"<figcaption><b>Figure {number}.</b> {escape(block.caption)}</figcaption></figure>"
    )


_SET = {
    Heading: _heading,
    Paragraph: _paragraph,
    Bullets: _bullets,
    Code: _code,
    Table: _table,
    Picture: _picture,
}
