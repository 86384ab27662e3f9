"""How effects enter a model: in every form the same studies, paired by name, and no result of another model."""

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects, published_trials

import analysis as ma
from analysis._check import STRANGERS
from analysis.measures import Measure
from analysis.models import diagnostics
from analysis.models.studies import RepeatedStudyWarning
from analysis.models.tau2 import generalised_q_interval

ROOT = Path(__file__).parents[1]
YI, VI, NAMES = [0.3, 0.5, 0.1, 0.9, -0.2, 0.4], [0.04, 0.05, 0.06, 0.03, 0.08, 0.05], list("ABCDEF")
TABLE = pd.DataFrame(
    {"yi": YI, "vi": VI, "label": NAMES, "g": list("aaabbb"), "dose": range(6), "trial": list("uuvvwx")}
)
NAMED = TABLE.drop(columns="label").set_axis([f"trial {name}" for name in NAMES])
NESTED = {"cluster": "trial"}
MODELS = {
    "pool": ma.pool,
    "pool_bayes": ma.pool_bayes,
    "pool_multilevel": lambda *given, **more: ma.pool_multilevel(*given, cluster=list("uuvvwx"), **more),
    "pool_subgroups": lambda yi, *vi, **more: ma.pool_subgroups(
        yi, list("aaabbb"), **dict(zip(["vi"], vi, strict=False)), **more
    ),
    "leave_one_out": ma.leave_one_out,
    "cumulative": ma.cumulative,
}


def number(result):
    """One number of a result, and the names of its studies."""
    if isinstance(result, pd.DataFrame):
        return result["estimate"].sum(), tuple(result["label"])
    result = getattr(result, "overall", result)
    return (result.mu.median if hasattr(result, "mu") else result.estimate), tuple(result.labels)


def effects(**more):
    return ma.EffectSizes(TABLE.assign(study=NAMES), pd.DataFrame(), pd.DataFrame(), **more)


# --- the forms


@pytest.mark.parametrize("name", MODELS)
def test_every_form_gives_the_same(name):
    fit = MODELS[name]
    of_lists = number(fit(YI, VI, labels=NAMES))
    root = np.sqrt(VI)
    forms = [
        fit(np.array(YI), se=root, labels=NAMES),
        fit(pd.Series(YI), se=pd.Series(root), labels=pd.Series(NAMES)),
        fit(pd.Series(YI, index=NAMES), pd.Series(VI, index=NAMES)),
        fit(pd.Series(YI, index=NAMES), VI),
        fit(YI, pd.Series(VI, index=NAMES)),
        fit(TABLE),
        fit(TABLE.drop(columns="vi").assign(se=root)),
        fit(TABLE.rename(columns={"label": "study"})),
        fit(TABLE.drop(columns="label").set_axis(NAMES)),
        fit(effects()),
        fit(ma.pool(YI, VI, labels=NAMES)),
    ]
    for form in forms:
        estimate, labels = number(form)
        assert estimate == pytest.approx(of_lists[0], rel=1e-9) and labels == of_lists[1] == tuple(NAMES)
    numbered = tuple(f"Study {i}" for i in range(1, 7))
    assert number(fit(TABLE.drop(columns="label")))[1] == number(fit(pd.Series(YI), pd.Series(VI)))[1] == numbered


def test_label_before_study_before_index():
    table = TABLE.assign(study=list("PQRSTU")).set_axis(list("uvwxyz"))
    for fit in (ma.pool, lambda data: ma.meta_regression("yi ~ dose", data)):
        assert fit(table).labels == tuple(NAMES)
        assert fit(table.drop(columns="label")).labels == tuple("PQRSTU")
        assert fit(table.drop(columns=["label", "study"])).labels == tuple("uvwxyz")
        assert fit(TABLE[["yi", "vi", "dose"]]).labels[0] == "Study 1"
    assert ma.pool_subgroups(TABLE, "g").groups["b"].labels == tuple("DEF")
    assert ma.pool(TABLE, labels=list("ghijkl")).labels == tuple("ghijkl")


def test_a_standard_error_is_not_checked_by_its_square():
    with pytest.raises(ValueError, match=r"study 2 \(B\): se = -0.2, but standard errors must be positive"):
        ma.pool(YI[:2], se=[0.2, -0.2], labels=["A", "B"])
    with pytest.raises(ValueError, match="study 1: se = 1e\\+200 is too extreme"):
        ma.pool(YI[:2], se=[1e200, 0.2])
    with pytest.raises(ValueError, match="study 2: se = 'x' is not a number"):
        ma.pool(YI[:2], se=[0.1, "x"])


@pytest.mark.parametrize("name", MODELS)
def test_exactly_one_spread(name):
    with pytest.raises(ValueError, match="vi is missing"):
        MODELS[name](YI)
    with pytest.raises(ValueError, match="vi and se are both given"):
        MODELS[name](YI, VI, se=VI)
    for table in (TABLE, effects(), ma.pool(YI, VI)):
        with pytest.raises(ValueError, match="vi is given, but the effects are a table"):
            MODELS[name](table, VI)
        with pytest.raises(ValueError, match="se is given, but the effects are a table"):
            MODELS[name](table, se=VI)
    with pytest.raises(ValueError, match="'yi' is not a column of the effects: vi"):
        MODELS[name](TABLE[["vi", "label"]])
    with pytest.raises(ValueError, match=r"the arms of trials, not their effects; give effect_sizes\(trials\)"):
        MODELS[name](pd.DataFrame({"study": ["a", "a"], "arm": ["treatment", "placebo"], "n": [9, 9]}))
    with pytest.raises(ValueError, match="'vi' is not a column of the effects, nor is 'se': yi"):
        MODELS[name](TABLE[["yi", "label"]])


def test_vi_counts_where_a_table_has_both():
    assert ma.pool(TABLE.assign(se=1.0)).estimate == ma.pool(YI, VI).estimate


# --- pairing by index


@pytest.mark.parametrize("name", [*MODELS, "vcov"])
def test_the_same_labels_in_another_order_are_aligned(name):
    yi, vi = pd.Series(YI, index=NAMES), pd.Series(VI, index=NAMES)
    if name == "vcov":
        vcov = pd.DataFrame(np.diag(VI), NAMES, NAMES)
        mixed, cluster = vcov.loc[NAMES[::-1], [*NAMES[3:], *NAMES[:3]]], pd.Series(list("xwvvuu"), index=NAMES[::-1])
        got = ma.pool_multilevel(yi, vcov=mixed, cluster=cluster)
        assert got.cluster.tolist() == list("uuvvwx") and got.vi.tolist() == VI
        assert got.estimate == ma.pool_multilevel(YI, VI, cluster=list("uuvvwx")).estimate
        got = ma.pool_multilevel(YI, vcov=vcov, cluster=list("uuvvwx"))
        assert got.vi.tolist() == VI
        got = ma.pool_multilevel(TABLE.set_axis(NAMES), vcov=mixed, cluster=cluster)
        assert got.vi.tolist() == VI and got.cluster.tolist() == list("uuvvwx")
        return
    assert number(MODELS[name](yi, vi[::-1])) == number(MODELS[name](yi, vi))
    named = pd.Series([f"trial {each}" for each in NAMES], index=NAMES)
    assert number(MODELS[name](yi, vi, labels=named[::-1]))[1] == tuple(named)


def test_what_stands_beside_a_table_is_aligned():
    table = TABLE.set_axis(NAMES)
    mixed = table["g"][::-1]
    assert ma.pool_subgroups(table, mixed).groups["a"].labels == tuple("ABC")
    assert ma.cumulative(table, order=table["dose"][::-1])["label"].tolist() == NAMES
    assert ma.cumulative(table, order="dose")["label"].tolist() == NAMES
    assert ma.cumulative(table.assign(year=range(6, 0, -1)))["label"].tolist() == NAMES[::-1]
    labels = ma.meta_regression("yi ~ dose", table, labels=table["label"][::-1]).labels
    assert labels == tuple(NAMES)
    # Numbers of rows that survive a filter are labels too.
    odd = TABLE[TABLE["dose"] % 2 == 1]
    assert list(ma.pool_subgroups(odd, odd["g"][::-1]).groups) == ["a", "b"]
    with pytest.raises(ValueError, match="by has no 1, 3, 5"):
        ma.pool_subgroups(odd, pd.Series(["a", "b", "b"], index=[0, 2, 4]))


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (list("ABCDEG"), "vi has no 'F'; yi has no 'G'"),
        (range(6), "vi has no 'A', 'B', 'C', 'D', 'E' and 1 more; yi has no 0, 1, 2, 3, 4 and 1 more"),
        (list("FEDCBB"), "vi has no 'A'; vi has 'B' twice"),
    ],
)
def test_other_labels_are_an_error(own, message):
    with pytest.raises(ValueError, match=f"paired by their index, but their labels differ: {message}; give both"):
        ma.pool(pd.Series(YI, index=NAMES), pd.Series(VI, index=own))


def test_duplicates_pair_in_the_same_order_only():
    index = list("AABCDE")
    assert ma.pool(pd.Series(YI, index=index), pd.Series(VI, index=index)).estimate == ma.pool(YI, VI).estimate
    with pytest.raises(ValueError, match="yi has 'A' twice; vi has 'A' twice"):
        ma.pool(pd.Series(YI, index=index), pd.Series(VI, index=index[::-1]))


def test_tables_of_many_meta_analyses_pair_by_both_sides():
    yi, vi = (pd.DataFrame([x[:3], x[3:]], ["p", "q"], list("ABC")) for x in (YI, VI))
    want = ma.pool_batch(yi.to_numpy(), vi.to_numpy()).estimate.tolist()
    assert (
        ma.pool_batch(yi, vi).estimate.tolist()
        == ma.pool_batch(yi, vi.loc[::-1, list("CAB")]).estimate.tolist()
        == want
    )
    assert ma.pool_batch(yi, vi.to_numpy()).estimate.tolist() == want
    assert ma.pool_batch(yi.to_numpy().tolist(), vi).estimate.tolist() == want
    with pytest.raises(ValueError, match="yi and the columns of vi are paired.*: the columns of vi has no 'A'"):
        ma.pool_batch(yi, vi.rename(columns={"A": "D"}))


def test_rows_of_two_filters_do_not_pair():
    with pytest.raises(ValueError, match="vi has no 0; yi has no 4"):
        ma.pool(TABLE["yi"][:4], TABLE["vi"][1:5])


# --- missing effects


def test_blank_studies_are_refused_or_left_out_by_name():
    yi, vi = [0.3, np.nan, 0.1, None, 0.5], [0.04, np.nan, np.nan, 0.03, 0.05]
    with pytest.raises(ValueError, match="study 2 .B.: yi = nan"):
        ma.pool(yi, vi, labels=list("ABCDE"))
    pooled = ma.pool(yi, vi, labels=list("ABCDE"), missing="drop")
    assert pooled.left_out == (("B", "no effect and no variance"), ("C", "no variance"), ("D", "no effect"))
    assert (pooled.k, pooled.labels, pooled.estimate) == (2, ("A", "E"), ma.pool([0.3, 0.5], [0.04, 0.05]).estimate)
    assert "B: no effect and no variance" in pooled.summary() and "D: no effect" in pooled._repr_html_()
    assert ma.pool([0.3, pd.NA], se=[0.2, 0.2], missing="drop").left_out == (("Study 2", "no effect"),)
    assert ma.pool([0.3, 0.1], se=[0.2, None], missing="drop").left_out[0][1] == "no standard error"
    assert ma.pool(YI, VI, missing="drop").left_out == () and "Left out" not in ma.pool(YI, VI).summary()
    assert pickle.loads(pickle.dumps(pooled)).left_out == pooled.left_out


def test_only_a_blank_is_missing():
    for yi, vi, message in (
        ([0.1, "x", np.nan], [0.1] * 3, "1 problem in the studies to pool:\n  study 2: yi = 'x' is not a number"),
        ([0.1, np.inf, np.nan], [0.1] * 3, "study 2: yi = inf"),
        ([np.nan, 0.1, 0.2], [0.1, 0.1, -1.0], "study 3: vi = -1.0"),
        ([np.nan, 0.1], [0.1, np.nan], "no study is left: none of 2 has both an effect and a variance"),
    ):
        with pytest.raises(ValueError, match=message):
            ma.pool(yi, vi, missing="drop")
    with pytest.raises(ValueError, match="missing='skip' is not known"):
        ma.pool(YI, VI, missing="skip")


def test_a_double_zero_trial_can_be_dropped():
    counts = [0, 1, 2, 5], [20] * 4, [0, 3, 4, 9], [20] * 4
    yi, vi = ma.effects.log_odds_ratio(*counts, drop_double_zero=True)
    pooled = ma.pool(yi, vi, measure="OR", missing="drop")
    assert pooled.k == 3 and pooled.left_out == (("Study 1", "no effect and no variance"),)
    assert pooled.estimate == ma.pool(yi[1:], vi[1:]).estimate


def test_other_models_leave_out_the_same():
    holes = TABLE.assign(yi=[0.3, np.nan, 0.1, 0.9, -0.2, 0.4], vi=[0.04, 0.05, 0.06, 0.03, 0.08, np.nan])
    rest = holes.iloc[[0, 2, 3, 4]]
    both = (("B", "no effect"), ("F", "no variance"))
    posterior = ma.pool_bayes(holes, missing="drop")
    assert (
        posterior.left_out == both and posterior.mu == ma.pool_bayes(rest).mu and "B: no effect" in posterior.summary()
    )
    without = ma.leave_one_out(holes, missing="drop")
    assert without.attrs["left_out"] == both and without["label"].tolist() == list("ACDE")
    pd.testing.assert_frame_equal(without, ma.leave_one_out(rest))
    for door, more in ((ma.cumulative, {}), (ma.cumulative, {"order": list("caefbd")})):
        given = {name: [x[i] for i in (0, 2, 3, 4)] for name, x in more.items()}
        steps = door(holes, missing="drop", **more)
        assert steps.attrs["left_out"] == both and steps["label"].tolist() == door(rest, **given)["label"].tolist()
        assert steps["estimate"].tolist() == door(rest, **given)["estimate"].tolist()
    parts, want = ma.pool_subgroups(holes, "g", missing="drop"), ma.pool_subgroups(rest, "g")
    assert parts.overall.left_out == both and "B: no effect" in parts.summary()
    assert [parts.groups[g].left_out for g in "ab"] == [both[:1], both[1:]]
    assert parts.groups["a"].estimate == want.groups["a"].estimate and parts.q_between == want.q_between
    by = [None if name == "B" else g for name, g in zip(NAMES, TABLE["g"], strict=True)]
    assert ma.pool_subgroups(holes, by, missing="drop").groups["a"].k == 2
    with pytest.raises(ValueError, match="E: no group"):
        ma.pool_subgroups(holes, [*"abab", None, "b"], missing="drop")


@pytest.mark.parametrize("vcov", [None, np.diag(VI)])
def test_a_multilevel_model_leaves_out_effects_with_their_clusters(vcov):
    yi, nested = [0.3, None, *YI[2:]], list("uuvvww")
    more = {"vi": VI} if vcov is None else {"vcov": vcov}
    with pytest.raises(ValueError, match=r"effect 2 \(B\): yi = None"):
        ma.pool_multilevel(yi, cluster=nested, labels=NAMES, **more)
    fit = ma.pool_multilevel(yi, cluster=nested, labels=NAMES, missing="drop", **more)
    want = ma.pool_multilevel([YI[0], *YI[2:]], [VI[0], *VI[2:]], cluster=list("uvvww"))
    assert (
        fit.left_out == (("B", "no effect"),) and fit.labels == tuple("ACDEF") and fit.cluster.tolist() == list("uvvww")
    )
    assert (fit.estimate, fit.se, fit.sigma2) == (want.estimate, want.se, want.sigma2)
    assert "B: no effect" in fit.summary() and want.left_out == ()
    assert ma.leave_one_out(fit).attrs["left_out"] == fit.left_out
    with pytest.raises(ValueError, match="cluster has the shape"):
        ma.pool_multilevel(yi, cluster=list("uvvww"), missing="drop", **more)


def test_a_regression_leaves_out_studies_without_a_moderator_too():
    holes = TABLE.assign(
        yi=[0.3, np.nan, 0.1, 0.9, -0.2, 0.4], dose=[0, None, 2, 3, None, 5], g=pd.Categorical(TABLE["g"])
    )
    with pytest.raises(ValueError, match="study 2 .B.: yi = nan(.|\n)*study 5 .E.: moderator 'dose' is missing"):
        ma.meta_regression("yi ~ dose", holes)
    fit = ma.meta_regression("yi ~ dose", holes, missing="drop")
    rest = holes.iloc[[0, 2, 3, 5]]
    assert fit.left_out == (("B", "no effect and no dose"), ("E", "no dose")) and fit.labels == tuple("ACDF")
    pd.testing.assert_series_equal(fit.params, ma.meta_regression("yi ~ dose", rest).params)
    assert "E: no dose" in fit.summary() and "Left out" not in ma.meta_regression("yi ~ dose", rest).summary()
    assert ma.meta_regression("yi ~ C(g)", holes, missing="drop").left_out == (("B", "no effect"),)
    # A level that only studies left out have has no coefficient.
    levels = TABLE.assign(g=pd.Categorical(list("azbbaa")), yi=holes["yi"])
    assert ma.meta_regression("yi ~ C(g)", levels, missing="drop").p == 2
    # Numbers of studies are those of the table, whoever is left out before.
    with pytest.raises(ValueError, match="^1 problem(.|\n)*study 4 .D.: vi = -1.0"):
        ma.meta_regression("yi ~ dose", holes.assign(vi=[*VI[:3], -1.0, *VI[4:]]), missing="drop")
    with pytest.raises(ValueError, match="no study is left: none of 6 has all of effect, variance, dose"):
        ma.meta_regression("yi ~ dose", holes.assign(yi=np.nan), missing="drop")


def test_a_regression_reads_standard_errors():
    by_error = TABLE.drop(columns="vi").assign(se=np.sqrt(VI))
    assert ma.meta_regression("yi ~ dose", by_error).tau2 == pytest.approx(ma.meta_regression("yi ~ dose", TABLE).tau2)
    with pytest.raises(ValueError, match="study 1 .A.: se = -0.2, but standard errors must be positive"):
        ma.meta_regression("yi ~ dose", by_error.assign(se=[-0.2, *[0.2] * 5]))
    with pytest.raises(ValueError, match="vi='vi' is not a column"):
        ma.meta_regression("yi ~ dose", TABLE.drop(columns="vi"))


# --- two outcomes, and counts

PAIRS = pd.DataFrame(
    {
        "y1": [-1.4, 0.3, -0.7, -4.9, -3.0],
        "v1": [0.3, 0.1, 0.1, 0.2, 0.2],
        "y2": [-3.9, -2.7, -0.9, -6.2, -3.4],
        "v2": [0.2, 0.1, 0.1, 0.2, 0.1],
        "vcov": [0.1, 0.0, 0.05, -0.1, 0.02],
    },
    index=list("ABCDE"),
)


def test_two_outcomes_in_every_form():
    yi, vi, vcov = PAIRS[["y1", "y2"]], PAIRS[["v1", "v2"]], PAIRS["vcov"]
    want = ma.pool_bivariate(yi.to_numpy(), vi.to_numpy(), vcov=vcov.to_numpy(), labels=list("ABCDE"))
    root = np.sqrt(vi)
    forms = [
        ma.pool_bivariate(yi, vi, vcov=vcov),
        ma.pool_bivariate(yi, vi[::-1], vcov=vcov[::-1]),
        ma.pool_bivariate(yi.to_numpy(), vi, vcov=vcov[::-1]),
        ma.pool_bivariate(yi, vi.set_axis(yi.columns, axis=1).iloc[:, ::-1], vcov=vcov),
        ma.pool_bivariate(yi, se=root[::-1], vcov=vcov),
        ma.pool_bivariate(PAIRS),
        ma.pool_bivariate(PAIRS.rename(columns={"vcov": "c"}), vcov="c"),
        ma.pool_bivariate(PAIRS.drop(columns="vcov"), vcov=vcov[::-1]),
        ma.pool_bivariate(PAIRS.drop(columns=["v1", "v2"]).assign(se1=root["v1"], se2=root["v2"])),
        ma.pool_bivariate(PAIRS.reset_index(names="study")),
    ]
    for fit in forms:
        assert fit.estimates == pytest.approx(want.estimates, rel=1e-9) and fit.labels == want.labels == tuple("ABCDE")
        assert fit.correlation == pytest.approx(want.correlation, rel=1e-6) and fit.left_out == ()
    for give, message in (
        (lambda: ma.pool_bivariate(yi, vi.rename({"A": "F"})), "vi has no 'A'; yi has no 'F'"),
        (lambda: ma.pool_bivariate(yi), "'v1', 'v2' are not among the columns of the effects, y1, y2; give yi with"),
        (lambda: ma.pool_bivariate(PAIRS, vcov="c"), "'c' is not among the columns"),
        (lambda: ma.pool_bivariate([[1, 2]] * 4), "vi is missing; give yi with vi or se of shape"),
        (lambda: ma.pool_bivariate(yi, vi, se=vi), "vi and se are both given"),
        (lambda: ma.pool_bivariate(published_effects(), vi), "vi is given, but the effects are a table"),
        (lambda: ma.pool_bivariate(effects()), "hold no changes within the arms"),
        (lambda: ma.pool_bivariate(yi, se=-root), r"trial 1 \(A\), first outcome: se = -0.5"),
        (lambda: ma.pool_bivariate(yi, vi, missing="skip"), "missing='skip' is not known"),
    ):
        with pytest.raises(ValueError, match=message):
            give()


def test_changes_of_both_arms_are_two_outcomes():
    found = published_effects()
    fit, joint = ma.pool_bivariate(found), ma.pool_arms(found).joint
    assert (fit.k, fit.labels) == (joint.k, joint.labels)
    assert fit.estimates == pytest.approx(joint.estimates, rel=1e-9)
    assert fit.vcov == pytest.approx(joint.vcov, rel=1e-6)
    assert len(fit.left_out) == len(found) - fit.k and {why for _, why in fit.left_out} == {"neither outcome"}


def test_outcomes_that_are_missing():
    holes = PAIRS.assign(y2=[np.nan, -2.7, -0.9, -6.2, -3.4], v1=[0.3, 0.1, np.nan, 0.2, 0.2]).drop(columns="vcov")
    holes.loc["F"] = np.nan
    with pytest.raises(ValueError, match=r"2 problems(.|\n)*trial 1 \(A\), second outcome(.|\n)*trial 3 \(C\), first"):
        ma.pool_bivariate(holes)
    fit = ma.pool_bivariate(holes, missing="drop")
    what = [
        ("A", "no effect of the second outcome"),
        ("C", "no variance of the first outcome"),
        ("F", "neither outcome"),
    ]
    assert (
        list(fit.left_out) == what and fit.labels == tuple("ABCDE") and "C: no variance of the first" in fit.summary()
    )
    absent = holes.iloc[:5].copy()
    absent.loc["A", "v2"] = absent.loc["C", "y1"] = np.nan
    assert fit.estimates == pytest.approx(ma.pool_bivariate(absent).estimates, rel=1e-12)
    # A trial with one outcome counts for that one; nothing is left out.
    assert ma.pool_bivariate(absent).left_out == ()


COUNTS = pd.DataFrame(
    {"events_t": [12, 9, 3], "n_t": [30, 25, 20], "events_p": [6, 5, 4], "n_p": [30, 24, 21]}, index=list("ABC")
)


@pytest.mark.parametrize("pool", [ma.pool_mantel_haenszel, ma.pool_peto])
def test_counts_in_every_form(pool):
    want = pool(*COUNTS.to_numpy().T, labels=list("ABC"))
    columns = [COUNTS[name] for name in COUNTS]
    wide = ma.effect_sizes(COUNTS.rename_axis("study").reset_index(), measure="RR")
    forms = [
        pool(*columns),
        pool(columns[0], *(x[::-1] for x in columns[1:])),
        pool(columns[0].to_numpy(), columns[1], columns[2][::-1], columns[3]),
        pool(*COUNTS.to_numpy().T, labels=pd.Series(list("ABC"))),
        pool(COUNTS),
        pool(COUNTS.reset_index(names="study")),
        pool(COUNTS.set_axis(["events_treatment", "n_treatment", "events_placebo", "n_placebo"], axis=1)),
        pool(wide),
    ]
    for pooled in forms:
        assert (pooled.estimate, pooled.se, pooled.q, pooled.labels) == (want.estimate, want.se, want.q, tuple("ABC"))
    for give, message in (
        (lambda: pool(columns[0], columns[1].rename({"A": "D"}), *columns[2:]), "events_t and n_t.*n_t has no 'A'"),
        (lambda: pool(*columns[:3]), "n_p missing; give events_t, n_t, events_p and n_p, a DataFrame"),
        (lambda: pool(TABLE), "events_t, n_t, events_p, n_p not among the columns of the table, yi, vi"),
    ):
        with pytest.raises(ValueError, match=message):
            give()
    with pytest.warns(RepeatedStudyWarning, match=f"^A: several rows.* {pool.__name__} takes"):
        pool(COUNTS.assign(study=list("AAB")))
    with pytest.raises(TypeError, match=f"{pool.__name__}.. cannot use a list: give events_t, n_t"):
        pool([1, 2])


def test_counts_keep_the_measure_of_their_effects():
    wide = {name: ma.effect_sizes(COUNTS, measure=name) for name in ("OR", "RD")}
    for name, found in wide.items():
        assert (
            ma.pool_mantel_haenszel(found).measure == name
            and ma.pool_mantel_haenszel(found, measure="RR").measure == "RR"
        )
    assert ma.pool_mantel_haenszel(COUNTS).measure == "RR" and ma.pool_peto(wide["RD"]).measure == "OR"


def test_many_tables_of_counts_pair_by_both_sides():
    tables = [pd.DataFrame([COUNTS[name], COUNTS[name] + 1], ["p", "q"], list("ABC")) for name in COUNTS]
    want = ma.pool_peto(*(table.to_numpy() for table in tables))
    got = ma.pool_peto(tables[0], *(table.loc[::-1, list("CAB")] for table in tables[1:]))
    assert got.estimate.tolist() == want.estimate.tolist() and got.labels == tuple("ABC")


@pytest.mark.parametrize("pool", [ma.pool_mantel_haenszel, ma.pool_peto])
def test_trials_that_lack_a_count(pool):
    holes = COUNTS.astype(object)
    holes.loc["D"] = [None, 10, 2, np.nan]
    with pytest.raises(ValueError, match=r"1 problem(.|\n)*a count is missing, trial 4 \(D\); correct it, or leave"):
        pool(holes)
    pooled = pool(holes, missing="drop")
    assert pooled.left_out == (("D", "no events_t and no n_p"),) and pooled.labels == tuple("ABC") and pooled.k == 3
    assert pooled.estimate == pool(COUNTS).estimate and "D: no events_t and no n_p" in pooled.summary()
    with pytest.raises(ValueError, match="no trial is left: none of 1 has all of events_t, n_t, events_p, n_p"):
        pool(holes.loc[["D"]], missing="drop")
    with pytest.raises(ValueError, match="missing='skip' is not known"):
        pool(COUNTS, missing="skip")
    many = [np.stack([x, x]).astype(float) for x in COUNTS.to_numpy().T]
    many[0][1, 2] = np.nan
    with pytest.raises(ValueError, match="row 2, trial 3"):
        pool(*many)
    both = pool(*many, missing="drop")
    assert both.k.tolist() == [3, 2] and both.left_out == (("row 2, Study 3", "no events_t"),)
    assert both.estimate.tolist() == [pool(COUNTS).estimate, pool(COUNTS.iloc[:2]).estimate]


def test_an_interval_of_tau2_takes_every_form():
    want = generalised_q_interval(YI, VI)
    yi, vi = pd.Series(YI, NAMES), pd.Series(VI, NAMES)
    for form in (
        generalised_q_interval(yi, vi[::-1]),
        generalised_q_interval(TABLE),
        generalised_q_interval(effects()),
        generalised_q_interval(YI, se=np.sqrt(VI)),
        generalised_q_interval(ma.pool(YI, VI)),
    ):
        assert form == pytest.approx(want, rel=1e-9)
    with pytest.raises(ValueError, match="vi has no 'A'"):
        generalised_q_interval(yi, vi.rename({"A": "G"}))


# --- the same study twice

TWICE = TABLE.assign(study=list("ppqrst"))
PLAIN = {
    "pool": ma.pool,
    "pool_bayes": ma.pool_bayes,
    "leave_one_out": ma.leave_one_out,
    "cumulative": ma.cumulative,
    "pool_subgroups": lambda data: ma.pool_subgroups(data, "g"),
    "meta_regression": lambda data: ma.meta_regression("yi ~ dose", data),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_study_in_two_rows_is_a_warning_where_rows_are_studies(name):
    with pytest.warns(RepeatedStudyWarning, match=f"^p: several rows.* {name} takes .*pool_multilevel") as seen:
        PLAIN[name](TWICE)
    assert [each.filename for each in seen] == [__file__] and issubclass(ma.RepeatedStudyWarning, UserWarning)
    PLAIN[name](TABLE.assign(study=[*NAMES[:4], None, None]))


def test_no_warning_where_nothing_repeats():
    ma.pool(YI, VI, labels=list("ppqrst"))
    ma.pool(TABLE.assign(label="p"))
    ma.pool(TWICE.assign(yi=[np.nan, *YI[1:]]), missing="drop")
    ma.pool_multilevel(TWICE, cluster="study")
    found = published_effects()
    ma.pool(found), ma.leave_one_out(found), ma.pool_subgroups(found, "therapy_family")
    split = ma.effect_sizes(published_trials(), multi_arm="split")
    assert split.table["study"].duplicated().any()
    with pytest.warns(RepeatedStudyWarning, match="tam2007.*splitting"):
        ma.pool(split)
    with pytest.warns(RepeatedStudyWarning, match="tam2007"):
        ma.pool(split.table)


# --- measures


@pytest.mark.parametrize("name", MODELS)
def test_a_misspelt_measure_is_refused_with_the_codes(name):
    with pytest.raises(ValueError, match="measure='logOR' is not known; did you mean 'OR'.*'MD', 'SMD'"):
        MODELS[name](YI, VI, measure="logOR")


def test_results_keep_a_measure_that_is_text():
    made = [ma.pool(YI, VI, measure="OR"), ma.pool_bayes(YI, VI, measure="OR"), ma.pool(effects(measure="OR"))]
    made += [ma.pool_multilevel(YI, VI, cluster=list("uuvvwx"), measure="OR"), ma.pool(made[0])]
    made += [
        ma.pool_subgroups(effects(measure="OR"), "g").groups["a"],
        ma.pool_multilevel(effects(measure="OR"), **NESTED),
    ]
    made += [ma.pool_multilevel(effects(measure="OR"), vcov=np.diag(VI), **NESTED)]
    made += [ma.pool_mantel_haenszel([1, 2], [9, 9], [3, 4], [9, 9], measure="OR"), ma.pool_peto([1], [9], [3], [9])]
    for result in made:
        again = pickle.loads(pickle.dumps(result)).measure
        assert type(result.measure) is type(again) is Measure and result.measure == again == "OR" and again.is_ratio
        assert type(result.to_row()["measure"].iloc[0]) is str and result.to_row()["measure"].tolist() == ["OR"]
    assert ma.pool(effects(measure="OR"), measure="PETO").measure == "PETO" and ma.pool(YI, VI).measure == ""
    assert ma.pool(ma.pool(YI, VI), measure="OR").measure == "OR"
    for given in (effects(measure="OR"), ma.pool(YI, VI, measure="OR")):
        with pytest.raises(ValueError, match="the effects are of measure 'OR' .odds ratio."):
            ma.pool(given, measure="RR")
    # A column of that name is a column.
    assert ma.pool(TABLE.assign(measure="x")).measure == ""


def test_plain_numbers_carry_what_is_good():
    for form in ((YI, VI), (TABLE,), (effects(measure="SMD"),), (ma.pool(YI, VI),)):
        pooled = ma.pool(*form, measure="SMD", benefit="higher")
        assert pooled.effects.benefit == "higher" and pooled.effects.measure == pooled.measure == "SMD"
        assert pooled.estimate == ma.pool(YI, VI).estimate and pooled.effects.yi.tolist() == YI
        assert ma.pool(pooled).effects.benefit == "higher"
    assert ma.pool(YI, VI, labels=NAMES, benefit="lower").effects.labels == NAMES
    assert ma.pool(YI, VI).effects is None and ma.pool(effects(benefit="lower")).effects.benefit == "lower"
    with pytest.raises(ValueError, match="benefit='more' is not known; use one of 'lower', 'higher'"):
        ma.pool(YI, VI, benefit="more")
    for measure, favoured in (("SMD", True), ("", False)):  # of effects that nobody named it is not known of which arms
        fig = ma.forest(ma.pool(YI, VI, benefit="higher", measure=measure))
        assert bool(fig.findobj(lambda a: getattr(a, "get_text", str)() == "favours treatment →")) == favoured


# --- results of other models


@pytest.fixture(scope="module")
def objects():
    """What is given to every door, by its class."""
    trials = published_trials()
    arms = ma.pool_arms(trials)
    return {
        "MultilevelEffect": ma.pool_multilevel(TABLE, **NESTED),
        "MultilevelRegression": ma.pool_multilevel(TABLE, **NESTED, mods="~ dose"),
        "PooledCounts": ma.pool_mantel_haenszel(COUNTS),
        "MetaRegression": ma.meta_regression("yi ~ dose", TABLE),
        "DoseResponse": ma.dose_response(TABLE),
        "PosteriorEffect": ma.pool_bayes(YI, VI),
        "BivariateEffect": ma.pool_bivariate(PAIRS),
        "PooledSubgroups": ma.pool_subgroups(TABLE, "g"),
        "PooledArms": arms,
        "Responders": ma.pool_responders(trials),
        "ArmsOverTime": ma.pool_over_time(trials),
        "ContextualShare": ma.contextual_share(arms.effects, n_bootstrap=0),
        "BatchPooled": ma.pool_batch([YI], [VI]),
        "PooledEffect": ma.pool(YI, VI),
        "EffectSizes": effects(),
        "DataFrame": TABLE,
    }


@pytest.fixture(scope="module")
def strangers(objects):
    return {name: objects[name] for name in STRANGERS}


EFFECTS = {"PooledEffect", "EffectSizes", "DataFrame"}
FIGURE = {"PooledEffect", "EffectSizes", "PooledArms"}
TRIALS = {"DataFrame", "EffectSizes"}
PAGE = {"DataFrame"}
DRAWN = {"PooledSubgroups", "PooledCounts", "MultilevelEffect", "PosteriorEffect", "MetaRegression", "Responders"}
FITS = {"PooledEffect", "PooledSubgroups", "PooledArms", "PooledCounts", "MultilevelEffect", "MultilevelRegression"}
FITS |= {"MetaRegression", "PosteriorEffect", "BivariateEffect", "DoseResponse", "ArmsOverTime"}
TOLD = FITS - {"ArmsOverTime"}
REACH, CHANGE = ma.Threshold(1.0, "between-group"), ma.Threshold(1.0, "within-patient")
# Every function that takes effects, a result or the table of another function: how it is called with one object, and
# the classes that it takes. A public function that stands neither here nor in `WITHOUT_A_DOOR` fails.
DOORS = {
    "arms_forest": (ma.arms_forest, {"PooledArms"}),
    "audit_findings": (ma.audit_findings, PAGE),
    "audit_trials": (ma.audit_trials, PAGE),
    "baujat": (ma.baujat, EFFECTS | {"MetaRegression", "PooledCounts"}),
    "baujat_plot": (ma.baujat_plot, PAGE),
    "begg_test": (ma.begg_test, EFFECTS),
    "bootstrap": (lambda x: ma.bootstrap(x, n_resamples=50), EFFECTS),
    "bubble": (ma.bubble, {"MetaRegression", "DoseResponse"}),
    "check_claims": (lambda x: ma.check_claims(x, published_trials()), PAGE),
    "choice_effects": (ma.choice_effects, PAGE),
    "claim_counts": (ma.claim_counts, PAGE),
    "claims_findings": (ma.claims_findings, PAGE),
    "claims_plot": (ma.claims_plot, PAGE),
    "common_effect": (diagnostics.common_effect, EFFECTS),
    "compare_therapies": (lambda x: ma.compare_therapies(x, "g"), TRIALS),
    "contextual_share": (ma.contextual_share, TRIALS),
    "contrast_effects": (ma.contrast_effects, PAGE),
    "cumulative": (ma.cumulative, EFFECTS),
    "doi_plot": (ma.doi_plot, FIGURE),
    "dose_response": (lambda x: ma.dose_response(x, "year"), TRIALS),
    "drapery": (ma.drapery, FIGURE),
    "effect_sizes": (ma.effect_sizes, PAGE),
    "egger_test": (ma.egger_test, EFFECTS),
    "excess_significance": (ma.excess_significance, EFFECTS),
    "fail_safe_n": (ma.fail_safe_n, EFFECTS),
    "figure_labels": (ma.figure_labels, set()),
    "findings": (ma.findings, FITS | {"Responders", "ContextualShare"}),
    "forest": (ma.forest, FIGURE | DRAWN),
    "funnel": (ma.funnel, FIGURE | {"PooledSubgroups"}),
    "funnel_points": (diagnostics.funnel_points, EFFECTS),
    "generalised_q_interval": (generalised_q_interval, EFFECTS),
    "gosh": (ma.gosh, EFFECTS),
    "gosh_plot": (ma.gosh_plot, set()),
    "harbord_test": (ma.harbord_test, set()),
    "influence": (ma.influence, EFFECTS | {"MetaRegression"}),
    "influence_plot": (ma.influence_plot, PAGE),
    "labbe": (ma.labbe, {"PooledArms", "EffectSizes", "Responders", "PooledCounts"}),
    "labbe_counts": (ma.labbe_counts, {"Responders", "PooledCounts"}),
    "leave_one_out": (ma.leave_one_out, EFFECTS | {"MetaRegression", "MultilevelEffect", "PooledCounts"}),
    "lfk_index": (ma.lfk_index, EFFECTS),
    "limit_meta_analysis": (ma.limit_meta_analysis, EFFECTS),
    "meta_regression": (lambda x: ma.meta_regression("yi ~ dose", x), TRIALS),
    "moderator_curve": (ma.moderator_curve, {"MetaRegression"}),
    "multiverse": (ma.multiverse, PAGE),
    "multiverse_findings": (ma.multiverse_findings, PAGE),
    "multiverse_plot": (ma.multiverse_plot, PAGE),
    "nnt": (ma.nnt, {"PooledEffect", "PooledCounts", "Responders", "MultilevelEffect"}),
    "orchard": (ma.orchard, FIGURE | {"PooledSubgroups"}),
    "outcomes_forest": (lambda x: ma.outcomes_forest({"4 weeks": x, "8 weeks": x}), FIGURE),
    "permutation_test": (ma.permutation_test, EFFECTS | {"MetaRegression"}),
    "pet_peese": (ma.pet_peese, EFFECTS),
    "peters_test": (ma.peters_test, set()),
    "p_curve": (ma.p_curve, EFFECTS),
    "p_curve_plot": (ma.p_curve_plot, set()),
    "pool": (ma.pool, EFFECTS),
    "pool_arms": (ma.pool_arms, TRIALS),
    "pool_bayes": (ma.pool_bayes, EFFECTS),
    "pool_bivariate": (ma.pool_bivariate, TRIALS),
    "pool_groups": (lambda x: ma.pool_groups(x, "g"), TRIALS),
    "pool_imputed": (ma.pool_imputed, {"EffectSizes"}),
    "pool_mantel_haenszel": (ma.pool_mantel_haenszel, TRIALS),
    "pool_multilevel": (lambda x: ma.pool_multilevel(x, cluster=list("uuvvwx")), EFFECTS),
    "pool_over_time": (ma.pool_over_time, set()),
    "pool_peto": (ma.pool_peto, TRIALS),
    "pool_responders": (ma.pool_responders, TRIALS),
    "pool_subgroups": (lambda x: ma.pool_subgroups(x, list("aaabbb")), EFFECTS),
    "posterior_plot": (ma.posterior_plot, {"PosteriorEffect"}),
    "power": (lambda x: ma.power(x, 0.5), EFFECTS),
    "power_plot": (ma.power_plot, set()),
    "predictive_density": (ma.predictive_density, EFFECTS | {"PosteriorEffect"}),
    "prisma_flow": (ma.prisma_flow, PAGE),
    "prisma_items": (
        ma.prisma_items,
        {"PooledEffect", "PooledArms", "PooledCounts", "PooledSubgroups", "MultilevelEffect"},
    ),
    "provenance": (ma.provenance, {"EffectSizes", "PooledArms", "PooledEffect"}),
    "pustejovsky_test": (ma.pustejovsky_test, {"EffectSizes"}),
    "pvalue_curves": (ma.pvalue_curves, EFFECTS),
    "qq_plot": (ma.qq_plot, FIGURE),
    "radial": (ma.radial, FIGURE),
    "radial_points": (diagnostics.radial_points, EFFECTS),
    "residual_quantiles": (lambda x: diagnostics.residual_quantiles(x, n_simulations=50), EFFECTS),
    "methods_text": (ma.methods_text, TOLD),
    "report": (lambda x: ma.report(x, "nowhere"), TOLD | {"EffectSizes"}),
    "results_text": (ma.results_text, TOLD),
    "risk_of_bias_findings": (lambda x: ma.risk_of_bias_findings(x, TABLE), PAGE),
    "risk_of_bias_summary": (ma.risk_of_bias_summary, PAGE),
    "sampling_covariance": (lambda x: ma.sampling_covariance(x, cluster="trial", correlation=0.5), TRIALS),
    "save_figure": (lambda x: ma.save_figure(x, "figure"), set()),
    "selection_model": (lambda x: ma.selection_model(x, steps=0.5), EFFECTS),
    "selection_plot": (ma.selection_plot, set()),
    "share_beyond": (lambda x: ma.share_beyond(x, REACH), {"PooledEffect", "PooledArms"}),
    "simulate": (lambda x: ma.simulate(x, n_simulations=20), EFFECTS),
    "small_study_effects": (ma.small_study_effects, EFFECTS),
    "standardised_residuals": (ma.standardised_residuals, EFFECTS),
    "steps_forest": (ma.steps_forest, PAGE),
    "translate_responders": (lambda x: ma.translate_responders(x, CHANGE), TRIALS),
    "therapies_forest": (ma.therapies_forest, set()),
    "traffic_light": (ma.traffic_light, PAGE),
    "summary_of_findings": (
        lambda x: ma.summary_of_findings({"x": x}),
        {"PooledEffect", "PooledCounts", "PooledArms", "MultilevelEffect", "Responders"},
    ),
    "time_plot": (ma.time_plot, {"ArmsOverTime"}),
    "trials_from_wide": (ma.trials_from_wide, PAGE),
    "trim_and_fill": (ma.trim_and_fill, EFFECTS),
    "with_contrasts": (lambda x: ma.with_contrasts(x, effects()), {"EffectSizes"}),
    "with_risk_of_bias": (lambda x: ma.with_risk_of_bias(x, TABLE), {"EffectSizes"}),
    "without_high_risk": (lambda x: ma.without_high_risk(x, TABLE), {"EffectSizes"}),
}
# They read files, choose among numbers, set the look of figures, or take arrays alone.
WITHOUT_A_DOOR = {
    *("HalfCauchy", "pool_batch", "theme", "threshold"),
    *("read_benchmarks", "read_bias_facts", "read_claims", "read_contrasts", "read_correlations", "read_risk_of_bias"),
    *("read_report", "read_studies", "read_thresholds", "read_trials"),
}


def test_every_public_function_stands_in_the_table():
    functions = {name for name in dir(ma) if inspect.isfunction(getattr(ma, name)) and not name.startswith("_")}
    assert functions - DOORS.keys() == WITHOUT_A_DOOR and not WITHOUT_A_DOOR & DOORS.keys()


@pytest.mark.parametrize("door", DOORS)
def test_what_a_function_does_not_take_is_refused_by_name(door, objects):
    call, takes = DOORS[door]
    assert objects.keys() >= takes | STRANGERS.keys()
    for name, given in objects.items():
        if name in takes:
            if takes >= EFFECTS:
                call(given)
            continue
        with pytest.raises((TypeError, ValueError)) as refused:
            call(given)
        said = str(refused.value)
        if takes >= EFFECTS and name in STRANGERS:
            assert said == f"{door}() cannot use a {name}: {STRANGERS[name]}"
        assert name in said and re.search(r"\b(give|pass|must be the|takes figures) ", said), said


def test_remedies_name_what_there_is(strangers):
    for name, remedy in STRANGERS.items():
        for part in remedy.replace(",", " ").split():
            if part.startswith("."):
                assert hasattr(strangers[name], part[1:]), (name, part)
    assert ma.pool(strangers["PooledArms"].contrast).k == strangers["PooledArms"].contrast.k
    placebo = strangers["PooledArms"].placebo
    for result in (ma.pool(placebo), diagnostics.common_effect(placebo), ma.pool_bayes(placebo)):
        assert (result.k, result.measure, result.labels) == (placebo.k, "MC", placebo.labels)
    assert len(ma.leave_one_out(placebo)) == len(ma.cumulative(placebo)) == placebo.k
    assert len(ma.standardised_residuals(placebo, deleted=True)) == placebo.k


def test_what_only_looks_like_effects_is_refused():
    @dataclasses.dataclass
    class Fit:
        yi: list
        vi: list

    with pytest.raises(TypeError, match=r"pool\(\) cannot use a Fit: give yi with vi or se, a DataFrame"):
        ma.pool(Fit(YI, VI))


# --- what single models do


def nested(trials, vcov=None):
    """A multilevel result and, trial by trial, the estimate of a fit that never saw the trial."""
    yi = np.array([0.10, 0.15, 0.12, 0.18, 0.95, 0.60, 0.70])
    given = {"vi": np.full(7, 0.01)} if vcov is None else {"vcov": vcov}
    trials = np.array(list(trials))
    fit = ma.pool_multilevel(yi, cluster=trials, tau2_method="ML", ci_method="t", confidence_level=0.9, **given)
    refits = {}
    for trial in dict.fromkeys(trials.tolist()):
        stay = trials != trial
        part = {"vi": given["vi"][stay]} if vcov is None else {"vcov": vcov[np.ix_(stay, stay)]}
        options = {"cluster": trials[stay], "tau2_method": "ML", "ci_method": "t", "confidence_level": 0.9}
        if len(set(trials[stay])) < stay.sum():
            refits[trial] = ma.pool_multilevel(yi[stay], **part, **options)
    return fit, refits


@pytest.mark.parametrize("shared", [False, True])
def test_leave_one_out_of_a_multilevel_model_leaves_out_trials(shared):
    trials = "bbaadcc"
    same = np.equal.outer(list(trials), list(trials))
    fit, refits = nested(trials, np.where(same, 0.004, 0.0) + 0.006 * np.eye(7) if shared else None)
    without = ma.leave_one_out(fit)
    assert without["label"].tolist() == ["b", "a", "d", "c"] == list(refits)
    for row, refit in zip(without.itertuples(), refits.values(), strict=True):
        assert (row.k, row.estimate, row.se, row.pvalue) == (refit.k, refit.estimate, refit.se, refit.pvalue)
        assert (row.ci_low, row.ci_high, row.pi_low, row.pi_high) == (*refit.ci, *refit.pi)
        assert (row.tau2, row.i2, row.q) == (sum(refit.sigma2), sum(refit.i2), refit.q)
        assert row.shift == refit.estimate - fit.estimate
    assert list(without) == list(ma.leave_one_out(YI, VI))
    assert hasattr(ma.steps_forest(without), "savefig")


def test_trials_with_one_effect_each_are_a_plain_model():
    fit, refits = nested("aaaabcd")
    without = ma.leave_one_out(fit).set_index("label")
    assert set(without.index) - set(refits) == {"a"}
    plain = ma.pool([0.95, 0.6, 0.7], [0.01] * 3, tau2_method="ML", ci_method="t", confidence_level=0.9)
    got = without.loc["a"]
    assert [got["estimate"], got["tau2"], got["i2"]] == pytest.approx([plain.estimate, plain.tau2, plain.i2], rel=1e-9)
    assert without.loc["d", "estimate"] == refits["d"].estimate
    # Here the likelihood is level along within + between: a search over both would find its rounding.
    rng = np.random.default_rng(3)
    for k in (3, 4, 5, 6) * 3:
        yi, vi = rng.normal(size=k + 2), np.exp(rng.normal(-1, 1.5, k + 2))
        got = ma.leave_one_out(ma.pool_multilevel(yi, vi, cluster=[*range(k), "x", "x"])).iloc[-1]
        plain = ma.pool(yi[:k], vi[:k])
        assert [got["estimate"], got["tau2"]] == pytest.approx([plain.estimate, plain.tau2], rel=1e-9, abs=1e-12)


def test_leave_one_out_of_a_multilevel_model_keeps_to_it():
    with pytest.raises(ValueError, match="three trials or more"):
        ma.leave_one_out(ma.pool_multilevel(YI, VI, cluster=list("aaabbb")))
    fit = ma.pool_multilevel(TABLE, **NESTED)
    with pytest.raises(ValueError, match="keeps its own effects and methods; leave out labels, tau2_method"):
        ma.leave_one_out(fit, labels=NAMES, tau2_method="DL")
    assert "_vcov" not in fit.to_row() and "_vcov" not in repr(fit)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_groups_with_a_common_tau2_have_its_interval(level):
    groups = ma.pool_subgroups(TABLE, "g", tau2="common", confidence_level=level).groups.values()
    common = ma.meta_regression("yi ~ C(g)", TABLE, confidence_level=level)
    for pooled in groups:
        # Groups of their own, and columns of one design: sums may differ in the last digits.
        assert [*pooled.tau2_ci, pooled.tau2] == pytest.approx([*common.tau2_ci, common.tau2], rel=1e-12)
        # I2 follows from tau2 in the same way at the estimate as at the limits of the interval.
        typical = pooled.tau2 / pooled.i2 - pooled.tau2
        assert pooled.i2_ci == pytest.approx([x / (x + typical) for x in common.tau2_ci], rel=1e-9)
    alone = ma.pool_subgroups(TABLE, list("abbbbb"), tau2="common").groups["a"]
    assert np.isfinite(alone.tau2_ci).all() and np.isnan(alone.i2_ci).all()
    assert np.isnan(ma.pool_subgroups(TABLE, "g", tau2="common", tau2_method="CE").groups["a"].tau2_ci).all()


def test_arrays_load_no_pandas():
    call = "analysis.pool([1.0, 2.0], se=[0.1, 0.2], measure='MD', missing='drop')"
    code = f"import sys, analysis; {call}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "pandas" not in done.stdout.split()


def test_what_was_given_is_left_as_it_was():
    table, yi = TABLE.copy(), pd.Series(YI, index=NAMES)
    (
        ma.pool(table),
        ma.pool(yi, pd.Series(VI, index=NAMES)[::-1]),
        ma.pool_multilevel(table, vcov=np.diag(VI), **NESTED),
    )
    pd.testing.assert_frame_equal(table, TABLE)
    assert yi.tolist() == YI
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RepeatedStudyWarning)
        assert ma.pool(TWICE).estimate == ma.pool(YI, VI).estimate
