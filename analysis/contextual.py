"""The contextual share: how much of the improvement in the treatment arms the placebo arms had too."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
import pandas as pd

from analysis import _validate
from analysis.inference import check_options
from analysis.results import ConfidenceInterval
from analysis.share_models import (
    ALL,
    ROUNDING,
    RULES,
    bivariate_ratios,
    bootstrap_ratio,
    both_arms,
    fit_shares,
    require_changes,
    robustness_table,
    univariate_ratios,
)
from analysis.share_result import ContextualShare

FEWEST_RESAMPLES = 100
NONE = ConfidenceInterval(np.nan, np.nan)


def contextual_share(
    effects,
    joint=None,
    *,
    rule="exclude",
    smallest=0.1,
    tau2_method="REML",
    ci_method="HKSJ",
    pi_method="t(k-1)",
    confidence_level=0.95,
    seed=0,
    n_bootstrap=2000,
):
    """Pool the part of the treatment arms' improvement that the placebo arms had too.

    Parameters
    ----------
    effects : EffectSizes
        The trials; those with the change in both arms count.
    joint : BivariateEffect, optional
        The bivariate fit of placebo and treatment changes to these trials, if it is at hand already.
    rule : {"exclude", "exclude near zero", "replace"}
        What to do where the log of a ratio does not exist or means little: leave out trials in which an arm did not
        improve; leave out also those in which an arm's improvement is not larger than its standard error (the delta
        method then adds 1 or more to the variance on the log scale); or set improvements below `smallest` to it.
    smallest : float
        Points; the smallest improvement under the rule "replace".
    tau2_method, ci_method, pi_method, confidence_level
        As for :func:`analysis.pool`.
    seed : int or numpy.random.Generator
        Of the bootstrap.
    n_bootstrap : int
        Resamples of the trials, at least 100, or 0 for none.

    Returns
    -------
    ContextualShare
        Withheld, with the reason in words, where fewer than three trials remain or where the pooled change in the
        treatment arms is not clearly below zero: of no improvement there is no share.

    Raises
    ------
    ValueError
        For an unknown option, if `effects` has no changes within arms, or if `joint` is a fit to other trials.

    Notes
    -----
    Improvement in the placebo arm divided by improvement in the treatment arm of the same trial, pooled by random
    effects: Zou 2016, doi 10.1136/annrheumdis-2015-208387 (abstract); Hafliðadóttir 2021, doi
    10.1186/s13063-021-05454-8, whose Table 2 has tau² and intervals that are symmetric on the log scale. Their handling
    of arms that did not improve could not be read; the rules and `smallest` are choices made here.

    Log ratio ln(placebo / treatment) with the variance v_p / p² + v_t / t² of independent arms by the delta method
    (Hedges 1999, doi 10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2); in a crossover trial less 2 cov / (p t), with
    the crossover correlation of the effect sizes.

    A log ratio drops placebo arms that got worse and gives little weight to those that hardly improved, under every
    rule, so the pooled share comes out too large where the true one is small. The ratio of the two bivariate means uses
    all trials and has no such bias; read the two together. Saueressig 2024, doi 10.1186/s12874-024-02152-2, advises
    against proportional contextual effects altogether: without an untreated arm, natural course and regression to the
    mean are part of them.

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> found = contextual_share(effect_sizes(read_trials("data/trials.csv")), n_bootstrap=0)
    >>> found.k, found.left_out["label"].tolist()[:2]
    (34, ['Chow 2006', 'Stelian 1992'])
    """
    _check(effects, rule, n_bootstrap)
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method}
    methods |= {"confidence_level": confidence_level}
    check_options(**methods)
    arms = both_arms(effects)
    if joint is not None and joint.k != arms.p.size:
        raise ValueError(
            f"joint is a fit to {joint.k} trials, but {arms.p.size} of these report both changes; leave it out, or fit "
            "these"
        )
    fits = fit_shares(arms, _smallest(smallest), methods)
    together = bivariate_ratios(arms, fits, joint, methods)
    means, why, pooled = together[ALL], fits.why[rule], fits.log[tau2_method, rule]
    if means.why:
        limits, no_bootstrap = NONE, means.why
    else:
        limits, no_bootstrap = bootstrap_ratio(arms, confidence_level, seed, n_bootstrap)
    reasons = {name: text for name, text in (("fieller", means.why), ("bootstrap", no_bootstrap)) if text}
    used = fits.used(rule)
    return ContextualShare(
        share=np.nan if why else float(np.exp(pooled.estimate)),
        ci=NONE if why else _back(pooled.ci),
        pi=NONE if why else _back(pooled.pi),
        k=int(used.sum()),
        n=int(arms.table["n"][used].sum()),
        reason=why,
        rule=rule,
        pooled=None if why else replace(pooled, measure="log contextual share"),
        ratio_of_means=means.share,
        fieller=ConfidenceInterval(means.low, means.high),
        bootstrap=ConfidenceInterval(*limits),
        treatment=fits.treatment[ALL],
        trials=_trials(arms, fits, rule),
        left_out=_left_out(effects, arms, used),
        replaced=_replaced(arms, smallest if rule == "replace" else -np.inf),
        robustness=robustness_table(fits, together, univariate_ratios(fits, confidence_level)),
        resamples=0 if means.why else int(n_bootstrap),
        confidence_level=confidence_level,
        reasons=reasons,
    )


def _back(limits):
    return ConfidenceInterval(*(float(np.exp(limit)) for limit in limits))


def _check(effects, rule, n_bootstrap):
    require_changes(effects, "contextual_share")
    _validate.option("rule", rule, RULES)
    if not isinstance(n_bootstrap, Integral) or not (n_bootstrap == 0 or n_bootstrap >= FEWEST_RESAMPLES):
        raise ValueError(f"n_bootstrap={n_bootstrap!r}: give at least {FEWEST_RESAMPLES} resamples, or 0 for none")


def _smallest(value):
    if not isinstance(value, Real) or not 0 < value < np.inf:
        raise ValueError(f"smallest={value!r}: the smallest improvement is a number of points above 0, such as 0.1")
    return float(value)


def _trials(arms, fits, rule):
    """Both changes of each trial as the rule uses them, or as they are where it leaves the trial out."""
    y, v = fits.ratios[rule]
    pairs = (np.where(np.isfinite(used), used, x) for used, x in zip(fits.changes[rule], (arms.p, arms.t), strict=True))
    changes = dict(zip(("change_placebo", "change_treatment"), pairs, strict=True))
    return arms.table.assign(**changes, log_share=y, log_share_vi=v, used=fits.used(rule))


def _listed(table, keep, reasons):
    out = table.loc[keep, ["study", "label"]]
    return out.assign(reason=np.array(reasons, dtype=object)[keep]).reset_index(drop=True)


def _left_out(effects, arms, used):
    """The trials without a log ratio under the rule, with the reason: first the arms, then the missing changes."""
    none = [arms.p >= -ROUNDING, arms.t >= -ROUNDING]
    worse = [_which(p, t) for p, t in zip(*none, strict=True)]
    within = [arms.p**2 <= arms.vp, arms.t**2 <= arms.vt]
    small = [_which(p, t) for p, t in zip(within[0] & ~none[0], within[1] & ~none[1], strict=True)]
    said = [
        "; ".join([*([f"no improvement in {w}"] if w else []), *([f"improvement within its SE in {s}"] if s else [])])
        for w, s in zip(worse, small, strict=True)
    ]
    silent = effects.table[~effects.table["study"].isin(arms.table["study"])]
    rest = silent[["study", "label"]].assign(reason=silent["change_status"])
    return pd.concat([_listed(arms.table, ~used, said), rest], ignore_index=True)


def _replaced(arms, smallest):
    """The trials with an improvement below the smallest one."""
    small = [_which(p, t) for p, t in zip(arms.p > -smallest, arms.t > -smallest, strict=True)]
    said = [f"improvement set to the smallest in {which}" for which in small]
    return _listed(arms.table, np.array([bool(which) for which in small], dtype=bool), said)


def _which(placebo, treatment):
    if placebo and treatment:
        return "both arms"
    return "the placebo arm" if placebo else "the treatment arm" if treatment else ""
