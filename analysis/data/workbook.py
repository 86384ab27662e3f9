"""The first sheet of an XLSX workbook: what stands in its cells, and what only a look at the sheet would show.

A workbook is a ZIP archive of XML parts, and is read as such: a library that makes an object of every cell cannot say
which rows are hidden and which results were never stored, and takes what memory a file asks for. Here a part is read
once, event by event, cells that hold nothing are passed over, and what is too large is refused before it is unpacked.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.parsers import expat

# Of the largest part when unpacked, and of cells: a hundred thousand rows of all columns of the trials need half.
MOST_BYTES, MOST_CELLS = 2**28, 10_000_000
MOST_COLUMNS = 1000
# Sheets are packed to a tenth or a thirtieth; what is packed to less than a hundredth was made to do harm.
_PACKED, _SMALL = 100, 2**20
# In codes of number formats texts, escaped signs and colours are no format.
_NO_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class NoWorkbookError(ValueError):
    """The file is no workbook, or one that cannot be read in bounded time and memory."""


class Sheet(NamedTuple):
    """What stands in a sheet.

    `rows` are the rows that hold something, by their number, all of one width. `unknown` are the formulas whose result
    was never stored, and `percent` the numbers that are shown as percentages and stored as shares: row, column from 0,
    and what to show of the cell. `said` are sentences on what was read and is hidden from who looks at the sheet.
    """

    rows: dict[int, list[Any]]
    unknown: list[tuple[int, int, str]]
    percent: list[tuple[int, int, str]]
    said: list[str]


class _Look(NamedTuple):
    """The looks of a cell that change what it says."""

    percent: bool = False
    date: bool = False
    duration: bool = False
    struck: bool = False


def read_sheet(data: bytes, name: str | None = None) -> Sheet:
    """Read a sheet of a workbook.

    Parameters
    ----------
    data : bytes
        Of an XLSX or XLSM file.
    name : str, optional
        Of the sheet, in small letters, which is empty where there is none of that name; the first one if left out.

    Returns
    -------
    Sheet

    Raises
    ------
    NoWorkbookError
        If it is no workbook, or too large.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        book = next(_relations(archive, "", "officeDocument"))[1]
        parts = {kind: dict(_relations(archive, book, kind)) for kind in ("worksheet", "sharedStrings", "styles")}
        sheets, since_1904 = [], False
        for tag, more in _events(archive, book):
            if tag == "sheet":
                wanted = name is None or more.get("name", "").strip().casefold() == name
                sheets += [value for key, value in more.items() if wanted and key.endswith(":id")]
            elif tag == "workbookPr":
                since_1904 = _is_true(more.get("date1904"))
        if name is not None and not sheets:
            return Sheet({}, [], [], [])
        first = next(parts["worksheet"][sheet] for sheet in sheets if sheet in parts["worksheet"])
        strings = [text for part in parts["sharedStrings"].values() for text in _strings(archive, part)]
        looks = [look for part in parts["styles"].values() for look in _looks(archive, part)]
        return _read(_events(archive, first), strings, looks or [_Look()], since_1904)
    except NoWorkbookError:
        raise
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, expat.ExpatError, NotImplementedError, RuntimeError, StopIteration,
        EOFError, OSError, LookupError, ValueError, OverflowError, zlib.error,
    ):  # fmt: skip
        raise NoWorkbookError("is not an XLSX workbook") from None


def _is_true(text):
    return text in ("1", "true")


def _relations(archive, part, kind):
    """Pairs of id and part for the relations of a part that are of a kind."""
    folder, name = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    for tag, more in _events(archive, listed):
        if tag == "Relationship" and more["Type"].endswith(f"/{kind}"):
            # A target that begins with a slash is counted from the root of the archive.
            yield more["Id"], posixpath.normpath(posixpath.join("/", folder, more["Target"])).lstrip("/")


def _events(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, Any]]:
    """Each element of a part: its name and attributes where it begins, and "/name" and its text where it ends."""
    info = archive.getinfo(part)
    if info.file_size > min(MOST_BYTES, max(_SMALL, _PACKED * info.compress_size)):
        raise NoWorkbookError(
            f"unpacks to {info.file_size / 1e6:,.0f} MB, {info.file_size / max(info.compress_size, 1):,.0f} times its "
            "size: too much to be a table"
        )
    try:
        yield from ((tag, more) for tag, more, _ in xml_events(archive.read(info)))
    except EntitiesError:
        raise NoWorkbookError("is not an XLSX workbook: it declares entities, as no spreadsheet does") from None


class EntitiesError(ValueError):
    """XML that declares a type of document, and with it entities, which may grow without end or fetch files."""


def xml_events(data: bytes) -> Iterator[tuple[str, Any, int]]:
    """Yield each element of XML, once it begins and once it ends, without any entity but those that XML has.

    Text that stands in an element before another within it comes without a name.

    Parameters
    ----------
    data : bytes

    Yields
    ------
    str, dict or str, int
        Its name and attributes, or "/name" and the text since the last tag, or "" and a text; the line.

    Raises
    ------
    EntitiesError
        If it declares a type of document.
    xml.parsers.expat.ExpatError
        If it is not XML.
    """
    found, text = [], []

    def start(tag, attributes):
        if (before := "".join(text)).strip():
            found.append(("", before, parser.CurrentLineNumber))
        text.clear()
        found.append((tag.rpartition(":")[2], attributes, parser.CurrentLineNumber))

    def end(tag):
        found.append(("/" + tag.rpartition(":")[2], "".join(text), parser.CurrentLineNumber))
        text.clear()

    def refuse(*_):
        raise EntitiesError("declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text.append, refuse
    step = 2**16
    for at in range(0, len(data), step):
        parser.Parse(data[at : at + step], False)
        yield from found
        found.clear()
    parser.Parse(b"", True)
    yield from found


def _strings(archive, part):
    """The texts that cells share, each with whether some of it is struck through."""
    text, struck, spoken = "", False, False
    for tag, more in _events(archive, part):
        if tag == "si":
            text, struck = "", False
        elif tag in ("rPh", "/rPh"):
            # How a text is pronounced is none of it.
            spoken = tag == "rPh"
        elif tag == "strike":
            struck = more.get("val", "1") != "0"
        elif tag == "/t" and not spoken:
            text += more
        elif tag == "/si":
            yield text, struck


def _looks(archive, part):
    from openpyxl.styles import numbers

    formats, struck, of_cells = dict(numbers.BUILTIN_FORMATS), [], False
    for tag, more in _events(archive, part):
        if tag == "numFmt":
            formats[int(more["numFmtId"])] = more["formatCode"]
        elif tag == "font":
            struck.append(False)
        elif tag == "strike":
            struck[-1] = more.get("val", "1") not in ("0", "false")
        elif tag in ("cellXfs", "/cellXfs"):
            of_cells = tag == "cellXfs"
        elif tag == "xf" and of_cells:
            code = formats.get(int(more.get("numFmtId", 0)), "General")
            yield _Look(
                "%" in _NO_FORMAT.sub("", code),
                numbers.is_date_format(code),
                numbers.is_timedelta_format(code),
                struck[int(more.get("fontId", 0))] if struck else False,
            )


def _whole_cells(events: Any) -> Iterator[tuple[str, Any]]:
    """Each element that is no part of a cell, and each cell with its text and its formula."""
    cell, text, formula, count = {}, "", None, 0
    for tag, more in events:
        if tag == "c":
            cell, text, formula, count = more, "", None, count + 1
            if count > MOST_CELLS:
                raise NoWorkbookError(f"has more than {MOST_CELLS:,} cells: too many for a table")
        elif tag == "/f":
            formula = more
        elif tag in ("/v", "/t"):
            text += more
        elif tag == "/c":
            yield "c", (cell, text, formula)
        elif not tag.startswith("/"):
            yield tag, more


def _read(events, strings, looks, since_1904):
    """Read the cells of a sheet, one at a time."""
    cells, unknown, percent, struck, hidden = {}, [], [], {}, []
    others = {"col": [], "mergeCell": [], "filterColumn": []}
    row = column = 0
    for tag, more in _whole_cells(events):
        if tag == "row":
            row, column = int(more.get("r", row + 1)), 0
            hidden += [row] if _is_true(more.get("hidden")) else []
        elif tag == "c":
            about, text, formula = more
            column = _number_of(about["r"]) if "r" in about else column + 1
            kind, look = about.get("t", "n"), looks[int(about.get("s", 0))]
            if text:
                partly = kind == "s" and strings[int(text)][1]
                struck |= {row: None} if look.struck or partly else {}
                cells[row, column] = value = _value(text, kind, look, strings, since_1904)
                if kind == "n" and look.percent:
                    percent.append((row, column - 1, f"{value} in {_letters(column)}{row}"))
            elif formula is not None and kind != "str":
                unknown.append((row, column - 1, f"={formula}"))
        elif tag in others:
            others[tag].append(more)
    rows, used = _as_rows(cells), {column for _, column in cells}
    hidden = [f"row {row}" for row in hidden if row in rows]
    for more in others["col"]:
        if _is_true(more.get("hidden")):
            hidden += [f"column {_letters(i)}" for i in range(int(more["min"]), int(more["max"]) + 1) if i in used]
    told = {
        "hidden, by a filter or by hand" if others["filterColumn"] else "hidden": hidden,
        "struck through": [f"row {row}" for row in struck],
        "merged, and only the first cell holds the value": [more["ref"] for more in others["mergeCell"]],
    }
    return Sheet(rows, unknown, percent, [_said(places, what) for what, places in told.items() if places])


def _value(text, kind, look, strings, since_1904):
    """The value of a cell that holds something, as it is shown where it is a percentage, a date or a text."""
    if kind == "s":
        return strings[int(text)][0]
    if kind == "b":
        return text == "1"
    if kind != "n":
        return text
    if look.percent:
        return f"{100 * float(text):.10g}%"
    return _date(text, since_1904, look.duration) if look.date else _number(text)


def _as_rows(cells):
    """The rows that hold something, as wide as the widest."""
    width = max((column for _, column in cells), default=0)
    if width > MOST_COLUMNS:
        row, column = next(at for at in cells if at[1] == width)
        raise NoWorkbookError(f"has something in cell {_letters(column)}{row}, beyond {MOST_COLUMNS:,} columns")
    rows = {}
    for (row, column), value in cells.items():
        rows.setdefault(row, [None] * width)[column - 1] = value
    return dict(sorted(rows.items()))


def _said(places, what):
    more = f" and {len(places) - 10} more" if len(places) > 10 else ""
    return f"{', '.join(places[:10])}{more}: {what}"


def _number_of(address):
    """The number of the column of a cell, 1 for A."""
    number = 0
    for letter in address.rstrip("0123456789"):
        number = 26 * number + ord(letter) - 64
    return number


def _letters(number):
    """The letters of a column, A for 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _number(text):
    return int(text) if text.isdigit() else float(text)


def _date(text, since_1904, duration):
    from openpyxl.utils import datetime

    epoch = datetime.CALENDAR_MAC_1904 if since_1904 else datetime.CALENDAR_WINDOWS_1900
    return datetime.from_excel(float(text), epoch, timedelta=duration)
