"""Placebo and treatment arms over weeks: the changes of every trial at each time, and the lines fitted to them.

Time points of a trial are joined, so that what happens within trials is told from what differs between them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex, to_rgb

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.evidence.over_time import ArmsOverTime
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked
from analysis.plots._marks import area_entry, line_entry, marker_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import EDGE_MM, PlaneSpec, Scale, band
from analysis.plots._theme import themed
from analysis.plots._words import sentences
from analysis.sentences import change_a_week, lasting
from analysis.text import level, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARMS = ("placebo", "treatment")
LOOKS = {"placebo": ("ORANGE", True), "treatment": ("TEAL", False)}  # colour, and whether marks are hollow
TINT = 0.2  # of the colour of an arm in its band
TALL = 0.6  # height of the panel over the width of the page
PAD = 0.04  # of the range of the weeks and of the changes, at both ends
LINE_PT, EDGE_PT = 1.4, 0.5
DASH = (0, (4.0, 2.0))  # of the placebo arms, whose line is told from the other without colour
POINTS = 101
INTERVALS = {
    "CR2": "cluster-robust (CR2), Satterthwaite degrees of freedom",
    "CR1": "cluster-robust (CR1)",
    "t": "model-based, t distribution",
    "z": "model-based, normal distribution",
}


@documented
@themed
def time_plot(
    over_time: ArmsOverTime,
    *,
    x_label: str | None = None,
    y_label: str | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw the change within placebo and treatment arms against weeks, and whether it lasts.

    Parameters
    ----------
    over_time : ArmsOverTime
        From :func:`analysis.pool_over_time`.
    x_label, y_label : str, optional
        What the axes are. Default: weeks, and the change with its unit.
    {title, width_mm, digits, ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    TypeError
        For anything but ArmsOverTime.
    ValueError
        If the page is too narrow.

    See Also
    --------
    analysis.pool_over_time : What is drawn.
    analysis.arms_forest : Both arms at one time of each trial.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Areas are proportional to the weights in the model of the arm, 1 / (vi + both variances of true changes), down to a
    smallest one. Bands are confidence limits of the mean, and lie upon each other: their edges have the colour of the
    arm.

    References
    ----------
    Konstantopoulos 2011, doi 10.1002/jrsm.35 (the model). Thompson & Higgins 2002, doi 10.1002/sim.1187 (trials drawn
    along a moderator, area by weight).

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.time_plot(analysis.pool_over_time(analysis.read_trials("data/trials.csv")))
    >>> fig.content.table["kind"].value_counts().to_dict()["trial"]
    84
    """
    if not isinstance(over_time, ArmsOverTime):
        give = "give the result of pool_over_time"
        raise TypeError(_check.refusal(over_time, "time_plot", give))
    wording = words.wording_of(over_time)
    points = over_time.points
    estimates, vi = (np.concatenate([points[f"{arm}_{of}"].to_numpy() for arm in ARMS]) for of in ("estimate", "vi"))
    wording = planes.with_digits(wording, digits, estimates, vi)
    table, width = _table(over_time, wording), planes.width_of(width_mm, "time plot", ax)
    trials, curves = (table[table["kind"] == kind] for kind in ("trial", "curve"))
    weeks = _padded(points["week"])
    core = min(trials["estimate"].min(), 0.0), max(trials["estimate"].max(), 0.0)
    changes = planes.limits_that_fill(core, (curves["low"].min(), curves["high"].max()))
    scales = asked(Scale(weeks)), Scale(_padded(changes))
    outcome = wording.outcome_name
    what = f"Change in {outcome}" if outcome else "Change"
    sides = tuple(f"{side} {outcome}" for side in ("less", "more")) if outcome else ("lower", "higher")
    findings = _findings(over_time, wording)
    heads = {words.capital(wording.noun): "name", "Arm": "arm", "Weeks": "week", "Change": "estimate"}
    heads["Weight"] = "weight"
    y_label = y_label or ", ".join(filter(None, (what, wording.unit)))
    spec = PlaneSpec(
        name="time",
        kind="Time plot",
        rows=table,
        scales=scales,
        titles=(x_label or "Weeks since the start", y_label),
        draws=partial(_draw, table),
        key=partial(_key, table, over_time, wording),
        title=title or f"{what} over weeks, by arm",
        footer=(findings, _limits(wording), (*_model(over_time, wording, scales[1], curves), note)),
        seen=(_counted(over_time, wording), *findings),
        printed={head: (f"text_{name}",) for head, name in heads.items()},
        in_words=sentences(*findings, *_limits(wording)),
        favours=sides,
        upright=True,
        right=EDGE_MM,
        height=TALL * width,
    )
    return planes.draw_plane(spec, width, ax)


def _padded(values):
    low, high = float(np.min(values)), float(np.max(values))
    pad = PAD * (high - low or 1.0)
    return low - pad, high + pad


def _table(over_time, wording):
    """Return one row per arm and time point of a trial, then one per point of each line."""
    points, rows = over_time.points, []
    for arm in ARMS:
        sigma2, vi = getattr(over_time, arm).sigma2, points[f"{arm}_vi"]
        weight = 1.0 / (vi + sigma2.between + sigma2.within)
        own = points[["study", "label", "week"]].rename(columns={"label": "name"})
        rows.append(own.assign(kind="trial", arm=arm, estimate=points[f"{arm}_estimate"], weight=weight / weight.sum()))
    weeks = np.linspace(points["week"].min(), points["week"].max(), POINTS)
    curves = over_time.predict(weeks).rename(columns={"role": "arm", "ci_low": "low", "ci_high": "high"})
    table = pd.concat([*rows, curves[curves["arm"].isin(ARMS)].assign(kind="curve")], ignore_index=True)
    names = dict(zip(("treatment", "placebo"), wording.arms, strict=True))
    drawn = table["kind"] == "trial"
    table["text_name"], table["text_arm"] = table["name"].fillna("").astype(object), table["arm"].map(names)
    table["text_week"] = [number(x, 0 if float(x).is_integer() else 1) for x in table["week"]]
    table["text_estimate"] = [wording.write(x) for x in table["estimate"]]
    table["text_weight"] = [f"{100 * w:.1f}%" if here else "" for w, here in zip(table["weight"], drawn, strict=True)]
    return table


def _tint(colour):
    """Return a colour mixed with the paper."""
    ink, paper = (np.array(to_rgb(each)) for each in (colour, style.PAPER))
    return to_hex(TINT * ink + (1 - TINT) * paper)


def _colour(arm):
    return getattr(style, LOOKS[arm][0])


def _draw(table, plane):
    """Draw everything inside the panel."""
    planes.draw_axes(plane)
    curves, trials = (table[table["kind"] == kind] for kind in ("curve", "trial"))
    for z, (arm, line) in enumerate(curves.groupby("arm", sort=False)):
        x, low, high = (line[name].to_numpy(float) for name in ("week", "low", "high"))
        plane.areas([band(x, low, high)], f"time-{arm}-ci", _tint(_colour(arm)), zorder=0.1 + 0.01 * z)
        edges = [np.column_stack([x, end]) for end in (low, high)]
        plane.lines(edges, f"time-{arm}-edges", colors=_colour(arm), linewidths=EDGE_PT, zorder=0.3)
        mean, dash = np.column_stack([x, line["estimate"]]), {"linestyles": [DASH if LOOKS[arm][1] else "solid"]}
        plane.lines([mean], f"time-{arm}-mean", colors=_colour(arm), linewidths=LINE_PT, zorder=3.1, **dash)
    null = [[(plane.x.limits[0], 0.0), (plane.x.limits[1], 0.0)]]
    plane.lines(null, "time-null", colors=style.INK, linewidths=style.RULE_PT, zorder=0.5)
    for arm, own in trials.groupby("arm", sort=False):
        of_trials = (each.sort_values("week", kind="stable") for _, each in own.groupby("study", sort=False))
        paths = [each[["week", "estimate"]].to_numpy(float) for each in of_trials]
        look = {"colors": _colour(arm), "linewidths": style.RULE_PT, "zorder": 1.0}
        plane.lines([path for path in paths if len(path) > 1], f"time-{arm}-trials", **look)
    looks = [("circle", _colour(arm)) for arm in trials["arm"]]
    hollow = np.array([LOOKS[arm][1] for arm in trials["arm"]])
    at = trials[["week", "estimate"]].to_numpy(float)
    planes.draw_marks(plane, at, _areas(trials, plane), "time-points", looks=looks, hollow=hollow)


def _areas(trials, plane):
    return planes.areas_of(trials["weight"], plane.width * plane.height)


def _key(table, over_time, wording, plane):
    """Return the entries of the key: of each arm its line, its band and its marks."""
    trials, entries = table[table["kind"] == "trial"], []
    area, at = float(np.median(_areas(trials, plane))), level(over_time.confidence_level)
    for arm, name in zip(ARMS, wording.arms[::-1], strict=True):
        colour, (_, hollow) = _colour(arm), LOOKS[arm]
        entries.append(marker_entry(f"{name} arm", "circle", area, colour, hollow=hollow, new_line=bool(entries)))
        dash = {"linestyles": [DASH if hollow else "solid"]}
        entries.append(line_entry(f"mean, {name}", colors=colour, linewidths=LINE_PT, **dash))
        entries.append(area_entry(f"{at} confidence limits", _tint(colour)))
    entries.append(line_entry(f"measurements of one {wording.noun}", colors=style.MUTED, linewidths=style.RULE_PT))
    return entries


def _counted(over_time, wording):
    several = wording.counted(over_time.repeated)
    return f"{number(over_time.k, 0)} measurements of {wording.counted(over_time.trials)}, several in {several}"


def _findings(over_time, wording):
    """Return what happens a week in each arm, and whether what they differ by changes."""
    names = dict(zip(("treatment", "placebo"), wording.arms, strict=True))
    arms = [f"per week with {names[arm]}: {change_a_week(over_time, arm, wording)}" for arm in ARMS]
    slope = change_a_week(over_time, "contrast", wording)
    contrast = f"difference, {wording.contrast}, per week: {slope}, {lasting(over_time)}"
    return (contrast, *arms)


def _limits(wording):
    """Return what the lines are not."""
    return (
        f"Which {wording.nouns} measured late was not randomised",
        "change within an arm holds natural course and regression to the mean",
    )


def _model(over_time, wording, scale, curves):
    """Return the model and what the marks are."""
    fit, at = over_time.contrast, level(over_time.confidence_level)
    beyond = curves["low"].min() < scale.limits[0] or curves["high"].max() > scale.limits[1]
    return (
        f"three-level model, τ² by {fit.tau2_method}; {at} confidence limits {INTERVALS[fit.ci_method]}",
        f"correlation {number(over_time.correlation)} between measurements of one {wording.noun}",
        _counted(over_time, wording),
        "circles: measurements, area proportional to the weight in the model down to a smallest size",
        "bands go on beyond the panel" if beyond else "",
    )
