"""The row grammar: results in, one table out, with one row per line of the figure.

Every mark and every printed number of a figure is a cell of this table, and the same table is written
beside the figure as CSV. ``kind`` says what a line is: "heading", "trial", "subtotal", "total" or
"prediction"; lines that are not rows of the figure ("reference", "zone", "footer") follow below. Each
series of marks ("placebo", "treatment", "contrast") owns the columns ``<series>_estimate``, ``_low``,
``_high``, ``_k`` and ``_imputed``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plots._flags import note_marks
from analysis.results import t_quantile

SERIES = ("placebo", "treatment", "contrast")
HETEROGENEITY = ("tau", "tau2", "i2", "q", "q_df", "q_pvalue")
ORDERS = ("given", "year", "estimate", "weight", "label")


@dataclass(frozen=True, eq=False)
class Block:
    """Trials that are pooled together: their table and one PooledEffect (or None) per series."""

    name: str
    trials: pd.DataFrame
    results: dict


def block_of_arms(name, pooled):
    """Return the block of a PooledArms."""
    results = {series: getattr(pooled, series) for series in SERIES}
    return Block(name, pooled.effects.table.reset_index(drop=True), results)


def block_of_effect(name, pooled):
    """Return the block of a single PooledEffect: labels, estimates and variances are all it knows."""
    labels = [str(label) for label in pooled.labels] or [f"Trial {i + 1}" for i in range(pooled.k)]
    ids = labels if len(set(labels)) == len(labels) else [f"{i + 1} {each}" for i, each in enumerate(labels)]
    trials = pd.DataFrame({"study": ids, "label": labels, "yi": pooled.yi, "vi": pooled.vi})
    return Block(name, trials, {"contrast": pooled})


def usable_order(trials, order):
    """Return the order asked for, or "given" where the trials do not have what it needs (a year).

    Any column of the trials will do; a minus in front turns the order round.
    """
    column = order.removeprefix("-")
    if column == "year" and "year" not in trials:
        return "given"
    if order not in ORDERS and column not in ORDERS[1:] and (column not in trials or column == "flags"):
        columns = ", ".join(c for c in trials if c not in ("flags", "study", "yi", "vi"))
        raise ValueError(
            f"order is {order!r}; it must be one of {', '.join(ORDERS)}, or a column of the trials, here {columns}; "
            "a minus in front turns it round"
        )
    return order


def sort_trials(trials, order):
    """Return the trials in one of the stated orders; ties keep the order they came in, missing values come last.

    The heaviest trial comes first with "weight", everything else ascends.
    """
    if order == "given":
        return trials
    column = order.removeprefix("-")
    key = {"estimate": "yi"}.get(column, column)
    if trials[key].dtype == object:
        trials = trials.assign(_key=[None if x is None or x != x else str(x) for x in trials[key]])
        key = "_key"
    by = [key, "label"] if key == "year" else [key]
    up = (column == "weight") == order.startswith("-")
    return trials.sort_values(by, kind="stable", ascending=up).drop(columns="_key", errors="ignore")


def build_rows(total, groups, order="year"):
    """Return the table of the figure's lines.

    Parameters
    ----------
    total : Block
        All trials and the overall results.
    groups : list of Block
        In display order; empty for a figure without groups.
    order : str
        Order of the trials within a group.
    """
    level = total.results["contrast"].confidence_level
    weights = dict(zip(_keys(total.trials), total.results["contrast"].weights, strict=True))
    lines = []
    for block in groups:
        lines.append(pd.DataFrame([_heading(block)]))
        trials = _trial_rows(block, weights, level, order)
        lines.append(trials)
        if len(trials) > 1:
            lines.append(pd.DataFrame([_summary_row("subtotal", block, trials["weight"].sum())]))
    if not groups:
        lines.append(_trial_rows(total, weights, level, order).assign(group=""))
    lines.append(pd.DataFrame([_summary_row("total", total, 1.0), _prediction_row(total)]))
    table = pd.concat(lines, ignore_index=True)
    table["notes"] = table["notes"].fillna("")
    table["group"] = table["group"].fillna("")
    return table


def _keys(trials):
    """What tells rows apart: a trial whose arms are split has several, each with its own label."""
    return list(zip(trials["study"], trials["label"], strict=True))


def _heading(block):
    return {"kind": "heading", "group": block.name, "name": block.name, "notes": "", **_counts(block)}


def _counts(block):
    """Return the number of trials behind each series."""
    pooled = {f"{series}_k": 0 if result is None else result.k for series, result in block.results.items()}
    return {**pooled, "contrast_k": len(block.trials)}


def _trial_rows(block, weights, level, order):
    """Return one row per trial, with Wald intervals at the level of the pooled result."""
    trials = block.trials.assign(weight=[float(weights[key]) for key in _keys(block.trials)])
    trials = sort_trials(trials, order)
    z = float(t_quantile(np.inf, level))
    drawn = [column for pair in _SOURCES.values() for column in pair]
    rows = trials.drop(columns=[*drawn, "label", "flags"], errors="ignore")
    rows = rows.assign(kind="trial", group=block.name, name=trials["label"].astype(str))
    for series, (estimate, variance) in _SOURCES.items():
        if estimate not in trials:
            continue
        half = z * np.sqrt(trials[variance].astype(float))
        rows[f"{series}_estimate"] = trials[estimate].astype(float)
        rows[f"{series}_low"] = trials[estimate] - half
        rows[f"{series}_high"] = trials[estimate] + half
        rows[f"{series}_imputed"] = _imputed(trials, series)
    rows["flags"] = ["; ".join(_as_tuple(f)) for f in trials.get("flags", pd.Series("", index=trials.index))]
    rows["notes"] = ""
    return rows


_SOURCES = {
    "placebo": ("change_placebo", "change_placebo_vi"),
    "treatment": ("change_treatment", "change_treatment_vi"),
    "contrast": ("yi", "vi"),
}


def _imputed(trials, series):
    status = "status" if series == "contrast" else "change_status"
    return trials[status].eq("imputed") if status in trials else pd.Series(False, index=trials.index)


def _as_tuple(flags):
    return (flags,) if isinstance(flags, str) and flags else tuple(flags)


def _summary_row(kind, block, weight):
    """Return the row of the diamonds of a group or of all trials."""
    name = f"{block.name}, pooled" if kind == "subtotal" else "All trials"
    row = {
        "kind": kind,
        "group": block.name if kind == "subtotal" else "",
        "name": name,
        "weight": weight,
        **_counts(block),
    }
    row["confidence_level"] = block.results["contrast"].confidence_level
    for column in ("n_treatment", "n_placebo"):
        if column in block.trials:
            row[column] = block.trials[column].sum(min_count=1)
    for series, result in block.results.items():
        if result is None:
            continue
        row |= {f"{series}_estimate": result.estimate, f"{series}_low": result.ci.low}
        row |= {f"{series}_high": result.ci.high}
        row |= {f"{series}_{what}": getattr(result, what) for what in HETEROGENEITY}
    return row


def _prediction_row(block):
    low, high = block.results["contrast"].pi
    return {
        "kind": "prediction",
        "name": "Prediction interval, new trial",
        "contrast_low": low,
        "contrast_high": high,
    }


def add_notes(table):
    """Return the table with the footnote marks of each trial, and the key to the marks."""
    flags = [tuple(f.split("; ")) if isinstance(f, str) and f else () for f in table["flags"]]
    marks, key = note_marks(flags)
    return table.assign(notes=marks), key
