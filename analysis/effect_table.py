"""From trials to one effect size per trial, with everything that was derived, imputed or left out."""

from dataclasses import dataclass, field, replace
from numbers import Real

import numpy as np
import pandas as pd

from analysis import _validate, effects
from analysis.arm_scores import (
    BASELINE,
    IMPUTED,
    RULES,
    SCORES,
    arm_scores,
    chosen_score,
    impute,
    one_per_role,
    primary_arms,
)
from analysis.dictionary import COLUMNS, SPREADS
from analysis.trial_notes import derivation_list, describe, left_out_list
from analysis.trials import TrialDataError

NO_BASELINE, NO_SPREAD = "baseline not reported", "spread of the change not reported"
FIRST = (
    "study label year therapy_family therapy condition_group outcome n_treatment n_placebo yi vi status flags".split()
)


@dataclass(frozen=True, eq=False)
class EffectSizes:
    """One effect size per trial.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per trial: `study`, `label`, what the trial is, `n_treatment`, `n_placebo`, the means and SDs behind the
        contrast, `outcome` ("change" or "final"), `yi`, `vi`, `status` ("as printed", "recovered", "imputed"), `flags`,
        and the change within each arm with its squared standard error (`change_placebo`, `change_placebo_vi`,
        `change_treatment`, `change_treatment_vi`, `change_status`), the baseline of each arm (`baseline_placebo`,
        `baseline_sd_placebo`, `baseline_treatment`, `baseline_sd_treatment`) and `week_band`. All in points on 0-10.
    derivations : pandas.DataFrame
        One row per number that is not printed as it stands: study, arm, quantity, value (points), rule.
    left_out : pandas.DataFrame
        study, label and reason of every trial without an effect size.
    measure, unit : str
    options : dict
        The arguments of :func:`effect_sizes`.
    rows : pandas.DataFrame
        The rows of the trials table behind the effects: treatment and placebo arms at the primary time point.
    """

    table: pd.DataFrame
    derivations: pd.DataFrame
    left_out: pd.DataFrame
    measure: str = "MD"
    unit: str = "points on 0–10"
    options: dict = field(default_factory=dict)
    rows: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["study"]))

    def __len__(self):
        return len(self.table)

    @property
    def yi(self):
        """Effects, treatment minus placebo, shape (k,)."""
        return self.table["yi"].to_numpy()

    @property
    def vi(self):
        """Sampling variances, shape (k,)."""
        return self.table["vi"].to_numpy()

    @property
    def labels(self):
        """Names of the trials, length k."""
        return self.table["label"].tolist()

    def where(self, **wanted):
        """Return the trials whose columns hold the wanted values.

        Parameters
        ----------
        **wanted : value or list of values
            One keyword per column of `table`, such as ``therapy_family=["Light", "Magnetic field"]``; None stands for
            a blank.

        Returns
        -------
        EffectSizes
            SDs that were imputed stay as they are. Trials left out of the whole set are filtered alike; none remain
            where the column exists only for trials with an effect size (such as `status`).
        """
        keep, out = self.table[holding(self.table, wanted)], self.left_out
        out = out[holding(out, wanted)] if set(wanted) <= set(out) else out.iloc[:0]
        derivations = self.derivations[self.derivations["study"].isin(keep["study"])]
        parts = (part.reset_index(drop=True) for part in (keep, derivations, out))
        rows = self.rows[self.rows["study"].isin(keep["study"])]
        return replace(self, rows=rows, **dict(zip(("table", "derivations", "left_out"), parts, strict=True)))

    def to_frame(self):
        """Return a copy of the table of effect sizes."""
        return self.table.copy()


def holding(table, wanted):
    """Tell which rows hold the wanted values, a dict of column to value or values; None stands for a blank."""
    keep = pd.Series(True, index=table.index)
    for column, values in wanted.items():
        if column not in table:
            raise ValueError(f"'{column}' is not a column of the effect sizes: {', '.join(table.columns)}")
        values = list(values) if pd.api.types.is_list_like(values) else [values]
        keep &= table[column].isin([v for v in values if v is not None]) | (table[column].isna() & (None in values))
    return keep


def effect_sizes(
    trials,
    *,
    measure="MD",
    outcome="change",
    correlation=0.5,
    crossover_correlation=0.5,
    missing_sd="impute",
    multi_arm="combine",
):
    """Return one effect size per trial: treatment minus placebo in points on 0-10, negative = less pain.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`. The primary time point of each trial is used, its treatment and placebo arms.
    measure : {"MD"}
        Mean difference.
    outcome : {"change", "final"}
        The score to prefer where a trial has both; where it has only the other, that one is used and the row is
        flagged. Both estimate the same mean difference in a randomised trial.
    correlation : float
        Between baseline and final pain, for change SDs computed from a baseline and a final SD.
    crossover_correlation : float
        Between the two periods of a crossover trial, for the paired variance.
    missing_sd : {"impute", "impute-median", "impute-largest", "drop", "raise"}
        What to do with trials that print no SD, SE or interval: borrow the SD pooled over the other trials' arms of
        the same kind (same role, same score; Furukawa 2006), their median or largest SD, leave the trial out, or raise.
    multi_arm : {"combine", "split"}
        Several treatment arms against one placebo arm become one arm (Cochrane Handbook, section 6.5.2.10), or stay
        apart and share out the placebo patients. No placebo patient counts twice.

    Returns
    -------
    EffectSizes

    Raises
    ------
    ValueError
        For an unknown option, or where an SD is to be imputed and no other trial has one.
    TrialDataError
        With ``missing_sd="raise"``, listing every trial that prints no spread.

    Notes
    -----
    Every bounded scale is rescaled linearly to 0-10. Trials on a scale without ends (percent change) or with
    responders only cannot be expressed in points: they are listed in `left_out`.

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = effect_sizes(read_trials("data/trials.csv"))
    >>> gale = found.table.set_index("study").loc["gale2006"]
    >>> print(f"{gale.change_treatment:.1f}, {gale.change_placebo:.1f}, {gale.yi:.1f}, {gale.status}")
    -3.9, -1.4, -2.5, imputed
    >>> len(found), len(found.left_out)
    (44, 6)
    """
    options = {name: value for name, value in locals().items() if name != "trials"}
    _check_options(options)
    _check_table(trials)
    rows = primary_arms(trials)
    if rows[["final_mean", "change_mean"]].isna().all(axis=None):
        raise ValueError("no trial has a mean in a treatment or placebo arm at its primary time point")
    scores = one_per_role(arm_scores(rows, correlation), multi_arm)
    chosen = chosen_score(scores, outcome)
    lines = scores[scores["score"] == scores["unit"].map(chosen)]
    silent = lines[lines["sd"].isna()]
    dropped = set()
    if missing_sd == "raise":
        _raise_missing(silent, trials)
    elif missing_sd == "drop":
        dropped = set(silent["study"])
    else:
        both = scores.groupby(["unit", "score"])["mean"].transform("count") == 2
        arm_change = scores.index[(scores["score"] == "change") & both & scores["sd"].isna()]
        scores = impute(scores, silent.index.union(arm_change), missing_sd)
    scores = scores[~scores["study"].isin(dropped) & scores["unit"].isin(chosen.index)]
    if scores.empty:
        raise ValueError("no trial is left: none has a mean and a spread in both arms, on a scale with ends")
    table = describe(_contrasts(scores, chosen), rows)
    arms = [table[f"{part}_{arm}"] for arm in ("treatment", "placebo") for part in ("mean", "sd", "n")]
    table["yi"], table["vi"] = mean_differences(arms, table["design"] == "crossover", crossover_correlation)
    derivations = derivation_list(table, scores, crossover_correlation)
    left_out = left_out_list(trials, table, dropped)
    order = [*FIRST, *(c for c in table if c not in FIRST)]
    rows = rows[rows["study"].isin(table["study"])]
    return EffectSizes(
        table[order].drop(columns=["unit", "correlated"]), derivations, left_out, measure, options=options, rows=rows
    )


def _check_options(options):
    allowed = {
        "measure": ("MD",),
        "outcome": SCORES,
        "missing_sd": (*RULES, "drop", "raise"),
        "multi_arm": ("combine", "split"),
    }
    for name, names in allowed.items():
        _validate.option(name, options[name], names)
    for name in ("correlation", "crossover_correlation"):
        if not isinstance(options[name], Real) or not -1 <= options[name] < 1:
            raise ValueError(f"{name}={options[name]!r}: a correlation is a number from -1 to below 1")


def _check_table(trials):
    """Refuse a table that did not come from read_trials, or no longer is what it was when it was checked."""
    again = "; pass the table through read_trials again"
    if not isinstance(trials, pd.DataFrame) or not set(COLUMNS) <= set(trials.columns):
        raise ValueError("trials must be the table that read_trials returns; read_trials takes files and DataFrames")
    if not trials.index.is_unique:
        twice = trials.index[trials.index.duplicated()].unique()
        raise ValueError(f"rows {', '.join(map(str, twice[:10]))} stand more than once{again}")
    count = primary_arms(trials).groupby(["study", "arm"]).size().unstack(fill_value=0)
    count = count.reindex(columns=["treatment", "placebo"], fill_value=0)
    wrong = count.index[(count["placebo"] != 1) | (count["treatment"] == 0)]
    if len(wrong):
        raise ValueError(f"{', '.join(wrong)}: not one placebo arm beside a treatment arm{again}")
    negative = (trials[list(SPREADS)] <= 0).any(axis=1)
    if negative.any():
        raise ValueError(f"{', '.join(trials['study'][negative].unique())}: an SD or SE is not above zero{again}")


def _raise_missing(silent, trials):
    rule = "no SD, SE or interval is printed"
    remedy = "Fill one in, or choose missing_sd='impute' or 'drop'."
    problems = [
        (row, line["study"], f"{line['score']}_sd", "", rule, remedy)
        for _, line in silent.iterrows()
        for row in line["rows"]
    ]
    if problems:
        raise TrialDataError(sorted(problems), "the trials")


def mean_differences(arms, paired, correlation):
    """Treatment minus placebo and its variance: paired where the same people had both, else independent.

    `arms` holds mean, SD and n of the treatment, then of the placebo arm; all broadcast.
    """
    both = effects.paired_difference(*arms[:2], *arms[3:], correlation)
    return np.where(paired, both, effects.mean_difference(*arms))


def _contrasts(scores, chosen):
    """One row per unit: the arms of the chosen score, and the change within each arm."""
    parts = ["mean", "sd", "n", "sd_rule", "merged", "arm_label"]
    wide = scores.pivot(index=["unit", "study"], columns=["score", "arm"], values=parts)
    wide = wide.sort_index(axis=1).loc[pd.MultiIndex.from_frame(scores[["unit", "study"]].drop_duplicates())]
    keys = wide.index.to_frame(index=False)
    score = keys["unit"].map(chosen)
    is_change = (score == "change").to_numpy()

    def pick(part, arm):
        return np.where(is_change, wide[part, "change", arm], wide[part, "final", arm])

    out = keys.assign(outcome=score)
    for arm in ("treatment", "placebo"):
        for part in ("n", "mean", "sd"):
            out[f"{part}_{arm}"] = pick(part, arm).astype(float)
    sd_rules = [pick("sd_rule", arm) for arm in ("treatment", "placebo")]
    out["status"] = _status(*sd_rules)
    out["correlated"] = ["correlation" in " ".join(pair) for pair in zip(*sd_rules, strict=True)]
    for extra in ("merged", "arm_label"):
        out[extra] = wide[extra, "change", "treatment"].to_numpy()
    changes = wide["mean", "change"].notna().all(axis=1) & wide["sd", "change"].notna().all(axis=1)
    for arm in ("placebo", "treatment"):
        sd, n = (wide[part, "change", arm].astype(float) for part in ("sd", "n"))
        out[f"change_{arm}"] = wide["mean", "change", arm].astype(float).where(changes).to_numpy()
        out[f"change_{arm}_vi"] = (sd**2 / n).where(changes).to_numpy()
        for column, part in ((f"baseline_{arm}", "mean"), (f"baseline_sd_{arm}", "sd")):
            out[column] = wide[part, BASELINE, arm].astype(float).to_numpy()
    rules = (wide["sd_rule", "change", arm] for arm in ("treatment", "placebo"))
    no_change = np.where(wide["mean", "change"].notna().all(axis=1), NO_SPREAD, NO_BASELINE)
    out["change_status"] = np.where(changes, _status(*rules), no_change)
    return out


def _status(*rules):
    """The weakest origin of the SDs: imputed, recovered (from an SE, an interval, a correlation) or as printed."""
    together = [" ".join(pair) for pair in zip(*rules, strict=True)]
    return np.array([IMPUTED if IMPUTED in t else "recovered" if t.strip() else "as printed" for t in together])
