"""SDs imputed many times: Rubin's rules against R, what is drawn against its distribution, invariants."""

import math

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects, published_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analysis as ma
from analysis.models import imputation
from analysis.models.imputation import draw_normal, imputed_data, rubins_rules
from analysis.models.prediction import imputed_interval, new_effect

# R 4.2.2, the formulas of Rubin 1987 (3.1.2 to 3.1.6) and of Barnard & Rubin 1999 written out:
# m <- length(q); w <- mean(u); b <- var(q); t <- w + (1 + 1/m) * b; lambda <- (1 + 1/m) * b / t
# old <- (m - 1) / lambda^2; obs <- (nu + 1) / (nu + 3) * nu * (1 - lambda); df <- 1 / (1/old + 1/obs)
Q, U = [-1.20, -0.95, -1.41, -1.10, -1.28], [0.051, 0.047, 0.060, 0.049, 0.055]
IN_R = {
    12.0: (-1.188, 0.0524, 0.03057, 0.089084, 0.411791118494904, 4.8576263768764),
    math.inf: (-1.188, 0.0524, 0.03057, 0.089084, 0.411791118494904, 23.5888104330993),
}
SAME = {"rel": 1e-9, "abs": 1e-12}  # the order of a sum of 44 trials


def draws(seen, n, m, seed):
    """Draw n new rows in each of m imputations."""
    rng = np.random.default_rng(seed)
    return draw_normal(seen, rng.standard_normal((m, n, seen.shape[1])), rng)


@pytest.fixture(scope="module")
def found():
    return ma.pool_imputed(published_effects())


@pytest.mark.parametrize("df", IN_R)
def test_rubins_rules_are_those_written_out_in_r(df):
    # R prints 15 digits
    assert [*rubins_rules(Q, U, df).values()] == pytest.approx(IN_R[df], rel=1e-13)


def test_a_result_is_rubins_rules_on_what_each_data_set_gives(found):
    yi, vi, _ = imputed_data(published_effects(), published_effects(), 100, 0)
    batch = ma.pool_batch(yi.T, vi.T, ci_method="HKSJ")
    assert found.estimates.tolist() == batch.estimate.tolist()
    rules = rubins_rules(batch.estimate, batch.se**2, 43.0)
    assert (found.estimate, found.df, found.within, found.between) == (
        rules["estimate"],
        rules["df"],
        rules["within"],
        rules["between"],
    )
    half = stats.t.ppf(0.975, rules["df"]) * math.sqrt(rules["total"])
    assert found.ci == pytest.approx((found.estimate - half, found.estimate + half), rel=1e-12)
    assert found.pvalue == pytest.approx(2 * stats.t.sf(-found.statistic, found.df), rel=1e-9)
    assert found.tau2 == batch.tau2.mean() and found.i2 == batch.i2.mean() and found.imputations == 100


def test_each_data_set_has_the_variance_of_its_sds(monkeypatch):
    """With every SD at e^0.7 the variance is that by hand; printed trials keep theirs."""
    monkeypatch.setattr(imputation, "draw_normal", lambda seen, noise, rng: np.full(noise.shape, 0.7))
    effects = published_effects()
    yi, vi, drawn = imputed_data(effects, effects, 3, 0)
    silent = (effects.table["status"] == "imputed").to_numpy()
    n = effects.table.loc[silent, ["n_treatment", "n_placebo"]].to_numpy(float)
    by_hand = np.exp(1.4) * (1 / n).sum(axis=1)
    assert vi[silent] == pytest.approx(np.repeat(by_hand[:, None], 3, axis=1), rel=1e-12)
    assert (vi[~silent] == effects.vi[~silent, None]).all() and yi == pytest.approx(
        np.repeat(effects.yi[:, None], 3, axis=1), rel=1e-12
    )
    assert drawn["median"].to_numpy() == pytest.approx(np.exp(0.7))


def test_sds_are_drawn_from_those_of_the_other_trials(found):
    effects = published_effects()
    drawn = found.imputed
    assert set(drawn["label"]) == set(effects.table["label"][effects.table["status"] == "imputed"])
    lines = effects.derivations[effects.derivations["rule"].str.startswith("imputed")]
    told = {(line.study, line.arm): line.value for line in lines.itertuples() if drawn["study"].eq(line.study).any()}
    changes = drawn[drawn["score"] == "change"]
    assert [told[each] for each in zip(changes["study"], changes["arm"], strict=True)] == changes["borrowed"].tolist()
    assert (drawn["low"] < drawn["median"]).all() and (drawn["median"] < drawn["high"]).all()
    assert drawn["borrowed"].between(drawn["low"], drawn["high"]).all() and drawn["donors"].min() == 27


def test_what_is_drawn_follows_the_predictive_distribution():
    """One log SD: t on m - 1 degrees of freedom; of two, t on m - 2 each, correlated as those seen."""
    rng = np.random.default_rng(1)
    seen = rng.multivariate_normal([0.6, 0.5], [[0.09, 0.06], [0.06, 0.08]], 9)
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    for columns in ([0], [0, 1]):
        own = seen[:, columns]
        x = draws(own, 1, 40_000, 2)[:, 0, 0]
        df = 8 - (len(columns) - 1)
        scale = math.sqrt(own[:, 0].var(ddof=1) * 8 / df * (1 + 1 / 9))
        at = stats.t.cdf((np.quantile(x, levels) - own[:, 0].mean()) / scale, df)
        # five Monte-Carlo standard errors of a share of 40 000
        assert at == pytest.approx(levels, abs=5 * 0.5 / 200)
    both = draws(seen, 1, 40_000, 3)[:, 0]
    ranks = stats.spearmanr(both).statistic
    assert ranks == pytest.approx(np.corrcoef(seen.T)[0, 1], abs=0.06)


def test_parameters_are_drawn_once_for_all_trials_of_an_imputation():
    """Proper imputation: two trials of one data set share what is not known of the mean, so they go together."""
    seen = np.random.default_rng(4).normal(size=(5, 1))
    pair = draws(seen, 2, 40_000, 5)[:, :, 0]
    # On the logs the covariance is that of the mean: 1/m of the variance against (1 + 1/m) of it.
    assert stats.pearsonr(pair[:, 0].clip(-5, 5), pair[:, 1].clip(-5, 5)).statistic == pytest.approx(1 / 6, abs=0.08)


def test_donors_that_agree_are_drawn_as_they_are():
    assert draws(np.full((6, 2), 0.3), 2, 4, 1) == pytest.approx(0.3)


def test_the_order_of_rows_changes_nothing(found):
    trials = published_trials()
    shuffled = ma.effect_sizes(ma.read_trials(trials.reset_index(drop=True).sample(frac=1, random_state=1)))
    again = ma.pool_imputed(shuffled)
    assert (again.estimate, again.se, again.df) == pytest.approx((found.estimate, found.se, found.df), **SAME)
    both = [each.imputed.set_index(["study", "arm"]).sort_index() for each in (found, again)]
    numbers = ["donors", "borrowed", "median", "low", "high"]
    pd.testing.assert_frame_equal(both[0][numbers], both[1][numbers])


def test_the_seed_decides(found):
    effects = published_effects()
    assert ma.pool_imputed(effects).estimate == found.estimate
    assert ma.pool_imputed(effects, seed=1).estimate != found.estimate
    few = ma.pool_imputed(effects.where(study=["gale2006", "chow2006"]), among=effects).imputed
    pd.testing.assert_frame_equal(few, found.imputed[found.imputed["study"] == "gale2006"].reset_index(drop=True))


def test_more_imputations_agree_better():
    effects = published_effects()
    near, far = (
        np.std([ma.pool_imputed(effects, imputations=m, seed=seed).estimate for seed in range(5)]) for m in (100, 2)
    )
    assert near < far / 2
    assert ma.pool_imputed(effects, imputations=200).ci == pytest.approx(ma.pool(effects).ci, abs=0.02)


@pytest.mark.parametrize("ci_method", ["HKSJ-wide", "HKSJ", "HKSJ-mod", "z", "t"])
def test_without_a_missing_sd_it_is_the_plain_result(ci_method):
    effects = published_effects(missing_sd="drop")
    plain = ma.pool(effects, ci_method=ci_method, confidence_level=0.9)
    got = ma.pool_imputed(effects, ci_method=ci_method, confidence_level=0.9)
    assert (got.k, got.imputations, got.between, got.share_missing) == (plain.k, 1, 0, 0) and got.imputed.empty
    names = ("estimate", "se", "df", "pvalue", "tau2", "i2")
    assert [getattr(got, x) for x in names] == pytest.approx([getattr(plain, x) for x in names], **SAME)
    assert got.ci == pytest.approx(plain.ci, **SAME) and got.pi == pytest.approx(plain.pi, **SAME)
    one = effects.where(study="chow2006")
    assert ma.pool_imputed(one).ci == pytest.approx(ma.pool(one).ci) and ma.pool_imputed(one).ci_method == "z"


def test_a_new_trial_is_foretold_by_all_data_sets_together(found):
    effects = published_effects()
    yi, vi, _ = imputed_data(effects, effects, 100, 0)
    low, high = found.pi
    each = [new_effect(yi[:, [i]], vi[:, [i]]) for i in range(100)]
    below, above = (np.mean([float(one.cdf(x)[0]) for one in each]) for x in (low, high))
    assert below == pytest.approx(0.025, rel=1e-6) and above == pytest.approx(0.975, rel=1e-6)
    narrow = ma.pool_imputed(effects, confidence_level=0.8)
    assert low < narrow.pi.low < narrow.ci.low and narrow.ci.high < narrow.pi.high < high
    assert f"New trial     {low:.2f} to {high:.2f} (95% prediction".replace("-", "−") in found.summary()
    assert ma.forest(effects, models=[found]).content.table.query("kind == 'model'")["prediction_low"].item() == low
    few = effects.where(study=["gale2006", "chow2006"])
    assert np.isnan(ma.pool_imputed(few, among=effects).pi).all()
    common = ma.pool_imputed(effects, tau2_method="CE")
    assert np.isnan(common.pi).all() and "New trial" not in common.summary()


def test_a_new_trial_of_alike_trials_has_their_mean():
    """The interval of the mean is held, as of one data set."""
    yi, vi = np.full((4, 3), 0.2), np.array([[0.1, 0.2, 0.3]] * 4)
    assert imputed_interval(yi, vi, (-5.0, 6.0), 0.95).tolist() == [-5.0, 6.0]


def test_the_wider_of_both_intervals_is_given():
    effects = published_effects()
    wide, *others = (ma.pool_imputed(effects, ci_method=each).ci for each in ("HKSJ-wide", "HKSJ", "z"))
    assert wide == max(others, key=np.ptp)


@settings(max_examples=20)
@given(st.integers(2, 40), st.floats(0.01, 100), st.integers(0, 99))
def test_rules_follow_shift_and_scale(m, scale, seed):
    rng = np.random.default_rng(seed)
    q, u = rng.normal(size=m), rng.uniform(0.1, 1, m)
    plain, scaled = rubins_rules(q, u, 9.0), rubins_rules(scale * q + 3.0, scale**2 * u, 9.0)
    assert scaled["estimate"] == pytest.approx(scale * plain["estimate"] + 3.0)
    assert scaled["total"] == pytest.approx(scale**2 * plain["total"])
    assert scaled["df"] == pytest.approx(plain["df"]) and plain["df"] <= 9.0
    assert plain["total"] >= plain["within"] and 0 <= plain["share_missing"] < 1
    seen = rng.normal(size=(7, 2))
    moved = [draws(x, 3, m, seed) for x in (seen, seen + math.log(scale))]
    assert moved[1] == pytest.approx(moved[0] + math.log(scale), abs=1e-9)


def test_a_selection_draws_from_all():
    effects = published_effects()
    light = effects.where(therapy_family="Light")
    drawn = ma.pool_imputed(light, among=effects).imputed
    assert set(drawn["donors"]) == {31} and set(drawn["study"]) <= set(light.study)
    assert ma.pool_imputed(light).imputed["donors"].max() < 31


def test_a_standardised_difference_changes_with_its_sd():
    effects = published_effects(measure="SMD")
    yi, _, drawn = imputed_data(effects, effects, 20, 0)
    silent = (effects.table["status"] == "imputed").to_numpy()
    assert len(drawn) and (np.ptp(yi[silent], axis=1) > 0).all() and (np.ptp(yi[~silent], axis=1) == 0).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: ma.pool_imputed(e, imputations=1), ValueError, "imputations=1 must be a whole number, 2 or more"),
        (lambda e: ma.pool_imputed(e, imputations=2.5), ValueError, "imputations=2.5"),
        (lambda e: ma.pool_imputed(e, seed=-1), ValueError, "seed=-1 must be a whole number, 0 or more"),
        (lambda e: ma.pool_imputed(e, among=ma.pool(e)), TypeError, "cannot use a PooledEffect: give EffectSizes"),
        (lambda e: ma.pool_imputed(e, ci_method="wald"), ValueError, "ci_method"),
        (
            lambda e: ma.pool_imputed(e.where(study=["gale2006", "chow2006", "altan2005"])),
            ValueError,
            "gale2006, altan2005: an SD of the change score in the treatment arm and change score in the placebo arm "
            "is drawn from the other trials that have it; there are 1, and that needs 5",
        ),
        (
            lambda _: ma.pool_imputed(published_effects(multi_arm="split")),
            ValueError,
            "one effect a trial; the effects have multi_arm='split'",
        ),
    ],
)
def test_what_cannot_be_imputed_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(published_effects())


def test_it_is_told_and_stands_below_the_other_result(found):
    effects = published_effects()
    said = found.summary()
    assert "44 trials (tau² by REML, HKSJ-wide on t(41.1), 100 imputations by Rubin's rules)" in said
    assert "of the variance of the estimate is due to missing SDs" in said and "Gale 2006" in said
    assert "Missing       no SD" in ma.pool_imputed(published_effects(missing_sd="drop")).summary()
    fig = ma.forest(effects, models=[found])
    row = fig.content.table.query("kind == 'model'").iloc[0]
    assert (row["name"], row["contrast_estimate"]) == ("Multiple imputation", found.estimate)
    assert "Multiple imputation: 100 imputations of missing SDs by Rubin's rules, random-effects" in fig.content.caption
    assert "hollow where an SD was imputed" in fig.content.caption
    with ma.theme(labels="de"):
        german = ma.forest(effects, models=[found]).content.caption
    assert "Multiple Imputation: 100 Imputationen fehlender SDs nach Rubins Regeln, Modell mit zufälligen" in german


def test_an_adjusted_difference_is_made_anew_of_each_sd(monkeypatch):
    monkeypatch.setattr(imputation, "draw_normal", lambda seen, noise, rng: np.full(noise.shape, 0.7))
    effects = published_effects(outcome="ancova")
    table = effects.table[(effects.table["status"] == "imputed") & (effects.table["outcome"] == "ancova")]
    yi, vi, drawn = imputed_data(effects, effects, 2, 0)
    own = drawn[drawn["study"].isin(table["study"])].set_index(["study", "score", "arm"])["median"]
    for at, trial in table.iterrows():
        sds = {
            (score, arm): own.get((trial["study"], score, arm), trial[f"{name}_{arm}"])
            for score, name in (("baseline", "baseline_sd"), ("final", "sd"))
            for arm in ("treatment", "placebo")
        }
        parts = (
            (trial[f"baseline_{arm}"], sds["baseline", arm], trial[f"mean_{arm}"], sds["final", arm], trial[f"n_{arm}"])
            for arm in ("treatment", "placebo")
        )
        want = ma.effects.adjusted_difference(*(x for arm in parts for x in arm), trial["correlation"])
        assert (yi[at, 0], vi[at, 1]) == pytest.approx(want, rel=1e-12)
    assert len(own) and np.allclose(own, np.exp(0.7))
