"""Names of choices and options, caption, footer and alternative text of the specification curve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plots import _style as style
from analysis.plots._cells import decimals
from analysis.plots._key import area_entry
from analysis.plots._words import sentences
from analysis.text import interval, level, number, percent

SHARE_HEAD = ("Interval", "excludes 0")
MEAN_HEAD = ("Mean", "estimate")
FINDINGS = {"below zero": "TEAL", "includes zero": "FAINT", "above zero": "ORANGE"}  # and the names of their colours
PRINTED = {
    "Choice": ("text_choice",),
    "Option": ("text_option",),
    "Combinations": ("text_n",),
    "Mean estimate": ("text_mean",),
    "Interval excludes 0": ("text_share",),
}
CHOICES = {
    "All": "All combinations",
    "correlation": "Correlation, start and end",
    "crossover_correlation": "Correlation, two periods",
    "missing_sd": "Missing SDs",
    "outcome": "Score preferred",
    "tau2_method": "τ² estimator",
    "ci_method": "Interval",
    "doubtful": "Doubtful trials",
    "second_hand": "Read second-hand",
    "single_session": "Single sessions",
    "contrast_rows": "Reported differences",
}
OPTIONS = {
    "include": "included",
    "exclude": "left out",
    "drop": "trial left out",
    "impute": "borrowed, pooled",
    "impute-median": "borrowed, median",
    "impute-largest": "borrowed, largest",
    "CE": "common effect",
    "t": "Wald, t(k−1)",
    "z": "Wald, normal",
    "HKSJ": "HKSJ",
    "HKSJ-mod": "HKSJ, floored",
    "final": "final",
    "change": "change",
}


@dataclass(frozen=True, eq=False)
class About:
    """What the words are about: analyses in the order of the curve, options, axis, bins, level and decimals."""

    ordered: pd.DataFrame
    options: pd.DataFrame
    limits: tuple
    bins: int
    level: float
    asked: int
    digits: int

    def count(self, finding):
        """Return how many intervals lie "below zero", "above zero", or which "includes zero"."""
        return int((self.ordered["finding"] == finding).sum())


def colours_of():
    """Return the colour of every finding in the theme."""
    return {finding: getattr(style, name) for finding, name in FINDINGS.items()}


def level_of(analyses):
    """Return the confidence level of the analyses: a column, or what multiverse noted beside the table."""
    if "confidence_level" in analyses:
        return float(analyses["confidence_level"].iloc[0])
    return analyses.attrs.get("confidence_level", 0.95)


def choice_text(name):
    """Return a choice in words."""
    return CHOICES.get(name, str(name).replace("_", " ").capitalize())


def option_text(value, digits=None):
    """Return an option in words, numbers with as many decimals as asked for or as they have."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        return number(value, decimals(value) if digits is None else digits)
    return OPTIONS.get(value, str(value))


def option_digits(values):
    """Return the decimals that all numbers among the options of a choice need."""
    numbers = [v for v in values if isinstance(v, int | float | np.number) and not isinstance(v, bool)]
    return max(map(decimals, numbers), default=0)


def option_rank(value):
    """Return the key that sorts the options of a choice: numbers by size, words as they come."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return (0, float(value)) if is_number else (1, 0.0)


def default_label(about):
    """Return the default analysis in words, empty where none is marked."""
    row = about.ordered[about.ordered["default"]].iloc[:1]
    if not len(row):
        return ""
    row = row.iloc[0]
    limits = interval(row["ci_low"], row["ci_high"], about.digits)
    return f"default analysis: {number(row['estimate'], about.digits)} ({level(about.level)} CI {limits})"


def key(about):
    """Return the entries of the key."""
    texts = {
        "below zero": "interval below zero: less pain with treatment",
        "includes zero": "interval includes zero",
        "above zero": "interval above zero: more pain with treatment",
    }
    return [
        area_entry(text, colours_of()[finding], gid=f"key-{finding.replace(' ', '-')}")
        for finding, text in texts.items()
        if about.count(finding)
    ]


def found(about):
    """Return what the analyses found, in one sentence."""
    n, different = len(about.ordered), about.ordered["analysis"].nunique()
    estimate, above = about.ordered["estimate"], about.count("above zero")
    out = n - about.count("includes zero")
    again = f" ({number(different, 0)} different analyses)" if different < n else ""
    sides = f" ({number(out - above, 0)} with less pain under treatment, {number(above, 0)} with more)" if above else ""
    return sentences(
        f"{number(n, 0)} combinations of choices{again} put the pooled difference between "
        f"{number(estimate.min(), about.digits)} and {number(estimate.max(), about.digits)} points; the "
        f"{level(about.level)} interval excludes zero in {percent(out / n)} of them{sides}"
    )


def footer(about, by_effect):
    """Return the paragraphs that say what was drawn."""
    n, at = number(len(about.ordered), 0), level(about.level)
    outside = (about.ordered["ci_low"] < about.limits[0]) | (about.ordered["ci_high"] > about.limits[1])
    if about.bins:
        size = number(len(about.ordered) / about.bins, 0)
        marks = (
            f"curve: estimates of {n} combinations of choices, sorted; bands, for every {size} neighbours: "
            f"inside all of their {at} confidence intervals (inner) and as far as any of them reaches (outer)",
            "rows: share of these neighbours that took the option, the full height being all of them",
        )
    else:
        marks = (
            f"{n} combinations of choices, sorted by estimate; lines: {at} confidence intervals; circles: estimates",
            "rows: one mark under every combination that took the option",
        )
    beyond = "1 interval ends" if outside.sum() == 1 else f"{number(outside.sum(), 0)} intervals end"
    cut = f"{beyond} beyond the axis" if outside.any() else ""
    gone = about.asked - len(about.ordered)
    ends = (
        "choices stand in the order in which they move the mean estimate, all else equal" if by_effect else "",
        "diamond, dashed line and bold type: the default analysis" if about.ordered["default"].any() else "",
        "the analyses share their trials: how many intervals exclude zero describes them and is no test",
    )
    return [sentences(*marks, cut, f"No interval, so not drawn: {number(gone, 0)}" if gone else ""), sentences(*ends)]


def alt_text(title, about):
    """Return what the figure shows to someone who cannot see it."""
    options = about.options[about.options["kind"] == "option"]
    choices = [choice_text(name) for name in dict.fromkeys(options["choice"])]
    return sentences(
        f"Specification curve: {title}",
        found(about),
        default_label(about),
        f"Choices from top to bottom: {', '.join(choices)}",
    )
