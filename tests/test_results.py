"""What every result can do: be read in a console and a notebook, become a row, travel through pickle unchanged."""

import copy
import html.parser
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest

import analysis as ma
from analysis.models.results import Result
from analysis.sentences import InWords

FOREIGN = pd.DataFrame(
    {
        "yi": [0.31, 0.62, -0.14, 0.9, 0.22, 0.41],
        "vi": [0.04, 0.09, 0.06, 0.12, 0.05, 0.08],
        "dose": [10.0, 20.0, 10.0, 40.0, 20.0, 30.0],
        "clinic": ["Łódź", "<b>Bâle</b>", "Łódź", "東京", "東京", "<b>Bâle</b>"],
    }
)


def made():
    effects = ma.effect_sizes(ma.read_trials("data/trials.csv"))
    pooled = ma.pool(effects)
    regression = ma.meta_regression("yi ~ np.log(dose)", FOREIGN, labels=FOREIGN["clinic"])
    arms = ma.pool_arms(effects, by="therapy_family")
    few = [FOREIGN[["yi", "vi"]].to_numpy().T[i] for i in range(2)]
    return {
        "effects": effects,
        "pool": pooled,
        "one study": ma.pool([0.2], [0.1]),
        "subgroups": ma.pool_subgroups(effects, "therapy_family"),
        "peto": ma.pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58]),
        "mantel-haenszel": ma.pool_mantel_haenszel([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58], measure="RR"),
        "regression": regression,
        "permutation": regression.permutation_test(99, rng=1),
        "curve": ma.moderator_curve(regression, "dose"),
        "multilevel": ma.pool_multilevel(FOREIGN, cluster="clinic"),
        "bayes": ma.pool_bayes(*few, mu_prior=ma.Normal(0, 2)),
        "arms": arms,
        "both arms": arms.joint,
        "share": arms.contextual_share,
        "beyond": ma.share_beyond(pooled, ma.Threshold(1.0, "between-group")),
        "responders": ma.translate_responders(effects, ma.Threshold(2.0, "within-patient")),
        "p values": ma.pvalue_curves(pooled),
        "provenance": ma.provenance(effects, "chow2006"),
    }


RESULTS = made()
each = pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)


def kinds(parent):
    return {parent, *(kind for child in parent.__subclasses__() for kind in kinds(child))}


def test_no_kind_of_result_is_forgotten_here():
    assert {type(result) for result in RESULTS.values()} == kinds(InWords) - {InWords, Result}


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
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
    fit = RESULTS["regression"]
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

    again = copy.deepcopy(ma.meta_regression("yi ~ halved(dose)", FOREIGN))
    assert len(again.predict({"dose": [3.0]})) == 1
    del halved
    with pytest.raises(ValueError, match=r"halved.*must be defined where predict is called"):
        again.predict({"dose": [3.0]})


def test_a_posterior_that_was_pickled_still_integrates():
    posterior = RESULTS["bayes"]
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


@pytest.mark.parametrize("name", [name for name in RESULTS if name != "provenance"])
def test_html_is_a_table_of_what_the_summary_says_and_has_no_colours(name):
    result = RESULTS[name]
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


@pytest.mark.parametrize("name", [name for name, result in RESULTS.items() if isinstance(result, Result)])
def test_row_holds_every_number_and_word_of_the_result(name):
    result = RESULTS[name]
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
    assert RESULTS["pool"].to_row().loc[0, "h2_ci_high"] == RESULTS["pool"].h2_ci.high
    row = RESULTS["multilevel"].to_row().loc[0]
    assert row["sigma2_within"] == RESULTS["multilevel"].sigma2.within
    assert row["sigma2_ci_between_high"] == RESULTS["multilevel"].sigma2_ci.between.high


@each
def test_frame_is_a_copy(result):
    frame = result.to_frame()
    assert isinstance(frame, pd.DataFrame) and len(frame)
    frame.iloc[:, 0] = frame.iloc[::-1, 0].to_numpy()
    frame["more"] = 1
    assert "more" not in result.to_frame()
