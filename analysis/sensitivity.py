"""How far a pooled result hangs on single studies: leave one out, and one after the other; one batched call each."""

import numpy as np
import pandas as pd

from analysis import _validate
from analysis.pooling import pool_columns

_BEFORE = ("k", "estimate", "se")
_AFTER = ("pvalue", "tau2", "tau", "i2", "q", "q_pvalue")


def leave_one_out(yi, vi=None, *, labels=None, **methods):
    """Pool all studies but one, for each study in turn.

    Parameters
    ----------
    yi : sequence of float, shape (k,), or EffectSizes, or PooledEffect
        Outcomes of two studies or more.
    vi : sequence of float, shape (k,)
        Sampling variances; left out with an object that has them.
    labels : sequence of str, optional
        Names of the studies.
    **methods
        `tau2_method`, `ci_method`, `pi_method`, `confidence_level`, `tau2` as for :func:`analysis.pool`; those of a
        PooledEffect, a given `tau2` included, are kept unless named.

    Returns
    -------
    pandas.DataFrame
        One row per study left out, in the given order: label, k, estimate, se, ci_low, ci_high, pvalue, tau2, tau, i2,
        q, q_pvalue, pi_low, pi_high, and `shift`, the estimate minus that of all studies.

    Raises
    ------
    ValueError
        As for :func:`analysis.pool`; also with a single study.

    Examples
    --------
    >>> without = leave_one_out([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])
    >>> without[["label", "k", "estimate"]].round(3).values.tolist()
    [['A', 2, -1.231], ['B', 2, -1.6], ['C', 2, -0.862]]
    """
    yi, vi, labels, methods = _studies(yi, vi, labels, methods)
    k = len(yi)
    if k < 2:
        raise ValueError("leaving one out needs two studies or more")
    members = np.column_stack([~np.eye(k, dtype=bool), np.ones(k, dtype=bool)])
    *without, whole = pool_columns(yi, vi, members, labels=labels, **methods)
    table = _table(without, labels)
    return table.assign(shift=table["estimate"] - whole.estimate)


def cumulative(yi, vi=None, *, order=None, labels=None, **methods):
    """Pool the first study, the first two, the first three and so on.

    Parameters
    ----------
    yi : sequence of float, shape (k,), or EffectSizes, or PooledEffect
        Outcomes.
    vi : sequence of float, shape (k,)
        Sampling variances; left out with an object that has them.
    order : str or sequence, optional
        A column of the EffectSizes, or one value per study to sort by; equal values keep the given order. Default:
        "year" with EffectSizes, otherwise the order given.
    labels : sequence of str, optional
        Names of the studies.
    **methods
        As for :func:`leave_one_out`.

    Returns
    -------
    pandas.DataFrame
        One row per step, named after the study that joins; the columns of :func:`leave_one_out` without `shift`, and
        `order`, the value the studies were sorted by.

    Raises
    ------
    ValueError
        As for :func:`analysis.pool`; also for an order that is not a column or does not have one value per study.

    Examples
    --------
    >>> steps = cumulative([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], order=[2009, 2001, 2020], labels=["A", "B", "C"])
    >>> steps[["label", "k", "order"]].values.tolist()
    [['B', 1, 2001], ['A', 2, 2009], ['C', 3, 2020]]
    """
    values = _order_values(yi, order)
    yi, vi, labels, methods = _studies(yi, vi, labels, methods)
    if len(values) not in (0, len(yi)):
        raise ValueError(f"order has {len(values)} values for {len(yi)} studies; give one for each")
    values = pd.Series(values if values else range(1, len(yi) + 1))
    first = values.sort_values(kind="stable").index.to_numpy()
    yi, vi, labels = np.asarray(yi)[first], np.asarray(vi)[first], [labels[i] for i in first]
    steps = pool_columns(yi, vi, np.triu(np.ones((len(yi), len(yi)), dtype=bool)), labels=labels, **methods)
    return _table(steps, labels).assign(order=values.to_numpy()[first])


def _studies(yi, vi, labels, methods):
    """Outcomes, variances, names and methods, from arrays or from an object that holds them."""
    if vi is None:
        if not (hasattr(yi, "yi") and hasattr(yi, "vi")):
            raise ValueError("vi is missing; give one sampling variance for each outcome, or an EffectSizes as yi")
        whole = yi
        labels = whole.labels if labels is None else labels
        if hasattr(whole, "tau2_method"):
            kept = ("tau2_method", "ci_method", "pi_method", "confidence_level", "tau2_ci_method")
            own = {name: getattr(whole, name) for name in kept}
            if whole.tau2_method == "fixed":
                del own["tau2_method"]
                own |= {} if "tau2_method" in methods else {"tau2": whole.tau2}
            methods = own | methods
        yi, vi = whole.yi, whole.vi
    _validate.same_shape(yi, vi, 1, "(k,), one value for each study")
    names = _validate.study_labels(labels, len(yi))
    yi, vi = _validate.check(yi, vi, lambda at: f"study {at[0] + 1} ({names[at[0]]})")
    return yi, vi, names, methods


def _order_values(effects, order):
    table = getattr(effects, "table", None)
    if order is None:
        order = "year" if table is not None and "year" in table else ()
    if not isinstance(order, str):
        return list(order)
    if table is None or order not in table:
        raise ValueError(f"order={order!r} is not a column of the effect sizes; name one, or give a value per study")
    return table[order].tolist()


def _table(results, labels):
    def fields(names):
        return {name: [getattr(result, name) for result in results] for name in names}

    def ends(name):
        return {f"{name}_{end}": [getattr(getattr(result, name), end) for result in results] for end in ("low", "high")}

    return pd.DataFrame({"label": labels, **fields(_BEFORE), **ends("ci"), **fields(_AFTER), **ends("pi")})
