"""Pool responder counts without inverse-variance weights: Mantel-Haenszel and Peto.

For few events these are better than pooling log ratios by `analysis.pool`: nothing is added to zero cells.
Both are common-effect methods; they do not estimate a variance between trials.

A table of counts is an array of shape (4, ..., k): events and non-events under treatment, then under placebo, of k
trials. All sums run over the last axis, so one meta-analysis and many are the same formula. An absent trial has zeros
in all cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._check import fail, place
from analysis._docs import documented
from analysis._types import ContinuityTo, CountsMeasure, Floats, Labels, Missing
from analysis.effects import cells, counts, excess_events, log_odds_ratio, log_risk_ratio, peto_effects, risk_difference
from analysis.measures import Measure
from analysis.models.results import ConfidenceInterval, Result, studies_and_summary, t_quantile
from analysis.models.shortcuts import Drawn, Stepped
from analysis.models.studies import index_labels, index_of, labels_of, paired, paired_frame, table_of, warn_of_repeats

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes

# A variance below it is what rounding leaves of zero: it would take 1e15 events.
_ROUNDING = 1e-15
_COUNTS = ("events_t", "n_t", "events_p", "n_p")
# What an arm-level table calls them.
_ARM_LEVEL = ("events_treatment", "n_treatment", "events_placebo", "n_placebo")
_FORMS = "give events_t, n_t, events_p and n_p, a DataFrame with these columns, or EffectSizes made of them"
_TESTS = ("cmh", "cochran", "breslow_day", "tarone")


class ChiSquare(NamedTuple):
    """A chi-square test.

    Attributes
    ----------
    statistic, df, pvalue : float, int, float
        Test statistic, its degrees of freedom and p value.

    See Also
    --------
    analysis.PooledCounts : The result whose tests these are, with their sources.
    """

    statistic: float
    df: int
    pvalue: float


@dataclass(frozen=True, eq=False, repr=False)
class PooledCounts(Result, Drawn, Stepped):
    """Pooled effect of 2 by 2 tables, with its uncertainty and the trials behind it.

    Numbers for one meta-analysis; for n of them arrays of shape (n,), and (n, k) for the attributes of the
    trials.

    Attributes
    ----------
    k : int
        Number of trials, those without information included.
    estimate, se : float
        Pooled log risk ratio, log odds ratio or risk difference, and its standard error.
    ci : ConfidenceInterval
        Normal confidence interval at `confidence_level`, on the same scale.
    statistic, pvalue : float
        Normal test of no effect.
    q, q_df, q_pvalue : float, int, float
        Sum of the squared distances of the effects of the trials from the pooled one, each over its variance,
        and its test; trials not in Q are left out of its df.
    i2, h2 : float
        (Q - df) / Q, at least 0, a fraction; and Q / df. NaN where Q has fewer than two trials.
    cmh, cochran : ChiSquare
        Tests of no association, Mantel-Haenszel measure "OR" only.
    breslow_day, tarone : ChiSquare
        Tests of equal odds ratios, Mantel-Haenszel measure "OR" only.
    weights : numpy.ndarray
        Weights of the trials, summing to 1. For a Mantel-Haenszel ratio they are those of the ratios, not of
        their logs: a trial without events under placebo has weight 0 and an infinite ratio, and counts all
        the same.
    yi, vi : numpy.ndarray
        Effects of the single trials and their variances; NaN where not in Q, but for a risk difference of 0.
    in_pooled, in_q : numpy.ndarray of bool
        Which trials bear on the pooled effect, and which on Q.
    corrected : numpy.ndarray of bool
        To which trials `continuity` was added for yi and vi.
    counts : numpy.ndarray, shape (4, k)
        Responders and people under treatment, then under placebo, as given.
    labels : tuple of str
        Names of the trials.
    measure : Measure
        "RR", "OR" or "RD".
    method : str
        "Mantel-Haenszel" or "Peto".
    confidence_level : float
        Level of `ci`.
    left_out : tuple
        Pairs of label and reason, one for each trial that lacks a count, or does not bear on the pooled effect, on Q,
        or on either.
    effects : EffectSizes or None
        What was pooled, where it was given as such: it knows what is good and what the arms are called.

    See Also
    --------
    analysis.pool_mantel_haenszel : Make this result for risk ratios, odds ratios or risk differences.
    analysis.pool_peto : Make it for odds ratios of rare events.
    analysis.forest : Draw it, or put it as a row below other models of the same trials.

    References
    ----------
    Pooled effects: Mantel & Haenszel 1959, doi 10.1093/jnci/22.4.719. Variances: Robins, Breslow & Greenland 1986, doi
    10.2307/2531052 (OR); Greenland & Robins 1985, doi 10.2307/2530643 (RR); Sato, Greenland & Robins 1989,
    Biometrics 45:1323-1324 (RD). Tests of association: Mantel & Haenszel 1959; Cochran 1954, Biometrics 10:417-451.
    Tests of equal odds ratios: Breslow & Day 1980, Statistical Methods in Cancer Research, volume 1, section 4.4;
    Tarone 1985, Biometrika 72:91-95.
    Peto's method: Yusuf, Peto, Lewis, Collins & Sleight 1985, doi 10.1016/s0033-0620(85)80003-7. I2 and H2: Higgins &
    Thompson 2002, doi 10.1002/sim.1186.

    Examples
    --------
    >>> pooled = pool_mantel_haenszel([12, 9], [30, 25], [6, 5], [30, 24], measure="OR")
    >>> pooled.k, round(pooled.estimate, 3), round(pooled.breslow_day.pvalue, 2)
    (2, 0.882, 0.8)
    """

    k: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    statistic: float
    pvalue: float
    q: float
    q_df: int
    q_pvalue: float
    i2: float
    h2: float
    cmh: ChiSquare
    cochran: ChiSquare
    breslow_day: ChiSquare
    tarone: ChiSquare
    weights: np.ndarray
    yi: np.ndarray
    vi: np.ndarray
    in_pooled: np.ndarray
    in_q: np.ndarray
    corrected: np.ndarray
    counts: np.ndarray
    labels: tuple[str, ...]
    measure: Measure
    method: str
    confidence_level: float
    left_out: tuple[tuple[str, str], ...]
    effects: EffectSizes | None = None
    _again: Any = None  # pools other counts in the same way

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the confidence interval at another level.

        Parameters
        ----------
        confidence_level : float, optional
            Between 0 and 1.

        Returns
        -------
        ConfidenceInterval
            Lower and upper limit, in the unit of `estimate`.

        Raises
        ------
        ValueError
            If the level is not between 0 and 1.

        Examples
        --------
        >>> from analysis.models.counts import pool_peto
        >>> pooled = pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58])
        >>> [round(limit, 3) for limit in pooled.confidence_interval(0.90)]
        [-1.97, -0.322]
        """
        half = float(t_quantile(np.inf, _check.level(confidence_level))) * self.se
        return ConfidenceInterval(self.estimate - half, self.estimate + half)

    @documented
    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return a tidy DataFrame: a row for each trial, then one for the pooled effect.

        Parameters
        ----------
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns label, yi, vi, ci_low, ci_high, weight, kind ("study" or "summary"), as
            `PooledEffect.to_frame`; NaN for a trial without an effect.

        Raises
        ------
        ValueError
            For the result of many meta-analyses.

        Examples
        --------
        >>> from analysis.models.counts import pool_peto
        >>> pooled = pool_peto([1, 0], [40, 35], [4, 2], [41, 34], labels=["A", "B"])
        >>> pooled.to_frame()[["label", "kind"]].values.tolist()
        [['A', 'study'], ['B', 'study'], ['Pooled', 'summary']]
        """
        self._refuse_many()
        table = studies_and_summary(self)
        return self.measure.transform_table(table) if transform else table

    @property
    def _added(self):
        """What was added to how many trials, for their own effects and to pool them, and how many have a zero cell."""
        given = {"continuity": 0.0, "pooled_continuity": 0.0, "pooled_continuity_to": "none"}
        given |= getattr(self._again, "keywords", {})
        plain = np.stack(cells(self.counts, 0.0, "none"))
        pooled = np.stack(cells(self.counts, given["pooled_continuity"], given["pooled_continuity_to"]))
        which = self.corrected & self.in_q, (pooled > plain).any(axis=0), (plain == 0).any(axis=0) & self.in_pooled
        own, whole, zeros = (int(np.sum(trials)) for trials in which)
        return (given["continuity"], own), (given["pooled_continuity"], whole), zeros

    def _in_words(self):
        self._refuse_many()
        return sentences.pooled_counts(self)

    def __str__(self) -> str:
        return repr(self) if np.ndim(self.estimate) else super().__str__()

    def _repr_html_(self):
        # A notebook then shows the repr.
        return None if np.ndim(self.estimate) else super()._repr_html_()

    def _refuse_many(self):
        if np.ndim(self.estimate):
            raise ValueError("this is the result of many meta-analyses; to_row() gives one row for each")


@documented
def pool_mantel_haenszel(
    events_t: ArrayLike | EffectSizes | pd.DataFrame,
    n_t: ArrayLike | None = None,
    events_p: ArrayLike | None = None,
    n_p: ArrayLike | None = None,
    *,
    measure: CountsMeasure | None = None,
    continuity: float = 0.5,
    continuity_to: ContinuityTo = "zero trials",
    drop_double_zero: bool = True,
    pooled_continuity: float = 0.0,
    pooled_continuity_to: ContinuityTo = "zero trials",
    yates: bool = True,
    confidence_level: float = 0.95,
    labels: Labels | None = None,
    missing: Missing = "raise",
) -> PooledCounts:
    """Pool 2 by 2 tables by the Mantel-Haenszel method.

    Parameters
    ----------
    events_t : array_like, or EffectSizes or pandas.DataFrame
        Responders in the treatment arm; or a table with all four counts in columns of these names, whose labels are its
        column label, else study, else its index. Series are paired by their index. EffectSizes bring along the trials
        that they left out for want of events.
    {n_t, events_p, n_p}
    measure : {"RR", "OR", "RD"}, optional
        Risk ratio or odds ratio, pooled as logs, or risk difference. Default: that of the EffectSizes, else "RR".
    continuity : float, optional
        Added to all four cells of the trials chosen by `continuity_to`, for the effects of the single trials, `yi` and
        `vi`, from which Q is computed.
    continuity_to : {"zero trials", "all if zero", "all", "none"}, optional
        The trials it is added to, as in :func:`analysis.effects.log_risk_ratio`.
    drop_double_zero : bool, optional
        Leave trials without events, or with events only, in both arms out of Q, as is done by default.
    pooled_continuity : float, optional
        As `continuity`, for the tables that are pooled; nothing is added by default, and nothing need be.
    pooled_continuity_to : {"zero trials", "all if zero", "all", "none"}, optional
        As `continuity_to`, for the tables that are pooled.
    yates : bool, optional
        Bring the excess of events 1/2 nearer to 0 in the tests of association.
    {confidence_level, labels}
    missing : {"raise", "drop"}, optional
        Refuse trials that lack a count, or leave them out and list them.

    Returns
    -------
    PooledCounts
        With arrays of shape (n,) for n meta-analyses. The tests of association and of equal odds ratios
        belong to measure "OR" and are NaN for the others.

    Raises
    ------
    ValueError
        For impossible or missing counts, unknown options, or one meta-analysis whose effect cannot be
        estimated: an arm without any event (or for the odds ratio, non-event) in all trials. Among many, such
        a row is NaN.
    TypeError
        For the result of a model.

    See Also
    --------
    analysis.pool_peto : Odds ratios of rare events in arms of similar size.
    analysis.pool : Pool by inverse variance, with a variance between trials.
    analysis.effects.log_risk_ratio : Effects of single trials, and the rules for zero cells.

    Notes
    -----
    Counts have the shape (k,), k trials, or (n, k), one row for each of n meta-analyses, with NaN in all four where a
    trial is absent. The confidence interval is normal.

    References
    ----------
    Pooled effects: Mantel & Haenszel 1959, doi 10.1093/jnci/22.4.719. Variances: Robins, Breslow & Greenland 1986, doi
    10.2307/2531052 (OR); Greenland & Robins 1985, doi 10.2307/2530643 (RR); Sato, Greenland & Robins 1989,
    Biometrics 45:1323-1324 (RD). Tests of association: Mantel & Haenszel 1959; Cochran 1954, Biometrics 10:417-451.
    Tests of equal odds ratios: Breslow & Day 1980, Statistical Methods in Cancer Research, volume 1, section 4.4;
    Tarone 1985, Biometrika 72:91-95.

    Examples
    --------
    >>> counts = [12, 9, 0], [30, 25, 20], [6, 5, 0], [30, 24, 20]
    >>> pooled = pool_mantel_haenszel(*counts, labels=["A", "B", "C"])
    >>> print(f"{np.exp(pooled.estimate):.2f} ({np.exp(pooled.ci.low):.2f} to {np.exp(pooled.ci.high):.2f})")
    1.88 (1.00 to 3.50)
    >>> pooled.left_out
    (('C', 'no events in either arm: no weight in the pooled RR and not in Q'),)
    """
    found = _read_counts((events_t, n_t, events_p, n_p), labels, missing, "pool_mantel_haenszel")
    measure = measure or getattr(found.effects, "measure", "") or "RR"
    _check.option("measure", measure, tuple(_MEASURES))
    table = np.where(found.absent, 0.0, np.stack(cells(found.counts, pooled_continuity, pooled_continuity_to)))
    rules = {"continuity": continuity, "continuity_to": continuity_to, "drop_double_zero": drop_double_zero}
    pooled_of, effects_of, bears_on = _MEASURES[measure]
    how = {"measure": measure, "pooled_continuity": pooled_continuity, "pooled_continuity_to": pooled_continuity_to}
    how |= rules | {"yates": yates, "confidence_level": confidence_level}
    fields = {"measure": Measure(measure), "method": "Mantel-Haenszel", "in_pooled": bears_on(table)}
    fields["_again"] = partial(pool_mantel_haenszel, **how)
    fields |= _numbers(pooled_of(table), effects_of(*found.counts, **rules), confidence_level)
    plain, added = (np.stack(cells(found.counts, x, continuity_to)) for x in (0.0, continuity))
    if measure == "RD":  # a trial without events has a difference, of 0, which is shown and not in Q
        yi, vi = effects_of(*found.counts, **rules | {"drop_double_zero": False})
        fields["yi"], fields["vi"] = (np.where(vi > 0, x, np.nan) for x in (yi, vi))
    fields["corrected"] = (plain != added).any(axis=0) & ~np.isnan(fields["yi"])
    tests = {}
    if measure == "OR":
        one = np.ones(fields["estimate"].shape, dtype=int)
        cmh, cochran = _association(table, yates)
        breslow_day, tarone, df = homogeneity(table, fields["estimate"])
        tests = dict(zip(_TESTS, ((cmh, one), (cochran, one), (breslow_day, df), (tarone, df)), strict=True))
    return _finish(fields, tests, found)


@documented
def pool_peto(
    events_t: ArrayLike | EffectSizes | pd.DataFrame,
    n_t: ArrayLike | None = None,
    events_p: ArrayLike | None = None,
    n_p: ArrayLike | None = None,
    *,
    confidence_level: float = 0.95,
    labels: Labels | None = None,
    missing: Missing = "raise",
) -> PooledCounts:
    """Pool 2 by 2 tables by Peto's one-step odds ratio.

    Parameters
    ----------
    events_t : array_like, or EffectSizes or pandas.DataFrame
        Responders in the treatment arm; or a table with all four counts in columns of these names, whose labels are its
        column label, else study, else its index. Series are paired by their index. EffectSizes bring along the trials
        that they left out for want of events.
    {n_t, events_p, n_p, confidence_level, labels}
    missing : {"raise", "drop"}, optional
        Refuse trials that lack a count, or leave them out and list them.

    Returns
    -------
    PooledCounts
        Measure "OR", pooled as log; with arrays of shape (n,) for n meta-analyses. A trial without events, or with
        events only, in both arms carries no information; it is in `left_out`.

    Raises
    ------
    ValueError
        For impossible or missing counts, an invalid level, or one meta-analysis in which no trial has both
        events and non-events. Among many, such a row is NaN.
    TypeError
        For the result of a model.

    See Also
    --------
    analysis.pool_mantel_haenszel : Risk ratios, odds ratios or risk differences of events that are not rare.
    analysis.effects.peto_log_odds_ratio : Effects of single trials.
    analysis.pool : Pool by inverse variance, with a variance between trials.

    Notes
    -----
    Counts have the shape (k,), k trials, or (n, k), one row for each of n meta-analyses, with NaN in all four where a
    trial is absent. The confidence interval is normal.

    Good for rare events, arms of similar size and small effects; biased towards no effect otherwise.

    References
    ----------
    Yusuf, Peto, Lewis, Collins & Sleight 1985, Prog Cardiovasc Dis 27:335-371, doi 10.1016/s0033-0620(85)80003-7.

    Examples
    --------
    >>> pooled = pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58])
    >>> print(f"{np.exp(pooled.estimate):.3f}, Q {pooled.q:.2f}")
    0.318, Q 0.56
    """
    found = _read_counts((events_t, n_t, events_p, n_p), labels, missing, "pool_peto")
    table = np.where(found.absent, 0.0, np.stack(cells(found.counts, 0.0, "none")))
    with np.errstate(divide="ignore", invalid="ignore"):
        effects = peto_effects(table)
    fields = {"measure": Measure("OR"), "method": "Peto", "in_pooled": _informative(table)}
    fields["corrected"] = np.zeros(found.absent.shape, dtype=bool)
    fields["_again"] = partial(pool_peto, confidence_level=confidence_level)
    return _finish(fields | _numbers(_peto(table), effects, confidence_level), {}, found)


def without_each_trial(pooled: PooledCounts) -> PooledCounts:
    """Return the results of all trials but one, for each trial in turn, as one result of k meta-analyses.

    Parameters
    ----------
    pooled : PooledCounts
        Of one meta-analysis.

    Returns
    -------
    PooledCounts
        NaN where the other trials cannot be pooled.

    Raises
    ------
    ValueError
        For the result of many meta-analyses, or of one trial.

    Examples
    --------
    >>> without_each_trial(pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58])).estimate.round(3).tolist()
    [-1.107, -1.017, -1.478]
    """
    pooled._refuse_many()
    if pooled.k < 2:
        raise ValueError("leaving one out needs two trials or more")
    gone = np.eye(pooled.k, dtype=bool)
    counts = np.where(gone, np.nan, pooled.counts[:, None, :])
    return pooled._again(_Counted(counts, gone, pooled.labels, None, ()))


class _Counted(NamedTuple):
    """Checked counts of the trials that take part."""

    counts: np.ndarray  # (4, ..., k), NaN in all four where a trial is absent from a row
    absent: np.ndarray  # (..., k)
    names: tuple[str, ...]
    effects: EffectSizes | None
    left_out: tuple[tuple[str, str], ...]  # label and reason


def _read_counts(given, labels, missing, to):
    if isinstance(given[0], _Counted):
        return given[0]
    _check.option("missing", missing, ("raise", "drop"))
    given, labels, effects = _of_any_form(given, labels, to)
    found = np.stack(counts(*given))
    # Arms that were split have parts of people.
    if effects is None:
        _check.people(**dict(zip(_COUNTS, found, strict=True)))
    if found.ndim not in (2, 3) or not found.size:
        raise ValueError(
            f"the counts have the shape {found.shape[1:]}, but it must be (k,), k trials, or (n, k), "
            "n meta-analyses by k trials, with at least one trial"
        )
    names, unknown, single = _check.study_labels(labels, found.shape[-1]), np.isnan(found), found.ndim == 2
    blank = unknown.any(axis=0) & (single | ~unknown.all(axis=0))
    places = [tuple(at) for at in np.argwhere(blank).tolist()]
    if missing == "raise":
        remedy = "leave the trial out" if single else "give NaN in all four to leave the trial out"
        who = {at: "" if labels is None else f" ({names[at[-1]]})" for at in places}
        fail([f"a count is missing{place(at, blank.shape)}{who[at]}; correct it, or {remedy}" for at in places])
    lacks = [" and ".join(f"no {_COUNTS[i]}" for i in np.flatnonzero(unknown[:, *at])) for at in places]
    left_out = tuple((_named(at, names), why) for at, why in zip(places, lacks, strict=True))
    if single and places:
        found, names = found[:, ~blank], tuple(np.array(names, dtype=object)[~blank])
    if not names:
        raise ValueError(f"no trial is left: none of {blank.size} has all of {', '.join(_COUNTS)}")
    absent = np.isnan(found).any(axis=0)
    return _Counted(np.where(absent, np.nan, found), absent, names, effects, left_out)


def _of_any_form(given, labels, to):
    """The four counts, those of pandas in the same order, the names of the trials and the effects, as given."""
    first, lacking = _with_double_zeros(given[0]), [name for name, x in zip(_COUNTS, given, strict=True) if x is None]
    if len(lacking) < 3:
        if lacking:
            raise ValueError(f"{' and '.join(lacking)} missing; {_FORMS}")
        return _paired(given, labels)
    table = table_of(first, to, _FORMS)
    if table is None:
        raise TypeError(_check.refusal(first, to, _FORMS))
    columns = _ARM_LEVEL if "events_treatment" in table else _COUNTS
    if unknown := [name for name in columns if name not in table]:
        raise ValueError(
            f"{', '.join(unknown)} not among the columns of the table, {', '.join(map(str, table))}; {_FORMS}"
        )
    warn_of_repeats(first, table, to)
    names = labels_of(table) if labels is None else paired(labels, "labels", index_of(first, table.index))
    return [table[name] for name in columns], names, None if first is table else first


def _with_double_zeros(given):
    """Effects with those at the end that were left out though all counts are known: such a trial has no ratio alone."""
    out = getattr(given, "left_out", None)
    if not hasattr(given, "derivations") or not set(_COUNTS) <= set(out):
        return given
    known = out[list(_COUNTS)].notna().all(axis=1)
    if not known.any():
        return given
    import pandas as pd

    flags = pd.Series([()] * known.sum(), index=out.index[known], dtype=object)
    more = out[known].drop(columns="reason").assign(yi=np.nan, vi=np.nan, status="", flags=flags)
    table = pd.concat([given.table, more], ignore_index=True)
    return replace(given, table=table, left_out=out[~known].reset_index(drop=True))


def _paired(given, labels):
    of, leading = next(((name, x) for name, x in zip(_COUNTS, given, strict=True) if hasattr(x, "iloc")), ("", None))
    index, columns = getattr(leading, "index", None), getattr(leading, "columns", None)
    pairs = zip(_COUNTS, given, strict=True)
    if columns is None:
        given = [paired(x, name, index, of) for name, x in pairs]
    else:
        given = [paired_frame(x, name, index, columns, of) for name, x in pairs]
        index = columns
    if labels is None and index is not None:
        labels = index_labels(index)
    return given, paired(labels, "labels", index, of), None


class _Sums(NamedTuple):
    """Pooled estimate (a log ratio or a difference), its variance, and the weights, not yet scaled."""

    estimate: np.ndarray
    variance: np.ndarray
    weights: np.ndarray


def _shares(table):
    """The four cells, arm sizes and the reciprocal of the total, which is 0 for an absent trial."""
    a, b, c, d = table
    n1, n2 = a + b, c + d
    n = n1 + n2
    return a, b, c, d, n1, n2, np.divide(1.0, n, out=np.zeros_like(n), where=n > 0)


def _pooled_odds_ratio(table):
    """Log odds ratio; its variance: Robins, Breslow & Greenland 1986, Biometrics 42:311-323."""
    a, b, c, d, _, _, u = _shares(table)
    # The pooled ratio R / S is the mean of the ratios r / s of the trials with the weights s.
    p, q, r, s = (a + d) * u, (b + c) * u, a * d * u, b * c * u
    big_r, big_s = r.sum(axis=-1), s.sum(axis=-1)
    estimate = _log_ratio(big_r, big_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (p * r).sum(axis=-1) / big_r**2 + (p * s + q * r).sum(axis=-1) / (big_r * big_s)
        variance = (variance + (q * s).sum(axis=-1) / big_s**2) / 2
    return _Sums(estimate, variance, s)


def _pooled_risk_ratio(table):
    """Log risk ratio and its variance: Greenland & Robins 1985, Biometrics 41:55-68."""
    a, _, c, _, n1, n2, u = _shares(table)
    r, s = a * n2 * u, c * n1 * u
    big_r, big_s = r.sum(axis=-1), s.sum(axis=-1)
    top = (n1 * n2 * (a + c) * u**2 - a * c * u).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Sums(_log_ratio(big_r, big_s), top / (big_r * big_s), s)


def _log_ratio(r, s):
    """Log of the ratio of two sums; NaN where either is 0."""
    fine = (r > 0) & (s > 0)
    return np.log(np.divide(r, s, out=np.full(r.shape, np.nan), where=fine))


def _pooled_risk_difference(table):
    """Risk difference; its variance: Sato, Greenland & Robins 1989, Biometrics 45:1323-1324."""
    a, _, c, _, n1, n2, u = _shares(table)
    weights = n1 * n2 * u
    total = weights.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = (a * n2 * u - c * n1 * u).sum(axis=-1) / total
        f1, f2 = n1 * u, n2 * u
        slope = (c * f1**2 - a * f2**2 + f1 * f2 * (n2 - n1) / 2).sum(axis=-1)
        level = (a * (n2 - c) * u + c * (n1 - a) * u).sum(axis=-1) / 2
        return _Sums(estimate, (estimate * slope + level) / total**2, weights)


def _informative(table):
    """Which trials have both events and non-events; the others say nothing about an odds ratio."""
    a, b, c, d = table
    return (a + c > 0) & (b + d > 0)


# How each measure is pooled, its effects in the single trials, and which trials bear on the pooled one.
_MEASURES = {
    "OR": (_pooled_odds_ratio, log_odds_ratio, _informative),
    "RR": (_pooled_risk_ratio, log_risk_ratio, lambda table: table[0] + table[2] > 0),
    "RD": (_pooled_risk_difference, risk_difference, lambda table: table.sum(axis=0) > 0),
}


def _peto(table):
    """Log odds ratio by Peto's one-step method: Yusuf et al. 1985, Prog Cardiovasc Dis 27:335-371."""
    excess, weights = _excess(table)
    total = weights.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Sums(excess.sum(axis=-1) / total, 1 / total, weights)


def _excess(table):
    """Excess events and hypergeometric variances; both 0 for an absent trial, or one without information."""
    with np.errstate(divide="ignore", invalid="ignore"):
        excess, variance = excess_events(table)
    there = _informative(table)
    return np.where(there, excess, 0.0), np.where(there, variance, 0.0)


def _numbers(sums, effects, confidence_level):
    """Numbers of the result: estimate, interval, test and heterogeneity."""
    level = _check.level(confidence_level)
    fine = np.isfinite(sums.estimate) & (sums.variance > _ROUNDING)
    estimate = np.where(fine, sums.estimate, np.nan)
    se = np.sqrt(np.where(fine, sums.variance, np.nan))
    half = t_quantile(np.inf, level) * se
    yi, vi = effects
    in_q = np.isfinite(yi) & (vi > 0)
    df = in_q.sum(axis=-1) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(in_q, (yi - estimate[..., None]) ** 2 / vi, 0.0).sum(axis=-1)
        several = (df > 0) & fine
        i2 = np.where(several, np.where(q > df, (q - df) / q, 0.0), np.nan)
        h2 = np.where(several, q / df, np.nan)
        weights = np.where(fine[..., None], sums.weights / sums.weights.sum(axis=-1)[..., None], np.nan)
    return {
        "estimate": estimate,
        "se": se,
        "ci": (estimate - half, estimate + half),
        "statistic": estimate / se,
        "pvalue": 2 * special.ndtr(-np.abs(estimate / se)),
        "q": q,
        "q_df": np.maximum(df, 0),
        "q_pvalue": np.where(df > 0, special.chdtrc(np.maximum(df, 1), q), 1.0),
        "i2": i2,
        "h2": h2,
        "weights": weights,
        "yi": np.where(in_q, yi, np.nan),
        "vi": np.where(in_q, vi, np.nan),
        "in_q": in_q,
        "confidence_level": level,
    }


def _association(table, yates):
    """Chi-square statistics of no association on 1 df: Cochran-Mantel-Haenszel, and Cochran's of 1954.

    They differ in the variance of the events only, hypergeometric or binomial. With `yates` the excess is
    brought 1/2 nearer to 0.
    """
    excess, variance = _excess(table)
    *_, u = _shares(table)
    top = np.maximum(np.abs(excess.sum(axis=-1)) - (0.5 if yates else 0.0), 0.0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return top / variance.sum(axis=-1), top / (variance * (1 - u)).sum(axis=-1)


def homogeneity(table: Any, log_odds: Floats) -> Any:
    """Chi-square statistics of equal odds ratios: Breslow-Day, and Tarone's correction of it; and their df.

    The expected cells have the margins of each table and the common odds ratio: Breslow & Day 1980, section
    4.4; Tarone 1985, Biometrika 72:91-95.
    """
    a, _b, c, _d, n1, n2, _ = _shares(table)
    there = _informative(table)
    odds = np.exp(log_odds)[..., None]
    events = a + c
    linear = n2 - events + odds * (n1 + events)
    root = np.sqrt(linear**2 + 4 * (1 - odds) * odds * n1 * events)
    with np.errstate(divide="ignore", invalid="ignore"):
        # A root of a quadratic; its usual form, (linear - root) / (2 (odds - 1)), would be 0 / 0 at odds 1.
        expected = 2 * odds * n1 * events / (linear + root)
        variance = 1 / (1 / expected + 1 / (events - expected) + 1 / (n1 - expected) + 1 / (n2 - events + expected))
        off = np.where(there, a - expected, 0.0)
        breslow_day = np.where(there, off**2 / variance, 0.0).sum(axis=-1)
        bias = off.sum(axis=-1) ** 2 / np.where(there, variance, 0.0).sum(axis=-1)
    return breslow_day, breslow_day - bias, there.sum(axis=-1) - 1


def _finish(fields, tests, found):
    """The result: plain numbers for one meta-analysis, read-only arrays for many."""
    single = found.counts.ndim == 2
    if single and np.isnan(fields["estimate"]):
        raise ValueError(_not_estimable(fields, found))
    none = np.full(fields["estimate"].shape, np.nan)
    for name in _TESTS:
        statistic, df = tests.get(name, (none, np.zeros(none.shape, dtype=int)))
        fields[name] = (statistic, df, np.where(df > 0, special.chdtrc(np.maximum(df, 1), statistic), np.nan))
    fields |= {"k": (~found.absent).sum(axis=-1), "labels": found.names, "effects": found.effects}
    fields["counts"] = found.counts
    fields["left_out"] = found.left_out + _left_out(found, fields)
    if single:
        plain = {name: x.item() for name, x in fields.items() if isinstance(x, np.ndarray | np.generic) and x.ndim == 0}
        fields |= plain
    makers = {"ci": ConfidenceInterval} | dict.fromkeys(_TESTS, ChiSquare)
    for name, maker in makers.items():
        fields[name] = maker(*(x.item() if single else x for x in fields[name]))
    return PooledCounts(**fields)


def _not_estimable(fields, found):
    (a, n1, c, n2), words = found.counts.sum(axis=-1), sentences.Wording.of(found)
    totals = [
        (f"no {what} in any {arm} arm", total)
        for arm, events, n in zip(words.arms or ("first", "second"), (a, c), (n1, n2), strict=True)
        for what, total in (("event", events), ("non-event", n - events))
    ]
    reason = "; ".join(text for text, total in totals if total == 0) or f"no {words.noun} bears on it"
    name = f"the {fields['method']} {fields['measure']} cannot be estimated"
    if fields["measure"] == "RD" or not (a + c) or not (n1 + n2 - a - c):
        return f"{name}: {reason}; such {words.nouns} have nothing to pool"
    return f"{name}: {reason}; use measure='RD', or pooled_continuity=0.5"


def _left_out(found, fields):
    """Pairs of label and reason for the trials that are not in the pooled effect, in Q, or in either."""
    given = found.counts
    in_pooled, in_q = fields["in_pooled"], fields["in_q"]
    events, others = given[0] + given[2], given[1] + given[3] - given[0] - given[2]
    said = []
    for at in map(tuple, np.argwhere(~(in_pooled & in_q) & ~found.absent).tolist()):
        why = "no events in either arm" if events[at] == 0 else "nothing but events in both arms"
        if events[at] > 0 and others[at] > 0:
            why = "a zero cell, and no continuity"
        pooled = f"{'counts' if in_pooled[at] else 'no weight'} in the pooled {fields['measure']}"
        link = " and" if in_pooled[at] == in_q[at] else ", but"
        said.append((_named(at, found.names), f"{why}: {pooled}{link} {'in' if in_q[at] else 'not in'} Q"))
    return tuple(said)


def _named(at, names):
    """The trial at an index, with its row where there are several."""
    return (f"row {at[0] + 1}, " if len(at) > 1 else "") + names[at[-1]]
