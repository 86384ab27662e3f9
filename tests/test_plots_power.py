"""The power curve, read back from the artists that were drawn."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from plot_cases import artist, misplaced

import analysis as ma

VI = [0.04, 0.09, 0.2, 0.5]
TABLE = pd.DataFrame({"study": list("ABCD"), "yi": [-0.3, -0.5, -0.1, -0.4], "vi": VI})
ODDS = ma.effect_sizes(TABLE, measure="OR", yi="yi", vi="vi", log=True, benefit="lower", arms=("laser", "sham"))


def texts(fig):
    return [t.get_text() for t in fig.findobj(Text) if t.get_text()]


def test_the_curve_is_the_power_on_both_sides_of_no_effect():
    found = ma.power(VI, 0.4, tau2=0.1, ci_method="HKSJ", target=0.9)
    fig = ma.power_plot(found)
    (curve,) = artist(fig, "power-curve").get_segments()
    np.testing.assert_allclose(curve[:, 1], found.curve(curve[:, 0])["power"])
    assert curve[[0, -1], 0].tolist() == [-0.8, 0.8] and curve[:, 1] == pytest.approx(curve[::-1, 1])
    assert artist(fig, "power-asked").get_segments()[0].tolist() == [[0.4, 0.0], [0.4, found.power]]
    assert artist(fig, "power-target").get_segments()[0][:, 1].tolist() == [0.9, 0.9]
    assert artist(fig, "power-null").get_segments()[0][:, 0].tolist() == [0.0, 0.0]
    assert {"power", "power 90%", "no effect"} <= set(texts(fig))


def test_measure_arms_and_benefit_are_those_of_the_effects():
    fig = ma.power_plot(ma.power(ODDS, -0.5, tau2=0.1))
    assert {"← favours laser", "favours sham →"} <= set(texts(fig))
    for said in (fig.content.caption, fig.content.alt_text):
        assert "Power of 4 studies over true means" in said and "to find a true mean of 0.61" in said
        assert "Test of heterogeneity: power " in said and "Further studies until 80% power: " in said
    assert "(z), τ² 0.10 and variances taken as known" in fig.content.caption
    higher = ma.EffectSizes(TABLE, pd.DataFrame(), pd.DataFrame(), measure="SMD", benefit="higher", arms=("a", "b"))
    assert "favours a →" in texts(ma.power_plot(ma.power(higher, 0.3)))


def test_what_there_is_not_is_not_told():
    plain = ma.power_plot(ma.power([0.1], 0.4, tau2=1.0))
    assert "heterogeneity" not in plain.content.caption
    assert (
        "No number of further studies has 100% power"
        in ma.power_plot(ma.power([1e6], 1e-6, tau2=1e6, target=0.9999)).content.caption
    )


@pytest.mark.parametrize("width", [85, 174])
def test_nothing_is_misplaced(width):
    assert misplaced(ma.power_plot(ma.power(ODDS, -0.5), width_mm=width)) == ([], [])


def test_only_power_is_drawn():
    with pytest.raises(TypeError, match=r"power_plot\(\) cannot use a PooledEffect: give power"):
        ma.power_plot(ma.pool(VI, VI))
    with pytest.raises(ValueError, match="mean=0 is no effect, around which there is no curve"):
        ma.power_plot(ma.power(VI, 0.0, tau2=0.1))
