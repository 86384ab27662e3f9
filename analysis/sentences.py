"""Results in sentences: summaries of every model, and what the trials say of placebo and treatment.

The sentences are made from the numbers alone, and every number is formatted by analysis.text. A result is put into
words once, as a heading and pairs of a label and what is said under it; the text of a console and the table of a
notebook are two ways to set the same pairs.
"""

from __future__ import annotations

import dataclasses
import html
import math
import reprlib
import textwrap
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from analysis import _check
from analysis._types import Benefit, Values
from analysis.measures import Measure
from analysis.text import (
    MINUS,
    NOT_ESTIMABLE,
    NUMBERS,
    counted,
    digits_for,
    equals,
    interval,
    level,
    number,
    percent,
    plural,
    ratio,
)

if TYPE_CHECKING:
    from analysis.evidence.arms import PooledArms
    from analysis.evidence.contextual import ContextualShare
    from analysis.models.bayes import PosteriorEffect
    from analysis.models.bivariate import BivariateEffect
    from analysis.models.coefficients import Contrast
    from analysis.models.counts import PooledCounts
    from analysis.models.multilevel import MultilevelEffect, MultilevelRegression
    from analysis.models.regression import MetaRegression, PermutationTest
    from analysis.models.results import PooledEffect
    from analysis.models.subgroups import PooledSubgroups

# A heading, and pairs of a label and what is said under it, as `InWords` sets them.
Told: TypeAlias = tuple[str, list[tuple[str | None, str | None]]]
# Cochrane Handbook, section 10.11.5.1.
_STUDIES_PER_MODERATOR = 10
# Characters of a label beyond which the text of a summary stands no further right.
_LABEL = 60


class InWords:
    """What can be told: a summary, a table for a notebook and a short repr, from one list of labels and sentences.

    A class that inherits says in `_in_words` what there is to say: a heading, and pairs of a label and a text. A pair
    without a label is a paragraph, a pair without a text opens a part.
    """

    def _in_words(self):
        return type(self).__name__, list(_fields_in_short(self).items())

    def summary(self) -> str:
        """Return the result in words.

        Returns
        -------
        str
            A heading, then a line for everything that is said.
        """
        return _as_text(*self._in_words())

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return _outline(self)

    def _repr_html_(self):
        return _as_html(*self._in_words())


def _as_text(head, said):
    """Set a heading and, below it, a line for each pair; labels take as much room as the longest, up to a limit."""
    head, said = _on_one_line(head), [(_on_one_line(label), _on_one_line(text)) for label, text in said]
    width = min(_LABEL, max([12, *(len(label) for label, text in said if label and text is not None)]))
    lines = [head] if head else []
    for label, text in said:
        lines.append(label if text is None else text if label is None else f"  {label:<{width}}  {text}")
    return "\n".join(lines)


def _on_one_line(text):
    """The text without the breaks of lines that names of studies and groups may have."""
    return text and " ".join(part.strip() for part in text.splitlines())


def _as_html(head, said):
    """Set the same as a table without colours of its own, which reads on a light and on a dark page."""
    left = 'style="text-align: left; vertical-align: top"'
    # A heading longer than the table is wide stays on one line.
    bold = 'style="text-align: left; font-weight: bold; white-space: nowrap"'
    rows = []
    for label, text in said:
        if label is None or text is None:
            cell = "th" if text is None else "td"
            rows.append(f'<tr><{cell} colspan="2" {left}>{html.escape(label or text or "")}</{cell}></tr>')
        else:
            rows.append(f'<tr><th scope="row" {left}>{html.escape(label)}</th><td {left}>{html.escape(text)}</td></tr>')
    title = f"<caption {bold}>{html.escape(head)}</caption>" if head else ""
    return f"<table>{title}<tbody>{''.join(rows)}</tbody></table>"


class _Short(reprlib.Repr):
    """Values in a few words: six digits of a number, the first entries of a list, the size of everything larger."""

    def __init__(self):
        super().__init__()
        self.maxlevel, self.maxtuple, self.maxlist, self.maxdict, self.maxstring, self.maxother = 2, 3, 3, 4, 60, 120

    def repr1(self, x, level):
        """Return the name and size of a table or an array, the name of a result, and everything else as usual."""
        if isinstance(x, float | np.floating):
            return f"{x:.6g}"
        if isinstance(x, np.generic):
            return super().repr1(x.item(), level)
        if hasattr(x, "shape"):
            name = "ndarray" if isinstance(x, np.ndarray) else type(x).__name__
            return f"<{name} {' × '.join(map(str, x.shape))}>"
        if isinstance(x, InWords):
            return f"<{type(x).__name__}>"
        if hasattr(x, "_fields"):
            names = ("" if x._fields == ("low", "high") else f"{name}=" for name in x._fields)
            return f"({', '.join(name + self.repr1(value, level) for name, value in zip(names, x, strict=True))})"
        return super().repr1(x, level)

    def repr_dict(self, x, level):
        """Return the first entries in their own order, where reprlib sorts them."""
        shown = [f"{self.repr1(key, level)}: {self.repr1(x[key], level - 1)}" for key in list(x)[: self.maxdict]]
        return "{" + ", ".join(shown + ["..."] * (len(x) > self.maxdict)) + "}"


def _fields_in_short(result):
    short = _Short()
    named = [f.name for f in dataclasses.fields(result) if f.repr and not f.name.startswith("_")]
    return {name: short.repr(getattr(result, name)) for name in named}


def _outline(result):
    """Return the fields of a result in a few lines; what is large or private is not printed."""
    # A line is broken between fields only: spaces within a field are hidden meanwhile.
    fields = " ".join(f"{name}={short},".replace(" ", "\0") for name, short in _fields_in_short(result).items())
    lines = textwrap.wrap(fields.rstrip(","), 100, break_long_words=False, break_on_hyphens=False)
    return f"{type(result).__name__}({chr(10).join(lines)})".replace("\n", "\n    ").replace("\0", " ")


@dataclasses.dataclass(frozen=True)
class Wording:
    """What the effects of a result are called, and how their numbers are written, as the effects have it.

    Every sentence, summary, table and figure reads its words here; there are no others.

    Attributes
    ----------
    measure : Measure
        What the effects are; numbers are given on its scale of analysis and written on the one people read.
    benefit : {"lower", "higher"} or None
        What is good; None where nobody said.
    arms : (str, str) or None
        The two arms that are compared; None where there are none, or nobody named them.
    unit : str
        Of one unit of an effect, such as "points on 0–10"; "" of ratios, and where nobody said.
    outcome_name : str
        What was measured, such as "pain"; "" where nobody said.
    noun : str
        What one row is called: "trial" or "study".
    digits : int or None
        Decimals of a whole table; None where each sentence has its own.

    See Also
    --------
    analysis.EffectSizes : Knows all of it.
    analysis.PooledEffect.shown : A number of a result on the scale people read.

    Examples
    --------
    >>> from analysis import effect_sizes, pool
    >>> import pandas as pd
    >>> wide = pd.DataFrame({"study": ["A", "B"], "events_t": [4, 6], "n_t": [40, 35], "events_p": [9, 11], "n_p": 41})
    >>> words = Wording.of(pool(effect_sizes(wide, measure="OR", benefit="lower", arms=("laser", "sham"))))
    >>> words.called, words.favours
    ('odds ratio, laser over sham', ('favours laser', 'favours sham'))
    >>> words.write(-1.0), words.span(-2.3, 0.3), words.counted(2)
    ('0.37', '0.10 to 1.35', '2 studies')
    """

    measure: Measure = Measure("")  # noqa: RUF009 - frozen
    benefit: Benefit | None = None
    arms: tuple[str, str] | None = None
    unit: str = ""
    outcome_name: str = ""
    noun: str = "study"
    digits: int | None = None

    @classmethod
    def of(cls, result: Any, measure: str = "") -> Wording:
        """Return the wording of effects, or of the result of a model of effects.

        Parameters
        ----------
        result : object
            What has effects (`effects`), or is made of numbers alone and has a measure at most.
        measure : str, optional
            Another measure than the result has, such as one that plain numbers were not given.

        Returns
        -------
        Wording
        """
        effects = result if hasattr(result, "derivations") else getattr(result, "effects", None)
        measure = Measure(measure or getattr(result, "measure", getattr(effects, "measure", "")))
        if effects is None:
            return cls(measure, unit=measure.unit)
        same = measure == effects.measure
        arms = effects.arms if measure.two_arms else None
        unit = effects.unit if same else measure.unit
        return cls(measure, effects.benefit, arms, unit, effects.outcome_name, effects.noun)

    def to(self, digits: int | None) -> Wording:
        """Return the same with a number of decimals for a whole table."""
        return dataclasses.replace(self, digits=digits)

    @property
    def contrast(self) -> str:
        """What is compared: "laser minus sham", "laser over sham"; "" where nothing is, or nobody named the arms."""
        return f"{self.arms[0]} {self.measure.joined} {self.arms[1]}" if self.arms else ""

    @property
    def called(self) -> str:
        """The measure and what it compares: "odds ratio, laser over sham"; "effect" where nobody named it."""
        return ", ".join(filter(None, (self.measure.name, self.contrast)))

    @property
    def axis(self) -> str:
        """The title of an axis of effects: "Mean difference, points on 0–10", "Odds ratio, log scale"."""
        return ", ".join(filter(None, (self.measure.title, self.measure.scale or self.unit)))

    @property
    def points(self) -> str:
        """The unit as it stands behind a number: "points" of "points on 0–10"."""
        return self.unit.partition(" on ")[0]

    @property
    def on_scale(self) -> str:
        """Where tau and other numbers stand that cannot be turned into those people read: " on the log scale"."""
        scale = self.measure.scale
        return "" if not scale else f" on the {scale}" if scale.endswith("scale") else f" of {scale}"

    @property
    def favours(self) -> tuple[str, str] | None:
        """What lies to the left and to the right of no effect; None where nobody said what is good, or of two arms."""
        if self.benefit is None or not self.arms:
            return None
        left, right = self.arms if self.benefit == "lower" else self.arms[::-1]
        return f"favours {left}", f"favours {right}"

    @property
    def better(self) -> str:
        """What a lower effect is, or a higher one, where that is good: "less pain", "lower scores"; "" if unknown."""
        if self.benefit is None or self.measure.is_ratio:
            return ""
        if self.outcome_name:
            return f"{'less' if self.benefit == 'lower' else 'more'} {self.outcome_name}"
        return f"{self.benefit} scores"

    def counted(self, k: int) -> str:
        """Return "1 trial" or "12 studies"."""
        return counted(k, self.noun)

    @property
    def nouns(self) -> str:
        """The plural of `noun`."""
        return plural(self.noun)

    def shown(self, values: ArrayLike) -> Values:
        """Return numbers of the scale of analysis as people read them."""
        return self.measure.transform(values)

    def decimals(self, low: ArrayLike, high: ArrayLike, least: int = 0) -> int:
        """Return the decimals that suit intervals on the scale of analysis; those of the whole table where it has."""
        if self.digits is not None:
            return self.digits
        if self.measure.is_ratio:
            return digits_for(low, high, max(2, least))
        return digits_for(self.shown(low), self.shown(high), least)

    def write(self, value: float | None, digits: int | None = None) -> str:
        """Return a number of the scale of analysis as text, on the scale people read."""
        if value is None:
            return NOT_ESTIMABLE
        digits = digits if digits is not None else self.measure.digits if self.digits is None else self.digits
        return (ratio if self.measure.is_ratio else number)(self.shown(value), digits)

    def span(self, low: float, high: float, digits: int | None = None) -> str:
        """Return two limits of the scale of analysis as text, with decimals that suit them."""
        digits = self.decimals(low, high) if digits is None else digits
        ends = self.write(low, digits), self.write(high, digits)
        return NOT_ESTIMABLE if NOT_ESTIMABLE in ends else NUMBERS.get().between.join(ends)

    def estimate(self, fit: Any, unit: bool = False) -> str:
        """Return "−1.21 points (95% CI −1.65 to −0.77)" of what has an estimate, an interval and its level."""
        low, high = fit.ci
        digits = self.decimals(low, high)
        points = f" {self.points}" if unit and self.points else ""
        at = level(fit.confidence_level)
        return f"{self.write(fit.estimate, digits)}{points} ({at} CI {self.span(low, high, digits)})"

    def reading(self, low: float, high: float) -> str:
        """Return what an interval of the contrast says: "less pain with laser", "favours sham", "no difference"."""
        null = float(self.measure.inverse(self.measure.null))
        if math.isnan(null) or math.isnan(low) or math.isnan(high):
            return ""
        if low <= null <= high:
            return "the interval includes no difference" if self.arms else "the interval includes no effect"
        if self.favours is None:
            return f"{'higher' if low > null else 'lower'} with {self.arms[0]}" if self.arms else ""
        favoured = self.arms[(low > null) == (self.benefit == "lower")]
        if self.measure.is_ratio:
            return f"favours {favoured}"
        return f"{self.better} with {favoured}"


def findings(arms: PooledArms) -> str:
    """Return what the pooled arms show, in three sentences made from the numbers alone.

    Parameters
    ----------
    arms : analysis.PooledArms
        From :func:`analysis.pool_arms`.

    Returns
    -------
    str
        The change under placebo and under treatment; the randomised difference and the range of true effects; the
        difference in each group, if there are groups. One paragraph a line.

    Raises
    ------
    TypeError
        If `arms` is another result.

    See Also
    --------
    analysis.pool_arms : Makes the result that is described.
    analysis.arms_forest : Draws it.
    analysis.claims_findings : The same of claims of popular articles.

    Notes
    -----
    Estimate, interval, spread between trials and direction of the effect are told [1]_, and the spread as a prediction
    interval beside tau [2]_.

    References
    ----------
    .. [1] Page et al. 2021 (PRISMA), BMJ 372:n71, item 20b, doi 10.1136/bmj.n71.
    .. [2] IntHout, Ioannidis, Rovers & Goeman 2016, BMJ Open 6:e010247, doi 10.1136/bmjopen-2015-010247.

    Examples
    --------
    >>> from analysis import pool_arms, read_trials
    >>> print(findings(pool_arms(read_trials("data/trials.csv"))).splitlines()[0])
    In the 36 trials with a baseline, pain fell by 1.66 points of 10 (95% CI 1.26 to 2.06) in the placebo arms and by \
    2.88 (95% CI 2.32 to 3.44) in the treatment arms.
    """
    if not hasattr(arms, "joint"):
        raise TypeError(_check.refusal(arms, "findings", "give a PooledArms, such as pool_arms(effects)"))
    said, (treatment, placebo) = [], arms.effects.arms
    if arms.placebo is not None:
        said.append(
            f"In the {counted(arms.placebo.k, 'trial')} with a baseline, pain {_moved(arms.placebo, ' points of 10')} in "
            f"the {placebo} arms and {_moved(arms.treatment, '', arms.placebo)} in the {treatment} arms."
        )
    said.append(_difference(arms.contrast, treatment, placebo, separately=arms.placebo is not None))
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
    at = level(pooled.confidence_level)
    return f"{verb} {number(sign * pooled.estimate)}{unit} ({at} CI {interval(low, high)})"


def _difference(contrast, treatment, placebo, separately):
    """The randomised difference in one sentence: estimate, reading, spread of true effects, and what to beware of."""
    result = f"The randomised difference, {treatment} minus {placebo}, was {_with_interval(contrast, 'points')}"
    parts = [f"{result}: {_reading(contrast, treatment)}"]
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


def _with_interval(pooled, unit=""):
    value = number(pooled.estimate) + (f" {unit}" if unit else "")
    return f"{value} ({level(pooled.confidence_level)} CI {interval(*pooled.ci)}; {counted(pooled.k, 'trial')})"


def _reading(contrast, treatment):
    if contrast.ci.low <= 0 <= contrast.ci.high:
        return "the interval includes no difference"
    return f"{'less' if contrast.estimate < 0 else 'more'} pain with {treatment}"


def pooled_arms(arms: PooledArms) -> Told:
    """Return placebo arms, treatment arms and contrast of every group, and the fit of both arms together.

    Parameters
    ----------
    arms : analysis.PooledArms

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them; a group opens a part.
    """
    said, (treatment, placebo) = [], arms.effects.arms
    for name, group in [*arms.groups.items(), ("All trials", arms)]:
        said.append((name, None))
        for role, pooled in ((placebo, group.placebo), (treatment, group.treatment), ("contrast", group.contrast)):
            said.append((role, _with_interval(pooled) if pooled else "baseline not reported"))
        if group.joint is not None:
            said.append(("together", _both_arms(group.joint, treatment, placebo)))
    return "", said


def _both_arms(joint, treatment, placebo):
    """The bivariate fit in one line: both means, their difference, and how the true changes vary together."""
    r = joint.correlation
    vary = "" if math.isnan(r) else f"; true changes correlate {number(r)} between trials"
    return (
        f"{placebo} {number(joint.first.estimate)}, {treatment} {number(joint.second.estimate)}, difference "
        f"{number(joint.difference.estimate)} ({level(joint.confidence_level)} CI {interval(*joint.difference.ci)}; "
        f"{counted(joint.k, 'trial')}{vary})"
    )


def notes(pooled: PooledEffect) -> list[str]:
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


def pooled_effect(pooled: PooledEffect) -> Told:
    """Return a pooled effect in words, a few lines of text.

    Parameters
    ----------
    pooled : analysis.PooledEffect

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.

    Examples
    --------
    >>> from analysis import pool
    >>> heading, said = pooled_effect(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1]))
    >>> said[0]
    ('Estimate', '−1.24 (95% CI −3.20 to 0.72), p = 0.11')
    """
    at = level(pooled.confidence_level)
    said = [("Estimate", _estimate(pooled))]
    if pooled.k > 1:
        q_based = max(0.0, (pooled.q - pooled.q_df) / pooled.q) if pooled.q > 0 else 0.0
        low, high = map(percent, pooled.i2_ci)
        i2_ci = NOT_ESTIMABLE if low == NOT_ESTIMABLE else f"{low} to {high}"
        between = f"tau {number(pooled.tau)}, tau² {number(pooled.tau2)} ({at} CI {interval(*pooled.tau2_ci)}"
        share = f"I² {percent(pooled.i2)} ({at} CI {i2_ci}); from Q {percent(q_based)}, H² {number(pooled.h2)}"
        pi_method = pooled.pi_method.replace("-", MINUS)
        said += [
            ("Between", f"{between}, {pooled.tau2_ci_method})"),
            ("Share", share),
            ("Homogeneity", _homogeneity(pooled)),
            ("New study", f"{interval(*pooled.pi)} ({at} prediction interval, {pi_method})"),
        ]
    return _model(pooled), [*said, *_left_out(pooled), *(("Note", note) for note in notes(pooled))]


def _left_out(result):
    """The studies that took no part, by name, and why."""
    return [("Left out", f"{label}: {reason}") for label, reason in result.left_out]


def _estimate(fit):
    at = level(fit.confidence_level)
    return f"{number(fit.estimate)} ({at} CI {interval(*fit.ci)}), p {equals(fit.pvalue)}"


def _homogeneity(fit):
    return f"Q {number(fit.q)} on {fit.q_df} df, p {equals(fit.q_pvalue)}"


def _model(pooled):
    studies = "1 study" if pooled.k == 1 else f"{pooled.k} studies"
    measure = f" of {pooled.measure}" if pooled.measure else ""
    if pooled.tau2_method == "CE":
        return f"Common-effect meta-analysis{measure}, {studies} ({pooled.ci_method} interval)"
    how = f"tau² by {pooled.tau2_method}, {pooled.ci_method}{_on_t(pooled.df)}"
    return f"Random-effects meta-analysis{measure}, {studies} ({how})"


def _on_t(df):
    return f" on t({number(df, 0 if float(df).is_integer() else 1)})" if math.isfinite(df) else ""


def meta_regression(fit: MetaRegression) -> Told:
    """Return the coefficients of a meta-regression and what the moderators explain and leave.

    Parameters
    ----------
    fit : analysis.MetaRegression

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    at, said = level(fit.confidence_level), _coefficients(fit)
    how = {"CE": "common effect", "fixed": "tau² given"}.get(fit.tau2_method, f"tau² by {fit.tau2_method}")
    said += [
        ("Between", f"tau {number(fit.tau)}, tau² {number(fit.tau2)} ({at} CI {interval(*fit.tau2_ci)}, Q-profile)"),
        ("Share", f"residual I² {percent(fit.i2)}, H² {number(fit.h2)}"),
        ("Residual", f"QE {number(fit.qe)} on {fit.qe_df} df, p {equals(fit.qe_pvalue)}"),
    ]
    if fit.qm_df[0]:
        said += _moderators(fit, fit.k, "studies")
    said += _left_out(fit)
    head = f"Meta-regression {fit.formula}, {fit.k} studies ({how}, {fit.ci_method}{_on_t(fit.df_resid)})"
    return head, said


def _coefficients(fit):
    at, limits, tests = level(fit.confidence_level), fit.conf_int(), fit.pvalues
    return [
        (name, f"{number(estimate)} ({at} CI {interval(*limits.loc[name])}), p {equals(tests[name])}")
        for name, estimate in fit.params.items()
    ]


def _joint_test(fit):
    count, df = fit.qm_df
    test = f"F {number(fit.qm)} on {count} and {number(df, 0 if float(df).is_integer() else 1)} df"
    test = f"chi² {number(fit.qm)} on {count} df" if math.isinf(df) else test
    return f"{test}, p {equals(fit.qm_pvalue)}"


def _moderators(fit, independent, called):
    r2 = getattr(fit, "r2", math.nan)
    yield "Moderators", _joint_test(fit) + ("" if math.isnan(r2) else f"; R² {percent(r2)}")
    yield "Note", "An association across trials is observational, even of randomised trials."
    if independent < _STUDIES_PER_MODERATOR * fit.qm_df[0]:
        yield "Note", f"Fewer than ten {called} for each coefficient of a moderator."


def contrast(tested: Contrast) -> Told:
    """Return linear combinations of the coefficients of a regression and their joint test.

    Parameters
    ----------
    tested : analysis.Contrast

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    said = _coefficients(tested)
    if len(said) > 1:
        said.append(("Together", _joint_test(tested)))
    return f"{'Contrasts' if len(said) > 1 else 'Contrast'} of coefficients ({tested.ci_method})", said


def pooled_counts(pooled: PooledCounts) -> Told:
    """Return a Mantel-Haenszel or Peto result on the scale on which it is read.

    Parameters
    ----------
    pooled : analysis.PooledCounts
        Of one meta-analysis.

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    measure = Measure(pooled.measure)
    ends = interval(*measure.transform(pooled.ci))
    estimate = f"{number(float(measure.transform(pooled.estimate)))} ({level(pooled.confidence_level)} CI {ends})"
    said = [("Estimate", f"{estimate}, p {equals(pooled.pvalue)}")]
    if pooled.q_df > 0:
        said.append(("Homogeneity", f"{_homogeneity(pooled)}; I² {percent(pooled.i2)}"))
    said += [("Note", f"{label}: {reason}") for label, reason in pooled.left_out]
    return f"{pooled.method} {measure.name}, {counted(pooled.k, 'trial')} (common effect)", said


def multilevel_effect(fit: MultilevelEffect) -> Told:
    """Return a three-level result: mean, spread at both levels, prediction.

    Parameters
    ----------
    fit : analysis.MultilevelEffect

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    at = level(fit.confidence_level)
    said = [("Estimate", _estimate(fit)), *_levels(fit), ("Homogeneity", _homogeneity(fit))]
    said += [("New cluster", f"{interval(*fit.pi)} ({at} prediction interval)"), *_left_out(fit)]
    said += _few_robust(fit, fit.df)
    how = f"{fit.tau2_method}, {fit.ci_method}{_on_t(fit.df)}"
    return f"Three-level meta-analysis, {fit.k} effects in {fit.clusters} clusters ({how})", said


def _levels(fit):
    """The spread at both levels of effects nested in trials."""
    for name in ("between", "within"):
        variance, share = getattr(fit.sigma2, name), getattr(fit.i2, name)
        spread = f"SD {number(math.sqrt(variance))}, variance {number(variance)}"
        ends = f"{level(fit.confidence_level)} CI {interval(*getattr(fit.sigma2_ci, name))}"
        yield name.capitalize(), f"{spread} ({ends}), I² {percent(share)}"


def _few_robust(fit, df):
    if fit.ci_method.startswith("CR") and df < 4:
        yield "Note", "Fewer than 4 degrees of freedom: the robust p value cannot be trusted."


def multilevel_regression(fit: MultilevelRegression) -> Told:
    """Return the coefficients of a three-level regression and the spread that is left at both levels.

    Parameters
    ----------
    fit : analysis.MultilevelRegression

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    said = [*_coefficients(fit), *_levels(fit)]
    said.append(("Residual", f"QE {number(fit.qe)} on {fit.qe_df} df, p {equals(fit.qe_pvalue)}"))
    if fit.qm_df[0]:
        said += _moderators(fit, fit.clusters, "clusters")
    said += [*_left_out(fit), *_few_robust(fit, fit.df.min())]
    how = f"{fit.tau2_method}, {fit.ci_method}"
    return f"Three-level meta-regression {fit.formula}, {fit.k} effects in {fit.clusters} clusters ({how})", said


def bivariate_effect(fit: BivariateEffect) -> Told:
    """Return both means of a bivariate model, their difference, and how the true values vary together.

    Parameters
    ----------
    fit : analysis.BivariateEffect

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    at, spread = level(fit.confidence_level), (*fit.tau, fit.tau_difference)
    said = []
    for name, tau in zip(("first", "second", "difference"), spread, strict=True):
        mean = getattr(fit, name)
        said.append((name.capitalize(), f"{number(mean.estimate)} ({at} CI {interval(*mean.ci)}), tau {number(tau)}"))
    said.append(("Correlation", f"{number(fit.correlation)} between the true values of a trial"))
    said += _left_out(fit)
    if fit.boundary:
        said.append(("Note", "A tau is 0 or the correlation is −1 or 1: the data would have it even further."))
    how = f"{fit.tau2_method}, {fit.ci_method}{_on_t(fit.df)}"
    return f"Bivariate random-effects meta-analysis, {counted(fit.k, 'trial')} ({how})", said


def permutation_test(test: PermutationTest) -> Told:
    """Return the permutation p-values of a meta-regression.

    Parameters
    ----------
    test : analysis.PermutationTest

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    said = [(name, f"p {equals(p)}") for name, p in test.pvalues.items()]
    if not math.isnan(test.qm_pvalue):
        said.append(("Moderators", f"p {equals(test.qm_pvalue)}"))
    drawn = "all" if test.exact else "a random sample"
    return f"Permutation test, {number(test.n_permutations, 0)} arrangements ({drawn})", said


def posterior_effect(posterior: PosteriorEffect) -> Told:
    """Return a Bayesian result: mean effect, spread and a new trial, with their priors.

    Parameters
    ----------
    posterior : analysis.PosteriorEffect

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    at = level(posterior.confidence_level)
    mu_prior = "flat" if posterior.mu_prior is None else repr(posterior.mu_prior)
    parts = (("Mean effect", posterior.mu), ("Tau", posterior.tau), ("New trial", posterior.new))
    return (
        f"Bayesian random-effects meta-analysis, {counted(posterior.k, 'trial')} "
        f"(prior of tau {posterior.tau_prior!r}, of mu {mu_prior})",
        [(name, f"median {number(part.median)} ({at} interval {interval(*part.interval)})") for name, part in parts]
        + _left_out(posterior),
    )


def pooled_subgroups(pooled: PooledSubgroups) -> Told:
    """Return the effect of each subgroup and the test between them.

    Parameters
    ----------
    pooled : analysis.PooledSubgroups

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    kind = "one tau² for all" if pooled.tau2 == "common" else "a tau² for each"
    groups = [*pooled.groups.items(), ("All", pooled.overall)]
    said = [(name, f"{_with_interval(group)}, tau {number(group.tau)}") for name, group in groups]
    q = f"Q {number(pooled.q_between)} on {pooled.q_between_df} df, p {equals(pooled.q_between_pvalue)}"
    said.append(("Between", q))
    if math.isfinite(pooled.f):
        df = f"{pooled.f_df[0]:.0f} and {number(pooled.f_df[1], 1)} df"
        said.append(("", f"F {number(pooled.f)} on {df}, p {equals(pooled.f_pvalue)}"))
    said += _left_out(pooled.overall)
    said.append(("Note", "A difference between subgroups of trials is observational."))
    return f"Subgroups by {pooled.by} ({kind})", said


def contextual_share(found: ContextualShare) -> Told:
    """Return the contextual share in words: how much, how sure, by which choices, and what it is not.

    Parameters
    ----------
    found : analysis.ContextualShare

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.

    Examples
    --------
    >>> import analysis as ma
    >>> effects = ma.effect_sizes(ma.read_trials("data/trials.csv"))
    >>> found = ma.contextual_share(effects.where(study=["chow2006", "shin2015"]), n_bootstrap=0)
    >>> heading, said = contextual_share(found)
    >>> said[0]
    ('Share', 'withheld: fewer than three trials remain')
    """
    at = level(found.confidence_level)
    said = [("Share", f"withheld: {found.reason}" if found.reason else _share_found(found, at))]
    if not found.reason:
        said.append(("New trial", _new_share(found, at)))
    said += [("Ratio of means", text) for text in _ratio_of_means(found, at)]
    said += [("By choice", text) for text in _range_of_choices(found.robustness)]
    for name, table in (("Left out", found.left_out), ("Replaced", found.replaced)):
        said += [(name, f"{', '.join(g['label'])}: {why}") for why, g in table.groupby("reason", sort=False)]
    borrowed = found.trials.loc[found.trials["change_status"] == "imputed", "label"]
    said += [("SD borrowed", ", ".join(borrowed))] if len(borrowed) else []
    head = f"Contextual share: placebo improvement over treatment improvement, {counted(found.k, 'trial')}"
    return head, [*said, *(("Note", note) for note in _what_a_share_is_not(found))]


def _share_found(found, at):
    pooled = found.pooled
    model = "common effect" if pooled.tau2_method == "CE" else f"tau² by {pooled.tau2_method}"
    told = f"the placebo arms had {percent(found.share)} of the improvement of the treatment arms"
    how = f"log ratios, {model}, {pooled.ci_method}; rule: {found.rule}"
    return f"{number(found.share)} ({at} CI {interval(*found.ci)}): {told} ({how})"


def _new_share(found, at):
    if found.pooled.tau2_method == "CE":
        return "not given: the common-effect model has one true share for all trials"
    return f"{interval(*found.pi)} ({at} prediction interval); tau {number(found.pooled.tau)} on the log scale"


def _ratio_of_means(found, at):
    """The ratio of the bivariate means with both intervals, or why it is not there."""
    if math.isnan(found.ratio_of_means):
        return [] if found.reason else [f"withheld: {found.reasons['fieller']}"]
    limits = f"{at} CI {interval(*found.fieller)} by Fieller"
    if found.resamples:
        limits += f", {interval(*found.bootstrap)} by bootstrap"
    parts = [f"{number(found.ratio_of_means)} ({limits}), bivariate fit to all {counted(len(found.trials), 'trial')}"]
    return ["; ".join([*parts, *found.reasons.values()])]


def _range_of_choices(table):
    """From the smallest to the largest share in the table of choices, with the choice that makes each."""
    shown = table[table["share"].notna()]
    if len(shown) > 1:
        least, most = shown.loc[shown["share"].idxmin()], shown.loc[shown["share"].idxmax()]
        ends = (f"{number(row['share'])} ({row['model']}; {row['rule']})" for row in (least, most))
        yield f"{' to '.join(ends)}, {number(len(shown), 0)} combinations of model and rule"


def _what_a_share_is_not(found):
    yield (
        "Change within an arm contains natural course and regression to the mean. The share is therefore not the "
        "effect of the placebo, and not a causal share: it is the part of the improvement under treatment that was "
        "seen under placebo too."
    )
    if found.reason:
        return
    yield "It exists only where treatment improved; the randomised difference says whether treatment did more."
    yield (
        "A log ratio cannot use arms that did not improve, and gives little weight to those that hardly did, so a "
        "pooled share below 1 leans upwards; the ratio of means uses all trials as they are."
    )
    if found.share > 1:
        yield "Above 1: the placebo arms improved more than the treatment arms."
    if found.ratio_of_means <= 0:
        yield "Ratio of means not above 0: on average the placebo arms did not improve."
