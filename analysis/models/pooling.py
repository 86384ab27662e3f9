"""Pool effect sizes: one meta-analysis, several sets of the same studies, or a million simulated ones.

All share one engine, which works on arrays of k studies by n meta-analyses and makes of them the mean, its interval
and test, the heterogeneity and the prediction. `segment_numbers` gives it meta-analyses of any sizes in blocks of
similar size. `leave_one_out` and `cumulative`, which show how far a pooled result hangs on single studies, are one call
each.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis import _check
from analysis._docs import documented
from analysis._types import (
    Benefit,
    CIMethod,
    Floats,
    Labels,
    Missing,
    PIMethod,
    PoolOptions,
    Tau2CIMethod,
    Tau2Method,
    Values,
)
from analysis.measures import Measure
from analysis.models.blocks import check_jobs, in_blocks, of_dask, shares
from analysis.models.coefficients import Regression
from analysis.models.counts import PooledCounts, without_each_trial
from analysis.models.multilevel import MultilevelEffect, without_each_cluster
from analysis.models.prediction import prediction_interval
from analysis.models.results import BatchPooled, ConfidenceInterval, PooledEffect, flat, pvalues, t_quantile
from analysis.models.studies import Studies, methods_of, paired, paired_frame, read_studies
from analysis.models.tau2 import (
    GENERALISED_Q_METHODS,
    TAU2_METHODS,
    columns,
    estimate_tau2,
    generalised_q_ends,
    profile_interval,
    q_profile_interval,
    typical_variance,
)
from analysis.sentences import clustered
from analysis.text import sortable

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes
    from analysis.models.regression import MetaRegression

CI_METHODS = get_args(CIMethod)
TAU2_CI_METHODS = get_args(Tau2CIMethod)
# What a prediction interval takes from k for its degrees of freedom: 1 as for the mean itself, 2 in Higgins, Thompson &
# Spiegelhalter 2009 (metafor's "riley"); the normal one has none.
_PREDICTION_DF = {"t(k-1)": 1.0, "t(k-2)": 2.0, "z": None}
PI_METHODS = get_args(PIMethod)

# With so many terms, `many_pvalues` is good to 1e-13 up to that df.
_NODES, _LARGEST_DF = 18, 60.0
# In place of an interval of tau2 that there is not, or that nobody asks for.
_NO_INTERVAL = (np.nan, np.nan)
# What one result has and a table of many has not, unless asked; the rest is as `check_options` has it.
USUAL = {"pi_method": "Nagashima"}
# The columns of `leave_one_out` and `cumulative`.
_STEP_FIELDS = ("k", "estimate", "se", "ci", "pvalue", "tau2", "tau", "i2", "q", "q_pvalue", "pi")


@documented
def pool(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    tau2_method: Tau2Method | None = None,
    ci_method: CIMethod | None = None,
    pi_method: PIMethod | None = None,
    confidence_level: float | None = None,
    labels: Labels | None = None,
    measure: str = "",
    benefit: Benefit | None = None,
    missing: Missing = "raise",
    tau2_ci_method: Tau2CIMethod | None = None,
    tau2: float | None = None,
) -> PooledEffect:
    """Pool the effects of k studies.

    Parameters
    ----------
    {yi, vi, se, tau2_method, ci_method, pi_method, confidence_level, labels, measure}
    benefit : {"lower", "higher"}, optional
        What is good for patients, for the words of figures; that of the effects if left out.
    {missing}
    tau2_ci_method : {"Q-profile", "profile likelihood", "Jackson", "Biggerstaff"}, optional
        Interval of tau2; the second for ML and REML only. The last two invert the exact distribution of a Q with the
        weights 1/sqrt(vi) and 1/vi.
    {tau2}

    Returns
    -------
    PooledEffect
        A single study gives itself with a normal interval, and NaN for tau2, I2 and the prediction interval.

    Raises
    ------
    ValueError
        For outcomes that are not finite numbers, variances that are not positive and finite, unequal lengths,
        indexes that do not pair, no studies, an unknown measure or unknown options; the message lists every study
        concerned.
    TypeError
        For the result of a model whose effects are not independent studies.

    Warns
    -----
    RepeatedStudyWarning
        If a study stands in several rows of a table with a column study.

    See Also
    --------
    analysis.pool_subgroups : A mean for each group of studies, and whether they differ.
    analysis.meta_regression : Explain the effects by moderators.
    analysis.pool_bayes : Pool with prior distributions, for few studies.
    analysis.forest : Draw the studies and their mean.

    Notes
    -----
    Methods that are not named are those of a PooledEffect that is given, a given `tau2` included; of all else they are
    "REML", "HKSJ-wide", "Nagashima", 0.95 and "Q-profile". To pool the effects of a result anew give its `effects`.

    References
    ----------
    Estimators of tau2: Viechtbauer 2005, doi 10.3102/10769986030003261 (REML, ML); DerSimonian & Laird 1986, doi
    10.1016/0197-2456(86)90046-2 (DL); Paule & Mandel 1982, doi 10.6028/jres.087.022 (PM); Morris 1983, doi
    10.1080/01621459.1983.10477920 (EB); Cochran 1954, doi 10.2307/3001666 (HE); Hunter & Schmidt 2004, Methods of
    Meta-Analysis (HS); Sidik & Jonkman 2005, doi 10.1111/j.1467-9876.2005.00489.x (SJ).

    Interval of the mean: Hartung & Knapp 2001, doi 10.1002/sim.1009, and Sidik & Jonkman 2002, doi 10.1002/sim.1262
    (HKSJ); Knapp & Hartung 2003, doi 10.1002/sim.1482, and Roever, Knapp & Friede 2015, doi 10.1186/s12874-015-0091-1
    (HKSJ-mod: its factor not below 1).

    Interval of tau2: Viechtbauer 2007, doi 10.1002/sim.2514 (Q-profile); Hardy & Thompson 1996, doi
    10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A (profile likelihood); Jackson 2013, Res Synth
    Methods 4:220-229; Biggerstaff & Jackson 2008, doi 10.1002/sim.3428.

    Higgins & Thompson 2002, doi 10.1002/sim.1186 (I2, H2); Higgins, Thompson & Spiegelhalter 2009, doi
    10.1111/j.1467-985X.2008.00552.x (prediction interval).

    Examples
    --------
    >>> pooled = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])
    >>> round(pooled.estimate, 3), round(pooled.tau2, 3)
    (-1.242, 0.475)
    """
    named = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method, "tau2": tau2}
    named |= {"confidence_level": confidence_level, "tau2_ci_method": tau2_ci_method}
    found = read_studies(yi, vi, se=se, labels=labels, measure=measure, benefit=benefit, missing=missing)
    return pool_studies(found, check_options(**USUAL | methods_of(found, named)))


class Options(NamedTuple):
    """Checked options; `tau2_method` is "fixed" where tau2 is given, `tau2_ci` None where it is to be computed."""

    tau2_method: str
    ci_method: str
    pi_method: str
    confidence_level: float
    tau2_ci_method: str
    tau2: float | None
    tau2_ci: tuple[float, float] | None


def check_options(
    tau2_method: str = "REML",
    ci_method: str = "HKSJ-wide",
    pi_method: str = "t(k-1)",
    confidence_level: float = 0.95,
    tau2_ci_method: str = "Q-profile",
    tau2: float | None = None,
) -> Options:
    """Return the options as `Options`; raise ValueError for one that is not known."""
    _check.option("tau2_method", tau2_method, TAU2_METHODS)
    _check.option("ci_method", ci_method, CI_METHODS)
    _check.option("pi_method", pi_method, PI_METHODS)
    _check.option("tau2_ci_method", tau2_ci_method, TAU2_CI_METHODS)
    if tau2_ci_method == "profile likelihood" and tau2_method not in ("ML", "REML"):
        raise ValueError(f"tau2_ci_method='profile likelihood' needs tau2_method 'ML' or 'REML', not {tau2_method!r}")
    level, tau2 = _check.level(confidence_level), _check.fixed_tau2(tau2)
    tau2_method = tau2_method if tau2 is None else "fixed"
    tau2_ci = _NO_INTERVAL if tau2_method in ("CE", "fixed") else None
    return Options(tau2_method, ci_method, pi_method, level, tau2_ci_method, tau2, tau2_ci)


def pool_studies(found: Studies, options: Options) -> PooledEffect:
    """The result of all studies together."""
    if options.tau2_ci_method == "profile likelihood":
        _check.span(found.yi, found.vi, found.named, "tau2_ci_method='profile likelihood'")
    own = {name: getattr(found, name) for name in ("measure", "left_out", "effects")}
    (pooled,) = pool_segments(found.yi, found.vi, found.labels, np.array([found.yi.size]), options, **own)
    return pooled


def pool_segments(
    yi: Floats, vi: Floats, labels: tuple[str, ...], sizes: NDArray[np.intp], options: Options, **same: Any
) -> list[PooledEffect]:
    """One `PooledEffect` for each meta-analysis, with fields that are the `same` for all; see `segment_numbers`."""
    numbers = {
        name: x.tolist() if x.ndim == 1 else [ConfidenceInterval(*pair) for pair in x.T.tolist()]
        for name, x in segment_numbers(yi, vi, sizes, options, costly=False).items()
    }
    pi = numbers.pop("pi", [None] * sizes.size)

    def one(j, end):
        own = {name: x[j] for name, x in numbers.items()}
        here = slice(end - own["k"], end)
        weights = 1.0 / (vi[here] + (0.0 if np.isnan(own["tau2"]) else own["tau2"]))
        return PooledEffect(
            **own,
            _pi=pi[j],
            weights=weights / weights.sum(),
            yi=yi[here],
            vi=vi[here],
            labels=labels[here],
            tau2_method=options.tau2_method,
            ci_method=options.ci_method if own["k"] > 1 else "z",
            pi_method=options.pi_method,
            confidence_level=options.confidence_level,
            tau2_ci_method=options.tau2_ci_method,
            **same,
        )

    return [one(j, end) for j, end in enumerate(np.cumsum(sizes).tolist())]


def segment_numbers(
    yi: Floats, vi: Floats, sizes: NDArray[np.intp], options: Options, *, costly: bool = True, n_jobs: int = 1
) -> dict[str, np.ndarray]:
    """Every number of a `PooledEffect` of n meta-analyses, by its name; intervals have the shape (2, n).

    Parameters
    ----------
    yi, vi, sizes, n_jobs
        As for `in_blocks`.
    options : Options
    costly : bool, optional
        Whether to work out a prediction interval that costs more than all the rest; without it there is no "pi".
    """

    def numbers(y, v):
        found = _all_numbers(columns(y, v), options)
        if costly and "pi" not in found:
            found["pi"] = prediction_interval(y, v, found["ci"], options.confidence_level, options.tau2)
        return found

    return in_blocks(numbers, yi, vi, sizes, n_jobs)


def _all_numbers(data, options):
    """Every number of a `PooledEffect`, as arrays over the columns; intervals as two rows."""
    fit, k = fit_columns(data, options), data.k
    tau2_ci = _tau2_interval(data, fit, options)
    with np.errstate(invalid="ignore", divide="ignore"):
        h2 = fit.q / (k - 1) if options.tau2_method == "CE" else 1.0 + fit.tau2 / fit.typical
    numbers = {name: getattr(fit, name) for name in ("estimate", "se", "df", "statistic", "tau2", "i2", "q")}
    numbers |= {"k": k, "q_df": k - 1, "pvalue": pvalues(fit.df, fit.statistic), "tau": np.sqrt(fit.tau2), "h2": h2}
    numbers["q_pvalue"] = np.where(k > 1, special.chdtrc(np.maximum(k - 1, 1), fit.q), 1.0)
    numbers |= {"ci": fit.ci, "tau2_ci": tau2_ci, "i2_ci": tau2_ci / (tau2_ci + fit.typical)}
    if options.tau2_method == "CE" or options.pi_method in _PREDICTION_DF:
        numbers["pi"] = prediction_limits(fit, k, options)
    numbers["hksj_narrower"] = hksj_narrower(fit, options)
    return numbers


def hksj_narrower(fit: Any, options: Options) -> Values:
    """Whether the HKSJ interval is narrower than the Wald interval, for methods that show one of them."""
    if options.ci_method == "HKSJ-wide":
        return np.isinf(fit.df) & (fit.hksj < 1.0)
    # The two intervals have the rest of the standard error in common.
    wald = t_quantile(np.inf, options.confidence_level)
    return (options.ci_method == "HKSJ") & (fit.critical * np.sqrt(fit.hksj) < wald)


class _Fit(NamedTuple):
    """Results in the unit of yi, one entry a meta-analysis; see `heterogeneity`."""

    estimate: np.ndarray
    se: np.ndarray
    tau2: np.ndarray
    typical: np.ndarray
    q: np.ndarray
    i2: np.ndarray
    hksj: np.ndarray
    factor: np.ndarray
    df: np.ndarray
    critical: np.ndarray

    @property
    def statistic(self) -> Floats:
        """Test statistic of a zero mean; with se = 0 it is infinite, or NaN for 0 / 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.estimate / self.se

    @property
    def ci(self) -> Floats:
        half = self.critical * self.se
        return np.array([self.estimate - half, self.estimate + half])


def fit_columns(data: Any, options: Options) -> _Fit:
    """Estimate tau2 and the mean of every column of `data`."""
    at, between = heterogeneity(data, options)
    return _Fit(
        estimate=data.shift + at.mean * data.scale,
        se=np.sqrt(between["factor"] / at.total) * data.scale,
        **between,
    )


def heterogeneity(data: Any, options: Options) -> tuple[Any, dict[str, Floats]]:
    """What an analysis of `Columns`, or of `Designs`, says of the variance between studies, and where it is fitted.

    Parameters
    ----------
    data : Columns or Designs
    options : Options

    Returns
    -------
    at : NamedTuple
        What `data.at` gives at tau2, in the units of `data`.
    between : dict of ndarray, shape (n,)
        tau2 and the typical sampling variance in the unit of yi squared, Q, I2 as a fraction; `hksj`, Q(tau2) / df, by
        which HKSJ multiplies the variance of the mean, and the `factor` by which the method does; the degrees of
        freedom of the tests and their critical value. For a single study tau2 is NaN, unless given, the factor is 1
        and the test normal; so it is where "HKSJ-wide" finds the HKSJ interval narrower than the Wald interval.
    """
    unit = data.scale**2
    df = np.full(unit.shape, data.df)
    common = data.at(0.0)
    typical = typical_variance(data, common)
    tau2 = estimate_tau2(data, options.tau2_method, common, typical) if options.tau2 is None else options.tau2 / unit
    at = common if options.tau2_method == "CE" else data.at(tau2)
    with np.errstate(invalid="ignore", divide="ignore"):
        # tau2 of the common-effect model is 0 by definition: its I2 comes from Q.
        if options.tau2_method == "CE":
            i2 = np.where(df > 0, np.where(common.q > df, (common.q - df) / common.q, 0.0), np.nan)
        else:
            i2 = tau2 / (tau2 + typical)
    free = np.where((df > 0) & (options.ci_method != "z"), df * 1.0, np.inf)
    hksj = np.where(df > 0, at.q / np.maximum(df, 1), 1.0)
    factor = hksj if options.ci_method.startswith("HKSJ") else np.ones(unit.shape)
    if options.ci_method == "HKSJ-mod":
        factor = np.maximum(factor, 1.0)
    # Quantiles are slow: one for each distinct df.
    distinct, index = _distinct(free)
    critical = np.full(free.shape, t_quantile(distinct, options.confidence_level)[index])
    if options.ci_method == "HKSJ-wide":
        # The two intervals have the rest of the standard error in common.
        wald = t_quantile(np.inf, options.confidence_level)
        narrow = critical * np.sqrt(factor) < wald
        factor, free, critical = (np.where(narrow, x, y) for x, y in ((1.0, factor), (np.inf, free), (wald, critical)))
    tau2 = np.where((df > 0) | (options.tau2 is not None), tau2 * unit, np.nan)
    between = {"tau2": tau2, "typical": typical * unit, "q": common.q, "i2": i2}
    return at, between | {"hksj": hksj, "factor": factor, "df": free, "critical": critical}


def _distinct(df):
    """The distinct degrees of freedom, and the index that spreads them out again: 0 if there is but one."""
    if (df == df[0]).all():
        return df[:1], 0
    return np.unique(df, return_inverse=True)


def _tau2_interval(data, fit, options):
    """Interval of tau2 in the unit of yi squared, as two rows."""
    if options.tau2_ci is not None:
        return np.tile(np.reshape(options.tau2_ci, (2, 1)), data.k.size)
    unit, several = data.scale**2, data.k > 1
    if options.tau2_ci_method == "profile likelihood":
        # Twice the fall of the log-likelihood is chi-square on 1 df.
        fall = 0.5 * special.chdtri(1, 1.0 - options.confidence_level)
        tau2 = np.where(several, fit.tau2 / unit, 0.0)
        ends = profile_interval(data, tau2, fall, options.tau2_method == "REML")
    elif options.tau2_ci_method in GENERALISED_Q_METHODS:
        ends = generalised_q_ends(data, options.tau2_ci_method, options.confidence_level)
    else:
        ends = q_profile_interval(data, options.confidence_level)
    return np.where(several, np.multiply(ends, unit), np.nan)


def prediction_limits(fit: Any, k: NDArray[np.intp], options: Options) -> Floats:
    """Prediction interval around the mean with the standard error of the chosen interval, as two rows."""
    less = _PREDICTION_DF.get(options.pi_method)
    distinct, index = _distinct(k)
    df = np.full(distinct.shape, np.inf) if less is None else np.where(distinct > 2, distinct - less, np.nan)
    half = t_quantile(df, options.confidence_level)[index] * np.sqrt(fit.tau2 + fit.se**2)
    half = np.where((k > 1) & (options.tau2_method != "CE"), half, np.nan)
    return np.array([fit.estimate - half, fit.estimate + half])


@documented
def pool_batch(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    sizes: ArrayLike | None = None,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    confidence_level: float = 0.95,
    n_jobs: int = 1,
) -> BatchPooled:
    """Pool n meta-analyses of up to k studies each, for simulation and resampling.

    The work is done in blocks of similar size that stay in the processor's cache, so the memory needed beyond the two
    inputs is little more than that of the result, and of the studies where some are absent.

    Parameters
    ----------
    yi, vi : array_like, shape (n, k), or (number of studies,) beside `sizes`
        Outcomes and sampling variances, one meta-analysis a row; NaN in both where a study is absent. Two DataFrames
        are paired by index and columns. Arrays of dask, of rows, give lazy arrays.
    sizes : array_like of int, shape (n,), optional
        How many studies each meta-analysis has, in one dimension and one meta-analysis after the other: where they
        differ much in size, rows filled up with NaN take longer to read than to pool.
    {tau2_method, ci_method, confidence_level, n_jobs}

    Returns
    -------
    BatchPooled
        Arrays of shape (n,). A row without any study has k = 0 and NaN elsewhere; one with a single study
        gives that study, a normal interval, and NaN for tau2 and I2.

    Raises
    ------
    ValueError
        As for :func:`analysis.pool`; the message lists rows and studies.

    See Also
    --------
    analysis.pool : Pool one meta-analysis, with every interval.
    analysis.pool_groups : Pool each group of a long table.
    analysis.leave_one_out : Pool all studies but one, for each study in turn.
    analysis.multiverse : Pool by every combination of choices.

    References
    ----------
    Those of :func:`analysis.pool`, among them: Viechtbauer 2005, doi 10.3102/10769986030003261 (REML, ML); Hartung &
    Knapp 2001, doi 10.1002/sim.1009, and Sidik & Jonkman 2002, doi 10.1002/sim.1262 (HKSJ); Higgins & Thompson 2002,
    doi 10.1002/sim.1186 (I2).

    Examples
    --------
    >>> import numpy as np
    >>> batch = pool_batch([[-1.2, -0.4, -2.0], [0.1, 0.3, np.nan]], [[0.1, 0.2, 0.1], [0.1, 0.2, np.nan]])
    >>> batch.k.tolist(), batch.estimate.round(4).tolist()
    ([3, 2], [-1.2415, 0.1667])
    >>> pool_batch([-1.2, -0.4, -2.0, 0.1, 0.3], [0.1, 0.2, 0.1, 0.1, 0.2], sizes=[3, 2]).estimate.round(4).tolist()
    [-1.2415, 0.1667]
    """
    options = check_options(tau2_method, ci_method, "z", confidence_level)
    check_jobs(n_jobs)
    if of_dask(yi) or of_dask(vi):
        return _lazy_batch(yi, vi, sizes, options, n_jobs)
    if sizes is None:
        vi = paired_frame(vi, "vi", getattr(yi, "index", None), getattr(yi, "columns", None))
        _check.same_shape(yi, vi, 2, "(n, k), n meta-analyses by k studies")
        sizes = np.full(len(yi), np.shape(yi)[1])
    else:
        vi = paired(vi, "vi", getattr(yi, "index", None))
        _check.same_shape(yi, vi, 1, "(number of studies,) beside sizes")
        sizes = _check.sizes(sizes, len(yi))
    return _batch(yi, vi, sizes, options, n_jobs)


def _lazy_batch(yi, vi, sizes, options, n_jobs):
    """The same of arrays of dask, as such arrays."""
    import dask.array as da

    if sizes is not None:
        raise ValueError("sizes is for arrays in memory; give pool_groups a dask DataFrame with one row a study")
    if n_jobs != 1:
        raise ValueError(f"n_jobs={n_jobs!r} is for arrays in memory; of dask the number of workers decides")
    if np.shape(yi) != np.shape(vi) or np.ndim(yi) != 2:
        raise ValueError(f"yi and vi have the shapes {np.shape(yi)} and {np.shape(vi)}; both must be (n, k)")
    yi = da.asarray(yi).rechunk({1: -1})

    def of_rows(y, v, block_info):
        first = block_info[0]["array-location"][0][0]
        return np.column_stack(_batch(y, v, np.full(*y.shape), options, first=first))

    whole = da.map_blocks(
        of_rows,
        yi,
        da.asarray(vi).rechunk(yi.chunks),
        chunks=(yi.chunks[0], (len(BatchPooled._fields),)),
        meta=np.empty((0, 0)),
    )
    return BatchPooled(whole[:, 0].astype(int), *whole.T[1:])


def _batch(yi, vi, sizes, options, n_jobs=1, first=0):
    y, v, k = _present(yi, vi, sizes, first)
    found = in_blocks(partial(_few_numbers, options=options), y, v, k, n_jobs)
    nothing = {} if found else dict.fromkeys(BatchPooled._fields, np.full(k.size, np.nan)) | {"k": k}
    return BatchPooled(**nothing | found)


def _present(yi, vi, sizes, first):
    """The studies that are there, checked, those of one meta-analysis after those of another, and how many each has.

    `first` is where these rows stand in the whole array.
    """
    y, v = (np.ravel(x if type(x) is np.ndarray and x.dtype == float else _check.as_floats(x)) for x in (yi, vi))
    if _check.all_good(y, v):
        return y, v, sizes
    ends = np.cumsum(sizes)

    def where(at):
        if len(at) == 2:
            return f"row {first + at[0] + 1}, study {at[1] + 1}"
        j = np.searchsorted(ends, at[0], side="right")
        return f"meta-analysis {j + 1}, study {at[0] - ends[j] + sizes[j] + 1}"

    if any(getattr(x, "dtype", np.dtype(object)).kind not in "fiu" for x in (yi, vi)):
        _check.check(yi, vi, where, absent_allowed=True)
    # NaN alone differs from itself, and is found so faster than by its name.
    there = np.flatnonzero((y == y) | (v == v))
    y, v = y[there], v[there]
    if not _check.all_good(y, v):
        _check.check(yi, vi, where, absent_allowed=True)
    return y, v, np.diff(np.searchsorted(there, np.append(0, ends)))


def _few_numbers(y, v, options):
    """What a `BatchPooled` holds."""
    data = columns(y, v)
    fit = fit_columns(data, options)
    numbers = {name: getattr(fit, name) for name in ("estimate", "se", "tau2", "q", "i2")}
    numbers |= {"k": data.k, "pvalue": many_pvalues(fit.df, fit.statistic)}
    return numbers | dict(zip(("ci_low", "ci_high"), fit.ci, strict=True))


def many_pvalues(df: Floats, t: Floats) -> Floats:
    """Two-sided p-values of a large number of t statistics, to 1e-13 relative and ten times as fast as `pvalues`.

    With c = sqrt(df / (df + t^2)) and z = (c / (1 + sqrt(1 - c^2)))^2, both of them 1 at t = 0 and 0 at infinity,
    p / c^df is a function of z that is as good as a polynomial. Each p-value depends on its own df and t only.
    """
    far = df > _LARGEST_DF
    if far.any():
        pvalue = np.empty(t.shape)
        pvalue[far] = pvalues(df[far], t[far])
        if not far.all():
            pvalue[~far] = many_pvalues(df[~far], t[~far])
        return pvalue
    size, pvalue, (distinct, index) = np.abs(t), np.zeros(t.shape), _distinct(df)
    root = np.sqrt(distinct)[index]
    with np.errstate(invalid="ignore", over="ignore"):
        hypotenuse = np.sqrt(distinct[index] + size**2)
        z = (root / (hypotenuse + size)) ** 2
        for coefficient in np.transpose([_tail_polynomial(x) for x in distinct.tolist()])[::-1]:
            pvalue *= z
            pvalue += coefficient[index]
        pvalue *= (root / hypotenuse) ** df
    return np.minimum(pvalue, 1.0, out=pvalue)


@lru_cache(maxsize=1024)
def _tail_polynomial(df):
    """Coefficients in z, constant first, of p / c^df; see `many_pvalues`.

    p = 2 I_y(a, a) with a = df / 2 and y = z / (1 + z), hence p / c^df is a constant times
    (1 + z) 2F1(1, 1 - a; 1 + a; -z): a polynomial for even df, else smooth, with its singularity at z = -1. It is
    interpolated at Chebyshev nodes of z = 0 to 1.
    """
    z = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    root = np.sqrt(z)
    p = 2.0 * special.stdtr(df, -0.5 * np.sqrt(df) * (1.0 - z) / root)
    return np.linalg.solve(np.vander(z, increasing=True), p * (0.5 * (1.0 + z) / root) ** df)


@documented
def pool_columns(
    yi: ArrayLike,
    vi: ArrayLike,
    members: ArrayLike | None = None,
    *,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    pi_method: PIMethod = "Nagashima",
    confidence_level: float = 0.95,
    labels: Any = None,
    measure: str = "",
    tau2_ci_method: Tau2CIMethod = "Q-profile",
    tau2: Any = None,
) -> list[PooledEffect]:
    """Pool many sets of the same k studies at once, such as subgroups or the arms of the trials.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (k, n)
        Outcomes and sampling variances; with shape (k, n), one column for each meta-analysis and NaN in both
        where a study is absent from it.
    members : array_like of bool, shape (k, n), optional
        Which studies belong to which meta-analysis; values of other studies are not looked at.
    {tau2_method, ci_method, pi_method, confidence_level, labels, measure}
    tau2_ci_method : str, optional
        As for :func:`analysis.pool`.
    {tau2}

    Returns
    -------
    list of PooledEffect
        One for each column, holding only the studies present in it.

    Raises
    ------
    ValueError
        As for `pool`; also for a column without any study.

    Examples
    --------
    >>> members = [[True, True], [True, True], [False, True]]
    >>> [p.k for p in pool_columns([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], members)]
    [2, 3]
    """
    options = check_options(tau2_method, ci_method, pi_method, confidence_level, tau2_ci_method, tau2)
    yi, vi, members = np.asarray(yi), np.asarray(vi), _members(yi, vi, members)
    names = _check.study_labels(labels, len(yi))
    at, study = np.nonzero(members.T)
    y, v = _check.check(
        *(x[study] if x.ndim == 1 else x[study, at] for x in (yi, vi)),
        lambda i: f"meta-analysis {at[i[0]] + 1}, study {names[study[i[0]]]}",
        absent_allowed=True,
    )
    there = ~np.isnan(v)
    sizes = np.bincount(at[there], minlength=members.shape[1])
    if (empty := np.flatnonzero(sizes == 0)).size:
        listed = ", ".join(str(j + 1) for j in empty)
        raise ValueError(f"no study is present in meta-analysis {listed}; leave such columns out")
    names = tuple(names[i] for i in study[there].tolist())
    return pool_segments(y[there], v[there], names, sizes, options, measure=Measure(measure))


def _members(yi, vi, members):
    """Which studies to look at in which meta-analysis, as an array of bool (k, n)."""
    if members is None:
        _check.same_shape(yi, vi, 2, "(k, n), k studies by n meta-analyses")
        return ~(_check.unknown(yi) & _check.unknown(vi))
    members = np.asarray(members)
    if members.dtype != bool or members.ndim != 2:
        raise ValueError("members must be a boolean array of shape (k, n), k studies by n meta-analyses")
    shapes = np.shape(yi), np.shape(vi)
    if any(shape not in (members.shape[:1], members.shape) for shape in shapes):
        raise ValueError("yi and vi have the shapes {} and {}, members {}; k must agree".format(*shapes, members.shape))
    return members


@documented
def leave_one_out(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect | MultilevelEffect | PooledCounts | MetaRegression,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    labels: Labels | None = None,
    missing: Missing = "raise",
    **methods: Unpack[PoolOptions],
) -> pd.DataFrame:
    """Pool all studies but one, for each study in turn.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes, DataFrame, PooledEffect, MultilevelEffect, PooledCounts, MetaRegression
        Outcomes of two studies or more; or an object that holds them with their variances. Of a MultilevelEffect
        whole trials (clusters) are left out, of three or more; of a MetaRegression studies, of two more than
        coefficients.
    {vi, se, labels, missing}
    **methods
        `tau2_method`, `ci_method`, `pi_method`, `confidence_level`, `tau2` as for :func:`analysis.pool`; those of a
        PooledEffect, a given `tau2` included, are kept unless named. The other results keep their own.

    Returns
    -------
    pandas.DataFrame
        One row per study left out, in the given order: label, k, estimate, se, ci_low, ci_high, pvalue, tau2, tau, i2,
        q, q_pvalue, pi_low, pi_high, and `shift`, the estimate minus that of all studies. Of a MultilevelEffect one row
        per trial, in order of first appearance; k counts effects, and tau2 and i2 are those of both levels together.
        Of PooledCounts tau2 and the prediction are NaN, and all but k where the others cannot be pooled. Of a
        MetaRegression the numbers of every coefficient, as its method of this name has them.
        ``attrs["left_out"]`` holds pairs of label and reason of studies that took no part, ``attrs["trials"]`` how
        many did, and ``attrs["wording"]``, ``"methods"``, ``"years"`` and ``"studies"`` what the effects are called,
        how they were pooled, and year and id of the studies by their labels, for :func:`analysis.steps_forest`.

    Raises
    ------
    ValueError
        As for :func:`analysis.pool`; also with a single study, or with two trials of a MultilevelEffect.
    TypeError
        For the result of another model.

    See Also
    --------
    analysis.cumulative : Pool the first study, the first two and so on.
    analysis.standardised_residuals : How far each study lies from the pooled effect.
    analysis.steps_forest : Draw the table.

    References
    ----------
    Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125, doi 10.1002/jrsm.11.

    Examples
    --------
    >>> without = leave_one_out([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])
    >>> without[["label", "k", "estimate"]].round(3).values.tolist()
    [['A', 2, -1.231], ['B', 2, -1.6], ['C', 2, -0.862]]
    """
    import pandas as pd

    _check.keywords("leave_one_out", methods, PoolOptions.__annotations__)
    given = [name for name, x in (("vi", vi), ("se", se), ("labels", labels)) if x is not None] + [*methods]
    # A multilevel regression has none of this name, and is refused below.
    own = getattr(yi, "leave_one_out", None) if isinstance(yi, Regression) else None
    if given and (own or isinstance(yi, MultilevelEffect | PooledCounts)):
        called = type(yi).__name__
        raise ValueError(f"a {called} keeps its own effects and methods; leave out {', '.join(given)}")
    if own:
        return own()
    if isinstance(yi, PooledCounts):
        table, of = _without_counts(yi), yi
    elif isinstance(yi, MultilevelEffect):
        names, without = without_each_cluster(yi)
        table = pd.DataFrame([{"label": name} | flat(x, _STEP_FIELDS) for name, x in zip(names, without, strict=True)])
        table, of = table.assign(shift=table["estimate"] - yi.estimate), yi
        table.attrs["methods"] = {name: getattr(yi, name) for name in _METHODS} | {"levels": 3}
    else:
        measure = methods.pop("measure", "")
        of = found = read_studies(yi, vi, se=se, labels=labels, measure=measure, missing=missing, to="leave_one_out")
        k = len(found.yi)
        _check.enough("leave_one_out", k, 2)
        # No study has the number of the last set, which so holds all of them.
        table = _steps(found, np.not_equal, [*found.labels, "all"], methods)
        table = table[:k].assign(shift=table["estimate"].to_numpy()[:k] - table["estimate"].iat[k])
    table.attrs |= _about(of) | {"trials": len(table)} | _by_label(of, "years", "year")
    return table


def _without_counts(pooled):
    """The table of a pooled result of counts without each trial; NaN for what such a result has not."""
    import pandas as pd

    known = [name for name in _STEP_FIELDS if hasattr(pooled, name)]
    table = pd.DataFrame({"label": pooled.labels} | flat(without_each_trial(pooled), known, (pooled.k,)))
    ends = [(f"{name}_low", f"{name}_high") if name in ("ci", "pi") else (name,) for name in _STEP_FIELDS]
    table = table.reindex(columns=["label", *(column for pair in ends for column in pair)])
    table = table.assign(shift=table["estimate"] - pooled.estimate)
    how = {"tau2_method": pooled.method, "ci_method": "z", "confidence_level": pooled.confidence_level}
    table.attrs["methods"] = how
    return table


def _about(found):
    """What a table of steps has beside its columns, as text, numbers and lists of these."""
    about = {"left_out": found.left_out, "wording": asdict(clustered(found))}
    return about | _by_label(found, "studies", "study")


_METHODS = ("tau2_method", "ci_method", "confidence_level")  # that a table of steps tells


def _by_label(of, name, column):
    """What a column has of each study by its label, where both are known and the labels differ."""
    effects, table, kept = (getattr(of, name, None) for name in ("effects", "table", "kept"))
    if effects is not None:
        labels, values = effects.labels, effects.table.get(column)
    elif table is not None and kept is not None:
        labels, values = of.labels, table[column].iloc[kept] if column in table else None
    else:
        return {}
    known = {} if values is None or len({*labels}) < len(labels) else dict(zip(labels, values.tolist(), strict=True))
    return {name: {label: known[label] for label in of.labels}} if {*of.labels} <= {*known} else {}


def _steps(found, belongs, labels, methods):
    """A table with one row for each label and its set of studies: those whose number `belongs` to that of the set."""
    import pandas as pd

    kept = methods_of(found, methods)
    # Steps are many, and this interval costs more than all the rest of each.
    if kept.get("pi_method") == "Nagashima" and methods.get("pi_method") is None:
        del kept["pi_method"]
    options = check_options(**kept)._replace(tau2_ci=_NO_INTERVAL)
    studies, parts = np.arange(len(found.yi)), []
    for sets in shares(len(labels), len(studies)):
        members = belongs(studies, sets[:, None])
        y, v = (np.broadcast_to(x, members.shape)[members] for x in (found.yi, found.vi))
        parts.append(segment_numbers(y, v, members.sum(axis=1), options))
    table = {"label": labels}
    for name in _STEP_FIELDS:
        x = np.concatenate([part[name] for part in parts], axis=-1)
        table |= {name: x} if x.ndim == 1 else {f"{name}_low": x[0], f"{name}_high": x[1]}
    table = pd.DataFrame(table)
    table.attrs["methods"] = {name: getattr(options, name) for name in _METHODS}
    return table


@documented
def cumulative(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    order: str | ArrayLike | None = None,
    labels: Labels | None = None,
    missing: Missing = "raise",
    **methods: Unpack[PoolOptions],
) -> pd.DataFrame:
    """Pool the first study, the first two, the first three and so on.

    Parameters
    ----------
    {yi, vi, se}
    order : str or array_like, shape (k,), optional
        A column of the EffectSizes or the DataFrame, or one value per study to sort by; equal values keep the given
        order. Default: "year" where there is such a column, otherwise the order given.
    {labels, missing}
    **methods
        As for :func:`leave_one_out`.

    Returns
    -------
    pandas.DataFrame
        One row per step, named after the study that joins; the columns of :func:`leave_one_out` without `shift`, and
        `order`, the value the studies were sorted by. ``attrs`` holds the same `left_out`, `wording`,
        `methods` and `studies`.

    Raises
    ------
    ValueError
        As for :func:`analysis.pool`; also for an order that is not a column or does not have one value per study.

    Warns
    -----
    UserWarning
        If studies have no value to sort by: they are added last.

    See Also
    --------
    analysis.leave_one_out : Pool all studies but one, for each study in turn.
    analysis.pool : Pool all studies at once.
    analysis.steps_forest : Draw the table.

    References
    ----------
    Chalmers & Lau 1993, Stat Methods Med Res 2:161-172; Lau, Schmid & Chalmers 1995, J Clin Epidemiol 48:45-57.

    Examples
    --------
    >>> steps = cumulative([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], order=[2009, 2001, 2020], labels=["A", "B", "C"])
    >>> steps[["label", "k", "order"]].values.tolist()
    [['B', 1, 2001], ['A', 2, 2009], ['C', 3, 2020]]
    """
    import pandas as pd

    _check.keywords("cumulative", methods, PoolOptions.__annotations__)
    measure = methods.pop("measure", "")
    found = read_studies(yi, vi, se=se, labels=labels, measure=measure, missing=missing, to="cumulative")
    values, keys = (pd.Series(each)[found.kept].reset_index(drop=True) for each in _order_values(found, order))
    blank = keys.isna() | values.map(lambda value: isinstance(value, str) and not value.strip())
    if blank.any():
        named = _check.some(np.array(found.labels)[blank], str)
        what = order if isinstance(order, str) else "year" if order is None else "value of order"
        _check.warn(f"{named}: no {what}, so added last; fill it in, or leave such studies out")
    first = keys.sort_values(kind="stable").index.to_numpy()
    found = found._replace(yi=found.yi[first], vi=found.vi[first])
    steps = _steps(found, np.less_equal, [found.labels[i] for i in first], methods)
    steps = steps.assign(order=values.to_numpy()[first])
    steps.attrs |= _about(found) | {"trials": len(steps)}
    return steps


def _order_values(found, order):
    """One value of each study, and by what it is sorted."""
    table = found.table
    if order is None:
        order = "year" if table is not None and "year" in table else range(1, found.given + 1)
    if isinstance(order, str):
        if table is None or order not in table:
            raise ValueError(f"order={order!r} is not a column of the effects; name one, or give a value per study")
        order = table[order].array
    values = found.in_order(order, "order")
    if isinstance(order, range) or getattr(getattr(order, "dtype", None), "kind", "none") in "iufM":
        return values, values
    return values, sortable(paired(order, "order", found.index))
