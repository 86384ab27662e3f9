"""Pool two outcomes of the same trials together, such as the change in the placebo and in the treatment arms.

The model is y_i ~ N(mu, S_i + T), all 2 by 2 (van Houwelingen, Zwinderman & Stijnen 1993; van Houwelingen, Arends &
Stijnen 2002, doi 10.1002/sim.1040), fitted to n sets of trials at once. Arrays have the shape (k, n), k trials by n
fits, or (n,); symmetric 2 by 2 matrices are triples (11, 12, 22). An outcome that is absent from a trial has weight
zero.

T = LL' with a lower triangular L of unbounded entries, which reaches every positive semi-definite T: a correlation of
-1 or 1 is L22 = 0, and T = 0 is L = 0. `climb` is Newton's method with exact derivatives for L, made to lead uphill by
absolute eigenvalues (Dauphin et al. 2014, arXiv 1406.2572). Which of the maxima it finds depends on the start.

The likelihood may have several maxima, inside and on the boundary, where the correlation is -1 or 1, and those on the
boundary lie on ridges too narrow for a grid inside. So climbs start from a few points inside, from every peak of a fine
grid on the boundary, and from where those end inwards. Where not all ends agree, further climbs start from every point
of a dense grid. The highest end wins. An end on the boundary counts only if the derivative into the inside is not
positive, which tells it from a maximum next to the boundary that is as high but for rounding.

This is no proof. Of 28,800 random sets of 3 to 15 trials, 180 further climbs found a higher maximum in two, whose
variances spanned four and six powers of ten; in none of the 14,400 whose variances spanned two or less. Those get fewer
starts and a coarser grid: of 7,996 more of them, some with outcomes absent, none ended lower than from all.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import Floats, Labels, LikelihoodMethod, Missing
from analysis.measures import Measure
from analysis.models.results import ConfidenceInterval, PooledEffect, Result, t_quantile
from analysis.models.shortcuts import Reported
from analysis.models.studies import BOTH_GIVEN, TABLE_HAS_ITS_OWN, index_labels, index_of, labels_of, paired, table_of

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes

_OUTCOMES = ("first", "second")
_CI_METHODS = ("t", "z")
_FORMS = (
    "give yi with vi or se of shape (k, 2), a DataFrame with the columns y1 and v1 or se1, y2 and v2 or se2, or "
    "EffectSizes with the changes of both arms"
)
# Two leave a single contrast, whose product with itself has rank one: a correlation would always be -1 or 1.
_FEWEST_TRIALS = 3
# A correlation within trials this near to 1 leaves no variance to divide by.
_NEARLY_ONE = 1e-9
# What is estimated in a `BivariateBatch`, with its shape for one fit.
_SHAPES = {"estimates": (2,), "vcov": (2, 2), "between": (2, 2), "correlation": (), "log_likelihood": ()}
# From triples to 2 by 2.
_FULL = np.array([[0, 1], [1, 2]])

# The entries on and above the diagonal of a symmetric 4 by 4 matrix, row by row, and where each stands among them.
_ROWS, _COLUMNS = np.triu_indices(4)
_WHOLE = np.zeros((4, 4), dtype=int)
_WHOLE[_ROWS, _COLUMNS] = _WHOLE[_COLUMNS, _ROWS] = np.arange(10)
# Of these, the ones, by row and column, of A in `derivatives`: L11, L21, L22.
_I, _J = np.array([0, 1, 1]), np.array([2, 2, 3])

# The last Newton step, relative to T, where convergence is quadratic, so that the error is near its square; and
# relative to the smallest variance, where T is 0.
_STEP, _FLOOR = 1e-9, 1e-14
# Of the log-likelihood, relatively.
_ROUNDING = 1e-13
# Few climbs need more than a hundred steps; of those in random sets, some went on to 285.
_STEPS = 300
# The longest step, in units of `_row_spread`: up to 64 climbs take as long, with 1 half as long again. Where steps must
# be shorter than the other, nothing is left to gain but rounding.
_REACH, _SHORTEST = 8.0, 1e-13

# Grids: variances of each outcome, as shares of a ladder from none to more than there can be, and correlations. First
# inside and on the boundary, where the sampling variances of an outcome span more than `_ORDINARY` and where not.
_ORDINARY = 100.0
_FIRST = {
    False: (((1 / 3, 1.0), (-0.5, 0.5)), (np.arange(1, 13) / 12, (-1.0, 1.0))),
    True: (((2 / 3,), (-0.5, 0.5)), (np.arange(1, 7) / 6, (-1.0, 1.0))),
}
_DENSE = (np.arange(1, 7) / 6, (-0.97, -0.5, 0.0, 0.5, 0.97))
# The correlation where climbs from the boundary inwards start: from 0.3 they miss summits that nothing else reaches.
_INWARD = 0.7
# Maxima whose log-likelihoods differ by less are taken for one in the search, and by less than a tie, relatively, for
# rounding.
_SAME, _TIE = 1e-7, 1e-10
# With so small a share of T22 left by the correlation, the boundary is tried.
_NEAR = 1e-3
# A variance so small, relative to the smallest sampling variance, is 0.
_NOTHING = 1e-20
# Array elements worked on together: in a block of fits, and in its search, where a fit has many starts. In the search
# the caches decide: blocks eight times as large took half as long again, a sixteenth as large twice as long.
_BLOCK = 1 << 16
_SEARCH_BLOCK = 1 << 13


class Estimate(NamedTuple):
    """A mean with its standard error and confidence interval.

    Attributes
    ----------
    estimate, se : float
        Mean and its standard error, in the unit of the outcomes.
    ci : ConfidenceInterval
        Confidence interval of the mean.

    See Also
    --------
    analysis.BivariateEffect : The result whose means these are.
    """

    estimate: float
    se: float
    ci: ConfidenceInterval


@dataclass(frozen=True, eq=False, repr=False)
class BivariateEffect(Result, Reported):
    """Two outcomes pooled together: both means, how true values vary together between trials, and the difference.

    Attributes
    ----------
    k : int
        Number of trials with at least one of the outcomes.
    first, second, difference : Estimate
        Means of both outcomes, and second minus first with the standard error from the joint covariance: each a
        tuple (estimate, se, ci).
    estimates : numpy.ndarray, shape (2,)
        Both means.
    vcov : numpy.ndarray, shape (2, 2)
        Covariance of the means, given the between-trial covariance.
    between : numpy.ndarray, shape (2, 2)
        Covariance of true values between trials.
    tau : numpy.ndarray, shape (2,)
        Standard deviations of true values between trials.
    correlation : float
        Correlation of true values between trials; NaN where a tau is 0 or no trial has both outcomes, and then
        the covariance between is 0.
    log_likelihood : float
        Restricted for "REML".
    tau2_method, ci_method : str
        How the numbers were made.
    df : float
        Degrees of freedom of the intervals: one less than the trials that have the rarer outcome; infinite for "z".
    confidence_level : float
        Level of all intervals.
    labels : tuple of str
        Names of the trials.
    boundary : bool
        Whether a tau is 0 or the correlation is -1 or 1: the data would have it even further.
    left_out : tuple of (str, str)
        Label and reason of the trials with neither outcome, and of the outcomes that were dropped for want of a value
        or a variance.
    measure : Measure
        Effect measure, such as "MD", or ""; "MC", mean change, of the arms of EffectSizes.
    effects : EffectSizes or None
        What was pooled, where it was given as such: the first outcome is the change in its second arm, such as placebo.

    See Also
    --------
    analysis.pool_bivariate : Make this result.
    analysis.PooledArms : Changes in both arms, each pooled by itself.
    analysis.PooledEffect : Result of one outcome.

    References
    ----------
    van Houwelingen, Arends & Stijnen 2002, doi 10.1002/sim.1040; van Houwelingen, Zwinderman & Stijnen 1993, Stat Med
    12:2273-2284.

    Examples
    --------
    >>> yi = [[-1.4, -3.9], [0.3, -2.7], [-0.7, -0.9], [-4.9, -6.2], [-3.0, -3.4]]
    >>> fit = pool_bivariate(yi, [[0.3, 0.2], [0.1, 0.1], [0.1, 0.1], [0.2, 0.2], [0.2, 0.1]])
    >>> fit.k, round(fit.second.estimate, 2), fit.tau.round(2).tolist(), fit.boundary
    (5, -3.4, [2.01, 1.89], False)
    """

    k: int
    first: Estimate
    second: Estimate
    difference: Estimate
    estimates: np.ndarray
    vcov: np.ndarray
    between: np.ndarray
    tau: np.ndarray
    correlation: float
    log_likelihood: float
    tau2_method: str
    ci_method: str
    df: float
    confidence_level: float
    labels: tuple[str, ...]
    boundary: bool
    left_out: tuple[tuple[str, str], ...] = ()
    measure: Measure = Measure("")  # noqa: RUF009 - frozen
    effects: EffectSizes | None = None
    _given: dict[str, Any] = field(default_factory=dict, repr=False)  # what was pooled, as columns of a table

    @property
    def tau_difference(self) -> float:
        """Standard deviation between trials of the true difference, second minus first."""
        # Where both outcomes vary alike with a correlation of 1, rounding may leave less than 0.
        return float(np.sqrt(max(_difference_variance(self.between), 0.0)))

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy DataFrame with a row for each of first, second and difference.

        Returns
        -------
        pandas.DataFrame
            Columns outcome, k, estimate, se, ci_low, ci_high, df, tau, correlation, log_likelihood, boundary,
            tau2_method, ci_method, confidence_level; tau is the between-trial SD of what the row is about.
        """
        import pandas as pd

        tau = (*self.tau.tolist(), self.tau_difference)
        same = ("correlation", "log_likelihood", "boundary", "tau2_method", "ci_method", "confidence_level")
        rows = []
        for name, sd in zip((*_OUTCOMES, "difference"), tau, strict=True):
            estimate, se, ci = getattr(self, name)
            row = {"outcome": name, "k": self.k, "estimate": estimate, "se": se, "ci_low": ci.low, "ci_high": ci.high}
            rows.append(row | {"df": self.df, "tau": sd} | {other: getattr(self, other) for other in same})
        return pd.DataFrame(rows)

    def _in_words(self):
        return sentences.bivariate_effect(self)


def _difference_variance(m):
    """Variance of second minus first from a covariance (2, 2)."""
    return m[0, 0] + m[1, 1] - 2.0 * m[0, 1]


@documented
def pool_bivariate(
    yi: ArrayLike | EffectSizes | pd.DataFrame,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    vcov: str | ArrayLike | None = None,
    tau2_method: LikelihoodMethod = "REML",
    ci_method: Literal["t", "z"] = "t",
    confidence_level: float = 0.95,
    labels: Labels | None = None,
    missing: Missing = "raise",
) -> BivariateEffect:
    """Pool two outcomes of k trials by the bivariate random-effects model.

    The outcomes of trial i are normal around the means with covariance S_i + T: S_i within the trial, known; T
    between trials, estimated, so that trials where one outcome is truly larger may be those where the other is.

    Parameters
    ----------
    yi : array_like, shape (k, 2), or EffectSizes or pandas.DataFrame
        Both outcomes of each trial, such as the change in the placebo and in the treatment arm; NaN where absent.
        A trial with one outcome counts for that one. Or a DataFrame with the columns y1 and v1 or se1, y2 and v2 or
        se2, and vcov if need be; or EffectSizes of an arm-level table: first the change with placebo, then that with
        treatment.
    vi : array_like, shape (k, 2), optional
        Their sampling variances, NaN where absent. Rows of two DataFrames are paired by their index.
    se : array_like, shape (k, 2), optional
        Their standard errors in place of vi.
    vcov : str or array_like, shape (k,), optional
        Sampling covariance of both outcomes within each trial, or the column that holds it. 0 if left out, as for
        independent arms; of EffectSizes that of their crossover trials.
    tau2_method : {"REML", "ML"}, optional
        The global maximum of the restricted or the full likelihood over all T, correlations of -1 and 1 and
        variances of 0 included.
    ci_method : {"t", "z"}, optional
        Intervals on t with one degree of freedom less than trials, or normal.
    {confidence_level, labels}
    missing : {"raise", "drop"}, optional
        Refuse an outcome without a variance, or a variance without an outcome, or leave it out and list it.

    Returns
    -------
    BivariateEffect
        Both means, their difference, and how true values vary together between trials.

    Raises
    ------
    ValueError
        For outcomes, variances or covariances that cannot be pooled, fewer than three trials, an outcome that
        fewer than two trials have, indexes that do not pair, or unknown options. Also where a variance of an outcome
        is more than 1e14 times another, or an outcome more than 1e10 standard errors: a likelihood is lost in rounding
        then.
    TypeError
        For the result of another model.

    See Also
    --------
    analysis.pool_arms : Pool the changes in each arm, and the randomised contrast.
    analysis.pool : Pool each outcome by itself.
    analysis.contextual_share : Share of the change that placebo arms have too.

    References
    ----------
    van Houwelingen, Arends & Stijnen 2002, doi 10.1002/sim.1040; van Houwelingen, Zwinderman & Stijnen 1993, Stat Med
    12:2273-2284.

    Examples
    --------
    >>> yi = [[-1.4, -3.9], [0.3, -2.7], [-0.7, -0.9], [-4.9, -6.2], [-3.0, -3.4]]
    >>> fit = pool_bivariate(yi, [[0.3, 0.2], [0.1, 0.1], [0.1, 0.1], [0.2, 0.2], [0.2, 0.1]])
    >>> [round(float(x), 2) for x in (*fit.estimates, fit.correlation, fit.difference.estimate, fit.difference.se)]
    [-1.94, -3.4, 0.83, -1.46, 0.57]
    """
    _check.option("missing", missing, ("raise", "drop"))
    given = _of_any_form(yi, vi, se, vcov, labels)
    _two_columns(given.yi, given.spread)
    given, left_out = _known(given, missing)
    options = _options(tau2_method, ci_method, confidence_level)
    checked = _checked(given)
    (fit,) = _fits(checked, np.ones((len(checked.yi), 1), dtype=bool), options)
    if fit is None:
        here = np.isfinite(checked.vi)
        first, second = here.sum(axis=0)
        raise ValueError(
            f"{here.any(axis=1).sum()} trials, {first} with the first outcome and {second} with the second, are too "
            f"few: the model needs {_FEWEST_TRIALS} trials, and 2 with each outcome; pool each outcome by itself"
        )
    # What effects hold of their arms are mean changes.
    own = {"measure": Measure("MC"), "effects": yi} if hasattr(yi, "derivations") else {}
    return replace(fit, left_out=left_out, **own)


# The columns of a table of both outcomes.
_TABLE = ("y1", "y2", "v1", "v2", "vcov")


class _Given(NamedTuple):
    """Outcomes with their errors, as given."""

    yi: Any
    spread: Any
    name: str  # of `spread`: vi or se
    vcov: Any
    labels: Any


def _of_any_form(yi, vi, se, vcov, labels):
    """Outcomes in any of their forms by their parts, those of pandas in the same order."""
    table = table_of(yi, "pool_bivariate", _FORMS)
    more = [name for name, x in (("vi", vi), ("se", se)) if x is not None]
    if isinstance(yi, PooledEffect):
        raise TypeError(_check.refusal(yi, "pool_bivariate", _FORMS))
    if len(more) == 2:
        raise ValueError(BOTH_GIVEN)
    if more and table is not None and table is not yi:
        raise ValueError(TABLE_HAS_ITS_OWN.format(name=more[0]))
    if not more and table is None:
        raise ValueError(f"vi is missing; {_FORMS}")
    if not more:
        return _of_table(yi, table, vcov, labels)
    spread = vi if se is None else se
    index = next((x.index for x in (yi, spread) if hasattr(x, "iloc")), None)
    spread = paired(spread, more[0], index)
    # Columns of the same names are paired by them, all others by their order.
    if hasattr(yi, "columns") and hasattr(spread, "columns") and set(yi.columns) == set(spread.columns):
        spread = spread[yi.columns]
    if labels is None and index is not None:
        labels = index_labels(index)
    return _Given(yi, spread, more[0], paired(vcov, "vcov", index), paired(labels, "labels", index))


def _of_table(effects, table, vcov, labels):
    index = index_of(effects, table.index)
    labels = labels_of(table) if labels is None else paired(labels, "labels", index)
    if effects is not table:
        yi, vi, own = changes_of_arms(effects)
        return _Given(yi, vi, "vi", own if vcov is None else paired(vcov, "vcov", index), labels)
    name = "v" if "v1" in table or "se1" not in table else "se"
    needed = ["y1", "y2", f"{name}1", f"{name}2", *([vcov] if isinstance(vcov, str) else ())]
    if lacking := [column for column in needed if column not in table]:
        listed = f"{', '.join(map(repr, lacking))} {'is' if len(lacking) == 1 else 'are'}"
        raise ValueError(f"{listed} not among the columns of the effects, {', '.join(map(str, table))}; {_FORMS}")
    vcov = "vcov" if vcov is None else vcov
    vcov = table.get(vcov) if isinstance(vcov, str) else paired(vcov, "vcov", index)
    return _Given(table[["y1", "y2"]], table[needed[2:4]], {"v": "vi"}.get(name, name), vcov, labels)


def changes_of_arms(effects: EffectSizes) -> tuple[Floats, Floats, Floats]:
    """Return the changes of both arms as two outcomes.

    Parameters
    ----------
    effects : EffectSizes

    Returns
    -------
    yi, vi : numpy.ndarray, shape (k, 2)
        Changes with placebo and with treatment, and their variances; NaN where not reported.
    vcov : numpy.ndarray, shape (k,)
        Their covariance: that of the same people in a crossover trial, else 0.

    Raises
    ------
    ValueError
        For effects without changes within the arms.

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> yi, vi, vcov = changes_of_arms(effect_sizes(read_trials("data/trials.csv")).where(study="gale2006"))
    >>> yi.round(2).tolist(), vi.round(2).tolist(), vcov.tolist()
    ([[-1.4, -3.9]], [[0.26, 0.23]], [0.0])
    """
    table = effects.table
    if not {"change_placebo", "change_placebo_vi", "change_treatment", "change_treatment_vi"} <= set(table):
        raise ValueError(f"the effects hold no changes within the arms; {_FORMS}")
    arms = ["change_placebo", "change_treatment"]
    yi, vi = table[arms].to_numpy(dtype=float), table[[f"{arm}_vi" for arm in arms]].to_numpy(dtype=float)
    together = effects.options.get("crossover_correlation", 0.5) * np.sqrt(vi[:, 0] * vi[:, 1])
    return yi, vi, np.where(table["design"] == "crossover", together, 0.0)


def _known(given, missing):
    """The outcomes with NaN for those dropped, and pairs of label and reason for what takes no part."""
    no_yi, no_spread = _check.unknown(given.yi), _check.unknown(given.spread)
    what = {"vi": "variance", "se": "standard error"}[given.name]
    names, dropped = _check.study_labels(given.labels, len(no_yi)), no_yi ^ no_spread
    dropped &= missing == "drop"
    absent, left_out = dropped | (no_yi & no_spread), []
    for i in np.flatnonzero(dropped.any(axis=1) | absent.all(axis=1)):
        lacks = [
            f"no {'effect' if no_yi[i, j] else what} of the {_OUTCOMES[j]} outcome" for j in np.flatnonzero(dropped[i])
        ]
        left_out.append((names[i], " and ".join(lacks) or "neither outcome"))
    if dropped.any():
        blank = (np.where(dropped, np.nan, np.asarray(x, dtype=object)) for x in (given.yi, given.spread))
        given = given._replace(**dict(zip(("yi", "spread"), blank, strict=True)))
    return given, tuple(left_out)


class _Checked(NamedTuple):
    """Checked outcomes (k, 2), NaN where absent, with their covariance (k,) within trials."""

    yi: np.ndarray
    vi: np.ndarray
    vcov: np.ndarray
    names: tuple[str, ...]


def _checked(given):
    names = _check.study_labels(given.labels, len(given.yi))

    def where(at):
        name = f"trial {at[0] + 1}" if given.labels is None else f"trial {at[0] + 1} ({names[at[0]]})"
        return name if len(at) == 1 else f"{name}, {_OUTCOMES[at[1]]} outcome"

    yi, vi = _check.check(given.yi, given.spread, where, absent_allowed=True, spread=given.name)
    _check.span(yi, vi, where, "pool_bivariate")
    return _Checked(yi, vi, _checked_covariance(given.vcov, vi.T, where), names)


def pool_bivariate_groups(
    yi: ArrayLike,
    vi: ArrayLike,
    members: ArrayLike,
    *,
    vcov: ArrayLike | None = None,
    tau2_method: LikelihoodMethod = "REML",
    ci_method: Literal["t", "z"] = "t",
    confidence_level: float = 0.95,
    labels: Labels | None = None,
) -> list[BivariateEffect | None]:
    """Pool two outcomes of many sets of the same k trials at once, such as subgroups.

    Parameters
    ----------
    yi, vi, vcov, tau2_method, ci_method, confidence_level, labels
        As for :func:`analysis.pool_bivariate`.
    members : array of bool, shape (k, n)
        Which trials belong to which set.

    Returns
    -------
    list of BivariateEffect or None
        One for each set; None where it has fewer than three trials, or fewer than two with either outcome.

    Raises
    ------
    ValueError
        As for `pool_bivariate`, but for too few trials.

    Examples
    --------
    >>> yi = [[-1.4, -3.9], [0.3, -2.7], [-0.7, -0.9], [-4.9, -6.2]]
    >>> fits = pool_bivariate_groups(yi, [[0.2, 0.2]] * 4, [[True, True], [True, True], [True, False], [True, False]])
    >>> fits[0].k, fits[1]
    (4, None)
    """
    options, yi, members = _options(tau2_method, ci_method, confidence_level), _two_columns(yi, vi), np.asarray(members)
    if members.dtype != bool or members.shape[:1] != yi.shape[:1] or members.ndim != 2:
        raise ValueError(f"members must be a boolean array of shape ({len(yi)}, n), {len(yi)} trials by n sets")
    return _fits(_checked(_Given(yi, vi, "vi", vcov, labels)), members, options)


def _options(tau2_method, ci_method, confidence_level):
    _check.option("tau2_method", tau2_method, get_args(LikelihoodMethod))
    _check.option("ci_method", ci_method, _CI_METHODS)
    return tau2_method, ci_method, _check.level(confidence_level)


def _fits(checked, members, options):
    """The `BivariateEffect` of every set of trials, None where there are too few."""
    yi, vi, vcov, names = checked
    here = members[:, :, None] & np.isfinite(vi)[:, None]
    batch = _fit(*(np.where(here, x[:, None], np.nan).transpose(2, 0, 1) for x in (yi, vi)), vcov[:, None], options[0])

    def one(j):
        present = here[:, j].any(axis=1)
        named = tuple(name for name, used in zip(names, present, strict=True) if used)
        outcomes = np.where(here[:, j, None], np.stack([yi, vi], axis=1), np.nan)[present].reshape(-1, 4).T
        given = dict(zip(("label", *_TABLE), (named, *outcomes, vcov[present]), strict=True))
        return replace(_bivariate_effect(take(batch, j), named, *options), _given=given)

    return [None if np.isnan(height) else one(j) for j, height in enumerate(batch.log_likelihood)]


def _two_columns(yi, vi):
    """The outcomes as an array; ValueError unless yi and vi have the shape (k, 2)."""
    _check.same_shape(yi, vi, 2, "(k, 2), both outcomes of each trial")
    yi = np.asarray(yi)
    if yi.shape[1] != 2:
        raise ValueError(f"y has {yi.shape[1]} columns, but must have 2: the first and the second outcome")
    return yi


def _bivariate_effect(fit, labels, tau2_method, ci_method, level):
    """The `BivariateEffect` of one fit, a `BivariateBatch` of single values."""
    df = np.inf if ci_method == "z" else float(fit.df)
    critical = float(t_quantile(df, level))

    def mean(value, variance):
        se = float(np.sqrt(variance))
        half = critical * se
        return Estimate(float(value), se, ConfidenceInterval(float(value - half), float(value + half)))

    arrays = {name: np.array(getattr(fit, name)) for name in ("estimates", "vcov", "between")}
    arrays["tau"] = np.sqrt(np.diag(fit.between))
    return BivariateEffect(
        k=int(fit.k),
        first=mean(fit.estimates[0], fit.vcov[0, 0]),
        second=mean(fit.estimates[1], fit.vcov[1, 1]),
        difference=mean(fit.estimates[1] - fit.estimates[0], _difference_variance(fit.vcov)),
        **arrays,
        correlation=float(fit.correlation),
        log_likelihood=float(fit.log_likelihood),
        tau2_method=tau2_method,
        ci_method=ci_method,
        df=df,
        confidence_level=level,
        labels=labels,
        boundary=bool(fit.boundary),
    )


class BivariateBatch(NamedTuple):
    """Results of n fits; see `pool_bivariate_columns`. NaN where there are too few trials."""

    k: np.ndarray  # (n,) trials with at least one outcome
    df: np.ndarray  # (n,) one less than the trials with the rarer outcome
    estimates: np.ndarray  # (2, n) means
    vcov: np.ndarray  # (2, 2, n) of the means
    between: np.ndarray  # (2, 2, n) covariance of true values between trials
    correlation: np.ndarray  # (n,) of true values between trials; NaN where a variance is 0 or no trial has both
    log_likelihood: np.ndarray  # (n,)
    boundary: np.ndarray  # (n,) bool: a between-trial variance is 0 or the correlation is -1 or 1


def pool_bivariate_columns(
    y1: ArrayLike,
    v1: ArrayLike,
    y2: ArrayLike,
    v2: ArrayLike,
    vcov: ArrayLike | None = None,
    *,
    tau2_method: LikelihoodMethod = "REML",
) -> BivariateBatch:
    """Fit the model of `pool_bivariate` to n sets of k trials at once, for resampling.

    Parameters
    ----------
    y1, v1, y2, v2 : array, shape (k, n)
        First and second outcomes with their sampling variances, one set a column; NaN where absent.
    vcov : array, shape (k, n), optional
        Sampling covariance within each trial; 0 if left out.
    tau2_method : {"REML", "ML"}
        As for `pool_bivariate`.

    Returns
    -------
    BivariateBatch
        Arrays with n as the last axis; NaN for sets of fewer than three trials, or with fewer than two for either
        outcome.

    Raises
    ------
    ValueError
        As for `pool_bivariate`, but for too few trials.

    Examples
    --------
    >>> y1, y2 = [[-1.4], [0.3], [-0.7], [-4.9]], [[-3.9], [-2.7], [-0.9], [-6.2]]
    >>> batch = pool_bivariate_columns(y1, [[0.2]] * 4, y2, [[0.2]] * 4)
    >>> batch.estimates.round(3).tolist(), batch.correlation.round(3).tolist()
    ([[-1.675], [-3.425]], [0.878])
    """
    outcomes = []
    for name, yi, vi in (("first", y1, v1), ("second", y2, v2)):
        _check.same_shape(yi, vi, 2, "(k, n), k trials by n sets")

        def where(at, name=name):
            return f"{_place(at)}, {name} outcome"

        outcomes.append(_check.check(yi, vi, where, True))
        _check.span(*outcomes[-1], where, "pool_bivariate_columns")
    (y1, v1), (y2, v2) = outcomes
    if y1.shape != y2.shape:
        raise ValueError(f"the outcomes have the shapes {y1.shape} and {y2.shape}; they must agree")
    v = np.stack([v1, v2])
    return _fit(np.stack([y1, y2]), v, _checked_covariance(vcov, v, _place), tau2_method)


def _place(at):
    return f"set {at[1] + 1}, trial {at[0] + 1}"


def _checked_covariance(vcov, v, where):
    """Covariance within trials, 0 where an outcome is absent; ValueError unless it goes with variances v (2, ...)."""
    if vcov is None:
        return np.zeros(v.shape[1:])
    vcov = np.asarray(vcov, dtype=float)
    if vcov.shape != v.shape[1:]:
        raise ValueError(f"vcov has the shape {vcov.shape}, but must have {v.shape[1:]}: one for each trial")
    both = np.isfinite(v).all(axis=0)
    largest = np.sqrt(v[0] * v[1])
    bad = np.argwhere(both & ~(np.abs(vcov) < (1.0 - _NEARLY_ONE) * largest)).tolist()
    if bad:
        listed = []
        for at in map(tuple, bad):
            value, limit = float(vcov[at]), float(largest[at])
            listed.append(f"{where(at)}: vcov = {value!r} is not between {-limit:.6g} and {limit:.6g}")
        rule = "A covariance within a trial is nearer to 0 than the product of both standard errors"
        raise ValueError("\n  ".join([f"{rule}; correct it, or leave it out for independent samples:", *listed]))
    return np.where(both, vcov, 0.0)


def _fit(y, v, c, tau2_method):
    """Fit every column of outcomes and variances (2, k, n), NaN where absent, and covariances c (k, n) or (k, 1)."""
    _check.option("tau2_method", tau2_method, get_args(LikelihoodMethod))
    here = np.isfinite(v)
    count, k = here.sum(axis=1), here.any(axis=0).sum(axis=0)
    n, fewest = k.size, count.min(axis=0)
    out = BivariateBatch(
        k=k,
        df=fewest - 1.0,
        boundary=np.zeros(n, dtype=bool),
        **{name: np.full((*shape, n), np.nan) for name, shape in _SHAPES.items()},
    )
    enough = np.flatnonzero((k >= _FEWEST_TRIALS) & (fewest > 1))
    size, c = max(_BLOCK // len(c), 1), np.broadcast_to(c, v.shape[1:])
    for start in range(0, enough.size, size):
        some = enough[start : start + size]
        for name, values in _fit_block(y[..., some], v[..., some], c[:, some], tau2_method == "REML").items():
            getattr(out, name)[..., some] = values
    return out


def _fit_block(y, v, c, restricted):
    """The fields of a `BivariateBatch` that are estimated."""
    data, shift, scale = pairs(y, v, c)
    factor, height = maximum(data, restricted)
    at = point(data, factor, restricted)
    unit = scale[:, None] * scale
    used = data.count - restricted
    constant = -0.5 * used.sum(axis=0) * np.log(2.0 * np.pi) - (used * np.log(scale)).sum(axis=0)
    # metafor's restricted likelihood has the term log |X'X| / 2, X the design of the means.
    constant += 0.5 * restricted * np.log(data.count).sum(axis=0)
    a, b, c = factor
    whole = np.hypot(b, c)
    related = (a > 0) & (whole > 0) & (data.both.sum(axis=0) > 0)
    return {
        "estimates": shift + scale * at.mean,
        "vcov": at.covariance[_FULL] * unit,
        "between": product(factor)[0][_FULL] * unit,
        "correlation": np.where(related, b / np.where(related, whole, 1.0), np.nan),
        "log_likelihood": height + constant,
        "boundary": (a == 0) | (c == 0),
    }


class _Pairs(NamedTuple):
    """Trials of n fits, in units of each column's own; see `pairs`."""

    y: np.ndarray  # (2, k, n) outcomes about `shift`, 0 where absent
    v: np.ndarray  # (2, k, n) sampling variances, 0 where *the other* outcome is absent
    c: np.ndarray  # (k, n) covariance within trials
    both: np.ndarray  # (k, n) 1 where a trial has both outcomes, else 0
    det: np.ndarray  # (k, n) determinant of the sampling covariance, or the only variance, or 1
    small: np.ndarray  # (2, n) smallest variance of each outcome
    count: np.ndarray  # (2, n) trials that have each outcome


def pairs(y: Floats, v: Floats, covariance: Any) -> Any:
    """Prepare outcomes and variances (2, k, n), NaN where absent, and covariances (k, n) within trials.

    Returns the `_Pairs` with the shift (2, n) and the scale (2, n) of each outcome, a power of two, which rounds
    nothing.
    """
    here = np.isfinite(v)
    both = here.all(axis=0)
    small = np.where(here, v, np.inf).min(axis=1)
    count = here.sum(axis=1)
    shift = np.where(here, y, 0.0).sum(axis=1) / np.maximum(count, 1)
    scale = np.ldexp(1.0, np.frexp(np.where(np.isfinite(small), small, 1.0))[1] // 2)
    y = np.where(here, (y - shift[:, None]) / scale[:, None], 0.0)
    v = np.where(here, v / scale[:, None] ** 2, 1.0)
    c = np.where(both, covariance / (scale[0] * scale[1]), 0.0)
    # An absent outcome has the variance 1 and the one beside it 0, so that the inverse and the determinant of a 2 by 2
    # matrix in `_weights` are those of the single variance, which `det` holds.
    data = _Pairs(y, v * here[::-1], c, both.astype(float), v[0] * v[1] - c**2, small / scale**2, count)
    return data, shift, scale


def take(table: Any, index: Any) -> Any:
    """The columns `index` of a named tuple of arrays."""
    return type(table)(*(x[..., index] for x in table))


def maximum(data: Any, restricted: bool) -> Any:
    """L (3, n) of the highest likelihood, and its log (n,) up to a constant.

    L22 = 0, or T = 0, exactly where the maximum is on the boundary. T12 = 0 where no trial has both outcomes.
    """
    n, ordinary, ends = data.c.shape[1], _ordinary(data), []
    for kind, (inside, boundary) in _FIRST.items():
        some = np.flatnonzero(ordinary == kind)
        if some.size:
            ends += [_from_grid(data, some, inside, restricted), _boundary(data, some, boundary, restricted)]
    best, contested = _highest_ends(_joined(*ends), n)
    if contested.any():
        more = _from_grid(data, np.flatnonzero(contested), _DENSE, restricted)
        best = _highest_ends(_joined(best, more), n)[0]
    return _settle(data, best, restricted)


def _ordinary(data):
    """Whether the sampling variances of each outcome are alike enough for few starts."""
    alone = data.v[::-1] * (1.0 - data.both) > 0
    largest = np.where(alone, data.det, data.v).max(axis=1)
    return (largest <= _ORDINARY * data.small).all(axis=0)


class _Ends(NamedTuple):
    """Where climbs ended."""

    owner: np.ndarray  # (m,) column
    factor: np.ndarray  # (3, m) L
    height: np.ndarray  # (m,) log-likelihood


def _joined(*ends):
    return _Ends(*(np.concatenate(parts, axis=-1) for parts in zip(*ends, strict=True)))


def _from_grid(data, some, shape, restricted):
    """The ends of the climbs from every point of a grid, in the columns `some`."""
    grid = _grid(take(data, some), *shape)
    owner = np.broadcast_to(some, grid.shape[1:]).ravel()
    return _climbed(data, owner, grid.reshape(3, -1), restricted)


def _grid(data, shares, correlations):
    """L (3, s, s, c, n) for every pair of s variances and every one of c correlations.

    The ladder goes to four times the variance of the outcomes and more, in even factors counted from -small.
    """
    top = 5.0 + 4.0 * (data.y**2).sum(axis=1) / (data.count * data.small)
    ladder = data.small[:, None] * (top[:, None] ** np.array(shares)[:, None] - 1.0)
    (first, second), r = np.sqrt(ladder), np.array(correlations)[:, None]
    first, second = first[:, None, None], second[:, None]
    return np.stack(np.broadcast_arrays(first, r * second, np.sqrt(1.0 - r**2) * second))


def _climbed(data, owner, factor, restricted):
    """The ends of the climbs from L (3, m) in the columns `owner`."""
    rows = max(_SEARCH_BLOCK // len(data.c), 1)
    done = [
        climb(take(data, owner[i : i + rows]), factor[:, i : i + rows], restricted) for i in range(0, owner.size, rows)
    ]
    return _Ends(owner, *(np.concatenate(parts, axis=-1) for parts in zip(*done, strict=True)))


def _boundary(data, some, shape, restricted):
    """The maxima on the boundary, T = 0 included, in the columns `some`, and the ends of climbs from there inwards."""
    part = take(data, some)
    owner, start = _peaks(part, _grid(part, *shape), restricted)
    edge = _climbed(data, some[owner], start, restricted)
    a, b, _ = edge.factor
    away = np.sqrt((1.0 - _INWARD**2) * (b**2 + data.small[1, edge.owner]))
    inside = _climbed(data, edge.owner, np.stack([a, _INWARD * b, away]), restricted)
    zero = np.zeros((3, some.size))
    edge = _joined(edge, _Ends(some, zero, point(part, zero, restricted).height))
    return _joined(take(edge, _holds(data, edge, restricted)), inside)


def _peaks(data, grid, restricted):
    """The columns (m,) and L (3, m) of the points of a grid that are as high as every point around them."""
    shape, flat = grid.shape[1:], grid.reshape(3, -1, grid.shape[-1])
    # With an axis for the points of the grid.
    beside = _Pairs(*(x[..., None, :] for x in data))
    rows = max(_SEARCH_BLOCK // data.c.size, 1)
    parts = [point(beside, flat[:, i : i + rows], restricted).height for i in range(0, flat.shape[1], rows)]
    height = np.concatenate(parts).reshape(shape)
    around = np.pad(height, [(1, 1)] * 3 + [(0, 0)], constant_values=-np.inf)
    top = np.ones(shape, dtype=bool)
    for offset in itertools.product(range(3), repeat=3):
        top &= height >= around[tuple(slice(i, i + size) for i, size in zip(offset, shape[:3], strict=True))]
    return np.nonzero(top)[-1], grid[:, top]


def _holds(data, ends, restricted):
    """Whether ends on the boundary are maxima: the derivative of the likelihood into the inside is not positive.

    The derivative is the trace of the product of the gradient by T and the change of T. At T = 0 every positive
    semi-definite T is such a change, so the gradient is negative semi-definite; elsewhere it is nn', n = (-b, a) at
    right angles to the column (a, b) of L.
    """
    part = take(data, ends.owner)
    g = derivatives(part, ends.factor, point(part, ends.factor, restricted), restricted)[2]
    a, b, _ = ends.factor
    at_zero = (g[0] <= 0) & (g[2] <= 0) & (g[0] * g[2] >= g[1] ** 2)
    return np.where((a == 0) & (b == 0), at_zero, b**2 * g[0] - 2.0 * a * b * g[1] + a**2 * g[2] <= 0)


def _highest_ends(ends, n):
    """The highest end of each column, of the lowest rank where heights tie; and whether other ends are lower."""
    best, least = np.full(n, -np.inf), np.full(n, np.inf)
    np.maximum.at(best, ends.owner, ends.height)
    np.minimum.at(least, ends.owner, ends.height)
    top = best[ends.owner]
    ties = ends.height >= top - _TIE * (1.0 + np.abs(top))
    # L11 and L22: each of them that is 0 leaves T a rank less.
    rank = (ends.factor != 0)[[0, 2]].sum(axis=0)
    order = np.lexsort((ends.height, -rank, ties, ends.owner))
    last = np.empty(n, dtype=int)
    # The last assignment to a column stands.
    last[ends.owner[order]] = order
    return take(ends, last), best - least > _SAME


def _settle(data, ends, restricted):
    """Move ends next to the boundary onto it where that is a maximum as high, and give L its signs."""
    a, b, c = ends.factor
    near = np.flatnonzero((c != 0) & (c**2 <= _NEAR * (b**2 + c**2)))
    if near.size:
        edge = _climbed(data, near, ends.factor[:, near] * [[1.0], [1.0], [0.0]], restricted)
        wins = _holds(data, edge, restricted) & (edge.height >= ends.height[near] - _TIE * (1.0 + np.abs(edge.height)))
        ends.factor[:, near[wins]], ends.height[near[wins]] = edge.factor[:, wins], edge.height[wins]
    a, b, c = ends.factor
    tiny = np.stack([a**2, b**2 + c**2]) <= _NOTHING * data.small
    # Without trials that have both, T12 does not count.
    apart = tiny.any(axis=0) | (data.both.sum(axis=0) == 0)
    first, second = np.where(tiny, 0.0, np.stack([np.abs(a), np.hypot(b, c)]))
    return np.where(apart, [first, 0.0 * first, second], [np.abs(a), np.where(a < 0, -b, b), np.abs(c)]), ends.height


class _Point(NamedTuple):
    """The likelihood at one T per column, and what its derivatives are made of."""

    height: np.ndarray  # (n,) log-likelihood up to a constant
    mean: np.ndarray  # (2, n)
    covariance: np.ndarray  # (3, n) of the mean
    middle: np.ndarray  # (4, n): the covariance of the mean is F M F', and these are M11, M12, M22 and M33 = M44
    share: np.ndarray  # (k, n) 1 / det(S_i + T)
    rest: np.ndarray  # (2, k, n) residuals


def climb(data: Any, factor: Floats, restricted: bool) -> Any:
    """Newton's method in a region of trust, from L (3, n) to a local maximum; returns L and the height there.

    Where L22 = 0 at the start the climb stays on the boundary of the correlations -1 and 1.
    """
    end, height = factor.copy(), np.empty(factor.shape[1])
    live, radius, at = np.arange(height.size), np.ones(height.size), point(data, factor, restricted)
    for _ in range(_STEPS):
        if not live.size:
            break
        spread = _row_spread(data, factor)
        step = _newton(data, factor, spread, at, restricted)
        size = np.sqrt((step**2).sum(axis=0))
        cut = size > radius
        new = factor + spread * step * np.where(cut, radius / np.where(cut, size, 1.0), 1.0)
        there = point(data, new, restricted)
        good = there.height >= at.height - _ROUNDING * (1.0 + np.abs(at.height))
        radius = np.where(good, np.minimum(2.0 * radius, _REACH), 0.25 * np.minimum(size, radius))
        moving = (cut | ~good | _unsettled(data, new, factor)) & (radius > _SHORTEST)
        factor, at = np.where(good, new, factor), _Point(*map(partial(np.where, good), there, at))
        end[:, live], height[live] = factor, at.height
        if not moving.all():
            some = np.flatnonzero(moving)
            live, data, at = live[some], take(data, some), take(at, some)
            factor, radius = factor[:, some], radius[some]
    return end, height


def point(data: Any, factor: Floats, restricted: bool) -> Any:
    """The likelihood profiled over the means, or the restricted one, at T = LL'; L is (3, n), or (3, g, n).

    Where T is singular and a sampling variance is small, W is large but in one direction, that of L, and products of W
    and L would be lost in rounding. They are seen in the frame F = [I, L] instead: F'WF and F'W times a vector have
    formulas in which nothing cancels, and so has the covariance of the means. With d the determinant of S + T, d W is
    adj S + adj T, and adj is linear, hence that covariance is the sum of (S + T) / d over its determinant.
    """
    t, det_t = product(factor)
    share = 1.0 / _determinant(data.det, *data.v, data.c, t, data.both * det_t)
    total = np.stack([np.einsum("k...,k...->...", x, share) for x in (data.v[0], data.c, data.v[1], data.both)])
    first, cross, second, joint = total
    det = _determinant(first * second - cross**2, first, second, cross, joint * t, joint**2 * det_t)
    middle = total / det
    covariance = middle[:3] + middle[3] * t
    (a, b, c), pull = factor, _pull(data, factor, share, data.y).sum(axis=1)
    mean = _apply(middle[:3], pull[:2]) + middle[3] * np.stack([a * pull[2], b * pull[2] + c * pull[3]])
    rest = data.y - mean[:, None]
    (r, s), (v1, v2) = rest, data.v
    square = data.both * (a * s - b * r) ** 2 + (data.both * (c * c) + v2) * r**2 + v1 * s**2
    if data.c.any():
        square -= 2.0 * data.c * r * s
    height = (share * square - np.log(share)).sum(axis=0)
    if restricted:
        height += np.log(det)
    return _Point(-0.5 * height, mean, covariance, middle, share, rest)


def _determinant(det_s, v1, v2, c, t, det_t):
    """Determinant of S + T, of whose terms only that of c may be negative."""
    return det_s + v1 * t[2] + v2 * t[0] - 2.0 * c * t[1] + det_t


def _pull(data, factor, share, x):
    """F'W times vectors x (2, k, n)."""
    (a, b, c), (r, s), (v1, v2) = factor, x * share, data.v
    first, second, across = (data.both * (c * c) + v2) * r, v1 * s, data.both * (a * s - b * r)
    if data.c.any():
        first, second = first - data.c * s, second - data.c * r
    along = a * first + b * second
    second = second + a * across
    return np.stack([first - b * across, second, along, c * second])


def product(factor: Floats) -> Any:
    """T = LL' (3, n) of L = [[l0, 0], [l1, l2]], and its determinant, in which nothing cancels."""
    a, b, c = factor
    return np.stack([a * a, a * b, b * b + c * c]), (a * c) ** 2


def _apply(m, x):
    """Symmetric matrices (3, ...) times vectors (2, ...)."""
    out = m[:2] * x[0]
    out += m[1:] * x[1]
    return out


def _row_spread(data, factor):
    """What makes changes of L comparable with each other (3, n): about the total SD of the row of each entry."""
    (t11, _, t22), _ = product(factor)
    return np.sqrt(np.stack([t11, t22, t22]) + data.small[[0, 1, 1]])


def _newton(data, factor, spread, at, restricted):
    """Newton step (3, n) for L / spread; absolute eigenvalues of the Hessian make it lead uphill everywhere."""
    gradient, hessian, _ = derivatives(data, factor, at, restricted)
    hessian = (hessian * spread * spread[:, None]).transpose(2, 0, 1)
    # L22 = 0 stays: its slope is 0 there, and so are its cross terms.
    hessian[factor[2] == 0, 2, 2] = -1.0
    return _uphill(-hessian, (gradient * spread).T).T


def derivatives(data: Any, factor: Floats, at: Any, restricted: bool) -> Any:
    """Gradient (3, n) and Hessian (3, 3, n) of the log-likelihood by L11, L21, L22, and the gradient (3, n) by T.

    A change of an entry of L changes T by D = F A F', A of zeros but for a pair of ones. With O = F'WF, M of `_Point`,
    p = F'W times residuals and sums over trials, the entries are

        tr G A,  G = sum(pp' - O) / 2
        sum tr (O / 2 - pp') A O B + (sum O A p)' M (sum O B p) + tr G times the change of A by B

    and the restriction adds sum(O M O) / 2 to G, and -sum tr O M O A O B + tr M (sum O A O) M (sum O B O) / 2.
    """
    o, p = _framed(data, factor, at.share), _pull(data, factor, at.share, at.rest)
    square = p[_ROWS] * p[_COLUMNS]
    core, slope = 0.5 * o - square, square - o
    if restricted:
        # Entry by entry, on views: copies of so many rows would take most of the time.
        turned = [_by_middle(at, [o[i] for i in column]) for column in _WHOLE]
        middle = np.stack(
            [sum(o[_WHOLE[x, z]] * turned[y][z] for z in range(4)) for x, y in zip(_ROWS, _COLUMNS, strict=True)]
        )
        core -= middle
        slope += middle
    slope = 0.5 * slope.sum(axis=1)[_WHOLE]
    load = np.einsum("akn,bkn->abn", o, p)
    load = load[_WHOLE[:, _I], _J] + load[_WHOLE[:, _J], _I]
    curvature = np.einsum("xan,xbn->abn", load, _by_middle(at, load))
    curvature += np.where(_J[:, None] == _J, 1.0, 0.0)[..., None] * 2.0 * slope[_I[:, None], _I]
    if restricted:
        table = np.einsum("akn,bkn->abn", o, o)
        turned = table[_WHOLE[:, _I][:, None], _WHOLE[:, _J]]
        turned = _by_middle(at, turned + turned.swapaxes(0, 1))
        curvature += 0.5 * np.einsum("xyan,yxbn->abn", turned, turned)
    table = np.einsum("akn,bkn->abn", core, o)
    i, j = _I[:, None], _J[:, None]
    for (x, z), (y, w) in itertools.product(((i, j), (j, i)), ((_I, _J), (_J, _I))):
        curvature += table[_WHOLE[x, y], _WHOLE[z, w]]
    return 2.0 * slope[_I, _J], curvature, slope[[0, 0, 1], [0, 1, 1]]


def _by_middle(at, x):
    """M times vectors x (4, ..., n)."""
    first, cross, second, joint = at.middle
    return np.stack([first * x[0] + cross * x[1], cross * x[0] + second * x[1], joint * x[2], joint * x[3]])


def _framed(data, factor, share):
    """F'WF (10, k, n), its entries on and above the diagonal row by row."""
    (a, b, c), (v1, v2), both = factor, data.v, data.both
    first, second, cross = both * (c * c) + v2, both * (a * a) + v1, both * (a * b) + data.c
    p, q = a * first - b * data.c, b * v1 - a * data.c
    rows = [both * (b * b) + first, -cross, p, -c * cross, second, q, c * second, a * p + b * q, c * q, c * c * second]
    return np.stack(rows) * share


def _uphill(m, slope):
    """Solve m x = slope (n, 3) with the eigenvalues of m made positive."""
    size = np.abs(np.einsum("naa->na", m)).max(axis=1)
    minor = m[:, 0, 0] * m[:, 1, 1] - m[:, 0, 1] ** 2
    # Most are positive definite by their leading minors, with room to spare, and need no eigenvalues.
    steep = (m[:, 0, 0] > 1e-6 * size) & (minor > 1e-6 * size**2) & (np.linalg.det(m) > 1e-6 * size**3)
    x = np.empty_like(slope)
    x[steep] = np.linalg.solve(m[steep], slope[steep, :, None])[..., 0]
    size, axes = np.linalg.eigh(m[~steep])
    size = np.abs(size)
    # A direction without curvature must not get an infinite step.
    size = np.maximum(size, 1e-12 * size.max(axis=1, keepdims=True) + 1e-300)
    along = np.einsum("nab,na->nb", axes, slope[~steep])
    x[~steep] = np.einsum("nab,nb->na", axes, along / size)
    return x


def _unsettled(data, new, old):
    """Whether the step from one L to the next moved T by more than rounding."""
    t, before = product(new)[0], product(old)[0]
    sd, small = np.sqrt(t[[0, 2]]), np.sqrt(data.small)
    room = _STEP * sd[[0, 0, 1]] * sd[[0, 1, 1]] + _FLOOR * small[[0, 0, 1]] * small[[0, 1, 1]]
    return (np.abs(t - before) > room).any(axis=0)
