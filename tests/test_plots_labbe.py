"""The L'Abbé plot, read back from the artists that were drawn."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from data_cases import published_trials
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic, table_of_twins

import analysis
from analysis import labbe
from analysis.plots import _marks, _plane
from analysis.plots import _theme as style
from analysis.plots._layout import text_width


@pytest.fixture(scope="module")
def arms():
    return analysis.pool_arms(published_trials(), by="therapy_family")


@pytest.fixture(scope="module")
def fig(arms):
    return labbe(arms)


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def marks(fig, part=1):
    """Return offsets and sizes of the trials' marks: part 0 the white rims, 1 the marks, 2 the white insides."""
    drawn = artist(fig, "labbe-trials")
    assert isinstance(drawn, PathCollection)
    return drawn.get_offsets()[part::3], drawn.get_sizes()[part::3]


def in_drawing_order(fig):
    """Return the trials in the order in which they are painted, the heaviest first."""
    trials = rows(fig)
    return trials.iloc[np.argsort(-trials["weight"], kind="stable")]


def test_every_trial_with_both_arms_stands_at_its_two_changes(fig, arms):
    source = arms.effects.table.dropna(subset=["change_placebo", "change_treatment"]).set_index("study")
    assert sorted(rows(fig)["study"]) == sorted(source.index) and len(source) == 36
    xy, _ = marks(fig)
    wanted = source.loc[in_drawing_order(fig)["study"], ["change_placebo", "change_treatment"]]
    np.testing.assert_allclose(xy, wanted, rtol=1e-12)


def test_areas_are_proportional_to_the_weights_whatever_the_shape(fig, arms):
    weights = dict(zip(arms.effects.table["study"], arms.contrast.weights, strict=True))
    _, area = marks(fig)
    wanted = np.array([weights[study] for study in in_drawing_order(fig)["study"]])
    assert area.min() > style.SQUARE_MIN_PT**2
    np.testing.assert_allclose(area / area[0], wanted / wanted[0], rtol=1e-12)


@pytest.mark.parametrize("name", _marks.REACH)
def test_every_shape_has_area_one_and_the_stated_extents(name):
    path = _marks.shape(name)
    outline = path.to_polygons(closed_only=True)[0] if name != "circle" else path.interpolated(1).to_polygons()[0]
    x, y = outline[:-1].T
    area = abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
    assert area == pytest.approx(1.0, rel=0.01 if name == "circle" else 1e-9)
    reach = np.hypot(x, y).max()
    assert reach <= _marks.REACH[name] * 1.2
    middle = (outline[1:] + outline[:-1]) / 2
    assert np.hypot(*middle.T).min() == pytest.approx(_marks.INRADIUS[name], rel=0.02)


def test_small_weights_keep_a_visible_mark():
    effects = synthetic(4)
    table = effects.table.assign(vi=[0.001, 0.001, 0.001, 9000.0])
    _, area = marks(labbe(dataclasses.replace(effects, table=table)))
    assert area.min() == pytest.approx(style.SQUARE_MIN_PT**2)


def test_imputed_trials_are_hollow(fig):
    trials = in_drawing_order(fig)
    _, inside = marks(fig, part=2)
    np.testing.assert_array_equal(inside > 0, trials["imputed"])
    assert trials["imputed"].sum() == 5
    assert trials.loc[trials["study"] == "gale2006", "imputed"].item()


def test_groups_have_shape_and_colour_of_their_own(fig):
    drawn = artist(fig, "labbe-trials")
    looks = {}
    for i, group in enumerate(in_drawing_order(fig)["group"]):
        looks.setdefault(group, set()).add(
            (len(drawn.get_paths()[3 * i + 1]), tuple(drawn.get_facecolors()[3 * i + 1]))
        )
    assert len(looks) == 5 and all(len(each) == 1 for each in looks.values())
    assert len({colour for each in looks.values() for _, colour in each}) == 5


def test_more_groups_than_looks_share_the_last_one():
    drawn = labbe(synthetic(60, groups=9), by="therapy_family")
    trials = rows(drawn)
    others = trials[trials["look"] == len(style.GROUPS) - 1]
    assert others["group"].nunique() == 4 and trials["look"].nunique() == len(style.GROUPS)
    assert "Other groups: " in drawn.content.caption
    assert misplaced(drawn) == ([], [])


def test_lines_band_and_axes(fig):
    ax = next(ax for ax in fig.axes if ax.get_label() == "labbe")
    low, high = ax.get_xlim()
    assert ax.get_ylim() == (low, high)
    width, height = fig.get_size_inches() * [ax.get_position().width, ax.get_position().height]
    assert width == pytest.approx(height)
    np.testing.assert_array_equal(artist(fig, "labbe-identity").get_segments()[0], [[low, low], [high, high]])
    band = artist(fig, "labbe-zone").get_paths()[0].vertices
    wanted = {(at, round(at + edge, 9)) for at in (low, high) for edge in (-2.0, -1.0)}
    assert {(x, round(y, 9)) for x, y in band} == wanted
    zone = rows(fig, "zone").iloc[0]
    assert (zone["contrast_low"], zone["contrast_high"]) == (-2.0, -1.0)
    assert "−2" in {t.get_text() for t in fig.findobj(Text)}


@pytest.mark.parametrize("together", [True, False])
def test_the_diamond_is_at_the_pooled_means(arms, together):
    drawn = labbe(arms if together else dataclasses.replace(arms, joint=None))
    pair = (arms.joint.first, arms.joint.second) if together else (arms.placebo, arms.treatment)
    at = artist(drawn, "labbe-pooled").get_offsets()[1]
    np.testing.assert_array_equal(at, [each.estimate for each in pair])
    across, up = artist(drawn, "labbe-cross").get_segments()
    assert tuple(across[:, 0]) == tuple(pair[0].ci) and tuple(up[:, 1]) == tuple(pair[1].ci)
    total = rows(drawn, "total").iloc[0]
    assert (total["placebo_low"], total["treatment_high"]) == (pair[0].ci[0], pair[1].ci[1])
    assert ("bivariate random-effects model" in drawn.content.caption) == together
    words = f"{analysis.text.number(pair[0].estimate)} points (95% CI {analysis.text.interval(*pair[0].ci)})"
    assert words in drawn.content.caption and words in drawn.content.alt_text


def test_wide_pooled_intervals_end_in_arrowheads():
    drawn = labbe(synthetic(3))
    low, high = next(ax for ax in drawn.axes if ax.get_label() == "labbe").get_xlim()
    total = rows(drawn, "total").iloc[0]
    ends = [total[f"{arm}_{end}"] for arm in ("placebo", "treatment") for end in ("low", "high")]
    leaving = sum(end < low or end > high for end in ends)
    assert len(artist(drawn, "labbe-arrows").get_paths()) == leaving > 0
    trials = rows(drawn)[["placebo_estimate", "treatment_estimate"]].to_numpy()
    assert np.ptp(np.append(trials, 0)) >= 0.6 * (high - low)


def test_the_most_extreme_trials_are_named(fig):
    total, trials = rows(fig, "total").iloc[0], rows(fig)
    away = np.hypot(*[trials[f"{arm}_estimate"] - total[f"{arm}_estimate"] for arm in ("placebo", "treatment")])
    wanted = set(trials["name"].iloc[np.argsort(-away)[:6]])
    assert set(trials.loc[trials["labelled"], "name"]) == wanted
    drawn = {t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("name-")}
    assert drawn <= wanted and len(drawn) >= 4


def test_named_trials_can_be_chosen(arms):
    drawn = labbe(arms, label=["gale2006", "Huang 2012"])
    names = {t.get_text() for t in drawn.findobj(Text) if (t.get_gid() or "").startswith("name-")}
    assert names == {"Gale 2006", "Huang 2012"}
    assert not rows(labbe(arms, label=0))["labelled"].any()
    with pytest.raises(ValueError, match="label names 'nobody1999', which this figure does not have"):
        labbe(arms, label=["nobody1999"])


def test_names_keep_clear_of_marks_and_of_one_another(fig):
    fig.canvas.draw()
    ax = next(ax for ax in fig.axes if ax.get_label() == "labbe")
    xy, area = marks(fig)
    centres = ax.transData.transform(xy)
    reach = 0.5 * np.sqrt(area) * fig.dpi / 72
    for text in fig.findobj(Text):
        if (text.get_gid() or "").startswith("name-"):
            box = text.get_window_extent()
            near = np.clip(centres, [box.x0, box.y0], [box.x1, box.y1])
            assert (np.hypot(*(near - centres).T) >= reach).all(), text.get_text()


def test_a_name_without_room_is_left_out():
    boxes = _plane.place_names(
        ["here"], np.array([[5.0, 5.0]]), np.array([1.0]), frame=(0, 10, 0, 10), taken=[[0, 10, 0, 10]]
    )
    assert boxes == [None]


@pytest.mark.parametrize(("k", "width"), [(1, None), (3, 85), (3, None), (12, 174), (60, 85), (60, None)])
def test_no_text_overlaps_or_leaves_the_page(k, width):
    drawn = labbe(synthetic(k, groups=3), by="therapy_family", width_mm=width, note="one sample")
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 150)
    assert drawn.content.caption.endswith("One sample.")


@pytest.mark.parametrize("width", [None, 85])
def test_real_trials_fit(arms, width):
    drawn = labbe(arms, width_mm=width, label=12)
    assert misplaced(drawn) == ([], [])
    sizes = {t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()}
    assert min(sizes) >= 6 and max(sizes) <= 8.5


def test_caption_counts_what_is_not_drawn_and_warns_of_slopes(fig, arms):
    caption = fig.content.caption
    assert "Baseline not reported, so not drawn, but in the pooled difference: 8 trials" in caption
    assert "Weights rest on the difference of final scores in 1 trial" in caption
    assert "No line is fitted" in caption and "Sharp 1996, BMJ 313:735" in caption
    drawn = " ".join(t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("footer-"))
    assert drawn == " ".join(rows(fig, "footer")["name"])
    assert fig.content.in_words == analysis.findings(arms)


def test_alternative_text_counts_the_trials_below_the_line(fig):
    below = (rows(fig)["treatment_estimate"] < rows(fig)["placebo_estimate"]).sum()
    assert f"{below} of 36 lie below the line of no difference" in fig.content.alt_text


def test_it_takes_effects_and_groups_them(arms, fig):
    again = labbe(arms.effects, by="therapy_family")
    np.testing.assert_array_equal(marks(again)[0], marks(fig)[0])
    plain = labbe(arms.effects)
    assert rows(plain)["group"].eq("").all() and "Light (10)" not in {t.get_text() for t in plain.findobj(Text)}


def test_it_draws_into_other_axes(arms, fig):
    other = Figure(figsize=(6, 3))
    first, second = other.subplots(1, 2)
    assert labbe(arms, ax=first) is other
    np.testing.assert_array_equal(marks(other)[0], marks(fig)[0])
    assert first.get_xlim() == first.get_ylim() and first.get_xlabel() == "Change in the placebo arm, points on 0–10"
    assert not second.collections


def test_same_bytes_and_a_table_in_markdown(arms, tmp_path):
    lines = table_of_twins(labbe(arms), labbe(arms), tmp_path)
    assert lines[0] == "| Trial | Therapy family | Change, placebo | Change, treatment | Difference | Weight |"
    assert lines[1] == "| --- | --- | ---: | ---: | ---: | ---: |"
    assert any(line.startswith("| Gale 2006 | Light | −1.40 | −3.90 | −2.50 |") for line in lines)
    assert len(lines) == 2 + 36 + 1 and lines[-1].startswith("| **Pooled means** |")


def test_bad_arguments_are_named(arms):
    with pytest.raises(ValueError, match="by is 'colour', which is not a column"):
        labbe(arms, by="colour")
    with pytest.raises(ValueError, match="width_mm is 60; a L'Abbé plot needs at least 80 mm"):
        labbe(arms, width_mm=60)
    with pytest.raises(ValueError, match="no trial reports a baseline in both arms"):
        labbe(synthetic(4, baseline=False))
    with pytest.raises(TypeError, match="labbe.. cannot use a .*give EffectSizes or a PooledArms"):
        labbe(arms.contrast)


@pytest.mark.parametrize("stacked", [True, False])
def test_large_markers_of_a_key_have_room(stacked):
    entries = [
        _marks.marker_entry(text, "circle", area, "k") for text, area in (("a", 20.0), ("b", 500.0), ("c", 20.0))
    ]
    placed, height = _marks.lay_key(entries, 40.0 if stacked else 12.0, stacked=stacked)
    ys, radii = [y for _, _, y, *_ in placed], [entry.size / 2 for entry in entries]
    assert radii[1] == pytest.approx(math.sqrt(500 / math.pi) * 25.4 / 72)
    assert all(lower - upper > r1 + r2 for upper, lower, r1, r2 in zip(ys, ys[1:], radii, radii[1:], strict=False))
    assert ys[0] >= radii[0] and ys[-1] + radii[-1] <= height
    assert all(symbol >= 2 * r for (*_, symbol), r in zip(placed, radii, strict=True))


@pytest.mark.parametrize(("width", "rows"), [(1000.0, [4]), (70.0, [2, 2]), (35.0, [1, 1, 1, 1])])
def test_entries_of_a_key_share_a_line_where_they_fit(width, rows):
    entries = [_marks.marker_entry(f"trials of kind {name}", "circle", 20.0, "k") for name in "ABCD"]
    placed, height = _marks.lay_key(entries, width, stacked=False)
    at = [round(y, 6) for _, _, y, *_ in placed]
    assert [at.count(y) for y in dict.fromkeys(at)] == rows and at == sorted(at) and height > max(at)
    for (_, x, y, text, symbol), (_, after, below, *_) in itertools.pairwise(placed):
        end = x + symbol + _marks.TEXT_GAP + max(text_width(line, style.SMALL_PT) for line in text)
        assert end <= width and (after > end if y == below else after == 0.0)
