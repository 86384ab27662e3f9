"""The row grammar: results in, one table out, with one row per line of the figure.

Every mark and every printed number of a figure is a cell of this table, and the same table is written
beside the figure as CSV. ``kind`` says what a line is: "heading", "trial", "subtotal", "total" or
"prediction"; lines that are not rows of the figure ("reference", "zone", "footer") follow below. Each
series of marks ("placebo", "treatment", "contrast") owns the columns ``<series>_estimate``, ``_low``,
``_high``, ``_k`` and ``_imputed``. Any result is first taken apart into blocks of trials with their pooled effects;
text cells, formatted by analysis.text, stand beside their numbers, and footnote marks say what a reader should know
about a trial's numbers.
"""

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import _check
from analysis.evidence.arms import NOT_STATED, PooledArms, pool_arms
from analysis.models.results import PooledEffect, pvalues, t_quantile
from analysis.models.subgroups import PooledSubgroups, pool_subgroups
from analysis.plots import _theme as style
from analysis.sentences import Wording
from analysis.text import MINUS, NOT_ESTIMABLE, NUMBERS, number, percent

MEANINGS = {
    "SD imputed": "SD imputed from comparable arms",
    "final score": "final scores, not changes",
    "not adjusted": "not adjusted for baseline",
    "n assumed": "number of patients per arm assumed",
    "n inferred": "number of patients per arm inferred from printed percentages or means",
    "crossover": (
        "crossover: the same patients in both arms, paired with an assumed correlation unless a printed p tells it"
    ),
    "rescaled sum": "sum or subscale rescaled to 0–10",
    "arms combined": "several arms combined",
    "placebo arm shared": "one of several arms, with its share of the arm they are compared with",
    "correlation assumed": "variance rests on an assumed correlation",
    "doubtful": "a value, the allocation or the scale is in doubt",
    "second-hand": "read in another work's table",
    "SD from p": "SD from the printed p between the arms",
    "correlation from p": "correlation between the periods from the printed p",
}
NUMERALS = 12  # of a number within a name, at most, for names to be in order
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SERIES = ("placebo", "treatment", "contrast")
HETEROGENEITY = ("tau", "tau2", "i2", "q", "q_df", "q_pvalue", "pvalue")
ORDERS = ("given", "year", "estimate", "weight", "label")

_ESTIMATES = {
    "placebo": ("change_placebo", "change_placebo_vi"),
    "treatment": ("change_treatment", "change_treatment_vi"),
    "contrast": ("yi", "vi"),
}

# what decides on the texts of a row
DECIDING = (
    "kind",
    "notes",
    "change_status",
    "placebo_estimate",
    "placebo_k",
    "contrast_k",
    "contrast_tau",
    "contrast_i2",
    "contrast_low",
    "contrast_high",
)
# What a table with one row a study calls otherwise than an arm-level one.
_ARM_LEVEL = {
    f"{part}_{short}": f"{part}_{arm}"
    for short, arm in (("t", "treatment"), ("p", "placebo"))
    for part in ("n", "mean", "sd")
}
# The figures that draw groups which differ.
_WITH_GROUPS = ("forest", "orchard")
_NOTHING = 1e-9  # what is left of zero after rounding
RESERVED = ("study", "label", "yi", "vi", "weight", "flags")


@dataclass(frozen=True, eq=False)
class _Block:
    """Trials that are pooled together: their table and one PooledEffect (or None) per series."""

    name: str
    trials: pd.DataFrame
    results: dict


@dataclass(frozen=True, eq=False)
class _Source:
    """All studies, their groups, what their effects are called, those left out, and the test between the groups.

    The last two are None where there are none.
    """

    total: _Block
    groups: list
    wording: Wording
    left_out: pd.DataFrame | None = None
    between: PooledSubgroups | None = None

    @property
    def pooled(self):
        """The overall result."""
        return self.total.results["contrast"]


def source_of(results, by=None, data=None, to="forest", measure=""):
    """Return the _Source of any result, for the figure ``to``; ``data`` adds columns to one that has none."""
    if isinstance(results, PooledSubgroups) and to in _WITH_GROUPS:
        return _source_of_subgroups(results, by, data, measure)
    if isinstance(results, PooledEffect):
        if by is not None:
            raise ValueError("by needs the trials: pass EffectSizes, or PooledArms made with by=")
        wording = _wording_of(results, data, measure)
        return _Source(_block_of_effect(results, data, wording), [], wording, _left_out(results))
    if hasattr(results, "derivations") and "change_placebo" not in results.table:
        return _source_of_differences(results, by, data, measure)
    if hasattr(results, "derivations") or "arm" in getattr(results, "columns", ()):
        results = pool_arms(results, by=by)
    elif not isinstance(results, PooledArms):
        known = _check.STRANGERS.get(type(results).__name__, "")
        raise TypeError(_check.refusal(results, to, known or "give a PooledEffect, EffectSizes or PooledArms"))
    elif by not in (None, results.by):
        raise ValueError(f"by is {by!r}, but these results were grouped by {results.by!r}")
    if data is not None:
        raise ValueError("data adds columns to a PooledEffect or PooledSubgroups; EffectSizes have their own")
    groups = [_contrast_only(name, group) for name, group in results.groups.items()]
    wording = Wording.of(results, measure)
    total = _contrast_only(f"All {wording.nouns}", results)
    return _Source(total, groups, wording, results.effects.left_out, _between(results))


def _source_of_differences(effects, by, data, measure):
    """The source of EffectSizes without changes within their arms, such as those of a table with one row a study."""
    if data is not None:
        raise ValueError("data adds columns to a PooledEffect or PooledSubgroups; EffectSizes have their own")
    pooled = pool_subgroups(effects, by if by is not None else ["all"] * len(effects))
    source = _source_of_subgroups(pooled, None, None, measure)
    groups, between = (source.groups, source.between) if by is not None else ([], None)
    return replace(source, groups=groups, between=between)


def _source_of_subgroups(results, by, data, measure):
    if by not in (None, results.by):
        raise ValueError(f"by is {by!r}, but these results were grouped by {results.by!r}")
    wording = _wording_of(results.overall, data, measure)
    total = _block_of_effect(results.overall, data, wording)
    free = list(range(len(total.trials)))
    known = list(zip(results.overall.labels, results.overall.yi, results.overall.vi, strict=True))
    groups = []
    for name, pooled in results.groups.items():
        rows = []
        # equal trials are told apart by taking each once
        for each in zip(pooled.labels, pooled.yi, pooled.vi, strict=True):
            at = next(i for i in free if known[i] == each)
            free.remove(at)
            rows.append(at)
        groups.append(_Block(name, total.trials.iloc[rows].reset_index(drop=True), {"contrast": pooled}))
    return _Source(total, groups, wording, _left_out(results.overall), between=results)


def _wording_of(pooled, data, measure):
    """Return what the effects are called: as the result has it, or as ``data`` has it where that is EffectSizes."""
    if pooled.effects is None and hasattr(data, "derivations"):
        return Wording.of(data, measure or pooled.measure)
    return Wording.of(pooled, measure)


def _left_out(pooled):
    """Return the studies that are neither among the effects nor in the result, with their reasons; None for none."""
    before = getattr(pooled.effects, "left_out", None)
    reasons = [*([] if before is None else before["reason"]), *(reason for _, reason in pooled.left_out)]
    return pd.DataFrame({"reason": reasons}) if reasons else None


def _block_of_effect(pooled, data, wording):
    """Return the block of a single PooledEffect: labels, effects and variances, and what its effects and data add."""
    labels = [str(label) for label in pooled.labels]
    ids = labels if len(set(labels)) == len(labels) else [f"{i + 1} {each}" for i, each in enumerate(labels)]
    trials = pd.DataFrame({"study": ids, "label": labels, "yi": pooled.yi, "vi": pooled.vi})
    effects = pooled.effects
    if effects is not None and labels == [*map(str, effects.labels)] and np.array_equal(pooled.yi, effects.yi):
        trials = _with_columns(trials.assign(study=effects.study), effects)
    return _Block(f"All {wording.nouns}", _with_columns(trials, data), {"contrast": pooled})


def _with_columns(trials, data):
    """Return the trials with the columns of ``data``, which has one row for each of them in their order."""
    if data is None:
        return trials
    table = getattr(data, "table", data)
    if not isinstance(table, pd.DataFrame) or len(table) != len(trials):
        rows = f" of {len(table)} rows" if hasattr(table, "__len__") else ""
        raise ValueError(
            f"data must be a DataFrame or EffectSizes with one row for each of the {len(trials)} trials, in "
            f"their order; it is a {type(data).__name__}{rows}"
        )
    known = {long: table[short] for short, long in _ARM_LEVEL.items() if short in table and long not in table}
    table = table.assign(**known)
    extra = [c for c in table if c not in RESERVED and not str(c).startswith("change_")]
    flags = {"flags": table["flags"].tolist()} if "flags" in table else {}
    return trials.assign(**{str(c): table[c].tolist() for c in extra}, **flags)


def block_of_arms(name, pooled):
    """Return the block of a PooledArms."""
    results = {series: getattr(pooled, series) for series in SERIES}
    return _Block(name, pooled.effects.table.reset_index(drop=True), results)


def _contrast_only(name, pooled):
    """Return the block of a PooledArms without what happened within the arms."""
    block = block_of_arms(name, pooled)
    arms = [c for c in block.trials.columns if c.startswith("change_")]
    return _Block(name, block.trials.drop(columns=arms), {"contrast": block.results["contrast"]})


def _between(arms):
    """Return the test between the groups of a PooledArms, made as its overall result was."""
    if len(arms.groups) < 2 or arms.contrast.k < 2:
        return None
    values = arms.effects.table[arms.by].astype(object)
    members = values.map(str).where(values.notna(), NOT_STATED).tolist()
    methods = ("tau2_method", "ci_method", "pi_method", "confidence_level")
    return pool_subgroups(arms.effects, members, **{name: getattr(arms.contrast, name) for name in methods})


def usable_order(trials, order):
    """Return the order asked for, or "given" where the trials do not have what it needs (a year).

    Any column of the trials will do; a minus in front turns the order round.
    """
    column = order.removeprefix("-")
    if column == "year" and ("year" not in trials or trials["year"].isna().all()):
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
    if not pd.api.types.is_numeric_dtype(trials[key]):
        trials, key = trials.assign(_key=_sortable(trials[key])), "_key"
    by = [key]
    if key == "year":
        # of one trial at several times
        by, trials = [key, "_name"], trials.assign(_name=_sortable(trials["label"]))
    up = (column == "weight") == order.startswith("-")
    return trials.sort_values(by, kind="stable", ascending=up).drop(columns=["_key", "_name"], errors="ignore")


def _sortable(texts):
    """Return texts as numbers where all are numbers, else so that 7 weeks come before 12; None for missing ones."""
    known = [None if x is None or x != x else str(x) for x in texts]
    try:
        return [None if x is None else float(x.replace(MINUS, "-")) for x in known]
    except ValueError:
        return [None if x is None else re.sub(r"\d+", lambda digits: digits[0].zfill(NUMERALS), x) for x in known]


def build_rows(total, groups, wording, order="year"):
    """Return the table of the figure's lines.

    Parameters
    ----------
    total : _Block
        All trials and the overall results.
    groups : list of _Block
        In display order; empty for a figure without groups.
    wording : Wording
    order : str
        Order of the trials within a group.
    """
    level = total.results["contrast"].confidence_level
    weights = dict(zip(_row_keys(total.trials), total.results["contrast"].weights, strict=True))
    lines = []
    for block in groups:
        heading = {"kind": "heading", "group": block.name, "name": block.name, "notes": "", **_counts(block)}
        lines.append(pd.DataFrame([heading]))
        trials = _trial_rows(block, weights, level, order)
        lines.append(trials)
        if len(trials) > 1:
            lines.append(pd.DataFrame([_summary_row("subtotal", block, trials["weight"].sum(), wording)]))
    if not groups:
        lines.append(_trial_rows(total, weights, level, order).assign(group=""))
    if style.option("overall"):
        lines.append(pd.DataFrame([_summary_row("total", total, 1.0, wording)]))
        if style.option("prediction"):
            lines.append(pd.DataFrame([_prediction_row(total, wording)]))
    elif not any(len(block.trials) > 1 for block in groups):
        raise ValueError("overall is False, and there is no group of two or more to be pooled: leave overall out")
    table = pd.concat(lines, ignore_index=True)
    table["notes"] = table["notes"].fillna("")
    table["group"] = table["group"].fillna("")
    return table


def _row_keys(trials):
    """What tells rows of different weight apart: a study may have several, and some of them one label."""
    return list(zip(*(trials[name] for name in ("study", "label", "yi", "vi")), strict=True))


def _counts(block):
    """Return the number of trials behind each series."""
    pooled = {f"{series}_k": 0 if result is None else result.k for series, result in block.results.items()}
    return {**pooled, "contrast_k": len(block.trials)}


def _trial_rows(block, weights, level, order):
    """Return one row per trial, with Wald intervals at the level of the pooled result."""
    trials = block.trials.assign(weight=[float(weights[key]) for key in _row_keys(block.trials)])
    trials = sort_trials(trials, order)
    z = float(t_quantile(np.inf, level))
    drawn = [column for pair in _ESTIMATES.values() for column in pair]
    rows = trials.drop(columns=[*drawn, "label", "flags"], errors="ignore")
    rows = rows.assign(kind="trial", group=block.name, name=trials["label"].astype(str))
    for series, (estimate, variance) in _ESTIMATES.items():
        if estimate not in trials:
            continue
        half = z * np.sqrt(trials[variance].astype(float))
        rows[f"{series}_estimate"] = trials[estimate].astype(float)
        rows[f"{series}_low"] = trials[estimate] - half
        rows[f"{series}_high"] = trials[estimate] + half
        rows[f"{series}_imputed"] = _imputed(trials, series)
    statistic = trials["yi"] / np.sqrt(trials["vi"].astype(float))
    rows["contrast_pvalue"] = pvalues(np.inf, statistic.to_numpy(float))
    flags = trials["flags"] if "flags" in trials else [""] * len(trials)
    rows["flags"] = [each if isinstance(each, str) else "; ".join(each) for each in flags]
    rows["notes"] = ""
    return rows


def _imputed(trials, series):
    status = "status" if series == "contrast" else "change_status"
    return trials[status].eq("imputed") if status in trials else pd.Series(False, index=trials.index)


def _summary_row(kind, block, weight, wording):
    """Return the row of the diamonds of a group or of all trials."""
    name = f"{block.name}, pooled" if kind == "subtotal" else f"All {wording.nouns}"
    group = block.name if kind == "subtotal" else ""
    row = {"kind": kind, "group": group, "name": name, "weight": weight, **_counts(block)}
    row["confidence_level"] = block.results["contrast"].confidence_level
    for column in ("n_treatment", "n_placebo"):
        if column in block.trials:
            row[column] = block.trials[column].sum(min_count=1)
    for series, result in block.results.items():
        if result is not None:
            ends = {"estimate": result.estimate, "low": result.ci.low, "high": result.ci.high}
            more = {what: getattr(result, what) for what in HETEROGENEITY}
            row |= {f"{series}_{what}": value for what, value in (ends | more).items()}
    return row


def _prediction_row(block, wording):
    low, high = block.results["contrast"].pi
    name = f"Prediction interval, new {wording.noun}"
    return {"kind": "prediction", "name": name, "contrast_low": low, "contrast_high": high}


def add_notes(table):
    """Return the table with the footnote marks of each trial, and the key to the marks."""
    flags = [tuple(f.split("; ")) if isinstance(f, str) and f else () for f in table["flags"]]
    marks, key = note_marks(flags)
    return table.assign(notes=marks), key


def note_marks(flags):
    """Return the marks of each trial and the key.

    Parameters
    ----------
    flags : list of tuple of str
        The flags of each trial.

    Returns
    -------
    list of str
        As "† a c".
    list of (str, str)
        Mark and meaning, only those in use. The dagger always stands for an imputed SD, letters are given in
        a fixed order; a flag without a stated meaning explains itself.
    """
    used = {flag for each in flags for flag in each}
    known = [flag for flag in MEANINGS if flag in used]
    ordered = known + sorted(used - set(known))
    letters = iter(LETTERS)
    mark = {flag: "†" if flag == "SD imputed" else next(letters) for flag in ordered}
    texts = [" ".join(mark[flag] for flag in ordered if flag in each) for each in flags]
    return texts, [(mark[flag], MEANINGS.get(flag, flag)) for flag in ordered]


def add_cells(table, wording):
    """Return the table with every printed text as a column ``text_...``."""
    (opening, closing), between = NUMBERS.get().brackets, NUMBERS.get().between.rstrip()
    deciding = table[[name for name in DECIDING if name in table]].to_dict("records")

    def write(x):
        return wording.write(x) if wording.measure.is_ratio else fixed(wording.shown(x), wording.digits)

    cells = table.assign(
        text_name=table["name"],
        text_tail=[_trial_count(row) if row["kind"] in ("heading", "total") else row["notes"] for row in deciding],
        text_weight=_column_texts(table, "weight", lambda x: percent(x, 1)),
        text_estimate=_column_texts(table, "contrast_estimate", write),
        text_low=_column_texts(table, "contrast_low", lambda x: f"{opening}{write(x)}{between}"),
        text_high=_column_texts(table, "contrast_high", lambda x: f"{write(x)}{closing}"),
    )
    for arm in ("placebo", "treatment"):
        if f"n_{arm}" in table:
            cells[f"text_n_{arm}"] = _column_texts(table, f"n_{arm}", lambda x: number(x, 0))
        if f"{arm}_estimate" in table:
            cells[f"text_{arm}"] = _column_texts(table, f"{arm}_estimate", write)
    cells["text_heterogeneity"] = [
        _heterogeneity(row, wording) if row["kind"] == "subtotal" else "" for row in deciding
    ]
    cells["text_missing"] = [_missing(row) for row in deciding]
    cells["text_whole"] = [_whole(row) for row in deciding]
    blank = cells["text_whole"] == NOT_ESTIMABLE
    cells.loc[blank, ["text_estimate", "text_low", "text_high"]] = ""
    return cells


def fixed(value, digits):
    """Return a number with these decimals and no more, as the others in its column: −0.004 is −0.00 among them."""
    text = number(round(value, digits), digits)
    return f"{MINUS}{text}" if round(value, digits) == 0 and value < -_NOTHING else text


def _trial_count(row):
    """Return "k = 10 (arms: 8)", the second part only where it differs."""
    k, arms = row["contrast_k"], row.get("placebo_k", math.nan)
    text = f"k = {number(k, 0)}"
    return text if arms != arms or arms == k else f"{text} (arms: {number(arms, 0)})"


def _column_texts(table, column, write):
    """Return one text per row, empty where there is no number."""
    return ["" if value is None or not math.isfinite(value) else write(value) for value in table[column]]


def _missing(row):
    """Return why a trial has no change within its arms."""
    known = row["kind"] != "trial" or math.isfinite(row.get("placebo_estimate", math.nan))
    return "" if known else row.get("change_status") or "not reported"


def _whole(row):
    """Return what stands in place of an interval that could not be computed."""
    drawn = row["kind"] in ("prediction", "total", "subtotal")
    missing = not (math.isfinite(row["contrast_low"]) and math.isfinite(row["contrast_high"]))
    return NOT_ESTIMABLE if drawn and missing else ""


def decimals(value, most=2):
    """Return how many decimals a value has, up to ``most``."""
    return next((d for d in range(most) if round(value, d) == value), most)


def _heterogeneity(row, wording):
    """Return "τ 1.36, I² 92%" of a subtotal, empty where it could not be computed."""
    if row["kind"] != "subtotal" or not math.isfinite(row.get("contrast_tau", math.nan)):
        return ""
    i2 = row["contrast_i2"]
    tail = f", I² {percent(i2)}" if math.isfinite(i2) else ""
    scale = f" ({wording.measure.scale})" if wording.measure.scale else ""
    return f"τ {number(row['contrast_tau'], wording.digits)}{scale}{tail}"
