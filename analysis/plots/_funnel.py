"""The contour-enhanced funnel plot: effects against their standard errors, and where p values would be small.

Shades show the two-sided p value that a trial has on its own, as regions around no effect between contours (Peters et
al. 2008); dashed lines around the pooled effect show where trials would lie if all had the same true effect. Whether
the cloud is symmetric is for the eye, so that the words say what asymmetry may mean and from how many trials on it can
be judged at all (Sterne et al. 2011).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb

from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.diagnostics import funnel_points
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import Panel, asked
from analysis.plots._marks import DASHES, SYMBOL_MM, Entry, line_entry
from analysis.plots._page import TICKS_MM, ReportFigure, axis_height, write_captions
from analysis.plots._plane import (
    Plane,
    Scale,
    content_of,
    critical,
    draw_axes,
    draw_trials,
    drawn_with,
    hollow_words,
    in_unit,
    lines_above,
    looks_of_groups,
    lying,
    model_sentence,
    named,
    null_of,
    other_groups_sentence,
    outside_sentence,
    paragraphs,
    pooled_sentence,
    room_for,
    set_upright,
    sheet,
    size_of,
    spread_sentence,
    studies_of,
    title_axes,
    total_row,
    trial_entries,
    trial_rows,
    width_of,
    with_rows,
    write_above,
    write_names,
)
from analysis.plots._rows import decimals
from analysis.plots._theme import themed
from analysis.text import level, number, pvalue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.results import PooledEffect
    from analysis.models.subgroups import PooledSubgroups

AXES = ("se", "precision")
FEWEST = 10  # trials for a look at asymmetry
DOTS = (0, (1, 1.6))
POOLED_PT = 0.8
STEPS = 240  # along curves, where precision is drawn
TALL = 0.62  # height of the panel over the width of the page
PAD = 0.05  # of the range of the effects, at both ends
BESIDE_NULL = 0.12  # of the range, at least, on both sides of no effect: the contours show
LEAST_FILL = 0.5  # of the panel: what effects fill at least, before the limits around the pooled effect are cut


@documented
@themed
def funnel(
    results: PooledEffect | PooledSubgroups | EffectSizes | PooledArms,
    *,
    by: str | None = None,
    contours: Sequence[float] = (0.90, 0.95, 0.99),
    yaxis: Literal["se", "precision"] = "se",
    label: int | Sequence[str] = 6,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    measure: str | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw a contour-enhanced funnel plot: effect against standard error, shaded where one trial alone is significant.

    Parameters
    ----------
    results : PooledEffect, PooledSubgroups, EffectSizes or PooledArms
        EffectSizes are pooled with the defaults of :func:`analysis.pool_arms`; of PooledArms the contrast is drawn.
        Groups have marks of their own around the pooled effect of all.
    by : str, optional
        Column of EffectSizes that makes groups; beyond six, the smaller ones share a mark.
    contours : sequence of float
        Confidence levels of the contours around no effect: inside that of 0.95, a trial alone has p > 0.05. May be
        empty.
    yaxis : {"se", "precision"}
        Standard error, growing downwards, or its inverse, growing upwards.
    label : int or sequence of str
        How many trials outside the pseudo confidence limits are named, the farthest first; or names or ids of trials.
    {favours, measure, title, width_mm, digits, ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    {figure}

    Raises
    ------
    ValueError
        For contours that are not between 0 and 1, an unknown ``yaxis``, an unknown trial, or a page too narrow.

    See Also
    --------
    analysis.drapery : Draw the p-value curve of every trial.
    analysis.radial : Draw standardised effects against precision.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Contours: no effect ± z × standard error. The pseudo confidence limits, pooled effect ± z × standard error, leave
    heterogeneity out. A funnel that is not symmetric does not show bias, and with fewer than ten trials it shows
    nothing.

    References
    ----------
    Peters et al. 2008, doi 10.1016/j.jclinepi.2007.11.010 (contours).

    Sterne et al. 2011, doi 10.1136/bmj.d4002 (how to read a funnel; ten trials).

    Sterne & Egger 2001, J Clin Epidemiol 54:1046-1055 (choice of the axis).

    Examples
    --------
    >>> import analysis
    >>> from analysis import funnel
    >>> fig = funnel(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], measure="MD"))
    >>> fig.content.table["text_p"].tolist()[:3]
    ['<0.001', '0.18', '0.002']
    """
    studies = studies_of(results, "funnel", measure=measure, digits=digits, by=by)
    # without a place of no effect there is nothing for contours to lie around
    contours = _ascending_levels(contours) if studies.has_null else []
    if yaxis not in AXES:
        raise ValueError(f"yaxis is {yaxis!r}; it must be one of {', '.join(AXES)}")
    table, wording = _funnel_table(studies, contours, label), studies.wording
    favours = words.directions(favours, wording)
    scales = _funnel_scales(table, studies, yaxis)
    if ax is not None:
        _draw_funnel(Plane(ax, *scales, *size_of(ax)), table, yaxis)
        title_axes(ax, wording.axis, _upright_title(wording, yaxis), favours)
        return ax.figure
    width = width_of(width_mm, "funnel plot")
    title = title or f"Funnel plot: {wording.measure.name} and standard error in {studies.counted}"
    beyond = ~table.loc[table["kind"] == "trial", "estimate"].between(*scales[0].limits)
    footer = _funnel_footer(studies, table, contours=contours, beyond=bool(beyond.any()), note=note)
    page = partial(_funnel_page, studies, table, scales, yaxis=yaxis, favours=favours, title=title, width=width)
    fig, footer = drawn_with(footer, page)
    alt = _funnel_alt_text(title, studies, table)
    printed = _funnel_printed(studies)
    fig.content = content_of(studies, table, title=title, footer=footer, alt=alt, printed=printed)
    return fig


def _funnel_printed(studies):
    """Return the headings of the table for readers."""
    wording = studies.wording
    heads = {words.capital(wording.noun): "name", wording.measure.title: "estimate"}
    heads |= {f"Standard error{wording.on_scale}": "se"} | ({"p": "p"} if studies.has_null else {})
    return {head: (f"text_{name}",) for head, name in heads.items()}


def _ascending_levels(contours):
    """Return the levels of the contours in ascending order."""
    levels = sorted({float(level) for level in contours})
    if wrong := [level for level in levels if not 0 < level < 1]:
        raise ValueError(f"contours holds {wrong[0]:g}; each is a confidence level between 0 and 1, such as 0.95")
    return levels


def _funnel_table(studies, contours, label):
    """Return the trials, then the pooled effect with its limits, the contours and the line of no effect."""
    points = funnel_points(studies.pooled)
    level = studies.pooled.confidence_level
    limit = critical(level)
    rows = trial_rows(studies, pvalue=points["pvalue"], distance=points["distance"])
    rows["outside"] = rows["distance"].abs() > limit
    rows = named(rows, label, rows["distance"], rows["outside"])
    if "group" in rows:
        rows["look"] = looks_of_groups(rows)
    rows["text_se"] = [number(x, studies.wording.digits) for x in rows["se"]]
    rows["text_p"] = [pvalue(p) for p in rows["pvalue"]]
    extra = [total_row(studies)]
    at = {"estimate": studies.pooled.estimate, "confidence_level": level, "critical": limit}
    extra.append({"kind": "limit", "name": "pseudo confidence limits", **at})
    for each in contours:
        extra.append({"kind": "contour", "name": f"p = {_p_beyond(each)}", "estimate": 0.0})
        extra[-1] |= {"confidence_level": each, "critical": critical(each)}
    null = {"kind": "reference", "name": "no effect", "estimate": null_of(studies.wording.measure)}
    return with_rows(rows, *extra, null)


def _p_beyond(contour):
    """Return the p value on a contour with the digits it has; 1 - 0.9 is 0.09999999999999998 before it is rounded."""
    p = round(1 - contour, 12)
    return number(p, max(2, decimals(p, 6)))


def _funnel_scales(table, studies, yaxis):
    """Return the scales: all trials, no effect and the pooled effect, and its limits where there is room for them."""
    trials = table[table["kind"] == "trial"]
    widest = trials["se"].max()
    null = null_of(studies.wording.measure)
    known = [*trials["estimate"], studies.pooled.estimate, null]
    low, high = np.nanmin(known), np.nanmax(known)
    half = critical(studies.pooled.confidence_level) * widest
    wide = min(low, studies.pooled.estimate - half), max(high, studies.pooled.estimate + half)
    span, whole = high - low, wide[1] - wide[0]
    # limits that would leave the trials less than their share of the panel are cut, to no less than half of them
    spare = whole if span >= LEAST_FILL * whole else (max(span / LEAST_FILL, LEAST_FILL * whole) - span) / 2
    low, high = max(low - spare, wide[0]), min(high + spare, wide[1])
    beside = BESIDE_NULL * (high - low)
    low, high = np.fmin(low, null - beside), np.fmax(high, null + beside)
    pad = PAD * (high - low)
    # the outermost trial stands a little inside the panel
    upright = (1.06 * widest, 0.0) if yaxis == "se" else (0.0, 1.06 / trials["se"].min())
    return asked(Scale((low - pad, high + pad), studies.wording.measure)), Scale(upright)


def _upright_title(wording, yaxis):
    """Return the title of the upright axis."""
    if yaxis == "precision":
        return f"Precision: 1 / standard error{in_unit(wording)}"
    return f"Standard error{wording.on_scale}{f', {wording.points}' if wording.points else ''}"


def _draw_funnel(plane, table, yaxis):
    """Draw axes and everything inside the panel, from the rows of the table."""
    draw_axes(plane, upright=False)
    set_upright(plane.ax, *_upright_ticks(plane.y, plane.height))
    # contours are straight over the standard error; over precision they are hyperbolas, which need many points
    se = np.array([max(plane.y.limits), 0.0])
    if yaxis == "precision":
        se = 1.0 / np.geomspace(max(plane.y.limits) / 2000.0, max(plane.y.limits), STEPS)
    upright = _height(se, yaxis)
    contours = table[table["kind"] == "contour"]
    shades, edges = shades_of(len(contours)), []
    # the widest region comes first, and each narrower one lies upon it
    for (_, row), shade, z in zip(contours[::-1].iterrows(), shades[-2::-1], np.arange(len(contours)), strict=True):
        low, high = _curves(plane, row, se)
        outline = np.column_stack([np.append(low, high[::-1]), np.append(upright, upright[::-1])])
        plane.areas([outline], f"funnel-contour-{row['confidence_level']:g}", shade, zorder=0.01 * z)
        edges += [np.column_stack([low, upright]), np.column_stack([high, upright])]
    plane.lines(edges, "funnel-contour-edges", colors=style.FAINT, linewidths=style.HAIR_PT, zorder=0.5)

    limit = table[table["kind"] == "limit"].iloc[0]
    sides, ends = _curves(plane, limit, se), np.array(plane.y.limits)
    null, pooled = (np.column_stack([np.full(2, x), ends]) for x in (plane.x.null, limit["estimate"]))
    drawn = [null] if np.isfinite(null).all() else []
    plane.lines(drawn, "funnel-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    look = {"colors": style.INK, "linewidths": POOLED_PT, "zorder": 1.2}
    plane.lines([pooled], "funnel-pooled", linestyles=[DOTS], **look)
    limits = [np.column_stack([side, upright]) for side in sides]
    plane.lines(limits, "funnel-limits", linestyles=[DASHES], **look)

    trials = table[table["kind"] == "trial"]
    at = np.column_stack([trials["estimate"], _height(trials["se"].to_numpy(float), yaxis)])
    looks = [style.GROUPS[int(look)] for look in trials["look"]] if "look" in trials else None
    reach = draw_trials(plane, at, trials["imputed"], "funnel-trials", looks=looks)
    outwards = np.column_stack([np.sign(trials["distance"]), np.zeros(len(trials))])
    avoid = [plane.on(path, 2.5) for path in (*limits, *drawn, pooled)]
    write_names(plane, trials, at, reach, outwards=outwards, avoid=avoid)


def _upright_ticks(scale, height):
    """Return the ticks of the upright axis and their labels."""
    most = int(np.clip(height / 9.0, 2, 7))
    return Scale(tuple(sorted(scale.limits))).ticks(most)


def _height(se, yaxis):
    return se if yaxis == "se" else 1.0 / se


def shades_of(n):
    """Return the colours of the regions between n contours, from the innermost to that outside of all."""
    dark, light = np.array(to_rgb(style.CONNECTOR)), np.array(to_rgb(style.PAPER))
    return [to_hex(dark + (light - dark) * i / max(n, 1)) for i in range(n + 1)]


def _curves(plane, row, se):
    """Return both sides of a contour or limit, kept near the panel where they run far away."""
    low, high = plane.x.limits
    sides = row["estimate"] - row["critical"] * se, row["estimate"] + row["critical"] * se
    if len(se) == 2:  # straight lines: a clipped end would turn them
        return sides
    return tuple(np.clip(side, low - (high - low), high + (high - low)) for side in sides)


def _funnel_footer(studies, table, *, contours, beyond, note):
    """Return the paragraphs that say what was drawn, trials ``beyond`` the panel too, and how far it can be read."""
    pooled, wording = studies.pooled, studies.wording
    at = level(pooled.confidence_level)
    null = "solid line: no effect; " if studies.has_null else ""
    shades = (
        f"Shades: two-sided p value that a {wording.noun} has on its own (Wald test of no effect), in brackets the "
        f"number of {wording.nouns} (Peters 2008, doi 10.1016/j.jclinepi.2007.11.010)"
    )
    outside, spread = outside_sentence(table, "outside the dashed lines", wording), spread_sentence(studies)
    if spread:
        outside += f", which leave out that true effects differ between {wording.nouns}: {spread}"
    return paragraphs(
        (
            f"{_marks_of(studies)}; {null}dotted line: pooled effect; dashed lines: pooled effect ± "
            f"{number(critical(pooled.confidence_level), 2)} standard errors, between which {at} of the "
            f"{wording.nouns} would lie if all had the same true effect"
            + f"; arrowhead: {wording.noun} beyond the panel"
            * beyond,
            shades if contours else "",
        ),
        (
            model_sentence(studies),
            outside if pooled.k > 1 else "",
            words.left_out_sentence(studies.left_out, wording),
        ),
        (*_asymmetry(studies),),
        (note,),
    )


def _marks_of(studies):
    """Return what the marks are, and what the smaller groups are that share one."""
    if "group" not in studies.rows:
        return studies.circles
    others = other_groups_sentence(studies.rows.assign(look=looks_of_groups(studies.rows.assign(kind="trial"))))
    marks = f"One mark per {studies.wording.noun}, shape and colour by group{hollow_words(studies.rows)}"
    return f"{marks}; {others}" if others else marks


def _asymmetry(studies):
    """Return what may and may not be read from the symmetry of the funnel."""
    k, wording = studies.pooled.k, studies.wording
    said = [
        f"Asymmetry is not bias: true effects that go with the size of a {wording.noun}, weaker methods of small "
        f"{wording.nouns} and chance make a funnel asymmetric too (Sterne 2011, doi 10.1136/bmj.d4002)"
    ]
    if k < FEWEST:
        said = [f"With {wording.counted(k)}, fewer than {number(FEWEST, 0)}, asymmetry cannot be judged", *said]
    if wording.measure.tied:
        article = "an" if wording.measure.name[0] in "aeiou" else "a"
        said.append(
            f"The standard error of {article} {wording.measure.name} depends on the effect itself, "
            "which alone can tilt the funnel"
        )
    return said


def _funnel_page(studies, table, scales, footer, *, yaxis, favours, title, width):
    """Return the figure with its panel, axes, key and footer."""
    _, labels = _upright_ticks(scales[1], TALL * width)
    left, right = room_for(labels), 1.2
    inner = width - 2 * style.MARGIN - left - right
    wording = studies.wording
    panel = Panel("funnel", (), (), scales[0].limits, (wording.axis,), favours, measure=wording.measure, asked=True)
    entries = _funnel_key(table, inner * TALL * width, wording.noun)
    below = axis_height([panel], {"funnel": inner})
    above = lines_above(_upright_title(wording, yaxis), (), width - 2 * style.MARGIN)
    room = {"left": left, "right": right, "height": TALL * width, "above": len(above), "below": below}
    on = sheet(title, footer, width, scales=scales, label="funnel", entries=entries, **room)
    _draw_funnel(on.plane, table, yaxis)
    write_above(on, above)
    write_captions(on.page, panel, on.left, on.right, on.bottom + TICKS_MM)
    return on.figure


def _funnel_key(table, mm2, noun):
    """Return the entries of the key; ``mm2`` is the area of the panel."""
    trials, contours = table[table["kind"] == "trial"], table[table["kind"] == "contour"]
    limit = table[table["kind"] == "limit"].iloc[0]
    entries = trial_entries(trials, mm2, noun)
    look = {"colors": style.INK, "linewidths": POOLED_PT}
    if np.isfinite(table.loc[table["kind"] == "reference", "estimate"]).all():
        entries.append(line_entry("no effect", colors=style.INK, linewidths=style.RULE_PT))
    entries.append(line_entry("pooled", linestyles=[DOTS], **look))
    entries.append(line_entry(_limits_name(limit["confidence_level"]), linestyles=[DASHES], **look))
    regions = _regions(contours["confidence_level"].tolist(), trials["pvalue"])
    shades = shades_of(len(contours))[: len(regions)]
    return entries + [_swatch(*each, new_line=i == 0) for i, each in enumerate(zip(regions, shades, strict=True))]


def _limits_name(confidence_level):
    """Return what the dashed lines are, in short."""
    return f"pseudo {level(confidence_level)} limits"


def _regions(levels, pvalues):
    """Return what each shade means, from the innermost, with the number of trials in it; nothing without contours."""
    if not levels:
        return []
    ends = [round(1 - each, 12) for each in levels]
    shown = [_p_beyond(each) for each in levels]
    between = [f"{b} < p ≤ {a}" for a, b in itertools.pairwise(shown)]
    texts = [f"p > {shown[0]}", *between, f"p ≤ {shown[-1]}"]
    crossed = np.sum(np.asarray(pvalues, float)[:, None] <= ends, axis=1)  # how many contours a trial lies beyond
    return [f"{text} ({number((crossed == i).sum(), 0)})" for i, text in enumerate(texts)]


def _swatch(text, shade, *, new_line):
    """Return the entry of a shaded region, outlined so that the white one shows too."""

    def draw(page, x, y):
        half, tall = SYMBOL_MM / 2, 1.2
        corners = [[(x - half, y - tall), (x + half, y - tall), (x + half, y + tall), (x - half, y + tall)]]
        look = {"facecolor": shade, "edgecolor": style.FAINT, "linewidth": style.HAIR_PT}
        page.add_collection(PolyCollection(corners, gid="key-contour", **look), autolim=False)

    return Entry(draw, text, new_line=new_line)


def _funnel_alt_text(heading, studies, table):
    """Return what the figure shows to someone who cannot see it."""
    trials = table[table["kind"] == "trial"]
    k, errors, wording = len(trials), trials["se"].to_numpy(float), studies.wording
    effects = wording.span(trials["estimate"].min(), trials["estimate"].max())
    low, high = (number(x, wording.digits) for x in (errors.min(), errors.max()))
    wider = errors > np.median(errors)
    left = (trials["distance"] < 0).to_numpy()
    halves = (
        f"Of the {wording.counted(wider.sum())} with the larger standard errors "
        f"{lying(wider & left, 'left of the pooled effect', of='')}, "
        f"of the {number(k - wider.sum(), 0)} others {number((~wider & left).sum(), 0)}"
    )
    alone = (trials["pvalue"] <= 0.05).sum()
    return words.sentences(
        f"Funnel plot: {heading}" if not heading.startswith("Funnel plot") else heading,
        f"{wording.counted(k)}; effects from {effects} {wording.points}".rstrip()
        + f"; standard errors{wording.on_scale} from {low} to {high}",
        pooled_sentence(studies),
        lying(trials["outside"].astype(bool), f"outside the {_limits_name(studies.pooled.confidence_level)}"),
        f"On its own, {wording.counted(alone)} {'has' if alone == 1 else 'have'} p ≤ {number(0.05)}"
        if studies.has_null
        else "",
        halves if k > 2 else "",
    )
