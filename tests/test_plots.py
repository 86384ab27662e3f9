"""The forest plots, read back from the artists that were drawn."""

import dataclasses
from functools import cache

import matplotlib
import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects, published_trials
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.text import Text
from plot_cases import artist, body, misplaced, overlapping, synthetic

import analysis
from analysis.plots import _layout, _rows
from analysis.plots import _theme as style

SIZES = [(1, 1), (2, 1), (3, 3), (13, 1), (60, 3)]  # trials, groups
NAMES = {
    "long": "A very long trial name, with the names of several authors {i}",
    "cyrillic": "Иванов и соавторы {i}",
    "greek": "Παπαδόπουλος κ.ά. {i}",
}


@pytest.fixture(scope="module")
def real():
    """The published trials, pooled by family of therapy."""
    effects = published_effects()
    return analysis.pool_arms(effects, by="therapy_family")


@pytest.fixture(scope="module")
def fig(real):
    """What many tests look at, and none of them changes."""
    return analysis.arms_forest(real)


@pytest.fixture(scope="module")
def classic(real):
    """The classic forest of the same trials; read only."""
    return analysis.forest(real)


@pytest.fixture(scope="module")
def few():
    """Seven trials in two groups, for what needs no more of them."""
    return analysis.pool_arms(synthetic(7, groups=2), by="therapy_family")


def stressed():
    """Two trials whose HKSJ interval runs from -20 to 18, among trials between -5.5 and 1.1."""
    effects = synthetic(12, groups=2, seed=3)
    table = effects.table.copy()
    table["therapy_family"] = ["Wild"] * 2 + ["Tame"] * 10
    table.loc[:1, ["yi", "vi"]] = [[-3.12, 1.457], [-0.10, 0.188]]
    changed = analysis.EffectSizes(table, effects.derivations, effects.left_out)
    return analysis.pool_arms(changed, by="therapy_family")


def rows_of(fig, kind):
    table = body(fig)
    return table[table["kind"] == kind]


def segments(fig, *gids):
    """Return low, high, y of every interval in the collections, sorted by y."""
    found = [artist(fig, gid) for gid in gids]
    assert all(isinstance(lines, LineCollection) for lines in found)
    ends = np.concatenate([np.array([[s[0][0], s[1][0], s[0][1]] for s in f.get_segments()]) for f in found])
    return ends[np.argsort(ends[:, 2])]


def pixels(fig):
    fig.canvas.draw()
    return np.asarray(fig.canvas.buffer_rgba())


def panel(fig, name):
    return next(ax for ax in fig.axes if ax.get_label() == name)


# the order and place of rows


def test_rows_follow_groups_and_order(fig, real):
    table = body(fig)
    assert list(table.loc[table["kind"] == "heading", "name"]) == list(real.groups)
    assert (np.diff(table["y_mm"]) > 3).all()
    for _, trials in rows_of(fig, "trial").groupby("group", sort=False):
        assert trials["year"].is_monotonic_increasing
    assert list(table["kind"][-2:]) == ["total", "prediction"]


def test_every_trial_has_one_row(fig, real):
    assert sorted(rows_of(fig, "trial")["study"]) == sorted(real.effects.table["study"])


@pytest.mark.parametrize(("order", "column", "up"), [("estimate", "contrast_estimate", 1), ("weight", "weight", -1)])
def test_order_of_trials(real, order, column, up):
    trials = rows_of(analysis.arms_forest(real, order=order), "trial")
    for _, group in trials.groupby("group"):
        assert (np.diff(group[column]) * up >= 0).all()


# marks against the table, and the table against the results


def test_table_holds_the_pooled_results(fig, real):
    total = rows_of(fig, "total").iloc[0]
    for series in ("placebo", "treatment", "contrast"):
        result = getattr(real, series)
        assert total[f"{series}_estimate"] == result.estimate
        assert (total[f"{series}_low"], total[f"{series}_high"]) == tuple(result.ci)
        assert total[f"{series}_k"] == result.k
    subtotals = rows_of(fig, "subtotal").set_index("group")
    for name, group in real.groups.items():
        assert subtotals.loc[name, "contrast_estimate"] == group.contrast.estimate
    prediction = rows_of(fig, "prediction").iloc[0]
    assert (prediction["contrast_low"], prediction["contrast_high"]) == tuple(real.contrast.pi)


def test_table_holds_the_trials(fig, real):
    trials = rows_of(fig, "trial").set_index("study")
    source = real.effects.table.set_index("study").loc[trials.index]
    np.testing.assert_array_equal(trials["contrast_estimate"], source["yi"])
    half = 1.959963984540054 * np.sqrt(source["vi"])
    np.testing.assert_allclose(trials["contrast_high"] - trials["contrast_low"], 2 * half, rtol=1e-12)
    weights = dict(zip(real.effects.table["study"], real.contrast.weights, strict=True))
    np.testing.assert_array_equal(trials["weight"], [weights[study] for study in trials.index])


def test_squares_stand_at_the_estimates_with_area_by_weight(fig):
    trials = rows_of(fig, "trial")
    squares = artist(fig, "contrast-markers")
    assert isinstance(squares, PathCollection)
    np.testing.assert_allclose(squares.get_offsets(), trials[["contrast_estimate", "y_mm"]], rtol=1e-12)
    area, weight = squares.get_sizes(), trials["weight"].to_numpy()
    free = area > style.SQUARE_MIN_PT**2
    assert free.sum() > 10
    np.testing.assert_allclose(area[free] / area.max(), weight[free] / weight.max(), rtol=1e-12)


def test_small_weights_keep_a_visible_square():
    effects = synthetic(6)
    table = effects.table.assign(vi=[0.001, 0.001, 0.001, 0.001, 0.001, 900.0])
    pooled = analysis.pool_arms(analysis.EffectSizes(table, effects.derivations, effects.left_out))
    sizes = artist(analysis.arms_forest(pooled), "contrast-markers").get_sizes()
    assert sizes.min() == pytest.approx(style.SQUARE_MIN_PT**2)


def test_intervals_end_at_the_limits(fig):
    trials = rows_of(fig, "trial")
    drawn = segments(fig, "contrast-intervals")
    low, high = panel(fig, "contrast").get_xlim()
    np.testing.assert_allclose(drawn[:, 0], trials["contrast_low"].clip(lower=low), rtol=1e-12)
    np.testing.assert_allclose(drawn[:, 1], trials["contrast_high"].clip(upper=high), rtol=1e-12)
    assert artist(fig, "contrast-intervals").get_capstyle() == "butt"


def test_intervals_lie_above_squares_and_hollow_insides(fig):
    order = [artist(fig, f"contrast-{part}").get_zorder() for part in ("markers", "markers-hollow", "intervals")]
    assert order == sorted(order) and len(set(order)) == 3


@pytest.mark.parametrize(("arm", "side"), [("placebo", -1), ("treatment", 1)])
def test_arms_are_drawn_apart(fig, arm, side):
    trials = rows_of(fig, "trial").dropna(subset=[f"{arm}_estimate"])
    at = artist(fig, f"{arm}-markers").get_offsets()
    np.testing.assert_allclose(at[:, 0], trials[f"{arm}_estimate"], rtol=1e-12)
    offset = at[:, 1] - trials["y_mm"].to_numpy()
    assert (np.sign(offset) == side).all() and np.abs(offset).min() > 0.5
    drawn = segments(fig, f"{arm}-intervals", f"{arm}-intervals-imputed")
    low, high = panel(fig, "arms").get_xlim()
    np.testing.assert_allclose(drawn[:, 0], trials[f"{arm}_low"].clip(lower=low), rtol=1e-12)
    np.testing.assert_allclose(drawn[:, 1], trials[f"{arm}_high"].clip(upper=high), rtol=1e-12)


def test_placebo_circles_are_open_and_treatment_circles_filled(fig):
    white = np.array([[1.0, 1.0, 1.0, 1.0]])
    np.testing.assert_array_equal(artist(fig, "placebo-markers").get_facecolor(), white)
    assert (artist(fig, "treatment-markers").get_facecolor() != white).any()


def test_connectors_join_the_two_arms(fig):
    trials = rows_of(fig, "trial").dropna(subset=["placebo_estimate"])
    drawn = segments(fig, "arms-connectors")
    np.testing.assert_allclose(drawn, trials[["placebo_estimate", "treatment_estimate", "y_mm"]], rtol=1e-12)


def test_imputed_trials_are_hollow_dashed_and_marked(fig):
    trials = rows_of(fig, "trial")
    imputed = trials[trials["status"] == "imputed"]
    hollow = artist(fig, "contrast-markers-hollow").get_offsets()
    np.testing.assert_allclose(hollow, imputed[["contrast_estimate", "y_mm"]], rtol=1e-12)
    assert imputed["notes"].str.startswith("†").all() and len(imputed) == 5
    dashed = segments(fig, "placebo-intervals-imputed")
    assert len(dashed) == trials["placebo_imputed"].eq(True).sum()
    assert artist(fig, "placebo-intervals-imputed").get_linestyle()[0][1] is not None
    assert artist(fig, "placebo-intervals").get_linestyle()[0][1] is None


def test_diamonds_have_their_corners_at_the_results(fig):
    low, high = panel(fig, "contrast").get_xlim()
    for kind, gid in (("subtotal", "subtotals"), ("total", "total")):
        rows = rows_of(fig, kind)
        drawn = artist(fig, f"contrast-{gid}")
        assert isinstance(drawn, PolyCollection)
        for path, row in zip(drawn.get_paths(), rows.to_dict("records"), strict=True):
            x, y = path.vertices.T
            assert low < row["contrast_low"] and row["contrast_high"] < high
            assert (x.min(), x.max()) == (row["contrast_low"], row["contrast_high"])
            assert set(x[np.isclose(y, y.max()) | np.isclose(y, y.min())]) == {row["contrast_estimate"]}
            assert (y.min() + y.max()) / 2 == pytest.approx(row["y_mm"])


def test_overall_diamonds_are_the_tallest(fig):
    def heights(gid):
        return [np.ptp(path.vertices[:, 1]) for path in artist(fig, gid).get_paths()]

    assert min(heights("contrast-total")) > 1.2 * max(heights("contrast-subtotals"))


def test_lines_and_zone_stand_where_the_table_says(fig):
    table = fig.content.table
    zone = table[table["kind"] == "zone"].iloc[0]
    x = artist(fig, "contrast-zone").get_paths()[0].vertices[:, 0]
    assert (x.min(), x.max()) == (zone["contrast_low"], zone["contrast_high"]) == (-2.0, -1.0)
    assert artist(fig, "contrast-null").get_segments()[0][0][0] == 0.0
    pooled_line = artist(fig, "contrast-pooled-line").get_segments()[0][0][0]
    assert pooled_line == rows_of(fig, "total")["contrast_estimate"].iloc[0]
    prediction = segments(fig, "contrast-prediction")[0]
    np.testing.assert_allclose(
        prediction, rows_of(fig, "prediction")[["contrast_low", "contrast_high", "y_mm"]].iloc[0]
    )


def test_both_panels_have_the_same_scale(fig):
    lengths = []
    for name in ("arms", "contrast"):
        ax = panel(fig, name)
        lengths.append(ax.get_position().width / np.ptp(ax.get_xlim()))
    assert lengths[0] == pytest.approx(lengths[1])
    assert "Both panels have the same scale" in fig.content.caption


# text


def test_every_text_cell_is_drawn(fig):
    drawn = {t.get_gid(): t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("cell-")}
    columns = ["name", "tail", "condition", "n_treatment", "n_placebo", "estimate", "low", "high", "weight"]
    expected = {
        f"cell-{i}-text_{column}": row[f"text_{column}"]
        for i, row in enumerate(body(fig).to_dict("records"))
        for column in columns
        if row[f"text_{column}"]
    }
    assert drawn == expected


def test_numbers_are_written_by_the_formatters(fig):
    for row in rows_of(fig, "trial").to_dict("records"):
        written = f"{row['text_estimate']} {row['text_low']} {row['text_high']}"
        ends = (f"{row[f'contrast_{end}']:.2f}".replace("-", "−") for end in ("low", "estimate", "high"))
        assert written == "{1} [{0} to {2}]".format(*ends)
        assert row["text_weight"] == analysis.text.percent(row["weight"], 1)


def test_numbers_of_a_column_end_at_one_place(fig):
    for column in ("estimate", "low", "high", "weight", "n_placebo"):
        wanted = {f"cell-{i}-text_{column}" for i in range(len(body(fig)))}
        cells = [t for t in fig.findobj(Text) if t.get_gid() in wanted]
        assert len({t.get_position()[0] for t in cells}) == 1
        assert {t.get_ha() for t in cells} == {"right"}


def test_trials_without_baseline_say_so(fig):
    trials = rows_of(fig, "trial")
    missing = trials["placebo_estimate"].isna()
    drawn = [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("missing-")]
    assert drawn == ["baseline not reported"] * missing.sum()
    headings = rows_of(fig, "heading")
    for row in headings.to_dict("records"):
        fewer = row["placebo_k"] < row["contrast_k"]
        expected = f"k = {row['contrast_k']:.0f}" + (f" (arms: {row['placebo_k']:.0f})" if fewer else "")
        assert row["text_tail"] == expected


def test_footer_says_what_was_computed(fig, real):
    footer = " ".join(fig.content.table.query("kind == 'footer'")["name"])
    for part in (
        "REML",
        "HKSJ on t(k−1)",
        f"τ {analysis.text.number(real.contrast.tau)} points",
        "I²",
        "Left out, 6",
    ):
        assert part in footer
    drawn = " ".join(t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("footer-"))
    assert drawn == footer
    assert "descriptive: natural course and regression to the mean" in " ".join(
        t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("caption-arms")
    )


def test_few_trials_are_warned_about():
    pooled = analysis.pool_arms(synthetic(5, groups=3), by="therapy_family")
    caption = analysis.arms_forest(pooled).content.caption
    assert "Fewer than three trials: Family 0 (2 trials), Family 1 (2 trials), Family 2 (1 trial)" in caption


def test_confidence_level_is_that_of_the_result():
    pooled = analysis.pool_arms(synthetic(5), confidence_level=0.9)
    drawn = analysis.arms_forest(pooled)
    assert artist(drawn, "head-text_estimate").get_text() == "Difference [90% CI]"
    assert "95%" not in drawn.content.caption


def test_notes_are_lettered_in_a_fixed_order():
    marks, key = _rows.note_marks([("crossover", "SD imputed"), (), ("final score",), ("new flag", "crossover")])
    assert marks == ["† b", "", "a", "b c"]
    assert [mark for mark, _ in key] == ["†", "a", "b", "c"] and key[-1] == ("c", "new flag")


# the page: nothing overlaps, nothing is clipped


@cache
def pooled_arms(k, groups):
    return analysis.pool_arms(synthetic(k, groups=groups), by="therapy_family" if groups > 1 else None)


@pytest.mark.parametrize(
    ("k", "groups", "draw"),
    [(*size, draw) for size in SIZES for draw in ("arms", "arms at 174 mm", "forest")]
    + [(200, 4, "arms at 174 mm"), (200, 4, "forest")],
)
def test_no_text_overlaps_or_leaves_the_page(k, groups, draw):
    pooled = pooled_arms(k, groups)
    drawn = (
        analysis.forest(pooled)
        if draw == "forest"
        else analysis.arms_forest(pooled, width_mm=174 if draw.endswith("mm") else None)
    )
    assert misplaced(drawn) == ([], [])


@pytest.mark.parametrize("width", [None, 174])
@pytest.mark.parametrize(
    "case",
    [
        {"name": NAMES["cyrillic"]},
        {"name": NAMES["greek"]},
        {"scale": 1e6},
        {"scale": 1e-5},
    ],
    ids=["cyrillic", "greek", "huge", "tiny"],
)
def test_odd_content_fits(case, width):
    pooled = analysis.pool_arms(synthetic(7, groups=2, **case), by="therapy_family")
    assert misplaced(analysis.arms_forest(pooled, width_mm=width)) == ([], [])
    if width is None:  # the other is as wide in both
        assert misplaced(analysis.forest(pooled)) == ([], [])


def test_without_any_baseline_there_are_no_arms_to_draw():
    pooled = analysis.pool_arms(synthetic(7, groups=2, baseline=False), by="therapy_family")
    with pytest.raises(ValueError, match="no trial reports a baseline in both arms.*use forest"):
        analysis.arms_forest(pooled)
    drawn = analysis.forest(pooled)
    assert misplaced(drawn) == ([], [])
    with pytest.raises(TypeError, match="cannot use an .*give a PooledArms"):
        analysis.arms_forest(pooled.effects)


def test_a_note_ends_the_caption(few):
    for drawn in (analysis.arms_forest(few, note="one sample"), analysis.forest(few, note="one sample")):
        assert drawn.content.caption.endswith("One sample.")
        assert misplaced(drawn) == ([], [])


def test_long_names_widen_the_page_or_raise():
    pooled = analysis.pool_arms(synthetic(7, name=NAMES["long"]))
    drawn = analysis.arms_forest(pooled)
    assert drawn.get_size_inches()[0] * 25.4 > 250
    assert misplaced(drawn) == ([], [])
    drawn = analysis.arms_forest(pooled, width_mm=174)
    assert misplaced(drawn) == ([], [])
    with pytest.raises(ValueError, match=r"width_mm is 60, but this figure needs at least \d+ mm"):
        analysis.arms_forest(pooled, width_mm=60)


@pytest.mark.parametrize("width", [None, 174])
def test_real_trials_fit(fig, real, width):
    drawn = analysis.arms_forest(real, width_mm=width) if width else fig
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 250)


def test_columns_drop_in_the_stated_order(few):
    kept = []
    for width in (174, 200, 230, 300):
        drawn = analysis.arms_forest(few, width_mm=width)
        gids = {t.get_gid() for t in drawn.findobj(Text)}
        heads = ("head-text_weight", "head-text_n_placebo", "head-text_condition", "head-text_placebo")
        kept.append([head in gids for head in heads])
    for now in kept:
        assert now == sorted(now, reverse=True)
    assert kept[0] != kept[-1] and all(kept[-1])


def test_type_is_never_below_6_points(fig):
    sizes = {t.get_fontsize() for t in fig.findobj(Text) if t.get_text()}
    assert min(sizes) >= 6 and max(sizes) <= 8.5


def test_height_follows_the_rows():
    drawn = [analysis.arms_forest(analysis.pool_arms(synthetic(k))) for k in (20, 30)]
    last = [body(one)["y_mm"].iloc[-1] for one in drawn]
    assert last[1] - last[0] == pytest.approx(10 * style.ROW_MM["trial"])
    assert drawn[1].get_size_inches()[1] * 25.4 > last[1] + 15


# axes


def test_stress_case_is_set_by_the_trials_and_ends_in_arrowheads():
    pooled = stressed()
    wild = pooled.groups["Wild"].contrast.ci
    assert wild.low < -19 and wild.high > 16
    drawn = analysis.arms_forest(pooled)
    low, high = panel(drawn, "contrast").get_xlim()
    trials = rows_of(drawn, "trial")
    assert trials["contrast_high"].max() - trials["contrast_low"].min() >= 0.6 * (high - low)
    y = rows_of(drawn, "subtotal").query("group == 'Wild'")["y_mm"].iloc[0]
    for side, x in (("left", low), ("right", high)):
        heads = artist(drawn, f"contrast-arrows-{side}").get_offsets()
        assert [x, y] in heads.tolist()
    corners = artist(drawn, "contrast-subtotals").get_paths()[0].vertices[:, 0]
    assert low < corners.min() and corners.max() < high


@pytest.mark.parametrize("stress", [False, True])
def test_only_marks_that_leave_the_panel_have_arrowheads(fig, stress):
    fig = analysis.arms_forest(stressed()) if stress else fig
    arrows = fig.findobj(lambda a: "arrows" in (a.get_gid() or ""))
    drawn = sum(len(a.get_offsets()) for a in arrows)
    table, leaving = body(fig), 0
    for name, keys in (("arms", ("placebo", "treatment")), ("contrast", ("contrast",))):
        low, high = panel(fig, name).get_xlim()
        for key in keys:
            leaving += (table[f"{key}_low"] < low).sum() + (table[f"{key}_high"] > high).sum()
    assert drawn == leaving
    assert (leaving > 2) == stress


@pytest.mark.parametrize("ends", [(-7.7, 1.6), (-0.2, 0.05), (-3e6, 9e5), (-1.1, 1.1), (0.0, 87.0)])
def test_ticks_are_round_and_hold_zero(ends):
    ticks, digits = _layout.round_ticks(*ends)
    assert 4 <= len(ticks) <= 7 and 0.0 in ticks
    assert (ticks >= ends[0]).all() and (ticks <= ends[1]).all()
    np.testing.assert_allclose(np.round(ticks, digits), ticks, atol=1e-12)


def test_one_endless_interval_leaves_the_panel():
    estimate, half = np.array([-1.0, -0.5, 0.0, -0.7]), np.array([0.5, 0.4, 0.6, 90.0])
    low, high = _layout.panel_limits(estimate, estimate - half, estimate + half)
    assert -4 < low < -1.5 and 0.6 < high < 4


# the classic forest


def test_forest_draws_the_contrast_of_groups(classic, real):
    np.testing.assert_array_equal(
        rows_of(classic, "subtotal")["contrast_estimate"], [g.contrast.estimate for g in real.groups.values()]
    )
    assert len(classic.axes) == 2


def test_forest_takes_effects_and_groups_them(classic, real):
    from_effects = analysis.forest(real.effects, by="therapy_family").content.table
    pd.testing.assert_frame_equal(from_effects, classic.content.table)


def test_forest_takes_one_result_and_orders_it():
    pooled = analysis.pool([-1.0, -0.2, -0.6], [0.1, 0.2, 0.3])
    drawn = analysis.forest(pooled, order="estimate")
    assert list(rows_of(drawn, "trial")["contrast_estimate"]) == [-1.0, -0.6, -0.2]
    with pytest.raises(ValueError, match="by needs the trials"):
        analysis.forest(pooled, by="therapy_family")


def test_trials_of_the_same_name_keep_their_own_weights():
    pooled = analysis.pool([-1.0, -0.2, -0.6], [0.1, 0.2, 0.3])
    twins = dataclasses.replace(pooled, labels=("Same 2001", "Same 2001", "Other 2002"))
    trials = rows_of(analysis.forest(twins), "trial")
    np.testing.assert_array_equal(trials["weight"], pooled.weights)
    assert list(trials["text_name"]) == list(twins.labels)


def test_ratios_are_drawn_on_a_log_axis_and_printed_as_ratios():
    yi = np.log([0.4, 0.9, 1.2, 0.5])
    drawn = analysis.forest(analysis.pool(yi, [0.1, 0.05, 0.2, 0.3]), measure="RR")
    trials, ax = rows_of(drawn, "trial"), panel(drawn, "contrast")
    np.testing.assert_allclose(artist(drawn, "contrast-markers").get_offsets()[:, 0], yi, rtol=1e-12)
    assert list(trials["text_estimate"]) == ["0.40", "0.90", "1.20", "0.50"]
    labels = [float(t.get_text()) for t in ax.get_xticklabels()]
    np.testing.assert_allclose(np.exp(ax.get_xticks()), labels, rtol=1e-9)
    assert 1.0 in labels


# manners


def test_global_settings_and_pyplot_stay_untouched(few):
    before = dict(matplotlib.rcParams)
    plain = analysis.arms_forest(few)
    with matplotlib.rc_context({"axes.grid": True, "font.size": 30, "xtick.direction": "in"}):
        inside = dict(matplotlib.rcParams)
        drawn = analysis.arms_forest(few)
        assert dict(matplotlib.rcParams) == inside
    assert dict(matplotlib.rcParams) == before
    np.testing.assert_array_equal(pixels(drawn), pixels(plain))
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


def test_bad_arguments_are_named(real):
    with pytest.raises(ValueError, match="order is 'size' .*it must be one of"):
        analysis.arms_forest(real, order="size")
    with pytest.raises(ValueError, match="columns names 'colour'"):
        analysis.arms_forest(real, columns=("n", "colour"))
    with pytest.raises(ValueError, match="grouped by 'therapy_family'"):
        analysis.forest(real, by="condition_group")


def test_own_columns_are_drawn(real):
    drawn = analysis.arms_forest(real, columns=("therapy", "difference"))
    written = [t.get_text() for t in drawn.findobj(Text) if (t.get_gid() or "").endswith("-text_therapy")]
    assert "Near-infrared light" in written and overlapping(drawn) == []


def test_wrapping_keeps_every_letter_within_the_width():
    text = "two words and Donaudampfschifffahrtsgesellschaftskapitänswitwe then more"
    lines = _layout.wrap(text, 30, 7)
    assert max(_layout.text_width(line, 7) for line in lines) <= 30
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_split_arms_keep_their_own_weights():
    trials = published_trials()
    with pytest.warns(analysis.RepeatedStudyWarning, match="splitting"):
        pooled = analysis.pool_arms(analysis.effect_sizes(trials, multi_arm="split"), by="therapy_family")
    rows = analysis.arms_forest(pooled).content.table.query("kind == 'trial'").set_index("name")
    expected = dict(zip(pooled.contrast.labels, pooled.contrast.weights, strict=True))
    assert rows["weight"].to_dict() == expected
    assert rows["weight"].sum() == pytest.approx(1.0)


def test_an_interval_of_no_width_is_still_drawn():
    drawn = analysis.forest(analysis.pool([-0.8] * 3, [0.2] * 3, ci_method="HKSJ"))
    (corners,) = [path.vertices for path in artist(drawn, "contrast-total").get_paths()]
    assert set(corners[:, 0]) == {-0.8} and np.ptp(corners[:, 1]) > 1


def test_the_pooled_results_alone_fit_a_narrow_page(real, fig):
    whole, alone = fig, analysis.arms_forest(real, trials=False, columns=(), width_mm=100)
    table, full = alone.content.table, whole.content.table
    assert set(full["kind"]) - set(table["kind"]) == {"trial", "heading"}
    for kind in ("subtotal", "total", "prediction"):
        numbers = [f"{series}_{end}" for series in ("placebo", "contrast") for end in ("estimate", "low", "high")]
        np.testing.assert_array_equal(rows_of(alone, kind)[numbers], rows_of(whole, kind)[numbers])
    low, high = next(ax for ax in alone.axes if ax.get_label() == "contrast").get_xlim()
    pooled = table[table["kind"].isin(["subtotal", "total"])]
    assert low < pooled["contrast_low"].min() and pooled["contrast_high"].max() < high
    borrowed = int((rows_of(whole, "trial")["contrast_imputed"]).sum())
    assert (
        borrowed
        and f"Not drawn: {real.contrast.k} trials, {borrowed} of them with a borrowed SD." in alone.content.caption
    )
    assert "pooled results only" in alone.content.alt_text and "in order of year" not in alone.content.caption
