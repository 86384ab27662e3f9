"""The radial (Galbraith) plot: standardised effect against precision, with a curved scale of effects."""

from analysis.diagnostics import common_effect, radial_points
from analysis.plots import _radial_words as words
from analysis.plots import _style as style
from analysis.plots._canvas import FigureContent
from analysis.plots._fan import fan_of
from analysis.plots._measure import line_height, text_width
from analysis.plots._plane import TICK_MM, Plane, room_for, sheet, size_of, title_axes
from analysis.plots._radial_marks import BAND, draw_radial, draw_radial_axes, key_of, upright_ticks
from analysis.plots._studies import footer_rows, named, studies_of, total_row, trial_rows, width_of, with_rows
from analysis.plots._themes import themed
from analysis.plots._write import write
from analysis.text import number

TALL = 0.66  # height of the panel over the width of the page
MODELS = ("random", "common")


@themed
def radial(results, *, model="random", label=6, measure=None, title=None, width_mm=None, digits=None, ax=None, note=""):
    """Draw a radial plot, after Galbraith: trials as points, their effects read on a curved scale.

    Parameters
    ----------
    results : PooledEffect, EffectSizes or PooledArms
        EffectSizes are pooled with the defaults of ``pool_arms``; of PooledArms the contrast is drawn.
    model : {"random", "common"}
        With the variance between trials in every standard error, as pooled; or without it, as Galbraith drew it: then
        the line is the common effect, and trials outside the band show heterogeneity.
    label : int or sequence of str
        How many trials outside the band are named, the farthest first; or names or ids of trials.
    measure : str, optional
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log scale. Default: that of the result.
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
        For an unknown model or trial, or a page that is too narrow.

    Notes
    -----
    Galbraith (1988, doi 10.1002/sim.4780070807). A ray from the origin through a trial has its effect as slope and
    meets the curved scale there; the pooled effect is the least-squares line through the origin. The band is this line
    ± 2.

    Examples
    --------
    >>> import analysis
    >>> from analysis.plots import radial
    >>> fig = radial(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]), model="common")
    >>> fig.content.table["precision"].round(2).tolist()[:3]
    [5.0, 3.33, 4.47]
    """
    if model not in MODELS:
        raise ValueError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    studies = studies_of(results, "radial", measure=measure, digits=digits)
    if model == "common" and studies.pooled.tau2_method != "CE":
        studies = words.with_pooled(studies, common_effect(studies.pooled))
    table = _table(studies, label)
    if ax is not None:
        return _into(ax, table, studies)
    width = width_of(width_mm, "radial plot")
    title = title or words.title(studies)
    footer = words.footer(studies, table, note=note)
    fig = _page(studies, table, title=title, footer=footer, width=width)
    caption = " ".join([*words.opening(title, studies), *footer])
    alt = words.alt_text(title, studies, table)
    fig.content = FigureContent(with_rows(table, *footer_rows(footer)), title, caption, alt, "", words.PRINTED)
    return fig


def _table(studies, label):
    """Return the trials, the pooled effect, the band around it and the line of no effect."""
    points = radial_points(studies.pooled)
    rows = trial_rows(studies, **{name: points[name] for name in ("precision", "z", "distance")})
    rows["outside"] = rows["distance"].abs() > BAND
    rows["labelled"] = named(rows, label, rows["distance"], rows["outside"])
    rows["text_precision"] = [number(x, 2) for x in rows["precision"]]
    rows["text_z"] = [number(x, 2) for x in rows["z"]]
    band = {
        "kind": "band",
        "name": "pooled effect ± 2",
        "estimate": studies.pooled.estimate,
        "low": -BAND,
        "high": BAND,
    }
    return with_rows(rows, total_row(studies), band, {"kind": "reference", "name": "no effect", "estimate": 0.0})


def _fan(table, studies, size):
    pooled = studies.pooled
    trials = table[table["kind"] == "trial"]
    return fan_of(trials, (pooled.estimate, *pooled.ci), studies.ratio, size)


def _page(studies, table, *, title, footer, width):
    """Return the figure with its panel, axes, key and footer."""
    left, right = room_for([number(-BAND, 0)]), 0.6
    size = width - 2 * style.MARGIN - left - right, TALL * width
    fan = _fan(table, studies, size)
    if (wider := room_for(upright_ticks(fan)[1]) - left) > 0:  # other ticks than -2, 0 and 2
        left, size = left + wider, (size[0] - wider, size[1])
        fan = _fan(table, studies, size)
    titles = words.axes(studies)
    pitch = line_height(style.SMALL_PT)
    stacked = text_width(titles[1], style.SMALL_PT) + text_width(studies.axis, style.SMALL_PT) + style.GAP > (
        width - 2 * style.MARGIN
    )
    entries = key_of(table, size[0] * size[1], words.key(studies))
    head = (2 if stacked else 1) * pitch + 1.6
    room = {"left": left, "right": right, "height": size[1], "head": head}
    on = sheet(title, footer, width, scales=fan.scales, label="radial", entries=entries, **room)
    _draw(on.plane, fan, table)
    y = on.top - 1.6 - pitch / 2
    write(on.page, style.MARGIN, y - pitch * stacked, titles[1], style.CAPTION, gid="title-y")
    write(on.page, width - style.MARGIN, y, studies.axis, style.CAPTION, align="right", gid="title-scale")
    middle = on.left + fan.across * table["precision"].max() / 2
    middle = max(middle, style.MARGIN + text_width(titles[0], style.SMALL_PT) / 2)
    write(on.page, middle, on.bottom + TICK_MM + pitch / 2, titles[0], style.CAPTION, align="center", gid="title-x")
    return on.figure


def _draw(plane, fan, table):
    trials = table[table["kind"] == "trial"]
    draw_radial_axes(plane, fan, trials["precision"].to_numpy(float))
    draw_radial(plane, fan, table)


def _into(ax, table, studies):
    """Draw the panel into axes of another figure, the name of the curved scale above its right end."""
    size = size_of(ax)
    fan = _fan(table, studies, size)
    plane = Plane(ax, *fan.scales, *size)
    _draw(plane, fan, table)
    title_axes(ax, *words.axes(studies))
    plane.write(size[0], size[1] + 2.2, studies.axis, style.CAPTION, align="right", gid="title-scale")
    return ax.figure
