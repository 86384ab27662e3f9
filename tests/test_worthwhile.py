"""Thresholds of two kinds that are never mixed, and the share of trials beyond one."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

import analysis as ma
from analysis.evidence.worthwhile import BETWEEN, PERCENT, WITHIN, Threshold, share_beyond, threshold

DATA = Path(__file__).parent.parent / "data"
POINT = Threshold(1.0, BETWEEN)


def pain(yi, vi, **options):
    """Pool differences of which lower ones are good."""
    return ma.pool(yi, vi, **{"benefit": "lower", **options})


@pytest.fixture(scope="module")
def table():
    return ma.read_thresholds(DATA / "mcid.csv")


def exact(y, limit, confidence_level):
    """Interval of a normal tail from a sample of it, by the noncentral t distribution."""
    k = len(y)
    t = math.sqrt(k) * (limit - y.mean()) / y.std(ddof=1)
    tail = (1 - confidence_level) / 2

    def deviate(p):
        def above(z):  # the distribution function is not computed where it is 0
            return np.nan_to_num(stats.nct.cdf(t, k - 1, math.sqrt(k) * z)) - p

        return optimize.brentq(above, t / math.sqrt(k) - 4, t / math.sqrt(k) + 4)

    return special.ndtr(deviate(1 - tail)), special.ndtr(deviate(tail))


def standard(k, seed=0):
    """A sample with mean 0 and SD 1."""
    y = np.random.default_rng(seed).normal(size=k)
    return (y - y.mean()) / y.std(ddof=1)


# thresholds


@pytest.mark.parametrize(
    ("choice", "value", "unit"),
    [
        ({"kind": BETWEEN, "source": "Busse"}, 1.0, "points"),
        ({"kind": WITHIN, "source": "Farrar 2001", "unit": "points"}, 2.0, "points"),
        ({"kind": WITHIN, "source": "Farrar", "unit": PERCENT}, 30.0, PERCENT),
        ({"kind": WITHIN, "source": "Dworkin", "label": "Substantial"}, 50.0, PERCENT),
        ({"kind": WITHIN, "source": "Salaffi", "label": "slightly", "unit": "points"}, 1.0, "points"),
    ],
)
def test_published_thresholds(table, choice, value, unit):
    found = threshold(table, **choice)
    assert (found.value, found.unit, found.kind) == (value, unit, choice["kind"])


def test_millimetres_become_points_and_a_range_has_no_single_value(table):
    found = threshold(table, kind=WITHIN, source="Olsen 2018", label="median 23")
    assert (found.value, found.low, found.high, found.unit, found.scale) == (None, 1.2, 3.9, "points", "0-100 mm")
    assert found.words == "1.2 to 3.9 points"
    assert found.at(2.3).value == 2.3
    with pytest.raises(ValueError, match="4 is not in the range of the threshold, 1.2 to 3.9 points"):
        found.at(4)


def test_at_least_is_open_above(table):
    found = threshold(table, kind=WITHIN, source="Dworkin", label="moderately")
    assert (found.value, found.low, found.high) == (30, 30, None)
    assert found.at(40).value == 40


def test_every_row_can_be_chosen_or_says_why_not(table):
    rows = table[table["value_low"].notna()]
    for row in rows.itertuples():
        unit = PERCENT if row.unit == PERCENT else "points"
        found = threshold(table, kind=row.kind, source=f"{row.source} {row.year:.0f}", label=row.label, unit=unit)
        assert found.low == row.value_low / (10 if row.unit == "mm" else 1)
    assert len(rows) == len(table) - 1
    with pytest.raises(ValueError, match="Dworkin 2009 gives no value"):
        threshold(table, kind=BETWEEN, source="Dworkin")


def test_an_open_choice_is_refused_with_the_rows_to_choose_from(table):
    with pytest.raises(ValueError, match="2 thresholds fit .*Farrar 2001, within-patient, much improved"):
        threshold(table, kind=WITHIN, source="Farrar")
    with pytest.raises(ValueError) as refused:
        threshold(table, kind=WITHIN, source="Farrar")
    assert "Busse" not in str(refused.value), "only those that fit are offered"
    with pytest.raises(ValueError, match="no thresholds fit kind='between-group', source='Farrar'.*Busse"):
        threshold(table, kind=BETWEEN, source="Farrar")
    with pytest.raises(ValueError, match="kind='MCID' is not known; use one of 'within-patient', 'between-group'"):
        threshold(table, kind="MCID")


@pytest.mark.parametrize("value", [0, -2, 11, math.nan, "2"])
def test_impossible_values_are_refused(value):
    with pytest.raises(ValueError, match="a threshold in points lies above 0 and is at most 10"):
        Threshold(value, WITHIN)


# the two kinds


def test_a_difference_is_not_read_against_a_within_patient_threshold():
    pooled = pain([-1.0, -2.0, -1.5], [0.1, 0.1, 0.1])
    message = (
        "a difference between groups must not be read against a within-patient threshold.*Pain 146:238.*translate_"
    )
    with pytest.raises(ValueError, match=message):
        share_beyond(pooled, Threshold(2, WITHIN))
    with pytest.raises(ValueError, match="does not say whether it is within-patient or between-group"):
        share_beyond(pooled, 1.0)
    with pytest.raises(ValueError, match="gives a range, 1 to 2 points; choose one value"):
        share_beyond(pooled, Threshold(None, BETWEEN, low=1, high=2))
    with pytest.raises(ValueError, match="cannot be compared with 30% of baseline .*unit='points'"):
        share_beyond(pooled, Threshold(30, BETWEEN, PERCENT))
    with pytest.raises(ValueError, match="a pooled risk ratio cannot be compared with 1 point .*, unit='ratio'"):
        share_beyond(pain([-1.0, -2.0], [0.1, 0.1], measure="RR"), POINT)


# the share


def test_by_hand():
    # mean -1.5 and tau 0.5 are given: (-1 + 1.5) / 0.5 = 1, and Phi(1) = 0.8413
    pooled = pain([-1.0, -1.5, -2.0], [0.1, 0.1, 0.1], tau2=0.25, ci_method="z", pi_method="z")
    found = share_beyond(pooled, POINT)
    assert found.share == pytest.approx(0.841345, abs=1e-6)
    # standard error sqrt(0.35 / 3) = 0.341565: 0.5 / 0.341565 = 1.463850
    assert found.mean_beyond == pytest.approx(special.ndtr(1.463850), abs=1e-6)
    # 0.5 / sqrt(0.25 + 0.116667) = 0.825723
    assert found.new_trial == pytest.approx(special.ndtr(0.825723), abs=1e-6)
    # with tau known, the limits are those of the mean: 0.5 / 0.5 -+ 1.959964 * 0.341565 / 0.5
    assert found.ci == pytest.approx(special.ndtr([1 - 1.338909, 1 + 1.338909]), abs=1e-6)


@pytest.mark.parametrize(("k", "factor", "confidence"), [(10, 2.355, 0.95), (43, 1.8740, 0.99)])
def test_one_sided_tolerance_factors(k, factor, confidence):
    # with this confidence, 90% of a normal population lies below mean + factor * SD; the factor is the quantile of
    # noncentral t at sqrt(k) * 1.281552, over sqrt(k)
    pooled = pain(standard(k) - 1 - factor, np.full(k, 1e-12), confidence_level=2 * confidence - 1)
    assert share_beyond(pooled, POINT).ci.low == pytest.approx(0.90, abs=2e-4)


@pytest.mark.parametrize("k", [3, 4, 8, 30])
@pytest.mark.parametrize("mean", [-2.5, -1.2, 0.0])
def test_exact_interval_where_sampling_error_is_negligible(k, mean):
    y = standard(k, seed=k) + mean
    found = share_beyond(pain(y, np.full(k, 1e-12)), POINT)
    assert found.ci == pytest.approx(exact(y, -1.0, 0.95), abs=1e-3)


def test_limiting_cases():
    agreeing = [-2.0, -2.01, -1.99, -2.0]
    sure = share_beyond(pain(agreeing, np.full(4, 1e-4)), POINT)
    assert sure.share == 1 and sure.ci.high == 1 and sure.mean_beyond > 0.999
    assert sure.ci.low > 0.99
    none = share_beyond(pain([0.5, 0.51, 0.49, 0.5], np.full(4, 1e-4)), POINT)
    assert none.share == 0 and none.ci.low == 0 and none.ci.high < 0.01
    at_limit = share_beyond(pain([-1.25, -1.0, -0.75], [0.1, 0.1, 0.1]), POINT)
    assert at_limit.share == 1  # "at least" holds the limit itself
    assert at_limit.mean_beyond == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("pooled", "reason"),
    [
        (pain([-1.0, -2.0], [0.1, 0.1]), "2 studies cannot show how true effects vary; 3 are the least"),
        (pain([-1.0], [0.1]), "1 study cannot show"),
        (
            pain([-1.0, -2.0, -3.0], [0.1, 0.1, 0.1], tau2_method="CE", ci_method="z"),
            "one true effect for all studies",
        ),
    ],
)
def test_no_share_where_trials_cannot_tell(pooled, reason):
    found = share_beyond(pooled, POINT)
    assert math.isnan(found.share) and math.isnan(found.ci.low) and math.isnan(found.new_trial)
    assert reason in found.reason and reason in found.summary()
    assert 0 < found.mean_beyond <= 1


def test_the_interval_holds_the_estimate_however_narrow():
    for y in ([-2.1, -0.3, -1.4, -0.6, -1.9], [0.1, -1.7, -0.6, -1.4, -0.1]):
        found = share_beyond(pain(y, [0.1, 0.1, 0.2, 0.1, 0.2]), POINT, confidence_level=0.5)
        assert found.ci.low <= found.share <= found.ci.high
        assert found.ci.high - found.ci.low < 0.5


def test_coverage_with_few_trials_and_small_tau():
    # expected misses of a 95% interval in 150 tries: 7.5, SD 2.7; the delta method misses 10 to 18% here
    rng = np.random.default_rng(5)
    for k, tau in ((3, 0.3), (5, 1.0)):
        true, missed = special.ndtr(0.4 / tau), 0
        for _ in range(150):
            vi = rng.uniform(0.05, 0.5, k)
            found = share_beyond(pain(rng.normal(-1.4, np.sqrt(tau**2 + vi)), vi), POINT)
            missed += not found.ci.low <= true <= found.ci.high
        assert missed <= 14


studies = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.02, 2)), min_size=3, max_size=8)


@settings(max_examples=15, deadline=None)
@given(studies, st.floats(0.2, 3), st.floats(0.1, 2))
def test_invariants(trials, value, more):
    yi, vi = map(np.array, zip(*trials, strict=True))
    pooled = pain(yi, vi)
    assume(not pooled.tau2_ci_empty)
    found = share_beyond(pooled, Threshold(value, BETWEEN))
    assert 0 <= found.ci.low <= found.share <= found.ci.high <= 1
    further = share_beyond(pooled, Threshold(value + more, BETWEEN))
    assert further.share <= found.share and further.mean_beyond <= found.mean_beyond
    assert further.ci.low <= found.ci.low + 1e-9 and further.ci.high <= found.ci.high + 1e-9
    wider = share_beyond(pooled, Threshold(value, BETWEEN), confidence_level=0.99)
    assert wider.ci.low <= found.ci.low + 1e-9 and wider.ci.high >= found.ci.high - 1e-9
    half = share_beyond(pain(yi / 2, vi / 4), Threshold(value / 2, BETWEEN))
    assert (half.share, *half.ci) == pytest.approx((found.share, *found.ci), abs=1e-6)


def test_curated_trials(table):
    arms = ma.pool_arms(published_trials())
    found = share_beyond(arms, threshold(table, kind=BETWEEN, source="Busse"))
    contrast = arms.contrast
    assert found.share == pytest.approx(special.ndtr((-1 - contrast.estimate) / contrast.tau))
    assert (found.k, found.confidence_level) == (44, 0.95)
    assert found.summary().startswith(
        "In an estimated 56% (95% CI 43% to 68%) of comparable trials the true effect would be at least 1 point less "
        "pain than with placebo (Busse 2015); 44 trials, tau 1.30."
    )
    assert "not bias, not the choice of trials" in str(found)


def test_a_change_within_arms_is_not_read_against_a_between_group_threshold():
    arms = ma.pool_arms(published_trials(), by="therapy_family")
    for group in (arms, arms.groups["Light"]):
        share = ma.contextual_share(group.effects, group.joint, n_bootstrap=0)
        for change in (group.placebo, group.treatment, share.treatment):
            with pytest.raises(ValueError, match="is a mean change; a between-group threshold needs a contrast of two"):
                share_beyond(change, POINT)
        assert share_beyond(group, POINT).share == share_beyond(group.contrast, POINT).share
    with pytest.raises(TypeError, match="cannot use a BivariateEffect: give the result of pool or pool_arms"):
        share_beyond(arms.joint, POINT)


def test_a_given_tau_is_not_called_uncertain():
    y, v = [-1.0, -2.0, -1.5, -0.3], [0.1, 0.1, 0.1, 0.2]
    known, estimated = (share_beyond(pain(y, v, **how), POINT) for how in ({"tau2": 0.25}, {}))
    assert known.tau == 0.5 and "of the mean, with tau as given, for" in known.summary()
    assert "of the mean and of tau for" in estimated.summary()
    none = share_beyond(pain(y, v, tau2=0.0), POINT)
    assert math.isnan(none.share) and "one true effect for all studies" in none.reason


@pytest.mark.parametrize(
    ("value", "words"), [(1, "1 point"), (1.25, "1.25 points"), (0.04, "0.04 points"), (2.3, "2.3 points")]
)
def test_words_do_not_round_a_threshold(value, words):
    assert Threshold(value, BETWEEN).words == words


def test_a_range_needs_both_ends():
    with pytest.raises(ValueError, match="give both low and high"):
        Threshold(None, BETWEEN, low=1)


def test_where_more_is_better_the_share_is_that_of_the_mirror_image():
    table = pd.DataFrame(
        {"yi": [-2.1, -0.3, -1.4, -0.6, -1.9], "vi": [0.1, 0.1, 0.2, 0.1, 0.2], "Study": list("abcde")}
    )
    lower, higher = (
        ma.pool(
            ma.effect_sizes(table.assign(yi=sign * table["yi"]), measure="MD", benefit=benefit, study="Study", **about)
        )
        for sign, benefit, about in (
            (1, "lower", {"arms": ("laser", "sham")}),
            (-1, "higher", {"arms": ("laser", "sham"), "outcome_name": "function"}),
        )
    )
    fell, rose = share_beyond(lower, POINT), share_beyond(higher, POINT)
    numbers = [(found.share, *found.ci, found.new_trial, found.mean_beyond) for found in (rose, fell)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-9)
    assert "would be at least 1 point more function than with sham (own choice); 5 studies" in rose.summary()
    assert "would be scores at least 1 point lower than with sham (own choice); 5 studies" in fell.summary()
    plain = share_beyond(pain(table["yi"], table["vi"]), POINT).summary()
    assert "would be scores at least 1 point lower (own choice); 5 studies" in plain
    assert not re.search("placebo|pain|trial", rose.summary() + fell.summary() + plain)


def test_the_chance_of_a_new_trial_is_that_of_its_prediction_interval():
    yi, vi = [-4.2, -3.4, -5.0, -3.9, -4.6], [0.1, 0.2, 0.1, 0.3, 0.2]
    for method in ("t(k-1)", "t(k-2)", "z", "Nagashima"):
        pooled = pain(yi, vi, measure="MD", pi_method=method)
        ends = (Threshold(-end, "between-group") for end in pooled.pi)
        assert [share_beyond(pooled, end).new_trial for end in ends] == pytest.approx([0.025, 0.975], rel=1e-6), method


# every measure that has a threshold

YI, VI = np.array([-0.9, -0.3, -1.2, -0.5, -0.8]), np.array([0.04, 0.05, 0.06, 0.05, 0.04])


def of(measure, sign=1.0, unit="", **about):
    about = {"benefit": "lower", "arms": ("laser", "sham")} | about
    table = pd.DataFrame({"study": list("abcde"), "yi": sign * YI, "vi": VI})
    # The numbers are those of one case, of a risk difference too, which could not have them.
    effects = replace(ma.effect_sizes(table, measure="SMD" if measure == "RD" else measure, **about), measure=measure)
    own = "" if measure == "RD" else effects.unit
    return ma.pool(replace(effects, unit=unit or own), ci_method="HKSJ", pi_method="t(k-1)")


@pytest.mark.parametrize(
    ("measure", "threshold", "size", "said"),
    [
        (
            "OR",
            (0.8, "ratio"),
            -math.log(0.8),
            "the true odds ratio, laser over sham, would be at most 0.8 (own choice);",
        ),
        ("HR", (0.8, "ratio"), -math.log(0.8), "the true hazard ratio, laser over sham, would be at most 0.8"),
        ("ROM", (0.8, "ratio"), -math.log(0.8), "the true ratio of means, laser over sham, would be at most 0.8"),
        (
            "SMD",
            (0.5, "standard deviations"),
            0.5,
            "would be scores at least 0.5 standard deviations lower than with sham",
        ),
        ("SMD1", (0.5, "standard deviations"), 0.5, "scores at least 0.5 standard deviations lower than with sham"),
        ("RD", (50, "percentage points"), 0.5, "would be at least 50 percentage points lower than with sham"),
        ("MD", (0.5, "points"), 0.5, "scores at least 0.5 points lower"),
        ("MD", (0.5, "metres"), 0.5, "scores at least 0.5 metres lower"),
    ],
)
def test_every_contrast_of_two_arms_has_a_share(measure, threshold, size, said):
    """On the scale of analysis it is the share of differences of that size."""
    wanted = Threshold(threshold[0], BETWEEN, threshold[1])
    found, plain = share_beyond(of(measure), wanted), share_beyond(of("MD"), Threshold(size, BETWEEN))
    numbers = [(each.share, *each.ci, each.new_trial, each.mean_beyond) for each in (found, plain)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-9) and said in found.summary()
    assert not re.search("placebo|pain|trial", found.summary())
    mirrored = Threshold(1 / wanted.value, BETWEEN, "ratio") if wanted.unit == "ratio" else wanted
    rose = share_beyond(of(measure, sign=-1.0, benefit="higher"), mirrored)
    assert (rose.share, *rose.ci, rose.new_trial) == pytest.approx(numbers[0][:4], rel=1e-9)
    assert ("at least 1.25" if wanted.unit == "ratio" else "higher") in rose.summary()
    assert found.measure == measure and found.shown("ci") == found.ci, "a share is no effect"
    unsaid = ma.pool(YI, VI, measure=measure, ci_method="HKSJ", pi_method="t(k-1)")
    if wanted.unit == "ratio":
        assert share_beyond(unsaid, wanted).share == found.share
        return
    with pytest.raises(ValueError, match="nobody said what is good; give benefit='lower' or 'higher'"):
        share_beyond(unsaid, wanted)


def test_a_ratio_says_by_itself_on_which_side_it_lies():
    plain = ma.pool(-YI, VI, measure="OR")
    assert share_beyond(plain, Threshold(1.25, BETWEEN, "ratio")).share > 0.8
    assert share_beyond(plain, Threshold(0.8, BETWEEN, "ratio")).share < 0.1
    with pytest.raises(ValueError, match="for this odds ratio, 1.25 is a harm: lower is better in these effects"):
        share_beyond(of("OR"), Threshold(1.25, BETWEEN, "ratio"))
    assert "tau 0.25 on the log scale" in share_beyond(of("OR"), Threshold(0.8, BETWEEN, "ratio")).summary()
    few = share_beyond(ma.pool(YI[:2], VI[:2], measure="OR"), Threshold(0.8, BETWEEN, "ratio")).summary()
    assert few.startswith(
        "Share of comparable studies whose true odds ratio would be at most 0.8 (own choice): not given"
    )


def test_words_of_a_risk_difference_are_of_its_events():
    found = share_beyond(of("RD", outcome_name="infections"), Threshold(50, BETWEEN, "percentage points"))
    assert "would be at least 50 percentage points fewer infections than with sham" in found.summary()


@pytest.mark.parametrize(
    ("pooled", "wanted", "message"),
    [
        (of("OR"), Threshold(0.5, BETWEEN, "standard deviations"), "unit='ratio'"),
        (of("SMD"), POINT, "standardised mean difference cannot be compared with 1 point .*unit='standard deviations'"),
        (of("RD"), POINT, "unit='percentage points'"),
        (of("MD"), Threshold(0.8, BETWEEN, "ratio"), "unit='points'"),
        (of("MD"), Threshold(0.5, BETWEEN, "standard deviations"), "mean difference cannot be compared with 0.5 stand"),
        (of("MD", unit="metres"), POINT, "unit='metres'"),
        (ma.pool(YI, VI, measure="ZCOR"), POINT, "is a correlation; a between-group threshold needs a contrast"),
    ],
)
def test_a_threshold_in_another_unit_is_refused(pooled, wanted, message):
    with pytest.raises(ValueError, match=message):
        share_beyond(pooled, wanted)


def test_a_threshold_has_the_size_that_its_unit_allows():
    assert Threshold(60, BETWEEN, "metres").words == "60 metres" and Threshold(1, BETWEEN, "metres").words == "1 metre"
    assert Threshold(0.85, BETWEEN, "ratio").words == "0.85"
    for value, unit, message in (
        (1, "ratio", "a ratio of 1 is no difference"),
        (-0.8, "ratio", "a threshold in ratio lies above 0"),
        (math.inf, "metres", "a threshold in metres lies above 0; give the size"),
        (101, "percentage points", "is at most 100"),
    ):
        with pytest.raises(ValueError, match=message):
            Threshold(value, BETWEEN, unit)
    with pytest.raises(ValueError, match="unit='metres' is not known; use one of 'points', 'percent of baseline'"):
        Threshold(3, WITHIN, "metres")
