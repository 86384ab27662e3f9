"""The number a claim holds: what kind it is, how it reads, and how the trials' numbers read beside it."""

import math
import re
from typing import NamedTuple

from analysis.text import counted, interval, level, number

KINDS = ("arm change", "difference", "responders", "duration", "dose", "no number")
PAIN_UNITS = ("points", "percent change", "percent responders")
DOSES = ("mT", "T", "Hz")
_QUICK = re.compile(r"\b(?:quick|immediate|instant)(?:ly)?\b|\bat once\b|\bwithin (?:minutes|hours)\b", re.I)
_WEEKS = {"weeks": 1.0, "months": 365.25 / 12 / 7}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d*)?)(?:-([+-]?\d+(?:\.\d*)?))?")


class Claim(NamedTuple):
    """What the rules may know of a claim: its columns and its number, but neither its id nor its article.

    Attributes
    ----------
    claim, therapy, condition, unit, arm, comparator, cited_as, traced, checkable_with : str
        As in the data dictionary; "" where blank.
    kind : str
        One of `KINDS`.
    low, high : float
        Ends of the number; NaN without one.
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
    low: float
    high: float
    digits: int

    @property
    def value(self):
        """The end that says most: the larger fall or rise, or the larger share or time."""
        return self.low if self.unit in ("points", "percent change") and self.low < 0 else self.high

    @property
    def weeks(self):
        """How long the claim says relief lasts; NaN where it holds no duration."""
        return self.high * _WEEKS[self.unit] if self.kind == "duration" else math.nan

    @property
    def quick(self):
        """Whether it says that relief comes at once, without a number."""
        return self.kind == "no number" and bool(_QUICK.search(self.claim))

    @property
    def no_relief(self):
        """Whether its number says that pain does not fall, or that fewer respond."""
        return self.low < 0 if self.kind == "responders" else self.kind in KINDS[:2] and self.high >= 0

    @property
    def half_digit(self):
        """Half a unit of the last printed decimal: how far rounding can move the number."""
        return 0.5 * 10.0**-self.digits + 1e-9


def read_number(value):
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


def kind_of(unit, arm, has_value):
    """Return the kind of number a claim holds, from its unit and the arm it speaks of.

    Parameters
    ----------
    unit, arm : str
        As in the data dictionary; "" where blank.
    has_value : bool

    Returns
    -------
    str
        One of `KINDS`.

    Examples
    --------
    >>> kind_of("points", "treatment", True), kind_of("points", "difference", True), kind_of("mT", "difference", False)
    ('arm change', 'difference', 'no number')
    """
    if not has_value:
        return "no number"
    if unit in _WEEKS:
        return "duration"
    if unit in DOSES:
        return "dose"
    if unit == "percent responders":
        return "responders"
    return "difference" if arm == "difference" else "arm change"


def claim_words(claim):
    """Return the number of a claim in words.

    Parameters
    ----------
    claim : Claim

    Returns
    -------
    str
        Such as "pain falls by 3.9 points", "60% respond", "12 months" or "no number".
    """
    if claim.kind == "no number":
        return claim.kind
    ends = sorted({abs(claim.low), abs(claim.high)})
    size = " to ".join(number(end, 0 if end.is_integer() else claim.digits) for end in ends)
    if claim.kind in ("duration", "dose"):
        return f"{size} {claim.unit}"
    whose = " with placebo" if claim.arm == "placebo" else ""
    if claim.kind == "responders":
        more = f"{size} percentage points more respond than with placebo"
        return more if claim.arm == "difference" else f"{size}% respond{whose}"
    size += "%" if claim.unit == "percent change" else " point" if size == "1" else " points"
    if claim.kind == "difference":
        return f"{size} {'less' if claim.low < 0 else 'more'} pain than with placebo"
    return f"pain {'falls' if claim.low < 0 else 'rises'} by {size}{whose}"


def change_words(pooled, digits=2):
    """Say how pain changed within arms: "pain fell by 3.90 points".

    Parameters
    ----------
    pooled : PooledEffect
    digits : int

    Returns
    -------
    str
    """
    return f"pain {'fell' if pooled.estimate < 0 else 'rose'} by {number(abs(pooled.estimate), digits)} points"


def difference_words(pooled, responders=False):
    """Return a difference from placebo in words, to stand in a sentence.

    Parameters
    ----------
    pooled : PooledEffect
        Points, or minus the risk difference of responding.
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
    what, unit = ("the share who respond is", "percentage points") if responders else ("pain is", "points")
    at = level(pooled.confidence_level)
    return f"{what} {size} {unit} {side} than with placebo ({at} CI {limits}; {counted(pooled.k)})"


def _side(value, responders):
    """The size of a number and its side; a share is stored with its sign turned, so that less is better in both."""
    if responders:
        return number(100 * abs(value), 0), "higher" if value < 0 else "lower"
    return number(abs(value)), "lower" if value < 0 else "higher"


def prediction_words(pooled):
    """Say where the true effect of a new trial is expected: "95% prediction interval −2.9 to 0.8"."""
    return f"{level(pooled.confidence_level)} prediction interval {interval(*pooled.pi)}"
