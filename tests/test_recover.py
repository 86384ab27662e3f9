"""Recovered SDs and means against printed SDs, published examples, metafor and simulated people."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis import effects, recover

CONVERSIONS = json.loads((Path(__file__).parent / "reference" / "escalc.json").read_text(encoding="utf-8"))[
    "conversions"
]
RTOL = 1e-12  # the same closed formulas in double precision


def test_sd_from_ci_matches_a_trial_that_prints_both():
    """Shin 2015 prints the SD of the change and its 90% interval; the interval is rounded to 0.1."""
    assert recover.sd_from_ci(-12.1, -5.4, 28, level=0.90) == pytest.approx(10.42, abs=0.16)
    assert recover.sd_from_ci(-11.35, -3.09, 27, level=0.90) == pytest.approx(12.58, abs=0.02)


def test_sd_from_ci_cochrane_handbook_6_5_2_2():
    """Interval 30.0 to 34.2 of 25 people: the divisor is 2 x 2.064 = 4.128."""
    assert recover.sd_from_ci(30.0, 34.2, 25) == pytest.approx(np.sqrt(25) * (34.2 - 30.0) / 4.128, abs=0.001)


def test_sd_from_p_cochrane_handbook_6_5_2_3():
    """Difference 3.8, p = 0.008, 25 and 22 people: t = 2.78 on 45 df, SE 1.37, SD 4.69 by rounded steps."""
    assert recover.se_from_p(3.8, 0.008, df=45) == pytest.approx(1.37, abs=0.005)
    assert 3.8 / recover.se_from_p(3.8, 0.008, df=45) == pytest.approx(2.78, abs=0.005)
    assert recover.sd_from_p(3.8, 0.008, 25, 22) == pytest.approx(4.69, abs=0.015)


def test_correlation_cochrane_handbook_6_5_2_8():
    """SDs 6.4, 7.1 and 4.5 imply 0.78, SDs 7.0, 6.9 and 4.2 imply 0.82."""
    found = recover.correlation_from_sds([6.4, 7.0], [7.1, 6.9], [4.5, 4.2])
    np.testing.assert_allclose(found, [0.78, 0.82], atol=0.005)


def test_converters_undo_a_trial():
    """A two-arm trial with one SD gives its t, p and intervals by scipy; each leads back to the SD."""
    from scipy import stats

    difference, sd, n_t, n_p = -1.3, 2.1, 14, 19
    se, df = sd * np.sqrt(1 / n_t + 1 / n_p), n_t + n_p - 2
    p = 2 * stats.t.sf(abs(difference) / se, df)
    assert recover.sd_from_t(difference, difference / se, n_t, n_p) == pytest.approx(sd, rel=RTOL)
    assert recover.sd_from_p(difference, p, n_t, n_p) == pytest.approx(sd, rel=1e-10)
    assert recover.se_from_p(difference, p, df=df) == pytest.approx(se, rel=1e-10)
    assert recover.se_from_p(difference, 2 * stats.norm.sf(abs(difference) / se)) == pytest.approx(se, rel=1e-10)
    for level in (0.8, 0.95, 0.99):
        low, high = stats.t.interval(level, df, loc=difference, scale=se)
        assert recover.se_from_ci(low, high, level, df=df) == pytest.approx(se, rel=1e-10)
        low, high = stats.norm.interval(level, loc=difference, scale=se)
        assert recover.se_from_ci(low, high, level) == pytest.approx(se, rel=1e-10)
    low, high = stats.t.interval(0.95, df=11, loc=-2.0, scale=1.7 / np.sqrt(12))
    assert recover.sd_from_ci(low, high, 12) == pytest.approx(1.7, rel=1e-10)
    assert recover.sd_from_se(1.7 / np.sqrt(12), 12) == pytest.approx(1.7, rel=RTOL)


def test_student_t_of_simulated_people_gives_the_pooled_sd():
    from scipy import stats

    rng = np.random.default_rng(4)
    a, b = rng.normal(1.0, 2.0, 15), rng.normal(0.0, 2.0, 22)
    t, p = stats.ttest_ind(a, b)
    pooled = recover.pooled_sd([a.std(ddof=1), b.std(ddof=1)], [15, 22])
    assert recover.sd_from_t(a.mean() - b.mean(), t, 15, 22) == pytest.approx(pooled, rel=1e-10)
    assert recover.sd_from_p(a.mean() - b.mean(), p, 15, 22) == pytest.approx(pooled, rel=1e-9)


def test_correlation_undoes_change_sd():
    r = np.array([-1.0, -0.4, 0.0, 0.5, 0.999, 1.0])
    pre, post = 2.3, 1.7
    np.testing.assert_allclose(recover.correlation_from_sds(pre, post, effects.change_sd(pre, post, r)), r, atol=1e-12)


def test_the_sd_after_undoes_change_sd_where_one_alone_does():
    pre, r = 2.0, np.array([-0.6, 0.0, 0.3, 0.5])
    for post in (2.0, 3.5):
        np.testing.assert_allclose(recover.sd_from_change(pre, effects.change_sd(pre, post, r), r), post, rtol=1e-12)
    # Both 0.5 and 1.5 after give the same change.
    assert effects.change_sd(pre, 0.5, 0.5) == effects.change_sd(pre, 1.5, 0.5) < pre
    assert np.isnan(recover.sd_from_change(pre, 1.9, 0.5)) and recover.sd_from_change(pre, 2.0, 0.5) == 2.0


def test_impossible_sds_are_an_error_or_nan():
    pre, post, change = [2.0, 2.0, np.nan], [1.0, 1.0, 1.0], [0.5, 1.5, 1.0]
    with pytest.raises(ValueError, match=r"trial 1: sd_change = 0\.5 .* between 1 and 3"):
        recover.correlation_from_sds(pre, post, change)
    with pytest.raises(ValueError, match=r"sd_change = 1\.0 with sd_pre = 0\.0"):
        recover.correlation_from_sds(0.0, 1.0, 1.0)
    found = recover.correlation_from_sds(pre, post, change, impossible="nan")
    assert np.isnan(found[[0, 2]]).all() and found[1] == pytest.approx(0.6875)


def test_combine_arms_equals_pooling_the_people():
    rng = np.random.default_rng(1)
    people = [rng.normal(m, s, n) for m, s, n in ((-2, 1.5, 12), (-1, 2.0, 30), (0.5, 1.0, 7))]
    arms = [[p.mean() for p in people], [p.std(ddof=1) for p in people], [len(p) for p in people]]
    together = np.concatenate(people)
    mean, sd, n = recover.combine_arms(*arms)
    assert (mean, sd, n) == pytest.approx((together.mean(), together.std(ddof=1), 49), rel=1e-12)
    assert recover.combine_arms([1.0, 1.0], 2.0, 10)[2] == 20  # one number stands for both arms


def test_combine_arms_table_6_5_a():
    """The two-arm formula of the Cochrane Handbook, table 6.5.a, written out."""
    (m1, m2), (s1, s2), (n1, n2) = (6.13, 7.33), (9.63, 6.65), (15, 18)
    squares = (n1 - 1) * s1**2 + (n2 - 1) * s2**2 + n1 * n2 / (n1 + n2) * (m1 - m2) ** 2
    expected = (n1 * m1 + n2 * m2) / (n1 + n2), np.sqrt(squares / (n1 + n2 - 1))
    assert recover.combine_arms((m1, m2), (s1, s2), (n1, n2))[:2] == pytest.approx(expected, rel=1e-12)


def test_pooled_sd_weights_degrees_of_freedom():
    assert recover.pooled_sd([2.0, 2.0], [5, 50]) == pytest.approx(2.0)
    assert recover.pooled_sd([1.0, 3.0], [11, 11]) == pytest.approx(np.sqrt(5.0))


def fivenum():
    """Inputs of metafor's conv.fivenum as arrays, NaN where not given, and which of the three scenarios each is."""
    inputs = {name: np.array(x, dtype=float) for name, x in CONVERSIONS["conv.fivenum"]["inputs"].items()}
    ends, middle = ~np.isnan(inputs["min"]), ~np.isnan(inputs["q1"])
    return inputs, {"C1": ends & ~middle, "C2": ends & middle, "C3": ~ends & middle}


def test_medians_quartiles_and_ranges_equal_metafor():
    x, scenario = fivenum()
    assert {name: rows.sum() for name, rows in scenario.items()} == {"C1": 1, "C2": 3, "C3": 2}
    found = {
        "C1": (
            recover.mean_from_range(x["min"], x["median"], x["max"], x["n"]),
            recover.sd_from_range(x["min"], x["max"], x["n"]),
        ),
        "C2": (
            recover.mean_from_five_numbers(x["min"], x["q1"], x["median"], x["q3"], x["max"], x["n"]),
            recover.sd_from_five_numbers(x["min"], x["q1"], x["q3"], x["max"], x["n"]),
        ),
        "C3": (
            recover.mean_from_quartiles(x["q1"], x["median"], x["q3"], x["n"]),
            recover.sd_from_quartiles(x["q1"], x["q3"], x["n"]),
        ),
    }
    default, blue = (CONVERSIONS["conv.fivenum"][name] for name in ("default", "blue"))
    for name, rows in scenario.items():
        for values, part in zip(found[name], ("mean", "sd"), strict=True):
            np.testing.assert_allclose(values[rows], np.array(default[part])[rows], rtol=RTOL)
    # metafor's method "blue" takes Wan's SD
    wan = recover.sd_from_five_numbers(x["min"], x["q1"], x["q3"], x["max"], x["n"], weights="Wan")
    np.testing.assert_allclose(wan[scenario["C2"]], np.array(blue["sd"])[scenario["C2"]], rtol=RTOL)


def test_intervals_and_p_values_of_ratios_equal_metafor():
    """conv.wald: two odds ratios with intervals, one with a p-value."""
    inputs, out = (
        {k: np.array(v, dtype=float) for k, v in CONVERSIONS["conv.wald"][part].items()} for part in ("inputs", "out")
    )
    with_ci, with_p = slice(0, 2), 2
    se = recover.se_from_ci(np.log(inputs["lb"]), np.log(inputs["ub"]))
    np.testing.assert_allclose(se[with_ci] ** 2, out["vi"][with_ci], rtol=1e-10)
    se = recover.se_from_p(np.log(inputs["or"][with_p]), inputs["pval"][with_p])
    assert se**2 == pytest.approx(out["vi"][with_p], rel=1e-10)


# Wan 2014, table 1: expected range of n standard normal values
WAN_TABLE_1 = {5: 2.326, 10: 3.078, 15: 3.472, 20: 3.735, 25: 3.931, 30: 4.086, 40: 4.322, 50: 4.498}


@pytest.mark.parametrize(("n", "width"), WAN_TABLE_1.items())
def test_expected_range_wan_2014_table_1(n, width):
    """The closed formula is Wan's approximation of the table: within 1.5%, within 0.6% from 10 people on."""
    assert 1 / recover.sd_from_range(0.0, 1.0, n) == pytest.approx(width, rel=0.015 if n < 10 else 0.006)


def people(n, trials=20_000):
    """Order statistics, mean and SD of `trials` samples of n = 4 Q + 1 people, drawn from N(5, 2)."""
    x = np.sort(np.random.default_rng(n).normal(5.0, 2.0, (trials, n)), axis=1)
    step = (n - 1) // 4
    return x[:, 0], x[:, step], x[:, 2 * step], x[:, 3 * step], x[:, -1], x.mean(axis=1), x.std(axis=1, ddof=1)


@pytest.mark.parametrize("n", [9, 25, 101])
def test_sd_formulas_are_nearly_unbiased_for_normal_people(n):
    low, q1, _, q3, high, _, _ = people(n)
    found = {
        "C1": recover.sd_from_range(low, high, n),
        "C2 Wan": recover.sd_from_five_numbers(low, q1, q3, high, n, weights="Wan"),
        "C2 Shi": recover.sd_from_five_numbers(low, q1, q3, high, n),
        "C3": recover.sd_from_quartiles(q1, q3, n),
    }
    assert {name: sd.mean() for name, sd in found.items()} == pytest.approx(dict.fromkeys(found, 2.0), rel=0.02)
    assert found["C2 Shi"].std() <= found["C2 Wan"].std() * 1.005


@pytest.mark.parametrize("n", [9, 25, 101])
def test_mean_formulas_beat_the_median(n):
    low, q1, median, q3, high, mean, _ = people(n)
    errors = {
        "C1": recover.mean_from_range(low, median, high, n) - 5,
        "C2": recover.mean_from_five_numbers(low, q1, median, q3, high, n) - 5,
        "C3": recover.mean_from_quartiles(q1, median, q3, n) - 5,
    }
    for name, error in errors.items():
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(error.size), name
        assert (mean - 5).std() < error.std() < (median - 5).std(), name
    assert errors["C2"].std() < min(errors["C1"].std(), errors["C3"].std())


def test_weights_of_luo_2018_are_near_the_best():
    """No other weight of the mid-quartile or of the mid-range is better by 1% of the standard error."""
    n = 25
    low, q1, median, q3, high, _, _ = people(n)
    for middle, found in (
        ((low + high) / 2, recover.mean_from_range(low, median, high, n)),
        ((q1 + q3) / 2, recover.mean_from_quartiles(q1, median, q3, n)),
    ):
        best = min((w * middle + (1 - w) * median).std() for w in np.linspace(0, 1, 101))
        assert found.std() < 1.01 * best


def test_symmetric_quantiles_give_the_middle():
    assert recover.mean_from_range(2, 5, 8, 30) == pytest.approx(5)
    assert recover.mean_from_quartiles(4, 5, 6, 30) == pytest.approx(5)
    assert recover.mean_from_five_numbers(2, 4, 5, 6, 8, 30) == pytest.approx(5)
    fit = recover.fit_quantiles(5, 30, q1=4, q3=6)
    assert (fit.mean, fit.family) == (pytest.approx(5), "normal")


def test_fit_quantiles_example_of_estmeansd():
    """estmeansd's README, qe.mean.sd(min.val = 2, med.val = 4, max.val = 9, n = 100): 4.347284 and 1.502171.

    Its local search stops early; ours comes closer to the quantiles, hence the tolerance.
    """
    fit = recover.fit_quantiles(4, 100, smallest=2, largest=9)
    assert (fit.mean, fit.sd) == pytest.approx((4.347284, 1.502171), abs=2e-5)


FAMILIES = {
    "normal": lambda stats: stats.norm(6.0, 1.5),
    "log-normal": lambda stats: stats.lognorm(0.6, scale=3.0),
    "gamma": lambda stats: stats.gamma(2.5, scale=1.4),
    "Weibull": lambda stats: stats.weibull_min(1.3, scale=4.0),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("names", [("q1", "q3"), ("smallest", "largest"), ("smallest", "q1", "q3", "largest")])
def test_fit_quantiles_finds_the_distribution_it_was_given(family, names):
    from scipy import stats

    n, truth = 40, FAMILIES[family](stats)
    at = {"smallest": 1 / n, "q1": 0.25, "q3": 0.75, "largest": 1 - 1 / n}
    fit = recover.fit_quantiles(truth.median(), n, **{name: truth.ppf(at[name]) for name in names})
    assert fit.family == family
    assert (fit.mean, fit.sd) == pytest.approx((truth.mean(), truth.std()), rel=1e-5)
    assert fit.distance < 1e-9


def test_fit_quantiles_is_as_close_as_a_general_search():
    """Least squares over both parameters of each family by scipy, from several starts, comes no closer."""
    from scipy import optimize, stats

    q, n = np.array([0.8, 2.0, 3.1, 5.9, 9.6]), 35
    p = np.array([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])
    quantiles = {
        "normal": lambda x: stats.norm.ppf(p, x[0], np.exp(x[1])),
        "log-normal": lambda x: stats.lognorm.ppf(p, np.exp(x[1]), scale=np.exp(x[0])),
        "gamma": lambda x: stats.gamma.ppf(p, np.exp(x[1]), scale=np.exp(x[0])),
        "Weibull": lambda x: stats.weibull_min.ppf(p, np.exp(x[1]), scale=np.exp(x[0])),
    }
    starts = [(a, b) for a in (0.0, 1.0) for b in (-0.5, 0.5)]
    best = {
        name: min(2 * optimize.least_squares(lambda x, f=f: f(x) - q, start).cost for start in starts)
        for name, f in quantiles.items()
    }
    fit = recover.fit_quantiles(q[2], n, smallest=q[0], q1=q[1], q3=q[3], largest=q[4])
    assert fit.family == min(best, key=best.get)
    assert fit.distance == pytest.approx(min(best.values()), rel=1e-6)


def test_fit_quantiles_helps_with_skewed_people():
    """Log-normal people: Luo's mean and Wan's SD from quartiles are too small, the fitted ones much less so."""
    from scipy import stats

    rng, n, truth = np.random.default_rng(5), 201, stats.lognorm(0.8)
    q1, median, q3 = np.quantile(rng.lognormal(0.0, 0.8, (400, n)), [0.25, 0.5, 0.75], axis=1)
    fit = recover.fit_quantiles(median, n, q1=q1, q3=q3)
    luo, wan = recover.mean_from_quartiles(q1, median, q3, n).mean(), recover.sd_from_quartiles(q1, q3, n).mean()
    assert abs(fit.mean.mean() - truth.mean()) < 0.5 * abs(luo - truth.mean())
    assert abs(fit.sd.mean() - truth.std()) < 0.5 * abs(wan - truth.std())


def test_fit_quantiles_works_trial_by_trial():
    median, q1, q3 = [4.0, 4.0, -1.0, np.nan], [3.0, 3.5, -3.0, 1.0], [6.0, 4.6, 2.5, 2.0]
    together = recover.fit_quantiles(median, [30, 40, 50, 60], q1=q1, q3=q3)
    for i, n in enumerate((30, 40, 50)):
        alone = recover.fit_quantiles(median[i], n, q1=q1[i], q3=q3[i])
        assert (together.mean[i], together.sd[i], together.family[i]) == (alone.mean, alone.sd, alone.family)
    assert together.family[2] == "normal"
    assert together.family[3] == "" and np.isnan([together.mean[3], together.sd[3], together.distance[3]]).all()


def test_fit_quantiles_with_a_negative_value_is_normal():
    """Skewed quantiles that a log-normal fits better once moved to the positive side."""
    assert recover.fit_quantiles(0.5, 40, q1=0.01, q3=3.0).family != "normal"
    assert recover.fit_quantiles(0.5, 40, q1=0.0, q3=3.0).family == "normal"
    assert recover.fit_quantiles(0.4, 40, q1=-0.1, q3=2.9).family == "normal"


def test_unknown_numbers_give_nan():
    np.testing.assert_array_equal(recover.sd_from_se([1.0, np.nan, None], 4), [2.0, np.nan, np.nan])
    assert np.isnan(recover.sd_from_ci(1.0, 2.0, np.nan))
    assert np.isnan(recover.sd_from_quartiles(np.nan, 2.0, 10))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: recover.sd_from_se([1.0, -1.0], 10), "se, trial 2: -1.0, but a standard error"),
        (lambda: recover.sd_from_ci(2.0, 1.0, 10), "low: 2.0 exceeds high = 1.0"),
        (lambda: recover.sd_from_ci(1.0, 2.0, 1), "n: 1.0, but the number of people must be finite and at least 2"),
        (lambda: recover.sd_from_ci(1.0, 2.0, 10, level=95), "level: 95.0, but a level must lie between 0.5 and 1"),
        (lambda: recover.se_from_ci(1.0, 2.0, df=0), "df: 0.0, but degrees of freedom"),
        (lambda: recover.se_from_p(0.0, 0.04), "estimate: 0.0, but the estimate must be finite and not 0"),
        (lambda: recover.se_from_p(1.0, 0.0), "pvalue: 0.0, but a p-value"),
        (lambda: recover.sd_from_p(1.0, 1.0, 10, 10), "pvalue: 1.0, but a p-value"),
        (lambda: recover.sd_from_t(1.0, 0.0, 10, 10), "t: 0.0, but t must be finite and not 0"),
        (lambda: recover.sd_from_range(3.0, 1.0, 10), "smallest: 3.0 exceeds largest = 1.0"),
        (lambda: recover.mean_from_quartiles(2.0, 1.0, 3.0, 10), "q1: 2.0 exceeds median = 1.0"),
        (lambda: recover.sd_from_five_numbers(0, 1, 2, 3, 10, weights="Luo"), "weights='Luo' is not known"),
        (lambda: recover.combine_arms([1.0, 2.0], [1.0, 1.0], [10, 0]), "n, trial 2: 0.0"),
        (lambda: recover.fit_quantiles(1.0, 10), "q1 and q3, or smallest and largest, must be given"),
        (lambda: recover.fit_quantiles(1.0, 10, q1=0.5), "^q3 must be given"),
        (lambda: recover.fit_quantiles(1.0, 2, q1=0.5, q3=2.0), "n: 2.0, but the number of people .* at least 3"),
        (lambda: recover.correlation_from_sds(1, 1, 1, impossible="skip"), "impossible='skip' is not known"),
    ],
)
def test_bad_input_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_family_that_fits_best_at_the_edge_of_its_spreads_does_not_fit(monkeypatch):
    from analysis import recover

    assert recover.fit_quantiles(4, 100, smallest=2, largest=9).family == "log-normal"
    monkeypatch.setattr(recover, "_SPREADS", np.linspace(np.log(1e-4), np.log(0.05), 50))
    assert recover.fit_quantiles(4, 100, smallest=2, largest=9).family == "normal"


def test_arms_are_as_many_in_every_list():
    for given in (([1.0, 2.0], [2.0], [3, 4]), ([], [], []), ([1.0], [2.0, 3.0], [3, 4])):
        with pytest.raises(ValueError, match="arms differ in number, or there is none: mean of"):
            recover.combine_arms(*given)
    for given in (([2.0], [3, 4]), ([], [])):
        with pytest.raises(ValueError, match="arms differ in number, or there is none: sd of"):
            recover.pooled_sd(*given)
    assert recover.combine_arms([1.0, 2.0], 2.0, [3, 4]) == recover.combine_arms([1.0, 2.0], [2.0, 2.0], [3, 4])
