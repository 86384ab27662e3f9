"""Effect sizes against metafor's escalc, worked examples, statsmodels, simulation and exact moments."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from analysis import effects

FOLDER = Path(__file__).parent / "reference"
REFERENCE = json.loads((FOLDER / "escalc.json").read_text(encoding="utf-8"))
TABLES = json.loads((FOLDER / "counts.json").read_text(encoding="utf-8"))["sets"]
# Same closed formulas in double precision; the gamma functions of the exact correction cost a few last bits, and
# the unbiased variances subtract two numbers close to 1 (seen: 5e-12).
RTOL, RTOL_UNBIASED = 1e-12, 1e-10

# metafor's spelling and ours
FUNCTIONS = {
    "RR": effects.log_risk_ratio,
    "OR": effects.log_odds_ratio,
    "RD": effects.risk_difference,
    "PETO": effects.peto_log_odds_ratio,
    "MD": effects.mean_difference,
    "SMD": effects.hedges_g,
    "SMDH": effects.heteroscedastic_smd,
    "SMD1": effects.glass_delta,
    "SMD1H": effects.glass_delta,
    "ROM": effects.log_ratio_of_means,
    "MC": effects.mean_change,
    "SMCC": effects.standardized_change_score,
    "SMCR": effects.standardized_mean_change,
    "SMCRP": effects.standardized_mean_change_pooled,
    "ROMC": effects.log_ratio_of_paired_means,
    "IRR": effects.log_incidence_rate_ratio,
    "MN": effects.single_mean,
    "PR": effects.single_proportion,
    "PLO": effects.logit_proportion,
    "PFT": effects.double_arcsine_proportion,
    "COR": effects.correlation_coefficient,
    "ZCOR": effects.fisher_z,
}
OPTIONS = {
    "to": (
        "continuity_to",
        {"only0": "zero trials", "if0all": "all if zero", "all": "all", "none": "none"},
    ),
    "add": ("continuity", {0.5: 0.5, 0.1: 0.1, 0: 0}),
    "drop00": ("drop_double_zero", {True: True}),
    "vtype": ("variance", {"LS": "large-sample", "UB": "unbiased"}),
    "correct": ("bias_correction", {False: False}),
}
ONE_VARIANCE = {"RR", "OR", "RD", "MD", "SMDH", "ROM", "PR", "COR"}  # those without a choice: metafor's "LS"
FIXED = {"PETO": {"continuity": 0.5}, "SMD1H": {"equal_sds": False}}
# What metafor computes and this package does not: rates of one arm, reliability, other measures of one arm and of
# correlations; pairs and other measures of 2 by 2 tables; measures of variability; further variances of the measures
# above. An addition to zeros does nothing in Freeman and Tukey's transform.
OUTSIDE = set(
    "AS PHI ZPHI YUQ YUY RTET OR2DN OR2DL PBIT MPRD MPRR MPOR MPORC MPPETO IRD IRSD CVR VR RPB ZPB "
    "RBIS D2ORN D2ORL SMCRH SMCRPH VRC CVRC SMN MNLN SDLN CVLN PLN PAS PFT PRZ IR "
    "IRLN IRS IRFT UCOR ARAW AHW ABT PCOR ZPCOR SPCOR".split()
)
OUTSIDE_VARIANCES = {"AV", "HO", "H0", "LS2", "LS3", "AVHO"}


def arguments(case):
    cells = {key: np.array(value, dtype=float) for key, value in REFERENCE["inputs"][case["inputs_ref"]].items()}
    if case["inputs_ref"] == "two_by_two":
        return cells["ai"], cells["ai"] + cells["bi"], cells["ci"], cells["ci"] + cells["di"]
    if case["inputs_ref"] == "two_means":
        return tuple(cells[key] for key in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"))
    plain = {
        "person_time": ("x1i", "t1i", "x2i", "t2i"),
        "one_mean": ("mi", "sdi", "ni"),
        "proportion": ("xi", "ni"),
        "correlation": ("ri", "ni"),
        "correlation_small_n": ("ri", "ni"),
    }
    if case["inputs_ref"] in plain:
        return tuple(cells[key] for key in plain[case["inputs_ref"]])
    # "1" is after, "2" before; but SMCR is in units of sd1i, which is then the SD before
    names = (
        ("m2i", "m1i", "sd1i", "ni", "ri") if case["measure"] == "SMCR" else ("m2i", "m1i", "sd2i", "sd1i", "ni", "ri")
    )
    return tuple(cells[key] for key in names)


def options(case):
    found = dict(FIXED.get(case["measure"], {}))
    for name, value in case.get("args", {}).items():
        if case["measure"] == "PFT":
            continue
        if name == "vtype" and case["measure"] in ONE_VARIANCE:
            assert value == "LS"
            continue
        ours, translation = OPTIONS[name]
        found[ours] = translation[value]
    return found


def assert_same(found, expected, rtol):
    yi, vi = (np.array(expected[key], dtype=float) for key in ("yi", "vi"))
    np.testing.assert_allclose(found[0], yi, rtol=rtol, atol=1e-14)  # NaN where metafor has NA, and only there
    np.testing.assert_allclose(found[1], vi, rtol=rtol)


def test_reference_covers_the_grid():
    """Every one of the cases is either compared or named as outside."""
    cases, outside = REFERENCE["cases"], REFERENCE["outside"]
    assert {case["measure"] for case in cases} == set(FUNCTIONS)
    assert (len(cases), len(outside)) == (87, 84)
    for measure, arguments_outside in outside:
        unbiased = (measure, arguments_outside.get("vtype")) == ("PR", "UB")
        assert measure in OUTSIDE or unbiased or arguments_outside["vtype"] in OUTSIDE_VARIANCES, (
            measure,
            arguments_outside,
        )
    assert len({json.dumps([case["measure"], case["inputs_ref"], case.get("args", {})]) for case in cases}) == len(
        cases
    )


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['measure']} {c.get('args', '')}")
def test_equals_metafor(case):
    found = FUNCTIONS[case["measure"]](*arguments(case), **options(case))
    assert_same(found, case, RTOL_UNBIASED if case.get("args", {}).get("vtype") == "UB" else RTOL)


RULED = [(data, name) for data in TABLES for name in data["escalc"]]


def test_published_tables_cover_the_rules():
    assert len(RULED) == 144
    assert {name for _, name in RULED} == {f"{m}_{to}" for m in ("RR", "OR", "RD") for to in OPTIONS["to"][1]}


@pytest.mark.parametrize(("data", "name"), RULED, ids=lambda x: x if isinstance(x, str) else x["id"])
def test_rules_for_zero_cells_on_published_tables(data, name):
    a, b, c, d = (np.array(data[key], dtype=float) for key in ("ai", "bi", "ci", "di"))
    measure, _, to = name.partition("_")
    found = FUNCTIONS[measure](a, a + b, c, c + d, continuity_to=OPTIONS["to"][1][to])
    assert_same(found, data["escalc"][name], RTOL)


def test_paired_difference_cochrane_handbook_16_4_6_4():
    """Cochrane Handbook 5.1, section 16.4.6.4: means 7.0 and 6.5, SDs 2.38 and 2.21, n 10, correlation 0.68."""
    yi, vi = effects.paired_difference(7.0, 2.38, 6.5, 2.21, 10, 0.68)
    assert yi == pytest.approx(0.5, abs=1e-12)
    # the Handbook takes the SD of the differences, 1.8426, over the root of 10: 0.583
    assert np.sqrt(vi) == pytest.approx(0.583, abs=0.0005)


def test_statsmodels_agrees_on_counts():
    from statsmodels.stats import meta_analysis as meta

    cells = REFERENCE["inputs"]["two_by_two"]
    a, b, c, d = (np.array(cells[key][7:], dtype=float) for key in ("ai", "bi", "ci", "di"))
    for name, statistic in (("RR", "risk-ratio"), ("OR", "odds-ratio"), ("RD", "diff")):
        yi, vi = FUNCTIONS[name](a, a + b, c, c + d)
        other, variance = meta.effectsize_2proportions(a, a + b, c, c + d, statistic=statistic)
        np.testing.assert_allclose(yi, other, rtol=1e-12)
        np.testing.assert_allclose(vi, variance, rtol=1e-12)


def test_statsmodels_agrees_on_g_up_to_its_approximations():
    """statsmodels corrects by 1 - 3 / (4 N - 9), and puts N - 3.94 for N in the second part of the variance."""
    from statsmodels.stats.meta_analysis import effectsize_smd

    names = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
    arms = [np.array(REFERENCE["inputs"]["two_means"][name], dtype=float)[2:] for name in names]
    other, variance = effectsize_smd(*arms)
    g, vi = effects.hedges_g(*arms)
    people = arms[2] + arms[5]
    np.testing.assert_allclose(g, other, rtol=5e-5)
    np.testing.assert_allclose(vi, variance - other**2 / 2 * (1 / (people - 3.94) - 1 / people), rtol=5e-5)


def trial(rng, shape, mean=0.0, sd=1.0):
    people = rng.normal(mean, sd, shape)
    return people.mean(axis=-1), people.std(axis=-1, ddof=1), shape[-1]


def test_g_and_its_unbiased_variance_are_unbiased():
    """20,000 trials of 5 and 7 people: the mean g is the true effect, the mean unbiased variance that of g."""
    rng = np.random.default_rng(1)
    arms = *trial(rng, (20_000, 5), mean=0.8), *trial(rng, (20_000, 7))
    g, vi = effects.hedges_g(*arms, variance="unbiased")
    assert g.mean() == pytest.approx(0.8, abs=4 * g.std() / np.sqrt(g.size))
    assert vi.mean() == pytest.approx(g.var(), rel=0.05)
    d, _ = effects.hedges_g(*arms, bias_correction=False)
    assert d.mean() > 0.8 + 4 * d.std() / np.sqrt(d.size)


@pytest.mark.parametrize("function", [effects.standardized_mean_change, effects.standardized_change_score])
def test_standardized_changes_are_unbiased(function):
    """20,000 arms of 9 people, correlation 0.6, a change of -0.7 SD before."""
    rng = np.random.default_rng(2)
    pre, noise = rng.normal(size=(2, 20_000, 9))
    post = -0.7 + 0.6 * pre + 0.8 * noise
    centred = [x - x.mean(axis=-1, keepdims=True) for x in (pre, post)]
    r = (centred[0] * centred[1]).sum(axis=-1) / np.sqrt(np.prod([(x**2).sum(axis=-1) for x in centred], axis=0))
    sds = [x.std(axis=-1, ddof=1) for x in (pre, post)]
    raw = function is effects.standardized_mean_change
    yi, vi = function(pre.mean(-1), post.mean(-1), *sds[: 1 if raw else 2], 9, r, variance="unbiased")
    expected = -0.7 if raw else -0.7 / np.sqrt(0.8)
    assert yi.mean() == pytest.approx(expected, abs=4 * yi.std() / np.sqrt(yi.size))
    assert vi.mean() == pytest.approx(yi.var(), rel=0.05)


def test_heteroscedastic_variance_holds_with_unequal_sds():
    """Few people in the arm that varies more: the variance of g assumes equal SDs and is far too small there."""
    rng = np.random.default_rng(3)
    arms = *trial(rng, (20_000, 15), mean=1.0, sd=3.0), *trial(rng, (20_000, 60))
    smd, vi = effects.heteroscedastic_smd(*arms)
    assert vi.mean() == pytest.approx(smd.var(), rel=0.15)
    g, vi = effects.hedges_g(*arms)
    assert vi.mean() < 0.6 * g.var()


def test_measures_coincide_where_they_must():
    two = (3.0, 2.0, 20, 4.0, 2.0, 20)  # equal SDs and sizes
    assert effects.heteroscedastic_smd(*two)[0] == pytest.approx(effects.hedges_g(*two)[0], rel=1e-12)
    # a change in units of the SD before, or of the SD of the change, which r = 1/2 makes equal
    raw = effects.standardized_mean_change(5.0, 3.0, 2.0, 20, 0.5)
    change = effects.standardized_change_score(5.0, 3.0, 2.0, 2.0, 20, 0.5)
    np.testing.assert_allclose(raw, change, rtol=1e-12)


def test_swapping_the_arms_turns_the_sign():
    cells = REFERENCE["inputs"]["two_by_two"]
    a, b, c, d = (np.array(cells[key], dtype=float) for key in ("ai", "bi", "ci", "di"))
    for name in ("RR", "OR", "RD", "PETO"):
        there, back = FUNCTIONS[name](a, a + b, c, c + d), FUNCTIONS[name](c, c + d, a, a + b)
        np.testing.assert_allclose(there[0], -back[0], atol=1e-12)
        np.testing.assert_allclose(there[1], back[1], rtol=1e-12)
    there, back = effects.log_incidence_rate_ratio(3, 50, 7, 60), effects.log_incidence_rate_ratio(7, 60, 3, 50)
    assert (there[0], there[1]) == pytest.approx((-back[0], back[1]), rel=1e-12)
    two = (3.0, 2.0, 20, 4.0, 1.0, 30)
    for name in ("MD", "SMD", "SMDH", "ROM"):
        there, back = FUNCTIONS[name](*two), FUNCTIONS[name](*two[3:], *two[:3])
        assert (there[0], there[1]) == pytest.approx((-back[0], back[1]), rel=1e-12)


def test_all_broadcast():
    mean = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for name in ("MD", "SMD", "SMDH", "SMD1", "ROM"):
        yi, vi = FUNCTIONS[name](mean, 2.0, [10, 20, 30], 4.0, 1.0, 25)
        assert yi.shape == vi.shape == (2, 3)
        alone = FUNCTIONS[name](5.0, 2.0, 20, 4.0, 1.0, 25)
        np.testing.assert_allclose((yi[1, 1], vi[1, 1]), alone, rtol=1e-14)
    yi, vi = effects.log_odds_ratio(np.arange(6).reshape(2, 3), 10, [3, 4, 5], 12)
    assert yi.shape == vi.shape == (2, 3)


def test_if_any_zero_looks_at_all_the_trials_given():
    together = effects.log_risk_ratio([0, 5], [10, 10], [2, 3], [10, 10], continuity_to="all if zero")
    alone = effects.log_risk_ratio(5, 10, 3, 10, continuity_to="all")
    np.testing.assert_allclose((together[0][1], together[1][1]), alone, rtol=1e-14)
    untouched = effects.log_risk_ratio(5, 10, 3, 10, continuity_to="all if zero")
    np.testing.assert_allclose(untouched, effects.log_risk_ratio(5, 10, 3, 10, continuity=0), rtol=1e-14)


def test_unknown_numbers_give_nan():
    """NaN, None and pandas' missing values pass; the other trials are not touched."""
    import pandas as pd

    for missing in (np.nan, None, pd.NA):
        yi, vi = effects.mean_difference([1.0, missing], [1.0, 2.0], 10, 0.0, 1.0, [10, 12])
        assert (yi[0], vi[0]) == (1.0, 0.2)
        assert np.isnan(yi[1])
        yi, vi = effects.log_odds_ratio([1, missing], [10, 10], [2, 2], [10, 10])
        assert np.isfinite([yi[0], vi[0]]).all() and np.isnan([yi[1], vi[1]]).all()


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (lambda: effects.log_ratio_of_means(-1.0, 1.0, 10, 2.0, 1.0, 10), "opposite signs"),
        (lambda: effects.log_ratio_of_means(0.0, 1.0, 10, 2.0, 1.0, 10), "a mean of 0"),
        (lambda: effects.hedges_g(1.0, 0.0, 10, 2.0, 0.0, 10), "no spread"),
        (lambda: effects.heteroscedastic_smd(1.0, 0.0, 10, 2.0, 0.0, 10), "no spread"),
        (lambda: effects.glass_delta(1.0, 1.0, 10, 2.0, 0.0, 10), "no spread"),
        (lambda: effects.glass_delta(1.0, 1.0, 10, 2.0, 1.0, 2), "one degree of freedom"),
        (lambda: effects.standardized_mean_change(1.0, 2.0, 0.0, 10, 0.5), "no spread"),
        (lambda: effects.standardized_mean_change(1.0, 2.0, 1.0, 2, 0.5), "one degree of freedom"),
        (lambda: effects.standardized_change_score(1.0, 2.0, 1.0, 1.0, 10, 1.0), "no spread of the change"),
        (lambda: effects.log_risk_ratio(0, 10, 2, 10, continuity=0), "a zero cell"),
        (lambda: effects.peto_log_odds_ratio(0, 10, 0, 10), "no events"),
        (lambda: effects.log_ratio_of_paired_means(-1.0, 2.0, 1.0, 1.0, 10, 0.5), "opposite signs"),
        (lambda: effects.standardized_mean_change_pooled(1.0, 2.0, 0.0, 0.0, 10, 0.5), "no spread"),
        (lambda: effects.log_incidence_rate_ratio(0, 10, 2, 10, continuity=0), "no events in an arm"),
        (lambda: effects.log_incidence_rate_ratio(0, 10, 0, 10, drop_double_zero=True), "no events at all"),
        (lambda: effects.logit_proportion(0, 10, continuity=0), "no events"),
        (lambda: effects.fisher_z(1.0, 10), "a perfect correlation"),
        (
            lambda: effects.log_odds_ratio(0, 10, 0, 10, drop_double_zero=True),
            "a double zero that is dropped",
        ),
    ],
)
def test_undefined_effects_are_nan(found, why):
    assert np.isnan(found()[0]), why


def test_unbiased_variance_needs_five_people():
    assert np.isnan(effects.standardized_mean_change(1.0, 2.0, 1.0, 4, 0.5, variance="unbiased")[1])
    assert np.isfinite(effects.standardized_mean_change(1.0, 2.0, 1.0, 5, 0.5, variance="unbiased")[1])


def test_every_impossible_number_is_named():
    with pytest.raises(ValueError) as caught:
        effects.mean_difference([1.0, np.inf], [-1.0, 2.0], [10, 0], 0.0, 1.0, 10)
    assert str(caught.value).splitlines() == [
        "3 problems in the numbers given:",
        "  mean_t, trial 2: inf, but a mean must be finite; correct the value, or give NaN where it is not known",
        "  sd_t, trial 1: -1.0, but an SD must be finite and at least 0; correct the value, or give NaN where it is "
        "not known",
        "  n_t, trial 2: 0.0, but the number of people must be finite and at least 1; correct the value, or give NaN "
        "where it is not known",
    ]


def test_a_long_list_of_problems_is_cut():
    with pytest.raises(ValueError, match="40 problems") as caught:
        effects.change_sd(-np.ones(40), 1.0, 0.5)
    assert str(caught.value).endswith("and 20 more")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: effects.log_risk_ratio([3, 12], [10, 10], [1, 2], [10, 10]),
            "events_t, trial 2: 12.0 exceeds n_t = 10.0",
        ),
        (
            lambda: effects.log_odds_ratio([[1, 2]], [[10, 10]], [[1, -2]], 10),
            "events_p, row 1, trial 2: -2.0",
        ),
        (
            lambda: effects.risk_difference(1, 10, 2, 10, continuity=-1),
            "continuity=-1 must be one finite number",
        ),
        (lambda: effects.risk_difference(1, 10, 2, 10, continuity="0.5"), "continuity='0.5' must be"),
        (
            lambda: effects.risk_difference(1, 10, 2, 10, continuity_to="only0"),
            "continuity_to='only0' is not known",
        ),
        (
            lambda: effects.hedges_g(1, 1, 1, 2, 1, 5),
            "n_t: 1.0, but the number of people must be finite and at least 2",
        ),
        (lambda: effects.hedges_g(1, 1, 5, 2, 1, 5, variance="UB"), "variance='UB' is not known"),
        (
            lambda: effects.hedges_g(1, 1, 5, 2, 1, 5, variance="unbiased", bias_correction=False),
            "corrected effect",
        ),
        (
            lambda: effects.mean_change(5, 4, 1, 1, 10, 1.5),
            "correlation: 1.5, but a correlation must lie between -1 and 1",
        ),
        (lambda: effects.log_incidence_rate_ratio(1, 0, 1, 5), "time_t: 0.0, but a time must be finite and above 0"),
        (lambda: effects.single_proportion(11, 10), "events: 11.0 exceeds n = 10.0"),
        (lambda: effects.fisher_z(-1.5, 10), "r: -1.5, but a correlation must lie between -1 and 1"),
        (lambda: effects.mean_difference("5", 1, 10, 4, 1, 10), "mean_t: '5' is not a number"),
        (
            lambda: effects.mean_difference([np.complex128(2)], 1, 10, 4, 1, 10),
            r"mean_t, trial 1: .*2\+0j.* is not a number",
        ),
        (lambda: effects.mean_difference([1, 2], 1, [1, 2, 3], 4, 1, 10), r"mean_t \(2,\), n_t \(3,\)"),
    ],
)
def test_bad_input_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


# --- adjusted for baseline

PEOPLE = 14, 9


def people(correlation):
    """(baseline, final, arm) of people whose moments within each arm are exact, and the summary that they have."""
    rng, columns, summary = np.random.default_rng(3), [], {}
    for arm, n in zip("tp", PEOPLE, strict=True):
        raw = rng.normal(size=(n, 2))
        raw -= raw.mean(axis=0)
        raw = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T
        mean, sd = rng.normal(5, 2, 2), rng.uniform(1, 3, 2)
        covariance = np.outer(sd, sd) * [[1, correlation], [correlation, 1]]
        columns.append(np.column_stack([mean + raw @ np.linalg.cholesky(covariance).T, np.full(n, arm == "t")]))
        summary |= {f"baseline_mean_{arm}": mean[0], f"baseline_sd_{arm}": sd[0]}
        summary |= {f"final_mean_{arm}": mean[1], f"final_sd_{arm}": sd[1], f"n_{arm}": n}
    return np.vstack(columns), summary


@pytest.mark.parametrize("correlation", [-0.4, 0.0, 0.5, 0.95])
def test_adjusted_difference_is_least_squares_with_the_people(correlation):
    """Both are exact; the people's moments and two ways to solve cost a few last bits (seen: 3e-15)."""
    data, summary = people(correlation)
    before, after, arm = data.T
    fit = OLS(after, np.column_stack([np.ones(len(arm)), arm, before])).fit()
    found = effects.adjusted_difference(**summary, correlation=correlation)
    np.testing.assert_allclose(found, [fit.params[1], fit.bse[1] ** 2], rtol=1e-10)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(-0.9, 0.9))
def test_adjusted_difference_lies_where_it_must(seed, correlation):
    rng = np.random.default_rng(seed)
    names = [
        f"{name}_{arm}" for arm in "tp" for name in ("baseline_mean", "baseline_sd", "final_mean", "final_sd", "n")
    ]
    arms = dict(zip(names, rng.uniform(1, 9, 10), strict=True)) | {"n_t": 20, "n_p": 30}
    final = arms["final_mean_t"] - arms["final_mean_p"]
    gap = arms["baseline_mean_t"] - arms["baseline_mean_p"]
    close = {"rel": 1e-9, "abs": 1e-9}
    # Equal baselines, and scores that have nothing to do with them: the final scores.
    same = arms | {"baseline_mean_p": arms["baseline_mean_t"]}
    assert effects.adjusted_difference(**same, correlation=correlation)[0] == pytest.approx(final, **close)
    assert effects.adjusted_difference(**arms, correlation=0)[0] == pytest.approx(final, **close)
    # A slope of 1: the changes.
    alike = arms | {"final_sd_t": 2.0, "final_sd_p": 2.0, "baseline_sd_t": 1.0, "baseline_sd_p": 1.0}
    assert effects.adjusted_difference(**alike, correlation=0.5)[0] == pytest.approx(final - gap, **close)
    # Arms exchanged, another unit, another zero.
    yi, vi = effects.adjusted_difference(**arms, correlation=correlation)
    turned = {f"{name[:-1]}{'p' if name[-1] == 't' else 't'}": x for name, x in arms.items()}
    assert effects.adjusted_difference(**turned, correlation=correlation) == pytest.approx((-yi, vi), **close)
    scaled = {name: x if name[0] == "n" else 10 * x + 7 * ("mean" in name) for name, x in arms.items()}
    found = effects.adjusted_difference(**scaled, correlation=correlation)
    assert found == pytest.approx((10 * yi, 100 * vi), **close)


def test_adjusted_difference_needs_baselines_that_vary_and_four_people():
    arms = dict(people(0.5)[1], correlation=0.5)
    for change, known in (
        ({}, True),
        ({"baseline_sd_t": 0.0}, True),
        ({"baseline_sd_t": 0.0, "baseline_sd_p": 0.0}, False),
        ({"n_t": 2, "n_p": 2}, True),
        ({"n_t": 2, "n_p": 1}, False),
        ({"final_sd_t": np.nan}, False),
    ):
        assert np.isfinite(effects.adjusted_difference(**arms | change)).all() == known
    # With a correlation of 1 nothing is left, and rounding makes no tiny variance of it.
    arm = 5.0, np.linspace(0.7, 3.1, 40), 4.0, 1.3 * np.linspace(0.7, 3.1, 40)
    assert (effects.adjusted_difference(*arm, 20, *arm, 30, 1.0)[1] == 0).all()
    with pytest.raises(ValueError, match=r"(?s)baseline_sd_t: -1\.0, but an SD.*final_mean_p: inf.*correlation: 2\.0"):
        effects.adjusted_difference(**arms | {"baseline_sd_t": -1, "final_mean_p": np.inf, "correlation": 2})


def test_series_are_paired_by_their_index():
    mean = pd.Series([1.0, 2.0], index=["a", "b"])
    other = pd.Series([20.0, 10.0], index=["b", "a"])
    yi, _ = effects.mean_difference(mean, 1.0, 20, other, 1.0, 20)
    assert yi.tolist() == [-9.0, -18.0]
