"""The marks of a panel, one collection per kind of mark, drawn from the table and named by ``gid``.

Panels have the measured quantity on x and millimetres of the page on y, so that heights on paper are exact.
"""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.path import Path

from analysis.plots import _style as style
from analysis.plots._key import markers
from analysis.plots._prediction import baseline, draw_prediction
from analysis.plots._primitives import add, clipped_diamond, finite, horizontal, lines, scatter

LEFT_TIP = Path([(0, 0), (1, 0.55), (1, -0.55), (0, 0)], [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY])
RIGHT_TIP = Path([(0, 0), (-1, 0.55), (-1, -0.55), (0, 0)], LEFT_TIP.codes)
DIAMOND_OFFSET = 1.55  # heights of diamonds over this move two of them apart by more than their height
DASHES = (0, (2.2, 1.1))


def draw_panel(ax, panel, rows, mm_per_unit):
    """Draw everything of a panel; ``rows`` is the body of the table with ``y_mm``."""
    _draw_backdrop(ax, panel, rows)
    if panel.connect:
        _draw_connectors(ax, panel, rows)
    arrow = style.ARROW_MM / mm_per_unit
    for series in panel.series:
        own = rows[rows["series"] == series.key] if "series" in rows else rows
        _draw_intervals(ax, panel, series, own)
        _draw_diamonds(ax, panel, series, own, arrow)
        if series.key == "contrast":
            draw_prediction(ax, panel, own, arrow)
        _draw_arrowheads(ax, panel, series, own)


def _columns(series, rows, *ends):
    """Return the columns of a series: its own, or those of the contrast where rows say which series they are of."""
    key = series.key if f"{series.key}_estimate" in rows else "contrast"
    return [f"{key}_{end}" for end in ends]


def _draw_backdrop(ax, panel, rows):
    bottom, top = ax.get_ylim()
    if panel.zone:
        low, high = panel.zone
        if low == high:
            ends = [[(low, bottom), (low, top)]]
            look = {"colors": style.ZONE_TEXT, "linewidths": style.INTERVAL_PT, "linestyles": [DASHES], "zorder": 0.5}
            lines(ax, ends, f"{panel.name}-zone-line", **look)
        corners = [[(low, bottom), (low, top), (high, top), (high, bottom)]]
        add(
            ax,
            PolyCollection(corners, facecolor=style.ZONE, edgecolor="none", zorder=0),
            f"{panel.name}-zone",
        )
    lines(
        ax,
        [[(panel.null, bottom), (panel.null, top)]],
        f"{panel.name}-null",
        colors=style.INK,
        linewidths=style.RULE_PT,
        zorder=1,
    )
    total = rows[rows["kind"] == "total"]
    if len(panel.series) == 1 and len(total):
        estimate = total[f"{panel.series[0].key}_estimate"].iloc[0]
        low, high = panel.limits
        if low <= estimate <= high:
            lines(
                ax,
                [[(estimate, top), (estimate, total["y_mm"].iloc[0])]],
                f"{panel.name}-pooled-line",
                colors=style.INK,
                linewidths=0.7,
                linestyles=(0, (1, 1.6)),
                zorder=1,
            )


def _draw_connectors(ax, panel, rows):
    first, second = (series.key for series in panel.series)
    trials = finite(rows[rows["kind"] == "trial"], f"{first}_estimate", f"{second}_estimate")
    segments = horizontal(trials[f"{first}_estimate"], trials[f"{second}_estimate"], trials["y_mm"])
    lines(
        ax,
        segments,
        f"{panel.name}-connectors",
        colors=style.CONNECTOR,
        linewidths=style.CONNECTOR_PT,
        zorder=1.5,
    )


def _draw_intervals(ax, panel, series, rows):
    """Draw the trials of a series: markers first, then the intervals across them."""
    names = _columns(series, rows, "estimate", "low", "high")
    trials = finite(rows[rows["kind"] == "trial"], *names)
    if not len(trials):
        return
    estimate, low, high = (trials[name].to_numpy(float) for name in names)
    y = trials["y_mm"].to_numpy(float) + series.offset
    imputed = trials[_columns(series, rows, "imputed")[0]].to_numpy(bool)
    segments = horizontal(np.maximum(low, panel.limits[0]), np.minimum(high, panel.limits[1]), y)
    over = 4 if series.marker == "square" else 2  # an interval runs across its square and behind other markers
    look = {"colors": series.colour, "linewidths": style.INTERVAL_PT, "zorder": over}
    dash = imputed & (series.marker == "circle")
    lines(ax, segments[~dash], f"{series.key}-intervals", **look)
    lines(ax, segments[dash], f"{series.key}-intervals-imputed", linestyles=[DASHES], **look)
    if series.marker == "circle":
        size = style.CIRCLE_PT**2
        scatter(ax, estimate, y, f"{series.key}-markers", s=size, zorder=3, **circle_look(series))
    elif series.marker == "step":
        area = style.STEP_PT**2 / 2
        scatter(ax, estimate, y, f"{series.key}-markers", s=area, marker="D", c=series.colour, linewidth=0, zorder=3)
    elif series.marker == "square":
        _draw_squares(ax, series, estimate, y, trials["weight"].to_numpy(float), imputed)
    else:
        areas = square_areas(trials["weight"].to_numpy(float), style.SQUARE_MAX_PT * 0.9)
        look = {"colours": [series.colour] * len(y), "hollow": imputed, "gid": f"{series.key}-markers"}
        markers(ax, np.column_stack([estimate, y]), [series.marker.removeprefix("area ")] * len(y), areas, **look)


def circle_look(series):
    """Return how the circles of a series are filled and edged."""
    face = series.colour if series.filled else style.PAPER
    return {"facecolor": face, "edgecolor": series.colour, "linewidth": style.INTERVAL_PT, "marker": "o"}


def square_areas(weight, side=None):
    """Return areas in square points, proportional to the weights down to a smallest one."""
    largest = (side or style.SQUARE_MAX_PT) ** 2
    return np.maximum(largest * weight / weight.max(), style.SQUARE_MIN_PT**2)


def _draw_squares(ax, series, x, y, weight, imputed):
    """Draw squares; those of imputed trials get a white inside, so that the area stays that of the weight."""
    areas = square_areas(weight)
    face = np.where(imputed, style.SQUARE_IMPUTED, style.SQUARE)
    square = {"marker": "s", "linewidth": 0}
    scatter(ax, x, y, f"{series.key}-markers", s=areas, c=list(face), zorder=3, **square)
    if imputed.any():
        inside = np.maximum(np.sqrt(areas[imputed]) - 1.5, 0.8) ** 2
        gid = f"{series.key}-markers-hollow"
        scatter(ax, x[imputed], y[imputed], gid, s=inside, c=style.PAPER, zorder=3.1, **square)


def _draw_diamonds(ax, panel, series, rows, arrow):
    names = _columns(series, rows, "low", "estimate", "high")
    for kind, gid in (("subtotal", "subtotals"), ("total", "total"), ("model", "models")):
        found = finite(rows[rows["kind"] == kind], *names)
        scale = 1.0 if series.marker == "circle" else 1.25
        half = scale * style.DIAMOND_MM[kind] / 2
        middle = found["y_mm"] + series.offset * (style.DIAMOND_MM[kind] / DIAMOND_OFFSET)
        corners = [
            clipped_diamond(ends, y, half, panel.limits, arrow)
            for ends, y in zip(found[names].to_numpy(float), middle, strict=True)
        ]
        corners = [c for c in corners if c]
        if corners:
            face, edge = diamond_look(series, kind)
            add(
                ax,
                PolyCollection(
                    corners,
                    facecolor=face,
                    edgecolor=edge,
                    linewidth=0.8,
                    joinstyle="miter",
                    zorder=3.5,
                ),
                f"{series.key}-{gid}",
            )


def diamond_look(series, kind):
    """Return face and edge of the diamonds of a series."""
    if series.marker != "square" or series.colour != style.INK:
        return series.colour if series.filled else style.PAPER, series.colour
    return style.SQUARE if kind == "model" else style.DIAMOND, style.DIAMOND_EDGE


def _draw_arrowheads(ax, panel, series, rows):
    """Put an arrowhead where an interval, a diamond or the prediction interval leaves the panel."""
    low, high = _columns(series, rows, "low", "high")
    found = finite(rows, low, high)
    if not len(found):
        return
    summary = found["kind"].map(lambda kind: style.DIAMOND_MM.get(kind, DIAMOND_OFFSET) / DIAMOND_OFFSET)
    y = baseline(found) + series.offset * summary
    size = (2 * style.ARROW_MM * style.PT_PER_MM) ** 2
    for side, gone, x, tip in (
        ("left", found[low] < panel.limits[0], panel.limits[0], LEFT_TIP),
        ("right", found[high] > panel.limits[1], panel.limits[1], RIGHT_TIP),
    ):
        if gone.any():
            look = {
                "s": size,
                "marker": tip,
                "c": series.colour,
                "linewidth": 0,
                "zorder": 5,
                "clip_on": False,
            }
            scatter(ax, np.full(gone.sum(), x), y[gone], f"{series.key}-arrows-{side}", **look)
