"""Pool two outcomes of the same trials together, such as the change in the placebo and in the treatment arms.

References
----------
van Houwelingen, Zwinderman & Stijnen 1993; van Houwelingen, Arends & Stijnen 2002,
doi 10.1002/sim.1040.
"""

import numpy as np

from analysis import _validate
from analysis.bivariate_fit import FULL, pairs, point, product
from analysis.bivariate_result import OUTCOMES, BivariateBatch, effect_of
from analysis.bivariate_search import maximum

METHODS = ("REML", "ML")
CI_METHODS = ("t", "z")
FEWEST_TRIALS = 3
_BLOCK = 1 << 16  # array elements worked on together
_NEARLY_ONE = 1e-9  # a correlation within trials this near to 1 leaves no variance to divide by
_SHAPES = {"estimates": (2,), "covariance": (2, 2), "between": (2, 2), "correlation": (), "log_likelihood": ()}


def pool_bivariate(y, v, *, covariance=None, method="REML", ci_method="t", confidence_level=0.95, labels=None):
    """Pool two outcomes of k trials by the bivariate random-effects model.

    The outcomes of trial i are normal around the means with covariance S_i + T: S_i within the trial, known; T
    between trials, estimated, so that trials where one outcome is truly larger may be those where the other is.

    Parameters
    ----------
    y : array, shape (k, 2)
        Both outcomes of each trial, such as the change in the placebo and in the treatment arm; NaN where absent.
        A trial with one outcome counts for that one.
    v : array, shape (k, 2)
        Their sampling variances, NaN where absent.
    covariance : array, shape (k,), optional
        Sampling covariance of both outcomes within each trial; 0 if left out, as for independent arms.
    method : {"REML", "ML"}
        The global maximum of the restricted or the full likelihood over all T, correlations of -1 and 1 and
        variances of 0 included.
    ci_method : {"t", "z"}
        Intervals on t with one degree of freedom less than trials, or normal.
    confidence_level : float
        Level of all intervals.
    labels : sequence of str, optional
        Names of the trials.

    Returns
    -------
    BivariateEffect

    Raises
    ------
    ValueError
        For outcomes, variances or covariances that cannot be pooled, fewer than three trials, an outcome that
        fewer than two trials have, or unknown options.

    References
    ----------
    van Houwelingen, Arends & Stijnen 2002, doi 10.1002/sim.1040.

    Examples
    --------
    >>> y = [[-1.4, -3.9], [0.3, -2.7], [-0.7, -0.9], [-4.9, -6.2], [-3.0, -3.4]]
    >>> fit = pool_bivariate(y, [[0.3, 0.2], [0.1, 0.1], [0.1, 0.1], [0.2, 0.2], [0.2, 0.1]])
    >>> [round(float(x), 2) for x in (*fit.estimates, fit.correlation, fit.difference.estimate, fit.difference.se)]
    [-1.94, -3.4, 0.83, -1.46, 0.57]
    """
    y = _two_columns(y, v)
    options = {"method": method, "ci_method": ci_method, "confidence_level": confidence_level, "labels": labels}
    fit = pool_bivariate_groups(y, v, np.ones((len(y), 1), dtype=bool), covariance=covariance, **options)[0]
    if fit is None:
        here = np.isfinite(np.asarray(v, dtype=float))
        first, second = here.sum(axis=0)
        raise ValueError(
            f"{here.any(axis=1).sum()} trials, {first} with the first outcome and {second} with the second, are too "
            f"few: the model needs {FEWEST_TRIALS} trials, and 2 with each outcome; pool each outcome by itself"
        )
    return fit


def pool_bivariate_groups(
    y, v, members, *, covariance=None, method="REML", ci_method="t", confidence_level=0.95, labels=None
):
    """Pool two outcomes of many sets of the same k trials at once, such as subgroups.

    Parameters
    ----------
    y, v, covariance, method, ci_method, confidence_level, labels
        As for `pool_bivariate`.
    members : array of bool, shape (k, n)
        Which trials belong to which set.

    Returns
    -------
    list of BivariateEffect or None
        One for each set; None where it has fewer than three trials, or fewer than two with either outcome.

    Raises
    ------
    ValueError
        As for `pool_bivariate`, but for too few trials.

    Examples
    --------
    >>> y = [[-1.4, -3.9], [0.3, -2.7], [-0.7, -0.9], [-4.9, -6.2]]
    >>> fits = pool_bivariate_groups(y, [[0.2, 0.2]] * 4, [[True, True], [True, True], [True, False], [True, False]])
    >>> fits[0].k, fits[1]
    (4, None)
    """
    _validate.option("ci_method", ci_method, CI_METHODS)
    level = _validate.level(confidence_level)
    y, v, members = _two_columns(y, v), np.asarray(v), np.asarray(members)
    if members.dtype != bool or members.shape[:1] != y.shape[:1] or members.ndim != 2:
        raise ValueError(f"members must be a boolean array of shape ({len(y)}, n), {len(y)} trials by n sets")
    names = _validate.study_labels(labels, len(y))

    def where(at):
        name = f"trial {at[0] + 1}" if labels is None else f"trial {at[0] + 1} ({names[at[0]]})"
        return name if len(at) == 1 else f"{name}, {OUTCOMES[at[1]]} outcome"

    y, v = _validate.check(y, v, where, absent_allowed=True)
    c = _checked_covariance(covariance, v.T, where)
    here = members[:, :, None] & np.isfinite(v)[:, None]
    batch = _fit(*(np.where(here, x[:, None], np.nan).transpose(2, 0, 1) for x in (y, v)), c[:, None], method)

    def one(j):
        present = here[:, j].any(axis=1)
        named = tuple(name for name, used in zip(names, present, strict=True) if used)
        return effect_of(BivariateBatch(*(x[..., j] for x in batch)), named, (method, ci_method, level))

    return [None if np.isnan(height) else one(j) for j, height in enumerate(batch.log_likelihood)]


def pool_bivariate_columns(y1, v1, y2, v2, covariance=None, *, method="REML"):
    """Fit the model of `pool_bivariate` to n sets of k trials at once, for resampling.

    Parameters
    ----------
    y1, v1, y2, v2 : array, shape (k, n)
        First and second outcomes with their sampling variances, one set a column; NaN where absent.
    covariance : array, shape (k, n), optional
        Sampling covariance within each trial; 0 if left out.
    method : {"REML", "ML"}
        As for `pool_bivariate`.

    Returns
    -------
    BivariateBatch
        Arrays with n as the last axis; NaN for sets of fewer than three trials, or with fewer than two for either
        outcome.

    Raises
    ------
    ValueError
        As for `pool_bivariate`, but for too few trials.

    Examples
    --------
    >>> y1, y2 = [[-1.4], [0.3], [-0.7], [-4.9]], [[-3.9], [-2.7], [-0.9], [-6.2]]
    >>> batch = pool_bivariate_columns(y1, [[0.2]] * 4, y2, [[0.2]] * 4)
    >>> batch.estimates.round(3).tolist(), batch.correlation.round(3).tolist()
    ([[-1.675], [-3.425]], [0.878])
    """
    outcomes = []
    for name, yi, vi in (("first", y1, v1), ("second", y2, v2)):
        _validate.same_shape(yi, vi, 2, "(k, n), k trials by n sets")
        outcomes.append(_validate.check(yi, vi, lambda at, name=name: f"{_place(at)}, {name} outcome", True))
    (y1, v1), (y2, v2) = outcomes
    if y1.shape != y2.shape:
        raise ValueError(f"the outcomes have the shapes {y1.shape} and {y2.shape}; they must agree")
    v = np.stack([v1, v2])
    return _fit(np.stack([y1, y2]), v, _checked_covariance(covariance, v, _place), method)


def _place(at):
    return f"set {at[1] + 1}, trial {at[0] + 1}"


def _two_columns(y, v):
    """The outcomes as an array; ValueError unless y and v have the shape (k, 2)."""
    _validate.same_shape(y, v, 2, "(k, 2), both outcomes of each trial")
    y = np.asarray(y)
    if y.shape[1] != 2:
        raise ValueError(f"y has {y.shape[1]} columns, but must have 2: the first and the second outcome")
    return y


def _checked_covariance(covariance, v, where):
    """Covariance within trials, 0 where an outcome is absent; ValueError unless below the variances v (2, ...)."""
    if covariance is None:
        return np.zeros(v.shape[1:])
    covariance = np.asarray(covariance, dtype=float)
    if covariance.shape != v.shape[1:]:
        raise ValueError(
            f"covariance has the shape {covariance.shape}, but must have {v.shape[1:]}: one for each trial"
        )
    both = np.isfinite(v).all(axis=0)
    largest = np.sqrt(v[0] * v[1])
    bad = np.argwhere(both & ~(np.abs(covariance) < (1.0 - _NEARLY_ONE) * largest)).tolist()
    if bad:
        listed = []
        for at in map(tuple, bad):
            value, limit = float(covariance[at]), float(largest[at])
            listed.append(f"{where(at)}: covariance = {value!r} is not between {-limit:.6g} and {limit:.6g}")
        rule = "A covariance within a trial is nearer to 0 than the product of both standard errors"
        raise ValueError("\n  ".join([f"{rule}; correct it, or leave it out for independent samples:", *listed]))
    return np.where(both, covariance, 0.0)


def _fit(y, v, c, method):
    """Fit every column of outcomes and variances (2, k, n), NaN where absent, and covariances c (k, n) or (k, 1)."""
    _validate.option("method", method, METHODS)
    here = np.isfinite(v)
    count, k = here.sum(axis=1), here.any(axis=0).sum(axis=0)
    n, fewest = k.size, count.min(axis=0)
    out = BivariateBatch(
        k=k,
        df=fewest - 1.0,
        boundary=np.zeros(n, dtype=bool),
        **{name: np.full((*shape, n), np.nan) for name, shape in _SHAPES.items()},
    )
    enough = np.flatnonzero((k >= FEWEST_TRIALS) & (fewest > 1))
    size, c = max(_BLOCK // len(c), 1), np.broadcast_to(c, v.shape[1:])
    for start in range(0, enough.size, size):
        some = enough[start : start + size]
        for field, values in _fit_block(y[..., some], v[..., some], c[:, some], method == "REML").items():
            getattr(out, field)[..., some] = values
    return out


def _fit_block(y, v, c, restricted):
    """The fields of a `BivariateBatch` that are estimated."""
    data, shift, scale = pairs(y, v, c)
    factor, height = maximum(data, restricted)
    at = point(data, factor, restricted)
    unit = scale[:, None] * scale
    used = data.count - restricted
    constant = -0.5 * used.sum(axis=0) * np.log(2.0 * np.pi) - (used * np.log(scale)).sum(axis=0)
    constant += 0.5 * restricted * np.log(data.count).sum(axis=0)
    a, b, c = factor
    whole = np.hypot(b, c)
    related = (a > 0) & (whole > 0) & (data.both.sum(axis=0) > 0)
    return {
        "estimates": shift + scale * at.mean,
        "covariance": at.covariance[FULL] * unit,
        "between": product(factor)[0][FULL] * unit,
        "correlation": np.where(related, b / np.where(related, whole, 1.0), np.nan),
        "log_likelihood": height + constant,
        "boundary": (a == 0) | (c == 0),
    }
