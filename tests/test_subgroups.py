"""Subgroups: metafor's numbers for the BCG trials, one-by-one pooling, and the tests between groups."""

import json
import tracemalloc
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analysis as ma
from analysis._types import Tau2Method
from analysis.models import blocks, pooling
from analysis.models.design import group_means

PIN = json.loads((Path(__file__).parent / "reference" / "subgroups.json").read_text())
EXPECTED = PIN["subgroup/bcg"]
DATA = pd.DataFrame({"yi": PIN["yi"], "vi": PIN["vi"], "alloc": PIN["alloc"]})
# metafor stopped at its default control here: its tau2 is up to 4e-6 off the maximum, and the means, standard errors
# and tests inherit a fraction of that. At metafor's own tau2 the groups agree to TIGHT.
DEFAULT_CONTROL, TIGHT = 1e-5, 1e-12


def test_separate_tau2_equals_metafor():
    pooled = ma.pool_subgroups(DATA, "alloc", ci_method="z")
    for name, expected in EXPECTED["separate"].items():
        group = pooled.groups[name]
        found = [group.k, group.estimate, group.se, group.tau2, group.q, 100 * group.i2]
        wanted = [expected[key] for key in ("k", "beta", "se", "tau2", "QE", "I2")]
        assert found == pytest.approx(wanted, rel=DEFAULT_CONTROL)
        theirs = ma.pool(group.yi, group.vi, tau2=expected["tau2"], ci_method="z")
        assert (theirs.estimate, theirs.se) == pytest.approx((expected["beta"], expected["se"]), rel=TIGHT)
    between = EXPECTED["wald_between_separate"]
    found = (pooled.q_between, pooled.q_between_df, pooled.q_between_pvalue)
    assert found == pytest.approx((between["QE"], 2, between["QEp"]), rel=DEFAULT_CONTROL)
    assert np.isnan(pooled.f)


def test_common_tau2_equals_metafor():
    pooled = ma.pool_subgroups(DATA, "alloc", tau2="common", ci_method="z")
    expected = EXPECTED["common_tau2"]
    groups = [pooled.groups[name] for name in EXPECTED["levels"]]
    assert [g.estimate for g in groups] == pytest.approx(expected["beta"], rel=DEFAULT_CONTROL)
    assert [g.se for g in groups] == pytest.approx(expected["se"], rel=DEFAULT_CONTROL)
    assert [g.tau2 for g in groups] == pytest.approx([expected["tau2"]] * 3, rel=DEFAULT_CONTROL)
    between = EXPECTED["QM_between_common"]
    found = (pooled.q_between, pooled.q_between_pvalue)
    assert found == pytest.approx((between["QM"], between["QMp"]), rel=DEFAULT_CONTROL)
    fit = ma.meta_regression("yi ~ C(alloc)", DATA, ci_method="z")
    assert pooled.q_between == pytest.approx(fit.qm, rel=1e-10)


def test_f_form_under_a_common_tau2_is_that_of_the_meta_regression():
    pooled = ma.pool_subgroups(DATA, "alloc", tau2="common")
    fit = ma.meta_regression("yi ~ C(alloc)", DATA)
    found = pooled.f, *pooled.f_df, pooled.f_pvalue
    assert found == pytest.approx((fit.qm, 2.0, 10.0, fit.qm_pvalue), rel=1e-12)


@pytest.mark.parametrize("tau2_method", get_args(Tau2Method))
def test_a_common_tau2_is_that_of_the_regression_on_the_groups(tau2_method):
    """Groups of 1 to 40 studies, so that they are summed up in several parts, and a regression with a matrix."""
    rng = np.random.default_rng(8)
    sizes = [1, 40, 2, 3, 1, 17, 2, 9]
    group = rng.permutation(np.repeat(list("abcdefgh"), sizes))
    vi = 10.0 ** rng.uniform(-3, 0, group.size)
    data = pd.DataFrame({"yi": rng.normal(0.0, np.sqrt(0.3 + vi)), "vi": vi, "group": group})
    for ci_method in ("HKSJ", "HKSJ-mod"):
        methods = {"tau2_method": tau2_method, "ci_method": ci_method}
        pooled = ma.pool_subgroups(data, "group", tau2="common", **methods)
        fit = ma.meta_regression("yi ~ C(group)", data, **methods)
        found = (*pooled.groups["a"].tau2_ci, pooled.f, pooled.f_df, pooled.f_pvalue)
        if tau2_method == "CE":
            assert np.isnan(found[:2]).all()
        else:
            assert pooled.groups["a"].tau2 == pytest.approx(fit.tau2, rel=1e-12) and fit.tau2 > 0
            assert found[:2] == pytest.approx(fit.tau2_ci, rel=1e-12)
        assert found[2::2] == pytest.approx((fit.qm, fit.qm_pvalue), rel=1e-11) and pooled.f_df == fit.qm_df


def test_of_the_maxima_with_a_common_tau2_the_highest_is_taken():
    """Two precise studies against imprecise ones give the likelihood two maxima; a scan of it finds the higher one."""
    vi = np.array([1e-4, 1e-4, 1.0, 1.0, 1.0, 1.0, 1e-4, 1e-4, 1.0])
    data = pd.DataFrame({"yi": [0.0, 0.03, 4.0, -4.0, 5.0, -3.0, 1.0, 1.02, 6.0], "vi": vi, "group": list("aaaaabbbb")})
    for tau2_method in ("REML", "ML"):
        grid = group_means(data["yi"].to_numpy(), vi, np.array([5, 4]))
        at = np.append(0.0, np.geomspace(1e-8, 1e4, 4001))
        scan = [grid.log_likelihood(np.array([t]) / grid.scale**2, tau2_method == "REML")[0] for t in at]
        pooled = ma.pool_subgroups(data, "group", tau2="common", tau2_method=tau2_method)
        assert pooled.groups["a"].tau2 == pytest.approx(at[np.argmax(scan)], rel=0.01)


def test_many_groups_need_no_matrix():
    """A design of 2,000 groups by 3,000 studies is 48 MB."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"yi": rng.normal(size=3000), "vi": rng.uniform(0.1, 0.3, 3000)})
    tracemalloc.start()
    pooled = ma.pool_subgroups(data, np.arange(3000) % 2000, tau2="common", ci_method="HKSJ")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e7, peak
    assert len(pooled.groups) == 2000 and pooled.f_df == (1999.0, 1000.0) and pooled.groups["0"].tau2 > 0.1


def test_a_common_tau2_needs_a_group_of_two_studies():
    with pytest.raises(ValueError, match="tau2='common' needs a group of two studies or more, and each of the 13"):
        ma.pool_subgroups(DATA, [f"site {i}" for i in range(13)], tau2="common")


def test_equal_outcomes_in_each_group_leave_an_f_test_no_doubt():
    yi, group = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0], list("aabbcc")
    pooled = ma.pool_subgroups(yi, group, vi=[0.1] * 6, tau2="common", ci_method="HKSJ")
    assert (pooled.f, pooled.f_pvalue) == (np.inf, 0.0)
    pooled = ma.pool_subgroups([1.0] * 6, group, vi=[0.1] * 6, tau2="common", ci_method="HKSJ")
    assert np.isnan((pooled.f, pooled.f_pvalue)).all()


def test_welch_form_with_two_groups_is_the_welch_t_test():
    """Equal sampling variances make the HKSJ mean the plain mean, and Welch's F the square of Welch's t."""
    rng = np.random.default_rng(3)
    one, two = rng.normal(0, 1, 7), rng.normal(1, 2, 9)
    data = pd.DataFrame({"yi": np.r_[one, two], "vi": 0.01, "half": ["a"] * 7 + ["b"] * 9})
    pooled = ma.pool_subgroups(data, "half")
    expected = stats.ttest_ind(one, two, equal_var=False)
    assert (pooled.f, pooled.f_pvalue) == pytest.approx((expected.statistic**2, expected.pvalue), rel=1e-9)
    assert pooled.f_df == pytest.approx((1, expected.df), rel=1e-9)


def test_groups_equal_pooling_one_by_one():
    pooled = ma.pool_subgroups(DATA, "alloc", tau2_method="DL")
    assert pooled.overall.estimate == ma.pool(DATA["yi"], DATA["vi"], tau2_method="DL").estimate
    for name, rows in DATA.groupby("alloc"):
        alone = ma.pool(rows["yi"], rows["vi"], tau2_method="DL")
        assert pooled.groups[name].ci == pytest.approx(alone.ci, rel=1e-12)
    assert pooled.to_frame()["group"].tolist() == [*dict.fromkeys(PIN["alloc"]), "all"]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from("abcdefghijklaaaaaaa"), min_size=2, max_size=40),
    st.integers(0, 10_000),
    *(st.sampled_from(x) for x in (pooling.TAU2_METHODS, pooling.CI_METHODS, pooling.PI_METHODS)),
)
def test_groups_of_any_sizes_are_their_own_pool(group, seed, tau2_method, ci_method, pi_method):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"label": [f"{x}{i}" for i, x in enumerate(group)], "group": group})
    data = data.assign(yi=rng.normal(5, 1, len(group)), vi=rng.uniform(0.05, 0.5, len(group)))
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method}
    pooled = ma.pool_subgroups(data, "group", **methods)
    assert list(pooled.groups) == list(dict.fromkeys(group))
    for name, rows in data.groupby("group"):
        mine, alone = pooled.groups[name], ma.pool(rows, **methods)
        assert mine.labels == tuple(rows["label"]) and mine.ci_method == alone.ci_method
        np.testing.assert_array_equal(mine.vi, rows["vi"])
        # Beside other columns numpy adds in another order: some 1e-16 of a sum, and more of a small difference.
        pd.testing.assert_frame_equal(mine.to_row(), alone.to_row(), rtol=1e-11, atol=1e-12)


@pytest.fixture
def cells(monkeypatch):
    """How many cells each array given to the engine has."""
    seen, engine = [], pooling.columns
    monkeypatch.setattr(pooling, "columns", lambda yi, vi: seen.append(yi.size) or engine(yi, vi))
    return seen


def unequal():
    """One group of 700 studies, 40 of 20 and 300 of 1 to 3, mixed."""
    rng = np.random.default_rng(2)
    group = rng.permutation(np.repeat(np.arange(341), [700, *[20] * 40, *rng.integers(1, 4, 300)]))
    return pd.DataFrame({"yi": rng.normal(size=group.size), "vi": rng.uniform(0.1, 1, group.size), "group": group})


def test_small_groups_are_not_filled_up_to_the_largest(cells):
    data = unequal()
    pooled = ma.pool_subgroups(data, "group", tau2_method="DL")
    # Groups with their intervals, groups for the test between them, and all studies: less than half of it is empty.
    assert sum(cells) < 2 * 2 * len(data) + len(data)
    cells.clear()
    members = data["group"].to_numpy()[:, None] == np.arange(341)
    columns = pooling.pool_columns(data["yi"], data["vi"], members, tau2_method="DL")
    estimates = [pooled.groups[str(j)].estimate for j in range(341)]
    assert [each.estimate for each in columns] == pytest.approx(estimates, rel=1e-12)
    assert sum(cells) < 2 * len(data)


def test_no_array_is_larger_than_a_block(cells, monkeypatch):
    data, ask = unequal(), {"by": "group", "tau2_method": "PM"}
    whole = ma.pool_subgroups(data, **ask)
    monkeypatch.setattr(blocks, "_BLOCK", 256)
    cells.clear()
    parts = ma.pool_subgroups(data, **ask)
    assert len(cells) > 15 and sorted(cells)[-4] <= 256 and sorted(cells)[-3:] == [700, 700, len(data)]
    pd.testing.assert_frame_equal(parts.to_frame(), whole.to_frame(), rtol=1e-11, atol=1e-12)


def test_effect_sizes_and_their_columns():
    effects = published_effects()
    pooled = ma.pool_subgroups(effects, "therapy_family")
    arms = ma.pool_arms(effects, by="therapy_family")
    for name, group in arms.groups.items():
        assert pooled.groups[name].estimate == pytest.approx(group.contrast.estimate, rel=1e-12)
    assert pooled.summary().splitlines()[0] == (
        "Subgroups by therapy_family of mean differences, treatment minus placebo (a tau² for each)"
    )
    assert "difference between subgroups of trials is observational" in pooled.summary()


def test_one_group_has_nothing_to_compare():
    for tau2 in ("separate", "common"):
        pooled = ma.pool_subgroups(DATA, ["all"] * 13, tau2=tau2)
        assert pooled.q_between_df == 0 and np.isnan(pooled.q_between) and np.isnan(pooled.f)


def test_a_group_of_one_study_has_no_welch_test():
    pooled = ma.pool_subgroups(DATA, ["a"] + ["b"] * 12)
    assert np.isnan(pooled.f) and pooled.q_between >= 0
    assert pooled.groups["a"].k == 1


def test_bad_groups_are_named():
    with pytest.raises(ValueError, match="by='site' is not a column of the effects: yi, vi, alloc"):
        ma.pool_subgroups(DATA, "site")
    with pytest.raises(ValueError, match=r"not a column of the effects \(did you mean 'alloc'\?\): yi, vi, alloc"):
        ma.pool_subgroups(DATA, "aloc")
    with pytest.raises(ValueError, match="by has 2 values for 13 studies"):
        ma.pool_subgroups(DATA, ["a", "b"])
    with pytest.raises(ValueError, match="Study 2: no group"):
        ma.pool_subgroups(DATA, ["a", None] + ["b"] * 11)
    with pytest.raises(ValueError, match="tau2='pooled' is not known"):
        ma.pool_subgroups(DATA, "alloc", tau2="pooled")
    with pytest.raises(ValueError, match="DataFrame or an EffectSizes"):
        ma.pool_subgroups([1, 2], ["a", "b"])


def test_whole_numbers_that_are_groups_have_no_point():
    """read_studies, and pandas of a column with gaps, make floats of them."""
    table = pd.DataFrame({"study": list("ABCD"), "yi": [0.1, 0.3, 0.2, 0.5], "vi": 0.1})
    for kind, last in (("float64", 2.5), ("float32", 2.0), ("Float64", 2.0), ("int64", 2.0), ("object", 2.0)):
        dose = pd.Series([1.0, 2.0, 1.0, last]).astype(kind)
        fit = ma.pool_subgroups(ma.effect_sizes(table.assign(dose=dose), yi="yi", vi="vi"), "dose")
        assert list(fit.groups) == ["1", "2"] + ["2.5"] * (last == 2.5)
        assert "1.0" not in ma.forest(fit).content.caption and "  1 " in fit.summary()
    with pytest.raises(ValueError, match="read alike"):
        ma.pool_subgroups(table, [1.0, "1", 2, 2])


def test_groups_that_read_alike_are_kept_from_becoming_one():
    data = pd.DataFrame({"yi": [0.3, 0.9, -0.2, 0.5], "vi": 0.1})
    with pytest.raises(ValueError, match="by: 1 and '1' read alike"):
        ma.pool_subgroups(data, pd.Series([1, "1", 2, 2], dtype=object))
    with pytest.raises(ValueError, match="by='dose': 1 and '1' read alike"):
        ma.pool_subgroups(data.assign(dose=pd.Series([1, "1", 2, 2], dtype=object)), "dose")
    assert list(ma.pool_subgroups(data, pd.Series([1, 1.0, 2, 2], dtype=object)).groups) == ["1", "2"]
    assert list(ma.pool_subgroups(data, ["1", "1", "2", "2"]).groups) == ["1", "2"]


def test_share_of_a_common_tau2_does_not_depend_on_the_unit():
    data = pd.DataFrame({"yi": [0.3, 0.9, -0.2, 0.5, 1.4, 0.1], "vi": [0.04, 0.09, 0.06, 0.02, 0.05, 0.08]})
    group = list("aaabbb")
    scaled = data.assign(yi=1000 * data["yi"], vi=1e6 * data["vi"])
    for name, pooled in ma.pool_subgroups(data, group, tau2="common").groups.items():
        other = ma.pool_subgroups(scaled, group, tau2="common").groups[name]
        assert 0 < pooled.i2_ci.high < 1
        np.testing.assert_allclose(other.i2_ci, pooled.i2_ci, rtol=1e-9)
        np.testing.assert_allclose(other.tau2_ci, np.multiply(pooled.tau2_ci, 1e6), rtol=1e-9)


def test_of_intervals_that_are_all_normal_there_is_no_f_test():
    yi, vi, groups = [-1.0, -1.1, -1.05, -1.02, -0.98, -1.0], [0.2, 0.3, 0.25, 0.1, 0.2, 0.3], list("aaabbb")
    for tau2 in ("separate", "common"):
        wide, wald = (ma.pool_subgroups(yi, groups, vi=vi, tau2=tau2, ci_method=ci) for ci in ("HKSJ-wide", "z"))
        assert (wide.q_between, wide.q_between_pvalue) == pytest.approx((wald.q_between, wald.q_between_pvalue))
        assert np.isnan(wide.f) and "df" in wide.summary() and "not estimable" not in wide.summary()


def test_tau_of_a_single_study_has_no_unit():
    single = ma.pool_subgroups(ma.pool([0.1, 0.5, 0.9], [0.1, 0.2, 0.1], measure="SMD"), ["a", "a", "b"])
    assert "1 study), tau not estimable\n" in single.summary()


def test_a_series_beside_a_result_is_paired_by_its_index():
    table = pd.DataFrame(
        {"study": list("ABCDEF"), "yi": [0.5, 0.1, 0.3, 0.6, 0.4, 0.2], "vi": 0.04, "kind": list("xxyyxy")}
    )
    moved, by_name = table.sort_values("yi"), table.set_index("study")
    effects = ma.effect_sizes(table, measure="SMD")
    right = {"x": ("A", "B", "E"), "y": ("C", "D", "F")}
    for result, groups in (
        (ma.pool(effects), table["kind"]),
        (ma.pool(effects), moved["kind"]),
        (ma.pool(by_name["yi"], by_name["vi"]), by_name["kind"][::-1]),
        (ma.pool(table["yi"], table["vi"], labels=table["study"]), table["kind"]),
        (ma.pool(table["yi"], table["vi"], labels=table["study"]), moved.set_index("study")["kind"]),
    ):
        assert {name: each.labels for name, each in ma.pool_subgroups(result, groups).groups.items()} == right
        first = [table["study"].get(row, row) for row in groups.index]
        assert ma.cumulative(result, order=pd.Series(range(6), index=groups.index))["label"].tolist() == first


@pytest.mark.parametrize("labels", [None, [1, 2, 3, 4], [3, 1, 2, 4]])
def test_a_series_by_the_names_study_1_and_so_on_is_paired_by_them(labels):
    labels = labels and [f"Study {at}" for at in labels]
    pooled = ma.pool([0.1, 0.5, 0.9, 0.3], [0.01, 0.02, 0.03, 0.02], labels=labels)
    groups = pd.Series(list("abba"), index=[f"Study {at}" for at in (1, 2, 3, 4)])
    for series in (groups, groups.iloc[[2, 0, 3, 1]]):
        found = ma.pool_subgroups(pooled, series).groups
        assert {name: {*each.labels} for name, each in found.items()} == {
            "a": {"Study 1", "Study 4"},
            "b": {"Study 2", "Study 3"},
        }
