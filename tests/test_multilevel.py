"""Effects nested in trials: metafor and clubSandwich, published numbers, dense algebra, invariants, bad input."""

import dataclasses
import itertools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from scipy import linalg, optimize, stats

import analysis as ma
from analysis.data.effect_sizes import EffectSizes, effect_sizes
from analysis.models.multilevel import CI_METHODS, pool_multilevel, robust_fit, sampling_covariance
from analysis.models.pooling import pool

ROOT = Path(__file__).parents[1]
REFERENCE = json.loads((ROOT / "tests/reference/multilevel.json").read_text(encoding="utf-8"))
SETS = {part["id"]: part for part in REFERENCE["sets"]}

NOTHING = pd.DataFrame()
# Given metafor's own variance components, everything agrees to rounding.
ROUNDING = 1e-12
# metafor stops where the log-likelihood is flat to the last digit: its components are within 2e-6 of ours, and
# ours have the higher or equal likelihood. What depends on them inherits the difference.
COMPONENTS = 3e-6
DEPENDENT = 3e-7
# Its profile-likelihood limits come from a root search with a tolerance of 1e-5 or so; those of ours are checked
# by the equation they solve.
LIMITS = 5e-5

each_set = pytest.mark.parametrize("part", SETS.values(), ids=SETS)


def close(ours, theirs, rtol, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=False)


class Mean(NamedTuple):
    estimate: float
    model: float
    cr1: float
    cr2: float
    cr2_df: float
    weights: np.ndarray


def robust_mean(yi, blocks, first):
    fit = robust_fit(yi, np.ones((yi.size, 1)), blocks, first)
    variances = (x.item() for x in (fit.estimate, fit.model, fit.cr1, fit.cr2, fit.precision(np.ones((1, 1, 1)))))
    return Mean(*variances, fit.weights[0])


def by_cluster(yi, vi, cluster, between, within):
    """Effects sorted by cluster with their working covariance, for `robust_mean`."""
    order = np.argsort(cluster, kind="stable")
    cluster = np.asarray(cluster)[order]
    first = np.flatnonzero(np.append(True, cluster[1:] != cluster[:-1]))
    parts = np.split(np.asarray(vi)[order], first[1:])
    return np.asarray(yi)[order], [np.diag(v + within) + between for v in parts], first


def random_set(rng, k, m, correlated=True):
    """A small data set of k effects in m clusters: heavy tails, unequal variances, known covariance."""
    cluster = np.append(np.arange(m), rng.integers(0, m, k - m))
    vi = 10 ** rng.uniform(-2, 1, k)
    yi = rng.standard_t(3, k) * np.sqrt(np.median(vi)) * 10 ** rng.uniform(-0.5, 1)
    same = cluster[:, None] == cluster
    vcov = np.corrcoef(rng.normal(size=(k, 2 * k))) * np.sqrt(np.outer(vi, vi)) if correlated else np.diag(vi)
    return yi, np.where(same, vcov, 0.0), cluster


def dense_log_likelihood(yi, vcov, cluster, between, within, restricted=True):
    """Log-likelihood written out with the whole covariance matrix."""
    k = yi.size
    sigma = vcov + within * np.eye(k) + between * (cluster[:, None] == cluster)
    inverse = np.linalg.inv(sigma)
    total = inverse.sum()
    rest = yi - (inverse @ yi).sum() / total
    value = -0.5 * (k * np.log(2 * np.pi) + np.linalg.slogdet(sigma)[1] + rest @ inverse @ rest)
    return value + 0.5 * (np.log(2 * np.pi) + np.log(k) - np.log(total)) * restricted


def test_reference_grid_is_complete():
    assert set(SETS) == {"dat.konstantopoulos2011", "dat.knapp2017"}
    assert all({"REML", "ML", "CR1", "CR2", "profile_ci_sigma2"} <= part.keys() for part in SETS.values())


@each_set
def test_mean_and_robust_variances_at_the_components_of_metafor(part):
    reml, cr1, cr2 = part["REML"], part["CR1"], part["CR2"]
    ours = robust_mean(*by_cluster(part["yi"], part["vi"], part["cluster"], *reml["sigma2"]))
    close(ours.estimate, reml["beta"][0], ROUNDING)
    close(np.sqrt(ours.model), reml["se"][0], ROUNDING)
    close(np.sqrt(ours.cr1), cr1["se"][0], ROUNDING)
    close(np.sqrt(ours.cr2), cr2["se"][0], ROUNDING)
    close(ours.cr2_df, cr2["df"][0], ROUNDING)


def test_robust_variance_of_independent_effects():
    part = SETS["dat.konstantopoulos2011"]
    theirs = part["rma_uni"]

    def ours(tau2):
        return robust_mean(*by_cluster(part["yi"], part["vi"], part["cluster"], 0.0, tau2))

    # This fit stopped 2e-7 short of the maximum; the tau2 it must have used follows from its mean.
    best = pool(part["yi"], part["vi"]).tau2
    used = optimize.brentq(
        lambda t: ours(t).estimate - theirs["CR2"]["beta"][0], 0.999 * best, 1.001 * best, xtol=1e-18
    )
    close(used, best, 1e-6)
    close(np.sqrt(ours(used).cr1), theirs["CR1"]["se"][0], 1e-11)
    close(np.sqrt(ours(used).cr2), theirs["CR2"]["se"][0], 1e-11)
    close(ours(used).cr2_df, theirs["CR2"]["df"][0], 1e-11)


@each_set
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_components_and_likelihood_against_metafor(part, method):
    theirs = part[method]
    ours = pool_multilevel(part["yi"], part["vi"], cluster=part["cluster"], tau2_method=method, ci_method="z")
    close(ours.sigma2, theirs["sigma2"], COMPONENTS)
    close(ours.estimate, theirs["beta"][0], DEPENDENT)
    close(ours.se, theirs["se"][0], DEPENDENT)
    close(ours.log_likelihood, theirs["logLik"], 1e-12)
    yi, cluster = np.array(part["yi"]), np.array(part["cluster"])

    def dense(sigma2):
        return dense_log_likelihood(yi, np.diag(part["vi"]), cluster, *sigma2, method == "REML")

    close(ours.log_likelihood, dense(ours.sigma2), 1e-12)
    assert dense(ours.sigma2) >= dense(theirs["sigma2"]) - 1e-12


@each_set
def test_rest_of_the_result_against_metafor(part):
    for method, theirs in (("CR1", part["CR1"]), ("CR2", part["CR2"])):
        ours = pool_multilevel(part["yi"], part["vi"], cluster=part["cluster"], ci_method=method)
        close(ours.se, theirs["se"][0], DEPENDENT)
        close(ours.df, theirs["df"][0], DEPENDENT)
        close(ours.ci, [theirs["ci_lb"][0], theirs["ci_ub"][0]], DEPENDENT, atol=1e-8)
        close(ours.pvalue, theirs["p"][0], 1e-5)
    close(ours.q, part["REML"]["QE"], ROUNDING)
    close(ours.q_pvalue, part["REML"]["QEp"], 1e-10)
    close(ours.sigma2_ci, part["profile_ci_sigma2"], rtol=0.0, atol=LIMITS)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_no_other_components_have_a_higher_likelihood(method):
    rng = np.random.default_rng(20)
    for _ in range(10):
        m = int(rng.integers(2, 7))
        yi, vcov, cluster = random_set(rng, m + int(rng.integers(1, 8)), m)
        ours = pool_multilevel(yi, vcov=vcov, cluster=cluster, tau2_method=method)
        unit = np.median(np.diag(vcov))

        def dense(x, yi=yi, vcov=vcov, cluster=cluster, unit=unit):
            return dense_log_likelihood(yi, vcov, cluster, *(unit * np.abs(x)), method == "REML")

        close(ours.log_likelihood, dense(np.array(ours.sigma2) / unit), 1e-10, atol=1e-10)
        axis = np.append(0.0, np.geomspace(1e-3, 1e3, 16))
        start = max(((b, w) for b in axis for w in axis), key=dense)
        best = optimize.minimize(lambda x: -dense(x), start, method="Nelder-Mead", options={"fatol": 1e-12})
        assert ours.log_likelihood >= -best.fun - 1e-9


# Two likelihoods with two maxima each, as (between, within), the higher one first.
TWO_MAXIMA = [
    (
        (
            [0.05, -0.16, -0.12, -1.81, -1.86, 1.28],
            [0.003, 0.015, 6.414, 0.007, 0.009, 0.813],
            [0, 0, 1, 1, 1, 1],
        ),
        ((0.0, 1.2820), (1.6146, 0.0044)),
    ),
    (
        (
            [0.16, -1.35, -1.14, -0.77, -1.1, -0.29],
            [0.004, 1.096, 0.019, 0.422, 1.322, 0.189],
            [0, 1, 2, 3, 4, 4],
        ),
        ((0.3447, 0.0), (0.0, 0.3393)),
    ),
]


@pytest.mark.parametrize(("data", "maxima"), TWO_MAXIMA)
def test_the_higher_of_two_maxima_is_found(data, maxima):
    yi, vcov, cluster = np.array(data[0]), np.diag(data[1]), np.array(data[2])

    def height(pair):
        return dense_log_likelihood(yi, vcov, cluster, *pair)

    ours = pool_multilevel(yi, vcov=vcov, cluster=cluster)
    close(ours.sigma2, maxima[0], 0.02, atol=1e-12)
    assert height(maxima[0]) > height(maxima[1])
    lower = np.array(maxima[1])
    for step in ((0.2, 0.0), (0.0, 0.2), (0.2, 0.2)):  # the second is a maximum as well
        for sign in (-1, 1):
            assert height(np.maximum(lower + sign * lower.max() * np.array(step), 0.0)) <= height(lower) + 1e-3


# The best `within` jumps from 0.57 to 0 as `between` grows from 0.35 to 0.36, and the profile bends there.
KINK = (
    np.array([-1.009, 2.0, 1.77, -1.152, -0.004, -0.721, -0.794, -1.437, -0.808, -0.575, 0.037]),
    np.diag([1.944, 0.6399, 0.002, 2.3905, 0.0744, 0.0203, 0.0024, 0.1539, 0.0624, 0.0128, 1.0031]),
    np.array([0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 4]),
)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("data", [random_set(np.random.default_rng(4), 14, 5), KINK], ids=["smooth", "kink"])
def test_limits_of_the_components_solve_their_equation(data, method):
    yi, vcov, cluster = data
    ours = pool_multilevel(yi, vcov=vcov, cluster=cluster, tau2_method=method, confidence_level=0.9)
    fall = 0.5 * 2.705543454095404
    for level, limits in zip(("between", "within"), ours.sigma2_ci, strict=True):
        for limit in limits:

            def profile(other, fixed=limit, level=level):
                pair = (fixed, np.exp(other)) if level == "between" else (np.exp(other), fixed)
                return -dense_log_likelihood(yi, vcov, cluster, *pair, method == "REML")

            best = -min(
                optimize.minimize_scalar(profile, bounds=ends, method="bounded", options={"xatol": 1e-9}).fun
                for ends in ((-40.0, -3.0), (-5.0, 1.0), (-1.0, 3.0), (2.0, 8.0))
            )
            at_boundary = limit == 0.0
            assert best > ours.log_likelihood - fall if at_boundary else abs(best - ours.log_likelihood + fall) < 1e-7
        assert limits.low <= getattr(ours.sigma2, level) <= limits.high


def test_without_variance_between_clusters_it_is_pool():
    yi, vi = [0.0, 2.0, 0.1, 2.1, -0.1, 1.9], [0.1, 0.2, 0.1, 0.3, 0.1, 0.2]
    ours, plain = pool_multilevel(yi, vi, cluster=list("aabbcc"), ci_method="z"), pool(yi, vi, ci_method="z")
    assert ours.sigma2.between == 0.0
    close([ours.sigma2.within, ours.estimate, ours.se], [plain.tau2, plain.estimate, plain.se], 1e-10)
    close([ours.q, ours.q_pvalue, sum(ours.i2)], [plain.q, plain.q_pvalue, plain.i2], 1e-10)
    close(ours.weights, plain.weights, 1e-10)


def test_without_variance_within_clusters_it_pools_cluster_means():
    yi, vi = [0.1, 0.12, 2.0, 2.01, -1.0, -1.02], [0.1, 0.2, 0.1, 0.3, 0.1, 0.2]
    ours = pool_multilevel(yi, vi, cluster=list("aabbcc"), ci_method="z")
    w = 1.0 / np.reshape(vi, (3, 2))
    plain = pool((w * np.reshape(yi, (3, 2))).sum(axis=1) / w.sum(axis=1), 1.0 / w.sum(axis=1), ci_method="z")
    assert ours.sigma2.within == 0.0
    close([ours.sigma2.between, ours.estimate, ours.se], [plain.tau2, plain.estimate, plain.se], 1e-10)


def test_equal_effects_have_no_variance():
    ours = pool_multilevel([0.3] * 5, [0.1, 0.2, 0.1, 0.4, 0.2], cluster=list("aabbc"), ci_method="z")
    assert ours.sigma2 == (0.0, 0.0)
    assert ours.estimate == pytest.approx(0.3, rel=1e-14)
    assert ours.q == pytest.approx(0.0, abs=1e-25)


def test_robust_variance_by_dense_algebra():
    """Adjustment matrices from Cholesky factors and a matrix power, residuals from the whole hat matrix."""
    rng = np.random.default_rng(7)
    sizes = [1, 3, 2, 4]
    first = np.cumsum([0, *sizes[:-1]])
    blocks = [np.cov(rng.normal(size=(n, 3 * n))).reshape(n, n) + 0.3 for n in sizes]
    yi = rng.normal(size=10)
    ours = robust_mean(yi, blocks, first)
    phi, ones = linalg.block_diag(*blocks), np.ones(10)
    w = np.linalg.inv(phi)
    variance = 1.0 / w.sum()
    hat = np.outer(ones, w.sum(axis=0)) * variance
    residual = np.eye(10) - hat
    rows = []
    for start, n, block in zip(first, sizes, blocks, strict=True):
        part = slice(start, start + n)
        d = linalg.cholesky(block)
        inner = d @ (residual[part] @ phi @ residual[part].T) @ d.T
        adjustment = d.T @ linalg.fractional_matrix_power(inner, -0.5).real @ d
        rows.append(variance * (np.linalg.inv(block) @ adjustment).sum(axis=0) @ residual[part])
    g = np.array(rows)
    close(ours.cr2, ((g @ yi) ** 2).sum(), 1e-10)
    p = g @ phi @ g.T
    close(np.trace(p), ours.model, 1e-10)  # unbiased under the working covariance
    close(ours.cr2_df, np.trace(p) ** 2 / (p**2).sum(), 1e-10)
    close(ours.weights, w.sum(axis=0) * variance, 1e-12)


def test_robust_variance_of_very_unequal_variances():
    yi, first = np.array([0.1, 0.4, 0.2, 0.9, 0.7]), np.array([0, 2, 4])
    limit = 25 / 13  # where the fourth effect has no weight, by dense algebra on the other four
    for r in (1e8, 1e10, 1e12, 1e16):
        for swap in (1, -1):  # the imprecise effect last or first in its cluster
            blocks = [np.eye(2) + 0.5, np.diag([1.0, r][::swap]) + 0.5, np.eye(1) * 1.5]
            ours = robust_mean(np.concatenate([yi[:2], yi[2:4][::swap], yi[4:]]), blocks, first)
            close(ours.cr2_df, limit, 10 / r + 1e-10)
    alone = robust_mean(yi[:4], [np.eye(3) * 1e-30, np.eye(1) * 1e30], np.array([0, 3]))
    assert np.isfinite([alone.cr2, alone.cr2_df]).all() and alone.cr2 < 1.0


def test_two_clusters_have_one_degree_of_freedom_and_no_prediction():
    ours = pool_multilevel([0.1, 0.5, 0.9], [0.1, 0.1, 0.1], cluster=["a", "a", "b"])
    assert ours.df == pytest.approx(1.0)
    assert np.isfinite(ours.ci).all() and np.isnan(ours.pi).all()


@pytest.mark.parametrize("ci_method", CI_METHODS)
def test_order_names_shift_and_scale_do_not_matter(ci_method):
    rng = np.random.default_rng(3)
    yi, vcov, cluster = random_set(rng, 12, 4)
    ours = pool_multilevel(yi, vcov=vcov, cluster=cluster, ci_method=ci_method)
    move = rng.permutation(12)
    names = np.array(list("wxyz"))[cluster]
    moved = pool_multilevel(yi[move], vcov=vcov[np.ix_(move, move)], cluster=names[move], ci_method=ci_method)
    close([moved.estimate, moved.se, moved.df], [ours.estimate, ours.se, ours.df], 1e-9)
    close(moved.weights, ours.weights[move], 1e-8)
    for c in (1e-6, 1.0, 1e6):
        other = pool_multilevel(c * (yi + 5), vcov=c**2 * vcov, cluster=cluster, ci_method=ci_method)
        close((other.estimate / c - 5) / ours.se, ours.estimate / ours.se, 1e-8, atol=1e-9)
        close(other.se / c, ours.se, 1e-9)
        close(np.array(other.sigma2) / c**2, ours.sigma2, 1e-8)
        close(np.array(other.sigma2_ci) / c**2, ours.sigma2_ci, 1e-6)
        close(other.i2, ours.i2, 1e-8)


def test_levels_are_monotone_and_methods_differ():
    part = SETS["dat.konstantopoulos2011"]
    fits = [
        pool_multilevel(part["yi"], part["vi"], cluster=part["cluster"], confidence_level=level)
        for level in (0.5, 0.9, 0.99)
    ]
    for narrow, wide in itertools.pairwise(fits):
        for name in ("ci", "pi"):
            assert getattr(wide, name).low < getattr(narrow, name).low
            assert getattr(wide, name).high > getattr(narrow, name).high
        assert wide.sigma2_ci.within.high > narrow.sigma2_ci.within.high
    fit = fits[0]
    reach = stats.t.ppf(0.75, min(fit.df, 10)) * np.sqrt(fit.se**2 + sum(fit.sigma2))
    close(np.subtract(fit.pi, fit.estimate), [-reach, reach], 1e-10)
    wide = pool_multilevel(part["yi"], part["vi"], cluster=part["cluster"], ci_method="t")
    assert (wide.df, fit.se_model, fit.clusters) == (10.0, wide.se, 11)


def test_many_effects():
    rng = np.random.default_rng(1)
    cluster = rng.integers(0, 400, 2000)
    vi = np.exp(rng.normal(-3, 1, 2000))
    yi = 0.3 + rng.normal(0, 0.3, 400)[cluster] + rng.normal(0, np.sqrt(0.04 + vi))
    ours = pool_multilevel(yi, vi, cluster=cluster)
    for truth, limits in zip((0.09, 0.04), ours.sigma2_ci, strict=True):
        assert limits.low < truth < limits.high
    assert abs(ours.estimate - 0.3) < 4 * ours.se


def test_forms_of_input_agree_and_the_result_is_read_only():
    effects = effect_sizes(published_trials(), multi_arm="split")
    one = pool_multilevel(effects, cluster="study")
    two = pool_multilevel(effects.table, cluster=effects.table["study"].to_numpy())
    three = pool_multilevel(effects.yi, effects.vi, cluster=effects.table["study"].tolist())
    assert one.estimate == two.estimate == three.estimate
    assert (one.measure, three.measure) == ("MD", "")
    assert one.labels == two.labels == tuple(effects.labels)
    assert three.labels[0] == "Study 1"
    assert (one.k, one.clusters) == (47, 44)
    with pytest.raises(ValueError, match="read-only"):
        one.weights[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.estimate = 0.0


def test_tables_hold_the_result():
    ours = pool_multilevel([0.1, 0.5, 0.9, 0.2], [0.1, 0.1, 0.1, 0.2], cluster=list("aabc"), labels=list("pqrs"))
    frame, row = ours.to_frame(), ours.to_row()
    assert frame["label"].tolist() == ["p", "q", "r", "s", "Pooled"]
    assert frame["cluster"].tolist() == ["a", "a", "b", "c", ""]
    assert frame["kind"].tolist() == ["effect"] * 4 + ["summary"]
    assert frame["weight"].iloc[:4].sum() == pytest.approx(1.0)
    last = frame.iloc[-1]
    assert (last["yi"], last["ci_low"], last["ci_high"]) == (ours.estimate, *ours.ci)
    assert len(row) == 1
    numbers = row.loc[0, ["sigma2_between", "sigma2_ci_between_high", "i2_within", "pi_low", "se_model"]].tolist()
    assert numbers == [
        ours.sigma2.between, ours.sigma2_ci.between.high, ours.i2.within, ours.pi.low, ours.se_model
    ]  # fmt: skip


# Gleser & Olkin 2009, The Handbook of Research Synthesis and Meta-Analysis, chapter 19, pages 364 to 367:
# six effects of four studies with a control group each, as in metafor's test of that example.
GLESER_OLKIN = pd.DataFrame(
    {
        "study": [1, 1, 2, 3, 4, 4],
        "treatment": [1, 2, 1, 1, 1, 2],
        "mean_treatment": [7.87, 4.35, 9.32, 8.08, 7.44, 5.34],
        "mean_placebo": [-1.36, -1.36, 0.98, 1.17, 0.45, 0.45],
        "sd_placebo": [4.2593, 4.2593, 2.8831, 3.1764, 2.9344, 2.9344],
        "n_treatment": [25, 22, 38, 50, 30, 30],
        "n_placebo": [25, 25, 40, 50, 30, 30],
    }
)


def test_shared_arm_of_standardized_differences_as_published():
    table = GLESER_OLKIN.copy()
    table["yi"] = (table["mean_treatment"] - table["mean_placebo"]) / table["sd_placebo"]
    close(table["yi"], [2.1670, 1.3406, 2.8927, 2.1754, 2.3821, 1.6664], 0.0, atol=5e-5)
    people = table.groupby("study")["n_treatment"].transform("sum") + table["n_placebo"]
    table["vi"] = 1 / table["n_treatment"] + 1 / table["n_placebo"] + table["yi"] ** 2 / (2 * people)
    effects = EffectSizes(table, NOTHING, NOTHING, measure="SMD")
    inverse = np.linalg.inv(sampling_covariance(effects, shared_arm="whole"))
    x = np.column_stack([table["treatment"] == 1, table["treatment"] == 2]).astype(float)
    cov = np.linalg.inv(x.T @ inverse @ x)
    beta = cov @ x.T @ inverse @ table["yi"]
    rest = table["yi"] - x @ beta
    close(beta, [2.3743, 1.5702], 0.0, atol=5e-5)
    close(cov, [[0.02257, 0.01244], [0.01244, 0.03554]], 0.0, atol=5e-6)
    close(rest @ inverse @ rest, 3.9447, 0.0, atol=1e-4)


def test_division_of_the_placebo_arm_is_undone():
    effects = effect_sizes(published_trials(), multi_arm="split")
    table, vcov = effects.table, sampling_covariance(effects, shared_arm="divided")
    apart = table["study"].to_numpy()[:, None] != table["study"].to_numpy()
    assert (vcov[apart] == 0).all()
    alone = ~table["study"].duplicated(keep=False).to_numpy()
    close(np.diag(vcov)[alone], effects.vi[alone], 1e-14)
    i, j = np.flatnonzero(table["study"] == "stelian1992")
    sd_p, whole = table["sd_placebo"][i], table["n_placebo"][i] + table["n_placebo"][j]
    close(vcov[i, j], sd_p**2 / whole, 1e-14)
    for at in (i, j):
        own = table["sd_treatment"][at] ** 2 / table["n_treatment"][at]
        close(vcov[at, at], own + sd_p**2 / whole, 1e-12)
    # The best weighted mean of the two contrasts is at least as precise as with a divided arm.
    block = vcov[np.ix_([i, j], [i, j])]
    assert 1 / np.linalg.inv(block).sum() <= 1 / (1 / effects.vi[[i, j]]).sum() + 1e-12
    fit = pool_multilevel(effects, cluster="study", vcov=vcov)
    close(fit.vi, np.diag(vcov), 0.0)


def test_equal_arms_give_half_correlated_effects():
    table = pd.DataFrame(
        {
            "study": ["a", "a", "b"],
            "yi": [1.0, 2.0, 0.0],
            "vi": [0.2, 0.2, 0.3],
            "n_treatment": 10,
            "n_placebo": 10,
        }
        | {"mean_placebo": 0.0, "sd_placebo": 1.0}
    )
    vcov = sampling_covariance(table, shared_arm="whole")
    close(vcov, [[0.2, 0.1, 0], [0.1, 0.2, 0], [0, 0, 0.3]], 1e-15)
    close(sampling_covariance(table, correlation=0.5), vcov, 1e-15)
    table["mean_placebo"] = [0.0, 0.1, 0.0]  # another placebo arm
    close(sampling_covariance(table, shared_arm="whole"), np.diag(table["vi"]), 0.0)


def test_positive_correlation_of_time_points_widens_the_interval():
    yi, vi, cluster = [0.5, 0.6, 0.1, 0.2, 0.9, 0.8], [0.2] * 6, list("aabbcc")
    table = pd.DataFrame({"study": cluster, "yi": yi, "vi": vi})
    apart = pool_multilevel(table, cluster="study", tau2_method="ML", ci_method="z")
    together = pool_multilevel(
        table, cluster="study", vcov=sampling_covariance(table, correlation=0.8), tau2_method="ML", ci_method="z"
    )
    assert apart.sigma2 == together.sigma2 == (0.0, 0.0)
    close(together.se / apart.se, np.sqrt(1.8), 1e-12)


def test_clusters_of_a_list_stay_what_they_are():
    given = np.array([1, 1, 2, 3])
    ours = pool_multilevel([0.1, 0.2, 0.3, 0.4], [0.1] * 4, cluster=given)
    given[:] = 0
    assert ours.cluster.tolist() == [1, 1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        ours.cluster[0] = 9


@pytest.mark.parametrize("pair", [("1", 1), ("a", "a "), ("é", "e\u0301")])
def test_clusters_that_read_alike_are_refused(pair):
    one, other = pair
    for effects in (([0.1, 0.2, 0.3, 0.4], [0.1] * 4), (TABLE,)):
        with pytest.raises(ValueError, match="cluster: .* read alike; write them in one way"):
            pool_multilevel(*effects, cluster=[one, other, other, "z"])


def test_a_lone_effect_needs_no_arms():
    table = ARMS.assign(sd_placebo=[0.5, 0.5, np.nan, np.nan], mean_placebo=[0.0, 0.0, np.nan, np.nan])
    for shared_arm in ("whole", "divided"):
        known = sampling_covariance(ARMS, shared_arm=shared_arm)
        close(sampling_covariance(table, shared_arm=shared_arm), known, 1e-14)


TABLE = pd.DataFrame({"study": list("aabc"), "yi": [0.1, 0.2, 0.3, 0.4], "vi": [0.1, 0.2, 0.1, 0.2]})
ARMS = TABLE.assign(n_treatment=10, n_placebo=10, mean_placebo=0.0, sd_placebo=0.5)
NOT_DEFINITE = np.diag([0.1, 0.1, 0.1, 0.2]) + 0.2 * (np.add.outer([0, 1, 5, 9], [0, 1, 5, 9]) == 1)
CROSSING = np.diag([0.1, 0.2, 0.1, 0.2]) + 0.01 * (np.add.outer([0, 1, 5, 9], [0, 1, 5, 9]) == 14)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": "trial"}, "'trial' is not a column"),
        ({"cluster": list("abc")}, "cluster has the shape"),
        ({"cluster": ["a", None, "b", "b"]}, "cluster is missing for effect 2"),
        ({"cluster": ["a", "a", np.nan, "b"]}, r"cluster is missing for effect 3 \(b\)"),
        ({"cluster": ["a", "a", "b", None], "labels": list("pqrs")}, r"missing for effect 4 \(s\)"),
        ({"effects": [0.1, 0.2, 0.3], "vi": [1, 1, 1], "cluster": ["a", "a", np.nan]}, "missing for effect 3"),
        ({"vi": [0.1] * 4}, "vi is given, but the effects are a table"),
        ({"cluster": list("aaaa")}, "one cluster"),
        ({"cluster": list("abcd")}, "use pool"),
        ({"tau2_method": "DL"}, "tau2_method='DL' is not known"),
        ({"ci_method": "HKSJ"}, "use one of 'CR2', 'CR1', 't', 'z'"),
        ({"confidence_level": 95}, "0.95 for 95%"),
        ({"labels": ["x"]}, "1 labels for 4 studies"),
        ({"vcov": np.eye(3)}, r"vcov has the shape \(3, 3\), but 4 effects need"),
        ({"vcov": np.ones(4)}, r"vcov has the shape \(4,\)"),
        ({"vcov": np.triu(np.full((4, 4), 0.1))}, "symmetric"),
        (
            {"vcov": NOT_DEFINITE},
            r"not positive definite: the errors of effect 1 \(a\) and effect 2 \(a\) correlate 2; check",
        ),
        ({"vcov": CROSSING}, r"vcov relates effect \d \(.*\) and effect \d \(.*\), of different clusters"),
        ({"effects": TABLE.assign(vi=[0.1, 0.0, 0.1, 0.2])}, "effect 2.*must be positive"),
        ({"effects": TABLE.assign(yi=[0.1, np.nan, 0.1, 0.2])}, "effect 2.*must be finite"),
        ({"effects": TABLE.drop(columns="vi")}, "'vi' is not a column"),
        ({"effects": [0.1, 0.2], "cluster": ["a", "a"]}, "vi is missing"),
        ({"effects": [0.1, 0.2], "vi": [1, 1]}, "names a column"),
        ({"effects": [], "vi": [], "cluster": []}, "no studies"),
    ],
)
def test_bad_input(options, message):
    options = {"effects": TABLE, "cluster": "study"} | options
    with pytest.raises(ValueError, match=message):
        pool_multilevel(options.pop("effects"), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give correlation, shared_arm or both"),
        ({"correlation": 0.5, "shared_arm": "whole"}, "'n_treatment' is not a column"),
        ({"correlation": 1.0}, "between -1 and 1"),
        ({"correlation": -0.6, "effects": TABLE.assign(study=list("aaab"))}, "between -0.5 and 1"),
        ({"shared_arm": "split"}, "shared_arm='split' is not known"),
        ({"shared_arm": "whole"}, "'n_treatment' is not a column"),
        ({"shared_arm": "whole", "effects": ARMS.assign(design="crossover")}, "a is a crossover trial"),
        ({"correlation": "x"}, "correlation='x' must be a number"),
        ({"correlation": 0.5, "effects": [1, 2]}, "give EffectSizes or a DataFrame with"),
        ({"correlation": 0.5, "effects": TABLE.assign(study=["a", None, "b", "b"])}, "cluster is missing for effect 2"),
        ({"shared_arm": "whole", "effects": ARMS.assign(mean_placebo=np.nan)}, "mean_placebo is missing for a:"),
        ({"shared_arm": "divided", "effects": ARMS.assign(sd_placebo=np.nan)}, "sd_placebo is missing for a:"),
        ({"shared_arm": "whole", "effects": ARMS.assign(vi=np.nan)}, r"effect 1 \(a\): vi"),
        ({"correlation": 0.5, "cluster": "trial"}, "'trial' is not a column"),
        ({"correlation": 0.5, "effects": TABLE.assign(vi=-1.0)}, "must be positive"),
    ],
)
def test_bad_covariance(options, message):
    options = {"effects": TABLE} | options
    with pytest.raises((TypeError, ValueError), match=message):
        sampling_covariance(options.pop("effects"), **options)


def test_no_covariance_of_ratios():
    effects = EffectSizes(ARMS, NOTHING, NOTHING, measure="ROM")
    with pytest.raises(ValueError, match="no covariance for measure='ROM'"):
        sampling_covariance(effects, shared_arm="whole")


# A trial with two treatment arms at two times, people lost on the way, and one with a single arm at three times.
SEVERAL_TIMES = pd.DataFrame(
    {
        "study": list("aaaabbb"),
        "week": [1, 1, 2, 2, 1, 2, 3],
        "arm_label": ["low", "high", "low", "high", "x", "x", "x"],
        "n_treatment": [20, 22, 18, 21, 30, 28, 25],
        "n_placebo": [25, 25, 20, 20, 31, 29, 29],
        "sd_treatment": [2.0, 1.5, 1.8, 1.7, 2.2, 2.1, 1.9],
        "sd_placebo": [1.9, 1.9, 2.1, 2.1, 1.6, 1.6, 2.0],  # alike at two times, as the mean is
        "mean_placebo": [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0],
        "yi": [0.3, 0.4, 0.5, 0.2, 0.1, 0.2, 0.3],
    }
)
SEVERAL_TIMES["vi"] = (
    SEVERAL_TIMES["sd_treatment"] ** 2 / SEVERAL_TIMES["n_treatment"]
    + SEVERAL_TIMES["sd_placebo"] ** 2 / SEVERAL_TIMES["n_placebo"]
)
# metafor 3.8-1: vcalc(vi, cluster=study, obs=week, grp1=arm_label, grp2=rep("placebo", 7), rho=0.6,
# w1=n_treatment/sd_treatment^2, w2=n_placebo/sd_placebo^2); the blocks of both trials, lower triangles by column.
VCALC = {
    "a": [
        *(0.3444, 0.1444, 0.220904930528752, 0.10706293476269, 0.246672727272727, 0.10706293476269, 0.178244976858173),
        *(0.4005, 0.2205, 0.358119047619048),
    ],
    "b": [
        0.243913978494624,
        0.146871554694968,
        0.155614796827511,
        0.245775862068966,
        0.156691591390133,
        0.282331034482759,
    ],
}


def test_times_and_a_shared_arm_as_metafor_has_them():
    vcov = sampling_covariance(SEVERAL_TIMES, correlation=0.6, shared_arm="whole")
    for study, lower in VCALC.items():
        at = np.flatnonzero(SEVERAL_TIMES["study"] == study)
        block = vcov[np.ix_(at, at)]
        close(block.T[np.triu_indices(at.size)], lower, 1e-13)
    assert (vcov == vcov.T).all() and (vcov[:4, 4:] == 0).all()
    # Cells of the rows, in whatever order.
    order = [4, 2, 0, 6, 1, 5, 3]
    turned = sampling_covariance(SEVERAL_TIMES.iloc[order], correlation=0.6, shared_arm="whole")
    close(turned, vcov[np.ix_(order, order)], 1e-14)


def test_a_shared_arm_that_was_divided_at_every_time():
    """The same as of whole arms: what the rows of one time have of the placebo arm adds up to it."""
    halves = SEVERAL_TIMES["n_placebo"].where(SEVERAL_TIMES["study"] == "b", SEVERAL_TIMES["n_placebo"] / 2)
    own = SEVERAL_TIMES["sd_treatment"] ** 2 / SEVERAL_TIMES["n_treatment"]
    divided = SEVERAL_TIMES.assign(n_placebo=halves, vi=own + SEVERAL_TIMES["sd_placebo"] ** 2 / halves)
    close(
        sampling_covariance(divided, correlation=0.6, shared_arm="divided"),
        sampling_covariance(SEVERAL_TIMES, correlation=0.6, shared_arm="whole"),
        1e-13,
    )


def test_standardized_differences_at_several_times():
    """Pustejovsky 2015 for another arm at another time, Gleser & Olkin 2009 for the same arm, or the same time."""
    effects = EffectSizes(SEVERAL_TIMES, NOTHING, NOTHING, measure="SMD")
    vcov = sampling_covariance(effects, correlation=0.6, shared_arm="whole")
    people = np.sqrt((20 + 22 + 25) * (18 + 21 + 20))
    close(vcov[0, 3], 0.6 / np.sqrt(25 * 20) + 0.36 * 0.3 * 0.2 / (2 * people), 1e-13)
    same = 0.6 * (1 / np.sqrt(20 * 18) + 1 / np.sqrt(25 * 20)) + 0.36 * 0.3 * 0.5 / (2 * people)
    close(vcov[0, 2], same, 1e-13)
    close(vcov[0, 1], 1 / 25 + 0.3 * 0.4 / (2 * (20 + 22 + 25)), 1e-13)


def test_time_points_of_crossover_trials_are_correlated_as_wholes():
    crossed = SEVERAL_TIMES[SEVERAL_TIMES["study"] == "b"].assign(design="crossover")
    both = sampling_covariance(crossed, correlation=0.6, shared_arm="whole")
    close(both, sampling_covariance(crossed, correlation=0.6), 1e-14)


def test_effects_of_every_time_work_from_the_table():
    """Of arms that were combined and split; the primary time points are those of one effect a trial."""
    trials = published_trials()
    for multi_arm in ("combine", "split"):
        every, one = (effect_sizes(trials, multi_arm=multi_arm, times=times) for times in ("all", "primary"))
        vcov = sampling_covariance(every, correlation=0.7)
        assert np.linalg.eigvalsh(vcov).min() > 0
        primary = [
            label in set(zip(one.table["study"], one.table["week"].fillna(-1), one.yi, strict=True))
            for label in zip(every.table["study"], every.table["week"].fillna(-1), every.yi, strict=True)
        ]
        assert sum(primary) == len(one)
        alone = sampling_covariance(one, shared_arm="divided" if multi_arm == "split" else "whole")
        close(vcov[np.ix_(primary, primary)], alone, 0.0)
        fit = pool_multilevel(every, vcov=vcov)
        assert (fit.k, fit.clusters) == (len(every), 44)
        assert fit.labels == tuple(every.labels) and len(set(fit.labels)) == fit.k
    chow = every.where(study="chow2006")
    t, p = (chow.table[f"sd_{arm}"] / np.sqrt(chow.table[f"n_{arm}"]) for arm in ("treatment", "placebo"))
    close(sampling_covariance(chow, correlation=0.6)[0, 1], 0.6 * (t[0] * t[1] + p[0] * p[1]), 1e-13)
    with pytest.raises(ValueError, match="chow2006, shin2015, .*the same people at several times; give correlation="):
        sampling_covariance(every)


def test_split_arms_need_no_word_on_what_they_share():
    effects = effect_sizes(published_trials(), multi_arm="split")
    close(sampling_covariance(effects), sampling_covariance(effects, shared_arm="divided"), 0.0)
    whole = effect_sizes(published_trials())
    close(sampling_covariance(whole), np.diag(whole.vi), 0.0)


def test_effects_are_grouped_by_cluster_where_there_is_one():
    table = TABLE.assign(cluster=list("xyxy"))
    assert pool_multilevel(table).cluster.tolist() == list("xyxy")
    assert pool_multilevel(TABLE).cluster.tolist() == list("aabc")
    assert pool_multilevel(table, cluster="study").cluster.tolist() == list("aabc")
    by_cluster, by_study = sampling_covariance(table, correlation=0.5), sampling_covariance(TABLE, correlation=0.5)
    assert np.argwhere(np.triu(by_cluster, 1)).tolist() == [[0, 2], [1, 3]]
    assert np.argwhere(np.triu(by_study, 1)).tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="cluster is missing; give the trial of each effect"):
        pool_multilevel([0.1, 0.2, 0.3], [0.1] * 3)


def test_arms_that_cannot_be_told_apart_at_several_times():
    with pytest.raises(ValueError, match="'arm_label' is not a column .* treatment arm of a is which at another time"):
        sampling_covariance(SEVERAL_TIMES.drop(columns="arm_label"), correlation=0.5, shared_arm="whole")
    alone = SEVERAL_TIMES[SEVERAL_TIMES["study"] == "b"]
    close(
        sampling_covariance(alone.drop(columns="arm_label"), correlation=0.5, shared_arm="whole"),
        sampling_covariance(alone, correlation=0.5, shared_arm="whole"),
        0.0,
    )
    with pytest.raises(ValueError, match="vi is not more than that of the placebo arm alone in b"):
        sampling_covariance(alone.assign(vi=0.01), correlation=0.5, shared_arm="whole")


def test_effects_without_a_moderator_are_left_out_by_name():
    table = pd.DataFrame({"study": list("AABBCCDD"), "yi": [0.2, 0.4, 0.9, 1.1, 0.1, 0.2, 0.5, 0.3], "vi": 0.04})
    table["weeks"] = [4, 8, 4, 8, 4, 8, np.nan, 8]
    table.loc[1, "vi"] = np.nan
    names = {"cluster": "study", "mods": "~ weeks", "labels": [f"e{i}" for i in range(8)]}
    fit = pool_multilevel(table, missing="drop", **names)
    assert fit.left_out == (("e1", "no variance"), ("e6", "no weeks"))
    whole = pool_multilevel(table.drop([1, 6]), cluster="study", mods="~ weeks")
    np.testing.assert_array_equal(fit.params, whole.params)
    assert "e6: no weeks" in fit.summary()
    vcov = 0.04 * np.eye(8) + 0.01 * np.kron(np.eye(4), np.ones((2, 2)) - np.eye(2))
    full = table.assign(vi=0.04)
    fit = pool_multilevel(full, vcov=vcov, missing="drop", **names)
    kept = [0, 1, 2, 3, 4, 5, 7]
    whole = pool_multilevel(full.iloc[kept], vcov=vcov[np.ix_(kept, kept)], cluster="study", mods="~ weeks")
    np.testing.assert_array_equal(fit.params, whole.params)
    with pytest.raises(ValueError, match=r"effect 7 \(e6\): moderator 'weeks' is missing"):
        pool_multilevel(full, **names)


def test_clusters_that_differ_by_letter_case_are_told():
    effects = [0.1, 0.2, 0.4, 0.3], [0.1] * 4
    with pytest.warns(
        UserWarning, match="cluster: 'x' and 'X' differ by letter case alone, and are taken for different"
    ):
        fit = pool_multilevel(*effects, cluster=["x", "X", "y", "y"])
    assert fit.clusters == 3


def test_a_covariance_of_other_rows_is_told():
    vi = [0.04, 0.05, 0.06, 0.02, 0.03, 0.04, 0.02, 0.05]
    table = pd.DataFrame({"study": list("AABBCCDD"), "yi": [0.5, 0.1, 0.9, 0.3, 0.2, 0.7, 0.4, 0.6], "vi": vi})
    table["label"] = [f"{study}, {i}" for i, study in enumerate(table["study"])]
    vcov = sampling_covariance(table, correlation=0.6)
    right = pool_multilevel(table, vcov=vcov).estimate
    for other, first in (
        (lambda: pool_multilevel(table.iloc[::-1], vcov=vcov), "D, 7: vcov has the variance 0.04, and vi is 0.05"),
        (lambda: pool_multilevel(table, vcov=2 * vcov), "A, 0: vcov has the variance 0.08, and vi is 0.04"),
        (lambda: pool_multilevel(table, vcov=np.eye(8)), "A, 0: vcov has the variance 1, and vi is 0.04"),
        (
            lambda: pool_multilevel(table["yi"], vi=table["vi"], vcov=2 * vcov, cluster=table["study"]),
            "vcov has the variance 0.08, and vi is 0.04 .the first of 8",
        ),
        (
            lambda: pool_multilevel(table["yi"], se=table["vi"] ** 0.5, vcov=2 * vcov, cluster=table["study"]),
            "vcov has the variance 0.08, and vi is 0.04",
        ),
        (
            lambda: pool_multilevel(table.assign(se=table["vi"] ** 0.5).drop(columns="vi"), vcov=2 * vcov),
            "vcov has the variance 0.08, and vi is 0.04",
        ),
    ):
        with pytest.warns(UserWarning, match=first) as seen:
            other()
        assert len(seen) == 1 and seen[0].filename == __file__
    frame = pd.DataFrame(vcov, table.index, table.index)
    assert pool_multilevel(table.iloc[::-1], vcov=frame).estimate == pytest.approx(right, rel=1e-9)
    # Rounded, or without variances beside it, nothing is told.
    pool_multilevel(table, vcov=vcov.round(4))
    pool_multilevel(table["yi"], vcov=2 * vcov, cluster=table["study"])


def test_no_covariance_of_the_library_is_told_to_be_another():
    trials = published_trials()
    for effects, options in (
        (effect_sizes(trials, multi_arm="split"), {}),
        (effect_sizes(trials, multi_arm="split"), {"correlation": 0.5}),
        (effect_sizes(trials, times="all"), {"correlation": 0.6}),
        (effect_sizes(trials, times="all", multi_arm="split"), {"correlation": 0.6}),
    ):
        pool_multilevel(effects, vcov=sampling_covariance(effects, **options))


def test_the_pair_that_makes_a_covariance_impossible_is_named():
    table = pd.DataFrame({"study": list("AAABB"), "label": list("abcde"), "yi": [0.1, 0.2, 0.3, 0.4, 0.5], "vi": 0.04})
    vcov = np.diag(table["vi"].to_numpy())
    vcov[[3, 4], [4, 3]] = -0.05
    with pytest.raises(ValueError, match=r"errors of effect 4 \(d\) and effect 5 \(e\) correlate -1.25; check"):
        pool_multilevel(table, vcov=vcov)
    vcov[[3, 4], [4, 3]] = 0.0
    # Two that both correlate 0.9 with a third cannot correlate -0.8.
    for (i, j), r in {(0, 1): 0.9, (0, 2): 0.9, (1, 2): -0.8}.items():
        vcov[[i, j], [j, i]] = r * 0.04
    with pytest.raises(
        ValueError, match=r"effect 1 \(a\) and effect 2 \(b\) correlate 0.9, which with those of the other 1"
    ):
        pool_multilevel(table, vcov=vcov)
    arms = {"n_treatment": 10, "n_placebo": 10, "mean_placebo": 1.0, "sd_placebo": 0.7, "vi": 0.045}
    with pytest.raises(
        ValueError, match=r"the covariance is not positive definite: .*effect 1 \(a\) and effect 2 \(b\)"
    ):
        sampling_covariance(table.iloc[:2].assign(**arms), shared_arm="whole")


def test_a_pooled_result_with_a_covariance_is_nested_as_its_effects_are():
    yi, vi, cluster = [0.1, 0.2, 0.4], [0.1, 0.1, 0.2], list("aab")
    result, vcov = ma.pool(yi, vi, labels=list("ABC"), measure="SMD"), np.diag(vi)
    nested = pool_multilevel(result, cluster=cluster, vcov=vcov)
    plain = pool_multilevel(yi, cluster=cluster, vcov=vcov)
    assert (nested.estimate, nested.se, nested.sigma2) == (plain.estimate, plain.se, plain.sigma2)
    assert nested.labels == ("A", "B", "C") and nested.measure == "SMD"


@pytest.mark.parametrize("given", ["table", "effects", "result"])
def test_a_covariance_is_paired_by_the_index_of_the_table_that_the_effects_are_made_of(given):
    rng, names = np.random.default_rng(4), list("stuvwxyz")
    base = pd.DataFrame({"study": names, "yi": rng.normal(0.3, 0.4, 8), "vi": 0.1, "g": list("aabbccdd")}, index=names)
    vcov = pd.DataFrame(np.eye(8) * 0.1, index=names, columns=names)
    for (one, other), rho in zip(("st", "uv", "wx"), (0.9, 0.1, 0.5), strict=True):
        vcov.loc[one, other] = vcov.loc[other, one] = rho * 0.1
    turned = base[::-1]
    effects = ma.effect_sizes(turned, measure="MD", study="study", yi="yi", vi="vi")
    what = {"table": turned, "effects": effects, "result": ma.pool(effects)}[given]
    whole = pool_multilevel(base["yi"], cluster=base["g"], vcov=vcov)
    assert pool_multilevel(what, cluster=base["g"], vcov=vcov).estimate == pytest.approx(whole.estimate, rel=1e-9)
    assert (
        abs(pool_multilevel(what, cluster=base["g"][::-1].to_numpy(), vcov=vcov.to_numpy()).estimate - whole.estimate)
        > 1e-3
    )


def test_a_new_effect_is_never_better_known_than_the_mean():
    rng = np.random.default_rng(8)
    for _ in range(12):
        cluster = np.repeat(np.arange(4), rng.integers(1, 4, 4))
        if len(cluster) == 4:
            continue
        vi = rng.uniform(0.02, 0.3, cluster.size)
        week = rng.uniform(0, 9, cluster.size)
        fit = pool_multilevel(rng.normal(0.0, np.sqrt(vi)), vi, cluster=cluster)
        assert fit.pi.low <= fit.ci.low + 1e-12 and fit.ci.high <= fit.pi.high + 1e-12
        table = pd.DataFrame({"yi": fit.yi, "vi": vi, "week": week, "study": cluster})
        at = pool_multilevel(table, cluster="study", mods="~ week").predict([1, 5])
        assert (at["pi_low"] <= at["ci_low"] + 1e-12).all() and (at["ci_high"] <= at["pi_high"] + 1e-12).all()
