"""Footers, captions and alternative texts that figures share; analysis.text writes every number in them."""

import re
from math import isfinite

from analysis.text import MINUS, NOT_ESTIMABLE, counted, equals, interval, level, number, percent

MODELS = {"CE": "common-effect model"}

SERIES_WORDS = {
    "placebo": "change within placebo arms",
    "treatment": "change within treatment arms",
    "contrast": "treatment minus placebo",
}
FEW = 3

REFERENCE = {
    "HKSJ": "HKSJ on t(k−1)",
    "HKSJ-mod": "HKSJ with the factor floored at 1, on t(k−1)",
    "t": "Wald on t(k−1)",
    "z": "Wald on the normal distribution",
}
ORDER_WORDS = {"year": "year", "estimate": "estimate", "weight": "weight", "label": "name"}

PREDICTION_WORDS = {
    "bar": "",
    "diamond": "open diamond: prediction interval",
    "density": "curve: predictive distribution of the effect in a new trial, its middle part the prediction interval",
}


#: Where nobody says otherwise: what lies to the left of no effect favours the treatment.
FAVOURS = ("favours treatment", "favours placebo")


def directions(favours, effects):
    """Return the words below the axis: those asked for, else by what effect sizes say of benefit and of their arms."""
    if favours != FAVOURS or effects is None:
        return favours
    if effects.benefit is None:
        return None
    better_low, better_high = effects.arms if effects.benefit == "lower" else effects.arms[::-1]
    return f"favours {better_low}", f"favours {better_high}"


# Where a sentence of ours speaks of an arm.
_ARM = re.compile(
    r"\b(treatment|placebo)(?= arms?\b| minus\b)|(?<=minus )placebo|(?<=under |.with )(treatment|placebo)"
)


def with_names(text, arms):
    """Return a sentence of ours with the two arms called by their names."""
    names = dict(zip(("treatment", "placebo"), arms, strict=True))
    return _ARM.sub(lambda found: names[found[0]], text)


def of_arms(text, effects):
    """Return a text about the contrast with the names that the effects give both arms."""
    return text if effects is None else with_names(text, effects.arms)


def sentences(*parts):
    """Join the parts that are not empty, a full stop after each."""
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)


def zone_sentence(zone, unit, write):
    """Return what the shaded band is."""
    if not zone:
        return ""
    ends = " to ".join(write(-x) for x in reversed(zone))
    return f"band: smallest worthwhile difference between groups, {ends} {unit} less".replace("  ", " ")


def order_sentence(order, grouped):
    """Return how the trials are ordered; a minus turns the order round."""
    column = order.removeprefix("-")
    if column == "given":
        return ""
    name = ORDER_WORDS.get(column, column.replace("_", " "))
    falling = order.startswith("-") != (column == "weight")
    tail = ", largest first" if falling and column in ("weight", "estimate") else ", descending" if falling else ""
    return f"Trials{' within groups' if grouped else ''} in order of {name}{tail}"


def degrees(method):
    """Write "t(k-1)" with a true minus."""
    return method.replace("-", MINUS)


def model_name(pooled):
    """Return the model and the estimator of tau squared."""
    return MODELS.get(pooled.tau2_method, f"Random-effects model, τ² by {pooled.tau2_method}")


def model_sentence(pooled):
    """Return how the trials were pooled."""
    at = level(pooled.confidence_level)
    ci = REFERENCE.get(pooled.ci_method, pooled.ci_method)
    prediction = f"; {at} prediction interval on {degrees(pooled.pi_method)}"
    return (
        f"{model_name(pooled)}; {at} confidence intervals of pooled results by {ci}, of single trials by the normal "
        f"distribution{prediction if isfinite(pooled.pi.low) else ''}"
    )


def heterogeneity_sentence(pooled, unit, digits):
    """Return tau, I2 and Q in words."""
    if pooled.k < 2:
        return "One trial: nothing is pooled and heterogeneity cannot be estimated"
    text = (
        f"Heterogeneity: τ {number(pooled.tau, digits)} {unit}, I² {percent(pooled.i2)} (from τ²), "
        f"Q {number(pooled.q, 1)}, df {number(pooled.q_df, 0)}, p {equals(pooled.q_pvalue)}"
    )
    # without a unit a space is left over
    return text.replace("  ", " ").replace(" ,", ",")


def arms_sentence(pooled):
    """Return what the second number of trials means, where it differs from the first."""
    k = 0 if pooled.placebo is None else pooled.placebo.k
    return "" if k == pooled.contrast.k else "in brackets after k: trials that report a change within both arms"


def left_out_sentence(left_out):
    """Return how many trials were left out and why, most frequent reason first."""
    if left_out is None or not len(left_out):
        return ""
    reasons = left_out["reason"].value_counts()
    parts = [f"{reason} ({number(count, 0)})" for reason, count in reasons.items()]
    return f"Left out, {counted(len(left_out), 'trial')}: {'; '.join(parts)}"


def few_sentence(groups):
    """Return the warning for groups with fewer than three trials."""
    few = [f"{block.name} ({counted(len(block.trials), 'trial')})" for block in groups if len(block.trials) < FEW]
    if not few:
        return ""
    return (
        f"Fewer than three trials: {', '.join(few)}. An interval from two trials hardly says anything; "
        "a single trial is not pooled"
    )


def narrow_sentence(blocks):
    """Return the warning for pooled results whose HKSJ interval is narrower than the Wald interval."""
    narrow = [
        f"{block.name} ({SERIES_WORDS[series]})"
        for block in blocks
        for series, result in block.results.items()
        if result is not None and result.hksj_narrower
    ]
    if not narrow:
        return ""
    return f"HKSJ intervals narrower than the Wald intervals, to be read with care: {', '.join(narrow)}"


def key_sentence(key):
    """Return the key of the footnote marks."""
    return "Notes: " + "; ".join(f"({mark}) {meaning}" for mark, meaning in key) + "." if key else ""


def result_sentence(row, series, unit, digits, show=float):
    """Return one pooled result in words: estimate, interval, number of trials."""
    value, low, high = (show(row[f"{series}_{end}"]) for end in ("estimate", "low", "high"))
    limits = f"{level(row['confidence_level'])} CI {interval(low, high, digits)}"
    estimate = f"{number(value, digits)} {unit}".rstrip()
    return f"{SERIES_WORDS[series]} {estimate} ({limits}; {counted(row[f'{series}_k'], 'trial')})"


def level_of(table):
    """Return the confidence level of the pooled results, as "95%"."""
    return level(table.loc[table["kind"] == "total", "confidence_level"].iloc[0])


def total_sentences(table, series, unit, digits, show=float):
    """Return the overall results and the prediction interval in words."""
    total = table[table["kind"] == "total"].iloc[0]
    known = [s for s in series if total.get(f"{s}_k", 0) > 0 and total[f"{s}_estimate"] == total[f"{s}_estimate"]]
    results = [result_sentence(total, s, unit, digits, show) for s in known]
    pi = table[table["kind"] == "prediction"].iloc[0]
    limits = interval(show(pi["contrast_low"]), show(pi["contrast_high"]), digits)
    expected = "" if limits == NOT_ESTIMABLE else f"{level_of(table)} prediction interval for a new trial: {limits}"
    return [f"Pooled over all trials: {'; '.join(results)}", expected]


def forest_alt_text(title, table, totals, digits, show=float):
    """Return what the figure shows to someone who cannot see it; it ends in the ``totals``."""
    trials = table[table["kind"] == "trial"]
    groups = table[table["kind"] == "heading"]
    grouped = f" in {number(len(groups), 0)} groups ({', '.join(groups['name'])})" if len(groups) else ""
    extremes = trials["contrast_estimate"].agg(["min", "max"])
    spread = interval(show(extremes["min"]), show(extremes["max"]), digits)
    return sentences(
        f"Forest plot: {title}",
        f"{counted(len(trials), 'trial').capitalize()}{grouped}, one per row",
        f"The trials' estimates of treatment minus placebo run from {spread}",
        *totals,
    )


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
