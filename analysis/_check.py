"""Checks of arguments: the studies and options given to a model, and the numbers read from papers.

Every problem is reported at once, with the place where it stands. In numbers read from papers NaN means unknown: it
passes, and what is computed from it is NaN.
"""

import math
import re
import sys
import warnings
from collections import Counter
from collections.abc import Mapping, Set
from difflib import get_close_matches
from unicodedata import normalize

import numpy as np

# Squares of larger outcomes, and weights of variances outside the next two, would overflow in a sum over studies.
_OUTCOME = 1e30
_SMALLEST, _LARGEST = 1e-60, 1e60
# Beyond these ratios a likelihood is lost in rounding: of the largest variance to the smallest, and of an outcome to
# the smallest standard error.
_SPAN, _DIGITS = 1e14, 1e10
_LISTED = 20
# How many labels a message names.
_NAMED = 5
#: A level below this is meant as alpha, 1 minus the level.
LEAST_LEVEL = 0.5
#: The smallest p value of random arrangements is 1 / (n + 1), here 0.05.
FEWEST_ARRANGEMENTS = 19
#: More people than any study has.
MOST_PEOPLE = 1e7
# Elements that stay in cache while their extremes are found.
_AT_ONCE = 1 << 16

_REMEDIES = {
    "yi": "correct the outcome or leave the study out",
    "vi": "give the squared standard error or leave the study out",
    "se": "give the standard error or leave the study out",
}
_MUST = {
    "yi": "outcomes must be finite numbers",
    "vi": "sampling variances must be positive and finite",
    "se": "standard errors must be positive and finite",
}
_REMEDY = "correct the value, or give NaN where it is not known"

# What to do with a result that a function does not know, by its class: this room can name no class of those above.
STRANGERS = {
    "MultilevelEffect": "its effects share trials and are not independent; give one effect of each trial, or take "
    "trials out with leave_one_out(result); forest draws it",
    "MultilevelRegression": "its effects differ by moderators and share trials; give effects of one kind, one of each "
    "trial, or fit pool_multilevel to other rows of the table",
    "PooledCounts": "it pools counts; give the effects that analysis.effects.log_risk_ratio, log_odds_ratio or "
    "risk_difference makes of them",
    "MetaRegression": "its studies differ by moderators; give the effects themselves to ignore these, or fit "
    "meta_regression to other rows of the table",
    "PosteriorEffect": "it has prior distributions; give the effects themselves, or other ones to pool_bayes",
    "BivariateEffect": "it has two outcomes of each trial; give the effects of one of them",
    "PooledSubgroups": "give its .overall, or one of its .groups",
    "PooledArms": "give its .contrast, .placebo or .treatment",
    "Responders": "give its .ratio or its .difference",
}
_FORMS = "give yi with vi or se, a DataFrame with these columns, EffectSizes or a PooledEffect"

# What no file of text can hold, or no reader see: control characters other than line breaks and tabs, halves of pairs,
# and what is no character.
UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

# The types of pandas.NA and pandas.NaT, known by name: pandas itself is not loaded for a check.
_UNKNOWN = ("NAType", "NaTType")
# What is no name, as text.
_NO_NAMES = ("None", "nan", "NaT", "<NA>")


def _is_level(x):
    return (x >= LEAST_LEVEL) & (x < 1)


def _is_positive_share(x):
    return (x > 0) & (x < 1)


def _is_amount(x):
    return (x >= 0) & (x < np.inf)


def _is_not_zero(x):
    return np.isfinite(x) & (x != 0)


# What a number must be, and the words for it. The part of a name before the underscore decides: sd_pre is an SD.
_RULES = {
    "mean": (np.isfinite, "a mean must be finite"),
    "median": (np.isfinite, "a median must be finite"),
    "q1": (np.isfinite, "a quartile must be finite"),
    "q3": (np.isfinite, "a quartile must be finite"),
    "smallest": (np.isfinite, "the smallest value must be finite"),
    "largest": (np.isfinite, "the largest value must be finite"),
    "low": (np.isfinite, "the limit of an interval must be finite"),
    "high": (np.isfinite, "the limit of an interval must be finite"),
    "estimate": (_is_not_zero, "the estimate must be finite and not 0: zero tells nothing of its error"),
    "difference": (_is_not_zero, "the difference must be finite and not 0: zero tells nothing of the SD"),
    "t": (_is_not_zero, "t must be finite and not 0"),
    "sd": (_is_amount, "an SD must be finite and at least 0"),
    "se": (_is_amount, "a standard error must be finite and at least 0"),
    "events": (_is_amount, "events must be finite and at least 0"),
    "time": (lambda x: (x > 0) & (x < np.inf), "a time must be finite and above 0"),
    "r": (lambda x: np.abs(x) <= 1, "a correlation must lie between -1 and 1"),
    "df": (lambda x: x > 0, "degrees of freedom must be positive"),
    "correlation": (lambda x: np.abs(x) <= 1, "a correlation must lie between -1 and 1"),
    "level": (_is_level, "a level must lie between 0.5 and 1, 0.95 for 95%"),
    "pvalue": (_is_positive_share, "a p-value must lie between 0 and 1, both excluded"),
}


def option(name, value, allowed):
    """Raise ValueError unless `value` is one of the names `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name}={value!r} is not known; use one of " + ", ".join(map(repr, allowed)))


def single(**options):
    """Raise ValueError for an option of one value that is given several."""
    for name, value in options.items():
        if hasattr(value, "__len__") and not isinstance(value, str) and getattr(value, "shape", None) != ():
            raise ValueError(f"{name} is {kind(value)}; give one value")


def unlike_columns(table, called):
    """Raise ValueError where two columns of a table have one name, of which either could be meant."""
    if not table.columns.is_unique:
        [twice, *_] = table.columns[table.columns.duplicated()]
        raise ValueError(f"{called}: two columns are named {twice!r}; rename one of them")


def several(name, value, what):
    """Raise ValueError unless `value` holds any number of `what`."""
    if not hasattr(value, "__iter__"):
        raise ValueError(f"{name} is {value!r}; give a sequence of {what}")


def enough(to, k, least):
    """Raise ValueError if the function `to` has fewer than so many studies."""
    if k < least:
        raise ValueError(f"{to}() needs {least} studies or more, and there {'is' if k == 1 else 'are'} {k}; give more")


def kind(value):
    """Return what a value is, with its article: "a list", "an EffectSizes"."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def refusal(stranger, to, give=""):
    """Say that the function `to` cannot use an object, and what to `give`; effects unless `STRANGERS` knows better."""
    name = type(stranger).__name__
    return f"{to}() cannot use {kind(stranger)}: {give or STRANGERS.get(name, _FORMS)}"


def table(value, name, columns, maker):
    """Raise TypeError unless `value`, the argument `name`, is a DataFrame, ValueError unless it has the columns."""
    if not hasattr(value, "columns"):
        raise TypeError(f"{name} is {kind(value)}; pass the table that {maker} returns")
    if missing := [column for column in columns if column not in value]:
        raise ValueError(f"{name} has no column {', '.join(map(str, missing))}; pass the table that {maker} returns")
    unlike_columns(value, name)


def meant(name, known):
    """Return the names that a misspelt one may mean, in brackets, "" for none."""
    near = get_close_matches(str(name), list(map(str, known)), cutoff=0.5)
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""


def keywords(function, given, known):
    """Raise TypeError for keyword arguments that `function`, which hands them on, does not know."""
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            perhaps = f"; did you mean {near[0]!r}?" if near else f"; it knows {', '.join(known)}"
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{perhaps}")


def level(value, name="confidence_level"):
    """Return `value` as float; raise ValueError unless it is a number from 0.5 to below 1."""
    number = _number(value)
    if number is None or not 0 < number < 1:
        hint = "; give a fraction, 0.95 for 95%" if number is not None and number >= 1 else ""
        raise ValueError(f"{name}={value!r} must be a number between 0 and 1, both excluded{hint}")
    if number < LEAST_LEVEL:
        raise ValueError(
            f"{name}={value!r} is of an interval that is more often wrong than right; give {1.0 - number:g} "
            "(statsmodels asks for alpha, 1 minus the level)"
        )
    return number


def fixed_tau2(value):
    """Return `value` as float, or None; raise ValueError unless it is finite and at least 0."""
    number = None if value is None else _number(value)
    if value is not None and (number is None or not 0 <= number <= _LARGEST):
        raise ValueError(f"tau2={value!r} must be a finite number of at least 0, or None to estimate it")
    return number


def amount(name, value):
    """Return `value` as float; raise ValueError unless it is one finite number of at least 0."""
    number = _number(value)
    if number is None or not 0 <= number < np.inf:
        raise ValueError(f"{name}={value!r} must be one finite number of at least 0")
    return number


def number(name, value):
    """Return `value` as float; raise ValueError unless it is one finite number."""
    found = _number(value)
    if found is None or not np.isfinite(found):
        raise ValueError(f"{name}={value!r} must be one finite number")
    return found


def whole(name, value):
    """Raise ValueError unless `value` is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}={value!r} must be a whole number of at least 1")


def samples(name, value, confidence_level, signs=1):
    """Raise ValueError unless so many samples, each with so many `signs`, tell an interval: one lies beyond a limit."""
    bounded(name, value)
    fewest = math.ceil(round(2.0 / (1.0 - confidence_level) / signs, 6))
    if value < fewest:
        raise ValueError(
            f"{name}={value!r} is too few for an interval that holds {100.0 * confidence_level:g}% of them; give "
            f"{fewest} or more, so that one lies beyond either limit, and thousands where the limits are printed"
        )


def bounded(name, value, most=10_000_000, than="memory holds"):
    """Raise ValueError unless it is a whole number that memory and patience hold."""
    whole(name, value)
    if value > most:
        raise ValueError(f"{name}={value!r} is more than {than}; give {most:,} or fewer")


def arrangements(name, value):
    """Raise ValueError unless so many arrangements at random can have a p value of 0.05."""
    bounded(name, value)
    if value < FEWEST_ARRANGEMENTS:
        raise ValueError(
            f"{name}={value!r} is too few: no p value of so many is below {1.0 / (value + 1):.2g}; give "
            f"{FEWEST_ARRANGEMENTS} or more, thousands where the p value is printed"
        )


def generator(**given):
    """Return the source of random numbers that `seed=` or `rng=` is, or begins; ValueError for what is neither."""
    ((name, value),) = given.items()
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return np.random.default_rng(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}={value!r} must be a whole number of at least 0, or a numpy.random.Generator"
        ) from error


def _number(value):
    """`value` as float, or None if it is not a real number; a number written as text is not one."""
    if isinstance(value, (str, bytes, bool, np.bool_, complex, np.complexfloating, np.datetime64, np.timedelta64)):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
    # Of a whole number with more than 308 digits.
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def study_labels(labels, k):
    """Labels as a tuple of `k` str; "Study 1" and so on where none are given."""
    # A text would be taken apart, and a set has no order.
    if isinstance(labels, (str, bytes, set, frozenset)) or not (labels is None or hasattr(labels, "__iter__")):
        raise ValueError(f"labels={labels!r} must be a list of names, one for each study in its order")
    if labels is None:
        return tuple(f"Study {i + 1}" for i in range(k))
    given = tuple(labels)
    if len(given) != k:
        raise ValueError(f"there are {len(given)} labels for {k} studies; give one label for each study")
    names = tuple(map(as_text, given))
    complaints = [
        f"study {i + 1}: {name or 'a blank'} is no label; name the study"
        if not name or (not isinstance(of, str) and name in _NO_NAMES)
        else unprintable(f"study {i + 1}: the label", name)
        for i, (of, name) in enumerate(zip(given, names, strict=True))
    ]
    fail(list(filter(None, complaints)), "the labels")
    return names


# Beyond it not every whole number is a float, and none is the name of a group.
_WHOLE = 1e15


def as_text(name):
    """A name as text, no blanks around it; a whole number, which a column with gaps holds as a float, has no point."""
    whole = isinstance(name, float | np.floating) and float(name).is_integer() and abs(name) < _WHOLE
    return str(int(name)) if whole else str(name).strip()


def unprintable(where, text):
    """Say which character of a text no file can print, "" where all can be printed."""
    found = None if text.isprintable() else UNPRINTABLE.search(text)
    remedy = "take it out, or read the text in the encoding in which it was saved"
    return f"{where} {text!r} holds {found[0]!r}, which no file can print; {remedy}" if found else ""


def texts(named):
    """Raise ValueError for texts that no file can print, among arguments and in those that hold texts."""
    fail([each for name, value in named.items() for each in _unprintable_in(name, value)], "the texts given")


def _unprintable_in(name, value):
    if isinstance(value, str):
        return filter(None, [unprintable(f"{name}:", value)])
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return [each for part in inside for each in _unprintable_in(name, part)]


def same_shape(yi, vi, ndim, shape):
    """Raise ValueError unless yi and vi are `ndim`-dimensional, of one shape and not empty."""
    yi, vi = np.asarray(yi), np.asarray(vi)
    for name, x in (("yi", yi), ("vi", vi)):
        if x.ndim != ndim:
            raise ValueError(f"{name} has {x.ndim} dimensions, but the shape must be {shape}")
    if yi.shape != vi.shape:
        sizes = f"{len(yi)} and {len(vi)} values" if ndim == 1 else f"the shapes {yi.shape} and {vi.shape}"
        raise ValueError(f"yi and vi have {sizes}; give one variance for each outcome")
    if not yi.size:
        raise ValueError("there are no studies: yi and vi are empty; give at least one study")


def check(raw_yi, raw_vi, where, absent_allowed=False, spread="vi"):
    """Outcomes and variances as float arrays; ValueError names every entry that cannot be pooled.

    ``where(index)`` puts an entry into words. With `absent_allowed`, a study whose yi and vi are both NaN is
    absent. With `spread` "se", standard errors are given in place of variances.
    """
    (yi, other_yi), (vi, other_vi) = floats_and_others(raw_yi), floats_and_others(raw_vi)
    if spread == "se":
        vi = squared(vi)
    if all_good(yi, vi):
        return yi, vi
    good_yi, good_vi = good(yi, vi)
    if absent_allowed and not (good_yi.all() and good_vi.all()):
        absent = np.isnan(yi) & np.isnan(vi)
        # A text tells that something was printed.
        for at, entry in (*other_yi, *other_vi):
            absent[at] &= _is_unknown(entry)
        good_yi, good_vi = good_yi | absent, good_vi | absent
    if not (good_yi.all() and good_vi.all()):
        raw = {"yi": np.asarray(raw_yi, dtype=object), spread: np.asarray(raw_vi, dtype=object)}
        # Study by study, the outcome before its variance: so a reader goes through the table once.
        bad = [(tuple(at), "yi") for at in np.argwhere(~good_yi).tolist()]
        bad = sorted(bad + [(tuple(at), spread) for at in np.argwhere(~good_vi).tolist()], key=lambda entry: entry[0])
        fail([f"{where(at)}: {complaint(name, raw[name][at])}" for at, name in bad], "the studies to pool")
    return yi, vi


def span(yi, vi, where, to):
    """Raise ValueError where checked studies (k,) or (k, n), NaN where absent, are lost in rounding by `to`."""
    v = np.where(np.isnan(vi), np.inf, vi)
    y, large = np.where(np.isnan(vi), 0.0, np.abs(yi)), np.where(np.isnan(vi), 0.0, vi)
    small = v.min(axis=0)
    far, wide = y.max(axis=0) > _DIGITS * np.sqrt(small), large.max(axis=0) > _SPAN * small
    problems = []
    for column in map(tuple, np.argwhere(far | wide).tolist()):

        def say(x, i, name, column=column):
            at = (int(i[column]), *column)
            return f"{where(at)}: {name} = {float(x[at])!r}"

        least = say(v, v.argmin(axis=0), "vi")
        if wide[column]:
            problems.append(f"{least}, and {say(large, large.argmax(axis=0), 'vi')}, over {_SPAN:g} times as large")
        if far[column]:
            most = say(yi, y.argmax(axis=0), "yi")
            problems.append(f"{least}, whose root is less than {1 / _DIGITS:g} of the effect of {most}")
    remedy = "correct the standard error, or leave the study out"
    fail([f"{each}; {remedy}" for each in problems], f"the variances, too far apart for {to}")


def squared(se):
    """Variances of standard errors; NaN for a negative one, which must not pass because its square would."""
    # One whose square overflows is too extreme.
    with np.errstate(over="ignore"):
        return np.where(se > 0, se**2, np.nan)


def good(yi, vi):
    """Boolean arrays: which outcomes and which variances can be pooled."""
    return np.abs(yi) <= _OUTCOME, (vi >= _SMALLEST) & (vi <= _LARGEST)


def all_good(yi, vi):
    """Whether all outcomes and variances can be pooled: by the extremes, which are fast to find."""
    for start in range(0, len(yi), _AT_ONCE):
        y, v = (x[start : start + _AT_ONCE] for x in (yi, vi))
        # NaN is no extreme that passes.
        if not (-_OUTCOME <= y.min() and y.max() <= _OUTCOME and v.min() >= _SMALLEST and v.max() <= _LARGEST):
            return False
    return True


def is_pandas(values, *kinds):
    """Whether an object is of pandas, which is not loaded for the question."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(values, tuple(getattr(pandas, kind) for kind in kinds))


# What a table that a result was made into calls its rows that are no studies, in the column kind.
_NO_STUDIES = {"summary": "a pooled result", "prediction": "a new study"}


def no_results(table):
    """Raise ValueError for a table of a result that has rows beside its studies, as a file of `to_frame()` has."""
    if not {"kind", "yi", "label"} <= set(table):
        return
    rows = np.flatnonzero(table["kind"].isin(list(_NO_STUDIES)))
    if rows.size:
        label, kind = table[["label", "kind"]].iloc[rows[0]]
        raise ValueError(
            f"row {rows[0] + 1} ({label}) is {_NO_STUDIES[kind]}, as its kind {kind!r} says, and no study: "
            f"give table[~table['kind'].isin({sorted(set(table['kind'].iloc[rows]))})]"
        )


# The name of an index of the labels of a result.
OF_RESULT = "label of the result"
# The exponential of a larger number is beyond double precision.
_LARGEST_LOG = 700


def paired(values, name, index, of="yi"):
    """Return values in the order of the effects: those of pandas by their index, all others as they stand.

    Parameters
    ----------
    values : array_like
        One value for each effect; of a DataFrame the rows are paired.
    name : str
        What they are called, for the message.
    index : pandas.Index or None
        That of the effects.
    of : str, optional
        What has that index, for the message.

    Notes
    -----
    An index of the name `OF_RESULT` holds labels of a result, all that it knows of the table it is made of; rows that
    are only numbered are then taken as they stand, and so are those of a result without names, unless the rows are out
    of order.

    Raises
    ------
    ValueError
        If the indexes do not have the same labels, or differ in order and have one twice.

    Examples
    --------
    >>> import pandas as pd
    >>> paired(pd.Series([1, 2], index=["b", "a"]), "vi", pd.Index(["a", "b"])).tolist()
    [2, 1]
    """
    unmasked(values)
    if isinstance(values, Mapping | Set):
        raise ValueError(f"{name} is {kind(values)}, which has no order; give a list, or a Series by the index of {of}")
    if not (is_pandas(index, "Index") and is_pandas(values, "Series", "DataFrame")) or values.index.equals(index):
        return values
    counted = index.name == OF_RESULT and is_pandas(index, "RangeIndex")
    if counted and {*values.index.map(as_text)} == {*(names := study_labels(None, len(index)))}:
        index, counted = sys.modules["pandas"].Index(names, name=OF_RESULT), False
    if counted:
        if values.index.dtype.kind not in "iu" or values.index.is_monotonic_increasing:
            return values
        raise ValueError(
            f"the result has no names by which {name} could be paired, whose rows are in another order than they are "
            f"numbered in; give {name}.to_numpy() if they stand in the order of the result, or pool with labels="
        )
    if index.name == OF_RESULT:
        named = values.index.map(as_text)
        # A table that was turned round has its numbers turned round, and is told from one that is only numbered.
        if is_pandas(values.index, "RangeIndex") and values.index.step > 0 and set(named) != set(index):
            return values
        values = values.set_axis(named)
    own = values.index
    problems = [
        *(
            f"{called} has no {some(x)}"
            for called, x in ((name, index.difference(own, False)), (of, own.difference(index, False)))
            if len(x)
        ),
        *(
            f"{called} has {some(x[x.duplicated()].unique())} twice"
            for called, x in ((of, index), (name, own))
            if not x.is_unique
        ),
    ]
    if problems:
        raise ValueError(
            f"{of} and {name} are paired by their index, but their labels differ: {'; '.join(problems)}; give both the "
            f"same labels, or {name}.to_numpy(), which is paired by position"
        )
    return values.reindex(index)


def no_ratios(yi, vi):
    """Where logs are too large for their ratios, or the ends of their intervals, to be numbers."""
    with np.errstate(invalid="ignore"):
        return np.abs(yi) + 2 * np.sqrt(vi) > _LARGEST_LOG


def only_numbered(labels):
    """Whether labels are those of studies that nobody named: "Study 1" and so on, as they were counted."""
    found = [re.fullmatch(r"Study (\d+)", str(label)) for label in labels]
    at = [int(number[1]) for number in found if number]
    return len(at) == len(found) and at == sorted(at)


def few(names):
    """The first three names in words, and whether there are more."""
    return f"{', '.join(names[:3])}{' and others' * (len(names) > 3)}"


def some(labels, write=repr):
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return ", ".join(map(write, labels[:_NAMED].tolist())) + more


def sizes(given, studies):
    """Return the numbers of studies of meta-analyses as an array; ValueError unless they add up to `studies`."""
    found = np.asarray(given)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError(f"sizes={given!r} must be one whole number of studies for each meta-analysis")
    fail(
        [f"meta-analysis {j + 1}: {found[j]} studies; give 0 or more" for j in np.flatnonzero(found < 0).tolist()],
        "sizes",
    )
    if found.sum() != studies:
        raise ValueError(f"sizes adds up to {found.sum()} studies, but yi has {studies}; give each study to one")
    return found.astype(np.intp)


def complaint(name, value):
    """What is wrong with one outcome or variance, and the remedy."""
    number = _number(value)
    shown = repr(value if number is None else number)
    if number is None:
        return f"{name} = {shown} is not a number; {_REMEDIES[name]}"
    if np.isfinite(number) and (name == "yi" or number > 0):
        return f"{name} = {shown} is too extreme for double precision; use another unit"
    return f"{name} = {shown}, but {_MUST[name]}; {_REMEDIES[name]}"


def unknown(values):
    """Boolean array: which entries are blank, NaN, None or pandas.NA; a text is not."""
    x = as_floats(values)
    blank = np.isnan(x)
    for at, entry in floats_and_others(values)[1] if blank.any() else ():
        blank[at] = _is_unknown(entry)
    return blank


def as_floats(values):
    """`values` as a float array, NaN where an entry is not a number."""
    return floats_and_others(values)[0]


def unmasked(values):
    """Raise ValueError for an array of numpy with masked values, whose numbers would count all the same."""
    # Nullable arrays of pandas have a mask too, and blanks under it.
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError("a masked value is neither absent nor a number; leave the study out, or use NaN in pool_batch")


def nameless(values):
    """Boolean array: which names are missing, or blank as a cell of a spreadsheet is."""
    unmasked(values)
    return np.array([_is_unknown(name) or name != name or not str(name).strip() for name in values], dtype=bool)


def _is_unknown(entry):
    """Whether it is None, or what pandas has in its place; NaN is a number."""
    return entry is None or type(entry).__name__ in _UNKNOWN


def floats_and_others(values):
    """`values` as a float array, NaN where an entry is not a number, and a list of those entries with their index."""
    unmasked(values)
    raw = np.asarray(values)
    if raw.dtype.kind in "fiu":
        # Numbers of more than double precision may be too large for it.
        with np.errstate(over="ignore"):
            return raw.astype(float), []
    # As objects: in an array of any other type, one text among numbers turns them all into text.
    raw = np.asarray(values, dtype=object)
    numbers = [(at, value, _number(value)) for at, value in np.ndenumerate(raw)]
    out = np.array([np.nan if number is None else number for *_, number in numbers], dtype=float).reshape(raw.shape)
    return out, [(at, value) for at, value, number in numbers if number is None]


def as_names(values, where, *, of_studies=False):
    """Each value as text, one for each group; ValueError where two that differ, such as 1 and "1", read alike.

    Names `of_studies` may differ by letter case alone, as "2001a" and "2001A" do, and a warning tells of them.
    """
    names = {}
    for value in values:
        # True equals 1 and is another name.
        names.setdefault((isinstance(value, bool | np.bool_), value), as_text(value))
    given = [value for _, value in names]
    if alike := reads_alike(names.values()):
        raise ValueError(f"{where}: {_pairs(given, alike)} read alike; write them in one way")
    if alike := reads_alike(names.values(), case=True):
        told = f"{where}: {_pairs(given, alike)} differ by letter case alone"
        if not of_studies:
            raise ValueError(f"{told}; write them in one way")
        warn(f"{told}, and are taken for different ones; write them in one way if they are the same")
    return [names[isinstance(value, bool | np.bool_), value] for value in values]


def reads_alike(names, case=False):
    """Positions of texts that another one reads like: what nobody sees tells no two apart, nor `case` if it is asked.

    Blanks around a name are not seen, and the two ways to write a letter with an accent are one.
    """
    seen = [normalize("NFC", name).strip() for name in names]
    seen = [name.casefold() for name in seen] if case else seen
    count = Counter(seen)
    # A blank is refused as one.
    return [at for at, name in enumerate(seen) if name and count[name] > 1] if len(count) < len(seen) else []


def _pairs(values, at):
    return " and ".join(repr(values[i]) for i in at)


def warn(message, category=UserWarning):
    """Warn at the line of the user, the first outside this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("analysis."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def fail(problems, where="the numbers given"):
    """Raise ValueError listing the problems, if there are any."""
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {where}:"
        more = [f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
        raise ValueError("\n  ".join([count, *problems[:_LISTED], *more]))


def checked(*relations, least_n=1, **values):
    """Return the values as floats, numbers or arrays of one shape; ValueError lists all that break a rule.

    A relation is a pair of names, ``("events_t", "n_t")``: the first must not exceed the second wherever both
    are known. The values must broadcast; those of pandas are paired by their index.
    """
    first, index = next(((name, x.index) for name, x in values.items() if is_pandas(x, "Series")), ("", None))
    values = {name: paired(x, name, index, first) for name, x in values.items()}
    arrays, problems = {}, []
    for name, value in values.items():
        arrays[name], others = floats_and_others(value)
        problems += [
            f"{name}{place(at, arrays[name].shape)}: {entry!r} is not a number; {_REMEDY}"
            for at, entry in others
            if not _is_unknown(entry)
        ]
    if not problems:
        problems = _shape_problem(arrays)
    if not problems:
        for name, x in arrays.items():
            problems += _value_problems(name, x, least_n)
        for lower, upper in relations:
            problems += _relation_problems(lower, upper, arrays)
    fail(problems)
    return [x[()] for x in np.broadcast_arrays(*arrays.values())]


def people(**values):
    """Raise ValueError unless all known counts are whole, and none is of more people than a study can have."""
    problems = []
    for name, value in values.items():
        x = as_floats(value)
        for wrong, rule in ((np.mod(x, 1) > 0, "is not a whole number"), (x > MOST_PEOPLE, "is more than a study has")):
            problems += [
                f"{name}{place(at, x.shape)}: {float(x[tuple(at)])!r} {rule}" for at in np.argwhere(wrong).tolist()
            ]
    fail([f"{problem}; {_REMEDY}" for problem in problems], "the counts")


def _shape_problem(arrays):
    try:
        np.broadcast_shapes(*(x.shape for x in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {x.shape}" for name, x in arrays.items() if x.shape)
        return [f"the arrays do not fit together: {shapes}; give one value per trial, or one for all"]
    return []


def _value_problems(name, x, least_n):
    kind = name.removeprefix("baseline_").removeprefix("final_").partition("_")[0]
    allowed, rule = rule_of(kind, least_n)
    return [
        f"{name}{place(at, x.shape)}: {float(x[tuple(at)])!r}, but {rule}; {_REMEDY}"
        for at in np.argwhere(~(allowed(x) | np.isnan(x))).tolist()
    ]


def rule_of(kind, least_n=1):
    """What a number of a kind, such as "sd", must be: a test of an array, and the words for it."""
    if kind == "n":
        return lambda x: (x >= least_n) & (x < np.inf), f"the number of people must be finite and at least {least_n}"
    return _RULES[kind]


def _relation_problems(lower, upper, arrays):
    a, b = np.broadcast_arrays(arrays[lower], arrays[upper])
    return [
        f"{lower}{place(at, a.shape)}: {float(a[tuple(at)])!r} exceeds {upper} = {float(b[tuple(at)])!r}; "
        "correct the one or the other"
        for at in np.argwhere(a > b).tolist()
    ]


def place(at, shape):
    """Put the index of an entry into words: "trial 3", "row 2, trial 3", or nothing for a single number."""
    words = [f"row {i + 1}" for i in at[:-1]] + [f"trial {i + 1}" for i in at[-1:]]
    return f", {', '.join(words)}" if shape else ""
