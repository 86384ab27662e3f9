"""The Doi plot: effects against the normal quantiles of their ranks among all people, folded at the middle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np

from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.small_study import lfk_index
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked
from analysis.plots._marks import line_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale, studies_of
from analysis.plots._theme import themed
from analysis.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.arms import PooledArms
    from analysis.models.results import PooledEffect

DASHED = (0, (4, 2))
TALL = 0.62  # height of the panel over the width of the page
PAD = 0.06  # of the range of both axes, at both ends


@documented
@themed
def doi_plot(
    results: PooledEffect | EffectSizes | PooledArms,
    *,
    label: int | Sequence[str] = 6,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    measure: str | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw a Doi plot: effects against the folded normal quantiles of their ranks, with the LFK index.

    Parameters
    ----------
    {results}
    label : int or sequence of str
        How many trials are named, the farthest out on the limbs first; or names or ids of trials.
    {favours, measure, title, width_mm, digits, ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    {figure}

    Raises
    ------
    ValueError
        With fewer than three trials, for an unknown trial, or a page that is too narrow.

    See Also
    --------
    analysis.lfk_index : The index that is told, and why it misleads.
    analysis.funnel : Draw effects against their standard errors.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    Furuya-Kanamori, Barendregt & Doi 2018, doi 10.1097/XEB.0000000000000141.

    Schwarzer, Rücker & Semaca 2024, doi 10.1002/jrsm.1714 (why the index misleads).

    Examples
    --------
    >>> import analysis
    >>> from analysis import doi_plot
    >>> fig = doi_plot(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]))
    >>> fig.content.table["text_z"].tolist()[:3]
    ['−0.77', '1.28', '0.31']
    """
    studies = studies_of(results, "doi_plot", measure=measure, digits=digits)
    found = lfk_index(studies.pooled)
    table, wording = _doi_table(studies, found, label), studies.wording
    effects, high = table.loc[table["kind"] == "trial", "estimate"], table["height"].max()
    pad = PAD * np.ptp(effects)
    scale = asked(Scale((effects.min() - pad, effects.max() + pad), wording.measure))
    upright = Scale(((1 + PAD) * high, -PAD * high))
    width = planes.width_of(width_mm, "Doi plot", ax)
    spec = PlaneSpec(
        name="doi",
        kind="Doi plot",
        rows=table,
        scales=(scale, upright),
        titles=(wording.axis, "Distance from the middle, normal quantiles"),
        draws=partial(_draw_doi, table),
        key=partial(_doi_key, table, wording.noun),
        title=title or f"Doi plot: {wording.measure.name} in {studies.counted}",
        footer=_doi_footer(studies, table, found, scale, note),
        seen=(planes.counted_effects(table[table["kind"] == "trial"], wording), _index_sentence(found)),
        printed={
            words.capital(wording.noun): ("text_name",),
            wording.measure.title: ("text_estimate",),
            "z": ("text_z",),
        },
        said=(_index_sentence(found),),
        favours=words.directions(favours, wording),
        left=planes.room_for(Scale((0.0, upright.limits[0])).ticks()[1]),
        height=TALL * width,
    )
    return planes.draw_plane(spec, width, ax)


def _doi_table(studies, found, label):
    """Return the trials, then where the limbs meet."""
    rows = planes.trial_rows(studies)
    rows.loc[np.argsort(studies.pooled.yi, kind="stable"), "z"] = found.points["z"].to_numpy()
    rows = planes.named(rows.assign(height=rows["z"].abs()), label, rows["z"])
    rows["text_z"] = [number(x, 2) for x in rows["z"]]
    middle = {"kind": "reference", "name": "middle", "estimate": rows.loc[rows["height"].idxmin(), "estimate"]}
    return planes.with_rows(rows, middle | {"lfk_index": found.statistic})


def _draw_doi(table, plane):
    """Draw the limbs, the middle and the trials."""
    planes.draw_axes(plane, upright=False)
    planes.set_upright(plane.ax, *Scale((0.0, max(plane.y.limits))).ticks(int(np.clip(plane.height / 9.0, 2, 7))))
    trials, middle = table[table["kind"] == "trial"], table.loc[table["kind"] == "reference", "estimate"].iloc[0]
    at = trials[["estimate", "height"]].to_numpy(float)
    limbs, upright = at[np.argsort(trials["z"].to_numpy())], [(middle, end) for end in plane.y.limits]
    plane.lines([limbs], "doi-limbs", colors=style.MUTED, linewidths=style.RULE_PT, zorder=1)
    plane.lines([upright], "doi-middle", colors=style.INK, linewidths=style.RULE_PT, linestyles=[DASHED], zorder=1)
    reach = planes.draw_trials(plane, at, trials["imputed"], "doi-trials")
    outwards = np.column_stack([np.sign(at[:, 0] - middle), np.zeros(len(at))])
    avoid = [plane.on(limbs, 2.5), plane.on(upright, 2.5)]
    planes.write_names(plane, trials, at, reach, outwards=outwards, avoid=avoid)


def _doi_key(table, noun, plane):
    """Return the entries of the key."""
    entries = planes.trial_entries(table[table["kind"] == "trial"], plane, noun)
    look = {"linewidths": style.RULE_PT}
    entries.append(line_entry("in the order of effects", colors=style.MUTED, **look))
    return [*entries, line_entry("middle", colors=style.INK, linestyles=[DASHED], **look)]


def _index_sentence(found):
    """Return the index, and what its authors call it."""
    return f"LFK index {number(found.statistic, 2)}, which its authors call {found.asymmetry} asymmetry"


def _doi_footer(studies, table, found, scale, note):
    """Return the paragraphs that say what was drawn, and how far it can be read."""
    wording = studies.wording
    beyond = planes.beyond_words(table.loc[table["kind"] == "trial", "estimate"], scale, wording.noun)
    marks = (
        f"{studies.circles}, at the normal quantile of its rank among all people, who are counted by precision; dashed "
        f"line: effect of the {wording.noun} nearest to the middle{beyond}"
    )
    index = (
        "It is no test: where there is nothing it is beyond 1 too often, the more often the more true effects differ "
        "(Schwarzer 2024, doi 10.1002/jrsm.1714)"
    )
    return (
        (marks,),
        (f"{_index_sentence(found)} (Furuya-Kanamori 2018, doi 10.1097/XEB.0000000000000141)", index),
        (*planes.asymmetry_sentences(studies), words.left_out_sentence(studies.left_out, wording)),
        (note,),
    )
