"""The tables beside the trials: what they hold, and what is refused with row, rule and remedy."""

from pathlib import Path

import pandas as pd
import pytest
from data_cases import published_trials

import analysis as ma

DATA = Path(__file__).parent.parent / "data"
READERS = {
    "contrasts": (ma.read_contrasts, "study"),
    "claims": (ma.read_claims, "claim_id"),
    "mcid": (ma.read_thresholds, "source"),
    "benchmarks": (ma.read_benchmarks, "review"),
    "risk_of_bias": (ma.read_risk_of_bias, "study"),
    "facts_on_bias": (ma.read_bias_facts, "study"),
    "correlations": (ma.read_correlations, "source"),
}
OF_STUDIES = ("risk_of_bias", "facts_on_bias", "correlations")


def cells(name):
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("name", READERS)
def test_every_row_and_cell_arrives(name):
    read, key = READERS[name]
    table, raw = read(DATA / f"{name}.csv"), cells(name)
    assert list(table.columns) == list(raw.columns)
    assert table.index.tolist() == list(range(2, len(raw) + 2))
    assert table[key].tolist() == raw[key].tolist()
    for column in raw:
        filled = raw[column] != ""
        assert table[column].notna().tolist() == filled.tolist()
        values = table[column][filled.to_numpy()]
        if table[column].dtype == float:
            assert values.tolist() == [float(cell) for cell in raw[column][filled]]
        else:
            assert values.tolist() == raw[column][filled].tolist()


@pytest.mark.parametrize("name", READERS)
def test_a_frame_reads_like_its_file(name):
    read, _ = READERS[name]
    pd.testing.assert_frame_equal(read(cells(name)), read(DATA / f"{name}.csv"))


def test_counts_are_those_of_the_data_readme():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for name, (read, _) in READERS.items():
        line = next(line for line in text.splitlines() if line.startswith(f"| `{name}.csv`"))
        assert f"| {len(read(DATA / f'{name}.csv'))} " in line


WRONG = [
    ("contrasts", 0, {"difference": "-99"}, "the interval must hold its difference"),
    ("contrasts", 0, {"ci_low": ""}, "both limits are needed"),
    ("contrasts", 0, {"ci_level": ""}, "an interval needs its level"),
    ("contrasts", 0, {"ci_level": "0.95"}, "must lie between 50 and 99.99"),
    ("contrasts", 0, {"ci_level": "49.5"}, "must lie between 50 and 99.99"),
    ("contrasts", 0, {"ci_low": "-25.4", "ci_high": "-25.4"}, "the interval has no width"),
    ("contrasts", 0, {"n_treatment": "-5"}, "must lie between 1 and"),
    ("contrasts", 0, {"n_treatment": "1.000"}, "may have a sign between thousands"),
    ("contrasts", 0, {"n_placebo": "10.5"}, "is not a whole number"),
    ("contrasts", 0, {"year": "3"}, "must lie between 1900 and 2100"),
    ("contrasts", 0, {"week": "-1"}, "must lie between 0 and 5000"),
    ("contrasts", 0, {"se": "0"}, "must be above zero"),
    ("contrasts", 0, {"se": "20"}, "is not that of its interval"),
    ("contrasts", 0, {"se": "4"}, "is not that of its interval"),
    ("contrasts", 24, {"se": "1e-320"}, "is less than 1e-06 of the scale"),
    ("contrasts", 24, {"se": "11", "scale_min": "0", "scale_max": "10"}, "standard error is larger than the scale"),
    ("contrasts", 24, {"scale_min": "", "scale_max": "", "se": "1e300"}, "must lie between -1e+12 and"),
    ("contrasts", 18, {"year": "2015"}, "differs from the first row of this trial"),
    ("contrasts", 18, {"week": "9"}, "a row stands once"),
    ("contrasts", 0, {"scale_min": ""}, "come together"),
    ("contrasts", 0, {"scale_max": "30"}, "no difference, limit or standard error is larger than the scale"),
    ("contrasts", 0, {"selected": "maybe"}, "closed list"),
    ("contrasts", 0, {"difference": "-25,4"}, "is not a number"),
    ("contrasts", 0, {"therapy_family": ""}, "is blank"),
    ("claims", 1, {"claim_id": "mri01"}, "stands twice"),
    ("claims", 1, {"value": "about 30"}, "neither a number nor a range"),
    ("claims", 1, {"value": "-30 %"}, "neither a number nor a range"),
    ("claims", 1, {"value": "-30-20"}, "from below to above zero"),
    ("claims", 1, {"value": "-130"}, "more or less than its unit can hold"),
    ("claims", 1, {"value": "-30--40"}, "lower end does not stand first"),
    ("claims", 19, {"value": "3-2"}, "lower end does not stand first"),
    ("claims", 1, {"comparator_value": "-130"}, "more or less than the unit can hold"),
    ("claims", 1, {"n": "-5"}, "must lie between 1 and"),
    ("claims", 1, {"value": "-130--30"}, "more or less than its unit can hold"),
    ("claims", 1, {"value": "-0.3"}, "is a share"),
    ("claims", 9, {"value": "0.6"}, "is a share"),
    ("claims", 9, {"value": "600"}, "more or less than its unit can hold"),
    ("claims", 9, {"value": "-60"}, "more or less than its unit can hold"),
    ("claims", 23, {"value": "-30"}, "more or less than its unit can hold"),
    ("claims", 25, {"value": "-10.5"}, "more or less than its unit can hold"),
    ("claims", 7, {"value": "-12"}, "more or less than its unit can hold"),
    ("claims", 24, {"polarity": "relief"}, "what happened with placebo is no relief"),
    ("claims", 1, {"unit": ""}, "a number needs its unit"),
    ("claims", 1, {"unit": "metres"}, "closed list"),
    ("claims", 1, {"condition": ""}, "is blank"),
    ("claims", 0, {"kind": ""}, "is blank, and no other column tells it"),
    ("claims", 0, {"polarity": ""}, "is blank, and no other column tells it"),
    ("claims", 1, {"number_from": ""}, "is blank, and no other column tells it"),
    ("claims", 1, {"arm": ""}, "nobody says of which"),
    ("claims", 1, {"kind": "arm chnage"}, "closed list"),
    ("claims", 1, {"polarity": "hope"}, "closed list"),
    ("claims", 1, {"number_from": "guess"}, "closed list"),
    ("claims", 1, {"kind": "responders"}, "does not hold a number in this unit"),
    ("claims", 1, {"kind": "no number"}, "does not hold a number in this unit"),
    ("claims", 1, {"kind": "difference"}, "come together"),
    ("claims", 1, {"arm": "difference"}, "come together"),
    ("claims", 0, {"number_from": "article"}, "where a number is from, and there is none"),
    ("risk_of_bias", 0, {"tool": "RoB2"}, "a known tool, written in another way"),
    ("risk_of_bias", 0, {"judgement": "unclear"}, "not among the judgements of this tool"),
    ("risk_of_bias", 37, {"judgement": "some concerns"}, "not among the judgements of this tool"),
    ("risk_of_bias", 43, {"judgement": "low"}, "not among the judgements of this tool"),
    ("risk_of_bias", 41, {"judgement": "11"}, "not among the judgements of this tool"),
    ("risk_of_bias", 42, {"judgement": "8"}, "not the number of items that are met"),
    ("risk_of_bias", 1, {"domain": "D1 randomisation process"}, "a row stands once"),
    ("risk_of_bias", 0, {"judged_by": ""}, "is blank"),
    ("risk_of_bias", 0, {"certainty": "sure"}, "closed list"),
    ("facts_on_bias", 0, {"finding": ""}, "is blank"),
    ("correlations", 0, {"r": "-0.564"}, "not what the three SDs give"),
    ("correlations", 0, {"sd_change": "0.34"}, "not what the three SDs give"),
    ("correlations", 0, {"r": "", "sd_change": "9"}, "not what the three SDs give"),
    ("correlations", 0, {"r": "56.4"}, "must lie between -1 and 1"),
    ("correlations", 0, {"r": "", "sd_final": ""}, "the three SDs that imply it"),
    ("correlations", 4, {"sd_final": "0"}, "must be above zero"),
    ("correlations", 0, {"r_from": "somewhere"}, "where the correlation is from"),
    ("correlations", 2, {"weeks": "7"}, "a row stands once"),
    ("mcid", 0, {"value_low": "-2"}, "above zero, its lower end first"),
    ("mcid", 0, {"value_high": "1"}, "above zero, its lower end first"),
    ("mcid", 0, {"kind": "both"}, "closed list"),
    ("benchmarks", 0, {"ci_low": "9"}, "the interval must hold its estimate"),
    ("mcid", 0, {"value_high": "12"}, "no difference, limit or standard error is larger than the scale"),
    ("mcid", 1, {"value_high": "130"}, "no difference, limit or standard error is larger than the scale"),
    ("mcid", 0, {"year": "201"}, "must lie between 1900 and 2100"),
    ("benchmarks", 0, {"k": "9.5"}, "is not a whole number"),
    ("benchmarks", 0, {"k": "0"}, "must lie between 1 and"),
    ("benchmarks", 5, {"n": "4"}, "no more trials than people"),
    ("benchmarks", 0, {"year": "3"}, "must lie between 1900 and 2100"),
    ("benchmarks", 0, {"i2": "101"}, "must lie between 0 and 100"),
    ("benchmarks", 0, {"ci_high": "105.9"}, "no difference, limit or standard error is larger than the scale"),
    ("benchmarks", 0, {"ci_low": "2.1", "ci_high": "2.1"}, "the interval has no width"),
    ("benchmarks", 0, {"sign": "positive favors treatment"}, "closed list"),
    ("benchmarks", 21, {"ci_low": "-2.74"}, "a ratio is above zero"),
    ("correlations", 0, {"n": "-5"}, "is no number from 1 to"),
    ("correlations", 0, {"n": "43.5"}, "is no number from 1 to"),
    ("correlations", 0, {"n": "3-2"}, "is no number from 1 to"),
    ("correlations", 0, {"weeks": "-1"}, "is no number from 0 to 5000"),
]


@pytest.mark.parametrize(("name", "row", "change", "rule"), WRONG)
def test_wrong_cells_are_named(name, row, change, rule):
    read, key = READERS[name]
    table = cells(name)
    table.loc[row, list(change)] = list(change.values())
    with pytest.raises(ma.TrialDataError) as caught:
        read(table)
    ((_, problem),) = caught.value.problems.iterrows()
    assert problem["row"] == row + 2 and rule in problem["rule"] and problem["remedy"]
    assert problem["study"] == table.loc[row, key]
    assert f"{key.removesuffix('_id')} '{table.loc[row, key]}'" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "value"),
    [(1, "-100"), (1, "-100--1"), (1, "250"), (9, "0"), (9, "1-100"), (23, "-10"), (23, "-0.4"), (24, "10"), (7, "0")],
)
def test_what_a_unit_can_hold_is_read(row, value):
    table = cells("claims")
    table.loc[row, "value"] = value
    assert ma.read_claims(table)["value"].iloc[row] == value


@pytest.mark.parametrize(
    ("name", "row", "change"),
    [
        ("contrasts", 0, {"se": "8.8", "n_placebo": "1", "week": "0", "ci_level": "90"}),
        ("contrasts", 0, {"se": "5"}),
        ("contrasts", 0, {"se": "17"}),
        ("contrasts", 24, {"se": "10", "scale_min": "0", "scale_max": "10"}),
        ("contrasts", 0, {"scale_max": "43"}),
        ("contrasts", 18, {"week": "10", "scale": "VAS 0-100"}),
        ("claims", 19, {"value": "2-2.5"}),
        ("claims", 1, {"comparator_value": "-100", "n": "1"}),
        ("mcid", 0, {"value_high": "10"}),
        ("mcid", 1, {"value_high": "100"}),
        ("benchmarks", 0, {"k": "1", "n": "1", "i2": "100", "ci_high": "100"}),
        ("benchmarks", 21, {"ci_low": "0.01"}),
        ("correlations", 0, {"n": "43 in both arms", "weeks": "several"}),
        ("correlations", 0, {"n": "about 40", "weeks": "0.5"}),
    ],
)
def test_what_comes_near_a_rule_is_read(name, row, change):
    table = cells(name)
    table.loc[row, list(change)] = list(change.values())
    assert len(READERS[name][0](table)) == len(table)


def test_contrasts_of_an_own_therapy():
    table = cells("contrasts").head(1).assign(therapy="Music")
    with pytest.raises(ma.TrialDataError, match=r"read_contrasts\(..., allow=\{'therapy': \[...\]\}\) admits"):
        ma.read_contrasts(table)
    assert ma.read_contrasts(table, allow={"therapy": [" Music "]})["therapy"].tolist() == ["Music"]


def test_responders_may_be_fewer_than_with_placebo():
    table = cells("claims")
    table.loc[9, ["value", "arm"]] = ["-20", "difference"]
    assert ma.read_claims(table)["value"].iloc[9] == "-20"


@pytest.mark.parametrize(("typed", "value"), [("−3", "-3"), ("-4–-3", "-4--3"), ("2–3", "2-3"), ("−4–−3", "-4--3")])
def test_signs_and_dashes_of_word_processors_are_read(typed, value):
    table = cells("claims")
    table.loc[23, "value"] = typed
    assert ma.read_claims(table)["value"].iloc[23] == value


@pytest.mark.parametrize("decimal", [None, ","])
@pytest.mark.parametrize(("typed", "value"), [("-3,5", "-3.5"), ("1,5-3", "1.5-3"), ("−4,5–−3,5", "-4.5--3.5")])
def test_claims_may_have_decimal_commas(tmp_path, typed, value, decimal):
    table = cells("claims").iloc[23:24].assign(value=typed, comparator_value="")
    table.to_csv(tmp_path / "c.csv", sep=";", index=False)
    assert ma.read_claims(tmp_path / "c.csv", decimal=decimal)["value"].tolist() == [value]
    assert ma.read_claims(table, decimal=",")["value"].tolist() == [value]
    with pytest.raises(ma.TrialDataError, match="neither a number nor a range"):
        ma.read_claims(table)


def test_a_point_and_a_number_of_a_workbook_under_a_decimal_comma():
    table = cells("claims").iloc[23:24].assign(comparator_value="").astype({"value": object})
    assert ma.read_claims(table.assign(value=-3.5), decimal=",")["value"].tolist() == ["-3.5"]
    with pytest.raises(ma.TrialDataError, match="value '-3.5': is neither a number nor a range"):
        ma.read_claims(table.assign(value="-3.5"), decimal=",")


def test_a_comma_of_a_claim_may_stand_between_thousands(tmp_path):
    cells("claims").iloc[23:24].assign(value="-3,125", comparator_value="").to_csv(
        tmp_path / "c.csv", sep=";", index=False
    )
    with pytest.raises(ma.TrialDataError, match="comma between thousands"):
        ma.read_claims(tmp_path / "c.csv")


@pytest.mark.parametrize("name", ["trials", *READERS])
def test_a_table_without_rows_asks_for_them(name):
    read = ma.read_trials if name == "trials" else READERS[name][0]
    rows = "Add one row per arm." if name == "trials" else "Add the rows."
    with pytest.raises(ma.TrialDataError, match=f"no row under the heading. {rows}"):
        read(cells(name).iloc[:0])


def test_all_problems_are_listed_at_once():
    table = cells("claims")
    table.loc[0, "traced"], table.loc[3, "unit"], table.loc[5, "value"] = "perhaps", "yards", "half"
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_claims(table)
    assert caught.value.problems["row"].tolist() == [2, 5, 7]


def test_a_trials_table_is_not_taken_for_claims():
    with pytest.raises(ma.TrialDataError, match="this column is missing"):
        ma.read_claims(DATA / "trials.csv")


# A table about studies, beside the tables of the studies


@pytest.fixture(scope="module")
def contrasts():
    return ma.read_contrasts(DATA / "contrasts.csv")


@pytest.mark.parametrize("name", OF_STUDIES)
def test_every_study_named_is_in_one_of_the_tables(name, contrasts):
    read, _ = READERS[name]
    alone = read(DATA / f"{name}.csv")
    pd.testing.assert_frame_equal(read(DATA / f"{name}.csv", trials=published_trials(), contrasts=contrasts), alone)


@pytest.mark.parametrize("name", OF_STUDIES)
def test_a_study_that_no_table_has_is_named(name, contrasts):
    read, key = READERS[name]
    table = cells(name)
    table.loc[[0, 2], "study"] = ["chow206", "another2020"]
    with pytest.raises(ma.TrialDataError) as caught:
        read(table, trials=published_trials(), contrasts=contrasts)
    problems = caught.value.problems
    assert problems["row"].tolist() == [2, 4] and set(problems["column"]) == {"study"}
    assert problems["value"].tolist() == ["chow206", "another2020"]
    assert problems["remedy"][0] == "Did you mean 'chow2006'?" and "give the table" in problems["remedy"][1]
    if key != "study":
        assert problems["study"].tolist() == table.loc[[0, 2], key].tolist()
    assert len(read(table)) == len(table), "without a table of studies nothing is known of them"


def test_trials_alone_do_not_know_those_that_print_only_a_difference(contrasts):
    with pytest.raises(ma.TrialDataError, match="in no table of studies given") as caught:
        ma.read_risk_of_bias(DATA / "risk_of_bias.csv", trials=published_trials())
    assert set(caught.value.problems["value"]) <= set(contrasts["study"])
    assert len(ma.read_bias_facts(DATA / "facts_on_bias.csv", trials=published_trials())) == 93
    with pytest.raises(ValueError, match="contrasts must be the table that read_contrasts returns"):
        ma.read_risk_of_bias(DATA / "risk_of_bias.csv", contrasts=pd.DataFrame({"Study": ["gale2006"]}))


def test_a_tool_of_ones_own_may_judge_as_it_likes():
    table = cells("risk_of_bias").head(1).assign(tool="ROBINS-I", judgement="moderate")
    assert ma.read_risk_of_bias(table)["judgement"].tolist() == ["moderate"]


def test_three_sds_stand_for_a_correlation():
    table = cells("correlations").head(2).assign(r="", r_from="three SDs as printed, of completers", note="")
    assert ma.read_correlations(table)["r"].isna().all()


def test_correlations_of_other_columns_are_told_what_is_missing():
    other = pd.DataFrame({"Study": ["Smith 2024"], "r": [0.5], "n": [20]})
    with pytest.raises(ma.TrialDataError, match="Did you mean 'study'") as caught:
        ma.read_correlations(other)
    assert caught.value.problems["column"].tolist() == ["Study", "source", "scale", "arm", "r_from"]


def test_claims_may_leave_blank_what_other_columns_tell():
    doses = cells("claims").query("kind == 'dose'")
    left = ["kind", "polarity"]
    table = ma.read_claims(doses.drop(columns=left))
    assert table[left].isna().all(axis=None) and len(table) == len(doses) == 3


OWN = {"therapy": ["Music"]}
ARTICLE = pd.DataFrame(
    {"therapy": "Music", "condition": ["toothache", "migraine"], "claim": ["Music helps.", "It does."]}
    | {"kind": "no number", "polarity": "relief"}
)


def test_claims_of_an_own_therapy_need_five_columns():
    with pytest.raises(ma.TrialDataError, match=r"read_claims\(..., allow=\{'therapy': \[...\]\}\) admits further"):
        ma.read_claims(ARTICLE)
    table = ma.read_claims(ARTICLE, allow=OWN)
    assert table["claim_id"].tolist() == ["c1", "c2"]
    assert table["therapy_family"].tolist() == ["Music", "Music"]
    assert table["seed"].isna().all() and table["traced"].isna().all()
    for name in ("therapy", "condition", "claim"):
        with pytest.raises(ma.TrialDataError, match=f"'{name}': this column is missing"):
            ma.read_claims(ARTICLE.drop(columns=name), allow=OWN)


def test_families_of_ones_own_are_admitted_and_kept():
    table = ARTICLE.assign(therapy_family="Sound")
    with pytest.raises(ma.TrialDataError, match=r"allow=\{'therapy_family': \[...\]\}"):
        ma.read_claims(table, allow=OWN)
    assert set(ma.read_claims(table, allow=OWN | {"therapy_family": "Sound"})["therapy_family"]) == {"Sound"}


def test_what_rules_read_is_not_widened():
    """A kind that no rule knows could not be judged."""
    with pytest.raises(ValueError, match="no vocabulary to widen for kind; there is one for therapy, therapy_family"):
        ma.read_claims(ARTICLE, allow={"kind": ["rumour"]})
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_claims(ARTICLE.assign(kind="rumour"), allow=OWN)
    assert "'rumour'" in str(caught.value) and "allow" not in str(caught.value)


def test_some_claims_with_ids_and_some_without_are_refused():
    with pytest.raises(ma.TrialDataError, match="row 3, column 'claim_id': is blank. Give each claim an id, or none"):
        ma.read_claims(ARTICLE.assign(claim_id=["a", None]), allow=OWN)
    assert ma.read_claims(ARTICLE.assign(claim_id=["a", "b"]), allow=OWN)["claim_id"].tolist() == ["a", "b"]
    assert ma.read_claims(ARTICLE.assign(claim_id=None), allow=OWN)["claim_id"].tolist() == ["c1", "c2"]


@pytest.fixture(scope="module")
def music():
    """Return four trials of music against silence for toothache."""
    about = {"therapy": "Music", "condition_group": "Toothache", "n": 60, "scale_min": 0, "scale_max": 10}
    rows = [
        about | {"study": f"s{i}", "arm": arm, "change_mean": mean - 0.1 * i, "change_sd": 2.0}
        for i in range(4)
        for arm, mean in (("treatment", -3.0), ("placebo", -1.8))
    ]
    return ma.read_trials(pd.DataFrame(rows), allow=OWN | {"condition_group": ["Toothache"]})


def test_an_article_of_ones_own_is_checked_counted_and_told(music):
    """It does not matter whether the claims went through `read_claims`."""
    checked = ma.check_claims(ma.read_claims(ARTICLE, allow=OWN), music)
    pd.testing.assert_frame_equal(ma.check_claims(ARTICLE, music), checked, check_dtype=False)
    assert checked["match"].tolist() == ["direct", "same therapy, other conditions"]
    assert checked["k"].tolist() == [4, 4] and checked["doubted"].tolist() == [0, 0]
    assert ma.claim_counts(checked, by="therapy_family").loc["Music"].sum() == 2
    assert "c1" in ma.claims_findings(checked) and "c2" in ma.claims_findings(checked)
    drawn = ma.claims_plot(checked).content
    assert drawn.title.startswith("Music") and drawn.table["claim_id"].dropna().tolist() == ["c1", "c2"]


def test_trials_in_doubt_are_counted(music):
    checked = ma.check_claims(ARTICLE, music.assign(certainty=["doubtful"] * 4 + ["clear"] * 4))
    assert checked["k"].tolist() == [4, 4] and checked["doubted"].tolist() == [2, 2]


@pytest.mark.parametrize("name", ["therapy", "condition_group"])
def test_trials_of_which_nobody_says_what_they_are_of_are_refused(music, name):
    with pytest.raises(ValueError, match=f"{name} is blank in all of them; fill it in: read_trials .* allow="):
        ma.check_claims(ARTICLE, music.assign(**{name: None}))
    some = ma.check_claims(ARTICLE, music.assign(**{name: music[name].where(music["study"] == "s0")}))
    assert some["k"][0] == 1
    assert some["scope"][1].removeprefix("Music, other conditions: toothache") in ("", ", condition not given")
