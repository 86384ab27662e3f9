"""Many trials at once: every trial a circle among its neighbours, the pooled results below them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis._docs import documented
from analysis._types import FigureOptions, PageWidth
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import (
    computed_sentence,
    contrast_panel,
    effect_column,
    with_digits,
    worthwhile_zone,
)
from analysis.plots._layout import Column, asked, limits_of_points
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._plane import height_of, least_height, swarm
from analysis.plots._rows import add_cells, build_rows, source_of
from analysis.plots._theme import themed
from analysis.text import NUMBERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

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
    prediction: Literal["bar"] | None = "bar",
    overall: bool = True,
    width_mm: PageWidth | None = None,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[FigureOptions],
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
    {measure, digits, title, prediction, overall}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the panel there, as :func:`analysis.forest` does.
    {note}
    {footer, dpi, xlim, ticks, xlabel, null, lines}

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
    or in the group where no overall result is drawn, down to a smallest one. A forest of single rows serves up to about
    forty trials; this figure serves hundreds.

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
    rows = build_rows(source.total, source.groups, source.wording, "given").frame()
    trials = rows[rows["kind"] == "trial"].reset_index(drop=True)
    wording = with_digits(source.wording, digits, trials)
    zone, labels, band = worthwhile_zone(worthwhile, wording)
    panel = contrast_panel(rows, wording, favours, zone=zone, zone_labels=labels)
    table = _band_lines(rows, source, wording)
    panel = asked(replace(panel, limits=_circle_limits(trials, table, zone, panel.null)))
    head = f"{words.level_of(table)} prediction"
    spec = Spec(
        table,
        [
            Column("name", words.capital(wording.nouns), ("text_name",), "left", tail="text_tail"),
            panel,
            effect_column(table, None, wording),
            *([] if prediction is None else [Column("prediction", head, ("text_pi_low", "text_pi_high"), muted=True)]),
        ],
        wording,
        title=title or words.forest_title(trials, source.pooled, wording),
        said=words.total_sentences(rows, ("contrast",), wording),
        computed=computed_sentence(panel.captions[0], source.groups, source.total, wording, source.between),
        marks=words.marks_of(source.groups) | {"contrast-zone": band},
        facts=(words.left_out_sentence(source.left_out, wording),),
        notes=(words.sentences(note),),
        seen=words.seen_sentences(rows, wording, ""),
        kind="Orchard plot",
        drop=DROP,
        settle=lambda width, most=TALLEST_MM: _with_circles(trials, table, panel.limits, width, most),
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _band_lines(rows, source, wording):
    """Return the lines of the figure: a band for each group (or one for all), each followed by its pooled result."""
    if not source.groups:
        name = str(style.say(words.capital(wording.nouns)))
        band = {"kind": "heading", "group": "", "name": name, "notes": "", "contrast_k": source.pooled.k}
        rows = pd.concat([pd.DataFrame([band]), rows], ignore_index=True)
    table = rows[rows["kind"].isin(["heading", "subtotal", "total"])].reset_index(drop=True)
    none = (np.nan, np.nan)
    ends = {("subtotal", block.name): block.results["contrast"].pi for block in source.groups}
    ends = ends | {("total", ""): source.pooled.pi} if style.option("prediction") else {}
    limits = [ends.get(line, none) for line in zip(table["kind"], table["group"], strict=True)]
    table["prediction_low"], table["prediction_high"] = np.array(limits, float).T
    cells = add_cells(table, wording).frame()
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


def _with_circles(trials, table, limits, width, most):
    """Return the table with heights that hold its circles, and these with their distance from the middle of a band.

    Half the tallest band is at most ``most`` millimetres, as long as the circles are not the smallest ones.
    """
    pitch = width / (limits[1] - limits[0])
    weight = trials["weight"].to_numpy(float)
    x = trials["contrast_estimate"].to_numpy(float) * pitch
    grouped = trials["group"].to_numpy()
    side, offsets, tallest = style.SQUARE_MAX_PT, np.zeros(len(trials)), np.inf
    while tallest > most:
        area = np.maximum(side**2 * weight / weight.max(), style.SQUARE_MIN_PT**2 / 2)
        radius = np.sqrt(area / np.pi) / style.PT_PER_MM
        groups = [grouped == group for group in dict.fromkeys(grouped)]
        tallest = max(least_height(x[own], radius[own]) for own in groups)
        # Circles that cannot but be too high need not be placed to be known for it.
        if tallest <= most or side < style.SQUARE_MIN_PT:
            for own in groups:
                offsets[own] = swarm(x[own], radius[own])
            tallest = height_of(offsets, radius)
        # The least area holds from here on: a band of many trials is as high as it must be.
        if side < style.SQUARE_MIN_PT:
            break
        # A crowded band is as high as its circles have area, so the side shrinks by the root; where that is too
        # little, 5 % less each time brings it to an end.
        side *= min(0.95, (most / tallest) ** 0.5)
    tall = {}
    for group, own in zip(dict.fromkeys(grouped), groups, strict=True):
        tall[group] = max(2 * (height_of(offsets[own], radius[own]) + PAD_MM), LEAST_MM)
    heights = [
        tall[group] if kind == "heading" else np.nan for kind, group in zip(table["kind"], table["group"], strict=True)
    ]
    points = trials.assign(kind="point", offset_mm=offsets, area_pt2=area)
    return pd.concat([table.assign(height_mm=heights), points], ignore_index=True)
