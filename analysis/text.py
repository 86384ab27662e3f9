"""Numbers into words: every number that is printed or drawn is formatted here, and text made safe for files.

Minus signs are true minus signs (U+2212), the two limits of an interval are joined by "to", a value that
could not be computed reads "not estimable", and nothing is rounded before it arrives here. The signs of
journals and languages differ: those in use are ``NUMBERS``, which the themes of the figures set.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsFloat, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from analysis._docs import documented

if TYPE_CHECKING:
    import pandas as pd

Cell = TypeVar("Cell")
MINUS = "\N{MINUS SIGN}"
NOT_ESTIMABLE = "not estimable"
# Decimals beyond which, and size from which on, a number is written with a power of ten.
_MOST_DECIMALS, _HUGE = 6, 1e9
# Digits of a number within a name, at most, for names to be in order.
_NUMERALS = 12
# Decimals that a number may have beyond those asked for, so that it does not read as zero.
_BEYOND = 3
# Where ratios end: below and above these a number says nothing.
_LEAST_RATIO, _LARGEST_RATIO = 0.001, 1e6
# The characters in which names stand while sentences are made: the last plane, which nobody's names use.
_APART = 0x100000
_QUOTED = re.compile("[\U00100000-\U0010ffff]")
# What has a meaning in LaTeX, and what its fonts have as a command or in mathematics only.
_GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
_LATEX = {sign: f"\\{sign}" for sign in "{}$&#%_"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    # Two hyphens, or a question mark and a grave accent, would become one sign.
    "-": "-{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{THIN SPACE}": r"\,",
    "·": r"\textperiodcentered{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "•": r"\textbullet{}",
    "°": r"\textdegree{}",
    "µ": r"\textmu{}",
}
_LATEX |= {figure: rf"\textsuperscript{{{i}}}" for i, figure in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_LATEX |= {figure: rf"\textsubscript{{{i}}}" for i, figure in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_LATEX |= {
    sign: f"${name}$"
    for sign, name in {
        **dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", (rf"\{name}" for name in _GREEK.split()), strict=True)),
        **{"−": "-", "⁻": "^{-}", "±": r"\pm", "×": r"\times", "÷": r"\div", "√": r"\surd"},
        **{"≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "∞": r"\infty", "∑": r"\sum", "∈": r"\in"},
        **{"←": r"\leftarrow", "→": r"\rightarrow", "↑": r"\uparrow", "↓": r"\downarrow"},
    }.items()
}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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
        With a true minus and thousands separated by a narrow space. What these decimals would show as zero gets up to
        three more, and the rest, which nobody can tell from zero, has no sign; numbers of a billion and more, and
        those of more than six decimals, are written with a power of ten.

    See Also
    --------
    analysis.text.digits_for : The decimals that suit an interval.
    analysis.text.ratio : A ratio, which is never zero.
    analysis.text.interval : Two numbers with "to" between them.
    analysis.text.percent : A fraction as a percentage.
    analysis.text.pvalue : A p value, with decimals of its own.

    Examples
    --------
    >>> number(-2.5), number(-0.001), number(1234.5, 1), number(0.7, 1, sign=True)
    ('−2.50', '−0.001', '1\u202f234.5', '+0.7')
    >>> number(1e-17), number(-1.25e-10, 12), number(-3e12)
    ('0.00', '−1.25 × 10⁻¹⁰', '−3.00 × 10¹²')
    """
    if value is None or not math.isfinite(value):
        return NOT_ESTIMABLE
    size = abs(value)
    first = int(f"{size:.0e}".partition("e")[2])
    if digits < -first <= digits + _BEYOND and round(size, digits) == 0:
        digits = -first
    if size >= _HUGE or (digits > _MOST_DECIMALS and round(size, digits)):
        body = _with_power(size, 2 if size >= _HUGE else digits)
    else:
        body = _marked(f"{size:,.{min(digits, _MOST_DECIMALS)}f}")
    # What rounds to zero has no sign.
    if not any(c in "123456789" for c in body):
        return body
    return (MINUS if value < 0 else "+" if sign else "") + body


def _with_power(size, digits):
    """A number as "1.25 × 10⁻⁹"; `digits` are those of the number for small ones, of what is raised for large ones."""
    power = int(f"{size:e}".partition("e")[2])
    factor, _, power = f"{size:.{digits if power > 0 else max(0, digits + power)}e}".partition("e")
    return f"{_marked(factor)} × 10{str(int(power)).translate(_RAISED)}"


def digits_for(low: ArrayLike, high: ArrayLike, least: int = 0) -> int:
    """Return the decimals that suit intervals of this width: two for points on 0-10.

    Parameters
    ----------
    low, high : float or array_like
        Limits of one interval or of all intervals of a table, whose median width decides.
    least : int, optional
        Decimals at least.

    Returns
    -------
    int
        An interval of width 1 has two decimals, one of a tenth of that width a third; 2 where no interval is known.

    See Also
    --------
    analysis.text.number : Writes a number with these decimals.

    Notes
    -----
    An interval so has two to three significant digits, as journals ask [1]_.

    References
    ----------
    .. [1] Cole 2015, Arch Dis Child 100:608-609, doi 10.1136/archdischild-2014-307149.

    Examples
    --------
    >>> digits_for(-1.65, -0.77), digits_for(-0.03, 0.01), digits_for(120, 480)
    (2, 3, 0)
    """
    with np.errstate(invalid="ignore"):
        width = np.asarray(high, float) - np.asarray(low, float)
    width = width[np.isfinite(width) & (width > 0)]
    if not width.size:
        return max(2, least)
    return max(round(-math.log10(float(np.median(width)))) + 2, least, 0)


@documented
def ratio(value: SupportsFloat, digits: int = 2) -> str:
    """Return a ratio as text: small ones with more decimals, large ones with fewer, none as zero.

    Parameters
    ----------
    value : float
        Not below 0; NaN reads "not estimable".
    {digits}

    Returns
    -------
    str
        The decimals asked for from 0.1 to 100, as many significant digits below, fewer decimals above; "<0.001" and
        ">1 000 000" beyond these.

    See Also
    --------
    analysis.text.number : Any other number.

    Examples
    --------
    >>> ratio(1.328), ratio(0.0342), ratio(1e-7), ratio(260.4)
    ('1.33', '0.034', '<0.001', '260.4')
    """
    if value is None or math.isnan(value):
        return NOT_ESTIMABLE
    if not _LEAST_RATIO <= value <= _LARGEST_RATIO:
        beyond = value < _LEAST_RATIO
        return f"<{number(_LEAST_RATIO, 3)}" if beyond else f">{number(_LARGEST_RATIO, 0)}"
    return significant(value, digits)


@documented
def significant(value: SupportsFloat, digits: int = 2) -> str:
    """Return a size as text: small ones with more decimals, large ones with fewer.

    Parameters
    ----------
    value : float
        Such as a standard deviation, a slope or a ratio.
    {digits}

    Returns
    -------
    str
        The decimals asked for from 0.1 to 100, as many significant digits below, fewer decimals above.

    See Also
    --------
    analysis.text.ratio : A ratio, which has ends.
    analysis.text.number : A number with decimals as asked for.

    Examples
    --------
    >>> significant(0.0018), significant(0.4712), significant(0), significant(1284.7)
    ('0.0018', '0.47', '0.00', '1\u202f285')
    """
    if not value or not math.isfinite(value):
        return number(value, digits)
    power = int(f"{value:.{max(digits - 1, 0)}e}".partition("e")[2])
    return number(value, max(0, digits - min(power + 1, 0) - max(power - 1, 0)))


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


def chance(fraction: SupportsFloat) -> str:
    """Return an estimated probability or share as a percentage, which is never none or all.

    Parameters
    ----------
    fraction : float

    Returns
    -------
    str

    See Also
    --------
    analysis.text.percent : A percentage that is rounded.

    Examples
    --------
    >>> chance(0.824), chance(0.998), chance(0.0)
    ('82%', '>99%', '<1%')
    """
    share = float(fraction)
    return "<1%" if share < 0.005 else ">99%" if share >= 0.995 else percent(share)


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


def counted(k: SupportsFloat, noun: str) -> str:
    """Return "1 trial" or "12 studies".

    Parameters
    ----------
    k : int
        How many.
    noun : str
        What is counted, such as "trial" or "study".

    Returns
    -------
    str
        The number with its noun.

    See Also
    --------
    analysis.text.number : A number alone.

    Examples
    --------
    >>> counted(1, 'trial'), counted(12, "study")
    ('1 trial', '12 studies')
    """
    return f"{number(k, 0)} {noun if k == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Return "trials", "studies" or "ratios of means".

    Parameters
    ----------
    noun : str
        A regular one, and what follows it.

    Returns
    -------
    str
        Its plural.

    See Also
    --------
    analysis.text.counted : A number with its noun.

    Examples
    --------
    >>> plural("trial"), plural("study"), plural("ratio of means")
    ('trials', 'studies', 'ratios of means')
    """
    head, of, rest = noun.partition(" of ")
    return (head[:-1] + "ies" if head.endswith("y") else head + "s") + of + rest


def quoted(name: str) -> str:
    """Return a name from the data in characters of its own, which no rule takes for words, numbers or marks.

    So it stands within a sentence that is translated afterwards; `plain` gives it back.

    Parameters
    ----------
    name : str
        Of an arm, a study, a group or an outcome.

    Returns
    -------
    str

    See Also
    --------
    analysis.text.plain : The text with its names as they were.

    Examples
    --------
    >>> sentence = f"pooled: {quoted('10 mg; fast')}"
    >>> sentence.endswith("fast"), plain(sentence)
    (False, 'pooled: 10 mg; fast')
    """
    return "".join(chr(_APART + ord(letter)) if letter <= "\uffff" else letter for letter in name)


def plain(text: str) -> str:
    """Return a text with its quoted names as they were.

    Parameters
    ----------
    text : str
        A sentence, or a part of one.

    Returns
    -------
    str

    See Also
    --------
    analysis.text.quoted : The other way.

    Examples
    --------
    >>> plain(quoted("sham") + " arm")
    'sham arm'
    """
    return text if text.isprintable() else _QUOTED.sub(lambda letter: chr(ord(letter[0]) - _APART), text)


def sortable(values: Iterable[Any]) -> list[Any]:
    """Return by what values are sorted: numbers, also those written as text, then names, of which 7 weeks precede 12.

    Parameters
    ----------
    values : iterable
        Numbers, texts or a column with categories, whose order counts.

    Returns
    -------
    list
        One key for each value, None for a missing one; all are numbers, or all are texts.

    See Also
    --------
    analysis.cumulative : Sorts trials by any column.
    analysis.forest : Does so by ``order``.

    Examples
    --------
    >>> sortable(["10", "9", None]), sorted(["12 weeks", "7 weeks"], key=lambda week: sortable([week]))
    ([10.0, 9.0, None], ['7 weeks', '12 weeks'])
    """
    categories = getattr(getattr(values, "dtype", None), "categories", None)
    if categories is not None:
        place = {category: i for i, category in enumerate(categories)}
        return [place.get(value) for value in values]
    known = [None if x is None or type(x).__name__ == "NAType" or x != x else str(x) for x in values]
    try:
        return [None if x is None else float(x.replace(MINUS, "-")) for x in known]
    except ValueError:
        return [None if x is None else re.sub(r"\d+", lambda digits: digits[0].zfill(_NUMERALS), x) for x in known]


def safe_cell(value: Cell) -> Cell | str:
    """Return a cell that no spreadsheet takes for a formula: such text gets an apostrophe before it.

    Parameters
    ----------
    value : object
        A cell, or the name of a column. Numbers, text that is one and a sign alone stay as they are.

    Returns
    -------
    object
        The cell.

    See Also
    --------
    analysis.text.safe_table : All cells of a table.
    analysis.text.markdown_cell, analysis.text.latex_cell : The same for Markdown and LaTeX.

    References
    ----------
    OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection.

    Examples
    --------
    >>> [safe_cell(cell) for cell in ("=1+1", "@SUM(A1)", "Kim 2016", "-0.7", -0.7, "+")]
    ["'=1+1", "'@SUM(A1)", 'Kim 2016', '-0.7', -0.7, '+']
    """
    if not isinstance(value, str):
        return value
    # A spreadsheet of most of Europe takes ";" for the end of a cell.
    return "".join(f"'{piece}" if _would_run(piece) else piece for piece in re.split("(;)", value))


def _would_run(piece):
    # Programs skip blanks before a sign, and some take the wide signs of Chinese and Japanese for the narrow ones.
    if not re.match(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20].", piece, re.DOTALL):
        return False
    return not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?", piece, re.ASCII)


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for a file that a spreadsheet may open: no cell and no name of a column is taken for a formula.

    Parameters
    ----------
    table : pandas.DataFrame
        Written without its index, which stays as it is.

    Returns
    -------
    pandas.DataFrame
        A copy.

    See Also
    --------
    analysis.text.safe_cell : What is done to one cell.

    Examples
    --------
    >>> import pandas as pd
    >>> print(safe_table(pd.DataFrame({"label": ["=1+1", "B"], "yi": [-0.7, 0.2]})).to_csv(index=False))
    label,yi
    '=1+1,-0.7
    B,0.2
    """
    out = table.rename(columns=safe_cell)
    for i, dtype in enumerate(table.dtypes):
        if dtype.kind not in "biufcmM":
            out.isetitem(i, out.iloc[:, i].map(safe_cell))
    return out


def markdown_cell(words: str) -> str:
    r"""Return words that stand in Markdown, a cell of a table too, as they are: no mark-up, no HTML, no new cell.

    Parameters
    ----------
    words : str
        Text of the user, such as the name of a trial.

    Returns
    -------
    str
        The same in one line, with what has a meaning in Markdown escaped.

    See Also
    --------
    analysis.text.safe_cell : The same for spreadsheets.

    Examples
    --------
    >>> print(markdown_cell("<b>Kim</b> | *2016*"))
    &lt;b>Kim&lt;/b> \| \*2016\*
    """
    # Spaces of a width of their own stay: they stand in numbers.
    line = re.sub(r"[\t-\r\x1c- \x85\u2028\u2029]+", " ", words).strip(" ")
    line = re.sub(r"&(?=#?\w+;)", "&amp;", line)
    line = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", line)
    # Brackets are those of intervals unless they make a link, a note or a citation.
    line = re.sub(r"([\\`*_|~$]|\[(?=[@^])|\](?=[(\[:{]))", r"\\\1", line)
    # At the start of a line, a sign or a number makes a heading, a list, a quotation or a rule.
    return re.sub(r"^(\d+(?=[.)](?: |$))|(?=[#=>]|[+\-](?:[ +\-]|$)))", r"\1\\", line)


def latex_cell(words: str) -> str:
    r"""Return words that stand in LaTeX, a cell of a table too, as they are, with signs that pdflatex knows.

    Parameters
    ----------
    words : str
        Text of the user, or of a result.

    Returns
    -------
    str
        The same in one line: what has a meaning in LaTeX is escaped, also what would become another sign together with
        its neighbour; minus signs, Greek letters and signs of comparison are mathematics. Letters that none of its
        fonts has stay as they are.

    See Also
    --------
    analysis.text.markdown_cell : The same for Markdown.

    Examples
    --------
    >>> print(latex_cell("Kim & Lee_2016: −1.2 (τ² 0.3)"))
    Kim \& Lee\_2016: $-$1.2 ($\tau$\textsuperscript{2} 0.3)
    """
    line = re.sub(r"[\t-\r\x1c- \x85\u2028\u2029]+", " ", words).strip(" ")
    return "".join(map(latex_letter, line))


def latex_letter(letter: str) -> str:
    r"""Return a letter or sign as LaTeX prints it as it is; one that none of its fonts has stays.

    Parameters
    ----------
    letter : str

    Returns
    -------
    str

    See Also
    --------
    analysis.text.latex_cell : Words of many letters.

    Examples
    --------
    >>> print(*map(latex_letter, "a&-"))
    a \& -{}
    """
    return _LATEX.get(letter, letter if letter.isprintable() or not letter.isascii() else " ")
