"""Methods and results as paragraphs of an article, made from a result alone: every number is one of it."""

from __future__ import annotations

import math
import platform
import sys
from typing import Any

import numpy as np
import pandas as pd
import scipy

from analysis import _check
from analysis.reports.sources import cited
from analysis.sentences import (
    ZERO_CELL,
    Caveat,
    Wording,
    added,
    as_given,
    capital,
    clustered,
    dose_difference,
    dose_of,
    indirect,
    origins,
    prior_words,
    repeated,
    shared_errors,
    studies_behind,
    told_of,
    wald_test,
)
from analysis.text import counted, equals, level, number, percent, plural, significant

_TAU2 = {
    "REML": "restricted maximum likelihood [@viechtbauer2005]",
    "ML": "maximum likelihood [@viechtbauer2005]",
    "DL": "the method of DerSimonian and Laird [@dersimonian1986]",
    "PM": "the method of Paule and Mandel [@paule1982]",
    "EB": "the empirical Bayes method [@morris1983]",
    "HE": "the method of Hedges, from unweighted moments [@cochran1954]",
    "HS": "the method of Hunter and Schmidt [@hunter2004]",
    "SJ": "the method of Sidik and Jonkman [@sidik2005]",
}
_HKSJ = "by the method of Hartung, Knapp, Sidik and Jonkman [@hartung2001; @sidik2002]"
_INTERVALS = {
    "HKSJ-wide": f"{_HKSJ}, or normal where that was wider",
    "HKSJ": _HKSJ,
    "HKSJ-mod": f"{_HKSJ}, with a variance factor of at least 1 [@knapp2003; @roever2015]",
    "z": "from the normal distribution",
    "t": "from the t distribution",
    "CR2": "cluster-robust with the CR2 adjustment and Satterthwaite degrees of freedom "
    "[@bell2002; @tipton2015; @pustejovsky2018]",
    "CR1": "cluster-robust with the CR1 adjustment",
}
_TAU2_INTERVALS = {
    "Q-profile": "by the Q-profile method [@viechtbauer2007]",
    "profile likelihood": "by the profile likelihood [@hardy1996]",
    "Jackson": "by the generalised Q statistic with weights 1/SE [@jackson2013]",
    "Biggerstaff": "by the generalised Q statistic with weights 1/variance [@biggerstaff2008]",
}
_PREDICTIONS = {
    "Nagashima": "by a confidence distribution of the heterogeneity [@nagashima2019]",
    "t(k-1)": "on the t distribution with k − 1 degrees of freedom [@higgins2009]",
    "t(k-2)": "on the t distribution with k − 2 degrees of freedom [@higgins2009]",
    "z": "on the normal distribution",
}
_ASYMMETRY = {
    "Egger": "Egger's regression [@egger1997]",
    "Begg": "the rank correlation of Begg and Mazumdar [@begg1994]",
    "Peters": "the regression of Peters and colleagues [@peters2006]",
    "Harbord": "the score regression of Harbord and colleagues [@harbord2006]",
    "Pustejovsky-Rodgers": "the regression of Pustejovsky and Rodgers [@pustejovsky2019]",
}
_SCORES = {
    "change": "Changes from baseline were preferred to final scores.",
    "final": "Final scores were preferred to changes from baseline.",
    "ancova": "Final scores were adjusted for baseline where the numbers allowed.",
}

_WAS = "was", "were"
# What is said of one effect, and of several.
_ORIGINS = {
    "recovered": [f"{verb} recovered from other statistics that were printed" for verb in _WAS],
    "imputed": [f"{verb} on an imputed SD" for verb in ("rests", "rest")],
    ZERO_CELL: [f"{verb} made of counts of which one is zero and to which one half was added" for verb in _WAS],
}


def methods_text(result: Any) -> str:
    """Return how a result was made, as a paragraph for the methods section of an article.

    Parameters
    ----------
    result : object
        That of a model, such as :func:`analysis.pool`, or of a method for small-study effects.

    Returns
    -------
    str
        One paragraph, with authors and years in brackets, and the versions of the software at its end. What is asked of
        effects, such as a correlation that was assumed, stands in it where the effects know. The references themselves,
        also as BibTeX, are in the folder that :func:`analysis.report` makes.

    Raises
    ------
    TypeError
        If `result` is none of a model; the message says what to give.

    See Also
    --------
    analysis.results_text : What was found, in the same way.
    analysis.report : A whole report, with references as BibTeX.

    Notes
    -----
    What a methods section must tell of a synthesis [1]_: effect measure, model, estimator of the variance between
    studies, intervals, heterogeneity, software.

    References
    ----------
    .. [1] Page et al. 2021 (PRISMA), BMJ 372:n71, items 12, 13d and 13e, doi 10.1136/bmj.n71.

    Examples
    --------
    >>> from analysis import pool
    >>> print(methods_text(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], measure="SMD")).partition(" Software")[0])
    The effect measure was the standardised mean difference, in standard deviations. The effects of 3 studies were
    pooled in a random-effects model. The variance of true effects between studies (tau²) was estimated by restricted
    maximum likelihood (Viechtbauer 2005). ...
    """
    return cited(" ".join(methods(result)))


def results_text(result: Any) -> str:
    """Return what was found, as a paragraph for the results section of an article.

    Parameters
    ----------
    result : object
        That of a model, such as :func:`analysis.pool`, or of a method for small-study effects.

    Returns
    -------
    str
        One paragraph. Ratios are given as ratios, arms by their names; direction and unit are those of the effects.
        Advice for the analyst is left out: :func:`analysis.findings` has it.

    Raises
    ------
    TypeError
        If `result` is none of a model; the message says what to give.

    See Also
    --------
    analysis.methods_text : How it was found, in the same way.
    analysis.findings : One sentence a line, with what to beware of.

    Notes
    -----
    Estimate, interval, direction and heterogeneity are told [1]_.

    References
    ----------
    .. [1] Page et al. 2021 (PRISMA), BMJ 372:n71, item 20b, doi 10.1136/bmj.n71.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis import effect_sizes, pool
    >>> table = pd.DataFrame({"study": list("ABCDE"), "yi": [-0.9, -0.3, -1.2, -0.5, -0.8], "se": 0.2})
    >>> effects = effect_sizes(table, measure="OR", benefit="lower", arms=("laser", "sham"))
    >>> print(results_text(pool(effects)).partition(" The true odds")[0])
    The pooled odds ratio, laser over sham, of 5 studies was 0.48 (95% CI 0.31 to 0.74): favours laser. The test of no
    effect gave t = −4.72 on 4 degrees of freedom, p = 0.009. The true effects varied between studies: tau 0.29 on the
    log scale, I² 67% (from tau²; 95% CI 9% to 96%). Cochran's Q was 12.30 on 4 degrees of freedom, p = 0.015.
    """
    return " ".join(results(result))


def methods(result: Any) -> list[str]:
    """Return the sentences of `methods_text`, their sources as marks."""
    tell = _known(result, "methods_text")[0]
    return [*_of_effects(result), *tell(result), _software()]


def results(result: Any) -> list[str]:
    """Return the sentences of `results_text`."""
    _, tell = _known(result, "results_text")
    return list(tell(result))


def caveats(result: Any) -> list[str]:
    """Return what the analyst must know of a result beside its numbers."""
    parts = [result, *([result.contrast] if hasattr(result, "placebo") and hasattr(result, "joint") else [])]
    return [line for part in parts for line in told_of(part) or [] if isinstance(line, Caveat)]


def effects_of(result: Any) -> Any:
    """Return the effects that a result was made of, or None where these were plain numbers."""
    return getattr(getattr(result, "overall", result), "effects", None)


def table_of(result: Any) -> Any:
    """Return these effects where they are what was analysed: those of an arm, or of one group, are others."""
    effects, fit = effects_of(result), getattr(result, "overall", result)
    same = effects is not None and (not hasattr(fit, "yi") or np.array_equal(fit.yi, effects.yi))
    return effects if same else None


def is_told(result: Any) -> bool:
    """Return whether there are paragraphs of a result."""
    return any(kind.__name__ in _TOLD for kind in type(result).__mro__)


def _known(result, to):
    told = next((_TOLD[kind.__name__] for kind in type(result).__mro__ if kind.__name__ in _TOLD), None)
    if told is None:
        known = "give the result of a model, such as pool(effects), or of a method for small-study effects"
        raise TypeError(_check.refusal(result, to, known))
    return told


def versions() -> dict[str, str]:
    """Return the versions of the library and of what it computes with."""
    # The package as a whole is above this wing; only its version is asked for, when it is there already.
    return {
        "pain-meta-analysis": sys.modules["analysis"].__version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "pandas": pd.__version__,
    }


def _software():
    own, *others = (f"{name} {version}" for name, version in versions().items())
    return f"Software: {own}, with {', '.join(others[:-1])} and {others[-1]}."


# Methods


def _of_effects(result):
    """What the effects are and how they were made, as far as they know."""
    words = Wording.of(result)
    if words.measure:
        of = f" of {words.outcome_name}" if words.outcome_name else ""
        arms = f" ({words.whose})" if words.whose else ""
        unit = f", in {words.unit}" if words.unit else ""
        yield f"The effect measure was the {words.measure.name}{of}{arms}{unit}."
    if words.measure.scale:
        yield f"It was analysed{words.on_scale.replace(' of ', ' as ')} and turned back for reporting."
    if words.direction:
        yield f"{capital(words.direction)}."
    effects = effects_of(result)
    if effects is None:
        return
    yield from _of_numbers(result, effects, words)
    partly = effects.left_out["study"].isin(effects.table["study"])
    if k := effects.left_out["study"][~partly].nunique():
        yield f"Without an effect, and so left out, {_were(k, words.noun)}."
    if k := int(partly.sum()):
        yield f"Of {plural(words.noun)} with other effects, {counted(k, 'row')} without one {_WAS[k > 1]} left out."


def _were(k, noun):
    return f"{'was' if k == 1 else 'were'} {counted(k, noun)}"


def _of_numbers(result, effects, words):
    """Which scores were taken, and how many numbers were not printed as they stand."""
    options = effects.options
    # Of a table with one row a study the numbers say what they are.
    if len(effects.rows) and effects.measure in ("MD", "SMD", "SMDH", "ROM"):
        alone = _final_scores_alone(effects.table)
        yield "Final scores were compared." if alone else _SCORES[options["outcome"]]
        if isinstance(options.get("correlation"), float) and not alone:
            r = f"a correlation of {as_given(options['correlation'])} between baseline and final scores"
            yield f"Where it was needed and not reported, {r} was assumed."
    if options.get("multi_arm") == "split":
        yield f"People of an arm with which several others of a {words.noun} are compared were shared out among these."
    if options.get("times") == "all":
        yield f"Every time at which a {words.noun} was measured has an effect of its own."
    k = origins(result, effects)
    parts = [f"{k[status]} {said[k[status] > 1]}" for status, said in _ORIGINS.items() if status in k]
    if parts:
        yield f"Of {counted(sum(k.values()), 'effect')}, {' and '.join(parts)}."


def _final_scores_alone(table):
    """Whether no baseline is in any number: not in the effects, nor in changes within the arms beside them."""
    changes = table.get("change_placebo")
    return bool((table["outcome"] == "final").all()) and (changes is None or bool(changes.isna().all()))


def _tau2(result, of="effects", between=None):
    between = between or plural(Wording.of(result).noun)
    if result.tau2_method == "fixed":
        yield f"The variance of true {of} between {between} (tau²) was given, not estimated."
    elif result.tau2_method != "CE":
        yield f"The variance of true {of} between {between} (tau²) was estimated by {_TAU2[result.tau2_method]}."


def _level(result, what="Confidence intervals"):
    yield f"{what} are at the {level(result.confidence_level)} level."
    yield f"They were computed {_INTERVALS[result.ci_method]}."


def _model(result):
    return "common-effect" if getattr(result, "tau2_method", "CE") == "CE" else "random-effects"


def _effects_said(words, fit):
    """What was analysed: "The effects of 12 trials", or "The 6 effects of 3 studies" where a study has several."""
    return f"The {'' if repeated(fit) else 'effects of '}{words.counted(fit.k, studies_behind(fit))}"


def _apart(words, fit):
    return f", as if those of one {words.noun} were independent" if repeated(fit) else ""


def _methods_of_effect(pooled):
    words = Wording.of(pooled)
    if pooled.k == 1:
        yield f"There was one {words.noun}, so nothing was pooled."
        yield f"The interval is the normal one of its effect, at the {level(pooled.confidence_level)} level."
        return
    yield f"{_effects_said(words, pooled)} were pooled in a {_model(pooled)} model{_apart(words, pooled)}."
    yield from _tau2(pooled)
    yield from _level(pooled)
    if _model(pooled) == "common-effect":
        yield "Heterogeneity was described by I², derived from Q [@higgins2002], and tested by Cochran's Q."
        return
    yield "Heterogeneity was described by tau and by I², derived from tau² [@higgins2002], and tested by Cochran's Q."
    if pooled.tau2_method != "fixed":
        yield f"The interval of tau² was computed {_TAU2_INTERVALS[pooled.tau2_ci_method]}."
    if math.isfinite(pooled.pi.low):
        yield f"The prediction interval was computed {_PREDICTIONS[pooled.pi_method]}."


def _methods_of_subgroups(pooled):
    yield from _methods_of_effect(pooled.overall)
    one = "one variance for all" if pooled.tau2 == "common" else "a variance for each"
    kind = "" if _model(pooled.overall) == "common-effect" else f", with {one}"
    yield f"Subgroups by {_column(pooled.by)} were pooled separately{kind}, and compared by Q [@borenstein2009]."
    if not math.isnan(pooled.f):
        yield "The F form of this test takes small numbers into account [@welch1951]."


def _methods_of_arms(arms):
    words, (treatment, placebo) = Wording.of(arms), arms.effects.arms
    yield from _methods_of_effect(arms.contrast)
    if arms.placebo is not None:
        yield (
            f"Changes within the {treatment} arms and within the {placebo} arms were pooled in the same way. They "
            "contain natural course and regression to the mean [@bland1994]."
        )
    if arms.joint is not None:
        yield f"A bivariate model pooled both arms of each {words.noun} together [@houwelingen2002]."
    if arms.groups:
        yield f"Groups by {_column(arms.by)} were pooled separately."


def _methods_of_counts(pooled):
    words = Wording.of(pooled)
    peto = pooled.method == "Peto"
    by = "Peto's method [@yusuf1985]" if peto else "the Mantel-Haenszel method [@mantel1959]"
    yield f"The counts of {words.counted(pooled.k)} were pooled by {by}, a common-effect model."
    variance = {"OR": "robins1986", "RR": "greenland1985", "RD": "sato1989"}[pooled.measure]
    how = "" if peto else f", with the variance for sparse data [@{variance}]"
    yield from added(pooled)
    yield f"The confidence interval is normal, at the {level(pooled.confidence_level)} level{how}."
    yield "Heterogeneity was described by I², derived from Q [@higgins2002], and tested by Cochran's Q."


def _methods_of_multilevel(fit):
    words = clustered(fit)
    yield (
        f"The {counted(fit.k, 'effect')} of {words.counted(fit.clusters)} were pooled in a three-level model "
        "[@konstantopoulos2011; @noortgate2013]."
    )
    yield (
        f"Variances of true effects between and within {words.nouns} were estimated by {_TAU2[fit.tau2_method]}, with "
        "intervals by the profile likelihood."
    )
    yield from _errors(fit, words)
    yield from _level(fit)
    yield "Shares of the variance (I²) refer to the typical sampling variance [@higgins2002]."


def _errors(fit, words):
    if shared := shared_errors(fit):
        yield f"Sampling errors within a {words.noun} were taken to correlate by {shared}; their covariance was given."


def _methods_of_regression(fit):
    words, nested = Wording.of(fit), hasattr(fit, "clusters")
    if nested:
        words = clustered(fit)
        yield (
            f"The {counted(fit.k, 'effect')} of {words.counted(fit.clusters)} were explained by {fit.formula} in a "
            "three-level meta-regression [@konstantopoulos2011; @noortgate2013]."
        )
        yield f"Variances between and within {words.nouns} were estimated by {_TAU2[fit.tau2_method]}."
        yield from _errors(fit, words)
    else:
        yield (
            f"{_effects_said(words, fit)} were explained by {fit.formula} in a "
            f"{_model(fit).replace('random', 'mixed')} meta-regression [@thompson2002]{_apart(words, fit)}."
        )
        yield from _tau2(fit, "effects that the moderators leave")
    yield from _level(fit, "Intervals of the coefficients")
    if fit.qm_df[0]:
        yield "Moderators were tested together by a Wald test."


def _methods_of_bayes(posterior):
    words = Wording.of(posterior)
    yield (
        f"{_effects_said(words, posterior)} were pooled in a Bayesian random-effects model, computed without "
        f"simulation [@roever2020]{_apart(words, posterior)}."
    )
    priors = f"{prior_words(posterior.tau_prior)} and a {prior_words(posterior.mu_prior)}".replace("τ", "tau")
    yield f"It had a {priors}."
    yield f"Intervals are at the {level(posterior.confidence_level)} level, with equal tails."


def _methods_of_bivariate(fit):
    words = Wording.of(fit)
    both = "Both outcomes" if fit.effects is None else "The changes in both arms"
    yield (
        f"{both} of {words.counted(fit.k, studies_behind(fit))} were pooled together in a bivariate random-effects "
        "model [@houwelingen2002]."
    )
    yield f"The variances and the covariance of true values were estimated by {_TAU2[fit.tau2_method]}."
    yield from _level(fit)


def _methods_of_imputed(found):
    words = Wording.of(found)
    yield f"The effects of {words.counted(found.k)} were pooled in a {_model(found)} model."
    if len(found.imputed):
        sds = counted(len(found.imputed), "SD")
        times = counted(found.imputations, "time")
        verb = "was" if len(found.imputed) == 1 else "were"
        yield f"{sds} that papers do not print {verb} imputed {times}, drawn from those of other {words.nouns}."
        yield (
            "The imputations were combined by Rubin's rules, with small-sample degrees of freedom [@rubin1987; "
            "@barnard1999]."
        )
    yield from _tau2(found)
    yield from _level(found)
    if math.isfinite(found.pi.low):
        yield f"The prediction interval was computed {_PREDICTIONS['Nagashima']}."


def _methods_of_doses(found):
    words, fit = Wording.of(found), found.regression
    shape = {"linear": "a straight line", "quadratic": "a quadratic curve"}.get(found.shape)
    if shape is None:
        shape = f"a restricted cubic spline with {len(found.knots)} knots [@harrell2015]"
    yield (
        f"{_effects_said(words, fit)} were related to {_column(found.dose)} by "
        f"{shape} in a meta-regression [@thompson2002]{_apart(words, fit)}."
    )
    yield f"Effects are compared with the one at {dose_of(found, found.reference)}."
    yield from _tau2(fit, "effects that the dose leaves")
    yield from _level(fit)


def _methods_of_compared(found):
    words = Wording.of(found)
    yield (
        f"The {counted(found.k, 'effect')} of {words.counted(found.trials)} compared "
        f"{len(found.therapies)} treatments by {_column(found.by)} with {found.comparator}, in one network model with "
        "one variance for all [@higgins1996]."
    )
    yield f"Treatments were compared with one another through {found.comparator} [@bucher1997]."
    if not found.p_scores.isna().all():
        yield "They were ranked by P-scores [@ruecker2015]."
    yield from _tau2(found)
    yield from _level(found)


def _methods_of_asymmetry(test):
    words = Wording.of(test)
    mixed = f", with a variance between {words.nouns} by {_TAU2[test.tau2_method]}" if test.tau2_method else ""
    yield f"Small-study effects were tested in {words.counted(test.k)} by {_ASYMMETRY[test.test]}{mixed}."


def _methods_of_trim(found):
    words = Wording.of(found)
    yield (
        f"{capital(words.nouns)} that a symmetric funnel would have were filled in by trim and fill [@duval2000], with "
        f"the estimator {found.estimator}."
    )


def _methods_of_pet_peese(fit):
    yield (
        "The effect was regressed on the standard error (PET) and on the variance (PEESE) to find that of a study "
        "without error [@stanley2014]."
    )
    yield f"PEESE was to be used where PET differed from no effect at p < {as_given(fit.alpha)}."


def _methods_of_limit(fit):
    yield "The effect was adjusted for small-study effects by a limit meta-analysis [@ruecker2011]."
    yield from _tau2(fit.pooled)


def _methods_of_selection(fit):
    kind = "a beta density of p values [@citkowicz2017]"
    if fit.kind == "steps":
        ends = ", ".join(map(as_given, fit.steps[:-1]))
        kind = f"steps of the weight at p = {ends} [@vevea1995]"
    yield f"The effect was adjusted for selection by p values with a selection model, {kind}, by maximum likelihood."
    yield "Such a model depends on the selection that it takes for granted [@mcshane2016]."


def _methods_of_small_studies(found):
    yield from _methods_of_effect(found.pooled)
    yield "Small-study effects were looked for by every method that fits the measure and the number of studies."


# Results


def _results_of_findings(result):
    """The findings without advice, and after the first two of a pooled effect its tests."""
    lines = [line for line in told_of(result) if not isinstance(line, Caveat)]
    pooled = getattr(result, "overall", result)
    first, *others = lines
    yield first
    if hasattr(pooled, "pvalue"):
        yield from _no_effect(pooled)
    q = _q(pooled) if hasattr(pooled, "q") and pooled.q_df > 0 else ""
    for line in others:
        yield line
        if q and line.startswith("The true effects"):
            yield q
    # A model of one true effect has its Q in the sentence on it.


def _results_of_arms(arms):
    """The findings, with all that is said of a pooled effect after the randomised difference."""
    contrast = arms.contrast
    of_arms, of_contrast = ([x for x in told_of(each) if not isinstance(x, Caveat)] for each in (arms, contrast))
    at = next(i for i, line in enumerate(of_arms) if line.startswith("The randomised difference"))
    # The next sentence may be on the same interval.
    at += 2 if contrast.hksj_narrower else 1
    yield from of_arms[:at]
    yield from _no_effect(contrast)
    yield from of_contrast[1:2]
    if contrast.k > 1 and _model(contrast) != "common-effect":
        if not (contrast.tau2_ci_empty or math.isnan(contrast.tau2_ci.low)):
            ends = " to ".join(map(significant, contrast.tau2_ci))
            yield f"Tau² was {significant(contrast.tau2)} ({level(contrast.confidence_level)} CI {ends})."
        yield _q(contrast)
    yield from of_contrast[2:]
    yield from (line for line in of_arms[at:] if not line.startswith("Tau was"))


def _no_effect(fit):
    """The test of no effect, where the measure has such a value."""
    words = Wording.of(fit)
    if math.isnan(words.measure.null) or math.isnan(fit.pvalue):
        return
    yield f"The test of no effect gave {_test(fit.statistic, getattr(fit, 'df', math.inf), fit.pvalue)}."


def _test(statistic, df, pvalue):
    if math.isinf(df):
        return f"z = {number(statistic)}, p {equals(pvalue)}"
    on = number(df, 0 if float(df).is_integer() else 1)
    return f"t = {number(statistic)} on {_degrees(on)}, p {equals(pvalue)}"


def _degrees(df):
    return f"{df} degree{'' if df == '1' else 's'} of freedom"


def _q(fit):
    return f"Cochran's Q was {number(fit.q)} on {_degrees(str(fit.q_df))}, p {equals(fit.q_pvalue)}."


def _results_of_imputed(found):
    words = _tabled(found, found.ci)
    yield _pooled(words, found, words.counted(found.k))
    yield from _no_effect(found)
    if len(found.imputed):
        yield f"Missing SDs made {percent(found.share_missing)} of the variance of this estimate."
    if found.tau2_method != "CE" and found.k > 1:
        yield f"Over the imputations, tau was {_tau(words, found.tau)} and I² {percent(found.i2)} on average."
    if math.isfinite(found.pi.low):
        at = level(found.confidence_level)
        yield (
            f"The true {words.measure.name} of a new {words.noun} is expected between {words.write(found.pi.low)} and "
            f"{words.write(found.pi.high)} ({at} prediction interval)."
        )


def _tabled(fit, *intervals):
    words = Wording.of(fit)
    return words.to(words.decimals(*zip(*intervals, strict=True)))


def _pooled(words, fit, of, what="The pooled"):
    said = f"{what} {words.subject} of {of} was {words.estimate(fit, unit=True)}"
    reading = words.reading(*fit.ci)
    return f"{said}: {reading}." if reading else f"{said}."


def _tau(words, tau):
    return f"{significant(tau)}{f' {words.points}' if words.points else ''}{words.on_scale}"


def _results_of_doses(found):
    words, fit = Wording.of(found), found.regression
    over = "as a ratio to" if words.measure.is_ratio else "minus"
    for dose in dict.fromkeys((found.lowest, (found.lowest + found.highest) / 2, found.highest)):
        if dose != found.reference:
            at = f"{dose_of(found, dose)}, {over} that at {dose_of(found, found.reference)},"
            yield f"The effect at {at} was {dose_difference(found, dose, words)}."
    if found.shape != "linear":
        test = found.nonlinearity
        yield f"The test that the curve is a straight line gave {wald_test(test.statistic, test.df, test.pvalue)}."
    if getattr(fit, "tau2_method", "CE") != "CE":
        yield f"The dose leaves a tau of {_tau(words, fit.tau)} between {words.nouns}."
    yield f"Nobody was randomised between the doses of different {words.nouns}."


def _results_of_compared(found):
    frame, at = found.to_frame(), f"{level(found.confidence_level)} CI"
    words = _tabled(found, *zip(frame["ci_low"], frame["ci_high"], strict=True))
    subject = f"{words.measure.name} against {found.comparator}"
    for row in frame.itertuples():
        ends = (row.ci_low, row.ci_high)
        score = "" if math.isnan(row.p_score) else f"; P-score {number(row.p_score)}"
        within = words.within(row.estimate, ends, at, unit=True, more=f"; {words.counted(row.trials)}{score}")
        yield f"The {subject} of {row.therapy} was {within}."
    yield f"The tau of all was {_tau(words, found.tau)}."
    yield f"{capital(indirect(found, words))}."


def _results_of_asymmetry(test):
    words = Wording.of(test)
    if test.test == "Begg":
        yield f"Kendall's tau between effects and variances was {number(test.statistic)}, p {equals(test.pvalue)}."
    else:
        slope = f"{significant(test.slope, 3)}{words.on_scale}"
        yield f"The slope of the {test.test} test was {slope}: {_test(test.statistic, test.df, test.pvalue)}."
    if not math.isnan(test.limit):
        ci = words.within(test.limit, test.limit_ci, f"{level(test.confidence_level)} CI")
        yield f"Where the predictor is 0, the {words.measure.name} would be {ci}."
    yield _caveat(words)


def _caveat(words):
    return (
        f"Asymmetry is not bias: true effects that go with size, weaker methods of small {words.nouns} and chance make "
        "it too."
    )


def _results_of_trim(found):
    words = _tabled(found.observed, found.observed.ci, found.pooled.ci)
    side = f" on the {found.side}" if found.k0 else ""
    yield f"Trim and fill added {words.counted(found.k0)}{side}."
    yield _pooled(words, found.observed, words.counted(found.k), "As observed, the pooled")
    if found.k0:
        yield _pooled(words, found.pooled, f"the {found.pooled.k} with these", "The")
    yield _caveat(words)


def _results_of_adjusted(fit):
    """An effect that was adjusted beside the one that was not."""
    words = _tabled(fit, fit.ci)
    yield _pooled(words, fit, words.counted(fit.k), "Adjusted, the")
    before = getattr(fit, "unadjusted", getattr(fit, "pooled", None))
    if before is not None:
        yield f"Without adjustment it was {_tabled(before, before.ci).estimate(before)}."
    if hasattr(fit, "lrt"):
        chi2 = f"chi² {number(fit.lrt)} on {_degrees(str(fit.lrt_df))}, p {equals(fit.lrt_pvalue)}"
        yield f"The test of no selection gave {chi2}."
    if hasattr(fit, "chosen"):
        yield f"This is the estimate of {fit.chosen}."
    if hasattr(fit, "q_small"):
        yield f"Of Cochran's Q, {number(fit.q_small)} goes with size (p {equals(fit.q_small_pvalue)})."
    yield _caveat(words)


def _results_of_small_studies(found):
    words = _tabled(found.pooled, found.pooled.ci)
    yield _pooled(words, found.pooled, words.counted(found.k), "Without adjustment, the pooled")
    at = f"{level(found.pooled.confidence_level)} CI"
    for row in found.table.itertuples():
        parts = [] if math.isnan(row.pvalue) else [f"p {equals(row.pvalue)}"]
        if not math.isnan(row.estimate):
            parts.append(words.within(row.estimate, (row.ci_low, row.ci_high), at))
        if parts:
            yield f"{row.method}: {', '.join(parts)}."
    yield _caveat(words)


def _column(name):
    return name.replace("_", " ")


_TOLD = {
    "PooledEffect": (_methods_of_effect, _results_of_findings),
    "PooledSubgroups": (_methods_of_subgroups, _results_of_findings),
    "PooledArms": (_methods_of_arms, _results_of_arms),
    "PooledCounts": (_methods_of_counts, _results_of_findings),
    "MultilevelEffect": (_methods_of_multilevel, _results_of_findings),
    "MetaRegression": (_methods_of_regression, _results_of_findings),
    "MultilevelRegression": (_methods_of_regression, _results_of_findings),
    "PosteriorEffect": (_methods_of_bayes, _results_of_findings),
    "BivariateEffect": (_methods_of_bivariate, _results_of_findings),
    "ImputedEffect": (_methods_of_imputed, _results_of_imputed),
    "DoseResponse": (_methods_of_doses, _results_of_doses),
    "ComparedTherapies": (_methods_of_compared, _results_of_compared),
    "AsymmetryTest": (_methods_of_asymmetry, _results_of_asymmetry),
    "TrimAndFill": (_methods_of_trim, _results_of_trim),
    "PetPeese": (_methods_of_pet_peese, _results_of_adjusted),
    "LimitEffect": (_methods_of_limit, _results_of_adjusted),
    "SelectionModel": (_methods_of_selection, _results_of_adjusted),
    "SmallStudyEffects": (_methods_of_small_studies, _results_of_small_studies),
}
