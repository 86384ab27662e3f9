"""The rules of the audit: what is odd in a table of trials, and what to do about it.

The rules read every row in points (``points``, from :func:`in_points`) and every treatment row beside its placebo row
(``paired``, from :func:`pairs`). They look at means (baselines, signs, scale ends, contrasts), at spreads (SEs typed as
SDs, SDs too small to be true, SDs and intervals that do not fit), at printed p values beside those that the printed
means and SDs give by Welch's test, and at what a trial is: its certainty, control and people. Columns come first, but
some facts stand nowhere but in `note`: rescue medication, a sham that can be told from the treatment, doubtful
allocation, a time point that was picked. For these, `NOTES` lists the words that are looked for, and the finding
quotes the sentence in which they stand. The boundaries are conventions for pain on 0-10, chosen to catch slips of the
pen and to leave ordinary trials alone. `RULES` and `CONTRAST_RULES`, at the end, list all rules with what each reads.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr

from analysis import effects, recover
from analysis._types import Values
from analysis.data.arm_scores import BASELINE, FROM_P, POINTS, SCORES, arm_scores, compared_arms
from analysis.data.dictionary import LIMITS, MEANS, PERCENT_CHANGE, SPREADS, same_time
from analysis.data.effect_sizes import effect_sizes
from analysis.data.printed_p import LINE, OTHER_TEST, PrintedP, paired_correlation, period_correlations, read_p
from analysis.models.pooling import pool_batch
from analysis.text import interval, number, percent, pvalue

#: The scores of a row and what they are called.
ALL_SCORES = {BASELINE: BASELINE, **SCORES}
ABOUT = "study design scale n arm arm_label week timepoint primary p_between note".split()
LOOK = "Look it up in the source."

# Decimal fractions such as 6.5 - 5.4 are not exact in the computer.
TINY = 1e-9

# Two p values on one side of the line that differ by less are worth a note only: tests differ.
FACTOR = 2.0

# Other arms are context.
_ROLES = ["treatment", "placebo"]
# Points; the SD that is called typical where fewer than ENOUGH other trials print one of the same score.
TYPICAL_SD = 2.0
ENOUGH = 5
# Of the typical SD: that small, and ordinary when multiplied by the square root of n, an SD may be an SE.
FAR_BELOW = 0.4
# Of the typical SD: that small, an SD is doubtful even where it makes no ordinary SD as an SE.
TOO_SMALL = 0.3
# Times the typical SD.
ORDINARY = (0.5, 2.0)
# SD of the change over SD of the baseline.
CHANGE_TO_BASELINE = 2.0

# Points between a printed change and final minus baseline.
GAP, LARGE_GAP = 0.1, 0.5
# Points of printed change for the worse in every arm: is improvement printed with the other sign?
WORSE = 0.5
# A scale this wide of which only the lowest tenth is used.
WIDE_SCALE, LOWEST = 20.0, 0.1

# Points, or standard errors, between the baselines of two arms.
IMBALANCE, IMBALANCE_Z = 1.0, 2.0
# Standard errors that are, with IMBALANCE points or more, hardly chance.
FAR_IMBALANCE_Z = 3.0

# Points between the contrast of the change and that of the final scores.
CONTRAST_GAP = 1.0
# Points on either side of zero at two time points.
TURN = 1.0
# Standardised differences.
TOO_LARGE, FAR_TOO_LARGE = 2.0, 3.0
# Studentised deleted residual; about one trial in twenty lies beyond it by chance.
OUTLIER = 1.96
# Other trials, or others of its family, to judge a trial by them.
OTHERS = 3

# Printed numbers that two trials must share to look like one: as many as mean and SD of two arms.
SAME_NUMBERS = 4
# People in the larger arm over those in the smaller one.
SPLIT = 1.5
# Difference between the arms in the share of people lost from the first to the last time point.
DROPOUT = 0.20

# The ends in the name of a scale, such as "VAS 0-100".
SCALE_ENDS = r"(?<![\d.])(\d+(?:\.\d+)?)\s*(?:-|\N{EN DASH}|to)\s*(\d+(?:\.\d+)?)"

# Words in the notes about a time point that was picked, and about n.
NOTE_ON_TIME = (
    r"selected upward|favou?rable time|best time point|time point that was printed|no difference and no numbers"
)
ABOUT_N = r"\bn ?= ?\d|\bn (?:per arm|at|analysed|is)\b|\d randomi[sz]ed|inferred from"

#: What is looked for in the notes (regular expressions, upper and lower case alike): check, words, remedy.
NOTES = (
    (
        "control not inert",
        r"\bnot (?:an |fully |quite )?inert|could tell|different procedure|scrambled|not blinded|unblinded sham|"
        r"weak magnet|weak, not inert",
        "Run the analysis without it: the contrast may be too small, or rest on expectation.",
    ),
    (
        "allocation in doubt",
        r"random\w* is in doubt|not (?:show|state)\w* that allocation|not clearly random|not random(?:ised|ized)?\b|"
        r"open(?:-label)? allocation|quasi-random",
        "Run the analysis without it.",
    ),
    ("rescue medication", r"\brescue\b", "Compare the rescue medication before the scores."),
    ("favourable time point", NOTE_ON_TIME, "Leave it out of a sensitivity analysis: its time was picked."),
    ("scale in doubt", r"range (?:of the (?:scale|VAS) )?(?:is |was )?assumed|0-\d+ range assumed", LOOK),
    (
        "the note states a doubt",
        r"\boutlier\b|implausible|(?:may be|is) (?:a|the) final score|order of the arms|does not match|"
        r"too narrow to be credible|not confirmed|sensitivity analysis only|not from the authors",
        "Read the note, and run the analysis without it.",
    ),
)

# Controls that are no inert placebo.
WEAK = ("weak dose", "other")

#: What `certainty` says of a trial: severity, check, remedy.
CERTAINTY = {
    "doubtful": ("warning", "doubtful", "Run the analysis without it, or look the number up."),
    "second-hand": ("note", "second-hand", "Look the numbers up in the trial report."),
}


class Finding(NamedTuple):
    """One line of the audit, before it is given its label."""

    study: str
    rows: tuple[Any, ...]
    check: str
    severity: str
    value: float
    reason: str
    remedy: str


def in_points(trials: pd.DataFrame) -> pd.DataFrame:
    """Return what each row prints, in points on 0-10 (a percent change stays in percent).

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`.

    Returns
    -------
    pandas.DataFrame
        One line per row of the file: what it is, `time` (a number per time point), and for each of baseline, final and
        change the mean as printed, `half` a unit of its last digit, and the SD as printed or from an SE or interval.
    """
    wide = _printed_scores(trials)
    factor = POINTS / (trials["scale_max"].fillna(POINTS) - trials["scale_min"].fillna(0.0))
    out = trials[ABOUT].assign(time=same_time(trials))
    for score in ALL_SCORES:
        out[f"{score}_mean"], out[f"{score}_sd"] = wide["mean", score], wide["sd", score]
        out[f"{score}_half"] = _half_units(trials[f"{score}_mean"], trials["study"]) * factor
    return out


def _printed_scores(trials, shift=0):
    """Return mean and SD of each row and score in points, nothing computed from another score.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`.
    shift : {0, -1, 1}
        0 takes the spreads as printed; -1 and 1 take the smallest and the largest that round to what is printed.

    Returns
    -------
    pandas.DataFrame
        One line per row of the file; columns ("mean" or "sd", score).
    """
    rows = trials.assign(scale_min=trials["scale_min"].fillna(0.0), scale_max=trials["scale_max"].fillna(POINTS))
    scores = arm_scores(_rounded(rows, shift), 0.0)
    scores["mean"] = scores["mean"].mask(scores["mean_rule"] != "")
    scores["sd"] = scores["sd"].mask(scores["correlated"] | scores["sd_rule"].str.startswith(FROM_P))
    return scores.pivot(index="row", columns="score", values=["mean", "sd"]).astype(float)


def _rounded(rows, shift):
    """Move every SD and SE, and the limits of every interval, by half a unit: inwards (-1) or outwards (1)."""
    moved = {}
    for name in (*SPREADS, *LIMITS) if shift else ():
        half = _half_units(rows[name], rows["study"]) * (-shift if name.endswith("low") else shift)
        moved[name] = rows[name] + half
        if name in SPREADS:
            moved[name] = moved[name].clip(lower=rows[name] * TINY)
        elif shift < 0:
            kind = name.rpartition("_")[0]
            middle = (rows[f"{kind}_low"] + rows[f"{kind}_high"]) / 2
            moved[name] = moved[name].clip(**{"upper" if name.endswith("low") else "lower": middle})
    return rows.assign(**moved)


def _half_units(values, study):
    """Return half a unit of the last digit printed in a column, trial by trial: 0.05 where 3.9 and 4.0 are printed."""
    shown = values.map(lambda x: f"{x:.10f}".rstrip("0"), na_action="ignore")
    digits = shown.map(lambda text: len(text.partition(".")[2]), na_action="ignore").astype(float)
    return 0.5 * 10.0 ** -digits.groupby(study).transform("max")


def pairs(points: pd.DataFrame) -> pd.DataFrame:
    """Set every treatment row beside the placebo row of the same trial and time; columns end in _t and _p."""
    points = points.assign(row=points.index)
    placebo = points[points["arm"] == "placebo"].drop(columns=["study", "design", "primary", "scale", "note"])
    return points[points["arm"] == "treatment"].merge(placebo, on="time", suffixes=("_t", "_p"))


def _each(frame, hits):
    """Iterate over the lines of a frame in which a test hits."""
    return frame[np.asarray(hits, dtype=bool)].itertuples()


def _found(line, check, severity, value, reason, remedy):
    """Return a finding about one row, or about a treatment row and its placebo row."""
    rows = (line.row_t, line.row_p) if hasattr(line, "row_t") else (line.Index,)
    return Finding(line.study, rows, check, severity, float(value), f"{reason}.", remedy)


def _first_primary(paired):
    """Return the pairs of the primary time point; all of a trial that has none."""
    chosen = paired["primary"] == "yes"
    return paired[chosen | ~paired["study"].isin(paired["study"][chosen])]


def _signed(x):
    """Return a number with its sign, two decimals."""
    return number(x, sign=True)


def _listed(items):
    """Return "a, b and c"."""
    items = [str(item) for item in dict.fromkeys(items)]
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def row_words(rows: tuple[int, ...] | str) -> str:
    """Return "row 4" or "rows 4 and 5"; of a table that was read from a file rows are the text "(4, 5)"."""
    rows = re.findall(r"\d+", rows) if isinstance(rows, str) else rows
    return f"row{'s' if len(rows) > 1 else ''} {_listed(rows)}"


def _sentences(note, pattern):
    """Return the sentences of a note in which a pattern stands, as one quotation; "" if there is none."""
    found = [s for s in re.split(r"(?<=[.;])\s+", note) if re.search(pattern, s, re.IGNORECASE)]
    return " ".join(found).strip()


def _notes_of(rows, pattern):
    """Return the sentences about a pattern in the notes of a trial's rows, and the rows they stand in."""
    found = {row: _sentences(note, pattern) for row, note in rows["note"].fillna("").items()}
    rows = tuple(row for row, text in found.items() if text)
    return " ".join(dict.fromkeys(found[row] for row in rows)), rows


def welch_p(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_p: ArrayLike, sd_p: ArrayLike, n_p: ArrayLike
) -> Values:
    """Return the two-sided p of Welch's test that two means are equal.

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_p, sd_p, n_p : array_like
        Mean, SD and number of people of the treatment and of the placebo arm; any unit.

    Returns
    -------
    numpy.ndarray or float
        NaN where an arm has one person.

    Notes
    -----
    Welch 1947, Biometrika 34:28-35, doi 10.1093/biomet/34.1-2.28; df by Satterthwaite 1946, Biometrics Bulletin
    2:110-114, doi 10.2307/3002019.

    Examples
    --------
    >>> print(f"{welch_p(-4.2, 2.9, 20, -2.7, 1.8, 20):.3f}")
    0.058
    """
    yi, vi = effects.mean_difference(mean_t, sd_t, n_t, mean_p, sd_p, n_p)
    shares = [np.square(sd) / n for sd, n in ((sd_t, n_t), (sd_p, n_p))]
    with np.errstate(divide="ignore", invalid="ignore"):
        df = vi**2 / sum(
            share**2 / (n - 1) for share, n in zip(shares, (np.asarray(n_t), np.asarray(n_p)), strict=True)
        )
        return 2 * stdtr(df, -np.abs(yi) / np.sqrt(vi))


def recomputed_p(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the p values that the printed means and SDs give, beside the printed ones.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`.

    Returns
    -------
    pandas.DataFrame
        One line per treatment arm, time point and score (change, final) whose mean and spread are printed in both
        arms: study, row_t, row_p, score, difference (points), `p` (Welch), `p_low` and `p_high` (what rounding of the
        printed figures leaves open), `printed` (the cell), `printed_low` and `printed_high` (its interval, NaN if
        none), `about`, `agrees`, and `correlation`: the one between the periods that a paired test of a crossover
        trial would need to give the printed p.

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = recomputed_p(read_trials("data/trials.csv")).set_index("study")
    >>> print(f"{found.p['wang2009']:.2f}, printed {found.printed['wang2009']}, r {found.correlation['wang2009']:.2f}")
    0.12, printed 0.018, r 0.62
    """
    return _p_table(trials, pairs(in_points(trials)))


def _p_table(trials, paired):
    ends = {shift: _printed_scores(trials, shift)["sd"] for shift in (-1, 1)}
    table = pd.concat([_p_of_score(paired, ends, score) for score in SCORES])
    return table[table["p"].notna()].sort_index(kind="stable").reset_index(drop=True)


def _p_of_score(at, ends, score):
    """The p values of one score: as printed, and the two ends that rounding leaves open."""
    keep = at[["study", "design", "row_t", "row_p"]].assign(score=score)
    difference = at[f"{score}_mean_t"] - at[f"{score}_mean_p"]
    slack = at[f"{score}_half_t"] + at[f"{score}_half_p"]
    keep["p"] = welch_p(difference, at[f"{score}_sd_t"], at["n_t"], 0.0, at[f"{score}_sd_p"], at["n_p"])
    # The smallest p goes with the larger difference and the smaller SDs, the largest p with the reverse.
    far, near = difference.abs() + slack, (difference.abs() - slack).clip(lower=0)
    for name, gap, side in (("p_low", far, -1), ("p_high", near, 1)):
        sd = [ends[side][score].reindex(at[row]).to_numpy() for row in ("row_t", "row_p")]
        keep[name] = welch_p(gap, sd[0], at["n_t"], 0.0, sd[1], at["n_p"])
    keep["difference"], keep["printed"], keep["note"] = difference, at["p_between_t"], at["note"]
    read = [read_p(text) or PrintedP(math.nan, math.nan, "") for text in at["p_between_t"]]
    for i, name in enumerate(("printed_low", "printed_high", "about")):
        keep[name] = [p[i] for p in read]
    keep["agrees"] = (keep["p_low"] <= keep["printed_high"]) & (keep["p_high"] >= keep["printed_low"])
    keep["correlation"] = _implied_correlation(keep, at, score)
    return keep


def _implied_correlation(keep, at, score):
    """The correlation between the periods of a crossover trial with which a paired test gives the printed p."""
    # A p that is printed as a bound, "<0.01" or "ns", implies no single correlation.
    middle = (keep["printed_low"] + keep["printed_high"]) / 2
    exact = (keep["printed_high"] - keep["printed_low"] < LINE) & (keep["printed_low"] > 0) & (keep["difference"] != 0)
    usable = exact & (keep["design"] == "crossover") & (at["n_t"] > 1)
    difference, middle, n = (column.where(usable) for column in (keep["difference"], middle, at["n_t"]))
    return paired_correlation(difference, middle, n, at[f"{score}_sd_t"], at[f"{score}_sd_p"])


def _p_disagrees(trials, paired):
    """A treatment arm whose printed p none of its printed scores can give."""
    # Without a printed p there is nothing to compare with.
    if not any(map(read_p, paired["p_between_t"])):
        return
    table = _p_table(trials, paired)
    remedy = "Check n, means, SDs and the test in the source."
    for rows, scores in table[table["printed_low"].notna()].groupby(["row_t", "row_p"], sort=False):
        first = scores.iloc[0]
        other_side = (scores["p"] < LINE) != (scores["printed_low"] < LINE)
        if not scores["agrees"].any():
            why, severity = _explanation(first, other_side.iloc[0])
        elif other_side.all():
            low, high = (pvalue(first[end]) for end in ("p_low", "p_high"))
            why = f", on the other side of {LINE:g}; rounding of the figures leaves {low} to {high} open"
            severity = "note"
        else:
            continue
        said = " and ".join(f"{pvalue(line.p)} for the {SCORES[line.score]}" for line in scores.itertuples())
        reason = (
            f"the p between the arms is printed as '{first['printed']}'. Welch's test on the printed figures gives "
            f"{said}{why}."
        )
        yield Finding(first["study"], rows, "p disagrees", severity, first["p"], reason, remedy)


def _explanation(first, other_side):
    """What may explain the difference, and the severity that is left."""
    r = first["correlation"]
    if first["design"] == "crossover":
        if math.isfinite(r):
            usual = 0 <= r < 1
            return f"; a paired test gives it with a correlation of {number(r)}", "note" if usual else "warning"
        return "; the same people had both, and a paired test differs", "note"
    label, note = first["about"], first["note"] if isinstance(first["note"], str) else ""
    quoted = label if re.search(OTHER_TEST, label, re.IGNORECASE) else _sentences(note, OTHER_TEST)
    if quoted:
        return f"; another test may explain it ('{quoted.rstrip('.')}')", "warning" if other_side else "note"
    if other_side:
        return f", on the other side of {LINE:g}, beyond rounding and without a stated reason", "serious"
    near = first["printed_low"] / FACTOR <= first["p"] <= first["printed_high"] * FACTOR
    return ", beyond rounding and without a stated reason", "note" if near else "warning"


def _sizes(points, trials):
    """SDs far below, and SEs far above, what other trials print."""
    bounded = trials["scale_max"].notna()
    for score, name in ALL_SCORES.items():
        typed_sd = trials[f"{score}_sd"].notna() & bounded
        typed_se = trials[f"{score}_se"].notna() & trials[f"{score}_sd"].isna() & bounded
        lines = points.assign(sd=points[f"{score}_sd"], typical=typical_sds(points, score), root=np.sqrt(points["n"]))
        yield from _se_as_sd(lines, typed_sd, name, score)
        yield from _sd_as_se(lines, typed_se, name, score)


def typical_sds(points: pd.DataFrame, score: str) -> pd.Series:
    """Return for each row the median SD of a score over the other trials' arms; `TYPICAL_SD` if they are few."""
    known = points.loc[points[f"{score}_sd"].notna(), ["study", f"{score}_sd"]].drop_duplicates()
    trial, sds, trials = known["study"].to_numpy(object), known[f"{score}_sd"].to_numpy(), set(known["study"])
    typical = {}
    for study in points["study"].unique():
        enough = len(trials - {study}) >= ENOUGH
        typical[study] = np.median(sds[trial != study]) if enough else TYPICAL_SD
    return points["study"].map(typical)


def _se_as_sd(lines, typed, name, score):
    grown, ceiling = lines["sd"] * lines["root"], np.inf
    if score == "change":
        # Its SD cannot exceed the sum of those of baseline and final score.
        before = lines[f"{BASELINE}_sd"]
        ceiling = (before + lines["final_sd"]).fillna(CHANGE_TO_BASELINE * before).fillna(np.inf)
    hits = typed & (lines["sd"] < FAR_BELOW * lines["typical"]) & _ordinary(grown, lines["typical"])
    hits &= grown <= ceiling
    # One small SD among ordinary ones may be true; where all that a time point prints are small, the column is wrong.
    every = hits.groupby(lines["time"]).transform("sum") == typed.groupby(lines["time"]).transform("sum")
    for line in _each(lines.assign(grown=grown, every=every), hits):
        reason = (
            f"the SD of the {name}, {number(line.sd)} points, is far below the {number(line.typical)} of other trials; "
            f"times the square root of n = {line.n} it is {number(line.grown)}, an ordinary SD"
        )
        severity = "serious" if line.every else "warning"
        yield _found(line, "SE entered as SD", severity, line.sd, reason, f"If it is an SE, move it to {score}_se.")
    for line in _each(lines, typed & ~hits & (lines["sd"] < TOO_SMALL * lines["typical"])):
        reason = f"the SD of the {name} is {number(line.sd)} points; other trials have {number(line.typical)}"
        yield _found(line, "SD unusually small", "warning", line.sd, reason, LOOK)


def _ordinary(sd, typical):
    return sd.between(ORDINARY[0] * typical, ORDINARY[1] * typical)


def _sd_as_se(lines, typed, name, score):
    se = lines["sd"] / lines["root"]
    hits = typed & (lines["sd"] > lines["typical"] / FAR_BELOW) & _ordinary(se, lines["typical"])
    for line in _each(lines.assign(se=se), hits):
        reason = (
            f"the SE of the {name}, {number(line.se)} points, makes an SD of {number(line.sd)}, far above the "
            f"{number(line.typical)} of other trials; as an SD it would be ordinary"
        )
        yield _found(line, "SD entered as SE", "warning", line.se, reason, f"If so, move it to {score}_sd.")


def _do_not_fit(points):
    """SDs of baseline, final score and change of the same people that cannot belong together, or hardly."""
    before, after, change = (points[f"{score}_sd"] for score in (BASELINE, "final", "change"))
    r = recover.correlation_from_sds(before, after, change, impossible="nan")
    for line in _each(points, (before * after * change).notna() & np.isnan(r)):
        limits = interval(abs(line.baseline_sd - line.final_sd), line.baseline_sd + line.final_sd)
        reason = (
            f"the SD of the change is {number(line.change_sd)} points; with SDs of {number(line.baseline_sd)} before "
            f"and {number(line.final_sd)} after, no correlation makes it lie outside {limits}"
        )
        yield _found(line, "SDs do not fit", "serious", line.change_sd, reason, LOOK)
    ratio = change / before
    for line in _each(points.assign(ratio=ratio), (ratio > CHANGE_TO_BASELINE) & after.isna()):
        reason = (
            f"the SD of the change, {number(line.change_sd)} points, is {number(line.ratio, 1)} times that of the "
            f"baseline, {number(line.baseline_sd)}: the scores would have to scatter far more after than before"
        )
        yield _found(line, "SDs do not fit", "warning", line.ratio, reason, LOOK)


def _interval_not_centred(trials):
    """Intervals of arms that are not centred on their mean."""
    for score in SCORES:
        yield from _not_centred(trials, [trials[f"{score}_{part}"] for part in ("ci_low", "ci_high", "mean")], "mean")


def _not_centred(table, numbers, what):
    """Intervals whose middle lies farther from the mean or difference than rounding of the three numbers explains."""
    low, high, centre = numbers
    half_low, half_high, half_centre = (_half_units(x, table["study"]) for x in numbers)
    off = ((low + high) / 2 - centre).abs()
    lines = table.assign(off=off, centre=centre, low=low, high=high)
    for line in _each(lines, off > (half_low + half_high) / 2 + half_centre + TINY):
        limits = interval(line.low, line.high)
        reason = f"the {what} {number(line.centre)} is not in the middle of its interval, {limits}"
        yield _found(line, "interval not centred", "note", line.off, reason, LOOK)


def _sd_and_interval(trials):
    """SDs that are not those which the interval printed beside them gives with this n."""
    for score in SCORES:
        low, high, sd = (trials[f"{score}_{part}"] for part in ("ci_low", "ci_high", "sd"))
        half_low, half_high, half_sd = (_half_units(x, trials["study"]) for x in (low, high, sd))
        made = recover.sd_from_ci(low, high, trials["n"].where(trials["n"] > 1), trials["ci_level"] / 100)
        # Rounding of the limits moves the width of the interval, and with it the SD, by this share.
        share = (half_low + half_high) / 2 / ((high - low) / 2)
        for line in _each(trials.assign(made=made, sd=sd), (made - sd).abs() > half_sd + made * share + TINY):
            reason = (
                f"the SD is printed as {number(line.sd)}, but the interval gives {number(line.made)} with n = {line.n}"
            )
            yield _found(line, "SD and interval disagree", "warning", line.made, reason, "Check n and ci_level.")


def _outside_scale(points):
    """Baseline plus change that ends outside the scale, where no final score is printed."""
    end = points["baseline_mean"] + points["change_mean"]
    slack = points["baseline_half"] + points["change_half"] + TINY
    for line in _each(points.assign(end=end), points["final_mean"].isna() & ((end < -slack) | (end > POINTS + slack))):
        reason = (
            f"a baseline of {number(line.baseline_mean)} and a change of {_signed(line.change_mean)} end at "
            f"{number(line.end)} points, outside 0 to 10"
        )
        remedy = "Check the sign of the change, and scale_min and scale_max."
        yield _found(line, "outside the scale", "serious", line.end, reason, remedy)


def _changes(points):
    """A printed change with its sign turned, or away from final minus baseline."""
    computed, change = points["final_mean"] - points["baseline_mean"], points["change_mean"]
    slack = points[[f"{score}_half" for score in ALL_SCORES]].sum(axis=1) + TINY
    lines = points.assign(computed=computed, gap=(change - computed).abs())
    apart = lines["gap"] > slack
    turned = apart & ((change + computed).abs() < lines["gap"])
    for line in _each(lines, turned):
        reason = f"the change is {_signed(line.change_mean)} points, but final minus baseline {_signed(line.computed)}"
        remedy = "A change is final minus baseline: a fall is negative."
        yield _found(line, "wrong sign", "serious", line.change_mean, reason, remedy)
    for line in _each(lines, apart & ~turned & (lines["gap"] > GAP + TINY)):
        reason = (
            f"the printed change of {_signed(line.change_mean)} points is {number(line.gap)} away from final minus "
            f"baseline, {_signed(line.computed)}: other people, or an adjusted mean"
        )
        severity = "warning" if line.gap >= LARGE_GAP else "note"
        yield _found(line, "change disagrees with its means", severity, line.gap, reason, LOOK)


def _worsens(points, outcome):
    """A printed change for the worse in every arm, where no means tell its sign."""
    if outcome["benefit"] not in _WORSE:
        return
    sign, moves, printed, remedy = _WORSE[outcome["benefit"]]
    computed = points["final_mean"] - points["baseline_mean"]
    alone = points[computed.isna() & points["change_mean"].notna() & points["arm"].isin(_ROLES)]
    for _, arms in alone.groupby("time", sort=False):
        if len(arms) > 1 and (sign * arms["change_mean"] > WORSE).all():
            values, value = _listed(map(_signed, arms["change_mean"])), sign * (sign * arms["change_mean"]).min()
            what = outcome["outcome_name"] or "the score"
            reason = f"{what} {moves} in every arm, by {values} points: is improvement printed as {printed}?"
            yield Finding(arms["study"].iloc[0], tuple(arms.index), "wrong sign", "warning", value, reason, remedy)


# By what is good: the sign of a change for the worse, what the score then does, how improvement may be printed.
_WORSE = {
    "lower": (1, "rises", "positive", "If so, turn the signs: a fall is negative."),
    "higher": (-1, "falls", "negative", "If so, turn the signs: a rise is positive."),
}


def _scale_and_name(trials):
    """Scale ends that are not those in the name of the scale."""
    named = trials["scale"].str.extract(SCALE_ENDS).astype(float)
    differs = (named[0] != trials["scale_min"]) | (named[1] != trials["scale_max"])
    for line in _each(trials, named[0].notna() & trials["scale_max"].notna() & differs):
        reason = f"the scale is called '{line.scale}' and its ends are {line.scale_min:g} and {line.scale_max:g}"
        yield _found(line, "scale in doubt", "warning", line.scale_max, reason, "Type the ends of the scale used.")


def _scale_and_times(trials):
    """One scale with other ends at another time of the trial."""
    ends = ["scale", "scale_min", "scale_max"]
    every = trials.loc[trials["scale_max"].notna(), ["study", *ends]].drop_duplicates()
    for study, spans in every.groupby("study", sort=False):
        again = spans["scale"].duplicated(keep=False)
        if again.any():
            shown = _listed(f"{line.scale_min:g} to {line.scale_max:g}" for line in spans.itertuples())
            reason = f"one scale has the ends {shown} at different times."
            value = float(spans["scale_max"].max())
            yield Finding(study, tuple(spans.index[again]), "scale in doubt", "serious", value, reason, LOOK)


def _scale_and_values(trials):
    """Values of 0-10 under a scale of 0-100: every mean in the lowest tenth of a wide scale."""
    numbers = trials.loc[
        trials["scale_max"].notna(), ["study", "scale_min", "scale_max", "baseline_mean", "final_mean"]
    ]
    width = numbers["scale_max"] - numbers["scale_min"]
    highest = numbers[["baseline_mean", "final_mean"]].max(axis=1) - numbers["scale_min"]
    # Of most trials some mean is higher.
    beyond = highest > LOWEST * width.groupby(numbers["study"]).transform("first")
    for study, rows in numbers[~beyond.groupby(numbers["study"]).transform("any")].groupby("study", sort=False):
        width = (rows["scale_max"] - rows["scale_min"]).iloc[0]
        shown = rows[["baseline_mean", "final_mean"]].sub(rows["scale_min"], axis=0)
        if width < WIDE_SCALE or shown.isna().all(axis=None) or not shown.max(axis=None) <= LOWEST * width:
            continue
        most, tenth = float(shown.max(axis=None)), f"0 to {width * LOWEST:g}"
        reason = f"no mean exceeds {number(most, 1)} on a scale of {width:g}: were values of {tenth} entered?"
        severity = "serious" if shown["baseline_mean"].notna().any() else "warning"
        remedy = "Check scale_min and scale_max."
        yield Finding(study, tuple(rows.index), "scale in doubt", severity, most, reason, remedy)


def _at_an_end(points, outcome):
    """Means nearer to an end of the scale than one SD: so many stand there that mean and SD say little."""
    remedy = "Read means with care; count people."
    on_scale = points[points["arm"].isin(_ROLES) & (points["scale"] != PERCENT_CHANGE)]
    for score, severity in ((BASELINE, "warning"), ("final", "note")):
        cramped = score == BASELINE and outcome["benefit"] == "lower"
        room = (
            f": little room for {outcome['outcome_name'] or 'the score'} to fall"
            if cramped
            else ": many are at the floor of the scale"
        )
        mean, sd = on_scale[f"{score}_mean"], on_scale[f"{score}_sd"]
        lines = on_scale.assign(mean=mean, sd=sd, left=POINTS - mean)
        for line in _each(lines, sd > mean):
            reason = f"the {ALL_SCORES[score]} of {number(line.mean)} points is smaller than its SD, {number(line.sd)}"
            yield _found(line, "floor effect", severity, line.mean, reason + room, remedy)
        for line in _each(lines, sd > lines["left"]):
            reason = (
                f"the {ALL_SCORES[score]} of {number(line.mean)} points is nearer to the end of the scale than its SD, "
                f"{number(line.sd)}: many start or stay there"
            )
            yield _found(line, "ceiling effect", severity, line.mean, reason, remedy)


def _baselines(paired):
    """Arms whose baselines differ more than chance would have it."""
    gap = paired["baseline_mean_t"] - paired["baseline_mean_p"]
    se = np.sqrt(paired["baseline_sd_t"] ** 2 / paired["n_t"] + paired["baseline_sd_p"] ** 2 / paired["n_p"])
    lines = _first_primary(paired.assign(gap=gap, z=(gap / se).abs()))
    lines = lines[lines["design"] != "crossover"]
    for line in _each(lines, (lines["gap"].abs() >= IMBALANCE - TINY) | (lines["z"] >= IMBALANCE_Z)):
        far = abs(line.gap) >= IMBALANCE - TINY and line.z >= FAR_IMBALANCE_Z
        in_se = "" if math.isnan(line.z) else f", {number(line.z, 1)} standard errors"
        reason = (
            f"baselines of {number(line.baseline_mean_t)} (treatment) and {number(line.baseline_mean_p)} (placebo) "
            f"differ by {number(abs(line.gap))} points{in_se}"
        )
        remedy = (
            "Adjust for it, with outcome='ancova': final scores leave the difference in, changes take out too much."
        )
        yield _found(line, "baseline imbalance", "serious" if far else "warning", line.gap, reason, remedy)


def _identical(paired):
    """Mean and SD equal in both arms to the printed digit."""
    lines = _first_primary(paired)
    lines = lines[lines["design"] != "crossover"]
    for score, name in ALL_SCORES.items():
        mean, sd = (lines[f"{score}_{part}_t"] for part in ("mean", "sd"))
        same = (mean == lines[f"{score}_mean_p"]) & (sd == lines[f"{score}_sd_p"])
        for line in _each(lines.assign(mean=mean, sd=sd), same):
            reason = f"both arms have a {name} of {number(line.mean)} points with an SD of {number(line.sd)}"
            severity = "note" if score == "final" else "warning"
            yield _found(line, "identical arms", severity, line.mean, reason, "Check that no row was copied.")


def _change_and_final(paired):
    """Contrasts that depend on the score."""
    change, final = (paired[f"{score}_mean_t"] - paired[f"{score}_mean_p"] for score in SCORES)
    lines = paired.assign(change=change, final=final, gap=(change - final).abs())
    for line in _each(lines, (lines["gap"] >= CONTRAST_GAP - TINY) & (lines["primary"] == "yes")):
        reason = (
            f"the arms differ by {_signed(line.change)} points in change and by {_signed(line.final)} in final score"
        )
        remedy = "Report both; outcome='final' shows the other."
        yield _found(line, "change and final disagree", "warning", line.gap, reason, remedy)


def _direction_turns(paired):
    """Contrasts that turn from one time to another."""
    change, final = (paired[f"{score}_mean_t"] - paired[f"{score}_mean_p"] for score in SCORES)
    best = change.fillna(final).where(paired["scale"] != PERCENT_CHANGE)
    for study, times in paired.assign(best=best).groupby("study", sort=False):
        if times["best"].max() >= TURN - TINY and times["best"].min() <= -TURN + TINY:
            ends = times.loc[[times["best"].idxmax(), times["best"].idxmin()]]
            rows = tuple(ends[["row_t", "row_p"]].to_numpy().ravel().tolist())
            high, low = ends["best"]
            reason = (
                f"the difference is {_signed(high)} points at one time and {_signed(low)} at another: are the arms "
                "exchanged at one of them?"
            )
            yield Finding(study, rows, "direction turns", "warning", float(high), reason, LOOK)


def _too_large(paired):
    """Contrasts that are too large to be true."""
    complete = paired[["change_mean_t", "change_sd_t", "change_mean_p", "change_sd_p"]].notna().all(axis=1)
    parts = {
        f"{part}_{arm}": paired[f"change_{part}_{arm}"].where(complete, paired[f"final_{part}_{arm}"])
        for part in ("mean", "sd")
        for arm in "tp"
    }
    g, _ = effects.hedges_g(**parts, **{n: paired[n].where(paired[n] > 1) for n in ("n_t", "n_p")})
    for line in _each(paired.assign(g=g, **parts), np.abs(g) > TOO_LARGE):
        reason = (
            f"a difference of {_signed(line.mean_t - line.mean_p)} points with SDs of {number(line.sd_t)} and "
            f"{number(line.sd_p)} is {number(abs(line.g), 1)} SDs, more than treatments usually achieve"
        )
        severity = "serious" if abs(line.g) > FAR_TOO_LARGE else "warning"
        yield _found(line, "difference too large", severity, line.g, reason, "Check SDs and means in the source.")


def _outliers(trials):
    """Trials whose effect lies beyond what the other trials, or those of their family, lead one to expect."""
    try:
        known = effect_sizes(trials, measure="MD", missing_sd="drop")
    except ValueError:
        # No trial has a mean and a spread.
        return
    family = known.table["therapy_family"].to_numpy()
    others = ~np.eye(len(known), dtype=bool)
    sets = {
        "the other trials": others,
        "the other trials of its family": others & (family[:, None] == family[None, :]),
    }
    members = np.concatenate(list(sets.values()))
    enough = members.sum(axis=1) >= OTHERS
    if not enough.any():
        return
    rest = pool_batch(*(np.where(members, x, np.nan)[enough] for x in (known.yi, known.vi)), ci_method="z")
    which = np.flatnonzero(enough)
    own = which % len(known)
    z = (known.yi[own] - rest.estimate) / np.sqrt(known.vi[own] + rest.tau2 + rest.se**2)
    said = set()
    for at in np.argsort(-np.abs(z)):
        trial = own[at]
        if abs(z[at]) > OUTLIER and trial not in said:
            said.add(trial)
            study = known.table["study"].iloc[trial]
            rows = tuple(known.rows.index[known.rows["study"] == study])
            reason = (
                f"the effect of {number(known.yi[trial])} points lies {number(abs(z[at]), 1)} standard errors from the "
                f"{number(rest.estimate[at])} of {list(sets)[which[at] // len(known)]}; about one trial in twenty lies "
                f"beyond {number(OUTLIER)} by chance."
            )
            yield Finding(study, rows, "outlier", "warning", float(z[at]), reason, "Pool with and without it.")


def _twice(trials):
    """One trial under two ids: the same doi or pmid, the same author, year and n, or the same numbers."""
    first = compared_arms(trials)
    first = pd.concat([first, trials[~trials["study"].isin(first["study"])]])
    keys = {"doi": {}, "pmid": {}, "author, year and n": {}, "numbers": {}}
    about, people = first.drop_duplicates("study").set_index("study"), first.groupby("study")["n"].agg(list)
    for name in ("doi", "pmid"):
        said = first.dropna(subset=name).drop_duplicates("study").set_index("study")[name].reindex(about.index)
        keys[name] = said.map(lambda text: str(text).strip().lower(), na_action="ignore").to_dict()
    for study, author, year in zip(about.index, about["author"], about["year"], strict=True):
        if pd.notna(author) and pd.notna(year):
            keys["author, year and n"][study] = (author.lower(), year, tuple(sorted(people[study])))
    by_arm = first.sort_values("arm", kind="stable")
    printed, numbers = by_arm[[*MEANS, *SPREADS, *LIMITS]].to_numpy(dtype=float), {}
    for study, n, values in zip(by_arm["study"], by_arm["n"].tolist(), printed, strict=True):
        numbers.setdefault(study, []).extend([n, *values[~np.isnan(values)].tolist()])
    for study in about.index:
        if len(numbers[study]) - len(people[study]) >= SAME_NUMBERS:
            keys["numbers"][study] = tuple(numbers[study])
    remedy, seen = "Keep one id; enter other time points and arms under it.", set()
    for name, values in keys.items():
        table = pd.Series(values, dtype=object).dropna().map(repr)
        for value, same in table[table.duplicated(keep=False)].groupby(table, sort=False):
            studies = tuple(same.index)
            if studies not in seen:
                seen.add(studies)
                rows = tuple(trials.index[trials["study"].isin(studies)])
                shown = f" ({value.strip(chr(39))})" if name in ("doi", "pmid") else ""
                reason = f"{_listed(studies)} have the same {name}{shown}: is it one trial?"
                severity = "warning" if name.startswith("author") else "serious"
                yield Finding(studies[-1], rows, "same trial twice", severity, np.nan, reason, remedy)


def _certainty(table):
    """Trials whose rows are called doubtful or were read in someone else's table; the note is quoted."""
    for study, rows in table[table["certainty"].isin(list(CERTAINTY))].groupby("study", sort=False):
        for word, (severity, check, remedy) in CERTAINTY.items():
            hit = rows[rows["certainty"] == word]
            if len(hit):
                notes = " ".join(dict.fromkeys(hit["note"].dropna())).rstrip(".")
                reason = "the values are called doubtful" + (f": '{notes}'." if notes else ".")
                if word == "second-hand":
                    reason = f"read in someone else's table: {hit['source'].iloc[0]}."
                yield Finding(study, tuple(hit.index), check, severity, np.nan, reason, remedy)


def _n_not_read(trials):
    """Arm sizes that were assumed or inferred."""
    remedy = "Look n up; the SE moves with its square root."
    not_read = trials[trials["arm"].isin(_ROLES) & trials["n_basis"].isin(["assumed", "inferred"])]
    for study, rows in not_read.groupby("study", sort=False):
        for basis, severity in (("assumed", "warning"), ("inferred", "note")):
            hit = rows[rows["n_basis"] == basis]
            if len(hit):
                values = ", ".join(f"{n} ({arm})" for arm, n in dict.fromkeys(zip(hit["arm"], hit["n"], strict=True)))
                quote = _notes_of(hit, ABOUT_N)[0].rstrip(".;")
                reason = f"the n of {values} is {basis}, not read" + (f": '{quote}'." if quote else ".")
                value = float(hit["n"].iloc[0])
                yield Finding(study, tuple(hit.index), f"n {basis}", severity, value, reason, remedy)


def _uneven_split(paired):
    """Arms of very different size, where no other treatment shares the placebo arm."""
    lines = _first_primary(paired)
    ratio = lines[["n_t", "n_p"]].max(axis=1) / lines[["n_t", "n_p"]].min(axis=1)
    alone = ~lines["time"].duplicated(keep=False)
    for line in _each(lines.assign(ratio=ratio), (ratio >= SPLIT) & alone):
        reason = f"{line.n_t} people beside {line.n_p}: an uneven split"
        yield _found(line, "uneven split", "note", line.ratio, reason, "Check allocation and dropouts.")


def _dropout(trials):
    """Arms that shrink differently from the first to the last time point."""
    rows = trials.loc[trials["arm"].isin(_ROLES), ["study", "week", "timepoint", "arm", "n"]]
    time = same_time(rows)
    people = rows.groupby([time, "arm"])["n"].sum().unstack("arm").reindex(columns=list(_ROLES))
    ends = people.groupby(rows["study"].groupby(time).first(), sort=False).agg(["first", "last"])
    for study, n in ends.iterrows():
        lost = {arm: 1 - n[arm, "last"] / n[arm, "first"] for arm in ("treatment", "placebo")}
        gap = abs(lost["treatment"] - lost["placebo"])
        if gap >= DROPOUT - TINY:
            said = " and ".join(f"{percent(share)} ({arm})" for arm, share in lost.items())
            reason = f"from the first to the last time point {said} of the people are lost."
            where = tuple(rows.index[rows["study"] == study])
            yield Finding(study, where, "unequal dropout", "warning", float(gap), reason, LOOK)


def _shared_placebo(paired):
    """One placebo arm beside several treatment arms."""
    remedy = "Combine or split (multi_arm); never count it once for each."
    lines = paired.loc[paired["time"].duplicated(keep=False), ["time", "study", "row_t", "row_p", "n_p"]]
    for _, same in lines.groupby("time", sort=False):
        first, rows = same.iloc[0], (*same["row_t"], same["row_p"].iloc[0])
        reason = f"one placebo arm (n = {first['n_p']}) serves {len(same)} treatment arms."
        yield Finding(first["study"], rows, "shared placebo arm", "note", float(len(same)), reason, remedy)


def _crossover(trials):
    """Means of two periods of the same people."""
    rows = compared_arms(trials)
    scores = arm_scores(rows, 0.0)
    told, by_p = period_correlations(rows, scores), scores["study"][scores["sd_rule"].str.startswith(FROM_P)].unique()
    crossed = trials[(trials["design"] == "crossover") & trials[list(MEANS)].notna().any(axis=1)]
    for study, own in crossed.groupby("study", sort=False):
        why = "the SD of the paired difference has no column, so a correlation is assumed"
        remedy = "Vary crossover_correlation."
        if study in told:
            why = f"the printed p, as that of a paired test, gives the correlation {number(told[study])}"
            remedy = "Check the test in the source."
        elif study in by_p:
            why = "the printed p, as that of a paired test, gives the variance of the difference"
            remedy = "Check the test in the source."
        reason, value = f"the same people had both; {why}.", told.get(study, np.nan)
        yield Finding(study, tuple(own.index), "crossover without paired SD", "note", value, reason, remedy)


def _missing_spread(paired, trials):
    """Primary means without any SD, SE or interval: the SD follows from the p, or must be imputed."""
    scores = arm_scores(compared_arms(trials), 0.0)
    by_p = scores[scores["sd_rule"].str.startswith(FROM_P)].set_index("row")["sd"]
    lines = paired[(paired["primary"] == "yes") & (paired["scale"] != PERCENT_CHANGE)]
    means = {score: lines[[f"{score}_mean_t", f"{score}_mean_p"]].notna().all(axis=1) for score in SCORES}
    usable = {score: means[score] & lines[[f"{score}_sd_t", f"{score}_sd_p"]].notna().all(axis=1) for score in SCORES}
    for line in _each(lines, (means["final"] | means["change"]) & ~(usable["final"] | usable["change"])):
        if min(line.n_t, line.n_p) < 2:
            reason = "an arm of one person has no SD: the trial is left out, unless the arm is combined with another"
            yield _found(line, "one person in an arm", "warning", 1.0, reason, "Check n.")
            continue
        if line.row_t in by_p:
            sd = by_p[line.row_t]
            reason = (
                f"means without an SD, SE or interval: the p between the arms, '{line.p_between_t}', gives an SD of "
                f"{number(sd)} points for both"
            )
            if line.design == "crossover":
                reason += " with a correlation of 0.5 between the periods, and the variance of the difference with any"
            yield _found(line, "SD from p", "note", sd, reason, "Check that it is a t test of these means.")
            continue
        reason = "means without an SD, SE or interval: the SD must be imputed, and with it the weight"
        remedy = "Ask the authors, or compare missing_sd='impute' with 'drop'."
        yield _found(line, "SD to be imputed", "warning", np.nan, reason, remedy)


def _said_in_notes(trials):
    """One finding per trial and kind of doubt that a note states, with the sentences quoted."""
    anything = re.compile("|".join(pattern for _, pattern, _ in NOTES), re.IGNORECASE)
    told = trials["control"].isin(WEAK) | trials["note"].fillna("").map(lambda note: bool(anything.search(note)))
    for study, rows in trials[trials["study"].isin(trials["study"][told].unique())].groupby("study", sort=False):
        for check, pattern, remedy in NOTES:
            # `_picked` finds it then, and quotes the note.
            if pattern == NOTE_ON_TIME and (rows["selected"] == "yes").any():
                continue
            quote, where = _notes_of(rows, pattern)
            weak = check == "control not inert" and rows["control"].isin(WEAK).any()
            if weak:
                where = tuple(rows.index)
                quote = quote or f"control: {rows['control'].iloc[0]}"
            if quote:
                said = f"the control is no inert placebo ({rows['control'].iloc[0]}):" if weak else "the note says"
                reason = f"{said} '{quote.rstrip('.;')}'."
                yield Finding(study, where, check, "warning", np.nan, reason, remedy)


def _contrast_not_centred(contrasts):
    """Reported differences that are not in the middle of their interval."""
    return _not_centred(contrasts, [contrasts[name] for name in ("ci_low", "ci_high", "difference")], "difference")


def _contrast_too_narrow(contrasts):
    """Reported differences whose interval implies an SD that no pain score has."""
    people = 1 / (1 / contrasts["n_treatment"] + 1 / contrasts["n_placebo"])
    se = recover.se_from_ci(contrasts["ci_low"], contrasts["ci_high"], contrasts["ci_level"] / 100)
    sd = se * np.sqrt(people) * POINTS / (contrasts["scale_max"] - contrasts["scale_min"])
    for line in _each(contrasts.assign(sd=sd), sd < FAR_BELOW * TYPICAL_SD):
        reason = f"the interval implies an SD of {number(line.sd)} points in each arm; {number(TYPICAL_SD)} is usual"
        yield _found(line, "SD unusually small", "warning", line.sd, reason, LOOK)


def _picked(table):
    """Results at a time point that was picked."""
    remedy = "Leave it out of a sensitivity analysis: it leans towards an effect."
    for study, picked in table[table["selected"] == "yes"].groupby("study", sort=False):
        quote = _notes_of(picked, NOTE_ON_TIME)[0].rstrip(".;")
        reason = f"the time point was picked, by a review or by what was printed{f': {quote!r}' if quote else ''}."
        yield Finding(study, tuple(picked.index), "favourable time point", "warning", np.nan, reason, remedy)


def _contrast_of_a_trial(contrasts, trials):
    """Reported differences of trials that have arms in the table of trials as well."""
    remedy = "Use one of the two: a trial counts once."
    for study, rows in contrasts[contrasts["study"].isin(trials["study"])].groupby("study", sort=False):
        reason = f"'{study}' also has rows in the table of trials."
        yield Finding(study, tuple(rows.index), "same trial twice", "warning", np.nan, reason, remedy)


#: The rules for a table of trials, each with the tables that it reads: as given ("trials"), in "points", or "paired".
#: Findings of one trial that are equally severe keep this order.
RULES: tuple[Any, ...] = (
    (_p_disagrees, "trials", "paired"),
    (_sizes, "points", "trials"),
    (_do_not_fit, "points"),
    (_interval_not_centred, "trials"),
    (_sd_and_interval, "trials"),
    (_outside_scale, "points"),
    (_changes, "points"),
    (_worsens, "points", "outcome"),
    (_scale_and_name, "trials"),
    (_scale_and_times, "trials"),
    (_scale_and_values, "trials"),
    (_at_an_end, "points", "outcome"),
    (_baselines, "paired"),
    (_identical, "paired"),
    (_change_and_final, "paired"),
    (_direction_turns, "paired"),
    (_too_large, "paired"),
    (_outliers, "trials"),
    (_twice, "trials"),
    (_certainty, "trials"),
    (_n_not_read, "trials"),
    (_uneven_split, "paired"),
    (_dropout, "trials"),
    (_shared_placebo, "paired"),
    (_crossover, "trials"),
    (_missing_spread, "paired", "trials"),
    (_said_in_notes, "trials"),
    (_picked, "trials"),
)

#: The rules for a table of reported differences.
CONTRAST_RULES: tuple[Any, ...] = (
    (_certainty, "contrasts"),
    (_contrast_not_centred, "contrasts"),
    (_contrast_too_narrow, "contrasts"),
    (_picked, "contrasts"),
    (_contrast_of_a_trial, "contrasts", "trials"),
)


def findings(rules: Sequence[Any], **tables: Any) -> list[Finding]:
    """Return what all rules find, each in the tables that it reads.

    Parameters
    ----------
    rules : tuple
        `RULES` or `CONTRAST_RULES`.
    **tables
        The tables by the names that stand in the rules; "outcome" says what is measured, and what is good of it.

    Returns
    -------
    list of Finding
    """
    return [finding for rule, *names in rules for finding in rule(*(tables[name] for name in names))]
