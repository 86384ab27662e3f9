"""Standard deviations from what papers print instead: standard errors, intervals, several arms.

All functions take numbers or arrays that broadcast, in any unit; results have the unit of the input.
"""

import numpy as np
from scipy.special import stdtrit


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

    Notes
    -----
    SE times the square root of n: Cochrane Handbook, section 6.5.2.2.

    Examples
    --------
    >>> print(f"{sd_from_se(0.45, 26):.3f}")
    2.295
    """
    return np.asarray(se, dtype=float)[()] * np.sqrt(n)


def sd_from_ci(low, high, n, level=0.95):
    """Return the SD behind the confidence interval of a mean, read as a t interval on n - 1 degrees of freedom.

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

    Notes
    -----
    Half the width over the t quantile is the SE: Cochrane Handbook, section 6.5.2.2.

    Examples
    --------
    The change of Shin 2015, printed with an SD of 10.42 and a 90% interval:

    >>> print(f"{sd_from_ci(-12.1, -5.4, 28, level=0.90):.2f}")
    10.41
    """
    n = np.asarray(n, dtype=float)
    quantile = stdtrit(n - 1, 0.5 + np.asarray(level, dtype=float) / 2)
    return sd_from_se((np.asarray(high, dtype=float) - low) / (2 * quantile), n)


def combine_arms(mean, sd, n):
    """Combine arms into one, as if their people had been one arm.

    Parameters
    ----------
    mean, sd, n : array_like, shape (m,)
        One value per arm; any unit.

    Returns
    -------
    tuple of float
        Mean, SD and n of the combined arm. The SD holds the variation within the arms and between their means.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.10, table 6.5.a, applied to any number of arms at once.

    Examples
    --------
    >>> mean, sd, n = combine_arms([6.13, 7.33], [9.63, 6.65], [15, 18])
    >>> round(mean, 3), round(sd, 3), n
    (6.785, 8.027, 33.0)
    """
    mean, sd, n = (np.asarray(x, dtype=float) for x in (mean, sd, n))
    total = n.sum()
    centre = np.sum(n * mean) / total
    squares = np.sum((n - 1) * sd**2) + np.sum(n * (mean - centre) ** 2)
    return float(centre), float(np.sqrt(squares / (total - 1))), float(total)


def pooled_sd(sd, n):
    """Return the SD pooled over arms, each weighted by its degrees of freedom.

    Parameters
    ----------
    sd, n : array_like, shape (m,)
        One value per arm; arms of one person carry no information.

    Returns
    -------
    float

    Notes
    -----
    The rule by which a missing SD is borrowed from the other trials of a meta-analysis:
    Furukawa 2006, J Clin Epidemiol 59:7-10, doi 10.1016/j.jclinepi.2005.06.006.

    Examples
    --------
    >>> print(f"{pooled_sd([2.0, 3.0], [11, 31]):.3f}")
    2.784
    """
    sd, df = np.asarray(sd, dtype=float), np.asarray(n, dtype=float) - 1
    return float(np.sqrt(np.sum(df * sd**2) / np.sum(df)))
