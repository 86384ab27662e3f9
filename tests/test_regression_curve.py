"""The mean effect along one moderator of a meta-regression."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.regression import meta_regression, moderator_curve

RNG = np.random.default_rng(3)
K = 24
DATA = pd.DataFrame(
    {
        "label": [f"T{i}" for i in range(K)],
        "week": RNG.integers(1, 27, K),
        "dose": RNG.gamma(2.0, 1.0, K),
        "arm": RNG.choice(["a", "b", "c"], K),
        "vi": RNG.uniform(0.05, 0.4, K),
    }
).assign(yi=lambda d: -1.5 + 0.05 * d.week + (d.arm == "b") * 0.4 + RNG.normal(0, 0.5, K))


def test_a_straight_moderator_has_the_slope_of_its_coefficient():
    fit = meta_regression("yi ~ week", DATA)
    along = moderator_curve(fit)
    row = fit.summary_frame().loc["week"]
    for name in ("estimate", "ci_low", "ci_high", "pvalue"):
        assert along.slope[name] == pytest.approx(row[name], rel=1e-9)
    assert not along.categorical and along.held == {} and along.reference is None
    x = along.curve["x"].to_numpy()
    assert (x[0], x[-1], len(x)) == (DATA.week.min(), DATA.week.max(), 101)
    pd.testing.assert_frame_equal(along.curve.drop(columns="x"), fit.predict({"week": x}).reset_index(drop=True))


def test_weights_are_those_of_the_model():
    fit = meta_regression("yi ~ week", DATA)
    trials = moderator_curve(fit).trials
    weight = 1 / (DATA.vi + fit.tau2)
    np.testing.assert_allclose(trials["weight"], weight / weight.sum())
    np.testing.assert_allclose(trials["fitted"], fit.predict()["estimate"])
    assert trials["label"].tolist() == DATA.label.tolist() and trials["x"].tolist() == DATA.week.tolist()


def test_other_moderators_are_held_at_mean_and_reference():
    fit = meta_regression("yi ~ week + dose + C(arm)", DATA)
    along = moderator_curve(fit, "week")
    assert along.held == {"dose": pytest.approx(DATA.dose.mean()), "arm": "a"}
    by_hand = fit.params["Intercept"] + fit.params["dose"] * DATA.dose.mean() + fit.params["week"] * along.curve["x"]
    np.testing.assert_allclose(along.curve["estimate"], by_hand, rtol=1e-12)
    assert moderator_curve(fit).moderator == "week"  # the first that the formula names
    assert moderator_curve(meta_regression("yi ~ dose + week", DATA)).moderator == "dose"


def test_a_chosen_reference_is_found():
    fit = meta_regression("yi ~ week + C(arm, Treatment('c'))", DATA)
    assert moderator_curve(fit, "week").held == {"arm": "c"}
    assert moderator_curve(fit, "arm").reference == "c"


def test_an_interaction_gives_the_slope_at_what_is_held():
    fit = meta_regression("yi ~ week * dose", DATA)
    along = moderator_curve(fit, "week")
    assert along.slope["estimate"] == pytest.approx(fit.params["week"] + fit.params["week:dose"] * DATA.dose.mean())
    centred = meta_regression("yi ~ week * dose", DATA.assign(dose=DATA.dose - DATA.dose.mean()))
    for name in ("ci_low", "ci_high", "pvalue"):  # the same model, in which that slope is a coefficient
        assert along.slope[name] == pytest.approx(centred.summary_frame().loc["week", name], rel=1e-7)
    assert set(along.terms.index) == {"week", "week:dose"}


@pytest.mark.parametrize("formula", ["yi ~ np.log(week)", "yi ~ week + I(week**2)"])
def test_a_curve_has_no_slope(formula):
    fit = meta_regression(formula, DATA)
    along = moderator_curve(fit)
    assert along.moderator == "week" and along.slope is None
    assert list(along.terms.index) == [name for name in fit.params.index if name != "Intercept"]
    np.testing.assert_allclose(along.curve["estimate"], fit.predict({"week": along.curve["x"]})["estimate"])


def test_categories_have_means_and_differences_from_the_reference():
    fit = meta_regression("yi ~ C(arm)", DATA)
    along = moderator_curve(fit)
    curve = along.curve.set_index("x")
    assert along.categorical and along.reference == "a" and list(curve.index) == ["a", "b", "c"]
    assert curve["k"].tolist() == DATA.arm.value_counts().loc[["a", "b", "c"]].tolist()
    row = fit.summary_frame().loc["C(arm)[T.b]"]
    assert curve.loc["b", "difference"] == pytest.approx(row["estimate"])
    assert curve.loc["b", "difference_high"] == pytest.approx(row["ci_high"])
    assert curve.loc["a", ["difference", "difference_low", "difference_high"]].tolist() == [0, 0, 0]
    assert curve.loc["c", "estimate"] == pytest.approx(fit.params["Intercept"] + fit.params["C(arm)[T.c]"])


def test_categories_keep_an_order_of_their_own_and_numbers_may_be_categories():
    ordered = DATA.assign(arm=pd.Categorical(DATA.arm, ["c", "a", "b"], ordered=True))
    assert moderator_curve(meta_regression("yi ~ arm", ordered)).curve["x"].tolist() == ["c", "a", "b"]
    numbers = DATA.assign(site=np.arange(K) % 3 + 10)
    along = moderator_curve(meta_regression("yi ~ C(site)", numbers))
    assert along.categorical and along.curve["x"].tolist() == [10, 11, 12] and along.reference == 10


def test_wald_intervals_and_common_effects():
    fit = meta_regression("yi ~ week", DATA, ci_method="z")
    assert moderator_curve(fit).slope["pvalue"] == pytest.approx(fit.pvalues["week"], rel=1e-9)
    common = moderator_curve(meta_regression("yi ~ week", DATA, tau2_method="CE"))
    assert common.curve["pi_low"].isna().all()
    np.testing.assert_allclose(common.trials["weight"], (1 / DATA.vi) / (1 / DATA.vi).sum())


def test_names_that_are_no_moderators_are_refused():
    with pytest.raises(ValueError, match="moderator='dose' is not in the formula; choose from 'week'"):
        moderator_curve(meta_regression("yi ~ week", DATA), "dose")
    with pytest.raises(ValueError, match="has no moderator"):
        moderator_curve(meta_regression("yi ~ 1", DATA))
