"""What the lint of a trials table looks at: every row in points, every treatment row beside its placebo row."""

import re
from typing import NamedTuple

import numpy as np

from analysis.arm_scores import BASELINE, POINTS, SCORES, arm_scores
from analysis.dictionary import LIMITS, MEANS, SPREADS
from analysis.schema import same_time

ALL_SCORES = (BASELINE, *SCORES)
ABOUT = "study design scale n arm arm_label week timepoint primary p_between note".split()
LOOK = "Look it up in the source."
TINY = 1e-9  # decimal fractions such as 6.5 - 5.4 are not exact in the computer


class Finding(NamedTuple):
    """One line of the audit, before it is given its label."""

    study: str
    rows: tuple
    check: str
    severity: str
    value: float
    reason: str
    remedy: str


def each(frame, hits):
    """Iterate over the lines of a frame in which a test hits."""
    hits = np.asarray(hits, dtype=bool)
    return frame[hits].itertuples() if hits.any() else iter(())


def at_row(line, check, severity, value, reason, remedy):
    """Return a finding about one row."""
    return Finding(line.study, (line.Index,), check, severity, float(value), f"{reason}.", remedy)


def at_pair(line, check, severity, value, reason, remedy):
    """Return a finding about a treatment row and its placebo row."""
    return Finding(line.study, (line.row_t, line.row_p), check, severity, float(value), f"{reason}.", remedy)


def half_units(values, study):
    """Return half a unit of the last digit printed in a column, trial by trial: 0.05 where 3.9 and 4.0 are printed."""
    shown = values.map(lambda x: f"{x:.10f}".rstrip("0"), na_action="ignore")
    digits = shown.map(lambda text: len(text.partition(".")[2]), na_action="ignore").astype(float)
    return 0.5 * 10.0 ** -digits.groupby(study).transform("max")


def printed_scores(trials, shift=0):
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
    wide = printed_scores(trials)
    factor = POINTS / (trials["scale_max"].fillna(POINTS) - trials["scale_min"].fillna(0.0))
    out = trials[ABOUT].assign(time=trials.groupby(same_time(trials), dropna=False, sort=False).ngroup())
    for score in ALL_SCORES:
        out[f"{score}_mean"], out[f"{score}_sd"] = wide["mean", score], wide["sd", score]
        out[f"{score}_half"] = half_units(trials[f"{score}_mean"], trials["study"]) * factor
    return out


def _rounded(rows, shift):
    """Move every SD and SE, and the limits of every interval, by half a unit: inwards (-1) or outwards (1)."""
    moved = {}
    for name in (*SPREADS, *LIMITS) if shift else ():
        half = half_units(rows[name], rows["study"]) * (-shift if name.endswith("low") else shift)
        moved[name] = rows[name] + half
        if name in SPREADS:
            moved[name] = moved[name].clip(lower=rows[name] * TINY)
        elif shift < 0:
            kind = name.rpartition("_")[0]
            middle = (rows[f"{kind}_low"] + rows[f"{kind}_high"]) / 2
            moved[name] = moved[name].clip(**{"upper" if name.endswith("low") else "lower": middle})
    return rows.assign(**moved)


def pairs(points):
    """Set every treatment row beside the placebo row of the same trial and time; columns end in _t and _p."""
    points = points.assign(row=points.index)
    placebo = points[points["arm"] == "placebo"].drop(columns=["study", "design", "primary", "scale", "note"])
    return points[points["arm"] == "treatment"].merge(placebo, on="time", suffixes=("_t", "_p"))


def first_primary(paired):
    """Return the pairs of the primary time point; all of a trial that has none."""
    chosen = paired["primary"] == "yes"
    return paired[chosen | ~paired["study"].isin(paired["study"][chosen])]


def printed_numbers(trials):
    """Return the columns that hold what is printed for pain: means, spreads and limits."""
    return trials[[*MEANS, *SPREADS, *LIMITS]]


def sentences(note, pattern):
    """Return the sentences of a note in which a pattern stands, as one quotation; "" if there is none."""
    found = [s for s in re.split(r"(?<=[.;])\s+", note) if re.search(pattern, s, re.IGNORECASE)]
    return " ".join(found).strip()


def notes_of(rows, pattern):
    """Return the sentences about a pattern in the notes of a trial's rows, and the rows they stand in."""
    found = {row: sentences(note, pattern) for row, note in rows["note"].fillna("").items()}
    rows = tuple(row for row, text in found.items() if text)
    return " ".join(dict.fromkeys(found[row] for row in rows)), rows


def listed(items):
    """Return "a, b and c"."""
    items = [str(item) for item in dict.fromkeys(items)]
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def row_words(rows):
    """Return "row 4" or "rows 4 and 5"."""
    return f"row{'s' if len(rows) > 1 else ''} {listed(rows)}"
