"""Pool effects that depend on each other: several time points, arms or outcomes of the same trial."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis import _validate
from analysis.dependence import clustered
from analysis.nested import at_within, maximum, nested, profile_interval
from analysis.results import ConfidenceInterval, t_quantile
from analysis.robust import robust_mean

CI_METHODS = ("CR2", "CR1", "t", "z")


class Levels(NamedTuple):
    """One value for each level of the model."""

    between: object
    within: object


@dataclass(frozen=True, eq=False)
class MultilevelEffect:
    """A pooled effect of effects nested in clusters (trials), with the variance at both levels.

    Attributes
    ----------
    k, clusters : int
        Number of effects and of clusters.
    estimate, se : float
        Pooled mean and its standard error by `ci_method`, in the unit of yi.
    ci : ConfidenceInterval
        Confidence interval of the mean at `confidence_level`.
    statistic, df, pvalue : float
        Test of a zero mean; df is infinite for "z".
    se_model : float
        Standard error that trusts the model; the same as `se` unless `ci_method` is robust.
    sigma2 : Levels
        Variance of true effects `between` clusters and `within` them, truncated at 0.
    sigma2_ci : Levels of ConfidenceInterval
        Profile-likelihood intervals.
    i2 : Levels
        Share (a fraction) of the variance that is due to each level: sigma2 over the sum of both and the
        typical sampling variance (k - 1) / tr P; add them for the total.
    q, q_df, q_pvalue : float, int, float
        Cochran's Q with the known sampling covariance.
    log_likelihood : float
        Restricted for "REML".
    pi : ConfidenceInterval
        Prediction interval for one effect of a new cluster, on t with clusters - 1 degrees of freedom; NaN
        for fewer than three clusters.
    weights : numpy.ndarray
        Weights of the effects in the mean, summing to 1; negative where a strong correlation asks for it.
    yi, vi, cluster : numpy.ndarray
        Effects, sampling variances and clusters, as given.
    labels : tuple of str
    measure, method, ci_method : str
    confidence_level : float
    """

    k: int
    clusters: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    statistic: float
    df: float
    pvalue: float
    se_model: float
    sigma2: Levels
    sigma2_ci: Levels
    i2: Levels
    q: float
    q_df: int
    q_pvalue: float
    log_likelihood: float
    pi: ConfidenceInterval
    weights: np.ndarray
    yi: np.ndarray
    vi: np.ndarray
    cluster: np.ndarray
    labels: tuple
    measure: str
    method: str
    ci_method: str
    confidence_level: float

    def to_frame(self):
        """Return a tidy DataFrame: a row for each effect, then one for the pooled effect.

        Returns
        -------
        pandas.DataFrame
            Columns label, cluster, yi, vi, ci_low, ci_high, weight, kind ("effect" or "summary"). The
            interval of an effect is normal; the vi of the summary is the square of its standard error.
        """
        import pandas as pd

        half = float(t_quantile(np.inf, self.confidence_level)) * np.sqrt(self.vi)
        return pd.DataFrame(
            {
                "label": [*self.labels, "Pooled"],
                "cluster": [*self.cluster.tolist(), ""],
                "yi": np.append(self.yi, self.estimate),
                "vi": np.append(self.vi, self.se**2),
                "ci_low": np.append(self.yi - half, self.ci.low),
                "ci_high": np.append(self.yi + half, self.ci.high),
                "weight": np.append(self.weights, 1.0),
                "kind": ["effect"] * self.k + ["summary"],
            }
        )

    def summary(self):
        """Return the result in words, as text of a few lines."""
        from analysis import model_report

        return model_report.multilevel_summary(self)

    def _repr_html_(self):
        from analysis import model_report

        return model_report.as_html(self.summary())

    def to_row(self):
        """Return a DataFrame of one row with every number of the result and the methods that made it.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        row = {name: getattr(self, name) for name in ("measure", "k", "clusters", "estimate", "se")}
        row |= {"ci_low": self.ci.low, "ci_high": self.ci.high}
        row |= {name: getattr(self, name) for name in ("statistic", "df", "pvalue", "se_model")}
        for level in Levels._fields:
            low, high = getattr(self.sigma2_ci, level)
            row |= {f"sigma2_{level}": getattr(self.sigma2, level)}
            row |= {f"sigma2_{level}_ci_low": low, f"sigma2_{level}_ci_high": high}
            row |= {f"i2_{level}": getattr(self.i2, level)}
        row |= {name: getattr(self, name) for name in ("q", "q_df", "q_pvalue", "log_likelihood")}
        row |= {"pi_low": self.pi.low, "pi_high": self.pi.high}
        return pd.DataFrame([row | {n: getattr(self, n) for n in ("confidence_level", "method", "ci_method")}])


def pool_multilevel(
    effects,
    vi=None,
    *,
    cluster,
    vcov=None,
    method="REML",
    ci_method="CR2",
    confidence_level=0.95,
    labels=None,
):
    """Pool effects nested in trials by a three-level model with known sampling covariance.

    The model is yi = mu + u(cluster) + w(effect) + e: true effects vary between clusters and within them.

    Parameters
    ----------
    effects : EffectSizes, pandas.DataFrame or sequence of float, shape (k,)
        Several effects of a trial are several rows; a DataFrame has the columns yi, vi and perhaps label.
    vi : sequence of float, shape (k,)
        Sampling variances where `effects` is a sequence; otherwise they stand in the table.
    cluster : str or sequence, shape (k,)
        Column that names the trial, or the trial of each effect.
    vcov : array, shape (k, k), optional
        Sampling covariance, zero between clusters; its diagonal replaces vi. Left out, sampling errors are
        taken as independent, which is right only if no patient counts in two effects.
    method : {"REML", "ML"}
        The global maximum of the restricted or the full likelihood.
    ci_method : {"CR2", "CR1", "t", "z"}
        Cluster-robust with bias reduction on Satterthwaite degrees of freedom, the plain sandwich times
        m / (m - 1) on t(m - 1) for m clusters, model-based on t(m - 1), or model-based normal. The robust
        ones hold where the assumed covariance is wrong.
    confidence_level : float
        Level of all intervals.
    labels : sequence of str, optional
        Names of the effects; by default the column label of the table.

    Returns
    -------
    MultilevelEffect

    Raises
    ------
    ValueError
        For effects that cannot be pooled, unknown options or columns, a `vcov` that is not a covariance
        matrix or crosses clusters, a single cluster, or clusters that all have one effect.

    Notes
    -----
    Several treatment arms against one placebo arm: ``effect_sizes(trials, multi_arm="split")`` divides the
    placebo patients, so the rows are independent and need no `vcov`. To keep the placebo arm whole, which
    wastes nothing, pass ``vcov=sampling_covariance(effects, shared_arm="divided")``. For repeated time points
    use ``sampling_covariance(effects, correlation=...)``.

    References
    ----------
    Konstantopoulos 2011, doi 10.1002/jrsm.35; Van den Noortgate et al. 2013, doi 10.3758/s13428-012-0261-6.

    Examples
    --------
    >>> fit = pool_multilevel([0.2, 0.4, 0.9, 1.1, 0.1], [0.04] * 5, cluster=["A", "A", "B", "B", "C"])
    >>> round(fit.estimate, 3), fit.sigma2.within, round(fit.sigma2.between, 3)
    (0.477, 0.0, 0.198)
    """
    _validate.option("method", method, ("REML", "ML"))
    _validate.option("ci_method", ci_method, CI_METHODS)
    level = _validate.level(confidence_level)
    given = clustered(effects, vi, cluster, vcov, labels)
    restricted = method == "REML"
    data = nested(given.yi, given.blocks, given.first)
    within, between, top = maximum(data, restricted)
    fit = robust_mean(given.yi, [b + between + within * np.eye(len(b)) for b in given.blocks], given.first)
    variances = np.concatenate([np.diag(b) for b in given.blocks])
    arrays = {"yi": given.yi, "vi": variances, "weights": fit.weights}
    for name, sorted_values in arrays.items():
        arrays[name] = np.empty(given.yi.size)
        arrays[name][given.order] = sorted_values
        arrays[name].flags.writeable = False
    k, m = given.yi.size, given.first.size
    sigma2 = Levels(between, within)
    return MultilevelEffect(
        k=k,
        clusters=m,
        se_model=float(np.sqrt(fit.model)),
        sigma2=sigma2,
        sigma2_ci=_sigma2_intervals(data, sigma2, top, level, restricted),
        log_likelihood=top - 0.5 * (k - restricted) * np.log(2.0 * np.pi) + 0.5 * restricted * np.log(k),
        **_mean(fit, m, sum(sigma2), ci_method, level),
        **_heterogeneity(data, sigma2),
        **arrays,
        cluster=given.cluster,
        labels=given.labels,
        measure=given.measure,
        method=method,
        ci_method=ci_method,
        confidence_level=level,
    )


def _mean(fit, m, heterogeneity, ci_method, level):
    """The mean, its test, and its confidence and prediction interval."""
    from scipy import special

    variance = {"CR2": fit.cr2, "CR1": fit.cr1}.get(ci_method, fit.model)
    df = {"CR2": fit.cr2_df, "z": np.inf}.get(ci_method, m - 1.0)
    se = float(np.sqrt(variance))
    with np.errstate(divide="ignore", invalid="ignore"):  # effects that all agree: se is 0
        statistic = float(np.divide(fit.estimate, se))
    tail = special.ndtr(-abs(statistic)) if np.isinf(df) else special.stdtr(df, -abs(statistic))
    half = float(t_quantile(df, level)) * se
    reach = float(t_quantile(m - 1.0, level)) * np.sqrt(variance + heterogeneity) if m > 2 else np.nan
    return {
        "estimate": fit.estimate,
        "se": se,
        "ci": ConfidenceInterval(fit.estimate - half, fit.estimate + half),
        "pi": ConfidenceInterval(float(fit.estimate - reach), float(fit.estimate + reach)),
        "statistic": statistic,
        "df": float(df),
        "pvalue": float(2.0 * tail),
    }


def _sigma2_intervals(data, sigma2, top, level, restricted):
    """Profile-likelihood interval of each variance component."""
    from scipy import special

    fall = 0.5 * float(special.chdtri(1, 1.0 - level))
    ends = (
        profile_interval(data, value, top, fall, restricted, name)
        for name, value in zip(Levels._fields, sigma2, strict=True)
    )
    return Levels(*(ConfidenceInterval(low, high) for low, high in ends))


def _heterogeneity(data, sigma2):
    """Q with the known covariance, and the share of each level in the typical variance of an effect."""
    from scipy import special

    at = at_within(data, np.zeros(1))
    a, s, mean = (x[:, 0] for x in (at.a, at.s, at.mean))
    sizes = np.diff(np.append(data.first, data.y.size))
    mu = (s * mean).sum() / s.sum()
    q = (a * (data.y - mu * data.one) ** 2).sum()
    square = np.add.reduceat((a * data.one) ** 2, data.first).sum()
    df = int(sizes.sum()) - 1
    typical = df / (a.sum() - square / s.sum())
    total = sum(sigma2) + typical
    return {
        "q": float(q),
        "q_df": df,
        "q_pvalue": float(special.chdtrc(df, q)),
        "i2": Levels(*(float(x / total) for x in sigma2)),
    }
