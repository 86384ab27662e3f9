"""One report of a result, in every format that a reader may want, in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import _check
from analysis._types import ReportFormat
from analysis.models.pooling import pool
from analysis.plots._save import write_files
from analysis.plots._theme import in_english
from analysis.reports.again import data_files
from analysis.reports.as_html import html
from analysis.reports.as_json import as_json
from analysis.reports.as_latex import latex
from analysis.reports.as_markdown import markdown
from analysis.reports.as_word import word
from analysis.reports.contents import FIGURES, contents
from analysis.reports.paragraphs import is_told
from analysis.reports.sources import sources

USUAL = "html", "docx", "tex", "md", "json"
_WRITERS = {"html": html, "docx": word, "tex": latex, "md": markdown}
# A figure of a report, with its page if it has several, as the files name it that show it from beside them.
_NAMED = re.compile(rf"[({{](figures/(?:{'|'.join(FIGURES)})(?:-\d+)?\.(?:png|pdf))[)}}]")


def report(
    result: Any,
    folder: str | os.PathLike[str],
    formats: ReportFormat | Sequence[ReportFormat] = USUAL,
    *,
    title: str | None = None,
    question: str | None = None,
    risk_of_bias: pd.DataFrame | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write a report of a result into a folder, in several formats.

    Parameters
    ----------
    result : result of a model, or EffectSizes
        Effects are pooled with the defaults of :func:`analysis.pool`.
    folder : str or Path
        Where the files go; it is made where it is missing.
    formats : str or sequence of str
        Of "html", "docx", "tex", "md" and "json"; all of them unless given.
    title : str, optional
        Of the report. Default: the measure, the outcome and what is compared.
    question : str, optional
        What was asked, in words of your own. Default: made from the effects.
    risk_of_bias : pandas.DataFrame, optional
        From :func:`analysis.read_risk_of_bias`, the rows of one tool, for a section of its own.
    overwrite : bool
        Replace files of an earlier report, and remove figures that it shows and the new one does not have. Without it
        they are left as they are, and the error names them.

    Returns
    -------
    list of Path
        The files written: the report in each format, its figures, the effects as ``studies.csv``, their covariance as
        ``vcov.csv`` and arms from which SDs were drawn as ``trials.csv`` where there are any, and the references as
        ``references.bib``.

    Raises
    ------
    TypeError
        If `result` is none that can be reported, or the folder no path.
    ValueError
        For an unknown format.
    FileExistsError
        If files of this name are there and are not to be replaced.
    OSError
        Where a file cannot be written, with the file, the remedy and what was written.
    ModuleNotFoundError
        For "docx" where python-docx is not installed; the message says how to install it.

    See Also
    --------
    analysis.methods_text : The methods paragraph alone.
    analysis.results_text : The results paragraph alone.
    analysis.save_figure : One figure, with its numbers and caption.

    Notes
    -----
    What it holds is what the analysis holds: question, summary, data and what was left out, methods, figures and
    numbers, other models and leave-one-out, small-study effects where there are ten studies, the multiverse of choices
    where effects are made of the arms of trials, how to repeat it, derivations and references. All formats say the same
    [1]_.

    The HTML file needs nothing beside it. The Word document has real tables and captions; figures have 300 dpi. The
    LaTeX file compiles with pdflatex and xelatex where its ``figures`` folder is beside it: a letter that pdflatex has
    no font for, such as those of Cyrillic and Chinese, is its number there, [U+6771], and itself with xelatex where a
    font of the machine has it. ``docs/report.schema.json`` tells what
    the JSON file holds; the lines of Python in it make the result again. The same result gives the same bytes.

    A report is in English, its figures too, whatever labels a theme has; its colours and its decimal mark are those of
    the theme in force.

    References
    ----------
    .. [1] Page et al. 2021 (PRISMA), BMJ 372:n71, items 13 and 20, doi 10.1136/bmj.n71.

    Examples
    --------
    >>> import analysis, tempfile
    >>> pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], measure="SMD")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in analysis.report(pooled, folder, "html")]
    ['report.html', 'studies.csv', 'references.bib']
    """
    _check.several("formats", formats, "names of formats")
    _check.single(overwrite=overwrite, title=title, question=question)
    formats = [formats] if isinstance(formats, str) else list(dict.fromkeys(formats))
    for kind in formats:
        _check.option("formats", kind, USUAL)
    if hasattr(result, "derivations"):
        result = pool(result)
    if not is_told(result):
        raise TypeError(_check.refusal(result, "report", "give the result of a model, such as pool(effects)"))
    place = _checked_folder(folder)
    # What a report is sure to hold is looked for before anything is computed.
    _spare(place, [f"report.{kind}" for kind in formats], overwrite)
    files: dict[str, bytes] = {}
    with in_english():
        document = contents(result, title, question, risk_of_bias)
        for kind in formats:
            files |= as_json(document, result) if kind == "json" else _WRITERS[kind](document)
    files |= data_files(result)
    files["references.bib"] = "\n\n".join([*(sources()[key].bibtex for key in document.cites()), ""]).encode()
    _spare(place, files, overwrite)
    former = _shown_in(place, files) - set(files)
    written = write_files({place / name: data for name, data in files.items()})
    for name in former:
        (place / name).unlink(missing_ok=True)
    return written


def _shown_in(place, names):
    """The figures that the files show which are to be replaced."""
    there = (place / name for name in ("report.md", "report.tex") if name in names)
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in there if path.is_file())
    return {name for text in texts for name in _NAMED.findall(text)}


def _checked_folder(folder):
    if not isinstance(folder, (str, os.PathLike)) or not isinstance(os.fspath(folder), str) or not os.fspath(folder):
        raise TypeError(f"folder={folder!r} must be the path of a folder, as 'report'")
    if "\0" in os.fspath(folder):
        raise ValueError(f"folder={folder!r} holds a character that no name of a folder can have")
    return Path(folder)


def _spare(place, names, overwrite):
    """Refuse to replace what is there, unless that was asked for."""
    there = [name for name in names if (place / name).exists()]
    if there and not overwrite:
        raise FileExistsError(
            f"{place} has {_check.few(there)} already: choose another folder, or give overwrite=True to replace them"
        )
