"""Effects over dose: against metafor and Hmisc, statsmodels, and what holds of any doses."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from data_cases import published_effects
from hypothesis import given
from hypothesis import strategies as st
from plot_cases import artist

import analysis as ma

THEIRS = json.loads((Path(__file__).parent / "reference" / "doses.json").read_text())
TABLE = pd.DataFrame({name: THEIRS[name] for name in ("dose", "yi", "vi")})
OURS = {"linear": {}, "quadratic": {"shape": "quadratic"}}
OURS |= {f"spline{k}": {"shape": "spline", "knots": k} for k in (3, 4, 5)}
# metafor stops its search for tau2 where the likelihood is flat to about 1e-9, which moves standard errors less.
CLOSE = {"rel": 1e-7, "abs": 1e-9}


@pytest.mark.parametrize("case", THEIRS["cases"])
def test_curve_and_test_are_those_of_metafor(case):
    theirs = THEIRS["cases"][case]
    ours = ma.dose_response(TABLE, reference=THEIRS["reference"], ci_method="HKSJ", **OURS[case])
    found = ours.predict(THEIRS["at"])
    for name in ("estimate", "se", "ci_low", "ci_high"):
        assert found[name].tolist() == pytest.approx(theirs[name], **CLOSE)
    assert ours.regression.tau2 == pytest.approx(theirs["tau2"], rel=1e-6)
    if case == "linear":
        assert np.isnan(ours.nonlinearity.pvalue) and np.isnan(ours.nonlinearity.statistic)
    else:
        assert ours.nonlinearity.statistic == pytest.approx(theirs["statistic"], **CLOSE)
        assert ours.nonlinearity.pvalue == pytest.approx(theirs["pvalue"], **CLOSE)


def test_the_reference_holds_every_shape():
    assert list(THEIRS["cases"]) == list(OURS) and min(each["tau2"] for each in THEIRS["cases"].values()) > 0.01


@pytest.mark.parametrize("k", [3, 4, 5])
def test_knots_stand_at_the_quantiles_of_harrell(k):
    found = ma.dose_response(TABLE, shape="spline", knots=k)
    assert found.knots == pytest.approx(THEIRS["knots"][k - 3], rel=1e-12)
    again = ma.dose_response(TABLE, shape="spline", knots=THEIRS["knots"][k - 3][::-1])
    pd.testing.assert_frame_equal(found.curve, again.curve)


@pytest.mark.parametrize("engine", ["patsy", "formulaic"])
def test_a_common_effect_is_weighted_least_squares(engine, monkeypatch):
    monkeypatch.setattr("statsmodels.formula.options.formula_engine", engine)
    low, mid, high = knots = (2.0, 6.0, 18.0)

    def basis(x):
        part = [np.maximum(np.asarray(x, float) - knot, 0.0) ** 3 for knot in knots]
        bent = part[0] - part[1] * (high - low) / (high - mid) + part[2] * (mid - low) / (high - mid)
        return np.column_stack([np.ones(len(x)), x, bent])

    fit = sm.WLS(TABLE["yi"], basis(TABLE["dose"]), weights=1 / TABLE["vi"]).fit(cov_type="fixed scale")
    moved = basis([1, 3, 24]) - basis([10.0])
    found = ma.dose_response(TABLE, shape="spline", knots=knots, reference=10, tau2_method="CE", ci_method="z").predict(
        [1, 3, 24]
    )
    np.testing.assert_allclose(found["estimate"], moved @ fit.params, rtol=1e-8)
    np.testing.assert_allclose(found["se"], np.sqrt(np.diag(moved @ fit.cov_params() @ moved.T)), rtol=1e-8)


@given(
    st.lists(st.integers(1, 60), min_size=8, max_size=14, unique=True),
    st.sampled_from(["linear", "quadratic", "spline"]),
    st.floats(0.1, 50.0),
    st.integers(0, 10**6),
)
def test_of_any_doses(doses, shape, factor, seed):
    rng, at = np.random.default_rng(seed), np.array(sorted(doses), dtype=float)
    table = pd.DataFrame({"dose": at, "yi": rng.normal(0, 1, len(at)), "vi": rng.uniform(0.05, 0.3, len(at))})
    reference = float(at[2])
    found = ma.dose_response(table, shape=shape, reference=reference)
    here = found.predict(at)
    assert here.loc[2, ["estimate", "se", "ci_low", "ci_high"]].tolist() == [0.0, 0.0, 0.0, 0.0]
    # Another unit moves nothing but the axis, another reference shifts the curve, and the effects are those of the fit.
    scaled = ma.dose_response(table.assign(dose=at * factor), shape=shape, reference=reference * factor)
    np.testing.assert_allclose(scaled.predict(at * factor)["estimate"], here["estimate"], rtol=1e-5, atol=1e-6)
    other = ma.dose_response(table, shape=shape, reference=float(at[-1])).predict(at)["estimate"]
    np.testing.assert_allclose(other, here["estimate"] - here["estimate"].iloc[-1], rtol=1e-6, atol=1e-8)
    fitted = found.regression.predict({"dose": at})["estimate"].to_numpy()
    np.testing.assert_allclose(here["estimate"], fitted - fitted[2], rtol=1e-6, atol=1e-8)


def test_a_line_is_found_straight_by_every_shape():
    table = TABLE.assign(yi=0.3 - 0.05 * TABLE["dose"])
    for shape in ("quadratic", "spline"):
        found = ma.dose_response(table, shape=shape, tau2_method="CE", ci_method="z")
        np.testing.assert_allclose(found.curve["estimate"], -0.05 * (found.curve["dose"] - 1), atol=1e-9)
        assert found.nonlinearity.statistic == pytest.approx(0.0, abs=1e-9) and found.nonlinearity.pvalue > 0.999


def test_units_are_read_from_the_effects_and_not_mixed():
    effects = published_effects()
    with pytest.raises(
        ValueError, match=r"several units: pulses \(5\).*take those in one, as effects.where\(dose_unit='pulses'\)"
    ):
        ma.dose_response(effects, missing="drop")
    found = ma.dose_response(effects.where(dose_unit="pulses"))
    assert (found.unit, found.k, found.reference) == ("pulses", 5, 500.0)
    said = str(found)
    assert "At 3\u202f000 pulses" in said and "each minus the effect at 500 pulses of mean differences" in said
    assert ma.dose_response(TABLE).unit == "" and ma.dose_response(TABLE, unit="mg").unit == "mg"


def test_ratios_and_foreign_names():
    table = TABLE.rename(columns={"dose": "dose (mg)"})
    logs = ma.effect_sizes(
        table.assign(study=list("abcdefghijklmno")), measure="OR", yi="yi", vi="vi", benefit="higher"
    )
    found = ma.dose_response(logs, "dose (mg)", shape="quadratic", unit="mg")
    plain = found.predict([10.0])
    shown = found.predict([10.0], transform=True)
    assert shown["estimate"].tolist() == pytest.approx(np.exp(plain["estimate"]).tolist())
    figure = ma.bubble(found)
    assert "From 1 mg to 24 mg: times 0." in figure.content.caption
    assert "Odds ratio by dose (mg)" in figure.content.title


def test_the_figure_has_the_curve_the_reference_and_the_test():
    found = ma.dose_response(TABLE, shape="spline", reference=4, unit="mg")
    figure = ma.bubble(found)
    mean = artist(figure, "bubble-mean").get_segments()[0]
    fitted = found.regression.predict({"dose": mean[:, 0]})["estimate"]
    np.testing.assert_allclose(mean[:, 1], fitted, rtol=1e-9)
    assert set(artist(figure, "bubble-reference").get_segments()[0][:, 0]) == {4.0}
    said = figure.content.caption
    assert "Restricted cubic spline with knots at 2, 6, 18.4" in said and "Nonlinearity: F " in said
    assert "From 4 mg to 1 mg: " in said and "from 4 mg to 24 mg: " in said
    straight = ma.bubble(ma.dose_response(TABLE)).content.caption
    assert "Change per unit of dose" in straight and "onlinearity" not in straight
    assert (
        artist(ma.bubble(found.regression), "bubble-mean")
        and "reference" not in ma.bubble(found.regression).content.caption
    )


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({}, {"dose": "dosis"}, "dose='dosis' is not a column of the effects"),
        ({"dose": "4 mg"}, {}, "dose holds text; give doses as numbers, with their unit in dose_unit or unit="),
        ({"dose": np.nan}, {}, "dose holds no number"),
        ({"dose": np.inf}, {}, "or one that is not finite"),
        ({}, {"shape": "cubic"}, "shape='cubic'"),
        ({}, {"shape": "spline", "knots": 6}, "knots=6 must be 3, 4, 5, or the doses where they stand"),
        ({}, {"shape": "spline", "knots": [3, 5]}, "must be three doses or more"),
        ({}, {"shape": "spline", "knots": [3, 3, 5]}, "no two the same"),
        ({"dose": [1.0] * 14 + [9.0]}, {"shape": "spline"}, "the quantiles 0.1, 0.5, 0.9 of dose coincide"),
        ({}, {"reference": 0.5}, "reference=0.5 is no dose of these trials, which lie between 1 and 24"),
        ({"dose": 3.0}, {}, "'dose' is 3 in every study"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changes, options, said):
    with pytest.raises(ValueError) as caught:
        ma.dose_response(TABLE.assign(**changes), **options)
    assert said in str(caught.value)


def test_blanks_are_refused_or_listed_and_extrapolation_is_refused():
    table = TABLE.assign(dose=TABLE["dose"].where(TABLE.index > 0))
    with pytest.raises(ValueError, match="dose"):
        ma.dose_response(table)
    found = ma.dose_response(table, missing="drop")
    assert found.k == 14 and len(found.regression.left_out) == 1 and "Left out" in str(found)
    with pytest.raises(ValueError, match="doses must lie between 2 and 24"):
        found.predict([1.0])
    with pytest.raises(TypeError, match="dose_response"):
        ma.dose_response(ma.pool(TABLE["yi"], TABLE["vi"]))


def test_differences_are_told_on_their_scale():
    table = pd.DataFrame({"study": list("abcdefgh"), "n": [20, 22, 24, 26, 30, 30, 30, 31], "dose": range(1, 9)})
    counts, pairs = {"events": [1, 3, 4, 6, 7, 9, 12, 14]}, {"r": np.linspace(0.1, 0.6, 8)}
    scales = {"PLO": "on the logit scale", "PFT": "on the double arcsine scale", "ZCOR": "of Fisher's z", "PR": ""}
    for measure, scale in scales.items():
        effects = ma.effect_sizes(table.assign(**(pairs if measure == "ZCOR" else counts)), measure=measure)
        found = ma.dose_response(effects, "dose")
        told = " ".join(found.predict([8.0])["estimate"].map("{:.3f}".format))[:3]
        for text in (found.summary(), ma.results_text(found), ma.bubble(found).content.caption):
            line = text[text.index("At dose 8") if "At dose 8" in text else text.index("dose 8") :]
            assert told in line and f"{scale} (95% CI" in line.replace("  ", " "), measure
