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
from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd

from analysis import _check
from analysis._check import paired
from analysis.evidence.arms import NOT_STATED, PooledArms, pool_arms
from analysis.evidence.responders import Responders
from analysis.measures import Measure, agreed
from analysis.models.bayes import PosteriorEffect
from analysis.models.counts import PooledCounts
from analysis.models.multilevel import MultilevelEffect
from analysis.models.regression import MetaRegression
from analysis.models.results import PooledEffect, pvalues, t_quantile
from analysis.models.subgroups import PooledSubgroups, pool_subgroups
from analysis.plots import _theme as style
from analysis.plots._table import Rows
from analysis.plots._words import quoted, tau2_words, wording_of
from analysis.sentences import ZERO_CELL, Wording, clustered
from analysis.text import MINUS, NOT_ESTIMABLE, NUMBERS, equals, number, percent, sortable

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
    ZERO_CELL: "a zero cell, effect and interval after one half was added to the counts",
    "corrected": "a zero cell, effect and interval shown after a continuity correction",
    "weightless": "weight 0 in a Mantel-Haenszel ratio, in which its events count all the same",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SERIES = ("placebo", "treatment", "contrast")
NUMBERED = ("tau", "tau2", "i2", "q", "q_df", "q_pvalue", "statistic", "df", "pvalue")
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
    "contrast_studies",
    "contrast_tau2",
    "contrast_i2",
    "contrast_q_pvalue",
    "common",
    "contrast_low",
    "contrast_high",
)
# What a table with one row a study calls otherwise than an arm-level one.
_ARM_LEVEL = {
    f"{part}_{short}": f"{part}_{arm}"
    for short, arm in (("t", "treatment"), ("p", "placebo"))
    for part in ("n", "mean", "sd", "events")
}
# The figures that draw groups which differ.
_WITH_GROUPS = ("forest", "orchard", "funnel")
# Those of a forest that other figures have no place for, and what a forest looks for that they lack.
_OTHERS = (PooledCounts, MultilevelEffect, PosteriorEffect, MetaRegression)
_UNKNOWN = dict.fromkeys(NUMBERED, math.nan) | {"hksj_narrower": False, "pi_method": ""}
_COMPUTED = 9  # significant digits, which nobody types
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

    The last two are None where there are none. ``members`` names the group of each study, where there are groups.
    """

    total: _Block
    groups: list
    wording: Wording
    left_out: pd.DataFrame | None = None
    between: PooledSubgroups | None = None
    members: tuple = ()

    @property
    def pooled(self):
        """The overall result."""
        return self.total.results["contrast"]


def source_of(results, by=None, data=None, to="forest", measure=""):
    """Return the _Source of any result, for the figure ``to``; ``data`` adds columns to one that has none."""
    if isinstance(results, PooledSubgroups) and to in _WITH_GROUPS:
        return _source_of_subgroups(results, by, data, measure)
    if to == "forest":
        results = drawn(_of_responders(results, measure) if isinstance(results, Responders) else results)
    if isinstance(results, PooledEffect | SimpleNamespace):
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
    wording = wording_of(results, measure)
    total = _contrast_only(f"All {wording.nouns}", results)
    members = tuple(_members(results)) if groups else ()
    return _Source(total, groups, wording, results.effects.left_out, _between(results), members)


def _of_responders(results, measure):
    """Return the pooled difference of responders, or their ratio where its measure is asked for."""
    known = {str(each.measure): each for each in (results.difference, results.ratio) if each is not None}
    if measure and measure not in known:
        raise ValueError(f"measure is {measure!r}, but these responders are pooled as {' and '.join(known)}")
    return known[measure or "RD"]


def drawn(result):
    """Return the result of any model with what a PooledEffect has, by the same names; NaN for numbers it has not.

    The result of another model is in ``result``; ``pi`` is None where the model has no prediction interval.
    """
    if not isinstance(result, _OTHERS):
        return result
    if isinstance(result, PooledCounts):
        result._refuse_many()
        own = {"tau2_method": result.method, "ci_method": "z", "pi": None, "df": math.inf}
    elif isinstance(result, MultilevelEffect):
        tau2 = sum(result.sigma2)  # both levels together
        own = {"levels": 3, "tau2": tau2, "tau": tau2**0.5, "i2": sum(result.i2), "pi_method": "t(m-1)"}
    elif isinstance(result, MetaRegression):
        weights = 1.0 / (result.vi + result.tau2)
        own = {"weights": weights / weights.sum(), "pi": None, "fitted": result.predict(), "estimate": math.nan}
        own |= {"q": result.qe, "q_df": result.qe_df, "q_pvalue": result.qe_pvalue}
    else:
        mu, new, tau = result.mu, result.new, result.tau
        own = {"estimate": mu.median, "ci": mu.interval, "pi": new.interval, "tau": tau.median, "tau2": tau.median**2}
        own |= {"weights": result.weights, "tau2_method": "Bayes", "ci_method": ""}
    return SimpleNamespace(**_UNKNOWN | vars(result) | own, result=result)


def _source_of_differences(effects, by, data, measure):
    """The source of EffectSizes without changes within their arms, such as those of a table with one row a study."""
    if data is not None:
        raise ValueError("data adds columns to a PooledEffect or PooledSubgroups; EffectSizes have their own")
    pooled = pool_subgroups(effects, by if by is not None else ["all"] * len(effects))
    source = _source_of_subgroups(pooled, None, None, measure)
    return source if by is not None else replace(source, groups=[], between=None, members=())


def _source_of_subgroups(results, by, data, measure):
    if by not in (None, results.by):
        raise ValueError(f"by is {by!r}, but these results were grouped by {results.by!r}")
    wording = _wording_of(results.overall, data, measure)
    total = _block_of_effect(results.overall, data, wording)
    free = list(range(len(total.trials)))
    known = list(zip(results.overall.labels, results.overall.yi, results.overall.vi, strict=True))
    groups, members = [], [""] * len(free)
    for name, pooled in results.groups.items():
        rows = []
        # equal trials are told apart by taking each once
        for each in zip(pooled.labels, pooled.yi, pooled.vi, strict=True):
            at = next(i for i in free if known[i] == each)
            free.remove(at)
            rows.append(at)
            members[at] = name
        groups.append(_Block(name, total.trials.iloc[rows].reset_index(drop=True), {"contrast": pooled}))
    return _Source(total, groups, wording, _left_out(results.overall), results, tuple(members))


def _wording_of(pooled, data, measure):
    """Return what the effects are called: as the result has it, or as ``data`` has it where that is EffectSizes."""
    if pooled.effects is None and hasattr(data, "derivations"):
        return wording_of(data, measure or pooled.measure)
    if getattr(pooled, "tau2_method", "") == "Peto":
        measure = measure or "PETO"
    wording = wording_of(pooled, measure)
    return replace(wording, noun=clustered(pooled).noun) if hasattr(pooled, "cluster") else wording


def _left_out(pooled):
    """Return the studies that are neither among the effects nor in the result, with their reasons; None for none."""
    out = pooled.left_out[: len(pooled.left_out) - _partial(pooled).sum()]
    out = pd.DataFrame(out, columns=["label", "reason"])
    out["study"] = out["label"]
    if (effects := pooled.effects) is not None:
        study = dict(zip(map(str, effects.labels), effects.study, strict=True))
        kept = {study.get(str(label)) for label in pooled.labels}
        out["study"] = [study.get(label, label) for label in out["label"]]
        out = pd.concat([effects.left_out[["study", "label", "reason"]], out], ignore_index=True)
        out["partly"] = out["study"].isin(kept)
    return out if len(out) else None


def _partial(pooled):
    """Return which trials of counts bear on the pooled effect, on Q, or on either, not at all."""
    return ~(pooled.in_pooled & pooled.in_q) if hasattr(pooled, "counts") else np.zeros(pooled.k, dtype=bool)


def _block_of_effect(pooled, data, wording):
    """Return the block of a single PooledEffect: labels, effects and variances, and what its effects and data add."""
    labels = [str(label) for label in pooled.labels]
    ids = labels if len(set(labels)) == len(labels) else [f"{i + 1} {each}" for i, each in enumerate(labels)]
    trials = pd.DataFrame({"study": ids, "label": labels, "yi": pooled.yi, "vi": pooled.vi})
    effects = pooled.effects
    counted = hasattr(pooled, "counts")
    same = effects is not None and labels == [*map(str, effects.labels)]
    if same and (counted or np.array_equal(pooled.yi, effects.yi)):
        trials = _with_columns(trials.assign(study=effects.study), effects)
    trials = _with_columns(trials, data)
    if counted:
        trials = _with_counts(trials, pooled)
    if hasattr(pooled, "fitted"):
        ends = {"estimate": "estimate", "low": "ci_low", "high": "ci_high"}
        fitted = {f"fitted_{end}": pooled.fitted[name].to_numpy() for end, name in ends.items()}
        trials = trials.assign(**fitted, confidence_level=pooled.confidence_level)
    if hasattr(pooled, "cluster"):
        trials = trials.assign(study=[str(each) for each in pooled.cluster])
    return _Block(f"All {wording.nouns}", trials, {"contrast": pooled})


def _with_counts(trials, pooled):
    """Return the trials with events and people of both arms, and flags that say what zero cells did to each."""
    counts = dict(zip(("events_treatment", "n_treatment", "events_placebo", "n_placebo"), pooled.counts, strict=True))
    partial = _partial(pooled)
    reasons = iter([reason for _, reason in pooled.left_out[len(pooled.left_out) - partial.sum() :]])
    flags = []
    for own, out, changed, weight in zip(
        trials.get("flags", [()] * len(trials)), partial, pooled.corrected, pooled.weights, strict=True
    ):
        said = [next(reasons).replace(": ", ", ")] if out else ["weightless"] if weight == 0 else []
        said += ["corrected"] if changed else []
        own = own.split("; ") if isinstance(own, str) and own else own
        # What is added to pool counts is another matter than what their effects got.
        flags.append((*(flag for flag in own if flag != ZERO_CELL), *said))
    return trials.assign(**counts, flags=flags)


def _with_columns(trials, data):
    """Return the trials with the columns of ``data``, which has one row for each of them."""
    if data is None:
        return trials
    table = getattr(data, "table", data)
    if not isinstance(table, pd.DataFrame) or len(table) != len(trials):
        rows = f" of {len(table)} rows" if hasattr(table, "__len__") else ""
        raise ValueError(
            f"data must be a DataFrame or EffectSizes with one row for each of the {len(trials)} trials; "
            f"it is a {type(data).__name__}{rows}"
        )
    _check.unlike_columns(table, "data")
    table = _of_these(trials, table)
    known = {long: table[short] for short, long in _ARM_LEVEL.items() if short in table}
    table = table.assign(**known)
    extra = [c for c in table if c not in RESERVED and not str(c).startswith("change_")]
    flags = {"flags": table["flags"].tolist()} if "flags" in table else {}
    return trials.assign(**{str(c): _cells(table[c]) for c in extra}, **flags)


def _cells(column):
    """The values of a column without its index, which keep the order of their categories."""
    return column.array if isinstance(column.dtype, pd.CategoricalDtype) else column.tolist()


def _of_these(trials, table):
    """Return the rows of a table in the order of the trials: by name, or as they stand where a side has none."""
    named = [table[name] for name in ("label", "study") if name in table] or [
        None if table.index.equals(pd.RangeIndex(len(table))) else table.index
    ]
    named = [pd.Index(map(_check.as_text, names)) for names in named if names is not None]
    alike = [(own, names) for own in (trials["label"], trials["study"]) for names in named if set(own) == set(names)]
    nameless = [*trials["label"]] == [f"Study {i + 1}" for i in range(len(trials))]
    same = [names for own, names in alike if [*own] == [*names]]
    if same and not any(names.is_unique for names in same):
        _refuse_ambiguous(trials, table, same[0])
    if not named and not nameless:
        _refuse_named_otherwise(trials, table)
    if same or not named or (nameless and not alike):
        return table
    own, names = next((pair for pair in alike if pair[1].is_unique), (trials["label"], named[0]))
    return paired(table.set_axis(names), "data", pd.Index(own), "the result")


def _refuse_named_otherwise(trials, table):
    """Raise ValueError where a column of another name has the trials in another order than they stand."""
    for name in table:
        names = [*map(_check.as_text, table[name])]
        for own in ([*trials["label"]], [*trials["study"]]):
            if names != own and sorted(names) == sorted(map(str, own)) and len({*names}) > 1:
                raise ValueError(
                    f"data has the trials in another order, by its column {name!r}, and its rows are taken as they "
                    f"stand: give data.rename(columns={{{name!r}: 'study'}}), whose rows are paired by name"
                )


def _refuse_ambiguous(trials, table, names):
    """Raise ValueError for rows of repeated names that were put into another order: which is whose nobody can tell."""
    moved = not table.index.equals(pd.RangeIndex(len(table))) and not table.index.equals(pd.Index(names))
    if "yi" in table and [*table["yi"]] != [*trials["yi"]]:
        moved |= sorted(table["yi"]) == sorted(trials["yi"])
    if moved:
        [twice, *_] = names[names.duplicated()]
        raise ValueError(
            f"several trials are called {twice!r}, and the rows of data are in another order than they were made in: "
            "which is whose cannot be told; give them names that differ, such as Smith 2001a and Smith 2001b, or "
            "data in the order of the result, its index numbered anew by reset_index()"
        )


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
    methods = ("tau2_method", "ci_method", "pi_method", "confidence_level")
    return pool_subgroups(arms.effects, _members(arms), **{name: getattr(arms.contrast, name) for name in methods})


def _members(arms):
    """Return the group of each study of a PooledArms."""
    values = arms.effects.table[arms.by].astype(object)
    return values.map(_check.as_text).where(values.notna(), NOT_STATED).tolist()


def same_measure(name, model, measure, of):
    """Raise ValueError for a model, the argument ``name``, of another measure than what the figure is ``of``."""
    own = getattr(model, "measure", "")
    try:
        agreed(measure, own)
    except ValueError:
        named = f"{name} is a pooled {Measure(own).name}, and {of} a {Measure(measure).name}"
        raise ValueError(f"{named}; draw them apart") from None


def usable_order(trials, order):
    """Return the order asked for, or where none is "year", or "given" of trials without one.

    Any column of the trials will do; a minus in front turns the order round.
    """
    _check.single(order=order)
    dated = "year" in trials and trials["year"].notna().any()
    if order is None:
        return "year" if dated else "given"
    if not isinstance(order, str):
        raise ValueError(f"order is {order!r}; give the name of a column, or one of {', '.join(ORDERS)}")
    column = order.removeprefix("-")
    if column == "year":
        if not dated:
            raise ValueError(f"order is {order!r}, but no trial has a year; give a column of years, or order='given'")
        years = trials[["label", "year"]].dropna()
        wordy = years[~years["year"].map(lambda year: any(map(str.isdigit, str(year))))]
        if len(wordy):
            label, year = wordy.iloc[0]
            raise ValueError(
                f"order is {order!r}, but the year of {label} is {year!r}; give a number, or leave it blank"
            )
    if order not in ORDERS and column not in ORDERS[1:] and (column not in trials or column == "flags"):
        columns = [c for c in trials if c not in ("flags", "study", "yi", "vi")]
        raise ValueError(
            f"order is {order!r}{_check.meant(column, (*ORDERS, *columns))}; it must be one of {', '.join(ORDERS)}, "
            f"or a column of the trials, here {', '.join(columns)}; a minus in front turns it round"
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
        trials, key = trials.assign(_key=sortable(trials[key])), "_key"
    by = [key]
    if key == "year":
        # of one trial at several times
        by, trials = [key, "_name"], trials.assign(_name=sortable(trials["label"]))
    up = (column == "weight") == order.startswith("-")
    return trials.sort_values(by, kind="stable", ascending=up).drop(columns=["_key", "_name"], errors="ignore")


def build_rows(total, groups, wording, order="year"):
    """Return the Rows of the figure's lines.

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
    level, weights = total.results["contrast"].confidence_level, total.results["contrast"].weights
    within = groups and not style.option("overall")
    if groups:
        weights = dict(zip(_row_keys(total.trials), weights, strict=True))
    lines = []
    for block in groups:
        heading = {"kind": "heading", "group": block.name, "name": block.name, "notes": "", **_counts(block)}
        lines.append([heading])
        own = block.results["contrast"].weights if within else weights
        trials = _trial_rows(block, own, level, order)
        lines.append(trials)
        if len(trials) > 1:
            lines.append([_summary_row("subtotal", block, np.nansum(trials["weight"]), wording)])
    if not groups:
        trials = _trial_rows(total, weights, level, order).assign(group="")
        lines.append(_nested(trials.frame()) if hasattr(total.results["contrast"], "cluster") else trials)
    if hasattr(total.results["contrast"], "fitted"):
        pass  # trials that differ by moderators have no result of all
    elif style.option("overall"):
        lines.append([_summary_row("total", total, 1.0, wording)])
        if style.option("prediction"):
            lines.append(_prediction_rows(total, wording))
    elif not any(len(block.trials) > 1 for block in groups):
        raise ValueError("overall is False, and there is no group of two or more to be pooled: leave overall out")
    table = Rows.joined(lines)
    return table.assign(**{name: ["" if x != x else x for x in table[name]] for name in ("notes", "group")})


def pooled_rows(table):
    """Return the rows of pooled results, and those of a group of one trial, which is all there is of it."""
    several = set(table.of_kind("subtotal")["group"])
    single = (
        kind in ("trial", "heading") and group and group not in several
        for kind, group in zip(table["kind"], table["group"], strict=True)
    )
    return table[[one or kind not in ("trial", "heading") for one, kind in zip(single, table["kind"], strict=True)]]


def _row_keys(trials):
    """What tells rows of different weight apart: a study may have several, and some of them one label."""
    return list(zip(*(trials[name] for name in ("study", "label", "yi", "vi")), strict=True))


def _counts(block):
    """Return the number of trials behind each series."""
    pooled = {f"{series}_k": 0 if result is None else result.k for series, result in block.results.items()}
    k, of = len(block.trials), block.trials["study"].nunique()
    return {**pooled, "contrast_k": k} | ({"contrast_studies": of} if of < k else {})


def _trial_rows(block, weights, level, order):
    """Return one row per trial, with Wald intervals at the level of the pooled result."""
    if isinstance(weights, dict):
        weights = [weights[key] for key in _row_keys(block.trials)]
    trials = block.trials.assign(weight=np.asarray(weights, float))
    trials = Rows.of(sort_trials(trials, order))
    z = float(t_quantile(np.inf, level))
    apart = {"label", "flags", *(column for pair in _ESTIMATES.values() for column in pair)}
    rows = {name: trials[name] for name in trials if name not in apart}
    rows |= {"kind": "trial", "group": block.name, "name": [str(label) for label in trials["label"]]}
    for series, (estimate, variance) in _ESTIMATES.items():
        if estimate not in trials:
            continue
        middle, variance = trials.numbers(estimate, variance)
        half = z * np.sqrt(variance)
        ends = {"estimate": middle, "low": middle - half, "high": middle + half, "imputed": _imputed(trials, series)}
        rows |= {f"{series}_{end}": values for end, values in ends.items()}
    yi, vi = trials.numbers("yi", "vi")
    rows["contrast_pvalue"] = pvalues(np.inf, yi / np.sqrt(vi))
    flags = trials.get("flags", [""] * len(trials))
    rows["flags"] = [each if isinstance(each, str) else "; ".join(each) for each in flags]
    rows["notes"] = ""
    return Rows({"study": trials["study"]}).assign(**rows)


def _nested(trials):
    """Return effects of trials with several of them under a heading each, those of one trial together."""
    lines, numbered = [], _check.only_numbered(trials["name"])
    for study, own in trials.groupby("study", sort=False):
        if len(own) == 1:
            apart = style.SPACE_ABOVE_MM["heading"] if lines and len(lines[-1]) > 1 else math.nan
            lines.append(own.assign(above_mm=apart, name=study if numbered else own["name"]))
            continue
        heading, names = study, own["name"].tolist()
        shortest = min(names, key=len)
        for shared in (shortest, shortest.rpartition(", ")[0]):
            if shared and all(name == shared or name.startswith(f"{shared}, ") for name in names):
                heading, names = shared, [name.removeprefix(f"{shared}, ") for name in names]
        if numbered or len(set(names)) == 1:  # they tell nothing of the effects
            names = [f"Effect {i}" for i in range(1, len(own) + 1)]
        lines.append(pd.DataFrame([{"kind": "heading", "group": study, "name": heading, "notes": ""}]))
        lines.append(own.assign(group=study, name=names))
    return pd.concat(lines, ignore_index=True)


def _imputed(trials, series):
    status = "status" if series == "contrast" else "change_status"
    return [each == "imputed" for each in trials.get(status, [""] * len(trials))]


def _summary_row(kind, block, weight, wording):
    """Return the row of the diamonds of a group or of all trials."""
    name = f"{quoted(block.name)}, pooled" if kind == "subtotal" else f"All {wording.nouns}"
    group = block.name if kind == "subtotal" else ""
    row = {"kind": kind, "group": group, "name": name, "weight": weight, **_counts(block)}
    row["confidence_level"] = block.results["contrast"].confidence_level
    if hasattr(block.results["contrast"], "mu"):
        row["interval"] = "CrI"
    if block.results["contrast"].tau2_method == "CE":
        row["common"] = True
    if block.results["contrast"].tau2_method == "Mantel-Haenszel":
        row["pooled_by"] = "M-H"
    for column in ("events_treatment", "n_treatment", "events_placebo", "n_placebo"):
        # a trial with several effects has its people in each
        if column in block.trials and not hasattr(block.results["contrast"], "cluster"):
            # The sum of some is not that of all.
            row[column] = block.trials[column].sum(skipna=False)
    for series, result in block.results.items():
        if result is not None:
            ends = {"estimate": result.estimate, "low": result.ci.low, "high": result.ci.high}
            more = {what: getattr(result, what) for what in NUMBERED}
            row |= {f"{series}_{what}": value for what, value in (ends | more).items()}
    return row


def _prediction_rows(block, wording):
    """Return the row of the prediction interval, none for a model that has no such interval."""
    if block.results["contrast"].pi is None:
        return []
    low, high = block.results["contrast"].pi
    name = f"Prediction interval, new {wording.noun}"
    return [{"kind": "prediction", "name": name, "contrast_low": low, "contrast_high": high}]


def add_notes(table):
    """Return the table with the footnote marks of each trial, and the key to the marks."""
    table = Rows.of(table)
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
    """Return the Rows with every printed text as a column ``text_...``."""
    table = Rows.of(table)
    (opening, closing), between = NUMBERS.get().brackets, NUMBERS.get().between.rstrip()
    deciding = table.records([name for name in DECIDING if name in table])

    def write(x):
        return wording.write(x) if wording.measure.is_ratio else fixed(wording.shown(x), wording.digits)

    whole = [_whole(row) for row in deciding]

    def interval(column, write):
        texts = _column_texts(table, column, write)
        return ["" if instead == NOT_ESTIMABLE else text for text, instead in zip(texts, whole, strict=True)]

    cells = {
        "text_name": table["name"],
        "text_tail": [_tail(row, wording) for row in deciding],
        "text_weight": _column_texts(table, "weight", lambda x: percent(x, 1)),
        "text_estimate": interval("contrast_estimate", write),
        "text_low": interval("contrast_low", lambda x: f"{opening}{write(x)}{between}"),
        "text_high": interval("contrast_high", lambda x: f"{write(x)}{closing}"),
    }
    for arm in ("placebo", "treatment"):
        if f"n_{arm}" in table:
            cells[f"text_n_{arm}"] = _column_texts(table, f"n_{arm}", lambda x: number(x, 0))
        if f"{arm}_estimate" in table:
            cells[f"text_{arm}"] = _column_texts(table, f"{arm}_estimate", write)
    return table.assign(**cells, text_missing=[_missing(row) for row in deciding], text_whole=whole)


def _tail(row, wording):
    """Return what follows a name in small type: how many, how far effects of a group differ, or footnote marks."""
    if row["kind"] in ("heading", "total"):
        return _trial_count(row, wording)
    return _heterogeneity(row, wording) if row["kind"] == "subtotal" else row["notes"]


def fixed(value, digits):
    """Return a number with these decimals and no more, as the others in its column: −0.004 is −0.00 among them."""
    text = number(round(value, digits), digits)
    return f"{MINUS}{text}" if round(value, digits) == 0 and value < -_NOTHING else text


def _trial_count(row, wording):
    """Return "k = 10 (arms: 8)", "k = 18 effects of 9 trials"; the second part only where it differs."""
    k, arms = row["contrast_k"], row.get("placebo_k", math.nan)
    if k != k:  # the heading of the effects of one trial
        return ""
    of = row.get("contrast_studies", math.nan)
    text = f"k = {number(k, 0) if of != of else wording.counted(int(k), int(of))}"
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
    shown = row["kind"] in ("prediction", "total", "subtotal", "trial")
    missing = not (math.isfinite(row["contrast_low"]) and math.isfinite(row["contrast_high"]))
    return NOT_ESTIMABLE if shown and missing else ""


def decimals(value, most=2):
    """Return how many decimals a value has, up to ``most``."""
    return next((d for d in range(most) if round(value, d) == value), most)


def given_decimals(value, most):
    """Return the decimals a value was given with; one that was computed has up to ``most``, or its first digit."""
    _, digits, exponent = Decimal(f"{value:.{_COMPUTED}g}").normalize().as_tuple()
    first = -(exponent + len(digits) - 1)
    return max(0, -exponent if len(digits) < _COMPUTED else max(most, first))


def _heterogeneity(row, wording):
    """Return "τ² 1.85, I² 92%, p <0.001" of a subtotal, empty where it could not be computed."""
    if row["kind"] != "subtotal" or not math.isfinite(row.get("contrast_tau2", math.nan)):
        return ""
    i2 = row["contrast_i2"]
    parts = [] if row.get("common", False) is True else [f"τ²\u00a0{tau2_words(row['contrast_tau2'], wording)}"]
    parts += [f"I²\u00a0{percent(i2)}"] if math.isfinite(i2) else []
    return ", ".join([*parts, f"p {equals(row['contrast_q_pvalue'])}"])
