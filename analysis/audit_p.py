"""Printed p values beside those that the printed means and SDs give, by Welch's test."""

import math
import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr

from analysis import effects, recover
from analysis.arm_scores import SCORES
from analysis.audit_facts import Finding, in_points, pairs, printed_scores, sentences
from analysis.text import number, pvalue

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
    return _table(trials, pairs(in_points(trials)))


def _table(trials, paired):
    ends = {shift: printed_scores(trials, shift)["sd"] for shift in (-1, 1)}
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
    table = _table(trials, paired)
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
