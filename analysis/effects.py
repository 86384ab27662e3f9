"""Effect sizes from arm summaries: plain formulas on numbers or arrays that broadcast.

``_t`` is the treatment arm, ``_p`` the placebo arm. Every contrast is treatment minus placebo (or treatment
over placebo, as a log), so on a pain scale negative means less pain with treatment. Each function returns the
pair ``(yi, vi)``: the effect and its sampling variance. NaN in, NaN out; a number that cannot be, such as a
negative SD, raises ValueError with the list of all such numbers.

Differences of means are in this file, changes within an arm in `analysis.effects_change`, responder counts in
`analysis.effects_counts`; all are found here.
"""

import numpy as np

from analysis import _validate
from analysis._summaries import checked, correction
from analysis.effects_change import (
    VARIANCES,
    change_sd,
    mean_change,
    standardized_change_score,
    standardized_mean_change,
    unbiased_share,
)
from analysis.effects_counts import log_odds_ratio, log_risk_ratio, peto_log_odds_ratio, risk_difference

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


def _two_arms(*arms, least_n=1):
    names = ("mean_t", "sd_t", "n_t", "mean_p", "sd_p", "n_p")
    return checked(**dict(zip(names, arms, strict=True)), least_n=least_n)


def _positive(sd):
    return np.where(sd > 0, sd, np.nan)[()]


def mean_difference(mean_t, sd_t, n_t, mean_p, sd_p, n_p):
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
    m1, s1, n1, m2, s2, n2 = _two_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
    return m1 - m2, s1**2 / n1 + s2**2 / n2


def paired_difference(mean_t, sd_t, mean_p, sd_p, n, correlation):
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
    return m1 - m2, change_sd(s1, s2, r) ** 2 / n


def hedges_g(mean_t, sd_t, n_t, mean_p, sd_p, n_p, *, variance="large-sample", bias_correction=True):
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
    _validate.option("variance", variance, VARIANCES)
    if variance == "unbiased" and not bias_correction:
        raise ValueError("variance='unbiased' is that of the corrected effect; leave bias_correction=True")
    m1, s1, n1, m2, s2, n2 = _two_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p, least_n=2)
    df = n1 + n2 - 2
    spread = _positive(np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df))
    factor = correction(df) if bias_correction else 1.0
    g = factor * (m1 - m2) / spread
    share = 1 / (2 * (n1 + n2)) if variance == "large-sample" else unbiased_share(df, factor)
    return g, 1 / n1 + 1 / n2 + share * g**2


def heteroscedastic_smd(mean_t, sd_t, n_t, mean_p, sd_p, n_p):
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
    m1, s1, n1, m2, s2, n2 = _two_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p, least_n=2)
    spread = _positive(np.sqrt((s1**2 + s2**2) / 2))
    g = correction(n1 + n2 - 2) * (m1 - m2) / spread
    u1, u2 = (s1 / spread) ** 2, (s2 / spread) ** 2
    return g, g**2 * (u1**2 / (n1 - 1) + u2**2 / (n2 - 1)) / 8 + u1 / (n1 - 1) + u2 / (n2 - 1)


def glass_delta(mean_t, sd_t, n_t, mean_p, sd_p, n_p, *, equal_sds=True, bias_correction=True):
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
    m1, s1, n1, m2, s2, n2 = _two_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p, least_n=2)
    spread = _positive(s2)
    g = (correction(n2 - 1) if bias_correction else 1.0) * (m1 - m2) / spread
    if equal_sds:
        return g, 1 / n1 + 1 / n2 + g**2 / (2 * n2)
    return g, (s1 / spread) ** 2 / (n1 - 1) + 1 / (n2 - 1) + g**2 / (2 * (n2 - 1))


def log_ratio_of_means(mean_t, sd_t, n_t, mean_p, sd_p, n_p, *, bias_correction=True):
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
    m1, s1, n1, m2, s2, n2 = _two_arms(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
    alike = m1 * m2 > 0
    m1, m2 = np.where(alike, m1, np.nan)[()], np.where(alike, m2, np.nan)[()]
    v1, v2 = s1**2 / (n1 * m1**2), s2**2 / (n2 * m2**2)
    return np.log(m1 / m2) + (v1 - v2) / 2 * bool(bias_correction), v1 + v2
