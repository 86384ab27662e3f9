"""P-value functions against the intervals they consist of."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.models.diagnostics import LEVELS, common_effect, normal_statistic, pvalue_at, pvalue_curves
from analysis.models.pooling import pool

Y = np.array([-1.2, -0.4, -2.0, 0.3, -0.9])
V = np.array([0.10, 0.20, 0.12, 0.05, 0.30])


@pytest.mark.parametrize("ci_method", ["HKSJ", "HKSJ-mod", "t", "z"])
@pytest.mark.parametrize("pi_method", ["t(k-1)", "t(k-2)", "z"])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_the_curves_pass_through_the_ends_of_the_intervals(ci_method, pi_method, level):
    pooled = pool(Y, V, ci_method=ci_method, pi_method=pi_method, confidence_level=level)
    curves = pvalue_curves(pooled, [1.0 - level, 1.0])
    np.testing.assert_allclose(curves.pooled[0], pooled.ci, rtol=1e-14)
    np.testing.assert_allclose(curves.prediction[0], pooled.pi, rtol=1e-14)
    # Before scipy 1.17 the median of t is not zero but 7e-17.
    np.testing.assert_allclose([curves.pooled[1], curves.prediction[1]], pooled.estimate, rtol=1e-15)


def test_at_the_default_level_the_ends_are_the_same_numbers():
    for k in (2, 3, 5):
        pooled = pool(Y[:k], V[:k])
        assert tuple(pvalue_curves(pooled, [0.05]).pooled[0]) == tuple(pooled.ci)


def test_trials_are_normal():
    curves = pvalue_curves(pool(Y, V), [0.05, 0.5])
    np.testing.assert_allclose(curves.trials[:, 0, 1] - Y, 1.959963984540054 * np.sqrt(V), rtol=1e-12)
    np.testing.assert_allclose(curves.trials[:, 1, 0] - Y, -0.6744897501960817 * np.sqrt(V), rtol=1e-12)
    assert curves.trial_pvalues[0] == pytest.approx(math.erfc(1.2 / math.sqrt(2 * 0.1)), rel=1e-12)


def test_trials_p_values_are_those_of_their_own_results():
    of = pvalue_curves(pool(Y, V)).trial_pvalues
    np.testing.assert_allclose(of, [pool([y], [v]).pvalue for y, v in zip(Y, V, strict=True)], rtol=1e-12)


@given(st.sampled_from(["HKSJ", "HKSJ-mod", "t", "z"]), st.sampled_from(LEVELS[:-1].tolist()))
def test_the_p_value_at_the_end_of_an_interval_is_its_level(ci_method, p):
    pooled = pool(Y, V, ci_method=ci_method)
    ends = pvalue_curves(pooled, [p]).pooled[0]
    np.testing.assert_allclose(pvalue_at(pooled, ends), p, rtol=1e-9)


def test_the_p_value_of_no_effect_is_that_of_the_result():
    for method in ("HKSJ", "z"):
        pooled = pool(Y, V, ci_method=method)
        assert pvalue_at(pooled) == pytest.approx(pooled.pvalue, rel=1e-12)
    assert pvalue_at(pooled, pooled.estimate) == 1.0


def test_intervals_lie_one_inside_the_other():
    curves = pvalue_curves(pool(Y, V))
    for ends in (curves.pooled, curves.prediction, *curves.trials):
        assert (np.diff(ends[:, 0]) > 0).all() and (np.diff(ends[:, 1]) < 0).all()
    assert (np.diff(curves.p) > 0).all() and {0.001, 0.01, 0.05, 0.1, 1.0} <= set(curves.p)


@pytest.mark.parametrize(("k", "options"), [(1, {}), (2, {}), (5, {"tau2_method": "CE"})])
def test_there_is_no_prediction_where_the_result_has_none(k, options):
    pooled = pool(Y[:k], V[:k], **options)
    assert np.isnan(pooled.pi).all() and np.isnan(pvalue_curves(pooled).prediction).all()
    assert np.isfinite(pvalue_curves(pooled).pooled).all()


def test_the_common_effect_is_weighted_by_precision():
    same = common_effect(pool(Y, V, confidence_level=0.9))
    assert same.estimate == pytest.approx((Y / V).sum() / (1 / V).sum())
    assert (same.confidence_level, same.ci_method, same.tau2) == (0.9, "z", 0.0)


def test_normal_statistic():
    np.testing.assert_allclose(
        normal_statistic([0.05, 0.01, 1.0]), [1.959963984540054, 2.5758293035489004, 0], atol=1e-12
    )


@pytest.mark.parametrize("p", [[0.0], [1.2], [-0.1, 0.5], 0.05, [np.nan]])
def test_impossible_p_values_are_refused(p):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        pvalue_curves(pool(Y, V), p)
