"""Mantel-Haenszel and Peto against metafor on published tables, against statsmodels, by hand, and at the edges."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import effect_sizes, effects, forest, methods_text, pool, prisma_items
from analysis.models.counts import pool_mantel_haenszel, pool_peto

REFERENCE = json.loads((Path(__file__).parent / "reference" / "counts.json").read_text(encoding="utf-8"))
SETS = {data["id"]: data for data in REFERENCE["sets"]}
# Closed formulas in double precision: 3e-13 seen. A p-value of 1e-285 magnifies the last bits of its statistic.
RTOL, RTOL_P = 1e-12, 1e-10

# metafor's runs and ours. The last adds 1/2 to all tables for Q, and to those with a zero cell for pooling.
RUNS = {
    "OR": {"measure": "OR"},
    "RR": {"measure": "RR"},
    "RD": {"measure": "RD"},
    "OR_correct_FALSE": {"measure": "OR", "yates": False},
    "OR_add_half_all": {"measure": "OR", "continuity_to": "all", "pooled_continuity": 0.5},
}
# metafor's names and ours
NUMBERS = {
    "beta": lambda r: r.estimate,
    "se": lambda r: r.se,
    "stat": lambda r: r.statistic,
    "ci_lb": lambda r: r.ci.low,
    "ci_ub": lambda r: r.ci.high,
    "QE": lambda r: r.q,
    "I2": lambda r: 100 * r.i2,
    "H2": lambda r: r.h2,
    "MH": lambda r: r.cmh.statistic,
    "CO": lambda r: r.cochran.statistic,
    "BD": lambda r: r.breslow_day.statistic,
    "TA": lambda r: r.tarone.statistic,
}
P_VALUES = {
    "p": lambda r: r.pvalue,
    "QEp": lambda r: r.q_pvalue,
    "MHp": lambda r: r.cmh.pvalue,
    "COp": lambda r: r.cochran.pvalue,
    "BDp": lambda r: r.breslow_day.pvalue,
    "TAp": lambda r: r.tarone.pvalue,
}
WHOLE = {
    "k": lambda r: r.k,
    "k_yi": lambda r: r.in_q.sum(),
    "k_pos": lambda r: r.breslow_day.df + 1 if r.method != "Peto" else r.in_pooled.sum(),
}
ALL_SETS = pytest.mark.parametrize("name", SETS)


def counts(name):
    a, b, c, d = (np.array(SETS[name][key], dtype=float) for key in ("ai", "bi", "ci", "di"))
    return a, a + b, c, c + d


def assert_same(result, expected):
    for names, rtol in ((NUMBERS, RTOL), (P_VALUES, RTOL_P)):
        for name in names.keys() & expected.keys():
            assert names[name](result) == pytest.approx(expected[name], rel=rtol, abs=1e-300), name
    for name in WHOLE.keys() & expected.keys():
        assert WHOLE[name](result) == expected[name], name


def test_reference_covers_the_grid():
    """20 data sets by five Mantel-Haenszel runs and Peto; every number that metafor gives has its translation."""
    assert len(SETS) == 20
    assert all(set(data["mh"]) == set(RUNS) for data in SETS.values())
    known = NUMBERS.keys() | P_VALUES.keys() | WHOLE.keys()
    odds = known
    ratios = known - {"MH", "MHp", "CO", "COp", "BD", "BDp", "TA", "TAp", "k_pos"}
    for data in SETS.values():
        for run, expected in data["mh"].items():
            assert set(expected) == (odds if run.startswith("OR") else ratios), (data["id"], run)
        assert set(data["peto"]) == ratios | {"k_pos"}
    assert sum(any(0 in data[key] for key in ("ai", "bi", "ci", "di")) for data in SETS.values()) >= 10


@ALL_SETS
@pytest.mark.parametrize("run", RUNS)
def test_mantel_haenszel_equals_metafor(name, run):
    assert_same(pool_mantel_haenszel(*counts(name), **RUNS[run]), SETS[name]["mh"][run])


@ALL_SETS
def test_peto_equals_metafor(name):
    assert_same(pool_peto(*counts(name)), SETS[name]["peto"])


@pytest.mark.parametrize("name", ["dat.bcg", "dat.axfors2021/hcq", "dat.collins1985b/ped"])
def test_statsmodels_agrees(name):
    """statsmodels' stratified tables: pooled odds and risk ratios, CMH, Breslow-Day and Tarone tests."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    a, n1, c, n2 = counts(name)
    informative = (a + c > 0) & (a + c < n1 + n2)
    tables = [[[x, n - x], [y, m - y]] for x, n, y, m in np.stack([a, n1, c, n2], axis=1)[informative]]
    other = StratifiedTable(np.array(tables).transpose(1, 2, 0))
    odds = pool_mantel_haenszel(a, n1, c, n2, measure="OR", yates=True)
    assert odds.estimate == pytest.approx(other.logodds_pooled, rel=1e-10)
    assert odds.se == pytest.approx(other.logodds_pooled_se, rel=1e-10)
    assert odds.cmh.statistic == pytest.approx(other.test_null_odds(correction=True).statistic, rel=1e-10)
    assert odds.breslow_day.statistic == pytest.approx(other.test_equal_odds().statistic, rel=1e-8)
    assert odds.tarone.statistic == pytest.approx(other.test_equal_odds(adjust=True).statistic, rel=1e-8)
    ratio = pool_mantel_haenszel(a, n1, c, n2, measure="RR")
    assert np.exp(ratio.estimate) == pytest.approx(other.riskratio_pooled, rel=1e-10)


@pytest.mark.parametrize(
    "pool", [pool_peto, *(lambda *x, m=m, **o: pool_mantel_haenszel(*x, measure=m, **o) for m in RUNS if len(m) == 2)]
)
def test_batch_equals_single_row_by_row(pool):
    """All data sets in one call, shorter ones filled up with NaN: the same numbers as one by one."""
    k = max(len(SETS[name]["ai"]) for name in SETS)
    rows = np.full((4, len(SETS), k), np.nan)
    for i, name in enumerate(SETS):
        x = np.stack(counts(name))
        rows[:, i, : x.shape[1]] = x
    batch = pool(*rows)
    for i, name in enumerate(SETS):
        one = pool(*counts(name))
        for field in ("k", "estimate", "se", "statistic", "pvalue", "q", "q_df", "q_pvalue", "i2", "h2"):
            assert getattr(batch, field)[i] == pytest.approx(getattr(one, field), rel=1e-12), (name, field)
        for field in ("ci", "cmh", "cochran", "breslow_day", "tarone"):
            found = [x[i] for x in getattr(batch, field)]
            assert found == pytest.approx(list(getattr(one, field)), rel=1e-12, nan_ok=True), (name, field)
        np.testing.assert_allclose(batch.weights[i, : one.k], one.weights, rtol=1e-12)
        assert not batch.weights[i, one.k :].any() and not batch.in_pooled[i, one.k :].any()
    assert len(batch.left_out) == sum(len(pool(*counts(name)).left_out) for name in SETS)
    assert len(batch.to_row()) == len(SETS)


def test_formulas_written_out():
    """Two small tables by hand: 3/10 against 1/12, 5/20 against 4/18."""
    given = [3, 5], [10, 20], [1, 4], [12, 18]
    odds = pool_mantel_haenszel(*given, measure="OR")
    assert np.exp(odds.estimate) == pytest.approx((3 * 11 / 22 + 5 * 14 / 38) / (7 * 1 / 22 + 15 * 4 / 38), rel=1e-14)
    risk = pool_mantel_haenszel(*given, measure="RR")
    assert np.exp(risk.estimate) == pytest.approx((3 * 12 / 22 + 5 * 18 / 38) / (1 * 10 / 22 + 4 * 20 / 38), rel=1e-14)
    difference = pool_mantel_haenszel(*given, measure="RD")
    w1, w2 = 10 * 12 / 22, 20 * 18 / 38
    assert difference.estimate == pytest.approx(
        (w1 * (3 / 10 - 1 / 12) + w2 * (5 / 20 - 4 / 18)) / (w1 + w2), rel=1e-14
    )
    assert difference.weights == pytest.approx([w1 / (w1 + w2), w2 / (w1 + w2)], rel=1e-14)
    peto = pool_peto(*given)
    v1 = 10 * 12 * 4 * 18 / (22**2 * 21)
    v2 = 20 * 18 * 9 * 29 / (38**2 * 37)
    assert peto.estimate == pytest.approx((3 - 10 * 4 / 22 + 5 - 20 * 9 / 38) / (v1 + v2), rel=1e-14)
    assert peto.se == pytest.approx((v1 + v2) ** -0.5, rel=1e-14)


@pytest.mark.parametrize("log_odds", [-2.0, -1e-9, 0.0, 1e-12, 0.3, 4.0])
def test_expected_cells_have_the_common_odds_ratio(log_odds):
    """Breslow-Day by a bracketed search for each expected cell, at odds ratios of 1 and near it too."""
    from scipy import optimize

    from analysis.models.counts import homogeneity

    def cross(e, n1, n2, x):
        return e * (n2 - x + e) - np.exp(log_odds) * (n1 - e) * (x - e)

    table = np.array([[3.0, 40.0], [7.0, 10.0], [1.0, 2.0], [11.0, 3.0]])
    statistic = 0.0
    for a, b, c, d in table.T:
        n1, n2, x = a + b, c + d, a + c
        low, high = max(0.0, x - n2), min(n1, x)
        e = optimize.brentq(cross, low, high, args=(n1, n2, x), xtol=1e-14, rtol=1e-14)
        statistic += (a - e) ** 2 * (1 / e + 1 / (n1 - e) + 1 / (x - e) + 1 / (n2 - x + e))
    assert homogeneity(table, np.array(log_odds))[0] == pytest.approx(statistic, rel=1e-9)


def test_peto_is_the_common_effect_of_its_effects():
    from analysis import pool

    given = counts("dat.bcg")
    yi, vi = effects.peto_log_odds_ratio(*given)
    common = pool(yi, vi, tau2_method="CE", ci_method="z")
    peto = pool_peto(*given)
    assert (peto.estimate, peto.se, peto.q) == pytest.approx((common.estimate, common.se, common.q), rel=1e-12)
    np.testing.assert_allclose(peto.weights, common.weights, rtol=1e-12)


def test_z_of_peto_is_the_cmh_test_without_correction():
    given = counts("dat.bcg")
    assert pool_peto(*given).statistic ** 2 == pytest.approx(
        pool_mantel_haenszel(*given, measure="OR", yates=False).cmh.statistic, rel=1e-12
    )


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_order_and_swap_of_arms(measure):
    a, n1, c, n2 = counts("dat.linde2005")
    forward = pool_mantel_haenszel(a, n1, c, n2, measure=measure)
    shuffled = pool_mantel_haenszel(a[::-1], n1[::-1], c[::-1], n2[::-1], measure=measure)
    swapped = pool_mantel_haenszel(c, n2, a, n1, measure=measure)
    for name in ("se", "q", "pvalue", "i2"):
        expected = getattr(forward, name)
        assert (getattr(shuffled, name), getattr(swapped, name)) == pytest.approx((expected, expected), rel=1e-9), name
    assert (shuffled.estimate, swapped.estimate) == pytest.approx((forward.estimate, -forward.estimate), rel=1e-9)


def test_one_trial_is_its_own_effect():
    """Without zero cells the pooled ratio of one trial is its own, and so is the variance."""
    given = [12], [40], [20], [42]
    for measure, function in (("OR", effects.log_odds_ratio), ("RR", effects.log_risk_ratio)):
        yi, vi = function(*given)
        one = pool_mantel_haenszel(*given, measure=measure)
        assert (one.estimate, one.se) == pytest.approx((yi[0], np.sqrt(vi[0])), rel=1e-12)
        assert (
            one.q == pytest.approx(0, abs=1e-20)
            and (one.q_df, one.q_pvalue) == (0, 1.0)
            and np.isnan([one.i2, one.h2]).all()
        )
        assert "Homogeneity" not in one.summary(), "one trial can agree with nobody"
    assert "Homogeneity" in pool_mantel_haenszel([12, 5], [40, 30], [20, 9], [42, 31]).summary()


def test_intervals_cover_with_rare_events():
    """2,000 meta-analyses of 8 trials with 2% events and an odds ratio of 1.5: coverage near 95%, in one call."""
    rng = np.random.default_rng(6)
    n, odds = 200, 0.02 / 0.98 * np.array([1.5, 1.0])
    t, p = (rng.binomial(n, x / (1 + x), (2000, 8)) for x in odds)
    for pooled in (pool_mantel_haenszel(t, n, p, n, measure="OR"), pool_peto(t, n, p, n)):
        covered = (pooled.ci.low <= np.log(1.5)) & (np.log(1.5) <= pooled.ci.high)
        assert 0.935 < covered.mean() < 0.97
    # inverse variance with 1/2 added is pulled towards no effect
    yi, vi = effects.log_odds_ratio(t, n, p, n)
    inverse = (yi / vi).sum(axis=1) / (1 / vi).sum(axis=1)
    middle = pool_mantel_haenszel(t, n, p, n, measure="OR").estimate.mean()
    assert inverse.mean() < middle - 0.02


def test_trials_without_information_are_reported():
    given = [4, 0, 9, 0], [20, 15, 9, 12], [2, 0, 8, 3], [20, 15, 8, 12]
    labels = ["A", "B", "C", "D"]
    none, only = "no events in either arm", "nothing but events in both arms"
    odds = pool_mantel_haenszel(*given, measure="OR", labels=labels)
    assert odds.left_out == (
        ("B", f"{none}: no weight in the pooled OR and not in Q"),
        ("C", f"{only}: no weight in the pooled OR and not in Q"),
    )
    assert (odds.k, odds.q_df, odds.breslow_day.df) == (4, 1, 1)
    without = pool_mantel_haenszel(*(np.delete(x, [1, 2]) for x in given), measure="OR")
    assert (odds.estimate, odds.se, odds.q) == pytest.approx((without.estimate, without.se, without.q), rel=1e-14)
    assert without.left_out == ()
    risk = pool_mantel_haenszel(*given, labels=labels)
    assert risk.left_out == (
        ("B", f"{none}: no weight in the pooled RR and not in Q"),
        ("C", f"{only}: counts in the pooled RR, but not in Q"),
    )
    difference = pool_mantel_haenszel(*given, measure="RD", labels=labels)
    assert [label for label, _ in difference.left_out] == ["B", "C"]
    assert difference.left_out[0][1] == f"{none}: counts in the pooled RD, but not in Q"
    assert pool_mantel_haenszel(*given, measure="RD", drop_double_zero=False).left_out == ()
    plain = pool_mantel_haenszel(*given, measure="OR", labels=labels, continuity=0)
    assert plain.left_out[-1] == ("D", "a zero cell, and no continuity: counts in the pooled OR, but not in Q")
    assert pool_peto(*given, labels=labels).left_out == odds.left_out
    many = pool_peto(*(np.stack([x, x]) for x in given), labels=labels)
    assert [label for label, _ in many.left_out] == ["row 1, B", "row 1, C", "row 2, B", "row 2, C"]


def test_zero_events_in_one_arm_of_one_trial_are_pooled_as_they_are():
    """A trial with 0 against 5 has weight in numerator or denominator, no continuity needed."""
    pooled = pool_mantel_haenszel([0, 4], [50, 50], [5, 6], [50, 50], measure="RR")
    assert np.exp(pooled.estimate) == pytest.approx(4 / 11, rel=1e-14)
    assert pooled.left_out == ()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: pool_mantel_haenszel([0, 0], [9, 9], [1, 2], [9, 9]),
            "no event in any first arm; use measure='RD'",
        ),
        (
            lambda: pool_mantel_haenszel([9, 9], [9, 9], [1, 2], [9, 9], measure="OR"),
            "no non-event in any first arm",
        ),
        (lambda: pool_mantel_haenszel([0, 0], [9, 9], [0, 0], [9, 9], measure="RD"), "nothing to pool"),
        (
            lambda: pool_peto([0, 0], [9, 9], [0, 0], [9, 9]),
            "the Peto OR cannot be estimated: no event in any first arm",
        ),
        (lambda: pool_mantel_haenszel([1, 12], [9, 9], [1, 2], [9, 9]), "events_t, trial 2: 12.0 exceeds n_t = 9.0"),
        (
            lambda: pool_mantel_haenszel([1, 2], [9, 0], [-1, 2], [9, 9]),
            "(?s)3 problems.*n_t, trial 2: 0.0.*events_p, trial 1",
        ),
        (
            lambda: pool_peto([1, np.nan], [9, 9], [1, 2], [9, 9]),
            "a count is missing, trial 2; correct it, or leave the trial out",
        ),
        (
            lambda: pool_peto([[1, np.nan]], [[9, 9]], [[1, 2]], [[9, 9]]),
            "a count is missing, row 1, trial 2; .* NaN in all four",
        ),
        (lambda: pool_peto(1, 9, 1, 9), r"shape \(\), but it must be \(k,\)"),
        (lambda: pool_peto([], [], [], []), "at least one trial"),
        (lambda: pool_peto([1, 2], [9, 9, 9], [1, 2], [9, 9]), "do not fit together"),
        (lambda: pool_mantel_haenszel([1], [9], [2], [9], measure="SMD"), "measure='SMD' is not known"),
        (lambda: pool_mantel_haenszel([1], [9], [2], [9], continuity_to="some"), "continuity_to='some' is not known"),
        (lambda: pool_mantel_haenszel([1], [9], [2], [9], pooled_continuity=-1), "finite number of at least 0"),
        (lambda: pool_mantel_haenszel([1], [9], [2], [9], confidence_level=95), "between 0 and 1"),
        (lambda: pool_mantel_haenszel([1, 2], [9, 9], [2, 3], [9, 9], labels=["A"]), "1 labels for 2 studies"),
        (lambda: pool_peto([[1]], [[9]], [[2]], [[9]]).to_frame(), "many meta-analyses"),
        (lambda: pool_peto([[1]], [[9]], [[2]], [[9]]).summary(), "many meta-analyses"),
    ],
)
def test_bad_input_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_an_effect_that_cannot_be_estimated_is_nan_in_its_row_only():
    batch = pool_mantel_haenszel([[0, 0], [2, 3]], 20, [[1, 2], [4, 4]], 20)
    assert np.isnan([batch.estimate[0], batch.se[0], batch.pvalue[0], batch.q[0], batch.i2[0]]).all()
    one = pool_mantel_haenszel([2, 3], [20, 20], [4, 4], [20, 20])
    assert (batch.estimate[1], batch.q[1]) == pytest.approx((one.estimate, one.q), rel=1e-14)
    everything_absent = pool_peto([[np.nan], [2]], [[np.nan], [9]], [[np.nan], [3]], [[np.nan], [9]])
    assert everything_absent.k.tolist() == [0, 1] and np.isnan(everything_absent.estimate[0])


def test_result_is_plain_and_read_only():
    from dataclasses import FrozenInstanceError

    pooled = pool_mantel_haenszel(*counts("dat.bcg"), measure="OR")
    assert type(pooled.estimate) is float and type(pooled.k) is int and type(pooled.ci.low) is float
    assert type(pooled.breslow_day.df) is int
    with pytest.raises(FrozenInstanceError):
        pooled.estimate = 0.0
    with pytest.raises(ValueError, match="read-only"):
        pooled.yi[0] = 0.0
    assert pooled.weights.sum() == pytest.approx(1)


def test_other_levels_and_tables():
    pooled = pool_mantel_haenszel(*counts("dat.bcg"), confidence_level=0.9)
    assert pooled.confidence_interval(0.9) == pytest.approx(pooled.ci, rel=1e-14)
    wide = pooled.confidence_interval(0.99)
    assert wide.low < pooled.ci.low < pooled.ci.high < wide.high
    frame = pooled.to_frame()
    assert list(frame["kind"]) == ["study"] * 13 + ["summary"]
    assert frame["yi"].iloc[-1] == pooled.estimate and frame["weight"].iloc[:-1].sum() == pytest.approx(1)
    row = pooled.to_row()
    assert len(row) == 1 and row["q"].item() == pooled.q and row["confidence_level"].item() == 0.9


def test_summary_in_words():
    pooled = pool_mantel_haenszel([12, 9, 0], [30, 25, 20], [6, 5, 0], [30, 24, 20], labels=["A", "B", "C"])
    assert pooled.summary().splitlines() == [
        "Mantel-Haenszel meta-analysis of risk ratios, 3 studies (common effect, z interval)",
        "  Estimate      1.88 (95% CI 1.00 to 3.50), p = 0.049",
        "  Share         I² 0% (from Q), H² 0.05",
        "  Homogeneity   Q 0.05 on 1 df, p = 0.82",
        "  Note          C: no events in either arm: no weight in the pooled RR and not in Q",
    ]
    difference = pool_mantel_haenszel([2], [10], [4], [10], measure="RD").summary()
    assert difference.startswith(
        "Mantel-Haenszel meta-analysis of risk differences, 1 study (common effect, z interval)\n"
    )
    assert "  Estimate      −0.20 (95% CI" in difference and "Share" not in difference


def test_a_zero_cell_of_one_row_leaves_the_other_rows_alone():
    events_t, events_p, n = np.array([[1, 2], [0, 3]]), np.array([[3, 2], [2, 2]]), np.full((2, 2), 10)
    options = {"pooled_continuity": 0.5, "pooled_continuity_to": "all if zero"}
    both = pool_mantel_haenszel(events_t, n, events_p, n, **options)
    for row in range(2):
        alone = pool_mantel_haenszel(events_t[row], n[row], events_p[row], n[row], **options)
        assert both.estimate[row] == pytest.approx(alone.estimate, rel=1e-12)


@pytest.mark.parametrize("n", [7, 10, 30])
def test_nothing_but_events_in_every_arm_has_no_risk_ratio(n):
    with pytest.raises(ValueError):
        pool_mantel_haenszel([n, n], [n, n], [n, n], [n, n])


# metafor 3.8.1: rma.mh(measure = "RD"), whose k is 3 and k.yi 2, and escalc(measure = "RD") of the trial without events
def test_a_risk_difference_without_events_is_shown_with_its_weight():
    pooled = pool_mantel_haenszel([3, 0, 7], [34, 40, 180], [1, 0, 4], [33, 41, 176], measure="RD")
    np.testing.assert_allclose([pooled.yi[1], pooled.vi[1]], [0.00029036, 0.00057389], rtol=2e-5)
    assert pooled.corrected.tolist() == [False, True, False] and pooled.in_q.tolist() == [True, False, True]
    np.testing.assert_allclose(pooled.weights, [0.13292594, 0.16071282, 0.70636124], rtol=1e-7)
    uncorrected = pool_mantel_haenszel([3, 0, 7], [34, 40, 180], [1, 0, 4], [33, 41, 176], measure="RD", continuity=0.0)
    assert np.isnan(uncorrected.yi[1]) and not uncorrected.corrected.any()


@pytest.mark.parametrize("pool", [pool_mantel_haenszel, pool_peto])
def test_effects_keep_the_counts_of_trials_without_events(pool):
    counts = {"events_t": [3, 0, 7], "n_t": [34, 40, np.nan], "events_p": [1, 0, 4], "n_p": [33, 41, 176]}
    table = pd.DataFrame({"study": list("ABC"), "dose": [1, 2, 3]} | counts)
    made = effect_sizes(table, measure="RR", missing="drop", arms=("laser", "sham"))
    pooled, counted = pool(made), pool(table, missing="drop")
    assert list(made.labels) == ["A"] and pooled.labels == ("A", "B") and pooled.k == counted.k == 2
    assert pooled.estimate == counted.estimate and pooled.effects.arms == ("laser", "sham")
    assert pooled.left_out == counted.left_out[1:]  # C is among those of the effects
    assert pooled.effects.left_out["study"].tolist() == ["C"] and pooled.effects.table["dose"].tolist() == [1, 2]
    assert len(made.left_out) == 2


def test_what_is_added_to_counts_is_said():
    counts = [0, 3, 5], [44, 40, 50], [3, 0, 6], [46, 41, 50]
    own = "0.5 was added to the counts of 2 studies for their own effects, of which Q is made; "
    for pooled, said in (
        (pool_mantel_haenszel(*counts, measure="OR"), f"{own}nothing was added to pool them."),
        (
            pool_mantel_haenszel(*counts, measure="OR", pooled_continuity=0.25, pooled_continuity_to="all"),
            f"{own}0.25 was added to the counts of 3 studies to pool them.",
        ),
        (pool_peto(*counts), "2 studies have a zero cell; nothing was added to pool them."),
    ):
        assert f"Note          {said}" in pooled.summary()
        assert said in pooled.findings() and said in methods_text(pooled)
        assert said in prisma_items(pooled).set_index("item").loc["13b", "text"]
    none = pool_peto([1, 3], [44, 40], [3, 2], [46, 41])
    assert "added" not in none.summary() + methods_text(none)


def test_effects_with_zeros_are_those_of_counts_where_the_counts_are_pooled():
    table = pd.DataFrame({"study": ["A", "B"], "events_t": [0, 3], "n_t": 40, "events_p": [3, 4], "n_p": 41})
    found = effect_sizes(table, measure="OR")
    for made in (pool_mantel_haenszel(found), pool_peto(found)):
        assert "one half" not in methods_text(made) + forest(made).content.caption
        assert "2 as printed" in prisma_items(made).set_index("item").loc["13b", "text"]
    assert "Of 2 effects, 1 was made of counts of which one is zero and to which one half was added." in methods_text(
        pool(found)
    )


def test_what_was_added_is_told_of_the_trials_that_make_q():
    table = pd.DataFrame({"study": list("ADCE"), "events_t": [0, 25, 0, 3], "n_t": [42, 25, 25, 25]})
    pooled = pool_mantel_haenszel(table.assign(events_p=[9, 11, 0, 0], n_p=[21, 24, 24, 24]), measure="RD")
    assert pooled.q_df == 2 and "0.5 was added to the counts of 3 studies for their own effects" in pooled.summary()
