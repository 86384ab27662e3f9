"""Effect sizes of the change within one arm, before to after; also found in `analysis.effects`."""

import numpy as np
from scipy.special import hyp2f1

from analysis import _validate
from analysis._summaries import checked, correction

VARIANCES = ("large-sample", "unbiased")


def change_sd(sd_pre, sd_post, correlation):
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
    return np.sqrt((pre - post) ** 2 + 2 * (1 - r) * pre * post)


def mean_change(mean_pre, mean_post, sd_pre, sd_post, n, correlation):
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


def standardized_mean_change(mean_pre, mean_post, sd_pre, n, correlation, *, variance="large-sample"):
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
    _validate.option("variance", variance, VARIANCES)
    pre, post, sd, n, r = checked(
        mean_pre=mean_pre, mean_post=mean_post, sd_pre=sd_pre, n=n, correlation=correlation, least_n=2
    )
    factor = correction(n - 1)
    g = factor * (post - pre) / np.where(sd > 0, sd, np.nan)[()]
    if variance == "large-sample":
        return g, 2 * (1 - r) / n + g**2 / (2 * n)
    r = r * hyp2f1(0.5, 0.5, (np.where(n > 4, n, np.nan)[()] - 2) / 2, 1 - r**2)
    return g, 2 * (1 - r) / n + unbiased_share(n - 1, factor) * g**2


def standardized_change_score(mean_pre, mean_post, sd_pre, sd_post, n, correlation, *, variance="large-sample"):
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
    _validate.option("variance", variance, VARIANCES)
    names = {"mean_pre": mean_pre, "mean_post": mean_post, "sd_pre": sd_pre, "sd_post": sd_post, "n": n}
    pre, post, s1, s2, n, r = checked(**names, correlation=correlation, least_n=2)
    sd, factor = _change_sd(s1, s2, r), correction(n - 1)
    g = factor * (post - pre) / np.where(sd > 0, sd, np.nan)[()]
    share = 1 / (2 * n) if variance == "large-sample" else unbiased_share(n - 1, factor)
    return g, 1 / n + share * g**2


def unbiased_share(df, factor):
    """What multiplies the squared effect in the unbiased variance of a standardized effect.

    With J the correction for bias, d the uncorrected effect and v its variance where the true effect is 0,
    the exact variance of J d holds J^2 df / (df - 2) (v + delta^2) - delta^2, of which v + (1 - (df - 2) /
    (df J^2)) (J d)^2 is an unbiased estimate.
    """
    return 1 - (df - 2) / (df * factor**2)
