"""The Doi plot, read back from the artists that were drawn."""

import numpy as np
import pytest
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic

import analysis as ma


@pytest.fixture(scope="module")
def effects():
    return synthetic(13)


@pytest.fixture(scope="module")
def fig(effects):
    return ma.doi_plot(effects)


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


def test_every_trial_stands_at_its_effect_and_folded_quantile(fig, effects):
    points = ma.lfk_index(effects).points.set_index("label").loc[effects.labels]
    drawn = artist(fig, "doi-trials")
    np.testing.assert_allclose(drawn.get_offsets()[1::3], np.column_stack([effects.yi, points["z"].abs()]))
    np.testing.assert_array_equal(drawn.get_sizes()[2::3] > 0, effects.table["status"] == "imputed")
    table = fig.content.table
    np.testing.assert_allclose(table.loc[table["kind"] == "trial", "z"], points["z"])


def test_limbs_join_effects_in_their_order_and_meet_in_the_middle(fig, effects):
    points = ma.lfk_index(effects).points
    (limbs,), (middle,) = (artist(fig, name).get_segments() for name in ("doi-limbs", "doi-middle"))
    np.testing.assert_allclose(limbs, np.column_stack([points["estimate"], points["z"].abs()]))
    assert set(middle[:, 0]) == {points.loc[points["z"].abs().idxmin(), "estimate"]}
    low, high = artist(fig, "doi-trials").axes.get_ylim()
    assert low > points["z"].abs().max() and high < 0


def test_the_index_is_told_with_what_it_is_not(fig, effects):
    found = ma.lfk_index(effects)
    said = f"LFK index −{abs(found.statistic):.2f}, which its authors call {found.asymmetry} asymmetry"
    assert said in fig.content.caption and said in fig.content.alt_text and said in " ".join(texts(fig, "footer"))
    assert "It is no test: where there is nothing it is beyond 1 too often" in fig.content.caption
    assert "Asymmetry is not bias" in fig.content.caption and "cannot be judged" not in fig.content.caption
    assert "fewer than 10, asymmetry cannot be judged" in ma.doi_plot(synthetic(3)).content.caption
    assert texts(fig, "key-text") == ["trial (10)", "SD imputed (3)", "in the order of effects", "middle"]


@pytest.mark.parametrize("width", [85, 174])
@pytest.mark.parametrize("k", [3, 60])
def test_nothing_is_misplaced(k, width):
    assert misplaced(ma.doi_plot(synthetic(k), width_mm=width)) == ([], [])


def test_two_trials_have_no_limbs():
    with pytest.raises(ValueError, match="needs 3 studies or more, and there are 2"):
        ma.doi_plot(ma.pool([0.1, 0.2], [0.1, 0.2]))
