"""Checks of the studies and options given to the pooling functions; every problem is reported at once."""

import numpy as np

_OUTCOME = 1e30  # larger outcomes, and variances outside the next two, would overflow when squared
_SMALLEST, _LARGEST = 1e-60, 1e60
_LISTED = 20

_REMEDY = {
    "yi": "correct the outcome or leave the study out",
    "vi": "give the squared standard error or leave the study out",
}


def option(name, value, allowed):
    """Raise ValueError unless `value` is one of the names `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name}={value!r} is not known; use one of " + ", ".join(map(repr, allowed)))


def level(value):
    """Return `value` as float; raise ValueError unless it is a number strictly between 0 and 1."""
    number = _number(value)
    if number is None or not 0 < number < 1:
        hint = "; give a fraction, 0.95 for 95%" if number is not None and number >= 1 else ""
        raise ValueError(f"confidence_level={value!r} must be a number between 0 and 1, both excluded{hint}")
    return number


def fixed_tau2(value):
    """Return `value` as float, or None; raise ValueError unless it is finite and at least 0."""
    number = None if value is None else _number(value)
    if value is not None and (number is None or not 0 <= number <= _LARGEST):
        raise ValueError(f"tau2={value!r} must be a finite number of at least 0, or None to estimate it")
    return number


def _number(value):
    """`value` as float, or None if it is not a real number; a number written as text is not one."""
    if isinstance(value, (str, bytes, complex, np.complexfloating, np.datetime64, np.timedelta64)):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _as_float(values):
    """`values` as a float array, NaN where an entry is not a number."""
    if np.ma.is_masked(values):
        raise ValueError("a masked value is neither absent nor a number; leave the study out, or use NaN in pool_batch")
    raw = np.asarray(values)
    if raw.dtype.kind in "fiub":
        return raw.astype(float, copy=False)
    raw = np.asarray(values, dtype=object)  # one text among numbers would turn them all into text
    out = np.full(raw.shape, np.nan)
    for at, value in np.ndenumerate(raw):
        number = _number(value)
        out[at] = np.nan if number is None else number
    return out


def _complaint(name, value):
    """What is wrong with one outcome or variance, and the remedy."""
    number = _number(value)
    shown = repr(value if number is None else number)
    if number is None:
        return f"{name} = {shown} is not a number; {_REMEDY[name]}"
    if np.isfinite(number) and (name == "yi" or number > 0):
        return f"{name} = {shown} is too extreme for double precision; use another unit"
    rule = "outcomes must be finite numbers" if name == "yi" else "sampling variances must be positive and finite"
    return f"{name} = {shown}, but {rule}; {_REMEDY[name]}"


def good(yi, vi):
    """Boolean arrays: which outcomes and which variances can be pooled."""
    return np.abs(yi) <= _OUTCOME, (vi >= _SMALLEST) & (vi <= _LARGEST)


def _fail(problems):
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the studies to pool:"
    more = [f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
    raise ValueError("\n  ".join([count, *problems[:_LISTED], *more]))


def check(raw_yi, raw_vi, where, absent_allowed=False):
    """Outcomes and variances as float arrays; ValueError names every entry that cannot be pooled.

    ``where(index)`` puts an entry into words. With `absent_allowed`, a study whose yi and vi are both NaN is
    absent.
    """
    yi, vi = _as_float(raw_yi), _as_float(raw_vi)
    good_yi, good_vi = good(yi, vi)
    if absent_allowed and not (good_yi.all() and good_vi.all()):
        absent = np.isnan(yi) & np.isnan(vi)
        good_yi, good_vi = good_yi | absent, good_vi | absent
    if not (good_yi.all() and good_vi.all()):
        raw = {"yi": np.asarray(raw_yi, dtype=object), "vi": np.asarray(raw_vi, dtype=object)}
        fine = {"yi": good_yi, "vi": good_vi}
        bad = sorted((*at, name) for name in raw for at in map(tuple, np.argwhere(~fine[name]).tolist()))
        bad.sort(key=lambda entry: (entry[:-1], entry[-1] == "vi"))
        _fail([f"{where(at)}: {_complaint(name, raw[name][tuple(at)])}" for *at, name in bad])
    return yi, vi


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


def study_labels(labels, k):
    """Labels as a tuple of `k` str; "Study 1" and so on where none are given."""
    names = tuple(f"Study {i + 1}" for i in range(k)) if labels is None else tuple(map(str, labels))
    if len(names) != k:
        raise ValueError(f"there are {len(names)} labels for {k} studies; give one label for each study")
    return names
