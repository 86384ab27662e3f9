"""The classic forest plot of one pooled result, with or without groups."""

import numpy as np

from analysis.plots import _style as style
from analysis.plots import _words as words
from analysis.plots._arms_forest import difference_column, with_reference_rows
from analysis.plots._axis import panel_limits
from analysis.plots._canvas import FigureContent, draw_page
from analysis.plots._cells import add_cells, add_text_column, digits_for, heterogeneity
from analysis.plots._layout import Column, Panel, Series
from analysis.plots._rows import Block, add_notes, block_of_arms, block_of_effect, build_rows, usable_order
from analysis.text import counted

RATIOS = {"RR": "Risk ratio", "OR": "Odds ratio", "HR": "Hazard ratio", "ROM": "Ratio of means"}
NAMES = {"MD": "Mean difference", "SMD": "Standardised mean difference", "RD": "Risk difference", **RATIOS}
SERIES = Series("contrast", ("difference",), style.INK, style.INK)


def forest(
    results,
    *,
    by=None,
    title=None,
    columns=("n",),
    order="year",
    width_mm=None,
    digits=None,
    favours=("favours treatment", "favours placebo"),
    measure=None,
    note="",
):
    """Draw a classic forest plot: squares, pooled diamonds, prediction interval and numbers.

    Parameters
    ----------
    results : PooledEffect, EffectSizes or PooledArms
        EffectSizes are pooled with the defaults of ``pool_arms``; of PooledArms the contrast is drawn.
    by : str, optional
        Column of EffectSizes that makes groups with subtotals.
    title : str, optional
    columns : sequence of str
        "n", or any column of the table of the trials; those that a result does not have are passed over.
    order : {"year", "estimate", "weight", "label", "given"}
        Results without years stay in the order given.
    width_mm : float, optional
        Width of the page; the columns of patients are given up where it is too small. Default: 174, wider
        where the names need it.
    digits : int, optional
        Decimals of the printed numbers.
    favours : (str, str) or None
        What the left and the right side of the null line mean.
    measure : str, optional
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log axis. Default: that of the result.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``arms_forest``.

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]), measure="MD")
    >>> fig.content.table["kind"].tolist()[:5]
    ['trial', 'trial', 'trial', 'total', 'prediction']
    """
    total, groups, unit, left_out = _blocks(results, by)
    pooled = total.results["contrast"]
    measure = measure or getattr(pooled, "measure", "") or "MD"
    ratio = measure in RATIOS
    show = np.exp if ratio else float
    order = usable_order(total.trials, order)
    table, key = add_notes(build_rows(total, groups, order))
    if digits is None:
        digits = 2 if ratio else digits_for(table["contrast_low"], table["contrast_high"])
    table = _with_text(table, digits, columns, ratio)
    panel = _panel(table, measure, unit, favours)
    title = title or f"{NAMES.get(measure, measure)} in {counted(len(total.trials))} and the pooled result"
    options = {"panel": panel, "unit": unit, "digits": digits, "order": order, "left_out": left_out, "note": note}
    footer = _footer(total, groups, key, **options)
    fig, table = draw_page(
        table,
        _tracks(columns, table, panel, measure),
        title=title,
        footer=footer,
        width_mm=width_mm,
        drop=("n",),
        usual_mm=174.0,
    )
    points = "" if ratio else unit.split(" on ")[0]
    alt = words.alt_text(title, table, ("contrast",), points, digits, show)
    results_in_words = words.sentences(*words.total_sentences(table, ("contrast",), points, digits, show))
    caption = " ".join([words.sentences(title), results_in_words, *footer])
    fig.content = FigureContent(with_reference_rows(table, panel, footer), title, caption, alt)
    return fig


def _blocks(results, by):
    """Return the block of all trials, those of the groups, the unit and the trials left out."""
    if hasattr(results, "tau2_method"):
        if by is not None:
            raise ValueError("by needs the trials: pass EffectSizes, or PooledArms made with by=")
        return block_of_effect("All trials", results), [], "", None
    if not hasattr(results, "contrast"):
        from analysis.arms import pool_arms

        results = pool_arms(results, by=by)
    elif by not in (None, results.by):
        raise ValueError(f"by is {by!r}, but these results were grouped by {results.by!r}")
    blocks = [_contrast_only(block_of_arms(name, group)) for name, group in results.groups.items()]
    effects = results.effects
    return _contrast_only(block_of_arms("All trials", results)), blocks, effects.unit, effects.left_out


def _contrast_only(block):
    arms = [c for c in block.trials.columns if c.startswith("change_")]
    return Block(block.name, block.trials.drop(columns=arms), {"contrast": block.results["contrast"]})


def _with_text(table, digits, columns, ratio):
    cells = add_cells(table, digits=digits, ratio=ratio)
    rows = cells.to_dict("records")
    cells["text_heterogeneity"] = [heterogeneity(r, digits) if r["kind"] == "subtotal" else "" for r in rows]
    for column in columns:
        if column in table and column != "n":
            cells = add_text_column(cells, column)
    return cells


def _tracks(columns, table, panel, measure):
    left = []
    for column in columns:
        if column == "n":
            left += [
                Column("n", head, (f"text_n_{arm}",), span="Patients")
                for arm, head in (("treatment", "treat."), ("placebo", "plac."))
                if f"n_{arm}" in table
            ]
        elif column in table:
            head = column.replace("_", " ").capitalize()
            left.append(Column(column, head, (f"text_{column}",), "left", muted=True))
    head = "Difference" if measure in ("MD", "SMD", "RD") else NAMES.get(measure, measure)
    return [
        Column("name", "Trial", ("text_name",), "left", tail="text_tail"),
        *left,
        panel,
        difference_column(table, head),
        Column("weight", "Weight", ("text_weight",)),
    ]


def _panel(table, measure, unit, favours):
    trials = table[table["kind"] == "trial"]
    limits = panel_limits(*(trials[f"contrast_{end}"] for end in ("estimate", "low", "high")))
    caption = ", ".join(part for part in (NAMES.get(measure, measure), unit) if part)
    ratio = measure in RATIOS
    return Panel(
        "contrast",
        (NAMES.get(measure, measure), measure),
        (SERIES,),
        limits,
        (f"{caption}, log scale" if ratio else caption,),
        favours=favours or (),
        ratio=ratio,
    )


def _footer(total, groups, key, *, panel, unit, digits, order, left_out, note):
    pooled = total.results["contrast"]
    marks = (
        "Squares: area proportional to the weight in the overall model, hollow where an SD was imputed; "
        "diamonds: pooled results; dotted line: overall result; arrowhead: interval leaves the panel"
    )
    points = "(log scale)" if panel.ratio else unit.split(" on ")[0]
    lines = [
        words.sentences(
            panel.captions[0],
            words.model_sentence(pooled),
            words.heterogeneity_sentence(pooled, points, digits),
            words.few_sentence(groups),
            words.narrow_sentence([*groups, total]),
        ),
        words.sentences(marks, words.order_sentence(order, bool(groups)), words.left_out_sentence(left_out)),
        words.key_sentence(key),
        words.sentences(note),
    ]
    return [line for line in lines if line]
