"""Means and SDs from medians, quartiles and ranges; also found in `analysis.recover`.

The mean and SD formulas assume people drawn from a normal distribution; `analysis.recover_fit` does not, and
is the better choice where the median lies off the middle of the quartiles or of the range.
"""

from scipy.special import ndtri

from analysis import _validate
from analysis._summaries import checked


def _range_width(n):
    """Expected range of n standard normal values: twice the approximate expected maximum."""
    return 2 * ndtri((n - 0.375) / (n + 0.25))


def _quartile_width(n):
    """Expected distance between the quartiles of n standard normal values."""
    return 2 * ndtri((0.75 * n - 0.125) / (n + 0.25))


def sd_from_range(smallest, largest, n):
    """Return the SD of an arm from its smallest and largest value.

    Parameters
    ----------
    smallest, largest : array_like
        In scale units.
    n : array_like
        People in the arm, at least 2.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the smallest value exceeds the largest, or an arm has fewer than 2 people.

    Notes
    -----
    Wan, Wang, Liu & Tong 2014, BMC Med Res Methodol 14:135, doi 10.1186/1471-2288-14-135, scenario C1. One
    outlier changes it a great deal: prefer quartiles.

    Examples
    --------
    >>> print(f"{sd_from_range(1, 12, 20):.3f}")
    2.944
    """
    low, high, n = checked(("smallest", "largest"), smallest=smallest, largest=largest, n=n, least_n=2)
    return (high - low) / _range_width(n)


def sd_from_quartiles(q1, q3, n):
    """Return the SD of an arm from its quartiles.

    Parameters
    ----------
    q1, q3 : array_like
        First and third quartile, in scale units.
    n : array_like
        People in the arm, at least 2.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the first quartile exceeds the third, or an arm has fewer than 2 people.

    Notes
    -----
    Wan, Wang, Liu & Tong 2014, doi 10.1186/1471-2288-14-135, scenario C3. For many people the divisor is
    1.35.

    Examples
    --------
    >>> print(f"{sd_from_quartiles(3.0, 8.0, 35):.3f}")
    3.865
    """
    q1, q3, n = checked(("q1", "q3"), q1=q1, q3=q3, n=n, least_n=2)
    return (q3 - q1) / _quartile_width(n)


def sd_from_five_numbers(smallest, q1, q3, largest, n, *, weights="Shi"):
    """Return the SD of an arm from its range and its quartiles.

    Parameters
    ----------
    smallest, q1, q3, largest : array_like
        In scale units.
    n : array_like
        People in the arm, at least 2.
    weights : {"Shi", "Wan"}
        Weights of range and quartiles: the best for the number of people, or one half each.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the values are not in order, or an arm has fewer than 2 people.

    Notes
    -----
    Wan, Wang, Liu & Tong 2014, doi 10.1186/1471-2288-14-135, scenario C2; Shi, Luo, Weng, Zeng, Lin, Chu &
    Tong 2020, Res Synth Methods 11:641-654, doi 10.1002/jrsm.1429.

    Examples
    --------
    >>> print(f"{sd_from_five_numbers(2, 4, 9, 14, 50):.3f}")
    3.157
    """
    _validate.option("weights", weights, ("Shi", "Wan"))
    order = (("smallest", "q1"), ("q1", "q3"), ("q3", "largest"))
    low, q1, q3, high, n = checked(*order, smallest=smallest, q1=q1, q3=q3, largest=largest, n=n, least_n=2)
    share = 1 / (1 + 0.07 * n**0.6) if weights == "Shi" else 0.5
    return share * (high - low) / _range_width(n) + (1 - share) * (q3 - q1) / _quartile_width(n)


def mean_from_range(smallest, median, largest, n):
    """Return the mean of an arm from its median and range.

    Parameters
    ----------
    smallest, median, largest : array_like
        In scale units.
    n : array_like
        People in the arm.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the values are not in order, or an arm is empty.

    Notes
    -----
    Luo, Wan, Liu & Tong 2018, Stat Methods Med Res 27:1785-1805, doi 10.1177/0962280216669183.

    Examples
    --------
    >>> print(f"{mean_from_range(1, 5, 12, 20):.3f}")
    5.446
    """
    order = (("smallest", "median"), ("median", "largest"))
    low, median, high, n = checked(*order, smallest=smallest, median=median, largest=largest, n=n)
    share = 4 / (4 + n**0.75)
    return share * (low + high) / 2 + (1 - share) * median


def mean_from_quartiles(q1, median, q3, n):
    """Return the mean of an arm from its median and quartiles.

    Parameters
    ----------
    q1, median, q3 : array_like
        In scale units.
    n : array_like
        People in the arm, at least 2.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the values are not in order, or an arm has fewer than 2 people.

    Notes
    -----
    Luo, Wan, Liu & Tong 2018, doi 10.1177/0962280216669183.

    Examples
    --------
    >>> print(f"{mean_from_quartiles(3, 5.2, 8, 35):.3f}")
    5.413
    """
    order = (("q1", "median"), ("median", "q3"))
    q1, median, q3, n = checked(*order, q1=q1, median=median, q3=q3, n=n, least_n=2)
    share = 0.7 + 0.39 / n
    return share * (q1 + q3) / 2 + (1 - share) * median


def mean_from_five_numbers(smallest, q1, median, q3, largest, n):
    """Return the mean of an arm from its median, quartiles and range.

    Parameters
    ----------
    smallest, q1, median, q3, largest : array_like
        In scale units.
    n : array_like
        People in the arm, at least 2.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ValueError
        If the values are not in order, or an arm has fewer than 2 people.

    Notes
    -----
    Luo, Wan, Liu & Tong 2018, doi 10.1177/0962280216669183.

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
