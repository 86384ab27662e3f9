"""How single studies stand to the pooled effect: residuals, their normal quantiles, funnel and radial coordinates."""

import numpy as np
import pandas as pd

from analysis import _validate
from analysis.pooling import pool, pool_batch
from analysis.results import PooledEffect
from analysis.sensitivity import leave_one_out

_SIMULATIONS = 200, 1000  # fewest and most samples behind an envelope
_EFFORT = 2_000_000  # numbers pooled for the envelope of deleted residuals, where every sample is pooled k times


def standardised_residuals(pooled, *, deleted=False):
    """Return how far each study lies from the pooled effect, in standard errors of that distance.

    Parameters
    ----------
    pooled : PooledEffect, or EffectSizes pooled with the defaults of :func:`analysis.pool`
        Of two studies or more; of three for deleted residuals.
    deleted : bool
        Measure the distance from the effect pooled without the study, which an outlier cannot pull towards itself.

    Returns
    -------
    pandas.DataFrame
        label, residual, se and z = residual / se, one row per study in the given order. Standard errors are those of
        the model (vi, tau2 and the uncertainty of the mean), whatever the `ci_method`.

    Raises
    ------
    ValueError
        With too few studies.

    Notes
    -----
    Internally standardised and studentised deleted residuals of Viechtbauer and Cheung (2010, doi 10.1002/jrsm.11):
    se² = (vi + tau2)(1 - weight), or vi + tau2 + se² of the mean with both from the other studies.

    Examples
    --------
    >>> from analysis import pool
    >>> standardised_residuals(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])).round(3)
      label  residual     se      z
    0     A     0.042  0.611  0.068
    1     B     0.842  0.688  1.223
    2     C    -0.758  0.611 -1.241
    """
    pooled = _pooled(pooled)
    least = 3 if deleted else 2
    if pooled.k < least:
        raise ValueError(f"{'deleted' if deleted else 'standardised'} residuals need {least} studies or more")
    if deleted:
        fixed = {"tau2_method": "REML", "tau2": pooled.tau2} if pooled.tau2_method == "fixed" else {}
        others = leave_one_out(pooled, ci_method="z", **fixed)
        mean, tau2, se_mean = (others[name].to_numpy() for name in ("estimate", "tau2", "se"))
        residual, se = pooled.yi - mean, np.sqrt(pooled.vi + tau2 + se_mean**2)
    else:
        residual, se = _internal(pooled.yi, pooled.vi, pooled.tau2)
    return pd.DataFrame({"label": pooled.labels, "residual": residual, "se": se, "z": residual / se})


def residual_quantiles(pooled, *, deleted=False, level=0.95, n_simulations=None, seed=0):
    """Set the standardised residuals beside the normal quantiles of their ranks, with an envelope.

    Parameters
    ----------
    pooled, deleted
        As for :func:`standardised_residuals`; three studies or more.
    level : float
        Share of simulated residuals of each rank inside the envelope, rank by rank.
    n_simulations : int, optional
        Samples behind the envelope. Default: 1,000, and for deleted residuals of many studies fewer, down to 200.
    seed : int
        Of the random numbers.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`standardised_residuals`, and quantile, envelope_low, envelope_high, row (the place of the
        study in the given order); sorted by z. ``attrs["n"]`` is the number of samples.

    Raises
    ------
    ValueError
        With fewer than three studies.

    Notes
    -----
    Quantiles are those of the probabilities (rank - a) / (k + 1 - 2a), a = 3/8 up to ten studies and 1/2 beyond, as in
    R's ``qqnorm``. For the envelope (Atkinson 1981, doi 10.1093/biomet/68.1.13), studies with the same variances are
    drawn from the model with the estimated tau2; tau2 and the mean are then estimated anew in every sample, so that the
    envelope knows that residuals of one fit are neither independent nor free in scale. As the model is symmetric, each
    sample counts with both signs.

    Examples
    --------
    >>> from analysis import pool
    >>> table = residual_quantiles(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"]))
    >>> table[["label", "z", "quantile"]].round(3).values.tolist()
    [['C', -1.241, -0.869], ['A', 0.068, 0.0], ['B', 1.223, 0.869]]
    """
    pooled = _pooled(pooled)
    if pooled.k < 3:
        raise ValueError("quantiles of residuals need 3 studies or more")
    tail = (1.0 - _validate.level(level)) / 2.0
    table = standardised_residuals(pooled, deleted=deleted).assign(row=np.arange(pooled.k))
    table = table.sort_values("z", kind="stable", ignore_index=True)
    if n_simulations is None:
        fewest, most = _SIMULATIONS
        n_simulations = int(np.clip(_EFFORT // pooled.k**2 // 100 * 100, fewest, most)) if deleted else most
    drawn = np.sort(_simulated(pooled, deleted, n_simulations, seed), axis=1)
    low, high = np.quantile(np.vstack([drawn, -drawn[:, ::-1]]), [tail, 1.0 - tail], axis=0)
    table = table.assign(quantile=normal_quantiles(pooled.k), envelope_low=low, envelope_high=high)
    table.attrs["n"] = n_simulations
    return table


def normal_quantiles(k):
    """Return the normal quantiles that k sorted values are set against.

    Parameters
    ----------
    k : int

    Returns
    -------
    numpy.ndarray, shape (k,)

    Examples
    --------
    >>> normal_quantiles(3).round(4).tolist()
    [-0.8694, 0.0, 0.8694]
    """
    from scipy import special

    shift = 0.375 if k <= 10 else 0.5
    return special.ndtri((np.arange(1, k + 1) - shift) / (k + 1 - 2 * shift))


def funnel_points(pooled):
    """Return each study's standard error, its p value, and its distance from the pooled effect in standard errors.

    Parameters
    ----------
    pooled : PooledEffect or EffectSizes

    Returns
    -------
    pandas.DataFrame
        label, estimate, se, pvalue (two-sided, normal, of no effect) and distance, in the given order.

    Examples
    --------
    >>> from analysis import pool
    >>> funnel_points(pool([-1.2, -0.4], [0.09, 0.16], tau2_method="CE"))[["se", "pvalue", "distance"]].round(3)
        se  pvalue  distance
    0  0.3   0.000     -0.96
    1  0.4   0.317      1.28
    """
    from scipy import special

    pooled = _pooled(pooled)
    se = np.sqrt(pooled.vi)
    pvalue = 2.0 * special.ndtr(-np.abs(pooled.yi) / se)
    distance = (pooled.yi - pooled.estimate) / se
    columns = {"estimate": pooled.yi, "se": se, "pvalue": pvalue, "distance": distance}
    return pd.DataFrame({"label": pooled.labels, **columns})


def radial_points(pooled):
    """Return the coordinates of a radial plot: precision, and the effect divided by its standard error.

    Parameters
    ----------
    pooled : PooledEffect or EffectSizes

    Returns
    -------
    pandas.DataFrame
        label, precision 1 / sqrt(vi + tau2), z = yi * precision and distance (yi - estimate) * precision, in the given
        order; tau2 is 0 for the common-effect model.

    Notes
    -----
    Galbraith (1988, doi 10.1002/sim.4780070807): the least-squares line through the origin has the pooled estimate as
    its slope. With tau2 in the variance this holds for the random-effects estimate.

    Examples
    --------
    >>> from analysis import pool
    >>> radial_points(pool([-1.2, -0.4], [0.09, 0.16], tau2_method="CE"))[["precision", "z"]].round(3).values.tolist()
    [[3.333, -4.0], [2.5, -1.0]]
    """
    pooled = _pooled(pooled)
    precision = 1.0 / np.sqrt(pooled.vi + (pooled.tau2 if pooled.k > 1 else 0.0))
    distance = (pooled.yi - pooled.estimate) * precision
    columns = {"precision": precision, "z": pooled.yi * precision, "distance": distance}
    return pd.DataFrame({"label": pooled.labels, **columns})


def common_effect(pooled):
    """Return the common-effect result of the same studies at the same level, with its normal interval.

    Parameters
    ----------
    pooled : PooledEffect or EffectSizes

    Returns
    -------
    PooledEffect

    Examples
    --------
    >>> from analysis import pool
    >>> round(common_effect(pool([-1.2, -0.4], [0.1, 0.3])).estimate, 3)
    -1.0
    """
    pooled = _pooled(pooled)
    kept = {name: getattr(pooled, name) for name in ("confidence_level", "measure")}
    return pool(pooled.yi, pooled.vi, labels=pooled.labels, tau2_method="CE", ci_method="z", **kept)


def _pooled(result):
    return result if isinstance(result, PooledEffect) else pool(result)


def _internal(yi, vi, tau2):
    """Residuals and their standard errors along the last axis; tau2 may differ from row to row."""
    weight = 1.0 / (vi + np.asarray(tau2)[..., None])
    others, sums = _of_others(weight, yi)
    total = weight + others
    return (yi * others - sums) / total, np.sqrt(others / total / weight)


def _of_others(weight, yi):
    """Sum of the weights and of weight * yi over all other studies; nothing is subtracted, so no digits cancel."""
    but_one = 1.0 - np.eye(weight.shape[-1])
    return weight @ but_one, (weight * yi) @ but_one


def _simulated(pooled, deleted, n, seed):
    """Standardised residuals of n samples from the fitted model, each with its own estimates, shape (n, k)."""
    vi, k = pooled.vi, pooled.k
    spread = np.sqrt(vi + pooled.tau2)
    yi = np.random.default_rng(seed).standard_normal((n, k)) * spread
    if deleted:
        return _simulated_deleted(pooled, yi)
    if pooled.tau2_method in ("CE", "fixed"):
        tau2 = np.full(n, pooled.tau2)
    else:
        tau2 = pool_batch(yi, np.broadcast_to(vi, yi.shape), tau2_method=pooled.tau2_method, ci_method="z").tau2
    residual, se = _internal(yi, vi, tau2)
    return residual / se


def _simulated_deleted(pooled, yi):
    """Deleted residuals of every row of yi: each sample is pooled without each of its studies."""
    n, k = yi.shape
    vi = pooled.vi
    if pooled.tau2_method in ("CE", "fixed"):
        others, sums = _of_others(1.0 / (vi + pooled.tau2), yi)
        mean, tau2, variance = sums / others, pooled.tau2, 1.0 / others
    else:
        gone = np.eye(k, dtype=bool)
        left = np.where(gone, np.nan, yi[:, None, :]).reshape(n * k, k)
        same = np.broadcast_to(np.where(gone, np.nan, vi), (n, k, k)).reshape(n * k, k)
        fits = pool_batch(left, same, tau2_method=pooled.tau2_method, ci_method="z")
        mean, tau2, variance = (x.reshape(n, k) for x in (fits.estimate, fits.tau2, fits.se**2))
    return (yi - mean) / np.sqrt(vi + tau2 + variance)
