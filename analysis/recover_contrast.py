"""Standard errors and SDs from the interval, t or p of a comparison; also found in `analysis.recover`."""

import numpy as np
from scipy.special import stdtrit

from analysis._summaries import checked


def se_from_ci(low, high, level=0.95, *, df=np.inf):
    """Return the standard error behind a confidence interval, of a mean, a difference or a log ratio.

    Parameters
    ----------
    low, high : array_like
        Limits of the interval; for a ratio, their logs.
    level : array_like
        Confidence level as a fraction.
    df : array_like
        Degrees of freedom of the t distribution, n_t + n_p - 2 for a difference of two means; infinite for
        the normal distribution.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the limits are in the wrong order or a level does not lie between 0 and 1.

    Notes
    -----
    Half the width over the quantile: Cochrane Handbook, sections 6.3.1 and 6.5.2.3.

    Examples
    --------
    A risk ratio of 0.86 (95% CI 0.69 to 1.06):

    >>> print(f"{se_from_ci(np.log(0.69), np.log(1.06)):.4f}")
    0.1095
    """
    low, high, level, df = checked(("low", "high"), low=low, high=high, level=level, df=df)
    return (high - low) / (2 * stdtrit(df, 0.5 + level / 2))


def se_from_p(estimate, pvalue, *, df=np.inf):
    """Return the standard error behind an estimate and its two-sided p-value.

    Parameters
    ----------
    estimate : array_like
        A difference or a log ratio, not 0.
    pvalue : array_like
        Two-sided, between 0 and 1; of "p < 0.01" only a smallest possible estimate can be had, with 0.01.
    df : array_like
        Degrees of freedom of the t test; infinite for a normal test.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If an estimate is 0 or a p-value is not between 0 and 1, both excluded.

    Notes
    -----
    Cochrane Handbook, sections 6.3.2 and 6.5.2.3.

    Examples
    --------
    The Handbook's difference of 3.8 with p = 0.008 on 45 degrees of freedom:

    >>> print(f"{se_from_p(3.8, 0.008, df=45):.2f}")
    1.37
    """
    estimate, pvalue, df = checked(estimate=estimate, pvalue=pvalue, df=df)
    return np.abs(estimate) / -stdtrit(df, pvalue / 2)


def sd_from_t(difference, t, n_t, n_p):
    """Return the SD common to two arms from the t statistic of the difference of their means.

    Parameters
    ----------
    difference : array_like
        Treatment minus placebo, not 0; its sign and that of `t` do not matter.
    t : array_like
        Student's t with a common SD (not Welch's).
    n_t, n_p : array_like
        People in the arms.

    Returns
    -------
    numpy.ndarray or float
        One SD for both arms.

    Raises
    ------
    ValueError
        If a difference or a t is 0, or an arm empty.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.3.

    Examples
    --------
    >>> print(f"{sd_from_t(3.8, 2.78, 25, 22):.2f}")
    4.68
    """
    difference, t, n_t, n_p = checked(difference=difference, t=t, n_t=n_t, n_p=n_p)
    return np.abs(difference / t) / np.sqrt(1 / n_t + 1 / n_p)


def sd_from_p(difference, pvalue, n_t, n_p):
    """Return the SD common to two arms from the two-sided p-value of a t test of their difference.

    Parameters
    ----------
    difference : array_like
        Treatment minus placebo, not 0.
    pvalue : array_like
        Two-sided, of Student's t test on n_t + n_p - 2 degrees of freedom. A bound such as "p < 0.05" gives
        an upper bound of the SD.
    n_t, n_p : array_like
        People in the arms, at least 2 each.

    Returns
    -------
    numpy.ndarray or float
        One SD for both arms.

    Raises
    ------
    ValueError
        If a difference is 0, a p-value is not between 0 and 1 (both excluded), or an arm has fewer than 2
        people.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.3, whose example this is; its rounded steps end at 4.69.

    Examples
    --------
    >>> print(f"{sd_from_p(3.8, 0.008, 25, 22):.2f}")
    4.68
    """
    difference, pvalue, n_t, n_p = checked(difference=difference, pvalue=pvalue, n_t=n_t, n_p=n_p, least_n=2)
    return np.abs(difference) / -stdtrit(n_t + n_p - 2, pvalue / 2) / np.sqrt(1 / n_t + 1 / n_p)
