"""A workbook to fill in: a sheet for the studies, one for what no column can say, and one that explains the columns.

Columns, words and bounds come from the data dictionary and from the arguments of `effect_sizes`, so that a sheet that
is filled in is read back as it stands.
"""

from __future__ import annotations

import io
from typing import Any, NamedTuple

from analysis._check import MOST_PEOPLE
from analysis.data.about import ABOUT, ABOUT_KEYS
from analysis.data.dictionary import BOUNDS, REQUIRED, TRIALS
from analysis.data.headings import MEASURES

#: What columns hold, where their name does not say it all; {arm} is the name of an arm.
_MEANINGS = {
    "study": "Name of the study, the same in every row of it.",
    "author": "First author.",
    "title": "Title of the publication.",
    "year": "Year of publication.",
    "doi": "DOI of the publication.",
    "pmid": "PubMed number of the publication.",
    "therapy": "What was studied.",
    "therapy_family": "Family of therapies, for subgroups.",
    "therapy_detail": "Dose and manner, in words.",
    "dose": "Amount in a session, or strength, as one number.",
    "dose_unit": "Unit of the dose.",
    "sessions": "Sessions in all.",
    "session_minutes": "Minutes of a session.",
    "condition": "What the people had, as in the paper.",
    "condition_group": "Group of conditions, for subgroups.",
    "pain_type": "How long the pain lasts; blank where it is mixed or not read.",
    "design": "Blank is parallel.",
    "control": "What stood for a placebo.",
    "scale": "Name of the scale.",
    "scale_min": "Lower end of the scale; means need both ends.",
    "scale_max": "Upper end of the scale.",
    "week": "Weeks since the start of treatment.",
    "timepoint": "When it was measured, in words.",
    "primary": "yes in the rows of the time point that counts, no in all others; may be blank where there is one.",
    "arm": "Role of the arm; what your readers are to see instead stands in arm_label.",
    "arm_label": "What the arm received.",
    "n": "People in the arm who were analysed.",
    "n_basis": "Whether n was read, inferred or assumed.",
    "ci_level": "Level of the intervals, 95 or 90.",
    "recovered": "How means and SDs that are not as printed were found.",
    "events": "How many of n had the event.",
    "event_definition": "What counts as an event.",
    "p_between": "p between the arms, as printed.",
    "selected": "yes where the time point was picked by its result.",
    "certainty": "How sure the numbers are.",
    "source": "Where the numbers stand.",
    "locator": "Page or table.",
    "note": "What a reader must know.",
    "mean_t": "Mean of the {t} arm.",
    "sd_t": "SD of the {t} arm. Where papers print none, add a column se_t, or q1_t and q3_t: they fill it in.",
    "n_t": "People in the {t} arm.",
    "mean_p": "Mean of the {p} arm.",
    "sd_p": "SD of the {p} arm.",
    "n_p": "People in the {p} arm.",
    "events_t": "People with the event in the {t} arm.",
    "events_p": "People with the event in the {p} arm.",
    "yi": "The effect; of a ratio its logarithm.",
    "se": "Standard error of the effect; of a ratio that of its logarithm.",
    "group": "A group to compare, if there is one; columns of your own may follow.",
}
_SCORES = {
    "baseline": "before treatment",
    "final": "after treatment",
    "change": "of the change, after minus before",
}
_PARTS = {
    "mean": "Mean",
    "sd": "SD",
    "se": "Standard error",
    "ci_low": "Lower limit of the interval",
    "ci_high": "Upper limit of the interval",
}
#: Columns and measures of each shape.
_WIDE = {
    "means": ("study year mean_t sd_t n_t mean_p sd_p n_p group note".split(), MEASURES["means"]),
    "counts": ("study year events_t n_t events_p n_p group note".split(), MEASURES["counts"]),
    "effects": ("study year yi se group note".split(), ("MD", "SMD", "OR", "RR", "HR", "IRR", "RD")),
}
SHAPES = ("arms", *_WIDE)
_NEEDED = {"study", "mean_t", "sd_t", "n_t", "mean_p", "sd_p", "n_p", "events_t", "events_p", "yi", "se"}
_ABOUT_MEANINGS = {
    "measure": "What is computed. MD: all studies have one scale; SMD: they have several. RR, OR, RD: of counts.",
    "arm_t": "What your readers are to call the first arm (_t), such as laser.",
    "arm_p": "What they are to call the other arm (_p), such as sham.",
    "outcome_name": "What was measured or counted, such as pain.",
    "benefit": "Whether lower or higher numbers are good for patients. Where it is blank, nothing is said of it.",
    "level": "Level in percent of intervals in columns of your own; blank is 95.",
}
# Rows of the sheet that have drop-downs and checks.
_ROWS = 1000


class Column(NamedTuple):
    """A column of the template: what it holds, whether it must be filled, its words, and from where to where it is."""

    name: str
    meaning: str
    needed: bool
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    whole: bool = False


def columns_of(shape: str) -> list[Column]:
    """Return the columns of the template for a shape of table.

    Parameters
    ----------
    shape : {"arms", "means", "counts", "effects"}

    Examples
    --------
    >>> [column.name for column in columns_of("effects") if column.needed]
    ['study', 'yi', 'se']
    """
    if shape == "arms":
        return [_of_dictionary(name) for name in TRIALS.columns if name != "recovered"]
    return [_of_argument(name) for name in _WIDE[shape][0]]


def _of_dictionary(name):
    score, _, part = name.partition("_")
    meaning = _MEANINGS.get(name) or f"{_PARTS[part]} {_SCORES[score]}, in units of the scale."
    low, high = BOUNDS.get(name, (None, None)) if name in TRIALS.numbers else (None, None)
    needed = name in REQUIRED
    return Column(name, meaning, needed, tuple(TRIALS.vocabulary.get(name, ())), low, high, name in TRIALS.integers)


def _of_argument(name):
    first = name.partition("_")[0]
    meaning = _MEANINGS[name].format(t="first (treated)", p="other (control)")
    low, high = {"n": (1, MOST_PEOPLE), "events": (0, MOST_PEOPLE), "sd": (0, None), "se": (0, None)}.get(
        first, BOUNDS.get(name, (None, None))
    )
    return Column(name, meaning, name in _NEEDED, (), low, high, first in ("n", "events", "year"))


def template(shape: str) -> bytes:
    """Return a workbook (XLSX) to fill in.

    Parameters
    ----------
    shape : {"arms", "means", "counts", "effects"}
        One row an arm; or one row a study with means, with counts, or with effects and standard errors.

    Raises
    ------
    ModuleNotFoundError
        Without openpyxl.

    Notes
    -----
    The first sheet holds the headings, the second ("about") what no column can say, the third explains the columns.
    :func:`analysis.read_trials` reads the first two of `shape="arms"`, :func:`analysis.read_studies` of the others.

    Examples
    --------
    >>> template("means")[:2]
    b'PK'
    """
    from openpyxl import Workbook

    book, columns = Workbook(), columns_of(shape)
    studies = book.active
    studies.title = "trials" if shape == "arms" else "studies"
    about, words = book.create_sheet(ABOUT), book.create_sheet("columns")
    lists = book.create_sheet("lists")
    lists.sheet_state = "hidden"
    _fill_studies(studies, columns, lists)
    _fill_about(about, shape, lists)
    _fill_words(words, columns, shape)
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def _heading(sheet, row, names, widths=()):
    from openpyxl.styles import Alignment, Font, PatternFill

    for at, name in enumerate(names, 1):
        cell = sheet.cell(row, at, name)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6F0")
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    for at, width in enumerate(widths, 1):
        sheet.column_dimensions[sheet.cell(1, at).column_letter].width = width


def _fill_studies(sheet, columns, lists):
    from openpyxl.comments import Comment
    from openpyxl.styles import Font

    _heading(sheet, 1, [column.name for column in columns], [max(10, len(column.name) + 2) for column in columns])
    sheet.freeze_panes = "B2"
    for at, column in enumerate(columns, 1):
        cell = sheet.cell(1, at)
        cell.font = Font(bold=True, color="9C0006" if column.needed else "000000")
        cell.comment = Comment(_in_words(column), "template", width=320, height=110)
        _validate(sheet, f"{cell.column_letter}2:{cell.column_letter}{_ROWS + 1}", column, lists)


def _validate(sheet, cells, column, lists):
    """Drop-downs for words, bounds for numbers; what a study does not print may always stay blank."""
    from openpyxl.worksheet.datavalidation import DataValidation

    if column.words:
        rule = DataValidation("list", formula1=_listed(lists, column), allow_blank=True)
        rule.error = f"Choose one of: {', '.join(column.words)}"[:250]
    elif column.low is not None or column.whole:
        low, high = (column.low or 0), column.high
        kind = "whole" if column.whole else "decimal"
        operator = "between" if high is not None else "greaterThanOrEqual"
        rule = DataValidation(kind, operator, str(low), None if high is None else f"{high:.10g}", allow_blank=True)
        rule.error = f"A {'whole ' * column.whole}number{_bounds(column)}, or blank."
    else:
        return
    rule.errorTitle, rule.showErrorMessage = column.name, True
    rule.add(cells)
    sheet.add_data_validation(rule)


def _listed(lists, column):
    """The cells that hold the words of a column, in a sheet of their own: a list inside a rule has 255 letters."""
    at = 1 if lists.cell(1, 1).value is None else lists.max_column + 1
    for row, word in enumerate((column.name, *column.words), 1):
        lists.cell(row, at, word)
    letter = lists.cell(1, at).column_letter
    return f"=lists!${letter}$2:${letter}${len(column.words) + 1}"


def _bounds(column):
    if column.low is None:
        return ""
    return f" from {column.low:.10g}" + ("" if column.high is None else f" to {column.high:.10g}")


def _in_words(column):
    words = f" One of: {', '.join(column.words)}." if column.words else ""
    number = f" A {'whole ' * column.whole}number{_bounds(column)}." if column.low is not None else ""
    return f"{column.meaning}{words}{number} {'Must be filled.' if column.needed else 'May be blank.'}"


def _fill_about(sheet, shape, lists):
    _heading(sheet, 1, ("what", "yours", "explanation"), (16, 24, 100))
    measures = _WIDE[shape][1] if shape in _WIDE else ("MD", "SMD", "RR", "OR", "RD")
    words = {"measure": measures, "benefit": ("lower", "higher")}
    for row, key in enumerate(ABOUT_KEYS, 2):
        sheet.cell(row, 1, key)
        meaning = _ABOUT_MEANINGS[key]
        if key == "measure":
            meaning += f" One of: {', '.join(measures)}."
            meaning += " Blank is MD, in points on 0-10." if shape == "arms" else " Must be filled."
        sheet.cell(row, 3, meaning)
        if key in words:
            _validate(sheet, f"B{row}", Column(key, "", False, words[key]), lists)


def _fill_words(sheet, columns, shape):
    from openpyxl.styles import Alignment

    rows: list[tuple[Any, ...]] = [
        (each.name, "yes" * each.needed, each.meaning, ", ".join(each.words) or _bounds(each).strip())
        for each in columns
    ]
    one = "One row is one arm of a trial at one time." if shape == "arms" else "One row is one study."
    own = "their names begin with x_" if shape == "arms" else "they come along, and may be groups or moderators"
    rows.append(("", "", f"{one} Leave blank what is not printed; blank is never zero.", ""))
    rows.append(("", "", f"Columns of your own may follow: {own}.", ""))
    _heading(sheet, 1, ("column", "must be filled", "what it holds", "allowed"), (20, 10, 80, 60))
    for at, row in enumerate(rows, 2):
        for column, text in enumerate(row, 1):
            sheet.cell(at, column, text).alignment = Alignment(wrap_text=True, vertical="top")
