"""Subgroups of trials: an effect for each, and the test whether they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import CIMethod, Labels, Missing, PIMethod, Tau2Method
from analysis.models.coefficients import WaldTest
from analysis.models.design import group_means
from analysis.models.pooling import USUAL, check_options, heterogeneity, pool_segments, pool_studies, segment_numbers
from analysis.models.regression import less_certain
from analysis.models.results import PooledEffect, Result, flat
from analysis.models.shortcuts import Drawn, Scattered
from analysis.models.studies import Studies, methods_of, read_studies
from analysis.models.tau2 import q_profile_interval

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes


@dataclass(frozen=True, eq=False, repr=False)
class PooledSubgroups(Result, Drawn, Scattered):
    """The pooled effect of each subgroup, of all studies, and the test between subgroups.

    Attributes
    ----------
    groups : dict of str to PooledEffect
        In order of first appearance.
    overall : PooledEffect
        All studies, without regard to the groups.
    by : str
        Name of the grouping.
    tau2 : {"separate", "common"}
        Whether each group has its own between-study variance.
    q_between, q_between_df, q_between_pvalue : float, int, float
        Q between groups on chi-square.
    f, f_df, f_pvalue : float, (float, float), float
        Its F form under HKSJ; NaN for other intervals.

    See Also
    --------
    analysis.pool_subgroups : Make this result.
    analysis.PooledEffect : Result of each group, and of all studies.
    analysis.forest : Draw the groups.

    References
    ----------
    Borenstein 2009, Introduction to Meta-Analysis, chapter 19 (Q between groups); Welch 1951, Biometrika 38:330-336,
    doi 10.1093/biomet/38.3-4.330 (F form with separate variances).

    Examples
    --------
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.1], "vi": [0.1, 0.2, 0.1, 0.3]})
    >>> pooled = pool_subgroups(data, ["magnet", "light", "magnet", "light"])
    >>> round(pooled.groups["magnet"].estimate, 3), round(pooled.overall.estimate, 3), round(pooled.q_between, 2)
    (-1.6, -0.997, 6.22)
    """

    groups: dict[str, PooledEffect]
    overall: PooledEffect
    by: str
    tau2: str
    q_between: float
    q_between_df: int
    q_between_pvalue: float
    f: float
    f_df: tuple[float, float]
    f_pvalue: float

    @documented
    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return one row per subgroup, the last one being all studies.

        Parameters
        ----------
        {transform}

        Returns
        -------
        pandas.DataFrame
            Column group, and those of :meth:`analysis.PooledEffect.to_row`.
        """
        rows = [{"group": name} | flat(pooled) for name, pooled in [*self.groups.items(), ("all", self.overall)]]
        table = pd.DataFrame(rows)
        return self.overall.measure.transform_table(table) if transform else table

    def _in_words(self):
        return sentences.pooled_subgroups(self)


@documented
def pool_subgroups(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    by: str | ArrayLike,
    *,
    vi: ArrayLike | None = None,
    se: ArrayLike | None = None,
    tau2: Literal["separate", "common"] = "separate",
    tau2_method: Tau2Method | None = None,
    ci_method: CIMethod | None = None,
    pi_method: PIMethod | None = None,
    confidence_level: float | None = None,
    labels: Labels | None = None,
    measure: str = "",
    missing: Missing = "raise",
) -> PooledSubgroups:
    """Pool each subgroup of studies and test whether they differ.

    Parameters
    ----------
    {yi}
    by : str or array_like, shape (k,)
        A column of the effects, or one group name for each study; a Series is paired by its index.
    {vi, se}
    tau2 : {"separate", "common"}, optional
        A between-study variance for each group, or one for all, estimated with the groups as moderators. The second is
        steadier where groups are small; `tau2_ci` of every group is then the interval of that one variance.
    {tau2_method, ci_method, pi_method, confidence_level, labels, measure, missing}

    Returns
    -------
    PooledSubgroups
        The result of each group, of all studies, and the test between groups.

    Raises
    ------
    ValueError
        If a study has no group, two groups read alike (1 and "1"), there is no such column, or, with ``tau2="common"``,
        no group has two studies.

    See Also
    --------
    analysis.meta_regression : The same with a common tau2, and for moderators that are numbers.
    analysis.pool : Pool all studies.
    analysis.forest : Draw the groups.

    Notes
    -----
    Methods that are not named are those of a PooledEffect that is given, of all else those of :func:`analysis.pool`.

    Q between is the sum of weighted squares of the group means around their weighted mean (weights 1/se^2, Wald), on
    chi-square with G - 1 degrees of freedom; with a common tau2 it is the omnibus test of the meta-regression on the
    groups. Under HKSJ the F form belongs beside it: with a common tau2 that of the meta-regression, F(G - 1, k - G);
    with separate ones Welch's test for means of unequal variance on the HKSJ standard errors and their degrees of
    freedom. It needs two studies in every group.

    References
    ----------
    Borenstein 2009, Introduction to Meta-Analysis, chapter 19 (Q between groups); Welch 1951, Biometrika 38:330-336,
    doi 10.1093/biomet/38.3-4.330 (F form with separate variances).

    Examples
    --------
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.1], "vi": [0.1, 0.2, 0.1, 0.3]})
    >>> pooled = pool_subgroups(data, ["magnet", "light", "magnet", "light"])
    >>> list(pooled.groups), pooled.q_between_df
    (['magnet', 'light'], 1)
    """
    _check.option("tau2", tau2, ("separate", "common"))
    named = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method}
    found = read_studies(yi, vi, se=se, labels=labels, measure=measure, missing=missing, to="pool_subgroups")
    options = check_options(**USUAL | methods_of(found, named | {"confidence_level": confidence_level}))
    yi, vi = found.yi, found.vi
    name, groups, left_out = grouping_of(found, by)
    group, names = pd.factorize(groups)
    order, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    studies = yi[order], vi[order], tuple(found.labels[i] for i in order)
    within, common = options, None
    if tau2 == "common" and len(names) > 1:
        common = _common_tau2(*studies[:2], sizes, options)
        within = options._replace(tau2_method="fixed", tau2=common.tau2, tau2_ci=common.tau2_ci)
    pooled = pool_segments(*studies, sizes, within, measure=found.measure)
    pooled = [replace(each, effects=own) for each, own in zip(pooled, _effects_of(found, group), strict=True)]
    # Q between takes Wald standard errors, whatever the intervals of the groups are.
    wald = within._replace(ci_method="z", tau2_ci=(np.nan, np.nan))
    wald = segment_numbers(*studies[:2], sizes, wald, costly=False)
    q, f = _between(pooled, wald, common, options.ci_method)
    groups = dict(zip(names, pooled, strict=True))
    groups |= {each: replace(groups[each], left_out=lost) for each, lost in left_out.items() if each in groups}
    return PooledSubgroups(groups, pool_studies(found, options), name, tau2, *q, *f)


def grouping_of(found: Studies, by: Any) -> tuple[str, np.ndarray, dict[str, tuple[tuple[str, str], ...]]]:
    """The name of the grouping, one group, as text, for each study, and the studies left out of each group."""
    table = found.table
    if isinstance(by, str) and (table is None or by not in table):
        there = [] if table is None else list(map(str, table.columns))
        raise ValueError(
            f"by={by!r} is not a column of the effects{_check.meant(by, there)}: {', '.join(there) or 'they have none'}"
        )
    if not hasattr(by, "__iter__"):
        raise ValueError(f"by={by!r} must be the name of a column, or one group for each study")
    values = pd.Series(found.in_order(table[by].tolist() if isinstance(by, str) else by, "by"), dtype=object)
    here = values.iloc[found.kept]
    missing = [label for label, blank in zip(found.labels, _check.nameless(here), strict=True) if blank]
    if missing:
        raise ValueError(f"{', '.join(missing)}: no group; name one, or leave these studies out")
    name, left_out = by if isinstance(by, str) else "group", {}
    for value, study in zip(values.drop(found.kept).map(_check.as_text), found.left_out, strict=True):
        left_out[value] = (*left_out.get(value, ()), study)
    return name, np.array(_check.as_names(here, f"by={name!r}" if name is by else "by"), dtype=object), left_out


def _effects_of(found, group):
    """The effects of each group, None for each where they were not given as such."""
    effects, count = found.effects, group.max() + 1
    # Those of a result that left some out are not row by row those of its studies.
    if effects is None or len(effects) != found.given:
        return [effects] * count
    of_none, rows = effects.left_out.iloc[:0], (found.kept[group == j] for j in range(count))
    return [replace(effects, table=effects.table.iloc[at].reset_index(drop=True), left_out=of_none) for at in rows]


class _Test(NamedTuple):
    """A statistic with its degrees of freedom and p value."""

    statistic: float
    df: int | tuple
    pvalue: float


_NO_TEST = _Test(np.nan, (np.nan, np.nan), np.nan)


class _Common(NamedTuple):
    """The one tau2 of all groups, in the words of `heterogeneity`."""

    tau2: float
    tau2_ci: tuple[float, float]
    df: int
    hksj: float
    factor: float


def _common_tau2(yi, vi, sizes, options):
    """tau2 estimated with the groups as moderators."""
    if sizes.max() == 1:
        raise ValueError(
            f"tau2='common' needs a group of two studies or more, and each of the {sizes.size} groups has one; form "
            "larger groups"
        )
    data = group_means(yi, vi, sizes)
    _, between = heterogeneity(data, options)
    tau2_ci = options.tau2_ci
    if tau2_ci is None:
        tau2_ci = (q_profile_interval(data, options.confidence_level) * data.scale**2)[:, 0].tolist()
    tau2, hksj, factor = (float(between[name][0]) for name in ("tau2", "hksj", "factor"))
    return _Common(tau2, tuple(tau2_ci), data.df, hksj, factor)


def _between(pooled, wald, common, ci_method):
    """Q between groups on chi-square, and its F form under HKSJ."""
    df = len(pooled) - 1
    if df == 0:
        return _Test(np.nan, 0, np.nan), _NO_TEST
    mean, weight = wald["estimate"], wald["se"] ** -2
    q = float(np.sum(weight * (mean - np.average(mean, weights=weight)) ** 2))
    test = _Test(q, df, float(special.chdtrc(df, q)))
    if not ci_method.startswith("HKSJ"):
        return test, _NO_TEST
    if common is None:
        return test, (_welch(pooled) if all(p.k > 1 for p in pooled) else _NO_TEST)
    if ci_method == "HKSJ-wide":
        f = less_certain(WaldTest(q, (df, np.inf)), common.df, common.hksj)
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            f = WaldTest(float(np.divide(q, df * common.factor)), (df, common.df))
    return test, (_NO_TEST if np.isinf(f.df[1]) else _Test(f.statistic, tuple(map(float, f.df)), f.pvalue))


def _welch(groups):
    """Welch's test that the means of groups with unequal variances are equal."""
    mean, se, df = (np.array([getattr(p, name) for p in groups], dtype=float) for name in ("estimate", "se", "df"))
    # An HKSJ standard error of 0, of equal outcomes, would have an infinite weight; without any that is estimated the
    # test is that on chi-square.
    if (se == 0).any() or np.isinf(df).all():
        return _NO_TEST
    count, weight = len(groups), se**-2
    # Welch 1951: what the estimated variances cost.
    lack = np.sum((1 - weight / weight.sum()) ** 2 / df)
    centre = np.average(mean, weights=weight)
    f = np.sum(weight * (mean - centre) ** 2) / (count - 1) / (1 + 2 * (count - 2) / (count**2 - 1) * lack)
    df2 = (count**2 - 1) / (3 * lack)
    return _Test(float(f), (count - 1.0, float(df2)), float(special.fdtrc(count - 1, df2, f)))
