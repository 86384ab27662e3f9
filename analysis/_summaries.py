"""Checks of the numbers read from papers: means, SDs, counts, intervals; every problem is reported at once.

NaN means unknown: it passes, and what is computed from it is NaN.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

_LISTED = 20
_REMEDY = "correct the value, or give NaN where it is not known"


class _Rule(NamedTuple):
    good: object
    text: str


def _finite(text):
    return _Rule(np.isfinite, text)


def _people(least):
    return _Rule(lambda x: (x >= least) & (x < np.inf), f"the number of people must be finite and at least {least}")


# The part of a name before the underscore decides: sd_t and sd_pre are SDs.
_RULES = {
    "mean": _finite("a mean must be finite"),
    "median": _finite("a median must be finite"),
    "q1": _finite("a quartile must be finite"),
    "q3": _finite("a quartile must be finite"),
    "smallest": _finite("the smallest value must be finite"),
    "largest": _finite("the largest value must be finite"),
    "low": _finite("the limit of an interval must be finite"),
    "high": _finite("the limit of an interval must be finite"),
    "estimate": _Rule(
        lambda x: np.isfinite(x) & (x != 0),
        "the estimate must be finite and not 0: zero tells nothing of its error",
    ),
    "difference": _Rule(
        lambda x: np.isfinite(x) & (x != 0),
        "the difference must be finite and not 0: zero tells nothing of the SD",
    ),
    "t": _Rule(lambda x: np.isfinite(x) & (x != 0), "t must be finite and not 0"),
    "sd": _Rule(lambda x: (x >= 0) & (x < np.inf), "an SD must be finite and at least 0"),
    "se": _Rule(lambda x: (x >= 0) & (x < np.inf), "a standard error must be finite and at least 0"),
    "n": _people(1),
    "events": _Rule(lambda x: (x >= 0) & (x < np.inf), "events must be finite and at least 0"),
    "df": _Rule(lambda x: x > 0, "degrees of freedom must be positive"),
    "correlation": _Rule(lambda x: np.abs(x) <= 1, "a correlation must lie between -1 and 1"),
    "level": _Rule(lambda x: (x > 0) & (x < 1), "a level must lie between 0 and 1, 0.95 for 95%"),
    "pvalue": _Rule(lambda x: (x > 0) & (x < 1), "a p-value must lie between 0 and 1, both excluded"),
}


def checked(*relations, least_n=1, **values):
    """Return the values as floats, numbers or arrays of one shape; ValueError lists all that break a rule.

    A relation is a pair of names, ``("events_t", "n_t")``: the first must not exceed the second wherever both
    are known. The values must broadcast.
    """
    arrays, problems = {}, []
    for name, value in values.items():
        arrays[name], bad = _as_float(name, value)
        problems += bad
    if not problems:
        problems = _shape_problem(arrays)
    if not problems:
        for name, x in arrays.items():
            problems += _value_problems(name, x, least_n)
        for lower, upper in relations:
            problems += _relation_problems(lower, upper, arrays)
    fail(problems)
    return [x[()] for x in np.broadcast_arrays(*arrays.values())]


def fail(problems):
    """Raise ValueError listing the problems, if there are any."""
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the numbers given:"
        more = [f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
        raise ValueError("\n  ".join([count, *problems[:_LISTED], *more]))


def amount(name, value):
    """Return `value` as float; raise ValueError unless it is one finite number of at least 0."""
    try:
        number = float(value) if not isinstance(value, (str, bytes)) else np.nan
    except (TypeError, ValueError):
        number = np.nan
    if not 0 <= number < np.inf:
        raise ValueError(f"{name}={value!r} must be one finite number of at least 0")
    return number


def place(at, shape):
    """Put the index of an entry into words: "trial 3", "row 2, trial 3", or nothing for a single number."""
    words = [f"row {i + 1}" for i in at[:-1]] + [f"trial {i + 1}" for i in at[-1:]]
    return f", {', '.join(words)}" if shape else ""


def correction(df):
    """Exact correction of a standardized effect for bias, by the df of its SD; NaN where df is 1 or less.

    Hedges 1981, J Educ Stat 6:107-128, doi 10.3102/10769986006002107.
    """
    df = np.where(np.asarray(df) > 1, df, np.nan)
    return (np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))[()]


def _as_float(name, value):
    raw = np.asarray(value)
    if raw.dtype.kind in "fiub":
        return raw.astype(float), []
    raw = np.asarray(value, dtype=object)  # one text among numbers would turn them all into text
    out, problems = np.full(raw.shape, np.nan), []
    for at, entry in np.ndenumerate(raw):
        if entry is None or type(entry).__name__ in ("NAType", "NaTType"):
            continue
        try:
            out[at] = np.nan if isinstance(entry, (str, bytes)) else float(entry)
            wrong = isinstance(entry, (str, bytes))
        except (TypeError, ValueError):
            wrong = True
        if wrong:
            problems.append(f"{name}{place(at, raw.shape)}: {entry!r} is not a number; {_REMEDY}")
    return out, problems


def _shape_problem(arrays):
    try:
        np.broadcast_shapes(*(x.shape for x in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {x.shape}" for name, x in arrays.items() if x.shape)
        return [f"the arrays do not fit together: {shapes}; give one value per trial, or one for all"]
    return []


def _value_problems(name, x, least_n):
    kind = name.partition("_")[0]
    rule = _people(least_n) if kind == "n" else _RULES[kind]
    wrong = ~(rule.good(x) | np.isnan(x))
    if not wrong.any():
        return []
    return [
        f"{name}{place(at, x.shape)}: {float(x[tuple(at)])!r}, but {rule.text}; {_REMEDY}"
        for at in np.argwhere(wrong).tolist()
    ]


def _relation_problems(lower, upper, arrays):
    a, b = np.broadcast_arrays(arrays[lower], arrays[upper])
    return [
        f"{lower}{place(at, a.shape)}: {float(a[tuple(at)])!r} exceeds {upper} = {float(b[tuple(at)])!r}; "
        "correct the one or the other"
        for at in np.argwhere(a > b).tolist()
    ]
