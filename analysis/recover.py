"""Standard deviations from what papers print instead: standard errors, intervals, tests, several arms.

All functions take numbers or arrays that broadcast, in any unit; results have the unit of the input. NaN in,
NaN out; a number that cannot be, such as a negative SE, raises ValueError with the list of all such numbers.
What is recovered from a comparison of arms is in `analysis.recover_contrast`, from medians, quartiles and
ranges in `analysis.recover_quantiles` and `analysis.recover_fit`; all are found here.
"""

import numpy as np
from scipy.special import stdtrit

from analysis import _validate
from analysis._summaries import checked, fail, place
from analysis.recover_contrast import sd_from_p, sd_from_t, se_from_ci, se_from_p
from analysis.recover_fit import QuantileFit, fit_quantiles
from analysis.recover_quantiles import (
    mean_from_five_numbers,
    mean_from_quartiles,
    mean_from_range,
    sd_from_five_numbers,
    sd_from_quartiles,
    sd_from_range,
)

__all__ = [
    "QuantileFit",
    "combine_arms",
    "correlation_from_sds",
    "fit_quantiles",
    "mean_from_five_numbers",
    "mean_from_quartiles",
    "mean_from_range",
    "pooled_sd",
    "sd_from_ci",
    "sd_from_five_numbers",
    "sd_from_p",
    "sd_from_quartiles",
    "sd_from_range",
    "sd_from_se",
    "sd_from_t",
    "se_from_ci",
    "se_from_p",
]


def sd_from_se(se, n):
    """Return the SD behind the standard error of a mean.

    Parameters
    ----------
    se : array_like
        Standard error of the mean, in scale units.
    n : array_like
        People in the arm.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If a standard error is negative or an arm empty.

    Notes
    -----
    SE times the square root of n: Cochrane Handbook, section 6.5.2.2.

    Examples
    --------
    >>> print(f"{sd_from_se(0.45, 26):.3f}")
    2.295
    """
    se, n = checked(se=se, n=n)
    return se * np.sqrt(n)


def sd_from_ci(low, high, n, level=0.95):
    """Return the SD behind the confidence interval of a mean, a t interval on n - 1 degrees of freedom.

    Parameters
    ----------
    low, high : array_like
        Limits of the interval, in scale units.
    n : array_like
        People in the arm, at least 2.
    level : array_like
        Confidence level as a fraction.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the limits are in the wrong order, an arm has fewer than 2 people, or a level does not lie between
        0 and 1.

    Notes
    -----
    Half the width over the t quantile is the SE: Cochrane Handbook, section 6.5.2.2.

    Examples
    --------
    The change of Shin 2015, printed with an SD of 10.42 and a 90% interval:

    >>> print(f"{sd_from_ci(-12.1, -5.4, 28, level=0.90):.2f}")
    10.41
    """
    low, high, n, level = checked(("low", "high"), low=low, high=high, n=n, level=level, least_n=2)
    return (high - low) / (2 * stdtrit(n - 1, 0.5 + level / 2)) * np.sqrt(n)


def correlation_from_sds(sd_pre, sd_post, sd_change, *, impossible="raise"):
    """Return the correlation of before and after that the SDs of before, after and change imply.

    Parameters
    ----------
    sd_pre, sd_post, sd_change : array_like
        SDs of the same people, in one unit; the first two not 0.
    impossible : {"raise", "nan"}
        What to do with an SD of the change smaller than the difference of the other two or larger than their
        sum, which no correlation can make: the error lists them all.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        For impossible SDs, or a negative one.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.8, whose example is the one below. Rounded SDs give rounded correlations:
    vary them.

    Examples
    --------
    >>> print(f"{correlation_from_sds(6.4, 7.1, 4.5):.2f}, {correlation_from_sds(7.0, 6.9, 4.2):.2f}")
    0.78, 0.82
    """
    _validate.option("impossible", impossible, ("raise", "nan"))
    values = checked(sd_pre=sd_pre, sd_post=sd_post, sd_change=sd_change)
    pre, post, change = values
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (pre**2 + post**2 - change**2) / (2 * pre * post)
    edge = np.abs(r) <= 1 + 1e-12  # rounding of an exact 1
    wrong = ~edge & ~np.isnan(pre + post + change)
    if impossible == "raise":
        fail([_no_correlation(at, values) for at in np.argwhere(wrong).tolist()])
    return np.where(edge, np.clip(r, -1, 1), np.nan)[()]


def _no_correlation(at, values):
    pre, post, change = (float(np.asarray(x)[tuple(at)]) for x in values)
    where = place(at, np.shape(values[0])).removeprefix(", ")
    return (
        f"{where + ': ' if where else ''}sd_change = {change!r} with sd_pre = {pre!r} and sd_post = {post!r}, "
        f"but it must lie between {abs(pre - post):g} and {pre + post:g}, with SDs above 0; correct one, or give "
        "impossible='nan'"
    )


def combine_arms(mean, sd, n):
    """Combine arms into one, as if their people had been one arm.

    Parameters
    ----------
    mean, sd, n : array_like, shape (m,) or (m, ...)
        One value per arm, along the first axis; any unit. All broadcast.

    Returns
    -------
    tuple of float or array
        Mean, SD and n of the combined arm. The SD holds the variation within the arms and between their
        means.

    Raises
    ------
    ValueError
        If an SD is negative or an arm empty.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.10, table 6.5.a, applied to any number of arms at once.

    Examples
    --------
    >>> mean, sd, n = combine_arms([6.13, 7.33], [9.63, 6.65], [15, 18])
    >>> round(mean, 3), round(sd, 3), n
    (6.785, 8.027, 33.0)
    """
    mean, sd, n = checked(mean=mean, sd=sd, n=n)
    total = np.sum(n, axis=0)
    centre = np.sum(n * mean, axis=0) / total
    squares = np.sum((n - 1) * sd**2, axis=0) + np.sum(n * (mean - centre) ** 2, axis=0)
    return _plain(centre), _plain(np.sqrt(squares / (total - 1))), _plain(total)


def _plain(x):
    """A float where there is one number only."""
    return float(x) if np.ndim(x) == 0 else x


def pooled_sd(sd, n):
    """Return the SD pooled over arms, each weighted by its degrees of freedom.

    Parameters
    ----------
    sd, n : array_like, shape (m,) or (m, ...)
        One value per arm, along the first axis; arms of one person carry no information. Both broadcast.

    Returns
    -------
    float or array

    Raises
    ------
    ValueError
        If an SD is negative or an arm empty.

    Notes
    -----
    The rule by which a missing SD is borrowed from the other trials of a meta-analysis:
    Furukawa 2006, J Clin Epidemiol 59:7-10, doi 10.1016/j.jclinepi.2005.06.006.

    Examples
    --------
    >>> print(f"{pooled_sd([2.0, 3.0], [11, 31]):.3f}")
    2.784
    """
    sd, n = checked(sd=sd, n=n)
    return _plain(np.sqrt(np.sum((n - 1) * sd**2, axis=0) / np.sum(n - 1, axis=0)))
