"""From trial rows to arm scores: mean, SD and n of every arm in points on 0-10, with the rule behind each number.

A score is a "change" (final minus baseline) or a "final" value; the "baseline" stands beside them. Every derived
number keeps a sentence that says how it was derived; blank means printed as it stands.
"""

import numpy as np
import pandas as pd

from analysis import effects, recover

POINTS = 10.0  # the common scale runs from 0 to 10
SCORES = {"change": "change", "final": "final score"}
BASELINE = "baseline"  # kept beside the scores; no effect is made of it
#: How the SD of a score was found; the first two give the status "recovered", the last "imputed".
FROM_SE, FROM_CI = "SE times the square root of n", "half the interval over the t quantile, times the square root of n"
IMPUTED = "imputed"


def primary_arms(trials):
    """Return the treatment and placebo rows of each trial's primary time point; other arms are context."""
    chosen = (trials["primary"] == "yes") & trials["arm"].isin(["treatment", "placebo"])
    return trials[chosen]


def arm_scores(rows, correlation):
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
        Columns study, arm, arm_label, n, score, mean, mean_rule, sd, sd_rule; one line per row and score, the
        baseline included.
    """
    factor = POINTS / (rows["scale_max"] - rows["scale_min"])
    final_sd, final_rule = _spread(rows, "final")
    baseline_sd, baseline_rule = _spread(rows, "baseline")
    change_sd, change_rule = _spread(rows, "change")
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
            change_rule.mask(from_both, f"from baseline and final SD, correlation {correlation:g} assumed"),
        ),
        BASELINE: ((rows["baseline_mean"] - rows["scale_min"]) * factor, "", baseline_sd * factor, baseline_rule),
    }
    keep = rows[["study", "arm", "n"]].assign(arm_label=rows["arm_label"].fillna(""))
    parts = [
        keep.assign(score=score, mean=mean, mean_rule=mean_rule, sd=sd, sd_rule=sd_rule)
        for score, (mean, mean_rule, sd, sd_rule) in frames.items()
    ]
    return pd.concat(parts).rename_axis("row").reset_index()


def _spread(rows, score):
    """The SD of a score and how it was found: printed, else from the SE, else from the interval."""
    printed = rows[f"{score}_sd"]
    from_se = pd.Series(recover.sd_from_se(rows[f"{score}_se"], rows["n"]), index=rows.index)
    from_ci = pd.Series(np.nan, index=rows.index)
    if score != BASELINE:  # a baseline has no interval in the data dictionary
        low, high = rows[f"{score}_ci_low"], rows[f"{score}_ci_high"]
        from_ci[:] = recover.sd_from_ci(low, high, rows["n"], rows["ci_level"] / 100)
    rule = pd.Series("", index=rows.index)
    rule = rule.mask(printed.isna() & from_se.notna(), FROM_SE)
    rule = rule.mask(printed.isna() & from_se.isna() & from_ci.notna(), FROM_CI)
    return printed.fillna(from_se).fillna(from_ci), rule


def one_per_role(scores, multi_arm):
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
        their rows in the file (`rows`), the `share` of the arm that is used, and `unit`: the study, or study and arm
        row when split.
    """
    scores = scores.assign(share=1.0)
    treated = scores[scores["arm"] == "treatment"]
    several = treated.groupby("study")["row"].nunique()
    several = several[several > 1].index
    unit = scores["study"].copy()
    if multi_arm == "split":
        own = (scores["arm"] == "treatment") & scores["study"].isin(several)
        unit[own] = scores["study"][own] + "#" + scores["row"][own].astype(str)
        scores = _share_placebo(scores.assign(unit=unit), several)
    else:
        scores = scores.assign(unit=unit)
    keys = ["unit", "study", "arm", "score"]
    lines = [_merge(group) for _, group in scores.groupby(keys, sort=False)]
    return pd.DataFrame(lines)


def _share_placebo(scores, several):
    """Give each treatment arm of a split trial its own copy of the placebo arm with a share of its people."""
    shared = scores["study"].isin(several) & (scores["arm"] == "placebo")
    units = scores.loc[scores["study"].isin(several) & (scores["arm"] == "treatment"), ["study", "unit"]]
    units = units.drop_duplicates()
    copies = scores[shared].drop(columns="unit").merge(units, on="study")
    copies["share"] = 1 / copies["study"].map(units["study"].value_counts())
    copies["n"] = copies["n"] * copies["share"]
    return pd.concat([scores[~shared], copies], ignore_index=True)


def _merge(group):
    line = group.iloc[0].to_dict() | {"merged": len(group), "rows": tuple(group["row"])}
    if len(group) > 1:
        line["mean"], line["sd"], line["n"] = recover.combine_arms(group["mean"], group["sd"], group["n"])
        line["arm_label"] = "; ".join(group["arm_label"])
        for rule in ("mean_rule", "sd_rule"):
            line[rule] = "; ".join(dict.fromkeys(r for r in group[rule] if r))
    return line


def impute(scores, needed):
    """Fill the SDs in `needed` from the other trials' arms of the same kind.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`one_per_role`.
    needed : pandas.Index
        Lines of `scores` whose SD is missing and wanted.

    Returns
    -------
    pandas.DataFrame
        `scores` with those SDs and their rule. Each is the SD pooled (weights n - 1) over all arms of the other
        trials that have the same role (treatment or placebo), the same score (change or final) and an SD of
        their own.

    Raises
    ------
    ValueError
        If no other trial has an SD of the kind that is wanted.
    """
    donors, scores = scores[scores["sd"].notna() & (scores["n"] >= 2)], scores.copy()
    for line in needed:
        want = scores.loc[line]
        alike = donors[(donors["arm"] == want["arm"]) & (donors["score"] == want["score"])]
        alike = alike[alike["study"] != want["study"]]
        if alike.empty:
            raise ValueError(
                f"study '{want['study']}', {want['arm']} arm: no other trial has an SD of a {want['score']} score to "
                "borrow. Fill it in, or leave such trials out with missing_sd='drop'."
            )
        scores.loc[line, "sd"] = recover.pooled_sd(alike["sd"], alike["n"])
        trials = f"{alike['study'].nunique()} other trial{'s' if alike['study'].nunique() > 1 else ''}"
        rule = f"{IMPUTED}: SD of the {SCORES[want['score']]} pooled over the {want['arm']} arms of {trials}"
        scores.loc[line, "sd_rule"] = rule
    return scores
