"""Inputs that go wrong: how each is made, what it is given to, and what the user sees.

Nothing is stored: each kind makes its file or its table when it is tried. A row is (name, what makes it, words of the
answer), the answer of a group being an error of one class unless a row has its own. `SAID` stands for an input that is
read, and about which a warning tells what the words say; `READ` for one that is right and only looks wrong.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import socket
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import analysis as ma

DATA = Path(__file__).parents[2] / "data"
SAID, READ = "said", "read"


class Kind(NamedTuple):
    """One kind of bad input."""

    group: str
    name: str
    make: Callable[[Path], Any]  # in an empty folder
    call: Callable[[Any], Any]
    seen: Any  # class of the error, SAID or READ
    words: str


HEAD = """study,author,year,therapy,therapy_family,condition_group,design,scale,scale_min,scale_max,week,timepoint,\
primary,arm,n,baseline_mean,baseline_sd,final_mean,final_sd,events,event_definition,source"""
ROWS = [
    f"{study},{author},{year},TENS,Electrical,Low back,parallel,VAS,0,10,4,end of treatment,yes,{arm},{n},6.1,1.7,"
    f"{mean},2.2,{n // 3},half the pain,Table 2"
    for study, author, year, means in (
        ("a", "Meier", 2019, (4.2, 4.9)),
        ("b", "Rossi", 2021, (3.9, 4.4)),
        ("c", "Smith", 2022, (4.0, 5.0)),
    )
    for arm, n, mean in zip(("treatment", "placebo"), (31, 29), means, strict=True)
]
TEXT = "\n".join([HEAD, *ROWS, ""])


def cells():
    """The table as text, as a spreadsheet would give it."""
    return pd.read_csv(io.StringIO(TEXT), dtype=str, keep_default_na=False)


# --- files that hold no table


def file(name, content=TEXT):
    """Make a file with this content, text or bytes."""

    def make(folder):
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def book(change, table=None):
    """Make a workbook of the table, changed by hand."""

    def make(folder):
        import openpyxl

        path = folder / "t.xlsx"
        (cells() if table is None else table).to_excel(path, index=False)
        opened = openpyxl.load_workbook(path)
        change(opened.active)
        opened.save(path)
        return path

    return make


def put(address, value, look=None):
    """Change one cell of a sheet, and perhaps the format of its number."""

    def change(sheet):
        sheet[address] = value
        if look:
            sheet[address].number_format = look

    return change


def archive(**parts):
    """A ZIP archive of these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            opened.writestr(name.replace("__", "/"), content)
    return made.getvalue()


def bomb(folder):
    """A workbook whose sheet unpacks to a thousand times its size."""
    path = book(lambda sheet: None)(folder)
    with zipfile.ZipFile(path) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"</sheetData>", b" " * 8_000_000 + b"</sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return path


def parquet(change):
    """Make a Parquet file and change its bytes."""

    def make(folder):
        cells().to_parquet(folder / "t.parquet")
        content = (folder / "t.parquet").read_bytes()
        (folder / "t.parquet").write_bytes(change(content))
        return folder / "t.parquet"

    return make


def xlsx_bytes(change):
    """Make a workbook and change its bytes."""

    def make(folder):
        path = book(lambda sheet: None)(folder)
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def overwritten(content):
    middle = len(content) // 2
    return content[:middle] + b"\0" * 200 + content[middle + 200 :]


def linked(folder):
    (folder / "t.csv").symlink_to(folder / "t.csv")
    return folder / "t.csv"


def dangling(folder):
    (folder / "t.csv").symlink_to(folder / "gone.csv")
    return folder / "t.csv"


def piped(folder):
    os.mkfifo(folder / "t.csv")
    return folder / "t.csv"


def listening(folder):
    with socket.socket(socket.AF_UNIX) as opened:
        before = os.getcwd()
        # The path of a socket may have a hundred characters only.
        os.chdir(folder)
        try:
            opened.bind("t.csv")
        finally:
            os.chdir(before)
    return folder / "t.csv"


def made_folder(folder):
    (folder / "t.csv").mkdir()
    return folder / "t.csv"


def beside_notes(notes):
    """Make a file of trials with this file of notes beside it."""

    def make(folder):
        file("t.toml", notes)(folder)
        return file("t.csv")(folder)

    return make


LATIN = TEXT.replace("Meier", "Müller").encode("latin-1")
FILES = [
    ("nothing there", lambda d: d / "none.csv", "there is no such file", FileNotFoundError),
    ("a link to nothing", dangling, "there is no such file", FileNotFoundError),
    ("a file taken for a folder", lambda d: file("t.csv")(d) / "u.csv", "there is no such file", FileNotFoundError),
    ("an empty file", file("t.csv", ""), "is empty"),
    ("a byte-order mark alone", file("t.csv", b"\xef\xbb\xbf"), "is empty"),
    ("blank lines", file("t.csv", "\n\n\n"), "is empty"),
    ("a heading alone", file("t.csv", HEAD + "\n"), "no row under the heading"),
    ("no heading", file("t.csv", "\n".join(ROWS)), "is not the heading"),
    ("a title above the heading", file("t.csv", "My trials\n" + TEXT), "is not the heading"),
    ("Latin-1", file("t.csv", LATIN), "row 2: has a character that is not UTF-8"),
    ("UTF-16", file("t.csv", TEXT.encode("utf-16")), "has a character that is not UTF-8"),
    ("broken UTF-8", file("t.csv", TEXT.encode()[:-20] + b"\xc3"), "has a character that is not UTF-8"),
    ("an overlong code", file("t.csv", TEXT.encode().replace(b"Meier", b"\xc0\xaf")), "that is not UTF-8"),
    ("a picture", file("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "that is not UTF-8"),
    ("an open quote", file("t.csv", TEXT.replace("Table 2", '"Table 2', 1)), "quotation marks"),
    ("text after a quote", file("t.csv", TEXT.replace("Table 2", '"Table" 2', 1)), "cannot be read on from here"),
    ("a cell too many", file("t.csv", TEXT.replace("Table 2", "Table 2,3", 1)), "has 23 cells, and the heading 22"),
    ("a cell too few", file("t.csv", TEXT.replace(",Table 2", "", 1)), "has 21 cells, and the heading 22"),
    ("a file cut off", file("t.csv", TEXT[:-30]), "cells, and the heading 22"),
    ("a web page", file("t.csv", "<!DOCTYPE html><html><body>Not found</body></html>"), "is not the heading"),
    ("JSON", file("t.csv", '[{"study": "a", "arm": "treatment"}]'), "is not the heading"),
    ("a separator of its own", file("t.csv", TEXT.replace(",", "|")), "is not the heading"),
    ("a document", file("t.docx", "x"), "is not a kind of file that can be read"),
    ("an old workbook", file("t.xls", b"\xd0\xcf\x11\xe0"), "is not a kind of file that can be read"),
    ("no ending", file("table", TEXT), "is not a kind of file that can be read"),
    ("a script", file("t.py", "print(1)"), "is not a kind of file that can be read"),
    ("text called XLSX", file("t.xlsx"), "is not an XLSX workbook"),
    ("an empty XLSX", file("t.xlsx", b""), "is not an XLSX workbook"),
    ("an archive that is no workbook", file("t.xlsx", archive(a="b")), "is not an XLSX workbook"),
    ("an XLSX cut off", xlsx_bytes(lambda content: content[: len(content) // 2]), "is not an XLSX workbook"),
    ("text called Parquet", file("t.parquet"), "is not a Parquet file"),
    ("an empty Parquet", file("t.parquet", b""), "is not a Parquet file"),
    ("a Parquet cut off", parquet(lambda content: content[: len(content) // 2]), "is not a Parquet file"),
    ("a formula never worked out", book(put("S2", "=1+1")), "is a formula without a stored result"),
    ("a workbook without cells", book(lambda sheet: sheet.delete_rows(1, 99)), "is empty"),
    ("an XLSX with a byte changed", xlsx_bytes(overwritten), "is not an XLSX workbook"),
    ("a folder", made_folder, "is not a file but a folder"),
    ("a pipe", piped, "is not a file but a pipe"),
    ("a socket", listening, "is not a file but a socket"),
    ("a device", lambda d: "/dev/zero", "is not a file but a device"),
    ("a link to itself", linked, "is not a file that can be read"),
    ("an address on the net", lambda d: "https://example.org/t.csv", "is not a file but an address"),
    ("the text in place of its path", lambda d: TEXT, "is not the path of a file but a text"),
    ("a name with a zero byte", lambda d: "t\0.csv", "is not a file that can be read"),
    ("a name too long", lambda d: "t" * 5000 + ".csv", "is not a file that can be read"),
    ("a gzip file that is none", file("t.csv.gz"), "is not a gzip file"),
    ("a gzip file cut off", file("t.csv.gz", gzip.compress(TEXT.encode())[:90]), "is not a gzip file"),
    ("a zip bomb", bomb, "is not a table but|too much to be a table"),
    ("a Parquet file with a byte changed", parquet(lambda content: content[:-9] + b"\xff" + content[-8:]), "Parquet"),
    ("the error of a formula", book(put("B2", "#REF!")), "is the error of a formula"),
    ("another error of a formula", book(put("S3", "#DIV/0!")), "is the error of a formula"),
    (
        "a share shown as a percentage",
        book(put("S2", 0.022, "0.0%")),
        "is a share that the sheet shows as a percentage",
    ),
    ("a hidden row", book(lambda sheet: setattr(sheet.row_dimensions[3], "hidden", True)), "row 3: hidden", SAID),
    ("a zero byte in a cell", file("t.csv", TEXT.replace("Meier", "Me\0ier")), "control character|line contains NUL"),
    ("a control character", file("t.csv", TEXT.replace("Meier", "Me\x02ier")), "control character"),
    ("notes nested without end", beside_notes("a=" + "[" * 5000 + "]" * 5000), "is no TOML of notes"),
    ("a key of 5000 parts in the notes", beside_notes("a." * 5000 + "a = 1"), "is no TOML of notes"),
    ("a number of 6000 digits in the notes", beside_notes("note = " + "9" * 6000), "is no TOML of notes"),
    ("notes of two megabytes", beside_notes("note = '" + "x" * 2_000_000 + "'"), "more than 1,000,000 bytes"),
    ("notes in Latin-1", beside_notes(b"note = '\xfc'"), "is no TOML of notes"),
    ("a control character in the notes", beside_notes('note = "a\\u0001b"'), "holds what no file can print"),
    (
        "a cell of 300,000 characters",
        file("t.csv", TEXT.replace("Meier", "M" * 300_000, 1)),
        "cannot be read on from here",
    ),
    ("a byte-order mark before the notes", beside_notes(b"\xef\xbb\xbfnote = 'a'"), "", READ),
    ("one formatted cell far below", book(lambda s: setattr(s["A1048576"], "number_format", "0.0")), "", READ),
    ("packed by gzip", file("t.csv.gz", gzip.compress(TEXT.encode())), "", READ),
    ("Windows line ends", file("t.csv", TEXT.replace("\n", "\r\n")), "", READ),
    ("old Mac line ends", file("t.csv", TEXT.replace("\n", "\r")), "", READ),
    ("trailing blank columns", file("t.csv", TEXT.replace("\n", ",,\n")), "", READ),
    ("trailing blank rows", file("t.csv", TEXT + ("," * 21 + "\n") * 50), "", READ),
    ("a byte-order mark", file("t.csv", b"\xef\xbb\xbf" + TEXT.encode()), "", READ),
    ("an ending in capitals", file("t.CSV"), "", READ),
    ("a name with blanks and quotes", file("a 'b\" ü.csv"), "", READ),
]

# --- what is no file at all

THINGS = [
    ("None", lambda d: None, "is not a table but None"),
    ("a number", lambda d: 3, "is not a table but a int"),
    ("a file descriptor", lambda d: True, "is not a table but a bool"),
    ("a dict", lambda d: {"study": ["a"]}, "is not a table but a dict"),
    ("a list of rows", lambda d: [["a", "treatment"]], "is not a table but a list"),
    ("an array", lambda d: np.ones((2, 3)), "is not a table but a ndarray"),
    ("a Series", lambda d: pd.Series([1.0]), "is not a table but a Series"),
    ("a class", lambda d: pd.DataFrame, "is not a table but a type"),
    ("a function", lambda d: print, "is not a table but a builtin"),
    ("a result", lambda d: ma.pool([0.1, 0.2], [0.1, 0.1]), "is not a table but a PooledEffect"),
    ("an empty DataFrame", lambda d: pd.DataFrame(), "missing"),
    ("a DataFrame without rows", lambda d: cells().head(0), "no row under the heading"),
    ("two columns of one name", lambda d: cells().rename(columns={"author": "source"}), "has it twice"),
    (
        "a column that pandas found twice",
        lambda d: cells().assign(**{"x_C": 1, "x_C.1": 2}),
        "the heading has it twice",
    ),
    ("names apart by a blank", lambda d: cells().assign(**{"x_C": 1, "x_C ": 2}), "the heading has it twice"),
    (
        "a checked table with a column twice",
        lambda d: twice(ma.read_trials(cells()), "study"),
        "the heading has it twice",
    ),
    *(
        (
            f"{what} in a cell",
            lambda d, cell=cell: first_cell("author", cell),
            "holds several values, or bytes that are no",
        )
        for what, cell in (
            ("a list", ["a"]),
            ("a dict", {"a": 1}),
            ("a tuple", ("a",)),
            ("an array", np.ones(2)),
            ("bytes that are no text", b"\xff"),
            ("a signalling NaN", Decimal("sNaN")),
        )
    ),
    ("a number of 400 digits", lambda d: first_cell("n", 10**400), "is not a number"),
    ("a number of 5000 digits", lambda d: first_cell("n", 10**5000), "is not a number"),
    ("bytes that are text", lambda d: cells().astype(object).map(str.encode), "", READ),
    ("decimals", lambda d: cells().assign(n=cells()["n"].map(Decimal)), "", READ),
    ("categories", lambda d: cells().astype("category"), "", READ),
    ("lists in a column of pyarrow", lambda d: nested("x_list"), "holds several values, or bytes that are no text"),
    ("columns of pyarrow", lambda d: cells().convert_dtypes(dtype_backend="pyarrow"), "", READ),
    ("columns that are numbers", lambda d: pd.DataFrame(np.ones((2, 3))), "is not a column of the data dictionary"),
    (
        "half a character",
        lambda d: cells().astype(object).assign(author=pd.Series(["\ud800"] * 6, dtype=object)),
        "half a character",
    ),
    (
        "a text index called row",
        lambda d: bad_row(cells().set_axis(list("uvwxyz")).rename_axis("row")),
        "between 1 and",
    ),
    ("open text", lambda d: io.StringIO(TEXT), "", READ),
    ("open bytes", lambda d: io.BytesIO(TEXT.encode()), "", READ),
    ("a closed file", lambda d: closed(), "is not an open file that can be read"),
]


def twice(table, name):
    return pd.concat([table, table[[name]]], axis=1)


def nested(name):
    """The table with a column of lists, typed as such."""
    import pyarrow

    lists = pd.Series([[1]] * len(cells()), dtype=pd.ArrowDtype(pyarrow.list_(pyarrow.int64())))
    return cells().assign(**{name: lists})


def first_cell(name, cell):
    """The table with one cell that holds anything."""
    table = cells().astype(object)
    table.at[0, name] = cell
    return table


def bad_row(table):
    table.iloc[0, list(table).index("n")] = "0"
    return table


def closed():
    opened = io.StringIO(TEXT)
    opened.close()
    return opened


# --- headings, and cells of the trials: what stands in the first row instead

HEADINGS = [
    ("a column misspelt", {"final_mean": "finl_mean"}, "Did you mean 'final_mean'?"),
    ("a column of one's own", {"source": "remark"}, "is not a column of the data dictionary"),
    ("a column that is needed", {"n": "x_n"}, "this column is missing"),
    ("a column without a name", {"source": ""}, "a column with values has no name"),
    ("a median", {"final_mean": "final_median"}, "No median and no quartile is a mean"),
    ("capitals", {"arm": "ARM"}, "is not a column of the data dictionary"),
    ("a blank in the name", {"final_mean": "final mean"}, "Did you mean 'final_mean'?"),
]
CELLS = [
    ("n", "0", "between 1 and"),
    ("n", "-31", "between 1 and"),
    ("n", "20.5", "whole number"),
    ("n", "1.000", "value '1.000'"),
    ("n", "", "is blank"),
    ("n", "1e9", "between 1 and"),
    ("n", "inf", "is not a number"),
    ("n", "NaN", "is not a number"),
    ("n", "None", "is not a number"),
    ("n", "twenty", "is not a number"),
    ("n", "31 (29)", "is not a number"),
    ("n", "3 1", "is not a number"),
    ("n", "0x1f", "is not a number"),
    ("n", "1_000", "is not a number"),
    ("n", "²", "is not a number"),
    ("n", "1e999", "is not a number"),
    ("n", "=31", "is not a number"),
    ("n", "True", "is not a number"),
    ("year", "206", "between 1900 and"),
    ("year", "20190", "between 1900 and"),
    ("year", "2019.5", "whole number"),
    ("year", "2019-05-01", "is not a number"),
    ("final_mean", "4,2", "is not a number"),
    ("final_mean", "42", "within the scale"),
    ("final_mean", "-1", "within the scale"),
    ("final_mean", "4.2 ± 1", "is not a number"),
    ("final_mean", "4.2*", "is not a number"),
    ("final_mean", "<4", "is not a number"),
    ("final_mean", "4.2%", "is not a number"),
    ("final_mean", "-", "is not a number"),
    ("final_mean", "NR", "is not a number"),
    ("final_mean", "1e400", "is not a number"),
    ("final_mean", "#N/A", "is not a number|is the error of a formula"),
    ("final_mean", "4.2.1", "is not a number"),
    ("final_mean", "4..2", "is not a number"),
    ("final_sd", "0", "must be above zero"),
    ("final_sd", "-2.2", "must be above zero"),
    ("final_sd", "40", "larger than any SD possible"),
    ("final_sd", "1e-300", "of the scale"),
    ("baseline_mean", "1e300", "must lie between"),
    ("baseline_sd", "1e300", "larger than any SD possible"),
    ("scale_min", "10", "the lower first"),
    ("scale_max", "", "come together"),
    ("scale_max", "1e308", "differs between the arms"),
    ("scale_min", "-inf", "is not a number"),
    ("week", "-1", "between 0 and 5000"),
    ("week", "1e6", "between 0 and 5000"),
    ("week", "four", "is not a number"),
    ("events", "32", "no more responders than people"),
    ("events", "-1", "events"),
    ("events", "3.5", "whole number"),
    ("arm", "control", "closed list"),
    ("arm", "", "is blank"),
    ("arm", "treatmnet", "Did you mean 'treatment'"),
    ("arm", "placebo", "at least one treatment arm|stands once|twice|one placebo arm"),
    ("primary", "perhaps", "closed list"),
    ("primary", "no", "agree on primary|primary"),
    ("design", "cohort", "closed list"),
    ("design", "crossover", "differs"),
    ("therapy", "Witchcraft", "closed list"),
    ("therapy_family", "Magic", "closed list"),
    ("condition_group", "Sorrow", "closed list"),
    ("timepoint", "some day", "closed list"),
    ("study", "", "is blank"),
    ("study", "b", "differs|one placebo arm|treatment arm"),
    ("author", "Meyer", "differs from the first row"),
    ("scale", "VAS 0-100", "differs between the arms"),
]

# --- the tables beside the trials

BESIDE = {
    "contrasts": ma.read_contrasts,
    "claims": ma.read_claims,
    "mcid": ma.read_thresholds,
    "benchmarks": ma.read_benchmarks,
    "risk_of_bias": ma.read_risk_of_bias,
    "facts_on_bias": ma.read_bias_facts,
    "correlations": ma.read_correlations,
}
CELLS_BESIDE = [
    ("contrasts", "n_treatment", "-5", "n_treatment"),
    ("contrasts", "n_treatment", "10.5", "n_treatment"),
    ("contrasts", "n_placebo", "0", "n_placebo"),
    ("contrasts", "n_treatment", "ten", "is not a number"),
    ("contrasts", "year", "3", "year"),
    ("contrasts", "year", "2003.5", "year"),
    ("contrasts", "week", "-4", "week"),
    ("contrasts", "se", "1e300", "se"),
    ("contrasts", "se", "-1", "must be above zero"),
    ("contrasts", "se", "30", "se"),
    ("contrasts", "study", "", "is blank"),
    ("contrasts", "difference", "", "is blank"),
    ("contrasts", "difference", "-99", "must hold its difference"),
    ("contrasts", "difference", "much", "is not a number"),
    ("contrasts", "ci_low", "", "both limits are needed"),
    ("contrasts", "ci_low", "-250", "ci_low|scale"),
    ("contrasts", "ci_high", "-50", "must hold its difference"),
    ("contrasts", "ci_level", "0.95", "between 50 and 99.99"),
    ("contrasts", "scale_max", "", "come together"),
    ("contrasts", "selected", "maybe", "closed list"),
    ("contrasts", "certainty", "sure", "closed list"),
    ("contrasts", "therapy", "", "is blank"),
    ("claims", "claim", "", "is blank"),
    ("claims", "kind", "guess", "closed list"),
    ("claims", "kind", "", "is blank"),
    ("claims", "polarity", "hope", "closed list"),
    ("claims", "unit", "metres", "closed list"),
    ("claims", "therapy", "", "is blank"),
    ("claims", "therapy", "Witchcraft", "closed list"),
    ("claims", "condition", "", "is blank"),
    ("claims", "value", "about 30", "neither a number nor a range"),
    ("claims", "value", "3-2", "3-2"),
    ("claims", "traced", "perhaps", "closed list"),
    ("mcid", "value_low", "-2", "above zero"),
    ("mcid", "value_low", "3-2", "is not a number"),
    ("mcid", "value_high", "0.0001", "above zero, its lower end first"),
    ("mcid", "kind", "both", "closed list"),
    ("mcid", "year", "3", "year"),
    ("benchmarks", "ci_low", "99", "must hold its estimate"),
    ("benchmarks", "estimate", "big", "is not a number"),
    ("benchmarks", "k", "9.5", "is not a whole number"),
    ("benchmarks", "k", "-9", "k"),
    ("benchmarks", "year", "3", "year"),
    ("benchmarks", "i2", "250", "i2"),
    ("risk_of_bias", "study", "", "is blank"),
    ("risk_of_bias", "domain", "", "is blank"),
    ("risk_of_bias", "judgement", "unclear", "not among the judgements of this tool"),
    ("risk_of_bias", "tool", "RoB2", "a known tool, written in another way"),
    ("risk_of_bias", "certainty", "sure", "closed list"),
    ("facts_on_bias", "finding", "", "is blank"),
    ("facts_on_bias", "study", "", "is blank"),
    ("correlations", "r", "1.5", "must lie between -1 and 1"),
    ("correlations", "r", "0.1", "not what the three SDs give"),
    ("correlations", "n", "10.5", "n"),
    ("correlations", "n", "-3", "n"),
    ("correlations", "weeks", "-7", "weeks"),
    ("correlations", "sd_baseline", "-1", "must be above zero"),
    ("correlations", "r_from", "somewhere", "where the correlation is from"),
]


def beside(name, column, value):
    """Make a table of the project with one cell changed, of the first row; of claims the first that has a number."""

    def make(folder):
        table = pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)
        table.loc[int(column == "value"), column] = value
        return table

    return make


# --- one row a study, and effects

WIDE = pd.DataFrame(
    {"Study": ["A", "B", "C"], "m1": [4.0, 3.5, 4.4], "sd1": [2.0, 2.1, 1.9], "n1": [20, 30, 25],
     "m2": [5.0, 4.1, 5.2], "sd2": [2.2, 2.0, 2.1], "n2": [21, 29, 25]}
)  # fmt: skip
NAMES = {"mean_t": "m1", "sd_t": "sd1", "n_t": "n1", "mean_p": "m2", "sd_p": "sd2", "n_p": "n2", "study": "Study"}
QUARTILES = pd.DataFrame(
    {"study": ["A", "B"], "q1_t": 2, "median_t": 3, "q3_t": 5, "n_t": 20, "mean_p": 4, "sd_p": 2, "n_p": 20}
)
COUNTS = pd.DataFrame({"study": ["A", "B"], "events_t": [3, 4], "n_t": [20, 30], "events_p": [5, 6], "n_p": [21, 29]})


def wide(**more):
    names = {name: column for name, column in (NAMES | more).items() if column is not None}
    return lambda table: ma.effect_sizes(table, **{"measure": "MD", **names})


def counted(table):
    return ma.effect_sizes(table, measure="OR")


def counted_by(**names):
    return lambda table: ma.effect_sizes(table, measure="OR", **names)


def changed(table, **cells):
    """Make a table with the first cell of some columns changed."""

    def make(folder):
        made = table.astype(object)
        for name, value in cells.items():
            made.loc[0, name] = value
        return made

    return make


PROPORTIONS = pd.DataFrame({"yi": [0.1, 0.4, 0.5], "lo": [0.05, 0.2, 0.3], "hi": [0.15, 0.6, 0.7]})
EFFECTS = [
    ("a negative SD", changed(WIDE, sd1=-2), wide(), "sd"),
    ("an SD in words", changed(WIDE, sd1="two"), wide(), "two"),
    ("an infinite mean", changed(WIDE, m1=np.inf), wide(), "inf"),
    ("a missing mean", changed(WIDE, m1=None), wide(), "m1|mean_t"),
    ("one person", changed(WIDE, n1=1), wide(), "n1|n_t"),
    ("a negative n", changed(WIDE, n1=-20), wide(), "n1|n_t"),
    ("more people than there are", changed(WIDE, n1=1e18), wide(), "no study has more than 10000000"),
    ("means that are booleans", changed(WIDE, m1=True), wide(), "this is not a number"),
    ("half a person", changed(WIDE, n1=10.5), wide(), "10.5"),
    ("a mean in a list", changed(WIDE, m1="[4]"), wide(), "m1|mean_t"),
    ("a column that is not there", lambda d: WIDE, wide(mean_t="mean1"), "mean1"),
    ("a measure misspelt", lambda d: WIDE, wide(measure="SDM"), "Did you mean|did you mean|SMD"),
    ("an argument misspelt", lambda d: WIDE, wide(mean_treat="m1"), "mean_treat", TypeError),
    ("no rows", lambda d: WIDE.head(0), wide(), "no rows|no row|no stud"),
    ("two columns of one name", lambda d: WIDE.rename(columns={"m2": "m1"}), wide(), "m1|m2"),
    ("a ratio of negative means", changed(WIDE, m1=-4.0), wide(measure="ROM"), "m1|mean"),
    ("more events than people", changed(COUNTS, events_t=21), counted, "events"),
    ("negative events", changed(COUNTS, events_t=-1), counted, "events"),
    ("a mean off its scale", changed(WIDE, m1=42), wide(scale_min=0, scale_max=10), "'42': this lies off the scale"),
    ("an SD off its scale", changed(WIDE, sd1=6), wide(scale_min=0, scale_max=10), "larger than any SD possible"),
    ("a scale from 10 to 0", lambda d: WIDE, wide(scale_min=10, scale_max=0), "a scale must begin below its end"),
    (
        "a mean outside its interval",
        lambda d: WIDE.assign(lo=5.0, hi=6.0),
        wide(sd_t=None, ci_t=("lo", "hi")),
        "'m1 .mean_t.': value '4', '3.5', '4.4': this lies outside its interval",
    ),
    (
        "one column for both means",
        lambda d: WIDE,
        wide(mean_p="m1"),
        "mean_t and mean_p are read from one column, 'm1'",
    ),
    (
        "quartiles that changed places",
        lambda d: QUARTILES.rename(columns={"q1_t": "q3_t", "q3_t": "q1_t"}),
        ma.effect_sizes,
        "rows 2, 3, .*'q1_t': value '5': this exceeds .*the columns have changed places",
    ),
    (
        "a quartile above the other",
        changed(QUARTILES, q1_t=6),
        ma.effect_sizes,
        "row 2, .*'q1_t': value '6': this exceeds",
    ),
    ("a median outside its quartiles", changed(QUARTILES, median_t=9), ma.effect_sizes, "'9': this exceeds q3_t"),
    (
        "a smallest value that is the largest",
        lambda d: QUARTILES.assign(min_t=9, max_t=1),
        ma.effect_sizes,
        "rows 2, 3, .*'min_t': value '9': this exceeds",
    ),
    (
        "quartiles of one value",
        lambda d: QUARTILES.assign(q1_t=3, median_t=3, q3_t=3),
        ma.effect_sizes,
        "tell no spread",
    ),
    (
        "a column beside its copy",
        lambda d: COUNTS.assign(**{"n_t.1": 99}),
        counted,
        "row 1, column 'n_t': 'n_t.1' reads alike, or is",
        ma.TrialDataError,
    ),
    (
        "a column beside one with a blank",
        lambda d: COUNTS.assign(**{"n_t ": 99}),
        counted,
        "row 1, column 'n_t': 'n_t ' reads alike",
        ma.TrialDataError,
    ),
    ("a constant of 400 digits", lambda d: COUNTS, counted_by(n_t=10**400), "the number of people must be finite"),
    (
        "a column in place of its name",
        lambda d: COUNTS,
        counted_by(n_t=COUNTS["n_t"]),
        "n_t=a Series must be the name of a column",
    ),
    (
        "a name of the outcome that is none",
        lambda d: COUNTS,
        counted_by(outcome_name=3),
        "outcome_name=3 must be a text",
    ),
    ("people for an SD", lambda d: WIDE, wide(sd_t="n1"), "sd_t and n_t are read from one column, 'n1'"),
    ("one column for both events", lambda d: COUNTS, counted_by(events_p="events_t"), "events_t and events_p are read"),
    ("columns called by numbers", lambda d: WIDE.rename(columns={"m1": 1}), wide(mean_t=1), "a column of the table is"),
    (
        "a log beside an interval of ratios",
        lambda d: pd.DataFrame({"study": ["A", "B"], "yi": [0.9, -0.3], "lo": [0.7, 0.5], "hi": [8.65, 1.1]}),
        lambda table: ma.effect_sizes(table, measure="HR", ci=("lo", "hi")),
        "rows 2, 3, .*fits its interval only if the one is a log",
    ),
    (
        "a crossover trial as two arms",
        changed(WIDE.assign(design="parallel"), design="Cross-over"),
        wide(),
        "same people",
    ),
    (
        "ratios beside an interval and a standard error",
        lambda d: pd.DataFrame({"hr": [0.8, 1.2], "lo": [0.5, 0.8], "hi": [1.2, 1.7], "s": 0.2}),
        lambda t: ma.effect_sizes(t, measure="HR", yi="hr", se="s", ci=("lo", "hi")),
        "are they logs. Give log=True, or log=False",
    ),
    ("events without people", lambda d: COUNTS.drop(columns="n_t"), counted, "n_t"),
    *(
        (
            f"{words} with intervals, on which scale",
            lambda d: PROPORTIONS,
            lambda t, measure=measure: ma.effect_sizes(t, measure=measure, ci=("lo", "hi")),
            f"all of yi and its limits lie between {least} and 1: are they {words}, or .* Give log=False for {words}",
        )
        for measure, words, least in (("PLO", "proportions", 0), ("ZCOR", "correlations", -1))
    ),
    (
        "arcsines of proportions, on which scale",
        lambda d: PROPORTIONS.assign(p=0.01),
        lambda t: ma.effect_sizes(t, measure="PFT", yi="yi", p="p"),
        "all of yi lie between 0 and 1: are they proportions, or on the scale .*double arcsine scale",
    ),
    (
        "a proportion of 0 taken to its logit",
        changed(PROPORTIONS, lo=0),
        lambda t: ma.effect_sizes(t, measure="PLO", ci=("lo", "hi"), log=False),
        "row 2, .*'lo .ci_low.': value '0': a proportion must lie between 0 and 1 and be neither",
    ),
    (
        "a variance and an SE that differ",
        changed(PROPORTIONS.assign(vi=0.25, se=0.5), vi=0.04),
        lambda t: ma.effect_sizes(t, measure="SMD", yi="yi", vi="vi", se="se"),
        "row 2, .*'vi': value '0.04': this is a standard error of 0.2, and se one of 0.5",
    ),
    (
        "a variance beside another interval",
        lambda d: PROPORTIONS.assign(vi=0.04, lo=-5, hi=5.5),
        lambda t: ma.effect_sizes(t, measure="SMD", yi="yi", vi="vi", ci=("lo", "hi")),
        "'vi': value '0.04': this is a standard error of 0.2, and lo .ci. one of 2.679",
    ),
    (
        "an SD and an SE that differ",
        lambda d: WIDE.assign(sd1=30, se=0.6),
        wide(se_t="se"),
        "'sd1 .sd_t.': value '30': this is an SD of 30, and se .se_t. one of 2.683",
    ),
    (
        "an effect far from the middle of its interval",
        changed(PROPORTIONS, yi=1, lo=0.9, hi=5),
        lambda t: ma.effect_sizes(t, measure="MD", ci=("lo", "hi")),
        "row 2, .*'yi': value '1': this lies far from the middle of its interval, 0.9 to 5",
    ),
    (
        "a mean far from the middle of its interval",
        lambda d: WIDE.assign(lo=3.4, hi=9.0),
        wide(sd_t=None, ci_t=("lo", "hi")),
        "'m1 .mean_t.': value '4', .*: this lies far from the middle of its interval, 3.4 to 9",
    ),
]

# --- formulas, in which note() must not be called

HOSTILE = """__import__('os').getcwd()|week.__class__|week.values|().__class__.__bases__|I(week.sum())|C(week, week.map)
note(week)|eval('1')|exec('1')|open('f')|getattr(week, 'x')|(lambda: 1)()|I(lambda: 1)|[x for x in week]|week[0]
I(week[0])|{week}|{'a': week}|f'{week}'|I(f'{note(week)}')|(y := week)|I((y := week))|week if week else 1|*week
I(*week)|I(**week)|C(week, **{})|np.load('f')|np.log.__call__(week)|np|contr|np.core|log.__globals__|(log)(week)(week)
log(week)(week)|`week`|week # note(week)|week \\ + note(week)|'''a'+note(week)+'b'''|C(week, ")+note(week)+(")|secret
C(week, '`')|week @ week|week ^ 2|week % week|week // 2|week << 9|9 ** 9 ** 9|week ** 99999|(week + 1) ** -1e9
I('a' * 99999999)|[0] * 9|I([0] * 9)|I(b'a')|1j|...|None|'week'|not week|week and week|week is week|I(week in week)
Q(week)|Q('we' + 'ek')|Q('secret')|Q()|await week|yield|week; week|week, week|__builtins__|week.T|I(note)|print|C(note)
bs(week, df=note(3))|C(week, levels=[note(1)])|week\x00|\x0c{0}|""".replace("\n", "|").split("|")[:-1]

# --- numbers given to the models

NUMBERS = [
    ("variance of zero", lambda d: ([0.1, 0.2], [0.1, 0.0]), "vi = 0.0"),
    ("negative variance", lambda d: ([0.1, 0.2], [0.1, -0.1]), "vi = -0.1"),
    ("infinite variance", lambda d: ([0.1, 0.2], [0.1, np.inf]), "vi = inf"),
    ("missing variance", lambda d: ([0.1, 0.2], [0.1, np.nan]), "vi = nan"),
    ("infinite effect", lambda d: ([0.1, -np.inf], [0.1, 0.1]), "yi = -inf"),
    ("missing effect", lambda d: ([0.1, None], [0.1, 0.1]), "yi = None"),
    ("text", lambda d: (["0.1", "b"], [0.1, 0.1]), "is not a number"),
    ("complex", lambda d: ([0.1, 1j], [0.1, 0.1]), "is not a number|yi"),
    ("dates", lambda d: ([date(2020, 1, 1)] * 2, [0.1, 0.1]), "yi"),
    ("lengths that differ", lambda d: ([0.1, 0.2, 0.3], [0.1, 0.1]), "3|shape"),
    ("no studies", lambda d: ([], []), "no stud"),
    ("nested lists", lambda d: ([[0.1], [0.2]], [0.1, 0.1]), "shape|dimension"),
    ("ragged lists", lambda d: ([[0.1], [0.2, 0.3]], [0.1, 0.1]), "shape|number|dimension"),
    ("variances beyond numbers", lambda d: ([0.1, 0.2], [0.1, 1e-320]), "vi|variance"),
    ("one name for two studies", lambda d: ([0.1, 0.2], [0.1, 0.1], None, ["A"]), "labels"),
    ("no name for a study", lambda d: ([0.1, 0.2], [0.1, 0.1], None, ["A", None]), "study 2: None is no label"),
    ("NaN as a name", lambda d: ([0.1, 0.2], [0.1, 0.1], None, [float("nan"), "B"]), "study 1: nan is no label"),
    ("booleans", lambda d: ([True, False], [0.1, 0.1]), "yi = True is not a number"),
    ("a text for the names", lambda d: ([0.1, 0.2], [0.1, 0.1], None, "AB"), "a list of names|give a list"),
    ("names without an order", lambda d: ([0.1, 0.2], [0.1, 0.1], None, {"A", "B"}), "a list of names|give a list"),
    ("a number for the names", lambda d: ([0.1, 0.2], [0.1, 0.1], None, 3), "a list of names|give a list"),
    ("a negative standard error", lambda d: ([0.1, 0.2], None, [0.1, -0.1]), "se = -0.1"),
]
MASKED = np.ma.masked_array([1.0, 2.0, 3.0], [0, 0, 1])
TEXT_IN_BOTH = [["0.9", 0.5], [0.2, 0.6], [0.4, 0.1]], [["0.1", 0.1], [0.1, 0.1], [0.1, 0.1]]
RESULT = ma.pool([0.1, 0.2, 0.4], [0.1, 0.1, 0.2])
SORTED = pd.DataFrame({"study": list("ABC"), "yi": [0.5, 0.1, 0.9], "vi": 0.04, "g": list("xyx")}).sort_values("yi")
JUDGED = ma.read_risk_of_bias(
    pd.DataFrame({"Study": ["ono 2012", "B"], "D1": "Low", "Overall": ["High", "Low"]}), tool="RoB 2", judged_by="two"
)
DOSED = pd.DataFrame({"yi": [0.1, 0.4, 0.2, 0.6], "vi": 0.1, "dose": [1.0, 2.0, 3.0, 4.0]})
FIT = ma.meta_regression("yi ~ dose", DOSED)
GROUPED = ma.pool_groups(DOSED.assign(g=list("aabb")), "g").rename_axis("label").reset_index()
DATED = DOSED.assign(day=pd.date_range("2001-01-01", periods=4))
FUNCTION = ma.trials_from_wide(
    pd.DataFrame({"study": ["F", "G"], "mean_t": [6.0, 7.0], "mean_p": 5.0}).assign(sd_t=2.0, n_t=30, sd_p=2.0, n_p=30),
    scale_min=0, scale_max=10, benefit="higher",
)  # fmt: skip
NAMED = ma.pool([0.1, 0.2, 0.4], [0.1, 0.1, 0.2], labels=["A", "B", "C"])
TWO = pd.Series(["a", "b"])
OF_ODDS = ma.pool([0.1, 0.2, 0.4], [0.1, 0.1, 0.2], labels=["a", "b", "c"], measure="OR")


def other_joint(_):
    """The share of some trials, beside the joint fit of as many others."""
    effects = ma.effect_sizes(ma.read_trials(DATA / "trials.csv"))
    both = effects.table["study"][effects.table["change_placebo_vi"].notna()].tolist()
    some, others = (effects.where(study=part) for part in (both[:8], both[8:16]))
    return ma.contextual_share(some, ma.pool_bivariate(others), n_bootstrap=0)


STUDIES = pd.DataFrame({"study": list("ABCD"), "yi": [0.1, 0.2, 0.4, 0.3], "vi": 0.1, "g": list("xxyy")})
EFFECTS_OF_TWO = pd.DataFrame({"yi": [0.1, 0.2], "vi": [0.1, 0.2]})
CALLS = [
    *(
        (f"{what} to {pool.__name__}", lambda d, pool=pool, given=given: pool(*given), words)
        for pool in (ma.pool_mantel_haenszel, ma.pool_peto)
        for what, given, words in (
            ("half an event", ([1.5, 2], [10, 10], [1, 2], [10, 10]), "events_t, trial 1: 1.5 is not a whole number"),
            ("half a person", ([1, 2], [10, 10], [1, 2], [10, 9.5]), "n_p, trial 2: 9.5 is not a whole number"),
            ("more people than there are", ([1, 2], [1e8, 10], [1, 2], [10, 10]), "n_t, trial 1: .* more than a study"),
            ("more events than people", ([11, 2], [10, 10], [1, 2], [10, 10]), "events_t, trial 1: 11.0 exceeds n_t"),
            ("a negative count", ([-1, 2], [10, 10], [1, 2], [10, 10]), "events must be finite and at least 0"),
        )
    ),
    (
        "half an event to labbe_counts",
        lambda d: ma.labbe_counts(
            ma.pool([0.1, 0.2], [0.1, 0.1], measure="RR"), counts=([1.5, 2], [9, 9], [1, 2], [9, 9])
        ),
        "events_t, trial 1: 1.5 is not a whole number",
    ),
    *(
        (
            f"a table with a column twice to {name}",
            lambda d, call=call: call(twice(STUDIES, "g")),
            "two columns are named 'g'",
        )
        for name, call in (
            ("pool", ma.pool),
            ("pool_groups", lambda table: ma.pool_groups(table, by="g")),
            ("pool_subgroups", lambda table: ma.pool_subgroups(table, by="g")),
            ("pool_multilevel", lambda table: ma.pool_multilevel(table, cluster="g")),
            ("meta_regression", lambda table: ma.meta_regression("yi ~ g", data=table)),
            ("cumulative", lambda table: ma.cumulative(table, order="g")),
            ("leave_one_out", ma.leave_one_out),
            ("egger_test", ma.egger_test),
            ("forest", lambda table: ma.forest(ma.pool(STUDIES), data=table, columns=["g"])),
        )
    ),
    (
        "counts with a column twice to pool_peto",
        lambda d: ma.pool_peto(twice(COUNTS, "n_t")),
        "two columns are named 'n_t'",
    ),
    *(
        (
            f"judgements with a domain twice, the second called {second}",
            lambda d, second=second: ma.read_risk_of_bias(
                pd.DataFrame([["A", "Low", "High"], ["B", "Low", "Low"]], columns=["Study", "D1", second]), tool="RoB 2"
            ),
            "the heading has it twice",
        )
        for second in ("D1", "D1.1")
    ),
    *(
        (
            f"{tool} overall {whole} with a domain that is {domain}",
            lambda d, tool=tool, whole=whole, domain=domain: ma.read_risk_of_bias(
                pd.DataFrame({"Study": ["A", "B"], "D1": "Low", "D2": ["Low", domain], "Overall": [whole] * 2}),
                tool=tool,
            ),
            "1 problem.*\n.*row 3, study 'B', column 'D2': value 'D2 deviations.*': this is judged worse"
            if tool == "RoB 2"
            else "row 3, study 'B', column 'D2': value 'D2 selection of participants': this is judged worse",
        )
        for tool, whole, domain in (
            ("RoB 2", "Low", "High"),
            ("RoB 2", "Some concerns", "High"),
            ("ROBINS-I", "Moderate", "Serious"),
            ("ROBINS-I", "Serious", "Critical"),
        )
    ),
    (
        "contrasts with a column twice",
        lambda d: ma.contrast_effects(twice(ma.read_contrasts(DATA / "contrasts.csv"), "study")),
        "contrasts: two columns are named 'study'",
    ),
    ("no groups", lambda d: ma.pool_subgroups(RESULT, by=None), "by=None must be the name of a column"),
    ("words for no column", lambda d: ma.read_trials(cells(), allow=["Music"]), "allow=.* must name columns"),
    ("numbers as words", lambda d: ma.read_trials(cells(), allow={"therapy": [3]}), r"allow\['therapy'\] holds 3"),
    ("a number as words", lambda d: ma.read_trials(cells(), allow={"therapy": 3}), r"allow\['therapy'\] is 3; give"),
    ("a blank as words", lambda d: ma.read_trials(cells(), allow={"therapy": [" "]}), r"allow\['therapy'\] holds ' '"),
    ("no table of contrasts", lambda d: ma.audit_trials(ma.read_trials(cells()), contrasts=3), "contrasts is a int"),
    (
        "no effect sizes among which",
        lambda d: ma.provenance(ma.effect_sizes(ma.read_trials(cells())), among=3),
        "among is a int, but must be the effect sizes",
    ),
    ("one direction", lambda d: ma.forest(RESULT, favours=("a",)), "favours is .*; give the words at both ends"),
    ("a note in a list", lambda d: ma.forest(RESULT, note=["a"]), "note is .*; give a text"),
    ("a width without end", lambda d: ma.forest(RESULT, width_mm=np.inf), "width_mm is inf; give a finite number"),
    *(
        (
            f"{name} in a Series",
            lambda d, name=name: ma.forest(RESULT, **{name: TWO}),
            f"{name} is a Series; give one value",
        )
        for name in ("footer", "compact", "null", "prediction", "order", "digits", "measure")
    ),
    ("overall in a Series", lambda d: ma.forest(RESULT, overall=TWO), "it must be True or False"),
    ("columns that are a number", lambda d: ma.forest(RESULT, columns=3), "columns is 3; give a sequence of names"),
    ("models that are a number", lambda d: ma.forest(RESULT, models=3), "models is 3; give a sequence of results"),
    ("symbols that are a number", lambda d: ma.forest(RESULT, symbols=3), "symbols is 3; give column"),
    ("worthwhile in words", lambda d: ma.forest(RESULT, worthwhile="much"), "worthwhile is 'much'; give one number"),
    ("formats that are a number", lambda d: ma.save_figure(ma.forest(RESULT), d / "f", formats=3), "formats is 3"),
    ("pages in a Series", lambda d: ma.save_figure(ma.forest(RESULT), d / "f", pages=TWO), "pages is a Series"),
    ("a measure in a Series", lambda d: ma.pool(RESULT, measure=TWO), "measure is a Series; give one value"),
    ("log in a Series", lambda d: ma.effect_sizes(EFFECTS_OF_TWO, measure="RR", log=TWO), "log is a Series"),
    (
        "outcome in a Series",
        lambda d: ma.effect_sizes(EFFECTS_OF_TWO, measure="RR", outcome=TWO),
        "outcome is a Series",
    ),
    ("arms in a Series", lambda d: ma.effect_sizes(EFFECTS_OF_TWO, measure="RR", arms=TWO), "names of the two arms"),
    ("decimal in a Series", lambda d: ma.read_trials(cells(), decimal=TWO), "decimal is a Series"),
    ("unsafe in a Series", lambda d: ma.meta_regression("yi ~ vi", EFFECTS_OF_TWO, unsafe=TWO), "unsafe is a Series"),
    ("ticks without number", lambda d: ma.forest(RESULT, ticks=np.linspace(-1, 1, 10**6)), "more than 100 values"),
    ("lines without number", lambda d: ma.forest(RESULT, lines=range(10**6)), "more than 100 values"),
    (
        "columns of other trials",
        lambda d: ma.forest(NAMED, data=pd.DataFrame({"study": list("ABX"), "dose": [1, 2, 3]}), columns=["dose"]),
        "paired by their index, but their labels differ: data has no 'C'; the result has no 'X'",
    ),
    (
        "a model of another measure",
        lambda d: ma.forest(ma.pool(RESULT, measure="MD"), models={"odds": ma.pool(RESULT, measure="OR")}),
        r"models\['odds'\] is a pooled odds ratio, and the result a mean difference",
    ),
    (
        "all trials of another measure",
        lambda d: ma.steps_forest(ma.cumulative(RESULT, measure="MD"), overall=ma.pool(RESULT, measure="OR")),
        "overall is a pooled odds ratio, and the steps a mean difference",
    ),
    (
        "all trials at another level",
        lambda d: ma.steps_forest(ma.cumulative(RESULT), overall=ma.pool(RESULT, confidence_level=0.9)),
        "overall has an interval of 90%, the steps of 95%",
    ),
    (
        "a risk difference in percentage points",
        lambda d: ma.nnt(ma.pool([12.0, 14.0], [4.0, 9.0], measure="RD", benefit="higher")),
        "a risk difference lies between -1 and 1. Give proportions and their differences as fractions",
    ),
    ("groups with blanks", lambda d: ma.pool_subgroups(RESULT, ["x", "x ", "y"]), "'x' and 'x ' read alike"),
    ("groups in two ways to write é", lambda d: ma.pool_subgroups(RESULT, ["é", "e\u0301", "y"]), "read alike"),
    (
        "groups of a corpus with blanks",
        lambda d: ma.pool_groups(EFFECTS_OF_TWO.assign(g=["x", "x "]), by="g"),
        "by='g': 'x' and 'x ' read alike",
    ),
    ("a year that no trial has", lambda d: ma.forest(NAMED, order="year"), "order is 'year', but no trial has a year"),
    (
        "a year in words",
        lambda d: ma.forest(ma.effect_sizes(EFFECTS_OF_TWO.assign(year=["2001", "b"]), measure="MD"), order="-year"),
        "order is '-year', but the year of .* is 'b'; give a number, or leave it blank",
    ),
    *(
        (
            f"label={label!r} of a {figure}",
            lambda d, label=label, figure=figure: getattr(ma, figure)(RESULT, label=label),
            f"label is {label!r}; give how many are named, 0 or more, or their names",
        )
        for figure, label in (("funnel", -1), ("radial", True))
    ),
    ("a text that is transformed", lambda d: ma.Measure("OR").transform("a"), "values is 'a'; give a number"),
    ("a dict turned back", lambda d: ma.Measure("OR").inverse({"a": 1}), "values is .'a': 1.; give a number"),
    (
        "groups in two letter cases",
        lambda d: ma.pool_subgroups(RESULT, ["x", "X", "y"]),
        "by: 'x' and 'X' differ by letter",
    ),
    (
        "groups of a corpus in two letter cases",
        lambda d: ma.pool_groups(EFFECTS_OF_TWO.assign(g=["x", "X"]), by="g"),
        "by='g': 'x' and 'X' differ by letter case alone; write them in one way",
    ),
    *(
        (
            f"categories of a formula {how}",
            lambda d, second=second: ma.meta_regression("yi ~ kind", WEEKS.assign(kind=["low", second, "high"] * 2)),
            f"'kind' has the levels 'low' and '{second}', which {words}; write them in one way",
        )
        for how, second, words in (
            ("in two letter cases", "Low", "differ by letter case alone"),
            ("with blanks", "low ", "read alike"),
        )
    ),
    (
        "clusters with blanks",
        lambda d: ma.pool_multilevel([0.1, 0.2, 0.4], [0.1] * 3, cluster=["x", "x ", "y"]),
        "cluster: 'x' and 'x ' read alike",
    ),
    *(
        (
            f"the table of a result to {function}",
            lambda d, function=function, more=more: getattr(ma, function)(RESULT.to_frame(), **more),
            "row 4 .Pooled. is a pooled result, as its kind 'summary' says, and no study: give table",
        )
        for function, more in (("pool", {}), ("leave_one_out", {}), ("effect_sizes", {"measure": "SMD"}))
    ),
    (
        "groups of rows that a result does not have",
        lambda d: ma.pool_subgroups(NAMED, pd.Series(list("xyx"), index=[2, 0, 1])),
        "by has no 'A', 'B', 'C'; yi has no '2', '0', '1'",
    ),
    (
        "judgements under another spelling in a figure",
        lambda d: ma.forest(ma.effect_sizes(EFFECTS_OF_TWO.assign(study=["Ono 2012", "B"])), risk_of_bias=JUDGED),
        "'ono 2012' of judged is 'Ono 2012' of the effects; write both in one way",
    ),
    *(
        (
            f"endless samples of {function}",
            lambda d, function=function, name=name: getattr(ma, function)(RESULT, **{name: 10**10}),
            f"{name}=10000000000 is more than memory holds; give 10,000,000 or fewer",
        )
        for function, name in (("bootstrap", "n_resamples"), ("permutation_test", "n_resamples"))
    ),
    (
        "effects beside the counts they are made of",
        lambda d: ma.effect_sizes(COUNTS.assign(yi=0.1, vi=0.1), measure="RR"),
        "the table has yi, and events_t, n_t, events_p, n_p, of which measure='RR' is made too: name what counts",
    ),
    (
        "therapies of one arm each",
        lambda d: ma.compare_therapies(ma.effect_sizes(WEEKS.assign(kind=list("ababab")), measure="PLO"), "kind"),
        "measure='PLO' .proportion. is of one arm, without a comparator",
    ),
    *(
        (
            f"a {figure} of odds ratios as SMDs",
            lambda d, figure=figure: getattr(ma, figure)(OF_ODDS, measure="SMD"),
            "measure='SMD' .standardised mean difference., but the effects are of measure 'OR'",
        )
        for figure in ("forest", "funnel", "drapery", "radial")
    ),
    (
        "data in another order under a name of its own",
        lambda d: ma.forest(OF_ODDS, data=pd.DataFrame({"Study": ["c", "b", "a"], "N": [1, 2, 3]}), columns=("N",)),
        "data has the trials in another order, by its column 'Study'",
    ),
    (
        "a table of counts without those of an arm",
        lambda d: ma.labbe_counts(OF_ODDS, counts=COUNTS[["events_t", "n_t"]]),
        "counts lacks the columns events_p, n_p",
    ),
    (
        "three parts of counts",
        lambda d: ma.labbe_counts(OF_ODDS, counts=[1, 2, 3]),
        "counts has 3 parts; give .events_t",
    ),
    *(
        (
            f"{function} of proportions",
            lambda d, function=function: getattr(ma, function)(
                ma.pool([0.1, 0.4, 0.2], [0.1, 0.2, 0.3], measure="PLO")
            ),
            f"{function}.. asks whether effects differ from none, and no proportion is that of no effect",
        )
        for function in ("pet_peese", "permutation_test")
    ),
    (
        "more than all people",
        lambda d: ma.nnt(ma.pool([1.0], [0.1], measure="RR", benefit="higher"), comparator_risk=0.6),
        "comparator_risk=0.6 times 2.72 is 163% of people: the pooled risk ratio holds where fewer have the event",
    ),
    *(
        (
            f"{what} to draw on",
            lambda d, ax=ax: ma.funnel(RESULT, ax=ax()),
            f"ax is {what}; give plain Axes of matplotlib",
        )
        for what, ax in (
            ("of the type int", lambda: 1),
            ("of the type Figure", Figure),
            ("polar Axes", lambda: Figure().add_subplot(projection="polar")),
        )
    ),
    (
        "Series of other rows in a formula",
        lambda d: ma.effects.mean_difference(pd.Series([1.0, 2.0]), 1, 9, pd.Series([1.0, 2.0], index=[5, 6]), 1, 9),
        "mean_t and mean_p are paired by their index, but their labels differ",
    ),
    (
        "numbers as text in a formula",
        lambda d: ma.meta_regression("yi ~ dose", EFFECTS_OF_TWO.assign(dose=["10", "20"])),
        "'dose' holds numbers as text, such as '10'",
    ),
    *(
        (f"the formula {right}", lambda d, right=right: ma.meta_regression(f"yi ~ {right}", WEEKS), words)
        for right, words in (
            ("week**2", r"'week \*\* 2' is 'week' alone, as \*\* crosses terms; write I.week \*\* 2."),
            ("week + week**2", r"write I.week \*\* 2."),
            ("log(dose)**2 + week", r"'log.dose. \*\* 2' is 'log.dose.' alone"),
            ("week^2", r"'week . 2' is no power; write I.week \*\* 2."),
            ("week - dose", "'week - dose' takes 'dose' out of the terms, among which it is not; write I.week - dose."),
            ("week + -dose", "'-dose' takes nothing out; write I.-dose."),
            ("dose*dose", "'dose . dose' crosses 'dose' with itself"),
            ("0*dose", "'0 . dose' multiplies terms, and a number is none; write I.0 . dose."),
            ("dose/10", "'dose / 10' multiplies terms, and a number is none; write I.dose / 10."),
        )
    ),
    (
        "the formula week**2 that is trusted",
        lambda d: ma.meta_regression("yi ~ week**2", WEEKS, unsafe=True),
        "'week' alone",
    ),
    *(
        (
            f"the outcome {left} beside {spread}",
            lambda d, left=left, spread=spread: ma.meta_regression(
                f"{left} ~ week", WEEKS.rename(columns={"vi": spread})
            ),
            f"the outcome is '{re.escape(left)}', and '{spread}' holds the .* of yi; write 'yi ~ …', or name",
        )
        for left, spread in (("np.exp(yi)", "vi"), ("2*yi", "vi"), ("vi", "vi"), ("dose", "se"))
    ),
    (
        "a function in place of values",
        lambda d: ma.effect_sizes(ma.read_trials(cells())).where(week=lambda week: week > 2),
        "week= is a function; give values",
    ),
    ("a choice of trials in words", lambda d: ma.multiverse(ma.read_trials(cells()), where="x"), "where is 'x'; give"),
    (
        "proportions in place of logits",
        lambda d: ma.effect_sizes(EFFECTS_OF_TWO, measure="PLO", yi="yi", vi="vi", log=False),
        "log=False of measure='PLO' is for proportions beside an interval or a p-value; .* pooled .logit scale.",
    ),
    (
        "a Series of a sorted table",
        lambda d: ma.pool_subgroups(ma.effect_sizes(SORTED, measure="MD"), SORTED["g"]),
        "by has no 'row . of the table'.*paired by position",
    ),
    (
        "SMDs called odds ratios",
        lambda d: ma.pool(ma.pool(RESULT, measure="SMD"), measure="OR"),
        "are of measure 'SMD'",
    ),
    (
        "a model of other studies",
        lambda d: ma.forest(NAMED, models={"x": ma.pool([1, 2], [0.1, 0.1], labels=["P", "Q"])}),
        r"models\['x'\] is of other studies: P, Q are not in the figure",
    ),
    *(
        (
            f"{name} of {yi}",
            lambda d, name=name, yi=yi: ma.effect_sizes(EFFECTS_OF_TWO.assign(yi=yi), measure=name),
            f"lies between .* and {end}",
        )
        for name, yi, end in (("PR", 45.0, "1"), ("RD", -45.0, "1"), ("COR", 1.4, "1"), ("PFT", 2.5, "1.571"))
    ),
    (
        "a judgement under another spelling",
        lambda d: ma.without_high_risk(ma.effect_sizes(EFFECTS_OF_TWO.assign(study=["Ono 2012", "B"])), JUDGED),
        "'ono 2012' of judged is 'Ono 2012' of the effects",
    ),
    (
        "steps that lost their attrs",
        lambda d: ma.steps_forest(ma.leave_one_out(NAMED).merge(STUDIES, left_on="label", right_on="study")),
        "steps does not tell the level of its intervals .* give overall=, the result of all, or confidence_level=0.95",
    ),
    (
        "all trials of other studies",
        lambda d: ma.steps_forest(ma.cumulative(NAMED), overall=ma.pool([1, 2], [0.1, 0.1], labels=["P", "Q"])),
        "overall is of other studies: it has no A, B, C of the steps",
    ),
    *(
        (
            f"counts of other trials to labbe_counts, {name}",
            lambda d, pooled=pooled: ma.labbe_counts(pooled, counts=([9, 19], [20, 40], [10, 20], [20, 40])),
            words,
        )
        for name, pooled, words in (
            (
                "beside a pooled ratio",
                ma.pool([0.1, 0.2], [0.1, 0.1], measure="RR", labels=["A", "B"]),
                r"trial 1 .A. has a risk ratio of 0.90, and not 1.11; trial 2 .B. .* in its order, the first arm first",
            ),
            (
                "beside pooled counts",
                ma.pool_mantel_haenszel([10, 20], [20, 40], [9, 19], [20, 40]),
                "trial 1 .Study 1. has 9 of 20 with the event and 10 of 20",
            ),
        )
    ),
    (
        "two studies of one name, in another order",
        lambda d: ma.forest(
            ma.pool(EFFECTS_OF_TWO.assign(label="Z")),
            data=EFFECTS_OF_TWO.assign(label="Z", dose=[1, 2]).iloc[::-1],
            columns=["dose"],
        ),
        "several trials are called 'Z', and the rows of data are in another order",
    ),
    (
        "a column n that there is not",
        lambda d: ma.forest(RESULT, columns=["n"]),
        "columns names 'n', but the trials have no people of both arms, and no column n of their own",
    ),
    (
        "a joint fit of other trials",
        other_joint,
        "joint is a fit to other trials: .* are not among these; leave it out",
    ),
    ("steps at another level", lambda d: ma.steps_forest(ma.cumulative(RESULT), confidence_level=0.9), "are of 95%"),
    ("a level that is alpha", lambda d: FIT.conf_int(0.05), "give 0.95 .statsmodels asks for alpha"),
    ("a contrast that is a matrix", lambda d: FIT.contrast([[0, 1]]), "is no text; write it in the names"),
    *(
        (f"digits={digits!r}", lambda d, digits=digits: ma.forest(RESULT, digits=digits), "a whole number from 0 to 12")
        for digits in (2.0, True, "2", -1)
    ),
    *(
        (f"{n} samples of {name}", lambda d, call=call, n=n: call(n), words)
        for name, n, call, words in (
            ("bootstrap", 1, lambda n: ma.bootstrap(RESULT, n_resamples=n), "n_resamples=1 is too few .* 40 or more"),
            ("gosh", 6, lambda n: ma.gosh(RESULT, n_subsets=n), "n_subsets=6 is too few .* 40 or more"),
            ("permutation_test", 9, lambda n: ma.permutation_test(RESULT, n), "n_resamples=9 is too few.* below 0.1"),
            ("a regression", 9, lambda n: FIT.permutation_test(n), "n_resamples=9 is too few: .* give 19 or more"),
        )
    ),
    ("levels of contours that are alphas", lambda d: ma.funnel(RESULT, contours=(0.1, 0.05)), "give 0.9 .statsmodels"),
    ("a level of 5%", lambda d: wide(level=5)(WIDE), "level=5 must be a number of percent from 50"),
    (
        "the level of an interval that is alpha",
        lambda d: ma.recover.sd_from_ci(1.0, 2.0, 20, level=0.05),
        "level: 0.05, but a level must lie between 0.5 and 1",
    ),
    ("a truth as a seed", lambda d: ma.bootstrap(RESULT, seed=True), "seed=True must be a whole number"),
    ("a seed in words", lambda d: ma.bootstrap(RESULT, seed="x"), "seed='x' must be a whole number"),
    ("a source of random numbers in words", lambda d: ma.permutation_test(RESULT, rng="a"), "rng='a' must be a whole"),
    (
        "a target beyond the mean",
        lambda d: ma.fail_safe_n(RESULT, method="Orwin", target=1.1),
        "is no smaller than the mean effect",
    ),
    (
        "a target on the other side",
        lambda d: ma.fail_safe_n(RESULT, method="Orwin", target=-0.1),
        "is no smaller than the mean effect",
    ),
    (
        "a harm that is called worthwhile",
        lambda d: ma.forest(ma.pool(RESULT, measure="RR", benefit="lower"), worthwhile=1.25),
        "worthwhile is 1.25, a harm: lower risk ratios are better here; give values below 1",
    ),
    *(
        (
            f"a worthwhile {what} on the side of harm, {benefit} being better",
            lambda d, measure=measure, benefit=benefit, given=given: ma.forest(
                ma.pool(RESULT, measure=measure, benefit=benefit), worthwhile=given
            ),
            words,
        )
        for what, measure, benefit, given, words in (
            ("band of ratios, half of it", "RR", "lower", (0.8, 1.25), "a harm: lower risk ratios .* values below 1"),
            ("correlation", "ZCOR", "higher", -0.3, "a harm: higher correlations are better here; give values above 0"),
            ("difference", "MD", "lower", -1, "it is the size, .* here where they are lower: give it without a sign"),
            ("difference", "SMD", "higher", -0.3, "here where they are higher: give it without a sign"),
        )
    ),
    (
        "a share of good differences of which nobody said what is good",
        lambda d: ma.share_beyond(RESULT, ma.Threshold(1.0, "between-group")),
        "share_beyond is about effects at least as good as 1 point, and nobody said what is good; give benefit='lower'",
    ),
    (
        "no row to predict",
        lambda d: FIT.predict(pd.DataFrame({"dose": []})),
        "new_data has no row: give one for each value",
    ),
    (
        "ratios of hundreds of thousands taken for logs",
        lambda d: ma.pool([1e5, 2e5, 3e5], [1e8] * 3, measure="OR"),
        "study 1 has 100000, .* no odds ratio or its interval has such a log: give logs",
    ),
    (
        "a moderator under another name",
        lambda d: FIT.predict({"Dose": 3}),
        "there is no column 'dose' .did you mean 'Dose'",
    ),
    (
        "trials of two directions",
        lambda d: ma.effect_sizes(pd.concat([ma.read_trials(cells()), FUNCTION], ignore_index=True)),
        "x_benefit is 'lower' .a and others., 'higher' .F and others.",
    ),
    (
        "reported differences of another direction",
        lambda d: ma.with_contrasts(ma.effect_sizes(FUNCTION), ma.read_contrasts(DATA / "contrasts.csv")),
        "lower is better in the reported differences, and higher in the effects",
    ),
    ("vcov in words", lambda d: ma.pool_multilevel([1, 2], cluster=["a", "b"], vcov="x"), "vcov must hold numbers"),
    *(
        (f"{function.__name__} of steps", lambda d, function=function: function(ma.leave_one_out(RESULT)), words)
        for function, words in (
            (ma.choice_effects, "frame has no column of choices, such as tau2_method; pass the table that multiverse"),
            (ma.multiverse_findings, "frame has no column analysis, excludes_zero, confidence_level; pass the table"),
            (ma.multiverse_plot, "frame has no column of choices, such as tau2_method; pass the table that multiverse"),
        )
    ),
    ("a multiverse that is a row", lambda d: ma.multiverse_findings(RESULT.to_row()), "frame has no column analysis"),
    *(
        (f"{what} of both arms", lambda d, given=given: ma.labbe_counts(given()), f"cannot use a {kind}", TypeError)
        for what, kind, given in (
            ("a number needed", "NumberNeeded", lambda: ma.nnt(ma.pool(RESULT, measure="RD", benefit="lower"))),
            ("a row", "DataFrame", lambda: RESULT.to_row()),
        )
    ),
    ("simulated trials of none", lambda d: ma.simulate([], mean=0), "needs the sampling variance of a study or more"),
    ("a grid of a billion", lambda d: ma.predictive_density(RESULT, points=10**9), "points=1000000000 is more than"),
    *(
        (f"{argument} as a {type(given).__name__}", lambda d, call=call, given=given: call(given), words)
        for argument, call, words, kinds in (
            (
                "groups",
                lambda x: ma.pool_subgroups(RESULT, x),
                "by is a .*, which has no order; give a list",
                (dict, set),
            ),
            ("an order", lambda x: ma.cumulative(RESULT, order=x), "order is a .*, which has no order", (dict, set)),
            (
                "labels",
                lambda x: ma.pool([1, 2, 3], [0.1] * 3, labels=x),
                "labels.*give a list|must be a list",
                (dict, set),
            ),
            ("a contrast", FIT.contrast, "contrasts is a dict; write it in the names of the coefficients", (dict,)),
            ("steps", lambda x: ma.selection_model(RESULT, steps=x), "must be p values between 0 and 1", (dict, set)),
            (
                "knots",
                lambda x: ma.dose_response(WEEKS, "dose", shape="spline", knots=x),
                "knots=.* must be 3",
                (dict,),
            ),
        )
        for given in (kind([(1, 4), (2, 5), (3, 6)]) for kind in kinds)
    ),
    (
        "a table that was turned round beside a result with names",
        lambda d: ma.pool_subgroups(ma.pool(DOSED.assign(study=list("ABCD"))), DOSED[::-1]["dose"]),
        "are paired by their index, but their labels differ",
    ),
    ("steps of groups", lambda d: ma.steps_forest(GROUPED), "steps has the groups of pool_groups, none of which is in"),
    (
        "a size that is blank",
        lambda d: ma.egger_test(RESULT, predictor="n", n=[10, None, 30]),
        "Study 2: no n; fill it in, or leave the study out",
    ),
    (
        "steps of which the estimates alone were transformed",
        lambda d: ma.steps_forest(ma.leave_one_out(RESULT).assign(estimate=lambda t: np.exp(t["estimate"]) + 1)),
        "an estimate outside its interval",
    ),
    (
        "a table that was turned round beside a result without names",
        lambda d: ma.pool_subgroups(RESULT, DOSED.head(3)[::-1]["dose"]),
        "the result has no names by which by could be paired, whose rows are in another order",
    ),
    (
        "dates as a moderator",
        lambda d: ma.meta_regression("yi ~ day", DATED),
        "'day' holds dates; make numbers",
    ),
    ("columns of two lengths", lambda d: FIT.predict({"dose": [1, 2], "x": [1]}), "has the shapes dose .2,., x .1,."),
    ("truth for a number", lambda d: FIT.predict({"dose": [True]}), "dose.* must hold numbers"),
    ("poly", lambda d: ma.meta_regression("yi ~ poly(dose, 2)", DOSED), "write powers as I.x .. 2.|of 4 studies"),
    ("a table of contrasts", lambda d: FIT.contrast(pd.DataFrame({"dose": [2]})), "contrasts is a DataFrame; write it"),
    ("knots in words", lambda d: ma.dose_response(WEEKS, "dose", shape="spline", knots="3"), "knots='3' must be 3"),
    ("variances beside a formula", lambda d: ma.meta_regression("yi ~ x", RESULT, vi=np.ones(3)), "names a column of"),
    ("an order that is a number", lambda d: ma.forest(RESULT, order=3), "order is 3; give the name of a column"),
    ("a decimal mark", lambda d: ma.theme(decimal=";"), "decimal=';' is not known"),
    ("endless simulations", lambda d: ma.simulate(RESULT, n_simulations=10**15), "more than anybody waits for"),
    ("endless trials", lambda d: ma.power(RESULT, 0.3, k=10**13), "k=10000000000000 is more than memory holds"),
    ("a client that is none", lambda d: ma.simulate(RESULT, client=3), "client is an int; give a client", TypeError),
    *(
        (f"text in both cells of a study of {what}", lambda d, call=call: call(), "1, .*: yi = '0.9' is not a number")
        for what, call in (
            ("a batch", lambda: ma.pool_batch([["0.9", 0.5, 0.4]], [["0.02", 0.03, 0.04]])),
            ("two outcomes", lambda: ma.pool_bivariate(TEXT_IN_BOTH[0], TEXT_IN_BOTH[1])),
        )
    ),
    *(
        (f"{blank!r} as a {what}", lambda d, call=call, g=("x", blank, "y"): call(SORTED.assign(g=g)), words)
        for blank in ("", " ")
        for what, call, words in (
            ("group", lambda t: ma.pool_subgroups(t, "g"), "no group; name one, or leave these studies out"),
            ("group of many", lambda t: ma.pool_groups(t, "g"), "g is empty; fill it in"),
            ("cluster", lambda t: ma.pool_multilevel(t, cluster="g"), "cluster is missing for effect 2 .*; name the"),
            ("therapy", lambda t: ma.compare_therapies(t, "g", comparator="z"), "no group; name one, or leave"),
            ("level", lambda t: ma.meta_regression("yi ~ g", t), "moderator 'g' is missing; fill it in"),
            ("study", lambda t: ma.pool(t.assign(study=t["g"])), "study 2: a blank is no label; name the study"),
        )
    ),
    *(
        (f"a masked {what}", lambda d, call=call: call(), "a masked value is neither absent nor a number")
        for what, call in (
            ("mean", lambda: ma.effects.mean_difference(MASKED, 1, 20, 5, 1, 20)),
            ("count", lambda: ma.pool_mantel_haenszel(MASKED, [20, 30, 20], [5, 6, 7], [22, 33, 20])),
            ("moderator", lambda: ma.meta_regression(MASKED, [1.0, 2.0, 3.0], vi=[0.1] * 3)),
            ("group", lambda: ma.pool_subgroups(RESULT, MASKED)),
            ("covariance", lambda: ma.pool_multilevel(RESULT, cluster=list("aab"), vcov=np.diag([0.1] * 3) * MASKED)),
            ("size", lambda: ma.egger_test(RESULT, predictor="n", n=MASKED)),
        )
    ),
    *(
        (f"two tables of {f.__name__}", lambda d, f=f: ma.steps_forest(pd.concat([f(RESULT)] * 2)), "a step twice")
        for f in (ma.cumulative, ma.leave_one_out)
    ),
]
WEEKS = pd.DataFrame(
    {"yi": [0.1, 0.5, 0.3, 0.9, 0.2, 0.4], "vi": 0.1, "week": [1, 2, 4, 6, 8, 9], "dose": [1.0, 3, 2, 7, 5, 4]}
)
OPTIONS = [
    ("an estimator that is none", {"tau2_method": "REMLL"}, "REML"),
    ("an interval that is none", {"ci_method": "wald"}, "ci_method"),
    ("a prediction interval that is none", {"pi_method": "t"}, "pi_method"),
    ("a level of 95", {"confidence_level": 95}, "between 0 and 1"),
    ("a level that is alpha", {"confidence_level": 0.05}, "give 0.95 .statsmodels asks for alpha"),
    ("a level of 1", {"confidence_level": 1.0}, "between 0 and 1"),
    ("a level that is text", {"confidence_level": "95%"}, "confidence_level"),
    ("a measure that is none", {"measure": "MDD"}, "MD"),
    ("a negative tau2", {"tau2": -1.0}, "tau2"),
    ("tau2 that is no number", {"tau2": np.nan}, "tau2"),
    ("missing that is none", {"missing": "omit"}, "missing"),
    ("a direction that is none", {"benefit": "less"}, "benefit"),
]


# --- reviews of RevMan and tables with one row a study

DATA_OF_REVIEW = '<DICH_DATA STUDY_ID="STD-A" EVENTS_1="4" TOTAL_1="20" EVENTS_2="6" TOTAL_2="21"/>'
OUTCOME = f'<DICH_OUTCOME NO="1" EFFECT_MEASURE="RR"><NAME>Pain</NAME>{DATA_OF_REVIEW}</DICH_OUTCOME>'
REVIEW = f'<COCHRANE_REVIEW><COMPARISON NO="1"><NAME>Any</NAME>{OUTCOME}</COMPARISON></COCHRANE_REVIEW>'
ENTITIES = '<!DOCTYPE x [<!ENTITY a "Pain"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
EFFECT = '<IV_DATA STUDY_ID="STD-A" EFFECT_SIZE="0.7" SE="0.1" CI_START="0.1" CI_END="0.9"/>'
IV = f'<IV_OUTCOME NO="2"><NAME>Deaths</NAME><EFFECT_MEASURE>Hazard Ratio</EFFECT_MEASURE>{EFFECT}</IV_OUTCOME>'
EXTRACTED = "Covidence #,Study ID,Reviewer Name,N\n"


def about(*lines):
    """Make a workbook whose sheet "about" holds these lines."""

    def change(sheet):
        for line in (("what", "yours"), *lines):
            (sheet.parent["about"] if "about" in sheet.parent else sheet.parent.create_sheet("about")).append(line)

    return book(change, pd.DataFrame({"study": ["A"], "yi": [0.1], "se": [0.2]}))


REVIEWS = [
    ("a review whose entities grow", file("r.rm5", ENTITIES + REVIEW.replace("Pain", "&b;")), "declares entities"),
    ("a review with an entity outside", file("r.rm5", OUTSIDE + REVIEW.replace("Pain", "&a;")), "declares entities"),
    ("a review that breaks off", file("r.rm5", REVIEW[:-30]), "its XML cannot be read"),
    ("XML that is no review", file("r.rm5", "<html><body/></html>"), "is no review of RevMan 5"),
    ("a review that is empty", file("r.rm5", ""), "is no review of RevMan 5"),
    ("a review that is a picture", file("r.rm5", b"\x89PNG\r\n\x1a\n\x00"), "is no review of RevMan 5"),
    ("a review without data", file("r.rm5", REVIEW.replace(DATA_OF_REVIEW, "")), "has no outcome with studies"),
    ("a review of several outcomes", file("r.rm5", REVIEW.replace(OUTCOME, OUTCOME + IV)), "1.1 Pain.*1.2 Deaths"),
    ("a number of a review in words", file("r.rm5", REVIEW.replace('"4"', '"four"')), "'four': is not a number"),
    ("effects on no scale", file("r.rm5", REVIEW.replace(OUTCOME, IV)), "fit neither, ratios and their logs"),
    ("a review that holds text", file("r.rm5", REVIEW.replace("DICH", "OTHER")), "1.1 Pain holds text and no numbers"),
    ("results of RevMan Web", file("t.csv", "Study,Outcome,Arm,Reference arm\nA,Pain,Drug,\n"), "data-rows.csv"),
    ("one row an arm", file("t.csv"), "has one row an arm. read_trials reads it"),
    ("a heading twice", file("t.csv", "study,yi,yi\nA,1,2\n"), "the heading has it twice"),
    ("no studies", file("t.csv", "study,yi,se\n"), "no row under the heading"),
    ("no consensus", file("t.csv", EXTRACTED + "1,A,Ann,20\n1,A,Ben,21\n"), "there is no consensus"),
    ("a template with one arm named", about(("arm_t", "laser")), "names one arm of two"),
    ("a template with a line of its own", about(("mesure", "MD")), "has no such line. Use measure"),
    ("row names that R wrote", file("t.csv", '"","study","yi","se"\n"1","A",1,2\n"2","B",1,2\n'), "", READ),
]


def cell(column, value):
    def make(folder):
        table = cells()
        table.loc[0, column] = value
        return table

    return make


def _kinds():
    bad = ma.TrialDataError
    for group, kinds, call in (
        ("files", FILES, ma.read_trials),
        ("what is no file", THINGS, ma.read_trials),
        ("reviews, and one row a study", REVIEWS, ma.read_studies),
    ):
        for name, make, words, *seen in kinds:
            yield Kind(group, name, make, call, *(seen or [bad]), words)
    for name, names, words in HEADINGS:
        yield Kind("headings", name, lambda d, names=names: cells().rename(columns=names), ma.read_trials, bad, words)
    for column, value, words in CELLS:
        yield Kind("cells of trials", f"{column} = {value}", cell(column, value), ma.read_trials, bad, words)
    for table, column, value, words in CELLS_BESIDE:
        name = f"{table}: {column} = {value}"
        yield Kind("cells of other tables", name, beside(table, column, value), BESIDE[table], bad, words)
    for name, make, call, words, *seen in EFFECTS:
        yield Kind("tables of effects", name, make, call, *(seen or [ValueError]), words)
    for name, make, words in NUMBERS:
        yield Kind("numbers given to pool", name, make, pool_these, (ValueError, TypeError), words)
    for name, call, words, *seen in CALLS:
        yield Kind("options of other functions", name, lambda d: d, call, *(seen or [ValueError]), words)
    for name, options, words in OPTIONS:
        yield Kind(
            "options of pool", name, lambda d, options=options: options, pool_with, (ValueError, TypeError), words
        )


def pool_these(given):
    yi, vi, *rest = given
    se, labels = (*rest, None, None)[:2]
    return ma.pool(yi, vi, se=se, labels=labels)


def pool_with(options):
    return ma.pool([0.1, 0.2, 0.4], [0.1, 0.1, 0.2], **options)


KINDS = list(_kinds())
