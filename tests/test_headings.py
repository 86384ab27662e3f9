"""Headings of other people's tables: the call that an error prints is run, and gives metafor's numbers."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis as ma
from analysis.data import dictionary, headings
from analysis.data.headings import (
    IN_ROWS_OF_ARMS,
    LETTERS,
    MEASURES,
    PROGRAMS,
    QUANTITIES,
    TIMES,
    about,
    recognised,
    rows_of_arms,
    which_arm,
)
from analysis.data.wide import COLUMN_ARGUMENTS, SHAPES
from tests.test_wide import INPUTS, RTOL, of_reference

CASES = json.loads((Path(__file__).parent / "reference" / "escalc.json").read_text(encoding="utf-8"))["cases"]
CALL = re.compile(r"^    ((?:effect_sizes|trials_from_wide)\(.*\))$", re.MULTILINE)


def printed_calls(table):
    """The calls in the errors of both doors."""
    said = []
    for door in (ma.read_trials, ma.effect_sizes, ma.audit_trials):
        with pytest.raises(ValueError) as caught:
            door(table)
        said.append(str(caught.value))
    return [CALL.search(text)[1] for text in said], said


def run(call, df, **more):
    arguments = "".join(f", {name}={value!r}" for name, value in more.items())
    names = {"df": df, "effect_sizes": ma.effect_sizes, "trials_from_wide": ma.trials_from_wide}
    return eval(call[:-1] + arguments + ")", names)


def of_metafor(measure, name):
    case = next(x for x in CASES if (x["measure"], x["inputs_ref"]) == (measure, name) and not x.get("args"))
    return pd.DataFrame({"yi": case["yi"], "vi": case["vi"]}, dtype=float)


METAFOR = [
    ("two_means", "m1i sd1i n1i m2i sd2i n2i", "MD"),
    ("two_by_two", "ai n1i ci n2i", "RR"),
    ("two_by_two", "ai bi ci di", "RR"),
    ("person_time", "x1i t1i x2i t2i", "IRR"),
    ("one_mean", "mi sdi ni", "MN"),
    ("paired", "m1i sd1i m2i sd2i ni ri", "MC"),
    ("proportion", "xi ni", "PLO"),
    ("correlation", "ri ni", "ZCOR"),
]


@pytest.mark.parametrize(("name", "columns", "measure"), METAFOR)
def test_metafor(name, columns, measure):
    table = of_reference(name)[[*columns.split(), "trial"]]
    calls, _ = printed_calls(table)
    expected = of_metafor(measure, name)
    for call in calls:
        assert f"measure={measure!r}" in call and "study='trial'" in call
        found = run(call, table, missing="drop")
        at = [int(study[1:]) - 1 for study in found.table["study"]]
        assert len(at) >= 3
        np.testing.assert_allclose(found.yi, expected["yi"].iloc[at], rtol=RTOL, atol=1e-14)
        np.testing.assert_allclose(found.vi, expected["vi"].iloc[at], rtol=RTOL)


@pytest.mark.parametrize("column", ["vi", "sei"])
def test_effects_of_metafor(column):
    effects = of_metafor("SMD", "two_means")
    table = pd.DataFrame({"yi": effects["yi"], column: effects["vi"] ** (1.0 if column == "vi" else 0.5)})
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(table)
    found = run(CALL.search(str(caught.value))[1], table)
    np.testing.assert_allclose(found.yi, effects["yi"], rtol=RTOL)
    np.testing.assert_allclose(found.vi, effects["vi"], rtol=RTOL)
    if column == "sei":
        with pytest.raises(ValueError, match="yi alone has no precision.*By its headings"):
            ma.effect_sizes(table)


# Two arms of metafor's reference, under the headings of others.
ARMS = {
    "RevMan Web": "Experimental mean,Experimental SD,Experimental N,Control mean,Control SD,Control N",
    "RevMan 5": "Mean 1,SD 1,Total 1,Mean 2,SD 2,Total 2",
    "Covidence": "Pain: Mean LLLT,Pain: SD LLLT,Pain: Total LLLT,Pain: Mean Sham,Pain: SD Sham,Pain: Total Sham",
    "meta, the book": "Me,Se,Ne,Mc,Sc,Nc",
    "meta, the package": "mean.e,sd.e,n.e,mean.c,sd.c,n.c",
    "ours": "mean_t,sd_t,n_t,mean_p,sd_p,n_p",
    "ours in full": "mean_treatment,sd_treatment,n_treatment,mean_placebo,sd_placebo,n_placebo",
    "ours turned": "treatment_mean,treatment_sd,treatment_n,control_mean,control_sd,control_n",
    "letters": "m1,s1,n1,m2,s2,n2",
    "words": "Average TENS,Standard deviation TENS,Sample size TENS,Average ctl,Standard deviation ctl,Sample size ctl",
    "camels": "meanLaser,sdLaser,nLaser,meanSham,sdSham,nSham",
    "one name of several words": "mean low level laser,SD low level laser,n low level laser,mean sham,SD sham,n sham",
    "German": "MW Laser,Standardabweichung Laser,Anzahl Laser,MW Schein,Standardabweichung Schein,Anzahl Schein",
}


@pytest.mark.parametrize("program", ARMS)
def test_two_arms_by_the_words_of_others(program):
    reference = of_reference("two_means")
    table = reference.set_axis([*ARMS[program].split(","), "Study ID"], axis=1).assign(Title="x", age=40)
    found = recognised(table)
    assert found.kind == "means" and not found.missing
    assert list(found.arguments.values()) == ARMS[program].split(",")
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(table)
    found = run(CALL.search(str(caught.value))[1], table)
    np.testing.assert_allclose(found.yi, of_metafor("MD", "two_means")["yi"], rtol=RTOL)
    np.testing.assert_allclose(found.vi, of_metafor("MD", "two_means")["vi"], rtol=RTOL)
    assert found.labels == reference["trial"].tolist()


def test_revman_calls_its_studies_study_or_subgroup():
    columns = ["Study or Subgroup", "Experimental Events", "Experimental Total", "Control Events", "Control Total"]
    table = pd.DataFrame([["Ann 2003", 3, 120, 9, 118], ["Bo 2008", 12, 340, 25, 338]], columns=columns)
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(table)
    assert run(CALL.search(str(caught.value))[1], table).labels == ["Ann 2003", "Bo 2008"]


def test_names_of_arms_are_found_in_the_headings():
    names = {program: recognised(pd.DataFrame([range(6)], columns=ARMS[program].split(","))).arms for program in ARMS}
    assert names["Covidence"] == ("LLLT", "Sham") and names["RevMan Web"] == ("Experimental", "Control")
    assert names["one name of several words"] == ("low level laser", "sham")
    assert (
        names["words"] is names["ours"] is names["ours in full"] is names["letters"] is names["meta, the book"] is None
    )


REVMAN = (
    "Analysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,GIV Mean,GIV SE,"
    "Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,Control SD,Control cases,"
    "Control N,O-E,Variance,Weight,Mean,CI start,CI end,Footnotes"
).split(",")


def of_revman(**columns):
    """A data package of RevMan Web, which has every column, most of them blank."""
    table = pd.DataFrame({"Study": ["A 2001", "B 2002", "C 2003"], "Study year": [2001, 2002, 2003], **columns})
    return table.reindex(columns=REVMAN)


MEANS = {"Mean": [-1.0, -1.0, 0.0], "CI start": [-2.0, -3.0, -1.0], "CI end": [0.0, 1.0, 1.0]}
COUNTS = {"Experimental cases": [4, 6, 10], "Experimental N": [40, 35, 60], "Control cases": [9, 11, 22]}


@pytest.mark.parametrize(
    ("columns", "given"),
    [
        (
            COUNTS | {"Control N": [41, 34, 58]},
            "measure='RR', study='Study', year='Study year', events_t='Experimental cases'",
        ),
        ({"GIV Mean": [0.1, 0.2, 0.3], "GIV SE": 0.1}, "yi='GIV Mean', se='GIV SE'"),
        ({}, "yi='Mean', ci=('CI start', 'CI end')"),
    ],
)
def test_a_data_package_of_revman(columns, given, tmp_path):
    table = of_revman(**MEANS | columns)
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(table)
    (call,) = CALL.findall(str(caught.value))
    assert given in call and len(run(call, table)) == 3
    table.to_csv(tmp_path / "package.csv", index=False)
    with pytest.raises(ma.TrialDataError, match=r"package.csv: 1 problem") as caught:
        ma.read_trials(tmp_path / "package.csv")
    assert CALL.findall(str(caught.value)) == [call]


def test_ratios_of_revman_are_not_taken_for_differences():
    table = of_revman(
        **{"Mean": [0.5, 0.8], "CI start": [0.2, 0.4], "CI end": [1.25, 1.6]} | {"Study": "A", "Study year": 2001}
    )
    assert recognised(table) is None


ARM_MEANS = "mean_t sd_t n_t mean_p sd_p n_p"
ARM_COUNTS = "events_t n_t events_p n_p"
ARM_SCORES = " ".join(f"baseline_mean{a} baseline_sd{a} final_mean{a} final_sd{a} n{a}" for a in ("_t", "_p"))
#: Headings of tables that others published or that our pages show: where, the kind of row, the arguments and the
#: columns that take them, and what else stands there.
PUBLISHED = [
    ("README", "counts", ARM_COUNTS, "ev1,n1,ev2,n2", "Study"),
    ("README", "means", ARM_MEANS, "m1,sd1,n1,m2,sd2,n2", "Study"),
    ("README", "means", ARM_MEANS, "m1,s1,n1,m2,s2,n2", "Study"),
    ("README", "scores", ARM_SCORES, "b1,bs1,m1,s1,n1,b2,bs2,m2,s2,n2", "Study"),
    ("docs/your_data.md", "scores", ARM_SCORES, "b1,bs1,e1,es1,n1,b2,bs2,e2,es2,n2", "Trial"),
    ("docs/your_data.md", "means", ARM_MEANS, "m laser,sd laser,n laser,m sham,sd sham,n sham", "Study"),
    ("letters", "counts", ARM_COUNTS, "e1,n1,e2,n2", "Study"),
    ("a spreadsheet", "means", ARM_MEANS, "Mean exp,SD exp,N exp,Mean con,SD con,N con", "Author,Year"),
    (
        "a spreadsheet",
        "means",
        ARM_MEANS,
        "Intervention_mean,Intervention_sd,Intervention_n,Control_mean,Control_sd,Control_n",
        "Study",
    ),
    (
        "a template in R",
        "means",
        ARM_MEANS,
        "Intervention.Means,Intervention.SD,Intervention.N,Control.Means,Control.SD,Control.N",
        "Study.ID",
    ),
    ("a spreadsheet", "means", ARM_MEANS, "tx_mean,tx_sd,tx_n,ctrl_mean,ctrl_sd,ctrl_n", "id"),
    ("a spreadsheet", "means", ARM_MEANS, "M IG,SD IG,N IG,M CG,SD CG,N CG", "Author,Year"),
    (
        "a spreadsheet",
        "means",
        ARM_MEANS,
        "Mean (laser),SD (laser),n (laser),Mean (sham),SD (sham),n (sham)",
        "Study",
    ),
    ("a spreadsheet", "means", ARM_MEANS, "Mean CBT,SD CBT,N CBT,Mean TAU,SD TAU,N TAU", "Study"),
    ("a spreadsheet", "means", ARM_MEANS, "Mean CBT,SD CBT,N CBT,Mean WLC,SD WLC,N WLC", "Study"),
    ("a spreadsheet", "means", ARM_MEANS, "mean1,sd1,n1,mean0,sd0,n0", "study"),
    ("Stata's manual", "means", ARM_MEANS, "meant,sdt,nt,meanc,sdc,nc", "Study"),
    ("meta", "counts", ARM_COUNTS, "event.e,n.e,event.c,n.c", "author,year"),
    ("meta, Fleiss1993bin", "counts", ARM_COUNTS, "d.asp,n.asp,d.plac,n.plac", "study,year"),
    (
        "meta, Fleiss1993cont",
        "means",
        ARM_MEANS,
        "mean.psyc,sd.psyc,n.psyc,mean.cont,sd.cont,n.cont",
        "study,year",
    ),
    ("meta, cisapride", "counts", ARM_COUNTS, "event.cisa,n.cisa,event.plac,n.plac", "study"),
    ("meta, Olkin1995", "counts", ARM_COUNTS, "ev.exp,n.exp,ev.cont,n.cont", "author,year"),
    (
        "metadat, dat.axfors2021",
        "counts",
        ARM_COUNTS,
        "hcq_arm_event,hcq_arm_total,control_arm_event,control_arm_total",
        "id",
    ),
    ("metadat, dat.viechtbauer2021", "counts", ARM_COUNTS, "xTi,nTi,xCi,nCi", "trial,dose"),
    ("metadat, dat.bcg", "counts", ARM_COUNTS, "tpos,tpos + tneg,cpos,cpos + cneg", "trial,author,year,ablat,alloc"),
    (
        "metafor, Morris 2008",
        "changes",
        "mean_post sd_post mean_pre sd_pre n correlation",
        "m_post,sd_post,m_pre,sd_pre,ni,ri",
        "",
    ),
    (
        "notebook 11",
        "scores",
        f"{ARM_SCORES} correlation",
        "pre1,sdpre1,post1,sdpost1,n1,pre2,sdpre2,post2,sdpost2,n2,r",
        "study",
    ),
    ("Cochrane", "counts", ARM_COUNTS, "Events 1,Total 1,Events 2,Total 2", "Study"),
    ("metadat, dat.hackshaw1998", "effects", "yi ci", "or,or.lb,or.ub", "study,author,year,country"),
    ("dmetar, HealthWellbeing", "correlations", "r n", "cor,n", "author"),
    ("dmetar, OpioidMisuse", "one count", "events n", "event,n", "author"),
]


@pytest.mark.parametrize(("where", "kind", "arguments", "headings", "others"), PUBLISHED)
def test_headings_of_published_tables(where, kind, arguments, headings, others):
    taken = headings.split(",")
    there = list(dict.fromkeys(part for heading in taken for part in heading.split(" + ")))
    # The order of columns tells nothing.
    table = columns(",".join([*filter(None, [others]), *reversed(there)]))
    found = recognised(table)
    expected = dict(
        zip(arguments.split(), taken if "ci" not in arguments.split() else [taken[0], tuple(taken[1:])], strict=True)
    )
    assert (found.kind, found.arguments, found.missing) == (kind, expected, ()), where


def test_which_arm_is_treated_is_said_to_be_a_guess():
    assert which_arm(recognised(columns("ev1,n1,ev2,n2"))) == (
        "which arm is treated is a guess: that of 'ev1', not that of 'ev2'"
    )
    assert which_arm(recognised(columns("study,yi,vi"))) == which_arm(recognised(columns("author,event,n"))) == ""
    with pytest.raises(ma.TrialDataError, match="which arm is treated is a guess: that of 'm1i', not that of 'm2i'"):
        ma.read_trials(pd.DataFrame(INPUTS["two_means"]))


def test_what_names_the_studies():
    for table, found in (
        ({"trial": [1, 2], "author": ["Ann", "Bo"]}, {"study": "trial", "label": "author"}),
        ({"trial": ["a", "b"], "author": ["Ann", "Bo"]}, {"study": "trial"}),
        ({"Author": ["Ann", "Bo"], "Year": [1, 2]}, {"study": "Author", "year": "Year"}),
        ({"author": [1, 2]}, {"study": "author"}),
        ({"school": ["A", "B"], "effect": [1, 2]}, {"study": "school"}),
        ({"school": ["A", "A"], "effect": [1, 2]}, {}),  # what stands twice is no name
        ({"effect": [1, 2], "school": ["A", "B"]}, {}),
        ({"label": ["A", "B"], "effect": [1, 2]}, {"label": "label"}),
        ({"odd": [["A"], ["B"]]}, {}),
        ({"study": [["A"], ["B"]], "author": "x"}, {"study": "study"}),
        ({0: ["A", "B"], "effect": [1, 2]}, {}),
    ):
        assert about(pd.DataFrame(table)) == found
    rubin = pd.DataFrame({"school": ["A", "B"], "effect": [28.4, 7.9], "se": [14.9, 10.2]})
    assert (
        headings.call(rubin, recognised(rubin)) == "effect_sizes(df, measure='', study='school', yi='effect', se='se')"
    )


SENN = {"study": ["a", "a", "b", "b"], "ni": 20, "treatment": ["drug", "placebo"] * 2, "mi": -1.0, "sdi": 1.5}


def test_one_row_an_arm_under_other_headings():
    # Of dat.senn2013 in metadat: Senn and others 2013, Stat Methods Med Res 22:169-189.
    names = {"study": "study", "treatment": "arm", "mi": "final_mean or change_mean", "sdi": "final_sd or change_sd"}
    assert rows_of_arms(pd.DataFrame(SENN)) == names | {"ni": "n"}
    counts = pd.DataFrame({"Trial": ["a", "a"], "Group": ["x", "y"], "N": 5, "Events": 2})
    assert rows_of_arms(counts) == {"Trial": "study", "Group": "arm", "N": "n", "Events": "events"}
    assert rows_of_arms(pd.DataFrame(SENN | {"study": [*"abcd"]})) == {}, "a study in each row"
    assert rows_of_arms(pd.DataFrame(SENN).drop(columns="treatment")) == {}
    assert rows_of_arms(pd.DataFrame(SENN)[["study", "treatment", "ni"]]) == {}, "nothing was measured"
    assert rows_of_arms(pd.DataFrame(SENN | {"yi": 0.1, "se": 0.1})) == {}
    assert rows_of_arms(pd.DataFrame(SENN | {"TE": 0.1, "seTE": 0.1}).drop(columns=["mi", "sdi"])) == {}
    assert set(" or ".join(IN_ROWS_OF_ARMS.values()).split(" or ")) <= {*dictionary.COLUMNS}


# --- before and after

BEFORE_AND_AFTER = """\
Studie;Jahr;n Laser;MW Laser vor;SD Laser vor;MW Laser nach;SD Laser nach;n Plazebo;MW Plazebo vor;SD Plazebo vor;\
MW Plazebo nach;SD Plazebo nach;Dosis (J/cm²);Gelenk
Amsel 2003;2003;20;6,2;1,9;3,1;2,1;15;6,0;2,0;4,4;2,2;3;Kiefer
Buche 2007;2007;24;5,9;1,7;2,4;1,8;24;5,7;1,8;4,9;1,9;89,7;Kiefer
Çelik 2006;2006;24;6,8;1,5;2,0;1,6;15;6,5;1,6;4,0;2,0;7;Muskel
"""


def test_a_file_with_decimal_commas(tmp_path):
    path = tmp_path / "kiefer.csv"
    path.write_text(BEFORE_AND_AFTER, encoding="utf-8-sig")
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(path)
    message = str(caught.value)
    reading = re.search(r"^    df = (pandas\..*)$", message, re.MULTILINE)[1]
    assert reading == f"pandas.read_csv({str(path)!r}, sep=';', decimal=',')"
    df = eval(reading, {"pandas": pd})
    (call,) = CALL.findall(message)
    direct = run(call, df, scale_min=0, scale_max=10)
    assert direct.labels == ["Amsel 2003", "Buche 2007", "Çelik 2006"] and direct.arms == ("Laser", "Plazebo")
    assert direct.yi == pytest.approx([-1.5, -2.7, -2.3])
    assert "trials_from_wide with the same columns, scale_min= and scale_max=" in message
    arms = call.replace("effect_sizes(df, measure='MD'", "trials_from_wide(df")
    by_arms = ma.effect_sizes(run(arms, df, scale_min=0, scale_max=10))
    assert by_arms.yi == pytest.approx(direct.yi) and by_arms.vi == pytest.approx(direct.vi)
    # Read without the sign of the decimals, each cell says what to do.
    with pytest.raises(ma.TrialDataError, match="value '6,2': this is not a number. Read the file with decimal=','"):
        run(call, df.assign(**{"MW Laser vor": "6,2"}))


def test_with_the_ends_of_the_scale_the_arms_are_made(tmp_path):
    columns = "baseline_mean baseline_sd final_mean final_sd n".split()
    values = [6.1, 1.2, 3.2, 1.5, 20]
    table = pd.DataFrame({f"{name}_{arm}": [x, x] for arm in "tp" for name, x in zip(columns, values, strict=True)})
    table = table.assign(study=["A", "B"], scale_min=0, scale_max=10)
    table.to_excel(tmp_path / "t.xlsx", index=False)
    for door in (table, tmp_path / "t.xlsx"):
        with pytest.raises(ma.TrialDataError) as caught:
            ma.read_trials(door)
        (call,) = CALL.findall(str(caught.value))
        assert call.startswith("trials_from_wide(df, study='study', ") and len(run(call, table)) == 4
    assert "pandas.read_excel(" in str(caught.value)
    assert len(ma.effect_sizes(table)) == 2, "names of our own need no call"


# --- what is missing, and what is left alone


def columns(text):
    return pd.DataFrame([[1.0] * len(text.split(","))], columns=text.split(","))


@pytest.mark.parametrize(
    ("headings", "missing"),
    [
        ("m1i,sd1i,m2i,sd2i", "n_t, n_p"),
        ("m_pre,m_post,sd_pre,ni,ri", "sd_post"),
        ("study,mean laser,SD laser,mean sham,SD sham", "n_t, n_p"),
        ("study,events laser,n laser,events sham", "n_p"),
        ("study,mean laser,SE laser,n laser,mean sham,SD sham", "n_p"),
        ("study,mean laser,n laser,mean sham,SD sham,n sham", "sd_t"),
        ("study,baseline mean laser,final mean laser,final SD laser,n laser,final mean sham,n sham", "final_sd_p"),
        ("study,median laser,n laser,median sham,n sham", "mean_t, sd_t, mean_p, sd_p"),
        ("study,median laser,n laser,IQR laser,median sham,n sham,IQR sham", "mean_t, sd_t, mean_p, sd_p"),
    ],
)
def test_what_no_heading_tells_is_named(headings, missing):
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(columns(headings))
    assert f"no heading tells {missing}: name the columns" in str(caught.value)
    for line in CALL.findall(str(caught.value)):
        assert "median" not in line and all(f"{name}=?" in line for name in missing.split(", "))


def test_a_median_stands_for_nothing_else():
    found = recognised(columns("study,median laser,q1 laser,q3 laser,n laser,median sham,q1 sham,q3 sham,n sham"))
    assert found.arguments["median_t"] == "median laser" and not found.missing
    assert not {"mean_t", "se_t", "sd_t"} & set(found.arguments)
    for heading in ("median", "IQR", "SEM"):
        found = recognised(columns(f"study,mean laser,{heading} laser,n laser,mean sham,{heading} sham,n sham"))
        assert ("se_t" in found.arguments) == (heading == "SEM") and bool(found.missing) == (heading != "SEM")


@pytest.mark.parametrize(
    ("headings", "call"),
    [
        ("study,OR,CI_low,CI_high", "measure='OR', study='study', yi='OR', ci=('CI_low', 'CI_high'), log=False"),
        ("study,log OR,SE", "measure='OR', study='study', yi='log OR', se='SE'"),
        ("Author,g,variance", "measure='SMD', study='Author', yi='g', vi='variance'"),
        ("studlab,TE,seTE", "measure='', study='studlab', yi='TE', se='seTE'"),
        ("Study,event.e,n.e,event.c,n.c", "measure='RR', study='Study', events_t='event.e', n_t='n.e'"),
        ("Study,Ee,Ne,Ec,Nc", "measure='RR', study='Study', events_t='Ee', n_t='Ne'"),
        ("Name,Events 1,Total 1,Events 2,Total 2", "events_t='Events 1', n_t='Total 1', events_p='Events 2'"),
        ("study,mean A,SEM A,n A,mean placebo,SEM placebo,n placebo", "mean_t='mean A', se_t='SEM A', n_t='n A'"),
        (
            "study,mean A,95% CI lower A,95% CI upper A,n A,mean P,95% CI lower P,95% CI upper P,n P",
            "ci_t=('95% CI lower A'",
        ),
        ("study,age mean A,pain mean A,pain SD A,n A,age mean P,pain mean P,pain SD P,n P", "mean_t='pain mean A'"),
    ],
)
def test_what_else_is_recognised(headings, call):
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(columns(headings))
    assert call in str(caught.value)


@pytest.mark.parametrize(
    "headings",
    [
        "study,group,n,mean,sd",  # a row an arm
        "study,arm,n,final_mean",
        "a,b,c",
        "study,OR,SE",  # of the ratio, or of its log
        "study,mean A,SD A,n A,mean B,SD B,n B",  # nobody says which is the treatment
        "study,pain mean A,pain SD A,n A,pain mean P,pain SD P,n P,sleep mean A,sleep SD A,sleep mean P,sleep SD P",
        "study,mean,sd,n",
        "study,group,event,n",
        "study,mean laser,sd laser,n laser,mean tens,sd tens,n tens,mean sham,sd sham,n sham",  # which of two?
        "study,m1,s1,n1,m2,s2,n2,m3,s3,n3",
        "study,b1,bs1,e1,n1,b2,bs2,e2,n2",  # a letter that nothing explains
        "study,e1,es1,n1,e2,es2,n2",
        "study,x1,n1,x2,n2",  # events or means
        "study,r1,n1,r2,n2",
        "study,e,n,c,m",
        "study,bleed.exp,n.exp,bleed.plac,n.plac",  # what was counted has a name of its own
    ],
)
def test_what_headings_do_not_tell_is_not_guessed(headings):
    assert recognised(columns(headings)) is None
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(columns(headings))
    assert not CALL.search(str(caught.value))


@pytest.mark.parametrize("heading", ["Non-events {}", "not responders {}", "without event {}", "event free {}"])
def test_who_had_no_event_is_none_of_the_events(heading):
    names = [heading.format("treatment"), "N treatment", heading.format("control"), "N control"]
    frame = pd.DataFrame([["A", 4, 20, 6, 21], ["B", 5, 30, 8, 31]], columns=["Study", *names])
    with pytest.raises(ValueError) as told:
        ma.effect_sizes(frame, measure="RR")
    assert "events_t='" not in str(told.value).partition("By its headings")[2]


def test_the_measure_asked_for_is_kept():
    table = pd.DataFrame(INPUTS["two_means"])
    with pytest.raises(ValueError, match="By its headings") as caught:
        ma.effect_sizes(table, measure="SMD")
    (call,) = CALL.findall(str(caught.value))
    np.testing.assert_allclose(run(call, table).yi, of_metafor("SMD", "two_means")["yi"], rtol=RTOL)


@pytest.mark.parametrize(("there", "missing"), [("_t", "_p"), ("_p", "_t")])
def test_one_arm_alone_is_told_what_the_other_lacks(there, missing):
    table = pd.DataFrame({f"mean{there}": [1.0], f"sd{there}": [1.0], f"n{there}": [5]})
    names = ", ".join(f"{part}{missing}" for part in ("mean", "sd", "n"))
    with pytest.raises(ValueError, match=f"^{names}: no such column"):
        ma.effect_sizes(table)


def test_a_table_of_arms_is_none():
    for name in dictionary.COLUMNS:
        found = recognised(
            pd.DataFrame([["1"] * len(dictionary.COLUMNS)], columns=dictionary.COLUMNS).drop(columns=name)
        )
        assert found is None
    assert recognised(columns("study,n,n")) is None


def test_the_tables_of_headings_speak_of_what_there_is():
    for kind, named in PROGRAMS:
        assert set(named) <= {*COLUMN_ARGUMENTS} and kind in MEASURES
    for letters, words in LETTERS.items():
        assert len(letters.split()) == len(words.split(","))
        assert {word for each in words.split(",") for word in each.split()} <= {*QUANTITIES, *TIMES}
    made = {measure for shape in SHAPES.values() for measure in shape.formulas}
    assert {code for codes in MEASURES.values() for code in codes} <= made | {""}


@pytest.mark.parametrize("heading", ["Paper", "Author", "Studie", "Reference", "STUDY"])
def test_a_heading_that_looks_like_the_names_of_studies_is_offered_not_taken(heading):
    means = {f"{part}_{arm}": x for arm in "tp" for part, x in (("mean", [3.0, 3.2, 3.1]), ("sd", 1.0), ("n", 20))}
    df = pd.DataFrame({heading: ["Ann 2010", "Ann 2010", "Bo 2011"]} | means)
    with pytest.warns(UserWarning, match=f"'{heading}' looks like their names: give study='{heading}'") as told:
        found = ma.effect_sizes(df, measure="MD")
    assert found.labels == ["Study 1", "Study 2", "Study 3"]
    assert str(told[0].message).endswith("Ann 2010 would be one study with several rows")
    assert ma.effect_sizes(df, measure="MD", study=heading).labels == ["Ann 2010: 1", "Ann 2010: 2", "Bo 2011"]
    # Names that are there by another way, or are none, are not asked for.
    for named in (df.assign(label=list("abc")), df.rename(columns={heading: "ward"}), df.set_index(heading)):
        ma.effect_sizes(named, measure="MD")
