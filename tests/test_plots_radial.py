"""The radial plot, read back from the artists that were drawn."""

import numpy as np
import pytest
from data_cases import published_trials
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic, table_of_twins

import analysis
from analysis.models.diagnostics import common_effect
from analysis.plots._radial import radial


@pytest.fixture(scope="module")
def arms():
    return analysis.pool_arms(published_trials())


@pytest.fixture(scope="module")
def fig(arms):
    return radial(arms)


@pytest.fixture(scope="module")
def common(arms):
    return radial(arms, model="common")


@pytest.fixture(scope="module")
def ratios():
    rng = np.random.default_rng(3)
    vi = rng.gamma(2, 0.06, 100)
    return analysis.pool(rng.normal(np.log(0.8), np.sqrt(vi + 0.02)), vi, measure="OR")


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def panel(fig):
    return next(ax for ax in fig.axes if ax.get_label() == "radial")


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


def mm(fig, values):
    """Return values as millimetres from the origin of the rays."""
    ax = panel(fig)
    to_mm = 25.4 / fig.dpi
    return (ax.transData.transform(values) - ax.transData.transform((0.0, 0.0))) * to_mm


def effect_at(fig, point):
    """Return the slope of the ray to a point given in values."""
    return point[1] / point[0]


@pytest.mark.parametrize("model", ["random", "common"])
def test_every_trial_stands_at_its_precision_and_standardised_effect(fig, common, arms, model):
    drawn = fig if model == "random" else common
    variance = arms.effects.vi + (arms.contrast.tau2 if model == "random" else 0.0)
    xy = artist(drawn, "radial-trials").get_offsets()[1::3]
    np.testing.assert_allclose(xy, np.column_stack([1 / np.sqrt(variance), arms.effects.yi / np.sqrt(variance)]))
    np.testing.assert_allclose(rows(drawn)["precision"], xy[:, 0])
    inside = artist(drawn, "radial-trials").get_sizes()[2::3]
    np.testing.assert_array_equal(inside > 0, arms.effects.table["status"] == "imputed")


def test_the_scale_is_a_circle_around_the_origin_beyond_all_trials(fig, common, ratios):
    for drawn in (fig, common, radial(ratios)):
        radius = np.hypot(*mm(drawn, artist(drawn, "radial-scale").get_segments()[0]).T)
        assert np.ptp(radius) < 0.01
        trials = mm(drawn, artist(drawn, "radial-trials").get_offsets()[1::3])
        assert np.hypot(*trials.T).max() < radius.min() - 1


def test_rays_through_the_ticks_have_the_effects_that_stand_beside_them(fig, common, ratios):
    for drawn, show in ((fig, float), (common, float), (radial(ratios), np.exp)):
        ticks = artist(drawn, "radial-scale-ticks").get_segments()
        labels = texts(drawn, "scale-")
        assert 4 <= len(ticks) == len(labels)
        for (inner, outer), label in zip(ticks, labels, strict=True):
            value = float(label.replace("−", "-"))
            assert show(effect_at(drawn, inner)) == pytest.approx(value, abs=1e-9)
            assert show(effect_at(drawn, outer)) == pytest.approx(value, abs=1e-9)


def test_the_scale_reaches_all_trials_where_there_is_room(fig, arms):
    curve = artist(fig, "radial-scale").get_segments()[0]
    slopes = [effect_at(fig, curve[0]), effect_at(fig, curve[-1])]
    assert min(slopes) < arms.effects.yi.min() and max(slopes) > arms.effects.yi.max()


def test_line_band_and_interval(fig, common, arms):
    for drawn, pooled in ((fig, arms.contrast), (common, common_effect(arms.contrast))):
        origin, end = artist(drawn, "radial-pooled").get_segments()[0]
        assert tuple(origin) == (0, 0) and effect_at(drawn, end) == pytest.approx(pooled.estimate)
        lower, upper = artist(drawn, "radial-band-edges").get_segments()
        for edge, side in ((lower, -2.0), (upper, 2.0)):
            assert tuple(edge[0]) == (0, side)
            np.testing.assert_allclose(edge[1][1] - pooled.estimate * edge[1][0], side)
        radius = np.hypot(*mm(drawn, [lower[1], upper[1], end]).T)
        np.testing.assert_allclose(radius, radius[0], atol=0.01)
        interval = artist(drawn, "radial-interval").get_segments()[0]
        np.testing.assert_allclose([effect_at(drawn, interval[i]) for i in (0, -1)], pooled.ci)
        outline = artist(drawn, "radial-band").get_paths()[0].vertices
        np.testing.assert_allclose([outline[0], outline[1]], lower)
        np.testing.assert_allclose(outline[-2], upper[0])
        total = rows(drawn, "total").iloc[0]
        assert (total["estimate"], total["low"], total["high"]) == (pooled.estimate, *pooled.ci)
    assert not fig.findobj(lambda a: a.get_gid() == "radial-arrows")


def test_an_interval_beyond_the_scale_ends_in_arrowheads():
    drawn = radial(analysis.pool([3.0, 4.0], [0.04, 0.1]))
    assert len(artist(drawn, "radial-arrows").get_paths()) == 2
    ends = artist(drawn, "radial-interval").get_segments()[0]
    scale = artist(drawn, "radial-scale").get_segments()[0]
    np.testing.assert_allclose(ends[[0, -1]], scale[[0, -1]])


def test_trials_outside_the_band_are_counted_and_named(common, arms):
    pooled = common_effect(arms.contrast)
    away = np.abs(arms.effects.yi - pooled.estimate) / np.sqrt(arms.effects.vi)
    np.testing.assert_array_equal(rows(common)["outside"].astype(bool), away > 2)
    assert f"{(away > 2).sum()} of 44 trials lie outside the band of ±\N{NO-BREAK SPACE}2" in common.content.caption
    wanted = set(arms.effects.table["label"].iloc[np.argsort(-away)[:6]])
    assert set(rows(common).loc[rows(common)["labelled"].astype(bool), "name"]) == wanted
    assert set(texts(common, "name-")) <= wanted and len(texts(common, "name-")) >= 4
    assert set(texts(radial(arms, label="tam2007"), "name-")) == {"Tam 2007"}


def test_names_stay_left_of_the_scale(common):
    ax = panel(common)
    radius = np.hypot(*mm(common, artist(common, "radial-scale").get_segments()[0]).T).min()
    origin = ax.transData.transform((0.0, 0.0))
    for text in common.findobj(Text):
        if (text.get_gid() or "").startswith("name-"):
            box = text.get_window_extent()
            corners = np.array([(box.x1, box.y0), (box.x1, box.y1)]) - origin
            assert (np.hypot(*corners.T) * 25.4 / common.dpi < radius).all(), text.get_text()


def test_axes_say_what_they_show(fig, common, ratios):
    assert texts(fig, "title-x") == ["Precision: 1 / √(SE² + τ²) in points"]
    assert texts(common, "title-x") == ["Precision: 1 / SE in points"]
    assert texts(common, "title-scale") == ["Mean difference, points on 0–10"]
    drawn = radial(ratios)
    assert texts(drawn, "title-scale") == ["Odds ratio, log scale"]
    assert texts(drawn, "title-y")[0].startswith("Standardised log ratio")
    assert [t.get_text() for t in panel(fig).get_yticklabels()] == ["−2", "0", "2"]
    assert panel(fig).spines["left"].get_bounds() == (-2, 2)
    assert panel(fig).get_xticks()[0] == 0


def test_a_common_effect_result_is_drawn_as_it_is(arms):
    pooled = analysis.pool(arms.effects, tau2_method="CE")
    drawn = radial(pooled, model="common")
    assert rows(drawn, "total").iloc[0]["low"] == pooled.ci.low
    assert "Common-effect model" in drawn.content.caption and "τ" not in drawn.content.caption


def test_caption_and_alternative_text(fig, common, arms):
    assert "makes room for heterogeneity" in fig.content.caption
    assert "About 1 in 20 would" in common.content.caption
    assert "Galbraith 1988, doi 10.1002/sim.4780070807" in fig.content.caption
    pooled = arms.contrast
    words = f"{analysis.text.number(pooled.estimate)} points (95% CI {analysis.text.interval(*pooled.ci)}; 44 trials)"
    assert words in fig.content.caption and words in fig.content.alt_text
    assert "the farthest is Lauretti 2015 with −5.00 points" in fig.content.alt_text
    assert " ".join(texts(fig, "footer-")) == " ".join(rows(fig, "footer")["name"])


@pytest.mark.parametrize(
    ("k", "width", "name", "model"),
    [
        (1, None, "Trial {i}", "random"),
        (2, 85, "Trial {i}", "common"),
        (3, 85, "A trial with a name that does not want to end, however long one waits {i}", "random"),
        (3, 85, "A trial with a name that does not want to end, however long one waits {i}", "common"),
        (13, None, "Łukasiewicz & Ørsted-Ångström {i}, Αθήνα, Москва", "common"),
        (60, 85, "Trial {i}", "random"),
        (200, 174, "Trial {i}", "common"),
    ],
)
def test_no_text_overlaps_or_leaves_the_page(k, width, name, model):
    drawn = radial(synthetic(k, name=name), width_mm=width, model=model, note="one sample")
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 150)
    assert drawn.content.caption.endswith("One sample.")


@pytest.mark.parametrize(
    ("yi", "vi"),
    [
        ([3e5, 4.2e5, 3.3e5], [4e9, 1e9, 2e9]),
        ([3e-5, -4.2e-5, 3.3e-5], [4e-11, 1e-11, 2e-11]),
        ([0.0, 0.0, 0.0], [0.1, 0.1, 0.1]),
        ([-90.0, -80.0, -85.0], [0.1, 0.2, 0.1]),
        ([0.2, 60.0, 0.1], [0.01, 900.0, 0.02]),
    ],
)
def test_huge_tiny_and_equal_numbers_fit(yi, vi):
    for model in ("random", "common"):
        drawn = radial(analysis.pool(yi, vi), model=model, width_mm=85)
        assert misplaced(drawn) == ([], [])
        assert len(texts(drawn, "scale-")) >= 2


def test_it_draws_into_other_axes(arms, common):
    other = Figure(figsize=(8, 3))
    first, second = other.subplots(1, 2)
    assert radial(arms, model="common", ax=first) is other
    mine, theirs = (artist(f, "radial-trials").get_offsets() for f in (other, common))
    np.testing.assert_array_equal(mine, theirs)
    assert first.get_xlabel() == "Precision: 1 / SE in points" and not second.collections
    assert texts(other, "title-scale") == ["Mean difference, points on 0–10"]


def test_same_bytes_and_a_table_in_markdown(arms, tmp_path):
    lines = table_of_twins(radial(arms, model="common"), radial(arms, model="common"), tmp_path)
    assert lines[0] == "| Trial | Mean difference | Precision | Effect × precision |"
    assert lines[2] == "| Gale 2006 | −2.50 | 1.43 | −3.57 |"


def test_bad_arguments_are_named(arms):
    with pytest.raises(ValueError, match="model is 'fixed'; it must be one of random, common"):
        radial(arms, model="fixed")
    with pytest.raises(ValueError, match="width_mm is 60; a radial plot needs at least 80 mm"):
        radial(arms, width_mm=60)
    with pytest.raises(TypeError, match="radial.. cannot use a "):
        radial(None)
