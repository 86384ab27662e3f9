"""The contour-enhanced funnel plot: effects against their standard errors, and where p values would be small."""

import numpy as np

from analysis.diagnostics import funnel_points
from analysis.plots import _funnel_words as words
from analysis.plots import _style as style
from analysis.plots._canvas import FigureContent
from analysis.plots._funnel_marks import draw_funnel, key_of
from analysis.plots._layout import Panel
from analysis.plots._panel import TICKS_MM, axis_height, write_captions
from analysis.plots._plane import Plane, Scale, draw_axes, room_for, set_upright, sheet, size_of, title_axes
from analysis.plots._studies import critical, footer_rows, named, studies_of, total_row, trial_rows, width_of, with_rows
from analysis.plots._themes import themed
from analysis.plots._write import write
from analysis.text import number, pvalue

TALL = 0.62  # height of the panel over the width of the page
PAD = 0.05  # of the range of the effects, at both ends
BESIDE_NULL = 0.12  # of the range, at least, on both sides of no effect: the contours show
LEAST_FILL = 0.5  # of the panel: what effects fill at least, before the limits around the pooled effect are cut
AXES = ("se", "precision")


@themed
def funnel(
    results,
    *,
    contours=(0.90, 0.95, 0.99),
    yaxis="se",
    label=6,
    favours=("favours treatment", "favours placebo"),
    measure=None,
    title=None,
    width_mm=None,
    digits=None,
    ax=None,
    note="",
):
    """Draw a contour-enhanced funnel plot: effect against standard error, shaded where one trial alone is significant.

    Parameters
    ----------
    results : PooledEffect, EffectSizes or PooledArms
        EffectSizes are pooled with the defaults of ``pool_arms``; of PooledArms the contrast is drawn.
    contours : sequence of float
        Confidence levels of the contours around no effect: inside that of 0.95, a trial alone has p > 0.05. May be
        empty.
    yaxis : {"se", "precision"}
        Standard error, growing downwards, or its inverse, growing upwards.
    label : int or sequence of str
        How many trials outside the pseudo confidence limits are named, the farthest first; or names or ids of trials.
    favours : (str, str) or None
        What the left and the right side of no effect mean.
    measure : str, optional
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log axis. Default: that of the result.
    title : str, optional
    width_mm : float, optional
        Width of the page, at least 80. Default: 150.
    digits : int, optional
        Decimals of the printed effects.
    ax : matplotlib Axes, optional
        Draw the panel into these axes of another figure, which have their final size, without title, key and footer.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure of
        these axes, as it is.

    Raises
    ------
    ValueError
        For contours that are not between 0 and 1, an unknown ``yaxis``, an unknown trial, or a page too narrow.

    Notes
    -----
    Contours after Peters et al. (2008, doi 10.1016/j.jclinepi.2007.11.010): no effect ± z × standard error. The pseudo
    confidence limits, pooled effect ± z × standard error, leave heterogeneity out. A funnel that is not symmetric does
    not show bias, and with fewer than ten trials it shows nothing (Sterne et al. 2011, doi 10.1136/bmj.d4002).

    Examples
    --------
    >>> import analysis
    >>> from analysis.plots import funnel
    >>> fig = funnel(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], measure="MD"))
    >>> fig.content.table["text_p"].tolist()[:3]
    ['<0.001', '0.18', '0.002']
    """
    studies = studies_of(results, "funnel", measure=measure, digits=digits)
    contours = _levels(contours)
    if yaxis not in AXES:
        raise ValueError(f"yaxis is {yaxis!r}; it must be one of {', '.join(AXES)}")
    table = _table(studies, contours, label)
    scales = _scales(table, studies, yaxis)
    if ax is not None:
        plane = Plane(ax, *scales, *size_of(ax))
        _draw(plane, table, yaxis)
        title_axes(ax, studies.axis, words.upright(studies, yaxis))
        return ax.figure
    width = width_of(width_mm, "funnel plot")
    title = title or words.title(studies)
    footer = words.footer(studies, table, contours=contours, note=note)
    fig = _page(studies, table, scales, yaxis=yaxis, favours=favours, title=title, footer=footer, width=width)
    caption = " ".join([*words.opening(title, studies), *footer])
    alt = words.alt_text(title, studies, table)
    fig.content = FigureContent(with_rows(table, *footer_rows(footer)), title, caption, alt, "", words.PRINTED)
    return fig


def _levels(contours):
    """Return the levels of the contours in ascending order."""
    levels = sorted({float(level) for level in contours})
    if wrong := [level for level in levels if not 0 < level < 1]:
        raise ValueError(f"contours holds {wrong[0]:g}; each is a confidence level between 0 and 1, such as 0.95")
    return levels


def _table(studies, contours, label):
    """Return the trials, then the pooled effect with its limits, the contours and the line of no effect."""
    points = funnel_points(studies.pooled)
    level = studies.pooled.confidence_level
    limit = critical(level)
    rows = trial_rows(studies, pvalue=points["pvalue"], distance=points["distance"])
    rows["outside"] = rows["distance"].abs() > limit
    rows["labelled"] = named(rows, label, rows["distance"], rows["outside"])
    rows["text_se"] = [number(x, studies.digits) for x in rows["se"]]
    rows["text_p"] = [pvalue(p) for p in rows["pvalue"]]
    extra = [total_row(studies)]
    at = {"estimate": studies.pooled.estimate, "confidence_level": level, "critical": limit}
    extra.append({"kind": "limit", "name": "pseudo confidence limits", **at})
    for each in contours:
        extra.append({"kind": "contour", "name": words.p_of(each), "estimate": 0.0, "confidence_level": each})
        extra[-1]["critical"] = critical(each)
    return with_rows(rows, *extra, {"kind": "reference", "name": "no effect", "estimate": 0.0})


def _scales(table, studies, yaxis):
    """Return the scales: all trials, no effect and the pooled effect, and its limits where there is room for them."""
    trials = table[table["kind"] == "trial"]
    widest = trials["se"].max()
    known = [*trials["estimate"], studies.pooled.estimate, 0.0]
    low, high = min(known), max(known)
    half = critical(studies.pooled.confidence_level) * widest
    wide = min(low, studies.pooled.estimate - half), max(high, studies.pooled.estimate + half)
    span, whole = high - low, wide[1] - wide[0]
    spare = whole if span >= LEAST_FILL * whole else (max(span / LEAST_FILL, LEAST_FILL * whole) - span) / 2
    low, high = max(low - spare, wide[0]), min(high + spare, wide[1])
    low, high = min(low, -BESIDE_NULL * (high - low)), max(high, BESIDE_NULL * (high - low))
    pad = PAD * (high - low)
    upright = (1.06 * widest, 0.0) if yaxis == "se" else (0.0, 1.06 / trials["se"].min())
    return Scale((low - pad, high + pad), studies.ratio), Scale(upright)


def _page(studies, table, scales, *, yaxis, favours, title, footer, width):
    """Return the figure with its panel, axes, key and footer."""
    _, labels = _upright_ticks(scales[1], TALL * width)
    left, right = room_for(labels), 1.2
    inner = width - 2 * style.MARGIN - left - right
    panel = Panel("funnel", (), (), scales[0].limits, (studies.axis,), favours=favours or (), ratio=studies.ratio)
    entries = key_of(table, inner * TALL * width)
    below = axis_height([panel], {"funnel": inner})
    room = {"left": left, "right": right, "height": TALL * width, "below": below}
    on = sheet(title, footer, width, scales=scales, label="funnel", entries=entries, **room)
    _draw(on.plane, table, yaxis)
    y = on.top - 1.6 - style.SMALL_PT / style.PT_PER_MM / 2
    write(on.page, style.MARGIN, y, words.upright(studies, yaxis), style.CAPTION, gid="title-y")
    write_captions(on.page, panel, on.left, on.right, on.bottom + TICKS_MM)
    return on.figure


def _upright_ticks(scale, height):
    """Return the ticks of the upright axis and their labels."""
    most = int(np.clip(height / 9.0, 2, 7))
    return Scale(tuple(sorted(scale.limits))).ticks(most)


def _draw(plane, table, yaxis):
    draw_axes(plane, upright=False)
    set_upright(plane.ax, *_upright_ticks(plane.y, plane.height))
    draw_funnel(plane, table, yaxis)
