"""Sentences of the forest family that the other figures do not have; analysis.text writes their numbers."""

from math import isfinite

from analysis.text import equals, number

ORDER_WORDS = {"year": "year", "estimate": "estimate", "weight": "weight", "label": "name"}
PREDICTION_WORDS = {
    "bar": "",
    "diamond": "open diamond: prediction interval",
    "density": "curve: predictive distribution of the effect in a new trial, its middle part the prediction interval",
}


def order_sentence(order, grouped):
    """Return how the trials are ordered; a minus turns the order round."""
    column = order.removeprefix("-")
    if column == "given":
        return ""
    name = ORDER_WORDS.get(column, column.replace("_", " "))
    falling = order.startswith("-") != (column == "weight")
    tail = ", largest first" if falling and column in ("weight", "estimate") else ", descending" if falling else ""
    return f"Trials{' within groups' if grouped else ''} in order of {name}{tail}"


def between_sentence(between):
    """Return the test between groups: Q on chi-square, and its F form where there is one."""
    if between is None or not isfinite(between.q_between):
        return ""
    kind = "one τ² for all" if between.tau2 == "common" else "a τ² for each"
    q = (
        f"Test between groups ({kind}): Q {number(between.q_between)}, df {number(between.q_between_df, 0)}, "
        f"p {equals(between.q_between_pvalue)}"
    )
    if not isfinite(between.f):
        return q
    df = f"{number(between.f_df[0], 0)} and {number(between.f_df[1], 1)} df"
    return f"{q}; F {number(between.f)} on {df}, p {equals(between.f_pvalue)}"


def marks_sentence(prediction, models, imputed):
    """Return what the marks are."""
    parts = [
        f"Squares: area proportional to the weight in the overall model{', hollow where an SD was imputed' * imputed}",
        "diamonds: pooled results" + (", those of further models below" if models else ""),
        PREDICTION_WORDS[prediction],
        "dotted line: overall result",
        "arrowhead: interval leaves the panel",
    ]
    return "; ".join(part for part in parts if part)


def zone_words(zone, unit, show, write):
    """Return the sentence about the band and its labels, longest first."""
    if not zone:
        return "", ()
    ends = [write(show(x)) for x in (zone if show is not float else [-x for x in reversed(zone)])]
    span = " to ".join(dict.fromkeys(ends))
    unit = unit.removesuffix("s") if span == "1" else unit
    less = show is float and max(zone) <= 0
    whole = f"{span} {unit}".strip() + (" less" if less and unit else "")
    mark = "dashed line" if zone[0] == zone[1] else "band"
    what = "difference" if show is float else "effect"
    labels = f"smallest worthwhile {what}: {span} {unit}".strip(), f"smallest worthwhile: {span}"
    return f"{mark}: smallest worthwhile {what} between groups, {whole}", (*labels, f"worthwhile: {span}")
