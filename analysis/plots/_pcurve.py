"""The p-curve: shares of the significant p values in fifths, beside those with no effect and at a power of 33%."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.selection import PCurve
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots._layout import asked
from analysis.plots._marks import DASHES, line_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale
from analysis.plots._theme import themed
from analysis.plots._words import wording_of
from analysis.text import equals, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USUAL_MM, TALL = 120.0, 0.5  # the page, and the height of the panel over its width
CURVE_PT, LINE_PT = 1.4, 0.8
DOTS = (0, (1, 1.6))
# of each curve: its column, its name in the key, and how it is drawn
CURVES = (
    ("observed", "observed", {"linewidths": CURVE_PT}),
    ("no effect", "no effect", {"linewidths": LINE_PT, "linestyles": [DOTS]}),
    ("power of 33%", "power of 33%", {"linewidths": LINE_PT, "linestyles": [DASHES]}),
)


@documented
@themed
def p_curve_plot(
    found: PCurve,
    *,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw a p-curve: shares of the significant p values, beside those that are expected.

    Parameters
    ----------
    found : PCurve
        From :func:`analysis.p_curve`.
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
        For anything but a p-curve.
    ValueError
        For a page that is too narrow.

    See Also
    --------
    analysis.p_curve : Compute it, and what it can show.
    analysis.selection_plot : Draw the weights of a selection model.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    Simonsohn, Nelson & Simmons 2014, doi 10.1037/a0033242.

    Examples
    --------
    >>> import analysis
    >>> found = analysis.p_curve([0.9, 0.7, 0.62, 0.5, 0.1], [0.09, 0.08, 0.06, 0.05, 0.01])
    >>> analysis.p_curve_plot(found).content.table["observed"].tolist()[:5]
    [0.25, 0.5, 0.25, 0.0, 0.0]
    """
    if not isinstance(found, PCurve):
        raise TypeError(_check.refusal(found, "p_curve_plot", "give p_curve(effects)"))
    wording, table = wording_of(found), found.bins.assign(kind="curve")
    shares = table[[name for name, *_ in CURVES]].to_numpy(float)
    across, upright = asked(Scale((0.007, 0.053))), Scale((0.0, 1.1 * shares.max()))
    width = planes.width_of(width_mm, "p-curve", ax, USUAL_MM)
    texts = {f"text_{i}": [percent(x) for x in table[name]] for i, (name, *_) in enumerate(CURVES)}
    table = table.assign(text_p=[number(p, 2) for p in table["p"]], **texts)
    heads = {"p value": ("text_p",)} | {name.capitalize(): (f"text_{i}",) for i, (_, name, _) in enumerate(CURVES)}
    spec = PlaneSpec(
        name="p-curve",
        kind="p-curve",
        rows=table,
        scales=(across, upright),
        titles=("p value, two-sided, up to", "Share of the significant p values"),
        draws=partial(_draw_curves, table),
        key=lambda plane: [line_entry(name, colors=_colour(i), **look) for i, (_, name, look) in enumerate(CURVES)],
        title=title or f"p-curve of {wording.counted(found.k)}",
        footer=_footer(found, wording, note),
        seen=(_significant(found, wording), *_tests(found, wording)),
        printed=heads,
        left=planes.room_for(upright.ticks()[1]),
        height=TALL * width,
    )
    return planes.draw_plane(spec, width, ax)


def _colour(i):
    return style.TRIAL if i == 0 else style.INK


def _draw_curves(table, plane):
    """Draw axes, the curves that are expected and that of the studies."""
    planes.draw_axes(plane)
    for i, (name, _, look) in enumerate(CURVES):
        path = table[["p", name]].to_numpy(float)
        plane.lines([path], f"p-curve-{i}", colors=_colour(i), zorder=3 - i, **look)
    planes.draw_trials(plane, table[["p", "observed"]].to_numpy(float), np.zeros(len(table), bool), "p-curve-observed")


def _significant(found, wording):
    """Return how many studies the curve consists of."""
    return f"{number(found.significant, 0)} of {wording.counted(found.k)} with p < {number(0.05)}"


def _tests(found, wording):
    """Return the tests of the curve, and the power that it shows."""
    power, low, high = (percent(x) for x in (found.power, *found.power_ci))
    half = f"; of p < {number(0.025, 3)} alone: p {equals(found.half_pvalue)}" if found.half else ""
    return (
        f"Test that it falls, as with an effect: p {equals(found.pvalue)}{half}",
        f"Test that it is flatter than at a power of 33%: p {equals(found.flat_pvalue)}",
        f"Average power, if it is the same in all {wording.nouns}: {power} (90% CI {low} to {high})",
    )


def _footer(found, wording, note):
    """Return the paragraphs that say what was drawn, and how far it can be read."""
    doubt = (
        f"A curve that falls shows that not all of the {wording.nouns} were selected from nothing, no more; it is no "
        "test of bias, and its properties are poor (Morey 2025, doi 10.1080/01621459.2025.2544397)"
    )
    what = f"{_significant(found, wording)}, in fifths (Simonsohn 2014, doi 10.1037/a0033242)"
    return (what,), (*_tests(found, wording), doubt), (note,)
