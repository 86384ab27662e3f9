"""The contextual share: how much of the improvement in the treatment arms the placebo arms had too.

The share is the ratio of two pooled means, from all trials, with Fieller's interval. The pooled log ratio of the two
changes, which others publish, stands beside it under each rule for arms that did not improve. The result keeps the
trials behind them, the table of all variants, and published shares beside it; or the reason why there is no share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import CIMethod, Floats, PIMethod, ShareRule, Tau2Method
from analysis.effects import log_ratio_of_means
from analysis.measures import Measure
from analysis.models.bivariate import changes_of_arms, pool_bivariate_columns, pool_bivariate_groups
from analysis.models.pooling import check_options, pool_columns
from analysis.models.results import ConfidenceInterval, PooledEffect, Result, t_quantile
from analysis.models.studies import warn_of_repeats

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes
    from analysis.models.bivariate import BivariateEffect

# The measure of a change within arms, which is no difference between them.
ARM_CHANGE = Measure("MC")
_RULES = ("exclude", "exclude near zero", "replace")
_ALL = "all trials"
# Sets of trials for the ratios of means, where nothing need be replaced: a mean takes changes of any sign.
_MEANS = (_ALL, "exclude", "exclude near zero")
_LOG_MODELS = ("REML", "DL", "CE")
# Trials; the bivariate model can be fitted to no fewer.
_FEWEST = 3
# Points: more than the rounding errors of final minus baseline can make of no change.
_ROUNDING = 1e-9
# Then 2.5 resamples lie beyond either end of a 95% interval; with fewer an end is a single resample.
_FEWEST_RESAMPLES = 100

_BOUNDED, _COMPLEMENT, _EVERYTHING = "interval", "complement", "everything"
_UNBOUNDED = {_COMPLEMENT: "the complement of an interval", _EVERYTHING: "the whole line"}
_NO_CHANGES = "no trial reports the change in both arms"
_TOO_FEW = "fewer than three trials remain"
_NO_IMPROVEMENT = "the {0} arms did not clearly improve, and of no improvement there is no share"
_NEAR_ZERO = "in too many resamples the {0} arms did not improve"
_PUBLISHED = ("contextual share", "placebo response ratio")

_NEEDED = {"study", "label", "design", "condition_group", "n_treatment", "n_placebo", "change_status"}
_NEEDED |= {f"change_{arm}{end}" for arm in ("placebo", "treatment") for end in ("", "_vi")}
_NONE = ConfidenceInterval(np.nan, np.nan)


class PooledLogRatio(NamedTuple):
    """The contextual share as a pooled log ratio, transformed back, and the trials it does without.

    NaN where `reason` says why there is none; `pooled` holds the log ratios, `left_out` the trials in which an arm did
    not improve, and `replaced` those whose improvement was set to the smallest.
    """

    estimate: float
    ci: ConfidenceInterval
    pi: ConfidenceInterval
    k: int
    n: int
    rule: str
    reason: str
    pooled: PooledEffect | None
    left_out: pd.DataFrame
    replaced: pd.DataFrame


@dataclass(frozen=True, eq=False, repr=False)
class ContextualShare(Result):
    """The change in the placebo arms as a share of the change in the treatment arms.

    Attributes
    ----------
    share : float
        Mean change of the placebo arms over that of the treatment arms, a fraction, from the bivariate fit to all
        trials with both changes. NaN if withheld.
    ci : ConfidenceInterval
        Its confidence interval, by Fieller's theorem.
    k, n : int
        Trials behind `share`, and the people in them.
    reason : str
        Why there is no share; "" if there is one.
    bootstrap : ConfidenceInterval
        Interval of `share` by resampling trials; NaN where not estimable.
    no_bootstrap : str
        Why `bootstrap` is not estimable; "" if it is, or was not asked for.
    log_ratio : PooledLogRatio
        The pooled log ratio, for comparison with published shares: estimate, ci, pi (of the share in a new trial), k,
        n, the rule for arms that did not improve, reason, left_out and replaced.
    treatment : PooledEffect or None
        Change within the treatment arms of all trials with both changes; a share needs it to be a clear improvement.
    trials : pandas.DataFrame
        study, label, condition_group, change_status ("imputed" where an SD is borrowed), n, change_placebo,
        change_treatment (points), log_share, log_share_vi (NaN where the rule leaves the trial out).
    left_out : pandas.DataFrame
        study, label, reason of the trials without both changes.
    robustness : pandas.DataFrame
        model, rule, k, share, ci_low, ci_high, tau (of the log share; NaN for a ratio of means), reason.
    resamples : int
        Resamples behind `bootstrap`.
    confidence_level : float
        Level of all intervals.
    effects : EffectSizes
        The trials it was made of.

    See Also
    --------
    analysis.contextual_share : Make this result.
    analysis.pool_arms : Pool both arms; its result has this one as an attribute.
    analysis.read_benchmarks : Read published shares.

    References
    ----------
    Zou 2016, doi 10.1136/annrheumdis-2015-208387 (abstract), and Hafliðadóttir 2021, doi 10.1186/s13063-021-05454-8
    (the pooled share).

    Hedges 1999, doi 10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2 (variance of a log ratio).

    Fieller 1954, J R Stat Soc B 16:175-185, and Franz 2007, arXiv 0710.2024 (interval of a ratio of means).

    Efron & Tibshirani 1993, An Introduction to the Bootstrap (percentile interval).

    Examples
    --------
    >>> from analysis import contextual_share, effect_sizes, read_trials
    >>> found = contextual_share(effect_sizes(read_trials("data/trials.csv")), n_bootstrap=0)
    >>> print(f"{found.share:.2f} ({found.ci.low:.2f} to {found.ci.high:.2f})")
    0.59 (0.49 to 0.71)
    >>> print(f"{found.log_ratio.estimate:.2f}, {found.log_ratio.k} of {found.k} trials")
    0.67, 34 of 36 trials
    """

    share: float
    ci: ConfidenceInterval
    k: int
    n: int
    reason: str
    bootstrap: ConfidenceInterval
    no_bootstrap: str
    log_ratio: PooledLogRatio
    treatment: PooledEffect | None
    trials: pd.DataFrame
    left_out: pd.DataFrame
    robustness: pd.DataFrame
    resamples: int
    confidence_level: float
    effects: EffectSizes | None = field(default=None, repr=False)

    def beside(self, benchmarks: pd.DataFrame) -> pd.DataFrame:
        """Return this share and its log ratio above published ones.

        Parameters
        ----------
        benchmarks : pandas.DataFrame
            From :func:`analysis.read_benchmarks`; the rows whose `measure` is a contextual share or a placebo response
            ratio are taken.

        Returns
        -------
        pandas.DataFrame
            Columns source, condition, k, n, share, ci_low, ci_high, note.
        """
        taken = benchmarks[benchmarks["measure"].isin(_PUBLISHED)]
        note = taken["note"].where(taken["note"].notna(), "").astype(object)
        note = note.where(taken["measure"] == _PUBLISHED[0], taken["measure"] + "; " + note)
        source = taken["review"] + " " + taken["year"].map(lambda year: f"{int(year)}")
        published = taken[["condition", "k", "n", "estimate", "ci_low", "ci_high"]].astype({"k": float, "n": float})
        published = published.rename(columns={"estimate": "share"}).assign(note=note)
        published.insert(0, "source", source)
        groups = self.trials["condition_group"].unique()
        condition = groups[0] if len(groups) == 1 else "several conditions"
        log = self.log_ratio
        ours = [
            ("these trials", condition, k, n, share, *ci, "; ".join(filter(None, (how, why))))
            for k, n, share, ci, how, why in (
                (self.k, self.n, self.share, self.ci, "ratio of the bivariate means, Fieller interval", self.reason),
                (log.k, log.n, log.estimate, log.ci, f"pooled log ratio, rule: {log.rule}", log.reason),
            )
        ]
        return pd.concat([pd.DataFrame(ours, columns=published.columns), published], ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """Return the trials and, below them, the share and the pooled log ratio.

        Returns
        -------
        pandas.DataFrame
            Columns label, share, ci_low, ci_high, weight (in the log ratio), kind ("study", "ratio of means", "log
            ratio"). The interval of a trial is normal on the log scale. No trials where the log ratio is withheld.
        """
        log, rows = self.log_ratio, []
        if log.pooled is not None:
            each = log.pooled.to_frame().iloc[: log.k]
            back = np.exp(each[["yi", "ci_low", "ci_high"]]).rename(columns={"yi": "share"})
            rows = [pd.concat([each["label"], back, each[["weight", "kind"]]], axis=1)]
        summary = [
            ("Pooled", self.share, *self.ci, 1.0, "ratio of means"),
            ("Pooled", log.estimate, *log.ci, 1.0, "log ratio"),
        ]
        columns = ["label", "share", "ci_low", "ci_high", "weight", "kind"]
        return pd.concat([*rows, pd.DataFrame(summary, columns=columns)], ignore_index=True)

    def _in_words(self):
        return sentences.contextual_share(self)


@documented
def contextual_share(
    effects: EffectSizes,
    joint: BivariateEffect | None = None,
    *,
    rule: ShareRule = "exclude",
    smallest: float = 0.1,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    pi_method: PIMethod = "Nagashima",
    confidence_level: float = 0.95,
    seed: int | np.random.Generator = 0,
    n_bootstrap: int = 2000,
) -> ContextualShare:
    """Return the part of the treatment arms' improvement that the placebo arms had too.

    Parameters
    ----------
    effects : EffectSizes
        The trials; those with the change in both arms count.
    joint : BivariateEffect, optional
        The bivariate fit of placebo and treatment changes to these trials, if it is at hand already.
    rule : {"exclude", "exclude near zero", "replace"}
        What the log ratio does where the log of a ratio does not exist or means little: leave out trials in which an
        arm did not improve; leave out also those in which an arm's improvement is not larger than its standard error
        (the delta method then adds 1 or more to the variance on the log scale); or set improvements below `smallest`
        to it.
    smallest : float
        Points; the smallest improvement under the rule "replace".
    {tau2_method, ci_method, pi_method, confidence_level}
    seed : int or numpy.random.Generator
        Of the bootstrap.
    n_bootstrap : int
        Resamples of the trials, at least 100, or 0 for none.

    Returns
    -------
    ContextualShare
        Withheld, with the reason in words, where there are fewer than three trials or where the treatment arms as a
        whole did not clearly improve: of no improvement there is no share.

    Raises
    ------
    ValueError
        For an unknown option, if `effects` has no changes within arms or nobody said what is good of them, or if
        `joint` is a fit to other trials.

    See Also
    --------
    analysis.pool_arms : Pool both arms beside the contrast.
    analysis.pool_bivariate : Pool two effects of each trial together.
    analysis.read_benchmarks : Read published shares to set beside this one.

    Notes
    -----
    The share is the ratio of the two means of the bivariate model, improvement with placebo over improvement with
    treatment, of all trials with both changes; its interval is Fieller's. Beside it stands the log ratio
    ln(placebo / treatment) of each trial, pooled by random effects as by Zou and by Hafliðadóttir, whose Table 2 has
    tau² and intervals that are symmetric on the log scale. Its variance is v_p / p² + v_t / t² of independent arms by
    the delta method; in a crossover trial less 2 cov / (p t), with the crossover correlation of the effect sizes. Their
    handling of arms that did not improve could not be read; the rules and `smallest` are choices made here.

    A log ratio drops placebo arms that got worse and gives little weight to those that hardly improved, under every
    rule, so the pooled log ratio is too large where the true share is small: docs/coverage.md has how often either
    interval holds a known share. Saueressig advises against proportional contextual effects altogether: without an
    untreated arm, natural course and regression to the mean are part of them.

    References
    ----------
    Zou 2016, doi 10.1136/annrheumdis-2015-208387 (abstract), and Hafliðadóttir 2021, doi 10.1186/s13063-021-05454-8
    (the pooled share).

    Hedges 1999, doi 10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2 (variance of a log ratio).

    Fieller 1954, J R Stat Soc B 16:175-185, and Franz 2007, arXiv 0710.2024 (interval of a ratio of means).

    Efron & Tibshirani 1993, An Introduction to the Bootstrap (percentile interval).

    Saueressig 2024, doi 10.1186/s12874-024-02152-2 (advice against proportional contextual effects).

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> found = contextual_share(effect_sizes(read_trials("data/trials.csv")), n_bootstrap=0)
    >>> found.log_ratio.k, found.log_ratio.left_out["label"].tolist()
    (34, ['Chow 2006', 'Stelian 1992'])
    """
    require_changes(effects, "contextual_share")
    require_benefit(effects, "contextual_share")
    _check.option("rule", rule, _RULES)
    if not isinstance(n_bootstrap, Integral) or not (n_bootstrap == 0 or n_bootstrap >= _FEWEST_RESAMPLES):
        raise ValueError(f"n_bootstrap={n_bootstrap!r}: give at least {_FEWEST_RESAMPLES} resamples, or 0 for none")
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method}
    methods |= {"confidence_level": confidence_level}
    check_options(**methods)
    arms = both_arms(effects)
    # Below, a fall is an improvement.
    sign = -1.0 if effects.benefit == "higher" else 1.0
    arms = arms._replace(p=sign * arms.p, t=sign * arms.t)
    if joint is not None and joint.k != arms.p.size:
        raise ValueError(
            f"joint is a fit to {joint.k} trials, but {arms.p.size} of these report both changes; leave it out, or fit "
            "these"
        )
    strangers = [] if joint is None else sorted({*joint.labels} - {*map(str, arms.table["label"])})
    if strangers and not _check.only_numbered(joint.labels):
        raise ValueError(
            f"joint is a fit to other trials: {_check.few(strangers)} are not among these; leave it out, or fit these"
        )
    if not isinstance(smallest, Real) or not 0 < smallest < np.inf:
        raise ValueError(f"smallest={smallest!r}: the smallest improvement is a number of points above 0, such as 0.1")
    fits = _fit_shares(arms, float(smallest), methods)
    together = _ratios_of_means(fits, _bivariate_means(arms, fits, joint, methods, sign), confidence_level)
    apart = _ratios_of_means(fits, _separate_means(fits), confidence_level)
    means = together[_ALL]
    bootstrap, no_bootstrap = _NONE, means.why
    if not means.why:
        bootstrap, no_bootstrap = _bootstrap_ratio(arms, confidence_level, seed, n_bootstrap)
    silent = effects.table[~effects.table["study"].isin(arms.table["study"])]
    y, v = fits.ratios[rule]
    return ContextualShare(
        share=means.share,
        ci=ConfidenceInterval(means.low, means.high),
        k=len(arms.table),
        n=int(arms.table["n"].sum()),
        reason=means.why,
        bootstrap=bootstrap,
        no_bootstrap=no_bootstrap,
        log_ratio=_log_ratio(arms, fits, tau2_method, rule, smallest),
        treatment=_changing(fits.treatment[_ALL], sign),
        trials=arms.table.assign(
            change_placebo=sign * arms.p, change_treatment=sign * arms.t, log_share=y, log_share_vi=v
        ),
        left_out=silent[["study", "label"]].assign(reason=silent["change_status"]).reset_index(drop=True),
        robustness=_robustness_table(fits, together, apart),
        resamples=0 if means.why else int(n_bootstrap),
        confidence_level=confidence_level,
        effects=effects,
    )


def _log_ratio(arms, fits, model, rule, smallest):
    """The pooled log ratio by one model under one rule, with the trials it leaves out or changes."""
    pooled, why, used = fits.log[model, rule], fits.why[rule], fits.used(rule)
    return PooledLogRatio(
        estimate=np.nan if why else float(np.exp(pooled.estimate)),
        ci=_NONE if why else _as_shares(pooled.ci),
        pi=_NONE if why else _as_shares(pooled.pi),
        k=int(used.sum()),
        n=int(arms.table["n"][used].sum()),
        rule=rule,
        reason=why,
        pooled=None if why else replace(pooled, measure=Measure("ROM")),
        left_out=_trials_without_share(arms, used),
        replaced=_replaced(arms, smallest if rule == "replace" else -np.inf),
    )


def _changing(pooled, sign):
    """Pooled improvements, falls, as the changes they are."""
    if pooled is None or sign > 0:
        return pooled
    turned = {name: ConfidenceInterval(-end.high, -end.low) for name, end in (("ci", pooled.ci), ("_pi", pooled.pi))}
    return replace(pooled, estimate=-pooled.estimate, statistic=-pooled.statistic, yi=-pooled.yi, **turned)


def require_changes(effects: Any, purpose: str, *, nested: bool = False) -> None:
    """Refuse effects without the columns of the changes within the arms; `purpose` is the function that needs them.

    A function that knows effects to be `nested` in trials takes several of one trial.
    """
    if not _NEEDED <= set(getattr(effects, "table", ())):
        raise ValueError(
            f"{purpose} needs the changes within the arms, and this {type(effects).__name__} has none; pass "
            "effect_sizes(trials) of an arm-level table, as read_trials gives it, with measure='MD'"
        )
    if not nested:
        warn_of_repeats(effects, effects.table, purpose)


def require_placebo(effects: Any, purpose: str) -> None:
    """Refuse effects against another arm than placebo; `purpose` is the function that is about placebo."""
    if (comparator := effects.options.get("comparator", "placebo")) != "placebo":
        raise ValueError(
            f"{purpose} is about placebo, and these effects compare with {comparator!r}; use forest or pool"
        )


def require_benefit(effects: EffectSizes, purpose: str) -> None:
    """Refuse effects of which nobody said what is good; `purpose` is the function that is about improvement."""
    if effects.benefit is None:
        raise ValueError(f"{purpose} is about improvement, and nobody said what is good; give benefit= to effect_sizes")


class Arms(NamedTuple):
    """The trials that report both changes: changes p and t, their variances and covariance, arrays of length k."""

    # study, label, condition_group, change_status, n
    table: pd.DataFrame
    p: np.ndarray
    vp: np.ndarray
    t: np.ndarray
    vt: np.ndarray
    c: np.ndarray
    # What the arms are called, treatment first.
    names: tuple[str, str]


def both_arms(effects: EffectSizes) -> Arms:
    """Return the changes of the trials that report one for both arms, as `Arms`."""
    changes, variances, c = changes_of_arms(effects)
    here = np.isfinite(changes + variances).all(axis=1)
    (p, t), (vp, vt), table = changes[here].T, variances[here].T, effects.table[here]
    crossover = (table["design"] == "crossover").to_numpy()
    # The arms of a crossover trial are the same people: they count once, and their changes covary.
    people = table["n_treatment"] + table["n_placebo"].where(~crossover, 0.0)
    about = table[["study", "label", "condition_group", "change_status"]].assign(n=people).reset_index(drop=True)
    return Arms(about, p, vp, t, vt, c[here], effects.arms)


def pool_both_arms(arms: Arms, members: ArrayLike, methods: Mapping[str, Any]) -> list[BivariateEffect | None]:
    """Pool the changes of both arms by the bivariate model for each set of `members`; `methods` as for `pool`."""
    return pool_bivariate_groups(
        np.column_stack([arms.p, arms.t]),
        np.column_stack([arms.vp, arms.vt]),
        members,
        vcov=arms.c,
        labels=arms.table["label"].tolist(),
        # The bivariate model knows no HKSJ interval: all that is not normal is t.
        ci_method="z" if methods["ci_method"] == "z" else "t",
        confidence_level=methods["confidence_level"],
    )


@dataclass(frozen=True, eq=False)
class _ShareFits:
    """Univariate fits: `log` by model and rule, `placebo` and `treatment` by set of trials, and why not, by either."""

    changes: dict
    ratios: dict
    log: dict
    placebo: dict
    treatment: dict
    why: dict
    no_improvement: str

    def used(self, name):
        """Which trials a rule or set keeps."""
        return np.isfinite(self.changes[name][0])


def _fit_shares(arms, smallest, methods):
    """Pool the log ratios under every rule and the changes of each set of trials: one call for each estimator."""
    changes = _used_changes(arms, smallest)
    ratios = {rule: _log_share(arms, *changes[rule]) for rule in _RULES}
    columns = {}
    for name in _MEANS:
        for role, change, v in zip(("placebo", "treatment"), changes[name], (arms.vp, arms.vt), strict=True):
            columns[role, name] = change, np.where(np.isfinite(change), v, np.nan)
    labels, own = arms.table["label"].tolist(), methods["tau2_method"]
    found = {own: pool_filled(ratios | columns, labels, methods)}
    others = [model for model in _LOG_MODELS if model != own]
    found |= {model: pool_filled(ratios, labels, methods | {"tau2_method": model}) for model in others}
    log = {(model, rule): fits.get(rule) for model, fits in found.items() for rule in _RULES}
    means = {key: replace(fit, measure=ARM_CHANGE) for key, fit in found[own].items() if key in columns}
    placebo, treatment = ({name: means.get((role, name)) for name in _MEANS} for role in ("placebo", "treatment"))
    no = _NO_IMPROVEMENT.format(arms.names[0])
    why = {name: _why_not(np.isfinite(p), treatment[_ALL], treatment.get(name), no) for name, (p, _) in changes.items()}
    return _ShareFits(changes, ratios, log, placebo, treatment, why, no)


def _used_changes(arms, smallest):
    """Return what each rule uses: dict of rule to (p, t), NaN where the trial is left out."""
    better = (arms.p < -_ROUNDING) & (arms.t < -_ROUNDING)
    clear = better & (arms.p < -np.sqrt(arms.vp)) & (arms.t < -np.sqrt(arms.vt))
    every = np.ones(better.size, dtype=bool)
    kept = {_ALL: every, "exclude": better, "exclude near zero": clear}
    out = {name: tuple(np.where(keep, x, np.nan) for x in (arms.p, arms.t)) for name, keep in kept.items()}
    return out | {"replace": (np.minimum(arms.p, -smallest), np.minimum(arms.t, -smallest))}


def _log_share(arms, p, t):
    """Log of placebo over treatment, and its variance: by the delta method, less the covariance of a crossover."""
    y, v = log_ratio_of_means(p, np.sqrt(arms.vp), 1, t, np.sqrt(arms.vt), 1, bias_correction=False)
    return y, v - 2.0 * arms.c / (p * t)


def pool_filled(
    columns: Mapping[Any, tuple[Floats, Floats]], labels: Sequence[str], methods: Mapping[str, Any]
) -> dict[Any, PooledEffect]:
    """Pool every column (y, v) that holds a trial, all in one call; a dict with the same keys."""
    filled = [key for key, (y, _) in columns.items() if np.isfinite(y).any()]
    if not filled:
        return {}
    y, v = (np.column_stack([columns[key][part] for key in filled]) for part in (0, 1))
    return dict(zip(filled, pool_columns(y, v, labels=labels, **methods), strict=True))


def _why_not(used, every, treatment, no_improvement):
    """Why these trials give no share, "" if they do; `every` is the treatment fit to all trials, the other to these."""
    if not used.size:
        return _NO_CHANGES
    # Asked of all trials first: a rule that drops the arms which got worse would make any change look like a fall.
    if used.size >= _FEWEST and not every.ci.high < 0:
        return no_improvement
    if used.sum() < _FEWEST:
        return _TOO_FEW
    return "" if treatment is None or treatment.ci.high < 0 else no_improvement


def _bivariate_means(arms, fits, joint, methods, sign):
    """Both means, their covariance and df by the bivariate fit to each set; `joint` is that to all trials, if known."""
    known = {} if joint is None else {_ALL: joint}
    rest = [name for name in _MEANS if not fits.why[name] and name not in known]
    if rest:
        members = np.column_stack([fits.used(name) for name in rest])
        known |= dict(zip(rest, pool_both_arms(arms, members, methods), strict=True))
    # The fit that is known is of the changes as they are.
    signs = {_ALL: 1.0 if joint is None else sign}
    return {name: (signs.get(name, 1.0) * fit.estimates, fit.vcov, fit.df) for name, fit in known.items()}


def _separate_means(fits):
    """Both means, their covariance and df of each set that has a share, pooled apart as if they were independent."""
    pairs = {name: (fits.placebo[name], fits.treatment[name]) for name in _MEANS if not fits.why[name]}
    return {name: ((p.estimate, t.estimate), np.diag([p.se**2, t.se**2]), t.df) for name, (p, t) in pairs.items()}


class _MeanRatio(NamedTuple):
    """A ratio of two pooled means with Fieller's interval, NaN where withheld, and why."""

    k: int
    share: float
    low: float
    high: float
    why: str


def _ratios_of_means(fits, means, confidence_level):
    """The ratio of mean changes of each set, placebo over treatment, unless the second is not clearly below zero."""
    out = {}
    for name in _MEANS:
        why, share, low, high = fits.why[name], np.nan, np.nan, np.nan
        if not why:
            (top, bottom), covariance, df = means[name]
            low, high, shape = fieller((top, bottom), covariance, t_quantile(df, confidence_level))
            if shape != _BOUNDED:
                why = f"{fits.no_improvement}; Fieller's set is {_UNBOUNDED[shape]}"
            elif bottom >= 0:
                why = fits.no_improvement
            share, low, high = (np.nan,) * 3 if why else (float(top / bottom), float(low), float(high))
        out[name] = _MeanRatio(fits.used(name).sum(), share, low, high, why)
    return out


class FiellerSet(NamedTuple):
    """Fieller's confidence set of each ratio: limits, NaN where it is no interval, and its shape in a word."""

    low: np.ndarray
    high: np.ndarray
    shape: np.ndarray


def fieller(means: ArrayLike, covariance: ArrayLike, critical: ArrayLike) -> FiellerSet:
    """Return Fieller's confidence set of a ratio of two means.

    Parameters
    ----------
    means : array_like, shape (..., 2)
        Estimates, numerator first.
    covariance : array_like, shape (..., 2, 2)
        Their covariance matrix.
    critical : array_like
        Critical value of the standard normal or of the t distribution.

    Returns
    -------
    FiellerSet
        `low`, `high` and `shape` with the shape of the ratios. The set is an "interval" where the denominator differs
        from 0 by its own test. Elsewhere it is the "complement" of an interval or "everything", the limits are NaN,
        and no interval can be given.

    Raises
    ------
    ValueError
        If the arrays do not have the shapes above.

    Notes
    -----
    All ratios r for which numerator - r denominator does not differ from 0, a quadratic inequality in r. Fieller 1954,
    J R Stat Soc B 16:175-185; the three shapes are described by Franz 2007, arXiv 0710.2024.

    Examples
    --------
    >>> found = fieller([1.0, 8.0], [[3.0, 1.0], [1.0, 1.0]], 2.0)
    >>> print(f"{found.low:.4f} to {found.high:.4f}, {found.shape}")
    -0.3667 to 0.5000, interval
    """
    means, covariance = np.asarray(means, dtype=float), np.asarray(covariance, dtype=float)
    if means.shape[-1:] != (2,) or covariance.shape[-2:] != (2, 2):
        raise ValueError(
            f"means has the shape {means.shape}, covariance {covariance.shape}; give (..., 2) and (..., 2, 2), the "
            "numerator first"
        )
    top, bottom = means[..., 0], means[..., 1]
    squared = np.asarray(critical, dtype=float) ** 2
    a = bottom**2 - squared * covariance[..., 1, 1]
    b = top * bottom - squared * covariance[..., 0, 1]
    c = top**2 - squared * covariance[..., 0, 0]
    inside = b**2 - a * c
    bounded = a > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.sqrt(np.maximum(inside, 0.0)) / a
        low, high = (np.where(bounded, b / a + side * half, np.nan)[()] for side in (-1, 1))
    unbounded = np.where((inside > 0) & (a < 0), _COMPLEMENT, _EVERYTHING)
    return FiellerSet(low, high, np.where(bounded, _BOUNDED, unbounded)[()])


def _bootstrap_ratio(arms, confidence_level, seed, n_bootstrap):
    """Return the percentile interval of the ratio of bivariate means, trials resampled, and why there is none."""
    if not n_bootstrap:
        return _NONE, ""
    k = arms.p.size
    drawn = _check.generator(seed=seed).integers(k, size=(k, n_bootstrap))
    fits = pool_bivariate_columns(*(x[drawn] for x in (arms.p, arms.vp, arms.t, arms.vt, arms.c)))
    limits = ConfidenceInterval(*percentile_interval(*fits.estimates, confidence_level))
    return limits, "" if np.isfinite(limits.low) else _NEAR_ZERO.format(arms.names[0])


def percentile_interval(
    tops: ArrayLike, bottoms: ArrayLike, confidence_level: float, sign: int = -1
) -> tuple[float, float]:
    """Return the percentile interval of bootstrapped ratios; NaN where a limit would lie beyond a denominator of zero.

    Parameters
    ----------
    tops, bottoms : array_like, shape (n,)
        Numerators and denominators of the n resamples.
    confidence_level : float
        0.95 for 95%.
    sign : {-1, 1}
        The side of zero on which the denominator must be.

    Returns
    -------
    tuple of float
        Lower and upper limit. Resamples whose denominator is on the other side of zero, or zero, count as larger than
        every ratio, or as smaller where their numerator is there too: this is where the ratio goes as the denominator
        shrinks. A limit among them is not estimable: then both are NaN, as they are without resamples.

    Notes
    -----
    The percentile interval of Efron and Tibshirani 1993, An Introduction to the Bootstrap.

    Examples
    --------
    >>> [round(limit, 3) for limit in percentile_interval(-np.arange(1.0, 102.0), np.full(101, -100.0), 0.9)]
    [0.06, 0.96]
    """
    tops, bottoms = sign * np.asarray(tops, dtype=float), sign * np.asarray(bottoms, dtype=float)
    if not tops.size:
        return np.nan, np.nan
    tail, good = (1.0 - confidence_level) / 2.0, bottoms > 0
    ratios = np.where(good, tops / np.where(good, bottoms, 1.0), np.where(tops > 0, np.inf, -np.inf))
    with np.errstate(invalid="ignore"):
        limits = np.quantile(ratios, [tail, 1.0 - tail])
    return tuple(limits.tolist()) if np.isfinite(limits).all() else (np.nan, np.nan)


def _as_shares(limits):
    return ConfidenceInterval(*(float(np.exp(limit)) for limit in limits))


def _trials_without_share(arms, used):
    """The trials without a log ratio under the rule, with the arms that are the reason."""
    none = [arms.p >= -_ROUNDING, arms.t >= -_ROUNDING]
    within = [arms.p**2 <= arms.vp, arms.t**2 <= arms.vt]
    small = [near & ~worse for near, worse in zip(within, none, strict=True)]
    parts = (
        ("no improvement in ", _which_arms(arms, *none)),
        ("improvement within its SE in ", _which_arms(arms, *small)),
    )
    said = [[start + which if which else "" for which in arm] for start, arm in parts]
    return _with_reasons(arms.table, ~used, ["; ".join(filter(None, pair)) for pair in zip(*said, strict=True)])


def _replaced(arms, smallest):
    """The trials with an improvement below the smallest one."""
    which = _which_arms(arms, arms.p > -smallest, arms.t > -smallest)
    return _with_reasons(arms.table, which != "", [f"improvement set to the smallest in {arm}" for arm in which])


def _which_arms(arms, placebo, treatment):
    """Of which arm of each trial something is true, "" where of neither."""
    said = ["both arms", f"the {arms.names[1]} arm", f"the {arms.names[0]} arm"]
    return np.select([placebo & treatment, placebo, treatment], said, "")


def _with_reasons(table, keep, reasons):
    out = table.loc[keep, ["study", "label"]]
    return out.assign(reason=np.array(reasons, dtype=object)[keep]).reset_index(drop=True)


def _robustness_table(fits, together, apart):
    """Return every model under every rule, one row each."""
    rows = []
    for model, ratios in (("ratio of bivariate means", together), ("ratio of univariate means", apart)):
        rows += [(model, name, r.k, r.share, r.low, r.high, np.nan, r.why) for name, r in ratios.items()]
    for (model, rule), pooled in fits.log.items():
        why = fits.why[rule]
        numbers = (np.nan,) * 4 if why else (*np.exp([pooled.estimate, *pooled.ci]), pooled.tau)
        rows.append((f"log ratio, {model}", rule, fits.used(rule).sum(), *numbers, why))
    return pd.DataFrame(rows, columns=["model", "rule", "k", "share", "ci_low", "ci_high", "tau", "reason"])
