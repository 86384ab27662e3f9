"""Moderators of nested effects, contrasts, inflated variances, and what columns moderators may be of.

The numbers in ``reference/moderators.json`` come from metafor and clubSandwich (``moderators.R`` beside it).
"""

import itertools
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis.models.multilevel import Levels, robust_fit

REFERENCE = json.loads((Path(__file__).parent / "reference" / "moderators.json").read_text(encoding="utf-8"))
DATA = {name: pd.DataFrame(columns) for name, columns in REFERENCE["data"].items()}
MODS = {"schools": "~ decade + kind", "offences": "~ deltype + year"}
CONTRASTS = {
    "schools": ["kind[T.b] - kind[T.c]", "decade"],
    "offences": ["deltype[T.general] - deltype[T.overt]", "deltype[T.overt]"],
}
# metafor was given variance components polished to the last digits; the file keeps fifteen. A p-value magnifies them.
RTOL, OF_P = 1e-10, 1e-9

each_fit = pytest.mark.parametrize("name", REFERENCE["fits"])


def close(ours, theirs, rtol=RTOL, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=False)


def three_levels(name, **options):
    kind, _, method = name.partition("/")
    vcov = ma.sampling_covariance(DATA[kind], cluster="cluster", correlation=0.6) if kind == "offences" else None
    options = {"cluster": "cluster", "mods": MODS[kind], "vcov": vcov, "tau2_method": method or "REML"} | options
    return ma.pool_multilevel(DATA[kind], **options)


def in_metafor_order(name, values):
    """Intercept and moderators as the formula has them; the formula engine puts categories first."""
    return np.array(values)[[0, 2, 3, 1] if name.startswith("schools") else [0, 1, 2, 3]]


# --- three levels against metafor --------------------------------------------------------------------------------


def test_the_reference_is_the_one_that_was_read():
    assert REFERENCE["meta"] == {"metafor": "3.8.1", "metadat": "1.2.0", "clubSandwich": "0.5.8", "R": "4.2.2"}
    assert list(REFERENCE["fits"]) == [f"{name}/{method}" for method in ("REML", "ML") for name in MODS]


@each_fit
@pytest.mark.parametrize("ci_method", ["z", "CR1", "CR2"])
def test_fits_against_metafor(name, ci_method):
    ours, theirs = three_levels(name, ci_method=ci_method), REFERENCE["fits"][name]
    close(ours.sigma2, theirs["sigma2"])
    close(ours.params, in_metafor_order(name, theirs["beta"]))
    close([ours.qe, ours.qe_pvalue, ours.llf], [theirs["QE"], theirs["QEp"], theirs["logLik"]], OF_P)
    test = theirs[ci_method]
    close(ours.bse, in_metafor_order(name, test["se"]))
    close(ours.pvalues, in_metafor_order(name, test["p"]), OF_P)
    close([ours.qm, ours.qm_pvalue], [test["QM"], test["QMp"]], OF_P)
    limits = ours.conf_int()
    width = np.subtract(test["ci_ub"], test["ci_lb"])
    close((limits["ci_low"] - in_metafor_order(name, test["ci_lb"])) / width, np.zeros(ours.p), atol=RTOL)
    close((limits["ci_high"] - in_metafor_order(name, test["ci_ub"])) / width, np.zeros(ours.p), atol=RTOL)
    if ci_method == "z":
        assert np.isinf(ours.df).all() and ours.qm_df == (3, np.inf)
    else:
        close(ours.df, in_metafor_order(name, np.broadcast_to(test["df"], ours.p)))
        close(ours.qm_df, test["QMdf"])


@each_fit
def test_contrasts_and_predictions_against_clubsandwich_and_metafor(name):
    fit, theirs = three_levels(name), REFERENCE["fits"][name]["contrast"]
    ours = fit.contrast(CONTRASTS[name.partition("/")[0]]).summary_frame()
    close(ours["estimate"], theirs["est"])
    close(
        ours[["se", "df", "ci_low", "ci_high"]], np.transpose([theirs[key] for key in ("se", "df", "ci_lb", "ci_ub")])
    )
    joint = fit.contrast(CONTRASTS[name.partition("/")[0]])
    close([joint.qm, joint.qm_pvalue, *joint.qm_df], [theirs["QM"], theirs["QMp"], *theirs["QMdf"]], OF_P)
    normal = three_levels(name, ci_method="z")
    design = normal.exog.mean(axis=0)
    ours = normal._combined(design[None])
    pred, se, low, high = REFERENCE["fits"][name]["predict"]
    close([ours.estimate[0], ours.se[0]], [pred, se])
    close([low, high], pred + np.array([-1, 1]) * 1.959963984540054 * se)


def test_a_cluster_that_alone_has_a_moderator():
    # By clubSandwich 0.5.8 on R 4.2.2, given the variance components: its residuals say nothing of the moderator.
    cluster = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 4, 4])
    yi = np.array([-0.962, -0.293, 0.259, -1.152, 0.196, 0.03, 0.085, 1.117, -1.219, 1.267, -0.745])
    vi = np.array([0.082, 0.073, 0.109, 0.248, 0.2, 0.278, 0.19, 0.239, 0.145, 0.143, 0.093])
    week = np.array([1, 2, 3, 1, 2, 1, 2, 3, 1, 1, 2.0])
    x, first = np.column_stack([np.ones(11), cluster == 2, week]), np.flatnonzero(np.diff(cluster, prepend=-1))
    fit = robust_fit(yi, x, [np.diag(v + 0.1) + 0.2 for v in np.split(vi, first[1:])], first)
    close(np.sqrt(np.diag(fit.cr2)), [0.714760808203, 0.129428917315, 0.331739671555], 1e-11)
    close(fit.precision(np.eye(3)[:, None]), [3.432638705669, 3.270483172364, 2.031673759600], 1e-11)
    close(fit.precision(np.eye(3)[None, 1:]) - 1, [1.863416], 1e-6)


@pytest.mark.parametrize(("method", "ci_method"), [("REML", "CR2"), ("REML", "z"), ("ML", "CR1"), ("ML", "t")])
def test_with_an_intercept_alone_it_is_pool_multilevel(method, ci_method):
    options = {"tau2_method": method, "ci_method": ci_method}
    ours, plain = three_levels("offences", mods="~ 1", **options), three_levels("offences", mods=None, **options)
    row = ours.summary_frame().loc["Intercept"]
    assert [*row] == [plain.estimate, plain.se, plain.statistic, plain.df, plain.pvalue, *plain.ci]
    assert (ours.sigma2, ours.sigma2_ci, ours.i2) == (plain.sigma2, plain.sigma2_ci, plain.i2)
    assert (ours.qe, ours.qe_df, ours.qe_pvalue, ours.llf) == (
        plain.q,
        plain.q_df,
        plain.q_pvalue,
        plain.log_likelihood,
    )
    close(ours.predict().iloc[0][["pi_low", "pi_high"]], plain.pi, 1e-14)
    assert np.isnan([ours.qm, ours.qm_pvalue]).all() and not len(ours.vif())


def dense(fit, sigma2, restricted):
    """The log-likelihood by the whole covariance matrix."""
    same = fit.cluster[:, None] == fit.cluster
    inverse = np.linalg.inv(np.diag(fit.vi) + sigma2.between * same + sigma2.within * np.eye(fit.k))
    x = fit.exog
    gram = x.T @ inverse @ x
    rest = fit.yi - x @ np.linalg.solve(gram, x.T @ inverse @ fit.yi)
    value = np.linalg.slogdet(inverse)[1] - rest @ inverse @ rest - (fit.k - restricted * fit.p) * np.log(2 * np.pi)
    return 0.5 * (value + restricted * (np.linalg.slogdet(x.T @ x)[1] - np.linalg.slogdet(gram)[1]))


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_no_other_components_have_a_higher_likelihood(method):
    rng = np.random.default_rng(5)
    for mods in ("~ within", "~ across", "~ within * across", "~ 0 + kind + within"):
        m = int(rng.integers(6, 9))
        cluster = rng.permutation(np.append(np.arange(m), rng.integers(0, m, m)))
        data = pd.DataFrame(
            {"cluster": cluster, "vi": 10 ** rng.uniform(-2, 1, 2 * m), "within": rng.normal(size=2 * m)}
        )
        data["yi"], data["across"] = rng.standard_t(3, 2 * m), rng.normal(size=m)[cluster]
        data["kind"] = rng.permutation(["u", "v"] * m)
        fit = ma.pool_multilevel(data, cluster="cluster", mods=mods, tau2_method=method, ci_method="z")
        close(fit.llf, dense(fit, fit.sigma2, method == "REML"), 1e-10, atol=1e-10)
        axis = np.append(0.0, np.geomspace(1e-3, 1e2, 13))
        around = [Levels(*pair) for pair in itertools.product(axis, axis)]
        around += [
            Levels(fit.sigma2.between * f + a, fit.sigma2.within * g + b)
            for f, g in itertools.product((0.97, 1, 1.03), repeat=2)
            for a, b in ((0, 0), (1e-3, 0), (0, 1e-3))
        ]
        assert fit.llf >= max(dense(fit, sigma2, method == "REML") for sigma2 in around) - 1e-9  # fmt: skip


@pytest.mark.parametrize("ci_method", ["CR2", "t"])
def test_order_units_and_coding_do_not_matter(ci_method):
    data, order = DATA["schools"], np.random.default_rng(2).permutation(56)
    ours = three_levels("schools", ci_method=ci_method)
    foreign = data.iloc[order].rename(columns={"cluster": "Bezirk", "decade": "Jahr nach 1976", "kind": "Art"})
    foreign = foreign.assign(**{"Jahr nach 1976": foreign["Jahr nach 1976"] * 10}).set_index(order * 3 + 5)
    mods = '~ C(Art, Treatment("c")) + Q("Jahr nach 1976")'
    other = ma.pool_multilevel(foreign, cluster="Bezirk", mods=mods, ci_method=ci_method)
    close([*other.sigma2, other.qe, other.qm, other.qm_pvalue], [*ours.sigma2, ours.qe, ours.qm, ours.qm_pvalue], 1e-9)
    row = other.summary_frame().loc['Q("Jahr nach 1976")']
    close(row[["estimate", "se"]] * 10, ours.summary_frame().loc["decade", ["estimate", "se"]], 1e-9)
    close(other.contrast('C(Art, Treatment("c"))[T.b]').params, ours.contrast("kind[T.b] - kind[T.c]").params, 1e-9)
    close(other.to_frame()["estimate"], ours.to_frame()["estimate"].iloc[order], 1e-9)
    assert list(other.cluster) == list(foreign["Bezirk"]) and list(other.predict().index) == list(
        map(str, order * 3 + 5)
    )


def test_the_three_level_result_reads_like_one_of_statsmodels():
    fit = three_levels("schools")
    frame = fit.summary_frame()
    assert list(frame.columns) == ["estimate", "se", "statistic", "df", "pvalue", "ci_low", "ci_high"]
    close(np.sqrt(np.diag(fit.cov_params())), fit.bse)
    ahead = fit.predict({"decade": [0.0, 1.0], "kind": ["a", "b"]}, confidence_level=0.9)
    close(ahead["estimate"].iloc[0], fit.params["Intercept"])
    # t(7) of 11 clusters and 4 coefficients, or the t of the mean where it has fewer degrees of freedom
    critical = np.maximum(1.894578605061305, (ahead["ci_high"] - ahead["estimate"]) / ahead["se"])
    assert (critical > 1.895).any()
    close(ahead["pi_high"] - ahead["estimate"], critical * np.sqrt(ahead["se"] ** 2 + sum(fit.sigma2)))
    pd.testing.assert_frame_equal(
        pickle.loads(pickle.dumps(fit)).predict(DATA["schools"]), fit.predict(DATA["schools"])
    )
    text = fit.summary().splitlines()
    assert text[0] == "Three-level meta-regression ~ decade + kind, 56 effects of 11 clusters (tau² by REML, CR2)"
    assert "  Note          Fewer than ten clusters for each coefficient of a moderator." in text
    assert any(line.startswith("  Moderators    F ") for line in text)


def test_functions_of_the_user_are_found_by_either_engine(engine):
    def halved(x):
        return x / 2

    fit = ma.pool_multilevel(DATA["schools"], cluster="cluster", mods="~ halved(decade)", unsafe=True)
    close(fit.params.iloc[1], 2 * three_levels("schools", mods="~ decade").params.iloc[1])
    assert len(fit.predict(3)) == 1 and halved(2) == 1 and engine


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"mods": "decade"}, "mods='decade' must read '~ moderators'"),
        ({"mods": "yi ~ decade"}, "must read '~ moderators'"),
        ({"mods": "~"}, "must read '~ moderators'"),
        ({"mods": 3}, "mods=3 must read"),
        ({"mods": "~ decad"}, r"'decad', not a column of data \(did you mean 'decade'\?\)"),
        ({"mods": "~ decade + I(2 * decade)"}, "is determined by 'decade'"),
        ({"mods": "~ C(cluster)"}, r"11 coefficients \(Intercept.*\) need at least 12 clusters, and there are 11"),
        ({"mods": "~ hole"}, r"effect 2 \(Study 2\): moderator 'hole' is missing"),
        ({"mods": "~ own", "cluster": "pair"}, r"\(Intercept, own\) take up every difference within clusters"),
    ],
)
def test_moderators_that_cannot_be_fitted(options, expected):
    at = np.arange(56)
    data = DATA["schools"].assign(
        hole=lambda d: d["decade"].where(at != 1), own=1 * (at == 1), pair=np.maximum(at - 1, 0)
    )
    with pytest.raises(ValueError, match=expected):
        ma.pool_multilevel(data, **{"cluster": "cluster"} | options)


def test_moderators_need_a_table():
    with pytest.raises(ValueError, match="effects is no table"):
        ma.pool_multilevel([0.1, 0.2, 0.3], [0.1] * 3, cluster=[1, 1, 2], mods="~ week")


# --- contrasts ---------------------------------------------------------------------------------------------------

BCG = ["alloc[T.random] - alloc[T.systematic]", "latitude = -0.02", "Intercept + latitude + alloc[T.systematic]"]


def bcg(**options):
    return ma.meta_regression("yi ~ latitude + decade + alloc", DATA["bcg"], **options)


@pytest.mark.parametrize(("test", "ci_method"), {"z": "z", "t": "t", "knha": "HKSJ", "adhoc": "HKSJ-mod"}.items())
def test_contrasts_against_metafor(test, ci_method):
    ours, theirs = bcg(ci_method=ci_method).contrast(BCG), REFERENCE["contrasts"][test]
    frame = ours.summary_frame()
    close(frame[["statistic", "se", "pvalue"]], np.transpose([theirs[key] for key in ("zval", "se", "p")]), 1e-9)
    close([ours.qm, ours.qm_pvalue], [theirs["QM"], theirs["QMp"]], 1e-8)
    assert ours.qm_df == (3, np.inf if test == "z" else 8)


def test_contrasts_of_weighted_least_squares_are_those_of_statsmodels():
    import statsmodels.formula.api as smf

    data = DATA["bcg"]
    wls = smf.wls("yi ~ latitude + decade + alloc", data, weights=1 / (data["vi"] + 0.2)).fit()
    fit = bcg(tau2=0.2)
    theirs = wls.t_test(BCG[0])
    ours = fit.contrast(BCG[0])
    close(ours.conf_int(0.9), theirs.conf_int(0.1), 1e-9)
    close(
        [ours.params.item(), ours.bse.item(), ours.pvalues.item()],
        [theirs.effect[0], theirs.sd.item(), theirs.pvalue],
        1e-9,
    )
    joint = wls.f_test(f"{BCG[0]}, {BCG[1]}")
    close(fit.contrast(BCG[:2]).qm, joint.fvalue, 1e-9)


def test_a_coefficient_is_a_contrast_and_so_is_the_omnibus_test():
    for fit in (bcg(), bcg(ci_method="z"), three_levels("offences"), three_levels("offences", ci_method="CR1")):
        every = fit.contrast(list(fit.params.index[1:]))
        close(every.summary_frame(), fit.summary_frame().iloc[1:], 1e-12)
        close([every.qm, every.qm_pvalue, *every.qm_df], [fit.qm, fit.qm_pvalue, *fit.qm_df], 1e-9)
        close(every.qm_df, fit.qm_df)
        one = fit.contrast(f"{fit.params.index[1]} = 1")
        close(one.params.item(), fit.params.iloc[1] - 1, 1e-14)
        close([one.qm, one.qm_pvalue], [one.tvalues.item() ** 2, one.pvalues.item()])


def test_contrasts_in_words():
    ours = bcg().contrast(BCG[:2])
    lines = ours.summary().splitlines()
    assert lines[0] == "Contrasts of coefficients (HKSJ-wide)" and lines[1].startswith(
        f"  {BCG[0]}  −0.35 (95% CI −1.15 to "
    )
    assert lines[-1].startswith("  Together") and "on 2 and 8 df" in lines[-1]
    assert "Together" not in bcg().contrast("latitude").summary()
    assert ours.to_frame()["name"].tolist() == BCG[:2]


@pytest.mark.parametrize(
    ("contrasts", "expected"),
    [
        ("lattitude", r"'lattitude' cannot be read .*; the coefficients are Intercept, alloc\[T.random\]"),
        (["latitude", "", "latitude - latitude"], "2 problems in the contrasts"),
        ("latitude * decade", "cannot be read"),
        ("latitude = decade = 0", "holds 2 contrasts; give a list"),
        (["latitude", "2 * latitude"], "one of them follows from the others"),
        ([], "there are none"),
    ],
)
def test_contrasts_that_are_none(contrasts, expected):
    with pytest.raises(ValueError, match=expected):
        bcg().contrast(contrasts)


# --- inflation ---------------------------------------------------------------------------------------------------


def test_generalised_inflation_against_metafor(engine):
    ours, theirs = bcg().vif(), REFERENCE["vif"]
    rows = ours.loc[["latitude", "decade", "alloc"]]
    assert rows["df"].tolist() == theirs["df"] and len(ours) == 3 and engine
    close(rows[["gvif", "sif"]], np.transpose([theirs["gvif"], theirs["sif"]]), 1e-9)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_inflation_does_not_depend_on_the_coding(seed):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"yi": rng.normal(size=12), "vi": rng.uniform(0.1, 1, 12), "week": rng.normal(size=12)})
    data["kind"] = rng.permutation(list("aaaabbbbcccc"))
    one, other = (
        ma.meta_regression(f"yi ~ week + C(kind, {coding})", data, tau2_method="CE").vif()
        for coding in ("Treatment('b')", "Sum")
    )
    close(one, other, 1e-9)
    # Two terms inflate the confidence region of each other by the same factor.
    close(one["gvif"].iloc[0], one["gvif"].iloc[1], 1e-9)
    close(one["sif"], one["gvif"] ** (0.5 / one["df"]))


# --- columns of any type -----------------------------------------------------------------------------------------

LETTERS = np.array(list("cab"))[np.arange(12) % 3]
TABLE = pd.DataFrame(
    {
        "trial": np.arange(12) // 2,
        "yi": np.random.default_rng(1).normal(size=12),
        "vi": np.linspace(0.1, 0.4, 12),
        "week": np.random.default_rng(2).normal(size=12),
    }
)
COLUMNS = {
    "object": pd.Series(LETTERS, dtype=object),
    "string": pd.Series(LETTERS, dtype="string[python]"),
    "category": pd.Series(LETTERS, dtype="category"),
    "category of string": pd.Series(LETTERS, dtype="string[python]").astype("category"),
    "ordered, unused": pd.Series(pd.Categorical(LETTERS, list("xbcaz"), ordered=True)),
    "bool": pd.Series(LETTERS == "a"),
    "boolean": pd.Series(LETTERS == "a", dtype="boolean"),
    "category of bool": pd.Series(LETTERS == "a", dtype="category"),
    "Int64": pd.Series(np.arange(12) % 3, dtype="Int64"),
    "Float64": pd.Series(np.arange(12) % 3 + 0.5, dtype="Float64"),
    "object of int": pd.Series(np.arange(12) % 3, dtype=object),
    "category of int": pd.Series(np.arange(12) % 3, dtype="category"),
    "int and text": pd.Series([1, "2b", 3] * 4, dtype=object),
}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", COLUMNS)
def test_a_moderator_may_be_of_any_type(name):
    data = TABLE.assign(kind=COLUMNS[name])
    one, unknown = data["kind"].iloc[1], (None, pd.NA, np.nan)
    given = (one, {"kind": one}, {"kind": [one]}, data[["kind"]].iloc[[1]])
    for fit, forms, blanks in (
        (ma.meta_regression("yi ~ kind", data), given, unknown),
        # which asks the same rows of the same formula
        (ma.pool_multilevel(data, cluster="trial", mods="~ kind"), given[1:2], unknown[1:2]),
    ):
        whole = fit.predict()
        close(fit.predict(data), whole, 1e-12)
        for new in forms:
            close(fit.predict(new), whole.iloc[[1]], 1e-12)
        for blank in blanks:
            with pytest.raises(ValueError, match="missing or not finite in row 2 of new_data"):
                fit.predict({"kind": [data["kind"].iloc[0], blank]})
    along = ma.moderator_curve(ma.meta_regression("yi ~ week + C(kind)", data), "kind")
    assert along.categorical and set(along.curve["x"]) == set(data["kind"]) and along.curve["k"].sum() == 12
    assert ma.moderator_curve(ma.meta_regression("yi ~ C(kind) + week", data), "week").held["kind"] in set(data["kind"])


@pytest.mark.parametrize("kind", ["string[pyarrow]", "arrow text", "arrow int", "arrow bool", "arrow dictionary"])
def test_a_moderator_may_be_of_arrow(kind, engine):
    pa = pytest.importorskip("pyarrow")
    types = {
        "text": pa.string(),
        "int": pa.int64(),
        "bool": pa.bool_(),
        "dictionary": pa.dictionary(pa.int8(), pa.string()),
    }
    values = {"int": np.arange(12) % 3, "bool": LETTERS == "a"}.get(kind.split()[-1], LETTERS)
    column = pd.Series(values).astype(pd.ArrowDtype(types[kind.split()[1]]) if " " in kind else kind)
    ours, plain = (ma.meta_regression("yi ~ kind", TABLE.assign(kind=of)) for of in (column, values))
    close(ours.params, plain.params, 1e-12)
    close(ours.predict(column.iloc[1]), plain.predict().iloc[[1]], 1e-12)
    assert engine


def test_a_bubble_of_codes_that_are_numbers_and_text():
    fit = ma.meta_regression("yi ~ kind", TABLE.assign(kind=COLUMNS["int and text"]))
    assert ma.moderator_curve(fit).curve["x"].tolist() == [1, 3, "2b"]
    rows = ma.bubble(fit).content.table
    assert rows.loc[rows["kind"] == "category", "x"].tolist() == [1, 3, "2b"]


@pytest.mark.parametrize("levels", [[1, "1", 2], [1.5, "1.5", "x"]])
def test_levels_that_read_alike_are_refused(levels):
    data = TABLE.assign(kind=pd.Series(levels * 4, dtype=object))
    expected = f"'kind' has the levels {levels[0]!r} and '{levels[0]}', which read alike; write them in one way"
    for call in (
        lambda: ma.meta_regression("yi ~ kind", data),
        lambda: ma.pool_multilevel(data, cluster="trial", mods="~ C(kind)"),
    ):
        with pytest.raises(ValueError) as refused:
            call()
        assert expected in str(refused.value)
    assert ma.meta_regression("yi ~ C(kind)", data.assign(kind=data["kind"].map(str))).k == 12


def test_numbers_as_text_are_no_categories_unless_somebody_says_so():
    data = TABLE.assign(dose=["10", "20", "5.5", "10"] * 3)
    with pytest.raises(ValueError, match=r"'dose' holds numbers as text, such as '10'; make it numbers with pandas"):
        ma.meta_regression("yi ~ dose", data)
    assert ma.meta_regression("yi ~ C(dose)", data).p == 3
    assert ma.meta_regression("yi ~ dose", data.assign(dose=data["dose"].astype("category"))).p == 3
    assert ma.meta_regression("yi ~ dose", data.assign(dose=data["dose"].astype(float))).p == 2


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("2", "'2', a text among numbers; make it a number"),
        ("NR", "'NR', and most others are numbers; correct it, leave the study out, or write C(dose)"),
    ],
)
def test_a_text_among_numbers_is_told_and_no_category(value, why):
    data = TABLE.assign(dose=pd.Series([1, value, 3, 4] + [1, 2, 3, 4] * 2, dtype=object))
    with pytest.raises(ValueError, match=re.escape(f"study 2: moderator 'dose' is {why}")):
        ma.meta_regression("yi ~ dose", data)
    with pytest.raises(ValueError, match=re.escape(f"moderator 'dose' is {why}")):
        ma.pool_multilevel(data, cluster="trial", mods="~ dose")
    as_texts = data.assign(dose=data["dose"].map(str))
    if value == "NR":
        with pytest.raises(ValueError, match="moderator 'dose' is 'NR'"):
            ma.meta_regression("yi ~ dose", as_texts)
        assert ma.meta_regression("yi ~ C(dose)", as_texts).p == 5
    assert ma.meta_regression("yi ~ dose", data.assign(dose=["low", "2", "high"] * 4)).p == 3


def test_whole_numbers_that_are_categories_have_no_point():
    """A column with gaps, or of a file, holds 1 and 2 as floats."""
    data = TABLE.assign(dose=[1.0, 2.0, 2.0, 1.0] * 3)
    fit, whole = (
        ma.meta_regression("yi ~ C(dose)", each) for each in (data, data.assign(dose=data["dose"].astype(int)))
    )
    assert fit.summary() == whole.summary() and "C(dose)[T.2] " in fit.summary()
    assert "1 " in ma.bubble(fit).content.caption and "1.0" not in ma.bubble(fit).content.caption
    close(fit.predict({"dose": [1.0, 2.0]}), whole.predict({"dose": [1, 2]}), 0)
    assert "C(dose)[T.3.5]" in ma.meta_regression("yi ~ C(dose)", data.assign(dose=[1.0, 2.0, 3.5] * 4)).summary()


def test_a_value_without_a_name_needs_a_single_moderator():
    fit = ma.meta_regression("yi ~ week + I(week**2)", TABLE)
    close(fit.predict(3), fit.predict({"week": [3]}), 0)
    close(fit.predict([1, 3]), fit.predict({"week": [1, 3]}), 0)
    with pytest.raises(ValueError, match="new_data=3 does not say which moderators it is of; name them: 'week', 'vi'"):
        ma.meta_regression("yi ~ week + vi", TABLE).predict(3)
    with pytest.raises(ValueError, match="name them: none"):
        ma.meta_regression("yi ~ 1", TABLE).predict(3)


def test_a_fit_stays_with_the_formula_engine_that_read_it(engine, monkeypatch):
    import statsmodels.formula

    fit = ma.meta_regression("yi ~ week + C(kind)", TABLE.assign(kind=LETTERS))
    if hasattr(statsmodels.formula, "options"):
        other = "patsy" if engine == "formulaic" else "formulaic"
        monkeypatch.setattr(statsmodels.formula.options, "formula_engine", other)
    close(fit.predict(TABLE.assign(kind=LETTERS)), fit.predict(), 1e-12)
