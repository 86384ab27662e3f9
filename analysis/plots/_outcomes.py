"""Several outcomes, or time points, of the same trials: intervals under one another in shape and colour."""

import numpy as np
import pandas as pd

from analysis.plots import _style as style
from analysis.plots import _words as words
from analysis.plots._arms_forest import with_reference_rows
from analysis.plots._axis import panel_limits
from analysis.plots._canvas import FigureContent, draw_page
from analysis.plots._cells import add_cells, digits_for
from analysis.plots._forest_axes import into_axes
from analysis.plots._forest_blocks import NAMES, RATIOS, source_of
from analysis.plots._forest_columns import add_columns, as_headings, dropped, effect_column, effect_head, tracks_of
from analysis.plots._forest_words import order_sentence
from analysis.plots._layout import Column, Panel, Series
from analysis.plots._rows import add_notes, build_rows, sort_trials, usable_order
from analysis.plots._themes import themed
from analysis.plots._write import rule
from analysis.text import NOT_ESTIMABLE, counted, interval, level, number

ROW_MM = 3.9  # rows of one trial stand close
BETWEEN_MM = 1.5  # and trials apart


@themed
def outcomes_forest(
    outcomes,
    *,
    columns=(),
    right=("effect", "weight"),
    order="year",
    favours=("favours treatment", "favours placebo"),
    measure=None,
    digits=None,
    head="Outcome",
    title=None,
    width_mm=None,
    ax=None,
    note="",
):
    """Draw several outcomes or time points of every trial under one another, and one pooled diamond for each.

    Parameters
    ----------
    outcomes : mapping of str to EffectSizes, PooledArms or PooledEffect
        Two to six results of one measure, each pooled over its own trials. Trials are the same where their label is.
    columns, right : sequence of str, or mapping of str to heading
        As for ``forest``.
    order : str
        As for ``forest``, by the first outcome that a trial has.
    favours : (str, str) or None
    measure : str, optional
    digits : int, optional
    head : str
        Heading of the column that names the outcomes, such as "Follow-up".
    title : str, optional
    width_mm : float, optional
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        As for ``forest``; the tick labels are names of trials and outcomes.
    note : str

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``forest``; its rows have the columns outcome and series.

    Raises
    ------
    ValueError
        For fewer than two or more than six outcomes, or outcomes of different measures, units or levels.

    Notes
    -----
    Outcomes of the same trials are not independent; the diamonds are separate analyses and no test between them is
    made. Areas are proportional to the weights within each outcome.

    Examples
    --------
    >>> import analysis
    >>> outcomes = {
    ...     "4 weeks": analysis.pool([-1.0, -0.4], [0.04, 0.09], labels=["A", "B"]),
    ...     "12 weeks": analysis.pool([-0.8, -0.1, -0.3], [0.05, 0.09, 0.1], labels=["A", "B", "C"]),
    ... }
    >>> analysis.outcomes_forest(outcomes).content.table["kind"].value_counts()[["trial", "subtotal"]].tolist()
    [5, 2]
    """
    sources = _sources(outcomes)
    measure = measure or next((m for s in sources.values() if (m := s.pooled.measure)), "MD")
    table, key, order = _rows(sources, order)
    trials = table[table["kind"] == "trial"]
    digits = (
        digits
        if digits is not None
        else 2
        if measure in RATIOS
        else digits_for(trials["contrast_low"], trials["contrast_high"])
    )
    left, right = as_headings(columns), as_headings(right)
    unit = next((s.unit for s in sources.values()), "")
    panel = _panel(trials, sources, measure, unit, favours)
    cells = _with_text(table, digits, measure in RATIOS)
    if ax is not None:
        names = [" ".join(filter(None, pair)) for pair in zip(cells["text_name"], cells["text_outcome"], strict=True)]
        return into_axes(ax, cells.assign(text_name=names), panel)
    cells = add_columns(cells, [*left, *right], {}, digits)
    at = level(next(iter(sources.values())).pooled.confidence_level)
    footer = [*_footer(sources, panel, order, digits, at), words.key_sentence(key), words.sentences(note)]
    footer = [line for line in footer if line]
    title = title or f"{NAMES.get(measure, measure)} by {head.lower()} in {counted(trials['name'].nunique())}"
    fig, cells = draw_page(
        cells,
        _tracks(cells, left, right, panel, head, at),
        title=title,
        footer=footer,
        width_mm=width_mm,
        drop=dropped(left, right),
        usual_mm=174.0,
    )
    _rule_above_pooled(fig, cells)
    said = _findings(cells, digits, np.exp if panel.ratio else float, unit)
    caption = " ".join([words.sentences(title), said, *footer])
    alt = f"{words.sentences(f'Forest plot: {title}')} {said}"
    fig.content = FigureContent(with_reference_rows(cells, panel, footer), title, caption, alt)
    return fig


def _sources(outcomes):
    """Return name -> Source, checked to be of one measure, unit and level."""
    if not hasattr(outcomes, "items"):
        raise ValueError("outcomes must be a mapping of names to results, such as {'4 weeks': effects, ...}")
    most = len(style.GROUPS)
    if not 2 <= len(outcomes) <= most:
        raise ValueError(f"outcomes holds {len(outcomes)} results; give two to {most}, and draw others with forest")
    sources = {str(name): source_of(results) for name, results in outcomes.items()}
    for what, values in (
        ("measures", {s.pooled.measure for s in sources.values()}),
        ("units", {s.unit for s in sources.values()}),
        ("confidence levels", {s.pooled.confidence_level for s in sources.values()}),
    ):
        if len(values - {""}) > 1:
            raise ValueError(
                f"outcomes are of different {what}: {', '.join(map(str, sorted(values)))}; draw them apart"
            )
    return sources


def _rows(sources, order):
    """Return the lines of the figure, the key of the notes, and the order in use."""
    parts, all_trials = [], []
    for i, (name, source) in enumerate(sources.items()):
        rows = build_rows(source.total, [], "given").assign(outcome=name, series=f"outcome-{i}", rank=i)
        parts.append(rows)
        trials = source.total.trials
        weights = rows.loc[rows["kind"] == "trial", "weight"].to_numpy()
        all_trials.append(trials.assign(weight=weights, label=trials["label"].astype(str)))
    table, key = add_notes(pd.concat(parts, ignore_index=True))
    first = pd.concat(all_trials, ignore_index=True).drop_duplicates("label")
    order = usable_order(first, order)
    place = {label: i for i, label in enumerate(sort_trials(first, order)["label"])}
    trials = table[table["kind"] == "trial"]
    trials = trials.assign(place=trials["name"].map(place)).sort_values(["place", "rank"], kind="stable")
    opening = ~trials["place"].duplicated()
    trials["shown"] = trials["name"].where(opening, "")
    trials["above_mm"] = np.where(opening, BETWEEN_MM, 0.0)
    pooled = table[table["kind"] == "total"].assign(kind="subtotal")
    pooled["shown"] = ["All trials", *[""] * (len(pooled) - 1)]
    pooled["above_mm"] = [3.0, *[0.4] * (len(pooled) - 1)]
    ends = table[table["kind"] == "prediction"]
    pooled["prediction_low"], pooled["prediction_high"] = (
        ends["contrast_low"].to_numpy(),
        ends["contrast_high"].to_numpy(),
    )
    lines = pd.concat([trials, pooled], ignore_index=True).assign(group="")
    lines["height_mm"] = np.where(lines["kind"] == "trial", ROW_MM, 4.6)
    return lines.drop(columns=["rank", "place"]), key, order


def _with_text(table, digits, ratio):
    """Return the table with its printed text: a trial is named once, its outcomes carry the notes."""
    cells = add_cells(table.assign(notes=table["notes"].fillna("")), digits=digits, ratio=ratio)
    counts = [
        f"{name} (k = {number(k, 0)})" for name, k in zip(table["outcome"], table["contrast_k"].fillna(0), strict=True)
    ]
    marked = [f"{name} {notes}".strip() for name, notes in zip(table["outcome"], cells["notes"], strict=True)]
    trial = table["kind"] == "trial"
    return cells.assign(text_name=table["shown"], text_tail="", text_outcome=np.where(trial, marked, counts))


def _panel(trials, sources, measure, unit, favours):
    ratio = measure in RATIOS
    caption = ", ".join(part for part in (NAMES.get(measure, measure), unit) if part)
    series = tuple(
        Series(f"outcome-{i}", (name,), colour, colour, f"area {shape}")
        for i, (name, (shape, colour)) in enumerate(zip(sources, style.GROUPS, strict=False))
    )
    return Panel(
        "contrast",
        (NAMES.get(measure, measure), measure),
        series,
        panel_limits(*(trials[f"contrast_{end}"] for end in ("estimate", "low", "high"))),
        (f"{caption}, log scale" if ratio else caption,),
        favours=favours or (),
        ratio=ratio,
    )


def _tracks(cells, left, right, panel, head, at):
    outcome = Column("outcome", head, ("text_outcome",), "left")
    others = {name: title for name, title in right.items() if name != "effect"}
    name, *rest = tracks_of(cells, left, others, {}, panel)
    at_panel = next(i for i, track in enumerate(rest) if isinstance(track, Panel))
    effect = [effect_column(cells, right["effect"] or effect_head(panel), at)] if "effect" in right else []
    return [name, outcome, *rest[: at_panel + 1], *effect, *rest[at_panel + 1 :]]


def _rule_above_pooled(fig, cells):
    first = cells[cells["kind"] == "subtotal"].iloc[0]
    y = first["y_mm"] - first["height_mm"] / 2 - 1.4
    ends = [(style.MARGIN, y), (fig.placement.width - style.MARGIN, y)]
    rule(fig.axes[0], [ends], "total-rule", width=style.HAIR_PT, colour=style.FAINT)


def _footer(sources, panel, order, digits, at):
    """Return what was computed, outcome by outcome, and what the marks are."""
    points = "(log scale)" if panel.ratio else next(iter(sources.values())).unit.split(" on ")[0]
    pooled = [source.pooled for source in sources.values()]
    same = len({words.model_sentence(each).partition("; ")[0] + each.ci_method for each in pooled}) == 1
    model = words.model_sentence(max(pooled, key=lambda each: each.k)) if same else ""
    lines = [
        f"{name}: {words.heterogeneity_sentence(each, points, digits).removeprefix('Heterogeneity: ')}"
        if same
        else f"{name}: {words.model_sentence(each)}"
        for name, each in zip(sources, pooled, strict=True)
    ]
    show = np.exp if panel.ratio else float
    predicted = [
        f"{name} {limits}"
        for name, each in zip(sources, pooled, strict=True)
        if (limits := interval(show(each.pi.low), show(each.pi.high), digits)) != NOT_ESTIMABLE
    ]
    prediction = f"{at} prediction intervals for a new trial: {', '.join(predicted)}" if predicted else ""
    marks = (
        "shape and colour: outcome; areas proportional to the weights within each outcome; diamonds: pooled results "
        "of each outcome over its own trials, not independent of one another; arrowhead: interval leaves the panel"
    )
    return [
        words.sentences(panel.captions[0], model, *lines, prediction),
        words.sentences(marks, order_sentence(order, False)),
    ]


def _findings(cells, digits, show, unit):
    points = "" if show is not float else unit.split(" on ")[0]
    rows = cells[cells["kind"] == "subtotal"].to_dict("records")
    said = [
        words.result_sentence(row, "contrast", points, digits, show).replace("treatment minus placebo", row["outcome"])
        for row in rows
    ]
    return words.sentences(f"Pooled over all trials: {'; '.join(said)}")
