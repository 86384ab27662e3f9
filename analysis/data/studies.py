"""Tables with one row a study, from files: spreadsheets, what other programs write, and reviews of RevMan.

What a program calls its columns is known letter by letter, and what a file tells beside its numbers (the measure, the
names of the arms, what is good) is kept; what its headings only seem to say is left to who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis.data import headings
from analysis.data.about import TOLD_BY_FILE, about_sheet
from analysis.data.dictionary import TableLayout
from analysis.data.files import (
    REVIEW,
    Opened,
    Readable,
    TrialDataError,
    cells_of,
    one_line,
    opened,
    read_cells,
)
from analysis.data.revman import (
    DATA_ROWS,
    EXPORTED,
    Outcome,
    outcomes_of_export,
    outcomes_of_review,
    outcomes_of_rows,
    without_na,
)
from analysis.data.trials import PERHAPS_THOUSANDS, decimal_between_semicolons
from analysis.data.wide import COLUMN_ARGUMENTS, DECIMAL, SHAPES

#: A table whose columns nobody knows beforehand.
STUDIES = TableLayout("studies", (), (), "study")
#: The rule that a table breaks which is none of studies.
ONE_ROW_AN_ARM = "this table has one row an arm"
# The headings by which the results of studies in RevMan Web are known, which have one row an arm.
_OF_ARMS = ("Study", "Outcome", "Arm", "Reference arm")
# As R and JASP write what is not known.
_NOT_KNOWN = ("", "NA", "NaN", "nan")
_NUMBER = re.compile(r"[+\-−–]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
# What metafor and meta call the names of studies.
_LABELS = ("slab", "studlab")
# Covidence writes a row for each person who extracted, and one for what they agreed on.
_COVIDENCE, _REVIEWER, _AGREED = ("Covidence #", "Study ID"), "Reviewer Name", "Consensus"


@documented
def read_studies(
    path: Readable, *, outcome: str | float | None = None, decimal: Literal[".", ","] | None = None
) -> pd.DataFrame:
    r"""Read a table with one row a study for :func:`analysis.effect_sizes`, also from what other programs write.

    Parameters
    ----------
    path : str, os.PathLike, open file or pandas.DataFrame
        A spreadsheet (CSV, TSV, XLSX, Parquet, also packed with gzip) with names of columns in its first row; a review
        of RevMan 5 (.rm5), the analyses that RevMan 5 exports as CSV, or the data rows of a review of RevMan Web; the
        extraction of Covidence; what metafor, meta, JASP or jamovi save as CSV; the template of ``python -m analysis
        template``.
    outcome : str or float, optional
        Which outcome of a review, by number ("1.2"; as a number 1.2 where it has no 1.20) or name; needed where it has
        several, and the error lists them.
    {decimal}

    Returns
    -------
    pandas.DataFrame
        One row a study, numbers as floats where a column holds nothing else, text as it is, blanks missing. Columns of
        a review bear the names of the arguments of `effect_sizes`; all others keep theirs. The index is the row in the
        file, of a review the line. `attrs` holds, for `effect_sizes`, what the file tells: the measure, the columns of
        headings that a program has given, names of the arms and of the outcome, what is good.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy; also that a review has several outcomes, which
        it names.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `outcome` is asked of a table that has none to choose from, or `decimal` is another sign.

    See Also
    --------
    analysis.effect_sizes : Makes effects of it.
    analysis.read_trials : Reads a table with one row an arm.
    analysis.read_risk_of_bias : Reads judgements, as robvis has them.

    Notes
    -----
    Nothing is guessed. Headings are taken for arguments where they are those of `effect_sizes` or, letter by letter,
    those that metafor, meta or RevMan write; what others seem to say stands in the error of `effect_sizes`, as a call
    to check and to run.

    Of a review the measure is the one it was analysed with; what is good is told by the labels below its forest plot,
    if they name the arms ("Favours aspirin") and were not left as RevMan makes them ("Favours [experimental]", in
    version 5.0 "Favours experimental" on the left and "Favours control" on the right). O-E and
    its variance V become the log ratio (O-E)/V with the variance 1/V [1]_. Effects that were entered with their
    standard error are on the log scale where they are ratios, whatever the authors call them: their intervals tell it,
    and what fits neither scale, or may be either, is refused. An SD or a
    number of people of 0, which RevMan keeps for what was not filled in, is not known. Outcomes that hold text, tests
    of a diagnosis and outcomes without studies are not read, and told; so is an outcome whose subgroups the review does
    not sum up, for a person may be in several. Of Covidence the rows of the consensus count; where a study has two
    reviewers and none, that is a problem.

    References
    ----------
    .. [1] Yusuf, Peto, Lewis, Collins & Sleight 1985, Beta blockade during and after myocardial infarction, Prog
       Cardiovasc Dis 27:335-371, doi 10.1016/S0033-0620(85)80003-7.
    .. [2] Viechtbauer 2010, Conducting meta-analyses in R with the metafor package, J Stat Softw 36(3), doi
       10.18637/jss.v036.i03: the names of its columns.

    Examples
    --------
    >>> import io
    >>> from analysis import effect_sizes
    >>> of_metafor = "study,ai,n1i,ci,n2i\nGray 2012,4,120,11,118\nHall 2014,7,210,12,205\n"
    >>> studies = read_studies(io.StringIO(of_metafor))
    >>> effect_sizes(studies, measure="RR").yi.round(4).tolist()
    [-1.0284, -0.5631]
    """
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal={decimal!r} is not known; use '.' or ',', or leave it out")
    file = Opened("the table", "", "") if isinstance(path, pd.DataFrame) else without_na(opened(path))
    if file.kind == REVIEW:
        return _of_outcome(_chosen(outcomes_of_review(file), outcome, file.source), file.source)
    cells, delimiter = cells_of(file, STUDIES, decimal) if file.kind else read_cells(path, STUDIES, decimal)[1:]
    if {"study", "arm"} <= set(cells):
        raise TrialDataError([(1, "", "arm", "", ONE_ROW_AN_ARM, "read_trials reads it.")], file.source)
    if len(set(cells)) < len(cells.columns):
        twice = cells.columns[cells.columns.duplicated()].unique()
        problems = [
            (1, "", name, "", "the heading has it twice", "Rename one of the two.")
            if name
            else (1, "", "", "", "columns that hold something have no name in it", "Name each of them, or clear them.")
            for name in twice
        ]
        raise TrialDataError(problems, file.source)
    if cells.empty:
        raise TrialDataError([(None, "", "", "", "there is no row under the heading", "Add the rows.")], file.source)
    if (found := _outcomes_in(cells, path, file.source)) is not None:
        return _of_outcome(_chosen(found, outcome, file.source), file.source)
    if outcome is not None:
        raise ValueError(f"outcome={outcome!r} is for a review of RevMan; this table holds one outcome")
    cells = _agreed(cells, file.source)
    if decimal is None and delimiter == ";":
        numbers = STUDIES._replace(numbers=tuple(cells.columns), key=cells.columns[0])
        decimal = decimal_between_semicolons(cells, numbers, file.source)
    table = pd.DataFrame({name: _typed(cells[name], decimal or ".") for name in cells}, index=cells.index)
    table, told = _named(table)
    told |= {name: value for name, value in about_sheet(file, table.columns).items() if value}
    table.attrs = {"source": file.source, TOLD_BY_FILE: told, DECIMAL: decimal or "."}
    return table


def _typed(texts, decimal):
    """A column as floats where it holds nothing but numbers, else as it is; blanks are missing."""
    known = ~texts.isin(_NOT_KNOWN)
    plain = texts[known]
    if decimal == ",":
        plain = plain.str.replace(".", "?").str.replace(",", ".")
    numbers = plain.map(lambda text: bool(_NUMBER.fullmatch(text)))
    # A point that may stand between thousands is looked at where it is known what the column holds.
    thousands = plain.map(lambda text: bool(PERHAPS_THOUSANDS.fullmatch(text)) or text.isdigit())
    unclear = decimal == "." and thousands.all() and plain.str.contains(".", regex=False).any()
    if not numbers.all() or unclear:
        return texts.astype(object).where(texts != "", None)
    out = pd.Series(np.nan, index=texts.index)
    out[known] = plain.str.replace("[−–]", "-", regex=True).astype(float)
    return out


def _named(table):
    """The table, and the arguments that headings of a program stand for; a sum of columns becomes a column."""
    told = {}
    if label := next((name for name in _LABELS if name in table and not {"study", "trial"} & set(table)), None):
        told["study"] = label
    if _COVIDENCE[1] in table and _COVIDENCE[0] in table:
        told["study"] = _COVIDENCE[1]
    # Who bears the names of the arguments needs no other; ci is no column of an interval, and one of metafor's.
    if set(table) & set(COLUMN_ARGUMENTS) - {*SHAPES["effects"].columns}:
        return table, told
    found = headings.of_program(table)
    if found is None or (found.kind == "effects" and set(found.arguments.values()) <= {"yi", "vi"}):
        return table, told
    for name, heading in found.arguments.items():
        if " + " in heading:
            table = table.assign(**{name: table[heading.split(" + ")].sum(axis=1, skipna=False)})
            heading = name
        told[name] = heading
    return table, told


def _agreed(cells, source):
    """Of Covidence's rows those that count: what was agreed on, or what the only reviewer found."""
    if not {*_COVIDENCE, _REVIEWER} <= set(cells):
        return cells
    agreed, study = cells[_REVIEWER] == _AGREED, cells[_COVIDENCE[0]]
    has, several = agreed.groupby(study).transform("any"), study.groupby(study).transform("size") > 1
    rule = "two reviewers extracted this study, and there is no consensus"
    problems = [
        (row, cells[_COVIDENCE[1]][row], _REVIEWER, cells[_REVIEWER][row], rule, "Agree on it in Covidence.")
        for row in cells.index[several & ~has]
    ]
    if problems:
        raise TrialDataError(problems, source)
    return cells[agreed | ~has]


def _outcomes_in(cells, path, source):
    """The outcomes of a table that RevMan wrote; None of any other."""
    if set(DATA_ROWS) <= set(cells):
        return outcomes_of_rows(cells, _settings_beside(path), source)
    if set(EXPORTED) <= set(cells):
        return outcomes_of_export(cells, source)
    if set(_OF_ARMS) <= set(cells):
        rule = "these are results of arms from RevMan Web, several rows a study"
        remedy = "Give the data rows of its analyses (...-data-rows.csv), which have one row a study."
        raise TrialDataError([(1, "", "Arm", "", rule, remedy)], source)
    return None


def _settings_beside(path):
    """How the analyses of a review of RevMan Web were set, from the file that it has beside the data rows."""
    if isinstance(path, pd.DataFrame) or hasattr(path, "read"):
        return None
    name = Path(path).name
    beside = Path(path).with_name(name.replace("data-rows", "overall-estimates-and-settings"))
    if beside.name == name or not beside.is_file():
        return None
    return cells_of(without_na(opened(beside)), STUDIES, None)[0]


def _chosen(outcomes: Sequence[Outcome], wanted: Any, source: str) -> Outcome:
    """The outcome that is asked for, or the only one that can be read."""
    readable = [each for each in outcomes if not each.unread]
    unread = "; ".join(f"{each.number} {each.name} {each.unread}" for each in outcomes if each.unread)
    listed = "; ".join(f"{each.number} {each.name} ({each.comparison}; {each.rows} rows)" for each in readable)
    if not readable:
        rule = "has no outcome with studies" + f": {unread}" * bool(unread)
        remedy = "Open the review in RevMan and add data to an outcome."
        raise TrialDataError([(None, "", "", "", rule, remedy)], source)
    if wanted is None:
        if len(readable) == 1:
            if unread:
                _check.warn(f"{source}: of the review this is not read: {unread}")
            return readable[0]
        rule = f"the review has {len(readable)} outcomes"
    else:
        asked = one_line(str(wanted)).casefold()
        found = [each for each in outcomes if asked in (each.number, each.name.casefold(), each.id.casefold())]
        # As a number 1.10 is 1.1.
        longer = [each.number for each in outcomes if re.fullmatch(rf"{re.escape(asked)}0+", each.number)]
        unclear = isinstance(wanted, Real) and "." in asked and longer
        if len(found) == 1 and not found[0].unread and not unclear:
            return found[0]
        rule = "names several outcomes of the review" if len(found) > 1 else "names no outcome of the review"
        rule = f"cannot be read, for it {found[0].unread}" if len(found) == 1 else rule
        rule = f"is a number, and may be {asked} or {longer[0]} of the review: give it as a text" if unclear else rule
    remedy = f"Choose one with outcome=, by number or name: {listed}."
    remedy += f" Not read: {unread}." if unread else ""
    raise TrialDataError([(None, "", "outcome", "" if wanted is None else str(wanted), rule, remedy)], source)


def _of_outcome(outcome, source):
    table = outcome.table()
    table.attrs = {"source": source, TOLD_BY_FILE: outcome.told()}
    return table
