"""The distribution of the true effect of a new study: by random numbers, by its own parts, and under change of unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

import analysis as ma
from analysis.models import prediction
from analysis.models.prediction import new_effect
from analysis.models.tau2 import generalised_q_cdf

UNEQUAL = np.array([0.3, -1.1, 0.9, -0.2, -2.0]), np.array([0.05, 0.2, 0.4, 0.08, 0.1])
CASES = {
    "equal variances": (np.array([-1.2, -0.4, -2.0, -0.9]), np.full(4, 0.1)),
    "unequal variances": UNEQUAL,
    "alike": (np.array([-1.0, -1.1, -1.05]), np.array([0.2, 0.3, 0.25])),
    "many": (np.linspace(-1.0, 1.0, 40) ** 3, np.geomspace(0.02, 0.5, 40)),
    "many and alike": (0.4 * np.sin(np.arange(40) * 2.4), np.full(40, 0.1)),
}


def columns(yi, vi):
    return np.asarray(yi)[:, None], np.asarray(vi)[:, None]


def drawn(yi, vi, size, seed):
    """True effects of new studies, drawn as Nagashima, Noma & Furukawa 2019 do: tau2, z and t at random."""
    rng, k = np.random.default_rng(seed), len(yi)
    w = 1.0 / vi
    q = (w * (yi - (w * yi).sum() / w.sum()) ** 2).sum()
    grid = np.append(0.0, np.geomspace(1e-8, 1e8, 4000)) * vi.mean()
    shape = (k, grid.size)
    h = 1.0 - generalised_q_cdf(np.full(grid.size, q), np.broadcast_to(w[:, None], shape), vi[:, None] + grid)[0]
    tau2 = np.interp(rng.random(size), np.maximum.accumulate(h), grid)
    weights = 1.0 / (vi[:, None] + tau2)
    mean = (weights * yi[:, None]).sum(axis=0) / weights.sum(axis=0)
    se2 = (weights * (yi[:, None] - mean) ** 2).sum(axis=0) / weights.sum(axis=0) / (k - 1)
    return mean + rng.standard_normal(size) * np.sqrt(tau2) - rng.standard_t(k - 1, size) * np.sqrt(se2)


@pytest.mark.parametrize("name", CASES)
def test_random_numbers_tend_to_it(name):
    yi, vi = CASES[name]
    found, random = new_effect(*columns(yi, vi)), drawn(yi, vi, 200_000, 7)
    # Shares of 200,000 draws have standard errors of 0.0011 at most.
    for level in (0.5, 0.8, 0.95):
        low, high = found.interval(level)[:, 0]
        assert np.mean(random < low) == pytest.approx((1 - level) / 2, abs=0.005)
        assert np.mean(random > high) == pytest.approx((1 - level) / 2, abs=0.005)


def test_with_equal_variances_tau2_is_known_in_closed_form():
    yi, vi = CASES["equal variances"]
    # Q / (1 + tau2 / v) is chi-square on k - 1 degrees of freedom.
    q = ((yi - yi.mean()) ** 2).sum() / 0.1
    tau2, mass = prediction._heterogeneity(*columns(yi, vi))
    assert mass.sum() == pytest.approx(1.0, abs=1e-10)
    assert mass[0, 0] == pytest.approx(special.chdtrc(3, q), rel=1e-10)
    # The mean of v / (v + tau2) where tau2 > 0 is that of chi-square / Q below Q.
    assert (mass / (1.0 + tau2 / 0.1))[1:].sum() == pytest.approx(3 / q * special.chdtr(5, q), rel=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_limits_are_quantiles_of_the_distribution(name):
    found = new_effect(*columns(*CASES[name]))
    low, high = found.interval(0.9)[:, 0]
    assert found.cdf(low)[0] == pytest.approx(0.05, rel=1e-10)
    assert found.cdf(high)[0] == pytest.approx(0.95, rel=1e-10)
    x = np.linspace(low, high, 2001)
    assert np.trapezoid(found.pdf(x)[0], x) == pytest.approx(0.9, abs=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_more_nodes_change_nothing(name, monkeypatch):
    once = new_effect(*columns(*CASES[name])).interval(0.95)
    monkeypatch.setattr(prediction, "_DENSITY", 10.0)
    assert once == pytest.approx(new_effect(*columns(*CASES[name])).interval(0.95), rel=1e-8)


def test_many_levels_are_those_asked_for_one_by_one():
    found, levels = new_effect(*columns(*UNEQUAL)), np.linspace(0.0, 0.999, 40)
    assert found.interval(levels) == pytest.approx(np.hstack([found.interval(x) for x in levels]), rel=1e-9)


@given(st.floats(-3, 3), st.sampled_from([1e-6, 0.1, 1.0, 1e5]), st.permutations(range(5)))
def test_unit_origin_order_and_sign_do_not_matter(shift, unit, order):
    yi, vi = (x[list(order)] for x in UNEQUAL)
    once = new_effect(*columns(*UNEQUAL)).interval(0.95)[:, 0]
    moved = new_effect(*columns(unit * (yi + shift), unit**2 * vi)).interval(0.95)[:, 0]
    assert moved == pytest.approx(unit * (once + shift), rel=1e-8, abs=1e-8 * unit)
    mirrored = new_effect(*columns(-yi, vi)).interval(0.95)[:, 0]
    assert -mirrored[::-1] == pytest.approx(once, rel=1e-8)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=6), st.sampled_from([0.02, 0.3]))
def test_the_interval_of_the_mean_lies_within(yi, variance):
    pooled = ma.pool(yi, [variance] * len(yi), pi_method="Nagashima")
    assert pooled.pi.low <= pooled.ci.low and pooled.ci.high <= pooled.pi.high


def test_meta_analyses_of_several_sizes_are_those_one_by_one():
    yi, vi = UNEQUAL
    table = ma.leave_one_out(yi, vi, pi_method="Nagashima")
    single = [ma.pool(np.delete(yi, i), np.delete(vi, i), pi_method="Nagashima").pi for i in range(5)]
    assert table[["pi_low", "pi_high"]].to_numpy() == pytest.approx(np.array(single), rel=1e-10)
    steps = ma.cumulative(yi, vi, pi_method="Nagashima")[["pi_low", "pi_high"]].to_numpy()
    assert np.isnan(steps[:2]).all() and np.isfinite(steps[2:]).all()
    assert steps[-1] == pytest.approx(ma.pool(yi, vi, pi_method="Nagashima").pi, rel=1e-10)


def test_there_is_none_of_two_studies_nor_of_a_common_effect():
    assert np.isnan(ma.pool([1.0, 2.0], [0.1, 0.2], pi_method="Nagashima").pi).all()
    assert np.isnan(ma.pool(*UNEQUAL, tau2_method="CE", pi_method="Nagashima").pi).all()


def test_a_given_tau2_is_the_only_one():
    pooled = ma.pool(*UNEQUAL, tau2=0.5, pi_method="Nagashima")
    rng, t = np.random.default_rng(1), pooled.se * np.random.default_rng(2).standard_t(4, 400_000)
    random = pooled.estimate + np.sqrt(0.5) * rng.standard_normal(400_000) + t
    assert np.mean(random < pooled.pi.low) == pytest.approx(0.025, abs=0.002)
    assert np.mean(random > pooled.pi.high) == pytest.approx(0.025, abs=0.002)


def test_density_and_curve_are_cut_at_the_same_limits():
    pooled = ma.pool(*UNEQUAL, pi_method="Nagashima")
    curve = ma.predictive_density(pooled)
    inside = curve[curve["x"].between(*pooled.pi)]
    assert np.trapezoid(inside["density"], inside["x"]) == pytest.approx(0.95, abs=0.01)
    assert ma.pvalue_curves(pooled, [0.05]).prediction[0] == pytest.approx(pooled.pi, rel=1e-10)


def test_it_is_worked_out_when_it_is_asked_for(monkeypatch):
    pooled = ma.pool(*UNEQUAL, pi_method="Nagashima")
    assert pooled._pi is None
    limits = pooled.pi
    monkeypatch.setattr(prediction, "new_effect", None)
    assert pooled.pi is limits


def test_no_prediction_interval_where_rounding_would_make_it_up():
    yi = np.linspace(0.0, 1.0, 6)
    near, far = (ma.pool(yi, [least, 0.1, 0.2, 0.3, 20.0, 1.0]) for least in (1e-14, 1e-15))
    assert np.isfinite(near.pi).all() and np.isnan(far.pi).all()
    assert "There is no prediction interval: the variances are so far apart" in far.summary()
    assert "There is no prediction interval" not in near.summary() + ma.pool(yi[:2], [1e-20, 1.0]).summary()
