"""Forests of many pooled results of one question.

The steps of an analysis: trials added one after the other, or each left out in turn. And several outcomes, or time
points, of the same trials: intervals under one another, told apart by shape and colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import PageWidth, RowOptions
from analysis.measures import agreed, on_scale_of_analysis
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import (
    RIGHT,
    add_columns,
    as_headings,
    axis_title,
    columns_of,
    contrast_panel,
    drop_order,
    effect_column,
    name_column,
    tracks_of,
    warn_of_own,
    with_digits,
)
from analysis.plots._layout import Column, Series
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._risk_of_bias import judgement_columns
from analysis.plots._rows import (
    add_cells,
    add_notes,
    build_rows,
    drawn,
    fixed,
    same_measure,
    sort_trials,
    source_of,
    usable_order,
)
from analysis.plots._table import Rows
from analysis.plots._theme import themed
from analysis.sentences import Wording, clustered
from analysis.text import NOT_ESTIMABLE, equals, level, number, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.multilevel import MultilevelEffect
    from analysis.models.results import PooledEffect

METHODS = ("tau2_method", "ci_method", "confidence_level")
NEEDED = ("label", "k", "estimate", "ci_low", "ci_high")
HEADS = {"k": "k", "tau": "τ", "tau2": "τ²", "i2": "I²", "pvalue": "p", "q": "Q", "q_pvalue": "p of Q"}
UNTURNED = ("tau", "tau2", "se", "shift")  # on the scale of analysis, whatever the measure
# A table that was merged, joined to another or read from a file has lost its attrs.
_LOST = " (the attrs of a table are lost in a merge, a concat or a file); give overall=, the result of all, or {}"
STEP_MARKS = {
    "contrast-markers": "small diamonds: pooled results of the steps",
    "*-subtotals|*-total|*-models": "diamond below: all {nouns}",
    "contrast-pooled-line": "dotted line: estimate of all {nouns}",
}
OUTCOME_MARKS = {
    "*-subtotals|*-total|*-models": (
        "diamonds: pooled results of each outcome over its own {nouns}, not independent of one another"
    )
}


@documented
@themed
def steps_forest(
    steps: pd.DataFrame,
    *,
    overall: PooledEffect | MultilevelEffect | Literal[False] | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    right: Sequence[str] | Mapping[str, str] = ("effect", "pvalue", "tau2", "i2"),
    risk_of_bias: pd.DataFrame | None = None,
    measure: str | None = None,
    unit: str = "",
    confidence_level: float | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    digits: int | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[RowOptions],
) -> ReportFigure:
    """Draw the pooled result of every step of ``cumulative`` or ``leave_one_out``.

    Parameters
    ----------
    steps : pandas.DataFrame
        From :func:`analysis.cumulative` or :func:`analysis.leave_one_out` (known by its column shift).
    overall : PooledEffect, MultilevelEffect or False, optional
        All trials together, for a diamond below the steps. Steps of ``cumulative`` end in it; of ``leave_one_out``
        only the estimate is known without it. False draws no result of all trials.
    columns, right : sequence of str, or mapping of str to heading
        Columns of the steps left and right of the panel; "effect" is the estimate with its interval. Default left:
        what the trials were sorted by, if anything, and "k".
    risk_of_bias : pandas.DataFrame, optional
        From :func:`analysis.read_risk_of_bias`, the rows of one tool: at the far right a lettered circle for every
        judgement of the trial that a step adds or leaves out, known by its id, or by its label where the steps have no
        ids.
    measure : str, optional
        Code of a :class:`analysis.measures.Measure`; ratios get a log axis. Default: that of ``overall``, or of the
        steps; needed where neither tells, as after a merge.
    unit : str
        Such as "points on 0–10". Default: that of the effects.
    confidence_level : float, optional
        Level of the intervals. Default: that of the steps, or of ``overall``; needed where neither tells.
    {favours, digits, title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174, wider where the columns need it.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the panel there, as :func:`analysis.forest` does.
    {note}
    {footer, dpi, xlim, ticks, xlabel, null, lines, compact}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``forest``; that of ``ax`` where it is given.

    Raises
    ------
    ValueError
        If a column is missing, there is no step, nothing tells level or measure of the steps, ``overall`` is of other
        studies, or no judgement is of these trials.

    See Also
    --------
    analysis.cumulative : Pool the first trial, the first two, and so on.
    analysis.leave_one_out : Pool without each trial in turn.
    analysis.forest : Draw the trials themselves.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    Lau, Antman, Jimenez-Silva, Kupelnick, Mosteller & Chalmers 1992, N Engl J Med 327:248-254, doi
    10.1056/NEJM199207233270406 (cumulative meta-analysis and its figure).

    Lewis & Clarke 2001, BMJ 322:1479-1480, doi 10.1136/bmj.322.7300.1479 (the forest plot).

    Examples
    --------
    >>> import analysis
    >>> effects = analysis.effect_sizes(analysis.read_trials("data/trials.csv"))
    >>> fig = analysis.steps_forest(analysis.cumulative(effects), unit=effects.unit)
    >>> fig.content.table["kind"].tolist()[-6:-3]
    ['trial', 'trial', 'total']
    """
    left, right, overall = _step_headings(steps, columns), as_headings(right, "right"), overall or None
    _check_steps(steps, {"columns": left, "right": right})
    steps = on_scale_of_analysis(steps)
    out, studies = "shift" in steps, steps.attrs.get("studies", {})
    how = _methods_of(steps, overall, confidence_level)
    wording = _wording_of_steps(steps, overall, measure, unit)
    steps, order = _in_order(steps)
    table = _step_rows(steps, overall, how.confidence_level, wording)
    trials = table[table["kind"] == "trial"]
    wording = with_digits(wording, digits, trials)
    table = _with_step_texts(table, [*left, *right], wording)
    what = f"Pooled {wording.measure.name}"
    series = (Series("contrast", ("pooled",), style.INTERVAL, style.INK, "step"),)
    panel = contrast_panel(table, wording, favours, caption=axis_title(wording, what), series=series)
    judged = []
    if risk_of_bias is not None:
        whose = f"Circles: {wording.noun} {'left out' if out else 'added'}"
        table = table.assign(study=[studies.get(name, name) for name in table["name"]])
        table, judged = judgement_columns(table, risk_of_bias, wording, whose)
    rows = _added(steps["k"].to_numpy(), wording)
    if out:
        rows = f"each row: the pooled result of all {wording.nouns} but the one named"
    spec = Spec(
        table,
        [*_step_tracks(table, left, right, panel, out, wording), *judged],
        wording,
        title=title or f"{what} {f'without each {wording.noun} in turn' if out else f'as {wording.nouns} are added'}",
        said=_step_findings(table, wording, out),
        computed=words.sentences(
            panel.captions[0],
            f"{rows}, with its {level(how.confidence_level)} confidence interval",
            words.pooled_by(how, wording) if how.tau2_method else "",
        ),
        marks=words.MARKS | STEP_MARKS,
        facts=(words.order_sentence(order, False, wording),),
        notes=(words.sentences(note),),
        drop=(
            *(name for name in (*reversed(right), *reversed(left)) if name != "effect"),
            *(column.name for column in judged[:1]),
        ),
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _added(k, wording):
    """What is in each row of a cumulative table, by how many studies are."""
    if (np.abs(np.diff(k)) == 1).all() and k.min() == 1:
        return f"each row: the pooled result of the {wording.noun} named and all {'above' if k[0] == 1 else 'below'} it"
    return (
        f"each row: the pooled result of the first k {wording.nouns}, the {wording.noun} named being the last of them"
    )


def _methods_of(steps, overall, confidence_level):
    """Return how the steps were pooled, as far as they know it, or else as the result of all of them was."""
    told = steps.attrs.get("methods") or {name: getattr(overall, name, "") for name in METHODS}
    at = getattr(overall, "confidence_level", None)
    if at and told["confidence_level"] and at != told["confidence_level"]:
        raise ValueError(
            f"overall has an interval of {level(at)}, the steps of {level(told['confidence_level'])}; pool both alike"
        )
    for name, kept in told.items():
        own = getattr(overall, name, kept) if overall is not None and kept else kept
        if own != kept:
            raise ValueError(f"overall was pooled with {name}={own!r}, the steps with {kept!r}; pool both alike")
    if confidence_level and told["confidence_level"] and confidence_level != told["confidence_level"]:
        own = level(told["confidence_level"])
        raise ValueError(f"confidence_level={confidence_level!r}, but the intervals are of {own}; leave it out")
    if not (confidence_level or told["confidence_level"]):
        raise ValueError(f"steps does not tell the level of its intervals{_LOST.format('confidence_level=0.95')}")
    return SimpleNamespace(**told | {"confidence_level": told["confidence_level"] or _check.level(confidence_level)})


def _refuse_ratios(steps, measure):
    """Raise ValueError for steps whose estimates are in the middle of their intervals as ratios, not as logs."""
    low, middle, high = (steps[name].to_numpy(float) for name in ("ci_low", "estimate", "ci_high"))
    if (low > 0).all():
        as_logs, as_ratios = np.abs(low + high - 2.0 * middle), np.abs(np.log(low * high / middle**2))
        if np.nanmax(as_ratios) < np.nanmax(as_logs) / 10.0:
            raise ValueError(
                f"steps holds {plural(measure.name)}, not their logs: each estimate is the middle of its interval as a "
                "ratio; give the table as it was made, not turned into ratios"
            )


def _same_studies(steps, overall):
    """Raise ValueError for a result of all of them that has none of a study of the steps, where it has names."""
    names = list(map(str, (*getattr(overall, "labels", ()), *getattr(overall, "cluster", ()))))
    strangers = [label for label in map(str, steps["label"]) if label not in {*names}]
    if strangers and not _check.only_numbered(names):
        raise ValueError(
            f"overall is of other studies: it has no {_check.few(strangers)} "
            "of the steps; give the result of all studies of the steps"
        )
    if "shift" in steps:
        known, whole = (steps["estimate"] - steps["shift"]).iloc[0], True
    else:
        last = steps.iloc[int(steps["k"].argmax())]
        known, whole = last["estimate"], last["k"] == getattr(overall, "k", None)
    if whole and not abs(overall.estimate - known) <= 1e-4 * np.ptp(steps[["ci_low", "ci_high"]].to_numpy(float)):
        raise ValueError(
            f"overall is {overall.estimate:.4g}, and the steps are of effects whose mean is {known:.4g}: give the "
            "result of the same effects, pooled alike"
        )


def _in_order(steps):
    """Return steps that leave one out in the order of a forest, by year; as they are where no year is known.

    Steps that somebody sorted keep their order.
    """
    years, labels = steps.attrs.get("years", {}), set(steps["label"])
    given = [label for label in years if label in labels]
    if list(steps["label"]) != given:
        return steps, "given"
    dated = steps.assign(year=[years[label] for label in given])
    order = usable_order(dated, None)
    return sort_trials(dated, order).drop(columns="year").reset_index(drop=True), order


def _wording_of_steps(steps, overall, measure, unit):
    """Return what the effects are called: by the result of all of them, else as the steps have it."""
    told = steps.attrs.get("wording")
    if overall is None and told is None and measure is None:
        raise ValueError(
            "steps does not tell of what measure its effects are, and whether they are logs"
            + _LOST.format("measure=, such as 'OR' ('' for effects without a name)")
        )
    if overall is not None:
        same_measure("overall", overall, told["measure"] if told else "", "the steps")
        _same_studies(steps, overall)
    if told and measure is not None:
        agreed(measure, told["measure"])
    told = told if overall is None and measure is None else None
    wording = words.as_quoted(Wording(**told) if told else clustered(overall, measure))
    if wording.measure.is_ratio:
        _refuse_ratios(steps, wording.measure)
    return replace(wording, unit=unit) if unit else wording


def _step_headings(steps, columns):
    """Return name -> heading of the columns at the left."""
    if columns is not None:
        return as_headings(columns)
    # of a three-level model k counts effects, which are more than its trials
    k = "Effects" if getattr(steps, "attrs", {}).get("methods", {}).get("levels") == 3 else None
    if "order" not in getattr(steps, "columns", ()) or list(steps["order"]) == list(range(1, len(steps) + 1)):
        return {"k": k}
    values = pd.to_numeric(steps["order"], errors="coerce")
    years = values.between(1800, 2200).all() and (values % 1 == 0).all()
    return {"order": "Year" if years else "Sorted by", "k": k}


def _check_steps(steps, chosen):
    if "coefficients" in getattr(steps, "attrs", {}):
        raise ValueError(
            "steps has coefficients of a regression, which are no pooled effects; give cumulative or leave_one_out of "
            "effects"
        )
    _check.table(steps, "steps", NEEDED, "cumulative or leave_one_out")
    if "q_df" in steps:
        raise ValueError(
            "steps has the groups of pool_groups, none of which is in another; give forest a pool_subgroups"
        )
    for argument, names in chosen.items():
        if unknown := [name for name in names if name != "effect" and name not in steps]:
            known = ", ".join(map(str, steps.columns))
            raise ValueError(f"{argument} names {unknown[0]!r}; it must be effect or a column of steps, here {known}")
    if not len(steps):
        raise ValueError("steps has no row: there is nothing to draw")
    if ((steps["estimate"] < steps["ci_low"]) | (steps["estimate"] > steps["ci_high"])).any():
        raise ValueError(
            "steps has an estimate outside its interval; give the table as it was made, transformed or not"
        )
    each = ["label", "estimate", "shift"] if "shift" in steps else ["k"]
    if steps.duplicated(each).any():
        raise ValueError("steps has a step twice; give the table of one cumulative or leave_one_out")


def _step_rows(steps, overall, at, wording):
    """Return the lines of the figure: the steps, then all studies."""
    known = {"label": "name", "estimate": "contrast_estimate", "ci_low": "contrast_low", "ci_high": "contrast_high"}
    rows = steps.rename(columns=known).assign(kind="trial", group="", notes="", contrast_imputed=False)
    total = {"kind": "total", "name": f"All {wording.nouns}", "group": "", "notes": "", "confidence_level": at}
    if overall is not None:
        total |= {"contrast_estimate": overall.estimate, "contrast_low": overall.ci.low}
        total |= {"contrast_high": overall.ci.high, "contrast_k": getattr(overall, "clusters", overall.k)}
        total |= {name: getattr(overall, name) for name in ("k", "q", "pvalue", "q_pvalue")}
        total |= {name: getattr(drawn(overall), name) for name in ("tau", "tau2", "i2")}
    elif "shift" in steps:
        first = steps.iloc[0]
        # with several effects a trial k does not tell how many trials there are
        total["contrast_k"] = steps.attrs.get("trials", first["k"] + 1)
        total["contrast_estimate"] = first["estimate"] - first["shift"]
        total |= {"contrast_low": np.nan, "contrast_high": np.nan}
    else:
        last = rows.iloc[int(rows["k"].argmax())]
        if last["k"] < steps.attrs.get("trials", 0) and style.option("overall"):
            raise ValueError(
                f"the last of the steps is of {last['k']} {wording.nouns}, and there are {steps.attrs['trials']}: give "
                "overall=, the result of all of them, or overall=False"
            )
        total |= {name: last[name] for name in rows if name not in (*total, "order", "contrast_imputed", "name")}
        total |= {"contrast_k": last["k"]}
    rows["contrast_k"] = rows["k"]
    if not style.option("overall"):
        return rows.assign(weight=np.nan, confidence_level=at)
    return pd.concat([rows, pd.DataFrame([total])], ignore_index=True).assign(weight=np.nan)


def _with_step_texts(table, names, wording):
    """Return the table with its printed text."""
    cells = add_cells(table, wording).frame()
    total = cells["kind"] == "total"
    # Of all trials together, leave_one_out tells the estimate alone: estimate minus shift.
    unknown = total & cells["contrast_low"].isna()
    cells.loc[unknown, "text_whole"] = ""
    cells.loc[unknown, "text_estimate"] = [wording.write(x) for x in cells.loc[unknown, "contrast_estimate"]]
    if "k" in names:
        cells.loc[total, "text_tail"] = ""
    for name in names:
        if name != "effect":
            cells[f"text_{name}"] = [_step_text(value, name, wording) for value in cells[name]]
    return cells


def _step_text(value, name, wording):
    """Return one number of a step as its column needs it."""
    if value is None or value != value:
        return ""
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, str):
        return value
    if name == "i2":
        return percent(value)
    if name in ("pvalue", "q_pvalue"):
        return equals(value).removeprefix("= ")
    if name == "order" and value % 1 == 0:
        return f"{value:.0f}"
    return words.tau2_words(value, wording) if name == "tau2" else fixed(value, 0 if name == "k" else wording.digits)


def _step_tracks(table, left, right, panel, out, wording):
    """Return the tracks of the figure: names, the left columns, the panel, the right columns."""

    def columns(chosen):
        for name, head in chosen.items():
            if name == "effect":
                yield effect_column(table, head, wording)
                continue
            text = any(isinstance(v, str) for v in table.loc[table["kind"] == "trial", name])
            scale = f" ({wording.measure.scale})" if name in UNTURNED and wording.measure.scale else ""
            head = head or HEADS.get(name, words.capital(name.replace("_", " "))) + scale
            yield Column(name, head, (f"text_{name}",), "left" if text else "right")

    names = name_column(wording)
    names = replace(names, head=f"{names.head} {'left out' if out else 'added'}")
    return [names, *columns(left), panel, *columns(right)]


def _step_findings(table, wording, out):
    """Return in words how far the steps run."""
    steps, totals = table[table["kind"] == "trial"], table[table["kind"] == "total"]
    span = wording.span(*steps["contrast_estimate"].agg(["min", "max"]))
    over = f"over {number(len(steps), 0)} steps the pooled estimate runs from {span}"
    if out:
        over = f"with one {wording.noun} left out the pooled estimate runs from {span}"
    if not len(totals):
        return words.sentences(over)
    total = totals.iloc[0]
    limits = wording.span(total["contrast_low"], total["contrast_high"])
    ci = f" ({level(total['confidence_level'])} CI {limits})" if np.isfinite(total["contrast_low"]) else ""
    k = total["contrast_k"] if np.isnan(total["k"]) else total["k"]
    count = wording.counted(int(k), int(total["contrast_k"]))
    whole = f"{count} together: {wording.write(total['contrast_estimate'])}{ci}"
    return words.sentences(over, whole)


@documented
@themed
def outcomes_forest(
    outcomes: Mapping[str, EffectSizes | PooledArms | PooledEffect],
    *,
    columns: Sequence[str] | Mapping[str, str] = (),
    right: Sequence[str] | Mapping[str, str] = ("effect", "weight"),
    risk_of_bias: pd.DataFrame | None = None,
    order: str | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    measure: str | None = None,
    digits: int | None = None,
    head: str = "Outcome",
    title: str | None = None,
    prediction: Literal["bar"] | None = "bar",
    width_mm: PageWidth | None = None,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[RowOptions],
) -> ReportFigure:
    """Draw several outcomes or time points of every trial under one another, and one pooled diamond for each.

    Parameters
    ----------
    outcomes : mapping of str to EffectSizes, PooledArms or PooledEffect
        Two to six results of one measure, each pooled over its own trials. Trials are the same where their label is.
    {columns, right}
    risk_of_bias : pandas.DataFrame, optional
        From :func:`analysis.read_risk_of_bias`, the rows of one tool: at the far right a lettered circle for every
        judgement, beside the first outcome of a trial.
    {order, favours, measure, digits}
    head : str
        Heading of the column that names the outcomes, such as "Follow-up".
    {title}
    prediction : "bar" or None
        None leaves the prediction intervals out of what is said below the figure.
    width_mm : float, optional
        Width of the page in millimetres. Default: 174, wider where the columns need it.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the panel there, as :func:`analysis.forest` does; the tick labels are names of trials and outcomes.
    {note}
    {footer, dpi, xlim, ticks, xlabel, null, lines, compact}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``forest``; its rows have the columns outcome and series.

    Raises
    ------
    ValueError
        For fewer than two or more than six outcomes, outcomes of different measures, units or levels, or judgements
        of none of the trials.

    See Also
    --------
    analysis.forest : Draw one outcome.
    analysis.pool : Pool the trials of one outcome.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Outcomes of the same trials are not independent; the diamonds are separate analyses and no test between them is
    made. Areas are proportional to the weights within each outcome. Trials are ordered by the first outcome that they
    have.

    References
    ----------
    Lewis & Clarke 2001, BMJ 322:1479-1480, doi 10.1136/bmj.322.7300.1479 (the forest plot).

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
    sources = _sources(outcomes, measure)
    wording = _common_wording(sources.values())
    table, key, order = _outcome_rows(sources, wording, order)
    trials = table[table["kind"] == "trial"]
    wording = with_digits(wording, digits, trials)
    left, right = as_headings(columns), as_headings(right, "right")
    series = tuple(
        Series(f"outcome-{i}", (name,), colour, colour, f"area {shape}")
        for i, (name, (shape, colour)) in enumerate(zip(sources, style.GROUPS, strict=False))
    )
    panel = contrast_panel(table, wording, favours, series=series)
    cells = Rows.of(_with_outcome_texts(table, wording))
    theirs = {name for source in sources.values() for name in columns_of(source.pooled)}
    warn_of_own(theirs, {"columns": left, "right": () if right == as_headings(RIGHT) else right})
    cells, judged = add_columns(cells, {"columns": left, "right": right}, {}, wording), []
    if risk_of_bias is not None:
        first = cells.frame().assign(study=table["study"].where(table["shown"] != ""))
        first, judged = judgement_columns(first, risk_of_bias, wording)
        cells = Rows.of(first.assign(study=table["study"]))
    names, *rest = tracks_of(cells, left, right, {}, [panel], wording)
    by = "outcome" if head == "Outcome" else head  # words of users keep their case
    spec = Spec(
        cells,
        [names, Column("outcome", head, ("text_outcome",), "left"), *rest, *judged],
        wording,
        title=title or f"{wording.measure.title} by {by} in {wording.counted(trials['name'].nunique())}",
        said=_outcome_findings(cells, wording),
        computed=_outcome_results(sources, panel, wording),
        marks=words.MARKS | OUTCOME_MARKS,
        facts=(words.order_sentence(order, False, wording),),
        notes=(words.key_sentence(key), words.sentences(note)),
        drop=(*drop_order(left, right), "difference", *(column.name for column in judged[:1])),
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _sources(outcomes, measure):
    """Return name -> Source, checked to be of one measure, unit and level."""
    if not hasattr(outcomes, "items"):
        raise ValueError("outcomes must be a mapping of names to results, such as {'4 weeks': effects, ...}")
    most = len(style.GROUPS)
    if not 2 <= len(outcomes) <= most:
        raise ValueError(f"outcomes holds {len(outcomes)} results; give two to {most}, and draw others with forest")
    sources = {
        str(name): source_of(results, to="outcomes_forest", measure=measure) for name, results in outcomes.items()
    }
    for what, values in (
        ("measures", {s.wording.measure for s in sources.values()}),
        ("units", {s.wording.unit for s in sources.values()}),
        ("confidence levels", {s.pooled.confidence_level for s in sources.values()}),
    ):
        if len(values - {""}) > 1:
            raise ValueError(
                f"outcomes are of different {what}: {', '.join(map(str, sorted(values)))}; draw them apart"
            )
    return sources


def _common_wording(sources):
    """Return the wording of all outcomes, without what holds for some of them alone."""
    said, known = [source.wording for source in sources], {}
    for name in (each.name for each in fields(Wording)):
        values = {getattr(wording, name) for wording in said}
        # Numbers alone may have no measure; they are then of the measure of the others.
        values -= {""} if name == "measure" and len(values) > 1 else set()
        known |= {name: values.pop()} if len(values) == 1 else {}
    return Wording(**known)


def _outcome_rows(sources, wording, order):
    """Return the lines of the figure, the key of the notes, and the order in use."""
    parts, all_trials = [], []
    for i, (name, source) in enumerate(sources.items()):
        rows = build_rows(source.total, [], wording, "given").frame()
        rows = rows.assign(outcome=name, series=f"outcome-{i}", rank=i)
        parts.append(rows)
        trials = source.total.trials
        weights = rows.loc[rows["kind"] == "trial", "weight"].to_numpy()
        all_trials.append(trials.assign(weight=weights, label=trials["label"].astype(str)))
    table, key = add_notes(pd.concat(parts, ignore_index=True))
    table = table.frame()
    first = pd.concat(all_trials, ignore_index=True).drop_duplicates("label")
    order = usable_order(first, order)
    place = {label: i for i, label in enumerate(sort_trials(first, order)["label"])}
    trials = table[table["kind"] == "trial"]
    trials = trials.assign(place=trials["name"].map(place)).sort_values(["place", "rank"], kind="stable")
    opening = ~trials["place"].duplicated()
    trials["shown"] = trials["name"].where(opening, "")
    trials["above_mm"] = np.where(opening, style.BETWEEN_MM, 0.0)
    pooled = table[table["kind"] == "total"].assign(kind="subtotal")
    pooled["shown"] = [f"All {wording.nouns}", *[""] * (len(pooled) - 1)]
    pooled["above_mm"] = [3.0, *[0.4] * (len(pooled) - 1)]
    pooled["rule_mm"] = [style.ROW_MM["heading"] / 2 + 1.4, *[np.nan] * (len(pooled) - 1)]
    if style.option("prediction"):
        for end in ("low", "high"):
            pooled[f"prediction_{end}"] = table.loc[table["kind"] == "prediction", f"contrast_{end}"].to_numpy()
    lines = pd.concat([trials, pooled], ignore_index=True).assign(group="")
    lines["height_mm"] = np.where(lines["kind"] == "trial", style.CLOSE_ROW_MM, style.ROW_MM["heading"])
    return lines.drop(columns=["rank", "place"]), key, order


def _with_outcome_texts(table, wording):
    """Return the table with its printed text: a trial is named once, its outcomes carry the notes."""
    cells = add_cells(table.assign(notes=table["notes"].fillna("")), wording).frame()
    counts = [
        f"{name} (k = {number(k, 0)})" for name, k in zip(table["outcome"], table["contrast_k"].fillna(0), strict=True)
    ]
    marked = [f"{name} {notes}".strip() for name, notes in zip(table["outcome"], cells["notes"], strict=True)]
    trial = table["kind"] == "trial"
    outcome = pd.Series(np.where(trial, marked, counts), index=table.index)
    tick = (table["shown"] + " " + outcome).str.strip()
    return cells.assign(text_name=table["shown"], text_tail="", text_outcome=outcome, text_tick=tick)


def _outcome_results(sources, panel, wording):
    """Return what was computed, outcome by outcome; the model once where it is the same for all."""
    pooled = {name: source.pooled for name, source in sources.items()}
    same = len({words.model_name(each) + each.ci_method for each in pooled.values()}) == 1
    # Of one trial, or two, the model has no prediction interval: the outcome with most trials says it in full.
    model = words.model_sentence(max(pooled.values(), key=lambda each: each.k), wording) if same else ""
    lines, predicted = [], []
    for name, each in pooled.items():
        spread = words.heterogeneity_sentence(each, wording).removeprefix("Heterogeneity: ")
        lines.append(f"{words.quoted(name)}: {spread if same else words.model_sentence(each, wording)}")
        limits = wording.span(*each.pi) if style.option("prediction") else NOT_ESTIMABLE
        predicted += [f"{words.quoted(name)} {limits}"] if limits != NOT_ESTIMABLE else []
        at = level(each.confidence_level)
    prediction = f"{at} prediction intervals for a new {wording.noun}: {', '.join(predicted)}" if predicted else ""
    said = words.sentences(panel.captions[0], model), words.named(*lines), words.sentences(prediction)
    return " ".join(filter(None, said))


def _outcome_findings(cells, wording):
    trials = cells.of_kind("trial")
    said = [
        words.result_sentence(row, trials[trials["outcome"] == row["outcome"]], "contrast", wording, row["outcome"])
        for row in cells.of_kind("subtotal").records()
    ]
    return words.sentences(f"Pooled over all {wording.nouns}: {'; '.join(said)}")
