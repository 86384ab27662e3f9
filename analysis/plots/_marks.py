"""The marks of a panel, one collection per kind of mark, drawn from the table and named by ``gid``.

Panels have the measured quantity on x and millimetres of the page on y, so that heights on paper are exact.
"""

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.path import Path

from analysis.plots import _style as style

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
        _draw_intervals(ax, panel, series, rows)
        _draw_diamonds(ax, panel, series, rows, arrow)
        if series.key == "contrast":
            _draw_prediction(ax, panel, series, rows)
        _draw_arrowheads(ax, panel, series, rows)


def _add(ax, collection, gid):
    collection.set_gid(gid)
    collection.set_label(gid)
    ax.add_collection(collection, autolim=False)
    return collection


def _lines(ax, segments, gid, **options):
    """Draw horizontal or vertical lines with butt caps, cut at the edges of the panel."""
    if len(segments):
        _add(ax, LineCollection(segments, capstyle="butt", **options), gid)


def _horizontal(low, high, y):
    return np.stack([np.column_stack([low, y]), np.column_stack([high, y])], axis=1)


def _draw_backdrop(ax, panel, rows):
    bottom, top = ax.get_ylim()
    if panel.zone:
        low, high = panel.zone
        corners = [[(low, bottom), (low, top), (high, top), (high, bottom)]]
        _add(
            ax,
            PolyCollection(corners, facecolor=style.ZONE, edgecolor="none", zorder=0),
            f"{panel.name}-zone",
        )
    _lines(
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
            _lines(
                ax,
                [[(estimate, top), (estimate, total["y_mm"].iloc[0])]],
                f"{panel.name}-pooled-line",
                colors=style.INK,
                linewidths=0.7,
                linestyles=(0, (1, 1.6)),
                zorder=1,
            )


def _finite(rows, *columns):
    return rows[np.isfinite(rows[list(columns)].astype(float)).all(axis=1)]


def _draw_connectors(ax, panel, rows):
    first, second = (series.key for series in panel.series)
    trials = _finite(rows[rows["kind"] == "trial"], f"{first}_estimate", f"{second}_estimate")
    segments = _horizontal(trials[f"{first}_estimate"], trials[f"{second}_estimate"], trials["y_mm"])
    _lines(
        ax,
        segments,
        f"{panel.name}-connectors",
        colors=style.CONNECTOR,
        linewidths=style.CONNECTOR_PT,
        zorder=1.5,
    )


def _draw_intervals(ax, panel, series, rows):
    """Draw the trials of a series: markers first, then the intervals across them."""
    names = [f"{series.key}_{end}" for end in ("estimate", "low", "high")]
    trials = _finite(rows[rows["kind"] == "trial"], *names)
    if not len(trials):
        return
    estimate, low, high = (trials[name].to_numpy(float) for name in names)
    y = trials["y_mm"].to_numpy(float) + series.offset
    imputed = trials[f"{series.key}_imputed"].to_numpy(bool)
    segments = _horizontal(np.maximum(low, panel.limits[0]), np.minimum(high, panel.limits[1]), y)
    over = 4 if series.marker == "square" else 2
    look = {"colors": series.colour, "linewidths": style.INTERVAL_PT, "zorder": over}
    dash = imputed & (series.marker == "circle")
    _lines(ax, segments[~dash], f"{series.key}-intervals", **look)
    _lines(ax, segments[dash], f"{series.key}-intervals-imputed", linestyles=[DASHES], **look)
    if series.marker == "circle":
        size = style.CIRCLE_PT**2
        _scatter(ax, estimate, y, f"{series.key}-markers", s=size, zorder=3, **circle_look(series))
    else:
        _draw_squares(ax, series, estimate, y, trials["weight"].to_numpy(float), imputed)


def circle_look(series):
    """Return how the circles of a series are filled and edged."""
    face = series.colour if series.filled else style.PAPER
    return {"facecolor": face, "edgecolor": series.colour, "linewidth": style.INTERVAL_PT, "marker": "o"}


def _scatter(ax, x, y, gid, **options):
    points = ax.scatter(x, y, **options)
    points.set_gid(gid)
    points.set_label(gid)


def square_areas(weight):
    """Return areas in square points, proportional to the weights down to a smallest one."""
    largest = style.SQUARE_MAX_PT**2
    return np.maximum(largest * weight / weight.max(), style.SQUARE_MIN_PT**2)


def _draw_squares(ax, series, x, y, weight, imputed):
    """Draw squares; those of imputed trials get a white inside, so that the area stays that of the weight."""
    areas = square_areas(weight)
    face = np.where(imputed, style.INK, style.SQUARE)
    square = {"marker": "s", "linewidth": 0}
    _scatter(ax, x, y, f"{series.key}-markers", s=areas, c=list(face), zorder=3, **square)
    if imputed.any():
        inside = np.maximum(np.sqrt(areas[imputed]) - 1.5, 0.8) ** 2
        gid = f"{series.key}-markers-hollow"
        _scatter(ax, x[imputed], y[imputed], gid, s=inside, c=style.PAPER, zorder=3.1, **square)


def clipped_diamond(ends, y, half, limits, arrow):
    """Return the corners of a diamond, cut short where it leaves the panel to make room for an arrowhead."""
    low, estimate, high = ends
    if low == high:  # an interval of no width is still a mark
        return [(estimate, y - half), (estimate, y + half)]
    floor = limits[0] + 1.25 * arrow if low < limits[0] else low
    ceiling = limits[1] - 1.25 * arrow if high > limits[1] else high
    if floor >= ceiling:
        return None

    def height(x):
        side = (x - low) / (estimate - low) if x < estimate else (high - x) / (high - estimate)
        return half * min(max(side, 0.0), 1.0)

    xs = sorted({floor, ceiling, *([estimate] if floor < estimate < ceiling else [])})
    upper = [(x, y - height(x)) for x in xs]
    lower = [(x, y + height(x)) for x in reversed(xs) if height(x) > 0]
    return upper + lower


def _draw_diamonds(ax, panel, series, rows, arrow):
    names = [f"{series.key}_{end}" for end in ("low", "estimate", "high")]
    for kind, gid in (("subtotal", "subtotals"), ("total", "total")):
        found = _finite(rows[rows["kind"] == kind], *names)
        scale = 1.0 if series.marker == "circle" else 1.25
        half = scale * style.DIAMOND_MM[kind] / 2
        middle = found["y_mm"] + series.offset * (style.DIAMOND_MM[kind] / DIAMOND_OFFSET)
        corners = [
            clipped_diamond(ends, y, half, panel.limits, arrow)
            for ends, y in zip(found[names].to_numpy(float), middle, strict=True)
        ]
        corners = [c for c in corners if c]
        if corners:
            face = series.colour if series.filled else style.PAPER
            _add(
                ax,
                PolyCollection(
                    corners,
                    facecolor=face,
                    edgecolor=series.colour,
                    linewidth=0.8,
                    joinstyle="miter",
                    zorder=3.5,
                ),
                f"{series.key}-{gid}",
            )


def _draw_prediction(ax, panel, series, rows):
    found = _finite(rows[rows["kind"] == "prediction"], "contrast_low", "contrast_high")
    low, high = (
        found["contrast_low"].clip(lower=panel.limits[0]),
        found["contrast_high"].clip(upper=panel.limits[1]),
    )
    _lines(
        ax,
        _horizontal(low, high, found["y_mm"]),
        "contrast-prediction",
        colors=style.MUTED,
        linewidths=style.PREDICTION_PT,
        zorder=2,
    )


def _draw_arrowheads(ax, panel, series, rows):
    """Put an arrowhead where an interval, a diamond or the prediction interval leaves the panel."""
    low, high = f"{series.key}_low", f"{series.key}_high"
    found = _finite(rows, low, high)
    if not len(found):
        return
    summary = found["kind"].map(lambda kind: style.DIAMOND_MM.get(kind, DIAMOND_OFFSET) / DIAMOND_OFFSET)
    y = found["y_mm"] + series.offset * summary
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
            _scatter(ax, np.full(gone.sum(), x), y[gone], f"{series.key}-arrows-{side}", **look)
