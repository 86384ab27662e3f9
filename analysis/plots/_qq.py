"""The normal Q-Q plot of the standardised residuals of the pooled trials, with a simulated envelope."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.diagnostics import residual_quantiles
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked
from analysis.plots._marks import area_entry, line_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale, studies_of
from analysis.plots._theme import themed
from analysis.text import level, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.results import PooledEffect

PRINTED = {
    "Residual": ("text_z",),
    "Normal quantile": ("text_quantile",),
    "Envelope": ("text_low", "text_high"),
}
USUAL_MM, WIDEST_MM = 120.0, 110.0  # of the page; of the panel, which is square
PAD = 0.05  # of the range of both axes, at both ends
FEW = 10


@documented
@themed
def qq_plot(
    results: PooledEffect | EffectSizes | PooledArms,
    *,
    deleted: bool = False,
    envelope: float = 0.95,
    seed: int = 0,
    label: int | Sequence[str] = 6,
    measure: str | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw a normal Q-Q plot: standardised residuals of the pooled trials against the normal quantiles of their ranks.

    Parameters
    ----------
    {results}
    deleted : bool
        Draw deleted residuals: every trial against the effect pooled without it.
    envelope : float
        Share of the simulated residuals of each rank within the envelope.
    seed : int
        Of the simulation.
    label : int or sequence of str
        How many trials outside the envelope are named, the farthest first; or names or ids of trials.
    {measure, title}
    width_mm : float, optional
        Width of the page in millimetres, at least 80. Default: 120.
    {ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    {figure}

    Raises
    ------
    ValueError
        With fewer than three trials, for an unknown trial, or a page that is too narrow.

    See Also
    --------
    analysis.standardised_residuals : Compute the residuals that are drawn.
    analysis.radial : Draw standardised effects against precision.
    analysis.leave_one_out : Pool without each trial in turn.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Residuals, quantiles and envelope are those of `analysis.models.diagnostics.residual_quantiles`.

    References
    ----------
    Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125, doi 10.1002/jrsm.11 (residuals).

    Atkinson 1981, doi 10.1093/biomet/68.1.13 (the envelope).

    Examples
    --------
    >>> import analysis
    >>> from analysis import qq_plot
    >>> fig = qq_plot(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]))
    >>> fig.content.table["text_quantile"].tolist()[:3]
    ['−0.87', '0.00', '0.87']
    """
    studies = studies_of(results, "qq_plot", measure=measure)
    if studies.pooled.k < 3:
        raise ValueError(f"a Q-Q plot needs 3 {studies.wording.nouns} or more; these results have {studies.pooled.k}")
    envelope, wording = _check.level(envelope, "envelope"), studies.wording
    table = _qq_table(studies, label, deleted=deleted, level=envelope, seed=seed)
    values = table[["z", "quantile", "envelope_low", "envelope_high"]].to_numpy(float)
    low, high = np.nanmin(values), np.nanmax(values)
    pad = PAD * (high - low)
    scale = Scale((low - pad, high + pad))  # one for both axes, so that equality is the diagonal
    across = asked(scale)
    width = planes.width_of(width_mm, "Q-Q plot", ax, USUAL_MM)
    left, trials = planes.room_for(scale.ticks()[1]), table[table["kind"] == "trial"]
    ends = [f"{words.quoted(row['name'])} ({number(row['z'], 2)})" for _, row in trials.iloc[[0, -1]].iterrows()]
    spec = PlaneSpec(
        name="qq",
        kind="Normal Q-Q plot",
        rows=table,
        scales=(across, scale),
        titles=(
            "Normal quantile, standard deviations",
            f"{'Deleted' if deleted else 'Standardised'} residual, standard errors",
        ),
        draws=partial(_draw_qq, trials),
        key=partial(_qq_key, trials, envelope, wording.noun),
        title=title or f"Residuals of {studies.counted} against normal quantiles",
        footer=_qq_footer(studies, table, across, deleted, note),
        seen=(
            f"Residuals run from {ends[0]} to {ends[1]}",
            planes.outside_sentence(table, "outside the envelope", wording),
            planes.pooled_sentence(studies),
        ),
        printed={words.capital(wording.noun): ("text_name",), wording.measure.title: ("text_estimate",), **PRINTED},
        said=(planes.pooled_sentence(studies),),
        left=left,
        right=max(planes.END_MM, width - 2 * style.MARGIN - left - WIDEST_MM),
    )
    return planes.draw_plane(spec, width, ax)


def _qq_table(studies, label, *, deleted, level, seed):
    """Return the trials from the lowest residual up, then the pooled effect and the line of equality."""
    found = residual_quantiles(studies.pooled, deleted=deleted, level=level, seed=seed)
    # the quantiles come in the order of the residuals, each with the row of its trial
    rows = planes.trial_rows(studies).iloc[found.pop("row")].reset_index(drop=True)
    columns = {name: found[name] for name in ("residual", "z", "quantile", "envelope_low", "envelope_high")}
    rows = rows.assign(**columns)
    rows["outside"] = (rows["z"] < rows["envelope_low"]) | (rows["z"] > rows["envelope_high"])
    rows = planes.named(rows, label, rows["z"] - rows["quantile"], rows["outside"])
    for name, column in (("z", "z"), ("quantile", "quantile"), ("high", "envelope_high")):
        rows[f"text_{name}"] = [number(x, 2) for x in rows[column]]
    rows["text_low"] = [f"{number(x, 2)} to" for x in rows["envelope_low"]]
    line = {"kind": "reference", "name": "residual = quantile", "envelope_level": level}
    line["simulations"] = found.attrs["n"]
    return planes.with_rows(rows, planes.total_row(studies), line)


def _qq_key(trials, envelope, noun, plane):
    """Return the entries of the key."""
    return [
        *planes.trial_entries(trials, plane, noun),
        line_entry("normal", colors=style.INK, linewidths=style.RULE_PT),
        area_entry(f"{level(envelope)} envelope", style.BAND),
    ]


def _draw_qq(trials, plane):
    """Draw envelope, diagonal and trials."""
    x, y, low, high = (trials[name].to_numpy(float) for name in ("quantile", "z", "envelope_low", "envelope_high"))
    planes.draw_axes(plane)
    plane.areas([planes.band(x, low, high)], "qq-envelope", style.BAND)
    edges = [np.column_stack([x, side]) for side in (low, high)]
    plane.lines(edges, "qq-envelope-edges", colors=style.BAND_DARK, linewidths=style.RULE_PT, zorder=0.5)
    line = np.column_stack([plane.x.limits] * 2)
    plane.lines([line], "qq-line", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    at = np.column_stack([x, y])
    reach = planes.draw_trials(plane, at, trials["imputed"], "qq-trials", rim=False)
    avoid = [plane.on(line, 2.5), *(plane.on(edge, 1.0) for edge in edges)]
    outwards = np.column_stack([-np.sign(trials["distance"]), np.sign(trials["distance"])])
    planes.write_names(plane, trials, at, reach, outwards=outwards, avoid=avoid)


def _qq_footer(studies, table, scale, deleted, note):
    """Return the paragraphs that say what was drawn and computed."""
    pooled, wording, line = studies.pooled, studies.wording, table[table["kind"] == "reference"].iloc[0]
    residual = "its effect minus that pooled without it" if deleted else "its effect minus the pooled one"
    beyond = planes.beyond_words(table.loc[table["kind"] == "trial", "quantile"], scale, wording.noun)
    what = (
        f"{studies.circles}: {residual}, in standard errors of that difference; line: residual equal to its normal "
        f"quantile{beyond}"
    )
    envelope = (
        f"envelope: the middle {level(line['envelope_level'])} of each rank in {number(line['simulations'], 0)} "
        f"simulations of these {wording.nouns} from the fitted model, pooled anew each time"
    )
    outside = planes.outside_sentence(table, "outside the envelope", wording)
    chance = f"at each rank 1 in {number(1 / (1 - line['envelope_level']), 0)} would by chance"
    few = f"With {wording.counted(pooled.k)} only gross departures would show" if pooled.k < FEW else ""
    left_out = words.left_out_sentence(studies.left_out, wording)
    return (what, envelope), (planes.spread_model(studies), f"{outside}; {chance}", few, left_out), (note,)
