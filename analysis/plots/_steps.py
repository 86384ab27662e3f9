"""Forests of many pooled results: trials added one after the other, or each left out in turn."""

import numpy as np
import pandas as pd

from analysis.plots import _style as style
from analysis.plots import _words as words
from analysis.plots._arms_forest import with_reference_rows
from analysis.plots._axis import panel_limits
from analysis.plots._canvas import FigureContent, draw_page
from analysis.plots._cells import add_cells, digits_for
from analysis.plots._forest_axes import into_axes
from analysis.plots._forest_blocks import NAMES, RATIOS
from analysis.plots._forest_columns import as_headings, effect_column, effect_head
from analysis.plots._layout import Column, Panel, Series
from analysis.plots._themes import themed
from analysis.text import counted, equals, interval, level, number, percent

NEEDED = ("label", "k", "estimate", "ci_low", "ci_high")
HEADS = {"k": "k", "tau": "τ", "tau2": "τ²", "i2": "I²", "pvalue": "p", "q": "Q", "q_pvalue": "p of Q"}


@themed
def steps_forest(
    steps,
    *,
    overall=None,
    columns=None,
    right=("effect", "tau", "i2"),
    measure=None,
    unit="",
    confidence_level=None,
    favours=("favours treatment", "favours placebo"),
    digits=None,
    title=None,
    width_mm=None,
    ax=None,
    note="",
):
    """Draw the pooled result of every step of ``cumulative`` or ``leave_one_out``.

    Parameters
    ----------
    steps : pandas.DataFrame
        From ``cumulative`` or ``leave_one_out`` (known by its column shift).
    overall : PooledEffect, optional
        All trials together, for a diamond below the steps. Steps of ``cumulative`` end in it; of ``leave_one_out``
        only the estimate is known without it.
    columns, right : sequence of str, or mapping of str to heading
        Columns of the steps left and right of the panel; "effect" is the estimate with its interval. Default left:
        what the trials were sorted by, if anything, and "k".
    measure : str, optional
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log axis. Default: that of ``overall``, or "MD".
    unit : str
        Such as "points on 0–10".
    confidence_level : float, optional
        Level of the intervals. Default: that of ``overall``, or 0.95.
    favours : (str, str) or None
    digits : int, optional
    title : str, optional
    width_mm : float, optional
        Default: 174, wider where the columns need it.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        As for ``forest``.
    note : str

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``forest``; that of ``ax`` where it is given.

    Raises
    ------
    ValueError
        If a column is missing, or there is no step.

    Examples
    --------
    >>> import analysis
    >>> effects = analysis.effect_sizes(analysis.read_trials("data/trials.csv"))
    >>> fig = analysis.steps_forest(analysis.cumulative(effects), unit=effects.unit)
    >>> fig.content.table["kind"].tolist()[-5:-2]
    ['trial', 'trial', 'total']
    """
    left, right = _headings(steps, columns), as_headings(right)
    _check(steps, [*left, *right])
    measure = measure or getattr(overall, "measure", "") or "MD"
    at = confidence_level or getattr(overall, "confidence_level", 0.95)
    table = _rows(steps, overall, at)
    shown = table.loc[table["kind"] == "trial", ["contrast_low", "contrast_high"]]
    digits = digits if digits is not None else 2 if measure in RATIOS else digits_for(*shown.to_numpy().T)
    table = _with_text(table, [*left, *right], digits, measure in RATIOS)
    panel = _panel(table, measure, unit, favours)
    if ax is not None:
        return into_axes(ax, table, panel)
    out = "shift" in steps
    what = NAMES.get(measure, measure).lower()
    title = title or f"Pooled {what} {'without each trial in turn' if out else 'as trials are added'}"
    diamond = table.loc[table["kind"] == "total", "contrast_low"].notna().all()
    footer = [line for line in (_footer(panel, out, at, diamond), words.sentences(note)) if line]
    tracks = _tracks(table, left, right, panel, out, level(at))
    drop = (*[name for name in (*reversed(right), *reversed(left)) if name != "effect"],)
    fig, table = draw_page(table, tracks, title=title, footer=footer, width_mm=width_mm, drop=drop, usual_mm=174.0)
    said = _findings(table, digits, np.exp if panel.ratio else float, out)
    caption = " ".join([words.sentences(title), said, *footer])
    rows = with_reference_rows(table, panel, footer)
    fig.content = FigureContent(rows, title, caption, words.sentences(f"Forest plot: {title}") + " " + said)
    return fig


def _headings(steps, columns):
    """Return name -> heading of the columns at the left."""
    if columns is not None:
        return as_headings(columns)
    if "order" not in steps or list(steps["order"]) == list(range(1, len(steps) + 1)):
        return {"k": None}
    values = pd.to_numeric(steps["order"], errors="coerce")
    years = values.between(1800, 2200).all() and (values % 1 == 0).all()
    return {"order": "Year" if years else "Sorted by", "k": None}


def _check(steps, names):
    missing = [c for c in (*NEEDED, *names) if c not in getattr(steps, "columns", ()) and c != "effect"]
    if missing:
        raise ValueError(
            f"steps has no column {', '.join(dict.fromkeys(missing))}; pass the table of cumulative or leave_one_out"
        )
    if not len(steps):
        raise ValueError("steps has no row: there is nothing to draw")


def _rows(steps, overall, at):
    """Return the lines of the figure: the steps, then all trials."""
    known = {"label": "name", "estimate": "contrast_estimate", "ci_low": "contrast_low", "ci_high": "contrast_high"}
    rows = steps.rename(columns=known).assign(kind="trial", group="", notes="", contrast_imputed=False)
    total = {"kind": "total", "name": "All trials", "group": "", "notes": "", "confidence_level": at}
    if overall is not None:
        total |= {"contrast_estimate": overall.estimate, "contrast_low": overall.ci.low}
        total |= {"contrast_high": overall.ci.high, "contrast_k": overall.k, "k": overall.k}
        total |= {name: getattr(overall, name) for name in ("tau", "tau2", "i2", "q", "pvalue", "q_pvalue")}
    elif "shift" in steps:
        first = steps.iloc[0]
        total |= {"contrast_estimate": first["estimate"] - first["shift"], "contrast_k": first["k"] + 1}
        total |= {"contrast_low": np.nan, "contrast_high": np.nan}
    else:
        last = rows.iloc[-1]
        total |= {name: last[name] for name in rows if name not in (*total, "order", "contrast_imputed", "name")}
        total |= {"contrast_k": last["k"]}
    rows["contrast_k"] = rows["k"]
    return pd.concat([rows, pd.DataFrame([total])], ignore_index=True).assign(weight=np.nan)


def _with_text(table, names, digits, ratio):
    cells = add_cells(table, digits=digits, ratio=ratio)
    total = cells["kind"] == "total"
    unknown = total & cells["contrast_low"].isna()  # the estimate alone is known
    shown = np.exp if ratio else np.asarray
    cells.loc[unknown, "text_whole"] = ""
    cells.loc[unknown, "text_estimate"] = [number(shown(x), digits) for x in cells.loc[unknown, "contrast_estimate"]]
    if "k" in names:
        cells.loc[total, "text_tail"] = ""
    for name in names:
        if name != "effect":
            cells[f"text_{name}"] = [_text(value, name, digits) for value in cells[name]]
    return cells


def _text(value, name, digits):
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value
    if name == "i2":
        return percent(value)
    if name in ("pvalue", "q_pvalue"):
        return equals(value).removeprefix("= ")
    if name == "order":
        return f"{value:.0f}" if value % 1 == 0 else number(value, digits)
    return number(value, 0 if name == "k" else digits)


def _panel(table, measure, unit, favours):
    trials, ratio = table[table["kind"] == "trial"], measure in RATIOS
    caption = ", ".join(part for part in (f"Pooled {NAMES.get(measure, measure).lower()}", unit) if part)
    return Panel(
        "contrast",
        (NAMES.get(measure, measure), measure),
        (Series("contrast", ("pooled",), style.INK, style.INK, "step"),),
        panel_limits(*(trials[f"contrast_{end}"] for end in ("estimate", "low", "high"))),
        (f"{caption}, log scale" if ratio else caption,),
        favours=favours or (),
        ratio=ratio,
    )


def _tracks(table, left, right, panel, out, at):
    def columns(chosen):
        for name, head in chosen.items():
            if name == "effect":
                yield effect_column(table, head or effect_head(panel), at)
                continue
            text = any(isinstance(v, str) for v in table.loc[table["kind"] == "trial", name])
            head = head or HEADS.get(name, name.replace("_", " ").capitalize())
            yield Column(name, head, (f"text_{name}",), "left" if text else "right")

    name = Column("name", "Trial left out" if out else "Trial added", ("text_name",), "left", tail="text_tail")
    return [name, *columns(left), panel, *columns(right)]


def _footer(panel, out, at, diamond):
    what = (
        "each row: the pooled result of all trials but the one named"
        if out
        else "each row: the pooled result of the trial named and all above it"
    )
    lines = f"{what}, with its {level(at)} confidence interval"
    whole = "diamond below and dotted line" if diamond else "dotted line"
    marks = f"small diamonds: pooled results of the steps; {whole}: all trials"
    return words.sentences(panel.captions[0], lines, f"{marks}; arrowhead: interval leaves the panel")


def _findings(table, digits, show, out):
    """Return in words how far the steps run."""
    steps, total = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    span = interval(show(steps["contrast_estimate"].min()), show(steps["contrast_estimate"].max()), digits)
    limits = interval(show(total["contrast_low"]), show(total["contrast_high"]), digits)
    ci = f" ({level(total['confidence_level'])} CI {limits})" if np.isfinite(total["contrast_low"]) else ""
    over = f"over {number(len(steps), 0)} steps the pooled estimate runs from {span}"
    if out:
        over = f"with one trial left out the pooled estimate runs from {span}"
    whole = f"{counted(total['contrast_k'])} together: {number(show(total['contrast_estimate']), digits)}{ci}"
    return words.sentences(over, whole)
