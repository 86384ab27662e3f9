"""The figure of placebo beside treatment: change within both arms, and the randomised contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from analysis import _check
from analysis._docs import documented
from analysis._types import PageWidth
from analysis.evidence.arms import PooledArms
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import (
    computed_sentence,
    contrast_panel,
    effect_column,
    effect_head,
    name_column,
    printed_of,
    short_names,
    totals_in_words,
    with_digits,
    with_reference_rows,
    worthwhile_zone,
)
from analysis.plots._layout import Column, Panel, Series, panel_limits, same_scale
from analysis.plots._page import FigureContent, ReportFigure, draw_page
from analysis.plots._rows import (
    add_cells,
    add_notes,
    add_text_column,
    block_of_arms,
    build_rows,
    heterogeneity,
    usable_order,
)
from analysis.plots._theme import themed
from analysis.sentences import Wording, findings

COLUMNS = ("condition", "n", "change", "difference", "weight")
SERIES = ("placebo", "treatment", "contrast")
DROP = ("change", "condition", "n", "weight")  # columns that a narrow page gives up, in this order
USUAL_MM = 250.0


@documented
@themed
def arms_forest(
    pooled: PooledArms,
    *,
    title: str | None = None,
    worthwhile: tuple[float, float] | Literal["usual"] | None = "usual",
    columns: Sequence[str] = COLUMNS,
    order: Literal["year", "estimate", "weight", "label", "given"] = "year",
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    note: str = "",
) -> ReportFigure:
    """Draw the placebo arm (or another comparator) beside the treatment arm of every trial, and the contrast.

    Parameters
    ----------
    pooled : PooledArms
        From :func:`analysis.pool_arms`; its groups become groups of rows with subtotals.
    {title, worthwhile}
    columns : sequence of str
        Of "condition", "n", "change", "difference", "weight", or any column of ``pooled.effects.table``.
    order : {"year", "estimate", "weight", "label", "given"}
        Order of the trials within their group.
    width_mm : float, optional
        Width of the page: 174 for two journal columns. If the columns leave the panels less than 34 % of
        it, they are given up in the order change, condition, n, weight. Default: 250, wider where the names
        need it.
    {digits, note}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text.

    Raises
    ------
    TypeError
        For anything but PooledArms.
    ValueError
        For trials without a baseline in both arms, an unknown column or order, or a width that is too small for the
        text.

    See Also
    --------
    analysis.pool_arms : Pool both arms and the contrast.
    analysis.forest : Draw the contrast alone, with more freedom for columns and models.
    analysis.labbe : Draw one arm against the other.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    A point is equally long in both panels (unless one panel would become too narrow), so that the bar
    between the two arms can be compared with the distance of the square from zero. Areas of squares are
    proportional to the weights down to a smallest size. The trials set the axes: what leaves a panel ends
    in an arrowhead.

    References
    ----------
    Lewis & Clarke 2001, BMJ 322:1479-1480, doi 10.1136/bmj.322.7300.1479 (the forest plot).

    Busse 2015, doi 10.3899/jrheum.141440 (the band of smallest worthwhile differences).

    Examples
    --------
    >>> import analysis
    >>> trials = analysis.read_trials("data/trials.csv")
    >>> arms = analysis.pool_arms(analysis.effect_sizes(trials), by="therapy_family")
    >>> fig = analysis.arms_forest(arms)
    >>> int((fig.content.table["kind"] == "total").sum())
    1
    """
    if not isinstance(pooled, PooledArms):
        raise TypeError(_check.refusal(pooled, "arms_forest", "give a PooledArms, such as pool_arms(effects)"))
    if pooled.placebo is None:
        raise ValueError("no trial reports a baseline in both arms: there are no arms to draw; use forest")
    wording = Wording.of(pooled)
    groups = [block_of_arms(name, group) for name, group in pooled.groups.items()]
    total = block_of_arms(f"all {wording.nouns}", pooled)
    order = usable_order(total.trials, order)
    conditions = "condition_group" in total.trials and total.trials["condition_group"].notna().any()
    if not (conditions or groups):
        columns = [name for name in columns if name != "condition"]
    table, key = add_notes(build_rows(total, groups, wording, order))
    wording = with_digits(wording, digits, table)
    table = _with_arms_texts(table, wording, columns)
    zone, labels, band = worthwhile_zone(worthwhile, wording)
    title = title or _title(wording)
    arms, contrast = _arms_panel(table, wording), _contrast_panel(table, wording, zone, labels)
    lines = (
        computed_sentence(_contrast_sentence(wording), groups, total, wording),
        _arms_marks_sentence(pooled, arms, contrast, band, order, wording),
        words.key_sentence(key),
        words.sentences(note),
    )
    footer = [line for line in lines if line]
    tracks = _arms_tracks(columns, table, arms, contrast, wording)
    fig, table = draw_page(table, tracks, title=title, footer=footer, width_mm=width_mm, drop=DROP, usual_mm=USUAL_MM)
    said, alt = totals_in_words(title, table, wording, SERIES)
    caption = " ".join([words.sentences(title), said, *footer])
    rows = with_reference_rows(table, zone, footer)
    fig.content = FigureContent(rows, title, caption, alt, findings(pooled), printed_of(wording))
    return fig


def _changed(wording):
    return f"Change in {wording.outcome_name}" if wording.outcome_name else "Change"


def _title(wording):
    treatment, placebo = wording.arms
    return f"{_changed(wording)} under {placebo} and under {treatment}, and the randomised contrast"


def _contrast_sentence(wording):
    """Return what is compared, and what its sign means where somebody said what is good."""
    sign = f"; {'negative' if wording.benefit == 'lower' else 'positive'}: {wording.better} with {wording.arms[0]}"
    return f"{words.capital(_in_unit(wording.called, wording))}{sign if wording.better else ''}"


def _in_unit(text, wording):
    return f"{text}, {wording.unit}" if wording.unit else text


def _with_arms_texts(table, wording, columns):
    """Return the table with its printed text: under "Condition" a subtotal has its heterogeneity."""

    def condition(row):
        if row["kind"] == "subtotal":
            return heterogeneity(row, wording)
        stated = row.get("condition_group")
        return stated if row["kind"] == "trial" and isinstance(stated, str) else ""

    cells = add_cells(table, wording)
    deciding = cells.filter(["kind", "condition_group", "contrast_tau", "contrast_i2"])
    cells["text_condition"] = [condition(row) for row in deciding.to_dict("records")]
    for column in columns:
        if column in COLUMNS:
            continue
        if column not in table:
            raise ValueError(
                f"columns names {column!r}, which is neither one of {', '.join(COLUMNS)} nor a column of the trials"
            )
        cells = add_text_column(cells, column)
    return cells


def _arms_panel(table, wording):
    """Return the panel of both arms, on lanes 0.9 mm above and below the middle of a row."""
    trials = table[table["kind"] == "trial"]
    ends = [
        np.concatenate([trials[f"{arm}_{end}"].to_numpy(float) for arm in ("placebo", "treatment")])
        for end in ("estimate", "low", "high")
    ]
    orange, teal = (style.ORANGE, style.ORANGE_TEXT), (style.TEAL, style.TEAL)
    treated, control = ((f"{name} arm", name) for name in wording.arms)
    placebo = Series("placebo", control, *orange, marker="circle", filled=False, offset=-0.9)
    treatment = Series("treatment", treated, *teal, marker="circle", offset=0.9)
    return Panel(
        "arms",
        ("Change within each arm", "Within each arm", "Arms"),
        (placebo, treatment),
        panel_limits(*ends),
        (
            _in_unit(f"{_changed(wording)} within each arm", wording),
            "descriptive: natural course and regression to the mean are in it",
        ),
        connect=True,
    )


def _contrast_panel(table, wording, zone, labels):
    """Return the panel of the randomised contrast."""
    trials, caption = table[table["kind"] == "trial"], _in_unit(words.capital(wording.contrast), wording)
    panel = contrast_panel(trials, wording, "effects", caption=caption, zone=zone, zone_labels=labels)
    return replace(panel, heads=("Randomised contrast", "Contrast"))


def _arms_marks_sentence(pooled, arms, contrast, band, order, wording):
    """Return the paragraph that says what the marks are, how the trials stand, and which are not there."""
    treatment, placebo = wording.arms
    marks = (
        f"open circles: {placebo} arms, filled circles: {treatment} arms, grey bar: from one to the other; squares: "
        "area proportional to the weight in the overall model, hollow where an SD was imputed; dashed interval: SD of "
        f"the change imputed; diamonds: pooled results, open for {placebo} arms; dotted line: overall difference; "
        "arrowhead: interval leaves the panel"
    )
    return words.sentences(
        marks,
        band,
        "both panels have the same scale" if same_scale((arms, contrast)) else "",
        words.arms_sentence(pooled, wording),
        words.order_sentence(order, bool(pooled.groups), wording),
        words.left_out_sentence(pooled.effects.left_out, wording),
    )


def _arms_tracks(columns, table, arms, contrast, wording):
    """Return names, text columns, the two panels, and the columns of results, from left to right.

    ``columns`` says which columns there are, not where they stand: those of your own stand before the panels.
    """
    treated, control = short_names(wording.arms)
    # Without conditions of the trials there is nothing in it but the heterogeneity of the groups.
    condition = "Condition" if (table.loc[table["kind"] == "trial", "text_condition"] != "").any() else "Heterogeneity"
    left = {
        "condition": [Column("condition", condition, ("text_condition",), "left", muted=True)],
        "n": [
            Column("n", treated, ("text_n_treatment",), span="Patients"),
            Column("n", control, ("text_n_placebo",), span="Patients"),
        ],
    }
    right = {
        "change": [
            Column("change", control, ("text_placebo",), span="Change"),
            Column("change", treated, ("text_treatment",), span="Change"),
        ],
        "difference": [effect_column(table, effect_head(wording))],
        "weight": [Column("weight", "Weight", ("text_weight",))],
    }
    others = [
        Column(c, words.capital(c.replace("_", " ")), (f"text_{c}",), "left", muted=True)
        for c in columns
        if c not in COLUMNS
    ]
    before, after = ([column for c in side if c in columns for column in side[c]] for side in (left, right))
    return [name_column(wording), *before, *others, arms, contrast, *after]
