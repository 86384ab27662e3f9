"""Results in sentences: summaries, and what the pooled arms show; every number is formatted by analysis.text."""

import html
import math

from analysis.text import MINUS, NOT_ESTIMABLE, counted, equals, interval, level, number, percent


def summary(pooled):
    """Return a pooled effect in words, a few lines of text.

    Parameters
    ----------
    pooled : analysis.PooledEffect

    Returns
    -------
    str
        Estimate, heterogeneity, prediction, methods, and what few studies or a narrow interval mean.

    Examples
    --------
    >>> from analysis import pool
    >>> print(summary(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])).splitlines()[1])
      Estimate      −1.24 (95% CI −3.20 to 0.72), p = 0.11
    """
    at = level(pooled.confidence_level)
    lines = [
        _model(pooled),
        f"  Estimate      {number(pooled.estimate)} ({at} CI {interval(*pooled.ci)}), p {equals(pooled.pvalue)}",
    ]
    if pooled.k > 1:
        q_based = max(0.0, (pooled.q - pooled.q_df) / pooled.q) if pooled.q > 0 else 0.0
        lines += [
            f"  Between       tau {number(pooled.tau)}, tau² {number(pooled.tau2)} "
            f"({at} CI {interval(*pooled.tau2_ci)}, {pooled.tau2_ci_method})",
            f"  Share         I² {percent(pooled.i2)} ({at} CI {_percents(pooled.i2_ci)}); "
            f"from Q {percent(q_based)}, H² {number(pooled.h2)}",
            f"  Homogeneity   Q {number(pooled.q)} on {pooled.q_df} df, p {equals(pooled.q_pvalue)}",
            f"  New study     {interval(*pooled.pi)} ({at} prediction interval, {_true_minus(pooled.pi_method)})",
        ]
    return "\n".join(lines + [f"  Note          {note}" for note in notes(pooled)])


def notes(pooled):
    """Return what a reader must know about a pooled effect, as a list of sentences; empty if nothing."""
    said = []
    if pooled.k == 1:
        said.append("One study: nothing is pooled, the interval is the study's own (normal).")
    elif pooled.k <= 4:
        said.append(
            f"{pooled.k} studies: tau is hardly known, and no verdict should rest on this interval alone. Set the "
            "single studies beside it."
        )
    if pooled.hksj_narrower:
        said.append(
            "The HKSJ interval is narrower than the Wald interval here, because the studies agree better than chance "
            "would have it; ci_method='HKSJ-mod' never is. Report both."
        )
    return said


def _model(pooled):
    studies = "1 study" if pooled.k == 1 else f"{pooled.k} studies"
    measure = f" of {pooled.measure}" if pooled.measure else ""
    if pooled.tau2_method == "CE":
        return f"Common-effect meta-analysis{measure}, {studies} ({pooled.ci_method} interval)"
    df = f" on t({number(pooled.df, 0)})" if math.isfinite(pooled.df) else ""
    return f"Random-effects meta-analysis{measure}, {studies} (tau² by {pooled.tau2_method}, {pooled.ci_method}{df})"


def _percents(limits):
    return NOT_ESTIMABLE if math.isnan(limits.low) else f"{percent(limits.low)} to {percent(limits.high)}"


def _true_minus(method):
    return method.replace("-", MINUS)


def summary_html(pooled):
    """Return :func:`summary` for a notebook."""
    return f"<pre>{html.escape(summary(pooled))}</pre>"


def arms_summary(arms):
    """Return placebo arms, treatment arms and contrast of every group, and the fit of both arms together, a line each.

    Parameters
    ----------
    arms : analysis.PooledArms

    Returns
    -------
    str
    """
    lines = []
    for name, group in [*arms.groups.items(), ("All trials", arms)]:
        lines.append(name)
        for role, pooled in (("placebo", group.placebo), ("treatment", group.treatment), ("contrast", group.contrast)):
            lines.append(f"  {role:<10} {_with_interval(pooled) if pooled else 'baseline not reported'}")
        if group.joint is not None:
            lines.append(f"  {'together':<10} {_together(group.joint)}")
    return "\n".join(lines)


def _together(joint):
    """The bivariate fit in one line: both means, their difference, and how the true changes vary together."""
    vary = (
        "" if math.isnan(joint.correlation) else f"; true changes correlate {number(joint.correlation)} between trials"
    )
    return (
        f"placebo {number(joint.first.estimate)}, treatment {number(joint.second.estimate)}, difference "
        f"{number(joint.difference.estimate)} ({level(joint.confidence_level)} CI {interval(*joint.difference.ci)}; "
        f"{counted(joint.k)}{vary})"
    )


def _with_interval(pooled, unit=""):
    value = number(pooled.estimate) + (f" {unit}" if unit else "")
    return f"{value} ({level(pooled.confidence_level)} CI {interval(*pooled.ci)}; {counted(pooled.k)})"


def findings(arms):
    """Return what the pooled arms show, in three sentences made from the numbers alone.

    Parameters
    ----------
    arms : analysis.PooledArms

    Returns
    -------
    str
        The change under placebo and under treatment; the randomised difference and the range of true effects; the
        difference in each group, if there are groups. One paragraph a line.

    Examples
    --------
    >>> from analysis import pool_arms, read_trials
    >>> print(findings(pool_arms(read_trials("data/trials.csv"))).splitlines()[0])
    In the 36 trials with a baseline, pain fell by 1.66 points of 10 (95% CI 1.26 to 2.06) in the placebo arms and by \
2.86 (95% CI 2.30 to 3.41) in the treatment arms.
    """
    if not hasattr(arms, "contrast"):
        raise TypeError("findings describes a PooledArms; pass pool_arms(effects)")
    said = []
    if arms.placebo is not None:
        said.append(
            f"In the {counted(arms.placebo.k)} with a baseline, pain {_moved(arms.placebo, ' points of 10')} in the "
            f"placebo arms and {_moved(arms.treatment, '', arms.placebo)} in the treatment arms."
        )
    said.append(_difference(arms.contrast, separately=arms.placebo is not None))
    if arms.groups:
        parts = [f"{name} {_with_interval(group.contrast)}" for name, group in arms.groups.items()]
        said.append(f"By {arms.by.replace('_', ' ')}, the difference was: {', '.join(parts)}.")
    return "\n".join(said)


def _difference(contrast, separately):
    """The randomised difference in one sentence: estimate, reading, spread of true effects, and what to beware of."""
    result = f"The randomised difference, treatment minus placebo, was {_with_interval(contrast, 'points')}"
    parts = [f"{result}: {_reading(contrast)}"]
    if math.isfinite(contrast.pi.low):
        parts.append(
            f"tau was {number(contrast.tau)} points, and the true effect of a comparable trial is expected between "
            f"{number(contrast.pi.low)} and {number(contrast.pi.high)} ({level(contrast.confidence_level)} prediction "
            "interval)"
        )
    if contrast.hksj_narrower:
        parts.append("this interval is narrower than the Wald interval and may promise too much")
    if separately and contrast.k > 1:
        parts.append("it is pooled on its own, so it is not exactly the difference of the two changes")
    return "; ".join(parts) + "."


def _moved(pooled, unit, before=None):
    """Say "fell by 1.66 points of 10 (95% CI 1.26 to 2.06)"; leave the verb out where it was said before."""
    falls = pooled.estimate < 0
    sign, verb = (-1, "fell by") if falls else (1, "rose by")
    low, high = sorted((sign * pooled.ci.low, sign * pooled.ci.high))
    if before is not None and (before.estimate < 0) == falls:
        verb = "by"
    at = level(pooled.confidence_level)
    return f"{verb} {number(sign * pooled.estimate)}{unit} ({at} CI {interval(low, high)})"


def _reading(contrast):
    if contrast.ci.low <= 0 <= contrast.ci.high:
        return "the interval includes no difference"
    return "less pain with treatment" if contrast.estimate < 0 else "more pain with treatment"
