"""The lint rules on spreads: SEs typed as SDs, SDs too small to be true, SDs and intervals that do not fit.

``points`` comes from :func:`analysis.audit_facts.in_points`. The boundaries are conventions for pain on 0-10, chosen to
catch slips of the pen and to leave ordinary trials alone.
"""

import numpy as np

from analysis import recover
from analysis.arm_scores import BASELINE, POINTS, SCORES
from analysis.audit_facts import ALL_SCORES, LOOK, TINY, at_row, each, half_units
from analysis.text import interval, number

TYPICAL_SD = 2.0  # points; used where fewer than ENOUGH other trials print an SD of the same score
ENOUGH = 5
FAR_BELOW = 0.4  # of the typical SD: that small, and ordinary when multiplied by sqrt(n), it may be an SE
TOO_SMALL = 0.3  # of the typical SD
ORDINARY = (0.5, 2.0)  # times the typical SD
CHANGE_TO_BASELINE = 2.0  # SD of the change over SD of the baseline


def typical_sds(points, score):
    """Return for each row the median SD of a score over the other trials' arms; `TYPICAL_SD` if they are few."""
    known = points.loc[points[f"{score}_sd"].notna(), ["study", f"{score}_sd"]].drop_duplicates()
    typical = {}
    for study in points["study"].unique():
        others = known[known["study"] != study]
        typical[study] = others[f"{score}_sd"].median() if others["study"].nunique() >= ENOUGH else TYPICAL_SD
    return points["study"].map(typical)


def sizes(points, trials):
    """SDs far below, and SEs far above, what other trials print."""
    bounded, found = trials["scale_max"].notna(), []
    for score in ALL_SCORES:
        typed_sd = trials[f"{score}_sd"].notna() & bounded
        typed_se = trials[f"{score}_se"].notna() & trials[f"{score}_sd"].isna() & bounded
        lines = points.assign(sd=points[f"{score}_sd"], typical=typical_sds(points, score), root=np.sqrt(points["n"]))
        name = SCORES.get(score, score)
        found += _se_as_sd(lines, typed_sd, name, score)
        found += _sd_as_se(lines, typed_se, name, score)
    return found


def _ordinary(sd, typical):
    return sd.between(ORDINARY[0] * typical, ORDINARY[1] * typical)


def _se_as_sd(lines, typed, name, score):
    grown, ceiling = lines["sd"] * lines["root"], np.inf
    if score == "change":  # its SD cannot exceed the sum of those of baseline and final score
        before = lines[f"{BASELINE}_sd"]
        ceiling = (before + lines["final_sd"]).fillna(CHANGE_TO_BASELINE * before).fillna(np.inf)
    hits = typed & (lines["sd"] < FAR_BELOW * lines["typical"]) & _ordinary(grown, lines["typical"])
    hits &= grown <= ceiling
    every = hits.groupby(lines["time"]).transform("sum") == typed.groupby(lines["time"]).transform("sum")
    found = []
    for line in each(lines.assign(grown=grown, every=every), hits):
        reason = (
            f"the SD of the {name}, {number(line.sd)} points, is far below the {number(line.typical)} of other trials; "
            f"times the square root of n = {line.n} it is {number(line.grown)}, an ordinary SD"
        )
        severity = "serious" if line.every else "warning"
        remedy = f"If it is an SE, move it to {score}_se."
        found.append(at_row(line, "SE entered as SD", severity, line.sd, reason, remedy))
    for line in each(lines, typed & ~hits & (lines["sd"] < TOO_SMALL * lines["typical"])):
        reason = f"the SD of the {name} is {number(line.sd)} points; other trials have {number(line.typical)}"
        found.append(at_row(line, "SD unusually small", "warning", line.sd, reason, LOOK))
    return found


def _sd_as_se(lines, typed, name, score):
    se, found = lines["sd"] / lines["root"], []
    hits = typed & (lines["sd"] > lines["typical"] / FAR_BELOW) & _ordinary(se, lines["typical"])
    for line in each(lines.assign(se=se), hits):
        reason = (
            f"the SE of the {name}, {number(line.se)} points, makes an SD of {number(line.sd)}, far above the "
            f"{number(line.typical)} of other trials; as an SD it would be ordinary"
        )
        found.append(at_row(line, "SD entered as SE", "warning", line.se, reason, f"If so, move it to {score}_sd."))
    return found


def together(points):
    """SDs of baseline, final score and change of the same people that cannot belong together, or hardly."""
    before, after, change = (points[f"{score}_sd"] for score in (BASELINE, "final", "change"))
    r = recover.correlation_from_sds(before, after, change, impossible="nan")
    found = []
    for line in each(points, (before * after * change).notna() & np.isnan(r)):
        limits = interval(abs(line.baseline_sd - line.final_sd), line.baseline_sd + line.final_sd)
        reason = (
            f"the SD of the change is {number(line.change_sd)} points; with SDs of {number(line.baseline_sd)} before "
            f"and {number(line.final_sd)} after, no correlation makes it lie outside {limits}"
        )
        found.append(at_row(line, "SDs do not fit", "serious", line.change_sd, reason, LOOK))
    ratio = change / before
    for line in each(points.assign(ratio=ratio), (ratio > CHANGE_TO_BASELINE) & after.isna()):
        reason = (
            f"the SD of the change, {number(line.change_sd)} points, is {number(line.ratio, 1)} times that of the "
            f"baseline, {number(line.baseline_sd)}: pain would have to scatter far more after than before"
        )
        found.append(at_row(line, "SDs do not fit", "warning", line.ratio, reason, LOOK))
    return found


def limits(trials):
    """Intervals that are not centred on their mean, or do not give the SD printed beside them with this n."""
    found = []
    for score in SCORES:
        low, high, mean, sd = (trials[f"{score}_{part}"] for part in ("ci_low", "ci_high", "mean", "sd"))
        half_low, half_high, half_mean, half_sd = (half_units(x, trials["study"]) for x in (low, high, mean, sd))
        slack = (half_low + half_high) / 2
        off = ((low + high) / 2 - mean).abs()
        for line in each(trials.assign(off=off, mean=mean, low=low, high=high), off > slack + half_mean + TINY):
            reason = (
                f"the mean {number(line.mean)} is not in the middle of its interval, {interval(line.low, line.high)}"
            )
            found.append(at_row(line, "interval not centred", "note", line.off, reason, LOOK))
        made = recover.sd_from_ci(low, high, trials["n"], trials["ci_level"] / 100)
        share = slack / ((high - low) / 2)
        apart = (made - sd).abs() > half_sd + made * share + TINY
        for line in each(trials.assign(made=made, sd=sd), apart):
            reason = (
                f"the SD is printed as {number(line.sd)}, but the interval gives {number(line.made)} with n = {line.n}"
            )
            found.append(
                at_row(line, "SD and interval disagree", "warning", line.made, reason, "Check n and ci_level.")
            )
    return found


def contrast_limits(contrasts):
    """Reported differences whose interval is not centred, or implies an SD that no pain score has."""
    found = []
    low, high, mean = (contrasts[name] for name in ("ci_low", "ci_high", "difference"))
    half_low, half_high, half_mean = (half_units(x, contrasts["study"]) for x in (low, high, mean))
    off = ((low + high) / 2 - mean).abs()
    for line in each(contrasts.assign(off=off), off > (half_low + half_high) / 2 + half_mean + TINY):
        middle = interval(line.ci_low, line.ci_high)
        reason = f"the difference {number(line.difference)} is not in the middle of its interval, {middle}"
        found.append(at_row(line, "interval not centred", "note", line.off, reason, LOOK))
    people = 1 / (1 / contrasts["n_treatment"] + 1 / contrasts["n_placebo"])
    se = recover.se_from_ci(low, high, contrasts["ci_level"] / 100)
    sd = se * np.sqrt(people) * POINTS / (contrasts["scale_max"] - contrasts["scale_min"])
    for line in each(contrasts.assign(sd=sd), sd < FAR_BELOW * TYPICAL_SD):
        reason = f"the interval implies an SD of {number(line.sd)} points in each arm; {number(TYPICAL_SD)} is usual"
        found.append(at_row(line, "SD unusually small", "warning", line.sd, reason, LOOK))
    return found
