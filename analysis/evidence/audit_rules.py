"""The rules of the audit: what is odd in a table of trials, and what to do about it.

The rules read every row in points (``points``, from :func:`in_points`) and every treatment row beside its placebo row
(``paired``, from :func:`pairs`). They look at means (baselines, signs, scale ends, contrasts), at spreads (SEs typed as
SDs, SDs too small to be true, SDs and intervals that do not fit), at printed p values beside those that the printed
means and SDs give by Welch's test, and at what a trial is: its certainty, control and people. Columns come first, but
some facts stand nowhere but in `note`: rescue medication, a sham that can be told from the treatment, doubtful
allocation, a time point that was picked. For these, `NOTES` lists the words that are looked for, and the finding
quotes the sentence in which they stand. The boundaries are conventions for pain on 0-10, chosen to catch slips of the
pen and to leave ordinary trials alone.
"""

import math
import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr

from analysis import effects, recover
from analysis.data.arm_scores import BASELINE, POINTS, SCORES, arm_scores, primary_arms
from analysis.data.dictionary import LIMITS, MEANS, SPREADS, same_time
from analysis.text import interval, number, percent, pvalue

ALL_SCORES = (BASELINE, *SCORES)
ABOUT = "study design scale n arm arm_label week timepoint primary p_between note".split()
LOOK = "Look it up in the source."
TINY = 1e-9  # decimal fractions such as 6.5 - 5.4 are not exact in the computer
IMBALANCE, IMBALANCE_Z = 1.0, 2.0  # points; standard errors
FAR_IMBALANCE_Z = 3.0  # with IMBALANCE points or more: hardly chance
GAP, LARGE_GAP = 0.1, 0.5  # points between a printed change and final minus baseline
CONTRAST_GAP = 1.0  # points between the contrast of the change and that of the final scores
TOO_LARGE, FAR_TOO_LARGE = 2.0, 3.0  # standardised differences
RISE = 0.5  # points of printed change in every arm: is improvement printed as positive?
TURN = 1.0  # points on either side of zero at two time points
WIDE_SCALE, LOWEST = 20.0, 0.1  # a scale this wide of which only the lowest tenth is used
TYPICAL_SD = 2.0  # points; used where fewer than ENOUGH other trials print an SD of the same score
ENOUGH = 5
FAR_BELOW = 0.4  # of the typical SD: that small, and ordinary when multiplied by sqrt(n), it may be an SE
TOO_SMALL = 0.3  # of the typical SD
ORDINARY = (0.5, 2.0)  # times the typical SD
CHANGE_TO_BASELINE = 2.0  # SD of the change over SD of the baseline
LINE = 0.05  # the p that papers call significance
FACTOR = 2.0  # two p values on one side of the line that differ by less are worth a note only: tests differ

OTHER_TEST = (
    r"mann.?whitney|wilcoxon|\brank|an[c]?ova\b|adjust|scheff|dunnett|bonferroni|tukey|interaction|"
    r"repeated.measures|\bmixed\b|regression"
)
NOT_BETWEEN = r"within|respon|event|baseline"

_NUMBER = re.compile(
    r"\s*(?:p\s*)?(?:value\s*)?([<>=≤≥]?)\s*(0?[.,]\d+|[01](?:\.0*)?(?![\d.]))"
    r"(?!\d|e-?\d|\s*(?:-|\u2013|to|x|\u00d7)\s*[\d.]|\s*%)\s*(?:\(([^)]*)\))?([^;,]*)",
    re.I,
)

_WORDS = re.compile(
    r"\bnot\s+(?:statistically\s+)?significant|\bn\.?\s?s\b\.?|\bno\s+(?:significant\s+)?difference", re.I
)

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
    ("rescue medication", r"\brescue\b", "Compare the rescue medication before the pain scores."),
    (
        "favourable time point",
        r"selected upward|favou?rable time|best time point|time point that was printed|no difference and no numbers",
        "Leave it out of a sensitivity analysis: its time was picked.",
    ),
    ("scale in doubt", r"range (?:of the (?:scale|VAS) )?(?:is |was )?assumed|0-\d+ range assumed", LOOK),
    (
        "the note states a doubt",
        r"\boutlier\b|implausible|may be a final score|order of the arms|does not match|too narrow to be credible|"
        r"not confirmed|sensitivity analysis only",
        "Read the note, and run the analysis without it.",
    ),
)
ABOUT_N = r"\bn ?= ?\d|\bn (?:per arm|at|analysed|is)\b|\d randomi[sz]ed|inferred from"
NOTE_ON_TIME = NOTES[3][1]
SPLIT = 1.5  # people in the larger arm over those in the smaller one
DROPOUT = 0.20  # difference between the arms in the share of people lost from the first to the last time point

CERTAINTY = {
    "doubtful": ("warning", "doubtful", "Run the analysis without it, or look the number up."),
    "second-hand": ("note", "second-hand", "Look the numbers up in the trial report."),
}


def sentences(note, pattern):
    """Return the sentences of a note in which a pattern stands, as one quotation; "" if there is none."""
    found = [s for s in re.split(r"(?<=[.;])\s+", note) if re.search(pattern, s, re.IGNORECASE)]
    return " ".join(found).strip()


class Finding(NamedTuple):
    """One line of the audit, before it is given its label."""

    study: str
    rows: tuple
    check: str
    severity: str
    value: float
    reason: str
    remedy: str


def in_points(trials):
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
    out = trials[ABOUT].assign(time=trials.groupby(same_time(trials), dropna=False, sort=False).ngroup())
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
    scores["sd"] = scores["sd"].mask(scores["sd_rule"].astype(str).str.contains("correlation"))
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


def pairs(points):
    """Set every treatment row beside the placebo row of the same trial and time; columns end in _t and _p."""
    points = points.assign(row=points.index)
    placebo = points[points["arm"] == "placebo"].drop(columns=["study", "design", "primary", "scale", "note"])
    return points[points["arm"] == "treatment"].merge(placebo, on="time", suffixes=("_t", "_p"))


def notes_of(rows, pattern):
    """Return the sentences about a pattern in the notes of a trial's rows, and the rows they stand in."""
    found = {row: sentences(note, pattern) for row, note in rows["note"].fillna("").items()}
    rows = tuple(row for row, text in found.items() if text)
    return " ".join(dict.fromkeys(found[row] for row in rows)), rows


def row_words(rows):
    """Return "row 4" or "rows 4 and 5"."""
    return f"row{'s' if len(rows) > 1 else ''} {_listed(rows)}"


def _listed(items):
    """Return "a, b and c"."""
    items = [str(item) for item in dict.fromkeys(items)]
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def typical_sds(points, score):
    """Return for each row the median SD of a score over the other trials' arms; `TYPICAL_SD` if they are few."""
    known = points.loc[points[f"{score}_sd"].notna(), ["study", f"{score}_sd"]].drop_duplicates()
    typical = {}
    for study in points["study"].unique():
        others = known[known["study"] != study]
        typical[study] = others[f"{score}_sd"].median() if others["study"].nunique() >= ENOUGH else TYPICAL_SD
    return points["study"].map(typical)


class PrintedP(NamedTuple):
    """A printed p as the interval in which it lies, and what stands in brackets behind it."""

    low: float
    high: float
    about: str


def read_p(text):
    """Return a printed p as an interval; None if the text names none between the arms.

    Parameters
    ----------
    text : str
        A cell of `p_between`: "0.038", "<0.01", "= .08", ".038 (ANCOVA)", "ns", "not significant". Several values are
        read up to the first; "5e-4", "0.05-0.1" and percentages are not read.

    Returns
    -------
    PrintedP or None
        "0.04" lies between 0.035 and 0.045, "<0.01" between 0 and 0.01, "ns" between 0.05 and 1. None for a blank,
        words without a value, and values said behind them to be within an arm, of responders or of baselines.

    Examples
    --------
    >>> low, high, about = read_p("= .04 (ANCOVA)")
    >>> round(low, 3), round(high, 3), about
    (0.035, 0.045, 'ANCOVA')
    >>> read_p("ns")[:2], read_p("<0.01")[:2], read_p("<0.05 (within light arms)")
    ((0.05, 1.0), (0.0, 0.01), None)
    """
    if not isinstance(text, str):
        return None
    found = _NUMBER.match(text)
    if found is None:
        words = _WORDS.search(text)
        return PrintedP(LINE, 1.0, "") if words else None
    relation, digits, about = found[1], found[2].replace(",", "."), found[3] or ""
    if re.search(NOT_BETWEEN, f"{about} {found[4]}", re.IGNORECASE):
        return None
    p, half = float(digits), 0.5 * 10.0 ** -len(digits.partition(".")[2])
    if relation in ("<", "≤"):
        return PrintedP(0.0, p, about)
    if relation in (">", "≥"):
        return PrintedP(p, 1.0, about)
    return PrintedP(max(p - half, 0.0), min(p + half, 1.0), about)


def welch_p(mean_t, sd_t, n_t, mean_p, sd_p, n_p):
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


def recomputed_p(trials):
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
    table = pd.concat([_one_score(paired, ends, score) for score in SCORES])
    return table[table["p"].notna()].sort_index(kind="stable").reset_index(drop=True)


def _one_score(at, ends, score):
    """The p values of one score: as printed, and the two ends that rounding leaves open."""
    keep = at[["study", "design", "row_t", "row_p"]].assign(score=score)
    difference = at[f"{score}_mean_t"] - at[f"{score}_mean_p"]
    slack = at[f"{score}_half_t"] + at[f"{score}_half_p"]
    keep["p"] = welch_p(difference, at[f"{score}_sd_t"], at["n_t"], 0 * difference, at[f"{score}_sd_p"], at["n_p"])
    far, near = difference.abs() + slack, (difference.abs() - slack).clip(lower=0)
    for name, gap, side in (("p_low", far, -1), ("p_high", near, 1)):
        sd = [ends[side][score].reindex(at[row]).to_numpy() for row in ("row_t", "row_p")]
        keep[name] = welch_p(gap, sd[0], at["n_t"], 0 * gap, sd[1], at["n_p"])
    keep["difference"], keep["printed"], keep["note"] = difference, at["p_between_t"], at["note"]
    read = [read_p(text) or PrintedP(math.nan, math.nan, "") for text in at["p_between_t"]]
    for i, name in enumerate(("printed_low", "printed_high", "about")):
        keep[name] = [p[i] for p in read]
    keep["agrees"] = (keep["p_low"] <= keep["printed_high"]) & (keep["p_high"] >= keep["printed_low"])
    keep["correlation"] = _implied(keep, at, score)
    return keep


def _implied(keep, at, score):
    """The correlation between the periods of a crossover trial with which a paired test gives the printed p."""
    middle = (keep["printed_low"] + keep["printed_high"]) / 2
    exact = (keep["printed_high"] - keep["printed_low"] < LINE) & (keep["printed_low"] > 0) & (keep["difference"] != 0)
    usable = exact & (keep["design"] == "crossover")
    sd_pair = recover.se_from_p(keep["difference"].where(usable), middle.where(usable), df=at["n_t"] - 1.0)
    sd_pair = sd_pair * np.sqrt(at["n_t"])
    return recover.correlation_from_sds(at[f"{score}_sd_t"], at[f"{score}_sd_p"], sd_pair, impossible="nan")


def p_findings(trials, paired):
    """Return a finding for every treatment arm whose printed p none of its printed scores can give."""
    if not any(map(read_p, paired["p_between_t"])):
        return []
    table = _p_table(trials, paired)
    table = table[table["printed_low"].notna()]
    found = []
    for (row_t, row_p), scores in table.groupby(["row_t", "row_p"], sort=False):
        first = scores.iloc[0]
        other_side = (first["p"] < LINE) != (first["printed_low"] < LINE)
        if scores["agrees"].any():
            rounding = other_side and not ((scores["p"] < LINE) == (scores["printed_low"] < LINE)).any()
            if rounding:
                found.append(_finding(first, (row_t, row_p), "note", _words(scores) + _rounding(first)))
            continue
        why, severity = _why(first, other_side)
        found.append(_finding(first, (row_t, row_p), severity, _words(scores) + why))
    return found


def _finding(first, rows, severity, reason):
    remedy = "Check n, means, SDs and the test in the source; the p is not used for pooling."
    return Finding(first["study"], rows, "p disagrees", severity, first["p"], reason + ".", remedy)


def _words(scores):
    said = " and ".join(f"{pvalue(line.p)} for the {SCORES[line.score]}" for line in scores.itertuples())
    printed = scores["printed"].iloc[0]
    return f"the p between the arms is printed as '{printed}'; Welch's test on the printed figures gives {said}"


def _rounding(first):
    low, high = (pvalue(first[end]) for end in ("p_low", "p_high"))
    return f", on the other side of {LINE:g}; rounding of the figures leaves {low} to {high} open"


def _why(first, other_side):
    """What may explain the difference, and the severity that is left."""
    r = first["correlation"]
    if first["design"] == "crossover":
        if math.isfinite(r):
            usual = 0 <= r < 1
            return f"; a paired test gives it with a correlation of {number(r)}", "note" if usual else "warning"
        return "; the same people had both, and a paired test differs", "note"
    label, note = first["about"], first["note"] if isinstance(first["note"], str) else ""
    quoted = label if re.search(OTHER_TEST, label, re.IGNORECASE) else sentences(note, OTHER_TEST)
    if quoted:
        return f"; another test may explain it ('{quoted.rstrip('.')}')", "warning" if other_side else "note"
    if other_side:
        return f", on the other side of {LINE:g}, beyond rounding and without a stated reason", "serious"
    near = first["printed_low"] / FACTOR <= first["p"] <= first["printed_high"] * FACTOR
    return ", beyond rounding and without a stated reason", "note" if near else "warning"


def _each(frame, hits):
    """Iterate over the lines of a frame in which a test hits."""
    hits = np.asarray(hits, dtype=bool)
    return frame[hits].itertuples() if hits.any() else iter(())


def _at_row(line, check, severity, value, reason, remedy):
    """Return a finding about one row."""
    return Finding(line.study, (line.Index,), check, severity, float(value), f"{reason}.", remedy)


def _at_pair(line, check, severity, value, reason, remedy):
    """Return a finding about a treatment row and its placebo row."""
    return Finding(line.study, (line.row_t, line.row_p), check, severity, float(value), f"{reason}.", remedy)


def _first_primary(paired):
    """Return the pairs of the primary time point; all of a trial that has none."""
    chosen = paired["primary"] == "yes"
    return paired[chosen | ~paired["study"].isin(paired["study"][chosen])]


def _printed_numbers(trials):
    """Return the columns that hold what is printed for pain: means, spreads and limits."""
    return trials[[*MEANS, *SPREADS, *LIMITS]]


def _signed(x):
    """Return a number with its sign, two decimals."""
    return number(x, sign=True)


def outside_scale(points):
    """Baseline plus change that ends outside the scale, where no final score is printed."""
    end = points["baseline_mean"] + points["change_mean"]
    slack = points["baseline_half"] + points["change_half"] + TINY
    found = []
    for line in _each(points.assign(end=end), points["final_mean"].isna() & ((end < -slack) | (end > POINTS + slack))):
        reason = (
            f"a baseline of {number(line.baseline_mean)} and a change of {_signed(line.change_mean)} end at "
            f"{number(line.end)} points, outside 0 to 10"
        )
        remedy = "Check the sign of the change, and scale_min and scale_max."
        found.append(_at_row(line, "outside the scale", "serious", line.end, reason, remedy))
    return found


def changes(points):
    """A printed change with its sign turned, or away from final minus baseline; a rise printed in every arm."""
    computed, change = points["final_mean"] - points["baseline_mean"], points["change_mean"]
    slack = points[[f"{score}_half" for score in ALL_SCORES]].sum(axis=1) + TINY
    lines = points.assign(computed=computed, gap=(change - computed).abs())
    apart = lines["gap"] > slack
    turned = apart & ((change + computed).abs() < lines["gap"])
    found = []
    for line in _each(lines, turned):
        reason = f"the change is {_signed(line.change_mean)} points, but final minus baseline {_signed(line.computed)}"
        remedy = "A change is final minus baseline: less pain is negative."
        found.append(_at_row(line, "wrong sign", "serious", line.change_mean, reason, remedy))
    for line in _each(lines, apart & ~turned & (lines["gap"] > GAP + TINY)):
        reason = (
            f"the printed change of {_signed(line.change_mean)} points is {number(line.gap)} away from final minus "
            f"baseline, {_signed(line.computed)}: other people, or an adjusted mean"
        )
        severity = "warning" if line.gap >= LARGE_GAP else "note"
        found.append(_at_row(line, "change disagrees with its means", severity, line.gap, reason, LOOK))
    return found + _rises(points[computed.isna() & change.notna() & (points["arm"] != "active")])


def _rises(alone):
    found = []
    for _, arms in alone.groupby("time", sort=False):
        if len(arms) > 1 and (arms["change_mean"] > RISE).all():
            values = _listed(map(_signed, arms["change_mean"]))
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
    for line in _each(trials, named[0].notna() & trials["scale_max"].notna() & differs):
        reason = f"the scale is called '{line.scale}' and its ends are {line.scale_min:g} and {line.scale_max:g}"
        found.append(
            _at_row(line, "scale in doubt", "warning", line.scale_max, reason, "Type the ends of the scale used.")
        )
    for study, rows in trials[trials["scale_max"].notna()].groupby("study", sort=False):
        spans = rows.drop_duplicates(["scale", "scale_min", "scale_max"])
        again = spans["scale"].duplicated(keep=False)
        if again.any():
            widths = _listed(
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
    lines = _first_primary(paired.assign(gap=gap, z=(gap / se).abs()))
    lines = lines[lines["design"] != "crossover"]
    found = []
    for line in _each(lines, (lines["gap"].abs() >= IMBALANCE - TINY) | (lines["z"] >= IMBALANCE_Z)):
        far = abs(line.gap) >= IMBALANCE - TINY and line.z >= FAR_IMBALANCE_Z
        in_se = f", {number(line.z, 1)} standard errors" if line.z == line.z else ""
        reason = (
            f"baselines of {number(line.baseline_mean_t)} (treatment) and {number(line.baseline_mean_p)} (placebo) "
            f"differ by {number(abs(line.gap))} points{in_se}"
        )
        remedy = "Use change or adjusted scores, not final scores alone."
        found.append(_at_pair(line, "baseline imbalance", "serious" if far else "warning", line.gap, reason, remedy))
    return found


def identical(paired):
    """Mean and SD equal in both arms to the printed digit."""
    found = []
    lines = _first_primary(paired)
    for score in ALL_SCORES:
        same = np.logical_and.reduce(
            [lines[f"{score}_{part}_t"] == lines[f"{score}_{part}_p"] for part in ("mean", "sd")]
        )
        for line in lines[same & (lines["design"] != "crossover")].itertuples():
            mean, sd = getattr(line, f"{score}_mean_t"), getattr(line, f"{score}_sd_t")
            reason = f"both arms have a {SCORES.get(score, score)} of {number(mean)} points with an SD of {number(sd)}"
            severity = "note" if score == "final" else "warning"
            found.append(_at_pair(line, "identical arms", severity, mean, reason, "Check that no row was copied."))
    return found


def contrasts(paired):
    """Contrasts that depend on the score, are too large to be true, or turn from one time to another."""
    change, final = (paired[f"{score}_mean_t"] - paired[f"{score}_mean_p"] for score in SCORES)
    lines, found = paired.assign(change=change, final=final, gap=(change - final).abs()), []
    for line in _each(lines, (lines["gap"] >= CONTRAST_GAP - TINY) & (lines["primary"] == "yes")):
        reason = (
            f"the arms differ by {_signed(line.change)} points in change and by {_signed(line.final)} in final score"
        )
        remedy = "Report both; outcome='final' shows the other."
        found.append(_at_pair(line, "change and final disagree", "warning", line.gap, reason, remedy))
    best = change.fillna(final).where(lines["scale"] != "percent change")
    for study, times in lines.assign(best=best).groupby("study", sort=False):
        if times["best"].max() >= TURN - TINY and times["best"].min() <= -TURN + TINY:
            ends = times.loc[[times["best"].idxmax(), times["best"].idxmin()]]
            rows = tuple(ends[["row_t", "row_p"]].to_numpy().ravel().tolist())
            high, low = ends["best"]
            reason = (
                f"the difference is {_signed(high)} points at one time and {_signed(low)} at another: are the arms "
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
    for line in _each(lines.assign(g=g, **parts), np.abs(g) > TOO_LARGE):
        reason = (
            f"a difference of {_signed(line.mean_t - line.mean_p)} points with SDs of {number(line.sd_t)} and "
            f"{number(line.sd_p)} is {number(abs(line.g), 1)} SDs, more than treatments of pain achieve"
        )
        severity = "serious" if abs(line.g) > FAR_TOO_LARGE else "warning"
        found.append(
            _at_pair(line, "difference too large", severity, line.g, reason, "Check SDs and means in the source.")
        )
    return found


def floor(points):
    """SDs above the mean: so many at the floor of the scale that mean and SD say little."""
    found = []
    for score in ("baseline", "final"):
        mean, sd = points[f"{score}_mean"], points[f"{score}_sd"]
        for line in _each(points.assign(mean=mean, sd=sd), (sd > mean) & (points["arm"] != "active")):
            name = SCORES.get(score, score)
            reason = f"the {name} of {number(line.mean)} points is smaller than its SD, {number(line.sd)}"
            more = ": little room for pain to fall" if score == "baseline" else ": many are at the floor of the scale"
            severity = "warning" if score == "baseline" else "note"
            found.append(
                _at_row(line, "floor effect", severity, line.mean, reason + more, "Read means with care; count people.")
            )
    return found


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


def _se_as_sd(lines, typed, name, score):
    grown, ceiling = lines["sd"] * lines["root"], np.inf
    if score == "change":  # its SD cannot exceed the sum of those of baseline and final score
        before = lines[f"{BASELINE}_sd"]
        ceiling = (before + lines["final_sd"]).fillna(CHANGE_TO_BASELINE * before).fillna(np.inf)
    hits = typed & (lines["sd"] < FAR_BELOW * lines["typical"]) & _ordinary(grown, lines["typical"])
    hits &= grown <= ceiling
    every = hits.groupby(lines["time"]).transform("sum") == typed.groupby(lines["time"]).transform("sum")
    found = []
    for line in _each(lines.assign(grown=grown, every=every), hits):
        reason = (
            f"the SD of the {name}, {number(line.sd)} points, is far below the {number(line.typical)} of other trials; "
            f"times the square root of n = {line.n} it is {number(line.grown)}, an ordinary SD"
        )
        severity = "serious" if line.every else "warning"
        remedy = f"If it is an SE, move it to {score}_se."
        found.append(_at_row(line, "SE entered as SD", severity, line.sd, reason, remedy))
    for line in _each(lines, typed & ~hits & (lines["sd"] < TOO_SMALL * lines["typical"])):
        reason = f"the SD of the {name} is {number(line.sd)} points; other trials have {number(line.typical)}"
        found.append(_at_row(line, "SD unusually small", "warning", line.sd, reason, LOOK))
    return found


def _ordinary(sd, typical):
    return sd.between(ORDINARY[0] * typical, ORDINARY[1] * typical)


def _sd_as_se(lines, typed, name, score):
    se, found = lines["sd"] / lines["root"], []
    hits = typed & (lines["sd"] > lines["typical"] / FAR_BELOW) & _ordinary(se, lines["typical"])
    for line in _each(lines.assign(se=se), hits):
        reason = (
            f"the SE of the {name}, {number(line.se)} points, makes an SD of {number(line.sd)}, far above the "
            f"{number(line.typical)} of other trials; as an SD it would be ordinary"
        )
        found.append(_at_row(line, "SD entered as SE", "warning", line.se, reason, f"If so, move it to {score}_sd."))
    return found


def together(points):
    """SDs of baseline, final score and change of the same people that cannot belong together, or hardly."""
    before, after, change = (points[f"{score}_sd"] for score in (BASELINE, "final", "change"))
    r = recover.correlation_from_sds(before, after, change, impossible="nan")
    found = []
    for line in _each(points, (before * after * change).notna() & np.isnan(r)):
        limits = interval(abs(line.baseline_sd - line.final_sd), line.baseline_sd + line.final_sd)
        reason = (
            f"the SD of the change is {number(line.change_sd)} points; with SDs of {number(line.baseline_sd)} before "
            f"and {number(line.final_sd)} after, no correlation makes it lie outside {limits}"
        )
        found.append(_at_row(line, "SDs do not fit", "serious", line.change_sd, reason, LOOK))
    ratio = change / before
    for line in _each(points.assign(ratio=ratio), (ratio > CHANGE_TO_BASELINE) & after.isna()):
        reason = (
            f"the SD of the change, {number(line.change_sd)} points, is {number(line.ratio, 1)} times that of the "
            f"baseline, {number(line.baseline_sd)}: pain would have to scatter far more after than before"
        )
        found.append(_at_row(line, "SDs do not fit", "warning", line.ratio, reason, LOOK))
    return found


def limits(trials):
    """Intervals that are not centred on their mean, or do not give the SD printed beside them with this n."""
    found = []
    for score in SCORES:
        low, high, mean, sd = (trials[f"{score}_{part}"] for part in ("ci_low", "ci_high", "mean", "sd"))
        half_low, half_high, half_mean, half_sd = (_half_units(x, trials["study"]) for x in (low, high, mean, sd))
        slack = (half_low + half_high) / 2
        off = ((low + high) / 2 - mean).abs()
        for line in _each(trials.assign(off=off, mean=mean, low=low, high=high), off > slack + half_mean + TINY):
            reason = (
                f"the mean {number(line.mean)} is not in the middle of its interval, {interval(line.low, line.high)}"
            )
            found.append(_at_row(line, "interval not centred", "note", line.off, reason, LOOK))
        made = recover.sd_from_ci(low, high, trials["n"], trials["ci_level"] / 100)
        share = slack / ((high - low) / 2)
        apart = (made - sd).abs() > half_sd + made * share + TINY
        for line in _each(trials.assign(made=made, sd=sd), apart):
            reason = (
                f"the SD is printed as {number(line.sd)}, but the interval gives {number(line.made)} with n = {line.n}"
            )
            found.append(
                _at_row(line, "SD and interval disagree", "warning", line.made, reason, "Check n and ci_level.")
            )
    return found


def contrast_limits(contrasts):
    """Reported differences whose interval is not centred, or implies an SD that no pain score has."""
    found = []
    low, high, mean = (contrasts[name] for name in ("ci_low", "ci_high", "difference"))
    half_low, half_high, half_mean = (_half_units(x, contrasts["study"]) for x in (low, high, mean))
    off = ((low + high) / 2 - mean).abs()
    for line in _each(contrasts.assign(off=off), off > (half_low + half_high) / 2 + half_mean + TINY):
        middle = interval(line.ci_low, line.ci_high)
        reason = f"the difference {number(line.difference)} is not in the middle of its interval, {middle}"
        found.append(_at_row(line, "interval not centred", "note", line.off, reason, LOOK))
    people = 1 / (1 / contrasts["n_treatment"] + 1 / contrasts["n_placebo"])
    se = recover.se_from_ci(low, high, contrasts["ci_level"] / 100)
    sd = se * np.sqrt(people) * POINTS / (contrasts["scale_max"] - contrasts["scale_min"])
    for line in _each(contrasts.assign(sd=sd), sd < FAR_BELOW * TYPICAL_SD):
        reason = f"the interval implies an SD of {number(line.sd)} points in each arm; {number(TYPICAL_SD)} is usual"
        found.append(_at_row(line, "SD unusually small", "warning", line.sd, reason, LOOK))
    return found


def people(trials, paired):
    """Arm sizes that were assumed or inferred, that differ much, or shrink differently."""
    found = []
    for study, rows in _trials_of(trials[trials["arm"] != "active"]):
        for basis, severity in (("assumed", "warning"), ("inferred", "note")):
            hit = rows[rows["n_basis"] == basis]
            if len(hit):
                values = ", ".join(f"{n} ({arm})" for arm, n in dict.fromkeys(zip(hit["arm"], hit["n"], strict=True)))
                quote = notes_of(hit, ABOUT_N)[0].rstrip(".;")
                reason = f"the n of {values} is {basis}, not read" + (f": '{quote}'." if quote else ".")
                remedy = "Look n up; the SE moves with its square root."
                found.append(
                    Finding(study, tuple(hit.index), f"n {basis}", severity, float(hit["n"].iloc[0]), reason, remedy)
                )
    lines = _first_primary(paired)
    ratio = lines[["n_t", "n_p"]].max(axis=1) / lines[["n_t", "n_p"]].min(axis=1)
    alone = ~lines["time"].duplicated(keep=False)
    for line in lines.assign(ratio=ratio)[(ratio >= SPLIT) & alone].itertuples():
        reason = f"{line.n_t} people beside {line.n_p}: an uneven split"
        found.append(_at_pair(line, "uneven split", "note", line.ratio, reason, "Check allocation and dropouts."))
    return found + _dropout(trials)


def _trials_of(trials):
    """Yield (study, rows) in the order of the file."""
    return trials.groupby("study", sort=False)


def _dropout(trials):
    found = []
    main = trials[trials["arm"] != "active"]
    for study, rows in main.groupby("study", sort=False):
        people = rows.groupby([*same_time(rows), rows["arm"]], sort=False)["n"].sum().unstack("arm")
        people = people.groupby(level=0, sort=False).agg(["first", "last"])
        lost = {arm: 1 - people[arm, "last"].iloc[0] / people[arm, "first"].iloc[0] for arm in ("treatment", "placebo")}
        gap = abs(lost["treatment"] - lost["placebo"])
        if gap >= DROPOUT - TINY:
            said = " and ".join(f"{percent(share)} ({arm})" for arm, share in lost.items())
            reason = f"from the first to the last time point {said} of the people are lost."
            found.append(Finding(study, tuple(rows.index), "unequal dropout", "warning", float(gap), reason, LOOK))
    return found


def said_in_notes(trials):
    """One finding per trial and kind of doubt that a note states, with the sentences quoted."""
    found = []
    for study, rows in _trials_of(trials):
        for check, pattern, remedy in NOTES:
            quote, where = notes_of(rows, pattern)
            weak = rows["control"].isin(["weak dose", "other"]).any() if check == "control not inert" else False
            if weak:
                where = tuple(rows.index)
                quote = quote or f"control: {rows['control'].iloc[0]}"
            if quote:
                reason = f"the note says '{quote.rstrip('.;')}'."
                if weak:
                    reason = f"the control is no inert placebo ({rows['control'].iloc[0]}): '{quote.rstrip('.;')}'."
                found.append(Finding(study, where, check, "warning", np.nan, reason, remedy))
    return found


def certainty(trials):
    """Trials whose rows are called doubtful or were read in someone else's table; the note is quoted."""
    found = []
    for study, rows in _trials_of(trials):
        for word, (severity, check, remedy) in CERTAINTY.items():
            hit = rows[rows["certainty"] == word]
            if len(hit):
                notes = " ".join(dict.fromkeys(hit["note"].dropna())).rstrip(".")
                reason = "the values are called doubtful" + (f": '{notes}'." if notes else ".")
                if word == "second-hand":
                    reason = f"read in someone else's table: {hit['source'].iloc[0]}."
                found.append(Finding(study, tuple(hit.index), check, severity, np.nan, reason, remedy))
    return found


def designs(trials, paired):
    """What the way a trial is built asks of an analysis: a shared placebo arm, paired periods."""
    found = []
    for _, lines in paired.groupby("time", sort=False):
        if len(lines) > 1:
            first, rows = lines.iloc[0], (*lines["row_t"], lines["row_p"].iloc[0])
            reason = f"one placebo arm (n = {first['n_p']}) serves {len(lines)} treatment arms."
            remedy = "Combine or split (multi_arm); never count it once for each."
            found.append(Finding(first["study"], rows, "shared placebo arm", "note", float(len(lines)), reason, remedy))
    crossed = trials[(trials["design"] == "crossover") & trials[list(MEANS)].notna().any(axis=1)]
    for study, rows in _trials_of(crossed):
        reason = "the same people had both; the SD of the paired difference has no column, so a correlation is assumed."
        remedy = "Vary crossover_correlation."
        found.append(Finding(study, tuple(rows.index), "crossover without paired SD", "note", np.nan, reason, remedy))
    return found


def missing_spread(paired):
    """Primary means without any SD, SE or interval: the SD must be imputed."""
    found = []
    lines = paired[(paired["primary"] == "yes") & (paired["scale"] != "percent change")]
    for line in lines.itertuples():
        has = {}
        for part in ("mean", "sd"):
            has[part] = {
                score: all(pd.notna(getattr(line, f"{score}_{part}_{arm}")) for arm in "tp")
                for score in ("baseline", "final", "change")
            }
        means = has["mean"]["final"] or has["mean"]["change"]
        spread = any(has["mean"][s] and has["sd"][s] for s in ("final", "change"))
        if means and not spread:
            reason = "means without an SD, SE or interval: the SD must be imputed, and with it the weight"
            remedy = "Ask the authors, or compare missing_sd='impute' with 'drop'."
            found.append(_at_pair(line, "SD to be imputed", "warning", np.nan, reason, remedy))
    return found


def twice(trials):
    """One trial under two ids: the same doi or pmid, the same author, year and n, or the same numbers."""
    first = primary_arms(trials)
    first = pd.concat([first, trials[~trials["study"].isin(first["study"])]])
    keys = {"doi": {}, "pmid": {}, "author, year and n": {}, "numbers": {}}
    for study, rows in _trials_of(first):
        for name in ("doi", "pmid"):
            keys[name][study] = next((str(x).strip().lower() for x in rows[name].dropna()), None)
        about = (str(rows["author"].iloc[0]).lower(), rows["year"].iloc[0], tuple(sorted(rows["n"])))
        keys["author, year and n"][study] = about
        values = rows.sort_values("arm")[["n"]].join(_printed_numbers(rows)).to_numpy(dtype=float)
        known = values[~np.isnan(values)]
        means = _printed_numbers(rows).notna().to_numpy().sum()
        keys["numbers"][study] = tuple(known) if means >= 4 else None
    found, seen = [], set()
    for name, values in keys.items():
        table = pd.Series(values, dtype=object).dropna()
        for value, same in table.groupby(table.map(repr), sort=False):
            studies = tuple(same.index)
            if len(studies) > 1 and studies not in seen:
                seen.add(studies)
                rows = tuple(trials.index[trials["study"].isin(studies)])
                shown = f" ({value.strip(chr(39))})" if name in ("doi", "pmid") else ""
                reason = f"{_listed(studies)} have the same {name}{shown}: is it one trial?"
                severity = "warning" if name.startswith("author") else "serious"
                remedy = "Keep one id; enter other time points and arms under it."
                found.append(Finding(studies[-1], rows, "same trial twice", severity, np.nan, reason, remedy))
    return found
