"""What a report says of a result: chosen by what the analysis holds, and the same in every format."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from inspect import signature
from typing import Any, get_args

import numpy as np
import pandas as pd

from analysis._types import MissingSDs
from analysis.data.effect_sizes import effect_sizes
from analysis.evidence.arms import PooledArms, pool_arms
from analysis.evidence.multiverse import DEFAULTS, multiverse, multiverse_findings
from analysis.evidence.risk_of_bias import judgements, risk_of_bias_findings
from analysis.models.counts import PooledCounts
from analysis.models.multilevel import MultilevelEffect
from analysis.models.pooling import CI_METHODS, leave_one_out, pool
from analysis.models.regression import MetaRegression
from analysis.models.results import PooledEffect
from analysis.models.small_study import small_study_effects
from analysis.models.subgroups import pool_subgroups
from analysis.models.tau2 import TAU2_METHODS
from analysis.plots._arms_forest import arms_forest
from analysis.plots._bubble import bubble
from analysis.plots._forest import forest
from analysis.plots._forests import steps_forest
from analysis.plots._funnel import funnel
from analysis.plots._multiverse import multiverse_plot
from analysis.plots._posterior import posterior_plot
from analysis.plots._printed import table_of as printed_of
from analysis.plots._risk_of_bias import risk_of_bias_summary, traffic_light, with_bars
from analysis.plots._selection import selection_plot
from analysis.plots._therapies import therapies_forest
from analysis.reports.again import fingerprint, lines
from analysis.reports.document import (
    WIDTH_MM,
    Bullets,
    Code,
    Document,
    Heading,
    Paragraph,
    Picture,
    Table,
)
from analysis.reports.paragraphs import caveats, effects_of, methods, results, table_of, versions
from analysis.reports.sources import sources
from analysis.sentences import Wording, capital, clustered
from analysis.text import counted, equals, level, number, percent, significant

#: The names of all figures of reports, which are those of their files.
FIGURES = (
    *("arms", "bubble", "dose", "forest", "forest_by_risk_of_bias", "funnel", "leave_one_out", "multiverse"),
    *("posterior", "risk_of_bias_summary", "selection", "therapies", "traffic_light"),
)
_FEW_FOR_A_FUNNEL = 10
_BOLD = ("heading", "subtotal", "total")
_SHOWN = {"title": "", "footer": False}  # caption and heading of the report say both
_POOLED = ("tau2_method", "ci_method", "pi_method", "confidence_level")
# What was asked of arms, beside the score, stays as it was.
_OF_ARMS = ("correlation", "crossover_correlation", "missing_sd", "multi_arm")
# Of a multiverse: the choices that made the effects, and those that pooled them.
_CHOSEN, _METHODS = ("outcome", *_OF_ARMS[:3]), ("tau2_method", "ci_method")


def contents(result: Any, title: str | None, question: str | None, judged: pd.DataFrame | None) -> Document:
    """Return the report of a result that there are paragraphs of."""
    words = Wording.of(result)
    report = Document(title or _title(words))
    add = report.blocks.extend
    add([Heading("Question"), Paragraph(question, marked=False) if question else Paragraph(_question(words))])
    add([Heading("Summary"), Paragraph(" ".join(results(result)))])
    if said := caveats(result):
        add([Paragraph("What to beware of:"), Bullets(said)])
    add([Heading("Data"), *_data(result, words)])
    add([Heading("Methods"), Paragraph(" ".join(methods(result)))])
    add([Heading("Results"), *_results(result, words)])
    pooled = _pooled(result)
    fit = result if isinstance(result, PooledCounts | MultilevelEffect) else pooled
    if fit is not None:
        add(_sensitivity(fit, words))
    if pooled is not None:
        add(_small_studies(pooled, words))
    add(_risk_of_bias(judged, pooled, effects_of(result)))
    add([Heading("How to repeat this"), *_again(result)])
    add(_derivations(effects_of(result)))
    report.blocks.append(Heading("References"))
    report.blocks.append(Bullets([sources()[key].reference for key in report.cites()]))
    return report


def _pooled(result):
    """The one pooled effect of independent studies behind a result, if there is one."""
    result = getattr(result, "contrast", getattr(result, "overall", result))
    return result if isinstance(result, PooledEffect) else None


def _title(words):
    what = capital(words.measure.name) + (f" in {words.outcome_name}" if words.outcome_name else "")
    arms = f", {words.whose}" if words.whose else ""
    return f"{what}{arms}: a meta-analysis"


def _question(words):
    of = f" of {words.outcome_name}" if words.outcome_name else ""
    asked = f"What is the {words.measure.name}{of}"
    if words.contrast:
        asked += f" with {words.arms[0]}, compared with {words.arms[1]}"
    elif words.arm:
        asked += f" with {words.arm}"
    good = f" {capital(words.direction)}." if words.direction else ""
    unit = f" One unit of the effect is {words.unit}." if words.unit.startswith("standard") else ""
    return f"{asked}?{good}{unit}"


# Data


def _data(result, words):
    k = getattr(result, "k", None) or getattr(_pooled(result), "k", 0)
    effects = effects_of(result)
    yield Paragraph(f"The analysis has {counted(k, 'effect')}. The hash of the data is {fingerprint(result)[:16]}.")
    out = _left_out(result, effects)
    if out:
        # Of a study that takes part with others it is one effect that does not.
        partly = effects is not None and effects.left_out["study"].isin(effects.table["study"]).any()
        few = f"{capital(counted(len(out), 'effect' if partly else words.noun))} took no part, or not in all of it."
        yield Table(few, [capital(words.noun), "Reason"], out)
    else:
        yield Paragraph(f"No {words.noun} was left out.")


def _left_out(result, effects):
    """Names and reasons of what was left out, of making the effects and of pooling them."""
    own = getattr(_pooled(result) or getattr(result, "regression", result), "left_out", ())
    rows = [] if effects is None else effects.left_out[["label", "reason"]].to_numpy().tolist()
    return list(dict.fromkeys((str(label), str(reason)) for label, reason in [*rows, *own]))


def _derivations(effects):
    if effects is None or not len(effects.derivations):
        return
    table = effects.derivations
    names = dict(zip(effects.table["study"], effects.table["label"], strict=True))
    rows = [
        (
            str(names.get(row.study, row.study) or "all"),
            str(row.arm),
            str(row.quantity),
            "" if pd.isna(row.value) else number(row.value),
            str(row.rule),
        )
        for row in table.itertuples()
    ]
    yield Heading("Appendix: numbers that are not printed as they stand")
    yield Table("How each was found.", [capital(effects.noun), "Arm", "Quantity", "Value", "Rule"], rows)


# Results


def _results(result, words):
    for name, figure in _figures(result):
        yield Picture(name, figure)
        if name == "forest":
            yield printed(figure, "The numbers of the forest plot.")
    heading, said = result._in_words()
    rows = [(label or "", text or "") for label, text in said if label not in ("Note", "Left out")]
    yield Table(
        f"All numbers. {heading}.", ["", "Finding"], rows, frozenset(i for i, row in enumerate(rows) if not row[1])
    )


def _figures(result):
    """The figures that show a result, each with its name."""
    if isinstance(result, PooledArms):
        yield "arms", _both_arms(result)
        yield "forest", forest(result, **_SHOWN)
    elif isinstance(result, PooledEffect) and _has_arms(table_of(result)):
        yield "forest", forest(result, **_SHOWN)
        # A given tau² is that of the difference, and of no change within arms.
        if result.tau2_method != "fixed":
            methods = {name: getattr(result, name) for name in _POOLED}
            yield "arms", _both_arms(pool_arms(result.effects, **methods))
    elif isinstance(result, MetaRegression):
        yield "forest", forest(result, **_SHOWN)
        if result.qm_df[0]:
            yield "bubble", bubble(result, **_SHOWN)
    elif type(result).__name__ in _DRAWN:
        name, draw = _DRAWN[type(result).__name__]
        yield name, draw(result, **_SHOWN)


def _both_arms(arms):
    with warnings.catch_warnings():
        # Nobody asked for this width, or can ask for another.
        warnings.filterwarnings("ignore", "width_mm is")
        return arms_forest(arms, width_mm=WIDTH_MM, **_SHOWN)


_DRAWN = {
    **{name: ("forest", forest) for name in ("PooledEffect", "PooledSubgroups", "PooledCounts", "MultilevelEffect")},
    "PosteriorEffect": ("posterior", posterior_plot),
    "DoseResponse": ("dose", bubble),
    "ComparedTherapies": ("therapies", therapies_forest),
    "TrimAndFill": ("funnel", funnel),
    "SmallStudyEffects": ("funnel", lambda found, **shown: funnel(found.pooled, **shown)),
    "SelectionModel": ("selection", selection_plot),
}


def _has_arms(effects):
    """Whether effects know the change within both arms, which is what the arms are set side by side for."""
    return (
        effects is not None
        and "change_placebo" in effects.table
        and bool(effects.table["change_placebo"].notna().any())
    )


def printed(figure: Any, caption: str) -> Table:
    """Return the printed cells of a figure of rows as a table."""
    table = printed_of(figure.content)
    cells = [[f"{text} {letters}".strip() for text, letters in row] for _, row in table.rows]
    return Table(caption, table.heads, cells, frozenset(i for i, kind in enumerate(table.kinds) if kind in _BOLD))


# Sensitivity


def _sensitivity(fit, words):
    """What other models, other choices and the lack of a single study would change."""
    independent = isinstance(fit, PooledEffect)
    if getattr(fit, "clusters", fit.k) < 3:
        return
    yield Heading("Sensitivity")
    if independent:
        yield _other_models(fit, words)
    yield from _without_each(fit, words)
    if independent and _of_arms(table_of(fit)):
        tried = _tried(fit)
        yield Heading("Other choices of the analyst", 2)
        yield Paragraph(
            "Every combination of the choices that an analyst has to make was tried [@steegen2016]. "
            + " ".join([*multiverse_findings(tried).splitlines(), *_beside_tried(fit, tried, words)])
        )
        yield Picture("multiverse", multiverse_plot(tried, **_SHOWN))


def _tried(pooled):
    """The multiverse of the trials that were pooled, their own options among the others, and marked as reported."""
    own = {name: pooled.effects.options[name] for name in _CHOSEN} | {name: getattr(pooled, name) for name in _METHODS}
    # Where a missing SD is an error, there is none.
    own |= {"missing_sd": "impute"} if own["missing_sd"] == "raise" else {}
    usual = {name: signature(multiverse).parameters[name].default for name in own}
    # What is no option of a multiverse, such as a tau² that was given, is not tried.
    known = {"missing_sd": get_args(MissingSDs), "tau2_method": TAU2_METHODS, "ci_method": CI_METHODS}
    more = {name: (*usual[name], x) for name, x in own.items() if x not in usual[name] and x in known.get(name, (x,))}
    tried = multiverse(pooled.effects.rows, confidence_level=pooled.confidence_level, **more)
    reported = (tried[[*DEFAULTS]] == pd.Series(DEFAULTS | own)).all(axis=1)
    tried = tried.assign(default=reported & np.isclose(tried["estimate"], pooled.estimate, rtol=1e-6))
    tried.attrs["marked"] = "reported"
    return tried


def _beside_tried(fit, tried, words):
    if not tried["default"].any():
        own = f"the reported {words.measure.name}, {words.estimate(fit)}"
        yield f"None of them gives {own}, which rests on other choices or on SDs of more {words.nouns}."
    if len(fit.effects.left_out):
        yield f"No {words.noun} that was left out takes part in any of them."


def _other_models(pooled, words):
    """The pooled effect by other estimators and intervals, and of adjusted scores where the trials tell them."""
    given = pd.DataFrame({"label": pooled.labels, "yi": pooled.yi, "vi": pooled.vi})
    at = pooled.confidence_level
    others = {"As reported": pooled}
    for tau2 in ("REML", "DL", "PM"):
        for ci in ("HKSJ", "z"):
            others[f"{tau2}, {ci}"] = pool(given, tau2_method=tau2, ci_method=ci, confidence_level=at)
    others["Common effect"] = pool(given, tau2_method="CE", ci_method="z", confidence_level=at)
    if _of_arms(table_of(pooled)):
        options = {name: pooled.effects.options[name] for name in _OF_ARMS}
        fixed = pooled.tau2_method == "fixed"
        own = {"tau2": pooled.tau2} if fixed else {"tau2_method": pooled.tau2_method}
        adjusted = effect_sizes(pooled.effects.rows, measure="MD", outcome="ancova", **options)
        others["Scores adjusted for baseline"] = pool(adjusted, ci_method=pooled.ci_method, confidence_level=at, **own)
    words = words.to(words.decimals(*pooled.ci))
    # Where no value is that of no effect, nothing is tested.
    tested = [] if math.isnan(words.measure.null) else ["p"]
    heads = ["Model", "k", capital(words.measure.name), f"{level(at)} CI", *tested, "tau", "I²"]
    rows = [
        (
            name,
            str(x.k),
            words.write(x.estimate),
            words.span(*x.ci),
            *(equals(x.pvalue).removeprefix("= ") for _ in tested),
            significant(x.tau),
            percent(x.i2),
        )
        for name, x in others.items()
    ]
    return Table("The pooled effect by other estimators, intervals and scores.", heads, rows, frozenset([0]))


def _of_arms(effects):
    """Whether effects are mean differences of placebo and treatment arms, all of whose rows they keep."""
    return (
        effects is not None
        and len(effects.rows) > 0
        and effects.measure == "MD"
        and effects.options.get("comparator") == "placebo"
        and effects.options.get("times") == "primary"
        and isinstance(effects.options.get("correlation"), float)
        and set(effects.table["study"]) <= set(effects.rows["study"])
    )


def _without_each(fit, words):
    without, digits, words = leave_one_out(fit), words.decimals(*fit.ci), clustered(fit)
    low, high = (words.write(end, digits) for end in (without["estimate"].min(), without["estimate"].max()))
    yield Paragraph(
        f"Without one {words.noun} at a time, the pooled {words.measure.name} lies between {low} and {high} "
        "[@viechtbauer2010]."
    )
    overall = None if isinstance(fit, PooledCounts) else fit
    yield Picture("leave_one_out", steps_forest(without, overall=overall, **_SHOWN))


# Small studies, and bias


def _small_studies(pooled, words):
    yield Heading("Small-study effects")
    if pooled.k < _FEW_FOR_A_FUNNEL:
        few = f"{words.counted(pooled.k, pooled.trials)}, fewer than {_FEW_FOR_A_FUNNEL}"
        yield Paragraph(f"With {few}, neither a funnel nor a test of it would tell anything, and none was made.")
        return
    found = small_study_effects(pooled)
    yield Picture("funnel", funnel(pooled, **_SHOWN))
    digits = words.decimals(*pooled.ci)
    rows = []
    for row in found.table.itertuples():
        shown = "" if math.isnan(row.estimate) else words.write(row.estimate, digits)
        ends = "" if math.isnan(row.estimate) else words.span(row.ci_low, row.ci_high, digits)
        p = "" if math.isnan(row.pvalue) else equals(row.pvalue).removeprefix("= ")
        rows.append((row.method, p, shown, ends, row.note))
    heads = ["Method", "p", f"Adjusted {words.measure.name}", f"{level(pooled.confidence_level)} CI", "Note"]
    yield Table("Tests of small-study effects, and effects adjusted for them.", heads, rows)
    yield Paragraph(found._in_words()[1][-1][1])


def _risk_of_bias(judged, pooled, effects):
    """Judgements, of the table that was given or of the column that `with_risk_of_bias` put beside the effects."""
    own = effects is not None and "risk_of_bias" in effects.table
    if judged is None and not own:
        return
    yield Heading("Risk of bias")
    if judged is not None:
        if effects is not None:
            yield Paragraph(" ".join(risk_of_bias_findings(judged, effects).splitlines()))
        if with_bars(judgements(judged).table):
            yield Picture("risk_of_bias_summary", risk_of_bias_summary(judged, effects, **_SHOWN))
        yield Picture("traffic_light", traffic_light(judged, effects, **_SHOWN))
    # Totals are no groups.
    if own and table_of(pooled) is effects and isinstance(effects.table["risk_of_bias"].dtype, pd.CategoricalDtype):
        groups = pool_subgroups(pooled, effects.table["risk_of_bias"].tolist())
        yield Picture("forest_by_risk_of_bias", forest(replace(groups, by="risk_of_bias"), **_SHOWN))


# How to repeat it


def _again(result):
    code = lines(result)
    where = "The file studies.csv beside this report has the effects."
    yield Paragraph(f"{where} These lines give the same result:" if code else where)
    if code:
        yield Code(code)
    rows = [*versions().items(), ("SHA-256 of studies.csv", fingerprint(result))]
    yield Table("Software and data.", ["What", "Version"], rows)
