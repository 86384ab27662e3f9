"""From means and SDs to people, responders as printed, and numbers needed to treat."""

import contextlib
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import as_read, published_effects, published_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import analysis as ma
from analysis import effects
from analysis import text as ma_text
from analysis.evidence import responders
from analysis.evidence.responders import number_needed, pool_responders, translate_responders
from analysis.evidence.worthwhile import BETWEEN, PERCENT, WITHIN, Threshold
from analysis.sentences import Wording

DATA = Path(__file__).parent.parent / "data" / "trials.csv"
TWO_POINTS = Threshold(2, WITHIN)
THIRD, HALF = Threshold(30, WITHIN, PERCENT), Threshold(50, WITHIN, PERCENT)
ABOUT = {
    "year": 2020,
    "therapy": "TENS",
    "therapy_family": "Electrical",
    "condition_group": "Neck",
    "design": "parallel",
    "scale": "NRS",
    "scale_min": 0,
    "scale_max": 10,
    "primary": "yes",
    "source": "made up",
}


def rows(study, treatment, placebo, **about):
    shared = ABOUT | {"study": study, "author": study.title()} | about
    return [shared | {"arm": "treatment"} | treatment, shared | {"arm": "placebo"} | placebo]


def read(*pairs):
    return as_read([row for pair in pairs for row in pair])


def arm(change, sd, n=26, **more):
    return {"n": n, "change_mean": change, "change_sd": sd} | more


@pytest.fixture(scope="module")
def trials():
    return published_trials()


@pytest.fixture(scope="module")
def found(trials):
    return translate_responders(trials, TWO_POINTS, ci_method="HKSJ")


# numbers needed to treat


def test_published_numbers_needed():
    # Altman 1998, as quoted by Newcombe (bmj.com): -5% to 25% inverts to NNTB 4, through infinity, to NNTH 20
    altman = number_needed(0.10, -0.05, 0.25)
    assert (altman.estimate, *altman.ci) == pytest.approx((10, 4, -20))
    assert altman.through_infinity and altman.words == "NNTB 10.0 (NNTB 4.0 to ∞ to NNTH 20.0)"
    # Barrowman 2002, CMAJ 166:1676: 16.6% (0.9% to 32.2%) is about 6 (3.1 to 111.1)
    stroke = number_needed(0.166, 0.009, 0.322)
    assert not stroke.through_infinity and stroke.words == "NNTB 6.0 (NNTB 3.1 to 111.1)"


def test_harm_and_edges_of_the_number_needed():
    assert number_needed(-0.1, -0.2, -0.05).words == "NNTH 10.0 (NNTH 5.0 to 20.0)"
    assert number_needed(0.1, 0.0, 0.2).words == "NNTB 10.0 (NNTB 5.0 to ∞)"
    assert number_needed(-0.1, -0.2, 0.0).words == "NNTH 10.0 (NNTH 5.0 to ∞)"
    assert number_needed(0.0, -0.1, 0.1).words == "∞ (NNTB 10.0 to ∞ to NNTH 10.0)"
    assert number_needed(0.9, 0.7, 1.1).ci.low == 1  # no fewer than one person can be treated
    assert number_needed(0.5, math.nan, math.nan).words == "NNTB 2.0 (not estimable)"
    with pytest.raises(ValueError, match="the risk difference 0.5 is not between its limits 0.6 and 0.7"):
        number_needed(0.5, 0.6, 0.7)


@given(st.integers(-99, 99).map(lambda i: i / 100), st.floats(0.001, 0.5), st.floats(0.001, 0.5))
def test_number_needed_inverts_the_difference(difference, below, above):
    low, high = difference - below, difference + above
    needed = number_needed(difference, low, high)
    assert 1 / needed.ci.low == pytest.approx(min(high, 1)) and 1 / needed.ci.high == pytest.approx(max(low, -1))
    assert needed.through_infinity == (low <= 0 <= high)
    assert needed.words.count("∞") == (low < 0 < high) or 0 in (low, high, difference)


# translation


def test_points_by_hand():
    # z = (-2 + 3) / 2 = 0.5 and (-2 + 1) / 2 = -0.5; Phi(0.5) = 0.691462, phi(0.5) = 0.352065
    # var = 0.352065^2 (1/26 + 0.25/50) = 0.00538705
    made = translate_responders(read(rows("one", arm(-3, 2), arm(-1, 2))), TWO_POINTS)
    row = made.table.iloc[0]
    assert (row["treatment"], row["placebo"]) == pytest.approx((0.691462, 0.308538), abs=1e-6)
    assert (row["treatment_se"], row["placebo_se"]) == pytest.approx((0.0733965, 0.0733965), abs=1e-6)
    assert row["difference_se"] == pytest.approx(0.103798, abs=1e-6)
    assert (made.difference.estimate, *made.difference.ci) == pytest.approx((0.382925, 0.179484, 0.586365), abs=1e-5)
    assert (made.nnt.estimate, *made.nnt.ci) == pytest.approx((2.61148, 1.70542, 5.57154), abs=1e-3)
    # log odds of 0.691462: 0.806965, variance 0.00538705 / (0.691462 * 0.308538)^2 = 0.118357
    assert made.treatment.logit.estimate == pytest.approx(0.806965, abs=1e-5)
    assert made.treatment.logit.vi[0] == pytest.approx(0.118357, abs=1e-5)
    assert made.treatment.estimate == pytest.approx(0.691462, abs=1e-6)
    half = 1.959964 * math.sqrt(0.118357)
    assert made.treatment.ci == pytest.approx(special.expit([0.806965 - half, 0.806965 + half]), abs=1e-5)


def percent_arm(**values):
    baseline = {"baseline_mean": 6.0, "final_mean": 4.0}
    return {"n": 30} | baseline | values


@pytest.mark.parametrize(
    ("sds", "threshold", "variance", "note"),
    [
        # the three SDs imply r = (2.25 + 4 - 4) / 6 = 0.375; 4 + 0.25 * 2.25 - 2 * 0.5 * 0.375 * 3 = 3.4375
        ({"baseline_sd": 1.5, "final_sd": 2.0, "change_sd": 2.0}, HALF, 3.4375, ""),
        # r = 0.5 assumed: 4 + 0.25 * 2.25 - 2 * 0.5 * 0.5 * 3 = 3.0625
        ({"baseline_sd": 1.5, "final_sd": 2.0}, HALF, 3.0625, "correlation 0.5 assumed"),
        # no final SD: SD = 0.5 * 1.5 + sqrt(4 - 0.75 * 2.25) = 2.270691; 0.5 * 4 + 0.5 * 5.156036 - 0.25 * 2.25
        ({"baseline_sd": 1.5, "change_sd": 2.0}, HALF, 4.015518, "correlation 0.5 assumed"),
        # a change SD of 1 beside a baseline SD of 2 needs r >= 0.866; then the final SD is 1.732; 0.7 + 0.9 - 0.84
        ({"baseline_sd": 2.0, "change_sd": 1.0}, THIRD, 0.76, "the smallest correlation that fits the SDs assumed"),
        # SDs of 2 and 2 allow no change SD of 5: with r = 0.5, 4 + 0.49 * 4 - 2 * 0.7 * 0.5 * 4 = 3.16
        (
            {"baseline_sd": 2.0, "final_sd": 2.0, "change_sd": 5.0},
            THIRD,
            3.16,
            "the SDs printed contradict each other; correlation 0.5 assumed",
        ),
        ({"change_sd": 2.0}, HALF, 4.0, "mean baseline taken as fixed: its SD is not reported"),
        ({"final_sd": 1.8}, HALF, 3.24, "mean baseline taken as fixed: its SD is not reported"),
    ],
)
def test_percent_of_baseline_by_hand(sds, threshold, variance, note):
    printed = ma.effect_sizes(read(rows("one", percent_arm(**sds), percent_arm(**sds))), missing_sd="drop")
    made = translate_responders(printed, threshold)
    row = made.table.iloc[0]
    share = threshold.value / 100
    assert row["treatment"] == pytest.approx(special.ndtr((-4 + (1 - share) * 6) / math.sqrt(variance)), abs=1e-6)
    assert row["note"] == note


def test_an_arm_that_all_people_reach_has_the_error_of_half_a_person():
    # Phi(14) is 1; with 10 people the odds are those of 0.95, z = 1.644854: var = 0.103136^2 (0.1 + 2.705543 / 18)
    made = translate_responders(read(rows("one", arm(-9, 0.5, 10), arm(-2, 2, 10))), TWO_POINTS)
    row = made.table.iloc[0]
    assert row["treatment"] == pytest.approx(1)
    assert row["treatment_se"] == pytest.approx(0.0516, abs=1e-5)
    assert made.treatment.estimate == pytest.approx(0.95)
    assert row["difference"] == pytest.approx(0.5)


def simulated(people, repeats, covariance, seed=3):
    draws = np.random.default_rng(seed).multivariate_normal([0.0, 0.0], covariance, size=(repeats, people))
    return draws[..., 0], draws[..., 1]


@pytest.mark.parametrize(("share", "final"), [(0.3, 4.0), (0.5, 2.0)])
def test_variance_of_a_translated_share_by_simulation(share, final):
    n, repeats = 40, 20_000
    before, after = simulated(n, repeats, [[2.25, 1.2], [1.2, 4.0]])
    before, after = before + 6, after + final
    change = after - before
    lines = pd.DataFrame(
        {
            f"{name}_sd": x.std(axis=1, ddof=1)
            for name, x in {"baseline": before, "final": after, "change": change}.items()
        }
    ).assign(note="")
    sd = responders._sd_below_share(lines, share, correlation=0.5)
    np.testing.assert_allclose(sd, (after - (1 - share) * before).std(axis=1, ddof=1), rtol=1e-9)
    below = special.ndtr(-(change.mean(axis=1) + share * before.mean(axis=1)) / sd)
    keep = 1 - share
    mean, spread = final - keep * 6, math.sqrt(4 + keep**2 * 2.25 - 2 * keep * 1.2)
    assert below.mean() == pytest.approx(special.ndtr(-mean / spread), abs=0.005)
    one = pd.DataFrame({"design": ["parallel"]})
    for role in responders.ROLES:
        one = one.assign(**{f"n_{role}": n, f"mean_{role}": mean, f"sd_{role}": spread})
    assert responders._translated_shares(one, 0.5)["placebo_se"].iloc[0] == pytest.approx(below.std(), rel=0.03)


def test_variance_of_a_crossover_difference_by_simulation():
    n, r = 30, 0.7
    first, second = simulated(n, 20_000, [[4.0, r * 2 * 1.5], [r * 2 * 1.5, 2.25]])
    shares = [special.ndtr((-2 - x.mean(axis=1)) / x.std(axis=1, ddof=1)) for x in (first - 3.2, second - 1.0)]
    values = {"mean_treatment": -1.2, "mean_placebo": 1.0, "sd_treatment": 2.0, "sd_placebo": 1.5}
    table = pd.DataFrame([values | {"design": "crossover", "n_treatment": n, "n_placebo": n}])
    se = responders._translated_shares(table, r)["difference_se"].iloc[0]
    assert se == pytest.approx((shares[0] - shares[1]).std(), rel=0.03)
    assert responders._translated_shares(table.assign(design="parallel"), r)["difference_se"].iloc[0] > 1.3 * se


def test_kinds_of_threshold_are_not_mixed(trials):
    with pytest.raises(ValueError, match="must not be read against a between-group threshold .*share_beyond"):
        translate_responders(trials, Threshold(1, BETWEEN))
    with pytest.raises(ValueError, match="threshold=2 does not say"):
        translate_responders(trials, 2)
    with pytest.raises(ValueError, match="gives a range, 1.2 to 3.9 points"):
        translate_responders(trials, Threshold(None, WITHIN, low=1.2, high=3.9))


def test_bad_requests_are_named():
    with pytest.raises(ValueError, match="correlation=1.5: a correlation is"):
        translate_responders(published_effects(), TWO_POINTS, correlation=1.5)
    with pytest.raises(ValueError, match="there is no trial whose .*Khoromi 2007: baseline not reported"):
        translate_responders(published_effects().where(study="khoromi2007"), TWO_POINTS)
    with pytest.raises(ValueError, match="there is no trial to translate"):
        translate_responders(published_effects().where(therapy="Moxibustion"), TWO_POINTS)


def test_every_trial_ends_in_exactly_one_place(trials, found):
    for threshold in (TWO_POINTS, THIRD, HALF):
        made = translate_responders(published_effects(), threshold)
        assert sorted([*made.table["study"], *made.left_out["study"]]) == sorted(trials["study"].unique())
        assert made.left_out["reason"].str.len().min() > 10
        assert made.difference.labels == tuple(made.table["label"])
    reasons = found.left_out.set_index("study")["reason"]
    assert reasons["gale2006"] == "no SD of the change is reported"
    assert reasons["walewicz2019"] == "baseline not reported"
    assert reasons["misra2013"].startswith("events only")


def test_imputed_sds_only_on_request(found):
    wider = translate_responders(published_effects(), TWO_POINTS, imputed=True)
    added = set(wider.table["study"]) - set(found.table["study"])
    assert added == {"gale2006", "alrashoud2014", "altan2005", "goksen2016", "parsa2013"}
    gale = wider.table.set_index("study").loc["gale2006"]
    table = published_effects().table.set_index("study").loc["gale2006"]
    sd = math.sqrt(table["change_treatment_vi"] * 21)
    assert gale["treatment"] == pytest.approx(special.ndtr((-2 + 3.9) / sd)) and gale["note"] == "SD imputed"
    both = translate_responders(published_effects(), THIRD, imputed=True).table.set_index("study")["note"]
    assert both["gale2006"] == "mean baseline taken as fixed: its SD is not reported; SD imputed"
    assert "imputed" not in both["parsa2013"]  # its final SD is printed


def test_the_correlation_of_the_effect_sizes_is_kept(trials):
    given_here = translate_responders(trials, THIRD, correlation=0.8)
    given_there = translate_responders(published_effects(correlation=0.8), THIRD)
    assert given_here.difference.estimate == given_there.difference.estimate
    assert given_here.difference.estimate != translate_responders(published_effects(), THIRD).difference.estimate
    notes = given_here.table["note"]
    assert (notes == "correlation 0.8 assumed").sum() == 16 and (notes == "").sum() == 7


def test_arms_are_combined_however_the_effects_treat_them(trials):
    split = ma.effect_sizes(trials, multi_arm="split").where(study=["stelian1992", "kim2016"])
    row = translate_responders(split, TWO_POINTS).table.set_index("study").loc["stelian1992"]
    assert (row["n_treatment"], row["n_placebo"]) == (33, 17)


def test_a_baseline_below_the_threshold_leaves_a_trial_out(found):
    reasons = found.left_out.set_index("study")["reason"]
    assert reasons["lyon2015"] == "mean baseline below the threshold, which few there can reach"
    assert reasons.str.contains("below the threshold").sum() == 1
    for baseline, used in ((2.0, ["a", "b"]), (1.9, ["b"])):
        low = arm(-1, 1, baseline_mean=baseline), arm(-1, 1, baseline_mean=2.0)
        made = read(rows("a", *low), rows("b", arm(-3, 2), arm(-1, 2)))
        assert translate_responders(made, TWO_POINTS).table["study"].tolist() == used
    assert "lyon2015" not in set(translate_responders(published_effects(), THIRD).left_out["study"]), (
        "it has room for 30%"
    )


def test_no_trial_is_left_out_that_is_used(trials):
    """Nor is a row made up where all of them are used."""
    three = trials[trials["study"].isin(["chow2006", "shin2015", "kim2016"])]
    made = translate_responders(three, TWO_POINTS)
    assert len(made.table) == 3 and made.left_out.empty and "Left out" not in made.summary()
    assert list(made.left_out) == ["study", "label", "reason"]


@pytest.mark.parametrize(("study", "threshold"), [("nct02461225", THIRD), ("leung2016", HALF), ("juto2015", HALF)])
def test_translation_is_near_the_counts_that_the_trial_printed(trials, study, threshold):
    counted = pool_responders(trials, studies=[study]).table.iloc[0]
    translated = translate_responders(ma.effect_sizes(trials).where(study=study), threshold).table.iloc[0]
    for role in responders.ROLES:
        assert translated[role] == pytest.approx(counted[role], abs=0.09)


def test_pooled_as_single_columns(found):
    alone = ma.pool(found.table["difference"].to_numpy(), found.table["difference_se"].to_numpy() ** 2)
    assert found.difference.estimate == pytest.approx(alone.estimate, rel=1e-10)
    assert found.difference.ci == pytest.approx(alone.ci, rel=1e-9)
    logit = ma.pool(found.table["placebo_logit"].to_numpy(), found.table["placebo_logit_vi"].to_numpy())
    assert found.placebo.estimate == pytest.approx(special.expit(logit.estimate))
    assert found.placebo.ci == pytest.approx(special.expit(logit.ci))


def test_words_and_frame(found):
    text = found.summary()
    assert text.splitlines()[0] == "At least 2 points less pain (own choice), from means and SDs: 30 trials"
    assert "  Placebo       42% (95% CI 31 to 53%)" in text and "  Treatment     64% (95% CI 50 to 75%)" in text
    assert "17 percentage points (95% CI 9 to 26; tau 21)" in text and "NNTB 5.8 (NNTB 3.9 to 11.5)" in text
    assert "  Pooled first  NNTB 5.0 (NNTB 3.5 to 9.1), from the pooled standardised difference" in text
    assert "The two NNT differ because" in text and "averages over each trial with its own share" in text
    assert "normally distributed" in text and "aet126" in text and "20 trials, see left_out" in text
    assert str(found) == text and "<table>" in found._repr_html_()
    frame = found.to_frame()
    assert frame["kind"].tolist() == ["study"] * 30 + ["summary"]
    assert frame.iloc[-1]["difference_low"] == found.difference.ci.low
    for name in ("placebo", "treatment", "difference"):
        assert (frame[f"{name}_low"] <= frame[name]).all() and (frame[name] <= frame[f"{name}_high"]).all()


means = st.tuples(st.floats(-8, 2), st.floats(0.5, 4), st.integers(5, 200))


@settings(max_examples=8)
@given(st.lists(st.tuples(means, means), min_size=1, max_size=6), st.floats(0.5, 5), st.floats(0.1, 4))
def test_invariants(pairs, value, more):
    made = []
    for i, (treatment, placebo) in enumerate(pairs):
        arms = arm(*treatment), arm(*placebo)
        wide = [arm(10 * m, 10 * sd, n) for m, sd, n in (treatment, placebo)]
        made += [rows(f"a{i}", *arms), rows(f"b{i}", *arms[::-1]), rows(f"c{i}", *wide, scale_max=100)]
    found = ma.effect_sizes(read(*made))
    plain, harder = (translate_responders(found, Threshold(x, WITHIN)) for x in (value, value + more))
    tables = [made.table.groupby(made.table["study"].str[0]) for made in (plain, harder)]
    (own, turned, wide), (own_harder, *_) = [[group.reset_index() for _, group in table] for table in tables]
    for role in responders.ROLES:
        assert (own_harder[role] <= own[role]).all()
        np.testing.assert_allclose(wide[role], own[role], atol=1e-9)
    np.testing.assert_allclose(turned["difference"], -own["difference"], atol=1e-12)
    assert plain.difference.estimate <= 1 and (plain.table["difference_se"] > 0).all()
    assert 0 < plain.placebo.ci.low <= plain.placebo.estimate <= plain.placebo.ci.high < 1


# counts as printed

COUNTS = {
    "nct02461225": (18, 19, 4, 11),
    "soriano1998": (27, 38, 12, 33),
    "vallbona1997": (22, 29, 5, 21),
    "segal2001": (26, 38, 7, 26),
    "khooshideh2017": (23, 36, 10, 36),
    "leung2016": (7, 12, 2, 12),
    "malavera2016": (19, 27, 11, 27),
    "misra2013": (36, 47, 13, 48),
    "juto2015": (17, 18, 3, 17),
    "sangdee2002": (27, 46, 13, 45),
}


def test_counts_of_the_curated_trials(trials):
    made = pool_responders(trials, definition="all")
    names = ["events_treatment", "n_treatment", "events_placebo", "n_placebo"]
    assert {row.study: tuple(getattr(row, name) for name in names) for row in made.table.itertuples()} == COUNTS
    table = made.table.set_index("study")
    assert table["event_definition"].nunique() == 7 and "7 definitions in 10 trials" in made.summary()
    assert table.loc["juto2015", "week"] == 0 and table.loc["malavera2016", "primary"] == "no"
    assert made.left_out.empty and made.others == {}


def test_trials_that_count_the_same_are_pooled_and_the_others_offered(trials):
    made = pool_responders(trials)
    assert made.table["study"].tolist() == ["leung2016", "misra2013", "juto2015"]
    assert made.caveat.startswith("One definition in all trials: at least 50% less pain.")
    assert len(made.others) == 6 and len(made.left_out) == 7
    assert made.others["at least 30% less pain"] == ["Erchonia (registry) 2017", "Malavera 2016"]
    reason = made.left_out.set_index("study")["reason"]["malavera2016"]
    assert reason == "counts by another definition, 'at least 30% less pain'"
    (line,) = (line for line in made.summary().splitlines() if "Not pooled" in line)
    assert "'at least 30% less pain' (2 trials)" in line and line.endswith(
        "pass definition= with one of these, or 'all'"
    )
    for name, labels in made.others.items():
        assert pool_responders(trials, definition=name).table["label"].tolist() == labels
    chosen = pool_responders(trials, definition="at least 30% less pain", studies=["malavera2016", "misra2013"])
    assert chosen.table["study"].tolist() == ["malavera2016"]
    with pytest.raises(
        ValueError, match="definition='half' is that of no trial; use 'at least 30% less pain', .* or 'all'"
    ):
        pool_responders(trials, definition="half")


def test_the_definition_of_most_trials_is_pooled_and_of_equals_that_of_most_people():
    made = read(
        rows("a", counted(9, 20, "half"), counted(6, 20, "half")),
        rows("b", counted(9, 21, "a third"), counted(6, 20, "a third")),
    )
    assert pool_responders(made).table["study"].tolist() == ["b"]
    more = made.assign(n=made["n"].where(made["study"] == "b", 22))
    assert pool_responders(more).table["study"].tolist() == ["a"]
    few = rows("c", counted(3, 5, "half"), counted(2, 5, "half"))
    large = rows("b", counted(90, 210, "a third"), counted(60, 200, "a third"))
    made = read(rows("a", counted(9, 20, "half"), counted(6, 20, "half")), large, few)
    assert pool_responders(made).table["study"].tolist() == ["a", "c"]


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_pooled_from_the_effects_of_the_counts(trials, measure):
    made = pool_responders(trials, definition="all", measure=measure)
    counts = np.array(list(COUNTS.values()), dtype=float).T
    effect = {"RR": effects.log_risk_ratio, "OR": effects.log_odds_ratio, "RD": effects.risk_difference}[measure]
    alone = ma.pool(*effect(*counts))
    pooled = made.difference if measure == "RD" else made.ratio
    assert pooled.estimate == pytest.approx(alone.estimate, rel=1e-10) and pooled.measure == measure
    assert made.difference.estimate == pytest.approx(ma.pool(*effects.risk_difference(*counts)).estimate)
    assert 1 / made.nnt.estimate == pytest.approx(made.difference.estimate)
    assert (made.ratio is None) == (measure == "RD")


def test_mantel_haenszel(trials):
    made = pool_responders(trials, definition="all", method="MH", measure="OR")
    counts = np.array(list(COUNTS.values()), dtype=float).T
    assert made.ratio.estimate == ma.pool_mantel_haenszel(*counts, measure="OR").estimate
    difference = ma.pool_mantel_haenszel(*counts, measure="RD")
    assert made.difference.estimate == difference.estimate and 1 / made.nnt.ci.low == pytest.approx(difference.ci.high)
    assert "Mantel-Haenszel" in made.summary() and "Odds ratio" in made.summary()
    assert made.to_frame().iloc[-1]["difference"] == difference.estimate


def test_a_choice_of_studies(trials):
    made = pool_responders(trials, studies=["soriano1998", "misra2013", "khooshideh2017"])
    assert made.difference.k == 3 and len(made.left_out) == 7
    assert "3 trials: tau is hardly known" in made.summary()
    one = pool_responders(trials, studies="misra2013")
    assert one.treatment.estimate == pytest.approx(36 / 47) and "in all trials: at least 50% less pain." in one.caveat
    with pytest.raises(
        ValueError, match=r"no usable responder counts in 'gale2006' \(no counts\); choose from nct02461225"
    ):
        pool_responders(trials, studies=["gale2006"])


def counted(events, n, definition, **more):
    return {"n": n, "events": events, "event_definition": definition} | more


def test_which_rows_are_used():
    made = read(
        rows("early", counted(5, 20, "half", week=8), counted(3, 20, "half", week=8), primary="no"),
        rows("early", counted(4, 20, "half", week=4), counted(2, 20, "half", week=4), primary="no"),
        rows("early", arm(-2, 2, week=2), arm(-1, 2, week=2)),
        rows("named", counted(9, 20, "half", week=4), counted(5, 20, "half", week=4), primary="no"),
        rows("named", counted(8, 20, "half", week=6), counted(6, 20, "half", week=6)),
        rows("mixed", counted(8, 20, "half"), counted(6, 20, "a third")),
        rows("alone", counted(8, 20, "half"), {"n": 20}),
        rows("twice", counted(8, 20, "half"), counted(6, 20, "half"), design="crossover"),
        rows("nobody", counted(0, 20, "half"), counted(0, 20, "half")),
    )
    found = pool_responders(made)
    table = found.table.set_index("study")
    assert table["events_treatment"].to_dict() == {"early": 4, "named": 8, "nobody": 0}
    assert table.loc["nobody", "treatment"] == 0 and table.loc["nobody", "treatment_logit_vi"] == 2 + 1 / 20.5
    assert found.left_out.set_index("study")["reason"].to_dict() == {
        "mixed": "the arms count by different definitions",
        "alone": "counts of one arm only",
        "twice": "crossover: the counts of the same people under both are not independent",
    }
    with pytest.raises(ValueError, match="no trial has responder counts"):
        pool_responders(made[made["study"].isin(["mixed", "alone"])])
    with pytest.raises(ValueError, match="the table that read_trials returns"):
        pool_responders(ma.effect_sizes(made))


def test_several_treatment_arms_are_added_up():
    pair = rows("two", counted(8, 20, "half", arm_label="high"), counted(6, 20, "half"))
    more = rows("two", counted(7, 22, "half", arm_label="low"), {})[:1]
    row = pool_responders(read(pair + more)).table.iloc[0]
    assert (row["events_treatment"], row["n_treatment"], row["events_placebo"]) == (15, 42, 6)


def test_impossible_limits_of_a_difference_are_cut_off(trials):
    made = pool_responders(trials, studies=["soriano1998", "misra2013"])
    assert made.difference.ci.high > 1
    assert "(95% CI −49 to 100; tau 3)" in made.summary()
    last = made.to_frame().iloc[-1]
    assert (last["difference_low"], last["difference_high"]) == (made.difference.ci.low, 1.0)


def test_effects_without_the_rows_behind_them_cannot_be_translated(trials):
    found = ma.effect_sizes(trials)
    bare = ma.EffectSizes(found.table, found.derivations, found.left_out)
    with pytest.raises(ValueError, match="lack the rows of the trials behind them; pass effect_sizes"):
        translate_responders(bare, TWO_POINTS)


def test_no_number_needed_without_a_difference():
    assert number_needed(math.nan, math.nan, math.nan).words == "not estimable (not estimable)"


def test_a_share_of_none_is_possible():
    pooled = ma.pool_mantel_haenszel([6, 5], [30, 24], [12, 9], [30, 25], measure="RR")
    curve = responders.response_curve(pooled)
    assert curve["treatment"].iloc[0] == 0.0 and curve["possible"].all()


# Other people's counts and scores

BCG = pd.DataFrame(
    {"Trial": ["Aronson", "Rosenthal", "Ferguson"], "tb1": [4, 3, 6], "n1": [123, 231, 306]}
    | {"tb2": [11, 11, 29], "n2": [139, 220, 303]}
)
COUNTED = {"study": "Trial", "events_t": "tb1", "n_t": "n1", "events_p": "tb2", "n_p": "n2"}


def vaccinated(**about):
    return ma.trials_from_wide(BCG, **COUNTED, arms=("vaccine", "no vaccine"), **about)


@pytest.mark.parametrize("method", ["random effects", "MH"])
def test_cases_of_a_disease_are_no_responders(method):
    found = pool_responders(vaccinated(benefit="lower", outcome_name="infections"), method=method)
    text = found.summary()
    assert text.startswith("Infections as counted in the trials: 3 trials\n  No vaccine") and "\n  Vaccine " in text
    assert not re.search("espond|placebo|treatment|pain|Only some", text)
    assert found.nnt.estimate == -1 / found.difference.estimate > 0 and "What was counted is not stated" in text
    words = Wording.of(found)
    assert words.reading(-0.2, -0.1) == "fewer infections with vaccine"
    assert words.favours == ("favours vaccine", "favours no vaccine")
    ratio = number_words(np.exp([found.ratio.estimate, *found.ratio.ci]))
    assert "Risk ratio    {} (95% CI {} to {})".format(*ratio) in text


def number_words(values):
    return [ma_text.ratio(value) for value in values]


def test_without_a_word_on_what_is_good_there_is_no_number_needed():
    found = pool_responders(vaccinated())
    assert math.isnan(found.nnt.estimate) and "NNT" not in found.summary()
    assert found.summary().startswith("Events as counted") and Wording.of(found).favours is None


def test_responders_are_better_the_more_there_are(trials):
    found = pool_responders(trials, studies=["soriano1998", "misra2013", "khooshideh2017"])
    for result in (found.ratio, found.difference):
        assert Wording.of(result).favours == ("favours placebo", "favours treatment")
    assert Wording.of(found.difference).reading(0.1, 0.2) == "more responders with treatment"
    assert found.placebo.logit.shown("estimate") == pytest.approx(found.placebo.estimate, rel=1e-12)
    assert "Only some trials print responders" in found.caveat


def test_scores_that_should_rise_are_the_mirror_of_those_that_should_fall():
    """A scale of 0-10 turned round: what was 10 - x is x, and a fall by 2 points a rise by 2."""
    pairs = [
        rows(name, arm(-2.6, 2.1, baseline_mean=6.5, baseline_sd=1.4), arm(-1.2, 1.9, baseline_mean=6.4))
        for name in "abc"
    ]
    turned = [
        [row | {"change_mean": -row["change_mean"], "baseline_mean": 10 - row["baseline_mean"]} for row in pair]
        for pair in pairs
    ]
    fell, rise = read(*pairs), read(*turned)
    rise.attrs = {"outcome_name": "function", "benefit": "higher"}
    for aim in (TWO_POINTS, Threshold(6, WITHIN)):
        falls, rises = translate_responders(fell, aim), translate_responders(rise, aim)
        for name in ("placebo", "treatment", "difference", "note"):
            one, other = falls.table[name], rises.table[name]
            assert one.tolist() == other.tolist() or name == "note"
        assert (rises.table["note"] != "").tolist() == (falls.table["note"] != "").tolist()
    assert rises.summary().startswith("At least 6 points more function (own choice), from means and SDs: 3 trials")
    assert "as if change in function were" in rises.caveat and "pain" not in rises.summary()
    del rise.attrs["outcome_name"]
    assert translate_responders(rise, TWO_POINTS).summary().startswith("Scores at least 2 points higher (own choice)")


def test_percent_of_baseline_may_be_a_rise(trials):
    """With means by hand: a rise of 30% is final - 1.3 baseline at least 0, whose variance the three SDs imply."""
    own = arm(1.6, 1.2, baseline_mean=4.0, baseline_sd=1.0, final_mean=5.6, final_sd=1.5)
    table = read(rows("a", own, own), rows("b", own, own))
    table.attrs = {"benefit": "higher"}
    found = translate_responders(table, THIRD).table
    covariance = (1.0 + 1.5**2 - 1.2**2) / 2
    sd = math.sqrt(1.5**2 + 1.3**2 - 2 * 1.3 * covariance)
    assert found["treatment"][0] == pytest.approx(special.ndtr((5.6 - 1.3 * 4.0) / sd), rel=1e-12)
    table.attrs = {"benefit": None}
    with pytest.raises(ValueError, match="translate_responders is about improvement, and nobody said what is good"):
        translate_responders(table, THIRD)


# numbers needed of any pooled effect


def one(estimate, se=0.1, measure="OR", benefit="lower", **options):
    return ma.pool([estimate], se=[se], measure=measure, benefit=benefit, **options)


@pytest.mark.parametrize(
    ("measure", "estimate", "risk", "fewer"),
    [
        # Cochrane Handbook 5.1, 12.5.4.3, 12.5.4.2 and 12.5.4.1: 62 and 24 fewer of 1000, NNT 17, 42 and 9 rounded up
        ("OR", math.log(0.73), 0.3, 0.062),
        ("PETO", math.log(0.73), 0.3, 0.062),
        ("RR", math.log(0.92), 0.3, 0.024),
        ("RD", -0.12, None, 0.12),
    ],
)
def test_number_needed_of_events(measure, estimate, risk, fewer):
    found = ma.nnt(one(estimate, measure=measure), risk)
    assert 1 / found.estimate == pytest.approx(fewer, abs=5e-4) and found.measure == measure
    assert math.ceil(found.estimate) == {"OR": 17, "PETO": 17, "RR": 42, "RD": 9}[measure]
    harm = ma.nnt(one(estimate, measure=measure, benefit="higher"), risk)
    assert harm.estimate == -found.estimate and harm.ci == pytest.approx((-found.ci.high, -found.ci.low))
    if risk:
        assert found.comparator_risk - found.risk == pytest.approx(fewer, abs=5e-4)
    else:
        assert math.isnan(found.comparator_risk) and math.isnan(found.risk)


def test_number_needed_of_a_hazard_ratio_is_of_the_survivors():
    """Two hazards in one are survival squared: 0.7 and 0.49 of 1 without the event."""
    found = ma.nnt(one(math.log(2), measure="HR", benefit="lower"), 0.3)
    assert found.risk == pytest.approx(0.51) and found.estimate == pytest.approx(-1 / 0.21)
    rare = ma.nnt(one(math.log(0.5), measure="HR", benefit="lower"), 1e-6)
    assert rare.risk == pytest.approx(5e-7, rel=1e-6)  # where events are rare it is a risk ratio


@pytest.mark.parametrize("measure", ["SMD", "SMD1", "SMDH"])
def test_number_needed_of_a_standardised_difference(measure):
    """Furukawa & Leucht 2011: 1 / (Phi(d + Phi^-1(CER)) - CER); 1 / (pnorm(0.5 + qnorm(0.3)) - 0.3) = 5.255784 by R."""
    rose = ma.nnt(one(0.5, measure=measure, benefit="higher"), 0.3)
    fell = ma.nnt(one(-0.5, measure=measure, benefit="lower"), 0.3)
    assert (
        rose.estimate
        == pytest.approx(1 / (special.ndtr(0.5 + special.ndtri(0.3)) - 0.3))
        == pytest.approx(5.255784, abs=1e-6)
    )
    assert fell.estimate == pytest.approx(rose.estimate) and fell.ci == pytest.approx(rose.ci) and rose.risk > 0.3
    ends = [special.ndtr(0.5 + side * 0.1959964 + special.ndtri(0.3)) - 0.3 for side in (1, -1)]
    assert rose.ci == pytest.approx([1 / end for end in ends], rel=1e-6)
    assert ma.nnt(one(0.5, measure=measure, benefit="lower"), 0.3).estimate < 0
    assert "As if scores were normally distributed" in rose.summary()


@given(
    st.sampled_from(["OR", "RR"]),
    st.integers(-15, 15).map(lambda i: (i or 1) / 10),
    st.floats(0.05, 0.6),
    st.floats(0.05, 0.95),
)
@settings(max_examples=25, deadline=None)
def test_an_interval_on_both_sides_of_no_difference_runs_through_infinity(measure, estimate, se, risk):
    pooled = one(estimate, se, measure)
    if measure == "RR" and risk * math.exp(estimate) > 1:
        with pytest.raises(
            ValueError, match=r"is 1\d\d% of people: the pooled risk ratio holds where fewer|[2-9]\d\d%"
        ):
            ma.nnt(pooled, risk)
        return
    more = measure == "RR" and risk * math.exp(pooled.ci.high) > 1
    with pytest.warns(UserWarning, match="so that limit") if more else contextlib.nullcontext():
        found = ma.nnt(pooled, risk)
    assert found.through_infinity == (pooled.ci.low <= 0 <= pooled.ci.high)
    assert (found.estimate > 0) == (estimate < 0)
    assert "NNTH" in found.words or pooled.ci.high < 0
    turned = ma.nnt(one(-estimate, se, measure="OR"), 1 - risk)
    if measure == "OR":  # the odds of no event
        assert turned.estimate == pytest.approx(-found.estimate, rel=1e-6)


def test_number_needed_of_responders_and_of_mantel_haenszel(trials):
    found = pool_responders(trials, definition="all")
    assert ma.nnt(found) is found.nnt and ma.nnt(found.difference).ci == found.nnt.ci
    needed = ma.nnt(found, 0.25)
    assert needed.risk == pytest.approx(0.25 * math.exp(found.ratio.estimate)) and needed.measure == "RR"
    mh = pool_responders(trials, definition="all", method="MH", measure="OR")
    assert ma.nnt(mh, 0.25).estimate == ma.nnt(mh.ratio, 0.25).estimate > 0


def test_words_of_a_number_needed_are_those_of_the_effects():
    pooled = ma.pool(ma.effect_sizes(BCG, **COUNTED, measure="RR", benefit="lower", arms=("vaccine", "no vaccine")))
    found = ma.nnt(pooled, 0.02)
    text = found.summary()
    assert text.startswith(
        "Number needed to treat, from the pooled risk ratio, vaccine over no vaccine\n  NNT           NNTB "
    )
    assert f"2% with no vaccine, as given, and {100 * found.risk:.0f}% with vaccine" in text
    assert not re.search("placebo|treatment|pain", text) and f"(95% CI {found.interval_words})" in text
    assert found.to_frame()[["estimate", "comparator_risk", "measure"]].values.tolist() == [
        [found.estimate, 0.02, "RR"]
    ]
    assert found.shown("estimate") == found.estimate and found.shown("ci") == found.ci
    unnamed = ma.nnt(one(-0.5), 0.2).summary()
    assert "20% with" in unnamed and not re.search("placebo|pain", unnamed)


@pytest.mark.parametrize(
    ("effect", "risk", "message"),
    [
        (one(-1.0, measure="MD"), 0.3, "this is a pooled mean difference; give a pooled RD, RR, OR, HR or SMD"),
        (one(-1.0, measure="IRR"), 0.3, "this is a pooled incidence rate ratio"),
        (one(-1.0), None, "the same odds ratio is another number of people"),
        (one(-1.0), 30, "comparator_risk=30: a share of people is a fraction between 0 and 1"),
        (one(-1.0), 0.0, "comparator_risk=0.0: a share"),
        (
            one(-0.1, measure="RD"),
            0.3,
            "comparator_risk=0.3: a risk difference is the same whatever that is; leave it out",
        ),
        (one(-1.0, benefit=None), 0.3, "nobody said what is good; give benefit="),
    ],
)
def test_no_number_needed_of(effect, risk, message):
    with pytest.raises(ValueError, match=message):
        ma.nnt(effect, risk)


def test_both_ways_to_a_number_needed_agree_where_trials_are_alike():
    """Equal trials near half responders: translating each or all at once is the same, but for Hedges' correction."""
    pairs = [rows(name, arm(-2.5, 2, 400), arm(-1.5, 2, 400)) for name in "abc"]
    made = translate_responders(read(*pairs), TWO_POINTS)
    assert made.nnt_pooled_first.estimate == pytest.approx(made.nnt.estimate, rel=0.01)
    assert made.nnt_pooled_first.comparator_risk == made.placebo.estimate
    alone = translate_responders(read(pairs[0]), TWO_POINTS)
    assert alone.nnt_pooled_first is None and "The two NNT" not in alone.summary()


def test_the_pooled_first_number_is_that_of_hedges_g_at_the_pooled_share(found):
    table = found.table
    parts = [table[f"{part}_{role}"] for role in ("treatment", "placebo") for part in ("mean", "sd", "n")]
    yi, vi = effects.hedges_g(*parts)
    crossover = table["design"] == "crossover"
    assert crossover.any()
    parallel = ma.pool(yi[~crossover], vi[~crossover], measure="SMD", benefit="lower", ci_method="HKSJ")
    kept = published_effects().where(study=table["study"][~crossover].tolist())
    made = translate_responders(kept, TWO_POINTS, ci_method="HKSJ")
    want = ma.nnt(parallel, made.placebo.estimate)
    assert [made.nnt_pooled_first.estimate, *made.nnt_pooled_first.ci] == pytest.approx(
        [want.estimate, *want.ci], rel=1e-6
    )
    each = responders._standardised_scores(table, pd.Series(0.5, index=table.index))
    people = table[["n_placebo", "n_treatment"]].min(axis=1)
    assert (vi - each["vi"]).to_numpy() == pytest.approx(np.where(crossover, 1.0 / people, 0.0))


def test_a_trial_without_events_in_both_arms_has_no_ratio(tmp_path):
    lines = ["study,arm,n,events,event_definition", "Y1,treatment,20,12,half", "Y1,placebo,22,6,half"]
    lines += ["Y2,treatment,30,15,half", "Y2,placebo,31,9,half", "Y3,treatment,30,0,half", "Y3,placebo,30,0,half"]
    (tmp_path / "trials.csv").write_text("\n".join(lines))
    trials = ma.read_trials(tmp_path / "trials.csv")
    for measure in ("RR", "OR"):
        found, alone = pool_responders(trials, measure=measure), ma.pool(ma.effect_sizes(trials, measure=measure))
        assert (found.ratio.k, found.difference.k, found.ratio.estimate, found.ratio.ci) == (
            2,
            3,
            alone.estimate,
            alone.ci,
        )
        assert "Without a ratio: Y3 (no events" in found.caveat
        assert found.ratio.effects.left_out["label"].tolist() == ["Y3"]
        figure = ma.labbe_counts(found)
        assert "; 2 trials" in figure.content.caption and (figure.content.table["kind"] == "trial").sum() == 3
    (tmp_path / "one.csv").write_text("\n".join([lines[0], *lines[-2:]]))
    assert pool_responders(ma.read_trials(tmp_path / "one.csv")).ratio is None


def test_trials_that_print_a_difference_alone_have_no_responders(trials):
    both = ma.with_contrasts(ma.effect_sizes(trials), ma.read_contrasts(DATA.with_name("contrasts.csv")))
    threshold = ma.Threshold(2, "within-patient")
    found, own = ma.translate_responders(both, threshold), ma.translate_responders(ma.effect_sizes(trials), threshold)
    assert found.difference.estimate == own.difference.estimate
    assert {"arms not reported"} <= set(found.left_out["reason"])


def test_trials_against_usual_care_are_audited_and_have_no_responders_under_placebo():
    arms = pd.DataFrame({"arm": ["treatment", "usual care"] * 2, "study": ["A", "A", "B", "B"], "n": [20, 22, 30, 31]})
    scores = {"baseline_mean": 6.0, "baseline_sd": 2.0, "change_mean": [-2.0, -1.0] * 2, "change_sd": 2.0}
    trials = ma.read_trials(arms.assign(scale_min=0, scale_max=10, **scores))
    assert isinstance(ma.audit_trials(trials), pd.DataFrame)
    with pytest.raises(
        ValueError, match="translate_responders is about placebo, and these effects compare with 'usual"
    ):
        ma.translate_responders(ma.effect_sizes(trials, comparator="usual care"), ma.Threshold(2, "within-patient"))


def test_what_was_added_to_a_zero_cell_is_said():
    counts = pd.DataFrame(
        {"study": list("ABCD"), "events_t": [0, 3, 4, 5], "n_t": [44, 40, 41, 50], "n_p": [46, 41, 39, 9]}
    )
    for events_p, k in (([3, 5, 2, 9], "2 studies"), ([3, 5, 2, 8], "1 study")):
        trials = ma.trials_from_wide(counts.assign(events_p=events_p), arms=("laser", "sham"), benefit="lower")
        assert f"0.5 was added to the counts of {k} with a zero cell." in ma.pool_responders(trials).summary()
    none = ma.trials_from_wide(counts.assign(events_t=1, events_p=2), benefit="lower")
    assert "0.5 was" not in ma.pool_responders(none).summary()
