"""Placebo arms, treatment arms and the randomised contrast, pooled side by side, for all trials and for groups of them.

The arms answer how far pain fell, whatever made it fall; only the contrast answers what the treatment did. All groups
are pooled in one call, and the two kinds of arms also together, by the bivariate model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import CIMethod, PIMethod, Tau2Method
from analysis.data.dictionary import NOT_STATED, VOCABULARY, WEEK_BANDS, same_time
from analysis.data.effect_sizes import EffectSizes, effect_sizes
from analysis.evidence.contextual import (
    ARM_CHANGE,
    both_arms,
    contextual_share,
    pool_both_arms,
    pool_filled,
    require_changes,
)
from analysis.models.bivariate import BivariateEffect
from analysis.models.results import PooledEffect, Result
from analysis.models.shortcuts import Drawn, Scattered

if TYPE_CHECKING:
    from analysis.evidence.contextual import ContextualShare

_COLUMNS = {
    "placebo": ("change_placebo", "change_placebo_vi"),
    "treatment": ("change_treatment", "change_treatment_vi"),
    "contrast": ("yi", "vi"),
}
_ORDERS = VOCABULARY | {"week_band": WEEK_BANDS}


@dataclass(frozen=True, eq=False, repr=False)
class PooledArms(Result, Drawn, Scattered):
    """The change within the placebo arms, within the treatment arms, and the contrast between them.

    Change within an arm is descriptive: natural course and regression to the mean are in it. Only the contrast is
    randomised. The arms are pooled over the trials that report a baseline, the contrast over all trials.

    Attributes
    ----------
    effects : EffectSizes
        The trials behind the numbers.
    placebo, treatment, contrast : PooledEffect or None
        In the unit of the effects. The arms, whose `measure` is "MC" (mean change), are None where no trial reports a
        baseline.
    by : str or None
        The column that makes the groups.
    groups : dict of str to PooledArms
        One entry per group in the order of the data dictionary; empty without `by`.
    joint : BivariateEffect or None
        Placebo arms (first) and treatment arms (second) pooled together by the bivariate random-effects model: both
        means, how the true changes of the two arms vary together between trials, and their difference. REML, intervals
        on t(k - 1), or normal with `ci_method="z"`. None with fewer than three trials with a baseline.

    See Also
    --------
    analysis.pool_arms : Make this result.
    analysis.arms_forest : Draw it.
    analysis.contextual_share : Divide the change with placebo by that with treatment.
    analysis.pool_bivariate : Pool two effects of each trial together.

    References
    ----------
    van Houwelingen, Arends & Stijnen 2002, doi 10.1002/sim.1040 (the bivariate model).

    Bland & Altman 1994, BMJ 309:780, doi 10.1136/bmj.309.6957.780 (regression to the mean in changes).

    Examples
    --------
    >>> from analysis import pool_arms, read_trials
    >>> arms = pool_arms(read_trials("data/trials.csv"))
    >>> print(f"{arms.placebo.estimate:.2f} {arms.treatment.estimate:.2f} {arms.contrast.estimate:.2f}")
    -1.66 -2.88 -1.21
    >>> arms.joint.k, arms.groups
    (36, {})
    """

    effects: EffectSizes
    placebo: PooledEffect | None
    treatment: PooledEffect | None
    contrast: PooledEffect
    by: str | None = None
    groups: dict[str, PooledArms] = field(default_factory=dict)
    joint: BivariateEffect | None = None

    @cached_property
    def contextual_share(self) -> ContextualShare:
        """How much of the improvement in the treatment arms the placebo arms had too: a `ContextualShare`."""
        of = self.contrast
        methods = ("tau2_method", "ci_method", "pi_method", "confidence_level")
        return contextual_share(self.effects, self.joint, **{name: getattr(of, name) for name in methods})

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group and role (placebo, treatment, contrast), the last group being "all".

        Returns
        -------
        pandas.DataFrame
            Columns group, role, and those of :meth:`analysis.PooledEffect.to_row`.
        """
        rows = []
        for name, arms in [*self.groups.items(), ("all", self)]:
            for role in _COLUMNS:
                pooled = getattr(arms, role)
                if pooled is not None:
                    rows.append(pooled.to_row().assign(group=name, role=role))
        table = pd.concat(rows, ignore_index=True)
        return table[["group", "role", *(c for c in table if c not in ("group", "role"))]]

    def _in_words(self):
        return sentences.pooled_arms(self)


@documented
def pool_arms(
    trials: pd.DataFrame | EffectSizes,
    *,
    by: str | None = None,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    pi_method: PIMethod = "Nagashima",
    confidence_level: float = 0.95,
) -> PooledArms:
    """Pool the change within placebo arms and within treatment arms beside the randomised contrast.

    Parameters
    ----------
    trials : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_trials`, or from :func:`analysis.effect_sizes` where its options matter.
    by : str, optional
        A column of the effect sizes, such as "therapy_family", "therapy", "condition_group", "pain_type", "week_band".
    tau2_method : {"REML", "ML", "PM", "EB", "DL", "HE", "HS", "SJ", "CE"}
        Estimator of the variance between studies, see :func:`analysis.pool`; each pooled result has its own.
    {ci_method, pi_method}
    confidence_level : float
        Level of all intervals, between 0 and 1.

    Returns
    -------
    PooledArms

    Raises
    ------
    ValueError
        If `by` is not a column, there is no trial, or the effects have no changes within arms.

    See Also
    --------
    analysis.pool : Pool the contrast alone.
    analysis.arms_forest : Draw both arms beside the contrast.
    analysis.contextual_share : Divide the change with placebo by that with treatment.
    analysis.pool_subgroups : Test groups of trials against each other.

    Notes
    -----
    Change within an arm holds natural course and regression to the mean; only the contrast is randomised. All groups
    are pooled in one call, and both arms of the same trials also together, by the bivariate model.

    References
    ----------
    Hartung & Knapp 2001, doi 10.1002/sim.1009, and Sidik & Jonkman 2002, doi 10.1002/sim.1262 (intervals).

    van Houwelingen, Arends & Stijnen 2002, doi 10.1002/sim.1040 (both arms together).

    Bland & Altman 1994, BMJ 309:780, doi 10.1136/bmj.309.6957.780 (regression to the mean in changes).

    Examples
    --------
    >>> from analysis import read_trials
    >>> arms = pool_arms(read_trials("data/trials.csv"), by="therapy_family")
    >>> list(arms.groups)
    ['Light', 'Magnetic field', 'Electrical', 'Mechanical', 'Needle']
    >>> arms.placebo.k, arms.contrast.k
    (36, 44)
    """
    effects = trials if isinstance(trials, EffectSizes) else effect_sizes(trials, measure="MD")
    if not len(effects):
        raise ValueError("there is no trial to pool; see left_out of the effect sizes for the reasons")
    require_changes(effects, "pool_arms")
    names, groups = _named_groups(effects, by)
    members = np.column_stack([np.ones(len(effects), dtype=bool), *(groups == name for name in names)])
    methods = {"ci_method": ci_method, "confidence_level": confidence_level}
    pooled = _pool_roles(effects, members, methods | {"tau2_method": tau2_method, "pi_method": pi_method})
    joint = _pool_jointly(effects, members, methods)
    # The groups have their names as text; choosing the trials of a group needs the value itself, such as a year.
    values = dict(zip(groups, effects.table[by].astype(object), strict=True)) if names else {}
    inner = {}
    for j, name in enumerate(names, start=1):
        own = effects.where(**{by: None if name == NOT_STATED else values[name]})
        inner[name] = _arms_of(own, pooled[j] | {"joint": joint[j]})
    return replace(_arms_of(effects, pooled[0] | {"joint": joint[0]}), by=by, groups=inner)


def _arms_of(effects, pooled):
    """The result of a set of trials, whose parts keep the effects of these trials."""
    # A change within arms is no difference: words, arrows and thresholds for the contrast must not take it for one.
    measures = dict.fromkeys(pooled, ARM_CHANGE) | {"contrast": effects.measure}
    own = {name: x and replace(x, effects=effects, measure=measures[name]) for name, x in pooled.items()}
    own |= {name: own[name] and replace(own[name], _arm=name) for name in ("placebo", "treatment")}
    return PooledArms(effects, **own)


def _named_groups(effects, by):
    """The names of the groups, in the order of the data dictionary where it has one, and the name for each trial."""
    if by is None:
        return [], None
    if not isinstance(by, str) or by not in effects.table or by == "flags":
        allowed = [c for c in effects.table if c != "flags"]
        raise ValueError(f"by={by!r} is not a column to group by{_check.meant(by, allowed)}: {', '.join(allowed)}")
    column = effects.table[by].astype(object)
    groups = np.array(_check.as_names(column.where(column.notna(), NOT_STATED), f"by={by!r}"), dtype=object)
    found = list(dict.fromkeys(groups))
    known = [name for name in _ORDERS.get(by, ()) if name in found]
    return known + [name for name in found if name not in known], groups


def _pool_roles(effects, members, methods):
    """Pool every role for every set of trials in one call; a dict of role to result for each set."""
    columns = {
        (j, role): tuple(np.where(inside, effects.table[name], np.nan) for name in names)
        for j, inside in enumerate(members.T)
        for role, names in _COLUMNS.items()
    }
    if effects.options.get("multi_arm") == "split":
        columns |= {key: _once(*pair, effects.table) for key, pair in columns.items() if key[1] == "placebo"}
    found = pool_filled(columns, effects.labels, methods | {"measure": effects.measure})
    return [{role: found.get((j, role)) for role in _COLUMNS} for j in range(members.shape[1])]


def _once(change, variance, table):
    """The shares of the arm of each trial and time brought together in its first row; NaN in the others."""
    whole = np.full((2, change.size), np.nan)
    for rows in shares_of_arms(table, np.flatnonzero(np.isfinite(variance))):
        # Each share of an arm has its mean, and its people and so its precision add up to those of the arm.
        whole[:, rows[0]] = change[rows[0]], 1.0 / (1.0 / variance[rows]).sum()
    return tuple(whole)


def shares_of_arms(table: pd.DataFrame, here: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the rows that share one arm, which is that of a trial at one time, in the order of their first rows."""
    times = same_time(table.iloc[here]).to_numpy()
    return np.split(here[np.argsort(times, kind="stable")], np.cumsum(np.bincount(times))[:-1])


def _pool_jointly(effects, members, methods):
    """The bivariate fit of every set of trials, None where there are too few."""
    arms = both_arms(effects)
    if not len(arms.p):
        return [None] * members.shape[1]
    here = effects.table[["change_placebo", "change_treatment"]].notna().all(axis=1).to_numpy()
    return pool_both_arms(arms, members[here], methods)
