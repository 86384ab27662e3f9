"""Is a difference worthwhile? The share of comparable trials whose true effect lies beyond a published threshold.

Two kinds of threshold are kept apart, because they answer two questions (Dworkin 2009, Pain 146:238): how much better
matters to one patient (within-patient), and how large a difference between groups is worth having (between-group).
A function that compares with one kind refuses the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import special

from analysis import _check
from analysis._types import Benefit, ThresholdKind, ThresholdUnit
from analysis.models.prediction import of_pooled
from analysis.models.results import ConfidenceInterval, PooledEffect, Result
from analysis.models.tau2 import columns, q_root, weighted
from analysis.sentences import Wording
from analysis.text import chance, level, number

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms

WITHIN, BETWEEN = "within-patient", "between-group"
POINTS, PERCENT = "points", "percent of baseline"
# Of differences between groups alone.
RATIO, RISK, SDS = "ratio", "percentage points", "standard deviations"
_LARGEST = {POINTS: 10, PERCENT: 100, RISK: 100}
# Millimetres on a line of 100 in a point of 10.
_MM = 10.0
_INSTEAD = {
    WITHIN: "translate_responders(trials, threshold) gives the share of people who reach it",
    BETWEEN: "share_beyond(pooled, threshold) gives the share of trials whose difference lies beyond it",
}

# Trials: with two, a single squared distance would have to tell tau.
LEAST = 3
# Why there is no share of true effects beyond a threshold.
ONE_TRUE_EFFECT = "the common-effect model has one true effect for all {}"
TOO_FEW = "{} cannot show how true effects vary; {} are the least"
# What a prediction interval on t takes off the number of trials; a normal one takes infinite degrees of freedom.
_DF_LESS = {"t(k-1)": 1, "t(k-2)": 2}
# Quantiles of the confidence distribution of tau2.
_GRID = 2000
# Normal deviates: a share further out differs from 0 or 1 by less than 1e-23, and is taken for it.
_FAR = 10.0
# Halvings of -_FAR to _FAR; the last step is finer than the spacing of doubles at 1.
_HALVINGS = 60
_COVERED = "The interval holds the uncertainty {} for normally distributed true effects; "


#: Smallest worthwhile and appreciable difference between groups, by outcome and unit: Busse 2015, 10 and 20 mm of 100.
USUAL_WORTHWHILE = {("pain", "points on 0–10"): (1.0, 2.0)}
USUAL_SOURCE = "Busse 2015"


@dataclass(frozen=True)
class Threshold:
    """One threshold of important change or difference.

    Attributes
    ----------
    value : float or None
        Size in `unit`, without a sign; a ratio lies below 1 where lower is better, else above; None for a range, see
        :meth:`at`.
    kind : {"within-patient", "between-group"}
        Whether it is a change that matters to a patient, or a difference between groups worth having.
    unit : str
        "points" (on 0-10), or "percent of baseline" within patients. Of differences between groups also "ratio" (odds
        ratios and all others), "percentage points" (risk differences), "standard deviations", or the unit of the
        effects, such as "metres".
    source, label, scale : str
        Author and year, what the threshold is called, and the scale it was found on.
    low, high : float or None
        Ends of a range, in `unit`; otherwise both are `value`, or `high` is None for "at least".

    See Also
    --------
    analysis.threshold : Choose a published threshold from a table.
    analysis.share_beyond : Compare a pooled difference with a between-group threshold.
    analysis.translate_responders : Compare the changes of people with a within-patient threshold.

    References
    ----------
    Dworkin et al. 2009, Pain 146:238-244 (within-patient and between-group are two questions).

    Dworkin et al. 2008, doi 10.1016/j.jpain.2007.09.005, and Farrar et al. 2001, doi 10.1016/s0304-3959(01)00349-9
    (thresholds of patients, in points and in percent of baseline).

    Busse 2015, doi 10.3899/jrheum.141440 (thresholds of pooled differences).

    Examples
    --------
    >>> Threshold(2, "within-patient").words, Threshold(0.5, "between-group", "standard deviations").words
    ('2 points', '0.5 standard deviations')
    """

    value: float | None
    kind: str
    unit: str = POINTS
    source: str = "own choice"
    label: str = ""
    scale: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        _check.option("kind", self.kind, (WITHIN, BETWEEN))
        if self.kind == WITHIN:
            _check.option("unit", self.unit, (POINTS, PERCENT))
        numbers = [x for x in (self.value, self.low, self.high) if x is not None]
        if self.value is None and None in (self.low, self.high):
            raise ValueError("a threshold without a value is a range; give both low and high")
        largest = _LARGEST.get(self.unit, math.inf)
        if not all(isinstance(x, int | float | np.number) and 0 < x <= largest and x < math.inf for x in numbers):
            most = "" if largest == math.inf else f" and is at most {largest}"
            size = "" if self.unit == RATIO else "; give the size of the change without a sign"
            raise ValueError(f"value={self.value!r}: a threshold in {self.unit} lies above 0{most}{size}")
        if self.unit == RATIO and self.value == 1:
            raise ValueError(
                "value=1: a ratio of 1 is no difference; give one below 1 where lower is better, else above"
            )

    @property
    def words(self) -> str:
        """The threshold as text, such as "2 points", "30% of baseline" or "1.2 to 3.9 points"."""
        ends = (self.low, self.high) if self.value is None else (self.value,)
        size = " to ".join(number(x, next(d for d in range(4) if d == 3 or round(x, d) == x)) for x in ends)
        one = self.unit.removesuffix("s") if self.value == 1 else self.unit
        return size + {PERCENT: "% of baseline", RATIO: ""}.get(self.unit, f" {one}")

    def reached(self, words: Wording) -> str:
        """Return what it takes to reach the threshold, in words.

        Parameters
        ----------
        words : analysis.sentences.Wording
            Of the effects that are compared with it.

        Returns
        -------
        str
            Such as "at least 2 points less pain"; "scores at least 2 points lower" where nobody said of what; "at most
            0.8" of a ratio.
        """
        if self.unit == RATIO:
            return f"at {'most' if self.value < 1 else 'least'} {self.words}"
        if words.outcome_name and words.better:
            return f"at least {self.words} {words.better}"
        return f"{'' if self.unit == RISK else 'scores '}at least {self.words} {words.benefit or 'lower'}"

    def at(self, value: float) -> Threshold:
        """Return the threshold with one value chosen from its range.

        Parameters
        ----------
        value : float
            Between `low` and `high`, in `unit`.

        Returns
        -------
        Threshold
            The same, with this value.

        Raises
        ------
        ValueError
            If the value is outside the range.
        """
        low = self.value if self.low is None else self.low
        high = self.high if self.high is not None else low if self.low is None else math.inf
        if not (low is not None and low <= value <= high):
            raise ValueError(f"{value!r} is not in the range of the threshold, {self.words} ({self.source})")
        return replace(self, value=value)


def threshold(
    thresholds: pd.DataFrame,
    *,
    kind: ThresholdKind,
    source: str | None = None,
    label: str | None = None,
    unit: ThresholdUnit | None = None,
) -> Threshold:
    """Choose one published threshold from a table.

    Parameters
    ----------
    thresholds : pandas.DataFrame
        From :func:`analysis.read_thresholds`: the columns of ``data/mcid.csv``.
    kind : {"within-patient", "between-group"}
        Must be said: the two are not interchangeable.
    source : str, optional
        First author, or author and year: "Farrar", "Olsen 2018".
    label : str, optional
        Part of the label, such as "substantial".
    unit : {"points", "percent of baseline"}, optional
        Millimetres of 100 count as points, and are divided by 10.

    Returns
    -------
    Threshold
        In points or in percent of baseline.

    Raises
    ------
    ValueError
        If no row or several rows fit (the message lists them), or the source gives no value.

    See Also
    --------
    analysis.read_thresholds : Read a table of published thresholds.
    analysis.share_beyond : Compare a pooled difference with a between-group threshold.
    analysis.translate_responders : Compare the changes of people with a within-patient threshold.

    References
    ----------
    Dworkin et al. 2009, Pain 146:238-244 (within-patient and between-group are two questions).

    The sources of the thresholds stand in the column doi of the table.

    Examples
    --------
    >>> from analysis import read_thresholds
    >>> table = read_thresholds("data/mcid.csv")
    >>> threshold(table, kind="between-group", source="Busse").words
    '1 point'
    >>> threshold(table, kind="within-patient", source="Farrar", unit="percent of baseline").words
    '30% of baseline'
    """
    _check.option("kind", kind, (WITHIN, BETWEEN))
    if unit is not None:
        _check.option("unit", unit, (POINTS, PERCENT))
    names = thresholds["source"] + " " + thresholds["year"].astype(float).map("{:.0f}".format)
    keep = thresholds["kind"] == kind
    if source is not None:
        keep &= (names == source) | (thresholds["source"] == source)
    if label is not None:
        keep &= thresholds["label"].str.contains(label, case=False, regex=False, na=False)
    if unit is not None:
        keep &= (thresholds["unit"] == PERCENT) == (unit == PERCENT)
    rows = thresholds[keep]
    # One without a value is none to choose, where there are others.
    rows = rows if rows["value_low"].isna().all() else rows[rows["value_low"].notna()]
    if len(rows) != 1:
        among = rows if len(rows) else thresholds[thresholds["value_low"].notna()]
        listed = "; ".join(
            f"{names[i]}, {row['kind']}, {row['label']} ({row['value_low']:g} {row['unit']})"
            for i, row in among.iterrows()
        )
        wanted = f"kind={kind!r}, source={source!r}, label={label!r}, unit={unit!r}"
        raise ValueError(f"{len(rows) or 'no'} thresholds fit {wanted}; narrow the choice to one of: {listed}")
    row, name = rows.iloc[0], names[rows.index[0]]
    low, high = (float(row[end]) / (_MM if row["unit"] == "mm" else 1.0) for end in ("value_low", "value_high"))
    if math.isnan(low):
        raise ValueError(f"{name} gives no value ({row['note']}); choose another source")
    high = None if math.isnan(high) else high
    value = low if high is None or high == low else None
    unit = PERCENT if row["unit"] == PERCENT else POINTS
    return Threshold(value, row["kind"], unit, name, row["label"], row["scale"], low, high)


def require(wanted: Any, kind: ThresholdKind, purpose: str) -> None:
    """Refuse a threshold that is not of the kind a comparison needs, or has no single value.

    Parameters
    ----------
    wanted : Threshold
        What the user gave.
    kind : {"within-patient", "between-group"}
        What the comparison needs.
    purpose : str
        What is compared with it, the subject of the message.

    Raises
    ------
    ValueError
        Saying why, and what to use instead.
    """
    if not isinstance(wanted, Threshold):
        raise ValueError(
            f"threshold={wanted!r} does not say whether it is within-patient or between-group; choose one with "
            f"threshold(table, kind={kind!r}, ...), or give Threshold(value, {kind!r})"
        )
    if wanted.kind != kind:
        raise ValueError(
            f"{purpose} must not be read against a {wanted.kind} threshold ({wanted.words}, {wanted.source}). What "
            "matters to one patient is one question, what difference between groups is worth having another "
            f"(Dworkin 2009, Pain 146:238). Choose a {kind} threshold. For this one, {_INSTEAD[wanted.kind]}"
        )
    if wanted.value is None:
        raise ValueError(
            f"{wanted.source} gives a range, {wanted.words}; choose one value from it with threshold.at(value)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class ShareBeyond(Result):
    """Share of comparable trials whose true effect lies beyond a threshold.

    Attributes
    ----------
    share : float
        A fraction; NaN where it cannot be estimated, see `reason`.
    ci : ConfidenceInterval
        Of the share, at `confidence_level`.
    new_trial : float
        Probability that the true effect of one new comparable trial lies beyond, with the uncertainty of the mean in
        it (Siemens 2025).
    mean_beyond : float
        One-sided confidence that the mean effect lies beyond; the answer if tau is 0.
    k : int
        Number of trials.
    tau : float
        SD of the true effects.
    threshold : Threshold
        Between-group.
    confidence_level : float
        Level of `ci`, between 0 and 1.
    reason : str
        Why there is no share, or "".
    tau_given : bool
        Whether tau was given and not estimated; the interval then holds no uncertainty of it.
    measure : str
        Of the effects.
    effects : EffectSizes or None
        What was pooled, where it is known.

    See Also
    --------
    analysis.share_beyond : Make this result.
    analysis.threshold : Choose a published threshold.
    analysis.PooledEffect : A pooled effect, with its prediction interval.

    References
    ----------
    Mathur & VanderWeele 2019, doi 10.1002/sim.8057 (the share).

    Viechtbauer 2007, doi 10.1002/sim.2514 (the Q-profile method).

    Siemens, Borenstein, Evrenoglou, Meerpohl & Schwarzer 2025, BMC Med Res Methodol 25:275 (a new trial).

    Examples
    --------
    >>> from analysis import Threshold, pool, share_beyond
    >>> pooled = pool([-2.1, -0.3, -1.4, -0.6, -1.9], [0.1, 0.1, 0.2, 0.1, 0.2], benefit="lower")
    >>> found = share_beyond(pooled, Threshold(1, "between-group"))
    >>> print(f"{found.share:.2f}, {found.new_trial:.2f}, {found.mean_beyond:.2f}")
    0.63, 0.60, 0.73
    """

    share: float
    ci: ConfidenceInterval
    new_trial: float
    mean_beyond: float
    k: int
    tau: float
    threshold: Threshold
    confidence_level: float
    reason: str = ""
    tau_given: bool = False
    measure: str = ""
    # A share is no effect, whatever the scale of the effects.
    _transformed: ClassVar[tuple[str, ...]] = ()
    effects: EffectSizes | None = field(default=None, repr=False)

    def _in_words(self):
        words = Wording.of(self)
        ratio = self.threshold.unit == RATIO
        than = f" than with {words.arms[1]}" if words.arms and not ratio else ""
        true = f"true {words.called}{',' * bool(words.contrast)}" if ratio else "true effect"
        limit = f"{self.threshold.reached(words)}{than} ({self.threshold.source})"
        mean = f"The mean effect lies beyond with a one-sided confidence of {chance(self.mean_beyond)}"
        if self.reason:
            said = [f"Share of comparable {words.nouns} whose {true} would be {limit}: not given, {self.reason}."]
            said.append(f"{mean}.")
        else:
            at, limits = level(self.confidence_level), " to ".join(chance(end) for end in self.ci)
            said = [
                f"In an estimated {chance(self.share)} ({at} CI {limits}) of comparable {words.nouns} the "
                f"{true} would be {limit}; {words.counted(self.k)}, tau {number(self.tau)}{words.on_scale}.",
                f"{mean}, that of a new {words.noun} with probability {chance(self.new_trial)}.",
                _COVERED.format("of the mean, with tau as given," if self.tau_given else "of the mean and of tau")
                + f"not bias, not the choice of {words.nouns}, not the doubt about the threshold.",
            ]
        return "", [(None, sentence) for sentence in said]


def share_beyond(
    pooled: PooledEffect | PooledArms, threshold: Threshold, *, confidence_level: float | None = None
) -> ShareBeyond:
    """Share of comparable trials whose true effect would be at least as good as a threshold.

    Parameters
    ----------
    pooled : PooledEffect or PooledArms
        The contrast of two arms by any measure, from :func:`analysis.pool` or :func:`analysis.pool_arms`; never the
        change within arms. Of differences somebody must have said what is good (`benefit`); of a ratio whose effects do
        not say it, the side of `threshold` does.
    threshold : Threshold
        Between-group, in the unit of the effects: "ratio" of ratios, "percentage points" of risk differences,
        "standard deviations" of standardised differences.
    confidence_level : float, optional
        That of `pooled` if left out.

    Returns
    -------
    ShareBeyond
        Without a share for fewer than three trials or the common-effect model; `reason` says why.

    Raises
    ------
    ValueError
        For a within-patient threshold, one in another unit or on the side of harm, effects that compare no arms, or
        differences of which nobody said what is good.

    See Also
    --------
    analysis.threshold : Choose a published threshold.
    analysis.pool : Pool the trials.
    analysis.predictive_density : Compute the density of the effect in a new trial.

    Notes
    -----
    With true effects from N(mu, tau2) the share is Phi((-c - mu) / tau) for a threshold c, of ratios on the log scale.
    Its delta-method interval needs many trials and fails near tau = 0, so another is used: the quantiles of the share
    where tau2 has the confidence distribution of the Q-profile method (Q(tau2) is chi-square on k - 1) and mu, given
    tau2, is normal about the weighted mean. No random numbers are drawn. Where the sampling variances are negligible,
    this is the exact noncentral-t interval of a normal tail; with tau near 0 it reaches to 0 or 1. It is widened to
    hold the estimate.

    References
    ----------
    Mathur & VanderWeele 2019, doi 10.1002/sim.8057 (the share).

    Viechtbauer 2007, doi 10.1002/sim.2514 (the Q-profile method).

    Siemens, Borenstein, Evrenoglou, Meerpohl & Schwarzer 2025, BMC Med Res Methodol 25:275 (a new trial).

    Examples
    --------
    >>> from analysis import pool
    >>> pooled = pool([-2.1, -0.3, -1.4, -0.6, -1.9], [0.1, 0.1, 0.2, 0.1, 0.2], benefit="lower")
    >>> found = share_beyond(pooled, Threshold(1, "between-group"))
    >>> print(f"{found.share:.2f} ({found.ci.low:.2f} to {found.ci.high:.2f})")
    0.63 (0.25 to 0.92)

    An odds ratio of 0.8 or less:

    >>> odds = pool([-2.1, -0.3, -1.4, -0.6, -1.9], [0.1, 0.1, 0.2, 0.1, 0.2], measure="OR", benefit="lower")
    >>> found = share_beyond(odds, Threshold(0.8, "between-group", "ratio"))
    >>> print(f"{found.share:.2f} ({found.ci.low:.2f} to {found.ci.high:.2f})")
    0.92 (0.51 to 1.00)
    """
    return share_of_better(pooled, threshold, confidence_level)


def share_of_better(
    pooled: PooledEffect | PooledArms,
    threshold: Threshold,
    confidence_level: float | None = None,
    benefit: Benefit | None = None,
) -> ShareBeyond:
    """`share_beyond` of effects whose `benefit` the caller knows where they do not say it."""
    contrast = pooled.contrast if hasattr(pooled, "joint") else pooled
    require(threshold, BETWEEN, "a difference between groups")
    if not isinstance(contrast, PooledEffect):
        raise TypeError(_check.refusal(contrast, "share_beyond", "give the result of pool or pool_arms"))
    words = Wording.of(contrast)
    turned, limit = turned_and_limit(replace(words, benefit=words.benefit or benefit), threshold)
    at = contrast.confidence_level if confidence_level is None else _check.level(confidence_level)
    effects = getattr(pooled, "effects", None)
    if turned:
        # Turned round, a lower effect is a better one.
        contrast = replace(contrast, estimate=-contrast.estimate, yi=-contrast.yi)
    distance = limit - contrast.estimate
    fields = {"k": contrast.k, "tau": contrast.tau, "threshold": threshold, "confidence_level": at}
    fields |= {"effects": effects, "measure": contrast.measure}
    # A standard error that is 0 by chance would make the mean, and a new trial, certain.
    se, df = (contrast.wald_se, math.inf) if contrast.collapsed else (contrast.se, contrast.df)
    fields["mean_beyond"] = _student(distance, se, df)
    given = contrast.tau2_method == "fixed"
    words, reason = Wording.of(pooled), ""
    if contrast.tau2_method == "CE" or (given and contrast.tau == 0):
        reason = ONE_TRUE_EFFECT.format(words.nouns)
    elif contrast.k < LEAST:
        reason = TOO_FEW.format(words.counted(contrast.k), LEAST)
    # All the confidence in tau would be at 0, and a share of 100% certain.
    elif contrast.tau2_ci_empty:
        reason = "the effects agree more closely than their standard errors allow, so that the interval of tau is empty"
    if reason:
        nothing = ConfidenceInterval(math.nan, math.nan)
        return ShareBeyond(math.nan, nothing, math.nan, **fields, reason=reason)
    share = share_of_normal(distance, contrast.tau)
    low, high = _share_interval(contrast, limit, at)
    if contrast.pi_method == "Nagashima":
        new_trial = float(of_pooled(contrast).cdf(limit)[0])
    else:
        df = contrast.k - _DF_LESS.get(contrast.pi_method, -math.inf)
        new_trial = _student(distance, math.hypot(contrast.tau, se), df)
    limits = ConfidenceInterval(min(low, share), max(high, share))
    return ShareBeyond(share, limits, new_trial, **fields, tau_given=given)


def share_of_normal(distance: float, tau: float) -> float:
    """The share of true effects, normal with SD tau, that lie no further up than `distance` from their mean.

    Without variation all trials share the mean effect, and one just at the threshold counts as beyond.

    Examples
    --------
    >>> round(share_of_normal(1.0, 1.0), 3), share_of_normal(0.0, 0.0)
    (0.841, 1.0)
    """
    return float(distance >= 0) if tau == 0 else float(special.ndtr(distance / tau))


def turned_and_limit(words: Wording, threshold: Threshold) -> tuple[bool, float]:
    """Whether higher effects are better, and where the threshold lies on the scale of analysis once they are lower."""
    measure, value = words.measure, float(threshold.value)
    if measure and not measure.two_arms:
        raise ValueError(
            f"the pooled effect is a {measure.name}; a between-group threshold needs a contrast of two arms, such as a "
            "mean difference (MD) or an odds ratio (OR)"
        )
    unit = RATIO if measure.is_ratio else RISK if measure == "RD" else words.points
    # Effects that nobody named may be in standard deviations, or in points.
    never = (PERCENT, RATIO, RISK, SDS) if measure else (PERCENT, RATIO, RISK)
    if (threshold.unit in never or unit) and not (unit and unit.startswith(threshold.unit)):
        own = f"; give Threshold(value, {BETWEEN!r}, unit={unit or POINTS!r})"
        raise ValueError(f"a pooled {measure.name} cannot be compared with {threshold.words} ({threshold.unit}){own}")
    if not measure.is_ratio and words.benefit is None:
        raise ValueError(
            f"share_beyond is about effects at least as good as {threshold.words}, and nobody said what is good; give "
            "benefit='lower' or 'higher' to effect_sizes, or to pool"
        )
    if not measure.is_ratio:
        return words.benefit == "higher", -value / (100.0 if unit == RISK else 1.0)
    if words.benefit == ("lower" if value > 1 else "higher"):
        raise ValueError(
            f"for this {measure.name}, {threshold.words} is a harm: {words.benefit} is better in these effects"
        )
    return value > 1, -abs(math.log(value))


def _student(x, se, df):
    """P(T <= x / se) for a t variable on df degrees of freedom, normal where they are infinite."""
    if se == 0:
        return float((np.sign(x) + 1) / 2)
    return float(special.ndtr(x / se) if math.isinf(df) else special.stdtr(df, x / se))


def _share_interval(contrast, limit, confidence_level):
    """Equal-tailed limits of the share of true effects below `limit`."""
    data = columns(contrast.yi[:, None], contrast.vi[:, None])
    tau2 = np.array([contrast.tau2]) / data.scale**2
    if contrast.tau2_method != "fixed":
        shares = (np.arange(_GRID) + 0.5) / _GRID
        grid = columns(*(np.repeat(x[:, None], _GRID, axis=1) for x in (contrast.yi, contrast.vi)))
        tau2 = q_root(grid, special.chdtri(contrast.k - 1, shares))
    here = weighted(data.y, data.v, tau2)
    se, tau = 1.0 / np.sqrt(here.total), np.sqrt(tau2)
    above = (here.mean - (limit - data.shift) / data.scale) / se
    tail = (1.0 - confidence_level) / 2.0
    wanted = np.array([tail, 1.0 - tail])
    low, high = np.full(2, -_FAR), np.full(2, _FAR)
    for _ in range(_HALVINGS):
        z = (low + high) / 2.0
        # The share is at most Phi(z) where the mean is at least limit - z tau: normal given tau2, averaged over tau2.
        below = special.ndtr(above + np.multiply.outer(z, tau / se)).mean(axis=1) < wanted
        low, high = np.where(below, z, low), np.where(below, high, z)
    ends = np.where(low <= -_FAR, 0.0, np.where(high >= _FAR, 1.0, special.ndtr(z)))
    return tuple(float(end) for end in ends)
