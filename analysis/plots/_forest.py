"""The classic forest plot of one pooled result, with or without groups, columns and further models."""

import numpy as np
import pandas as pd

from analysis.plots import _forest_words as forest_words
from analysis.plots import _words as words
from analysis.plots._arms_forest import contrast_series, with_reference_rows
from analysis.plots._axis import panel_limits
from analysis.plots._canvas import FigureContent, draw_page
from analysis.plots._cells import add_cells, decimals, digits_for, heterogeneity
from analysis.plots._forest_axes import into_axes
from analysis.plots._forest_blocks import NAMES, RATIOS, source_of
from analysis.plots._forest_columns import add_columns, as_headings, draw_symbols, dropped, symbol_key, tracks_of
from analysis.plots._forest_models import model_rows, models_sentence, named_models
from analysis.plots._layout import Panel, body_of
from analysis.plots._prediction import draw_density
from analysis.plots._rows import add_notes, build_rows, usable_order
from analysis.plots._themes import themed
from analysis.predictive import predictive_density
from analysis.text import counted, number

PREDICTIONS = ("bar", "diamond", "density")
DENSITY_MM = 9.4  # height of the row with the curve


@themed
def forest(
    results,
    *,
    by=None,
    models=(),
    data=None,
    columns=("n",),
    right=("effect", "weight"),
    symbols=None,
    order="year",
    prediction="bar",
    worthwhile=None,
    favours=("favours treatment", "favours placebo"),
    measure=None,
    digits=None,
    title=None,
    width_mm=None,
    ax=None,
    note="",
):
    """Draw a classic forest plot: squares, pooled diamonds, prediction interval and numbers.

    Parameters
    ----------
    results : PooledEffect, PooledSubgroups, EffectSizes or PooledArms
        EffectSizes are pooled with the defaults of ``pool_arms``; of PooledArms the contrast is drawn. Groups get
        headings, subtotals and the test between them.
    by : str, optional
        Column of EffectSizes that makes groups with subtotals.
    models : sequence or mapping of str to PooledEffect, PosteriorEffect or PooledCounts
        Further models of the same trials, one row each below the overall result. The result that is drawn anyway may
        be among them and lends its name to the overall row.
    data : DataFrame or EffectSizes, optional
        Columns for a PooledEffect or PooledSubgroups, one row for each trial in the order of the result.
    columns, right : sequence of str, or mapping of str to heading
        Text columns left and right of the panel: "n" (patients of both arms), "arms" (mean, SD and n of both arms),
        "effect" (estimate and interval), "weight", or any column of the trials, numbers aligned on the decimal point.
    symbols : mapping of str to mapping, optional
        Columns drawn as lettered circles, as risk of bias or certainty: column -> {value: letter}. The letters "+",
        "?" and "-" have the tones good, some and bad; ``(letter, tone or colour)`` sets another. A column that is
        named neither in ``columns`` nor in ``right`` stands at the far right.
    order : str
        "year", "estimate", "weight" (heaviest first), "label", "given", or any column of the trials; "-week" is
        descending. Results without years stay in the order given.
    prediction : {"bar", "diamond", "density"}
        How the prediction interval is drawn; "density" draws the predictive distribution it is cut from.
    worthwhile : (float, float) or float, optional
        Least and most that is taken as the smallest worthwhile difference, drawn as a band, or one value, drawn as a
        dashed line: in points less pain for differences, in ratios (such as 0.8) for ratios.
    favours : (str, str) or None
        What the left and the right side of the null line mean.
    measure : str, optional
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log axis. Default: that of the result.
    digits : int, optional
        Decimals of the printed numbers.
    title : str, optional
    width_mm : float, optional
        Width of the page; where it is too small, columns are given up: those of your own, the last one first, then
        "arms", "n" and "weight". Default: 174, wider where the columns need it.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the panel there: marks, axis, and the names as tick labels. Left out are title, text columns, circles,
        footer and the label of the band; the rows share the height of the Axes, 4.5 mm a row suits the type.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``arms_forest``; that of ``ax`` where it is given.

    Raises
    ------
    TypeError
        For results, or models, that are none.
    ValueError
        For an unknown column, order or prediction, symbols without a letter for every value, or a page that is too
        narrow.

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]), measure="MD")
    >>> fig.content.table["kind"].tolist()[:5]
    ['trial', 'trial', 'trial', 'total', 'prediction']
    """
    if prediction not in PREDICTIONS:
        raise ValueError(f"prediction is {prediction!r}; it must be one of {', '.join(PREDICTIONS)}")
    source = source_of(results, by, data)
    models, own = named_models(models, source.pooled)
    order = usable_order(source.total.trials, order)
    measure = measure or getattr(source.pooled, "measure", "") or "MD"
    table, key = add_notes(_rows(source, models, own, order, prediction))
    if digits is None:
        digits = 2 if measure in RATIOS else digits_for(table["contrast_low"], table["contrast_high"])
    left, right, symbols = as_headings(columns), as_headings(right), dict(symbols or {})
    panel, zone = _panel(table, measure, source.unit, favours, worthwhile)
    cells = _with_text(table, digits, measure in RATIOS)
    curve = _curve(source.pooled, prediction)
    if ax is not None:
        return into_axes(ax, cells, panel, curve)
    cells = add_columns(cells, [*left, *right], symbols, digits)
    footer = _footer(source, panel, digits, order, prediction, models) + [symbol_key(symbols, {**left, **right})]
    footer[1] = words.sentences(footer[1], zone)
    footer = [line for line in [*footer, words.key_sentence(key), words.sentences(note)] if line]
    title = title or f"{NAMES.get(measure, measure)} in {counted(len(source.total.trials))} and the pooled result"
    tracks, drop = tracks_of(cells, left, right, symbols, panel), dropped(left, right, symbols)
    fig, cells = draw_page(cells, tracks, title=title, footer=footer, width_mm=width_mm, drop=drop, usual_mm=174.0)
    draw_symbols(fig, cells, symbols)
    if len(curve):
        draw_density(fig.axes[1], panel, body_of(cells), curve)
    fig.content = _content(cells, panel, curve, title, footer, digits=digits, unit=source.unit)
    return fig


def _blocks(results, by):
    """Return the block of all trials, those of the groups, the unit and the trials left out."""
    source = source_of(results, by)
    return source.total, source.groups, source.unit, source.left_out


def _rows(source, models, own, order, prediction):
    """Return the lines of the figure, further models below the prediction interval."""
    table = build_rows(source.total, source.groups, order)
    if own:
        table.loc[table["kind"] == "total", "name"] = own
    if prediction != "bar":
        at = table["kind"] == "prediction"
        table["prediction_style"] = pd.Series(np.where(at, prediction, None), dtype=object)
        tall = prediction == "density" and np.isfinite(source.pooled.pi.low)
        table["height_mm"] = np.where(at & tall, DENSITY_MM, np.nan)
    if models:
        table = pd.concat([table, model_rows(models, source.pooled)], ignore_index=True)
    return table


def _curve(pooled, prediction):
    """Return the rows of the predictive density, empty where none is drawn."""
    if prediction != "density":
        return pd.DataFrame()
    curve = predictive_density(pooled)
    return curve.rename(columns={"x": "contrast_estimate"}).assign(kind="density", name="predictive density")


def _with_text(table, digits, ratio):
    cells = add_cells(table, digits=digits, ratio=ratio)
    rows = cells.to_dict("records")
    spread = [heterogeneity(r, digits) if r["kind"] == "subtotal" else "" for r in rows]
    return cells.assign(text_heterogeneity=spread)


def _panel(table, measure, unit, favours, worthwhile):
    """Return the panel and the sentence about the band."""
    trials, ratio = table[table["kind"] == "trial"], measure in RATIOS
    zone = () if worthwhile is None else tuple(np.sort(np.atleast_1d(np.asarray(worthwhile, float)))[[0, -1]])
    if ratio and zone and zone[0] <= 0:
        raise ValueError(f"worthwhile is {worthwhile!r}; for ratios it must be above 0, such as 0.8")
    zone = tuple(map(float, np.log(zone))) if ratio else tuple(-x for x in reversed(zone))
    points = "" if ratio else unit.split(" on ")[0]
    show = np.exp if ratio else float
    said, labels = forest_words.zone_words(zone, points, show, lambda x: number(x, decimals(x)))
    ends = (trials[f"contrast_{end}"] for end in ("estimate", "low", "high"))
    caption = ", ".join(part for part in (NAMES.get(measure, measure), unit) if part)
    panel = Panel(
        "contrast",
        (NAMES.get(measure, measure), measure),
        (contrast_series(),),
        panel_limits(*ends, zone=zone or None),
        (f"{caption}, log scale" if ratio else caption,),
        favours=favours or (),
        zone=zone,
        zone_labels=labels,
        ratio=ratio,
    )
    return panel, said


def _footer(source, panel, digits, order, prediction, models):
    """Return the paragraphs that say what was computed and what the marks are."""
    points = "(log scale)" if panel.ratio else source.unit.split(" on ")[0]
    computed = words.sentences(
        panel.captions[0],
        words.model_sentence(source.pooled),
        words.heterogeneity_sentence(source.pooled, points, digits),
        forest_words.between_sentence(source.between),
        words.few_sentence(source.groups),
        words.narrow_sentence([*source.groups, source.total]),
    )
    status = source.total.trials.get("status")
    imputed = status is not None and (status == "imputed").any()
    marks = words.sentences(
        forest_words.marks_sentence(prediction, models, bool(imputed)),
        forest_words.order_sentence(order, bool(source.groups)),
        words.left_out_sentence(source.left_out),
    )
    return [computed, marks, models_sentence(models)]


def _content(cells, panel, curve, title, footer, *, digits, unit):
    show, points = (np.exp, "") if panel.ratio else (float, unit.split(" on ")[0])
    alt = words.alt_text(title, cells, ("contrast",), points, digits, show)
    said = words.sentences(*words.total_sentences(cells, ("contrast",), points, digits, show))
    caption = " ".join([words.sentences(title), said, *footer])
    table = with_reference_rows(cells, panel, footer)
    return FigureContent(pd.concat([table, curve], ignore_index=True) if len(curve) else table, title, caption, alt)
