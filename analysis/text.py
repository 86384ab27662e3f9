"""Numbers into words: every number that is printed or drawn is formatted here.

Minus signs are true minus signs (U+2212), the two limits of an interval are joined by "to", a value that
could not be computed reads "not estimable", and nothing is rounded before it arrives here.
"""

import html
import math

MINUS = "\N{MINUS SIGN}"
NOT_ESTIMABLE = "not estimable"


def number(value, digits=2, *, sign=False):
    """Return ``value`` as text with a fixed number of decimals.

    Parameters
    ----------
    value : float
        Any number; NaN and infinities read "not estimable".
    digits : int
        Decimals, 0 to 10.
    sign : bool
        Write "+" before positive values.

    Returns
    -------
    str
        With a true minus, thousands separated by a narrow space, and no "−0.00".

    Examples
    --------
    >>> number(-2.5), number(-0.001), number(1234.5, 1), number(0.7, 1, sign=True)
    ('−2.50', '0.00', '1\u202f234.5', '+0.7')
    """
    if value is None or not math.isfinite(value):
        return NOT_ESTIMABLE
    body = f"{abs(value):,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    is_zero = not any(c in "123456789" for c in body)
    if is_zero:
        return body
    return (MINUS if value < 0 else "+" if sign else "") + body


def interval(low, high, digits=2):
    """Return an interval as text.

    Parameters
    ----------
    low, high : float
        The limits; if either is not finite the interval reads "not estimable".
    digits : int
        Decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> interval(-3.81, -2.05)
    '−3.81 to −2.05'
    >>> interval(float("nan"), 1.0)
    'not estimable'
    """
    ends = number(low, digits), number(high, digits)
    return NOT_ESTIMABLE if NOT_ESTIMABLE in ends else " to ".join(ends)


def percent(fraction, digits=0):
    """Return a fraction as a percentage.

    Parameters
    ----------
    fraction : float
        0.82 for 82 %.
    digits : int
        Decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.824), percent(0.0912, 1)
    ('82%', '9.1%')
    """
    text = number(100 * fraction, digits)
    return text if text == NOT_ESTIMABLE else text + "%"


def pvalue(p):
    """Return a p value with at most three decimals or two significant digits.

    Parameters
    ----------
    p : float
        Between 0 and 1.

    Returns
    -------
    str

    Examples
    --------
    >>> pvalue(0.00001), pvalue(0.0123), pvalue(0.25), pvalue(0.9999)
    ('<0.001', '0.012', '0.25', '>0.99')
    """
    if p is None or not math.isfinite(p):
        return NOT_ESTIMABLE
    if p < 0.001:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    return f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


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
    level = percent(pooled.confidence_level)
    lines = [
        _model(pooled),
        f"  Estimate      {number(pooled.estimate)} ({level} CI {interval(*pooled.ci)}), p {equals(pooled.pvalue)}",
    ]
    if pooled.k > 1:
        q_based = max(0.0, (pooled.q - pooled.q_df) / pooled.q) if pooled.q > 0 else 0.0
        lines += [
            f"  Between       tau {number(pooled.tau)}, tau² {number(pooled.tau2)} "
            f"({level} CI {interval(*pooled.tau2_ci)}, {pooled.tau2_ci_method})",
            f"  Share         I² {percent(pooled.i2)} ({level} CI {_percents(pooled.i2_ci)}); "
            f"from Q {percent(q_based)}, H² {number(pooled.h2)}",
            f"  Homogeneity   Q {number(pooled.q)} on {pooled.q_df} df, p {equals(pooled.q_pvalue)}",
            f"  New study     {interval(*pooled.pi)} ({level} prediction interval, {_true_minus(pooled.pi_method)})",
        ]
    return "\n".join(lines + [f"  Note          {note}" for note in notes(pooled)])


def notes(pooled):
    """Return what a reader must know about a pooled effect, as a list of sentences; empty if nothing."""
    said = []
    if pooled.k == 1:
        said.append("One study: nothing is pooled, the interval is the study's own (normal).")
    elif pooled.k <= 4:
        said.append(
            f"{pooled.k} studies: tau is hardly known; the interval is wide for that reason, and no verdict should "
            "rest on it alone. Set the single studies beside it."
        )
    if pooled.hksj_narrower:
        said.append(
            "The HKSJ interval is narrower than the Wald interval here; ci_method='HKSJ-mod' never is. Report both."
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


def equals(p):
    """Return "= 0.012" or "<0.001", to stand after "p"."""
    text = pvalue(p)
    return text if text[0] in "<>" else f"= {text}"


def summary_html(pooled):
    """Return :func:`summary` for a notebook."""
    return f"<pre>{html.escape(summary(pooled))}</pre>"


def arms_summary(arms):
    """Return placebo arms, treatment arms and contrast of every group, one line each.

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
    return "\n".join(lines)


def _with_interval(pooled, unit=""):
    value = number(pooled.estimate) + (f" {unit}" if unit else "")
    trials = "1 trial" if pooled.k == 1 else f"{pooled.k} trials"
    return f"{value} ({percent(pooled.confidence_level)} CI {interval(*pooled.ci)}; {trials})"


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
    said = []
    if arms.placebo is not None:
        said.append(
            f"In the {arms.placebo.k} trials with a baseline, pain {_moved(arms.placebo, ' points of 10')} in the "
            f"placebo arms and {_moved(arms.treatment, '', arms.placebo)} in the treatment arms."
        )
    contrast = arms.contrast
    said.append(
        f"The randomised difference, treatment minus placebo, was {_with_interval(contrast, 'points')}: "
        f"{_reading(contrast)}; tau was {number(contrast.tau)} points, and the true effect of a comparable trial is "
        f"expected between {interval(*contrast.pi).replace(' to ', ' and ')} "
        f"({percent(contrast.confidence_level)} prediction interval)."
    )
    if arms.groups:
        parts = [f"{name} {_with_interval(group.contrast)}" for name, group in arms.groups.items()]
        said.append(f"By {arms.by.replace('_', ' ')}, the difference was: {', '.join(parts)}.")
    return "\n".join(said)


def _moved(pooled, unit, before=None):
    """Say "fell by 1.66 points of 10 (95% CI 1.26 to 2.06)"; leave the verb out where it was said before."""
    falls = pooled.estimate < 0
    sign, verb = (-1, "fell by") if falls else (1, "rose by")
    low, high = sorted((sign * pooled.ci.low, sign * pooled.ci.high))
    if before is not None and (before.estimate < 0) == falls:
        verb = "by"
    level = percent(pooled.confidence_level)
    return f"{verb} {number(sign * pooled.estimate)}{unit} ({level} CI {interval(low, high)})"


def _reading(contrast):
    if contrast.ci.low <= 0 <= contrast.ci.high:
        return "the interval includes no difference"
    return "less pain with treatment" if contrast.estimate < 0 else "more pain with treatment"
