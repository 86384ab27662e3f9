"""The normal Q-Q plot of residuals, read back from the artists that were drawn."""

import numpy as np
import pytest
from data_cases import published_trials
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic, table_of_twins

import analysis
from analysis.models.diagnostics import residual_quantiles, standardised_residuals
from analysis.plots._qq import qq_plot


@pytest.fixture(scope="module")
def arms():
    return analysis.pool_arms(published_trials())


@pytest.fixture(scope="module")
def fig(arms):
    return qq_plot(arms)


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def panel(fig):
    return next(ax for ax in fig.axes if ax.get_label() == "qq")


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


@pytest.mark.parametrize("deleted", [False, True])
def test_residuals_stand_against_their_normal_quantiles(arms, deleted):
    drawn = qq_plot(arms, deleted=deleted)
    table = residual_quantiles(arms.contrast, deleted=deleted)
    marks = artist(drawn, "qq-trials")
    np.testing.assert_array_equal(marks.get_offsets()[::2], table[["quantile", "z"]])
    assert rows(drawn)["name"].tolist() == table["label"].tolist()
    z = standardised_residuals(arms.contrast, deleted=deleted)["z"].to_numpy()
    np.testing.assert_array_equal(rows(drawn)["z"], np.sort(z))
    assert texts(drawn, "title-y") == [f"{'Deleted' if deleted else 'Standardised'} residual, standard errors"]
    status = arms.effects.table.set_index("label")["status"]
    np.testing.assert_array_equal(marks.get_sizes()[1::2] > 0, status[rows(drawn)["name"]] == "imputed")


def test_each_trial_keeps_its_own_effect(fig, arms):
    effects = arms.effects.table.set_index("study")
    np.testing.assert_array_equal(rows(fig)["estimate"], effects["yi"][rows(fig)["study"]])
    np.testing.assert_allclose(rows(fig)["residual"], rows(fig)["estimate"] - arms.contrast.estimate)


def test_the_envelope_is_that_of_the_simulation(fig, arms):
    table = residual_quantiles(arms.contrast)
    low, high = artist(fig, "qq-envelope-edges").get_segments()
    np.testing.assert_array_equal(low, table[["quantile", "envelope_low"]])
    np.testing.assert_array_equal(high, table[["quantile", "envelope_high"]])
    area = artist(fig, "qq-envelope").get_paths()[0].vertices
    assert area[:, 1].min() == table["envelope_low"].min() and area[:, 1].max() == table["envelope_high"].max()
    beyond = (table["z"] < table["envelope_low"]) | (table["z"] > table["envelope_high"])
    np.testing.assert_array_equal(rows(fig)["outside"].astype(bool), beyond)
    assert f"{beyond.sum()} of 44 trials lie outside the envelope" in fig.content.caption
    assert "in 1\u202f000 simulations" in fig.content.caption
    narrower = qq_plot(arms, envelope=0.8)
    assert rows(narrower, "reference")["envelope_level"].iloc[0] == 0.8
    assert "1 in 5 would by chance" in narrower.content.caption and "80% envelope" in texts(narrower, "key-text")


def test_the_diagonal_is_equality_on_a_square(fig):
    ax = panel(fig)
    assert ax.get_xlim() == ax.get_ylim()
    width, height = fig.get_size_inches() * [ax.get_position().width, ax.get_position().height]
    assert width == pytest.approx(height)
    line = artist(fig, "qq-line").get_segments()[0]
    np.testing.assert_array_equal(line[:, 0], line[:, 1])
    assert tuple(line[:, 0]) == ax.get_xlim()


def test_trials_outside_are_named_the_farthest_from_the_line_first(fig, arms):
    trials = rows(fig)
    far = trials[trials["outside"].astype(bool)]
    far = far.iloc[np.argsort(-(far["z"] - far["quantile"]).abs())]["name"].tolist()
    for drawn, wanted in ((fig, far[:6]), (qq_plot(arms, label=2), far[:2])):
        assert set(rows(drawn).loc[rows(drawn)["labelled"].astype(bool), "name"]) == set(wanted)
        assert set(texts(drawn, "name-")) <= set(wanted) and texts(drawn, "name-")
    assert set(texts(qq_plot(arms, label=["Lauretti 2015", "tam2007"]), "name-")) == {"Lauretti 2015", "Tam 2007"}


@pytest.mark.parametrize(
    ("k", "width", "name"),
    [
        (3, 85, "A trial with a name that does not want to end, however long one waits {i}"),
        (13, None, "Łukasiewicz & Ørsted-Ångström {i}, Αθήνα, Москва"),
        (60, 85, "Trial {i}"),
        (200, 174, "Trial {i}"),
    ],
)
def test_no_text_overlaps_or_leaves_the_page(k, width, name):
    drawn = qq_plot(synthetic(k, name=name), width_mm=width, note="one sample")
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 120)
    assert drawn.content.caption.endswith("One sample.")
    assert ("only gross departures would show" in drawn.content.caption) == (k < 10)


@pytest.mark.parametrize("factor", [1e5, 1e-5])
def test_the_unit_of_the_effects_does_not_matter(factor):
    yi, vi = np.array([0.3, 0.42, -0.33, 0.1]), np.array([0.04, 0.01, 0.02, 0.1])
    one, other = qq_plot(analysis.pool(yi, vi)), qq_plot(analysis.pool(yi * factor, vi * factor**2))
    np.testing.assert_allclose(rows(one)["z"], rows(other)["z"], rtol=1e-6)
    assert misplaced(other) == ([], [])


def test_equal_effects_lie_on_a_level_line():
    drawn = qq_plot(analysis.pool([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], measure="SMD"))
    np.testing.assert_allclose(rows(drawn)["z"], 0, atol=1e-12)
    assert misplaced(drawn) == ([], [])


def test_it_draws_into_other_axes(arms, fig):
    other = Figure(figsize=(8, 3))
    first, second = other.subplots(1, 2)
    assert qq_plot(arms, ax=first) is other
    np.testing.assert_array_equal(artist(other, "qq-trials").get_offsets(), artist(fig, "qq-trials").get_offsets())
    titles = "Normal quantile, standard deviations", "Standardised residual, standard errors"
    assert (first.get_xlabel(), first.get_ylabel()) == titles
    assert not second.collections


def test_alternative_text_names_the_ends(fig):
    assert "run from Lauretti 2015 (−2.75) to Walewicz 2019 (1.77)" in fig.content.alt_text
    assert " ".join(texts(fig, "footer-")) == " ".join(rows(fig, "footer")["name"])


def test_same_bytes_and_a_table_in_markdown(arms, tmp_path):
    lines = table_of_twins(qq_plot(arms), qq_plot(arms), tmp_path)
    assert lines[0] == "| Trial | Mean difference | Residual | Normal quantile | Envelope |"
    assert lines[2].startswith("| Lauretti 2015 | −5.00 | −2.75 | −2.28 | −3.")
    assert len(lines) == 2 + 44 + 1


def test_bad_arguments_are_named(arms):
    with pytest.raises(ValueError, match="a Q-Q plot needs 3 studies or more; these results have 2"):
        qq_plot(analysis.pool([0.1, 0.2], [0.1, 0.1]))
    with pytest.raises(ValueError, match="width_mm is 60; a Q-Q plot needs at least 80 mm"):
        qq_plot(arms, width_mm=60)
    with pytest.raises(ValueError, match="label names 'nobody1999'"):
        qq_plot(arms, label="nobody1999")
    with pytest.raises(ValueError, match="envelope=95 must be a number between 0 and 1"):
        qq_plot(arms, envelope=95)
    with pytest.raises(TypeError, match="qq_plot.. cannot use a "):
        qq_plot([1.0])
