"""The GOSH plot: pooled effect against I² of all subsets of the studies, shaded by how many lie there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex, to_rgb

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.models.sensitivity import Gosh
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked
from analysis.plots._marks import area_entry, line_entry, marker_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale, studies_of
from analysis.plots._theme import themed
from analysis.text import counted, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOURCE = "(Olkin 2012, doi 10.1002/jrsm.1053)"
USUAL_MM, TALL = 120.0, 0.75  # the page, and the height of the panel over its width
CELL_MM = 1.3
PAD = 0.03  # of the range of both axes, at both ends
SHADES = 4
PALEST = 0.28  # of the colour, on paper
WITHOUT = 0.6  # side of the cells of subsets without the study, over that of the others


@documented
@themed
def gosh_plot(
    found: Gosh,
    *,
    study: str | None = None,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    measure: str | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw the pooled effects of all subsets of the studies against their I².

    Parameters
    ----------
    found : Gosh
        From :func:`analysis.gosh`. Subsets of a single study, which have no I², are not drawn.
    study : str, optional
        A study: where half of the subsets or more hold it, the cells have one colour and are whole; elsewhere they have
        another, and are small.
    {favours, measure, title}
    width_mm : float, optional
        Width of the page in millimetres, at least 80. Default: 120.
    {digits, ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    {figure}

    Raises
    ------
    TypeError
        For anything but a Gosh.
    ValueError
        For an unknown study, a page that is too narrow, or a sample without a subset of two studies.

    See Also
    --------
    analysis.gosh : Pool all subsets.
    analysis.influence_plot : Draw what changes when each study is left out.
    analysis.baujat_plot : Draw contributions to Q against influence.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Two clouds, or an arm that leaves the cloud, show that a study, or a few, make a result of their own; `study` tells
    which. The cloud is no distribution of the effect: its subsets share their studies.

    References
    ----------
    Olkin, Dahabreh & Trikalinos 2012, Res Synth Methods 3:214-223, doi 10.1002/jrsm.1053.

    Examples
    --------
    >>> import analysis
    >>> pooled = analysis.pool([-1.2, -0.4, -2.0, -1.1], [0.1, 0.2, 0.1, 0.1], labels=["A", "B", "C", "D"])
    >>> fig = analysis.gosh_plot(analysis.gosh(pooled), study="B")
    >>> int(fig.content.table["subsets"].sum())
    11
    """
    if not isinstance(found, Gosh):
        raise TypeError(_check.refusal(found, "gosh_plot", "give a Gosh, such as gosh(effects)"))
    studies = studies_of(found.pooled, "gosh_plot", measure=measure, digits=digits)
    several, wording = found.k > 1, studies.wording
    if not several.any():
        raise ValueError("found has no subset of two studies or more, of which I² is known; pool more subsets")
    estimate, i2 = found.estimate[several], found.i2[several]
    has = None if study is None else found.has(study)[several]
    study = study and words.quoted(study)
    width = planes.width_of(width_mm, "GOSH plot", ax, USUAL_MM)
    pad, top = PAD * (np.ptp(estimate) or 1.0), max(i2.max(), studies.pooled.i2) or 1.0
    across = asked(Scale((estimate.min() - pad, estimate.max() + pad), wording.measure))
    upright = Scale((-PAD * top, (1 + PAD) * top))
    left = planes.room_for(_upright_ticks(upright)[1])
    wide = (width - 2 * style.MARGIN - left) if ax is None else planes.size_of(ax)[0]
    table = _cells(estimate, i2, has, (across, upright), wide)
    table["text_estimate"] = [wording.span(*ends) for ends in table[["low", "high"]].to_numpy()]
    heads = {f"Pooled {wording.measure.name}": "text_estimate", "I²": "text_i2", "Subsets": "text_subsets"}
    spec = PlaneSpec(
        name="gosh",
        kind="GOSH plot",
        rows=planes.with_rows(table, _whole(studies)),
        scales=(across, upright),
        titles=(f"Pooled {planes.lower(wording.axis)}", "I²"),
        draws=partial(_draw_gosh, table, studies),
        key=partial(_gosh_key, table, studies, study),
        title=title or f"Pooled effect and I² of {counted(len(estimate), 'subset')} of {studies.counted}",
        footer=_gosh_footer(found, studies, study, len(estimate) - int(table["subsets"].sum()), note),
        seen=tuple(_gosh_seen(estimate, i2, has, study, wording)),
        printed={head: (cell,) for head, cell in heads.items()},
        said=(planes.pooled_sentence(studies),),
        favours=words.directions(favours, wording),
        left=left,
        height=TALL * (width - 2 * style.MARGIN - left),
    )
    return planes.draw_plane(spec, width, ax)


def _upright_ticks(scale):
    at, _ = scale.ticks()
    return at, [percent(each) for each in at]


def _cells(estimate, i2, has, scales, wide):
    """Return one row for each cell that holds a subset: its edges, how many it holds, and how many with the study."""
    sides = zip(scales, (wide, TALL * wide), strict=True)
    edges = [np.linspace(*scale.limits, max(round(mm / CELL_MM), 2) + 1) for scale, mm in sides]
    counts = np.histogram2d(estimate, i2, edges)[0].astype(int)
    x, y = np.nonzero(counts)
    holding = counts if has is None else np.histogram2d(estimate[has], i2[has], edges)[0].astype(int)
    # as many shades as there are, each a step of the same ratio
    ends = np.unique(np.round(np.geomspace(1, counts.max(initial=1) + 1, SHADES + 1)).astype(int))
    n = counts[x, y]
    table = pd.DataFrame({"kind": "cell", "low": edges[0][x], "high": edges[0][x + 1]})
    table = table.assign(i2_low=edges[1][y], i2_high=edges[1][y + 1], subsets=n, with_study=holding[x, y])
    table["mostly_with"] = 2 * table["with_study"] >= n
    # with fewer numbers than shades the strongest ones
    table["shade"] = np.searchsorted(ends, n, side="right") + SHADES - len(ends)
    ends = table[["i2_low", "i2_high"]].clip(0.0, 1.0).to_numpy()
    table["text_i2"] = [f"{percent(low)} to {percent(high)}" for low, high in ends]
    return table.assign(text_subsets=[number(each, 0) for each in n])


def _whole(studies):
    """Return the row of all studies together."""
    pooled = studies.pooled
    return planes.total_row(studies) | {"i2_low": pooled.i2, "i2_high": pooled.i2, "text_i2": percent(pooled.i2)}


def _shades(look):
    """Return the colours of the cells, from few subsets to many."""
    paper, full = (np.array(to_rgb(colour)) for colour in (style.PAPER, style.GROUPS[look][1]))
    return [to_hex(paper + (full - paper) * share) for share in np.linspace(PALEST, 1.0, SHADES)]


def _draw_gosh(table, studies, plane):
    """Draw axes, cells, the line of no effect and the diamond of all studies."""
    planes.draw_axes(plane, upright=False)
    planes.set_upright(plane.ax, *_upright_ticks(plane.y))
    null = plane.x.null
    if planes.within(null, plane.x.limits):
        line = [[(null, end) for end in plane.y.limits]]
        plane.lines(line, "gosh-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1.5)
    for look, (name, side) in enumerate((("with", 1.0), ("without", WITHOUT))):
        cells = table[table["mostly_with"] == (name == "with")]
        for shade, colour in enumerate(_shades(look)):
            plane.areas(_squares(cells[cells["shade"] == shade], side), f"gosh-cells-{name}-{shade}", colour, 1.0)
    at = [[studies.pooled.estimate, studies.pooled.i2]]
    if planes.within(at[0][0], plane.x.limits):
        look = [("diamond", style.DIAMOND)]
        planes.draw_marks(plane, at, np.array([style.POOLED_PT2]), "gosh-all", looks=look)


def _squares(cells, side):
    """Return the outlines of cells, (n, 4, 2), of which the `side` is a share."""
    low, high, bottom, top = (cells[name].to_numpy(float) for name in ("low", "high", "i2_low", "i2_high"))
    inset_x, inset_y = (high - low) * (1 - side) / 2, (top - bottom) * (1 - side) / 2
    x = np.stack([low + inset_x, high - inset_x, high - inset_x, low + inset_x], axis=1)
    y = np.stack([bottom + inset_y, bottom + inset_y, top - inset_y, top - inset_y], axis=1)
    return np.stack([x, y], axis=2)


def _gosh_key(table, studies, study, plane):
    """Return the entries of the key: how many subsets a shade stands for, what the colours are, and the diamond."""
    entries = [marker_entry(f"all {studies.wording.nouns}", "diamond", style.POOLED_PT2, style.DIAMOND)]
    if planes.within(plane.x.null, plane.x.limits):
        entries.append(line_entry("no effect", colors=style.INK, linewidths=style.RULE_PT))
    for look, mostly in enumerate((True, False)):
        cells = table[table["mostly_with"] == mostly]
        name, own = "" if study is None else f"{'with' if mostly else 'without'} {study}: ", []
        for shade, colour in enumerate(_shades(look)):
            held = cells.loc[cells["shade"] == shade, "subsets"]
            if len(held):
                ends = "–".join(dict.fromkeys(number(end, 0) for end in (held.min(), held.max())))
                own.append(replace(area_entry(ends if own else f"{name}{ends}", colour), new_line=not own))
        entries += own
    return entries


def _gosh_footer(found, studies, study, beyond, note):
    """Return the paragraphs that say what was drawn, and how far it can be read."""
    wording, n = studies.wording, number(len(found.k), 0)
    drawn = f"all {n} subsets of the {wording.nouns} were" if found.exact else f"a random sample of {n} subsets was"
    what = f"One square per place of subsets of two {wording.nouns} or more; the stronger its colour, the more {SOURCE}"
    colours = ""
    if study is not None:
        colours = (
            f"large squares: half of their subsets or more hold {study}; small squares of another colour: fewer do"
        )
    lie = "subset lies" if beyond == 1 else "subsets lie"
    outside = f"{number(beyond, 0)} {lie} beyond the panel" if beyond else ""
    no_cloud = f"The cloud is no distribution of the effect: its subsets share their {wording.nouns}"
    pooled = f"{drawn} pooled; {planes.lower(words.model_name(found.pooled))}"
    return (what, colours, outside), (pooled, no_cloud, words.left_out_sentence(studies.left_out, wording)), (note,)


def _gosh_seen(estimate, i2, has, study, wording):
    """Return what the figure shows to someone who cannot see it."""
    ends, middle = (estimate.min(), estimate.max()), np.quantile(estimate, [0.025, 0.975])
    yield f"Pooled effects from {wording.span(*ends)}, the middle {percent(0.95)} from {wording.span(*middle)}"
    yield f"I² from {percent(i2.min())} to {percent(i2.max())}, median {percent(np.median(i2))}"
    if study is not None and 0 < has.sum() < len(has):
        of = [(np.median(estimate[part]), np.median(i2[part])) for part in (has, ~has)]
        with_it, without = (f"{wording.write(x)} (I² {percent(y)})" for x, y in of)
        yield f"Median {with_it} with {study}, {without} without"
