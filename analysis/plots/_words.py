"""Footers, captions and alternative texts that figures share.

Their words of the data (measure, arms, unit, study or trial) are those of the `Wording` of the effects, and every
number in them is written by it or by analysis.text.
"""

import re
from dataclasses import replace
from fnmatch import fnmatch
from math import isfinite

import numpy as np
import pandas as pd

from analysis.plots import _theme as style
from analysis.plots._table import Rows
from analysis.sentences import Wording, as_given, capital, findings
from analysis.sentences import prior_words as prior_words
from analysis.text import MINUS, NOT_ESTIMABLE, NUMBERS, counted, equals, level, number, percent
from analysis.text import quoted as quoted

MODELS = {
    "CE": "common-effect model",
    "fixed": "Random-effects model with a given τ²",
    "Mantel-Haenszel": "common-effect model by the Mantel-Haenszel method",
    "Peto": "common-effect model by Peto's one-step method",
    "Bayes": "Bayesian random-effects model",
}
COMMON = ("CE", "Mantel-Haenszel", "Peto")

FEW = 3
NAMED = 5  # studies left out that are told by their names
MOST_NAMED = 8  # studies of which one sentence tells the names

REFERENCE = {
    "HKSJ": "HKSJ on t(k−1)",
    "HKSJ-wide": "HKSJ on t(k−1) or Wald, whichever is wider",
    "HKSJ-mod": "HKSJ with the factor floored at 1, on t(k−1)",
    "t": "Wald on t(k−1)",
    "z": "Wald on the normal distribution",
}
# of a model with trials as clusters
CLUSTERED = {
    "CR2": "the robust CR2 variance on Satterthwaite degrees of freedom",
    "CR1": "the robust CR1 variance on t(m−1), m {nouns}",
    "t": "Wald on t(m−1), m {nouns}",
}
PREDICTED_BY = {"Nagashima": "by the confidence distribution of Q (Nagashima 2019)"}
ORDER_WORDS = {"year": "year", "estimate": "estimate", "weight": "weight", "label": "name"}

# Names of marks as they are drawn -> what they mean, in the order in which it is said; a text that begins with a comma
# goes on with the one before it.
MARKS = {
    "placebo-markers": "open circles: {other} arms",
    "treatment-markers": "filled circles: {arm} arms",
    "arms-connectors": "grey bar: from one to the other",
    "contrast-markers": "squares: area proportional to the weight in the overall model",
    "points": (
        "circles: {nouns}, moved up or down to keep them apart, area proportional to the weight in the overall model"
    ),
    "outcome-*-markers": "shape and colour: outcome; areas proportional to the weights within each outcome",
    "contrast-markers-hollow|outcome-*-hollow|points-hollow": ", hollow where an SD was imputed",
    "*-intervals-imputed": "dashed interval: SD of the change imputed",
    "*-subtotals|*-total|*-models": "diamonds: pooled results",
    "placebo-subtotals|placebo-total": ", open for {other} arms",
    "contrast-models": ", those of further models below",
    "contrast-fitted": "pale diamonds: fitted means with their confidence intervals",
    "contrast-prediction": "",
    "contrast-density": (
        "curve: predictive distribution of the effect in a new {noun}, its middle part the prediction interval"
    ),
    "predictions": "thin lines: prediction intervals",
    "contrast-pooled-line": "dotted line: overall result",
    "points-arrows-*": "arrowhead: {noun} beyond the panel",
    "*[!s]-arrows-*|predictions-arrows-*": "arrowhead: interval leaves the panel",
    "contrast-zone": "",
}
# Why a study has no effect, as the effects tell it (regular expressions) -> in a figure, whose readers see no columns.
IN_SHORT = {
    r"\w*sd(_[tp]|_before|_after)? is not known.*": "no standard deviation",
    r"\w*mean(_[tp]|_before|_after)? is not known": "no mean",
    r"n(_[tp])? is not known|no n_[tp]": "no number of people",
    r"(events|x)(_[tp])? is not known|no events_[tp]": "no number of events",
    r"time(_[tp])? is not known": "no person-time",
    r"(yi|vi|se|correlation)\b.* is not known.*": "no effect with its variance",
    r"(the .+ in both arms, but the .+? is)(: choose outcome=.*| \(outcome=.*\))": r"\1",
    r"(no SD, SE, interval or usable p is printed) \(missing_sd='drop'\)": r"\1",
    r"(no events(, or nothing but events,)? in both arms): the trial tells nothing .+": r"\1",
    r"one person in the .+ arm \(row .+": "one person in an arm",
    r"the \d+ people of the .+ arm \(row .+": "an arm too small to be shared",
    r"\d+ '.+' arms \(.*": "several arms to compare with",
    r"no '.+' arm: .+ is compared with .+": "no such arm to compare with",
}
UNNAMED = ("first arm", "second arm")  # of numbers alone
OWN = ("treatment", "placebo", "control", "pain", "responders")  # names from the library, which are translated
# By what stands between the arms; whole, as translations want them.
WORTHWHILE = {
    "minus": "smallest worthwhile difference between groups",
    "over": "smallest worthwhile effect between groups",
    "": "smallest worthwhile effect",
}


def wording_of(result, measure=None):
    """Return the wording of a result, in which the names that its user gave are quoted."""
    return as_quoted(Wording.of(result, measure))


def as_quoted(wording):
    """Return a wording in which the names that its user gave are quoted: no translation takes them for words."""
    arms = wording.arms and tuple(map(quoted_or_own, wording.arms))
    return replace(wording, arms=arms, outcome_name=quoted_or_own(wording.outcome_name))


def quoted_or_own(name):
    """Return the name of an arm or an outcome, quoted unless it is one that the library gives."""
    return name if name in OWN else quoted(name)


def findings_of(arms):
    """Return what pooled arms say, in which the names of arms and groups are quoted."""
    named = as_quoted(Wording.of(arms))
    effects = replace(arms.effects, arms=named.arms, outcome_name=named.outcome_name)
    groups = {quoted(name): each for name, each in arms.groups.items()}
    return findings(replace(arms, effects=effects, groups=groups))


def directions(favours, wording):
    """Return the words at both ends of the axis: those asked for, or those of the effects; () for none."""
    return (wording.favours if favours == "effects" else favours) or ()


def sentences(*parts):
    """Join the parts that are not empty, a full stop after each."""
    return " ".join(f"{capital(part).rstrip('.')}." for part in parts if part)


def named(*parts):
    """Join the parts, a full stop after each; they begin with names of users, which stay as they are."""
    return " ".join(f"{part}." for part in parts)


def series_words(series, wording):
    """Return what a series of marks is: the contrast, or the change within the arms of a name."""
    if series == "contrast":
        return wording.contrast or wording.measure.name
    return f"change within {wording.arms[series == 'placebo']} arms"


def zone_words(zone, wording):
    """Return the sentence about the band of worthwhile effects, and its labels, longest first; "" and () for none."""
    if not zone:
        return "", ()
    unit, sides = wording.points, {x > 0 for x in zone}
    # What is less or more is said in words where it is known to be good, and by its sign elsewhere.
    told = not wording.measure.scale and wording.benefit and len(sides) == 1
    ends = sorted(map(abs, zone)) if told else wording.shown(zone)
    span = " to ".join(dict.fromkeys(as_given(float(x)) for x in ends))
    unit = f" {unit.removesuffix('s') if span == '1' else unit}" if unit else ""
    side = (" more" if True in sides else " less") if told else ""
    what, mark = WORTHWHILE[wording.measure.joined], "dashed line" if zone[0] == zone[1] else "band"
    label = what.removesuffix(" between groups")
    labels = f"{label}: {span}{unit}", f"smallest worthwhile: {span}", f"worthwhile: {span}"
    return f"{mark}: {what}, {span}{unit}{side}", labels


def effect_head(wording, table=()):
    """Return the heading of the estimates: short for differences, the name of the measure for all else."""
    head = "Difference" if wording.measure.joined == "minus" else wording.measure.title
    return f"{head}, M-H" if "pooled_by" in table else head


def order_sentence(order, grouped, wording):
    """Return how the rows are ordered; a minus turns the order round."""
    column = order.removeprefix("-")
    if column == "given":
        return ""
    name = ORDER_WORDS.get(column, column.replace("_", " "))
    falling = order.startswith("-") != (column == "weight")
    tail = ", largest first" if falling and column in ("weight", "estimate") else ", descending" if falling else ""
    return f"{wording.nouns}{' within groups' if grouped else ''} in order of {name}{tail}"


def degrees(method):
    """Write "t(k-1)" with a true minus."""
    return method.replace("-", MINUS)


def model_name(pooled):
    """Return the model and the estimator of tau squared."""
    if getattr(pooled, "levels", 1) == 3:
        return f"Three-level model, variances by {pooled.tau2_method}"
    return MODELS.get(pooled.tau2_method, f"Random-effects model, τ² by {pooled.tau2_method}")


def pooled_by(pooled, wording):
    """Return model, level and method of the intervals of pooled results."""
    ci = REFERENCE.get(pooled.ci_method, pooled.ci_method)
    if getattr(pooled, "levels", 1) == 3:
        ci = CLUSTERED.get(pooled.ci_method, ci).format(nouns=wording.nouns)
    return f"{model_name(pooled)}; {level(pooled.confidence_level)} confidence intervals of pooled results by {ci}"


def model_sentence(pooled, wording):
    """Return how the studies were pooled."""
    at = level(pooled.confidence_level)
    by = PREDICTED_BY.get(pooled.pi_method, f"on {degrees(pooled.pi_method)}")
    if hasattr(pooled, "mu"):
        return (
            f"{model_name(pooled)}; {prior_words(pooled.tau_prior)}; {prior_words(pooled.mu_prior)}; pooled: posterior "
            f"median, {at} credible interval with equal tails and, of a new {wording.noun}, {at} predictive interval; "
            f"single {wording.nouns}: as observed, {at} confidence intervals by the normal distribution"
        )
    if hasattr(pooled, "fitted"):
        name, ci = model_name(pooled), REFERENCE.get(pooled.ci_method, pooled.ci_method).replace("k−1", "k−p")
        return (
            f"{name.replace('Random', 'Mixed')}, {pooled.formula}; {at} confidence intervals of fitted means by {ci}, "
            f"of single {wording.nouns} by the normal distribution"
        )
    drawn = style.option("prediction") and style.option("overall")
    drawn = drawn and pooled.pi is not None and isfinite(pooled.pi.low)
    single = f"of single {'effects' if hasattr(pooled, 'cluster') else wording.nouns} by the normal distribution"
    return f"{pooled_by(pooled, wording)}, {single}{f'; {at} prediction interval {by}' if drawn else ''}"


def tau_words(tau, wording):
    """Return "1.36 points", or "0.30 (log scale)" of effects that people read on another scale."""
    scale = wording.measure.scale
    digits = wording.measure.digits if wording.digits is None else wording.digits
    return f"{number(tau, digits)} {f'({scale})' if scale else wording.points}".rstrip()


def tau2_words(tau2, wording):
    """Return a variance of true effects with decimals that small ones need."""
    return number(tau2, wording.digits + (0 < tau2 < 0.1))


def i2_words(pooled):
    """Return I² and what it is made from."""
    return f"I² {percent(pooled.i2)} (from {'Q' if pooled.tau2_method in COMMON else 'τ²'})"


def heterogeneity_sentence(pooled, wording):
    """Return tau, I2 and Q in words."""
    if pooled.k < 2:
        return f"One {wording.noun}: nothing is pooled and heterogeneity cannot be estimated"
    if hasattr(pooled, "mu"):
        ends = NUMBERS.get().between.join(number(end, wording.digits) for end in pooled.result.tau.interval)
        at = level(pooled.confidence_level)
        return f"Heterogeneity: τ {tau_words(pooled.tau, wording)} (posterior median; {at} CrI {ends})"
    q = f"Q {number(pooled.q, 1)}, df {number(pooled.q_df, 0)}, p {equals(pooled.q_pvalue)}"
    if hasattr(pooled, "cluster"):
        told = zip(("between", "within"), pooled.sigma2, pooled.result.i2, strict=True)
        levels = (
            f"{where} {wording.nouns} σ² {tau2_words(tau2, wording)}, τ {tau_words(tau2**0.5, wording)}, "
            f"I² {percent(i2)}"
            for where, tau2, i2 in told
        )
        return f"Heterogeneity: {'; '.join(levels)} (both from σ²); {q}"
    tau = f"τ {tau_words(pooled.tau, wording)}, " if isfinite(pooled.tau) else ""
    what = "Residual heterogeneity" if hasattr(pooled, "fitted") else "Heterogeneity"
    return f"{what}: {tau}{i2_words(pooled)}, {q}" if pooled.q_df else ""


def overall_test(pooled, wording):
    """Return the test of no effect of all trials together, "" of a model or a measure without one."""
    if hasattr(pooled, "fitted") and isfinite(pooled.qm):
        exact = isfinite(pooled.qm_df[1])
        df = f"{pooled.qm_df[0]}{f' and {number(pooled.qm_df[1], 0)}' if exact else ''}"
        what = f"{'F' if exact else 'Q'} {number(pooled.qm)}"
        return f"Test of the moderators: {what}, df {df}, p {equals(pooled.qm_pvalue)}"
    if pooled.k < 2 or not isfinite(pooled.pvalue) or not isfinite(wording.measure.null):
        return ""
    known = isfinite(pooled.df)
    df = f", df {number(pooled.df, int(not float(pooled.df).is_integer()))}" if known else ""
    what, p = f"{'t' if known else 'z'} {number(pooled.statistic)}", f"p {equals(pooled.pvalue)}"
    return f"Test of the overall effect: {what}{df}, {p}"


def arms_sentence(pooled, wording):
    """Return what the second number of studies means, where it differs from the first."""
    k = 0 if pooled.placebo is None else pooled.placebo.k
    if k == pooled.contrast.k:
        return ""
    return f"in brackets after k: {wording.nouns} that report a change within both arms"


def beyond_sentence(rows, panel, wording):
    """Return which studies have an estimate beyond the panel, "" for none."""
    of = next((name for name in ("contrast_estimate", "estimate") if name in rows), None)
    if of is None:
        return ""
    rows = Rows.of(rows).of_kind("trial", "point")
    [at] = rows.numbers(of)
    rows = rows[(at < panel.limits[0]) | (at > panel.limits[1])]
    if len(rows) > MOST_NAMED:
        return f"Beyond the panel: {number(len(rows), 0)} estimates"
    named = [f"{quoted(name)} ({wording.write(x)})" for name, x in zip(rows["name"], rows[of], strict=True)]
    return f"Beyond the panel: {', '.join(named)}" if named else ""


def left_out_sentence(left_out, wording):
    """Return how many studies were left out and why, most frequent reason first."""
    if left_out is None or not len(left_out):
        return ""
    reasons, studies = left_out["reason"].map(_in_short), left_out["study"]
    names = left_out["label"] if studies.is_unique else studies
    few, parts = names.nunique() <= NAMED, []
    for reason, count in reasons.value_counts().items():
        of = ", ".join(map(quoted, names[reasons == reason].unique())) if few else number(count, 0)
        parts.append(f"{reason} ({of})")
    count = wording.counted(len(left_out), studies.nunique())
    if left_out.get("partly", pd.Series(dtype=bool)).any():  # the study is in the figure all the same
        count = counted(len(left_out), "effect")
    return f"Left out, {count}: {'; '.join(parts)}"


def _in_short(reason):
    """Return why a study has no effect without names of columns and arguments, which its effects tell in `left_out`."""
    said = []
    for part in re.split(r"; | and (?=no )", reason):
        pattern = next((each for each in IN_SHORT if re.fullmatch(each, part)), None)
        said.append(re.sub(f"^{pattern}$", IN_SHORT[pattern], part) if pattern else part)
    return ", ".join(dict.fromkeys(said))


def few_sentence(groups, wording):
    """Return the warning for groups with fewer than three studies."""
    small = [block for block in groups if len(block.trials) < FEW]
    few = [f"{quoted(block.name)} ({rows_counted(block.trials, wording)})" for block in small]
    if not few:
        return ""
    return (
        f"Fewer than three {wording.nouns}: {', '.join(few)}. An interval from two {wording.nouns} hardly says "
        f"anything; a single {wording.noun} is not pooled"
    )


def narrow_words(fit):
    """Return what to say of a HKSJ interval that is narrower than the Wald interval, "" of any other."""
    if not getattr(fit, "hksj_narrower", False):
        return ""
    if fit.ci_method == "HKSJ-wide":
        return "the HKSJ interval is narrower than the Wald interval, which is shown"
    return "the HKSJ interval is narrower than the Wald interval, to be read with care"


def narrow_sentence(blocks, wording):
    """Return the same of several pooled results, with their names."""
    narrow = [
        (f"{name} ({series_words(series, wording)})", result.ci_method)
        for block in blocks
        for name in (block.name if block.name == f"All {wording.nouns}" else quoted(block.name),)
        for series, result in block.results.items()
        if result is not None and result.hksj_narrower
    ]
    if not narrow:
        return ""
    names, methods = zip(*narrow, strict=True)
    what = "which are shown" if methods[0] == "HKSJ-wide" else "to be read with care"
    return f"HKSJ intervals narrower than the Wald intervals, {what}: {', '.join(names)}"


def key_sentence(key):
    """Return the key of the footnote marks."""
    return "Notes: " + "; ".join(f"({mark}) {meaning}" for mark, meaning in key) + "." if key else ""


def rows_counted(trials, wording):
    """Return "12 studies", or "52 effects of 36 trials", of rows of single studies."""
    return wording.counted(len(trials), len(set(trials["study"])))


def forest_title(trials, pooled, wording):
    """Return the heading of a forest."""
    result = "Mantel-Haenszel" if pooled.tau2_method == "Mantel-Haenszel" else "pooled"
    if hasattr(pooled, "fitted"):
        return f"{wording.measure.title} in {rows_counted(trials, wording)} and the fitted means"
    result = f"the {result} result" if style.option("overall") else "the pooled results of groups"
    return f"{wording.measure.title} in {rows_counted(trials, wording)} and {result}"


def result_sentence(row, trials, series, wording, name=""):
    """Return one pooled result in words: estimate, interval, and how many of the single ``trials`` are in it."""
    value, low, high = (row[f"{series}_{end}"] for end in ("estimate", "low", "high"))
    estimate = f"{wording.write(value)} {wording.points}".rstrip()
    interval = row["interval"] if row.get("interval", "") == "CrI" else "CI"
    limits = f"{level(row['confidence_level'])} {interval} {wording.span(low, high)}"
    # The arm that the rows of a split trial share enters once.
    # A trial without events has no effect of its own and may count in the pooled one.
    estimates = trials[f"{series}_estimate"]
    here = (estimates == estimates) | (series == "contrast")
    k, of = int(row[f"{series}_k"]), len(set(trials["study"][here]))
    return f"{quoted(name) or series_words(series, wording)} {estimate} ({limits}; {wording.counted(k, min(k, of))})"


def level_of(table):
    """Return the confidence level of the pooled results, as "95%"."""
    return level(next(at for at in table["confidence_level"] if at == at))


def intervals_of(table):
    """Return what stands in the column of effects beside each estimate: "95% CI", "95% CI or CrI"."""
    return f"{level_of(table)} CI{' or CrI' if 'CrI' in set(table.get('interval', ())) else ''}"


def total_sentences(table, series, wording):
    """Return the overall results and the prediction interval in words; those of groups where these are left out."""
    table = Rows.of(table)
    trials = table.of_kind("trial")
    if "fitted_estimate" in table:
        span = wording.span(*_ends(trials, "fitted_estimate"))
        return sentences(f"fitted means of {wording.contrast or f'the {wording.measure.name}'} run from {span}")

    def results(row, own):
        known = (s for s in series if row.get(f"{s}_k", 0) > 0 and row[f"{s}_estimate"] == row[f"{s}_estimate"])
        return "; ".join(result_sentence(row, own, s, wording) for s in known)

    if not style.option("overall"):
        own = {group: trials[trials["group"] == group] for group in trials["group"]}
        rows = table.of_kind("subtotal").records()
        return named(*(f"{quoted(row['group'])}: {results(row, own[row['group']])}" for row in rows))
    pooled = f"Pooled over all {wording.nouns}: {results(table.of_kind('total').records()[0], trials)}"
    limits = [wording.span(row["contrast_low"], row["contrast_high"]) for row in table.of_kind("prediction").records()]
    expected = f"{level_of(table)} prediction interval for a new {wording.noun}: {''.join(limits)}"
    return sentences(pooled, "" if limits in ([], [NOT_ESTIMABLE]) else expected)


def _ends(rows, name):
    """Return the least and the greatest number of a column."""
    [values] = rows.numbers(name)
    return np.fmin.reduce(values), np.fmax.reduce(values)


def seen_sentences(table, wording, each=", one per row"):
    """Return what the figure shows of the trials to someone who cannot see it."""
    table = Rows.of(table)
    trials, groups = table.of_kind("trial"), table.of_kind("heading")
    groups = groups[groups["contrast_k"] == groups["contrast_k"]] if len(groups) else groups
    names = ", ".join(map(quoted, groups["name"]))
    grouped = f" in {counted(len(groups), 'group')} ({names})" if len(groups) else ""
    spread = wording.span(*_ends(trials, "contrast_estimate"))
    of = wording.contrast or f"the {wording.measure.name}"
    return (
        f"{rows_counted(trials, wording)}{grouped}{each}",
        f"The {wording.nouns}' estimates of {of} run from {spread}" if len(trials) > 1 else "",
        wording.direction,
    )


def subtotals_sentence(groups):
    """Return what stands behind the names of subtotals, where a group has one of several trials."""
    several = any(len(block.trials) > 1 for block in groups)
    common = several and groups[0].results["contrast"].tau2_method == "CE"
    within = "I²" if common else "τ² and I²"
    return f"behind pooled groups: {within} within the group, and the test of its Q" if several else ""


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


def lines_words(wording):
    """Return what the further lines are that were asked for, "" for none; by their names and values."""
    given, measure = style.option("lines"), wording.measure
    values = [wording.write(float(measure.inverse(value))) for _, value in given]
    names = ", ".join(f"{quoted(name)} {value}".strip() for (name, _), value in zip(given, values, strict=True))
    return f"dashed grey {'line' if len(given) == 1 else 'lines'}: {names}" if given else ""


def marks_sentence(marks, drawn, wording):
    """Return what the marks mean whose names are among those ``drawn``."""
    treatment, placebo = wording.arms or UNNAMED
    said = ""
    for names, text in marks.items():
        if text and any(fnmatch(mark, name) for name in names.split("|") for mark in drawn):
            told = text.format(noun=wording.noun, nouns=wording.nouns, arm=treatment, other=placebo)
            said += told if told.startswith(",") or not said else f"; {told}"
    return "; ".join(filter(None, (said, lines_words(wording) if "lines" in drawn else "")))


def marks_of(groups):
    """Return MARKS; of groups without an overall result, areas are those of the weights within them."""
    own = groups and not style.option("overall")
    return {names: text.replace("the overall model", "its group") if own else text for names, text in MARKS.items()}


def letter_of(spec):
    """Return the letter of a value given as a letter or as (letter, tone); a hyphen becomes a minus."""
    letter = spec if isinstance(spec, str) else spec[0]
    return MINUS if letter == "-" else letter


def letters_sentence(head, letters, used):
    """Return what the lettered circles of a column mean, those in use."""
    return f"{head}: " + ", ".join(f"({letter_of(spec)}) {value}" for value, spec in letters if value in used)
