"""What figures print and name, and where it stands: cells are the numbers of their row, parts keep their distance."""

import io
import itertools
import json
import re
from pathlib import Path

import layouts
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba_array
from matplotlib.image import imread
from matplotlib.text import Text
from plot_cases import synthetic

import analysis as ma
from analysis.plots._plane import Plane, Scale, on_path
from analysis.text import equals, number, percent

PINNED = json.loads(layouts.FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def figures():
    return layouts.figures()


def rows(fig, *kinds):
    table = fig.content.table
    return table[table["kind"].isin(kinds)]


# cells


@pytest.mark.parametrize("name", ["forest", "forest, common effect", "arms", "orchard", "steps", "outcomes"])
def test_printed_cells_are_the_numbers_of_their_row(figures, name):
    found = rows(figures[name], "trial", "subtotal", "total", "step", "prediction")
    assert len(found) >= 3
    for row in found.to_dict("records"):
        if row["contrast_estimate"] == row["contrast_estimate"]:
            assert row["text_estimate"] == number(row["contrast_estimate"])
        if row["contrast_low"] == row["contrast_low"]:
            assert row["text_low"].strip("[] to") == number(row["contrast_low"])
            assert row["text_high"].strip("[]") == number(row["contrast_high"])
        if row.get("weight", np.nan) == row.get("weight", np.nan) and row["text_weight"]:
            assert row["text_weight"] == percent(row["weight"], 1)
        for arm in ("placebo", "treatment"):
            if row.get(f"text_{arm}"):
                assert row[f"text_{arm}"] == number(row[f"{arm}_estimate"])


@pytest.mark.parametrize("name", ["forest", "forest, common effect"])
def test_each_subtotal_prints_its_own_heterogeneity(figures, name):
    found = rows(figures[name], "subtotal")
    assert len(found) == 2
    for row in found.to_dict("records"):
        tau2, i2, p = (row[f"contrast_{part}"] for part in ("tau2", "i2", "q_pvalue"))
        tau2_told = "" if "common" in name else f"τ²\u00a0{number(tau2, 2 + (0 < tau2 < 0.1))}, "
        told = f"{tau2_told}I²\u00a0{percent(i2)}, p {equals(p)}"
        assert row["text_tail"] == ("" if np.isnan(tau2) else told)
    others = rows(figures[name], "trial", "total", "heading", "prediction")
    assert not others["text_tail"].str.contains("τ²").any()
    within = "I²" if "common" in name else "τ² and I²"
    assert f"Behind pooled groups: {within} within the group" in figures[name].content.caption


def test_prediction_of_each_group_is_printed_beside_it(figures):
    found = rows(figures["orchard"], "subtotal", "total")
    assert found["text_pi_low"].tolist() == [f"{number(x)} to" for x in found["prediction_low"]]
    assert found["text_pi_high"].tolist() == [number(x) for x in found["prediction_high"]]


# extremes, named in every alternative text

EXTREMES = {
    "forest": [("contrast_estimate", 2)],
    "arms": [("contrast_estimate", 2)],
    "bubble": [("estimate", 2), ("x", 0)],
    "bubble of groups": [("estimate", 2)],
    "funnel": [("estimate", 2), ("se", 2)],
    "radial": [("estimate", 2), ("precision", 2)],
    "drapery": [("estimate", 2)],
    "posterior": [("observed_estimate", 2), ("estimate", 2)],
    "labbe": [("placebo_estimate", 2), ("treatment_estimate", 2)],
}


@pytest.mark.parametrize("name", EXTREMES)
def test_alternative_text_names_smallest_and_largest(figures, name):
    fig = figures[name]
    trials = rows(fig, "trial")
    for column, digits in EXTREMES[name]:
        values = trials[column].dropna().astype(float)
        assert values.min() < values.max()
        assert f"from {number(values.min(), digits)} to {number(values.max(), digits)}" in fig.content.alt_text.replace(
            "run from", "from"
        )


# distances on the page


def parts(fig):
    """Every written text with its part of the page and its box in millimetres from the top left."""
    renderer = fig.canvas.get_renderer()
    height = fig.get_size_inches()[1] * 25.4
    for text in fig.findobj(Text):
        gid = text.get_gid() or "tick"
        if text.get_text() and text.get_visible():
            left, bottom, right, top = text.get_window_extent(renderer).extents * 25.4 / fig.dpi
            part = re.match(r"title-x|caption|key|footer|title$|head|span|cell|tick", gid)
            yield part and part[0], (left, right, height - top, height - bottom)


# From one part of a page to the next below it, in millimetres: what is nearer runs together.
BELOW = {
    ("tick", "title-x"): 1.0,
    ("tick", "caption"): 1.0,
    ("title-x", "key"): 2.0,
    ("caption", "key"): 2.0,
    ("key", "footer"): 2.0,
    ("cell", "footer"): 2.0,
    ("title-x", "footer"): 2.0,
    ("caption", "footer"): 2.0,
    ("title", "head"): 2.0,
    ("title", "span"): 2.0,
    ("head", "cell"): 1.0,
}


RENDERERS = {dpi: RendererAgg(1, 1, dpi) for dpi in (72, 100, 120, 150, 300, 600)}


def outside(text, dpi):
    """How many millimetres a text stands beyond the edge of its page where it comes nearest; negative inside."""
    box, page = text.get_window_extent(RENDERERS[dpi], dpi), text.get_figure().bbox.size * dpi / 150
    return max(-box.x0, -box.y0, box.x1 - page[0], box.y1 - page[1]) * 25.4 / dpi


def test_no_text_leaves_its_page_at_any_resolution(figures):
    for name in figures.keys() - {"many in one"}:
        assert figures[name].dpi == 150
        texts = [t for t in figures[name].findobj(Text) if t.get_text() and t.get_visible()]
        by_place = sorted((outside(text, 100), i) for i, text in enumerate(texts))
        assert by_place[-1][0] < -2.0, f"{name}: {texts[by_place[-1][1]].get_text()}"
        for _, i in by_place[-3:]:  # the nearest to an edge
            for dpi in RENDERERS:
                assert outside(texts[i], dpi) < -2.0, f"{name} at {dpi} dpi: {texts[i].get_text()}"


def test_nothing_is_transparent(figures):  # which EPS cannot show
    for name in figures.keys() - {"many in one"}:
        for artist in figures[name].findobj():
            getters = (getattr(artist, f"get_{part}", None) for part in ("color", "facecolor", "edgecolor"))
            alphas = [alpha for get in getters if get for alpha in to_rgba_array(get())[:, 3]]
            assert artist.get_alpha() in (None, 1.0) and set(alphas) <= {0.0, 1.0}, f"{name}: {artist}"


@pytest.mark.parametrize("dpi", [72, 100, 120])
def test_the_margin_of_a_raster_stays_empty(figures, dpi):
    with io.BytesIO() as file:
        figures["posterior"].savefig(file, format="png", dpi=dpi)
        ink = imread(io.BytesIO(file.getvalue()))[..., :3].min(axis=2) < 0.95
    edge = round(3.0 / 25.4 * dpi)
    assert ink.any()
    assert not ink[:, -edge:].any()
    assert not ink[:, :edge].any()


@pytest.mark.parametrize("name", sorted([*EXTREMES, "qq", "orchard", "outcomes"]))
def test_parts_of_a_page_keep_their_distance(figures, name):
    found, met = list(parts(figures[name])), set()
    for (upper, a), (lower, b) in itertools.permutations(found, 2):
        beside = a[1] <= b[0] or b[1] <= a[0]
        if (upper, lower) in BELOW and not beside and b[2] >= a[3] - 0.1:
            assert b[2] - a[3] >= BELOW[upper, lower], f"{upper} and {lower}: {b[2] - a[3]:.2f} mm"
            met.add((upper, lower))
    assert any(lower in ("key", "footer") for _, lower in met)


def test_a_narrow_page_of_groups_holds_long_directions(figures):
    fig = figures["narrow bubble of groups"]
    width, height = fig.get_size_inches() * 25.4
    boxes = [box for _, box in parts(fig)]
    assert all(3 <= box[0] and box[1] <= width - 3 and 3 <= box[2] and box[3] <= height - 3 for box in boxes)
    said = " ".join(text.get_text() for text in fig.findobj(Text)).replace("\n", " ")
    assert "everybody hoped for" in said and "nobody hoped for" in said


def test_the_layout_of_every_figure_is_pinned(figures):
    assert figures.keys() == PINNED.keys()
    called = set(re.findall(r"ma\.(\w+)\(", Path(layouts.__file__).read_text(encoding="utf-8")))
    public = {name for name in ma.__all__ if getattr(getattr(ma, name), "__module__", "").startswith("analysis.plots")}
    assert public - called == {"figure_labels", "save_figure", "theme"}


@pytest.mark.parametrize("name", PINNED)
def test_everything_looks_and_stands_as_in_the_reviewed_layout(figures, name):
    found, pinned = layouts.laid_out(figures[name]), PINNED[name]
    advice = "if this is meant, run `make layouts` and look at the figure and at the diff"
    assert [each[:2] for each in found] == [each[:2] for each in pinned], advice
    for (what, look, at), (*_, was) in zip(found, pinned, strict=True):
        # 0.15 mm lie between matplotlib 3.10 with FreeType 2.6 and 3.11 with 2.14, which measure letters differently
        np.testing.assert_allclose(at, was, rtol=0, atol=0.25, err_msg=f"{what} ({look}): {advice}")


def boxes_around(*centres):
    """Boxes (left, right, bottom, top) of 4 by 2 mm, as names have, around points."""
    return np.array([(x - 2, x + 2, y - 1, y + 1) for x, y in centres], float)


@pytest.mark.parametrize(
    ("path", "on", "off"),
    [
        ([(0, 0), (30, 30)], [(5, 5), (5, 7), (5, 3)], [(5, 8.5), (5, 1.5), (20, 3), (3, 20)]),
        ([(5, 0), (5, 30)], [(3.1, 20), (6.9, 20)], [(2, 3), (8, 20)]),
        ([(0, 5), (9, 5)], [(4, 5.9), (4, 4.1), (10.5, 5)], [(4, 6.1), (4, 3.9), (11.1, 5)]),
    ],
)
def test_to_stand_on_a_line_costs_a_name_something_and_beside_it_nothing(path, on, off):
    plane = Plane(None, Scale((0, 1)), Scale((0, 1)), 1, 1)  # a millimetre for each unit
    for price in (on_path(path, 1.0), plane.on(path, 1.0)):
        assert (price(boxes_around(*on)) == 1).all() and (price(boxes_around(*off)) == 0).all()


# rows


def test_rows_are_numbered_and_nothing_else_is_added(figures):
    for name, fig in figures.items():
        if name == "many in one":  # a figure of somebody else, without content
            continue
        table = fig.content.table
        assert table.index.equals(pd.RangeIndex(len(table))), name
        assert {"index", "level_0"}.isdisjoint(table), name
    curve = ma.forest(synthetic(7), prediction="density").content.table
    assert curve.index.equals(pd.RangeIndex(len(curve))) and "density" in set(curve["kind"])


@pytest.mark.parametrize("side", [-1, 1])
def test_every_prediction_interval_is_told_on_either_side_of_no_effect(side):
    yi = side * np.array([6.0, 7.0, 8.0])
    outcomes = {name: ma.pool(yi, [0.1, 0.2, 0.1]) for name in ("pain", "sleep")}
    outcomes["one study"] = ma.pool(yi[:1], [0.1])
    told = ma.outcomes_forest(outcomes).content.caption.partition("prediction intervals for a new study: ")[2]
    assert "pain" in told and "sleep" in told and "one study" not in told.partition(".")[0]


def test_what_is_pooled_lies_upon_what_it_is_seen_against(figures):
    at = {a.get_gid(): a.get_zorder() for a in figures["funnel"].findobj() if str(a.get_gid()).startswith("funnel-")}
    below = [z for gid, z in at.items() if "contour" in gid]
    assert max(below) < at["funnel-null"] < at["funnel-pooled"] == at["funnel-limits"] < at["funnel-trials"]
