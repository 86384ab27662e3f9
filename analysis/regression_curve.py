"""What a meta-regression says about one moderator: its curve or its categories, all other moderators held."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.formulas import design_rows
from analysis.inference import many_pvalues
from analysis.results import t_quantile

_POINTS = 101
_STRAIGHT = 1e-9


@dataclass(frozen=True, eq=False)
class ModeratorCurve:
    """The mean effect along one moderator of a meta-regression.

    Attributes
    ----------
    moderator : str
    categorical : bool
    trials : pandas.DataFrame
        label, x (the moderator), yi, vi, weight (share of the sum of 1 / (vi + tau2)) and fitted (the mean effect
        at this x, other moderators held).
    curve : pandas.DataFrame
        x, estimate, se, ci_low, ci_high, pi_low, pi_high along the range of the moderator, or a row for each
        category; a category also has k, and difference, difference_low and difference_high from the reference.
    held : dict
        The other moderators and the values they are held at: means, or reference categories.
    slope : dict or None
        term, estimate, ci_low, ci_high and pvalue of the change per unit where the curve is straight.
    terms : pandas.DataFrame
        estimate, ci_low, ci_high and pvalue of the coefficients that the moderator takes part in.
    reference : object
        Category that the others are compared with; None for numbers.
    """

    moderator: str
    categorical: bool
    trials: pd.DataFrame
    curve: pd.DataFrame
    held: dict
    slope: dict | None
    terms: pd.DataFrame
    reference: object


def moderator_curve(regression, moderator=None, *, pi_method="t(k-p)"):
    """Return the mean effect along one moderator, with confidence and prediction limits.

    Parameters
    ----------
    regression : MetaRegression
    moderator : str, optional
        Column of the data. Default: the first that the formula names.
    pi_method : str
        As for ``MetaRegression.predict``.

    Returns
    -------
    ModeratorCurve

    Raises
    ------
    ValueError
        If the formula has no moderator, or none of this name.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.regression import meta_regression
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
    >>> along = moderator_curve(meta_regression("yi ~ week", data))
    >>> along.moderator, len(along.curve), round(along.slope["estimate"], 3)
    ('week', 101, 0.263)
    """
    data, moderator = regression._model.moderators, _chosen(regression, moderator)
    held = {name: _held(regression, data, name) for name in data.columns if name != moderator}
    categorical = _is_categorical(regression, data, moderator)
    at = _levels(data[moderator]) if categorical else np.linspace(*data[moderator].agg(["min", "max"]), _POINTS)
    grid = _rows(at, moderator, held)
    curve = regression.predict(grid, pi_method=pi_method).reset_index(drop=True)
    curve.insert(0, "x", at)
    x, _ = design_rows(regression._model.spec, grid)
    moves = np.ptp(x, axis=0) > 0
    slope, reference = None, None
    if categorical:
        first = int(np.argmin(np.abs(x[:, moves]).sum(axis=1)))
        reference = at[first]
        curve["k"] = [int((data[moderator] == level).sum()) for level in at]
        differences = [_combination(regression, row - x[first]) for row in x]
        for name, end in (("difference", "estimate"), ("difference_low", "ci_low"), ("difference_high", "ci_high")):
            curve[name] = [each[end] for each in differences]
    else:
        slope = _slope(regression, at, x)
    weight = 1.0 / (regression.vi + regression.tau2)
    fitted = regression.predict(_rows(data[moderator].tolist(), moderator, held))["estimate"].to_numpy()
    trials = {"label": list(map(str, regression.labels)), "x": data[moderator].to_numpy(), "yi": regression.yi}
    trials |= {"vi": regression.vi, "weight": weight / weight.sum(), "fitted": fitted}
    columns = ["estimate", "ci_low", "ci_high", "pvalue"]
    terms = regression.summary_frame().loc[moves, columns]
    return ModeratorCurve(moderator, categorical, pd.DataFrame(trials), curve, held, slope, terms, reference)


def _chosen(regression, moderator):
    names = list(regression._model.moderators.columns)
    if not names:
        raise ValueError(f"the formula {regression.formula!r} has no moderator; draw it with forest")
    if moderator is None:
        return names[0]
    if moderator not in names:
        raise ValueError(f"moderator={moderator!r} is not in the formula; choose from {', '.join(map(repr, names))}")
    return moderator


def _is_categorical(regression, data, name):
    """Say whether a column has categories: text, or numbers in C() that the formula uses nowhere else."""
    if data[name].dtype.kind not in "fiu":
        return True
    right, quoted = regression.formula.partition("~")[2], re.escape(str(name))
    return bool(re.search(rf"\bC\(\s*{quoted}\b", right)) and not re.search(rf"(?<!C\()(?<![\w.]){quoted}\b", right)


def _levels(values):
    """Return the categories in the order of a categorical column, or else sorted."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [level for level in values.cat.categories if (values == level).any()]
    return sorted(values.unique().tolist())


def _rows(at, moderator, held):
    return pd.DataFrame({moderator: at} | {name: [value] * len(at) for name, value in held.items()})


def _held(regression, data, name):
    """Return the value at which a moderator is held: its mean, or the category that needs no coefficient."""
    if not _is_categorical(regression, data, name):
        return float(data[name].mean())
    levels = _levels(data[name])
    others = data.drop(columns=name).iloc[[0] * len(levels)].reset_index(drop=True)
    x, _ = design_rows(regression._model.spec, others.assign(**{name: levels}))
    return levels[int(np.argmin(np.abs(x[:, np.ptp(x, axis=0) > 0]).sum(axis=1)))]


def _combination(regression, row):
    """Return a linear combination of the coefficients with its interval and p value."""
    estimate = float(row @ regression.params.to_numpy())
    se = float(np.sqrt(max(row @ regression.cov_params().to_numpy() @ row, 0.0)))
    half = float(t_quantile(regression.df_resid, regression.confidence_level)) * se
    t = np.array([estimate / se if se > 0 else np.inf])
    pvalue = float(many_pvalues(np.array([float(regression.df_resid)]), t)[0])
    return {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half, "pvalue": pvalue}


def _slope(regression, at, x):
    """Return the change per unit of the moderator where the rows of the design are straight in it, or else None."""
    change = (x[-1] - x[0]) / (at[-1] - at[0])
    straight = x[0] + np.outer(at - at[0], change)
    if not np.allclose(x, straight, rtol=0, atol=_STRAIGHT * np.abs(x).max()):
        return None
    return _combination(regression, change)
