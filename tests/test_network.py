"""Therapies compared by way of their comparator: the star network."""

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

import analysis as ma

METAFOR = {
    "estimate": [-1.532219703592946, -1.503723524078131, -1.239918228495925, -0.770230706756077, -0.461507248265548],
    "se": [0.475585425040035, 0.437915672296549, 0.408157881309194, 0.471886777037626, 0.684173628747918],
    "pair": [0.0284961795148142, 0.646491788465599],
}
TABLE = pd.DataFrame(
    {
        "study": ["A", "A", "B", "C", "D", "E", "F"],
        "kind": ["laser", "TENS", "laser", "laser", "TENS", "TENS", "magnet"],
        "yi": [-1.4, -0.9, -1.1, -0.2, 0.3, -0.8, -0.4],
        "vi": [0.20, 0.22, 0.15, 0.30, 0.12, 0.25, 0.18],
    }
)
SHARED = np.diag(TABLE["vi"]) + 0.1 * (np.add.outer([0, 1, 5, 9, 13, 17, 21], [0, 1, 5, 9, 13, 17, 21]) == 1)


@pytest.fixture(scope="module")
def published():
    return ma.effect_sizes(published_trials(), multi_arm="split")


def test_a_covariance_is_paired_by_its_index_and_its_variances_are_compared():
    found = ma.compare_therapies(TABLE, "kind", vcov=SHARED)
    order = [6, 2, 0, 1, 3, 5, 4]
    frame = pd.DataFrame(SHARED).iloc[order, order]
    assert ma.compare_therapies(TABLE, "kind", vcov=frame).tau2 == found.tau2
    shuffled = TABLE.assign(vi=TABLE["vi"].iloc[[0, 1, 3, 2, 4, 5, 6]].to_numpy())
    with pytest.warns(UserWarning, match="^B: vcov has the variance 0.15, and vi is 0.3 .the first of 2") as seen:
        ma.compare_therapies(shuffled, "kind", vcov=SHARED)
    assert seen[0].filename == __file__
    with pytest.raises(ValueError, match="finite and symmetric"):
        ma.compare_therapies(TABLE, "kind", vcov=np.triu(SHARED))


def dense(y, v, x, same):
    """REML of the whole covariance V + tau2 P, by a search on one number, and the coefficients there."""
    pattern = 0.5 * (np.eye(len(y)) + same)

    def fitted(tau2):
        inverse = np.linalg.inv(v + tau2 * pattern)
        covariance = np.linalg.inv(x.T @ inverse @ x)
        beta = covariance @ x.T @ inverse @ y
        rest = y - x @ beta
        loss = -np.linalg.slogdet(inverse)[1] - np.linalg.slogdet(covariance)[1] + rest @ inverse @ rest
        return loss, beta, covariance, rest @ inverse @ rest

    grid = np.geomspace(1e-6, 100.0, 400)
    best = int(np.argmin([fitted(t)[0] for t in grid]))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    tau2 = optimize.minimize_scalar(lambda t: fitted(t)[0], bounds=ends, method="bounded", options={"xatol": 1e-12}).x
    return tau2 if fitted(tau2)[0] < fitted(0.0)[0] else 0.0, fitted


def test_published_trials_as_metafor_has_them(published):
    """rma.mv of metafor 3.8-1, ~ therapy_family - 1, random = ~ arm | study, struct "CS", rho 0.5, at this tau2.

    Its own search for tau2 ends at 1.67772631, where the likelihood is as high within 1e-14 of itself.
    """
    found = ma.compare_therapies(published, "therapy_family", ci_method="z")
    assert found.tau2 == pytest.approx(1.67772631, rel=1e-6)
    order = ["Electrical", "Light", "Magnetic field", "Mechanical", "Needle"]
    np.testing.assert_allclose(found.params[order], METAFOR["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found.bse[order], METAFOR["se"], rtol=1e-9)
    assert found.q == pytest.approx(298.93577277, rel=1e-10)
    pair = found.against_each_other().set_index(["first", "second"]).loc[("Light", "Electrical")]
    np.testing.assert_allclose([pair["estimate"], pair["se"]], METAFOR["pair"], rtol=1e-9)


def test_effects_that_share_an_arm_as_the_whole_covariance_has_them():
    found = ma.compare_therapies(TABLE, "kind", vcov=SHARED, ci_method="z")
    x = pd.get_dummies(TABLE["kind"])[list(found.therapies)].to_numpy(float)
    same = np.equal.outer(TABLE["study"].to_numpy(), TABLE["study"].to_numpy())
    tau2, fitted = dense(TABLE["yi"].to_numpy(), SHARED, x, same)
    assert found.tau2 == pytest.approx(tau2, rel=1e-5)
    _, beta, covariance, _ = fitted(found.tau2)
    np.testing.assert_allclose(found.params, beta, rtol=1e-10)
    np.testing.assert_allclose(found.bse, np.sqrt(np.diag(covariance)), rtol=1e-10)
    assert found.q == pytest.approx(fitted(0.0)[3], rel=1e-10)
    assert (found.k, found.trials, found.direct) == (7, 6, {("laser", "TENS"): 1})
    assert found.trials_of == {"laser": 3, "TENS": 3, "magnet": 1}
    assert "1 study had two of them" in found.summary()


def test_single_effects_are_a_regression_on_the_therapies():
    table = TABLE.iloc[1:]
    found = ma.compare_therapies(table, "kind")
    same = ma.meta_regression("yi ~ 0 + C(kind)", table)
    np.testing.assert_allclose(found.params.sort_index(), same.params.sort_index(), rtol=1e-12)
    np.testing.assert_allclose(found.tau2, same.tau2, rtol=1e-10)
    between = same.contrast("C(kind)[TENS] - C(kind)[laser]").summary_frame().iloc[0]
    ours = found.against_each_other().set_index(["first", "second"]).loc[("TENS", "laser")]
    np.testing.assert_allclose(ours[["estimate", "se", "ci_low"]].astype(float), between[["estimate", "se", "ci_low"]])


def test_p_scores_are_the_mean_certainty_of_being_better():
    found = ma.compare_therapies(TABLE, "kind", vcov=SHARED, ci_method="z", benefit="lower")
    pairs = found.against_each_other().set_index(["first", "second"])
    laser = [
        special.ndtr(-found.tvalues["laser"]),
        special.ndtr(-(pairs["estimate"] / pairs["se"])["laser", "TENS"]),
        special.ndtr(-(pairs["estimate"] / pairs["se"])["laser", "magnet"]),
    ]
    assert found.p_scores["laser"] == pytest.approx(np.mean(laser))
    # Of every pair the two certainties add up to one.
    assert found.p_scores.sum() == pytest.approx(len(found.p_scores) / 2)
    assert found.p_scores.index[0] == found.to_frame()["therapy"][0] == "laser"
    other = ma.compare_therapies(TABLE, "kind", vcov=SHARED, ci_method="z", benefit="higher")
    np.testing.assert_allclose(other.p_scores, 1.0 - found.p_scores[other.p_scores.index])
    silent = ma.compare_therapies(TABLE, "kind", vcov=SHARED)
    assert silent.p_scores.isna().all() and "P-score" not in silent.summary()


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(len(TABLE))), st.floats(0.1, 10.0), st.sampled_from(["z", "HKSJ", "HKSJ-wide"]))
def test_rows_in_any_order_and_any_unit_say_the_same(order, unit, ci_method):
    one = ma.compare_therapies(TABLE, "kind", vcov=SHARED, ci_method=ci_method)
    table = TABLE.iloc[order].assign(yi=lambda t: t["yi"] * unit, vi=lambda t: t["vi"] * unit**2)
    vcov = SHARED[np.ix_(order, order)] * unit**2
    other = ma.compare_therapies(table, "kind", vcov=vcov, ci_method=ci_method)
    np.testing.assert_allclose(other.params[one.params.index], unit * one.params, rtol=1e-7, atol=1e-9 * unit)
    np.testing.assert_allclose(other.bse[one.params.index], unit * one.bse, rtol=1e-6)


def test_a_league_table_reads_both_ways():
    found = ma.compare_therapies(TABLE, "kind", vcov=SHARED)
    league = found.league()
    assert list(league.index) == list(league.columns) == list(found.p_scores.index)
    assert all(league.iloc[i, i] == "" for i in range(len(league)))
    size = f"{abs(found.params['laser']):.2f} ("
    assert league.loc["laser", "comparator"].startswith(f"−{size}")
    assert league.loc["comparator", "laser"].startswith(size)


def test_ratios_are_told_as_ratios():
    wide = pd.DataFrame(
        {
            "study": list("ABCDE"),
            "kind": list("xxyyy"),
            "events_t": [4, 6, 9, 12, 8],
            "n_t": 40,
            "events_p": 14,
            "n_p": 41,
        }
    )
    effects = ma.effect_sizes(wide, measure="OR", benefit="lower", arms=("active", "sham"))
    found = ma.compare_therapies(effects, "kind")
    assert found.comparator == "sham"
    shown = found.to_frame(transform=True).set_index("therapy")["estimate"]
    np.testing.assert_allclose(shown.sort_index(), np.exp(found.params).sort_index())
    ratio = np.exp(found.params["x"] - found.params["y"])
    assert found.league().loc["x", "y"].startswith(f"{ratio:.2f} (")
    assert found.league().loc["y", "x"].startswith(f"{1 / ratio:.2f} (")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ma.compare_therapies(TABLE, "sort"), "by='sort' is not a column"),
        (lambda: ma.compare_therapies(TABLE, "kind"), "some trials have several effects.*vcov="),
        (lambda: ma.compare_therapies(TABLE.assign(kind="laser"), "kind", vcov=SHARED), "nothing to compare"),
        (
            lambda: ma.compare_therapies(TABLE.assign(kind=list("abcdefg")), "kind", vcov=SHARED),
            "7 therapies need more",
        ),
        (lambda: ma.compare_therapies(TABLE, "kind", vcov=SHARED + 0.01), "effects of different trials"),
        (
            lambda: ma.compare_therapies(TABLE, "kind", vcov=SHARED[:3]),
            r"vcov has the shape \(3, 7\), but 7 effects need",
        ),
        (lambda: ma.compare_therapies(TABLE, "kind", vcov=SHARED * (1 + 9 * (SHARED == 0.1))), "A is not positive def"),
        (lambda: ma.compare_therapies(TABLE, "kind", vcov=SHARED, comparator="TENS"), "is a therapy too"),
        (lambda: ma.compare_therapies(TABLE, "kind", cluster="trial"), "cluster='trial' is not a column"),
        (
            lambda: ma.compare_therapies([0.1, 0.2], "kind"),
            "cannot use a list: give EffectSizes, or a DataFrame with yi, vi",
        ),
        (
            lambda: ma.compare_therapies(ma.effect_sizes(published_trials(), times="all"), "therapy_family"),
            "several times of each trial",
        ),
    ],
)
def test_what_cannot_be_compared_is_told(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
