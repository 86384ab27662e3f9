"""Captions, footers and alternative texts of the drapery plot."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plots import _words as words
from analysis.text import counted, equals, interval, level, number

PRINTED = {
    "Trial": ("text_name",),
    "Estimate": ("text_estimate",),
    "Interval": ("text_interval",),
    "p for no difference": ("text_pvalue",),
}


@dataclass(frozen=True, eq=False)
class About:
    """What the words are about: the pooled result, the table of the figure, and how numbers are written."""

    pooled: object
    table: pd.DataFrame
    lines: tuple
    x_label: str
    unit: str
    ratio: bool
    digits: int
    left_out: object = None

    @property
    def level(self):
        """Return the level of the pooled interval, as "95%"."""
        return level(self.pooled.confidence_level)

    def show(self, value):
        """Return an effect on the scale on which it is read."""
        return float(np.exp(value)) if self.ratio else float(value)


def p_text(p):
    """Return a p value that marks a line, such as "0.05", with the digits it has."""
    return number(p, len(f"{p:.10g}".partition(".")[2]))


def finding(about):
    """Return the pooled result in words."""
    pooled = about.pooled
    points = "" if about.ratio else about.unit.split(" on ")[0]
    ends = interval(about.show(pooled.ci.low), about.show(pooled.ci.high), about.digits)
    estimate = f"{number(about.show(pooled.estimate), about.digits)} {points}".rstrip()
    expected = ""
    if np.isfinite(pooled.pi.low):
        limits = interval(about.show(pooled.pi.low), about.show(pooled.pi.high), about.digits)
        expected = f"{about.level} prediction interval for a new trial: {limits}"
    trials = counted(pooled.k)
    result = f"Pooled: {estimate} ({about.level} CI {ends}; {trials}), p {equals(pooled.pvalue)} for no difference"
    return words.sentences(result, expected, _common_sentence(about))


def _common_sentence(about):
    rows = about.table[about.table["kind"] == "common"]
    if not len(rows):
        return ""
    row = rows.iloc[0]
    return f"Common effect: {row['text_estimate']} ({about.level} CI {row['text_interval']})"


def footer(about, note):
    """Return the paragraphs below the figure."""
    pooled = about.pooled
    points = "(log scale)" if about.ratio else about.unit.split(" on ")[0]
    parts = ["thin: one trial", "bold: pooled result"]
    if np.isfinite(pooled.pi.low):
        parts.append("area: prediction of a new trial")
    if (about.table["kind"] == "common").any():
        parts.append("dashed: common effect, normal distribution")
    marked = p_text(about.lines[0])
    lines = [
        finding(about),
        words.sentences(
            "A curve gives the two-sided p value of every possible effect; where it crosses the line of a p value, the "
            f"interval of the level on the right ends; dots: the {about.level} confidence interval (p = {marked})",
            "; ".join(parts),
        ),
        words.sentences(
            words.model_sentence(pooled),
            words.heterogeneity_sentence(pooled, points, about.digits),
            words.left_out_sentence(about.left_out),
            _narrow(pooled),
        ),
        words.sentences(note),
    ]
    return [line for line in lines if line]


def _narrow(pooled):
    return "The HKSJ interval is narrower than the Wald interval, to be read with care" if pooled.hksj_narrower else ""


def alt_text(title, about):
    """Return what the figure shows to someone who cannot see it."""
    trials = about.table[about.table["kind"] == "trial"]
    spread = interval(about.show(trials["estimate"].min()), about.show(trials["estimate"].max()), about.digits)
    clear = number((trials["pvalue"] < 1 - about.pooled.confidence_level).sum(), 0)
    return words.sentences(
        f"Drapery plot: {title}",
        f"p-value curves of {counted(len(trials))}, estimates from {spread}",
        f"{clear} of {number(len(trials), 0)} have p below {p_text(about.lines[0])} for no difference",
        finding(about).rstrip("."),
    )
