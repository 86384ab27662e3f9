"""Posterior densities of a Bayesian meta-analysis above its trials, each as observed and as shrunken.

Densities of mean effect and new trial stand on top, on the scale of the trials in the rows below; numbers and the
density of tau stand beside them, or tau below where the page is narrow. Densities are tabulated once, as rows of the
table, and drawn from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import FigureOptions, PageWidth
from analysis.measures import Measure
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import axis_title as title_with_outcome
from analysis.plots._layout import Column, Panel, asked, first_fitting, line_height, panel_limits
from analysis.plots._marks import (
    DASHES,
    area_entry,
    clipped_diamond,
    horizontal,
    lay_key,
    line_entry,
    marker_entry,
    rule,
    scatter,
)
from analysis.plots._page import TICKS_MM, ReportFigure, Spec, Strip, draw, key_below
from analysis.plots._plane import (
    EDGE_MM,
    Plane,
    Scale,
    axis_title,
    band,
    critical,
    draw_axes,
    draw_tips,
    imputed_in,
    plane_of_rows,
    size_of,
    title_axes,
    width_of,
    with_digits,
)
from analysis.plots._theme import themed
from analysis.plots._words import sentences
from analysis.sentences import Wording
from analysis.text import bracketed, interval, level, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.models.bayes import PosteriorEffect

ORDERS = {"given": None, "estimate": "observed_estimate", "precision": "vi", "label": "name"}
LONG, DOTS = (0, (4.0, 2.2)), (0, (1.0, 1.6))  # dashes of a new trial and of a prior
POINTS = 161  # of a density
HEADROOM = 1.08  # height of a panel of densities, in heights of what fills it
MOST_PRIOR = 1.6  # a prior makes the panel this many times higher than the posterior at most
DENSITY_MM = 40.0
NUMBERS_MM = 125.0  # pages at least this wide have columns of numbers
KEY_MM = 33.0  # least width of the key, which stands over the names there

# rows of trials
LANE_MM = 0.62  # observed above and shrunken below the middle of a row
CIRCLE_PT2 = 13.0
RIM_PT = 0.9

# the panel of tau
TAU_MM = 22.0  # its height where it stands below
TAU_ABOVE_MM = 4.0  # above it there
TAU_AXIS_MM = 10.0  # its ticks and title
TAU_TAIL = 0.995  # the share of the posterior that it shows
FEW = 5  # trials: with fewer the prior of tau has much influence
LEFT_SHARE = 0.05  # of the range of tau, left of 0


@dataclass(frozen=True, eq=False)
class _About:
    """What the words are about: the posterior, the table of the figure, and its wording."""

    posterior: object
    table: pd.DataFrame
    wording: Wording

    @property
    def level(self):
        """Return the level of the intervals, as "95%"."""
        return level(self.posterior.confidence_level)

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
    **options: Unpack[FigureOptions],
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
    {note, footer, dpi, xlim, ticks, xlabel, null, lines}

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
    wording = with_digits(words.wording_of(posterior, measure), digits, posterior.yi, posterior.vi)
    favours = words.directions(favours, wording)
    caption = axis_title(x_label, wording) if x_label else title_with_outcome(wording)
    trials = _posterior_trials(posterior, order)
    # the trials set the limits of the panel, and the interval of the mean effect
    mean = {"estimate": posterior.mu.median, "low": posterior.mu.interval.low, "high": posterior.mu.interval.high}
    columns = [np.append(trials[f"observed_{end}"], value) for end, value in mean.items()]
    null = Scale((), wording.measure, asked=True).null
    scale = asked(Scale(panel_limits(*columns, null=null), wording.measure))
    about = _About(posterior, _posterior_table(posterior, trials, scale, wording), wording)
    if ax is not None:
        plane = Plane(ax, scale, _density_scale(about), *size_of(ax))
        draw_axes(plane, upright=False)
        _draw_densities(plane, about)
        title_axes(ax, caption, "Density", favours)
        return ax.figure
    width = width_mm and width_of(width_mm, "posterior plot")
    panel = {"measure": scale.measure, "asked": True, "draws": _draw_rows}
    panel = Panel("trials", (), (), scale.limits, (caption,), favours, **panel)
    noun, wide = words.capital(wording.noun), width is None or width >= NUMBERS_MM
    tracks = [Column("name", noun, ("text_name",), "left", room=(KEY_MM * wide, np.inf)), panel]
    if wide:
        head = f"Posterior {bracketed(f'{about.level} CrI')}"
        tracks.append(Column("numbers", "Observed", ("text_observed",)))
        tracks.append(Column("numbers", head, ("text_estimate", "text_low", "text_high")))
    counted, heads = wording.counted(len(trials)), {noun: ("text_name",), "Observed": ("text_observed",)}
    few = f"{counted}: the prior of τ has much influence; compare with others" if len(trials) < FEW else ""
    spread = (trials[column].agg(["min", "max"]) for column in ("observed_estimate", "estimate"))
    observed, medians = (wording.span(*ends) for ends in spread)
    at = about.level
    spec = Spec(
        about.table,
        tracks,
        wording,
        title=title or f"Posterior of the mean effect and of {counted}",
        said=_posterior_finding(about),
        computed=sentences(
            f"Bayesian random-effects model, {counted}; {words.prior_words(posterior.tau_prior)}; "
            f"{words.prior_words(posterior.mu_prior)}{' (not drawn)' if posterior.mu_prior is None else ''}",
            "posterior distributions by quadrature, intervals with equal tails",
        ),
        marks={
            "posterior-observed": f"{{nouns}}: open circle, estimate as observed with its {at} confidence interval",
            "posterior-shrunken": (
                f"filled circle, posterior median of the {{noun}}'s true effect with its {at} credible interval, drawn "
                "towards the mean the more, the less precise the {noun}"
            ),
            "posterior-observed-intervals-imputed": "dashed interval: SD imputed",
            "posterior-total": "diamond and pale line: mean effect",
            "posterior-prediction": "bar: predictive interval",
            "posterior-*-tips": "arrowhead: interval leaves the panel",
        },
        facts=(f"Densities are those{wording.on_scale}" * bool(wording.on_scale), few),
        notes=(sentences(note),),
        seen=(f"{counted}, observed estimates from {observed} and posterior medians from {medians}",),
        in_words=_posterior_finding(about),
        kind="Posterior densities and shrinkage",
        drop=("numbers",),
        said_without="",
        above=partial(_above_rows, about, scale),
        below=partial(_below_rows, about),
        printed=heads | {"Posterior median": ("text_estimate",), "Credible interval": ("text_low", "text_high")},
    )
    return draw(spec, width_mm=width)


def _posterior_trials(posterior, order):
    """Return one row per trial in the order of the figure."""
    rows = posterior.shrinkage.rename(columns={"label": "name", "median": "estimate"})
    rows = rows.rename(columns={"yi": "observed_estimate", "ci_low": "low", "ci_high": "high"}).assign(kind="trial")
    half = critical(posterior.confidence_level) * np.sqrt(rows["vi"])
    rows["observed_low"], rows["observed_high"] = rows["observed_estimate"] - half, rows["observed_estimate"] + half
    rows["name"], rows["imputed"] = rows["name"].astype(str), imputed_in(posterior)
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
        null = [[(plane.x.null, end) for end in plane.y.limits]]
        plane.lines(null, "posterior-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    x, y = _density_of(about, "new trial")
    plane.areas([band(x, np.zeros(len(x)), y)], "posterior-new-area", style.BAND, zorder=0.1)
    _draw_curve(plane, about, "new trial", "posterior-new", zorder=2, **looks["new"])
    _draw_curve(plane, about, "prior of the mean effect", "posterior-mu-prior", zorder=2.1, **looks["prior"])
    _draw_posterior(plane, about, "mean effect", about.posterior.mu, "posterior-mu")


def _curve_looks():
    """Return the look of the curves of a posterior, of a new trial and of a prior, as drawn and in the key."""
    return {
        "posterior": {"colors": style.MODEL, "linewidths": 1.3},
        "new": {"colors": style.MODEL, "linewidths": 0.8, "linestyles": [LONG]},
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


def _posterior_finding(about):
    """Return what the posterior says, in words."""
    of, wording = about.posterior, about.wording
    below, new = about.below("mu"), about.below("new")
    tau = f"{number(of.tau.median, wording.digits)} {wording.points}".rstrip()
    what = f" ({wording.called})" if wording.contrast else ""
    mu = wording.within(of.mu.median, of.mu.interval, f"{about.level} credible interval", unit=True)
    return sentences(
        f"Mean effect{what}: posterior median {mu}{f'; probability that it is {below}' if below else ''}",
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


def _above_rows(about, scale, layout):
    """Return the Strip of the densities, between the key and the panel of tau where there are columns of numbers."""
    (left, right), beside = layout.panels["trials"], len(layout.columns) > 1
    key, tall = lay_key(_posterior_key(about), left - style.MARGIN - style.GAP, stacked=True) if beside else ((), 0.0)
    height = max(DENSITY_MM, tall + 2.0)

    def draws(ax):
        plane = Plane(ax, scale, _density_scale(about), right - left, height)
        ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
        _draw_densities(plane, about)
        rule(ax, [[(end, 0.0) for end in plane.x.limits]], "density-base", clip_on=False)

    edge = layout.width - style.MARGIN - EDGE_MM
    tau = right + 1.6 * style.PANEL_GAP, edge, 3.6, height - TAU_AXIS_MM
    axes = [("densities", (left, right, 0.0, height), draws), *[_tau_axes(about, tau)] * beside]
    return Strip(height, axes, key, (style.MARGIN, 1.0))


def _below_rows(about, layout):
    """Return the Strip of the panel of tau and the key on a page without columns of numbers."""
    if len(layout.columns) > 1:
        return Strip()
    tau = *layout.panels["trials"], TAU_ABOVE_MM, TAU_ABOVE_MM + TAU_MM
    key = key_below(_posterior_key(about), layout.width, TAU_ABOVE_MM + TAU_MM + TAU_AXIS_MM)
    return replace(key, axes=[_tau_axes(about, tau)])


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


def _draw_rows(ax, panel, table, mm_per_unit):
    """Draw trials, the diamond of the mean effect and the bar of a new trial."""
    plane = plane_of_rows(ax, panel, mm_per_unit)
    (low, high), ends = panel.limits, plane.y.limits
    of = {kind: table[table["kind"] == kind] for kind in ("trial", "total", "prediction")}
    total, new = of["total"].iloc[0], of["prediction"].iloc[0]
    mean = [[(total["estimate"], end) for end in ends]]
    plane.lines(mean, "posterior-mean", colors=style.BAND_DARK, linewidths=0.8, zorder=0.1)
    trials = of["trial"]
    imputed, joined = trials["imputed"].to_numpy(bool), []
    for name, prefix, lane, colour, wide, inside in (
        ("observed", "observed_", -LANE_MM, style.MUTED, 0.6, style.PAPER),
        ("shrunken", "", LANE_MM, style.MODEL, style.INTERVAL_PT, style.MODEL),
    ):
        x, a, b = (trials[f"{prefix}{end}"] for end in ("estimate", "low", "high"))
        y, dashed, gid = trials["y_mm"] + lane, imputed & bool(prefix), f"posterior-{name}-intervals"
        intervals, look = horizontal(a.clip(low, high), b.clip(low, high), y), {"colors": colour, "linewidths": wide}
        plane.lines(intervals[~dashed], gid, zorder=2, **look)
        plane.lines(intervals[dashed], f"{gid}-imputed", linestyles=[DASHES], zorder=2, **look)
        draw_tips(plane, a, b, y, f"posterior-{name}-tips", colour=colour)
        look = {"s": CIRCLE_PT2, "c": inside, "edgecolors": colour, "linewidths": RIM_PT}
        scatter(ax, x, y, f"posterior-{name}", zorder=2.8 if prefix else 3, **look)
        joined.append(np.column_stack([x, y]))
    joined = np.stack(joined, axis=1)
    plane.lines(joined, "posterior-shrinkage", colors=style.FAINT, linewidths=style.CONNECTOR_PT / 2, zorder=1)
    ends, half = (total["low"], total["estimate"], total["high"]), style.DIAMOND_MM["total"] / 2
    corners = clipped_diamond(ends, total["y_mm"], half, panel.limits, style.ARROW_MM / mm_per_unit)
    plane.areas([corners] if corners else [], "posterior-total", style.MODEL, zorder=3)
    bar = [[(max(new["low"], low), new["y_mm"]), (min(new["high"], high), new["y_mm"])]]
    plane.lines(bar, "posterior-prediction", colors=style.MODEL, linewidths=style.PREDICTION_PT, zorder=3)
    for row, name in ((total, "total"), (new, "prediction")):
        draw_tips(plane, [row["low"]], [row["high"]], [row["y_mm"]], f"posterior-{name}-tips", colour=style.MODEL)


def _tau_axes(about, box):
    """Return the panel of tau with its axis and title, as a Strip has it."""
    left, right, top, bottom = box
    end = float(_density_of(about, "tau")[0].max())
    scales = Scale((-LEFT_SHARE * end, end)), _density_scale(about, "tau", "prior of tau")

    def draws(ax):
        plane = Plane(ax, *scales, right - left, bottom - top)
        draw_axes(plane, upright=False)
        _draw_curve(plane, about, "prior of tau", "posterior-tau-prior", zorder=2.1, **_curve_looks()["prior"])
        _draw_posterior(plane, about, "tau", about.posterior.tau, "posterior-tau")
        scale = about.wording.on_scale
        title = first_fitting((f"τ, SD of true effects{scale}", f"τ{scale}"), plane.width + 4.0, style.SMALL_PT)
        y = -TICKS_MM - line_height(style.SMALL_PT) / 2
        plane.write(plane.width / 2, y, title, style.CAPTION, align="center", gid="title-tau")

    return "tau", box, draws
