"""The multiverse: the same question answered by every sensible combination of an analyst's choices, in one go.

The pandas part of :func:`analysis.effect_sizes` runs once for each outcome; what depends on a correlation or on a rule
for missing SDs is computed by the same formulas on arrays that hold all options at once, and all combinations are
pooled in one call. What the answers have in common, and which choice moves them most, is then said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis import _check, effects, text
from analysis._docs import documented
from analysis._types import CIMethod, IncludeOrNot, MissingSDs, Outcome, Tau2Method
from analysis.data.arm_scores import (
    ANCOVA,
    BASELINE,
    FROM_CHANGE,
    IMPUTED,
    PARTS,
    RULES,
    arm_scores,
    borrowed_sd,
    compared_arms,
    correlation_within,
    donors,
    one_per_role,
    within,
)
from analysis.data.dictionary import WEEK_BANDS
from analysis.data.effect_sizes import OUTCOME as DIFFERENCE
from analysis.data.effect_sizes import (
    contrast_effects,
    effect_sizes,
    holding,
    mean_effects,
    say_what_is_nowhere,
    with_contrasts,
)
from analysis.data.trials import checked_trials
from analysis.models.imputation import drawn_sds, pool_imputations, sds_of
from analysis.models.pooling import CI_METHODS, check_options, pool_batch, prediction_limits
from analysis.models.results import BatchPooled
from analysis.models.tau2 import TAU2_METHODS
from analysis.recover import combine_arms, sd_from_change
from analysis.sentences import Wording, capital

_INCLUDE, _EXCLUDE = "include", "exclude"
_BOTH = (_INCLUDE, _EXCLUDE)
#: SDs drawn again and again, and how many times.
MULTIPLE, IMPUTATIONS = "impute-multiple", 20
_CORRELATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_RESULTS = ("k", "estimate", "se", "ci_low", "ci_high", "tau2", "i2", "pvalue")

# The choices, in words.
_WORDS = {
    "outcome": "change, final or adjusted scores",
    "correlation": "the correlation between baseline and final scores",
    "crossover_correlation": "the correlation between crossover periods",
    "missing_sd": "the rule for missing SDs",
    "doubtful": "doubtful trials",
    "second_hand": "second-hand trials",
    "single_session": "single-session trials",
    "contrast_rows": "trials known by their difference only",
    "tau2_method": "the tau² estimator",
    "ci_method": "the kind of interval",
}
#: The columns of a multiverse that are choices.
CHOICES = tuple(_WORDS)
# Those that make the data, in the order of the axes of the arrays, and those that pool them.
_DATA_CHOICES, _METHODS = CHOICES[:-2], CHOICES[-2:]

#: The combination that `effect_sizes` and `pool` take when they are told nothing.
DEFAULTS = {"outcome": "change", "correlation": 0.5, "crossover_correlation": 0.5, "missing_sd": "impute"}
DEFAULTS |= dict.fromkeys(("doubtful", "second_hand", "single_session"), _INCLUDE)
DEFAULTS |= {"contrast_rows": _EXCLUDE, "tau2_method": "REML", "ci_method": "HKSJ-wide"}

# The I² at which the common-effect model is marked: where "moderate" ends in the Cochrane Handbook (version 5.0.1, as
# printed in doi 10.1186/1471-2288-8-79, table 3).
HETEROGENEOUS = 0.6
# Choices on which the conclusion turns that a sentence names.
_NAMED = 3
_CAUTION = "The analyses share their trials and are not independent: these shares are no probabilities."


@documented
def multiverse(
    trials: pd.DataFrame,
    *,
    contrasts: pd.DataFrame | None = None,
    outcome: Outcome | Sequence[Outcome] | None = ("change", "final", "ancova"),
    correlation: float | Sequence[float] | None = _CORRELATIONS,
    crossover_correlation: float | Sequence[float] | None = (0.0, 0.5, 0.8),
    missing_sd: MissingSDs | Sequence[MissingSDs] | None = ("impute", "impute-median", "impute-largest", "drop"),
    doubtful: IncludeOrNot = _BOTH,
    second_hand: IncludeOrNot = _BOTH,
    single_session: IncludeOrNot = _BOTH,
    contrast_rows: IncludeOrNot = _BOTH,
    tau2_method: Tau2Method | Sequence[Tau2Method] | None = ("REML", "PM", "DL", "CE"),
    ci_method: CIMethod | Sequence[CIMethod] | None = ("HKSJ-wide", "HKSJ-mod", "z"),
    where: Mapping[str, Any] | None = None,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Pool the trials by every combination of the choices that an analyst has to make.

    Each choice takes one option or several; the default options are those that a sensible analyst might defend.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`.
    contrasts : pandas.DataFrame, optional
        From :func:`analysis.read_contrasts`: reported differences, to be included and excluded.
    outcome, correlation, crossover_correlation, missing_sd : option or sequence of options, optional
        Options of :func:`analysis.effect_sizes`. Change, final or adjusted scores; correlation of baseline and final
        scores; correlation of the two periods of a crossover trial; what to do with trials that print no spread, "drop"
        leaving them out and "impute-multiple" drawing their SDs 20 times, as :func:`analysis.pool_imputed`. Several
        treatment arms of a trial are always combined.
    doubtful, second_hand, single_session, contrast_rows : {"include", "exclude"}, or both
        Trials whose `certainty` is "doubtful" or "second-hand", whose `week_band` is "single session", and the rows
        of `contrasts`, joined by :func:`analysis.with_contrasts`; without `contrasts` always "exclude".
    tau2_method, ci_method : option or sequence of options, optional
        Options of :func:`analysis.pool`. The common-effect model "CE" is paired with the normal interval "z" only, as
        the other intervals are made for effects that vary between trials.
    where : dict, optional
        Columns of the effect sizes and the values to keep, such as ``{"therapy_family": ["Light"]}``. Missing SDs are
        still borrowed from all trials.
    {confidence_level}

    Returns
    -------
    pandas.DataFrame
        One row per combination that leaves at least one trial: the choices, then k, estimate, se, ci_low, ci_high,
        tau2, i2, pvalue, `pi_low`, `pi_high`, `excludes_zero`, `ignores_heterogeneity`, `confidence_level`, `analysis`
        and `default`. The prediction interval is that of t(k-1), and NaN for fewer than three trials and for the
        common-effect model. `ignores_heterogeneity` marks the common-effect model where the I2 of the same trials is
        60% or more, from Q or by any of the other estimators. Combinations that give the same trials the same numbers
        and the same methods have the same number in `analysis`: a correlation that no trial needs multiplies rows, not
        analyses. Count analyses with ``frame.drop_duplicates("analysis")``; two methods that agree are two analyses,
        but with a single trial no method matters. `default` marks the combination that `effect_sizes` and `pool` take
        when they are told nothing. ``attrs["wording"]`` holds what the effects are called, for sentences and figures.

    Raises
    ------
    ValueError
        For options that are not known, listing all; if no combination leaves a trial; or as
        :func:`analysis.effect_sizes`.

    See Also
    --------
    analysis.choice_effects : Compute how far each choice moves the estimate.
    analysis.multiverse_findings : Say in words what the analyses show.
    analysis.multiverse_plot : Draw the specification curve.
    analysis.effect_sizes : Make effect sizes by one set of choices.

    Notes
    -----
    Every row equals `pool` of `effect_sizes` with its options and ``pi_method="t(k-1)"``, or `pool_imputed` with
    ``imputations=20`` and the seed 0. The analyses share their
    trials: they are not independent, and the share of them in which an interval excludes zero is no probability and no
    test.

    References
    ----------
    Steegen, Tuerlinckx, Gelman & Vanpaemel 2016, Perspect Psychol Sci 11:702-712, doi 10.1177/1745691616658637 (the
    multiverse).

    Voracek, Kossmeier & Tran 2019, Z Psychol 227:64-82, doi 10.1027/2151-2604/a000357 (of meta-analyses).

    Examples
    --------
    >>> from analysis import read_trials
    >>> frame = multiverse(read_trials("data/trials.csv"), where={"therapy_family": ["Light", "Magnetic field"]})
    >>> len(frame), frame["analysis"].nunique()
    (28800, 22440)
    >>> bool(frame["excludes_zero"].all())
    False
    """
    given = locals()
    options = _checked({name: given[name] for name in CHOICES}, contrasts is not None)
    if not (where is None or hasattr(where, "items")):
        raise ValueError(f"where is {where!r}; give column -> value, such as {{'therapy_family': 'Light'}}")
    level, where = _check.level(confidence_level), dict(where or {})
    data = _data_sets(trials, contrasts, options, where)
    here = np.isfinite(data.vi).any(axis=1)
    if not here.any():
        raise ValueError("no combination leaves a trial; include more, or widen `where`")
    yi, vi, at = (x[here] for x in data[:3])
    pairs = _method_pairs(options)
    first, same = _distinct_data(yi, vi)
    results = [pool_batch(yi[first], vi[first], tau2_method=t, ci_method=c, confidence_level=level) for t, c in pairs]
    at, same, drawn = _imputations_together(at, same, [len(options[name]) for name in _DATA_CHOICES])
    if drawn.size:
        more = (pool_imputations(yi[first][drawn], vi[first][drawn], *pair, level)[0] for pair in pairs)
        both = zip(results, more, strict=True)
        results = [BatchPooled(*map(np.concatenate, zip(*each, strict=True))) for each in both]
    batch = BatchPooled(*(np.column_stack(x)[same].ravel() for x in zip(*results, strict=True)))
    frame = {
        name: np.repeat(
            np.array(options[name], dtype=float if _takes_correlations(name) else object)[at[:, j]], len(pairs)
        )
        for j, name in enumerate(_DATA_CHOICES)
    }
    frame |= dict(zip(_METHODS, np.tile(np.array(pairs, dtype=object), (len(at), 1)).T, strict=True))
    frame |= {name: getattr(batch, name) for name in _RESULTS}
    ends = [
        prediction_limits(fit, fit.k, check_options(*pair, "t(k-1)", level))
        for pair, fit in zip(pairs, results, strict=True)
    ]
    frame |= dict(zip(("pi_low", "pi_high"), np.stack(ends, axis=-1)[:, same].reshape(2, -1), strict=True))
    frame["excludes_zero"] = (batch.ci_low > 0) | (batch.ci_high < 0)
    most = np.fmax.reduce(batch.i2.reshape(-1, len(pairs)), axis=1)
    frame["ignores_heterogeneity"] = ((most >= HETEROGENEOUS)[:, None] & [t == "CE" for t, _ in pairs]).ravel()
    number = same[:, None] * len(pairs) + np.arange(len(pairs))
    # A single trial is its own result, whatever the method.
    number = np.where(batch.k.reshape(number.shape) == 1, number[:, :1], number)
    frame |= {"confidence_level": level, "analysis": pd.factorize(number.ravel())[0]}
    table = pd.DataFrame(frame)
    table.attrs["wording"] = asdict(data.wording)
    return table.assign(default=(table[list(DEFAULTS)] == pd.Series(DEFAULTS)).all(axis=1))


def _checked(options, has_contrasts):
    """Every choice as a tuple of options; ValueError lists all that is wrong."""
    allowed = {
        "outcome": PARTS,
        "missing_sd": (*RULES, MULTIPLE, "drop"),
        "tau2_method": TAU2_METHODS,
        "ci_method": CI_METHODS,
    }
    out, problems = {}, []
    for name, given in options.items():
        out[name] = (given,) if isinstance(given, str | Real) else tuple(given)
        known = allowed.get(name, _BOTH)
        words, good = ", ".join(map(repr, known)), known.__contains__
        if _takes_correlations(name):
            words, good = "numbers from -1 to below 1", _is_correlation
        wrong = [option for option in out[name] if not good(option)]
        if wrong:
            problems.append(f"{name}: {', '.join(map(repr, wrong))} not known; use {words}")
        if not out[name] or len(set(out[name])) < len(out[name]):
            problems.append(f"{name}: {out[name]!r} must hold at least one option, and each once")
    if problems:
        raise ValueError("; ".join(problems))
    if not _method_pairs(out):
        raise ValueError("tau2_method='CE' is paired with ci_method='z' only; add 'z', or another tau2_method")
    return out if has_contrasts else out | {"contrast_rows": (_EXCLUDE,)}


def _takes_correlations(name):
    return name.endswith("correlation")


def _is_correlation(x):
    return isinstance(x, Real) and not isinstance(x, bool) and -1 <= x < 1


def _method_pairs(options):
    """The pairs of methods that make sense together."""
    return [(t, c) for t in options["tau2_method"] for c in options["ci_method"] if t != "CE" or c == "z"]


class _DataSets(NamedTuple):
    """All data sets, one a row, and the options behind each.

    yi and vi are (n, studies), NaN where a study is absent; at is (n, choices), which option of each choice: the
    imputations of one combination have the same.
    """

    yi: np.ndarray
    vi: np.ndarray
    at: np.ndarray
    wording: Wording


def _data_sets(trials, contrasts, options, where):
    """The data sets for every combination of the options of `_DATA_CHOICES`, as `_DataSets`."""
    # A rule that fills in keeps all trials, which the arrays need; "drop" then takes them out again.
    lead = next((rule for rule in options["missing_sd"] if rule in RULES), "drop")
    lead = "impute" if lead == "drop" and MULTIPLE in options["missing_sd"] else lead
    # Imputations are options of their own until they are pooled.
    times = [IMPUTATIONS if rule == MULTIPLE else 1 for rule in options["missing_sd"]]
    rule_of = np.repeat(np.arange(len(times)), times)
    options = options | {"missing_sd": [options["missing_sd"][i] for i in rule_of]}
    trials = checked_trials(trials)
    made = [effect_sizes(trials, measure="MD", outcome=outcome, missing_sd=lead) for outcome in options["outcome"]]
    # Without attrs, which pandas would copy at every step.
    trials = pd.DataFrame(trials)
    spreads = {
        adjusted: _spreads(trials, options["correlation"], adjusted)
        for adjusted in dict.fromkeys(outcome == ANCOVA for outcome in options["outcome"])
    }
    reported = None if contrasts is None else contrast_effects(contrasts)
    shape = tuple(len(options[name]) for name in _DATA_CHOICES)
    parts, tables = [], []
    for found in made:
        own = _effects(found.table, spreads[found.options["outcome"] == ANCOVA], options)
        table, replaced = _with_reported(found, reported)
        tables += [table, found.left_out]
        keep = _present(table, replaced, options) & holding(table, where).to_numpy()
        every = (
            np.concatenate([x, np.broadcast_to(table[name], (*x.shape[:-1], len(table)))[..., len(found) :]], -1)
            for name, x in zip(("yi", "vi"), own, strict=True)
        )
        yi, vi = (np.where(keep, np.expand_dims(x, (3, 4, 5, 6)), np.nan) for x in every)
        parts.append((np.where(np.isfinite(vi), yi, np.nan), vi))
    say_what_is_nowhere(where, *tables)
    yi, vi = (np.stack(part).reshape(-1, part[0].shape[-1]) for part in zip(*parts, strict=True))
    at = np.indices(shape).reshape(len(shape), -1).T
    rule = _DATA_CHOICES.index("missing_sd")
    at[:, rule] = rule_of[at[:, rule]]
    return _DataSets(yi, vi, at, Wording.of(made[0]))


def _spreads(trials, correlations, adjusted):
    """The arms of all trials as in :func:`effect_sizes`, and their SDs (arms, correlations)."""
    single = arm_scores(compared_arms(trials), correlations[0], adjusted=adjusted)
    sd = np.repeat(single["sd"].to_numpy()[:, None], len(correlations), axis=1)
    made_after = single["sd_rule"].str.startswith(FROM_CHANGE)
    for lines, other, formula in (
        (single["correlated"] & ~made_after, "final", effects.change_sd),
        (single["correlated"] & made_after, "change", sd_from_change),
    ):
        before, known = (
            single[single["score"] == score].set_index("row")["sd"][single["row"][lines]].to_numpy()[:, None]
            for score in (BASELINE, other)
        )
        sd[lines] = formula(before, known, np.array(correlations))
    scores = one_per_role(single, "combine")
    mean, n = (single[column].to_numpy()[:, None] for column in ("mean", "n"))
    lines = [list(own) for own in scores["lines"]]
    merged = [
        sd[own[0]] if len(own) == 1 else combine_arms(mean[own], within(sd[own], n[own]), n[own])[1] for own in lines
    ]
    return scores, np.array(merged)


def _effects(table, spreads, options):
    """Effects and sampling variances of the trials: (correlation, crossover_correlation, missing_sd, studies)."""
    scores, known = spreads
    rules = options["missing_sd"]
    place = {key: at for at, key in enumerate(zip(scores["study"], scores["arm"], scores["score"], strict=True))}
    lines = {
        (arm, score): np.array([place[study, arm, score] for study in table["study"]])
        for arm in ("treatment", "placebo")
        for score in (BASELINE, "final", "change")
    }
    change, adjusted = (table["outcome"].to_numpy() == outcome for outcome in ("change", ANCOVA))
    used = [np.where(change, lines[arm, "change"], lines[arm, "final"]) for arm in ("treatment", "placebo")]
    needed = np.concatenate([*used, *(lines[arm, BASELINE][adjusted] for arm in ("treatment", "placebo"))])
    silent = [line for line in needed if np.isnan(known[line]).any()]
    sd, n = np.repeat(known[:, :, None, None], len(rules), axis=3), scores["n"].to_numpy()
    for line, alike in donors(scores, silent).items():
        for at, rule in enumerate(rules):
            if rule in RULES:
                sd[line, :, 0, at] = borrowed_sd(known[alike], n[alike], rule)
    if MULTIPLE in rules:
        _draw(sd, table, scores, known, place, [at for at, rule in enumerate(rules) if rule == MULTIPLE])
    mean = scores["mean"].to_numpy()
    arms = [x for arm in used for x in (mean[arm, None, None, None], sd[arm], n[arm, None, None, None])]
    paired = (table["design"] == "crossover").to_numpy()[:, None, None, None]
    # What a printed p tells does not vary: SDs that were made of it give it with the correlation they were made with.
    by_p = table["flags"].map(lambda flags: "SD from p" in flags) & (table["design"] == "crossover")
    told = table["period_correlation"].mask(by_p, DEFAULTS["crossover_correlation"]).to_numpy()[:, None, None, None]
    correlation = np.where(np.isnan(told), np.array(options["crossover_correlation"])[:, None], told)
    yi, vi = mean_effects(arms, paired, correlation)
    if adjusted.any():
        own = {key: at[adjusted] for key, at in lines.items()}
        yi[adjusted], vi[adjusted] = _adjusted(own, mean, sd, n, known, options)
    return np.moveaxis(yi, 0, -1), np.moveaxis(vi, 0, -1)


def _draw(sd, table, scores, known, place, columns):
    """Put SDs that are drawn into these columns of `sd` (lines, correlation, 1, missing_sd)."""
    silent = table[table["status"] == IMPUTED]
    wanted = list(zip(silent["study"], silent["outcome"], strict=True))
    for at, sds in enumerate(known.T):
        spread = sds_of(scores.assign(sd=sds))
        for key, (drawn, _) in drawn_sds(wanted, spread, spread, len(columns), 0).items():
            study, score, role = key
            sd[place[study, role, score], at, 0, columns] = drawn


def _adjusted(lines, mean, sd, n, known, options):
    """Differences adjusted for baseline and their variances: (studies, correlation, 1, missing_sd)."""
    three, arms, sds = (BASELINE, "final", "change"), [], []
    for arm in ("treatment", "placebo"):
        before, after, change = (sd[lines[arm, score]] for score in three)
        # The correlation that an arm tells is that of its own SDs, none of them borrowed.
        borrowed = np.isnan([known[lines[arm, score]] for score in three]).any(axis=0)
        sds.append((before, after, np.where(borrowed[:, :, None, None], np.nan, change)))
        means = (mean[lines[arm, score], None, None, None] for score in three[:2])
        arms += [next(means), before, next(means), after, n[lines[arm, "final"], None, None, None]]
    correlation = correlation_within(sds, arms[4::5], np.array(options["correlation"])[:, None, None])
    return effects.adjusted_difference(*arms, correlation)


def _with_reported(found, reported):
    """The effects of the trials above the reported differences, and which trials those replace."""
    own = found.table
    if reported is None:
        return own, np.zeros(len(own), dtype=bool)
    both = with_contrasts(found, reported).table
    extra = both[both["outcome"] == DIFFERENCE]
    replaced = own["study"].isin(extra["study"])
    return pd.concat([own, extra], ignore_index=True), np.append(replaced, np.zeros(len(extra), dtype=bool))


def _present(table, replaced, options):
    """Which studies are in: (1, 1, missing_sd, doubtful, second_hand, single_session, contrast_rows, studies)."""
    absent = {
        ("missing_sd", "drop"): table["status"] == IMPUTED,
        ("doubtful", _EXCLUDE): table["certainty"] == "doubtful",
        ("second_hand", _EXCLUDE): table["certainty"] == "second-hand",
        ("single_session", _EXCLUDE): table["week_band"] == WEEK_BANDS[0],
        ("contrast_rows", _EXCLUDE): table["outcome"] == DIFFERENCE,
        ("contrast_rows", _INCLUDE): replaced,
    }
    none, keep = np.zeros(len(table), dtype=bool), np.array(True)
    # Outcome and correlations, the choices before these, change the numbers of a study and never drop it here.
    for axis, name in enumerate(_DATA_CHOICES[3:], start=2):
        inside = [~np.asarray(absent.get((name, option), none)) for option in options[name]]
        keep = keep & np.reshape(inside, (*[1] * axis, len(inside), *[1] * (6 - axis), len(table)))
    return keep


def _distinct_data(yi, vi):
    """The first data set of each kind, and the kind of every data set."""
    seen = {}
    same = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in np.concatenate([yi, vi], axis=1)])
    return np.unique(same, return_index=True)[1], same


def _imputations_together(at, same, shape):
    """One row per combination: its options, its number, and the imputations (M, n) of those numbered after all others.

    A combination whose imputations are all alike has no SD that is missing.
    """
    combination = np.ravel_multi_index(at.T, shape)
    rows = np.argsort(combination, kind="stable")
    _, start, size = np.unique(combination[rows], return_index=True, return_counts=True)
    one, numbers = rows[start], same[rows[start]]
    many = np.array([same[rows[i : i + n]] for i, n in zip(start, size, strict=True) if n > 1]).reshape(-1, IMPUTATIONS)
    own = (many != many[:, :1]).any(axis=1)
    distinct, which = np.unique(many[own], axis=0, return_inverse=True)
    numbers[np.flatnonzero(size > 1)[own]] = same.max() + 1 + which.ravel()
    return at[one], numbers, distinct.T


@documented
def choice_effects(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how far each choice moves the pooled estimate, all else equal.

    Parameters
    ----------
    {frame}

    Returns
    -------
    pandas.DataFrame
        One row per option of every choice that has several, the choice with the largest shift first: choice, option,
        `analyses` (different ones with that option), `mean_estimate`, `median_estimate`, `share_excluding_zero`, then
        for the whole choice `shift`, the largest minus the smallest mean estimate of its options, `flips`, the share
        of comparisons in which the options disagree on whether the interval excludes zero, or on its side, and
        `comparisons`, their number. A comparison is a set of combinations that differ in this choice only. The means,
        medians and shares are over the comparisons that hold all options of the choice, so that options meet the same
        company; flips need two. NaN where there are none. Where the common-effect model ignores heterogeneity in some
        of the analyses, it is no option here: what it would move is not the choice of a sensible analyst.

    Raises
    ------
    ValueError
        If `frame` is not a multiverse, or holds a combination twice.

    See Also
    --------
    analysis.multiverse : Pool the trials by every combination of choices.
    analysis.multiverse_findings : Say in words what the analyses show.
    analysis.multiverse_plot : Draw the specification curve.

    Notes
    -----
    The analyses share their trials: shares describe them and are no probabilities.

    References
    ----------
    Steegen, Tuerlinckx, Gelman & Vanpaemel 2016, Perspect Psychol Sci 11:702-712, doi 10.1177/1745691616658637 (the
    multiverse).

    Voracek, Kossmeier & Tran 2019, Z Psychol 227:64-82, doi 10.1027/2151-2604/a000357 (of meta-analyses).

    Examples
    --------
    >>> from analysis import read_trials
    >>> frame = multiverse(read_trials("data/trials.csv"), correlation=0.5, crossover_correlation=0.5)
    >>> choice_effects(frame)[["choice", "option", "mean_estimate"]].head(2).round(2).values.tolist()
    [['second_hand', 'include', -1.13], ['second_hand', 'exclude', -0.76]]
    """
    _check_multiverse(frame)
    if marked(frame).any() and frame["tau2_method"].nunique() > 1:
        frame = frame[frame["tau2_method"] != "CE"]
    codes = {name: pd.factorize(frame[name]) for name in CHOICES if name in frame}
    side = np.where(frame["ci_high"] < 0, -1, np.where(frame["ci_low"] > 0, 1, 0))
    parts = []
    for name, (code, options) in codes.items():
        if len(options) > 1:
            others = [codes[other] for other in codes if other != name]
            # A frame of one choice only has no others; the zeros then put all its rows into one set.
            keys = [np.zeros(len(frame), dtype=int), *(c for c, _ in others)]
            sets = np.unique(np.ravel_multi_index(keys, [1, *(len(o) for _, o in others)]), return_inverse=True)[1]
            parts.append(_rows_of_choice(frame, name, code, options, sets, side))
    columns = (
        "choice option analyses mean_estimate median_estimate share_excluding_zero shift flips comparisons".split()
    )
    table = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return table.sort_values("shift", ascending=False, kind="stable", na_position="last").reset_index(drop=True)


def marked(frame: pd.DataFrame) -> pd.Series:
    """Return which analyses are marked because they ignore heterogeneity; none in a table that does not tell."""
    return frame.get("ignores_heterogeneity", pd.Series(False, index=frame.index)).astype(bool)


def _check_multiverse(frame):
    _check.table(frame, "frame", ["estimate", "ci_low", "ci_high"], "multiverse")
    if not len(frame):
        raise ValueError("frame has no row; pass the table that multiverse returns, or some of its rows")
    if not any(name in frame for name in CHOICES):
        raise ValueError("frame has no column of choices, such as tau2_method; pass the table that multiverse returns")
    if len(frame) > 1 and frame.duplicated([name for name in CHOICES if name in frame]).any():
        raise ValueError("frame holds a combination of choices twice; give one multiverse at a time")


def _rows_of_choice(frame, name, code, options, sets, side):
    """The rows of one choice: its options in their order of appearance."""
    shape = (sets.max() + 1, len(options))
    estimate, where = np.full(shape, np.nan), np.full(shape, np.nan)
    estimate[sets, code], where[sets, code] = frame["estimate"], side
    known = np.isfinite(where)
    whole, some = known.all(axis=1), known.sum(axis=1) > 1
    differ = np.nanmax(where[some], axis=1) != np.nanmin(where[some], axis=1)
    none = np.full(len(options), np.nan)
    means = estimate[whole].mean(axis=0) if whole.any() else none
    return pd.DataFrame(
        {
            "choice": name,
            "option": np.asarray(options, dtype=object),
            "analyses": frame.get("analysis", pd.Series(frame.index)).groupby(code).nunique().to_numpy(),
            "mean_estimate": means,
            "median_estimate": np.median(estimate[whole], axis=0) if whole.any() else none,
            "share_excluding_zero": (where[whole] != 0).mean(axis=0) if whole.any() else none,
            "shift": means.max() - means.min(),
            "flips": differ.mean() if some.any() else np.nan,
            "comparisons": int(some.sum()),
        }
    )


@documented
def multiverse_findings(frame: pd.DataFrame, *, unit: str | None = None, digits: int | None = None) -> str:
    """Return in words what a multiverse shows.

    Parameters
    ----------
    {frame}
    unit : str, optional
        Unit of the estimates. Default: that of the effects.
    digits : int, optional
        Decimals of the estimates. Default: as many as their intervals ask for.

    Returns
    -------
    str
        The number of analyses, in how many the interval excludes zero and on which side, range and median of the
        estimate, where the default analysis stands, tau and the prediction intervals, how many analyses ignore
        heterogeneity, the choice that moves the estimate most, and the choices on which the conclusion depends.

    Raises
    ------
    ValueError
        If `frame` is not a multiverse, or holds a combination twice.

    See Also
    --------
    analysis.multiverse : Pool the trials by every combination of choices.
    analysis.choice_effects : Compute how far each choice moves the estimate.
    analysis.multiverse_plot : Draw the specification curve.

    References
    ----------
    Steegen, Tuerlinckx, Gelman & Vanpaemel 2016, Perspect Psychol Sci 11:702-712, doi 10.1177/1745691616658637 (the
    multiverse).

    Simonsohn, Simmons & Nelson 2020, Nat Hum Behav 4:1208-1214, doi 10.1038/s41562-020-0912-z (choices that matter
    are named).

    Examples
    --------
    >>> from analysis import read_trials
    >>> from analysis.evidence.multiverse import multiverse
    >>> frame = multiverse(read_trials("data/trials.csv"), crossover_correlation=0.5, ci_method="z")
    >>> print(multiverse_findings(frame).partition(".")[0])
    3 840 combinations of choices give 2 992 different analyses, of 22 to 44 trials
    """
    _check.table(frame, "frame", ["analysis", "k", "excludes_zero", "confidence_level"], "multiverse")
    moved = choice_effects(frame)
    once = frame.drop_duplicates("analysis")
    words = wording_of(frame, digits)
    words = words if unit is None else replace(words, unit=unit)
    sentences = [_count_sentence(frame, once, words), _zero_sentence(once, words), _range_sentence(once, words)]
    sentences += [*_default_sentence(frame, once, words), *_spread_sentences(once, words), *_marked_sentence(once)]
    return " ".join([*sentences, *_choice_sentences(moved, words), _CAUTION])


def wording_of(frame: pd.DataFrame, digits: int | None = None) -> Wording:
    """Return the wording of a multiverse, with the decimals asked for, or those that its intervals need."""
    words = Wording.of(frame)
    return words.to(words.decimals(frame["ci_low"], frame["ci_high"]) if digits is None else digits)


def _count_sentence(frame, once, words):
    rows, n = (text.number(len(x), 0) for x in (frame, once))
    low, high = once["k"].min(), once["k"].max()
    noun = "analyses" if len(once) > 1 else "analysis"
    most = words.counted(int(high))
    trials = most if low == high else f"{text.number(low, 0)} to {most}"
    if len(frame) == len(once):
        return f"{n} {noun} of {trials}."
    return f"{rows} combinations of choices give {n} different {noun}, of {trials}."


def _zero_sentence(once, words):
    out = once[once["excludes_zero"]]
    start = f"The {text.level(once['confidence_level'].iat[0])} interval excludes zero in"
    if not len(out):
        return f"{start} none of them."
    less, more = (out["estimate"] < 0).sum(), (out["estimate"] > 0).sum()
    many = _many(once["excludes_zero"])
    below, above = (f" ({said})" if said else "" for said in sides(words))
    if not less or not more:
        return f"{start} {many} of them, {f'below it{below}' if less else f'above it{above}'}."
    return f"{start} {many} of them: {text.number(less, 0)} below it{below}, {text.number(more, 0)} above{above}."


def sides(words: Wording) -> tuple[str, str]:
    """Return what effects below and above zero say, such as "less pain with laser"; "" where nobody named the arms."""
    return words.reading(-1.0, -1.0), words.reading(1.0, 1.0)


def _many(which):
    """All, none, or the number and share of the analyses for which something holds."""
    n = int(which.sum())
    return "all" if n == len(which) else f"{text.number(n, 0)} ({text.chance(n / len(which))})" if n else "none"


def _range_sentence(once, words):
    return f"The pooled {words.measure.name} {_runs(once['estimate'], words.write, words.unit)}."


def _runs(values, write, unit):
    """The range and the median of the analyses, or the only value."""
    low, middle, high = (write(values.quantile(q)) for q in (0, 0.5, 1))
    unit = f" {unit}" if unit else ""
    if len(values) == 1:
        return f"is {middle}{unit}"
    return f"runs from {low} to {high}{unit}, with a median of {middle}"


def _default_sentence(frame, once, words):
    """How many analyses the default one is stronger than, further from zero on its own side; if it is among them."""
    usual = frame.loc[frame["default"], "estimate"].to_numpy()
    if not usual.size or len(once) == 1 or not usual[0]:
        return
    weaker = (np.sign(usual[0]) * once["estimate"] < abs(usual[0])).mean()
    share = text.chance(weaker) if weaker else "none"
    which = frame.attrs.get("marked", "default")
    yield f"The {which} analysis, with {words.write(usual[0])}, is stronger than {share} of them."


def _spread_sentences(once, words):
    """The range of tau, and of the prediction intervals, over the analyses that have them."""
    tau = np.sqrt(once.loc[once["tau2_method"] != "CE", "tau2"].dropna())
    if len(tau):
        yield f"Tau, the SD of true effects, {_runs(tau, text.significant, words.points)}."
    new = once[once["pi_low"].notna()]
    if len(new):
        beyond = (new["pi_low"] < 0) & (new["pi_high"] > 0)
        yield (
            f"The {text.level(new['confidence_level'].iat[0])} prediction intervals, on t(k{text.MINUS}1), lie between "
            f"{words.write(new['pi_low'].min())} and {words.write(new['pi_high'].max())}; {_many(beyond)} of them "
            "reach beyond no effect."
        )


def _marked_sentence(once):
    """How many analyses are marked, and that they do not decide which choice matters."""
    ignoring = marked(once)
    if ignoring.any():
        rest = ", and the common-effect model is no option in what follows" if once["tau2_method"].nunique() > 1 else ""
        yield (
            f"{capital(_many(ignoring))} of the analyses assume one common true effect although I² is "
            f"{text.percent(HETEROGENEOUS)} or more."
        )
        yield f"They are marked{rest}."


def _choice_sentences(moved, words):
    """The choice with the largest shift, and those on which the conclusion depends."""
    if not (moved["shift"] > 0).any():
        return ["No single choice moves it."] if len(moved) else []
    name = moved["choice"].iat[0]
    options = moved[moved["choice"] == name].sort_values("mean_estimate")
    low, high = options.iloc[0], options.iloc[-1]
    means = (f"{words.write(x['mean_estimate'])} with {_option(x['option'])}" for x in (low, high))
    shift = words.write(low["shift"])
    first = f"The choice that moves it most is {_WORDS[name]}: on average {' and '.join(means)}, a shift of {shift}."
    flips = moved.drop_duplicates("choice").sort_values("flips", ascending=False, kind="stable")
    flips = flips[flips["flips"] > 0]
    if not len(flips):
        return [first, "No single choice changes the conclusion on zero."]
    named = [f"{_WORDS[line.choice]} ({text.chance(line.flips)})" for line in flips.head(_NAMED).itertuples()]
    more = len(flips) - len(named)
    rest = f", less often on {more} other choice{'s' if more > 1 else ''}" if more else ""
    turns = "In the share of all-else-equal comparisons given, the conclusion on zero turns on"
    return [first, f"{turns} {', '.join(named)}{rest}."]


def _option(option):
    if option in (_INCLUDE, _EXCLUDE):
        return f"them {option}d"
    return text.number(option, 1) if isinstance(option, float) else f'"{option}"'
