"""PRISMA 2020: what the items of a synthesis say, and what stays open."""

import pandas as pd
import pytest
from data_cases import published_effects
from matplotlib.figure import Figure

import analysis as ma
from analysis.evidence.prisma import ITEMS

PAIN = ma.pool([-1.2, -0.4, -2.0, -0.9], [0.1, 0.2, 0.1, 0.1], measure="SMD", benefit="lower")
COUNTS = pd.DataFrame({"study": ["A", "B"], "events_t": [4, 6], "n_t": [40, 35], "events_p": [9, 11], "n_p": [41, 36]})


def items(result=PAIN, **more):
    table = ma.prisma_items(result, **more)
    assert list(table) == ["item", "asks", "status", "text", "missing"] and table["item"].tolist() == list(ITEMS)
    expected = [
        "open" if not text else "in part" if missing else "filled"
        for text, missing in zip(table["text"], table["missing"], strict=True)
    ]
    assert table["status"].tolist() == expected
    assert (table["missing"][table["status"] == "open"] != "").all()
    return table.set_index("item")


def test_items_are_those_of_the_synthesis():
    assert list(ITEMS) == ["13a", "13b", "13c", "13d", "13e", "13f", "20a", "20b", "20c", "20d"]


def test_plain_numbers_leave_open_what_they_do_not_tell():
    table = items()
    assert table.index[table["status"] == "open"].tolist() == ["13b", "13c", "13e", "13f", "20c", "20d"]
    assert table.loc["13b", "missing"] == "how the effects were computed: they were given as plain numbers"
    assert "REML" in table.loc["13d", "text"] and f"pain-meta-analysis {ma.__version__}." in table.loc["13d", "text"]
    assert table.loc["13d", "missing"] == "why this model and these methods"
    assert table.loc["20b", "text"] == " ".join(ma.findings(PAIN).splitlines())


@pytest.mark.parametrize(
    ("measure", "columns"),
    [("PLO", {"events": [1, 3, 4]}), ("ZCOR", {"r": [0.1, 0.2, 0.4]}), ("MN", {"mean": [2.0, 3.0, 2.5], "sd": 1.0})],
)
def test_effects_of_one_arm_are_computed_and_have_people(measure, columns):
    table = pd.DataFrame({"study": list("abc"), "n": [20, 22, 24], "year": [2010, 2012, 2011]} | columns)
    pooled = ma.pool(ma.effect_sizes(table, measure=measure))
    told = ma.prisma_items(pooled, sensitivity={"one left out": ma.leave_one_out(pooled)}).set_index("item")
    assert told.loc["13b", ["status", "text"]].tolist() == ["in part", "Effects of 3 studies: 3 as printed."]
    assert told.loc["20a", "text"] == "3 studies of 66 people, published from 2010 to 2012."
    assert ("exclude no effect" in told.loc["20d", "text"]) == (measure == "ZCOR")
    given = pd.DataFrame({"study": list("abc"), "yi": [0.1, 0.2, 0.3], "vi": 0.1, "n": [20, 22, 24]})
    told = ma.prisma_items(ma.pool(ma.effect_sizes(given, measure=measure))).set_index("item")
    assert told.loc["13b", "status"] == "open" and "66 people" in told.loc["20a", "text"]


@pytest.mark.parametrize("by_group", [False, True])
def test_counts_with_a_zero_are_no_printed_effects(by_group):
    table = COUNTS.assign(events_t=[0, 6], site=["x", "y"])
    found = ma.effect_sizes(table, measure="OR")
    result = ma.pool_subgroups(found, "site") if by_group else ma.pool(found)
    half = "1 of counts with a zero among them, to which one half was added"
    assert items(result).loc["13b", "text"] == f"Effects of 2 studies: {half}, 1 as printed."
    note = "0.5 was added to the counts of 1 study with a zero cell; pool_mantel_haenszel pools without it."
    assert note in result.summary() and "1 was made of counts" in ma.methods_text(result)
    assert "one half was added to the counts" in ma.forest(result).content.caption


@pytest.mark.parametrize(
    "years", [["2012a", "2013", "2014"], [2010, "in press", 2011], pd.to_datetime(["2010-01-01"] * 3)]
)
def test_years_that_are_no_numbers_are_said(years):
    table = pd.DataFrame({"study": list("abc"), "yi": [0.1, 0.2, 0.3], "vi": 0.1}).assign(year=years)
    told = ma.prisma_items(ma.pool(ma.effect_sizes(table, measure="SMD"))).set_index("item").loc["20a"]
    assert told["text"] == "3 studies." and "not all years are numbers" in told["missing"]


def test_a_whole_analysis_fills_what_it_holds():
    effects = published_effects()
    groups, pooled = ma.pool_subgroups(effects, "therapy_family"), ma.pool(effects)
    steps = ma.leave_one_out(pooled)
    sensitivity = {"each trial left out": steps, "DerSimonian-Laird": ma.pool(effects, tau2_method="DL")}
    judged = ma.read_risk_of_bias("data/risk_of_bias.csv")
    dose = {"trend of the year": ma.meta_regression("yi ~ year", effects)}
    figures = [ma.forest(pooled), ma.funnel(pooled)]
    table = items(groups, heterogeneity=dose, sensitivity=sensitivity, risk_of_bias=judged, figures=figures)
    assert not (table["status"] == "open").any()
    assert table.loc["13a", "text"].startswith(
        "44 trials in the synthesis. Without an effect, and so left out, 6 trials: "
    )
    assert "events only: no mean in both arms (4)" in table.loc["13a", "text"]
    assert "Light (10), Magnetic field (12)" in table.loc["13a", "text"]
    assert (
        "21 recovered from other printed numbers, 18 as printed, 5 with an SD that was imputed"
        in table.loc["13b", "text"]
    )
    assert table.loc["13c", "text"].startswith(
        "Forest plot: Mean difference in 44 trials and the pooled result; Funnel"
    )
    assert table.loc["13e", "text"] == "Subgroups by therapy_family; Trend of the year."
    assert table.loc["13f", "text"] == "Each trial left out; DerSimonian-Laird."
    assert table.loc["20a", "text"].startswith(
        "44 trials of 2\u202f547 people, published from 1992 to 2022. 13 of the 44"
    )
    assert table.loc["20b", "text"] == " ".join(ma.findings(pooled).splitlines())
    assert "Between the groups: Q 2.68 on 4 df" in table.loc["20c", "text"]
    said = table.loc["20d", "text"]
    assert said.startswith(
        "Each trial left out: 44 estimates from −1.26 to −1.10; 95% intervals that exclude no effect: 44 of 44."
    )
    assert (steps["estimate"].min(), steps["estimate"].max()) == pytest.approx((-1.26, -1.10), abs=0.005)
    assert "DerSimonian-Laird: The pooled mean difference" in said


def test_every_kind_of_synthesis_is_told():
    wide = ma.effect_sizes(COUNTS, measure="OR", benefit="lower", arms=("laser", "sham"))
    counts = ma.pool_mantel_haenszel(wide, measure="OR")
    nested = ma.pool_multilevel(pd.DataFrame({"yi": [0.1, 0.2, 0.3], "vi": 0.1, "c": list("aab")}), cluster="c")
    assert items(counts).loc["20a", "text"] == "2 studies of 152 people."
    assert items(nested).loc["13a", "text"] == "3 effects of 2 clusters in the synthesis."
    arms = ma.pool_arms(published_effects(), by="therapy_family")
    assert "placebo" in items(arms).loc["20b", "text"]
    assert "no effect" in items(counts, sensitivity={"steps": ma.leave_one_out(counts)}).loc["20d", "text"]


def test_intervals_that_exclude_no_effect_are_counted_on_the_scale_of_analysis():
    ratios = ma.pool([-0.9, -0.3, 0.2], [0.04, 0.05, 0.06], measure="RR", ci_method="z")
    steps = ma.leave_one_out(ratios)
    out = int(((steps["ci_low"] > 0) | (steps["ci_high"] < 0)).sum())
    assert 0 < out < 3
    assert (
        f"95% intervals that exclude no effect: {out} of 3."
        in items(ratios, sensitivity={"x": steps}).loc["20d", "text"]
    )
    none = ma.pool([0.1, -0.1, 0.05], [0.5] * 3, measure="MD")
    assert "exclude no effect: 0 of 3." in items(none, sensitivity={"x": ma.leave_one_out(none)}).loc["20d", "text"]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"sensitivity": {"x": COUNTS}}, TypeError, r"sensitivity\['x'\] is a table; give that of leave_one_out"),
        ({"heterogeneity": {"x": 3}}, TypeError, r"heterogeneity\['x'\]: .*cannot use an int"),
        ({"figures": [Figure()]}, ValueError, "figures holds a Figure without a title; give figures that this library"),
        ({"risk_of_bias": COUNTS}, ValueError, "judged|the result does not know"),
    ],
)
def test_what_cannot_be_told_is_refused(options, error, said):
    with pytest.raises(error, match=said):
        ma.prisma_items(PAIN, **options)


def test_groups_of_arms_answer_the_items_on_causes():
    arms = ma.pool_arms(published_effects(), by="therapy_family")
    table = items(arms)
    assert "By therapy_family: Light (10), Magnetic field (12)" in table.loc["13a", "text"]
    assert table.loc["13e", ["status", "text"]].tolist() == ["filled", "Groups by therapy_family."]
    assert "Light −1.55 (95% CI −2.60 to −0.50; 10 trials)" in table.loc["20c", "text"]
    assert table.loc["20c", "missing"] == "the test between the groups, which pool_subgroups makes"
    assert items(ma.pool_arms(published_effects())).loc[["13e", "20c"], "status"].tolist() == ["open", "open"]
