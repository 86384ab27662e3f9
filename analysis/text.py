"""Numbers into words: every number that is printed or drawn is formatted here.

Minus signs are true minus signs (U+2212), the two limits of an interval are joined by "to", a value that
could not be computed reads "not estimable", and nothing is rounded before it arrives here. The signs of
journals and languages differ: those in use are ``NUMBERS``, which the themes of the figures set.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import NamedTuple, SupportsFloat

MINUS = "\N{MINUS SIGN}"
NOT_ESTIMABLE = "not estimable"


class NumberStyle(NamedTuple):
    """The signs of numbers: decimal mark, thousands separator, what stands between and around two limits."""

    decimal: str = "."
    thousands: str = "\N{NARROW NO-BREAK SPACE}"
    between: str = " to "
    brackets: str = "[]"
    # Whether the zero of p = 0.03 is written.
    p_zero: bool = True


USUAL = NumberStyle()
NUMBERS = ContextVar("NUMBERS", default=USUAL)


def _marked(text):
    """Return a number as Python writes it with the marks in use."""
    style = NUMBERS.get()
    return text.translate({ord(","): style.thousands, ord("."): style.decimal})


def number(value: SupportsFloat, digits: int = 2, *, sign: bool = False) -> str:
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
    body = _marked(f"{abs(value):,.{digits}f}")
    # What rounds to zero has no sign.
    if not any(c in "123456789" for c in body):
        return body
    return (MINUS if value < 0 else "+" if sign else "") + body


def interval(low: SupportsFloat, high: SupportsFloat, digits: int = 2) -> str:
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
    return NOT_ESTIMABLE if NOT_ESTIMABLE in ends else NUMBERS.get().between.join(ends)


def limits(low: SupportsFloat, high: SupportsFloat, digits: int = 2) -> tuple[str, str]:
    """Return the two limits of an interval as the texts of two cells, in brackets.

    Parameters
    ----------
    low, high : float
        The limits.
    digits : int
        Decimals.

    Returns
    -------
    (str, str)

    Examples
    --------
    >>> limits(-3.81, -2.05)
    ('[−3.81 to', '−2.05]')
    """
    style = NUMBERS.get()
    opening, closing = style.brackets
    return f"{opening}{number(low, digits)}{style.between.rstrip()}", f"{number(high, digits)}{closing}"


def bracketed(text: str) -> str:
    """Return a text in the brackets of intervals.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> bracketed("95% CI")
    '[95% CI]'
    """
    opening, closing = NUMBERS.get().brackets
    return f"{opening}{text}{closing}"


def percent(fraction: SupportsFloat, digits: int = 0) -> str:
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


def level(confidence_level: float) -> str:
    """Return a confidence level as a percentage, never rounded.

    Parameters
    ----------
    confidence_level : float
        0.95 for 95 %.

    Returns
    -------
    str

    Examples
    --------
    >>> level(0.95), level(0.999)
    ('95%', '99.9%')
    """
    # Ten digits are more than a level has, and fewer than show that 100 * 0.07 is not quite 7.
    return _marked(f"{100 * confidence_level:.10g}%")


def pvalue(p: SupportsFloat) -> str:
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
    sign = "<" if p < 0.001 else ">" if p > 0.99 else ""
    shown = min(max(p, 0.001), 0.99)
    # From 0.0995 on, three decimals would print 0.100, a digit too many.
    text = f"{shown:.3f}" if shown < 0.0995 else f"{shown:.2f}"
    return sign + _marked(text if NUMBERS.get().p_zero else text.removeprefix("0"))


def equals(p: SupportsFloat) -> str:
    """Return "= 0.012" or "<0.001", to stand after "p"."""
    text = pvalue(p)
    return text if text[0] in "<>" else f"= {text}"


def counted(k: SupportsFloat) -> str:
    """Return "1 trial" or "12 trials"."""
    return f"{number(k, 0)} trial" + ("" if k == 1 else "s")
