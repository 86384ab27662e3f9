"""From trial rows to arm scores: mean, SD and n of every arm in points on 0-10, with the rule behind each number.

A score is a "change" (final minus baseline) or a "final" value; the "baseline" stands beside them. Every derived
number keeps a sentence that says how it was derived; blank means printed as it stands. From the same rules comes what
must be said of each trial: where it stands, its flags, what was derived, and why it was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import effects, recover
from analysis._types import MultiArm, Outcome, SDRule, Values
from analysis.data.dictionary import PERCENT_CHANGE, WEEK_BANDS

# The common scale runs from 0 to 10.
POINTS = 10.0
SCORES = {"change": "change", "final": "final score"}
# Kept beside the scores; no effect is made of it.
BASELINE = "baseline"

#: How the SD of a score was found; "imputed" is a status of its own, the others give "recovered".
FROM_SE, FROM_CI = "SE times the square root of n", "half the interval over the t quantile, times the square root of n"
FROM_BOTH, IMPUTED = "from baseline and final SD", "imputed"

#: The rules by which a trial without a spread borrows one, and the words for them; see `borrowed_sd`.
RULES = {
    "impute": "SD of the {score} pooled over {source}",
    "impute-median": "median SD of the {score} among {source}",
    "impute-largest": "largest SD of the {score} among {source}",
}

ABOUT = (
    "author year therapy therapy_family condition condition_group pain_type design control scale scale_min scale_max "
    "week timepoint certainty doi source locator"
).split()


def primary_arms(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the treatment and placebo rows of each trial's primary time point; other arms are context."""
    chosen = (trials["primary"] == "yes") & trials["arm"].isin(["treatment", "placebo"])
    return trials[chosen]


def arm_scores(rows: pd.DataFrame, correlation: float) -> pd.DataFrame:
    """Return one line per arm and score, in points.

    Parameters
    ----------
    rows : pandas.DataFrame
        Treatment and placebo rows of a checked trials table.
    correlation : float
        Between baseline and final pain, for change SDs that are not printed.

    Returns
    -------
    pandas.DataFrame
        Columns study, arm, arm_label, n, score, mean, mean_rule, sd, sd_rule, and whether the SD rests on the assumed
        correlation (`correlated`) or on other trials (`imputed`, all False here); one line per row and score, the
        baseline included.
    """
    factor = POINTS / (rows["scale_max"] - rows["scale_min"])
    final_sd, final_rule = _sd_and_rule(rows, "final")
    baseline_sd, baseline_rule = _sd_and_rule(rows, "baseline")
    change_sd, change_rule = _sd_and_rule(rows, "change")
    computed = rows["final_mean"] - rows["baseline_mean"]
    change = rows["change_mean"].fillna(computed)
    derived = pd.Series(effects.change_sd(baseline_sd, final_sd, correlation), index=rows.index)
    from_both = change_sd.isna() & derived.notna() & change.notna()
    frames = {
        "final": ((rows["final_mean"] - rows["scale_min"]) * factor, "", final_sd * factor, final_rule),
        "change": (
            change * factor,
            np.where(rows["change_mean"].isna() & computed.notna(), "final minus baseline", ""),
            change_sd.fillna(derived.where(from_both)) * factor,
            change_rule.mask(from_both, f"{FROM_BOTH}, correlation {correlation:g} assumed"),
        ),
        BASELINE: ((rows["baseline_mean"] - rows["scale_min"]) * factor, "", baseline_sd * factor, baseline_rule),
    }
    keep = rows[["study", "arm", "n"]].assign(arm_label=rows["arm_label"].fillna(""))
    parts = [
        keep.assign(score=score, mean=mean, mean_rule=mean_rule, sd=sd, sd_rule=sd_rule)
        for score, (mean, mean_rule, sd, sd_rule) in frames.items()
    ]
    scores = pd.concat([part.assign(correlated=from_both & (part["score"] == "change")) for part in parts])
    return scores.assign(imputed=False).rename_axis("row").reset_index()


def _sd_and_rule(rows, score):
    """The SD of a score and how it was found: printed, else from the SE, else from the interval."""
    printed = rows[f"{score}_sd"]
    from_se = pd.Series(recover.sd_from_se(rows[f"{score}_se"], rows["n"]), index=rows.index)
    from_ci = pd.Series(np.nan, index=rows.index)
    # A baseline has no interval in the data dictionary.
    if score != BASELINE:
        low, high = rows[f"{score}_ci_low"], rows[f"{score}_ci_high"]
        from_ci[:] = recover.sd_from_ci(low, high, rows["n"], rows["ci_level"] / 100)
    rule = pd.Series("", index=rows.index)
    rule = rule.mask(printed.isna() & from_se.notna(), FROM_SE)
    rule = rule.mask(printed.isna() & from_se.isna() & from_ci.notna(), FROM_CI)
    return printed.fillna(from_se).fillna(from_ci), rule


def one_per_role(scores: pd.DataFrame, multi_arm: MultiArm) -> pd.DataFrame:
    """Bring several treatment arms of a trial together, or split their placebo arm.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`arm_scores`.
    multi_arm : {"combine", "split"}
        "combine" makes one arm of all treatment arms; "split" keeps them apart, each with its share of the placebo
        arm. Either way no placebo patient counts twice.

    Returns
    -------
    pandas.DataFrame
        One line per unit, arm and score, with the columns of `scores`, the number of rows behind it (`merged`),
        their rows in the file (`rows`) and positions in `scores` (`lines`), the `share` of the arm that is used, and
        `unit`: the study, or study and arm row when split.
    """
    scores = scores.assign(unit=scores["study"], share=1.0)
    return _merged((_split(scores) if multi_arm == "split" else scores).reset_index(drop=True))


def _split(scores):
    """Make a unit of each treatment arm of a trial, with its own copy of the placebo arm and a share of its people."""
    treated = scores["arm"] == "treatment"
    several = scores["row"].where(treated).groupby(scores["study"]).transform("nunique") > 1
    own = treated & several
    scores["unit"] = scores["unit"].mask(own, scores["study"] + "#" + scores["row"].astype(str))
    units = scores.loc[own, ["study", "unit"]].drop_duplicates()
    shared = several & (scores["arm"] == "placebo")
    copies = scores[shared].drop(columns="unit").merge(units, on="study")
    copies["share"] = 1 / copies["study"].map(units["study"].value_counts())
    copies["n"] = copies["n"] * copies["share"]
    return pd.concat([scores[~shared], copies], ignore_index=True)


def _merged(scores):
    """One line per unit, arm and score, in the order in which they first appear."""
    place = scores.groupby(["unit", "study", "arm", "score"], sort=False).ngroup().to_numpy()
    sizes = np.bincount(place)
    lines = np.split(np.argsort(place, kind="stable"), np.cumsum(sizes)[:-1])
    out = scores.iloc[[own[0] for own in lines]].reset_index(drop=True)
    out["merged"], out["rows"] = sizes, [tuple(scores["row"].to_numpy()[own].tolist()) for own in lines]
    out["lines"] = [tuple(own.tolist()) for own in lines]
    several = np.flatnonzero(sizes > 1)
    if several.size:
        names = ["mean", "sd", "n", "arm_label", "mean_rule", "sd_rule", "correlated", "imputed"]
        together = [_together(scores.iloc[lines[at]]) for at in several]
        out = out.astype({"n": float})
        out.loc[several, names] = pd.DataFrame(together, columns=names, index=several)
    return out


def _together(arms):
    rules = ("; ".join(dict.fromkeys(r for r in arms[rule] if r)) for rule in ("mean_rule", "sd_rule"))
    flags = (arms[flag].any() for flag in ("correlated", "imputed"))
    return (*recover.combine_arms(arms["mean"], arms["sd"], arms["n"]), "; ".join(arms["arm_label"]), *rules, *flags)


def chosen_score(scores: pd.DataFrame, outcome: Outcome) -> pd.Series:
    """The score of each unit's contrast: complete before incomplete, the preferred one first; none if no means."""
    counts = scores.groupby(["unit", "score"], sort=False)[["mean", "sd"]].count().unstack("score")
    order = [outcome, *(s for s in SCORES if s != outcome)]
    chosen = pd.Series(np.nan, index=counts.index, dtype=object)
    # A score with its SDs comes before the preferred one without: no SD is borrowed where the trial prints its own.
    for known in (["mean", "sd"], ["mean"]):
        for score in order:
            complete = np.logical_and.reduce([counts[part, score] == 2 for part in known])
            chosen = chosen.mask(chosen.isna() & complete, score)
    return chosen.dropna()


def donors(scores: pd.DataFrame, needed: pd.Series) -> dict[Any, Any]:
    """Return, for each line of `scores` in `needed`, the lines that can lend it an SD.

    Those are the arms of the other trials with the same role (treatment or placebo), the same score (change or final)
    and an SD of their own.

    Returns
    -------
    dict
        From the position of a line to the positions of its donors.

    Raises
    ------
    ValueError
        If there is no donor for an SD that is wanted.
    """
    able = (scores["sd"].notna() & (scores["n"] >= 2)).to_numpy()
    arm, score, study = (scores[column].to_numpy() for column in ("arm", "score", "study"))
    lenders = {}
    for line in np.flatnonzero(scores.index.isin(needed)):
        same = able & (arm == arm[line]) & (score == score[line]) & (study != study[line])
        if not same.any():
            raise ValueError(
                f"study '{study[line]}', {arm[line]} arm: no other trial has an SD of a {score[line]} score to "
                "borrow. Fill it in, or leave such trials out with missing_sd='drop'."
            )
        lenders[int(line)] = np.flatnonzero(same)
    return lenders


def borrowed_sd(sd: ArrayLike, n: ArrayLike, missing_sd: SDRule) -> Values:
    """Return the SD that a trial without one borrows from other arms.

    Parameters
    ----------
    sd : array, shape (m,) or (m, ...)
        SDs of the m arms that can lend one, from :func:`donors`.
    n : array, shape (m,)
        People in those arms.
    missing_sd : {"impute", "impute-median", "impute-largest"}
        All arms pooled with weights n - 1, their median, or their largest, with which the trial counts least.

    Returns
    -------
    float or array
    """
    if missing_sd == "impute":
        return recover.pooled_sd(sd, np.reshape(n, (-1,) + (1,) * (np.ndim(sd) - 1)))
    return (np.median if missing_sd == "impute-median" else np.max)(sd, axis=0)


def impute(scores: pd.DataFrame, needed: pd.Series, missing_sd: SDRule = "impute") -> pd.DataFrame:
    """Return `scores` with the SDs in `needed` borrowed from other trials by the rule `missing_sd`, and their rule."""
    sd, n, study = (scores[column].to_numpy() for column in ("sd", "n", "study"))
    filled, rules = sd.copy(), scores["sd_rule"].to_numpy(dtype=object, copy=True)
    lenders = donors(scores, needed)
    for line, alike in lenders.items():
        filled[line] = borrowed_sd(sd[alike], n[alike], missing_sd)
        arm, score = scores["arm"].iat[line], SCORES[scores["score"].iat[line]]
        others = len(set(study[alike]))
        source = f"the {arm} arms of {others} other trial{'s' if others > 1 else ''}"
        rules[line] = f"{IMPUTED}: {RULES[missing_sd].format(score=score, source=source)}"
    imputed = scores["imputed"].to_numpy() | np.isin(np.arange(len(scores)), list(lenders))
    return scores.assign(sd=filled, sd_rule=rules, imputed=imputed)


def labels(about: pd.DataFrame) -> pd.Series:
    """Return "Author year" for each row; the study id is added where two trials would read alike."""
    plain = about["author"] + " " + about["year"].astype(str)
    shared = about.assign(plain=plain).groupby("plain")["study"].transform("nunique") > 1
    return plain.where(~shared, plain + " (" + about["study"] + ")")


def about_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Return one line per trial: study, label, what the trial is, and own columns that are constant in every trial."""
    own = [c for c in trials if c.startswith("x_") and (trials.groupby("study")[c].nunique(dropna=False) == 1).all()]
    about = trials.drop_duplicates("study")[["study", *ABOUT, *own]].reset_index(drop=True)
    return about.assign(label=labels(about), week_band=week_bands(about))


def week_bands(about: pd.DataFrame) -> pd.Series:
    """Return the band of each time point; blank where neither week nor single session is known."""
    bands = pd.cut(about["week"], [-np.inf, 0, 4, 12, np.inf], labels=list(WEEK_BANDS)).astype(object)
    return bands.mask(about["timepoint"] == "single session", WEEK_BANDS[0])


def describe(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Add to each effect size what the trial is and its flags."""
    merged = table.merge(about_trials(rows), on="study", how="left")
    several = merged["study"].duplicated(keep=False)
    number = "arm " + (merged.groupby("study").cumcount() + 1).astype(str)
    arm = merged["arm_label"].where(merged["arm_label"] != "", number)
    merged["label"] = merged["label"].where(~several, merged["label"] + ": " + arm)
    merged["split"] = several
    basis = rows.groupby("study")["n_basis"].agg(set)
    merged["flags"] = _flags(merged, merged["study"].map(basis))
    # Where a placebo arm is shared out, its part is seldom a whole number of people.
    for people in ("n_treatment", "n_placebo"):
        if (merged[people] % 1 == 0).all():
            merged[people] = merged[people].astype(int)
    return merged.drop(columns=["arm_label", "merged", "split"])


def _flags(table, basis):
    width = table["scale_max"] - table["scale_min"]
    tests = {
        "final score": table["outcome"] == "final",
        "SD imputed": table["status"] == "imputed",
        "correlation assumed": table["correlated"],
        "crossover": table["design"] == "crossover",
        "arms combined": table["merged"] > 1,
        "placebo arm shared": table["split"],
        # A single question is asked on 10 or 100; any other width is that of a sum or a subscale.
        "rescaled sum": ~width.isin([10, 100]),
        "n assumed": ["assumed" in each for each in basis],
        "n inferred": ["inferred" in each for each in basis],
        "doubtful": table["certainty"] == "doubtful",
        "second-hand": table["certainty"] == "second-hand",
    }
    marked = np.column_stack([np.asarray(test, dtype=bool) for test in tests.values()])
    return [tuple(flag for flag, here in zip(tests, row, strict=True) if here) for row in marked.tolist()]


def derivation_list(table: pd.DataFrame, scores: pd.DataFrame, crossover_correlation: float) -> pd.DataFrame:
    """List every number behind the effect sizes that is not printed as it stands: study, arm, quantity, value, rule."""
    trials = table.set_index("unit")
    score, unit = scores["score"], scores["unit"]
    # Of a trial whose effect is made of final scores the change is told only if it is in the table.
    told = (score == BASELINE) | (score == unit.map(trials["outcome"]))
    told |= (score == "change") & unit.map(trials["change_placebo"].notna()).eq(True)
    own = {unit: [] for unit in table["unit"]}
    for arm in scores[told].itertuples():
        own[arm.unit].append(arm)
    lines = []
    for trial in table.itertuples():
        for arm in own[trial.unit]:
            lines += _arm_lines(trial, arm)
        if rule := rescaled(trial):
            lines.append((trial.study, "", "scale", None, rule))
        if trial.design == "crossover":
            rule = f"paired: correlation {crossover_correlation:g} between the periods assumed"
            lines.append((trial.study, "", "variance of the contrast", trial.vi, rule))
    return pd.DataFrame(lines, columns=["study", "arm", "quantity", "value", "rule"]).astype({"value": float})


def _arm_lines(trial, arm):
    score = SCORES.get(arm.score, arm.score)
    lines = []
    if arm.merged > 1:
        rule = f"{arm.merged} treatment arms combined (Cochrane Handbook 6.5.2.10)"
        lines.append((trial.study, arm.arm, f"n, mean and SD of the {score}", arm.n, rule))
    if arm.arm == "placebo" and arm.share < 1:
        rule = f"{arm.share:.2f} of the placebo arm: it serves several treatment arms"
        lines.append((trial.study, arm.arm, "n", arm.n, rule))
    if arm.mean_rule:
        lines.append((trial.study, arm.arm, f"mean {score}", arm.mean, arm.mean_rule))
    if arm.sd_rule:
        lines.append((trial.study, arm.arm, f"SD of the {score}", arm.sd, arm.sd_rule))
    return lines


def rescaled(row: Any) -> str:
    """Say how a row was brought to points, or nothing where its scale is that of the points."""
    low, high = row.scale_min, row.scale_max
    return "" if (low, high) == (0, 10) else f"rescaled linearly from {low:g}–{high:g} to 0–10"


def left_out_list(trials: pd.DataFrame, table: pd.DataFrame, dropped: Any) -> pd.DataFrame:
    """List the trials without an effect size and why."""
    about = about_trials(trials)
    out = about[~about["study"].isin(table["study"])].reset_index(drop=True)
    reasons = [_reason(trials[trials["study"] == study], study in dropped) for study in out["study"]]
    return first_columns(out.assign(reason=pd.Series(reasons, dtype=object)), ["study", "label", "reason"])


def _reason(rows, dropped):
    if dropped:
        return "no SD, SE or interval is printed (missing_sd='drop')"
    if (rows["scale"] == PERCENT_CHANGE).all():
        return "percent change only: the scale has no ends, so it cannot be expressed in points"
    if rows["events"].notna().any():
        return "responders only: no mean pain in both arms"
    return "no mean pain in both arms at the primary time point"


def first_columns(table: pd.DataFrame, first: Sequence[str]) -> pd.DataFrame:
    """Return the table with the columns `first` before all others."""
    return table[[*first, *(c for c in table if c not in first)]]
