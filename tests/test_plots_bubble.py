"""The bubble plot, read back from the artists that were drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic, table_of_twins

import analysis
from analysis.plots import _plane
from analysis.plots import _theme as style
from analysis.plots._bubble import bubble

NAMES = {
    "long": "A very long trial name, with the names of several authors {i}",
    "cyrillic": "Иванов и соавторы {i}",
}


def trials(k, *, name="Trial {i}", scale=1.0, groups=3, seed=2):
    """Return k trials with a moderator in numbers and one with categories."""
    rng = np.random.default_rng(seed)
    vi = rng.gamma(2, 0.08, k) + 0.01
    week = np.arange(k) * 7 % 26 + 1
    yi = -1.6 + 0.05 * week + rng.normal(0, 0.5, k) + rng.normal(0, np.sqrt(vi))
    return pd.DataFrame(
        {
            "label": [name.format(i=i) for i in range(k)],
            "yi": yi * scale,
            "vi": vi * scale**2,
            "week": week,
            "year": 1990 + week,
            "family": [f"Family {i % groups}" for i in range(k)],
        }
    )


@pytest.fixture(scope="module")
def fit():
    return analysis.meta_regression("yi ~ week", trials(30))


@pytest.fixture(scope="module")
def fig(fit):
    return bubble(fit)


@pytest.fixture(scope="module")
def grouped():
    return analysis.meta_regression("yi ~ C(family)", trials(30))


@pytest.fixture(scope="module")
def rowed(grouped):
    return bubble(grouped)


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def marks(fig):
    """Return offsets and areas of the trials' circles, in drawing order, the heaviest first."""
    drawn = artist(fig, "bubble-trials")
    assert isinstance(drawn, PathCollection)
    return drawn.get_offsets()[1::3], drawn.get_sizes()[1::3]


def heaviest_first(table):
    return table.iloc[np.argsort(-table["weight"].to_numpy(float), kind="stable")]


def texts(fig):
    return [t.get_text() for t in fig.findobj(Text) if t.get_text()]


def test_circles_stand_at_moderator_and_estimate(fig, fit):
    xy, _ = marks(fig)
    np.testing.assert_array_equal(xy, heaviest_first(rows(fig))[["x", "estimate"]].to_numpy(float))
    np.testing.assert_array_equal(rows(fig)["estimate"], fit.yi)


def test_areas_are_proportional_to_the_weights_of_the_model(fig, fit):
    _, area = marks(fig)
    weight = np.sort(1 / (fit.vi + fit.tau2))[::-1]
    assert area.min() > style.SQUARE_MIN_PT**2
    np.testing.assert_allclose(area / area[0], weight / weight[0], rtol=1e-12)


def test_small_weights_keep_a_visible_circle():
    areas = _plane.areas_of([1.0, 1e-9], 5000.0)
    assert areas[1] == pytest.approx(style.SQUARE_MIN_PT**2) and areas[0] > 50


def test_line_and_bands_are_the_predictions(fig, fit):
    x = np.linspace(1, 26, 101)
    wanted = fit.predict({"week": x})
    line = artist(fig, "bubble-mean").get_segments()[0]
    np.testing.assert_allclose(line, np.column_stack([x, wanted["estimate"]]), rtol=1e-12)
    for part in ("ci", "pi"):
        outline = artist(fig, f"bubble-{part}").get_paths()[0].vertices
        np.testing.assert_allclose(outline[:101], np.column_stack([x, wanted[f"{part}_high"]]), rtol=1e-12)
        np.testing.assert_allclose(outline[101:202][::-1], np.column_stack([x, wanted[f"{part}_low"]]), rtol=1e-12)
    curve = rows(fig, "curve")
    np.testing.assert_allclose(curve["pi_low"], wanted["pi_low"], rtol=1e-12)
    bands = [artist(fig, f"bubble-{part}") for part in ("ci", "pi")]  # the narrow one darker and on top, in grey too
    assert bands[0].get_facecolor()[0, :3].mean() < bands[1].get_facecolor()[0, :3].mean() - 0.1
    assert bands[0].get_zorder() > bands[1].get_zorder()


def test_prediction_limits_are_those_asked_for(fit):
    high = rows(bubble(fit, pi_method="z"), "curve")["pi_high"]
    wanted = fit.predict({"week": np.linspace(1, 26, 101)}, pi_method="z")["pi_high"]
    np.testing.assert_allclose(high, wanted, rtol=1e-12)


def test_the_caption_carries_slope_r2_tau_and_k(fig, fit):
    caption, row = fig.content.caption, fit.summary_frame().loc["week"]
    slope = f"Change per unit of week: {row['estimate']:.3f} (95% CI {row['ci_low']:.3f} to {row['ci_high']:.3f}; p"
    assert slope in caption
    for part in (
        f"R² {analysis.text.percent(fit.r2)}",
        f"residual τ {analysis.text.number(fit.tau)}",
        "k\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}30",
        "Observational: studies were not randomised to their moderators",
        "τ² by REML",
        "Hartung-Knapp on t(k−p)",
    ):
        assert part in caption
    assert "Fewer than ten studies" not in caption
    slope = rows(fig, "slope").iloc[0]
    assert (slope["estimate"], slope["ci_low"]) == pytest.approx((row["estimate"], row["ci_low"]))
    drawn = " ".join(t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("footer-"))
    assert drawn == " ".join(rows(fig, "footer")["name"])
    assert slope["text_estimate"] in fig.content.alt_text and "30 studies" in fig.content.alt_text


def test_fewer_than_ten_trials_for_a_coefficient_are_warned_about():
    caption = bubble(analysis.meta_regression("yi ~ week", trials(9))).content.caption
    assert "Fewer than ten studies for each coefficient of a moderator (9 studies, one coefficient)" in caption
    caption = bubble(analysis.meta_regression("yi ~ week + C(family)", trials(29))).content.caption
    assert "(29 studies, 3 coefficients)" in caption
    assert "other moderators held: family = Family 0; circles are not adjusted" in caption


def test_a_curve_tells_its_ends_and_coefficients():
    caption = bubble(analysis.meta_regression("yi ~ np.log(week)", trials(30))).content.caption
    assert "No single slope; fitted mean: " in caption and " at 1 and " in caption and "np.log(week)" in caption


def test_categories_have_a_row_each(rowed, grouped):
    curve = rows(rowed, "category")
    wanted = grouped.predict({"family": curve["x"].tolist()})
    for name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
        np.testing.assert_allclose(curve[name], wanted[name], rtol=1e-12)
    strokes = np.array(artist(rowed, "bubble-mean").get_segments())
    np.testing.assert_allclose(strokes[:, 0, 0], curve["estimate"])
    middle = strokes[:, :, 1].mean(axis=1)
    for part in ("ci", "pi"):
        boxes = [path.vertices for path in artist(rowed, f"bubble-{part}").get_paths()]
        np.testing.assert_allclose([b[:, 0].min() for b in boxes], curve[f"{part}_low"])
        np.testing.assert_allclose([b[:, 0].max() for b in boxes], curve[f"{part}_high"])
        np.testing.assert_allclose([(b[:, 1].min() + b[:, 1].max()) / 2 for b in boxes], middle)
    xy, _ = marks(rowed)
    table = heaviest_first(rows(rowed))
    np.testing.assert_array_equal(xy[:, 0], table["estimate"])
    nearest = np.abs(xy[:, 1:] - middle).argmin(axis=1)
    assert [f"Family {i}" for i in nearest] == table["x"].tolist()
    shown = texts(rowed)
    for row in curve.to_dict("records"):
        assert row["x"] in shown and f"{row['text_estimate']} [{row['text_ci']}]" in shown
        assert f"{row['x']} {row['text_estimate']} (95% CI {row['text_ci']})" in rowed.content.caption
    assert shown.count("10 studies") == 3 and "Difference from Family 0: Family 1" in rowed.content.caption


@pytest.mark.parametrize("measure", ["PLO", "PFT", "PR", "MN"])
def test_categories_of_effects_of_one_arm_have_no_line_of_no_effect(measure, tmp_path):
    d = pd.DataFrame({"study": list("ABCDEFGH"), "events": [3, 5, 8, 2, 6, 9, 4, 7], "n": 30, "grp": ["x", "y"] * 4})
    d = d.assign(mean=d["events"] * 1.5, sd=2.0)
    fit = analysis.meta_regression("yi ~ C(grp)", analysis.effect_sizes(d, measure=measure, study="study"))
    drawn = bubble(fit)
    assert len(rows(drawn, "category")) == 2 and not drawn.findobj(lambda each: each.get_gid() == "bubble-null")
    analysis.report(fit, tmp_path / "made", formats="md")
    assert (tmp_path / "made" / "report.md").is_file()


@pytest.mark.parametrize("formula", ["yi ~ year", "yi ~ therapy_family"])
def test_names_without_room_are_told(formula):
    fig = bubble(analysis.meta_regression(formula, synthetic(60, groups=3, seed=3)), label=60, width_mm=85)
    told = (
        fig.content.table.loc[fig.content.table["kind"] == "footer", "name"]
        .iloc[0]
        .partition("No room for the names: ")
    )
    names = {text.get_text() for text in fig.findobj(Text) if (text.get_gid() or "").startswith("name-")}
    assert told[2] and names | set(told[2].rstrip(".").split(", ")) == {f"Trial {i}" for i in range(60)}


def test_circles_of_a_row_do_not_cover_one_another(rowed):
    xy, area = marks(rowed)
    ax = next(ax for ax in rowed.axes if ax.get_label() == "bubble")
    at, reach = ax.transData.transform(xy) * 72 / rowed.dpi, np.sqrt(area / np.pi)
    gap = np.hypot(*(at[:, None] - at).transpose(2, 0, 1)) - reach[:, None] - reach
    assert gap[~np.eye(30, dtype=bool)].min() > 0


def test_years_have_no_thousands_separator():
    fig = bubble(analysis.meta_regression("yi ~ year", trials(30)))
    fig.canvas.draw()
    assert "2000" in texts(fig) and not any("\N{NARROW NO-BREAK SPACE}" in text for text in texts(fig))
    assert rows(fig)["text_x"].str.fullmatch(r"\d{4}").all()


def test_ratios_have_a_log_axis_and_a_ratio_of_ratios():
    data = trials(30)
    fit = analysis.meta_regression("yi ~ week", data.assign(yi=data.yi / 4, vi=data.vi / 16))
    fig = bubble(fit, measure="RR")
    assert f"Risk ratio times {np.exp(fit.params['week']):.4f} (95% CI " in fig.content.caption
    ax = next(ax for ax in fig.axes if ax.get_label() == "bubble")
    shown = {t.get_text(): t.get_position()[1] for t in ax.get_yticklabels()}
    for label, at in shown.items():
        assert at == pytest.approx(np.log(float(label)))
    assert "1.0" in shown and "Risk ratio, log scale" in texts(fig)


def test_bands_leave_the_panel_rather_than_squeeze_the_trials():
    fig = bubble(analysis.meta_regression("yi ~ week", trials(4)))
    low, high = next(ax for ax in fig.axes if ax.get_label() == "bubble").get_ylim()
    assert rows(fig, "curve")["pi_high"].max() > high
    assert np.ptp(np.append(rows(fig)["estimate"], 0.0)) >= 0.5 * (high - low)
    assert "Bands go on beyond the panel" in fig.content.caption


def test_common_effects_have_no_prediction_band():
    fig = bubble(analysis.meta_regression("yi ~ week", trials(30), tau2_method="CE"))
    assert not fig.findobj(lambda a: a.get_gid() == "bubble-pi")
    assert "no prediction limits" in fig.content.caption and not any("prediction limits, new" in t for t in texts(fig))


def test_the_trials_farthest_from_the_line_are_named(fig, fit):
    away = np.abs(fit.yi - fit.predict()["estimate"].to_numpy())
    wanted = {fit.labels[i] for i in np.argsort(-away)[:6]}
    assert set(rows(fig).loc[rows(fig)["labelled"].eq(True), "name"]) == wanted
    drawn = {t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("name-")}
    assert drawn <= wanted and len(drawn) >= 4
    chosen = bubble(fit, label=["Trial 3"])
    assert {t.get_text() for t in chosen.findobj(Text) if (t.get_gid() or "").startswith("name-")} == {"Trial 3"}
    with pytest.raises(ValueError, match="label names 'nobody', which this figure does not have"):
        bubble(fit, label="nobody")


@pytest.mark.parametrize(("k", "width"), [(3, 85), (13, None), (60, 85), (200, None)])
@pytest.mark.parametrize("formula", ["yi ~ week", "yi ~ C(family)"])
def test_no_text_overlaps_or_leaves_the_page(k, width, formula):
    data = trials(k, groups=2 if k == 3 else 5, name=NAMES["cyrillic"])
    drawn = bubble(analysis.meta_regression(formula, data), width_mm=width, note="one sample")
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 150)
    assert drawn.content.caption.endswith("One sample.")
    sizes = {t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()}
    assert min(sizes) >= 6


@pytest.mark.parametrize("case", [{"scale": 1e6}, {"scale": 1e-5}, {"name": NAMES["long"]}])
@pytest.mark.parametrize("formula", ["yi ~ week", "yi ~ C(family)"])
def test_odd_content_fits(case, formula):
    data = trials(13, **case)
    data["family"] = data["family"] + ", and a description that goes on for quite a while"
    for width in (None, 85):
        drawn = bubble(analysis.meta_regression(formula, data), width_mm=width)
        assert misplaced(drawn) == ([], [])


def test_it_draws_into_other_axes(fit, fig, grouped):
    other = Figure(figsize=(8, 3))
    first, second = other.subplots(1, 2)
    assert bubble(fit, ax=first, x_label="Weeks") is other
    np.testing.assert_array_equal(marks(other)[0], marks(fig)[0])
    assert first.get_xlabel() == "Weeks" and not second.collections
    bubble(grouped, ax=second)
    assert [t.get_text() for t in second.get_yticklabels()] == ["Family 0 (10)", "Family 1 (10)", "Family 2 (10)"]


def test_same_bytes_and_a_table_in_markdown(fit, tmp_path):
    lines = table_of_twins(bubble(fit), bubble(fit), tmp_path)
    head = "| Study | Week | Effect | Confidence interval | Weight |"
    assert lines[0] == head and len(lines) == 2 + 30 + 1 and lines[-1].startswith("| **Change per unit of week** |")


def test_bad_arguments_are_named(fit):
    with pytest.raises(ValueError, match="width_mm is 60; a bubble plot needs at least 80 mm"):
        bubble(fit, width_mm=60)
    with pytest.raises(ValueError, match="moderator='dose' is not in the formula"):
        bubble(fit, "dose")
    with pytest.raises(TypeError, match="bubble.. cannot use a .*give a MetaRegression"):
        bubble(trials(3))


@pytest.mark.parametrize("formula", ["yi ~ dose", "yi ~ therapy_family"])
def test_an_imputed_trial_is_hollow_and_its_namesake_is_not(formula):
    effects = synthetic(7, groups=2)
    table = effects.table.assign(dose=[3.0, 8.0, 21.0, 5.0, 13.0, 34.0, None], label=["Twin 2001"] * 2 + list("abcde"))
    table["status"] = ["imputed", *["reported"] * 6]
    effects = replace(effects, table=table)
    drawn = bubble(analysis.meta_regression(formula, effects, missing="drop"))
    trials = rows(drawn)
    assert trials["imputed"].tolist() == [True, *[False] * (len(trials) - 1)]
    layers = artist(drawn, "bubble-trials").get_sizes().reshape(-1, 3)
    assert (layers[:, 2] > 0).tolist() == heaviest_first(trials)["imputed"].tolist()
    assert "hollow where an SD was imputed" in drawn.content.caption and "hollow: SD imputed" in texts(drawn)
    known = bubble(
        analysis.meta_regression(formula, replace(effects, table=table.assign(status="reported")), missing="drop")
    )
    assert "hollow" not in known.content.caption and "hollow: SD imputed" not in texts(known)


def test_limits_that_were_asked_for_leave_trials_out_of_the_panel_not_of_the_model(fit, fig):
    drawn = bubble(fit, xlim=(5, 20), ticks=[5, 20], xlabel="Weeks")
    inside = rows(drawn)["x"].between(5, 20)
    assert len(marks(drawn)[0]) == inside.sum() < 30
    beyond = 30 - inside.sum()
    assert f"{beyond} of 30 lie beyond the panel, studies in the model as all others" in drawn.content.caption
    assert {"Weeks", "5", "20"} <= set(texts(drawn)) and "beyond the panel" not in fig.content.caption


def test_neither_key_nor_caption_tells_of_an_imputed_trial_beyond_the_panel():
    effects, status = synthetic(7), [*["reported"] * 5, "imputed", "reported"]
    effects = replace(effects, table=effects.table.assign(dose=[3.0, 8.0, 21.0, 5.0, 13.0, 34.0, 2.0], status=status))
    drawn = bubble(analysis.meta_regression("yi ~ dose", effects), xlim=(0, 30))
    assert rows(drawn)["imputed"].any() and "hollow" not in drawn.content.caption
    assert "hollow: SD imputed" not in texts(drawn)
