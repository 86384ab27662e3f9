"""Effect measures: what a pooled number is called, where its null lies, and how people read it.

The only place that knows whether a measure is a ratio. A measure is its code, metafor's abbreviation, so it prints,
compares and pickles as the text it is; what else is known of it stands in one table.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from analysis._types import Values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measure"]


def _identity(x):
    return x


def _double_arcsine(p):
    """Return the analysis scale of Freeman and Tukey's transform for very many people."""
    return np.arcsin(np.sqrt(p))


def _sine_squared(x):
    """Return the proportion; outside of 0 to pi/2, where no proportion lies, its nearest end."""
    return np.sin(np.clip(x, 0.0, np.pi / 2)) ** 2


def _numbers(values):
    """An array of floats; ValueError names what is no number."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"values is {reprlib.repr(values)}; give a number, or an array of numbers") from None


def _plain(values):
    """An array as it is, a single number as a float."""
    return values if np.ndim(values) else float(values)


class _Scale(NamedTuple):
    """How numbers are turned from the scale of the analysis to the one people read, and what the former is called."""

    transform: Callable
    inverse: Callable
    called: str


_PLAIN = _Scale(_identity, _identity, "")
_LOG = _Scale(np.exp, np.log, "log scale")
_LOGIT = _Scale(expit, logit, "logit scale")
_FISHER = _Scale(np.tanh, np.arctanh, "Fisher's z")
_ARCSINE = _Scale(_sine_squared, _double_arcsine, "double arcsine scale")


class _Entry(NamedTuple):
    """What is known of a measure; `null` is on the scale people read, `joined` stands between the two arms.

    `tied` tells whether the sampling variance depends on the effect; all lie between `ends`, on the scale of analysis.
    """

    name: str
    scale: _Scale = _PLAIN
    null: float = 0.0
    unit: str = ""
    joined: Literal["minus", "over", ""] = ""
    tied: bool = False
    ends: tuple[float, float] = (-np.inf, np.inf)


_MEASURES = {
    # two arms
    "MD": _Entry("mean difference", joined="minus"),
    "SMD": _Entry("standardised mean difference", unit="standard deviations", joined="minus", tied=True),
    "SMD1": _Entry(
        "standardised mean difference", unit="standard deviations of the comparison arm", joined="minus", tied=True
    ),
    "SMDH": _Entry("standardised mean difference", unit="standard deviations", joined="minus", tied=True),
    "ROM": _Entry("ratio of means", _LOG, 1.0, joined="over"),
    "OR": _Entry("odds ratio", _LOG, 1.0, joined="over", tied=True),
    "PETO": _Entry("Peto odds ratio", _LOG, 1.0, joined="over", tied=True),
    "RR": _Entry("risk ratio", _LOG, 1.0, joined="over", tied=True),
    "RD": _Entry("risk difference", joined="minus", tied=True, ends=(-1.0, 1.0)),
    "IRR": _Entry("incidence rate ratio", _LOG, 1.0, joined="over", tied=True),
    "HR": _Entry("hazard ratio", _LOG, 1.0, joined="over"),
    # one arm, before and after
    "MC": _Entry("mean change"),
    "SMCC": _Entry("standardised mean change", unit="standard deviations of the change", tied=True),
    "SMCR": _Entry("standardised mean change", unit="standard deviations before", tied=True),
    "SMCRP": _Entry("standardised mean change", unit="standard deviations", tied=True),
    "ROMC": _Entry("ratio of means after to before", _LOG, 1.0),
    # one arm
    "MN": _Entry("mean", null=np.nan),
    "PR": _Entry("proportion", null=np.nan, tied=True, ends=(0.0, 1.0)),
    "PLO": _Entry("proportion", _LOGIT, np.nan, tied=True),
    "PFT": _Entry("proportion", _ARCSINE, np.nan, ends=(0.0, np.pi / 2)),
    "COR": _Entry("correlation", tied=True, ends=(-1.0, 1.0)),
    "ZCOR": _Entry("correlation", _FISHER),
    # whatever nobody named
    "": _Entry("effect"),
}

# Columns of tables that can be turned into the scale people read, and those that do not exist there.
_READ = ("yi", "estimate", "median", "ci_low", "ci_high", "pi_low", "pi_high")
_UNREAD = ("vi", "se", "mean", "sd")


def on_scale_of_analysis(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table on the scale of the analysis, turned back where it says that it is on the one people read.

    Parameters
    ----------
    table : pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> shown = Measure("OR").transform_table(pd.DataFrame({"estimate": [0.5]}))
    >>> on_scale_of_analysis(shown)["estimate"].round(3).tolist()
    [0.5]
    """
    code = table.attrs.get("transformed")
    if not code:
        return table
    back = table.assign(**{name: Measure(code).inverse(table[name]) for name in _READ if name in table})
    back.attrs = {name: value for name, value in table.attrs.items() if name != "transformed"}
    return back


def agreed(asked: str | None, own: str) -> Measure:
    """Return the measure that is asked for, or the effects' own where none is.

    Parameters
    ----------
    asked, own : str

    Raises
    ------
    ValueError
        If both are named and differ: effects of one measure are none of another. Peto's odds ratio is an odds ratio.

    Examples
    --------
    >>> agreed("", "SMD"), agreed("OR", "")
    ('SMD', 'OR')
    """
    one, other = Measure(asked or own), Measure(own or asked or "")
    if one.name.removeprefix("Peto ") != other.name.removeprefix("Peto "):
        raise ValueError(
            f"measure={one.code!r} ({one.name}), but the effects are of measure {other.code!r} ({other.name}); leave "
            "measure= out, or give effects of that measure"
        )
    return one


class Measure(str):
    """An effect measure, by its code: ``Measure("OR")`` is the text "OR" that knows what an odds ratio is.

    Parameters
    ----------
    code : str, optional
        metafor's abbreviation. Two arms: "MD", "SMD", "SMD1" (Glass), "SMDH" (unequal variances), "ROM", "OR",
        "PETO", "RR", "RD", "IRR", "HR". One arm before and after: "MC", "SMCC", "SMCR", "SMCRP", "ROMC". One arm:
        "MN", "PR", "PLO", "PFT", "COR", "ZCOR". "" is a measure that nobody named.

    Raises
    ------
    ValueError
        If the code is none of these; it lists them.

    See Also
    --------
    analysis.effect_sizes : Makes effects of a measure from a table.
    analysis.pool : Takes the measure of plain arrays.

    Notes
    -----
    Ratios, proportions by their logit or arcsine and correlations by Fisher's z are pooled on a scale of their own;
    `transform` turns numbers into those that people read. The inverse of "PFT" is that for very many people [1]_: what
    Freeman and Tukey's transform adds for few depends on the number of people, which a pooled value does not have.

    References
    ----------
    .. [1] Miller 1978, The American Statistician 32:138, is the inverse for a given number of people.

    Examples
    --------
    >>> ratio = Measure("OR")
    >>> ratio, ratio.name, ratio.null, round(float(ratio.transform(0.693)), 2)
    ('OR', 'odds ratio', 1.0, 2.0)
    >>> Measure("MD").joined, ratio.joined
    ('minus', 'over')
    """

    __slots__ = ()

    def __new__(cls, code: str = "") -> Measure:
        """Return the measure of a code."""
        if not isinstance(code, str) or code not in _MEASURES:
            spelt = re.sub(r"^(log|ln)\W*", "", str(code).lower())
            names = {name.lower(): known for known, entry in _MEASURES.items() if known for name in (entry.name, known)}
            near = get_close_matches(spelt, names, 1)
            perhaps = f"did you mean {names[near[0]]!r}? " if near else ""
            raise ValueError(f"measure={code!r} is not known; {perhaps}use one of {', '.join(map(repr, _MEASURES))}")
        return super().__new__(cls, code)

    @property
    def code(self) -> str:
        """The code as plain text."""
        return str.__str__(self)

    @property
    def name(self) -> str:
        """What it is called, in lower case."""
        return _MEASURES[self].name

    @property
    def title(self) -> str:
        """What it is called, with a capital."""
        return self.name[0].upper() + self.name[1:]

    @property
    def is_ratio(self) -> bool:
        """Whether numbers are read as ratios, which are pooled as logs."""
        return _MEASURES[self].scale is _LOG

    @property
    def null(self) -> float:
        """Where nothing differs, on the scale people read; NaN where there is no such place."""
        return _MEASURES[self].null

    @property
    def tied(self) -> bool:
        """Whether the sampling variance depends on the effect, so that a funnel of such effects is never symmetric."""
        return _MEASURES[self].tied

    @property
    def unit(self) -> str:
        """Its unit where the measure alone decides it, else ""."""
        return _MEASURES[self].unit

    @property
    def ends(self) -> tuple[float, float]:
        """Between which effects lie, on the scale of analysis: a correlation between -1 and 1."""
        return _MEASURES[self].ends

    @property
    def scale(self) -> str:
        """What the scale of the analysis is called where it is not the one people read, else ""."""
        return _MEASURES[self].scale.called

    @property
    def digits(self) -> int:
        """How many decimals are printed where the numbers themselves do not ask for more."""
        return 2

    @property
    def two_arms(self) -> bool:
        """Whether two arms are compared."""
        return bool(self.joined)

    @property
    def joined(self) -> Literal["minus", "over", ""]:
        """What stands between the two arms, "" where none are compared."""
        return _MEASURES[self].joined

    def transform(self, values: ArrayLike) -> Values:
        """Return numbers of the analysis on the scale people read.

        Parameters
        ----------
        values : array_like
            On the scale of the analysis: log ratios, logits, Fisher's z.

        Returns
        -------
        float or numpy.ndarray
            Of the same shape.

        Examples
        --------
        >>> Measure("ZCOR").transform([0.0, 0.5]).round(3).tolist()
        [0.0, 0.462]
        """
        with np.errstate(over="ignore"):
            return _plain(_MEASURES[self].scale.transform(_numbers(values)))

    def transform_table(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table of effects on the scale people read.

        Parameters
        ----------
        table : pandas.DataFrame
            With columns on the scale of the analysis: effects, medians and the limits of intervals.

        Returns
        -------
        pandas.DataFrame
            Without the columns that do not exist on that scale: variances, standard errors, means. The same table where
            people read the scale of the analysis itself, and where ``attrs["transformed"]`` says that it is on theirs
            already.

        Examples
        --------
        >>> import pandas as pd
        >>> Measure("OR").transform_table(pd.DataFrame({"label": ["A"], "yi": [0.0], "vi": [0.1]}))
          label   yi
        0     A  1.0
        """
        if not self.scale or table.attrs.get("transformed"):
            return table
        read = {name: self.transform(table[name]) for name in _READ if name in table}
        turned = table.drop(columns=[name for name in _UNREAD if name in table]).assign(**read)
        turned.attrs["transformed"] = self.code
        return turned

    def inverse(self, values: ArrayLike) -> Values:
        """Return numbers that people read on the scale of the analysis.

        Parameters
        ----------
        values : array_like
            Ratios, proportions, correlations; those that cannot be, such as a ratio below 0, become NaN.

        Returns
        -------
        float or numpy.ndarray
            Of the same shape.

        Examples
        --------
        >>> Measure("RR").inverse([1.0, 2.0]).round(3).tolist()
        [0.0, 0.693]
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return _plain(_MEASURES[self].scale.inverse(_numbers(values)))
