"""Pool effects that depend on each other: several time points, arms or outcomes of the same trial.

The model is yi = xi beta + u(cluster) + w(effect) + e, with e of known covariance V; without moderators X is a column
of ones and beta the mean. Within a cluster the covariance is V + within * I + between * J, J all ones. In the
eigenvectors of V it is a diagonal matrix plus one outer product, so every sum of the likelihood costs a pass over the k
effects, whatever their covariance. For a given `within` a cluster enters through its own weighted mean of effects and
moderators and the variance of that mean, and through what it says of beta within itself, which does not depend on
`between`. What remains is a random-effects meta-analysis, or regression, of the clusters with tau2 = `between`, and its
global maximum is that of `analysis.models.tau2`. The search for the maximum is therefore one-dimensional. Many values
of `within` are worked on together: arrays are (k, g) or (m, g), k effects or m clusters by g values.

The variance of the coefficients is cluster-robust, with a correction for few clusters, or trusts the model.
`sampling_covariance` makes V where effects share patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import ClusterCIMethod, Floats, Labels, LikelihoodMethod, Missing
from analysis.measures import Measure
from analysis.models.coefficients import Combined, Regression, WaldTest, moderator_columns, wald
from analysis.models.results import ConfidenceInterval, PooledEffect, Result, pvalues, t_quantile
from analysis.models.shortcuts import Drawn, Reported, Stepped
from analysis.models.studies import (
    Studies,
    cluster_column,
    index_of,
    level_of,
    paired,
    paired_frame,
    read_studies,
    table_of,
)
from analysis.models.tau2 import Point, columns, dot, inverse, likelihood_tau2, upper_bound

# Variances that differ by more than this share are not the same ones rounded.
_OTHER = 0.01

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes
    from analysis.models.formulas import Model

CI_METHODS = get_args(ClusterCIMethod)
# Grid points for each factor e of `within` + smallest sampling variance, and the fewest in all. More than it takes: on
# 400 random sets of 3 to 7 clusters a tenth of them found the same maxima.
_PER_UNIT = 10
_FEWEST = 40
# Share of the other clusters in the mean, below which a cluster determines it alone: dividing by the root of less
# would blow up rounding.
_NO_SPARE = 1e-14
# A direction of the working design in which effects differ within clusters by no more than this does not vary there.
_DEPENDENT = 1e-7
# A direction in which the effects within clusters have no more than this share of all information says nothing there.
_NOTHING = 1e-13
# A search ends with a step this small relative to the logarithm of the component + smallest variance, over the latter.
_STEP, _FLOOR, _ROUNDS = 1e-9, 1e-14, 200
# So near its maximum a likelihood has all its digits.
_ROUGH = 1e-5
_ARM_COLUMNS = ("yi", "vi", "n_treatment", "n_placebo", "mean_placebo", "sd_placebo")
# The same in a table with one row a study, by the names of its arguments.
_WIDE_COLUMNS = ("yi", "vi", "n_t", "n_p", "mean_p", "sd_p")
_SHARED_ARM = {"MD": ("whole", "divided"), "SMD": ("whole",)}


class Levels(NamedTuple):
    """One value for each level of the model.

    Attributes
    ----------
    between, within : float or ConfidenceInterval
        Of the level between clusters, and of that within them.

    See Also
    --------
    analysis.MultilevelEffect : The result whose sigma2, its intervals and I2 these are.
    """

    between: Any
    within: Any


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelEffect(Result, Drawn, Stepped):
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
        Prediction interval for one effect of a new cluster, on t with clusters - 1 degrees of freedom, or those of
        the mean where they are fewer, so that it is never narrower than `ci`; NaN for fewer than three clusters.
    weights : numpy.ndarray
        Weights of the effects in the mean, summing to 1; negative where a strong correlation asks for it.
    yi, vi, cluster : numpy.ndarray
        Effects, sampling variances and clusters, as given.
    labels : tuple of str
        Names of the effects.
    measure : Measure
        Effect measure, such as "MD", or "".
    tau2_method, ci_method : str
        How the numbers were made.
    confidence_level : float
        Level of all intervals.
    left_out : tuple of (str, str)
        Label and reason of the effects that were dropped for want of an effect or a variance.
    effects : EffectSizes or None
        What was pooled, where it was given as such: it knows what is good and what the arms are called.

    See Also
    --------
    analysis.pool_multilevel : Make this result.
    analysis.PooledEffect : Result of one effect from each trial.
    analysis.sampling_covariance : Covariance of effects that share patients.

    References
    ----------
    Konstantopoulos 2011, doi 10.1002/jrsm.35, and Van den Noortgate et al. 2013, doi 10.3758/s13428-012-0261-6 (model);
    Bell & McCaffrey 2002, Survey Methodology 28:169-181, Tipton 2015, doi 10.1037/met0000011, and Pustejovsky & Tipton
    2018, doi 10.1080/07350015.2016.1247004 (CR2); Higgins & Thompson 2002, doi 10.1002/sim.1186 (typical sampling
    variance).

    Examples
    --------
    >>> fit = pool_multilevel([0.2, 0.4, 0.9, 1.1, 0.1], [0.04] * 5, cluster=["A", "A", "B", "B", "C"])
    >>> fit.k, fit.clusters, round(fit.df, 2), round(fit.i2.between, 2)
    (5, 3, 2.0, 0.83)
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
    labels: tuple[str, ...]
    measure: Measure
    tau2_method: str
    ci_method: str
    confidence_level: float
    left_out: tuple[tuple[str, str], ...] = ()
    effects: EffectSizes | None = None
    # As given, for a fit without some of the effects; None where sampling errors are independent.
    _vcov: np.ndarray | None = field(default=None, repr=False)

    @documented
    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return a tidy DataFrame: a row for each effect, then one for the pooled effect.

        Parameters
        ----------
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns label, cluster, yi, vi, ci_low, ci_high, weight, kind ("effect" or "summary"). The
            interval of an effect is normal; the vi of the summary is the square of its standard error.
        """
        import pandas as pd

        half = float(t_quantile(np.inf, self.confidence_level)) * np.sqrt(self.vi)
        table = pd.DataFrame(
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
        return self.measure.transform_table(table) if transform else table

    def _in_words(self):
        return sentences.multilevel_effect(self)


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelRegression(Regression, Reported):
    """Effects nested in clusters (trials) explained by moderators, with the variance that is left at both levels.

    Attributes
    ----------
    formula : str
        Moderators, as given.
    params, bse, tvalues, pvalues : pandas.Series
        Coefficients, their standard errors by `ci_method`, test statistics and two-sided p-values; copies, whose change
        does not change the fit.
    df : numpy.ndarray, shape (p,)
        Degrees of freedom of the test of each coefficient; infinite for "z".
    k, clusters, p : int
        Number of effects, of clusters and of coefficients.
    sigma2 : Levels
        Variance of true effects `between` clusters and `within` them that the moderators leave, truncated at 0.
    sigma2_ci : Levels of ConfidenceInterval
        Profile-likelihood intervals.
    i2 : Levels
        Share (a fraction) of the variance that is due to each level: sigma2 over the sum of both and the typical
        sampling variance (k - p) / tr P; add them for the total.
    qe, qe_df, qe_pvalue : float, int, float
        Test of residual heterogeneity: Q with the known sampling covariance, chi2 on k - p.
    qm, qm_df, qm_pvalue : float, (int, float), float
        Omnibus test that all coefficients but the intercept are 0: chi2 on (m, inf) for "z", F on (m, clusters - p) for
        "t" and "CR1", and for "CR2" the approximate Hotelling test (AHT), F on estimated degrees of freedom. NaN
        without moderators.
    llf : float
        Log-likelihood; the restricted one for "REML", comparable only between models of the same design.
    yi, vi, cluster, exog : numpy.ndarray
        Effects, sampling variances, clusters and the design matrix (k, p), in the order given.
    labels : tuple of str
        Names of the effects.
    measure : Measure
        Effect measure, such as "MD", or "".
    left_out : tuple of (str, str)
        Label of each effect that was dropped, and what it lacks.
    correlation : numpy.ndarray, shape (p, p)
        Correlations of the estimated coefficients if the model is right.
    tau2_method, ci_method, confidence_level : str, str, float
        How the numbers were made, and the level of the intervals.
    effects : EffectSizes or None
        What was pooled, where it was given as such: it knows what is good and what the arms are called.

    See Also
    --------
    analysis.pool_multilevel : Make this result.
    analysis.MultilevelEffect : The result without moderators.
    analysis.MetaRegression : One effect from each trial.

    References
    ----------
    Konstantopoulos 2011, doi 10.1002/jrsm.35, and Van den Noortgate et al. 2013, doi 10.3758/s13428-012-0261-6 (model);
    Tipton 2015, doi 10.1037/met0000011 (CR2), and Pustejovsky & Tipton 2018, doi 10.1080/07350015.2016.1247004 (its
    joint test); Higgins & Thompson 2002, doi 10.1002/sim.1186 (typical sampling variance).

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("AABBCC"), "yi": [0.2, 0.4, 0.9, 1.1, 0.1, 0.2], "vi": 0.04})
    >>> fit = pool_multilevel(data.assign(weeks=[4, 8] * 3), cluster="study", mods="~ weeks")
    >>> fit.params.round(3).to_dict(), fit.sigma2.within
    ({'Intercept': 0.233, 'weeks': 0.042}, 0.0)
    """

    formula: str
    df: np.ndarray
    k: int
    clusters: int
    p: int
    sigma2: Levels
    sigma2_ci: Levels
    i2: Levels
    qe: float
    qe_df: int
    qe_pvalue: float
    qm: float
    qm_df: tuple[int, float]
    qm_pvalue: float
    llf: float
    measure: Measure
    tau2_method: str
    ci_method: str
    confidence_level: float
    yi: np.ndarray = field(repr=False)
    vi: np.ndarray = field(repr=False)
    cluster: np.ndarray = field(repr=False)
    exog: np.ndarray = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    left_out: tuple[tuple[str, str], ...] = field(repr=False)
    correlation: np.ndarray = field(repr=False)
    effects: EffectSizes | None = field(repr=False)
    _model: Model = field(repr=False)
    _robust: RobustFit = field(repr=False)
    _turn: np.ndarray = field(repr=False)  # (p, p), from coefficients of the working design to those of the model
    _vcov: np.ndarray | None = field(default=None, repr=False)

    @property
    def _fitted(self):
        return self._combined(np.eye(self.p))

    def _combined(self, rows):
        return _combined(self._robust, rows @ self._turn, self.ci_method)

    def _tested(self, rows, constants):
        rows, fit = rows @ self._turn, self._robust
        difference, variance = rows @ fit.estimate - constants, rows @ _variance(fit, self.ci_method) @ rows.T
        if self.ci_method != "CR2" or len(rows) == 0:
            return wald(difference, variance, np.inf if self.ci_method == "z" else float(fit.left))
        return _hotelling(wald(difference, variance, np.inf), float(fit.precision(rows[None])[0]))

    def _covariance(self):
        return self._turn @ _variance(self._robust, self.ci_method) @ self._turn.T

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy DataFrame with a row for each effect: what was found and what the regression says.

        Returns
        -------
        pandas.DataFrame
            Columns label, cluster, yi, vi, and those of `predict`: estimate, se, ci_low, ci_high, pi_low, pi_high.
        """
        import pandas as pd

        given = pd.DataFrame({"label": self.labels, "cluster": self.cluster, "yi": self.yi, "vi": self.vi})
        return pd.concat([given, self.predict().reset_index(drop=True)], axis=1)

    @documented
    def predict(
        self,
        new_data: pd.DataFrame | Mapping[str, Any] | ArrayLike | None = None,
        *,
        confidence_level: float | None = None,
        transform: bool = False,
    ) -> pd.DataFrame:
        """Return mean effects for given moderators, with confidence and prediction intervals.

        Parameters
        ----------
        {new_data}
        confidence_level : float, optional
            Between 0 and 1; the level of the fit if left out.
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns estimate, se, ci_low, ci_high, pi_low, pi_high. The prediction interval is for one effect of a new
            cluster, on t with clusters - p degrees of freedom, or those of the mean where they are fewer; NaN where
            clusters - p is less than two.

        Raises
        ------
        ValueError
            If new_data lacks a column, has missing values or a level that no effect has.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.models.multilevel import pool_multilevel
        >>> data = pd.DataFrame({"study": list("AABBCC"), "yi": [0.2, 0.4, 0.9, 1.1, 0.1, 0.2], "vi": 0.04})
        >>> fit = pool_multilevel(data.assign(weeks=[4, 8] * 3), cluster="study", mods="~ weeks")
        >>> fit.predict(6)["estimate"].round(3).tolist()
        [0.483]
        """
        left = self.clusters - self.p
        table = self._predicted(
            new_data, confidence_level, sum(self.sigma2), lambda df: np.minimum(df, left if left > 1 else np.nan)
        )
        return self.measure.transform_table(table) if transform else table

    def _in_words(self):
        return sentences.multilevel_regression(self)


@overload
def pool_multilevel(
    effects: EffectSizes | pd.DataFrame | ArrayLike,
    vi: ArrayLike | None = None,
    *,
    cluster: str | ArrayLike | None = None,
    mods: None = None,
    se: ArrayLike | None = None,
    vcov: ArrayLike | pd.DataFrame | None = None,
    tau2_method: LikelihoodMethod = "REML",
    ci_method: ClusterCIMethod = "CR2",
    confidence_level: float | None = None,
    labels: Labels | None = None,
    measure: str = "",
    missing: Missing = "raise",
    unsafe: bool = False,
) -> MultilevelEffect: ...


@overload
def pool_multilevel(
    effects: EffectSizes | pd.DataFrame,
    vi: None = None,
    *,
    cluster: str | ArrayLike | None = None,
    mods: str,
    se: None = None,
    vcov: ArrayLike | pd.DataFrame | None = None,
    tau2_method: LikelihoodMethod = "REML",
    ci_method: ClusterCIMethod = "CR2",
    confidence_level: float | None = None,
    labels: Labels | None = None,
    measure: str = "",
    missing: Missing = "raise",
    unsafe: bool = False,
) -> MultilevelRegression: ...


@documented
def pool_multilevel(
    effects: EffectSizes | pd.DataFrame | ArrayLike,
    vi: ArrayLike | None = None,
    *,
    cluster: str | ArrayLike | None = None,
    mods: str | None = None,
    se: ArrayLike | None = None,
    vcov: ArrayLike | pd.DataFrame | None = None,
    tau2_method: LikelihoodMethod = "REML",
    ci_method: ClusterCIMethod = "CR2",
    confidence_level: float | None = None,
    labels: Labels | None = None,
    measure: str = "",
    missing: Missing = "raise",
    unsafe: bool = False,
) -> MultilevelEffect | MultilevelRegression:
    """Pool effects nested in trials by a three-level model with known sampling covariance.

    The model is yi = mu + u(cluster) + w(effect) + e: true effects vary between clusters and within them. With
    moderators, mu is what these explain.

    Parameters
    ----------
    effects : EffectSizes, pandas.DataFrame or array_like, shape (k,)
        Several effects of a trial are several rows; a DataFrame has the columns yi and vi or se, and perhaps label.
    vi : array_like, shape (k,), optional
        Sampling variances where `effects` is a sequence; otherwise they stand in the table.
    cluster : str or array_like, shape (k,), optional
        Column that names the trial, or the trial of each effect; of a table by default the column cluster where there
        is one, else study.
    mods : str, optional
        Moderators, columns of the table, such as "~ weeks + C(kind)", in the language of
        :func:`analysis.meta_regression`.
    {se}
    vcov : array_like, shape (k, k), optional
        Sampling covariance, zero between clusters; its diagonal replaces vi, and a warning tells where the two differ.
        A DataFrame is paired by its index and columns. Left out, sampling errors are taken as independent, which is
        right only if no patient counts in two effects.
    tau2_method : {"REML", "ML"}, optional
        The global maximum of the restricted or the full likelihood.
    ci_method : {"CR2", "CR1", "t", "z"}, optional
        Cluster-robust with bias reduction on Satterthwaite degrees of freedom, the plain sandwich times
        m / (m - 1) on t(m - 1) for m clusters, model-based on t(m - 1), or model-based normal. The robust
        ones hold where the assumed covariance is wrong. With p coefficients, m - p stands for m - 1.
    {confidence_level}
    labels : sequence of str, optional
        Names of the effects; by default the column label of the table, else study, else its index.
    {measure, missing, unsafe}

    Returns
    -------
    MultilevelEffect or MultilevelRegression
        The mean with its uncertainty, the variance at both levels and the effects behind them; with `mods` the
        coefficients, read like a results object of statsmodels: params, bse, conf_int(), predict().

    Raises
    ------
    ValueError
        For effects that cannot be pooled, unknown options or columns, a `vcov` that is not a covariance
        matrix or crosses clusters, a single cluster, or clusters that all have one effect; for moderators as
        :func:`analysis.meta_regression`, and where they have as many coefficients as there are clusters or leave no
        difference within clusters.

    See Also
    --------
    analysis.sampling_covariance : Make `vcov` where effects share patients.
    analysis.pool : Pool one effect from each trial.
    analysis.pool_bivariate : Pool two outcomes of the same trials.
    analysis.meta_regression : Moderators of one effect from each trial.

    Notes
    -----
    Several treatment arms against one placebo arm: ``effect_sizes(trials, multi_arm="split")`` divides the
    placebo patients, so the rows are independent and need no `vcov`. To keep the placebo arm whole, which
    wastes nothing, pass ``vcov=sampling_covariance(effects)``. For repeated time points, ``effect_sizes(trials,
    times="all")``, pass ``vcov=sampling_covariance(effects, correlation=...)``.

    References
    ----------
    Konstantopoulos 2011, doi 10.1002/jrsm.35, and Van den Noortgate et al. 2013, doi 10.3758/s13428-012-0261-6 (model);
    Bell & McCaffrey 2002, Survey Methodology 28:169-181, Tipton 2015, doi 10.1037/met0000011, and Pustejovsky & Tipton
    2018, doi 10.1080/07350015.2016.1247004 (CR2); Higgins & Thompson 2002, doi 10.1002/sim.1186 (typical sampling
    variance).

    Examples
    --------
    >>> fit = pool_multilevel([0.2, 0.4, 0.9, 1.1, 0.1], [0.04] * 5, cluster=["A", "A", "B", "B", "C"])
    >>> round(fit.estimate, 3), fit.sigma2.within, round(fit.sigma2.between, 3)
    (0.477, 0.0, 0.198)
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("AABBCC"), "yi": [0.2, 0.4, 0.9, 1.1, 0.1, 0.2], "vi": 0.04})
    >>> fit = pool_multilevel(data.assign(weeks=[4, 8] * 3), cluster="study", mods="~ weeks")
    >>> fit.summary_frame().loc["weeks", ["estimate", "se", "df"]].round(3).tolist()
    [0.042, 0.008, 2.0]
    """
    _check.option("tau2_method", tau2_method, get_args(LikelihoodMethod))
    _check.option("ci_method", ci_method, CI_METHODS)
    level = level_of(effects, confidence_level)
    more = {"labels": labels, "measure": measure, "missing": missing}
    given = _clustered(effects, _Spread(vi, se, vcov), cluster, (mods, unsafe), more)
    restricted = tau2_method == "REML"
    data = _turned(given)
    within, between, top = (float(each[0]) for each in _maxima(data, restricted))
    fit = robust_fit(given.yi, given.x, given.working(between, within), given.first)
    (k, p), sigma2 = given.x.shape, Levels(between, within)
    # metafor's restricted likelihood has the term log |X'X| / 2.
    llf = top - 0.5 * (k - restricted * p) * np.log(2.0 * np.pi)
    llf += 0.5 * restricted * np.linalg.slogdet(given.x.T @ given.x)[1]
    shared = {
        "k": k,
        "clusters": given.first.size,
        "sigma2": sigma2,
        "sigma2_ci": Levels(*(_profile_interval(data, sigma2, at, top, level, restricted) for at in Levels._fields)),
        "cluster": given.cluster,
        "labels": given.labels,
        "measure": given.measure,
        "tau2_method": tau2_method,
        "ci_method": ci_method,
        "confidence_level": level,
        "left_out": given.left_out,
        "effects": given.effects,
    }
    spread, back = _heterogeneity(data, sigma2), np.argsort(given.order)
    if given.model is not None:
        return _regression(given, fit, spread, shared | {"llf": float(llf)})
    return MultilevelEffect(
        se_model=float(np.sqrt(fit.model[0, 0])),
        log_likelihood=float(llf),
        **_inference(fit, sum(sigma2), ci_method, level),
        **spread,
        yi=given.yi[back],
        vi=given.vi[back],
        weights=fit.weights[0][back],
        _vcov=given.vcov,
        **shared,
    )


def _regression(given, fit, spread, shared):
    """The `MultilevelRegression` of a fit to the working design."""
    model, ci_method = given.model, shared["ci_method"]
    x = model.x[given.order]
    turn = np.eye(x.shape[1]) if np.array_equal(x, given.x) else np.linalg.lstsq(x, given.x, rcond=None)[0]
    trusted = turn @ fit.model @ turn.T
    root = np.sqrt(np.diag(trusted))
    result = MultilevelRegression(
        formula=f"~ {model.right}",
        df=_combined(fit, turn, ci_method).df,
        p=len(model.names),
        i2=spread["i2"],
        qe=spread["q"],
        qe_df=spread["q_df"],
        qe_pvalue=spread["q_pvalue"],
        qm=np.nan,
        qm_df=(0, np.nan),
        qm_pvalue=np.nan,
        yi=model.yi,
        vi=model.vi,
        exog=model.x,
        correlation=trusted / np.outer(root, root),
        _model=model,
        _robust=fit,
        _turn=turn,
        _vcov=given.vcov,
        **shared,
    )
    tested = np.eye(result.p)[moderator_columns(model.names)]
    test = result._tested(tested, np.zeros(len(tested)))
    return replace(result, qm=test.statistic, qm_df=test.df, qm_pvalue=test.pvalue)


class _Spread(NamedTuple):
    """What is known of the sampling errors, as given."""

    vi: Any
    se: Any
    vcov: Any


class _Clustered(NamedTuple):
    """Checked effects sorted by cluster; see `_clustered`."""

    yi: np.ndarray
    vi: np.ndarray
    blocks: list  # the sampling covariance of each cluster
    first: np.ndarray  # where each cluster begins
    order: np.ndarray  # positions of the sorted effects in the input
    x: np.ndarray  # (k, p), the working design: a column of ones, or an orthonormal basis of the moderators
    cluster: np.ndarray  # the cluster of each effect, in the order of the input
    labels: tuple[str, ...]
    measure: Measure
    vcov: np.ndarray | None  # in the order of the input
    left_out: tuple[tuple[str, str], ...]
    model: Model | None  # of the moderators, in the order of the input
    effects: EffectSizes | None = None

    def working(self, between, within):
        """The covariance of each cluster with the variance of true effects at both levels."""
        return [b + between + within * np.eye(len(b)) for b in self.blocks]


def _clustered(effects, spread, cluster, mods, more):
    """Read effects in any of their forms, check them and sort them by cluster."""
    mods, unsafe = mods
    found, vcov, own = _read(effects, spread, **more)
    if mods is not None and more["missing"] == "drop":
        from analysis.models.formulas import with_moderators

        found, known = with_moderators(mods, found)
        vcov = None if vcov is None else vcov[np.ix_(known, known)]
    if cluster is None:
        if found.table is None:
            raise ValueError("cluster is missing; give the trial of each effect")
        cluster = cluster_column(found.table)
    if isinstance(cluster, str) and found.table is None:
        raise ValueError(f"cluster={cluster!r} names a column, but effects is no table; give one value each")
    if isinstance(cluster, str):
        cluster = _column_or_values(found.table, cluster)
    cluster = _as_given(paired(cluster, "cluster", found.index))
    if cluster.shape != (found.given,):
        raise ValueError(
            f"cluster has the shape {cluster.shape}, but there are {found.given} effects; give one value each"
        )
    cluster = cluster[found.kept]
    group = _numbered(cluster, found.labels)
    count = group.max(initial=-1) + 1
    if count == 1:
        raise ValueError("all effects belong to one cluster: the variance between clusters cannot be estimated")
    if count == group.size:
        raise ValueError("every cluster has a single effect, so there is nothing nested; use pool")
    model, x = None, np.ones((group.size, 1))
    if mods is not None:
        from analysis.models.formulas import read_moderators

        model = read_moderators(mods, found, unsafe)
        x = _working_design(model, group, count)
    yi, vi, blocks, first, order = _sorted(found.yi, found.vi, vcov, group, found.labels)
    warn_of_other_variances(effects, found, own, vcov)
    about = found.labels, found.measure, vcov, found.left_out, model, found.effects
    return _Clustered(yi, vi, blocks, first, order, x[order], cluster, *about)


def _working_design(model, group, count):
    """An orthonormal basis of the moderators, in which no sum cancels; ValueError where they leave too little."""
    names = ", ".join(model.names)
    if count <= len(model.names):
        raise ValueError(
            f"{len(model.names)} coefficients ({names}) need at least {len(model.names) + 1} clusters, and there are "
            f"{count}; leave out moderators"
        )
    if (model.x == 1.0).all():
        return model.x
    x = np.linalg.qr(model.x / np.sqrt((model.x**2).sum(axis=0)))[0]
    means = np.array([np.bincount(group, column) for column in x.T]).T / np.bincount(group)[:, None]
    if count + np.linalg.matrix_rank(x - means[group], tol=_DEPENDENT) == group.size:
        raise ValueError(
            f"the coefficients ({names}) take up every difference within clusters, so that the variance within them "
            "cannot be estimated; leave out moderators"
        )
    return x


def _read(effects, spread, **more):
    """Checked effects, their covariance in the same order where there is one, whose diagonal is vi, and vi as given."""
    more, vcov = more | {"to": "pool_multilevel", "one": "effect"}, spread.vcov
    table = table_of(effects, "pool_multilevel")
    if vcov is None:
        found = read_studies(effects, spread.vi, se=spread.se, **more)
        _check.span(found.yi, found.vi, found.named, "pool_multilevel")
        return found, None, None
    index = index_of(effects, getattr(effects, "index", None) if table is None else table.index)
    if isinstance(effects, PooledEffect):
        more |= {"labels": effects.labels if more["labels"] is None else more["labels"]}
        more |= {"measure": more["measure"] or effects.measure.code}
        effects, spread = effects.yi, spread._replace(vi=effects.vi if spread.se is None else None)
    vcov = as_covariance(vcov, index, len(effects))
    if table is None:
        found = read_studies(effects, np.diag(vcov), **more)
        own = spread.vi if spread.se is None else spread.se
        own = None if own is None else paired(own, "vi" if spread.se is None else "se", found.index)
        own = own if spread.se is None else _check.squared(_check.as_floats(own))
    else:
        own = table["vi"] if "vi" in table else _check.squared(_check.as_floats(table["se"])) if "se" in table else None
        table = table.assign(vi=np.diag(vcov))
        given = replace(effects, table=table) if hasattr(effects, "table") else table
        found = read_studies(given, spread.vi, se=spread.se, **more)
    _check.span(found.yi, found.vi, found.named, "pool_multilevel")
    return found, vcov[np.ix_(found.kept, found.kept)], own


def as_covariance(vcov: Any, index: pd.Index | None, k: int) -> Floats:
    """A covariance as an array (k, k), the rows and columns of a DataFrame in the order of the effects.

    Examples
    --------
    >>> as_covariance([[1, 0], [0, 2]], None, 2).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    vcov = paired_frame(vcov, "vcov", index, index)
    try:
        vcov = np.array(vcov, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"vcov must hold numbers, {k} rows of {k}") from None
    if vcov.shape != (k, k):
        raise ValueError(f"vcov has the shape {vcov.shape}, but {k} effects need {(k, k)}")
    return vcov


def warn_of_other_variances(effects: Any, found: Studies, own: ArrayLike | None, vcov: Floats | None) -> None:
    """Warn where the diagonal of a covariance is not the `own` variances, nor those of an arm that was divided.

    `vcov` is of the effects that are kept, `own` of all; nothing is compared where either is None.

    Examples
    --------
    >>> from analysis.models.studies import read_studies
    >>> found = read_studies([0.1, 0.4], [0.1, 0.2])
    >>> warn_of_other_variances([0.1, 0.4], found, found.vi, np.diag([0.1, 0.2]))
    """
    if own is None or vcov is None:
        return
    variances = [np.diag(vcov), _check.as_floats(own)[found.kept]]
    if not (other := _apart(*variances)).any():
        return
    if found.table is not None:
        try:
            # The covariance of arms that were divided has them whole, on the diagonal too.
            again = 0.0 if getattr(effects, "options", {}).get("times") == "all" else None
            whole = np.diag(sampling_covariance(effects, correlation=again, shared_arm="divided"))
            other &= _apart(variances[0], whole[found.kept])
        except (ValueError, TypeError):
            pass
    if (rows := np.flatnonzero(other)).size:
        given, known = (float(each[rows[0]]) for each in variances)
        _check.warn(
            f"{found.labels[rows[0]]}: vcov has the variance {given:.4g}, and vi is {known:.4g} (the first of "
            f"{rows.size} that differ); that of vcov is used. If its rows are in another order, or those of other "
            "effects, align them: a DataFrame with the index of the effects on both sides is paired by it. If it is "
            "meant, put np.diag(vcov) in the place of vi"
        )


def _apart(given, own):
    """Which variances are others, and not the same ones rounded."""
    return np.abs(given - own) > _OTHER * own


def _sorted(yi, vi, vcov, group, names):
    """Effects sorted by cluster: yi, vi, the covariance of each cluster, where clusters begin, and the order."""
    order = np.argsort(group, kind="stable")
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    return yi[order], vi[order], _covariance_blocks(vcov, vi, group, order, first, names), first, order


def _column_or_values(frame, name):
    """A column of the table, or the values themselves where they are given instead of its name."""
    if not isinstance(name, str):
        return _as_given(name)
    if name not in frame:
        raise ValueError(f"'{name}' is not a column of the effects: {', '.join(map(str, frame.columns))}")
    return frame[name].to_numpy()


def _as_given(values):
    """A copy as an array in which the values of a list stay what they are: 1 is not "1", nor is nan a text."""
    return np.array(values, dtype=None if hasattr(values, "dtype") else object)


def _numbered(cluster, names):
    """Number the clusters in order of appearance; raise ValueError where one is missing."""
    import pandas as pd

    codes, known = pd.factorize(cluster)
    if known.dtype == object:
        codes = np.where(np.append(_check.nameless(known), False)[codes], -1, codes)
    _check.as_names(known if known.dtype == object else (), "cluster", of_studies=True)
    if (codes < 0).any():
        missing = ", ".join(f"{i + 1} ({names[i]})" for i in np.flatnonzero(codes < 0))
        raise ValueError(f"cluster is missing for effect {missing}; name the trial of each effect")
    return codes


def _covariance_blocks(vcov, vi, group, order, first, names):
    """The covariance of each cluster, from the whole matrix or the variances alone; checked."""
    members = np.split(order, first[1:])
    if vcov is None:
        return [np.diag(vi[at]) for at in members]
    if not np.isfinite(vcov).all() or not np.allclose(vcov, vcov.T, rtol=1e-10, atol=0.0):
        raise ValueError("vcov must be finite and symmetric")
    if len(crossing := np.argwhere((vcov != 0.0) & (group[:, None] != group))):
        pair = _named_pair(crossing[0], names)
        raise ValueError(f"vcov relates {pair}, of different clusters; put effects that share patients in one cluster")
    blocks = [vcov[np.ix_(at, at)] for at in members]
    _refuse_impossible("vcov", members, blocks, names)
    return blocks


def _refuse_impossible(called, members, blocks, names):
    """Refuse covariances of clusters that are not positive definite beyond rounding, each with its closest pair."""
    problems = []
    for at, block in zip(members, blocks, strict=True):
        # As correlations: neither the unit nor a cluster of unequal variances may decide.
        root = np.sqrt(np.diag(block))
        r = block / np.outer(root, root)
        if np.linalg.eigvalsh(r)[0] > 1e-12:
            continue
        apart = np.triu(r, 1)
        pair = np.unravel_index(np.abs(apart).argmax(), r.shape)
        said = f"the errors of {_named_pair(at[list(pair)], names)} correlate {apart[pair]:.4g}"
        many = (
            "" if abs(apart[pair]) >= 1 else f", which with those of the other {len(at) - 2} of their cluster cannot be"
        )
        problems.append(said + many)
    if problems:
        raise ValueError(f"{called} is not positive definite: {'; '.join(problems)}; check the covariances")


def _named_pair(pair, names):
    return " and ".join(f"effect {i + 1} ({names[i]})" for i in pair)


class WithoutOne(NamedTuple):
    """The mean of all clusters but one; `tau2` and `i2` are those of both levels together."""

    k: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    pvalue: float
    tau2: float
    tau: float
    i2: float
    q: float
    q_pvalue: float
    pi: ConfidenceInterval


def without_each_cluster(fit: MultilevelEffect) -> tuple[list[str], list[WithoutOne]]:
    """Fit the model of a result to all clusters but one, for each in turn.

    Parameters
    ----------
    fit : MultilevelEffect
        Of three clusters or more.

    Returns
    -------
    names : list of str
        The clusters left out, in order of first appearance.
    results : list of WithoutOne
        Where no cluster with several effects is left, the two levels cannot be told apart, but their sum can.

    Raises
    ------
    ValueError
        For two clusters.

    Examples
    --------
    >>> fit = pool_multilevel([0.2, 0.4, 0.9, 1.1, 0.1], [0.04] * 5, cluster=["A", "A", "B", "B", "C"])
    >>> names, without = without_each_cluster(fit)
    >>> names, [round(each.estimate, 3) for each in without]
    (['A', 'B', 'C'], [0.561, 0.233, 0.65])
    """
    if fit.clusters < 3:
        raise ValueError("leaving one trial out needs three trials or more: those left must still differ")
    group, restricted = _numbered(fit.cluster, fit.labels), fit.tau2_method == "REML"
    first = np.unique(group, return_index=True)[1]
    names, results = [str(each) for each in fit.cluster[first].tolist()], []
    for gone in range(fit.clusters):
        stay = np.flatnonzero(group != gone)
        vcov = None if fit._vcov is None else fit._vcov[np.ix_(stay, stay)]
        x = np.ones((stay.size, 1))
        sorted_ = _sorted(fit.yi[stay], fit.vi[stay], vcov, group[stay], fit.labels)
        given = _Clustered(*sorted_, x, fit.cluster, (), fit.measure, vcov, (), None)
        data = _turned(given)
        if (data.sizes == 1).all():
            within, between = 0.0, float(_best_between(data, _at_within(data, np.zeros(1)), restricted)[0])
        else:
            within, between, _ = (float(each[0]) for each in _maxima(data, restricted))
        mean = robust_fit(given.yi, given.x, given.working(between, within), given.first)
        tau2, spread = between + within, _heterogeneity(data, Levels(between, within))
        numbers = _inference(mean, tau2, fit.ci_method, fit.confidence_level) | spread
        numbers |= {"k": stay.size, "tau2": tau2, "tau": float(np.sqrt(tau2)), "i2": sum(spread["i2"])}
        results.append(WithoutOne(**{name: numbers[name] for name in WithoutOne._fields}))
    return names, results


class _Nested(NamedTuple):
    """Effects sorted by cluster, turned to the eigenvectors of their covariance; see `_turned`."""

    y: np.ndarray  # (k,) outcomes about a fit without random effects, turned
    x: np.ndarray  # (k, p) the working design, turned
    one: np.ndarray  # (k,) a column of ones, turned
    d: np.ndarray  # (k,) eigenvalues of the sampling covariance
    first: np.ndarray  # (m,) where each cluster begins
    sizes: np.ndarray  # (m,) number of effects in each cluster
    plain: bool  # whether the design is a column of ones
    grid: np.ndarray  # (g,) values of `within` up to one above which there is no maximum
    at: Any  # the clusters at these, an `_At`

    def by_cluster(self, x):
        """Sums (m, ...) of values (k, ...) over the effects of each cluster."""
        return np.add.reduceat(x, self.first, axis=0)


def _turned(given):
    """Prepare `_Clustered` effects for the likelihood."""
    yi, first, (k, p) = given.yi, given.first, given.x.shape
    root, plain = np.sqrt(given.vi), bool((given.x == 1.0).all())
    # Of effects far from 0 the sums would keep few digits.
    y = yi - given.x @ np.linalg.lstsq(given.x / root[:, None], yi / root, rcond=None)[0]
    x, one, d = given.x.copy(), np.ones(k), np.empty(k)
    for start, block in zip(first, given.blocks, strict=True):
        part = slice(start, start + len(block))
        if np.array_equal(block, np.diag(np.diag(block))):
            d[part] = np.diag(block)
            continue
        d[part], turn = np.linalg.eigh(block)
        y[part], x[part], one[part] = turn.T @ y[part], turn.T @ x[part], turn.T @ one[part]
    residual = yi - given.x @ np.linalg.lstsq(given.x, yi, rcond=None)[0]
    # y'PPy <= sum residual^2 / (smallest + within)^2, and over the contrasts within clusters that the moderators leave,
    # k - m - p + 1 of them or one less, tr P >= their number / (largest + within): the likelihood falls above this.
    square = (residual**2).sum() / max(k - first.size - p + plain, 1)
    upper = max(upper_bound(square, d.min(), d.max()), 0.0)
    low, high = np.log(d.min()), np.log(d.min() + upper)
    points = _FEWEST + int(_PER_UNIT * (high - low))
    grid = np.append(0.0, np.expm1(np.linspace(0.0, high - low, points)[1:]) * d.min())
    data = _Nested(y, x, one, d, first, np.diff(np.append(first, k)), plain, grid, None)
    return data._replace(at=_at_within(data, grid))


def _maxima(data, restricted, between=None):
    """The global maximum over both variance components, or over `within` at each value (n,) of `between`.

    Returns within, between and the log-likelihood, (n,) each. The derivative along the profile changes from rising to
    falling at each local maximum: the changes are bracketed on a grid and refined, all at once. Where the best
    `between` jumps, the derivative jumps upwards, so no maximum hides there.
    """

    def slopes(at, b):
        return at.slope(_best_between(data, at, restricted) if b is None else b, restricted)

    grid, n = data.grid, 1 if between is None else between.size
    at = data.at if n == 1 else data.at.take(np.tile(np.arange(grid.size), n))
    slope = slopes(at, None if between is None else np.repeat(between, grid.size)).reshape(n, -1)
    rising = slope > 0
    owner, i = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    own = None if between is None else between[owner]
    ends = (grid[i], slope[owner, i]), (grid[i + 1], slope[owner, i + 1])
    step = _STEP if between is None else _ROUGH
    roots = _crossing(lambda within: slopes(_at_within(data, within), own), *ends, data.d.min(), step)
    falls = np.flatnonzero(~rising[:, 0])
    owner, within = np.append(falls, owner), np.append(np.zeros(falls.size), roots)
    at = _at_within(data, within)
    b = _best_between(data, at, restricted) if between is None else between[owner]
    height = at.log_likelihood(b, restricted)
    # The last of each column, its highest.
    order = np.lexsort((height, owner))
    best = order[np.append(np.diff(owner[order]) > 0, True)]
    return within[best], b[best], height[best]


def _crossing(values_at, above, below, small, step=_STEP):
    """Where values are 0, n at once, between `above`, where they are positive, and `below`; each an end with its value.

    False position with the weights of Anderson & Björck 1973, doi 10.1007/BF01951936, on the scale of log(component
    + smallest sampling variance). It never leaves the bracket and takes kinks.
    """
    (a, at_a), (b, at_b) = ((np.log1p(end / small), value) for end, value in (above, below))
    # Fewer than twelve rounds, but where rounding or a kink keeps it going.
    for _ in range(_ROUNDS if b.size else 0):
        new = b - at_b * (b - a) / (at_b - at_a)
        value = values_at(small * np.expm1(new))
        crossed = (value > 0) != (at_b > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            less = 1.0 - value / at_b
        at_a = np.where(crossed, at_b, at_a * np.where(less > 0, less, 0.5))
        a, moved, b, at_b = np.where(crossed, b, a), np.abs(new - b), new, value
        if (moved <= step * b + _FLOOR).all():
            break
    return small * np.expm1(b)


class _At(NamedTuple):
    """The clusters at g values of `within`; see `_at_within`.

    It has the methods of `analysis.models.tau2.Columns`. With w = 1 / (1 / s + between) the variance of the cluster
    means stands in P, and what clusters say of the coefficients within themselves adds to X'WX and X'Wy.
    """

    s: np.ndarray  # (m, g) 1' (V + within I)^-1 1
    mean: np.ndarray  # (m, g) weighted mean of the effects of each cluster
    x: np.ndarray  # (m, p, g) and of their moderators
    inner: np.ndarray  # (p, p, g) X'WX of the effects about these means
    cross: np.ndarray  # (p, g) X'Wy of the same
    fixed: np.ndarray  # (g,) the part of the log-likelihood that depends neither on `between` nor on the coefficients
    # Of the same with the weights squared, for the slope; the last column is that of the effects.
    total: np.ndarray  # (g,) trace of (V + within I)^-1
    own: np.ndarray  # (m, g) 1' (V + within I)^-2 1
    lean: np.ndarray  # (m, p + 1, g) 1' (V + within I)^-2 times moderators and effects about their means
    square: np.ndarray  # (p + 1, p + 1, g) their products

    @property
    def k(self):
        """Number of clusters."""
        return len(self.s)

    @property
    def df(self):
        """Number of clusters less that of coefficients."""
        return self.k - self.x.shape[1]

    @property
    def smallest(self):
        """Smallest variance of a cluster mean."""
        return 1.0 / self.s.max(axis=0)

    @property
    def largest(self):
        """Largest variance of a cluster mean."""
        return 1.0 / self.s.min(axis=0)

    @property
    def residual_square(self):
        """Sum of squares of the cluster means about the coefficients that fit the effects within clusters best.

        With these y'PPy <= this / (smallest + tau2)^2, as without moderators: the effects within clusters add nothing
        to the weighted squares. Where they leave coefficients open, these fit the means.
        """
        values, vectors = np.linalg.eigh(np.moveaxis(self.inner, 2, 0))
        told = values > _NOTHING * (values[:, -1:] + (self.s[:, None] * self.x**2).sum(axis=(0, 1))[:, None])
        beta = np.einsum("pg,gpq->gq", self.cross, vectors) / np.where(told, values, np.inf)
        rest = self.mean.T - np.einsum("mpg,gpq,gq->gm", self.x, vectors, beta)
        if not told.all():
            free = np.einsum("mpg,gpq->gmq", self.x, vectors * ~told[:, None])
            rest -= np.einsum("gmq,gqn,gn->gm", free, np.linalg.pinv(free), rest)
        return (rest**2).sum(axis=1)

    def take(self, index):
        """The values `index` of `within`."""
        return _At(*(x.take(index, axis=-1) for x in self))

    def solve(self, between):
        """Generalised least squares at `between` (g,)."""
        weight = self.s / (1.0 + between * self.s)
        weighted = self.x * weight[:, None]
        inv, pivots = inverse(_products(weighted, self.x) + self.inner)
        right = np.einsum("mpg,mg->pg", weighted, self.mean) + self.cross
        beta = np.einsum("pqg,qg->pg", inv, right)
        return _Solved(weight, inv, pivots, beta, self.mean - np.einsum("mpg,pg->mg", self.x, beta))

    def point(self, t, restricted):
        """The two terms of the likelihood equation for `between` = t (g,) and their slopes."""
        weight, inv, _, _, rest = self.solve(t)
        pull = weight * rest
        fit = (pull**2).sum(axis=0)
        sums = np.einsum("mg,mpg->pg", weight * pull, self.x)
        fit_slope = (weight * pull**2).sum(axis=0) - np.einsum("pg,pqg,qg->g", sums, inv, sums)
        trace, trace_slope = weight.sum(axis=0), (weight**2).sum(axis=0)
        if restricted:
            second, third = (_products(self.x * (weight**power)[:, None], self.x) for power in (2, 3))
            shared = np.einsum("pqg,qrg->prg", inv, second)
            trace = trace - np.einsum("ppg->g", shared)
            trace_slope = trace_slope - 2.0 * np.einsum("pqg,qpg->g", inv, third)
            trace_slope += np.einsum("pqg,qpg->g", shared, shared)
        return Point(t, fit, trace, fit_slope, trace_slope)

    def log_likelihood(self, between, restricted):
        """Log-likelihood profiled over the coefficients, or the restricted one, up to a constant; shape (g,)."""
        weight, _, pivots, beta, rest = self.solve(between)
        within = np.einsum("pg,pqg,qg->g", beta, self.inner, beta) - 2.0 * (beta * self.cross).sum(axis=0)
        square = (weight * rest**2).sum(axis=0) + within
        determinant = sum(np.log(pivot) for pivot in pivots) if restricted else 0.0
        return self.fixed + 0.5 * (np.log(weight / self.s).sum(axis=0) - square - determinant)

    def slope(self, between, restricted):
        """Derivative of the log-likelihood with respect to `within`, the coefficients profiled out; shape (g,).

        It is (y'PPy - tr P) / 2, as for tau2. With A the inverse of V + within I, that of the covariance of a cluster
        is A - between A 1 1' A / (1 + between s): it turns the residuals, their mean in the cluster and what they are
        about it, into A times the same with the mean divided by 1 + between s.
        """
        weight, inv, _, beta, rest = self.solve(between)
        share = weight / self.s
        mean, about = share * rest, np.concatenate([-beta, np.ones((1, beta.shape[1]))])
        fit = np.einsum("pg,pqg,qg->g", about, self.square, about) + dot(mean * self.own, mean)
        fit += 2.0 * dot(np.einsum("mg,mpg->pg", mean, self.lean), about)
        trace = self.total - between * dot(share, self.own)
        # Without the restriction the inverse itself stands in the place of P.
        if restricted:
            x = self.x * share[:, None]
            both = _products(x, self.lean[:, :-1])
            squared = self.square[:-1, :-1] + both + both.swapaxes(0, 1) + _products(x * self.own[:, None], x)
            trace -= np.einsum("pqg,pqg->g", inv, squared)
        return 0.5 * (fit - trace)


class _Solved(NamedTuple):
    """Coefficients at given variances; see `_At.solve`."""

    weight: np.ndarray  # (m, g) of the mean of each cluster
    inverse: np.ndarray  # (p, p, g) of X'WX
    pivots: list  # of X'WX, whose product is its determinant
    beta: np.ndarray  # (p, g)
    rest: np.ndarray  # (m, g) residuals of the means


def _at_within(data, within):
    """The clusters at the values `within` (g,)."""
    a = 1.0 / (data.d[:, None] + within)
    ao, sizes, p = a * data.one[:, None], data.sizes, data.x.shape[1]
    s = data.by_cluster(ao * data.one[:, None])
    mean = data.by_cluster(ao * data.y[:, None]) / s
    rest = data.y[:, None] - np.repeat(mean, sizes, axis=0) * data.one[:, None]
    pull = a * rest
    lean, square = np.zeros((len(s), p + 1, within.size)), np.zeros((p + 1, p + 1, within.size))
    lean[:, p], square[p, p] = data.by_cluster(ao * pull), dot(pull, pull)
    if data.plain:
        # A column of ones is its own mean in every cluster.
        x, inner, cross = np.ones_like(s)[:, None], np.zeros((1, 1, within.size)), np.zeros((1, within.size))
    else:
        x = data.by_cluster(ao[:, None] * data.x[:, :, None]) / s[:, None]
        moved = data.x[:, :, None] - np.repeat(x, sizes, axis=0) * data.one[:, None, None]
        pulled = a[:, None] * moved
        inner, cross = _products(pulled, moved), np.einsum("kpg,kg->pg", pulled, rest)
        lean[:, :p], square[:p, :p] = data.by_cluster(ao[:, None] * pulled), _products(pulled, pulled)
        square[:p, p] = square[p, :p] = np.einsum("kpg,kg->pg", pulled, pull)
    # The determinant of the covariance of a cluster is that of V + within I times 1 + between s.
    fixed = 0.5 * (np.log(a).sum(axis=0) - dot(pull, rest))
    return _At(s, mean, x, inner, cross, fixed, a.sum(axis=0), data.by_cluster(ao**2), lean, square)


def _products(x, z):
    """X'Z of shape (p, q, g) for x (k, p, g) and z (k, q, g)."""
    return np.einsum("kpg,kqg->pqg", x, z)


def _best_between(data, at, restricted):
    """The `between` (g,) of highest likelihood at each value of `within`: a global maximum."""
    # For a mean alone these sums lose no digits however unequal the variances are.
    clusters = columns(at.mean, 1.0 / at.s) if data.plain else at
    return likelihood_tau2(clusters, restricted) * (clusters.scale**2 if data.plain else 1.0)


class RobustFit(NamedTuple):
    """Generalised least-squares coefficients, their variances and what these are made of; see `robust_fit`."""

    estimate: np.ndarray  # (p,)
    model: np.ndarray  # (p, p) covariance if the working covariance is right
    cr1: np.ndarray  # (p, p)
    cr2: np.ndarray  # (p, p)
    weights: np.ndarray  # (p, k) of the effects in the coefficients
    own: np.ndarray  # (m, p, p) variance of what each cluster gives to CR2, were the coefficients known
    sums: np.ndarray  # (m, p, p) how it depends on the estimated coefficients

    @property
    def left(self) -> int:
        """Number of clusters less that of coefficients."""
        return len(self.own) - self.estimate.size

    def precision(self, rows: Floats) -> Floats:
        """Degrees of freedom (r,) of the CR2 covariance of linear combinations, q together in rows (r, q, p).

        Twice the squared mean over the variance where q = 1, as Satterthwaite has it, and for more those of the Wishart
        matrix with the same total variance (Pustejovsky & Tipton 2018, AHT).
        """
        q, rows = rows.shape[1], rows @ self.model
        own = np.einsum("rqa,mab,rsb->rmqs", rows, self.own, rows)
        common = np.einsum("rqa,mba,bc->rmqc", rows, self.sums, np.linalg.cholesky(self.model))
        # The covariance of what clusters i and j give is own (where i = j) less common_i common_j'.
        values, vectors = np.linalg.eigh(own.sum(axis=1) - np.einsum("rmqc,rmsc->rqs", common, common))
        with np.errstate(invalid="ignore", divide="ignore"):
            white = vectors / np.sqrt(values)[:, None]
        own, common = np.einsum("rqs,rmqt,rtu->rmsu", white, own, white), np.einsum("rqs,rmqc->rmsc", white, common)
        both, product = own + np.einsum("rmqq->rm", own)[..., None, None] * np.eye(q), common @ common.swapaxes(2, 3)
        pairs = np.einsum("rmsa,rmtc->rsatc", common, common)
        total = np.einsum("rmst,rmts->r", both, own) - 2.0 * np.einsum("rmst,rmts->r", both, product)
        total += np.einsum("rsatc,rsatc->r", pairs, pairs) + np.einsum("rsatc,rtasc->r", pairs, pairs)
        # At least 1 by Cauchy-Schwarz, and exactly 1 for two clusters: rounding below 1 would leave no t quantile.
        return np.maximum(q * (q + 1) / total, 1.0)


def robust_fit(yi: Floats, x: Floats, blocks: Sequence[Floats], first: NDArray[np.intp]) -> RobustFit:
    """Generalised least-squares coefficients of effects sorted by cluster, with CR1 and CR2 covariances.

    Parameters
    ----------
    yi, x : array, shape (k,), (k, p)
        Effects, those of a cluster next to each other, and their design; a column of ones for a mean.
    blocks : list of array
        Working covariance of each cluster, random effects included.
    first : array of int, shape (m,)
        Where each cluster begins.

    Returns
    -------
    RobustFit
        CR1 is the sandwich covariance times m / (m - p). CR2 adjusts the residuals of each cluster such that
        the covariance is unbiased where the working covariance holds; its degrees of freedom match two moments.

    References
    ----------
    Bell & McCaffrey 2002, Survey Methodology 28:169-181; Pustejovsky & Tipton 2018, doi
    10.1080/07350015.2016.1247004; Tipton 2015, doi 10.1037/met0000011.

    Examples
    --------
    >>> blocks = [np.eye(2) * 0.1, np.eye(1) * 0.1]
    >>> fit = robust_fit(np.array([0.1, 0.3, 0.6]), np.ones((3, 1)), blocks, np.array([0, 2]))
    >>> fit.estimate.round(4), fit.cr2.round(6)
    (array([0.3333]), array([[0.035556]]))
    """
    sizes, (k, p) = np.diff(np.append(first, len(yi))), x.shape
    m, raw, precision = len(blocks), np.empty((k, p)), np.empty((len(blocks), p, p))
    # Clusters of one size are worked on together.
    alike = []
    for size in np.unique(sizes):
        at = np.flatnonzero(sizes == size)
        rows, block = first[at][:, None] + np.arange(size), np.array([blocks[i] for i in at])
        raw[rows] = np.linalg.solve(block, x[rows])
        precision[at] = raw[rows].swapaxes(1, 2) @ x[rows]
        alike.append((at, rows, block))
    model = np.linalg.inv(precision.sum(axis=0))
    estimate = model @ (raw.T @ yi)
    rest = yi - x @ estimate
    scores = np.add.reduceat(raw * rest[:, None], first, axis=0) @ model
    # Summed from both ends: the total less the own precision would be rounding where a cluster has nearly all of it.
    none, root = np.zeros((1, p, p)), np.linalg.cholesky(model)
    others = np.concatenate([none, precision[:-1].cumsum(axis=0)])
    others += np.concatenate([precision[:0:-1].cumsum(axis=0)[::-1], none])
    adjusted, own, sums = np.empty((m, p)), np.empty((m, p, p)), np.empty((m, p, p))
    for at, rows, block in alike:
        u = _adjusted(block, x[rows], root, others[at])
        adjusted[at] = np.einsum("csp,cs->cp", u, rest[rows])
        own[at], sums[at] = u.swapaxes(1, 2) @ block @ u, x[rows].swapaxes(1, 2) @ u
    adjusted = adjusted @ model
    weights = (raw @ model).T
    return RobustFit(estimate, model, scores.T @ scores * m / (m - p), adjusted.T @ adjusted, weights, own, sums)


def _adjusted(block, design, root, others):
    """A W X for c clusters of s effects, (c, s, p): W the inverse of the working covariance, A the adjustment of CR2.

    With L L' the covariance and L (I - sum h z z') L' that of the residuals, z the directions of the columns of L^-1 X
    and h their shares of the coefficients, A is L (L' L (I - sum h z z') L' L)^(-1/2) L'. The root is taken of the
    inverse: there the precise effects, which carry the weight, are the large entries and keep all digits, however
    unequal the variances. 1 - h is what the `others` say, X'WX of theirs; where that is 0 to rounding the inverse is a
    generalised one. `root` is that of the covariance of the coefficients.
    """
    lower = np.linalg.cholesky(block)
    inverse = np.zeros_like(lower)
    for i, unit in enumerate(np.eye(lower.shape[1])):
        before = np.einsum("cj,cjk->ck", lower[:, i, :i], inverse[:, :i])
        inverse[:, i] = (unit - before) / lower[:, i, i, None]
    whitened = inverse @ design
    # The inverse of the bracket is half' half, whatever the orthogonal factor: its root follows from the SVD of half.
    half = inverse @ inverse.swapaxes(1, 2)
    spare, directions = np.linalg.eigh(root.T @ others @ root)
    z = whitened @ root @ directions
    length = np.sqrt((z**2).sum(axis=1))
    # A direction of which the cluster says nothing is not adjusted.
    says = length > _NO_SPARE
    z = z / np.where(says, length, np.inf)[:, None]
    some = says & (spare > _NO_SPARE)
    straight = half @ z
    more = np.where(some, 1.0 / np.sqrt(np.where(some, spare, 1.0)) - 1.0, 0.0)
    half = half + z * more[:, None] @ (z.swapaxes(1, 2) @ half)
    for i in np.flatnonzero((says & ~some).any(axis=1)):
        null = np.linalg.qr(straight[i][:, says[i] & ~some[i]])[0]
        half[i] -= half[i] @ null @ null.T
    _, values, vectors = np.linalg.svd(half)
    return lower @ (vectors.swapaxes(1, 2) @ (values[:, :, None] * (vectors @ whitened)))


def _variance(fit, ci_method):
    return {"CR2": fit.cr2, "CR1": fit.cr1}.get(ci_method, fit.model)


def _combined(fit, rows, ci_method):
    """Linear combinations (m, p) of the coefficients of a `RobustFit`."""
    se = np.sqrt(np.einsum("ip,pq,iq->i", rows, _variance(fit, ci_method), rows).clip(min=0.0))
    df = {"CR2": None, "z": np.inf}.get(ci_method, float(fit.left))
    return Combined(rows @ fit.estimate, se, fit.precision(rows[:, None]) if df is None else np.full(len(rows), df))


def _hotelling(chi2, df):
    """The approximate Hotelling test of a statistic whose covariance has `df` degrees of freedom; NaN where too few."""
    count = chi2.df[0]
    left = df - count + 1.0
    return (
        WaldTest(chi2.statistic * left / (df * count), (count, left)) if left > 0 else WaldTest(np.nan, (count, np.nan))
    )


def _profile_interval(data, sigma2, which, top, level, restricted):
    """Profile-likelihood interval of one component, "within" or "between"; the other takes its best value."""
    from scipy import special

    estimate, small = getattr(sigma2, which), data.d.min()
    fall = 0.5 * float(special.chdtri(1, 1.0 - level))

    def gap(value):
        if which == "between":
            return _maxima(data, restricted, value)[2] - top + fall
        at = _at_within(data, value)
        return at.log_likelihood(_best_between(data, at, restricted), restricted) - top + fall

    inside, outside = (np.full(2, estimate), np.full(2, fall)), np.array([0.0, 2.0 * estimate + small])
    at_outside = gap(outside)
    while at_outside[1] > 0.0:
        inside[0][1], inside[1][1] = outside[1], at_outside[1]
        outside[1] *= 4.0
        at_outside[1] = gap(outside[1:])[0]
    limits, some = np.zeros(2), at_outside < 0.0
    some[0] &= estimate > 0.0
    limits[some] = _crossing(gap, [x[some] for x in inside], (outside[some], at_outside[some]), small)
    return ConfidenceInterval(*limits.tolist())


def _inference(fit, between_effects, ci_method, level):
    """The mean, its test and its intervals; `between_effects` is the variance of true effects, both levels together."""
    estimate, se, df = (float(x[0]) for x in _combined(fit, np.ones((1, 1)), ci_method))
    # Where all effects agree, se is 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(estimate, se))
    half = float(t_quantile(df, level)) * se
    reach = float(t_quantile(min(df, fit.left), level)) * np.sqrt(se**2 + between_effects) if fit.left > 1 else np.nan
    return {
        "estimate": estimate,
        "se": se,
        "ci": ConfidenceInterval(estimate - half, estimate + half),
        "pi": ConfidenceInterval(float(estimate - reach), float(estimate + reach)),
        "statistic": statistic,
        "df": df,
        "pvalue": float(pvalues(df, statistic)),
    }


def _heterogeneity(data, sigma2):
    """Q with the known covariance, and the share of each level in the typical variance of an effect."""
    from scipy import special

    at = _at_within(data, np.zeros(1))
    _, inv, _, beta, _ = at.solve(np.zeros(1))
    q = ((data.y - data.x @ beta[:, 0]) ** 2 / data.d).sum()
    df = data.y.size - data.x.shape[1]
    scaled = data.x / data.d[:, None]
    # The bracket is tr P, P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1, in the eigenvectors of V.
    typical = df / ((1.0 / data.d).sum() - np.einsum("pq,kp,kq->", inv[:, :, 0], scaled, scaled))
    total = sum(sigma2) + typical
    return {
        "q": float(q),
        "q_df": df,
        "q_pvalue": float(special.chdtrc(df, q)),
        "i2": Levels(*(float(x / total) for x in sigma2)),
    }


def sampling_covariance(
    effects: EffectSizes | pd.DataFrame,
    *,
    cluster: str | None = None,
    correlation: float | None = None,
    shared_arm: Literal["divided", "whole"] | None = None,
) -> Floats:
    """Return the covariance matrix of the sampling errors of effects of the same trial.

    Parameters
    ----------
    effects : EffectSizes or pandas.DataFrame
        With columns yi, vi and the cluster; for `shared_arm` also n_treatment, n_placebo, mean_placebo and
        sd_placebo, or n_t, n_p, mean_p and sd_p as a table with one row a study has them.
    cluster : str, optional
        Column that names the trial; by default the column cluster where there is one, else study.
    correlation : float, optional
        Between the sampling errors of any two effects of a trial, such as the same patients at several time
        points. With `shared_arm`, between the errors of the mean of one arm at two times, which is the correlation
        of a person's scores at both. Rarely printed: vary it.
    shared_arm : {"divided", "whole"}, optional
        Several treatment arms against one placebo arm. "divided": the effects share out its patients, as
        ``effect_sizes(trials, multi_arm="split")`` does; the division is undone, on the diagonal too (mean
        differences only). "whole": each row has the whole placebo arm in n_placebo and vi. Rows of a trial
        with the same placebo mean and SD, and the same week and timepoint, share the arm. Default for effects of
        arms that were split, "divided", and for all time points of trials.

    Returns
    -------
    numpy.ndarray, shape (k, k)
        In the order of `effects`; zero between trials. Use it as `vcov` of :func:`analysis.pool_multilevel`.

    Raises
    ------
    ValueError
        If neither `correlation` nor `shared_arm` is given, and the effects do not tell; for time points without a
        correlation, a correlation that gives no valid covariance, a missing column or value, a measure without a
        formula, crossover trials with a shared arm, or arms that cannot be told apart at several times.

    See Also
    --------
    analysis.pool_multilevel : Pool the effects with this covariance.
    analysis.effect_sizes : Effects of several arms or time points of a trial.

    Notes
    -----
    With whole arms, the covariance of two mean differences i and j of a trial is r (d se_t,i se_t,j + se_p,i se_p,j),
    se the standard errors of the means of both arms, d 1 for the same treatment arm and 0 for another, r 1 at the same
    time and `correlation` at another [3]_: sd_p^2 / n_p where only the placebo arm is shared. That of two standardized
    ones is r (d / n_t + 1 / n_p) + r^2 g_i g_j / (2 N), N the people of all arms of the trial [1]_ [2]_; numbers that
    differ between two times stand as their geometric mean. Rows at different times are of the same treatment arm if
    their `arm_label` is the same, or if neither time has two rows. Time points of a crossover trial have r times the
    root of both variances.

    References
    ----------
    .. [1] Gleser & Olkin 2009, chapter 19 of The Handbook of Research Synthesis and Meta-Analysis, sections on
       multiple-treatment and multiple-endpoint studies.
    .. [2] Pustejovsky 2015, Correlations between standardized mean differences,
       https://jepusto.com/posts/correlations-between-smds (several treatments and endpoints together).
    .. [3] Viechtbauer, vcalc of the R package metafor 3.8-1: the same by its arguments obs, grp1, grp2, w1 and w2, with
       w1 = 1 / se_t^2 and w2 = 1 / se_p^2.

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> trials = read_trials("data/trials.csv")
    >>> effects = effect_sizes(trials, multi_arm="split").where(study="tam2007")
    >>> sampling_covariance(effects).round(3).tolist()
    [[0.723, 0.317], [0.317, 0.995]]
    >>> sampling_covariance(effects, correlation=0.5).round(3).tolist()
    [[1.041, 0.584], [0.584, 1.312]]
    >>> times = effect_sizes(trials, times="all").where(study="chow2006")
    >>> sampling_covariance(times, correlation=0.6).round(3).tolist()
    [[0.203, 0.12], [0.12, 0.2]]
    """
    frame = table_of(effects, "sampling_covariance")
    if frame is None:
        give = "give EffectSizes or a DataFrame with the columns yi, vi and the cluster"
        raise TypeError(_check.refusal(effects, "sampling_covariance", give))
    trial = _column_or_values(frame, cluster or cluster_column(frame))
    group = _numbered(trial, _check.study_labels(frame.get("label", None), len(frame)))
    options = {} if effects is frame else effects.options
    every_time = options.get("times") == "all"
    if shared_arm is None and (every_time or correlation is None) and "multi_arm" in options:
        shared_arm = "divided" if options["multi_arm"] == "split" else "whole"
    if correlation is None and shared_arm is None:
        raise ValueError("give correlation, shared_arm or both: what makes effects of one trial dependent")
    if correlation is not None:
        _check_correlation(correlation, group)
    elif every_time and (again := ((group[:, None] == group) & ~_at_one_time(frame)).any(axis=1)).any():
        named = ", ".join(map(str, dict.fromkeys(trial[again])))
        raise ValueError(
            f"{named}: the same people at several times; give correlation=, that of a person's scores at two of "
            "them, and vary it"
        )
    adjusted = "outcome" in frame and (frame["outcome"] == "ancova").to_numpy()
    if shared_arm is not None and np.any(several := adjusted & (np.bincount(group)[group] > 1)):
        named = ", ".join(map(str, dict.fromkeys(trial[several])))
        raise ValueError(
            f"{named}: no covariance is known here of differences adjusted for baseline that share an arm; make the "
            "effects with outcome='change' or 'final'"
        )
    if shared_arm is not None:
        _check.option("shared_arm", shared_arm, ("divided", "whole"))
        measure = "MD" if effects is frame else effects.measure
        return _covariance_of_arms(frame, trial, group, shared_arm, measure, correlation)
    vi = _column_or_values(frame, "vi")
    _, vi = _check.check(np.zeros(vi.size), vi, lambda at: f"effect {at[0] + 1}")
    out = np.where(group[:, None] == group, correlation, 0.0) * np.sqrt(np.outer(vi, vi))
    np.fill_diagonal(out, vi)
    return out


def _check_correlation(correlation, group):
    if not isinstance(correlation, (int, float, np.number)):
        raise ValueError(f"correlation={correlation!r} must be a number")
    largest = int(np.bincount(group).max())
    # n equally correlated errors have a variance, and a positive definite covariance, only above -1 / (n - 1).
    lowest = -1.0 / (largest - 1) if largest > 1 else -1.0
    if not lowest < correlation < 1:
        raise ValueError(
            f"correlation={correlation!r} must lie between {lowest:.3g} and 1, both excluded, as {largest} "
            "effects of one trial cannot be correlated otherwise"
        )


def _covariance_of_arms(frame, trial, group, shared_arm, measure, correlation):
    """Covariance of contrasts with one placebo arm, at one time or several; see `sampling_covariance`."""
    if shared_arm not in _SHARED_ARM.get(measure, ()):
        raise ValueError(
            f"there is no covariance for measure={measure!r} with shared_arm={shared_arm!r}; it is known for 'MD', and "
            "with shared_arm='whole' for 'SMD'"
        )
    names = _WIDE_COLUMNS if "n_treatment" not in frame and "n_t" in frame else _ARM_COLUMNS
    given = {name: np.asarray(_column_or_values(frame, name), dtype=float) for name in names}
    yi, vi, n_t, n_p, mean, sd = given.values()
    _check.check(yi, vi, lambda at: f"effect {at[0] + 1} ({trial[at[0]]})")

    def named(at):
        return ", ".join(map(str, dict.fromkeys(trial[at])))

    # A lone effect shares its arm with nobody, so it needs none of these numbers.
    repeated = np.bincount(group)[group] > 1
    for name, values in given.items():
        if (unknown := repeated & ~np.isfinite(values)).any():
            raise ValueError(
                f"{name} is missing for {named(unknown)}: without it nobody knows which effects share an arm"
            )
    cluster, itself = group[:, None] == group, np.eye(len(frame), dtype=bool)
    at_once = itself | (cluster & (mean[:, None] == mean) & (sd[:, None] == sd) & _at_one_time(frame))
    again = (cluster & ~at_once).any(axis=1)
    several = at_once.sum(axis=0) > 1
    crossed = (frame["design"] == "crossover").to_numpy() if "design" in frame else np.zeros(len(frame), dtype=bool)
    if (wrong := several & crossed).any():
        raise ValueError(
            f"shared_arm is for parallel arms, but {named(wrong)} is a crossover trial; give a correlation"
        )
    r = np.where(at_once, 1.0, np.where(cluster, correlation or 0.0, 0.0))
    same_arm = itself
    if correlation is not None:
        same_arm = itself | _one_treatment_arm(frame, cluster & ~at_once, several, again, named)
    if measure == "SMD":
        people = at_once @ np.where(repeated, n_t, 0.0) + n_p
        between = r * (same_arm / np.sqrt(np.outer(n_t, n_t)) + 1.0 / np.sqrt(np.outer(n_p, n_p)))
        out = between + r**2 * np.outer(yi, yi) / (2.0 * np.sqrt(np.outer(people, people)))
    else:
        sd = sd * _points_a_unit(frame, names)
        whole = np.where(several, at_once @ np.where(repeated, n_p, 0.0), n_p) if shared_arm == "divided" else n_p
        own = np.where(crossed, vi, vi - sd**2 / n_p)
        if correlation is not None and (wrong := again & (own <= 0)).any():
            raise ValueError(
                f"vi is not more than that of the placebo arm alone in {named(wrong)}; check sd and n of it"
            )
        vi = np.where(several, vi - sd**2 / n_p + sd**2 / whole, vi)
        se_t, se_p = np.sqrt(own.clip(min=0.0)), np.where(crossed, 0.0, sd / np.sqrt(whole))
        shared = np.where(at_once, sd**2 / whole, np.outer(se_p, se_p))
        out = r * (same_arm * np.outer(se_t, se_t) + shared)
    out = np.where(cluster, out, 0.0)
    np.fill_diagonal(out, vi)
    members = [np.flatnonzero(group == each) for each in range(group.max(initial=-1) + 1)]
    names = _check.study_labels(frame.get("label", None), len(frame))
    _refuse_impossible("the covariance", members, [out[np.ix_(at, at)] for at in members], names)
    return out


def _at_one_time(frame):
    """Which rows are of one time, as far as the table tells."""
    import pandas as pd

    keys = [pd.factorize(frame[name])[0] for name in ("week", "timepoint") if name in frame]
    return np.logical_and.reduce([np.ones((len(frame),) * 2, dtype=bool), *(key[:, None] == key for key in keys)])


def _one_treatment_arm(frame, other_time, several, again, named):
    """Which rows are of one treatment arm at different times."""
    # Where no time has two rows, there is one arm; where one has, names tell.
    apart = other_time & ~several[:, None] & ~several
    label = frame["arm_label"].to_numpy(dtype=object) if "arm_label" in frame else None
    if label is None and (unclear := several & again).any():
        raise ValueError(
            f"'arm_label' is not a column of the effects: without it nobody knows which treatment arm of "
            f"{named(unclear)} is which at another time"
        )
    return apart if label is None else apart | (other_time & (label[:, None] == label))


def _points_a_unit(frame, names):
    """What an SD in the unit of its scale is multiplied by: a table with one row a study has SDs as printed."""
    if names is _ARM_COLUMNS or not {"scale_min", "scale_max"} <= set(frame.columns):
        return 1.0
    width = (frame["scale_max"] - frame["scale_min"]).to_numpy(dtype=float)
    return np.where(np.isnan(width), 1.0, 10.0 / width)
