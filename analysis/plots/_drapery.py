"""The drapery plot: the p value of every possible effect, for each trial, the pooled result and a new trial."""

import numpy as np
import pandas as pd

from analysis.diagnostics import common_effect
from analysis.plots import _drapery_words as words
from analysis.plots._axis import panel_limits
from analysis.plots._canvas import FigureContent
from analysis.plots._cells import digits_for
from analysis.plots._drapery_page import LABELLED, draw_into, draw_page
from analysis.plots._forest import NAMES, RATIOS, _blocks
from analysis.plots._plane import Scale
from analysis.plots._themes import themed
from analysis.plots._words import sentences
from analysis.pvalues import LEVELS, pvalue_curves
from analysis.results import t_quantile
from analysis.text import interval, number, pvalue

USUAL_MM, LEAST_MM = 150.0, 80.0
MARKED = 0.1, 0.05, 0.01


@themed
def drapery(
    results,
    *,
    scale="p",
    common=False,
    label=6,
    x_label=None,
    measure=None,
    favours=("favours treatment", "favours placebo"),
    title=None,
    width_mm=None,
    digits=None,
    ax=None,
    note="",
):
    """Draw a drapery plot: p-value curves of all trials, of the pooled result and of a new trial.

    Parameters
    ----------
    results : PooledEffect, EffectSizes or PooledArms
        EffectSizes are pooled with the defaults of ``pool_arms``; of PooledArms the contrast is drawn.
    scale : {"p", "z"}
        Upright axis: the p value itself, or the normal statistic that it belongs to, which spreads small p values
        out and makes the curves of trials straight.
    common : bool
        Draw the curve of the common-effect model too.
    label : int or sequence of str
        How many trials are named, those farthest from the pooled estimate first; or their names.
    x_label : str, optional
        What the effects are, with their unit. Default: made from the measure and the unit of the result.
    measure : str, optional
        "MD", "SMD", "RD", "RR", "OR", "HR" or "ROM"; ratios get a log axis. Default: that of the result.
    favours : (str, str) or None
        What the left and the right side of the null line mean.
    title : str, optional
    width_mm : float, optional
        Width of the page, at least 80. Default: 150.
    digits : int, optional
        Decimals of the printed numbers.
    ax : matplotlib Axes, optional
        Draw the panel into these axes of another figure, which have their final size, without names, title, key and
        footer.
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
        For an unknown scale, a name that is not that of a trial, or a page that is too narrow.

    Notes
    -----
    Ruecker and Schwarzer (2021, doi 10.1002/jrsm.1410). Trials have normal curves; the pooled curve has the
    distribution of its interval, so it crosses p = 0.05 at the ends of the 95% interval, and the curve of a new trial
    that of the prediction interval.

    Examples
    --------
    >>> import analysis
    >>> pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], labels=["A", "B", "C"], measure="MD")
    >>> total = analysis.drapery(pooled).content.table.query("kind == 'total'").iloc[0]
    >>> bool(total["low_p0.05"] == pooled.ci.low)
    True
    """
    if scale not in LABELLED:
        raise ValueError(f'scale is {scale!r}; it must be "p" or "z"')
    block, _, unit, left_out = _blocks(results, None)
    pooled = block.results["contrast"]
    measure = measure or getattr(pooled, "measure", "") or "MD"
    ratio = measure in RATIOS
    x_label = x_label or ", ".join(part for part in (NAMES.get(measure, measure), unit) if part)
    table, digits = drapery_table(pooled, block.trials["label"].astype(str).tolist(), label, common, digits, ratio)
    lines = tuple(dict.fromkeys([_own(pooled), *MARKED]))
    about = words.About(pooled, table, lines, x_label, unit, ratio, digits, left_out)
    trials = table[table["kind"] == "trial"]
    across = Scale(panel_limits(*(trials[end] for end in ("estimate", "low", "high"))), ratio)
    if ax is not None:
        return draw_into(ax, about, across, scale)
    width = width_mm or USUAL_MM
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}; a drapery plot needs at least {number(LEAST_MM, 0)} mm")
    title = title or f"p-value curves: {NAMES.get(measure, measure)[0].lower()}{NAMES.get(measure, measure)[1:]}"
    footer = words.footer(about, note)
    fig = draw_page(about, across, scale, favours or (), title=title, footer=footer, width=width)
    rows = pd.concat([table, pd.DataFrame([{"kind": "footer", "name": line} for line in footer])], ignore_index=True)
    caption = " ".join([sentences(title), *footer])
    fig.content = FigureContent(rows, title, caption, words.alt_text(title, about), words.finding(about), words.PRINTED)
    return fig


def _own(pooled):
    """Return the p value that belongs to the level of the pooled interval."""
    return round(1.0 - pooled.confidence_level, 12)


def drapery_table(pooled, names, label, common, digits, ratio):
    """Return one row per curve, with its intervals at every p value; and the decimals of its numbers."""
    p = np.unique(np.append(LEVELS, _own(pooled)))
    of = pvalue_curves(pooled, p)
    half = float(t_quantile(np.inf, pooled.confidence_level)) * np.sqrt(pooled.vi)
    trials = pd.DataFrame({"kind": "trial", "name": names, "estimate": pooled.yi})
    trials = trials.assign(low=pooled.yi - half, high=pooled.yi + half, weight=pooled.weights)
    trials["pvalue"] = of.trial_pvalues
    trials["labelled"] = _labelled(trials, label, pooled.estimate)
    rows, ends = [trials], [*of.trials]
    extra = [("total", "Pooled", pooled, pooled.ci, of.pooled)]
    if np.isfinite(pooled.pi.low):
        extra.append(("prediction", "New trial", None, pooled.pi, of.prediction))
    if common:
        same = common_effect(pooled)
        extra.append(("common", "Common effect", same, same.ci, pvalue_curves(same, p).pooled))
    for kind, name, result, (low, high), curve in extra:
        row = {"kind": kind, "name": name, "estimate": pooled.estimate if result is None else result.estimate}
        row |= {"low": low, "high": high, "pvalue": np.nan if result is None else result.pvalue}
        rows.append(pd.DataFrame([row]))
        ends.append(curve)
    rows, ends = pd.concat(rows, ignore_index=True), np.array(ends)
    rows["labelled"] = rows["labelled"].eq(True)
    digits = (2 if ratio else digits_for(trials["low"], trials["high"])) if digits is None else digits
    rows = _with_text(rows, digits, np.exp if ratio else float)
    for i, side in enumerate(("low", "high")):
        values = pd.DataFrame(ends[:, :, i], columns=[f"{side}_p{each:.10g}" for each in p])
        rows = pd.concat([rows, values], axis=1)
    return rows, digits


def _with_text(rows, digits, show):
    records = rows.to_dict("records")
    rows["text_name"] = rows["name"]
    rows["text_estimate"] = [number(show(row["estimate"]), digits) for row in records]
    rows["text_interval"] = [interval(show(row["low"]), show(row["high"]), digits) for row in records]
    rows["text_pvalue"] = ["" if row["pvalue"] != row["pvalue"] else pvalue(row["pvalue"]) for row in records]
    return rows


def _labelled(trials, label, centre):
    """Say which trials are to be named: those farthest from the pooled estimate, or those asked for."""
    if not isinstance(label, int | np.integer):
        wanted = {label} if isinstance(label, str) else set(label)
        if unknown := sorted(wanted - set(trials["name"])):
            raise ValueError(f"label names {', '.join(map(repr, unknown))}, which is no trial of this figure")
        return trials["name"].isin(wanted)
    return (trials["estimate"] - centre).abs().rank(method="first", ascending=False) <= label
