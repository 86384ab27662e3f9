"""Many trials at once: every trial a circle among its neighbours, the pooled results below them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from analysis._docs import documented
from analysis._types import PageWidth
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import (
    USUAL_MM,
    computed_sentence,
    contrast_panel,
    effect_column,
    effect_head,
    totals_in_words,
    with_digits,
    with_reference_rows,
    worthwhile_zone,
)
from analysis.plots._layout import Column, fit_tracks, limits_of_points
from analysis.plots._marks import LEFT_TIP, RIGHT_TIP, horizontal, lines, markers, scatter
from analysis.plots._page import FigureContent, ReportFigure, draw_page
from analysis.plots._plane import height_of, swarm
from analysis.plots._rows import add_cells, build_rows, source_of
from analysis.plots._theme import themed
from analysis.text import NUMBERS

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.results import PooledEffect
    from analysis.models.subgroups import PooledSubgroups

TALLEST_MM = 22.0  # half the height of the tallest band of circles; more trials make smaller circles
PAD_MM = 1.1  # above and below a band
LEAST_MM = 4.6
DROP = ("prediction",)  # where the page is too narrow; the table has them


@documented
@themed
def orchard(
    results: PooledEffect | PooledSubgroups | EffectSizes | PooledArms,
    *,
    by: str | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    worthwhile: tuple[float, float] | float | None = None,
    measure: str | None = None,
    digits: int | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    note: str = "",
) -> ReportFigure:
    """Draw many trials as circles along one axis, by groups, with pooled means, confidence and prediction intervals.

    Parameters
    ----------
    results : PooledEffect, PooledSubgroups, EffectSizes or PooledArms
        EffectSizes are pooled with the defaults of :func:`analysis.pool_arms`; of PooledArms the contrast is drawn.
        Groups get bands of their own.
    by : str, optional
        Column of EffectSizes that makes groups, each with a band of its own.
    {favours}
    worthwhile : (float, float) or float, optional
        Least and most that is taken as the smallest worthwhile effect, drawn as a band, or one value, drawn as a dashed
        line. Of differences it is the size, on the side that is good (`benefit`), or as it stands where nobody said
        what is good; else a value as people read it, such as 0.8 of ratios.
    {measure, digits, title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174.
    {note}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``forest``; its rows of kind "point" are the circles with their place on the page.

    Raises
    ------
    TypeError
        For results that are none.
    ValueError
        For an unknown column, or a page that is too narrow.

    See Also
    --------
    analysis.forest : Draw one row for each trial.
    analysis.pool_subgroups : Pool the groups and test between them.
    analysis.bubble : Draw trials along a moderator.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Circles have places in stead of random jitter: a circle stands as near to the middle of its band as its neighbours
    allow, so that a band is high where trials are many. Areas are proportional to the weights in the overall model,
    down to a smallest one. A forest of single rows serves up to about forty trials; this figure serves hundreds.

    References
    ----------
    Nakagawa et al. 2021, doi 10.1002/jrsm.1424 (the orchard plot).

    Examples
    --------
    >>> import analysis
    >>> effects = analysis.effect_sizes(analysis.read_trials("data/trials.csv"))
    >>> fig = analysis.orchard(effects, by="therapy_family")
    >>> int((fig.content.table["kind"] == "point").sum())
    44
    """
    source = source_of(results, by, to="orchard", measure=measure)
    rows = build_rows(source.total, source.groups, source.wording, "given")
    trials = rows[rows["kind"] == "trial"].reset_index(drop=True)
    wording = with_digits(source.wording, digits, trials)
    zone, labels, band = worthwhile_zone(worthwhile, wording)
    panel = contrast_panel(trials, wording, favours, zone=zone, zone_labels=labels)
    table = _band_lines(rows, source, wording)
    panel = replace(panel, limits=_circle_limits(trials, table, zone, panel.null))
    studies = words.capital(wording.nouns)
    tracks = [
        Column("name", studies, ("text_name",), "left", tail="text_tail"),
        panel,
        effect_column(table, effect_head(wording)),
        Column("prediction", f"{words.level_of(table)} prediction", ("text_pi_low", "text_pi_high"), muted=True),
    ]
    width = fit_tracks(tracks, table, width=width_mm, usual=USUAL_MM, drop=DROP)[2][panel.name]
    points, table = _with_circles(trials, table, panel.limits, width)
    lines = (
        computed_sentence(panel.captions[0], source.groups, source.total, wording, source.between),
        words.sentences(_circles_sentence(trials, wording), band, words.left_out_sentence(source.left_out, wording)),
        words.sentences(note),
    )
    footer = [line for line in lines if line]
    title = title or f"{wording.measure.title} in {words.rows_counted(trials, wording)} and the pooled result"
    fig, table = draw_page(table, tracks, title=title, footer=footer, width_mm=width_mm, drop=DROP, usual_mm=USUAL_MM)
    middle = table[table["kind"] == "heading"].set_index("group")["y_mm"]
    points = points.assign(y_mm=points["group"].map(middle) + points["offset_mm"])
    _draw_points(fig.axes[1], points)
    _draw_predictions(fig.axes[1], panel, table)
    rows = pd.concat([table, points], ignore_index=True)
    said, alt = _orchard_in_words(title, rows, source, wording)
    caption = " ".join([words.sentences(title), said, *footer])
    printed = {
        studies: ("text_name", "text_tail"),
        effect_head(wording): ("text_estimate", "text_low", "text_high"),
        "Prediction": ("text_pi_low", "text_pi_high"),
    }
    rows = with_reference_rows(rows, zone, footer, null=panel.null)
    fig.content = FigureContent(rows, title, caption, alt, printed=printed)
    return fig


def _band_lines(rows, source, wording):
    """Return the lines of the figure: a band for each group (or one for all), each followed by its pooled result."""
    if not source.groups:
        name = words.capital(wording.nouns)
        band = {"kind": "heading", "group": "", "name": name, "notes": "", "contrast_k": source.pooled.k}
        rows = pd.concat([pd.DataFrame([band]), rows], ignore_index=True)
    table = rows[rows["kind"].isin(["heading", "subtotal", "total"])].reset_index(drop=True)
    none = (np.nan, np.nan)
    ends = {("subtotal", block.name): block.results["contrast"].pi for block in source.groups}
    ends["total", ""] = source.pooled.pi
    limits = [ends.get(line, none) for line in zip(table["kind"], table["group"], strict=True)]
    table["prediction_low"], table["prediction_high"] = np.array(limits, float).T
    cells = add_cells(table, wording)
    for end, tail in (("low", NUMBERS.get().between.rstrip()), ("high", "")):
        values = cells[f"prediction_{end}"]
        cells[f"text_pi_{end}"] = [f"{wording.write(v)}{tail}" if v == v else "" for v in values]
    return cells


def _circle_limits(trials, table, zone, null):
    """Return the limits of the panel: the circles set them, and prediction intervals as far as there is room."""
    pooled = table[table["contrast_estimate"].notna()]
    kinds = ("contrast", "prediction")
    intervals = [(row[f"{of}_low"], row[f"{of}_high"]) for row in pooled.to_dict("records") for of in kinds]
    return limits_of_points(trials["contrast_estimate"], intervals, null=null, zone=zone)


def _with_circles(trials, table, limits, width):
    """Return the circles with their distance from the middle of their band, and the table with its heights."""
    pitch = width / (limits[1] - limits[0])
    weight = trials["weight"].to_numpy(float)
    x = trials["contrast_estimate"].to_numpy(float) * pitch
    grouped = trials["group"].to_numpy()
    side, offsets, tallest = style.SQUARE_MAX_PT, np.zeros(len(trials)), np.inf
    while tallest > TALLEST_MM:
        area = np.maximum(side**2 * weight / weight.max(), style.SQUARE_MIN_PT**2 / 2)
        radius = np.sqrt(area / np.pi) / style.PT_PER_MM
        for group in dict.fromkeys(grouped):
            own = grouped == group
            offsets[own] = swarm(x[own], radius[own])
        tallest = height_of(offsets, radius)
        # The least area holds from here on: a band of many trials is as high as it must be.
        if side < style.SQUARE_MIN_PT:
            break
        # A crowded band is as high as its circles have area, so the side shrinks by the root; where that is too
        # little, 5 % less each time brings it to an end.
        side *= min(0.95, (TALLEST_MM / tallest) ** 0.5)
    tall = {}
    for group in dict.fromkeys(grouped):
        own = grouped == group
        tall[group] = max(2 * (height_of(offsets[own], radius[own]) + PAD_MM), LEAST_MM)
    heights = [
        tall[group] if kind == "heading" else np.nan for kind, group in zip(table["kind"], table["group"], strict=True)
    ]
    return trials.assign(kind="point", offset_mm=offsets, area_pt2=area), table.assign(height_mm=heights)


def _draw_points(ax, points):
    """Draw the circles, hollow where an SD was imputed."""
    xy = points[["contrast_estimate", "y_mm"]].to_numpy(float)
    hollow = points["contrast_imputed"].to_numpy(bool)
    look = {"colours": [style.TRIAL] * len(points), "hollow": hollow, "gid": "points"}
    markers(ax, xy, ["circle"] * len(points), points["area_pt2"], **look)


def _draw_predictions(ax, panel, table):
    """Draw the prediction intervals as thin bars behind the diamonds, with arrowheads where they leave the panel."""
    rows = table[table["prediction_low"].notna()]
    if not len(rows):
        return
    low, high = rows["prediction_low"].to_numpy(float), rows["prediction_high"].to_numpy(float)
    floor, ceiling = panel.limits
    ends = horizontal(np.maximum(low, floor), np.minimum(high, ceiling), rows["y_mm"])
    lines(ax, ends, "predictions", colors=style.MUTED, linewidths=style.INTERVAL_PT, zorder=2)
    size = (2 * style.ARROW_MM * style.PT_PER_MM) ** 2
    for side, gone, x, tip in (("left", low < floor, floor, LEFT_TIP), ("right", high > ceiling, ceiling, RIGHT_TIP)):
        if gone.any():
            look = {"s": size, "marker": tip, "c": style.MUTED, "linewidth": 0, "zorder": 5, "clip_on": False}
            scatter(ax, np.full(gone.sum(), x), rows["y_mm"][gone], f"predictions-arrows-{side}", **look)


def _circles_sentence(trials, wording):
    hollow = ", hollow where an SD was imputed" if trials["contrast_imputed"].any() else ""
    return (
        f"circles: {wording.nouns}, area proportional to the weight in the overall model{hollow}, moved up or down "
        "only to keep them apart; diamonds: pooled results; thin lines: prediction intervals; dotted line: overall "
        "result; arrowhead: interval leaves the panel"
    )


def _orchard_in_words(title, rows, source, wording):
    """Return the overall results in words, and the alternative text: those of the forest of the same trials."""
    low, high = source.pooled.pi
    prediction = {"kind": "prediction", "contrast_low": low, "contrast_high": high}
    spoken = pd.concat([rows.assign(kind=rows["kind"].replace("point", "trial")), pd.DataFrame([prediction])])
    if not source.groups:
        spoken = spoken[spoken["kind"] != "heading"]
    said, alt = totals_in_words(title, spoken, wording)
    return said, alt.replace("Forest plot", "Orchard plot", 1).replace(", one per row", "", 1)
