"""Write a figure, its numbers and its caption: the same bytes for the same input, whole files or none."""

import io
import os
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from matplotlib.style import context as style_context

from analysis.text import MINUS

FORMATS = ("svg", "pdf", "png")
RC = {
    "svg.fonttype": "path",
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


def save_figure(fig, stem, formats=FORMATS):
    """Write a figure, the numbers behind its marks and its caption.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        From a function of this library that draws one; it carries its table and caption as ``fig.content``.
    stem : str or Path
        Path without a suffix, as "figures/placebo_beside_treatment"; a missing folder is made.
    formats : sequence of str
        Of "svg", "pdf" and "png" (300 dpi).

    Returns
    -------
    list of Path
        The files written: the formats in the order asked for, then ``.csv`` and ``.md``.

    Raises
    ------
    ValueError
        For an unknown format, a stem that ends in the name of a format, or a figure without content.

    Notes
    -----
    Every file is made in full before any is put in place, and replaces an older one in one step. Files
    hold no date, so the same input gives the same bytes. The alternative text is in the SVG (title and
    desc), in the PDF (Subject), in the PNG (Description) and in the ``.md`` file.

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
    _check(fig, stem, formats)
    contents = {kind: _WRITERS[kind](fig) for kind in formats}
    contents["csv"] = fig.content.table.to_csv(index=False, lineterminator="\n").encode()
    contents["md"] = _caption_file(fig.content).encode()
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(f"{stem.parent} is a file, not a folder: choose another place") from error
    return [_put(stem.with_name(f"{stem.name}.{kind}"), data) for kind, data in contents.items()]


def _check(fig, stem, formats):
    unknown = [kind for kind in formats if kind not in FORMATS]
    if unknown:
        raise ValueError(f"formats holds {unknown[0]!r}; choose from {', '.join(FORMATS)}")
    if stem.suffix.lstrip(".").lower() in (*FORMATS, "csv", "md"):
        raise ValueError(f"stem is {str(stem)!r}: leave out {stem.suffix!r}, the formats are named by formats=")
    if getattr(fig, "content", None) is None:
        raise ValueError(
            "fig carries no table and caption: save_figure takes figures made by functions of this library, such as "
            "arms_forest; use fig.savefig for others"
        )


def _put(path, data):
    """Write to a temporary file beside the target, then replace the target in one step."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _render(fig, kind, dpi, metadata):
    buffer = io.BytesIO()
    with style_context(["default", RC]):
        fig.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def _svg(fig):
    """Return the SVG with title and desc, so that a screen reader reads what the figure shows."""
    content = fig.content
    text = _render(fig, "svg", PRINT_DPI, {"Date": None, "Title": content.title}).decode()
    title = f"<title>{escape(content.title)}</title>"
    return text.replace(title, f"{title}\n <desc>{escape(content.alt_text)}</desc>", 1).encode()


def _pdf(fig):
    content = fig.content
    return _render(fig, "pdf", PRINT_DPI, {"CreationDate": None, "Title": content.title, "Subject": content.alt_text})


def _png(fig):
    return _render(fig, "png", PRINT_DPI, {"Title": fig.content.title, "Description": fig.content.alt_text})


_WRITERS = {"svg": _svg, "pdf": _pdf, "png": _png}


def notebook_png(fig):
    """Return the figure for a notebook: twice the pixels, shown at its size on paper."""
    data = _render(fig, "png", NOTEBOOK_DPI, {})
    width, height = fig.get_size_inches() * NOTEBOOK_DPI / 2
    return data, {"width": int(width), "height": int(height)}


def _caption_file(content):
    """Return the findings in words (where there are any), caption, table and alternative text as Markdown."""
    in_words = "\n".join(f"- {line}" for line in content.in_words.splitlines())
    parts = {
        "In words": in_words,
        "Caption": content.caption,
        "Table": _markdown(content.table, content.printed or _FOREST),
    }
    parts |= {"Alternative text": content.alt_text}
    sections = [f"## {name}\n\n{text}\n" for name, text in parts.items() if text]
    return "\n".join([f"# {content.title}\n", *sections])


_FOREST = {
    "Trial": ("text_name",),
    "Patients, treatment": ("text_n_treatment",),
    "Patients, placebo": ("text_n_placebo",),
    "Change, placebo": ("text_placebo",),
    "Change, treatment": ("text_treatment",),
    "Difference": ("text_estimate", "text_low", "text_high"),
    "Weight": ("text_weight",),
}
_PLAIN = ("trial", "claim", "option")  # every other kind of row is a group or a result, and set in bold


def _markdown(table, printed):
    """Return the rows with printed text as a Markdown table, group names and results in bold."""
    heads = [head for head, parts in printed.items() if parts[0] in table]
    texts = table[[part for head in heads for part in printed[head]]]
    texts = texts.astype(object).where(texts.notna(), "")
    right = [all(_is_number(cell) for cell in texts[printed[head][0]]) for head in heads]
    lines = [heads, ["---:" if numeric else "---" for numeric in right]]
    for (_, row), kind in zip(texts.iterrows(), table["kind"], strict=True):
        cells = [" ".join(row[part] for part in printed[head] if row[part]) for head in heads]
        cells = [cell.replace("|", "\\|") for cell in cells]
        if any(cells):
            lines.append(cells if kind in _PLAIN else [f"**{cell}**" if cell else "" for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _is_number(text):
    return not text or text.lstrip("[" + MINUS)[:1].isdigit()
