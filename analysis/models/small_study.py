"""Whether small studies show other effects than large ones: tests of asymmetry, and effects adjusted for it.

The tests see a funnel through a few sums, so that `weighted_line`, `mixed_line`, `begg_columns` and `score_columns`
work on arrays of shape (k, n), k studies by n meta-analyses: a test is n = 1, and a simulation of its level any n. What
may have been selected for publication is in `analysis.models.selection`.

None of this knows a bias. Small studies may show larger effects because others were not published, because they were
done less carefully or in sicker people, because a standard error goes with its effect, or by chance (Sterne et al.
2011, doi 10.1136/bmj.d4002).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import EggerModel, EggerPredictor, Floats, Missing, PoolOptions, Side, TrimEstimator
from analysis.measures import Measure
from analysis.models.design import designs, fit_designs
from analysis.models.pooling import Options, check_options, pool_studies, segment_numbers
from analysis.models.results import ConfidenceInterval, PooledEffect, Result, pvalues, t_quantile
from analysis.models.selection import excess_significance, read, refuse_without_null, selection_model
from analysis.models.shortcuts import Reported, Scattered

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes

# Predictors that differ by less than this share show nothing but rounding.
_EQUAL = 1e-8
# The columns of people and of events, treatment first, as arm-level tables and tables with one row a study have them.
_PEOPLE = ("n_t", "n_p"), ("n_treatment", "n_placebo")
_EVENTS = ("events_t", "events_p"), ("events_treatment", "events_placebo")
_CALLED = {"se": "standard errors", "variance": "variances", "n": "numbers of people"}
_ROUNDS = 100  # of trimming, as in metafor
# Counting the orders of more studies takes long, and p values near 0.05 by the normal distribution are right to 0.1%.
_EXACT = 300


class Line(NamedTuple):
    """Straight lines through effects, one entry a meta-analysis."""

    intercept: np.ndarray
    intercept_se: np.ndarray
    slope: np.ndarray
    slope_se: np.ndarray
    df: np.ndarray  # infinite where tests are normal
    tau2: np.ndarray  # NaN where the variance is multiplied instead

    @property
    def statistic(self) -> Floats:
        """Test statistics of slopes of 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.slope / self.slope_se

    @property
    def pvalue(self) -> Floats:
        """Two-sided p values of slopes of 0."""
        return pvalues(self.df, self.statistic)


def weighted_line(y: Floats, x: Floats, weights: Floats) -> Line:
    """Least squares of y on x with weights, all (k, n), the residual variance estimated; on t(k - 2).

    Where all x of a column are equal there is no line, and all is NaN.

    Examples
    --------
    >>> line = weighted_line(np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [1.0], [2.0]]), np.ones((3, 1)))
    >>> line.slope.tolist(), line.df.tolist()
    ([1.5], [1.0])
    """
    total = weights.sum(axis=0)
    middle, height = (weights * x).sum(axis=0) / total, (weights * y).sum(axis=0) / total
    across, up = x - middle, y - height
    square = (weights * across**2).sum(axis=0)
    square = np.where(square > (_EQUAL * middle) ** 2 * total, square, np.nan)
    slope = (weights * across * up).sum(axis=0) / square
    df = np.full(total.shape, len(y) - 2.0)
    spread = (weights * (up - slope * across) ** 2).sum(axis=0) / df
    intercept_se = np.sqrt(spread * (1.0 / total + middle**2 / square))
    unknown = np.full(total.shape, np.nan)
    return Line(height - slope * middle, intercept_se, slope, np.sqrt(spread / square), df, unknown)


def mixed_line(y: Floats, v: Floats, x: Floats, **methods: Any) -> Line:
    """The line of a meta-regression of y on x, all (k, n), with a variance between studies; methods as for `pool`.

    Examples
    --------
    >>> y, v = np.array([[0.1], [0.4], [0.9], [0.7]]), np.array([[0.01], [0.04], [0.09], [0.06]])
    >>> mixed_line(y, v, np.sqrt(v), ci_method="z").slope.round(3).tolist()
    [3.859]
    """
    fits = fit_designs(designs(y, v, np.stack([np.ones_like(x), x], axis=1)), check_options(**methods))
    (a, b), (a_se, b_se) = fits.estimate, fits.se
    return Line(a, a_se, b, b_se, fits.df, fits.tau2)


@dataclass(frozen=True, eq=False, repr=False)
class AsymmetryTest(Result, Reported):
    """A test of small-study effects.

    Attributes
    ----------
    k : int
        Number of studies.
    test : str
        Whose it is: "Egger", "Peters", "Harbord", "Pustejovsky-Rodgers" or "Begg".
    statistic, df, pvalue : float
        The test: t of the slope, normal where df is infinite. Of "Begg" Kendall's tau, whose distribution is exact and
        has no degrees of freedom (NaN), or normal where values are equal or studies more than 300.
    slope, slope_se : float
        How much the effect rises for each unit of the predictor. NaN for "Begg".
    limit, limit_se, limit_ci : float, float, ConfidenceInterval
        The effect where the predictor is 0, that of a study without sampling error; NaN where the predictor grows with
        the size of a study.
    tau2 : float
        Variance between studies of a mixed model; NaN without.
    predictor, model, tau2_method, ci_method : str
        How it was made; the last two are those of a mixed model.
    confidence_level, measure, effects : float, Measure, EffectSizes or None
        Level of `limit_ci`, and what was tested.
    """

    k: int
    test: str
    statistic: float
    df: float
    pvalue: float
    slope: float
    slope_se: float
    limit: float
    limit_se: float
    limit_ci: ConfidenceInterval
    tau2: float
    predictor: str
    model: str
    tau2_method: str
    ci_method: str
    confidence_level: float
    measure: Measure
    effects: EffectSizes | None = None

    _transformed: ClassVar[tuple[str, ...]] = ("limit", "limit_ci")

    def _in_words(self):
        return sentences.asymmetry_test(self)


def _different(values, called, to):
    """Refuse a predictor that is the same in all studies."""
    values = np.asarray(values, float)
    if np.ptp(values) <= _EQUAL * np.abs(values).max():
        raise ValueError(
            f"{to}() sets effects against {called}, and all {len(values)} studies have the same, {values[0]:g}; "
            "nothing can be seen there"
        )
    return values[:, None]


def _of_line(test, found, line, predictor, model, methods):
    """The result of one line."""
    options = check_options(**methods)
    level, mixed = options.confidence_level, model == "mixed"
    a, a_se, b, b_se, df, tau2 = (float(x[0]) for x in line)
    if predictor == "n":
        a = a_se = np.nan
    half = float(t_quantile(df, level)) * a_se
    return AsymmetryTest(
        k=len(found.yi),
        test=test,
        statistic=float(line.statistic[0]),
        df=df,
        pvalue=float(line.pvalue[0]),
        slope=b,
        slope_se=b_se,
        limit=a,
        limit_se=a_se,
        limit_ci=ConfidenceInterval(a - half, a + half),
        tau2=tau2,
        predictor=predictor,
        model=model,
        tau2_method=options.tau2_method if mixed else "",
        ci_method=options.ci_method if mixed else "",
        confidence_level=level,
        measure=found.measure,
        effects=found.effects,
    )


@documented
def egger_test(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    model: EggerModel = "regression",
    predictor: EggerPredictor = "se",
    n: ArrayLike | None = None,
    missing: Missing = "raise",
    **methods: Unpack[PoolOptions],
) -> AsymmetryTest:
    """Test whether effects go with their standard errors, by Egger's regression.

    Parameters
    ----------
    {yi, vi, se}
    model : {"regression", "mixed"}, optional
        Weighted regression whose residual variance is estimated, Egger's own, on t(k-2); or a meta-regression with a
        variance between studies.
    predictor : {"se", "variance", "n"}, optional
        What effects are set against: standard errors, their squares, or numbers of people.
    n : array_like, shape (k,), optional
        People of each study, for ``predictor="n"``; those of both arms together where the effects know them.
    {missing}
    **methods
        `tau2_method`, `ci_method`, `tau2` of the mixed model and `confidence_level`, as for :func:`analysis.pool`;
        those of a PooledEffect are kept unless named.

    Returns
    -------
    AsymmetryTest
        `statistic`, `df` and `pvalue` of the slope, and `limit`, the effect that the line has at a standard error of 0.

    Raises
    ------
    ValueError
        With fewer than three studies, and for standard errors that are all equal.

    See Also
    --------
    analysis.small_study_effects : Every test that fits, in one table.
    analysis.begg_test : The rank correlation.
    analysis.funnel : Draw the studies, and the line.

    Notes
    -----
    The regression of yi / se on 1 / se, whose intercept Egger tests, is that of yi on se with weights 1 / vi: his
    intercept is this slope. Standard errors of odds ratios and of standardised mean differences go with the effect
    itself and make the test reject too often; see :func:`harbord_test`, :func:`peters_test` and
    :func:`pustejovsky_test`.

    References
    ----------
    Egger, Davey Smith, Schneider & Minder 1997, doi 10.1136/bmj.315.7109.629; Sterne & Egger 2005, in Publication Bias
    in Meta-Analysis, chapter 6 (mixed model, other predictors).

    Examples
    --------
    >>> test = egger_test([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16])
    >>> round(test.statistic, 2), test.df, round(test.limit, 2)
    (19.69, 4.0, -0.28)
    """
    _check.option("model", model, get_args(EggerModel))
    _check.option("predictor", predictor, get_args(EggerPredictor))
    found, methods = read("egger_test", yi, vi, se, missing, methods)
    if n is not None and predictor != "n":
        raise ValueError(f"n is for predictor='n', not {predictor!r}; leave it out")
    if predictor == "n":
        known = np.sum(_columns("egger_test", yi, found, _PEOPLE), axis=0) if n is None else found.in_order(n, "n")
        (x,) = _check.checked(n=known if n is None else np.asarray(known, object)[found.kept])
        lost = [found.named((i,)) for i in np.flatnonzero(np.isnan(x))]
        _check.fail([f"{study}: no n; fill it in, or leave the study out" for study in lost], "egger_test")
    else:
        x = found.vi if predictor == "variance" else np.sqrt(found.vi)
    x, y, v = _different(x, _CALLED[predictor], "egger_test"), found.yi[:, None], found.vi[:, None]
    line = mixed_line(y, v, x, **methods) if model == "mixed" else weighted_line(y, x, 1.0 / v)
    return _of_line("Egger", found, line, predictor, model, methods)


def _columns(to, given, found, choices):
    """Numbers that effects were made from, by the first names that their table has, one array a name."""
    table = found.table
    if table is not None:
        table = table.iloc[found.kept]
    elif found.effects is not None and np.array_equal(found.effects.yi, found.yi):
        table = found.effects.table
    for names in choices if table is not None else ():
        if all(name in table for name in names):
            numbers = [table[name].to_numpy(float) for name in names]
            lost = [found.named((i,)) for i in np.flatnonzero(np.isnan(numbers).any(axis=0))]
            _check.fail([f"{study}: no {' or '.join(names)}; fill it in, or leave the study out" for study in lost], to)
            return numbers
    wanted = " or ".join(" and ".join(names) for names in choices)
    lacking = f"its effects have no columns {wanted}; give effect_sizes(table) that has them"
    raise ValueError(_check.refusal(given, to, lacking))


@documented
def pustejovsky_test(
    yi: EffectSizes | pd.DataFrame | PooledEffect,
    *,
    missing: Missing = "raise",
    confidence_level: float | None = None,
) -> AsymmetryTest:
    """Test whether standardised mean differences go with the size of their studies.

    Egger's regression with a standard error that does not depend on the effect, sqrt(1/n1 + 1/n2), as its predictor.

    Parameters
    ----------
    yi : EffectSizes, pandas.DataFrame or PooledEffect
        Effects with the numbers of people in both arms: n_t and n_p, or n_treatment and n_placebo.
    {missing, confidence_level}

    Returns
    -------
    AsymmetryTest

    Raises
    ------
    ValueError
        With fewer than three studies, without numbers of people, and where they are the same in all studies.

    See Also
    --------
    analysis.egger_test : The same with standard errors, for measures whose standard errors are their own.

    References
    ----------
    Pustejovsky & Rodgers 2019, doi 10.1002/jrsm.1332; weights 1 / vi, as in R's meta.

    Examples
    --------
    >>> import pandas as pd
    >>> effects = pd.DataFrame({"yi": [0.2, 0.5, 0.9, 0.4], "vi": [0.02, 0.06, 0.15, 0.04]})
    >>> test = pustejovsky_test(effects.assign(n_t=[100, 30, 14, 50], n_p=[100, 35, 12, 48]))
    >>> round(test.statistic, 2), test.df
    (19.94, 2.0)
    """
    options = {"confidence_level": confidence_level}
    found, methods = read("pustejovsky_test", yi, None, None, missing, options)
    people = _columns("pustejovsky_test", yi, found, _PEOPLE)
    n_t, n_p = _check.checked(**dict(zip(("n_t", "n_p"), people, strict=True)))
    x = _different(np.sqrt(1.0 / n_t + 1.0 / n_p), "sqrt(1/n1 + 1/n2)", "pustejovsky_test")
    line = weighted_line(found.yi[:, None], x, 1.0 / found.vi[:, None])
    return _of_line("Pustejovsky-Rodgers", found, line, "sqrt(1/n1 + 1/n2)", "regression", methods)


def _counts(to, given, found):
    """Events and people of both arms, (k, 1) each, checked."""
    events, people = _columns(to, given, found, _EVENTS), _columns(to, given, found, _PEOPLE)
    names = ("events_t", "n_t", "events_p", "n_p")
    numbers = dict(zip(names, (events[0], people[0], events[1], people[1]), strict=True))
    return [x[:, None] for x in _check.checked(("events_t", "n_t"), ("events_p", "n_p"), **numbers)]


def peters_line(y: Floats, events_t: Floats, n_t: Floats, events_p: Floats, n_p: Floats) -> Line:
    """The line of effects on 1 / people, weighted by events times non-events over people of both arms, all (k, n)."""
    events, people = events_t + events_p, n_t + n_p
    return weighted_line(y, 1.0 / people, events * (people - events) / people)


@documented
def peters_test(
    yi: EffectSizes | pd.DataFrame | PooledEffect,
    *,
    missing: Missing = "raise",
    confidence_level: float | None = None,
) -> AsymmetryTest:
    """Test whether effects made of counts go with the size of their studies, by the regression of Peters.

    Parameters
    ----------
    yi : EffectSizes, pandas.DataFrame or PooledEffect
        Log odds ratios, or other effects, with the events and the people of both arms.
    {missing, confidence_level}

    Returns
    -------
    AsymmetryTest
        Its predictor is 1 / people.

    Raises
    ------
    ValueError
        With fewer than three studies, and without counts.

    See Also
    --------
    analysis.harbord_test : A test by scores.
    analysis.egger_test : By standard errors, which for odds ratios go with the effect.

    References
    ----------
    Peters, Sutton, Jones, Abrams & Rushton 2006, doi 10.1001/jama.295.6.676.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis import effect_sizes
    >>> counts = pd.DataFrame({"study": list("ABCD"), "events_t": [4, 6, 20, 3], "n_t": [40, 35, 190, 20]})
    >>> effects = effect_sizes(counts.assign(events_p=[9, 11, 30, 9], n_p=[41, 41, 188, 22]), measure="OR")
    >>> round(peters_test(effects).statistic, 2)
    -2.88
    """
    found, methods = read("peters_test", yi, None, None, missing, {"confidence_level": confidence_level})
    counts = _counts("peters_test", yi, found)
    _different((counts[1] + counts[3])[:, 0], "numbers of people", "peters_test")
    line = peters_line(found.yi[:, None], *counts)
    return _of_line("Peters", found, line, "1 / people", "regression", methods)


def score_columns(events_t: Floats, n_t: Floats, events_p: Floats, n_p: Floats) -> tuple[Floats, Floats]:
    """The efficient score of the log odds ratio and its variance where nothing differs, of counts of any shape."""
    events, people = events_t + events_p, n_t + n_p
    return events_t - events * n_t / people, n_t * n_p * events * (people - events) / (people**2 * (people - 1.0))


@documented
def harbord_test(
    yi: EffectSizes | pd.DataFrame | PooledEffect,
    *,
    missing: Missing = "raise",
    confidence_level: float | None = None,
) -> AsymmetryTest:
    """Test whether odds ratios go with the size of their studies, by Harbord's regression of scores.

    Parameters
    ----------
    yi : EffectSizes, pandas.DataFrame or PooledEffect
        Effects with the events and the people of both arms, from which the scores are made.
    {missing, confidence_level}

    Returns
    -------
    AsymmetryTest
        Its predictor is the standard error of the score, its `limit` a log odds ratio.

    Raises
    ------
    ValueError
        With fewer than three studies, without counts, and for a study without events, or with nothing else.

    See Also
    --------
    analysis.peters_test : By numbers of people.

    Notes
    -----
    Z / V regressed on 1 / sqrt(V) with weights V, Z the score and V its variance.

    References
    ----------
    Harbord, Egger & Sterne 2006, doi 10.1002/sim.2380.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis import effect_sizes
    >>> counts = pd.DataFrame({"study": list("ABCD"), "events_t": [4, 6, 20, 3], "n_t": [40, 35, 190, 20]})
    >>> effects = effect_sizes(counts.assign(events_p=[9, 11, 30, 9], n_p=[41, 41, 188, 22]), measure="OR")
    >>> round(harbord_test(effects).statistic, 2)
    -2.26
    """
    found, methods = read("harbord_test", yi, None, None, missing, {"confidence_level": confidence_level})
    score, variance = score_columns(*_counts("harbord_test", yi, found))
    empty = [label for label, v in zip(found.labels, variance[:, 0], strict=True) if v == 0.0]
    reason = "nobody, or everybody, had an event, so that it has no score; leave it out"
    _check.fail([f"study {label}: {reason}" for label in empty], "the studies to test")
    _different(variance[:, 0], "standard errors of scores", "harbord_test")
    line = weighted_line(score / variance, 1.0 / np.sqrt(variance), variance)
    return _of_line("Harbord", found._replace(measure=Measure("OR")), line, "se of the score", "regression", methods)


def begg_columns(y: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Kendall's tau of standardised effects and variances, all (k, n), and its two-sided p value.

    The p value is exact; where values of a column are equal it is normal, with the variance that allows for them, and
    with more than 300 studies.

    Examples
    --------
    >>> tau, p = begg_columns(np.array([[0.1], [0.4], [0.9], [0.7]]), np.array([[0.01], [0.04], [0.09], [0.06]]))
    >>> tau.tolist(), p.round(4).tolist()
    ([1.0], [0.0833])
    """
    k = len(y)
    total = (1.0 / v).sum(axis=0)
    z = (y - (y / v).sum(axis=0) / total) / np.sqrt(v - 1.0 / total)
    score = np.zeros(total.shape)
    ties = np.zeros((2, *total.shape))
    for lag in range(1, k):
        signs = [np.sign(x[lag:] - x[:-lag]) for x in (z, v)]
        score += (signs[0] * signs[1]).sum(axis=0)
        ties += [(sign == 0).sum(axis=0) for sign in signs]
    pairs = k * (k - 1) / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = score / np.sqrt((pairs - ties[0]) * (pairs - ties[1]))
    tied = ties.any(axis=0)
    variance = np.full(total.shape, k * (k - 1) * (2 * k + 5) / 18.0)
    if tied.any():
        variance[tied] = _score_variance(z[:, tied], v[:, tied])
    with np.errstate(invalid="ignore"):
        p = 2.0 * special.ndtr(-np.abs(score) / np.sqrt(variance))
    if k <= _EXACT and not tied.all():
        rank = np.rint((pairs - np.abs(score[~tied])) / 2.0).astype(int)
        p[~tied] = np.minimum(1.0, 2.0 * _orders(k)[rank])
    return tau, p


@lru_cache(maxsize=64)
def _orders(k):
    """The share of all orders of k values that have at most 0, 1, 2 … inversions, up to half of all pairs."""
    share = np.ones(1)
    for j in range(2, k + 1):
        # Each place of the next value adds 0 to j - 1 inversions. Sums from the small end keep the digits of the tail.
        longer = np.concatenate([share, np.zeros(j - 1)])
        summed = np.cumsum(longer)
        summed[j:] -= summed[:-j].copy()
        share = summed / j
        half = (j * (j - 1) // 2 + 1 + 1) // 2
        share[half:] = share[: len(share) - half][::-1]
    return np.cumsum(share)[: k * (k - 1) // 4 + 1]


def _score_variance(z, v):
    """The variance of Kendall's score (n,) with equal values, as R's `cor.test` has it."""
    k = len(z)
    sums = []
    for x in (z, v):
        size = (x[:, None] == x[None]).sum(axis=0)
        # Each of t equal values adds (t - 1) ... / 1, so that a group of t adds t (t - 1) ... once.
        sums.append([(size - 1.0).sum(axis=0), ((size - 1.0) * (size - 2.0)).sum(axis=0)])
        sums[-1].append(((size - 1.0) * (2.0 * size + 5.0)).sum(axis=0))
    (z2, z3, z5), (v2, v3, v5) = sums
    variance = (k * (k - 1) * (2 * k + 5) - z5 - v5) / 18.0 + z2 * v2 / (2.0 * k * (k - 1))
    return variance + z3 * v3 / (9.0 * k * (k - 1) * max(k - 2, 1))


@documented
def begg_test(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    missing: Missing = "raise",
) -> AsymmetryTest:
    """Test whether effects go with their variances, by the rank correlation of Begg and Mazumdar.

    Parameters
    ----------
    {yi, vi, se, missing}

    Returns
    -------
    AsymmetryTest
        `statistic` is Kendall's tau; its p value is exact, and normal where values are equal or studies more than 300.
        There is no line: `slope` and `limit` are NaN.

    Raises
    ------
    ValueError
        With fewer than three studies, and for effects or variances that are all equal.

    See Also
    --------
    analysis.egger_test : The regression, which sees more.

    References
    ----------
    Begg & Mazumdar 1994, doi 10.2307/2533446.

    Examples
    --------
    >>> test = begg_test([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16])
    >>> round(test.statistic, 2), round(test.pvalue, 3)
    (1.0, 0.003)
    """
    found, methods = read("begg_test", yi, vi, se, missing)
    v = _different(found.vi, "variances", "begg_test")
    _different(found.yi, "variances", "begg_test")
    tau, p = begg_columns(found.yi[:, None], v)
    none = np.full(1, np.nan)
    line = Line(none, none, none, none, none, none)
    test = _of_line("Begg", found, line, "variance", "rank correlation", methods)
    return replace(test, statistic=float(tau[0]), pvalue=float(p[0]))


@dataclass(frozen=True, eq=False, repr=False)
class TrimAndFill(Result, Reported, Scattered):
    """Studies that would make a funnel symmetric, and the effect pooled with them.

    Attributes
    ----------
    k : int
        Number of studies.
    k0, k0_se : int, float
        Estimated number of missing studies, and its standard error.
    pvalue : float
        Test that none is missing, of the estimator "R0"; NaN of the others.
    side : {"left", "right"}
        On which side they are missing.
    estimator : {"L0", "R0", "Q0"}
    pooled, observed : PooledEffect
        With the filled studies, which are its last `k0`, and without.
    measure, effects : Measure, EffectSizes or None
        Of what was observed.
    """

    k: int
    k0: int
    k0_se: float
    pvalue: float
    side: Side
    estimator: TrimEstimator
    pooled: PooledEffect
    observed: PooledEffect
    measure: Measure
    effects: EffectSizes | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return the studies and those filled in, with the pooled effect last, as `to_frame` of the pooled result does.

        Returns
        -------
        pandas.DataFrame
            Its columns, and `filled`.
        """
        table = self.pooled.to_frame()
        place = np.arange(len(table))
        return table.assign(filled=(place >= self.k) & (place < self.k + self.k0))

    def _in_words(self):
        return sentences.trim_and_fill(self)


@documented
def trim_and_fill(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    estimator: TrimEstimator = "L0",
    side: Side | None = None,
    missing: Missing = "raise",
    **methods: Unpack[PoolOptions],
) -> TrimAndFill:
    """Fill in the studies that a symmetric funnel would have, and pool again.

    Parameters
    ----------
    {yi, vi, se}
    estimator : {"L0", "R0", "Q0"}, optional
        Of the number of missing studies, from the ranks of distances from the middle.
    side : {"left", "right"}, optional
        Where studies are missing; left out, the side away from the small studies, by the slope of a mixed regression
        on standard errors.
    {missing}
    **methods
        As for :func:`analysis.pool`; those of a PooledEffect are kept unless named.

    Returns
    -------
    TrimAndFill
        `k0` studies on the `side`, and the effect `pooled` with them.

    Raises
    ------
    ValueError
        With fewer than three studies; where the number of missing studies does not settle, or Q0 is not defined.

    See Also
    --------
    analysis.funnel : Draw the result: filled studies are hollow.
    analysis.selection_model : Adjusts for what a selection by p values would do.

    Notes
    -----
    A sensitivity analysis: it takes asymmetry for missing studies, whatever the cause, and finds some where true
    effects vary and none are missing. The filled studies are nobody's data, and an interval with them is too narrow.

    References
    ----------
    Duval & Tweedie 2000, doi 10.1111/j.0006-341X.2000.00455.x and 10.1080/01621459.2000.10473905 (estimators, their
    variances, and the test of R0).

    Examples
    --------
    >>> filled = trim_and_fill([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16])
    >>> filled.k0, filled.side, round(filled.observed.estimate, 2), round(filled.pooled.estimate, 2)
    (3, 'left', 0.48, 0.23)
    """
    _check.option("estimator", estimator, get_args(TrimEstimator))
    if side is not None:
        _check.option("side", side, get_args(Side))
    found, methods = read("trim_and_fill", yi, vi, se, missing, methods)
    options = check_options(**methods)
    observed = pool_studies(found, options)
    if side is None:
        side = _open_side(found, methods)
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * found.yi, kind="stable")
    trimmed = missing_columns((sign * found.yi[order])[:, None], found.vi[order][:, None], estimator, options)
    k0, middle, k0_se = _settled(trimmed, len(order), estimator)
    filled = order[len(order) - k0 :]
    known = (*found.labels, *(f"{found.labels[i]}, filled" for i in filled))
    # The filled studies are no effects of anybody, so the result with them knows the measure alone.
    more = found._replace(
        yi=np.append(found.yi, 2.0 * sign * middle - found.yi[filled]),
        vi=np.append(found.vi, found.vi[filled]),
        labels=known,
        effects=found.effects if k0 == 0 else None,
    )
    return TrimAndFill(
        k=len(order),
        k0=k0,
        k0_se=k0_se,
        pvalue=float(missing_pvalue(k0)) if estimator == "R0" else np.nan,
        side=side,
        estimator=estimator,
        pooled=pool_studies(more, options),
        observed=observed,
        measure=found.measure,
        effects=found.effects,
    )


def _open_side(found, methods):
    """The side away from the small studies; the left one where standard errors are equal, or nothing leans."""
    if np.ptp(found.vi) <= _EQUAL * found.vi.max():
        return "left"
    line = mixed_line(found.yi[:, None], found.vi[:, None], np.sqrt(found.vi)[:, None], **methods)
    return "right" if line.slope[0] < 0 else "left"


class Trimmed(NamedTuple):
    """How many studies are missing left of those observed, one entry a meta-analysis."""

    k0: np.ndarray  # below k by all estimators; NaN where Q0 is not defined
    middle: np.ndarray  # of the studies that are not trimmed
    k0_se: np.ndarray
    settled: np.ndarray


def missing_columns(y: Floats, v: Floats, estimator: TrimEstimator, options: Options) -> Trimmed:
    """Trim until the number of missing studies is the same twice; y and v are (k, n), y in ascending order.

    Examples
    --------
    >>> y, v = np.array([[0.1], [0.3], [0.35], [0.7], [0.9], [1.2]]), np.array([[0.01, 0.02, 0.03, 0.06, 0.09, 0.16]]).T
    >>> missing_columns(y, v, "R0", check_options()).k0.tolist()
    [2.0]
    """
    k, n = y.shape
    out = Trimmed(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, bool))
    live = np.arange(n)
    for _ in range(_ROUNDS):
        sizes = k - out.k0[live].astype(int)
        kept = np.arange(k) < sizes[:, None]
        segments = y.T[live][kept], v.T[live][kept], sizes
        middle = segment_numbers(*segments, options, costly=False)["estimate"]
        apart = y[:, live] - middle
        rank = np.argsort(np.argsort(np.abs(apart), axis=0, kind="stable"), axis=0, kind="stable") + 1.0
        right, left = np.where(apart > 0, rank, 0.0).sum(axis=0), np.where(apart < 0, rank, 0.0).max(axis=0)
        found, spread = _counted_missing(k, right, left, estimator)
        found = np.maximum(0.0, np.rint(found))
        same = found == out.k0[live]
        out.k0[live], out.middle[live], out.k0_se[live], out.settled[live] = found, middle, spread, same
        live = live[~same & ~np.isnan(found)]
        if not live.size:
            break
    return out


def missing_pvalue(k0: ArrayLike) -> Floats:
    """The p value of no missing studies, of their number by R0."""
    return 0.5 ** (np.asarray(k0, float) + 1.0)


def _settled(trimmed, k, estimator):
    """The number, the middle and the se of one meta-analysis; refused where there is no number."""
    k0, middle, spread, settled = (x[0] for x in trimmed)
    if np.isnan(k0):
        raise ValueError(
            f"Q0 is not defined here: nearly all of {k} studies lie on one side of the middle when those farthest out "
            "are trimmed; use estimator='L0' or 'R0'"
        )
    if not settled:
        raise ValueError(f"the studies missing by {estimator} do not settle in {_ROUNDS} rounds; use another estimator")
    return int(k0), float(middle), float(spread)


def _counted_missing(k, right, left, estimator):
    """The estimates (n,), not yet whole numbers, and their se, of the sums of the ranks right and the largest left."""
    if estimator == "R0":
        found = k - left - 1.0
        return found, np.sqrt(2.0 * np.maximum(found, 0.0) + 2.0)
    if estimator == "L0":
        found = (4.0 * right - k * (k + 1)) / (2 * k - 1)
        return found, 4.0 * _rank_sd(k, found) / (2 * k - 1)
    with np.errstate(invalid="ignore"):
        found = k - 0.5 - np.sqrt(2.0 * k**2 - 4.0 * right + 0.25)
        return found, 2.0 * _rank_sd(k, found) / np.sqrt((k - 0.5) ** 2 - found * (2 * k - found - 1))


def _rank_sd(k, k0):
    """The standard deviation of the sum of the ranks of studies right of the middle."""
    inner = 10 * k0**3 + 27 * k0**2 + 17 * k0 - 18 * k * k0**2 - 18 * k * k0 + 6 * k**2 * k0
    return np.sqrt(np.maximum(0.0, (k * (k + 1) * (2 * k + 1) + inner) / 24.0))


@dataclass(frozen=True, eq=False, repr=False)
class PetPeese(Result, Reported):
    """The effect at a standard error of 0, by the line or by the parabola.

    Attributes
    ----------
    estimate, se, ci : float, float, ConfidenceInterval
        Of the one that was `chosen`.
    statistic, df, pvalue : float
        Test that this effect is zero, on t(k-2).
    chosen : {"PET", "PEESE"}
        PEESE where the effect by PET differs from zero at the level `alpha`.
    pet, peese : AsymmetryTest
        The line on standard errors and that on variances; their `limit` is the effect.
    k, alpha, confidence_level : int, float, float
    measure, effects : Measure, EffectSizes or None
    """

    estimate: float
    se: float
    ci: ConfidenceInterval
    statistic: float
    df: float
    pvalue: float
    chosen: str
    pet: AsymmetryTest
    peese: AsymmetryTest
    k: int
    alpha: float
    confidence_level: float
    measure: Measure
    effects: EffectSizes | None = None

    def _in_words(self):
        return sentences.pet_peese(self)


@documented
def pet_peese(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    alpha: float = 0.10,
    missing: Missing = "raise",
    confidence_level: float | None = None,
) -> PetPeese:
    """Return the effect that a study without sampling error would have, by PET or PEESE.

    Parameters
    ----------
    {yi, vi, se}
    alpha : float, optional
        Two-sided level at which the effect by PET must differ from zero for PEESE to be used: 0.10 is the one-sided
        0.05 of the authors, for either direction.
    {missing, confidence_level}

    Returns
    -------
    PetPeese
        `estimate` of the one chosen; both are in `pet` and `peese`.

    Raises
    ------
    ValueError
        With fewer than three studies, for standard errors that are all equal, and for a measure without a value of no
        effect, such as a proportion.

    See Also
    --------
    analysis.egger_test : The slope of PET, whose intercept this is.
    analysis.limit_meta_analysis : Another way to the same place.

    Notes
    -----
    PET is the regression of effects on their standard errors, PEESE that on their variances, both weighted by 1 / vi
    with the residual variance estimated. With few studies, or much heterogeneity, they are far out with confidence.

    References
    ----------
    Stanley & Doucouliagos 2014, doi 10.1002/jrsm.1095.

    Examples
    --------
    >>> fit = pet_peese([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16])
    >>> fit.chosen, round(fit.estimate, 2)
    ('PEESE', 0.07)
    """
    if not 0.0 < _check.amount("alpha", alpha) < 1.0:
        raise ValueError(f"alpha={alpha!r} must be a p value between 0 and 1, both excluded")
    found, methods = read("pet_peese", yi, vi, se, missing, {"confidence_level": confidence_level})
    refuse_without_null(found.measure, "pet_peese")
    y, v = found.yi[:, None], found.vi[:, None]
    _different(np.sqrt(found.vi), "standard errors", "pet_peese")
    pet, peese = (
        _of_line("Egger", found, weighted_line(y, x, 1.0 / v), name, "regression", methods)
        for x, name in ((np.sqrt(v), "se"), (v, "variance"))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        # Effects on a line leave no variance.
        tests = {name: float(np.divide(each.limit, each.limit_se)) for name, each in (("PET", pet), ("PEESE", peese))}
    chosen = "PEESE" if float(pvalues(pet.df, tests["PET"])) < alpha else "PET"
    one = pet if chosen == "PET" else peese
    return PetPeese(
        estimate=one.limit,
        se=one.limit_se,
        ci=one.limit_ci,
        statistic=tests[chosen],
        df=one.df,
        pvalue=float(pvalues(one.df, tests[chosen])),
        chosen=chosen,
        pet=pet,
        peese=peese,
        k=one.k,
        alpha=alpha,
        confidence_level=one.confidence_level,
        measure=found.measure,
        effects=found.effects,
    )


@dataclass(frozen=True, eq=False, repr=False)
class LimitEffect(Result, Reported):
    """The effect of a study without sampling error, by a limit meta-analysis.

    Attributes
    ----------
    k : int
        Number of studies.
    estimate, se, ci : float, float, ConfidenceInterval
        The adjusted effect, and its normal interval.
    statistic, df, pvalue : float
        Test of a zero adjusted effect; df is infinite.
    slope : float
        How much effects rise for each unit of sqrt(vi + tau2).
    q_small, q_small_pvalue : float
        How much of Cochran's Q goes with standard errors, chi2 on 1 degree of freedom.
    q_residual, q_residual_df, q_residual_pvalue : float, int, float
        The rest of Q.
    pooled : PooledEffect
        The effect that is not adjusted; its tau2 is used.
    measure, effects : Measure, EffectSizes or None
    """

    k: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    statistic: float
    df: float
    pvalue: float
    slope: float
    q_small: float
    q_small_pvalue: float
    q_residual: float
    q_residual_df: int
    q_residual_pvalue: float
    pooled: PooledEffect
    measure: Measure
    effects: EffectSizes | None = None

    @property
    def confidence_level(self) -> float:
        """Level of `ci`."""
        return self.pooled.confidence_level

    def _in_words(self):
        return sentences.limit_meta_analysis(self)


def parted_q(y: Floats, v: Floats) -> tuple[Floats, Floats]:
    """What goes with standard errors of Cochran's Q (n,), on 1 degree of freedom, and the rest on k - 2; y, v (k, n).

    Examples
    --------
    >>> y, v = np.array([[0.1], [0.4], [0.9], [0.7]]), np.array([[0.01], [0.04], [0.09], [0.06]])
    >>> [q.round(2).tolist() for q in parted_q(y, v)]
    [[10.59], [0.21]]
    """
    w = 1.0 / v
    line = weighted_line(y, np.sqrt(v), w)
    whole = (w * (y - (w * y).sum(axis=0) / w.sum(axis=0)) ** 2).sum(axis=0)
    rest = (w * (y - line.intercept - line.slope * np.sqrt(v)) ** 2).sum(axis=0)
    return np.maximum(0.0, whole - rest), rest


@documented
def limit_meta_analysis(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    missing: Missing = "raise",
    **methods: Unpack[PoolOptions],
) -> LimitEffect:
    """Adjust a pooled effect for small-study effects by a limit meta-analysis.

    Parameters
    ----------
    {yi, vi, se, missing}
    **methods
        `tau2_method`, `tau2` and `confidence_level`, as for :func:`analysis.pool`; those of a PooledEffect are kept
        unless named.

    Returns
    -------
    LimitEffect

    Raises
    ------
    ValueError
        With fewer than three studies, and for standard errors that are all equal.

    See Also
    --------
    analysis.pet_peese : Leaves heterogeneity to the residual variance.

    Notes
    -----
    With s² = vi + tau2 the line of effects on s, weighted by 1 / s², is taken to its value at s = tau, where vi is 0:
    the effect beta + tau alpha of the authors. Its variance takes 1 for the residual one.

    The test of `q_small` takes all that sampling leaves for a difference by size: with heterogeneity it finds one far
    too often, as docs/small_study_levels.md shows; :func:`egger_test` does so less.

    References
    ----------
    Rücker, Schwarzer, Carpenter, Binder & Schumacher 2011, doi 10.1093/biostatistics/kxq046; standard error as in R's
    metasens, `limitmeta(method.adjust = "beta0")`.

    Examples
    --------
    >>> fit = limit_meta_analysis([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16])
    >>> round(fit.estimate, 2), round(fit.pooled.estimate, 2)
    (0.07, 0.48)
    """
    found, methods = read("limit_meta_analysis", yi, vi, se, missing, methods)
    pooled, k = pool_studies(found, check_options(**methods)), len(found.yi)
    _different(np.sqrt(found.vi), "standard errors", "limit_meta_analysis")
    y, v = found.yi[:, None], found.vi[:, None]
    s = np.sqrt(v + pooled.tau2)
    line = weighted_line(y, s, 1.0 / s**2)
    estimate = float(line.intercept[0] + pooled.tau * line.slope[0])
    precision = 1.0 / s[:, 0]
    square = ((precision - precision.mean()) ** 2).sum()
    spread = float(np.sqrt(((1.0 - pooled.tau * precision) ** 2).mean() / square))
    half = float(t_quantile(np.inf, pooled.confidence_level)) * spread
    q_small, residual = (float(q[0]) for q in parted_q(y, v))
    return LimitEffect(
        k=k,
        estimate=estimate,
        se=spread,
        ci=ConfidenceInterval(estimate - half, estimate + half),
        statistic=estimate / spread,
        df=np.inf,
        pvalue=float(2.0 * special.ndtr(-abs(estimate / spread))),
        slope=float(line.slope[0]),
        q_small=q_small,
        q_small_pvalue=float(special.chdtrc(1, q_small)),
        q_residual=residual,
        q_residual_df=k - 2,
        q_residual_pvalue=float(special.chdtrc(k - 2, residual)),
        pooled=pooled,
        measure=found.measure,
        effects=found.effects,
    )


@dataclass(frozen=True, eq=False, repr=False)
class LfkIndex(Result):
    """The LFK index of the asymmetry of a Doi plot, which is no test.

    Attributes
    ----------
    k : int
        Number of studies.
    statistic : float
        The index, 0 where both limbs are alike.
    points : pandas.DataFrame
        The Doi plot: `label`, `estimate` and `z`, the normal quantile of the rank, in ascending order of effects; both
        limbs rise to the study nearest to the middle, at |z| near 0.
    measure, effects : Measure, EffectSizes or None
    """

    k: int
    statistic: float
    points: pd.DataFrame
    measure: Measure
    effects: EffectSizes | None = None

    @property
    def asymmetry(self) -> Literal["no", "minor", "major"]:
        """What the authors call it: no asymmetry up to 1, minor up to 2."""
        size = abs(self.statistic)
        return "no" if size <= 1.0 else "minor" if size <= 2.0 else "major"

    def _in_words(self):
        return sentences.lfk_index(self)


def lfk_columns(y: Floats, v: Floats) -> tuple[Floats, Floats]:
    """The LFK index (n,) and, study by study in ascending order of effects, z (k, n); y and v are (k, n)."""
    # Of effects that tie the order is that of their variances, not that of the rows.
    order = np.lexsort((v, y), axis=0)
    y, v = np.take_along_axis(y, order, 0), np.take_along_axis(v, order, 0)
    people = 100.0 * v.max(axis=0) / v
    rank = np.cumsum(people, axis=0) - people / 2.0
    z = special.ndtri((rank - 0.5) / people.sum(axis=0))
    middle = np.take_along_axis(y, np.abs(z).argmin(axis=0)[None], 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        steep = np.ptp(z, axis=0) / np.ptp(y, axis=0)
    return 2.5 * (z + steep * (y - middle)).mean(axis=0), z


@documented
def lfk_index(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    missing: Missing = "raise",
) -> LfkIndex:
    """Return the LFK index of the asymmetry of a Doi plot, a number that misleads.

    Parameters
    ----------
    {yi, vi, se, missing}

    Returns
    -------
    LfkIndex

    Raises
    ------
    ValueError
        With fewer than three studies, and for effects that are all equal.

    See Also
    --------
    analysis.egger_test : A test, with a level.

    Notes
    -----
    It is no test: how often it is beyond 1 where there is nothing depends on the number of studies, their sizes and how
    far true effects differ; docs/small_study_levels.md has how often. Reviewers who ask for it are better served by a
    test.

    As published, and as metasens has it, half a person is taken from every rank, from below: the index of effects with
    the other sign is not quite the other way round (the second example). Effects that tie are taken in the order of
    their variances, whatever that of the rows; the authors leave it open.

    References
    ----------
    Furuya-Kanamori, Barendregt & Doi 2018, doi 10.1097/XEB.0000000000000141; Schwarzer, Rücker & Semaca 2024, doi
    10.1002/jrsm.1714 (its false positives).

    Examples
    --------
    The example of the authors:

    >>> index = lfk_index([-4.270, -1.710, -0.580, -0.190, 0.000], [0.158, 0.076, 0.018, 0.022, 0.040])
    >>> round(index.statistic, 2), index.asymmetry
    (-3.31, 'major')

    Effects and the same with the other sign:

    >>> yi, vi = [0.5, 0.1, 0.9, 0.3, 0.2, 0.7], [0.04, 0.05, 0.06, 0.02, 0.03, 0.04]
    >>> round(lfk_index(yi, vi).statistic, 3), round(lfk_index([-y for y in yi], vi).statistic, 3)
    (1.762, -1.776)
    """
    import pandas as pd

    found, _ = read("lfk_index", yi, vi, se, missing)
    _different(found.yi, "the normal quantiles of their ranks", "lfk_index")
    index, z = lfk_columns(found.yi[:, None], found.vi[:, None])
    order = np.lexsort((found.vi, found.yi))
    labels = [found.labels[i] for i in order]
    points = pd.DataFrame({"label": labels, "estimate": found.yi[order], "z": z[:, 0]})
    return LfkIndex(len(order), float(index[0]), points, found.measure, found.effects)


@dataclass(frozen=True, eq=False, repr=False)
class SmallStudyEffects(Result, Reported):
    """What tests of small-study effects find, and what effects adjusted for them would be.

    Attributes
    ----------
    k : int
        Number of studies.
    table : pandas.DataFrame
        One row a method: `method`; `statistic`, `df` and `pvalue` of a test of small-study effects; `estimate`,
        `ci_low` and `ci_high` of an adjusted effect; and `note`, which says why a method was not used, or how far it
        fits.
    pooled : PooledEffect
        The effect that is not adjusted.
    measure, effects : Measure, EffectSizes or None
    """

    k: int
    table: pd.DataFrame
    pooled: PooledEffect
    measure: Measure
    effects: EffectSizes | None = None

    @documented
    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return a copy of the table.

        Parameters
        ----------
        {transform}

        Returns
        -------
        pandas.DataFrame
            One row a method.
        """
        return self.measure.transform_table(self.table) if transform and self.measure.scale else self.table.copy()

    def _in_words(self):
        return sentences.small_study_effects(self)


# Measures of two arms whose standard errors go with the effect, and the tests that were made for them.
_OWN_TESTS = {"OR": ("harbord_test", "peters_test"), "PETO": ("harbord_test", "peters_test"), "RR": ("peters_test",)}
_OWN_TESTS |= dict.fromkeys(("SMD", "SMD1", "SMDH"), ("pustejovsky_test",))
_TIED = "the standard error goes with the effect here, which alone tilts a funnel"


@documented
def small_study_effects(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    missing: Missing = "raise",
    **methods: Unpack[PoolOptions],
) -> SmallStudyEffects:
    """Run the tests of small-study effects that fit the measure and the number of studies, in one table.

    Parameters
    ----------
    {yi, vi, se, missing}
    **methods
        As for :func:`analysis.pool`; those of a PooledEffect are kept unless named.

    Returns
    -------
    SmallStudyEffects
        Its `table` has a row for each method; where one was not used, the note says why.

    Raises
    ------
    ValueError
        With fewer than three studies.

    See Also
    --------
    analysis.egger_test : One of the tests; it has the others as neighbours.
    analysis.funnel : Look first.

    Notes
    -----
    Odds ratios are tested by :func:`harbord_test` and :func:`peters_test`, risk ratios by the latter, standardised mean
    differences by :func:`pustejovsky_test`, where the effects know the counts or the people; all others by Egger's
    regression. Several tests of the same studies are one look: the smallest of their p values is no result.

    References
    ----------
    Sterne et al. 2011, doi 10.1136/bmj.d4002 (which test for what, ten studies, what asymmetry is not).

    Examples
    --------
    >>> found = small_study_effects([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16])
    >>> found.table[["method", "pvalue"]].head(2).round(3).values.tolist()
    [['Egger', 0.0], ['Egger, mixed model', 0.0]]
    """
    import pandas as pd

    found, methods = read("small_study_effects", yi, vi, se, missing, methods)
    pooled = pool_studies(found, check_options(**methods))
    rows = _asymmetry_rows(yi if vi is None and se is None else pooled, missing, pooled)
    note = _TIED if pooled.measure.tied else ""
    rows.append(_row("Begg", lambda: begg_test(pooled), note))
    rows.append(_row("Excess significance", lambda: excess_significance(pooled)))
    level = pooled.confidence_level
    # Their own tests are of the adjusted effect, and not of asymmetry.
    adjusted = {"Trim and fill, L0": lambda: trim_and_fill(pooled).pooled}
    adjusted |= {"PET-PEESE": lambda: pet_peese(pooled, confidence_level=level)}
    adjusted |= {"Limit meta-analysis": lambda: limit_meta_analysis(pooled)}
    untested = dict.fromkeys(("statistic", "df", "pvalue"), np.nan)
    rows += [_row(name, make, note) | untested for name, make in adjusted.items()]
    rows.append(_row("Selection model, p 0.025", lambda: selection_model(pooled, confidence_level=level)))
    return SmallStudyEffects(len(found.yi), pd.DataFrame(rows), pooled, found.measure, found.effects)


def _asymmetry_rows(given, missing, pooled):
    """The tests made for the measure where their numbers are known, otherwise Egger's."""
    rows = []
    for name in _OWN_TESTS.get(pooled.measure.code, ()):
        test = {"harbord_test": harbord_test, "peters_test": peters_test, "pustejovsky_test": pustejovsky_test}[name]
        called = {"pustejovsky_test": "Pustejovsky-Rodgers"}.get(name, name.partition("_")[0].capitalize())
        rows.append(_row(called, lambda test=test: test(given, missing=missing)))
    if any(not row["note"] for row in rows):
        return [*rows, _unused("Egger", _TIED)]
    note = _TIED if pooled.measure.tied else ""
    eggers = {"Egger": "regression", "Egger, mixed model": "mixed"}
    tests = [_row(name, lambda model=model: egger_test(pooled, model=model), note) for name, model in eggers.items()]
    return [*rows, *tests]


def _row(method, make, note=""):
    """What a method found, and how far it fits; where it cannot be used, why."""
    try:
        result = make()
    except ValueError as error:
        # Of a list of problems, these alone.
        return _unused(method, " ".join((str(error).partition(":\n")[2] or str(error)).split()))
    estimate, ci = getattr(result, "estimate", np.nan), getattr(result, "ci", (np.nan, np.nan))
    tested = {name: getattr(result, name) for name in ("statistic", "df", "pvalue")}
    if hasattr(result, "lrt"):
        tested = {"statistic": result.lrt, "df": float(result.lrt_df), "pvalue": result.lrt_pvalue}
    return {"method": method} | tested | {"estimate": estimate, "ci_low": ci[0], "ci_high": ci[1], "note": note}


def _unused(method, why):
    names = ("statistic", "df", "pvalue", "estimate", "ci_low", "ci_high")
    return {"method": method} | dict.fromkeys(names, np.nan) | {"note": f"not used: {why}"}
