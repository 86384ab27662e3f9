"""The multiverse: the same question answered by every sensible combination of an analyst's choices, in one go."""

from numbers import Real

import numpy as np
import pandas as pd

from analysis import _validate
from analysis.arm_scores import RULES, SCORES
from analysis.inference import CI_METHODS
from analysis.multiverse_data import DATA_CHOICES, EXCLUDE, INCLUDE, data_sets
from analysis.pooling import pool_batch
from analysis.results import BatchPooled
from analysis.tau2 import TAU2_METHODS

METHODS = ("tau2_method", "ci_method")
#: The columns of a multiverse that are choices.
CHOICES = (*DATA_CHOICES, *METHODS)
BOTH = (INCLUDE, EXCLUDE)
CORRELATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: The combination that `effect_sizes` and `pool` take when they are told nothing.
DEFAULTS = {"outcome": "change", "correlation": 0.5, "crossover_correlation": 0.5, "missing_sd": "impute"}
DEFAULTS |= dict.fromkeys(("doubtful", "second_hand", "single_session"), INCLUDE)
DEFAULTS |= {"contrast_rows": EXCLUDE, "tau2_method": "REML", "ci_method": "HKSJ"}
_RESULTS = ("k", "estimate", "se", "ci_low", "ci_high", "tau2", "i2", "pvalue")


def multiverse(
    trials,
    *,
    contrasts=None,
    outcome=("change", "final"),
    correlation=CORRELATIONS,
    crossover_correlation=(0.0, 0.5, 0.8),
    missing_sd=("impute", "impute-median", "impute-largest", "drop"),
    doubtful=BOTH,
    second_hand=BOTH,
    single_session=BOTH,
    contrast_rows=BOTH,
    tau2_method=("REML", "PM", "DL", "CE"),
    ci_method=("HKSJ", "HKSJ-mod", "z"),
    where=None,
    confidence_level=0.95,
):
    """Pool the trials by every combination of the choices that an analyst has to make.

    Each choice takes one option or several; the default options are those that a sensible analyst might defend.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`.
    contrasts : pandas.DataFrame, optional
        From :func:`analysis.read_contrasts`: reported differences, to be included and excluded.
    outcome, correlation, crossover_correlation, missing_sd : options of :func:`analysis.effect_sizes`
        Change or final scores; correlation of baseline and final pain; correlation of the two periods of a crossover
        trial; what to do with trials that print no spread, "drop" leaving them out. Several treatment arms of a trial
        are always combined.
    doubtful, second_hand, single_session, contrast_rows : "include", "exclude"
        Trials whose `certainty` is "doubtful" or "second-hand", whose `week_band` is "single session", and the rows
        of `contrasts`, joined by :func:`analysis.contrasts.with_contrasts`; without `contrasts` always "exclude".
    tau2_method, ci_method : options of :func:`analysis.pool`
        The common-effect model "CE" is paired with the normal interval "z" only, as the other intervals are made for
        effects that vary between trials.
    where : dict, optional
        Columns of the effect sizes and the values to keep, such as ``{"therapy_family": ["Light"]}``. Missing SDs are
        still borrowed from all trials.
    confidence_level : float

    Returns
    -------
    pandas.DataFrame
        One row per combination that leaves at least one trial: the choices, then k, estimate, se, ci_low, ci_high,
        tau2, i2, pvalue, `excludes_zero`, `confidence_level`, `analysis` and `default`. Combinations that give the same
        trials the same numbers and the same methods have the same number in `analysis`: a correlation that no trial
        needs multiplies rows, not analyses. Count analyses with ``frame.drop_duplicates("analysis")``; two methods
        that agree are two analyses, but with a single trial no method matters. `default` marks the combination that
        `effect_sizes` and `pool` take when they are told nothing.

    Raises
    ------
    ValueError
        For options that are not known, listing all; if no combination leaves a trial; or as :func:`effect_sizes`.

    Notes
    -----
    Every row equals `pool` of `effect_sizes` with its options. The analyses share their trials: they are not
    independent, and the share of them in which an interval excludes zero is no probability and no test.
    Steegen 2016, Perspect Psychol Sci 11:702-712, doi 10.1177/1745691616658637; for meta-analysis Voracek 2019,
    Z Psychol 227:64-82, doi 10.1027/2151-2604/a000357.

    Examples
    --------
    >>> from analysis import read_trials
    >>> frame = multiverse(read_trials("data/trials.csv"), where={"therapy_family": ["Light", "Magnetic field"]})
    >>> len(frame), frame["analysis"].nunique()
    (19200, 12840)
    >>> bool(frame["excludes_zero"].all())
    False
    """
    given = locals()
    options = _checked({name: given[name] for name in CHOICES}, contrasts is not None)
    level, where = _validate.level(confidence_level), {} if where is None else dict(where)
    data = data_sets(trials, contrasts, options, where)
    here = np.isfinite(data.vi).any(axis=1)
    if not here.any():
        raise ValueError("no combination leaves a trial; include more, or widen `where`")
    yi, vi, at = (x[here] for x in data)
    pairs = _pairs(options)
    first, same = _distinct(yi, vi)
    results = [pool_batch(yi[first], vi[first], tau2_method=t, ci_method=c, confidence_level=level) for t, c in pairs]
    batch = BatchPooled(*(np.column_stack(x)[same].ravel() for x in zip(*results, strict=True)))
    frame = {
        name: np.repeat(np.array(options[name], dtype=_kind(name))[at[:, j]], len(pairs))
        for j, name in enumerate(DATA_CHOICES)
    }
    frame |= {
        name: np.tile(np.array(x, dtype=object), len(at))
        for name, x in zip(METHODS, zip(*pairs, strict=True), strict=True)
    }
    number = same[:, None] * len(pairs) + np.arange(len(pairs))
    number = np.where(batch.k.reshape(number.shape) == 1, number[:, :1], number)
    frame |= {name: getattr(batch, name) for name in _RESULTS}
    frame["excludes_zero"] = (batch.ci_low > 0) | (batch.ci_high < 0)
    frame |= {"confidence_level": level, "analysis": pd.factorize(number.ravel())[0]}
    table = pd.DataFrame(frame)
    return table.assign(default=(table[list(DEFAULTS)] == pd.Series(DEFAULTS)).all(axis=1))


def _kind(name):
    return float if name.endswith("correlation") else object


def _pairs(options):
    """The pairs of methods that make sense together."""
    return [(t, c) for t in options["tau2_method"] for c in options["ci_method"] if t != "CE" or c == "z"]


def _distinct(yi, vi):
    """The first data set of each kind, and the kind of every data set."""
    seen = {}
    same = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in np.concatenate([yi, vi], axis=1)])
    return np.unique(same, return_index=True)[1], same


def _checked(options, has_contrasts):
    """Every choice as a tuple of options; ValueError lists all that is wrong."""
    allowed = {"outcome": SCORES, "missing_sd": (*RULES, "drop"), "tau2_method": TAU2_METHODS, "ci_method": CI_METHODS}
    out, problems = {}, []
    for name, given in options.items():
        out[name] = (given,) if isinstance(given, str | Real) else tuple(given)
        number = _kind(name) is float
        words = "numbers from -1 to below 1" if number else ", ".join(map(repr, allowed.get(name, BOTH)))
        good = _is_correlation if number else allowed.get(name, BOTH).__contains__
        wrong = [option for option in out[name] if not good(option)]
        if wrong:
            problems.append(f"{name}: {', '.join(map(repr, wrong))} not known; use {words}")
        if not out[name] or len(set(out[name])) < len(out[name]):
            problems.append(f"{name}: {out[name]!r} must hold at least one option, and each once")
    if problems:
        raise ValueError("; ".join(problems))
    if not _pairs(out):
        raise ValueError("tau2_method='CE' is paired with ci_method='z' only; add 'z', or another tau2_method")
    return out if has_contrasts else out | {"contrast_rows": (EXCLUDE,)}


def _is_correlation(x):
    return isinstance(x, Real) and not isinstance(x, bool) and -1 <= x < 1


def choice_effects(frame):
    """Return how far each choice moves the pooled estimate, all else equal.

    Parameters
    ----------
    frame : pandas.DataFrame
        From :func:`multiverse`, whole or some of its rows.

    Returns
    -------
    pandas.DataFrame
        One row per option of every choice that has several, the choice with the largest shift first: choice, option,
        `analyses` (different ones with that option), `mean_estimate`, `median_estimate`, `share_excluding_zero`, then
        for the whole choice `shift`, the largest minus the smallest mean estimate of its options, `flips`, the share
        of comparisons in which the options disagree on whether the interval excludes zero, or on its side, and
        `comparisons`, their number. A comparison is a set of combinations that differ in this choice only. The means,
        medians and shares are over the comparisons that hold all options of the choice, so that options meet the same
        company; flips need two. NaN where there are none.

    Raises
    ------
    ValueError
        If `frame` is not a multiverse, or holds a combination twice.

    Notes
    -----
    The analyses share their trials: shares describe them and are no probabilities.

    Examples
    --------
    >>> from analysis import read_trials
    >>> frame = multiverse(read_trials("data/trials.csv"), correlation=0.5, crossover_correlation=0.5)
    >>> choice_effects(frame)[["choice", "option", "mean_estimate"]].head(2).round(2).values.tolist()
    [['second_hand', 'include', -1.1], ['second_hand', 'exclude', -0.75]]
    """
    _check(frame)
    codes = {name: pd.factorize(frame[name]) for name in CHOICES if name in frame}
    side = np.where(frame["ci_high"] < 0, -1, np.where(frame["ci_low"] > 0, 1, 0))
    parts = []
    for name, (code, options) in codes.items():
        if len(options) > 1:
            others = [codes[other] for other in codes if other != name]
            keys = [np.zeros(len(frame), dtype=int), *(c for c, _ in others)]
            sets = np.unique(np.ravel_multi_index(keys, [1, *(len(o) for _, o in others)]), return_inverse=True)[1]
            parts.append(_one_choice(frame, name, code, options, sets, side))
    columns = (
        "choice option analyses mean_estimate median_estimate share_excluding_zero shift flips comparisons".split()
    )
    table = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return table.sort_values("shift", ascending=False, kind="stable", na_position="last").reset_index(drop=True)


def _check(frame):
    if not isinstance(frame, pd.DataFrame) or not {"estimate", "ci_low", "ci_high"} <= set(frame) or not len(frame):
        raise ValueError("frame must be the table that multiverse returns, with at least one row")
    if len(frame) > 1 and frame.duplicated([name for name in CHOICES if name in frame]).any():
        raise ValueError("frame holds a combination of choices twice; give one multiverse at a time")


def _one_choice(frame, name, code, options, sets, side):
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
