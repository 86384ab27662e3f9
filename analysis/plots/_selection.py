"""The weights of a selection model: how likely a study is to be seen by its p value, over the p values there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.selection import SelectionModel, selection_curve
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots._layout import asked
from analysis.plots._marks import line_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale
from analysis.plots._theme import themed
from analysis.plots._words import wording_of
from analysis.sentences import as_given
from analysis.text import equals, number, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USUAL_MM, TALL = 120.0, 0.5  # the page, and the height of the panel over its width
PAD = 0.02  # of p, at both ends
RUG = 0.05  # of the panel: how tall the tick of a study is
CURVE_PT = 1.4
DASHED = (0, (4, 2))
SIDES = {"greater": "for effects above 0", "less": "for effects below 0", "two-sided": "two-sided"}


@documented
@themed
def selection_plot(
    fit: SelectionModel,
    *,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw the weights of a selection model over p values, with the p values of the studies.

    Parameters
    ----------
    fit : SelectionModel
        From :func:`analysis.selection_model`.
    {title}
    width_mm : float, optional
        Width of the page in millimetres, at least 80. Default: 120.
    {ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    {figure}

    Raises
    ------
    TypeError
        For anything but a selection model.
    ValueError
        For a page that is too narrow.

    See Also
    --------
    analysis.selection_model : Fit the model.
    analysis.funnel : Draw effects against their standard errors.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    Vevea & Hedges 1995, doi 10.1007/BF02294384.

    Examples
    --------
    >>> import analysis
    >>> fit = analysis.selection_model([0.9, 0.7, 0.1, 0.2], [0.09, 0.08, 0.01, 0.04], steps=0.05)
    >>> analysis.selection_plot(fit).content.table["kind"].value_counts().to_dict()
    {'curve': 4, 'trial': 4, 'footer': 2}
    """
    if not isinstance(fit, SelectionModel):
        raise TypeError(_check.refusal(fit, "selection_plot", "give selection_model(effects)"))
    wording, table = wording_of(fit), selection_curve(fit).rename(columns={"label": "name"})
    curve = table[table["kind"] == "curve"]
    across, upright = asked(Scale((-PAD, 1.0 + PAD))), Scale((0.0, 1.06 * max(1.0, curve["weight"].max())))
    width, count = planes.width_of(width_mm, "selection plot", ax, USUAL_MM), wording.counted(fit.k)
    spec = PlaneSpec(
        name="selection",
        kind="Selection plot",
        rows=table.assign(
            text_p=[number(p, 3) for p in table["p"]], text_weight=[significant(w, 3) for w in table["weight"]]
        ),
        scales=(across, upright),
        titles=(f"p value, {SIDES[fit.alternative]}", "How often a study is seen, relative"),
        draws=partial(_draw_selection, table),
        key=lambda plane: [
            line_entry("fitted", colors=style.TRIAL, linewidths=CURVE_PT),
            line_entry("no selection", colors=style.INK, linewidths=style.RULE_PT, linestyles=[DASHED]),
        ],
        title=title or f"Selection by p values in {count}",
        footer=_footer(fit, wording, note),
        seen=(*_weights(fit, wording), *_effects(fit, wording)),
        printed={"p value": ("text_p",), "Weight": ("text_weight",)},
        left=planes.room_for(upright.ticks()[1]),
        height=TALL * width,
    )
    return planes.draw_plane(spec, width, ax)


def _draw_selection(table, plane):
    """Draw axes, the line of no selection, the curve and a tick for each study."""
    planes.draw_axes(plane)
    curve, trials = (table[table["kind"] == kind] for kind in ("curve", "trial"))
    look = {"colors": style.INK, "linewidths": style.RULE_PT, "linestyles": [DASHED]}
    plane.lines([[(0.0, 1.0), (1.0, 1.0)]], "selection-none", zorder=1, **look)
    path = np.column_stack([curve["p"], curve["weight"]])
    plane.lines([path], "selection-curve", colors=style.TRIAL, linewidths=CURVE_PT, zorder=2)
    ticks = [[(p, 0.0), (p, RUG * plane.y.limits[1])] for p in trials["p"]]
    plane.lines(ticks, "selection-trials", colors=style.INK, linewidths=style.RULE_PT, zorder=3)


def _weights(fit, wording):
    """Return the weights, interval by interval, or the powers."""
    if fit.kind == "beta":
        a, b = (significant(weight, 2) for weight in fit.weights)
        return (f"Beta density with powers {a} and {b}, relative to p = {number(0.025, 3)}",)
    low = (0.0, *fit.steps)
    return tuple(
        f"With p from {as_given(a)} to {as_given(b)}: {wording.counted(n)}, seen {significant(w, 2)} times as often"
        for a, b, n, w in zip(low, fit.steps, fit.in_interval, fit.weights, strict=False)
    )


def _effects(fit, wording):
    """Return the adjusted effect, and the one that is not."""
    return (f"Adjusted for selection: {wording.estimate(fit)}; not adjusted: {wording.estimate(fit.unadjusted)}",)


def _footer(fit, wording, note):
    """Return the paragraphs that say what was drawn, and how far it can be read."""
    test = (
        f"Likelihood-ratio test of no selection: χ² {number(fit.lrt, 2)}, df {fit.lrt_df}, p {equals(fit.lrt_pvalue)}"
    )
    what = f"Ticks: p values of the {wording.nouns}; dashed line: no selection (Vevea 1995, doi 10.1007/BF02294384)"
    doubt = f"With few {wording.nouns} the weights are hardly known"
    return (what, *_weights(fit, wording)), (*_effects(fit, wording), test, doubt), (note,)
