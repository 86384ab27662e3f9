"""What a fit with several coefficients has: it reads like a results object of statsmodels.

`Coefficients` are estimates with a name each: those of a regression, or contrasts of them. `Regression` adds what rests
on the design: predictions, contrasts and how far moderators inflate each other's variance. A fit says what any linear
combination of its coefficients is and how several are tested together; all else follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import special

from analysis import _check, sentences
from analysis._types import Floats
from analysis.measures import Measure
from analysis.models.results import Result, pvalues, t_quantile

if TYPE_CHECKING:
    import pandas as pd

    from analysis.models.formulas import Model


class Combined(NamedTuple):
    """Linear combinations of coefficients, one entry each."""

    estimate: np.ndarray
    se: np.ndarray
    df: np.ndarray  # infinite where the test is normal


class WaldTest(NamedTuple):
    """A joint test: chi2 where the second number of df is infinite, otherwise F."""

    statistic: float
    df: tuple[int, float]

    @property
    def pvalue(self) -> float:
        """NaN where nothing is tested."""
        count, df = self.df
        if np.isinf(df):
            return float(special.chdtrc(count, self.statistic)) if count else np.nan
        return float(special.fdtrc(count, df, self.statistic))


class Coefficients(Result):
    """Named estimates with their tests and intervals."""

    confidence_level: float
    _names: Sequence[str]
    _fitted: Combined

    @property
    def params(self) -> pd.Series:
        """Coefficients, as a Series."""
        return self._series("params", self._fitted.estimate)

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the coefficients, as a Series."""
        return self._series("bse", self._fitted.se)

    @property
    def tvalues(self) -> pd.Series:
        """Test statistics of the coefficients, as a Series; infinite, or NaN, where the standard error is 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._series("tvalues", self._fitted.estimate / self._fitted.se)

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of the coefficients, as a Series."""
        return self._series("pvalues", pvalues(self._fitted.df, self.tvalues.to_numpy()))

    def _series(self, name, values):
        import pandas as pd

        return pd.Series(np.array(values), index=pd.Index(self._names), name=name)

    def conf_int(self, confidence_level: float | None = None) -> pd.DataFrame:
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
        >>> from analysis.models.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
        >>> fit = meta_regression("yi ~ week", data, ci_method="z")
        >>> fit.conf_int(0.90).loc["week"].round(3).tolist()
        [0.12, 0.407]
        """
        import pandas as pd

        half = t_quantile(self._fitted.df, self._level(confidence_level)) * self.bse
        return pd.DataFrame({"ci_low": self.params - half, "ci_high": self.params + half})

    def _level(self, confidence_level):
        return self.confidence_level if confidence_level is None else _check.level(confidence_level)

    def summary_frame(self) -> pd.DataFrame:
        """Return the coefficients with their tests and intervals.

        Returns
        -------
        pandas.DataFrame
            Columns estimate, se, statistic, df, pvalue, ci_low and ci_high, one row for each coefficient.
        """
        import pandas as pd

        table = {"estimate": self.params, "se": self.bse, "statistic": self.tvalues}
        table |= {"df": self._series("df", self._fitted.df), "pvalue": self.pvalues}
        return pd.concat([pd.DataFrame(table), self.conf_int()], axis=1)


@dataclass(frozen=True, eq=False, repr=False)
class Contrast(Coefficients):
    """Linear combinations of the coefficients of a regression, each tested and all together.

    It reads like the regression: `params`, `bse`, `tvalues`, `pvalues`, `conf_int()` and `summary_frame()` have one
    entry for each contrast.

    Attributes
    ----------
    params, bse, tvalues, pvalues : pandas.Series
        The contrasts less what stands right of their =, standard errors by `ci_method`, test statistics and two-sided
        p-values.
    qm, qm_df, qm_pvalue : float, (int, float), float
        Test that all contrasts are 0: chi2 on (m, inf) for "z", otherwise F.
    ci_method, confidence_level, measure : str, float, Measure
        Those of the regression.

    See Also
    --------
    analysis.MetaRegression.contrast : Make this result.
    analysis.MultilevelRegression.contrast : The same for effects nested in trials.

    References
    ----------
    Knapp & Hartung 2003, doi 10.1002/sim.1482 (HKSJ with moderators); Pustejovsky & Tipton 2018, doi
    10.1080/07350015.2016.1247004 (joint test of cluster-robust coefficients).

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.models.regression import meta_regression
    >>> data = pd.DataFrame({"yi": [0.1, 0.4, 0.9, 1.2, 0.3, 0.2], "vi": 0.04, "kind": list("aabbcc")})
    >>> contrast = meta_regression("yi ~ C(kind)", data).contrast("C(kind)[T.b] - C(kind)[T.c]")
    >>> contrast.summary_frame()[["estimate", "se", "df"]].round(3).values.tolist()
    [[0.8, 0.178, 3.0]]
    """

    qm: float
    qm_df: tuple[int, float]
    qm_pvalue: float
    ci_method: str
    confidence_level: float
    measure: Measure
    _names: Sequence[str] = field(repr=False)
    _fitted: Combined = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return `summary_frame` with the contrasts in a column, name.

        Returns
        -------
        pandas.DataFrame
            A row for each contrast.
        """
        return self.summary_frame().rename_axis("name").reset_index()

    def _in_words(self):
        return sentences.contrast(self)


class Regression(Coefficients):
    """Coefficients of a design."""

    ci_method: str
    measure: Measure
    correlation: Floats
    exog: Floats
    labels: tuple[str, ...]
    _model: Model

    def __getstate__(self) -> dict[str, Any]:
        from analysis.models.formulas import PlainDesign

        # The formula engine's own objects cannot be pickled; `design_rows` makes them again when they are needed.
        spec = self._model.spec if isinstance(self._model.spec, PlainDesign) else None
        return vars(self) | {"_model": self._model._replace(spec=spec)}

    @property
    def _names(self):
        return self._model.names

    def _combined(self, rows: Floats) -> Combined:
        """Linear combinations (m, p) of the coefficients."""
        raise NotImplementedError

    def _tested(self, rows: Floats, constants: Floats) -> WaldTest:
        """The test that linear combinations (m, p) are all equal to constants."""
        raise NotImplementedError

    def cov_params(self) -> pd.DataFrame:
        """Return the covariance matrix of the coefficients.

        Returns
        -------
        pandas.DataFrame
            Shape (p, p), with the names of the coefficients.
        """
        import pandas as pd

        return pd.DataFrame(self._covariance(), index=self._names, columns=self._names)

    def contrast(self, contrasts: str | Sequence[str]) -> Contrast:
        """Test linear combinations of the coefficients, each by itself and all together, by the method of the fit.

        Parameters
        ----------
        contrasts : str or list of str
            Such as ``"week"``, ``"C(kind)[T.b] - C(kind)[T.c]"`` or ``"2 * week = 0.5"``, in the names of `params`.

        Returns
        -------
        Contrast
            Estimates, tests and intervals, and the joint test.

        Raises
        ------
        ValueError
            For a contrast that cannot be read, one that is no contrast of coefficients, and contrasts that follow from
            each other.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.models.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [0.1, 0.4, 0.9, 1.2, 0.3, 0.2], "vi": 0.04, "kind": list("aabbcc")})
        >>> fit = meta_regression("yi ~ C(kind)", data)
        >>> fit.contrast(["C(kind)[T.b] - C(kind)[T.c]", "C(kind)[T.c] = 0.1"]).params.round(3).tolist()
        [0.8, -0.1]
        """
        if isinstance(contrasts, Mapping) or hasattr(contrasts, "columns"):
            given = _check.kind(contrasts)
            raise ValueError(
                f"contrasts is {given}; write it in the names of the coefficients, such as '2 * week - dose'"
            )
        names = [contrasts] if isinstance(contrasts, str) else list(contrasts)
        rows, constants = _read_contrasts(names, self._names)
        fitted, test = self._combined(rows), self._tested(rows, constants)
        return Contrast(
            qm=test.statistic,
            qm_df=test.df,
            qm_pvalue=test.pvalue,
            ci_method=self.ci_method,
            confidence_level=self.confidence_level,
            measure=self.measure,
            _names=names,
            _fitted=fitted._replace(estimate=fitted.estimate - constants),
        )

    def vif(self) -> pd.DataFrame:
        """Return the generalised variance inflation factor of each term but the intercept.

        How many times larger the other terms make the squared volume of the confidence region of a term's coefficients:
        det(R_t) det(R_o) / det(R), R the correlations of the estimated coefficients, t those of the term and o the
        others. For a term with one coefficient it is the usual variance inflation factor.

        Returns
        -------
        pandas.DataFrame
            Columns df, the number of coefficients; gvif; and sif = gvif^(1 / (2 df)), by which the standard error of a
            single coefficient is inflated, which compares terms of different df. 1 where nothing is inflated.

        References
        ----------
        Fox & Monette 1992, J Am Stat Assoc 87:178-183, doi 10.1080/01621459.1992.10475190.

        Examples
        --------
        >>> import pandas as pd
        >>> from analysis.models.regression import meta_regression
        >>> data = pd.DataFrame({"yi": [0.1, 0.4, 0.9, 1.2, 0.3, 0.2], "vi": 0.04, "kind": list("aabbcc")})
        >>> meta_regression("yi ~ week + C(kind)", data.assign(week=[1, 2, 2, 3, 1, 3])).vif().round(3).loc["C(kind)"]
        df      2.000
        gvif    1.333
        sif     1.075
        Name: C(kind), dtype: float64
        """
        import pandas as pd

        keep = moderator_columns(self._names)
        terms, inner = np.array(self._model.terms, dtype=object)[keep], self.correlation[np.ix_(keep, keep)]
        rows = {}
        for term in dict.fromkeys(terms):
            own = terms == term
            parts = (np.linalg.slogdet(inner[np.ix_(at, at)])[1] for at in (own, ~own, own | ~own))
            count, gvif = int(own.sum()), float(np.exp(np.dot([1.0, 1.0, -1.0], list(parts))))
            rows[term] = {"df": count, "gvif": gvif, "sif": gvif ** (0.5 / count)}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["df", "gvif", "sif"])

    def _predicted(self, new_data, confidence_level, tau2, pi_df):
        """The table of `predict`, true effects varying with tau2 about the mean on t with `pi_df` of its df."""
        import pandas as pd

        from analysis.models.formulas import design_rows

        level = self._level(confidence_level)
        x, index = (self.exog, self.labels) if new_data is None else design_rows(self._model, new_data)
        estimate, se, df = self._combined(x)
        half, wide = t_quantile(df, level) * se, t_quantile(pi_df(df), level) * np.sqrt(tau2 + se**2)
        limits = {"ci_low": estimate - half, "ci_high": estimate + half}
        limits |= {"pi_low": estimate - wide, "pi_high": estimate + wide}
        return pd.DataFrame({"estimate": estimate, "se": se} | limits, index=pd.Index(index))


def moderator_columns(names: Sequence[str]) -> np.ndarray:
    """Which coefficients the omnibus test is about: all but the intercept."""
    return np.array([i for i, name in enumerate(names) if name != "Intercept"], dtype=int)


def _read_contrasts(contrasts, names):
    """Rows (m, p) of coefficients and the constants (m,) that contrasts in words stand for."""
    from patsy import DesignInfo, PatsyError

    rows, problems = [], []
    if matrices := [each for each in contrasts if not isinstance(each, str)]:
        known = ", ".join(names)
        raise ValueError(f"the contrast {matrices[0]!r} is no text; write it in the names of the coefficients: {known}")
    for text in contrasts:
        try:
            read = DesignInfo(names).linear_constraint(text)
        except (PatsyError, ValueError, TypeError, IndexError) as error:
            reason = str(error).splitlines()[0]
            problems.append(f"{text!r} cannot be read ({reason}); the coefficients are {', '.join(names)}")
            continue
        if len(read.coefs) != 1:
            problems.append(f"{text!r} holds {len(read.coefs)} contrasts; give a list with each by itself")
        rows.append(np.append(read.coefs[0], read.constants[0]))
    if not contrasts:
        problems = ["there are none"]
    if not problems:
        coefs = np.array(rows)[:, :-1]
        if np.linalg.matrix_rank(coefs / np.abs(coefs).max(axis=1, keepdims=True)) < len(coefs):
            problems = ["one of them follows from the others; leave it out"]
    _check.fail(problems, "the contrasts")
    return coefs, np.array(rows)[:, -1]


def wald(difference: Floats, covariance: Floats, df: float) -> WaldTest:
    """The test that m estimates, given their differences from what is tested, are right: chi2 where df is infinite."""
    count = len(difference)
    if not count:
        return WaldTest(np.nan, (0, df))
    root = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        t, correlation = difference / root, covariance / np.outer(root, root)
    if count == 1:
        return WaldTest(float(t[0] ** 2), (1, df))
    statistic = float(t @ np.linalg.solve(correlation, t)) if np.isfinite(correlation).all() else np.nan
    return WaldTest(statistic / (1.0 if np.isinf(df) else count), (count, df))
