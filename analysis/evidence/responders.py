"""From means and SDs to people: the percentage who reach a within-patient threshold, under placebo and treatment.

The percentages are either translated from means and SDs as if scores were normally distributed, a translation and not a
count, or pooled from the responders that trials counted themselves by one definition. Beside them stand the risk
difference, the number needed to treat, of any pooled effect that implies one, and the share under treatment that a
pooled effect implies, whatever the share under placebo.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check
from analysis._docs import documented
from analysis._types import CIMethod, CountsMeasure, CountsPooling, Floats, Tau2Method, Values
from analysis.data.arm_scores import BASELINE, IMPUTED, POINTS, about_trials, arm_scores, one_per_role
from analysis.data.dictionary import COLUMNS, RESPONDERS
from analysis.data.effect_sizes import NO_ARMS, NO_BASELINE, EffectSizes, about_outcome, effect_sizes, names_of_arms
from analysis.data.trials import checked_trials
from analysis.data.wide import ZERO
from analysis.effects import cells, change_sd, counts, hedges_g, log_odds_ratio, log_risk_ratio, risk_difference
from analysis.evidence.contextual import require_benefit, require_placebo
from analysis.evidence.worthwhile import PERCENT, WITHIN, Threshold, require
from analysis.measures import Measure
from analysis.models.counts import PooledCounts, pool_mantel_haenszel
from analysis.models.imputation import ImputedEffect
from analysis.models.multilevel import MultilevelEffect
from analysis.models.pooling import pool, pool_columns
from analysis.models.results import ConfidenceInterval, PooledEffect, Result, t_quantile
from analysis.sentences import Wording, capital, notes
from analysis.text import NOT_ESTIMABLE, interval, level, number, percent

ROLES = ("placebo", "treatment")
_RATIOS = {"RR": log_risk_ratio, "OR": log_odds_ratio}
MEASURES = (*_RATIOS, "RD")
# How each measure that tells a number needed to treat goes from one share to the other.
_NEEDED_FROM = {"RD": "RD", "RR": "RR", "OR": "OR", "PETO": "OR", "HR": "HR"}
_NEEDED_FROM |= dict.fromkeys(("SMD", "SMD1", "SMDH"), "SMD")
_POOL_METHODS = get_args(CountsPooling)
_ABOUT_TRIAL = "study label year therapy_family therapy condition_group".split()
# The same in all rows of a time point.
_TIME_POINT = ["study", "week", "timepoint", "primary"]

# Reasons and notes in the table of trials.
_NO_SD = "no SD of the change is reported"
_CORRELATION_ASSUMED = "correlation {:g} assumed"
_LOW_BASELINE = "mean baseline below the threshold, which few there can reach"
_HIGH_BASELINE = "mean baseline nearer than the threshold to the end of the scale, which few there can reach"
_FIXED_BASELINE = "mean baseline taken as fixed: its SD is not reported"

# Said below results.
_POOLED_FIRST = (
    "The two NNT differ because a difference in scores brings most people past the threshold where about half reach "
    "it anyway: the first averages over each {} with its own share and SD, the second takes one share and one "
    "standardised difference for all."
)
_POOLED_ALONE = "The difference is pooled on its own and need not be that of the two percentages."
_TRANSLATION_CAVEAT = (
    "Translated as if change in {} were normally distributed, which was not checked here. Scales have ends, and "
    "responses can be all or little (Moore 2013, doi 10.1093/bja/aet126): these are not counts of people. The "
    "difference is randomised; the percentages of each arm hold natural course and regression to the mean."
)
_NOT_STATED, _ALL = "not stated", "all"
_UNDEFINED = "What was counted is not stated."
_ONE_DEFINITION = "One definition in all trials: {}."
OTHER_DEFINITION = "counts by another definition, {!r}"
_SEVERAL_DEFINITIONS = (
    "What is counted differs from trial to trial ({} definitions in {} trials, see event_definition): the pooled "
    "numbers are a rough summary."
)
_FEW_COUNT = "Only some trials print {}; if they do so where counts look good, these numbers lean towards an effect."

# A log ratio beyond 709.8 would overflow in exp.
_LARGEST_LOG = 700.0
# A share that misses 0 or 1 by rounding errors only is still possible.
_ROUNDING = 1e-9
# Points along either axis that make the curve of an odds ratio look smooth.
_CURVE_POINTS = 51


class PooledShare(NamedTuple):
    """Pooled share of responders in the arms of one kind, a fraction, pooled as log odds."""

    estimate: float
    ci: ConfidenceInterval
    logit: PooledEffect


@dataclass(frozen=True, eq=False, repr=False)
class NumberNeeded(Result):
    """Number needed to treat, the reciprocal of the risk difference; negative for harm.

    Attributes
    ----------
    estimate : float
        People to treat for one more to benefit (NNTB) or, where it is negative, to be harmed (NNTH).
    ci : ConfidenceInterval
        Where the interval of the risk difference holds 0, that of the number needed runs through infinity: `ci.low` is
        then its end in benefit, positive, and `ci.high` its end in harm, negative.
    comparator_risk : float
        Share of people with the event in the comparison arm that it goes with; NaN where the effect needs none.
    risk : float
        The share that the effect implies in the other arm; NaN with `comparator_risk`.
    measure : str
        Of the effect that it was made of.
    confidence_level : float
        Level of `ci`.
    effects : EffectSizes or None
        What was pooled, where it is known.

    See Also
    --------
    analysis.nnt : Make this result.
    analysis.Responders : Percentages of people beside it.

    References
    ----------
    Altman 1998, BMJ 317:1309-1312, doi 10.1136/bmj.317.7168.1309 (NNTB, NNTH, and intervals through infinity).

    Examples
    --------
    >>> from analysis import nnt, pool
    >>> nnt(pool([0.10], se=[0.0765], measure="RD", benefit="higher")).interval_words
    'NNTB 4.0 to ∞ to NNTH 20.0'
    """

    estimate: float
    ci: ConfidenceInterval
    comparator_risk: float = math.nan
    risk: float = math.nan
    measure: str = "RD"
    confidence_level: float = 0.95
    # People are no effect, whatever the scale of the effect.
    _transformed: ClassVar[tuple[str, ...]] = ()
    effects: EffectSizes | None = field(default=None, repr=False)

    @property
    def through_infinity(self) -> bool:
        """Whether the interval holds infinity, that is, no difference."""
        return self.ci.low > self.ci.high or any(map(math.isinf, self.ci))

    @property
    def interval_words(self) -> str:
        """The interval in words: NNTB for benefit, NNTH for harm, such as "NNTB 4.0 to 11.0"."""
        if math.isnan(self.ci.low):
            return NOT_ESTIMABLE
        if self.ci.low > self.ci.high and not any(map(math.isinf, self.ci)):
            return " to ∞ to ".join(map(_needed, self.ci))
        near, far = sorted(self.ci, key=abs)
        return f"{_needed(near)} to {'∞' if math.isinf(far) else number(abs(far), 1)}"

    @property
    def words(self) -> str:
        """The number and its interval in words."""
        return f"{_needed(self.estimate)} ({self.interval_words})"

    def _in_words(self):
        words = Wording.of(self)
        treatment, comparison = words.arms or ("the first arm", "the second arm")
        said = [("NNT", f"{_needed(self.estimate)} ({level(self.confidence_level)} CI {self.interval_words})")]
        if not math.isnan(self.comparator_risk):
            given, implied = percent(self.comparator_risk), percent(self.risk)
            said.append(("Share", f"{given} with {comparison}, as given, and {implied} with {treatment}"))
            said.append(("Note", "The interval is that of the effect: the share given is taken as known."))
        if words.measure.startswith("SMD"):
            said.append(("Note", "As if scores were normally distributed with the same SD in both arms."))
        return f"Number needed to treat, from the pooled {words.called}", said


def _needed(value):
    if math.isinf(value):
        return "∞"
    if math.isnan(value):
        return NOT_ESTIMABLE
    return ("NNTB " if value > 0 else "NNTH ") + number(abs(value), 1)


@dataclass(frozen=True, eq=False, repr=False)
class Responders(Result):
    """Responders under placebo and under treatment: percentages, difference and number needed to treat.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per trial: study, label, what the trial is, `n_placebo`, `n_treatment`, the shares of responders
        (`placebo`, `treatment`, fractions) and their difference with standard errors (`*_se`), and how they were found.
    placebo, treatment : PooledShare
        Pooled on the log odds, transformed back.
    difference : PooledEffect
        Risk difference, treatment minus placebo: positive = more responders with treatment. Pooled on its own, so it is
        not exactly the difference of the two shares.
    nnt : NumberNeeded
        From `difference`.
    nnt_pooled_first : NumberNeeded or None
        Of shares translated from means and SDs: from the pooled standardised difference of the same trials at the
        pooled share under placebo, where `nnt` is translated trial by trial and then pooled.
    left_out : pandas.DataFrame
        study, label and reason of the trials that are not in it.
    caveat : str
        What must be said with every number of it.
    threshold : Threshold or None
        What a responder has reached, if the shares are translated from means and SDs.
    ratio : PooledEffect, PooledCounts or None
        The pooled log ratio of counts.
    what : str
        What is counted, in words.
    others : dict of str to list of str
        Definitions of other trials, which are not pooled with these, each with the labels of its trials.
    effects : EffectSizes
        The differences, with what is good and what the arms are called.

    See Also
    --------
    analysis.pool_responders : Make this result from responders that trials counted.
    analysis.translate_responders : Make this result from means and SDs.
    analysis.labbe_counts : Draw it.
    analysis.nnt : Number needed to treat of another pooled effect.

    References
    ----------
    Altman 1998, BMJ 317:1309-1312, doi 10.1136/bmj.317.7168.1309 (interval of the number needed to treat).

    Furukawa & Leucht 2011, doi 10.1371/journal.pone.0019070 (from the pooled standardised difference).

    Anzures-Cabrera, Sarpatwari & Higgins 2011, Stat Med 30:2967-2985, doi 10.1002/sim.4298 (means and SDs as risks).

    Examples
    --------
    >>> from analysis import pool_responders, read_trials
    >>> found = pool_responders(read_trials("data/trials.csv"), studies=["soriano1998", "misra2013", "khooshideh2017"])
    >>> print(f"{found.placebo.estimate:.0%} and {found.treatment.estimate:.0%}, {found.nnt.words}")
    30% and 71%, NNTB 2.4 (NNTB 1.6 to 4.9)
    >>> found.ratio.measure
    'RR'
    """

    table: pd.DataFrame
    placebo: PooledShare
    treatment: PooledShare
    difference: PooledEffect | PooledCounts
    nnt: NumberNeeded
    left_out: pd.DataFrame
    caveat: str
    threshold: Threshold | None = None
    ratio: PooledEffect | PooledCounts | None = None
    what: str = ""
    nnt_pooled_first: NumberNeeded | None = None
    others: dict[str, list[str]] = field(default_factory=dict)
    effects: EffectSizes | None = field(default=None, repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per trial and a last row "Pooled".

        Returns
        -------
        pandas.DataFrame
            Columns label, `placebo`, `treatment` and `difference` with `*_low` and `*_high` (fractions), and kind
            ("study" or "summary"). A study's limits are normal: of the log odds for a share. Limits of a difference are
            cut off at -1 and 1.
        """
        z = float(t_quantile(np.inf, self.difference.confidence_level))
        frame = pd.DataFrame({"label": [*self.table["label"], "Pooled"]})
        for role in ROLES:
            pooled, own = getattr(self, role), self.table[role].to_numpy()
            centre, half = self.table[f"{role}_logit"], z * np.sqrt(self.table[f"{role}_logit_vi"])
            frame[role] = [*own, pooled.estimate]
            # The log odds stop short of shares of 0 and 1, so the share itself may lie outside their interval.
            frame[f"{role}_low"] = [*np.minimum(special.expit(centre - half), own), pooled.ci.low]
            frame[f"{role}_high"] = [*np.maximum(special.expit(centre + half), own), pooled.ci.high]
        own, half = self.table["difference"], z * self.table["difference_se"]
        frame["difference"] = [*own, self.difference.estimate]
        low, high = self.difference.ci
        frame["difference_low"] = np.maximum([*(own - half), low], -1)
        frame["difference_high"] = np.minimum([*(own + half), high], 1)
        return frame.assign(kind=["study"] * len(self.table) + ["summary"])

    def _added(self, words):
        """What was added to counts of which one is zero, for the logs that are pooled; of shares nothing is known."""
        if "events_treatment" not in self.table:
            return []
        events, people = (self.table[[f"{of}_{role}" for role in ROLES]] for of in ("events", "n"))
        zero = ((events == 0) | (events.to_numpy() == people.to_numpy())).any(axis=1).sum()
        return [f"{number(0.5, 1)} was added to the counts of {words.counted(zero)} with a zero cell."] if zero else []

    def _in_words(self):
        d, at, words = self.difference, level(self.difference.confidence_level), Wording.of(self)
        said = []
        for role, name in zip(ROLES, reversed(words.arms), strict=True):
            share = getattr(self, role)
            limits = interval(*(100 * end for end in share.ci), 0)
            said.append((capital(name), f"{percent(share.estimate)} ({at} CI {limits}%)"))
        limits = interval(*(100 * min(max(end, -1.0), 1.0) for end in d.ci), 0)
        if isinstance(d, PooledCounts):
            method_or_tau = f"; {d.method}"
        else:
            method_or_tau = f"; tau {number(100 * d.tau, 0)}" if d.k > 1 else ""
        points = number(100 * d.estimate, 0)
        said.append(("Difference", f"{points} percentage points ({at} CI {limits}{method_or_tau})"))
        if words.benefit:
            said.append(("NNT", self.nnt.words))
        first = self.nnt_pooled_first
        if first is not None:
            said.append(("Pooled first", f"{first.words}, from the pooled standardised difference"))
        if self.ratio is not None:
            ratio = Wording.of(self.ratio)
            said.append((ratio.measure.title, ratio.estimate(self.ratio)))
        if len(self.left_out):
            said.append(("Left out", f"{words.counted(len(self.left_out))}, see left_out"))
        if self.others:
            each = "; ".join(f"{name!r} ({words.counted(len(labels))})" for name, labels in self.others.items())
            said.append(("Not pooled", f"{each}: pass definition= with one of these, or 'all'"))
        few = notes(d) if isinstance(d, PooledEffect) else []
        why = [_POOLED_FIRST.format(words.noun)] if first is not None else []
        said += [("Note", note) for note in (*why, _POOLED_ALONE, *few, *self._added(words), self.caveat)]
        return f"{capital(self.what)}: {words.counted(len(self.table))}", said


@documented
def translate_responders(
    trials: pd.DataFrame | EffectSizes,
    threshold: Threshold,
    *,
    correlation: float | None = None,
    imputed: bool = False,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    confidence_level: float = 0.95,
) -> Responders:
    """Translate arm means and SDs into the percentage of people who reach a within-patient threshold.

    Parameters
    ----------
    trials : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_trials`, or from :func:`analysis.effect_sizes` where its options or a choice of trials
        matter. Several treatment arms of a trial are combined.
    threshold : Threshold
        Within-patient: points of improvement, or percent of baseline.
    correlation : float, optional
        Between baseline and final score, where the SDs printed do not tell it; that of the effect sizes if left out,
        which is 0.5 unless chosen.
    imputed : bool
        Keep arms whose SD is borrowed from other trials. A percentage stands and falls with the SD, so they are left
        out otherwise.
    {tau2_method, ci_method, confidence_level}

    Returns
    -------
    Responders

    Raises
    ------
    ValueError
        For a between-group threshold, an impossible correlation, effects of which nobody said what is good, or where no
        trial is left.

    See Also
    --------
    analysis.pool_responders : Pool responders as the trials counted them.
    analysis.nnt : Number needed to treat of a pooled effect.
    analysis.threshold : Choose a within-patient threshold.
    analysis.labbe_counts : Draw the percentages.

    Notes
    -----
    Where higher scores are better, changes and scores are turned round. Points: P(change <= -c) = Phi(z), z =
    (-c - m) / s, with mean m and SD s of the change. Percent q of baseline: the
    same for D = final - (1 - q) baseline at 0, where var D = (1 - q) var change + q var final - q (1 - q) var baseline,
    so that the three SDs imply the correlation. By the delta method var Phi(z) = phi(z)^2 (1 / n + z^2 / (2 (n - 1)));
    in a crossover the arms covary with the `crossover_correlation` r of the effect sizes, by phi phi (r / n + r^2 z z /
    (2 (n - 1))). Normal theory knows the tail of an arm better than n people can tell: variances, and the log odds
    that are pooled, are taken no further out than half a person from none or all. A trial whose mean baseline leaves no
    room for a change by so many points is left out.

    The number needed to treat is that of the pooled risk difference. Beside it stands that of the pooled Hedges' g of
    the same scores at the pooled share under placebo (Furukawa & Leucht 2011); the variance of g is that of independent
    arms, in a crossover less 2 r / n. The two differ because the gain is no straight line in the difference of scores:
    it is largest where half of the people reach the threshold.

    References
    ----------
    Anzures-Cabrera, Sarpatwari & Higgins 2011, Stat Med 30:2967-2985, doi 10.1002/sim.4298 (means and SDs as risks).

    Moore 2013, doi 10.1093/bja/aet126 (responses can be all or little, not normally distributed).

    Furukawa & Leucht 2011, doi 10.1371/journal.pone.0019070 (from a standardised difference to people).

    Altman 1998, BMJ 317:1309-1312, doi 10.1136/bmj.317.7168.1309 (interval of the number needed to treat).

    Examples
    --------
    >>> from analysis import read_thresholds, read_trials
    >>> from analysis.evidence.worthwhile import threshold
    >>> two_points = threshold(read_thresholds("data/mcid.csv"), kind="within-patient", source="Farrar", unit="points")
    >>> found = translate_responders(read_trials("data/trials.csv"), two_points)
    >>> print(f"{found.placebo.estimate:.0%} under placebo, {found.treatment.estimate:.0%} under treatment")
    42% under placebo, 64% under treatment
    """
    require(threshold, WITHIN, "the change of single patients")
    if isinstance(trials, EffectSizes):
        effects = trials
    else:
        effects = effect_sizes(trials, measure="MD", **({} if correlation is None else {"correlation": correlation}))
    if not set(COLUMNS) <= set(effects.rows.columns):
        raise ValueError("the effect sizes lack the rows of the trials behind them; pass effect_sizes(trials)")
    if effects.options.get("times") == "all":
        raise ValueError(
            "translate_responders takes one time point of each trial; make the effects with times='primary'"
        )
    require_placebo(effects, "translate_responders")
    require_benefit(effects, "translate_responders")
    correlation = effects.options.get("correlation", 0.5) if correlation is None else correlation
    if not -1 <= correlation < 1:
        raise ValueError(f"correlation={correlation!r}: a correlation is a number from -1 to below 1")
    if not len(effects):
        raise ValueError("there is no trial to translate; see left_out of the effect sizes for the reasons")
    table, left_out = _one_line_a_trial(_responding_scores(effects, threshold, correlation, imputed), effects)
    if table.empty:
        reasons = "; ".join(f"{row.label}: {row.reason}" for row in left_out.itertuples())
        raise ValueError(f"there is no trial whose means and SDs can be translated: {reasons}")
    # What a printed p tells of the two periods comes before what is assumed.
    told = effects.table.drop_duplicates("study").set_index("study")["period_correlation"]
    between = table["study"].map(told).fillna(effects.options.get("crossover_correlation", 0.5))
    table = _translated_shares(table, between)
    words, counted = Wording.of(effects), replace(effects, **RESPONDERS)
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": confidence_level}
    fields = _pool_shares(table, counted, **methods)
    fields["what"] = f"{threshold.reached(words)} ({threshold.source}), from means and SDs"
    if len(table) > 1:
        scores = _standardised_scores(table, between)
        # A score of 0 or less responds, whatever is good of the trials' own scores.
        lower = replace(counted, table=scores, benefit="lower", measure=Measure("SMD"), unit="")
        fields["nnt_pooled_first"] = nnt(pool(lower, **methods), fields["placebo"].estimate)
    caveat = _TRANSLATION_CAVEAT.format(words.outcome_name or "scores")
    return Responders(table, **fields, left_out=left_out, caveat=caveat, threshold=threshold)


def _responding_scores(effects, threshold, correlation, imputed):
    """One line per study and arm: n, mean and SD of the score that is at most 0 in a responder, note, and reason."""
    between = effects.options.get("crossover_correlation", 0.5)
    # Rows of several files may have the numbers of one another.
    rows = effects.rows if effects.rows.index.is_unique else effects.rows.reset_index(drop=True)
    scores = one_per_role(arm_scores(rows, correlation, between), "combine")
    wide = scores.pivot(index=["study", "arm"], columns="score", values=["n", "mean", "sd", "correlated"])
    lines = pd.DataFrame({f"{score}_{part}": wide[part, score] for part, score in wide})
    lines = lines.astype(float)
    lines["note"] = np.where(lines["change_correlated"] > 0, _CORRELATION_ASSUMED.format(correlation), "")
    borrowed = _sd_of_the_effects(effects, lines.index) if imputed else np.nan
    rising = effects.benefit == "higher"
    sign, no_room = -1.0 if rising else 1.0, {}
    if threshold.unit == PERCENT:
        share = sign * threshold.value / 100
        lines["mean"] = sign * (lines["change_mean"] + share * lines["baseline_mean"])
        lines["sd"] = _sd_below_share(lines, share, correlation)
    else:
        lines["mean"] = sign * lines["change_mean"] + threshold.value
        lines["sd"] = lines["change_sd"]
        room, end = (
            (POINTS - lines["baseline_mean"], _HIGH_BASELINE) if rising else (lines["baseline_mean"], _LOW_BASELINE)
        )
        no_room = {end: room < threshold.value}
    lines["note"] = _with_note(lines["note"], lines["sd"].isna(), "SD " + IMPUTED)
    lines["sd"] = lines["sd"].fillna(borrowed)
    # The first that is true is the reason given: without a mean, nothing else matters.
    tests = {
        NO_BASELINE: lines["mean"].isna(),
        _NO_SD: ~(lines["sd"] > 0),
        "one person in an arm": lines["change_n"] < 2,
        **no_room,
    }
    lines["reason"] = np.select([*tests.values()], [*tests], "")
    return lines.rename(columns={"change_n": "n"})[["n", "mean", "sd", "note", "reason"]]


def _with_note(told, where, text):
    return told.mask(where, (told + f"; {text}").str.removeprefix("; "))


def _sd_of_the_effects(effects, index):
    """The SD of the change of each study and arm as the effect sizes have it, borrowed or not."""
    table = effects.table.drop_duplicates("study").set_index("study")
    sds = {role: np.sqrt(table[f"change_{role}_vi"] * table[f"n_{role}"]) for role in ROLES}
    return pd.concat(sds).swaplevel().reindex(index)


def _sd_below_share(lines, share, correlation):
    """SD of final - (1 - share) baseline, from whatever SDs an arm has; writes what was assumed into `note`."""
    before, change, after = (lines[f"{score}_sd"] for score in (BASELINE, "change", "final"))
    implied = (before**2 + after**2 - change**2) / (2 * before * after)
    # SDs that imply a correlation of 1 do so but for rounding errors; beyond it no correlation fits them.
    contradicting = implied.abs() > 1 + 1e-9
    assumed = pd.Series(change_sd(before, after, correlation), index=lines.index)
    change = change.mask(contradicting, assumed)
    alone = before.notna() & change.notna() & after.isna()
    # change² = before² + after² - 2 r before after, solved for after, has no real root where r is too small.
    fitting = np.maximum(correlation, np.sqrt((1 - (change / before) ** 2).clip(lower=0)))
    solved = fitting * before + np.sqrt((change**2 - before**2 * (1 - fitting**2)).clip(lower=0))
    after = after.mask(alone, solved)
    fixed = before.isna()
    variance = (1 - share) * change**2 + share * after**2 - share * (1 - share) * before**2
    # The first that is true is the note: without the SD of the baseline, no correlation plays a part.
    told = {
        _FIXED_BASELINE: fixed,
        f"the SDs printed contradict each other; {_CORRELATION_ASSUMED.format(correlation)}": contradicting,
        "the smallest correlation that fits the SDs assumed": alone & (fitting > correlation),
        _CORRELATION_ASSUMED.format(correlation): alone,
    }
    lines["note"] = np.select([*told.values()], [*told], lines["note"])
    return np.sqrt(variance.clip(lower=0)).mask(fixed, change.fillna(after))


def _one_line_a_trial(arms, effects):
    """One row per trial with both arms, and the trials left out with the reason."""
    wide = arms.unstack("arm")
    reason = wide["reason", "placebo"].where(wide["reason", "placebo"] != "", wide["reason", "treatment"])
    about = about_trials(effects.rows)[[*_ABOUT_TRIAL, "design", "certainty"]].set_index("study", drop=False)
    # Of a difference that was printed alone the arms have no line.
    wide, reason = wide.reindex(about.index), reason.reindex(about.index).fillna(NO_ARMS)
    for part in ("n", "mean", "sd"):
        for role in ROLES:
            about[f"{part}_{role}"] = wide[part, role].astype(float)
    both = [wide["note", role].fillna("") for role in ROLES]
    about["note"] = ["; ".join(dict.fromkeys(n for n in pair if n)) for pair in zip(*both, strict=True)]
    out = about[["study", "label"]].assign(reason=reason)
    left_out = pd.concat([out[reason != ""], effects.left_out[["study", "label", "reason"]]], ignore_index=True)
    return about[reason == ""].reset_index(drop=True), left_out


def _translated_shares(table, correlation):
    """Add the share of responders of each arm, its log odds, and the difference, all with their errors."""
    table, z, slope = table.copy(), {}, {}
    for role in ROLES:
        n = table[f"n_{role}"]
        plain = -table[f"mean_{role}"] / table[f"sd_{role}"]
        # Half a person from none or all.
        limit = special.ndtri(1 - 0.5 / n)
        z[role] = plain.clip(-limit, limit)
        slope[role] = np.exp(-(z[role] ** 2) / 2) / np.sqrt(2 * np.pi)
        variance = slope[role] ** 2 * (1 / n + z[role] ** 2 / (2 * (n - 1)))
        inner = special.ndtr(z[role])
        table[role], table[f"{role}_se"] = special.ndtr(plain), np.sqrt(variance)
        table[f"{role}_logit"], table[f"{role}_logit_vi"] = special.logit(inner), variance / (inner * (1 - inner)) ** 2
    table["difference"] = table["treatment"] - table["placebo"]
    # Where the arms of a crossover trial differ in number, only the smaller can have been in both.
    n, r = table[[f"n_{role}" for role in ROLES]].min(axis=1), correlation
    shared = slope["placebo"] * slope["treatment"] * (r / n + r**2 * z["placebo"] * z["treatment"] / (2 * (n - 1)))
    covariance = shared.where(table["design"] == "crossover", 0.0)
    table["difference_se"] = np.sqrt(table["placebo_se"] ** 2 + table["treatment_se"] ** 2 - 2 * covariance)
    return table


def _standardised_scores(table, correlation):
    """The trials with Hedges' g of the scores; in a crossover trial the arms covary."""
    arms = [table[f"{part}_{role}"] for role in reversed(ROLES) for part in ("mean", "sd", "n")]
    yi, vi = hedges_g(*arms)
    people = table[[f"n_{role}" for role in ROLES]].min(axis=1)
    shared = (2.0 * correlation / people).where(table["design"] == "crossover", 0.0)
    return table.assign(yi=yi, vi=vi - shared)


def _pool_shares(table, effects, **methods):
    """Pool the log odds of both shares and their difference: the fields of both arms, difference, nnt and effects."""
    logits = [f"{role}_logit" for role in ROLES]
    yi = np.column_stack([*(table[name] for name in logits), table["difference"]])
    vi = np.column_stack([*(table[f"{name}_vi"] for name in logits), table["difference_se"] ** 2])
    *pooled, difference = pool_columns(yi, vi, labels=table["label"], **methods)
    own = table.assign(yi=table["difference"], vi=table["difference_se"] ** 2)
    effects = replace(effects, table=own, measure=Measure("RD"), unit="")
    fields = {"difference": replace(difference, measure=effects.measure, effects=effects), "effects": effects}
    fields |= {role: pooled_share(logit) for role, logit in zip(ROLES, pooled, strict=True)}
    return fields | {"nnt": _needed_for(effects, difference)}


def pooled_share(logit: PooledEffect) -> PooledShare:
    """Return the share that pooled log odds stand for.

    Parameters
    ----------
    logit : PooledEffect

    Returns
    -------
    PooledShare

    Examples
    --------
    >>> round(pooled_share(pool([0.0, 0.4], se=[0.2, 0.2])).estimate, 2)
    0.55
    """
    limits = ConfidenceInterval(*map(float, special.expit(logit.ci)))
    return PooledShare(float(special.expit(logit.estimate)), limits, replace(logit, measure=Measure("PLO")))


def _needed_for(effects, difference):
    """The number needed to treat; NaN where nobody said what is good."""
    about = {"effects": effects, "confidence_level": difference.confidence_level}
    if effects.benefit is None:
        return NumberNeeded(math.nan, ConfidenceInterval(math.nan, math.nan), **about)
    return replace(_needed_of(difference.estimate, difference.ci, effects.benefit == "lower"), **about)


def _needed_of(difference, ci, fewer_is_better):
    low, high = ci
    return number_needed(-difference, -high, -low) if fewer_is_better else number_needed(difference, low, high)


def nnt(
    effect: PooledEffect | PooledCounts | MultilevelEffect | ImputedEffect | Responders,
    comparator_risk: float | None = None,
) -> NumberNeeded:
    """Return the number needed to treat of a pooled effect, with its interval.

    Parameters
    ----------
    effect : PooledEffect, PooledCounts, MultilevelEffect, ImputedEffect or Responders
        A risk difference, a risk, odds or hazard ratio or a standardised mean difference that says what is good
        (`benefit`).
        Of Responders the ratio is taken where `comparator_risk` is given, else the difference.
    comparator_risk : float, optional
        Share of people in the comparison arm, a fraction, who have the event or, of a standardised mean difference,
        respond; of a hazard ratio, by the time that is meant. A risk difference needs none, all others do: the same
        ratio is another number of people where few have the event than where many do.

    Returns
    -------
    NumberNeeded

    Raises
    ------
    TypeError
        If `effect` is no pooled effect.
    ValueError
        For another measure, effects of which nobody said what is good, or a share that is missing, not needed, not
        between 0 and 1 or, times a risk ratio, above 1.

    Warns
    -----
    UserWarning
        If a limit of a risk ratio makes more than 100% of the share.

    See Also
    --------
    analysis.translate_responders : Responders and number needed to treat from means and SDs.
    analysis.pool_responders : The same from responders as counted.
    analysis.share_beyond : The share of trials beyond a threshold.

    Notes
    -----
    With p the share in the comparison arm, that of the other is p RR, or p OR / (1 - p + p OR) [1]_, or
    Phi(Phi^-1(p) + d) of a standardised improvement d [2]_, which takes scores as normal with the same SD in both arms,
    or 1 - (1 - p)^HR [4]_, which takes hazards as proportional. Its difference from p is inverted. The limits are those
    of the effect, put through the same formula, and hold no doubt about p; where they lie on both sides of no
    difference, the interval runs through infinity, from NNTB to NNTH [3]_.

    References
    ----------
    .. [1] Cochrane Handbook 5.1, sections 12.5.4.1 to 12.5.4.3 (their examples; formulas derived).
    .. [2] Furukawa & Leucht 2011, doi 10.1371/journal.pone.0019070 (abstract; the formula as in NNT of dmetar for R).
    .. [3] Altman 1998, BMJ 317:1309-1312, doi 10.1136/bmj.317.7168.1309.
    .. [4] Skoetz et al. 2020, GRADE guidelines 27, J Clin Epidemiol 118:124-131, doi 10.1016/j.jclinepi.2019.10.015
       (abstract; the formula derived: survival is that of the comparison arm to the power HR).

    Examples
    --------
    An odds ratio of 0.73 where 30% have the event, the example of the Handbook: 62 fewer of 1000.

    >>> import numpy as np
    >>> from analysis import pool
    >>> found = nnt(pool([np.log(0.73)], se=[0.1], measure="OR", benefit="lower"), comparator_risk=0.3)
    >>> found.words, round(found.comparator_risk - found.risk, 3)
    ('NNTB 16.2 (NNTB 10.5 to 41.1)', 0.062)
    """
    if isinstance(effect, Responders):
        if comparator_risk is None:
            return effect.nnt
        effect = effect.ratio or effect.difference
    if not isinstance(effect, PooledEffect | PooledCounts | MultilevelEffect | ImputedEffect):
        raise TypeError(_check.refusal(effect, "nnt", "give the result of pool, or pool_responders(trials)"))
    if np.ndim(effect.estimate):
        raise ValueError("this is the result of many meta-analyses; each has a number needed to treat")
    benefit, by = _checked_for_nnt(effect, comparator_risk)
    ends, risk = np.array([effect.estimate, *effect.ci], dtype=float), comparator_risk or math.nan
    if by != "RD":
        # Responders are good: there are more of them where scores improve.
        sign = -1.0 if by == "SMD" and benefit == "lower" else 1.0
        ends = implied_risks(effect, risk, sign) - risk
    limits = sorted(ends[1:])
    needed = _needed_of(ends[0], limits, by != "SMD" and benefit == "lower")
    about = {"measure": effect.measure, "confidence_level": effect.confidence_level, "effects": effect.effects}
    return replace(needed, comparator_risk=risk, risk=float(risk + ends[0]), **about)


def implied_risks(
    effect: PooledEffect | PooledCounts | MultilevelEffect | ImputedEffect, comparator_risk: float, sign: float = 1.0
) -> Floats:
    """The shares in the other arm that an effect and the limits of its interval imply, at most everybody.

    Examples
    --------
    A hazard ratio of 2 where half have the event leaves a quarter without it:

    >>> from analysis import pool
    >>> implied_risks(pool([np.log(2)], [0.01], measure="HR"), 0.5).round(2).tolist()
    [0.75, 0.68, 0.81]
    """
    ends = sign * np.array([effect.estimate, *effect.ci], dtype=float)
    implied = _implied_uncut(comparator_risk, ends, _NEEDED_FROM[effect.measure])
    _refuse_beyond_all(implied, comparator_risk, effect)
    return np.clip(implied, 0.0, 1.0)


def _refuse_beyond_all(implied, risk, effect):
    """Raise ValueError where a ratio makes more than everybody of a share, and warn where a limit alone does."""
    ratios = effect.measure.transform([effect.estimate, *effect.ci])
    said = [
        f"comparator_risk={risk:g} times {x:.3g} is {percent(y)} of people"
        for x, y in zip(ratios, implied, strict=True)
    ]
    if implied[0] > 1.0:
        raise ValueError(
            f"{said[0]}: the pooled {effect.measure.name} holds where fewer have the event; give a share below "
            f"{1.0 / ratios[0]:.2g}, or a pooled odds ratio, which makes no more than 100% of any"
        )
    for at in np.flatnonzero(implied > 1.0):
        _check.warn(f"{said[at]}, so that limit of the number needed is of 100%; a pooled odds ratio makes no more")


def _checked_for_nnt(effect, comparator_risk):
    """What is good, and how the effect goes from one share to the other; ValueError where there is no number needed."""
    by, name = _NEEDED_FROM.get(effect.measure), effect.measure.name
    if by is None:
        raise ValueError(
            f"nnt needs an effect that tells how many people it gains, and this is a pooled {name}; give a pooled RD, "
            "RR, OR, HR or SMD, or translate_responders(trials, threshold)"
        )
    if (benefit := Wording.of(effect).benefit) is None:
        raise ValueError("nnt is of benefit or of harm, and nobody said what is good; give benefit= to effect_sizes")
    if by == "RD" and comparator_risk is not None:
        raise ValueError(f"comparator_risk={comparator_risk!r}: a {name} is the same whatever that is; leave it out")
    if by != "RD" and comparator_risk is None:
        raise ValueError(
            f"the same {name} is another number of people where few have the event than where many do; give "
            "comparator_risk=, the share in the comparison arm, such as 0.3"
        )
    if by != "RD" and not (isinstance(comparator_risk, int | float | np.number) and 0 < comparator_risk < 1):
        raise ValueError(f"comparator_risk={comparator_risk!r}: a share of people is a fraction between 0 and 1")
    return benefit, by


def number_needed(difference: float, low: float, high: float) -> NumberNeeded:
    """Return the number needed to treat from a risk difference and its interval.

    Parameters
    ----------
    difference, low, high : float
        Of one arm minus the other, as fractions; positive = benefit. Limits beyond
        -1 and 1 are impossible and are cut off; NaN where there is no interval.

    Returns
    -------
    NumberNeeded

    Raises
    ------
    ValueError
        Unless low <= difference <= high.

    Notes
    -----
    Altman 1998, BMJ 317:1309-1312, doi 10.1136/bmj.317.7168.1309: the limits are inverted and exchanged, and an
    interval of the difference that holds 0 becomes one that runs through infinity.

    Examples
    --------
    A risk difference of 10% (-5% to 25%), the example of Altman 1998:

    >>> number_needed(0.10, -0.05, 0.25).words
    'NNTB 10.0 (NNTB 4.0 to ∞ to NNTH 20.0)'
    """
    if not (math.isnan(low) or low <= difference <= high):
        raise ValueError(f"the risk difference {difference!r} is not between its limits {low!r} and {high!r}")

    def inverse(x):
        # In Python, so that a difference too small for its inverse is like none, without a warning of numpy.
        return 1.0 / min(max(float(x), -1.0), 1.0) if x else math.inf

    return NumberNeeded(float(inverse(difference)), ConfidenceInterval(float(inverse(high)), float(inverse(low))))


@documented
def pool_responders(
    trials: pd.DataFrame | EffectSizes,
    *,
    measure: CountsMeasure = "RR",
    definition: str | None = None,
    studies: Sequence[str] | None = None,
    method: CountsPooling = "random effects",
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    confidence_level: float = 0.95,
) -> Responders:
    """Pool responder counts as printed, of trials that count the same, one time point per trial.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`. A trial's primary time point is used if it has counts, otherwise its first
        with counts; the definition must be the same in both arms. Several treatment arms are added up.
    measure : {"RR", "OR", "RD"}
        Ratio to pool beside the risk difference; "RD" for the difference alone.
    definition : str, optional
        What is counted, as the column `event_definition` has it, or "all" for whatever is. Default: the definition of
        most trials, of equals that of most people; the others are in `others` and in the summary.
    studies : list of str, optional
        Ids of the trials to pool, by whatever definition unless `definition` is given too.
    method : {"random effects", "MH"}
        "MH" is the common-effect method of Mantel and Haenszel for ratio and difference; the shares of each arm stay
        random effects.
    {tau2_method, ci_method, confidence_level}

    Returns
    -------
    Responders
        Its table lists counts and definition of every trial. One without events, or with nothing but events, in both
        arms has a difference and no ratio, and the caveat names it.

    Raises
    ------
    ValueError
        For an unknown option or definition, a study without usable counts, or no trial with counts.

    See Also
    --------
    analysis.translate_responders : Make percentages of responders from means and SDs.
    analysis.pool_mantel_haenszel : Pool counts by the Mantel-Haenszel method.
    analysis.nnt : Number needed to treat of a pooled ratio, at a share under placebo.
    analysis.labbe_counts : Draw the percentages.

    References
    ----------
    Altman 1998, BMJ 317:1309-1312, doi 10.1136/bmj.317.7168.1309 (interval of the number needed to treat).

    Greenland & Robins 1985, Biometrics 41:55-68, and Mantel & Haenszel 1959, J Natl Cancer Inst 22:719-748 (method
    "MH").

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = pool_responders(read_trials("data/trials.csv"), studies=["soriano1998", "misra2013", "khooshideh2017"])
    >>> found.table[["label", "events_treatment", "n_treatment", "events_placebo", "n_placebo"]].values.tolist()
    [['Soriano 1998', 27, 38, 12, 33], ['Khooshideh 2017', 23, 36, 10, 36], ['Misra 2013', 36, 47, 13, 48]]
    """
    _check.option("measure", measure, MEASURES)
    _check.option("method", method, _POOL_METHODS)
    trials = checked_trials(trials)
    table, left_out = counted_trials(trials)
    some = len(table) < trials["study"].nunique()
    if studies is not None:
        table, left_out = _asked_for(table, left_out, studies)
    if table.empty:
        raise ValueError("no trial has responder counts in both arms by one definition")
    if definition is None and studies is not None:
        definition = _ALL
    table, left_out, others = _of_definition(table, left_out, definition)
    counts = _counts_in_order(table)
    without: Sequence[str] = ()
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": confidence_level}
    rows = trials[trials["study"].isin(table["study"]) & trials["arm"].isin(ROLES)]
    about = about_outcome(trials, events=True) | {"arms": names_of_arms(rows, "placebo")}
    fields = _pool_shares(table, EffectSizes(table, table.iloc[:0], left_out, rows=rows, **about), **methods)
    effects = fields["effects"]
    if method == "MH":
        difference = pool_mantel_haenszel(effects, confidence_level=confidence_level)
        fields |= {"difference": difference, "nnt": _needed_for(effects, difference)}
        if measure != "RD":
            fields["ratio"] = pool_mantel_haenszel(effects, measure=measure, confidence_level=confidence_level)
    elif measure != "RD":
        yi, vi = _RATIOS[measure](*counts, drop_double_zero=True)
        told = np.isfinite(yi)
        out = table.loc[~told, ["study", "label"]].assign(reason=ZERO)
        ratios = replace(
            effects,
            table=table.assign(yi=yi, vi=vi)[told].reset_index(drop=True),
            measure=Measure(measure),
            left_out=pd.concat([left_out, out], ignore_index=True),
        )
        fields["ratio"] = pool(ratios, **methods) if told.any() else None
        without = table.loc[~told, "label"]
    definitions = table["event_definition"].unique()
    caveat = _SEVERAL_DEFINITIONS.format(len(definitions), len(table))
    if len(definitions) == 1:
        caveat = _UNDEFINED if definitions[0] == _NOT_STATED else _ONE_DEFINITION.format(definitions[0])
    what = about["outcome_name"] or "events"
    caveat += f" {_FEW_COUNT.format(what)}" if some else ""
    if len(without):
        caveat += f" Without a ratio: {', '.join(without)} ({ZERO})."
    fields["what"] = f"{what} as counted in the trials"
    return Responders(table, **fields, left_out=left_out, caveat=caveat, others=others)


def counted_trials(trials: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the responders that each trial counted in both arms at one time point.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`.

    Returns
    -------
    tuple of pandas.DataFrame
        One row per trial with counts, `event_definition`, the share of each arm, its log odds, and the difference, with
        errors; and study, label and reason of the trials whose counts cannot be used.

    Examples
    --------
    >>> from analysis import read_trials
    >>> table, left_out = counted_trials(read_trials("data/trials.csv"))
    >>> own = table[table["study"] == "misra2013"]
    >>> own[["events_treatment", "n_treatment", "event_definition"]].values.tolist()
    [[36, 47, 'at least 50% less pain']]
    """
    rows = trials[trials["events"].notna() & trials["arm"].isin(ROLES)]
    rows = rows.assign(event_definition=rows["event_definition"].fillna(_NOT_STATED))
    found, reasons = [], {}
    for study, own in rows.groupby("study", sort=False):
        if (own["design"] == "crossover").any():
            reasons[study] = "crossover: the counts of the same people under both are not independent"
            continue
        times = [
            time for _, time in own.groupby(_TIME_POINT, dropna=False, sort=False) if set(time["arm"]) == set(ROLES)
        ]
        if not times:
            reasons[study] = "counts of one arm only"
            continue
        alike = [time for time in times if time["event_definition"].nunique() == 1]
        if not alike:
            reasons[study] = "the arms count by different definitions"
            continue
        chosen = min(alike, key=lambda time: (time["primary"].iloc[0] != "yes", time["week"].iloc[0]))
        found.append([*chosen.iloc[0][[*_TIME_POINT, "event_definition"]], *_summed(chosen)])
    columns = [*_TIME_POINT, "event_definition", *(f"{part}_{role}" for role in ROLES for part in ("events", "n"))]
    about = about_trials(trials)
    left_out = about[["study", "label"]].assign(reason=about["study"].map(reasons)).dropna(subset="reason")
    table = about[[*_ABOUT_TRIAL, "control", "certainty"]].merge(pd.DataFrame(found, columns=columns), on="study")
    return _counted_shares(table), left_out.reset_index(drop=True)


def _summed(rows):
    """Events and people of the placebo and of the treatment arms, several arms of a kind added up."""
    sums = rows.groupby("arm")[["events", "n"]].sum().astype(int)
    return [sums.loc[role, part] for role in ROLES for part in ("events", "n")]


def _asked_for(table, left_out, studies):
    """The rows of these studies; the others join the trials left out, and a study without counts is an error."""
    studies = [studies] if isinstance(studies, str) else list(studies)
    reasons = dict(zip(left_out["study"], left_out["reason"], strict=True))
    unknown = [f"{s!r} ({reasons.get(s, 'no counts')})" for s in studies if s not in set(table["study"])]
    if unknown:
        raise ValueError(f"no usable responder counts in {', '.join(unknown)}; choose from {', '.join(table['study'])}")
    keep = table["study"].isin(studies)
    others = table.loc[~keep, ["study", "label"]].assign(reason="not among the studies asked for")
    return table[keep].reset_index(drop=True), pd.concat([left_out, others], ignore_index=True)


def _of_definition(table, left_out, definition):
    """The trials that count by one definition; the others join those left out, and are returned by definition."""
    own = table["event_definition"]
    if definition is None:
        definition = usual_definition(own, table["n_placebo"] + table["n_treatment"])
    if definition != _ALL and definition not in set(own):
        raise ValueError(
            f"definition={definition!r} is that of no trial; use {', '.join(map(repr, own.unique()))} or 'all'"
        )
    keep = (own == definition) | (definition == _ALL)
    reasons = own[~keep].map(OTHER_DEFINITION.format)
    out = table.loc[~keep, ["study", "label"]].assign(reason=reasons.to_numpy())
    others = {name: each.tolist() for name, each in table["label"][~keep].groupby(own[~keep], sort=False)}
    return table[keep].reset_index(drop=True), pd.concat([left_out, out], ignore_index=True), others


def usual_definition(definitions: pd.Series, people: pd.Series) -> str:
    """Return the definition of responders of most trials, of equals that of most people.

    Parameters
    ----------
    definitions, people : pandas.Series
        Of each trial.

    Returns
    -------
    str

    Examples
    --------
    >>> usual_definition(pd.Series(["less pain", "no pain"]), pd.Series([40, 60]))
    'no pain'
    """
    counted = people.groupby(definitions, sort=False).agg(["size", "sum"])
    return str(counted.sort_values(["size", "sum"]).index[-1])


def _counts_in_order(table):
    """Events and people under treatment, then under placebo, in the order of the formulas of effects."""
    return [table[f"{part}_{role}"].to_numpy(float) for role in reversed(ROLES) for part in ("events", "n")]


def _counted_shares(table):
    """Add the share of responders of each arm, its log odds, and the difference, all with their errors."""
    table, counts = table.copy(), _counts_in_order(table)
    *treatment, placebo_yes, placebo_no = cells(counts, 0.5, "zero trials")
    for role, (yes, no) in zip(ROLES, ((placebo_yes, placebo_no), treatment), strict=True):
        table[role] = table[f"events_{role}"] / table[f"n_{role}"]
        table[f"{role}_logit"], table[f"{role}_logit_vi"] = np.log(yes / no), 1 / yes + 1 / no
        # With the halves of the log odds where a trial has a zero: none or all responding makes no share certain.
        table[f"{role}_se"] = np.sqrt(yes * no / (yes + no) ** 3)
    difference, variance = risk_difference(*counts)
    return table.assign(difference=difference, difference_se=np.sqrt(variance))


def implied_share(placebo: ArrayLike, effect: float, measure: CountsMeasure) -> Values:
    """Return the share of responders under treatment that goes with a share under placebo and an effect.

    Parameters
    ----------
    placebo : array_like
        Shares under placebo, fractions from 0 to 1.
    effect : float
        Log risk ratio, log odds ratio or risk difference.
    measure : {"RR", "OR", "RD"}

    Returns
    -------
    numpy.ndarray
        Fractions, cut off at 0 and 1, beyond which there are no shares.

    Raises
    ------
    ValueError
        For an unknown measure.

    Examples
    --------
    With 20% under placebo, and a ratio of 2 or a difference of 20 percentage points:

    >>> [round(float(implied_share(0.2, *effect)), 3) for effect in ((np.log(2), "RR"), (np.log(2), "OR"), (0.2, "RD"))]
    [0.4, 0.333, 0.4]
    """
    _check.option("measure", measure, MEASURES)
    return np.clip(_implied_uncut(placebo, effect, measure), 0.0, 1.0)


def _implied_uncut(placebo, effect, measure):
    """The implied shares, impossible ones included; those of a standardised improvement too."""
    share = np.asarray(placebo, dtype=float)
    if measure == "RD":
        return share + effect
    if measure == "SMD":
        return special.ndtr(special.ndtri(share) + effect)
    ratio = np.exp(np.clip(effect, -_LARGEST_LOG, _LARGEST_LOG))
    if measure == "HR":
        return -np.expm1(ratio * np.log1p(-share))
    return share * ratio if measure == "RR" else share * ratio / (1.0 - share + share * ratio)


def response_curve(pooled: PooledEffect | PooledCounts, measure: CountsMeasure | None = None) -> pd.DataFrame:
    """Return the curve that a pooled effect draws through all shares under placebo, with its interval.

    Parameters
    ----------
    pooled : PooledEffect or PooledCounts
        Of log risk ratios, log odds ratios or risk differences.
    measure : {"RR", "OR", "RD"}, optional
        Default: that of the result.

    Returns
    -------
    pandas.DataFrame
        placebo, treatment, low and high, fractions: a line through the origin for a risk ratio, a curve for an odds
        ratio, a parallel to the line of no difference for a risk difference. All are cut off at 0 and 1; `possible`
        says where the estimate itself is not. Rows stand where any of the three meets 0 or 1, and densely for the odds
        ratio; low and high are NaN without an interval.

    Raises
    ------
    ValueError
        For an unknown measure, or the result of many meta-analyses.

    Notes
    -----
    The three lines in the plane of L'Abbé, Detsky and O'Rourke (1987, doi 10.7326/0003-4819-107-2-224); how far trials
    stray from them by chance depends on their size, and is greatest near 50% (Song 1999, doi
    10.1016/S0895-4356(99)00066-9).

    Examples
    --------
    >>> from analysis.models.counts import pool_mantel_haenszel
    >>> pooled = pool_mantel_haenszel([12, 9], [30, 25], [6, 5], [30, 24], measure="RR")
    >>> response_curve(pooled)[["placebo", "treatment"]].round(2).drop_duplicates().values.tolist()
    [[0.0, 0.0], [0.29, 0.54], [0.53, 1.0], [1.0, 1.0]]
    """
    measure = measure or pooled.measure
    _check.option("measure", measure, MEASURES)
    if np.ndim(pooled.estimate):
        raise ValueError("this is the result of many meta-analyses; there is one curve for each of them")
    limits = [end for end in pooled.ci if np.isfinite(end)]
    grid = np.linspace(0.0, 1.0, _CURVE_POINTS if measure == "OR" else 2)
    # The effect undone tells the shares under placebo at which a curve meets 0 or 1 and is cut off.
    met = [implied_share(grid, -effect, measure) for effect in (pooled.estimate, *limits)]
    placebo = np.unique(np.concatenate([grid, *met]))
    low, high = (implied_share(placebo, end, measure) if len(limits) == 2 else np.nan for end in pooled.ci)
    treatment = _implied_uncut(placebo, pooled.estimate, measure)
    return pd.DataFrame(
        {
            "placebo": placebo,
            "treatment": np.clip(treatment, 0.0, 1.0),
            "low": low,
            "high": high,
            "possible": (treatment > -_ROUNDING) & (treatment < 1.0 + _ROUNDING),
        }
    )


# The effects of counts, by measure.
_OF_COUNTS = {"RR": log_risk_ratio, "OR": log_odds_ratio, "RD": risk_difference}


def require_counts_of(pooled: PooledEffect | PooledCounts, given: Sequence[ArrayLike], name: str = "counts") -> None:
    """Raise ValueError for counts that are not those of the trials of a result.

    Parameters
    ----------
    pooled : PooledEffect or PooledCounts
        Of counts its own are compared, else each effect with that of the counts, without trials whose zero cells were
        corrected somehow: they differ by a tenth of its standard error and by more than rounding to two decimals.
    given : (events_t, n_t, events_p, n_p)
    name : str, optional
        Of the argument.

    Examples
    --------
    >>> from analysis import pool_mantel_haenszel
    >>> counts = [12, 9], [30, 25], [6, 5], [30, 24]
    >>> require_counts_of(pool_mantel_haenszel(*counts), counts)
    """
    measure, numbers = pooled.measure, np.stack(counts(*given))
    own = getattr(pooled, "counts", None)
    if own is not None:
        wrong = np.flatnonzero((numbers != np.stack(own)).any(axis=0))
        said = ["{} of {} with the event and {} of {}".format(*(f"{x:g}" for x in numbers[:, i])) for i in wrong]
    else:
        events_t, n_t, events_p, n_p = numbers
        whole = (events_t > 0) & (events_p > 0) & (events_t < n_t) & (events_p < n_p)
        made = _OF_COUNTS[measure](*numbers)[0]
        far = np.abs(made - pooled.yi) > np.maximum(0.1 * np.sqrt(pooled.vi), 0.006)
        wrong, shown = np.flatnonzero(whole & far), measure.transform
        article = "an" if measure.name[0] in "aeiou" else "a"
        said = [f"{article} {measure.name} of {shown(made[i]):.2f}, and not {shown(pooled.yi[i]):.2f}" for i in wrong]
    if len(wrong):
        each = [f"trial {i + 1} ({pooled.labels[i]}) has {words}" for i, words in zip(wrong, said, strict=True)]
        first = f"{'; '.join(each[:3])}{' and others' * (len(each) > 3)}"
        raise ValueError(
            f"{name} are not those of the trials of the result: {first}; give those of its trials, in its "
            "order, the first arm first"
        )


def count_shares(events_t: ArrayLike, n_t: ArrayLike, events_p: ArrayLike, n_p: ArrayLike) -> pd.DataFrame:
    """Return counts and shares of both arms as a table.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like, shape (k,)
        Responders and people of the treatment and of the placebo arm.

    Returns
    -------
    pandas.DataFrame
        events_placebo, n_placebo, placebo (a fraction), and the same for treatment.

    Raises
    ------
    ValueError
        If a count is missing, or events are negative or exceed the number of people.

    Examples
    --------
    >>> count_shares([12, 9], [30, 25], [6, 5], [30, 24])["treatment"].tolist()
    [0.4, 0.36]
    """
    given = np.stack(counts(events_t, n_t, events_p, n_p))
    if given.ndim != 2 or np.isnan(given).any():
        raise ValueError("counts holds four numbers a trial: events and people under treatment, then under placebo")
    table = {}
    for role, (events, n) in (("placebo", given[2:]), ("treatment", given[:2])):
        table |= {f"events_{role}": events, f"n_{role}": n, role: events / n}
    return pd.DataFrame(table)
