"""Write a figure, its numbers and its caption: the same bytes for the same input, whole files or none.

The caption stands in a Markdown file: findings in words, caption, table and alternative text.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import _check
from analysis._types import FigureFormat
from analysis.plots import _printed
from analysis.plots._page import MOST_PX, PRINT_DPI, WRITERS, pages_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USUAL = "svg", "pdf", "png"
RASTERS = "png", "tiff"
TABLES = {"tex": _printed.latex, "docx": _printed.word}
FORMATS = *WRITERS, *TABLES, "xlsx"
DPI = 72, 1200
# suffixes that somebody may mean as a format
MEANT = {*FORMATS, *"csv md jpg jpeg tif gif webp bmp ps emf wmf html htm doc ppt pptx xls txt".split()}
REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, or choose another place"),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM), "choose a place where you may write, or close the program that holds the file"
    ),
    errno.EROFS: "choose a place where you may write",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "choose another name, or move the folder",
}
# temporary files: machine, process and a random part
PARTIAL = re.compile(r"\.analysis-[0-9a-f]{12}-\d+-[0-9a-f]{8}\.part")
DAY = 86_400.0


def save_figure(
    fig: Figure | Mapping[str, Figure],
    stem: str | os.PathLike[str],
    formats: FigureFormat | Sequence[FigureFormat] = USUAL,
    *,
    dpi: float = PRINT_DPI,
    pages: bool = False,
) -> list[Path]:
    """Write a figure, the numbers behind its marks and its caption.

    Parameters
    ----------
    fig : matplotlib.figure.Figure or dict of them
        From a function of this library that draws one; it carries its table and caption as ``fig.content``. Several
        figures, name -> figure, are saved together: the name follows the stem and a hyphen.
    stem : str or Path
        Path without a suffix, as "figures/placebo_beside_treatment"; a missing folder is made.
    formats : str or sequence of str
        Of "svg", "pdf", "png", "tiff", "eps", "tex", "docx" and "xlsx"; the first three unless given. TIFF and EPS are
        for journals that want them: RGB without transparency, compressed without loss (LZW); fonts inside (Type 42).
        "tex" and "docx" are the table for readers, with caption and notes: LaTeX to be put in with input (packages
        booktabs and longtable; its columns are as wide as their texts, so a table of many is for a page that lies, or
        for :func:`analysis.report`, which breaks them), and a Word document (needs python-docx, the extra ``report``).
        "xlsx" is one workbook of the numbers, with a sheet for each figure (needs openpyxl, the extra ``excel``).
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
        The files written: the formats in the order asked for, of each its pages, then ``.csv``, ``.drawing.csv`` and
        ``.md``; of several figures one after the other, and the workbook last.

    Raises
    ------
    ValueError
        For an unknown format, a stem that ends as files of a format do or is a folder, a resolution out of reach, or a
        figure without content.
    OSError
        Where a file cannot be written, of the class that the system gives (``PermissionError`` and the like): it names
        the file and the remedy, and what was written.

    See Also
    --------
    analysis.forest : Draw a forest plot.
    analysis.theme : Choose the look and the language of figures.
    analysis.figure_labels : List the texts that can be translated.

    Notes
    -----
    Every file is on the disk in full before any is put in place, and each replaces an older one in one step; links stay
    links, what they point to is written, and modes stay as they are. What a killed save leaves (``.analysis-….part``)
    is removed by the next one in that folder, as soon as its process is gone; where that cannot be told (made by
    another machine, or on Windows), after a day.

    Files hold no date, so the same input gives the same bytes. The alternative text is in the SVG (title and desc), in
    the PDF (Subject), in the PNG (Description), in the TIFF (ImageDescription) and in the ``.md`` file; the EPS has the
    title alone. Text stays text in SVG, PDF and EPS, with its fonts inside. The ``.csv`` file has the numbers, those of
    the effects first; what the figure is drawn by (printed texts, places, shapes, the footer) stands in
    ``.drawing.csv``, row by row as there. Both are UTF-8 with a byte order mark, by which Excel knows it; their numbers
    have ten significant digits, those of ``fig.content.table`` have all. Text that a spreadsheet would take for a
    formula has an apostrophe before it; in the other files names are escaped. The caption in them is
    ``fig.content.lead``, which does not repeat the footer of the picture; where none was drawn it has it. LaTeX with
    letters beyond those of Europe needs XeLaTeX or LuaLaTeX.

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
    ['demo.svg', 'demo.csv', 'demo.drawing.csv', 'demo.md']
    """
    _check.several("formats", formats, "names of formats")
    _check.single(pages=pages, dpi=dpi)
    formats = [formats] if isinstance(formats, str) else list(formats)
    stem = _checked_stem(stem)
    files, sheets = {}, {}
    for name, each in _named(fig, stem).items():
        sheets[name or stem.name] = _check_figure(each, stem, formats)
        for ending, data in files_of(each, formats, dpi=dpi, pages=pages).items():
            files[stem.with_name("-".join(filter(None, (stem.name, name))) + ending)] = data
    if "xlsx" in formats:
        files[stem.with_name(f"{stem.name}.xlsx")] = _printed.workbook(sheets)
    return write_files(files)


def write_files(files: dict[Path, bytes]) -> list[Path]:
    """Write all files or none, and the folders they need; see the Notes of `save_figure`."""
    for folder in dict.fromkeys(path.parent for path in files):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise NotADirectoryError(f"{folder} is a file, not a folder: choose another place") from error
        except OSError as error:
            raise _explained(error, folder, [], list(files)) from error
    return _put(files)


def files_of(fig: Figure, formats: Sequence[str], *, dpi: float = PRINT_DPI, pages: bool = False) -> dict[str, bytes]:
    """Return the bytes of the files of a figure, by what follows the stem in their names."""
    parts = pages_of(fig) if pages else [fig]
    _check_dpi(parts, formats, dpi)
    marks = [f"-{i}" for i in range(1, len(parts) + 1)] if len(parts) > 1 else [""]
    contents = {}
    for kind in formats:
        if kind in WRITERS:
            paged = zip(marks, parts, strict=True)
            contents |= {f"{mark}.{kind}": WRITERS[kind](part, dpi) for mark, part in paged}
        elif kind in TABLES:
            contents[f".{kind}"] = TABLES[kind](fig.content)
    return contents | {
        ".csv": _printed.csv(_printed.data_of(fig.content)),
        ".drawing.csv": _printed.csv(_printed.drawing_of(fig.content)),
        ".md": _printed.markdown(fig.content),
    }


def _named(fig, stem):
    """Return the figures by the name that follows the stem, "" for one alone."""
    if not isinstance(fig, Mapping):
        return {"": fig}
    for name in fig:
        if not isinstance(name, str) or not re.fullmatch(r"[^/\\\0]+", name):
            raise ValueError(f"fig has the name {name!r}, which cannot follow {stem.name!r} in the name of a file")
    if not fig:
        raise ValueError("fig has no figure; give name -> figure")
    return dict(fig)


def _checked_stem(stem):
    """Return the stem as a path that names a file."""
    if not isinstance(stem, (str, os.PathLike)) or not isinstance(os.fspath(stem), str):
        raise TypeError(f"stem={stem!r} must be a path without a suffix, as 'figures/forest'")
    text = os.fspath(stem)
    name = re.split(r"[/\\]" if os.name == "nt" else "/", text)[-1]
    if name in ("", ".", "..") or os.path.isdir(text):
        raise ValueError(f"stem={text!r} is a folder: name the files in it, as {os.path.join(text, 'forest')!r}")
    if "\0" in text:
        raise ValueError(f"stem={text!r} holds a character that no name of a file can have")
    return Path(text)


def _check_figure(fig, stem, formats):
    """Return what a figure holds; a figure without, a format that is none and a stem with one are errors."""
    unknown = [kind for kind in formats if kind not in FORMATS]
    if unknown:
        raise ValueError(f"formats holds {unknown[0]!r}; choose from {', '.join(FORMATS)}")
    ending = stem.suffix.lstrip(".").lower()
    if ending in MEANT:
        others = "" if ending in (*FORMATS, "csv", "md") else f"; they are {', '.join(FORMATS)}"
        raise ValueError(f"stem is {str(stem)!r}: leave out {stem.suffix!r}, the formats are named by formats={others}")
    if getattr(fig, "content", None) is None:
        raise ValueError(
            f"this {type(fig).__name__} carries no table and caption: save_figure takes figures made by functions of "
            "this library, such as arms_forest; use fig.savefig for others"
        )
    return fig.content


def _check_dpi(parts, formats, dpi):
    if not DPI[0] <= _check.amount("dpi", dpi) <= DPI[1]:
        raise ValueError(f"dpi={dpi!r} must lie between {DPI[0]} and {DPI[1]}; journals ask for 300 to 600")
    longest = max(inches for part in parts for inches in part.get_size_inches())
    if set(formats) & set(RASTERS) and longest * dpi >= MOST_PX:
        most = int(MOST_PX / longest)
        remedy = f"give dpi={most} or less" if most >= DPI[0] else "take svg or pdf"
        raise ValueError(f"the figure is {longest * 25.4:.0f} mm long, too long for an image at {dpi:g} dpi; {remedy}")


def _put(contents):
    """Write every file beside its target, then set one after the other in its place; an error says what was written."""
    targets, staged, done = {}, {}, []
    try:
        for path in contents:
            targets[path] = _target(path)
        for folder in {target.parent for target in targets.values()}:
            _clear(folder)
        for path, target in targets.items():
            staged[path] = target.with_name(f"{_here()}{os.getpid()}-{secrets.token_hex(4)}.part")
            with open(staged[path], "xb") as file:
                if target.exists():
                    shutil.copymode(target, staged[path])
                file.write(contents[path])
        for path, target in targets.items():
            os.replace(staged[path], target)
            done.append(path)
    except OSError as error:
        raise _explained(error, path, done, list(contents)) from error
    finally:
        for temporary in staged.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    return done


def _target(path):
    """Return the file at the end of links; what is there and is no file that may be written is an error."""
    target = Path(os.path.realpath(path))
    with suppress(FileNotFoundError):
        mode = target.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if not stat.S_ISREG(mode):
            raise OSError(errno.EEXIST, "it is a device or a pipe")
        # a folder that may be written lets it be replaced all the same
        if not os.access(target, os.W_OK) and os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "it is write-protected")
    return target


def _explained(error, path, done, paths):
    """Return the error with the file, the remedy and what was written."""
    remedy = REMEDIES.get(error.errno, "choose another place")
    new, old = (", ".join(each.name for each in some) for some in (done, paths[len(done) :]))
    written = f"new are {new}; as they were are {old}" if done else "nothing was written, older files are as they were"
    return type(error)(error.errno, f"{path}: {error.strerror or error}; {remedy} ({written})")


@cache
def _here():
    """Return how the names of temporary files begin that are made here, where process numbers mean what they say."""
    marks = [platform.node()]
    # machines and containers that share a folder may have one name
    with suppress(OSError):
        marks += [Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"), os.readlink("/proc/self/ns/pid")]
    return f".analysis-{hashlib.sha256(' '.join(marks).encode()).hexdigest()[:12]}-"


def _clear(folder):
    """Remove temporary files whose process is gone, or that are a day old, and none of a save that may be running."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if PARTIAL.fullmatch(entry.name) and _is_left(entry):
                with suppress(OSError):
                    os.unlink(entry)


def _is_left(entry):
    if time.time() - entry.stat().st_mtime > DAY:
        return True
    # elsewhere the number is another process's; Windows ends the process that is asked for
    if os.name != "posix" or not entry.name.startswith(_here()):
        return False
    try:
        os.kill(int(entry.name.removeprefix(_here()).partition("-")[0]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
