"""The lint rules on means: baselines, signs, scale ends, and the contrast between the arms.

``points`` comes from :func:`analysis.audit_facts.in_points`, ``paired`` from :func:`analysis.audit_facts.pairs`. The
boundaries are conventions for pain on 0-10, chosen to catch slips of the pen and to leave ordinary trials alone.
"""

import numpy as np

from analysis import effects
from analysis.arm_scores import POINTS, SCORES
from analysis.audit_facts import (
    ALL_SCORES,
    LOOK,
    TINY,
    Finding,
    at_pair,
    at_row,
    each,
    first_primary,
    listed,
)
from analysis.text import number

IMBALANCE, IMBALANCE_Z = 1.0, 2.0  # points; standard errors
FAR_IMBALANCE_Z = 3.0  # with IMBALANCE points or more: hardly chance
GAP, LARGE_GAP = 0.1, 0.5  # points between a printed change and final minus baseline
CONTRAST_GAP = 1.0  # points between the contrast of the change and that of the final scores
TOO_LARGE, FAR_TOO_LARGE = 2.0, 3.0  # standardised differences
RISE = 0.5  # points of printed change in every arm: is improvement printed as positive?
TURN = 1.0  # points on either side of zero at two time points
WIDE_SCALE, LOWEST = 20.0, 0.1  # a scale this wide of which only the lowest tenth is used


def signed(x):
    """Return a number with its sign, two decimals."""
    return number(x, sign=True)


def outside_scale(points):
    """Baseline plus change that ends outside the scale, where no final score is printed."""
    end = points["baseline_mean"] + points["change_mean"]
    slack = points["baseline_half"] + points["change_half"] + TINY
    found = []
    for line in each(points.assign(end=end), points["final_mean"].isna() & ((end < -slack) | (end > POINTS + slack))):
        reason = (
            f"a baseline of {number(line.baseline_mean)} and a change of {signed(line.change_mean)} end at "
            f"{number(line.end)} points, outside 0 to 10"
        )
        remedy = "Check the sign of the change, and scale_min and scale_max."
        found.append(at_row(line, "outside the scale", "serious", line.end, reason, remedy))
    return found


def changes(points):
    """A printed change with its sign turned, or away from final minus baseline; a rise printed in every arm."""
    computed, change = points["final_mean"] - points["baseline_mean"], points["change_mean"]
    slack = points[[f"{score}_half" for score in ALL_SCORES]].sum(axis=1) + TINY
    lines = points.assign(computed=computed, gap=(change - computed).abs())
    apart = lines["gap"] > slack
    turned = apart & ((change + computed).abs() < lines["gap"])
    found = []
    for line in each(lines, turned):
        reason = f"the change is {signed(line.change_mean)} points, but final minus baseline {signed(line.computed)}"
        remedy = "A change is final minus baseline: less pain is negative."
        found.append(at_row(line, "wrong sign", "serious", line.change_mean, reason, remedy))
    for line in each(lines, apart & ~turned & (lines["gap"] > GAP + TINY)):
        reason = (
            f"the printed change of {signed(line.change_mean)} points is {number(line.gap)} away from final minus "
            f"baseline, {signed(line.computed)}: other people, or an adjusted mean"
        )
        severity = "warning" if line.gap >= LARGE_GAP else "note"
        found.append(at_row(line, "change disagrees with its means", severity, line.gap, reason, LOOK))
    return found + _rises(points[computed.isna() & change.notna() & (points["arm"] != "active")])


def _rises(alone):
    found = []
    for _, arms in alone.groupby("time", sort=False):
        if len(arms) > 1 and (arms["change_mean"] > RISE).all():
            values = listed(map(signed, arms["change_mean"]))
            reason = f"pain rises in every arm, by {values} points: is improvement printed as positive?"
            remedy, value = "If so, turn the signs: less pain is negative.", arms["change_mean"].min()
            found.append(
                Finding(arms["study"].iloc[0], tuple(arms.index), "wrong sign", "warning", value, reason, remedy)
            )
    return found


def scales(trials):
    """Scale ends against the name of the scale, against other times of the trial, and against the values."""
    found = []
    named = (
        trials["scale"].str.extract(r"(?<![\d.])(\d+(?:\.\d+)?)\s*(?:-|\N{EN DASH}|to)\s*(\d+(?:\.\d+)?)").astype(float)
    )
    differs = (named[0] != trials["scale_min"]) | (named[1] != trials["scale_max"])
    for line in each(trials, named[0].notna() & trials["scale_max"].notna() & differs):
        reason = f"the scale is called '{line.scale}' and its ends are {line.scale_min:g} and {line.scale_max:g}"
        found.append(
            at_row(line, "scale in doubt", "warning", line.scale_max, reason, "Type the ends of the scale used.")
        )
    for study, rows in trials[trials["scale_max"].notna()].groupby("study", sort=False):
        spans = rows.drop_duplicates(["scale", "scale_min", "scale_max"])
        again = spans["scale"].duplicated(keep=False)
        if again.any():
            widths = listed(
                f"{low:g} to {high:g}" for low, high in zip(spans["scale_min"], spans["scale_max"], strict=True)
            )
            reason = f"one scale has the ends {widths} at different times"
            found.append(Finding(study, tuple(spans.index[again]), "scale in doubt", "serious",
                                 float(spans["scale_max"].max()), reason + ".", LOOK))  # fmt: skip
        found += _lowest_tenth(study, rows)
    return found


def _lowest_tenth(study, rows):
    """Values of 0-10 under a scale of 0-100: every mean in the lowest tenth of a wide scale."""
    width = (rows["scale_max"] - rows["scale_min"]).iloc[0]
    shown = rows[["baseline_mean", "final_mean"]].sub(rows["scale_min"], axis=0)
    if width < WIDE_SCALE or shown.isna().all(axis=None) or not shown.max(axis=None) <= LOWEST * width:
        return []
    most = float(shown.max(axis=None))
    reason = (
        f"no mean exceeds {number(most, 1)} on a scale of {width:g}: were values of 0 to {width * LOWEST:g} entered?"
    )
    severity = "serious" if shown["baseline_mean"].notna().any() else "warning"
    return [
        Finding(study, tuple(rows.index), "scale in doubt", severity, most, reason, "Check scale_min and scale_max.")
    ]


def baselines(paired):
    """Arms whose baselines differ more than chance would have it, or agree in every digit."""
    gap = paired["baseline_mean_t"] - paired["baseline_mean_p"]
    se = np.sqrt(paired["baseline_sd_t"] ** 2 / paired["n_t"] + paired["baseline_sd_p"] ** 2 / paired["n_p"])
    lines = first_primary(paired.assign(gap=gap, z=(gap / se).abs()))
    lines = lines[lines["design"] != "crossover"]
    found = []
    for line in each(lines, (lines["gap"].abs() >= IMBALANCE - TINY) | (lines["z"] >= IMBALANCE_Z)):
        far = abs(line.gap) >= IMBALANCE - TINY and line.z >= FAR_IMBALANCE_Z
        in_se = f", {number(line.z, 1)} standard errors" if line.z == line.z else ""
        reason = (
            f"baselines of {number(line.baseline_mean_t)} (treatment) and {number(line.baseline_mean_p)} (placebo) "
            f"differ by {number(abs(line.gap))} points{in_se}"
        )
        remedy = "Use change or adjusted scores, not final scores alone."
        found.append(at_pair(line, "baseline imbalance", "serious" if far else "warning", line.gap, reason, remedy))
    return found


def identical(paired):
    """Mean and SD equal in both arms to the printed digit."""
    found = []
    lines = first_primary(paired)
    for score in ALL_SCORES:
        same = np.logical_and.reduce(
            [lines[f"{score}_{part}_t"] == lines[f"{score}_{part}_p"] for part in ("mean", "sd")]
        )
        for line in lines[same & (lines["design"] != "crossover")].itertuples():
            mean, sd = getattr(line, f"{score}_mean_t"), getattr(line, f"{score}_sd_t")
            reason = f"both arms have a {SCORES.get(score, score)} of {number(mean)} points with an SD of {number(sd)}"
            severity = "note" if score == "final" else "warning"
            found.append(at_pair(line, "identical arms", severity, mean, reason, "Check that no row was copied."))
    return found


def contrasts(paired):
    """Contrasts that depend on the score, are too large to be true, or turn from one time to another."""
    change, final = (paired[f"{score}_mean_t"] - paired[f"{score}_mean_p"] for score in SCORES)
    lines, found = paired.assign(change=change, final=final, gap=(change - final).abs()), []
    for line in each(lines, (lines["gap"] >= CONTRAST_GAP - TINY) & (lines["primary"] == "yes")):
        reason = f"the arms differ by {signed(line.change)} points in change and by {signed(line.final)} in final score"
        remedy = "Report both; outcome='final' shows the other."
        found.append(at_pair(line, "change and final disagree", "warning", line.gap, reason, remedy))
    best = change.fillna(final).where(lines["scale"] != "percent change")
    for study, times in lines.assign(best=best).groupby("study", sort=False):
        if times["best"].max() >= TURN - TINY and times["best"].min() <= -TURN + TINY:
            ends = times.loc[[times["best"].idxmax(), times["best"].idxmin()]]
            rows = tuple(ends[["row_t", "row_p"]].to_numpy().ravel().tolist())
            high, low = ends["best"]
            reason = (
                f"the difference is {signed(high)} points at one time and {signed(low)} at another: are the arms "
                "exchanged at one of them?"
            )
            found.append(Finding(study, rows, "direction turns", "warning", float(high), reason, LOOK))
    return found + _too_large(lines)


def _too_large(lines):
    found = []
    parts = {}
    for part in ("mean", "sd"):
        for arm in "tp":
            change, final = lines[f"change_{part}_{arm}"], lines[f"final_{part}_{arm}"]
            usable = lines[["change_mean_t", "change_sd_t", "change_mean_p", "change_sd_p"]].notna().all(axis=1)
            parts[f"{part}_{arm}"] = change.where(usable, final)
    g, _ = effects.hedges_g(parts["mean_t"], parts["sd_t"], lines["n_t"], parts["mean_p"], parts["sd_p"], lines["n_p"])
    for line in each(lines.assign(g=g, **parts), np.abs(g) > TOO_LARGE):
        reason = (
            f"a difference of {signed(line.mean_t - line.mean_p)} points with SDs of {number(line.sd_t)} and "
            f"{number(line.sd_p)} is {number(abs(line.g), 1)} SDs, more than treatments of pain achieve"
        )
        severity = "serious" if abs(line.g) > FAR_TOO_LARGE else "warning"
        found.append(
            at_pair(line, "difference too large", severity, line.g, reason, "Check SDs and means in the source.")
        )
    return found


def floor(points):
    """SDs above the mean: so many at the floor of the scale that mean and SD say little."""
    found = []
    for score in ("baseline", "final"):
        mean, sd = points[f"{score}_mean"], points[f"{score}_sd"]
        for line in each(points.assign(mean=mean, sd=sd), (sd > mean) & (points["arm"] != "active")):
            name = SCORES.get(score, score)
            reason = f"the {name} of {number(line.mean)} points is smaller than its SD, {number(line.sd)}"
            more = ": little room for pain to fall" if score == "baseline" else ": many are at the floor of the scale"
            severity = "warning" if score == "baseline" else "note"
            found.append(
                at_row(line, "floor effect", severity, line.mean, reason + more, "Read means with care; count people.")
            )
    return found
