"""Judgements of the risk of bias: users' own tables, beside the effects, without trials at high risk, and in words."""

import io

import pandas as pd
import pytest
from data_cases import TRIALS, published_effects, published_trials

import analysis as ma
from analysis.evidence.risk_of_bias import by_level, judgements

JUDGED = ma.read_risk_of_bias(TRIALS.with_name("risk_of_bias.csv"))
ROB2, PEDRO = JUDGED[JUDGED["tool"] == "RoB 2"], JUDGED[JUDGED["judged_by"].str.startswith("PEDro")]
# The columns of robvis' example data: of RoB 2 with a weight, of the first Cochrane tool with the points of R.
WIDE = pd.DataFrame(
    {
        "Study": ["A", "B"],
        "D1": ["Low", "high"],
        "D2": ["Some concerns", ""],
        "Overall": ["Low", "High"],
        "Weight": [2, 1.5],
    }
)


def test_a_study_may_be_overall_worse_than_its_domains_and_without_information():
    rows = {
        "Study": list("ABC"),
        "D1": ["Some concerns", "High", "High"],
        "Overall": ["High", "High", "No information"],
    }
    assert len(ma.read_risk_of_bias(pd.DataFrame(rows), tool="RoB 2")) == 6


def own(effects, words, **columns):
    """Return judgements of the first trials of some effects, one word each."""
    wide = pd.DataFrame({"Study": effects.table["study"].head(len(words)), "Overall": words} | columns)
    return ma.read_risk_of_bias(wide, tool="RoB 2")


def test_a_table_with_one_row_a_study_is_read():
    table = ma.read_risk_of_bias(WIDE, tool="ROB2", judged_by="both of us")
    assert table[["study", "domain", "judgement", "x_weight"]].values.tolist() == [
        ["A", "D1 randomisation process", "low", "2"],
        ["A", "D2 deviations from intended interventions", "some concerns", "2"],
        ["A", "overall", "low", "2"],
        ["B", "D1 randomisation process", "high", "1.5"],
        ["B", "overall", "high", "1.5"],
    ]
    assert set(table["tool"]) == {"RoB 2"} and set(table["judged_by"]) == {"both of us"}
    again = ma.read_risk_of_bias(io.StringIO(WIDE.to_csv(index=False)), tool="RoB 2", judged_by="both of us")
    pd.testing.assert_frame_equal(again.drop(columns="x_weight"), table.drop(columns="x_weight"))


def test_domains_have_the_names_of_their_tool_or_their_own():
    wide = pd.DataFrame(
        {"ID": ["A"], "Allocation.concealment.": ["Unclear"], "D1": ["Low"], "Overall": ["High"], "weights": [1]}
    )
    table = ma.read_risk_of_bias(wide, tool="ROB1")
    assert table["domain"].tolist() == ["Allocation concealment", "D1", "overall"]
    assert table["judged_by"].tolist() == ["not stated"] * 3
    robins = ma.read_risk_of_bias(pd.DataFrame({"Study": ["A"], "d7": ["Critical"], "D8": ["Low"]}), tool="ROBINS-I")
    assert robins["domain"].tolist() == ["D7 selection of the reported result", "D8"]
    other = ma.read_risk_of_bias(pd.DataFrame({"Study": ["A"], "Item 1": ["Partly Yes"]}), tool="JBI")
    assert other[["tool", "domain", "judgement"]].values.tolist() == [["JBI", "Item 1", "partly yes"]]


@pytest.mark.parametrize(
    ("wide", "message"),
    [
        (WIDE.assign(D1=["Low", "Hihg"]), r"row 3, study 'B', column 'D1': value 'Hihg': is not among the judgements"),
        (WIDE.assign(Overall=["Low", "Unclear"]), "row 3, study 'B', column 'Overall': value 'Unclear'"),
        (WIDE.assign(Study="A"), "row 3, study 'A', column 'D1': value 'D1 randomisation process': a row stands once"),
        (WIDE.assign(Study=["A", ""]), "row 3, column 'D1': is blank"),
        (WIDE.assign(Weight=[1, 0]), "row 3, study 'B', column 'Weight': value '0': is no weight. Type a number above"),
        (WIDE.assign(Weight=["x", ""]), "2 problems"),
    ],
)
def test_what_is_wrong_in_it_is_named_by_its_row_and_column(wide, message):
    with pytest.raises(ma.TrialDataError, match=message):
        ma.read_risk_of_bias(wide, tool="RoB 2")


def test_the_tool_of_a_table_is_told_once():
    with pytest.raises(ma.TrialDataError, match="does not say with which tool .* tool=..., one of 'RoB 2', 'RoB 1'"):
        ma.read_risk_of_bias(WIDE)
    with pytest.raises(ValueError, match="tool='RoB 2' is for a table with one row a study"):
        ma.read_risk_of_bias(JUDGED, tool="RoB 2")
    with pytest.raises(
        ma.TrialDataError, match="rows 2, 3, study 'A', 'B', column 'D1': value 'A', 'B': is in no table of studies"
    ):
        ma.read_risk_of_bias(WIDE, tool="RoB 2", trials=published_trials())


def test_judgements_stand_beside_the_effects():
    effects = published_effects()
    beside = ma.with_risk_of_bias(effects, ROB2)
    told = dict(zip(ROB2["study"], ROB2["judgement"].where(ROB2["domain"] == "overall"), strict=True))
    assert beside.table["risk_of_bias"].tolist() == [told.get(study, "not judged") for study in effects.study]
    assert list(beside.table["risk_of_bias"].cat.categories) == ["low", "some concerns", "high", "not judged"]
    assert "risk_of_bias" not in effects.table and beside.where(risk_of_bias="high").labels == ["Wang 2009"]
    missing = ma.with_risk_of_bias(effects, ROB2, domain="D3 missing outcome data").table["risk_of_bias"]
    assert (missing == "high").sum() == 1 and (missing == "low").sum() == 5
    total = ma.with_risk_of_bias(effects, PEDRO).table.set_index("study")["risk_of_bias"]
    assert total["glazov2014"] == 10 and total.isna().sum() == 36


def test_models_take_the_judgements():
    effects = ma.with_risk_of_bias(published_effects(), ROB2)
    pooled = ma.pool_subgroups(effects, by="risk_of_bias")
    assert {name: group.k for name, group in pooled.groups.items()} == {
        "not judged": 38,
        "some concerns": 4,
        "low": 1,
        "high": 1,
    }
    fit = ma.meta_regression("yi ~ risk_of_bias", effects)
    assert [*fit.params.index] == [
        "Intercept",
        *(f"risk_of_bias[T.{x}]" for x in ("some concerns", "high", "not judged")),
    ]
    by_score = ma.meta_regression("yi ~ risk_of_bias", ma.with_risk_of_bias(effects, PEDRO), missing="drop")
    assert by_score.k == 8 and len(by_score.left_out) == 36


def test_trials_at_high_risk_are_left_out_and_listed():
    effects = published_effects()
    kept = ma.without_high_risk(effects, ROB2)
    assert set(effects.labels) - set(kept.labels) == {"Wang 2009"}
    assert len(kept.left_out) == len(effects.left_out) + 1
    assert kept.left_out.iloc[-1][["study", "label", "reason"]].tolist() == [
        "wang2009",
        "Wang 2009",
        "RoB 2 overall: high",
    ]
    rest = [study != "wang2009" for study in effects.study]
    assert ma.pool(kept).estimate == ma.pool(effects.yi[rest], effects.vi[rest]).estimate
    known = ma.without_high_risk(effects, ROB2, judged_only=True)
    assert len(known) == 5 and (known.left_out["reason"] == "RoB 2 overall: not judged").sum() == 38
    assert len(ma.without_high_risk(effects, ROB2, domain="D1 randomisation process")) == len(effects)
    robins = own(effects, ["Low", "High"]).replace({"RoB 2": "ROBINS-I", "high": "critical"})
    assert len(ma.without_high_risk(effects, robins)) == len(effects) - 1
    exposures = own(effects, ["Low", "High"]).replace({"RoB 2": "ROBINS-E", "high": "very high"})
    assert len(ma.without_high_risk(effects, exposures)) == len(effects) - 1
    assert "(×) very high" in ma.traffic_light(exposures).content.table["name"].iloc[-1]


def test_levels_are_in_the_order_of_their_risk():
    assert by_level(["not judged", "odd", "very high", "critical", "low", "high", "no information", "low"]) == [
        *("low", "high", "very high", "critical", "no information", "odd", "not judged")
    ]
    late = judgements(ROB2.iloc[::-1])
    assert [name[:2] for name in late.table] == ["D1", "D2", "D3", "D4", "D5", "ov"]
    assert late.table.index.tolist() == ROB2["study"].unique().tolist()[::-1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: ma.with_risk_of_bias(e, JUDGED), ValueError, r"one tool.*RoB 2 \(6 studies\), RoB 1 \(1 study\)"),
        (
            lambda e: ma.with_risk_of_bias(e, JUDGED[JUDGED["tool"] == "PEDro"]),
            ValueError,
            r'several judgements of foleynolan1992 in one domain, by .*judged\[judged\["judged_by"\] == "Teasell',
        ),
        (
            lambda e: ma.with_risk_of_bias(e, ROB2, domain="overal"),
            ValueError,
            r"no domain 'overal' \(did you",
        ),
        (
            lambda e: ma.with_risk_of_bias(e, JUDGED[JUDGED["tool"] == "RoB 1"]),
            ValueError,
            "no judgement of the whole trial; give domain=..., one of sequence generation",
        ),
        (
            lambda e: ma.with_risk_of_bias(e, ROB2.head(6).assign(study="x")),
            ValueError,
            "nothing of these trials: it has x and",
        ),
        (lambda e: ma.with_risk_of_bias(e.table, ROB2), TypeError, r"with_risk_of_bias\(\) cannot use a DataFrame"),
        (lambda e: ma.with_risk_of_bias(e, ROB2.drop(columns="tool")), ValueError, "judged has no column tool"),
        (lambda e: ma.without_high_risk(e, PEDRO), ValueError, "PEDro has no word for a high risk in 'total'"),
        (
            lambda e: ma.without_high_risk(e.where(study="wang2009"), ROB2),
            ValueError,
            "no trial is left: all are high",
        ),
        (lambda e: ma.risk_of_bias_findings(ROB2, e.yi), TypeError, "trials is a ndarray"),
    ],
)
def test_what_cannot_be_used_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(published_effects())


def test_findings_count_those_that_nobody_judged():
    assert ma.risk_of_bias_findings(JUDGED, published_trials()) == (
        "14 of the 50 trials were judged: 6 with RoB 2 (overall low 1, some concerns 4, high 1); 1 with RoB 1; 9 with "
        "PEDro. 36 of the 50 trials were judged by nobody whose text was read, which says nothing of their risk. 17 "
        "studies that were judged are not among them: adedoyin2003, cheing2002, cheing2003, defrin2005, "
        "fargasbabjak1989 and 12 more."
    )
    effects = published_effects().where(study=["wang2009", "gale2006"])
    assert ma.risk_of_bias_findings(ROB2, effects).startswith(
        "1 of the 2 trials was judged: 1 with RoB 2 (overall high 1). 1 of the 2 trials was judged by nobody"
    )
    typed = ROB2.replace({"study": {"wang2009": "wang2008"}})
    assert ma.risk_of_bias_findings(typed, published_trials()).endswith(
        "1 study that was judged is not among them: wang2008."
    )
    one = pd.DataFrame({"study": ["wang2009"]})
    assert ma.risk_of_bias_findings(ROB2[ROB2["study"] == "wang2009"], one) == (
        "1 of the 1 trial was judged: 1 with RoB 2 (overall high 1)."
    )
    none = ma.risk_of_bias_findings(ROB2, one.assign(study="x"))
    assert none.startswith("0 of the 1 trial were judged. 1 of the 1 trial was judged by nobody")
