"""The bubble plot of a meta-regression: trials along a moderator, the fitted mean and its two bands.

A moderator in numbers gives a line or curve over a plane of moderator and effect; one with categories gives a row for
each, with its trials, its fitted mean and both intervals as boxes. The words are the same for both: what the moderator
goes with, how categories differ, the test, and that trials were not randomised to their moderators.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import PageWidth, RegressionPIMethod
from analysis.measures import Measure
from analysis.models.regression import MetaRegression, moderator_curve
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import Panel, font, line_height, text_width, wrap
from analysis.plots._marks import REACH, area_entry, line_entry, marker_entry, rule, write
from analysis.plots._page import (
    TICKS_MM,
    FigureContent,
    ReportFigure,
    axis_height,
    draw_axis,
    write_captions,
)
from analysis.plots._plane import (
    EDGE_MM,
    Plane,
    Scale,
    areas_of,
    axis_title,
    band,
    draw_axes,
    draw_marks,
    footer_rows,
    limits_that_fill,
    lines_above,
    lower,
    named,
    null_of,
    paragraphs,
    room_for,
    sheet,
    size_of,
    spelled,
    swarm,
    title_axes,
    with_digits,
    with_rows,
    write_names,
    write_titles,
)
from analysis.plots._rows import decimals
from analysis.plots._theme import themed
from analysis.plots._words import degrees, sentences
from analysis.sentences import Wording
from analysis.text import bracketed, equals, level, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODELS = {"CE": "common-effect meta-regression", "fixed": "mixed-effects meta-regression, τ² given"}
REFERENCE = {
    "HKSJ": "Knapp-Hartung on t(k−p)",
    "HKSJ-wide": "Knapp-Hartung on t(k−p) or Wald, whichever are wider",
    "HKSJ-mod": "Knapp-Hartung with the factor floored at 1, on t(k−p)",
    "t": "Wald on t(k−p)",
    "z": "Wald on the normal distribution",
}
# Cochrane Handbook, section 10.11.5.1; here of each coefficient, as a moderator with categories has several
STUDIES_PER_MODERATOR = 10
MOST_LISTED = 4  # coefficients or differences in a sentence, and twice as many fitted means
NBSP = "\N{NO-BREAK SPACE}"

USUAL_MM, LEAST_MM = 150.0, 80.0
TALL = 0.6  # height of the panel over the width of the page
PAD = 0.06  # of the range of the trials, at both ends
LINE_PT = 1.4  # of the fitted mean
STROKE_PT = 1.6  # of the fitted mean of a category
RIM_PT = 1.0  # of paper around the fitted mean, on both sides together
EDGE_PT = 0.5

# rows of categories
NAME_MM = 36.0  # most room for their names
NUMBERS_MM = 125.0  # pages at least this wide have a column of numbers
ROW_CIRCLE_PT2 = 120.0  # largest area of a circle
LEAST_ROW_MM = 10.0
TYPICAL_ROW_MM = 14.0  # rows are as high as their circles need, so that areas are chosen before any height is known
ROW_PAD = 1.3  # mm above and below the outermost circles of a row
FARTHEST_MM = 14.0  # from the middle of a row to its outermost circle: more of them cover one another
BAND_SHARE = 0.5, 0.78  # of the least row: heights of the confidence and the prediction interval

# what a name that stands there costs, in millimetres of distance from its mark
ON_MEAN, ON_NULL = 5.0, 1.5


@dataclass(frozen=True, eq=False)
class _About:
    """What the words are about: the fit, its curve, the table of the figure, and its wording."""

    fit: object
    along: object
    table: pd.DataFrame
    x_label: str
    y_label: str
    caption: str  # the title of the axis of effects
    wording: Wording
    pi_method: str
    bands_leave: bool  # the panel

    @property
    def imputed(self):
        """Which trials have a standard deviation that was imputed."""
        return self.table.loc[self.table["kind"] == "trial", "imputed"].to_numpy(bool)

    @property
    def year(self):
        """Whether the moderator is a calendar year."""
        return not self.along.categorical and _is_year(self.along)

    @property
    def moderator(self):
        """The moderator as it stands within a sentence."""
        return lower(self.x_label)

    @property
    def predicts(self):
        """Whether there are prediction limits."""
        return bool(np.isfinite(self.along.curve["pi_low"]).all())

    @property
    def ratio(self):
        """Whether effects are read as ratios, so that coefficients are factors."""
        return self.wording.measure.is_ratio

    @property
    def observational(self):
        """What must be said with every regression."""
        return f"Observational: {self.wording.nouns} were not randomised to their moderators"

    def effect(self, row):
        """Return "−0.50 (95% CI −0.80 to −0.20)"."""
        at = f"{level(self.fit.confidence_level)} CI"
        return self.wording.within(row["estimate"], (row["ci_low"], row["ci_high"]), at)


def _is_year(along):
    """Say whether a moderator in numbers is a calendar year, whose thousands are not separated."""
    x = along.trials["x"]
    return "year" in along.moderator.lower() and bool(((x >= 1000) & (x < 3000)).all())


@documented
@themed
def bubble(
    regression: MetaRegression,
    moderator: str | None = None,
    *,
    label: int | Sequence[str] = 6,
    x_label: str | None = None,
    y_label: str | None = None,
    measure: str | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    pi_method: RegressionPIMethod = "t(k-p)",
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
) -> ReportFigure:
    """Draw a bubble plot of a meta-regression: trials along a moderator, and the fitted mean with both bands.

    Parameters
    ----------
    regression : MetaRegression
        From :func:`analysis.meta_regression`.
    moderator : str, optional
        Column of the data. Default: the first that the formula names. Numbers give a line or curve over their range,
        categories a row each.
    {label}
    x_label, y_label : str, optional
        What the moderator and the effects are, with units. Default: made from their names.
    {measure}
    favours : (str, str), "effects" or None
        What effects below and above the null value mean, "effects": as they say of arms and benefit; with None the null
        value need not be in the panel.
    pi_method : {"t(k-p)", "t(k-p-1)", "z"}
        Distribution of the prediction limits.
    {title, width_mm, digits, ax, note}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    TypeError
        For anything but a MetaRegression.
    ValueError
        If the formula lacks the moderator, a name is not that of a trial, or the page is too narrow.

    See Also
    --------
    analysis.meta_regression : Fit the regression that is drawn.
    analysis.moderator_curve : Compute the line or curve that is drawn.
    analysis.orchard : Draw trials by groups, without a model of moderators.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Other moderators are held at their mean or reference category. Areas are proportional to the weights in the
    regression, 1 / (vi + tau2). Rows of categories are drawn as in the orchard plot. A warning says where a moderator
    has fewer than ten trials for each of its coefficients.

    References
    ----------
    Thompson & Higgins 2002, doi 10.1002/sim.1187 (meta-regression and its figure).

    Nakagawa et al. 2021, doi 10.1002/jrsm.1424 (the orchard plot).

    Cochrane Handbook for Systematic Reviews of Interventions, section 10.11.5.1 (ten trials for each moderator).

    Examples
    --------
    >>> import analysis
    >>> effects = analysis.effect_sizes(analysis.read_trials("data/trials.csv"))
    >>> fit = analysis.meta_regression("yi ~ year", effects)
    >>> fig = analysis.bubble(fit)
    >>> int((fig.content.table["kind"] == "trial").sum())
    44
    """
    if not isinstance(regression, MetaRegression):
        give = "give a MetaRegression, such as meta_regression(formula, data)"
        raise TypeError(_check.refusal(regression, "bubble", give))
    along = moderator_curve(regression, moderator, pi_method=pi_method)
    wording = with_digits(Wording.of(regression, measure), digits, regression.yi, regression.vi)
    x_label = x_label or words.capital(spelled(along.moderator))
    caption, y_label = axis_title(y_label, wording), y_label or wording.measure.title
    table = _bubble_table(along, label, wording, regression.effects)
    has_null = favours is not None and np.isfinite(null_of(wording.measure))
    scale, bands_leave = _effect_scale(along, wording.measure, null=has_null)
    about = _About(regression, along, table, x_label, y_label, caption, wording, pi_method, bands_leave)
    favours = words.directions(favours, wording)
    if ax is not None:
        _draw_into(ax, about, scale, favours)
        return ax.figure
    width = width_mm or USUAL_MM
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}; a bubble plot needs at least {number(LEAST_MM, 0)} mm")
    title = title or f"{y_label} by {about.moderator}"
    footer = _bubble_footer(about, note, printed=along.categorical and width >= NUMBERS_MM)
    draw = _page_of_rows if along.categorical else _page_of_numbers
    fig = draw(about, scale, favours, title=title, footer=footer, width=width)
    caption = " ".join([sentences(title), *_bubble_footer(about, note)])
    null = {"kind": "reference", "name": "null value", "estimate": null_of(wording.measure)}
    rows = with_rows(table, null, *footer_rows(footer))
    in_words, alt = sentences(_bubble_finding(about), about.observational), _bubble_alt_text(title, about)
    printed = {
        words.capital(wording.noun): ("text_name",),
        x_label: ("text_x",),
        y_label: ("text_estimate",),
        "Confidence interval": ("text_ci",),
        "Prediction interval": ("text_pi",),
        "Weight": ("text_weight",),
    }
    fig.content = FigureContent(rows, title, caption, alt, in_words, printed)
    return fig


def _bubble_table(along, label, wording, effects):
    """Return one row per trial, then one per point of the curve or per category, and the slope."""
    trials = along.trials.rename(columns={"label": "name", "yi": "estimate"}).assign(kind="trial")
    known = effects is not None and "status" in effects.table
    imputed = effects.table.loc[effects.table["status"].eq("imputed"), "label"].astype(str) if known else []
    trials["imputed"] = trials["name"].isin(imputed)
    # the trials of a regression have no ids, so that only names are asked for; any of them may be named
    trials = named(trials, label, trials["estimate"] - trials["fitted"])
    trials["text_name"] = trials["name"]
    trials["text_x"] = trials["x"].astype(str) if along.categorical else _write_x(trials["x"], _is_year(along))
    trials["text_weight"] = [percent(w, 1) for w in trials["weight"]]
    curve = along.curve.assign(kind="category" if along.categorical else "curve")
    if along.categorical:
        curve["text_name"] = [f"{x}, fitted mean" for x in curve["x"]]
        for part in ("ci", "pi"):
            ends = curve[[f"{part}_low", f"{part}_high"]].to_numpy(float)
            curve[f"text_{part}"] = [wording.span(*pair) for pair in ends]
    rows = pd.concat([trials, curve], ignore_index=True)
    rows["text_estimate"] = [
        "" if kind == "curve" else wording.write(x) for kind, x in zip(rows["kind"], rows["estimate"], strict=True)
    ]
    return rows if along.slope is None else pd.concat([rows, _slope_row(along, wording)], ignore_index=True)


def _write_x(values, year=False):
    """Return the values of a moderator as texts with as few decimals as they have, up to two."""
    if year:
        return [f"{x:.0f}" for x in values]
    digits = max((decimals(float(x)) for x in values), default=0)
    return [number(float(x), digits) for x in values]


def _slope_row(along, wording):
    """Return the row of the slope, whose texts have decimals of their own."""
    name = f"{'Times' if wording.measure.is_ratio else 'Change'} per unit of {along.moderator}"
    slope, own = along.slope, _of_coefficient(along.slope, wording)
    texts = {"text_name": name, "text_estimate": own.write(slope["estimate"])}
    texts["text_ci"] = own.span(slope["ci_low"], slope["ci_high"])
    return pd.DataFrame([{"kind": "slope", "name": name, **slope, **texts}])


def _of_coefficient(row, wording):
    """Return the wording of a coefficient, with decimals that suit its own interval if these are more."""
    # differences of logits and the like stay on their scale, those of logs are ratios
    own = replace(wording, measure=wording.measure if wording.measure.is_ratio else Measure(""), digits=None)
    return own.to(own.decimals(row["ci_low"], row["ci_high"], wording.digits))


def _effect_scale(along, measure, *, null):
    """Return the scale of the effects, and whether a band leaves it: the trials and the fitted mean set it."""
    # prediction limits of few trials can be so wide that the trials would shrink to a line: these must fill the panel
    bands = along.curve[["ci_low", "ci_high", "pi_low", "pi_high"]].to_numpy(float)
    points = np.concatenate([along.trials["yi"], along.curve["estimate"], [0.0] if null else []])
    core = float(points.min()), float(points.max())
    wide = min(core[0], np.nanmin(bands)), max(core[1], np.nanmax(bands))
    low, high = limits_that_fill(core, wide)
    # effects that are all the same have no range to take a share of
    pad = PAD * (high - low or abs(high) or 1.0)
    bands_leave = wide[0] < low - pad or wide[1] > high + pad
    return Scale((low - pad, high + pad), measure), bands_leave


def _draw_into(ax, about, scale, favours):
    """Draw the panel into axes of another figure."""
    width, height = size_of(ax)
    if about.along.categorical:
        _draw_rows_into(ax, about, scale, width, height)
        title_axes(ax, about.caption, "", favours)
        return
    plane = Plane(ax, _moderator_scale(about.along), scale, width, height)
    _draw_plane(plane, about, areas_of(about.along.trials["weight"], width * height))
    title_axes(ax, about.x_label, about.caption, favours, upright=True)


def _moderator_scale(along):
    """Return the scale of a moderator in numbers, which has a range, or it could not have been fitted."""
    low, high = along.trials["x"].min(), along.trials["x"].max()
    pad = PAD * (high - low)
    return Scale((float(low - pad), float(high + pad)))


def _draw_plane(plane, about, size):
    """Draw axes and everything inside the panel of a moderator in numbers."""
    along = about.along
    draw_axes(plane)
    if about.year:
        ticks = plane.ax.get_xticks()
        plane.ax.set_xticks(ticks, _write_x(ticks, year=True))
    curve = {name: along.curve[name].to_numpy(float) for name in along.curve}
    x = curve["x"]
    for part, colour in (("pi", style.BAND), ("ci", style.BAND_DARK)):
        low, high = curve[f"{part}_low"], curve[f"{part}_high"]
        if np.isfinite(low).all():
            plane.areas([band(x, low, high)], f"bubble-{part}", colour, zorder=0.1 if part == "pi" else 0.2)
            edges = [np.column_stack([x, end]) for end in (low, high)]
            look = {"colors": style.BAND_DARK, "linewidths": EDGE_PT, "zorder": 0.15}
            plane.lines(edges, f"bubble-{part}-edges", **look)
    if plane.y.limits[0] < plane.y.null < plane.y.limits[1]:
        zero = [[(plane.x.limits[0], 0.0), (plane.x.limits[1], 0.0)]]
        plane.lines(zero, "bubble-null", colors=style.INK, linewidths=style.RULE_PT, zorder=0.5)
    points = along.trials[["x", "yi"]].to_numpy(float)
    mean = np.column_stack([x, curve["estimate"]])
    # upon the circles, whose zorder is 3
    plane.lines([mean], "bubble-mean-rim", colors=style.PAPER, linewidths=LINE_PT + RIM_PT, zorder=3.05)
    plane.lines([mean], "bubble-mean", colors=style.MODEL, linewidths=LINE_PT, zorder=3.1)
    fitted = np.column_stack([points[:, 0], along.trials["fitted"]])
    lines = ["estimate", *(["pi_low", "pi_high"] if about.predicts else [])]
    avoid = [plane.on(np.column_stack([x, curve[name]]), ON_MEAN) for name in lines]
    avoid.append(plane.on([(end, 0.0) for end in plane.x.limits], ON_NULL))
    _draw_circles(plane, about, points, size, fitted, avoid)


def _draw_rows_into(ax, about, scale, width, height):
    """Draw the rows into axes of another figure, with the names of the categories as labels of its upright axis."""
    size = areas_of(about.along.trials["weight"], width * height, ROW_CIRCLE_PT2)
    rows = _rows_of(about, scale, size, width, tall=height)
    plane = Plane(ax, scale, Scale((rows.total, 0.0)), width, height)
    ax.set(xlim=scale.limits, ylim=(rows.total, 0.0))
    draw_axis(ax, Panel("bubble", ("", ""), (), scale.limits, ("",), measure=scale.measure), width)
    _draw_rows(plane, about, rows, size)
    labels = [f"{row['x']} ({number(row['k'], 0)})" for row in about.along.curve.to_dict("records")]
    ax.set_yticks(rows.middle, labels, fontproperties=font(style.SMALL_PT, text="".join(labels)), color=style.INK)
    ax.tick_params(axis="y", length=0)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Upper ends and heights of the rows in millimetres below the top of the panel, and where trials stand in them."""

    top: np.ndarray
    height: np.ndarray
    lane: np.ndarray  # (k,) distance of every trial from the middle of its row
    row: np.ndarray  # (k,) its row

    @property
    def middle(self):
        return self.top + self.height / 2

    @property
    def total(self):
        return float(self.height.sum())


def _rows_of(about, scale, size, width, tall=None):
    """Return the rows; ``tall`` is the height they must share if it is given."""
    along = about.along
    reach = REACH["circle"] * np.sqrt(size) / style.PT_PER_MM
    x = (along.trials["yi"].to_numpy(float) - scale.limits[0]) / (scale.limits[1] - scale.limits[0]) * width
    row = np.array([along.curve["x"].tolist().index(category) for category in along.trials["x"]])
    n = len(along.curve)
    lane, height = np.zeros(len(x)), np.full(n, LEAST_ROW_MM)
    # rows of a given height keep 0.4 mm free above and below; where there is no room at all, circles leave their row
    farthest = FARTHEST_MM if tall is None else max(tall / n / 2 - reach.max() - 0.4, 0.5)
    for i in range(n):
        here = row == i
        lane[here] = swarm(x[here], reach[here])
        lane[here] *= farthest / max(np.abs(lane[here]).max(), farthest)
        height[i] = max(height[i], 2 * (np.abs(lane[here]) + reach[here]).max() + 2 * ROW_PAD)
    # in axes of another figure the height is given: `farthest` has kept the circles within rows of that height
    if tall is not None:
        height = np.full(n, tall / n)
    return _Rows(np.append(0.0, np.cumsum(height)[:-1]), height, lane, row)


def _draw_rows(plane, about, rows, size):
    """Draw intervals, null line, circles, fitted means and names."""
    curve, at = about.along.curve, rows.middle
    # a row is higher only for its circles; in axes of another figure it may be lower
    tall = np.minimum(rows.height, LEAST_ROW_MM)
    for part, colour, share in (("pi", style.BAND, BAND_SHARE[1]), ("ci", style.BAND_DARK, BAND_SHARE[0])):
        low, high = (curve[f"{part}_{end}"].to_numpy(float) for end in ("low", "high"))
        half = share * tall / 2
        boxes = [
            [(a, y - h), (b, y - h), (b, y + h), (a, y + h), (a, y - h)]
            for a, b, y, h in zip(low, high, at, half, strict=True)
            if np.isfinite(a)
        ]
        plane.areas(boxes, f"bubble-{part}", colour, zorder=0.1 if part == "pi" else 0.2)
        look = {"colors": style.BAND_DARK, "linewidths": EDGE_PT, "zorder": 0.15}
        plane.lines(boxes, f"bubble-{part}-edges", **look)
    if plane.x.limits[0] < plane.x.null < plane.x.limits[1]:
        zero = [[(0.0, 0.0), (0.0, rows.total)]]
        plane.lines(zero, "bubble-null", colors=style.INK, linewidths=style.RULE_PT, zorder=0.5)
    points = np.column_stack([about.along.trials["yi"], at[rows.row] + rows.lane])
    half = tall / 2
    mean = curve["estimate"].to_numpy(float)
    strokes = [[(x, m - h), (x, m + h)] for x, m, h in zip(mean, at, half, strict=True)]
    # under the circles, whose zorder is 3: many of a row stand on its mean
    plane.lines(strokes, "bubble-mean-rim", colors=style.PAPER, linewidths=STROKE_PT + RIM_PT, zorder=2.6)
    plane.lines(strokes, "bubble-mean", colors=style.MODEL, linewidths=STROKE_PT, zorder=2.7)
    avoid = [plane.on(line, ON_MEAN) for line in (*strokes, [(0.0, 0.0), (0.0, rows.total)])]
    fitted = np.column_stack([about.along.trials["fitted"], points[:, 1]])
    _draw_circles(plane, about, points, size, fitted, avoid)


def _draw_circles(plane, about, points, size, fitted, avoid):
    """Draw the trials at ``points``, and names that are to be written, away from their ``fitted`` places."""
    reach = draw_marks(plane, points, size, "bubble-trials", hollow=about.imputed)
    trials = about.table[about.table["kind"] == "trial"]
    outwards = plane.mm(*points.T) - plane.mm(*fitted.T)
    write_names(plane, trials, points, reach, outwards=outwards, avoid=avoid)


def _bubble_footer(about, note, *, printed=False):
    """Return the paragraphs below the figure; where the fitted means are ``printed`` in it, without them."""
    apart = "they are spread out within a row only where they would cover one another"
    drawn = (
        f"circles: {about.wording.nouns}, area proportional to the weight in the model down to a smallest size",
        apart if about.along.categorical else "",
        words.narrow_words(about.fit),
        "bands go on beyond the panel" if about.bands_leave else "",
    )
    return paragraphs(
        ("" if printed else _bubble_finding(about), _difference_sentence(about), _test_sentence(about)),
        (about.observational, _few_sentence(about), _held_sentence(about)),
        (_model_sentence(about), *drawn),
        (note,),
    )


def _bubble_finding(about):
    """Return what the moderator goes with, in one sentence."""
    slope = about.along.slope
    if about.along.categorical:
        return _categories_sentence(about)
    if slope is None:
        return _curve_sentence(about)
    if about.ratio:
        return f"{about.y_label} times {_coefficient(about, slope)} per unit of {about.moderator}"
    return f"Change{about.wording.on_scale} per unit of {about.moderator}: {_coefficient(about, slope)}"


def _curve_sentence(about):
    """Return the fitted mean at both ends of a curve, and the coefficients that make it."""
    ends, terms = about.along.curve.iloc[[0, -1]], about.along.terms.head(MOST_LISTED)
    rows = zip(_write_x(ends["x"], about.year), ends.to_dict("records"), strict=True)
    means = " and ".join(f"{about.effect(row)} at {x}" for x, row in rows)
    rows = zip(terms.index, terms.to_dict("records"), strict=True)
    coefficients = "; ".join(f"{_term(name)} {_coefficient(about, row)}" for name, row in rows)
    kind = "coefficients as ratios" if about.ratio else f"coefficients{about.wording.on_scale}"
    return f"No single slope; fitted mean: {means}; {kind}: {coefficients}"


def _term(name):
    """Return the name of a coefficient in words: "dose (mg) squared" of "I(dose_mg ** 2)"."""
    squared = re.fullmatch(r"I\((\w+) ?\*\* ?2\)", name)
    return f"{spelled(squared[1])} squared" if squared else spelled(name)


def _categories_sentence(about):
    """Return the fitted mean of each category, of so many as a sentence can hold."""
    rows = about.along.curve.to_dict("records")
    parts = [f"{row['x']} {about.effect(row)}" for row in rows[: 2 * MOST_LISTED]]
    more = f"; and {number(len(rows) - len(parts), 0)} more in the table" if len(rows) > len(parts) else ""
    return f"Fitted means: {'; '.join(parts)}{more}"


def _coefficient(about, row):
    """Return a coefficient with interval and p; that of ratios as a ratio of ratios."""
    at, p = f"{level(about.fit.confidence_level)} CI", f"; p {equals(row['pvalue'])}" if "pvalue" in row else ""
    own = _of_coefficient(row, about.wording)
    return own.within(row["estimate"], (row["ci_low"], row["ci_high"]), at, unit=True, more=p)


def _difference_sentence(about):
    """Return how the categories differ from the reference."""
    along = about.along
    if not along.categorical:
        return ""
    others = [row for row in along.curve.to_dict("records") if row["x"] != along.reference][:MOST_LISTED]
    ends = {"estimate": "difference", "ci_low": "difference_low", "ci_high": "difference_high"}
    parts = [f"{row['x']} {_coefficient(about, {end: row[name] for end, name in ends.items()})}" for row in others]
    what = "Ratio to" if about.ratio else f"Difference{about.wording.on_scale} from"
    rest = "; the others in the table" if len(along.curve) - 1 > len(parts) else ""
    return f"{what} {along.reference}: {'; '.join(parts)}{rest}"


def _test_sentence(about):
    """Return the omnibus test, R², tau and k; the test of a single slope has been told with it."""
    fit = about.fit
    count, df = fit.qm_df
    test = f"χ² {number(fit.qm)}, df {number(count, 0)}"
    if np.isfinite(df):
        test = f"F {number(fit.qm)}, df {number(count, 0)} and {number(df, 0)}"
    r2 = "R² not estimable" if np.isnan(fit.r2) else f"R² {percent(fit.r2)}"
    spread = f"residual τ {words.tau_words(fit.tau, about.wording)}, residual {words.i2_words(fit)}"
    said = "" if count == 1 and about.along.slope else f"All moderators together: {test}, p {equals(fit.qm_pvalue)}; "
    return f"{said}{r2}; {spread}; k{NBSP}={NBSP}{number(fit.k, 0)}"


def _few_sentence(about):
    """Return the warning for few trials per coefficient."""
    fit, wording = about.fit, about.wording
    count = fit.qm_df[0]
    if fit.k >= STUDIES_PER_MODERATOR * count:
        return ""
    of = "one coefficient" if count == 1 else f"{number(count, 0)} coefficients"
    k = wording.counted(fit.k)
    return f"Fewer than ten {wording.nouns} for each coefficient of a moderator ({k}, {of}): too few to rely on"


def _held_sentence(about):
    """Return where the other moderators are held."""
    if not about.along.held:
        return ""
    parts = []
    for name, value in about.along.held.items():
        usual = number(value, 2) if isinstance(value, float) and "year" not in name.lower() else ""
        text = f"at its mean {usual or f'{value:.0f}'}" if isinstance(value, float) else f"= {value}"
        parts.append(f"{spelled(name)} {text}")
    return f"Fitted with other moderators held: {', '.join(parts)}; circles are not adjusted for them"


def _model_sentence(about):
    """Return the model and what the intervals are."""
    fit, at, nouns = about.fit, level(about.fit.confidence_level), about.wording.nouns
    model = MODELS.get(fit.tau2_method, f"mixed-effects meta-regression, τ² by {fit.tau2_method}")
    if about.predicts:
        wider = f", which no spread between {nouns} (τ 0) makes no wider" if fit.tau2 == 0 else ""
        prediction = f"{at} prediction limits on {degrees(about.pi_method)}{wider}"
    else:
        why = f"the model has no spread between {nouns}" if fit.tau2_method == "CE" else f"too few {nouns}"
        prediction = f"no prediction limits: {why}"
    return f"{model}; {at} confidence limits by {REFERENCE.get(fit.ci_method, fit.ci_method)}; {prediction}"


def _page_of_numbers(about, scale, favours, *, title, footer, width):
    """Return the figure of a moderator in numbers."""
    scales, height = (_moderator_scale(about.along), scale), TALL * width
    left = room_for(scale.ticks()[1])
    size = areas_of(about.along.trials["weight"], (width - left - 2 * style.MARGIN) * height)
    above = lines_above(about.caption, favours, width - 2 * style.MARGIN)
    room = {"left": left, "right": EDGE_MM, "height": height, "above": len(above)}
    on = sheet(title, footer, width, scales=scales, label="bubble", entries=_bubble_key(about, size, scale), **room)
    _draw_plane(on.plane, about, size)
    write_titles(on, about.x_label, above)
    return on.figure


def _page_of_rows(about, scale, favours, *, title, footer, width):
    """Return the figure of a moderator with categories."""
    at = level(about.fit.confidence_level)
    texts = [_mean_texts(about, row) for row in about.along.curve.to_dict("records")] if width >= NUMBERS_MM else []
    head = f"Fitted mean {bracketed(f'{at} CI')}"
    beside = max((text_width(t, style.BODY_PT) for pair in texts for t in pair), default=0.0)
    beside = max(beside, text_width(head, style.BODY_PT, "bold")) + style.PANEL_GAP if texts else EDGE_MM
    names, most = _category_names(about, min(NAME_MM, 0.3 * width))
    left, inner = most + style.GAP, width - 2 * style.MARGIN - most - style.GAP - beside
    size = areas_of(about.along.trials["weight"], inner * TYPICAL_ROW_MM * len(names), ROW_CIRCLE_PT2)
    rows = _rows_of(about, scale, size, inner)
    panel = Panel("bubble", ("", ""), (), scale.limits, (about.caption,), favours=favours, measure=scale.measure)
    room = {"left": left, "right": beside, "height": rows.total, "below": axis_height([panel], {"bubble": inner})}
    # above the panel stands the head of the columns, in larger type
    room["above"] = (line_height(style.BODY_PT) + 0.4) / line_height(style.SMALL_PT)
    scales, entries = (scale, Scale((rows.total, 0.0))), _bubble_key(about, size, scale)
    on = sheet(title, footer, width, scales=scales, label="bubble", entries=entries, **room)
    draw_axes(on.plane, upright=False)
    _draw_rows(on.plane, about, rows, size)
    write_captions(on.page, panel, on.left, on.right, on.bottom + TICKS_MM)
    _write_columns(on.page, about, rows, names, texts, head=head, top=on.top, width=width)
    return on.figure


def _mean_texts(about, row):
    """Return mean with confidence interval, and the prediction interval."""
    wording = about.wording
    mean = " ".join([wording.write(row["estimate"]), *wording.limits(row["ci_low"], row["ci_high"])])
    return mean, f"prediction {wording.span(row['pi_low'], row['pi_high'])}" if np.isfinite(row["pi_low"]) else ""


def _category_names(about, most):
    """Return the lines of each category, at most two of its name, then its number of trials; and the widest line."""
    along = about.along
    lines = [
        [*wrap(str(row["x"]), most, style.BODY_PT), about.wording.counted(row["k"])]
        for row in along.curve.to_dict("records")
    ]
    lines = [each if len(each) <= 3 else [each[0], _cut(each[1]), each[-1]] for each in lines]
    head = text_width(about.x_label, style.BODY_PT, "bold")
    widest = max(text_width(line, style.BODY_PT) for each in lines for line in each)
    return lines, max(widest, min(head, most))


def _cut(line):
    """Return the second line of a name that needs more than two, its end left out."""
    # two letters make room for the ellipsis
    return line[: max(len(line) - 2, 1)].rstrip() + "…"


def _bubble_key(about, size, scale):
    """Return the entries of the key."""
    at = level(about.fit.confidence_level)
    trials, noun = about.along.trials, about.wording.noun
    entries = [line_entry("fitted mean", colors=style.MODEL, linewidths=LINE_PT)]
    if np.isfinite(about.along.curve["ci_low"]).any():
        entries.append(area_entry(f"{at} confidence limits", style.BAND_DARK))
    if about.predicts:
        entries.append(area_entry(f"{at} prediction limits, new {noun}", style.BAND))
    if scale.limits[0] < scale.null < scale.limits[1]:
        entries.append(line_entry("no effect", colors=style.INK, linewidths=style.RULE_PT))
    i = int(np.argmax(size))
    sample = f"{noun}, area by weight; this is {percent(trials['weight'].iloc[i], 1)}"
    entries.append(marker_entry(sample, "circle", size[i], style.TRIAL))
    if about.imputed.any():
        entries.append(marker_entry("hollow: SD imputed", "circle", size[i] / 2, style.TRIAL, hollow=True))
    return entries


def _write_columns(page, about, rows, names, texts, *, head, top, width):
    """Write the names of the categories and the numbers of their fitted means."""
    pitch, edge = line_height(style.BODY_PT), width - style.MARGIN
    y = top - 1.6 - pitch / 2
    write(page, style.MARGIN, y, about.x_label, style.HEAD, gid="head-x")
    if texts:
        write(page, edge, y, head, style.HEAD, align="right", gid="head-numbers")
    rule(page, [[(style.MARGIN, top - 0.8), (edge, top - 0.8)]], "head-rule")
    quiet = style.NOTE_PT, "normal", style.MUTED
    usual = style.BODY_PT, "normal", style.INK
    for i, (lines, middle) in enumerate(zip(names, top + rows.middle, strict=True)):
        for j, line in enumerate(lines):
            at = middle + (j - (len(lines) - 1) / 2) * pitch
            write(page, style.MARGIN, at, line, quiet if j == len(lines) - 1 else usual, gid=f"category-{i}-{j}")
        for j, text in enumerate(texts[i] if texts else ()):
            at = middle + (j - (0.5 if texts[i][1] else 0.0)) * pitch
            write(page, edge, at, text, quiet if j else usual, align="right", gid=f"numbers-{i}-{j}")


def _bubble_alt_text(title, about):
    """Return what the figure shows to someone who cannot see it."""
    trials = about.along.trials
    estimates = about.wording.span(trials["yi"].min(), trials["yi"].max())
    across = ""
    if not about.along.categorical:
        low, high = _write_x([trials["x"].min(), trials["x"].max()], about.year)
        across = f", {about.moderator} from {low} to {high}"
    return sentences(
        f"Bubble plot: {title}",
        f"{about.wording.counted(len(trials))}, estimates from {estimates}{across}",
        _bubble_finding(about),
        _test_sentence(about),
        about.observational,
    )
