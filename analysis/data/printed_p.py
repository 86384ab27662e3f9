"""A printed p between the arms of a trial, read from the words in which papers give it."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import recover
from analysis._types import Values
from analysis.data.dictionary import same_time

#: How an SD that a p tells was found.
FROM_P = "from the p between the arms"

# The p that papers call significance.
LINE = 0.05

# Words about a printed p: of another test than Welch's, and of a p that is not between the arms.
OTHER_TEST = (
    r"mann.?whitney|wilcoxon|\brank|an[c]?ova\b|adjust|scheff|dunnett|bonferroni|tukey|interaction|"
    r"repeated.measures|\bmixed\b|regression"
)
NOT_BETWEEN = r"within|respon|event|baseline"

_PRINTED_P = re.compile(
    r"\s*(?:p\s*)?(?:value\s*)?([<>=≤≥]?)\s*(0?[.,]\d+|[01](?:\.0*)?(?![\d.]))"
    r"(?!\d|e-?\d|\s*(?:-|\u2013|to|x|\u00d7)\s*[\d.]|\s*%)\s*(?:\(([^)]*)\))?([^;,]*)",
    re.I,
)

# Between these an exact p tells a spread: a smaller one is as a rule a bound, and with a larger one the difference is
# so far within chance that its rounding decides.
LOWEST, HIGHEST = 0.0001, 0.9
# Points between the means: rounded to one decimal on 0-10, their difference is uncertain by 0.1.
NEAR_ZERO = 0.2

# All words that may stand beside a p of a t test, or of no test in particular; those of one design only.
_OF_A_T_TEST = {"t", "test", "tests", "student", "students", "s", "two", "2", "sided", "tailed", "sample", "samples"}
_INDEPENDENT, _PAIRED = {"unpaired", "independent"}, {"paired"}
_ONE_SIDED = r"\b(?:one|1).(?:sided|tailed)"

_NOT_SIGNIFICANT = re.compile(
    r"\bnot\s+(?:statistically\s+)?significant|\bn\.?\s?s\b\.?|\bno\s+(?:significant\s+)?difference", re.I
)


class PrintedP(NamedTuple):
    """A printed p as the interval in which it lies, and what stands in brackets behind it."""

    low: float
    high: float
    about: str


def read_p(text: str) -> PrintedP | None:
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
    found = _PRINTED_P.match(text)
    if found is None:
        return PrintedP(LINE, 1.0, "") if _NOT_SIGNIFICANT.search(text) else None
    relation, digits, about = found[1], found[2].replace(",", "."), found[3] or ""
    if re.search(NOT_BETWEEN, f"{about} {found[4]}", re.IGNORECASE):
        return None
    p, half = float(digits), 0.5 * 10.0 ** -len(digits.partition(".")[2])
    if relation in ("<", "≤"):
        return PrintedP(0.0, p, about)
    if relation in (">", "≥"):
        return PrintedP(p, 1.0, about)
    return PrintedP(max(p - half, 0.0), min(p + half, 1.0), about)


def exact_p(text: str, note: str = "", *, paired: bool = False) -> float:
    """Return a printed p from which a spread may be worked out; NaN if it is a bound, or not of a two-sided t test.

    Parameters
    ----------
    text : str
        A cell of `p_between`. Beside the value nothing may stand but "t test" and words that go with it.
    note : str, optional
        What is noted beside; a p is not used where it speaks of another test, or of a one-sided one.
    paired : bool, optional
        Whether the same people had both (a crossover trial): then "unpaired" is another test, else "paired" is.

    Returns
    -------
    float

    Examples
    --------
    >>> exact_p("0.039"), exact_p("= .04 (unpaired t test)"), exact_p("0.04 (unpaired t test)", paired=True)
    (0.039, 0.04, nan)
    >>> exact_p("<0.05"), exact_p("0.04 (ANCOVA)"), exact_p("0.04 (pain), 0.01 (global)")
    (nan, nan, nan)
    """
    found = _PRINTED_P.match(text) if isinstance(text, str) else None
    if found is None or found[1] not in ("", "="):
        return math.nan
    words = set(re.findall(r"\w+", text[found.end(2) :].lower()))
    other = isinstance(note, str) and re.search(f"{OTHER_TEST}|{_ONE_SIDED}", note, re.IGNORECASE)
    if other or words - _OF_A_T_TEST - (_PAIRED if paired else _INDEPENDENT):
        return math.nan
    return float(found[2].replace(",", "."))


def usable_p(rows: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons of two arms whose printed p tells a spread.

    Parameters
    ----------
    rows : pandas.DataFrame
        Treatment and placebo rows of a checked trials table.
    means : pandas.DataFrame
        Mean of each row (index) and score (column "change", "final") in points, printed or computed.

    Returns
    -------
    pandas.DataFrame
        One line per comparison: row_t, row_p, study, design, score, `difference` (points), p, n_t, n_p. Those of one
        treatment and one placebo arm with an exact p from 0.0001 to below 0.9, at least 0.2 points apart, where
        both arms have a change or a final score and not both: else the p may be of either.
    """
    places: dict[tuple[int, str], list[int]] = {}
    for at, key in enumerate(zip(same_time(rows), rows["arm"].to_numpy(), strict=True)):
        places.setdefault(key, []).append(at)
    pairs = [(own, places.get((time, "placebo"), [])) for (time, arm), own in places.items() if arm == "treatment"]
    pairs = [(*own, *other) for own, other in pairs if len(own) == len(other) == 1]
    t, p = np.array(pairs, dtype=int).reshape(-1, 2).T
    mean = means.reindex(rows.index).to_numpy(dtype=float)
    difference = mean[t] - mean[p]
    known = ~np.isnan(difference)
    one, which = known.sum(axis=1) == 1, known.argmax(axis=1)
    found = rows.iloc[t][["study", "design"]].assign(row_t=rows.index[t], row_p=rows.index[p])
    found["score"], found["difference"] = means.columns[which], difference[np.arange(len(t)), which]
    text, note, n = (rows[name].to_numpy() for name in ("p_between", "note", "n"))
    cells = zip(text[t], note[t], found["design"] == "crossover", strict=True)
    found["p"] = np.array([exact_p(text, note, paired=paired) for text, note, paired in cells], dtype=float)
    found["n_t"], found["n_p"] = n[t], n[p]
    usable = one & (found["p"] >= LOWEST) & (found["p"] < HIGHEST) & (found["difference"].abs() >= NEAR_ZERO)
    return found[usable & (pd.isna(text[p]) | (text[t] == text[p])) & (n[t] > 1) & (n[p] > 1)]


def paired_correlation(difference: ArrayLike, p: ArrayLike, n: ArrayLike, sd_t: ArrayLike, sd_p: ArrayLike) -> Values:
    """Return the correlation between two periods with which a paired t test gives the printed p.

    Parameters
    ----------
    difference, p, n, sd_t, sd_p : array_like
        Difference of the means, the two-sided p, the people who had both, and the SDs in the two periods.

    Returns
    -------
    float or numpy.ndarray
        NaN where no correlation gives that p.

    Notes
    -----
    The standard error of the difference from p on n - 1 degrees of freedom, times the root of n, is the SD of the
    differences within people, and the correlation follows from it and the two SDs (Higgins, Eldridge & Li, Cochrane
    Handbook, chapter 23, section 23.2.7).

    Examples
    --------
    >>> print(f"{paired_correlation(-0.7, 0.08, 27, 2.1, 2.2):.2f}")
    0.57
    """
    n = np.asarray(n, dtype=float)
    sd_pair = recover.se_from_p(difference, p, df=n - 1) * np.sqrt(n)
    return recover.correlation_from_sds(sd_t, sd_p, sd_pair, impossible="nan")


def paired_sd(difference: ArrayLike, p: ArrayLike, n: ArrayLike, correlation: ArrayLike) -> Values:
    """Return the SD in each of two periods, if it is the same, with which a paired t test gives the printed p.

    Parameters
    ----------
    difference, p, n : array_like
        Difference of the means, the two-sided p, and the people who had both.
    correlation : array_like
        Between the periods. With it, the paired variance of the difference is what the p tells, whatever it is.

    Returns
    -------
    float or numpy.ndarray

    Notes
    -----
    The SD of the differences within people, as in :func:`paired_correlation`, over the root of 2 (1 - correlation)
    (Higgins, Eldridge & Li, Cochrane Handbook, chapter 23, section 23.2.7).

    Examples
    --------
    >>> print(f"{paired_sd(-0.7, 0.08, 27, 0.57):.2f}")
    2.15
    """
    n, r = np.asarray(n, dtype=float), np.asarray(correlation, dtype=float)
    return recover.se_from_p(difference, p, df=n - 1) * np.sqrt(n / (2 * (1 - r)))


def period_correlations(rows: pd.DataFrame, scores: pd.DataFrame) -> dict[Any, float]:
    """Return the correlation between the periods of each crossover trial whose printed p tells one.

    Parameters
    ----------
    rows : pandas.DataFrame
        Treatment and placebo rows at the primary time points.
    scores : pandas.DataFrame
        From :func:`analysis.data.arm_scores.arm_scores`: the arms must have SDs of their own.

    Returns
    -------
    dict of str to float
        By `comparison` of `scores`. From 0 to below 1: with any other correlation the p is hardly that of a paired
        test.
    """
    # An SD that rests on an assumed correlation tells none, nor does one that was made of the p.
    own = ~scores["correlated"] & ~scores["sd_rule"].str.startswith(FROM_P)
    known = scores.assign(sd=scores["sd"].where(own))
    wide = known.pivot(index="row", columns="score", values=["mean", "sd"])
    found = {}
    if wide.empty:
        return found
    usable = usable_p(rows, wide["mean"][["change", "final"]])
    for at in usable[usable["design"] == "crossover"].itertuples():
        sds = [wide["sd", at.score][row] for row in (at.row_t, at.row_p)]
        r = float(paired_correlation(at.difference, at.p, at.n_t, *sds))
        if 0 <= r < 1:
            found[scores["comparison"][scores["row"] == at.row_t].iat[0]] = r
    return found
