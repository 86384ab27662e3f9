"""How single studies stand to the pooled effect, and what a pooled effect says of values and of studies to come.

Residuals with their normal quantiles; funnel and radial coordinates; the distribution of the effect in a new study as a
curve, which a prediction interval is cut from; and p-value functions: the two-sided p value of every possible effect.
The interval of level 1 - p holds the effects whose p value exceeds p, so the curve of a trial or of a pooled result
consists of its intervals, one inside the other, down to the estimate at p = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import _check
from analysis._types import Floats, Values
from analysis.models.pooling import leave_one_out, many_pvalues, pool, pool_batch
from analysis.models.prediction import of_pooled
from analysis.models.results import PooledEffect, Result, t_quantile
from analysis.models.studies import table_of

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes
    from analysis.models.bayes import PosteriorEffect

# Fewest and most samples behind an envelope.
_SIMULATIONS = 200, 1000
# Numbers pooled for the envelope of deleted residuals, where every sample is pooled k times.
_EFFORT = 2_000_000
# Half the width of the grid of a predictive density, in standard deviations of the prediction.
_REACH = 3.6
# The p values of a curve: dense where they are small, as there the ends of the interval move fastest.
_SMALL = 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.0125, 0.015
LEVELS = np.unique(np.round(np.concatenate([_SMALL, np.arange(4, 21) / 200, np.arange(5, 41) / 40]), 6))


def standardised_residuals(pooled: PooledEffect | EffectSizes, *, deleted: bool = False) -> pd.DataFrame:
    """Return how far each study lies from the pooled effect, in standard errors of that distance.

    Parameters
    ----------
    pooled : PooledEffect, or EffectSizes pooled with the defaults of :func:`analysis.pool`
        Of two studies or more; of three for deleted residuals.
    deleted : bool, optional
        Measure the distance from the effect pooled without the study, which an outlier cannot pull towards itself.

    Returns
    -------
    pandas.DataFrame
        Columns label, residual, se and z = residual / se, one row per study in the given order. Standard errors are
        those of the model (vi, tau2 and the uncertainty of the mean), whatever the `ci_method`.

    Raises
    ------
    ValueError
        With too few studies.

    See Also
    --------
    analysis.qq_plot : Draw them against normal quantiles.
    analysis.radial : Draw studies by their precision.
    analysis.leave_one_out : What the pooled effect is without each study.

    Notes
    -----
    Internally standardised and studentised deleted residuals: se² = (vi + tau2)(1 - weight), or vi + tau2 + se² of the
    mean with both from the other studies.

    References
    ----------
    Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125, doi 10.1002/jrsm.11.

    Examples
    --------
    >>> from analysis import pool
    >>> standardised_residuals(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])).round(3)
      label  residual     se      z
    0     A     0.042  0.611  0.068
    1     B     0.842  0.688  1.223
    2     C    -0.758  0.611 -1.241
    """
    pooled = as_pooled(pooled, "standardised_residuals")
    least = 3 if deleted else 2
    if pooled.k < least:
        raise ValueError(f"{'deleted' if deleted else 'standardised'} residuals need {least} studies or more")
    if deleted:
        # The standard error that the model gives, whatever the intervals are made with.
        others = leave_one_out(pooled, ci_method="z")
        mean, tau2, se_mean = (others[name].to_numpy() for name in ("estimate", "tau2", "se"))
        residual, se = deleted_residuals(pooled.yi, pooled.vi, mean, tau2, se_mean**2)
    else:
        residual, se = _standardised(pooled.yi, pooled.vi, pooled.tau2)
    return pd.DataFrame({"label": pooled.labels, "residual": residual, "se": se, "z": residual / se})


def as_pooled(result: Any, to: str) -> PooledEffect:
    """The result itself, or effects pooled with the defaults; TypeError for the result of another model."""
    if not isinstance(result, PooledEffect):
        table_of(result, to)
        return pool(result)
    return result


def deleted_residuals(yi: Floats, vi: Floats, fitted: Floats, tau2: Values, variance: Values) -> tuple[Floats, Floats]:
    """Distances from what all other studies predict, and their standard errors.

    `fitted`, the `variance` of that value and `tau2` come from the others, one entry a study.
    """
    return yi - fitted, np.sqrt(vi + tau2 + variance)


def _standardised(yi, vi, tau2):
    """Residuals and their standard errors along the last axis; tau2 may differ from row to row."""
    weight = 1.0 / (vi + np.asarray(tau2)[..., None])
    others, sums = _of_others(weight, yi)
    total = weight + others
    return (yi * others - sums) / total, np.sqrt(others / total / weight)


def _of_others(weight, yi):
    """Sum of the weights and of weight * yi over all other studies; nothing is subtracted, so no digits cancel."""
    but_one = 1.0 - np.eye(weight.shape[-1])
    return weight @ but_one, (weight * yi) @ but_one


def residual_quantiles(
    pooled: PooledEffect | EffectSizes,
    *,
    deleted: bool = False,
    level: float = 0.95,
    n_simulations: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Set the standardised residuals beside the normal quantiles of their ranks, with an envelope.

    Parameters
    ----------
    pooled : PooledEffect, or EffectSizes pooled with the defaults of :func:`analysis.pool`
        Of three studies or more.
    deleted : bool, optional
        Measure the distance from the effect pooled without the study.
    level : float, optional
        Share of simulated residuals of each rank inside the envelope, rank by rank.
    n_simulations : int, optional
        Samples behind the envelope. Default: 1,000, and for deleted residuals of many studies fewer, down to 200.
    seed : int, optional
        Of the random numbers.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`standardised_residuals`, and quantile, envelope_low, envelope_high, row (the place of the
        study in the given order); sorted by z. ``attrs["n"]`` is the number of samples.

    Raises
    ------
    ValueError
        With fewer than three studies, or too few samples for an interval of this level (20 for 95%).

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
    pooled = as_pooled(pooled, "residual_quantiles")
    if pooled.k < 3:
        raise ValueError("quantiles of residuals need 3 studies or more")
    tail = (1.0 - _check.level(level, "level")) / 2.0
    table = standardised_residuals(pooled, deleted=deleted).assign(row=np.arange(pooled.k))
    table = table.sort_values("z", kind="stable", ignore_index=True)
    if n_simulations is None:
        fewest, most = _SIMULATIONS
        n_simulations = int(np.clip(_EFFORT // pooled.k**2 // 100 * 100, fewest, most)) if deleted else most
    _check.samples("n_simulations", n_simulations, level, signs=2)
    drawn = np.sort(_simulated_z(pooled, deleted, n_simulations, seed), axis=1)
    low, high = np.quantile(np.vstack([drawn, -drawn[:, ::-1]]), [tail, 1.0 - tail], axis=0)
    table = table.assign(quantile=normal_quantiles(pooled.k), envelope_low=low, envelope_high=high)
    table.attrs["n"] = n_simulations
    return table


def _simulated_z(pooled, deleted, n, seed):
    """Standardised residuals of n samples from the fitted model, each with its own estimates, shape (n, k)."""
    vi, k = pooled.vi, pooled.k
    spread = np.sqrt(vi + pooled.tau2)
    yi = _check.generator(seed=seed).standard_normal((n, k)) * spread
    if deleted:
        return _simulated_deleted(pooled, yi)
    if pooled.tau2_method in ("CE", "fixed"):
        tau2 = np.full(n, pooled.tau2)
    else:
        tau2 = pool_batch(yi, np.broadcast_to(vi, yi.shape), tau2_method=pooled.tau2_method, ci_method="z").tau2
    residual, se = _standardised(yi, vi, tau2)
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
    residual, se = deleted_residuals(yi, vi, mean, tau2, variance)
    return residual / se


def normal_quantiles(k: int) -> Floats:
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

    # R's ppoints, (rank - a) / (k + 1 - 2 a).
    shift = 0.375 if k <= 10 else 0.5
    return special.ndtri((np.arange(1, k + 1) - shift) / (k + 1 - 2 * shift))


def funnel_points(pooled: PooledEffect | EffectSizes) -> pd.DataFrame:
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
    pooled = as_pooled(pooled, "funnel_points")
    se = np.sqrt(pooled.vi)
    distance = (pooled.yi - pooled.estimate) / se
    columns = {"estimate": pooled.yi, "se": se, "pvalue": _study_pvalues(pooled), "distance": distance}
    return pd.DataFrame({"label": pooled.labels, **columns})


def _study_pvalues(pooled):
    """Two-sided normal p values of no effect, one a study."""
    from scipy import special

    return 2.0 * special.ndtr(-np.abs(pooled.yi) / np.sqrt(pooled.vi))


def radial_points(pooled: PooledEffect | EffectSizes) -> pd.DataFrame:
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
    pooled = as_pooled(pooled, "radial_points")
    precision = 1.0 / np.sqrt(pooled.vi + (pooled.tau2 if pooled.k > 1 else 0.0))
    distance = (pooled.yi - pooled.estimate) * precision
    columns = {"precision": precision, "z": pooled.yi * precision, "distance": distance}
    return pd.DataFrame({"label": pooled.labels, **columns})


def common_effect(pooled: PooledEffect) -> PooledEffect:
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
    pooled = as_pooled(pooled, "common_effect")
    return pool(pooled, tau2_method="CE", ci_method="z", confidence_level=pooled.confidence_level)


def predictive_density(result: PooledEffect | PosteriorEffect, points: int = 181) -> pd.DataFrame:
    """Return the predictive density of the effect in a new study on a grid around the pooled mean.

    Parameters
    ----------
    result : PooledEffect or PosteriorEffect
        Its prediction interval, `pi` or `new`, has the same distribution.
    points : int, optional
        Size of the grid.

    Returns
    -------
    pandas.DataFrame
        Columns x, density; empty where the result has no prediction interval, or one of no width.

    See Also
    --------
    analysis.share_beyond : Share of comparable trials whose true effect is beyond a threshold.
    analysis.pvalue_curves : P-value functions, those of a new study among them.
    analysis.posterior_plot : Draw the densities of a Bayesian result.

    Notes
    -----
    For a PooledEffect the distribution that the limits of its prediction interval are cut from: for "Nagashima" that
    of `analysis.models.prediction`, else estimate + t sqrt(tau2 + se^2) on the degrees of freedom of `pi_method`,
    t normal for "z". For a PosteriorEffect its own predictive distribution.

    References
    ----------
    Higgins, Thompson & Spiegelhalter 2009, doi 10.1111/j.1467-985X.2008.00552.x (PooledEffect); Roever 2020, doi
    10.18637/jss.v093.i06 (PosteriorEffect).

    Examples
    --------
    >>> import analysis
    >>> curve = predictive_density(analysis.pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1]))
    >>> print(f"{curve.loc[curve['density'].idxmax(), 'x']:.3f}")
    -1.274
    """
    _check.bounded("points", points)
    if hasattr(result, "new_density"):
        x = np.linspace(*_grid_ends(result.new.median, result.new.interval), points)
        return pd.DataFrame({"x": x, "density": result.new_density(x)})
    result = as_pooled(result, "predictive_density")
    if not np.isfinite(result.pi.low):
        return pd.DataFrame({"x": [], "density": []})
    x = np.linspace(*_grid_ends(result.estimate, result.pi), points)
    if result.pi_method == "Nagashima":
        density = of_pooled(result).pdf(x)[0]
    else:
        scale = np.sqrt(result.tau2 + result.se**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            density = _student_density((x - result.estimate) / scale, _prediction_df(result)) / scale
    # Equal effects have no spread to draw.
    curve = pd.DataFrame({"x": x, "density": density})
    return curve if np.isfinite(density).all() else curve.head(0)


def _grid_ends(middle, ends):
    """Return the ends of the grid: nearly twice as far from the middle as the limits."""
    low, high = ends
    return middle - _REACH / 2.0 * (middle - low), middle + _REACH / 2.0 * (high - middle)


def _student_density(z, df):
    """Return the density of the t distribution, normal where df is infinite."""
    from scipy import special

    z = np.asarray(z, dtype=float)
    if np.isinf(df):
        return np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    level = special.gammaln((df + 1.0) / 2.0) - special.gammaln(df / 2.0) - 0.5 * np.log(df * np.pi)
    return np.exp(level - (df + 1.0) / 2.0 * np.log1p(z**2 / df))


def _prediction_df(pooled):
    """Degrees of freedom of the prediction interval of a `PooledEffect`, infinite for "z"."""
    return {"t(k-1)": pooled.k - 1.0, "t(k-2)": pooled.k - 2.0, "z": np.inf}[pooled.pi_method]


@dataclass(frozen=True, eq=False, repr=False)
class PValueCurves(Result):
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

    See Also
    --------
    analysis.pvalue_curves : Make this result.
    analysis.drapery : Draw it.

    References
    ----------
    Rücker & Schwarzer 2021, doi 10.1002/jrsm.1410; Infanger & Schmidt-Trucksäss 2019, doi 10.1002/sim.8293.

    Examples
    --------
    >>> from analysis import pool
    >>> curves = pvalue_curves(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], ci_method="z"), [0.05, 1.0])
    >>> curves.pooled.round(3).tolist()
    [[-2.122, -0.361], [-1.242, -1.242]]
    """

    p: np.ndarray
    trials: np.ndarray
    pooled: np.ndarray
    prediction: np.ndarray
    trial_pvalues: np.ndarray

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy DataFrame with a row for each p value and the intervals of the mean and of a new trial there.

        Returns
        -------
        pandas.DataFrame
            Columns p, pooled_low, pooled_high, prediction_low, prediction_high.
        """
        import pandas as pd

        names = ("pooled_low", "pooled_high", "prediction_low", "prediction_high")
        return pd.DataFrame({"p": self.p} | dict(zip(names, (*self.pooled.T, *self.prediction.T), strict=True)))


def pvalue_curves(pooled: PooledEffect, p: ArrayLike = LEVELS) -> PValueCurves:
    """Return the p-value functions of a pooled result, its trials and a new trial.

    Parameters
    ----------
    pooled : PooledEffect
        Result of :func:`analysis.pool`.
    p : array_like, shape (m,), optional
        Two-sided p values, above 0 and at most 1.

    Returns
    -------
    PValueCurves
        Ends of the intervals at which the p values are reached: `trials`, `pooled` and `prediction`.

    Raises
    ------
    ValueError
        For p values that are not above 0 and at most 1.

    See Also
    --------
    analysis.drapery : Draw the curves.
    analysis.predictive_density : The distribution of the effect in a new study.
    analysis.PooledEffect.confidence_interval : One interval at a level of one's own.

    References
    ----------
    Rücker & Schwarzer 2021, doi 10.1002/jrsm.1410; Infanger & Schmidt-Trucksäss 2019, doi 10.1002/sim.8293.

    Examples
    --------
    >>> from analysis.models.pooling import pool
    >>> result = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
    >>> curves = pvalue_curves(result, [0.05, 1.0])
    >>> bool((curves.pooled[0] == result.ci).all()), bool((curves.pooled[1] == result.estimate).all())
    (True, True)
    """
    pooled, p = as_pooled(pooled, "pvalue_curves"), np.asarray(p, float)
    if p.ndim != 1 or not ((p > 0) & (p <= 1)).all():
        raise ValueError("p must be a list of p values above 0 and at most 1")
    p = np.sort(p)
    mean = _interval_ends(pooled.estimate, _critical_at(pooled.df, p) * pooled.se)
    wide = np.full(mean.shape, np.nan)
    if pooled.pi_method == "Nagashima" and np.isfinite(pooled.pi.low):
        low, high = of_pooled(pooled).interval(1.0 - p)
        wide = np.stack([np.minimum(low, mean[:, 0]), np.maximum(high, mean[:, 1])], axis=-1)
    elif pooled.k > 1 and pooled.tau2_method != "CE" and pooled.pi_method != "Nagashima":
        df = _prediction_df(pooled) if pooled.k > 2 or pooled.pi_method == "z" else np.nan
        wide = _interval_ends(pooled.estimate, _critical_at(df, p) * np.sqrt(pooled.tau2 + pooled.se**2))
    return PValueCurves(
        p=p,
        trials=_interval_ends(pooled.yi[:, None], np.sqrt(pooled.vi)[:, None] * _critical_at(np.inf, p)),
        pooled=mean,
        prediction=wide,
        trial_pvalues=_study_pvalues(pooled),
    )


def _critical_at(df, p):
    return np.abs(t_quantile(np.full(p.shape, df), 1.0 - p))


def _interval_ends(estimate, half):
    return np.stack([estimate - half, estimate + half], axis=-1)


def normal_statistic(p: ArrayLike) -> Values:
    """Return the size of the standard normal statistic with a two-sided p value, 0 at p = 1.

    Parameters
    ----------
    p : float or array

    Examples
    --------
    >>> normal_statistic([0.05, 1.0]).round(3).tolist()
    [1.96, 0.0]
    """
    return _critical_at(np.inf, np.asarray(p, float))[()]


def pvalue_at(pooled: PooledEffect, effect: ArrayLike = 0.0) -> Values:
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
    >>> from analysis.models.pooling import pool
    >>> result = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
    >>> round(float(pvalue_at(result, result.ci.low)), 10), bool(abs(pvalue_at(result) - result.pvalue) < 1e-12)
    (0.05, True)
    """
    effect = np.asarray(effect, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (effect.ravel() - pooled.estimate) / pooled.se
    return many_pvalues(np.full(t.shape, pooled.df), t).reshape(effect.shape)[()]
