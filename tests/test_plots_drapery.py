"""The drapery plot, read back from the artists that were drawn."""

import numpy as np
import pytest
from data_cases import published_trials
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic, table_of_twins

import analysis
from analysis.models.diagnostics import pvalue_at
from analysis.plots._drapery import drapery, place_curve_names
from analysis.plots._layout import text_width

Y = [-1.2, -0.4, -2.0, 0.3, -0.9]
V = [0.10, 0.20, 0.12, 0.05, 0.30]
LABELS = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]


@pytest.fixture(scope="module")
def pooled():
    return analysis.pool(Y, V, labels=LABELS, measure="MD")


@pytest.fixture(scope="module")
def fig(pooled):
    return drapery(pooled)


@pytest.fixture(scope="module")
def real():
    return analysis.pool_arms(published_trials())


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def texts(fig):
    return [t.get_text() for t in fig.findobj(Text) if t.get_text()]


def names(fig):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("name-")]


def at_height(curve, y):
    """Return where a curve has the height y, which is one of its points, left and right."""
    return curve[np.isclose(curve[:, 1], y, rtol=0, atol=1e-12), 0]


def test_the_pooled_curve_crosses_the_lines_at_the_ends_of_the_intervals(fig, pooled):
    curve = artist(fig, "drapery-pooled").get_segments()[0]
    np.testing.assert_array_equal(at_height(curve, 0.05), pooled.ci)
    np.testing.assert_allclose(at_height(curve, 0.1), pooled.confidence_interval(0.9), rtol=1e-12)
    np.testing.assert_allclose(at_height(curve, 0.01), pooled.confidence_interval(0.99), rtol=1e-12)
    assert set(at_height(curve, 1.0)) == {pooled.estimate}
    np.testing.assert_allclose(pvalue_at(pooled, curve[:, 0]), curve[:, 1], rtol=1e-9)
    np.testing.assert_allclose(artist(fig, "drapery-ci").get_offsets(), [[x, 0.05] for x in pooled.ci])


def test_trials_have_normal_curves(fig):
    drawn = artist(fig, "drapery-trials").get_segments()
    assert len(drawn) == 5
    for curve, y, v in zip(drawn, Y, V, strict=True):
        np.testing.assert_allclose(at_height(curve, 0.05), y + np.array([-1, 1]) * 1.959963984540054 * np.sqrt(v))
        assert set(at_height(curve, 1.0)) == {y}


def test_a_line_leads_from_the_middle_of_a_name_to_its_curve(fig, pooled):
    written = {t.get_text(): t for t in fig.findobj(Text) if (t.get_gid() or "").startswith("name-")}
    ax = artist(fig, "drapery-trials").axes
    leaders = artist(fig, "drapery-leaders").get_segments()
    assert len(leaders) == len(written) >= 3
    assert all(foot[1] > top[1] for top, foot in leaders)
    middles = [
        text.get_window_extent().transformed(ax.transData.inverted()).intervalx.mean() for text in written.values()
    ]
    np.testing.assert_allclose(sorted(foot[0] for _, foot in leaders), sorted(middles), atol=0.02)
    np.testing.assert_allclose(
        sorted(top[0] for top, _ in leaders),
        sorted(dict(zip(pooled.labels, pooled.yi, strict=True))[n] for n in written),
    )


def test_the_prediction_region_ends_at_the_prediction_interval(fig, pooled):
    left, right = artist(fig, "drapery-prediction-edges").get_segments()
    # The one is of a column by itself, the other of many at once: sums may differ in the last digit.
    np.testing.assert_allclose([*at_height(left, 0.05), *at_height(right, 0.05)], pooled.pi, rtol=1e-14)
    outline = artist(fig, "drapery-prediction").get_paths()[0].vertices
    assert all(np.isclose(outline[:, 0], end, rtol=1e-14, atol=0.0).any() for end in pooled.pi)


def test_the_statistic_scale_makes_trials_straight(pooled):
    drawn = drapery(pooled, scale="z")
    for curve in artist(drawn, "drapery-trials").get_segments():
        left = curve[: len(curve) // 2]
        slope = np.diff(left[:, 1]) / np.diff(left[:, 0])
        np.testing.assert_allclose(slope, slope[0], rtol=1e-6)
    pooled_curve = artist(drawn, "drapery-pooled").get_segments()[0]
    np.testing.assert_array_equal(at_height(pooled_curve, -1.959963984540054), pooled.ci)


@pytest.mark.parametrize(("scale", "height"), [("p", lambda z, p: p), ("z", lambda z, p: -z)])
def test_lines_and_labels_stand_at_the_p_values(pooled, scale, height):
    drawn = drapery(pooled, scale=scale)
    p, z = np.array([0.05, 0.1, 0.01]), np.array([1.959963984540054, 1.6448536269514722, 2.5758293035489004])
    lines = [segment[0][1] for segment in artist(drawn, "drapery-levels").get_segments()]
    np.testing.assert_allclose(lines, height(z, p), rtol=1e-9)
    ax = next(ax for ax in drawn.axes if ax.get_label() == "drapery")
    labels = {t.get_text(): t.get_position()[1] for t in ax.get_yticklabels()}
    for text, at in zip(("0.05", "0.1", "0.01"), lines, strict=True):
        assert labels[text] == pytest.approx(at)
    right = {t.get_text(): t.get_position()[1] for t in drawn.findobj(Text) if (t.get_gid() or "").startswith("level-")}
    low, high = ax.get_ylim()
    for text, at in zip(("95%", "90%", "99%"), lines, strict=True):
        assert right[text] == pytest.approx(at, abs=0.03 * (high - low))
    assert len(right) == len(labels)


def test_another_level_has_its_own_line():
    pooled = analysis.pool(Y, V, confidence_level=0.8)
    drawn = drapery(pooled)
    curve = artist(drawn, "drapery-pooled").get_segments()[0]
    np.testing.assert_allclose(at_height(curve, 0.2), pooled.ci, rtol=1e-12)
    np.testing.assert_allclose(artist(drawn, "drapery-ci").get_offsets()[:, 1], 0.2)
    assert "dots: the 80% confidence interval (p = 0.2)" in drawn.content.caption


def test_the_common_effect_can_be_set_beside(pooled):
    drawn = drapery(pooled, common=True)
    mean = (np.array(Y) / V).sum() / (1 / np.array(V)).sum()
    half = 1.959963984540054 / np.sqrt((1 / np.array(V)).sum())
    curve = artist(drawn, "drapery-common").get_segments()[0]
    np.testing.assert_allclose(at_height(curve, 0.05), [mean - half, mean + half], rtol=1e-12)
    assert "Common effect: " in drawn.content.caption and "common effect" in texts(drawn)
    assert not drapery(pooled).findobj(lambda a: a.get_gid() == "drapery-common")


def test_the_table_holds_every_curve(fig, pooled):
    table = rows(fig, "total").iloc[0]
    assert (table["low_p0.05"], table["high_p0.05"], table["low_p1"]) == (*pooled.ci, pooled.estimate)
    assert table["pvalue"] == pooled.pvalue
    trials = rows(fig)
    np.testing.assert_allclose(trials["low"], trials["low_p0.05"], rtol=1e-12)
    assert trials["text_pvalue"].tolist()[:2] == ["<0.001", "0.37"]


@pytest.mark.parametrize(("k", "options"), [(1, {}), (2, {}), (5, {"tau2_method": "CE"})])
def test_without_a_prediction_interval_there_is_no_region(k, options):
    drawn = drapery(analysis.pool(Y[:k], V[:k], **options))
    assert not drawn.findobj(lambda a: a.get_gid() == "drapery-prediction")
    assert "rediction" not in drawn.content.caption and "prediction, new trial" not in texts(drawn)


def test_the_trials_farthest_from_the_pooled_estimate_are_named(real):
    drawn = drapery(real)
    trials = rows(drawn)
    away = np.abs(trials["estimate"] - real.contrast.estimate)
    wanted = set(trials["name"].iloc[np.argsort(-away.to_numpy())[:6]])
    assert set(names(drawn)) == wanted
    colours = artist(drawn, "drapery-trials").get_colors()
    dark = {name for name, colour in zip(trials["name"], colours, strict=True) if colour[0] < 0.2}
    assert dark == wanted
    assert names(drapery(real, label=["Gale 2006"])) == ["Gale 2006"] and names(drapery(real, label=0)) == []
    with pytest.raises(ValueError, match="label names 'nobody', which this figure does not have"):
        drapery(real, label="nobody")


def test_names_keep_the_order_of_their_curves():
    labels, x = ["long name one", "b", "another name", "c"], [30.0, 31.0, 10.0, 30.5]
    left = np.array(place_curve_names(labels, x, 90.0))
    wide = np.array([text_width(label, 6.3) for label in labels])
    order = np.argsort(x)
    assert (left[order][1:] >= (left + wide)[order][:-1] + 1.9).all() and left.min() >= 0 and (left + wide).max() <= 90
    alone = place_curve_names(["a"], [30.0], 90.0)[0]
    assert alone + text_width("a", 6.3) / 2 == pytest.approx(30.0)
    assert place_curve_names(labels, x, 20.0)[-1] is None and place_curve_names([], [], 20.0) == []


def test_it_takes_effects_and_pooled_arms(real):
    from_effects = drapery(real.effects)
    np.testing.assert_array_equal(
        artist(from_effects, "drapery-pooled").get_segments()[0],
        artist(drapery(real), "drapery-pooled").get_segments()[0],
    )
    assert "Mean difference, points on 0–10" in texts(from_effects)
    assert "Left out, 6 trials" in from_effects.content.caption


def test_the_caption_says_how_to_read_it(fig, pooled):
    caption = fig.content.caption
    ends = analysis.text.interval(*pooled.ci)
    assert f"Pooled mean difference {analysis.text.number(pooled.estimate)} (95% CI {ends}; 5 studies), p " in caption
    assert "where it crosses the line of a p value, the interval of the level on the right ends" in caption
    assert "HKSJ on t(k−1)" in caption and "τ² by REML" in caption
    drawn = " ".join(t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("footer-"))
    assert drawn == " ".join(rows(fig, "footer")["name"])
    assert "2 of 5 have p below 0.05" in fig.content.alt_text and ends in fig.content.alt_text


def test_ratios_have_a_log_axis():
    drawn = drapery(analysis.pool(Y, V, measure="OR"))
    ax = next(ax for ax in drawn.axes if ax.get_label() == "drapery")
    for label in ax.get_xticklabels():
        assert label.get_position()[0] == pytest.approx(np.log(float(label.get_text())))
    assert "Odds ratio, log scale" in texts(drawn)
    assert rows(drawn, "total")["text_estimate"].iloc[0] == f"{np.exp(analysis.pool(Y, V).estimate):.2f}"


@pytest.mark.parametrize("scale", ["p", "z"])
@pytest.mark.parametrize(("k", "width"), [(1, None), (1, 85), (2, None), (3, 85), (13, None), (60, 85), (200, None)])
def test_no_text_overlaps_or_leaves_the_page(k, width, scale):
    table = synthetic(k, name="Иванов и соавторы {i}").table
    pooled = analysis.pool(table["yi"], table["vi"], labels=table["label"])
    drawn = drapery(pooled, scale=scale, width_mm=width, note="one sample")
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 150)
    assert drawn.content.caption.endswith("One sample.")
    assert min(t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()) >= 6
    assert {"0.05", "0.01"} <= set(texts(drawn))


@pytest.mark.parametrize(
    "case", [{"scale": 1e6}, {"scale": 1e-5}, {"name": "A very long trial name, with authors {i}"}]
)
def test_odd_content_fits(case):
    for width in (None, 85):
        drawn = drapery(synthetic(7, **case), width_mm=width)
        assert misplaced(drawn) == ([], [])


def test_it_draws_into_other_axes(pooled, fig):
    other = Figure(figsize=(8, 3))
    first, second = other.subplots(1, 2)
    assert drapery(pooled, ax=first) is other
    np.testing.assert_array_equal(
        artist(other, "drapery-pooled").get_segments()[0], artist(fig, "drapery-pooled").get_segments()[0]
    )
    assert first.get_ylabel() == "p value" and not second.collections and "95%" in texts(other)


def test_same_bytes_and_a_table_in_markdown(pooled, tmp_path):
    lines = table_of_twins(drapery(pooled), drapery(pooled), tmp_path)
    assert lines[0] == "| Study | Mean difference | Interval | p for no effect |" and len(lines) == 2 + 5 + 2
    assert lines[-2].startswith("| **Pooled** |") and lines[-1].startswith("| **New study** |")


def test_bad_arguments_are_named(pooled):
    with pytest.raises(ValueError, match='scale is \'log\'; it must be "p" or "z"'):
        drapery(pooled, scale="log")
    with pytest.raises(ValueError, match="width_mm is 60; a drapery plot needs at least 80 mm"):
        drapery(pooled, width_mm=60)


def test_a_named_trial_is_dark_and_its_namesake_is_not():
    twin = drapery(analysis.pool(Y, V, labels=["A", "Twin", "Twin", "D", "E"], measure="MD"), label=1)
    assert names(twin) == ["Twin"] and (artist(twin, "drapery-trials").get_colors()[:, 0] < 0.2).sum() == 1
    assert "studies with names" in texts(twin) and "no effect" in texts(twin)
    assert "studies with names" not in texts(drapery(analysis.pool(Y, V), label=0))


def test_what_was_asked_for_sets_axis_null_line_and_further_lines(pooled):
    drawn = drapery(pooled, xlim=(-2, 1), ticks=[-2, 0, 1], null=-0.5, lines={"worthwhile": -1}, xlabel="Change")
    ax = next(ax for ax in drawn.axes if ax.get_label() == "drapery")
    assert ax.get_xlim() == (-2, 1) and {"Change", "null line"} <= set(texts(drawn))
    assert set(artist(drawn, "drapery-null").get_segments()[0][:, 0]) == {-0.5}
    assert "Dashed grey line: worthwhile −1.00" in drawn.content.caption
    assert not drapery(pooled, null=None).findobj(lambda a: a.get_gid() == "drapery-null")
