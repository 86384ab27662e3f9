"""Titles, key, footer, caption and alternative text of the L'Abbé plot of counts."""

import math

from analysis.plots import _words as words
from analysis.text import counted, interval, level, number, percent

AXES = ("Responders under placebo, %", "Responders under treatment, %")
# above and below the line of no difference, shorter where there is less room
SIDES = (
    ("more responders under treatment", "more responders under placebo"),
    ("more under treatment", "more under placebo"),
)
NAMES = {"RR": "risk ratio", "OR": "odds ratio", "RD": "risk difference"}
POINTS = " percentage points"
SHARP = (
    "The thick line is not fitted to the marks: effect and percentage under placebo share a term, so that the slope of "
    "a fitted line says nothing about whether one depends on the other (Sharp 1996, BMJ 313:735)"
)
SHAPES = {
    "RR": "a line through the origin",
    "OR": "a curve",
    "RD": "a parallel to the line of no difference",
}


def title(shown):
    """Return the title where none is given."""
    what = "Responders under placebo against responders under treatment"
    threshold = getattr(shown.responders, "threshold", None)
    return what if threshold is None else f"{what}: at least {threshold.words} less pain"


def effect_name(shown):
    """Return the name of the pooled effect."""
    return NAMES[shown.measure]


def _show(value, measure):
    return 100.0 * value if measure == "RD" else math.exp(min(value, 700.0))


def _digits(measure, digits):
    return 0 if measure == "RD" else digits


def effect_text(value, measure, digits):
    """Return an effect as it is printed: a ratio, or percentage points."""
    return number(_show(value, measure), _digits(measure, digits))


def pooled_text(shown, digits):
    """Return the pooled effect with its interval."""
    pooled, measure = shown.pooled, shown.measure
    unit = POINTS if measure == "RD" else ""
    ends = [max(-1.0, min(1.0, end)) if measure == "RD" else end for end in pooled.ci]
    span = interval(*(_show(end, measure) for end in ends), _digits(measure, digits))
    at = level(pooled.confidence_level)
    return f"{effect_text(pooled.estimate, measure, digits)}{unit} ({at} CI {span})"


def opening(heading, shown, digits):
    """Return how the caption begins."""
    return [words.sentences(heading), words.sentences(*pooled_sentences(shown, digits))]


def pooled_sentences(shown, digits):
    """Return the pooled effect and the pooled percentages in words."""
    k = len(shown.trials)
    whose = "pooled" if k > 1 else "the trial's"
    said = [f"{whose} {effect_name(shown)} {pooled_text(shown, digits)}; {counted(k)}"]
    if shown.responders is not None:
        at = level(shown.pooled.confidence_level)
        shares = [_share(getattr(shown.responders, role), at, role) for role in ("placebo", "treatment")]
        said.append(f"responders: {' and '.join(shares)}")
    return said


def _share(share, at, role):
    span = interval(*(100 * end for end in share.ci), 0)
    return f"{percent(share.estimate)} ({at} CI {span}%) under {role}"


def key(shown, digits):
    """Return the entries of the key in words: no difference, pooled effect, pooled percentages."""
    at = level(shown.pooled.confidence_level)
    whose = "pooled" if len(shown.trials) > 1 else "its"
    diamond = ""
    if shown.responders is not None and len(shown.trials) > 1:
        shares = [percent(getattr(shown.responders, role).estimate) for role in ("placebo", "treatment")]
        diamond = f"{whose} percentages {' and '.join(shares)}, with {at} intervals"
    return "no difference", f"{whose} {effect_name(shown)} {pooled_text(shown, digits)}", diamond


def footer(shown, table, *, note):
    """Return the paragraphs that say what was drawn and computed."""
    trials, caveat = table[table["kind"] == "trial"], getattr(shown.responders, "caveat", "")
    hollow = ", hollow where an SD was imputed" if trials["imputed"].any() else ""
    reading = (
        f"One mark per trial, area proportional to its weight in the pooled {effect_name(shown)} down to a smallest "
        f"size{hollow} (L'Abbé 1987, doi 10.7326/0003-4819-107-2-224); thin line: no difference"
    )
    curve = f"thick line and band: what the pooled {effect_name(shown)} and its interval imply, {SHAPES[shown.measure]}"
    lines = [
        words.sentences(reading, curve, _places_sentence(trials), _groups_sentence(trials), _end_sentence(table)),
        words.sentences(_model_sentence(shown), _diamond_sentence(shown), *_warnings(shown, table)),
        words.sentences(caveat, words.left_out_sentence(getattr(shown.responders, "left_out", None))),
        words.sentences(SHARP),
        words.sentences(note),
    ]
    return [line for line in lines if line]


def _places_sentence(trials):
    several = trials[trials["at_this_place"] > 1].sort_values("at_this_place", ascending=False, kind="stable")
    if several.empty:
        return ""
    n = len(several[["placebo_estimate", "treatment_estimate"]].round(1).drop_duplicates())
    where = "one place holds" if n == 1 else f"{number(n, 0)} places hold"
    most = several.iloc[0]
    crowd = (
        f"{number(most['at_this_place'], 0)} at {percent(most['placebo_estimate'] / 100)} under placebo and "
        f"{percent(most['treatment_estimate'] / 100)} under treatment"
    )
    return f"{where} more than one trial, {crowd}: × gives how many, the smallest mark is in front"


def _groups_sentence(trials):
    others = [set(members["group"]) for _, members in trials.groupby("look") if members["group"].nunique() > 1]
    return f"other groups: {', '.join(sorted(others[0]))}" if others else ""


def _end_sentence(table):
    end = table.loc[table["kind"] == "reference", "placebo_estimate"].max()
    return f"both axes end at {number(end, 0)}%" if end < 100 else ""


def _model_sentence(shown):
    """Return how the effect was pooled."""
    pooled, k = shown.pooled, len(shown.trials)
    if k == 1:
        return "one trial: nothing is pooled, line and band are its own effect"
    if hasattr(pooled, "method"):
        return f"{pooled.method} {effect_name(shown)}, a common-effect method, interval by the normal distribution"
    ci = words.REFERENCE.get(pooled.ci_method, pooled.ci_method)
    return f"{words.model_name(pooled)}, interval by {ci}"


def _diamond_sentence(shown):
    if shown.responders is None or len(shown.trials) == 1:
        return ""
    return "diamond and cross: percentages pooled arm by arm as log odds, so that they need not lie on the thick line"


def _warnings(shown, table):
    """Return what must be known about zero cells, few trials and intervals that look too good."""
    pooled, trials, said = shown.pooled, shown.trials, []
    if (zeros := _zero_cells(trials)) and not hasattr(pooled, "method"):
        said.append(
            f"a cell is zero in {counted(zeros)}: drawn as counted, but 0.5 was added to their cells for the effect"
        )
    if (nothing := (table.loc[table["kind"] == "trial", "weight"] == 0).sum()) and hasattr(pooled, "method"):
        said.append(f"weight 0 in {counted(nothing)}: smallest mark")
    if 1 < len(trials) < words.FEW:
        said.append("fewer than three trials: an interval from two hardly says anything")
    if getattr(pooled, "hksj_narrower", False):
        said.append("the HKSJ interval is narrower than the Wald interval, to be read with care")
    return said


def _zero_cells(trials):
    """Return in how many trials an arm has no responders, or nothing but responders, as counted."""
    if "events_placebo" not in trials:
        return 0
    none = [trials[f"events_{role}"] == 0 for role in ("placebo", "treatment")]
    every = [trials[f"events_{role}"] == trials[f"n_{role}"] for role in ("placebo", "treatment")]
    return int((none[0] | none[1] | every[0] | every[1]).sum())


def alt_text(heading, shown, table, digits):
    """Return what the figure shows to someone who cannot see it."""
    trials = table[table["kind"] == "trial"]
    spans = [
        f"{interval(trials[f'{role}_estimate'].min(), trials[f'{role}_estimate'].max(), 0)}% under {role}"
        for role in ("placebo", "treatment")
    ]
    above = (trials["treatment_estimate"] > trials["placebo_estimate"]).sum()
    return words.sentences(
        f"L'Abbé plot: {heading}",
        f"{counted(len(trials)).capitalize()}, responders from {' and from '.join(spans)}",
        f"{number(above, 0)} of {number(len(trials), 0)} lie above the line of no difference: {SIDES[0][0]}",
        *pooled_sentences(shown, digits),
    )


def findings(shown, digits):
    """Return what was found, one line each."""
    said = [words.sentences(sentence) for sentence in pooled_sentences(shown, digits)]
    if shown.responders is not None:
        said += [words.sentences(f"number needed to treat: {shown.responders.nnt.words}"), shown.responders.caveat]
    return "\n".join(said)


def printed(shown, table, by):
    """Return the headings of the table for readers."""
    group = {} if by is None else {by.replace("_", " ").capitalize(): ("group",)}
    definition = {"Responder": ("event_definition",)} if "event_definition" in table else {}
    effect = effect_name(shown).capitalize() + (", percentage points" if shown.measure == "RD" else "")
    columns = {"Placebo": ("text_placebo",), "Treatment": ("text_treatment",), effect: ("text_effect",)}
    return {"Trial": ("text_name",), **group, **columns, "Weight": ("text_weight",), **definition}
