"""Effect sizes from arm summaries: plain formulas on numbers or arrays that broadcast.

``_t`` is the treatment arm, ``_p`` the placebo arm. Every contrast is treatment minus placebo (or treatment
over placebo, as a log), so on a pain scale negative means less pain with treatment. Each function returns the
pair ``(yi, vi)``: the effect and its sampling variance. NaN in, NaN out; a number that cannot be, such as a
negative SD, raises ValueError with the list of all such numbers. Differences of means come first, then changes
within one arm, before to after, then counts of responders in two arms.

The rules for zero cells are the same in all functions of counts. ``continuity`` is what is added to all four cells
of a trial, ``continuity_to`` says to which trials:

- "zero trials": those with a zero cell, and no other;
- "all if zero": all trials of a meta-analysis (the last axis), if any of them has a zero cell;
- "all": all trials;
- "none": no trial.

With ``drop_double_zero`` a trial without events, or with events only, in both arms is NaN instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, hyp2f1

from analysis import _check
from analysis._check import amount, checked
from analysis._types import ContinuityTo, Floats, Values, Variance

if TYPE_CHECKING:
    import pandas as pd

VARIANCES = get_args(Variance)
CONTINUITY_TO = get_args(ContinuityTo)

__all__ = [
    "change_sd",
    "glass_delta",
    "hedges_g",
    "heteroscedastic_smd",
    "log_odds_ratio",
    "log_ratio_of_means",
    "log_risk_ratio",
    "mean_change",
    "mean_difference",
    "paired_difference",
    "peto_log_odds_ratio",
    "risk_difference",
    "standardized_change_score",
    "standardized_mean_change",
]


def mean_difference(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_p: ArrayLike, sd_p: ArrayLike, n_p: ArrayLike
) -> tuple[Values, Values]:
    """Return the difference of two independent means and its variance.

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        Mean, SD and number of people of the treatment and of the placebo arm; changes or final scores, but
        the same in both arms.

    Returns
    -------
    tuple
        ``(yi, vi)`` in scale units and squared scale units.

    Raises
    ------
    ValueError
        If a mean is infinite, an SD negative, an arm empty; the message lists every such value.

    Notes
    -----
    Each arm keeps its own variance; they are not assumed equal.

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


def paired_difference(
    mean_t: ArrayLike, sd_t: ArrayLike, mean_p: ArrayLike, sd_p: ArrayLike, n: ArrayLike, correlation: ArrayLike
) -> tuple[Values, Values]:
    """Return the difference of two means of the same people (a crossover trial) and its variance.

    Parameters
    ----------
    mean_t, sd_t, mean_p, sd_p : array_like
        Mean and SD under treatment and under placebo, in scale units.
    n : array_like
        People who completed both periods.
    correlation : array_like
        Between a person's two outcomes, -1 to 1.

    Returns
    -------
    tuple
        ``(yi, vi)``.

    Raises
    ------
    ValueError
        As for :func:`mean_difference`, and for a correlation outside -1 to 1.

    Notes
    -----
    Elbourne 2002, Int J Epidemiol 31:140-149, doi 10.1093/ije/31.1.140.

    Examples
    --------
    >>> yi, vi = paired_difference(3.2, 2.1, 3.9, 2.2, 27, 0.5)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    -0.70, 0.1715
    """
    m1, m2, s1, s2, n, r = checked(mean_t=mean_t, mean_p=mean_p, sd_t=sd_t, sd_p=sd_p, n=n, correlation=correlation)
    return m1 - m2, _change_sd(s1, s2, r) ** 2 / n


def change_sd(sd_pre: ArrayLike, sd_post: ArrayLike, correlation: ArrayLike) -> Values:
    """Return the SD of a change from the SDs before and after.

    Parameters
    ----------
    sd_pre, sd_post : array_like
        SDs of the same people before and after, in scale units.
    correlation : array_like
        Between the two measurements, -1 to 1. Papers rarely print it: vary it.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If an SD is negative or a correlation lies outside -1 to 1; the message lists every such value.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.8.

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

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        As in :func:`mean_difference`; final scores only, or changes only. At least 2 people in each arm.
    variance : {"large-sample", "unbiased"}
        1/n_t + 1/n_p + g^2 / (2 (n_t + n_p)), or the unbiased estimate of the exact variance of g.
    bias_correction : bool
        Without it the result is Cohen's d, for which there is the large-sample variance only.

    Returns
    -------
    tuple
        ``(yi, vi)`` in units of the pooled SD. NaN where both SDs are 0.

    Raises
    ------
    ValueError
        As for :func:`mean_difference`, for an arm of one person, or an unknown `variance`.

    Notes
    -----
    The correction is the exact ratio of gamma functions: Hedges 1981, J Educ Stat 6:107-128, doi
    10.3102/10769986006002107.

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


def _positive(sd):
    """`sd`, NaN where it is 0: no effect can be expressed in units of it."""
    return np.where(sd > 0, sd, np.nan)[()]


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


def heteroscedastic_smd(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_p: ArrayLike, sd_p: ArrayLike, n_p: ArrayLike
) -> tuple[Values, Values]:
    """Return the standardized mean difference of arms with unequal SDs, and its variance.

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        As in :func:`hedges_g`.

    Returns
    -------
    tuple
        ``(yi, vi)`` in units of the root of the mean of the two variances, corrected for bias as in
        :func:`hedges_g`; its variance does not assume that the SDs are equal. NaN where both SDs are 0.

    Raises
    ------
    ValueError
        As for :func:`mean_difference`, and for an arm of one person.

    Notes
    -----
    Bonett 2009, Psychol Methods 14:225-238, doi 10.1037/a0016619. Called SMDH in metafor.

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

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        As in :func:`hedges_g`.
    equal_sds : bool
        Whether the variance of the effect assumes that the arms have the same SD; `sd_t` matters only where
        not.
    bias_correction : bool
        Correct for bias with n_p - 1 degrees of freedom.

    Returns
    -------
    tuple
        ``(yi, vi)``. NaN where the SD is 0, and with the correction where n_p is 2.

    Raises
    ------
    ValueError
        As for :func:`mean_difference`, and for an arm of one person.

    Notes
    -----
    Without equal SDs: Bonett 2008, Psychol Methods 13:99-109, doi 10.1037/1082-989x.13.2.99. Called SMD1 and
    SMD1H in metafor.

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

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        As in :func:`mean_difference`; both means of the same sign.
    bias_correction : bool
        Add the second-order term of the bias.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the ratio. NaN where the means have opposite signs or one is
        0.

    Raises
    ------
    ValueError
        As for :func:`mean_difference`.

    Notes
    -----
    Lajeunesse 2015, Ecology 96:2056-2063, doi 10.1890/14-2402.1: the second-order term of the bias is added.

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
    mean_pre, mean_post, sd_pre, sd_post : array_like
        Means and SDs before and after, in scale units.
    n : array_like
        People in the arm.
    correlation : array_like
        Between before and after.

    Returns
    -------
    tuple
        ``(yi, vi)``: after minus before, and the squared standard error.

    Raises
    ------
    ValueError
        If a value cannot be: a negative SD, less than one person, a correlation outside -1 to 1.

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
    mean_pre, mean_post, sd_pre : array_like
        Means before and after, and the SD before, in scale units.
    n : array_like
        People in the arm, at least 2.
    correlation : array_like
        Between before and after.
    variance : {"large-sample", "unbiased"}
        2 (1 - r) / n + g^2 / (2 n), or the unbiased estimate of the exact variance, in which r is replaced by
        its unbiased estimate too.

    Returns
    -------
    tuple
        ``(yi, vi)``, corrected for bias with n - 1 degrees of freedom. NaN where the SD is 0 or n is 2,
        with the unbiased variance also where n is 3 or 4.

    Raises
    ------
    ValueError
        If a value cannot be, or `variance` is not known.

    Notes
    -----
    Becker 1988, Br J Math Stat Psychol 41:257-278, doi 10.1111/j.2044-8317.1988.tb00901.x; the unbiased
    correlation is that of Olkin & Pratt 1958, doi 10.1214/aoms/1177706717. Called SMCR in metafor.

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
    mean_pre, mean_post, sd_pre, sd_post : array_like
        Means and SDs before and after, in scale units.
    n : array_like
        People in the arm, at least 2.
    correlation : array_like
        Between before and after.
    variance : {"large-sample", "unbiased"}
        1 / n + g^2 / (2 n), or the unbiased estimate of the exact variance.

    Returns
    -------
    tuple
        ``(yi, vi)``, corrected for bias with n - 1 degrees of freedom. NaN where the SD of the change is 0 or
        n is 2.

    Raises
    ------
    ValueError
        If a value cannot be, or `variance` is not known.

    Notes
    -----
    Gibbons, Hedeker & Davis 1993, J Educ Stat 18:271-279, doi 10.3102/10769986018003271. Called SMCC in
    metafor.

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
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity : float
        Added to all four cells of the trials chosen by `continuity_to`.
    continuity_to : {"zero trials", "all if zero", "all", "none"}
        Which trials: those with a zero cell; all, if one has a zero cell; all; none.
    drop_double_zero : bool
        Give NaN for a trial without events, or with events only, in both arms.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the risk ratio. NaN where a zero remains that makes either
        infinite.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

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
    zero = (table == 0).any(axis=0)
    chosen = {
        "zero trials": zero,
        "all if zero": zero.any(axis=-1, keepdims=True) if zero.ndim else zero,
        "all": True,
        "none": False,
    }[continuity_to]
    return tuple(x[()] for x in table + np.where(chosen, add, 0.0))


def _double_zero(table):
    """Which trials have no events, or nothing but events, in both arms."""
    a, b, c, d = table
    return ((a == 0) & (c == 0)) | ((b == 0) & (d == 0))


def _defined(yi, vi):
    """Both NaN where either is not finite: the effect of a zero cell without continuity."""
    fine = np.isfinite(yi) & np.isfinite(vi)
    return np.where(fine, yi, np.nan)[()], np.where(fine, vi, np.nan)[()]


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
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity, continuity_to, drop_double_zero
        As in :func:`log_risk_ratio`.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the odds ratio. NaN where a zero cell remains.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

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
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity, continuity_to, drop_double_zero
        As in :func:`log_risk_ratio`.

    Returns
    -------
    tuple
        ``(yi, vi)`` as fractions. Without continuity the variance of a double-zero trial is 0, and cannot be
        pooled by inverse variance.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

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

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity, continuity_to, drop_double_zero
        As in :func:`log_risk_ratio`; nothing is added by default, because a single zero cell does no harm
        here.

    Returns
    -------
    tuple
        ``(yi, vi)``: (observed minus expected) / V and 1 / V, V the hypergeometric variance. NaN for a trial
        without events, or with events only, in both arms.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

    Notes
    -----
    Yusuf, Peto, Lewis, Collins & Sleight 1985, Prog Cardiovasc Dis 27:335-371, doi
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
