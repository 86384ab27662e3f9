"""Posterior densities of a Bayesian meta-analysis above its trials, each as observed and as shrunken."""

import numpy as np
import pandas as pd

from analysis.plots import _posterior_words as words
from analysis.plots._axis import panel_limits
from analysis.plots._canvas import FigureContent
from analysis.plots._cells import digits_for
from analysis.plots._forest import NAMES, RATIOS
from analysis.plots._plane import Plane, Scale, draw_axes, size_of, title_axes
from analysis.plots._posterior_marks import density_scale, draw_densities
from analysis.plots._posterior_page import LEAST_MM, draw_page
from analysis.plots._themes import themed
from analysis.plots._words import sentences
from analysis.results import t_quantile
from analysis.text import limits, number

POINTS = 161
TAU_TAIL = 0.995  # the share of the posterior of tau that its panel shows
ORDERS = {"given": None, "estimate": "observed_estimate", "precision": "vi", "label": "name"}


@themed
def posterior_plot(
    posterior,
    *,
    order="estimate",
    x_label=None,
    measure=None,
    favours=("favours treatment", "favours placebo"),
    title=None,
    width_mm=None,
    digits=None,
    ax=None,
    note="",
):
    """Draw a posterior: densities of mean effect, new trial and tau, and the shrinkage of every trial.

    Parameters
    ----------
    posterior : PosteriorEffect
        From ``pool_bayes``.
    order : {"estimate", "precision", "label", "given"}
        Order of the trials.
    x_label : str, optional
        What the effects are, with their unit. Default: the name of the measure.
    measure : str, optional
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log axis. Default: that of the result.
    favours : (str, str) or None
        What the left and the right side of the null line mean.
    title : str, optional
    width_mm : float, optional
        Width of the page, at least 80; below 125 numbers are given up and the panel of tau stands below. Default: 174,
        wider where the names need it.
    digits : int, optional
        Decimals of the printed numbers.
    ax : matplotlib Axes, optional
        Draw the densities of mean effect and new trial into these axes of another figure, which have their final
        size, without trials, tau, title, key and footer.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    ValueError
        For an unknown order, or a page that is too narrow.

    Notes
    -----
    Densities and intervals are those of the result (Roever 2020, doi 10.18637/jss.v093.i06). A flat prior is not
    drawn, as it has no density.

    Examples
    --------
    >>> import analysis
    >>> posterior = analysis.pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], labels=["A", "B", "C"])
    >>> fig = analysis.posterior_plot(posterior, order="label")
    >>> fig.content.table["text_estimate"].dropna()[:3].tolist()
    ['−1.22', '−0.70', '−1.83']
    """
    if not hasattr(posterior, "mu_density"):
        raise TypeError("posterior_plot draws a PosteriorEffect; pass pool_bayes(yi, vi)")
    if order not in ORDERS:
        raise ValueError(f"order is {order!r}; it must be one of {', '.join(ORDERS)}")
    measure = measure or posterior.measure or "MD"
    ratio = measure in RATIOS
    x_label = x_label or NAMES.get(measure, measure)
    trials = _trials(posterior, order)
    if digits is None:
        digits = 2 if ratio else digits_for(trials["observed_low"], trials["observed_high"])
    scale = Scale(_limits(posterior, trials), ratio)
    table = posterior_table(posterior, trials, scale, digits)
    about = words.About(posterior, table, x_label, ratio, digits)
    if ax is not None:
        return _into(ax, about, scale)
    if width_mm is not None and width_mm < LEAST_MM:
        raise ValueError(f"width_mm is {number(width_mm, 0)}; this figure needs at least {number(LEAST_MM, 0)} mm")
    title = title or f"Posterior of the mean effect and of {len(trials)} trials"
    title = title.replace(" 1 trials", " one trial")
    footer = words.footer(about, note)
    fig = draw_page(about, scale, favours or (), title=title, footer=footer, width=width_mm)
    rows = pd.concat([table, pd.DataFrame([{"kind": "footer", "name": line} for line in footer])], ignore_index=True)
    caption = " ".join([sentences(title), *footer])
    fig.content = FigureContent(rows, title, caption, words.alt_text(title, about), words.finding(about), words.PRINTED)
    return fig


def _trials(posterior, order):
    """Return one row per trial in the order of the figure."""
    rows = posterior.shrinkage.rename(columns={"label": "name", "median": "estimate"})
    rows = rows.rename(columns={"yi": "observed_estimate", "ci_low": "low", "ci_high": "high"}).assign(kind="trial")
    half = float(t_quantile(np.inf, posterior.confidence_level)) * np.sqrt(rows["vi"])
    rows["observed_low"], rows["observed_high"] = rows["observed_estimate"] - half, rows["observed_estimate"] + half
    rows["name"] = rows["name"].astype(str)
    column = ORDERS[order]
    return rows if column is None else rows.sort_values(column, kind="stable", ignore_index=True)


def _limits(posterior, trials):
    """Return the limits of the panel: the trials set them, and the mean effect's interval."""
    mu = posterior.mu
    parts = {"estimate": mu.median, "low": mu.interval.low, "high": mu.interval.high}
    columns = [np.append(trials[f"observed_{end}"], value) for end, value in parts.items()]
    return panel_limits(*columns)


def posterior_table(posterior, trials, scale, digits):
    """Return the rows of trials, mean effect, new trial and tau, then the points of the densities."""
    show = np.exp if scale.ratio else float
    summaries = (("total", "Mean effect", posterior.mu), ("prediction", "New trial", posterior.new))
    rows = [trials]
    for kind, name, summary in (*summaries, ("tau", "τ", posterior.tau)):
        low, high = summary.interval
        rows.append(pd.DataFrame([{"kind": kind, "name": name, "estimate": summary.median, "low": low, "high": high}]))
    rows = pd.concat(rows, ignore_index=True)

    rows["text_name"] = rows["name"]
    rows["text_observed"] = ["" if np.isnan(x) else number(show(x), digits) for x in rows["observed_estimate"]]
    shown = rows[["estimate", "low", "high"]].to_numpy(float)
    if scale.ratio:
        shown = np.where(rows[["kind"]] == "tau", shown, np.exp(shown))
    rows["text_estimate"] = [number(x, digits) for x in shown[:, 0]]
    ends = [limits(*pair, digits) for pair in shown[:, 1:].tolist()]
    rows["text_low"], rows["text_high"] = (list(part) for part in zip(*ends, strict=True))
    return pd.concat([rows, *_density_rows(posterior, scale)], ignore_index=True)


def _density_rows(posterior, scale):
    """Return the points of every density, those of the mean effect with the ends of its interval among them."""
    x = np.linspace(*scale.limits, POINTS)
    ends = np.clip(posterior.mu.interval, *scale.limits)
    fine = np.unique(np.concatenate([x, np.linspace(*ends, POINTS // 2)]))
    yield _density("mean effect", fine, posterior.mu_density(fine))
    yield _density("new trial", x, posterior.new_density(x))
    if posterior.mu_prior is not None:
        yield _density("prior of the mean effect", x, np.exp(posterior.mu_prior.log_density(x)))
    upper = float(min(posterior.quantile(TAU_TAIL, of="tau"), posterior.tau_prior.upper))
    tau = np.linspace(upper / POINTS, upper, POINTS)
    ends = np.clip(posterior.tau.interval, tau[0], upper)
    tau = np.unique(np.concatenate([tau, np.linspace(*ends, POINTS // 2)]))
    yield _density("tau", tau, posterior.tau_density(tau))
    yield _density("prior of tau", tau, np.exp(posterior.tau_prior.log_density(tau)))


def _density(quantity, x, density):
    return pd.DataFrame({"kind": "density", "quantity": quantity, "x": x, "density": density})


def _into(ax, about, scale):
    """Draw the densities into axes of another figure."""
    plane = Plane(ax, scale, density_scale(about), *size_of(ax))
    draw_axes(plane, upright=False)
    draw_densities(plane, about)
    title_axes(ax, about.x_label, "Density")
    return ax.figure
