"""Meta-regression: effects of trials explained by moderators, with what is left between the trials.

`meta_regression` fits the model of `analysis.models.design`; its result has the names of a statsmodels results object.
`moderator_curve` is what the result says about one moderator, its curve or its categories, all others held.

Permutation tests run all permutations at once in the array engine. With moderators the rows of the design are permuted
against the studies (Higgins & Thompson 2004, doi 10.1002/sim.1752); without, the signs of the outcomes are flipped
(Follmann & Proschan 1999, doi 10.1111/j.0006-341X.1999.00732.x). tau2 is estimated anew each time. A permutation whose
statistic is 0 / 0 counts as at least as extreme as the observed one, which can only make a p-value larger.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import CIMethod, Floats, Labels, Missing, RegressionPIMethod, Tau2Method
from analysis.measures import Measure
from analysis.models.blocks import shares
from analysis.models.coefficients import Combined, Regression, WaldTest, moderator_columns, wald
from analysis.models.design import MixedFits, designs, fit_designs, full_log_likelihood, joined, omnibus
from analysis.models.formulas import Model, design_rows, read_model
from analysis.models.pooling import Options, check_options, hksj_narrower
from analysis.models.results import ConfidenceInterval, Result, pvalues, t_quantile
from analysis.models.shortcuts import Drawn
from analysis.models.tau2 import columns, estimate_tau2, q_profile_interval

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes

# What is taken from k - p, the degrees of freedom of a prediction; "z" has none.
_PREDICTION_DF = {"t(k-p)": 0, "t(k-p-1)": 1, "z": None}
# Array elements in a block of permutations, whose working arrays then stay in cache.
_BLOCK = 1 << 15
# Statistics that are this close, relative to each other, count as equal: rounding depends on the order of studies.
_EQUAL = 1e-8
# Points of a curve, and how far from a straight line, relative to the largest entry, its design may be.
_POINTS, _STRAIGHT = 101, 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class PermutationTest(Result):
    """Permutation p-values of a pooled mean, or of a meta-regression.

    Attributes
    ----------
    pvalues : pandas.Series
        Two-sided p-value of the mean, or of each coefficient: the share of permutations whose absolute test statistic
        reaches the observed one, or is undefined (0 / 0). NaN where the observed one is undefined.
    qm_pvalue : float
        The same for the omnibus test of the moderators; NaN without moderators.
    n_permutations : int
        Number of permutations (or flips of signs) used, in an exact test the observed arrangement included.
    exact : bool
        Whether these were all distinct ones. If not, they are a random sample, and the observed arrangement is
        counted as one more, so that no p-value is 0.

    See Also
    --------
    analysis.permutation_test : Make this result.
    analysis.MetaRegression.permutation_test : The same as a method.
    analysis.meta_regression : Fit the regression.

    References
    ----------
    Higgins & Thompson 2004, doi 10.1002/sim.1752 (with moderators); Follmann & Proschan 1999, doi
    10.1111/j.0006-341X.1999.00732.x (without).

    Examples
    --------
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
    >>> test = meta_regression("yi ~ week", data).permutation_test()
    >>> test.pvalues.round(3).to_dict(), test.exact
    ({'Intercept': 0.042, 'week': 0.083}, True)
    """

    pvalues: pd.Series
    qm_pvalue: float
    n_permutations: int
    exact: bool

    @property
    def pvalue(self) -> float:
        """That of the mean, or of all moderators together."""
        return float(self.pvalues.iloc[0]) if len(self.pvalues) == 1 else self.qm_pvalue

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy DataFrame with a row for each coefficient.

        Returns
        -------
        pandas.DataFrame
            Columns name and pvalue.
        """
        return self.pvalues.rename_axis("name").reset_index()

    def _in_words(self):
        return sentences.permutation_test(self)


@dataclass(frozen=True, eq=False, repr=False)
class MetaRegression(Regression, Drawn):
    """A fitted meta-regression.

    Attributes
    ----------
    formula : str
        Outcome and moderators, as given.
    params, bse, tvalues, pvalues : pandas.Series
        Coefficients, their standard errors by `ci_method`, test statistics and two-sided p-values; copies, whose
        change does not change the fit.
    df_resid : float
        Degrees of freedom of the t distribution of the coefficients; infinite where it is normal.
    k, p : int
        Number of studies and of coefficients.
    tau2, tau, tau2_ci : float, float, ConfidenceInterval
        Variance and standard deviation of the true effects that the moderators leave, truncated at 0, and the
        Q-profile interval of the variance (NaN for a common effect or a given tau2; both limits 0 where it is empty,
        see `tau2_ci_empty`).
    i2, h2 : float
        Residual heterogeneity tau2 / (tau2 + typical sampling variance), a fraction, and 1 / (1 - I2). For
        "CE", where tau2 is 0 by definition, both come from QE as in `PooledEffect`.
    qe, qe_df, qe_pvalue : float, int, float
        Test of residual heterogeneity: weighted squared residuals at tau2 = 0, chi2 on k - p.
    qm, qm_df, qm_pvalue : float, (int, float), float
        Omnibus test that all coefficients but the intercept are 0: chi2 on (m, inf) for "z", otherwise F on
        (m, k - p). NaN without moderators.
    r2 : float
        Share of tau2 that the moderators explain, (tau2 without them - tau2) / tau2 without them, truncated at
        0; 0 where there is none to explain; for "CE" the adjusted weighted R2. NaN without moderators or
        without an intercept, and where tau2 is given.
    llf : float
        Log-likelihood; the restricted one for REML, comparable only between models of the same design.
    hksj_narrower : bool
        Whether HKSJ intervals are narrower than the Wald-type (normal) ones.
    tau2_method, ci_method, confidence_level : str, str, float
        How the numbers were made, and the level of the intervals.
    yi, vi, exog : numpy.ndarray
        Outcomes, sampling variances and the design matrix (k, p).
    labels : tuple of str
        Names of the studies.
    correlation : numpy.ndarray, shape (p, p)
        Correlations of the estimated coefficients.
    left_out : tuple of (str, str)
        Label and reason of the studies that were dropped for want of an outcome, a variance or a moderator.
    measure : Measure
        That of the EffectSizes whose effects are explained, else "".
    effects : EffectSizes or None
        What is explained, where it was given as such: it knows what is good and what the arms are called.

    See Also
    --------
    analysis.meta_regression : Make this result.
    analysis.moderator_curve : Mean effect along one moderator.
    analysis.bubble : Draw the studies and that curve.
    analysis.PermutationTest : Test the coefficients by permutation.

    References
    ----------
    Knapp & Hartung 2003, doi 10.1002/sim.1482 (HKSJ); Viechtbauer, Lopez-Lopez, Sanchez-Meca & Marin-Martinez 2015, doi
    10.1037/met0000023 (estimators of tau2 with moderators); Higgins & Thompson 2002, doi 10.1002/sim.1186 (I2, H2);
    Viechtbauer 2007, doi 10.1002/sim.2514 (interval of tau2); Raudenbush 2009, in The Handbook of Research Synthesis
    and Meta-Analysis (R2).

    Examples
    --------
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
    >>> fit = meta_regression("yi ~ week", data)
    >>> fit.pvalues.round(3).to_dict(), round(fit.r2, 2)
    ({'Intercept': 0.006, 'week': 0.023}, 1.0)
    """

    formula: str
    df_resid: float
    k: int
    p: int
    tau2: float
    tau: float
    tau2_ci: ConfidenceInterval
    i2: float
    h2: float
    qe: float
    qe_df: int
    qe_pvalue: float
    qm: float
    qm_df: tuple[int, float]
    qm_pvalue: float
    r2: float
    llf: float
    hksj_narrower: bool
    tau2_method: str
    ci_method: str
    confidence_level: float
    yi: np.ndarray = field(repr=False)
    vi: np.ndarray = field(repr=False)
    exog: np.ndarray = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    correlation: np.ndarray = field(repr=False)
    left_out: tuple[tuple[str, str], ...] = field(repr=False)
    measure: Measure
    effects: EffectSizes | None = field(repr=False)
    _model: Model = field(repr=False)
    _fits: MixedFits = field(repr=False)
    _options: Options = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy DataFrame with a row for each study: what it found and what the regression says.

        Returns
        -------
        pandas.DataFrame
            Columns label, yi, vi, and those of `predict`: estimate, se, ci_low, ci_high, pi_low, pi_high.
        """
        fitted = self.predict().reset_index(drop=True)
        return pd.concat([pd.DataFrame({"label": self.labels, "yi": self.yi, "vi": self.vi}), fitted], axis=1)

    @property
    def tau2_ci_empty(self) -> bool:
        """Whether the interval of tau2 is empty: Q is improbably small even without heterogeneity."""
        return self.tau2_ci.high == 0.0

    @property
    def hksj_width(self) -> float:
        """Width of the HKSJ intervals, in widths of the Wald ones: the same for all coefficients."""
        critical = t_quantile(np.array([self.k - self.p, np.inf]), self.confidence_level)
        return float(np.sqrt(self._fits.hksj[0]) * critical[0] / critical[1])

    @property
    def _fitted(self):
        fits = self._fits
        return Combined(fits.estimate[:, 0], fits.se[:, 0], np.full(self.p, self.df_resid))

    def _combined(self, rows):
        scaled = rows * self._fitted.se
        se = np.sqrt(np.einsum("ip,pq,iq->i", scaled, self.correlation, scaled).clip(min=0.0))
        return Combined(rows @ self._fitted.estimate, se, np.full(len(rows), self.df_resid))

    def _tested(self, rows, constants):
        return wald(rows @ self._fitted.estimate - constants, rows @ self._covariance() @ rows.T, self.df_resid)

    def _covariance(self):
        return self.correlation * np.outer(self._fitted.se, self._fitted.se)

    @documented
    def predict(
        self,
        new_data: pd.DataFrame | Mapping[str, Any] | ArrayLike | None = None,
        *,
        confidence_level: float | None = None,
        pi_method: RegressionPIMethod = "t(k-p)",
        transform: bool = False,
    ) -> pd.DataFrame:
        """Return mean effects for given moderators, with confidence and prediction intervals.

        Parameters
        ----------
        {new_data}
        confidence_level : float, optional
            Between 0 and 1; the level of the fit if left out.
        pi_method : {"t(k-p)", "t(k-p-1)", "z"}, optional
            Distribution of the prediction interval, estimate ± critical value × sqrt(tau2 + se²).
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns estimate, se, ci_low, ci_high, pi_low, pi_high. The prediction interval is NaN for a common
            effect, and for a t distribution if k - p < 2.

        Raises
        ------
        ValueError
            If new_data lacks a column, has missing values or a level that no study has.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.models.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> meta_regression("yi ~ week", data).predict({"week": [3, 5]})["estimate"].round(3).tolist()
        [-1.631, -1.104]
        """
        _check.option("pi_method", pi_method, tuple(_PREDICTION_DF))
        less = _PREDICTION_DF[pi_method]
        df = np.inf if less is None else self.qe_df - less if self.qe_df > 1 else np.nan
        # True effects that do not vary have no distribution to predict from.
        table = self._predicted(
            new_data, confidence_level, self.tau2, lambda _: df if self.tau2_method != "CE" else np.nan
        )
        return self.measure.transform_table(table) if transform else table

    def permutation_test(
        self, n_resamples: int = 9999, *, rng: np.random.Generator | int | None = None
    ) -> PermutationTest:
        """Return permutation p-values of the coefficients and of the omnibus test.

        Its statistics are those of `ci_method`; of "HKSJ-wide" they are those of HKSJ in every arrangement.

        Parameters
        ----------
        n_resamples : int, optional
            Number of random permutations. Where there are no more distinct ones than this, all are used and the
            test is exact.
        rng : numpy.random.Generator or int, optional
            Source of the random permutations, or its seed; unpredictable if left out.

        Returns
        -------
        PermutationTest
            P-values of the coefficients and of the omnibus test.

        Raises
        ------
        ValueError
            If `n_resamples` is not a whole number of at least 19, the fewest of which a p value can be 0.05.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.models.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> test = meta_regression("yi ~ week", data).permutation_test()
        >>> test.exact, test.n_permutations, round(test.qm_pvalue, 3)
        (True, 24, 0.083)
        """
        _check.arrangements("n_resamples", n_resamples)
        return _permutation_test(self, n_resamples, _check.generator(rng=rng))

    def leave_one_out(self) -> pd.DataFrame:
        """Fit all studies but one, for each study in turn, with the same design and methods.

        Returns
        -------
        pandas.DataFrame
            One row per study left out: label, k, tau2, tau, i2, q, q_pvalue (of residual heterogeneity), and of each
            coefficient, before its name: `estimate_`, `se_`, `ci_low_`, `ci_high_`, `pvalue_` and `shift_`, estimate
            minus that of all studies. NaN where the other studies cannot tell all coefficients.
            ``attrs["coefficients"]`` names them; ``attrs["left_out"]`` and ``attrs["methods"]`` are as of
            :func:`analysis.leave_one_out`.

        Raises
        ------
        ValueError
            With fewer than two studies more than coefficients.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.models.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> without = meta_regression("yi ~ week", data, labels=list("ABCD")).leave_one_out()
        >>> without[["label", "estimate_week"]].round(2).values.tolist()
        [['A', 0.27], ['B', 0.31], ['C', 0.2], ['D', 0.27]]
        """
        k, p = self.exog.shape
        if k < p + 2:
            raise ValueError(
                f"leave_one_out() of {p} coefficients needs {p + 2} studies or more, and has {k}; give more"
            )
        gone, fits = without_each_study(self)
        estimate, se, df = fits.estimate.T, fits.se.T, np.broadcast_to(fits.df[:, None], fits.estimate.T.shape)
        half, of_all = t_quantile(df, self.confidence_level) * se, self._fits.estimate[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            pvalue = pvalues(df, estimate / se)
        whole = {"tau2": fits.tau2, "tau": np.sqrt(fits.tau2), "i2": fits.i2, "q": fits.q}
        whole |= {"q_pvalue": special.chdtrc(k - 1 - p, fits.q)}
        each = {"estimate": estimate, "se": se, "ci_low": estimate - half, "ci_high": estimate + half}
        each |= {"pvalue": pvalue, "shift": estimate - of_all}
        found = whole | {f"{name}_{of}": x[:, j] for j, of in enumerate(self._model.names) for name, x in each.items()}
        columns = dict(zip(found, at_rows(gone, k, *found.values()), strict=True))
        table = pd.DataFrame({"label": self.labels, "k": k - 1} | columns)
        methods = {name: getattr(self, name) for name in ("tau2_method", "ci_method", "confidence_level")}
        table.attrs |= {"left_out": self.left_out, "methods": methods, "trials": k}
        table.attrs["coefficients"] = list(self._model.names)
        return table

    def _in_words(self):
        return sentences.meta_regression(self)


@documented
def meta_regression(
    formula: str | ArrayLike | pd.DataFrame,
    data: pd.DataFrame | EffectSizes | ArrayLike,
    *,
    vi: str | ArrayLike = "vi",
    intercept: bool = True,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    confidence_level: float = 0.95,
    labels: Labels | None = None,
    missing: Missing = "raise",
    tau2: float | None = None,
    unsafe: bool = False,
) -> MetaRegression:
    """Explain the effects of k studies by moderators, with random effects for what they leave.

    Parameters
    ----------
    formula : str, or array_like or pandas.DataFrame, shape (k,) or (k, p)
        Outcome and moderators, such as "yi ~ week + C(therapy)", in the language of the formulas of statsmodels.
        Left of the ~ is a column or arithmetic, such as "post - pre ~ week", of which `vi` has the variances: yi, where
        these are those of yi. Columns, numbers, ``+ - * / : **`` and comparisons, C(), I(), Q("a name"), logs, exp(),
        sqrt(), splines and codings may stand in it; see `unsafe`. Right of the ~ signs combine terms, and arithmetic is
        within I(), such as I(week**2).
        Or the moderators themselves, numbers in a column each: those of a DataFrame are paired with `data` by their
        index and keep their names, those of an array are x1, x2 and so on.
    data : pandas.DataFrame, EffectSizes or array_like, shape (k,)
        One row for each study, with the columns that the formula names; beside moderators the columns yi and vi or se,
        or the outcomes alone.
    vi : str or array_like, shape (k,), optional
        Column of sampling variances; a table without a column vi may have one of standard errors, se. Beside outcomes
        alone, the variances.
    intercept : bool, optional
        Whether moderators that are no formula have an intercept beside them.
    tau2_method : {"REML", "ML", "PM", "EB", "DL", "HE", "HS", "SJ", "CE"}, optional
        Estimator of the variance between studies, as for :func:`analysis.pool`, with all moderators in the model.
    ci_method : {"HKSJ-wide", "HKSJ", "HKSJ-mod", "z", "t"}, optional
        Tests and intervals: Knapp & Hartung 2003 on t(k-p) or normal, whichever are wider, with the less certain of
        both tests of all moderators; Knapp & Hartung alone; the same with the variance factor not below 1; normal; or
        t(k-p) without a variance factor.
    {confidence_level}
    labels : sequence of str, optional
        Names of the studies; column `label`, else `study`, else the index of the data if left out.
    missing : {"raise", "drop"}, optional
        Refuse studies without an outcome, a variance or a moderator, or leave them out and list them.
    {tau2}
    {unsafe}

    Returns
    -------
    MetaRegression
        Read like a results object of statsmodels: params, bse, conf_int(), predict().

    Raises
    ------
    ValueError
        For outcomes, variances or moderators that are missing or not finite, variances that are not positive,
        columns that do not exist, moderators that are constant or collinear, and no more studies than
        coefficients; one message lists every problem.

    See Also
    --------
    analysis.moderator_curve : Mean effect along one moderator.
    analysis.bubble : Draw the studies and that curve.
    analysis.pool_subgroups : Groups of studies, each with its own tau2.
    analysis.pool : Pool without moderators.

    Notes
    -----
    An association across trials is observational, even where each trial is randomised.

    References
    ----------
    Knapp & Hartung 2003, doi 10.1002/sim.1482 (HKSJ); Viechtbauer, Lopez-Lopez, Sanchez-Meca & Marin-Martinez 2015, doi
    10.1037/met0000023 (estimators of tau2 with moderators); Higgins & Thompson 2002, doi 10.1002/sim.1186 (I2, H2);
    Viechtbauer 2007, doi 10.1002/sim.2514 (interval of tau2); Raudenbush 2009, in The Handbook of Research Synthesis
    and Meta-Analysis (R2).

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
    >>> fit = meta_regression("yi ~ week", data)
    >>> fit.params.round(3).to_dict()
    {'Intercept': -2.421, 'week': 0.263}

    The moderators as an array:

    >>> meta_regression([4, 8, 2, 6], [-1.2, -0.4, -2.0, -0.9], vi=[0.1, 0.2, 0.1, 0.3]).params.round(3).to_dict()
    {'Intercept': -2.421, 'x1': 0.263}
    """
    options = check_options(tau2_method, ci_method, "z", confidence_level, tau2=tau2)
    model = read_model(formula, data, vi, labels, missing=missing, unsafe=unsafe, intercept=intercept)
    return _result(formula if isinstance(formula, str) else f"yi ~ {model.right}", model, options)


def _result(formula, model, options):
    grid = designs(model.yi[:, None], model.vi[:, None], model.x)
    fits, moderators = fit_designs(grid, options), moderator_columns(model.names)
    df, test = float(fits.df[0]), _omnibus_test(fits, moderators, grid.df, options)
    tau2, q, tau2_ci = float(fits.tau2[0]), float(fits.q[0]), (np.nan, np.nan)
    if options.tau2_method not in ("CE", "fixed"):
        tau2_ci = (q_profile_interval(grid, options.confidence_level) * grid.scale**2)[:, 0].tolist()
    return MetaRegression(
        formula=formula,
        df_resid=df,
        k=len(model.yi),
        p=len(model.names),
        tau2=tau2,
        tau=float(np.sqrt(tau2)),
        tau2_ci=ConfidenceInterval(*tau2_ci),
        i2=float(fits.i2[0]),
        h2=q / grid.df if options.tau2_method == "CE" else float(1.0 + tau2 / fits.typical[0]),
        qe=q,
        qe_df=grid.df,
        qe_pvalue=float(special.chdtrc(grid.df, q)),
        qm=test.statistic,
        qm_df=test.df,
        qm_pvalue=test.pvalue,
        r2=_explained(model, options, tau2, q / grid.df),
        llf=float(full_log_likelihood(grid, fits, options.tau2_method == "REML")[0]),
        hksj_narrower=bool(hksj_narrower(fits, options)),
        tau2_method=options.tau2_method,
        ci_method=options.ci_method,
        confidence_level=options.confidence_level,
        yi=model.yi,
        vi=model.vi,
        exog=model.x,
        labels=model.labels,
        correlation=fits.correlation[:, :, 0],
        left_out=model.left_out,
        measure=Measure(getattr(model.effects, "measure", "")),
        effects=model.effects,
        _model=model,
        _fits=fits,
        _options=options,
    )


# A study with this leverage is alone in telling a coefficient.
_ALONE = 1.0 - 1e-10


def without_each_study(fit: MetaRegression, ci_method: CIMethod | None = None) -> tuple[Any, MixedFits]:
    """Which studies the others tell all coefficients without, and a fit without each of these."""
    leverage = (np.linalg.qr(fit.exog / np.sqrt((fit.exog**2).sum(axis=0)))[0] ** 2).sum(axis=1)
    gone, others = np.flatnonzero(leverage <= _ALONE), np.arange(fit.k - 1)[:, None]
    options = fit._options._replace(ci_method=ci_method or fit.ci_method)

    def fits(part):
        stay = others + (others >= gone[part])
        return fit_designs(designs(fit.yi[stay], fit.vi[stay], fit.exog[stay].transpose(0, 2, 1)), options)

    return gone, joined(map(fits, shares(gone.size, fit.k)))


def at_rows(rows: Any, k: int, *found: Floats) -> list[Floats]:
    """Arrays (k, ...) that hold what was found for these rows, and NaN elsewhere."""
    whole = [np.full((k, *each.shape[1:]), np.nan) for each in found]
    for filled, each in zip(whole, found, strict=True):
        filled[rows] = each
    return whole


def _omnibus_test(fits, moderators, df, options):
    """The test of all moderators; of "HKSJ-wide" the F test or the Wald test, whichever is less certain."""
    m, statistic = len(moderators), float(omnibus(fits, moderators, options.ci_method)[0])
    if options.ci_method != "HKSJ-wide":
        return WaldTest(statistic, (m, float(fits.df[0])))
    return less_certain(WaldTest(statistic * m * float(fits.factor[0]), (m, np.inf)), df, float(fits.hksj[0]))


def less_certain(wald: WaldTest, df: float, hksj: float) -> WaldTest:
    """The Wald test, or the F test on `df` that divides it by the factor of HKSJ, whichever has the larger p-value."""
    m, _ = wald.df
    # Outcomes on a line leave HKSJ no variance, and its test no doubt.
    if m == 0 or hksj == 0.0:
        return wald
    return max(wald, WaldTest(wald.statistic / (m * hksj), (m, float(df))), key=lambda test: test.pvalue)


def _explained(model, options, tau2, h2):
    """R2 of Raudenbush: the proportional reduction of tau2, or for "CE" of the mean weighted square."""
    if "Intercept" not in model.names or len(model.names) == 1 or options.tau2_method == "fixed":
        return np.nan
    data = columns(model.yi[:, None], model.vi[:, None])
    if options.tau2_method == "CE":
        null, left = float(data.at(0.0).q[0]) / (len(model.yi) - 1), h2
    else:
        null, left = float((estimate_tau2(data, options.tau2_method) * data.scale**2)[0]), tau2
    return max(0.0, 1.0 - left / null) if null > 0 else 0.0


def _permutation_test(fit, n_resamples, rng):
    """The `PermutationTest` of a `MetaRegression`."""
    model, options, tested = fit._model, fit._options, moderator_columns(fit._model.names)
    if options.ci_method == "HKSJ-wide":
        # Of two statistics by turns the order of the arrangements would have no meaning.
        options = options._replace(ci_method="HKSJ")
    y, v, x = model.yi[:, None], model.vi[:, None], model.x
    signs = x.shape[1] == 1 and np.ptp(x) == 0
    group = np.unique(x, axis=0, return_inverse=True)[1].ravel()
    total = 2 ** len(x) if signs else _arrangements(group)
    exact = total <= n_resamples
    if signs:
        blocks = sign_flips(len(x), n_resamples, exact, rng)
    elif exact:
        blocks, x = _all_orders(group), x[group.argsort(kind="stable")]
    else:
        blocks = _random_orders(len(x), n_resamples, rng)

    def statistics(y, v, x):
        fits = fit_designs(designs(y, v, x), options)
        return np.vstack([np.abs(fits.statistic), omnibus(fits, tested, options.ci_method)])

    def moved(block):
        return (y * block, np.broadcast_to(v, block.shape)) if signs else (model.yi[block], model.vi[block])

    p = share_reached(statistics(y, v, model.x), (statistics(*moved(block), x) for block in blocks), exact)
    qm_pvalue = float(p[-1]) if len(tested) else math.nan
    pvalues = pd.Series(p[:-1], index=fit.params.index, name="pvalue")
    return PermutationTest(pvalues, qm_pvalue, total if exact else n_resamples, exact)


def share_reached(observed: Floats, arranged: Iterable[Floats], exact: bool) -> Floats:
    """Permutation p-values of absolute statistics (m, 1): the share of those of arrangements, blocks (m, j), not below.

    In a random sample the observed arrangement counts as one more, so that no p-value is 0.
    """
    reached, n = observed * (1.0 - _EQUAL), 0
    count = np.where(np.isnan(reached[:, 0]), np.nan, 0.0)
    for block in arranged:
        with np.errstate(invalid="ignore"):
            # Negated, so that a statistic of NaN counts as extreme.
            count += (~(block < reached)).sum(axis=1)
        n += block.shape[1]
    return count / n if exact else (count + 1.0) / (n + 1.0)


def _arrangements(group):
    """Number of distinct arrangements of design rows, of which those of a group are equal."""
    return math.factorial(len(group)) // math.prod(math.factorial(m) for m in np.bincount(group).tolist())


def sign_flips(k: int, n: int, exact: bool, rng: np.random.Generator) -> Iterator[Floats]:
    """Blocks (k, m) of signs, a random sample of n or all, of which that of the last study is + throughout.

    Opposite signs have the same absolute statistics.
    """
    total = 2 ** (k - 1) if exact else n
    for start in range(0, total, _size(k)):
        m = min(_size(k), total - start)
        if exact:
            yield 1.0 - 2.0 * (np.arange(start, start + m) >> np.arange(k)[:, None] & 1)
        else:
            yield 1.0 - 2.0 * rng.integers(0, 2, (k, m))


def _all_orders(group):
    """Blocks (k, m) of all distinct orders of the studies, for design rows sorted by `group`."""
    taken, free = np.zeros((1, 0), dtype=np.int16), np.arange(len(group), dtype=np.int16)[None]
    for m in np.bincount(group).tolist():
        places = range(free.shape[1])
        chosen = list(combinations(places, m))
        others = [sorted(set(places) - set(part)) for part in chosen]
        taken = np.repeat(taken, len(chosen), axis=0)
        n = len(free)
        picked = free[:, np.array(chosen, dtype=int)].reshape(n * len(chosen), m)
        free = free[:, np.array(others, dtype=int)].reshape(n * len(chosen), -1)
        taken = np.hstack([taken, picked])
    for start in range(0, len(taken), _size(len(group))):
        yield taken[start : start + _size(len(group))].T


def _random_orders(k, n, rng):
    """Blocks (k, m) of n random orders of the studies."""
    for start in range(0, n, _size(k)):
        yield rng.permuted(np.tile(np.arange(k)[:, None], min(_size(k), n - start)), axis=0)


def _size(k):
    """Arrangements in a block."""
    return max(_BLOCK // k, 16)


@dataclass(frozen=True, eq=False, repr=False)
class ModeratorCurve(Result):
    """The mean effect along one moderator of a meta-regression.

    Attributes
    ----------
    moderator : str
        Column of the data.
    categorical : bool
        Whether it has categories rather than numbers.
    trials : pandas.DataFrame
        label, x (the moderator), yi, vi, weight (share of the sum of 1 / (vi + tau2)) and fitted (the mean effect
        at this x, other moderators held).
    curve : pandas.DataFrame
        x, estimate, se, ci_low, ci_high, pi_low, pi_high along the range of the moderator, or a row for each
        category; a category also has k, and difference, difference_low and difference_high from the reference.
    held : dict
        The other moderators and the values they are held at: means, or reference categories.
    slope : dict or None
        estimate, ci_low, ci_high and pvalue of the change per unit where the curve is straight.
    terms : pandas.DataFrame
        estimate, ci_low, ci_high and pvalue of the coefficients that the moderator takes part in.
    reference : object
        Category that the others are compared with; None for numbers.

    See Also
    --------
    analysis.moderator_curve : Make this result.
    analysis.bubble : Draw it.
    analysis.MetaRegression : The regression behind it.

    References
    ----------
    Thompson & Higgins 2002, doi 10.1002/sim.1187 (meta-regression and how to read it); Knapp & Hartung 2003, doi
    10.1002/sim.1482 (its confidence limits under HKSJ).

    Examples
    --------
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
    >>> along = moderator_curve(meta_regression("yi ~ week", data))
    >>> along.categorical, along.held, along.curve.loc[0, ["x", "estimate"]].round(3).tolist()
    (False, {}, [2.0, -1.895])
    """

    moderator: str
    categorical: bool
    trials: pd.DataFrame
    curve: pd.DataFrame
    held: dict[str, Any]
    slope: dict[str, float] | None
    terms: pd.DataFrame
    reference: Any

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of `curve`.

        Returns
        -------
        pandas.DataFrame
            A row for each point of the curve, or for each category.
        """
        return self.curve.copy()


def moderator_curve(
    regression: MetaRegression, moderator: str | None = None, *, pi_method: RegressionPIMethod = "t(k-p)"
) -> ModeratorCurve:
    """Return the mean effect along one moderator, with confidence and prediction limits.

    Parameters
    ----------
    regression : MetaRegression
        Result of :func:`analysis.meta_regression`.
    moderator : str, optional
        Column of the data. Default: the first that the formula names.
    pi_method : {"t(k-p)", "t(k-p-1)", "z"}, optional
        Distribution of the prediction interval, estimate ± critical value × sqrt(tau2 + se²).

    Returns
    -------
    ModeratorCurve
        Tables `trials`, `curve` and `terms`; `slope` where the curve is straight; `held`, what the other moderators
        are held at.

    Raises
    ------
    ValueError
        If the formula has no moderator, or none of this name.

    See Also
    --------
    analysis.meta_regression : Fit the regression.
    analysis.bubble : Draw the curve and the studies.
    analysis.MetaRegression.predict : Mean effects for moderators of one's own.

    References
    ----------
    Thompson & Higgins 2002, doi 10.1002/sim.1187 (meta-regression and how to read it); Knapp & Hartung 2003, doi
    10.1002/sim.1482 (its confidence limits under HKSJ).

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.models.regression import meta_regression
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
    >>> along = moderator_curve(meta_regression("yi ~ week", data))
    >>> along.moderator, len(along.curve), round(along.slope["estimate"], 3)
    ('week', 101, 0.263)
    """
    if not isinstance(regression, MetaRegression):
        give = "give a MetaRegression, such as meta_regression(formula, data)"
        raise TypeError(_check.refusal(regression, "moderator_curve", give))
    data = regression._model.moderators
    moderator = _chosen(regression, moderator)
    held = {name: _held(regression, data, name) for name in data.columns if name != moderator}
    categorical = _is_categorical(regression, data, moderator)
    at = _levels(data[moderator]) if categorical else np.linspace(*data[moderator].agg(["min", "max"]), _POINTS)
    grid = _new_data(at, moderator, held)
    curve = regression.predict(grid, pi_method=pi_method).reset_index(drop=True)
    curve.insert(0, "x", at)
    x, _ = design_rows(regression._model, grid)
    moves = np.ptp(x, axis=0) > 0
    slope, reference = None, None
    if categorical:
        first = _reference_row(x)
        reference = at[first]
        curve["k"] = [int((data[moderator] == level).sum()) for level in at]
        differences = _combined(regression, x - x[first])
        for name, end in (("difference", "estimate"), ("difference_low", "ci_low"), ("difference_high", "ci_high")):
            curve[name] = [each[end] for each in differences]
    else:
        slope = _slope(regression, at, x)
    weight = 1.0 / (regression.vi + regression.tau2)
    fitted = regression.predict(_new_data(data[moderator].tolist(), moderator, held))["estimate"].to_numpy()
    trials = {"label": list(map(str, regression.labels)), "x": data[moderator].to_numpy(), "yi": regression.yi}
    trials |= {"vi": regression.vi, "weight": weight / weight.sum(), "fitted": fitted}
    terms = regression.summary_frame().loc[moves, ["estimate", "ci_low", "ci_high", "pvalue"]]
    return ModeratorCurve(moderator, categorical, pd.DataFrame(trials), curve, held, slope, terms, reference)


def _chosen(regression, moderator):
    names = list(regression._model.moderators.columns)
    if not names:
        raise ValueError(f"the formula {regression.formula!r} has no moderator; draw it with forest")
    if moderator is None:
        return names[0]
    if moderator not in names:
        raise ValueError(f"moderator={moderator!r} is not in the formula; choose from {', '.join(map(repr, names))}")
    return moderator


def _held(regression, data, name):
    """Return the value at which a moderator is held: its mean, or the category that needs no coefficient."""
    if not _is_categorical(regression, data, name):
        return float(data[name].mean())
    levels = _levels(data[name])
    others = data.drop(columns=name).iloc[[0] * len(levels)].reset_index(drop=True)
    x, _ = design_rows(regression._model, others.assign(**{name: levels}))
    return levels[_reference_row(x)]


def _reference_row(x):
    """The row, of one for each category, that needs no coefficient: its entries that change are smallest, mostly 0."""
    return int(np.argmin(np.abs(x[:, np.ptp(x, axis=0) > 0]).sum(axis=1)))


def _is_categorical(regression, data, name):
    """Say whether a column has categories: text, or numbers in C() that the formula uses nowhere else."""
    if data[name].dtype.kind not in "fiu":
        return True
    right, quoted = regression._model.right, re.escape(str(name))
    return bool(re.search(rf"\bC\(\s*{quoted}\b", right)) and not re.search(rf"(?<!C\()(?<![\w.]){quoted}\b", right)


def _levels(values):
    """Return the categories in the order of a categorical column, or else sorted."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [level for level in values.cat.categories if (values == level).any()]
    # Codes of sites may be numbers and text.
    return sorted(values.unique().tolist(), key=lambda level: (isinstance(level, str), level))


def _new_data(at, moderator, held):
    return pd.DataFrame({moderator: at} | {name: [value] * len(at) for name, value in held.items()})


def _combined(regression, rows):
    """Linear combinations of the coefficients with their intervals and p values."""
    estimate, se, df = regression._combined(np.array(rows))
    half = t_quantile(df, regression.confidence_level) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        p = pvalues(df, np.where(se > 0, estimate / se, np.inf))
    found = {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half, "pvalue": p}
    return pd.DataFrame(found).to_dict("records")


def _slope(regression, at, x):
    """Return the change per unit of the moderator where the rows of the design are straight in it, or else None."""
    change = (x[-1] - x[0]) / (at[-1] - at[0])
    straight = x[0] + np.outer(at - at[0], change)
    if not np.allclose(x, straight, rtol=0, atol=_STRAIGHT * np.abs(x).max()):
        return None
    (slope,) = _combined(regression, [change])
    return slope
