"""From trials to one effect size per trial, with everything that was derived, imputed or left out.

Most effects are made from the scores of two arms; trials whose papers print the difference but not the arms come
from the table of reported contrasts, and can be joined to the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, effects, recover
from analysis._types import Benefit, Floats, MissingSD, MultiArm, Outcome, Times
from analysis.data import headings
from analysis.data.about import TOLD_BY_FILE
from analysis.data.arm_scores import (
    ANCOVA,
    ASSUMED,
    BASELINE,
    ESTIMATED,
    EVENTS,
    FROM_P,
    IMPUTED,
    PARTS,
    POINTS,
    RULES,
    SCORES,
    SELECTED,
    about_trials,
    arm_scores,
    as_derivations,
    chosen_score,
    compared_arms,
    comparisons,
    correlation_within,
    derivation_list,
    describe,
    estimated_correlation,
    first_columns,
    impute,
    labels,
    left_out_list,
    name_of_arm,
    of_outcome,
    one_per_role,
    own_correlation,
    rescaled,
    shared_out,
    split_placebo,
    too_few,
    week_bands,
)
from analysis.data.dictionary import CONTRASTS, CORRELATIONS, RESPONDERS, VOCABULARY, WEEK_BANDS, same_time
from analysis.data.printed_p import period_correlations
from analysis.data.trials import TrialDataError, checked_trials
from analysis.data.wide import (
    COLUMN_ARGUMENTS,
    CORRECTION,
    SHAPES,
    UNDEFINED,
    cells_of,
    check_sides,
    column_named,
    columns_told,
    is_wide,
    noun_of,
    wide_effects,
    wide_options,
    zero_cells,
)
from analysis.measures import Measure
from analysis.sentences import InWords
from analysis.text import counted, number

# The columns that stand first in every table of effect sizes.
_FIRST = (
    "study label year therapy_family therapy condition_group outcome n_treatment n_placebo yi vi status flags".split()
)

#: Why a trial has no change within its arms; of a reported difference the arms are not known at all.
NO_BASELINE, _NO_SPREAD = "baseline not reported", "spread of the change not reported"
NO_ARMS = "arms not reported"
_NONE_PRINTED = "no SD, SE, interval or usable p is printed (missing_sd='drop')"

#: What is said of a reported difference: its outcome, its flags, and why it has no effect size.
OUTCOME = "difference"
FLAG = "only the difference is printed"
NO_SCALE = "the ends of the scale are not stated: the difference cannot be expressed in points"
NO_REPORTED_SPREAD = "neither an interval nor an SE of the difference is printed"

# How its standard error was made, and which of several numbers was not used.
_BY_NORMAL, _BY_T = "half the interval over the normal quantile", "half the interval over the t quantile on {df:g} df"
_INSTEAD = "not used: the arms print no spread, and the difference is printed with one"
_ARMS_USED = "not used: the arms are in the trials, with a spread of their own"

_POINTS = "points on 0–10"
# The column in which trials made of a wide table say what is good: attrs are lost in a merge or a file.
TOLD = "x_benefit"
_KEPT = "therapy_family therapy condition condition_group scale scale_min scale_max week certainty doi source locator"
# In weeks: a difference measured sooner after the start than this is that of a single session.
_LESS_THAN_A_DAY = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class EffectSizes(InWords):
    """One effect size per trial.

    Attributes
    ----------
    table : pandas.DataFrame
        Of a table with one row a study: `study`, `label`, `yi`, `vi`, `status` ("as printed", "recovered"), `flags`
        ("zero cell" where one half was added to the counts, which `status` calls recovered),
        the numbers by the names of their arguments (`mean_t`, an SD found otherwise among them), in the unit of the
        table, and all other columns.

        Of an arm-level table one row per trial, scores in points on 0-10: `study`, `label`, what the trial is,
        `n_treatment`, `n_placebo`, the means and SDs behind the contrast, `outcome` ("change", "final", or "ancova",
        whose `correlation` stands beside the final scores), `yi`, `vi`,
        `status` ("as printed", "recovered", "imputed"), `flags`, and the change within each arm with its squared
        standard error (`change_placebo`, `change_placebo_vi`, `change_treatment`, `change_treatment_vi`,
        `change_status`; beside mean differences only), the
        baseline of each arm (`baseline_placebo`, `baseline_sd_placebo`, `baseline_treatment`, `baseline_sd_treatment`),
        `week_band`, `dose`, `dose_unit`, `sessions` and `session_minutes` of the treatment arm (blank where arms that
        are combined differ), and `period_correlation`, what the printed p of a crossover trial tells, blank where one
        is assumed. Of events there are `events_treatment` and `events_placebo` instead of scores.
        With ``times="all"`` one row per time point, and `arm_label`, the treatment arm; `cluster` where one
        was named. With another `comparator`, what is said here of placebo is said of that arm.
    derivations : pandas.DataFrame
        One row per number that is not printed as it stands: study, arm, quantity, value (points), rule; with
        ``times="all"`` also label.
    left_out : pandas.DataFrame
        study, label and reason of every trial, or time point of a trial, without an effect size.
    measure : Measure
        What the effects are; it prints and compares as its code, such as "MD".
    unit : str
        What one unit of an effect is, "" where nobody said.
    options : dict
        The arguments of :func:`analysis.effect_sizes`.
    rows : pandas.DataFrame
        The rows of the trials table behind the effects: treatment and placebo arms at the primary time point; none of
        a table with one row a study.
    benefit : {"lower", "higher"} or None
        What is good for patients, of the outcome, or of the event that is counted.
    arms : (str, str)
        What the two arms are called.
    outcome_name : str
        What was measured, such as "pain"; "" where nobody said.
    noun : str
        What one row is called: "trial" of an arm-level table, else "study", unless the column of studies is "trial".
    index : pandas.Index or None
        The labels that the rows have in the table that was given, of which a Series beside the effects is taken to be a
        column; None of an arm-level table.

    See Also
    --------
    analysis.effect_sizes : Makes it from the arms of trials.
    analysis.contrast_effects : Makes it from reported differences.
    analysis.pool : Pools the effects.
    analysis.provenance : Follows one effect back to what is printed.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2: how
       means and SDs are found that are not printed.

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> found = effect_sizes(read_trials("data/trials.csv"))
    >>> found.measure, found.unit, found.table["status"].value_counts().to_dict()
    ('MD', 'points on 0–10', {'recovered': 21, 'as printed': 18, 'imputed': 5})
    >>> print(f"{found.labels[0]}: {found.yi[0]:.2f}, variance {found.vi[0]:.3f}")
    Gale 2006: -2.50, variance 0.490
    """

    table: pd.DataFrame
    derivations: pd.DataFrame
    left_out: pd.DataFrame
    measure: Measure = field(default_factory=lambda: Measure("MD"))
    unit: str = _POINTS
    options: dict[str, Any] = field(default_factory=dict)
    rows: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["study"]))
    benefit: Benefit | None = None
    arms: tuple[str, str] = ("treatment", "placebo")
    outcome_name: str = ""
    noun: str = "trial"
    index: pd.Index | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "measure", Measure(self.measure))

    def __len__(self) -> int:
        return len(self.table)

    def _in_words(self):
        said = [("Status", ", ".join(f"{n} {status}" for status, n in self.table["status"].value_counts().items()))]
        said.append(("Derived", f"{len(self.derivations)} numbers that are not printed as they stand, see derivations"))
        if zeros := self.derivations["quantity"].eq(CORRECTION).sum():
            said.append(("Zero cells", f"{number(0.5, 1)} added to the counts of {counted(zeros, self.noun)}"))
        of_all = self.derivations[self.derivations["study"] == ""]
        said += [(line.quantity.capitalize(), f"{line.value:.2f}, {line.rule}") for line in of_all.itertuples()]
        if len(self.left_out):
            said.append(("Left out", f"{counted(len(self.left_out), self.noun)}, see left_out"))
        unit = f", {self.unit}" if self.unit else ""
        return f"{self.measure or 'Effects'} of {counted(len(self), self.noun)}{unit}", said

    @property
    def yi(self) -> Floats:
        """Effects, treatment minus placebo, shape (k,)."""
        return self.table["yi"].to_numpy()

    @property
    def vi(self) -> Floats:
        """Sampling variances, shape (k,)."""
        return self.table["vi"].to_numpy()

    @property
    def labels(self) -> list[str]:
        """Names of the trials, length k."""
        return self.table["label"].tolist()

    @property
    def study(self) -> list[str]:
        """Which effects belong together, length k: the column `cluster` where there is one, else `study`."""
        return self.table["cluster" if "cluster" in self.table else "study"].tolist()

    @property
    def _times(self) -> Times:
        return self.options.get("times", "primary")

    def where(self, **wanted: Any) -> EffectSizes:
        """Return the trials whose columns hold the wanted values.

        Parameters
        ----------
        **wanted : value or list of values
            One keyword per column of `table`, such as ``therapy_family=["Light", "Magnetic field"]``; None stands for
            a blank. ``flags="SD imputed"`` finds the trials that bear this flag, whatever others they have.

        Returns
        -------
        EffectSizes
            SDs that were imputed stay as they are. Trials left out of the whole set are filtered alike; none remain
            where the column exists only for trials with an effect size (such as `status`).

        Raises
        ------
        ValueError
            If a keyword is not a column of `table`, or a wanted value is a function.

        Warns
        -----
        UserWarning
            If no trial has a value of a list, or another spelling of a single one: of a single value that is like no
            other the result is empty, which is its answer.

        Examples
        --------
        >>> from analysis import effect_sizes, read_trials
        >>> len(effect_sizes(read_trials("data/trials.csv")).where(therapy_family="Light"))
        10
        """
        held = holding(self.table, wanted)
        say_what_is_nowhere(wanted, self.table, self.left_out)
        keep, out, index = self.table[held], self.left_out, None if self.index is None else self.index[held]
        out = out[holding(out, wanted)] if set(wanted) <= set(out) else out.iloc[:0]
        by = "label" if "label" in self.derivations else "study"
        derivations = self.derivations[self.derivations[by].isin([*keep[by], ""])]
        parts = (part.reset_index(drop=True) for part in (keep, derivations, out))
        rows = self.rows[comparisons(self.rows, self._times).isin(comparisons(keep, self._times))]
        return replace(
            self, index=index, rows=rows, **dict(zip(("table", "derivations", "left_out"), parts, strict=True))
        )

    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return a copy of the table of effect sizes.

        Parameters
        ----------
        transform : bool, optional
            Give the effects that people read, ratios instead of their logs, with normal 95% limits, ci_low and ci_high,
            in place of variances, which do not exist on that scale.

        Returns
        -------
        pandas.DataFrame
            One row per trial, see `table`.
        """
        if not (transform and self.measure.scale):
            return self.table.copy()
        half = special.ndtri(0.975) * np.sqrt(self.vi)
        ends = {"yi": self.yi, "ci_low": self.yi - half, "ci_high": self.yi + half}
        return self.table.drop(columns="vi").assign(**{name: self.measure.transform(x) for name, x in ends.items()})


def require_points(effects: Any, purpose: str) -> None:
    """Refuse all but mean differences in points; `purpose` is the function that needs them."""
    if not isinstance(effects, EffectSizes) or effects.measure != "MD" or effects.unit != _POINTS:
        given = f"{effects.measure} here" if isinstance(effects, EffectSizes) else f"a {type(effects).__name__}"
        raise ValueError(f"{purpose} needs mean differences in {_POINTS}, not {given}; give effect_sizes(trials)")


def holding(table: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.Series:
    """Tell which rows hold the wanted values, a dict of column to value or values; None stands for a blank."""
    keep = pd.Series(True, index=table.index)
    for column, values in wanted.items():
        if column not in table:
            raise ValueError(f"'{column}' is not a column of the effect sizes: {', '.join(table.columns)}")
        if callable(values):
            raise ValueError(
                f"{column}= is a function; give values, such as those of table[{column!r}] that it is true of"
            )
        values = list(values) if pd.api.types.is_list_like(values) else [values]
        if column == "flags":
            keep &= table[column].map(lambda flags, wanted=set(values): not wanted.isdisjoint(flags or (None,)))
            continue
        # Columns of Arrow refuse to be asked for values of another type.
        known = table[column].astype(object)
        keep &= known.isin([v for v in values if v is not None]) | (known.isna() & (None in values))
    return keep


def say_what_is_nowhere(wanted: Mapping[str, Any], *tables: pd.DataFrame) -> None:
    """Warn of wanted values that no row of any table has, where one of several is, or a single one is spelt otherwise.

    A range stands for whatever lies in it.

    Examples
    --------
    >>> say_what_is_nowhere({"kind": ["Light", "Needles"]}, pd.DataFrame({"kind": ["Light", "Needles", "Heat"]}))
    """
    for column, values in wanted.items():
        several = pd.api.types.is_list_like(values)
        columns = [table[column].dropna() for table in tables if column in table]
        if isinstance(values, range):
            continue
        known = {each for own in columns for each in (own.explode().dropna() if column == "flags" else own)}
        for value in [value for value in (values if several else [values]) if not pd.isna(value)]:
            # A word of a closed list is well spelt, whether a trial has it or not.
            if value in known or value in _CLOSED.get(column, ()):
                continue
            spelt = {_check.as_text(each).casefold(): each for each in known}
            near = get_close_matches(_check.as_text(value).casefold(), spelt, 1, _SPELT_ALIKE)
            perhaps = f"; did you mean {spelt[near[0]]!r}?" if near else ""
            if several or near:
                _check.warn(f"{column}: no row has {value!r}{perhaps}")


def effect_sizes(
    trials: pd.DataFrame,
    *,
    measure: str | None = None,
    outcome: Outcome = "change",
    correlation: float | str | None = None,
    correlations: pd.DataFrame | None = None,
    crossover_correlation: float = 0.5,
    missing_sd: MissingSD = "impute",
    multi_arm: MultiArm = "combine",
    times: Times = "primary",
    comparator: str = "placebo",
    study: str | None = None,
    label: str | None = None,
    cluster: str | None = None,
    year: str | None = None,
    benefit: Benefit | None = None,
    arms: tuple[str, str] | None = None,
    outcome_name: str | None = None,
    missing: Literal["raise", "drop"] = "raise",
    level: float = 95.0,
    log: bool | None = None,
    **columns: str | float | tuple[str, str],
) -> EffectSizes:
    """Return effect sizes, one per trial unless all its times are asked for.

    They come from an arm-level table or from a table with one row a study.

    An arm-level table, as :func:`analysis.read_trials` gives it, makes treatment minus placebo in points on 0-10, or
    one of the other measures of two arms. A table with one row a study makes any measure; its columns are named by
    arguments, and a column that bears the name of the argument needs none.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`; a table that was not read by it is checked alike. Or one row a study: that is
        what a table is taken for if an argument names a column of it, if it has a column `yi`, or the columns of two
        arms (`mean_t` and `mean_p`).
    measure : str, optional
        Code of a :class:`analysis.measures.Measure`. From an arm-level table "MD", "SMD" and "SMDH", "ROM" (with
        ``outcome="final"``), and, of its events, "OR", "RR", "RD" and "PETO". Default: what the file says that
        :func:`analysis.read_studies` read, else "MD".
    outcome : {"change", "final", "ancova"}, optional
        The score to prefer where a trial has both; where it has only the other, that one is used and the row is
        flagged. Both estimate the same mean difference in a randomised trial, but no standardised one, for which the
        other score is not used. "ancova", of mean differences only, adjusts final scores for baseline, which is what to
        do where baselines differ; a trial that does not tell what that needs keeps its change, else its final score,
        and the flag "not adjusted".
    correlation : float, str or "estimated", optional
        Between baseline and final value of a person, for change SDs computed from a baseline and a final SD, and for
        adjusted differences; from -1 to below 1, 0.5 if left out. Vary it from 0.3 to 0.7. "estimated" pools what the
        arms of this table tell whose three SDs imply one, and the summary says how many. Of one row a study also
        the name of a column; the changes of one arm need it.
    correlations : pandas.DataFrame, optional
        From :func:`analysis.read_correlations`: what is pooled with ``correlation="estimated"`` if no arm of the table
        tells a correlation. Choose its rows; where an arm has several, the first counts.
    crossover_correlation : float, optional
        Arm-level table: between the two periods of a crossover trial, for the paired variance; from -1 to below 1.
        Where the trial prints the p of a paired test, that decides the variance.
    missing_sd : {"impute", "impute-median", "impute-largest", "drop", "raise"}, optional
        Arm-level table: what to do with trials that print no SD, SE, interval or usable p: borrow the SD pooled over
        the other trials' arms of the same kind (same role, same score), their median or largest SD, leave the trial
        out, or raise.
    multi_arm : {"combine", "split"}, optional
        Arm-level table: several treatment arms against one placebo arm become one arm, or stay apart and share out the
        placebo patients. No placebo patient counts twice. Trials with one treatment arm are the same either way. Models
        of independent effects warn of parts of a trial, whose correlation splitting ignores
        (:class:`analysis.RepeatedStudyWarning`); :func:`analysis.pool_arms` pools each placebo arm once.
    times : {"primary", "all"}, optional
        Arm-level table: the primary time point of each trial, or a row for every time point, whose label says when. The
        people are the same: give such effects to :func:`analysis.pool_multilevel`, with the covariance of
        :func:`analysis.sampling_covariance`. SDs are borrowed from primary time points, so those have the same effects
        either way.
    comparator : str, optional
        Arm-level table: the arm that treatment is compared with, by its role (`arm`: "placebo", "active", "no
        treatment", "usual care") or its name (`arm_label`). Trials without exactly one such arm are left out with the
        reason. Columns that end in "_placebo" then hold this arm, and `arms` names it. A p between the arms is taken
        for that against placebo.
    study, label : str, optional
        One row a study: the columns that hold them; "study" or "trial", with a capital or without, need not be named.
        Without a study, the rows are named by label or index. Where the column is called trial, so are the rows.
    cluster : str, optional
        The column that says which rows belong together, such as two publications of one trial; default: the study.
        Models of several effects a trial, and their warnings, go by it.
    year : str, optional
        One row a study: the column that holds it.
    benefit : {"lower", "higher"}, optional
        What is good for patients. Default: what :func:`analysis.trials_from_wide` was told, or the file of notes beside
        an arm-level table says; of any other arm-level table, which holds pain and counts responders, "lower" of scores
        and "higher" of events; else not known.
    arms : (str, str), optional
        What the two arms are called. Default, of an arm-level table: `arm_label` where all trials have the same, else
        the role; of a table with one row a study: "treatment" and "control", which a placebo need not be.
    outcome_name : str, optional
        What was measured or counted, for sentences and figures, such as "pain" or "function". Default: as `benefit`;
        of events of an arm-level table of which nothing is said "responders"; else they speak of scores.
    missing : {"raise", "drop"}, optional
        One row a study: what to do with rows without an effect, those without events among them: raise with the list
        of all, or put them into `left_out` with the reason, as is always done with an arm-level table.
    level : float, optional
        One row a study: level of its intervals, in percent.
    log : bool, optional
        Of effects that are ratios: whether `yi` and its interval are logs, or ratios still to be logged. Default: logs
        beside `vi` or `se`, which are those of the log; ratios beside an interval or a p-value; beside both it must be
        said. Of "PLO", "PFT" and "ZCOR" beside an interval or a p-value: False for proportions or correlations, True
        for what is on the scale of analysis already. Default: that scale, unless all numbers could be either.
    **columns : str, float or (str, str)
        One row a study: the column that holds a number, a number for all rows, or the columns of both limits of an
        interval. The Notes have their names.

    Returns
    -------
    EffectSizes
        The effects, how every number was derived, and the trials left out.

    Raises
    ------
    ValueError
        For an unknown option, a column that is not there, a measure that the columns do not make, mean differences of
        several scales, or where an SD is to be imputed and no other trial has one.
    TypeError
        For an unknown argument, with the one that was meant.
    TrialDataError
        Listing every problem with row, study, column and value: all that is wrong with a table that was not checked, or
        was changed since; numbers that cannot be; rows without an effect unless they are dropped; and, with
        ``missing_sd="raise"``, every trial that prints no spread.

    See Also
    --------
    analysis.trials_from_wide : Makes arms of a table with one row a study.
    analysis.pool : Pools the effects.
    analysis.with_contrasts : Adds trials whose papers print the difference only.
    analysis.pool_imputed : Draws SDs that are missing again and again, in place of one that is borrowed.
    analysis.multiverse : Pools under all reasonable choices of these options.
    analysis.effects : The formulas behind it.
    analysis.recover : The numbers that papers do not print.

    Notes
    -----
    Arm-level table: every bounded scale is rescaled linearly to 0-10. Trials on a scale without ends (percent change)
    or with responders only cannot be expressed in points: they are listed in `left_out`.

    An SD is the one printed, else that of an SE or an interval [1]_, else that of the p between the arms [7]_,
    else, of a change, that of a baseline and a final SD with an assumed correlation [2]_, else borrowed [3]_. A p
    is used where neither arm prints a spread of the one score, change or final, that has means: an exact two-sided
    p from 0.0001 to below 0.9, of a t test or of no test in particular, of means at least 0.2 points apart. Under
    the same conditions the p of a crossover trial gives the correlation between its periods if it prints SDs, else the
    variance of its difference, and SDs that agree with it under `crossover_correlation`. Arms are
    combined by [4]_ and shared out by [5]_; the variance of a crossover trial is the paired one [6]_ (there is none of
    SMDH, nor of events, and such trials are left out). A standardised difference or a ratio is made of the score asked
    for alone. Events are counted by one definition in both arms, at the time point of the effect.

    With ``outcome="ancova"`` a difference is what least squares on arm and baseline gives
    (:func:`analysis.effects.adjusted_difference`) [8]_. It needs mean and SD at baseline and at the end in both arms. A
    final mean that is not printed is baseline plus change, its SD follows from those of baseline and change
    (:func:`analysis.recover.sd_from_change`). The correlation within an arm is the one that its own three SDs imply,
    else `correlation`; a column of that name says which was used. As with every score, no SD is borrowed where another
    score has its own. A crossover trial is not adjusted: its arms are the same people, and the table has no baseline of
    each period. The default 0.5 is a convention: three outcomes of pain had 0.16, 0.24 and 0.48 on average in one
    review [9]_, arms of the trials of this project 0.46, patients of one of them 0.60.

    One row a study: columns by what the rows hold, with the measures that are made of them.

    ==========================  ==========================================================  ========================
    two arms, means             mean_t sd_t n_t mean_p sd_p n_p; for an SD: se_t,           MD SMD SMD1 SMDH ROM
                                ci_t=(low, high), q1_t median_t q3_t, min_t max_t (and _p)
    two arms, before and after  baseline_mean_t baseline_sd_t final_mean_t final_sd_t       MD SMD SMDH
                                change_mean_t change_sd_t n_t (and _p), correlation
    scale                       scale_min scale_max: rescaled to 0-10                       MD
    two arms, counts            events_t n_t events_p n_p                                   OR RR RD PETO
    two arms, person-time       events_t time_t events_p time_p                             IRR
    one arm                     mean sd n; events n; r n                                    MN; PR PLO PFT; COR ZCOR
    one arm, before and after   mean_pre sd_pre mean_post sd_post n correlation             MC SMCC SMCR SMCRP ROMC
    effects                     yi, with vi, se, ci=(low, high) or p                        any, HR, ""
    ==========================  ==========================================================  ========================

    Of several ways to a number the first that a row has is used, in this order, those alone that an argument names
    where one is named; spreads that are both named must agree, but for rounding and, of an interval, a factor of 2. A
    mean must lie on its scale and in its own interval, whatever the measure. Zero cells get 1/2 (not in PETO); a trial
    without events, or with nothing but events, in both arms has no ratio. Columns that are not named come along as
    covariates; one that bears the name of a column of the result gets "_given" behind it.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.2.
    .. [2] The same, section 6.5.2.8.
    .. [3] Furukawa 2006, J Clin Epidemiol 59:7-10, doi 10.1016/j.jclinepi.2005.06.006.
    .. [4] Higgins, Li & Deeks, Cochrane Handbook, chapter 6, section 6.5.2.10.
    .. [5] Higgins, Eldridge & Li, Cochrane Handbook, chapter 23, section 23.3.4.
    .. [6] Elbourne, Altman, Higgins, Curtin, Worthington & Vail 2002, Int J Epidemiol 31:140-149, doi
       10.1093/ije/31.1.140.
    .. [7] Higgins, Li & Deeks, Cochrane Handbook, chapter 6, section 6.5.2.3.
    .. [8] Senn 2006, Stat Med 25:4334-4344, doi 10.1002/sim.2682.
    .. [9] Walters, Jacques, dos Anjos Henriques-Cadby, Candlish, Totton & Xian 2019, Trials 20:566, doi
       10.1186/s13063-019-3671-2, table 5.

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = effect_sizes(read_trials("data/trials.csv"))
    >>> gale = found.table.set_index("study").loc["gale2006"]
    >>> print(f"{gale.change_treatment:.1f}, {gale.change_placebo:.1f}, {gale.yi:.1f}, {gale.status}")
    -3.9, -1.4, -2.5, imputed
    >>> len(found), len(found.left_out)
    (44, 6)

    Adjusted for baseline, with the correlation that these trials tell:

    >>> adjusted = effect_sizes(read_trials("data/trials.csv"), outcome="ancova", correlation="estimated")
    >>> chow = adjusted.table.set_index("study").loc["chow2006"]
    >>> print(f"{chow.yi:.2f}, with correlation {chow.correlation:.2f}")
    -2.35, with correlation 0.62
    >>> print(adjusted.summary().splitlines()[3].strip())
    Correlation   0.46, pooled by Fisher's z over 14 arms here (-0.16 to 0.81)

    Every time point, and another arm to compare with:

    >>> every = effect_sizes(read_trials("data/trials.csv"), times="all")
    >>> every.where(study="chow2006").labels
    ['Chow 2006, 7 weeks', 'Chow 2006, 12 weeks']
    >>> massage = effect_sizes(read_trials("data/trials.csv"), comparator="massage")
    >>> massage.labels, massage.arms
    (['Irnich 2001'], ('acupuncture', 'massage'))

    Two of the BCG vaccine trials, one row each:

    >>> import pandas as pd
    >>> counts = {"author": ["Aronson", "Rosenthal"], "tb": [4, 3], "n1": [123, 231], "tb2": [11, 11], "n2": [139, 220]}
    >>> names = {"events_t": "tb", "n_t": "n1", "events_p": "tb2", "n_p": "n2"}
    >>> vaccine = effect_sizes(pd.DataFrame(counts), measure="RR", study="author", benefit="lower", **names)
    >>> vaccine.labels, vaccine.yi.round(4).tolist()
    (['Aronson', 'Rosenthal'], [-0.8893, -1.3481])
    """
    _check.keywords("effect_sizes", columns, (*COLUMN_ARGUMENTS, *_OPTIONS))
    told = dict(trials.attrs.get(TOLD_BY_FILE, {})) if isinstance(trials, pd.DataFrame) else {}
    # Who names a column of numbers names them all.
    columns = columns or columns_told(told, trials)
    measure = told.get("measure", _OPTIONS["measure"]) if measure is None else measure
    benefit, arms = benefit or told.get("benefit"), told.get("arms") if arms is None else arms
    study, outcome_name = study or told.get("study"), outcome_name or told.get("outcome_name")
    about = {"study": study, "label": label, "cluster": cluster, "year": year}
    _check.single(measure=measure, outcome=outcome, correlation=correlation, log=log)
    called = UNNAMED_ARMS if arms is None or np.size(arms) == 0 else arms
    check_sides(benefit, called, outcome_name)
    named = [name for name, given in about.items() if given is not None] + list(columns)
    named += ["correlation"] if isinstance(correlation, str) and correlation != ESTIMATED else []
    if correlations is not None and correlation != ESTIMATED:
        raise ValueError(f"correlations= are pooled where correlation={ESTIMATED!r} asks for it; give both")
    if correlations is not None:
        _check.table(correlations, "correlations", CORRELATIONS.columns, "read_correlations")
    if outcome == ANCOVA and measure != "MD":
        raise ValueError(
            f"outcome={ANCOVA!r} adjusts differences of means, measure='MD'; for measure={measure!r} choose "
            "outcome='change' or 'final'"
        )
    options = {"measure": measure, "outcome": outcome, "correlation": correlation}
    of_arms = {"crossover_correlation": crossover_correlation, "missing_sd": missing_sd, "multi_arm": multi_arm}
    of_arms |= {"times": times, "comparator": comparator}
    of_rows = {"missing": missing, "level": level, "log": log}
    if is_wide(trials, named, measure):
        _refuse_others(of_arms, "an arm-level table, and this one has one row a study")
        named_arms = tuple(called)
        asked = wide_options(options | of_rows | {"arms": named_arms, "correlations": correlations})
        parts = wide_effects(trials, columns, about, asked)
        options |= of_rows | about | columns
        sides = {
            "benefit": benefit,
            "arms": named_arms,
            "outcome_name": outcome_name or "",
            "noun": noun_of(trials, study),
        }
        return EffectSizes(*parts[:3], asked.measure, parts.unit, options, **sides, index=parts.index)
    if not isinstance(trials, pd.DataFrame) or not {"study", "arm"} <= set(trials.columns):
        told = headings.advice(trials, measure) if isinstance(trials, pd.DataFrame) else ""
        neither = _NEITHER.format(type(trials).__name__)
        raise ValueError(f"this table has one row a study. By its headings:{told}" if told else neither)
    _check.option("missing", missing, ("raise", "drop"))
    _refuse_others({"level": level, "log": log}, "a table with one row a study, and this one has one row an arm")
    options |= of_arms | {"cluster": cluster, "correlation": 0.5 if correlation is None else correlation}
    _check_options(options)
    measure = Measure(measure)
    trials = checked_trials(trials)
    _check_arms(trials, times, comparator)
    trials = trials.assign(comparison=comparisons(trials, times))
    clusters = None if cluster is None else _clusters(trials, cluster)
    rows = compared_arms(trials, times, comparator)
    sides = about_outcome(trials, measure in _COUNTED, benefit, outcome_name)
    sides["arms"] = tuple(arms or names_of_arms(rows, comparator))
    if measure in _COUNTED:
        idle = {"outcome": outcome, "missing_sd": missing_sd, "crossover_correlation": crossover_correlation}
        idle |= {"correlation": correlation} if correlation == ESTIMATED else {}
        _refuse_others(idle, f"measures of means, and {measure} is made of events")
        table, derivations, left_out = _of_events(trials, rows, measure, options, sides["arms"])
    else:
        if isinstance(correlation, float | int):
            _say_what_stays(rows, correlation)
        if correlation == ESTIMATED:
            primary = rows[rows["primary"] == "yes"]
            options["correlation"], how = estimated_correlation(arm_scores(primary, 0.0), correlations)
        table, derivations, left_out = _of_scores(trials, rows, measure, options, sides["arms"])
        if correlation == ESTIMATED:
            line = as_derivations([("", "", "", "correlation", options["correlation"], how)])
            derivations = pd.concat([line, derivations], ignore_index=True)
    rows = rows[rows["comparison"].isin(table["comparison"])].drop(columns="comparison")
    table = _documented(table, options, clusters)
    derivations = derivations.drop(columns="label" if times == "primary" else [])
    unit = _POINTS if measure == "MD" else measure.unit
    return EffectSizes(table, derivations, left_out, measure, unit, options, rows, **sides)


def _say_what_stays(rows, correlation):
    """Warn of SDs of changes that the table holds, and that were made with another correlation assumed."""
    made = rows["recovered"].astype("str").str.extract(rf"change_sd: .*?correlation (\S+){ASSUMED}")[0].astype(float)
    if (other := made[made.notna() & (made != correlation)]).size:
        _check.warn(
            f"correlation={correlation:g} changes nothing of {other.size} SDs of changes that this table holds: they "
            f"were made with {_check.some(pd.Index(other.unique()), str)} assumed; give correlation= where they are "
            "made, to trials_from_wide"
        )


def about_outcome(
    table: pd.DataFrame, events: bool = False, benefit: Benefit | None = None, outcome_name: str | None = None
) -> dict[str, Any]:
    """What is measured or counted, what is good of it, what a row is: as asked for, as the table says, or as usual."""
    usual = ({} if benefit == "lower" else RESPONDERS) if events else {"benefit": "lower"}
    column = _told_in_column(table)
    ours, notes = (each.get("benefit") for each in (column, table.attrs))
    if benefit is None and ours and notes and ours != notes:
        raise ValueError(
            f"the notes of the trials say benefit={notes!r}, and their column {TOLD} says {ours!r}; correct the one, "
            "or give benefit="
        )
    told = table.attrs if "benefit" in table.attrs else table.attrs | column
    said = told.get("events", usual) if events else usual | told
    named = {"outcome_name": outcome_name or said.get("outcome_name", ""), "noun": table.attrs.get("noun", "trial")}
    return named | {"benefit": benefit or said.get("benefit")}


def _told_in_column(table):
    """What is good, of trials made of a wide table that lost its attrs on the way; they keep it in a column as well."""
    if TOLD not in table:
        return {}
    known = table[TOLD].astype(object).where(table[TOLD].notna(), "lower").unique().tolist()
    if len(known) > 1:
        ways = ", ".join(
            f"{way!r} ({table.loc[table[TOLD].fillna('lower') == way, 'study'].iloc[0]} and others)" for way in known
        )
        raise ValueError(
            f"the trials have scores of which another direction is good: {TOLD} is {ways}; pool them apart, or turn "
            "the scores of the ones round"
        )
    benefit = known[0] if known[0] in get_args(Benefit) else None
    return {"benefit": benefit, "events": {"benefit": benefit}} if _only_counts(table) else {"benefit": benefit}


def _only_counts(table):
    return bool(table[["final_mean", "change_mean"]].isna().all(axis=None))


def _of_scores(trials, rows, measure, options, names):
    """The table of effects of the means of both arms, what was derived, and what was left out."""
    times, comparator, multi_arm = (options[name] for name in ("times", "comparator", "multi_arm"))
    outcome, missing_sd, between = (options[name] for name in ("outcome", "missing_sd", "crossover_correlation"))
    if measure == "ROM" and outcome != "final":
        raise ValueError("measure='ROM' is a ratio of final scores; give outcome='final': changes have no true zero")
    at = "its primary time point" if times == "primary" else "any time point"
    if rows.empty:
        raise ValueError(f"no trial has a {comparator!r} arm beside a treatment arm at {at}")
    if rows[["final_mean", "change_mean"]].isna().all(axis=None):
        raise ValueError(f"no trial has a mean in a treatment or {comparator} arm at {at}")
    # SDs are borrowed from whole arms at the primary time point, however the arms of a trial are used: an arm that was
    # split, or measured again, lends once.
    single = arm_scores(rows, options["correlation"], between, adjusted=outcome == ANCOVA)
    lenders = one_per_role(single[single["row"].isin(rows.index[rows["primary"] == "yes"])], "combine")
    scores = lenders if (multi_arm, times) == ("combine", "primary") else one_per_role(single, multi_arm)
    # A standardised difference of final scores is none of changes, whose SDs are others.
    # A crossover trial has the same people in both arms, and no baseline of each period.
    paired = scores["comparison"].isin(rows["comparison"][rows["design"] == "crossover"])
    chosen = chosen_score(scores, outcome, only=measure != "MD", unadjusted=scores["unit"][paired])
    lines = scores[of_outcome(scores, chosen)]
    dropped = _other_score(scores, chosen, outcome) | _without_comparator(trials, rows, options) | too_few(lines)
    lines = lines[~lines["comparison"].isin(dropped)]
    silent = lines[lines["sd"].isna()]
    if missing_sd == "raise":
        _raise_missing(silent, trials)
    elif missing_sd == "drop":
        dropped |= dict.fromkeys(silent["comparison"], _NONE_PRINTED)
    else:
        # The change within the arms is kept beside the effect, so its SDs are borrowed too, where both means are known.
        both = scores.groupby(["unit", "score"])["mean"].transform("count") == 2
        both &= ~scores["comparison"].isin(dropped) & (measure == "MD")
        arm_change = scores.index[(scores["score"] == "change") & both & scores["sd"].isna()]
        scores = impute(scores, silent.index.union(arm_change), missing_sd, lenders, names)
    scores = scores[~scores["comparison"].isin(dropped) & scores["unit"].isin(chosen.index)]
    if scores.empty:
        why = "; ".join(dict.fromkeys(dropped.values()))
        raise ValueError(
            f"no trial is left: {why or 'none has a mean and a spread in both arms, on a scale with ends'}"
        )
    table = _from_arms(scores, chosen, options["correlation"])
    table["unadjusted"] = (outcome == ANCOVA) & (table["outcome"] != ANCOVA)
    table["period_correlation"] = table["comparison"].map(period_correlations(rows, single)).astype(float)
    about = about_trials(trials, "comparison")
    table = describe(table, rows, about)
    arms = [table[f"{part}_{arm}"] for arm in ("treatment", "placebo") for part in ("mean", "sd", "n")]
    periods = table["period_correlation"].fillna(between)
    table["yi"], table["vi"] = mean_effects(arms, table["design"] == "crossover", periods, measure)
    adjusted = table["outcome"] == ANCOVA
    parts = ("baseline_{}", "baseline_sd_{}", "mean_{}", "sd_{}", "n_{}")
    arms = [table[part.format(arm)] for arm in ("treatment", "placebo") for part in parts]
    differences = effects.adjusted_difference(*(x[adjusted] for x in (*arms, table["correlation"])))
    table.loc[adjusted, "yi"], table.loc[adjusted, "vi"] = differences
    if outcome == ANCOVA:
        table = _with_effects(table, measure, dropped)
    if measure != "MD":
        # Changes in points stand beside differences in points only.
        table = _with_effects(table.drop(columns=_CHANGES), measure, dropped)
    derivations = derivation_list(table, scores, between, names)
    return table, derivations, left_out_list(trials, about, table, dropped)


def _documented(table, options, clusters):
    """The columns that the options ask for; the others were needed on the way."""
    within = [] if options["outcome"] == ANCOVA else ["correlation"]
    table = table.drop(columns=["unit", "comparison", "correlated", "by_p", "unadjusted", *within], errors="ignore")
    table = first_columns(table, _FIRST).reset_index(drop=True)
    if options["times"] == "primary":
        table = table.drop(columns="arm_label")
    if options["comparator"] != "placebo":
        # It says what the placebo was.
        table["control"] = None
    if clusters is not None:
        table.insert(2, "cluster", table["study"].map(clusters))
    return table


_NEITHER = (
    "trials is a {}, but must be the table that read_trials returns, one row an arm (read_trials takes files and "
    "DataFrames); or a DataFrame with one row a study, whose columns are named, as in mean_t='m1', sd_t='s1', "
    "n_t='n1', mean_p= and so on, or events_t='e1', n_t='n1', events_p= and so on, or yi='effect', se='se'"
)
# The formulas of an arm-level table: of means where the same people were in both arms (None: not known), of events.
_PAIRED = {
    "MD": effects.mean_change,
    "SMD": effects.standardized_mean_change_pooled,
    "SMDH": None,
    "ROM": effects.log_ratio_of_paired_means,
}
_COUNTED = SHAPES["two arms, counts"].formulas
_COUNTS = ("events_treatment", "n_treatment", "events_placebo", "n_placebo")
_CHANGES = [*(f"change_{arm}{part}" for arm in ("placebo", "treatment") for part in ("", "_vi")), "change_status"]
# The arms of a table with one row a study, where nobody says.
UNNAMED_ARMS = ("treatment", "control")
# Words that a column of effects may hold.
_CLOSED = VOCABULARY | {"status": ("as printed", "recovered", IMPUTED)}
# How alike two texts are, by difflib, that may be one word in two spellings.
_SPELT_ALIKE = 0.8
# Every option that is not the name of a column of numbers, and what it is if nobody says.
_OPTIONS = {
    "measure": "MD",
    "outcome": "change",
    "correlation": None,
    "correlations": None,
    "crossover_correlation": 0.5,
    "missing_sd": "impute",
    "multi_arm": "combine",
    "times": "primary",
    "comparator": "placebo",
    "study": None,
    "label": None,
    "cluster": None,
    "year": None,
    "benefit": None,
    "arms": None,
    "outcome_name": None,
    "missing": "raise",
    "level": 95.0,
    "log": None,
}


def _refuse_others(options, of):
    """Refuse options that do nothing for this table, unless they were left as they are."""
    if given := [name for name, value in options.items() if value != _OPTIONS[name]]:
        raise ValueError(f"{', '.join(f'{name}=' for name in given)}: only for {of}")


def _check_options(options):
    allowed = {
        "measure": (*_PAIRED, *_COUNTED),
        "outcome": PARTS,
        "missing_sd": (*RULES, "drop", "raise"),
        "multi_arm": ("combine", "split"),
        "times": ("primary", "all"),
    }
    for name, names in allowed.items():
        _check.option(name, options[name], names)
    for name in ("correlation", "crossover_correlation"):
        estimated = name == "correlation" and options[name] == ESTIMATED
        if not estimated and (not isinstance(options[name], Real) or not -1 <= options[name] < 1):
            raise ValueError(f"{name}={options[name]!r}: a correlation is a number from -1 to below 1")


def _check_arms(trials, times, comparator):
    """Refuse a choice of rows that took one arm of a trial from the other, and an arm that nobody has."""
    rows = trials if times == "all" else trials[trials["primary"] == "yes"]
    time = same_time(rows).to_numpy()
    treated, placebo = (np.bincount(time, rows["arm"] == arm) for arm in ("treatment", "placebo"))
    wrong = (treated == 0) | (placebo > 1) | (treated == np.bincount(time))
    if wrong.any():
        studies = ", ".join(rows.loc[wrong[time], "study"].unique())
        again = "pass the table through read_trials again"
        raise ValueError(f"{studies}: not one placebo arm, or another to compare with, beside a treatment arm; {again}")
    others = trials[trials["arm"] != "treatment"]
    roles, names = [*dict.fromkeys([*VOCABULARY["arm"][1:], *others["arm"]])], others["arm_label"].dropna().unique()
    if comparator not in (*roles, *names):
        near = get_close_matches(str(comparator), [*roles, *names], 1)
        perhaps = f"; did you mean {near[0]!r}?" if near else ""
        words = "is neither a role of an arm that treatment is compared with"
        raise ValueError(f"comparator={comparator!r} {words} ({', '.join(roles)}) nor the arm_label of one{perhaps}")


def _without_comparator(trials, rows, options):
    """Say of each comparison that it has no such arm, or several; `rows` are those of the others."""
    comparator, at = options["comparator"], (options["times"] == "all") | (trials["primary"] == "yes")
    others = trials[at & (trials["arm"] != "treatment") & ~trials["comparison"].isin(rows["comparison"].unique())]
    told = {"named": others["arm_label"].fillna("without a name")}
    told["alike"] = (others["arm"] == comparator) | (others["arm_label"] == comparator)
    found: dict[str, tuple[dict[str, None], list[str]]] = {}
    for key, arm, name, alike in others.assign(**told)[["comparison", "arm", *told]].astype(object).to_numpy():
        arms, names = found.setdefault(key, ({}, []))
        arms[arm] = None
        names += [name] * alike
    reasons = {}
    for key, (arms, names) in sorted(found.items()):
        if names:
            several = f"{len(names)} {comparator!r} arms ({', '.join(names)})"
            reasons[key] = f"{several}: comparator= takes the arm_label of one"
        else:
            reasons[key] = f"no {comparator!r} arm: treatment is compared with {' and '.join(arms)}"
    return reasons


def _clusters(trials, name):
    """Return the cluster of each study, from a column of the trials."""
    column_named(trials, "cluster", name)
    values = trials.groupby("study")[name].agg(lambda x: x.unique().tolist())
    wrong = values.index[values.map(lambda x: len(x) > 1 or pd.isna(x[0]))]
    if len(wrong):
        raise ValueError(
            f"cluster={name!r} is blank, or not the same in all rows, of {', '.join(wrong)}; fill in one for each trial"
        )
    return values.str[0]


def names_of_arms(rows: pd.DataFrame, comparator: str) -> tuple[str, str]:
    """What the two arms are called: by their label where all trials have the same, else by their role."""
    treated, roles = rows["arm"] == "treatment", ("treatment", comparator)
    labels = [rows.loc[own, "arm_label"].unique() for own in (treated, ~treated)]
    names = tuple(
        own[0] if len(own) == 1 and isinstance(own[0], str) and own[0] else role
        for role, own in zip(roles, labels, strict=True)
    )
    return roles if names[0] == names[1] else names


def _raise_missing(silent, trials):
    rule = "no SD, SE, interval or usable p is printed"
    remedy = "Fill one in, or choose missing_sd='impute' or 'drop'."
    problems = [
        (row, line["study"], f"{line['score']}_sd", "", rule, remedy)
        for _, line in silent.iterrows()
        for row in line["rows"]
    ]
    if problems:
        raise TrialDataError(sorted(problems), "the trials")


def _from_arms(scores, chosen, correlation):
    """One row per unit: the arms of the chosen score, and the change within each arm."""
    parts = ["mean", "sd", "n", "sd_rule", "correlated", "imputed", "merged", "arm_label"]
    keys = ["unit", "study", "comparison"]
    out = scores[keys].drop_duplicates().reset_index(drop=True)
    out["outcome"] = out["unit"].map(chosen)
    # Every unit has each score of each arm: a line a unit, of the placebo arm and the treatment arm.
    unit, treated = pd.Categorical(scores["unit"], out["unit"]).codes, scores["arm"] == "treatment"
    order = np.lexsort((treated, scores["score"].map([BASELINE, *SCORES].index), unit))
    baseline, change, final = (
        {part: scores[part].to_numpy()[order].reshape(len(out), 3, 2)[:, score] for part in parts} for score in range(3)
    )
    is_change = (out["outcome"] == "change").to_numpy()[:, None]
    used = {part: np.where(is_change, change[part], final[part]) for part in parts}
    for side, arm in ((1, "treatment"), (0, "placebo")):
        for part in ("n", "mean", "sd"):
            out[f"{part}_{arm}"] = used[part][:, side].astype(float)
    out["status"], out["correlated"] = _status(used), used["correlated"].any(axis=1)
    _add_correlation(out, baseline, final, change, correlation)
    out["by_p"] = [rule.startswith(FROM_P) for rule in used["sd_rule"][:, 1]]
    for extra in ("merged", "arm_label"):
        out[extra] = change[extra][:, 1].astype(object)
    means = ~np.isnan(change["mean"]).any(axis=1)
    changes = means & ~np.isnan(change["sd"]).any(axis=1)
    for side, arm in enumerate(("placebo", "treatment")):
        mean, sd, n = (change[part][:, side].astype(float) for part in ("mean", "sd", "n"))
        out[f"change_{arm}"], out[f"change_{arm}_vi"] = (np.where(changes, x, np.nan) for x in (mean, sd**2 / n))
        out[f"baseline_{arm}"], out[f"baseline_sd_{arm}"] = baseline["mean"][:, side], baseline["sd"][:, side]
    out["change_status"] = np.where(changes, _status(change), np.where(means, _NO_SPREAD, NO_BASELINE))
    return out


def _add_correlation(out, baseline, final, change, correlation):
    """Add the correlation between baseline and final score, and to adjusted differences what they rest on."""
    three = (baseline, final, change)
    own = ~np.any([score["imputed"].astype(bool) for score in three], axis=0)
    sd = [score["sd"].astype(float) for score in three]
    sd[2] = np.where(own, sd[2], np.nan)
    arms = [[x[:, side] for x in sd] for side in (1, 0)]
    n = [final["n"][:, side].astype(float) for side in (1, 0)]
    out["correlation"] = correlation_within(arms, n, correlation)
    told = [own_correlation(*arm) for arm in arms]
    assumed = np.isnan(told).any(axis=0) | np.any([x["correlated"].any(axis=1) for x in (final, change)], axis=0)
    adjusted = (out["outcome"] == ANCOVA).to_numpy()
    out.loc[adjusted, "correlated"] = assumed[adjusted]
    parts = {part: np.hstack([baseline[part], final[part]]) for part in ("imputed", "sd_rule")}
    status = _status(parts)
    status[(status == "as printed") & assumed] = "recovered"
    out.loc[adjusted, "status"] = status[adjusted]
    out.loc[~adjusted, "correlation"] = np.nan


def _status(arms):
    """The weakest origin of the SDs: imputed, recovered (from an SE, an interval, a correlation) or as printed."""
    imputed, ruled = (arms[part].astype(bool).any(axis=1) for part in ("imputed", "sd_rule"))
    return np.select([imputed, ruled], [IMPUTED, "recovered"], "as printed")


def mean_effects(arms: pd.DataFrame, paired: pd.Series, correlation: ArrayLike, measure: str = "MD") -> Any:
    """Return effect and variance of two arms: paired where the same people had both, else independent.

    `arms` holds mean, SD and n of the treatment, then of the placebo arm; all broadcast.
    """
    mean_t, sd_t, _, mean_p, sd_p, n = arms
    both = {"mean_pre": mean_p, "sd_pre": sd_p, "mean_post": mean_t, "sd_post": sd_t, "n": n}
    same_people = _PAIRED[measure]
    twice = np.nan if same_people is None else same_people(**both, correlation=correlation)
    return np.where(paired, twice, SHAPES["two arms, means"].formulas[measure](*arms))


def _why_none(trial, measure):
    if trial.design == "crossover" and _PAIRED[measure] is None:
        return f"crossover: no variance of {measure} is known here for people who were in both arms"
    return UNDEFINED[measure]


def _other_score(scores, chosen, outcome):
    """Say of each comparison that has only the other score in both arms which one that is; `chosen` have one."""
    if outcome == ANCOVA:
        return {}
    (other,) = (score for score in SCORES if score != outcome)
    silent = [unit for unit in chosen_score(scores, other, only=True).index if unit not in chosen]
    reason = f"the {SCORES[outcome]} is not known in both arms, but the {SCORES[other]} is (outcome={other!r})"
    return dict.fromkeys(scores.loc[scores["unit"].isin(silent), "comparison"], reason)


def _of_events(trials, rows, measure, options, names):
    """The table of effects of the events that are counted in both arms, what was derived, and what was left out."""
    dropped = _without_comparator(trials, rows, options)
    dropped |= {key: why for key, why in _uncounted(trials, rows).items() if key not in dropped}
    arms = rows[~rows["comparison"].isin(dropped)].assign(share=1.0, merged=1)
    _require_some(arms, dropped)
    arms = arms.assign(unit=arms["comparison"], row=arms.index, arm_label=arms["arm_label"].fillna(""))
    if options["multi_arm"] == "split":
        arms = split_placebo(arms)
    parts = {"events": "sum", "n": "sum", "merged": "sum", "arm_label": "; ".join, "share": "first"}
    arms = arms.assign(events=arms["events"] * arms["share"])
    arms = arms.groupby(["unit", "study", "comparison", "arm"], sort=False).agg(parts).reset_index()
    keys = ["unit", "study", "comparison"]
    role = arms["arm"].where(arms["arm"] == "treatment", "placebo")
    wide = arms.assign(role=role).pivot(index=keys, columns="role", values=["events", "n", "merged", "arm_label"])
    wide = wide.loc[pd.MultiIndex.from_frame(arms[keys].drop_duplicates())]
    table = wide.index.to_frame(index=False).assign(outcome=EVENTS, period_correlation=np.nan)
    for part, arm in (name.split("_") for name in _COUNTS):
        table[f"{part}_{arm}"] = wide[part, arm].to_numpy(float)
    for part in ("merged", "arm_label"):
        table[part] = wide[part, "treatment"].to_numpy()
    yi, vi = _COUNTED[measure](*(table[name] for name in _COUNTS), drop_double_zero=measure != "RD")
    pairs = zip(_COUNTS[::2], _COUNTS[1::2], names, strict=True)
    named = {name: x for events, n, arm in pairs for name, x in cells_of(table[events], table[n], arm).items()}
    zeros = {table.at[at, "unit"]: line for at, line in zero_cells(_COUNTED[measure], named).items()}
    table["status"] = np.where(table["unit"].isin(zeros), "recovered", "as printed")
    table = table.assign(yi=yi, vi=vi, correlated=False, by_p=False, unadjusted=False)
    about = about_trials(trials, "comparison")
    table = _with_effects(describe(table, rows, about), measure, dropped)
    labels, lines = table.set_index("unit")["label"], []
    for arm in arms[arms["unit"].isin(labels.index)].itertuples():
        name = name_of_arm(arm.arm, names)
        who = arm.study, labels[arm.unit], name, "n and events", arm.n
        if arm.merged > 1:
            lines.append((*who, f"{arm.merged} {name} arms added up"))
        if arm.share < 1:
            lines.append((*who, shared_out(name, arm.share)))
    for trial in table[table["unit"].isin(zeros)].itertuples():
        lines.append((trial.study, trial.label, "", CORRECTION, *zeros[trial.unit]))
    return table, as_derivations(lines), left_out_list(trials, about, table, dropped)


def _uncounted(trials, rows):
    """Why the events in the arms of comparisons make no effect; `rows` are the arms, `trials` all rows."""
    anywhere = trials["events"].notna().groupby(trials["comparison"]).any()
    counted_here, crossover = rows["events"].notna().groupby(rows["comparison"]), rows["design"] == "crossover"
    definitions = rows.groupby("comparison")["event_definition"].nunique(dropna=False)
    some, every, definitions, crossover = (
        known.reindex(anywhere.index, fill_value=unknown)
        for known, unknown in (
            (counted_here.any(), False),
            (counted_here.all(), False),
            (definitions, 1),
            (crossover.groupby(rows["comparison"]).any(), False),
        )
    )
    reasons = {
        "events are counted at another time point": ~some & anywhere,
        "events are not reported": ~some,
        "events are not reported of every arm": ~every,
        "the arms count by different definitions": definitions > 1,
        "crossover: the counts of the same people under both are not independent": crossover,
    }
    whys = np.select([*reasons.values()], [*reasons], "").tolist()
    return {key: why for key, why in zip(anywhere.index, whys, strict=True) if why}


def _with_effects(table, measure, dropped):
    """The comparisons that have an effect; why the others have none is added to `dropped`."""
    none = table[~np.logical_and(*_check.good(table["yi"], table["vi"]))]
    for trial in none.itertuples():
        dropped[trial.comparison] = UNDEFINED.get(ANCOVA if trial.outcome == ANCOVA else measure, "")
        if trial.design == "crossover" and _PAIRED.get(measure) is None:
            dropped[trial.comparison] = f"crossover: no variance of {measure} is known of people who were in both arms"
    table = table[~table["comparison"].isin(dropped)]
    _require_some(table, dropped)
    return table


def _require_some(table, dropped):
    if table.empty:
        raise ValueError(f"no trial has an effect: {'; '.join(dict.fromkeys(dropped.values()))}")


def contrast_effects(contrasts: pd.DataFrame) -> EffectSizes:
    """Return one effect size per trial from reported differences, in points on 0-10, negative = less pain.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        From :func:`analysis.read_contrasts`.

    Returns
    -------
    EffectSizes
        `outcome` is "difference", `status` "recovered" (from an interval) or "as printed" (an SE), and every row has
        the flag "only the difference is printed". "time point selected" marks those whose time point was picked by a
        review or by what was printed, which leans towards an effect; this, "doubtful" and "second-hand" are as in the
        trials. Changes within arms, baselines and design are blank. `left_out` lists the trials without a scale or
        without a spread, `derivations` how every number was made.

    Raises
    ------
    ValueError
        If `contrasts` is not the table that `read_contrasts` returns.

    See Also
    --------
    analysis.with_contrasts : Joins these effects to those of trials with arms.
    analysis.read_contrasts : Reads the table.
    analysis.recover.se_from_ci : The formula behind it.

    Notes
    -----
    The standard error is the one printed, else half the interval over its quantile [1]_: that of the t distribution
    on n_t + n_p - 2 degrees of freedom where both numbers of people are printed, else that of the normal
    distribution. Where a trial has several time points with all that is needed, the earliest is used, which is the
    end of treatment or the first after it; a row without a week comes last.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.3.

    Examples
    --------
    >>> from analysis import read_contrasts
    >>> found = contrast_effects(read_contrasts("data/contrasts.csv"))
    >>> trial = found.table.set_index("study").loc["alrashoud2014"]
    >>> print(f"{trial.yi:.1f}, {trial.vi:.3f}, week {trial.week:g}, {trial.status}")
    -1.3, 0.272, week 9, recovered
    >>> len(found), len(found.left_out)
    (25, 4)
    """
    _check_contrasts(contrasts)
    rows = contrasts.join(_contrast_errors(contrasts))
    reason = pd.Series("", index=rows.index)
    reason = reason.mask(rows["se_points"].isna(), NO_REPORTED_SPREAD).mask(rows["factor"].isna(), NO_SCALE)
    order = rows[reason == ""].sort_values("week", kind="stable", na_position="last")
    used = rows.loc[order.drop_duplicates("study").index.sort_values()]
    table = _from_contrasts(used)
    derivations = _contrast_derivations(used, rows[(reason == "") & ~rows.index.isin(used.index)])
    out = rows[~rows["study"].isin(used["study"])].drop_duplicates("study")
    left_out = _about_contrasts(out).assign(reason=reason[out.index].to_numpy())
    left_out = first_columns(left_out, ["study", "label", "reason"])
    return EffectSizes(table, derivations, left_out, rows=contrasts.loc[used.index], **about_outcome(contrasts))


def _check_contrasts(contrasts):
    if not isinstance(contrasts, pd.DataFrame) or not set(CONTRASTS.columns) <= set(contrasts.columns):
        raise ValueError(
            f"contrasts is a {type(contrasts).__name__}, but must be the table that read_contrasts returns; it takes "
            "files and DataFrames"
        )
    _check.unlike_columns(contrasts, "contrasts")
    if not contrasts.index.is_unique:
        raise ValueError("rows of contrasts stand more than once; pass the table through read_contrasts again")


def _contrast_errors(contrasts):
    """Standard error in points, the rule behind it (blank for a printed one), and points per scale unit."""
    factor = POINTS / (contrasts["scale_max"] - contrasts["scale_min"])
    df = contrasts["n_treatment"] + contrasts["n_placebo"] - 2
    # Unknown numbers of people leave the normal quantile.
    df = df.where(df > 0, np.inf)
    ends = contrasts["ci_low"], contrasts["ci_high"], contrasts["ci_level"] / 100
    recovered = pd.Series(recover.se_from_ci(*ends, df=df), index=contrasts.index)
    se = contrasts["se"].fillna(recovered)
    rules = [_BY_NORMAL if np.isinf(d) else _BY_T.format(df=d) for d in df]
    rule = pd.Series(rules, index=contrasts.index).where(contrasts["se"].isna(), "")
    return pd.DataFrame({"factor": factor, "se_points": (se * factor).where(se > 0), "rule": rule})


def _from_contrasts(used):
    table = _about_contrasts(used)
    for column in ("n_treatment", "n_placebo"):
        table[column] = used[column].to_numpy()
    table["outcome"], table["change_status"] = OUTCOME, NO_ARMS
    table["yi"] = (used["difference"] * used["factor"]).to_numpy()
    table["vi"] = used["se_points"].to_numpy() ** 2
    table["status"] = np.where(used["rule"] == "", "as printed", "recovered")
    marks = {SELECTED: used["selected"] == "yes"} | {
        flag: used["certainty"] == flag for flag in ("doubtful", "second-hand")
    }
    table["flags"] = [(FLAG, *(flag for flag, test in marks.items() if test[row])) for row in used.index]
    return first_columns(table, _FIRST)


def _about_contrasts(rows):
    """What each trial is; the columns are those of the effect sizes of trials."""
    about = rows[["study", "author", "year", *_KEPT.split()]].reset_index(drop=True)
    about["year"] = about["year"].astype(int)
    about["timepoint"] = np.where(about["week"] < _LESS_THAN_A_DAY, WEEK_BANDS[0], None)
    return about.assign(label=labels(about), week_band=week_bands(about))


def _contrast_derivations(used, others):
    """How each number was made, and which time points were not used."""
    lines = []
    for row in used.itertuples():
        if row.rule:
            lines.append((row.study, "SE of the difference", row.se_points, row.rule))
        if rule := rescaled(row):
            lines.append((row.study, "scale", None, rule))
    earliest = dict(zip(used["study"], used["week"], strict=True))
    for row in others.itertuples():
        rule = f"not used: of several time points the earliest, {_when(earliest[row.study])}, is"
        lines.append((row.study, f"difference at {_when(row.week)}", row.difference * row.factor, rule))
    table = pd.DataFrame(lines, columns=["study", "quantity", "value", "rule"])
    table.insert(1, "arm", "")
    return table.astype({"value": float})


def _when(week):
    return "an unknown week" if np.isnan(week) else f"week {week:g}"


def with_contrasts(effects: EffectSizes, contrasts: pd.DataFrame | EffectSizes) -> EffectSizes:
    """Add reported differences to the effect sizes of the trials; no trial counts twice.

    Parameters
    ----------
    effects : EffectSizes
        From :func:`analysis.effect_sizes`, all trials: filter with `where` afterwards, or a trial that was filtered
        out comes back by its reported difference.
    contrasts : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_contrasts`, or from :func:`analysis.contrast_effects`.

    Returns
    -------
    EffectSizes
        The trials first, then the reported differences. Where a trial stands in both, its arms are used if they have
        a spread of their own; if their SD would be imputed, or the trial was left out, the reported difference is.
        `derivations` names what was not used. `rows` holds the rows of both files, each with its own row number; those
        of the contrasts have a blank arm.

    Raises
    ------
    ValueError
        If `effects` are not mean differences against placebo, one a trial, or `contrasts` is not the table that
        `read_contrasts` returns.

    See Also
    --------
    analysis.effect_sizes : Effect sizes of trials with arms.
    analysis.contrast_effects : Effect sizes of reported differences.
    analysis.pool : Pools all of them.

    References
    ----------
    .. [1] Li, Higgins & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 5, section 5.2.1: the
       study, not the report, is the unit.

    Examples
    --------
    >>> from analysis import effect_sizes, read_contrasts, read_trials
    >>> trials, contrasts = read_trials("data/trials.csv"), read_contrasts("data/contrasts.csv")
    >>> both = with_contrasts(effect_sizes(trials), contrasts)
    >>> len(both), both.table.set_index("study").loc["alrashoud2014", "outcome"]
    (67, 'difference')
    """
    require_points(effects, "with_contrasts")
    for name in ("times", "comparator"):
        if (chosen := effects.options.get(name, _OPTIONS[name])) != _OPTIONS[name]:
            raise ValueError(
                f"reported differences are against placebo at one time; the effects have {name}={chosen!r}"
            )
    found = contrasts if isinstance(contrasts, EffectSizes) else contrast_effects(contrasts)
    if found.benefit != effects.benefit:
        raise ValueError(
            f"{found.benefit} is better in the reported differences, and {effects.benefit} in the effects of the "
            "trials; pool them apart, or turn the scores of the ones round"
        )
    table, extra = effects.table, found.table
    spread = table["study"][table["status"] != IMPUTED]
    twice, taken = extra["study"].isin(spread), extra["study"][~extra["study"].isin(spread)]
    replaced = table["study"].isin(taken)
    lines = [(row.study, "difference from the arms", row.yi, _INSTEAD) for row in table[replaced].itertuples()]
    lines += [(row.study, "difference as printed", row.yi, _ARMS_USED) for row in extra[twice].itertuples()]
    notes = pd.DataFrame(lines, columns=["study", "quantity", "value", "rule"]).assign(arm="")
    both = _stack(table[~replaced], _own_labels(extra[~twice], table[~replaced]))
    of_arms = effects.derivations[~effects.derivations["study"].isin(taken)]
    of_differences = found.derivations[~found.derivations["study"].isin(extra["study"][twice])]
    left_out = _stack(effects.left_out, found.left_out[~found.left_out["study"].isin(effects.left_out["study"])])
    rows = effects.rows["study"].isin(table["study"][~replaced]), found.rows["study"].isin(taken)
    return replace(
        effects,
        table=both,
        derivations=_stack(of_arms, _stack(of_differences, notes)),
        left_out=left_out[~left_out["study"].isin(both["study"])].reset_index(drop=True),
        rows=pd.concat([effects.rows[rows[0]], found.rows[rows[1]]]),
    )


def _stack(above, below):
    """Put two tables above each other; an empty one takes no part in the types."""
    if not len(above) or not len(below):
        return (above if len(above) else below).reset_index(drop=True)
    return first_columns(pd.concat([above, below], ignore_index=True), list(above))


def _own_labels(extra, table):
    """Add the study id to a label that a trial has already."""
    same = extra["label"].isin(table["label"])
    return extra.assign(label=extra["label"].where(~same, extra["label"] + " (" + extra["study"] + ")"))
