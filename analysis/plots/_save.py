"""Write a figure, its numbers and its caption: the same bytes for the same input, whole files or none."""

import os
import tempfile
from pathlib import Path

from analysis.plots._caption import caption_file
from analysis.plots._formats import FORMATS, WRITERS


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
    desc), in the PDF (Subject), in the PNG (Description) and in the ``.md`` file. Text stays text in SVG and
    PDF, with its fonts inside. The ``.csv`` file is UTF-8 with a byte order mark, by which Excel knows it; its
    numbers have ten significant digits, those of ``fig.content.table`` have all.

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
    contents = {kind: WRITERS[kind](fig) for kind in formats}
    contents["csv"] = fig.content.table.to_csv(index=False, lineterminator="\n", float_format=_digits).encode("utf-8-sig")
    contents["md"] = caption_file(fig).encode()
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


def _digits(value):
    """Return ten digits: the last ones of a float depend on the processor's linear algebra, as does a zero's sign."""
    return f"{value + 0.0:.10g}"


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
