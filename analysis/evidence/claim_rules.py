"""The rules that give a claim its verdict, in the order in which they apply; `analysis.check_claims` states them.

A rule reads the number that a claim holds (its kind, and how the trials' numbers read beside it) and the evidence that
bears on it, and either passes a verdict or leaves it to the next rule.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.data.dictionary import PAIN_UNITS
from analysis.evidence.responders import pooled_share
from analysis.sentences import capital
from analysis.text import chance, level, number, percent

if TYPE_CHECKING:
    from analysis.evidence.claims import Evidence
    from analysis.evidence.worthwhile import ShareBeyond
    from analysis.models.results import PooledEffect
    from analysis.sentences import Wording

SUPPORTED, OVERSTATED = "supported", "overstated"
ARM_CHANGE, NOT_DISTINGUISHABLE = "arm change quoted as effect", "not distinguishable from placebo"
UNTRACED, NO_TRIAL, NOT_TESTABLE = "single untraced report", "no trial with these numbers", "not testable here"
VERDICTS = (SUPPORTED, OVERSTATED, ARM_CHANGE, NOT_DISTINGUISHABLE, UNTRACED, NO_TRIAL, NOT_TESTABLE)

# Fewer trials cannot show how much true effects vary, so they support no claim.
LEAST_TRIALS = 3

# "Nearly always": the share of comparable trials that a claim of reliability must reach with its whole interval.
RELIABLE = 0.8

# Fewer responders than this are not "nearly everyone", in however many trials it works.
HALF = 0.5

# Width of the scale on which all is compared, in points and in shares: a wider interval tells nothing.
SCALE = 10.0

_WEEKS = {"weeks": 1.0, "months": 365.25 / 12 / 7}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d*)?)(?:-([+-]?\d+(?:\.\d*)?))?")

# Words of a citation that name no report.
_VAGUE = {*"a an the some many several recent clinical controlled unnamed trial trials study studies research".split()}

_WITHOUT = "without the trials in doubt"


class Claim(NamedTuple):
    """What the rules may know of a claim: its columns and its number, but neither its id nor its article.

    Attributes
    ----------
    claim, therapy, condition, unit, arm, comparator, cited_as, traced, checkable_with : str
        As in the data dictionary; "" where blank. Nobody searched where `traced` is blank.
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
    def traced_back(self) -> bool:
        """Whether a search found what the claim rests on, at least in part."""
        return self.traced in ("yes", "partly")

    @property
    def no_relief(self) -> bool:
        """Whether its number says that pain does not fall, or that fewer respond."""
        if self.kind == "responders":
            return self.low < 0
        return self.kind in ("arm change", "difference") and self.high >= 0

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


class Indirect(NamedTuple):
    """What the therapy of a claim and another differ by, each compared with placebo.

    Attributes
    ----------
    first, second : str
        The therapy of the claim, and the one that it names as comparator.
    estimate, low, high : float
        First minus second in points; the ends NaN where the interval is wider than the scale.
    confidence_level : float
    trials : tuple of int
        Of the first and of the second, those with both in each.
    both, reported : int
        Trials that had both, and those that print the difference only.
    condition : str
        What the trials are of, as the claim has it; "" for all conditions.
    rests_on : str
        What must hold for the difference to be one of the therapies.
    """

    first: str
    second: str
    estimate: float
    low: float
    high: float
    confidence_level: float
    trials: tuple[int, int]
    both: int
    reported: int
    condition: str
    rests_on: str


class Verdict(NamedTuple):
    """What one rule found.

    Attributes
    ----------
    verdict : str
        One of `VERDICTS`.
    reason : str
        A few short sentences.
    judged : str
        Which number the rule read: "difference", "responders", "share of trials", "treatment arm", "placebo arm" or "".
    low, high : float
        The interval in which the rule looked; NaN without one, of two trials, and of one wider than the scale.
    """

    verdict: str
    reason: str
    judged: str = ""
    low: float = math.nan
    high: float = math.nan


def claim_words(claim: Claim, words: Wording) -> str:
    """Return the number of a claim in words.

    Parameters
    ----------
    claim : Claim
    words : Wording

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
    placebo = words.arms[1]
    whose = f" with {placebo}" if claim.arm == "placebo" else ""
    if claim.unit == "percent responders":
        more = f"{size} percentage points more respond than with {placebo}"
        return more if claim.arm == "difference" else f"{size}% respond{whose}"
    size += "%" if claim.unit == "percent change" else " point" if size == "1" else " points"
    if claim.arm == "difference":
        return f"{size} {'less' if claim.low < 0 else 'more'} pain than with {placebo}"
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


def useful_interval(pooled: PooledEffect | None, scale: float = SCALE) -> tuple[float, float]:
    """Return the interval of a pooled result where it tells something.

    Parameters
    ----------
    pooled : PooledEffect or None
    scale : float
        A wider interval tells nothing.

    Returns
    -------
    tuple of float
        NaN, NaN without a result, of two trials (each has an interval of its own), and where it is wider than the
        scale.

    Examples
    --------
    >>> from analysis import pool
    >>> [useful_interval(pool(yi, [0.25] * len(yi))) for yi in ([-1, -2], [-9, 9, 0])]
    [(nan, nan), (nan, nan)]
    """
    if pooled is None or pooled.k == 2 or pooled.ci.high - pooled.ci.low > scale:
        return math.nan, math.nan
    return float(pooled.ci.low), float(pooled.ci.high)


def difference_words(pooled: PooledEffect, words: Wording, responders: bool = False, reported: int = 0) -> str:
    """Return a difference between the arms in words, to stand in a sentence.

    Parameters
    ----------
    pooled : PooledEffect
        Points, or minus the risk difference of responding.
    words : Wording
    responders : bool
        Which of the two.
    reported : int
        How many of the trials print the difference only.

    Returns
    -------
    str
        Such as "pain is 0.05 points lower than with placebo (95% CI 0.59 lower to 0.49 higher; 1 trial)"; of two trials
        each with its own interval.
    """
    what, unit = ("the share who respond", "percentage points") if responders else (_outcome(words), words.points)
    at, than = f"{level(pooled.confidence_level)} CI", words.arms[1]
    if pooled.k == 2:
        found = [
            f"{' '.join(_side(row.yi, responders))} in {row.label} "
            f"({at} {_limits(row.ci_low, row.ci_high, responders)})"
            for row in pooled.to_frame().iloc[:-1].itertuples()
        ]
        return f"{what}, in {unit}, is {' and '.join(found)} than with {than}"
    size, side = _side(pooled.estimate, responders)
    low, high = useful_interval(pooled, 1.0 if responders else SCALE)
    limits = "wider than the scale" if math.isnan(low) else _limits(low, high, responders)
    counted = trials_counted(pooled, words, reported)
    return f"{what} is {size} {unit} {side} than with {than} ({at} {limits}; {counted})"


def indirect_words(evidence: Evidence) -> str:
    """Return the indirect differences from the therapies that a claim compares with, in sentences.

    Parameters
    ----------
    evidence : analysis.evidence.claims.Evidence

    Returns
    -------
    str
        Such as "Indirectly, through placebo, pain is 0.32 points lower with near-infrared light than with low-level
        laser (95% CI 2.29 lower to 1.65 higher). This rests on 3 trials of near-infrared light and 6 of low-level
        laser, in all conditions."; "" where there is none.
    """
    said = [_indirect_difference(found, evidence.words) for found in evidence.indirect]
    missing = " and ".join(map(_inside, evidence.not_compared))
    return " ".join([*said, *([f"For {missing} there is no such difference."] if said and missing else [])])


def _indirect_difference(found, words):
    size, side = _side(found.estimate, False)
    first, second = map(_inside, (found.first, found.second))
    limits = "wider than the scale" if math.isnan(found.low) else _limits(found.low, found.high, False)
    rests = f"{words.counted(found.trials[0])} of {first} and {number(found.trials[1], 0)} of {second}"
    both = f", {number(found.both, 0)} of them with both" if found.both else ""
    of = f"all of {found.condition}" if found.condition else "in all conditions"
    only = f"; {_only(found.reported, 'them')}" if found.reported else ""
    return (
        f"Indirectly, through {words.arms[1]}, {_outcome(words)} is {size} {words.points} {side} with {first} than "
        f"with {second} ({level(found.confidence_level)} CI {limits}). This rests on {rests}{both}, {of}{only}."
    )


def trials_counted(pooled: PooledEffect, words: Wording, reported: int) -> str:
    """Return how many trials there are, and how many of them print the difference only.

    Parameters
    ----------
    pooled : PooledEffect
    words : Wording
    reported : int
        How many of the trials print the difference only.

    Returns
    -------
    str
        Such as "14 trials, 8 of which print only the difference".
    """
    only = f", {_only(reported, 'which')}" if reported < pooled.k else ", only the difference printed"
    return words.counted(pooled.k) + (only if reported else "")


def _only(reported, those):
    return f"{number(reported, 0)} of {those} {'prints' if reported == 1 else 'print'} only the difference"


def _limits(low, high, responders):
    """Both ends: on one side of zero by their size, otherwise the lower first."""
    if low < 0 < high:
        return " to ".join(" ".join(_side(end, responders)) for end in sorted((low, high), reverse=responders))
    return " to ".join(_side(end, responders)[0] for end in sorted((low, high), key=abs))


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


def share_words(share: ShareBeyond, words: Wording, worthwhile: bool = False) -> str:
    """Return in how many comparable trials the true difference is one of relief, to stand in a sentence.

    Parameters
    ----------
    share : ShareBeyond
    words : Wording
    worthwhile : bool
        Whether it was compared with a threshold, and not with zero.

    Returns
    -------
    str
        Such as "in an estimated 88% of comparable trials the true effect would be less pain than with placebo (95% CI
        61% to >99%)".
    """
    shown = share.threshold.reached(words) if worthwhile else words.better
    effect = f"comparable {words.nouns} the true effect would be {shown} than with {words.arms[1]}"
    low, high = (chance(end) for end in share.ci)
    limits = f"({level(share.confidence_level)} CI {low} to {high})"
    # From none to all: a number in the middle would tell what nobody knows.
    if (low, high) == (chance(0), chance(1)):
        return f"in how many {effect} cannot be told {limits}"
    return f"in an estimated {chance(share.share)} of {effect} {limits}"


def _report_not_found(claim, evidence):
    if claim.checkable_with == "nothing found" and claim.traced == "no" and names_a_report(claim.cited_as):
        return Verdict(UNTRACED, f"The report it cites ({claim.cited_as}) was not found, so its result is not known.")
    return None


def _number_not_found(claim, evidence):
    searched = claim.checkable_with == "nothing found" and claim.traced
    if searched and claim.numbered and claim.kind not in ("dose", "schedule"):
        named = "" if names_a_report(claim.cited_as) else ", and the claim names no report"
        said, placebo = claim_words(claim, evidence.words), evidence.words.arms[1]
        found = f"A search found no trial against {placebo} with this number ({said}){named}."
        return Verdict(NO_TRIAL, found)
    return None


def _untestable(claim, evidence):
    treatment, placebo = evidence.words.arms
    number_words = f"Its number ({claim_words(claim, evidence.words)})" if claim.numbered else "It"
    other = claim.comparator and not re.search(f"placebo|sham|{re.escape(placebo)}", claim.comparator, re.I)
    others = " and ".join(map(_inside, named_therapies(claim.comparator)))
    indirectly = f" {indirect_words(evidence)}" if evidence.indirect else ""
    nothing = f"No trial against {placebo} with results that could test it was found."
    reasons = {
        f"{number_words} is a dose, not a result.": claim.kind == "dose",
        f"{number_words} says how the treatment is given, not what comes of it.": claim.kind == "schedule",
        f"It compares with {others}; the trials here compare with {placebo}.{indirectly}": bool(other),
        f"{number_words} says that pain does not fall; only claims of relief are judged here, and "
        "a fall is a negative number.": claim.no_relief and claim.arm != "placebo",
        f"It speaks of the {placebo} arm, without a number to set beside one.": claim.arm == "placebo"
        and not claim.of_arm,
        f"It speaks of another treatment; the trials here compare with {placebo}.": claim.arm == "active comparator",
        f"It sets versions of a treatment, or kinds of pain, against each other; the trials here compare {treatment} "
        f"with {placebo}.": claim.kind == "comparison",
        "It is not about how much pain changes, which is all that is compared here.": claim.polarity == "other"
        and claim.arm != "placebo",
        nothing if claim.traced else "Nobody searched for a trial that could test it.": claim.checkable_with
        == "nothing found",
    }
    reason = next((text for text, applies in reasons.items() if applies), None)
    return None if reason is None else Verdict(NOT_TESTABLE, reason)


def named_therapies(comparator: str) -> list[str]:
    """Return what a claim compares with, one name each.

    Parameters
    ----------
    comparator : str
        Names with semicolons between them; "" for none.

    Returns
    -------
    list of str

    Examples
    --------
    >>> named_therapies("massage; acupuncture")
    ['massage', 'acupuncture']
    """
    return [name.strip() for name in comparator.split(";") if name.strip()]


def _denial(claim, evidence):
    direct = evidence.match == "direct" and evidence.contrast is not None
    if not direct or claim.arm == "placebo" or claim.polarity not in ("no relief", "no evidence"):
        return None
    effect, shown = evidence.contrast, capital(_difference(evidence))
    weak = _weakness(effect, evidence.clean, evidence.words)
    if effect.estimate > 0 or _includes_zero(effect):
        return _by(effect, NOT_DISTINGUISHABLE, f"{shown}. This does not show that there is no effect.")
    if not weak:
        return _by(effect, OVERSTATED, f"It denies an effect that the trials show. {shown}.")
    if claim.polarity == "no relief":
        return _by(effect, OVERSTATED, f"It denies an effect that the trials show, though not beyond doubt. {shown}.")
    return _by(effect, NOT_TESTABLE, f"Whether this is evidence is a matter of judgement. {shown}. But {weak}.")


def _difference(evidence):
    return difference_words(evidence.contrast, evidence.words, reported=evidence.reported)


def _by(effect, verdict, reason, responders=False):
    """A verdict that was read off a difference, with its interval."""
    judged, scale = ("responders", 1.0) if responders else ("difference", SCALE)
    return Verdict(verdict, reason, judged, *useful_interval(effect, scale))


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
        To follow "But"; "" if there are at least `LEAST_TRIALS` trials whose interval lies below zero, and the same
        number of trials without doubts has its interval below zero as well.
    """
    if few := _too_few(effect, clean, words):
        return few
    if not effect.ci.high < 0:
        return "the interval is compatible with no difference"
    if not clean.ci.high < 0:
        left = difference_words(clean, words, responders)
        return f"{_WITHOUT} the interval is compatible with no difference. By the others {left}"
    return ""


def _too_few(effect, clean, words):
    """That the trials, or those without doubts, are too few to carry a claim; to follow "But", "" if they are not."""
    if effect is None or effect.k < LEAST_TRIALS:
        return f"{words.counted(0 if effect is None else effect.k)} cannot carry the claim"
    if clean is None or clean.k < LEAST_TRIALS:
        left = words.counted(0 if clean is None else clean.k)
        return f"{_WITHOUT} {left} would be left, too few to carry the claim"
    return ""


def _no_direct_trial(claim, evidence):
    if evidence.match == "direct" and _effect_of(claim, evidence)[0] is not None:
        return None
    if evidence.match == "direct" and claim.kind == "responders":
        why = f" in a way that can be taken: {', '.join(evidence.not_counted)}" if evidence.not_counted else ""
        return Verdict(NOT_TESTABLE, f"No {evidence.words.noun} that matches counted responders{why}.")
    therapy, placebo = _inside(claim.therapy), evidence.words.arms[1]
    return Verdict(
        NOT_TESTABLE, f"No usable trial of {therapy} against {placebo} for {claim.condition} is in this set."
    )


def _inside(therapy):
    """The name as it stands inside a sentence: "static magnet", but "TENS" and "MRI field" stay."""
    return therapy if therapy.split()[0].isupper() else therapy[0].lower() + therapy[1:]


def _effect_of(claim, evidence):
    """The difference that the claim speaks of: by all trials, and by those without doubts."""
    if claim.kind == "responders":
        return evidence.responders, evidence.clean_responders
    return evidence.contrast, evidence.clean


def _duration(claim, evidence):
    if evidence.followed:
        return None
    says = "It says that relief comes at once" if claim.kind == "onset" else "It says that relief lasts"
    if not evidence.dated:
        return Verdict(NOT_TESTABLE, f"{says}, and no {evidence.words.noun} with a result says when it measured.")
    if claim.kind == "onset":
        counted = evidence.words.counted(evidence.k)
        return Verdict(NOT_TESTABLE, f"{says}, and of {counted} with a result none reports one within a day.")
    late = "after the end of treatment" + (
        f" and as late as {claim_words(claim, evidence.words)}" if claim.numbered else ""
    )
    if evidence.traced and claim.traced_back:
        return Verdict(OVERSTATED, f"The trial it rests on has no result {late}, and so cannot show that relief lasts.")
    return Verdict(NOT_TESTABLE, f"No trial here has a result {late}.")


def _placebo_number(claim, evidence):
    if claim.arm != "placebo" or not claim.of_arm:
        return None
    own, low, high = _arm_range(claim, evidence, "placebo")
    treatment, placebo = evidence.words.arms
    if math.isnan(own):
        return Verdict(NOT_TESTABLE, f"The trials that match do not print such a number for their {placebo} arms.")
    said, (pooled, one_traced) = _arm_words(claim, evidence, "placebo"), _arms_of(claim, evidence, "placebo")
    found = "placebo arm", low, high
    if low <= _claimed(claim, evidence, "placebo") <= high:
        if pooled.k < LEAST_TRIALS and not one_traced:
            few = f"{evidence.words.counted(pooled.k)} cannot carry the claim"
            return Verdict(NOT_TESTABLE, f"{said}, but {few}.")
        return Verdict(SUPPORTED, f"{said}. This agrees, and says nothing of the {treatment}.", *found)
    if evidence.traced and claim.traced_back:
        return Verdict(NO_TRIAL, f"{said}, which is another number.", *found)
    return Verdict(NOT_TESTABLE, f"{said}, and which trial has another number is not known.")


def _arm_range(claim, evidence, role):
    """What the arms of a role show, and the range that agrees with it: rounding for one traced trial, else the CI."""
    pooled, one_traced = _arms_of(claim, evidence, role)
    if claim.kind == "responders" and pooled is not None:
        share, half = pooled_share(pooled), claim.half_digit / 100
        low, high = (share.estimate - half, share.estimate + half) if one_traced else share.ci
        return -share.estimate, -high, -low
    factor = evidence.baselines[role] / 100 if claim.unit == "percent change" else 1.0
    if pooled is None or math.isnan(factor):
        return math.nan, math.nan, math.nan
    half = claim.half_digit * factor
    low, high = (pooled.estimate - half, pooled.estimate + half) if one_traced else pooled.ci
    return pooled.estimate, low, high


def _arms_of(claim, evidence, role):
    """The arms that a number is compared with, and whether it is one trial that the claim was traced to."""
    if claim.kind == "responders":
        share = evidence.shares.get(role)
        return share, evidence.shares_traced and share is not None and share.k == 1
    named = evidence.named_placebo if role == "placebo" else evidence.named
    return (named, named.k == 1) if named is not None else (getattr(evidence, role), False)


def _arm_words(claim, evidence, role):
    words = evidence.words
    name = words.arms[role == "placebo"]
    pooled, one_traced = _arms_of(claim, evidence, role)
    whose = f"arm of {pooled.labels[0]}" if pooled.k == 1 else f"arms of {words.counted(pooled.k)}"
    if claim.kind == "responders":
        share = pooled_share(pooled)
        ends = " to ".join(map(percent, share.ci))
        limits = "" if one_traced else f" ({level(pooled.confidence_level)} CI {ends})"
        return f"{percent(share.estimate)}{limits} responded in the {name} {whose}"
    said = capital(change_words(pooled, words))
    if claim.unit == "percent change":
        before = f"the {words.outcome_name or 'score'} before"
        said += f" ({percent(abs(pooled.estimate) / evidence.baselines[role])} of {before})"
    return f"{said} in the {name} {whose}"


def _claimed(claim, evidence, role):
    """The number on the scale of the trials, a share of responders as minus the fraction: less is better in both."""
    if claim.kind == "responders":
        return -claim.value / 100
    return claim.value * (evidence.baselines[role] / 100 if claim.unit == "percent change" else 1)


def _arm_number(claim, evidence):
    if not claim.of_arm:
        return None
    own, low, high = _arm_range(claim, evidence, "treatment")
    treatment = evidence.words.arms[0]
    if math.isnan(own):
        return Verdict(NOT_TESTABLE, f"The trials that match do not print such a number for their {treatment} arms.")
    said, responders = _arm_words(claim, evidence, "treatment"), claim.kind == "responders"
    claimed = _claimed(claim, evidence, "treatment")
    effect, clean = _effect_of(claim, evidence)
    if claimed < low:
        return Verdict(OVERSTATED, f"{said}, which is less than is claimed.", "treatment arm", low, high)
    if claimed >= effect.ci.low and not _weakness(effect, clean, evidence.words, responders):
        words = capital(difference_words(effect, evidence.words, responders))
        return _by(effect, SUPPORTED, f"{said}. {words}. This agrees with the claim.", responders)
    if not math.isnan(_arm_range(claim, evidence, "placebo")[0]):
        said += f". {_arm_words(claim, evidence, 'placebo')}"
    most = f"At most the difference can be the {treatment}'s doing"
    if effect.estimate >= 0:
        most = f"That is no more than with {evidence.words.arms[1]}, so nothing shows it to be the {treatment}'s doing"
    return _by(effect, ARM_CHANGE, f"{said}. {most}.", responders)


def _effect(claim, evidence):
    responders = claim.kind == "responders"
    effect, clean = _effect_of(claim, evidence)
    reported = 0 if responders else evidence.reported
    words = capital(difference_words(effect, evidence.words, responders, reported))
    if _includes_zero(effect):
        none = {1: "The interval of this one trial", 2: "Each interval"}.get(effect.k, "The interval")
        return _by(effect, NOT_DISTINGUISHABLE, f"{words}. {none} is compatible with no difference.", responders)
    if effect.estimate > 0:
        better = capital(evidence.words.arms[1])
        return _by(effect, OVERSTATED, f"{words}. {better} did better.", responders)
    most = effect.ci.low if effect.k >= LEAST_TRIALS else effect.to_frame()["ci_low"].iloc[:-1].min()
    if claim.kind in ("difference", "responders") and _claimed(claim, evidence, "treatment") < most:
        return _by(effect, OVERSTATED, f"{words}. This is less than is claimed.", responders)
    few = _too_few(effect, clean, evidence.words)
    if few and not (evidence.traced and claim.traced_back):
        # There may be more trials than were given; only a claim that rests on these says too much.
        return _by(effect, NOT_TESTABLE, f"{words}. But {few}.", responders)
    if weak := few or _weakness(effect, clean, evidence.words, responders):
        return _by(effect, OVERSTATED, f"{words}. But {weak}.", responders)
    if claim.kind == "reliability":
        return _reliable(claim, evidence)
    doubts = evidence.count_doubts if responders else evidence.doubts
    stands = " This stands without the trials in doubt." if doubts else ""
    return _by(effect, SUPPORTED, f"{words}.{stands}", responders)


def _reliable(claim, evidence):
    """Judge whether a treatment that works on average does so nearly always."""
    share, words = evidence.share, evidence.words
    if share.reason:
        return Verdict(NOT_TESTABLE, f"In how many {words.nouns} it works cannot be told: {share.reason}.")
    said = capital(share_words(share, words, evidence.worthwhile))
    found = "share of trials", *share.ci
    if share.ci.low >= RELIABLE:
        said = f"{said}: nearly always, which is no share of people"
        counted = claim._replace(kind="responders")
        own, low, high = _arm_range(counted, evidence, "treatment")
        if math.isnan(own):
            return Verdict(SUPPORTED, f"{said}.", *found)
        said = f"{said}; {_arm_words(counted, evidence, 'treatment')}"
        if -own < HALF:
            return Verdict(OVERSTATED, f"{said}, fewer than half.", "treatment arm", low, high)
        return Verdict(SUPPORTED, f"{said}.", *found)
    return Verdict(OVERSTATED, f"{said}; nearly always would need {percent(RELIABLE)} at the lower end.", *found)


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


def judge(claim: Claim, evidence: Evidence) -> tuple[Verdict, int]:
    """Return the verdict on one claim, by the first rule that applies.

    Parameters
    ----------
    claim : analysis.evidence.claim_rules.Claim
    evidence : analysis.evidence.claims.Evidence

    Returns
    -------
    tuple
        The `Verdict`, and the number of the rule that gave it.
    """
    tried = ((rule(claim, evidence), at) for at, rule in enumerate(RULES, start=1))
    return next((found, at) for found, at in tried if found is not None)
