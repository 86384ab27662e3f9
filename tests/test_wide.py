"""Tables with one row a study: metafor's escalc, tables of other people, invariants, and all that can be wrong."""

import copy
import inspect
import json
import pickle
from decimal import Decimal
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

import analysis as ma
from analysis.data.arm_scores import compared_arms
from analysis.data.wide import SHAPES
from analysis.measures import Measure
from tests.data_cases import published_effects, published_trials

HERE = Path(__file__).parent
REFERENCE = json.loads((HERE / "reference" / "escalc.json").read_text(encoding="utf-8"))
INPUTS = {name: {key: np.array(x, float) for key, x in each.items()} for name, each in REFERENCE["inputs"].items()}
# Closed formulas in double precision, a gamma function among them.
RTOL = 1e-10
# metafor's REML, converged to 1e-14; the project agrees with it to this.
POOLED = 1e-8


def published(name):
    return pd.read_csv(HERE / "data" / f"{name}.csv")


# Columns of metafor's inputs, by our arguments; "1" is the first arm, or after.
MEANS = {"mean_t": "m1i", "sd_t": "sd1i", "n_t": "n1i", "mean_p": "m2i", "sd_p": "sd2i", "n_p": "n2i"}
COUNTS = {"events_t": "ai", "n_t": "n1i", "events_p": "ci", "n_p": "n2i"}
PAIRED = {"mean_post": "m1i", "sd_post": "sd1i", "mean_pre": "m2i", "sd_pre": "sd2i", "n": "ni"}
TABLES = {
    "two_means": ("MD SMD SMD1 SMDH ROM", MEANS),
    "two_by_two": ("OR RR RD PETO", COUNTS),
    "person_time": ("IRR", {"events_t": "x1i", "time_t": "t1i", "events_p": "x2i", "time_p": "t2i"}),
    "one_mean": ("MN", {"mean": "mi", "sd": "sdi", "n": "ni"}),
    "paired": ("MC SMCC SMCR SMCRP ROMC", PAIRED),
    "proportion": ("PR PLO PFT", {"events": "xi", "n": "ni"}),
    "correlation": ("COR ZCOR", {"r": "ri", "n": "ni"}),
}
CASES = [(measure, name) for name, (measures, _) in TABLES.items() for measure in measures.split()]


def of_reference(name):
    """Metafor's input as a table with its own names of columns."""
    table = pd.DataFrame(INPUTS[name])
    if name == "two_by_two":
        table = table.assign(n1i=table["ai"] + table["bi"], n2i=table["ci"] + table["di"])
    return table.assign(trial=[f"T{i + 1}" for i in range(len(table))])


def test_every_measure_is_compared():
    made = {measure for shape in SHAPES.values() for measure in shape.formulas}
    assert made == {measure for measure, _ in CASES}


@pytest.mark.parametrize(("measure", "name"), CASES)
def test_equals_metafor(measure, name):
    table, names = of_reference(name), dict(TABLES[name][1])
    if measure == "SMCR":
        # metafor's sd1i is the one before there.
        names |= {"sd_pre": "sd1i", "sd_post": "sd2i"}
    if name == "paired":
        names["correlation"] = "ri"
    found = ma.effect_sizes(table, measure=measure, study="trial", missing="drop", **names)
    case = next(
        x for x in REFERENCE["cases"] if (x["measure"], x["inputs_ref"]) == (measure, name) and not x.get("args")
    )
    expected = pd.DataFrame({"yi": case["yi"], "vi": case["vi"]}, index=table["trial"], dtype=float)
    if measure == "PETO":
        # metafor adds 1/2 to zero cells there too, which do no harm.
        zero = (table[["ai", "bi", "ci", "di"]] == 0).any(axis=1).to_numpy()
        found = found.where(study=[x for x in found.table["study"] if not zero[int(x[1:]) - 1]])
    expected = expected.loc[found.table["study"]]
    np.testing.assert_allclose(found.yi, expected["yi"], rtol=RTOL, atol=1e-14)
    np.testing.assert_allclose(found.vi, expected["vi"], rtol=RTOL)
    assert found.measure == measure and len(found) >= 3
    assert "0 trials" not in found.summary()


def test_which_rows_of_the_reference_have_no_effect():
    def out(measure, name, **more):
        found = ma.effect_sizes(
            of_reference(name), measure=measure, study="trial", missing="drop", **TABLES[name][1], **more
        )
        assert set(found.table["study"]) | set(found.left_out["study"]) == set(of_reference(name)["trial"])
        return found.left_out["study"].tolist()

    assert out("RR", "two_by_two") == out("OR", "two_by_two") == ["T3", "T5"]
    assert out("RD", "two_by_two") == []
    assert out("IRR", "person_time") == ["T5"]
    assert out("PLO", "proportion") == out("ZCOR", "correlation") == []


# --- tables of other people, pooled by metafor 3.8-1


@pytest.mark.parametrize(
    ("measure", "method", "estimate", "se", "tau2"),
    [
        ("MD", "DL", -13.98172181704393, 5.12669833923133, 205.40937546791079),
        ("SMD", "DL", -0.530737310615977, 0.259218605676859, 0.539714374820215),
        ("SMD", "REML", -0.537108258432960, 0.308661490278689, 0.790842913750769),
    ],
)
def test_length_of_stay_normand_1999(measure, method, estimate, se, tau2):
    table = published("normand1999").assign(scale="days")
    found = ma.effect_sizes(table, measure=measure, study="source", benefit="lower", **MEANS)
    pooled = ma.pool(found, tau2_method=method, ci_method="z")
    assert (pooled.estimate, pooled.se, pooled.tau2) == pytest.approx((estimate, se, tau2), rel=POOLED)
    assert pooled.labels[0] == "Edinburgh" and pooled.measure == measure


@pytest.mark.parametrize(
    ("measure", "estimate", "se", "tau2"),
    [
        ("RR", -0.714532342158139, 0.179781516105206, 0.313243258136481),
        ("OR", -0.745177770843695, 0.186027912751197, 0.337772033112286),
        ("PETO", -0.717410809747176, 0.175160706140661, 0.301094761129829),
    ],
)
def test_bcg_colditz_1994(measure, estimate, se, tau2):
    table = published("colditz1994")
    table = table.assign(n1=table["tpos"] + table["tneg"], n2=table["cpos"] + table["cneg"])
    names = {"events_t": "tpos", "n_t": "n1", "events_p": "cpos", "n_p": "n2"}
    found = ma.effect_sizes(table, measure=measure, study="trial", label="author", **names)
    pooled = ma.pool(found, tau2_method="REML", ci_method="z")
    assert (pooled.estimate, pooled.se, pooled.tau2) == pytest.approx((estimate, se, tau2), rel=POOLED)
    # what was not named comes along, and can explain
    fit = ma.meta_regression("yi ~ ablat", found)
    assert fit.params["ablat"] == pytest.approx(-0.0291 if measure == "RR" else fit.params["ablat"], abs=5e-5)


def test_eight_schools_rubin_1981():
    found = ma.effect_sizes(published("rubin1981"), study="school", yi="effect")
    pooled = ma.pool(found, tau2_method="REML", ci_method="z")
    assert (pooled.estimate, pooled.se) == pytest.approx((7.87054556466142, 4.16557773986805), rel=POOLED)
    assert pooled.tau2 == 0
    assert found.labels == list("ABCDEFGH") and (found.table["status"] == "as printed").all()


def test_smoking_hackshaw_1998():
    """Odds ratios with an interval are logged, and the interval gives the standard error."""
    found = ma.effect_sizes(published("hackshaw1998"), measure="OR", label="author", yi="or", ci=("or.lb", "or.ub"))
    pooled = ma.pool(found, tau2_method="REML", ci_method="z")
    expected = (0.2188892316092999, 0.0493955340128942, 0.0223945309724423)
    assert (pooled.estimate, pooled.se, pooled.tau2) == pytest.approx(expected, rel=POOLED)
    rules = found.derivations["rule"].value_counts().to_dict()
    assert rules == {"half the interval over the normal quantile": 37, "log of the ratio": 37}
    assert (found.table["status"] == "recovered").all()
    assert found.table["ci_low"].iloc[0] == 0.9


# --- invariants

number = st.floats(0.5, 20.0)
people = st.integers(5, 200)
arm = st.tuples(number, number, people)


def two_arms(pairs):
    columns = ("mean_t", "sd_t", "n_t", "mean_p", "sd_p", "n_p")
    return pd.DataFrame([(*t, *p) for t, p in pairs], columns=columns).assign(
        study=[f"S{i}" for i in range(len(pairs))]
    )


SWAPPED = {"mean_t": "mean_p", "sd_t": "sd_p", "n_t": "n_p", "mean_p": "mean_t", "sd_p": "sd_t", "n_p": "n_t"}


@given(st.lists(st.tuples(arm, arm), min_size=1, max_size=4), st.sampled_from(["MD", "SMD", "SMDH", "ROM"]))
def test_swapping_the_arms_turns_the_sign(pairs, measure):
    table = two_arms(pairs)
    there, back = (ma.effect_sizes(table, measure=measure, **names) for names in ({}, SWAPPED))
    np.testing.assert_allclose(there.yi, -back.yi, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(there.vi, back.vi, rtol=1e-9)


@given(
    st.lists(st.tuples(arm, arm), min_size=1, max_size=4),
    st.lists(st.text("abc xyz_é.", min_size=1, max_size=6), min_size=7, max_size=7, unique=True),
    st.sampled_from(["MD", "SMD", "SMD1", "SMDH", "ROM"]),
)
def test_names_of_columns_do_not_matter(pairs, names, measure):
    table = two_arms(pairs)
    given_names = dict(zip(table.columns, names, strict=True))
    plain = ma.effect_sizes(table, measure=measure)
    found = ma.effect_sizes(table.rename(columns=given_names), measure=measure, **given_names)
    pd.testing.assert_frame_equal(found.table, plain.table)


@given(
    st.lists(st.tuples(arm, arm), min_size=2, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(sorted(SWAPPED))), max_size=6),
)
def test_no_row_vanishes(pairs, blanks):
    table = two_arms(pairs).astype({"n_t": float, "n_p": float})
    gaps = {(at % len(table), name) for at, name in blanks}
    for at, name in gaps:
        table.loc[at, name] = np.nan
    whole = [f"S{i}" for i in range(len(table)) if i not in {at for at, _ in gaps}]
    if not whole:
        with pytest.raises(ValueError, match="is not known|no such column"):
            ma.effect_sizes(table, missing="drop")
        return
    if table.isna().all().any():
        return
    found = ma.effect_sizes(table, missing="drop")
    assert found.table["study"].tolist() == whole
    assert sorted([*found.table["study"], *found.left_out["study"]]) == sorted(table["study"])
    for row in found.left_out.itertuples():
        missing = {name for at, name in gaps if f"S{at}" == row.study}
        assert all(f"{name} is not known" in row.reason for name in missing)
    if gaps:
        with pytest.raises(ma.TrialDataError) as caught:
            ma.effect_sizes(table)
        assert set(zip(caught.value.problems["row"] - 2, caught.value.problems["column"], strict=True)) == gaps


# --- what papers print instead of an SD

ARMS = pd.DataFrame(
    {
        "study": ["A", "B"],
        "mean_t": [3.0, 4.0],
        "sd_t": [2.0, 2.5],
        "n_t": [20, 30],
        "mean_p": [5.0, 5.5],
        "sd_p": [1.5, 2.0],
        "n_p": [22, 28],
    }
)
T = 2.093024  # the t quantile on 19 degrees of freedom


@pytest.mark.parametrize(
    ("printed", "arguments", "sd", "rule"),
    [
        ({"se_t": 0.5}, {}, 0.5 * np.sqrt(20), "SE times"),
        ({"lo": 3 - T, "hi": 3 + T}, {"ci_t": ("lo", "hi")}, np.sqrt(20), "half the interval"),
        ({"q1_t": 2.0, "q3_t": 4.0}, {}, ma.recover.sd_from_quartiles(2.0, 4.0, 20), "from the quartiles"),
        ({"min_t": 0.0, "max_t": 7.0}, {}, ma.recover.sd_from_range(0.0, 7.0, 20), "from the range"),
        (
            {"min_t": 0.0, "q1_t": 2.0, "median_t": 3.0, "q3_t": 4.0, "max_t": 7.0},
            {},
            ma.recover.sd_from_five_numbers(0, 2, 4, 7, 20),
            "from range and quartiles",
        ),
    ],
)
def test_an_sd_is_recovered_and_listed(printed, arguments, sd, rule):
    table = ARMS.iloc[:1].drop(columns="sd_t").assign(**printed)
    found = ma.effect_sizes(table, arms=("laser", "sham"), **arguments)
    assert found.table["sd_t"].iloc[0] == pytest.approx(sd, rel=1e-6)
    assert found.vi[0] == pytest.approx(sd**2 / 20 + 1.5**2 / 22, rel=1e-6)
    (line,) = found.derivations.to_dict("records")
    assert (line["study"], line["arm"], line["quantity"]) == ("A", "laser", "SD") and rule in line["rule"]
    assert found.table["status"].tolist() == ["recovered"]


def test_a_study_is_known_by_its_name_without_blanks_around_it():
    table = pd.DataFrame({"study": ["A", " A ", 2.0], "yi": [0.1, 0.2, 0.3], "vi": [0.1, 0.1, 0.1]})
    assert ma.effect_sizes(table).table["study"].tolist() == ["A", "A", "2"]


ALIKE = ["A", "A\xa0", " A", "é", "e\u0301", "x y", "x\xa0y", "\ufeffA"]


def test_names_that_read_alike_are_one():
    """Blanks around a name, kinds of blanks, and the two ways to write a letter with an accent tell no two apart."""
    table = pd.DataFrame({"study": ALIKE, "yi": 0.1, "vi": 0.1, "group": ALIKE, "level": pd.Categorical(ALIKE)})
    known = ["A", "A", "A", "é", "é", "x y", "x y", "A"]
    for given_names in ({}, {"cluster": "group"}):
        found = ma.effect_sizes(table, **given_names)
        assert found.study == found.table["study"].tolist() == found.table["level"].tolist() == known
        assert (found.table["cluster"] if given_names else found.table["group"]).tolist() == known
    apart = ma.effect_sizes(table.assign(study=range(len(ALIKE))))
    assert list(ma.pool_subgroups(apart, "group").groups) == ["A", "é", "x y"]


@pytest.mark.parametrize(
    "kind",
    ["Float64", "float32", "string", "string[pyarrow]", "category", "object", "double[pyarrow]", "text", "decimal"],
)
def test_a_table_gives_the_same_effects_whatever_its_types(kind):
    if "pyarrow" in kind:
        pytest.importorskip("pyarrow")
    exact = ARMS.assign(mean_t=[3.1, 4.7], sd_t=[2.3, 2.1])
    change = {"text": lambda x: x.astype(str), "decimal": lambda x: x.map(lambda cell: Decimal(str(cell)))}
    names = exact.columns[1:]
    turned = exact[names].apply(change.get(kind, lambda x: (x.astype(str) if "string" in kind else x).astype(kind)))
    found = ma.effect_sizes(turned.assign(study=exact["study"]).replace({"20.0": "20"}))
    plain = ma.effect_sizes(exact)
    assert (found.yi == plain.yi).all() and (found.vi == plain.vi).all()
    whole = exact[["n_t", "n_p"]].astype("Int64")
    assert (ma.effect_sizes(exact.assign(**whole)).vi == plain.vi).all()


@pytest.mark.parametrize(
    "cell",
    [
        10**400,
        -(10**5000),
        [1.0],
        [],
        {1: 2},
        {1},
        np.array([1.0, 2.0]),
        b"\xff",
        Decimal("sNaN"),
        pd.Interval(0, 1),
        1j,
    ]
    + [True, np.True_, pd.Timestamp("2020-01-01"), object],
    ids=lambda cell: type(cell).__name__,
)
@pytest.mark.parametrize("name", ["mean_t", "n_t"])
def test_what_is_no_number_is_told_whatever_it_is(cell, name):
    table = ARMS.astype({name: object})
    table.at[1, name] = cell
    with pytest.raises(
        ma.TrialDataError, match=f"row 3, study 'B', column '{name}': value .*: this is not a number"
    ) as told:
        ma.effect_sizes(table)
    again = pickle.loads(pickle.dumps(told.value))
    assert str(again) == str(told.value) and again.source == "the table"
    pd.testing.assert_frame_equal(again.problems, told.value.problems)


@pytest.mark.parametrize("cell", [None, np.nan, " "])
def test_a_row_of_no_cluster_is_told(cell):
    for name, asked in (("team", {"cluster": "team"}), ("cluster", {})):
        with pytest.raises(ma.TrialDataError, match="row 3, study 'B', column 'cluster.*a row must say which cluster"):
            ma.effect_sizes(ARMS.assign(**{name: ["a", cell]}), **asked)


@pytest.mark.parametrize("name", ["study", "label", "team"])
@pytest.mark.parametrize(
    "cell", [["A"], {"a": 1}, np.array(["A", "B"]), b"\xff"], ids=["list", "dict", "array", "bytes"]
)
def test_several_values_are_no_name(name, cell):
    table = ARMS.assign(label=["x", "y"], team=["u", "v"]).astype(object)
    table.at[1, name] = cell
    with pytest.raises(ma.TrialDataError, match="row 3, column '.*': value .*: a name is one text"):
        ma.effect_sizes(table, cluster="team")


def test_bytes_that_are_text_are_read_as_text():
    table = ARMS.astype(object)
    table.at[0, "study"], table.at[0, "mean_t"] = "Müller".encode(), b"3.0"
    found = ma.effect_sizes(table)
    assert found.labels == ["Müller", "B"] and (found.yi == ma.effect_sizes(ARMS).yi).all()


@pytest.mark.parametrize(("yi", "se"), [(701.0, 1.0), (-701.0, 1.0), (1.0, 400.0)])
def test_a_ratio_that_no_number_holds_is_refused(yi, se):
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.1, yi], "se": [0.1, se]})
    with pytest.raises(ma.TrialDataError, match="row 3, study 'B', column 'yi': .*beyond double precision"):
        ma.effect_sizes(table, measure="OR")
    assert len(ma.effect_sizes(table, measure="MD")) == 2


def test_a_mean_is_recovered_from_its_median():
    table = ARMS.drop(columns=["mean_t", "sd_t"]).assign(q1_t=2.0, median_t=3.0, q3_t=5.0)
    found = ma.effect_sizes(table, measure="SMD")
    assert found.table["mean_t"].tolist() == pytest.approx(ma.recover.mean_from_quartiles(2, 3, 5, np.array([20, 30])))
    assert found.derivations["quantity"].tolist() == ["SD", "mean"] * 2


def test_a_printed_sd_comes_before_all_others_row_by_row():
    table = ARMS.assign(sd_t=[2.0, np.nan], se_t=[9.0, 0.5])
    found = ma.effect_sizes(table)
    assert found.table["sd_t"].tolist() == [2.0, pytest.approx(0.5 * np.sqrt(30))]
    assert found.table["status"].tolist() == ["as printed", "recovered"]


def test_glass_delta_asks_for_the_sd_of_the_comparison_arm_alone():
    without, whole = (ma.effect_sizes(table, measure="SMD1") for table in (ARMS.drop(columns="sd_t"), ARMS))
    assert (without.yi == whole.yi).all() and (without.vi == whole.vi).all()


def test_one_arm_has_its_sd_recovered_too():
    found = ma.effect_sizes(pd.DataFrame({"study": ["A"], "mean": 5.0, "se": 0.5, "n": 16}), measure="MN", se="se")
    assert found.table["sd"].iloc[0] == pytest.approx(2.0) and found.vi[0] == pytest.approx(0.25)


def test_a_number_serves_for_all_rows_and_a_column_of_that_name_is_kept():
    found = ma.effect_sizes(ARMS.assign(n_t=99), n_t=20, n_p=22)
    alone = ma.effect_sizes(ARMS.assign(n_t=20, n_p=22))
    assert (found.vi == alone.vi).all()
    assert found.table["n_t_given"].tolist() == [99, 99]


# --- before and after

SCORES = pd.DataFrame(
    {
        "study": ["A", "B", "C"],
        "baseline_mean_t": [7.0, 7.0, 7.0],
        "baseline_sd_t": [1.0, 1.0, 1.0],
        "final_mean_t": [4.0, 5.0, 4.0],
        "final_sd_t": [1.5, 1.2, 1.1],
        "n_t": [20, 30, 40],
        "baseline_mean_p": [7.0, 7.0, 7.0],
        "baseline_sd_p": [1.0, 1.0, np.nan],
        "final_mean_p": [6.0, 6.0, 6.0],
        "final_sd_p": [1.5, 1.2, 1.1],
        "n_p": [20, 30, 40],
        "change_mean_p": [np.nan, -1.0, np.nan],
        "change_sd_p": [np.nan, 1.2, np.nan],
    }
)


def test_the_rules_are_those_of_the_arm_level_table():
    """Published trials, turned to one row a trial, where both arms print SDs; such a table has no p between arms."""
    trials = published_trials().assign(p_between=None)
    rows = compared_arms(trials)
    scores = [f"{score}_{part}" for score in ("baseline", "final", "change") for part in ("mean", "sd")]
    other = rows[[c for c in rows if c.endswith(("_se", "_ci_low")) and not c.startswith("events")]].notna().any(axis=1)
    two = rows.groupby("study")["study"].transform("size") == 2
    rows = rows[two & (rows["design"] != "crossover") & ~other.groupby(rows["study"]).transform("any")]
    wide = rows.pivot(index="study", columns="arm", values=[*scores, "n"])
    wide.columns = [f"{name}_{'t' if arm == 'treatment' else 'p'}" for name, arm in wide.columns]
    ends = rows.groupby("study")[["scale_min", "scale_max"]].first()
    wide = wide.astype(float).join(ends).reset_index()
    for outcome in ("change", "final"):
        found = ma.effect_sizes(wide, outcome=outcome, correlation=0.6, missing="drop").table.set_index("study")
        known = ma.effect_sizes(trials, outcome=outcome, correlation=0.6, missing_sd="drop").table.set_index("study")
        known = known.loc[known.index.intersection(wide["study"])]
        assert set(found.index) == set(known.index) and len(found) > 10
        known = known.loc[found.index]
        np.testing.assert_allclose(found["yi"], known["yi"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(found["vi"], known["vi"], rtol=1e-12)
        assert found["outcome"].tolist() == known["outcome"].tolist()
        assert found["status"].tolist() == known["status"].tolist()


def test_change_and_final_scores_of_two_arms():
    found = ma.effect_sizes(SCORES)
    assert found.table["outcome"].tolist() == ["change", "change", "final"]
    assert found.table["flags"].tolist() == [("correlation assumed",), ("correlation assumed",), ("final score",)]
    assert found.yi.tolist() == [-2.0, -1.0, -2.0]
    sd = ma.effects.change_sd(1.0, 1.5, 0.5)
    assert found.vi[0] == pytest.approx(sd**2 / 10)
    assert ma.effect_sizes(SCORES, outcome="final", measure="SMD").table["outcome"].eq("final").all()


def test_scores_of_two_arms_adjusted_for_baseline():
    """One row a study gives what its arms give; what cannot be adjusted says so."""
    found = ma.effect_sizes(SCORES, outcome="ancova")
    assert found.table["outcome"].tolist() == ["ancova", "ancova", "final"]
    assert found.table["flags"].tolist() == [
        ("correlation assumed",),
        ("correlation assumed",),
        ("final score", "not adjusted"),
    ]
    columns = [name for name in SCORES if name[-2:] in ("_t", "_p") and not name.startswith("change")]
    want = ma.effects.adjusted_difference(**SCORES.loc[0, columns], correlation=0.5)
    assert (found.yi[0], found.vi[0]) == pytest.approx(want, rel=1e-12)
    assert "difference adjusted for baseline" in found.derivations["quantity"].tolist()
    of_arms = ma.effect_sizes(ma.trials_from_wide(SCORES, scale_min=0, scale_max=10), outcome="ancova")
    shared = ["yi", "vi", "correlation", "outcome", "status", "flags"]
    pd.testing.assert_frame_equal(of_arms.table[shared], found.table[shared], rtol=1e-12)
    given = ma.effect_sizes(SCORES.assign(rho=[0.2, np.nan, 0.4]), outcome="ancova", correlation="rho").table
    assert given["correlation"].tolist() == pytest.approx([0.2, np.nan, np.nan], nan_ok=True)
    # Nobody knows the correlation of B, and one of its arms alone tells it.
    assert given["flags"].tolist() == [(), ("final score", "not adjusted"), ("final score", "not adjusted")]


def test_rows_that_cannot_be_adjusted_are_told():
    bare = SCORES.iloc[:1].assign(baseline_sd_t=np.nan, final_sd_p=np.nan)
    with pytest.raises(ma.TrialDataError, match=r"(?s)baseline_sd_t is not known.*final_sd_p is not known") as caught:
        ma.effect_sizes(bare, outcome="ancova")
    assert len(caught.value.problems) == 2
    with pytest.raises(ma.TrialDataError, match="column 'baseline_sd_t': value '0': this must be above zero"):
        ma.effect_sizes(SCORES.iloc[:1].assign(baseline_sd_t=0.0, baseline_sd_p=0.0), outcome="ancova")
    with pytest.raises(ValueError, match="outcome='ancova' is not known; use one of 'change', 'final'"):
        ma.trials_from_wide(SCORES, outcome="ancova", scale_min=0, scale_max=10)


def test_a_correlation_is_estimated_from_the_rows():
    """The placebo arm of B prints three SDs; of a single arm nothing is estimated."""
    r = ma.recover.correlation_from_sds(1.0, 1.2, 1.2)
    found = ma.effect_sizes(SCORES, outcome="ancova", correlation="estimated")
    assert found.table["correlation"].iloc[0] == pytest.approx(r)
    assert f"Correlation   {r:.2f}, pooled by Fisher's z over 1 arm here" in found.summary()
    assert ma.effect_sizes(SCORES, correlation="estimated").vi[0] == ma.effect_sizes(SCORES, correlation=float(r)).vi[0]
    one = pd.DataFrame({"study": ["A"], "mean_pre": 7.0, "sd_pre": 1.6, "mean_post": 4.0, "sd_post": 1.4, "n": 30})
    with pytest.raises(ValueError, match="correlation='estimated' is for two arms, before and after"):
        ma.effect_sizes(one, measure="SMCC", correlation="estimated")
    with pytest.raises(ValueError, match="leave it out here, and give it to effect_sizes with these trials"):
        ma.trials_from_wide(SCORES, scale_min=0, scale_max=10, correlation="estimated")


def test_a_standardised_difference_of_changes_takes_no_final_score():
    with pytest.raises(ma.TrialDataError, match="choose outcome='final' for all rows") as caught:
        ma.effect_sizes(SCORES, measure="SMD")
    assert caught.value.problems["study"].tolist() == ["C"]
    with pytest.raises(ma.TrialDataError, match="n_t is not known. Fill it in"):
        ma.effect_sizes(SCORES.iloc[:2].assign(n_t=[20, np.nan]), measure="SMD")
    found = ma.effect_sizes(SCORES, measure="SMDH", missing="drop")
    assert found.labels == ["A", "B"] and found.left_out["study"].tolist() == ["C"]


def test_a_correlation_of_the_study_is_not_assumed():
    found = ma.effect_sizes(SCORES.assign(rho=[0.2, np.nan, 0.3]), correlation="rho")
    assert found.table["flags"].tolist() == [(), ("final score",), ("final score",)]
    assert "from baseline and final SD, correlation 0.2" in found.derivations["rule"].tolist()
    assert ma.effect_sizes(SCORES.assign(correlation=0.7)).vi[0] == ma.effect_sizes(SCORES, correlation=0.7).vi[0]


def test_a_change_of_one_arm_needs_its_correlation():
    one = pd.DataFrame({"study": ["A"], "mean_pre": 7.0, "sd_pre": 1.6, "mean_post": 4.0, "sd_post": 1.4, "n": 30})
    with pytest.raises(ValueError, match="correlation is not known"):
        ma.effect_sizes(one, measure="SMCC")
    found = ma.effect_sizes(one, measure="MC", correlation=0.5)
    assert found.table["flags"].tolist() == [("correlation assumed",)]
    assert found.derivations["rule"].tolist() == ["correlation 0.5 assumed"]
    assert ma.effect_sizes(one.assign(correlation=0.5), measure="MC").table["flags"].tolist() == [()]


# --- scales


def test_mean_differences_are_brought_to_points():
    found = ma.effect_sizes(ARMS.assign(low=0, high=[100, 10]), scale_min="low", scale_max="high")
    plain = ma.effect_sizes(ARMS)
    assert (found.unit, plain.unit) == ("points on 0–10", "")
    np.testing.assert_allclose(found.yi, plain.yi * [0.1, 1.0])
    np.testing.assert_allclose(found.vi, plain.vi * [0.01, 1.0])
    assert found.derivations[["study", "rule"]].values.tolist() == [["A", "rescaled linearly from 0–100 to 0–10"]]


def test_scales_are_not_mixed():
    table = ARMS.assign(scale=["VAS", "NRS"])
    with pytest.raises(ValueError, match=r"different scales \(VAS, NRS\)"):
        ma.effect_sizes(table)
    assert len(ma.effect_sizes(table, measure="SMD")) == len(ma.effect_sizes(table.assign(scale=["VAS", None]))) == 2


def test_what_its_scale_cannot_hold_is_refused_and_what_it_can_is_not():
    ends = {"scale_min": 0, "scale_max": 10}
    off = ARMS.assign(mean_t=[42.0, 4.0])
    for measure in ("MD", "SMD", "ROM"):
        with pytest.raises(ma.TrialDataError, match="'mean_t': value '42': this lies off the scale"):
            ma.effect_sizes(off.assign(**ends), measure=measure)
    # Changes lie below 0 and spread further; SDs of people at both ends are the largest.
    changes = ARMS.assign(mean_t=[-3.0, -4.0], mean_p=[-1.0, 0.2], sd_t=[5.5, 4.0])
    assert len(ma.effect_sizes(changes, **ends)) == len(ma.effect_sizes(off)) == 2
    assert len(ma.effect_sizes(ARMS.assign(sd_t=5 * np.sqrt([20 / 19, 30 / 29])), **ends)) == 2
    # Neither scores nor changes: what is off the scale is told.
    with pytest.raises(ma.TrialDataError, match="1 problem.*(?s:.*)'mean_t': value '-3': this lies off the scale"):
        ma.effect_sizes(ARMS.assign(mean_t=[-3.0, 50.0], mean_p=[95.0, 60.0]), scale_min=10, scale_max=100)
    scores = SCORES.assign(**ends)
    with pytest.raises(ma.TrialDataError, match="'final_mean_t': value '-1': this lies off the scale"):
        ma.effect_sizes(with_cell("final_mean_t", -1.0, scores), correlation=0.5)
    with pytest.raises(ma.TrialDataError, match="'final_sd_t': value '5.2': this is larger than any SD possible"):
        ma.effect_sizes(with_cell("final_sd_t", 5.2, scores), measure="SMD", outcome="final")
    one = pd.DataFrame({"study": ["A"], "mean": 5.0, "se": 0.5, "n": 16}).assign(**ends)
    assert len(ma.effect_sizes(one, measure="MN")) == 1
    with pytest.raises(ma.TrialDataError, match="'se': value '1.5': this is larger than any SE possible"):
        ma.effect_sizes(one.assign(se=1.5), measure="MN")
    assert ma.effect_sizes(one, measure="MN").table.columns.tolist()[-2:] == ["scale_min", "scale_max"]


def test_both_arms_may_share_a_size_an_sd_and_a_baseline():
    found = ma.effect_sizes(ARMS, n_t="n_p", sd_t="sd_p")
    assert found.vi.tolist() == (2 * ARMS["sd_p"] ** 2 / ARMS["n_p"]).tolist()
    assert len(ma.effect_sizes(COUNTED, measure="OR", n_t="n_p")) == 2
    assert len(ma.effect_sizes(SCORES.iloc[:1], baseline_mean_p="baseline_mean_t", final_sd_t="baseline_sd_t")) == 1


def test_a_number_for_all_rows_is_one_unless_a_column_is_called_so():
    table = ARMS.rename(columns={"mean_t": 3})
    with pytest.raises(
        ValueError, match="mean_t=3 is a number for all rows, and a column of the table is called 3 too"
    ):
        ma.effect_sizes(table, mean_t=3)
    with pytest.raises(ValueError, match="mean_t='3' is not a column .*that which reads so is no text; rename"):
        ma.effect_sizes(table, mean_t="3")
    table.columns = table.columns.map(str)
    assert (ma.effect_sizes(table, mean_t="3").yi == ma.effect_sizes(ARMS).yi).all()
    assert (ma.effect_sizes(table, mean_t=3).yi == 3 - ARMS["mean_p"]).all()


# --- printed effects

EFFECTS = pd.DataFrame({"study": ["A", "B"], "yi": [0.5, 0.8]})


@pytest.mark.parametrize(
    ("columns", "options", "se"),
    [
        ({"vi": 0.04}, {}, 0.2),
        ({"se": 0.2}, {}, 0.2),
        ({"a": EFFECTS["yi"] - 1, "b": EFFECTS["yi"] + 1}, {"ci": ("a", "b")}, 1 / 1.959964),
        ({"a": EFFECTS["yi"] - 1, "b": EFFECTS["yi"] + 1}, {"ci": ("a", "b"), "level": 90}, 1 / 1.644854),
        ({"p": 0.05}, {}, EFFECTS["yi"] / 1.959964),
    ],
)
def test_an_effect_brings_its_precision(columns, options, se):
    for measure in ("MD", "", "ZCOR"):
        log = True if measure == "ZCOR" else None
        found = ma.effect_sizes(EFFECTS.assign(**columns), measure=measure, log=log, **options)
        assert found.yi.tolist() == [0.5, 0.8]
        np.testing.assert_allclose(found.vi, np.broadcast_to(se, 2) ** 2, rtol=1e-5)


def test_ratios_are_logged_unless_they_are_logs():
    table = EFFECTS.assign(se=0.2, low=0.3, high=1.5)

    def effects(**more):
        return ma.effect_sizes(table.drop(columns="se") if "ci" in more else table, measure="HR", **more)

    interval = {"ci": ("low", "high")}
    np.testing.assert_allclose(effects(**interval).yi, np.log([0.5, 0.8]))
    np.testing.assert_allclose(effects(**interval).vi, (np.log(1.5 / 0.3) / 2 / 1.959964) ** 2, rtol=1e-6)
    assert effects(log=True, **interval).yi.tolist() == effects().yi.tolist() == [0.5, 0.8]
    np.testing.assert_allclose(effects(log=False).yi, np.log([0.5, 0.8]))
    assert (effects(log=False).vi == effects().vi).all()


# --- what was named counts, and a column that nobody named does not come before it

HAZARD = pd.DataFrame({"study": list("AB"), "hr": [0.72, 0.8], "lo": [0.5, 0.6], "hi": [1.04, 1.07]})
BEFORE = {f"{score}_{part}_{arm}": f"{arm}{score}{part}" for score in ("baseline", "final") for part in ("mean", "sd")
          for arm in "tp"}  # fmt: skip


@pytest.mark.parametrize("stray", ["vi", "se", "p"])
@pytest.mark.parametrize("log", [False, None])
def test_an_interval_that_was_named_tells_the_precision(stray, log):
    names = {"measure": "HR", "yi": "hr", "ci": ("lo", "hi"), "log": log}
    plain, found = (ma.effect_sizes(table, **names) for table in (HAZARD, HAZARD.assign(**{stray: 0.3})))
    assert (found.yi == plain.yi).all() and (found.vi == plain.vi).all()
    assert found.table["vi_given" if stray == "vi" else stray].tolist() == [0.3, 0.3]


@pytest.mark.parametrize(
    ("table", "named", "same"),
    [
        (EFFECTS.assign(s=0.2, vi=9.0), {"se": "s"}, EFFECTS.assign(se=0.2)),
        (EFFECTS.assign(v=0.2, se=9.0), {"vi": "v"}, EFFECTS.assign(vi=0.2)),
        (ARMS.assign(s=0.4), {"se_t": "s"}, ARMS.drop(columns="sd_t").assign(se_t=0.4)),
        (ARMS.assign(s=2.0, se_t=9.0), {"sd_t": "s"}, ARMS.assign(sd_t=2.0)),
        (ARMS.assign(m=3.5, yi=9.0, vi=1.0), {"mean_t": "m"}, ARMS.assign(mean_t=3.5)),
        (
            ARMS.assign(a=2.0, b=3.0, c=4.0, min_t=0.0, max_t=9.0),
            {"q1_t": "a", "median_t": "b", "q3_t": "c"},
            ARMS.drop(columns=["mean_t", "sd_t"]).assign(q1_t=2.0, median_t=3.0, q3_t=4.0),
        ),
        (
            ARMS.drop(columns="sd_t").assign(a=0.0, b=9.0, q1_t=2.0, q3_t=9.0),
            {"min_t": "a", "max_t": "b"},
            ARMS.drop(columns="sd_t").assign(min_t=0.0, max_t=9.0),
        ),
    ],
)
def test_what_was_named_is_not_overruled(table, named, same):
    found, plain = ma.effect_sizes(table, **named), ma.effect_sizes(same)
    assert (found.yi == plain.yi).all() and (found.vi == plain.vi).all()


def test_a_range_that_was_named_gives_the_sd_beside_quartiles_that_give_the_mean():
    table = ARMS.drop(columns=["mean_t", "sd_t"]).assign(a=0.0, b=9.0, q1_t=2.0, median_t=3.0, q3_t=6.0)
    found = ma.effect_sizes(table, min_t="a", max_t="b")
    assert found.table["sd_t"].tolist() == pytest.approx(ma.recover.sd_from_range(0, 9, np.array([20, 30])))
    assert found.derivations["rule"].str.contains("range and quartiles").sum() == 2


def test_scores_that_were_named_tell_the_change():
    own = SCORES.rename(columns=BEFORE).drop(columns=["change_mean_p", "change_sd_p"]).iloc[:1]
    stray = own.assign(**{f"change_{part}_{arm}": 9.0 for part in ("mean", "sd") for arm in "tp"})
    plain, found = (ma.effect_sizes(table, **BEFORE) for table in (own, stray))
    assert (found.yi == plain.yi).all() and (found.vi == plain.vi).all()
    points = {"scale_min": 0, "scale_max": 10}
    for outcome in ("change", "final"):
        arms = ma.trials_from_wide(stray, outcome=outcome, **BEFORE, **points)
        assert arms["change_mean"].isna().all()
    for outcome in ("change", "final"):
        table = ARMS.assign(m=ARMS["mean_t"], **{f"{outcome}_mean_t": 9.0})
        arms = ma.trials_from_wide(table, mean_t="m", outcome=outcome, **points)
        assert arms[f"{outcome}_mean"].tolist()[::2] == ARMS["mean_t"].tolist()


def test_a_blank_that_another_column_would_fill_says_so():
    with pytest.raises(ma.TrialDataError, match="beside what was named 'se_t' is not used: name it too"):
        ma.effect_sizes(ARMS.assign(s=[1.0, np.nan], se_t=0.4), sd_t="s")
    both = ma.effect_sizes(ARMS.assign(s=[1.8, np.nan], se_t=0.4), sd_t="s", se_t="se_t")
    assert both.table["status"].tolist() == ["as printed", "recovered"]
    with pytest.raises(ma.TrialDataError, match="tells the precision of yi; beside what was named 'se' is not used"):
        ma.effect_sizes(EFFECTS.assign(v=[0.1, np.nan], se=0.4), vi="v")


def test_spreads_that_are_named_agree_but_for_rounding():
    # An SE of 0.4 may be 0.35 to 0.45, an SD of 1.6 to 2.0 with 20 people; an interval may be one by t or z.
    arms = ARMS.iloc[:1].assign(low=2.2, high=3.8)
    named = {"sd_t": "sd_t", "se_t": "se_t", "ci_t": ("low", "high")}
    ma.effect_sizes(arms.assign(sd_t=1.6, se_t=0.4), **named)
    ma.effect_sizes(EFFECTS.assign(vi=0.1, se=0.3), vi="vi", se="se")
    for columns, words in (
        ({"sd_t": 1.4, "se_t": 0.4}, "'sd_t': value '1.4': this is an SD of 1.4, and se_t one of 1.789"),
        ({"sd_t": 30.0, "se_t": 6.7}, r"this is an SD of 30, and low \(ci_t\) one of"),
    ):
        with pytest.raises(ma.TrialDataError, match=words):
            ma.effect_sizes(arms.assign(**columns), **named)
    with pytest.raises(ma.TrialDataError, match="this is a standard error of 0.2, and se one of 0.3"):
        ma.effect_sizes(EFFECTS.assign(vi=0.04, se=0.3), vi="vi", se="se")


@pytest.mark.parametrize(
    ("measure", "read"), [("PLO", scipy.special.logit), ("PFT", lambda p: np.arcsin(np.sqrt(p))), ("ZCOR", np.arctanh)]
)
def test_proportions_and_correlations_with_intervals_are_taken_to_the_scale_of_analysis(measure, read):
    table = pd.DataFrame({"yi": [0.1, 0.4], "lo": [0.05, 0.2], "hi": [0.19, 0.6]})
    found = ma.effect_sizes(table, measure=measure, ci=("lo", "hi"), log=False)
    np.testing.assert_allclose(found.yi, read(table["yi"]))
    half = (read(table["hi"]) - read(table["lo"])) / 2
    np.testing.assert_allclose(np.sqrt(found.vi), half / scipy.special.ndtri(0.975))
    assert found.derivations["rule"].str.contains("taken to").sum() == 2
    same = ma.effect_sizes(table, measure=measure, ci=("lo", "hi"), log=True)
    assert same.yi.tolist() == [0.1, 0.4]
    # Beside a variance they are on that scale, and logits beyond 0 to 1 are none of proportions.
    assert ma.effect_sizes(table.assign(vi=0.1), measure=measure, vi="vi").yi.tolist() == [0.1, 0.4]
    beyond = table.assign(hi=[1.3, 1.2], lo=[-1.1, -0.4])
    assert ma.effect_sizes(beyond, measure=measure, ci=("lo", "hi")).yi.tolist() == [0.1, 0.4]


def test_an_estimate_far_from_the_middle_of_its_interval_is_refused_unless_rounding_explains_it():
    ratios = pd.DataFrame({"yi": [1.0], "lo": [1.0], "hi": [1.1]})
    assert len(ma.effect_sizes(ratios, measure="HR", ci=("lo", "hi"))) == 1
    # Exact limits of few events are lopsided, and right.
    odds = scipy.stats.contingency.odds_ratio([[5, 15], [1, 19]])
    low, high = odds.confidence_interval()
    exact = pd.DataFrame({"yi": [odds.statistic], "lo": [low], "hi": [high]})
    assert len(ma.effect_sizes(exact, measure="OR", ci=("lo", "hi"))) == 1
    with pytest.raises(ma.TrialDataError, match="'1': this lies far from the middle of its interval, 1 to 1.75"):
        ma.effect_sizes(ratios.assign(hi=1.75), measure="HR", ci=("lo", "hi"))
    with pytest.raises(ma.TrialDataError, match="middle of its interval.*measure='ZCOR' with log=False"):
        ma.effect_sizes(pd.DataFrame({"yi": [0.9], "lo": [0.5], "hi": [0.98]}), measure="COR", ci=("lo", "hi"))


def test_nobody_named_a_variance_and_it_counts_beside_an_se():
    assert ma.effect_sizes(EFFECTS.assign(vi=0.04, se=9.0)).vi.tolist() == [0.04, 0.04]


@pytest.mark.parametrize("log", [None, False])
def test_a_log_beside_an_interval_of_ratios_is_refused(log):
    # The log of 2.46 lies within the interval of the ratio.
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.9, 0.8], "lo": [0.7, 0.5], "hi": [8.65, 1.3]})
    with pytest.raises(ma.TrialDataError, match="row 2, .*fits its interval only if the one is a log") as caught:
        ma.effect_sizes(table, measure="HR", ci=("lo", "hi"), log=log)
    assert len(caught.value.problems) == 1


def test_a_ratio_beside_an_interval_of_logs_is_refused():
    table = pd.DataFrame({"study": ["A"], "yi": [1.2], "lo": [-0.8], "hi": [1.16]})
    with pytest.raises(ma.TrialDataError, match="fits its interval only if the one is a log"):
        ma.effect_sizes(table, measure="HR", ci=("lo", "hi"), log=True)


def test_the_first_way_that_a_row_has_is_used():
    found = ma.effect_sizes(EFFECTS.assign(vi=[0.09, np.nan], se=[9.0, 0.2]))
    assert found.vi.tolist() == pytest.approx([0.09, 0.04])


# --- which way in


def test_an_arm_level_table_goes_its_way():
    found = published_effects()
    assert found.benefit == "lower" and found.arms == ("treatment", "placebo") and isinstance(found.measure, Measure)
    assert found.study == found.table["study"].tolist()
    named = ma.effect_sizes(published_trials(), arms=("laser", "sham"), correlation=0.5)
    assert named.arms == ("laser", "sham")
    pd.testing.assert_frame_equal(named.table, found.table)
    assert named.options == found.options and found.options["correlation"] == 0.5


def test_neither_way_in():
    for measure in ("MD", "md", "log odds"):
        with pytest.raises(ValueError, match=r"one row an arm .*one row a study"):
            ma.effect_sizes(pd.DataFrame({"a": [1.0]}), measure=measure)


def test_what_stands_in_the_result():
    table = ARMS.assign(team=["x", "x"], year=[2001, 2002], status="new", yi=[9, 9], dose=[1, 2])
    names = {name: name for name in SWAPPED}
    found = ma.effect_sizes(table, measure="SMD", cluster="team", benefit="higher", arms=["laser", "sham"], **names)
    assert found.table.columns.tolist() == (
        "study label cluster year yi vi status flags mean_t sd_t n_t mean_p sd_p n_p status_given yi_given dose".split()
    )
    assert (found.benefit, found.arms, found.study) == ("higher", ("laser", "sham"), ["x", "x"])
    assert found.unit == "standard deviations" and "SMD of 2 studies" in found.summary()
    assert found.options["mean_t"] == "mean_t" and found.options["missing"] == "raise"
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert other.measure.name == "standardised mean difference"
        pd.testing.assert_frame_equal(other.table, found.table)


def test_a_column_of_the_result_never_takes_the_name_of_another():
    table = ARMS.assign(yi=9, yi_given=8)
    found = ma.effect_sizes(table, mean_t="mean_t").table
    assert found.columns.is_unique and found[["yi_given", "yi_given_given"]].iloc[0].tolist() == [8, 9]


def test_names_of_studies():
    plain = ARMS.drop(columns="study")
    assert ma.effect_sizes(plain).labels == ["Study 1", "Study 2"]
    assert ma.effect_sizes(plain.set_axis(["Ann", "Bo"])).labels == ["Ann", "Bo"]
    assert ma.effect_sizes(plain.assign(label=["x", "y"])).study == ["x", "y"]
    assert ma.effect_sizes(plain.assign(Study=[1.0, 2.0]), study="Study").study == ["1", "2"]
    twice = ma.effect_sizes(plain.assign(study="A"))
    assert twice.study == ["A", "A"] and twice.labels == ["A: 1", "A: 2"]
    assert "Study" not in ma.effect_sizes(plain.assign(Study=[1, 2]), study="Study").table


def test_text_that_reads_as_a_number_is_one():
    found = ma.effect_sizes(ARMS.assign(mean_t=["3.0", " 4 "], n_p=pd.array([22, 28], dtype="Int64")))
    assert (found.yi == ma.effect_sizes(ARMS).yi).all()
    signed = [ma.effect_sizes(ARMS.assign(mean_t=[f"{minus}3.0", "4"])).yi for minus in "-−"]
    assert (signed[0] == signed[1]).all()


# --- what is wrong


def with_cell(name, value, table=ARMS):
    table = table.astype({name: object})
    table.loc[1, name] = value
    return table


def test_a_spread_below_a_millionth_of_the_scale_is_refused():
    within = ARMS.assign(mean_t=0.3, mean_p=0.5, sd_t=0.2, sd_p=0.2)
    table = with_cell("sd_t", 1e-6, within).assign(scale_min=0.0, scale_max=1.0)
    assert len(ma.effect_sizes(table)) == len(table)
    with pytest.raises(ma.TrialDataError, match="this is less than 1e-06 of the scale"):
        ma.effect_sizes(table.assign(scale_max=10.0))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sd_t", -1.0, "value '-1': an SD must be finite and at least 0"),
        ("mean_p", np.inf, "value 'inf': a mean must be finite"),
        ("mean_t", 1e60, "value '1e+60': this is too extreme for double precision"),
        ("sd_t", 1e-160, "value '1e-160': this is too extreme for double precision"),
        ("n_t", 0, "value '0': the number of people must be finite and at least 2"),
        ("mean_t", "3,1", "value '3,1': this is not a number"),
        ("mean_t", "1_0", "value '1_0': this is not a number"),
        ("mean_t", 1j, "this is not a number"),
        ("mean_t", "", "mean_t is not known. Fill it in, or leave such rows out"),
        ("sd_p", None, "sd_p is not known, nor se_p, ci_p, q1_p with q3_p, or min_p with max_p"),
        ("study", " ", "a row must say which study it is"),
    ],
)
def test_a_problem_is_told_with_its_place(name, value, message):
    with pytest.raises(ma.TrialDataError) as caught:
        ma.effect_sizes(with_cell(name, value))
    assert message in str(caught.value)
    (problem,) = caught.value.problems.to_dict("records")
    assert (problem["row"], problem["study"], problem["column"]) == (3, "" if name == "study" else "B", name)


def test_all_problems_are_told_at_once_with_the_names_of_the_table():
    table = with_cell("sd_t", -1.0, with_cell("mean_t", "x")).rename(columns={"sd_t": "s1"})
    table.loc[0, "n_p"] = np.nan
    with pytest.raises(ma.TrialDataError) as caught:
        ma.effect_sizes(table, sd_t="s1")
    found = caught.value.problems[["row", "column"]].values.tolist()
    assert found == [[2, "n_p"], [3, "mean_t"], [3, "s1 (sd_t)"]]
    with pytest.raises(ma.TrialDataError, match="2 problems"):
        # what cannot be is not dropped
        ma.effect_sizes(table, sd_t="s1", missing="drop")


COUNTED = pd.DataFrame({"study": ["A", "B"], "events_t": [1, 2], "n_t": [10, 10], "events_p": [3, 4], "n_p": [9, 9]})
SPREAD = ARMS.drop(columns="sd_t").assign(min_t=1.0, q1_t=2.0, median_t=3.0, q3_t=4.0, max_t=5.0)
RATIO = pd.DataFrame({"study": ["A", "B"], "yi": [0.5, 0.8], "lo": [0.2, 0.3], "hi": [0.9, 0.9]})
INTERVAL = {"measure": "OR", "ci": ("lo", "hi")}


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (with_cell("events_t", 11, COUNTED), {"measure": "OR"}, "'11': this exceeds n_t of the same row"),
        (with_cell("events_t", -1, COUNTED), {"measure": "RD"}, "events must be finite and at least 0"),
        (COUNTED.assign(events_t=[0, 1], events_p=[0, 1]), {"measure": "RR"}, "no events, or nothing but events"),
        (COUNTED.assign(time_t=[1, 0], time_p=1), {"measure": "IRR"}, "a time must be finite and above 0"),
        (
            with_cell("min_t", 3.5, SPREAD.drop(columns="q1_t")),
            {},
            "column 'min_t': value '3.5': this exceeds median_t",
        ),
        (with_cell("q1_t", 4.5, SPREAD), {}, "column 'q1_t': value '4.5': this exceeds median_t"),
        (with_cell("yi", 0.95, RATIO), INTERVAL, "column 'yi': value '0.95': this lies outside its interval"),
        (with_cell("yi", -0.5, RATIO), INTERVAL, "a ratio must be above 0. Correct it, or give log=True"),
        (with_cell("lo", 1.5, RATIO), INTERVAL, "column 'lo (ci_low)': value '1.5': this exceeds hi of the same row"),
        (with_cell("lo", 0.9, RATIO), INTERVAL, "the interval has no width"),
        (with_cell("lo", None, RATIO), INTERVAL, "none of vi, se, ci and p tells the precision of yi"),
        (RATIO.assign(se=[0.0, 1.0]), {}, "this must be above zero"),
        (RATIO.assign(p=[0.0, 0.5]), {}, "a p-value must lie between 0 and 1, both excluded"),
        (ARMS.assign(sd_t=[0, 1], sd_p=[0, 1]), {"measure": "SMD"}, "this must be above zero"),
        (ARMS.assign(sd_p=[0, 1]), {"measure": "SMD1"}, "this must be above zero"),
        (ARMS.assign(n_t=[10.5, 20]), {}, "this is not a whole number"),
        (ARMS.assign(n_t=["1.000", "20"]), {}, "a point between thousands"),
        (ARMS.assign(mean_t=[-1, 1]), {"measure": "ROM"}, "the means have opposite signs or one is 0"),
        (ARMS.assign(n_t=[1, 5]), {"measure": "SMD"}, "the number of people must be finite and at least 2"),
        (ARMS.assign(scale_min=[10, 0], scale_max=10), {}, "a scale must begin below its end"),
        (ARMS.assign(scale_min=[0, np.nan], scale_max=10), {}, "scale_min is not known"),
        (pd.DataFrame({"study": ["A"], "r": [1.2], "n": [9]}), {"measure": "COR"}, "a correlation must lie between"),
        (
            pd.DataFrame({"study": ["A"], "r": [1.0], "n": [9]}),
            {"measure": "ZCOR"},
            "a correlation of -1 or 1, or fewer",
        ),
    ],
)
def test_a_number_that_cannot_be_is_refused(table, options, message):
    with pytest.raises(ma.TrialDataError) as caught:
        ma.effect_sizes(table, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mean_t": "mean"}, ValueError, "mean_t='mean' is not a column of the table; did you mean 'mean_t'?"),
        ({"mean_tt": "m"}, TypeError, "unexpected keyword argument 'mean_tt'; did you mean 'mean_t'?"),
        ({"missing_sdd": "drop"}, TypeError, "did you mean 'missing_sd'?"),
        ({"study": "Stud"}, ValueError, "study='Stud' is not a column of the table; did you mean 'study'?"),
        ({"study": 3}, ValueError, "study=3 must be the name of a column"),
        ({"correlation": "n_t"}, ValueError, "correlation: not used for measure='MD' from two arms, means"),
        ({"outcome": "final", "log": True}, ValueError, "outcome, log: not used for measure='MD'"),
        ({"mean_t": [1, 2]}, ValueError, r"mean_t=\[1, 2\] must be the name of a column, or one number"),
        ({"mean_t": True}, ValueError, "mean_t=True must be the name of a column"),
        ({"ci_t": "sd_t"}, ValueError, "ci_t='sd_t' must be the names of two columns"),
        ({"events_t": "n_t"}, ValueError, "events_t: not used for measure='MD' from two arms, means, which takes"),
        ({"scale_min": 0, "measure": "SMD"}, ValueError, "scale_min: not used for measure='SMD'"),
        ({"measure": "smd"}, ValueError, "measure='smd' is not known; did you mean 'SMD'"),
        ({"measure": "HR"}, ValueError, "measure='HR' is not made from arms: give yi"),
        ({"measure": ""}, ValueError, "a measure without a name is not made from arms"),
        (
            {"measure": "PR"},
            ValueError,
            "events, n: no such column, .* made from one arm, counts: events, n; name each",
        ),
        ({"yi": "mean_t"}, ValueError, "yi alone has no precision"),
        ({"yi": "mean_t", "vi": "sd_t", "log": True}, ValueError, "log=True is for ratios"),
        ({"log": "yes"}, ValueError, "log='yes' must be True, False or None"),
        ({"missing": "skip"}, ValueError, "missing='skip' is not known"),
        ({"outcome": "last"}, ValueError, "outcome='last' is not known"),
        ({"level": 0.95}, ValueError, "level=0.95 must be a number of percent"),
        ({"level": 100}, ValueError, "level=100 must be a number of percent"),
        ({"correlation": 2}, ValueError, "correlation=2 must be a number from -1 to 1"),
        ({"benefit": "less"}, ValueError, "benefit='less' is not known; use one of 'lower', 'higher'"),
        ({"arms": ("a", "a")}, ValueError, "must be the names of the two arms"),
        ({"arms": "ab"}, ValueError, "must be the names of the two arms"),
        ({"multi_arm": "split"}, ValueError, "multi_arm=: only for an arm-level table"),
    ],
)
def test_an_argument_that_cannot_be_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        ma.effect_sizes(ARMS, **arguments)


def test_tables_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="the table has no rows"):
        ma.effect_sizes(ARMS.iloc[:0])
    with pytest.raises(ValueError, match="'n_p': more than one column has this name"):
        ma.effect_sizes(pd.concat([ARMS, ARMS[["n_p"]]], axis=1))
    with pytest.raises(ValueError, match="the table is a dict; give a pandas DataFrame"):
        ma.effect_sizes({"a": [1]}, mean_t="a")
    with pytest.raises(ValueError, match="no row has an effect: no events in both arms"):
        ma.effect_sizes(COUNTED.assign(events_t=0, events_p=0, time_t=1, time_p=1), measure="IRR", missing="drop")
    with pytest.raises(ValueError, match="level=: only for a table with one row a study"):
        ma.effect_sizes(published_trials(), level=90)
    with pytest.raises(ValueError, match="sd_t: no such column"):
        ma.effect_sizes(ARMS.drop(columns="sd_t"))


def test_rows_without_an_effect_are_left_out_with_the_reason():
    table = COUNTED.assign(events_t=[0, 2], events_p=[0, 4], dose=[5, 6])
    found = ma.effect_sizes(table, measure="OR", missing="drop")
    assert found.labels == ["B"]
    (out,) = found.left_out.to_dict("records")
    assert (out["study"], out["dose"]) == ("A", 5) and out["reason"].startswith("no events, or nothing but events")
    assert found.where(dose=5).left_out["study"].tolist() == ["A"]


# --- effects that share an arm

SHARED = pd.DataFrame(
    {
        "study": ["A", "A", "B"],
        "mean_t": [2.0, 3.0, 2.0],
        "sd_t": 1.0,
        "n_t": [20, 20, 30],
        "mean_p": [4.0, 4.0, 3.0],
        "sd_p": [2.0, 2.0, 1.0],
        "n_p": [22, 22, 30],
    }
)


def test_covariance_of_standardised_differences_gleser_olkin_2009():
    found = ma.effect_sizes(SHARED, measure="SMD")
    vcov = ma.sampling_covariance(found, shared_arm="whole")
    assert vcov[0, 1] == vcov[1, 0] == pytest.approx(1 / 22 + found.yi[0] * found.yi[1] / (2 * 62), rel=1e-12)
    np.testing.assert_allclose(np.diag(vcov), found.vi)
    assert (vcov[2, :2] == 0).all() and (np.linalg.eigvalsh(vcov) > 0).all()


def test_covariance_of_mean_differences_is_in_their_unit():
    assert ma.sampling_covariance(ma.effect_sizes(SHARED), shared_arm="whole")[0, 1] == pytest.approx(4 / 22)
    points = ma.effect_sizes(SHARED, scale_min=0, scale_max=100)
    assert ma.sampling_covariance(points, shared_arm="whole")[0, 1] == pytest.approx(0.04 / 22)


@pytest.mark.parametrize("measure", ["SMD1", "SMDH", "ROM"])
def test_a_covariance_without_a_formula_is_refused_by_name(measure):
    found = ma.effect_sizes(SHARED, measure=measure)
    with pytest.raises(ValueError, match=f"no covariance for measure='{measure}'"):
        ma.sampling_covariance(found, shared_arm="whole")


# --- what takes effects takes these

ONE_ARM = {"mean_pre": 7.0, "sd_pre": 1.2, "mean_post": 5.0, "sd_post": 1.4, "n": 30, "correlation": 0.5, "r": 0.3}
EVERYTHING = pd.DataFrame({"study": list("ABCDEF"), "dose": range(6), "group": list("xxxyyy")})
EVERYTHING = EVERYTHING.assign(mean_t=[3.0, 4, 5, 4, 3, 5], sd_t=1.5, n_t=30, mean_p=5.5, sd_p=1.4, n_p=31)
EVERYTHING = EVERYTHING.assign(events_t=[1, 2, 3, 4, 5, 6], events_p=[9, 8, 7, 9, 8, 7], time_t=100.0, time_p=110.0)
EVERYTHING = EVERYTHING.assign(mean=EVERYTHING["mean_t"], sd=1.5, events=EVERYTHING["events_t"], **ONE_ARM)
EVERYTHING["r"] += EVERYTHING["dose"] / 20


@pytest.mark.parametrize("measure", [*dict(CASES), "HR", ""])
def test_every_measure_is_pooled_and_drawn(measure):
    if measure in ("HR", ""):
        found = ma.effect_sizes(
            EVERYTHING.assign(yi=EVERYTHING["dose"] / 10, se=0.2), measure=measure, yi="yi", se="se"
        )
    else:
        found = ma.effect_sizes(EVERYTHING, measure=measure)
    pooled = ma.pool(found)
    assert pooled.measure == measure and pooled.k == 6
    kinds = ma.forest(found, by="group").content.table["kind"].tolist()
    assert (kinds.count("trial"), kinds.count("subtotal")) == (6, 2)
    ma.funnel(found)
    plt.close("all")
    assert len(ma.leave_one_out(found)) == 6
    assert list(ma.pool_subgroups(found, "group").groups) == ["x", "y"]
    assert ma.meta_regression("yi ~ dose", found).k == 6
    assert ma.sampling_covariance(found, correlation=0.5).shape == (6, 6)
    assert found.where(group="x").labels == ["A", "B", "C"]


def test_people_of_both_arms_stand_in_a_forest():
    with pytest.warns(UserWarning, match="the trials have a column of this name too, which is not drawn"):
        table = ma.forest(ma.effect_sizes(EVERYTHING), columns=["n", "arms"]).content.table
    assert table.loc[table["kind"] == "trial", "n_treatment"].eq(30).all()
    plt.close("all")


@pytest.mark.parametrize("function", [ma.pool_arms, ma.contextual_share, ma.labbe])
def test_arms_side_by_side_need_changes_within_them(function):
    with pytest.raises(ValueError, match="needs the changes within the arms, and this EffectSizes has none"):
        function(ma.effect_sizes(ARMS))


def test_differences_in_another_unit_are_not_joined_to_points():
    contrasts = ma.read_contrasts(HERE.parent / "data" / "contrasts.csv")
    with pytest.raises(ValueError, match="in points on 0–10"):
        ma.with_contrasts(ma.effect_sizes(ARMS), contrasts)


def test_a_figure_of_arms_refuses_differences():
    with pytest.raises(TypeError, match="arms_forest.. cannot use an .*give a PooledArms"):
        ma.arms_forest(ma.effect_sizes(ARMS))
    with pytest.raises(ValueError, match="data adds columns"):
        ma.forest(ma.effect_sizes(ARMS), data=ARMS)


def test_a_row_of_numbers_names_the_measure_as_plain_text():
    row = ma.pool(ma.effect_sizes(ARMS, measure="SMD")).to_row()
    assert type(row["measure"].iloc[0]) is str and row["measure"].iloc[0] == "SMD"


# --- what figures say of it


@pytest.mark.parametrize(("benefit", "left"), [("lower", "laser"), ("higher", "sham"), (None, None)])
def test_figures_point_to_what_is_good(benefit, left):
    table = pd.DataFrame({"study": list("ABCD"), "yi": [0.3, 0.5, -0.2, 0.6], "vi": [0.04, 0.05, 0.06, 0.05]})
    effects = ma.effect_sizes(table, measure="SMD", benefit=benefit, arms=("laser", "sham"))
    pooled = ma.pool(effects)
    assert pooled.effects is effects and ma.pool(pooled).effects is effects and "effects" not in pooled.to_row()
    for fig in (ma.forest(effects), ma.forest(pooled), ma.orchard(pooled), ma.funnel(pooled), ma.drapery(pooled)):
        said = [text.get_text() for text in fig.findobj(Text) if "favours" in text.get_text()]
        assert [word for word in said if left and word == f"← favours {left}"] == (
            [f"← favours {left}"] if left else []
        )
        assert len(said) == (2 if left else 0), "no arrow where nobody said what is good"
    asked = ma.forest(pooled, favours=("better sleep", "worse sleep")).findobj(Text)
    assert "← better sleep" in [text.get_text() for text in asked]


def test_a_row_of_totals_is_no_study():
    counts = pd.DataFrame({"study": ["Ann", "Bob", "Cid"], "events_t": [12, 18, 9], "n_t": [30, 42, 25]})
    counts = counts.assign(events_p=[7, 11, 8], n_p=[31, 40, 26])
    sums = {"study": "Total (95% CI)"} | counts.drop(columns="study").sum().to_dict()
    for at in (0, 3):
        table = pd.concat([counts[:at], pd.DataFrame([sums]), counts[at:]], ignore_index=True)
        with pytest.raises(
            ma.TrialDataError, match=f"row {at + 2}, study 'Total .95% CI.', .*: this row holds the sums"
        ):
            ma.effect_sizes(table, measure="OR")
        with pytest.raises(ma.TrialDataError, match="this row holds the sums of all others, and is no study"):
            ma.trials_from_wide(table)
    for name in ("Totals", "Sums", "Subtotal", "Gesamtsumme", "Insgesamt", "Total_all", "Grand total", "all studies"):
        table = pd.concat([counts, pd.DataFrame([sums | {"study": name}])], ignore_index=True)
        with pytest.raises(ma.TrialDataError, match="this row holds the sums of all others"):
            ma.effect_sizes(table, measure="OR")
        with pytest.raises(ma.TrialDataError, match="column 'label': .*this row holds the sums of all others"):
            ma.effect_sizes(table.assign(label=table["study"], study=range(4)), measure="OR", label="label")
    # a name alone, or sums alone, may be those of a study
    for name, shift in (("Total", 1), ("Dee", 0)):
        fine = pd.concat([counts, pd.DataFrame([sums | {"study": name, "n_t": sums["n_t"] + shift}])])
        assert len(ma.effect_sizes(fine.reset_index(drop=True), measure="OR")) == 4


# Counts with a zero in each of their cells in turn, and none in the last; all of what measures of counts are made of.
ZEROS = pd.DataFrame(
    {
        "study": list("ABCDEF"),
        "events_t": [0, 3, 4, 5, 0, 7],
        "n_t": [44, 40, 4, 50, 20, 44],
        "events_p": [3, 0, 2, 9, 0, 9],
        "n_p": [46, 41, 9, 9, 21, 44],
    }
)
ONE_ARM = pd.DataFrame({"study": list("ABC"), "events": [0, 3, 5], "n": [10, 12, 5]})
PERSON_TIME = ZEROS.rename(columns={"n_t": "time_t", "n_p": "time_p"})


@pytest.mark.parametrize(
    ("measure", "table", "added"),
    [
        ("OR", ZEROS, "ABCD"),
        ("RR", ZEROS, "ABCD"),
        ("RD", ZEROS, "ABCDE"),
        ("PETO", ZEROS, ""),
        ("IRR", PERSON_TIME, "AB"),
        ("PLO", ONE_ARM, "AC"),
        ("PR", ONE_ARM, "AC"),
        ("PFT", ONE_ARM, ""),
    ],
)
def test_what_is_added_to_a_zero_cell_is_told(measure, table, added):
    options = {"missing": "drop"} if table is not ONE_ARM else {}
    found = ma.effect_sizes(table, measure=measure, arms=("laser", "sham"), **options)
    told, by_study = found.derivations, found.table.set_index("study")
    assert told["study"].tolist() == list(added)
    assert set(told["quantity"]) <= {"continuity correction"} and set(told["value"]) <= {0.5}
    zero = {study: study in added for study in by_study.index}
    assert (by_study["flags"].map(lambda flags: "zero cell" in flags) == pd.Series(zero)).all()
    assert by_study["status"].to_dict() == {s: "recovered" if zero[s] else "as printed" for s in zero}
    assert ("Zero cells" in found.summary()) is bool(added)
    assert len(found.where(flags="zero cell")) == len(added) if added else True
    # The numbers are those of the counts to which it was added, and to which nothing more is.
    formula = next(shape.formulas[measure] for shape in SHAPES.values() if measure in shape.formulas)
    names = [name for name in inspect.signature(formula).parameters if name in by_study]
    more = {
        name: by_study[name] + np.array([*zero.values()]) * (1.0 if name.startswith("n") else 0.5) for name in names
    }
    if "time_t" in names:
        more |= {name: by_study[name] for name in ("time_t", "time_p")}
    nothing = {} if measure == "PFT" else {"continuity": 0.0}
    yi, vi = formula(**more, **nothing)
    np.testing.assert_allclose([found.yi, found.vi], [yi, vi], rtol=1e-12)


def test_the_rule_of_a_zero_cell_names_the_cells_and_why():
    rules = ma.effect_sizes(ZEROS, measure="RD", arms=("laser", "sham")).derivations.set_index("study")["rule"]
    to = "0.5 added to laser events, laser non-events, sham events, sham non-events, because "
    assert rules["A"] == f"{to}laser events are 0" and rules["D"] == f"{to}sham non-events are 0"
    assert rules["E"] == f"{to}laser events and sham events are 0"
    rules = ma.effect_sizes(ONE_ARM, measure="PLO").derivations["rule"].tolist()
    assert rules == [f"0.5 added to events, non-events, because {name} are 0" for name in ("events", "non-events")]
