"""Arms of trials from a table with one row a study: the same effects, and all that needs both arms."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

import analysis as ma
from analysis.data import dictionary
from analysis.plots._forest import short_names

# What is computed is computed in points in the one way, and brought to points in the other.
RTOL = 1e-9

TMD = pd.DataFrame(
    {
        "Trial": ["Ann 2014", "Bo 2017", "Cy 2020"],
        "b1": [6.1, 5.8, 6.4],
        "sb1": [1.2, 1.3, 1.1],
        "f1": [3.2, 3.6, 3.0],
        "sf1": [1.6, 1.5, 1.7],
        "n1": [24, 31, 20],
        "b2": [6.0, 5.9, 6.3],
        "sb2": [1.3, 1.2, 1.2],
        "f2": [4.4, 4.5, 4.6],
        "sf2": [1.7, 1.6, 1.5],
        "n2": [23, 30, 21],
        "dose": [1.5, 4.0, 2.5],
        "joint": ["TMJ", "muscle", "TMJ"],
    }
)
NAMES = {
    "study": "Trial",
    **{f"{name}_t": f"{short}1" for name, short in (("baseline_mean", "b"), ("baseline_sd", "sb"), ("n", "n"))},
    **{f"{name}_p": f"{short}2" for name, short in (("baseline_mean", "b"), ("baseline_sd", "sb"), ("n", "n"))},
    **{"final_mean_t": "f1", "final_sd_t": "sf1", "final_mean_p": "f2", "final_sd_p": "sf2"},
    "scale_min": 0,
    "scale_max": 10,
}
ARMS = ("laser", "sham")


def arms_of(table=TMD, **more):
    return ma.trials_from_wide(table, **NAMES | more)


# --- the same effects

# Away from the ends of a scale of 0-100, where every SD up to 20 is possible. Few examples: each is read as a file is.
mean, sd, n = st.floats(30, 70), st.floats(1, 20), st.integers(2, 500)
SPREADS = {
    "sd": st.tuples(sd).map(lambda x: {"sd": x[0]}),
    "se": st.tuples(sd).map(lambda x: {"se": x[0] / 25}),
    "ci": st.tuples(sd).map(lambda x: {"half": x[0] / 25}),
    "quartiles": st.tuples(sd, sd).map(lambda x: {"below": x[0] / 2, "above": x[1] / 2}),
}


@st.composite
def tables(draw):
    """A row a study, whose arms print their spread in the ways of `effect_sizes`; and the arguments."""
    way = {arm: draw(st.sampled_from(sorted(SPREADS))) for arm in "tp"}
    rows, level = [], draw(st.sampled_from([90.0, 95.0]))
    for study in range(draw(st.integers(1, 6))):
        row = {"study": f"S{study}"}
        for arm in "tp":
            middle, spread = draw(mean), draw(SPREADS[way[arm]])
            row[f"n_{arm}"] = draw(n)
            if way[arm] == "quartiles":
                row |= {f"q1_{arm}": middle - spread["below"], f"q3_{arm}": middle + spread["above"]}
                row[f"median_{arm}"] = middle
            elif way[arm] == "ci":
                row |= {
                    f"mean_{arm}": middle,
                    f"lo_{arm}": middle - spread["half"],
                    f"hi_{arm}": middle + spread["half"],
                }
            else:
                row |= {f"mean_{arm}": middle, f"{way[arm]}_{arm}": spread[way[arm]]}
        rows.append(row)
    given_names = {"scale_min": 0, "scale_max": 100, "level": level}
    return pd.DataFrame(rows), given_names | {
        f"ci_{arm}": (f"lo_{arm}", f"hi_{arm}") for arm in "tp" if way[arm] == "ci"
    }


@settings(max_examples=6)
@given(tables())
def test_both_ways_give_the_same_effects(drawn):
    table, arguments = drawn
    direct, by_arms = ma.effect_sizes(table, **arguments), ma.effect_sizes(ma.trials_from_wide(table, **arguments))
    np.testing.assert_allclose(by_arms.yi, direct.yi, rtol=RTOL, atol=1e-12)
    np.testing.assert_allclose(by_arms.vi, direct.vi, rtol=RTOL)
    assert by_arms.labels == direct.labels and by_arms.unit == direct.unit
    rules = [line.rule for line in direct.derivations.itertuples() if line.quantity in ("SD", "mean")]
    told = [line.rule for line in by_arms.derivations.itertuples() if line.quantity.startswith(("SD", "mean"))]
    assert sorted(told) == sorted(rules)
    assert by_arms.table["status"].tolist() == direct.table["status"].tolist()


@settings(max_examples=3)
@given(st.lists(st.tuples(*[mean, sd, mean, sd, n] * 2), min_size=1, max_size=6), st.floats(-0.5, 0.9))
def test_before_and_after_give_the_same_effects(rows, r):
    columns = [f"{x}_{arm}" for arm in "tp" for x in ("baseline_mean", "baseline_sd", "final_mean", "final_sd", "n")]
    table = pd.DataFrame(rows, columns=columns).assign(
        study=[f"S{i}" for i in range(len(rows))], scale_min=0, scale_max=100
    )
    direct = ma.effect_sizes(table, correlation=r)
    for by_arms in (
        ma.effect_sizes(ma.trials_from_wide(table), correlation=r),
        ma.effect_sizes(ma.trials_from_wide(table, correlation=r)),
        ma.effect_sizes(ma.trials_from_wide(table.assign(rho=r), correlation="rho")),
    ):
        np.testing.assert_allclose(by_arms.yi, direct.yi, rtol=RTOL, atol=1e-12)
        np.testing.assert_allclose(by_arms.vi, direct.vi, rtol=RTOL)


def test_a_correlation_of_the_study_is_not_assumed():
    trials = arms_of(TMD.assign(rho=[0.3, 0.5, np.nan]), correlation="rho")
    found = ma.effect_sizes(trials)
    assert found.table["flags"].tolist() == [(), (), ("correlation assumed",)]
    assert ma.effect_sizes(arms_of(correlation=0.5)).table["flags"].tolist() == [("correlation assumed",)] * 3
    rules = found.derivations.query("quantity == 'SD of the change'")["rule"].tolist()[::2]
    both = "from baseline and final SD, correlation"
    assert rules == [f"{both} 0.3", f"{both} 0.5", f"{both} 0.5 assumed"]


# --- what the trials are


def test_the_trials_are_those_of_read_trials():
    trials = arms_of(arms=ARMS, year=None)
    assert trials.columns.tolist()[: len(dictionary.COLUMNS)] == dictionary.COLUMNS
    assert trials["arm"].tolist() == ["treatment", "placebo"] * 3 and trials["arm_label"].tolist() == list(ARMS) * 3
    assert trials.index.name == "row" and trials["n"].dtype == np.int64
    again = ma.read_trials(trials)
    pd.testing.assert_frame_equal(again[dictionary.COLUMNS], trials[dictionary.COLUMNS])


def test_an_se_and_an_interval_stay_what_they_are():
    table = TMD.assign(se=0.3, low=TMD["f2"] - 0.5, high=TMD["f2"] + 0.5)
    names = {"mean_t": "f1", "se_t": "se", "n_t": "n1", "mean_p": "f2", "ci_p": ("low", "high"), "n_p": "n2"}
    trials = ma.trials_from_wide(table, study="Trial", level=90, scale_min=0, scale_max=10, **names)
    treated, sham = (trials[trials["arm"] == role] for role in ("treatment", "placebo"))
    assert (treated["final_se"] == 0.3).all() and treated["final_sd"].isna().all() and treated["ci_level"].isna().all()
    assert sham["final_ci_low"].tolist() == table["low"].tolist() and (sham["ci_level"] == 90).all()
    assert trials["recovered"].isna().all()
    changes = table.assign(f1=-table["f1"], f2=0.0, low=-0.5, high=0.5)
    found = ma.trials_from_wide(changes, study="Trial", outcome="change", scale_min=0, scale_max=10, **names)
    assert found["change_mean"].tolist()[::2] == (-table["f1"]).tolist() and found["final_mean"].isna().all()


def test_other_columns_come_along():
    table = TMD.assign(therapy="Laser 830 nm", week=[4, 6, 8], x_team="a", source="Table 2")
    trials = arms_of(table, label="Trial", year=None)
    assert trials["x_dose"].tolist() == np.repeat(TMD["dose"], 2).tolist() and set(trials["x_team"]) == {"a"}
    assert trials["week"].tolist() == [4, 4, 6, 6, 8, 8] and set(trials["therapy"]) == {"Laser 830 nm"}
    assert not {"b1", "x_b1", "x_Trial", "x_week"} & set(trials)
    found = ma.effect_sizes(trials)
    assert ma.meta_regression("yi ~ x_dose", found).k == 3
    assert list(ma.pool_arms(found, by="x_joint").groups) == ["TMJ", "muscle"]


def test_names_of_trials():
    assert ma.effect_sizes(arms_of(study=None)).labels == ma.effect_sizes(arms_of()).labels
    nameless = TMD.rename(columns={"Trial": "who"})
    with pytest.warns(UserWarning, match="no column is called study.*'who' looks like their names"):
        assert ma.effect_sizes(arms_of(nameless, study=None)).labels == ["Study 1", "Study 2", "Study 3"]
    assert ma.effect_sizes(arms_of(TMD.assign(y=[2014, 2001, 2020]), year="y")).labels == [
        "Ann 2014",
        "Bo 2017 2001",
        "Cy 2020",
    ]
    assert ma.effect_sizes(arms_of(TMD.assign(who=list("xyz")), label="who")).labels == list("xyz")


def test_counts_are_kept():
    counted = pd.DataFrame({"study": list("AB"), "events_t": [9, 8], "n_t": 20, "events_p": [4, 3], "n_p": 21})
    trials = ma.trials_from_wide(counted)
    assert trials["events"].tolist() == [9, 4, 8, 3]
    assert ma.pool_responders(trials).ratio.k == 2


def test_several_time_points():
    table = pd.concat([TMD.assign(week=4, primary="yes"), TMD.assign(week=12, primary="no")])
    assert len(ma.effect_sizes(arms_of(table))) == 3
    with pytest.raises(ma.TrialDataError, match="rows 2, 3, 4, 5, 6, 7, study .* this study stands in several rows"):
        arms_of(table.drop(columns=["week", "primary"]))


def test_a_crossover_is_paired():
    same = TMD.assign(design="crossover", n2=TMD["n1"])
    paired, apart = (ma.effect_sizes(arms_of(table)) for table in (same, same.drop(columns="design")))
    assert (paired.yi == apart.yi).all() and (paired.vi < apart.vi).all()


def test_an_sd_that_nothing_tells_is_borrowed_or_left_out():
    table = TMD.assign(sf1=[np.nan, 1.5, 1.7], sf2=[np.nan, 1.6, 1.5])
    assert ma.effect_sizes(arms_of(table)).table["status"].tolist() == ["imputed", "recovered", "recovered"]
    assert len(ma.effect_sizes(arms_of(table), missing_sd="drop")) == 2


# --- both arms


def test_the_figure_calls_the_arms_by_their_names():
    pooled = ma.pool_arms(ma.effect_sizes(arms_of(arms=ARMS, benefit="lower")))
    assert pooled.placebo.k == 3 and 0 < pooled.contextual_share.share < 1
    fig = ma.arms_forest(pooled)
    said = [text.get_text() for text in fig.findobj(Text)]
    assert {"sham arm", "laser arm", "← favours laser", "favours sham →"} <= set(said)
    words = " ".join([*said, fig.content.caption, fig.content.alt_text, fig.content.title, fig.content.in_words])
    assert "treatment" not in words.lower() and "placebo" not in words.lower()
    assert "Laser minus sham" in words and "Condition" not in words
    for arms, heads in (
        (("low-level laser", "switched-off laser"), ("low-level", "switched-off")),
        (("laser on the back", "laser on the neck"), ("back", "neck")),
        (("treatment", "no treatment"), ("treat.", "no treatment")),
        (("electroacupuncture", "sham"), ("electroacu.", "sham")),
        (("electroacupuncture", "electroacumoxa"), ("electroacupuncture", "electroacumoxa")),
    ):
        assert short_names(arms) == heads
    usual = ma.arms_forest(ma.pool_arms(ma.effect_sizes(arms_of())))
    assert "treatment minus placebo" in usual.content.caption
    plt.close("all")


def test_a_column_of_conditions_is_drawn_where_there_are_any():
    table = TMD.assign(condition_group=["Jaw", "Jaw", None])
    grouped = ma.pool_arms(ma.effect_sizes(arms_of()), by="x_joint")
    for pooled, known in ((ma.pool_arms(ma.effect_sizes(arms_of(table))), True), (grouped, False)):
        fig = ma.arms_forest(pooled)
        assert ("Condition" in {text.get_text() for text in fig.findobj(Text)}) == known
        told = fig.content.table.query("kind != 'trial'")["text_condition"].fillna("")
        assert (told == "").all()
    plt.close("all")


# --- what is wrong


def test_problems_are_told_by_the_rows_and_columns_of_the_table():
    table = TMD.assign(f1=[3.2, 36.0, 3.0], n2=[23, 30, np.nan], sb2=[1.3, 1.2, -1])
    with pytest.raises(ma.TrialDataError, match="column 'sb2 .baseline_sd_p.': value '-1': an SD must be") as caught:
        arms_of(table)
    table["sb2"] = TMD["sb2"]
    with pytest.raises(ma.TrialDataError) as caught:
        arms_of(table)
    found = set(caught.value.problems[["row", "study", "column"]].itertuples(index=False, name=None))
    assert found >= {
        (3, "Bo 2017", "f1 (final_mean_t)"),
        (4, "Cy 2020", "n2 (n_p)"),
    }
    plain = {"mean_t": "f1", "n_t": "n1", "mean_p": "f2", "n_p": "n1", "scale_min": 0, "scale_max": 10}
    with pytest.raises(
        ma.TrialDataError, match=r"row 3, study '3', column 'f1 \(mean_t\)': value '36': must lie within"
    ):
        ma.trials_from_wide(table.assign(Trial=[1, 3, 5]), study="Trial", **plain)
    with pytest.raises(ma.TrialDataError, match=r"row 3, .* column 'y \(year\)': value '17'"):
        arms_of(TMD.assign(y=[2014, 17, 2020]), year="y")


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"n_t": "N"}, ValueError, "n_t='N' is not a column of the table"),
        ({"yi": "f1"}, TypeError, r"trials_from_wide\(\) got an unexpected keyword argument 'yi'"),
        ({"final_meant": "f1"}, TypeError, "did you mean 'final_mean_t'"),
        ({"mean_t": "f1"}, ValueError, "mean_t and final_mean_t are both given, and outcome='final' makes one of them"),
        ({"outcome": "last"}, ValueError, "outcome='last' is not known"),
        ({"arms": ("a", "a")}, ValueError, "must be the names of the two arms"),
        ({"level": 0.95}, ValueError, "level=0.95 must be a number of percent"),
        ({"correlation": 2}, ValueError, "correlation=2 must be a number from -1 to 1"),
        ({"ci_t": "b1"}, ValueError, "ci_t='b1' must be the names of two columns"),
        ({"ci_t": "b1"}, ValueError, "ci_t='b1' must be the names of two columns"),
    ],
)
def test_an_argument_that_cannot_be_is_refused(more, error, message):
    with pytest.raises(error, match=message):
        arms_of(**more)


def test_what_is_needed_is_asked_for_by_name():
    names = {key: value for key, value in NAMES.items() if key not in ("scale_min", "scale_max")}
    with pytest.raises(ValueError, match=r"scale_min, scale_max: no such column.*give the ends of the scale"):
        ma.trials_from_wide(TMD, **names)
    names = {key: value for key, value in NAMES.items() if key != "n_p"}
    with pytest.raises(ValueError, match="n_p: no such column, and no argument names one; name the people"):
        ma.trials_from_wide(TMD, **names)
    with pytest.raises(ValueError, match="the table is a str; give a pandas DataFrame"):
        ma.trials_from_wide("trials.csv")


def test_what_is_good_is_what_was_said():
    """A score of function is better higher; of any other nobody knows, so no arrow points to an arm."""
    assert ma.effect_sizes(arms_of()).benefit is None
    assert ma.effect_sizes(arms_of(benefit="higher")).benefit == "higher"
    assert ma.effect_sizes(arms_of(benefit="higher"), benefit="lower").benefit == "lower"
    with pytest.raises(ValueError, match="benefit='up' is not known"):
        arms_of(benefit="up")


def test_an_arm_of_one_is_named_by_row_and_column():
    table = TMD.assign(n2=[23, 1, 21])
    message = r"row 3, study 'Bo 2017', column 'n2 \(n_p\)': value '1': the number of people must be .* at least 2"
    with pytest.raises(ma.TrialDataError, match=message):
        arms_of(table)
    with pytest.raises(ma.TrialDataError, match=message):
        ma.effect_sizes(table, **NAMES)


def test_an_arm_called_no_treatment_keeps_its_name():
    pooled = ma.pool_arms(ma.effect_sizes(arms_of(arms=("TENS", "no treatment"))))
    said = ma.arms_forest(pooled).content.in_words
    assert "in the no treatment arms and by" in said and "in the TENS arms" in said and "lower with TENS" in said
    plt.close("all")


WIDE_SCORES = pd.DataFrame(
    {"study": ["A", "B"], "n_t": 30, "n_p": 31}
    | {f"{score}_mean_{arm}": [6.0, 5.5] for score in ("baseline", "final") for arm in "tp"}
    | {f"{score}_sd_{arm}": 2.0 for score in ("baseline", "final") for arm in "tp"}
)


def test_a_correlation_that_changes_nothing_is_told():
    trials = ma.trials_from_wide(WIDE_SCORES, scale_min=0, scale_max=10, correlation=0.9)
    ma.effect_sizes(trials, correlation=0.9)
    with pytest.warns(UserWarning, match="correlation=0.2 changes nothing of 4 SDs .* were made with 0.9 assumed"):
        ma.effect_sizes(trials, correlation=0.2)


def test_notes_that_contradict_the_column_are_refused():
    trials = ma.trials_from_wide(WIDE_SCORES, scale_min=0, scale_max=10, benefit="lower")
    trials.attrs["benefit"] = "higher"
    with pytest.raises(
        ValueError, match="say benefit='higher', and their column x_benefit says 'lower'; correct the one"
    ):
        ma.effect_sizes(trials)
    assert ma.effect_sizes(trials, benefit="higher").benefit == "higher"
