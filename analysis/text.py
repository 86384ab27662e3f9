"""Numbers into words: every number that is printed or drawn is formatted here.

Minus signs are true minus signs (U+2212), the two limits of an interval are joined by "to", a value that
could not be computed reads "not estimable", and nothing is rounded before it arrives here.
"""

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


def level(confidence_level):
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
    return f"{100 * confidence_level:.10g}%"


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


def equals(p):
    """Return "= 0.012" or "<0.001", to stand after "p"."""
    text = pvalue(p)
    return text if text[0] in "<>" else f"= {text}"


def counted(k):
    """Return "1 trial" or "12 trials"."""
    return f"{number(k, 0)} trial" + ("" if k == 1 else "s")
