"""Results in sentences: summaries of every model, and what the trials say of placebo and treatment.

The sentences are made from the numbers alone, and every number is formatted by analysis.text. A result is put into
words once, as a heading and pairs of a label and what is said under it; the text of a console and the table of a
notebook are two ways to set the same pairs.
"""

from __future__ import annotations

import dataclasses
import html
import math
import re
import reprlib
import textwrap
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from analysis import _check
from analysis._types import Benefit, Values
from analysis.measures import Measure, agreed
from analysis.text import (
    MINUS,
    NOT_ESTIMABLE,
    NUMBERS,
    chance,
    counted,
    digits_for,
    equals,
    interval,
    level,
    number,
    percent,
    plain,
    plural,
    quoted,
    ratio,
    significant,
)

if TYPE_CHECKING:
    from analysis.evidence.arms import PooledArms
    from analysis.evidence.contextual import ContextualShare
    from analysis.evidence.over_time import ArmsOverTime
    from analysis.models.bayes import PosteriorEffect
    from analysis.models.bivariate import BivariateEffect
    from analysis.models.coefficients import Contrast
    from analysis.models.counts import PooledCounts
    from analysis.models.doses import DoseResponse
    from analysis.models.imputation import ImputedEffect
    from analysis.models.multilevel import MultilevelEffect, MultilevelRegression
    from analysis.models.network import ComparedTherapies
    from analysis.models.regression import MetaRegression, PermutationTest
    from analysis.models.results import PooledEffect
    from analysis.models.selection import ExcessSignificance, FailSafeN, PCurve, SelectionModel
    from analysis.models.sensitivity import Bootstrap, Gosh
    from analysis.models.simulation import Power, Simulation
    from analysis.models.small_study import (
        AsymmetryTest,
        LfkIndex,
        LimitEffect,
        PetPeese,
        SmallStudyEffects,
        TrimAndFill,
    )
    from analysis.models.subgroups import PooledSubgroups

# A heading, and pairs of a label and what is said under it, as `InWords` sets them.
Said: TypeAlias = list[tuple[str | None, str | None]]
Told: TypeAlias = tuple[str, Said]
# Cochrane Handbook, section 10.11.5.1.
_STUDIES_PER_MODERATOR = 10
# Of the smallest variance: a tau² that is less is 0 but for the last step of its search.
_NO_TAU2 = 1e-12
# With so few studies tau is hardly known.
_FEW = 4
# Studies up to which one with more than half the weight spoils an interval: docs/coverage.md.
_ONE_RULES = 10
# Outcomes that are counted, such as "infections", and not "tuberculosis" or "illness".
_SEVERAL = re.compile(r"[^isu]s$")
#: The flag of an effect of counts one of which is zero, so that one half is added to them.
ZERO_CELL = "zero cell"
# Characters of a label beyond which the text of a summary stands no further right.
_LABEL = 60
# Measures with ends, and those of the same numbers whose intervals do not go beyond them.
_KEPT_WITHIN = {"PR": "PLO", "COR": "ZCOR", "RD": "OR"}
_GIVEN = 6  # decimals of a number that a user gave, at most
_PRIORS = {
    "HalfNormal": "half-normal prior of τ with scale {scale}",
    "HalfCauchy": "half-Cauchy prior of τ with scale {scale}",
    "HalfStudent": "half-t prior of τ with {df} degrees of freedom and scale {scale}",
    "LogStudent": "log-t prior of τ² with {df} degrees of freedom, location {location} and scale {scale}",
    "Uniform": "uniform prior of τ up to {upper}",
    "Normal": "normal prior of the mean effect with mean {mean} and SD {sd}",
}


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
    arm : str
        What the one arm is called whose changes were pooled; "" of all else.

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
    arm: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "measure", Measure(self.measure))
        _check.texts(vars(self))

    @classmethod
    def of(cls, result: Any, measure: str | None = None) -> Wording:
        """Return the wording of effects, or of the result of a model of effects.

        Parameters
        ----------
        result : object
            What has effects (`effects`), or is made of numbers alone and has a measure at most; or a table of results,
            which keeps its wording as ``attrs["wording"]``.
        measure : str, optional
            What plain numbers are that were given without a measure.

        Returns
        -------
        Wording

        Raises
        ------
        ValueError
            If the result has another measure than the one that is named.
        """
        if kept := getattr(result, "attrs", {}).get("wording"):
            return cls(**kept | {"measure": agreed(measure, kept["measure"])})
        # The columns of a table are no attributes of a result.
        if hasattr(result, "columns"):
            return cls(Measure(measure or ""), unit=Measure(measure or "").unit)
        result = getattr(result, "overall", result)
        effects = result if hasattr(result, "derivations") else getattr(result, "effects", None)
        measure = agreed(measure, getattr(result, "measure", getattr(effects, "measure", "")))
        if effects is None:
            return cls(measure, unit=measure.unit)
        # The change within an arm is in the unit of the difference between them.
        same = measure in (effects.measure, "MC")
        arms = effects.arms if measure.two_arms else None
        unit = effects.unit if same else measure.unit
        role = getattr(result, "_arm", "")
        arm = effects.arms[role == "placebo"] if role else ""
        return cls(measure, effects.benefit, arms, unit, effects.outcome_name, effects.noun, arm=arm)

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
    def several(self) -> str:
        """The same of several: "odds ratios, laser over sham"; "" where nobody named the measure."""
        return ", ".join(filter(None, (plural(self.measure.name), self.whose))) if self.measure else ""

    @property
    def whose(self) -> str:
        """What is compared, or else the one arm that was pooled."""
        return self.contrast or self.arm

    @property
    def subject(self) -> str:
        """The measure and whose it is as the subject of a sentence: "odds ratio, laser over sham,"."""
        return f"{self.measure.name}, {self.whose}," if self.whose else self.called

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
    def direction(self) -> str:
        """The same in a sentence, for those who cannot see an arrow; "" where there is none."""
        if self.benefit is None or not self.arms:
            return ""
        left, right = self.arms if self.benefit == "lower" else self.arms[::-1]
        return f"lower values favour {left}, higher values {right}"

    @property
    def better(self) -> str:
        """What a lower effect is, or a higher one, where that is good: "less pain", "lower scores"; "" if unknown."""
        # A risk difference counts events and no scores.
        if self.benefit is None or self.measure.is_ratio or (self.measure == "RD" and not self.outcome_name):
            return ""
        if self.outcome_name:
            less = "fewer" if _SEVERAL.search(plain(self.outcome_name)) else "less"
            return f"{less if self.benefit == 'lower' else 'more'} {self.outcome_name}"
        return f"{self.benefit} scores"

    def counted(self, k: int, of: int | None = None) -> str:
        """Return "1 trial", "12 studies", or "52 effects of 36 trials" where rows are fewer studies than effects."""
        return counted(k, self.noun) if of in (None, k) else f"{counted(k, 'effect')} of {counted(of, self.noun)}"

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

    def limits(self, low: float, high: float) -> tuple[str, str]:
        """Return two limits of the scale of analysis as the texts of two cells, in brackets."""
        style = NUMBERS.get()
        opening, closing = style.brackets
        return f"{opening}{self.write(low)}{style.between.rstrip()}", f"{self.write(high)}{closing}"

    def estimate(self, fit: Any, unit: bool = False, more: str = "") -> str:
        """Return "−1.21 points (95% CI −1.65 to −0.77)" of what has an estimate, an interval and its level."""
        return self.within(fit.estimate, fit.ci, f"{level(fit.confidence_level)} CI", unit, more)

    def within(self, value: float, ci: Any, called: str, unit: bool = False, more: str = "") -> str:
        """Return a number with its interval, which is `called` so, and what `more` stands in the same brackets."""
        digits = self.decimals(*ci)
        points = f" {self.points}" if unit and self.points else ""
        return f"{self.write(value, digits)}{points} ({called} {self.span(*ci, digits)}{more})"

    def reading(self, low: float, high: float) -> str:
        """Return what an interval of the contrast says: "less pain with laser", "favours sham", "no difference"."""
        null = float(self.measure.inverse(self.measure.null))
        if math.isnan(null) or math.isnan(low) or math.isnan(high):
            return ""
        if low <= null <= high:
            return (
                "the interval is compatible with no difference"
                if self.arms
                else "the interval is compatible with no effect"
            )
        if self.favours is None:
            return f"{'higher' if low > null else 'lower'} with {self.arms[0]}" if self.arms else ""
        favoured = self.arms[(low > null) == (self.benefit == "lower")]
        if self.measure.is_ratio or not self.better:
            return f"favours {favoured}"
        return f"{self.better} with {favoured}"


def capital(text: str) -> str:
    """Return a text that begins with a capital; `str.capitalize` would lower the others."""
    first = plain(text[:1])
    return (first.upper() if first == text[:1] else quoted(first.upper())) + text[1:]


class Caveat(str):
    """A sentence of the findings that warns of them, or tells what to do: no finding itself."""


def findings(result: Any) -> str:
    """Return what a result says, in sentences made from its numbers alone, for a report.

    Parameters
    ----------
    result : object
        That of a model, such as :func:`analysis.pool`, or both arms of trials. Words and numbers are as its effects
        have them: arms by their names, ratios as ratios.

    Returns
    -------
    str
        One sentence a line: the effect with its interval, its direction where the effects say what is good, and the
        number of studies; how far true effects differ; what to expect of a new study; what few studies mean. Of the
        arms of trials: the change in each, the randomised difference, and that of each group.

    Raises
    ------
    TypeError
        If `result` is none of a model; the message says what to give.

    See Also
    --------
    analysis.PooledEffect.summary : All numbers of a result, each with a label.
    analysis.pool_arms : Both arms beside the randomised contrast.
    analysis.claims_findings : The same of claims of popular articles.

    Notes
    -----
    Estimate, interval, spread between studies and direction of the effect are told [1]_, and the spread as a prediction
    interval beside tau [2]_.

    References
    ----------
    .. [1] Page et al. 2021 (PRISMA), BMJ 372:n71, item 20b, doi 10.1136/bmj.n71.
    .. [2] IntHout, Ioannidis, Rovers & Goeman 2016, BMJ Open 6:e010247, doi 10.1136/bmjopen-2015-010247.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis import effect_sizes, pool
    >>> table = pd.DataFrame({"study": list("ABCDE"), "yi": [-0.9, -0.3, -1.2, -0.5, -0.8], "se": 0.2})
    >>> print(findings(pool(effect_sizes(table, measure="OR", benefit="lower", arms=("laser", "sham")))))
    The pooled odds ratio, laser over sham, of 5 studies was 0.48 (95% CI 0.31 to 0.74): favours laser.
    The true effects varied between studies: tau 0.29 on the log scale, I² 67% (from tau²; 95% CI 9% to 96%).
    The true odds ratio of a new study is expected between 0.18 and 1.30 (95% prediction interval).
    """
    if (told := told_of(result)) is not None:
        return "\n".join(told)
    if hasattr(result, "to_row"):
        # Of what is made of a result, such as a share, the summary is what was found.
        head, said = result._in_words()
        told = [": ".join(filter(None, pair)).rstrip(".") for pair in ((None, head), *said) if pair[1]]
        return "\n".join(f"{text}." for text in told)
    own = "its summary() says what it holds; " if isinstance(result, InWords) else ""
    raise TypeError(_check.refusal(result, "findings", f"{own}give the result of a model, such as pool(effects)"))


def told_of(result: Any) -> list[str] | None:
    """Return the sentences of the findings, its warnings as :class:`Caveat`; None of what only has a summary."""
    tell = next((_FINDINGS[c.__name__] for c in type(result).__mro__ if c.__name__ in _FINDINGS), None)
    return None if tell is None else list(tell(result))


def studies_behind(fit: Any) -> int:
    """Return the number of studies behind a result: fewer than its effects where the arms of a study were split.

    Parameters
    ----------
    fit : object
        With k and, where they are known, the effects and the labels of those that took part.

    Returns
    -------
    int
    """
    effects, labels = getattr(fit, "effects", None), getattr(fit, "labels", None)
    if labels is None and effects is not None and len(effects) == fit.k:
        # A test keeps no labels of its own.
        labels = effects.labels
    if effects is None or labels is None:
        return fit.k
    here = np.isin(np.asarray(effects.labels, dtype=object).astype(str), [str(label) for label in labels])
    # Labels that are not those of the effects, given beside them, tell nothing.
    return min(len(labels), effects.table["study"][here].nunique() or len(labels))


def repeated(fit: Any) -> bool:
    """Return whether several effects of a study stand side by side as if they were independent of one another.

    Parameters
    ----------
    fit : object
        A result, or checked studies. Shares of an arm that was split among others are no such effects, and a model
        with clusters takes none to be independent.

    Returns
    -------
    bool
    """
    effects, labels = getattr(fit, "effects", None), getattr(fit, "labels", None)
    if effects is None or labels is None or hasattr(fit, "cluster"):
        return False
    split = effects.options.get("multi_arm") == "split" and effects.options.get("times") != "all"
    return not split and studies_behind(fit) < len(labels)


def _counted(words, fit):
    return words.counted(fit.k, studies_behind(fit))


def origins(result: Any, effects: Any) -> dict[str, int]:
    """Return how many effects have each status, those to which one half was added because of a zero cell apart.

    Parameters
    ----------
    result : object
        What was pooled of them: nothing was added to counts that were, and changes within an arm have a status of
        their own.
    effects : analysis.EffectSizes
        Those behind the result.

    Returns
    -------
    dict of str to int
        "as printed", "recovered", "imputed" and `ZERO_CELL`, as far as there are any, the most frequent first.
    """
    own, table = "as printed" if hasattr(result, "corrected") else ZERO_CELL, effects.table
    if arm := getattr(result, "_arm", ""):
        return table["change_status"][table[f"change_{arm}"].notna()].value_counts().to_dict()
    return table["status"].mask(_with_zeros(table), own).value_counts().to_dict()


def _with_zeros(table):
    # A table that was made by hand may have no flags, or texts.
    flags = table["flags"] if "flags" in table else [()] * len(table)
    return np.array([isinstance(each, tuple) and ZERO_CELL in each for each in flags], dtype=bool)


def added(fit: Any) -> list[str]:
    """Return what was added to the counts behind a result because of zeros, as sentences; none if nothing was.

    Parameters
    ----------
    fit : object
        A result. Of pooled counts also what was added to none of them is said, where a study has a zero cell.

    Returns
    -------
    list of str
    """
    words = Wording.of(fit)
    if hasattr(fit, "corrected"):
        return _added_to_counts(fit, words)
    table, labels = getattr(getattr(fit, "effects", None), "table", None), getattr(fit, "labels", None)
    if table is None or labels is None:
        return []
    here = np.isin(np.asarray(table["label"], dtype=object).astype(str), [str(label) for label in labels])
    k = int((here & _with_zeros(table)).sum())
    more = "; pool_mantel_haenszel pools without it" if words.measure in ("OR", "RR", "RD") else ""
    return [f"{number(0.5, 1)} was added to the counts of {words.counted(k)} with a zero cell{more}."] if k else []


def _notes_of_zeros(fit):
    return [("Note", note) for note in added(fit)]


def _added_to_counts(pooled, words):
    """What was added to cells for the effects of single studies, which make Q, and to what is pooled."""
    own, whole, zeros = pooled._added
    if not (own[1] or whole[1] or zeros):
        return []
    told = [
        f"{as_given(more)} was added to the counts of {words.counted(k)} {what}"
        for (more, k), what in ((own, "for their own effects, of which Q is made"), (whole, "to pool them"))
        if k
    ]
    told = told or [f"{words.counted(zeros)} {'has' if zeros == 1 else 'have'} a zero cell"]
    return [f"{'; '.join(told)}{'' if whole[1] else '; nothing was added to pool them'}."]


def _of_effect(pooled):
    words = _tabled(pooled)
    yield _found(words, pooled, _counted(words, pooled))
    if pooled.k > 1:
        yield _varied(words, pooled)
        yield from _expected(words, pooled)
    yield from map(Caveat, notes(pooled))


def _of_counts(pooled):
    pooled._refuse_many()
    words = _tabled(pooled)
    yield _found(words, pooled, _counted(words, pooled))
    if pooled.q_df > 0:
        yield _varied(words, pooled)
    yield from map(Caveat, (*_few(words, pooled, pooled.k), *added(pooled)))


def _of_subgroups(pooled):
    words = _tabled(pooled.overall, *(group.ci for group in pooled.groups.values()))
    yield from _of_effect(pooled.overall)
    parts = [f"{name} {_with_k(words, group)}" for name, group in pooled.groups.items()]
    yield f"By {pooled.by.replace('_', ' ')}, the {words.subject} was: {', '.join(parts)}."
    if pooled.q_between_df:
        yield f"Between the groups: {_between_groups(pooled)}."
        yield Caveat(_observational_groups(words))


def _of_multilevel(fit):
    words = clustered(fit).to(_tabled(fit).digits)
    yield _found(words, fit, _effects_of(fit, words))
    told = (f"tau {_size(words, tau)} {name} {words.nouns}, I² {percent(i2)}" for name, tau, _, i2 in _levels(fit))
    yield f"The true effects varied: {'; '.join(told)} (both I² from tau²)."
    yield from _expected(words, fit, "One")
    few = (*_few(words, fit, fit.clusters), *(note for _, note in _few_robust(fit, fit.df)))
    yield from map(Caveat, (*few, *_beyond(words, {"confidence interval": fit.ci, "prediction interval": fit.pi})))


def _of_regression(fit):
    nested = hasattr(fit, "clusters")
    words = clustered(fit) if nested else Wording.of(fit)
    by = "; ".join(f"{name} {text}" for name, text in _coefficients(fit))
    of = _effects_of(fit, words) if nested else _counted(words, fit)
    yield f"The coefficients of {fit.formula}{words.on_scale} in {of} were: {by}."
    if nested:
        left = "; ".join(f"tau {_size(words, tau)} {name} {words.nouns}" for name, tau, _, _ in _levels(fit))
    else:
        left = _residual(fit) if _is_common(fit) else f"tau {_size(words, fit.tau)} between {words.nouns}"
        left += f", {_i2(fit)}"
    yield f"The moderators leave: {left}."
    yield from (
        Caveat(text) if label == "Note" else f"Test of the moderators: {text}."
        for label, text in _moderators(fit, words)
    )


def _of_posterior(posterior):
    words, at = _tabled(posterior, posterior.mu.interval), level(posterior.confidence_level)
    found = words.within(posterior.mu.median, posterior.mu.interval, f"{at} credible interval", unit=True)
    said = f"The {words.subject} of {_counted(words, posterior)} has a posterior median of {found}"
    yield f"{_read(words, said, posterior.mu.interval)}."
    spread = f"tau {_size(words, posterior.tau.median)} ({at} credible interval {_ends(posterior.tau.interval)})"
    yield f"The true effects vary between {words.nouns}: {spread}."
    yield _in_new(words, posterior.new.interval, f"{at} predictive interval")
    if posterior.k <= _FEW:
        yield Caveat(f"{words.counted(posterior.k)}: the prior of tau weighs much, so vary it.")
    yield from map(Caveat, (*_far_prior(words, posterior), *_beyond(words, _credible(posterior))))


def _of_bivariate(fit):
    words, told = Wording.of(fit), [(name if fit.effects else name.lower(), text) for name, text in _outcomes(fit)]
    means, (name, difference) = "; ".join(map(" ".join, told[:2])), told[2]
    yield f"Pooled together, the {plural(words.measure.name)} of {_counted(words, fit)} were: {means}."
    yield f"{_read(Wording.of(fit.effects), f'The difference, {name}, was {difference}', fit.difference.ci)}."
    if math.isfinite(fit.correlation):
        yield f"The true values of a {words.noun} correlate {_correlation(fit).rstrip(',')}."
    far = (note for label, note in _few_or_far(fit) if label == "Note")
    yield from map(Caveat, (*_few(words, fit, fit.k), *far))


def _of_arms(arms):
    words, (treatment, placebo) = Wording.of(arms), arms.effects.arms
    if arms.placebo is not None:
        change = words.to(words.decimals(*zip(arms.placebo.ci, arms.treatment.ci, strict=True)))
        unit = f" {words.unit.replace(' on 0–', ' of ')}" if words.unit else ""
        yield (
            f"In the {_counted(words, arms.placebo)} with a change in both arms, {words.outcome_name or 'scores'} "
            f"{_moved(change, arms.placebo, unit)} in the {placebo} arms and "
            f"{_moved(change, arms.treatment, '', arms.placebo)} in the {treatment} arms."
        )
    yield from _randomised(words, arms.contrast, separately=arms.placebo is not None)
    if arms.groups:
        words = _tabled(arms.contrast, *(group.contrast.ci for group in arms.groups.values()))
        parts = [f"{name} {_with_k(words, group.contrast)}" for name, group in arms.groups.items()]
        yield f"By {arms.by.replace('_', ' ')}, the difference was: {', '.join(parts)}."


def _tabled(fit, *intervals):
    """The wording of a result with the decimals that suit its interval, or those intervals, in all of its numbers."""
    words = Wording.of(fit)
    return words.to(words.decimals(*zip(*(intervals or [fit.ci]), strict=True)))


def _read(words, found, ci):
    """What was found, and what its interval says where the effects tell."""
    reading = words.reading(*ci)
    return f"{found}: {reading}" if reading else found


def _found(words, fit, of):
    """The pooled estimate and what its interval says."""
    what = f"The pooled {words.subject} of {of}" if fit.k > 1 else f"The {words.subject} of the one {words.noun}"
    return f"{_read(words, f'{what} was {words.estimate(fit, unit=True)}', fit.ci)}."


def _varied(words, fit):
    """How far true effects differ, or that the model takes them to be one."""
    if _is_common(fit):
        return f"The model takes all {words.nouns} to have the same true effect: {_homogeneity(fit)}, {_i2(fit)}."
    # A search for tau² that ends beside 0 has found none.
    seen = "varied" if fit.tau**2 > _NO_TAU2 * np.min(fit.vi) else "were not found to vary"
    return f"The true effects {seen} between {words.nouns}: tau {_size(words, fit.tau)}, {_i2(fit)}."


def _expected(words, fit, one="The"):
    """The prediction interval, where there is one."""
    if math.isfinite(fit.pi.low):
        yield _in_new(words, fit.pi, f"{level(fit.confidence_level)} prediction interval", one)


def _in_new(words, ends, called, one="The"):
    low, high = map(words.write, ends)
    return f"{one} true {words.measure.name} of a new {words.noun} is expected between {low} and {high} ({called})."


def _moved(words, pooled, unit, before=None):
    """Say "fell by 1.66 points of 10 (95% CI 1.26 to 2.06)"; leave the verb out where it was said before."""
    falls = pooled.estimate < 0
    sign, verb = (-1, "fell by") if falls else (1, "rose by")
    low, high = sorted((sign * pooled.ci.low, sign * pooled.ci.high))
    if before is not None and (before.estimate < 0) == falls:
        verb = "by"
    size = words.write(sign * pooled.estimate)
    return f"{verb} {size}{unit} ({level(pooled.confidence_level)} CI {words.span(low, high)})"


def _randomised(words, contrast, separately):
    """The randomised difference: estimate and reading, what to beware of its interval, spread of true effects."""
    words = words.to(words.decimals(*contrast.ci))
    found = f"The randomised difference, {words.contrast}, was {_with_k(words, contrast, unit=True)}"
    yield f"{_read(words, found, contrast.ci)}."
    if contrast.hksj_narrower:
        yield (
            "This interval is that of Wald, which is wider here than that of HKSJ."
            if contrast.ci_method == "HKSJ-wide"
            else "This interval is narrower than the Wald interval and may promise too much."
        )
    if math.isfinite(contrast.pi.low):
        (low, high), at = map(words.write, contrast.pi), level(contrast.confidence_level)
        yield (
            f"Tau was {_size(words, contrast.tau)}, and the true effect of a comparable "
            f"{words.noun} is expected between {low} and {high} ({at} prediction interval)."
        )
    if separately and contrast.k > 1:
        yield "The difference is pooled on its own, so it is not exactly the difference of the two changes."


def _with_k(words, pooled, unit=False):
    return words.estimate(pooled, unit, more=f"; {_counted(words, pooled)}")


def pooled_arms(arms: PooledArms) -> Told:
    """Return the change in both arms and the contrast of every group, and the fit of both arms together.

    Parameters
    ----------
    arms : analysis.PooledArms

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them; a group opens a part.
    """
    sets, (treatment, placebo), said = [*arms.groups.values(), arms], arms.effects.arms, []
    words = _tabled(arms, *(each.contrast.ci for each in sets))
    for name, group in zip([*arms.groups, f"All {words.nouns}"], sets, strict=True):
        said.append((name, None))
        for role, pooled in ((placebo, group.placebo), (treatment, group.treatment), ("contrast", group.contrast)):
            said.append((role, _with_k(words, pooled) if pooled else "baseline not reported"))
        if group.joint is not None:
            said.append(("together", _both_arms(group.joint, words)))
    return ", ".join(filter(None, (f"Changes within arms and {words.several}", words.unit))), said


def _both_arms(joint, words):
    """The bivariate fit in one line: both means, their difference, and how the true changes vary together."""
    (treatment, placebo), r = words.arms, joint.correlation
    vary = "" if math.isnan(r) else f"; true changes correlate {_correlation(joint)} between {words.nouns}"
    of = f"{level(joint.confidence_level)} CI"
    difference = words.within(
        joint.difference.estimate, joint.difference.ci, of, more=f"; {_counted(words, joint)}{vary}"
    )
    means = f"{placebo} {words.write(joint.first.estimate)}, {treatment} {words.write(joint.second.estimate)}"
    return f"{means}, difference {difference}"


def notes(pooled: PooledEffect) -> list[str]:
    """Return what a reader must know about a pooled effect, as a list of sentences; empty if nothing."""
    said, words = [], Wording.of(pooled)
    if pooled.k == 1:
        said.append(f"One {words.noun}: nothing is pooled, the interval is the {words.noun}'s own (normal).")
    else:
        said += _few(words, pooled, pooled.k)
    if pooled.hksj_narrower:
        said.append(_narrow(words, pooled))
    return [*said, *_as_independent(words, pooled), *_doubts(words, pooled), *added(pooled)]


def _as_independent(words, fit):
    """What it means that a model of independent effects was given several of a study; none of what was not."""
    if not repeated(fit):
        return []
    return [
        f"{_counted(words, fit)} are taken to be independent, which those of one {words.noun} are not: the intervals "
        "may promise too much. Set pool_multilevel(effects) beside it."
    ]


def _doubts(words, pooled):
    """What a reader should not take as it stands, of tau2, of a study that rules the others, of a narrow prediction."""
    low, high = pooled.tau2_ci
    if pooled.tau2_ci_empty:
        yield f"The interval of tau² is empty: the {words.nouns} agree better than their variances lead one to expect."
    elif pooled.tau2 < low or pooled.tau2 > high:
        yield "tau² lies outside of its interval: estimators disagree here, so compare tau2_method='PM' and 'DL'."
    weights = 1.0 / pooled.vi
    share = float(weights.max() / weights.sum())
    if 2 < pooled.k <= _ONE_RULES and share > 0.5 and pooled.tau > 0 and pooled.ci_method in ("HKSJ", "HKSJ-wide"):
        ends = pooled.confidence_interval(pooled.confidence_level, ci_method="HKSJ-mod")
        # The floor of HKSJ-mod changes nothing where trials vary more than chance has it.
        same = math.isclose(ends.low, pooled.ci.low, rel_tol=1e-9)
        other = "the same" if same else words.span(*ends, words.decimals(*pooled.ci))
        yield (
            f"{pooled.labels[int(weights.argmax())]} has {percent(share)} of the common-effect weight: such intervals "
            f"hold the mean less often than they say; HKSJ-mod has {other}."
        )
    asked = pooled.pi_method == "Nagashima" and pooled.k > 2 and not _is_common(pooled)
    if asked and math.isnan(pooled.pi.low):
        yield (
            "There is no prediction interval: the variances are so far apart that rounding would make it up; correct "
            "them, or take pi_method='t(k-1)'."
        )
    if math.isfinite(pooled.pi.low):
        wald = pooled.confidence_interval(pooled.confidence_level, ci_method="z")
        if pooled.pi.high - pooled.pi.low < wald.high - wald.low:
            yield "The prediction interval is narrower than the Wald interval of the mean, and promises too much."
    yield from _beyond(words, {"confidence interval": pooled.ci, "prediction interval": pooled.pi})


def _beyond(words, intervals):
    """Which intervals, by name, reach where the measure has no values, and the measure that has none there."""
    least, most = words.measure.ends
    other = _KEPT_WITHIN.get(words.measure)
    out = [name for name, ends in intervals.items() if ends.low < least or ends.high > most]
    if other and out:
        ends = NUMBERS.get().between.join(number(end, 0) for end in (least, most))
        goes = "goes" if len(out) == 1 else "go"
        yield (
            f"The {' and the '.join(out)} {goes} beyond {ends}, where every {words.measure.name} lies: "
            f"measure={other!r} keeps within."
        )


def _correlation(fit):
    """The correlation of true values; at 1 or −1 the data would have it even further."""
    return f"{number(fit.correlation)}{', the boundary,' if abs(fit.correlation) > 1.0 - 1e-6 else ''}"


def _narrow(words, pooled):
    """Which interval is shown where HKSJ is narrower than Wald, and what the other one is."""
    expected = "agree better than chance" if pooled.tau2 == 0 else "lie closer to their mean than tau² and chance"
    why = (
        f"The HKSJ interval is narrower than the Wald interval here, because the {words.nouns} {expected} would have it"
    )
    other = "HKSJ" if pooled.ci_method == "HKSJ-wide" else "z"
    ends = pooled.confidence_interval(pooled.confidence_level, ci_method=other)
    ends = words.span(*ends, words.decimals(*pooled.ci))
    if other == "HKSJ":
        return f"{why}. The Wald interval is shown; HKSJ has {ends}."
    return f"{why}; Wald has {ends}, and ci_method='HKSJ-wide' shows the wider."


def _few(words, fit, k):
    """What few studies mean."""
    those = _counted(words, fit) if repeated(fit) else words.counted(k)
    if k <= _FEW and _is_common(fit):
        yield f"{those}: too few to tell whether true effects differ."
    elif k == 2:
        yield f"{those}: no interval of two is both honest and useful, so set the two beside it."
    elif k <= _FEW:
        yield (
            f"{those}: tau is hardly known, often estimated as 0 where it is not, and no verdict should "
            f"rest on this interval alone. Set the single {words.nouns} beside it, and pool_bayes as a second opinion."
        )


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
    >>> heading, said = pooled_effect(pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], measure="OR"))
    >>> heading, said[0]
    ('Random-effects meta-analysis of odds ratios, 3 studies (tau² by REML, HKSJ-wide on t(2))', \
('Estimate', '0.29 (95% CI 0.041 to 2.05), p = 0.11'))
    """
    words, at, common = _tabled(pooled), level(pooled.confidence_level), _is_common(pooled)
    said = [("Estimate", _estimate(words, pooled))]
    if pooled.k == 2:
        rows = pooled.to_frame().iloc[:2].itertuples()
        both = (f"{row.label} {words.within(row.yi, (row.ci_low, row.ci_high), f'{at} CI')}" for row in rows)
        said.append((f"Each {words.noun}", "; ".join(both)))
    if pooled.k > 1 and common:
        said += _from_q(pooled)
    elif pooled.k > 1:
        q_based = max(0.0, (pooled.q - pooled.q_df) / pooled.q) if pooled.q > 0 else 0.0
        new = f"{words.span(*pooled.pi)} ({at} prediction interval, {pooled.pi_method.replace('-', MINUS)})"
        said += [
            ("Between", _between(words, pooled.tau2, pooled.tau2_ci, pooled, pooled.tau2_ci_method)),
            ("Share", f"{_i2(pooled)}; from Q {percent(q_based)}, H² {number(pooled.h2)}"),
            ("Homogeneity", _homogeneity(pooled)),
            (f"New {words.noun}", new),
        ]
    kind, how = "Common-effect" if common else "Random-effects", _how(pooled, pooled.df)
    head = f"{kind} meta-analysis{_named(words)}, {_counted(words, pooled)} ({how.removeprefix('common effect, ')})"
    return head, [*said, *_left_out(pooled), *(("Note", note) for note in notes(pooled))]


def _from_q(fit):
    """All that a model of one true effect says of heterogeneity."""
    return [("Share", f"{_i2(fit)}, H² {number(fit.h2)}"), ("Homogeneity", _homogeneity(fit))]


def _is_common(fit):
    """Whether the model takes true effects to be one, as those of counts do."""
    return getattr(fit, "tau2_method", "CE") == "CE"


def _named(words):
    """The measure and the arms, as they stand in a heading."""
    return f" of {words.several}" if words.several else ""


def _left_out(result, noted=()):
    """The studies that took no part, by name, and why; of those that took some part it is a note."""
    return [("Note" if label in noted else "Left out", f"{label}: {reason}") for label, reason in result.left_out]


def _estimate(words, fit):
    # A test that a proportion is one half, or a mean 0, is not what anybody asked.
    tested = "" if math.isnan(words.measure.null) else f", p {equals(fit.pvalue)}"
    return f"{words.estimate(fit, unit=True)}{tested}"


def _size(words, tau):
    """Tau with its unit, or the scale on which it stands."""
    if math.isnan(tau):
        return NOT_ESTIMABLE
    return f"{significant(tau)}{f' {words.points}' if words.points else ''}{words.on_scale}"


def _between(words, tau2, ci, fit, method):
    """The spread of true effects, with an interval unless it was given."""
    given = fit.tau2_method == "fixed"
    limits = "empty" if getattr(fit, "tau2_ci_empty", False) else _ends(ci)
    ends = "given" if given else f"{level(fit.confidence_level)} CI {limits}, {method}"
    return f"tau {_size(words, math.sqrt(tau2))}, tau² {significant(tau2)} ({ends})"


def _ends(ci):
    """An interval of what has no sign, each end with digits of its own."""
    ends = [significant(end) for end in ci]
    return NOT_ESTIMABLE if NOT_ESTIMABLE in ends else NUMBERS.get().between.join(ends)


def _i2(fit):
    """The share of heterogeneity and what it is made from."""
    if _is_common(fit):
        return f"I² {percent(fit.i2)} (from Q)"
    low, high = getattr(fit, "i2_ci", (math.nan, math.nan))
    ends = (
        ""
        if math.isnan(low) or fit.tau2_ci_empty
        else f"; {level(fit.confidence_level)} CI {percent(low)} to {percent(high)}"
    )
    return f"I² {percent(fit.i2)} (from tau²{ends})"


def _homogeneity(fit):
    return f"Q {number(fit.q)} on {fit.q_df} df, p {equals(fit.q_pvalue)}"


def _how(fit, df):
    """How tau² was found, and the kind of interval."""
    tau2 = {"CE": "common effect", "fixed": "tau² given"}.get(fit.tau2_method, f"tau² by {fit.tau2_method}")
    return f"{tau2}, {fit.ci_method}{_on_t(df)}"


def _on_t(df):
    return f" on t({number(df, 0 if float(df).is_integer() else 1)})" if math.isfinite(df) else ""


def imputed_effect(found: ImputedEffect) -> Told:
    """Return a pooled effect over many imputations in words.

    Parameters
    ----------
    found : analysis.ImputedEffect

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words, names = _tabled(found), found.imputed["label"].unique()
    said = [("Estimate", _estimate(words, found))]
    if found.k > 1 and found.tau2_method != "CE":
        spread = f"tau {_size(words, found.tau)}, tau² {significant(found.tau2)}, I² {percent(found.i2)}"
        said.append(("Between", f"{spread} (means over the imputations)" if len(names) else spread))
    if math.isfinite(found.pi.low):
        at = level(found.confidence_level)
        said.append((f"New {words.noun}", f"{words.span(*found.pi)} ({at} prediction interval, Nagashima)"))
    share = f"{percent(found.share_missing)} of the variance of the estimate is due to missing SDs"
    said.append(("Missing", share if len(names) else "no SD"))
    if len(names):
        said.append(("Imputed", f"{', '.join(names)}; from the SDs of other {words.nouns}, see imputed"))
    times = f", {counted(found.imputations, 'imputation')} by Rubin's rules" if len(names) else ""
    kind = "Common-effect" if found.tau2_method == "CE" else "Random-effects"
    how = _how(found, found.df).removeprefix("common effect, ")
    return f"{kind} meta-analysis{_named(words)}, {words.counted(found.k)} ({how}{times})", said


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
    words, said = Wording.of(fit), _coefficients(fit)
    if not _is_common(fit):
        said.append(("Between", _between(words, fit.tau2, fit.tau2_ci, fit, "Q-profile")))
    said += [("Share", f"residual {_i2(fit)}, H² {number(fit.h2)}"), ("Homogeneity", _residual(fit))]
    said += [*_moderators(fit, words), *_left_out(fit)]
    if fit.hksj_narrower:
        shown = "the latter are shown" if fit.ci_method == "HKSJ-wide" else "ci_method='HKSJ-wide' shows the wider"
        width = f"{number(fit.hksj_width)} times as wide as the Wald intervals"
        said.append(("Note", f"The HKSJ intervals are {width}: {shown}."))
    said += _notes_of_zeros(fit)
    how = f"{_how(fit, fit.df_resid)}{_log_coefficients(words)}"
    return f"Meta-regression {fit.formula}{_named(words)}, {_counted(words, fit)} ({how})", said


def _log_coefficients(words):
    return f"; coefficients{words.on_scale}" if words.on_scale else ""


def _residual(fit):
    return f"QE {number(fit.qe)} on {fit.qe_df} df, p {equals(fit.qe_pvalue)}"


def _coefficients(fit):
    """Each coefficient on the scale of analysis, with the decimals that suit its interval."""
    at, limits, tests = level(fit.confidence_level), fit.conf_int(), fit.pvalues
    plain = Wording()
    return [
        (name, f"{plain.within(estimate, limits.loc[name], f'{at} CI')}, p {equals(tests[name])}")
        for name, estimate in fit.params.items()
    ]


def _joint_test(fit):
    return wald_test(fit.qm, fit.qm_df, fit.qm_pvalue)


def wald_test(statistic: float, df: tuple[int, float], pvalue: float) -> str:
    """Return a joint test of coefficients in words: "F 1.20 on 2 and 9 df, p = 0.35"."""
    count, rest = df
    test = f"F {number(statistic)} on {count} and {number(rest, 0 if float(rest).is_integer() else 1)} df"
    test = f"chi² {number(statistic)} on {count} df" if math.isinf(rest) else test
    return f"{test}, p {equals(pvalue)}"


def _moderators(fit, words):
    """The test of the moderators, if there are any, and what not to make of it."""
    if fit.qm_df[0]:
        r2 = getattr(fit, "r2", math.nan)
        yield "Moderators", _joint_test(fit) + ("" if math.isnan(r2) else f"; R² {percent(r2)}")
        yield "Note", f"An association across {words.nouns} is observational, even of randomised trials."
        if getattr(fit, "clusters", fit.k) < _STUDIES_PER_MODERATOR * fit.qm_df[0]:
            yield "Note", f"Fewer than ten {words.nouns} for each coefficient of a moderator."
    yield from (("Note", note) for note in _as_independent(words, fit))


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
    how = f"{tested.ci_method}{Wording.of(tested).on_scale}"
    return f"{'Contrasts' if len(said) > 1 else 'Contrast'} of coefficients ({how})", said


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
    words = _tabled(pooled)
    said = [("Estimate", _estimate(words, pooled))]
    if pooled.q_df > 0:
        said += _from_q(pooled)
    head = f"{pooled.method} meta-analysis{_named(words)}, {words.counted(pooled.k)} (common effect, z interval)"
    return head, [*said, *_left_out(pooled, noted=pooled.labels), *_notes_of_zeros(pooled)]


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
    words, at = clustered(fit).to(_tabled(fit).digits), level(fit.confidence_level)
    said = [("Estimate", _estimate(words, fit)), *_both_levels(fit, words), ("Homogeneity", _homogeneity(fit))]
    said += _with_errors(fit, words)
    said.append((f"New {words.noun}", f"{words.span(*fit.pi)} ({at} prediction interval of one effect)"))
    said += [*_left_out(fit), *_few_robust(fit, fit.df)]
    said += [("Note", note) for note in _beyond(words, {"confidence interval": fit.ci, "prediction interval": fit.pi})]
    said += _notes_of_zeros(fit)
    return f"Three-level meta-analysis{_named(words)}, {_effects_of(fit, words)} ({_how(fit, fit.df)})", said


def _with_errors(fit, words):
    if errors := shared_errors(fit):
        yield "Errors", f"correlated within {words.nouns}, {errors} (vcov)"


def shared_errors(fit: Any) -> str:
    """Return the correlations of sampling errors that a nested model was given: "0.50", "0.20 to 0.60"; "" for none."""
    if fit._vcov is None:
        return ""
    sd = np.sqrt(np.diag(fit._vcov))
    shared = (fit._vcov / np.outer(sd, sd))[np.triu(fit._vcov, 1) != 0]
    return (
        NUMBERS.get().between.join(dict.fromkeys(number(x) for x in (shared.min(), shared.max())))
        if shared.size
        else ""
    )


def clustered(fit: Any, measure: str | None = None) -> Wording:
    """The wording of what stands on its own in a model: studies, clusters that are none, or effects of one study."""
    words, cluster = Wording.of(fit, measure), getattr(fit, "cluster", None)
    if cluster is None:
        return dataclasses.replace(words, noun="effect") if repeated(fit) else words
    table = getattr(fit.effects, "table", {})
    known = "study" in table and {*map(_check.as_text, cluster)} <= {*map(_check.as_text, table["study"])}
    return words if known else dataclasses.replace(words, noun="cluster")


def _effects_of(fit, words):
    """The effects and what they are nested in."""
    return f"{counted(fit.k, 'effect')} of {words.counted(fit.clusters)}"


def _levels(fit):
    """The name, tau, the interval of its square and the share of either level of effects nested in studies."""
    return [
        (name, math.sqrt(tau2), ci, i2)
        for name, tau2, ci, i2 in zip(fit.sigma2._fields, fit.sigma2, fit.sigma2_ci, fit.i2, strict=True)
    ]


def _both_levels(fit, words):
    for name, tau, ci, _ in _levels(fit):
        yield name.capitalize(), _between(words, tau**2, ci, fit, "profile likelihood")
    shares = ", ".join(f"{percent(i2)} {name}" for name, _, _, i2 in _levels(fit))
    yield "Share", f"I² {shares} (from tau²)"


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
    words = clustered(fit)
    said = [*_coefficients(fit), *_both_levels(fit, words), ("Homogeneity", _residual(fit)), *_with_errors(fit, words)]
    said += [*_moderators(fit, words), *_left_out(fit), *_few_robust(fit, fit.df.min()), *_notes_of_zeros(fit)]
    how = f"{_how(fit, math.inf)}{_log_coefficients(words)}"
    return f"Three-level meta-regression {fit.formula}{_named(words)}, {_effects_of(fit, words)} ({how})", said


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
    words = Wording.of(fit)
    head = f"Bivariate random-effects meta-analysis{_named(words)}, {_counted(words, fit)} ({_how(fit, fit.df)})"
    return head, [*_outcomes(fit), *_few_or_far(fit)]


def _outcomes(fit):
    """Both means and their difference by name, those of arms by the names of the arms."""
    words = _tabled(fit, fit.first.ci, fit.second.ci, fit.difference.ci)
    names, at = ("First", "Second", "Second minus first"), level(fit.confidence_level)
    if fit.effects is not None:
        treatment, placebo = fit.effects.arms
        names = placebo, treatment, f"{treatment} minus {placebo}"
    means = zip(names, (fit.first, fit.second, fit.difference), (*fit.tau, fit.tau_difference), strict=True)
    return [
        (name, f"{words.within(mean.estimate, mean.ci, f'{at} CI', unit=True)}, tau {_size(words, tau)}")
        for name, mean, tau in means
    ]


def _few_or_far(fit):
    """How true values vary together, what was left out, and whether an estimate lies at the end of its range."""
    yield "Correlation", f"{_correlation(fit)} between the true values of a {Wording.of(fit).noun}"
    yield from _left_out(fit)
    if fit.boundary:
        yield "Note", "A tau is 0 or the correlation is −1 or 1: the data would have it even further."


def permutation_test(test: PermutationTest) -> Told:
    """Return the permutation p-values of a pooled mean, or of a meta-regression.

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
    least = 2.0 / test.n_permutations
    if test.exact and [*test.pvalues.index] == ["mean"] and least > 0.05:
        said.append(("Note", f"No p value of so few arrangements is below {number(least)}."))
    return f"Permutation test, {number(test.n_permutations, 0)} arrangements ({drawn})", said


def gosh(found: Gosh) -> Told:
    """Return how far the results of all subsets lie apart, and which study moves their middle farthest.

    Parameters
    ----------
    found : analysis.Gosh

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    middle, several = np.quantile(found.estimate, [0.025, 0.5, 0.975]), found.k > 1
    words = _tabled(found, middle[[0, 2]])
    drawn = "all subsets" if found.exact else "a random sample of the subsets"
    said = [("Estimate", f"median {words.within(middle[1], middle[[0, 2]], 'middle 95% of the subsets', unit=True)}")]
    if several.any():
        low, half, high = np.quantile(found.i2[several], [0.025, 0.5, 0.975])
        said.append(("I²", f"median {percent(half)} (middle 95% {percent(low)} to {percent(high)})"))
    parts = {name: (found.estimate[found.has(name)], found.estimate[~found.has(name)]) for name in found.labels}
    moves = {name: [float(np.median(part)) for part in both] for name, both in parts.items() if all(map(len, both))}
    if moves:
        most = max(moves, key=lambda name: abs(moves[name][0] - moves[name][1]))
        said.append(("Moves most", "{}: median {} with it, {} without".format(most, *map(words.write, moves[most]))))
    head = f"GOSH{_named(words)}, {number(len(found.k), 0)} subsets of {words.counted(len(found.labels))} ({drawn})"
    return head, said


def bootstrap(found: Bootstrap) -> Told:
    """Return the bootstrap intervals of the mean, of tau and of I².

    Parameters
    ----------
    found : analysis.Bootstrap

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    pooled, words, at = found.pooled, _tabled(found.pooled, found.ci), f"{level(found.confidence_level)} CI"
    drawn = {"parametric": "drawn from the fitted model", "case": "of the studies, drawn with replacement"}[found.kind]
    low, high = found.i2_ci
    i2 = NOT_ESTIMABLE if math.isnan(low) else f"{percent(low)} to {percent(high)}"
    said = [
        ("Estimate", words.within(pooled.estimate, found.ci, at, unit=True)),
        ("Between", f"tau {_size(words, pooled.tau)} ({at} {_ends(np.sqrt(found.tau2_ci))})"),
        ("I²", f"{percent(pooled.i2)} ({at} {i2})"),
    ]
    head = f"Bootstrap{_named(words)}, {words.counted(pooled.k)}: {number(len(found.estimate), 0)} samples {drawn}"
    return f"{head} ({found.interval} intervals)", said


def posterior_effect(posterior: PosteriorEffect) -> Told:
    """Return a Bayesian result: mean effect, spread and a new study, with their priors.

    Parameters
    ----------
    posterior : analysis.PosteriorEffect

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words, at = _tabled(posterior, posterior.mu.interval), f"{level(posterior.confidence_level)} credible interval"
    mu, tau, new = posterior.mu, posterior.tau, posterior.new
    said = [
        ("Estimate", f"median {words.within(mu.median, mu.interval, at, unit=True)}"),
        ("Between", f"median of tau {_size(words, tau.median)} ({at} {_ends(tau.interval)})"),
        (f"New {words.noun}", f"median {words.within(new.median, new.interval, at)}"),
    ]
    how = f"{prior_words(posterior.tau_prior)}; {prior_words(posterior.mu_prior)}".replace("τ", "tau")
    head = f"Bayesian random-effects meta-analysis{_named(words)}, {_counted(words, posterior)} ({how})"
    notes = [*_far_prior(words, posterior), *_beyond(words, _credible(posterior)), *added(posterior)]
    notes += _as_independent(words, posterior)
    return head, [*said, *_left_out(posterior), *(("Note", note) for note in notes)]


def _credible(posterior):
    return {"credible interval": posterior.mu.interval, "predictive interval": posterior.new.interval}


def prior_words(prior: Any) -> str:
    """The prior of tau or of the mean effect in words; None is flat."""
    if prior is None:
        return "flat prior of the mean effect"
    name = type(prior).__name__
    name = "HalfCauchy" if name == "HalfStudent" and prior.df == 1 else name
    given = {part: as_given(value) for part, value in vars(prior).items()}
    return _PRIORS.get(name, f"prior of τ by {name}").format(**given)


def as_given(value: float) -> str:
    """A number with as many decimals as it was given with."""
    value = round(value, _GIVEN + 2)
    return number(value, next((d for d in range(_GIVEN) if round(value, d) == value), _GIVEN))


def _far_prior(words, posterior):
    """That the prior of tau is made for effects of another scale, and what to do."""
    if posterior.prior_misfit:
        yield (
            f"The prior of tau is {posterior.prior_misfit} for these data: its median is "
            f"{_size(words, posterior.tau_prior.median)}, their spread {_size(words, posterior.spread)}. "
            "Set its scale by the unit of the effects, as in tau_prior=HalfNormal(scale)."
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
    groups = [*pooled.groups.items(), ("All", pooled.overall)]
    words, common = _tabled(pooled, *(group.ci for _, group in groups)), _is_common(pooled.overall)
    kind = "common effect" if common else "one tau² for all" if pooled.tau2 == "common" else "a tau² for each"
    said = [
        (name, _with_k(words, group) + ("" if common else f", tau {_size(words, group.tau)}")) for name, group in groups
    ]
    said += [("Between groups", _between_groups(pooled)), *_left_out(pooled.overall)]
    said += [("Note", _observational_groups(words)), *_notes_of_zeros(pooled.overall)]
    said += [("Note", note) for note in _as_independent(words, pooled.overall)]
    return f"Subgroups by {pooled.by}{_named(words)} ({kind})", said


def _observational_groups(words):
    return f"A difference between subgroups of {words.nouns} is observational."


def _between_groups(pooled):
    """The test between groups, with its F form where there is one."""
    q = f"Q {number(pooled.q_between)} on {pooled.q_between_df} df, p {equals(pooled.q_between_pvalue)}"
    if math.isnan(pooled.f):
        return q
    df = f"{pooled.f_df[0]:.0f} and {number(pooled.f_df[1], 1)} df"
    return f"{q}; F {number(pooled.f)} on {df}, p {equals(pooled.f_pvalue)}"


def compared_therapies(found: ComparedTherapies) -> Told:
    """Return each therapy against the comparator, two of them against one another, and what this rests on.

    Parameters
    ----------
    found : analysis.ComparedTherapies

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    frame, at = found.to_frame(), level(found.confidence_level)
    words = _tabled(found, *zip(frame["ci_low"], frame["ci_high"], strict=True))
    said = []
    for row in frame.itertuples():
        score = "" if math.isnan(row.p_score) else f", P-score {number(row.p_score)}"
        ends = f"{at} CI {words.span(row.ci_low, row.ci_high)}"
        said.append((row.therapy, f"{words.write(row.estimate)} ({ends}; {counted(row.trials, words.noun)}){score}"))
    sure = found.against_each_other().sort_values("pvalue", kind="stable").iloc[0]
    ends = f"{at} CI {words.span(sure['ci_low'], sure['ci_high'])}"
    said += [
        (
            "Surest pair",
            f"{sure['first']} {words.measure.joined or 'minus'} {sure['second']}: "
            f"{words.write(sure['estimate'])} ({ends}), p {equals(sure['pvalue'])}",
        ),
        ("Between", f"tau {_size(words, found.tau)}, one for all"),
        ("Left", f"Q {number(found.q)} on {number(found.q_df, 0)} df, p {equals(found.q_pvalue)}"),
        ("Note", capital(indirect(found, words)) + "."),
    ]
    return f"Therapies of the column {found.by}, each against {found.comparator}{_named(words)}", said


def dose_response(found: DoseResponse) -> Told:
    """Return how effects differ by dose, whether the curve is straight, and what this rests on.

    Parameters
    ----------
    found : analysis.DoseResponse

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words, fit = Wording.of(found), found.regression
    others = dict.fromkeys(x for x in (found.lowest, (found.lowest + found.highest) / 2, found.highest))
    said = [(f"At {dose_of(found, x)}", dose_difference(found, x, words)) for x in others if x != found.reference]
    if found.shape != "linear":
        said.append(("Nonlinearity", wald_test(*found.nonlinearity, found.nonlinearity.pvalue)))
    if found.knots:
        said.append(("Knots", ", ".join(map(amount, found.knots))))
    if not _is_common(fit):
        said.append(("Between", _between(words, fit.tau2, fit.tau2_ci, fit, "Q-profile")))
    said += _left_out(fit)
    said.append(
        ("Note", f"One dose in each {words.noun}, and nobody was randomised between the doses of different ones.")
    )
    shape, over = {"spline": "restricted cubic spline"}.get(found.shape, found.shape), words.measure.joined or "minus"
    how = f"{shape}; {_how(fit, fit.df_resid)}"
    head = f"Effects by {found.dose}, each {over} the effect at {dose_of(found, found.reference)}"
    return f"{head}{_named(words)}, {_counted(words, fit)} ({how})", said


def dose_of(found: DoseResponse, dose: float) -> str:
    """Return a dose with its unit, or what it is: "2000 pulses", "sessions 20"."""
    return f"{amount(dose)} {found.unit}" if found.unit else f"{found.dose} {amount(dose)}"


def amount(x: float) -> str:
    """Return a number with as few decimals as tell it to about four digits: "2000", "0.2", "18.4"."""
    return number(x, next((d for d in range(6) if abs(round(x, d) - x) <= 5e-4 * abs(x)), 6))


def dose_difference(found: DoseResponse, dose: float, words: Wording) -> str:
    """Return by how much the effect at a dose differs from the one at the reference dose, with interval.

    Parameters
    ----------
    found : analysis.DoseResponse
    dose : float
    words : Wording

    Returns
    -------
    str
    """
    return _difference(found.predict([dose]).iloc[0], words, found.confidence_level)


def _difference(row, words, confidence_level, more=""):
    """A difference of two means with its interval: of logs a ratio, of logits and the like on their scale."""
    measure = words.measure if words.measure.is_ratio else Measure("")
    unit = words.unit if words.measure.is_ratio else words.on_scale.strip() or words.unit
    own = dataclasses.replace(words, measure=measure, unit=unit, digits=None)
    own = own.to(own.decimals(row["ci_low"], row["ci_high"], words.digits or 0))
    at = f"{level(confidence_level)} CI"
    return own.within(row["estimate"], (row["ci_low"], row["ci_high"]), at, unit=True, more=more)


def arms_over_time(found: ArmsOverTime) -> Told:
    """Return how the change within arms goes on over weeks, whether their difference does, and what this rests on.

    Parameters
    ----------
    found : analysis.ArmsOverTime

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(found)
    names = {"placebo": capital(words.arms[1]), "treatment": capital(words.arms[0]), "contrast": "Difference"}
    said = [(name, f"{change_a_week(found, role, words)} a week") for role, name in names.items()]
    at = found.predict([found.points["week"].min(), found.points["week"].max()])
    there = [
        f"{_difference(row, words, found.confidence_level)} at week {amount(row['week'])}"
        for row in at[at["role"] == "contrast"].to_dict("records")
    ]
    said.append(("Does it last", f"{words.contrast}, {' and '.join(there)}: {lasting(found)}"))
    late = f"Which {words.nouns} measured late was not randomised"
    said.append(("Note", f"{late}; {words.counted(found.repeated)} measured several times."))
    how = f"three levels, tau² by {found.contrast.tau2_method}, {found.contrast.ci_method}"
    how += f"; correlation {number(found.correlation)} between times"
    said += _left_out(found)
    what = f"Change in {words.outcome_name}" if words.outcome_name else "Change"
    return f"{what} over weeks, {found.k} measurements of {words.counted(found.trials)} ({how})", said


def lasting(found: ArmsOverTime) -> str:
    """Return whether what the arms differ by changes with time, to end a sentence."""
    low, high = found.contrast.conf_int().loc["week"]
    return "compatible with no change over time" if low <= 0 <= high else "so it changes over time"


def change_a_week(found: ArmsOverTime, role: str, words: Wording) -> str:
    """Return the change a week in the arms of a role, or of what they differ by, with interval and p.

    Parameters
    ----------
    found : analysis.ArmsOverTime
    role : {"placebo", "treatment", "contrast"}
    words : Wording

    Returns
    -------
    str
    """
    lines = {each: getattr(found, each).summary_frame().loc["week"] for each in ("placebo", "treatment", "contrast")}
    # Read side by side, so all with the decimals of the one that has most.
    most = max(words.decimals(line["ci_low"], line["ci_high"]) for line in lines.values())
    more = f"; p {equals(lines[role]['pvalue'])}"
    return _difference(lines[role], words.to(most), found.confidence_level, more=more)


def indirect(found: ComparedTherapies, words: Wording) -> str:
    """Return what an indirect comparison rests on, and how many trials had two therapies.

    Parameters
    ----------
    found : analysis.ComparedTherapies
    words : Wording

    Returns
    -------
    str
    """
    both = sum(found.direct.values())
    had = f"{counted(both, words.noun)} had two of them" if both else f"no {words.noun} had two of them"
    return (
        f"differences between therapies are indirect ({had}): they hold if the {found.comparator} of one is like that "
        f"of another, which need not be so, and the {words.nouns} are otherwise alike"
    )


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
    at, words, log = level(found.confidence_level), Wording.of(found), found.log_ratio
    treatment, placebo = words.arms
    said = [("Share", f"withheld: {found.reason}" if found.reason else _share_found(found, at, words))]
    if not log.reason:
        said += [("Log ratio", _log_ratio_found(log, at, words)), (f"New {words.noun}", _new_share(log, at, words))]
    elif log.reason != found.reason:
        said.append(("Log ratio", f"withheld: {log.reason}"))
    said += [("By choice", text) for text in _range_of_choices(found.robustness)]
    for name, table in (
        ("Left out", found.left_out),
        ("Not in the log ratio", log.left_out),
        ("Replaced in the log ratio", log.replaced),
    ):
        said += [(name, f"{', '.join(g['label'])}: {why}") for why, g in table.groupby("reason", sort=False)]
    borrowed = found.trials.loc[found.trials["change_status"] == "imputed", "label"]
    said += [("SD borrowed", ", ".join(borrowed))] if len(borrowed) else []
    head = f"Contextual share: {placebo} improvement over {treatment} improvement, {words.counted(found.k)}"
    return head, [*said, *(("Note", note) for note in _what_a_share_is_not(found, words))]


def _share_found(found, at, words):
    treatment, placebo = words.arms
    limits = f"{at} CI {interval(*found.ci)} by Fieller"
    if found.resamples:
        limits += f", {interval(*found.bootstrap)} by bootstrap{': ' * bool(found.no_bootstrap)}{found.no_bootstrap}"
    told = f"the {placebo} arms had {percent(found.share)} of the improvement of the {treatment} arms"
    return f"{number(found.share)} ({limits}): {told} (ratio of the bivariate means)"


def _log_ratio_found(log, at, words):
    """The pooled log ratio beside the share, and how it was made."""
    model = "common effect" if log.pooled.tau2_method == "CE" else f"tau² by {log.pooled.tau2_method}"
    how = f"{model}, {log.pooled.ci_method}; rule: {log.rule}"
    number_and_limits = f"{number(log.estimate)} ({at} CI {interval(*log.ci)}; {words.counted(log.k)})"
    return f"{number_and_limits}, for comparison with Zou 2016 and Hafliðadóttir 2021 ({how})"


def _new_share(log, at, words):
    if log.pooled.tau2_method == "CE":
        return f"not given: the common-effect model has one true share for all {words.nouns}"
    tau = f"tau {number(log.pooled.tau)} on the log scale"
    return f"{interval(*log.pi)} ({at} prediction interval of the log ratio); {tau}"


def _range_of_choices(table):
    """From the smallest to the largest share in the table of choices, with the choice that makes each."""
    shown = table[table["share"].notna()]
    if len(shown) > 1:
        least, most = shown.loc[shown["share"].idxmin()], shown.loc[shown["share"].idxmax()]
        ends = (f"{number(row['share'])} ({row['model']}; {row['rule']})" for row in (least, most))
        yield f"{' to '.join(ends)}, {number(len(shown), 0)} combinations of model and rule"


def _what_a_share_is_not(found, words):
    treatment, placebo = words.arms
    yield (
        "Change within an arm contains natural course and regression to the mean. The share is therefore not the "
        f"effect of {placebo}, and not a causal share: it is the part of the improvement under {treatment} that was "
        f"seen under {placebo} too."
    )
    if not found.log_ratio.reason:
        drops = "replaces" if found.log_ratio.rule == "replace" else "drops"
        yield (
            f"The log ratio {drops} {placebo} arms that got worse and gives little weight to those that hardly "
            "improved, so it is too large where the true share is small"
            + ("." if found.reason else ": that is why the two differ.")
        )
    if found.reason:
        return
    yield f"It exists only where the {treatment} arms improved; the randomised difference says whether they did more."
    if found.share > 1:
        yield f"Above 1: the {placebo} arms improved more than the {treatment} arms."
    if found.share <= 0:
        yield f"Not above 0: on average the {placebo} arms did not improve."


# What tells the findings of a result, by its class.
_FINDINGS = {
    "PooledEffect": _of_effect,
    "PooledCounts": _of_counts,
    "PooledSubgroups": _of_subgroups,
    "MultilevelEffect": _of_multilevel,
    "MetaRegression": _of_regression,
    "MultilevelRegression": _of_regression,
    "PosteriorEffect": _of_posterior,
    "BivariateEffect": _of_bivariate,
    "PooledArms": _of_arms,
}


def _asymmetry(words, k):
    """What asymmetry is not, and how little tests see of it with few studies."""
    few = f"With {words.counted(k)}, fewer than {_FEW_FOR_ASYMMETRY}, such tests see little. "
    return (few if k < _FEW_FOR_ASYMMETRY else "") + (
        "Asymmetry is not bias: true effects that go with size, weaker methods of small "
        f"{words.nouns} and chance make it too; and a p value above 0.05 shows no symmetry."
    )


def _tested(statistic, df, pvalue):
    """A test in words: "t 2.10 on 8 df, p = 0.07", "z 1.2, p = 0.2"."""
    normal = math.isinf(df)
    return f"{'z' if normal else 't'} {number(statistic)}{'' if normal else f' on {df:.0f} df'}, p {equals(pvalue)}"


_PREDICTORS = {"se": "the standard error", "variance": "the sampling variance", "n": "the number of people"}
_PREDICTORS |= {"se of the score": "the standard error of the score"}
_FEW_FOR_ASYMMETRY = 10


def asymmetry_test(test: AsymmetryTest) -> Told:
    """Return a test of small-study effects, and what it cannot say.

    Parameters
    ----------
    test : analysis.models.small_study.AsymmetryTest

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(test)
    if test.test == "Begg":
        said: Said = [("Test", f"Kendall's tau {number(test.statistic)}, p {equals(test.pvalue)}")]
    else:
        called = _PREDICTORS.get(test.predictor, test.predictor)
        how = f", mixed model ({test.tau2_method}, {test.ci_method})" if test.tau2_method else ""
        said = [("Test", f"{_tested(test.statistic, test.df, test.pvalue)}{how}")]
        said.append(("Slope", f"{significant(test.slope, 3)}{words.on_scale} for each unit of {called}"))
    if not math.isnan(test.limit):
        ci = words.within(test.limit, test.limit_ci, f"{level(test.confidence_level)} CI")
        said.append(("Limit", f"{ci}: the {words.measure.name} where {called} is 0"))
    said.append(("Note", _asymmetry(words, test.k)))
    return f"{test.test} test of small-study effects, {_counted(words, test)}", said


def trim_and_fill(found: TrimAndFill) -> Told:
    """Return the studies that were filled in, and the effect with and without them.

    Parameters
    ----------
    found : analysis.models.small_study.TrimAndFill

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(found)
    p = "" if math.isnan(found.pvalue) else f", test of none p {equals(found.pvalue)}"
    side = f" on the {found.side}" if found.k0 else f" (looked for on the {found.side})"
    said: Said = [
        ("Missing", f"{words.counted(found.k0)}{side}, SE {number(found.k0_se, 1)}{p}"),
        ("As observed", words.estimate(found.observed)),
        ("With these", words.estimate(found.pooled)),
        ("Note", f"The filled {words.nouns} are nobody's data. " * bool(found.k0) + _asymmetry(words, found.k)),
    ]
    return f"Trim and fill ({found.estimator}), {words.counted(found.k)}", said


def pet_peese(fit: PetPeese) -> Told:
    """Return the effect by PET and by PEESE, and which was chosen.

    Parameters
    ----------
    fit : analysis.models.small_study.PetPeese

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(fit)
    called = f"{level(fit.confidence_level)} CI"
    said: Said = [
        (name, words.within(one.limit, one.limit_ci, called)) for name, one in (("PET", fit.pet), ("PEESE", fit.peese))
    ]
    differs = "differs" if fit.chosen == "PEESE" else "does not differ"
    null = "1" if words.measure.is_ratio else "zero"
    said.append(("Chosen", f"{fit.chosen}: by PET the effect {differs} from {null} at p < {number(fit.alpha)}"))
    said += [("Test", _tested(fit.statistic, fit.df, fit.pvalue)), ("Note", _asymmetry(words, fit.k))]
    return f"PET-PEESE: the {words.measure.name} at a standard error of 0, {_counted(words, fit)}", said


def selection_model(fit: SelectionModel) -> Told:
    """Return an effect adjusted for selection, and the selection that was found.

    Parameters
    ----------
    fit : analysis.models.selection.SelectionModel

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(fit)
    said: Said = [("Adjusted", words.estimate(fit)), ("Unadjusted", words.estimate(fit.unadjusted))]
    if fit.kind == "beta":
        said.append(("Beta density", f"powers {significant(fit.weights[0], 3)} and {significant(fit.weights[1], 3)}"))
    for low, high, held, weight in zip((0.0, *fit.steps), fit.steps, fit.in_interval, fit.weights, strict=False):
        reach = f"p {as_given(low)} to {as_given(high)}"
        said.append((reach, f"{words.counted(held)}, seen {significant(weight, 2)} times as often"))
    said.append(("No selection", f"chi2 {number(fit.lrt)} on {fit.lrt_df} df, p {equals(fit.lrt_pvalue)}"))
    said.append(("Between", f"τ² {significant(fit.tau2, 3)}{words.on_scale} (ML)"))
    bound = "A weight ended on the bound of what is tried. " if fit.at_bound else ""
    if not fit.unadjusted.yi.min() <= fit.estimate <= fit.unadjusted.yi.max():
        bound += f"The adjusted effect lies beyond that of every {words.noun}: do not rely on it. "
    said.append(
        ("Note", f"{bound}It answers what if selection were like this; with few {words.nouns} it is hardly known.")
    )
    side = {"greater": "effects above 0", "less": "effects below 0"}.get(fit.alternative, "effects other than 0")
    return f"Selection model ({fit.kind}) in favour of {side}, {_counted(words, fit)}", said


def simulation(found: Simulation) -> Told:
    """Return how well each estimator and interval did, and what was simulated.

    Parameters
    ----------
    found : analysis.Simulation

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    said: Said = []
    several = found.table["tau2"].nunique() > 1

    def share(row, name):
        value, error = 100.0 * row[name], 100.0 * row[f"{name}_mcse"]
        digits = max(1, -math.floor(math.log10(error))) if error > 0 else 1
        return f"{number(value, digits)}% ({number(error, digits)})"

    for _, row in found.table.iterrows():
        at = f"τ² {as_given(row['tau2'])}, " if several else ""
        bias = f"bias {significant(row['bias'])} ({significant(row['bias_mcse'])})"
        parts = [f"coverage {share(row, 'coverage')}", bias, f"width {significant(row['width'], 3)}"]
        parts.append(f"{'rejects' if found.mean == 0 else 'power'} {share(row, 'power')}")
        parts += [f"failed {share(row, 'failed')}"] if row["failed"] > 0 else []
        said.append((f"{at}{row['tau2_method']}, {row['ci_method']}", "; ".join(parts)))
    tau2 = "" if several else f", τ² {as_given(found.table['tau2'][0])}"
    drawn = f"{_true_mean(found)}{tau2}, {found.true_effects} true effects, {found.variances} variances"
    chosen = f", selected by p ({found.kind})" if found.selection else ""
    said.append(("Drawn", f"{drawn}{chosen}"))
    said.append(("Note", f"{level(found.confidence_level)} intervals; in brackets Monte-Carlo standard errors."))
    return f"Simulation of {number(found.n, 0)} meta-analyses of {counted(found.k, 'study')}", said


def power(found: Power) -> Told:
    """Return the power to find a mean and heterogeneity, and what is lacking.

    Parameters
    ----------
    found : analysis.Power

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    said: Said = [("Mean", f"power {chance(found.power)} at p ≤ {as_given(found.alpha)} ({found.test})")]
    if not math.isnan(found.heterogeneity_power):
        said.append(
            ("Heterogeneity", f"power {chance(found.heterogeneity_power)} to find τ² {significant(found.tau2)}")
        )
    goal = f"{percent(found.target)} power"
    if math.isinf(found.further):
        # As far as whole numbers are tried.
        said.append(("Further", f"no number of studies below 10¹² has {goal}"))
    else:
        by = "" if found.test == found.ci_method else f" ({found.ci_method})"
        said.append(("Further", f"{counted(int(found.further), 'further study')} for {goal}{by}"))
    adjusted = f"with heterogeneity (D² {percent(found.diversity)})"
    if not math.isnan(found.people) and math.isfinite(found.required_people):
        needed, with_tau2 = (number(math.ceil(x), 0) for x in (found.required_people, found.adjusted_people))
        said.append(("People", f"{number(found.people, 0)}; {needed} in one trial of {goal}, {with_tau2} {adjusted}"))
    elif math.isfinite(found.required_information):
        shares = (found.information / x for x in (found.required_information, found.adjusted_information))
        plain, with_tau2 = (percent(x) for x in shares)
        said.append(("Information", f"{plain} of that of one trial of {goal}, {with_tau2} {adjusted}"))
    said.append(("Note", "τ² and variances are taken as known: estimating them costs power, as simulate tells."))
    return f"Power of {counted(found.k, 'study')} to find {_true_mean(found)}", said


def _true_mean(found):
    """The true mean on the scale people read."""
    measure = found.measure
    return (
        f"a mean of {as_given(found.mean)}"
        if not measure.is_ratio
        else f"a ratio of {ratio(measure.transform(found.mean))}"
    )


def excess_significance(found: ExcessSignificance) -> Told:
    """Return how many studies are significant, and how many were to be expected.

    Parameters
    ----------
    found : analysis.models.selection.ExcessSignificance

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(found)
    by = "exact" if found.test == "exact" else f"chi2 {number(found.statistic)} on 1 df"
    said: Said = [
        ("Significant", f"{found.observed} of {words.counted(found.k)} at p ≤ {as_given(found.alpha)}"),
        ("Expected", f"{number(found.expected, 1)}, from the power of each at the pooled effect"),
        ("More", f"p {equals(found.pvalue)} ({by})"),
        (
            "Note",
            "A selection makes the pooled effect, and so the power, too large: the test errs towards nothing found.",
        ),
    ]
    return f"Excess significance, {words.counted(found.k)}", said


def fail_safe_n(found: FailSafeN) -> Told:
    """Return how many unseen studies would undo a result, and why that number misleads.

    Parameters
    ----------
    found : analysis.models.selection.FailSafeN

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(found)
    until = f"no longer significant (p > {as_given(found.alpha)})"
    if found.method == "Orwin":
        until = f"{words.write(found.target)} instead of {words.write(found.estimate)}"
    many = words.counted(int(found.n)) if math.isfinite(found.n) else f"no number of {words.nouns}"
    note = (
        f"It misleads: unseen {words.nouns} are taken to have no effect, where a selection hides those of the other "
        "sign, of which far fewer would do; how much effects differ is ignored; and nobody can say how many are many."
    )
    said: Said = [("Unseen", f"{many} of no effect until the result is {until}"), ("Note", note)]
    return f"Fail-safe N ({found.method}), {words.counted(found.k)}", said


def small_study_effects(found: SmallStudyEffects) -> Told:
    """Return what each method found, and how little that says.

    Parameters
    ----------
    found : analysis.models.small_study.SmallStudyEffects

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(found)
    said: Said = [("Unadjusted", words.estimate(found.pooled))]
    called, doubts = f"{level(found.pooled.confidence_level)} CI", {}
    for row in found.table.itertuples():
        parts = [] if math.isnan(row.pvalue) else [f"p {equals(row.pvalue)}"]
        if not math.isnan(row.estimate):
            parts.append(words.within(row.estimate, (row.ci_low, row.ci_high), called))
        if parts and row.note:
            doubts.setdefault(row.note, []).append(row.method)
        said.append((row.method, "; ".join(parts) or row.note))
    doubted = [f"{'; '.join(methods)}: {note}. " for note, methods in doubts.items()]
    said.append(("Note", "".join(doubted) + _asymmetry(words, found.k)))
    return f"Small-study effects{_named(words)}, {words.counted(found.k)}", said


def limit_meta_analysis(fit: LimitEffect) -> Told:
    """Return the effect of a limit meta-analysis, and the heterogeneity that goes with size.

    Parameters
    ----------
    fit : analysis.models.small_study.LimitEffect

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(fit)
    said: Said = [
        ("Adjusted", words.estimate(fit)),
        ("Unadjusted", words.estimate(fit.pooled)),
        ("With size", f"Q {number(fit.q_small)} on 1 df, p {equals(fit.q_small_pvalue)}"),
        ("Beyond it", f"Q {number(fit.q_residual)} on {fit.q_residual_df} df, p {equals(fit.q_residual_pvalue)}"),
        ("Note", _asymmetry(words, fit.k)),
    ]
    return f"Limit meta-analysis, {_counted(words, fit)}", said


def lfk_index(found: LfkIndex) -> Told:
    """Return the LFK index, and why it misleads.

    Parameters
    ----------
    found : analysis.models.small_study.LfkIndex

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(found)
    note = (
        "It is no test, and beyond 1 too often where there is nothing, the more often the more effects differ. "
        f"{_asymmetry(words, found.k)}"
    )
    said: Said = [
        ("Index", f"{number(found.statistic)}: {found.asymmetry} asymmetry, as its authors call it"),
        ("Note", note),
    ]
    return f"LFK index of the Doi plot, {words.counted(found.k)}", said


def p_curve(found: PCurve) -> Told:
    """Return whether significant p values fall as they do where there is an effect.

    Parameters
    ----------
    found : analysis.models.selection.PCurve

    Returns
    -------
    heading : str
    said : list of (str or None, str or None)
        Pairs of a label and a text, as :class:`InWords` reads them.
    """
    words = Wording.of(found)
    said: Said = [
        ("Significant", f"{found.significant} of {words.counted(found.k)}, {found.half} of them with p < 0.025"),
        (
            "Falls",
            f"z {number(found.statistic)}, p {equals(found.pvalue)}; by their number below 0.025: "
            f"p {equals(found.binomial_pvalue)}",
        ),
    ]
    if found.half:
        said.append(("Half curve", f"z {number(found.half_statistic)}, p {equals(found.half_pvalue)}"))
    flat = f"z {number(found.flat_statistic)}, p {equals(found.flat_pvalue)}"
    fewer = f"by their number: p {equals(found.flat_binomial_pvalue)}"
    said.append(("Flatter", f"than at a power of 33%: {flat}; {fewer}"))
    power, low, high = (percent(x) for x in (found.power, *found.power_ci))
    said.append(("Power", f"{power} on average (90% CI {low} to {high}), if it is the same in all {words.nouns}"))
    note = (
        f"A curve that falls shows that not all of the {words.nouns} were selected from nothing, no more; it is no "
        "test of bias, and its properties are poor."
    )
    return f"p-curve, {words.counted(found.k)}", [*said, ("Note", note)]
