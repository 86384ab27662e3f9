"""Meta-analyses drawn at random, how well estimators and intervals do on them, and their power by formulas.

They are drawn in blocks, each with random numbers of its own, so that any number of workers finds the same and memory
is that of a block. Of a block only counts, means and sums of squares are kept, which are put together in its order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import (
    Alternative,
    CIMethod,
    Floats,
    PowerTest,
    SelectionKind,
    SimulatedEffects,
    SimulatedVariances,
    Tau2Method,
    Values,
)
from analysis.measures import Measure
from analysis.models.blocks import check_jobs, told, worked
from analysis.models.pooling import check_options, pool, pool_batch
from analysis.models.results import BatchPooled, PooledEffect, Result, beyond, t_quantile
from analysis.models.selection import SelectionModel, check_selection, published, refuse_without_null
from analysis.models.studies import read_studies, table_of
from analysis.models.tau2 import generalised_q_cdf

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from analysis.data.effect_sizes import EffectSizes

# Studies in a block of simulated meta-analyses.
_BLOCK = 1 << 18
# How often a study that was not published is drawn anew.
_DRAWS = 10_000
# The columns with people of both arms, of effects and of those from a table with one row a study; and measures of which
# the SD of people says something.
_PEOPLE, _OF_PEOPLE = (("n_treatment", "n_placebo"), ("n_t", "n_p")), ("", "MD", "SMD", "SMD1", "SMDH")
# Fits by their tau2_method and ci_method, and what `also` makes of outcomes, variances and fits.
_Also: TypeAlias = Callable[[Floats, Floats, Mapping[tuple[str, str], BatchPooled]], Mapping[str, ArrayLike]]


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Result):
    """How well estimators and intervals did on simulated meta-analyses.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each tau2, tau2_method and ci_method; see :meth:`to_frame`.
    also : pandas.DataFrame
        Columns tau2, name, value and mcse: means of what the function `also` gave.
    n : int
        Meta-analyses for each tau2.
    k : int
        Studies in each.
    mean : float
        True mean, on the scale of analysis.
    sd : float or None
        SD of people; None where the variances of the studies were given.
    true_effects, variances : str
        As asked for.
    selection : tuple of float
        Weights of the selection, or () where all studies are published.
    kind, steps, alternative : str, tuple of float, str
        What the weights mean; see :func:`analysis.selection_model`.
    confidence_level : float
        Level of the intervals; tests are at 1 less it.
    measure : Measure
        Of the studies.

    See Also
    --------
    analysis.simulate : Make this result.
    analysis.pool_batch : Pool meta-analyses that you drew yourself.

    References
    ----------
    Morris, White & Crowther 2019, Stat Med 38:2074-2102, doi 10.1002/sim.8086, table 6.

    Examples
    --------
    >>> found = simulate([20, 30, 40], 5, sd=2.0, n_simulations=200, ci_method=["z", "HKSJ"])
    >>> found.to_frame()["ci_method"].tolist(), found.n, found.k
    (['z', 'HKSJ'], 200, 5)
    """

    table: pd.DataFrame
    also: pd.DataFrame
    n: int
    k: int
    mean: float
    sd: float | None
    true_effects: str
    variances: str
    selection: tuple[float, ...]
    kind: str
    steps: tuple[float, ...]
    alternative: str
    confidence_level: float
    measure: Measure

    def to_frame(self) -> pd.DataFrame:
        """Return the table: a row for each tau2, tau2_method and ci_method.

        Returns
        -------
        pandas.DataFrame
            Columns bias and mse (of the mean), empirical_se, model_se, coverage, width, power (how often a mean of 0 is
            rejected), tau2_bias, and failed (share without finite estimate and interval); each with its Monte-Carlo
            standard error in a column that ends in _mcse. Shares are fractions; all else is on the scale of analysis.
        """
        return self.table.copy()

    def _in_words(self):
        return sentences.simulation(self)


@documented
def simulate(
    studies: EffectSizes | PooledEffect | pd.DataFrame | ArrayLike,
    k: int | None = None,
    *,
    mean: float = 0.0,
    tau2: float | Sequence[float] = 0.0,
    sd: float | None = None,
    true_effects: SimulatedEffects = "normal",
    variances: SimulatedVariances | None = None,
    selection: SelectionModel | Sequence[float] | None = None,
    kind: SelectionKind = "steps",
    steps: float | Sequence[float] = 0.025,
    alternative: Alternative = "greater",
    tau2_method: Tau2Method | Sequence[Tau2Method] = "REML",
    ci_method: CIMethod | Sequence[CIMethod] = "HKSJ-wide",
    confidence_level: float = 0.95,
    n_simulations: int = 10_000,
    also: _Also | None = None,
    seed: int | Sequence[int] = 0,
    n_jobs: int = 1,
    client: Executor | Any = None,
) -> Simulation:
    """Draw meta-analyses like yours, and say how well estimators and intervals do on them.

    Parameters
    ----------
    studies : EffectSizes, PooledEffect, pandas.DataFrame or array_like
        What the studies are like. Beside `sd` their people: effects, or a table with the columns n_treatment and
        n_placebo or n_t and n_p; an array (m, 2) of both arms, or (m,) of each of two equal arms. Without `sd` their
        sampling variances: effects, a table with vi or se, or an array (m,) of variances.
    k : int, optional
        Studies in a meta-analysis, drawn from `studies` with replacement. Left out, each meta-analysis has all of them,
        once each.
    mean : float, optional
        True mean, on the scale of analysis: logs for ratios.
    tau2 : float or sequence of float, optional
        Variance of true effects. Several are simulated with the same random numbers.
    sd : float, optional
        SD of the outcomes of people, the same in both arms.
    true_effects : {"normal", "skewed"}, optional
        Normal, or of a gamma distribution with a skewness of the root of 2.
    variances : {"estimated", "known"}, optional
        Whether sampling variances are estimated from normal people, or those of the draw. Default: estimated beside
        `sd`, known without it.
    selection : SelectionModel or sequence of float, optional
        How likely studies are to be published: that of a fitted model, or its weights, as `kind`, `steps` and
        `alternative` say. Of "steps" one weight for each interval of p, of "beta" two powers; only how they compare
        matters. An outcome that is not published is drawn anew for the same study, so that `studies` are published
        ones.
    kind, steps, alternative : optional
        As for :func:`analysis.selection_model`.
    tau2_method, ci_method : str or sequence of str, optional
        As for :func:`analysis.pool`; several are compared on the same draws.
    {confidence_level}
    n_simulations : int, optional
        Meta-analyses for each tau2.
    also : callable, optional
        Takes outcomes and variances (n, k) and a dict of the fits (BatchPooled) by tau2_method and ci_method, which it
        must not change, and returns arrays (n,) by name, of which the mean is told. NaN is left out.
    seed : int or sequence of int, optional
        Seed of the random numbers.
    {n_jobs}
    client : dask.distributed.Client or concurrent.futures.Executor, optional
        Where blocks are worked on instead. The numbers are the same to the last bit.

    Returns
    -------
    Simulation

    Raises
    ------
    ValueError
        For numbers or options that cannot be, and for a selection that hardly any study passes.
    TypeError
        For the result of another model.

    See Also
    --------
    analysis.pool_batch : Pool meta-analyses that you drew yourself.
    analysis.bootstrap : Intervals of one result from samples of it.
    analysis.selection_model : Estimate a selection.

    Notes
    -----
    The outcome of a study is mean + tau t + s e with t and e of mean 0 and variance 1, and s^2 the sampling variance:
    sd^2 (1/n_t + 1/n_p), or as given. Estimated variances are the sum over arms of sd^2 X / (n (n - 1)) with X
    chi-square on n - 1 degrees of freedom. Outcome and variance of a study are independent, as those of mean
    differences are; of ratios, proportions and standardised differences they are not, which is not simulated.

    Performance and its Monte-Carlo standard errors are those of [1]_, table 6; the standard errors of width, bias of
    tau2 and of `also` are those of a mean. Estimators are global maxima here and do not fail to converge: `failed`
    counts results that are not finite.

    References
    ----------
    .. [1] Morris TP, White IR, Crowther MJ (2019). Using simulation studies to evaluate statistical methods. Stat Med
       38:2074-2102. doi 10.1002/sim.8086

    Examples
    --------
    >>> found = simulate([[20, 20], [60, 55]], k=5, sd=2.0, tau2=0.3, n_simulations=2000, ci_method=["z", "HKSJ"])
    >>> found.to_frame().set_index("ci_method")[["coverage", "coverage_mcse"]].round(2)
               coverage  coverage_mcse
    ci_method
    z              0.89           0.01
    HKSJ           0.94           0.01
    """
    check_jobs(n_jobs)
    if client is not None and n_jobs != 1:
        raise ValueError(f"n_jobs={n_jobs!r} is for this process; of a client the number of workers decides")
    _check.bounded("n_simulations", n_simulations, 1_000_000_000, "anybody waits for")
    if client is not None and not hasattr(client, "submit"):
        raise TypeError(f"client is {_check.kind(client)}; give a client of dask.distributed or an Executor")
    _check.option("true_effects", true_effects, get_args(SimulatedEffects))
    methods = list(product(_each(tau2_method), _each(ci_method)))
    for each in methods:
        check_options(*each, confidence_level=confidence_level)
    design, measure = _design(studies, k, mean, sd, true_effects, variances)
    selection = _selection(selection, kind, steps, alternative)
    design = design._replace(selection=selection)
    taus = [_check.amount("tau2", each) for each in np.atleast_1d(np.asarray(tau2, dtype=object)).tolist()]
    if isinstance(seed, np.random.Generator) or not _is_seed(seed):
        raise ValueError(
            f"seed={seed!r} must be a whole number of at least 0, or several: each block has its own of it"
        )
    size = max(_BLOCK // design.k, 1)
    starts = range(0, n_simulations, size)
    blocks = [(t, i, min(size, n_simulations - first)) for t in taus for i, first in enumerate(starts)]
    work = partial(_block, design, methods, confidence_level, also, seed)
    found: dict[float, dict[Any, Floats]] = {}
    done = worked(work, blocks, n_jobs, client)
    for (t, *_), sums in told(done, n_simulations * len(taus), "meta-analyses", lambda part: part[0][2]):
        so_far = found.setdefault(t, {})
        for name, new in sums.items():
            so_far[name] = _together(so_far[name], new) if name in so_far else new
    rows = [
        {"tau2": t, "tau2_method": a, "ci_method": b} | _performance(found[t][a, b]) for t in found for a, b in methods
    ]
    others = [[t, name, *_mean(x)] for t in found for name, x in found[t].items() if isinstance(name, str)]
    weights, kind, steps, alternative = selection or ((), "", (), "")
    return Simulation(
        table=pd.DataFrame(rows),
        also=pd.DataFrame(others, columns=["tau2", "name", "value", "mcse"]),
        n=n_simulations,
        k=design.k,
        mean=design.mean,
        sd=design.sd,
        true_effects=true_effects,
        variances="estimated" if design.estimated else "known",
        selection=weights,
        kind=kind,
        steps=steps,
        alternative=alternative,
        confidence_level=confidence_level,
        measure=measure,
    )


class Design(NamedTuple):
    """What is drawn: k studies of those in `rows`, at random or one after the other.

    `rows` are people of both arms, shape (m, 2), beside an `sd`, and sampling variances (m,) without.
    """

    rows: Floats
    k: int
    at_random: bool
    mean: float = 0.0
    sd: float | None = None
    skewed: bool = False
    estimated: bool = False
    selection: tuple[tuple[float, ...], str, tuple[float, ...], str] | None = None


def draw(design: Design, tau2: float, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Outcomes and sampling variances of n meta-analyses, shape (n, k)."""
    shape = (n, design.k)
    at = rng.integers(len(design.rows), size=shape) if design.at_random else np.tile(np.arange(design.k), (n, 1))
    y, v = _outcomes(design, tau2, design.rows[at], rng)
    if design.selection is None:
        return y, v
    at, y, v = at.ravel(), y.ravel(), v.ravel()
    waiting = np.arange(y.size)
    for _ in range(_DRAWS):
        chance = published(y[waiting], np.sqrt(v[waiting]), *design.selection)
        waiting = waiting[rng.random(waiting.size) >= chance]
        if not waiting.size:
            return y.reshape(shape), v.reshape(shape)
        y[waiting], v[waiting] = _outcomes(design, tau2, design.rows[at[waiting]], rng)
    raise ValueError(
        f"the selection lets hardly any study through: {waiting.size} of {y.size} were drawn {_DRAWS:,} times; give "
        "weights that differ less"
    )


def _outcomes(design, tau2, rows, rng):
    """Outcomes and sampling variances of studies."""
    known = rows if design.sd is None else design.sd**2 * (1.0 / rows).sum(axis=-1)
    # A gamma variable of shape 2 has mean 2, variance 2 and a skewness of the root of 2.
    shape = known.shape
    true = (rng.gamma(2.0, size=shape) - 2.0) / np.sqrt(2.0) if design.skewed else rng.standard_normal(shape)
    y = design.mean + np.sqrt(tau2) * true + np.sqrt(known) * rng.standard_normal(shape)
    if not design.estimated:
        return y, known.copy()
    return y, (design.sd**2 * rng.chisquare(rows - 1.0) / (rows - 1.0) / rows).sum(axis=-1)


def _each(methods):
    return [methods] if isinstance(methods, str) or not isinstance(methods, Sequence) else list(dict.fromkeys(methods))


def _is_seed(seed):
    numbers = seed if isinstance(seed, Sequence) and len(seed) else [seed]
    return all(isinstance(x, int | np.integer) and not isinstance(x, bool) and x >= 0 for x in numbers)


def _design(studies, k, mean, sd, true_effects, variances):
    """What is drawn, without the selection, and the measure of the studies."""
    if variances is not None:
        _check.option("variances", variances, get_args(SimulatedVariances))
    estimated = (sd is not None) if variances is None else variances == "estimated"
    if sd is None and estimated:
        raise ValueError("variances='estimated' needs the people of the studies; give sd=, or variances='known'")
    rows, measure = _rows(studies, k, sd, 2 if estimated else 1)
    number = _check.number("mean", mean)
    return Design(rows, k or len(rows), k is not None, number, sd, true_effects == "skewed", estimated), measure


def _rows(studies, k, sd, least, to="simulate"):
    """The people of both arms of studies (m, 2) beside an SD, else their sampling variances (m,); and their measure."""
    if k is not None:
        _check.bounded("k", k)
    if sd is None:
        return _variances(studies, to)
    if not _check.amount("sd", sd):
        raise ValueError("sd=0 must be above 0")
    return _people(studies, sd, least, to)


def _variances(studies, to):
    """The sampling variances of studies, and their measure."""
    if isinstance(studies, PooledEffect) or table_of(studies, to) is not None:
        found = read_studies(studies, to=to)
        return found.vi, found.measure
    vi = np.atleast_1d(_check.as_floats(studies))
    if not vi.size:
        raise ValueError(f"{to}() needs the sampling variance of a study or more, and was given none")
    _check.check(np.zeros(vi.shape), vi, lambda at: f"study {at[0] + 1}")
    return vi, Measure("")


def _people(studies, sd, least, to):
    """The people of both arms of studies, and the measure."""
    effects = studies.effects if isinstance(studies, PooledEffect) else studies
    table = None if effects is None else table_of(effects, to)
    measure = getattr(studies, "measure", Measure(""))
    if table is None and isinstance(studies, PooledEffect):
        raise ValueError("the result has no people of its studies; give numbers of people, or leave sd out")
    if table is None:
        n = np.atleast_1d(_check.as_floats(studies))
        n = np.column_stack([n, n]) if n.ndim == 1 else n
        if n.ndim != 2 or n.shape[1] != 2 or not len(n):
            raise ValueError(f"people have the shape {np.shape(studies)}; give (m,), people of an arm, or (m, 2)")
    else:
        there = [names for names in _PEOPLE if set(names) <= set(table)]
        if not there or measure not in _OF_PEOPLE:
            what = "has no columns n_treatment and n_placebo" if not there else f"is of the measure {measure}"
            raise ValueError(f"sd={sd!r} is for people, but the table {what}; leave sd out to take sampling variances")
        n = np.column_stack([_check.as_floats(table[name]) for name in there[0]])
    _check.fail(
        [
            f"study {i + 1}, arm {j + 1}: n = {n[i, j]:g}, but must be at least {least}; leave such studies out"
            for i, j in np.argwhere(~((n >= least) & (n < np.inf))).tolist()
        ],
        "the people",
    )
    return n, measure


def _selection(selection, kind, steps, alternative):
    """Checked weights, kind, steps and alternative, or None."""
    if selection is None:
        return None
    if isinstance(selection, SelectionModel):
        kind, steps, alternative = selection.kind, selection.steps, selection.alternative
        selection = selection.weights
    return check_selection(selection, kind, steps, alternative)


def _block(design, methods, level, also, seed, block):
    """Count, mean and sum of squares of what is told of a block, by the methods and the names that `also` gives."""
    tau2, i, n = block
    # The first block has the random numbers of the seed itself.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,) if i else ()))
    yi, vi = draw(design, tau2, n, rng)
    fits = {
        each: pool_batch(yi, vi, tau2_method=each[0], ci_method=each[1], confidence_level=level) for each in methods
    }
    found = {each: _moments(_told_of(fit, design.mean, tau2, level)) for each, fit in fits.items()}
    for name, values in (also(yi, vi, fits) if also else {}).items():
        values = np.asarray(values, dtype=float)
        if values.shape != (n,):
            raise ValueError(f"also gave {name!r} of the shape {values.shape}; give one number for each of {n} rows")
        found[name] = _moments(values)
    return block, found


_TOLD = ("bias", "mse", "model_se", "coverage", "width", "power", "tau2_bias", "failed")


def _told_of(fit, mean, tau2, level):
    """The numbers of each meta-analysis of which means are told, in the order of `_TOLD`; NaN where a fit failed."""
    error = fit.estimate - mean
    failed = ~(np.isfinite(error) & np.isfinite(fit.ci_low) & np.isfinite(fit.ci_high))
    held, rejected = (fit.ci_low <= mean) & (fit.ci_high >= mean), fit.pvalue <= 1.0 - level
    numbers = np.array([error, error**2, fit.se**2, held, fit.ci_high - fit.ci_low, rejected, fit.tau2 - tau2])
    return np.vstack([np.where(failed, np.nan, numbers), failed])


def _moments(values):
    """Count, mean and sum of squares about it of the finite values along the last axis."""
    there = np.isfinite(values)
    count = there.sum(axis=-1)
    mean = np.where(there, values, 0.0).sum(axis=-1) / np.maximum(count, 1)
    about = np.where(there, values - np.asarray(mean)[..., None], 0.0)
    return np.array([count, mean, (about**2).sum(axis=-1)])


def _together(one, other):
    """Count, mean and sum of squares of the values of both (Chan, Golub & LeVeque 1983)."""
    (n, mean, squares), (m, mean_too, squares_too) = one, other
    both, apart = n + m, mean_too - mean
    share = m / np.maximum(both, 1)
    return np.array([both, mean + apart * share, squares + squares_too + apart**2 * n * share])


def _mean(moments):
    """A mean and its standard error; NaN for no value, and no error for one."""
    n, mean, squares = moments
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, mean, np.nan), np.where(n > 1, np.sqrt(squares / (n - 1) / n), np.nan)


def _performance(moments):
    """Morris, White & Crowther 2019, table 6, by column."""
    (mean, error), (n, _, squares) = _mean(moments), moments
    found = {name: (mean[i], error[i]) for i, name in enumerate(_TOLD)}
    with np.errstate(invalid="ignore", divide="ignore"):
        for name in ("coverage", "power", "failed"):
            share, of = found[name][0], n[_TOLD.index(name)]
            found[name] = share, np.sqrt(share * (1.0 - share) / of)
        empirical = np.where(n[0] > 1, np.sqrt(squares[0] / (n[0] - 1)), np.nan)
        model = np.sqrt(found["model_se"][0])
        # The root of a mean, whose error is divided by the slope of its square.
        found["model_se"] = model, found["model_se"][1] / (2.0 * model)
        found["empirical_se"] = empirical, empirical / np.sqrt(2.0 * (n[0] - 1))
    names = ("bias", "empirical_se", "model_se", "mse", *_TOLD[3:])
    return {name + end: float(found[name][j]) for name in names for j, end in enumerate(("", "_mcse"))}


# Further studies beyond which nobody counts.
_MOST = 1 << 40
# Of the sum over a normal variable: how far it goes on both sides, and in how many points.
_FAR, _STEPS = 9.0, 721


@dataclass(frozen=True, eq=False, repr=False)
class Power(Result):
    """Power of a meta-analysis to find a mean effect, and to find heterogeneity.

    Attributes
    ----------
    k : int
        Number of studies.
    mean : float
        The effect that is to be found, on the scale of analysis.
    tau2, i2, diversity : float
        Variance of true effects; its share of the variance (I2), and D2, by how much the variance of the mean would
        fall without it, both fractions.
    se : float
        Standard error of the pooled mean.
    power, heterogeneity_power : float
        Probability that the mean, and that Q, is significant; the latter NaN for one study.
    further : float
        Further studies until the power is `target`; infinite where no number is enough.
    target, alpha : float
        The power wished for, and the two-sided p up to which a result is significant.
    ci_method : str
        "z", "t" or "HKSJ", as asked for; `test` is what one study alone has.
    information, required_information : float
        1 / variance of the mean without heterogeneity, and what a single study of the power `target` would have.
    people, required_people : float
        The same in people of both arms; NaN without `sd`.
    sd : float or None
        SD of people.
    vi : numpy.ndarray, shape (k,)
        Sampling variances of the studies.
    measure : Measure
        Of the studies.
    effects : EffectSizes or None
        The studies, where they were given as such.

    See Also
    --------
    analysis.power : Make this result.
    analysis.power_plot : Draw its curve.
    analysis.excess_significance : The power of each study.

    References
    ----------
    Hedges & Pigott 2001, doi 10.1037/1082-989X.6.3.203; Wetterslev et al. 2009, doi 10.1186/1471-2288-9-86 (D2).

    Examples
    --------
    >>> found = power([0.08] * 10, 0.3, tau2=0.05)
    >>> round(found.power, 2), found.further, found.curve([0.2, 0.4])["power"].round(2).tolist()
    (0.75, 2.0, [0.42, 0.94])
    """

    k: int
    mean: float
    tau2: float
    i2: float
    diversity: float
    se: float
    power: float
    heterogeneity_power: float
    further: float
    target: float
    alpha: float
    ci_method: str
    information: float
    required_information: float
    people: float
    required_people: float
    sd: float | None
    vi: np.ndarray
    measure: Measure
    effects: EffectSizes | None = None

    @property
    def test(self) -> str:
        """`ci_method`, or "z" of one study, whose interval :func:`analysis.pool` makes with its own variance."""
        return self.ci_method if self.k > 1 else "z"

    @property
    def adjusted_information(self) -> float:
        """`required_information` with heterogeneity: divided by 1 - D2."""
        return self.required_information / (1.0 - self.diversity)

    @property
    def adjusted_people(self) -> float:
        """`required_people` with heterogeneity: divided by 1 - D2."""
        return self.required_people / (1.0 - self.diversity)

    def curve(self, means: ArrayLike | None = None) -> pd.DataFrame:
        """Return the power over mean effects.

        Parameters
        ----------
        means : array_like, optional
            On the scale of analysis. Default: 41 from 0 to twice the one asked for.

        Returns
        -------
        pandas.DataFrame
            Columns mean and power.
        """
        given = np.linspace(0.0, 2.0 * self.mean, 41) if means is None else np.atleast_1d(_check.as_floats(means))
        return pd.DataFrame({"mean": given, "power": _power(given / self.se, self.k, self.ci_method, self.alpha)})

    def _in_words(self):
        return sentences.power(self)


def power(
    studies: EffectSizes | PooledEffect | pd.DataFrame | ArrayLike,
    mean: float,
    *,
    k: int | None = None,
    tau2: float | None = None,
    sd: float | None = None,
    alpha: float = 0.05,
    ci_method: PowerTest = "z",
    target: float = 0.8,
    new: float | None = None,
) -> Power:
    """Return the power of a planned or finished meta-analysis, and how many more studies it needs.

    Parameters
    ----------
    studies : EffectSizes, PooledEffect, pandas.DataFrame or array_like
        As for :func:`analysis.simulate`: people beside `sd`, else sampling variances.
    mean : float
        The effect that is to be found, on the scale of analysis (logs for ratios): the smallest that would matter. The
        power at the effect that was found says what its p value says [1]_.
    k : int, optional
        Number of studies, those given repeated in turn. Default: those given.
    tau2 : float, optional
        Variance of true effects. Default: that of the result, or of the effects by REML; of numbers it must be given.
    sd : float, optional
        SD of the outcomes of people, the same in both arms.
    alpha : float, optional
        Two-sided p up to which a result is significant.
    ci_method : {"z", "t", "HKSJ"}, optional
        The test of the mean: normal, t(k-1) with the same standard error, or that of Hartung, Knapp, Sidik and Jonkman.
    target : float, optional
        The power wished for.
    new : float, optional
        People in each arm of a further study, beside `sd`. Default: further studies inform as those given do on
        average.

    Returns
    -------
    Power

    Raises
    ------
    ValueError
        For numbers or options that cannot be, and for effects without what is asked of them.
    TypeError
        For the result of another model.

    See Also
    --------
    analysis.simulate : Power with what is estimated, for every estimator and interval.
    analysis.excess_significance : The power of each study at the pooled effect.

    Notes
    -----
    tau2 and the variances are taken as known [2]_: with lambda = mean / se and c the critical value, the power is
    P(Z > c - lambda) + P(Z < -c - lambda). By HKSJ it is that of a noncentral t on k - 1 degrees of freedom, exact
    where variances are equal and near it where they are not. "HKSJ-wide" and "HKSJ-mod" have a little less; `simulate`
    tells how much, and what estimating tau2 costs.

    The power of the test of heterogeneity uses the exact distribution of Q under tau2, a sum of weighted chi-square
    variables, in place of its approximation by one [2]_.

    The required information is that of one study with the power `target`, (z + z')^2 / mean^2 [3]_; in people of two
    equal arms 4 sd^2 (z + z')^2 / mean^2. With heterogeneity it is divided by 1 - D2 [4]_. This assumes that further
    studies would come in the sizes of those there are: with a tau2 above 0 a single study, however large, cannot do
    the same.

    References
    ----------
    .. [1] Hoenig JM, Heisey DM (2001). The abuse of power. Am Stat 55:19-24. doi 10.1198/000313001300339897
    .. [2] Hedges LV, Pigott TD (2001). The power of statistical tests in meta-analysis. Psychol Methods 6:203-217.
       doi 10.1037/1082-989X.6.3.203
    .. [3] Pogue JM, Yusuf S (1997). Cumulating evidence from randomized trials. Control Clin Trials 18:580-593.
    .. [4] Wetterslev J, Thorlund K, Brok J, Gluud C (2009). Estimating required information size by quantifying
       diversity. BMC Med Res Methodol 9:86. doi 10.1186/1471-2288-9-86

    Examples
    --------
    >>> found = power([[25, 25]], 0.3, k=10, sd=1.0, tau2=0.05)
    >>> round(found.power, 2), round(found.heterogeneity_power, 2), found.further
    (0.75, 0.32, 2.0)
    """
    _check.option("ci_method", ci_method, get_args(PowerTest))
    mean, alpha = _check.number("mean", mean), _share("alpha", alpha)
    target = _share("target", target)
    if new is not None and (sd is None or not _check.amount("new", new)):
        raise ValueError(f"new={new!r} is for people in each arm, above 0 and beside sd; give both, or neither")
    rows, measure = _rows(studies, k, sd, 1, "power")
    refuse_without_null(
        measure, "power", "their variances alone, with tau2, and as mean the difference from a value of your own"
    )
    rows = np.resize(rows, (k or len(rows), *rows.shape[1:]))
    v = rows if sd is None else sd**2 * (1.0 / rows).sum(axis=1)
    tau2, k = _tau2_of(studies, tau2), len(v)
    weights, alone = 1.0 / (v + tau2), 1.0 / v
    one = weights.mean() if new is None else 1.0 / (2.0 * sd**2 / new + tau2)  # pyright: ignore[reportOptionalOperand]

    def with_more(m):
        return _power(mean * np.sqrt(weights.sum() + m * one), k + m, ci_method, alpha)

    with np.errstate(divide="ignore", over="ignore"):
        required = np.square(np.divide(special.ndtri(1.0 - alpha / 2.0) + special.ndtri(target), mean))
    trace = alone.sum() - (alone**2).sum() / alone.sum()
    i2 = tau2 / (tau2 + (k - 1) / trace) if k > 1 else np.nan
    return Power(
        k=k,
        mean=mean,
        tau2=tau2,
        i2=float(i2),
        diversity=float(1.0 - weights.sum() / alone.sum()),
        se=float(weights.sum() ** -0.5),
        power=float(with_more(0)),
        heterogeneity_power=_power_of_q(v, tau2, alpha),
        further=_fewest(with_more, target),
        target=target,
        alpha=alpha,
        ci_method=ci_method,
        information=float(alone.sum()),
        required_information=float(required),
        people=np.nan if sd is None else float(rows.sum()),
        required_people=np.nan if sd is None else float(4.0 * sd**2 * required),
        sd=sd,
        vi=np.array(v),
        measure=measure,
        effects=getattr(studies, "effects", studies if hasattr(studies, "benefit") else None),
    )


def _share(name, value):
    """`value` as float; ValueError unless it lies between 0 and 1, both excluded."""
    if not 0.0 < _check.number(name, value) < 1.0:
        raise ValueError(f"{name}={value!r} must lie between 0 and 1, both excluded")
    return float(value)


def _tau2_of(studies, tau2):
    """The variance of true effects that was given, or that of the studies."""
    if tau2 is not None:
        return _check.fixed_tau2(tau2)
    if isinstance(studies, PooledEffect):
        found = studies.tau2
    elif table_of(studies, "power") is not None and "yi" in table_of(studies, "power"):
        found = pool(studies).tau2
    else:
        found = np.nan
    if np.isnan(found):
        raise ValueError(
            "tau2 is missing, and the studies do not tell it; give tau2=, 0 where true effects are the same"
        )
    return found


def _power(away, k, ci_method, alpha):
    """Probability of a significant mean that lies `away` standard errors from 0."""
    critical = t_quantile(k - 1 if k > 1 and ci_method != "z" else np.inf, 1.0 - alpha)
    if ci_method == "HKSJ" and k > 1:
        # Given a chi-square variable, the quantile of a normal x, the test is normal: a sum over equal steps of x. The
        # noncentral distributions of scipy are NaN, or wrong by alpha, where the power is near 1.
        x = np.linspace(-_FAR, _FAR, _STEPS)
        half, step = 0.5 * (k - 1), x[1] - x[0]
        lower, upper = special.gammaincinv(half, special.ndtr(x)), special.gammainccinv(half, special.ndtr(-x))
        ends = critical * np.sqrt(np.where(x < 0.0, lower, upper) / half)
        share = step * np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
        return beyond(np.asarray(away)[..., None], ends) @ share
    return beyond(away, critical)


def power_of_studies(se: ArrayLike, mean: float, alpha: float = 0.05) -> Values:
    """Return the power of each study on its own, by a two-sided z test.

    Parameters
    ----------
    se : array_like
        Standard errors of the studies.
    mean : float
        The true effect of all, on the scale of analysis.
    alpha : float, optional
        Two-sided p up to which a study is significant.

    Returns
    -------
    numpy.ndarray
        Fractions.

    Examples
    --------
    >>> power_of_studies([0.1, 0.2], 0.4).round(2).tolist()
    [0.98, 0.52]
    """
    return _power(mean / np.asarray(se, dtype=float), 1, "z", alpha)


def effect_for_power(se: ArrayLike, median: float, alpha: float = 0.05) -> float:
    """Return the true effect, in size, at which half of the studies have at least some power.

    Parameters
    ----------
    se : array_like
        Standard errors of the studies.
    median : float
        The median of their power, above `alpha`.
    alpha : float, optional
        Two-sided p up to which a study is significant.

    Returns
    -------
    float
        On the scale of analysis.

    References
    ----------
    Kossmeier, Tran & Voracek 2020, doi 10.1027/2151-2604/a000392.

    Examples
    --------
    >>> effect = effect_for_power([0.1, 0.2, 0.3], 0.66)
    >>> round(effect, 3), round(float(np.median(power_of_studies([0.1, 0.2, 0.3], effect))), 2)
    (0.474, 0.66)
    """
    from scipy.optimize import brentq

    se = np.asarray(se, dtype=float)
    # In the unit of the largest error; a study is sure to find what is 40 errors away.
    return float(se.max() * brentq(lambda x: np.median(power_of_studies(se / se.max(), x, alpha)) - median, 0.0, 40.0))


def _power_of_q(v, tau2, alpha):
    """Probability that Q is significant; NaN for one study."""
    if len(v) < 2:
        return np.nan
    critical = special.chdtri(len(v) - 1, alpha)
    below, _ = generalised_q_cdf(np.array([critical]), 1.0 / v[:, None], v[:, None] + tau2)
    return float(1.0 - below[0])


def _fewest(power_of, target):
    """The smallest whole number whose power is at least `target`; infinite where there is none."""
    if power_of(0) >= target:
        return 0.0
    high = 1
    while high < _MOST and power_of(high) < target:
        high *= 2
    if high >= _MOST:
        return np.inf
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= target else (middle, high)
    return float(high)
