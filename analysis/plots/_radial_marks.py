"""The marks of a radial plot: band, rays, curved scale and trials."""

import numpy as np

from analysis.plots import _style as style
from analysis.plots._fan import GAP_MM, TICK_MM
from analysis.plots._key import area_entry, line_entry, markers
from analysis.plots._measure import line_height
from analysis.plots._panel import draw_axis
from analysis.plots._plane import set_upright
from analysis.plots._studies import draw_trials, on_path, trial_entries, write_names
from analysis.text import number

POOLED_PT, SCALE_PT = 0.9, 2.4
DIAMOND_PT2 = 15.0
BAND = 2.0  # standard errors on both sides of the pooled effect


def draw_radial(plane, fan, table):
    """Draw everything inside the panel, from the rows of the table."""
    trials, total = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    slope, low, high = (total[name] for name in ("estimate", "low", "high"))
    ends = [fan.values(fan.meets(slope, shift)) for shift in (-BAND, BAND)]
    curve = fan.values(fan.arc(*(y / x for x, y in ends)))
    plane.areas([np.vstack([[(0.0, -BAND)], curve, [(0.0, BAND)]])], "radial-band", style.BAND)
    plane.lines(
        [[(0.0, side), end] for side, end in zip((-BAND, BAND), ends, strict=True)],
        "radial-band-edges",
        colors=style.BAND_DARK,
        linewidths=style.RULE_PT,
        zorder=0.5,
    )
    null = [[(0.0, 0.0), (fan.radius / fan.across, 0.0)]]
    plane.lines(null, "radial-null", colors=style.FAINT, linewidths=style.RULE_PT, zorder=0.8)
    ray = [(0.0, 0.0), fan.values(fan.on_arc(slope))[0]]
    plane.lines([ray], "radial-pooled", colors=style.MODEL, linewidths=POOLED_PT, zorder=1.2)
    _draw_scale(plane, fan, slope, low, high)
    at = trials[["precision", "z"]].to_numpy(float)
    boxes, reach = draw_trials(plane, *at.T, trials["imputed"], "radial-trials")
    lines = [
        plane.mm(*np.transpose(path))
        for path in (ray, null[0], *([(0.0, s), e] for s, e in zip((-BAND, BAND), ends, strict=True)))
    ]
    avoid = [on_path(lines[0], 2.5), on_path(lines[1], 1.0), *(on_path(line, 1.0) for line in lines[2:]), _beyond(fan)]
    outwards = np.column_stack([np.full(len(trials), -0.3), np.sign(trials["distance"])])
    write_names(plane, trials, at, boxes, reach, outwards=outwards, avoid=avoid)


def _beyond(fan):
    """Return what it costs a name to reach the curved scale: it is not to be had."""

    def cost(boxes):
        right, y = boxes[:, 1], np.maximum(np.abs(boxes[:, 2] - fan.origin), np.abs(boxes[:, 3] - fan.origin))
        return np.where(np.hypot(right, y) > fan.radius - 0.8, np.inf, 0.0)

    return cost


def _draw_scale(plane, fan, slope, low, high):
    """Draw the curved scale with its ticks, and on it the pooled effect with its interval."""
    plane.lines([fan.values(fan.arc(*fan.ends))], "radial-scale", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    inner, outer = fan.values(fan.on_arc(fan.ticks)), fan.values(fan.on_arc(fan.ticks, TICK_MM))
    look = {"colors": style.INK, "linewidths": style.RULE_PT, "zorder": 1}
    plane.lines(list(np.stack([inner, outer], axis=1)), "radial-scale-ticks", **look)
    for i, (label, (x, y)) in enumerate(zip(fan.labels, fan.on_arc(fan.ticks, TICK_MM + GAP_MM), strict=True)):
        plane.write(x, y, label, style.CAPTION, align="left", gid=f"scale-{i}")
    if np.isfinite(low) and np.isfinite(high):
        _draw_interval(plane, fan, low, high)
    at = fan.values(fan.on_arc(slope))
    markers(
        plane.ax, at, ["diamond"], [DIAMOND_PT2], colours=[style.MODEL], hollow=[False], gid="radial-diamond", zorder=4
    )


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


def draw_radial_axes(plane, fan, precision):
    """Draw the level axis from 0 to the most precise trial, and the upright one, as long as the band is wide."""
    end, more = 1.02 * precision.max(), 1.5 / fan.across  # a label at 0 may stand out a little
    draw_axis(plane.ax, _Level((-more, end + more)), (end + 2 * more) * fan.across)
    plane.ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    plane.ax.spines["bottom"].set(visible=True, bounds=(0.0, end))
    at, labels = upright_ticks(fan)
    set_upright(plane.ax, at, labels)
    plane.ax.spines["left"].set_bounds(min(at[0], -BAND), max(at[-1], BAND))


def upright_ticks(fan):
    """Return ticks and labels of the upright axis: -2, 0 and 2, or round ones where these stand too close."""
    at = np.array([-BAND, 0.0, BAND])
    if BAND * fan.up >= line_height(style.SMALL_PT):
        return at, [number(value, 0) for value in at]
    return fan.scales[1].ticks(5)


class _Level:
    """What ``draw_axis`` needs to know of the level axis."""

    ratio = False

    def __init__(self, limits):
        self.limits = limits


def key_of(table, mm2, texts):
    """Return the entries of the key; ``texts`` are those of line, band, scale and null."""
    entries = trial_entries(table[table["kind"] == "trial"], mm2)
    pooled, band, interval, null = texts
    entries.append(line_entry(pooled, colors=style.MODEL, linewidths=POOLED_PT))
    entries.append(area_entry(band, style.BAND))
    entries.append(line_entry(interval, colors=style.MODEL, linewidths=SCALE_PT))
    entries.append(line_entry(null, colors=style.FAINT, linewidths=style.RULE_PT))
    return entries
