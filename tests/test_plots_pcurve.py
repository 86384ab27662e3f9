"""The p-curve, read back from the artists that were drawn."""

import numpy as np
import pytest
from matplotlib.text import Text
from plot_cases import artist, misplaced

import analysis as ma

YI, VI = [0.9, 0.7, 0.62, 0.5, 0.55, 0.31, 0.1], [0.09, 0.08, 0.06, 0.05, 0.07, 0.02, 0.01]


@pytest.fixture(scope="module")
def fig():
    return ma.p_curve_plot(ma.p_curve(YI, VI))


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


def test_curves_are_the_shares_of_each_fifth(fig):
    bins = ma.p_curve(YI, VI).bins
    for i, name in enumerate(("observed", "no effect", "power of 33%")):
        (line,) = artist(fig, f"p-curve-{i}").get_segments()
        np.testing.assert_allclose(line, bins[["p", name]])
    marks = artist(fig, "p-curve-observed").get_offsets()[1::3]
    np.testing.assert_allclose(sorted(marks[:, 0]), bins["p"])


def test_what_the_curve_shows_is_told_and_what_not(fig):
    found = ma.p_curve(YI, VI)
    for said in (fig.content.caption, fig.content.alt_text):
        assert f"{found.significant} of 7 studies with p < 0.05" in said
        assert "Test that it falls, as with an effect: p " in said and "; of p < 0.025 alone: p " in said
        assert "Test that it is flatter than at a power of 33%: p " in said
        power, low, high = (f"{100 * x:.0f}%" for x in (found.power, *found.power_ci))
        assert f"Average power, if it is the same in all studies: {power} (90% CI {low} to {high})" in said
    assert "it is no test of bias" in fig.content.caption
    assert texts(fig, "key-text") == ["observed", "no effect", "power of 33%"]
    late = ma.p_curve_plot(ma.p_curve([0.41, 0.1], [0.04, 0.04]))
    assert "alone" not in late.content.caption


@pytest.mark.parametrize("width", [85, 174])
def test_nothing_is_misplaced(width):
    assert misplaced(ma.p_curve_plot(ma.p_curve(YI, VI), width_mm=width)) == ([], [])


def test_only_p_curves_are_drawn():
    with pytest.raises(TypeError, match=r"p_curve_plot\(\) cannot use a PooledEffect: give p_curve"):
        ma.p_curve_plot(ma.pool(YI, VI))
