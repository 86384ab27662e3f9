"""The result of a meta-regression, with the names of a statsmodels results object."""

from dataclasses import dataclass, field

import numpy as np

from analysis import _validate
from analysis.designs import inverse
from analysis.formulas import design_rows
from analysis.permutation import PermutationTest, permutation_pvalues
from analysis.results import ConfidenceInterval, t_quantile

_PREDICTION_DF = {"t(k-p)": 0, "t(k-p-1)": 1, "z": None}


@dataclass(frozen=True, eq=False)
class MetaRegression:
    """A fitted meta-regression.

    Attributes
    ----------
    formula : str
    params, bse, tvalues, pvalues : pandas.Series
        Coefficients, their standard errors by `ci_method`, test statistics and two-sided p-values; copies, whose
        change does not change the fit.
    df_resid : float
        Degrees of freedom of the t distribution of the coefficients; infinite where it is normal.
    k, p : int
        Number of studies and of coefficients.
    tau2, tau, tau2_ci : float, float, ConfidenceInterval
        Variance and standard deviation of the true effects that the moderators leave, truncated at 0, and the
        Q-profile interval of the variance (NaN for a common effect or a given tau2).
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
    yi, vi, exog : numpy.ndarray
        Outcomes, sampling variances and the design matrix (k, p).
    labels : tuple of str
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
    qm_df: tuple
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
    labels: tuple = field(repr=False)
    correlation: np.ndarray = field(repr=False)
    _model: object = field(repr=False)
    _fits: object = field(repr=False)
    _options: object = field(repr=False)

    @property
    def params(self):
        """Coefficients, as a Series."""
        return self._series("params", self._fits.estimate)

    @property
    def bse(self):
        """Standard errors of the coefficients, as a Series."""
        return self._series("bse", self._fits.se)

    @property
    def tvalues(self):
        """Test statistics of the coefficients, as a Series."""
        return self._series("tvalues", self._fits.statistic)

    @property
    def pvalues(self):
        """Two-sided p-values of the coefficients, as a Series."""
        return self._series("pvalues", self._fits.pvalue)

    def _series(self, name, values):
        import pandas as pd

        return pd.Series(values[:, 0].copy(), index=pd.Index(self._model.names), name=name)

    def conf_int(self, confidence_level=None):
        """Return confidence intervals of the coefficients.

        Parameters
        ----------
        confidence_level : float, optional
            Between 0 and 1; the level of the fit if left out.

        Returns
        -------
        pandas.DataFrame
            Columns ci_low and ci_high, one row for each coefficient.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> fit = meta_regression("yi ~ week", data, ci_method="z")
        >>> fit.conf_int(0.90).loc["week"].round(3).tolist()
        [0.12, 0.407]
        """
        import pandas as pd

        half = self._half(confidence_level) * self.bse
        return pd.DataFrame({"ci_low": self.params - half, "ci_high": self.params + half})

    def _half(self, confidence_level):
        level = self.confidence_level if confidence_level is None else _validate.level(confidence_level)
        return float(t_quantile(self.df_resid, level))

    def cov_params(self):
        """Return the covariance matrix of the coefficients as a DataFrame (p, p)."""
        import pandas as pd

        names, se = self.params.index, self.bse.to_numpy()
        return pd.DataFrame(self.correlation * np.outer(se, se), index=names, columns=names)

    def summary_frame(self):
        """Return the coefficients as a DataFrame: estimate, se, statistic, df, pvalue, ci_low, ci_high."""
        import pandas as pd

        table = {"estimate": self.params, "se": self.bse, "statistic": self.tvalues, "df": self.df_resid}
        return pd.concat([pd.DataFrame(table | {"pvalue": self.pvalues}), self.conf_int()], axis=1)

    def predict(self, new_data=None, *, confidence_level=None, pi_method="t(k-p)"):
        """Return mean effects for given moderators, with confidence and prediction intervals.

        Parameters
        ----------
        new_data : pandas.DataFrame or dict of lists, optional
            One row for each prediction, with the columns that the formula names; the studies themselves if left
            out.
        confidence_level : float, optional
            Between 0 and 1; the level of the fit if left out.
        pi_method : {"t(k-p)", "t(k-p-1)", "z"}
            Distribution of the prediction interval, estimate ± critical value × sqrt(tau2 + se²).

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
        >>> from analysis.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> meta_regression("yi ~ week", data).predict({"week": [3, 5]})["estimate"].round(3).tolist()
        [-1.631, -1.104]
        """
        import pandas as pd

        _validate.option("pi_method", pi_method, tuple(_PREDICTION_DF))
        level = self.confidence_level if confidence_level is None else confidence_level
        x, index = (self.exog, self.labels) if new_data is None else design_rows(self._model.spec, new_data)
        estimate, scaled = x @ self.params.to_numpy(), x * self.bse.to_numpy()
        se = np.sqrt(np.einsum("ip,pq,iq->i", scaled, self.correlation, scaled).clip(min=0.0))
        half, less = self._half(confidence_level) * se, _PREDICTION_DF[pi_method]
        df = np.inf if less is None else self.qe_df - less if self.qe_df > 1 else np.nan
        wide = t_quantile(df, level) * np.sqrt(self.tau2 + se**2)
        wide = wide if self.tau2_method != "CE" else np.full_like(se, np.nan)
        limits = {"ci_low": estimate - half, "ci_high": estimate + half}
        limits |= {"pi_low": estimate - wide, "pi_high": estimate + wide}
        return pd.DataFrame({"estimate": estimate, "se": se} | limits, index=pd.Index(index))

    def vif(self):
        """Return the variance inflation factor of each coefficient but the intercept, as a Series.

        How many times larger the other moderators make the variance of a coefficient, from the correlations of
        the estimated coefficients.
        """
        import pandas as pd

        keep = moderator_columns(self._model.names)
        inner = inverse(self.correlation[np.ix_(keep, keep)][:, :, None])[0]
        return pd.Series(np.einsum("ppn->p", inner), index=self.params.index[keep], name="vif")

    def permutation_test(self, n_resamples=9999, *, rng=None):
        """Return permutation p-values of the coefficients and of the omnibus test.

        Parameters
        ----------
        n_resamples : int
            Number of random permutations. Where there are no more distinct ones than this, all are used and the
            test is exact.
        rng : numpy.random.Generator or int, optional
            Source of the random permutations, or its seed; unpredictable if left out.

        Returns
        -------
        PermutationTest

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> test = meta_regression("yi ~ week", data).permutation_test()
        >>> test.exact, test.n_permutations, round(test.qm_pvalue, 3)
        (True, 24, 0.083)
        """
        import pandas as pd

        if isinstance(n_resamples, bool) or not isinstance(n_resamples, (int, np.integer)) or n_resamples < 1:
            raise ValueError(f"n_resamples={n_resamples!r} must be a whole number of at least 1")
        p, qm_pvalue, n, exact = permutation_pvalues(
            self._model, moderator_columns(self._model.names), self._options, n_resamples, np.random.default_rng(rng)
        )
        return PermutationTest(pd.Series(p, index=self.params.index, name="pvalue"), qm_pvalue, n, exact)

    def summary(self):
        """Return the coefficients and what the moderators explain and leave, as text of a few lines.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> print(meta_regression("yi ~ week", data).summary().splitlines()[2])
          week          0.26 (95% CI 0.09 to 0.44), p = 0.023
        """
        from analysis import model_report

        return model_report.regression_summary(self)

    def _repr_html_(self):
        from analysis import model_report

        return model_report.as_html(self.summary())


def moderator_columns(names):
    """Which coefficients the omnibus test is about: all but the intercept."""
    return np.array([i for i, name in enumerate(names) if name != "Intercept"], dtype=int)
