"""Effects over dose: a meta-regression on the dose, straight or curved, read relative to a reference dose.

Each trial has one dose. What is estimated is how effects of trials with another dose differ, not how the doses of one
trial do (Greenland & Longnecker 1992, doi 10.1093/oxfordjournals.aje.a116237, which needs several doses in a trial).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import CIMethod, DoseShape, Floats, Missing, Tau2Method
from analysis.measures import Measure
from analysis.models.coefficients import WaldTest
from analysis.models.formulas import design_rows
from analysis.models.regression import MetaRegression, meta_regression
from analysis.models.results import Result, t_quantile
from analysis.models.shortcuts import Reported
from analysis.models.studies import table_of

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes

_WANTED = "give EffectSizes, or a DataFrame with yi, vi and the doses"
# Harrell 2015: the quantiles at which so many knots stand.
_QUANTILES = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}
_POINTS = 101


@dataclass(frozen=True, eq=False, repr=False)
class DoseResponse(Result, Reported):
    """How effects of trials differ by their dose.

    Attributes
    ----------
    dose, unit : str
        Column of the doses, and their unit; "" where nobody says.
    shape : str
        "linear", "quadratic" or "spline".
    reference : float
        Dose with which others are compared.
    knots : tuple of float
        Of the spline; empty for other shapes.
    lowest, highest : float
        The doses of the trials lie between them.
    k : int
        Number of effects.
    nonlinearity : WaldTest
        Test that the curve is a straight line: statistic, df and pvalue. NaN for a line.
    curve : pandas.DataFrame
        dose, estimate, se, ci_low, ci_high from the lowest to the highest dose: the effect there minus the one at the
        reference dose, on the scale of analysis.
    regression : MetaRegression
        The fit, with its tau2, its effects at each dose, and the trials that were left out.
    confidence_level : float
        Level of the intervals.
    measure : Measure
        Effect measure.
    effects : EffectSizes or None
        What was explained.

    See Also
    --------
    analysis.dose_response : Make this result.
    analysis.bubble : Draw the trials and the curve.
    analysis.MetaRegression : The regression behind it.

    References
    ----------
    Harrell 2015, Regression Modeling Strategies, 2nd edition, doi 10.1007/978-3-319-19425-7 (restricted cubic splines
    and where their knots stand).

    Examples
    --------
    >>> table = pd.DataFrame({"yi": [0.1, 0.5, 0.8, 0.9, 1.0, 0.9], "vi": 0.02, "mg": [5, 10, 20, 30, 40, 50]})
    >>> found = dose_response(table, "mg", shape="quadratic")
    >>> found.reference, found.predict([20, 40])["estimate"].round(2).tolist()
    (5.0, [0.59, 0.83])
    """

    dose: str
    unit: str
    shape: str
    reference: float
    knots: tuple[float, ...]
    lowest: float
    highest: float
    k: int
    nonlinearity: WaldTest
    curve: pd.DataFrame
    regression: MetaRegression = field(repr=False)
    confidence_level: float
    measure: Measure
    effects: EffectSizes | None = field(repr=False)

    @documented
    def predict(self, doses: ArrayLike, *, transform: bool = False) -> pd.DataFrame:
        """Return the effects at other doses minus the effect at the reference dose.

        Parameters
        ----------
        doses : array_like
            Between `lowest` and `highest`.
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns dose, estimate, se, ci_low and ci_high. The effects themselves: ``regression.predict``.

        Raises
        ------
        ValueError
            For doses that no trial comes near.

        Examples
        --------
        >>> table = pd.DataFrame({"yi": [0.1, 0.5, 0.8, 0.9], "vi": 0.02, "mg": [5, 10, 20, 30]})
        >>> dose_response(table, "mg", reference=10).predict([10, 30]).round(2).values.tolist()
        [[10.0, 0.0, 0.0, 0.0, 0.0], [30.0, 0.6, 0.17, -0.12, 1.33]]
        """
        at = np.atleast_1d(np.asarray(doses, dtype=float))
        if at.size and not (self.lowest <= at.min() and at.max() <= self.highest):
            raise ValueError(f"doses must lie between {self.lowest:g} and {self.highest:g}, as those of the trials do")
        table = _relative(self.regression, self.dose, at, self.reference)
        # A difference of logits and the like is none on the scale people read; one of logs is a ratio of ratios.
        return self.measure.transform_table(table) if transform and self.measure.is_ratio else table

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of `curve`.

        Returns
        -------
        pandas.DataFrame
            A row for each of the doses along the curve.
        """
        return self.curve.copy()

    def _in_words(self):
        return sentences.dose_response(self)


@documented
def dose_response(
    effects: EffectSizes | pd.DataFrame,
    dose: str = "dose",
    *,
    shape: DoseShape = "linear",
    reference: float | None = None,
    knots: int | Sequence[float] = 3,
    unit: str | None = None,
    missing: Missing = "raise",
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    confidence_level: float = 0.95,
) -> DoseResponse:
    """Explain the effects of trials by their dose, and compare doses with a reference dose.

    Parameters
    ----------
    effects : EffectSizes or pandas.DataFrame
        One effect a trial, with its dose in a column.
    dose : str, optional
        Column of the doses, such as "dose", "sessions" or "week".
    shape : {"linear", "quadratic", "spline"}, optional
        A straight line, a parabola, or a restricted cubic spline, which is straight beyond its outer knots.
    reference : float, optional
        Dose with which the others are compared. Default: the lowest.
    knots : int or sequence of float, optional
        Of the spline: 3, 4 or 5 knots at the quantiles of the doses that Harrell gives [1]_, or the doses themselves.
    unit : str, optional
        Unit of the doses. Default: what the column of that name with ``_unit`` says, which must be one for all.
    missing : {"raise", "drop"}, optional
        Refuse trials without a dose, or leave them out and list them.
    {tau2_method, ci_method, confidence_level}

    Returns
    -------
    DoseResponse

    Raises
    ------
    TypeError
        For anything but a table.
    ValueError
        For an unknown column, doses that are no numbers, in several units, or too few for the shape, a reference that
        no trial comes near, and all that :func:`analysis.meta_regression` refuses.

    See Also
    --------
    analysis.meta_regression : The model behind it, with other moderators.
    analysis.bubble : Draw the trials and the curve.

    Notes
    -----
    The curve has an intercept: the effect at dose 0 is not taken for zero, because effects are differences from a
    comparator and no trial had dose 0. Each trial has one dose, and nobody was randomised between the doses of
    different trials: the curve is observational, even where each trial is randomised. The nonlinearity is tested by
    whether the curve at its inner knots (or, for a parabola, halfway) lies on the line between its outer ones, which is
    the test of the nonlinear terms [1]_.

    References
    ----------
    .. [1] Harrell 2015, Regression Modeling Strategies, 2nd edition, doi 10.1007/978-3-319-19425-7: 3 knots at the
       quantiles 0.1, 0.5, 0.9; 4 at 0.05, 0.35, 0.65, 0.95; 5 at 0.05, 0.275, 0.5, 0.725, 0.95.

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> effects = effect_sizes(read_trials("data/trials.csv"))
    >>> found = dose_response(effects, "sessions", missing="drop")
    >>> found.k, found.predict([14])[["estimate", "ci_low", "ci_high"]].round(2).values.tolist()
    (14, [[1.17, -0.22, 2.56]])
    """
    table = table_of(effects, "dose_response", _WANTED)
    if table is None:
        raise TypeError(_check.refusal(effects, "dose_response", _WANTED))
    _check.option("shape", shape, tuple(_RIGHT))
    if dose not in table:
        raise ValueError(f"dose={dose!r} is not a column of the effects{_check.meant(dose, table.columns)}")
    there = ~_check.nameless(table[dose])
    numbers, others = _check.floats_and_others(table[dose][there])
    if others:
        raise ValueError(f"{dose} holds text; give doses as numbers, with their unit in {dose}_unit or unit=")
    table = table.assign(**{dose: pd.Series(numbers, table.index[there]).reindex(table.index)})
    unit = _unit(table, dose) if unit is None else unit
    numbers = table[[name for name in ("yi", "vi", "se", dose) if name in table]]
    at = table.loc[numbers.notna().all(axis=1), dose].to_numpy(dtype=float)
    if not np.isfinite(at).all() or not len(at):
        raise ValueError(f"{dose} holds no number, or one that is not finite; give each trial the dose that it had")
    places = _knots(at, dose, knots) if shape == "spline" else ()
    lowest, highest = float(at.min()), float(at.max())
    reference = lowest if reference is None else float(reference)
    if not lowest <= reference <= highest:
        raise ValueError(
            f"reference={reference:g} is no dose of these trials, which lie between {lowest:g} and {highest:g}"
        )
    name = dose if dose.isidentifier() else f"Q({dose!r})"
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": confidence_level}
    fit = meta_regression(f"yi ~ {_RIGHT[shape](name, places)}", effects, missing=missing, **methods)
    outer = places or (lowest, (lowest + highest) / 2.0, highest)
    return DoseResponse(
        dose=dose,
        unit=unit,
        shape=shape,
        reference=reference,
        knots=places,
        lowest=lowest,
        highest=highest,
        k=fit.k,
        nonlinearity=WaldTest(np.nan, (0, fit.df_resid)) if shape == "linear" else _nonlinearity(fit, dose, outer),
        curve=_relative(fit, dose, np.linspace(lowest, highest, _POINTS), reference),
        regression=fit,
        confidence_level=confidence_level,
        measure=fit.measure,
        effects=fit.effects,
    )


def _spline(name, places):
    """The term of a restricted cubic spline, whose outer knots are its bounds."""
    low, *inner, high = (repr(float(place)) for place in places)
    return f"cr({name}, knots=[{', '.join(inner)}], lower_bound={low}, upper_bound={high}, constraints='center')"


# The right side of the formula of each shape.
_RIGHT = {
    "linear": lambda name, _: name,
    "quadratic": lambda name, _: f"{name} + I({name} ** 2)",
    "spline": _spline,
}


def _unit(table, dose):
    """The unit of all doses, "" where nobody says."""
    if (column := f"{dose}_unit") not in table:
        return ""
    units = table.loc[table[dose].notna(), column].dropna()
    if units.nunique() > 1:
        counts = ", ".join(f"{unit} ({count})" for unit, count in units.value_counts().items())
        raise ValueError(
            f"the doses are in several units: {counts}; take those in one, as "
            f"effects.where({column}={units.value_counts().index[0]!r})"
        )
    return next(iter(units), "")


def _knots(doses, dose, knots):
    """Where the knots of the spline stand."""
    if isinstance(knots, (int, np.integer)):
        if knots not in _QUANTILES:
            raise ValueError(
                f"knots={knots!r} must be {', '.join(map(str, _QUANTILES))}, or the doses where they stand"
            )
        places = np.quantile(doses, _QUANTILES[knots])
        remedy = (
            f"the quantiles {', '.join(map(str, _QUANTILES[knots]))} of {dose} coincide; give knots= as doses, or a "
        )
        remedy += "shape of fewer coefficients"
    else:
        if np.ndim(knots) != 1:
            raise ValueError(
                f"knots={knots!r} must be {', '.join(map(str, _QUANTILES))}, or the doses where they stand"
            )
        places = np.sort(_check.as_floats(knots))
        remedy = f"knots={list(knots)!r} must be three doses or more, no two the same"
        if len(places) < 3:
            raise ValueError(remedy)
    if not (np.diff(places) > 0).all():
        raise ValueError(remedy)
    return tuple(places.tolist())


def _relative(fit, dose, at, reference):
    """The table of effects at doses minus the one at the reference."""
    rows, _ = design_rows(fit._model, pd.DataFrame({dose: np.append(at, reference)}))
    estimate, se, df = fit._combined(rows[:-1] - rows[-1])
    half = t_quantile(df, fit.confidence_level) * se
    return pd.DataFrame(
        {"dose": at, "estimate": estimate, "se": se, "ci_low": estimate - half, "ci_high": estimate + half}
    )


def _nonlinearity(fit, dose, places) -> WaldTest:
    """The test that the curve at the inner places lies on the line between the outer ones."""
    rows, _ = design_rows(fit._model, pd.DataFrame({dose: places}))
    along: Floats = (np.array(places[1:-1]) - places[0]) / (places[-1] - places[0])
    bent = rows[1:-1] - rows[0] - np.outer(along, rows[-1] - rows[0])
    return fit._tested(bent, np.zeros(len(bent)))
