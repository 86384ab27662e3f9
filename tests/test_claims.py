"""The check of the claims: every rule and its boundary on small made-up trials, and the verdicts on the real claims."""

import ast
import json
import re
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import as_read, published_effects, published_trials
from scipy import stats

import analysis as ma
import analysis.evidence.claims
from analysis.data.dictionary import filled_claims
from analysis.data.trials import TrialDataError, read_benchmarks, read_claims, read_contrasts
from analysis.evidence.claim_rules import (
    NOT_DISTINGUISHABLE,
    VERDICTS,
    Claim,
    claim_words,
    difference_words,
    names_a_report,
    read_number,
    useful_interval,
)
from analysis.evidence.claims import check_claims, claim_counts, claims_findings, condition_mask, study_table
from analysis.evidence.worthwhile import Threshold
from analysis.measures import Measure
from analysis.sentences import Wording, capital

ROOT = Path(__file__).parent.parent
ABOUT = {
    "therapy": "Static magnet",
    "therapy_family": "Magnetic field",
    "condition_group": "Low back",
    "design": "parallel",
    "scale": "VAS",
    "scale_min": 0,
    "scale_max": 10,
    "primary": "yes",
    "n": 50,
    "baseline_mean": 7.0,
    "week": 6,
    "timepoint": "end of treatment",
    "source": "Table 2",
    "certainty": "clear",
    "control": "sham",
}
CLAIM = {
    "claim_id": "c1",
    "therapy": "Static magnet",
    "therapy_family": "Magnetic field",
    "condition": "low back pain",
    "claim": "Magnets relieve back pain.",
    "kind": "no number",
    "polarity": "relief",
    "unit": "points",
    "arm": "difference",
    "traced": "partly",
    "checkable_with": "pooled contrast",
}


def trial(study, treated, placebo, sd=2.0, **about):
    """Two arms of a trial, by how much pain changed in each."""
    year = int(re.sub(r"\D", "", study))
    shared = ABOUT | {"study": study, "author": study[0].upper() + study[1:-4], "year": year} | about
    events = shared.pop("responding", (None, None))
    return [
        shared | {"arm": arm, "change_mean": change, "change_sd": sd, "events": count}
        for arm, change, count in (("treatment", treated, events[0]), ("placebo", placebo, events[1]))
    ]


def table_of(*pairs):
    table = as_read([row for pair in pairs for row in pair])
    table.attrs["outcome_name"] = "pain"
    return table


def trials(*pairs):
    return converted(json.dumps(pairs))


@cache
def converted(pairs):
    """The effects of the trials that this text holds: many tests judge by the same ones."""
    return ma.effect_sizes(table_of(*json.loads(pairs)))


def strong(count=4, **about):
    """Trials in which the difference is about four points, and hardly differs: beyond any doubt."""
    return [trial(f"strong{2000 + i}", -4.5 - 0.1 * i, -0.5, **about) for i in range(count)]


def weak(count=4):
    """Trials in which the difference is about a tenth of a point."""
    return [trial(f"weak{2010 + i}", -1.6 + 0.1 * i, -1.4, sd=2.5) for i in range(count)]


def claim(**fields):
    """A claim of relief but for placebo arms; a number is the article's, and its kind follows from its unit."""
    about = {"kind": None, "number_from": "article"} if "value" in fields else {}
    about |= {"polarity": "other"} if fields.get("arm") == "placebo" else {}
    return CLAIM | about | fields


def verdict_of(table, contrasts=None, **fields):
    row = check_claims(pd.DataFrame([claim(**fields)]), table, contrasts=contrasts).iloc[0]
    assert row["verdict"] in VERDICTS
    return row


def check_all(table, *changes, **fields):
    """Several claims about the same trials."""
    claims = [claim(**(fields | change | {"claim_id": f"c{i}"})) for i, change in enumerate(changes)]
    return check_claims(pd.DataFrame(claims), table)


def verdicts(table, *changes, **fields):
    return check_all(table, *changes, **fields)["verdict"].tolist()


@pytest.fixture(scope="module")
def real():
    return published_trials()


@pytest.fixture(scope="module")
def claims():
    return read_claims(ROOT / "data" / "claims.csv")


@pytest.fixture(scope="module")
def contrasts():
    return read_contrasts(ROOT / "data" / "contrasts.csv")


@pytest.fixture(scope="module")
def checked(claims, real, contrasts):
    benchmarks = read_benchmarks(ROOT / "data" / "benchmarks.csv")
    return check_claims(claims, real, contrasts=contrasts, benchmarks=benchmarks)


@pytest.fixture(scope="module")
def four_strong():
    return trials(*strong())


@pytest.fixture(scope="module")
def four_weak():
    return trials(*weak())


def test_every_claim_has_one_verdict(checked, claims):
    assert len(checked) == len(claims) == 36
    assert checked["claim_id"].tolist() == claims["claim_id"].tolist()
    assert set(checked["verdict"]) == set(VERDICTS)
    counts = claim_counts(checked)
    assert counts.index.tolist() == list(VERDICTS) and counts.sum() == 36
    assert (checked["reason"].str.len() > 20).all() and checked["rule"].between(1, 9).all()
    by_family = claim_counts(checked, by="therapy_family")
    assert by_family.sum().tolist() == counts.tolist()
    assert by_family.loc["Light"].sum() == 13


@pytest.mark.parametrize(
    ("claim_id", "verdict", "because"),
    [
        (
            "nir01",
            "arm change quoted as effect",
            "treatment arm of Gale 2006. Pain fell by 1.40 points in the placebo arm of Gale 2006. At most the",
        ),
        ("nir02", "supported", "Pain fell by 1.40 points in the placebo arm of Gale 2006. This agrees"),
        ("nir03", "overstated", "(95% CI 1.13 to 3.87; 1 trial). But 1 trial cannot carry the claim."),
        ("nir04", "arm change quoted as effect", "fell by 3.90 points (57% of the pain before)"),
        ("nir05", "overstated", "The trial it rests on has no result after the end of treatment"),
        ("nir06", "not testable here", "Indirectly, through placebo, pain is 0.32 points lower with near-infrared"),
        ("nir11", "not testable here", "in all conditions. For massage there is no such difference."),
        ("nir07", "overstated", "1 trial would be left, too few to carry the claim"),
        ("nir08", "not testable here", "3 to 4 weeks) says how the treatment is given"),
        ("nir12", "not testable here", "not about how much pain changes"),
        ("mag01", "not distinguishable from placebo", "8 trials, 2 of which print only the difference). The interval"),
        ("mag02", "not distinguishable from placebo", "0.05 points lower than with placebo"),
        (
            "mag03",
            "not distinguishable from placebo",
            "0.04 points higher than with placebo (95% CI 0.41 lower to 0.49",
        ),
        ("mag06", "not testable here", "says how the treatment is given"),
        ("mag07", "not testable here", "against each other"),
        ("mag08", "not distinguishable from placebo", "4 trials, 1 of which prints only the difference"),
        ("mri02", "single untraced report", "The Journal of Pain 2020"),
        ("mri03", "not testable here", "nerve pain is in this set."),
        ("mri05", "single untraced report", "Scientific Reports 2019"),
        ("mri07", "no trial with these numbers", "12 months"),
        ("mri08", "not testable here", "1.5 to 3 T) is a dose"),
        ("mri13", "not testable here", "No usable trial of MRI field"),
    ],
)
def test_verdicts_on_the_real_claims(checked, claim_id, verdict, because):
    row = checked.set_index("claim_id").loc[claim_id]
    assert row["verdict"] == verdict
    assert because in row["reason"]


def test_no_verdict_hangs_on_an_id_an_article_or_the_order(claims, real, contrasts, checked):
    other = claims.assign(claim_id=[f"x{i}" for i in range(36)], seed="another", finding=np.nan).iloc[::-1]
    again = check_claims(other, real, contrasts=contrasts)
    assert again["verdict"].tolist() == checked["verdict"].tolist()[::-1]


def test_no_claim_id_stands_in_the_code(claims):
    for path in (ROOT / "analysis").glob("claim*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documented = [n for n in ast.walk(tree) if isinstance(n, ast.Module | ast.FunctionDef | ast.ClassDef)]
        docstrings = {id(n.body[0].value) for n in documented if ast.get_docstring(n) is not None}
        strings = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        said = " ".join(n.value for n in strings if id(n) not in docstrings)
        assert [i for i in claims["claim_id"] if i in said] == []
        assert [s for s in ("gale2006", "goksen2016", "khoromi2007") if s in said] == []


def test_pooled_numbers_are_those_of_pool(checked):
    effects = published_effects().where(therapy="Near-infrared light")
    three = ma.pool(effects.where(study=["gale2006", "huang2012", "stelian1992"]), ci_method="HKSJ-mod")
    row = checked.set_index("claim_id").loc["nir07"]
    assert row["k"] == 3 and row["people"] == 141
    assert row["contrast"] == pytest.approx(three.estimate, rel=1e-12)
    assert (row["contrast_low"], row["contrast_high"]) == pytest.approx(tuple(three.ci), rel=1e-12)
    assert row["tau"] == pytest.approx(three.tau)
    assert checked.set_index("claim_id").loc["mag02", "people"] == 20  # a crossover trial: both arms are the same 20
    one = checked.set_index("claim_id").loc["nir01"]
    assert (one["placebo"], one["treatment"], one["contrast"]) == pytest.approx((-1.4, -3.9, -2.5))


def test_all_pools_are_one_call(claims, real, contrasts, monkeypatch):
    calls, engine = [], analysis.evidence.claims.pool_columns
    monkeypatch.setattr("analysis.evidence.claims.pool_columns", lambda *a, **k: calls.append(1) or engine(*a, **k))
    check_claims(claims, real, contrasts=contrasts)
    assert len(calls) == 1


def test_without_contrasts_the_trial_that_reports_only_one_is_missing(claims, real):
    row = check_claims(claims, real).set_index("claim_id").loc["mag03"]
    assert row["verdict"] == "not testable here" and row["match"] == "same therapy, other conditions"


# Rules 1 to 3: what can be said without any trial


def test_where_nothing_was_found(four_strong):
    cases = [
        ({"cited_as": "Pain Medicine 2018"}, "single untraced report", 1),
        ({"cited_as": "Pain Medicine 2018", "value": "-30", "unit": "percent change"}, "single untraced report", 1),
        ({"cited_as": "Pain 2018", "traced": "partly", "value": "-3"}, "no trial with these numbers", 2),
        ({"cited_as": "clinical trials, unnamed", "value": "-3"}, "no trial with these numbers", 2),
        ({"value": "60", "unit": "percent responders", "arm": "single-arm"}, "no trial with these numbers", 2),
        ({"value": "12", "unit": "months", "kind": "duration"}, "no trial with these numbers", 2),
        ({"value": "0.5", "unit": "T"}, "not testable here", 3),
        ({"value": "12", "unit": "weeks", "kind": "schedule"}, "not testable here", 3),
        ({}, "not testable here", 3),
        ({"cited_as": "Pain Medicine 2018", "traced": None}, "not testable here", 3),
        ({"value": "-3", "traced": None}, "not testable here", 3),
    ]
    found = check_all(four_strong, *(case[0] for case in cases), **{"traced": "no", "checkable_with": "nothing found"})
    assert list(zip(found["verdict"], found["rule"], strict=True)) == [case[1:] for case in cases]
    assert found["reason"].str.contains("names no report").tolist() == [False] * 3 + [True] * 3 + [False] * 5
    assert found["reason"].str.contains("Nobody searched").tolist() == [False] * 9 + [True] * 2


def test_what_a_comparison_with_placebo_cannot_answer(four_strong):
    cases = {
        "is a dose": {"value": "100", "unit": "Hz"},
        "It compares with massage": {"comparator": "massage"},
        "It speaks of another treatment": {"arm": "active comparator", "value": "-2"},
        "against each other": {"kind": "comparison"},
        "not about how much pain changes": {"polarity": "other"},
    }
    found = check_all(four_strong, *cases.values())
    assert set(found["verdict"]) == {"not testable here"} and set(found["rule"]) == {3}
    assert all(words in reason for words, reason in zip(cases, found["reason"], strict=True))


def test_what_it_can_answer(four_strong):
    cases = [
        {"comparator": "placebo"},
        {"comparator": "sham magnets"},
        {"claim": "More people got better."},
        {"unit": "", "arm": "single-arm"},
        {"unit": "", "checkable_with": "single trial"},
    ]
    assert set(verdicts(four_strong, *cases)) == {"supported"}


# Rule 3: another therapy of the set, by way of placebo


def against_ultrasound(of_ultrasound, **fields):
    """A claim that magnets do better than ultrasound, beside four trials of magnets that lower pain by 4.15 more."""
    about = {"therapy": "Ultrasound", "therapy_family": "Mechanical"}
    others = [trial(f"sound{1990 + i}", -1.5, -1.0, **about, **of_ultrasound) for i in range(4)]
    return verdict_of(table_of(*strong(), *others), **({"comparator": "ultrasound", "condition": "back pain"} | fields))


def test_a_therapy_of_the_set_gives_an_indirect_difference_and_no_verdict():
    found = against_ultrasound({})
    assert (found["verdict"], found["rule"], found["judged"]) == ("not testable here", 3, "")
    assert found["indirect_of"] == "Static magnet − Ultrasound"
    # All trials are as large: the difference of the plain means, with the standard error of eight means of 50 people.
    assert found["indirect"] == pytest.approx(-4.15 + 0.5)
    half = stats.t.ppf(0.975, 6) * np.sqrt(2 * 2 * 2.0**2 / 50 / 4)
    ends = [found["indirect"] - half, found["indirect"] + half]
    assert found[["indirect_low", "indirect_high"]].tolist() == pytest.approx(ends)
    said = "3.65 points lower with static magnet than with ultrasound (95% CI 2.96 to 4.34). This rests on 4 trials of "
    said += "static magnet and 4 of ultrasound, all of back pain."
    assert said in found["reason"]
    assert "is like that of the other, which need not be so" in found["caveats"]


def test_an_indirect_difference_is_of_the_condition_where_it_can_be():
    elsewhere = against_ultrasound({"condition_group": "Neck"})
    assert "and 4 of ultrasound, in all conditions." in elsewhere["reason"]
    assert "in all conditions." in against_ultrasound({}, condition="any pain")["reason"]
    turned = against_ultrasound({}, therapy="Ultrasound", comparator="Static magnet")
    assert turned["indirect"] == pytest.approx(3.65) and "higher with ultrasound" in turned["reason"]
    for unknown in ("massage", "static magnet"):
        found = against_ultrasound({}, comparator=unknown)
        assert found["reason"].endswith("; the trials here compare with placebo.")
        assert np.isnan(found["indirect"]) and not found["indirect_of"] and not found["caveats"]


def test_an_indirect_difference_wider_than_the_scale_has_no_ends():
    trials_of_two = [trial("strong2001", -4.0, -0.5, n=2, sd=9.0), trial("sound2002", -1.0, -0.5, n=2, therapy="TENS")]
    more = trial("sound2003", -9.0, -0.5, n=2, therapy="TENS")
    found = verdict_of(table_of(*trials_of_two, more), comparator="TENS", condition="back pain")
    said = "CI wider than the scale). This rests on 1 trial of static magnet and 2 of TENS, all of back pain"
    assert said in found["reason"]
    assert np.isfinite(found["indirect"]) and np.isnan(found["indirect_low"])


def test_indirect_differences_are_those_of_compare_therapies(claims, real, contrasts, checked):
    row = checked.set_index("claim_id").loc["nir06"]
    both = ma.with_contrasts(ma.effect_sizes(real), contrasts)
    pairs = ma.compare_therapies(both, "therapy", ci_method="HKSJ-mod").against_each_other()
    own = pairs.set_index(["first", "second"]).loc[("Near-infrared light", "Low-level laser")]
    said = row[["indirect", "indirect_low", "indirect_high"]].tolist()
    assert said == pytest.approx(own[["estimate", "ci_low", "ci_high"]].tolist(), rel=1e-12)
    # Arms that share placebo, beside trials of which no arm is known.
    split = check_claims(claims, ma.effect_sizes(real, multi_arm="split"), contrasts=contrasts)
    reasons = split.set_index("claim_id").loc["nir06", "reason"], row["reason"]
    assert "1 trial of near-infrared light and 2 of low-level laser, all of chronic low back pain" in reasons[0]
    assert "3 trials of near-infrared light and 6 of low-level laser, in all conditions; 3 of them print" in reasons[1]
    laser = both.table[both.table["therapy"] == "Low-level laser"]
    assert len(laser) == 6 and laser["flags"].map(lambda words: "only the difference is printed" in words).sum() == 3


# Rule 4: denials


@pytest.mark.parametrize("polarity", ["no evidence", "no relief"])
def test_no_effect_is_never_proven(four_strong, four_weak, polarity):
    worse = trials(*(trial(f"worse{2000 + i}", 1, -3) for i in range(3)))
    doubtful = {"no evidence": "not testable here", "no relief": "overstated"}[polarity]
    for table, verdict in (
        (four_strong, "overstated"),
        (four_weak, "not distinguishable from placebo"),
        (trials(*strong(2)), doubtful),
        (trials(*strong(certainty="doubtful")), doubtful),
        (worse, "not distinguishable from placebo"),
    ):
        row = verdict_of(table, polarity=polarity)
        assert (row["verdict"], row["rule"], row["judged"]) == (verdict, 4, "difference")
    elsewhere = verdict_of(four_strong, polarity=polarity, condition="migraine")
    assert (elsewhere["verdict"], elsewhere["rule"]) == ("not testable here", 5)
    counts = {"unit": "percent responders", "value": "60", "arm": "treatment"}  # no trial counts responders
    assert verdict_of(four_weak, polarity=polarity, **counts)["verdict"] == "not distinguishable from placebo"


def test_the_words_of_a_claim_are_never_read(four_strong, four_weak):
    said = ["There is no shortage of evidence.", "It does not fail to help.", "No proof is needed.", "It works best."]
    for table in (four_strong, four_weak, trials(*strong(2))):
        assert len(set(verdicts(table, {}, *({"claim": words} for words in said)))) == 1


# Numbers that say the opposite of relief, and claims about the placebo arm


NO_RELIEF = [
    {"value": "3.9", "arm": "treatment"},
    {"value": "+3.9", "arm": "difference"},
    {"value": "0", "arm": "single-arm"},
    {"value": "20-30", "unit": "percent change", "arm": "treatment"},
    {"value": "-20", "unit": "percent responders", "arm": "difference"},
    {"claim": "Placebo does nothing.", "arm": "placebo"},
    {"value": "6", "unit": "weeks", "kind": "duration", "arm": "placebo"},
]


@pytest.fixture(scope="module")
def no_relief():
    return check_all(trials(*strong(responding=(40, 10))), *NO_RELIEF)


@pytest.mark.parametrize("fields", NO_RELIEF)
def test_what_is_no_claim_of_relief_is_never_supported(no_relief, fields):
    row = no_relief.iloc[NO_RELIEF.index(fields)]
    assert (row["verdict"], row["rule"]) == ("not testable here", 3)
    assert "says that pain does not fall" in row["reason"] or "speaks of the placebo arm" in row["reason"]


def test_pain_may_rise_in_the_placebo_arm():
    table = trials(trial("gauss2001", -3, 0.5))
    row = verdict_of(table, value="0.5", arm="placebo", traced_to="gauss2001")
    assert (row["verdict"], row["rule"]) == ("supported", 7)


def test_few_trials_do_not_support_a_number_of_the_placebo_arm():
    for count, verdict in ((1, "not testable here"), (2, "not testable here"), (3, "supported")):
        assert verdict_of(trials(*weak(count)), value="-1.4", arm="placebo")["verdict"] == verdict


def test_both_ends_of_a_rise_count():
    table = trials(*(trial(f"rise{2000 + i}", -3, 0.1 + 0.1 * i) for i in range(4)))
    assert verdicts(table, {"value": "0.2"}, {"value": "0-9"}, arm="placebo") == [
        "supported",
        "not testable here",
    ]


# Quick relief is judged by trials that measured early


def test_quick_relief():
    quick = {"kind": "onset"}
    early = [trial(f"early{2020 + i}", -4.5 - 0.1 * i, -0.5, week=0, timepoint="single session") for i in range(3)]
    assert verdict_of(trials(*weak()), **quick)[["verdict", "rule"]].tolist() == ["not testable here", 6]
    fast, any_time = check_all(trials(*weak(), *early), quick, {}).itertuples()
    assert (fast.verdict, fast.k, fast.scope) == ("supported", 3, "Static magnet: low back, within a day")
    assert any_time.k == 7
    said = "Only trials that measured within a day count."
    assert said in fast.details and said not in any_time.details


def test_why_no_trial_speaks_of_quick_relief():
    undated = trials(*strong(3, week=None, timepoint=None))
    early = trial("early2020", None, None, sd=None, week=0, timepoint="single session")
    quick, lasting = {"kind": "onset"}, {"kind": "duration", "traced_to": "strong2000"}
    for table, fields, said in (
        (undated, quick, "relief comes at once, and no trial with a result says when it measured."),
        (
            table_of(*strong(3, week=None, timepoint=None), early),
            quick,
            "no trial with a result says when it measured.",
        ),
        (undated, lasting, "relief lasts, and no trial with a result says when it measured."),
        (
            trials(*strong(3)),
            quick,
            "relief comes at once, and of 3 trials with a result none reports one within a day.",
        ),
        (table_of(*strong(3), early), quick, "and of 3 trials with a result none reports one within a day."),
    ):
        row = verdict_of(table, **fields)
        assert (row["verdict"], row["rule"]) == ("not testable here", 6) and row["reason"].endswith(said)
    assert verdict_of(trials(*strong(3, week=None)), **lasting)["verdict"] == "overstated", "it ended before"


def test_quick_relief_on_the_real_claims(checked):
    row = checked.set_index("claim_id").loc["mag08"]
    assert row["k"] == 4 and row["scope"].endswith("all conditions, within a day")


def test_reported_differences_alone_can_be_given(claims, contrasts):
    alone = check_claims(claims, ma.contrast_effects(contrasts)).set_index("claim_id")
    assert (alone.loc["mag03", "k"], alone.loc["mag03", "verdict"]) == (1, "not distinguishable from placebo")


# Rule 5: trials of something else decide nothing


ELSEWHERE = [
    ({"condition": "migraine"}, "same therapy, other conditions"),
    ({"therapy": "MRI field"}, "same family"),
    ({"therapy": "MRI field", "traced_to": "strong2001"}, "another therapy, named beside it"),
    ({"therapy": "TENS", "therapy_family": "Electrical"}, "none"),
]


@pytest.fixture(scope="module")
def elsewhere(four_strong):
    return check_all(four_strong, *(fields for fields, _ in ELSEWHERE))


@pytest.mark.parametrize(("fields", "match"), ELSEWHERE)
def test_trials_of_something_else_decide_nothing(elsewhere, fields, match):
    row = elsewhere.iloc[ELSEWHERE.index((fields, match))]
    assert (row["verdict"], row["rule"], row["match"]) == ("not testable here", 5, match)
    assert (row["k"] == 0) == (match == "none") and np.isnan(row["contrast"]) == (match == "none")


def test_trials_are_chosen_by_therapy_and_condition_not_by_what_was_traced():
    table = trials(*strong(3), trial("knee2020", -4, -1, condition_group="Knee osteoarthritis"))
    rows = check_all(table, {}, {"condition": "any pain"}, traced_to="strong2001; knee2020")
    assert rows["k"].tolist() == [3, 4]


def test_a_trial_named_beside_a_claim_counts_where_its_condition_finds_none(four_strong):
    cases = [{"traced_to": "strong2000; strong2001; another paper"}, {"traced_to": "nearest: strong2000"}]
    named, nearest = check_all(four_strong, *cases, condition="sore feet").itertuples()
    assert (named.match, named.k, named.verdict) == ("direct", 2, "overstated")
    assert (nearest.match, nearest.verdict) == ("same therapy, other conditions", "not testable here")


# Rule 6: durations


def test_duration_needs_a_follow_up_as_long():
    year = {"value": "12", "unit": "weeks", "kind": "duration", "arm": "treatment", "checkable_with": "single trial"}
    ended, nothing = trials(*strong()), "not testable here"
    cases = {"traced_to": "strong2000"}, {"traced_to": "strong2000", "traced": "no"}, {}
    assert verdicts(ended, *cases, **year) == ["overstated", nothing, nothing]
    followed = trials(*strong(week=12, timepoint="follow-up"))
    longer = {"value": "13"}, {"value": "3", "unit": "months"}, {"value": "2-13"}
    assert verdicts(followed, {}, *longer, **year) == ["supported", *[nothing] * 3]
    for week, said in ((50, nothing), (53, "supported")):  # twelve months are 52 weeks
        followed = trials(*strong(week=week, timepoint="follow-up"))
        assert verdicts(followed, {"value": "12", "unit": "months"}, **year | {"unit": "months"})[-1] == said
    late = verdict_of(trials(*weak(), *strong(3, week=12, timepoint="follow-up")), **year)
    assert (late["k"], late["verdict"]) == (3, "supported")


# Rule 7: numbers of the placebo arm


def test_placebo_number_of_a_traced_trial_agrees_to_rounding():
    table = trials(trial("gauss2001", -3, -1.44), trial("euler2002", -3, -1.6))
    about = {"arm": "placebo", "traced_to": "gauss2001", "checkable_with": "placebo arms"}
    values = [{"value": value} for value in ("-1.4", "-1.44", "-1", "-1.35", "-1.6")]
    found = check_all(table, *values, **about)
    assert found["verdict"].tolist() == ["supported"] * 3 + ["no trial with these numbers"] * 2
    assert found["reason"][0].startswith("Pain fell by 1.44 points in the placebo arm of Gauss 2001. This agrees")
    assert verdict_of(table, value="-1.6", **about | {"traced": "no"})["verdict"] == "not testable here"


def test_placebo_number_without_a_trial_is_read_against_the_pool(four_weak):
    percent = {"value": "-20", "unit": "percent change"}  # of 7, which is 1.4
    low = trials(trial("gauss2001", -2, -1, baseline_mean=5.0))
    assert verdict_of(low, arm="placebo", traced_to="gauss2001", **percent)["verdict"] == "supported"
    found = verdicts(four_weak, {"value": "-1.5"}, percent, {"value": "-3"}, arm="placebo")
    assert found == ["supported", "supported", "not testable here"]


def test_percent_is_of_the_pain_before_in_the_arms_that_count():
    table = trials(
        trial("gauss2001", -3, -1, baseline_mean=5.0, n=30), trial("euler2002", -3, -1, baseline_mean=8.0, n=90)
    )
    about = {"value": "-20", "unit": "percent change", "arm": "placebo"}
    found = check_all(table, {"traced_to": "gauss2001"}, {}, **about)
    assert found["verdict"][0] == "supported"  # 1 of 5
    assert "14% of the pain before" in found["reason"][1]  # 1 of (30 x 5 + 90 x 8) / 120 = 7.25


def test_percent_of_an_arm_without_a_baseline_is_not_printed():
    table = trials(trial("gauss2001", -3, -1.4, baseline_mean=None))
    about = {"unit": "percent change", "value": "-20", "traced_to": "gauss2001"}
    for row in check_all(table, {"arm": "placebo"}, {"arm": "treatment"}, **about).itertuples():
        assert row.verdict == "not testable here"
        assert f"their {row.arm} arms" in row.reason


# Rule 8: numbers of the treatment arm


def test_arm_change_of_a_traced_trial():
    table = trials(trial("gauss2001", -3.945, -1.4))
    values = {"-3.9": 0, "-2": 0, "-3.95": 0, "-4": 0, "-4.0": 1, "-5--4": 1, "-4--3": 0}
    found = verdicts(table, *({"value": value} for value in values), arm="treatment", traced_to="gauss2001")
    assert found == [("arm change quoted as effect", "overstated")[larger] for larger in values.values()]


def test_arm_change_is_supported_only_if_the_difference_is_as_large(four_strong):
    values = {"value": "-4"}, {"value": "-55", "unit": "percent change"}, {"value": "-8"}  # 55% of 7 is 3.85
    assert verdicts(four_strong, *values, arm="treatment") == ["supported", "supported", "overstated"]
    half = trials(*(trial(f"half{2000 + i}", -4.5 - 0.1 * i, -2.5) for i in range(4)))
    both = {"arm": "treatment", "value": "-4"}, {}
    assert verdicts(half, *both) == ["arm change quoted as effect", "supported"]
    assert verdicts(trials(*strong(2)), both[0]) == ["arm change quoted as effect"]


def test_arm_change_where_only_the_difference_is_printed(real, contrasts):
    only = {"study": "cepeda2007"}
    table = contrasts[contrasts["study"] == only["study"]]
    row = verdict_of(real, table, condition="acute pain", traced_to="cepeda2007", arm="treatment", value="-2")
    assert row["verdict"] == "not testable here"


# Rule 9: differences


def test_overwhelming_trials_turn_the_verdict(four_strong, four_weak):
    assert verdict_of(four_strong)["verdict"] == "supported"
    assert verdict_of(four_weak)["verdict"] == "not distinguishable from placebo"
    worse = trials(*(trial(f"worse{2000 + i}", -0.5, -4.5 - 0.1 * i) for i in range(4)))
    row = verdict_of(worse)
    assert row["verdict"] == "overstated" and "Placebo did better." in row["reason"]


def test_a_claimed_difference_must_lie_within_the_interval_or_be_smaller(four_strong):
    values = {"value": "-4.1"}, {"value": "-3"}, {"value": "-6"}, {"value": "-90", "unit": "percent change"}
    found = check_all(four_strong, *values)
    assert found["verdict"].tolist() == ["supported", "supported", "overstated", "overstated"]
    assert "less than is claimed" in found["reason"][2]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_than_three_trials_support_nothing(count):
    cases = {}, {"traced_to": "strong2000"}, {"traced_to": "strong2000", "traced": "no"}, {"value": "-9"}
    found = check_all(trials(*strong(count)), *cases)
    unless_traced = ["not testable here", "overstated", "not testable here", "overstated"]
    assert found["verdict"].tolist() == (["supported"] * 3 + ["overstated"] if count == 3 else unless_traced)
    assert (f"{count} trial{'s' if count > 1 else ''} only" in found["caveats"][0]) == (count < 3)


def test_two_trials_are_judged_by_their_own_intervals():
    """The HKSJ interval of two trials is a t interval on one degree of freedom: it includes nearly everything."""
    row = verdict_of(trials(trial("gauss2001", -4, -1), trial("euler2002", -3, -1)))
    assert row["verdict"] == "not testable here" and np.isnan(row["contrast_high"]) and np.isnan(row["judged_low"])
    assert row["reason"].startswith(
        "Pain, in points, is 3.00 lower in Gauss 2001 (95% CI 2.22 to 3.78) and 2.00 lower in"
    )
    one = trials(trial("gauss2001", -4, -1), trial("euler2002", -1.2, -1))
    values = [{"value": value} for value in ("-3.7", "-3.8")]
    assert verdicts(one, {}, *values) == ["not testable here", "not testable here", "overstated"]
    row = verdict_of(trials(trial("gauss2001", -1.2, -1), trial("euler2002", -1.5, -1)))
    assert row["verdict"] == "not distinguishable from placebo"
    assert "Gauss 2001 (95% CI 0.98 lower to 0.58 higher)" in row["reason"] and "Each interval is" in row["reason"]


def test_nothing_wider_than_the_scale_is_printed():
    row = verdict_of(trials(*(trial(f"wild{2000 + i}", change, -2) for i, change in enumerate((-9, 4, -3)))))
    assert row["verdict"] == "not distinguishable from placebo" and np.isnan(row["contrast_low"])
    assert "(95% CI wider than the scale; 3 trials)" in row["reason"]
    pooled = ma.pool([-1.0, -2.0, -3.0], [0.1] * 3)
    width = pooled.ci.high - pooled.ci.low
    assert useful_interval(pooled, width + 1e-9) == tuple(pooled.ci)
    assert np.isnan(useful_interval(pooled, width - 1e-9)).all()
    assert np.isnan(useful_interval(ma.pool([-1.0, -2.0], [0.1] * 2, ci_method="z"))).all(), "each has its own"


def test_the_interval_in_the_table_is_the_one_the_rule_read(checked):
    ends = {"difference": "contrast", "share of trials": "share"}
    for row in checked[checked["judged"].isin(list(ends))].to_dict("records"):
        at = ends[row["judged"]]
        assert (row["judged_low"], row["judged_high"]) == (row[f"{at}_low"], row[f"{at}_high"])
    arm = checked.set_index("claim_id").loc["nir02"]
    assert arm["judged"] == "placebo arm"
    assert arm[["judged_low", "judged_high"]].tolist() == pytest.approx([-1.45, -1.35])
    assert (checked["judged"] == "").eq(checked["judged_low"].isna()).all()


@pytest.mark.parametrize(
    "doubt", [{"certainty": "doubtful"}, {"certainty": "second-hand"}, {"control": "weak dose"}, {"sd": None}]
)
def test_doubt_weakens_the_verdict(doubt):
    two_clear = [trial("clear2020", -4.2, -0.4), trial("clear2021", -4.3, -0.4)]
    elsewhere = trial("donor2022", -2.0, -1.0, condition_group="Neck")
    row = verdict_of(trials(*two_clear, *strong(3, **doubt), elsewhere))
    assert row["verdict"] == "not testable here"
    assert "2 trials would be left" in row["reason"] and "in doubt: Strong 2000" in row["caveats"]
    three = verdict_of(trials(*two_clear, trial("clear2023", -4.4, -0.4), *strong(3, **doubt), elsewhere))
    assert three["verdict"] == "supported" and "in doubt" in three["caveats"]


def test_doubtful_trials_that_make_the_effect_weaken_the_verdict():
    made = [*strong(12, certainty="doubtful"), *(trial(f"clear{2030 + i}", -1.5 + 0.2 * i, -1.2) for i in range(3))]
    row = verdict_of(trials(*made))
    assert row["verdict"] == "overstated"
    assert row["contrast_high"] < 0


def test_what_is_left_without_doubt_must_show_it_too():
    left = [trial(f"clear{2030 + i}", -4.0 - i, -0.5, sd=4.0, n=4) for i in range(3)]
    row = verdict_of(trials(*strong(8, certainty="doubtful"), *left))
    assert row["contrast_high"] < 0 and row["verdict"] == "overstated"
    said = "But without the trials in doubt the interval is compatible with no difference. By the others pain is"
    assert said in row["reason"] and "in doubt: Strong 2000 (doubtful)" in row["caveats"]


def test_a_picked_time_point_is_a_doubt(real, contrasts):
    picked = contrasts.assign(certainty="clear")
    knee = {"therapy": "TENS", "therapy_family": "Electrical", "condition": "knee osteoarthritis"}
    row = verdict_of(real, picked, **knee)
    assert row["k"] == 8 and "time point selected" in row["caveats"] and row["verdict"] == "not testable here"


def test_a_picked_time_point_is_a_doubt_of_a_trial_with_arms_too(checked):
    known, picked = strong(2), strong(4)[2:]
    for selected, k, verdict in (("yes", 2, "not testable here"), ("no", 0, "supported"), (None, 0, "supported")):
        row = verdict_of(trials(*known, *([arm | {"selected": selected} for arm in pair] for pair in picked)))
        assert (row["doubted"], row["verdict"]) == (k, verdict)
        assert row["caveats"].count("time point selected") == k
    shown = checked.set_index("claim_id").loc[["mag01", "mag08"]]
    assert shown["caveats"].str.contains("Wolsko 2004 (time point selected)", regex=False).all()
    assert (shown["verdict"] == "not distinguishable from placebo").all()


@pytest.mark.parametrize(("selected", "doubted"), [("yes", 1), ("no", 0)])
def test_a_picked_time_point_is_a_doubt_of_a_trial_that_only_counts(selected, doubted):
    counts = trial("count2001", None, None, sd=None, responding=(40, 10), selected=selected)
    row = verdict_of(table_of(counts, trial("other2002", -3, -1, condition_group="Headache")))
    assert (row["k"], row["doubted"]) == (0, doubted)


# Relief on average, and nearly always, are two questions


def differing(spread, count=10):
    """Trials in which the difference is two points on average, more in one half and less in the other."""
    return trials(*(trial(f"mixed{2000 + i}", -3 + spread * (-1) ** i, -1, n=200) for i in range(count)))


def test_relief_on_average_is_judged_by_the_mean():
    on_average, always = check_all(differing(1.5), {}, {"kind": "reliability"}).itertuples()
    assert on_average.contrast_high < 0 < on_average.pi_high
    assert (on_average.verdict, on_average.judged) == ("supported", "difference")
    assert (always.verdict, always.judged) == ("overstated", "share of trials")
    assert on_average.share == always.share and always.judged_low == always.share_low < 0.8 < always.share
    assert (
        "In an estimated 90% of comparable trials the true effect would be less pain than with placebo" in always.reason
    )
    assert "In an estimated 90% of comparable trials" in on_average.details and "Pain is 2.00 points" in always.details
    assert "the trials differ (tau" in on_average.caveats


def test_reliable_is_what_works_nearly_always_with_the_whole_interval():
    for spread, verdict in ((0.95, "supported"), (1.0, "overstated")):  # 81% and 79%
        row = verdict_of(differing(spread), kind="reliability")
        assert (row["verdict"], row["share_low"] >= 0.8) == (verdict, verdict == "supported")
    claims, table = pd.DataFrame([claim(kind="reliability")]), differing(0.7)
    found = check_claims(claims, table, worthwhile=Threshold(1.5, "between-group")).iloc[0]
    assert found["verdict"] == "overstated" and "at least 1.5 points less pain than with placebo" in found["reason"]


def test_reliability_needs_an_effect_and_a_share(four_weak, four_strong):
    assert verdict_of(four_weak, kind="reliability")["verdict"] == "not distinguishable from placebo"
    assert verdict_of(trials(*strong(2)), kind="reliability")["verdict"] == "not testable here"
    alike = trials(*(trial(f"alike{2000 + i}", -4, -1) for i in range(4)))
    row = verdict_of(alike, kind="reliability")
    assert row["verdict"] == "not testable here" and "cannot be told" in row["reason"]


def test_a_share_of_trials_is_no_share_of_people():
    for counts, verdict, said in (
        ({}, "supported", "nearly always, which is no share of people."),
        ({"responding": (25, 5)}, "supported", "people; 50% (95% CI 33% to 67%) responded in the treatment arms of 3"),
        ({"responding": (24, 5)}, "overstated", "people; 48% (95% CI 31% to 65%) responded in the treatment arms of 3"),
    ):
        counted = [trial(f"count{2020 + i}", -4 - 0.1 * i, -1, **counts) for i in range(3)]
        apart = [trial(f"mixed{2000 + i}", -4 + 0.9 * (-1) ** i, -1, n=200) for i in range(10)]
        row = verdict_of(trials(*counted, *apart), kind="reliability")
        assert row["verdict"] == verdict and said in row["reason"]
        assert ("What is counted as a response: not stated." in row["details"]) == bool(counts)
        assert row["plain"].count("In an estimated") == 1


def test_a_share_that_may_be_none_or_all_is_not_told():
    told = verdict_of(differing(1.5))["details"]
    wide = trials(*(trial(f"wide{2000 + i}", -3 + 0.3 * i, -1) for i in range(3)))
    found = check_claims(pd.DataFrame([claim()]), wide, worthwhile=Threshold(1.7, "between-group"))["details"][0]
    cannot = (
        "In how many comparable trials the true effect would be at least 1.7 points less pain than with placebo cannot"
    )
    assert f"{cannot} be told (95% CI <1% to >99%)." in found and "In an estimated" not in found
    assert "cannot be told" not in told


def test_no_verdict_profits_from_trials_that_agree_by_chance():
    alike = [trial(f"alike{2000 + i}", -1.5 - 0.01 * i, -1.0, n=40) for i in range(4)]
    assert ma.pool(trials(*alike)).ci.high < 0
    assert verdict_of(trials(*alike))["verdict"] == "not distinguishable from placebo"


# Responders


def test_responders():
    many = trials(*(trial(f"count{2000 + i}", -3, -1, responding=(40 + i, 10)) for i in range(4)))
    share = {"unit": "percent responders", "checkable_with": "responders"}
    one = {"arm": "placebo", "traced_to": "count2001"}
    nothing, unknown = "no trial with these numbers", "not testable here"
    cases = [
        # 63 points more than placebo
        ({"arm": "treatment"}, {"60": "supported", "83": "arm change quoted as effect", "90": "overstated"}),
        # Pooled: 12% to 30%
        ({"arm": "placebo"}, {"20": "supported", "30": "supported", "31": unknown}),
        (one, {"20": "supported", "21": nothing}),
        ({"arm": "difference"}, {"60": "supported", "90": "overstated"}),
        # As exact as it is printed: of 50 people 10 respond in each placebo arm, 20% of all.
        (one, {"20.00": "supported", "20.01": nothing, "19.99": nothing}),
    ]
    found = check_all(many, *(about | {"value": value} for about, values in cases for value in values), **share)
    assert found["verdict"].tolist() == [verdict for _, values in cases for verdict in values.values()]
    row = found.iloc[1]
    assert row["reason"].startswith(
        "83% (95% CI 73% to 90%) responded in the treatment arms of 4 trials. 20% (95% CI 12% to 30%) responded in"
    )
    assert "The share who respond is 63 percentage points higher than with placebo (95% CI" in found["reason"][0]
    assert "The share who respond is 63 percentage points higher than with placebo" in row["details"]
    assert "Pain is" not in row["details"]
    assert (found["judged"][0], found["judged_low"][0] < -0.6 < found["judged_high"][0]) == ("responders", True)


def test_responders_are_those_of_the_primary_time_point():
    early = trial("gauss2001", -1, -1, primary="no", week=2, responding=(5, 5))
    late = trial("gauss2001", -3, -1, responding=(40, 10))
    row = verdict_of(table_of(early, late), value="80", unit="percent responders", arm="treatment")
    assert "80% (95% CI 67% to 89%) responded in the treatment arm of Gauss 2001" in row["reason"]
    late = trial("gauss2001", -3, -1)
    row = verdict_of(table_of(early, late), value="80", unit="percent responders", arm="treatment")
    assert "10% (95% CI 4% to 22%) responded in the treatment arm" in row["reason"]


def test_a_trial_that_is_split_counts_its_responders_once():
    both = trial("gauss2001", -3, -1, responding=(40, 10))
    table = table_of([*both, both[0] | {"arm_label": "other dose", "events": 20}])
    split = study_table(ma.effect_sizes(table, multi_arm="split"), table)
    assert len(split) == 2 and split["counted"].sum() == 150
    assert split["responding"].dropna().tolist() == pytest.approx([-(60 / 100 - 10 / 50)])


def test_doubt_about_responders_is_that_of_the_trials_that_count_them():
    counted = strong(4, certainty="doubtful", responding=(40, 10))
    table = trials(*counted, *(trial(f"clear{2030 + i}", -4.5, -0.5) for i in range(3)))
    found = verdicts(table, {}, {"value": "50", "unit": "percent responders"})
    assert found == ["supported", "not testable here"]


SHARE = {"unit": "percent responders", "arm": "treatment"}
LESS, NONE = {"event_definition": "less pain"}, {"event_definition": "no pain"}


def test_responders_are_those_of_pool_responders():
    """One definition, no crossover trial, its interval: what is shown is what judges."""
    less = [trial(f"less{2000 + i}", -3, -1, responding=(16 + 7 * i, 10), **LESS) for i in range(3)]
    none, both = (trial("none2010", -3, -1, responding=(5, 2), **NONE), {"design": "crossover", "responding": (40, 10)})
    table = table_of(*less, none, trial("same2011", -3, -1, **both))
    pooled = ma.pool_responders(table, ci_method="HKSJ-mod").treatment
    low, high = pooled.ci
    assert 0.1 < low < 0.46 < high < 0.9
    inside, beyond = ({"value": f"{100 * high + by:.0f}"} for by in (-1, 1))
    inside, beyond = check_all(table, inside, beyond, **SHARE).itertuples()
    assert (inside.verdict, beyond.verdict) == ("arm change quoted as effect", "overstated")
    assert (beyond.judged, beyond.judged_low, beyond.judged_high) == pytest.approx(("treatment arm", -high, -low))
    shown = f"{pooled.estimate:.0%} (95% CI {low:.0%} to {high:.0%}) responded in the treatment arms of 3 trials"
    assert inside.reason.startswith(shown) and beyond.reason.startswith(shown)
    assert (
        "What is counted as a response: less pain; not counted here, 2 trials: None 2010 (counts by another "
        "definition, 'no pain'), Same 2011 (crossover: the counts of the same people under both are not independent)."
    ) in inside.details
    assert "not counted here" not in verdict_of(table_of(*less), value="50", **SHARE)["details"]
    traced = verdict_of(table, value="10", traced_to="none2010", **SHARE)
    assert traced["reason"].startswith("10% responded in the treatment arm of None 2010")
    assert "What is counted as a response: no pain; not counted here, 4 trials" in traced["details"]
    nearest = verdict_of(table, value="10", traced_to="same2011", **SHARE)
    assert "What is counted as a response: less pain" in nearest["details"], "the trial traced has no counts to take"


def test_counts_that_cannot_be_taken_are_no_counts():
    both = trial("same2011", -3, -1, design="crossover", responding=(40, 10))
    taken, none = (verdict_of(table_of(*rows), value="50", **SHARE) for rows in ([both], strong(3)))
    assert (taken["rule"], none["rule"]) == (5, 5)
    assert "counted responders in a way that can be taken: Same 2011 (crossover" in taken["reason"]
    assert none["reason"] == "No trial that matches counted responders."


def test_an_imputed_sd_puts_no_count_in_doubt():
    counts = {"sd": None, "responding": (45, 10)}
    donor = trial("donor2022", -2.0, -1.0, condition_group="Neck")
    fewer = {"value": "20", "unit": "percent responders", "arm": "difference"}
    counted, scored = check_all(trials(*strong(3, **counts), donor), fewer, {}).itertuples()
    assert (counted.verdict, scored.verdict) == ("supported", "not testable here")
    assert "in doubt" not in counted.caveats + counted.reason and "SD imputed" in scored.caveats
    counted = verdict_of(trials(*strong(3, **counts, certainty="doubtful"), donor), **fewer)
    assert counted["verdict"] == "not testable here" and counted["caveats"].count("(doubtful)") == 3


def test_few_trials_do_not_support_a_share_of_the_placebo_arm():
    for count, verdict in ((2, "not testable here"), (3, "supported")):
        counted = [trial(f"count{2000 + i}", -3, -1, responding=(40, 10)) for i in range(count)]
        assert verdict_of(trials(*counted), value="20", **SHARE | {"arm": "placebo"})["verdict"] == verdict


def test_what_is_no_more_than_with_placebo_is_said_so():
    for placebo, said in ((-3, "no more than with placebo"), (-2.9, "At most the difference")):
        row = verdict_of(
            trials(*(trial(f"same{2000 + i}", -3, placebo) for i in range(3))), value="-3", arm="treatment"
        )
        assert row["verdict"] == "arm change quoted as effect" and said in row["reason"]


def test_responders_only_trials_are_found(real):
    about = {"therapy": "Low-level laser", "therapy_family": "Light", "unit": "percent responders"}
    row = verdict_of(real, value="71", arm="treatment", traced_to="soriano1998", **about)
    assert row["match"] == "direct" and row["k"] == 0 and row["verdict"] == "arm change quoted as effect"
    assert "71% responded in the treatment arm of Soriano 1998" in row["reason"] and row["judged"] == "responders"


# Own data


TAPE = {"therapy": "Kinesio tape", "therapy_family": "Tape"}


@pytest.fixture(scope="module")
def tape_trials():
    rows = [row for pair in strong(**TAPE) for row in pair]
    return ma.read_trials(pd.DataFrame(rows), allow={name: [value] for name, value in TAPE.items()})


def test_trials_that_match_nothing_still_give_every_claim_a_verdict(claims, tape_trials):
    found = check_claims(claims, tape_trials)
    assert found["verdict"].isin(VERDICTS).all() and len(found) == 36
    assert set(found["rule"]) == {1, 2, 3, 5} and (found["match"] == "none").all()
    assert "Of 36 claims trials decided 0. A verdict" in claims_findings(found)


def test_claims_of_an_own_therapy_meet_own_trials(tape_trials):
    row = verdict_of(tape_trials, **TAPE)
    assert (row["verdict"], row["match"], row["scope"]) == ("supported", "direct", "Kinesio tape: low back")


def test_effect_sizes_may_be_given(tape_trials):
    claims = pd.DataFrame([CLAIM | TAPE])
    pd.testing.assert_frame_equal(check_claims(claims, tape_trials), check_claims(claims, ma.effect_sizes(tape_trials)))


def test_all_problems_of_the_claims_are_listed(four_strong):
    wrong = pd.DataFrame(
        [
            CLAIM | {"arm": "verum"},
            CLAIM | {"value": "about 3", "unit": "points"},
            CLAIM | {"claim_id": "c2", "value": "3", "unit": "", "number_from": "article"},
            CLAIM | {"claim_id": "c3", "condition": "", "unit": "hours"},
        ],
        index=[2, 3, 4, 5],
    )
    with pytest.raises(TrialDataError) as error:
        check_claims(wrong, four_strong)
    said = str(error.value)
    for part in ("row 2", "'verum'", "'about 3'", "stands twice", "a number needs its unit", "is blank", "'hours'"):
        assert part in said


def test_blank_cells_that_nothing_tells_are_listed_with_what_they_may_hold(four_strong):
    blank = {"kind": None, "polarity": None, "number_from": None}
    cases = [blank, blank | {"value": "2", "unit": "weeks"}, blank | {"value": "2", "unit": "mT"}]
    with pytest.raises(TrialDataError) as error:
        check_all(four_strong, *cases)
    problems = error.value.problems
    where = list(zip(problems["row"], problems["column"], strict=True))
    assert where == [(0, "kind"), (0, "polarity"), (1, "kind"), (1, "polarity"), (1, "number_from"), (2, "number_from")]
    assert set(problems["rule"]) == {"is blank, and no other column tells it"}
    assert "no relief, no evidence, other" in problems["remedy"][1] and "article, computed" in problems["remedy"][4]


@pytest.mark.parametrize(
    ("unit", "arm", "kind", "polarity"),
    [
        ("mT", None, "dose", "other"),
        ("percent responders", None, "responders", None),
        ("points", "difference", "difference", None),
        ("percent change", "treatment", "arm change", None),
        ("points", "placebo", "arm change", "other"),
        ("points", None, None, None),
        ("months", "treatment", None, None),
    ],
)
def test_what_other_columns_tell(unit, arm, kind, polarity):
    about = {"unit": [unit] * 2, "value": ["3", None], "arm": arm, "kind": None, "polarity": None}
    filled = filled_claims(pd.DataFrame(about).astype(object))[["kind", "polarity"]]
    assert filled.where(filled.notna(), None).iloc[0].tolist() == [kind, polarity]
    assert pd.isna(filled["kind"][1]), "without a number nothing is told"
    said = filled_claims(pd.DataFrame(about | {"kind": "comparison", "polarity": "relief"}))
    assert said[["kind", "polarity"]].iloc[0].tolist() == ["comparison", "relief"]
    assert filled_claims(pd.DataFrame(about | {"kind": "schedule"}))["polarity"][0] == "other"


def test_a_therapy_that_is_almost_right_is_refused(four_strong):
    with pytest.raises(TrialDataError, match="Did you mean 'Static magnet'"):
        verdict_of(four_strong, therapy="Static magnets")
    with pytest.raises(TrialDataError, match="Did you mean 'Static magnet'"):
        verdict_of(four_strong, therapy="static magnet")
    claims = pd.DataFrame([claim(therapy="static magnet")], index=[7])
    with pytest.raises(TrialDataError, match="row 7, claim"):
        check_claims(claims, four_strong)


@pytest.mark.parametrize(
    ("condition", "near"),
    [
        ("chronic low bakc pain", "low back"),
        ("Fibromialgia", "fibromyalgia"),
        ("migrane", "migraine"),
        ("any pian", "any"),
    ],
)
def test_a_condition_that_is_almost_right_is_refused(four_strong, condition, near):
    with pytest.raises(TrialDataError, match=f"column 'condition': .*Did you mean '{near}"):
        verdict_of(four_strong, condition=condition)


@pytest.mark.parametrize("condition", ["burns", "muscle injury", "hip pain", "heartache", "acute pain", "knee pian"])
def test_a_condition_of_ones_own_is_none_that_is_almost_right(four_strong, condition):
    verdict_of(four_strong, condition=condition)


@pytest.mark.parametrize("bad", ["data/claims.csv", pd.DataFrame({"study": ["a"]})])
def test_only_a_table_of_claims_is_taken(four_strong, bad):
    with pytest.raises(ValueError, match="read_claims"):
        check_claims(bad, four_strong)


def test_no_claim_is_an_error(four_strong):
    with pytest.raises(TrialDataError, match="there is no claim"):
        check_claims(pd.DataFrame(columns=list(CLAIM)), four_strong)


def test_methods_reach_the_engine(four_weak):
    wide, narrow = (check_claims(pd.DataFrame([CLAIM]), four_weak, confidence_level=c).iloc[0] for c in (0.99, 0.5))
    assert wide["contrast_low"] < narrow["contrast_low"] and wide["contrast"] == narrow["contrast"]
    assert "99% CI" in wide["reason"]
    noted = check_claims(pd.DataFrame([CLAIM]), four_weak, tau2_method="PM").attrs
    assert (noted["tau2_method"], noted["ci_method"], noted["confidence_level"]) == ("PM", "HKSJ-mod", 0.95)
    with pytest.raises(ValueError, match="tau2_method"):
        check_claims(pd.DataFrame([CLAIM]), four_weak, tau2_method="XX")


# Words


def test_a_supported_difference_that_is_not_worthwhile_says_so(four_strong):
    claims = pd.DataFrame([CLAIM])
    big = check_claims(claims, four_strong, worthwhile=Threshold(5, "between-group", source="Busse 2015"))
    assert "smaller than 5 points, proposed as worthwhile (Busse 2015)" in big["caveats"].iloc[0]
    small = check_claims(claims, four_strong, worthwhile=Threshold(1, "between-group"))
    assert "worthwhile" not in small["caveats"].iloc[0]
    with pytest.raises(ValueError, match="within-patient"):
        check_claims(claims, four_strong, worthwhile=Threshold(2, "within-patient"))


def test_a_report_that_was_not_found_is_named_beside_the_verdict(four_strong):
    cited = {"cited_as": "a study in 2019"}
    cases = {"traced": "no"}, {"traced": "partly"}, {"traced": None}, {"traced": "no", "cited_as": "clinical trials"}
    found = check_all(four_strong, *(cited | case for case in cases))
    assert set(found["verdict"]) == {"supported"}
    said = "the report it cites (a study in 2019) was not found"
    assert found["caveats"].tolist() == [said, "", "", ""] and f"Note: {said}." in found["plain"][0]


def test_trials_without_a_result_are_named(four_strong):
    empty, counts = trial("empty2001", None, None, sd=None), trial("count2002", None, None, sd=None, responding=(9, 3))
    found = check_claims(pd.DataFrame([CLAIM]), table_of(*strong(3), empty, counts))
    why = "no mean in both arms at the primary time point"
    assert found.attrs["left_out"] == {"Empty 2001": why}
    assert f"Left out, 1 trial. {capital(why)} (Empty 2001)." in claims_findings(found).splitlines()
    assert "Left out" not in claims_findings(check_claims(pd.DataFrame([CLAIM]), four_strong))


def test_the_plain_text_is_claim_verdict_reason_details(checked, claims):
    for row, said in zip(checked.itertuples(), claims.itertuples(), strict=True):
        assert row.plain.startswith(f"The article says: {said.claim} **Verdict: {row.verdict}.** {row.reason}")
        assert row.details in row.plain and said.finding in row.plain
        assert row.reason.endswith(".")
        assert not re.search(r"\.\.|\bnan\b|not estimable|beside it|higher to [\d.]+ lower", row.plain)
    shown = checked.set_index("claim_id")["details"]
    assert "In 1 trial with a change in both arms, pain fell by 0.44 points with placebo" in shown["mag02"]
    elsewhere = "(menstrual, knee osteoarthritis) there are 14 trials, 8 of which print only the difference."
    assert f"In other conditions {elsewhere} That is another question. In doubt: 14 of 14." in shown["mri04"]
    # No number of another question, and no share of trials beside a mean that may be nothing.
    assert "points lower" not in shown["mri04"] and "In an estimated" not in shown["mag01"]
    assert "In an estimated >99% of comparable trials" in shown["nir07"]
    assert "The difference is that of all 8 trials." in shown["mag01"] and "that of all" not in shown["mag02"]
    assert (
        "With another therapy (Goksen 2016) in knee osteoarthritis there is 1 trial. That is another question. "
        in shown["mri13"]
    )
    assert [claim for claim, said in shown.items() if "Gibson" in said] == ["mri04"]
    assert "Published: Gibson 2017, neuropathic pain, MD 0-10: −1.58 (CI −2.08 to −1.09; 5 trials" in shown["mri04"]


def test_no_sentence_is_longer_than_thirty_words(checked):
    told = [*checked["reason"], *checked["details"], *checked["finding"].dropna(), claims_findings(checked)]
    for text in told:
        for sentence in re.split(r"(?<=[.?!:])\s", text):
            assert len(re.sub(r"\((mag|mri|nir)[^)]*\)", "", sentence).split()) <= 30, sentence
    # The note is a list.
    for part in chain.from_iterable(re.split(r"[.;:]\s", text) for text in checked["caveats"]):
        assert len(part.split()) <= 30, part


def test_published_results_stand_beside_what_they_speak_of(four_strong):
    about = {
        "review": "Noether",
        "year": 2007.0,
        "measure": "MD 0-100",
        "estimate": 2.1,
        "ci_low": -1.8,
        "ci_high": 5.9,
    }
    about |= {"k": 9.0, "sign": "positive favours treatment"}
    spoken = ["chronic low back pain", "acute low back pain", "lumbar pain, 4 weeks", "pain, all sources", "neck pain"]
    rows = [about | {"therapy": "Static magnet", "condition": text} for text in spoken]
    benchmarks = pd.DataFrame([*rows, about | {"therapy": "TENS", "condition": "low back pain"}])
    conditions = ["chronic low back pain", "low back pain", "any pain", "knee osteoarthritis"]
    cases = [claim(claim_id=text, condition=text) for text in conditions]
    cases += [claim(claim_id="other", polarity="other"), claim(claim_id="onset", kind="onset")]
    found = check_claims(pd.DataFrame(cases), four_strong, benchmarks=benchmarks)["details"]
    named = [[text for text in spoken if f"2007, {text}, MD 0-100" in said] for said in found]
    assert named == [[spoken[0], spoken[2]], spoken[:3], [spoken[3]], [], [], []]
    assert "MD 0-100: 2.1 (CI −1.8 to 5.9; 9 trials; positive favours treatment)." in found[0]
    with pytest.raises(ValueError, match="read_benchmarks"):
        check_claims(pd.DataFrame(cases), four_strong, benchmarks=pd.DataFrame({"a": [1]}))


def test_findings_count_and_name_the_claims(checked):
    lines = claims_findings(checked).splitlines()
    assert lines[0] == "Supported claims of relief: 0 of 21; trials decided 9, and 12 were not tested."
    assert lines[1].startswith("36 claims were checked")
    assert (
        "Arm change quoted as effect, 2 (nir01, nir04): the number is no more than what happened in a treatment arm"
        in "\n".join(lines)
    )
    assert lines[-2].startswith("Of 36 claims trials decided 10, 9 of them of relief. 7 of the 10 rest on fewer than")
    assert lines[-1].startswith("Convenience sample of trials")
    assert claims_findings(checked.iloc[:1]).splitlines()[1].startswith("1 claim was checked")
    assert lines[0] in (ROOT / "README.md").read_text(encoding="utf-8")


def test_findings_count_claims_that_hold(four_strong):
    three = claims_findings(check_claims(pd.DataFrame([CLAIM]), trials(*strong(3))))
    assert "Of 1 claim trials decided 1, 1 of them of relief. 0 of the 1 rest on fewer than 3 trials." in three
    both = check_all(four_strong, {}, {"polarity": "no relief"}, {"polarity": "other"})
    assert claims_findings(both).startswith("Supported claims of relief: 1 of 1.")


def test_counts_by_an_unknown_column(checked):
    with pytest.raises(ValueError, match="'nothing' is not a column"):
        claim_counts(checked, by="nothing")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-3.9", (-3.9, -3.9, 1)),
        ("1.5-3", (1.5, 3.0, 1)),
        ("-50--30", (-50.0, -30.0, 0)),
        (7.0, (7.0, 7.0, 0)),
        ("up to 50", None),
        ("3,5", None),
        ("-1-3", None),
    ],
)
def test_read_number(value, expected):
    assert read_number(value) == expected


def test_blank_number():
    for blank in (None, "", np.nan):
        low, high, digits = read_number(blank)
        assert np.isnan(low) and np.isnan(high) and digits == 0


OURS = Wording(Measure("MD"), "lower", ("treatment", "placebo"), "points on 0–10", "pain", "trial")


@pytest.mark.parametrize(
    ("yi", "said"),
    [
        ([-2.0, -3.0, -2.5], "pain is 2.50 points lower than with placebo (95% CI 1.26 to 3.74; 3 trials)"),
        ([0.5, -0.5, -0.3], "pain is 0.10 points lower than with placebo (95% CI 1.41 lower to 1.21 higher; 3 trials)"),
        (
            [0.5, -0.3, -0.1],
            "pain is 0.03 points higher than with placebo (95% CI 1.00 lower to 1.07 higher; 3 trials)",
        ),
        ([0.5, 0.7, 0.3], "pain is 0.50 points higher than with placebo (95% CI 0.003 to 1.00; 3 trials)"),
    ],
)
def test_differences_in_words(yi, said):
    assert difference_words(ma.pool(yi, [0.001] * 3), OURS) == said


def test_share_of_responders_in_words():
    words = difference_words(ma.pool([-0.3, -0.4, -0.5], [0.001] * 3), OURS, responders=True)
    assert words == "the share who respond is 40 percentage points higher than with placebo (95% CI 15 to 65; 3 trials)"


def test_no_relief_with_a_small_number_is_a_denial(four_strong):
    little = {"value": "-0.1", "polarity": "no relief"}
    found = check_all(four_strong, little, {"value": "-1", "polarity": "no relief", "arm": "placebo"})
    assert found["verdict"][0] == "overstated" and found["rule"].tolist() == [4, 7]


def test_a_schedule_is_no_duration_of_relief(four_strong):
    weeks = {"value": "2-3", "unit": "weeks", "arm": "treatment"}
    found = check_all(four_strong, weeks | {"kind": "duration"}, weeks | {"kind": "schedule"})
    assert found["rule"].tolist() == [6, 3]
    assert "(2 to 3 weeks) says how the treatment is given" in found["reason"][1]


def test_a_duration_may_be_without_a_number():
    lasts = {
        "kind": "duration",
        "claim": "The relief stays.",
        "unit": "",
        "arm": "treatment",
        "traced_to": "strong2000",
    }
    row, nowhere = check_all(trials(*strong()), {}, {"checkable_with": "nothing found"}, **lasts).itertuples()
    assert (row.verdict, row.rule, row.claimed) == ("overstated", 6, "no number")
    assert row.reason.startswith("The trial it rests on has no result after the end of treatment, and so cannot")
    later = trials(*strong(week=12, timepoint="follow-up"))
    assert verdict_of(later, **lasts)[["verdict", "rule", "k"]].tolist() == ["supported", 9, 4]
    during = trials(*strong(timepoint="during treatment"))
    assert verdict_of(during, **lasts)["verdict"] == "overstated"
    assert nowhere.rule == 3, "there is no number that could have been looked up"


def test_a_computed_number_is_not_held_against_the_article(four_strong):
    far = {"value": "-9", "number_from": "article"}
    computed = far | {"number_from": "computed"}
    in_arms = [computed | {"arm": arm} for arm in ("treatment", "placebo")]
    found = check_all(four_strong, far, computed, *in_arms)
    arm, placebo = found.iloc[2], found.iloc[3]
    found = found[:2]
    assert found["verdict"].tolist() == ["overstated", "supported"]
    assert found["claimed"].tolist() == ["9 points less pain than with placebo", "no number"]
    assert found["kind"].tolist() == ["difference"] * 2
    assert (arm["verdict"], arm["rule"]) == ("supported", 9)
    assert (placebo["verdict"], placebo["rule"]) == ("not testable here", 3)


def test_what_a_column_cannot_hold_is_told_with_all_else(four_strong):
    wrong = [
        {"kind": "arm chnage"},
        {"kind": "dose", "value": "-3"},
        {"kind": "no number", "value": "-3"},
        {"kind": "arm change", "value": "-3"},
        {"polarity": "Relief"},
        {"number_from": "article"},
    ]
    with pytest.raises(TrialDataError) as error:
        check_all(four_strong, *wrong)
    problems = error.value.problems
    assert problems["row"].tolist() == [0, 1, 2, 3, 4, 5]
    assert problems["column"].tolist() == ["kind", "kind", "kind", "arm", "polarity", "number_from"]
    assert "Use one of: arm change, difference" in problems["remedy"][0]
    assert "dose: mT, T, Hz" in problems["remedy"][1]


def test_claimed_numbers_in_words(checked):
    words = checked.set_index("claim_id")["claimed"]
    expected = {
        "mri02": "pain falls by 30%",
        "mri07": "12 months",
        "mri08": "1.5 to 3 T",
        "mri10": "60% respond",
        "mag01": "no number",
        "mag06": "2 to 3 weeks",
        "nir02": "pain falls by 1.4 points with placebo",
        "nir03": "no number",  # 2.5 points were computed from four numbers that the article prints
    }
    assert words[list(expected)].to_dict() == expected


@pytest.mark.parametrize(
    ("unit", "arm", "low", "high", "said"),
    [
        ("percent responders", "difference", 20, 20, "20 percentage points more respond than with placebo"),
        ("percent responders", "placebo", 25, 25, "25% respond with placebo"),
        ("percent change", "difference", -30, -20, "20 to 30% less pain than with placebo"),
        ("points", "treatment", 0.5, 0.5, "pain rises by 0.5 points"),
        ("points", "difference", 1, 1, "1 point more pain than with placebo"),
        ("points", "difference", 0.5, 0.5, "0.5 points more pain than with placebo"),
    ],
)
def test_other_numbers_in_words(unit, arm, low, high, said):
    blank = dict.fromkeys(Claim._fields, "")
    about = {"unit": unit, "arm": arm, "low": float(low), "high": float(high), "digits": 1}
    words = Wording(Measure("MD"), arms=("laser", "placebo"))
    assert claim_words(Claim(**(blank | about)), words) == said


def test_the_comparison_arm_has_the_name_that_the_trials_give_it():
    found = table_of(*strong(), *weak())
    found["arm_label"] = found["arm"].map({"treatment": "music", "placebo": "silence"})
    kinds = [
        {"kind": "comparison"},
        {"comparator": "massage"},
        {"arm": "active comparator"},
        {"arm": "placebo"},
        {"arm": "placebo", "value": "-0.5"},
        {"value": "1", "arm": "difference"},
        {"value": "-9", "checkable_with": "nothing found"},
        {"checkable_with": "nothing found"},
        {"condition": "neck pain"},
        {"kind": "arm change", "arm": "treatment", "value": "-3"},
        {"value": "10", "unit": "percent responders", "kind": "responders"},
    ]
    checked = check_all(ma.effect_sizes(found), *kinds)
    told = [*checked["claimed"], *checked["reason"], *checked["details"], *claims_findings(checked).splitlines()]
    # the verdicts have names of their own
    told = [text.replace(NOT_DISTINGUISHABLE, "").replace(capital(NOT_DISTINGUISHABLE), "") for text in told]
    assert not [text for text in told if "placebo" in text.lower()]
    said = " ".join(checked["claimed"]) + " ".join(checked["reason"])
    for phrase in ("1 point more pain than with silence", "falls by 0.5 points with silence", "compare with silence"):
        assert phrase in said
    for phrase in ("compare music with silence", "of the silence arm", "against silence"):
        assert phrase in said
    assert check_all(ma.effect_sizes(found), {"comparator": "Silence"})["rule"].item() > 3


def test_counts_by_group_have_a_heading(checked):
    assert claim_counts(checked, by="kind").columns.name == "verdict"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Pain Medicine, no year", True),
        ("controlled study; 2006 study", True),
        ("clinical trials, unnamed", False),
        ("Several recent studies", False),
        ("", False),
    ],
)
def test_names_a_report(text, named):
    assert names_a_report(text) is named


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("chronic low back pain", {"Low back"}),
        ("back pain, arthritis, headache", {"Low back", "Headache"}),
        ("Diabetic neuropathy", {"Neuropathic"}),
        ("knee osteoarthritis", {"Knee osteoarthritis"}),
        ("menstrual and postoperative pain", {"Menstrual"}),
        ("any pain", {"Low back", "Headache", "Neuropathic", "Knee osteoarthritis", "Menstrual", "Other", "Elbow"}),
        ("acute pain", {"Headache"}),
        ("inflammation", set()),
        ("other complaints", set()),
        ("tennis elbow", {"Elbow"}),
    ],
)
def test_condition_mask(text, groups):
    table = pd.DataFrame(
        {
            "condition_group": [
                "Low back", "Headache", "Neuropathic", "Knee osteoarthritis", "Menstrual", "Other", "Elbow"
            ],
            "pain_type": ["chronic", "acute", np.nan, "chronic", "recurrent", np.nan, "chronic"],
        }
    )  # fmt: skip
    assert set(table["condition_group"][condition_mask(text, table)]) == groups


def test_what_is_said_of_the_trials_follows_them(four_strong):
    """Arms by their labels, what was measured, no note of ours; the claim keeps its own words."""
    table = four_strong.rows.copy()
    table["arm_label"] = table["arm"].map({"treatment": "magnet", "placebo": "dummy"})
    table.attrs = {"outcome_name": "stiffness"}
    claims = pd.DataFrame([claim(value=-9, claim="Pain falls by 9.")])
    checked = check_claims(claims, table)
    said = checked["plain"][0]
    beside = "stiffness fell by 0.50 points with dummy; with magnet stiffness fell by"
    assert f"In 4 trials with a change in both arms, {beside}" in said
    assert "Stiffness is 4.15 points lower than with dummy" in said
    evidence = said.replace("Pain falls by 9.", "")
    assert not re.search("placebo|treatment|pain", evidence)
    assert Wording.of(checked).arms == ("magnet", "dummy")
    assert "onvenience sample" not in claims_findings(checked)
    table.attrs = {}
    assert "the score fell by" in check_claims(claims, table)["plain"][0]
    for attrs in ({"benefit": "higher"}, {"benefit": None}):
        table.attrs = attrs
        with pytest.raises(ValueError, match="claims of relief, which is lower scores"):
            check_claims(claims, table)


# Each verdict from both sides of its rule: claim and trials that just have it, and the nearest that have another

NOTHING = {"checkable_with": "nothing found", "traced": "no"}
ONE = {"value": "-4", "arm": "treatment", "traced_to": "one2001"}
SIDES = {
    "supported": (({}, strong(3)), ({}, strong(2)), "not testable here"),
    "overstated": (({"value": "-5"}, strong()), ({"value": "-4.3"}, strong()), "supported"),
    "arm change quoted as effect": (
        (ONE, [trial("one2001", -3.6, -1)]),
        (ONE, [trial("one2001", -3.4, -1)]),
        "overstated",
    ),
    "not distinguishable from placebo": (
        ({"traced_to": "one2001"}, [trial("one2001", -1.78, -1)]),
        ({"traced_to": "one2001"}, [trial("one2001", -1.79, -1)]),
        "overstated",
    ),
    "single untraced report": (
        ({"cited_as": "Pain 2018", **NOTHING}, strong()),
        ({"cited_as": "Pain 2018", **NOTHING, "traced": "partly"}, strong()),
        "not testable here",
    ),
    "no trial with these numbers": (
        ({"value": "-3", **NOTHING}, strong()),
        ({"value": "-3", **NOTHING, "traced": None}, strong()),
        "not testable here",
    ),
    "not testable here": (({"condition": "neck pain"}, strong()), ({"condition": "back pain"}, strong()), "supported"),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_from_both_sides_of_its_rule(verdict):
    *sides, other = SIDES[verdict]
    found = [verdict_of(trials(*rows), **fields)["verdict"] for fields, rows in sides]
    assert found == [verdict, other]
