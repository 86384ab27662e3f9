"""Words of the funnel plot: key, footer, caption and alternative text."""

import numpy as np

from analysis.plots import _words
from analysis.plots._cells import decimals
from analysis.plots._studies import critical, lower, model_sentence, pooled_sentence, spread_sentence
from analysis.text import counted, level, number

FEWEST = 10  # trials for a look at asymmetry
PRINTED = {"Trial": ("text_name",), "Effect": ("text_estimate",), "Standard error": ("text_se",), "p": ("text_p",)}
TIED = {"SMD": "a standardised difference", "RD": "a risk difference", "RR": "a risk ratio", "OR": "an odds ratio"}


def title(studies):
    """Return the title where none is given."""
    return f"Funnel plot: {lower(studies.name)} and standard error in {counted(studies.pooled.k)}"


def upright(studies, yaxis):
    """Return the title of the upright axis."""
    of = f" of the log {lower(studies.name)}" if studies.ratio else f", {studies.points}" if studies.points else ""
    return f"Standard error{of}" if yaxis == "se" else f"Precision: 1 / standard error{of.partition(',')[0]}"


def p_of(contour):
    """Return the p value on a contour."""
    p = round(1 - contour, 12)
    return f"p = {_p(p)}"


def _p(p):
    return number(p, max(2, decimals(p, 6)))


def limit(confidence_level):
    """Return what the dashed lines are, in short."""
    return f"pseudo {level(confidence_level)} limits"


def regions(levels, pvalues):
    """Return what each shade means, from the innermost, with the number of trials in it; nothing without contours."""
    ends = [round(1 - each, 12) for each in levels]
    if not ends:
        return []
    texts = [
        f"p > {_p(ends[0])}",
        *(f"{_p(b)} < p ≤ {_p(a)}" for a, b in zip(ends, ends[1:], strict=False)),
        f"p ≤ {_p(ends[-1])}",
    ]
    crossed = np.sum(np.asarray(pvalues, float)[:, None] <= ends, axis=1)  # how many contours a trial lies beyond
    return [f"{text} ({number((crossed == i).sum(), 0)})" for i, text in enumerate(texts)]


def opening(heading, studies):
    """Return how the caption begins."""
    return [_words.sentences(heading), _words.sentences(pooled_sentence(studies))]


def footer(studies, table, *, contours, note):
    """Return the paragraphs that say what was drawn and how far it can be read."""
    pooled = studies.pooled
    at = level(pooled.confidence_level)
    hollow = ", hollow where an SD was imputed" if table["imputed"].fillna(False).astype(bool).any() else ""
    shades = (
        "Shades: two-sided p value that a trial has on its own (Wald test of no effect), in brackets the number of "
        "trials (Peters 2008, doi 10.1016/j.jclinepi.2007.11.010)"
    )
    lines = [
        _words.sentences(
            f"One circle per trial{hollow}; solid line: no effect; dotted line: pooled effect; dashed lines: pooled "
            f"effect ± {number(critical(pooled.confidence_level), 2)} standard errors, between which {at} of the "
            "trials would lie if all had the same true effect",
            shades if contours else "",
        ),
        _words.sentences(
            model_sentence(studies),
            _spread(studies, table) if pooled.k > 1 else "",
            _words.left_out_sentence(studies.left_out),
        ),
        _words.sentences(*asymmetry(studies)),
        _words.sentences(note),
    ]
    return [line for line in lines if line]


def _spread(studies, table):
    """Return how many trials lie outside the limits, and why that need not mean anything."""
    trials = table[table["kind"] == "trial"]
    outside = trials["outside"].astype(bool).sum()
    found = (
        f"{number(outside, 0)} of {counted(len(trials))} {'lies' if outside == 1 else 'lie'} outside the dashed lines"
    )
    spread = spread_sentence(studies)
    return f"{found}, which leave out that true effects differ between trials ({spread})" if spread else found


def asymmetry(studies):
    """Return what may and may not be read from the symmetry of the funnel."""
    k, tied = studies.pooled.k, TIED.get(studies.measure)
    said = [
        "Asymmetry is not bias: true effects that go with the size of a trial, weaker methods of small trials and "
        "chance make a funnel asymmetric too (Sterne 2011, doi 10.1136/bmj.d4002)"
    ]
    if k < FEWEST:
        said = [f"With {counted(k)}, fewer than {number(FEWEST, 0)}, asymmetry cannot be judged", *said]
    if tied:
        said.append(f"The standard error of {tied} depends on the effect itself, which alone can tilt the funnel")
    return said


def alt_text(heading, studies, table):
    """Return what the figure shows to someone who cannot see it."""
    trials = table[table["kind"] == "trial"]
    k, errors = len(trials), trials["se"].to_numpy(float)
    effects = studies.span(trials["estimate"].min(), trials["estimate"].max())
    low, high = (number(x, studies.digits) for x in (errors.min(), errors.max()))
    wider = errors > np.median(errors)
    left = (trials["distance"] < 0).to_numpy()
    halves = (
        f"Of the {number(wider.sum(), 0)} trials with the larger standard errors {number((wider & left).sum(), 0)} lie "
        f"left of the pooled effect, of the {number(k - wider.sum(), 0)} others {number((~wider & left).sum(), 0)}"
    )
    alone = (trials["pvalue"] <= 0.05).sum()
    return _words.sentences(
        f"Funnel plot: {heading}" if not heading.startswith("Funnel plot") else heading,
        f"{counted(k).capitalize()}; effects from {effects} {studies.points}".rstrip()
        + f"; standard errors from {low} to {high}",
        pooled_sentence(studies),
        f"{number(trials['outside'].astype(bool).sum(), 0)} lie outside the {limit(studies.pooled.confidence_level)}",
        f"On its own, {counted(alone)} {'has' if alone == 1 else 'have'} p ≤ 0.05",
        halves if k > 2 else "",
    )
