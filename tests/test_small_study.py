"""Tests of small-study effects, trim and fill, PET-PEESE: against metafor, by published examples and by invariants."""

import json
import warnings
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analysis as ma
from analysis.models import small_study
from analysis.models.design import designs, fit_designs
from analysis.models.pooling import check_options
from analysis.models.small_study import begg_columns, missing_columns, mixed_line, weighted_line

FOLDER = Path(__file__).parent / "reference"
SETS = json.loads((FOLDER / "small_study.json").read_text(encoding="utf-8"))["sets"]
each_set = pytest.mark.parametrize("part", SETS, ids=[part["id"] for part in SETS])
# metafor's own converge to 1e-12 of the variance of the effects.
CLOSE = {"rel": 1e-8, "abs": 1e-8}
YI, VI = [0.1, 0.3, 0.35, 0.7, 0.9, 1.2, 0.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16, 0.05]
COUNTS = pd.DataFrame({"study": list("ABCDE"), "events_t": [4, 6, 20, 3, 8], "n_t": [40, 35, 190, 20, 61]})
COUNTS = COUNTS.assign(events_p=[9, 11, 30, 9, 7], n_p=[41, 41, 188, 22, 60])


@cache
def counted():
    return ma.effect_sizes(COUNTS, measure="OR")


def test_there_are_many_sets():
    assert len(SETS) == 39


LINES = {
    "lm_sei": {},
    "lm_vi": {"predictor": "variance"},
    "lm_ni": {"predictor": "n"},
    "rma_sei": {"model": "mixed", "ci_method": "z"},
    "rma_vi": {"model": "mixed", "ci_method": "z", "predictor": "variance"},
    "rma_ni": {"model": "mixed", "ci_method": "z", "predictor": "n"},
    "regtest_DL": {"model": "mixed", "ci_method": "z", "tau2_method": "DL"},
    "regtest_EE": {"model": "mixed", "ci_method": "z", "tau2_method": "CE"},
    "regtest_REML_knha": {"model": "mixed", "ci_method": "HKSJ"},
}


@each_set
def test_eggers_test_is_metafors(part):
    compared = 0
    for name, options in LINES.items():
        theirs = part["lines"][name]
        if options.get("predictor") == "n":
            if part["ni"] is None or "stat" not in theirs:
                continue
            options = options | {"n": part["ni"]}
        ours = ma.egger_test(part["yi"], part["vi"], **options)
        assert (ours.statistic, ours.pvalue) == (
            pytest.approx(theirs["stat"], **CLOSE),
            pytest.approx(theirs["p"], **CLOSE),
        )
        if "limit_est" in theirs:
            assert ours.limit == pytest.approx(theirs["limit_est"], **CLOSE)
            assert [*ours.limit_ci] == pytest.approx(theirs["limit_ci"], **CLOSE)
        else:
            assert np.isnan(ours.limit) and np.isnan(ours.limit_ci.low)
        compared += 1
    assert compared >= 7


@each_set
def test_beggs_test_is_metafors(part):
    ours = ma.begg_test(part["yi"], part["vi"])
    assert ours.statistic == pytest.approx(part["ranktest"]["tau"], **CLOSE)
    assert ours.pvalue == pytest.approx(part["ranktest"]["p"], **CLOSE)


@each_set
def test_trim_and_fill_is_metafors(part):
    for name, theirs in part["trimfill"].items():
        tau2_method, estimator, side = name.split("_")
        options = {"estimator": estimator, "side": None if side == "auto" else side, "ci_method": "z"}
        options["tau2_method"] = "CE" if tau2_method == "EE" else tau2_method
        if "error" in theirs:
            with pytest.raises(ValueError, match="Q0 is not defined here: nearly all of"):
                ma.trim_and_fill(part["yi"], part["vi"], **options)
            continue
        ours = ma.trim_and_fill(part["yi"], part["vi"], **options)
        assert (ours.k0, ours.side) == (theirs["k0"], theirs["side"])
        if theirs.get("se_k0"):
            assert ours.k0_se == pytest.approx(theirs["se_k0"], **CLOSE)
        assert ours.pvalue == pytest.approx(theirs.get("p_k0", np.nan), nan_ok=True)
        filled = np.atleast_1d(theirs.get("fill_yi", []))
        np.testing.assert_allclose(ours.pooled.yi[len(part["yi"]) :], filled, rtol=1e-8, atol=1e-8)
        # metafor pools the filled set again with its default convergence, a step of tau2 of 1e-5.
        near = {"abs": 1e-3 * theirs["se"]} if tau2_method == "REML" and theirs["k0"] else CLOSE
        assert ours.pooled.estimate == pytest.approx(theirs["beta"], **near)
        assert ours.pooled.se == pytest.approx(theirs["se"], **near)


def test_harbord_peters_and_pustejovsky_are_lines_that_statsmodels_fits_too():
    import statsmodels.api as sm

    a, n, c, m = (COUNTS[name].to_numpy(float) for name in ("events_t", "n_t", "events_p", "n_p"))
    score, variance = a - (a + c) * n / (n + m), n * m * (a + c) * (n + m - a - c) / ((n + m) ** 2 * (n + m - 1))
    weights = 1.0 / (1.0 / (a + c) + 1.0 / (n + m - a - c))
    expected = {
        ma.harbord_test: (score / variance, 1.0 / np.sqrt(variance), variance),
        ma.peters_test: (counted().yi, 1.0 / (n + m), weights),
        ma.pustejovsky_test: (counted().yi, np.sqrt(1.0 / n + 1.0 / m), 1.0 / counted().vi),
    }
    for test, (y, x, w) in expected.items():
        fit, ours = sm.WLS(y, sm.add_constant(x), w).fit(), test(counted())
        assert ours.statistic == pytest.approx(fit.tvalues[1]) and ours.df == 3
        assert (ours.slope, ours.slope_se) == (pytest.approx(fit.params[1]), pytest.approx(fit.bse[1]))
        assert (ours.limit, ours.pvalue) == (pytest.approx(fit.params[0]), pytest.approx(fit.pvalues[1]))
        assert [*ours.limit_ci] == pytest.approx(fit.conf_int()[0])
        # A result keeps what it was made of, so that counts are found behind it.
        assert test(ma.pool(counted())).statistic == pytest.approx(ours.statistic)
        with pytest.raises(
            ValueError, match=r"a DataFrame: its effects have no columns .*_t .*; give effect_sizes\(table\)"
        ):
            test(pd.DataFrame({"yi": YI, "vi": VI}))


def test_a_study_without_events_has_no_score():
    none = ma.effect_sizes(COUNTS.assign(events_t=[0, 6, 20, 3, 8], events_p=[0, 11, 30, 9, 7]), measure="RD")
    with pytest.raises(ValueError, match="study A: nobody, or everybody, had an event"):
        ma.harbord_test(none)


def test_pet_and_peese_are_the_lines_of_egger():
    fit = ma.pet_peese(YI, VI)
    pet, peese = ma.egger_test(YI, VI), ma.egger_test(YI, VI, predictor="variance")
    assert fit.pet.limit == pet.limit and fit.peese.limit == peese.limit
    p = 2 * stats.t.sf(abs(pet.limit / pet.limit_se), 5)
    for alpha in (p * 0.99, p * 1.01):
        fit = ma.pet_peese(YI, VI, alpha=alpha)
        one = pet if alpha < p else peese
        assert fit.chosen == ("PET" if alpha < p else "PEESE")
        assert (fit.estimate, fit.se, fit.ci) == (one.limit, one.limit_se, one.limit_ci)
        assert fit.pvalue == pytest.approx(2 * stats.t.sf(abs(one.limit / one.limit_se), 5))


def test_kendalls_p_value_counts_all_orders():
    y, v = np.array(YI)[:6, None], np.array(VI)[:6, None]
    orders = np.array(list(permutations(range(6))))
    taus, p = begg_columns(y, v)
    # The standardised effects keep their ranks where only these are dealt out.
    all_of = [stats.kendalltau(order, range(6)).statistic for order in orders]
    assert p[0] == pytest.approx(np.mean(np.abs(all_of) >= abs(taus[0]) - 1e-9))


@pytest.mark.parametrize("k", [7, 30])
def test_equal_values_make_kendalls_p_normal_as_scipy_has_it(k):
    rng = np.random.default_rng(k)
    y, v = rng.normal(size=(k, 3)), np.round(rng.uniform(1, 3, (k, 3)), 1)
    z = (y - (y / v).sum(axis=0) / (1 / v).sum(axis=0)) / np.sqrt(v - 1 / (1 / v).sum(axis=0))
    tau, p = begg_columns(y, v)
    for i in range(3):
        equal = len(set(v[:, i])) < k
        known = stats.kendalltau(z[:, i], v[:, i], method="asymptotic" if equal else "exact")
        assert (tau[i], p[i]) == (pytest.approx(known.statistic), pytest.approx(known.pvalue))


def test_kendalls_p_value_of_many_studies_is_normal_and_near_the_exact_one(monkeypatch):
    rng = np.random.default_rng(8)
    v = rng.uniform(0.1, 1.0, (310, 1))
    y = rng.normal(0.2 * v, np.sqrt(v))
    tau, p = begg_columns(y, v)
    z = (y - (y / v).sum() / (1 / v).sum()) / np.sqrt(v - 1 / (1 / v).sum())
    known = stats.kendalltau(z[:, 0], v[:, 0], method="asymptotic")
    assert (tau[0], p[0]) == (pytest.approx(known.statistic), pytest.approx(known.pvalue))
    monkeypatch.setattr("analysis.models.small_study._EXACT", 310)
    assert p[0] == pytest.approx(begg_columns(y, v)[1][0], rel=0.005)


def test_effects_that_are_equal_or_on_a_line_are_no_trouble():
    with pytest.raises(ValueError, match="begg_test.* and all 3 studies have the same, 0.5"):
        ma.begg_test([0.5] * 3, VI[:3])
    table = ma.small_study_effects([0.5] * 5, [0.125, 0.25, 0.5, 1.0, 2.0]).table.set_index("method")
    assert table["note"]["Begg"].startswith("not used: ") and table["estimate"]["PET-PEESE"] == pytest.approx(0.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 12), st.integers(0, 10_000), st.floats(0.01, 100.0))
def test_signs_turn_and_units_and_order_do_not_matter(k, seed, scale):
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.01, 0.3, k)
    y, order = rng.normal(0.3, np.sqrt(v)), rng.permutation(k)
    egger = ma.egger_test(y, v)
    mixed = ma.egger_test(y, v, model="mixed")
    for test in (ma.egger_test, ma.begg_test, lambda *x: ma.egger_test(*x, model="mixed")):
        found = test(y, v)
        turned, scaled = test(-y, v), test(scale * y[order], scale**2 * v[order])
        assert turned.statistic == pytest.approx(-found.statistic, rel=1e-6, abs=1e-9)
        assert turned.pvalue == pytest.approx(found.pvalue, rel=1e-6, abs=1e-9)
        assert scaled.statistic == pytest.approx(found.statistic, rel=1e-6, abs=1e-9)
    assert ma.egger_test(-y, v).limit == pytest.approx(-egger.limit, rel=1e-6, abs=1e-9)
    assert mixed.tau2 >= 0 and np.isnan(egger.tau2)
    right, left = (ma.trim_and_fill(sign * y, v, side=side) for sign, side in ((1, "right"), (-1, "left")))
    assert right.k0 == left.k0 and right.pooled.estimate == pytest.approx(-left.pooled.estimate, abs=1e-9)


def test_a_line_through_points_on_it_is_that_line():
    x = np.array([[0.1, 0.2], [0.3, 0.5], [0.2, 0.9], [0.7, 0.4]])
    for line in (weighted_line(2.0 - 3.0 * x, x, 1.0 / x), mixed_line(2.0 - 3.0 * x, x, x, ci_method="z")):
        assert line.slope == pytest.approx([-3.0, -3.0]) and line.intercept == pytest.approx([2.0, 2.0])


def test_designs_of_their_own_are_fitted_as_one_by_one():
    rng = np.random.default_rng(3)
    y, v, x = rng.normal(size=(9, 4)), rng.uniform(0.05, 400.0, (9, 4)), rng.normal(size=(9, 4))
    options = check_options(ci_method="HKSJ")
    own = np.stack([np.ones_like(x), x], axis=1)
    many = fit_designs(designs(y, v, own), options)
    for i in range(4):
        one = fit_designs(designs(y[:, [i]], v[:, [i]], own[:, :, i]), options)
        np.testing.assert_allclose(many.estimate[:, i], one.estimate[:, 0], rtol=1e-10)
        np.testing.assert_allclose(many.se[:, i], one.se[:, 0], rtol=1e-10)
        assert many.tau2[i] == pytest.approx(one.tau2[0], rel=1e-9, abs=1e-12)


def test_methods_of_a_result_are_kept():
    pooled = ma.pool(YI, VI, tau2_method="DL", ci_method="z", confidence_level=0.9)
    ours, theirs = (
        ma.egger_test(pooled, model="mixed"),
        ma.egger_test(YI, VI, model="mixed", tau2_method="DL", ci_method="z", confidence_level=0.9),
    )
    assert ours.limit_ci == theirs.limit_ci and (ours.tau2_method, ours.ci_method) == ("DL", "z")
    assert ma.trim_and_fill(pooled).pooled.tau2_method == "DL"
    fixed = ma.pool(YI, VI, tau2=0.05)
    assert ma.egger_test(fixed, model="mixed").tau2 == pytest.approx(0.05)


@pytest.mark.parametrize("test", [ma.egger_test, ma.begg_test, ma.trim_and_fill, ma.pet_peese, ma.lfk_index])
def test_too_few_studies_are_refused(test):
    with pytest.raises(ValueError, match=rf"{test.__name__}\(\) needs 3 studies or more, and there are 2"):
        test(YI[:2], VI[:2])
    test(YI[:3], VI[:3])


@pytest.mark.parametrize("test", [ma.egger_test, ma.begg_test, ma.pet_peese])
def test_equal_standard_errors_show_nothing(test):
    with pytest.raises(ValueError, match=r"sets effects against .*, and all 7 studies have the same, 0\.2"):
        test(YI, se=[0.2] * 7) if test is not ma.begg_test else test(YI, [0.2] * 7)
    assert ma.trim_and_fill(YI, [0.2] * 7).side == "left"


def test_numbers_of_people_come_from_the_effects_or_are_given():
    known = ma.egger_test(counted(), predictor="n")
    given = ma.egger_test(counted().yi, counted().vi, predictor="n", n=(COUNTS["n_t"] + COUNTS["n_p"]).tolist())
    assert known.statistic == given.statistic
    with pytest.raises(ValueError, match="n is for predictor='n', not 'se'; leave it out"):
        ma.egger_test(YI, VI, n=[10] * 7)
    with pytest.raises(ValueError, match="its effects have no columns n_t and n_p or n_treatment and n_placebo"):
        ma.egger_test(YI, VI, predictor="n")
    with pytest.raises(ValueError, match="n has 3 values for 7 studies"):
        ma.egger_test(YI, VI, predictor="n", n=[1, 2, 3])


def test_filled_studies_are_told_apart():
    found = ma.trim_and_fill(YI, VI, estimator="L0")
    table = found.to_frame()
    assert table["filled"].sum() == found.k0 > 0 and not table["filled"].iloc[-1]
    filled = table[table["filled"]]
    assert filled["label"].str.endswith(", filled").all()
    assert sorted(filled["vi"]) == sorted(np.array(VI)[np.argsort(YI)[-found.k0 :]])
    none = ma.trim_and_fill(YI, VI, side="right")
    assert none.k0 == 0 and none.pooled.estimate == none.observed.estimate


def test_what_a_test_says():
    said = ma.egger_test(ma.pool(YI, VI, measure="OR")).summary()
    assert said.startswith("Egger test of small-study effects, 7 studies")
    assert "the odds ratio where the standard error is 0" in said and "on the log scale" in said
    assert "With 7 studies, fewer than 10, such tests see little. Asymmetry is not bias" in said
    assert "such tests see little" not in ma.egger_test(YI * 2, VI[:5] * 2 + VI[:4]).summary()
    assert "t " in said and "on 5 df" in said
    mixed = ma.egger_test(YI, VI, model="mixed", ci_method="z").summary()
    assert "mixed model (REML, z)" in mixed and " df" not in mixed
    assert "Kendall's tau 0.81, p = 0.011" in ma.begg_test(YI, VI).summary()
    assert "nobody's data" in ma.trim_and_fill(YI, VI).summary()
    assert "by PET the effect does not differ from zero at p < 0.05" in ma.pet_peese(YI, VI, alpha=0.05).summary()


def test_doubts_of_a_measure_are_said_once_and_numbers_as_each_method_says_them():
    odds = ma.small_study_effects(counted())
    said, table = odds.summary(), odds.table.set_index("method")
    doubted = ["Begg", "Trim and fill, L0", "PET-PEESE", "Limit meta-analysis"]
    assert f"{'; '.join(doubted)}: the standard error goes with the effect here" in said
    assert set(table["note"][doubted]) == {"the standard error goes with the effect here, which alone tilts a funnel"}
    assert said.count("alone tilts a funnel") == 2  # of Egger's test, which was not used, and of these four
    assert table["note"]["Harbord"] == table["note"]["Excess significance"] == ""
    assert "alone tilts" not in ma.small_study_effects(YI, VI).summary()
    filled = ma.trim_and_fill(counted()).summary().partition("With these")[2].splitlines()[0].strip()
    assert filled in said
    none = ma.small_study_effects([0.1, 0.05, -0.1, 0.02], [0.01, 0.02, 0.03, 0.05])
    assert "Selection model, p 0.025  not used: no study has a one-sided" in none.summary()


def test_predictors_are_read_as_words():
    peters, sized = ma.peters_test(counted()).summary(), ma.pustejovsky_test(counted()).summary()
    assert "on the log scale for each unit of 1 / people" in peters and "odds ratio where 1 / people is 0" in peters
    assert "for each unit of sqrt(1/n1 + 1/n2)" in sized
    assert "for each unit of the standard error of the score" in ma.harbord_test(counted()).summary()
    assert "by PET the effect does not differ from 1 at p < 0.10" in ma.pet_peese(counted()).summary()


def test_nothing_is_said_of_filled_studies_where_there_are_none():
    assert "nobody's data" not in ma.trim_and_fill(YI, VI, side="right").summary()


def test_tests_that_fit_the_measure_are_run():
    odds = ma.small_study_effects(counted())
    assert odds.table["method"].tolist()[:3] == ["Harbord", "Peters", "Egger"]
    assert odds.table["note"][2].startswith("not used: the standard error goes with the effect")
    assert odds.table["pvalue"][0] == ma.harbord_test(counted()).pvalue
    unknown = ma.small_study_effects(ma.pool(YI, VI, measure="OR")).table.set_index("method")
    assert "its effects have no columns events_t and events_p" in unknown.loc["Harbord", "note"]
    assert (
        unknown.loc["Egger", "note"].startswith("the standard error goes with") and unknown.loc["Egger", "pvalue"] < 1
    )
    arrays = ma.small_study_effects(YI, VI, measure="OR").table
    pd.testing.assert_frame_equal(arrays, unknown.reset_index())
    plain = ma.small_study_effects(ma.pool(YI, VI, ci_method="z", confidence_level=0.9)).table.set_index("method")
    assert "Harbord" not in plain.index and plain.loc["Egger", "pvalue"] == ma.egger_test(YI, VI).pvalue
    mixed = ma.egger_test(YI, VI, model="mixed", ci_method="z")
    assert plain.loc["Egger, mixed model", "pvalue"] == mixed.pvalue
    assert plain.loc["PET-PEESE", "ci_low"] == ma.pet_peese(YI, VI, confidence_level=0.9).ci.low
    assert plain.loc["Trim and fill, L0", "estimate"] == ma.trim_and_fill(YI, VI).pooled.estimate
    assert plain.loc["Selection model, p 0.025", "pvalue"] == ma.selection_model(YI, VI).lrt_pvalue
    people = pd.DataFrame({"study": list("ABCD"), "yi": YI[:4], "vi": VI[:4], "n_t": [50, 40, 30, 20], "n_p": 30})
    assert ma.small_study_effects(ma.effect_sizes(people, measure="SMD")).table["method"][0] == "Pustejovsky-Rodgers"


def test_what_cannot_be_run_says_why():
    equal = ma.small_study_effects(YI, [0.3] * 7)
    notes = equal.table.set_index("method")["note"]
    assert "all 7 studies have the same" in notes["Egger"] and "all 7 studies have the same" in notes["Begg"]
    assert "its weight cannot be told" in notes["Selection model, p 0.025"] or not notes["Selection model, p 0.025"]
    assert "Excess significance  p" in " ".join(equal.summary().split()).replace("significance p", "significance  p")
    assert "fewer than 10, such tests see little" in equal.summary()
    odds = ma.small_study_effects(counted())
    assert odds.to_frame(transform=True)["estimate"].max() == pytest.approx(np.exp(odds.table["estimate"].max()))


@pytest.mark.parametrize("estimator", ["L0", "R0", "Q0"])
def test_many_are_trimmed_as_one_by_one(estimator):
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 0.3, (12, 60))
    y = np.sort(rng.normal(0.3, np.sqrt(v + 0.02)) + 0.8 * np.sqrt(v), axis=0)
    options = check_options(tau2_method="DL")
    trimmed = missing_columns(y, v, estimator, options)
    for i in range(60):
        one = [x[0] for x in missing_columns(y[:, i : i + 1], v[:, i : i + 1], estimator, options)]
        np.testing.assert_allclose([x[i] for x in trimmed], one, rtol=1e-12)
    assert trimmed.settled.any() and np.nanmax(trimmed.k0) < 12 and len({*trimmed.k0[trimmed.settled]}) > 2


def test_a_number_of_missing_studies_that_does_not_settle_is_refused(monkeypatch):
    assert ma.trim_and_fill(YI, VI).k0 > 0
    monkeypatch.setattr(small_study, "_ROUNDS", 1)
    with pytest.raises(ValueError, match="the studies missing by L0 do not settle in 1 rounds; use another estimator"):
        ma.trim_and_fill(YI, VI)


def test_the_limit_is_the_end_of_a_line_by_least_squares():
    pooled = ma.pool(YI, VI, tau2_method="DL")
    fit = ma.limit_meta_analysis(pooled)
    s = np.sqrt(np.array(VI) + pooled.tau2)
    x = np.column_stack([np.ones(7), 1.0 / s])
    coefficients = np.linalg.lstsq(x, YI / s, rcond=None)[0]
    at = np.array([pooled.tau, 1.0])
    assert fit.estimate == pytest.approx(at @ coefficients) and fit.slope == pytest.approx(coefficients[0])
    assert fit.se == pytest.approx(np.sqrt(at @ np.linalg.inv(x.T @ x) @ at))
    assert fit.pvalue == pytest.approx(2 * stats.norm.sf(abs(fit.estimate / fit.se)))
    egger = weighted_line(np.array(YI)[:, None], np.sqrt(VI)[:, None], 1.0 / np.array(VI)[:, None])
    assert fit.q_residual == pytest.approx(fit.q_small * 5 / egger.statistic[0] ** 2)
    assert fit.q_small + fit.q_residual == pytest.approx(pooled.q) and fit.q_residual_df == 5
    common = ma.limit_meta_analysis(YI, VI, tau2_method="CE")
    assert common.estimate == pytest.approx(ma.egger_test(YI, VI).limit)


def test_the_lfk_index_is_that_of_metasens():
    """The example of Furuya-Kanamori et al. 2018; the loop of metasens 1.5 run in R 4.2.2."""
    found = ma.lfk_index([-4.270, -1.710, -0.580, -0.190, 0.000], [0.158, 0.076, 0.018, 0.022, 0.040])
    assert found.statistic == pytest.approx(-3.310111539, rel=1e-9) and found.asymmetry == "major"


def test_the_lfk_index_of_limbs_alike_is_near_none_and_turns_with_the_sign():
    even = ma.lfk_index([-1.0, -0.5, 0.0, 0.5, 1.0], [0.5, 0.2, 0.1, 0.2, 0.5])
    assert abs(even.statistic) < 0.2 and even.asymmetry == "no"
    # The ranks are those of all people less half of one, which is not the same from both ends.
    index, turned = ma.lfk_index(YI, VI), ma.lfk_index(-np.array(YI), VI)
    assert turned.statistic == pytest.approx(-index.statistic, abs=0.05)
    assert index.points["estimate"].is_monotonic_increasing and index.points["z"].is_monotonic_increasing
    assert "It is no test" in index.summary() and f"{index.asymmetry} asymmetry" in index.summary()
    with pytest.raises(ValueError, match="all 3 studies have the same, 0.5"):
        ma.lfk_index([0.5] * 3, VI[:3])


def test_several_effects_of_a_study_are_told_as_such():
    yi = [0.1, 0.4, 0.2, 0.3, 0.5, 0.2, 0.3, 0.6]
    table = pd.DataFrame({"study": list("AABBCCDD"), "yi": yi, "vi": [0.05, 0.02, 0.01, 0.1, 0.2, 0.03, 0.02, 0.1]})
    effects = ma.effect_sizes(table, measure="SMD")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for test in (ma.egger_test, ma.begg_test, ma.pet_peese, ma.limit_meta_analysis, ma.pool_bayes):
            assert "8 effects of 4 studies" in test(effects).summary().splitlines()[0]
        assert "8 effects of 4 studies are taken to be independent" in ma.pool_bayes(effects).summary()
    assert "8 studies" in ma.egger_test(yi, table["vi"]).summary()
