"""Read trials and check them: the only module that reads data files.

A trials table has one row per arm of a trial at one time point. Values stay on the scale of the paper; blank
means "not printed" and never zero. The columns are described in ``data/README.md``.
"""

import csv
import difflib
import re
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import schema

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_PROBLEM = ["row", "study", "column", "value", "rule", "remedy"]


class TrialDataError(ValueError):
    """The table cannot be used as it stands; the message lists every problem at once.

    Attributes
    ----------
    problems : pandas.DataFrame
        One line per problem: row (as in the file, the heading is row 1), study, column, value, rule, remedy.
    source : str
        The file, or "the table" for a DataFrame.
    """

    def __init__(self, problems, source):
        self.problems = pd.DataFrame(problems, columns=_PROBLEM)
        self.source = source
        count = len(self.problems)
        lines = [f"{source}: {count} problem{'s' if count != 1 else ''}. Nothing was read."]
        lines += [_sentence(p) for p in self.problems.itertuples(index=False)]
        super().__init__("\n".join(lines))


def _sentence(problem):
    where = [f"row {problem.row}" if problem.row else "the file"]
    if problem.study:
        where.append(f"study '{problem.study}'")
    if problem.column:
        where.append(f"column '{problem.column}'")
    value = f" value '{problem.value}':" if problem.value != "" else ""
    return f"- {', '.join(where)}:{value} {problem.rule}. {problem.remedy}"


def read_trials(path, *, allow=None):
    """Read a table of trial arms and check it against the data dictionary.

    Parameters
    ----------
    path : str, pathlib.Path or pandas.DataFrame
        A CSV or TSV file (comma, semicolon or tab; UTF-8, with or without BOM), an XLSX workbook (first sheet),
        a Parquet file, or a DataFrame with the same columns. Own columns are kept if their name starts with ``x_``.
    allow : dict of str to list, optional
        Values to accept beside the closed vocabularies, such as ``{"therapy": ["Kinesio tape"]}``.

    Returns
    -------
    pandas.DataFrame
        One row per arm, all columns of the data dictionary in its order; numbers as floats in scale units (`n`,
        `year` integers), text as strings, blanks as missing values. The index is the row number in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> trials = read_trials("data/trials.csv")
    >>> trials.loc[trials["study"] == "gale2006", ["arm", "n", "baseline_mean", "final_mean"]].values.tolist()
    [['treatment', 21, 6.9, 3.0], ['placebo', 18, 7.4, 6.0]]
    """
    source, cells = _read_cells(path)
    vocabulary = _vocabulary(allow)
    _check_columns(cells.columns, source)
    own = [c for c in cells.columns if c.startswith("x_")]
    cells = cells.reindex(columns=[*schema.COLUMNS, *own], fill_value="")
    if cells.empty:
        problem = (None, "", "", "", "there is no row under the heading", "Add one row per arm.")
        raise TrialDataError([problem], source)
    table, problems = _typed(cells)
    problems += _schema_problems(table, cells, vocabulary, {(p[0], p[2]) for p in problems})
    if problems:
        raise TrialDataError(sorted(problems, key=lambda p: (p[0] or 0, schema.COLUMNS.index(p[2]))), source)
    whole = {c: "int64" for c in ("n", "year")}
    return table.astype(whole)


def _vocabulary(allow):
    unknown = set(allow or {}) - set(schema.VOCABULARY)
    if unknown:
        closed = ", ".join(schema.VOCABULARY)
        raise ValueError(f"allow: no closed vocabulary for {', '.join(sorted(unknown))}; there is one for {closed}")
    return {name: (*values, *(allow or {}).get(name, ())) for name, values in schema.VOCABULARY.items()}


def _read_cells(path):
    """Return the name of the source and its cells as stripped text, indexed by row number in the file."""
    if isinstance(path, pd.DataFrame):
        return "the table", _as_text(path)
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such file. Check the name and the folder ({path.resolve().parent})."
        )
    kind = path.suffix.lower()
    if kind in (".xlsx", ".xlsm"):
        return path.name, _as_text(pd.read_excel(path, dtype=object, keep_default_na=False, na_values=[""]))
    if kind == ".parquet":
        return path.name, _as_text(pd.read_parquet(path))
    if kind in (".csv", ".tsv", ".txt"):
        return path.name, _read_delimited(path)
    remedy = "Save it as CSV, TSV, XLSX or Parquet."
    raise TrialDataError([(None, "", "", kind, "is not a kind of file that can be read", remedy)], path.name)


def _as_text(frame):
    """Every cell as text, blank where missing; all-blank rows are no rows."""
    text = frame.astype(object).where(frame.notna(), "").map(lambda v: _plain(v).strip())
    text.index = pd.RangeIndex(2, len(text) + 2, name="row")
    text.columns = [str(c).strip() for c in text.columns]
    return text[(text != "").any(axis=1)]


def _plain(value):
    whole = isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else str(value)


def _read_delimited(path):
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        row = path.read_bytes()[: error.start].count(b"\n") + 1
        remedy = "Save the file as UTF-8 (in Excel: CSV UTF-8)."
        raise TrialDataError([(row, "", "", "", "has a character that is not UTF-8", remedy)], path.name) from None
    heading = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    if not rows:
        remedy = "Add the heading and one row per arm."
        raise TrialDataError([(None, "", "", "", "is empty", remedy)], path.name)
    width = len(rows[0])
    ragged = [
        (i, row[0], "", f"{len(row)} cells", f"the heading has {width}", "Quote texts that hold the separator.")
        for i, row in enumerate(rows[1:], start=2)
        if len(row) != width and any(cell.strip() for cell in row)
    ]
    if ragged:
        raise TrialDataError(ragged, path.name)
    body = [row if len(row) == width else [""] * width for row in rows[1:]]
    return _as_text(pd.DataFrame(body, columns=rows[0], dtype=object))


def _check_columns(names, source):
    """Raise if a column is missing, unknown or doubled."""
    problems = []
    for name in dict.fromkeys(names):
        if list(names).count(name) > 1:
            problems.append((1, "", name, "", "the heading has it twice", "Keep one of the two columns."))
        if name not in schema.COLUMNS and not name.startswith("x_"):
            near = difflib.get_close_matches(name, schema.COLUMNS, n=1)
            remedy = f"Did you mean '{near[0]}'?" if near else "Rename an own column so that it starts with x_."
            problems.append((1, "", name, "", "is not a column of the data dictionary", remedy))
    for name in schema.REQUIRED:
        if name not in names:
            problems.append((1, "", name, "", "this column is missing", "Add it; data/README.md says what it holds."))
    if problems:
        raise TrialDataError(problems, source)


def _typed(cells):
    """Turn text into numbers where the dictionary wants numbers; report each cell that is none."""
    table, problems = cells.replace("", np.nan).astype("str"), []
    for name in schema.NUMBERS:
        text = cells[name]
        good = text.map(lambda v: v == "" or bool(_NUMBER.fullmatch(v)))
        values = pd.to_numeric(text.where(good & (text != ""), np.nan), errors="coerce").astype(float)
        good &= ~np.isinf(values)
        rule, remedy = (
            "is not a number",
            "Type digits with a point for decimals and a plain minus; blank if not printed.",
        )
        problems += [(row, cells["study"][row], name, text[row], rule, remedy) for row in text.index[~good]]
        if name in schema.INTEGERS:
            broken = values.notna() & (values % 1 != 0)
            rule, remedy = "is not a whole number", "Type the number of people, or the year, without decimals."
            problems += [(row, cells["study"][row], name, text[row], rule, remedy) for row in text.index[broken]]
        table[name] = values
    for name in schema.REQUIRED:
        rule, remedy = "is blank", "This column must be filled in every row."
        blank = cells.index[cells[name] == ""]
        problems += [(row, cells["study"][row], name, "", rule, remedy) for row in blank]
    return table, problems


def _schema_problems(table, cells, vocabulary, known):
    """Validate lazily and return what fails, leaving out cells that are reported already."""
    from pandera.errors import SchemaErrors

    try:
        schema.trial_schema(vocabulary).validate(table, lazy=True)
    except SchemaErrors as error:
        failures = error
    else:
        return []
    found, cases = {}, failures.failure_cases
    for row, check in zip(cases["index"], cases["check"], strict=True):
        column, rule, remedy = check.split("|")
        if row is None:
            raise RuntimeError(f"the rule '{rule}' could not be applied") from failures
        if (row, column) not in known:
            value = cells[column].get(row, "")
            found[row, column, rule] = (row, cells["study"].get(row, ""), column, value, rule, remedy)
    return list(found.values())
