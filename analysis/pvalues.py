"""P-value functions: the two-sided p value of every possible effect, as the ends of intervals of every level.

The interval of level 1 - p holds the effects whose p value exceeds p, so the curve of a trial or of a pooled result
consists of its intervals, one inside the other, down to the estimate at p = 1.
"""

from dataclasses import dataclass

import numpy as np

from analysis.inference import many_pvalues
from analysis.results import t_quantile

_PREDICTION_DF = {"t(k-1)": 1.0, "t(k-2)": 2.0, "z": -np.inf}
_SMALL = 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.0125, 0.015
LEVELS = np.unique(np.round(np.concatenate([_SMALL, np.arange(4, 21) / 200, np.arange(5, 41) / 40]), 6))


@dataclass(frozen=True, eq=False)
class PValueCurves:
    """Ends of the intervals at which the p values are reached.

    Attributes
    ----------
    p : numpy.ndarray, shape (m,)
        From small to 1.
    trials : numpy.ndarray, shape (k, m, 2)
        Of each trial, by the normal distribution.
    pooled : numpy.ndarray, shape (m, 2)
        Of the pooled effect, by its own `ci_method`.
    prediction : numpy.ndarray, shape (m, 2)
        Of a new trial, by the `pi_method` of the pooled effect; NaN where it has no prediction interval.
    trial_pvalues : numpy.ndarray, shape (k,)
        Of no effect, in each trial.
    """

    p: np.ndarray
    trials: np.ndarray
    pooled: np.ndarray
    prediction: np.ndarray
    trial_pvalues: np.ndarray


def pvalue_curves(pooled, p=LEVELS):
    """Return the p-value functions of a pooled result, its trials and a new trial.

    Parameters
    ----------
    pooled : PooledEffect
    p : sequence of float
        Two-sided p values, above 0 and at most 1.

    Returns
    -------
    PValueCurves

    Raises
    ------
    ValueError
        For p values that are not above 0 and at most 1.

    References
    ----------
    Rücker & Schwarzer 2021, doi 10.1002/jrsm.1410; Infanger & Schmidt-Trucksäss 2019, doi 10.1002/sim.8293.

    Examples
    --------
    >>> from analysis.pooling import pool
    >>> result = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
    >>> curves = pvalue_curves(result, [0.05, 1.0])
    >>> bool((curves.pooled[0] == result.ci).all()), bool((curves.pooled[1] == result.estimate).all())
    (True, True)
    """
    from scipy import special

    p = np.asarray(p, float)
    if p.ndim != 1 or not ((p > 0) & (p <= 1)).all():
        raise ValueError("p must be a list of p values above 0 and at most 1")
    p = np.sort(p)
    normal = _half(np.inf, p)
    trials = np.sqrt(pooled.vi)[:, None] * normal
    wide = np.full(p.shape, np.nan)
    if pooled.k > 1 and pooled.tau2_method != "CE":
        df = pooled.k - _PREDICTION_DF[pooled.pi_method] if pooled.k > 2 or pooled.pi_method == "z" else np.nan
        wide = _half(df, p) * np.sqrt(pooled.tau2 + pooled.se**2)
    return PValueCurves(
        p=p,
        trials=_ends(pooled.yi[:, None], trials),
        pooled=_ends(pooled.estimate, _half(pooled.df, p) * pooled.se),
        prediction=_ends(pooled.estimate, wide),
        trial_pvalues=2.0 * special.ndtr(-np.abs(pooled.yi) / np.sqrt(pooled.vi)),
    )


def normal_statistic(p):
    """Return the size of the standard normal statistic with a two-sided p value, 0 at p = 1.

    Parameters
    ----------
    p : float or array

    Examples
    --------
    >>> normal_statistic([0.05, 1.0]).round(3).tolist()
    [1.96, 0.0]
    """
    return _half(np.inf, np.asarray(p, float))[()]


def _half(df, p):
    return np.abs(t_quantile(np.full(p.shape, df), 1.0 - p))


def _ends(estimate, half):
    return np.stack([estimate - half, estimate + half], axis=-1)


def pvalue_at(pooled, effect=0.0):
    """Return the two-sided p value of the hypothesis that the pooled effect has a given value.

    Parameters
    ----------
    pooled : PooledEffect
    effect : float or array

    Returns
    -------
    float or numpy.ndarray

    Examples
    --------
    >>> from analysis.pooling import pool
    >>> result = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
    >>> round(float(pvalue_at(result, result.ci.low)), 10), bool(abs(pvalue_at(result) - result.pvalue) < 1e-12)
    (0.05, True)
    """
    effect = np.asarray(effect, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (effect.ravel() - pooled.estimate) / pooled.se
    return many_pvalues(np.full(t.shape, pooled.df), t).reshape(effect.shape)[()]
