"""Pool effect sizes: one meta-analysis, several groups of the same trials, or a million simulated ones.

`pool`, `pool_columns` and `pool_batch` share the engine of `analysis.inference`, which works on arrays of k
studies by n meta-analyses.
"""

import numpy as np

from analysis import _validate
from analysis.columns import columns
from analysis.inference import all_numbers, check_options, fit_columns, many_pvalues, mean_test
from analysis.results import BatchPooled, ConfidenceInterval, PooledEffect

_BLOCK = 1 << 16  # array elements in a block of `pool_batch`, whose working arrays then stay in cache


def _results(yi, vi, labels, measure, options):
    """One `PooledEffect` for each column of yi, vi (k, n), NaN where a study is absent."""
    data = columns(yi, vi)
    scalars, pairs, narrower = all_numbers(data, options)

    def one(j):
        here = np.flatnonzero(~np.isnan(vi[:, j]))
        y, v = yi[here, j], vi[here, j]
        numbers = {name: float(x[j]) for name, x in scalars.items()}
        weights = 1.0 / (v + (0.0 if np.isnan(numbers["tau2"]) else numbers["tau2"]))
        weights /= weights.sum()
        for x in (y, v, weights):
            x.flags.writeable = False
        return PooledEffect(
            k=here.size,
            q_df=here.size - 1,
            **numbers,
            **{name: ConfidenceInterval(float(low[j]), float(high[j])) for name, (low, high) in pairs.items()},
            weights=weights,
            yi=y,
            vi=v,
            labels=tuple(labels[i] for i in here),
            measure=measure,
            tau2_method=options.tau2_method,
            ci_method=options.ci_method if here.size > 1 else "z",
            pi_method=options.pi_method,
            confidence_level=options.confidence_level,
            hksj_narrower=bool(narrower[j]),
            tau2_ci_method=options.tau2_ci_method,
        )

    return [one(j) for j in range(data.k.size)]


def pool(
    yi,
    vi=None,
    *,
    tau2_method="REML",
    ci_method="HKSJ",
    pi_method="t(k-1)",
    confidence_level=0.95,
    labels=None,
    measure="",
    tau2_ci_method="Q-profile",
    tau2=None,
):
    """Pool the effects of k studies.

    Parameters
    ----------
    yi : sequence of float, shape (k,), or EffectSizes
        Outcomes; or an object with `yi`, `vi` and, if it has them, `labels` and `measure`.
    vi : sequence of float, shape (k,)
        Sampling variances, in the unit of yi squared. Left out with an EffectSizes.
    tau2_method : {"REML", "ML", "PM", "EB", "DL", "HE", "HS", "SJ", "CE"}
        Estimator of the between-study variance. REML and ML give the global maximum of the likelihood; EB and
        PM solve the same equation; "CE" is the common-effect model, tau2 = 0. Always truncated at 0.
    ci_method : {"HKSJ", "HKSJ-mod", "z", "t"}
        Interval of the mean: Hartung-Knapp-Sidik-Jonkman on t(k-1), the same with its variance factor not
        below 1, normal, or t(k-1) without a variance factor.
    pi_method : {"t(k-1)", "t(k-2)", "z"}
        Distribution of the prediction interval, which uses the standard error of `ci_method`.
    confidence_level : float
        Level of all intervals.
    labels : sequence of str, optional
        Names of the studies, used in the result and in error messages.
    measure : str
        Name of the effect measure, carried along.
    tau2_ci_method : {"Q-profile", "profile likelihood", "Jackson", "Biggerstaff"}
        Interval of tau2; the second for ML and REML only. The last two invert the exact distribution of a Q with the
        weights 1/sqrt(vi) and 1/vi.
    tau2 : float, optional
        A known between-study variance, used instead of an estimate.

    Returns
    -------
    PooledEffect
        A single study gives itself with a normal interval, and NaN for tau2, I2 and the prediction interval.

    Raises
    ------
    ValueError
        For outcomes that are not finite numbers, variances that are not positive and finite, unequal lengths,
        no studies, or unknown options; the message lists every study concerned.

    Examples
    --------
    >>> pooled = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])
    >>> round(pooled.estimate, 3), round(pooled.tau2, 3)
    (-1.242, 0.475)
    """
    if vi is None:
        if not (hasattr(yi, "yi") and hasattr(yi, "vi")):
            raise ValueError("vi is missing; give one sampling variance for each outcome, or an EffectSizes as yi")
        labels = getattr(yi, "labels", None) if labels is None else labels
        measure = measure or getattr(yi, "measure", "")
        yi, vi = yi.yi, yi.vi
    options = check_options(tau2_method, ci_method, pi_method, confidence_level, tau2_ci_method, tau2)
    _validate.same_shape(yi, vi, 1, "(k,), one value for each study")
    names = _validate.study_labels(labels, len(yi))

    def where(at):
        return f"study {at[0] + 1}" if labels is None else f"study {at[0] + 1} ({names[at[0]]})"

    yi, vi = _validate.check(yi, vi, where)
    return _results(yi[:, None], vi[:, None], names, measure, options)[0]


def pool_columns(
    yi,
    vi,
    members=None,
    *,
    tau2_method="REML",
    ci_method="HKSJ",
    pi_method="t(k-1)",
    confidence_level=0.95,
    labels=None,
    measure="",
    tau2_ci_method="Q-profile",
    tau2=None,
):
    """Pool many sets of the same k studies at once, such as subgroups or the arms of the trials.

    Parameters
    ----------
    yi, vi : array, shape (k,) or (k, n)
        Outcomes and sampling variances; with shape (k, n), one column for each meta-analysis and NaN in both
        where a study is absent from it.
    members : array of bool, shape (k, n), optional
        Which studies belong to which meta-analysis; values of other studies are not looked at.
    tau2_method, ci_method, pi_method, confidence_level, labels, measure, tau2_ci_method, tau2
        As for `pool`; `labels` has one entry for each of the k studies.

    Returns
    -------
    list of PooledEffect
        One for each column, holding only the studies present in it.

    Raises
    ------
    ValueError
        As for `pool`; also for a column without any study.

    Examples
    --------
    >>> members = [[True, True], [True, True], [False, True]]
    >>> [p.k for p in pool_columns([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], members)]
    [2, 3]
    """
    options = check_options(tau2_method, ci_method, pi_method, confidence_level, tau2_ci_method, tau2)
    yi, vi = _spread(yi, vi, members)
    _validate.same_shape(yi, vi, 2, "(k, n), k studies by n meta-analyses")
    names = _validate.study_labels(labels, len(yi))
    yi, vi = _validate.check(yi, vi, lambda at: f"meta-analysis {at[1] + 1}, study {names[at[0]]}", absent_allowed=True)
    if (empty := np.flatnonzero(np.isnan(vi).all(axis=0))).size:
        listed = ", ".join(str(j + 1) for j in empty)
        raise ValueError(f"no study is present in meta-analysis {listed}; leave such columns out")
    return _results(yi, vi, names, measure, options)


def _spread(yi, vi, members):
    """Outcomes and variances as (k, n), NaN outside `members`."""
    yi, vi = np.asarray(yi), np.asarray(vi)
    if members is None:
        return yi, vi
    members = np.asarray(members)
    if members.dtype != bool or members.ndim != 2:
        raise ValueError("members must be a boolean array of shape (k, n), k studies by n meta-analyses")
    if any(len(x) != len(members) or x.ndim not in (1, 2) for x in (np.atleast_1d(yi), np.atleast_1d(vi))):
        raise ValueError(f"yi and vi have the shapes {yi.shape} and {vi.shape}, members {members.shape}; k must agree")
    return tuple(np.where(members, x[:, None] if x.ndim == 1 else x, np.nan) for x in (yi, vi))


def pool_batch(yi, vi, *, tau2_method="REML", ci_method="HKSJ", confidence_level=0.95):
    """Pool n meta-analyses of up to k studies each, for simulation and resampling.

    The work is done in blocks that stay in the processor's cache, so the memory needed beyond the two inputs
    is little more than that of the result.

    Parameters
    ----------
    yi, vi : array, shape (n, k)
        Outcomes and sampling variances, one meta-analysis a row; NaN in both where a study is absent.
    tau2_method, ci_method, confidence_level
        As for `pool`.

    Returns
    -------
    BatchPooled
        Arrays of shape (n,). A row without any study has k = 0 and NaN elsewhere; one with a single study
        gives that study, a normal interval, and NaN for tau2 and I2.

    Raises
    ------
    ValueError
        As for `pool`; the message lists rows and studies.

    Examples
    --------
    >>> import numpy as np
    >>> batch = pool_batch([[-1.2, -0.4, -2.0], [0.1, 0.3, np.nan]], [[0.1, 0.2, 0.1], [0.1, 0.2, np.nan]])
    >>> batch.k.tolist(), batch.estimate.round(4).tolist()
    ([3, 2], [-1.2415, 0.1667])
    """
    options = check_options(tau2_method, ci_method, "z", confidence_level)
    _validate.same_shape(yi, vi, 2, "(n, k), n meta-analyses by k studies")
    yi, vi = np.asarray(yi), np.asarray(vi)
    n, k = yi.shape
    out = BatchPooled(np.empty(n, dtype=int), *(np.empty(n) for _ in BatchPooled._fields[1:]))
    rows = max(_BLOCK // k, 16)
    if n > rows:
        np.empty(_BLOCK << 5)  # freed at once: the C library then keeps freed memory at hand for the next block
    for start in range(0, n, rows):
        block = slice(start, start + rows)
        _fill(BatchPooled(*(field[block] for field in out)), yi[block], vi[block], start, options)
    return out


def _fill(out, yi, vi, start, options):
    """Pool the rows of one block into the arrays of `out`."""
    yi, vi = _validate.check(yi, vi, lambda at: f"row {start + at[0] + 1}, study {at[1] + 1}", absent_allowed=True)
    empty = np.flatnonzero(np.isnan(vi).all(axis=1)) if np.isnan(vi[:, 0]).any() else ()
    if len(empty):  # a stand-in keeps the arithmetic clean; its results are erased below
        yi, vi = yi.copy(), vi.copy()
        yi[empty, 0], vi[empty, 0] = 0.0, 1.0
    data = columns(yi.T, vi.T)
    fit = fit_columns(data, options)
    values = (data.k, fit.estimate, fit.se, *fit.ci, fit.tau2, fit.q, fit.i2, mean_test(fit, many_pvalues)[1])
    for field, x in zip(out, values, strict=True):
        field[:] = x
    if len(empty):
        out.k[empty] = 0
        for field in out[1:]:
            field[empty] = np.nan
