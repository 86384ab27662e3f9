"""Selection models, excess significance, fail-safe numbers: against metafor, by their definitions and invariants."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

import analysis as ma
from analysis.models.selection import _height, curve_columns, curve_power, selection_columns, selection_weights

FOLDER = Path(__file__).parent / "reference"
SETS = {part["id"]: part for part in json.loads((FOLDER / "small_study.json").read_text(encoding="utf-8"))["sets"]}
MODELS = json.loads((FOLDER / "selection.json").read_text(encoding="utf-8"))["sets"]
KINDS = {
    "step": {},
    "two": {"steps": (0.025, 0.5)},
    "both": {"steps": 0.05, "alternative": "two-sided"},
    "beta": {"kind": "beta"},
}
FITS = [(name, kind) for name, found in MODELS.items() for kind, fit in found.items() if fit]
YI = [0.9, 0.7, 0.62, 0.5, 0.55, 0.31, 0.1, 0.22, 0.4, 0.05]
VI = [0.09, 0.08, 0.06, 0.05, 0.07, 0.02, 0.01, 0.02, 0.03, 0.01]


def test_there_are_models_of_every_kind():
    assert {kind for _, kind in FITS} == set(KINDS) and len(FITS) >= 15


@pytest.mark.parametrize(("name", "kind"), FITS)
def test_selection_models_are_metafors(name, kind):
    theirs, part = MODELS[name][kind], SETS[name]
    ours = ma.selection_model(part["yi"], part["vi"], **KINDS[kind])
    # Nelder and Mead's search ends where a height of double precision no longer rises.
    assert ours.llf == pytest.approx(theirs["llf"], abs=1e-8)
    assert ours.estimate == pytest.approx(theirs["estimate"], abs=1e-6 * theirs["se"])
    assert ours.tau2 == pytest.approx(theirs["tau2"], rel=1e-6, abs=1e-9)
    assert ours.weights == pytest.approx(theirs["delta"], rel=1e-6)
    assert ours.lrt == pytest.approx(theirs["lrt"], abs=1e-7)
    # At tau2 = 0 metafor differentiates on the wrong side of 0 as well.
    assert ours.se == pytest.approx(theirs["se"], rel=1e-5 if theirs["tau2"] > 1e-9 else 1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_likelihood_is_a_density_and_its_slopes_are_right(kind):
    v, beta, tau = 0.04, 0.3, 0.2
    options = {"kind": "beta" if kind == "beta" else "steps", "both": kind == "both"}
    options["steps"] = {"step": (0.025,), "two": (0.025, 0.5), "both": (0.05,), "beta": ()}[kind]
    logs = [0.4, -0.3][: len(options["steps"]) or 2]
    at = np.array([beta, tau, *logs])

    def height(y, at=at):
        weights = selection_weights(np.array([[y]]), np.array([[0.2]]), **options)
        return _height(np.array([[y]]), np.array([[v]]), weights, at[:, None])

    ends = sorted({way * 0.2 * z for way in (-1, 1) for z in (0.0, stats.norm.isf(0.025), stats.norm.isf(1e-5))})
    pieces = [*zip([-3.0, *ends], [*ends, 3.0], strict=True)]
    total = sum(integrate.quad(lambda y: np.exp(height(y)[0][0]), *piece, epsabs=1e-11)[0] for piece in pieces)
    assert total == pytest.approx(1.0, abs=1e-7)
    for i in range(len(at)):
        moved = np.zeros(len(at))
        moved[i] = 1e-6
        slope = (height(0.5, at + moved)[0][0] - height(0.5, at - moved)[0][0]) / 2e-6
        assert height(0.5)[1][i, 0] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_many_are_fitted_as_one_by_one():
    rng = np.random.default_rng(5)
    v = rng.uniform(0.02, 0.2, (12, 3))
    y = rng.normal(0.3, np.sqrt(v + 0.02))
    start = np.tile([[0.3], [0.2], [0.0]], 3)
    weights = selection_weights(y, np.sqrt(v), "steps", (0.2,), False)
    at, height, variance = selection_columns(y, v, weights, start)
    for i in range(3):
        one = ma.selection_model(y[:, i], v[:, i], steps=0.2, alternative="greater")
        assert height[i] == pytest.approx(one.llf, abs=1e-8) and at[0, i] == pytest.approx(one.estimate, abs=1e-6)
        assert np.sqrt(variance[i]) == pytest.approx(one.se, rel=1e-4)


def test_no_selection_leaves_the_effect():
    """With the probability of p in the middle of each interval seen, weights are 1 and nothing is adjusted."""
    z = stats.norm.isf((np.arange(400) + 0.5) / 400)
    se = np.full(400, 0.1)
    fit = ma.selection_model(0.1 * (z * 1.4 + 1.0), se=se)
    assert fit.estimate == pytest.approx(fit.unadjusted.estimate, abs=0.01) and fit.lrt < 0.2
    assert fit.unadjusted.tau2_method == "ML"
    left = ma.selection_model(-0.1 * (z * 1.4 + 1.0), se=se)
    assert left.alternative == "less" and left.estimate == pytest.approx(-fit.estimate, abs=1e-8)


def test_a_true_selection_is_found():
    rng = np.random.default_rng(7)
    se = rng.uniform(0.1, 0.5, 4000)
    y = rng.normal(0.2, np.sqrt(se**2 + 0.01))
    seen = (y / se > 1.96) | (rng.uniform(size=4000) < 0.2)
    fit = ma.selection_model(y[seen], se=se[seen])
    assert fit.estimate == pytest.approx(0.2, abs=0.03) and fit.unadjusted.estimate > 0.28
    assert fit.weights[1] == pytest.approx(0.2, abs=0.06) and fit.lrt_pvalue < 1e-6


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 20.0))
def test_units_and_order_do_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.01, 0.3, 9)
    y, order = rng.normal(0.3, np.sqrt(v)), rng.permutation(9)
    for found, again in (
        (ma.excess_significance(y, v), ma.excess_significance(scale * y[order], scale**2 * v[order])),
        (ma.fail_safe_n(y, v), ma.fail_safe_n(-scale * y, scale**2 * v)),
    ):
        assert found.pvalue == pytest.approx(again.pvalue, rel=1e-6)
    if len(set(y / np.sqrt(v) > 1.6448536)) == 2:
        one = ma.selection_model(y, v, steps=0.05, alternative="greater")
        two = ma.selection_model(scale * y[order], scale**2 * v[order], steps=0.05, alternative="greater")
        assert two.lrt == pytest.approx(one.lrt, abs=1e-6)


def test_steps_that_cannot_be_told_are_refused():
    with pytest.raises(ValueError, match=r"no study has a one-sided \(greater than 0\) p above 0\.5 and up to 1: its"):
        ma.selection_model(YI, VI, steps=(0.025, 0.5))
    for steps in ((0.5, 0.025), 0.0, (), (0.1, 1.5)):
        with pytest.raises(ValueError, match="must be p values between 0 and 1, ascending"):
            ma.selection_model(YI, VI, steps=steps)
    with pytest.raises(ValueError, match="a beta density is one of one-sided p values"):
        ma.selection_model(YI, VI, kind="beta", alternative="two-sided")
    with pytest.raises(ValueError, match=r"selection_model\(\) needs 3 studies or more, and there are 2"):
        ma.selection_model(YI[:2], VI[:2])
    assert ma.selection_model(YI, VI, steps=(0.025, 1.0)).llf == ma.selection_model(YI, VI).llf


@pytest.mark.parametrize("name", SETS)
def test_excess_significance_is_metafors(name):
    part, theirs = SETS[name], SETS[name]["tes"]
    ours = ma.excess_significance(part["yi"], part["vi"], test=theirs["test"])
    # metafor integrates over true effects up to 5 tau from their mean, beyond which lie 6e-7 of them.
    assert (ours.observed, ours.expected) == (theirs["O"], pytest.approx(theirs["E"], rel=1e-5))
    assert ours.pvalue == pytest.approx(theirs["pval"], rel=1e-3, abs=1e-5)
    assert ours.df == 1 if theirs["test"] == "chi2" else np.isnan(ours.df) and ours.statistic == ours.observed


def test_the_exact_test_adds_up_all_outcomes():
    found = ma.excess_significance(YI, VI)
    ways = np.array([*product([0, 1], repeat=10)])
    chance = np.where(ways, found.power, 1 - found.power).prod(axis=1)
    assert found.pvalue == pytest.approx(chance[ways.sum(axis=1) >= found.observed].sum())
    common = ma.excess_significance(ma.pool(YI, VI, tau2_method="CE"))
    one = stats.norm.sf(1.959964 - common.pooled.estimate / 0.3) + stats.norm.cdf(
        -1.959964 - common.pooled.estimate / 0.3
    )
    assert common.power[0] == pytest.approx(one, rel=1e-6)


@pytest.mark.parametrize("name", SETS)
def test_fail_safe_numbers_are_metafors(name):
    part = SETS[name]
    for method, theirs in part["fsn"].items():
        assert ma.fail_safe_n(part["yi"], part["vi"], method=method).n == theirs


def test_fail_safe_numbers_do_what_they_say():
    n = ma.fail_safe_n(YI, VI).n
    z = np.array(YI) / np.sqrt(VI)
    assert z.sum() / np.sqrt(10 + n) <= stats.norm.isf(0.05) < z.sum() / np.sqrt(10 + n - 1)
    orwin = ma.fail_safe_n(YI, VI, method="Orwin", target=0.1)
    assert orwin.target == 0.1 and sum(YI) / (10 + orwin.n) == pytest.approx(0.1, abs=0.003)
    assert ma.fail_safe_n(YI, VI, method="Orwin", target=0.0).n == np.inf
    assert ma.fail_safe_n([0.01], [1.0]).n == 0.0
    with pytest.raises(ValueError, match="target is for method='Orwin', not 'Rosenthal'; leave it out"):
        ma.fail_safe_n(YI, VI, target=0.1)


def test_a_target_lies_between_no_effect_and_the_mean():
    ratios = ma.pool(YI, VI, measure="OR")
    with pytest.raises(
        ValueError, match=r"target=1.05 is no smaller than the mean effect, .*between 0 and it, as a log"
    ):
        ma.fail_safe_n(ratios, method="Orwin", target=1.05)
    with pytest.raises(ValueError, match="give a number between 0 and it$"):
        ma.fail_safe_n(YI, VI, method="Orwin", target=sum(YI) / len(YI))


@pytest.mark.parametrize("call", [ma.selection_model, ma.excess_significance, ma.fail_safe_n, ma.p_curve])
@pytest.mark.parametrize("measure", ["MN", "PLO"])
def test_without_a_value_of_no_effect_p_values_say_nothing(call, measure):
    pooled = ma.pool(YI, VI, measure=measure)
    with pytest.raises(
        ValueError, match=rf"{call.__name__}\(\) asks whether effects differ from none, and no (mean|prop)"
    ):
        call(pooled)
    notes = ma.small_study_effects(pooled).table.set_index("method")["note"]
    assert notes[["Excess significance", "Selection model, p 0.025"]].str.startswith("not used: ").all()
    assert not ma.small_study_effects(YI, VI).table["note"].any()


@pytest.mark.parametrize("call", [ma.fail_safe_n, ma.excess_significance])
def test_alpha_is_a_share(call):
    with pytest.raises(ValueError, match="alpha=5 must be a p value between 0 and 1"):
        call(YI, VI, alpha=5)


def test_what_they_say():
    pooled = ma.pool(YI, VI, measure="OR")
    said = ma.selection_model(pooled).summary()
    assert "in favour of effects above 0, 10 studies" in said and "7 studies, seen 1.00 times as often" in said
    assert "p 0.025 to 1" in said and "chi2 11.54 on 1 df" in said
    assert "powers" in ma.selection_model(pooled, kind="beta").summary()
    assert "A weight ended on the bound" in ma.selection_model(pooled, kind="beta").summary()
    assert "no number of studies of no effect" in ma.fail_safe_n(pooled, method="Orwin", target=0.0).summary()
    said = ma.fail_safe_n(pooled, method="Orwin").summary()
    assert "1.24 instead of 1.54" in said and "It misleads" in said
    found = ma.excess_significance(pooled, test="chi2")
    assert f"{found.observed} of 10 studies at p ≤ 0.05" in found.summary() and "on 1 df" in found.summary()


def test_the_p_curve_by_its_definitions():
    found = ma.p_curve(YI, VI)
    z = np.array(YI) / np.sqrt(VI)
    p = 2 * stats.norm.sf(z)
    used = p[p < 0.05]
    assert (found.significant, found.half) == (len(used), (p < 0.025).sum())
    assert found.statistic == pytest.approx(stats.norm.ppf(used / 0.05).sum() / np.sqrt(len(used)))
    half = used[used < 0.025]
    assert found.half_pvalue == pytest.approx(stats.norm.cdf(stats.norm.ppf(half / 0.025).sum() / np.sqrt(len(half))))

    def power(away, p):
        far = stats.norm.isf(p / 2)
        return stats.norm.sf(far - away) + stats.norm.cdf(-far - away)

    away = optimize.brentq(lambda x: power(x, 0.05) - 1 / 3, 0.0, 5.0)
    larger = 1.0 - power(away, used) / power(away, 0.05)
    assert found.flat_statistic == pytest.approx(stats.norm.ppf(larger).sum() / np.sqrt(len(used)), rel=1e-6)
    np.testing.assert_allclose(found.bins["power of 33%"].cumsum(), 3 * power(away, found.bins["p"]), rtol=1e-9)
    assert found.bins["observed"].sum() == pytest.approx(1.0)
    assert ma.p_curve(-np.array(YI), VI).statistic == found.statistic
    share = 3 * power(away, 0.025)
    assert found.binomial_pvalue == pytest.approx(stats.binom.sf(len(half) - 1, len(used), 0.5))
    assert found.flat_binomial_pvalue == pytest.approx(stats.binom.cdf(len(half), len(used), share))
    found = ma.p_curve(1.4 * np.array(YI), VI)
    used = 2 * stats.norm.sf(1.4 * z)
    used = used[used < 0.05]

    def fit(away):
        return stats.norm.ppf(power(away, used) / power(away, 0.05)).sum() / np.sqrt(len(used))

    for at, goal in zip((found.power, *found.power_ci), stats.norm.ppf([0.5, 0.05, 0.95]), strict=True):
        assert at == pytest.approx(power(optimize.brentq(lambda x, goal=goal: fit(x) - goal, 0.0, 5.0), 0.05), rel=1e-9)


@pytest.mark.parametrize("power", [0.2, 0.5, 0.8])
def test_the_power_of_a_curve_is_found_and_its_interval_holds_it(power):
    """Where all studies have one power, its median is right and its interval exact, whatever is not significant."""
    rng, far = np.random.default_rng(5), stats.norm.isf(0.025)
    away = optimize.brentq(lambda x: stats.norm.sf(far - x) + stats.norm.cdf(-far - x) - power, 0.0, 5.0)
    z = np.abs(rng.normal(away, 1.0, (40, 2_000)))
    assert 1.0 - np.isnan(curve_columns(z)).mean() > 0.99
    mean, low, high = curve_power(z)
    assert np.mean(mean < power) == pytest.approx(0.5, abs=0.04)
    assert np.mean((low <= power) & (power <= high)) == pytest.approx(0.9, abs=0.025)
    assert np.mean(high < power) == pytest.approx(0.05, abs=0.02) and np.median(mean) == pytest.approx(power, abs=0.03)


def test_the_power_of_a_curve_ends_at_5_and_at_99_percent():
    rises, falls = ma.p_curve([0.4, 0.398, 0.396], [0.04] * 3), ma.p_curve([9.0, 8.0, 7.0], [0.04] * 3)
    assert rises.power == pytest.approx(0.05) and rises.power_ci.low == pytest.approx(0.05)
    assert falls.power == pytest.approx(0.99) and falls.power_ci == pytest.approx((0.99, 0.99))
    assert "Power         99% on average (90% CI 99% to 99%), if it is the same in all studies" in falls.summary()
    assert rises.half == 0 and rises.binomial_pvalue == 1.0 and np.isnan(rises.half_statistic)


def test_the_p_curve_of_nothing_is_flat_and_falls_where_there_is_an_effect():
    rng = np.random.default_rng(11)
    nothing, effect = rng.normal(0.0, 1.0, 20_000), rng.normal(3.0, 1.0, 400)
    flat, falls = (ma.p_curve(z, np.ones(len(z))) for z in (nothing, effect))
    np.testing.assert_allclose(flat.bins["observed"], 0.2, atol=0.05)
    assert flat.pvalue > 0.01 and flat.flat_pvalue < 1e-6
    assert falls.evidential and falls.flat_pvalue > 0.99
    with pytest.raises(ValueError, match=r"needs studies with p below 0\.05, and of 2 none has; give others"):
        ma.p_curve([0.1, 0.2], [1.0, 1.0])
    assert np.isnan(ma.p_curve([0.41], [0.04]).half_pvalue) and not ma.p_curve([0.41], [0.04]).evidential
    assert "Half curve" not in ma.p_curve([0.41], [0.04]).summary() and "Half curve" in falls.summary()


def test_an_adjusted_effect_beyond_every_study_is_not_to_be_relied_on():
    rng = np.random.default_rng(1)
    yi, vi = rng.normal(-0.4, 0.3, 14), rng.uniform(0.02, 0.2, 14)
    beyond, within = (ma.selection_model(yi, vi, kind=kind, alternative="less") for kind in ("beta", "steps"))
    assert beyond.estimate > yi.max() and "beyond that of every study" in beyond.summary()
    assert yi.min() < within.estimate < yi.max() and "beyond" not in within.summary()
