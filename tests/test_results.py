"""What every result can do: be read in a console and a notebook, become a row, travel through pickle unchanged."""

import copy
import dataclasses
import html.parser
import pickle
import re
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects

import analysis as ma
from analysis.models.coefficients import Coefficients, Regression
from analysis.models.results import Result, flat
from analysis.sentences import InWords
from analysis.text import equals, number, percent

FOREIGN = pd.DataFrame(
    {
        "yi": [0.31, 0.62, -0.14, 0.9, 0.22, 0.41],
        "vi": [0.04, 0.09, 0.06, 0.12, 0.05, 0.08],
        "dose": [10.0, 20.0, 10.0, 40.0, 20.0, 30.0],
        "clinic": ["Łódź", "<b>Bâle</b>", "Łódź", "東京", "東京", "<b>Bâle</b>"],
    }
)


@cache
def made():
    """Every kind of result; made when the first test asks for them, not when tests are collected."""
    effects = published_effects()
    pooled = ma.pool(effects)
    regression = ma.meta_regression("yi ~ np.log(dose)", FOREIGN, labels=FOREIGN["clinic"])
    arms = ma.pool_arms(effects, by="therapy_family")
    few = [FOREIGN[["yi", "vi"]].to_numpy().T[i] for i in range(2)]
    return {
        "effects": effects,
        "pool": pooled,
        "one study": ma.pool([0.2], [0.1]),
        "imputed": ma.pool_imputed(effects, imputations=5),
        "doses": ma.dose_response(FOREIGN, "dose", shape="quadratic", unit="mg"),
        "compared": ma.compare_therapies(effects, "therapy_family"),
        "subgroups": ma.pool_subgroups(effects, "therapy_family"),
        "peto": ma.pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58]),
        "mantel-haenszel": ma.pool_mantel_haenszel([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58], measure="RR"),
        "regression": regression,
        "permutation": regression.permutation_test(99, rng=1),
        "gosh": ma.gosh(pooled, n_subsets=50),
        "bootstrap": ma.bootstrap(pooled, n_resamples=50),
        "curve": ma.moderator_curve(regression, "dose"),
        "contrast": regression.contrast(["np.log(dose) = 0.5", "Intercept"]),
        "multilevel": ma.pool_multilevel(FOREIGN, cluster="clinic"),
        "multilevel regression": ma.pool_multilevel(FOREIGN, cluster="clinic", mods="~ np.log(dose)"),
        "bayes": ma.pool_bayes(*few, mu_prior=ma.Normal(0, 2)),
        "arms": arms,
        "over time": ma.pool_over_time(published_effects(times="all")),
        "both arms": arms.joint,
        "share": ma.contextual_share(effects, arms.joint, n_bootstrap=100),
        "beyond": ma.share_beyond(pooled, ma.Threshold(1.0, "between-group")),
        "responders": ma.translate_responders(effects, ma.Threshold(2.0, "within-patient")),
        "number needed": ma.nnt(ma.pool(*few, measure="OR", benefit="lower"), 0.1),
        "p values": ma.pvalue_curves(pooled),
        "asymmetry": ma.egger_test(*few),
        "trim and fill": ma.trim_and_fill(*few),
        "pet-peese": ma.pet_peese(*few),
        "selection": ma.selection_model(*few),
        "excess": ma.excess_significance(*few),
        "p-curve": ma.p_curve(*few),
        "fail-safe": ma.fail_safe_n(*few),
        "limit": ma.limit_meta_analysis(*few),
        "lfk": ma.lfk_index(*few),
        "small studies": ma.small_study_effects(*few),
        "power": ma.power(few[1], 0.4, tau2=0.02),
        "simulation": ma.simulate(few[1], n_simulations=20),
        "provenance": ma.provenance(effects, "chow2006"),
        "findings": ma.summary_of_findings({"pain": pooled, "both arms": arms}, certainty={"pain": "low"}),
    }


NAMES = (
    "effects",
    "pool",
    "one study",
    "imputed",
    "doses",
    "compared",
    "subgroups",
    "peto",
    "mantel-haenszel",
    "regression",
    "permutation",
    "gosh",
    "bootstrap",
    "curve",
    "contrast",
    "multilevel",
    "multilevel regression",
    "bayes",
    "arms",
    "over time",
    "both arms",
    "share",
    "beyond",
    "responders",
    "number needed",
    "p values",
    "asymmetry",
    "trim and fill",
    "pet-peese",
    "selection",
    "excess",
    "p-curve",
    "fail-safe",
    "limit",
    "lfk",
    "small studies",
    "power",
    "simulation",
    "provenance",
    "findings",
)
OF_NO_ROW = ("effects", "provenance", "findings")  # tables, which are no Result
OF_MANY_ROWS = ("gosh", "bootstrap")  # one a subset or sample
each = pytest.mark.parametrize("result", NAMES, indirect=True)


@pytest.fixture
def result(request):
    return made()[request.param]


def kinds(parent):
    return {parent, *(kind for child in parent.__subclasses__() for kind in kinds(child))}


def test_no_kind_of_result_is_forgotten_here():
    # Making them loads the rooms that their kinds stand in.
    found = {type(result) for result in made().values()}
    ours = {kind for kind in kinds(InWords) if kind.__module__.startswith("analysis.")}
    assert found == ours - {InWords, Result, Coefficients, Regression}
    assert tuple(made()) == NAMES
    assert tuple(name for name, result in made().items() if not isinstance(result, Result)) == OF_NO_ROW


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, pd.Index):
        pd.testing.assert_index_equal(a, b)
    elif isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b)
        assert not b.flags.writeable
    elif isinstance(a, pd.DataFrame | pd.Series):
        pd.testing.assert_frame_equal(pd.DataFrame(a), pd.DataFrame(b))
    elif isinstance(a, InWords | dict):
        parts, others = ({k: v for k, v in getattr(x, "__dict__", x).items() if str(k)[:1] != "_"} for x in (a, b))
        assert list(parts) == list(others)
        for key in parts:
            same(parts[key], others[key])
    elif isinstance(a, tuple):
        for one, other in zip(a, b, strict=True):
            same(one, other)
    else:
        assert a == b or (a != a and b != b)


@each
def test_pickle_and_copy_keep_everything_and_arrays_stay_read_only(result):
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), copy.copy(result)):
        same(result, again)
        assert str(again) == str(result) and repr(again) == repr(result)


@each
def test_joblib_keeps_everything(result, tmp_path):
    joblib.dump(result, tmp_path / "result")
    same(result, joblib.load(tmp_path / "result"))
    # Memory-mapped, as joblib hands large arrays to its workers.
    mapped = joblib.load(tmp_path / "result", mmap_mode="c")
    arrays = [value for value in vars(mapped).values() if isinstance(value, np.ndarray)]
    assert str(mapped) == str(result) and not any(array.flags.writeable for array in arrays)


def test_a_regression_that_was_pickled_still_predicts():
    fit = made()["regression"]
    again = pickle.loads(pickle.dumps(fit))
    new = {"dose": [15, 35]}
    pd.testing.assert_frame_equal(again.predict(new), fit.predict(new))
    pd.testing.assert_frame_equal(ma.moderator_curve(again, "dose").curve, ma.moderator_curve(fit, "dose").curve)
    with pytest.raises(ValueError, match="missing"):
        again.predict({"dose": [np.nan]})
    factors = pickle.loads(pickle.dumps(ma.meta_regression("yi ~ C(clinic)", FOREIGN)))
    with pytest.raises(ValueError, match="Rome"):
        factors.predict({"clinic": ["Rome"]})


def test_a_function_of_the_formula_that_is_gone_is_named():
    def halved(x):
        return x / 2

    again = copy.deepcopy(ma.meta_regression("yi ~ halved(dose)", FOREIGN, unsafe=True))
    assert len(again.predict({"dose": [3.0]})) == 1
    del halved
    with pytest.raises(ValueError, match=r"halved.*must be defined where predict is called"):
        again.predict({"dose": [3.0]})


def test_a_copy_refuses_a_function_that_is_another_by_now():
    unit = [2.0]

    def scaled(x):
        return x / unit[0]

    fit = ma.meta_regression("yi ~ scaled(dose)", FOREIGN, unsafe=True)
    again = copy.deepcopy(fit)
    pd.testing.assert_frame_equal(again.predict({"dose": [3.0]}), fit.predict({"dose": [3.0]}))
    unit[0] = 3.0
    with pytest.raises(ValueError, match=r"'scaled\(dose\)' does not give the design that was fitted"):
        again.predict({"dose": [3.0]})


@pytest.mark.parametrize("of", ["bs(dose, 3)", "standardize(dose) * C(site)", "C(site, Sum)", 'Q("odd name")', "site"])
def test_a_copy_predicts_what_the_fit_does_from_one_row(of, engine):
    if engine == "formulaic":
        of = of.replace("standardize", "scale").replace("Sum", "contr.sum")
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"yi": rng.normal(size=30), "vi": 0.1, "dose": rng.uniform(1, 9, 30)})
    table = table.assign(site=[["🙂", "two\nlines", "<i>"][i % 3] for i in range(30)])
    table["odd name"] = table["dose"] ** 2
    fit = ma.meta_regression(f"yi ~ {of}", table)
    new = table.iloc[[4]]
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(fit)).predict(new), fit.predict(new))


@pytest.mark.usefixtures("engine")
def test_the_curve_of_a_copy_finds_a_function_of_the_user():
    # `inverse` is also a name in the module that makes the curve.
    def inverse(x):
        return 1 / x

    fit = ma.meta_regression("yi ~ inverse(dose)", FOREIGN, unsafe=True)
    again = ma.moderator_curve(copy.deepcopy(fit), "dose")
    pd.testing.assert_frame_equal(again.curve, ma.moderator_curve(fit, "dose").curve)
    assert inverse(2.0) == 0.5


def test_many_pooled_tables_are_shown_and_stay_read_only():
    many = ma.pool_mantel_haenszel([[1, 2], [3, 4]], [[30, 40]] * 2, [[4, 5], [6, 7]], [[30, 40]] * 2, measure="OR")
    assert str(many) == repr(many) and many._repr_html_() is None and len(many.to_row()) == 2
    for result in (many, pickle.loads(pickle.dumps(many)), copy.deepcopy(many)):
        arrays = [result.estimate, *result.ci, *result.cmh, *result.breslow_day]
        assert not any(array.flags.writeable for array in arrays)


def test_a_posterior_that_was_pickled_still_integrates():
    posterior = made()["bayes"]
    again = pickle.loads(pickle.dumps(posterior))
    x = np.linspace(0.01, 1.5, 7)
    np.testing.assert_array_equal(again.tau_density(x), posterior.tau_density(x))
    np.testing.assert_array_equal(again.quantile([0.1, 0.9], of="new"), posterior.quantile([0.1, 0.9], of="new"))


@each
def test_repr_is_short_and_shows_nothing_private(result):
    shown = repr(result)
    assert shown.startswith(f"{type(result).__name__}(") and len(shown.splitlines()) <= 15
    assert not re.search(r"[(\s]_\w+=", shown) and "array(" not in shown and "  0  " not in shown
    assert max(map(len, shown.splitlines())) <= 250


def test_repr_shows_six_digits_sizes_and_the_first_names():
    shown = repr(ma.pool(FOREIGN["yi"], FOREIGN["vi"], labels=FOREIGN["clinic"].radd("In ")))
    pooled = ma.pool(FOREIGN["yi"], FOREIGN["vi"])
    assert f"k=6, estimate={pooled.estimate:.6g}, " in shown and "weights=<ndarray 6>" in shown
    assert f"ci=({pooled.ci.low:.6g}, {pooled.ci.high:.6g})" in shown
    assert "labels=('In Łódź', 'In <b>Bâle</b>', 'In Łódź', ...)" in shown


HOSTILE = ["two\nlines", "x" * 200, "<script>alert(1)</script>", "🙂"]


def hostile():
    table = pd.DataFrame({"yi": np.linspace(-1, 2, 300), "vi": 0.1, "name": HOSTILE * 75})
    return ma.pool_subgroups(table, "name")


def test_long_names_are_cut_in_a_repr():
    shown = repr(hostile())
    assert "'two\\nlines': <PooledEffect>, 'xxx" in shown and "x" * 61 not in shown
    assert max(map(len, shown.splitlines())) <= 250


def test_names_take_one_line_of_a_summary_and_long_ones_do_not_push_the_others_away():
    lines = hostile().summary().splitlines()
    assert len(lines) == 1 + len(HOSTILE) + 3
    assert lines[1].startswith("  two lines ") and lines[2].startswith(f"  {'x' * 200}  0.")
    assert lines[4].startswith(f"  {'🙂':<60}  0.")


def test_html_escapes_names_and_headings():
    page = hostile()._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    page = ma.pool_subgroups(pd.DataFrame({"yi": [0.1, 0.3], "vi": 0.1, "<i>": ["a", "b"]}), "<i>")._repr_html_()
    assert "<caption" in page and "<i>" not in page


class Told(InWords):
    """Every kind of pair, with and without a heading."""

    def __init__(self, head=""):
        self.head = head

    def _in_words(self):
        return self.head, [("<part>", None), (None, "a < b & c"), ("<label>", "<text>"), ("", "more")]


def test_a_pair_is_a_part_a_paragraph_or_a_line():
    assert Told().summary().splitlines() == ["<part>", "a < b & c", f"  {'<label>':<12}  <text>", f"  {'':<12}  more"]
    assert Told("Head").summary().startswith("Head\n<part>\n")
    left = 'style="text-align: left; vertical-align: top"'
    assert Told()._repr_html_() == (
        f'<table><tbody><tr><th colspan="2" {left}>&lt;part&gt;</th></tr>'
        f'<tr><td colspan="2" {left}>a &lt; b &amp; c</td></tr>'
        f'<tr><th scope="row" {left}>&lt;label&gt;</th><td {left}>&lt;text&gt;</td></tr>'
        f'<tr><th scope="row" {left}></th><td {left}>more</td></tr></tbody></table>'
    )


def test_repr_says_that_more_groups_follow_and_leaves_out_what_a_class_hides():
    more = ma.pool_subgroups(FOREIGN, [0, 1, 2, 3, 4, 0])
    assert "'3': <PooledEffect>, ...}" in repr(more) and "..." not in repr(ma.pool_subgroups(FOREIGN, "clinic"))
    assert "exog" not in repr(made()["regression"]) and "k=6, p=2" in repr(made()["regression"])
    measure = np.str_("SMD" + "x" * 200)
    shown = repr(dataclasses.replace(ma.pool(FOREIGN["yi"], FOREIGN["vi"]), measure=measure))
    assert "measure='SMDxxx" in shown and "x" * 61 not in shown


class Rows(html.parser.HTMLParser):
    """The texts of the cells of a table, and every attribute in it."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.attributes, self.open = [], [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.attributes += [value for _, value in attributes]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("provenance", "findings")])
def test_html_is_a_table_of_what_the_summary_says_and_has_no_colours(name):
    result = made()[name]
    page, text = Rows(result._repr_html_()), result.summary()
    said = [cell for row in page.rows for cell in row]
    assert said and all(cell in text for cell in said)
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert lines == [] or [len(row) for row in page.rows].count(2) == len(lines)
    assert not any(re.search("color|background|#[0-9a-f]{3}", value) for value in page.attributes)


def test_html_shows_names_as_they_are():
    page = ma.meta_regression("yi ~ 0 + C(clinic)", FOREIGN)._repr_html_()
    assert "C(clinic)[&lt;b&gt;Bâle&lt;/b&gt;]" in page and "<b>" not in page


@each
def test_summary_is_what_print_shows(result):
    assert str(result) == result.summary() != ""


def test_summaries_print_the_numbers_of_their_result():
    table = pd.DataFrame({"yi": [0.1, 0.9, -0.4, 1.2, 0.6, -0.7], "vi": FOREIGN["vi"], "of": ["a", "b", "c"] * 2})
    pooled, groups = ma.pool(table), ma.pool_subgroups(table, "of", tau2="common")
    from_q = (pooled.q - pooled.q_df) / pooled.q
    assert f"from Q {percent(from_q)}, H² {number(pooled.h2)}" in pooled.summary() and 0.2 < from_q < 0.9
    few, many = groups.f_df
    said = f"F {number(groups.f)} on {few:.0f} and {number(many, 1)} df, p {equals(groups.f_pvalue)}"
    assert said in groups.summary() and few == 2 and round(many) != 2
    q = f"Q {number(groups.q_between)} on 2 df, p {equals(groups.q_between_pvalue)}"
    assert q in groups.summary() and "(one tau² for all)" in groups.summary()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_NO_ROW + OF_MANY_ROWS])
def test_row_holds_every_number_and_word_of_the_result(name):
    result = made()[name]
    row = result.to_row()
    assert len(row) == 1 and not any(column.startswith("_") for column in row)
    for field, value in vars(result).items():
        if field.startswith("_"):
            continue
        if isinstance(value, str | bool | int | float):
            assert row.loc[0, field] == value or (np.isnan(value) and np.isnan(row.loc[0, field]))
        elif isinstance(value, ma.ConfidenceInterval):
            np.testing.assert_array_equal(row.loc[0, [f"{field}_low", f"{field}_high"]].astype(float), value)
        elif isinstance(value, ma.PooledEffect):
            assert row.loc[0, f"{field}_estimate"] == value.estimate
            assert row.loc[0, f"{field}_pi_high"] == value.pi.high or np.isnan(value.pi.high)


def test_row_has_properties_and_what_tuples_hold():
    assert made()["pool"].to_row().loc[0, "h2_ci_high"] == made()["pool"].h2_ci.high
    row = made()["multilevel"].to_row().loc[0]
    assert row["sigma2_within"] == made()["multilevel"].sigma2.within
    assert row["sigma2_ci_between_high"] == made()["multilevel"].sigma2_ci.between.high


def test_row_has_the_degrees_of_freedom_of_tests_the_threshold_the_priors_and_a_slope():
    of = {name: made()[name].to_row().loc[0] for name in ("subgroups", "regression", "beyond", "bayes", "share")}
    assert (of["subgroups"]["f_df_1"], of["subgroups"]["f_df_2"]) == made()["subgroups"].f_df
    assert (of["regression"]["qm_df_1"], of["regression"]["qm_df_2"]) == made()["regression"].qm_df
    assert of["beyond"]["threshold_value"] == 1.0 and of["beyond"]["threshold_kind"] == "between-group"
    assert of["bayes"]["mu_prior_sd"] == 2.0
    along = ma.moderator_curve(ma.meta_regression("yi ~ dose + I(2 * vi)", FOREIGN), "dose")
    row = along.to_row().loc[0]
    assert row["slope_estimate"] == along.slope["estimate"] and row["held_vi"] == along.held["vi"]
    assert not any(column.startswith(("labels", "groups")) for each in of.values() for column in each.index)


def test_row_keeps_a_column_for_what_is_not_there():
    assert made()["curve"].reference is None and made()["curve"].to_row()["reference"].isna().all()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_NO_ROW])
def test_no_column_of_a_row_hides_another(name):
    result = made()[name]
    public = [field for field in vars(result) if not field.startswith("_")]
    columns = [column for field in public for column in flat(result, [field])]
    assert len(columns) == len(set(columns))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_NO_ROW + OF_MANY_ROWS])
def test_a_row_has_the_number_0(name):
    assert made()[name].to_row().index.equals(pd.RangeIndex(1))


@each
def test_frame_is_a_copy(result):
    frame = result.to_frame()
    assert isinstance(frame, pd.DataFrame) and len(frame)
    frame.iloc[:, 0] = frame.iloc[::-1, 0].to_numpy()
    frame["more"] = 1
    assert "more" not in result.to_frame()
