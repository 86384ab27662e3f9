"""Means and standard deviations from what papers print instead: errors, intervals, tests, quartiles, several arms.

All functions take numbers or arrays that broadcast, in any unit; results have the unit of the input. NaN in,
NaN out; a number that cannot be, such as a negative SE, raises ValueError with the list of all such numbers.
Medians, quartiles and ranges are turned in two ways: by formulas that assume people drawn from a normal
distribution, or, with :func:`fit_quantiles`, by the distribution that fits the printed quantiles best.
"""

from __future__ import annotations

import itertools
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, gammaincinv, ndtri, stdtrit

from analysis import _check
from analysis._check import checked, fail, place
from analysis._docs import documented
from analysis._types import Values

# Quantiles of the families on the positive numbers, at scale 1; u is the log of about SD over mean.
_POSITIVE = {
    "log-normal": lambda u, p: np.exp(np.exp(u) * ndtri(p)),
    "gamma": lambda u, p: gammaincinv(np.exp(-2 * u), p),
    "Weibull": lambda u, p: (-np.log1p(-p)) ** np.exp(u),
}
# A grid of u, wide enough that a family whose best member lies at its edge does not fit at all.
_SPREADS = np.linspace(np.log(1e-4), np.log(5.0), 200)
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
# Golden sections of a bracket of two grid steps: far below the width at which rounding ends progress.
_STEPS = 50

__all__ = [
    "QuantileFit",
    "combine_arms",
    "correlation_from_sds",
    "fit_quantiles",
    "mean_from_five_numbers",
    "mean_from_quartiles",
    "mean_from_range",
    "pooled_sd",
    "sd_from_change",
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


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Values:
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
        SD, in scale units.

    Raises
    ------
    ValueError
        If a standard error is negative or an arm empty; the message lists every such value.

    See Also
    --------
    analysis.recover.sd_from_ci : The SD behind the interval of a mean.
    analysis.recover.se_from_ci : The standard error behind any interval.
    analysis.effects.mean_difference : Takes the SDs of two arms.

    Notes
    -----
    SE times the square root of n.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.2.

    Examples
    --------
    >>> print(f"{sd_from_se(0.45, 26):.3f}")
    2.295
    """
    se, n = checked(se=se, n=n)
    return se * np.sqrt(n)


@documented
def sd_from_ci(low: ArrayLike, high: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95) -> Values:
    """Return the SD behind the confidence interval of a mean, a t interval on n - 1 degrees of freedom.

    Parameters
    ----------
    {low, high, n, level}

    Returns
    -------
    numpy.ndarray or float
        SD, in the unit of the limits.

    Raises
    ------
    ValueError
        If the limits are in the wrong order, an arm has fewer than 2 people, or a level does not lie between 0 and 1.

    See Also
    --------
    analysis.recover.sd_from_se : The SD behind the standard error of a mean.
    analysis.recover.se_from_ci : The standard error behind any interval.
    analysis.recover.sd_from_quartiles : The SD behind two quartiles.

    Notes
    -----
    Half the width over the t quantile is the SE.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.2.

    Examples
    --------
    The change of Shin 2015, printed with an SD of 10.42 and a 90% interval:

    >>> print(f"{sd_from_ci(-12.1, -5.4, 28, level=0.90):.2f}")
    10.41
    """
    low, high, n, level = checked(("low", "high"), low=low, high=high, n=n, level=level, least_n=2)
    return (high - low) / (2 * stdtrit(n - 1, 0.5 + level / 2)) * np.sqrt(n)


@documented
def se_from_ci(low: ArrayLike, high: ArrayLike, level: ArrayLike = 0.95, *, df: ArrayLike = np.inf) -> Values:
    """Return the standard error behind a confidence interval, of a mean, a difference or a log ratio.

    For a ratio, `low` and `high` are the logs of its limits.

    Parameters
    ----------
    {low, high, level, df}

    Returns
    -------
    numpy.ndarray or float
        Standard error, in the unit of the limits.

    Raises
    ------
    ValueError
        If the limits are in the wrong order or a level does not lie between 0 and 1.

    See Also
    --------
    analysis.recover.se_from_p : The same from a p-value.
    analysis.recover.sd_from_ci : The SD behind the interval of the mean of one arm.
    analysis.contrast_effects : Effect sizes of a table of differences that are printed with an interval.

    Notes
    -----
    Half the width over the quantile.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, sections 6.3.1 and
       6.5.2.3.

    Examples
    --------
    A risk ratio of 0.86 (95% CI 0.69 to 1.06):

    >>> print(f"{se_from_ci(np.log(0.69), np.log(1.06)):.4f}")
    0.1095
    """
    low, high, level, df = checked(("low", "high"), low=low, high=high, level=level, df=df)
    return (high - low) / (2 * stdtrit(df, 0.5 + level / 2))


@documented
def se_from_p(estimate: ArrayLike, pvalue: ArrayLike, *, df: ArrayLike = np.inf) -> Values:
    """Return the standard error behind an estimate and its two-sided p-value.

    Parameters
    ----------
    estimate : array_like
        A difference or a log ratio, not 0.
    {pvalue, df}

    Returns
    -------
    numpy.ndarray or float
        Standard error, in the unit of the estimate.

    Raises
    ------
    ValueError
        If an estimate is 0 or a p-value is not between 0 and 1, both excluded.

    See Also
    --------
    analysis.recover.se_from_ci : The same from an interval.
    analysis.recover.sd_from_p : The SD of the arms behind a p-value.

    Notes
    -----
    The size of the estimate over the quantile that belongs to the p-value.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, sections 6.3.2 and
       6.5.2.3.

    Examples
    --------
    The Handbook's difference of 3.8 with p = 0.008 on 45 degrees of freedom:

    >>> print(f"{se_from_p(3.8, 0.008, df=45):.2f}")
    1.37
    """
    estimate, pvalue, df = checked(estimate=estimate, pvalue=pvalue, df=df)
    return np.abs(estimate) / -stdtrit(df, pvalue / 2)


@documented
def sd_from_t(difference: ArrayLike, t: ArrayLike, n_t: ArrayLike, n_p: ArrayLike) -> Values:
    """Return the SD common to two arms from the t statistic of the difference of their means.

    Parameters
    ----------
    {difference}
    t : array_like
        Student's t with a common SD (not Welch's), not 0; its sign does not matter.
    {n_t, n_p}

    Returns
    -------
    numpy.ndarray or float
        One SD for both arms, in the unit of the difference.

    Raises
    ------
    ValueError
        If a difference or a t is 0, or an arm empty.

    See Also
    --------
    analysis.recover.sd_from_p : The same from the p-value of the test.
    analysis.effects.hedges_g : The difference in units of that SD.

    Notes
    -----
    The size of difference / t is the SE of the difference; divided by the root of 1 / n_t + 1 / n_p it is the SD.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.3.

    Examples
    --------
    >>> print(f"{sd_from_t(3.8, 2.78, 25, 22):.2f}")
    4.68
    """
    difference, t, n_t, n_p = checked(difference=difference, t=t, n_t=n_t, n_p=n_p)
    return np.abs(difference / t) / np.sqrt(1 / n_t + 1 / n_p)


@documented
def sd_from_p(difference: ArrayLike, pvalue: ArrayLike, n_t: ArrayLike, n_p: ArrayLike) -> Values:
    """Return the SD common to two arms from the two-sided p-value of a t test of their difference.

    Parameters
    ----------
    {difference, pvalue, n_t, n_p}

    Returns
    -------
    numpy.ndarray or float
        One SD for both arms, in the unit of the difference.

    Raises
    ------
    ValueError
        If a difference is 0, a p-value is not between 0 and 1 (both excluded), or an arm has fewer than 2 people.

    See Also
    --------
    analysis.recover.sd_from_t : The same from the t statistic.
    analysis.recover.se_from_p : The standard error of the difference.

    Notes
    -----
    The test is Student's t test on n_t + n_p - 2 degrees of freedom. The Handbook has the same example; its rounded
    steps end at 4.69.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.3.

    Examples
    --------
    >>> print(f"{sd_from_p(3.8, 0.008, 25, 22):.2f}")
    4.68
    """
    difference, pvalue, n_t, n_p = checked(difference=difference, pvalue=pvalue, n_t=n_t, n_p=n_p, least_n=2)
    return np.abs(difference) / -stdtrit(n_t + n_p - 2, pvalue / 2) / np.sqrt(1 / n_t + 1 / n_p)


@documented
def correlation_from_sds(
    sd_pre: ArrayLike, sd_post: ArrayLike, sd_change: ArrayLike, *, impossible: Literal["raise", "nan"] = "raise"
) -> Values:
    """Return the correlation of before and after that the SDs of before, after and change imply.

    Parameters
    ----------
    {sd_pre, sd_post}
    sd_change : array_like
        SD of the change of the same people, in scale units.
    impossible : {"raise", "nan"}, optional
        What to do with an SD of the change smaller than the difference of the other two or larger than their sum, which
        no correlation can make, or with an SD before or after of 0: the error lists them all.

    Returns
    -------
    numpy.ndarray or float
        Correlation, -1 to 1; NaN for impossible SDs, unless they raise.

    Raises
    ------
    ValueError
        For impossible SDs, or a negative one.

    See Also
    --------
    analysis.effects.change_sd : The way back, from the correlation to the SD of the change.
    analysis.effects.mean_change : Takes a correlation.
    analysis.effect_sizes : Takes one correlation for all trials that do not print an SD of the change.

    Notes
    -----
    (sd_pre^2 + sd_post^2 - sd_change^2) / (2 sd_pre sd_post). The example is the Handbook's. Rounded SDs give rounded
    correlations: vary them.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.8.

    Examples
    --------
    >>> print(f"{correlation_from_sds(6.4, 7.1, 4.5):.2f}, {correlation_from_sds(7.0, 6.9, 4.2):.2f}")
    0.78, 0.82
    """
    _check.option("impossible", impossible, ("raise", "nan"))
    values = checked(sd_pre=sd_pre, sd_post=sd_post, sd_change=sd_change)
    pre, post, change = values
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (pre**2 + post**2 - change**2) / (2 * pre * post)
    # The margin is for the rounding of an exact 1, which is then set back to 1.
    possible = np.abs(r) <= 1 + 1e-12
    wrong = ~possible & ~np.isnan(pre + post + change)
    if impossible == "raise":
        fail([_no_correlation(at, values) for at in np.argwhere(wrong).tolist()])
    return np.where(possible, np.clip(r, -1, 1), np.nan)[()]


@documented
def sd_from_change(sd_pre: ArrayLike, sd_change: ArrayLike, correlation: ArrayLike) -> Values:
    """Return the SD after that goes with the SDs of before and of the change.

    Parameters
    ----------
    {sd_pre}
    sd_change : array_like
        SD of the change of the same people, in scale units.
    {correlation}

    Returns
    -------
    numpy.ndarray or float
        SD after, in scale units; NaN where two SDs would do, which is where the change varies less than the score
        before.

    Raises
    ------
    ValueError
        If an SD is negative or a correlation lies outside -1 to 1; the message lists every such value.

    See Also
    --------
    analysis.effects.change_sd : The SD of the change from the other two.
    analysis.recover.correlation_from_sds : The correlation from all three.

    Notes
    -----
    The s that solves sd_change^2 = sd_pre^2 + s^2 - 2 correlation sd_pre s, the Handbook's relation of the three SDs:
    correlation sd_pre plus the root of sd_change^2 - (1 - correlation^2) sd_pre^2. Whether there is one does not depend
    on the correlation.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.8.

    Examples
    --------
    >>> print(f"{sd_from_change(4.5, 7.1, 0.5):.2f}")
    8.18
    """
    pre, change, r = checked(sd_pre=sd_pre, sd_change=sd_change, correlation=correlation)
    root = np.sqrt(np.maximum(change**2 - (1 - r**2) * pre**2, 0.0))
    return np.where(change >= pre, r * pre + root, np.nan)[()]


def _no_correlation(at, values):
    pre, post, change = (float(np.asarray(x)[tuple(at)]) for x in values)
    where = place(at, np.shape(values[0])).removeprefix(", ")
    return (
        f"{where + ': ' if where else ''}sd_change = {change!r} with sd_pre = {pre!r} and sd_post = {post!r}, "
        f"but it must lie between {abs(pre - post):g} and {pre + post:g}, with SDs above 0; correct one, or give "
        "impossible='nan'"
    )


@documented
def sd_from_range(smallest: ArrayLike, largest: ArrayLike, n: ArrayLike) -> Values:
    """Return the SD of an arm from its smallest and largest value.

    Parameters
    ----------
    {smallest, largest, n}

    Returns
    -------
    numpy.ndarray or float
        SD, in scale units.

    Raises
    ------
    ValueError
        If the smallest value exceeds the largest, or an arm has fewer than 2 people.

    See Also
    --------
    analysis.recover.mean_from_range : The mean from median and range.
    analysis.recover.sd_from_quartiles : The SD from quartiles, to be preferred.
    analysis.recover.fit_quantiles : Mean and SD without assuming normality.

    Notes
    -----
    The range over the expected range of n standard normal values (scenario C1). People are assumed to be drawn from a
    normal distribution. One outlier changes the result a great deal: prefer quartiles.

    References
    ----------
    .. [1] Wan, Wang, Liu & Tong 2014, BMC Med Res Methodol 14:135, equation 9, doi 10.1186/1471-2288-14-135.

    Examples
    --------
    >>> print(f"{sd_from_range(1, 12, 20):.3f}")
    2.944
    """
    low, high, n = checked(("smallest", "largest"), smallest=smallest, largest=largest, n=n, least_n=2)
    return (high - low) / _range_width(n)


def _range_width(n):
    """Expected range of n standard normal values: twice the approximate expected maximum."""
    return 2 * ndtri((n - 0.375) / (n + 0.25))


@documented
def sd_from_quartiles(q1: ArrayLike, q3: ArrayLike, n: ArrayLike) -> Values:
    """Return the SD of an arm from its quartiles.

    Parameters
    ----------
    {q1, q3, n}

    Returns
    -------
    numpy.ndarray or float
        SD, in scale units.

    Raises
    ------
    ValueError
        If the first quartile exceeds the third, or an arm has fewer than 2 people.

    See Also
    --------
    analysis.recover.mean_from_quartiles : The mean from median and quartiles.
    analysis.recover.sd_from_five_numbers : The SD from quartiles and range.
    analysis.recover.fit_quantiles : Mean and SD without assuming normality.

    Notes
    -----
    The distance of the quartiles over the one expected of n standard normal values (scenario C3), 1.35 for many people.
    People are assumed to be drawn from a normal distribution.

    References
    ----------
    .. [1] Wan, Wang, Liu & Tong 2014, BMC Med Res Methodol 14:135, equation 16, doi 10.1186/1471-2288-14-135.

    Examples
    --------
    >>> print(f"{sd_from_quartiles(3.0, 8.0, 35):.3f}")
    3.865
    """
    q1, q3, n = checked(("q1", "q3"), q1=q1, q3=q3, n=n, least_n=2)
    return (q3 - q1) / _quartile_width(n)


def _quartile_width(n):
    """Expected distance between the quartiles of n standard normal values."""
    return 2 * ndtri((0.75 * n - 0.125) / (n + 0.25))


@documented
def sd_from_five_numbers(
    smallest: ArrayLike,
    q1: ArrayLike,
    q3: ArrayLike,
    largest: ArrayLike,
    n: ArrayLike,
    *,
    weights: Literal["Shi", "Wan"] = "Shi",
) -> Values:
    """Return the SD of an arm from its range and its quartiles.

    Parameters
    ----------
    {smallest, q1, q3, largest, n}
    weights : {"Shi", "Wan"}, optional
        Weights of range and quartiles: the best for the number of people, or one half each.

    Returns
    -------
    numpy.ndarray or float
        SD, in scale units.

    Raises
    ------
    ValueError
        If the values are not in order, an arm has fewer than 2 people, or `weights` is not known.

    See Also
    --------
    analysis.recover.mean_from_five_numbers : The mean from median, quartiles and range.
    analysis.recover.sd_from_quartiles : The SD from the quartiles alone.
    analysis.recover.fit_quantiles : Mean and SD without assuming normality.

    Notes
    -----
    A weighted mean of the SD from the range and the one from the quartiles: in "Wan" (scenario C2) each has the
    weight one half [1]_, in "Shi" the range has 1 / (1 + 0.07 n^0.6) [2]_. People are assumed to be drawn from a
    normal distribution.

    References
    ----------
    .. [1] Wan, Wang, Liu & Tong 2014, BMC Med Res Methodol 14:135, doi 10.1186/1471-2288-14-135.
    .. [2] Shi, Luo, Weng, Zeng, Lin, Chu & Tong 2020, Res Synth Methods 11:641-654, doi 10.1002/jrsm.1429.

    Examples
    --------
    >>> print(f"{sd_from_five_numbers(2, 4, 9, 14, 50):.3f}")
    3.157
    """
    _check.option("weights", weights, ("Shi", "Wan"))
    order = (("smallest", "q1"), ("q1", "q3"), ("q3", "largest"))
    low, q1, q3, high, n = checked(*order, smallest=smallest, q1=q1, q3=q3, largest=largest, n=n, least_n=2)
    share = 1 / (1 + 0.07 * n**0.6) if weights == "Shi" else 0.5
    return share * (high - low) / _range_width(n) + (1 - share) * (q3 - q1) / _quartile_width(n)


@documented
def mean_from_range(smallest: ArrayLike, median: ArrayLike, largest: ArrayLike, n: ArrayLike) -> Values:
    """Return the mean of an arm from its median and range.

    Parameters
    ----------
    {smallest, median, largest}
    n : array_like
        People in the arm.

    Returns
    -------
    numpy.ndarray or float
        Mean, in scale units.

    Raises
    ------
    ValueError
        If the values are not in order, or an arm is empty.

    See Also
    --------
    analysis.recover.sd_from_range : The SD from the same values.
    analysis.recover.mean_from_five_numbers : The mean where quartiles are printed too.
    analysis.recover.fit_quantiles : Mean and SD without assuming normality.

    Notes
    -----
    The middle of the range has the weight 4 / (4 + n^0.75), the median the rest. People are assumed to be drawn from a
    normal distribution.

    References
    ----------
    .. [1] Luo, Wan, Liu & Tong 2018, Stat Methods Med Res 27:1785-1805, doi 10.1177/0962280216669183.

    Examples
    --------
    >>> print(f"{mean_from_range(1, 5, 12, 20):.3f}")
    5.446
    """
    order = (("smallest", "median"), ("median", "largest"))
    low, median, high, n = checked(*order, smallest=smallest, median=median, largest=largest, n=n)
    share = 4 / (4 + n**0.75)
    return share * (low + high) / 2 + (1 - share) * median


@documented
def mean_from_quartiles(q1: ArrayLike, median: ArrayLike, q3: ArrayLike, n: ArrayLike) -> Values:
    """Return the mean of an arm from its median and quartiles.

    Parameters
    ----------
    {q1, median, q3, n}

    Returns
    -------
    numpy.ndarray or float
        Mean, in scale units.

    Raises
    ------
    ValueError
        If the values are not in order, or an arm has fewer than 2 people.

    See Also
    --------
    analysis.recover.sd_from_quartiles : The SD from the same values.
    analysis.recover.mean_from_five_numbers : The mean where the range is printed too.
    analysis.recover.fit_quantiles : Mean and SD without assuming normality.

    Notes
    -----
    The middle of the quartiles has the weight 0.7 + 0.39 / n, the median the rest. People are assumed to be drawn
    from a normal distribution.

    References
    ----------
    .. [1] Luo, Wan, Liu & Tong 2018, Stat Methods Med Res 27:1785-1805, doi 10.1177/0962280216669183.

    Examples
    --------
    >>> print(f"{mean_from_quartiles(3, 5.2, 8, 35):.3f}")
    5.413
    """
    order = (("q1", "median"), ("median", "q3"))
    q1, median, q3, n = checked(*order, q1=q1, median=median, q3=q3, n=n, least_n=2)
    share = 0.7 + 0.39 / n
    return share * (q1 + q3) / 2 + (1 - share) * median


@documented
def mean_from_five_numbers(
    smallest: ArrayLike, q1: ArrayLike, median: ArrayLike, q3: ArrayLike, largest: ArrayLike, n: ArrayLike
) -> Values:
    """Return the mean of an arm from its median, quartiles and range.

    Parameters
    ----------
    {smallest, q1, median, q3, largest, n}

    Returns
    -------
    numpy.ndarray or float
        Mean, in scale units.

    Raises
    ------
    ValueError
        If the values are not in order, or an arm has fewer than 2 people.

    See Also
    --------
    analysis.recover.sd_from_five_numbers : The SD from range and quartiles.
    analysis.recover.mean_from_quartiles : The mean where no range is printed.
    analysis.recover.fit_quantiles : Mean and SD without assuming normality.

    Notes
    -----
    The middle of the range has the weight 2.2 / (2.2 + n^0.75), the middle of the quartiles 0.7 - 0.72 / n^0.55, the
    median the rest. People are assumed to be drawn from a normal distribution.

    References
    ----------
    .. [1] Luo, Wan, Liu & Tong 2018, Stat Methods Med Res 27:1785-1805, doi 10.1177/0962280216669183.

    Examples
    --------
    >>> print(f"{mean_from_five_numbers(2, 4, 6, 9, 14, 50):.3f}")
    6.518
    """
    order = (("smallest", "q1"), ("q1", "median"), ("median", "q3"), ("q3", "largest"))
    values = {"smallest": smallest, "q1": q1, "median": median, "q3": q3, "largest": largest}
    low, q1, median, q3, high, n = checked(*order, **values, n=n, least_n=2)
    ends, middle = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    return ends * (low + high) / 2 + middle * (q1 + q3) / 2 + (1 - ends - middle) * median


class QuantileFit(NamedTuple):
    """The distribution that fits the printed quantiles of an arm best, made by :func:`analysis.recover.fit_quantiles`.

    Attributes
    ----------
    mean : numpy.ndarray or float
        Mean of the fitted distribution, in scale units.
    sd : numpy.ndarray or float
        Its SD, in scale units.
    family : numpy.ndarray or str
        Its name, "normal", "log-normal", "gamma" or "Weibull"; "" for unknown numbers.
    distance : numpy.ndarray or float
        Sum of squares left between printed and fitted quantiles, in squared scale units.

    See Also
    --------
    analysis.recover.fit_quantiles : Makes it.
    analysis.effects.mean_difference : Takes mean and SD of two arms.

    References
    ----------
    .. [1] McGrath, Zhao, Steele et al. 2020, Stat Methods Med Res 29:2520-2537, doi 10.1177/0962280219889080.

    Examples
    --------
    >>> fit = fit_quantiles(5, 40, q1=3, q3=7)
    >>> print(f"{fit.family}, mean {fit.mean:.1f}, distance {fit.distance:.1f}")
    normal, mean 5.0, distance 0.0
    """

    mean: Values
    sd: Values
    family: Values
    distance: Values


@documented
def fit_quantiles(
    median: ArrayLike,
    n: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    smallest: ArrayLike | None = None,
    largest: ArrayLike | None = None,
) -> QuantileFit:
    """Return mean and SD of an arm from its median and its quartiles or range, without assuming normality.

    Parameters
    ----------
    {median}
    n : array_like
        People in the arm, at least 3.
    q1 : array_like, optional
        First quartile of the arm, in scale units; with `q3` only.
    q3 : array_like, optional
        Third quartile of the arm, in scale units; with `q1` only.
    smallest : array_like, optional
        Smallest value in the arm, in scale units; with `largest` only.
    largest : array_like, optional
        Largest value in the arm, in scale units; with `smallest` only.

    Returns
    -------
    QuantileFit
        ``mean``, ``sd``, ``family`` ("normal", "log-normal", "gamma" or "Weibull"; "" for unknown numbers) and
        ``distance``, the sum of squared differences between printed and fitted quantiles.

    Raises
    ------
    ValueError
        If neither quartiles nor range are given, only one of a pair is, the values are not in order, or an arm has
        fewer than 3 people.

    See Also
    --------
    analysis.recover.mean_from_quartiles : The mean by a formula for normal values.
    analysis.recover.sd_from_quartiles : The SD by a formula for normal values.
    analysis.recover.mean_from_five_numbers : The mean by a formula for normal values, from quartiles and range.

    Notes
    -----
    The quantile estimation method [1]_: each family is fitted by least squares to the quantiles at 1/n, 1/4, 1/2, 3/4
    and 1 - 1/n, and the one that comes closest is taken; where a value is zero or negative only the normal
    distribution is fitted. The beta distribution, for values between 0 and 1, is not among the families. The minimum
    is searched on a grid first, so that it is the global one. It is the better choice where the median lies off the
    middle of the quartiles or of the range.

    References
    ----------
    .. [1] McGrath, Zhao, Steele et al. 2020, Stat Methods Med Res 29:2520-2537, doi 10.1177/0962280219889080.

    Examples
    --------
    A median of 4 with the range 2 to 9 in 100 people:

    >>> fit = fit_quantiles(4, 100, smallest=2, largest=9)
    >>> print(f"{fit.mean:.3f}, {fit.sd:.3f}, {fit.family}")
    4.347, 1.502, log-normal
    """
    q, p, shape = _quantiles(median, n, {"smallest": smallest, "q1": q1, "q3": q3, "largest": largest})
    fits = [_fit_normal(q, p), *(_fit_positive(name, q, p) for name in _POSITIVE)]
    mean, sd, distance = (np.stack(x) for x in zip(*fits, strict=True))
    best = np.where(np.isnan(distance), np.inf, distance).argmin(axis=0)
    mean, sd, distance = (np.take_along_axis(x, best[None], axis=0)[0] for x in (mean, sd, distance))
    family = np.where(np.isnan(distance), "", np.array(["normal", *_POSITIVE])[best])
    return QuantileFit(*(x.reshape(shape)[()] for x in (mean, sd, family, distance)))


def _quantiles(median, n, others):
    """Given quantiles (m, trials) in order, their probabilities, and the shape of the trials."""
    given = {name: value for name, value in others.items() if value is not None}
    pairs = [pair for pair in (("q1", "q3"), ("smallest", "largest")) if given.keys() & set(pair)]
    lonely = [name for pair in pairs for name in pair if name not in given]
    if lonely or not pairs:
        missing = " and ".join(lonely) if lonely else "q1 and q3, or smallest and largest,"
        raise ValueError(f"{missing} must be given: a median alone says nothing of the spread")
    names = [name for name in ("smallest", "q1", "median", "q3", "largest") if name in given or name == "median"]
    order = itertools.pairwise(names)
    values = {name: median if name == "median" else given[name] for name in names}
    *q, n = map(np.asarray, checked(*order, **values, n=n, least_n=3))
    at = {"smallest": 1 / n, "q1": 0.25, "median": 0.5, "q3": 0.75, "largest": 1 - 1 / n}
    p = np.stack([np.broadcast_to(at[name], n.shape) for name in names])
    unknown = np.isnan(np.stack([*q, n])).any(axis=0)
    return np.where(unknown, np.nan, np.stack(q)).reshape(len(names), -1), p.reshape(len(names), -1), n.shape


def _fit_normal(q, p):
    """Mean, SD and distance of the normal distribution: a straight line through the normal quantiles."""
    z = ndtri(p)
    z0, q0 = z.mean(axis=0), q.mean(axis=0)
    sd = ((z - z0) * (q - q0)).sum(axis=0) / ((z - z0) ** 2).sum(axis=0)
    mean = q0 - sd * z0
    return mean, sd, ((q - mean - sd * z) ** 2).sum(axis=0)


def _fit_positive(name, q, p):
    """Mean, SD and distance of a family on the positive numbers; no distance where none of its members fits."""
    quantile = _POSITIVE[name]
    q = np.where(q.min(axis=0) <= 0, np.nan, q)

    def fit(u):
        h = quantile(u, p)
        scale = (h * q).sum(axis=0) / (h * h).sum(axis=0)
        return scale, ((q - scale * h) ** 2).sum(axis=0)

    grid = np.stack([fit(np.full(q.shape[1], u))[1] for u in _SPREADS])
    best = np.where(np.isnan(grid), np.inf, grid).argmin(axis=0)
    low, high = _SPREADS[np.maximum(best - 1, 0)], _SPREADS[np.minimum(best + 1, _SPREADS.size - 1)]
    for _ in range(_STEPS):
        step = _GOLDEN * (high - low)
        left = fit(high - step)[1] < fit(low + step)[1]
        low, high = np.where(left, low, high - step), np.where(left, low + step, high)
    u = (low + high) / 2
    scale, distance = fit(u)
    # At the edge it would be closer still beyond: no member fits.
    at_the_edge = (best == 0) | (best == _SPREADS.size - 1)
    distance = np.where(at_the_edge, np.nan, distance)
    mean, sd = _moments(name, u)
    return scale * mean, scale * sd, distance


def _moments(name, u):
    """Mean and SD of a family at scale 1."""
    s = np.exp(u)
    if name == "log-normal":
        mean = np.exp(s**2 / 2)
        return mean, mean * np.sqrt(np.expm1(s**2))
    if name == "gamma":
        return s**-2.0, 1 / s
    mean = gamma(1 + s)
    return mean, np.sqrt(gamma(1 + 2 * s) - mean**2)


def combine_arms(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> tuple[Values, Values, Values]:
    """Combine arms into one, as if their people had been one arm.

    Parameters
    ----------
    mean : array_like, shape (m,) or (m, ...)
        Means of the m arms along the first axis, in any unit; all three arguments broadcast.
    sd : array_like, shape (m,) or (m, ...)
        SDs of the arms.
    n : array_like, shape (m,) or (m, ...)
        People in the arms.

    Returns
    -------
    tuple of float or numpy.ndarray
        Mean, SD and n of the combined arm. The SD holds the variation within the arms and between their means.

    Raises
    ------
    ValueError
        If an SD is negative or an arm empty.

    See Also
    --------
    analysis.recover.pooled_sd : The SD within the arms alone.
    analysis.effect_sizes : Combines the arms of trials with several of them.

    Notes
    -----
    The Handbook's formula for two arms, applied to any number of arms at once.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.10,
       table 6.5.a.

    Examples
    --------
    >>> mean, sd, n = combine_arms([6.13, 7.33], [9.63, 6.65], [15, 18])
    >>> round(mean, 3), round(sd, 3), n
    (6.785, 8.027, 33.0)
    """
    mean, sd, n = _of_arms(mean=mean, sd=sd, n=n)
    total = np.sum(n, axis=0)
    centre = np.sum(n * mean, axis=0) / total
    squares = np.sum((n - 1) * sd**2, axis=0) + np.sum(n * (mean - centre) ** 2, axis=0)
    return _float_if_single(centre), _float_if_single(np.sqrt(squares / (total - 1))), _float_if_single(total)


def _of_arms(**given):
    """Checked numbers of arms along the first axis; one number may stand for all, a list of one may not."""
    lengths = {name: np.shape(x)[0] for name, x in given.items() if np.ndim(x)}
    if len({*lengths.values()}) > 1 or 0 in lengths.values():
        told = ", ".join(f"{name} of {size}" for name, size in lengths.items())
        raise ValueError(f"arms differ in number, or there is none: {told}; give one number for each arm")
    return checked(**given)


def _float_if_single(x):
    return float(x) if np.ndim(x) == 0 else x


def pooled_sd(sd: ArrayLike, n: ArrayLike) -> Values:
    """Return the SD pooled over arms, each weighted by its degrees of freedom.

    Parameters
    ----------
    sd : array_like, shape (m,) or (m, ...)
        SDs of the m arms along the first axis; both arguments broadcast.
    n : array_like, shape (m,) or (m, ...)
        People in the arms; arms of one person carry no information.

    Returns
    -------
    float or numpy.ndarray
        SD, in the unit of `sd`.

    Raises
    ------
    ValueError
        If an SD is negative or an arm empty.

    See Also
    --------
    analysis.recover.combine_arms : One arm out of several, with the variation between their means.
    analysis.effect_sizes : Lends this SD to trials that print none (``missing_sd="impute"``).

    Notes
    -----
    The rule by which a missing SD is borrowed from the other trials of a meta-analysis.

    References
    ----------
    .. [1] Furukawa 2006, J Clin Epidemiol 59:7-10, doi 10.1016/j.jclinepi.2005.06.006.

    Examples
    --------
    >>> print(f"{pooled_sd([2.0, 3.0], [11, 31]):.3f}")
    2.784
    """
    sd, n = _of_arms(sd=sd, n=n)
    return _float_if_single(np.sqrt(np.sum((n - 1) * sd**2, axis=0) / np.sum(n - 1, axis=0)))
