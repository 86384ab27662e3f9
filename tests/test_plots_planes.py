"""What the figures on a plane share: names beside marks, and words about what is drawn, read back from the artists."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text
from plot_cases import overlapping, synthetic

import analysis as ma

NAME = "Author {i} 2001"
# columns of the table that hold the place of a mark, and the decimals to which marks at one place are equal
PLACES = {
    "funnel": (("estimate", "se"), 9),
    "radial": (("precision", "z"), 9),
    "qq": (("quantile", "z"), 9),
    "labbe": (("placebo_estimate", "treatment_estimate"), 9),
    "labbe_counts": (("placebo_estimate", "treatment_estimate"), 1),
    "bubble": (("x", "estimate"), 9),
    "bubble of rows": (("estimate",), 9),
}


@functools.cache
def effects(k):
    """Return k effects, and a moderator in numbers."""
    found = synthetic(k, name=NAME, groups=2)
    return replace(found, table=found.table.assign(Dose_mg=np.random.default_rng(1).uniform(1, 40, k)))


@functools.cache
def counted(k, measure="RR"):
    """Return pooled counts and the counts behind them."""
    rng, labels = np.random.default_rng(3), [NAME.format(i=i) for i in range(k)]
    n, base = rng.integers(15, 140, (2, k)), rng.uniform(0.1, 0.5, k)
    counts = rng.binomial(n[0], np.minimum(1.5 * base, 1)), n[0], rng.binomial(n[1], base), n[1]
    return ma.pool_mantel_haenszel(*counts, measure=measure, labels=labels), counts


@functools.cache
def pooled(k):
    return ma.pool(effects(k))


DRAW = {
    "funnel": lambda k, **page: ma.funnel(pooled(k), **page),
    "radial": lambda k, **page: ma.radial(pooled(k), **page),
    "qq": lambda k, **page: ma.qq_plot(pooled(k), label=[NAME.format(i=i) for i in range(0, k, 5)], **page),
    "labbe": lambda k, **page: ma.labbe(effects(k), by="therapy_family", **page),
    "labbe_counts": lambda k, **page: ma.labbe_counts(counted(k)[0], counts=counted(k)[1], **page),
    "bubble": lambda k, **page: ma.bubble(ma.meta_regression("yi ~ Dose_mg", effects(k)), **page),
    "bubble of rows": lambda k, **page: ma.bubble(ma.meta_regression("yi ~ therapy_family", effects(k)), **page),
}


def trials_of(fig):
    """Return the rows of the trials, and the artist that draws them."""
    table = fig.content.table
    (drawn,) = fig.findobj(lambda each: str(each.get_gid()).endswith("-trials"))
    return table[table["kind"] == "trial"], drawn


def outlines(drawn, k):
    """Return the outline of every mark in millimetres, a point at least every twentieth of an edge."""
    every, mm = len(drawn.get_offsets()) // k, 25.4 / drawn.figure.dpi
    centres = drawn.get_offset_transform().transform(drawn.get_offsets()) * mm
    size, paths = np.sqrt(drawn.get_sizes()) * 25.4 / 72, drawn.get_paths()
    # of rim, mark and inside the mark; of those without rim the first
    for i in range(1 if every == 3 else 0, len(centres), every):
        yield centres[i] + size[i] * np.vstack(paths[i % len(paths)].interpolated(20).to_polygons())


def gap(box, outline):
    """Return how far a box (left, bottom, right, top) is from an outline."""
    return np.hypot(*(np.clip(outline, box[:2], box[2:]) - outline).T).min()


def names_of(fig):
    """Return {row of the trial: box of its name in millimetres}, without the empty room of the line above and below."""
    found, mm = {}, 25.4 / fig.dpi
    for text in fig.findobj(Text):
        if str(text.get_gid()).startswith("name-"):
            left, bottom, right, top = text.get_window_extent(fig.canvas.get_renderer()).extents * mm
            found[int(text.get_gid().removeprefix("name-"))] = np.array([left, bottom + 0.2, right, top - 0.2])
    return found


@pytest.mark.parametrize("width", [85, 174])
@pytest.mark.parametrize("k", [3, 13, 60])
@pytest.mark.parametrize("figure", DRAW)
def test_a_name_is_nearest_to_its_own_mark_and_touches_nothing(figure, k, width):
    fig = DRAW[figure](k, width_mm=width)
    fig.dpi = 600  # on the grid of coarse pixels letters are narrower than in print
    columns, decimals = PLACES[figure]
    trials, drawn = trials_of(fig)
    places = trials[list(columns)].to_numpy(float).round(decimals)
    offsets = drawn.get_offsets()[:: len(drawn.get_offsets()) // len(trials), : len(columns)].round(decimals)
    marks, boxes = list(outlines(drawn, len(trials))), names_of(fig)
    panel = drawn.axes.get_window_extent().extents * 25.4 / fig.dpi
    leaders = fig.findobj(lambda each: each.get_gid() == "name-leaders")
    lines = [drawn.axes.transData.transform(line) * 25.4 / fig.dpi for each in leaders for line in each.get_segments()]
    for i, box in boxes.items():
        gaps = np.array([gap(box, outline) for outline in marks])
        own = (offsets == places[trials.index.get_loc(i)]).all(axis=1)
        others = gaps[~own].min(initial=np.inf)
        assert 0.1 < gaps[own].min() < others, f"{trials['name'][i]}: {gaps[own].min():.2f} and {others:.2f} mm"
        assert (box[:2] > panel[:2]).all() and (box[2:] < panel[2:]).all(), trials["name"][i]
        for line in lines:
            at = np.linspace(*line, 30)[1:-1]
            assert not ((at > box[:2]) & (at < box[2:])).all(axis=1).any(), f"a line runs through {trials['name'][i]}"
    assert overlapping(fig) == []
    assert len(boxes) <= trials["labelled"].sum()
    if width == 174 and k == 13 and figure in ("labbe", "labbe_counts", "bubble"):
        assert len(boxes) == 6
