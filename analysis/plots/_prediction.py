"""The marks of a prediction interval: a bar, an open diamond, or the curve it is cut from."""

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from analysis.plots import _style as style
from analysis.plots._primitives import add, clipped_diamond, finite, horizontal, lines


def draw_prediction(ax, panel, rows, arrow):
    """Draw the prediction interval as a bar or an open diamond; a curve is drawn by ``draw_density``."""
    found = finite(rows[rows["kind"] == "prediction"], "contrast_low", "contrast_high")
    looks = found["prediction_style"] if "prediction_style" in found else ["bar"] * len(found)
    low, high = (
        found["contrast_low"].clip(lower=panel.limits[0]),
        found["contrast_high"].clip(upper=panel.limits[1]),
    )
    bar = np.array([look == "bar" for look in looks], dtype=bool)
    segments = horizontal(low, high, found["y_mm"])[bar]
    look = {"colors": style.MUTED, "linewidths": style.PREDICTION_PT, "zorder": 2}
    lines(ax, segments, "contrast-prediction", **look)
    if "diamond" in list(looks):
        middle = rows.loc[rows["kind"] == "total", "contrast_estimate"].iloc[0]
        low, high, y = found[["contrast_low", "contrast_high", "y_mm"]].iloc[0]
        half = style.DIAMOND_MM["subtotal"] / 2
        corners = clipped_diamond((low, middle, high), y, half, panel.limits, arrow)
        look = {"facecolor": style.PAPER, "edgecolor": style.MUTED, "linewidth": 0.8, "joinstyle": "miter"}
        if corners:
            add(ax, PolyCollection([corners], zorder=2.5, **look), "contrast-prediction")


def baseline(rows):
    """Return where the curve of a density stands, for every row: its middle where there is none."""
    if "prediction_style" not in rows:
        return rows["y_mm"]
    low = rows["y_mm"] + rows["height_mm"].fillna(0.0) / 2 - 0.9
    return low.where(rows["prediction_style"] == "density", rows["y_mm"])


def draw_density(ax, panel, body, curve):
    """Draw the predictive density on the row of the prediction interval, the interval itself darker."""
    row = body[body["kind"] == "prediction"]
    x, density = curve["contrast_estimate"].to_numpy(float), curve["density"].to_numpy(float)
    bottom = float(baseline(row).iloc[0])
    tall = float(row["height_mm"].iloc[0]) - 1.8
    x, density = _within(x, density, panel.limits)
    y = bottom - tall * density / density.max()
    low, high = (float(np.clip(row[f"contrast_{end}"].iloc[0], *panel.limits)) for end in ("low", "high"))
    inside = np.unique(np.concatenate([[low], x[(x > low) & (x < high)], [high]]))
    look = {"edgecolor": "none", "zorder": 1.6}
    for xs, ys, face, part in (
        (x, y, style.CONNECTOR, "tails"),
        (inside, np.interp(inside, x, y), style.FAINT, "interval"),
    ):
        outline = [*zip(xs, ys, strict=True), (xs[-1], bottom), (xs[0], bottom)]
        add(ax, PolyCollection([outline], facecolor=face, **look), f"contrast-density-{part}")
    line = {"colors": style.INK, "linewidths": style.RULE_PT, "zorder": 1.8}
    add(ax, LineCollection([np.column_stack([x, y])], joinstyle="round", **line), "contrast-density")
    lines(ax, [[(x[0], bottom), (x[-1], bottom)]], "contrast-density-base", **line)


def _within(x, density, limits):
    """Cut a curve at the limits of the panel."""
    low, high = max(limits[0], x[0]), min(limits[1], x[-1])
    kept = np.unique(np.concatenate([[low], x[(x > low) & (x < high)], [high]]))
    return kept, np.interp(kept, x, density)
