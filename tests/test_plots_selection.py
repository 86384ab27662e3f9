"""The weights of a selection model, read back from the artists that were drawn."""

import numpy as np
import pytest
from matplotlib.text import Text
from plot_cases import artist, misplaced
from scipy import stats

import analysis as ma
from analysis.sentences import Wording

YI = [0.9, 0.7, 0.62, 0.5, 0.55, 0.31, 0.1, 0.22, -0.1, 0.05]
VI = [0.09, 0.08, 0.06, 0.05, 0.07, 0.02, 0.01, 0.02, 0.03, 0.01]


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


def test_steps_are_the_weights_between_them():
    fit = ma.selection_model(YI, VI, steps=(0.025, 0.5))
    fig = ma.selection_plot(fit)
    (curve,) = artist(fig, "selection-curve").get_segments()
    assert curve[:, 0].tolist() == [0.0, 0.025, 0.025, 0.5, 0.5, 1.0]
    np.testing.assert_allclose(curve[:, 1], np.repeat(fit.weights, 2))
    assert artist(fig, "selection-none").get_segments()[0][:, 1].tolist() == [1.0, 1.0]
    table = fig.content.table
    own = table[table["kind"] == "trial"]
    assert np.histogram(own["p"], [0.0, 0.025, 0.5, 1.0])[0].tolist() == [*fit.in_interval]
    assert set(own["weight"]) == set(fit.weights)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_a_tick_stands_at_the_p_value_of_each_study(alternative):
    yi = -np.array(YI) if alternative == "less" else np.array(YI)
    fig = ma.selection_plot(ma.selection_model(yi, VI, steps=0.2, alternative=alternative))
    z = np.array(YI) / np.sqrt(VI)
    p = 2 * stats.norm.sf(np.abs(z)) if alternative == "two-sided" else stats.norm.sf(z)
    np.testing.assert_allclose([line[0, 0] for line in artist(fig, "selection-trials").get_segments()], p)
    side = {"greater": "for effects above 0", "less": "for effects below 0", "two-sided": "two-sided"}[alternative]
    assert f"p value, {side}" in texts(fig, "title-x") + texts(fig, "caption")


def test_a_beta_density_is_1_where_it_is_said_to_be():
    fit = ma.selection_model(YI, VI, kind="beta")
    fig = ma.selection_plot(fit)
    (curve,) = artist(fig, "selection-curve").get_segments()
    density = stats.beta(*fit.weights).pdf if min(fit.weights) > 0 else None
    np.testing.assert_allclose(curve[:, 1], density(curve[:, 0]) / density(0.025))
    assert "relative to p = 0.025" in fig.content.caption


def test_what_was_fitted_is_told():
    fit = ma.selection_model(ma.pool(YI, VI, measure="OR"))
    fig = ma.selection_plot(fit)
    for said in (fig.content.caption, fig.content.alt_text):
        assert f"With p from 0.025 to 1: {fit.in_interval[1]} studies, seen " in said
        assert f"Adjusted for selection: {Wording.of(fit).estimate(fit)}; not adjusted: " in said
    assert "Likelihood-ratio test of no selection: χ² " in fig.content.caption
    assert texts(fig, "key-text") == ["fitted", "no selection"]


@pytest.mark.parametrize("width", [85, 174])
def test_nothing_is_misplaced(width):
    assert misplaced(ma.selection_plot(ma.selection_model(YI, VI), width_mm=width)) == ([], [])


def test_only_selection_models_are_drawn():
    with pytest.raises(TypeError, match=r"selection_plot\(\) cannot use a PooledEffect: give selection_model"):
        ma.selection_plot(ma.pool(YI, VI))
