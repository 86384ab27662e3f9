"""The simulation of levels: seeded by the name of a cell, and right where the answer is known."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import analysis as ma

TOOL = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "small_study_table.py"))
PEOPLE = np.array([[20.0, 20.0], [80.0, 75.0], [40.0, 45.0]])


def test_a_cell_has_random_numbers_of_its_own():
    once, again = (TOOL["simulated"](("OR", "much", 5), 4, PEOPLE) for _ in range(2))
    other = TOOL["simulated"](("OR", "some", 5), 4, PEOPLE)
    assert np.array_equal(once["y"], again["y"]) and not np.array_equal(once["y"], other["y"])
    assert once["y"].shape == (5, 4) and (once["v"] > 0).all()


def test_columns_are_what_the_tests_say_one_by_one():
    data = TOOL["simulated"](("MD", "some", 10), 3, PEOPLE)
    found = TOOL["pvalues_of"]("MD", data)
    for i in range(3):
        y, v = data["y"][:, i], data["v"][:, i]
        assert found["Egger"][i] == pytest.approx(ma.egger_test(y, v).pvalue)
        mixed = ma.egger_test(y, v, model="mixed", ci_method="z").pvalue
        assert found["Egger, mixed model, z"][i] == pytest.approx(mixed)
        assert found["Begg"][i] == pytest.approx(ma.begg_test(y, v).pvalue)
        assert found["Excess significance"][i] == pytest.approx(ma.excess_significance(y, v).pvalue)
        if not np.isnan(p := found["Selection model, p 0.025"][i]):
            assert p == pytest.approx(ma.selection_model(y, v).lrt_pvalue, abs=1e-6)
        filled = ma.trim_and_fill(y, v, estimator="R0", ci_method="z")
        assert found["Trim and fill, R0"][i] == filled.pvalue
        size = ma.limit_meta_analysis(y, v).q_small_pvalue
        assert found["Limit meta-analysis, Q of size"][i] == pytest.approx(size)
        assert found["LFK index beyond 1"][i] == (abs(ma.lfk_index(y, v).statistic) <= 1)


def test_a_p_curve_is_of_trials_without_an_effect_on_average():
    cell = "SMD", "some", 40
    nothing, effect = (TOOL["simulated"](cell, 50, PEOPLE, nothing=given) for given in (True, False))
    assert abs(nothing["y"].mean()) < 0.05 < 0.3 < effect["y"].mean()
    found = TOOL["curve_pvalues"](effect)
    assert found[0] == pytest.approx(ma.p_curve(effect["y"][:, 0], effect["v"][:, 0]).pvalue)
    few = TOOL["curve_pvalues"]({"y": np.full((3, 1), 0.1), "v": np.ones((3, 1))})
    assert np.isnan(few).all()
    # Where no effect differs from 0, the p values are uniform but for the estimated SDs.
    level = TOOL["rejected"](("MD", "none", 40), 400, np.full((1, 2), 500.0))["p-curve falls, no effect"]
    assert level[0] == pytest.approx(5.0, abs=3.3)


def test_levels_are_right_where_they_are_known_to_be():
    """Without heterogeneity Egger's regression is nearly exact; odds ratios tilt a funnel by themselves."""
    cell = TOOL["rejected"](("MD", "none", 10), 2000, PEOPLE)
    assert cell["Egger"][0] == pytest.approx(5.0, abs=1.7) and cell["Excess significance"][0] < 5.0
    tied = TOOL["rejected"](("OR", "much", 20), 300, PEOPLE)
    assert tied["Egger"][0] > tied["Peters"][0]


def test_a_table_has_a_row_for_each_test_and_heterogeneity():
    found = {("MD", level, k): {"Egger": (5.0, 100.0)} for level in TOOL["LEVELS"] for k in TOOL["K"]}
    found["MD", "none", 5] = {"Egger": (4.0, 90.0)}
    lines = TOOL["table_of"]("MD", found)
    assert len(lines) == 8 and lines[4] == "| Egger | none | 4.0 (90) | 5.0 | 5.0 | 5.0 |"
