"""Effect sizes from arm summaries: plain formulas on numbers or arrays that broadcast.

``_t`` is the treatment arm, ``_p`` the placebo arm. Every contrast is treatment minus placebo (or treatment over
placebo, as a log), so on a pain scale negative means less pain with treatment. Each function returns the pair
``(yi, vi)``: the effect and its sampling variance.
"""

import numpy as np
from scipy.special import gammaln


def _floats(*values):
    return (np.asarray(value, dtype=float)[()] for value in values)


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

    Notes
    -----
    Cochrane Handbook, section 6.5.2.8.

    Examples
    --------
    >>> print(f"{change_sd(1.64, 1.45, 0.5):.4f}")
    1.5537
    """
    pre, post, r = _floats(sd_pre, sd_post, correlation)
    return np.sqrt(pre**2 + post**2 - 2 * r * pre * post)


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

    Examples
    --------
    >>> yi, vi = mean_change(7.16, 3.76, 1.64, 1.45, 30, 0.5)
    >>> print(f"{yi:.2f}, {vi:.5f}")
    -3.40, 0.08047
    """
    pre, post, n = _floats(mean_pre, mean_post, n)
    return post - pre, change_sd(sd_pre, sd_post, correlation) ** 2 / n


def mean_difference(mean_t, sd_t, n_t, mean_p, sd_p, n_p):
    """Return the difference of two independent means and its variance.

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        Mean, SD and number of people of the treatment and of the placebo arm; changes or final scores, but the
        same in both arms.

    Returns
    -------
    tuple
        ``(yi, vi)`` in scale units and squared scale units.

    Notes
    -----
    Each arm keeps its own variance; they are not assumed equal.

    Examples
    --------
    >>> yi, vi = mean_difference(-2.68, 2.08, 45, 0.25, 2.16, 45)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    -2.93, 0.1998
    """
    m1, s1, n1, m2, s2, n2 = _floats(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
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

    Notes
    -----
    Elbourne 2002, Int J Epidemiol 31:140-149, doi 10.1093/ije/31.1.140.

    Examples
    --------
    >>> yi, vi = paired_difference(3.2, 2.1, 3.9, 2.2, 27, 0.5)
    >>> print(f"{yi:.2f}, {vi:.4f}")
    -0.70, 0.1715
    """
    m1, m2, n = _floats(mean_t, mean_p, n)
    return m1 - m2, change_sd(sd_t, sd_p, correlation) ** 2 / n


def hedges_g(mean_t, sd_t, n_t, mean_p, sd_p, n_p):
    """Return the standardized mean difference with Hedges' exact correction, and its large-sample variance.

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        As in :func:`mean_difference`; final scores only, or changes only.

    Returns
    -------
    tuple
        ``(yi, vi)`` in units of the pooled SD.

    Notes
    -----
    The correction is the exact ratio of gamma functions: Hedges 1981, J Educ Stat 6:107-128, doi
    10.3102/10769986006002107. The variance is 1/n_t + 1/n_p + g^2 / (2 (n_t + n_p)).

    Examples
    --------
    >>> yi, vi = hedges_g(9.948, 4.573, 3, 19.94, 8.876, 3)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -1.1292, 0.7729
    """
    m1, s1, n1, m2, s2, n2 = _floats(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
    df = n1 + n2 - 2
    spread = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)
    correction = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    g = correction * (m1 - m2) / spread
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def log_ratio_of_means(mean_t, sd_t, n_t, mean_p, sd_p, n_p):
    """Return the log of the ratio of two means, corrected for bias, and its variance.

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        As in :func:`mean_difference`; both means of the same sign.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the ratio. NaN where the means have opposite signs.

    Notes
    -----
    Lajeunesse 2015, Ecology 96:2056-2063, doi 10.1890/14-2402.1: the second-order term of the bias is added.

    Examples
    --------
    >>> yi, vi = log_ratio_of_means(9.948, 4.573, 3, 19.94, 8.876, 3)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.6932, 0.1365
    """
    m1, s1, n1, m2, s2, n2 = _floats(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
    v1, v2 = s1**2 / (n1 * m1**2), s2**2 / (n2 * m2**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log(np.where(m1 * m2 > 0, m1 / m2, np.nan))
    return ratio[()] + (v1 - v2) / 2, v1 + v2


def _cells(events_t, n_t, events_p, n_p, continuity):
    """The four cells as floats; where a trial has a zero cell, `continuity` is added to all four of that trial."""
    a, n1, c, n2 = _floats(events_t, n_t, events_p, n_p)
    b, d = n1 - a, n2 - c
    wrong = (a < 0) | (b < 0) | (c < 0) | (d < 0)
    if np.any(wrong):
        where = ", ".join(str(i) for i in np.flatnonzero(wrong))
        raise ValueError(f"events must lie between 0 and n; check position {where}")
    extra = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), continuity, 0.0)[()]
    return a + extra, b + extra, c + extra, d + extra


def log_risk_ratio(events_t, n_t, events_p, n_p, *, continuity=0.5):
    """Return the log risk ratio and its variance.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity : float
        Added to all four cells of a trial that has a zero cell, and of no other.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the risk ratio. With ``continuity=0`` a zero cell gives infinities
        or NaN.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people.

    Examples
    --------
    The first trial of the BCG vaccine data: 4 of 123 against 11 of 139.

    >>> yi, vi = log_risk_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.8893, 0.3256
    """
    a, b, c, d = _cells(events_t, n_t, events_p, n_p, continuity)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a / (a + b)) - np.log(c / (c + d))
        return yi, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def log_odds_ratio(events_t, n_t, events_p, n_p, *, continuity=0.5):
    """Return the log odds ratio and its variance (Woolf).

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity : float
        Added to all four cells of a trial that has a zero cell, and of no other.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the odds ratio.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people.

    Examples
    --------
    >>> yi, vi = log_odds_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.9387, 0.3571
    """
    a, b, c, d = _cells(events_t, n_t, events_p, n_p, continuity)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(a) - np.log(b) - np.log(c) + np.log(d), 1 / a + 1 / b + 1 / c + 1 / d


def risk_difference(events_t, n_t, events_p, n_p, *, continuity=0.5):
    """Return the risk difference and its variance.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity : float
        Added to all four cells of a trial that has a zero cell, and of no other.

    Returns
    -------
    tuple
        ``(yi, vi)`` as fractions.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people.

    Examples
    --------
    >>> yi, vi = risk_difference(27, 38, 12, 33)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    0.3469, 0.01242
    """
    a, b, c, d = _cells(events_t, n_t, events_p, n_p, continuity)
    n1, n2 = a + b, c + d
    return a / n1 - c / n2, a * b / n1**3 + c * d / n2**3
