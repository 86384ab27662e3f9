"""Words of the radial plot: titles, key, footer, caption and alternative text."""

from dataclasses import replace

from analysis.plots import _words
from analysis.plots._studies import lower, model_sentence, pooled_sentence, spread_sentence
from analysis.text import counted, level, number

PRINTED = {
    "Trial": ("text_name",),
    "Effect": ("text_estimate",),
    "Precision": ("text_precision",),
    "Effect × precision": ("text_z",),
}


def with_pooled(studies, pooled):
    """Return the same studies with another pooled effect."""
    return replace(studies, pooled=pooled)


def title(studies):
    """Return the title where none is given."""
    return f"Radial plot: {lower(studies.name)} in {counted(studies.pooled.k)}"


def _random(studies):
    return studies.pooled.k > 1 and studies.pooled.tau2 > 0


def axes(studies):
    """Return the titles of the level and the upright axis."""
    what = "log ratio" if studies.ratio else "effect"
    if _random(studies):
        return "Precision: 1 / √(SE² + τ²)", f"Standardised {what}: {what} / √(SE² + τ²)"
    return "Precision: 1 / SE", f"Standardised {what}: {what} / SE"


def key(studies):
    """Return what line, band, thick part of the scale and level line are, in short."""
    pooled = studies.pooled
    name = "pooled" if _random(studies) or pooled.tau2_method != "CE" else "common effect"
    return name, "± 2", f"{level(pooled.confidence_level)} CI", "no effect"


def opening(heading, studies):
    """Return how the caption begins."""
    return [_words.sentences(heading), _words.sentences(pooled_sentence(studies))]


def footer(studies, table, *, note):
    """Return the paragraphs that say what was drawn and how it is read."""
    pooled, random = studies.pooled, _random(studies)
    hollow = ", hollow where an SD was imputed" if table["imputed"].fillna(False).astype(bool).any() else ""
    reading = (
        f"One circle per trial{hollow}; a straight line from the origin through it meets the curved scale at its "
        "effect, and the farther right it lies, the more precise it is (Galbraith 1988, doi 10.1002/sim.4780070807)"
    )
    diamond = (
        f"diamond: pooled effect, on the scale with its {level(pooled.confidence_level)} confidence interval; band: "
        "two standard errors on both sides"
    )
    outside = _outside(table)
    if random:
        found = f"{outside}. As √(SE² + τ²) holds the variance between trials, the band makes room for heterogeneity"
    elif pooled.k > 1:
        found = f"{outside}. About 1 in 20 would, if all trials had the same true effect; more show heterogeneity"
    else:
        found = ""
    lines = [
        _words.sentences(reading, diamond),
        _words.sentences(
            f"{model_sentence(studies)}{f'; {spread}' if (spread := spread_sentence(studies)) else ''}",
            found,
            _words.left_out_sentence(studies.left_out),
        ),
        _words.sentences(note),
    ]
    return [line for line in lines if line]


def _outside(table):
    trials = table[table["kind"] == "trial"]
    outside = trials["outside"].astype(bool).sum()
    verb = "lies" if outside == 1 else "lie"
    return f"{number(outside, 0)} of {counted(len(trials))} {verb} outside the band of ±\N{NO-BREAK SPACE}2"


def alt_text(heading, studies, table):
    """Return what the figure shows to someone who cannot see it."""
    trials = table[table["kind"] == "trial"]
    low, high = (number(x, 2) for x in (trials["precision"].min(), trials["precision"].max()))
    farthest = trials.loc[trials["distance"].abs().idxmax()]
    far = f"the farthest is {farthest['name']} with {studies.text(farthest['estimate'])} {studies.points}".rstrip()
    return _words.sentences(
        f"Radial plot: {heading}" if not heading.startswith("Radial plot") else heading,
        f"{counted(len(trials)).capitalize()}; effects from "
        f"{studies.span(trials['estimate'].min(), trials['estimate'].max())} {studies.points}".rstrip()
        + f"; precision from {low} to {high}",
        pooled_sentence(studies),
        f"{_outside(table)}; {far}" if len(trials) > 1 else "",
    )
