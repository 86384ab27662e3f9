"""Influence, Baujat, GOSH and the permutation test of the mean: metafor's numbers, and what they are by definition."""

import itertools
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analysis as ma
from analysis.models import sensitivity

FOLDER = Path(__file__).parent / "reference"
REFERENCE, OF_R, STEPS, PERMUTED = (
    json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("influence", "influence_regression", "sensitivity", "regression")
)
SETS = {part["id"]: part for part in STEPS["sets"]}
METHOD = {"REML": "REML", "EE": "CE", "DL": "DL"}
NAMES = {"rstudent": "rstudent", "dffits": "dffits", "cook.d": "cooks_distance", "cov.r": "cov_ratio"}
NAMES |= {"tau2.del": "tau2_deleted", "QE.del": "q_deleted", "hat": "hat", "weight": "weight", "dfbs": "dfbetas"}
# A measure may be near zero for one study: its error is judged against the largest of all. metafor's tau2 is good to
# 1e-12 of the variance of yi, and where it is 0 metafor halves its steps towards it.
RTOL = 1e-8


def close(ours, theirs, name=""):
    theirs = np.asarray(theirs, dtype=float)
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=RTOL * np.abs(theirs).max(), err_msg=name)


def drawn(k, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, k), rng.uniform(0.02, 0.4, k)


def table_of(k, seed):
    yi, vi = drawn(k, seed)
    rng = np.random.default_rng(seed + 1)
    return pd.DataFrame({"yi": yi, "vi": vi, "dose": rng.normal(0, 1, k), "kind": rng.permutation([*"abc"] * k)[:k]})


# --- influence and baujat


@pytest.mark.parametrize("model", ["REML", "EE"])
@pytest.mark.parametrize("name", SETS)
def test_influence_and_baujat_are_metafors(name, model):
    pooled, theirs = (
        ma.pool(SETS[name]["yi"], SETS[name]["vi"], tau2_method=METHOD[model]),
        REFERENCE["sets"][name][model],
    )
    table, contributions = ma.influence(pooled), ma.baujat(pooled)
    for column, ours in NAMES.items():
        if column == "tau2.del":
            np.testing.assert_allclose(table[ours], theirs[column], rtol=RTOL, atol=1e-10 * np.median(pooled.vi))
        else:
            close(table[ours], np.array(theirs[column]) / (100.0 if column == "weight" else 1.0), column)
    assert table["influential"].tolist() == theirs["is_infl"]
    for axis in "xy":
        close(contributions[axis], theirs[axis], axis)


def test_some_studies_are_influential_and_most_are_not():
    flags = [flag for part in REFERENCE["sets"].values() for model in part.values() for flag in model["is_infl"]]
    assert len(SETS) >= 20 and 20 < sum(flags) < len(flags) / 4


FORMULAS = {"ablat": "yi ~ ablat", "both": "yi ~ C(alloc) + ablat"}


@pytest.mark.parametrize("case", OF_R["regression"])
def test_influence_of_a_regression_is_metafors(case):
    formula, method = case.split("_")
    fit = ma.meta_regression(FORMULAS[formula], pd.DataFrame(OF_R["inputs"]), tau2_method=METHOD[method])
    table, theirs = ma.influence(fit), OF_R["regression"][case]
    for column, ours in NAMES.items():
        if column not in ("dfbs", "weight"):
            close(table[ours], theirs[column], column)
    close(table["weight"], np.array(theirs["weight"]) / 100)
    for (name, column), theirs_ in zip(fit.params.items(), theirs["dfbs"].values(), strict=True):
        close(table[f"dfbetas_{name}"], theirs_, column)
    assert table["influential"].tolist() == theirs["influential"]
    for axis in "xy":
        close(ma.baujat(fit)[axis], theirs[axis], axis)


@settings(max_examples=4, deadline=None)
@given(st.integers(5, 7), st.integers(0, 10_000), st.sampled_from(["REML", "DL", "CE", "SJ"]))
def test_without_each_study_the_regression_is_that_of_the_others(k, seed, method):
    data = table_of(k, seed)
    fit = ma.meta_regression("yi ~ dose", data, tau2_method=method, ci_method="z")
    table = ma.influence(fit)
    for i in range(k):
        other = ma.meta_regression("yi ~ dose", data.drop(index=i), tau2_method=method, ci_method="z")
        change = (fit.params - other.params).to_numpy()
        there = other.predict({"dose": data["dose"][i]}).iloc[0]
        assert table["tau2_deleted"][i] == pytest.approx(other.tau2, rel=1e-8, abs=1e-12)
        assert table["q_deleted"][i] == pytest.approx(other.qe, rel=1e-8, abs=1e-12)
        assert table["rstudent"][i] == pytest.approx(
            (data["yi"][i] - there["estimate"]) / np.sqrt(data["vi"][i] + other.tau2 + there["se"] ** 2), rel=1e-7
        )
        cook = change @ np.linalg.solve(fit.cov_params(), change)
        assert table["cooks_distance"][i] == pytest.approx(cook, rel=1e-6, abs=1e-12)
        ratio = np.linalg.det(other.cov_params()) / np.linalg.det(fit.cov_params())
        assert table["cov_ratio"][i] == pytest.approx(ratio, rel=1e-7)


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 8), st.integers(0, 10_000), st.sampled_from(["REML", "PM", "CE", "HE"]), st.floats(0.01, 100))
def test_influence_of_a_pool_is_that_of_a_regression_on_a_constant_in_any_unit(k, seed, method, unit):
    yi, vi = drawn(k, seed)
    ours = ma.influence(ma.pool(yi, vi, tau2_method=method))
    data = pd.DataFrame({"yi": yi * unit, "vi": vi * unit**2})
    other = ma.influence(ma.meta_regression("yi ~ 1", data, tau2_method=method))
    other = other.rename(columns={"dfbetas_Intercept": "dfbetas"})
    other["tau2_deleted"] /= unit**2
    numbers = [column for column in ours if column not in ("label", "influential")]
    assert list(ours) == list(other)
    np.testing.assert_allclose(ours[numbers], other[numbers], rtol=1e-6, atol=1e-9)


def test_the_limits_are_those_that_flag():
    table = ma.influence(ma.pool(published_effects()))
    limits = table.attrs["limits"]
    beyond = [table[name].abs() > limit for name, limit in limits.items()]
    assert table["influential"].tolist() == np.any(beyond, axis=0).tolist() and table["influential"].any()
    k = len(table)
    assert limits == pytest.approx(
        {"dffits": 3 / np.sqrt(k - 1), "cooks_distance": stats.chi2.ppf(0.5, 1), "hat": 3 / k, "dfbetas": 1}
    )


def test_residuals_are_the_deleted_ones_and_interval_methods_change_nothing():
    effects = published_effects()
    pooled = ma.pool(effects)
    table = ma.influence(pooled)
    np.testing.assert_array_equal(table["rstudent"], ma.standardised_residuals(pooled, deleted=True)["z"])
    pd.testing.assert_frame_equal(table, ma.influence(ma.pool(effects, ci_method="z")))
    pd.testing.assert_frame_equal(ma.influence(effects), table)
    np.testing.assert_allclose(table["hat"], table["weight"], rtol=1e-12)
    assert table["weight"].to_numpy() == pytest.approx(pooled.weights, rel=1e-9)
    assert table.attrs["all"] == pytest.approx({"tau2": pooled.tau2, "q": pooled.q})
    assert table["label"].tolist() == effects.labels and table.attrs["wording"]["noun"] == "trial"


def test_a_given_tau2_stays_given():
    yi, vi = drawn(6, 1)
    for fit in (
        ma.pool(yi, vi, tau2=0.3),
        ma.meta_regression("yi ~ x", pd.DataFrame({"yi": yi, "vi": vi, "x": range(6)}), tau2=0.3),
    ):
        assert ma.influence(fit)["tau2_deleted"].to_numpy() == pytest.approx(np.full(6, 0.3), rel=1e-12)
    found = ma.gosh(ma.pool(yi, vi, tau2=0.3))
    np.testing.assert_allclose(found.tau2, 0.3, rtol=1e-12)


def test_a_study_that_alone_tells_a_coefficient_is_influential():
    data = table_of(8, 3).assign(kind=[*"aaaabbbc"])
    table = ma.influence(ma.meta_regression("yi ~ C(kind)", data))
    assert table["rstudent"].isna().tolist() == [False] * 7 + [True]
    assert table["influential"].iloc[7] and table["hat"].iloc[7] == pytest.approx(1.0)
    assert table["label"].tolist() == [f"Study {i}" for i in range(1, 9)] or table["label"].notna().all()
    assert np.isnan(ma.baujat(ma.meta_regression("yi ~ C(kind)", data))["y"].iloc[7])


def test_the_contributions_of_a_common_effect_add_up_to_q():
    pooled = ma.pool(published_effects(), tau2_method="CE")
    table = ma.baujat(pooled)
    assert table["x"].sum() == pytest.approx(pooled.q, rel=1e-12)
    without = ma.leave_one_out(pooled, ci_method="z")
    np.testing.assert_allclose(table["y"], (without["shift"] / without["se"]) ** 2, rtol=1e-9)


@pytest.mark.parametrize("function", [ma.influence, ma.baujat])
def test_too_few_studies(function):
    assert len(function(ma.pool(*drawn(3, 0)))) == 3
    with pytest.raises(ValueError, match=rf"{function.__name__}\(\) needs 3 studies or more, and there are 2"):
        function(ma.pool(*drawn(2, 0)))
    assert len(function(ma.meta_regression("yi ~ dose", table_of(4, 0)))) == 4
    with pytest.raises(ValueError, match="with 2 coefficients needs 4 studies or more, and has 3"):
        function(ma.meta_regression("yi ~ dose", table_of(3, 0)))


# --- gosh


@pytest.mark.parametrize("model", ["DL", "EE"])
def test_all_subsets_are_metafors(model):
    inputs, theirs = REFERENCE["gosh"]["inputs"], REFERENCE["gosh"][model]
    found = ma.gosh(ma.pool(inputs["yi"], inputs["vi"], tau2_method=METHOD[model]))
    at, several = np.array(theirs["at"]), np.array(theirs["k"]) > 1
    assert found.exact and sorted(at) == list(range(511)) and found.k[at].tolist() == theirs["k"]
    close(found.estimate[at], theirs["estimate"])
    close(found.i2[at][several], np.array(theirs["I2"])[several] / 100)
    close(found.tau2[at][several], np.array(theirs["tau2"])[several])
    # metafor calls a single study homogeneous; it is neither that nor the contrary
    assert np.isnan(found.i2[at][~several]).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 6), st.integers(0, 10_000), st.sampled_from(["REML", "PM", "CE", "SJ"]))
def test_each_subset_is_pooled_as_pool_does(k, seed, method):
    yi, vi = drawn(k, seed)
    found = ma.gosh(ma.pool(yi, vi, tau2_method=method))
    members = found.members
    assert members.sum(axis=1).tolist() == found.k.tolist()
    assert len({*map(tuple, members.tolist())}) == 2**k - 1 == len(found.k) and found.k.min() == 1
    for row in range(0, 2**k - 1, 5):
        one = ma.pool(yi[members[row]], vi[members[row]], tau2_method=method)
        assert found.estimate[row] == pytest.approx(one.estimate, rel=1e-8, abs=1e-10)
        np.testing.assert_allclose([found.tau2[row], found.i2[row]], [one.tau2, one.i2], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("k", [3, 8, 9, 17])
def test_a_study_is_found_in_half_of_the_subsets(k):
    found = ma.gosh(ma.pool(*drawn(k, k), tau2_method="DL", labels=[f"S{i}" for i in range(k)]))
    for i in (0, k - 1):
        assert found.has(f"S{i}").sum() == 2 ** (k - 1)
        np.testing.assert_array_equal(found.has(f"S{i}"), found.members[:, i])
    with pytest.raises(ValueError, match="study='nobody' is none of the studies: S0, S1"):
        found.has("nobody")


def test_blocks_change_nothing(monkeypatch):
    pooled = ma.pool(*drawn(9, 2))
    whole = ma.gosh(pooled), ma.gosh(pooled, n_subsets=200)
    monkeypatch.setattr(sensitivity, "_BLOCK", 9 * 16)
    for one, other in zip(whole, (ma.gosh(pooled), ma.gosh(pooled, n_subsets=200)), strict=True):
        np.testing.assert_allclose(one.to_frame(), other.to_frame(), rtol=1e-9) if one.exact else None
        assert len(other.k) == len(one.k)


def test_a_sample_is_repeatable_and_leaves_no_subset_empty():
    pooled = ma.pool(*drawn(21, 5), tau2_method="DL")
    found, again, other = (ma.gosh(pooled, n_subsets=3000, seed=seed) for seed in (1, 1, 2))
    assert not found.exact and len(found.k) == 3000 and found.k.min() >= 1
    np.testing.assert_array_equal(found.estimate, again.estimate)
    assert not np.array_equal(found.estimate, other.estimate)
    # every subset is equally likely: each study is in half of them
    assert abs(found.members.mean(axis=0) - 0.5).max() < 5 * np.sqrt(0.25 / 3000)
    row = int(found.k.argmin())
    one = ma.pool(pooled.yi[found.members[row]], pooled.vi[found.members[row]], tau2_method="DL")
    assert found.estimate[row] == pytest.approx(one.estimate, rel=1e-9)
    six = ma.pool(*drawn(6, 0))
    assert all((ma.gosh(six, n_subsets=62, seed=seed).k > 0).all() for seed in range(9))
    assert not ma.gosh(six, n_subsets=62).exact and ma.gosh(six, n_subsets=63).exact
    assert ma.gosh(ma.pool(*drawn(2, 0)), n_subsets=3).exact


@pytest.mark.parametrize("n_subsets", [0, -1, 2.5, True, 14])
def test_bad_numbers_of_subsets(n_subsets):
    with pytest.raises(ValueError, match="n_subsets"):
        ma.gosh(ma.pool(*drawn(4, 0)), n_subsets=n_subsets)


def test_one_study_has_no_subsets():
    with pytest.raises(ValueError, match=r"gosh\(\) needs 2 studies or more, and there is 1"):
        ma.gosh(ma.pool([0.1], [0.1]))


def test_gosh_in_words():
    yi, vi = [0.0, 0.1, 0.2, 3.0], [0.1] * 4
    found = ma.gosh(ma.pool(yi, vi, labels=[*"ABCD"], measure="MD"))
    said = found.summary()
    assert "GOSH of mean differences, 15 subsets of 4 studies (all subsets)" in said
    assert "Moves most" in said and "D: median" in said
    assert "a random sample" in ma.gosh(ma.pool([*yi, *yi], [*vi, *vi]), n_subsets=40).summary()
    assert list(found.to_frame()) == ["estimate", "tau2", "i2", "k"]


# --- permutation test


def test_so_few_arrangements_say_that_they_cannot_reach_a_small_p():
    said = {k: ma.permutation_test(ma.pool(np.arange(1.0, k + 1), np.ones(k)), rng=1).summary() for k in (3, 6)}
    assert "No p value of so few arrangements is below 0.25." in said[3] and "No p value" not in said[6]


@pytest.mark.parametrize(
    ("case", "tau2_method", "ci_method"),
    [("int10_DL_z", "DL", "z"), ("int10_REML_knha", "REML", "HKSJ"), ("int10_EE", "CE", "z")],
)
def test_exact_tests_of_the_mean_are_metafors(case, tau2_method, ci_method):
    inputs = PERMUTED["permutation"]["inputs"]
    pooled = ma.pool(inputs["yi"][:10], inputs["vi"][:10], tau2_method=tau2_method, ci_method=ci_method)
    test = ma.permutation_test(pooled)
    assert test.exact and test.n_permutations == 1024
    assert [test.pvalue] == PERMUTED["permutation"][case]["p"] == test.pvalues.tolist()


@pytest.mark.parametrize("method", ["REML", "DL"])
def test_all_signs_by_brute_force(method):
    yi, vi = drawn(7, 0)
    yi = 0.35 * yi + 0.15
    pooled = ma.pool(yi, vi, tau2_method=method, ci_method="HKSJ")
    signs = itertools.product([1, -1], repeat=7)
    others = [ma.pool(yi * each, vi, tau2_method=method, ci_method="HKSJ").statistic for each in signs]
    share = np.mean(np.abs(others) >= abs(pooled.statistic) * (1 - 1e-8))
    test = ma.permutation_test(pooled)
    assert test.pvalue == share and 0.01 < share < 1
    # the wider of two intervals would be another one in some arrangements; the statistic is the same in all
    assert ma.permutation_test(ma.pool(yi, vi, tau2_method=method)).pvalue == share
    of_a_constant = ma.meta_regression("yi ~ 1", pd.DataFrame({"yi": yi, "vi": vi}), tau2_method=method)
    assert of_a_constant.permutation_test().pvalue == share


def test_random_signs_come_near_the_exact_test_and_repeat():
    yi, vi = drawn(9, 4)
    pooled = ma.pool(yi + 0.3, vi)
    exact = ma.permutation_test(pooled)
    sampled = [ma.permutation_test(pooled, 400, rng=seed) for seed in (1, np.random.default_rng(1), 2)]
    assert exact.exact and exact.n_permutations == 512 and sampled[0].n_permutations == 400
    assert sampled[0].pvalue == sampled[1].pvalue != sampled[2].pvalue
    for test in sampled:
        assert not test.exact and abs(test.pvalue - exact.pvalue) < 4 * np.sqrt(0.25 / 400)
    assert ma.permutation_test(pooled, 512).exact and not ma.permutation_test(pooled, 511, rng=1).exact
    # of 99 random flips hardly any has all signs equal, and the p-value is not 0 even then
    assert ma.permutation_test(ma.pool(yi + 50, vi), 99, rng=2).pvalue == 0.01
    assert ma.permutation_test(ma.pool(yi + 50, vi)).pvalue == 2 / 512


def test_of_a_regression_it_is_the_method():
    fit = ma.meta_regression("yi ~ dose", table_of(6, 1))
    test = ma.permutation_test(fit, 100, rng=3)
    pd.testing.assert_series_equal(test.pvalues, fit.permutation_test(100, rng=3).pvalues)
    assert test.pvalue == test.qm_pvalue
    with pytest.raises(ValueError, match="n_resamples"):
        ma.permutation_test(fit, 0)
    with pytest.raises(ValueError, match="n_resamples"):
        ma.permutation_test(ma.pool(*drawn(4, 0)), 0)


@cache
def null_pvalues():
    rng = np.random.default_rng(11)
    vi = rng.uniform(0.05, 0.5, 6)
    samples = rng.normal(0, np.sqrt(vi + 0.2), (300, 6))
    return np.array([ma.permutation_test(ma.pool(yi, vi, tau2_method="DL")).pvalue for yi in samples])


def test_under_the_null_its_pvalues_are_uniform():
    # of 64 arrangements, opposite ones being one, p is a multiple of 2 / 64
    p = null_pvalues()
    assert (p * 32 == np.round(p * 32)).all()
    assert abs((p <= 0.25).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 300)


# --- bootstrap


@pytest.mark.parametrize("interval", ["percentile", "BCa"])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_intervals_of_cases_are_scipys_with_the_same_samples(interval, level):
    yi, vi = drawn(13, 3)
    yi[0] = 3.0
    options = {"n_resamples": 800, "confidence_level": level}
    found = ma.bootstrap(ma.pool(yi, vi), kind="case", interval=interval, seed=5, **options)

    def statistic(name):
        def of(at, axis):
            rows = at.reshape(-1, at.shape[-1])
            return getattr(ma.pool_batch(yi[rows], vi[rows]), name).reshape(at.shape[:-1])

        return of

    for name, ours in (("estimate", found.ci), ("tau2", found.tau2_ci), ("i2", found.i2_ci)):
        rng = np.random.default_rng(5)
        theirs = stats.bootstrap(
            (np.arange(13),), statistic(name), method=interval, vectorized=True, rng=rng, **options
        )
        np.testing.assert_allclose(ours, theirs.confidence_interval, rtol=1e-9, atol=1e-12)


def test_samples_of_the_model_have_its_mean_and_spread():
    pooled = ma.pool([-1.2, 0.4, -2.0, -1.1, -0.3], [0.1, 0.2, 0.1, 0.1, 0.3], tau2_method="HE")
    found = ma.bootstrap(pooled, n_resamples=20_000)
    # the mean at weights that hardly move, and an estimator without bias but for the cut at 0
    assert found.estimate.mean() == pytest.approx(pooled.estimate, abs=4 * pooled.wald_se / np.sqrt(20_000) + 0.01)
    assert found.estimate.std() == pytest.approx(pooled.wald_se, rel=0.05)
    assert found.tau2.mean() == pytest.approx(pooled.tau2, rel=0.05)
    for ci, sample in ((found.ci, found.estimate), (found.tau2_ci, found.tau2), (found.i2_ci, found.i2)):
        np.testing.assert_allclose(ci, np.quantile(sample, [0.025, 0.975]), rtol=1e-12)


@settings(max_examples=6, deadline=None)
@given(st.integers(3, 8), st.integers(0, 10_000), st.floats(0.01, 100), st.sampled_from(["parametric", "case"]))
def test_intervals_move_with_the_effects_and_their_unit(k, seed, unit, kind):
    yi, vi = drawn(k, seed)
    one, other = (
        ma.bootstrap(ma.pool(*each, tau2_method="DL"), kind=kind, n_resamples=99)
        for each in ((yi, vi), (3.0 - yi * unit, vi * unit**2))
    )
    if kind == "case":
        np.testing.assert_allclose(sorted(3.0 - np.array(one.ci) * unit), other.ci, rtol=1e-6, atol=1e-8 * unit)
    np.testing.assert_allclose(len(one.estimate), 99)
    assert one.tau2_ci.low >= 0 and np.isfinite(one.ci).all()


def test_bootstraps_repeat_and_say_what_they_are(monkeypatch):
    effects = published_effects()
    found = ma.bootstrap(effects, n_resamples=300, confidence_level=0.9)
    again, other = (ma.bootstrap(effects, n_resamples=300, confidence_level=0.9, seed=seed) for seed in (0, 1))
    assert found.ci == again.ci != other.ci and (found.interval, found.kind) == ("percentile", "parametric")
    assert list(found.to_frame()) == ["estimate", "tau2", "i2"] and len(found.to_frame()) == 300
    said = found.summary()
    assert "300 samples drawn from the fitted model (percentile intervals)" in said and "90% CI" in said
    cases = ma.bootstrap(effects, kind="case", n_resamples=300)
    assert "of the studies, drawn with replacement (BCa intervals)" in cases.summary()
    monkeypatch.setattr(sensitivity, "_BLOCK", 44 * 16)
    blocks = ma.bootstrap(effects, n_resamples=300, confidence_level=0.9)
    np.testing.assert_allclose(blocks.estimate, found.estimate, rtol=1e-9)
    given = ma.bootstrap(ma.pool(*drawn(5, 1), tau2=0.2), n_resamples=50)
    np.testing.assert_allclose(given.tau2, 0.2, rtol=1e-12)


def test_equal_effects_have_an_interval_and_one_sided_samples_have_none():
    equal = ma.bootstrap(ma.pool([0.5] * 4, [0.1] * 4), kind="case", n_resamples=50)
    assert equal.ci == pytest.approx((0.5, 0.5)) and equal.tau2_ci == (0.0, 0.0)
    pooled = ma.pool([0.0, 0.0, 5.0], [0.1, 0.1, 0.1])
    singles = (ma.bootstrap(pooled, kind="case", n_resamples=4, confidence_level=0.5, seed=seed) for seed in range(999))
    few = next(found for found in singles if (found.estimate < pooled.estimate - 0.1).all())
    assert np.isnan(few.ci).all() and "not estimable" in few.summary()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kind": "cases"}, "kind='cases'"),
        ({"interval": "basic"}, "interval='basic'"),
        ({"interval": "BCa"}, "interval='BCa' is for kind='case'"),
        ({"n_resamples": 0}, "n_resamples=0"),
        ({"n_resamples": 39}, "n_resamples=39 is too few for an interval that holds 95% of them; give 40 or more"),
        ({"n_resamples": 199, "confidence_level": 0.99}, "holds 99% of them; give 200 or more"),
        ({"confidence_level": 95}, "confidence_level=95"),
    ],
)
def test_wrong_options_of_a_bootstrap(options, says):
    with pytest.raises(ValueError, match=says):
        ma.bootstrap(ma.pool(*drawn(4, 0)), **options)
    with pytest.raises(ValueError, match="needs 3 studies or more, and there are 2"):
        ma.bootstrap(ma.pool(*drawn(2, 0)))


@pytest.mark.slow
@pytest.mark.parametrize(("k", "parametric", "case"), [(5, 0.92, 0.82), (10, 0.935, 0.92), (20, 0.935, 0.93)])
def test_intervals_hold_the_mean_as_often_as_the_notes_say(k, parametric, case):
    rng, held = np.random.default_rng(11), []
    for _ in range(400):
        vi = rng.uniform(0.05, 0.4, k)
        pooled = ma.pool(rng.normal(0, np.sqrt(vi + 0.1)), vi)
        found = [ma.bootstrap(pooled, kind=kind, n_resamples=999).ci for kind in ("parametric", "case")]
        held.append([ci.low < 0 < ci.high for ci in (*found, pooled.ci)])
    shares = np.mean(held, axis=0)
    np.testing.assert_allclose(shares, [parametric, case, 0.955], atol=0.01)
