"""Edges of `pool`, `pool_columns` and `pool_batch`: few studies, options, bad input, content of a result."""

import math
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import special

import analysis as ma
from analysis.data.effect_sizes import EffectSizes
from analysis.models.pooling import (
    CI_METHODS,
    PI_METHODS,
    TAU2_CI_METHODS,
    many_pvalues,
    pool,
    pool_batch,
    pool_columns,
)
from analysis.models.results import ConfidenceInterval, PooledEffect
from analysis.models.tau2 import TAU2_METHODS

YI = [-1.2, -0.4, -2.0, -0.9, 0.1]
VI = [0.10, 0.20, 0.12, 0.07, 0.30]
T3 = 3.182446305284263  # R: qt(0.975, 3), 17 digits
T4 = 2.7764451051977987  # R: qt(0.975, 4)
Z = 1.959963984540054  # R: qnorm(0.975)


# One study, two, three


@pytest.mark.parametrize("method", TAU2_METHODS)
@pytest.mark.parametrize("ci_method", CI_METHODS)
def test_one_study_is_itself_with_a_normal_interval(method, ci_method):
    pooled = pool([0.4], [0.09], tau2_method=method, ci_method=ci_method)
    assert (pooled.k, pooled.estimate, pooled.q, pooled.q_df, pooled.q_pvalue) == (1, 0.4, 0.0, 0, 1.0)
    assert pooled.se == pytest.approx(0.3, rel=1e-15)
    assert pooled.ci == pytest.approx((0.4 - 0.3 * Z, 0.4 + 0.3 * Z), rel=1e-14)
    assert (pooled.ci_method, pooled.df) == ("z", math.inf)
    assert pooled.weights.tolist() == [1.0]
    assert not pooled.hksj_narrower
    unknown = (pooled.tau2, pooled.tau, pooled.i2, pooled.h2, *pooled.tau2_ci, *pooled.i2_ci, *pooled.pi)
    assert np.isnan(unknown).all()


def test_two_studies_have_no_t_prediction_interval():
    for pi_method in PI_METHODS:
        pooled = pool(YI[:2], VI[:2], pi_method=pi_method)
        assert np.isnan(pooled.pi).all() == (pi_method != "z")
    assert pooled.df == 1
    assert np.isfinite([*pooled.tau2_ci, pooled.i2]).all()


def test_three_studies_have_every_prediction_interval():
    width = [np.ptp(pool(YI[:3], VI[:3], pi_method=pi_method).pi) for pi_method in ("z", "t(k-1)", "t(k-2)")]
    assert width == sorted(width)
    assert width[2] > 2 * width[1]


def test_equal_outcomes():
    pooled = pool([0.3, 0.3, 0.3], [0.1, 0.2, 0.3], ci_method="HKSJ")
    assert (pooled.estimate, pooled.se, pooled.tau2, pooled.q, pooled.i2) == (0.3, 0.0, 0.0, 0.0, 0.0)
    assert pooled.ci == (0.3, 0.3)
    assert (pooled.statistic, pooled.pvalue) == (math.inf, 0.0)
    assert pooled.hksj_narrower
    assert pool([0.3, 0.3, 0.3], [0.1, 0.2, 0.3], ci_method="HKSJ-mod").se == pytest.approx(math.sqrt(6 / 110))


def test_outcomes_all_zero_have_no_hksj_test():
    pooled = pool([0.0, 0.0], [0.1, 0.2], ci_method="HKSJ")
    assert pooled.ci == (0.0, 0.0)
    assert math.isnan(pooled.statistic) and math.isnan(pooled.pvalue)


# Formulas, written out


def parts(tau2):
    y, v = np.array(YI), np.array(VI)
    w = 1 / (v + tau2)
    mean = np.sum(w * y) / np.sum(w)
    return w, mean, np.sum(w * (y - mean) ** 2) / 4


def test_hksj_and_its_prediction_interval():
    pooled = pool(YI, VI, ci_method="HKSJ", pi_method="t(k-1)")
    w, mean, ratio = parts(pooled.tau2)
    se = math.sqrt(ratio / w.sum())
    assert pooled.estimate == pytest.approx(mean, rel=1e-14)
    assert pooled.se == pytest.approx(se, rel=1e-14)
    assert pooled.ci == pytest.approx((mean - T4 * se, mean + T4 * se), rel=1e-13)
    half = T4 * math.sqrt(pooled.tau2 + se**2)
    assert pooled.pi == pytest.approx((mean - half, mean + half), rel=1e-13)
    half = T3 * math.sqrt(pooled.tau2 + se**2)
    assert pool(YI, VI, ci_method="HKSJ", pi_method="t(k-2)").pi == pytest.approx((mean - half, mean + half), rel=1e-13)
    np.testing.assert_allclose(pooled.weights, w / w.sum(), rtol=1e-14)


def test_modified_hksj_has_a_floor():
    yi = [0.30, 0.35, 0.28, 0.33, 0.31]
    hksj, floor, wald = (pool(yi, VI, ci_method=method) for method in ("HKSJ", "HKSJ-mod", "t"))
    assert hksj.se < floor.se
    assert (floor.se, floor.ci) == (wald.se, wald.ci)
    assert hksj.hksj_narrower and not floor.hksj_narrower and not wald.hksj_narrower
    heterogeneous, _, ratio = pool(YI, VI, tau2_method="CE"), *parts(0.0)[1:]
    assert ratio > 1
    assert heterogeneous.se == pool(YI, VI, tau2_method="CE", ci_method="HKSJ-mod").se
    assert not heterogeneous.hksj_narrower


def test_common_effect_has_no_prediction_interval():
    pooled = pool(YI, VI, tau2_method="CE")
    assert pooled.tau2 == 0
    assert np.isnan([*pooled.pi, *pooled.tau2_ci, *pooled.i2_ci]).all()
    assert pooled.i2 == pytest.approx((pooled.q - 4) / pooled.q, rel=1e-14)
    assert pooled.h2 == pytest.approx(pooled.q / 4, rel=1e-14)


def test_given_tau2_is_used():
    pooled = pool(YI, VI, tau2=0.25, ci_method="z")
    w, mean, _ = parts(0.25)
    assert (pooled.tau2, pooled.tau2_method) == (0.25, "fixed")
    assert pooled.estimate == pytest.approx(mean, rel=1e-14)
    assert pooled.se == pytest.approx(w.sum() ** -0.5, rel=1e-14)
    assert np.isfinite(pooled.pi).all() and np.isnan(pooled.tau2_ci).all()
    one = pool([0.4], [0.09], tau2=0.16)
    assert (one.tau2, one.se) == (0.16, pytest.approx(0.5))


def test_profile_likelihood_limits():
    from analysis.models.tau2 import columns, log_likelihood

    data = columns(np.array(YI)[:, None], np.array(VI)[:, None])
    for method in ("ML", "REML"):
        pooled = pool(YI, VI, tau2_method=method, tau2_ci_method="profile likelihood")
        assert pooled.tau2_ci.low <= pooled.tau2 <= pooled.tau2_ci.high
        assert pooled.tau2_ci != pool(YI, VI, tau2_method=method).tau2_ci
        height = [
            log_likelihood(data.y, data.v, t / data.scale**2, method == "REML")[0]
            for t in (pooled.tau2, pooled.tau2_ci.high)
        ]
        assert height[0] - height[1] == pytest.approx(Z**2 / 2, rel=1e-9)


# What a result carries


def test_interval_at_another_level_needs_no_fit():
    for ci_method in CI_METHODS:
        pooled = pool(YI, VI, ci_method=ci_method)
        again = pool(YI, VI, ci_method=ci_method, confidence_level=0.8)
        assert pooled.confidence_interval(0.8) == pytest.approx(again.ci, rel=1e-15)
        assert isinstance(pooled.confidence_interval(), ConfidenceInterval)
        assert pooled.confidence_interval() == pooled.ci


def test_frame_holds_studies_and_summary():
    pooled = pool(YI, VI, labels=list("ABCDE"))
    frame = pooled.to_frame()
    assert list(frame.columns) == ["label", "yi", "vi", "ci_low", "ci_high", "weight", "kind"]
    assert frame["label"].tolist() == [*"ABCDE", "Pooled"]
    assert frame["kind"].tolist() == ["study"] * 5 + ["summary"]
    assert frame["yi"].tolist() == [*YI, pooled.estimate]
    assert frame["ci_low"].iloc[0] == pytest.approx(-1.2 - Z * math.sqrt(0.1), rel=1e-14)
    assert frame.iloc[-1][["ci_low", "ci_high", "weight"]].tolist() == [*pooled.ci, 1.0]
    assert frame["weight"].iloc[:-1].sum() == pytest.approx(1, rel=1e-15)


def test_row_holds_every_number():
    pooled = pool(YI, VI, measure="MD")
    row = pooled.to_row()
    assert len(row) == 1
    record = row.iloc[0].to_dict()
    for name in ("k", "estimate", "se", "statistic", "df", "pvalue", "tau2", "tau", "i2", "h2", "q", "q_df"):
        assert record[name] == getattr(pooled, name)
    for name in ("ci", "tau2_ci", "i2_ci", "pi"):
        assert (record[f"{name}_low"], record[f"{name}_high"]) == getattr(pooled, name)
    assert record["measure"] == "MD"
    assert (record["tau2_method"], record["ci_method"], record["pi_method"]) == ("REML", "HKSJ-wide", "Nagashima")


def test_result_cannot_be_changed():
    given = np.array(YI)
    pooled = pool(given, VI)
    for array in (pooled.yi, pooled.vi, pooled.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9
    with pytest.raises(AttributeError):
        pooled.k = 3
    given[0] = 9
    assert pooled.yi[0] == -1.2


def test_effect_sizes_bring_labels_and_measure():
    table = pd.DataFrame({"yi": YI, "vi": VI, "label": list("ABCDE")})
    effects = EffectSizes(table, pd.DataFrame(), pd.DataFrame(), measure="MD")
    pooled = pool(effects)
    assert (pooled.labels, pooled.measure) == (tuple("ABCDE"), "MD")
    assert pool(effects, labels=list("VWXYZ")).labels == tuple("VWXYZ")
    assert pooled.estimate == pool(YI, VI).estimate
    assert pool(YI, VI).labels[-1] == "Study 5"


def test_sequences_and_integers_are_welcome():
    assert pool((1, 2, 4), (1, 1, 1)).estimate == pytest.approx(7 / 3)
    assert pool([np.float32(1), 2], [True, 1]).k == 2


# Bad input


def message(*args, **options):
    with pytest.raises(ValueError) as caught:
        pool(*args, **options)
    return str(caught.value)


def test_every_bad_study_is_named_at_once():
    text = message([0.1, math.nan, "two", 0.4, math.inf], [0.1, 0.2, 0.3, -0.4, 0.0], labels=["A", "B", "C", "D", "E"])
    finite = "outcomes must be finite numbers; correct the outcome or leave the study out"
    positive = "sampling variances must be positive and finite; "
    positive += "give the squared standard error or leave the study out"
    assert text.splitlines() == [
        "5 problems in the studies to pool:",
        f"  study 2 (B): yi = nan, but {finite}",
        "  study 3 (C): yi = 'two' is not a number; correct the outcome or leave the study out",
        f"  study 4 (D): vi = -0.4, but {positive}",
        f"  study 5 (E): yi = inf, but {finite}",
        f"  study 5 (E): vi = 0.0, but {positive}",
    ]


def test_bad_study_without_label_is_named_by_position():
    assert "1 problem in the studies to pool:\n  study 2: vi = inf" in message([0.1, 0.2], [0.1, math.inf])
    assert "study 1: yi = None is not a number" in message([None, 0.2], [0.1, 0.1])
    assert "study 2: yi = '0.2' is not a number" in message([0.1, "0.2"], [0.1, 0.1])
    assert "study 1: vi = 1e+70 is too extreme for double precision; use another unit" in message([0.1], [1e70])
    assert "study 1: yi = 1e+40 is too extreme" in message([1e40], [1.0])
    assert "and 5 more" in message([math.nan] * 25, [1.0] * 25)


def test_shapes_are_checked():
    assert message([0.1, 0.2, 0.3], [0.1, 0.2]) == "yi and vi have 3 and 2 values; give one variance for each outcome"
    assert message([], []) == "there are no studies: yi and vi are empty; give at least one study"
    assert "yi has 2 dimensions" in message([[0.1]], [[0.1]])
    assert "vi has 0 dimensions" in message([0.1], 0.1)
    assert "vi is missing" in message([0.1])
    assert message(YI, VI, labels=["A"]) == "there are 1 labels for 5 studies; give one label for each study"


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("tau2_method", TAU2_METHODS),
        ("ci_method", CI_METHODS),
        ("pi_method", PI_METHODS),
        ("tau2_ci_method", TAU2_CI_METHODS),
    ],
)
def test_unknown_option_lists_the_known(name, allowed):
    for wrong in ("knha", "", 3):
        text = message(YI, VI, **{name: wrong})
        assert text == f"{name}={wrong!r} is not known; use one of " + ", ".join(repr(x) for x in allowed)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, math.nan, "0.95"])
def test_level_outside_zero_to_one(level):
    text = message(YI, VI, confidence_level=level)
    assert f"confidence_level={level!r} must be a number between 0 and 1" in text
    assert ("0.95 for 95%" in text) == (level in (1, 95))
    with pytest.raises(ValueError, match="between 0 and 1"):
        pool(YI, VI).confidence_interval(level)


def test_other_options():
    assert "tau2=-1 must be a finite number" in message(YI, VI, tau2=-1)
    assert f"tau2={10**400} must be a finite number" in message(YI, VI, tau2=10**400)
    assert "study 1: yi = -inf, but outcomes must be finite numbers" in message([-(10**400), *YI[1:]], VI)
    assert "tau2=inf must be a finite number" in message(YI, VI, tau2=math.inf)
    assert "needs tau2_method 'ML' or 'REML', not 'DL'" in message(
        YI, VI, tau2_method="DL", tau2_ci_method="profile likelihood"
    )


# Many at once


def same(one, other, rel=1e-12):
    """Whether two results agree in every number and every other field."""
    for name in PooledEffect.__dataclass_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, (float, ConfidenceInterval, np.ndarray)):
            np.testing.assert_allclose(mine, theirs, rtol=rel, atol=1e-13, err_msg=name)
        else:
            assert mine == theirs, name


@pytest.mark.parametrize("method", TAU2_METHODS)
def test_columns_equal_single_fits(method):
    rng = np.random.default_rng(4)
    yi, vi = rng.normal(size=8), rng.uniform(0.05, 0.6, 8)
    members = rng.random((8, 30)) < 0.5
    members[0] = True
    labels = list("ABCDEFGH")
    many = pool_columns(yi, vi, members, tau2_method=method, labels=labels, measure="MD")
    assert len(many) == 30
    for pooled, here in zip(many, members.T, strict=True):
        alone = pool(yi[here], vi[here], tau2_method=method, labels=np.array(labels)[here], measure="MD")
        same(pooled, alone, rel=1e-10)


def test_columns_of_different_outcomes():
    yi, vi = np.column_stack([YI, np.multiply(YI, 2)]), np.column_stack([VI, VI])
    yi[1, 1] = vi[1, 1] = np.nan
    first, second = pool_columns(yi, vi, labels=list("ABCDE"))
    same(first, pool(YI, VI, labels=list("ABCDE")))
    assert second.labels == tuple("ACDE")
    assert pool_columns(yi, vi, np.ones((5, 2), dtype=bool) & ~np.isnan(vi))[1].k == 4


def test_columns_refuse_bad_input():
    with pytest.raises(ValueError, match="meta-analysis 2, study B: vi = nan"):
        pool_columns([[0.1, 0.1], [0.2, 0.2]], [[0.1, 0.1], [0.2, np.nan]], labels=["A", "B"])
    with pytest.raises(ValueError, match="no study is present in meta-analysis 2"):
        pool_columns(YI, VI, np.array([[True, False]] * 5))
    with pytest.raises(ValueError, match="members must be a boolean array"):
        pool_columns(YI, VI, np.ones((5, 2)))
    with pytest.raises(ValueError, match="k must agree"):
        pool_columns(YI, VI, np.ones((4, 2), dtype=bool))
    bad = [0.1, math.nan, -1.0, 0.2, 0.3]
    members = np.array([[True], [False], [False], [True], [True]])
    assert pool_columns(bad, VI, members)[0].k == 3


def sets(n=500, k=7, seed=9):
    rng = np.random.default_rng(seed)
    vi = rng.uniform(0.05, 0.6, (n, k))
    yi = rng.normal(0, np.sqrt(vi + rng.choice([0, 0.3], (n, 1))))
    gone = rng.random((n, k)) < 0.2
    return np.where(gone, np.nan, yi), np.where(gone, np.nan, vi)


@pytest.mark.parametrize("method", TAU2_METHODS)
@pytest.mark.parametrize("ci_method", CI_METHODS)
def test_batch_equals_single_fits(method, ci_method):
    yi, vi = sets(24)
    batch = pool_batch(yi, vi, tau2_method=method, ci_method=ci_method, confidence_level=0.9)
    for i in range(24):
        here = ~np.isnan(yi[i])
        alone = pool(yi[i, here], vi[i, here], tau2_method=method, ci_method=ci_method, confidence_level=0.9)
        expected = {name: getattr(alone, name) for name in ("k", "estimate", "se", "tau2", "q", "i2", "pvalue")}
        expected |= {"ci_low": alone.ci.low, "ci_high": alone.ci.high}
        assert set(expected) == set(batch._fields)
        for name, value in expected.items():
            np.testing.assert_allclose(getattr(batch, name)[i], value, rtol=1e-10, atol=1e-13, err_msg=name)


def pvalues(df, t):
    return many_pvalues(np.full(t.shape, df, dtype=float), t)


@pytest.mark.parametrize("df", [*range(1, 62), 199, 5000, np.inf])
def test_pvalues_of_a_batch_equal_scipy_into_the_far_tail(df):
    t = np.concatenate([np.linspace(-9.0, 9.0, 400), -np.geomspace(9.0, 1e153, 4000)])
    expected = 2.0 * (special.ndtr(-np.abs(t)) if np.isinf(df) else special.stdtr(df, -np.abs(t)))
    t, expected = t[expected > 1e-300], expected[expected > 1e-300]
    assert expected.min() < (1e-240 if df > 1 else 1e-152)
    np.testing.assert_allclose(pvalues(df, t), expected, rtol=1e-12)


def test_pvalues_of_a_batch_at_the_edges():
    edge = np.array([0.0, -0.0, 1e-200, np.inf, -np.inf, np.nan, 1e153, 1e200])
    for df in (1, 3, 9, 60, 61, np.inf):
        expected = [1.0, 1.0, 1.0, 0.0, 0.0, np.nan, 2 / (np.pi * 1e153) if df == 1 else 0.0, 0.0]
        np.testing.assert_allclose(pvalues(df, edge), expected, rtol=1e-13)
        assert (pvalues(df, np.linspace(0, 1e-7, 500)) <= 1.0).all()


def test_each_pvalue_of_a_batch_stands_alone():
    rng = np.random.default_rng(4)
    df, t = rng.choice([1.0, 2.0, 3.0, 9.0, 60.0, 61.0, np.inf], 500), rng.normal(0, 4, 500)
    alone = np.concatenate([pvalues(df[i], t[i : i + 1]) for i in range(500)])
    np.testing.assert_array_equal(many_pvalues(df, t), alone)


def test_batch_does_not_depend_on_its_blocks(monkeypatch):
    yi, vi = sets()
    whole = pool_batch(yi, vi)
    monkeypatch.setattr("analysis.models.blocks._BLOCK", 7 * 33)
    for one, other in zip(whole, pool_batch(yi, vi), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-14)


def test_batch_rows_with_few_studies():
    yi = [[np.nan, np.nan], [0.4, np.nan], [np.nan, 0.4], [0.4, 0.1]]
    vi = [[np.nan, np.nan], [0.09, np.nan], [np.nan, 0.09], [0.09, 0.1]]
    batch = pool_batch(yi, vi)
    assert batch.k.tolist() == [0, 1, 1, 2]
    assert all(np.isnan(field[0]) for field in batch[1:])
    assert batch.estimate[1] == batch.estimate[2] == 0.4
    assert batch.ci_high[1] == pytest.approx(0.4 + 0.3 * Z)
    assert np.isnan(batch.tau2[:3]).all() and np.isnan(batch.i2[:3]).all()
    assert np.isfinite([field[3] for field in batch]).all()
    alone = pool_batch([[np.nan], [0.4]], [[np.nan], [0.09]])
    assert alone.k.tolist() == [0, 1] and alone.estimate[1] == 0.4 and np.isnan(alone.estimate[0])


def test_batch_refuses_bad_input():
    with pytest.raises(ValueError, match="row 2, study 1: vi = -1.0"):
        pool_batch([[0.1, 0.2], [0.1, 0.2]], [[0.1, 0.1], [-1.0, 0.1]])
    with pytest.raises(ValueError, match="row 1, study 2: vi = nan"):
        pool_batch([[0.1, 0.2]], [[0.1, np.nan]])
    with pytest.raises(ValueError, match="row 30001, study 1: yi = inf"):
        pool_batch(np.r_[np.zeros((30000, 3)), [[np.inf, 0, 0]]], np.ones((30001, 3)))
    with pytest.raises(ValueError, match=r"the shape must be \(n, k\)"):
        pool_batch(YI, VI)
    with pytest.raises(ValueError, match=r"the shapes \(1, 2\) and \(2, 1\)"):
        pool_batch([[0.1, 0.2]], [[0.1], [0.1]])
    with pytest.raises(ValueError, match="no studies"):
        pool_batch(np.zeros((3, 0)), np.zeros((3, 0)))
    with pytest.raises(ValueError, match="ci_method='wald'"):
        pool_batch([YI], [VI], ci_method="wald")


def test_batch_leaves_its_inputs_alone():
    yi, vi = sets(50)
    before = yi.copy(), vi.copy()
    pool_batch(yi, vi)
    np.testing.assert_array_equal(yi, before[0])
    np.testing.assert_array_equal(vi, before[1])


@pytest.mark.parametrize("method", ["DL", "PM", "REML"])
def test_batch_needs_little_memory(method):
    rng = np.random.default_rng(2)
    vi = rng.uniform(0.05, 0.5, (600_000, 10))
    yi = rng.normal(0, np.sqrt(vi + 0.1))
    tracemalloc.start()
    pool_batch(yi, vi, tau2_method=method)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < yi.nbytes + vi.nbytes


@pytest.mark.parametrize("function", [ma.leave_one_out, ma.cumulative, ma.influence, ma.baujat])
def test_memory_does_not_grow_with_the_square_of_the_studies(function):
    rng = np.random.default_rng(4)
    pooled = pool(rng.normal(0.0, 0.5, 3_000), rng.uniform(0.05, 0.5, 3_000), tau2_method="DL")
    tracemalloc.start()
    function(pooled)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000 * 3_000 * 8


@pytest.mark.parametrize("method", ["Jackson", "Biggerstaff"])
def test_generalised_q_intervals_of_tau2(method):
    from analysis.models.tau2 import generalised_q_interval

    yi, vi = [-1.2, -0.4, -2.0, 0.3], [0.1, 0.2, 0.1, 0.3]
    pooled = pool(yi, vi, tau2_ci_method=method)
    assert pooled.tau2_ci == pytest.approx(generalised_q_interval(yi, vi, method), rel=1e-10)
    assert pooled.i2_ci != pool(yi, vi).i2_ci
    assert pooled.tau2_ci_method == method


ALIKE = [-1.0, -1.1, -1.05], [0.2, 0.3, 0.25]


@pytest.mark.parametrize("studies", [ALIKE, ([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1]), ([1.0, 2.0], [0.1, 0.2])])
@pytest.mark.parametrize("method", ["REML", "DL", "CE"])
def test_the_wider_of_hksj_and_wald_is_shown_with_its_own_test(studies, method):
    wide, hksj, wald = (pool(*studies, tau2_method=method, ci_method=ci) for ci in ("HKSJ-wide", "HKSJ", "z"))
    shown = max(hksj, wald, key=lambda fit: fit.ci.high - fit.ci.low)
    for name in ("ci", "se", "statistic", "df", "pvalue", "estimate", "tau2", "i2"):
        assert getattr(wide, name) == pytest.approx(getattr(shown, name), rel=1e-14), name
    assert wide.hksj_narrower == (shown is wald) == hksj.hksj_narrower
    assert wide.confidence_interval(ci_method="HKSJ") == pytest.approx(hksj.ci, rel=1e-12)
    assert wide.confidence_interval(ci_method="z") == pytest.approx(wald.ci, rel=1e-12)


def test_which_interval_is_wider_may_change_with_the_level():
    wide, hksj, wald = (pool(*ALIKE, ci_method=ci) for ci in ("HKSJ-wide", "HKSJ", "z"))
    for level in (0.5, 0.95, 0.9999):
        both = (fit.confidence_interval(level) for fit in (hksj, wald))
        assert wide.confidence_interval(level) == pytest.approx(max(both, key=lambda ci: ci.high - ci.low), rel=1e-12)
    assert wide.confidence_interval(0.9999) == pytest.approx(hksj.confidence_interval(0.9999))
    assert wide.confidence_interval(0.5) == pytest.approx(wald.confidence_interval(0.5))


def test_the_result_says_which_interval_is_shown_and_what_the_other_is():
    said = pool(*ALIKE, ci_method="HKSJ-wide").summary()
    assert "The Wald interval is shown; HKSJ has −1.17 to −0.92" in said
    assert "Wald has −1.601 to −0.485" in pool(*ALIKE, ci_method="HKSJ").summary()
    assert "Wald" not in pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], ci_method="HKSJ-wide").summary()


def test_a_single_study_has_its_own_interval_with_every_method():
    assert pool([1.0], [0.04], ci_method="HKSJ-wide").ci == pytest.approx(pool([1.0], [0.04], ci_method="z").ci)
    assert not pool([1.0], [0.04], ci_method="HKSJ-wide").hksj_narrower
    assert pool([1.0], [0.04]).confidence_interval(0.9, ci_method="HKSJ") == pytest.approx((0.671, 1.329), abs=1e-3)


def test_many_meta_analyses_have_the_interval_of_each_one():
    rng = np.random.default_rng(4)
    yi, vi = rng.normal(size=(50, 4)), rng.uniform(0.1, 2.0, (50, 4))
    batch = pool_batch(yi, vi, ci_method="HKSJ-wide")
    ones = [pool(y, v, ci_method="HKSJ-wide") for y, v in zip(yi, vi, strict=True)]
    assert np.column_stack([batch.ci_low, batch.ci_high]) == pytest.approx(
        np.array([one.ci for one in ones]), rel=1e-10
    )
    assert batch.pvalue == pytest.approx([one.pvalue for one in ones], rel=1e-10)
    assert 5 < sum(one.hksj_narrower for one in ones) < 45


LEVELS = {
    "pool": lambda x, **more: ma.pool(x, **more),
    "pool_subgroups": lambda x, **more: ma.pool_subgroups(x, list("abcabcabca"), **more).overall,
    "pool_multilevel": lambda x, **more: ma.pool_multilevel(x, cluster=list("abcdefabcd"), **more),
    "pool_bayes": lambda x, **more: ma.pool_bayes(x, **more),
    "egger_test": lambda x, **more: ma.egger_test(x, **more),
    "pet_peese": lambda x, **more: ma.pet_peese(x, **more),
    "selection_model": lambda x, **more: ma.selection_model(x, **more),
    "trim_and_fill": lambda x, **more: ma.trim_and_fill(x, **more).pooled,
    "limit_meta_analysis": lambda x, **more: ma.limit_meta_analysis(x, **more).pooled,
}


@pytest.mark.parametrize("take", LEVELS.values(), ids=LEVELS)
def test_a_result_keeps_its_methods_wherever_it_is_given(take):
    yi, vi = np.linspace(-0.2, 0.9, 10), np.linspace(0.02, 0.2, 10)
    pooled = ma.pool(yi, vi, confidence_level=0.9)
    assert take(pooled).confidence_level == 0.9
    assert take(pooled, confidence_level=0.8).confidence_level == 0.8
    assert take(pd.DataFrame({"yi": yi, "vi": vi})).confidence_level == 0.95


def test_methods_that_are_not_named_are_those_of_the_result():
    yi, vi = [0.1, 0.9, 0.3, 0.5], [0.02, 0.03, 0.05, 0.02]
    how = {"tau2_method": "DL", "ci_method": "z", "pi_method": "t(k-2)", "confidence_level": 0.9}
    how |= {"tau2_ci_method": "Jackson"}
    pooled = ma.pool(yi, vi, **how)
    again = ma.pool(pooled)
    assert {name: getattr(again, name) for name in how} == how and again.ci == pooled.ci
    assert ma.pool(pooled, ci_method="HKSJ").tau2_method == "DL"
    groups = ma.pool_subgroups(pooled, list("xxyy"))
    assert groups.overall.ci == pooled.ci and groups.groups["x"].tau2_method == "DL"
    # A given tau2 is kept, and another estimator takes its place.
    given = ma.pool(yi, vi, tau2=0.3)
    assert ma.pool(given).tau2 == ma.trim_and_fill(given).pooled.tau2 == 0.3
    assert ma.pool(given, tau2_method="DL").tau2 == ma.pool(yi, vi, tau2_method="DL").tau2
    assert ma.trim_and_fill(given, tau2_method="DL").pooled.tau2_method == "DL"
    # An interval that only two estimators have gives way to others.
    likely = ma.pool(yi, vi, tau2_ci_method="profile likelihood")
    assert ma.pool(likely, tau2_method="ML").tau2_ci_method == "profile likelihood"
    assert ma.pool(likely, tau2_method="DL").tau2_ci_method == "Q-profile"
    assert len(ma.leave_one_out(likely, tau2_method="DL")) == 4


@pytest.mark.parametrize("given", [["999", "2001", "10000"], np.array(["999", "2001", "10000"]), ("999", 2001, 1e4)])
def test_numbers_as_text_are_in_the_order_of_numbers(given):
    assert [float(x) for x in ma.cumulative([0.1, 0.2, 0.3], [0.1] * 3, order=given)["order"]] == [999, 2001, 10000]


def test_studies_without_a_year_in_a_nullable_column_are_added_last():
    table = pd.DataFrame({"study": list("ABC"), "yi": [0.1, 0.5, 0.9], "vi": 0.02})
    with pytest.warns(UserWarning, match="B: no year, so added last"):
        steps = ma.cumulative(table.assign(year=pd.array([2001, None, 1999], dtype="Int64")))
    assert steps["label"].tolist() == ["C", "A", "B"]
