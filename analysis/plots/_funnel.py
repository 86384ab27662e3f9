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

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.diagnostics import funnel_points
from analysis.models.simulation import effect_for_power, power_of_studies
from analysis.models.small_study import TrimAndFill, egger_test
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked
from analysis.plots._marks import DASHES, SYMBOL_MM, Entry, line_entry, marker_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale, critical, lying, null_of, studies_of
from analysis.plots._rows import decimals
from analysis.plots._theme import themed
from analysis.text import equals, level, number, percent, pvalue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.results import PooledEffect
    from analysis.models.subgroups import PooledSubgroups

AXES = ("se", "precision")
DOTS, DASH_DOTS = (0, (1, 1.6)), (0, (5, 1.6, 1, 1.6))
POOLED_PT = 0.8
STEPS = 240  # along curves, where precision is drawn
TALL = 0.62  # height of the panel over the width of the page
PAD = 0.05  # of the range of the effects, at both ends
BESIDE_NULL = 0.12  # of the range, at least, on both sides of no effect: the contours show
ALONE = 0.05  # the two-sided p up to which a trial alone is significant
POWERS = (0.2, 0.4, 0.6, 0.8)  # between the shades
TOLD_AT = (0.33, 0.66)  # median power of which the effect is told
LEAST_FILL = 0.5  # of the panel: what effects fill at least, before the limits around the pooled effect are cut


@documented
@themed
def funnel(
    results: PooledEffect | PooledSubgroups | EffectSizes | PooledArms | TrimAndFill,
    *,
    by: str | None = None,
    egger: bool = False,
    power: float | Literal["pooled"] | None = None,
    contours: Sequence[float] | None = None,
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
    results : PooledEffect, PooledSubgroups, EffectSizes, PooledArms or TrimAndFill
        EffectSizes are pooled with the defaults of :func:`analysis.pool_arms`; of PooledArms the contrast is drawn.
        Groups have marks of their own around the pooled effect of all. Of :func:`analysis.trim_and_fill` the studies
        that were filled in are hollow and grey, and so is the effect pooled with them.
    by : str, optional
        Column of EffectSizes that makes groups; beyond six, the smaller ones share a mark.
    egger : bool, optional
        Whether the line of Egger's regression is drawn, which is upright where effects do not go with their standard
        errors.
    power : float or "pooled", optional
        A true effect, as people read it (a ratio as a ratio), or the pooled one: shades then tell the power that a
        trial of a standard error has to find it at p 0.05 (a sunset funnel), and the words the median power, the
        effects at which it would be 33% and 66%, and the R-index.
    contours : sequence of float, optional
        Confidence levels of the contours around no effect: inside that of 0.95, a trial alone has p > 0.05. May be
        empty. Default: 0.90, 0.95 and 0.99, shaded; beside `power` the line of 0.95.
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
        For contours that are not between 0 and 1, a true effect that is none or of a measure without one, an unknown
        ``yaxis``, an unknown trial, or a page too narrow.

    See Also
    --------
    analysis.drapery : Draw the p-value curve of every trial.
    analysis.radial : Draw standardised effects against precision.
    analysis.egger_test : Egger's regression.
    analysis.excess_significance : Whether more trials are significant than their power lets expect.
    analysis.power : Power of the meta-analysis.
    analysis.trim_and_fill : Fill in the studies that a symmetric funnel would have.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Contours: no effect ± z × standard error. The pseudo confidence limits, pooled effect ± z × standard error, leave
    heterogeneity out. A funnel that is not symmetric does not show bias, and with fewer than ten trials it shows
    nothing.

    Power is that of a two-sided z test of one trial, its standard error taken as known and all true effects as one. At
    the pooled effect it is circular: where significant trials were selected, the pooled effect is too large, and so is
    the power. The R-index is the median power less what the share of significant trials has above it.

    References
    ----------
    Kossmeier, Tran & Voracek 2020, doi 10.1027/2151-2604/a000392 (power, the effects needed, the R-index).

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
    filled = results if isinstance(results, TrimAndFill) else None
    studies = studies_of(filled.observed if filled else results, "funnel", measure=measure, digits=digits, by=by)
    # without a place of no effect there is nothing for contours to lie around
    contours = _ascending_levels(_usual(power) if contours is None else contours) if studies.has_null else []
    effect = _true_effect(power, studies)
    if yaxis not in AXES:
        raise ValueError(f"yaxis is {yaxis!r}; it must be one of {', '.join(AXES)}")
    line = egger_test(studies.pooled) if egger else None
    table, wording = _funnel_table(studies, contours, label, filled, line, effect), studies.wording
    added = [*_added_sentences(filled, line, wording), *_power_sentences(table, effect, power, wording)]
    width = planes.width_of(width_mm, "funnel plot", ax)
    scales, tall = _funnel_scales(table, studies, yaxis), TALL * width
    heads = {words.capital(wording.noun): "name", wording.measure.title: "estimate"}
    heads |= {f"Standard error{wording.on_scale}": "se"} | ({"p": "p"} if studies.has_null else {})
    heads |= {"Power": "power"} if effect is not None else {}
    points = f", {wording.points}" if wording.points else ""
    upright = {
        "se": f"Standard error{wording.on_scale}{points}",
        "precision": f"Precision: 1 / standard error{planes.in_unit(wording)}",
    }
    spec = PlaneSpec(
        name="funnel",
        kind="Funnel plot",
        rows=table,
        scales=scales,
        titles=(wording.axis, upright[yaxis]),
        draws=partial(_draw_funnel, table, yaxis),
        key=partial(_funnel_key, table, wording.noun),
        title=title or f"Funnel plot: {wording.measure.name} and standard error in {studies.counted}",
        footer=_funnel_footer(studies, table, scales[0], note, added),
        seen=_funnel_seen(studies, table, added),
        printed={head: (f"text_{name}",) for head, name in heads.items()},
        said=(planes.pooled_sentence(studies),),
        favours=words.directions(favours, wording),
        left=planes.room_for(_upright_ticks(scales[1], tall)[1]),
        height=tall,
    )
    return planes.draw_plane(spec, width, ax)


def _usual(power):
    """Return the contours that nobody asked for: one line between shades of power."""
    return (1.0 - ALONE,) if power is not None else (0.90, 0.95, 0.99)


def _true_effect(power, studies):
    """Return how far a true effect lies from none, on the scale of analysis; None where no power is asked for."""
    if power is None:
        return None
    measure, null = studies.wording.measure, null_of(studies.wording.measure)
    if not studies.has_null:
        raise ValueError(f"power= is that to find an effect, and no {measure.name} is that of none; leave it out")
    if power == "pooled":
        effect = studies.pooled.estimate - null
    elif isinstance(power, str):
        raise ValueError(f'power is {power!r}; give a true effect, or "pooled"')
    else:
        effect = float(measure.inverse(_check.number("power", power))) - null
    if not np.isfinite(effect) or not effect:
        raise ValueError(f"power={power!r} is no effect, which no trial can find; give a true effect")
    return effect


def _power_sentences(table, effect, power, wording):
    """Return the power of the trials in words, where it is drawn."""
    if effect is None:
        return []
    trials = table[table["kind"] == "trial"]
    median, alone = trials["power"].median(), (trials["pvalue"] <= ALONE).mean()
    null, unit = null_of(wording.measure), f" {wording.points}" if wording.points else ""
    needed = [np.sign(effect) * effect_for_power(trials["se"], each, ALONE) for each in TOLD_AT]
    shown, low, high = (wording.write(null + each) for each in (effect, *needed))
    whose = "the pooled effect" if power == "pooled" else "a true effect"
    said = [
        f"Median power to find {whose} of {shown}{unit}: {percent(median)}; it would be {percent(TOLD_AT[0])} at {low} "
        f"and {percent(TOLD_AT[1])} at {high}",
        f"Significant alone at p {number(ALONE)}: {number(alone * len(trials), 0)} of {wording.counted(len(trials))}, "
        f"with {number(trials['power'].sum(), 1)} to be expected; R-index {percent(2 * median - alone)}",
    ]
    if power == "pooled":
        said.append(f"Where significant {wording.nouns} were selected, pooled effect and power are too large")
    return said


def _ascending_levels(contours):
    """Return the levels of the contours in ascending order."""
    return sorted({_check.level(level, "a level of contours") for level in contours})


def _funnel_table(studies, contours, label, filled, line, effect):
    """Return the trials, the pooled effect with its limits, the contours, the line of no effect and what was added."""
    points, at = funnel_points(studies.pooled), studies.pooled.confidence_level
    rows = planes.trial_rows(studies, pvalue=points["pvalue"], distance=points["distance"])
    rows["outside"] = rows["distance"].abs() > critical(at)
    rows = planes.named(rows, label, rows["distance"], rows["outside"])
    if "group" in rows:
        rows["look"] = planes.looks_of_groups(rows)
    if effect is not None:
        rows["power"] = power_of_studies(rows["se"], effect, ALONE)
        rows["text_power"] = [percent(x) for x in rows["power"]]
    rows["text_se"] = [number(x, studies.wording.digits) for x in rows["se"]]
    rows["text_p"] = [pvalue(p) for p in rows["pvalue"]]
    lines = [("limit", "pseudo confidence limits", studies.pooled.estimate, at)]
    lines += [("contour", f"p = {_p_beyond(each)}", 0.0, each) for each in contours]
    names = "kind", "name", "estimate", "confidence_level", "critical"
    extra = [dict(zip(names, (*line, critical(line[-1])), strict=True)) for line in lines]
    null = {"kind": "reference", "name": "no effect", "estimate": null_of(studies.wording.measure)}
    added = (
        [{"kind": "Egger", "name": "Egger's regression", "estimate": line.limit, "slope": line.slope}] if line else []
    )
    if effect is not None:
        names = "kind", "name", "se", "power"
        bands = [(f"power {percent(x)}", abs(effect) / effect_for_power([1.0], x, ALONE), x) for x in POWERS]
        added += [dict(zip(names, ("power", *band), strict=True)) for band in bands]
    if filled and filled.k0:
        new = zip(filled.pooled.labels, filled.pooled.yi, np.sqrt(filled.pooled.vi), strict=True)
        names = "kind", "name", "estimate", "se", "imputed"
        added += [dict(zip(names, ("filled", *one, False), strict=True)) for one in [*new][filled.k :]]
        added.append({"kind": "filled total", "name": "with those filled in", "estimate": filled.pooled.estimate})
    return planes.with_rows(rows, planes.total_row(studies), *extra, null, *added)


def _added_sentences(filled, line, wording):
    """Return what Egger's line is, and what trim and fill did, where they are drawn."""
    said = []
    if line:
        said.append(
            "Dash-dotted line: Egger's regression of effects on their standard errors, "
            f"p {equals(line.pvalue)} for the hypothesis that it is upright"
        )
    if filled and filled.k0:
        said.append(
            f"Hollow grey: {wording.counted(filled.k0)} filled in on the {filled.side} by trim and fill "
            f"({filled.estimator}), which nobody has seen; grey dotted line: pooled effect with them, "
            f"{wording.estimate(filled.pooled)}"
        )
    elif filled:
        said.append(f"Trim and fill ({filled.estimator}) fills in no {wording.noun} on the {filled.side}")
    return said


def _p_beyond(contour):
    """Return the p value on a contour with the digits it has; 1 - 0.9 is 0.09999999999999998 before it is rounded."""
    p = round(1 - contour, 12)
    return number(p, max(2, decimals(p, 6)))


def _funnel_scales(table, studies, yaxis):
    """Return the scales: all trials, no effect and the pooled effect, and its limits where there is room for them."""
    trials = table[table["kind"] == "trial"]
    widest = trials["se"].max()
    null = null_of(studies.wording.measure)
    known = [
        *table.loc[table["kind"].isin(["trial", "filled", "filled total"]), "estimate"],
        studies.pooled.estimate,
        null,
    ]
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


def _draw_funnel(table, yaxis, plane):
    """Draw axes and everything inside the panel, from the rows of the table."""
    planes.draw_axes(plane, upright=False)
    planes.set_upright(plane.ax, *_upright_ticks(plane.y, plane.height))
    # contours are straight over the standard error; over precision they are hyperbolas, which need many points
    se = np.array([max(plane.y.limits), 0.0])
    if yaxis == "precision":
        se = 1.0 / np.geomspace(max(plane.y.limits) / 2000.0, max(plane.y.limits), STEPS)
    trials, contours, limit, powers = (table[table["kind"] == x] for x in ("trial", "contour", "limit", "power"))
    _draw_power(powers, yaxis, plane)
    shades, edges = shades_of(len(contours)), []
    # the widest region comes first, and each narrower one lies upon it
    for (_, row), shade, z in zip(contours[::-1].iterrows(), shades[-2::-1], np.arange(len(contours)), strict=True):
        low, high = _curves(plane, row, se, yaxis)
        gid = f"funnel-contour-{row['confidence_level']:g}"
        if powers.empty:
            plane.areas([np.vstack([low, high[::-1]])], gid, shade, zorder=0.01 * z)
        edges += [low, high]
    plane.lines(edges, "funnel-contour-edges", colors=style.FAINT, linewidths=style.HAIR_PT, zorder=0.5)
    limits = _curves(plane, limit.iloc[0], se, yaxis)
    null, pooled = ([(x, end) for end in plane.y.limits] for x in (plane.x.null, limit["estimate"].iloc[0]))
    drawn = [null] if np.isfinite(plane.x.null) else []
    plane.lines(drawn, "funnel-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    look = {"colors": style.INK, "linewidths": POOLED_PT}
    plane.lines([pooled], "funnel-pooled", linestyles=[DOTS], zorder=1.2, **look)
    plane.lines(limits, "funnel-limits", linestyles=[DASHES], zorder=1.2, **look)
    added, taken = _draw_added(table, yaxis, plane, se)
    at = np.column_stack([trials["estimate"], _height(trials["se"].to_numpy(float), yaxis)])
    looks = [style.GROUPS[int(look)] for look in trials["look"]] if "look" in trials else None
    reach = planes.draw_trials(plane, at, trials["imputed"], "funnel-trials", looks=looks)
    outwards = np.column_stack([np.sign(trials["distance"]), np.zeros(len(trials))])
    avoid = [plane.on(path, 2.5) for path in (*limits, *drawn, pooled, *added)]
    planes.write_names(plane, trials, at, reach, outwards=outwards, avoid=avoid, taken=taken)


def _draw_power(powers, yaxis, plane):
    """Draw a band across the panel for the standard errors at which a trial has some power, the more the lighter."""
    if powers.empty:
        return
    most = max(plane.y.limits)
    # from the trials that find least to those that find most
    ends = [np.inf, *powers["se"], 0.0]
    with np.errstate(divide="ignore"):
        heights = np.clip([_height(np.float64(se), yaxis) for se in ends], 0.0, most)
    for i, (shade, *between) in enumerate(zip(shades_of(len(powers)), heights[:-1], heights[1:], strict=True)):
        low, high = plane.x.limits
        corners = [(low, between[0]), (high, between[0]), (high, between[1]), (low, between[1])]
        plane.areas([np.array(corners)] if between[0] != between[1] else [], f"funnel-power-{i}", shade, zorder=0.0)


def _draw_added(table, yaxis, plane, se):
    """Draw Egger's line, and what was filled in with the effect pooled with it; return paths, and boxes of marks."""
    lines, filled, total = (table[table["kind"] == kind] for kind in ("Egger", "filled", "filled total"))
    egger = [np.column_stack([row["estimate"] + row["slope"] * se, _height(se, yaxis)]) for _, row in lines.iterrows()]
    plane.lines(egger, "funnel-egger", colors=style.INK, linewidths=POOLED_PT, linestyles=[DASH_DOTS], zorder=1.3)
    pooled = [[(x, end) for end in plane.y.limits] for x in total["estimate"]]
    look = {"colors": style.MUTED, "linewidths": POOLED_PT, "linestyles": [DOTS]}
    plane.lines(pooled, "funnel-filled-pooled", zorder=1.2, **look)
    boxes = ()
    if len(filled):
        at = np.column_stack([filled["estimate"], _height(filled["se"].to_numpy(float), yaxis)])
        looks, among = [("circle", style.MUTED)] * len(filled), (table["kind"] == "trial").sum()
        reach = planes.draw_trials(plane, at, True, "funnel-filled", looks=looks, among=among)
        boxes = planes.boxes_of(plane.mm(*at.T), reach[:, 0])
    return [*egger, *pooled], boxes


def _upright_ticks(scale, height):
    """Return the ticks of the upright axis and their labels."""
    return Scale(tuple(sorted(scale.limits))).ticks(int(np.clip(height / 9.0, 2, 7)))


def _height(se, yaxis):
    return se if yaxis == "se" else 1.0 / se


def shades_of(n):
    """Return the colours of the regions between n contours, from the innermost to that outside of all."""
    dark, light = np.array(to_rgb(style.CONNECTOR)), np.array(to_rgb(style.PAPER))
    return [to_hex(dark + (light - dark) * i / max(n, 1)) for i in range(n + 1)]


def _curves(plane, row, se, yaxis):
    """Return both sides of a contour or limit, kept near the panel where they run far away."""
    low, high = plane.x.limits
    # a clipped end would turn straight lines, which have two points
    near = (low - (high - low), high + (high - low)) if len(se) > 2 else (-np.inf, np.inf)
    sides = (row["estimate"] + way * row["critical"] * se for way in (-1, 1))
    return [np.column_stack([np.clip(side, *near), _height(se, yaxis)]) for side in sides]


def _funnel_footer(studies, table, scale, note, added):
    """Return the paragraphs that say what was drawn, and how far it can be read."""
    pooled, wording, noun, nouns = studies.pooled, studies.wording, studies.wording.noun, studies.wording.nouns
    trials, at = table[table["kind"] == "trial"], level(pooled.confidence_level)
    marks = studies.circles
    if "group" in trials:
        marks = f"One mark per {noun}, shape and colour by group{planes.hollow_words(trials)}"
        marks = "; ".join(filter(None, [marks, planes.other_groups_sentence(trials)]))
    null = "; solid line: no effect" if studies.has_null else ""
    beyond = planes.beyond_words(trials["estimate"], scale, noun)
    marks += (
        f"{null}; dotted line: pooled effect; dashed lines: pooled effect ± "
        f"{number(critical(pooled.confidence_level), 2)} standard errors, between which {at} of the {nouns} would lie "
        f"if all had the same true effect{beyond}"
    )
    shades = (
        f"Shades: two-sided p value that a {noun} has on its own (Wald test of no effect), in brackets the "
        f"number of {nouns} (Peters 2008, doi 10.1016/j.jclinepi.2007.11.010)"
    )
    if (table["kind"] == "power").any():
        shades = (
            f"Shades: power of a {noun} of that standard error to find it at p {number(ALONE)} (two-sided z test), in "
            f"brackets the number of {nouns} (Kossmeier 2020, doi 10.1027/2151-2604/a000392)"
        )
    elif not (table["kind"] == "contour").any():
        shades = ""
    outside, spread = (
        planes.outside_sentence(table, "outside the dashed lines", wording),
        planes.spread_sentence(studies),
    )
    if spread:
        outside += f", which leave out that true effects differ between {nouns}: {spread}"
    return (
        (marks, *added, shades),
        (
            planes.model_sentence(studies),
            outside * (pooled.k > 1),
            words.left_out_sentence(studies.left_out, wording),
        ),
        planes.asymmetry_sentences(studies),
        (note,),
    )


def _funnel_key(table, noun, plane):
    """Return the entries of the key."""
    trials, contours = table[table["kind"] == "trial"], table[table["kind"] == "contour"]
    entries = planes.trial_entries(trials, plane, noun)
    if np.isfinite(table.loc[table["kind"] == "reference", "estimate"]).all():
        entries.append(line_entry("no effect", colors=style.INK, linewidths=style.RULE_PT))
    limits = _limits_name(table.loc[table["kind"] == "limit", "confidence_level"].iloc[0])
    look = {"colors": style.INK, "linewidths": POOLED_PT}
    entries += [line_entry("pooled", linestyles=[DOTS], **look), line_entry(limits, linestyles=[DASHES], **look)]
    if table["kind"].eq("Egger").any():
        entries.append(line_entry("Egger's regression", linestyles=[DASH_DOTS], **look))
    if filled := table["kind"].eq("filled").sum():
        area = planes.mark_area(len(trials), plane)
        entries.append(marker_entry(f"filled in ({number(filled, 0)})", "circle", area, style.MUTED, hollow=True))
        entries.append(line_entry("pooled with them", linestyles=[DOTS], **look | {"colors": style.MUTED}))
    if "power" in trials:
        ps = ", ".join(_p_beyond(each) for each in contours["confidence_level"])
        lines = [line_entry(f"p = {ps}", colors=style.FAINT, linewidths=style.HAIR_PT)] if ps else []
        shown = [percent(power) for power in POWERS]
        texts = [f"power <{shown[0]}", *(f"{a} to {b}" for a, b in itertools.pairwise(shown)), f"{shown[-1]} or more"]
        reached = np.searchsorted(POWERS, trials["power"].to_numpy(float), side="right")
        texts = [f"{text} ({number((reached == i).sum(), 0)})" for i, text in enumerate(texts)]
        bands = zip(texts, shades_of(len(POWERS)), strict=True)
        return entries + lines + [_swatch(*each, new_line=i == 0) for i, each in enumerate(bands)]
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
    ends, shown = [round(1 - each, 12) for each in levels], [_p_beyond(each) for each in levels]
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


def _funnel_seen(studies, table, added):
    """Return what the figure shows to someone who cannot see it, in sentences."""
    trials, wording = table[table["kind"] == "trial"], studies.wording
    errors, left = trials["se"].to_numpy(float), (trials["distance"] < 0).to_numpy()
    low, high = (number(x, wording.digits) for x in (errors.min(), errors.max()))
    wider, alone = errors > np.median(errors), (trials["pvalue"] <= 0.05).sum()
    own = f"On its own, {wording.counted(alone)} {'has' if alone == 1 else 'have'} p ≤ {number(0.05)}"
    halves = (
        f"Of the {wording.counted(wider.sum())} with the larger standard errors "
        f"{lying(wider & left, 'left of the pooled effect', of='')}, "
        f"of the {number((~wider).sum(), 0)} others {number((~wider & left).sum(), 0)}"
    )
    return (
        f"{planes.counted_effects(trials, wording)}; standard errors{wording.on_scale} from {low} to {high}",
        planes.pooled_sentence(studies),
        lying(trials["outside"].astype(bool), f"outside the {_limits_name(studies.pooled.confidence_level)}"),
        own * studies.has_null,
        halves * (len(trials) > 2),
        *added,
    )
