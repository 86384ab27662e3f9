"""The figure of placebo beside treatment: change within both arms, and the randomised contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Unpack

import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import PageWidth, RowOptions
from analysis.evidence.arms import PooledArms
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import (
    add_columns,
    columns_of,
    computed_sentence,
    contrast_panel,
    limits_of_rows,
    tracks_of,
    warn_of_own,
    with_digits,
    worthwhile_zone,
)
from analysis.plots._layout import Panel, Series, same_scale
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._risk_of_bias import judgement_columns
from analysis.plots._rows import (
    add_cells,
    add_notes,
    block_of_arms,
    build_rows,
    pooled_rows,
    usable_order,
)
from analysis.plots._theme import themed
from analysis.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

COLUMNS = ("condition", "n", "change", "difference", "weight")
SERIES = ("placebo", "treatment", "contrast")
DROP = ("change", "condition", "n", "weight", "difference")  # columns that a narrow page gives up, in this order
RIGHT = ("change", "difference", "p", "weight")
USUAL_MM = 250.0


@documented
@themed
def arms_forest(
    pooled: PooledArms,
    *,
    title: str | None = None,
    worthwhile: tuple[float, float] | Literal["usual"] | None = "usual",
    columns: Sequence[str] = COLUMNS,
    risk_of_bias: pd.DataFrame | None = None,
    order: Literal["year", "estimate", "weight", "label", "given"] | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    prediction: Literal["bar"] | None = "bar",
    overall: bool = True,
    trials: bool = True,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[RowOptions],
) -> ReportFigure:
    """Draw the placebo arm (or another comparator) beside the treatment arm of every trial, and the contrast.

    Parameters
    ----------
    pooled : PooledArms
        From :func:`analysis.pool_arms`; its groups become groups of rows with subtotals.
    {title, worthwhile}
    columns : sequence of str
        Of "condition", "n", "change", "difference", "p", "weight", or any column of ``pooled.effects.table``.
    risk_of_bias : pandas.DataFrame, optional
        From :func:`analysis.read_risk_of_bias`, the rows of one tool: a lettered circle for every judgement at the far
        right, and where a page is too narrow the last to go.
    order : {"year", "estimate", "weight", "label", "given"}, optional
        Order of the trials within their group. Default: by year, as given where no trial has one.
    width_mm : float, optional
        Width of the page: 174 for two journal columns. If the columns leave the panels less than 34 % of it, the type
        is smaller, names and conditions go onto two lines, and columns are given up, with a warning, in the order
        change, condition, n, weight, difference.
        Default: 250, without change where that has no room, and wider where the names need it.
    {digits, favours, prediction, overall}
    trials : bool
        Whether the trials are drawn. If not, the pooled results alone stand on a page as narrow as a telephone's (100
        mm); they set the axes, and a group of one trial keeps it.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw there as :func:`analysis.forest` does: both panels in a SubFigure, in Axes the contrast alone, with a
        warning.
    {note}
    {footer, dpi, xlim, ticks, xlabel, null, lines, compact}

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
    wording = words.wording_of(pooled)
    groups = [block_of_arms(name, group) for name, group in pooled.groups.items()]
    total = block_of_arms(f"all {wording.nouns}", pooled)
    order = usable_order(total.trials, order)
    table, key = add_notes(build_rows(total, groups, wording, order))
    wording = with_digits(wording, digits, table)
    rows = table if trials else pooled_rows(table)
    zone, labels, band = worthwhile_zone(worthwhile, wording)
    treatment, placebo = wording.arms
    caption = words.capital(_in_unit(", ".join(filter(None, (wording.outcome_name, wording.contrast))), wording))
    look = {"caption": caption, "zone": zone, "zone_labels": labels, "heads": ("Randomised contrast", "Contrast")}
    arms, contrast = _arms_panel(rows, wording), contrast_panel(rows, wording, favours, **look)
    warn_of_own(columns_of(pooled), {"columns": () if columns == COLUMNS else columns}, (*COLUMNS, "p"))
    cells = _with_arms_texts(rows, wording, columns)
    cells, judged = (cells, []) if risk_of_bias is None else judgement_columns(cells.frame(), risk_of_bias, wording)
    left = [name for name in ("condition", "n", *columns) if name in columns and name not in RIGHT]
    if not (cells["text_condition"] != "").any():
        left = [name for name in left if name != "condition"]
    right = [name for name in RIGHT if name in columns]
    spec = Spec(
        cells,
        [*tracks_of(cells, dict.fromkeys(left), dict.fromkeys(right), {}, [arms, contrast], wording), *judged],
        wording,
        title=title or f"{_changed(wording)} under {placebo} and under {treatment}, and the randomised contrast",
        said=words.total_sentences(table, SERIES, wording),
        computed=computed_sentence(_contrast_sentence(wording), groups, total, wording),
        marks=words.marks_of(groups) | {"contrast-zone": band},
        facts=(
            "both panels have the same scale" if same_scale((arms, contrast)) else "",
            words.arms_sentence(pooled, wording),
            words.order_sentence(order, bool(groups), wording) if trials else "",
            words.left_out_sentence(pooled.effects.left_out, wording),
            "" if trials else _not_drawn(table, rows, wording),
        ),
        notes=(words.key_sentence(key) if trials else "", words.sentences(note)),
        seen=words.seen_sentences(table, wording, *() if trials else ("; pooled results only",)),
        in_words=words.findings_of(pooled) if overall else "",
        drop=(*DROP, *(column.name for column in judged[:1])),
        usual_mm=USUAL_MM,
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _not_drawn(table, rows, wording):
    """Say how many trials are in the pooled results alone, and how many of them lack an SD of their own."""
    every, drawn = table.of_kind("trial"), rows.of_kind("trial")
    lent = sum("SD imputed" in flags for flags in every["flags"]) - sum(
        "SD imputed" in flags for flags in drawn["flags"]
    )
    borrowed = f", {number(lent, 0)} of them with a borrowed SD" if lent else ""
    return f"not drawn: {wording.counted(len(every) - len(drawn))}{borrowed}"


def _changed(wording):
    return f"Change in {wording.outcome_name}" if wording.outcome_name else "Change"


def _contrast_sentence(wording):
    """Return what is compared, and what its sign means where somebody said what is good."""
    sign = f"; {'negative' if wording.benefit == 'lower' else 'positive'}: {wording.better} with {wording.arms[0]}"
    return f"{words.capital(_in_unit(wording.called, wording))}{sign if wording.better else ''}"


def _in_unit(text, wording):
    return f"{text}, {wording.unit}" if wording.unit else text


def _with_arms_texts(table, wording, columns):
    """Return the table with its printed text; a subtotal has its heterogeneity behind its name."""
    cells = add_columns(add_cells(table, wording), {"columns": columns}, {}, wording, (*COLUMNS, "p"))
    own = zip(cells.get("condition_group", [None] * len(cells)), cells["kind"], strict=True)
    return cells.assign(
        text_condition=[name if kind == "trial" and isinstance(name, str) else "" for name, kind in own]
    )


def _arms_panel(rows, wording):
    """Return the panel of both arms, on lanes above and below the middle of a row."""
    orange, teal = (style.ORANGE, style.ORANGE_TEXT), (style.TEAL, style.TEAL)
    treated, control = ((f"{name} arm", name) for name in wording.arms)
    placebo = Series("placebo", control, *orange, marker="circle", filled=False, offset=-style.LANE_MM)
    treatment = Series("treatment", treated, *teal, marker="circle", offset=style.LANE_MM)
    return Panel(
        "arms",
        ("Change within each arm", "Within each arm", "Arms"),
        (placebo, treatment),
        limits_of_rows(rows, ("placebo", "treatment")),
        (
            _in_unit(f"{_changed(wording)} within each arm", wording),
            "descriptive: natural course and regression to the mean are in it",
        ),
        connect=True,
    )
