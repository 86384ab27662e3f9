"""The bubble plot of a meta-regression: trials along a moderator, the fitted mean and its two bands."""

import numpy as np
import pandas as pd

from analysis.plots import _bubble_words as words
from analysis.plots import _style as style
from analysis.plots._bubble_marks import draw_along, key_of
from analysis.plots._bubble_rows import NUMBERS_MM, draw_into_rows, draw_rows
from analysis.plots._canvas import FigureContent
from analysis.plots._cells import digits_for
from analysis.plots._forest import NAMES, RATIOS
from analysis.plots._plane import (
    EDGE_MM,
    Plane,
    Scale,
    areas_of,
    draw_axes,
    limits_around,
    room_for,
    sheet,
    size_of,
    title_axes,
    write_titles,
)
from analysis.plots._themes import themed
from analysis.plots._words import sentences
from analysis.regression_curve import moderator_curve
from analysis.text import interval, number, percent

USUAL_MM, LEAST_MM = 150.0, 80.0
TALL = 0.6  # height of the panel over the width of the page
PAD = 0.06  # of the range of the trials, at both ends


@themed
def bubble(
    regression,
    moderator=None,
    *,
    label=6,
    x_label=None,
    y_label=None,
    measure="MD",
    favours=("favours treatment", "favours placebo"),
    pi_method="t(k-p)",
    title=None,
    width_mm=None,
    digits=None,
    ax=None,
    note="",
):
    """Draw a bubble plot of a meta-regression: trials along a moderator, and the fitted mean with both bands.

    Parameters
    ----------
    regression : MetaRegression
    moderator : str, optional
        Column of the data. Default: the first that the formula names. Numbers give a line or curve over their range,
        categories a row each.
    label : int or sequence of str
        How many trials are named, those farthest from the fitted mean first; or their names.
    x_label, y_label : str, optional
        What the moderator and the effects are, with units. Default: made from their names.
    measure : str
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log axis.
    favours : (str, str) or None
        What effects below and above the null value mean; with None the null value need not be in the panel.
    pi_method : {"t(k-p)", "t(k-p-1)", "z"}
        Distribution of the prediction limits.
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
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    ValueError
        If the formula lacks the moderator, a name is not that of a trial, or the page is too narrow.

    Notes
    -----
    Other moderators are held at their mean or reference category. Areas are proportional to the weights in the
    regression, 1 / (vi + tau2). See Thompson and Higgins (2002, doi 10.1002/sim.1187); rows of categories as in the
    orchard plot (Nakagawa et al. 2021, doi 10.1002/jrsm.1424).

    Examples
    --------
    >>> import analysis
    >>> effects = analysis.effect_sizes(analysis.read_trials("data/trials.csv"))
    >>> fit = analysis.meta_regression("yi ~ year", effects)
    >>> fig = analysis.bubble(fit)
    >>> int((fig.content.table["kind"] == "trial").sum())
    44
    """
    if not hasattr(regression, "qm_pvalue") or not hasattr(regression, "predict"):
        raise TypeError("bubble draws a MetaRegression; pass meta_regression(formula, data)")
    along = moderator_curve(regression, moderator, pi_method=pi_method)
    ratio = measure in RATIOS
    x_label = x_label or along.moderator.replace("_", " ").capitalize()
    y_label = y_label or NAMES.get(measure, measure)
    if digits is None:
        digits = 2 if ratio else digits_for(along.trials["yi"] - 2 * _se(along), along.trials["yi"] + 2 * _se(along))
    table = bubble_table(along, label, digits, ratio)
    scale, leaves = _scale(along, ratio, null=favours is not None)
    about = words.About(regression, along, table, x_label, y_label, ratio, digits, pi_method, leaves)
    if ax is not None:
        return _into(ax, about, scale, favours)
    width = width_mm or USUAL_MM
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}; a bubble plot needs at least {number(LEAST_MM, 0)} mm")
    title = title or f"{y_label} by {about.of}"
    footer = words.footer(about, note, printed=along.categorical and width >= NUMBERS_MM)
    draw = draw_rows if along.categorical else _draw
    fig = draw(about, scale, favours or (), title=title, footer=footer, width=width)
    caption = " ".join([sentences(title), *words.footer(about, note)])
    rows = _with_reference(table, footer)
    in_words, alt = sentences(words.finding(about), words.OBSERVATIONAL), words.alt_text(title, about)
    fig.content = FigureContent(rows, title, caption, alt, in_words, _printed(x_label, y_label))
    return fig


def _se(along):
    return np.sqrt(along.trials["vi"])


def _printed(x_label, y_label):
    return {
        "Trial": ("text_name",),
        x_label: ("text_x",),
        y_label: ("text_estimate",),
        "Confidence interval": ("text_ci",),
        "Prediction interval": ("text_pi",),
        "Weight": ("text_weight",),
    }


def bubble_table(along, label, digits, ratio):
    """Return one row per trial, then one per point of the curve or per category, and the slope."""
    show = np.exp if ratio else float
    trials = along.trials.rename(columns={"label": "name", "yi": "estimate"}).assign(kind="trial")
    trials["labelled"] = _labelled(trials, label)
    trials["text_name"] = trials["name"]
    trials["text_x"] = trials["x"].astype(str) if along.categorical else words.x_texts(along)
    trials["text_weight"] = [percent(w, 1) for w in trials["weight"]]
    curve = along.curve.assign(kind="category" if along.categorical else "curve")
    if along.categorical:
        curve["text_name"] = [f"{x}, fitted mean" for x in curve["x"]]
        for part in ("ci", "pi"):
            curve[f"text_{part}"] = [_interval(row, part, digits, show) for row in curve.to_dict("records")]
    rows = pd.concat([trials, curve], ignore_index=True)
    rows["text_estimate"] = [
        "" if kind == "curve" else number(show(x), digits)
        for kind, x in zip(rows["kind"], rows["estimate"], strict=True)
    ]
    return rows if along.slope is None else pd.concat([rows, _slope_row(along, digits, show)], ignore_index=True)


def _interval(row, part, digits, show):
    return interval(show(row[f"{part}_low"]), show(row[f"{part}_high"]), digits)


def _slope_row(along, digits, show):
    slope = along.slope
    shown = {end: float(show(slope[end])) for end in ("estimate", "ci_low", "ci_high")}
    fine = words.slope_digits(shown, digits)
    name = f"{'Times' if show is np.exp else 'Change'} per unit of {along.moderator}"
    texts = {"text_name": name, "text_estimate": number(shown["estimate"], fine)}
    texts["text_ci"] = _interval(slope, "ci", fine, show)
    return pd.DataFrame([{"kind": "slope", "name": name, **slope, **texts}])


def _labelled(trials, label):
    """Say which trials are to be named: those farthest from the fitted mean, or those asked for."""
    if not isinstance(label, int | np.integer):
        wanted = {label} if isinstance(label, str) else set(label)
        if unknown := sorted(wanted - set(trials["name"])):
            raise ValueError(f"label names {', '.join(map(repr, unknown))}, which is no trial of this figure")
        return trials["name"].isin(wanted)
    return (trials["estimate"] - trials["fitted"]).abs().rank(method="first", ascending=False) <= label


def _with_reference(table, footer):
    extra = [{"kind": "reference", "name": "null value", "estimate": 0.0}]
    extra += [{"kind": "footer", "name": line} for line in footer]
    return pd.concat([table, pd.DataFrame(extra)], ignore_index=True)


def _scale(along, ratio, *, null):
    """Return the scale of the effects, and whether a band leaves it: the trials and the fitted mean set it."""
    bands = along.curve[["ci_low", "ci_high", "pi_low", "pi_high"]].to_numpy(float)
    points = np.concatenate([along.trials["yi"], along.curve["estimate"], [0.0] if null else []])
    core = float(points.min()), float(points.max())
    wide = min(core[0], np.nanmin(bands)), max(core[1], np.nanmax(bands))
    low, high = limits_around(core, wide)
    pad = PAD * (high - low or abs(high) or 1.0)
    leaves = wide[0] < low - pad or wide[1] > high + pad
    return Scale((low - pad, high + pad), ratio), leaves


def _across(along):
    """Return the scale of a moderator in numbers."""
    low, high = along.trials["x"].min(), along.trials["x"].max()
    pad = PAD * (high - low)
    return Scale((float(low - pad), float(high + pad)))


def _draw(about, scale, favours, *, title, footer, width):
    """Return the figure of a moderator in numbers."""
    across, height = _across(about.along), TALL * width
    left = room_for(scale.ticks()[1])
    size = areas_of(about.along.trials["weight"], (width - left - 2 * style.MARGIN) * height)
    entries = key_of(about, size)
    scales = across, scale
    on = sheet(
        title, footer, width, scales=scales, label="bubble", entries=entries, left=left, right=EDGE_MM, height=height
    )
    _axes(on.plane, about)
    draw_along(on.plane, about, size)
    directions = [f"↓ {a}   ↑ {b}" for a, b in (favours, [word.split()[-1] for word in favours])] if favours else []
    write_titles(on, about.x_label, about.y_label + (", log scale" if about.ratio else ""), directions)
    return on.figure


def _axes(plane, about):
    draw_axes(plane)
    if about.year:
        ticks = plane.ax.get_xticks()
        plane.ax.set_xticks(ticks, words.write_x(ticks, year=True))


def _into(ax, about, scale, favours):
    """Draw the panel into axes of another figure."""
    width, height = size_of(ax)
    if about.along.categorical:
        draw_into_rows(ax, about, scale, (width, height))
        return ax.figure
    plane = Plane(ax, _across(about.along), scale, width, height)
    _axes(plane, about)
    draw_along(plane, about, areas_of(about.along.trials["weight"], width * height))
    title_axes(ax, about.x_label, about.y_label)
    return ax.figure
