"""Write what a notebook displays as a page of Markdown that can be read where the repository is, docs/notebooks/.

Usage: python tools/notebook_pages.py [--check]

The notebooks are those that tools/run_notebooks.py has run. Code is left out, but for that of solutions, which the run
has folded. A figure that is one of figures/ is linked, any other is written beside the page. With ``--check`` nothing
is written: a page that is not what its notebook shows is an error.
"""

import argparse
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ("04_placebo_beside_treatment", "08_the_claims")
OUT = ROOT / "docs" / "notebooks"
# The name of a notebook where it is no link yet.
NOTEBOOK = re.compile(r"(?<![\[`])`(\d\d_\w+)`(?!\])")
LINK = re.compile(r"(\]\()([^)#:]+)((?:#[^)]*)?\))")
SIZE = re.compile(r'width="[^"]*" height="[^"]*"')
KEPT = set("table thead tbody tr th td details summary blockquote p b strong i em code ul ol li br div".split())


class Plain(HTMLParser):
    """HTML as GitHub shows it: the elements that hold text, without style; on one line, as Markdown needs it."""

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.parts, self.hidden = [], False

    def handle_starttag(self, tag, attrs):
        self.hidden = tag == "style"
        spans = "".join(f' {name}="{value}"' for name, value in attrs if name in ("colspan", "rowspan"))
        self.parts += [f"<{tag}{spans}>"] if tag in KEPT else []

    def handle_endtag(self, tag):
        self.hidden = False
        self.parts += [f"</{tag}>"] if tag in KEPT else []

    def handle_data(self, data):
        self.parts += [] if self.hidden else [re.sub(r"\s+", " ", data)]

    def handle_entityref(self, name):
        self.parts.append(f"&{name};")

    def handle_charref(self, name):
        self.parts.append(f"&#{name};")


def plain(html):
    """Return HTML without style, an element of a table or a list on each line."""
    parser = Plain()
    parser.feed(html)
    parser.close()
    text = re.sub(r"\s*(</?(?:table|thead|tbody|tr|th|td|div)\b[^>]*>)\s*", r"\1", "".join(parser.parts)).strip()
    return re.sub(r"(?=<(?:tr|/?thead|/?tbody|/table|details)>)", "\n", text)


def rebased(text):
    """Return Markdown of a notebook with its links as docs/notebooks/ needs them, to its pages where there are some."""

    def led(found):
        target = found[2]
        if Path(target).stem in NOTEBOOKS and target.endswith(".ipynb"):
            return f"{found[1]}{Path(target).stem}.md{found[3]}"
        there = os.path.relpath(ROOT / "notebooks" / target, OUT)
        return f"{found[1]}{Path(there).as_posix()}{found[3]}"

    return LINK.sub(led, NOTEBOOK.sub(r"[`\1`](\1.ipynb)", text))


def figure(svg, name, beside):
    """Return the Markdown of a figure; one that is none of figures/ is put into `beside` under its name."""
    drawn = SIZE.sub("", svg, count=1)
    same = [path for path in sorted((ROOT / "figures").glob("*.svg")) if SIZE.sub("", read(path), count=1) == drawn]
    title = re.search(r"<title[^>]*>(.*?)</title>", svg, re.DOTALL)
    if not same:
        beside[name] = svg
    return f"![{' '.join(title[1].split()) if title else name}]({f'../../figures/{same[0].name}' if same else name})"


def read(path):
    return path.read_text(encoding="utf-8")


def shown(output, name, beside):
    """Return the Markdown of an output."""
    data = output.get("data", {})
    if "text/markdown" in data:
        return rebased(data["text/markdown"])
    if "image/svg+xml" in data:
        return figure(data["image/svg+xml"], name, beside)
    if "text/html" in data:
        return plain(data["text/html"])
    return f"```text\n{(output.get('text') or data['text/plain']).rstrip()}\n```"


def page(notebook, stem):
    """Return what an executed notebook displays, as Markdown, and the figures that belong beside it by their names."""
    parts, beside = [], {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(rebased(cell.source))
            continue
        parts += [shown(output, f"{stem}_{len(beside) + 1}.svg", beside) for output in cell.outputs]
    title, *rest = parts
    link = f"[`notebooks/{stem}.ipynb`](../../notebooks/{stem}.ipynb)"
    lead = f"Written by `make notebook-pages`: what {link} shows, without its code."
    first, _, after = title.partition("\n")
    return "\n\n".join(part.strip() for part in (first, lead, after, *rest) if part.strip()) + "\n", beside


def made():
    """Return the text of every file of docs/notebooks/ by its name, from the notebooks as they were run."""
    files = {}
    for stem in NOTEBOOKS:
        text, beside = page(nbformat.read(ROOT / "build" / "notebooks" / f"{stem}.ipynb", as_version=4), stem)
        files |= {f"{stem}.md": text} | beside
    return files


def main():
    """Write the pages, or compare their text."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; a page that is out of date is an error")
    check = parser.parse_args().check
    files = made()
    there = {path.name for path in OUT.glob("*")}
    if check:
        pages = {name: text for name, text in files.items() if name.endswith(".md")}
        old = sorted(there ^ files.keys()) or [name for name, text in pages.items() if read(OUT / name) != text]
        return f"not what the notebooks show, run make notebook-pages: docs/notebooks/ {', '.join(old)}" if old else 0
    OUT.mkdir(exist_ok=True)
    for name in there - files.keys():
        (OUT / name).unlink()
    for name, text in files.items():
        (OUT / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
