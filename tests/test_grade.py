"""Summary of findings: absolute effects at a stated risk, thresholds, judgements as given, and what is refused."""

import math
import pickle
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis.evidence.grade import CERTAINTIES, DOMAINS, people_in

DATA = Path(__file__).parents[1] / "data/trials.csv"
COUNTS = pd.DataFrame(
    {"study": list("ABCD"), "events_t": [4, 6, 9, 12], "n_t": [40, 35, 60, 80], "events_p": [9, 11, 20, 25]}
).assign(n_p=[41, 36, 58, 82])
ARMS = ("laser", "sham")
THRESHOLD = ma.Threshold(1, "between-group", source="Busse 2015")


def counted(measure, **more):
    return ma.effect_sizes(COUNTS, measure=measure, arms=ARMS, **({"benefit": "lower"} | more))


def one(estimate, measure="OR", se=0.1, benefit="lower"):
    return ma.pool([estimate], se=[se], measure=measure, benefit=benefit)


def row(found, i=0):
    return found.table.iloc[i]


@pytest.mark.parametrize(
    ("measure", "ratio", "with_treatment", "fewer"),
    # Cochrane Handbook 5.1, 12.5.4.3 and 12.5.4.2: 62 and 24 fewer of 1000 where 300 have the event
    [("OR", 0.73, 238, 62), ("PETO", 0.73, 238, 62), ("RR", 0.92, 276, 24)],
)
def test_absolute_effects_of_the_handbook(measure, ratio, with_treatment, fewer):
    found = ma.summary_of_findings({"event": one(math.log(ratio), measure)}, comparator_risk=0.3)
    cells = found.printed.iloc[0]
    assert cells["Risk with control"] == "300 per 1000"
    assert cells["Risk with treatment (95% CI)"].startswith(f"{with_treatment} per 1000 (")
    assert cells["Difference (95% CI)"].startswith(f"{fewer} fewer per 1000 (")
    assert row(found)[["risk", "difference"]].tolist() == pytest.approx([0.3 - fewer / 1000, -fewer / 1000], abs=5e-4)


@given(
    st.sampled_from(["OR", "RR", "HR", "RD"]),
    st.floats(-1.5, 0.3),
    st.floats(0.02, 0.5),
    st.floats(0.02, 0.7),
    st.sampled_from(["lower", "higher"]),
)
@settings(max_examples=30, deadline=None)
def test_numbers_are_those_of_nnt(measure, estimate, se, risk, benefit):
    if measure == "RD":
        estimate, se = estimate / 5, se / 5
    if measure == "RR":
        estimate, se = -abs(estimate), 0.01  # no more than everybody
    fit = one(estimate, measure, se, benefit)
    needs = measure != "RD"
    found = row(ma.summary_of_findings({"event": fit}, comparator_risk=risk if needs else None))
    needed = ma.nnt(fit, risk if needs else None)
    assert [found["nnt"], found["nnt_low"], found["nnt_high"]] == pytest.approx([needed.estimate, *needed.ci])
    assert found["difference_low"] <= found["difference"] <= found["difference_high"]
    if needs:
        assert found["risk"] == pytest.approx(needed.risk) and 0 <= found["risk_low"] <= found["risk_high"] <= 1
        assert found["risk"] - found["comparator_risk"] == pytest.approx(found["difference"])


def test_every_kind_of_outcome_in_one_table():
    smd = ma.pool([0.5, 0.2, 0.4], [0.04, 0.05, 0.06], measure="SMD", benefit="higher")
    md = ma.pool([-1.5, -1.2, -1.4], [0.04, 0.05, 0.06], measure="MD", benefit="lower")
    results = {
        "relapse": ma.pool(counted("RR")),
        "death": ma.pool(counted("OR")),
        "risk": ma.pool(counted("RD")),
        "odds": ma.pool_mantel_haenszel(counted("OR"), measure="OR"),
        "function": smd,
        "pain": md,
        "rates": one(-0.2, "IRR"),
    }
    risks = {"relapse": 0.3, "death": 0.1, "odds": 0.3, "function": 0.4}
    found = ma.summary_of_findings(results, comparator_risk=risks)
    table = found.table.set_index("outcome")
    assert found.arms == ARMS and found.title == "Summary of findings: laser compared with sham"
    assert table.index.tolist() == list(results) and table["people"].tolist()[:4] == [432.0] * 4
    assert table["people"].isna().tolist() == [False] * 4 + [True] * 3
    assert table["difference"].notna().tolist() == [True] * 4 + [False] * 3
    assert table["nnt"].notna().tolist() == [True] * 5 + [False] * 2
    assert table.loc["relapse", "estimate"] == pytest.approx(math.exp(results["relapse"].estimate))
    assert table.loc["function", "nnt"] == pytest.approx(ma.nnt(smd, 0.4).estimate)
    printed = found.printed.set_index("Outcome")
    assert printed.loc["pain", "Difference (95% CI)"].startswith("−1.38 (−")
    assert printed.loc["pain", "Difference (95% CI)"].endswith(": lower scores with laser")
    assert printed.loc["function", "Difference (95% CI)"].startswith("0.38 standard deviations (")
    assert printed.loc["relapse", "Relative effect (95% CI)"].startswith("risk ratio 0.48 (")
    assert printed.loc["relapse", "Evidence"] == "4 studies, 432 people"
    assert printed.loc["risk", "Difference (95% CI)"].endswith(" fewer)") and not printed.loc["risk", "Risk with sham"]
    assert "No absolute effect of rates: it goes with a rate or a mean, not with a risk." in found.remarks
    assert not any("treatment" in text.replace("needed to treat", "") for text in [str(found), *printed])


def test_a_published_analysis_against_a_threshold():
    effects = published_effects()
    arms = ma.pool_arms(effects)
    found = ma.summary_of_findings({"pain": arms}, threshold=THRESHOLD)
    beyond = ma.share_beyond(arms, THRESHOLD)
    assert row(found)[["share_beyond", "share_low", "share_high"]].tolist() == [beyond.share, *beyond.ci]
    assert row(found)["against"] == "either" and row(found)["k"] == 44
    cell = found.printed["Smallest worthwhile difference"][0]
    assert re.fullmatch(
        r"at least 1 point less pain: the interval lies on both sides; in 5\d% \(\d\d% to \d\d%\) of comparable trials",
        cell,
    )
    assert found.printed["Difference (95% CI)"][0] == "−1.21 points (−1.65 to −0.77): less pain with treatment"
    table = effects.table
    twice = table["design"] == "crossover"
    people = table[["n_treatment", "n_placebo"]].sum(axis=1)[~twice].sum() + table["n_treatment"][twice].sum()
    assert twice.any() and row(found)["people"] == people  # those of a crossover trial are in both arms


@pytest.mark.parametrize(
    ("value", "benefit", "against"),
    [(-2, "lower", "beyond"), (-0.2, "lower", "short of"), (-1, "lower", "either"), (2, "higher", "beyond")],
)
def test_where_the_interval_lies_to_a_threshold(value, benefit, against):
    fit = ma.pool([value, value, value * 1.01], [0.05] * 3, measure="MD", benefit=benefit, tau2_method="CE")
    found = ma.summary_of_findings({"pain": fit}, threshold={"pain": THRESHOLD})
    assert row(found)["against"] == against and math.isnan(row(found)["share_beyond"])
    assert (
        "No share of settings for pain: the common-effect model has one true effect for all studies." in found.remarks
    )


def test_counts_have_a_place_to_the_threshold_and_no_share():
    ratio = ma.Threshold(0.8, "between-group", "ratio")
    found = ma.summary_of_findings({"x": ma.pool_mantel_haenszel(counted("RR"), measure="RR")}, threshold=ratio)
    assert row(found)["against"] == "beyond" and "Mantel-Haenszel has one true effect" in found.remarks[-1]
    assert "No absolute effect of x: it needs a comparator_risk." in found.remarks


def judged(**more):
    given = {
        "certainty": {"a": "low", "b": "moderate"},
        "reasons": {
            "a": {"imprecision": "few <b>people</b>", "risk of bias": "not | blind"},
            "b": {"imprecision": "x"},
        },
        "comments": {"a": "At one year.", "b": "At one year."},
    }
    fit = ma.pool(counted("RR"))
    return ma.summary_of_findings({"a": fit, "b": fit, "c": fit}, comparator_risk=0.3, **(given | more))


def test_reasons_are_footnotes_by_letter_and_equal_ones_share_theirs():
    found = judged()
    assert found.notes == (
        ("a", "At one year."),
        ("b", "Imprecision: few <b>people</b>"),
        ("c", "Risk of bias: not | blind"),
        ("d", "Imprecision: x"),
    )
    assert found.table["reason_letters"].tolist() == ["b c", "d", ""]
    assert found.table["comment_letters"].tolist() == ["a", "a", ""]
    assert found.printed["Certainty"].tolist() == ["low", "moderate", "not judged"]
    many = {"a": {domain: f"{domain}{i}" for i, domain in enumerate(DOMAINS)}}
    outcomes = dict.fromkeys("abcdefg", ma.pool(counted("RR")))
    reasons = {name: {domain: f"{name} {domain}" for domain in many["a"]} for name in outcomes}
    long = ma.summary_of_findings(outcomes, certainty=dict.fromkeys(outcomes, "low"), reasons=reasons)
    assert [letter for letter, _ in long.notes][24:29] == ["y", "z", "aa", "ab", "ac"]


def test_judgements_are_never_computed():
    bare = judged(certainty=None, reasons=None)
    assert (bare.table["certainty"] == "").all() and set(bare.printed["Certainty"]) == {"not judged"}
    said = "Certainty was judged by GRADE by those who made this table; it is not computed."
    assert said not in bare.remarks and said in judged().remarks
    assert "Without a reason: the certainty of c." in judged(certainty={"a": "low", "b": "high", "c": "low"}).remarks


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.raised = [], []

    def handle_starttag(self, tag, attrs):
        self.at = tag
        if tag == "tr":
            self.rows.append(0)
        self.rows[-1:] = [self.rows[-1] + (tag in ("td", "th"))] if self.rows else []

    def handle_data(self, data):
        if self.at == "sup":
            self.raised.append(data.strip())


def test_markdown_and_html_have_the_table_and_escape_names():
    found = judged()
    text, page = found.to_markdown(), found._repr_html_()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 5 and {line.replace("\\|", "").count("|") for line in lines} == {
        len(found.printed.columns) + 1
    }
    assert "| a <sup>a</sup> | 4 studies, 432 people |" in text and "low <sup>b c</sup> |" in text
    assert "b. Imprecision: few &lt;b>people&lt;/b>" in text and "c. Risk of bias: not \\| blind" in text
    read = Cells()
    read.feed(page)
    assert read.rows == [len(found.printed.columns)] * 4 + [1] * (4 + len(found.remarks)) and "<b>people" not in page
    assert [x for x in read.raised if re.fullmatch("[a-d ]+", x)] == ["a", "b c", "a", "d", "a", "b", "c", "d"]
    assert str(pickle.loads(pickle.dumps(found))) == str(found) and found.to_frame() is not found.table


def test_rare_events_have_decimals():
    found = ma.summary_of_findings({"death": one(math.log(0.5))}, comparator_risk=0.0004).printed.iloc[0]
    assert found["Risk with control"] == "0.40 per 1000" and found["Difference (95% CI)"].startswith(
        "0.20 fewer per 1000"
    )


def test_without_benefit_there_is_no_number_needed_and_the_rest_stands():
    found = ma.summary_of_findings({"event": one(-0.5, benefit=None)}, comparator_risk=0.2)
    assert math.isnan(row(found)["nnt"]) and row(found)["difference"] < 0
    assert "No number needed to treat of event: nobody said what is good." in found.remarks


FIT = one(-0.5)
WRONG = [
    ([FIT], {}, TypeError, r"cannot use a list: give \{outcome: result of pool\}"),
    ({}, {}, ValueError, "results has no outcome"),
    ({"": FIT}, {}, ValueError, "has the outcome ''"),
    ({"x": ma.pool_bayes([0.1, 0.2], [0.1, 0.1])}, {}, TypeError, r"outcome 'x': .*cannot use a PosteriorEffect: give"),
    ({"x": ma.pool([0.1, 0.2], [0.1, 0.1])}, {}, ValueError, "outcome 'x': nobody said of which measure"),
    ({"x": one(0.1, "MC")}, {}, ValueError, "outcome 'x': a pooled mean change compares no arms"),
    (
        {"x": ma.pool(counted("RR")), "y": ma.pool(ma.effect_sizes(COUNTS, measure="RR", arms=("drug", "pill")))},
        {},
        ValueError,
        "outcome 'x' compares laser with sham, and 'y' drug with pill; give a table for each",
    ),
    ({"x": FIT}, {"certainty": {"x": "fair"}}, ValueError, "certainty of 'x'.*'fair'.*very low"),
    ({"x": FIT}, {"certainty": {"z": "low"}}, ValueError, "certainty has the outcome 'z', .* they are x"),
    ({"x": FIT}, {"certainty": "low"}, ValueError, "certainty is 'low'; give a dict from outcomes"),
    ({"x": FIT}, {"reasons": {"x": {"imprecision": "few"}}}, ValueError, "whose certainty nobody judged"),
    (
        {"x": FIT},
        {"certainty": {"x": "low"}, "reasons": {"x": {"cost": "y"}}},
        ValueError,
        "domain.*'cost'.*imprecision",
    ),
    ({"x": FIT}, {"certainty": {"x": "low"}, "reasons": {"x": {"imprecision": " "}}}, ValueError, "says nothing"),
    ({"x": FIT}, {"certainty": {"x": "low"}, "reasons": {"x": "few"}}, ValueError, "give a dict from domains"),
    ({"x": FIT}, {"comments": {"x": "\x02"}}, ValueError, "no file can print"),
    ({"x": FIT}, {"comparator_risk": 30}, ValueError, "outcome 'x': comparator_risk=30: a share is a fraction"),
    ({"x": FIT}, {"comparator_risk": {"y": 0.3}}, ValueError, "comparator_risk has the outcome 'y'"),
    ({"x": one(0.1, "MD")}, {"comparator_risk": 0.3}, ValueError, "no outcome has a risk, odds or hazard ratio"),
    ({"x": one(0.1, "RD")}, {"comparator_risk": {"x": 0.3}}, ValueError, "a risk difference takes no comparator_risk"),
    (
        {"x": one(1.0, "RR")},
        {"comparator_risk": 0.5},
        ValueError,
        r"outcome 'x': comparator_risk=0.5 times 2.72 is 136%",
    ),
    (
        {"x": FIT},
        {"threshold": THRESHOLD},
        ValueError,
        "outcome 'x': a pooled odds ratio cannot be compared with 1 point",
    ),
    (
        {"x": FIT},
        {"threshold": ma.Threshold(2, "within-patient")},
        ValueError,
        "outcome 'x': a difference between groups",
    ),
]


@pytest.mark.parametrize(("results", "options", "error", "said"), WRONG)
def test_what_cannot_be_said_is_refused(results, options, error, said):
    with pytest.raises(error, match=said):
        ma.summary_of_findings(results, **options)


def test_many_meta_analyses_are_no_outcome():
    many = ma.pool_mantel_haenszel([[1, 2], [3, 4]], [[30, 40]] * 2, [[4, 5], [6, 7]], [[30, 40]] * 2, measure="OR")
    with pytest.raises(ValueError, match="'x': this is the result of many meta-analyses; give that of one"):
        ma.summary_of_findings({"x": many})


def test_words_are_closed():
    assert CERTAINTIES == ("high", "moderate", "low", "very low") and len(DOMAINS) == 8


def several(measure="SMD", benefit="higher", scale=1.0):
    """Effects of which some share a study."""
    table = pd.DataFrame({"study": list("AABBCDD"), "vi": 0.02 * scale**2})
    table["yi"] = scale * np.array([0.2, 0.9, 1.1, 0.3, 0.1, 0.6, 0.8])
    return ma.pool_multilevel(ma.effect_sizes(table, measure=measure, benefit=benefit, arms=ARMS))


def normal(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def test_a_three_level_model_has_absolute_effects_and_a_share_without_an_interval():
    fit = several("OR", "lower", -1.0)
    ratio = ma.Threshold(0.8, "between-group", "ratio")
    found = ma.summary_of_findings({"relapse": fit}, comparator_risk=0.3, threshold=ratio)
    odds = [math.exp(x) * 0.3 / 0.7 for x in (fit.estimate, *fit.ci)]
    risks = [x / (1 + x) for x in odds]
    about = row(found)
    assert about[["risk", "risk_low", "risk_high"]].tolist() == pytest.approx(risks)
    assert [about["nnt"], about["nnt_low"], about["nnt_high"]] == pytest.approx(
        [1 / (0.3 - risks[0]), 1 / (0.3 - risks[1]), 1 / (0.3 - risks[2])]
    )
    tau = math.sqrt(fit.sigma2.between + fit.sigma2.within)
    assert tau > 0.1 and about["share_beyond"] == pytest.approx(normal((math.log(0.8) - fit.estimate) / tau))
    assert math.isnan(about["share_low"]) and (about["k"], about["effects"]) == (4, 7)
    cells = {head: cell for head, cell in zip(found.printed, found._cells()[0], strict=True)}
    assert cells["Evidence"] == ("4 studies (7 effects), people not stated", "a")
    share = f"in {round(100 * about['share_beyond'])}% of comparable studies"
    assert cells["Smallest worthwhile difference"][0].endswith(share)
    assert cells["Smallest worthwhile difference"][1] == "b"
    assert found.notes == (
        ("a", "Several effects are of one study, whose people are in each: they are not counted."),
        ("b", "The share has no interval: none is known of a three-level model."),
    )
    assert "(b)" in str(found) and "<sup>a</sup>" in found.to_markdown() and "<sup>b</sup>" in found._repr_html_()


def test_people_of_several_effects_are_not_counted_twice():
    table = COUNTS.assign(study=list("AABC"))
    effects = ma.effect_sizes(table, measure="RR", arms=ARMS, benefit="lower")
    assert people_in(ma.pool(counted("RR"))) == 432 and math.isnan(people_in(ma.pool_multilevel(effects)))


def test_a_standardised_difference_of_a_three_level_model_has_a_number_needed():
    fit = several()
    found = row(ma.summary_of_findings({"function": fit}, comparator_risk=0.4))
    # Furukawa & Leucht 2011: responders are those beyond the share, moved by the difference
    at = NormalDist().inv_cdf(0.4)
    shares = [normal(at + d) - 0.4 for d in (fit.estimate, *fit.ci)]
    assert [found["nnt"], found["nnt_low"], found["nnt_high"]] == pytest.approx(
        [1 / shares[0], 1 / shares[2], 1 / shares[1]]
    )
    assert ma.nnt(fit, 0.4).estimate == pytest.approx(1 / shares[0])


def test_imputed_sds_have_a_share_of_settings_without_an_interval():
    fit = ma.pool_imputed(published_effects(), imputations=10, seed=2)
    found = ma.summary_of_findings({"pain": fit}, threshold=THRESHOLD)
    about = row(found)
    assert about["share_beyond"] == pytest.approx(normal((-1 - fit.estimate) / math.sqrt(fit.tau2)))
    assert about["people"] == row(ma.summary_of_findings({"pain": ma.pool(published_effects())}))["people"]
    assert found.notes == (("a", "The share has no interval: none is known of SDs that are imputed."),)
    assert re.search(r"in \d\d% of comparable trials$", found.printed["Smallest worthwhile difference"][0])
    common = ma.pool_imputed(published_effects(), imputations=10, tau2_method="CE")
    told = ma.summary_of_findings({"pain": common}, threshold=THRESHOLD)
    assert math.isnan(row(told)["share_beyond"]) and told.notes == ()
    assert "No share of settings for pain: the common-effect model has one true effect for all trials." in told.remarks
    effects = published_effects().where(status="as printed")
    few = ma.pool_imputed(effects.where(study=effects.study[:2]))
    assert few.k == 2
    told = ma.summary_of_findings({"pain": few}, threshold=THRESHOLD)
    assert told.remarks == (
        "No share of settings for pain: 2 trials cannot show how true effects vary; 3 are the least.",
    )


@pytest.mark.parametrize("method", ["random effects", "MH"])
def test_responders_come_with_their_own_risks(method):
    trials = ma.read_trials(DATA)
    responders = ma.pool_responders(trials, method=method)
    points = ma.Threshold(10, "between-group", "percentage points")
    found = ma.summary_of_findings({"relief": responders}, threshold=points)
    about = row(found)
    assert about["measure"] == "RR" and about["estimate"] == pytest.approx(math.exp(responders.ratio.estimate))
    assert about["comparator_risk"] == responders.placebo.estimate
    assert about[["risk", "risk_low", "risk_high"]].tolist() == [
        responders.treatment.estimate,
        *responders.treatment.ci,
    ]
    ends = [max(-1, min(1, x)) for x in (responders.difference.estimate, *responders.difference.ci)]
    assert about[["difference", "difference_low", "difference_high"]].tolist() == ends
    assert about[["nnt", "nnt_low", "nnt_high"]].tolist() == pytest.approx([1 / ends[0], 1 / ends[2], 1 / ends[1]])
    assert about["people"] == responders.table[["n_treatment", "n_placebo"]].to_numpy().sum()
    assert found.remarks[0].startswith("Risks of relief are pooled over each of both arms;")
    assert not any("as given" in remark for remark in found.remarks)
    if method == "MH":
        assert math.isnan(about["share_beyond"])
    else:
        assert about["share_beyond"] == ma.share_beyond(responders.difference, points).share
    other = row(ma.summary_of_findings({"relief": responders}, comparator_risk=0.1))
    assert other["risk"] == pytest.approx(0.1 * about["estimate"])


def test_responders_of_scores_have_a_difference_alone():
    responders = ma.translate_responders(published_effects(), ma.Threshold(2.0, "within-patient"))
    about = row(ma.summary_of_findings({"relief": responders}))
    assert about["measure"] == "RD" and about["difference"] == responders.difference.estimate
    assert about["nnt"] == responders.nnt.estimate
    with pytest.raises(ValueError, match="outcome 'relief': a risk difference takes no comparator_risk"):
        ma.summary_of_findings({"relief": responders}, comparator_risk={"relief": 0.3})


@pytest.mark.parametrize("benefit", ["higher", "lower"])
def test_a_share_without_an_interval_is_on_the_side_of_benefit(benefit):
    fit = several("SMD", benefit)
    threshold = ma.Threshold(0.3, "between-group", "standard deviations")
    found = row(ma.summary_of_findings({"function": fit}, threshold=threshold))
    sign = 1 if benefit == "higher" else -1
    tau = math.sqrt(sum(fit.sigma2))
    assert found["share_beyond"] == pytest.approx(normal((sign * fit.estimate - 0.3) / tau))


def test_intervals_of_several_levels_are_told_apart():
    one, other = (ma.pool([0.1, 0.4, 0.2], [0.05] * 3, measure="RR", confidence_level=at) for at in (0.95, 0.9))
    said = ma.summary_of_findings({"death": one, "relapse": other}).summary()
    assert "Intervals: 95% of death; 90% of relapse." in said and "Relative effect (CI)" in said
    assert "Intervals:" not in ma.summary_of_findings({"death": one, "relapse": one}).summary()


def test_several_effects_of_a_study_are_counted_as_such():
    table = pd.DataFrame({"study": list("AABBCC"), "yi": [0.1, 0.4, 0.2, 0.3, 0.5, 0.2], "vi": 0.05, "n": 10})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pooled = ma.pool(ma.effect_sizes(table, measure="SMD"))
        said = ma.methods_text(ma.pool_bayes(pooled))
    assert "3 studies (6 effects), people not stated" in ma.summary_of_findings({"x": pooled}).summary()
    assert "The 6 effects of 3 studies were pooled in a Bayesian" in said and "as if those of one study were" in said
