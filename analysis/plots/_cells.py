"""The text cells of the figure, formatted by analysis.text and kept in the table beside their numbers."""

import math

import numpy as np

from analysis.plots import _style as style
from analysis.text import NOT_ESTIMABLE, limits, number, percent

DECIDING = (
    "kind",
    "notes",
    "change_status",
    "placebo_estimate",
    "placebo_k",
    "contrast_k",
    "contrast_low",
    "contrast_high",
)


def digits_for(low, high):
    """Return the decimals that suit intervals of this width: two for points on 0–10."""
    width = np.asarray(high, float) - np.asarray(low, float)
    width = width[np.isfinite(width) & (width > 0)]
    if not width.size:
        return 2
    return int(np.clip(round(-math.log10(float(np.median(width)))) + 2, style.LEAST_DIGITS, 8))


def add_cells(table, *, digits, ratio=False):
    """Return the table with every printed text as a column ``text_...``."""
    show = np.exp if ratio else np.asarray
    cells = table.assign(
        text_name=table["name"],
        text_tail=[_tail(row) for row in _records(table)],
        text_weight=_texts(table, "weight", lambda x: percent(x, 1)),
        text_estimate=_texts(table, "contrast_estimate", lambda x: number(show(x), digits)),
        text_low=_texts(table, "contrast_low", lambda x: limits(show(x), x, digits)[0]),
        text_high=_texts(table, "contrast_high", lambda x: limits(x, show(x), digits)[1]),
    )
    for arm in ("placebo", "treatment"):
        if f"n_{arm}" in table:
            cells[f"text_n_{arm}"] = _texts(table, f"n_{arm}", lambda x: number(x, 0))
        if f"{arm}_estimate" in table:
            cells[f"text_{arm}"] = _texts(table, f"{arm}_estimate", lambda x: number(x, digits))
    cells["text_missing"] = [_missing(row) for row in _records(table)]
    cells["text_whole"] = [_whole(row) for row in _records(table)]
    blank = cells["text_whole"] == NOT_ESTIMABLE
    cells.loc[blank, ["text_estimate", "text_low", "text_high"]] = ""
    return cells


def _records(table):
    """Return the rows as dictionaries, with what decides on texts alone."""
    return table[[name for name in DECIDING if name in table]].to_dict("records")


def _texts(table, column, write):
    """Return one text per row, empty where there is no number."""
    return ["" if value is None or not math.isfinite(value) else write(value) for value in table[column]]


def _tail(row):
    """Return what follows a name in small type: the notes of a trial, the number of trials of a group."""
    return trial_count(row) if row["kind"] in ("heading", "total") else row["notes"]


def trial_count(row):
    """Return "k = 10 (arms: 8)", the second part only where it differs."""
    k, arms = row["contrast_k"], row.get("placebo_k", math.nan)
    text = f"k = {number(k, 0)}"
    return text if not arms == arms or arms == k else f"{text} (arms: {number(arms, 0)})"


def _whole(row):
    """Return what stands in place of an interval that could not be computed."""
    drawn = row["kind"] in ("prediction", "total", "subtotal")
    missing = not (math.isfinite(row["contrast_low"]) and math.isfinite(row["contrast_high"]))
    return NOT_ESTIMABLE if drawn and missing else ""


def decimals(value, most=2):
    """Return how many decimals a value has, up to ``most``."""
    return next((d for d in range(most) if round(value, d) == value), most)


def add_text_column(table, column):
    """Return the table with one column of the trials as printed text (heading: the column's name)."""
    texts = []
    for value in table[column]:
        if isinstance(value, str):
            texts.append(value)
        else:
            known = value is not None and value == value
            texts.append("" if not known else f"{value:.0f}" if column == "year" else number(value, decimals(value)))
    return table.assign(**{f"text_{column}": texts})


def heterogeneity(row, digits=2):
    """Return "τ 1.36, I² 92%" for a row of diamonds, empty where it could not be computed."""
    if not math.isfinite(row.get("contrast_tau", math.nan)):
        return ""
    i2 = row["contrast_i2"]
    tail = f", I² {percent(i2)}" if math.isfinite(i2) else ""
    return f"τ {number(row['contrast_tau'], digits)}{tail}"


def _missing(row):
    """Return why a trial has no change within its arms."""
    known = row["kind"] != "trial" or math.isfinite(row.get("placebo_estimate", math.nan))
    return "" if known else row.get("change_status") or "not reported"
