"""Files in: whatever is given becomes cells of text with their rows, or an error that says what it is instead.

The only room that reads data files. Nothing is read before it is known to be a regular file of a size that a table can
have, and nothing is unpacked before it is known how large it will be.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import os
import re
import stat
import zlib
from collections.abc import Collection, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import IO, Any, NamedTuple
from unicodedata import normalize

import numpy as np
import pandas as pd

from analysis import _check
from analysis.data import headings
from analysis.data.dictionary import TableLayout
from analysis.data.workbook import MOST_BYTES, MOST_COLUMNS, NoWorkbookError, read_sheet

#: What the readers of tables take.
Readable = str | os.PathLike[str] | IO[str] | IO[bytes] | pd.DataFrame

# One comma, which stands for decimals or, before three digits, perhaps for thousands.
WITH_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_PROBLEM = ["row", "study", "column", "value", "rule", "remedy"]
# Of each kind of problem, and of the rows of one line: an error that fills the screen is not read.
_TOLD = 10
_LONG = 80
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_ACCEPTED = "Give the path of a CSV, TSV, XLSX or Parquet file, an open file, or a pandas DataFrame."
WORKBOOKS, REVIEW = (".xlsx", ".xlsm"), ".rm5"
# What begins a file of a kind, for open files, whose names say little.
_FIRST = {b"PK\x03\x04": ".xlsx", b"PAR1": ".parquet", b"\x1f\x8b": ".csv.gz", b"<?xml": REVIEW}
_DELIMITED = (".csv", ".tsv", ".txt")
# Blanks, and what has no width: a blank and a joiner of words, and the mark of byte order.
_UNSEEN = " \u200b\u2060\ufeff"
# Line breaks and tabs are blanks; no other control character, and no half of a pair of code units, is a character.
_NO_CHARACTER = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SEVERAL, _ONE = "holds several values, or bytes that are no text", "Give one number or one text."
_SPREADSHEET_ERROR = re.compile(r"#(N/A|(REF|DIV/0|VALUE|NAME|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT)[!?])")


class TrialDataError(ValueError):
    """The table cannot be used as it stands; the message lists every problem at once.

    Attributes
    ----------
    problems : pandas.DataFrame
        One line per problem: row (as in the file, the heading is row 1), study, column, value, rule, remedy.
    source : str
        The file, or "the table" for a DataFrame.

    See Also
    --------
    analysis.read_trials : Raises it for a table of trial arms.
    analysis.effect_sizes : Raises it with ``missing_sd="raise"``.
    analysis.audit_trials : Looks for what is allowed, but doubtful.

    References
    ----------
    .. [1] Broman & Woo 2018, Data organization in spreadsheets, Am Stat 72:2-10, doi 10.1080/00031305.2017.1375989.

    Examples
    --------
    >>> import analysis
    >>> table = pd.read_csv("data/trials.csv")
    >>> table.loc[0, "n_basis"] = "guessed"
    >>> try:
    ...     analysis.read_trials(table)
    ... except TrialDataError as error:
    ...     problems = error.problems
    >>> problems[["row", "study", "column", "value"]].values.tolist()
    [[2, 'gale2006', 'n_basis', 'guessed']]
    """

    def __init__(self, problems: Sequence[Any] | pd.DataFrame, source: str, key: str = "study") -> None:
        found = pd.DataFrame(problems, columns=_PROBLEM).reset_index(drop=True)
        # What is no single value is told by its words, which can be sent to another process.
        found["value"] = pd.Series(
            [x if isinstance(x, str | Real) else as_text(x) for x in found["value"]], dtype=object
        )
        self.source: str = source
        self._key: str = key
        count = len(found)
        lines = [f"{source}: {count} problem{'s' if count != 1 else ''}. Nothing was read."]
        for _, kind in found.groupby("rule", sort=False):
            alike = kind.groupby(["column", "remedy"], sort=False).ngroup()
            lines += [_in_words(kind[alike == i], key) for i in range(min(alike.max() + 1, _TOLD))]
            if rest := (alike >= _TOLD).sum():
                lines.append(f"- and {rest} more of this kind, in the attribute `problems` of this error")
        super().__init__("\n".join(lines))
        # Last, and each text once before it stands in all its rows: of many problems the columns of text are large.
        for name in ("study", "column", "rule", "remedy"):
            codes, known = pd.factorize(found[name], use_na_sentinel=False)
            found[name] = pd.Series(list(known)).take(codes).array
        self.problems: pd.DataFrame = found.infer_objects()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems, self.source, self._key)


def _in_words(group, key):
    """One line for one problem; the same problem in several rows is told once, with its first rows."""
    first = group.iloc[0]
    rows = group["row"].dropna()
    where = [f"row{'s' if len(rows) > 1 else ''} {_listed(rows, '{:.0f}'.format, _TOLD)}" if len(rows) else "the file"]
    studies, values = (list(filter(as_text, dict.fromkeys(group[name].tolist()))) for name in ("study", "value"))
    if studies:
        where.append(f"{key.removesuffix('_id')} {_listed(studies, _quoted)}")
    if first["column"]:
        where.append(f"column '{first['column']}'")
    value = f" value {_listed(values, _quoted)}:" if values else ""
    return f"- {', '.join(where)}:{value} {first['rule']}. {first['remedy']}"


def _quoted(value):
    text = as_text(value)
    return f"'{text[:_LONG]}{'…' if len(text) > _LONG else ''}'"


def _listed(values, write, most=5):
    shown = ", ".join(write(value) for value in values[:most])
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"


def as_text(value: Any) -> str:
    """Return a value as text, whatever it is; bytes are taken as UTF-8."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    # Of digits beyond those that Python writes, and of other encodings.
    except ValueError:
        return f"{type(value).__name__} that cannot be written"


def one_line(text: str) -> str:
    """Return a text without what nobody sees: blanks around it, kinds of blanks, two ways to write one letter."""
    return normalize("NFC", " ".join(text.split()).strip(_UNSEEN))


def no_cell(value: Any) -> bool:
    """Tell whether a value is several, or bytes that are no text, which no cell of a table is."""
    if isinstance(value, str | float):
        return False
    if isinstance(value, Decimal):
        # Python asks nobody whether this one is missing.
        return value.is_snan()
    if isinstance(value, bytes):
        return as_text(value).encode() != value
    return isinstance(value, Collection | np.ndarray)


def read_cells(given: Any, layout: TableLayout, decimal: str | None) -> tuple[str, pd.DataFrame, str]:
    """Read what a reader was given.

    Parameters
    ----------
    given : str, os.PathLike, open file, pandas.DataFrame or Opened
    layout : analysis.data.dictionary.TableLayout
    decimal : str or None

    Returns
    -------
    tuple
        The name of the source, its cells as stripped text, indexed by row number in the file, and the separator.

    Raises
    ------
    TrialDataError
        If it is no table, or holds what is no value.
    FileNotFoundError
        If there is no such file.
    """
    if isinstance(given, pd.DataFrame):
        return "the table", _as_text(given, layout, decimal, "the table"), ""
    file = given if isinstance(given, Opened) else opened(given)
    return file.source, *cells_of(file, layout, decimal)


class Opened(NamedTuple):
    """A file that was read and not yet looked into: its name, its kind as an ending, its bytes or its text."""

    source: str
    kind: str
    data: bytes | str


def opened(given: Any) -> Opened:
    """Read a file, given by its path or open, unpacked where it is packed; raises as :func:`read_cells` does."""
    source, kind, data = _of_stream(given) if hasattr(given, "read") else _of_path(given)
    if kind.endswith(".gz"):
        kind, data = kind.removesuffix(".gz"), _unpacked(data, source)
    return Opened(source, kind, data)


def cells_of(file: Opened, layout: TableLayout, decimal: str | None) -> tuple[pd.DataFrame, str]:
    """Return the cells of a file as stripped text, indexed by row number, and the separator."""
    source, kind, data = file
    if kind == REVIEW:
        remedy = "read_studies reads an outcome of it, one row a study."
        raise _no_table(source, "is no table but a review of RevMan 5", remedy)
    if kind == ".parquet":
        return _read_parquet(data, source, layout, decimal), ""
    if kind in WORKBOOKS:
        return _read_workbook(data, source, kind, layout, decimal), ""
    return _read_delimited(data, source, layout, decimal)


def _of_path(given):
    """The name, the kind and the bytes of a file, once it is known to be one of a size that can be read."""
    path = Path(text := _as_path(given))
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"{path}: there is no such file. Check the name and the folder ({path.resolve().parent})."
        ) from None
    except (OSError, ValueError) as error:
        raise _no_table(text[:80], f"is not a file that can be read ({_reason(error)})", _ACCEPTED) from None
    if what := _KINDS.get(stat.S_IFMT(found.st_mode)):
        raise _no_table(path.name or text, f"is not a file but {what}", _ACCEPTED)
    kind = "".join(path.suffixes[-2:] if path.suffix.lower() == ".gz" else path.suffixes[-1:]).lower()
    if kind not in (*_DELIMITED, *(f"{each}.gz" for each in _DELIMITED), *WORKBOOKS, ".parquet", REVIEW):
        remedy = "Save it as CSV, TSV, XLSX or Parquet."
        raise _no_table(path.name, "is not a kind of file that can be read", remedy, path.suffix.lower())
    if found.st_size > MOST_BYTES:
        raise _too_large(path.name, found.st_size)
    try:
        return path.name, kind, path.read_bytes()
    except OSError as error:
        raise _no_table(path.name, f"is not a file that can be read ({_reason(error)})", _ACCEPTED) from None


def _as_path(given):
    if not isinstance(given, (str, os.PathLike)):
        raise _no_table("the argument", f"is not a table but {_called(given)}", _ACCEPTED)
    text = os.fsdecode(given)
    if _ADDRESS.match(text):
        remedy = "Save it as a file first, and give its path: nothing is fetched from the net."
        raise _no_table(text[:80], "is not a file but an address", remedy)
    if "\n" in text:
        remedy = "Give io.StringIO(text) to read the text itself."
        raise _no_table("the argument", "is not the path of a file but a text of several lines", remedy)
    return text


def _of_stream(given):
    """The name, the kind and the bytes of an open file, whose first bytes say what it is."""
    name = getattr(given, "name", None)
    source = Path(name).name if isinstance(name, str) and name else "the file"
    try:
        data = given.read(MOST_BYTES + 1)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise _no_table(source, f"is not an open file that can be read ({_reason(error)})", _ACCEPTED) from None
    if not isinstance(data, (str, bytes)):
        raise _no_table(source, f"is not a table but {_called(given)}", _ACCEPTED)
    if len(data) > MOST_BYTES:
        raise _too_large(source, len(data))
    kinds = [kind for first, kind in _FIRST.items() if isinstance(data, bytes) and data.startswith(first)]
    return source, kinds[0] if kinds else ".csv", data


def _called(given):
    kind = type(given)
    return "None" if given is None else f"a {kind.__name__}"


def _reason(error):
    return getattr(error, "strerror", None) or str(error)


def _too_large(source, size):
    rule = f"is not a table but {size / 1e6:,.0f} MB or more; {MOST_BYTES / 1e6:,.0f} MB can be read"
    return _no_table(source, rule, "Keep the rows and columns that are needed, or read it yourself into a DataFrame.")


def _unpacked(data, source):
    try:
        found = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise _no_table(source, "is not a gzip file", "Pack it again, or save it as CSV.") from None
    if len(found) > MOST_BYTES:
        raise _too_large(source, len(found))
    return found


def _as_text(frame, layout, decimal, source):
    """Every cell as text on one line, blank where missing, without all-blank rows and nameless blank columns."""
    if frame.shape[1] > MOST_COLUMNS:
        rule = f"has {frame.shape[1]:,} columns; {MOST_COLUMNS:,} can be read"
        raise _no_table(source, rule, "Keep those of data/README.md and those that are needed.")
    rows = frame.index
    if rows.name != "row" or not rows.is_unique or not pd.api.types.is_integer_dtype(rows.dtype):
        rows = pd.RangeIndex(2, len(frame) + 2, name="row")
    names, problems, columns = [], [], []
    for at, heading in enumerate(frame.columns):
        name = "" if re.fullmatch(r"Unnamed: [0-9]+", str(heading)) else one_line(as_text(heading))
        values = frame.iloc[:, at]
        if isinstance(values.dtype, pd.ArrowDtype):
            values = values.astype(object)
        # What is a number already, in a workbook, is written like those that are text.
        point = decimal == "," and (not layout.columns or name in (*layout.numbers, *layout.ranges))
        if values.dtype == object:  # where 1, 1.0 and True are one value and three texts
            if wrong := [i for i, value in enumerate(values) if no_cell(value)]:
                problems += [(rows[i], "", name, values.iloc[i], _SEVERAL, _ONE) for i in wrong]
                values = values.mask(np.isin(np.arange(len(values)), wrong), None)
            values = pd.Series([_cell_text(value, point) for value in values], dtype=object).mask(values.isna().array)
        # Each value is looked at once, however many rows have it.
        codes, known = pd.factorize(values)
        told = [_cell_text(value, point) for value in known]
        if bad := {i: said for i, cell in enumerate(told) if (said := _no_value(cell))}:
            problems += [(rows[i], "", _visible(name), *bad[code]) for i, code in enumerate(codes) if code in bad]
        columns.append(np.array([*map(one_line, told), ""], dtype=object)[codes])
        if _NO_CHARACTER.search(str(heading)):
            problems.append((1, "", "", *_no_value(str(heading))))
        names.append(name)
    if problems:
        raise TrialDataError(sorted(problems, key=lambda problem: problem[0]), source)
    text = pd.DataFrame(dict(enumerate(columns)), index=rows, dtype=object)
    text.columns = names
    nameless = [
        not name and (not any(cells) or (at == 0 and _counts_rows(cells)))
        for at, (name, cells) in enumerate(zip(names, columns, strict=True))
    ]
    nameless = np.array(nameless, dtype=bool)
    text = text.loc[:, ~nameless]
    return text[(text != "").any(axis=1)]


def _counts_rows(cells):
    """Whether a column is 1, 2, 3 and so on, which R and pandas (from 0) write in front of a table."""
    count = [str(i) for i in range(len(cells) + 1)]
    return len(cells) > 1 and list(cells) in (count[1:], count[:-1])


def _cell_text(value, point):
    if isinstance(value, str):
        return value
    number = isinstance(value, (float, np.floating))
    if number and float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).replace(".", ",") if number and point else as_text(value)


def _no_value(cell):
    """Value, rule and remedy of a cell that holds no value, None of any other."""
    if not cell.isprintable() and _NO_CHARACTER.search(cell):
        rule = "holds a control character or half a character, which nobody sees and no file may hold"
        return _visible(cell), rule, "Type the text again."
    if cell[:1] == "#" and _SPREADSHEET_ERROR.fullmatch(cell.strip()):
        return cell.strip(), "is the error of a formula", "Mend the formula, or clear the cell."
    return None


def _visible(text):
    return _NO_CHARACTER.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _read_delimited(data, source, layout, decimal):
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "Save the file as UTF-8 (in Excel: CSV UTF-8)."
        rule, row = "has a character that is not UTF-8", data[: error.start].count(b"\n") + 1
        raise _no_table(source, rule, remedy, row=row) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    reader, rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), []
    try:
        rows.extend(reader)
    except csv.Error as error:
        rule = f"cannot be read on from here ({error})"
        remedy = "Check the quotation marks: one that is opened must be closed, and doubled inside a text."
        raise _no_table(source, rule, remedy, row=len(rows) + 1) from None
    return _with_heading(dict(enumerate(rows, 1)), source, layout, decimal), delimiter


def _with_heading(rows, source, layout, decimal):
    """The rows below the heading as text, after a check that the first row is a heading and the others as long."""
    filled = {row: sum(bool(str(cell).strip()) for cell in cells if cell is not None) for row, cells in rows.items()}
    if not any(filled.values()):
        each = {"trials": " and one row per arm", "studies": " and one row per study"}.get(layout.name, " and the rows")
        raise _no_table(source, "is empty", f"Add the heading{each}.")
    if not layout.columns:
        _refuse_title(filled, source)
    heading = ["" if name is None else str(name).strip() for name in rows.pop(1, [])]
    width = len(heading)
    body = {row: cells for row, cells in rows.items() if len(cells) == width}
    even = pd.DataFrame([*body.values()], columns=heading, index=pd.Index(body, name="row", dtype=int), dtype=object)
    known = set(heading) & {*layout.columns, *layout.wide} or not layout.columns
    if not known and not has_one_row_a_study(even, layout):
        remedy = (
            "The first row must hold the column names of data/README.md; delete what stands above it. A table with one "
            "row a study is read by effect_sizes(df, ...) or trials_from_wide(df, ...), its columns named."
        )
        raise _no_table(source, "is not the heading", remedy, row=1)
    remedy = "Put quotation marks around texts that hold the separator."
    ragged = [
        (row, "", "", "", f"this row has {len(cells)} cells, and the heading {width}", remedy)
        for row, cells in rows.items()
        if len(cells) != width and any(str(cell).strip() for cell in cells)
    ]
    if ragged:
        raise TrialDataError(ragged, source)
    return _as_text(even, layout, decimal, source)


def _refuse_title(filled, source):
    """Refuse a table of any columns whose first row is blank or a title, by how many cells of each row are filled."""
    wide = next((row for row, count in filled.items() if count > 1), None)
    if not filled.get(1) or (filled[1] == 1 and wide):
        what = "is a title or a remark" if filled.get(1) else "is blank"
        row = wide or next(row for row, count in filled.items() if count)
        rule, remedy = f"this row {what}, and the heading must stand in it", f"Delete what stands above row {row}"
        raise _no_table(source, rule, f"{remedy}, if that is the heading.", row=1)


def has_one_row_a_study(cells: pd.DataFrame, layout: TableLayout) -> bool:
    """Tell whether a table that should hold arms is one that `effect_sizes` and `trials_from_wide` read."""
    return layout.name == "trials" and "arm" not in cells and headings.recognised(cells) is not None


def _no_table(source, rule, remedy, value="", row=None):
    return TrialDataError([(row, "", "", value, rule, remedy)], source)


def _library(name, extra, source, kind):
    """The library that reads this kind of file; an error says how to install it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{source}: reading {kind} needs {name}, which is not installed. It comes with an extra: "
            f'pip install "pain-meta-analysis[{extra}]"; or save the table as CSV.',
            name=name,
        ) from error


def _read_workbook(data, source, kind, layout, decimal):
    """The first sheet as text; what its cells do not show is reported, and rows that nobody sees are said."""
    _library("openpyxl", "excel", source, kind)
    try:
        sheet = read_sheet(data)
    except NoWorkbookError as error:
        raise _no_table(source, str(error), "Save it from the spreadsheet as XLSX, or as CSV.") from None
    heading = [str(name or "").strip() for name in sheet.rows.get(1, [])]

    def problem(row, column, value, rule, remedy):
        name = heading[column] if column < len(heading) else ""
        return row, "", name, value, rule, remedy

    rule, remedy = "is a formula without a stored result", "Open and save it in the spreadsheet, or paste the value."
    problems = [problem(*cell, rule, remedy) for cell in sheet.unknown]
    rule = "is a share that the sheet shows as a percentage, and it is not known which of the two the column wants"
    remedy = "Format the cell as a number, and type the value that the column holds."
    shares = [problem(*cell, rule, remedy) for cell in sheet.percent]
    problems += [share for share in shares if share[2] in layout.numbers]
    if problems:
        raise TrialDataError(problems, source)
    cells = _with_heading(sheet.rows, source, layout, decimal)
    if sheet.said:
        told = "; ".join(sheet.said)
        _check.warn(f"{source}: {told}. All of it was read; delete what should not be.")
    return cells


def _read_parquet(data, source, layout, decimal):
    arrow = _library("pyarrow", "parquet", source, ".parquet")
    from pyarrow import parquet

    try:
        about = parquet.ParquetFile(io.BytesIO(data)).metadata
        size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if max(size, about.num_rows * about.num_columns) > MOST_BYTES:
            raise _too_large(source, max(size, about.num_rows * about.num_columns))
        frame = pd.read_parquet(io.BytesIO(data), engine="pyarrow")
    except TrialDataError:
        raise
    except (arrow.ArrowException, OSError, ValueError, TypeError, KeyError):
        raise _no_table(source, "is not a Parquet file", "Save it again, or as CSV.") from None
    return _as_text(frame, layout, decimal, source)
