"""The continuous L'Abbé plot: change under placebo against change under treatment, one mark a trial.

Both axes are the same, in the unit of the trials, so that the line of no difference is the diagonal and the vertical
distance from it the difference of the two changes; the band of the smallest worthwhile difference is parallel to it.
What it shares with the plot of counts, from the looks of groups to the square page, stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import PageOptions, PageWidth
from analysis.evidence.arms import PooledArms, pool_arms
from analysis.plots import _labbe_counts as square
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import worthwhile_zone
from analysis.plots._labbe_counts import COLUMNS, ROLES, counts_within, labbe_counts
from analysis.plots._layout import LEAST_FILL
from analysis.plots._marks import area_entry, line_entry, pooled_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale
from analysis.plots._rows import block_of_arms, decimals
from analysis.plots._theme import themed
from analysis.plots._words import level_of
from analysis.text import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes

SHARP = (
    "No line is fitted: effect and change under {0} share a term, so that a slope says nothing about whether a "
    "larger {0} response goes with a larger effect (Sharp 1996, BMJ 313:735)"
)


@documented
@themed
def labbe(
    results: PooledArms | EffectSizes,
    *,
    by: str | None = None,
    worthwhile: tuple[float, float] | Literal["usual"] | None = "usual",
    label: int | Sequence[str] = 6,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw a continuous L'Abbé plot: change in one arm against change in the other.

    Parameters
    ----------
    results : PooledArms or EffectSizes
        EffectSizes are pooled with the defaults of :func:`analysis.pool_arms`. Responders, and whatever else holds the
        counts of both arms, are drawn as percentages, by :func:`analysis.labbe_counts`.
    by : str, optional
        A column of the effect sizes, such as "therapy_family", that gives trials shape and colour; the five largest
        groups are told apart. Default: the groups of the PooledArms, if it has any.
    {worthwhile}
        None is drawn where the effects do not say what is good.
    {label, title, width_mm, digits, ax, note, footer, dpi}

    Returns
    -------
    {figure}

    Raises
    ------
    ValueError
        If no trial reports a change in both arms, for a column that does not exist, or a page that is too narrow.

    See Also
    --------
    analysis.labbe_counts : Draw percentages of responders in the same way.
    analysis.arms_forest : Draw both arms in rows, beside the contrast.
    analysis.pool_arms : Pool both arms and the contrast.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Means stand in place of the proportions of the original figure. The band of `worthwhile` is parallel to the line of
    no difference. Areas are proportional to the weights in the pooled contrast, whatever the shape, down to a smallest
    one. The diamond stands on the intervals of both pooled means: those of the bivariate model where there is one. No
    line is fitted: the effect and the change on the level axis share a term. From 125 mm on the key stands beside the
    panel.

    References
    ----------
    L'Abbé, Detsky & O'Rourke 1987, doi 10.7326/0003-4819-107-2-224 (the figure).

    Sharp 1996, BMJ 313:735, doi 10.1136/bmj.313.7059.735 (why no line is fitted).

    Busse 2015, doi 10.3899/jrheum.141440 (the band of smallest worthwhile differences).

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.labbe(analysis.effect_sizes(analysis.read_trials("data/trials.csv")), by="therapy_family")
    >>> int((fig.content.table["kind"] == "trial").sum())
    36
    """
    if hasattr(results, "nnt") or hasattr(results, "in_pooled") or counts_within(results) is not None:
        shared = {"by": by, "label": label, "title": title, "width_mm": width_mm, "digits": digits}
        page = {name: style.option(name) for name in ("footer", "dpi")}
        return labbe_counts(results, **shared, ax=ax, note=note, **page)
    arms, width = _arms_of(results), planes.width_of(width_mm, "L'Abbé plot", ax)
    wording = planes.with_digits(words.wording_of(arms), digits, arms.contrast.yi, arms.contrast.vi)
    by = arms.by if by is None else by
    table, (treatment, placebo) = _means_table(arms, by, label, wording), wording.arms
    scale = _means_scale(table)
    zone, _, band = worthwhile_zone(worthwhile if wording.benefit else None, wording)
    span = scale.limits[1] - scale.limits[0]
    if zone and not (zone[0] < span and zone[1] > -span):  # it lies beyond the corners of the panel
        zone, band = (), ""
    # what it is to lie above and below the line of no difference
    sides = [f"{wording.better or 'higher'} under {arm}" for arm in wording.arms]
    sides = sides[::-1] if wording.benefit == "lower" else sides
    what = f"Change in {wording.outcome_name}" if wording.outcome_name else "Change"
    extra = [{"kind": "reference", "name": "no difference", "contrast_estimate": 0.0}]
    if zone:
        ends = {"contrast_low": zone[0], "contrast_high": zone[1]}
        extra.append({"kind": "zone", "name": "smallest worthwhile difference", **ends})
    group = {} if by is None else {words.capital(planes.spelled(by)): ("group",)}
    heads = {f"Change, {placebo}": "placebo", f"Change, {treatment}": "treatment", "Difference": "contrast"}
    heads = {head: (f"text_{name}",) for head, name in (heads | {"Weight": "weight"}).items()}
    spec = PlaneSpec(
        name="labbe",
        kind="L'Abbé plot",
        rows=table,
        scales=(scale, scale),
        titles=tuple(
            ", ".join(filter(None, (f"Change in the {arm} arm", wording.unit))) for arm in (placebo, treatment)
        ),
        draws=partial(_draw_means, table, zone, sides),
        key=partial(_means_key, table, zone, by, wording),
        title=title or f"{what} under {placebo} against change under {treatment}",
        footer=_means_footer(arms, table, wording, scale, band, note),
        seen=_means_seen(table, wording, sides),
        printed={words.capital(wording.noun): ("text_name",), **group, **heads},
        said=(_pooled_sentence(table, wording),),
        in_words=words.findings_of(arms),
        extra=extra,
        **square.square_room(scale, width),
    )
    return planes.draw_plane(spec, width, ax)


def _arms_of(results):
    if not isinstance(results, PooledArms):
        if not hasattr(results, "derivations"):
            give = (
                "give EffectSizes or a PooledArms, such as effect_sizes(trials) or pool_arms(trials); counts of both "
                "arms go to labbe_counts"
            )
            raise TypeError(_check.refusal(results, "labbe", give))
        results = pool_arms(results)
    if results.placebo is None:
        raise ValueError(
            f"no {results.effects.noun} reports a baseline in both arms: there is no change to draw; use forest, or "
            "labbe_counts for counts"
        )
    return results


def _means_table(arms, by, label, wording):
    """Return one row per trial with a change in both arms, and one for the pooled means."""
    trials = block_of_arms("", arms).trials
    if by is not None and (by not in trials or by == "flags"):
        raise ValueError(f"by is {by!r}, which is not a column of the effect sizes")
    rows = pd.DataFrame(
        {
            "kind": "trial",
            "study": trials["study"],
            "name": trials["label"].astype(str),
            "group": square.groups_of(trials, by),
            "placebo_estimate": trials["change_placebo"].astype(float),
            "treatment_estimate": trials["change_treatment"].astype(float),
            "contrast_estimate": trials["yi"].astype(float),
            "weight": arms.contrast.weights,
            "imputed": trials["status"].eq("imputed") | trials["change_status"].eq("imputed"),
        }
    )
    rows = rows[rows["placebo_estimate"].notna() & rows["treatment_estimate"].notna()].reset_index(drop=True)
    total = _pooled_row(arms)
    # how far each trial stands from the pooled means: the farthest are named
    rows = planes.named(rows, label, np.hypot(*(rows[name] - total[name] for name in COLUMNS)))
    rows = planes.with_rows(rows, total | {"labelled": False})
    rows["text_name"] = rows["name"]
    for arm in ("placebo", "treatment", "contrast"):
        rows[f"text_{arm}"] = [wording.write(x) for x in rows[f"{arm}_estimate"]]
    rows["text_weight"] = ["" if w != w else percent(w, 1) for w in rows["weight"]]
    return rows.assign(look=planes.looks_of_groups(rows))


def _pooled_row(arms):
    """Return the row of the pooled means, from the bivariate model where there is one."""
    joint = getattr(arms, "joint", None)
    pair = (arms.placebo, arms.treatment) if joint is None else (joint.first, joint.second)
    row = {"kind": "total", "name": "Pooled means", "group": "", "imputed": False}
    for arm, result in (*zip(ROLES, pair, strict=True), ("contrast", arms.contrast)):
        row |= {f"{arm}_estimate": result.estimate, f"{arm}_low": result.ci[0], f"{arm}_high": result.ci[1]}
    return row | {
        "placebo_k": arms.placebo.k,
        "contrast_k": arms.contrast.k,
        "model": "separate" if joint is None else "bivariate",
        "confidence_level": arms.contrast.confidence_level,
    }


def _means_scale(table):
    """Return the scale of both axes: all marks and the origin; wide intervals of the pooled means leave the panel."""
    trials = table.loc[table["kind"] == "trial", COLUMNS].to_numpy(float)
    pooled = table[[f"{arm}_{end}" for arm in ROLES for end in ("low", "high")]].to_numpy(float)
    low, high = min(trials.min(), 0.0), max(trials.max(), 0.0)
    wide = min(np.nanmin(pooled), low), max(np.nanmax(pooled), high)
    if high - low >= LEAST_FILL * (wide[1] - wide[0]):
        low, high = wide
    pad = 0.06 * (high - low or 1.0)
    return Scale((low - pad, high + pad))


def _draw_means(table, zone, sides, plane):
    """Draw everything inside the panel."""
    line, size = np.column_stack([plane.x.limits] * 2), square.labbe_areas(table, plane)
    reach, avoid, taken = square.draw_square(plane, table, size, [sides], plane.x.limits, lambda _: [(line, 2.5)])
    avoid += [plane.on(each, 1.0) for each in _draw_backdrop(plane, zone, line, taken)]
    at = table.loc[table["kind"].isin(["trial", "total"]), COLUMNS].to_numpy(float)
    centre = plane.mm(*at.T)
    trials = table[table["kind"] == "trial"]
    planes.write_names(plane, trials, at, reach, outwards=centre - centre[-1], avoid=avoid, taken=taken)


def _draw_backdrop(plane, zone, line, corners):
    """Draw band, line of no difference and lines of no change, and return these; they stop at words in the corners."""
    low, high = plane.x.limits
    if zone:
        ends = [(low, low + zone[0]), (low, low + zone[1]), (high, high + zone[1]), (high, high + zone[0])]
        plane.areas([ends], "labbe-zone", style.ZONE)
    across, up = [(low, 0.0), (high, 0.0)], [(0.0, low), (0.0, high)]
    for box in corners:
        (left, bottom), (right, top) = plane.values(box.reshape(2, 2).T + [[-0.8], [0.8]])
        upper = top + bottom > left + right
        if bottom < 0 < top:
            across[0 if upper else 1] = right if upper else left, 0.0
        if left < 0 < right:
            up[1 if upper else 0] = 0.0, bottom if upper else top
    thin = {"linewidths": style.RULE_PT}
    plane.lines([across, up], "labbe-zero", colors=style.CONNECTOR, zorder=0.5, **thin)
    plane.lines([line], "labbe-identity", colors=style.INK, zorder=1, **thin)
    return across, up


def _means_footer(arms, table, wording, scale, band, note):
    """Return the paragraphs that say what was drawn and computed."""
    trials, row = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    marks = (
        f"one mark per {wording.noun}, area proportional to its weight in the pooled difference down to a smallest "
        f"size{planes.hollow_words(trials)}; line: no difference, vertical distance from it: difference of the two "
        "changes; faint lines: no change"
    )
    # contrasts that are not the difference of the changes, beyond rounding, come from final scores
    gaps = (trials["treatment_estimate"] - trials["placebo_estimate"] - trials["contrast_estimate"]).abs() > 1e-6
    final = f"Weights rest on the difference of final scores in {wording.counted(gaps.sum())}"
    missing = int(row["contrast_k"]) - len(trials)
    absent = f"Baseline not reported, so not drawn, but in the pooled difference: {wording.counted(missing)}"
    model = f"weights: {planes.lower(words.model_name(arms.contrast))}"
    return (
        (marks, band, planes.other_groups_sentence(trials), absent * bool(missing), final * bool(gaps.any())),
        (_pooled_words(arms, table), square.leaving(row, scale), model),
        (SHARP.format(wording.arms[1]),),
        (note,),
    )


def _pooled_words(arms, table):
    """Return what the diamond and its cross are."""
    at, joint = level_of(table), getattr(arms, "joint", None)
    ci = words.REFERENCE.get(arms.contrast.ci_method, arms.contrast.ci_method)
    how = f"each arm on its own, intervals by {ci}"
    if joint is not None:
        by = words.REFERENCE.get(joint.ci_method)
        how = f"bivariate random-effects model by {joint.tau2_method}, intervals by {by}"
    return f"Diamond and cross: pooled means with {at} confidence intervals, {how}"


def _means_key(table, zone, by, wording, plane):
    """Return the entries of the key."""
    entries = [line_entry("no difference", colors=style.INK, linewidths=style.RULE_PT)]
    if zone:
        ends = " to ".join(number(x, decimals(x)) for x in sorted(map(abs, zone)))
        better = wording.better if wording.outcome_name else wording.benefit
        band = f"{ends} {wording.points} {better} than under {wording.arms[1]}: smallest worthwhile difference"
        entries.append(area_entry(band, style.ZONE))
    entries.append(pooled_entry(f"pooled means with {level_of(table)} intervals"))
    trials, size = table[table["kind"] == "trial"], square.labbe_areas(table, plane)
    look = {"largest": 60.0, "new_lines": 4 - len(entries)}  # without the band, the first two groups begin a line
    return entries + square.mark_entries(trials, size, by, wording.nouns, **look)


def _pooled_sentence(table, wording):
    """Return the pooled means and the pooled contrast with their intervals."""
    row = table[table["kind"] == "total"].iloc[0]
    at, (treatment, placebo) = f"{level_of(table)} CI", wording.arms

    def one(arm):
        return wording.within(row[f"{arm}_estimate"], (row[f"{arm}_low"], row[f"{arm}_high"]), at, unit=True)

    return (
        f"Pooled means: {one('placebo')} in the {placebo} arms and {one('treatment')} in the {treatment} "
        f"arms ({wording.counted(row['placebo_k'])}); pooled difference {one('contrast')} "
        f"({wording.counted(row['contrast_k'])})"
    )


def _means_seen(table, wording, sides):
    """Return what the figure shows to someone who cannot see it, in sentences."""
    trials = table[table["kind"] == "trial"]
    below = trials["treatment_estimate"] < trials["placebo_estimate"]
    spans = [
        f"{name} arms from {wording.span(trials[f'{arm}_estimate'].min(), trials[f'{arm}_estimate'].max())}"
        for arm, name in zip(ROLES, reversed(wording.arms), strict=True)
    ]
    return (
        f"{wording.counted(len(trials))}, change in {' and in '.join(spans)} {wording.points}",
        planes.lying(below, f"below the line of no difference: {sides[1]}"),
        _pooled_sentence(table, wording),
    )
