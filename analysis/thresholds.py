"""Published thresholds of important change, for one patient and for a difference between groups.

Two kinds of threshold are kept apart, because they answer two questions (Dworkin 2009, Pain 146:238): how much less
pain matters to one patient (within-patient), and how large a difference between groups is worth having
(between-group). A function that compares with one kind refuses the other.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from analysis import _validate
from analysis.text import number

WITHIN, BETWEEN = "within-patient", "between-group"
POINTS, PERCENT = "points", "percent of baseline"
_MM = 10.0  # mm on a line of 100 in a point of 10
_INSTEAD = {
    WITHIN: "translate_responders(trials, threshold) gives the share of people who reach it",
    BETWEEN: "share_beyond(pooled, threshold) gives the share of trials whose difference lies beyond it",
}


@dataclass(frozen=True)
class Threshold:
    """One threshold of important change or difference.

    Attributes
    ----------
    value : float or None
        Points on 0-10, or percent of baseline; None for a range, see :meth:`at`.
    kind : {"within-patient", "between-group"}
    unit : {"points", "percent of baseline"}
    source, label, scale : str
        Author and year, what the threshold is called, and the scale it was found on.
    low, high : float or None
        Ends of a range, in `unit`; otherwise both are `value`, or `high` is None for "at least".

    Examples
    --------
    >>> Threshold(2, "within-patient").words
    '2 points'
    """

    value: float | None
    kind: str
    unit: str = POINTS
    source: str = "own choice"
    label: str = ""
    scale: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self):
        _validate.option("kind", self.kind, (WITHIN, BETWEEN))
        _validate.option("unit", self.unit, (POINTS, PERCENT))
        largest = 10 if self.unit == POINTS else 100
        numbers = [x for x in (self.value, self.low, self.high) if x is not None]
        if self.value is None and None in (self.low, self.high):
            raise ValueError("a threshold without a value is a range; give both low and high")
        if not all(isinstance(x, int | float | np.number) and 0 < x <= largest for x in numbers):
            raise ValueError(
                f"value={self.value!r}: a threshold in {self.unit} lies above 0 and is at most {largest}; "
                "give the size of the change without a sign"
            )

    @property
    def words(self):
        """The threshold as text, such as "2 points", "30% of baseline" or "1.2 to 3.9 points"."""
        ends = (self.low, self.high) if self.value is None else (self.value,)
        size = " to ".join(number(x, next(d for d in range(4) if d == 3 or round(x, d) == x)) for x in ends)
        unit = "% of baseline" if self.unit == PERCENT else " point" if self.value == 1 else " points"
        return size + unit

    def at(self, value):
        """Return the threshold with one value chosen from its range.

        Parameters
        ----------
        value : float
            Between `low` and `high`, in `unit`.

        Returns
        -------
        Threshold

        Raises
        ------
        ValueError
            If the value is outside the range.
        """
        low = self.value if self.low is None else self.low
        high = self.high if self.high is not None else low if self.low is None else math.inf
        if not (low is not None and low <= value <= high):
            raise ValueError(f"{value!r} is not in the range of the threshold, {self.words} ({self.source})")
        return replace(self, value=value)


def threshold(thresholds, *, kind, source=None, label=None, unit=None):
    """Choose one published threshold from a table.

    Parameters
    ----------
    thresholds : pandas.DataFrame
        From :func:`analysis.read_thresholds`: the columns of ``data/mcid.csv``.
    kind : {"within-patient", "between-group"}
        Must be said: the two are not interchangeable.
    source : str, optional
        First author, or author and year: "Farrar", "Olsen 2018".
    label : str, optional
        Part of the label, such as "substantial".
    unit : {"points", "percent of baseline"}, optional
        Millimetres of 100 count as points, and are divided by 10.

    Returns
    -------
    Threshold

    Raises
    ------
    ValueError
        If no row or several rows fit (the message lists them), or the source gives no value.

    Examples
    --------
    >>> from analysis import read_thresholds
    >>> table = read_thresholds("data/mcid.csv")
    >>> threshold(table, kind="between-group", source="Busse").words
    '1 point'
    >>> threshold(table, kind="within-patient", source="Farrar", unit="percent of baseline").words
    '30% of baseline'
    """
    _validate.option("kind", kind, (WITHIN, BETWEEN))
    if unit is not None:
        _validate.option("unit", unit, (POINTS, PERCENT))
    names = thresholds["source"] + " " + thresholds["year"].astype(float).map("{:.0f}".format)
    keep = thresholds["kind"] == kind
    if source is not None:
        keep &= (names == source) | (thresholds["source"] == source)
    if label is not None:
        keep &= thresholds["label"].str.contains(label, case=False, regex=False, na=False)
    if unit is not None:
        keep &= (thresholds["unit"] == PERCENT) == (unit == PERCENT)
    rows = thresholds[keep]
    if len(rows) != 1:
        among = rows if len(rows) else thresholds
        listed = "; ".join(
            f"{names[i]}, {row['kind']}, {row['label']} ({row['value_low']:g} {row['unit']})"
            for i, row in among.iterrows()
        )
        wanted = f"kind={kind!r}, source={source!r}, label={label!r}, unit={unit!r}"
        raise ValueError(f"{len(rows) or 'no'} thresholds fit {wanted}; narrow the choice to one of: {listed}")
    return _from_row(rows.iloc[0], names[rows.index[0]])


def _from_row(row, name):
    low, high = (float(row[end]) for end in ("value_low", "value_high"))
    if math.isnan(low):
        raise ValueError(f"{name} gives no value ({row['note']}); choose another source")
    factor = _MM if row["unit"] == "mm" else 1.0
    low, high = low / factor, None if math.isnan(high) else high / factor
    value = low if high is None or high == low else None
    unit = PERCENT if row["unit"] == PERCENT else POINTS
    return Threshold(value, row["kind"], unit, name, row["label"], row["scale"], low, high)


def require(wanted, kind, purpose):
    """Refuse a threshold that is not of the kind a comparison needs, or has no single value.

    Parameters
    ----------
    wanted : Threshold
        What the user gave.
    kind : {"within-patient", "between-group"}
        What the comparison needs.
    purpose : str
        What is compared with it, the subject of the message.

    Raises
    ------
    ValueError
        Saying why, and what to use instead.
    """
    if not isinstance(wanted, Threshold):
        raise ValueError(
            f"threshold={wanted!r} does not say whether it is within-patient or between-group; choose one with "
            f"threshold(table, kind={kind!r}, ...), or give Threshold(value, {kind!r})"
        )
    if wanted.kind != kind:
        raise ValueError(
            f"{purpose} must not be read against a {wanted.kind} threshold ({wanted.words}, {wanted.source}): what "
            "matters to one patient and what difference between groups is worth having are two distinct questions "
            f"(Dworkin 2009, Pain 146:238). Choose a {kind} threshold; for this one, {_INSTEAD[wanted.kind]}"
        )
    if wanted.value is None:
        raise ValueError(
            f"{wanted.source} gives a range, {wanted.words}; choose one value from it with threshold.at(value)"
        )
