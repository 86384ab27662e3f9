"""The ratio of two estimated means, with Fieller and bootstrap intervals; arrays of ratios at once."""

from typing import NamedTuple

import numpy as np

BOUNDED, COMPLEMENT, EVERYTHING = "interval", "complement", "everything"


class FiellerSet(NamedTuple):
    """Fieller's confidence set of each ratio: limits, NaN where it is no interval, and its shape in a word."""

    low: np.ndarray
    high: np.ndarray
    shape: np.ndarray


def fieller(means, covariance, critical):
    """Return Fieller's confidence set of a ratio of two means.

    Parameters
    ----------
    means : array_like, shape (..., 2)
        Estimates, numerator first.
    covariance : array_like, shape (..., 2, 2)
        Their covariance matrix.
    critical : array_like
        Critical value of the standard normal or of the t distribution.

    Returns
    -------
    FiellerSet
        `low`, `high` and `shape` with the shape of the ratios. The set is an "interval" where the denominator differs
        from 0 by its own test. Elsewhere it is the "complement" of an interval or "everything", the limits are NaN,
        and no interval can be given.

    Raises
    ------
    ValueError
        If the arrays do not have the shapes above.

    Notes
    -----
    All ratios r for which numerator - r denominator does not differ from 0, a quadratic inequality in r. Fieller 1954,
    J R Stat Soc B 16:175-185; the three shapes are described by Franz 2007, arXiv 0710.2024.

    Examples
    --------
    >>> found = fieller([1.0, 8.0], [[3.0, 1.0], [1.0, 1.0]], 2.0)
    >>> print(f"{found.low:.4f} to {found.high:.4f}, {found.shape}")
    -0.3667 to 0.5000, interval
    """
    means, covariance = np.asarray(means, dtype=float), np.asarray(covariance, dtype=float)
    if means.shape[-1:] != (2,) or covariance.shape[-2:] != (2, 2):
        raise ValueError(
            f"means has the shape {means.shape}, covariance {covariance.shape}; give (..., 2) and (..., 2, 2), the "
            "numerator first"
        )
    top, bottom = means[..., 0], means[..., 1]
    squared = np.asarray(critical, dtype=float) ** 2
    a = bottom**2 - squared * covariance[..., 1, 1]
    b = top * bottom - squared * covariance[..., 0, 1]
    c = top**2 - squared * covariance[..., 0, 0]
    inside = b**2 - a * c
    bounded = a > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.sqrt(np.maximum(inside, 0.0)) / a
        low, high = (np.where(bounded, b / a + side * half, np.nan)[()] for side in (-1, 1))
    unbounded = np.where((inside > 0) & (a < 0), COMPLEMENT, EVERYTHING)
    return FiellerSet(low, high, np.where(bounded, BOUNDED, unbounded)[()])


def percentile_interval(tops, bottoms, confidence_level, sign=-1):
    """Return the percentile interval of bootstrapped ratios; NaN where a limit would lie beyond a denominator of zero.

    Parameters
    ----------
    tops, bottoms : array_like, shape (n,)
        Numerators and denominators of the n resamples.
    confidence_level : float
        0.95 for 95%.
    sign : {-1, 1}
        The side of zero on which the denominator must be.

    Returns
    -------
    tuple of float
        Lower and upper limit. Resamples whose denominator is on the other side of zero, or zero, count as larger than
        every ratio, or as smaller where their numerator is there too: this is where the ratio goes as the denominator
        shrinks. A limit among them is not estimable: then both are NaN, as they are without resamples.

    Notes
    -----
    The percentile interval of Efron and Tibshirani 1993, An Introduction to the Bootstrap.

    Examples
    --------
    >>> [round(limit, 3) for limit in percentile_interval(-np.arange(1.0, 102.0), np.full(101, -100.0), 0.9)]
    [0.06, 0.96]
    """
    tops, bottoms = sign * np.asarray(tops, dtype=float), sign * np.asarray(bottoms, dtype=float)
    if not tops.size:
        return np.nan, np.nan
    tail, good = (1.0 - confidence_level) / 2.0, bottoms > 0
    ratios = np.where(good, tops / np.where(good, bottoms, 1.0), np.where(tops > 0, np.inf, -np.inf))
    with np.errstate(invalid="ignore"):
        limits = np.quantile(ratios, [tail, 1.0 - tail])
    return tuple(limits.tolist()) if np.isfinite(limits).all() else (np.nan, np.nan)
