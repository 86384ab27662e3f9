"""Tables with one row a study from files: what other programs write, made afresh here in their layouts."""

import contextlib
import io
import re
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd
import pytest

import analysis as ma
from analysis.data.about import about_sheet
from analysis.data.files import opened
from analysis.data.revman import DATA_ROWS

COUNTS = [("Gray 2012", 4, 120, 11, 118), ("Hall 2014", 7, 210, 12, 205), ("MRC-1", 3, 95, 14, 97)]
MEANS = [
    ("Abe 2016", 61, 14, 30, 52, 15, 29),
    ("Berg 2018", 58, 12, 44, 55, 13, 46),
    ("Cruz 2021", 66, 16, 25, 54, 15, 24),
]


# ------------------------------------------------------------------------------------------------------------ RevMan 5


def tag(name, text="", /, inside="", **attributes):
    written = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    return f"<{name}{written}>{escape(text)}{inside}</{name}>\n"


def study_id(name):
    """Signs other than letters, digits and _ stand in an id by their numbers."""
    return "STD-" + re.sub(r"\W", lambda found: f"_x{ord(found[0]):04x}_", name)


def entries(kind, rows, columns, inside="", **more):
    return "".join(
        tag(
            f"{kind}_DATA",
            "",
            inside,
            STUDY_ID=study_id(name),
            ORDER=at,
            WEIGHT="1.0",
            **dict(zip(columns.split(), values, strict=True)) | more,
        )
        for at, (name, *values) in enumerate(rows)
    )


def outcome(
    kind, no, name, inside, arms=("Vaccine", "No vaccine"), sides=("Favours vaccine", "Favours no vaccine"), **more
):
    called = more.pop("called", None)
    words = tag("NAME", name) + (tag("EFFECT_MEASURE", called) if called else "")
    words += "".join(tag(f"GROUP_LABEL_{i}", arm) for i, arm in enumerate(arms, 1))
    words += "".join(tag(f"GRAPH_LABEL_{i}", side) for i, side in enumerate(sides, 1))
    about = {"ID": f"CMP-001.{no:02}", "NO": no, "CI_STUDY": 95, "RANDOM": "NO", "SUBGROUPS": "NO"} | more
    return tag(f"{kind}_OUTCOME", inside=words + inside, **about)


def item(no, name, judged, groups=(), **more):
    """A domain and what was judged of it: study, answer, support and, where it has groups, the group."""
    level = "GROUP" if groups else "STUDY"
    parts = tag("NAME", name) + tag("DESCRIPTION", inside=tag("P", "What the domain is."))
    parts += "".join(
        tag("QUALITY_ITEM_DATA_ENTRY_GROUP", "", tag("NAME", each), ID=f"QIT-{no:02}-G{i}", NO=i)
        for i, each in enumerate(groups, 1)
    )
    data = "".join(
        tag(
            "QUALITY_ITEM_DATA_ENTRY",
            "",
            tag("DESCRIPTION", inside=support and tag("P", inside=support)),
            RESULT=answer,
            STUDY_ID=study_id(study),
            **{"GROUP_ID": f"QIT-{no:02}-G{group[0]}"} if group else {},
        )
        for study, answer, support, *group in judged
    )
    about = {"CORE_ITEM": "YES", "ID": f"QIT-{no:02}", "LEVEL": level, "NO": no} | more
    return tag("QUALITY_ITEM", inside=parts + tag("QUALITY_ITEM_DATA", inside=data), **about)


def review(
    *outcomes,
    studies=("Gray 2012", "Hall 2014", "MRC-1", "Abe 2016", "Berg 2018", "Cruz 2021"),
    head="",
    items="",
    tests="",
    **about,
):
    listed = "".join(tag("STUDY", ID=study_id(x), NAME=x, YEAR=re.sub(r"\D", "", x)[-4:]) for x in studies)
    compared = tag("COMPARISON", inside=tag("NAME", "Vaccine & none") + "".join(outcomes), ID="CMP-001", NO=1)
    parts = tag("STUDIES_AND_REFERENCES", inside=tag("STUDIES", inside=tag("INCLUDED_STUDIES", inside=listed)))
    parts += tag("QUALITY_ITEMS", inside=items) + tag("ANALYSES_AND_DATA", inside=compared + tests)
    about = {"TYPE": "INTERVENTION"} | about
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}' + tag("COCHRANE_REVIEW", inside=parts, **about)


COUNTED = "EVENTS_1 TOTAL_1 EVENTS_2 TOTAL_2"
INFECTED = outcome("DICH", 1, "Infections", entries("DICH", COUNTS, COUNTED), EFFECT_MEASURE="RR", METHOD="MH")
FUNCTION = outcome(
    "CONT",
    2,
    "Function",
    entries("CONT", MEANS, "MEAN_1 SD_1 TOTAL_1 MEAN_2 SD_2 TOTAL_2"),
    ("Laser", "Sham"),
    ("Favours sham", "Favours laser"),
    EFFECT_MEASURE="SMD",
)


def read(text, tmp_path, **options):
    path = tmp_path / "review.rm5"
    path.write_text(text, encoding="utf-8")
    return ma.read_studies(path, **options)


def refused(call, *words):
    with pytest.raises(ma.TrialDataError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)
    return caught.value.problems


def test_counts_of_a_review(tmp_path):
    table = read(review(INFECTED), tmp_path)
    assert table[["events_t", "n_t", "events_p", "n_p"]].to_numpy().tolist() == [list(row[1:]) for row in COUNTS]
    assert table["study"].tolist() == [row[0] for row in COUNTS] and table["year"].tolist()[:2] == [2012, 2014]
    effects = ma.effect_sizes(table)
    expected = ma.effects.log_risk_ratio(*np.array([row[1:] for row in COUNTS], float).T)
    assert effects.yi == pytest.approx(expected[0], rel=1e-12) and effects.vi == pytest.approx(expected[1], rel=1e-12)
    assert (effects.measure, effects.arms, effects.benefit) == ("RR", ("Vaccine", "No vaccine"), "lower")
    assert effects.outcome_name == "Infections"


def test_means_of_a_review_and_the_side_that_is_good(tmp_path):
    effects = ma.effect_sizes(read(review(INFECTED, FUNCTION), tmp_path, outcome="1.2"))
    expected = ma.effects.hedges_g(*np.array([row[1:] for row in MEANS], float).T)
    assert effects.yi == pytest.approx(expected[0], rel=1e-12)
    assert (effects.measure, effects.arms, effects.benefit) == ("SMD", ("Laser", "Sham"), "higher")


def test_an_outcome_is_named_by_number_id_or_name(tmp_path):
    text = review(INFECTED, FUNCTION)
    for wanted in ("1.1", 1.1, "CMP-001.01", "infections", " Infections "):
        assert len(read(text, tmp_path, outcome=wanted).columns) == 6
    ten = review(INFECTED, INFECTED.replace('NO="1"', 'NO="10"'))
    refused(lambda: read(ten, tmp_path, outcome=1.1), "may be 1.1 or 1.10 of the review: give it as a text")
    assert len(read(ten, tmp_path, outcome="1.10")) == 3
    problems = refused(lambda: read(text, tmp_path), "the review has 2 outcomes", "1.1 Infections", "1.2 Function")
    assert problems["column"].tolist() == ["outcome"]
    refused(lambda: read(text, tmp_path, outcome="pain"), "'pain'", "names no outcome", "1.1 Infections")
    twice = review(INFECTED, INFECTED.replace('NO="1"', 'NO="3"'))
    refused(lambda: read(twice, tmp_path, outcome="Infections"), "names several outcomes", "1.3 Infections")


def test_subgroups_of_a_review(tmp_path):
    inside = "".join(
        tag("DICH_SUBGROUP", inside=tag("NAME", name) + entries("DICH", rows, COUNTED), NO=no)
        for no, (name, rows) in enumerate([("Children", COUNTS[:1]), ("Adults", COUNTS[1:])], 1)
    )
    text = review(outcome("DICH", 1, "Infections", inside, EFFECT_MEASURE="OR", METHOD="PETO"))
    table = read(text, tmp_path)
    assert table["subgroup"].tolist() == ["Children", "Adults", "Adults"]
    effects = ma.effect_sizes(table)
    assert effects.measure == "PETO" and effects.table["subgroup"].tolist() == ["Children", "Adults", "Adults"]
    assert effects.yi == pytest.approx(ma.effects.peto_log_odds_ratio(*np.array([r[1:] for r in COUNTS], float).T)[0])


@pytest.mark.parametrize("stored", ["ratio", "log", "log beside ratios"])
def test_effects_are_on_the_scale_their_intervals_tell(tmp_path, stored):
    yi, se = np.log([0.71, 0.88, 0.64]), np.array([0.13, 0.18, 0.15])
    low, high = yi - 1.959964 * se, yi + 1.959964 * se
    ends = (low, high) if stored == "log" else (np.exp(low), np.exp(high))
    rows = zip(["Gray 2012", "Hall 2014", "MRC-1"], np.exp(yi) if stored == "ratio" else yi, se, *ends, strict=True)
    inside = entries("IV", rows, "EFFECT_SIZE SE CI_START CI_END")
    effects = ma.effect_sizes(read(review(outcome("IV", 1, "Deaths", inside, called="Hazard Ratio")), tmp_path))
    assert effects.measure == "HR" and effects.yi == pytest.approx(yi) and np.sqrt(effects.vi) == pytest.approx(se)


def stored_as(scale, yi, se, called, **more):
    """A review whose effects are on a scale, as are their intervals; "log beside ratios" has intervals of ratios."""
    low, high = yi - 1.959964 * se, yi + 1.959964 * se
    ends = (low, high) if scale == "log" else (np.exp(low), np.exp(high))
    rows = zip(["Gray 2012", "Hall 2014"], np.exp(yi) if scale == "ratio" else yi, se, *ends, strict=True)
    return review(
        outcome("IV", 1, "Deaths", entries("IV", rows, "EFFECT_SIZE SE CI_START CI_END"), called=called, **more)
    )


@pytest.mark.parametrize("stored", ["ratio", "log", "log beside ratios"])
@pytest.mark.parametrize(
    ("called", "measure"),
    [
        ("Hazard ratio (adjusted)", "HR"),
        ("HR", "HR"),
        ("aOR (95% CI)", "OR"),
        ("Incidence Rate Ratio", "IRR"),
        ("Adjusted relative risk", "RR"),
        ("Ratio of means", "ROM"),
        ("Prevalence ratio", ""),
        ("Ratio of odds ratios", ""),
        ("PR", ""),
    ],
)
def test_a_measure_in_the_words_of_the_authors_is_no_plain_number(tmp_path, called, measure, stored):
    """The intervals tell that an effect is a ratio, whatever it is called; its standard error is that of the log."""
    yi, se = np.log([0.7408, 0.6065]), np.array([0.2, 0.3])
    text = stored_as(stored, yi, se, called)
    plain = called == "PR" and stored == "log"
    with contextlib.nullcontext() if measure or plain else pytest.warns(UserWarning, match="the logs of ratios"):
        effects = ma.effect_sizes(read(text, tmp_path))
    assert effects.measure == measure and effects.yi == pytest.approx(yi) and np.sqrt(effects.vi) == pytest.approx(se)


def test_plain_numbers_in_the_words_of_the_authors_stay_plain(tmp_path):
    yi, se = np.array([0.7408, 1.3]), np.array([0.2, 0.3])
    for called in ("Mean difference in HR", "Difference in points", "Slope", ""):
        effects = ma.effect_sizes(read(stored_as("log", yi, se, called), tmp_path))
        assert effects.measure == "" and effects.yi == pytest.approx(yi)
    near_one = ma.effect_sizes(read(stored_as("log", yi * 0 + 1.001, se / 100, "Slope"), tmp_path))
    assert near_one.yi == pytest.approx([1.001, 1.001])


def test_ratios_that_nothing_tells_from_their_logs_are_refused(tmp_path):
    """0.74 with an interval of 0.35 to 1.13 may be a ratio beside its own standard error, or a log."""
    yi, se = np.array([0.7408, 1.3]), np.array([0.2, 0.3])
    for called in ("Hazard ratio (adjusted)", "Prevalence ratio"):
        problems = refused(lambda called=called: read(stored_as("log", yi, se, called), tmp_path), "a ratio or its log")
        assert problems["study"].tolist() == ["Gray 2012", "Hall 2014"] and problems["value"].tolist()[0] == "0.7408"
    bare = entries("IV", [("Gray 2012", 0.74, 0.2), ("Hall 2014", 1.3, 0.3)], "EFFECT_SIZE SE")
    refused(
        lambda: read(review(outcome("IV", 1, "Deaths", bare, called="aHR")), tmp_path), "a ratio or its log", "'aHR'"
    )
    for called, more in (("Log hazard ratio", {}), ("Hazard ratio (adjusted)", {"LOG_DATA": "YES"})):
        effects = ma.effect_sizes(read(stored_as("log", yi, se, called, **more), tmp_path))
        assert effects.measure == "HR" and effects.yi == pytest.approx(yi)
    rows = [("Gray 2012", 0.71, 0.13, 0.2, 0.9), ("Hall 2014", 0.88, 0.18, 0.5, 1.6)]
    inside = entries("IV", rows, "EFFECT_SIZE SE CI_START CI_END")
    refused(lambda: read(review(outcome("IV", 1, "Slope", inside, called="Slope")), tmp_path), "fit neither")


def test_ratios_near_one(tmp_path):
    yi, se = np.log([1.001, 0.999]), np.array([0.002, 0.0025])
    columns = "EFFECT_SIZE SE CI_START CI_END"
    stored = np.exp([yi, yi - 1.96 * se, yi + 1.96 * se])

    def stored_as(numbers):
        rows = zip(["Gray 2012", "Hall 2014"], numbers[0], se, *numbers[1:], strict=True)
        return review(outcome("IV", 1, "Deaths", entries("IV", rows, columns), called="Hazard Ratio"))

    assert ma.effect_sizes(read(stored_as(stored), tmp_path)).yi == pytest.approx(yi)
    refused(lambda: read(stored_as(stored.round(5)), tmp_path), "fit both, ratios and their logs", "Gray 2012")


def test_effects_whose_intervals_fit_neither_scale(tmp_path):
    rows = [("Gray 2012", 0.71, 0.13, 0.2, 0.9), ("Hall 2014", 0.88, 0.18, 0.5, 1.6)]
    text = review(
        outcome("IV", 1, "Deaths", entries("IV", rows, "EFFECT_SIZE SE CI_START CI_END"), called="Hazard Ratio")
    )
    problems = refused(lambda: read(text, tmp_path), "fit neither, ratios and their logs")
    assert problems["study"].tolist() == ["Gray 2012", "Hall 2014"]
    differences = review(
        outcome("IV", 1, "Pain", entries("IV", rows, "EFFECT_SIZE SE CI_START CI_END"), called="Mean Difference")
    )
    assert ma.effect_sizes(read(differences, tmp_path)).yi.tolist() == [0.71, 0.88]


@pytest.mark.parametrize("called", ["Difference in slope", "Correlation", "HR (adjusted)"])
def test_intervals_of_two_decimals_fit_as_far_as_these_tell(tmp_path, called):
    effects, se = np.array([0.2959, 0.6183, 1.9127]), np.array([0.02, 0.2, 0.3])
    center = np.log(effects) if "HR" in called else effects
    ends = center + 1.959964 * se * np.array([[-1], [1]])
    low, high = (np.exp(ends) if "HR" in called else ends).round(2)
    rows = list(zip(("Gray 2012", "Hall 2014", "Ito 2016"), effects, se, low, high, strict=True))
    text = review(outcome("IV", 1, "Any", entries("IV", rows, "EFFECT_SIZE SE CI_START CI_END"), called=called))
    table = read(text, tmp_path)
    assert table["yi"].tolist() == pytest.approx(list(center))


def test_observed_minus_expected(tmp_path):
    rows = [("Gray 2012", -3.2, 8.1, 4, 120, 11, 118), ("Hall 2014", -1.4, 4.4, 7, 210, 12, 205)]
    inside = entries("IPD", rows, f"O_E VAR {COUNTED}")
    for called, measure in (("Hazard Ratio", "HR"), ("Peto Odds Ratio", "PETO")):
        effects = ma.effect_sizes(read(review(outcome("IPD", 1, "Deaths", inside, called=called)), tmp_path))
        assert effects.measure == measure
        assert effects.yi == pytest.approx([-3.2 / 8.1, -1.4 / 4.4]) and effects.vi == pytest.approx([1 / 8.1, 1 / 4.4])


def test_an_unknown_measure_is_an_effect(tmp_path):
    rows = [("Gray 2012", 0.4, 0.1), ("Hall 2014", 0.5, 0.2)]
    text = review(outcome("IV", 1, "Slope", entries("IV", rows, "EFFECT_SIZE SE"), called="Log something"))
    effects = ma.effect_sizes(read(text, tmp_path))
    assert effects.measure == "" and effects.yi.tolist() == [0.4, 0.5]


def test_what_nobody_filled_in_is_not_known(tmp_path):
    rows = [MEANS[0], ("Berg 2018", 58, "0.0", 44, 55, "0.0", 46)]
    text = review(
        outcome(
            "CONT", 1, "Pain", entries("CONT", rows, "MEAN_1 SD_1 TOTAL_1 MEAN_2 SD_2 TOTAL_2"), EFFECT_MEASURE="MD"
        )
    )
    table = read(text, tmp_path)
    problems = refused(lambda: ma.effect_sizes(table), "review.rm5: 2 problems", "sd_t is not known")
    line = next(i for i, each in enumerate(text.splitlines(), 1) if "Berg" in each and "CONT_DATA" in each)
    assert set(problems["row"]) == {line}
    assert len(ma.effect_sizes(table, missing="drop")) == 1


def test_swapped_events_are_swapped_and_told(tmp_path):
    swapped = INFECTED.replace("<DICH_OUTCOME", '<DICH_OUTCOME SWAP_EVENTS="YES"')
    with pytest.warns(UserWarning, match="Infections: events and non-events are swapped"):
        table = read(review(swapped), tmp_path)
    assert table["events_t"].tolist() == [116, 203, 92]


SIDES = [
    (("Favours vaccine", "Favours no vaccine"), "lower"),
    (("favors no vaccine", "favors vaccine"), "higher"),
    (("Favours experimental", "Favours control"), None),
    (("Favours intervention", "Favours control"), "lower"),
    (("Favours control", "Favours treatment"), "higher"),
    (("Favours [experimental]", "Favours [control]"), None),
    (("favours treatment", "favours control"), None),
    (("Fewer infections", "More infections"), None),
    (("Favours vaccine", "Favours vaccine"), None),
    (("", ""), None),
]


@pytest.mark.parametrize(("sides", "good"), SIDES)
def test_what_is_good_by_the_labels(tmp_path, sides, good):
    one = outcome("DICH", 1, "Infections", entries("DICH", COUNTS, COUNTED), sides=sides, EFFECT_MEASURE="RR")
    assert ma.effect_sizes(read(review(one), tmp_path)).benefit == good


def test_numbers_that_are_none_are_all_told(tmp_path):
    rows = [("Gray 2012", "four", 120, 11, 118), ("Hall 2014", 7, 210, "1e999", 205)]
    text = review(outcome("DICH", 1, "Infections", entries("DICH", rows, COUNTED), EFFECT_MEASURE="RR"))
    problems = refused(lambda: read(text, tmp_path), "2 problems", "is not a number")
    assert problems[["study", "column", "value"]].to_numpy().tolist() == [
        ["Gray 2012", "events_t", "four"],
        ["Hall 2014", "events_p", "1e999"],
    ]


def test_what_the_review_did_not_read_is_told(tmp_path):
    text = tag("OTHER_DATA", "", tag("P", "Two people felt ill."), STUDY_ID=study_id("Gray 2012"))
    others = (outcome("OTHER", 3, "Harms", text), outcome("DICH", 4, "Deaths", "", EFFECT_MEASURE="RR"))
    entry = tag("TEST_DATA_ENTRY", STUDY_ID=study_id("Gray 2012"), TP=9, FP=1, FN=2, TN=30)
    swab = tag("TEST", "", tag("NAME", "Swab") + tag("TEST_DATA", inside=entry), ID="TST-01", NO=1)
    told = "1.3 Harms holds text and no numbers; 1.4 Deaths has no studies"
    with pytest.warns(UserWarning, match=f"of the review this is not read: {told}$"):
        assert len(read(review(INFECTED, *others), tmp_path)) == 3
    refused(lambda: read(review(INFECTED, FUNCTION, *others), tmp_path), "1.2 Function", f"Not read: {told}.")
    for wanted, why in (("Harms", "holds text"), ("1.4", "has no studies")):
        refused(lambda wanted=wanted: read(review(INFECTED, *others), tmp_path, outcome=wanted), "cannot be read", why)
    refused(lambda: read(review(others[0]), tmp_path), "has no outcome with studies: 1.3 Harms holds text")
    refused(
        lambda: read(review(tests=tag("TESTS", inside=swab)), tmp_path), "1 Swab is a test of a diagnosis", "no arms"
    )
    unknown = outcome("SURVIVAL", 5, "Years", entries("SURVIVAL", [("Gray 2012",)], ""))
    refused(lambda: read(review(unknown), tmp_path), "1.5 Years is of a kind that is not known")


def test_subgroups_that_the_review_does_not_sum_up(tmp_path):
    inside = "".join(
        tag("DICH_SUBGROUP", inside=tag("NAME", name) + entries("DICH", COUNTS[:2], COUNTED), NO=no)
        for no, name in enumerate(["3 months", "6 months"], 1)
    )
    about = {"EFFECT_MEASURE": "RR", "SUBGROUPS": "YES"}
    for totals in ("NO", "SUB"):
        with pytest.warns(UserWarning, match="Infections: the review has no total over its subgroups"):
            table = read(review(outcome("DICH", 1, "Infections", inside, TOTALS=totals, **about)), tmp_path)
        assert len(table) == 4
    assert len(read(review(outcome("DICH", 1, "Infections", inside, TOTALS="YES", **about)), tmp_path)) == 4
    one = tag("DICH_SUBGROUP", inside=tag("NAME", "All") + entries("DICH", COUNTS, COUNTED), NO=1)
    assert len(read(review(outcome("DICH", 1, "Infections", one, TOTALS="SUB", **about)), tmp_path)) == 3


def test_what_the_review_could_not_estimate(tmp_path):
    nobody = [("Gray 2012", 0, 120, 0, 118), *COUNTS[1:]]
    counts = entries("DICH", nobody, COUNTED, ESTIMABLE="NO", EFFECT_SIZE="0.0", SE="0.0", O_E="0.0", VAR="0.0")
    table = read(review(outcome("DICH", 1, "Infections", counts, EFFECT_MEASURE="RR", METHOD="MH")), tmp_path)
    assert table["events_t"].tolist() == [0, 7, 3] and set(table) == {
        "study",
        "year",
        *"events_t n_t events_p n_p".split(),
    }
    yi, se = np.log([0.71, 0.88]), np.array([0.13, 0.18])
    rows = [("Gray 2012", "0.0", "0.0", "0.0", "0.0")]
    known = zip(["Hall 2014", "MRC-1"], np.exp(yi), se, np.exp(yi - 1.96 * se), np.exp(yi + 1.96 * se), strict=True)
    rows += [(name, *map(str, four)) for name, *four in known]
    text = review(
        outcome("IV", 1, "Deaths", entries("IV", rows, "EFFECT_SIZE SE CI_START CI_END"), called="Hazard Ratio")
    )
    table = read(text, tmp_path)
    assert table["yi"].isna().tolist() == [True, False, False] and table["yi"].iloc[1:].tolist() == pytest.approx(yi)
    effects = ma.effect_sizes(table, missing="drop")
    assert effects.labels == ["Hall 2014", "MRC-1"] and effects.left_out["study"].tolist() == ["Gray 2012"]


def test_what_other_versions_of_revman_write(tmp_path):
    """Results that were never computed, footnotes, names with an index, doubled hyphens, one line for all."""
    numbers = "MEAN_1 SD_1 TOTAL_1 MEAN_2 SD_2 TOTAL_2"
    blank = dict.fromkeys("CI_START CI_END EFFECT_SIZE SE".split(), "")
    inside = entries("CONT", MEANS, numbers, tag("FOOTNOTE", "After 4 weeks"), **blank)
    named = outcome("CONT", 1, "Cells", inside, EFFECT_MEASURE="MD").replace("Cells", "CD4<SUP>+</SUP> cells", 1)
    text = review(named).replace('STUDY_ID="STD-Abe_x0020_2016"', 'STUDY_ID="STD-Abe--2016"')
    text = text.replace('ID="STD-Abe_x0020_2016"', 'ID="STD-Abe-2016"').replace('YEAR="2016"', 'YEAR="2016."')
    table = read(text, tmp_path)
    assert table["study"].tolist() == ["Abe 2016", "Berg 2018", "Cruz 2021"] and table["year"].iloc[0] == 2016
    assert ma.effect_sizes(table).outcome_name == "CD4+ cells"
    flat = read(text.replace("\n", ""), tmp_path)
    assert flat.index.tolist() == [1, 2, 3] and flat.to_numpy().tolist() == table.to_numpy().tolist()
    without = re.sub(r"<STUDIES_AND_REFERENCES>.*</STUDIES_AND_REFERENCES>", "", review(INFECTED), flags=re.S)
    without = without.replace("STD-Gray_x0020_2012", "STD-El_x002d_Gray-2012")
    assert read(without, tmp_path)["study"].tolist() == ["El-Gray 2012", "Hall 2014", "MRC-1"]


def test_what_is_observed_minus_expected_has_petos_odds_ratio(tmp_path):
    inside = entries("IPD", [("Gray 2012", -3.2, 8.1), ("Hall 2014", -1.4, 4.4)], "O_E VAR")
    assert (
        ma.effect_sizes(read(review(outcome("IPD", 1, "Deaths", inside, called="Odds Ratio")), tmp_path)).measure
        == "PETO"
    )
    mh = outcome(
        "DICH", 1, "Infections", entries("DICH", COUNTS, COUNTED), EFFECT_MEASURE="OR", METHOD="MH", RANDOM="YES"
    )
    assert ma.effect_sizes(read(review(mh), tmp_path)).measure == "OR"


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
LEAK = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'


@pytest.mark.parametrize("head", [BOMB, LEAK])
def test_entities_are_refused(tmp_path, head):
    refused(lambda: read(review(INFECTED, head=head).replace("Infections", "&a;"), tmp_path), "declares entities")


def test_attributes_that_no_review_has(tmp_path):
    odd = INFECTED.replace("<DICH_OUTCOME", '<DICH_OUTCOME entries="1" comparison="2" kind="3"')
    odd = odd.replace("<DICH_DATA", '<DICH_DATA row="4" subgroup="5" study="6"')
    text = review(
        odd, items=ITEMS[1].replace("<QUALITY_ITEM_DATA_ENTRY ", '<QUALITY_ITEM_DATA_ENTRY row="7" note="8" ')
    )
    assert read(text, tmp_path)["study"].tolist() == [name for name, *_ in COUNTS]
    assert ma.read_risk_of_bias(io.BytesIO(text.encode()))["note"].fillna("").tolist() == ["Not told", "", ""]


def test_what_is_no_review(tmp_path):
    for text in ("<?xml version='1.0'?><html/>", "<?xml version='1.0'?><COCHRANE_REVIEW>", "study,n\n", ""):
        refused(lambda text=text: read(text, tmp_path), "is no review of RevMan 5")
    refused(lambda: read(review(), tmp_path), "has no outcome with studies")
    path = tmp_path / "review.rm5"
    refused(lambda: ma.read_trials(path), "is no table but a review of RevMan 5", "read_studies")
    assert len(ma.read_studies(io.BytesIO(review(INFECTED).encode()))) == 3
    latin = review(INFECTED).replace("UTF-8", "ISO-8859-1").replace("Gray 2012", "Gräy 2012")
    assert ma.read_studies(io.BytesIO(latin.encode("latin-1")))["study"][:1].tolist() == ["Gräy 2012"]


SEQUENCE, BLINDING = "Random sequence generation (selection bias)", "Blinding (performance bias)"
ITEMS = (
    item(
        1,
        SEQUENCE,
        [
            ("Gray 2012", "YES", "Random<BR/>numbers"),
            ("Hall 2014", "NO", "By <I>date</I> of birth"),
            ("MRC-1", "UNKNOWN", ""),
        ],
    ),
    item(
        2,
        BLINDING,
        [("Gray 2012", "UNKNOWN", "Not told", 1), ("Gray 2012", "NO", "", 2), ("Hall 2014", "YES", "", 1)],
        ("All outcomes", "Pain"),
    ),
)


def test_the_risk_of_bias_of_a_review(tmp_path):
    path = tmp_path / "review.rm5"
    path.write_text(review(INFECTED, items="".join(ITEMS)), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"review.rm5: of 6 judgements 1 unclear without a word"):
        judged = ma.read_risk_of_bias(path, judged_by="both of us")
    assert judged[["study", "domain", "judgement"]].to_numpy().tolist() == [
        ["Gray 2012", SEQUENCE, "low"],
        ["Hall 2014", SEQUENCE, "high"],
        ["Gray 2012", BLINDING, "unclear"],
        ["Gray 2012", f"{BLINDING}: Pain", "high"],
        ["Hall 2014", BLINDING, "low"],
    ]
    assert set(judged["tool"]) == {"RoB 1"} and set(judged["judged_by"]) == {"both of us"}
    assert judged["note"].fillna("").tolist() == ["Random numbers", "By date of birth", "Not told", "", ""]
    lines = path.read_text().splitlines()
    assert all("QUALITY_ITEM_DATA_ENTRY " in lines[row - 1] for row in judged.index)
    effects = ma.effect_sizes(ma.read_studies(path))
    beside = ma.with_risk_of_bias(effects, judged, domain=SEQUENCE)
    assert beside.table["risk_of_bias"].tolist() == ["low", "high", "not judged"]
    assert ma.without_high_risk(effects, judged, domain=SEQUENCE).labels == ["Gray 2012", "MRC-1"]
    assert ma.traffic_light(judged).content.table["name"].tolist()[:2] == ["Gray 2012", "Hall 2014"]
    pooled = ma.pool(effects)
    assert BLINDING in ma.forest(pooled, risk_of_bias=judged).content.caption
    ma.report(pooled, tmp_path / "out", risk_of_bias=judged)
    assert "RoB 1" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_judgements_that_are_none(tmp_path):
    def judged(*items, **about):
        path = tmp_path / "review.rm5"
        path.write_text(review(INFECTED, items="".join(items), **about), encoding="utf-8")
        return lambda **options: ma.read_risk_of_bias(path, **options)

    unsaid = item(1, SEQUENCE, [("Gray 2012", "UNKNOWN", ""), ("Hall 2014", "UNKNOWN", "")])
    refused(judged(unsaid), "has no judgement of the risk of bias; 2 unclear without a word")
    refused(judged(), "has no judgement of the risk of bias.", "'QUALITY_ITEMS'")
    wrong = refused(
        judged(item(1, SEQUENCE, [("Gray 2012", "MAYBE", "")])), "'MAYBE'", "no judgement of RevMan", "UNKNOWN"
    )
    assert wrong[["study", "column"]].to_numpy().tolist() == [["Gray 2012", SEQUENCE]]
    refused(judged(item(1, SEQUENCE, [("Gray 2012", "YES", "")] * 2)), "review.rm5: 1 problem", "a row stands once")
    quadas = item(1, "Could the selection of patients have introduced bias?", [("Gray 2012", "YES", "")], DOMAIN="1")
    for one, about in ((quadas, {}), (ITEMS[0], {"QUADAS2": "YES"}), (ITEMS[0], {"TYPE": "DIAGNOSTIC"})):
        refused(judged(one, **about), "tests of a diagnosis, judged with QUADAS")
    with pytest.raises(ValueError, match="tool='RoB 2' is not that of RevMan 5, which has RoB 1 only"):
        judged(ITEMS[1])(tool="RoB 2")
    assert len(judged(ITEMS[1])(tool="ROB1")) == 3
    later = re.sub(
        r"(<QUALITY_ITEM_DATA_ENTRY_GROUP .*_GROUP>\n)(.*)(</QUALITY_ITEM>)", r"\2\1\3", ITEMS[1], flags=re.S
    )
    assert later != ITEMS[1] and judged(later)()["domain"].tolist()[1] == f"{BLINDING}: Pain"
    nameless = judged(ITEMS[1].replace("<NAME>Pain</NAME>", "").replace('GROUP_ID="QIT-02-G2"', 'GROUP_ID="QIT-02-G7"'))
    assert nameless()["domain"].tolist()[1] == f"{BLINDING}: QIT-02-G7"
    refused(lambda: judged(ITEMS[1])(trials=pd.DataFrame({"study": ["Gray 2012"]})), "review.rm5", "'Hall 2014'")


# ------------------------------------------------------------------------------------------- the export of RevMan 5

EXPORT = (
    "Comparison Number,Outcome Number,Subgroup Number,Name,Data Type,Statistical Method,Effect Measure,Analysis Model,"
    "Totals,Study Confidence Interval,Swap event and non-event,Events 1,Mean 1,SD 1,Total 1,Events 2,Mean 2,SD 2,"
    "Total 2,O-E,Var,Effect Estimate,SE,CI Start,CI End,Weight,Group Label 1,Group Label 2,Left Graph Label,"
    "Right Graph Label,Year of study,User defined order"
).split(",")


def exported():
    zeros = dict.fromkeys(("Events 1", "Mean 1", "SD 1", "Events 2", "Mean 2", "SD 2", "O-E", "Var"), 0)
    about = {"Totals": "YES", "Study Confidence Interval": "95%", "Swap event and non-event": "NO"}
    about |= {"Group Label 1": "Vaccine", "Group Label 2": "Nothing", "Left Graph Label": "Favours vaccine"}
    rows = [(1, 0, 0, "Vaccine", {})]
    rows.append(
        (1, 1, 0, "Infections", {"Data Type": "DIC", "Statistical Method": "MH", "Effect Measure": "RR"} | about)
    )
    for group, name, own in ((1, "Children", COUNTS[:1]), (2, "Adults", COUNTS[1:])):
        rows.append((1, 1, group, name, {"Data Type": "DIC", "Events 1": 4, "Total 1": 120}))
        for study, *four in own:
            counts = dict(zip(["Events 1", "Total 1", "Events 2", "Total 2"], four, strict=True))
            rows.append((1, 1, group, study, zeros | counts | {"Year of study": 2012}))
    rows.append((1, 2, 0, "Function", {"Data Type": "CON", "Effect Measure": "Mean Difference", "Total 1": 99} | about))
    for study, *six in MEANS:
        columns = ["Mean 1", "SD 1", "Total 1", "Mean 2", "SD 2", "Total 2"]
        rows.append((1, 2, 0, study, zeros | dict(zip(columns, six, strict=True))))
    rows.append((2, 0, 0, "Drug", {}))
    of_hr = {"Data Type": "INV", "Statistical Method": "IV", "Effect Measure": "HR (adjusted)"} | about
    rows.append((2, 1, 0, "Deaths", of_hr))
    low, high = (np.exp(np.log(0.7) + sign * 1.959964 * 0.15) for sign in (-1, 1))
    rows.append((2, 1, 0, "Gray 2012", zeros | {"Effect Estimate": 0.7, "SE": 0.15, "CI Start": low, "CI End": high}))
    rows.append((2, 2, 0, "Relapse", of_hr | {"Statistical Method": "EXP_O_E_VAR"}))
    rows.append((2, 2, 0, "Gray 2012", zeros | {"O-E": -3.2, "Var": 8.1}))
    rows.append((2, 3, 0, "Harms", {"Data Type": "OTH"} | about))
    return pd.DataFrame([dict(zip(EXPORT, row[:4], strict=False)) | row[4] for row in rows]).reindex(columns=EXPORT)


def test_the_analyses_that_revman_5_exports():
    text = exported().to_csv(index=False)

    def effects(no):
        return ma.effect_sizes(ma.read_studies(io.StringIO(text), outcome=no))

    infected, function, deaths, relapse = (effects(no) for no in ("1.1", "Function", "2.1", "2.2"))
    assert infected.yi == pytest.approx(ma.effects.log_risk_ratio(*np.array([r[1:] for r in COUNTS], float).T)[0])
    assert infected.table["subgroup"].tolist() == ["Children", "Adults", "Adults"]
    assert (infected.measure, infected.arms, infected.benefit) == ("RR", ("Vaccine", "Nothing"), "lower")
    assert function.yi.tolist() == [9, 3, 12] and function.measure == "MD"
    assert deaths.yi == pytest.approx([np.log(0.7)]) and deaths.measure == "HR"
    assert relapse.yi == pytest.approx([-3.2 / 8.1]) and relapse.vi == pytest.approx([1 / 8.1])
    rows = ma.read_studies(io.StringIO(text), outcome="1.1").index
    assert [text.splitlines()[row - 1].split(",")[3] for row in rows] == [name for name, *_ in COUNTS]
    refused(
        lambda: ma.read_studies(io.StringIO(text)), "4 outcomes", "2.1 Deaths (Drug; 1 rows)", "2.3 Harms holds text"
    )
    refused(lambda: ma.read_studies(io.StringIO(exported()[:1].to_csv(index=False))), "has no outcome with studies")
    short = exported().drop(columns="Data Type").to_csv(index=False)
    refused(lambda: ma.read_studies(io.StringIO(short)), "'Data Type'", "Export the analyses again, with all fields")


# ---------------------------------------------------------------------------------------------------------- RevMan Web

WEB = (
    "Analysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,GIV Mean,GIV SE,"
    "Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,Control SD,Control cases,"
    "Control N,O-E,Variance,Weight,Mean,CI start,CI end,Footnotes"
).split(",")
SET = (
    "Analysis group,Analysis number,Analysis name,Analysis group name,Data type,Log-scale data,"
    "Experimental group label,Control group label,Statistical method,Effect measure,Swap event and non-event,"
    "CI/PI level,Graph label (left),Graph label (right)"
).split(",")


def data_rows():
    counts = pd.DataFrame(
        COUNTS, columns=["Study", "Experimental cases", "Experimental N", "Control cases", "Control N"]
    )
    columns = [
        "Study",
        "Experimental mean",
        "Experimental SD",
        "Experimental N",
        "Control mean",
        "Control SD",
        "Control N",
    ]
    means = pd.DataFrame(MEANS, columns=columns)
    frames = [
        frame.assign(**{"Analysis group": 1, "Analysis number": i, "Analysis name": name, "Subgroup": sub})
        for i, (frame, name, sub) in enumerate([(counts, "Infections", "Adults"), (means, "Function", "")], 1)
    ]
    return pd.concat(frames).reindex(columns=WEB)


def settings():
    rows = [
        (1, 1, "Infections", "Vaccine", "Dichotomous", "TRUE", "Vaccine", "Nothing", "Mantel-Haenszel", "Risk Ratio"),
        (
            1,
            2,
            "Function",
            "Vaccine",
            "Continuous",
            "FALSE",
            "Laser",
            "Sham",
            "Inverse variance",
            "Std. Mean Difference",
        ),
    ]
    sides = [("FALSE", "95%", "Favours vaccine", "Favours nothing"), ("FALSE", "95%", "Favours sham", "Favours laser")]
    return pd.DataFrame([(*row, *side) for row, side in zip(rows, sides, strict=True)], columns=SET)


def test_data_rows_of_revman_web_with_their_settings(tmp_path):
    assert set(DATA_ROWS) <= set(WEB)
    path = tmp_path / "CD000001-data-rows.csv"
    data_rows().to_csv(path, index=False)
    settings().to_csv(tmp_path / "CD000001-overall-estimates-and-settings.csv", index=False)
    refused(lambda: ma.read_studies(path), "2 outcomes", "1.1 Infections (Vaccine; 3 rows)", "1.2 Function")
    infected, function = (ma.effect_sizes(ma.read_studies(path, outcome=no)) for no in ("1.1", "Function"))
    assert infected.yi == pytest.approx(ma.effects.log_risk_ratio(*np.array([r[1:] for r in COUNTS], float).T)[0])
    assert (infected.measure, infected.arms, infected.benefit) == ("RR", ("Vaccine", "Nothing"), "lower")
    assert infected.table["subgroup"].tolist() == ["Adults"] * 3
    assert function.yi == pytest.approx(ma.effects.hedges_g(*np.array([r[1:] for r in MEANS], float).T)[0])
    assert (function.measure, function.benefit) == ("SMD", "higher")


def test_data_rows_alone_tell_no_measure(tmp_path):
    text = data_rows().to_csv(index=False)
    table = ma.read_studies(io.StringIO(text), outcome="1.2")
    assert table.index.tolist() == [5, 6, 7]
    with pytest.raises(ValueError, match="yi"):
        ma.effect_sizes(table)
    assert ma.effect_sizes(table, measure="MD").yi.tolist() == [9, 3, 12]


def test_what_revman_web_writes_where_nothing_applies(tmp_path):
    text = data_rows().assign(**{"Footnotes": "#N/A", "GIV Mean": "#N/A"}).to_csv(index=False)
    assert text.count("#N/A") == 12
    infected = ma.read_studies(io.StringIO(text), outcome="1.1")
    assert infected["events_t"].tolist() == [4, 7, 3]
    path = tmp_path / "CD1-data-rows.csv"
    path.write_text(text)
    beside = settings().assign(**{"Data source eligibility": "#N/A", "Overall estimates": "FALSE"})
    beside.to_csv(tmp_path / "CD1-overall-estimates-and-settings.csv", index=False)
    assert ma.effect_sizes(ma.read_studies(path, outcome="1.2")).measure == "SMD"
    refused(lambda: ma.read_studies(io.StringIO("study,yi,vi\nA,#N/A,1\n")), "#N/A")


def test_effects_and_measures_of_revman_web(tmp_path):
    """Effects are logs where their intervals are ratios; a measure of non-events is that of events, swapped."""
    path, beside = (tmp_path / f"CD1-{name}.csv" for name in ("data-rows", "overall-estimates-and-settings"))
    yi, se = np.log([0.71, 0.88]), np.array([0.13, 0.18])
    ends = np.exp([yi - 1.96 * se, yi + 1.96 * se])
    columns = ["Study", "GIV Mean", "GIV SE", "CI start", "CI end"]
    rows = pd.DataFrame(dict(zip(columns, [["A", "B"], yi, se, *ends], strict=True)))
    rows.assign(**{"Analysis group": 1, "Analysis number": 1}).reindex(columns=WEB).to_csv(path, index=False)
    one = settings()[:1]
    for called in ("Hazard Ratio", "Hazard ratio (adjusted)"):
        one.assign(**{"Data type": "Contrast level", "Effect measure": called}).to_csv(beside, index=False)
        effects = ma.effect_sizes(ma.read_studies(path))
        assert effects.measure == "HR" and effects.yi == pytest.approx(yi)
    data_rows()[:3].to_csv(path, index=False)
    non_events = {"Effect measure": "Risk Ratio (Non-event)", "Swap event and non-event": "TRUE"}
    one.assign(**non_events).to_csv(beside, index=False)
    with pytest.warns(UserWarning, match="swapped"):
        assert ma.effect_sizes(ma.read_studies(path)).measure == "RR"
    data_rows()[:3].assign(Subgroup=["3 months", "3 months", "6 months"]).to_csv(path, index=False)
    one.assign(**{"Overall estimates": "FALSE"}).to_csv(beside, index=False)
    with pytest.warns(UserWarning, match="no total over its subgroups"):
        ma.read_studies(path)


def test_the_results_of_studies_of_revman_web_are_refused():
    text = "Study,Outcome,Data type,Effect measure,Arm,Reference arm,Sample size,Cases\n"
    text += "Gray 2012,Infections,Dichotomous,,Vaccine,,120,4\nGray 2012,Infections,Dichotomous,,Nothing,,118,11\n"
    refused(lambda: ma.read_studies(io.StringIO(text)), "results of arms from RevMan Web", "...-data-rows.csv")


def test_the_risk_of_bias_of_revman_web():
    head = [
        "Study",
        *(
            f"Domain ({what}): {name}"
            for name in (SEQUENCE, f"{BLINDING}: All outcomes", f"{BLINDING}: Pain")
            for what in ("judgement", "support")
        ),
    ]
    rows = [
        ["Gray 2012", "Low risk", "Random numbers", "Unclear risk", "", "High risk", "Open"],
        ["Hall 2014", "High risk", "By date", "#N/A", "#N/A", "", ""],
    ]
    table = pd.DataFrame(rows, columns=head)
    judged = ma.read_risk_of_bias(io.StringIO(table.to_csv(index=False)))
    assert judged[["study", "domain", "judgement"]].to_numpy().tolist() == [
        ["Gray 2012", SEQUENCE, "low"],
        ["Gray 2012", BLINDING, "unclear"],
        ["Gray 2012", f"{BLINDING}: Pain", "high"],
        ["Hall 2014", SEQUENCE, "high"],
    ]
    assert set(judged["tool"]) == {"RoB 1"} and judged["note"].fillna("").tolist() == [
        "Random numbers",
        "",
        "Open",
        "By date",
    ]
    wrong = table.replace("High risk", "Some concerns").to_csv(index=False)
    problems = refused(lambda: ma.read_risk_of_bias(io.StringIO(wrong)), "not among the judgements", "Hall 2014")
    assert problems["column"].tolist() == [head[5], head[1]] and problems["row"].tolist() == [2, 3]
    other = table[["Study", head[3]]].rename(columns={head[3]: "Domain (judgement): Bias due to missing data"})
    refused(lambda: ma.read_risk_of_bias(io.StringIO(other.to_csv(index=False))), "does not say with which tool")
    assert ma.read_risk_of_bias(io.StringIO(other.to_csv(index=False)), tool="RoB 1")["judgement"].tolist() == [
        "unclear"
    ]


# ------------------------------------------------------------------------------------------------------ other programs


def test_metafor_with_the_names_of_rows_that_r_writes():
    text = '"","slab","ai","bi","ci","di"\n"1","Aronson","4","119","11","128"\n"2","Rosenthal",3,228,11,209\n'
    text += '"3","New",NA,NA,2,30\n'
    table = ma.read_studies(io.StringIO(text))
    assert "" not in table and table["ai"].tolist()[:2] == [4, 3] and np.isnan(table["ai"].iloc[2])
    effects = ma.effect_sizes(table, measure="RR", missing="drop")
    assert effects.yi.round(4).tolist() == [-0.8893, -1.3481] and effects.labels == ["Aronson", "Rosenthal"]
    assert effects.left_out["label"].tolist() == ["New"]


def test_effects_of_metafor_and_meta():
    for text in (
        "study,yi,vi\nA,0.1,0.04\nB,0.3,0.09\n",
        "studlab,TE,seTE\nA,0.1,0.2\nB,0.3,0.3\n",
        "study,yi,sei\nA,.1,.2\nB,.3,.3\n",
    ):
        effects = ma.effect_sizes(ma.read_studies(io.StringIO(text)), measure="SMD")
        assert effects.yi.tolist() == [0.1, 0.3] and np.sqrt(effects.vi) == pytest.approx([0.2, 0.3])
        assert effects.labels == ["A", "B"]


def test_who_names_columns_names_them_all():
    text = "study,ai,n1i,ci,n2i,e1,k1,e2,k2\nA,4,120,11,118,1,10,2,10\nB,7,210,12,205,3,10,4,10\n"
    table = ma.read_studies(io.StringIO(text))
    own = ma.effect_sizes(table, measure="RD", events_t="e1", n_t="k1", events_p="e2", n_p="k2")
    assert own.yi == pytest.approx([-0.1, -0.1])
    assert ma.effect_sizes(table, measure="RD").yi[0] == pytest.approx(4 / 120 - 11 / 118)


def test_headings_that_only_seem_to_say_it_are_offered():
    text = "Author,Effect Size,Standard Error\nA,0.1,0.2\nB,0.3,0.3\n"
    table = ma.read_studies(io.StringIO(text))
    with pytest.raises(ValueError, match="By its headings:\n    effect_sizes"):
        ma.effect_sizes(table)


def test_spreadsheets_with_commas():
    text = "study;mean_t;sd_t;n_t;mean_p;sd_p;n_p\nA;1,5;0,5;10;2,5;0,6;12\nB;1,25;0,4;20;2,75;0,5;22\n"
    table = ma.read_studies(io.StringIO(text))
    assert table["mean_t"].tolist() == [1.5, 1.25] and table["n_t"].tolist() == [10, 20]
    assert ma.effect_sizes(table, measure="MD").yi.tolist() == [-1.0, -1.5]
    again = ma.read_studies(io.StringIO(text.replace(";", "\t")), decimal=",")
    pd.testing.assert_frame_equal(again, table)
    with pytest.raises(ValueError, match=r"decimal=';'"):
        ma.read_studies(io.StringIO(text), decimal=";")


def test_a_point_beside_decimal_commas_is_refused_whatever_the_number():
    text = "study;mean_t;sd_t;n_t;mean_p;sd_p;n_p\nA;1.200;110,5;30;1.100;99,5;31\nB;850;95,5;20;900;95,0;20\n"
    table = ma.read_studies(io.StringIO(text), decimal=",")
    problems = refused(lambda: ma.effect_sizes(table, measure="MD"), "may have a point between thousands")
    assert problems[["row", "column", "value"]].to_numpy().tolist() == [[2, "mean_t", "1.200"], [2, "mean_p", "1.100"]]
    points = ma.read_studies(io.StringIO("study,yi,se\nA,1.234,0.101\nB,2.345,0.202\n"))
    assert ma.effect_sizes(points, measure="MD").yi.tolist() == [1.234, 2.345]


def test_a_point_that_may_stand_between_thousands_is_refused():
    text = "study,events_t,n_t,events_p,n_p\nA,4,1.200,11,118\nB,7,210,12,205\n"
    table = ma.read_studies(io.StringIO(text))
    problems = refused(lambda: ma.effect_sizes(table, measure="RR"), "may have a point between thousands")
    assert problems[["row", "column", "value"]].to_numpy().tolist() == [[2, "n_t", "1.200"]]


@pytest.mark.parametrize("names", [("S1", "S2"), ("A1", "B2"), ("Ω3", "7a"), ("<0.001", "<0.01")])
def test_texts_of_a_letter_and_a_number_are_texts(names):
    text = "study,events_t,n_t,events_p,n_p,p\n" + "".join(f"{x},12,30,7,31,{x}\n" for x in names)
    table = ma.read_studies(io.StringIO(text))
    assert table["study"].tolist() == table["p"].tolist() == list(names) and table["events_t"].tolist() == [12, 12]


def test_rows_are_those_of_the_file():
    text = "study,events_t,n_t,events_p,n_p\n\nA,4,120,11,118\n,,,,\nB,7,210,212,205\n"
    table = ma.read_studies(io.StringIO(text))
    problems = refused(lambda: ma.effect_sizes(table, measure="RR"), "the file: 1 problem")
    assert problems["row"].tolist() == [5]
    again = refused(lambda: ma.effect_sizes(table.reset_index(drop=True), measure="RR"), "the table: 1 problem")
    assert again["row"].tolist() == [3]
    nameless = table[:1].drop(columns="study")
    assert ma.effect_sizes(nameless, measure="RR").labels == ["Study 1"]


def test_what_stands_above_the_heading_is_told_whatever_the_file(tmp_path):
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.1, 0.2], "se": [0.1, 0.1]})
    table.to_excel(tmp_path / "low.xlsx", startrow=3, startcol=2, index=False)
    for file, row, what in (
        (tmp_path / "low.xlsx", 4, "is blank"),
        (io.StringIO("\nstudy,yi,se\nA,1,1\n"), 2, "is blank"),
        (io.StringIO("My table,,\nstudy,yi,se\nA,1,1\n"), 2, "is a title or a remark"),
        (io.StringIO("# My table\n\nstudy,yi,se\nA,1,1\n"), 3, "is a title or a remark"),
    ):
        words = f"row 1: this row {what}, and the heading must stand in it. Delete what stands above row {row}"
        problems = refused(lambda file=file: ma.read_studies(file), words)
        assert len(problems) == 1
    for text in ("", "\n", ",,\n"):
        refused(lambda text=text: ma.read_studies(io.StringIO(text)), "is empty. Add the heading and one row per study")
    nameless = io.StringIO("study,yi,,\nA,1,2,3\n")
    refused(lambda: ma.read_studies(nameless), "row 1: columns that hold something have no name in it. Name each")
    table.to_excel(tmp_path / "right.xlsx", startcol=2, index=False)
    assert ma.read_studies(tmp_path / "right.xlsx")["yi"].tolist() == [0.1, 0.2]


def test_three_decimals_behind_commas_that_were_told_are_decimals():
    table = ma.read_studies(io.StringIO("study;yi;se\nA;1,250;0,125\nB;2,125;0,250\n"), decimal=",")
    assert ma.effect_sizes(table, yi="yi", se="se").yi.tolist() == [1.25, 2.125]


def test_numbers_of_a_workbook_are_numbers_beside_a_text_with_a_comma(tmp_path):
    table = pd.DataFrame({"study": ["A", "B", "C"], "yi": [0.1, "3,1", 2], "se": [0.25, 1.125, 3.0], "dose": [1.5] * 3})
    table.to_excel(tmp_path / "mixed.xlsx", index=False)
    for reader, file in ((tmp_path / "mixed.xlsx", "read"), (table, "given")):
        refused(
            lambda reader=reader: ma.effect_sizes(ma.read_studies(reader), yi="yi", se="se"), "'3,1'", "decimal=','"
        )
        read_with = ma.read_studies(reader, decimal=",")
        assert read_with["yi"].tolist() == [0.1, 3.1, 2] and read_with["se"].tolist() == [0.25, 1.125, 3.0], file
        assert ma.effect_sizes(read_with, yi="yi", se="se").yi.tolist() == [0.1, 3.1, 2]


def test_tables_of_another_shape():
    text = "study,arm,n\nA,treatment,10\nA,placebo,9\n"
    refused(lambda: ma.read_studies(io.StringIO(text)), "one row an arm", "read_trials")
    refused(lambda: ma.read_studies(io.StringIO("study,yi,yi\nA,1,2\n")), "the heading has it twice")
    refused(lambda: ma.read_studies(io.StringIO("study,yi,vi\n")), "no row under the heading")
    with pytest.raises(ValueError, match="holds one outcome"):
        ma.read_studies(io.StringIO("study,yi,vi\nA,1,2\n"), outcome="1.1")
    frame = ma.read_studies(pd.DataFrame({"study": ["A", "B"], "yi": [1, 2], "vi": [1, 1]}))
    assert ma.effect_sizes(frame, measure="MD").yi.tolist() == [1, 2]


# ----------------------------------------------------------------------------------------------------------- Covidence


def extraction(reviewers):
    head = '"Covidence #","Study ID","Title","Reviewer Name","Mean laser","SD laser","N laser","Mean sham","SD sham",'
    head += '"N sham"\n'
    return head + "".join(f"{number},{study},A title,{who},{numbers}\n" for number, study, who, numbers in reviewers)


def test_of_covidence_the_consensus_counts():
    rows = [
        (12, "Abe 2016", "Ann", "61,14,30,52,15,28"),
        (12, "Abe 2016", "Ben", "61,14,30,25,15,29"),
        (12, "Abe 2016", "Consensus", "61,14,30,52,15,29"),
        (15, "Berg 2018", "Ann", "58,12,44,55,13,46"),
    ]
    table = ma.read_studies(io.StringIO(extraction(rows)))
    assert table["Study ID"].tolist() == ["Abe 2016", "Berg 2018"] and table.index.tolist() == [4, 5]
    names = {"mean_t": "Mean laser", "sd_t": "SD laser", "n_t": "N laser"}
    names |= {"mean_p": "Mean sham", "sd_p": "SD sham", "n_p": "N sham"}
    effects = ma.effect_sizes(table, measure="MD", **names)
    assert effects.yi.tolist() == [9, 3] and effects.labels == ["Abe 2016", "Berg 2018"]
    problems = refused(lambda: ma.read_studies(io.StringIO(extraction(rows[:2] + rows[3:]))), "there is no consensus")
    assert problems["row"].tolist() == [2, 3]


# -------------------------------------------------------------------------------------------------------------- robvis


def test_robvis_with_the_names_of_rows_that_r_writes():
    text = '"","Study","D1","D2","D3","D4","D5","D6","D7","Overall"\n'
    text += '"1","Xu","Moderate","Low","Low","Low","Moderate","Low","Low","Moderate"\n'
    text += '"2","Yang","Critical","Low","Low","Low","No information","Low","Low","Critical"\n'
    judged = ma.read_risk_of_bias(io.StringIO(text), tool="ROBINS-I")
    assert len(judged) == 16 and judged["domain"].iloc[0] == "D1 confounding"
    assert judged["judgement"].tolist()[8:10] == ["critical", "low"]


# ----------------------------------------------------------------------------------------------------------- templates


def test_the_sheet_about_must_be_right(tmp_path):
    from openpyxl import Workbook

    def workbook(*lines):
        book = Workbook()
        book.active.append(["study", "yi", "se"])
        book.active.append(["A", 0.1, 0.2])
        sheet = book.create_sheet("about")
        for line in (("what", "yours"), *lines):
            sheet.append(line)
        path = tmp_path / "mine.xlsx"
        book.save(path)
        return path

    told = ma.read_studies(workbook(("measure", "HR"), ("arm_t", "drug"), ("arm_p", " none "), ("benefit", None)))
    effects = ma.effect_sizes(told)
    assert (effects.measure, effects.arms, effects.benefit) == ("HR", ("drug", "none"), None)
    refused(lambda: ma.read_studies(workbook(("arm_t", "drug"))), "names one arm of two")
    for name, row, value, words in (
        ("benefit", 2, "good", "benefit says what is good. Use lower or higher"),
        ("measure", 2, "hazard ratio", "this is no measure. Did you mean 'HR'"),
        ("arm_p", 3, "x", "calls both arms the same"),
    ):
        lines = [("arm_t", "x")] * (name == "arm_p") + [(name, value)]
        found = refused(lambda lines=lines: ma.read_studies(workbook(*lines)), "the sheet 'about'", words)
        assert found[["row", "column", "value"]].to_numpy().tolist() == [[row, name, value]]
    refused(lambda: ma.read_studies(workbook(("mesure", "HR"))), "has no such line", "Use measure")
    assert about_sheet(opened(io.BytesIO(b"study,yi\n"))) == {}
    # one of that name that speaks of other things is not the template's
    foreign = workbook(("About this file", None), ("Author", "Smith"), ("Date", "2024-01-01"), (None, "se"))
    assert about_sheet(opened(foreign)) == {} and ma.read_studies(foreign)["yi"].tolist() == [0.1]


def test_the_sheet_about_is_found_whatever_its_capitals(tmp_path):
    import openpyxl

    from analysis.data.template import template

    for title in ("About", " ABOUT "):
        book = openpyxl.load_workbook(io.BytesIO(template("counts")))
        book["about"].title = "x"
        book["x"].title = title
        book.worksheets[0].append(["A", 2001, 4, 20, 9, 21])
        for row, said in ((2, "or"), (6, "Lower")):
            book.worksheets[1].cell(row, 2, said)
        book.save(tmp_path / "mine.xlsx")
        effects = ma.effect_sizes(ma.read_studies(tmp_path / "mine.xlsx"))
        assert (effects.measure, effects.benefit) == ("OR", "lower")
    book.worksheets[1].cell(2, 2, "SMD")
    book.save(tmp_path / "mine.xlsx")
    refused(lambda: ma.read_studies(tmp_path / "mine.xlsx"), "the columns do not make. Use RR, OR, RD, PETO", "row 2")


def test_the_sheet_about_of_arms_is_read_and_a_blank_benefit_is_not_known(tmp_path):
    import openpyxl

    from analysis.data.template import columns_of, template

    book = openpyxl.load_workbook(io.BytesIO(template("arms")))
    names = [column.name for column in columns_of("arms")]
    for study, mean in (("a2001", 4), ("b2002", 5)):
        for arm, less in (("treatment", 1), ("placebo", 0)):
            known = {"study": study, "arm": arm, "n": 20, "scale_min": 0, "scale_max": 10, "events": 5 + less}
            known |= {"change_mean": -mean - less, "change_sd": 2}
            book.worksheets[0].append([known.get(name) for name in names])
    for row, said in ((2, "SMD"), (3, "laser"), (4, "sham"), (5, "pain")):
        book["about"].cell(row, 2, said)
    book.save(tmp_path / "arms.xlsx")
    for file in (tmp_path / "arms.xlsx", io.BytesIO((tmp_path / "arms.xlsx").read_bytes())):
        trials = ma.read_trials(file)
        effects = ma.effect_sizes(trials)
        told = effects.measure, effects.arms, effects.outcome_name, effects.benefit
        assert told == ("SMD", ("laser", "sham"), "pain", None)
    assert ma.effect_sizes(trials, measure="RR").benefit is None
    # What is of points stays so, whatever the sheet names.
    assert ma.pool_arms(trials).contrast.estimate == pytest.approx(-1) and len(ma.multiverse(trials))
    assert "favour" not in ma.methods_text(ma.pool(effects)) + ma.results_text(ma.pool(effects))
    book["about"].cell(6, 2, "higher")
    book.save(tmp_path / "arms.xlsx")
    assert ma.effect_sizes(ma.read_trials(tmp_path / "arms.xlsx")).benefit == "higher"


def test_counts_of_another_program_beside_its_effects_are_not_taken_in_silence():
    text = "study,ai,n1i,ci,n2i,yi,vi\nA,4,120,11,118,-1.0,0.3\nB,5,100,9,99,-0.5,0.3\n"
    table = ma.read_studies(io.StringIO(text))
    with pytest.raises(ValueError, match=r"has yi, and ai, n1i, ci, n2i.*name what counts, yi='yi', vi='vi'"):
        ma.effect_sizes(table, measure="RR")
    assert ma.effect_sizes(table, measure="RR", yi="yi", vi="vi").yi.tolist() == [-1, -0.5]
    named = {"events_t": "ai", "n_t": "n1i", "events_p": "ci", "n_p": "n2i"}
    assert ma.effect_sizes(table, measure="RR", **named).yi.round(3).tolist() == [-1.028, -0.598]
