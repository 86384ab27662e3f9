"""Every model can be drawn as a forest: its own weights, estimate and words, for data of any kind."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from numpy.testing import assert_allclose
from plot_cases import artist, body, misplaced, synthetic

import analysis
from analysis import forest, funnel, save_figure

LEVELS = {"yi": [0.1, 0.3, 0.5, 0.7, 0.2], "vi": [0.02, 0.03, 0.02, 0.04, 0.03]}


@pytest.fixture
def wide():
    """Counts with a zero cell in D and E, and no event at all in C."""
    return pd.DataFrame(
        {
            "study": list("ABCDEF"),
            "events_t": [4, 6, 0, 0, 12, 3],
            "n_t": [40, 35, 30, 25, 80, 33],
            "events_p": [9, 11, 0, 3, 0, 7],
            "n_p": [41, 36, 31, 26, 80, 30],
        }
    )


@pytest.fixture
def foreign(wide):
    about = {"benefit": "higher", "arms": ("laser", "sham"), "outcome_name": "responders"}
    return analysis.effect_sizes(wide.iloc[[0, 1, 3, 5]], measure="RR", **about)


def clean(fig):
    assert misplaced(fig) == ([], [])


def rows(fig, kind="trial"):
    return fig.content.table[fig.content.table["kind"] == kind]


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


# weights, estimate and standard error of metafor 3.8.1: rma.mh(ai, n1i, ci, n2i, measure) and rma.peto
METAFOR = {
    "RR": ([0.296212674319441, 0.361400322717205, 0, 0.098011546649815, 0, 0.244375456313539], -0.182962580527324),
    "OR": ([0.300822464069120, 0.337895655063554, 0, 0.110596494143059, 0, 0.250685386724267], -0.209080034538626),
    "RD": (
        [
            0.166369215660769,
            0.145823103317916,
            0.125275819829326,
            0.104726676285743,
            0.328680645573715,
            0.1291245393325,
        ],
        -0.0206141783489028,
    ),
    "Peto": (
        [0.2363897697001998, 0.2805376005294905, 0, 0.0615967901586338, 0.2389892877961797, 0.1824865518154962],
        -0.214706146995617,
    ),
}


@pytest.mark.parametrize("name", METAFOR)
def test_counts_stand_with_their_events_and_the_weights_of_their_method(wide, name):
    made = analysis.pool_peto(wide) if name == "Peto" else analysis.pool_mantel_haenszel(wide, measure=name)
    fig = forest(made)
    weights, estimate = METAFOR[name]
    assert_allclose(rows(fig)["weight"], weights, rtol=1e-10, atol=1e-15)
    assert_allclose(rows(fig, "total")["contrast_estimate"], estimate, rtol=1e-12)
    assert rows(fig)["text_events_treatment"].tolist() == ["4", "6", "0", "0", "12", "3"]
    assert rows(fig, "total")[["text_events_placebo", "text_n_placebo"]].to_numpy().tolist() == [["30", "244"]]
    assert not len(rows(fig, "prediction"))
    # a trial without any event has a row, and no mark but of a difference, which is 0
    assert rows(fig)["text_whole"].tolist() == ["", "", "" if name == "RD" else "not estimable", "", "", ""]
    marks = artist(fig, "contrast-markers")
    shown = rows(fig).dropna(subset="contrast_estimate")
    assert_allclose(marks.get_offsets()[:, 0], shown["contrast_estimate"])
    assert_allclose(marks.get_sizes() / marks.get_sizes().max(), shown["weight"] / shown["weight"].max(), atol=0.08)
    clean(fig)


def test_the_table_for_readers_has_the_counts_once_and_says_what_cannot_be_estimated(wide, tmp_path):
    save_figure(forest(analysis.pool_mantel_haenszel(wide)), tmp_path / "counts", formats=["svg"])
    lines = (tmp_path / "counts.md").read_text(encoding="utf-8").splitlines()
    assert "| Study | First arm, Events | First arm, Total | Second arm, Events | Second arm, Total | Risk ratio |" in (
        lines[lines.index("## Table") + 2].replace(" Weight |", "").strip()
    )
    assert any(line.startswith("| C <sup>c</sup> | 0 | 30 | 0 | 31 | not estimable |") for line in lines)


def test_counts_name_their_method_and_what_zero_cells_did(wide):
    fig = forest(analysis.pool_mantel_haenszel(wide, measure="RR"))
    assert fig.content.title == "Risk ratio in 6 studies and the Mantel-Haenszel result"
    assert texts(fig, "head-text_estimate") == ["Risk ratio, M-H [95% CI]"]
    said = fig.content.caption
    assert "Common-effect model by the Mantel-Haenszel method" in said
    assert "Heterogeneity: I² 61% (from Q), Q 10.3, df 4" in said and "τ" not in said
    assert "Test of the overall effect: z −0.72, p = 0.47" in said and "6 studies)" in said
    notes = dict(zip(rows(fig)["name"], rows(fig)["notes"], strict=True))
    assert notes == {"A": "", "B": "", "C": "c", "D": "a", "E": "a b", "F": ""}
    assert "(a) a zero cell, effect and interval shown after a continuity correction" in said
    assert "(b) weight 0 in a Mantel-Haenszel ratio" in said
    assert "(c) no events in either arm, no weight in the pooled RR and not in Q" in said and "Left out" not in said
    peto = forest(analysis.pool_peto(wide)).content
    assert peto.title.startswith("Peto odds ratio in") and "Peto's one-step method" in peto.caption
    assert "continuity" not in peto.caption
    none = forest(analysis.pool_mantel_haenszel(wide, continuity=0.0, measure="RR")).content
    assert "continuity correction" not in none.caption and "a zero cell, and no continuity" in none.caption


def test_counts_of_others_have_their_arms_and_directions(foreign):
    fig = forest(analysis.pool_mantel_haenszel(foreign))
    assert {"Laser", "Sham", "Events", "Total"} <= {t.get_text() for t in fig.findobj(Text)}
    assert texts(fig, "caption-contrast-1") == ["← favours sham", "favours laser →"]
    own = forest(analysis.pool_mantel_haenszel(foreign), columns=("n",))
    assert texts(own, "head-text_n") == ["Study", "laser", "sham"]
    # the same columns for effects that are made of counts
    assert rows(forest(foreign, columns=("arms",)))["text_events_treatment"].tolist() == ["4", "6", "0", "3"]


def test_counts_without_names_or_with_one_missing(wide):
    wide.loc[1, "events_t"] = np.nan
    fig = forest(analysis.pool_mantel_haenszel(wide, missing="drop"))
    assert "Left out, 1 study: no number of events (B)." in fig.content.caption
    assert rows(fig)["name"].tolist() == list("ACDEF") and rows(fig)["notes"].tolist()[1] == "c"
    many = analysis.pool_mantel_haenszel([[1, 2]] * 2, [[9, 9]] * 2, [[3, 4]] * 2, [[9, 9]] * 2)
    with pytest.raises(ValueError, match="many meta-analyses"):
        forest(many)
    with pytest.raises(ValueError, match="prediction is 'density'.*PooledCounts has not"):
        forest(analysis.pool_peto([1, 2], [9, 9], [3, 4], [9, 9]), prediction="density")


def test_responders_favour_what_has_more_of_them():
    found = analysis.pool_responders(analysis.read_trials("data/trials.csv"))
    fig = forest(found)
    assert texts(fig, "caption-contrast-1") == ["← favours placebo", "favours treatment →"]
    assert rows(fig, "total")["contrast_estimate"].item() == found.difference.estimate > 0
    assert rows(fig)["text_events_treatment"].ne("").all() and found.caveat.rstrip(".") in fig.content.caption
    ratio = forest(found, measure="RR")
    assert rows(ratio, "total")["contrast_estimate"].item() == found.ratio.estimate
    with pytest.raises(ValueError, match="measure is 'OR', but these responders are pooled as RD and RR"):
        forest(found, measure="OR")


# weights: metafor 3.8.1, rma.mv(yi, vi, random = ~ 1 | g/id), weights(type = "rowsum"), to its default convergence
def test_effects_of_one_trial_stand_under_it_with_the_weights_of_the_model():
    fit = analysis.pool_multilevel(*LEVELS.values(), cluster=list("aabbc"))
    fig = forest(fit)
    lines = body(fig)
    assert lines["kind"].tolist() == [*["heading", "trial", "trial"] * 2, "trial", "total", "prediction"]
    assert lines["name"].tolist()[:7] == ["a", "Effect 1", "Effect 2", "b", "Effect 1", "Effect 2", "c"]
    weights = [0.222422260754119, 0.148281507180261, 0.240378940984448, 0.120189470505413, 0.268727820575759]
    assert_allclose(rows(fig)["weight"], weights, rtol=1e-6)
    said = fig.content.caption
    assert "Three-level model, variances by REML" in said and "of single effects by the normal" in said
    between, within = (f"{x:.{2 + (0 < x < 0.1)}f}" for x in fit.sigma2)
    assert f"between clusters σ² {between}" in said and f"within clusters σ² {within}" in said
    assert "5 effects of 3 clusters, one per row" in fig.content.alt_text
    clean(fig)


def test_effects_of_trials_with_names_share_them_in_the_heading():
    table = pd.DataFrame(LEVELS | {"label": ["B 2006, 7 weeks", "B 2006, 12 weeks", "A 2005", "D 2001, x", "D 2001"]})
    table["study"], table["year"], table["n_t"], table["n_p"] = list("bbadd"), [2006, 2006, 2005, 2001, 2001], 20, 21
    effects = analysis.effect_sizes(table, measure="SMD", benefit="higher", arms=("laser", "sham"))
    fig = forest(analysis.pool_multilevel(effects, cluster="study"))
    assert body(fig)["name"].tolist()[:7] == ["D 2001", "D 2001", "x", "A 2005", "B 2006", "7 weeks", "12 weeks"]
    assert rows(fig, "total")["text_tail"].tolist() == ["k = 5 effects of 3 studies"]
    # people of one trial are not summed over its effects
    assert rows(fig)["text_n_treatment"].tolist() == ["20"] * 5
    assert rows(fig, "total")["text_n_treatment"].tolist() == [""]
    assert "between studies" in fig.content.caption


def of_several(weeks):
    """Return the three-level model of three trials with two effects each; D has no SD at these weeks."""
    table = pd.DataFrame({"study": list("AABBCCDD"), "week": [6, 26] * 4, "mean_t": range(8), "mean_p": 3.0, "n_p": 20})
    table["label"], table["n_t"] = [f"{row.study}, week {row.week}" for row in table.itertuples()], 20
    table["sd_t"] = table["sd_p"] = 2.0
    table.loc[(table["study"] == "D") & table["week"].isin(weeks), "sd_t"] = np.nan
    effects = analysis.effect_sizes(table, measure="MD", missing="drop")
    return analysis.pool_multilevel(effects, cluster="study")


def test_a_trial_left_out_with_all_its_effects_is_one_trial():
    caption = forest(of_several([6, 26])).content.caption
    assert "Left out, 2 effects of 1 study: no standard deviation (D)." in caption
    # a study that is drawn is not left out
    assert "Left out, 1 effect: no standard deviation (D, week 26)." in forest(of_several([26])).content.caption
    with analysis.theme(labels="de"):
        fig = forest(of_several([6, 26]))
    assert "Weggelassen, 2 Effekte aus 1 Studie: keine Standardabweichung (D)." in fig.content.caption
    assert fig.content.title == "Mittelwertdifferenz in 6 Effekten aus 3 Studien und das gepoolte Ergebnis"
    assert "k = 6 Effekte aus 3 Studien" in texts(fig, "")


def test_steps_of_several_effects_a_trial_tell_effects_from_trials():
    fit = of_several([6, 26])
    fig = analysis.steps_forest(analysis.leave_one_out(fit), overall=fit)
    assert rows(fig, "total")["text_k"].tolist() == ["6"] and "Effects" in texts(fig, "head-")
    assert "6 effects of 3 studies together" in fig.content.alt_text


@pytest.mark.parametrize("prior", [None, analysis.Normal(0.0, 0.5)])
def test_a_posterior_is_drawn_below_the_trials_as_observed(prior):
    found = analysis.pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], mu_prior=prior, measure="MD")
    fig = forest(found)
    total = rows(fig, "total").iloc[0]
    assert (total["contrast_estimate"], total["contrast_low"]) == (found.mu.median, found.mu.interval.low)
    assert rows(fig)["contrast_estimate"].tolist() == [-1.2, -0.4, -2.0]
    assert rows(fig, "prediction")["contrast_low"].item() == found.new.interval.low
    assert texts(fig, "head-text_estimate") == ["Difference [95% CI or CrI]"]
    assert "(95% CrI" in fig.content.caption and "95% credible interval" in fig.content.caption
    # with a flat prior the weights make the posterior mean; a prior has the rest of them
    given = 0.0 if prior is None else 1 - found.weights.sum()
    assert (given > 0.05) == (prior is not None)
    assert_allclose(found.weights @ found.yi, found.mu.mean, rtol=1e-9)
    assert len(rows(forest(found, prediction="density"), "density"))


def test_a_regression_has_the_fitted_mean_behind_each_trial():
    data = pd.DataFrame(LEVELS | {"dose": range(5), "study": list("ABCDE")})
    about = {"measure": "OR", "benefit": "higher", "arms": ("laser", "sham")}
    fit = analysis.meta_regression("yi ~ dose", analysis.effect_sizes(data, **about))
    fig = forest(fit)
    assert body(fig)["kind"].tolist() == ["trial"] * 5
    diamonds = [path.vertices for path in artist(fig, "contrast-fitted").get_paths()]
    fitted = fit.predict()
    low, high = panel_limits(fig)
    inside = fitted["ci_low"].gt(low) & fitted["ci_high"].lt(high)
    assert inside.any()
    for corners, mean in zip(np.array(diamonds, dtype=object)[inside], fitted[inside].itertuples(), strict=True):
        assert_allclose([corners[:, 0].min(), corners[:, 0].max()], [mean.ci_low, mean.ci_high])
    # metafor 3.8.1, predict(rma(yi, vi, mods = ~ dose)) and weights of it
    means = [0.230502613993751, 0.291570245441342, 0.352637876888932, 0.413705508336522, 0.474773139784113]
    weights = [0.227568708133334, 0.190513394329698, 0.227568708133334, 0.163835795073935, 0.190513394329698]
    assert_allclose(rows(fig)["fitted_estimate"], means, rtol=1e-8)
    assert_allclose(rows(fig)["weight"], weights, rtol=1e-8)
    said = fig.content.caption
    span = f"Fitted means of laser over sham run from {np.exp(means[0]):.2f} to {np.exp(means[-1]):.2f}"
    assert span in said
    assert "Mixed-effects model, τ² by REML, yi ~ dose" in said and "Test of the moderators: F" in said
    assert "pale diamonds: fitted means" in said and "diamonds: pooled" not in said
    assert texts(fig, "caption-contrast-1") == ["← favours sham", "favours laser →"]
    clean(fig)


def panel_limits(fig):
    return next(ax for ax in fig.axes if ax.get_label() == "contrast").get_xlim()


@pytest.mark.parametrize("ci_method", ["HKSJ", "z"])
def test_the_overall_effect_is_tested_in_the_figure(ci_method):
    pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], ci_method=ci_method)
    statistic = analysis.text.number(pooled.statistic)
    told = f"t {statistic}, df 2, p" if ci_method == "HKSJ" else f"z {statistic}, p"
    assert f"Test of the overall effect: {told} {analysis.text.equals(pooled.pvalue)}" in forest(pooled).content.caption
    assert "overall effect" not in forest(analysis.pool([1.0], [0.1])).content.caption


@pytest.mark.parametrize("measure", ["PLO", "MN"])
def test_nothing_is_tested_where_no_value_is_that_of_no_effect(measure):
    pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], measure=measure)
    [estimate] = [line for line in pooled.summary().splitlines() if "Estimate" in line]
    assert "p " not in estimate.partition("CI")[2] and "overall effect" not in forest(pooled).content.caption


@pytest.mark.filterwarnings("ignore:width_mm is 85")
@pytest.mark.parametrize("width", [85, 174])
def test_every_model_fits_a_page(wide, width):
    fits = [analysis.pool_peto(wide), analysis.pool_multilevel(*LEVELS.values(), cluster=list("aabbc"))]
    for fit in [*fits, analysis.pool_bayes(**LEVELS)]:
        clean(forest(fit, width_mm=width))


def test_steps_print_p_tau2_and_i2():
    effects = synthetic(5)
    fig = analysis.steps_forest(analysis.leave_one_out(effects))
    assert [texts(fig, f"head-text_{name}") for name in ("pvalue", "tau2", "i2")] == [["p"], ["τ²"], ["I²"]]
    for row, step in zip(rows(fig).to_dict("records"), rows(fig).to_dict("records"), strict=True):
        assert row["text_pvalue"] == analysis.text.equals(step["pvalue"]).removeprefix("= ")


def test_funnels_tell_groups_apart(tmp_path):
    effects = synthetic(12, groups=3)
    fig = funnel(effects, by="therapy_family")
    assert rows(fig)["group"].tolist() == [f"Family {i % 3}" for i in range(12)]
    assert texts(fig, "key-text")[:3] == [f"Family {i} (4)" for i in range(3)]
    marks = artist(fig, "funnel-trials")
    assert len({tuple(colour) for colour in marks.get_facecolors()}) == 4  # and the paper
    assert "shape and colour by group" in fig.content.caption
    same = funnel(analysis.pool_subgroups(effects, "therapy_family"))
    assert rows(same)["group"].tolist() == rows(fig)["group"].tolist()
    assert "group" not in rows(funnel(effects)) and "by group" not in funnel(effects).content.caption
    many = funnel(synthetic(18, groups=9), by="therapy_family")
    assert "other groups: Family 5" in many.content.caption
    save_figure(fig, tmp_path / "funnel", formats=["svg"])


def test_figures_name_themselves_where_they_refuse(wide):
    three = analysis.pool_multilevel(*LEVELS.values(), cluster=list("aabbc"))
    for draw in (funnel, analysis.radial, analysis.qq_plot, analysis.drapery, analysis.orchard):
        with pytest.raises(TypeError, match=rf"^{draw.__name__}\(\) cannot use a MultilevelEffect: .*forest draws it"):
            draw(three)
        with pytest.raises(TypeError, match=rf"^{draw.__name__}\(\) cannot use a PooledCounts: it pools counts; give"):
            draw(analysis.pool_peto(wide))
