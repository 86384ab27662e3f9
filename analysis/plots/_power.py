"""The power of a meta-analysis over the effects that it might be looking for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.simulation import Power
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked
from analysis.plots._marks import line_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale
from analysis.plots._theme import themed
from analysis.sentences import as_given
from analysis.text import chance, number, percent, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USUAL_MM, TALL = 120.0, 0.5  # the page, and the height of the panel over its width
CURVE_PT = 1.4
POINTS = 201
DASHED = (0, (4, 2))


@documented
@themed
def power_plot(
    found: Power,
    *,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw the power of a meta-analysis over true mean effects.

    Parameters
    ----------
    found : Power
        From :func:`analysis.power`.
    {favours, title}
    width_mm : float, optional
        Width of the page in millimetres, at least 80. Default: 120.
    {ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    {figure}

    Raises
    ------
    TypeError
        For anything but the result of :func:`analysis.power`.
    ValueError
        For a page that is too narrow, and for a mean of no effect, around which there is no curve.

    See Also
    --------
    analysis.power : What is drawn.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    Hedges & Pigott 2001, doi 10.1037/1082-989X.6.3.203.

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.power_plot(analysis.power([0.08] * 10, 0.3, tau2=0.05))
    >>> fig.content.table["kind"].value_counts().to_dict()
    {'curve': 201, 'footer': 2, 'asked': 1, 'target': 1}
    """
    if not isinstance(found, Power):
        raise TypeError(_check.refusal(found, "power_plot", "give power(effects, mean)"))
    if not found.mean:
        raise ValueError("mean=0 is no effect, around which there is no curve; give power() the effect to be found")
    wording = words.wording_of(found)
    wording = wording.to(wording.decimals(0.0, found.mean))
    reach = 2.0 * abs(found.mean)
    curve = found.curve(np.linspace(-reach, reach, POINTS)).rename(columns={"mean": "estimate"})
    lines = pd.DataFrame(
        {"kind": ["asked", "target"], "estimate": [found.mean, np.nan], "power": [found.power, found.target]}
    )
    table = pd.concat([curve.assign(kind="curve"), lines], ignore_index=True)
    table["text_power"] = [chance(x) for x in table["power"]]
    table["text_estimate"] = [wording.write(x) if np.isfinite(x) else "" for x in table["estimate"]]
    across = asked(Scale((-1.04 * reach, 1.04 * reach), wording.measure))
    upright = Scale((0.0, 1.02))
    said = _said(found, wording)
    spec = PlaneSpec(
        name="power",
        kind="Power curve",
        rows=table,
        scales=(across, upright),
        titles=(f"True mean: {wording.axis}", "Power"),
        draws=partial(_draw_power, table),
        key=lambda plane: [
            line_entry("power", colors=style.TRIAL, linewidths=CURVE_PT),
            line_entry("no effect", colors=style.INK, linewidths=style.RULE_PT),
            line_entry(
                f"power {percent(found.target)}", colors=style.INK, linewidths=style.RULE_PT, linestyles=[DASHED]
            ),
        ],
        title=title or f"Power of {wording.counted(found.k)} over true means",
        footer=((*said[:2], said[2]), (_method(found),), (note,)),
        seen=said,
        printed={"True mean": ("text_estimate",), "Power": ("text_power",)},
        favours=words.directions(favours, wording),
        left=planes.room_for(upright.ticks()[1]),
        height=TALL * planes.width_of(width_mm, "power curve", ax, USUAL_MM),
    )
    return planes.draw_plane(spec, planes.width_of(width_mm, "power curve", ax, USUAL_MM), ax)


def _draw_power(table, plane):
    """Draw axes, the line of the power wished for, the curve and the effect that was asked for."""
    planes.draw_axes(plane)
    curve, at = table[table["kind"] == "curve"], table[table["kind"] == "asked"].iloc[0]
    target = table.loc[table["kind"] == "target", "power"].iloc[0]
    look = {"colors": style.INK, "linewidths": style.RULE_PT}
    plane.lines([[(x, target) for x in plane.x.limits]], "power-target", linestyles=[DASHED], zorder=1, **look)
    asked_for = [(at["estimate"], 0.0), (at["estimate"], at["power"])]
    plane.lines([asked_for], "power-asked", colors=style.TRIAL, linewidths=style.RULE_PT, zorder=1.5)
    plane.lines([[(0.0, end) for end in plane.y.limits]], "power-null", zorder=1, **look)
    path = curve[["estimate", "power"]].to_numpy()
    plane.lines([path], "power-curve", colors=style.TRIAL, linewidths=CURVE_PT, zorder=2)


def _said(found, wording):
    """Return the power at the effect that was asked for, of the test of heterogeneity, and what is lacking."""
    mean = f"Short upright line: power {chance(found.power)} to find a true mean of {wording.write(found.mean)}"
    q = f"power {chance(found.heterogeneity_power)} to find τ² {significant(found.tau2)}"
    q = f"Test of heterogeneity: {q}" if found.tau2 > 0 and found.k > 1 else ""
    goal = f"{percent(found.target)} power"
    if np.isinf(found.further):
        return mean, q, f"No number of further {wording.nouns} has {goal}"
    return mean, q, f"Further {wording.nouns} until {goal}: {number(found.further, 0)}"


def _method(found):
    """Return the test, and what is taken as known."""
    test = f"Two-sided p ≤ {as_given(found.alpha)} ({found.test})"
    known = f"τ² {significant(found.tau2)} and variances taken as known"
    return f"{test}, {known} (Hedges 2001, doi 10.1037/1082-989X.6.3.203)"
