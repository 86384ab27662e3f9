"""The drapery plot: the p value of every possible effect, for each trial, the pooled result and a new trial.

A curve crosses the line of a p value where the interval of the level on the right ends, so that one figure holds the
intervals of all levels. The table has the ends of the intervals at every p value in columns ``low_p…`` and ``high_p…``,
from which the curves are drawn; the farthest trials are named above the panel, at the tops of their curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis._docs import documented
from analysis._types import FigureOptions, PageWidth
from analysis.models.diagnostics import LEVELS, common_effect, normal_statistic, pvalue_curves
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked, line_height, panel_limits, text_width
from analysis.plots._marks import area_entry, line_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale, critical, pooled_sentence, studies_of
from analysis.plots._theme import Said, themed
from analysis.text import equals, level, number, pvalue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.results import PooledEffect

MARKED = 0.1, 0.05, 0.01
LEAST_P = 0.001  # at the foot of the axis of z, which has no end
LABELLED = {"p": (1.0, 0.8, 0.6, 0.4, 0.2), "z": (1.0, 0.8, 0.6, 0.4, 0.2, LEAST_P)}
Y_TITLES = "p value", "Confidence level"
TALL = 0.58  # height of the panel over the width of the page
LEAST_TALL_MM = 62.0  # so that the labels of 0.05 and 0.01 stand apart
POOLED_PT = 1.8
TRIAL_PT, MANY_PT, MANY = 0.6, 0.35, 60  # width of the trials' curves, and where there are many
COMMON = (0, (4.0, 2.2))
LINE = (0, (3.0, 2.0))
DOT_PT2 = 16.0
NAME_GAP = 2.0
LEADER_MM = 4.2  # from the tops of the curves to the names
APART = 2.2  # mm between the labels of two p values


@documented
@themed
def drapery(
    results: PooledEffect | EffectSizes | PooledArms,
    *,
    scale: Literal["p", "z"] = "p",
    common: bool = False,
    label: int | Sequence[str] = 6,
    x_label: str | None = None,
    measure: str | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[FigureOptions],
) -> ReportFigure:
    """Draw a drapery plot: p-value curves of all trials, of the pooled result and of a new trial.

    Parameters
    ----------
    {results}
    scale : {"p", "z"}
        Upright axis: the p value itself, or the normal statistic that it belongs to, which spreads small p values
        out and makes the curves of trials straight.
    common : bool
        Draw the curve of the common-effect model too.
    {label}
    x_label : str, optional
        What the effects are, with their unit. Default: made from the measure and the unit of the result.
    {measure, favours, title, width_mm, digits}
    ax : matplotlib.axes.Axes, optional
        Draw the panel into these axes of another figure, which have their final size, without names, title, key and
        footer.
    {note, footer, dpi, xlim, ticks, xlabel, null, lines}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    ValueError
        For an unknown scale, a name that is not that of a trial, or a page that is too narrow.

    See Also
    --------
    analysis.forest : Draw the intervals of one level.
    analysis.funnel : Draw the trials against their standard errors.
    analysis.pvalue_curves : Compute the curves that are drawn.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Trials have normal curves; the pooled curve has the distribution of its interval, so it crosses p = 0.05 at the ends
    of the 95% interval, and the curve of a new trial that of the prediction interval.

    References
    ----------
    Ruecker & Schwarzer 2021, doi 10.1002/jrsm.1410 (the drapery plot).

    Infanger & Schmidt-Trucksaess 2019, doi 10.1002/sim.8293 (p-value functions).

    Examples
    --------
    >>> import analysis
    >>> pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], labels=["A", "B", "C"], measure="MD")
    >>> total = analysis.drapery(pooled).content.table.query("kind == 'total'").iloc[0]
    >>> bool(total["low_p0.05"] == pooled.ci.low)
    True
    """
    if scale not in LABELLED:
        raise ValueError(f'scale is {scale!r}; it must be "p" or "z"')
    studies = studies_of(results, "drapery", measure=measure, digits=digits)
    table, wording, pooled = _drapery_table(studies, label, common), studies.wording, studies.pooled
    trials, null = table[table["kind"] == "trial"], Scale((), wording.measure, asked=True).null
    ends = (trials[end] for end in ("estimate", "low", "high"))
    across = asked(Scale(panel_limits(*ends, null=null), wording.measure))
    lines, width = list(dict.fromkeys([_own_p(pooled), *MARKED])), planes.width_of(width_mm, "drapery plot", ax)
    shown = sorted({*lines, *LABELLED[scale]})
    left = planes.room_for([_p_text(each) for each in shown])
    right = max(text_width(level(1 - each), style.SMALL_PT) for each in shown) + 1.8
    names = _top_names(table, across, width - 2 * style.MARGIN - left - right) if ax is None else []
    none = ("no difference" if wording.arms else "no effect") if studies.has_null else ""
    finding = _drapery_finding(studies, table, none)
    heads = {words.capital(wording.noun): "name", wording.measure.title: "estimate", "Interval": "interval"}
    heads |= {f"p for {none}": "pvalue"} if none else {}
    spec = PlaneSpec(
        name="drapery",
        kind="Drapery plot",
        rows=table,
        scales=(across, Scale((0.0, 1.0) if scale == "p" else (float(_height(LEAST_P, scale)), 0.0))),
        titles=(planes.axis_title(x_label, wording), Y_TITLES[0]),
        draws=partial(_draw_drapery, table, scale, lines, shown, names),
        key=partial(_drapery_key, studies, table, none, len(names)),
        title=title or f"p-value curves: {wording.measure.name}",
        footer=((finding,), *_drapery_footer(studies, table, lines[0], across), (note,)),
        seen=(*_drapery_seen(table, wording, lines[0], none), finding),
        printed={head: (f"text_{name}",) for head, name in heads.items()},
        in_words=finding,
        favours=words.directions(favours, wording),
        left=left,
        right=right,
        height=max(TALL * width, LEAST_TALL_MM),
        strip=LEADER_MM + line_height(style.NOTE_PT) if names else 0.0,
        aside=("title-level", Y_TITLES[1]),
    )
    return planes.draw_plane(spec, width, ax)


def _drapery_table(studies, label, common):
    """Return one row per curve, with its intervals at every p value."""
    pooled, wording = studies.pooled, studies.wording
    p = np.unique(np.append(LEVELS, _own_p(pooled)))
    of = pvalue_curves(pooled, p)
    half = critical(pooled.confidence_level) * np.sqrt(pooled.vi)
    trials = pd.DataFrame({"kind": "trial", "name": studies.rows["name"], "estimate": pooled.yi})
    trials = trials.assign(low=pooled.yi - half, high=pooled.yi + half, weight=pooled.weights, pvalue=of.trial_pvalues)
    trials["labelled"] = planes.named(trials, label, trials["estimate"] - pooled.estimate)["labelled"]
    extra = [("total", "Pooled", pooled.estimate, *pooled.ci, pooled.pvalue, of.pooled)]
    if np.isfinite(pooled.pi.low):
        extra.append(("prediction", f"New {wording.noun}", pooled.estimate, *pooled.pi, np.nan, of.prediction))
    if common:
        same = common_effect(pooled)
        extra.append(("common", "Common effect", same.estimate, *same.ci, same.pvalue, pvalue_curves(same, p).pooled))
    names = "kind", "name", "estimate", "low", "high", "pvalue"
    rows = planes.with_rows(trials, *(dict(zip(names, row[:-1], strict=True)) for row in extra))
    rows["labelled"] = rows["labelled"].eq(True)
    records = rows.to_dict("records")
    rows["text_name"] = rows["name"]
    rows["text_estimate"] = [wording.write(row["estimate"]) for row in records]
    rows["text_interval"] = [wording.span(row["low"], row["high"]) for row in records]
    rows["text_pvalue"] = ["" if np.isnan(row["pvalue"]) else pvalue(row["pvalue"]) for row in records]
    ends = np.array([*of.trials, *(row[-1] for row in extra)])
    values = [
        pd.DataFrame(ends[:, :, i], columns=[f"{side}_p{each:.10g}" for each in p])
        for i, side in enumerate(("low", "high"))
    ]
    return pd.concat([rows, *values], axis=1)


def _own_p(pooled):
    """Return the p value that belongs to the level of the pooled interval; 1 - 0.95 is not quite 0.05 unrounded."""
    return round(1.0 - pooled.confidence_level, 12)


def _height(p, scale):
    """Return the heights of p values on the upright axis."""
    return np.asarray(p, float) if scale == "p" else -normal_statistic(p)


def _set_levels(plane, shown, lines, scale):
    """Label p values on the left and the levels of the intervals on the right; those of lines come first."""
    y = _height(shown, scale)
    at, kept = plane.mm(plane.x.limits[0], y)[:, 1], []
    # where labels would touch, a marked value is worth more than a round one
    for i in sorted(range(len(shown)), key=lambda i: [*lines, shown[i]].index(shown[i])):
        if all(abs(at[i] - at[j]) >= APART for j in kept):
            kept.append(i)
    kept = sorted(kept)
    planes.set_upright(plane.ax, y[kept], [_p_text(shown[i]) for i in kept])
    for i in kept:
        plane.write(plane.width + 1.6, at[i], level(1 - shown[i]), style.CAPTION, align="left", gid=f"level-{i}")


def _p_text(p):
    """Return a p value that marks a line, such as "0.05", with the digits it has."""
    return number(p, len(f"{p:.10g}".partition(".")[2]))


def _draw_drapery(table, scale, lines, shown, names, plane):
    """Draw axes, lines and curves, and names above the panel, whose curves are darker than the others."""
    planes.draw_axes(plane, upright=False)
    _set_levels(plane, shown, lines, scale)
    low, high = plane.x.limits
    lines = _height(lines, scale)
    if _predicted(table):
        left, right = np.split(_curves(table, "prediction", scale)[0], 2)
        y = left[:, 1]
        plane.areas([planes.band(y, left[:, 0], right[::-1, 0])[:, ::-1]], "drapery-prediction", style.BAND, zorder=0)
        plane.lines([left, right], "drapery-prediction-edges", colors=style.MODEL, linewidths=0.5, zorder=1.5)
    look = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [LINE], "zorder": 0.6}
    plane.lines([[(low, at), (high, at)] for at in lines], "drapery-levels", **look)
    if low < plane.x.null < high:
        null = [[(plane.x.null, end) for end in plane.y.limits]]
        plane.lines(null, "drapery-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1.4)
    trials = _curves(table, "trial", scale)
    named = table.index[table["kind"] == "trial"].isin([row for row, *_ in names])
    quiet, wide = _quiet_look(len(trials))
    colours = [style.INK if yes and not named.all() else quiet for yes in named]
    plane.lines(trials, "drapery-trials", colors=colours, linewidths=wide, zorder=1)
    plane.lines(_curves(table, "common", scale), "drapery-common", zorder=2, **_common_look())
    pooled = _curves(table, "total", scale)
    plane.lines(pooled, "drapery-pooled-rim", colors=style.PAPER, linewidths=POOLED_PT + 1.2, zorder=2.4)
    plane.lines(pooled, "drapery-pooled", colors=style.MODEL, linewidths=POOLED_PT, zorder=2.5)
    row = table[table["kind"] == "total"].iloc[0]
    look = {"s": DOT_PT2, "c": style.PAPER, "edgecolors": style.MODEL, "linewidths": 1.1, "zorder": 2.6}
    ends = plane.ax.scatter([row["low"], row["high"]], [lines[0]] * 2, **look)
    ends.set(gid="drapery-ci", label="drapery-ci")
    segments, look = [], (style.NOTE_PT, "normal", style.INK)
    for i, (_, name, at, left) in enumerate(names):
        y = plane.height + LEADER_MM + 0.5 * line_height(style.NOTE_PT)
        plane.write(left, y, Said(name), look, align="left", gid=f"name-{i}")
        foot = left + text_width(name, style.NOTE_PT) / 2
        segments.append(plane.values([(at, plane.height + 0.3), (foot, plane.height + LEADER_MM)]))
    look = {"colors": style.MUTED, "linewidths": style.HAIR_PT, "zorder": 0.9, "clip_on": False}
    plane.lines(segments, "drapery-leaders", **look)


def _curves(table, kind, scale):
    """Return the curves of the rows of a kind, from the left foot over the estimate to the right foot, (r, 2m, 2)."""
    p = [name.removeprefix("low_p") for name in table if name.startswith("low_p")]
    y, rows = _height([float(each) for each in p], scale), table[table["kind"] == kind]
    left, right = (rows[[f"{side}_p{each}" for each in p]].to_numpy(float) for side in ("low", "high"))
    x = np.concatenate([left, right[:, ::-1]], axis=1)
    return np.stack([x, np.broadcast_to(np.append(y, y[::-1]), x.shape)], axis=-1)


def _predicted(table):
    """Whether there is a curve of a new trial."""
    curve = _curves(table, "prediction", "p")
    return len(curve) > 0 and bool(np.isfinite(curve).all())


def _quiet_look(k):
    """Return colour and width of the curves of trials without names: paler and thinner where there are many."""
    return style.SQUARE if k <= MANY / 3 else style.FAINT, TRIAL_PT if k <= MANY else MANY_PT


def _common_look():
    return {"colors": style.MODEL, "linewidths": 1.0, "linestyles": [COMMON]}


def _drapery_footer(studies, table, own, across):
    """Return the paragraphs that say what was drawn and computed; ``own`` is the p value of the pooled interval."""
    pooled, wording, (low, high) = studies.pooled, studies.wording, across.limits
    at = level(pooled.confidence_level)
    dots = f"; dots: the {at} confidence interval (p = {_p_text(own)})"
    curves = (
        "A curve gives the two-sided p value of every possible effect; where it crosses the line of a p value, the "
        f"interval of the level on the right ends{dots * any(low <= end <= high for end in pooled.ci)}"
    )
    parts = [f"thin: one {wording.noun}; bold: pooled result"]
    parts += [f"area: prediction of a new {wording.noun}"] * _predicted(table)
    parts += ["dashed: common effect, normal distribution"] * bool((table["kind"] == "common").any())
    computed = (
        words.model_sentence(pooled, wording),
        words.heterogeneity_sentence(pooled, wording),
        words.left_out_sentence(studies.left_out, wording),
        words.narrow_words(pooled),
    )
    return (curves, "; ".join(parts), words.lines_words(wording)), computed


def _drapery_finding(studies, table, none):
    """Return the pooled result in words; ``none`` is what the null value stands for."""
    pooled, wording, at = studies.pooled, studies.wording, level(studies.pooled.confidence_level)
    p = f", p {equals(pooled.pvalue)} for {none}" if none else ""
    said = [f"{pooled_sentence(studies)}{p}"]
    if np.isfinite(pooled.pi.low):
        said.append(f"{at} prediction interval for a new {wording.noun}: {wording.span(*pooled.pi)}")
    for row in table[table["kind"] == "common"].to_dict("records"):
        said.append(f"Common effect: {row['text_estimate']} ({at} CI {row['text_interval']})")
    return words.sentences(*said)


def _top_names(table, across, width):
    """Return (row, name, millimetres of the top, left edge of the name) of trials with room above the panel."""
    low, high = across.limits
    named = table[table["labelled"] & table["estimate"].between(low, high)]
    away = (named["estimate"] - table.loc[table["kind"] == "total", "estimate"].iloc[0]).abs()
    named = named.loc[away.sort_values(ascending=False, kind="stable").index]
    x = ((named["estimate"] - low) / (high - low) * width).tolist()
    found = zip(named.index, named["name"], x, place_curve_names(named["name"].tolist(), x, width), strict=True)
    return [each for each in found if each[-1] is not None]


def place_curve_names(names, x, width):
    """Return the left edge of every name in the line above the panel, None where there is no room.

    Names keep the order of the tops of their curves, ``x``, so that no line from a name to a top crosses another, and
    stand as close to these as they can; those that come last in the list are left out first.
    """
    wide = np.array([text_width(name, style.NOTE_PT) for name in names])
    kept = list(range(len(names)))
    while kept and wide[kept].sum() + NAME_GAP * (len(kept) - 1) > width:
        kept.pop()
    order = sorted(kept, key=lambda i: x[i])
    pushed = np.append(0.0, np.cumsum(wide[order][:-1] + NAME_GAP))[: len(order)]
    spare = width - wide[order].sum() - NAME_GAP * max(len(order) - 1, 0)
    wanted = np.array([x[i] for i in order]) - wide[order] / 2 - pushed
    left = np.clip(_increasing(wanted), 0.0, spare) + pushed
    found = dict(zip(order, left.tolist(), strict=True))
    return [found.get(i) for i in range(len(names))]


def _increasing(values):
    """Return the increasing sequence that is closest to the values by least squares (pooling of neighbours)."""
    blocks = []
    for value in values:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n)]
    return np.concatenate([np.full(n, value) for value, n in blocks]) if blocks else np.zeros(0)


def _drapery_key(studies, table, none, written, plane):
    """Return the entries of the key; curves whose names are ``written`` above the panel are darker than others."""
    k, nouns, (low, high) = studies.pooled.k, studies.wording.nouns, plane.x.limits
    quiet, wide = _quiet_look(k)
    entries = [line_entry("pooled result", colors=style.MODEL, linewidths=POOLED_PT)]
    if (table["kind"] == "common").any():
        entries.append(line_entry("common effect", **_common_look()))
    entries.append(line_entry(f"{nouns} ({number(k, 0)})", colors=quiet, linewidths=wide))
    if 0 < written < k:
        entries.append(line_entry(f"{nouns} with names", colors=style.INK, linewidths=wide))
    if _predicted(table):
        entries.append(area_entry(f"prediction, new {studies.wording.noun}", style.BAND))
    if low < plane.x.null < high:
        name = none if style.option("null") == "measure" else "null line"
        entries.append(line_entry(name, colors=style.INK, linewidths=style.RULE_PT))
    return entries


def _drapery_seen(table, wording, own, none):
    """Return what the figure shows to someone who cannot see it, in sentences."""
    trials = table[table["kind"] == "trial"]
    spread, small = wording.span(trials["estimate"].min(), trials["estimate"].max()), (trials["pvalue"] < own).sum()
    small = f"{number(small, 0)} of {number(len(trials), 0)} have p below {_p_text(own)} for {none}"
    return f"p-value curves of {wording.counted(len(trials))}, estimates from {spread}", small * bool(none)
