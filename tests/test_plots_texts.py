"""What figures print, name and keep apart: cells are the numbers of their row, alternative texts name extremes."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from plot_cases import synthetic

import analysis as ma
from analysis.text import number, percent

COUNTS = ([12, 3, 9], [40, 35, 60], [4, 2, 7], [41, 34, 58])


def drawn():
    effects = synthetic(7, groups=2)
    arms = ma.pool_arms(effects, by="therapy_family")
    common = ma.pool_arms(effects, by="therapy_family", tau2_method="CE", ci_method="z")
    table = effects.table.assign(dose=[3.0, 8.0, 21.0, 5.0, 13.0, 34.0, 2.0])
    by_family = ma.meta_regression("yi ~ therapy_family", table)
    pooled = ma.pool(effects)
    wordy = tuple(f"the outcome that {body} hoped for, at some length" for body in ("everybody", "nobody"))
    return {
        "forest": ma.forest(arms),
        "forest, common effect": ma.forest(common),
        "arms": ma.arms_forest(arms),
        "orchard": ma.orchard(arms),
        "steps": ma.steps_forest(ma.leave_one_out(effects)),
        "outcomes": ma.outcomes_forest({"first": effects, "second": effects}),
        "bubble": ma.bubble(ma.meta_regression("yi ~ dose", table), "dose"),
        "bubble of groups": ma.bubble(by_family),
        "narrow bubble of groups": ma.bubble(by_family, width_mm=85, favours=wordy),
        "funnel": ma.funnel(pooled),
        "radial": ma.radial(pooled),
        "qq": ma.qq_plot(pooled),
        "drapery": ma.drapery(pooled),
        "posterior": ma.posterior_plot(ma.pool_bayes(effects)),
        "labbe": ma.labbe(arms),
        "counts": ma.labbe_counts(ma.pool_mantel_haenszel(*COUNTS), counts=COUNTS),
    }


@pytest.fixture(scope="module")
def figures():
    return drawn()


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
        tau, i2 = row["contrast_tau"], row["contrast_i2"]
        assert row["text_heterogeneity"] == ("" if np.isnan(tau) else f"τ {number(tau)}, I² {percent(i2)}")
    others = rows(figures[name], "trial", "total", "heading", "prediction")
    assert (others["text_heterogeneity"].fillna("") == "").all()


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


# rows


def test_rows_are_numbered_and_nothing_else_is_added(figures):
    for name, fig in figures.items():
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
    told = ma.outcomes_forest(outcomes).content.caption.partition("prediction intervals for a new trial: ")[2]
    assert "pain" in told and "sleep" in told and "one study" not in told.partition(".")[0]


def test_what_is_pooled_lies_upon_what_it_is_seen_against(figures):
    at = {a.get_gid(): a.get_zorder() for a in figures["funnel"].findobj() if str(a.get_gid()).startswith("funnel-")}
    below = [z for gid, z in at.items() if "contour" in gid]
    assert max(below) < at["funnel-null"] < at["funnel-pooled"] == at["funnel-limits"] < at["funnel-trials"]
