"""The rules that give a claim its verdict, in the order in which they apply; `analysis.check_claims` states them.

A rule reads the number that a claim holds (its kind, and how the trials' numbers read beside it) and the evidence that
bears on it, and either passes a verdict or leaves it to the next rule.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.data.dictionary import DOSE_UNITS, PAIN_UNITS
from analysis.sentences import capital
from analysis.text import interval, level, number, percent

if TYPE_CHECKING:
    from analysis.evidence.claims import Evidence
    from analysis.models.results import PooledEffect
    from analysis.sentences import Wording

SUPPORTED, OVERSTATED = "supported", "overstated"
ARM_CHANGE, NOT_DISTINGUISHABLE = "arm change quoted as effect", "not distinguishable from placebo"
UNTRACED, NO_TRIAL, NOT_TESTABLE = "single untraced report", "no trial with these numbers", "not testable here"
VERDICTS = (SUPPORTED, OVERSTATED, ARM_CHANGE, NOT_DISTINGUISHABLE, UNTRACED, NO_TRIAL, NOT_TESTABLE)

# Fewer trials cannot show how much true effects vary, so they support no claim.
LEAST_TRIALS = 3

_WEEKS = {"weeks": 1.0, "months": 365.25 / 12 / 7}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d*)?)(?:-([+-]?\d+(?:\.\d*)?))?")

# What is read in the words of a claim. No column says that relief is quick; the others are looked for only where `kind`
# or `polarity` is blank: that there is no evidence, that there is no effect, and versions of a treatment or kinds of
# pain set against each other.
_QUICK = re.compile(r"\b(?:quick|immediate|instant)(?:ly)?\b|\bat once\b|\bwithin (?:minutes|hours)\b", re.I)
_DENIES = re.compile(
    r"\bno(\s+[\w-]+){0,3}\s+(evidence|proof)\b|\b(not|never)\s+(been\s+)?(shown|proven|proved)\b", re.I
)
_DENIES_EFFECT = re.compile(
    r"\bno\s+(better|more\s+effective|different)\s+than\s+(a\s+)?(placebo|sham)\b|\b(ineffective|useless)\b|"
    r"\bno\s+(pain\s+)?(effect|benefit|relief)\b|\b(do|does|did|is|are|was|were|will|can)\s?n[o'\u2019]t\s+(\w+\s+)?"
    r"(reliev|reduc|eas|help|work|lower|improv|better|effective|differ)",
    re.I,
)
_COMPARES = re.compile(r"\b(works?|responds?|helps?)\s+(the\s+)?(best|better|worse|more|less|most|least)\b", re.I)

# Words of a citation that name no report.
_VAGUE = {*"a an the some many several recent clinical controlled unnamed trial trials study studies research".split()}

_WITHOUT = "Without results that are doubtful, second-hand, picked, imputed or against a weak dose"


class Claim(NamedTuple):
    """What the rules may know of a claim: its columns and its number, but neither its id nor its article.

    Attributes
    ----------
    claim, therapy, condition, unit, arm, comparator, cited_as, traced, checkable_with : str
        As in the data dictionary; "" where blank.
    kind, polarity : str
        As in the data dictionary, never blank.
    low, high : float
        Ends of the number; NaN without one, and where the article does not print it.
    digits : int
        Its decimals.
    """

    claim: str
    therapy: str
    condition: str
    unit: str
    arm: str
    comparator: str
    cited_as: str
    traced: str
    checkable_with: str
    kind: str
    polarity: str
    low: float
    high: float
    digits: int

    @property
    def numbered(self) -> bool:
        """Whether the article prints a number."""
        return not math.isnan(self.low)

    @property
    def of_arm(self) -> bool:
        """Whether that number is what happened in one arm: a change, or a share who responded."""
        return self.numbered and self.arm != "difference" and self.kind in ("arm change", "responders")

    @property
    def value(self) -> float:
        """The end that says most: the larger fall or rise, or the larger share or time."""
        return self.low if self.unit in ("points", "percent change") and self.low < 0 else self.high

    @property
    def weeks(self) -> float:
        """How long the claim says relief lasts; 0 where it only says that it lasts, NaN where it is no duration."""
        if self.kind != "duration":
            return math.nan
        return self.high * _WEEKS[self.unit] if self.numbered else 0.0

    @property
    def quick(self) -> bool:
        """Whether it says that relief comes at once, without a number."""
        return self.kind == "no number" and bool(_QUICK.search(self.claim))

    @property
    def no_relief(self) -> bool:
        """Whether its number says that pain does not fall, or that fewer respond."""
        return _no_fall(self.kind, self.low, self.high)

    @property
    def half_digit(self) -> float:
        """Half a unit of the last printed decimal: how far rounding can move the number."""
        # The trifle more is for decimal fractions, which are not exact in the computer.
        return 0.5 * 10.0**-self.digits + 1e-9


def read_number(value: str | float | None) -> tuple[float, float, int] | None:
    """Return the ends of a number or range such as "-3.9" or "1.5-3", and its decimals.

    Parameters
    ----------
    value : str, float or None
        Blank for no number.

    Returns
    -------
    tuple or None
        low, high and decimals; NaN, NaN, 0 where there is no number; None if the text is neither, or a range from below
        to above zero: "-1-3" leaves open whether 1 to 3 points less are meant.

    Examples
    --------
    >>> read_number("-3.9"), read_number("2-3"), read_number("three")
    ((-3.9, -3.9, 1), (2.0, 3.0, 0), None)
    """
    if value is None or value == "" or value != value:
        return math.nan, math.nan, 0
    text = value.strip() if isinstance(value, str) else f"{value:.10g}"
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    ends = [part for part in found.groups() if part is not None]
    low, high = sorted((float(ends[0]), float(ends[-1])))
    if low < 0 < high:
        return None
    return low, high, max(len(part.partition(".")[2]) for part in ends)


def _no_fall(kind, low, high):
    if kind == "responders":
        return low < 0
    return kind in ("arm change", "difference") and high >= 0


def kind_of(unit: str, arm: str, has_value: bool, claim: str = "") -> str:
    """Return the kind of a claim for which none is given, from its unit, the arm it speaks of, and its words.

    Parameters
    ----------
    unit, arm : str
        As in the data dictionary; "" where blank.
    has_value : bool
    claim : str
        In which "works best" and the like are looked for.

    Returns
    -------
    str
        As in the data dictionary, but never "schedule": weeks are taken for a duration of relief.

    Examples
    --------
    >>> kind_of("points", "treatment", True), kind_of("points", "difference", True), kind_of("mT", "difference", False)
    ('arm change', 'difference', 'no number')
    """
    if has_value and unit in DOSE_UNITS:
        return "dose"
    if _COMPARES.search(claim):
        return "comparison"
    if not has_value:
        return "no number"
    if unit in _WEEKS:
        return "duration"
    if unit == "percent responders":
        return "responders"
    return "difference" if arm == "difference" else "arm change"


def polarity_of(claim: str, kind: str, unit: str, arm: str, checkable_with: str, ends: tuple[float, float]) -> str:
    """Return what a claim asserts for which no polarity is given, from its other columns and its words.

    Parameters
    ----------
    claim, kind, unit, arm, checkable_with : str
        As in the data dictionary; "" where blank, `kind` never blank.
    ends : tuple of float
        Of the number; NaN without one.

    Returns
    -------
    str
        As in the data dictionary.

    Examples
    --------
    >>> none = (math.nan, math.nan)
    >>> said = "Magnets relieve pain.", "Magnets do not relieve pain.", "There is no evidence that magnets help."
    >>> [polarity_of(words, "no number", "points", "difference", "pooled contrast", none) for words in said]
    ['relief', 'no relief', 'no evidence']
    """
    about_pain = unit in PAIN_UNITS or kind == "duration" or arm == "difference" or checkable_with == "pooled contrast"
    if kind in ("dose", "schedule", "comparison") or arm == "placebo" or not about_pain:
        return "other"
    if _DENIES.search(claim):
        return "no evidence"
    denies = kind == "no number" and _DENIES_EFFECT.search(claim)
    return "no relief" if denies or _no_fall(kind, *ends) else "relief"


def claim_words(claim: Claim) -> str:
    """Return the number of a claim in words.

    Parameters
    ----------
    claim : Claim

    Returns
    -------
    str
        Such as "pain falls by 3.9 points", "60% respond", "12 months" or "no number".
    """
    if not claim.numbered:
        return "no number"
    ends = sorted({abs(claim.low), abs(claim.high)})
    size = " to ".join(number(end, 0 if end.is_integer() else claim.digits) for end in ends)
    if claim.unit not in PAIN_UNITS:
        return f"{size} {claim.unit}"
    whose = " with placebo" if claim.arm == "placebo" else ""
    if claim.unit == "percent responders":
        more = f"{size} percentage points more respond than with placebo"
        return more if claim.arm == "difference" else f"{size}% respond{whose}"
    size += "%" if claim.unit == "percent change" else " point" if size == "1" else " points"
    if claim.arm == "difference":
        return f"{size} {'less' if claim.low < 0 else 'more'} pain than with placebo"
    return f"pain {'falls' if claim.low < 0 else 'rises'} by {size}{whose}"


def change_words(pooled: PooledEffect, words: Wording) -> str:
    """Say how the outcome changed within arms: "pain fell by 3.90 points".

    Parameters
    ----------
    pooled : PooledEffect
    words : Wording

    Returns
    -------
    str
    """
    moved = "fell" if pooled.estimate < 0 else "rose"
    return f"{_outcome(words)} {moved} by {number(abs(pooled.estimate))} {words.points}"


def _outcome(words):
    return words.outcome_name or "the score"


def difference_words(pooled: PooledEffect, words: Wording, responders: bool = False) -> str:
    """Return a difference between the arms in words, to stand in a sentence.

    Parameters
    ----------
    pooled : PooledEffect
        Points, or minus the risk difference of responding.
    words : Wording
    responders : bool
        Which of the two.

    Returns
    -------
    str
        Such as "pain is 0.05 points lower than with placebo (95% CI: 0.59 lower to 0.49 higher; 1 trial)".
    """
    size, side = _side(pooled.estimate, responders)
    ends = [_side(x, responders) for x in sorted(pooled.ci, key=abs)]
    if ends[0][1] == ends[1][1]:
        limits = " to ".join(end for end, _ in ends)
    else:
        limits = " to ".join(" ".join(end) for end in sorted(ends, key=lambda end: end[1] != side))
    what, unit = ("the share who respond", "percentage points") if responders else (_outcome(words), words.points)
    at, than = level(pooled.confidence_level), words.arms[1]
    return f"{what} is {size} {unit} {side} than with {than} ({at} CI {limits}; {words.counted(pooled.k)})"


def _side(value, responders):
    """The size of a number and its side; a share is stored with its sign turned, so that less is better in both."""
    if responders:
        return number(100 * abs(value), 0), "higher" if value < 0 else "lower"
    return number(abs(value)), "lower" if value < 0 else "higher"


def names_a_report(cited_as: str) -> bool:
    """Whether a citation names one report: a journal, an author, a year, and not just "clinical trials".

    Parameters
    ----------
    cited_as : str

    Returns
    -------
    bool

    Examples
    --------
    >>> names_a_report("Pain Medicine, no year"), names_a_report("clinical trials, unnamed"), names_a_report("")
    (True, False, False)
    """
    return bool(set(re.findall(r"\w+", cited_as.lower())) - _VAGUE)


def _report_not_found(claim, evidence):
    if claim.checkable_with == "nothing found" and claim.traced == "no" and names_a_report(claim.cited_as):
        return UNTRACED, f"The report it cites ({claim.cited_as}) was not found, so its result cannot be checked."
    return None


def _number_not_found(claim, evidence):
    if claim.checkable_with == "nothing found" and claim.numbered and claim.kind != "dose":
        named = "" if names_a_report(claim.cited_as) else " The claim names no report."
        return NO_TRIAL, f"No trial against placebo with this number ({claim_words(claim)}) was found.{named}"
    return None


def _untestable(claim, evidence):
    number_words = f"Its number ({claim_words(claim)})" if claim.numbered else "It"
    other = claim.comparator and not re.search("placebo|sham", claim.comparator, re.I)
    reasons = {
        f"{number_words} is a dose, not a result.": claim.kind == "dose",
        f"{number_words} says how the treatment is given, not what comes of it.": claim.kind == "schedule",
        f"It compares with {claim.comparator}; the trials here compare with placebo.": bool(other),
        f"{number_words} says that pain does not fall; only claims of relief are judged here, and "
        "a fall is a negative number.": claim.no_relief and claim.arm != "placebo",
        "It speaks of the placebo arm, without a number to set beside one.": claim.arm == "placebo"
        and not claim.of_arm,
        "It speaks of another treatment; the trials here compare with placebo.": claim.arm == "active comparator",
        "It sets versions of a treatment, or kinds of pain, against each other; the trials here compare treatment "
        "with placebo.": claim.kind == "comparison",
        "No trial against placebo that could test it was found.": claim.checkable_with == "nothing found",
        "It is not about how much pain changes, which is all that is compared here.": claim.polarity == "other"
        and claim.arm != "placebo",
    }
    reason = next((text for text, applies in reasons.items() if applies), None)
    return None if reason is None else (NOT_TESTABLE, reason)


def _denial(claim, evidence):
    direct = evidence.match == "direct" and evidence.contrast is not None
    if claim.polarity == "no relief" and claim.arm != "placebo":
        return _no_effect(evidence) if direct else None
    if claim.polarity != "no evidence":
        return None
    if direct and not _weakness(evidence.contrast, evidence.clean, evidence.words):
        return OVERSTATED, f"It denies an effect that the trials show: {_difference(evidence)}."
    if claim.traced == "no":
        return NOT_TESTABLE, "It denies that there is evidence, and what it rests on was not found."
    if direct:
        return SUPPORTED, f"The trials show no effect beyond doubt: {_difference(evidence)}."
    return SUPPORTED, f"{_none_direct(claim)} That there is no evidence does not show that there is no effect."


def _difference(evidence):
    return difference_words(evidence.contrast, evidence.words)


def _no_effect(evidence):
    """Judge a claim that the treatment does nothing, which trials can contradict but never prove."""
    effect, words = evidence.contrast, _difference(evidence)
    if effect.estimate > 0 or _includes_zero(effect):
        return NOT_DISTINGUISHABLE, f"{capital(words)}. That does not show that there is no effect."
    doubt = " though not beyond doubt:" if _weakness(effect, evidence.clean, evidence.words) else ""
    return OVERSTATED, f"It denies an effect that the trials show,{doubt} {words}."


def _includes_zero(effect):
    """Whether the interval includes zero; of one or two trials, whether the interval of every trial does."""
    if effect.k >= LEAST_TRIALS:
        return effect.ci.low <= 0 <= effect.ci.high
    trials = effect.to_frame().iloc[:-1]
    return bool(((trials["ci_low"] <= 0) & (trials["ci_high"] >= 0)).all())


def _weakness(effect, clean, words, responders=False):
    """Why an effect is not shown beyond doubt.

    Parameters
    ----------
    effect, clean : PooledEffect or None
        Of all trials, and of those without doubts; negative = better than the other arm.
    words : Wording
    responders : bool
        Whether it is a share of responders.

    Returns
    -------
    str
        A sentence; "" if there are at least `LEAST_TRIALS` trials, confidence and prediction interval lie below zero,
        and the same number of trials without doubts has its confidence interval below zero as well.
    """
    if effect is None or effect.k < LEAST_TRIALS:
        return f"{words.counted(0 if effect is None else effect.k)} cannot carry the claim."
    if not effect.ci.high < 0:
        return "The interval is compatible with no difference."
    if not effect.pi.high < 0:
        expected = f"{level(effect.confidence_level)} prediction interval {interval(*effect.pi)}"
        return f"Trials differ so much that the next one may find nothing ({expected})."
    if clean is None or clean.k < LEAST_TRIALS:
        left = words.counted(0 if clean is None else clean.k)
        return f"{_WITHOUT}, {left} would be left, too few to carry the claim."
    if not clean.ci.high < 0:
        return (
            f"{_WITHOUT}, {difference_words(clean, words, responders)}: the interval is compatible with no difference."
        )
    return ""


def _none_direct(claim):
    """Say that there is no trial; a therapy is "static magnet" in a sentence, but "TENS" and "MRI field" stay."""
    therapy = claim.therapy if claim.therapy.split()[0].isupper() else claim.therapy[0].lower() + claim.therapy[1:]
    return f"No usable trial of {therapy} against placebo for {claim.condition} is in this set."


def _no_direct_trial(claim, evidence):
    if evidence.match == "direct" and _effect_of(claim, evidence)[0] is not None:
        return None
    reason = _none_direct(claim)
    if evidence.match == "same therapy, other conditions" and evidence.contrast is not None:
        doubtful = f", {number(len(evidence.doubts), 0)} of them in doubt" if evidence.doubts else ""
        reason += f" In other conditions {_difference(evidence)}{doubtful}; that is another question."
    return NOT_TESTABLE, reason


def _effect_of(claim, evidence):
    """The difference that the claim speaks of: by all trials, and by those without doubts."""
    if claim.kind == "responders":
        return evidence.responders, evidence.clean_responders
    return evidence.contrast, evidence.clean


def _duration(claim, evidence):
    if evidence.followed:
        return None
    if claim.quick:
        return NOT_TESTABLE, "It says that relief comes at once, and no trial here measured pain within a day."
    late = "after the end of treatment" + (f" and as late as {claim_words(claim)}" if claim.numbered else "")
    if evidence.traced:
        return OVERSTATED, f"The trial it rests on did not measure pain {late}: it cannot show that relief lasts."
    return NO_TRIAL, f"No trial here has a time point {late}."


def _placebo_number(claim, evidence):
    if claim.arm != "placebo" or not claim.of_arm:
        return None
    own, low, high = _arm_range(claim, evidence, "placebo")
    if math.isnan(own):
        return NO_TRIAL, f"The trials that match do not print this number for their {evidence.words.arms[1]} arms."
    said = f"{_arm_words(claim, evidence, 'placebo')}."
    if not low <= _claimed(claim, evidence, "placebo") <= high:
        return NO_TRIAL, f"{said} That does not agree."
    pooled, one_traced = _arms_of(evidence, "placebo")
    if claim.kind == "arm change" and pooled.k < LEAST_TRIALS and not one_traced:
        return NOT_TESTABLE, f"{said} {evidence.words.counted(pooled.k)} cannot carry the claim."
    treatment, placebo = evidence.words.arms
    return SUPPORTED, f"{said} That agrees; it is a number of the {placebo} arm and says nothing of the {treatment}."


def _arm_range(claim, evidence, role):
    """What the arms of a role show, and the range that agrees with it: rounding for one traced trial, else the CI."""
    if claim.kind == "responders":
        share, low, high = evidence.shares[role]
        half = claim.half_digit / 100 if low == high else 0.0
        return -share, -high - half, -low + half
    pooled, one_traced = _arms_of(evidence, role)
    factor = evidence.baselines[role] / 100 if claim.unit == "percent change" else 1.0
    if pooled is None or math.isnan(factor):
        return math.nan, math.nan, math.nan
    half = claim.half_digit * factor
    low, high = (pooled.estimate - half, pooled.estimate + half) if one_traced else pooled.ci
    return pooled.estimate, low, high


def _arms_of(evidence, role):
    """The arms that a number is compared with, and whether it is one trial that the claim was traced to."""
    named = evidence.named_placebo if role == "placebo" else evidence.named
    return (named, named.k == 1) if named is not None else (getattr(evidence, role), False)


def _arm_words(claim, evidence, role):
    words = evidence.words
    name = words.arms[role == "placebo"]
    if claim.kind == "responders":
        return f"In the {name} arms {percent(evidence.shares[role][0])} responded"
    pooled, _ = _arms_of(evidence, role)
    whose = f"arm of {pooled.labels[0]}" if pooled.k == 1 else f"arms of {words.counted(pooled.k)}"
    said = f"In the {name} {whose} {change_words(pooled, words)}"
    if claim.unit == "percent change":
        before = f"the {words.outcome_name or 'score'} before"
        said += f", {percent(abs(pooled.estimate) / evidence.baselines[role])} of {before}"
    return said


def _claimed(claim, evidence, role):
    """The claimed number in points on 0-10, or for responders minus the fraction: less is better in both."""
    if claim.kind == "responders":
        return -claim.value / 100
    return claim.value * (evidence.baselines[role] / 100 if claim.unit == "percent change" else 1)


def _arm_number(claim, evidence):
    if not claim.of_arm:
        return None
    own, low, _ = _arm_range(claim, evidence, "treatment")
    if math.isnan(own):
        return NO_TRIAL, f"The trials that match do not print this number for their {evidence.words.arms[0]} arms."
    said = _arm_words(claim, evidence, "treatment")
    claimed = _claimed(claim, evidence, "treatment")
    effect, clean = _effect_of(claim, evidence)
    words = difference_words(effect, evidence.words, claim.kind == "responders")
    treatment, other = evidence.words.arms
    if claimed < low:
        return OVERSTATED, f"{said}; the claim is larger than that. Beside {other}, {words}."
    if not math.isnan(_arm_range(claim, evidence, "placebo")[0]):
        placebo = _arm_words(claim, evidence, "placebo")
        said += f"; {placebo[0].lower()}{placebo[1:]}"
    if claimed >= effect.ci.low and not _weakness(effect, clean, evidence.words):
        return SUPPORTED, f"{said}. Beside {other}, {words}, which agrees with the claim."
    return ARM_CHANGE, f"{said}. Only the difference can be the {treatment}'s doing: {words}."


def _effect(claim, evidence):
    responders = claim.kind == "responders"
    effect, clean = _effect_of(claim, evidence)
    words = capital(difference_words(effect, evidence.words, responders))
    if _includes_zero(effect):
        return NOT_DISTINGUISHABLE, f"{words}: the interval is compatible with no difference."
    if effect.estimate > 0:
        return OVERSTATED, f"{words}: {evidence.words.arms[1]} did better."
    if weak := _weakness(effect, clean, evidence.words, responders):
        return OVERSTATED, f"{words}. {weak}"
    if claim.kind in ("difference", "responders") and _claimed(claim, evidence, "treatment") < effect.ci.low:
        return OVERSTATED, f"{words}: less than is claimed."
    return SUPPORTED, f"{words}; that stands without the trials in doubt, too."


RULES: tuple[Any, ...] = (
    _report_not_found,
    _number_not_found,
    _untestable,
    _denial,
    _no_direct_trial,
    _duration,
    _placebo_number,
    _arm_number,
    _effect,
)


def judge(claim: Claim, evidence: Evidence) -> tuple[Any, ...]:
    """Return the verdict on one claim and the reason, by the first rule that applies.

    Parameters
    ----------
    claim : analysis.evidence.claim_rules.Claim
    evidence : analysis.evidence.claims.Evidence

    Returns
    -------
    tuple
        One of `VERDICTS`, one or two sentences, and the number of the rule.
    """
    tried = ((rule(claim, evidence), at) for at, rule in enumerate(RULES, start=1))
    return next((*found, at) for found, at in tried if found is not None)
