"""The drapery plot: the p value of every possible effect, for each trial, the pooled result and a new trial.

A curve crosses the line of a p value where the interval of the level on the right ends, so that one figure holds the
intervals of all levels. The table has the ends of the intervals at every p value in columns ``low_p…`` and ``high_p…``,
from which the curves are drawn; the farthest trials are named above the panel, at the tops of their curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis._docs import documented
from analysis._types import FigureOptions, PageWidth
from analysis.models.diagnostics import LEVELS, common_effect, normal_statistic, pvalue_curves
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import Panel, asked, line_height, panel_limits, text_width
from analysis.plots._marks import area_entry, line_entry, write
from analysis.plots._page import TICKS_MM, FigureContent, ReportFigure, axis_height, write_captions
from analysis.plots._plane import (
    Plane,
    Scale,
    Studies,
    axis_title,
    band,
    critical,
    draw_axes,
    footer_rows,
    named,
    paragraphs,
    pooled_sentence,
    room_for,
    set_upright,
    sheet,
    size_of,
    studies_of,
    title_axes,
    width_of,
    with_rows,
)
from analysis.plots._theme import Said, themed
from analysis.plots._words import sentences
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


@dataclass(frozen=True, eq=False)
class _About(Studies):
    """What the words are about: the studies, the table of the figure, and its lines."""

    table: pd.DataFrame
    lines: tuple
    across: Scale

    @property
    def level(self):
        """Return the level of the pooled interval, as "95%"."""
        return level(self.pooled.confidence_level)

    @property
    def predicted(self):
        """Whether there is a curve of a new trial."""
        curve = _curves(self.table, "prediction", "p")
        return len(curve) > 0 and bool(np.isfinite(curve).all())

    @property
    def common(self):
        """Return the row of the common effect, None where it is not drawn."""
        return next((row for row in self.table.to_dict("records") if row["kind"] == "common"), None)

    @property
    def null(self):
        """Return what the null value stands for, "" where the measure has none."""
        if not self.has_null:
            return ""
        return "no difference" if self.wording.arms else "no effect"


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
    wording = studies.wording
    table, favours = _drapery_table(studies, label, common), words.directions(favours, wording)
    trials, null = table[table["kind"] == "trial"], Scale((), wording.measure, asked=True).null
    ends = (trials[end] for end in ("estimate", "low", "high"))
    across = asked(Scale(panel_limits(*ends, null=null), wording.measure))
    lines = tuple(dict.fromkeys([_own_p(studies.pooled), *MARKED]))
    about, caption = _About(**vars(studies), table=table, lines=lines, across=across), axis_title(x_label, wording)
    if ax is not None:
        _draw_drapery(Plane(ax, across, _upright_scale(scale), *size_of(ax)), about, scale, ())
        title_axes(ax, caption, Y_TITLES[0], favours)
        return ax.figure
    title, width = title or f"p-value curves: {wording.measure.name}", width_of(width_mm, "drapery plot")
    footer = _drapery_footer(about, note)
    panel = Panel("drapery", (), (), across.limits, (caption,), favours, measure=across.measure, asked=True)
    fig = _drapery_page(about, panel, scale, title=title, footer=footer, width=width)
    caption, alt = " ".join([sentences(title), *footer]), _drapery_alt_text(title, about)
    heads = {words.capital(wording.noun): "name", wording.measure.title: "estimate", "Interval": "interval"}
    heads |= {f"p for {about.null}": "pvalue"} if about.null else {}
    printed = {head: (f"text_{name}",) for head, name in heads.items()}
    rows, in_words = with_rows(table, *footer_rows(footer)), _drapery_finding(about)
    fig.content = FigureContent(rows, title, caption, alt, in_words, printed)
    return fig


def _drapery_table(studies, label, common):
    """Return one row per curve, with its intervals at every p value."""
    pooled, wording = studies.pooled, studies.wording
    p = np.unique(np.append(LEVELS, _own_p(pooled)))
    of = pvalue_curves(pooled, p)
    half = critical(pooled.confidence_level) * np.sqrt(pooled.vi)
    trials = pd.DataFrame({"kind": "trial", "name": studies.rows["name"], "estimate": pooled.yi})
    trials = trials.assign(low=pooled.yi - half, high=pooled.yi + half, weight=pooled.weights)
    trials["pvalue"] = of.trial_pvalues
    trials["labelled"] = named(trials, label, trials["estimate"] - pooled.estimate)["labelled"]
    rows, ends = [trials], [*of.trials]
    extra = [("total", "Pooled", pooled.estimate, pooled.ci, pooled.pvalue, of.pooled)]
    if np.isfinite(pooled.pi.low):
        extra.append(("prediction", f"New {wording.noun}", pooled.estimate, pooled.pi, np.nan, of.prediction))
    if common:
        same = common_effect(pooled)
        extra.append(("common", "Common effect", same.estimate, same.ci, same.pvalue, pvalue_curves(same, p).pooled))
    for kind, name, estimate, (low, high), of_null, curve in extra:
        row = {"kind": kind, "name": name, "estimate": estimate, "low": low, "high": high, "pvalue": of_null}
        rows.append(pd.DataFrame([row]))
        ends.append(curve)
    rows, ends = pd.concat(rows, ignore_index=True), np.array(ends)
    rows["labelled"] = rows["labelled"].eq(True)
    records = rows.to_dict("records")
    rows["text_name"] = rows["name"]
    rows["text_estimate"] = [wording.write(row["estimate"]) for row in records]
    rows["text_interval"] = [wording.span(row["low"], row["high"]) for row in records]
    rows["text_pvalue"] = ["" if np.isnan(row["pvalue"]) else pvalue(row["pvalue"]) for row in records]
    for i, side in enumerate(("low", "high")):
        values = pd.DataFrame(ends[:, :, i], columns=[f"{side}_p{each:.10g}" for each in p])
        rows = pd.concat([rows, values], axis=1)
    return rows


def _own_p(pooled):
    """Return the p value that belongs to the level of the pooled interval; 1 - 0.95 is not quite 0.05 unrounded."""
    return round(1.0 - pooled.confidence_level, 12)


def _upright_scale(scale):
    return Scale((0.0, 1.0) if scale == "p" else (float(_height(LEAST_P, scale)), 0.0))


def _height(p, scale):
    """Return the heights of p values on the upright axis."""
    return np.asarray(p, float) if scale == "p" else -normal_statistic(p)


def _set_levels(plane, about, scale):
    """Label p values on the left and the levels of the intervals on the right; those of lines come first."""
    p = _labelled_p(about, scale)
    y = _height(p, scale)
    at = plane.mm(plane.x.limits[0], y)[:, 1]
    kept = []
    # where labels would touch, a marked value is worth more than a round one
    for i in sorted(range(len(p)), key=lambda i: [*about.lines, p[i]].index(p[i])):
        if all(abs(at[i] - at[j]) >= APART for j in kept):
            kept.append(i)
    kept = sorted(kept)
    set_upright(plane.ax, y[kept], [_p_text(p[i]) for i in kept])
    for i in kept:
        plane.write(plane.width + 1.6, at[i], level(1 - p[i]), style.CAPTION, align="left", gid=f"level-{i}")


def _labelled_p(about, scale):
    """Return the p values with labels: those of the lines, and round ones."""
    return sorted({*about.lines, *LABELLED[scale]})


def _p_text(p):
    """Return a p value that marks a line, such as "0.05", with the digits it has."""
    return number(p, len(f"{p:.10g}".partition(".")[2]))


def _draw_drapery(plane, about, scale, written):
    """Draw axes, lines and curves; those of rows that are ``written`` above the panel are darker than the others."""
    draw_axes(plane, upright=False)
    _set_levels(plane, about, scale)
    table, (low, high) = about.table, plane.x.limits
    lines = _height(about.lines, scale)
    if about.predicted:
        left, right = np.split(_curves(table, "prediction", scale)[0], 2)
        y = left[:, 1]
        plane.areas([band(y, left[:, 0], right[::-1, 0])[:, ::-1]], "drapery-prediction", style.BAND, zorder=0)
        plane.lines([left, right], "drapery-prediction-edges", colors=style.MODEL, linewidths=0.5, zorder=1.5)
    look = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [LINE], "zorder": 0.6}
    plane.lines([[(low, at), (high, at)] for at in lines], "drapery-levels", **look)
    if low < plane.x.null < high:
        null = [[(plane.x.null, end) for end in plane.y.limits]]
        plane.lines(null, "drapery-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1.4)
    trials = _curves(table, "trial", scale)
    named = table.index[table["kind"] == "trial"].isin(written)
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


def _curves(table, kind, scale):
    """Return the curves of the rows of a kind, from the left foot over the estimate to the right foot, (r, 2m, 2)."""
    p = [name.removeprefix("low_p") for name in table if name.startswith("low_p")]
    y, rows = _height([float(each) for each in p], scale), table[table["kind"] == kind]
    left, right = (rows[[f"{side}_p{each}" for each in p]].to_numpy(float) for side in ("low", "high"))
    x = np.concatenate([left, right[:, ::-1]], axis=1)
    return np.stack([x, np.broadcast_to(np.append(y, y[::-1]), x.shape)], axis=-1)


def _quiet_look(k):
    """Return colour and width of the curves of trials without names: paler and thinner where there are many."""
    return style.SQUARE if k <= MANY / 3 else style.FAINT, TRIAL_PT if k <= MANY else MANY_PT


def _common_look():
    return {"colors": style.MODEL, "linewidths": 1.0, "linestyles": [COMMON]}


def _drapery_footer(about, note):
    """Return the paragraphs below the figure."""
    pooled, wording = about.pooled, about.wording
    parts = [f"thin: one {wording.noun}", "bold: pooled result"]
    if about.predicted:
        parts.append(f"area: prediction of a new {wording.noun}")
    if about.common is not None:
        parts.append("dashed: common effect, normal distribution")
    marked, (low, high) = _p_text(about.lines[0]), about.across.limits
    inside = any(low <= end <= high for end in pooled.ci)
    dots = f"; dots: the {about.level} confidence interval (p = {marked})" if inside else ""
    return paragraphs(
        (_drapery_finding(about),),
        (
            "A curve gives the two-sided p value of every possible effect; where it crosses the line of a p value, the "
            f"interval of the level on the right ends{dots}",
            "; ".join(parts),
            words.lines_words(wording),
        ),
        (
            words.model_sentence(pooled, wording),
            words.heterogeneity_sentence(pooled, wording),
            words.left_out_sentence(about.left_out, wording),
            words.narrow_words(pooled),
        ),
        (note,),
    )


def _drapery_finding(about):
    """Return the pooled result in words."""
    pooled, wording = about.pooled, about.wording
    expected, common = "", ""
    if np.isfinite(pooled.pi.low):
        expected = f"{about.level} prediction interval for a new {wording.noun}: {wording.span(*pooled.pi)}"
    if (row := about.common) is not None:
        common = f"Common effect: {row['text_estimate']} ({about.level} CI {row['text_interval']})"
    p = f", p {equals(pooled.pvalue)} for {about.null}" if about.null else ""
    return sentences(f"{pooled_sentence(about)}{p}", expected, common)


def _drapery_page(about, panel, scale, *, title, footer, width):
    """Return the figure: names above the panel, the axes around it, the key below."""
    shown, pitch = _labelled_p(about, scale), line_height(style.SMALL_PT)
    left = room_for([_p_text(each) for each in shown])
    right = max(text_width(level(1 - each), style.SMALL_PT) for each in shown) + 1.8
    inner = width - 2 * style.MARGIN - left - right
    names, x, places = _top_names(about, inner)
    written = names.index[[place is not None for place in places]]
    strip = LEADER_MM + line_height(style.NOTE_PT) if len(written) else 0.0
    room = {"left": left, "right": right, "height": max(TALL * width, LEAST_TALL_MM), "above": 1 + strip / pitch}
    room |= {"below": axis_height([panel], {"drapery": inner}), "entries": _drapery_key(about, written)}
    on = sheet(title, footer, width, scales=(about.across, _upright_scale(scale)), label="drapery", **room)
    _draw_drapery(on.plane, about, scale, written)
    _write_top_names(on.plane, names, x, places)
    y, edge = on.top - 1.6 - strip - pitch / 2, width - style.MARGIN
    write(on.page, style.MARGIN, y, Y_TITLES[0], style.CAPTION, gid="title-y")
    write(on.page, edge, y, Y_TITLES[1], style.CAPTION, align="right", gid="title-level")
    write_captions(on.page, panel, on.left, on.right, on.bottom + TICKS_MM)
    return on.figure


def _top_names(about, width):
    """Return the names of trials by their rows, the millimetres of their tops and their places above the panel."""
    low, high = about.across.limits
    named = about.table[about.table["labelled"] & about.table["estimate"].between(low, high)]
    away = (named["estimate"] - about.pooled.estimate).abs()
    named = named.loc[away.sort_values(ascending=False, kind="stable").index]
    x = ((named["estimate"] - low) / (high - low) * width).tolist()
    return named["name"], x, place_curve_names(named["name"].tolist(), x, width)


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


def _drapery_key(about, written):
    """Return the entries of the key; rows that are ``written`` above the panel have darker curves than others."""
    k, nouns, (low, high) = about.pooled.k, about.wording.nouns, about.across.limits
    quiet, wide = _quiet_look(k)
    entries = [line_entry("pooled result", colors=style.MODEL, linewidths=POOLED_PT)]
    if about.common is not None:
        entries.append(line_entry("common effect", **_common_look()))
    entries.append(line_entry(f"{nouns} ({number(k, 0)})", colors=quiet, linewidths=wide))
    if 0 < len(written) < k:
        entries.append(line_entry(f"{nouns} with names", colors=style.INK, linewidths=wide))
    if about.predicted:
        entries.append(area_entry(f"prediction, new {about.wording.noun}", style.BAND))
    if low < about.across.null < high:
        name = about.null if style.option("null") == "measure" else "null line"
        entries.append(line_entry(name, colors=style.INK, linewidths=style.RULE_PT))
    return entries


def _write_top_names(plane, names, x, places):
    """Write the names above the panel, with a line from each to the top of its curve."""
    segments, look = [], (style.NOTE_PT, "normal", style.INK)
    y = plane.height + LEADER_MM + 0.5 * line_height(style.NOTE_PT)
    for i, (name, at, left) in enumerate(zip(names, x, places, strict=True)):
        if left is not None:
            plane.write(left, y, Said(name), look, align="left", gid=f"name-{i}")
            foot = left + text_width(name, style.NOTE_PT) / 2
            segments.append(plane.values([(at, plane.height + 0.3), (foot, plane.height + LEADER_MM)]))
    look = {"colors": style.MUTED, "linewidths": style.HAIR_PT, "zorder": 0.9, "clip_on": False}
    plane.lines(segments, "drapery-leaders", **look)


def _drapery_alt_text(title, about):
    """Return what the figure shows to someone who cannot see it."""
    trials = about.table[about.table["kind"] == "trial"]
    spread = about.wording.span(trials["estimate"].min(), trials["estimate"].max())
    small = (trials["pvalue"] < 1 - about.pooled.confidence_level).sum()
    small = f"{number(small, 0)} of {number(len(trials), 0)}"
    return sentences(
        f"Drapery plot: {title}",
        f"p-value curves of {about.wording.counted(len(trials))}, estimates from {spread}",
        f"{small} have p below {_p_text(about.lines[0])} for {about.null}" if about.null else "",
        _drapery_finding(about).rstrip("."),
    )
