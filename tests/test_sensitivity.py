"""Leave one out and cumulative pooling: metafor's numbers, and what each step must be by definition."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis as ma

REFERENCE = json.loads((Path(__file__).parent / "reference" / "sensitivity.json").read_text(encoding="utf-8"))
SETS = REFERENCE["sets"]
NAMES = {"estimate": "estimate", "se": "se", "pval": "pvalue", "ci.lb": "ci_low", "ci.ub": "ci_high", "Q": "q"}
NAMES |= {"Qp": "q_pvalue", "tau2": "tau2"}
METHODS = {"REML": {"tau2_method": "REML", "ci_method": "z"}, "DL_knha": {"tau2_method": "DL", "ci_method": "HKSJ"}}
# metafor stops iterating tau2 at 1e-12 times the variance of yi; p values near 0 lose digits in their own tail
TOLERANCE = {"rtol": 1e-7, "atol": 1e-10}


@pytest.fixture(scope="module")
def effects():
    return published_effects()


def compare(table, wanted):
    for theirs, ours in NAMES.items():
        expected = np.array([np.nan if x is None else x for x in wanted[theirs]], dtype=float)
        known = np.isfinite(expected) & (table["k"] > 1).to_numpy()
        assert known.sum() >= len(table) - 2
        np.testing.assert_allclose(table[ours].to_numpy()[known], expected[known], **TOLERANCE, err_msg=theirs)


def test_there_are_many_sets():
    assert len(SETS) >= 20


@pytest.mark.parametrize("model", METHODS)
@pytest.mark.parametrize("part", SETS, ids=[part["id"] for part in SETS])
def test_leave_one_out_is_metafors(part, model):
    compare(ma.leave_one_out(part["yi"], part["vi"], **METHODS[model]), part["leave1out"][model])


@pytest.mark.parametrize("model", METHODS)
@pytest.mark.parametrize("part", SETS, ids=[part["id"] for part in SETS])
def test_cumulative_is_metafors(part, model):
    compare(ma.cumulative(part["yi"], part["vi"], **METHODS[model]), part["cumul"][model])


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10_000))
def test_each_step_is_pool_on_those_studies(k, seed):
    rng = np.random.default_rng(seed)
    yi, vi = rng.normal(0, 1, k), rng.uniform(0.02, 0.4, k)
    whole = ma.pool(yi, vi)
    without, steps = ma.leave_one_out(yi, vi), ma.cumulative(yi, vi)
    for i in range(k):
        left, first = ma.pool(np.delete(yi, i), np.delete(vi, i)), ma.pool(yi[: i + 1], vi[: i + 1])
        for table, one in ((without, left), (steps, first)):
            row = table.iloc[i]
            assert row["k"] == one.k
            assert row[["estimate", "se", "ci_low", "ci_high"]].tolist() == pytest.approx(
                [one.estimate, one.se, *one.ci], rel=1e-9
            )
        assert without["shift"][i] == pytest.approx(left.estimate - whole.estimate, abs=1e-12)


def test_effect_sizes_bring_names_and_years(effects):
    steps = ma.cumulative(effects)
    assert steps["order"].tolist() == sorted(effects.table["year"])
    assert steps["label"].tolist() == effects.table.sort_values("year", kind="stable")["label"].tolist()
    assert steps["estimate"].iloc[-1] == pytest.approx(ma.pool(effects).estimate, rel=1e-12)
    assert ma.leave_one_out(effects)["label"].tolist() == effects.labels


def test_the_order_may_be_a_column_or_values(effects):
    with pytest.warns(UserWarning, match="no week, so added last"):
        by_week = ma.cumulative(effects, order="week")
    assert by_week["order"].dropna().is_monotonic_increasing and len(by_week) == len(effects)
    values = ma.cumulative([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], order=["c", "a", "b"], labels=["x", "y", "z"])
    assert values["label"].tolist() == ["y", "z", "x"]


def test_a_pooled_effect_keeps_its_methods(effects):
    pooled = ma.pool(effects, tau2_method="DL", ci_method="z", confidence_level=0.9)
    pd.testing.assert_frame_equal(
        ma.leave_one_out(pooled), ma.leave_one_out(effects, tau2_method="DL", ci_method="z", confidence_level=0.9)
    )


OF_R = json.loads((Path(__file__).parent / "reference" / "influence_regression.json").read_text(encoding="utf-8"))


def of_counts(measure, rows=slice(None), **more):
    a, b, c, d = (np.array(OF_R["counts"]["table"][name])[rows] for name in ("ai", "bi", "ci", "di"))
    if measure == "PETO":
        return ma.pool_peto(a, a + b, c, c + d, **more)
    return ma.pool_mantel_haenszel(a, a + b, c, c + d, measure=measure, **more)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "PETO"])
def test_counts_without_each_trial_are_metafors(measure):
    pooled, theirs = of_counts(measure), OF_R["counts"][measure]
    table, contributions = ma.leave_one_out(pooled), ma.baujat(pooled)
    for name, ours in NAMES.items():
        if name != "tau2":
            np.testing.assert_allclose(table[ours], theirs[name], rtol=1e-8, atol=1e-14, err_msg=name)
    for axis in "xy":
        np.testing.assert_allclose(contributions[axis], theirs[axis], rtol=1e-8, atol=1e-12)
    assert list(table) == list(ma.leave_one_out([1.0, 2.0], [0.1, 0.1]))
    assert table[["tau2", "tau", "pi_low", "pi_high"]].isna().all(axis=None) and table.attrs["trials"] == 13
    assert contributions.attrs["methods"]["tau2_method"] in ("Mantel-Haenszel", "Peto")


def test_counts_keep_their_methods_without_a_trial():
    options = {"continuity": 1.0, "continuity_to": "all", "yates": False, "confidence_level": 0.8}
    options |= {"pooled_continuity": 0.25, "pooled_continuity_to": "all", "drop_double_zero": False}
    row = ma.leave_one_out(of_counts("RR", slice(0, 4), **options)).iloc[0]
    one = of_counts("RR", slice(1, 4), **options)
    assert row[["estimate", "ci_low", "q", "i2"]].tolist() == pytest.approx(
        [one.estimate, one.ci.low, one.q, one.i2], rel=1e-12
    )
    peto = ma.leave_one_out(of_counts("PETO", slice(0, 4), confidence_level=0.5, labels=[*"ABCD"]))
    assert peto["ci_low"][0] == pytest.approx(of_counts("PETO", slice(1, 4), confidence_level=0.5).ci.low, rel=1e-12)
    assert peto["label"].tolist() == [*"ABCD"]
    fig = ma.steps_forest(peto)
    assert "Peto" in fig.content.caption and fig.content.table["kind"].eq("trial").sum() == 4


def test_a_study_without_a_value_to_sort_by_is_added_last_and_told():
    table = pd.DataFrame({"label": list("ABC"), "yi": [0.1, 0.4, 0.2], "vi": 0.1, "year": [2001, np.nan, 1999]})
    with pytest.warns(UserWarning, match="^B: no year, so added last; fill it in, or leave such") as seen:
        steps = ma.cumulative(table)
    assert steps["label"].tolist() == list("CAB") and seen[0].filename == __file__
    with pytest.warns(UserWarning, match="^A, C: no when, so added last"):
        ma.cumulative(table.assign(when=[" ", "2001", None]), order="when")
    with pytest.warns(
        UserWarning, match="^study 1: no value of order, so|^Study 1: no value of order, so|^1: no value"
    ):
        ma.cumulative([1.0, 2.0], [0.1, 0.1], order=[None, 3])


def test_counts_that_cannot_be_pooled_without_a_trial_are_nan():
    table = ma.leave_one_out(ma.pool_mantel_haenszel([0, 3], [20, 30], [0, 1], [20, 30], measure="RR"))
    assert np.isnan(table["estimate"][1]) and np.isfinite(table["estimate"][0]) and table["k"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="two trials or more"):
        ma.leave_one_out(ma.pool_peto([1], [20], [3], [20]))
    with pytest.raises(ValueError, match="a PooledCounts keeps its own effects and methods; leave out tau2_method"):
        ma.leave_one_out(of_counts("OR"), tau2_method="DL")
    with pytest.raises(ValueError, match="many meta-analyses"):
        ma.leave_one_out(ma.pool_peto([[1, 2]], [[20, 20]], [[3, 4]], [[20, 20]]))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ma.leave_one_out([1.0], [0.1]), r"leave_one_out\(\) needs 2 studies or more, and there is 1"),
        (lambda: ma.leave_one_out([1.0, 2.0]), "vi is missing"),
        (lambda: ma.cumulative([1.0, 2.0], [0.1, 0.1], order=[1]), "1 values for 2 studies"),
        (lambda: ma.cumulative([1.0, 2.0], [0.1, 0.1], order="year"), "not a column"),
        (lambda: ma.leave_one_out([1.0, 2.0], [0.1, -1.0]), "study 2"),
        (lambda: ma.cumulative([1.0, 2.0], [0.1, 0.1], tau2_method="REMS"), "tau2_method"),
    ],
)
def test_wrong_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_given_tau2_is_kept(effects):
    pooled = ma.pool(effects, tau2=0.5)
    for table in (ma.leave_one_out(pooled), ma.cumulative(pooled)):
        assert set(table["tau2"]) == {0.5}
    without = ma.pool(effects.yi[1:], effects.vi[1:], tau2=0.5)
    assert ma.leave_one_out(pooled)["estimate"][0] == pytest.approx(without.estimate, rel=1e-12)
    pd.testing.assert_frame_equal(
        ma.leave_one_out(pooled, tau2_method="DL"), ma.leave_one_out(effects, tau2_method="DL")
    )


@pytest.mark.parametrize("function", [ma.leave_one_out, ma.cumulative], ids=lambda f: f.__name__)
def test_a_misspelt_option_names_the_function_that_was_called(function):
    with pytest.raises(TypeError, match=rf"^{function.__name__}\(\) .*'tau2_methd'; did you mean 'tau2_method'\?"):
        function([0.1, 0.3, 0.2], [0.1, 0.1, 0.1], tau2_methd="DL")
    with pytest.raises(TypeError, match=rf"^{function.__name__}\(\) .*'xyz'; it knows tau2_method, ci_method"):
        function([0.1, 0.3, 0.2], [0.1, 0.1, 0.1], xyz=1)


# --- of a regression


def regressed(k=9, **options):
    """A regression in which the last study alone tells a coefficient, and its table."""
    rng = np.random.default_rng(k)
    table = pd.DataFrame({"yi": rng.normal(0, 0.5, k), "vi": rng.uniform(0.02, 0.2, k), "dose": rng.normal(0, 1, k)})
    table = table.assign(kind=[*"ab" * (k // 2), "c"][-k:])
    labels = [f"S{i}" for i in range(k)]
    return ma.meta_regression("yi ~ dose + kind", table, labels=labels, **options), table


@pytest.mark.parametrize("ci_method", ["HKSJ-wide", "HKSJ", "z"])
@pytest.mark.parametrize("tau2_method", ["REML", "CE"])
def test_coefficients_without_each_study_are_those_of_the_others(tau2_method, ci_method):
    options = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": 0.9}
    fit, table = regressed(**options)
    without = ma.leave_one_out(fit)
    assert without["k"].eq(8).all() and without["label"].tolist() == [f"S{i}" for i in range(9)]
    names = without.attrs["coefficients"]
    for i in range(8):
        one = ma.meta_regression("yi ~ dose + kind", table.drop(index=i), **options)
        row = without.iloc[i]
        expected = pd.DataFrame({"estimate": one.params, "se": one.bse, "pvalue": one.pvalues})
        expected[["ci_low", "ci_high"]] = np.asarray(one.conf_int())
        expected = expected.assign(shift=one.params - fit.params)
        assert names == one.params.index.tolist()
        own = [[row[f"{name}_{of}"] for name in expected] for of in names]
        np.testing.assert_allclose(np.array(own, dtype=float), expected, rtol=1e-9, atol=1e-10)
        whole = [row[name] for name in ("tau2", "tau", "i2", "q", "q_pvalue")]
        np.testing.assert_allclose(whole, [one.tau2, one.tau, one.i2, one.qe, one.qe_pvalue], rtol=1e-9, atol=1e-10)
    # No other study has the kind of the last one.
    assert without.iloc[8].drop(["label", "k"]).isna().all()


def test_a_regression_keeps_its_own_and_needs_two_studies_more_than_coefficients():
    fit, _ = regressed()
    with pytest.raises(ValueError, match="a MetaRegression keeps its own effects and methods; leave out tau2_method"):
        ma.leave_one_out(fit, tau2_method="DL")
    with pytest.raises(ValueError, match=r"leave_one_out\(\) of 4 coefficients needs 6 studies or more, and has 5"):
        ma.leave_one_out(regressed(5)[0])
    with pytest.raises(ValueError, match="steps has coefficients of a regression, which are no pooled effects"):
        ma.steps_forest(ma.leave_one_out(fit))
