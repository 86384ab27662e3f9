"""The Baujat plot, read back from the artists that were drawn."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic

import analysis
from analysis import baujat_plot

FOUND = pd.DataFrame({"label": list("ABCDE"), "x": [0.2, 3.1, 0.9, 0.0, 1.2], "y": [0.1, 0.4, 0.02, 0.0, 1.4]})
FOUND.attrs["model"] = "CE"


@pytest.fixture(scope="module")
def fig():
    return baujat_plot(FOUND, label=2)


def names(fig):
    return {t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("name-") and t.get_text()}


def test_circles_stand_where_the_columns_say(fig):
    at = np.asarray(artist(fig, "baujat-trials").get_offsets())
    assert sorted(map(tuple, np.unique(at, axis=0))) == sorted(zip(FOUND["x"], FOUND["y"], strict=True))
    rows = fig.content.table.query("kind == 'trial'")
    assert rows[["x", "y"]].to_numpy(float).tolist() == FOUND[["x", "y"]].to_numpy().tolist()
    assert (
        "contribution to Q from 0.00 to 3.10, influence on the pooled result from 0.00 to 1.40" in fig.content.alt_text
    )


def test_the_farthest_are_named_and_said(fig):
    assert names(fig) == {"B", "E"} and "Named: E, B" in fig.content.alt_text
    assert names(baujat_plot(FOUND, label=["A"])) == {"A"} and names(baujat_plot(FOUND, label=0)) == set()


def test_columns_may_have_other_names_and_names_come_from_the_index():
    other = FOUND.set_index("label").rename(columns={"x": "q", "y": "moved"})
    assert names(baujat_plot(other, x="q", y="moved", label=1)) == {"E"}


def test_words_are_those_of_the_trials():
    found = analysis.leave_one_out(synthetic(5)).assign(x=1.0, y=np.arange(5.0))
    caption = baujat_plot(found).content.caption
    assert caption.startswith("Heterogeneity and influence of 5 trials. One circle per trial: the farther right")
    assert "doi 10.1002/sim.1221" in caption and "study" not in caption


@pytest.mark.parametrize(
    ("method", "title", "far"),
    [("CE", "Contribution to Q", "adds to Q"), ("REML", "Squared Pearson residual", "the worse the model fits it")],
)
def test_the_axis_is_called_what_it_is_in_the_model(method, title, far):
    found = analysis.baujat(analysis.pool(synthetic(5), tau2_method=method))
    fig = baujat_plot(found)
    assert title in {t.get_text() for t in fig.findobj(Text)} and far in fig.content.caption
    assert title.lower()[1:] in fig.content.alt_text.lower()
    assert fig.content.table["x"].dropna().tolist() == found["x"].tolist()


@pytest.mark.parametrize("k", [1, 3, 60])
@pytest.mark.parametrize("width", [85, 174])
def test_everything_has_its_place(k, width):
    rng = np.random.default_rng(k)
    found = pd.DataFrame({"label": [f"Author {i} 2001" for i in range(k)], "x": rng.chisquare(1, k), "y": 0.0})
    assert misplaced(baujat_plot(found, width_mm=width, note="made up")) == ([], [])


def test_it_fits_into_axes_of_another_figure():
    other = Figure()
    ax = other.subplots()
    assert baujat_plot(FOUND, ax=ax) is other
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Contribution to Q", "Influence on the pooled result")


@pytest.mark.parametrize(
    ("found", "options", "message"),
    [
        (FOUND.drop(columns="y"), {}, "found has no column y"),
        (FOUND, {"x": "q"}, "found has no column q"),
        (
            FOUND.assign(x=[1, -1, np.nan, 2, "?"]),
            {},
            r"B \(row 1\), x is -1; C \(row 2\), x is nan; E \(row 4\), x is \?",
        ),
        (FOUND.iloc[:0], {}, "it has no row"),
        (FOUND, {"label": "Z"}, "label names 'Z'"),
        (FOUND, {"width_mm": 60}, "a Baujat plot needs at least 80 mm"),
    ],
)
def test_what_cannot_be_drawn_is_named(found, options, message):
    with pytest.raises(ValueError, match=message):
        baujat_plot(found, **options)


def test_effects_are_told_which_function_makes_the_table():
    table = pd.DataFrame({"study": list("ABC"), "yi": [0.1, 0.4, 0.9], "vi": 0.1})
    with pytest.raises(TypeError, match="found is an EffectSizes; pass the table that baujat returns"):
        baujat_plot(analysis.effect_sizes(table, measure="SMD"))


def test_axes_that_changed_places_are_refused():
    found = analysis.baujat(analysis.pool([0.1, 0.4, 0.2], [0.1, 0.1, 0.2]))
    with pytest.raises(ValueError, match="x is the contribution to Q, y the influence; leave both out"):
        analysis.baujat_plot(found, x="y", y="x")
