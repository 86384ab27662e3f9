"""Therapies that were each compared with the same comparator: what they differ by, indirectly.

All trials share a comparator, so their network is a star. Effects of one trial share its comparator arm: V is their
sampling covariance, and with one tau2 for all differences the true effects of a trial vary with tau2 on the diagonal
and half of it beside [1]_. Turned to the eigenvectors of V in the metric of that pattern, the effects are independent
with variances d + tau2: a meta-regression on the therapies, which `analysis.models.regression` fits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import Benefit, CIMethod, Floats, Tau2Method
from analysis.measures import Measure
from analysis.models.coefficients import Coefficients
from analysis.models.multilevel import as_covariance, sampling_covariance, warn_of_other_variances
from analysis.models.regression import MetaRegression, meta_regression
from analysis.models.results import ConfidenceInterval, pvalues, t_quantile
from analysis.models.shortcuts import Reported
from analysis.models.studies import cluster_column, read_studies, table_of
from analysis.models.subgroups import grouping_of
from analysis.sentences import Wording

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes

_WANTED = "give EffectSizes, or a DataFrame with yi, vi and the therapies"


@dataclass(frozen=True, eq=False, repr=False)
class ComparedTherapies(Coefficients, Reported):
    """Therapies of a star network: each against the comparator, and against one another by way of it.

    `params`, `bse`, `tvalues`, `pvalues`, `conf_int()` and `summary_frame()` have one entry for each therapy against
    the comparator.

    Attributes
    ----------
    k, trials : int
        Number of effects and of trials.
    therapies : tuple of str
        In order of first appearance.
    comparator : str
        What each was compared with.
    by : str
        Column that names the therapies.
    p_scores : pandas.Series
        Of each therapy and the comparator, the best first: how sure one can be, on average over the others, that it is
        better, between 0 and 1. NaN where nobody said what is good.
    tau2, tau, tau2_ci : float, float, ConfidenceInterval
        Variance of true differences between trials of the same therapy, one for all, its root and its interval.
    q, q_df, q_pvalue : float, int, float
        Heterogeneity that the therapies leave.
    effects_of, trials_of : dict of str to int
        Number of effects and of trials of each therapy.
    direct : dict of (str, str) to int
        Trials that had both therapies of a pair; pairs that no trial had are not listed.
    tau2_method, ci_method, confidence_level : str, str, float
        As asked for.
    measure : Measure
        Effect measure.
    effects : EffectSizes or None
        What was compared.

    See Also
    --------
    analysis.compare_therapies : Make this result.
    analysis.pool_subgroups : Each therapy with a variance of its own.

    References
    ----------
    Rücker & Schwarzer 2015, BMC Med Res Methodol 15:58, doi 10.1186/s12874-015-0060-8 (P-scores).

    Examples
    --------
    >>> table = pd.DataFrame({"yi": [-1.2, -0.9, -0.3, -0.1], "vi": 0.04, "kind": ["laser", "laser", "TENS", "TENS"]})
    >>> found = compare_therapies(table, "kind", benefit="lower")
    >>> found.params.round(2).to_dict(), found.p_scores.round(2).to_dict()
    ({'laser': -1.05, 'TENS': -0.2}, {'laser': 1.0, 'TENS': 0.47, 'comparator': 0.03})
    """

    k: int
    trials: int
    therapies: tuple[str, ...]
    comparator: str
    by: str
    p_scores: pd.Series
    tau2: float
    tau: float
    tau2_ci: ConfidenceInterval
    q: float
    q_df: int
    q_pvalue: float
    effects_of: dict[str, int]
    trials_of: dict[str, int]
    direct: dict[tuple[str, str], int]
    tau2_method: str
    ci_method: str
    confidence_level: float
    measure: Measure
    effects: EffectSizes | None
    _regression: MetaRegression = field(repr=False)
    _given: dict[str, Any] = field(default_factory=dict, repr=False)  # what was pooled, as columns of a table
    _vcov: Floats | None = field(default=None, repr=False)

    @property
    def _names(self):
        return self.therapies

    @property
    def _fitted(self):
        return self._regression._fitted

    def against_each_other(self) -> pd.DataFrame:
        """Return the difference of every two therapies: the first minus the second.

        Returns
        -------
        pandas.DataFrame
            Columns first, second, estimate, se, df, ci_low, ci_high, pvalue and direct (trials that had both), a row
            for each pair.

        Examples
        --------
        >>> table = pd.DataFrame({"yi": [-1.2, -0.9, -0.3, -0.1], "vi": 0.04, "kind": list("aabb")})
        >>> found = compare_therapies(table, "kind").against_each_other()
        >>> found[["first", "second", "estimate"]].round(2).values.tolist()
        [['a', 'b', -0.85]]
        """
        pairs = list(combinations(range(len(self.therapies)), 2))
        rows = np.zeros((len(pairs), len(self.therapies)))
        for row, (i, j) in zip(rows, pairs, strict=True):
            row[i], row[j] = 1.0, -1.0
        names = [(self.therapies[i], self.therapies[j]) for i, j in pairs]
        estimate, se, df = self._regression._combined(rows)
        half = t_quantile(df, self.confidence_level) * se
        with np.errstate(invalid="ignore", divide="ignore"):
            p = pvalues(df, estimate / se)
        table = pd.DataFrame(names, columns=["first", "second"])
        numbers = {"estimate": estimate, "se": se, "df": df, "ci_low": estimate - half, "ci_high": estimate + half}
        return table.assign(**numbers, pvalue=p, direct=[self.direct.get(pair, 0) for pair in names])

    def league(self) -> pd.DataFrame:
        """Return the league table: what stands in the row against what stands in the column, the best first.

        Returns
        -------
        pandas.DataFrame
            Of each pair a text, estimate and interval as people read them; the diagonal is blank.

        Examples
        --------
        >>> table = pd.DataFrame({"yi": [-1.2, -0.9, -0.3, -0.1], "vi": 0.04, "kind": list("aabb")})
        >>> compare_therapies(table, "kind", benefit="lower").league().loc["b", "a"]
        '0.85 (0.07 to 1.63)'
        """
        words, pairs = Wording.of(self), self.against_each_other()
        own = self.summary_frame().rename_axis("first").reset_index().assign(second=self.comparator)
        lines = pd.concat([pairs, own])[["first", "second", "estimate", "ci_low", "ci_high"]]
        words = words.to(words.decimals(lines["ci_low"], lines["ci_high"]))
        order = list(self.p_scores.index)
        table = pd.DataFrame("", index=order, columns=order)
        for first, second, estimate, low, high in lines.itertuples(index=False):
            table.loc[first, second] = f"{words.write(estimate)} ({words.span(low, high)})"
            table.loc[second, first] = f"{words.write(-estimate)} ({words.span(-high, -low)})"
        return table

    @documented
    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return one row for each therapy against the comparator, the best first.

        Parameters
        ----------
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns therapy, effects, trials, estimate, se, statistic, df, pvalue, ci_low, ci_high and p_score.
        """
        table = self.summary_frame().rename_axis("therapy").reset_index()
        table.insert(1, "effects", table["therapy"].map(self.effects_of))
        table.insert(2, "trials", table["therapy"].map(self.trials_of))
        table["p_score"] = table["therapy"].map(self.p_scores)
        place = {name: i for i, name in enumerate(self.p_scores.index)}
        table = table.sort_values("therapy", key=lambda names: names.map(place), kind="stable", ignore_index=True)
        return self.measure.transform_table(table) if transform else table

    def _in_words(self):
        return sentences.compared_therapies(self)


@documented
def compare_therapies(
    effects: EffectSizes | pd.DataFrame,
    by: str,
    *,
    comparator: str | None = None,
    benefit: Benefit | None = None,
    cluster: str | None = None,
    vcov: ArrayLike | None = None,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    confidence_level: float = 0.95,
) -> ComparedTherapies:
    """Compare therapies that were each tested against the same comparator: a star network.

    Parameters
    ----------
    effects : EffectSizes or pandas.DataFrame
        A row for each therapy of a trial, at one time. Several arms of a trial: ``effect_sizes(trials,
        multi_arm="split")``, whose rows each have one therapy.
    by : str
        Column that names the therapy.
    comparator : str, optional
        Name of what each was compared with. Default: the second arm of the effects.
    benefit : {"lower", "higher"}, optional
        What is good for patients. Default: as the effects have it.
    cluster : str, optional
        Column that names the trial; by default the column cluster where there is one, else study.
    vcov : array_like, shape (k, k), optional
        Sampling covariance of the effects, zero between trials; its diagonal replaces vi, and a warning tells where the
        two differ. Default: of effects of arms that were split as :func:`analysis.sampling_covariance` has it; other
        rows must each be a trial of their own.
    {tau2_method, ci_method, confidence_level}

    Returns
    -------
    ComparedTherapies

    Raises
    ------
    TypeError
        For anything but a table.
    ValueError
        For effects of one arm, an unknown column, rows without a therapy, a single therapy, no more effects than
        therapies, effects at several times, or several effects of a trial without `vcov`.

    See Also
    --------
    analysis.pool_subgroups : Each therapy by itself.
    analysis.meta_regression : Therapies beside other moderators.
    analysis.sampling_covariance : The covariance of effects that share an arm.

    Notes
    -----
    The difference between two therapies is indirect: the first against the comparator less the second against it
    [2]_. It is as good as two assumptions: that the comparator of the one is that of the other, which a sham lamp and a
    sham magnet need not be, and that their trials are otherwise alike. Nobody was randomised between the therapies,
    unless a trial had both. In a star nothing in the data can contradict these assumptions.

    The model is that of a network meta-analysis with one tau2 for all comparisons and a correlation of one half between
    true effects of one trial [1]_. P-scores [3]_ compare estimates with their standard errors and say nothing of
    whether a difference matters.

    References
    ----------
    .. [1] Higgins & Whitehead 1996, Stat Med 15:2733-2749, doi
       10.1002/(SICI)1097-0258(19961230)15:24<2733::AID-SIM562>3.0.CO;2-0 (one tau2 for all, one half between).
    .. [2] Bucher, Guyatt, Griffith & Walter 1997, J Clin Epidemiol 50:683-691, doi 10.1016/S0895-4356(97)00049-8.
    .. [3] Rücker & Schwarzer 2015, BMC Med Res Methodol 15:58, doi 10.1186/s12874-015-0060-8.

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> effects = effect_sizes(read_trials("data/trials.csv"), multi_arm="split")
    >>> found = compare_therapies(effects, "therapy_family")
    >>> found.k, found.trials, found.comparator, found.p_scores.index[0]
    (47, 44, 'placebo', 'Electrical')
    """
    if table_of(effects, "compare_therapies", _WANTED) is None:
        raise TypeError(_check.refusal(effects, "compare_therapies", _WANTED))
    if getattr(effects, "options", {}).get("times") == "all":
        raise ValueError("the effects are of several times of each trial; give effect_sizes(trials, multi_arm='split')")
    found = read_studies(effects, to="compare_therapies", one="effect", benefit=benefit)
    if found.measure and not found.measure.two_arms:
        raise ValueError(
            f"measure={found.measure.code!r} ({found.measure.name}) is of one arm, without a comparator by way of "
            "which therapies could be compared; pool_subgroups compares groups of such effects"
        )
    by, groups, _ = grouping_of(found, by)
    code, names = pd.factorize(groups)
    names = tuple(map(str, names))
    if len(names) < 2:
        raise ValueError(f"{by!r} is {names[0]} in every row: there is nothing to compare")
    if len(code) <= len(names):
        raise ValueError(f"{len(names)} therapies need more than {len(code)} effects; take larger groups of therapies")
    words = Wording.of(found.effects) if found.effects is not None else Wording(found.measure)
    comparator = comparator or (words.arms[1] if words.arms else "comparator")
    if comparator in names:
        raise ValueError(f"comparator={comparator!r} is a therapy too: its rows compare it with itself; leave them out")
    trial = _trials(found, cluster)
    covariance = _covariance(effects, found, trial, vcov, cluster)
    y, v, x = _independent(found, code, trial, covariance)
    design = pd.DataFrame(x, columns=list(names))
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": confidence_level}
    fit = meta_regression(design, y, vi=v, intercept=False, **methods)
    there = pd.crosstab(trial, code).to_numpy() > 0
    return ComparedTherapies(
        k=fit.k,
        trials=len(there),
        therapies=names,
        comparator=comparator,
        by=by,
        p_scores=_p_scores(fit, names, comparator, words.benefit),
        tau2=fit.tau2,
        tau=fit.tau,
        tau2_ci=fit.tau2_ci,
        q=fit.qe,
        q_df=fit.qe_df,
        q_pvalue=fit.qe_pvalue,
        effects_of=dict(zip(names, np.bincount(code).tolist(), strict=True)),
        trials_of=dict(zip(names, there.sum(axis=0).tolist(), strict=True)),
        direct={
            (names[i], names[j]): int(both)
            for i, j in combinations(range(len(names)), 2)
            if (both := (there[:, i] & there[:, j]).sum())
        },
        **methods,
        measure=found.measure,
        effects=found.effects,
        _regression=fit,
        _given={"label": found.labels, "yi": found.yi, "vi": found.vi, by: groups, "cluster": trial},
        _vcov=covariance,
    )


def _trials(found, cluster):
    """The trial of each effect, numbered; each its own where no column names them."""
    column = cluster or cluster_column(found.table)
    if cluster and cluster not in found.table:
        there = found.table.columns
        raise ValueError(f"cluster={cluster!r} is not a column of the effects{_check.meant(cluster, there)}")
    if column not in found.table:
        return np.arange(len(found.yi))
    code, names = pd.factorize(found.table[column].iloc[found.kept])
    _check.as_names(names, column, of_studies=True)
    if (code < 0).any():
        raise ValueError(f"{column} is blank for {', '.join(np.array(found.labels)[code < 0])}; name the trial")
    return code


def _covariance(effects, found, trial, vcov, cluster):
    """The sampling covariance of the effects (k, k), None where each is of a trial of its own."""
    if vcov is not None:
        given = as_covariance(vcov, found.index, found.given)
        if not np.isfinite(given).all() or not np.allclose(given, given.T, rtol=1e-10, atol=0.0):
            raise ValueError("vcov must be finite and symmetric")
        kept = given[np.ix_(found.kept, found.kept)]
        if (kept[trial[:, None] != trial] != 0.0).any():
            raise ValueError("vcov relates effects of different trials; it must be zero between trials")
        own = np.full(found.given, np.nan)
        own[found.kept] = found.vi
        warn_of_other_variances(effects, found, own, kept)
        return kept
    if len(set(trial.tolist())) == len(trial):
        return None
    try:
        return sampling_covariance(effects, cluster=cluster)[np.ix_(found.kept, found.kept)]
    except ValueError as error:
        raise ValueError(
            f"some trials have several effects, which share the comparator: {error}, and pass that as vcov="
        ) from error


def _independent(found, code, trial, covariance):
    """Effects turned so that they are independent with variances d + tau2: y, d and the design of the therapies."""
    y, v, x = found.yi.copy(), found.vi.copy(), np.eye(code.max() + 1)[code]
    for each in [] if covariance is None else np.unique(trial):
        at = np.flatnonzero(trial == each)
        own = covariance[np.ix_(at, at)]
        root = np.linalg.inv(np.linalg.cholesky(0.5 * (np.eye(len(at)) + 1.0)))
        d, turn = np.linalg.eigh(root @ own @ root.T)
        if d[0] <= 0:
            raise ValueError(f"the covariance of the effects of {found.labels[at[0]]} is not positive definite")
        turn = turn.T @ root
        y[at], v[at], x[at] = turn @ y[at], d, turn @ x[at]
    return y, v, x


def _p_scores(fit, names, comparator, benefit) -> pd.Series:
    """How sure one can be on average that each is better than another, the best first."""
    everyone = [*names, comparator]
    if benefit is None:
        return pd.Series(np.nan, index=pd.Index(everyone, name="therapy"), name="p_score")
    place = np.vstack([np.eye(len(names)), np.zeros(len(names))])
    pairs = (place[:, None] - place).reshape(-1, len(names))
    estimate, se, _ = fit._combined(pairs)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (estimate / se if benefit == "higher" else -estimate / se).reshape(2 * (len(everyone),))
    sure = special.ndtr(z)
    np.fill_diagonal(sure, 0.0)
    scores: Floats = sure.sum(axis=1) / len(names)
    found = pd.Series(scores, index=pd.Index(everyone, name="therapy"), name="p_score")
    return found.sort_values(ascending=False, kind="stable")
