"""Residuals, their normal quantiles and the coordinates of funnel and radial plots."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from data_cases import published_effects
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analysis as ma
from analysis.models import diagnostics
from analysis.models.diagnostics import (
    common_effect,
    funnel_points,
    normal_quantiles,
    radial_points,
    residual_quantiles,
    standardised_residuals,
)

REFERENCE = json.loads((Path(__file__).parent / "reference" / "residuals.json").read_text(encoding="utf-8"))
SETS = REFERENCE["sets"]
each_set = pytest.mark.parametrize("part", SETS, ids=[part["id"] for part in SETS])
CLOSE = {"rtol": 1e-8, "atol": 1e-8}


@pytest.fixture(scope="module")
def effects():
    return published_effects()


def test_there_are_many_sets():
    assert len(SETS) >= 30


@each_set
def test_standardised_residuals_are_metafors(part):
    table = standardised_residuals(ma.pool(part["yi"], part["vi"]))
    for ours, theirs in (("residual", "resid"), ("se", "se"), ("z", "z")):
        np.testing.assert_allclose(table[ours], part["rstandard"][theirs], **CLOSE, err_msg=ours)


@each_set
def test_quantiles_are_those_of_metafors_qqnorm(part):
    table = residual_quantiles(ma.pool(part["yi"], part["vi"]), n_simulations=20)
    theirs = sorted(zip(part["qqnorm"]["y"], part["qqnorm"]["x"], strict=True))
    np.testing.assert_allclose(table["z"], [y for y, _ in theirs], **CLOSE)
    np.testing.assert_allclose(table["quantile"], sorted(x for _, x in theirs), **CLOSE)
    np.testing.assert_allclose(np.asarray(part["rstandard"]["resid"])[table["row"]], table["residual"], **CLOSE)


@each_set
@pytest.mark.parametrize(("theirs", "method"), [("REML", "REML"), ("EE", "CE")])
def test_deleted_residuals_are_metafors(part, theirs, method):
    table = standardised_residuals(ma.pool(part["yi"], part["vi"], tau2_method=method), deleted=True)
    np.testing.assert_allclose(table["z"], part["rstudent"][theirs], **CLOSE)


@each_set
def test_under_hksj_metafor_divides_deleted_residuals_by_the_factor_of_the_other_studies(part):
    pooled = ma.pool(part["yi"], part["vi"], tau2_method="DL", ci_method="HKSJ")
    factor = ma.leave_one_out(pooled)["se"] / ma.leave_one_out(pooled, ci_method="z")["se"]
    ours = standardised_residuals(pooled, deleted=True)["z"] / factor
    np.testing.assert_allclose(ours, part["rstudent"]["DL_knha"], **CLOSE)


def test_interval_methods_do_not_change_residuals():
    yi, vi = [-1.2, -0.4, -2.0, 0.3], [0.1, 0.2, 0.1, 0.3]
    for deleted in (False, True):
        one, two = (standardised_residuals(ma.pool(yi, vi, ci_method=m), deleted=deleted) for m in ("HKSJ", "z"))
        np.testing.assert_array_equal(one["z"], two["z"])


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 8), st.integers(0, 10_000))
def test_residuals_follow_from_their_definitions(k, seed):
    rng = np.random.default_rng(seed)
    yi, vi = rng.normal(0, 1, k), rng.uniform(0.02, 0.4, k)
    pooled = ma.pool(yi, vi)
    hat = np.eye(k) - np.outer(np.ones(k), pooled.weights)
    table = standardised_residuals(pooled)
    np.testing.assert_allclose(table["residual"], hat @ yi, atol=1e-12)
    variance = np.diag(hat @ np.diag(vi + pooled.tau2) @ hat.T)
    np.testing.assert_allclose(table["se"], np.sqrt(variance), rtol=1e-9)
    deleted = standardised_residuals(pooled, deleted=True)
    for i in range(k):
        other = ma.pool(np.delete(yi, i), np.delete(vi, i), ci_method="z")
        assert deleted["residual"][i] == pytest.approx(yi[i] - other.estimate, abs=1e-12)
        assert deleted["se"][i] == pytest.approx(np.sqrt(vi[i] + other.tau2 + other.se**2), rel=1e-9)


def test_no_digits_are_lost_where_one_study_outweighs_all_others():
    pooled = ma.pool([0.0, 1.0, 3.0], [1e-14, 1.0, 1.0], tau2_method="CE")
    first = standardised_residuals(pooled).iloc[0]
    assert first["residual"] == pytest.approx(-4e-14, rel=1e-9)
    assert first["se"] == pytest.approx(np.sqrt(2) * 1e-14, rel=1e-9)


def test_a_given_tau2_stays_given():
    pooled = ma.pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], tau2=0.5)
    others = ma.pool([-0.4, -2.0], [0.2, 0.1], tau2=0.5, ci_method="z")
    deleted = standardised_residuals(pooled, deleted=True)
    assert deleted["se"][0] == pytest.approx(np.sqrt(0.1 + 0.5 + others.se**2), rel=1e-12)
    assert standardised_residuals(pooled)["label"].tolist() == ["Study 1", "Study 2", "Study 3"]
    for each in (False, True):
        assert np.isfinite(residual_quantiles(pooled, deleted=each, n_simulations=50)["envelope_low"]).all()


def test_quantiles_are_those_of_r():
    # stats::ppoints(5) and ppoints(12) of R, by hand
    np.testing.assert_allclose(normal_quantiles(5), stats.norm.ppf((np.arange(1, 6) - 0.375) / 5.25), rtol=1e-12)
    np.testing.assert_allclose(normal_quantiles(12), stats.norm.ppf((np.arange(1, 13) - 0.5) / 12), rtol=1e-12)


def test_envelopes_are_symmetric_ordered_and_repeatable(effects):
    pooled = ma.pool(effects)
    table = residual_quantiles(pooled)
    np.testing.assert_allclose(table["envelope_low"], -table["envelope_high"][::-1], atol=1e-12)
    assert table["envelope_low"].is_monotonic_increasing and table["z"].is_monotonic_increasing
    assert (table["envelope_low"] < table["envelope_high"]).all()
    assert residual_quantiles(pooled).equals(table) and residual_quantiles(effects).equals(table)
    assert not residual_quantiles(pooled, seed=1)["envelope_low"].equals(table["envelope_low"])
    assert (residual_quantiles(pooled, level=0.5)["envelope_high"] < table["envelope_high"]).all()
    assert table["label"].tolist() == [effects.labels[i] for i in table["row"]]
    assert table.attrs["n"] == 1000 and residual_quantiles(pooled, deleted=True).attrs["n"] == 1000


@cache
def drawn_from_a_fit(method):
    """A meta-analysis, and 150 drawn from what it found."""
    rng = np.random.default_rng(7)
    vi, true = rng.uniform(0.05, 0.5, 9), 0.3 if method == "REML" else 0.0
    fitted = ma.pool(rng.normal(0, np.sqrt(vi + true)), vi, tau2_method=method)
    sd = np.sqrt(vi + fitted.tau2)
    return fitted, [ma.pool(rng.normal(0, sd), vi, tau2_method=method) for _ in range(150)]


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("method", ["REML", "CE"])
def test_envelopes_hold_their_share_of_each_rank(method, deleted):
    fitted, many = drawn_from_a_fit(method)
    limits = residual_quantiles(fitted, deleted=deleted, level=0.8, n_simulations=4000)
    inside = np.zeros(9)
    for drawn in many:
        z = np.sort(standardised_residuals(drawn, deleted=deleted)["z"])
        inside += (z > limits["envelope_low"]) & (z < limits["envelope_high"])
    assert 0.68 < (inside / 150).min() and (inside / 150).max() < 0.9
    assert abs((inside / 150).mean() - 0.8) < 0.04


def test_the_envelope_is_narrower_than_that_of_independent_values(effects):
    table = residual_quantiles(ma.pool(effects))
    k = len(table)
    middle = k // 2
    free = stats.norm.ppf(stats.beta.ppf([0.025, 0.975], middle + 1, k - middle))
    width = table["envelope_high"][middle] - table["envelope_low"][middle]
    assert width < 0.75 * (free[1] - free[0])


def test_funnel_points_by_hand():
    table = funnel_points(ma.pool([-1.2, -0.4, 0.0], [0.09, 0.16, 0.04], tau2_method="CE"))
    estimate = np.average([-1.2, -0.4, 0.0], weights=[1 / 0.09, 1 / 0.16, 1 / 0.04])
    np.testing.assert_allclose(table["se"], [0.3, 0.4, 0.2])
    np.testing.assert_allclose(table["pvalue"], 2 * stats.norm.sf([4.0, 1.0, 0.0]), rtol=1e-12)
    np.testing.assert_allclose(table["distance"], (np.array([-1.2, -0.4, 0.0]) - estimate) / [0.3, 0.4, 0.2])


@pytest.mark.parametrize("method", ["REML", "CE"])
def test_the_line_through_the_origin_has_the_pooled_effect_as_slope(effects, method):
    pooled = ma.pool(effects, tau2_method=method)
    table = radial_points(pooled)
    slope = (table["precision"] * table["z"]).sum() / (table["precision"] ** 2).sum()
    assert slope == pytest.approx(pooled.estimate, rel=1e-12)
    np.testing.assert_allclose(table["precision"] ** -2, effects.vi + pooled.tau2)
    np.testing.assert_allclose(table["z"] - pooled.estimate * table["precision"], table["distance"], atol=1e-12)
    assert radial_points(ma.pool([0.5], [0.25]))["precision"].tolist() == [2.0]


def test_common_effect_keeps_studies_and_level(effects):
    pooled = ma.pool(effects, confidence_level=0.9)
    common = common_effect(pooled)
    assert common.estimate == pytest.approx(np.average(effects.yi, weights=1 / effects.vi), rel=1e-12)
    assert (common.confidence_level, common.labels, common.measure) == (0.9, pooled.labels, "MD")
    assert (common.tau2_method, common.ci_method) == ("CE", "z")


def test_too_few_studies_are_named():
    one, two = ma.pool([0.5], [0.1]), ma.pool([0.5, 0.7], [0.1, 0.2])
    with pytest.raises(ValueError, match="standardised residuals need 2 studies"):
        standardised_residuals(one)
    with pytest.raises(ValueError, match="deleted residuals need 3 studies"):
        standardised_residuals(two, deleted=True)
    with pytest.raises(ValueError, match="quantiles of residuals need 3 studies"):
        residual_quantiles(two)
    with pytest.raises(ValueError, match="level=1.5"):
        residual_quantiles(ma.pool([0.5, 0.7, 0.1], [0.1, 0.2, 0.1]), level=1.5)


def test_fewer_simulations_where_every_sample_is_pooled_many_times():
    rng = np.random.default_rng(1)
    pooled = ma.pool(rng.normal(0, 1, 90), rng.uniform(0.1, 0.3, 90), tau2_method="DL")
    assert residual_quantiles(pooled, deleted=True).attrs["n"] == diagnostics._EFFORT // 90**2 // 100 * 100 == 200
