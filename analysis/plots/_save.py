"""Write a figure, its numbers and its caption: the same bytes for the same input, whole files or none.

The caption stands in a Markdown file: findings in words, caption, table and alternative text.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import _check
from analysis._types import FigureFormat
from analysis.plots._marks import missing_letters
from analysis.plots._page import MOST_PX, PRINT_DPI, WRITERS, pages_of
from analysis.plots._theme import Said, translator
from analysis.text import MINUS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USUAL = "svg", "pdf", "png"
RASTERS = "png", "tiff"
DPI = 72, 1200
# suffixes that somebody may mean as a format
MEANT = {*WRITERS, *"csv md jpg jpeg tif gif webp bmp ps emf wmf html htm doc docx ppt pptx xls xlsx tex txt".split()}
_PLAIN = ("trial", "claim", "option")  # every other kind of row is a group or a result, and set in bold


def save_figure(
    fig: Figure,
    stem: str | os.PathLike[str],
    formats: FigureFormat | Sequence[FigureFormat] = USUAL,
    *,
    dpi: float = PRINT_DPI,
    pages: bool = False,
) -> list[Path]:
    """Write a figure, the numbers behind its marks and its caption.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        From a function of this library that draws one; it carries its table and caption as ``fig.content``.
    stem : str or Path
        Path without a suffix, as "figures/placebo_beside_treatment"; a missing folder is made.
    formats : str or sequence of str
        Of "svg", "pdf", "png", "tiff" and "eps"; the first three unless given. TIFF and EPS are for journals that want
        them: RGB without transparency, compressed without loss (LZW); fonts inside (Type 42).
    dpi : float
        Of PNG and TIFF, from 72 to 1200.
    pages : bool
        Cut a figure of rows that is taller than 240 mm into pages of that height, one file a page: "forest-1.svg",
        "forest-2.svg" and so on. They have the same columns and the same axis; headings are repeated, and the footer
        stands on the last one. It is drawn anew, as the function made it. What is lower, and what cannot be cut, such
        as a plane, has one file. Every figure is cut here, so the functions that draw have no such argument.

    Returns
    -------
    list of Path
        The files written: the formats in the order asked for, of each its pages, then ``.csv`` and ``.md``.

    Raises
    ------
    ValueError
        For an unknown format, a stem that ends as files of a format do, a resolution out of reach, or a figure without
        content.

    See Also
    --------
    analysis.forest : Draw a forest plot.
    analysis.theme : Choose the look and the language of figures.
    analysis.figure_labels : List the texts that can be translated.

    Notes
    -----
    Every file is made in full before any is put in place, and replaces an older one in one step. Files hold no date, so
    the same input gives the same bytes. The alternative text is in the SVG (title and desc), in the PDF (Subject), in
    the PNG (Description), in the TIFF (ImageDescription) and in the ``.md`` file; the EPS has the title alone. Text
    stays text in SVG, PDF and EPS, with its fonts inside. The ``.csv`` file is UTF-8 with a byte order mark, by which
    Excel knows it; its numbers have ten significant digits, those of ``fig.content.table`` have all.

    References
    ----------
    W3C, Web Content Accessibility Guidelines 2.2, success criterion 1.1.1 (text alternatives).

    W3C, Scalable Vector Graphics 2, the elements title and desc.

    Examples
    --------
    >>> import analysis, tempfile, pathlib
    >>> fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in analysis.save_figure(fig, pathlib.Path(folder) / "demo", formats=["svg"])]
    ['demo.svg', 'demo.csv', 'demo.md']
    """
    formats = [formats] if isinstance(formats, str) else list(formats)
    stem = Path(stem)
    _check_figure(fig, stem, formats)
    parts = pages_of(fig) if pages else [fig]
    _check_dpi(parts, formats, dpi)
    marks = [f"-{i}" for i in range(1, len(parts) + 1)] if len(parts) > 1 else [""]
    paged = list(zip(marks, parts, strict=True))
    contents = {f"{mark}.{kind}": WRITERS[kind](part, dpi) for kind in formats for mark, part in paged}
    numbers = fig.content.table.to_csv(index=False, lineterminator="\n", float_format=_digits)
    contents[".csv"] = numbers.encode("utf-8-sig", "replace")
    contents[".md"] = _caption_file(fig).encode()
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(f"{stem.parent} is a file, not a folder: choose another place") from error
    return [_put(stem.with_name(f"{stem.name}{ending}"), data) for ending, data in contents.items()]


def _check_figure(fig, stem, formats):
    unknown = [kind for kind in formats if kind not in WRITERS]
    if unknown:
        raise ValueError(f"formats holds {unknown[0]!r}; choose from {', '.join(WRITERS)}")
    ending = stem.suffix.lstrip(".").lower()
    if ending in MEANT:
        others = "" if ending in (*WRITERS, "csv", "md") else f"; they are {', '.join(WRITERS)}"
        raise ValueError(f"stem is {str(stem)!r}: leave out {stem.suffix!r}, the formats are named by formats={others}")
    if getattr(fig, "content", None) is None:
        raise ValueError(
            f"this {type(fig).__name__} carries no table and caption: save_figure takes figures made by functions of "
            "this library, such as arms_forest; use fig.savefig for others"
        )


def _check_dpi(parts, formats, dpi):
    if not DPI[0] <= _check.amount("dpi", dpi) <= DPI[1]:
        raise ValueError(f"dpi={dpi!r} must lie between {DPI[0]} and {DPI[1]}; journals ask for 300 to 600")
    longest = max(inches for part in parts for inches in part.get_size_inches())
    if set(formats) & set(RASTERS) and longest * dpi >= MOST_PX:
        most = int(MOST_PX / longest)
        remedy = f"give dpi={most} or less" if most >= DPI[0] else "take svg or pdf"
        raise ValueError(f"the figure is {longest * 25.4:.0f} mm long, too long for an image at {dpi:g} dpi; {remedy}")


def _digits(value):
    """Return ten digits: the last ones of a float depend on the processor's linear algebra, as does a zero's sign."""
    return f"{value + 0.0:.10g}"


def _caption_file(fig):
    """Return the findings in words (where there are any), caption, table and alternative text as Markdown."""
    content, missing = fig.content, missing_letters(fig)
    say = translator(content.labels or {})
    parts = {
        "In words": "\n".join(f"- {line}" for line in content.in_words.splitlines()),
        "Caption": content.caption + (f" {missing}." if missing else ""),
        "Table": _markdown(content.table, content.printed, say),
        "Alternative text": content.alt_text,
    }
    sections = [f"## {say(name)}\n\n{text}\n" for name, text in parts.items() if text]
    return "\n".join([f"# {content.title}\n", *sections])


def _markdown(table, printed, say):
    """Return the rows with printed text as a Markdown table, group names and results in bold."""
    heads = [head for head, parts in printed.items() if parts[0] in table and table[parts[0]].fillna("").any()]
    texts = table[list(dict.fromkeys(part for head in heads for part in printed[head]))]
    texts = texts.astype(object).where(texts.notna(), "")
    right = [all(_is_number(cell) for cell in texts[printed[head][0]]) for head in heads]
    lines = [list(map(say, heads)), ["---:" if numeric else "---" for numeric in right]]
    for row, kind in zip(texts.to_dict("records"), table["kind"], strict=True):
        parts = [[row[part] for part in printed[head] if row[part]] for head in heads]
        # words from the data are left alone
        say_cell = say if kind not in _PLAIN else lambda text: say(text) if _is_number(text) else Said(text)
        cells = [" ".join(map(say_cell, cell)).replace("|", "\\|") for cell in parts]
        if any(cells):
            lines.append(cells if kind in _PLAIN else [f"**{cell}**" if cell else "" for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _is_number(text):
    return not text or text.lstrip("[(" + MINUS)[:1].isdigit()


def _put(path, data):
    """Write to a temporary file beside the target, then replace the target in one step."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes files that only their owner may read
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def _umask():
    # it can only be read by setting it
    mask = os.umask(0)
    os.umask(mask)
    return mask
