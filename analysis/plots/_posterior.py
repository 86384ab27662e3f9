"""Posterior densities of a Bayesian meta-analysis above its trials, each as observed and as shrunken.

Densities of mean effect and new trial stand on top, on the scale of the trials in the rows below; numbers and the
density of tau stand beside them, or tau below where the page is narrow. Densities are tabulated once, as rows of the
table, and drawn from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from matplotlib.style import context as style_context

from analysis import _check
from analysis._docs import documented
from analysis._types import PageWidth
from analysis.measures import Measure
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import Panel, first_fitting, line_height, panel_limits, text_width
from analysis.plots._marks import area_entry, clipped_diamond, draw_key, lay_key, line_entry, marker_entry, rule, write
from analysis.plots._page import (
    TICKS_MM,
    FigureContent,
    ReportFigure,
    axis_height,
    draw_axis,
    frame,
    framed_page,
    inset,
    write_captions,
)
from analysis.plots._plane import (
    EDGE_MM,
    Plane,
    Scale,
    axis_title,
    band,
    critical,
    draw_axes,
    draw_tips,
    footer_rows,
    null_of,
    size_of,
    title_axes,
    with_digits,
    with_rows,
)
from analysis.plots._theme import themed
from analysis.plots._words import sentences
from analysis.sentences import Wording
from analysis.text import bracketed, interval, level, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.models.bayes import PosteriorEffect

PRINTED = {
    "Observed": ("text_observed",),
    "Posterior median": ("text_estimate",),
    "Credible interval": ("text_low", "text_high"),
}
ORDERS = {"given": None, "estimate": "observed_estimate", "precision": "vi", "label": "name"}
POINTS = 161  # of a density
HEADROOM = 1.08  # height of a panel of densities, in heights of what fills it
MOST_PRIOR = 1.6  # a prior makes the panel this many times higher than the posterior at most
LINE_PT = 1.3
DASHES = (0, (4.0, 2.2))
DOTS = (0, (1.0, 1.6))

# rows of trials
LANE_MM = 0.62  # observed above and shrunken below the middle of a row
CIRCLE_PT2 = 13.0
OBSERVED_PT = 0.6
RIM_PT = 0.9

# the page
USUAL_MM, LEAST_MM = 174.0, 80.0
NUMBERS_MM = 125.0  # pages at least this wide have columns of numbers
PANEL_MM, ALONE_MM = 50.0, 34.0  # least width of the panel beside numbers, and of the panel alone
KEY_MM = 33.0
KEY_ABOVE_MM = 2.2  # above a key at the end of the page
DENSITY_MM = 40.0

# the panel of tau
TAU_MM = 22.0  # its height where it stands below
TAU_ABOVE_MM = 4.0  # above it there
TAU_AXIS_MM = 10.0  # its ticks and title
TAU_TAIL = 0.995  # the share of the posterior that it shows
LEFT_SHARE = 0.05  # of the range of tau, left of 0


@dataclass(frozen=True, eq=False)
class _About:
    """What the words are about: the posterior, the table of the figure, and its wording."""

    posterior: object
    table: pd.DataFrame
    caption: str  # the title of the level axis
    wording: Wording

    @property
    def level(self):
        """Return the level of the intervals, as "95%"."""
        return level(self.posterior.confidence_level)

    def effect(self, summary):
        """Return "−1.20 points (95% credible interval −1.60 to −0.80)"."""
        return self.wording.within(summary.median, summary.interval, f"{self.level} credible interval", unit=True)

    def below(self, what):
        """Return how probable it is that the mean effect ("mu") or a new one is below null, above if that is good."""
        null, below = self.wording.measure.null, float(self.posterior.probability(0.0, of=what))
        if np.isnan(null):
            return ""
        if self.wording.benefit == "higher":
            return f"above {number(null, 0)}: {_probability(1.0 - below)}"
        return f"below {number(null, 0)}: {_probability(below)}"


@documented
@themed
def posterior_plot(
    posterior: PosteriorEffect,
    *,
    order: Literal["estimate", "precision", "label", "given"] = "estimate",
    x_label: str | None = None,
    measure: str | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
) -> ReportFigure:
    """Draw a posterior: densities of mean effect, new trial and tau, and the shrinkage of every trial.

    Parameters
    ----------
    posterior : PosteriorEffect
        From :func:`analysis.pool_bayes`.
    order : {"estimate", "precision", "label", "given"}
        Order of the trials.
    x_label : str, optional
        What the effects are, with their unit. Default: made from the measure and the unit of the result.
    {measure, favours, title}
    width_mm : float, optional
        Width of the page in millimetres, at least 80; below 125 numbers are given up and the panel of tau stands below.
        Default: 174, wider where the names need it.
    {digits}
    ax : matplotlib.axes.Axes, optional
        Draw the densities of mean effect and new trial into these axes of another figure, which have their final
        size, without trials, tau, title, key and footer.
    {note}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure of
        these axes, as it is.

    Raises
    ------
    TypeError
        For anything but a PosteriorEffect.
    ValueError
        For an unknown order, or a page that is too narrow.

    See Also
    --------
    analysis.pool_bayes : Compute the posterior that is drawn.
    analysis.predictive_density : Compute the density of the effect in a new trial.
    analysis.forest : Draw the trials, with the posterior as one of several models.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Densities and intervals are those of the result. A flat prior is not drawn, as it has no density.

    References
    ----------
    Roever 2020, doi 10.18637/jss.v093.i06 (posterior of the normal-normal model, shrinkage).

    Examples
    --------
    >>> import analysis
    >>> posterior = analysis.pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])
    >>> fig = analysis.posterior_plot(posterior, order="label")
    >>> fig.content.table["text_estimate"].dropna()[:3].tolist()
    ['−1.22', '−0.70', '−1.83']
    """
    if not hasattr(posterior, "mu_density"):
        give = "give a PosteriorEffect, such as pool_bayes(yi, vi)"
        raise TypeError(_check.refusal(posterior, "posterior_plot", give))
    if order not in ORDERS:
        raise ValueError(f"order is {order!r}; it must be one of {', '.join(ORDERS)}")
    wording = with_digits(Wording.of(posterior, measure), digits, posterior.yi, posterior.vi)
    favours = words.directions(favours, wording)
    caption, trials = axis_title(x_label, wording), _posterior_trials(posterior, order)
    # the trials set the limits of the panel, and the interval of the mean effect
    mean = {"estimate": posterior.mu.median, "low": posterior.mu.interval.low, "high": posterior.mu.interval.high}
    columns = [np.append(trials[f"observed_{end}"], value) for end, value in mean.items()]
    scale = Scale(panel_limits(*columns, null=null_of(wording.measure)), wording.measure)
    about = _About(posterior, _posterior_table(posterior, trials, scale, wording), caption, wording)
    if ax is not None:
        plane = Plane(ax, scale, _density_scale(about), *size_of(ax))
        draw_axes(plane, upright=False)
        _draw_densities(plane, about)
        title_axes(ax, caption, "Density", favours)
        return ax.figure
    if width_mm is not None and width_mm < LEAST_MM:
        raise ValueError(f"width_mm is {number(width_mm, 0)}; this figure needs at least {number(LEAST_MM, 0)} mm")
    title = title or f"Posterior of the mean effect and of {wording.counted(len(trials))}"
    footer = _posterior_footer(about, scale, note)
    fig = _posterior_page(about, scale, favours, title=title, footer=footer, width=width_mm)
    caption, alt = " ".join([sentences(title), *footer]), _posterior_alt_text(title, about)
    rows = with_rows(about.table, *footer_rows(footer))
    printed = {words.capital(wording.noun): ("text_name",), **PRINTED}
    fig.content = FigureContent(rows, title, caption, alt, _posterior_finding(about), printed)
    return fig


def _posterior_trials(posterior, order):
    """Return one row per trial in the order of the figure."""
    rows = posterior.shrinkage.rename(columns={"label": "name", "median": "estimate"})
    rows = rows.rename(columns={"yi": "observed_estimate", "ci_low": "low", "ci_high": "high"}).assign(kind="trial")
    half = critical(posterior.confidence_level) * np.sqrt(rows["vi"])
    rows["observed_low"], rows["observed_high"] = rows["observed_estimate"] - half, rows["observed_estimate"] + half
    rows["name"] = rows["name"].astype(str)
    column = ORDERS[order]
    return rows if column is None else rows.sort_values(column, kind="stable", ignore_index=True)


def _posterior_table(posterior, trials, scale, wording):
    """Return the rows of trials, mean effect, new trial and tau, then the points of the densities."""
    summaries = (("total", "Mean effect", posterior.mu), ("prediction", f"New {wording.noun}", posterior.new))
    rows = [trials]
    for kind, name, summary in (*summaries, ("tau", "τ", posterior.tau)):
        low, high = summary.interval
        rows.append(pd.DataFrame([{"kind": kind, "name": name, "estimate": summary.median, "low": low, "high": high}]))
    rows = pd.concat(rows, ignore_index=True)
    rows["text_name"] = rows["name"].where(rows["kind"] != "tau", f"τ{wording.on_scale}")
    rows["text_observed"] = ["" if np.isnan(x) else wording.write(x) for x in rows["observed_estimate"]]
    # tau stays on the scale of the analysis: as a ratio it would not be a standard deviation
    unshown, texts = replace(wording, measure=Measure("")), []
    for row in rows.to_dict("records"):
        of_row = unshown if row["kind"] == "tau" else wording
        texts.append((of_row.write(row["estimate"]), *of_row.limits(row["low"], row["high"])))
    rows["text_estimate"], rows["text_low"], rows["text_high"] = (list(part) for part in zip(*texts, strict=True))
    return pd.concat([rows, *_density_rows(posterior, scale)], ignore_index=True)


def _density_rows(posterior, scale):
    """Yield the points of every density."""

    def of(quantity, x, density):
        return pd.DataFrame({"kind": "density", "quantity": quantity, "x": x, "density": density(x)})

    def with_interval(x, interval):
        # the ends of the interval, or its shading would end at the points before them, and more points in between,
        # as an interval may be narrow on the scale of the panel
        return np.unique(np.concatenate([x, np.linspace(*np.clip(interval, x[0], x[-1]), POINTS // 2)]))

    x = np.linspace(*scale.limits, POINTS)
    yield of("mean effect", with_interval(x, posterior.mu.interval), posterior.mu_density)
    yield of("new trial", x, posterior.new_density)
    if posterior.mu_prior is not None:
        yield of("prior of the mean effect", x, lambda x: np.exp(posterior.mu_prior.log_density(x)))
    upper = float(min(posterior.quantile(TAU_TAIL, of="tau"), posterior.tau_prior.upper))
    # from the first point above 0 on, as the density of a LogStudent prior at 0 is not finite
    tau = with_interval(np.linspace(upper / POINTS, upper, POINTS), posterior.tau.interval)
    yield of("tau", tau, posterior.tau_density)
    yield of("prior of tau", tau, lambda x: np.exp(posterior.tau_prior.log_density(x)))


def _density_scale(about, posterior="mean effect", prior="prior of the mean effect"):
    """Return the scale of a panel of densities: the posterior fills it, a prior with a spike may leave it."""
    top = _density_of(about, posterior)[1].max()
    # a prior may make the posterior smaller, but not flatten it; a flat prior has no density
    top = max(top, min(_density_of(about, prior)[1].max(initial=0.0), MOST_PRIOR * top))
    return Scale((0.0, float(top) * HEADROOM))


def _density_of(about, quantity):
    """Return the points of a density: x, and the density there; none of a flat prior."""
    rows = about.table[about.table["quantity"].eq(quantity)]
    return rows["x"].to_numpy(float), rows["density"].to_numpy(float)


def _draw_densities(plane, about):
    """Draw the densities of mean effect and new trial, the interval shaded, and a proper prior."""
    looks = _curve_looks()
    if plane.x.limits[0] < plane.x.null < plane.x.limits[1]:
        null = [[(0.0, 0.0), (0.0, plane.y.limits[1])]]
        plane.lines(null, "posterior-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    x, y = _density_of(about, "new trial")
    plane.areas([band(x, np.zeros(len(x)), y)], "posterior-new-area", style.BAND, zorder=0.1)
    _draw_curve(plane, about, "new trial", "posterior-new", zorder=2, **looks["new"])
    _draw_curve(plane, about, "prior of the mean effect", "posterior-mu-prior", zorder=2.1, **looks["prior"])
    _draw_posterior(plane, about, "mean effect", about.posterior.mu, "posterior-mu")


def _curve_looks():
    """Return the look of the curves of a posterior, of a new trial and of a prior, as drawn and in the key."""
    return {
        "posterior": {"colors": style.MODEL, "linewidths": LINE_PT},
        "new": {"colors": style.MODEL, "linewidths": 0.8, "linestyles": [DASHES]},
        "prior": {"colors": style.MUTED, "linewidths": 1.0, "linestyles": [DOTS]},
    }


def _draw_curve(plane, about, quantity, gid, **look):
    """Draw the curve of a density, if there is one."""
    x, y = _density_of(about, quantity)
    if len(x):
        # a prior with a spike leaves the panel, but not by so much that it could not be drawn
        plane.lines([np.column_stack([x, np.minimum(y, 4 * plane.y.limits[1])])], gid, **look)


def _draw_posterior(plane, about, quantity, summary, gid):
    """Draw the density of a posterior, the area of its interval, and its median."""
    x, y = _density_of(about, quantity)
    low, high = summary.interval
    inside = (x >= low) & (x <= high)
    area = band(x[inside], np.zeros(inside.sum()), y[inside])
    plane.areas([area], f"{gid}-interval", style.BAND_DARK, zorder=0.2)
    _draw_curve(plane, about, quantity, gid, zorder=2.2, **_curve_looks()["posterior"])
    median = [[(summary.median, 0.0), (summary.median, float(np.interp(summary.median, x, y)))]]
    plane.lines(median, f"{gid}-median", colors=style.MODEL, linewidths=style.RULE_PT, zorder=2.1)


def _posterior_footer(about, scale, note):
    """Return the paragraphs below the figure."""
    of, wording = about.posterior, about.wording
    log = f"Densities are those{wording.on_scale}" if wording.on_scale else ""
    rows = about.table[about.table["low"].notna() & about.table["kind"].ne("tau")]
    ends = rows[["low", "high", "observed_low", "observed_high"]]
    leave = ends.lt(scale.limits[0]).any(axis=None) or ends.gt(scale.limits[1]).any(axis=None)
    arrowhead = "; arrowhead: interval leaves the panel" if leave else ""
    few = f"{wording.counted(of.k)}: the prior of τ has much influence; compare with others" if of.k < 5 else ""
    lines = [
        _posterior_finding(about),
        sentences(
            f"Bayesian random-effects model, {wording.counted(of.k)}; {words.prior_words(of.tau_prior)}; "
            f"{words.prior_words(of.mu_prior)}{' (not drawn)' if of.mu_prior is None else ''}",
            "posterior distributions by quadrature, intervals with equal tails",
        ),
        sentences(
            f"{wording.nouns}: open circle, estimate as observed with its {about.level} confidence interval; filled "
            f"circle, posterior median of the {wording.noun}'s true effect with its {about.level} credible interval, "
            f"drawn towards the mean the more, the less precise the {wording.noun}",
            f"diamond and pale line: mean effect; bar: predictive interval{arrowhead}",
            log,
            few,
        ),
        sentences(note),
    ]
    return [line for line in lines if line]


def _posterior_finding(about):
    """Return what the posterior says, in words."""
    of, wording = about.posterior, about.wording
    below, new = about.below("mu"), about.below("new")
    tau = f"{number(of.tau.median, wording.digits)} {wording.points}".rstrip()
    what = f" ({wording.called})" if wording.contrast else ""
    return sentences(
        f"Mean effect{what}: posterior median {about.effect(of.mu)}"
        f"{f'; probability that it is {below}' if below else ''}",
        f"A new {wording.noun}: {about.level} predictive interval {wording.span(*of.new.interval)}"
        f"{f'; probability that its effect is {new}' if new else ''}",
        f"Heterogeneity: τ{wording.on_scale}, posterior median {tau} "
        f"({about.level} credible interval {interval(*of.tau.interval, wording.digits)})",
    )


def _probability(p):
    """Return a probability as a percentage that is never rounded to 0 or 100."""
    if p < 0.001:
        return f"below {percent(0.001, 1)}"
    return f"above {percent(0.999, 1)}" if p > 0.999 else percent(p, 1)


def _posterior_page(about, scale, favours, *, title, footer, width):
    """Return the figure: densities on top, trials in rows below, numbers and the panel of tau beside them or below."""
    rows = about.table[about.table["kind"].isin(("trial", "total", "prediction"))].reset_index(drop=True)
    place = _place_columns(about, rows, width)
    beside, wide = bool(place.parts), place.right - place.left
    with style_context(["default", style.RC]):
        key_mm = place.left - style.MARGIN - style.GAP if beside else place.width - 2 * style.MARGIN
        key, tall = lay_key(_posterior_key(about), key_mm, stacked=beside)
        top_mm = max(DENSITY_MM, tall + 2.0) if beside else DENSITY_MM
        y = _rows_mm(len(rows) - 2)
        panel = Panel("posterior", ("", ""), (), scale.limits, (about.caption,), favours=favours, measure=scale.measure)
        axis = axis_height([panel], {"posterior": wide})
        head, depth = line_height(style.BODY_PT) + 2.2, y[-1] + 3.4
        under = 0.0 if beside else TAU_ABOVE_MM + TAU_MM + TAU_AXIS_MM + KEY_ABOVE_MM + tall
        framing = frame(title, footer, place.width, top_mm + head + depth + axis + under)
        figure, page = framed_page(framing)
        base = framing.top + top_mm
        top = base + head
        ax = inset(figure, page, (place.left, place.right, framing.top, base), "densities")
        plane = Plane(ax, scale, _density_scale(about), wide, top_mm)
        ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
        _draw_densities(plane, about)
        rule(page, [[(place.left, base), (place.right, base)]], "density-base")
        ax = inset(figure, page, (place.left, place.right, top, top + depth), "trials")
        plane = Plane(ax, scale, Scale((depth, 0.0)), wide, depth)
        ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
        draw_axis(ax, scale, wide)
        ax.spines["bottom"].set_visible(True)
        _draw_posterior_rows(plane, about, y)
        write_captions(page, panel, place.left, place.right, top + depth + TICKS_MM)
        _write_cells(page, about, rows, place, y_mm=top + y, top=top)
        if beside:
            edge = place.width - style.MARGIN - EDGE_MM
            tau = place.right + 1.6 * style.PANEL_GAP, edge, framing.top + 3.6, base - TAU_AXIS_MM
            key_top = framing.top + 1.0
        else:
            below = top + depth + axis + TAU_ABOVE_MM
            tau = place.left, place.right, below, below + TAU_MM
            key_top = below + TAU_MM + TAU_AXIS_MM + KEY_ABOVE_MM
        _draw_tau(figure, page, about, tau)
        draw_key(page, key, style.MARGIN, key_top)
    return figure


@dataclass(frozen=True)
class _Edges:
    """Edges of the panel in millimetres, and the right edges of the columns of numbers, none on a narrow page."""

    width: float  # of the page
    left: float
    right: float
    parts: tuple


def _place_columns(about, rows, width):
    """Return where everything stands.

    Without a width the page is as wide as the names and numbers need; otherwise numbers go first where there is no
    room, and too narrow a page is an error.
    """
    names = max(text_width(name, style.BODY_PT, "bold") for name in rows["text_name"])
    left = style.MARGIN + max(names, KEY_MM) + style.GAP
    parts, beside = _number_columns(about, rows)
    if width is None:
        width = max(USUAL_MM, left + PANEL_MM + beside + style.MARGIN)
    edge = width - style.MARGIN
    if width >= NUMBERS_MM and edge - beside - left >= PANEL_MM:
        return _Edges(width, left, edge - beside, tuple(edge - part for part in parts))
    # without numbers the key goes below the panels, so that the names alone decide where they begin
    left = style.MARGIN + names + style.GAP
    if edge - left < ALONE_MM:
        least = number(np.ceil(left + ALONE_MM + style.MARGIN), 0)
        raise ValueError(f"width_mm is {number(width, 0)}, but this figure needs at least {least} mm")
    return _Edges(width, left, edge - EDGE_MM, ())


def _number_columns(about, rows):
    """Return how far the columns of numbers end from the right margin, and the width of all with the gap before.

    The columns are those of ``_write_cells``: as observed, then the posterior median and both ends of its interval.
    """
    wide = [_widest(rows[f"text_{part}"]) for part in ("low", "high")]
    heads = [text_width(head, style.BODY_PT, "bold") for head in _heads(about)]
    posterior = max(sum(wide) + _widest(rows["text_estimate"]) + 2 * style.PART_GAP, heads[1])
    observed = max(_widest(rows["text_observed"]), heads[0])
    parts = posterior + style.GAP, sum(wide) + 2 * style.PART_GAP, wide[1] + style.PART_GAP, 0.0
    return parts, posterior + style.GAP + observed + style.PANEL_GAP


def _widest(texts):
    return max(text_width(text, style.BODY_PT, "bold") for text in texts)


def _heads(about):
    """Return the headings of the numbers: over the column of observed estimates, and over the other three."""
    return "Observed", f"Posterior {bracketed(f'{about.level} CrI')}"


def _posterior_key(about):
    """Return the entries of the key."""
    looks, noun = _curve_looks(), about.wording.noun
    return [
        line_entry("posterior", **looks["posterior"]),
        area_entry(f"{about.level} credible interval", style.BAND_DARK),
        line_entry(f"effect in a new {noun}", **looks["new"]),
        line_entry("prior", **looks["prior"]),
        marker_entry(f"{noun}, observed", "circle", CIRCLE_PT2, style.MUTED, hollow=True),
        marker_entry(f"{noun}, shrunken", "circle", CIRCLE_PT2, style.MODEL),
    ]


def _rows_mm(k):
    """Return the middles of the rows of k trials, the mean effect and a new trial, below the top of the panel."""
    pitch = style.ROW_MM["trial"]
    trials = 0.5 * pitch + np.arange(k) * pitch + 0.6
    total = (trials[-1] if k else 0.0) + pitch / 2 + style.SPACE_ABOVE_MM["total"] + style.ROW_MM["total"] / 2
    return np.append(trials, [total, total + (style.ROW_MM["total"] + style.ROW_MM["prediction"]) / 2])


def _draw_posterior_rows(plane, about, y):
    """Draw trials, mean effect and new trial on rows at ``y`` mm below the top of the panel."""
    low, high = plane.x.limits
    if low < plane.x.null < high:
        null = [[(0.0, 0.0), (0.0, plane.height)]]
        plane.lines(null, "posterior-rows-null", colors=style.INK, linewidths=style.RULE_PT, zorder=0.2)
    total = about.table[about.table["kind"] == "total"].iloc[0]
    mean = [[(total["estimate"], 0.0), (total["estimate"], plane.height)]]
    plane.lines(mean, "posterior-mean", colors=style.BAND_DARK, linewidths=0.8, zorder=0.1)
    trials = about.table[about.table["kind"] == "trial"]
    k = len(trials)
    observed, shrunken = y[:k] - LANE_MM, y[:k] + LANE_MM
    ends = [trials["observed_estimate"], observed], [trials["estimate"], shrunken]
    joined = np.stack([np.column_stack(end) for end in ends], axis=1)
    plane.lines(joined, "posterior-shrinkage", colors=style.FAINT, linewidths=style.CONNECTOR_PT / 2, zorder=1)
    kinds = (
        ("observed", "observed_", observed, style.MUTED, OBSERVED_PT, style.PAPER, 2.8),
        ("shrunken", "", shrunken, style.MODEL, style.INTERVAL_PT, style.MODEL, 3),
    )
    for name, prefix, at, colour, wide, inside, zorder in kinds:
        x, a, b = (trials[f"{prefix}{end}"].to_numpy(float) for end in ("estimate", "low", "high"))
        lines = np.stack([np.column_stack([end.clip(low, high), at]) for end in (a, b)], axis=1)
        plane.lines(lines, f"posterior-{name}-intervals", colors=colour, linewidths=wide, zorder=2)
        draw_tips(plane, a, b, at, f"posterior-{name}-tips", colour=colour)
        look = {"s": CIRCLE_PT2, "c": inside, "edgecolors": colour, "linewidths": RIM_PT, "zorder": zorder}
        plane.ax.scatter(x, at, gid=f"posterior-{name}", label=name, **look)
    _draw_results(plane, about, y[k:])


def _draw_results(plane, about, y):
    """Draw the diamond of the mean effect and the bar of the predictive interval."""
    low, high = plane.x.limits
    arrow = style.ARROW_MM / plane.width * (high - low)
    total, new = (about.table[about.table["kind"] == kind].iloc[0] for kind in ("total", "prediction"))
    ends, half = (total["low"], total["estimate"], total["high"]), style.DIAMOND_MM["total"] / 2
    corners = clipped_diamond(ends, y[0], half, (low, high), arrow)
    plane.areas([corners] if corners else [], "posterior-total", style.MODEL, zorder=3)
    bar = [[(max(new["low"], low), y[1]), (min(new["high"], high), y[1])]]
    plane.lines(bar, "posterior-prediction", colors=style.MODEL, linewidths=style.PREDICTION_PT, zorder=3)
    for row, at, name in ((total, y[0], "total"), (new, y[1], "prediction")):
        draw_tips(plane, [row["low"]], [row["high"]], [at], f"posterior-{name}-tips", colour=style.MODEL)


def _write_cells(page, about, rows, place, *, y_mm, top):
    """Write names and numbers, their headings, and the rule above the results."""
    edge = place.width - style.MARGIN
    y = top - 1.4 - line_height(style.BODY_PT) / 2
    write(page, style.MARGIN, y, words.capital(about.wording.noun), style.HEAD, gid="head-name")
    if place.parts:
        for head, x in zip(_heads(about), (place.parts[0], edge), strict=True):
            write(page, x, y, head, style.HEAD, align="right", gid=f"head-{head.split()[0].lower()}")
    ends = [(style.MARGIN, place.left - style.GAP / 2), (place.right + style.GAP / 2, edge)]
    rule(page, [[(a, top - 0.6), (b, top - 0.6)] for a, b in ends[: 1 + bool(place.parts)]], "head-rule")
    cells = ("text_observed", "text_estimate", "text_low", "text_high")
    for i, row in enumerate(rows.to_dict("records")):
        look = style.cell_style(row["kind"])
        write(page, style.MARGIN, y_mm[i], row["text_name"], look, gid=f"cell-{i}-name")
        for cell, x in zip(cells, place.parts, strict=False):
            write(page, x, y_mm[i], row[cell], look, align="right", gid=f"cell-{i}-{cell[5:]}")
    at = y_mm[-2] - style.ROW_MM["total"] / 2 - 0.6
    rule(page, [[(style.MARGIN, at), (edge, at)]], "total-rule", width=style.HAIR_PT, colour=style.FAINT)


def _draw_tau(figure, page, about, box):
    """Draw the panel of tau with its axis and title."""
    left, right, top, bottom = box
    ax = inset(figure, page, box, "tau")
    x = about.table.loc[about.table["quantity"].eq("tau"), "x"]
    y = _density_scale(about, "tau", "prior of tau")
    plane = Plane(ax, Scale((-LEFT_SHARE * float(x.max()), float(x.max()))), y, right - left, bottom - top)
    ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    draw_axis(ax, Panel("tau", (), (), plane.x.limits, ("",)), plane.width)
    ax.spines["bottom"].set_visible(True)
    _draw_curve(plane, about, "prior of tau", "posterior-tau-prior", zorder=2.1, **_curve_looks()["prior"])
    _draw_posterior(plane, about, "tau", about.posterior.tau, "posterior-tau")
    scale = about.wording.on_scale
    title = first_fitting((f"τ, SD of true effects{scale}", f"τ{scale}"), right - left + 4.0, style.SMALL_PT)
    y = bottom + TICKS_MM + line_height(style.SMALL_PT) / 2
    write(page, (left + right) / 2, y, title, style.CAPTION, align="center", gid="title-tau")


def _posterior_alt_text(title, about):
    """Return what the figure shows to someone who cannot see it."""
    trials = about.table[about.table["kind"] == "trial"]
    spans = []
    for name, column in (("observed estimates", "observed_estimate"), ("posterior medians", "estimate")):
        spans.append(f"{name} from {about.wording.span(trials[column].min(), trials[column].max())}")
    return sentences(
        f"Posterior densities and shrinkage: {title}",
        f"{about.wording.counted(len(trials))}, {' and '.join(spans)}",
        _posterior_finding(about),
    )
