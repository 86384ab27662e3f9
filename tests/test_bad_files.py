"""What a reader is given that is no table, or no table that can be trusted: a clear answer, soon, and nothing lost."""

import contextlib
import gzip
import io
import os
import re
import time
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from data_cases import published_trials
from openpyxl.styles import Font

import analysis as ma
from analysis.data import files

DATA = Path(__file__).parents[1] / "data" / "trials.csv"
HEADING = ["study", "arm", "n", "x_note"]
ROWS = [["a2001", "treatment", 20, "one"], ["a2001", "placebo", 21, "two"]]


def refused(given, match):
    with pytest.raises(ma.TrialDataError, match=match) as caught:
        ma.read_trials(given)
    return caught.value


# What is no table


@pytest.mark.parametrize("given", [None, {}, {"study": ["a"]}, [["a", 1]], 3, 2.5, pd.Series([1]), b"study,arm,n\n"])
def test_an_object_that_is_no_table_is_named(given):
    said = str(refused(given, "is not a table but"))
    assert ("None" if given is None else type(given).__name__) in said


def test_what_is_no_file_is_named_at_once(tmp_path):
    (tmp_path / "t.csv").mkdir()
    os.mkfifo(tmp_path / "u.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    refused(tmp_path / "t.csv", "is not a file but a folder")
    refused(tmp_path, "is not a file but a folder")
    refused(tmp_path / "u.csv", "is not a file but a pipe")
    refused(tmp_path / "zero.csv", "is not a file but a device")
    refused("https://example.org/t.csv", "is not a file but an address")
    refused("file:///etc/passwd", "is not a file but an address")
    refused(DATA.read_text(encoding="utf-8"), r"a text of several lines. Give io.StringIO")
    refused("a\0b.csv", "is not a file that can be read")
    refused("x" * 5000 + ".csv", "is not a file that can be read")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        ma.read_trials(DATA / "below_a_file.csv")


def test_a_file_is_measured_before_it_is_read(tmp_path):
    for name in ("t.csv", "t.xlsx", "t.parquet"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**40)
        refused(tmp_path / name, "is not a table but 1,099,512 MB or more")


def test_an_endless_stream_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    with Path("/dev/zero").open("rb") as endless:
        refused(endless, "is not a table but 0 MB or more")
    refused(io.BytesIO(gzip.compress(b"study" * 1000)), "is not a table but")
    refused(io.StringIO("study" * 1000), "is not a table but")


def test_streams_that_cannot_be_read_say_so(tmp_path):
    closed = io.StringIO("study")
    closed.close()
    refused(closed, "is not an open file that can be read")
    with (tmp_path / "t.csv").open("w", encoding="utf-8") as written:
        refused(written, "is not an open file that can be read")


def write(path, frame=None):
    """Write a table as a file of the kind that its name says."""
    frame = pd.DataFrame(ROWS, columns=HEADING) if frame is None else frame
    kinds = {".xlsx": frame.to_excel, ".parquet": frame.to_parquet}
    kinds.get(path.suffix, frame.to_csv)(path, index=False)
    return path


@pytest.mark.parametrize(("name", "rule"), [("t.xlsx", "XLSX"), ("t.parquet", "Parquet"), ("t.csv.gz", "gzip")])
def test_a_damaged_file_is_not_what_it_was(tmp_path, name, rule):
    whole = write(tmp_path / name).read_bytes()
    for part in (0.0, 0.3, 0.9):
        (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
        refused(tmp_path / name, f"is (not an? {rule}|empty)")
    for middle in range(0, len(whole), len(whole) // 12):
        (tmp_path / name).write_bytes(whole[:middle] + bytes(9) + whole[middle + 9 :])
        with contextlib.suppress(ma.TrialDataError):
            # What no checksum guards may be read as something else; nothing may be an error of a library.
            ma.read_trials(tmp_path / name)


# Files that are open, pathlib, and packed ones


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "csv.gz"])
def test_open_files_are_read(tmp_path, kind):
    path = write(tmp_path / f"t.{kind}")
    for given in (str(path), path, io.BytesIO(path.read_bytes())):
        assert ma.read_trials(given)["x_note"].to_dict() == {2: "one", 3: "two"}
    with path.open("rb") as file:
        assert ma.read_trials(file)["x_note"].to_dict() == {2: "one", 3: "two"}


def test_open_texts_are_read_and_called_by_their_name():
    text = DATA.read_text(encoding="utf-8")
    pd.testing.assert_frame_equal(ma.read_trials(io.StringIO("\ufeff" + text)), published_trials())
    with DATA.open(encoding="utf-8") as file:
        pd.testing.assert_frame_equal(ma.read_trials(file), published_trials())
    with DATA.open(encoding="utf-8") as file:
        file.readline()
        assert str(refused(file, "is not the heading")).startswith("trials.csv: ")
    assert str(refused(io.StringIO(""), "is empty")).startswith("the file: ")


def test_notes_stand_beside_a_packed_table(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(DATA.read_bytes()))
    (tmp_path / "t.toml").write_text('outcome_name = "itch"')
    assert ma.read_trials(tmp_path / "t.csv.gz").attrs == {"outcome_name": "itch"}


# What a cell holds that is no value


@pytest.mark.parametrize("sign", ["\x00", "\x02", "\x1f", "\x7f", "\x85", "\ud800", "\ufffe"])
def test_control_characters_are_refused_with_row_and_column(sign):
    table = pd.DataFrame(ROWS, columns=HEADING)
    problems = refused(table.assign(x_note=["one", f"tw{sign}o"]), "control character").problems
    assert problems[["row", "column"]].values.tolist() == [[3, "x_note"]]
    assert problems["value"][0].isprintable() and problems["value"][0] != "two"
    refused(table.rename(columns={"x_note": f"x_{sign}"}), "row 1.*control character")


@pytest.mark.parametrize("word", ["Gale\tand\nothers", "Møller", "Ω", "a\u200bb", "陈"])
def test_other_characters_are_kept(word):
    table = pd.DataFrame(ROWS, columns=HEADING).assign(author=word)
    assert ma.read_trials(table)["author"].tolist() == [" ".join(word.split())] * 2


def test_the_error_of_a_formula_is_no_author():
    table = pd.DataFrame(ROWS, columns=HEADING)
    for error in ("#REF!", "#N/A", "#DIV/0!", "#NAME?", "#VALUE!"):
        refused(table.assign(author=["Gale", error]), f"row 3, column 'author': value '{re.escape(error)}': is the err")
    assert ma.read_trials(table.assign(author="#1")).author.tolist() == ["#1", "#1"]


def test_an_index_of_texts_called_row_hides_no_message():
    trials = published_trials().copy()
    trials.index = pd.Index([f"r{i}" for i in range(len(trials))], name="row")
    trials.iloc[1, trials.columns.get_loc("n")] = -5
    for read in (ma.read_trials, ma.effect_sizes):
        with pytest.raises(ma.TrialDataError, match="row 3, study 'gale2006', column 'n': value '-5'"):
            read(trials)


# Workbooks


def workbook(path, change=lambda sheet: None, rows=ROWS):
    book = openpyxl.Workbook()
    for row in [HEADING, *rows]:
        book.active.append(row)
    change(book.active)
    book.save(path)
    return path


def test_one_formatted_cell_far_down_takes_no_time(tmp_path):
    def far(sheet):
        sheet["A1048576"].number_format = "0.00"
        sheet["XFD9"].font = Font(bold=True)

    path = workbook(tmp_path / "t.xlsx", far)
    start = time.perf_counter()
    assert ma.read_trials(path).index.tolist() == [2, 3]
    assert time.perf_counter() - start < 2


def test_one_value_far_away_is_told_by_its_cell(tmp_path):
    problems = refused(workbook(tmp_path / "t.xlsx", lambda s: s.cell(1048576, 1, "end")), "is blank").problems
    assert set(problems["row"]) == {1048576}
    refused(workbook(tmp_path / "u.xlsx", lambda s: s.cell(9, 1001, "x")), "cell ALM9, beyond 1,000 columns")
    refused(workbook(tmp_path / "v.xlsx", lambda s: s.cell(9, 6, "x")), "a column with values has no name")


def test_rows_keep_their_number_below_blank_ones(tmp_path):
    path = workbook(tmp_path / "t.xlsx", rows=[ROWS[0], [], [], ROWS[1]])
    assert ma.read_trials(path).index.tolist() == [2, 5]


def test_a_percentage_is_not_read_as_a_share(tmp_path):
    def percent(sheet, cell, code="0%"):
        sheet[cell] = 0.45
        sheet[cell].number_format = code

    path = workbook(tmp_path / "t.xlsx", lambda s: percent(s, "C3"))
    refused(path, "row 3, column 'n': value '45% in C3': is a share that the sheet shows as a percentage")
    path = workbook(tmp_path / "u.xlsx", lambda s: percent(s, "D3", "0.0%"))
    assert ma.read_trials(path)["x_note"].tolist() == ["one", "45%"]
    path = workbook(tmp_path / "v.xlsx", lambda s: percent(s, "D3", '0.00"%"'))
    assert ma.read_trials(path)["x_note"].tolist() == ["one", "0.45"]


def test_what_nobody_sees_is_read_and_said(tmp_path):
    def change(sheet):
        sheet.row_dimensions[2].hidden = True
        sheet.row_dimensions[77].hidden = True
        sheet.column_dimensions["D"].hidden = True
        sheet["C3"].font = Font(strike=True)
        sheet["Z9"].font = Font(strike=True)
        sheet.merge_cells("F8:F9")

    path = workbook(tmp_path / "t.xlsx", change)
    with pytest.warns(UserWarning, match="hidden") as caught:
        trials = ma.read_trials(path)
    assert str(caught[0].message) == (
        "t.xlsx: row 2, column D: hidden; row 3: struck through; F8:F9: merged, and only the first cell holds the "
        "value. All of it was read; delete what should not be."
    )
    assert caught[0].filename == __file__
    assert trials["n"].tolist() == [20, 21]


def test_a_filter_is_said(tmp_path):
    def change(sheet):
        sheet.auto_filter.ref = "A1:D3"
        sheet.auto_filter.add_filter_column(1, ["treatment"])
        sheet.row_dimensions[3].hidden = True

    with pytest.warns(UserWarning, match="row 3: hidden, by a filter or by hand"):
        ma.read_trials(workbook(tmp_path / "t.xlsx", change))


CELL = {
    "an empty result": ('<c r="D3" t="str"><f>IF(1,"")</f><v></v></c>', None),
    "a result": ('<c r="D3" t="str"><f>"a"</f><v>a</v></c>', "a"),
    "a number as result": ('<c r="D3"><f>1+1</f><v>2</v></c>', "2"),
    "no address": ("<c><v>2.50</v></c>", "2.5"),
    "a text in place": ('<c r="D3" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>', "ab"),
    "a truth": ('<c r="D3" t="b"><v>1</v></c>', "True"),
    "a prefix": ('<x:c xmlns:x="y" r="D3"><x:v>2</x:v></x:c>', "2"),
}


def with_sheet(path, edit):
    """Edit the XML of the sheet of a workbook."""
    with zipfile.ZipFile(workbook(path)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = edit(parts[sheet].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in parts.items():
            book.writestr(name, part)
    return path


def with_cell(path, cell):
    return with_sheet(path, lambda text: re.sub(r'<c r="D3".*?</c>', lambda _: cell, text))


@pytest.mark.parametrize("what", CELL)
def test_cells_of_other_programs(tmp_path, what):
    cell, value = CELL[what]
    assert ma.read_trials(with_cell(tmp_path / "t.xlsx", cell))["x_note"].fillna("").tolist()[1] == (value or "")


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ('<c r="D3"><f>1+1</f></c>', "row 3, column 'x_note': value '=1\\+1': is a formula without a stored result"),
        ('<c r="D3" t="e"><v>#REF!</v></c>', "row 3, column 'x_note': value '#REF!': is the error of a formula"),
        ('<c r="D3" t="s"><v>999</v></c>', "is not an XLSX workbook"),
        ('<c r="D3" s="99"><v>1</v></c>', "is not an XLSX workbook"),
    ],
)
def test_cells_that_hold_no_value(tmp_path, cell, rule):
    refused(with_cell(tmp_path / "t.xlsx", cell), rule)


def test_a_date_is_read_as_one(tmp_path):
    def date(sheet):
        sheet["D3"] = pd.Timestamp(2024, 3, 1)

    assert ma.read_trials(workbook(tmp_path / "t.xlsx", date))["x_note"][3] == "2024-03-01 00:00:00"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = with_sheet(tmp_path / "t.xlsx", lambda text: text + " " * 50_000_000)
    start = time.perf_counter()
    refused(path, "unpacks to 50 MB, .* times its size: too much to be a table")
    assert time.perf_counter() - start < 2


def test_entities_are_refused(tmp_path):
    bomb = '<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    refused(with_sheet(tmp_path / "t.xlsx", lambda text: bomb + text), "declares entities")


def test_too_many_cells_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.data.workbook.MOST_CELLS", 5)
    refused(workbook(tmp_path / "t.xlsx"), "has more than 5 cells")


def test_the_sheet_is_read_as_pandas_reads_it(tmp_path):
    """All columns of the trials, by a program that shares no line with this reader."""
    frame = pd.read_csv(DATA, dtype={"pmid": str})
    write(tmp_path / "t.xlsx", frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = ma.read_trials(tmp_path / "t.xlsx")
    pd.testing.assert_frame_equal(ours, ma.read_trials(pd.read_excel(tmp_path / "t.xlsx", dtype={"pmid": str})))


def test_too_many_columns_are_refused():
    refused(pd.DataFrame([[""] * 1001], columns=[f"x_{i}" for i in range(1001)]), "has 1,001 columns; 1,000 can be")
