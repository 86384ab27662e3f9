"""Effect sizes from arm summaries: plain formulas on numbers or arrays that broadcast.

``_t`` is the treatment arm, ``_p`` the placebo arm. Every contrast is treatment minus placebo (or treatment
over placebo, as a log), so on a pain scale negative means less pain with treatment. Each function returns the
pair ``(yi, vi)``: the effect and its sampling variance. NaN in, NaN out; a number that cannot be, such as a
negative SD, raises ValueError with the list of all such numbers. Differences of means come first, then changes
within one arm, before to after, then counts of responders in two arms, which share their rules for zero cells, then
what a single arm has: its mean, its proportion, its correlation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, hyp2f1

from analysis import _check
from analysis._check import amount, checked
from analysis._docs import documented
from analysis._types import ContinuityTo, Floats, Values, Variance

if TYPE_CHECKING:
    import pandas as pd

VARIANCES = get_args(Variance)
CONTINUITY_TO = get_args(ContinuityTo)

__all__ = [
    "adjusted_difference",
    "change_sd",
    "correlation_coefficient",
    "double_arcsine_proportion",
    "fisher_z",
    "glass_delta",
    "hedges_g",
    "heteroscedastic_smd",
    "log_incidence_rate_ratio",
    "log_odds_ratio",
    "log_ratio_of_means",
    "log_ratio_of_paired_means",
    "log_risk_ratio",
    "logit_proportion",
    "mean_change",
    "mean_difference",
    "paired_difference",
    "peto_log_odds_ratio",
    "risk_difference",
    "single_mean",
    "single_proportion",
    "standardized_change_score",
    "standardized_mean_change",
    "standardized_mean_change_pooled",
]


@documented
def mean_difference(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_p: ArrayLike, sd_p: ArrayLike, n_p: ArrayLike
) -> tuple[Values, Values]:
    """Return the difference of two independent means and its variance.

    Changes or final scores, but the same in both arms.

    Parameters
    ----------
    {mean_t, sd_t, n_t, mean_p, sd_p, n_p}

    Returns
    -------
    tuple
        ``(yi, vi)`` in scale units and squared scale units.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, an arm empty; the message lists every such value.

    See Also
    --------
    analysis.effects.paired_difference : The same for a crossover trial, where the same people had both.
    analysis.effects.hedges_g : The difference in units of the SD, for outcomes on several scales.
    analysis.recover.sd_from_ci : The SD of an arm whose mean is printed with an interval.
    analysis.effect_sizes : Mean differences of a whole table of trials.

    Notes
    -----
    yi = mean_t - mean_p and vi = sd_t^2 / n_t + sd_p^2 / n_p. Each arm keeps its own variance; they are not assumed
    equal. Called MD in metafor.

    References
    ----------
    .. [1] Borenstein 2009, Effect sizes for continuous data, in Cooper, Hedges & Valentine, The Handbook of Research
       Synthesis and Meta-Analysis, 2nd edition, pages 221-235, equation 12.5.
    .. [2] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.1.

    Examples
    --------
    >>> yi, vi = mean_difference(-2.68, 2.08, 45, 0.25, 2.16, 45)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    -2.93, 0.1998
    """
    m1, s1, n1, m2, s2, n2 = _two_checked_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
    return m1 - m2, s1**2 / n1 + s2**2 / n2


def _two_checked_arms(*arms, least_n=1):
    names = ("mean_t", "sd_t", "n_t", "mean_p", "sd_p", "n_p")
    return checked(**dict(zip(names, arms, strict=True)), least_n=least_n)


@documented
def adjusted_difference(
    baseline_mean_t: ArrayLike,
    baseline_sd_t: ArrayLike,
    final_mean_t: ArrayLike,
    final_sd_t: ArrayLike,
    n_t: ArrayLike,
    baseline_mean_p: ArrayLike,
    baseline_sd_p: ArrayLike,
    final_mean_p: ArrayLike,
    final_sd_p: ArrayLike,
    n_p: ArrayLike,
    correlation: ArrayLike,
) -> tuple[Values, Values]:
    """Return the difference of two final means adjusted for baseline (analysis of covariance), and its variance.

    Parameters
    ----------
    {baseline_mean_t, baseline_sd_t, final_mean_t, final_sd_t, n_t}
    {baseline_mean_p, baseline_sd_p, final_mean_p, final_sd_p, n_p}
    correlation : array_like
        Between baseline and final value of a person within an arm, the same in both, -1 to 1. Papers rarely print it:
        vary it, from 0.3 to 0.7 where nothing else is known.

    Returns
    -------
    tuple
        ``(yi, vi)`` in scale units and squared scale units. NaN where no baseline varies, or with 3 people or fewer.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, an arm empty, or a correlation outside -1 to 1; the message lists every
        such value.

    See Also
    --------
    analysis.effects.mean_difference : Of final scores or of changes, which leave a difference at baseline in or take
        all of it out.
    analysis.recover.correlation_from_sds : The correlation, where a paper prints the SD of the change too.
    analysis.effect_sizes : Adjusted differences of a whole table of trials, with ``outcome="ancova"``.

    Notes
    -----
    What least squares of the final value on arm and baseline gives with people who have these means, SDs and this
    correlation. With s_B^2, s_F^2 and c the variances at baseline and at the end and their covariance, pooled within
    arms over n - 2 degrees of freedom (n people in all), gap the difference at baseline, the slope is b = c / s_B^2 and

        yi = final_mean_t - final_mean_p - b gap

        vi = (s_F^2 - b c) (n - 2) / (n - 3) (1 / n_t + 1 / n_p + gap^2 / ((n - 2) s_B^2))

    A slope of 0 gives the difference of final scores, a slope of 1 that of the changes. Pooled over randomised trials
    all three are unbiased [3]_; where baselines differ in some trials, they can be far apart, and this one accounts
    for it [2]_: it needs no equal baselines to be unbiased, not even in expectation [1]_.

    References
    ----------
    .. [1] Senn 2006, Stat Med 25:4334-4344, doi 10.1002/sim.2682: why to adjust, and not to take changes.
    .. [2] Riley, Kauser, Bland, Thijs, Staessen, Wang, Gueyffier & Deeks 2013, Stat Med 32:2747-2766, doi
       10.1002/sim.5726: meta-analysis of trials whose baselines differ.
    .. [3] McKenzie, Herbison & Deeks 2016, Res Synth Methods 7:371-386: final values, changes and adjusted differences
       compared by simulation.

    Examples
    --------
    >>> arms = {"baseline_mean_t": 5.9, "baseline_sd_t": 2.3, "final_mean_t": 3.2, "final_sd_t": 2.5, "n_t": 45}
    >>> arms |= {"baseline_mean_p": 4.0, "baseline_sd_p": 2.3, "final_mean_p": 4.3, "final_sd_p": 2.5, "n_p": 45}
    >>> yi, vi = adjusted_difference(**arms, correlation=0.5)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    -2.13, 0.2475
    """
    names = "baseline_mean baseline_sd final_mean final_sd n".split()
    arms = [baseline_mean_t, baseline_sd_t, final_mean_t, final_sd_t, n_t]
    arms += [baseline_mean_p, baseline_sd_p, final_mean_p, final_sd_p, n_p]
    given = dict(zip([f"{name}_{arm}" for arm in "tp" for name in names], arms, strict=True))
    before1, b1, after1, f1, n1, before2, b2, after2, f2, n2, r = checked(**given, correlation=correlation)
    df = n1 + n2 - 2
    var_b, var_f, cov = (
        ((n1 - 1) * x1 + (n2 - 1) * x2) / _positive(df)
        for x1, x2 in ((b1**2, b2**2), (f1**2, f2**2), (r * b1 * f1, r * b2 * f2))
    )
    var_b, gap = _positive(var_b), before1 - before2
    slope = cov / var_b
    rest = var_f - slope * cov
    # Of a correlation of 1 rounding leaves something, on either side of nothing.
    residual = np.where(np.abs(rest) <= 1e-12 * var_f, 0.0, rest) * df / _positive(df - 1)
    return after1 - after2 - slope * gap, residual * (1 / n1 + 1 / n2 + gap**2 / (df * var_b))


@documented
def paired_difference(
    mean_t: ArrayLike, sd_t: ArrayLike, mean_p: ArrayLike, sd_p: ArrayLike, n: ArrayLike, correlation: ArrayLike
) -> tuple[Values, Values]:
    """Return the difference of two means of the same people (a crossover trial) and its variance.

    Parameters
    ----------
    mean_t : array_like
        Mean under treatment, in scale units.
    sd_t : array_like
        SD under treatment, in scale units.
    mean_p : array_like
        Mean under placebo, in scale units.
    sd_p : array_like
        SD under placebo, in scale units.
    n : array_like
        People who completed both periods.
    {correlation}

    Returns
    -------
    tuple
        ``(yi, vi)`` in scale units and squared scale units.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, n less than 1, or a correlation outside -1 to 1; the message lists every
        such value.

    See Also
    --------
    analysis.effects.mean_difference : The same for two arms of different people.
    analysis.effects.change_sd : The SD of the differences within people.
    analysis.effects.mean_change : The change within one arm, before to after.

    Notes
    -----
    vi is the squared SD of the differences within people, sd_t^2 + sd_p^2 - 2 correlation sd_t sd_p, over n.

    References
    ----------
    .. [1] Elbourne, Altman, Higgins, Curtin, Worthington & Vail 2002, Int J Epidemiol 31:140-149, doi
       10.1093/ije/31.1.140.

    Examples
    --------
    >>> yi, vi = paired_difference(3.2, 2.1, 3.9, 2.2, 27, 0.5)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    -0.70, 0.1715
    """
    m1, m2, s1, s2, n, r = checked(mean_t=mean_t, mean_p=mean_p, sd_t=sd_t, sd_p=sd_p, n=n, correlation=correlation)
    return m1 - m2, _change_sd(s1, s2, r) ** 2 / n


@documented
def change_sd(sd_pre: ArrayLike, sd_post: ArrayLike, correlation: ArrayLike) -> Values:
    """Return the SD of a change from the SDs before and after.

    Parameters
    ----------
    {sd_pre, sd_post, correlation}

    Returns
    -------
    numpy.ndarray or float
        SD of the change, in scale units.

    Raises
    ------
    ValueError
        If an SD is negative or a correlation lies outside -1 to 1; the message lists every such value.

    See Also
    --------
    analysis.recover.correlation_from_sds : The correlation, where a paper prints all three SDs.
    analysis.effects.mean_change : The mean change and its variance.
    analysis.effects.standardized_change_score : The mean change in units of this SD.

    Notes
    -----
    The root of sd_pre^2 + sd_post^2 - 2 correlation sd_pre sd_post.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.8.

    Examples
    --------
    >>> print(f"{change_sd(1.64, 1.45, 0.5):.4f}")
    1.5537
    """
    pre, post, r = checked(sd_pre=sd_pre, sd_post=sd_post, correlation=correlation)
    return _change_sd(pre, post, r)


def _change_sd(pre, post, r):
    # Not pre^2 + post^2 - 2 r pre post, which rounding makes negative for like SDs and r near 1.
    return np.sqrt((pre - post) ** 2 + 2 * (1 - r) * pre * post)


@documented
def hedges_g(
    mean_t: ArrayLike,
    sd_t: ArrayLike,
    n_t: ArrayLike,
    mean_p: ArrayLike,
    sd_p: ArrayLike,
    n_p: ArrayLike,
    *,
    variance: Variance = "large-sample",
    bias_correction: bool = True,
) -> tuple[Values, Values]:
    """Return the standardized mean difference with Hedges' exact correction, and its variance.

    Final scores only, or changes only.

    Parameters
    ----------
    {mean_t, sd_t, n_t, mean_p, sd_p, n_p, variance, bias_correction}

    Returns
    -------
    tuple
        ``(yi, vi)`` in units of the pooled SD. NaN where both SDs are 0.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative or an arm has less than 2 people (the message lists every such value), for
        an unknown `variance`, or an unbiased one without the correction.

    See Also
    --------
    analysis.effects.heteroscedastic_smd : The same without the assumption of equal SDs.
    analysis.effects.glass_delta : The difference in units of the SD of the placebo arm.
    analysis.effects.mean_difference : The difference in scale units.
    analysis.recover.sd_from_t : The SD of both arms behind a t statistic.

    Notes
    -----
    The pooled SD has n_t + n_p - 2 degrees of freedom. The correction J is the exact ratio of gamma functions [1]_, not
    its usual approximation; without it the result is Cohen's d, for which there is the large-sample variance only.

    With g the result, the large-sample variance is 1 / n_t + 1 / n_p + g^2 / (2 (n_t + n_p)) [2]_, and the unbiased one
    1 / n_t + 1 / n_p + (1 - (df - 2) / (df J^2)) g^2 [3]_. Called SMD in metafor.

    References
    ----------
    .. [1] Hedges 1981, J Educ Stat 6:107-128, doi 10.3102/10769986006002107.
    .. [2] Hedges 1982, Psychol Bull 92:490-499, equation 8, doi 10.1037/0033-2909.92.2.490.
    .. [3] Hedges 1983, Psychol Bull 93:388-395, equation 9, doi 10.1037/0033-2909.93.2.388.

    Examples
    --------
    >>> yi, vi = hedges_g(9.948, 4.573, 3, 19.94, 8.876, 3)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -1.1292, 0.7729
    """
    _check.option("variance", variance, VARIANCES)
    if variance == "unbiased" and not bias_correction:
        raise ValueError("variance='unbiased' is that of the corrected effect; leave bias_correction=True")
    m1, s1, n1, m2, s2, n2 = _two_checked_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p, least_n=2)
    df = n1 + n2 - 2
    spread = _positive(np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df))
    factor = _correction(df) if bias_correction else 1.0
    g = factor * (m1 - m2) / spread
    share = 1 / (2 * (n1 + n2)) if variance == "large-sample" else _unbiased_share(df, factor)
    return g, 1 / n1 + 1 / n2 + share * g**2


def _positive(x):
    """`x`, NaN where it is 0 or less: nothing can be expressed in units of it."""
    return np.where(x > 0, x, np.nan)[()]


def _correction(df):
    """Exact correction of a standardized effect for bias, by the df of its SD; NaN where df is 1 or less.

    Hedges 1981, J Educ Stat 6:107-128, doi 10.3102/10769986006002107.
    """
    df = np.where(np.asarray(df) > 1, df, np.nan)
    # As the difference of logs: the gamma functions themselves overflow beyond about 340 degrees of freedom.
    return (np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))[()]


def _unbiased_share(df, factor):
    """What multiplies the squared effect in the unbiased variance of a standardized effect.

    With J the correction for bias, d the uncorrected effect and v its variance where the true effect is 0,
    the exact variance of J d holds J^2 df / (df - 2) (v + delta^2) - delta^2, of which v + (1 - (df - 2) /
    (df J^2)) (J d)^2 is an unbiased estimate.
    """
    return 1 - (df - 2) / (df * factor**2)


@documented
def heteroscedastic_smd(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_p: ArrayLike, sd_p: ArrayLike, n_p: ArrayLike
) -> tuple[Values, Values]:
    """Return the standardized mean difference of arms with unequal SDs, and its variance.

    Final scores only, or changes only.

    Parameters
    ----------
    {mean_t, sd_t, n_t, mean_p, sd_p, n_p}

    Returns
    -------
    tuple
        ``(yi, vi)`` in units of the root of the mean of the two variances. NaN where both SDs are 0.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative or an arm has less than 2 people; the message lists every such value.

    See Also
    --------
    analysis.effects.hedges_g : The same with one SD for both arms.
    analysis.effects.glass_delta : The difference in units of the SD of the placebo arm.
    analysis.effects.mean_difference : The difference in scale units.

    Notes
    -----
    The effect is corrected for bias as in :func:`analysis.effects.hedges_g`; its variance does not assume that the SDs
    are equal. Called SMDH in metafor.

    References
    ----------
    .. [1] Bonett 2009, Psychol Methods 14:225-238, doi 10.1037/a0016619.
    .. [2] Hedges 1981, J Educ Stat 6:107-128, doi 10.3102/10769986006002107: the correction for bias.

    Examples
    --------
    >>> yi, vi = heteroscedastic_smd(9.948, 4.573, 3, 19.94, 8.876, 3)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -1.1292, 1.2131
    """
    m1, s1, n1, m2, s2, n2 = _two_checked_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p, least_n=2)
    spread = _positive(np.sqrt((s1**2 + s2**2) / 2))
    g = _correction(n1 + n2 - 2) * (m1 - m2) / spread
    u1, u2 = (s1 / spread) ** 2, (s2 / spread) ** 2
    return g, g**2 * (u1**2 / (n1 - 1) + u2**2 / (n2 - 1)) / 8 + u1 / (n1 - 1) + u2 / (n2 - 1)


@documented
def glass_delta(
    mean_t: ArrayLike,
    sd_t: ArrayLike,
    n_t: ArrayLike,
    mean_p: ArrayLike,
    sd_p: ArrayLike,
    n_p: ArrayLike,
    *,
    equal_sds: bool = True,
    bias_correction: bool = True,
) -> tuple[Values, Values]:
    """Return the mean difference in units of the SD of the placebo arm (Glass' delta), and its variance.

    Final scores only, or changes only.

    Parameters
    ----------
    {mean_t, sd_t, n_t, mean_p, sd_p, n_p}
    equal_sds : bool, optional
        Whether the variance of the effect assumes that the arms have the same SD; `sd_t` matters only where not.
    {bias_correction}

    Returns
    -------
    tuple
        ``(yi, vi)`` in units of `sd_p`. NaN where that SD is 0, and with the correction where n_p is 2.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative or an arm has less than 2 people; the message lists every such value.

    See Also
    --------
    analysis.effects.hedges_g : The difference in units of the SD pooled over both arms.
    analysis.effects.heteroscedastic_smd : The difference in units of the mean variance of both arms.
    analysis.effects.standardized_mean_change : The change within one arm in units of the SD before.

    Notes
    -----
    The correction for bias is that of :func:`analysis.effects.hedges_g` with n_p - 1 degrees of freedom. With g the
    result, the variance is 1 / n_t + 1 / n_p + g^2 / (2 n_p) with equal SDs, that of [2]_ without. Called SMD1 and
    SMD1H in metafor.

    References
    ----------
    .. [1] Hedges 1981, J Educ Stat 6:107-128, doi 10.3102/10769986006002107: Glass's estimator and its correction.
    .. [2] Bonett 2008, Psychol Methods 13:99-109, doi 10.1037/1082-989x.13.2.99: without equal SDs.

    Examples
    --------
    >>> yi, vi = glass_delta(9.948, 4.573, 30, 19.94, 8.876, 30)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -1.0963, 0.0867
    """
    m1, s1, n1, m2, s2, n2 = _two_checked_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p, least_n=2)
    spread = _positive(s2)
    g = (_correction(n2 - 1) if bias_correction else 1.0) * (m1 - m2) / spread
    if equal_sds:
        return g, 1 / n1 + 1 / n2 + g**2 / (2 * n2)
    return g, (s1 / spread) ** 2 / (n1 - 1) + 1 / (n2 - 1) + g**2 / (2 * (n2 - 1))


@documented
def log_ratio_of_means(
    mean_t: ArrayLike,
    sd_t: ArrayLike,
    n_t: ArrayLike,
    mean_p: ArrayLike,
    sd_p: ArrayLike,
    n_p: ArrayLike,
    *,
    bias_correction: bool = True,
) -> tuple[Values, Values]:
    """Return the log of the ratio of two means, corrected for bias, and its variance.

    Changes or final scores, but the same in both arms; both means of the same sign.

    Parameters
    ----------
    {mean_t, sd_t, n_t, mean_p, sd_p, n_p, bias_correction}

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the ratio. NaN where the means have opposite signs or one is 0.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, an arm empty; the message lists every such value.

    See Also
    --------
    analysis.effects.mean_difference : The difference of the same means.
    analysis.effects.hedges_g : The difference in units of the SD.
    analysis.effects.log_risk_ratio : The log of the ratio of two risks.

    Notes
    -----
    The variance is sd_t^2 / (n_t mean_t^2) + sd_p^2 / (n_p mean_p^2) [2]_. The correction adds the second-order term of
    the bias [1]_, half the difference of the two parts of that sum. Called ROM in metafor.

    References
    ----------
    .. [1] Lajeunesse 2015, Ecology 96:2056-2063, doi 10.1890/14-2402.1.
    .. [2] Hedges, Gurevitch & Curtis 1999, Ecology 80:1150-1156, equation 1.

    Examples
    --------
    >>> yi, vi = log_ratio_of_means(9.948, 4.573, 3, 19.94, 8.876, 3)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.6932, 0.1365
    """
    m1, s1, n1, m2, s2, n2 = _two_checked_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
    # Where the signs differ or a mean is 0 the ratio has no log; a pair of negative means has one.
    alike = m1 * m2 > 0
    m1, m2 = np.where(alike, m1, np.nan)[()], np.where(alike, m2, np.nan)[()]
    v1, v2 = s1**2 / (n1 * m1**2), s2**2 / (n2 * m2**2)
    return np.log(m1 / m2) + (v1 - v2) / 2 * bool(bias_correction), v1 + v2


@documented
def mean_change(
    mean_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_pre: ArrayLike,
    sd_post: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
) -> tuple[Values, Values]:
    """Return the mean change within one arm and its variance.

    Parameters
    ----------
    {mean_pre, mean_post, sd_pre, sd_post}
    n : array_like
        People in the arm.
    {correlation}

    Returns
    -------
    tuple
        ``(yi, vi)``: after minus before, in scale units, and the squared standard error.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, n less than 1, or a correlation outside -1 to 1; the message lists every
        such value.

    See Also
    --------
    analysis.effects.standardized_mean_change : The change in units of the SD before.
    analysis.effects.standardized_change_score : The change in units of its own SD.
    analysis.effects.change_sd : The SD of the change.
    analysis.recover.correlation_from_sds : The correlation, where a paper prints the SD of the change.

    Notes
    -----
    vi is the squared SD of the change, sd_pre^2 + sd_post^2 - 2 correlation sd_pre sd_post, over n. Called MC in
    metafor.

    References
    ----------
    .. [1] Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, chapter 4 (matched groups or
       pre-post scores), doi 10.1002/9780470743386.
    .. [2] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.8:
       the SD of the change.

    Examples
    --------
    >>> yi, vi = mean_change(7.16, 3.76, 1.64, 1.45, 30, 0.5)
    >>> print(f"{yi:.2f}, {vi:.5f}")
    -3.40, 0.08047
    """
    pre, post, s1, s2, n, r = checked(
        mean_pre=mean_pre, mean_post=mean_post, sd_pre=sd_pre, sd_post=sd_post, n=n, correlation=correlation
    )
    return post - pre, _change_sd(s1, s2, r) ** 2 / n


@documented
def standardized_mean_change(
    mean_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_pre: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    *,
    variance: Variance = "large-sample",
) -> tuple[Values, Values]:
    """Return the mean change in units of the SD before (raw-score standardization), and its variance.

    Parameters
    ----------
    {mean_pre, mean_post, sd_pre, n, correlation, variance}

    Returns
    -------
    tuple
        ``(yi, vi)``: after minus before, in units of `sd_pre`. NaN where that SD is 0 or n is 2, with the unbiased
        variance also where n is 3 or 4.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, n less than 2, or a correlation outside -1 to 1 (the message lists every
        such value), or `variance` is not known.

    See Also
    --------
    analysis.effects.standardized_change_score : The change in units of its own SD.
    analysis.effects.mean_change : The change in scale units.
    analysis.effects.glass_delta : Two arms, in units of the SD of one.

    Notes
    -----
    The effect g is corrected for bias with df = n - 1, as in :func:`analysis.effects.hedges_g`. With r the correlation
    and J the correction, the large-sample variance is 2 (1 - r) / n + g^2 / (2 n) [1]_, the unbiased one
    2 (1 - r) / n + (1 - (df - 2) / (df J^2)) g^2, in which r is replaced by its unbiased estimate [2]_ too. Called SMCR
    in metafor.

    References
    ----------
    .. [1] Becker 1988, Br J Math Stat Psychol 41:257-278, doi 10.1111/j.2044-8317.1988.tb00901.x.
    .. [2] Olkin & Pratt 1958, Ann Math Stat 29:201-211, doi 10.1214/aoms/1177706717.

    Examples
    --------
    >>> yi, vi = standardized_mean_change(7.16, 3.76, 1.64, 30, 0.5)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    -2.0190, 0.10127
    """
    _check.option("variance", variance, VARIANCES)
    pre, post, sd, n, r = checked(
        mean_pre=mean_pre, mean_post=mean_post, sd_pre=sd_pre, n=n, correlation=correlation, least_n=2
    )
    factor = _correction(n - 1)
    g = factor * (post - pre) / _positive(sd)
    if variance == "large-sample":
        return g, 2 * (1 - r) / n + g**2 / (2 * n)
    # At r = 0 the series is taken at 1, where it converges only if (n - 2) / 2 exceeds 1/2 + 1/2: n above 4.
    r = r * hyp2f1(0.5, 0.5, (np.where(n > 4, n, np.nan)[()] - 2) / 2, 1 - r**2)
    return g, 2 * (1 - r) / n + _unbiased_share(n - 1, factor) * g**2


@documented
def standardized_change_score(
    mean_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_pre: ArrayLike,
    sd_post: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    *,
    variance: Variance = "large-sample",
) -> tuple[Values, Values]:
    """Return the mean change in units of the SD of the change, and its variance.

    Parameters
    ----------
    {mean_pre, mean_post, sd_pre, sd_post, n, correlation, variance}

    Returns
    -------
    tuple
        ``(yi, vi)``: after minus before, in units of the SD of the change. NaN where that SD is 0 or n is 2.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, n less than 2, or a correlation outside -1 to 1 (the message lists every
        such value), or `variance` is not known.

    See Also
    --------
    analysis.effects.standardized_mean_change : The change in units of the SD before.
    analysis.effects.mean_change : The change in scale units.
    analysis.effects.change_sd : The SD of the change.

    Notes
    -----
    The effect g is corrected for bias with df = n - 1, as in :func:`analysis.effects.hedges_g`. The
    large-sample variance is 1 / n + g^2 / (2 n), the unbiased one 1 / n + (1 - (df - 2) / (df J^2)) g^2, with J the
    correction. Called SMCC in metafor.

    References
    ----------
    .. [1] Gibbons, Hedeker & Davis 1993, J Educ Stat 18:271-279, doi 10.3102/10769986018003271.

    Examples
    --------
    >>> yi, vi = standardized_change_score(7.16, 3.76, 1.64, 1.45, 30, 0.5)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    -2.1311, 0.10903
    """
    _check.option("variance", variance, VARIANCES)
    names = {"mean_pre": mean_pre, "mean_post": mean_post, "sd_pre": sd_pre, "sd_post": sd_post, "n": n}
    pre, post, s1, s2, n, r = checked(**names, correlation=correlation, least_n=2)
    sd, factor = _change_sd(s1, s2, r), _correction(n - 1)
    g = factor * (post - pre) / _positive(sd)
    share = 1 / (2 * n) if variance == "large-sample" else _unbiased_share(n - 1, factor)
    return g, 1 / n + share * g**2


@documented
def standardized_mean_change_pooled(
    mean_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_pre: ArrayLike,
    sd_post: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
) -> tuple[Values, Values]:
    """Return the mean change in units of the SD pooled over before and after, and its variance.

    Parameters
    ----------
    {mean_pre, mean_post, sd_pre, sd_post, n, correlation}

    Returns
    -------
    tuple
        ``(yi, vi)``: after minus before, in units of the root of the mean of both variances. NaN where both SDs are 0,
        and where the degrees of freedom do not exceed 1.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, n less than 2, or a correlation outside -1 to 1; the message lists every
        such value.

    See Also
    --------
    analysis.effects.standardized_mean_change : The change in units of the SD before.
    analysis.effects.standardized_change_score : The change in units of its own SD.

    Notes
    -----
    The effect g is corrected for bias as in :func:`analysis.effects.hedges_g`, with 2 (n - 1) / (1 + r^2) degrees of
    freedom, r being the correlation [1]_. Its variance is 2 (1 - r) / n + (1 + r^2) g^2 / (4 n). Called SMCRP in
    metafor.

    References
    ----------
    .. [1] Cousineau 2020, The Quantitative Methods for Psychology 16:418-421, doi 10.20982/tqmp.16.4.p418.
    .. [2] Bonett 2008, Psychol Methods 13:99-109, doi 10.1037/1082-989x.13.2.99: one SD for both times.

    Examples
    --------
    >>> yi, vi = standardized_mean_change_pooled(7.16, 3.76, 1.64, 1.45, 30, 0.5)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    -2.1608, 0.08197
    """
    names = {"mean_pre": mean_pre, "mean_post": mean_post, "sd_pre": sd_pre, "sd_post": sd_post, "n": n}
    pre, post, s1, s2, n, r = checked(**names, correlation=correlation, least_n=2)
    g = _correction(2 * (n - 1) / (1 + r**2)) * (post - pre) / _positive(np.sqrt((s1**2 + s2**2) / 2))
    return g, 2 * (1 - r) / n + (1 + r**2) * g**2 / (4 * n)


@documented
def log_ratio_of_paired_means(
    mean_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_pre: ArrayLike,
    sd_post: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    *,
    bias_correction: bool = True,
) -> tuple[Values, Values]:
    """Return the log of the ratio of the mean after to the mean before, corrected for bias, and its variance.

    Parameters
    ----------
    {mean_pre, mean_post, sd_pre, sd_post, n, correlation, bias_correction}

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the ratio. NaN where the means have opposite signs or one is 0.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, n less than 1, or a correlation outside -1 to 1; the message lists every
        such value.

    See Also
    --------
    analysis.effects.log_ratio_of_means : The ratio of the means of two arms.
    analysis.effects.mean_change : The difference of the same means.

    Notes
    -----
    With c the SD of a time over its mean and r the correlation, the variance is (c_pre^2 + c_post^2 - 2 r c_pre
    c_post) / n. The correction adds half of (c_post^2 - c_pre^2) / n. Called ROMC in metafor.

    References
    ----------
    .. [1] Lajeunesse 2011, Ecology 92:2049-2055, doi 10.1890/11-0423.1: means that are correlated.
    .. [2] Lajeunesse 2015, Ecology 96:2056-2063, doi 10.1890/14-2402.1: the correction.

    Examples
    --------
    >>> yi, vi = log_ratio_of_paired_means(7.16, 3.76, 1.64, 1.45, 30, 0.5)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    -0.6425, 0.00376
    """
    names = {"mean_pre": mean_pre, "mean_post": mean_post, "sd_pre": sd_pre, "sd_post": sd_post, "n": n}
    pre, post, s1, s2, n, r = checked(**names, correlation=correlation)
    # As in the ratio of two arms: no log where the signs differ or a mean is 0.
    alike = pre * post > 0
    pre, post = np.where(alike, pre, np.nan)[()], np.where(alike, post, np.nan)[()]
    before, after = s1 / np.abs(pre), s2 / np.abs(post)
    yi = np.log(post / pre)
    if bias_correction:
        yi = yi + (after**2 - before**2) / (2 * n)
    return yi, _change_sd(before, after, r) ** 2 / n


@documented
def log_risk_ratio(
    events_t: ArrayLike,
    n_t: ArrayLike,
    events_p: ArrayLike,
    n_p: ArrayLike,
    *,
    continuity: float = 0.5,
    continuity_to: ContinuityTo = "zero trials",
    drop_double_zero: bool = False,
) -> tuple[Values, Values]:
    """Return the log risk ratio and its variance.

    Parameters
    ----------
    {events_t, n_t, events_p, n_p, continuity, continuity_to, drop_double_zero}

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the risk ratio. NaN where a zero remains that makes either infinite.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people (the message lists every such trial), or an option is not
        known.

    See Also
    --------
    analysis.effects.log_odds_ratio : The log odds ratio of the same counts.
    analysis.effects.risk_difference : The difference of the two risks.
    analysis.pool_mantel_haenszel : Pools counts without adding to zero cells.

    Notes
    -----
    With a and c events among n_t and n_p people, the variance is 1 / a - 1 / n_t + 1 / c - 1 / n_p. Called RR in
    metafor.

    References
    ----------
    .. [1] Katz, Baptista, Azen & Pike 1978, Biometrics 34:469-474, doi 10.2307/2530610.
    .. [2] Sweeting, Sutton & Lambert 2004, Stat Med 23:1351-1375, doi 10.1002/sim.1761: what to add to zero cells.
    .. [3] Deeks, Higgins & Altman, Cochrane Handbook for Systematic Reviews of Interventions, chapter 10, section
       10.4.4.1: the same.

    Examples
    --------
    The first trial of the BCG vaccine data: 4 of 123 against 11 of 139.

    >>> yi, vi = log_risk_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.8893, 0.3256
    """
    given = counts(events_t, n_t, events_p, n_p)
    a, b, c, d = cells(given, continuity, continuity_to, drop_double_zero)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a / (a + b)) - np.log(c / (c + d))
        return _defined(yi, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def counts(events_t: ArrayLike, n_t: ArrayLike, events_p: ArrayLike, n_p: ArrayLike) -> list[Floats]:
    """Return the counts as four float arrays of one shape; ValueError lists every impossible one."""
    return checked(("events_t", "n_t"), ("events_p", "n_p"), events_t=events_t, n_t=n_t, events_p=events_p, n_p=n_p)


def cells(
    counts: Sequence[ArrayLike],
    continuity: float,
    continuity_to: ContinuityTo,
    drop_double_zero: bool = False,
) -> tuple[Values, Values, Values, Values]:
    """Return events and non-events of both arms, a, b, c, d, after the rules for zero cells."""
    _check.option("continuity_to", continuity_to, CONTINUITY_TO)
    add = amount("continuity", continuity)
    a, n1, c, n2 = counts
    table = np.stack([a, n1 - a, c, n2 - c])
    if drop_double_zero:
        table = np.where(_double_zero(table), np.nan, table)
    return _with_continuity(table, add, continuity_to)


def _with_continuity(counts, add, continuity_to):
    """The counts of each trial with `add` where the rule for zeros asks for it."""
    table = np.stack([np.asarray(x, dtype=float) for x in counts])
    zero = (table == 0).any(axis=0)
    chosen = {
        "zero trials": zero,
        "all if zero": zero.any(axis=-1, keepdims=True) if zero.ndim else zero,
        "all": True,
        "none": False,
    }[continuity_to]
    return tuple(x[()] for x in table + np.where(chosen, add, 0.0))


def added_to_zeros(formula: Callable[..., Any], counts: Sequence[ArrayLike]) -> Floats:
    """Return what a formula adds to the counts of each study where nobody says otherwise: 0 unless one of them is 0.

    Parameters
    ----------
    formula : callable
        One of this room.
    counts : sequence of array_like, each shape (k,)
        The cells to which it adds.

    Returns
    -------
    numpy.ndarray, shape (k,)
    """
    options = signature(formula).parameters
    if "continuity" not in options:
        return np.zeros(np.shape(counts[0]))
    more = _with_continuity(counts, options["continuity"].default, options["continuity_to"].default)
    return more[0] - counts[0]


def _double_zero(table):
    """Which trials have no events, or nothing but events, in both arms."""
    a, b, c, d = table
    return ((a == 0) & (c == 0)) | ((b == 0) & (d == 0))


def _defined(yi, vi):
    """Both NaN where either is not finite: the effect of a zero cell without continuity."""
    fine = np.isfinite(yi) & np.isfinite(vi)
    return np.where(fine, yi, np.nan)[()], np.where(fine, vi, np.nan)[()]


@documented
def log_odds_ratio(
    events_t: ArrayLike,
    n_t: ArrayLike,
    events_p: ArrayLike,
    n_p: ArrayLike,
    *,
    continuity: float = 0.5,
    continuity_to: ContinuityTo = "zero trials",
    drop_double_zero: bool = False,
) -> tuple[Values, Values]:
    """Return the log odds ratio and its variance (Woolf).

    Parameters
    ----------
    {events_t, n_t, events_p, n_p, continuity, continuity_to, drop_double_zero}

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the odds ratio. NaN where a zero cell remains.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people (the message lists every such trial), or an option is not
        known.

    See Also
    --------
    analysis.effects.peto_log_odds_ratio : The one-step estimate, for rare events.
    analysis.effects.log_risk_ratio : The log risk ratio of the same counts.
    analysis.pool_mantel_haenszel : Pools counts without adding to zero cells.

    Notes
    -----
    The variance is the sum of the reciprocals of the four cells. Called OR in metafor.

    References
    ----------
    .. [1] Woolf 1955, Ann Hum Genet 19:251-253, doi 10.1111/j.1469-1809.1955.tb01348.x.
    .. [2] Sweeting, Sutton & Lambert 2004, Stat Med 23:1351-1375, doi 10.1002/sim.1761: what to add to zero cells.

    Examples
    --------
    >>> yi, vi = log_odds_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.9387, 0.3571
    """
    given = counts(events_t, n_t, events_p, n_p)
    a, b, c, d = cells(given, continuity, continuity_to, drop_double_zero)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _defined(np.log(a) - np.log(b) - np.log(c) + np.log(d), 1 / a + 1 / b + 1 / c + 1 / d)


@documented
def risk_difference(
    events_t: ArrayLike,
    n_t: ArrayLike,
    events_p: ArrayLike,
    n_p: ArrayLike,
    *,
    continuity: float = 0.5,
    continuity_to: ContinuityTo = "zero trials",
    drop_double_zero: bool = False,
) -> tuple[Values, Values]:
    """Return the risk difference and its variance.

    Parameters
    ----------
    {events_t, n_t, events_p, n_p, continuity, continuity_to, drop_double_zero}

    Returns
    -------
    tuple
        ``(yi, vi)`` as fractions. Without continuity the variance of a double-zero trial is 0, and cannot be pooled by
        inverse variance.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people (the message lists every such trial), or an option is not
        known.

    See Also
    --------
    analysis.effects.log_risk_ratio : The ratio of the two risks, as a log.
    analysis.effects.log_odds_ratio : The log odds ratio of the same counts.
    analysis.pool_mantel_haenszel : Pools counts without adding to zero cells.

    Notes
    -----
    With p and q the two risks, the variance is p (1 - p) / n_t + q (1 - q) / n_p. Called RD in metafor.

    References
    ----------
    .. [1] Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, chapter 5, doi
       10.1002/9780470743386.
    .. [2] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.4.1.

    Examples
    --------
    >>> yi, vi = risk_difference(27, 38, 12, 33)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    0.3469, 0.01242
    """
    given = counts(events_t, n_t, events_p, n_p)
    a, b, c, d = cells(given, continuity, continuity_to, drop_double_zero)
    n1, n2 = a + b, c + d
    return a / n1 - c / n2, a * b / n1**3 + c * d / n2**3


@documented
def peto_log_odds_ratio(
    events_t: ArrayLike,
    n_t: ArrayLike,
    events_p: ArrayLike,
    n_p: ArrayLike,
    *,
    continuity: float = 0.0,
    continuity_to: ContinuityTo = "zero trials",
    drop_double_zero: bool = False,
) -> tuple[Values, Values]:
    """Return the log odds ratio by Peto's one-step method, and its variance.

    Nothing is added to zero cells by default, because a single zero cell does no harm here.

    Parameters
    ----------
    {events_t, n_t, events_p, n_p, continuity, continuity_to, drop_double_zero}

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the odds ratio. NaN for a trial without events, or with events
        only, in both arms.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people (the message lists every such trial), or an option is not
        known.

    See Also
    --------
    analysis.effects.log_odds_ratio : The log odds ratio of Woolf.
    analysis.pool_peto : Pools trials by this method.

    Notes
    -----
    yi = (observed minus expected) / V and vi = 1 / V, with V the hypergeometric variance. Called PETO in metafor.

    References
    ----------
    .. [1] Yusuf, Peto, Lewis, Collins & Sleight 1985, Prog Cardiovasc Dis 27:335-371, doi
       10.1016/s0033-0620(85)80003-7.

    Examples
    --------
    >>> yi, vi = peto_log_odds_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.8604, 0.2828
    """
    given = counts(events_t, n_t, events_p, n_p)
    return peto_effects(cells(given, continuity, continuity_to, drop_double_zero))


def peto_effects(table: pd.DataFrame) -> tuple[Values, Values]:
    """Peto's effect and variance from the four cells of each trial."""
    excess, variance = excess_events(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _defined(excess / variance, 1 / variance)


def excess_events(table: pd.DataFrame) -> tuple[Values, Values]:
    """Events under treatment minus those expected with fixed margins, and their hypergeometric variance."""
    a, b, c, d = table
    n1, n2, events, others = a + b, c + d, a + c, b + d
    n = n1 + n2
    return a - n1 * events / n, n1 * n2 * events * others / (n**2 * (n - 1))


@documented
def log_incidence_rate_ratio(
    events_t: ArrayLike,
    time_t: ArrayLike,
    events_p: ArrayLike,
    time_p: ArrayLike,
    *,
    continuity: float = 0.5,
    continuity_to: ContinuityTo = "zero trials",
    drop_double_zero: bool = False,
) -> tuple[Values, Values]:
    """Return the log of the ratio of two incidence rates, and its variance.

    Parameters
    ----------
    events_t : array_like
        Events in the treatment arm; a person may have several.
    time_t : array_like
        Person-time in the treatment arm, such as patient-years.
    events_p : array_like
        Events in the placebo arm.
    time_p : array_like
        Person-time in the placebo arm, in the same unit.
    {continuity, continuity_to}
    drop_double_zero : bool, optional
        Give NaN for a trial without events in both arms.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the ratio. NaN where a zero remains that makes either infinite.

    Raises
    ------
    ValueError
        If events are negative or a time is not above 0 (the message lists every such value), or an option is not known.

    See Also
    --------
    analysis.effects.log_risk_ratio : The ratio of two risks, from numbers of people.
    analysis.effect_sizes : Rate ratios of a whole table of trials.

    Notes
    -----
    The variance is 1 / events_t + 1 / events_p. Called IRR in metafor.

    References
    ----------
    .. [1] Rothman, Greenland & Lash 2008, Modern Epidemiology, 3rd edition, chapter 14.
    .. [2] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.7.1.

    Examples
    --------
    >>> yi, vi = log_incidence_rate_ratio(15, 615.9, 22, 671.6)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.2964, 0.1121
    """
    _check.option("continuity_to", continuity_to, CONTINUITY_TO)
    add = amount("continuity", continuity)
    a, t1, c, t2 = checked(events_t=events_t, time_t=time_t, events_p=events_p, time_p=time_p)
    if drop_double_zero:
        both = (np.asarray(a) == 0) & (np.asarray(c) == 0)
        a, c = np.where(both, np.nan, a), np.where(both, np.nan, c)
    a, c = _with_continuity((a, c), add, continuity_to)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _defined(np.log(a / t1) - np.log(c / t2), 1 / a + 1 / c)


@documented
def single_mean(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> tuple[Values, Values]:
    """Return the mean of one arm and its sampling variance.

    Parameters
    ----------
    mean : array_like
        Mean, in scale units.
    sd : array_like
        SD, in scale units.
    n : array_like
        People in the arm.

    Returns
    -------
    tuple
        ``(yi, vi)`` in scale units and squared scale units.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative or an arm empty; the message lists every such value.

    See Also
    --------
    analysis.effects.mean_change : The change of one arm, before to after.
    analysis.recover.sd_from_se : The SD behind a standard error.

    Notes
    -----
    vi = sd^2 / n. Called MN in metafor.

    References
    ----------
    .. [1] Lipsey & Wilson 2001, Practical Meta-Analysis, Sage, appendix B.

    Examples
    --------
    >>> yi, vi = single_mean(6.4, 2.1, 30)
    >>> print(f"{yi:.1f}, {vi:.3f}")
    6.4, 0.147
    """
    mean, sd, n = checked(mean=mean, sd=sd, n=n)
    return mean, sd**2 / n


def _events_and_others(events, n, continuity, continuity_to):
    """Events and the others of one arm, after the rule for zeros."""
    _check.option("continuity_to", continuity_to, CONTINUITY_TO)
    add = amount("continuity", continuity)
    events, n = checked(("events", "n"), events=events, n=n)
    return _with_continuity((events, n - events), add, continuity_to)


@documented
def single_proportion(
    events: ArrayLike, n: ArrayLike, *, continuity: float = 0.5, continuity_to: ContinuityTo = "zero trials"
) -> tuple[Values, Values]:
    """Return the proportion of people with an event in one arm, and its variance.

    Parameters
    ----------
    events : array_like
        People with the event.
    n : array_like
        People in the arm.
    {continuity, continuity_to}

    Returns
    -------
    tuple
        ``(yi, vi)``, fractions. Without continuity the variance of a proportion of 0 or 1 is 0.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people (the message lists every such value), or an option is not
        known.

    See Also
    --------
    analysis.effects.logit_proportion : On the logit scale, which has no ends.
    analysis.effects.double_arcsine_proportion : On a scale on which the variance depends on n alone.

    Notes
    -----
    vi = yi (1 - yi) / n. "Cells" to which is added are events and people without. Called PR in metafor.

    References
    ----------
    .. [1] Lipsey & Wilson 2001, Practical Meta-Analysis, Sage, appendix B.

    Examples
    --------
    >>> yi, vi = single_proportion(10, 50)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    0.20, 0.0032
    """
    a, b = _events_and_others(events, n, continuity, continuity_to)
    return a / (a + b), a * b / (a + b) ** 3


@documented
def logit_proportion(
    events: ArrayLike, n: ArrayLike, *, continuity: float = 0.5, continuity_to: ContinuityTo = "zero trials"
) -> tuple[Values, Values]:
    """Return the logit of the proportion of people with an event in one arm, and its variance.

    Parameters
    ----------
    events : array_like
        People with the event.
    n : array_like
        People in the arm.
    {continuity, continuity_to}

    Returns
    -------
    tuple
        ``(yi, vi)``; ``Measure("PLO").transform`` turns the effect into a proportion. NaN for 0 or 1 without
        continuity.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people (the message lists every such value), or an option is not
        known.

    See Also
    --------
    analysis.effects.single_proportion : The proportion itself.
    analysis.effects.log_odds_ratio : The difference of the logits of two arms.

    Notes
    -----
    vi = 1 / events + 1 / (n - events). Called PLO in metafor.

    References
    ----------
    .. [1] Lipsey & Wilson 2001, Practical Meta-Analysis, Sage, appendix B.

    Examples
    --------
    >>> yi, vi = logit_proportion(10, 50)
    >>> print(f"{yi:.4f}, {vi:.3f}")
    -1.3863, 0.125
    """
    a, b = _events_and_others(events, n, continuity, continuity_to)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _defined(np.log(a) - np.log(b), 1 / a + 1 / b)


def double_arcsine_proportion(events: ArrayLike, n: ArrayLike) -> tuple[Values, Values]:
    """Return Freeman and Tukey's transform of the proportion of people with an event in one arm, and its variance.

    Parameters
    ----------
    events : array_like
        People with the event.
    n : array_like
        People in the arm.

    Returns
    -------
    tuple
        ``(yi, vi)``, radians; ``Measure("PFT").transform`` turns the effect into a proportion, as if of many people.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such value.

    See Also
    --------
    analysis.effects.logit_proportion : The logit, which pooled values turn back from without the number of people.

    Notes
    -----
    yi is the mean of the arcsines of the roots of events / (n + 1) and (events + 1) / (n + 1), and vi = 1 / (4 n + 2).
    Nothing need be added to zeros. Called PFT in metafor.

    References
    ----------
    .. [1] Freeman & Tukey 1950, Ann Math Stat 21:607-611, doi 10.1214/aoms/1177729756.
    .. [2] Schwarzer, Chemaitelly, Abu-Raddad & Rücker 2019, Res Synth Methods 10:476-483, doi 10.1002/jrsm.1348: how
       turning back misleads.

    Examples
    --------
    >>> yi, vi = double_arcsine_proportion(10, 50)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    0.4709, 0.00495
    """
    events, n = checked(("events", "n"), events=events, n=n)
    both = np.arcsin(np.sqrt(events / (n + 1))) + np.arcsin(np.sqrt((events + 1) / (n + 1)))
    return both / 2, 1 / (4 * n + 2)


def correlation_coefficient(r: ArrayLike, n: ArrayLike) -> tuple[Values, Values]:
    """Return a correlation and its variance for large samples.

    Parameters
    ----------
    r : array_like
        Pearson's correlation, -1 to 1.
    n : array_like
        People in whom both were measured.

    Returns
    -------
    tuple
        ``(yi, vi)``; vi is NaN for fewer than 4 people, and 0 for a correlation of -1 or 1, which cannot be pooled.

    Raises
    ------
    ValueError
        If a correlation lies outside -1 to 1 or n is less than 1; the message lists every such value.

    See Also
    --------
    analysis.effects.fisher_z : On a scale on which the variance depends on n alone; to be preferred.

    Notes
    -----
    vi = (1 - r^2)^2 / (n - 1). Called COR in metafor.

    References
    ----------
    .. [1] Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, chapter 6, doi
       10.1002/9780470743386.

    Examples
    --------
    >>> yi, vi = correlation_coefficient(0.5, 30)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    0.50, 0.0194
    """
    r, n = checked(r=r, n=n)
    return r, (1 - r**2) ** 2 / (_more_than_three(n) - 1)


def fisher_z(r: ArrayLike, n: ArrayLike) -> tuple[Values, Values]:
    """Return Fisher's z of a correlation, and its variance.

    Parameters
    ----------
    r : array_like
        Pearson's correlation, -1 to 1.
    n : array_like
        People in whom both were measured.

    Returns
    -------
    tuple
        ``(yi, vi)``; ``Measure("ZCOR").transform`` turns the effect into a correlation. NaN for a correlation of -1
        or 1, vi for fewer than 4 people.

    Raises
    ------
    ValueError
        If a correlation lies outside -1 to 1 or n is less than 1; the message lists every such value.

    See Also
    --------
    analysis.effects.correlation_coefficient : The correlation itself.

    Notes
    -----
    yi = artanh r and vi = 1 / (n - 3). Called ZCOR in metafor.

    References
    ----------
    .. [1] Fisher 1921, Metron 1:3-32.
    .. [2] Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, chapter 6, doi
       10.1002/9780470743386.

    Examples
    --------
    >>> yi, vi = fisher_z(0.5, 30)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    0.5493, 0.0370
    """
    r, n = checked(r=r, n=n)
    inside = np.abs(r) < 1
    yi, vi = np.arctanh(np.where(inside, r, 0.0)), 1 / (_more_than_three(n) - 3)
    return np.where(inside, yi, np.nan)[()], np.where(inside, vi, np.nan)[()]


def _more_than_three(n):
    """`n`, NaN where it is 3 or less: too few people for the variance of a correlation."""
    return np.where(np.asarray(n) > 3, n, np.nan)[()]
