"""The bubble plot of a meta-regression: trials along a moderator, the fitted mean and its two bands.

A moderator in numbers gives a line or curve over a plane of moderator and effect; one with categories gives a row for
each, with its trials, its fitted mean and both intervals as boxes. The words are the same for both: what the moderator
goes with, how categories differ, the test, and that trials were not randomised to their moderators.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth, RegressionPIMethod
from analysis.measures import Measure
from analysis.models.doses import DoseResponse
from analysis.models.regression import MetaRegression, moderator_curve
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import Column, Panel, asked
from analysis.plots._marks import REACH, area_entry, line_entry, marker_entry
from analysis.plots._page import ReportFigure, Spec, draw, key_below
from analysis.plots._plane import EDGE_MM, PlaneSpec, Scale, band, null_of, spelled
from analysis.plots._rows import decimals
from analysis.plots._theme import themed
from analysis.plots._words import degrees, sentences
from analysis.sentences import Wording, amount, dose_difference, dose_of
from analysis.text import bracketed, equals, level, number, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODELS = {"CE": "common-effect meta-regression", "fixed": "mixed-effects meta-regression, τ² given"}
REFERENCE = {
    "HKSJ": "Hartung-Knapp on t(k−p)",
    "HKSJ-wide": "Hartung-Knapp on t(k−p) or Wald, whichever are wider",
    "HKSJ-mod": "Hartung-Knapp with the factor floored at 1, on t(k−p)",
    "t": "Wald on t(k−p)",
    "z": "Wald on the normal distribution",
}
# Cochrane Handbook, section 10.11.5.1; here of each coefficient, as a moderator with categories has several
STUDIES_PER_MODERATOR = 10
MOST_LISTED = 4  # coefficients or differences in a sentence, and twice as many fitted means
NBSP = "\N{NO-BREAK SPACE}"

TALL = 0.6  # height of the panel over the width of the page
PAD = 0.06  # of the range of the trials, at both ends
LINE_PT = 1.4  # of the fitted mean
STROKE_PT = 1.6  # of the fitted mean of a category
RIM_PT = 1.0  # of paper around the fitted mean, on both sides together
EDGE_PT = 0.5
REFERENCE_DASH = (0, (1.5, 1.5))  # of the reference dose
BANDS = ["ci_low", "ci_high", "pi_low", "pi_high"]

# rows of categories
NAME_MM = 36.0  # most room for their names
NUMBERS_MM = 125.0  # pages at least this wide have a column of numbers
ROW_CIRCLE_PT2 = 10.0, 120.0  # least and largest area of the heaviest trial
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
    response: DoseResponse | None = None

    @property
    def rows(self):
        """The rows of the trials."""
        return self.table[self.table["kind"] == "trial"]

    @property
    def moderator(self):
        """The moderator as it stands within a sentence."""
        name = spelled(self.along.moderator)
        if self.response is None and self.x_label != words.capital(name):
            name = self.x_label  # words of users keep their case
        return words.quoted(plain(name))

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
    return not along.categorical and "year" in along.moderator.lower() and bool(((x >= 1000) & (x < 3000)).all())


@documented
@themed
def bubble(
    regression: MetaRegression | DoseResponse,
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
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw a bubble plot of a meta-regression: trials along a moderator, and the fitted mean with both bands.

    Parameters
    ----------
    regression : MetaRegression or DoseResponse
        From :func:`analysis.meta_regression` or :func:`analysis.dose_response`.
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
    {title, width_mm, digits, ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        If the formula lacks the moderator, a name is not that of a trial, or the page is too narrow.

    See Also
    --------
    analysis.meta_regression : Fit the regression that is drawn.
    analysis.dose_response : Effects over dose, with a reference dose.
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
    response = regression if isinstance(regression, DoseResponse) else None
    if response is not None:
        regression, moderator = response.regression, moderator or response.dose
        response = replace(response, unit=words.quoted(response.unit))
        x_label = x_label or ", ".join(filter(None, (words.capital(spelled(response.dose)), response.unit)))
    if not isinstance(regression, MetaRegression):
        give = "give a MetaRegression, such as meta_regression(formula, data)"
        raise TypeError(_check.refusal(regression, "bubble", give))
    along = moderator_curve(regression, moderator, pi_method=pi_method)
    wording = planes.with_digits(words.wording_of(regression, measure), digits, regression.yi, regression.vi)
    x_label = x_label or words.capital(spelled(along.moderator))
    caption, y_label = planes.axis_title(y_label, wording), y_label or wording.measure.title
    table = _bubble_table(along, label, wording, planes.imputed_in(regression))
    scale = _effect_scale(along, wording.measure, null=favours is not None)
    about = _About(regression, along, table, x_label, y_label, caption, wording, pi_method, response)
    favours, width = words.directions(favours, wording), planes.width_of(width_mm, "bubble plot", ax)
    title = title or f"{y_label} by {about.moderator}"
    heads = {words.capital(wording.noun): "label", x_label: "x", y_label: "estimate"}
    heads |= {"Confidence interval": "ci", "Prediction interval": "pi", "Weight": "weight"}
    printed = {head: (f"text_{name}",) for head, name in heads.items()}
    if along.categorical:
        spec = _spec_of_rows(about, asked(scale), favours, title=title, note=note, width=width)
        if ax is not None:
            return draw(spec, ax=ax)
        fig = draw(replace(spec, printed=printed), width_mm=width)
        fig.content.table["kind"] = fig.content.table["kind"].replace("point", "trial")
        return fig
    # a moderator in numbers has a range, or it could not have been fitted
    low, high = along.trials["x"].agg(["min", "max"])
    pad = PAD * (high - low)
    scales = asked(Scale((float(low - pad), float(high + pad)))), scale
    finding, (counted, *more) = _bubble_finding(about), _seen(about)
    spec = PlaneSpec(
        name="bubble",
        kind="Bubble plot",
        rows=table,
        scales=scales,
        titles=(x_label, caption),
        draws=partial(_draw_plane, about),
        key=partial(_bubble_key, about, *scales),
        title=title,
        footer=(*_bubble_footer(about, *scales, finding), (note,)),
        seen=(counted, finding, *more),
        printed=printed,
        in_words=sentences(finding, about.observational),
        extra=({"kind": "reference", "name": "null value", "estimate": scale.null},),
        favours=favours,
        upright=True,
        right=EDGE_MM,
        height=TALL * width,
    )
    return planes.draw_plane(spec, width, ax)


def _bubble_table(along, label, wording, imputed):
    """Return one row per trial, then one per point of the curve or per category, and the slope."""
    trials = along.trials.rename(columns={"label": "name", "yi": "estimate"}).assign(kind="trial", imputed=imputed)
    # the trials of a regression have no ids, so that only names are asked for; any of them may be named
    trials = planes.named(trials, label, trials["estimate"] - trials["fitted"])
    trials["text_label"] = trials["text_name"] = trials["name"]
    trials["text_x"] = trials["x"].astype(str) if along.categorical else _write_x(trials["x"], along)
    trials["text_weight"] = [percent(w, 1) for w in trials["weight"]]
    curve = along.curve.assign(kind="category" if along.categorical else "curve")
    if along.categorical:
        records = curve.to_dict("records")
        for part in ("ci", "pi"):
            curve[f"text_{part}"] = [wording.span(row[f"{part}_low"], row[f"{part}_high"]) for row in records]
        curve["text_name"], curve["text_label"] = curve["x"].astype(str), [f"{x}, fitted mean" for x in curve["x"]]
        curve["text_count"] = [wording.counted(row["k"]) for row in records]
        curve["text_tick"] = [f"{row['x']} ({number(row['k'], 0)})" for row in records]
        limits = (wording.limits(row["ci_low"], row["ci_high"]) for row in records)
        curve["text_mean"] = [
            " ".join([wording.write(x), *ends]) for x, ends in zip(curve["estimate"], limits, strict=True)
        ]
        curve["text_expected"] = ("prediction " + curve["text_pi"]).where(curve["pi_low"].notna(), "")
    rows = pd.concat([trials, curve], ignore_index=True)
    rows["text_estimate"] = [
        "" if kind == "curve" else wording.write(x) for kind, x in zip(rows["kind"], rows["estimate"], strict=True)
    ]
    return rows if along.slope is None else pd.concat([rows, _slope_row(along, wording)], ignore_index=True)


def _write_x(values, along):
    """Return the values of a moderator as texts with as few decimals as they have, up to two."""
    if _is_year(along):
        return [f"{x:.0f}" for x in values]
    digits = max((decimals(float(x)) for x in values), default=0)
    return [number(float(x), digits) for x in values]


def _slope_row(along, wording):
    """Return the row of the slope, whose texts have decimals of their own."""
    name = f"{'Times' if wording.measure.is_ratio else 'Change'} per unit of {along.moderator}"
    slope, own = along.slope, _of_coefficient(along.slope, wording)
    texts = {"text_name": name, "text_label": name, "text_estimate": own.write(slope["estimate"])}
    texts["text_ci"] = own.span(slope["ci_low"], slope["ci_high"])
    return pd.DataFrame([{"kind": "slope", "name": name, **slope, **texts}])


def _of_coefficient(row, wording):
    """Return the wording of a coefficient, with decimals that suit its own interval if these are more."""
    # differences of logits and the like stay on their scale, those of logs are ratios
    own = replace(wording, measure=wording.measure if wording.measure.is_ratio else Measure(""), digits=None)
    return own.to(own.decimals(row["ci_low"], row["ci_high"], wording.digits))


def _effect_scale(along, measure, *, null):
    """Return the scale of the effects, with the ``null`` value if that is asked for."""
    # prediction limits of few trials can be so wide that the trials would shrink to a line: these must fill the panel
    null, points = null_of(measure) if null else np.nan, np.append(along.trials["yi"], along.curve["estimate"])
    core = np.fmin(points.min(), null), np.fmax(points.max(), null)
    low, high = planes.limits_that_fill(core, (np.nanmin(along.curve[BANDS]), np.nanmax(along.curve[BANDS])))
    # effects that are all the same have no range to take a share of
    pad = PAD * (high - low or abs(high) or 1.0)
    return Scale((float(low - pad), float(high + pad)), measure)


def _draw_plane(about, plane):
    """Draw axes and everything inside the panel of a moderator in numbers."""
    along, size = about.along, _areas(about, plane)
    planes.draw_axes(plane)
    if _is_year(along):
        ticks = plane.ax.get_xticks()
        plane.ax.set_xticks(ticks, _write_x(ticks, along))
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
    if about.response is not None:
        look = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [REFERENCE_DASH], "zorder": 0.6}
        plane.lines([[(about.response.reference, end) for end in plane.y.limits]], "bubble-reference", **look)
    mean = np.column_stack([x, curve["estimate"]])
    # upon the circles, whose zorder is 3
    plane.lines([mean], "bubble-mean-rim", colors=style.PAPER, linewidths=LINE_PT + RIM_PT, zorder=3.05)
    plane.lines([mean], "bubble-mean", colors=style.MODEL, linewidths=LINE_PT, zorder=3.1)
    lines = ["estimate", *(["pi_low", "pi_high"] if about.predicts else [])]
    avoid = [plane.on(np.column_stack([x, curve[name]]), ON_MEAN) for name in lines]
    avoid.append(plane.on([(end, 0.0) for end in plane.x.limits], ON_NULL))
    inside = ~_beyond(about, plane.x)
    trials = about.rows[inside]
    points, fitted = (trials[["x", of]].to_numpy(float) for of in ("estimate", "fitted"))
    _draw_circles(plane, trials, points, size[inside], fitted, avoid)


def _beyond(about, scale):
    """Which trials lie beyond the panel on the level axis."""
    x = about.rows["estimate" if about.along.categorical else "x"].to_numpy(float)
    return (x < scale.limits[0]) | (x > scale.limits[1])


def _areas(about, plane):
    """Return the areas of the circles on a plane."""
    return planes.areas_of(about.along.trials["weight"], plane.width * plane.height)


def _row_areas(about, width, tall=None):
    """Return the areas of the circles in rows of a panel of so many millimetres."""
    tall = TYPICAL_ROW_MM * len(about.along.curve) if tall is None else tall
    return planes.areas_of(about.along.trials["weight"], width * tall, bounds=ROW_CIRCLE_PT2)


def _with_circles(about, scale, width, tall=None):
    """Return the table with heights of rows that hold their circles, or share ``tall``, and where the circles stand."""
    tall = tall and tall - 2.0  # what is drawn into other axes keeps a millimetre free above and below
    along, area = about.along, _row_areas(about, width, tall)
    n, reach = len(along.curve), REACH["circle"] * np.sqrt(area) / style.PT_PER_MM
    x = (along.trials["yi"].to_numpy(float) - scale.limits[0]) / (scale.limits[1] - scale.limits[0]) * width
    lane, height = np.zeros(len(x)), np.full(n, LEAST_ROW_MM if tall is None else tall / n)
    # rows of a given height keep 0.4 mm free above and below; where there is no room at all, circles leave their row
    farthest = FARTHEST_MM if tall is None else max(tall / n / 2 - reach.max() - 0.4, 0.5)
    for i, category in enumerate(along.curve["x"]):
        here = (along.trials["x"] == category).to_numpy()
        lane[here] = planes.swarm(x[here], reach[here])
        lane[here] *= farthest / max(np.abs(lane[here]).max(), farthest)
        if tall is None:
            height[i] = max(height[i], 2 * (np.abs(lane[here]) + reach[here]).max() + 2 * ROW_PAD)
    none = np.full(n, np.nan)
    places = {"offset_mm": np.append(lane, none), "area_pt2": np.append(area, none)}
    places |= {"height_mm": np.append(np.full(len(x), np.nan), height), "group": about.table["x"].astype(str)}
    return about.table.assign(kind=about.table["kind"].replace("trial", "point"), **places)


def _draw_rows(about, ax, panel, table, mm_per_unit):
    """Draw intervals, circles, fitted means and names."""
    plane, curve = planes.plane_of_rows(ax, panel, mm_per_unit), table[table["kind"] == "category"]
    at = curve["y_mm"].to_numpy(float)
    # a row is higher only for its circles; in axes of another figure it may be lower
    tall = np.minimum(curve["height_mm"].to_numpy(float), LEAST_ROW_MM) / 2
    for part, colour, share in (("pi", style.BAND, BAND_SHARE[1]), ("ci", style.BAND_DARK, BAND_SHARE[0])):
        low, high = (curve[f"{part}_{end}"].to_numpy(float) for end in ("low", "high"))
        boxes = [
            [(a, y - h), (b, y - h), (b, y + h), (a, y + h), (a, y - h)]
            for a, b, y, h in zip(low, high, at, share * tall, strict=True)
            if np.isfinite(a)
        ]
        plane.areas(boxes, f"bubble-{part}", colour, zorder=0.1 if part == "pi" else 0.2)
        look = {"colors": style.BAND_DARK, "linewidths": EDGE_PT, "zorder": 0.15}
        plane.lines(boxes, f"bubble-{part}-edges", **look)
    strokes = [[(x, m - h), (x, m + h)] for x, m, h in zip(curve["estimate"], at, tall, strict=True)]
    # under the circles, whose zorder is 3: many of a row stand on its mean
    plane.lines(strokes, "bubble-mean-rim", colors=style.PAPER, linewidths=STROKE_PT + RIM_PT, zorder=2.6)
    plane.lines(strokes, "bubble-mean", colors=style.MODEL, linewidths=STROKE_PT, zorder=2.7)
    null = [[(plane.x.null, end) for end in plane.y.limits]] if np.isfinite(plane.x.null) else []
    avoid = [plane.on(line, ON_MEAN) for line in (*strokes, *null)]
    trials = table[table["kind"] == "point"][~_beyond(about, panel)]
    points, fitted = (trials[[of, "y_mm"]].to_numpy(float) for of in ("estimate", "fitted"))
    _draw_circles(plane, trials, points, trials["area_pt2"].to_numpy(float), fitted, avoid)


def _draw_circles(plane, trials, points, area, fitted, avoid):
    """Draw the trials at ``points``, and names that are to be written, away from their ``fitted`` places."""
    reach = planes.draw_marks(plane, points, area, "bubble-trials", hollow=trials["imputed"])
    outwards = plane.mm(*points.T) - plane.mm(*fitted.T)
    planes.write_names(plane, trials, points, reach, outwards=outwards, avoid=avoid)


def _bubble_footer(about, level_scale, effect_scale, finding=""):
    """Return the paragraphs below the figure."""
    beyond, fit, nouns = _beyond(about, level_scale), about.fit, about.wording.nouns
    told = beyond.any() and not about.along.categorical  # of rows they are named
    (low, high), bands = effect_scale.limits, about.along.curve[BANDS]
    drawn = (
        f"circles: {nouns}, area proportional to the weight in the model down to a smallest size"
        f"{planes.hollow_words(about.rows[~beyond])}",
        "they are spread out within a row only where they would cover one another" if about.along.categorical else "",
        words.narrow_words(fit),
        "bands go on beyond the panel" if np.nanmin(bands) < low or np.nanmax(bands) > high else "",
        planes.lying(beyond, f"beyond the panel, {nouns} in the model as all others") if told else "",
    )
    return (
        (finding, _difference_sentence(about), *_dose_sentences(about), _test_sentence(about)),
        (about.observational, _few_sentence(about), _held_sentence(about)),
        (_model_sentence(about), *drawn),
    )


def _bubble_finding(about):
    """Return what the moderator goes with, in one sentence."""
    slope = about.along.slope
    if about.along.categorical:
        return _categories_sentence(about)
    if slope is None:
        return _curve_sentence(about) if about.response is None else _dose_finding(about)
    if about.ratio:
        return f"{about.y_label} times {_coefficient(about, slope)} per unit of {about.moderator}"
    return f"Change{about.wording.on_scale} per unit of {about.moderator}: {_coefficient(about, slope)}"


def _curve_sentence(about):
    """Return the fitted mean at both ends of a curve, and the coefficients that make it."""
    ends, terms = about.along.curve.iloc[[0, -1]], about.along.terms.head(MOST_LISTED)
    rows = zip(_write_x(ends["x"], about.along), ends.to_dict("records"), strict=True)
    means = " and ".join(f"{about.effect(row)} at {x}" for x, row in rows)
    rows = zip(terms.index, terms.to_dict("records"), strict=True)
    coefficients = "; ".join(f"{_term(name)} {_coefficient(about, row)}" for name, row in rows)
    kind = "coefficients as ratios" if about.ratio else f"coefficients{about.wording.on_scale}"
    return f"No single slope; fitted mean: {means}; {kind}: {coefficients}"


def _dose_finding(about):
    """Return how the effects at both ends of the doses differ from the one at the reference dose."""
    found = about.response
    ends = [x for x in (found.lowest, found.highest) if x != found.reference]
    start, times = f"from {dose_of(found, found.reference)} to", "times " if about.ratio else ""
    parts = [f"{start} {dose_of(found, x)}: {times}{dose_difference(found, x, about.wording)}" for x in ends]
    return "; ".join(parts)


def _dose_sentences(about):
    """Return the test whether a curve of doses is a straight line, and where the knots of a spline stand."""
    found = about.response
    if found is None:
        return ()
    if about.along.slope is not None:
        return (_dose_finding(about),)
    (statistic, (count, df)), p = found.nonlinearity, equals(found.nonlinearity.pvalue)
    test = f"F {number(statistic)}, df {number(count, 0)} and {number(df, 0)}"
    test = f"χ² {number(statistic)}, df {number(count, 0)}" if np.isinf(df) else test
    knots = ", ".join(map(amount, found.knots))
    return f"nonlinearity: {test}, p {p}", f"restricted cubic spline with knots at {knots}" if knots else ""


def _term(name):
    """Return the name of a coefficient in words: "dose (mg) squared" of "I(dose_mg ** 2)"."""
    squared = re.fullmatch(r"I\((\w+) ?\*\* ?2\)", name)
    return f"{spelled(squared[1])} squared" if squared else spelled(name)


def _categories_sentence(about):
    """Return the fitted mean of each category, of so many as a sentence can hold."""
    rows = about.along.curve.to_dict("records")
    parts = [f"{words.quoted(str(row['x']))} {about.effect(row)}" for row in rows[: 2 * MOST_LISTED]]
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
    parts = [
        f"{words.quoted(str(row['x']))} {_coefficient(about, {end: row[name] for end, name in ends.items()})}"
        for row in others
    ]
    what = "Ratio to" if about.ratio else f"Difference{about.wording.on_scale} from"
    rest = "; the others in the table" if len(along.curve) - 1 > len(parts) else ""
    return f"{what} {words.quoted(str(along.reference))}: {'; '.join(parts)}{rest}"


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
        text = f"at its mean {usual or f'{value:.0f}'}" if isinstance(value, float) else f"= {words.quoted(str(value))}"
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


def _spec_of_rows(about, scale, favours, *, title, note, width):
    """Return the figure of a moderator with categories."""
    finding = _bubble_finding(about)
    panel = {"measure": scale.measure, "asked": True, "draws": partial(_draw_rows, about)}
    name = {"under": "text_count", "room": (0.0, min(NAME_MM, 0.3 * width))}
    tracks = [
        Column("name", about.x_label, ("text_name",), "left", **name),
        Panel("bubble", (), (), scale.limits, (about.caption,), favours, **panel),
    ]
    if width >= NUMBERS_MM:
        head = f"Fitted mean {bracketed(f'{level(about.fit.confidence_level)} CI')}"
        tracks.append(Column("numbers", head, ("text_mean",), under="text_expected"))

    def key(layout):
        left, right = layout.panels["bubble"]
        return key_below(_bubble_key(about, scale, scale, areas=_row_areas(about, right - left)), layout.width)

    return Spec(
        about.table.assign(kind=about.table["kind"].replace("trial", "point")),
        tracks,
        about.wording,
        title=title,
        said=sentences(finding),
        computed="",
        marks={},
        notes=(sentences(note),),
        seen=_seen(about),
        in_words=sentences(finding, about.observational),
        kind="Bubble plot",
        drop=("numbers",),
        settle=partial(_with_circles, about, scale),
        findings=planes.paragraphs(*_bubble_footer(about, scale, scale)),
        said_without="numbers",
        below=key,
    )


def _bubble_key(about, level_scale, scale, plane=None, areas=None):
    """Return the entries of the key of a plane, or of rows with circles of these ``areas``."""
    size = _areas(about, plane) if areas is None else areas
    at = level(about.fit.confidence_level)
    trials, noun = about.along.trials, about.wording.noun
    entries = [line_entry("fitted mean", colors=style.MODEL, linewidths=LINE_PT)]
    if np.isfinite(about.along.curve["ci_low"]).any():
        entries.append(area_entry(f"{at} confidence limits", style.BAND_DARK))
    if about.predicts:
        entries.append(area_entry(f"{at} prediction limits, new {noun}", style.BAND))
    if scale.limits[0] < scale.null < scale.limits[1]:
        entries.append(line_entry("no effect", colors=style.INK, linewidths=style.RULE_PT))
    if about.response is not None:
        look = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [REFERENCE_DASH]}
        entries.append(line_entry("reference dose", **look))
    i = int(np.argmax(size))
    sample = f"{noun}, area by weight; this is {percent(trials['weight'].iloc[i], 1)}"
    entries.append(marker_entry(sample, "circle", size[i], style.TRIAL))
    if about.rows["imputed"][~_beyond(about, level_scale)].any():
        entries.append(marker_entry("hollow: SD imputed", "circle", size[i] / 2, style.TRIAL, hollow=True))
    return entries


def _seen(about):
    """Return what the figure shows to someone who cannot see it, in sentences."""
    trials = about.along.trials
    estimates = about.wording.span(trials["yi"].min(), trials["yi"].max())
    across = ""
    if not about.along.categorical:
        low, high = _write_x([trials["x"].min(), trials["x"].max()], about.along)
        across = f", {about.moderator} from {low} to {high}"
    counted = f"{about.wording.counted(len(trials))}, estimates from {estimates}{across}"
    return counted, _test_sentence(about), about.observational
