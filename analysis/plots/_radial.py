"""The radial (Galbraith) plot: standardised effect against precision, with a curved scale of effects.

Every effect is a ray from the origin, whose slope is the effect, and meets the curved scale there. A fan places
origin, rays and scale on the panel, in millimetres and in values; everything else is drawn with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np

from analysis._docs import documented
from analysis._types import PageOptions, PageWidth
from analysis.models.diagnostics import common_effect, radial_points
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import line_height, text_width
from analysis.plots._marks import area_entry, line_entry, markers
from analysis.plots._page import ReportFigure, draw_axis
from analysis.plots._plane import Plane, PlaneSpec, Scale, null_of, size_of, studies_of
from analysis.plots._theme import themed
from analysis.text import digits_for, level, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.results import PooledEffect

MODELS = ("random", "common")
BAND = 2.0  # standard errors on both sides of the pooled effect
OUTSIDE_BAND = "outside the band of ±\N{NO-BREAK SPACE}2"
TALL = 0.66  # height of the panel over the width of the page
REACH = 0.955  # of the radius: the trial farthest from the origin
EDGE_MM = 2.0  # kept free above and below
RIGHT_MM = 0.6
TICK_MM = 1.0
GAP_MM = 1.0  # between a tick of the curved scale and its label
ANGLE = np.radians(1.5)  # that the scale runs on beyond the outermost effect
FLATTER = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6)  # how much flatter than tall the fan may be
STEPS = 90
POOLED_PT, SCALE_PT = 0.9, 2.4
DIAMOND_PT2 = 15.0


@documented
@themed
def radial(
    results: PooledEffect | EffectSizes | PooledArms,
    *,
    model: Literal["random", "common"] = "random",
    label: int | Sequence[str] = 6,
    measure: str | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw a radial plot, after Galbraith: trials as points, their effects read on a curved scale.

    Parameters
    ----------
    {results}
    model : {"random", "common"}
        With the variance between trials in every standard error, as pooled; or without it, as Galbraith drew it: then
        the line is the common effect, and trials outside the band show heterogeneity.
    label : int or sequence of str
        How many trials outside the band are named, the farthest first; or names or ids of trials.
    {measure, title, width_mm, digits, ax, note, footer, dpi}

    Returns
    -------
    {figure}

    Raises
    ------
    ValueError
        For an unknown model or trial, or a page that is too narrow.

    See Also
    --------
    analysis.funnel : Draw effects against standard errors.
    analysis.qq_plot : Compare the residuals with a normal distribution.
    analysis.pool : Pool the trials.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    A ray from the origin through a trial has its effect as slope and meets the curved scale there; the pooled effect is
    the least-squares line through the origin. The band is this line ± 2.

    References
    ----------
    Galbraith 1988, doi 10.1002/sim.4780070807 (the radial plot).

    Examples
    --------
    >>> import analysis
    >>> from analysis import radial
    >>> fig = radial(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]), model="common")
    >>> fig.content.table["precision"].round(2).tolist()[:3]
    [5.0, 3.33, 4.47]
    """
    if model not in MODELS:
        raise ValueError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    studies = studies_of(results, "radial", measure=measure, digits=digits)
    if model == "common" and studies.pooled.tau2_method != "CE":
        studies = replace(studies, pooled=common_effect(studies.pooled))
    table, wording, width = _radial_table(studies, label), studies.wording, planes.width_of(width_mm, "radial plot", ax)
    left, fan = _fitting_fan(table, studies, width) if ax is None else (0.0, _fan_of(table, studies, size_of(ax)))
    what = "log ratio" if wording.measure.is_ratio else "effect"
    error = "√(SE² + τ²)" if _has_tau(studies) else "SE"
    heads = {words.capital(wording.noun): "name", wording.measure.title: "estimate", "Precision": "precision"}
    spec = PlaneSpec(
        name="radial",
        kind="Radial plot",
        rows=table,
        scales=fan.scales,
        titles=(f"Precision: 1 / {error}{planes.in_unit(wording)}", f"Standardised {what}: {what} / {error}"),
        draws=partial(_draw_radial, table, fan),
        key=partial(_radial_key, table, studies),
        title=title or f"Radial plot: {wording.measure.name} in {studies.counted}",
        footer=_radial_footer(studies, table, fan, note),
        seen=_radial_seen(studies, table),
        printed={head: (f"text_{name}",) for head, name in (heads | {"Effect × precision": "z"}).items()},
        said=(planes.pooled_sentence(studies),),
        left=left,
        right=RIGHT_MM,
        height=fan.height,
        aside=("title-scale", wording.axis),
        middle=fan.across * table["precision"].max() / 2,
    )
    figure = planes.draw_plane(spec, width, ax)
    if ax is not None:
        plane = Plane(ax, *fan.scales, fan.width, fan.height)
        plane.write(fan.width, fan.height + 2.2, wording.axis, style.CAPTION, align="right", gid="title-scale")
    return figure


def _radial_table(studies, label):
    """Return the trials, the pooled effect, the band around it and the line of no effect."""
    points = radial_points(studies.pooled)
    rows = planes.trial_rows(studies, **{name: points[name] for name in ("precision", "z", "distance")})
    rows["outside"] = rows["distance"].abs() > BAND
    rows = planes.named(rows, label, rows["distance"], rows["outside"])
    rows["text_precision"] = [number(x, _precision_digits(rows)) for x in rows["precision"]]
    rows["text_z"] = [number(x, 2) for x in rows["z"]]
    band = {"kind": "band", "name": "pooled effect ± 2", "low": -BAND, "high": BAND}
    band["estimate"] = studies.pooled.estimate
    null = {"kind": "reference", "name": "no effect", "estimate": null_of(studies.wording.measure)}
    return planes.with_rows(rows, planes.total_row(studies), band, null)


def _precision_digits(rows):
    """Return the decimals of precisions, which are small where standard errors are large."""
    return digits_for(0.0, rows["precision"].max(), 2)


@dataclass(frozen=True, eq=False)
class _Fan:
    """Where things stand on a panel of ``width`` by ``height`` mm: origin on its left edge at ``origin`` mm from below.

    ``across`` and ``up`` are the millimetres of a unit of precision and of the standardised effect; the curved scale
    runs from the effect ``ends[0]`` to ``ends[1]`` at ``radius`` mm from the origin; ``ticks`` and ``labels`` are its.
    """

    width: float
    height: float
    origin: float
    radius: float
    across: float
    up: float
    ends: tuple
    ticks: np.ndarray
    labels: tuple

    @property
    def scales(self):
        """Scales of the panel: precision, and the standardised effect."""
        low, high = -self.origin / self.up, (self.height - self.origin) / self.up
        return Scale((0.0, self.width / self.across)), Scale((low, high))

    def angle(self, effect):
        """Return the angles of the rays of effects."""
        return np.arctan(np.asarray(effect, float) * self.up / self.across)

    def on_arc(self, effect, more=0.0):
        """Return where rays of effects meet the curved scale, or ``more`` mm beyond, in mm from the lower left."""
        angle, radius = self.angle(effect), self.radius + more
        return np.column_stack([radius * np.cos(angle), self.origin + radius * np.sin(angle)])

    def arc(self, low, high):
        """Return the piece of the curved scale between two effects, in mm."""
        angles = np.linspace(*self.angle([low, high]), STEPS)
        return np.column_stack([self.radius * np.cos(angles), self.origin + self.radius * np.sin(angles)])

    def meets(self, slope, shift):
        """Return where the line shift + slope * precision meets the curved scale, in mm."""
        m, c = slope * self.up / self.across, shift * self.up
        x = (np.sqrt(self.radius**2 * (1 + m**2) - c**2) - m * c) / (1 + m**2)
        return np.array([x, self.origin + m * x + c])

    def values(self, mm):
        """Return millimetres as precision and standardised effect."""
        return (np.asarray(mm, float) - [0.0, self.origin]) / [self.across, self.up]


def _fan_of(table, studies, size):
    """Return the Fan of a radial plot that fits a panel of this width and height, the labels of its scale included."""
    trials = table[table["kind"] == "trial"]
    x, z, effects = (trials[name].to_numpy(float) for name in ("precision", "z", "estimate"))
    pooled = studies.pooled.estimate, *studies.pooled.ci
    far = pooled[0] * x.max()
    spread = min(z.min(), -BAND, far - BAND), max(z.max(), BAND, far + BAND)
    effects = min(*effects, pooled[0], 0.0), max(*effects, pooled[0], 0.0)
    room = 0.0
    for _ in range(3):  # the labels need room, which moves the arc, which may change the labels
        fan = _placed(x, z, spread, effects, (*size, size[0] - TICK_MM - GAP_MM - room))
        ends = _fan_ends(fan, effects, pooled)
        ticks, labels = _fan_ticks(fan, ends, studies.wording.measure)
        wanted = max((text_width(label, style.SMALL_PT) for label in labels), default=0.0)
        if wanted <= room:
            break
        room = wanted
    return replace(fan, ends=ends, ticks=ticks, labels=tuple(labels))


def _placed(x, z, spread, effects, size):
    """Return a Fan without its scale: as tall as the trials allow, flatter if that brings every ray onto the scale."""
    width, height, radius = size
    # no trial rises to more than 0.9 of its reach: at 1 the root below is 0, and the whole fan would lie on the axis
    tallest = min((height - 2 * EDGE_MM) / (spread[1] - spread[0]), 0.9 * REACH * radius / max(np.abs(z).max(), 1e-9))
    found = []
    for flatter in FLATTER:
        up = flatter * tallest
        across = float((np.sqrt((REACH * radius) ** 2 - (up * z) ** 2) / x).min())
        fan = _Fan(width, height, 0.0, radius, across, up, (), (), ())
        rays = radius * np.sin(fan.angle(effects))
        low, high = min(up * spread[0], rays[0]), max(up * spread[1], rays[1])
        if high - low <= height - 2 * EDGE_MM:
            return replace(fan, origin=(height - high - low) / 2)
        found.append(replace(fan, origin=(height - up * (spread[0] + spread[1])) / 2))
    return found[0]


def _fan_ends(fan, effects, pooled):
    """Return the effects at both ends of the curved scale: trials, band and interval, as far as the panel goes."""
    x, y = np.transpose([fan.meets(pooled[0], side) for side in (-BAND, BAND)])
    edges = np.arctan2(y - fan.origin, x)
    interval = fan.angle(pooled[1:]) if np.isfinite(pooled[1:]).all() else edges
    low, high = fan.angle(effects)
    angles = min(low, edges[0], interval[0]) - ANGLE, max(high, edges[1], interval[1]) + ANGLE
    return _ends_inside(fan, angles, fan.radius, 0.0)


def _ends_inside(fan, angles, radius, edge):
    """Return the effects of two angles, brought to where the panel is at least ``edge`` mm wider at that radius."""
    height = np.array([edge, fan.height - edge]) - fan.origin
    bottom, top = np.arcsin(np.clip(height / radius, -0.999, 0.999))
    return tuple(np.tan(np.clip(angles, bottom, top)) * fan.across / fan.up)


def _fan_ticks(fan, ends, measure):
    """Return as many round ticks of the curved scale as have room for their labels."""
    more, pitch = TICK_MM + GAP_MM, line_height(style.SMALL_PT)
    ends = _ends_inside(fan, fan.angle(ends), fan.radius + more, pitch / 2 - 0.6)
    for most in range(9, 0, -1):
        try:
            at, labels = Scale(ends, measure).ticks(most)
        except (IndexError, TypeError):  # no round number between the ends
            continue
        if (np.diff(fan.on_arc(at, more)[:, 1]) >= 0.95 * pitch).all():
            return at, labels
    return np.array([]), []


def _draw_radial(table, fan, plane):
    """Draw axes and everything inside the panel, from the rows of the table."""
    trials, total = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    # the level axis ends with the most precise trial, the upright one with the band
    end, more = 1.02 * trials["precision"].max(), 1.5 / fan.across  # a label at 0 may stand out a little
    draw_axis(plane.ax, Scale((-more, end + more)), (end + 2 * more) * fan.across)
    plane.ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    plane.ax.spines["bottom"].set(visible=True, bounds=(0.0, end))
    at, labels = _upright_ticks(fan)
    planes.set_upright(plane.ax, at, labels)
    plane.ax.spines["left"].set_bounds(min(at[0], -BAND), max(at[-1], BAND))
    slope = total["estimate"]
    edges = [[(0.0, shift), fan.values(fan.meets(slope, shift))] for shift in (-BAND, BAND)]
    curve = fan.values(fan.arc(*(y / x for _, (x, y) in edges)))
    plane.areas([np.vstack([[(0.0, -BAND)], curve, [(0.0, BAND)]])], "radial-band", style.BAND)
    look = {"linewidths": style.RULE_PT}
    plane.lines(edges, "radial-band-edges", colors=style.BAND_DARK, zorder=0.5, **look)
    # a ray of slope 0 is that of no effect, unless the measure knows none
    known = np.isfinite(table.loc[table["kind"] == "reference", "estimate"].iloc[0])
    null = [(0.0, 0.0), (fan.radius / fan.across, 0.0)]
    plane.lines([null] if known else [], "radial-null", colors=style.FAINT, zorder=0.8, **look)
    ray = [(0.0, 0.0), fan.values(fan.on_arc(slope))[0]]
    plane.lines([ray], "radial-pooled", colors=style.MODEL, linewidths=POOLED_PT, zorder=1.2)
    _draw_scale(plane, fan, slope, total["low"], total["high"])
    at = trials[["precision", "z"]].to_numpy(float)
    reach = planes.draw_trials(plane, at, trials["imputed"], "radial-trials")
    prices = (ray, 2.5), (null, 1.0), *((edge, 1.0) for edge in edges)
    avoid = [*(plane.on(*each) for each in prices), _beyond_scale(fan)]
    outwards = np.column_stack([np.full(len(trials), -0.3), np.sign(trials["distance"])])
    planes.write_names(plane, trials, at, reach, outwards=outwards, avoid=avoid)


def _upright_ticks(fan):
    """Return ticks and labels of the upright axis: -2, 0 and 2, or round ones where these stand too close."""
    at = np.array([-BAND, 0.0, BAND])
    if BAND * fan.up >= line_height(style.SMALL_PT):
        return at, [number(value, 0) for value in at]
    return fan.scales[1].ticks(5)


def _draw_scale(plane, fan, slope, low, high):
    """Draw the curved scale with its ticks, and on it the pooled effect with its interval."""
    look = {"colors": style.INK, "linewidths": style.RULE_PT, "zorder": 1}
    plane.lines([fan.values(fan.arc(*fan.ends))], "radial-scale", **look)
    inner, outer = fan.values(fan.on_arc(fan.ticks)), fan.values(fan.on_arc(fan.ticks, TICK_MM))
    plane.lines(list(np.stack([inner, outer], axis=1)), "radial-scale-ticks", **look)
    for i, (label, (x, y)) in enumerate(zip(fan.labels, fan.on_arc(fan.ticks, TICK_MM + GAP_MM), strict=True)):
        plane.write(x, y, label, style.CAPTION, align="left", gid=f"scale-{i}")
    if np.isfinite(low) and np.isfinite(high):
        _draw_interval(plane, fan, low, high)
    look = {"colours": [style.MODEL], "hollow": [False], "gid": "radial-diamond", "zorder": 4}
    markers(plane.ax, fan.values(fan.on_arc(slope)), ["diamond"], [DIAMOND_PT2], **look)


def _draw_interval(plane, fan, low, high):
    """Draw the interval of the pooled effect along the scale, with arrowheads where it runs beyond its ends."""
    gone = low < fan.ends[0], high > fan.ends[1]
    ends = np.clip([low, high], *fan.ends)
    thick = {"colors": style.MODEL, "linewidths": SCALE_PT, "zorder": 1.4}
    plane.lines([fan.values(fan.arc(*ends))], "radial-interval", **thick)
    tips = []
    for beyond, effect, way in zip(gone, ends, (-1, 1), strict=True):
        if beyond:
            angle = fan.angle(effect)
            along, out = np.array([-np.sin(angle), np.cos(angle)]) * way, np.array([np.cos(angle), np.sin(angle)])
            corners = np.array([along, 0.6 * out, -0.6 * out]) * style.ARROW_MM
            tips.append(fan.values(fan.on_arc(effect) + corners - 0.5 * along * style.ARROW_MM))
    plane.areas(tips, "radial-arrows", style.MODEL, zorder=1.5)


def _beyond_scale(fan):
    """Return what it costs a name to reach the curved scale: it is not to be had."""

    def cost(boxes):
        right, y = boxes[:, 1], np.maximum(np.abs(boxes[:, 2] - fan.origin), np.abs(boxes[:, 3] - fan.origin))
        return np.where(np.hypot(right, y) > fan.radius - 0.8, np.inf, 0.0)

    return cost


def _has_tau(studies):
    """Say whether the variance between trials is part of every standard error."""
    return studies.pooled.k > 1 and studies.pooled.tau2 > 0


def _has_ci(pooled):
    """Say whether the pooled effect has an interval that can be drawn."""
    return bool(np.isfinite(pooled.ci).all())


def _radial_footer(studies, table, fan, note):
    """Return the paragraphs that say what was drawn, and how it is read."""
    pooled, wording = studies.pooled, studies.wording
    reading = (
        f"{studies.circles}; a straight line from the origin through it meets the curved scale at its effect, and the "
        "farther right it lies, the more precise it is (Galbraith 1988, doi 10.1002/sim.4780070807)"
    )
    interval = (
        f", on the scale with its {level(pooled.confidence_level)} confidence interval" if _has_ci(pooled) else ""
    )
    leaves = pooled.ci.low < fan.ends[0] or pooled.ci.high > fan.ends[1]
    arrow = "; arrowhead: interval runs beyond the scale" if leaves else ""
    found = (
        "As √(SE² + τ²) holds the variance of true effects, the band makes room for heterogeneity"
        if _has_tau(studies)
        else "About 1 in 20 would, if all had the same true effect; more show heterogeneity"
    )
    found = planes.outside_sentence(table, OUTSIDE_BAND, wording), found
    return (
        (reading, f"diamond: pooled effect{interval}{arrow}; band: two standard errors on both sides"),
        (planes.spread_model(studies), *found * (pooled.k > 1), words.left_out_sentence(studies.left_out, wording)),
        (note,),
    )


def _fitting_fan(table, studies, width):
    """Return the room for the labels of the upright axis and the Fan of a page."""
    left = planes.room_for([number(-BAND, 0)])
    size = width - 2 * style.MARGIN - left - RIGHT_MM, TALL * width
    fan = _fan_of(table, studies, size)
    if (wider := planes.room_for(_upright_ticks(fan)[1]) - left) > 0:  # other ticks than -2, 0 and 2
        left += wider
        fan = _fan_of(table, studies, (size[0] - wider, size[1]))
    return left, fan


def _radial_key(table, studies, plane):
    """Return the entries of the key."""
    pooled = studies.pooled
    name = "pooled" if _has_tau(studies) or pooled.tau2_method != "CE" else "common effect"
    interval = line_entry(f"{level(pooled.confidence_level)} CI", colors=style.MODEL, linewidths=SCALE_PT)
    no_effect = line_entry("no effect", colors=style.FAINT, linewidths=style.RULE_PT)
    return [
        *planes.trial_entries(table[table["kind"] == "trial"], plane, studies.wording.noun),
        line_entry(name, colors=style.MODEL, linewidths=POOLED_PT),
        area_entry("± 2", style.BAND),
        *[interval] * _has_ci(pooled),
        *[no_effect] * studies.has_null,
    ]


def _radial_seen(studies, table):
    """Return what the figure shows to someone who cannot see it, in sentences."""
    trials, wording = table[table["kind"] == "trial"], studies.wording
    low, high = (number(x, _precision_digits(trials)) for x in trials["precision"].agg(["min", "max"]))
    farthest = trials.loc[trials["distance"].abs().idxmax()]
    name, effect = words.quoted(farthest["name"]), wording.write(farthest["estimate"])
    far = f"the farthest is {name} with {effect} {wording.points}".rstrip()
    return (
        f"{planes.counted_effects(trials, wording)}; precision from {low} to {high}",
        planes.pooled_sentence(studies),
        f"{planes.outside_sentence(table, OUTSIDE_BAND, wording)}; {far}" * (len(trials) > 1),
    )
