"""What a pooled analysis returns: plain numbers, never rounded, with their studies and methods."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import CIMethod, Values
from analysis.measures import Measure
from analysis.models.shortcuts import Drawn, Scattered, Stepped

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes
    from analysis.models.counts import PooledCounts
    from analysis.models.explain import Explanation

# An HKSJ standard error is below this share of the normal one in a millionth of the pools of three studies, and in
# fewer of more: the effects then agree by chance, or by rounding.
_COLLAPSED = 1e-3


class ConfidenceInterval(NamedTuple):
    """Lower and upper limit of an interval.

    Attributes
    ----------
    low, high : float
        Limits, in the unit of what the interval is about.

    See Also
    --------
    analysis.pool : Pool effects; its result has intervals of the mean, of tau2, of I2 and of a new effect.
    analysis.PooledEffect.confidence_interval : The interval of the mean at another level.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, version 5.1, section 12.4.1 (what a confidence interval
    says).

    Examples
    --------
    >>> from analysis import pool
    >>> ci = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], ci_method="z").ci
    >>> round(ci.low, 3), round(ci.high, 3)
    (-2.122, -0.361)
    """

    low: float
    high: float


def t_quantile(df: ArrayLike, confidence_level: ArrayLike) -> Values:
    """Two-sided critical value of the t distribution: normal where `df` is infinite, NaN where df < 1.

    Parameters
    ----------
    df : float or array
        Degrees of freedom.
    confidence_level : float
        Share of the distribution between minus and plus the critical value.

    Examples
    --------
    >>> round(float(t_quantile(np.inf, 0.95)), 4), round(float(t_quantile(9, 0.95)), 4)
    (1.96, 2.2622)
    """
    tail = (1.0 - confidence_level) / 2.0
    df = np.asarray(df, dtype=float)
    student = -special.stdtrit(np.where((df >= 1) & np.isfinite(df), df, np.nan), tail)
    return np.where(np.isinf(df), -special.ndtri(tail), student)


def pvalues(df: ArrayLike, t: ArrayLike) -> Values:
    """Two-sided p-values of t statistics, normal where df is infinite."""
    size, normal = -np.abs(t), np.isinf(df)
    if not normal.any():
        return 2.0 * special.stdtr(df, size)
    if normal.all():
        return 2.0 * special.ndtr(size)
    return 2.0 * np.where(normal, special.ndtr(size), special.stdtr(np.where(normal, 1.0, df), size))


def beyond(away: ArrayLike, critical: ArrayLike) -> Values:
    """Probability that a normal variable with mean `away` and SD 1 lies beyond `critical` on either side: power.

    Examples
    --------
    >>> beyond([0.0, 2.8], 1.96).round(2).tolist()
    [0.05, 0.8]
    """
    away = np.asarray(away, dtype=float)
    return special.ndtr(away - critical) + special.ndtr(-away - critical)


class Result(sentences.InWords):
    """What every result has: a summary, a short repr, one row with all its numbers, and arrays that stay read-only."""

    # Its fields on the scale of analysis that can be turned into the one people read.
    _transformed: ClassVar[tuple[str, ...]] = ("estimate", "ci", "pi", "yi")

    def shown(self, name: str) -> Any:
        """Return a field on the scale people read: a ratio instead of its log.

        Parameters
        ----------
        name : str
            Of a field. Estimates, their intervals and prediction intervals, and the effects are transformed. All
            others are as they are: what tau is of log ratios cannot be said of ratios. So are results within a
            result, which have a `shown` of their own, and the coefficients of a regression; its `predict` transforms.

        Returns
        -------
        object
            Of the type the field has.

        Raises
        ------
        AttributeError
            If there is no such field.

        Examples
        --------
        >>> from analysis import pool
        >>> pooled = pool([-0.9, -0.3, -1.2], [0.04, 0.05, 0.06], measure="RR")
        >>> round(pooled.estimate, 2), round(pooled.shown("estimate"), 2), round(pooled.shown("pi").high, 1)
        (-0.8, 0.45, 4.6)
        """
        value = getattr(self, name)
        transform = Measure(getattr(self, "measure", "")).transform
        if name not in self._transformed or value is None:
            return value
        if hasattr(value, "_fields"):
            return type(value)(*(transform(each) for each in value))
        return transform(value)

    def __post_init__(self) -> None:
        self._lock(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Neither pickle nor copy keeps an array read-only.
        self._lock(state)
        vars(self).update(state)

    @staticmethod
    def _lock(fields):
        for value in fields.values():
            for part in value if hasattr(value, "_fields") else (value,):
                if isinstance(part, np.ndarray):
                    part.flags.writeable = False

    def to_row(self) -> pd.DataFrame:
        """Return a DataFrame with every number of the result and the methods that made it, one row a meta-analysis.

        Returns
        -------
        pandas.DataFrame
            A column for each field that is a number or a word. What a field holds comes with its name in front:
            `ci_low` and `ci_high` for `ci`, `placebo_estimate` for the estimate of `placebo`, `qm_df_1` and `qm_df_2`
            for the two numbers of `qm_df`. Arrays, tables and lists of studies are left out; see `to_frame`.

        Examples
        --------
        >>> from analysis import pool
        >>> row = pool([-1.2, -0.4], [0.1, 0.2], measure="MD").to_row()
        >>> row[["k", "measure", "tau2_method"]].values.tolist()
        [[2, 'MD', 'REML']]
        """
        import pandas as pd

        shape = np.shape(getattr(self, "estimate", 0.0))
        return pd.DataFrame(flat(self, shape=shape), index=range(math.prod(shape)))

    def findings(self) -> str:
        """Return what the result says in sentences, as :func:`analysis.findings` does.

        Returns
        -------
        str
            One sentence a line.

        Raises
        ------
        TypeError
            If it is no result of a model, but a test or a table that only its summary tells.
        """
        return sentences.findings(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the result as a tidy DataFrame, that of `to_row` where there are no studies to list.

        Returns
        -------
        pandas.DataFrame
            See :meth:`to_row`.
        """
        return self.to_row()


def flat(result: Any, names: Iterable[str] | None = None, shape: tuple[int, ...] = ()) -> dict[str, Any]:
    """Numbers and words of a result by column, of all fields or those named; what a field holds has its name first."""
    if names is None and hasattr(result, "_fields"):
        names = result._fields
    elif names is None:
        computed = [name for name, of in vars(type(result)).items() if isinstance(of, property)]
        names = [name for name in (*(f.name for f in fields(result)), *computed) if not name.startswith("_")]
        names = [name for name in names if name != "effects"]  # what was pooled is no part of the result
    row = {}
    for name in names:
        value = getattr(result, name)
        if hasattr(value, "_fields") or isinstance(value, Result):
            parts = flat(value, shape=shape)
        elif is_dataclass(value) and not isinstance(value, sentences.InWords):
            parts = flat(value)
        else:
            parts = _numbered(value)
        if parts:
            row |= {f"{name}_{inner}": part for inner, part in parts.items()}
        elif isinstance(value, str):
            # A measure is a text that knows more; a table holds the text.
            row[name] = str(value)
        elif value is None or np.isscalar(value) or (isinstance(value, np.ndarray) and value.shape == shape):
            row[name] = value
    return row


def _numbered(value):
    """The numbers of a tuple by their place, those and the words of a dict by their key; empty for all else."""
    if isinstance(value, tuple):
        return {place: part for place, part in enumerate(value, 1) if isinstance(part, int | float)}
    return {key: part for key, part in value.items() if np.isscalar(part)} if isinstance(value, dict) else {}


def studies_and_summary(pooled: PooledEffect | PooledCounts) -> pd.DataFrame:
    """A DataFrame with a row for each study, on its normal interval, and one for the pooled effect; see `to_frame`."""
    import pandas as pd

    half = float(t_quantile(np.inf, pooled.confidence_level)) * np.sqrt(pooled.vi)
    return pd.DataFrame(
        {
            "label": [*pooled.labels, "Pooled"],
            "yi": np.append(pooled.yi, pooled.estimate),
            "vi": np.append(pooled.vi, pooled.se**2),
            "ci_low": np.append(pooled.yi - half, pooled.ci.low),
            "ci_high": np.append(pooled.yi + half, pooled.ci.high),
            "weight": np.append(pooled.weights, 1.0),
            "kind": ["study"] * len(pooled.labels) + ["summary"],
        }
    )


class BatchPooled(NamedTuple):
    """Results of many meta-analyses, one entry each.

    Attributes
    ----------
    k : numpy.ndarray, shape (n,)
        Number of studies; 0 for a row without any, whose other numbers are NaN.
    estimate, se : numpy.ndarray, shape (n,)
        Pooled means and their standard errors by the `ci_method`, in the unit of yi.
    ci_low, ci_high : numpy.ndarray, shape (n,)
        Limits of the confidence intervals of the means.
    tau2 : numpy.ndarray, shape (n,)
        Variances of the true effects, truncated at 0; NaN for one study.
    q : numpy.ndarray, shape (n,)
        Cochran's Q with common-effect weights.
    i2 : numpy.ndarray, shape (n,)
        Share (a fraction) of the variance that is due to heterogeneity; NaN for one study.
    pvalue : numpy.ndarray, shape (n,)
        Two-sided p values of zero means.

    See Also
    --------
    analysis.pool_batch : Make this result.
    analysis.PooledEffect : Result of one meta-analysis, with every interval.

    References
    ----------
    Hartung & Knapp 2001, doi 10.1002/sim.1009, and Sidik & Jonkman 2002, doi 10.1002/sim.1262 (standard errors by
    HKSJ); Higgins & Thompson 2002, doi 10.1002/sim.1186 (I2).

    Examples
    --------
    >>> from analysis import pool_batch
    >>> batch = pool_batch([[-1.2, -0.4, -2.0], [0.1, 0.3, 0.2]], [[0.1, 0.2, 0.1], [0.1, 0.2, 0.1]])
    >>> batch.k.tolist(), batch.tau2.round(3).tolist()
    ([3, 3], [0.475, 0.0])
    """

    k: np.ndarray
    estimate: np.ndarray
    se: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    tau2: np.ndarray
    q: np.ndarray
    i2: np.ndarray
    pvalue: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class PooledEffect(Result, Drawn, Scattered, Stepped):
    """One pooled effect with its uncertainty, its heterogeneity and the studies behind it.

    Attributes
    ----------
    k : int
        Number of studies.
    estimate, se : float
        Pooled mean and its standard error by `ci_method`, in the unit of yi.
    ci : ConfidenceInterval
        Confidence interval of the mean at `confidence_level`.
    statistic, df, pvalue : float
        Test of a zero mean; df is infinite where the reference distribution is normal.
    tau2, tau : float
        Variance and standard deviation of the true effects, truncated at 0; NaN for one study.
    tau2_ci : ConfidenceInterval
        Interval of tau2 by `tau2_ci_method`; NaN for the common-effect model, a given tau2 or one study. Both limits
        are 0, as in metafor, where it is empty (`tau2_ci_empty`), and so are those of `i2_ci`.
    i2, i2_ci, h2 : float, ConfidenceInterval, float
        Share (a fraction) of the variance that is due to heterogeneity, tau2 / (tau2 + typical sampling
        variance), its interval derived from `tau2_ci`, and H2 = 1 / (1 - I2). For the common-effect model,
        where tau2 is 0 by definition, both come from Q: I2 = max(0, (Q - df) / Q), H2 = Q / df.
    q, q_df, q_pvalue : float, int, float
        Cochran's Q with common-effect weights and its test of homogeneity.
    pi : ConfidenceInterval
        Prediction interval for the effect in a new study by `pi_method`; NaN where there is none: fewer than
        three studies for the t distribution, one study, or the common-effect model, in which true effects
        do not vary.
    weights : numpy.ndarray
        Weights of the studies in the pooled mean, summing to 1.
    yi, vi : numpy.ndarray
        Outcomes and sampling variances as given.
    labels : tuple of str
        Names of the studies.
    measure : Measure
        Effect measure, such as "MD", or "".
    tau2_method, ci_method, pi_method : str
        How the numbers were made. With one study `ci_method` is "z", whatever was asked for.
    confidence_level : float
        Level of `ci`, `pi`, `tau2_ci` and `i2_ci`.
    hksj_narrower : bool
        Whether `ci` is an HKSJ interval that is narrower than the Wald-type (normal) one.
    tau2_ci_method : str
        "Q-profile", "profile likelihood", "Jackson" or "Biggerstaff".
    left_out : tuple of (str, str)
        Label and reason of the studies that were dropped for want of an effect or a variance.
    effects : EffectSizes or None
        What was pooled, where it was given as such: it knows what is good and what the arms are called.

    See Also
    --------
    analysis.pool : Make this result.
    analysis.forest : Draw it.
    analysis.leave_one_out : How far it hangs on single studies.
    analysis.predictive_density : Distribution of the effect in a new study.

    References
    ----------
    Higgins & Thompson 2002, doi 10.1002/sim.1186 (I2, H2); Higgins, Thompson & Spiegelhalter 2009, doi
    10.1111/j.1467-985X.2008.00552.x (prediction interval); Viechtbauer 2007, doi 10.1002/sim.2514 (interval of tau2 and
    what follows of it for I2). Those of the methods stand at :func:`analysis.pool`.

    Examples
    --------
    >>> from analysis import pool
    >>> pooled = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
    >>> pooled.k, round(pooled.estimate, 3), round(pooled.i2, 2)
    (3, -1.242, 0.79)
    """

    k: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    statistic: float
    df: float
    pvalue: float
    tau2: float
    tau: float
    tau2_ci: ConfidenceInterval
    i2: float
    i2_ci: ConfidenceInterval
    h2: float
    q: float
    q_df: int
    q_pvalue: float
    weights: np.ndarray
    yi: np.ndarray
    vi: np.ndarray
    labels: tuple[str, ...]
    measure: Measure
    tau2_method: str
    ci_method: str
    pi_method: str
    confidence_level: float
    hksj_narrower: bool
    tau2_ci_method: str = "Q-profile"
    left_out: tuple[tuple[str, str], ...] = ()
    effects: EffectSizes | None = None
    # None where it costs more than the rest of the result, until somebody asks for it.
    _pi: ConfidenceInterval | None = None
    # Of changes within one arm of the effects: "treatment" or "placebo", which their `arms` name.
    _arm: str = ""

    @property
    def pi(self) -> ConfidenceInterval:
        """Prediction interval for the effect in a new study, worked out when first asked for."""
        if self._pi is None:
            from analysis.models.prediction import prediction_interval

            tau2 = self.tau2 if self.tau2_method == "fixed" else None
            ends = prediction_interval(self.yi[:, None], self.vi[:, None], self.ci, self.confidence_level, tau2)
            object.__setattr__(self, "_pi", ConfidenceInterval(*ends[:, 0].tolist()))
        return self._pi

    @property
    def tau2_ci_empty(self) -> bool:
        """Whether the interval of tau2 is empty: Q is improbably small even without heterogeneity."""
        return self.tau2_ci.high == 0.0

    @property
    def trials(self) -> int:
        """Number of trials, of which several effects of `k` may be where the arms of a trial were split."""
        return sentences.studies_behind(self)

    @property
    def wald_se(self) -> float:
        """Standard error of the mean from the variances alone, whatever `ci_method`."""
        return float(np.sum(1.0 / (self.vi + (self.tau2 if self.k > 1 else 0.0))) ** -0.5)

    @property
    def collapsed(self) -> bool:
        """Whether the HKSJ interval has no width worth the name: effects agree by chance, and tell nothing of error."""
        return self.ci_method == "HKSJ" and self.se < _COLLAPSED * self.wald_se

    @property
    def h2_ci(self) -> ConfidenceInterval:
        """Interval of H2 = 1 / (1 - I2), from that of I2."""
        with np.errstate(divide="ignore"):
            return ConfidenceInterval(*(float(limit) for limit in 1.0 / (1.0 - np.array(self.i2_ci))))

    def confidence_interval(
        self, confidence_level: float = 0.95, *, ci_method: CIMethod | None = None
    ) -> ConfidenceInterval:
        """Return the confidence interval of the mean at another level, or by another method, at the same tau2.

        Parameters
        ----------
        confidence_level : float, optional
            Between 0 and 1.
        ci_method : {"HKSJ", "HKSJ-wide", "HKSJ-mod", "z", "t"}, optional
            That of the result if left out; "HKSJ-wide" is the wider at each level.

        Returns
        -------
        ConfidenceInterval
            Lower and upper limit, in the unit of `estimate`.

        Raises
        ------
        ValueError
            If the level is not between 0 and 1, or the method is not known.

        Examples
        --------
        >>> from analysis.models.pooling import pool
        >>> pooled = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], ci_method="z")
        >>> [round(limit, 3) for limit in pooled.confidence_interval(0.90)]
        [-1.98, -0.503]
        """
        method = ci_method or self.ci_method
        if method == self.ci_method != "HKSJ-wide":
            half = float(t_quantile(self.df, _check.level(confidence_level))) * self.se
            return ConfidenceInterval(self.estimate - half, self.estimate + half)
        from analysis.models.pooling import check_options, segment_numbers

        known = {"tau2_method": "CE"} if self.tau2_method == "CE" or self.k == 1 else {"tau2": self.tau2}
        options = check_options(ci_method=method, confidence_level=confidence_level, **known)
        ends = segment_numbers(self.yi, self.vi, np.array([self.k]), options, costly=False)["ci"]
        return ConfidenceInterval(*ends[:, 0].tolist())

    @documented
    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return a tidy DataFrame: a row for each study, then one for the pooled effect.

        Parameters
        ----------
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns label, yi, vi, ci_low, ci_high, weight, kind ("study" or "summary"). A study's interval is
            normal, yi ± z sqrt(vi); the vi of the summary is the square of its standard error.

        Examples
        --------
        >>> from analysis.models.pooling import pool
        >>> pool([-1.2, -0.4], [0.1, 0.2], labels=["A", "B"]).to_frame()[["label", "kind"]].values.tolist()
        [['A', 'study'], ['B', 'study'], ['Pooled', 'summary']]
        """
        table = studies_and_summary(self)
        return self.measure.transform_table(table) if transform else table

    def explain(self) -> Explanation:
        r"""Return the pooling step by step, each formula with the numbers of this result put in.

        Returns
        -------
        Explanation
            A notebook shows its formulas set; ``print`` writes them as plain text. All numbers are on the scale of
            analysis, the pooled ones at the end also on the scale people read.

        See Also
        --------
        summary : The numbers alone.

        Examples
        --------
        >>> from analysis import pool
        >>> steps = str(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], ci_method="z").explain()).split("\n\n")
        >>> print(steps[9])
        9. Confidence interval
        The 95% interval reaches 1.9600 standard errors to either side, as normal errors do.
            −1.2415 ± 1.9600 × 0.4492 = −2.1219 to −0.3612
        """
        from analysis.models.explain import explain

        return explain(self)

    def _in_words(self):
        return sentences.pooled_effect(self)
