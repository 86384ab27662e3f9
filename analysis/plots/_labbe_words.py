"""Caption, footer and alternative text of the L'Abbé plot."""

import pandas as pd

from analysis.plots import _words as words
from analysis.plots._cells import decimals
from analysis.text import counted, interval, number

AXES = ("Change in the placebo arm, points on 0–10", "Change in the treatment arm, points on 0–10")
SHARP = (
    "No line is fitted: effect and change under placebo share a term, so that a slope says nothing about whether a "
    "larger placebo response goes with a larger effect (Sharp 1996, BMJ 313:735)"
)
level_of = words.level_of


def printed(by):
    """Return the headings of the table for readers."""
    group = {} if by is None else {by.replace("_", " ").capitalize(): ("group",)}
    return {
        "Trial": ("text_name",),
        **group,
        "Change, placebo": ("text_placebo",),
        "Change, treatment": ("text_treatment",),
        "Difference": ("text_contrast",),
        "Weight": ("text_weight",),
    }


def band(zone):
    """Return what the band is, in short."""
    ends = " to ".join(number(-x, decimals(x)) for x in reversed(zone))
    return f"{ends} points less pain than under placebo: smallest worthwhile difference"


def pooled_sentence(table, digits):
    """Return the pooled means and the pooled contrast with their intervals."""
    row = table[table["kind"] == "total"].iloc[0]
    at = words.level_of(table)

    def one(arm):
        limits = interval(row[f"{arm}_low"], row[f"{arm}_high"], digits)
        return f"{number(row[f'{arm}_estimate'], digits)} ({at} CI {limits})"

    return (
        f"Pooled means: {one('placebo')} points in the placebo arms and {one('treatment')} in the treatment arms "
        f"({counted(row['placebo_k'])}); pooled difference {one('contrast')} ({counted(row['contrast_k'])})"
    )


def opening(title, table, digits):
    """Return how the caption begins."""
    return [words.sentences(title), words.sentences(pooled_sentence(table, digits))]


def footer(arms, table, *, by, zone, digits, note):
    """Return the paragraphs that say what was drawn and computed."""
    trials, row = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    marks = (
        "one mark per trial, area proportional to its weight in the pooled difference down to a smallest size, hollow "
        "where an SD was imputed; line: no difference, vertical distance from it: difference of the two changes"
    )
    gaps = (trials["treatment_estimate"] - trials["placebo_estimate"] - trials["contrast_estimate"]).abs() > 1e-6
    final = f"Weights rest on the difference of final scores in {counted(gaps.sum())}" if gaps.any() else ""
    missing = row["contrast_k"] - len(trials)
    absent = f"Baseline not reported, so not drawn, but in the pooled difference: {counted(missing)}" if missing else ""
    lines = [
        words.sentences(
            marks,
            words.zone_sentence(zone, "points", lambda x: number(x, decimals(x))),
            _groups_sentence(trials, by),
            absent,
            final,
        ),
        words.sentences(_pooled_words(arms, table)),
        words.sentences(SHARP),
        words.sentences(note),
    ]
    return [line for line in lines if line]


def _pooled_words(arms, table):
    """Return what the diamond and its cross are, and where the weights come from."""
    at, joint = words.level_of(table), getattr(arms, "joint", None)
    ci = words.REFERENCE.get(arms.contrast.ci_method, arms.contrast.ci_method)
    how = f"each arm on its own, intervals by {ci}"
    if joint is not None:
        how = f"bivariate random-effects model by {joint.method}, intervals by {words.REFERENCE.get(joint.ci_method)}"
    return (
        f"Diamond and cross: pooled means with {at} confidence intervals, {how}; arrowhead: interval leaves the panel. "
        f"Weights: {words.model_name(arms.contrast)[0].lower()}{words.model_name(arms.contrast)[1:]}"
    )


def _groups_sentence(trials, by):
    """Return what the shape "other groups" holds, if there is one."""
    if by is None:
        return ""
    others = [set(members["group"]) for _, members in trials.groupby("look") if members["group"].nunique() > 1]
    return f"Other groups: {', '.join(sorted(others[0]))}" if others else ""


def alt_text(title, table, digits):
    """Return what the figure shows to someone who cannot see it."""
    trials = table[table["kind"] == "trial"]
    below = number((trials["treatment_estimate"] < trials["placebo_estimate"]).sum(), 0)
    spans = [
        f"{arm} arms from {interval(trials[f'{arm}_estimate'].min(), trials[f'{arm}_estimate'].max(), digits)}"
        for arm in ("placebo", "treatment")
    ]
    return words.sentences(
        f"L'Abbé plot: {title}",
        f"{counted(len(trials)).capitalize()}, change in {' and in '.join(spans)} points",
        f"{below} of {number(len(trials), 0)} lie below the line of no difference: less pain under treatment",
        pooled_sentence(table, digits),
    )


def with_reference_rows(table, zone, lines):
    """Append the numbers behind line and band, and the footer, below the rows of the figure."""
    extra = [{"kind": "reference", "name": "no difference", "contrast_estimate": 0.0}]
    if zone:
        ends = {"contrast_low": zone[0], "contrast_high": zone[1]}
        extra.append({"kind": "zone", "name": "smallest worthwhile difference", **ends})
    extra += [{"kind": "footer", "name": line} for line in lines]
    return pd.concat([table, pd.DataFrame(extra)], ignore_index=True)
