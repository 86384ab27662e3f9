"""What must be said of each trial: where it stands, its flags, what was derived, and why it was left out."""

import numpy as np
import pandas as pd

from analysis.arm_scores import BASELINE, SCORES
from analysis.dictionary import PERCENT_CHANGE, WEEK_BANDS

ABOUT = (
    "author year therapy therapy_family condition condition_group pain_type design control scale scale_min scale_max "
    "week timepoint certainty doi source locator"
).split()


def labels(about):
    """Return "Author year" for each row; the study id is added where two trials would read alike."""
    plain = about["author"] + " " + about["year"].astype(str)
    shared = about.assign(plain=plain).groupby("plain")["study"].transform("nunique") > 1
    return plain.where(~shared, plain + " (" + about["study"] + ")")


def about_trials(trials):
    """Return one line per trial: study, label, what the trial is, and own columns that are constant in every trial."""
    own = [c for c in trials if c.startswith("x_") and (trials.groupby("study")[c].nunique(dropna=False) == 1).all()]
    about = trials.drop_duplicates("study")[["study", *ABOUT, *own]].reset_index(drop=True)
    return about.assign(label=labels(about), week_band=week_bands(about))


def week_bands(about):
    """Return the band of each time point; blank where neither week nor single session is known."""
    bands = pd.cut(about["week"], [-np.inf, 0, 4, 12, np.inf], labels=list(WEEK_BANDS)).astype(object)
    return bands.mask(about["timepoint"] == "single session", WEEK_BANDS[0])


def describe(table, rows):
    """Add to each effect size what the trial is and its flags."""
    about = about_trials(rows)
    merged = table.merge(about, on="study", how="left")
    several = merged["study"].duplicated(keep=False)
    number = "arm " + (merged.groupby("study").cumcount() + 1).astype(str)
    arm = merged["arm_label"].where(merged["arm_label"] != "", number)
    merged["label"] = merged["label"].where(~several, merged["label"] + ": " + arm)
    merged["split"] = several
    basis = rows.groupby("study")["n_basis"].agg(lambda b: " ".join(b.fillna("")))
    merged["flags"] = _flags(merged, merged["study"].map(basis))
    for arm in ("n_treatment", "n_placebo"):
        if (merged[arm] % 1 == 0).all():
            merged[arm] = merged[arm].astype(int)
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
        "rescaled sum": ~width.isin([10, 100]),
        "n assumed": basis.str.contains("assumed"),
        "n inferred": basis.str.contains("inferred"),
        "doubtful": table["certainty"] == "doubtful",
        "second-hand": table["certainty"] == "second-hand",
    }
    marked = np.column_stack([np.asarray(test, dtype=bool) for test in tests.values()])
    return [tuple(flag for flag, here in zip(tests, row, strict=True) if here) for row in marked.tolist()]


def derivation_list(table, scores, crossover_correlation):
    """List every number behind the effect sizes that is not printed as it stands: study, arm, quantity, value, rule."""
    trials = table.set_index("unit")
    score, unit = scores["score"], scores["unit"]
    told = (score == BASELINE) | (score == unit.map(trials["outcome"]))
    told |= (score == "change") & unit.map(trials["change_placebo"].notna()).eq(True)
    own = {unit: [] for unit in table["unit"]}
    for arm in scores[told].itertuples():
        own[arm.unit].append(arm)
    lines = []
    for trial in table.itertuples():
        for arm in own[trial.unit]:
            lines += _arm_lines(trial, arm)
        low, high = trial.scale_min, trial.scale_max
        if (low, high) != (0, 10):
            lines.append((trial.study, "", "scale", None, f"rescaled linearly from {low:g}–{high:g} to 0–10"))
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


def left_out_list(trials, table, dropped):
    """List the trials without an effect size and why."""
    about = about_trials(trials)
    out = about[~about["study"].isin(table["study"])].reset_index(drop=True)
    reasons = [_reason(trials[trials["study"] == study], study in dropped) for study in out["study"]]
    out.insert(1, "reason", pd.Series(reasons, dtype=object))
    return out[["study", "label", "reason", *(c for c in about if c not in ("study", "label"))]]


def _reason(rows, dropped):
    if dropped:
        return "no SD, SE or interval is printed (missing_sd='drop')"
    if (rows["scale"] == PERCENT_CHANGE).all():
        return "percent change only: the scale has no ends, so it cannot be expressed in points"
    if rows["events"].notna().any():
        return "responders only: no mean pain in both arms"
    return "no mean pain in both arms at the primary time point"
