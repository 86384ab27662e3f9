"""The specification curve: every analysis sorted by its estimate, and below it what was chosen in each.

Every analysis has a mark of its own, or, where there are thousands, every bin of neighbours.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import SubFigure

from analysis import _check
from analysis._docs import documented
from analysis._types import PageOptions, PageWidth
from analysis.evidence.multiverse import HETEROGENEOUS, choice_effects, marked, sides, wording_of
from analysis.measures import Measure
from analysis.plots import _theme as style
from analysis.plots._layout import (
    Column,
    Panel,
    body_of,
    head_lines,
    line_height,
    panel_limits,
    text_width,
    wrap_evenly,
)
from analysis.plots._marks import add, area_entry, line_entry, lines, markers, scatter
from analysis.plots._page import ReportFigure, Spec, Strip, draw, key_below
from analysis.plots._plane import Plane, Scale, room_for, set_upright, size_of, title_axes
from analysis.plots._rows import decimals
from analysis.plots._theme import themed
from analysis.plots._words import as_quoted, sentences
from analysis.sentences import Wording
from analysis.text import level, number, percent

TITLE = "The same trials, analysed in every sensible way"
RESULTS = ("k", "estimate", "ci_low", "ci_high")
ALL = "All"  # the row of all combinations, which comes before those of the choices

NO_NULL = Measure("MN")  # ranks are nowhere null

# What an interval says, and its colour by its name in the theme.
FINDINGS = {"below zero": "TEAL", "includes zero": "FAINT", "above zero": "ORANGE"}
# Of the common-effect model where true effects differ; its marks are thin, which shows in grey too.
THIN, THIN_SAID = 0.5, f"thin: common-effect model, although I² is {percent(HETEROGENEOUS)} or more"

PRINTED = {
    "Choice": ("text_name",),
    "Option": ("text_option",),
    "Combinations": ("text_n",),
    "Mean estimate": ("text_mean",),
    "Interval excludes 0": ("text_share",),
}

CHOICES = {
    ALL: "All combinations",
    "correlation": "Correlation, start and end",
    "crossover_correlation": "Correlation, two periods",
    "missing_sd": "Missing SDs",
    "outcome": "Score preferred",
    "tau2_method": "τ² estimator",
    "ci_method": "Interval",
    "doubtful": "Doubtful trials",
    "second_hand": "Read second-hand",
    "single_session": "Single sessions",
    "contrast_rows": "Reported differences",
}

OPTIONS = {
    "include": "included",
    "exclude": "left out",
    "drop": "trial left out",
    "impute": "borrowed, pooled",
    "impute-median": "borrowed, median",
    "impute-largest": "borrowed, largest",
    "impute-multiple": "imputed many times",
    "CE": "common effect",
    "t": "Wald, t(k−1)",
    "z": "Wald, normal",
    "HKSJ-mod": "HKSJ, floored",
    "HKSJ-wide": "HKSJ or Wald",
    "ancova": "adjusted",
}

ROW_MM, BETWEEN_MM = 3.5, 1.6  # height of an option, and the space between choices
SHARE_HEIGHT = 0.84  # of the row
CURVE_MM, BELOW_MM = 50.0, 1.4  # the curve, and the space below it
PANEL_SHARE = 0.22  # of the width, before columns are dropped
SIDE_MM = 34.0  # for what the axis shows, left of it
OWN_MARK_MM = 0.2  # analyses at least this far apart have marks of their own
OPEN_PT = 2.5  # of those, circles that are nearer to one another than this are all filled
BIN_MM, BIN_LEAST = 1.0, 8  # width of a bin, and the analyses it holds at least


@dataclass(frozen=True, eq=False)
class _AboutAnalyses:
    """What the words are about: analyses in the order of the curve, options, axis, level and wording."""

    ordered: pd.DataFrame
    options: pd.DataFrame
    limits: tuple
    level: float
    combinations: int  # those without an interval too, which are not in ``ordered``
    words: Wording
    marked: str  # which analysis is marked: the default, or the one that is reported

    def count(self, finding):
        """Return how many intervals lie "below zero", "above zero", or which "includes zero"."""
        return int((self.ordered["finding"] == finding).sum())

    @cached_property
    def usual(self):
        """The default analysis as a table of one row; of none where it is not marked or has no interval."""
        return self.ordered[self.ordered["default"]].iloc[:1]


@documented
@themed
def multiverse_plot(
    analyses: pd.DataFrame,
    *,
    default: Hashable | None = None,
    order: Sequence[str] | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    note: str = "",
    ax: Axes | SubFigure | None = None,
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw the specification curve of many analyses of the same trials.

    Parameters
    ----------
    analyses : pandas.DataFrame
        From :func:`analysis.multiverse`: one row per combination of choices, the choices left of the column k, then
        estimate, ci_low, ci_high. Choices with a single option are not drawn.
    default : hashable, optional
        Index of the row that is marked as the default analysis. Default: the row that ``multiverse`` marks.
    order : sequence of str, optional
        Choices from top to bottom. Default: those that move the estimate most come first.
    {title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174.
    digits : int, optional
        Decimals of the printed numbers. Default: as many as the intervals ask for.
    {note}
    ax : matplotlib.axes.Axes or SubFigure, optional
        Where the curve alone is drawn, without the rows of options, whose names need a page of their own.
    {footer, dpi}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: one row per option, and one per analysis or bin of analyses; title, caption and alternative
        text.

    Raises
    ------
    ValueError
        If columns are missing, no analysis has an interval, no choice has two options, or the page is too narrow.

    See Also
    --------
    analysis.multiverse : Pool the trials by every combination of choices.
    analysis.choice_effects : Compute how far each choice moves the estimate.
    analysis.multiverse_findings : Say in words what the analyses show.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Up to a few hundred analyses have marks of their own. More are drawn in bins of neighbours: a dark band inside all
    intervals of the bin, a pale one as far as any of them reaches, and for each option the share of the bin that took
    it. Analyses that ignore heterogeneity are drawn thin: their lines and ticks, and their share of a bin in the
    rows of options.

    References
    ----------
    Simonsohn, Simmons & Nelson 2020, Nat Hum Behav 4:1208-1214, doi 10.1038/s41562-020-0912-z (the specification
    curve).

    Examples
    --------
    >>> import analysis
    >>> trials = analysis.read_trials("data/trials.csv")
    >>> frame = analysis.multiverse(trials, correlation=0.5, crossover_correlation=0.5, missing_sd="impute")
    >>> fig = analysis.multiverse_plot(frame)
    >>> fig.content.table["choice"].dropna().unique()[:2].tolist()
    ['All', 'second_hand']
    """
    choices, means = _choices_of(analyses, order)
    ordered = _sorted_analyses(analyses, choices, default)
    words = as_quoted(wording_of(analyses, digits))
    rows = _option_rows(ordered, {name: analyses[name].unique() for name in choices}, means, words)
    limits = panel_limits(*(ordered[name] for name in ("estimate", "ci_low", "ci_high")))
    about = _AboutAnalyses(
        ordered,
        rows,
        limits,
        _multiverse_level(analyses),
        len(analyses),
        words,
        analyses.attrs.get("marked", "default"),
    )
    if ax is not None:
        return _draw_curve_into(about, ax)
    ranks = {"limits": (0, len(ordered)), "measure": NO_NULL, "draws": partial(_draw_options, about)}
    panel = Panel("options", (), (), captions=(), share=PANEL_SHARE, **ranks)
    found = _analyses_sentence(about)
    spec = Spec(
        rows,
        [
            Column("choice", "", ("text_name",), "left"),
            Column("option", "", ("text_option",), "left"),
            panel,
            Column("mean", "Mean estimate", ("text_mean",), lines=2),
            Column("share", "Interval excludes 0", ("text_share",), lines=2),
        ],
        words,
        title=title or TITLE,
        said=found,
        computed="",
        marks=partial(_marks_of, about),
        facts=(
            *_beyond_sentences(about),
            "choices stand in the order in which they move the mean estimate, all else equal" if order is None else "",
            "the analyses share their trials: how many intervals exclude zero describes them and is no test",
        ),
        notes=(sentences(note),),
        seen=_seen(about),
        in_words=found,
        kind="Specification curve",
        drop=("mean", "share"),
        settle=partial(_settled, about),
        above=partial(_above_rows, about),
        below=lambda layout: key_below(_key_entries(about), layout.width),
        printed=PRINTED,
    )
    return draw(spec, width_mm=width_mm)


def _choices_of(analyses, order):
    """Return the choices with several options, from top to bottom, and the mean estimates (choice, option) -> number.

    Without an ``order`` they stand as ``choice_effects`` sorts them, the one that moves the estimate most first.
    """
    _check.table(analyses, "analyses", RESULTS, "multiverse")
    columns = list(analyses.columns[: analyses.columns.get_loc("k")])
    choices = [name for name in columns if analyses[name].nunique() > 1]
    if not choices:
        raise ValueError("no choice has two options: there is nothing to compare; give multiverse more options")
    moved = choice_effects(analyses)
    means = dict(zip(zip(moved["choice"], moved["option"], strict=True), moved["mean_estimate"], strict=True))
    if order is None:
        known = [name for name in dict.fromkeys(moved["choice"]) if name in choices]
        return known + [name for name in choices if name not in known], means
    if sorted(order) != sorted(choices):
        raise ValueError(f"order must name every choice with several options once: {', '.join(choices)}")
    return list(order), means


def _sorted_analyses(analyses, choices, default):
    """Return the analyses with an interval, sorted by estimate, with what their interval says ("finding")."""
    usual = analyses.get("default", pd.Series(False, index=analyses.index)).astype(bool)
    if default is not None:
        if default not in analyses.index:
            raise ValueError(f"default is {default!r}, which is not in the index of analyses")
        usual = pd.Series(analyses.index == default, index=analyses.index)
    # combinations that come to the same analysis share its number; without numbers each counts as one of its own
    same = analyses.get("analysis", pd.Series(np.arange(len(analyses)), index=analyses.index))
    rows = analyses[[*choices, *RESULTS]].assign(analysis=same, default=usual, thin=marked(analyses))
    rows = rows[rows[["estimate", "ci_low", "ci_high"]].notna().all(axis=1)]
    if rows.empty:
        raise ValueError("no analysis has an estimate with an interval: there is nothing to draw")
    rows = rows.sort_values("estimate", kind="stable", ignore_index=True)
    rows.attrs = {}  # which pandas would copy with every column
    below, above = rows["ci_high"] < 0, rows["ci_low"] > 0
    finding = np.select([below, above], ["below zero", "above zero"], "includes zero")
    return rows.assign(kind="analysis", rank=np.arange(len(rows)), finding=finding)


def _option_rows(ordered, options, means, words):
    """Return one row per option: how many analyses took it, and in how many of them the interval excludes zero.

    ``options`` are choice -> its options, from top to bottom, ``means`` (choice, option) -> mean estimate or NaN.
    """
    usual, records = ordered[ordered["default"]].iloc[:1], []
    for choice, values in {ALL: [ALL], **options}.items():
        for value in sorted(values, key=_option_rank):
            took = took_option(ordered, choice, value)
            line = {"kind": "total" if choice == ALL else "option", "group": "", "choice": choice, "option": value}
            line |= {"n": int(took.sum()), "excludes_zero": int((took & (ordered["finding"] != "includes zero")).sum())}
            line["mean_estimate"] = means.get((choice, value), np.nan)
            line["usual"] = choice != ALL and len(usual) > 0 and usual[choice].iloc[0] == value
            records.append(line)
    rows = pd.DataFrame(records)
    first = ~rows["choice"].duplicated()
    rows["height_mm"], rows["above_mm"] = ROW_MM, np.where(first, BETWEEN_MM, 0.0)
    rows["rule_mm"] = np.where(first & (rows["choice"] != ALL), (ROW_MM + BETWEEN_MM) / 2, np.nan)
    rows["bold"] = np.where(rows["usual"], "text_name text_option", "text_name")
    rows["text_name"] = [_choice_text(c) if opens else "" for c, opens in zip(rows["choice"], first, strict=True)]
    shown = {choice: _option_digits(values) for choice, values in options.items()}
    rows["text_option"] = [
        "" if row["choice"] == ALL else _option_text(row["option"], shown[row["choice"]]) for row in records
    ]
    rows["text_n"] = [number(n, 0) for n in rows["n"]]
    rows["text_mean"] = ["" if np.isnan(m) else words.write(m) for m in rows["mean_estimate"]]
    rows["text_share"] = [percent(e / n) if n else "" for e, n in zip(rows["excludes_zero"], rows["n"], strict=True)]
    return rows


def _option_rank(value):
    """Return the key that sorts the options of a choice: numbers by size, words as they come."""
    return (0, float(value)) if _is_number(value) else (1, 0.0)


def _is_number(value):
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def took_option(ordered, choice, option):
    """Return which analyses took an option."""
    return ordered["finding"].notna() if choice == ALL else ordered[choice] == option


def _choice_text(name):
    """Return a choice in words."""
    return CHOICES.get(name, str(name).replace("_", " ").capitalize())


def _option_digits(values):
    """Return the decimals that all numbers among the options of a choice need."""
    return max((decimals(value) for value in values if _is_number(value)), default=0)


def _option_text(value, digits):
    """Return an option in words, numbers with as many decimals as asked for."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return number(value, digits) if _is_number(value) else OPTIONS.get(value, str(value))


def _settled(about, width):
    """Return the rows for a panel of so many millimetres: options, analyses or bins of them, default and zero line."""
    n = len(about.ordered)
    bins = 0 if width / n >= OWN_MARK_MM else min(int(width / BIN_MM), n // BIN_LEAST)
    marks = _bin_rows(about.ordered, about.options, bins) if bins else about.ordered
    zero = pd.DataFrame([{"kind": "reference", "name": "zero line", "estimate": 0.0}])
    return pd.concat([about.options, marks, about.usual.assign(kind="default"), zero], ignore_index=True)


def _bin_rows(ordered, options, bins):
    """Return one row per bin of neighbouring analyses: ranks, estimates at both ends, bands, and shares.

    "reach" is as far as any interval of the bin goes, "inside" what all of them have in common (NaN where nothing).
    """
    n = len(ordered)
    edges = np.linspace(0, n, bins + 1).round().astype(int)
    start, last, size = edges[:-1], edges[1:] - 1, np.diff(edges)
    estimate, low, high = (ordered[name].to_numpy(float) for name in RESULTS[1:])
    thin = ordered["thin"].to_numpy()
    inside = np.maximum.reduceat(low, start), np.minimum.reduceat(high, start)
    inside = [np.where(inside[0] <= inside[1], end, np.nan) for end in inside]
    table = {"kind": "bin", "rank": start, "last_rank": last, "n": size}
    table |= {"estimate": estimate[start], "last_estimate": estimate[last]}
    table |= {"reach_low": np.minimum.reduceat(low, start), "reach_high": np.maximum.reduceat(high, start)}
    table |= {"inside_low": inside[0], "inside_high": inside[1]}
    for choice, option in zip(options["choice"], options["option"], strict=True):
        took = took_option(ordered, choice, option)
        for finding in FINDINGS:
            here = (took & (ordered["finding"] == finding)).to_numpy(float)
            table[share_name(choice, option, finding)] = np.add.reduceat(here, start) / size
            if thin.any():
                table[thin_name(choice, option, finding)] = np.add.reduceat(here * thin, start) / size
    return pd.DataFrame(table)


def share_name(choice, option, finding):
    """Return the name of the column of the bins' shares."""
    return f"{choice} = {option}, {finding}"


def thin_name(choice, option, finding):
    """Return the name of the column of the part of these shares that is drawn thin."""
    return f"{share_name(choice, option, finding)}, thin"


def _multiverse_level(analyses):
    """Return the confidence level of the analyses; in a table without it, that of multiverse unless asked otherwise."""
    return float(analyses["confidence_level"].iloc[0]) if "confidence_level" in analyses else 0.95


def _count_sentence(about):
    return f"{number(len(about.ordered), 0)} combinations of choices, sorted by estimate"


def _beyond_sentences(about):
    """Return how many analyses are not drawn as a whole, or not at all."""
    outside = ((about.ordered["ci_low"] < about.limits[0]) | (about.ordered["ci_high"] > about.limits[1])).sum()
    beyond = "1 interval ends" if outside == 1 else f"{number(outside, 0)} intervals end"
    gone = about.combinations - len(about.ordered)
    yield f"{beyond} beyond the axis" if outside else ""
    yield f"No interval, so not drawn: {number(gone, 0)}" if gone else ""


def _marks_of(about, table):
    """Return names of marks -> what they mean, as words.MARKS."""
    at, bins = level(about.level), table[table["kind"] == "bin"]
    usual = {
        "curve-default": f"diamond, dashed line and bold type: the {about.marked} analysis",
        "key-thin": _thin(about),
    }
    if not len(bins):
        return {
            "curve-estimates": f"{_count_sentence(about)}; circles: estimates",
            "curve-estimates-hollow": ", open where the interval includes zero",
            "curve-intervals": f"lines: {at} confidence intervals",
            "options-ticks": "rows: one mark under every combination that took the option",
        } | usual
    size = number(len(about.ordered) / len(bins), 0)
    reach = f"band, for every {size} neighbours: as far as any of their {at} confidence intervals reaches"
    if bins["inside_low"].notna().any():
        reach = (
            f"bands, for every {size} neighbours: inside all of their {at} confidence intervals (inner) and as far as "
            "any of them reaches (outer)"
        )
    shares = "rows: share of these neighbours that took the option, the full height being all of them"
    curve = f"curve: estimates of {number(len(about.ordered), 0)} combinations of choices, sorted"
    return {"curve-estimates": curve, "curve-reach": reach, "options-tracks": shares} | usual


def _thin(about):
    """Return what is drawn thin, how often, and that it counts for no mean; empty where nothing is."""
    n = about.ordered["thin"].sum()
    rest = ", left out of the mean estimates and of the order" if (about.options["option"] == "CE").any() else ""
    return f"{THIN_SAID} ({number(n, 0)} combinations){rest}" if n else ""


def _key_entries(about):
    """Return the entries of the key."""
    said = dict(zip(("below zero", "above zero"), sides(about.words), strict=True))
    thin = {"gid": "key-thin", "colors": style.MUTED, "linewidths": THIN * style.INTERVAL_PT}
    texts = {finding: ": ".join(filter(None, (f"interval {finding}", said.get(finding)))) for finding in FINDINGS}
    found = [(finding, colour) for finding, colour in _finding_colours().items() if about.count(finding)]
    areas = [area_entry(texts[finding], colour, gid=f"key-{_gid(finding)}") for finding, colour in found]
    return areas + [line_entry(THIN_SAID, **thin)] * bool(about.ordered["thin"].any())


def _gid(finding):
    return finding.replace(" ", "-")


def _finding_colours():
    """Return the colour of every finding in the theme."""
    return {finding: getattr(style, name) for finding, name in FINDINGS.items()}


def _draw_curve_into(about, ax):
    """Draw the curve alone into Axes, or a SubFigure, of another figure."""
    ax = ax if hasattr(ax, "set_xlim") else ax.subplots()
    ax.set(xticks=[], facecolor="none")
    ax.spines[["right", "top", "bottom"]].set_visible(False)
    plane = Plane(ax, Scale((0, len(about.ordered))), Scale(about.limits), *size_of(ax))
    _draw_axes_and_marks(about, plane, _settled(about, plane.width))
    title_axes(ax, _count_sentence(about), _axis_title(about.words), upright=True)
    return ax.get_figure(root=True)


def _above_rows(about, layout):
    """Return the Strip of the curve; the headings of the numbers stand beside its lower end."""
    heads = max(len(head_lines(placed.column)) for placed in layout.columns)
    box = *layout.panels["options"], style.STRIP_MM, style.STRIP_MM + CURVE_MM
    height = box[-1] + BELOW_MM - heads * line_height(style.BODY_PT)
    return Strip(height, [("curve", box, partial(_draw_curve, about, layout))])


def _draw_curve(about, layout, ax):
    """Draw the curve above the rows, and say what its axis shows and which analysis is the default."""
    (left, right), n = layout.panels["options"], len(about.ordered)
    plane = Plane(ax, Scale((0, n)), Scale(about.limits), right - left, CURVE_MM)
    labels = _draw_axes_and_marks(about, plane, layout.rows)
    if label := _default_label(about):
        half, edge = text_width(label, style.SMALL_PT) / 2, layout.width - style.MARGIN - left
        at = np.clip((about.usual["rank"].iloc[0] + 0.5) / n * plane.width, half, edge - half)
        plane.write(at, CURVE_MM + 2.1, label, style.CAPTION, align="center", gid="default-label")
    room = room_for(labels)
    _write_side(plane, -room, min(SIDE_MM, left - room - style.MARGIN), about.words)


def _draw_axes_and_marks(about, plane, table):
    """Draw axis, zero line, estimates, intervals and the default analysis; return the labels of the axis."""
    ax, usual, n, bins = plane.ax, about.usual, len(about.ordered), table[table["kind"] == "bin"]
    limits, (ticks, labels) = about.limits, plane.y.ticks(int(np.clip(plane.height / 7.0, 2, 7)))
    set_upright(ax, ticks, labels)
    ax.set(xlim=(0, n), ylim=limits)
    lines(ax, [[(0, 0), (n, 0)]], "curve-zero", colors=style.INK, linewidths=style.RULE_PT, zorder=2)
    if len(bins):
        _draw_bands(ax, bins, n, limits)
    else:
        _draw_each(ax, about.ordered, plane.width / n * style.PT_PER_MM, limits)
    if len(usual):
        x, y, high = usual["rank"].iloc[0] + 0.5, usual["estimate"].iloc[0], usual["ci_high"].iloc[0]
        # the line to the name begins at the end of the interval that is drawn; bins draw none for a single analysis
        stem = [[(x, y if len(bins) else min(high, limits[1])), (x, limits[1])]]
        lines(ax, stem, "curve-default-line", colors=style.INK, linewidths=style.RULE_PT, zorder=4)
        look = {"colours": [style.INK], "hollow": [False]}
        markers(ax, [(x, y)], ["diamond"], [style.POOLED_PT2 / 2], gid="curve-default", zorder=5, **look)
    return labels


def _draw_bands(ax, bins, n, limits):
    """Draw the bands of the intervals, and the curve through the first and last estimate of every bin."""
    edges = np.append(bins["rank"], n)
    for band, colour in zip(("reach", "inside"), style.REACH_BANDS, strict=True):
        low, high = (bins[f"{band}_{end}"].clip(*limits).to_numpy() for end in ("low", "high"))
        # Where the intervals of a bin have nothing in common, their band has no height.
        middle = bins["estimate"].clip(*limits).to_numpy()
        low, high = np.where(np.isnan(low), middle, low), np.where(np.isnan(high), middle, high)
        outline = PolyCollection([_steps(edges, low, high)], facecolor=colour, edgecolor="none", zorder=1)
        add(ax, outline, f"curve-{band}")
    x = bins[["rank", "last_rank"]].to_numpy(float).ravel() + 0.5
    points = np.column_stack([x, bins[["estimate", "last_estimate"]].to_numpy().ravel()])
    lines(ax, [points], "curve-estimates", colors=style.INK, linewidths=1.3, zorder=3)


def _steps(edges, bottom, top):
    """Return the outline of columns side by side, without the points inside a level stretch."""
    x = np.repeat(edges, 2)[1:-1]
    sides = []
    for y in (np.repeat(top, 2), np.repeat(bottom, 2)):
        turns = np.append(True, y[1:] != y[:-1])
        kept = turns | np.append(turns[1:], True)
        sides.append(np.column_stack([x, y])[kept])
    return np.vstack([sides[0], sides[1][::-1]])


def _draw_each(ax, ordered, pitch, limits):
    """Draw each analysis: interval, estimate as a circle, open where the interval includes zero and there is room."""
    x = ordered["rank"].to_numpy(float) + 0.5
    low, high = (ordered[name].clip(*limits) for name in ("ci_low", "ci_high"))
    ends = np.stack([np.column_stack([x, low]), np.column_stack([x, high])], axis=1)
    colours = [_finding_colours()[finding] for finding in ordered["finding"]]
    wide = min(style.INTERVAL_PT, 0.55 * pitch) * _thinned(ordered)
    lines(ax, ends, "curve-intervals", colors=colours, linewidths=wide, zorder=1)
    edge = [style.MUTED if f == "includes zero" else c for f, c in zip(ordered["finding"], colours, strict=True)]
    hollow = (ordered["finding"] == "includes zero") & (pitch >= OPEN_PT)
    face = [style.PAPER if each else e for each, e in zip(hollow, edge, strict=True)]
    size, rim = np.clip(0.9 * pitch, 1.5, style.CIRCLE_PT) ** 2, min(0.7, 0.3 * pitch)
    look = {"s": size, "c": face, "edgecolors": edge, "linewidths": rim, "zorder": 3}
    scatter(ax, x, ordered["estimate"], "curve-estimates", **look).hollow = bool(hollow.any())


def _thinned(ordered):
    """Return by what the width of the marks of each analysis is multiplied."""
    return np.where(ordered["thin"], THIN, 1.0)


def _axis_title(words):
    return ", ".join(filter(None, (f"Pooled {words.measure.name}", words.contrast, words.points)))


def _write_side(plane, right, wide, words):
    """Write what the axis shows, left of it: the measure, and which way is which."""
    (below, above), pitch, tall = sides(words), line_height(style.SMALL_PT), plane.height
    said = _axis_title(words), f"{above} ↑" if above else "", f"{below} ↓" if below else ""
    title, more, less = (wrap_evenly(text, wide, style.SMALL_PT) if text else [] for text in said)
    for name, text, top, look in (
        ("title", title, (tall + len(title) * pitch) / 2, style.CAPTION),
        ("more", more, tall, style.QUIET_CAPTION),
        ("less", less, len(less) * pitch, style.QUIET_CAPTION),
    ):
        for i, line in enumerate(text):
            plane.write(right, top - (i + 0.5) * pitch, line, look, align="right", gid=f"axis-{name}-{i}")


def _default_label(about):
    """Return the default analysis in words, empty where none is marked."""
    if about.usual.empty:
        return ""
    row = about.usual.iloc[0]
    limits = about.words.span(row["ci_low"], row["ci_high"])
    return f"{about.marked} analysis: {about.words.write(row['estimate'])} ({level(about.level)} CI {limits})"


def _draw_options(about, ax, panel, table, mm_per_unit):
    """Draw one row per option: a mark under every analysis that took it, or the share of each bin that did."""
    options, bins = body_of(table), table[table["kind"] == "bin"]
    if len(bins):
        _draw_shares(ax, bins, options, len(about.ordered))
    else:
        _draw_ticks(ax, about.ordered, options, mm_per_unit * style.PT_PER_MM)
    if len(about.usual):
        x, depth = about.usual["rank"].iloc[0] + 0.5, options["y_mm"].iloc[-1] + ROW_MM / 2
        look = {"colors": style.INK, "linewidths": style.RULE_PT, "linestyles": [(0, (2, 2))]}
        lines(ax, [[(x, ax.get_ylim()[1]), (x, depth)]], "options-default-line", zorder=2, **look)


def _draw_shares(ax, bins, options, n):
    """Draw the shares as columns, stacked by what the interval says; the full height of a row is all of a bin."""
    edges, tall = np.append(bins["rank"], n), SHARE_HEIGHT * ROW_MM
    base = np.repeat((options["y_mm"] + tall / 2).to_numpy()[:, None], len(bins), axis=1)
    full = [_steps(edges, low, low - tall) for low in base]
    add(ax, PolyCollection(full, facecolor=style.TRACK, edgecolor="none", zorder=0), "options-tracks")
    for finding, colour in _finding_colours().items():
        names = [share_name(c, o, finding) for c, o in zip(options["choice"], options["option"], strict=True)]
        if not bins[names].to_numpy().any():
            continue
        # the rows of the panel count downwards: what is smaller stands higher
        up = base - tall * bins[names].to_numpy().T
        outlines = [_steps(edges, low, high) for low, high in zip(base, up, strict=True)]
        look = {"facecolor": colour, "edgecolor": "none", "linewidth": 0, "zorder": 1}
        add(ax, PolyCollection(outlines, **look), f"options-{_gid(finding)}")
        if thin_name(ALL, ALL, finding) in bins:
            names = [thin_name(c, o, finding) for c, o in zip(options["choice"], options["option"], strict=True)]
            # What is thin takes the left half of its column: the right half is covered again.
            cut = np.repeat(up + tall * bins[names].to_numpy().T, 2, axis=1)
            cut[:, ::2] = up
            halves = np.append(np.column_stack([edges[:-1], (edges[:-1] + edges[1:]) / 2]).ravel(), edges[-1])
            outlines = [_steps(halves, np.repeat(low, 2), high) for low, high in zip(up, cut, strict=True)]
            look = {"facecolor": style.TRACK, "edgecolor": "none", "linewidth": 0, "zorder": 1.5}
            add(ax, PolyCollection(outlines, **look), f"options-{_gid(finding)}-thin")
        base = up


def _draw_ticks(ax, ordered, options, pitch):
    """Draw a tick for every analysis in the row of each option that it took."""
    took = [took_option(ordered, c, o).to_numpy() for c, o in zip(options["choice"], options["option"], strict=True)]
    row, at = np.nonzero(np.array(took))
    x, y = at + 0.5, options["y_mm"].to_numpy()[row]
    half = 0.36 * ROW_MM
    ends = np.stack([np.column_stack([x, y - half]), np.column_stack([x, y + half])], axis=1)
    colours = np.array([_finding_colours()[finding] for finding in ordered["finding"]])[at]
    wide = min(1.6, 0.62 * pitch) * _thinned(ordered)[at]
    lines(ax, ends, "options-ticks", colors=list(colours), linewidths=wide, zorder=1)


def _analyses_sentence(about):
    """Return what the analyses found, in one sentence."""
    n, different = len(about.ordered), about.ordered["analysis"].nunique()
    estimate, out = about.ordered["estimate"], n - about.count("includes zero")
    again = f" ({number(different, 0)} different analyses)" if different < n else ""
    words, found = about.words, []
    for where, said in zip(("below", "above"), sides(about.words), strict=True):
        if count := about.count(f"{where} zero"):
            found.append(f"{number(count, 0)} {where} it{f': {said}' if said else ''}")
    found = f" ({'; '.join(found)})" if found else ""
    ends = f"{words.write(estimate.min())} and {words.write(estimate.max())} {words.points}".rstrip()
    return sentences(
        f"{number(n, 0)} combinations of choices{again} put the pooled {words.measure.name} between {ends}; the "
        f"{level(about.level)} interval excludes zero in {percent(out / n)} of them{found}"
    )


def _seen(about):
    """Return what only those need who cannot see the figure."""
    options = about.options[about.options["kind"] == "option"]
    choices = [_choice_text(name) for name in dict.fromkeys(options["choice"])]
    return _default_label(about), _thin(about), f"Choices from top to bottom: {'; '.join(choices)}"
