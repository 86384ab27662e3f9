"""The simulation of coverage: seeded by the name of a cell, and right where the answer is known."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import analysis as ma

TOOL = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "coverage_table.py"))
PEOPLE = np.full((3, 2), 40.0)


def test_a_cell_has_random_numbers_of_its_own():
    once, again = (TOOL["simulated"]((3, 0.4, "equal"), 5, PEOPLE) for _ in range(2))
    other = TOOL["simulated"]((3, 0.8, "equal"), 5, PEOPLE)
    assert np.array_equal(once, again) and not np.array_equal(once[0], other[0])
    assert once[0].shape == once[1].shape == (5, 3) and (once[1] > 0).all()


def test_one_large_trial_is_the_first():
    _, vi = TOOL["simulated"]((4, 0.0, "one large"), 400, PEOPLE)
    assert vi.mean(axis=0) == pytest.approx([2 * 4 / 120, *[2 * 4 / 12] * 3], rel=0.1)


def test_coverage_is_near_the_level_where_it_is_known_to_be():
    """With equal sizes and no heterogeneity HKSJ is nearly exact; the wider of two covers more than either."""
    found = TOOL["means"]((5, 0.0, "equal"), 4000, PEOPLE)
    assert found["HKSJ"] == pytest.approx(95.0, abs=1.5)
    assert found["HKSJ-wide"] >= max(found["HKSJ"], found["z"]) and found["HKSJ-mod"] >= found["HKSJ"]
    narrow = TOOL["narrow_ones"]({(5, 0.4, "equal"): TOOL["means"]((5, 0.4, "equal"), 2000, PEOPLE)})[5,]
    assert narrow["HKSJ holds the mean there"] < narrow["HKSJ-wide holds it there"] < 100.0
    assert 100.0 < narrow["width of HKSJ-wide, HKSJ = 100"] < narrow["width of HKSJ-mod, HKSJ = 100"]
    assert TOOL["held"](1.0, np.array([-1.959964]), np.array([1.959964]))[0] == pytest.approx(0.95, abs=1e-6)
    assert TOOL["held"](0.0, np.array([-1.0, 0.5]), np.array([1.0, 2.0])).tolist() == [1.0, 0.0]


def test_the_page_has_the_worst_and_the_mean_cell():
    lines = TOOL["table_of"]("Title", {(2, 0.0, "a"): {"z": 90.0}, (2, 0.4, "a"): {"z": 80.0}}, ("z",))
    assert lines[-2] == "| z | 80.0 / 85.0 |"


@pytest.mark.parametrize("cell", [(3, 0.8, "real")])
def test_prediction_intervals_of_little_known_heterogeneity_are_wider(cell):
    found = TOOL["predictions"](cell, 40, PEOPLE)
    assert found["Nagashima"] > found["t(k-1)"] > 70.0


def test_true_effects_are_skewed_where_they_are_asked_to_be():
    yi, _ = TOOL["simulated"]((2, 100.0, "equal", "skewed"), 40_000, PEOPLE)
    assert stats.skew(yi, axis=None) == pytest.approx(np.sqrt(2.0), abs=0.1)
    assert (yi.mean(), yi.std()) == (pytest.approx(0.0, abs=2.0), pytest.approx(100.0, rel=0.02))


def test_what_is_told_beside_coverage_is_what_pool_says():
    cell, n = (3, 0.4, "equal"), 200
    fits = [ma.pool(*pair, ci_method="HKSJ-wide") for pair in zip(*TOOL["simulated"](cell, n, PEOPLE), strict=True)]
    found = TOOL["means"](cell, n, PEOPLE)
    assert found[TOOL["NONE"]] == pytest.approx(100 * np.mean([fit.tau2 == 0 for fit in fits]))
    assert found[TOOL["FROM_NONE"]] == pytest.approx(100 * np.mean([fit.tau2_ci.low == 0 for fit in fits]))
    assert found["HKSJ-wide, wider than the scale"] == pytest.approx(100 * np.mean([np.diff(f.ci) > 10 for f in fits]))


def test_a_table_of_means_has_a_row_for_each_part():
    lines = TOOL["means_of"]("Title", "tau", {0.4: ({(2, 0.4, "a"): {"x": 90.0}, (2, 0.4, "b"): {"x": 80.0}}, "x")})
    assert lines[2:-1] == ["| tau | k = 2 |", "|---|---:|", "| 0.4 | 85.0 |"]


def test_the_share_is_held_by_the_ratio_of_means_and_not_by_the_log_ratio():
    """With so many people a share of 0.3 is known but for the trials; the log ratio drops those that got worse."""
    found = TOOL["shares"]((0.3, 20), 100, PEOPLE)
    (held, mean), (held_by_log, mean_of_logs) = found[TOOL["RATIO"]], found[TOOL["LOG"]]
    assert held > 88.0 and mean == pytest.approx(0.3, abs=0.03)
    assert held_by_log < 60.0 and mean_of_logs > 0.38
    lines = TOOL["shares_table"]({cell: found for cell in TOOL["product"](TOOL["SHARES"], TOOL["SHARE_K"])})
    assert lines[4].startswith(f"| 0.3 | {TOOL['RATIO']} | {held:.1f} ({mean:.2f}) |") and len(lines) == 11
    p, t = TOOL["simulated_arms"]((0.3, 10), 400, PEOPLE)[0]
    assert p.mean() == pytest.approx(0.3 * t.mean(), abs=0.1)
