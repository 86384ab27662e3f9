"""Columns, models, predictions, bands, orders and axes of the forest plot, read back from the artists."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, body, misplaced, synthetic
from scipy.integrate import trapezoid

import analysis
from analysis.models.diagnostics import predictive_density
from analysis.plots import _layout, _rows
from analysis.plots import _theme as style
from analysis.plots._forest import forest

LETTERS = {"clear": "+", "derived": "?", "doubtful": "-", "second-hand": ("2", "none")}


@pytest.fixture(scope="module")
def effects():
    """The published trials of magnetic fields."""
    every = published_effects()
    return every.where(therapy_family="Magnetic field")


@pytest.fixture(scope="module")
def pooled(effects):
    return analysis.pool(effects)


def rich(effects):
    """Return the effects of made-up trials with mean, SD, weeks and certainty."""
    table = effects.table
    n = len(table)
    means = {f"mean_{arm}": np.linspace(-3, 1, n) for arm in ("treatment", "placebo")}
    sds = {f"sd_{arm}": np.full(n, 2.1) for arm in ("treatment", "placebo")}
    table = table.assign(week=np.arange(n) % 9, certainty=[list(LETTERS)[i % 4] for i in range(n)], **means, **sds)
    return dataclasses.replace(effects, table=table)


def cells(fig, column):
    """Return the drawn cells of a column by row."""
    end = f"-text_{column}"
    texts = {t.get_gid(): t for t in fig.findobj(Text) if (t.get_gid() or "").startswith("cell-")}
    return {int(gid.split("-")[1]): t for gid, t in texts.items() if gid.endswith(end)}


def clean(fig):
    assert misplaced(fig) == ([], [])


def panel(fig):
    return next(ax for ax in fig.axes if ax.get_label() == "contrast")


# columns


def test_arm_columns_hold_mean_sd_and_n_under_ruled_headings(effects):
    fig = forest(effects, columns=("arms",))
    rows = body(fig)
    for arm in ("treatment", "placebo"):
        for part in ("mean", "sd"):
            drawn = cells(fig, f"{part}_{arm}")
            trials = rows[rows["kind"] == "trial"]
            assert [drawn[i].get_text() for i in trials.index] == [
                analysis.text.number(v, 2) for v in trials[f"{part}_{arm}"]
            ]
            assert len({t.get_position()[0] for t in drawn.values()}) == 1
            assert len(drawn) == len(trials)  # the sums below are of patients alone
        n = cells(fig, f"n_{arm}")
        total = rows.index[rows["kind"] == "total"][0]
        assert n[total].get_text() == f"{rows.loc[rows['kind'] == 'trial', f'n_{arm}'].sum():.0f}"
    for arm in ("Treatment", "Placebo"):
        (ends,) = artist(fig, f"span-rule-{arm}").get_segments()
        middle = artist(fig, f"span-{arm}").get_position()[0]
        assert middle == pytest.approx(ends[:, 0].mean())
    clean(fig)


def test_numbers_stand_right_and_words_left_wherever_they_are_asked_for(effects):
    fig = forest(effects, columns={"week": "Weeks", "n": None}, right=("condition", "weight", "effect"))
    edges = fig.placement.panels["contrast"]
    weeks, words = cells(fig, "week"), cells(fig, "condition")
    assert {t.get_ha() for t in weeks.values()} == {"right"} and {t.get_ha() for t in words.values()} == {"left"}
    assert max(t.get_position()[0] for t in weeks.values()) < edges[0] < edges[1] < words[0].get_position()[0]
    assert artist(fig, "head-text_week").get_text() == "Weeks"
    assert artist(fig, "head-text_weight").get_position()[0] < artist(fig, "head-text_estimate").get_position()[0]
    decimals = {len(t.get_text().partition(".")[2]) for t in weeks.values()}
    assert decimals == {3}  # a single session of minutes is at week 0.024
    clean(fig)


def test_data_lends_columns_to_a_pooled_result(effects, pooled):
    fig = forest(pooled, data=effects, columns=("n",), order="-week")
    weeks = body(fig).query("kind == 'trial'")["week"].to_numpy()
    assert (np.diff(weeks) <= 0).all() and np.ptp(weeks) > 0
    assert "in order of week, descending" in fig.content.caption
    with pytest.raises(ValueError, match="one row for each of the 12 trials"):
        forest(pooled, data=effects.table.iloc[:3])
    with pytest.raises(ValueError, match="EffectSizes have their own"):
        forest(effects, data=effects.table)


@pytest.fixture(scope="module")
def wide():
    """Effects of a table with one row a study, one of them without an SD."""
    table = pd.DataFrame(
        {
            "study": list("ABCD"),
            "mean_t": [3.0, 2.0, 4.0, 1.0], "sd_t": [1.0, 1.5, 2.0, np.nan], "n_t": [20, 30, 40, 9],
            "mean_p": [4.0, 4.0, 5.0, 2.0], "sd_p": [1.0, 1.2, 1.8, 1.0], "n_p": [21, 29, 41, 9], "dose": list("xxyy"),
        }
    )  # fmt: skip
    return analysis.effect_sizes(table, measure="SMD", study="study", missing="drop")


@pytest.mark.parametrize("groups", [False, True])
def test_a_pooled_table_of_one_row_a_study_shows_its_arms_and_what_was_left_out(wide, groups):
    result = analysis.pool_subgroups(wide, by="dose") if groups else analysis.pool(wide)
    fig = forest(result, data=wide, columns=("n", "arms", "n_t"))
    assert [text.get_text() for text in cells(fig, "n_treatment").values()][-1] == "90"
    assert "Left out, 1 study: no standard deviation (D)." in fig.content.caption
    assert "Left out, 1 study" in forest(result).content.caption
    assert "Left out" not in forest(analysis.pool(wide.yi, wide.vi)).content.caption


def test_columns_that_do_not_exist_are_named(effects, pooled):
    with pytest.raises(ValueError, match="columns names 'colour'"):
        forest(effects, columns=("colour",))
    with pytest.raises(ValueError, match="needs mean, SD and n of both arms; missing: mean_treatment"):
        forest(analysis.pool(pooled.yi, pooled.vi), columns=("arms",))
    with pytest.raises(ValueError, match="give a sequence of names"):
        forest(effects, columns="n")
    with pytest.raises(ValueError, match="order is 'colour'.*a minus in front turns it round"):
        forest(effects, order="colour")
    with pytest.raises(TypeError, match=r"funnel\(\) cannot use a PosteriorEffect: it has prior distributions; give"):
        analysis.funnel(analysis.pool_bayes([-1.0, -0.5], [0.1, 0.1]))


@pytest.mark.parametrize(
    ("order", "column", "up"),
    [("week", "week", True), ("-year", "year", False), ("-weight", "weight", True), ("weight", "weight", False)],
)
def test_trials_are_sorted_by_any_column(effects, order, column, up):
    values = body(forest(effects, order=order)).query("kind == 'trial'")[column]
    assert values.is_monotonic_increasing if up else values.is_monotonic_decreasing


def test_missing_values_come_last(effects):
    table = effects.table.assign(week=[np.nan, *range(11)])
    some = analysis.EffectSizes(table, effects.derivations, effects.left_out)
    for order in ("week", "-week"):
        assert np.isnan(body(forest(some, order=order)).query("kind == 'trial'")["week"].iloc[-1])


def test_circles_carry_letter_and_colour_and_are_explained(effects):
    fig = forest(effects, symbols={"certainty": LETTERS})
    trials = body(fig).query("kind == 'trial'")
    dots = artist(fig, "symbols-certainty")
    np.testing.assert_allclose(dots.get_offsets()[:, 1], trials["y_mm"])
    tones = {"+": "good", "?": "some", "−": "bad", "2": "none"}
    expected = [to_rgba(style.SYMBOLS[tones[letter]][0]) for letter in trials["symbol_certainty"]]
    np.testing.assert_allclose(dots.get_facecolors(), expected)
    letters = [artist(fig, f"symbols-certainty-{i}") for i in range(len(trials))]
    assert [t.get_text() for t in letters] == trials["symbol_certainty"].tolist()
    np.testing.assert_allclose([t.get_position()[0] for t in letters], dots.get_offsets()[:, 0])
    assert "Certainty: (+) clear, (?) derived, (−) doubtful, (2) second-hand." in fig.content.caption
    clean(fig)
    with pytest.raises(ValueError, match="no letter for"):
        forest(effects, symbols={"certainty": {"clear": "+"}})


def test_circles_are_told_apart_in_greyscale():
    grey = {tone: np.dot(to_rgba(fill)[:3], (0.299, 0.587, 0.114)) for tone, (fill, _) in style.SYMBOLS.items()}
    assert min(abs(grey[a] - grey[b]) for a, b in (("good", "some"), ("good", "bad"), ("some", "bad"))) > 0.2
    for fill, letter in style.SYMBOLS.values():
        light, dark = (np.dot(to_rgba(c)[:3], (0.299, 0.587, 0.114)) for c in (letter, fill))
        assert abs(light - dark) > 0.45


# groups and models


def test_subgroups_bring_their_subtotals_and_test(effects):
    groups = analysis.pool_subgroups(effects, "design")
    fig = forest(groups, data=effects)
    rows = body(fig)
    assert list(rows.loc[rows["kind"] == "heading", "name"]) == list(groups.groups)
    subtotals = rows[rows["kind"] == "subtotal"].set_index("group")
    for name, group in groups.groups.items():
        own = rows[(rows["kind"] == "trial") & (rows["group"] == name)]
        assert sorted(own["contrast_estimate"]) == sorted(group.yi)
        if group.k > 1:
            assert subtotals.loc[name, "contrast_low"] == group.ci.low
    number, equals = analysis.text.number, analysis.text.equals
    test = f"Q {number(groups.q_between)}, df {groups.q_between_df}, p {equals(groups.q_between_pvalue)}"
    assert test in fig.content.caption
    clean(fig)


def test_groups_of_effects_are_tested_alike(effects):
    groups = analysis.pool_subgroups(effects, "design")
    caption = forest(effects, by="design").content.caption
    assert f"Q {analysis.text.number(groups.q_between)}, df {groups.q_between_df}" in caption
    assert f"F {analysis.text.number(groups.f)} on 1 and" in caption
    assert "Test between groups" not in forest(effects).content.caption


def test_namesakes_stay_in_their_groups():
    data = pd.DataFrame({"yi": [-1.0, -0.2, -0.6, 0.1], "vi": [0.1, 0.2, 0.3, 0.1]})
    groups = analysis.pool_subgroups(data, ["a", "b", "a", "b"])
    rows = body(forest(groups)).query("kind == 'trial'")
    assert rows.groupby("group")["contrast_estimate"].apply(list).to_dict() == {"a": [-1.0, -0.6], "b": [-0.2, 0.1]}


def test_twins_in_every_respect_keep_their_columns():
    data = pd.DataFrame({"yi": [-1.0, -1.0, -0.6, -0.6], "vi": 0.1, "place": ["w", "x", "y", "z"]})
    groups = analysis.pool_subgroups(data, ["a", "b", "b", "b"])
    same = {"labels": ("One", "One", "Two", "Two")}
    parts = {name: dataclasses.replace(g, labels=same["labels"][-g.k :]) for name, g in groups.groups.items()}
    parts["a"] = dataclasses.replace(parts["a"], labels=("One",))
    twins = dataclasses.replace(groups, groups=parts, overall=dataclasses.replace(groups.overall, **same))
    rows = body(forest(twins, data=data, columns=("place",))).query("kind == 'trial'")
    assert rows.groupby("group")["place"].apply(list).to_dict() == {"a": ["w"], "b": ["x", "y", "z"]}


def test_models_stand_below_one_another(effects, pooled):
    common = analysis.pool(effects, tau2_method="CE", ci_method="z")
    bayes = analysis.pool_bayes(effects)
    fig = forest(pooled, models={"REML": pooled, "Common effect": common, "Bayes": bayes})
    rows = body(fig)
    models = rows[rows["kind"] == "model"]
    assert rows.loc[rows["kind"] == "total", "text_name"].item() == "REML"
    assert models["text_name"].tolist() == ["Common effect", "Bayes"]
    assert models["contrast_estimate"].tolist() == [common.estimate, bayes.mu.median]
    assert models["contrast_high"].tolist() == [common.ci.high, bayes.mu.interval.high]
    for path, row in zip(artist(fig, "contrast-models").get_paths(), models.to_dict("records"), strict=True):
        x, y = path.vertices.T
        assert (x.min(), x.max()) == (row["contrast_low"], row["contrast_high"])
        assert (y.min() + y.max()) / 2 == pytest.approx(row["y_mm"])
    assert (models["y_mm"].to_numpy() > rows.loc[rows["kind"] == "prediction", "y_mm"].item()).all()
    assert "posterior median and 95% equal-tailed interval" in fig.content.caption
    clean(fig)


def test_models_without_names_get_different_ones(effects, pooled):
    others = [analysis.pool(effects, ci_method="z"), analysis.pool(effects, tau2_method="CE"), effects]
    names = body(forest(pooled, models=others[:2])).query("kind == 'model'")["name"].tolist()
    assert names == ["Random-effects model, τ² by REML", "Common-effect model"]
    with pytest.raises(TypeError, match="without an estimate"):
        forest(pooled, models={"odd": others[2]})


# prediction, band and lines


def test_prediction_as_a_diamond(effects):
    # With the outlier the interval leaves the panel.
    pooled = analysis.pool(effects.where(study=[name for name in effects.table["study"] if name != "vallbona1997"]))
    fig = forest(pooled, prediction="diamond")
    drawn, row = artist(fig, "contrast-prediction"), body(fig).query("kind == 'prediction'").iloc[0]
    assert isinstance(drawn, PolyCollection)
    x, y = drawn.get_paths()[0].vertices.T
    assert (x.min(), x.max()) == tuple(pooled.pi)
    assert x[np.argmin(y)] == pooled.estimate and (y.min() + y.max()) / 2 == pytest.approx(row["y_mm"])
    np.testing.assert_array_equal(drawn.get_facecolor()[0], to_rgba(style.PAPER))


def test_prediction_as_a_curve(pooled):
    fig = forest(pooled, prediction="density")
    table = fig.content.table
    curve = table[table["kind"] == "density"]
    line = artist(fig, "contrast-density")
    assert isinstance(line, LineCollection)
    x, y = line.get_segments()[0].T
    low, high = panel(fig).get_xlim()
    inside = curve[(curve["contrast_estimate"] > low) & (curve["contrast_estimate"] < high)]
    assert np.isin(inside["contrast_estimate"], x).all()
    assert x[np.argmin(y)] == inside["contrast_estimate"][inside["density"].idxmax()]
    bottom = artist(fig, "contrast-density-base").get_segments()[0][0, 1]
    heights = np.interp(inside["contrast_estimate"], x, bottom - y)
    row = body(fig).query("kind == 'prediction'").iloc[0]
    assert heights.max() == pytest.approx(row["height_mm"] - 1.8, rel=1e-3)  # it fills its row
    np.testing.assert_allclose(heights / heights.max(), inside["density"] / inside["density"].max(), atol=1e-3)
    shaded = artist(fig, "contrast-density-interval").get_paths()[0].vertices[:, 0]
    np.testing.assert_allclose((shaded.min(), shaded.max()), np.clip(pooled.pi, low, high))
    assert row["height_mm"] > 1.8 * style.ROW_MM["prediction"]
    assert row["y_mm"] - row["height_mm"] / 2 < bottom - heights.max() and bottom < row["y_mm"] + row["height_mm"] / 2
    clean(fig)


@pytest.mark.parametrize("pi_method", ["t(k-1)", "t(k-2)", "z"])
def test_predictive_density_is_that_of_the_interval(effects, pi_method):
    pooled = analysis.pool(effects, pi_method=pi_method)
    curve = predictive_density(pooled, 4001)
    inside = curve["x"].between(*pooled.pi)
    area = trapezoid(curve["density"][inside], curve["x"][inside])
    assert area == pytest.approx(0.95, abs=2e-3)
    assert trapezoid(curve["density"], curve["x"]) == pytest.approx(1.0, abs=0.01)


def test_predictive_density_of_a_posterior_and_of_nothing():
    bayes = analysis.pool_bayes([-1.0, -0.4, -2.0], [0.1, 0.1, 0.2])
    curve = predictive_density(bayes)
    np.testing.assert_allclose(curve["density"], bayes.new_density(curve["x"].to_numpy()))
    assert predictive_density(analysis.pool([-1.0], [0.1])).empty
    fig = forest(analysis.pool([-1.0], [0.1]), prediction="density")
    assert "contrast-density" not in {a.get_gid() for a in fig.findobj()}
    clean(fig)


def test_a_band_and_a_single_threshold(effects):
    fig = forest(effects, worthwhile=(1, 2))
    x = artist(fig, "contrast-zone").get_paths()[0].vertices[:, 0]
    assert (x.min(), x.max()) == (-2.0, -1.0)
    assert artist(fig, "zone-label").get_text() == "smallest worthwhile difference: 1 to 2 points"
    fig = forest(effects, worthwhile=1.0)
    assert artist(fig, "contrast-zone-line").get_segments()[0][:, 0].tolist() == [-1.0, -1.0]
    assert "dashed line: smallest worthwhile difference between groups, 1 point less." in fig.content.caption
    clean(fig)


def test_the_usual_band_is_that_of_the_arms_with_its_source(effects):
    said = "band: smallest worthwhile difference between groups, 1 to 2 points less (Busse 2015)."
    pain = dataclasses.replace(effects, outcome_name="pain")
    both = [forest(pain, worthwhile="usual"), analysis.arms_forest(analysis.pool_arms(pain))]
    for fig in both:
        zone = fig.content.table.query("kind == 'zone'")
        assert [ends for name in zone for ends in zone[name].dropna() if name.endswith(("low", "high"))] == [-2.0, -1.0]
        assert said in fig.content.caption
    assert "Busse" not in forest(pain, worthwhile=(1, 2)).content.caption
    other = dataclasses.replace(effects, outcome_name="stiffness")
    assert "worthwhile" not in forest(other, worthwhile="usual").content.caption


def test_a_band_of_ratios_is_on_the_log_axis():
    pooled = analysis.pool(np.log([0.4, 0.9, 1.2, 0.5]), [0.1, 0.05, 0.2, 0.3], measure="RR")
    fig = forest(pooled, worthwhile=(0.9, 0.8))
    x = artist(fig, "contrast-zone").get_paths()[0].vertices[:, 0]
    np.testing.assert_allclose((x.min(), x.max()), np.log([0.8, 0.9]))
    assert artist(fig, "zone-label").get_text() == "smallest worthwhile effect: 0.8 to 0.9"
    with pytest.raises(ValueError, match="above 0"):
        forest(pooled, worthwhile=(-1, 0.8))
    with pytest.raises(ValueError, match="prediction is 'violin'"):
        forest(pooled, prediction="violin")


@pytest.mark.parametrize(
    ("ends", "labels"),
    [
        ((0.1, 10), [0.1, 0.3, 1, 3, 10]),
        ((0.5, 2), [0.5, 0.7, 1, 1.5, 2]),
        ((0.9, 1.1), [0.9, 0.95, 1, 1.05, 1.1]),
        ((0.6, 1.6), [0.6, 0.8, 1, 1.2, 1.4, 1.6]),  # of equal ratio there would be three
        ((0.55, 1.9), [0.75, 1, 1.25, 1.5, 1.75]),
        ((0.25, 4), [0.25, 0.5, 1, 2, 4]),
        ((0.001, 1000), [0.001, 0.01, 0.1, 1, 10, 100, 1000]),
    ],
)
def test_ticks_of_ratios_are_sensible(ends, labels):
    ticks, digits = _layout.ratio_ticks(*np.log(ends))
    np.testing.assert_allclose(np.exp(ticks), labels, rtol=1e-9)
    assert [round(t, d) for t, d in zip(labels, digits, strict=True)] == labels


def test_few_ticks_over_many_decades_are_powers_of_ten():
    ticks, _ = _layout.ratio_ticks(*np.log([0.001, 1000]), most=4)
    powers = np.log10(np.exp(ticks))
    np.testing.assert_allclose(powers, np.round(powers), atol=1e-9)
    assert len(ticks) >= 2 and 0.0 in ticks


@pytest.mark.parametrize("end", [10, 100, 1e5])
def test_where_no_two_ticks_fit_one_stands_at_the_null(end):
    assert _layout.ratio_ticks(-np.log(end), np.log(end), most=2)[0].tolist() == [0.0]


@pytest.mark.parametrize(("decades", "every"), [(9, 2), (18, 3), (24, 4), (36, 6), (60, 12), (140, 24), (300, 60)])
def test_ticks_over_more_decades_are_further_apart(decades, every):
    ticks, _ = _layout.ratio_ticks(-np.log(10), decades * np.log(10))
    np.testing.assert_allclose(ticks / np.log(10), np.arange(len(ticks)) * every, atol=1e-9)
    assert 2 <= len(ticks) <= 7 and (len(ticks) + 1) * every > decades


# into other people's figures


def test_forest_into_axes_draws_the_panel_and_the_names(effects):
    figure = Figure(figsize=(5, 4))
    ax = figure.add_axes((0.4, 0.2, 0.55, 0.7))
    assert forest(effects, ax=ax, worthwhile=(1, 2), prediction="density") is figure
    trials = effects.table.sort_values(["year", "label"])
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names == [*trials["label"], "All trials", "Prediction interval, new trial"]
    squares = artist(figure, "contrast-markers").get_offsets()
    np.testing.assert_allclose(squares[:, 0], trials["yi"])
    np.testing.assert_allclose(squares[:, 1], ax.get_yticks()[: len(trials)])
    assert (np.diff(ax.transData.transform(squares)[:, 1]) < 0).all()
    assert figure.axes == [ax]
    assert ax.get_xlabel().splitlines()[-1] == "← favours treatment   favours placebo →"


def test_forest_into_a_subfigure(effects):
    figure = Figure(figsize=(8, 4))
    left, right = figure.subfigures(1, 2)
    forest(effects, ax=left)
    forest(effects, ax=right, by="design")
    FigureCanvasAgg(figure).draw()
    assert misplaced(figure, 0.0) == ([], [])
    with pytest.raises(ValueError, match="the names alone need"):
        forest(effects, ax=Figure(figsize=(1, 3)).subfigures(1, 1))


def test_axes_that_share_their_rows_have_the_same_rows(effects, pooled):
    figure = Figure(figsize=(8, 4))
    first, second, third = figure.subplots(1, 3, sharey=True)
    assert forest(effects, ax=first) is forest(pooled, ax=second, data=effects)
    assert [label.get_text() for label in first.get_yticklabels()][-1] == "Prediction interval, new trial"
    assert not second.get_yticklabels() and second.collections
    with pytest.raises(ValueError, match="share their y axis with Axes that have other rows: make them without sharey"):
        forest(analysis.pool(effects.yi[:3], effects.vi[:3]), ax=third)


def test_the_title_of_narrow_axes_is_as_wide_as_they_are(effects):
    figure = Figure(figsize=(4, 4))
    forest(effects, ax=figure.add_axes((0.5, 0.3, 0.4, 0.6)), xlabel="what nobody would say on one line " * 2)
    forest(effects, ax=Figure(figsize=(3, 4)).subfigures(1, 1), xlabel="what nobody would say on one line " * 2)
    FigureCanvasAgg(figure).draw()
    box = figure.axes[0].xaxis.label.get_window_extent()
    assert box.width <= figure.axes[0].get_window_extent().width and misplaced(figure, 0.0) == ([], [])


def test_what_axes_have_no_place_for_is_said(effects):
    figure = Figure(figsize=(5, 4))
    said = "with ax= only the panel is drawn: no columns and no width_mm and no title"
    with pytest.warns(UserWarning, match=said) as seen:
        forest(effects, ax=figure.add_subplot(), columns=("n",), width_mm=85, title="x", right=(), note="")
    assert seen[0].filename == __file__ and len(seen) == 1


def test_letters_that_no_font_has_are_told_of_axes_too():
    figure = Figure(figsize=(5, 4))
    named = pd.DataFrame({"label": ["\U000131f8 2001", "B 2002"], "yi": [0.1, 0.2], "vi": 0.1})
    with pytest.warns(UserWarning, match=r"No installed font has .* \(U\+131F8\)") as seen:
        forest(analysis.pool(named), ax=figure.add_subplot(), xlabel="\U000131f8")
        FigureCanvasAgg(figure).draw()
    assert seen[0].filename == __file__ and len(seen) == 1


# columns of the users that have names of ours


def test_a_column_of_the_trials_that_has_a_name_of_ours_is_drawn_or_told():
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.1, 0.2], "vi": [0.04, 0.05], "measured": [1, 2]})
    for name in ("weight", "effect"):
        with pytest.warns(UserWarning, match=f"columns names '{name}', .* have a column of this name too") as seen:
            forest(analysis.effect_sizes(table.assign(**{name: [70, 80]}), measure="MD"), columns=(name,))
        assert seen[0].filename == __file__ and len(seen) == 1
        # Nobody asked for it where it is drawn anyway.
        forest(analysis.effect_sizes(table.assign(**{name: [70, 80]}), measure="MD"))
        with pytest.warns(UserWarning, match=f"right names '{name}'"):
            forest(analysis.pool(table), data=table.assign(**{name: 3}), right=(name,))
    for name in ("n", "change", "difference"):
        effects = analysis.effect_sizes(table.assign(**{name: [70, 80]}), measure="MD")
        for fig in (forest(effects, columns=(name,)), forest(analysis.pool(effects), right=(name,))):
            assert fig.content.table[f"text_{name}"].tolist()[:2] == ["70", "80"]
            assert "70" in {t.get_text() for t in fig.findobj(Text)}
    assert "text_n" not in forest(effects).content.table
    with pytest.raises(ValueError, match="columns names 'n', but the trials have no people of both arms"):
        forest(effects, columns=("n",))


def test_an_own_n_beside_the_people_of_both_arms_is_told(effects):
    own = dataclasses.replace(effects, table=effects.table.assign(n=1))
    with pytest.warns(UserWarning, match="columns names 'n', the people of both arms"):
        forest(own, columns=("n",))
    with pytest.warns(UserWarning, match="columns names 'weight'"):
        analysis.arms_forest(
            analysis.pool_arms(dataclasses.replace(effects, table=effects.table.assign(weight=1))), columns=["weight"]
        )


# the page


@pytest.mark.parametrize("k", [1, 2, 13, 200])
def test_no_text_overlaps_or_leaves_the_page(k):
    effects = rich(synthetic(k, groups=1 if k < 13 else 3))
    columns = {"columns": ("arms", "week"), "symbols": {"certainty": LETTERS}, "worthwhile": (1, 2)}
    by = None if k < 13 else "therapy_family"
    pooled = analysis.pool(effects)
    models = {"models": [analysis.pool(effects, tau2_method="CE")], "prediction": "density"}
    clean(forest(effects, by=by, **columns, **models))
    clean(forest(pooled, prediction="diamond", models=models["models"], width_mm=120))


@pytest.mark.parametrize(
    "case",
    [
        {"name": "A very long trial name, with the names of several authors {i}"},
        {"name": "Иванов и соавторы {i}"},
        {"scale": 1e6},
        {"scale": 1e-5},
    ],
    ids=["long", "cyrillic", "huge", "tiny"],
)
def test_odd_content_fits(case):
    effects = rich(synthetic(5, **case))
    clean(forest(effects, columns=("arms", "condition_group"), symbols={"certainty": LETTERS}, prediction="density"))


def test_own_columns_are_given_up_first(effects):
    fig = forest(effects, columns=("n", "week", "condition"), width_mm=170)
    heads = {t.get_gid() for t in fig.findobj(Text)}
    assert "head-text_condition" not in heads and "head-text_n_placebo" in heads
    clean(fig)


def test_the_same_forest_has_the_same_bytes(effects, tmp_path):
    options = {"prediction": "density", "symbols": {"certainty": LETTERS}, "columns": ("arms",)}
    for name in ("a", "b"):
        analysis.save_figure(forest(effects, **options), tmp_path / name, formats=["svg"])
    for kind in ("svg", "csv", "md"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_a_three_level_result_stands_beside_the_effects_and_times_in_their_order():
    labels = ["B 2006, 12 weeks", "B 2006, 7 weeks", "A 2006", "C 2005"]
    table = pd.DataFrame({"label": labels, "yi": [-1.0, -0.5, -0.2, -0.8], "vi": 0.1, "year": [2006, 2006, 2006, 2005]})
    levels = analysis.pool_multilevel(table, cluster=list("bbac"))
    with pytest.raises(TypeError, match=r"funnel\(\) cannot use a MultilevelEffect: its effects share trials"):
        analysis.funnel(levels)
    fig = forest(analysis.pool(table), data=table, models=[levels], measure="MD")
    names = fig.content.table.query("kind == 'trial'")["name"].tolist()
    assert names == ["C 2005", "A 2006", "B 2006, 7 weeks", "B 2006, 12 weeks"]
    assert fig.content.table.query("kind == 'model'")["contrast_estimate"].tolist() == [levels.estimate]


def test_a_number_has_the_decimals_it_needs_up_to_two():
    assert [_rows.decimals(x) for x in (3.0, 0.5, 0.25, 1.2345)] == [0, 1, 2, 2]


def test_columns_of_data_are_paired_with_the_trials_by_name():
    result = analysis.pool([0.1, 0.2, 0.4], [0.1, 0.1, 0.2], labels=["A", "B", "C"])
    own = pd.DataFrame({"study": ["C", "A", "B"], "dose": [30, 10, 20]})
    for data in (own, own.set_index("study"), own.iloc[[1, 2, 0]], own.rename(columns={"study": "label"})):
        rows = body(forest(result, data=data, columns=("dose",))).query("kind == 'trial'")
        assert rows["text_dose"].tolist() == ["10", "20", "30"]
    # Rows or trials without names are taken in their order.
    nameless = own.drop(columns="study")
    rows = body(forest(result, data=nameless, columns=("dose",))).query("kind == 'trial'")
    assert rows["text_dose"].tolist() == ["30", "10", "20"]


def test_trials_in_the_order_of_categories_and_of_numbers_in_text():
    table = pd.DataFrame({"study": list("abc"), "yi": [1.0, 2.0, 3.0], "vi": 0.1, "text": ["10", "9", "100"]})
    table["pain"] = pd.Categorical(["severe", "mild", "moderate"], ["mild", "moderate", "severe"])
    result = analysis.pool(table)
    for order, expected in {"text": "bac", "pain": "bca", "-pain": "acb"}.items():
        rows = body(forest(result, data=table, order=order)).query("kind == 'trial'")
        assert "".join(rows["name"]) == expected
        if order[0] != "-":
            assert "".join(analysis.cumulative(table, order=order)["label"]) == expected


def test_people_of_some_are_not_the_people_of_all():
    table = pd.DataFrame({"study": list("ABC"), "yi": [0.1, 0.5, 0.9], "vi": 0.02, "n_t": [20, None, 30], "n_p": 25.0})
    fig = analysis.forest(analysis.pool(analysis.effect_sizes(table, measure="MD", yi="yi", vi="vi")))
    total = fig.content.table.query("kind == 'total'").iloc[0]
    assert np.isnan(total["n_treatment"]) and total["n_placebo"] == 75


def test_people_of_one_arm_do_not_stand_for_the_column_n():
    pooled = analysis.pool(pd.DataFrame({"study": list("ABC"), "yi": [0.1, 0.5, 0.9], "vi": 0.02}))
    data = pd.DataFrame({"study": list("ABC"), "n": [57, 11, 46], "n_p": [18, 4, 29]})
    table = analysis.forest(pooled, data=data, columns=["n"]).content.table
    assert table["text_n"].head(3).tolist() == ["57", "11", "46"]
