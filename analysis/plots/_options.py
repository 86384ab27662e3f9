"""The options that all figures share: what they may be, and how a function that draws takes them.

A function says with ``**options: Unpack[FigureOptions]`` that it takes them, and never sees them: its decorator checks
them and puts them into force beside the theme, where page and axis read them.
"""

import difflib
import inspect
import itertools
import math
from numbers import Integral, Real

import numpy as np

from analysis import _check
from analysis._types import FigureOptions, LevelOptions, PageOptions, RowOptions

TAKEN = {f"Unpack[{each.__name__}]": each for each in (PageOptions, LevelOptions, FigureOptions, RowOptions)}
# Arguments that figures have of their own may be read beside the common options: "" as a title, None as a prediction.
PREDICTIONS = {"forest": ("bar", "diamond", "density")}  # how others than forest draw it: as a bar
MOST = 100  # ticks or lines of an axis
MOST_DIGITS = 12  # decimals of a number
SINGLE = "null compact footer dpi title prediction xlabel digits measure".split()
DEFAULTS = {
    "xlim": None,
    "ticks": None,
    "xlabel": None,
    "null": "measure",
    "lines": (),
    "compact": False,
    "footer": True,
    "dpi": 150,
    "title": None,
    "prediction": "bar",
    "overall": True,
    "trials": True,
}


def signature_of(draw):
    """Return the signature of a function as help and editors show it, with the common options by their names."""
    signature = inspect.signature(draw)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    taken = [TAKEN[each.annotation] for each in signature.parameters.values() if each.kind is each.VAR_KEYWORD]
    common = [
        inspect.Parameter(name, own[-1].KEYWORD_ONLY, default=DEFAULTS[name], annotation=of.__forward_arg__)
        for options in taken
        for name, of in options.__annotations__.items()
    ]
    return signature.replace(parameters=[*own, *common])


def in_force(name, known, given):
    """Return the options of a call of the function ``name``, checked; ``known`` are the names of its arguments."""
    if unknown := [each for each in given if each not in known]:
        near = difflib.get_close_matches(unknown[0], known, 1, 0.6)
        perhaps = f"did you mean {near[0]}? " if near else ""
        raise TypeError(f"{name} has no argument {unknown[0]!r}; {perhaps}it takes {', '.join(known)}")
    _check.single(**{each: value for each, value in given.items() if each in SINGLE})
    predictions = (*PREDICTIONS.get(name, ("bar",)), None)
    if given.get("prediction") not in predictions and "prediction" in given:
        known = ", ".join(map(repr, predictions))
        raise ValueError(f"prediction is {given['prediction']!r}; it must be one of {known}")
    checked = {each: CHECKS.get(each, _as_given)(each, value) for each, value in given.items()}
    return DEFAULTS | {each: value for each, value in checked.items() if each in DEFAULTS}


def _as_given(name, value):
    return value


def _number(name, value, also=""):
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; give a finite number{also}")
    return float(value)


def _numbers(name, value):
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise ValueError(f"{name} is {value!r}; give a sequence of numbers")
    value = tuple(itertools.islice(value, MOST + 1))
    if len(value) > MOST:
        raise ValueError(f"{name} has more than {MOST} values, more than an axis has room for; give fewer")
    return tuple(_number(f"a value of {name}", each) for each in value)


def _limits(name, value):
    if value is None:
        return None
    low, high = ends if len(ends := _numbers(name, value)) == 2 else (0.0, 0.0)
    if not low < high:
        raise ValueError(f"{name} is {value!r}; give two numbers, the lower one first")
    return low, high


def _ticks(name, value):
    return None if value is None else tuple(sorted(set(_numbers(name, value))))


def _null(name, value):
    return value if value is None or value == "measure" else _number(name, value, ', None or "measure"')


def _lines(name, value):
    """Return (name, value) of every line."""
    if isinstance(value, Real):
        value = (value,)
    named = value.items() if hasattr(value, "items") else [("", each) for each in _numbers(name, value)]
    return tuple((str(called), _number(f"a value of {name}", each)) for called, each in named)


def _truth(name, value):
    if not (isinstance(value, (Real, np.bool_)) and value in (True, False)):
        raise ValueError(f"{name} is {value!r}; it must be True or False")
    return bool(value)


def _overall(name, value):
    """Return whether an overall result is drawn; ``steps_forest`` takes the result itself, or None."""
    return True if value is None or hasattr(value, "estimate") else _truth(name, value)


def _digits(name, value):
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if value is not None and not (whole and 0 <= value <= MOST_DIGITS):
        raise ValueError(f"{name} is {value!r}; give a whole number from 0 to {MOST_DIGITS}")
    return value


def _dpi(name, value):
    if not 0 < _number(name, value):
        raise ValueError(f"{name} is {value!r}; dots per inch are more than 0")
    return float(value)


def _text(name, value):
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}; give a text")
    return value


def _directions(name, value):
    pair = isinstance(value, (tuple, list)) and len(value) in (0, 2) and all(isinstance(each, str) for each in value)
    if not pair and value not in (None, "effects", ""):
        raise ValueError(f"{name} is {value!r}; give the words at both ends of the axis, or None")
    return value


def _width(name, value):
    return value if value is None or isinstance(value, str) else _number(name, value)


CHECKS = {
    "digits": _digits,
    "xlim": _limits,
    "ticks": _ticks,
    "xlabel": _text,
    "null": _null,
    "lines": _lines,
    "compact": _truth,
    "trials": _truth,
    "footer": _truth,
    "overall": _overall,
    "dpi": _dpi,
    "title": _text,
    "note": _text,
    "favours": _directions,
    "width_mm": _width,
}
