"""Steps, several outcomes and the orchard, read back from the artists."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, body, misplaced, synthetic

import analysis
from analysis.plots import _theme as style
from analysis.plots._forests import outcomes_forest, steps_forest
from analysis.plots._layout import limits_of_points
from analysis.plots._orchard import orchard
from analysis.plots._plane import GAP, swarm
from analysis.sentences import Wording


@pytest.fixture(scope="module")
def effects():
    every = published_effects()
    return every.where(therapy_family="Magnetic field")


def clean(fig):
    assert misplaced(fig) == ([], [])


def panel(fig):
    return next(ax for ax in fig.axes if ax.get_label() == "contrast")


def ends(fig, gid):
    lines = artist(fig, gid)
    assert isinstance(lines, LineCollection)
    return np.array([[s[0][0], s[1][0], s[0][1]] for s in lines.get_segments()])


def some(effects, keep):
    return dataclasses.replace(effects, table=effects.table.iloc[keep].reset_index(drop=True))


def told(steps, effects):
    """Return the steps with the wording of their effects."""
    steps.attrs["wording"] = dataclasses.asdict(Wording.of(effects))
    return steps


# steps


def test_cumulative_steps_stand_in_order_and_end_in_all_trials(effects):
    steps = told(analysis.cumulative(effects), effects)
    fig = steps_forest(steps)
    rows = body(fig)
    trials, total = rows[rows["kind"] == "trial"], rows[rows["kind"] == "total"].iloc[0]
    assert trials["text_name"].tolist() == steps["label"].tolist()
    drawn = artist(fig, "contrast-markers").get_offsets()
    np.testing.assert_allclose(drawn, np.column_stack([steps["estimate"], trials["y_mm"]]))
    low, high = panel(fig).get_xlim()
    lines = ends(fig, "contrast-intervals")
    np.testing.assert_allclose(lines[:, 0], steps["ci_low"].clip(lower=low))
    np.testing.assert_allclose(lines[:, 1], steps["ci_high"].clip(upper=high))
    assert (total["contrast_estimate"], total["contrast_low"]) == tuple(steps.iloc[-1][["estimate", "ci_low"]])
    x = artist(fig, "contrast-total").get_paths()[0].vertices[:, 0]
    assert (x.min(), x.max()) == tuple(steps.iloc[-1][["ci_low", "ci_high"]])
    assert artist(fig, "contrast-pooled-line").get_segments()[0][0, 0] == steps["estimate"].iloc[-1]
    assert artist(fig, "head-text_name").get_text() == "Trial added"
    assert artist(fig, "head-text_order").get_text() == "Year"
    clean(fig)


def test_leave_one_out_has_the_line_of_all_trials(effects):
    pooled, steps = analysis.pool(effects), told(analysis.leave_one_out(effects), effects)
    for overall in (None, pooled):
        fig = steps_forest(steps, overall=overall, right=("effect", "shift", "i2", "pvalue"))
        line = artist(fig, "contrast-pooled-line").get_segments()[0][0, 0]
        assert line == pytest.approx(pooled.estimate, abs=1e-12)
        diamonds = [a for a in fig.findobj() if a.get_gid() == "contrast-total"]
        assert len(diamonds) == (overall is not None)
        assert artist(fig, "head-text_name").get_text() == "Trial left out"
        clean(fig)
    row = body(fig).set_index("name").loc[steps["label"][3]]
    assert row["text_i2"] == analysis.text.percent(steps["i2"][3])
    assert row["text_pvalue"] == analysis.text.pvalue(steps["pvalue"][3])
    assert "With one trial left out the pooled estimate runs from" in fig.content.caption


def test_steps_that_leave_one_out_stand_in_the_order_of_the_forest(effects):
    def names(fig):
        return body(fig).query("kind == 'trial'")["name"].tolist()

    steps = analysis.leave_one_out(effects)
    fig, given = steps_forest(steps), steps["label"].tolist()
    assert names(fig) == names(analysis.forest(effects)) != given and "Trials in order of year." in fig.content.caption
    # what somebody sorted stays as it is, and so do trials of which no year is known
    backwards = steps.sort_values("estimate")
    fig = steps_forest(backwards)
    assert names(fig) == backwards["label"].tolist() and "in order of" not in fig.content.caption
    plain = analysis.leave_one_out(effects.yi, effects.vi, labels=effects.labels)
    assert names(steps_forest(plain)) == given


@pytest.mark.parametrize(
    ("methods", "model"),
    [
        ({"tau2_method": "DL", "ci_method": "z"}, "Random-effects model, τ² by DL; 95% confidence intervals of pooled"),
        (
            {"ci_method": "HKSJ", "confidence_level": 0.9},
            "τ² by REML; 90% confidence intervals of pooled results by HKSJ",
        ),
        ({"tau2_method": "CE"}, "Common-effect model; 95%"),
        ({"tau2": 0.4}, "Random-effects model with a given τ²; 95%"),
    ],
)
def test_steps_say_how_they_were_pooled(effects, methods, model):
    for steps in (analysis.cumulative(effects, **methods), analysis.leave_one_out(effects, **methods)):
        footer = steps_forest(steps).content.caption
        assert model in footer
        assert f"with its {'90%' if 'confidence_level' in methods else '95%'} confidence interval" in footer
        steps.attrs = {}  # as of a table that was made by hand
        with pytest.raises(ValueError, match="steps does not tell the level of its intervals .the attrs"):
            steps_forest(steps, measure="MD")
        with pytest.raises(ValueError, match="steps does not tell of what measure its effects are, and whether they"):
            steps_forest(steps, confidence_level=0.95)
        assert "model" not in steps_forest(steps, measure="MD", confidence_level=0.95).content.caption
        assert model in steps_forest(steps, overall=analysis.pool(effects, **methods)).content.caption
        other = analysis.pool(effects.yi + 0.1, effects.vi, labels=effects.labels, measure="MD", **methods)
        with pytest.raises(ValueError, match="give the result of the same effects, pooled alike"):
            steps_forest(steps, overall=other)


def test_the_first_trials_are_the_last_row_whatever_the_order(effects):
    steps = analysis.cumulative(effects)
    whole = analysis.pool(effects).estimate
    for given, said in (
        (steps, "and all above it"),
        (steps[::-1], "and all below it"),
        (steps.iloc[[2, -1, 0]], "of the first k"),
    ):
        fig = steps_forest(given)
        assert said in fig.content.caption
        assert body(fig).query("kind == 'total'")["contrast_estimate"].item() == pytest.approx(whole, abs=1e-12)
    with pytest.raises(ValueError, match=r"the last of the steps is of \d+ trials, and there are \d+: give overall="):
        steps_forest(steps.iloc[:-1])
    assert len(body(steps_forest(steps.iloc[:-1], overall=False)).query("kind == 'trial'")) == len(steps) - 1


def test_whole_trials_left_out_of_several_effects_have_the_diamond_of_all():
    yi, vi, trials = [0.2, 0.4, 0.9, 1.1, 0.1], [0.04, 0.05, 0.04, 0.06, 0.05], list("AABBC")
    whole = analysis.pool_multilevel(yi, vi, cluster=trials)
    fig = steps_forest(analysis.leave_one_out(whole), overall=whole, columns=("k",), right=("effect", "tau", "i2"))
    total = body(fig).query("kind == 'total'").iloc[0]
    assert (total["k"], total["contrast_estimate"], total["contrast_low"]) == (5, whole.estimate, whole.ci.low)
    assert total["tau"] ** 2 == pytest.approx(whole.sigma2.between + whole.sigma2.within)
    assert total["text_i2"] == analysis.text.percent(whole.i2.between + whole.i2.within)
    clean(fig)
    said = "Three-level model, variances by REML; 95% confidence intervals of pooled results by the robust CR2 variance"
    assert said in fig.content.caption
    for overall in (None, whole):
        assert "3 clusters together: 0." in steps_forest(analysis.leave_one_out(whole), overall=overall).content.caption


def test_a_wild_step_ends_in_an_arrowhead(effects):
    steps = analysis.cumulative(effects)
    steps.loc[1, ["ci_low", "ci_high"]] = [-60.0, 50.0]
    fig = steps_forest(steps)
    low, high = panel(fig).get_xlim()
    y = body(fig)["y_mm"].iloc[1]
    assert [low, y] in artist(fig, "contrast-arrows-left").get_offsets().tolist()
    assert [high, y] in artist(fig, "contrast-arrows-right").get_offsets().tolist()
    assert high - low < 40


def test_steps_of_ratios_are_printed_as_ratios():
    steps = analysis.cumulative(np.log([0.5, 0.8, 0.7]), [0.1, 0.1, 0.1], labels=["A", "B", "C"])
    rows = body(steps_forest(steps, measure="RR"))
    assert rows["text_estimate"].tolist()[0] == "0.50"
    assert "text_order" not in rows  # 1, 2, 3 tell nothing


def test_steps_that_were_turned_into_ratios_are_not_turned_again():
    pooled = analysis.pool(np.log([0.5, 0.8, 0.7]), [0.1, 0.1, 0.2], labels=["A", "B", "C"], measure="RR")
    for steps in (analysis.cumulative(pooled), analysis.leave_one_out(pooled)):
        turned = pooled.measure.transform_table(steps)
        assert turned.attrs["transformed"] == "RR" and "transformed" not in steps.attrs
        pd.testing.assert_frame_equal(pooled.measure.transform_table(turned), turned)
        one, other = (body(steps_forest(each))["text_estimate"].tolist() for each in (steps, turned))
        assert one == other
        # Without attrs the numbers themselves tell: an estimate is the middle of its interval as a log.
        bare = pd.DataFrame(turned.to_dict("list"))
        with pytest.raises(ValueError, match="steps holds risk ratios, not their logs"):
            steps_forest(bare, measure="RR", confidence_level=0.95)
        by_hand = steps.assign(**{name: np.exp(steps[name]) for name in ("estimate", "ci_low", "ci_high")})
        with pytest.raises(ValueError, match="steps holds risk ratios, not their logs"):
            steps_forest(by_hand)
        steps_forest(pd.DataFrame(steps.to_dict("list")), measure="RR", confidence_level=0.95)


def test_the_result_of_all_is_that_of_the_studies_of_the_steps(effects):
    other = analysis.pool([0.1, 0.2, 0.3], [0.1] * 3, labels=["P", "Q", "R"], measure="MD")
    with pytest.raises(ValueError, match="overall is of other studies: it has no .* and others of the steps"):
        steps_forest(analysis.leave_one_out(effects), overall=other)
    with pytest.raises(ValueError, match="measure='RR' .risk ratio., but the effects are of measure 'MD'"):
        steps_forest(analysis.leave_one_out(effects), measure="RR")


def test_tables_that_are_no_steps_are_refused(effects):
    with pytest.raises(ValueError, match="no column label, k, estimate"):
        steps_forest(effects.table[["yi"]])
    with pytest.raises(ValueError, match="right names 'weight'; it must be effect or a column of steps, here label"):
        steps_forest(analysis.cumulative(effects), right=("weight",))
    with pytest.raises(ValueError, match="no row"):
        steps_forest(analysis.cumulative(effects).iloc[:0])


@pytest.mark.parametrize("k", [1, 2, 200])
def test_steps_of_any_number_fit(k):
    effects = synthetic(k, name="Иванов и соавторы {i}")
    clean(steps_forest(analysis.cumulative(effects)))
    if k > 1:
        clean(steps_forest(analysis.leave_one_out(effects), overall=analysis.pool(effects)))


# outcomes


def three():
    first = synthetic(7)
    later = some(synthetic(7, seed=5), [0, 2, 3, 5, 6])
    return {"4 weeks": first, "12 weeks": later, "1 year": synthetic(7, seed=9)}


def test_outcomes_of_a_trial_stand_together():
    outcomes = three()
    fig = outcomes_forest(outcomes, head="Follow-up")
    rows = body(fig).query("kind == 'trial'")
    assert len(rows) == 19 and rows["name"].nunique() == 7
    for name, own in rows.groupby("name", sort=False):
        assert own.index.tolist() == list(range(own.index[0], own.index[0] + len(own)))
        assert own["text_name"].tolist() == [name, *[""] * (len(own) - 1)]
        assert own["outcome"].tolist() == [o for o, e in outcomes.items() if name in set(e.table["label"])]
    years = rows.groupby("name", sort=False)["year"].first()
    assert years.is_monotonic_increasing
    gaps = np.diff(rows["y_mm"])
    apart = rows["text_name"].ne("").to_numpy()[1:]
    assert gaps[apart].min() > gaps[~apart].max() + 1


def test_outcomes_have_shape_and_colour_and_weights_of_their_own():
    outcomes = three()
    fig = outcomes_forest(outcomes)
    rows = body(fig)
    for i, (name, effects) in enumerate(outcomes.items()):
        own = rows[(rows["outcome"] == name) & (rows["kind"] == "trial")]
        drawn = artist(fig, f"outcome-{i}-markers")
        np.testing.assert_allclose(drawn.get_offsets()[1::3], own[["contrast_estimate", "y_mm"]])
        area = drawn.get_sizes()[1::3]
        free = area > style.SQUARE_MIN_PT**2
        weight = own["weight"].to_numpy()
        np.testing.assert_allclose(area[free] / area.max(), weight[free] / weight.max())
        colour = to_rgba(style.GROUPS[i][1])
        assert tuple(drawn.get_facecolor()[1]) == colour
        assert tuple(artist(fig, f"outcome-{i}-intervals").get_colors()[0]) == colour
        pooled = analysis.pool(effects)
        (path,) = artist(fig, f"outcome-{i}-subtotals").get_paths()
        x, y = path.vertices.T
        np.testing.assert_allclose((x.min(), x.max()), pooled.ci)
        row = rows[(rows["outcome"] == name) & (rows["kind"] == "subtotal")].iloc[0]
        assert (y.min() + y.max()) / 2 == pytest.approx(row["y_mm"])
        np.testing.assert_allclose((row["prediction_low"], row["prediction_high"]), pooled.pi)
        assert row["text_outcome"] == f"{name} (k = {pooled.k})"
        shown = analysis.text.interval(*pooled.ci)
        assert shown in fig.content.caption and shown in fig.content.alt_text
    shapes = [artist(fig, f"outcome-{i}-markers").get_paths()[1] for i in range(3)]
    assert len({len(path.vertices) for path in shapes}) == 3
    clean(fig)


def test_outcomes_that_do_not_compare_are_refused():
    a = analysis.pool([-1.0, -0.5], [0.1, 0.1], measure="MD")
    with pytest.raises(ValueError, match="different measures: MD, SMD"):
        outcomes_forest({"a": a, "b": dataclasses.replace(a, measure="SMD")})
    with pytest.raises(ValueError, match="different confidence levels: 0.9, 0.95"):
        outcomes_forest({"a": a, "b": dataclasses.replace(a, confidence_level=0.9)})
    with pytest.raises(ValueError, match="give two to six|give two to 6"):
        outcomes_forest({"a": a})
    with pytest.raises(ValueError, match="mapping of names"):
        outcomes_forest([a, a])


@pytest.mark.parametrize("k", [1, 2, 30])
def test_outcomes_of_any_number_fit(k):
    name = "A rather long name of a trial {i}"
    outcomes = {"at 4 weeks": synthetic(k, name=name), "at 12 weeks": synthetic(k, name=name, seed=3)}
    clean(outcomes_forest(outcomes, columns=("n",)))
    figure = Figure(figsize=(5, 6))
    ax = figure.add_subplot()
    outcomes_forest(outcomes, ax=ax)
    assert ax.get_yticklabels()[1].get_text().strip().startswith("at 12 weeks")


# the orchard


@pytest.mark.parametrize("seed", range(2))
def test_circles_of_a_swarm_touch_at_most(seed):
    rng = np.random.default_rng(seed)
    x, radius = rng.normal(0, 6, 150), rng.uniform(0.4, 1.4, 150)
    y = swarm(x, radius)
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    least = radius[:, None] + radius + GAP
    assert (distance + 1e-6 >= least)[~np.eye(150, dtype=bool)].all()
    assert np.abs(y).max() < 40 and np.abs(y).mean() < 12 and (y == 0).sum() > 8
    np.testing.assert_array_equal(y, swarm(x, radius))


def test_circles_alone_stay_on_the_line():
    np.testing.assert_array_equal(swarm([0.0, 10.0, 20.0], [1.0, 1.0, 1.0]), 0.0)
    assert swarm([0.0, 0.0], [1.0, 0.5]).tolist() == pytest.approx([0.0, -(1.5 + GAP)])


def test_every_trial_has_a_circle_of_its_weight_in_its_band():
    effects = published_effects()
    fig = orchard(effects, by="therapy_family")
    table = fig.content.table
    points = table[table["kind"] == "point"]
    drawn = artist(fig, "points")
    np.testing.assert_allclose(drawn.get_offsets()[1::3], points[["contrast_estimate", "y_mm"]])
    area, weight = drawn.get_sizes()[1::3], points["weight"].to_numpy()
    np.testing.assert_allclose(area / area.max(), weight / weight.max())
    hollow = drawn.get_sizes()[2::3] > 0
    np.testing.assert_array_equal(hollow, points["contrast_imputed"].to_numpy(bool))
    rows = table[table["kind"].isin(["heading", "subtotal"])].set_index(["kind", "group"])
    for group, own in points.groupby("group"):
        band = rows.loc[("heading", group)]
        radius = np.sqrt(own["area_pt2"] / np.pi) / style.PT_PER_MM
        assert (np.abs(own["y_mm"] - band["y_mm"]) + radius <= band["height_mm"] / 2).all()
        assert rows.loc[("subtotal", group), "y_mm"] > own["y_mm"].max()
    clean(fig)


def test_circles_do_not_overlap_on_paper():
    fig = orchard(synthetic(200, groups=3, seed=2), by="therapy_family")
    drawn = artist(fig, "points")
    at = panel(fig).transData.transform(drawn.get_offsets()[1::3]) * 72 / fig.dpi
    radius = np.sqrt(drawn.get_sizes()[1::3] / np.pi)
    distance = np.hypot(*(at[:, None] - at).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    assert (distance >= radius[:, None] + radius - 0.05).all()


def test_pooled_results_and_predictions_of_an_orchard():
    effects = published_effects()
    arms = analysis.pool_arms(effects, by="therapy_family")
    fig = orchard(arms)
    low, high = panel(fig).get_xlim()
    results = [g.contrast for g in arms.groups.values()] + [arms.contrast]
    lines = ends(fig, "predictions")
    np.testing.assert_allclose(lines[:, 0], [max(r.pi.low, low) for r in results])
    np.testing.assert_allclose(lines[:, 1], [min(r.pi.high, high) for r in results])
    paths = artist(fig, "contrast-subtotals").get_paths() + artist(fig, "contrast-total").get_paths()
    for path, result in zip(paths, results, strict=True):
        x = path.vertices[:, 0]
        assert (x.min(), x.max()) == tuple(result.ci)
    written = [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").endswith("text_pi_high")]
    assert written == [analysis.text.number(r.pi.high) for r in results]
    assert "Orchard plot" in fig.content.alt_text and "Test between groups" in fig.content.caption


def test_points_set_the_axis_of_an_orchard():
    low, high = limits_of_points([-2.0, -1.0], [(-3.0, 0.5), (-40.0, 30.0), (np.nan, np.nan)])
    assert -3.5 < low < -3.0 and 0.5 < high < 0.8


@pytest.mark.parametrize("k", [1, 2, 13, 200])
def test_orchards_of_any_number_fit(k):
    fig = orchard(synthetic(k))
    assert fig.get_size_inches()[1] * 25.4 < 130
    clean(fig)
    if k == 13:
        clean(orchard(synthetic(k, groups=3, scale=1e6), by="therapy_family"))
        clean(orchard(synthetic(k, groups=3, scale=1e-5), by="therapy_family", width_mm=165))


def test_the_same_figures_have_the_same_bytes(effects, tmp_path):
    draws = {
        "steps": lambda: steps_forest(analysis.cumulative(effects)),
        "outcomes": lambda: outcomes_forest(three()),
        "orchard": lambda: orchard(effects, by="design"),
    }
    for name, draw in draws.items():
        for copy in ("a", "b"):
            analysis.save_figure(draw(), tmp_path / copy / name, formats=["svg"])
        for kind in ("svg", "csv", "md"):
            assert (tmp_path / "a" / f"{name}.{kind}").read_bytes() == (tmp_path / "b" / f"{name}.{kind}").read_bytes()


def test_the_caption_of_steps_names_the_diamond_only_where_there_is_one():
    yi, vi = [-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]
    without = analysis.leave_one_out(yi, vi)
    assert "diamond below" not in analysis.steps_forest(without).content.caption
    assert "diamond below" in analysis.steps_forest(without, overall=analysis.pool(yi, vi)).content.caption


def test_axes_tell_outcome_and_unit():
    effects = dataclasses.replace(synthetic(7, groups=2), unit="points on 0–10", arms=("laser", "sham"))
    arms = analysis.arms_forest(analysis.pool_arms(effects, by="therapy_family"))
    for fig in (arms, *(draw(effects) for draw in (analysis.forest, orchard))):
        words = " ".join(text.get_text() for text in fig.findobj(Text) if "caption-contrast" in str(text.get_gid()))
        expected = (
            "Pain, laser minus sham, points on 0–10" if fig is arms else "Mean difference in pain, points on 0–10"
        )
        assert words.startswith(expected)
    assert "Pooled mean difference in pain, points" in steps_forest(analysis.cumulative(effects)).content.caption
    ratios = analysis.forest(analysis.pool(dataclasses.replace(effects, measure="OR", unit="")))
    assert "Odds ratio, pain, log scale" in ratios.content.caption


@pytest.mark.parametrize("width", [None, 125])
def test_the_spread_of_a_group_stands_behind_its_name(width):
    fig = analysis.arms_forest(analysis.pool_arms(synthetic(7, groups=2), by="therapy_family"), width_mm=width)
    found = body(fig).query("kind == 'subtotal'")
    shown = {text.get_text() for text in fig.findobj(Text)}
    for row in found.to_dict("records"):
        tau2, i2, p = (row[f"contrast_{name}"] for name in ("tau2", "i2", "q_pvalue"))
        text = analysis.text
        told = f"τ²\u00a0{text.number(tau2, 2 + (0 < tau2 < 0.1))}, I²\u00a0{text.percent(i2)}, p {text.equals(p)}"
        assert row["text_tail"] == told and row["text_condition"] == ""
        assert set(told.split(", ")) <= {part for line in shown for part in line.rstrip(",").split(", ")}
    clean(fig)


# what is said is drawn, and what is drawn is said


def wild():
    """Return trials of which one has an interval that leaves the panel."""
    effects = synthetic(8)
    return dataclasses.replace(effects, table=effects.table.assign(vi=[90.0, *[0.05] * 7]))


def bare():
    """Return trials without years, of which none has an imputed SD."""
    effects = synthetic(3)
    return dataclasses.replace(effects, table=effects.table.drop(columns="year"))


CASES = {
    "curated": published_effects,
    "groups": lambda: synthetic(7, groups=2),
    "wild": wild,
    "bare": bare,
    "one": lambda: synthetic(1),
    "ratios": lambda: analysis.pool([-0.9, -0.2, -0.4, 0.3], [0.04, 0.09, 0.02, 2.0], measure="OR"),
    "one of ratios": lambda: analysis.pool([-0.9], [0.04], measure="OR"),
}


def family(data):
    """Yield every figure of the family that these data allow, with several of their options."""
    plain = isinstance(data, analysis.PooledEffect)
    by = None if plain else "therapy_family"
    common = analysis.pool(*((data.yi, data.vi) if plain else (data,)), tau2_method="CE")
    yield analysis.forest(data, by=by, worthwhile=(0.5, 0.8))
    yield analysis.forest(data, prediction="density", worthwhile=(40.0, 50.0), models={"Common": common})
    yield orchard(data, by=by)
    yield outcomes_forest({"first": data, "second": data})
    if not plain:
        arms = analysis.pool_arms(data, by=by)
        yield analysis.arms_forest(arms)
        yield analysis.arms_forest(arms, width_mm=125, worthwhile=None)
        letters = {"status": {"as printed": "+", "imputed": "-", "recovered": "+", "unheard of": "?"}}
        look = {"symbols": letters, "columns": (), "worthwhile": 0.9, "prediction": "diamond"}
        yield analysis.forest(data, **look)
        yield analysis.forest(data, **look, width_mm=86)
    if len(data.yi) > 1:
        yield steps_forest(analysis.leave_one_out(data))
        yield steps_forest(analysis.cumulative(data))


def drawn(fig, *ends):
    """Return whether the figure has marks of a name that ends so, empty collections aside."""
    found = [mark for ax in fig.axes for mark in ax.collections if (mark.get_gid() or "").endswith(ends)]
    return any(len(mark.get_paths()) and len(mark.get_offsets()) for mark in found)


def in_panel(fig, end):
    """Return whether some of such an area lies between the limits of its panel."""
    found = [(ax.get_xlim(), mark) for ax in fig.axes for mark in ax.collections if mark.get_gid().endswith(end)]
    spans = [(limits, mark.get_paths()[0].vertices[:, 0]) for limits, mark in found]
    return any(x.min() < high and x.max() > low for (low, high), x in spans)


def hollow(fig):
    """Return whether a square has a white inside, or a marker of three layers an innermost one."""
    layers = [
        mark.get_sizes()[2::3]
        for ax in fig.axes
        for mark in ax.collections
        if mark.get_gid() == "points" or ((mark.get_gid() or "").startswith("outcome-") and "markers" in mark.get_gid())
    ]
    return drawn(fig, "-markers-hollow") or any((sizes > 0).any() for sizes in layers)


def dashed(fig, *ends):
    found = [mark for ax in fig.axes for mark in ax.collections if (mark.get_gid() or "").endswith(ends)]
    return any(dash is not None for mark in found for _, dash in mark.get_linestyles())


MARKS = {
    "arrowhead": lambda fig: drawn(fig, "-arrows-left", "-arrows-right"),
    "hollow": hollow,
    "dotted line": lambda fig: dashed(fig, "-pooled-line"),
    "dashed interval": lambda fig: dashed(fig, "-intervals-imputed"),
    "dashed line": lambda fig: dashed(fig, "-zone-line"),
    "; band:": lambda fig: in_panel(fig, "-zone") and not drawn(fig, "-zone-line"),
    "beyond the panel": lambda fig: (fig.content.table["kind"] == "zone").any() and not in_panel(fig, "-zone"),
    "squares": lambda fig: drawn(fig, "contrast-markers") and "small diamonds" not in fig.content.caption.lower(),
    "open circles": lambda fig: drawn(fig, "placebo-markers"),
    "filled circles": lambda fig: drawn(fig, "treatment-markers"),
    "grey bar": lambda fig: drawn(fig, "-connectors"),
    "open for placebo arms": lambda fig: drawn(fig, "placebo-total", "placebo-subtotals"),
    "diamonds: pooled results": lambda fig: (
        drawn(fig, "contrast-total", "-subtotals", "-models") or "small diamonds" in fig.content.caption.lower()
    ),
    "diamond below": lambda fig: drawn(fig, "-total") and "small diamonds" in fig.content.caption.lower(),
    "further models": lambda fig: drawn(fig, "-models"),
    "open diamond": lambda fig: any(
        mark.get_gid() == "contrast-prediction" and not isinstance(mark, LineCollection)
        for ax in fig.axes
        for mark in ax.collections
    ),
    "curve": lambda fig: drawn(fig, "-density"),
    "thin lines": lambda fig: drawn(fig, "predictions"),
    "(+) as printed": lambda fig: "+" in letters_of(fig),
    "(−) imputed": lambda fig: "−" in letters_of(fig),
    "unheard of": lambda fig: "?" in letters_of(fig),
    "shape and colour": lambda fig: drawn(fig, "outcome-0-markers"),
}


def letters_of(fig):
    return {text.get_text() for text in fig.findobj(Text) if (text.get_gid() or "").startswith("symbols-")}


@pytest.mark.parametrize("case", CASES)
def test_a_mark_is_explained_where_it_is_drawn_and_nowhere_else(case):
    for fig in family(CASES[case]()):
        footer = " ".join(fig.content.table.query("kind == 'footer'")["name"])
        there = {name for name, is_drawn in MARKS.items() if is_drawn(fig)}
        for said in (footer, fig.content.caption):
            assert {name for name in MARKS if name in said.lower()} == there
        assert not [name for name in MARKS if name in fig.content.alt_text.lower()]
        assert "one per row" not in fig.content.alt_text or not drawn(fig, "points")
