"""The classic forest plot of one pooled result, and what every figure of its family is made of.

A figure is a table of rows (from ``_rows``), text columns and one panel of the randomised contrast. The columns show
any column of the trials, the arms, the effect, the weights or lettered circles; further models of the same trials stand
below the overall result, one row each, of any kind of result that has an estimate and an interval. The panel alone can
be drawn into Axes, or a SubFigure, of another figure, with the names as tick labels.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import CountsMeasure, PageWidth, RowOptions
from analysis.evidence.worthwhile import USUAL_SOURCE, USUAL_WORTHWHILE
from analysis.models.bayes import PosteriorEffect
from analysis.models.diagnostics import predictive_density
from analysis.models.results import PooledEffect
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import (
    Column,
    Panel,
    Series,
    asked,
    panel_limits,
)
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._risk_of_bias import judgement_columns
from analysis.plots._rows import (
    add_cells,
    add_notes,
    build_rows,
    drawn,
    fixed,
    given_decimals,
    same_measure,
    source_of,
    usable_order,
)
from analysis.plots._table import Rows
from analysis.plots._theme import themed
from analysis.text import bracketed, equals, level, number, plain, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.evidence.responders import Responders
    from analysis.models.counts import PooledCounts
    from analysis.models.multilevel import MultilevelEffect
    from analysis.models.regression import MetaRegression
    from analysis.models.subgroups import PooledSubgroups

USUAL_MM = 174.0
# mm, about twice the row of a bar: the curve is as high as its row, less 1.8 mm.
DENSITY_MM = 9.4
ARMS = ("treatment", "placebo")  # in the names of columns
SHORT = {"treatment": "treat.", "placebo": "plac."}  # above narrow columns
SHORT_LETTERS = 12  # of other names there
# which set the limits of a panel, are shown whole, and are shown where the trials have room beside them
ROWS_OF_PANELS = ("trial",), ("total", "prediction"), ("subtotal", "model")
PARTS = {"mean": "Mean", "sd": "SD", "n": "n"}
COUNTS = {"events": "Events", "n": "Total"}
COUNTED = (*get_args(CountsMeasure), "PETO")
# The names of columns that are made here.
OURS = {
    "n": "the people of both arms",
    "arms": "what stands of both arms",
    "change": "the changes in both arms",
    "effect": "the effect with its interval",
    "difference": "the effect with its interval",
    "weight": "the weight in the pooled result",
    "p": "the p value of no effect",
}
RIGHT = ("effect", "weight")


@documented
@themed
def forest(
    results: PooledEffect
    | PooledSubgroups
    | EffectSizes
    | PooledArms
    | PooledCounts
    | Responders
    | MultilevelEffect
    | PosteriorEffect
    | MetaRegression,
    *,
    by: str | None = None,
    models: Sequence[Any] | Mapping[str, Any] = (),
    data: pd.DataFrame | EffectSizes | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    right: Sequence[str] | Mapping[str, str] = ("effect", "weight"),
    symbols: Mapping[str, Mapping[str, Any]] | None = None,
    risk_of_bias: pd.DataFrame | None = None,
    order: str | None = None,
    prediction: Literal["bar", "diamond", "density"] | None = "bar",
    overall: bool = True,
    worthwhile: tuple[float, float] | float | Literal["usual"] | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    measure: str | None = None,
    digits: int | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[RowOptions],
) -> ReportFigure:
    """Draw a classic forest plot: squares, pooled diamonds, prediction interval and numbers.

    Parameters
    ----------
    results : PooledEffect, PooledSubgroups, EffectSizes, PooledArms or the result of another model
        EffectSizes are pooled with the defaults of :func:`analysis.pool_arms`; of PooledArms the contrast is drawn.
        Groups get headings, subtotals and the test between them. Weights are those of the model: PooledCounts stand
        with their events; Responders are drawn by their difference, or by the ratio that `measure` names; the effects
        of one trial of a MultilevelEffect stand under a heading; of a PosteriorEffect the trials are drawn as observed,
        and the diamond is the posterior median with its credible interval; of a MetaRegression a pale diamond behind
        each trial is the mean fitted to it.
    by : str, optional
        Column of EffectSizes that makes groups with subtotals.
    models : sequence or mapping of str to PooledEffect, PosteriorEffect or PooledCounts
        Further models of the same trials, one row each below the overall result. The result that is drawn anyway may
        be among them and lends its name to the overall row.
    data : DataFrame or EffectSizes, optional
        Columns for a PooledEffect or PooledSubgroups, one row for each trial: paired by the name of the trial (columns
        label or study, or the index); where the rows or the trials have no names, in the order of the result.
    {columns, right}
    symbols : mapping of str to mapping, optional
        Columns drawn as lettered circles, as risk of bias or certainty: column -> {value: letter}. The letters "+",
        "?" and "-" have the tones good, some and bad; ``(letter, tone or colour)`` sets another. A column that is
        named neither in ``columns`` nor in ``right`` stands at the far right.
    risk_of_bias : pandas.DataFrame, optional
        From :func:`analysis.read_risk_of_bias`, the rows of one tool: a lettered circle for every judgement at the far
        right. Its studies are the ids of the trials, or the labels of plain numbers.
    {order}
    prediction : {"bar", "diamond", "density"} or None
        How the prediction interval is drawn; "density" draws the predictive distribution it is cut from, None nothing.
    {overall}
    worthwhile : (float, float), float or "usual", optional
        Least and most that is taken as the smallest worthwhile effect, drawn as a band, or one value, drawn as a dashed
        line. Of differences it is the size, on the side that is good (`benefit`), or as it stands where nobody said
        what is good; else a value as people read it, such as 0.8 of ratios; "usual" is the band that
        :func:`arms_forest` draws unasked.
    {favours, measure, digits, title}
    width_mm : float, optional
        Width of the page; where it is too small, columns are given up, with a warning: those of your own, the last one
        first, then "arms", "n", "weight", circles and the risk of bias. Default: 174, wider where the columns need it.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the panel there: marks, axis, and the names as tick labels. Left out are title, text columns, circles,
        footer and the label of the band; the rows share the height of the Axes, 4.5 mm a row suits the type.
    {note}
    {footer, dpi, xlim, ticks, xlabel, null, lines, compact}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    TypeError
        For results, or models, that are none.
    ValueError
        For an unknown column, order or prediction, symbols without a letter for every value, or a page that is too
        narrow.

    See Also
    --------
    analysis.arms_forest : Draw both arms beside the contrast.
    analysis.outcomes_forest : Draw several outcomes of every trial.
    analysis.steps_forest : Draw the steps of a cumulative or leave-one-out analysis.
    analysis.orchard : Draw hundreds of trials, as circles along one axis.

    References
    ----------
    Lewis & Clarke 2001, BMJ 322:1479-1480, doi 10.1136/bmj.322.7300.1479 (the forest plot).

    Guddat, Grouven, Bender & Skipka 2012, Syst Rev 1:34, doi 10.1186/2046-4053-1-34 (prediction intervals in it).

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]), measure="MD")
    >>> fig.content.table["kind"].tolist()[:5]
    ['trial', 'trial', 'trial', 'total', 'prediction']
    """
    source = source_of(results, by, data, measure=measure)
    models, own = _named_models(models, source.pooled)
    order = usable_order(source.total.trials, order)
    table, key = add_notes(_forest_rows(source, models, own, order, prediction))
    wording = with_digits(source.wording, digits, table)
    counted = hasattr(source.pooled, "counts") or (
        hasattr(results, "nnt") and "events_treatment" in source.total.trials
    )
    usual = ("arms",) if counted else ("n",) if "n_treatment" in table else ()
    left, right = as_headings(usual if columns is None else columns), as_headings(right, "right")
    if not (symbols is None or hasattr(symbols, "items")):
        raise ValueError(f"symbols is {symbols!r}; give column -> {{value: letter}}")
    symbols = dict(symbols or {})
    zone, labels, band = worthwhile_zone(worthwhile, wording)
    trials = table.of_kind("trial")
    panel = contrast_panel(table, wording, favours, zone=zone, zone_labels=labels)
    theirs = columns_of(source.pooled, data)
    warn_of_own(theirs, {"columns": columns or (), "right": () if right == as_headings(RIGHT) else right})
    cells = add_columns(add_cells(table, wording), {"columns": left, "right": right}, symbols, wording)
    cells, judged = (cells, []) if risk_of_bias is None else judgement_columns(cells.frame(), risk_of_bias, wording)
    if prediction == "density" and overall:
        cells = Rows.joined([cells, _density_rows(source.pooled)])
    look = {"contrast-prediction": "open diamond: prediction interval"} if prediction == "diamond" else {}
    spec = Spec(
        cells,
        [*tracks_of(cells, left, right, symbols, [panel], wording), *judged],
        wording,
        title=title or words.forest_title(trials, source.pooled, wording),
        said=words.total_sentences(table, ("contrast",), wording),
        computed=computed_sentence(panel.captions[0], source.groups, source.total, wording, source.between),
        marks=words.marks_of(source.groups) | look | {"contrast-zone": band},
        facts=(
            words.order_sentence(order, bool(source.groups), wording),
            words.left_out_sentence(source.left_out, wording),
        ),
        notes=(
            _models_sentence(models),
            words.key_sentence(key),
            words.sentences(getattr(results, "caveat", "")),
            words.sentences(note),
        ),
        seen=words.seen_sentences(table, wording),
        drop=(*drop_order(left, right, symbols), *(column.name for column in judged[:1])),
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _named_models(models, pooled):
    """Return name -> result of models given as a mapping or a sequence.

    The result that the figure draws anyway lends its name to the overall row and gets none of its own.
    """
    if models is None or (hasattr(models, "__len__") and not len(models)):
        return {}, ""
    if theirs := hasattr(models, "items"):
        named = dict(models)
    else:
        models = [models] if hasattr(models, "confidence_level") else models
        _check.several("models", models, "results")
        named = {}
        for model in models:
            name = _model_name(model)
            # models of one name are told apart by their intervals, and where these are of one kind too, by their places
            if name in named:
                name = f"{name}, {getattr(model, 'ci_method', '')}"
            if name in named:
                name = f"{name} ({len(named) + 1})"
            named[name] = model
    for name, model in named.items():
        if not (_is_posterior(model) or (hasattr(model, "estimate") and hasattr(model, "ci"))):
            raise TypeError(f"models holds {name!r}, a {type(model).__name__} without an estimate and its interval")
        same_measure(f"models[{name!r}]", model, getattr(pooled, "measure", ""), "the result")
        _check_studies(name, model, pooled)
    pooled = getattr(pooled, "result", pooled)
    named = {words.quoted(name) if theirs else name: model for name, model in named.items()}
    own = next((name for name, model in named.items() if model is pooled), "")
    return {name: model for name, model in named.items() if model is not pooled}, own


def _is_posterior(model):
    """Say whether a model is a PosteriorEffect, which has distributions where others have an estimate."""
    return hasattr(model, "mu")


def _model_name(model):
    """Return the name of a model in the column of names."""
    if _is_posterior(model):
        return "Bayesian model"
    if hasattr(model, "imputations"):
        return "Multiple imputation"
    if hasattr(model, "tau2_method"):
        name = words.model_name(model)
        return name[0].upper() + name[1:]
    return f"{getattr(model, 'method', type(model).__name__)}"


def _check_studies(name, model, pooled):
    """Raise ValueError for a model of studies that are not those of the figure, where both have names."""
    own, drawn_here = (list(map(str, getattr(each, "labels", ()))) for each in (model, pooled))
    nameless = any(labels == [f"Study {i + 1}" for i in range(len(labels))] for labels in (own, drawn_here))
    strangers = [label for label in own if label not in set(drawn_here)]
    # Trim and fill has all trials of the figure and those that it fills in.
    if strangers and not nameless and not set(drawn_here) <= set(own):
        raise ValueError(
            f"models[{name!r}] is of other studies: {_check.few(strangers)} "
            "are not in the figure; give a model of these studies, or of some of them"
        )


def _forest_rows(source, models, own, order, prediction):
    """Return the lines of the figure, further models below the prediction interval."""
    table = build_rows(source.total, source.groups, source.wording, order)
    if own:
        table = table.assign(name=np.where(table["kind"] == "total", own, table["name"]))
    if prediction not in ("bar", None):
        at = table["kind"] == "prediction"
        tall = prediction == "density" and source.pooled.pi is not None and np.isfinite(source.pooled.pi.low)
        heights = np.where(at & tall, DENSITY_MM, np.nan)
        table = table.assign(prediction_style=np.where(at, prediction, None), height_mm=heights)
    return Rows.joined([table, _model_rows(models, source.pooled)])


def _model_rows(models, total):
    """Return the rows of further models; ``notes`` says how many trials where their number differs."""
    rows = []
    for name, model in models.items():
        model = drawn(model)
        pi = getattr(model, "pi", None) or (np.nan, np.nan)
        rows.append(
            {
                "kind": "model",
                "name": name,
                "group": "",
                "notes": "" if model.k == total.k else f"k = {number(model.k, 0)}",
                "contrast_estimate": model.estimate,
                "contrast_low": model.ci[0],
                "contrast_high": model.ci[1],
                "contrast_k": model.k,
                "contrast_tau": getattr(model, "tau", np.nan),
                "prediction_low": pi[0],
                "prediction_high": pi[1],
                "confidence_level": model.confidence_level,
            }
        )
    return rows


def with_digits(wording, digits, rows):
    """Return the wording with the decimals asked for, or those that suit the intervals of these rows."""
    wording = wording.to(digits)
    return wording.to(wording.decimals(rows["contrast_low"], rows["contrast_high"], style.LEAST_DIGITS))


def as_headings(columns, argument="columns"):
    """Return name -> heading (None: made from the name) of columns given as names or as a mapping."""
    if isinstance(columns, str):
        raise ValueError(f"{argument} is {columns!r}; give a sequence of names, ({columns!r},)")
    _check.several(argument, columns, "names")
    return dict(columns) if hasattr(columns, "items") else dict.fromkeys(columns)


def worthwhile_zone(worthwhile, wording):
    """Return the band of worthwhile effects on the scale of analysis, its labels, and the sentence about it."""
    if isinstance(worthwhile, str) and worthwhile != "usual":
        raise ValueError(f"worthwhile is {worthwhile!r}; give one number or two, or None")
    if usual := isinstance(worthwhile, str):
        worthwhile = USUAL_WORTHWHILE.get((wording.outcome_name, wording.unit))
    if worthwhile is None:
        return (), (), ""
    measure = wording.measure
    ends = measure.inverse(np.atleast_1d(worthwhile))
    if not np.isfinite(ends).all():
        least = "; for ratios it must be above 0, such as 0.8" if measure.is_ratio else f", which no {measure.name} is"
        raise ValueError(f"worthwhile is {worthwhile!r}{least}")
    null = float(measure.inverse(measure.null))
    if measure.scale and wording.benefit and (ends > null if wording.benefit == "lower" else ends < null).any():
        raise ValueError(
            f"worthwhile is {worthwhile!r}, a harm: {wording.benefit} {plural(measure.name)} are better here; give "
            f"values {'below' if wording.benefit == 'lower' else 'above'} {measure.null:g}"
        )
    if not measure.scale and wording.benefit and (ends < 0).any():
        raise ValueError(
            f"worthwhile is {worthwhile!r}; of differences it is the size, drawn on the side that is good, here where "
            f"they are {wording.benefit}: give it without a sign"
        )
    # A difference is asked for by its size: where less is better, it lies below zero.
    if not measure.scale and wording.benefit == "lower":
        ends = -ends
    zone = float(ends.min()), float(ends.max())
    said, labels = words.zone_words(zone, wording)
    return zone, labels, f"{said} ({USUAL_SOURCE})" if usual else said


def contrast_panel(rows, wording, favours, *, heads=(), caption="", series=(), zone=(), zone_labels=()):
    """Return the panel of effects, with limits that suit the ``rows``; ``caption`` says what its axis shows."""
    panel = Panel(
        "contrast",
        heads or (wording.measure.title, wording.measure),
        series or (Series("contrast", ("difference",), style.INTERVAL, style.INK),),
        (),
        (caption or axis_title(wording),),
        favours=words.directions(favours, wording),
        zone=zone,
        zone_labels=zone_labels,
        measure=wording.measure,
        asked=True,
    )
    return asked(replace(panel, limits=limits_of_rows(rows, ["contrast"], null=panel.null, zone=zone or None)))


def limits_of_rows(rows, series, **more):
    """Return the limits of a panel of some series: see ``panel_limits``."""
    ends = ("estimate", "low", "high")
    kinds = ROWS_OF_PANELS if style.option("trials") else (("trial", "subtotal", "total"), ("prediction",), ("model",))
    own = (Rows.of(rows).of_kind(*each) for each in kinds)
    trials, whole, also = (
        np.hstack([each.numbers(*(f"{one}_{end}" for end in ends)) for one in series]) for each in own
    )
    return panel_limits(*trials, whole=whole[1:].T, more=also[1:].T, **more)


def axis_title(wording, called=""):
    """Return what an axis of effects shows: "Mean difference in pain, points on 0–10"; ``called`` is another name."""
    outcome = (" in " if wording.measure.joined == "minus" else ", ") + wording.outcome_name
    what = f"{called or wording.measure.title}{outcome if wording.outcome_name else ''}"
    return ", ".join(filter(None, (what, wording.measure.scale or wording.unit)))


def _density_rows(pooled):
    """Return the rows of the predictive density, none where the result has no prediction interval."""
    pooled = getattr(pooled, "result", pooled)
    if not isinstance(pooled, PooledEffect | PosteriorEffect):
        raise ValueError(
            "prediction is 'density', the curve of a PooledEffect or PosteriorEffect, which a "
            f"{type(pooled).__name__} has not; give 'bar' or 'diamond'"
        )
    curve = predictive_density(pooled)
    return curve.rename(columns={"x": "contrast_estimate"}).assign(kind="density", name="predictive density")


def columns_of(pooled, data=None):
    """Return the names of the columns that the effects of a result, and the ``data`` beside it, have of their own."""
    tables = (getattr(each, "table", each) for each in (getattr(pooled, "effects", None), data) if each is not None)
    return {name for table in tables for name in table}


def warn_of_own(theirs, asked, ours=("n", "arms", "effect", "weight", "p")):
    """Warn where a name that was asked for is that of a column made here, and of one of the trials too."""
    for argument, names in asked.items():
        for name in names:
            # Without people in both arms, n is whatever the trials call so.
            if name in ours and name in theirs and not (name == "n" and not {"n_t", "n_treatment"} & theirs):
                warnings.warn(
                    f"{argument} names {name!r}, {OURS[name]}; the trials have a column of this name too, which is not "
                    "drawn: rename it to draw it",
                    stacklevel=4,  # where the figure was asked for
                )


def add_columns(table, chosen, symbols, wording, usual=("n", "arms", "effect", "weight", "p")):
    """Return the table with the printed text of the chosen columns of the trials.

    Parameters
    ----------
    table : Rows
        Of ``build_rows`` with its usual cells.
    chosen : dict
        Name of the argument -> names of columns.
    symbols : dict
        column -> (value -> letter).
    wording : Wording
        Its decimals are those of means and SDs.
    usual : tuple of str
        Columns that are no column of the trials.
    """
    trial, columns = table["kind"] == "trial", list(table)
    for argument, name in ((argument, name) for argument, names in chosen.items() for name in names):
        if name == "p":
            table = table.assign(text_p=_pvalue_texts(table, argument, wording))
        elif name in usual and not (name == "n" and not {"n_treatment", "n_placebo"} <= {*table}):
            table = _add_arm_cells(table, wording) if name == "arms" else table
        # flags are no column to print: they stand behind the names as footnote marks
        elif name not in table or name == "flags":
            raise ValueError(
                f"{argument} names 'n', but the trials have no people of both arms, and no column n of their own"
                if name == "n"
                else f"{argument} names {name!r}, which is neither one of {', '.join(usual)} nor a column of the trials"
                f"{_check.meant(name, (*usual, *columns))}"
            )
        elif name not in symbols:
            table = table.assign(**{f"text_{name}": _column_texts(np.where(trial, table[name], None), name)})
    for name, letters in symbols.items():
        table = _add_letters(table, name, letters, trial)
    return table


def _pvalue_texts(table, argument, wording):
    """Return the p values of no effect: of trials on the normal distribution, of pooled results as they were tested."""
    if not math.isfinite(wording.measure.null):
        raise ValueError(f"{argument} names 'p', but no {wording.measure.name} means that there is no effect")
    return [equals(p).removeprefix("= ") if _is_numeric(p) else "" for p in table["contrast_pvalue"]]


def _add_arm_cells(table, wording):
    """Add what stands of both arms, events or means and SDs; numbers of patients are among the usual cells."""
    parts = _parts_of(table, wording)
    for arm in ARMS:
        missing = [f"{part}_{arm}" for part in parts if f"{part}_{arm}" not in table]
        if missing:
            raise ValueError(
                f"columns names 'arms', which needs mean, SD and n of both arms; missing: {', '.join(missing)}"
            )
        if "events" in parts:
            table = table.assign(**{f"text_events_{arm}": _column_texts(table[f"events_{arm}"], "events")})
            continue
        for part in ("mean", "sd"):
            values = np.where(table["kind"] == "trial", table[f"{part}_{arm}"], np.nan)
            texts = ["" if v != v else fixed(v, wording.digits) for v in values]
            table = table.assign(**{f"text_{part}_{arm}": texts})
    return table


def _parts_of(table, wording):
    """Return what stands of each arm, with headings: counts where the effects are made of them."""
    return COUNTS if "events_treatment" in table and wording.measure in COUNTED else PARTS


def _column_texts(values, name):
    """Return one text per row: numbers with the decimals they were given with down the column, years plain."""
    known = [v for v in values if _is_numeric(v)]
    # numbers that name something, and do not count or measure it
    plain = name in ("year", "id", "pmid")
    most = 1 if max(map(abs, known), default=0) >= 10 else 2
    places = 0 if plain else max((given_decimals(v, most) for v in known), default=0)
    return [
        "" if _is_missing(v) else (f"{v:.0f}" if plain else fixed(v, places)) if _is_numeric(v) else str(v)
        for v in values
    ]


def _is_missing(value):
    """Say whether a cell of the trials is empty: None, NaN, NaT or NA."""
    return bool(pd.isna(value)) if pd.api.types.is_scalar(value) else value is None


def _is_numeric(value):
    """Say whether a cell of the trials is a finite number; True and False are words."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and math.isfinite(value)


def _add_letters(table, name, letters, trial):
    """Add the letters of a column of circles; the cells themselves stay empty, the circles are drawn later."""
    if name not in table:
        raise ValueError(f"symbols names {name!r}, which is not a column of the trials")
    values = np.where(trial, table[name], None)
    unknown = sorted({str(v) for v in values if not _is_missing(v) and v not in letters})
    if unknown:
        raise ValueError(f"symbols[{name!r}] has no letter for {', '.join(unknown)}; give one for every value")
    marks = ["" if _is_missing(v) else words.letter_of(letters[v]) for v in values]
    return table.assign(**{f"symbol_{name}": marks, f"text_symbol_{name}": ""})


def computed_sentence(quantity, groups, total, wording, between=None):
    """Return the paragraph that says how blocks of trials were pooled, and what to be careful with."""
    pooled = total.results["contrast"]
    return words.sentences(
        quantity if wording.measure or wording.unit else "",
        words.model_sentence(pooled, wording),
        words.heterogeneity_sentence(pooled, wording) if style.option("overall") else "",
        words.overall_test(pooled, wording) if style.option("overall") else "",
        words.subtotals_sentence(groups),
        words.between_sentence(between),
        words.few_sentence(groups, wording),
        words.narrow_sentence([*groups, total] if style.option("overall") else groups, wording),
    )


def _models_sentence(models):
    """Return how each further model was made."""
    said = []
    for name, model in models.items():
        how = _how_made(model)
        known = f"{plain(name).lower()}, "  # a model that is named after itself need not say so twice
        said.append(f"{name}: {how[len(known) :] if how.lower().startswith(known) else how}")
    return words.named(*said)


def _how_made(model):
    """Return model and interval, and the priors of a posterior."""
    at = level(model.confidence_level)
    if _is_posterior(model):
        priors = f"{words.prior_words(model.tau_prior)}, {words.prior_words(model.mu_prior)}"
        return f"posterior median and {at} equal-tailed interval, {priors}"
    if hasattr(model, "imputations"):
        name, sds = (
            words.model_name(model),
            f"{number(model.imputations, 0)} imputations of missing SDs by Rubin's rules",
        )
        return f"{sds}, {name[0].lower()}{name[1:]}, {at} interval on t"
    if hasattr(model, "tau2_method"):
        name = words.model_name(model)
        ci = words.REFERENCE.get(model.ci_method, model.ci_method)
        return f"{name[0].lower()}{name[1:]}, {at} interval by {ci}"
    return f"common effect, {at} interval by the normal distribution"


def tracks_of(table, left, right, symbols, panels, wording):
    """Return the tracks of the figure: names, the left columns, the panels, the right columns."""
    table = Rows.of(table)

    def columns(chosen):
        return [x for name, head in chosen.items() for x in _columns_of(table, name, head, symbols, wording)]

    names = name_column(wording)
    later = {name: None for name in symbols if name not in left and name not in right}
    return [names, *columns(left), *panels, *columns({**right, **later})]


def name_column(wording):
    """Return the column of names."""
    return Column("name", words.capital(wording.noun), ("text_name",), "left", tail="text_tail")


def _columns_of(table, name, head, symbols, wording):
    """Return the columns of one name: two for patients and changes, six for the arms, one for anything else."""
    arms = dict(zip(ARMS, wording.arms or words.UNNAMED, strict=True))
    short = short_names(tuple(map(plain, arms.values())))
    quoted = (words.quoted(cut) if arm != plain(arm) else cut for arm, cut in zip(arms.values(), short, strict=True))
    shown = dict(zip(ARMS, quoted, strict=True))
    own = f"text_{name}" in table  # a column of the trials that has a name of ours, which is not made here
    if name == "n" and not own:
        return [
            Column("n", called, (f"text_n_{arm}",), span=head or "Patients")
            for arm, called in shown.items()
            if f"n_{arm}" in table
        ]
    if name == "change" and not own:
        return [Column("change", shown[arm], (f"text_{arm}",), span="Change") for arm in reversed(ARMS)]
    if name == "arms":
        return [
            Column("arms", title, (f"text_{part}_{arm}",), span=words.capital(called))
            for arm, called in arms.items()
            for part, title in _parts_of(table, wording).items()
        ]
    if name in ("effect", "difference") and not own:
        return [effect_column(table, head, wording)]
    if name == "p":
        return [Column("p", head or "p", ("text_p",))]
    if name == "weight":
        return [Column("weight", head or "Weight", ("text_weight",))]
    head = head or words.capital(name.replace("_", " "))
    if name in symbols:
        return [Column(name, head, (f"text_symbol_{name}",), "left", letters=tuple(symbols[name].items()))]
    numeric = name in table and all(_is_numeric(v) or _is_missing(v) for v in table.of_kind("trial")[name])
    return [Column(name, head, (f"text_{name}",), "right" if numeric else "left", muted=not numeric, wraps=not numeric)]


def short_names(names):
    """Return the names of both arms above narrow columns: without words that they share, cut where they stay apart."""
    own = [name.split() for name in names]
    for end in (-1, 0):
        while min(map(len, own)) > 1 and own[0][end] == own[1][end]:
            own = [each[:end] if end else each[1:] for each in own]
    whole = (SHORT.get(" ".join(each), " ".join(each)) for each in own)
    cut = tuple(name if len(name) <= SHORT_LETTERS else f"{name[: SHORT_LETTERS - 2].rstrip()}." for name in whole)
    return names if cut[0] == cut[1] else cut


def effect_column(table, head, wording):
    """Return the column of the estimate and its limits, each aligned on the decimal point, under a heading or ours."""
    head = head or f"{words.effect_head(wording, table)} {bracketed(words.intervals_of(table))}"
    return Column("difference", head, ("text_estimate", "text_low", "text_high"), whole="text_whole")


def drop_order(left, right, symbols=()):
    """Return the names of columns in the order in which a page that is too narrow gives them up; "effect" stays.

    The area of a square tells the weight too; nothing else tells what circles do.
    """
    last = ("effect", "weight", "n", "arms", *symbols)
    return (
        *(name for name in (*reversed(right), *reversed(left)) if name not in last),
        "arms",
        "n",
        "weight",
        *symbols,
    )
