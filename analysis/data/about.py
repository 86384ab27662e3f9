"""The sheet "about" of a template, which says what no column can: the measure, the arms, the outcome, what is good."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, get_args

from analysis._types import Benefit
from analysis.data.files import WORKBOOKS, Opened, TrialDataError, one_line
from analysis.data.headings import MEASURES
from analysis.data.workbook import read_sheet
from analysis.measures import Measure

#: The attribute of a table in which a file says what arguments of `effect_sizes` are.
TOLD_BY_FILE = "effect_sizes"
#: The name of the sheet, and what may stand there.
ABOUT = "about"
ABOUT_KEYS = ("measure", "arm_t", "arm_p", "outcome_name", "benefit")
# What columns of a table with one row a study make.
_MAKE = {"mean_t": "means", "events_t": "counts", "time_t": "person-time"}


def about_sheet(file: Opened, columns: Collection[str] = ()) -> dict[str, Any]:
    """Return what the sheet "about" of a template says, as arguments of `effect_sizes`; nothing of any other file.

    Parameters
    ----------
    file : Opened
    columns : collection of str, optional
        Those of the table, which must make the measure.

    Returns
    -------
    dict
        With `benefit` wherever there is such a sheet, None where it is blank.

    Raises
    ------
    TrialDataError
        If it says what is not known, names one arm of two or both alike, or a measure that the columns do not make.
    """
    if file.kind not in WORKBOOKS or isinstance(file.data, str):
        return {}
    rows = read_sheet(file.data, ABOUT).rows
    # A sheet of that name may be somebody else's, and say what it likes.
    if not any(get_close_matches(_key(cells), ABOUT_KEYS) for cells in rows.values()):
        return {}
    said, places, problems = _lines(rows)
    for key, check in (("benefit", _benefit), ("measure", _measure)):
        if key in said:
            said[key], wrong = check(said[key], columns)
            problems += [(places[key], "", key, said[key], *wrong)] if wrong else []
    first, other = said.pop("arm_t", ""), said.pop("arm_p", "")
    if bool(first) != bool(other):
        rule = f"the sheet {ABOUT!r} names one arm of two"
        problems.append((places["arm_t" if first else "arm_p"], "", "arm_t, arm_p", "", rule, "Name both, or none."))
    elif first and first == other:
        rule = f"the sheet {ABOUT!r} calls both arms the same"
        problems.append((places["arm_p"], "", "arm_p", other, rule, "Give each arm a name of its own."))
    if problems:
        raise TrialDataError(problems, file.source)
    said |= {"arms": (first, other)} if first else {}
    return {"benefit": None} | said


def _key(cells):
    return one_line(str(cells[0])).casefold() if cells and cells[0] is not None else ""


def _lines(rows):
    """What stands in the lines that are known, by their keys, their rows, and the problems of others."""
    said, places, problems = {}, {}, []
    for row, cells in rows.items():
        written, value = (one_line(str(cell)) if cell is not None else "" for cell in (*cells, None)[:2])
        key = _key(cells)
        if key in ABOUT_KEYS and value:
            said[key], places[key] = value, row
        elif row > 1 and value and key not in ABOUT_KEYS:
            rule = f"the sheet {ABOUT!r} has no such line"
            problems.append((row, "", written, value, rule, f"Use {', '.join(ABOUT_KEYS)}."))
    return said, places, problems


def _benefit(written, _):
    """What is good, or what was written, its rule and its remedy."""
    if (good := written.casefold()) in get_args(Benefit):
        return good, None
    return written, (f"in the sheet {ABOUT!r} benefit says what is good", f"Use {' or '.join(get_args(Benefit))}.")


def _measure(written, columns):
    """The code of a measure, or what was written, its rule and its remedy where the columns do not make it."""
    code = written.upper()
    made = [each for column, kind in _MAKE.items() if column in columns for each in MEASURES[kind]]
    if made and "yi" not in columns and code not in made:
        rule = f"in the sheet {ABOUT!r} this is a measure that the columns do not make"
        return written, (rule, f"Use {', '.join(made)}.")
    try:
        return Measure(code).code, None
    except ValueError as error:
        remedy = str(error).partition("; ")[2]
        return written, (f"in the sheet {ABOUT!r} this is no measure", f"{remedy[0].upper()}{remedy[1:]}.")
