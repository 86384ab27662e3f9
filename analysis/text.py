"""Numbers into words: every number that is printed or drawn is formatted here.

Minus signs are true minus signs (U+2212), the two limits of an interval are joined by "to", a value that
could not be computed reads "not estimable", and nothing is rounded before it arrives here. The signs of
journals and languages differ: those in use are ``NUMBERS``, which the themes of the figures set.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import NamedTuple, SupportsFloat

from analysis._docs import documented

MINUS = "\N{MINUS SIGN}"
NOT_ESTIMABLE = "not estimable"


class NumberStyle(NamedTuple):
    """The signs of numbers: decimal mark, thousands separator, what stands between and around two limits.

    Attributes
    ----------
    decimal : str
        Decimal mark.
    thousands : str
        Between groups of three digits.
    between : str
        Between the two limits of an interval.
    brackets : str
        The two brackets around an interval.
    p_zero : bool
        Whether the zero of p = 0.03 is written.

    See Also
    --------
    analysis.theme : Sets the signs of a journal or language for figures.
    analysis.text.number : Writes a number with these signs.

    Examples
    --------
    >>> token = NUMBERS.set(NumberStyle(decimal=",", p_zero=False))
    >>> number(2.5), pvalue(0.03)
    ('2,50', ',030')
    >>> NUMBERS.reset(token)
    """

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


@documented
def number(value: SupportsFloat, digits: int = 2, *, sign: bool = False) -> str:
    """Return ``value`` as text with a fixed number of decimals.

    Parameters
    ----------
    value : float
        Any number; NaN and infinities read "not estimable".
    {digits}
    sign : bool, optional
        Write "+" before positive values.

    Returns
    -------
    str
        With a true minus, thousands separated by a narrow space, and no "−0.00".

    See Also
    --------
    analysis.text.interval : Two numbers with "to" between them.
    analysis.text.percent : A fraction as a percentage.
    analysis.text.pvalue : A p value, with decimals of its own.

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


@documented
def interval(low: SupportsFloat, high: SupportsFloat, digits: int = 2) -> str:
    """Return an interval as text.

    Parameters
    ----------
    low : float
        Lower limit; if either limit is not finite the interval reads "not estimable".
    high : float
        Upper limit.
    {digits}

    Returns
    -------
    str
        The two limits with "to" between them.

    See Also
    --------
    analysis.text.limits : The two limits apart, for two cells.
    analysis.text.number : A single number.

    Examples
    --------
    >>> interval(-3.81, -2.05)
    '−3.81 to −2.05'
    >>> interval(float("nan"), 1.0)
    'not estimable'
    """
    ends = number(low, digits), number(high, digits)
    return NOT_ESTIMABLE if NOT_ESTIMABLE in ends else NUMBERS.get().between.join(ends)


@documented
def limits(low: SupportsFloat, high: SupportsFloat, digits: int = 2) -> tuple[str, str]:
    """Return the two limits of an interval as the texts of two cells, in brackets.

    Parameters
    ----------
    low : float
        Lower limit.
    high : float
        Upper limit.
    {digits}

    Returns
    -------
    (str, str)
        The opening bracket with the lower limit, and the upper limit with the closing one.

    See Also
    --------
    analysis.text.interval : Both limits in one text.
    analysis.text.bracketed : Any text in the same brackets.

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
        What stands between the brackets.

    Returns
    -------
    str
        The text with a bracket on either side.

    See Also
    --------
    analysis.text.limits : The limits of an interval in these brackets.

    Examples
    --------
    >>> bracketed("95% CI")
    '[95% CI]'
    """
    opening, closing = NUMBERS.get().brackets
    return f"{opening}{text}{closing}"


@documented
def percent(fraction: SupportsFloat, digits: int = 0) -> str:
    """Return a fraction as a percentage.

    Parameters
    ----------
    fraction : float
        0.82 for 82 %.
    {digits}

    Returns
    -------
    str
        The percentage with its sign.

    See Also
    --------
    analysis.text.level : A confidence level, which is never rounded.
    analysis.text.number : Any other number.

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
        The percentage with its sign.

    See Also
    --------
    analysis.text.percent : Any other fraction, rounded.

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
        Between 0 and 1; NaN reads "not estimable".

    Returns
    -------
    str
        The value, or "<0.001" or ">0.99" beyond these.

    See Also
    --------
    analysis.text.equals : The same after "p", with its equals sign.

    References
    ----------
    .. [1] Lang & Altman 2015 (SAMPL guidelines), Int J Nurs Stud 52:5-9, doi 10.1016/j.ijnurstu.2014.09.006.

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
    """Return "= 0.012" or "<0.001", to stand after "p".

    Parameters
    ----------
    p : float
        Between 0 and 1; NaN reads "= not estimable".

    Returns
    -------
    str
        The value with its sign.

    See Also
    --------
    analysis.text.pvalue : The value alone.

    Examples
    --------
    >>> equals(0.0123), equals(0.00001)
    ('= 0.012', '<0.001')
    """
    text = pvalue(p)
    return text if text[0] in "<>" else f"= {text}"


def counted(k: SupportsFloat) -> str:
    """Return "1 trial" or "12 trials".

    Parameters
    ----------
    k : int
        How many trials.

    Returns
    -------
    str
        The number with its noun.

    See Also
    --------
    analysis.text.number : A number alone.

    Examples
    --------
    >>> counted(1), counted(12)
    ('1 trial', '12 trials')
    """
    return f"{number(k, 0)} trial" + ("" if k == 1 else "s")
