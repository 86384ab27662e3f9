"""Placebo and treatment arms over all time points: whether what happens in them, and what they differ by, lasts.

Each trial is measured several times: a straight line over weeks with true effects that vary between trials and within
them, whose sampling errors at two times are correlated, because they are of the same people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import ClusterCIMethod, LikelihoodMethod
from analysis.data.effect_sizes import EffectSizes, effect_sizes
from analysis.evidence.contextual import ARM_CHANGE, require_changes
from analysis.measures import Measure
from analysis.models.multilevel import pool_multilevel, sampling_covariance
from analysis.models.results import Result

if TYPE_CHECKING:
    from analysis.models.multilevel import MultilevelRegression

ROLES = {
    "placebo": ("change_placebo", "change_placebo_vi"),
    "treatment": ("change_treatment", "change_treatment_vi"),
    "contrast": ("yi", "vi"),
}
_NO_WEEK = "no week"


@dataclass(frozen=True, eq=False, repr=False)
class ArmsOverTime(Result):
    """The change within placebo arms, within treatment arms, and the contrast, each along weeks.

    Change within an arm is descriptive: natural course and regression to the mean are in it. Only the contrast is
    randomised, and which trials measured late is not.

    Attributes
    ----------
    trials, k : int
        Trials and time points with a change in both arms and a week.
    repeated : int
        Trials of which there are several time points.
    placebo, treatment, contrast : MultilevelRegression
        The line over weeks of each; `params` has Intercept, at week 0, and week, the change a week.
    points : pandas.DataFrame
        study, label, week, and of placebo, treatment and contrast the estimate and its variance, a row for each time
        point of a trial.
    correlation : float
        Between a person's scores at two times, as assumed.
    left_out : tuple of (str, str)
        Label and reason of time points that took no part.
    confidence_level : float
        Level of all intervals.
    measure : Measure
        Of the contrast.
    effects : EffectSizes
        What was pooled.

    See Also
    --------
    analysis.pool_over_time : Make this result.
    analysis.time_plot : Draw it.
    analysis.pool_arms : Both arms at one time point of each trial.

    References
    ----------
    Konstantopoulos 2011, doi 10.1002/jrsm.35 (three levels). Bland & Altman 1994, BMJ 309:780, doi
    10.1136/bmj.309.6957.780 (regression to the mean in changes).

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = pool_over_time(read_trials("data/trials.csv"))
    >>> found.trials, found.k, found.repeated
    (35, 42, 7)
    """

    trials: int
    k: int
    repeated: int
    placebo: MultilevelRegression
    treatment: MultilevelRegression
    contrast: MultilevelRegression
    points: pd.DataFrame
    correlation: float
    left_out: tuple[tuple[str, str], ...]
    confidence_level: float
    measure: Measure
    effects: EffectSizes = field(repr=False)

    def predict(self, weeks: ArrayLike) -> pd.DataFrame:
        """Return the mean of each role at weeks of one's own.

        Parameters
        ----------
        weeks : array_like
            From the start of treatment.

        Returns
        -------
        pandas.DataFrame
            Columns role ("placebo", "treatment", "contrast"), week, estimate, se, ci_low and ci_high.

        Examples
        --------
        >>> from analysis import read_trials
        >>> found = pool_over_time(read_trials("data/trials.csv"))
        >>> found.predict([4]).round(2)[["role", "estimate"]].values.tolist()
        [['placebo', -1.62], ['treatment', -2.92], ['contrast', -1.25]]
        """
        at = np.atleast_1d(np.asarray(weeks, dtype=float))
        tables = []
        for role in ROLES:
            found = getattr(self, role).predict({"week": at})[["estimate", "se", "ci_low", "ci_high"]]
            tables.append(found.reset_index(drop=True).assign(role=role, week=at))
        table = pd.concat(tables, ignore_index=True)
        return table[["role", "week", "estimate", "se", "ci_low", "ci_high"]]

    def to_frame(self) -> pd.DataFrame:
        """Return the change a week of each role.

        Returns
        -------
        pandas.DataFrame
            Columns role, and those of `summary_frame` of a regression.
        """
        rows = [getattr(self, role).summary_frame().loc[["week"]].assign(role=role) for role in ROLES]
        table = pd.concat(rows, ignore_index=True)
        return table[["role", *(name for name in table if name != "role")]]

    def _in_words(self):
        return sentences.arms_over_time(self)


@documented
def pool_over_time(
    trials: pd.DataFrame | EffectSizes,
    *,
    correlation: float = 0.5,
    tau2_method: LikelihoodMethod = "REML",
    ci_method: ClusterCIMethod = "CR2",
    confidence_level: float = 0.95,
) -> ArmsOverTime:
    """Pool placebo arms, treatment arms and the contrast over all time points of the trials.

    Parameters
    ----------
    trials : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_trials`, or ``effect_sizes(trials, times="all")`` where its options matter.
    correlation : float, optional
        Of the sampling errors at two times of one trial; vary it.
    tau2_method : {"REML", "ML"}, optional
        The maximum of the restricted or the full likelihood.
    ci_method : {"CR2", "CR1", "t", "z"}, optional
        As of :func:`analysis.pool_multilevel`; the robust ones hold where `correlation` is wrong.
    {confidence_level}

    Returns
    -------
    ArmsOverTime

    Raises
    ------
    TypeError
        For anything but EffectSizes and a table with a row for each arm.
    ValueError
        For effects at one time of each trial, arms that were split, effects without changes within arms, fewer than two
        trials with several time points or weeks that do not differ, and what :func:`analysis.pool_multilevel` refuses.

    See Also
    --------
    analysis.time_plot : Draw it.
    analysis.pool_arms : Both arms at one time point of each trial.
    analysis.pool_multilevel : The model, with moderators of one's own.

    Notes
    -----
    The line is straight, and it is made of two things: how a trial changes from one time to the next, and how trials
    that measured late differ from others. Time points without a week, or without a change in both arms, take no part
    and are listed. Placebo and treatment arms are fitted apart; whether their difference changes is read off the
    contrast alone, which is randomised at each time, as far as people stayed in the trial.

    References
    ----------
    Konstantopoulos 2011, doi 10.1002/jrsm.35 (three levels); Pustejovsky & Tipton 2018, doi
    10.1080/07350015.2016.1247004 (intervals that hold where the correlation is wrong).

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = pool_over_time(read_trials("data/trials.csv"))
    >>> found.to_frame()[["role", "estimate"]].round(3).values.tolist()
    [['placebo', 0.024], ['treatment', 0.032], ['contrast', 0.016]]
    """
    if not isinstance(trials, EffectSizes) and "arm" not in getattr(trials, "columns", ()):
        give = "give the table that read_trials returns, or effect_sizes(trials, times='all')"
        raise TypeError(_check.refusal(trials, "pool_over_time", give))
    effects = trials if isinstance(trials, EffectSizes) else effect_sizes(trials, measure="MD", times="all")
    require_changes(effects, "pool_over_time", nested=True)
    wanted = {"times": "all", "multi_arm": "combine"}
    for name, value in wanted.items():
        if effects.options.get(name) != value:
            raise ValueError(
                f"pool_over_time needs every time of each trial with one line for both arms, and these effects have "
                f"{name}={effects.options.get(name)!r}; give effect_sizes(trials, times='all')"
            )
    table = effects.table
    timed, both = table["week"].notna(), table["change_placebo"].notna() & table["change_treatment"].notna()
    reasons = np.select([~both, ~timed], [table["change_status"].astype(str), _NO_WEEK], "")
    here = table[(timed & both).to_numpy()]
    counts = here["study"].value_counts()
    repeated = int((counts > 1).sum())
    if repeated < 2:
        raise ValueError(
            f"{sentences.Wording.of(effects).nouns} with changes in both arms at several weeks: {repeated}; whether it "
            "lasts needs two or more of them"
        )
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": confidence_level}
    keys = [name for name in ("study", "cluster", "label", "week") if name in here]
    points, fits = here[keys].reset_index(drop=True), {}
    for role, (yi, vi) in ROLES.items():
        own = points[keys].assign(yi=here[yi].to_numpy(float), vi=here[vi].to_numpy(float))
        covariance = sampling_covariance(own, correlation=correlation)
        measure = effects.measure if role == "contrast" else ARM_CHANGE
        fits[role] = pool_multilevel(own, vcov=covariance, mods="~ week", measure=str(measure), **methods)
        points[f"{role}_estimate"], points[f"{role}_vi"] = own["yi"], own["vi"]
    return ArmsOverTime(
        trials=len(counts),
        k=len(here),
        repeated=repeated,
        **fits,
        points=points,
        correlation=float(correlation),
        left_out=tuple((str(label), str(why)) for label, why in zip(table["label"], reasons, strict=True) if why),
        confidence_level=_check.level(confidence_level),
        measure=effects.measure,
        effects=effects,
    )
