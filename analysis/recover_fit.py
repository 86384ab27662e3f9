"""Mean and SD of the distribution that fits printed quantiles best; also found in `analysis.recover`."""

from typing import NamedTuple

import numpy as np
from scipy.special import gamma, gammaincinv, ndtri

from analysis._summaries import checked

# Quantiles of the families on the positive numbers, at scale 1; u is the log of about SD over mean.
_POSITIVE = {
    "log-normal": lambda u, p: np.exp(np.exp(u) * ndtri(p)),
    "gamma": lambda u, p: gammaincinv(np.exp(-2 * u), p),
    "Weibull": lambda u, p: (-np.log1p(-p)) ** np.exp(u),
}
_SPREADS = np.linspace(np.log(1e-4), np.log(5.0), 200)
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_STEPS = 50  # golden sections of a bracket of two grid steps: far below the width at which rounding ends progress


class QuantileFit(NamedTuple):
    """Mean and SD of the fitted distribution, its name, and the sum of squares left between the quantiles."""

    mean: np.ndarray
    sd: np.ndarray
    family: np.ndarray
    distance: np.ndarray


def fit_quantiles(median, n, *, q1=None, q3=None, smallest=None, largest=None):
    """Return mean and SD of an arm from its median and its quartiles or range, without assuming normality.

    Parameters
    ----------
    median : array_like
        In scale units.
    n : array_like
        People in the arm, at least 3.
    q1, q3 : array_like, optional
        First and third quartile.
    smallest, largest : array_like, optional
        Ends of the range.

    Returns
    -------
    QuantileFit
        ``mean``, ``sd``, ``family`` ("normal", "log-normal", "gamma" or "Weibull"; "" for unknown numbers)
        and ``distance``, the sum of squared differences between printed and fitted quantiles.

    Raises
    ------
    ValueError
        If neither quartiles nor range are given, only one of a pair is, the values are not in order, or an
        arm has fewer than 3 people.

    Notes
    -----
    The quantile estimation method of McGrath, Zhao, Steele et al. 2020, Stat Methods Med Res 29:2520-2537,
    doi 10.1177/0962280219889080: each family is fitted by least squares to the quantiles at 1/n, 1/4, 1/2,
    3/4 and 1 - 1/n, and the one that comes closest is taken; where a value is zero or negative only the
    normal distribution is fitted. The beta distribution, for values between 0 and 1, is not among the families. The
    minimum is searched on a grid first, so that it is the global one.

    Examples
    --------
    A median of 4 with the range 2 to 9 in 100 people:

    >>> fit = fit_quantiles(4, 100, smallest=2, largest=9)
    >>> print(f"{fit.mean:.3f}, {fit.sd:.3f}, {fit.family}")
    4.347, 1.502, log-normal
    """
    q, p, shape = _quantiles(median, n, {"smallest": smallest, "q1": q1, "q3": q3, "largest": largest})
    fits = [_normal(q, p), *(_positive(name, q, p) for name in _POSITIVE)]
    mean, sd, distance = (np.stack(x) for x in zip(*fits, strict=True))
    best = np.where(np.isnan(distance), np.inf, distance).argmin(axis=0)
    names = np.array(["normal", *_POSITIVE])[best]
    chosen = [np.take_along_axis(x, best[None], axis=0)[0] for x in (mean, sd, distance)]
    family = np.where(np.isnan(chosen[2]), "", names)
    mean, sd, family, distance = (x.reshape(shape)[()] for x in (chosen[0], chosen[1], family, chosen[2]))
    return QuantileFit(mean, sd, family, distance)


def _quantiles(median, n, others):
    """Given quantiles (m, trials) in order, their probabilities, and the shape of the trials."""
    given = {name: value for name, value in others.items() if value is not None}
    pairs = [pair for pair in (("q1", "q3"), ("smallest", "largest")) if given.keys() & set(pair)]
    lonely = [name for pair in pairs for name in pair if name not in given]
    if lonely or not pairs:
        missing = " and ".join(lonely) if lonely else "q1 and q3, or smallest and largest,"
        raise ValueError(f"{missing} must be given: a median alone says nothing of the spread")
    names = [name for name in ("smallest", "q1", "median", "q3", "largest") if name in given or name == "median"]
    order = zip(names[:-1], names[1:], strict=True)
    values = {name: median if name == "median" else given[name] for name in names}
    *q, n = map(np.asarray, checked(*order, **values, n=n, least_n=3))
    at = {"smallest": 1 / n, "q1": 0.25, "median": 0.5, "q3": 0.75, "largest": 1 - 1 / n}
    p = np.stack([np.broadcast_to(at[name], n.shape) for name in names])
    unknown = np.isnan(np.stack([*q, n])).any(axis=0)
    return np.where(unknown, np.nan, np.stack(q)).reshape(len(names), -1), p.reshape(len(names), -1), n.shape


def _normal(q, p):
    """Mean, SD and distance of the normal distribution: a straight line through the normal quantiles."""
    z = ndtri(p)
    z0, q0 = z.mean(axis=0), q.mean(axis=0)
    sd = ((z - z0) * (q - q0)).sum(axis=0) / ((z - z0) ** 2).sum(axis=0)
    mean = q0 - sd * z0
    return mean, sd, ((q - mean - sd * z) ** 2).sum(axis=0)


def _positive(name, q, p):
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
    at_the_edge = (best == 0) | (best == _SPREADS.size - 1)  # it would be closer still beyond: no member fits
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
