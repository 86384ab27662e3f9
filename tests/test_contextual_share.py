"""Contextual share: log ratios and Fieller limits worked by hand, invariances, withheld shares, and the real trials."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects, published_trials
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis.data.trials import read_benchmarks
from analysis.evidence.contextual import contextual_share, fieller, percentile_interval
from analysis.models.bivariate import pool_bivariate
from analysis.models.results import t_quantile

ALL, EXCLUDE, NEAR, REPLACE = "all trials", "exclude", "exclude near zero", "replace"
REAL = published_effects()
LIGHT_AND_MAGNETS = REAL.where(therapy_family=["Light", "Magnetic field"])
# Six trials that improved in both arms: changes in points, variances.
P, T = np.array([-1.0, -1.5, -0.8, -2.0, -1.2, -0.9]), np.array([-2.0, -2.2, -1.9, -2.4, -2.6, -1.6])
VP, VT = np.array([0.04, 0.05, 0.06, 0.04, 0.05, 0.08]), np.array([0.16, 0.09, 0.05, 0.07, 0.06, 0.09])


def effects_of(p, t, vp=0.05, vt=0.05, design="parallel", correlation=0.5, **about):
    """EffectSizes with these changes; NaN where a trial reports none."""
    k = len(p)
    names = [f"trial{i + 1}" for i in range(k)]
    table = pd.DataFrame({"study": names, "label": [name.title() for name in names], "design": design})
    table = table.assign(condition_group="Neck", n_treatment=20.0, n_placebo=18.0)
    table = table.assign(change_placebo=p, change_placebo_vi=vp, change_treatment=t, change_treatment_vi=vt)
    table["change_status"] = np.where(table["change_placebo"].isna(), "baseline not reported", "as printed")
    empty = table.iloc[:0]
    options = {"crossover_correlation": correlation}
    return ma.EffectSizes(table, empty, empty, rows=empty, options=options, **{"benefit": "lower"} | about)


def share_of(*args, n_bootstrap=0, rule=EXCLUDE, options=None, **data):
    return contextual_share(effects_of(*args, **data), rule=rule, n_bootstrap=n_bootstrap, **(options or {}))


def row(found, model, rule):
    table = found.robustness
    (one,) = table[(table["model"] == model) & (table["rule"] == rule)].itertuples()
    return one


# --- Fieller ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("means", "covariance", "limits"),
    [
        # c = 2. Numerator x, denominator y: (x - r y)^2 = 4 (v11 - 2 r v12 + r^2 v22), that is a r^2 - 2 b r + c = 0
        # with a = y^2 - 4 v22, b = x y - 4 v12, c = x^2 - 4 v11 and the roots (b -+ sqrt(b^2 - a c)) / a.
        # a = 64 - 4 = 60, b = 8 - 4 = 4, c = 1 - 12 = -11, b^2 - a c = 676 = 26^2
        ((1, 8), ((3, 1), (1, 1)), ((4 - 26) / 60, (4 + 26) / 60)),
        # a = 36 - 16 = 20, b = 6 - 4 = 2, c = 1 - 4 = -3, b^2 - a c = 64 = 8^2
        ((1, 6), ((1, 1), (1, 4)), (-0.3, 0.5)),
        # independent: a = 16 - 4 = 12, b = 4, c = 1 - 8 = -7, b^2 - a c = 100 = 10^2
        ((1, 4), ((2, 0), (0, 1)), (-0.5, 14 / 12)),
    ],
)
def test_fieller_equals_the_quadratic_solved_by_hand(means, covariance, limits):
    found = fieller(means, covariance, 2.0)
    assert (found.low, found.high) == pytest.approx(limits, rel=1e-14)
    assert found.shape == "interval"
    both_negative = fieller(np.negative(means), covariance, 2.0)
    assert (both_negative.low, both_negative.high) == pytest.approx(limits, rel=1e-14)


@pytest.mark.parametrize(("numerator", "shape"), [(10.0, "complement"), (1.0, "everything")])
def test_fieller_gives_no_limits_where_the_denominator_may_be_zero(numerator, shape):
    """With denominator 1, variances 1 and c = 2: a = 1 - 4 < 0; b^2 - a c = 100 + 3 * 96 > 0, or 1 - 9 < 0."""
    found = fieller([numerator, 1.0], np.eye(2), 2.0)
    assert found.shape == shape
    assert np.isnan([found.low, found.high]).all()


def test_fieller_of_many_ratios_is_that_of_each():
    rng = np.random.default_rng(4)
    root = rng.normal(size=(50, 2, 2))
    means, covariance = rng.normal(0, 2, (50, 2)), root @ root.transpose(0, 2, 1)
    many = fieller(means, covariance, 1.5)
    one_by_one = [fieller(m, c, 1.5) for m, c in zip(means, covariance, strict=True)]
    assert {"interval", "complement", "everything"} == set(many.shape)
    np.testing.assert_array_equal(many.shape, [one.shape for one in one_by_one])
    np.testing.assert_allclose(many.low, [one.low for one in one_by_one], rtol=1e-14)
    bounded = many.shape == "interval"
    for limit in (many.low[bounded], many.high[bounded]):
        m, c = means[bounded], covariance[bounded]
        distance = (m[:, 0] - limit * m[:, 1]) ** 2
        variance = c[:, 0, 0] - 2 * limit * c[:, 0, 1] + limit**2 * c[:, 1, 1]
        np.testing.assert_allclose(distance, 1.5**2 * variance, rtol=1e-7)


def test_fieller_refuses_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match=r"shape \(3,\).*numerator first"):
        fieller([1.0, 2.0, 3.0], np.eye(2), 2.0)


def test_percentile_interval():
    tops, bottoms = -np.arange(1.0, 102.0), np.full(101, -100.0)
    assert percentile_interval(tops, bottoms, 0.9) == pytest.approx((0.06, 0.96))
    bottoms[:4] = 1.0  # 4 of 101 resamples lie above all ratios
    assert percentile_interval(tops, bottoms, 0.9) == pytest.approx((0.10, 1.00))
    assert percentile_interval(-tops, -bottoms, 0.9, sign=1) == pytest.approx((0.10, 1.00))
    tops[:4] = 1.0  # below
    assert percentile_interval(tops, bottoms, 0.9) == pytest.approx((0.06, 0.96))
    bottoms[4:6] = 0.0  # 6 of 101 are more than a tail of 5%
    for numerator in (-1.0, 1.0):
        tops[:6] = numerator
        assert np.isnan(percentile_interval(tops, bottoms, 0.9)).all()
    assert np.isnan(percentile_interval([], [], 0.9)).all()


# --- The log ratio ---------------------------------------------------------------------------------------------------


def test_log_ratio_and_its_variance_equal_numbers_worked_by_hand():
    """First trial: ln(1 / 2), 0.04 / 1 + 0.16 / 4 = 0.08; second: ln(1.5 / 2.2), 0.05 / 2.25 + 0.09 / 4.84."""
    found = share_of(P, T, VP, VT)
    assert found.log_ratio.pooled.yi[:2] == pytest.approx([np.log(0.5), np.log(15 / 22)], rel=1e-14)
    assert found.log_ratio.pooled.vi[:2] == pytest.approx([0.08, 0.05 / 2.25 + 0.09 / 4.84], rel=1e-14)
    assert found.trials["log_share"].tolist() == found.log_ratio.pooled.yi.tolist()


def test_a_crossover_loses_the_covariance_of_its_periods():
    """cov = 0.5 * 0.2 * 0.4 = 0.04, so 0.08 - 2 * 0.04 / (1 * 2) = 0.04; the people count once."""
    found = share_of(P, T, VP, VT, design="crossover")
    assert found.log_ratio.pooled.vi[0] == pytest.approx(0.04, rel=1e-14)
    assert found.n == found.log_ratio.n == 6 * 20
    assert share_of(P, T, VP, VT).n == 6 * 38
    assert share_of(P, T, VP, VT, design="crossover", correlation=0.0).log_ratio.pooled.vi[0] == pytest.approx(0.08)


def test_equal_ratios_pool_to_that_ratio_with_every_model():
    found = share_of(0.4 * T, T, VP, VT)
    assert found.robustness["share"].to_numpy()[6:] == pytest.approx(0.4, rel=1e-12)
    assert found.log_ratio.estimate == pytest.approx(0.4, rel=1e-12)
    assert found.log_ratio.pooled.tau == 0


@pytest.mark.parametrize("options", [{}, {"tau2_method": "PM", "ci_method": "z", "confidence_level": 0.9}])
def test_share_is_the_pooled_log_ratio_back_transformed(options):
    found = share_of(P, T, VP, VT, options=options)
    pooled = ma.pool(np.log(P / T), VP / P**2 + VT / T**2, **options)
    assert found.log_ratio.estimate == pytest.approx(np.exp(pooled.estimate), rel=1e-12)
    assert found.log_ratio.ci == pytest.approx(np.exp(pooled.ci), rel=1e-12)
    assert found.log_ratio.pi == pytest.approx(np.exp(pooled.pi), rel=1e-12)
    assert (found.log_ratio.k, found.log_ratio.reason, len(found.log_ratio.left_out)) == (6, "", 0)


changes = st.lists(
    st.tuples(st.floats(-5.0, -1.5), st.floats(-5.0, -1.5), st.floats(0.01, 0.2), st.floats(0.01, 0.2)),
    min_size=4,
    max_size=9,
)


@settings(deadline=None, max_examples=10)
@given(changes, st.floats(0.1, 10.0))
def test_another_unit_leaves_the_share(data, factor):
    p, t, vp, vt = np.array(data).T
    one, other = share_of(p, t, vp, vt), share_of(factor * p, factor * t, factor**2 * vp, factor**2 * vt)
    assert (one.reason == "") == (other.reason == "")
    logs = [[found.log_ratio.estimate, *found.log_ratio.ci] for found in (one, other)]
    assert logs[1] == pytest.approx(logs[0], rel=1e-7, nan_ok=True)
    assert [other.share, *other.ci] == pytest.approx([one.share, *one.ci], rel=1e-5, nan_ok=True)


@settings(deadline=None, max_examples=10)
@given(changes)
def test_swapping_the_arms_inverts_the_share(data):
    p, t, vp, vt = np.array(data).T
    one, other = share_of(p, t, vp, vt), share_of(t, p, vt, vp)
    if one.log_ratio.reason or other.log_ratio.reason:
        return
    assert 1 / other.log_ratio.estimate == pytest.approx(one.log_ratio.estimate, rel=1e-7)
    assert (1 / other.log_ratio.ci.high, 1 / other.log_ratio.ci.low) == pytest.approx(one.log_ratio.ci, rel=1e-7)
    if np.isfinite([*one.ci, *other.ci]).all() and one.ci.low > 0:
        assert 1 / other.share == pytest.approx(one.share, rel=1e-5)
        assert (1 / other.ci.high, 1 / other.ci.low) == pytest.approx(one.ci, rel=1e-4)


# --- Arms that did not improve ---------------------------------------------------------------------------------------

# SE 0.2236 everywhere; the treatment arms as a whole improved clearly.
WRONG_P = np.array([0.3, -1.0, -1.4, -0.1, -1.1, 0.0, np.nan, -1.3, -1.2])
WRONG_T = np.array([-2.0, -2.1, 0.2, -0.1, -2.3, 0.4, np.nan, -1.9, -2.2])


def test_exclude_leaves_out_arms_that_did_not_improve_and_names_them():
    found = share_of(WRONG_P, WRONG_T)
    assert (found.k, found.log_ratio.k) == (8, 5)
    assert found.log_ratio.left_out.to_numpy().tolist() == [
        ["trial1", "Trial1", "no improvement in the placebo arm"],
        ["trial3", "Trial3", "no improvement in the treatment arm"],
        ["trial6", "Trial6", "no improvement in both arms"],
    ]
    assert found.left_out.to_numpy().tolist() == [["trial7", "Trial7", "baseline not reported"]]
    assert found.log_ratio.replaced.empty
    used = [False, True, False, True, True, False, True, True]
    assert found.trials["log_share"].notna().tolist() == found.trials["log_share_vi"].notna().tolist() == used
    assert found.trials["change_placebo"].tolist() == WRONG_P[np.isfinite(WRONG_P)].tolist()
    assert found.log_ratio.pooled.labels == ("Trial2", "Trial4", "Trial5", "Trial8", "Trial9")


def test_exclude_near_zero_leaves_out_improvements_within_their_standard_error():
    found = share_of(WRONG_P, WRONG_T, rule=NEAR)
    assert found.log_ratio.pooled.labels == ("Trial2", "Trial5", "Trial8", "Trial9")
    reasons = found.log_ratio.left_out.set_index("label")["reason"]
    assert reasons["Trial4"] == "improvement within its SE in both arms"
    assert reasons["Trial1"] == "no improvement in the placebo arm"
    assert share_of([-0.2237, -1, -1], [-2, -2, -2.1], rule=NEAR).log_ratio.k == 3
    assert share_of([-0.2236, -1, -1], [-2, -2, -2.1], rule=NEAR).log_ratio.k == 2


def test_replace_sets_them_to_the_smallest_improvement():
    found = contextual_share(effects_of(WRONG_P, WRONG_T), rule=REPLACE, smallest=0.25, n_bootstrap=0)
    assert found.log_ratio.k == 8
    assert found.log_ratio.replaced["label"].tolist() == ["Trial1", "Trial3", "Trial4", "Trial6"]
    assert found.log_ratio.replaced["reason"].tolist()[2] == "improvement set to the smallest in both arms"
    assert found.log_ratio.pooled.yi[[0, 2, 3]] == pytest.approx(np.log([0.25 / 2.0, 1.4 / 0.25, 1.0]))
    assert found.log_ratio.pooled.vi[0] == pytest.approx(0.05 / 0.25**2 + 0.05 / 4)
    assert found.log_ratio.left_out.empty and found.left_out["reason"].tolist() == ["baseline not reported"]
    assert found.trials["change_placebo"][0] == 0.3, "the share takes the changes as they are"
    assert "replaces placebo arms that got worse" in found.summary() and "Replaced in the log ratio" in found.summary()


def test_rounding_is_no_improvement():
    assert share_of([-1e-12, -1, -1, -1.1], [-2, -2, -2.1, -2]).log_ratio.k == 3


def test_log_ratios_overstate_a_small_share_under_every_rule_and_the_ratio_of_means_does_not():
    """Mean changes -0.75 and -2.5, so the share is 0.3; one placebo arm in four did not improve."""
    rng, k = np.random.default_rng(8), 2000
    vp, vt = rng.uniform(0.05, 0.3, (2, k))
    p = rng.normal(-0.75, 1.0, k) + rng.normal(0, np.sqrt(vp))
    t = rng.normal(-2.5, 1.0, k) + rng.normal(0, np.sqrt(vt))
    found = share_of(p, t, vp, vt)
    logs = found.robustness[found.robustness["model"].str.startswith("log ratio")]
    assert len(logs) == 9
    assert (logs["ci_low"] > 0.4).all()
    assert found.share == pytest.approx(0.3, abs=0.02)
    assert row(found, "ratio of bivariate means", EXCLUDE).share > 0.4


# --- Withheld --------------------------------------------------------------------------------------------------------


def assert_withheld(found, reason, every_row=True):
    assert reason in found.log_ratio.reason
    assert np.isnan([found.log_ratio.estimate, *found.log_ratio.ci, *found.log_ratio.pi]).all()
    assert found.log_ratio.pooled is None
    assert "withheld" in found.summary()
    if every_row:
        assert reason in found.reason
        assert found.robustness[["share", "ci_low", "ci_high", "tau"]].isna().all(axis=None)
        assert (found.robustness["reason"] != "").all()
        assert np.isnan([found.share, *found.ci, *found.bootstrap]).all()
        assert not any(character.isdigit() for character in found.summary().splitlines()[1])


def test_no_share_of_a_treatment_change_that_is_not_clearly_below_zero():
    p, t = [-0.5, -0.6, -0.4, -0.5], [-0.1, -2.0, -0.2, -1.5]
    found = share_of(p, t, n_bootstrap=200)
    assert found.treatment.ci.high >= 0
    assert_withheld(found, "did not clearly improve")
    assert share_of(p, t, options={"confidence_level": 0.5}).reason == ""


@pytest.mark.parametrize(("placebo", "shape"), [(-9.0, "the complement of an interval"), (-0.1, "the whole line")])
def test_no_share_where_the_bivariate_fit_is_less_sure(placebo, shape):
    labels = [f"Study {i + 1}" for i in range(len(P))]
    joint = SimpleNamespace(k=len(P), labels=labels, estimates=np.array([placebo, -1.0]), vcov=np.eye(2), df=np.inf)
    found = contextual_share(effects_of(P, T, VP, VT), joint)
    assert found.log_ratio.reason == "" and np.isfinite(found.log_ratio.estimate)
    assert np.isnan([found.share, *found.ci, *found.bootstrap]).all()
    assert found.reason.endswith(f"Fieller's set is {shape}") and found.no_bootstrap == found.reason
    assert f"Share         withheld: {found.reason}\n  Log ratio     0." in found.summary()
    assert "where the true share is small.\n" in found.summary() + "\n" and "the two differ" not in found.summary()
    assert row(found, "ratio of bivariate means", ALL).reason == found.reason


def test_no_bootstrap_where_resamples_lose_the_improvement():
    """Three or four of the drawn trials are worse in 5 of 16 resamples: more than the tail of a 50% interval."""
    found = share_of([-1.0] * 4, [0.8, 0.8, -2.2, -2.2], n_bootstrap=400, options={"confidence_level": 0.5})
    assert np.isfinite(found.ci).all() and np.isnan(found.bootstrap).all()
    assert found.no_bootstrap == "in too many resamples the treatment arms did not improve"
    assert f"not estimable by bootstrap: {found.no_bootstrap})" in found.summary()


def test_no_share_where_treatment_made_pain_worse():
    assert_withheld(share_of(P, -T, VP, VT), "did not clearly improve")


def test_no_share_from_fewer_than_three_trials():
    assert_withheld(share_of(P[:2], T[:2]), "fewer than three trials")
    found = share_of([-1, -1, 0.5, 0.2], [-2, -2, -2.2, -2.1])
    assert_withheld(found, "fewer than three trials", every_row=False)
    assert row(found, "log ratio, REML", EXCLUDE).reason == "fewer than three trials remain"
    assert row(found, "log ratio, REML", REPLACE).k == 4
    assert found.share == pytest.approx(row(found, "ratio of bivariate means", ALL).share)
    assert np.isfinite(found.share)


def test_no_share_without_any_change():
    found = share_of([np.nan, np.nan], [np.nan, np.nan])
    assert_withheld(found, "no trial reports the change in both arms")
    assert found.left_out["reason"].tolist() == ["baseline not reported"] * 2


# --- Models ----------------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_is_what_pooling_one_by_one_gives():
    found = contextual_share(LIGHT_AND_MAGNETS, n_bootstrap=0)
    t = LIGHT_AND_MAGNETS.table.dropna(subset=["change_placebo"])
    p, vp, tr, vt = (t[f"change_{c}"].to_numpy() for c in ("placebo", "placebo_vi", "treatment", "treatment_vi"))
    c = np.where(t["design"] == "crossover", 0.5 * np.sqrt(vp * vt), 0.0)
    better, clear = (p < 0) & (tr < 0), (p < -np.sqrt(vp)) & (tr < -np.sqrt(vt))
    every = np.ones(len(p), dtype=bool)
    floor = {
        EXCLUDE: (p, tr, better),
        NEAR: (p, tr, clear),
        REPLACE: (np.minimum(p, -0.1), np.minimum(tr, -0.1), every),
    }
    for rule, (a, b, keep) in floor.items():
        a, b = a[keep], b[keep]
        v = vp[keep] / a**2 + vt[keep] / b**2 - 2 * c[keep] / (a * b)
        for model in ("REML", "DL", "CE"):
            one, pooled = row(found, f"log ratio, {model}", rule), ma.pool(np.log(a / b), v, tau2_method=model)
            expected = np.exp([pooled.estimate, *pooled.ci])
            assert [one.share, one.ci_low, one.ci_high] == pytest.approx(expected, rel=1e-9)
            assert (one.k, one.tau) == (keep.sum(), pytest.approx(pooled.tau, rel=1e-9))
    for name, keep in {ALL: every, EXCLUDE: better, NEAR: clear}.items():
        y, v = np.column_stack([p, tr])[keep], np.column_stack([vp, vt])[keep]
        fit = pool_bivariate(y, v, vcov=c[keep])
        limits = fieller(fit.estimates, fit.vcov, t_quantile(fit.df, 0.95))
        one = row(found, "ratio of bivariate means", name)
        expected = [fit.estimates[0] / fit.estimates[1], limits.low, limits.high]
        assert [one.share, one.ci_low, one.ci_high] == pytest.approx(expected, rel=1e-6)
        a, b = ma.pool(y[:, 0], v[:, 0]), ma.pool(y[:, 1], v[:, 1])
        limits = fieller((a.estimate, b.estimate), np.diag([a.se**2, b.se**2]), t_quantile(a.df, 0.95))
        one = row(found, "ratio of univariate means", name)
        expected = [a.estimate / b.estimate, limits.low, limits.high]
        assert [one.share, one.ci_low, one.ci_high] == pytest.approx(expected, rel=1e-9)
    assert len(found.robustness) == 15


def test_the_table_begins_with_the_share_and_its_log_ratios_with_the_estimator_asked_for():
    found = share_of(P, T, VP, VT, options={"tau2_method": "PM"})
    assert found.robustness["model"].tolist()[6:10] == ["log ratio, PM"] * 3 + ["log ratio, REML"]
    assert found.log_ratio.estimate == found.robustness["share"][6]
    assert found.robustness[["k", "share", "ci_low", "ci_high"]].iloc[0].tolist() == [found.k, found.share, *found.ci]


def test_a_bivariate_fit_at_hand_gives_the_same():
    t = REAL.table.dropna(subset=["change_placebo"])
    y, v = (t[[f"change_{arm}{end}" for arm in ("placebo", "treatment")]].to_numpy() for end in ("", "_vi"))
    c = np.where(t["design"] == "crossover", 0.5 * np.sqrt(v.prod(axis=1)), 0.0)
    one = contextual_share(REAL, n_bootstrap=0)
    other = contextual_share(REAL, pool_bivariate(y, v, vcov=c), n_bootstrap=0)
    assert other.share == pytest.approx(one.share, rel=1e-8)
    assert other.ci == pytest.approx(one.ci, rel=1e-6)
    shifted = pool_bivariate(y - [1, 2], v, vcov=c)
    assert contextual_share(REAL, shifted, n_bootstrap=0).share == shifted.estimates[0] / shifted.estimates[1]
    with pytest.raises(ValueError, match="joint is a fit to 9 trials, but 36 of these report both changes"):
        contextual_share(REAL, pool_bivariate(y[:9], v[:9], vcov=c[:9]))


def test_a_normal_interval_is_normal_for_the_share_too():
    found = share_of(P, T, VP, VT, options={"ci_method": "z"})
    fit = pool_bivariate(np.column_stack([P, T]), np.column_stack([VP, VT]))
    limits = fieller(fit.estimates, fit.vcov, t_quantile(np.inf, 0.95))
    assert found.ci == pytest.approx((limits.low, limits.high), rel=1e-6)


def test_bootstrap_is_made_by_its_seed():
    same = [share_of(P, T, VP, VT, n_bootstrap=200, options={"seed": seed}).bootstrap for seed in (3, 3, 4)]
    assert same[0] == same[1] != same[2]
    generator = np.random.default_rng(3)
    assert share_of(P, T, VP, VT, n_bootstrap=200, options={"seed": generator}).bootstrap == same[0]
    assert np.isnan(share_of(P, T, VP, VT).bootstrap).all()


def test_bootstrap_and_fieller_agree_for_many_precise_trials():
    rng, k = np.random.default_rng(5), 150
    between = rng.multivariate_normal([-1.5, -3.0], [[0.5, 0.3], [0.3, 0.8]], k)
    p, t = (between + rng.normal(0, 0.1, (k, 2))).T
    found = share_of(p, t, 0.01, 0.01, n_bootstrap=300)
    width = found.ci.high - found.ci.low
    assert found.share == pytest.approx(0.5, abs=0.03)
    assert found.bootstrap == pytest.approx(found.ci, abs=0.1 * width)


# --- Words, published shares, real trials ----------------------------------------------------------------------------


def test_beside_sets_it_above_the_published_shares():
    found = contextual_share(REAL, n_bootstrap=0)
    table = found.beside(read_benchmarks("data/benchmarks.csv"))
    assert table.columns.tolist() == ["source", "condition", "k", "n", "share", "ci_low", "ci_high", "note"]
    assert table["source"].tolist()[:2] == ["these trials"] * 2
    assert table[["share", "ci_low", "ci_high"]].to_numpy()[0].tolist() == [found.share, *found.ci]
    assert table[["share", "ci_low", "ci_high"]].to_numpy()[1].tolist() == [
        found.log_ratio.estimate,
        *found.log_ratio.ci,
    ]
    assert table[["k", "n"]].to_numpy()[:2].tolist() == [[36, found.n], [34, found.log_ratio.n]]
    published = table.set_index("source")[["k", "share", "ci_low", "ci_high"]]
    assert published.loc["Haflidadottir 2021"].tolist() == [186, 0.54, 0.46, 0.64]
    assert published.loc["Zou 2016"].tolist() == [215, 0.75, 0.72, 0.79]
    assert table["note"].iloc[-1].startswith("placebo response ratio; ")
    withheld = contextual_share(REAL.where(therapy_family="Needle"), n_bootstrap=0)
    table = withheld.beside(read_benchmarks("data/benchmarks.csv"))
    assert table["share"].isna().tolist() == [True, True, False, False, False]
    assert "did not clearly improve" in table["note"][0]


def test_to_frame_ends_with_both_pooled_shares():
    found = share_of(P, T, VP, VT)
    table = found.to_frame()
    assert table["kind"].tolist() == ["study"] * 6 + ["ratio of means", "log ratio"]
    assert table["share"].tolist() == pytest.approx([*(P / T), found.share, found.log_ratio.estimate])
    assert (table["ci_low"] < table["share"]).all() and (table["share"] < table["ci_high"]).all()
    assert table["weight"][:6].sum() == pytest.approx(1)
    assert len(share_of(P, -T, VP, VT).to_frame()) == 2


def test_summary_says_what_it_is_and_is_not():
    found = contextual_share(REAL, n_bootstrap=100)
    text, log, boot = found.summary(), found.log_ratio, found.bootstrap
    first, second, *_ = text.splitlines()[1:]
    assert f"Share                 {found.share:.2f} (95% CI {found.ci.low:.2f} to {found.ci.high:.2f} by F" in first
    assert f"{boot.low:.2f} to {boot.high:.2f} by bootstrap): the placebo arms had {100 * found.share:.0f}% of" in first
    assert (
        f"Log ratio             {log.estimate:.2f} (95% CI {log.ci.low:.2f} to {log.ci.high:.2f}; 34 trials)" in second
    )
    assert "for comparison with Zou 2016 and Hafliðadóttir 2021" in second
    assert "drops placebo arms that got worse" in text and "that is why the two differ" in text
    assert ma.findings(found).splitlines()[1].startswith(f"Share: {found.share:.2f} (95% CI")
    for phrase in (
        "natural course and regression to the mean",
        "not a causal share",
        "only where the treatment arms improved",
    ):
        assert phrase in text
    assert "Chow 2006, Stelian 1992: no improvement in the placebo arm" in text
    borrowed = found.trials.loc[found.trials["change_status"] == "imputed", "label"]
    assert len(borrowed) == 5 and f"SD borrowed           {', '.join(borrowed)}" in text
    assert "SD borrowed" not in share_of(P, T, VP, VT).summary()
    assert "by bootstrap" not in share_of(P, T, VP, VT).summary()
    assert str(found) == text and "<table>" in found._repr_html_()
    assert "Above 1" in share_of(T, P, VT, VP).summary() and "Above 1" not in text
    assert "Not above 0" in share_of([-1, -1, -1, 2, 3, 3], T).summary() and "Not above 0" not in text
    shares = found.robustness.set_index(["model", "rule"])["share"]
    (line,) = (line for line in text.splitlines() if "By choice" in line)
    ends = [f"{shares[end]:.2f} ({'; '.join(end)})" for end in (shares.idxmin(), shares.idxmax())]
    assert line.endswith(f"{ends[0]} to {ends[1]}, 15 combinations of model and rule")


def test_a_common_share_has_no_prediction_for_a_new_trial():
    text = share_of(P, T, VP, VT, options={"tau2_method": "CE"}).summary()
    assert "New trial     not given: the common-effect model has one true share for all trials" in text
    assert "prediction interval" not in text and "tau" not in text


def test_a_reason_is_given_once():
    found = share_of(P, -T, VP, VT, n_bootstrap=100)
    note = found.beside(read_benchmarks("data/benchmarks.csv"))["note"][0]
    assert note == f"ratio of the bivariate means, Fieller interval; {found.reason}"


def test_the_change_of_the_treatment_arms_is_no_difference():
    assert share_of(P, T, VP, VT).treatment.measure == "MC"


def test_crossover_arms_correlate_by_half_where_effects_made_by_hand_do_not_say():
    unsaid = effects_of(P, T, VP, VT, design="crossover")
    unsaid.options.clear()
    assert contextual_share(unsaid, n_bootstrap=0).ci == share_of(P, T, VP, VT, design="crossover").ci


def test_the_real_trials():
    found = contextual_share(REAL, ci_method="HKSJ", n_bootstrap=0)
    log = found.log_ratio
    assert (found.k, found.n, log.k, log.n) == (36, 2312, 34, 2172)
    assert log.left_out["label"].tolist() == ["Chow 2006", "Stelian 1992"] and len(found.left_out) == 8
    assert [found.share, *found.ci] == pytest.approx([0.594, 0.485, 0.714], abs=5e-4)
    assert [log.estimate, *log.ci] == pytest.approx([0.670, 0.566, 0.794], abs=5e-4)
    light = contextual_share(LIGHT_AND_MAGNETS, ci_method="HKSJ", n_bootstrap=0)
    assert (light.k, light.log_ratio.k) == (20, 18)
    assert [light.share, *light.ci] == pytest.approx([0.518, 0.358, 0.694], abs=5e-4)
    assert [light.log_ratio.estimate, *light.log_ratio.ci] == pytest.approx([0.651, 0.501, 0.846], abs=5e-4)
    near = contextual_share(REAL, rule=NEAR, n_bootstrap=0).log_ratio.left_out["label"].tolist()
    assert near == ["Chow 2006", "Stelian 1992", "Erchonia (registry) 2017", "Wolsko 2004", "Lyon 2015", "Tam 2007"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "drop"}, "rule='drop' is not known"),
        ({"smallest": 0.0}, "smallest=0.0: the smallest improvement is a number of points above 0"),
        ({"n_bootstrap": 50}, "n_bootstrap=50: give at least 100 resamples, or 0 for none"),
        ({"tau2_method": "EM"}, "tau2_method='EM' is not known"),
        ({"confidence_level": 95}, "give a fraction, 0.95 for 95%"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        contextual_share(effects_of(P[:1], T[:1]), **options)


def test_a_table_is_not_effect_sizes():
    with pytest.raises(ValueError, match=r"pass effect_sizes\(trials\)"):
        contextual_share(published_trials())


# --- Other people's trials -------------------------------------------------------------------------------------------


def test_the_words_follow_the_arms_and_a_rise_may_be_an_improvement():
    foreign = {"arms": ("laser", "sham"), "outcome_name": "function"}
    fell, rose = share_of(P, T, VP, VT, **foreign), share_of(-P, -T, VP, VT, benefit="higher", **foreign)
    assert rose.log_ratio.estimate == fell.log_ratio.estimate and rose.log_ratio.ci == fell.log_ratio.ci
    assert rose.robustness.equals(fell.robustness)
    assert rose.share == pytest.approx(fell.share, rel=1e-10)
    assert rose.treatment.estimate == -fell.treatment.estimate and rose.treatment.ci.low == -fell.treatment.ci.high
    assert rose.trials["change_placebo"].tolist() == (-P).tolist()
    effects = effects_of(-P, -T, VP, VT, benefit="higher")
    y, v, c = np.column_stack([-P, -T]), np.column_stack([VP, VT]), np.zeros(6)
    joint = contextual_share(effects, pool_bivariate(y, v, vcov=c), n_bootstrap=0)
    assert joint.share == pytest.approx(rose.share, rel=1e-10)
    text = rose.summary()
    assert "sham improvement over laser improvement, 6 trials" in text and "the sham arms had" in text
    assert not re.search("placebo|treatment|pain", text)
    assert rose.log_ratio.pooled.measure == "ROM" and rose.log_ratio.pooled.shown("estimate") == rose.log_ratio.estimate


def test_reasons_name_the_arms_and_somebody_must_say_what_is_good():
    withheld = share_of(P, -T, VP, VT, arms=("laser", "sham"))
    assert withheld.reason.startswith("the laser arms did not clearly improve")
    assert "no improvement in the laser arm" in withheld.log_ratio.left_out["reason"].tolist()
    assert_withheld(share_of(P, T, VP, VT, benefit="higher"), "did not clearly improve")
    with pytest.raises(ValueError, match="nobody said what is good"):
        share_of(P, T, VP, VT, benefit=None)
