"""The marks of the figure of a posterior: densities, and trials as observed and as shrunken."""

import numpy as np

from analysis.plots import _style as style
from analysis.plots._key import area_entry, line_entry, marker_entry
from analysis.plots._marks import clipped_diamond
from analysis.plots._plane import Scale, band, draw_tips

LINE_PT = 1.3
DASHES = (0, (4.0, 2.2))
DOTS = (0, (1.0, 1.6))
LANE_MM = 0.62  # observed above and shrunken below the middle of a row
CIRCLE_PT2 = 13.0
OBSERVED_PT = 0.6
RIM_PT = 0.9
HEADROOM = 1.08


def _density(about, quantity):
    rows = about.table[about.table.get("quantity").eq(quantity)]
    return rows["x"].to_numpy(float), rows["density"].to_numpy(float)


def density_scale(about, posterior="mean effect", prior="prior of the mean effect"):
    """Return the scale of a panel of densities: the posterior fills it, a prior with a spike may leave it."""
    top = _density(about, posterior)[1].max()
    top = max(top, min(_density(about, prior)[1].max(initial=0.0), 1.6 * top))
    return Scale((0.0, float(top) * HEADROOM))


def _curve(plane, about, quantity, gid, **look):
    x, y = _density(about, quantity)
    if len(x):
        plane.lines([np.column_stack([x, np.minimum(y, 4 * plane.y.limits[1])])], gid, **look)


def _fill(plane, about, quantity, ends, gid, *, colour, zorder):
    """Fill the area below a density between two values."""
    x, y = _density(about, quantity)
    inside = (x >= ends[0]) & (x <= ends[1])
    plane.areas([band(x[inside], np.zeros(inside.sum()), y[inside])], gid, colour, zorder=zorder)


def draw_densities(plane, about):
    """Draw the densities of mean effect and new trial, the interval shaded, and a proper prior."""
    of = about.posterior
    if plane.x.limits[0] < 0 < plane.x.limits[1]:
        null = [[(0.0, 0.0), (0.0, plane.y.limits[1])]]
        plane.lines(null, "posterior-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    wide = -np.inf, np.inf
    _fill(plane, about, "new trial", wide, "posterior-new-area", colour=style.BAND, zorder=0.1)
    _fill(plane, about, "mean effect", of.mu.interval, "posterior-mu-interval", colour=style.BAND_DARK, zorder=0.2)
    look = {"colors": style.MODEL, "linewidths": 0.8, "linestyles": [DASHES], "zorder": 2}
    _curve(plane, about, "new trial", "posterior-new", **look)
    look = {"colors": style.MUTED, "linewidths": 1.0, "linestyles": [DOTS], "zorder": 2.1}
    _curve(plane, about, "prior of the mean effect", "posterior-mu-prior", **look)
    _curve(plane, about, "mean effect", "posterior-mu", colors=style.MODEL, linewidths=LINE_PT, zorder=2.2)
    _median(plane, about, "mean effect", of.mu.median, "posterior-mu-median")


def _median(plane, about, quantity, median, gid):
    x, y = _density(about, quantity)
    top = float(np.interp(median, x, y))
    plane.lines([[(median, 0.0), (median, top)]], gid, colors=style.MODEL, linewidths=style.RULE_PT, zorder=2.1)


def draw_tau(plane, about):
    """Draw the density of tau, its interval shaded, and the prior."""
    tau = about.posterior.tau
    _fill(plane, about, "tau", tau.interval, "posterior-tau-interval", colour=style.BAND_DARK, zorder=0.2)
    look = {"colors": style.MUTED, "linewidths": 1.0, "linestyles": [DOTS], "zorder": 2.1}
    _curve(plane, about, "prior of tau", "posterior-tau-prior", **look)
    _curve(plane, about, "tau", "posterior-tau", colors=style.MODEL, linewidths=LINE_PT, zorder=2.2)
    _median(plane, about, "tau", tau.median, "posterior-tau-median")


def draw_rows(plane, about, y):
    """Draw trials, mean effect and new trial on rows at ``y`` mm below the top of the panel."""
    low, high = plane.x.limits
    if low < 0 < high:
        null = [[(0.0, 0.0), (0.0, plane.height)]]
        plane.lines(null, "posterior-rows-null", colors=style.INK, linewidths=style.RULE_PT, zorder=0.2)
    total = about.table[about.table["kind"] == "total"].iloc[0]
    mean = [[(total["estimate"], 0.0), (total["estimate"], plane.height)]]
    plane.lines(mean, "posterior-mean", colors=style.BAND_DARK, linewidths=0.8, zorder=0.1)
    trials = about.table[about.table["kind"] == "trial"]
    k = len(trials)
    observed, shrunken = y[:k] - LANE_MM, y[:k] + LANE_MM
    at = {"observed": trials["observed_estimate"].to_numpy(float), "shrunken": trials["estimate"].to_numpy(float)}
    ends = np.column_stack([at["observed"], observed]), np.column_stack([at["shrunken"], shrunken])
    joined = np.stack(ends, axis=1)
    plane.lines(joined, "posterior-shrinkage", colors=style.FAINT, linewidths=style.CONNECTOR_PT / 2, zorder=1)
    pairs = (
        ("observed", "observed_", observed, style.MUTED, OBSERVED_PT),
        ("shrunken", "", shrunken, style.MODEL, style.INTERVAL_PT),
    )
    for name, prefix, rows, colour, wide in pairs:
        a, b = trials[f"{prefix}low"].to_numpy(float), trials[f"{prefix}high"].to_numpy(float)
        ends = np.column_stack([a.clip(low, high), b.clip(low, high)])
        lines = np.stack([np.column_stack([ends[:, 0], rows]), np.column_stack([ends[:, 1], rows])], axis=1)
        plane.lines(lines, f"posterior-{name}-intervals", colors=colour, linewidths=wide, zorder=2)
        draw_tips(plane, a, b, rows, f"posterior-{name}-tips", colour=colour)
        look = {"s": CIRCLE_PT2, "edgecolors": colour, "linewidths": RIM_PT, "zorder": 3 if name == "shrunken" else 2.8}
        look |= {"c": style.PAPER if name == "observed" else colour, "gid": f"posterior-{name}", "label": name}
        plane.ax.scatter(at[name], rows, **look)
    _draw_results(plane, about, y[k:])


def _draw_results(plane, about, y):
    """Draw the diamond of the mean effect and the bar of the predictive interval."""
    low, high = plane.x.limits
    arrow = style.ARROW_MM / plane.width * (high - low)
    total, new = (about.table[about.table["kind"] == kind].iloc[0] for kind in ("total", "prediction"))
    ends = total["low"], total["estimate"], total["high"]
    half = style.DIAMOND_MM["total"] / 2
    corners = clipped_diamond(ends, y[0], half, (low, high), arrow)
    plane.areas([corners] if corners else [], "posterior-total", style.MODEL, zorder=3)
    bar = [[(max(new["low"], low), y[1]), (min(new["high"], high), y[1])]]
    plane.lines(bar, "posterior-prediction", colors=style.MODEL, linewidths=style.PREDICTION_PT, zorder=3)
    for row, at, name in ((total, y[0], "total"), (new, y[1], "prediction")):
        draw_tips(plane, [row["low"]], [row["high"]], [at], f"posterior-{name}-tips", colour=style.MODEL)


def key_of(about):
    """Return the entries of the key."""
    prior = {"colors": style.MUTED, "linewidths": 1.0, "linestyles": [DOTS]}
    dashed = {"colors": style.MODEL, "linewidths": 0.8, "linestyles": [DASHES]}
    return [
        line_entry("posterior", colors=style.MODEL, linewidths=LINE_PT),
        area_entry(f"{about.level} credible interval", style.BAND_DARK),
        line_entry("effect in a new trial", **dashed),
        line_entry("prior", **prior),
        marker_entry("trial, observed", "circle", CIRCLE_PT2, style.MUTED, hollow=True),
        marker_entry("trial, shrunken", "circle", CIRCLE_PT2, style.MODEL),
    ]
