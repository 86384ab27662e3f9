"""Effect sizes against metafor's escalc, a worked crossover example, and statsmodels."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis import effects

REFERENCE = json.loads((Path(__file__).parent / "reference" / "escalc.json").read_text())
# Same closed formulas in double precision; the gamma functions of the exact correction cost a few last bits.
RTOL = 1e-12


def arguments(name):
    cells = {key: np.array(value, dtype=float) for key, value in REFERENCE["inputs"][name].items()}
    if name == "two_by_two":
        return cells["ai"], cells["ai"] + cells["bi"], cells["ci"], cells["ci"] + cells["di"]
    if name == "two_means":
        return tuple(cells[key] for key in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"))
    return tuple(cells[key] for key in ("m2i", "m1i", "sd2i", "sd1i", "ni", "ri"))


FUNCTIONS = {
    "RR": effects.log_risk_ratio,
    "OR": effects.log_odds_ratio,
    "RD": effects.risk_difference,
    "MD": effects.mean_difference,
    "SMD": effects.hedges_g,
    "ROM": effects.log_ratio_of_means,
    "MC": effects.mean_change,
}


def test_reference_covers_every_measure():
    assert {case["measure"] for case in REFERENCE["cases"]} == set(FUNCTIONS)
    assert len(REFERENCE["cases"]) == 16


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['measure']} {c.get('args', '')}")
def test_equals_metafor(case):
    options = {"continuity": case["args"]["add"]} if case.get("args") else {}
    yi, vi = FUNCTIONS[case["measure"]](*arguments(case["inputs_ref"]), **options)
    expected = [np.array(case[key], dtype=float) for key in ("yi", "vi")]
    known = np.isfinite(expected[0])  # metafor recodes infinite effects to NA
    np.testing.assert_allclose(yi[known], expected[0][known], rtol=RTOL, atol=1e-14)
    np.testing.assert_allclose(vi[known], expected[1][known], rtol=RTOL)
    assert not np.isfinite(yi[~known]).any()


def test_paired_difference_cochrane_handbook_16_4_6_4():
    """Cochrane Handbook 5.1, section 16.4.6.4: means 7.0 and 6.5, SDs 2.38 and 2.21, n 10, correlation 0.68."""
    yi, vi = effects.paired_difference(7.0, 2.38, 6.5, 2.21, 10, 0.68)
    assert yi == pytest.approx(0.5, abs=1e-12)
    # the Handbook takes the SD of the differences, 1.8426, over the root of 10: 0.583
    assert np.sqrt(vi) == pytest.approx(0.583, abs=0.0005)


def test_statsmodels_agrees():
    from statsmodels.stats import meta_analysis as meta

    a, n1, c, n2 = (values[7:] for values in arguments("two_by_two"))
    for name, statistic in (("RR", "risk-ratio"), ("OR", "odds-ratio"), ("RD", "diff")):
        yi, vi = FUNCTIONS[name](a, n1, c, n2)
        other, variance = meta.effectsize_2proportions(a, n1, c, n2, statistic=statistic)
        np.testing.assert_allclose(yi, other, rtol=1e-12)
        np.testing.assert_allclose(vi, variance, rtol=1e-12)


def test_swapping_the_arms_turns_the_sign():
    a, n1, c, n2 = arguments("two_by_two")
    for function in (effects.log_risk_ratio, effects.log_odds_ratio, effects.risk_difference):
        there, back = function(a, n1, c, n2), function(c, n2, a, n1)
        np.testing.assert_allclose(there[0], -back[0], atol=1e-12)
        np.testing.assert_allclose(there[1], back[1], rtol=1e-12)


def test_ratio_of_means_of_opposite_sign_is_nan():
    yi, _ = effects.log_ratio_of_means(-1.0, 1.0, 10, 2.0, 1.0, 10)
    assert np.isnan(yi)


def test_more_events_than_people_is_an_error():
    with pytest.raises(ValueError, match="between 0 and n; check position 1"):
        effects.log_risk_ratio([3, 12], [10, 10], [1, 2], [10, 10])
