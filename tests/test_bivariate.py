"""Two outcomes pooled together: metafor, closed forms, direct maximisation by scipy, invariants, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from analysis.models.bivariate import (
    _Ends,
    _holds,
    climb,
    derivatives,
    maximum,
    pairs,
    point,
    pool_bivariate,
    pool_bivariate_columns,
    pool_bivariate_groups,
    product,
    take,
)
from analysis.models.pooling import pool

ROOT = Path(__file__).parents[1]
REFERENCE = json.loads((ROOT / "tests/reference/bivariate.json").read_text(encoding="utf-8"))
SETS = {part["id"]: part for part in REFERENCE["sets"]}
METHODS = ("REML", "ML")

each_set = pytest.mark.parametrize("part", SETS.values(), ids=SETS)
each_method = pytest.mark.parametrize("method", METHODS)


def close(ours, theirs, rtol, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=True)


def numbers(part):
    """Outcomes, variances and covariances of a reference set, None as NaN."""
    return np.array(part["y"], float), np.array(part["v"], float), np.array(part["covariance"])


def dense(y, v, c, between, restricted):
    """Means, their covariance and the log-likelihood of one set, with the whole covariance matrix written out."""
    trials, outcomes = np.nonzero(np.isfinite(v))
    x = np.eye(2)[outcomes]
    same = trials[:, None] == trials
    within = np.where(outcomes[:, None] == outcomes, v[trials, outcomes], c[trials])
    sigma = np.where(same, within + between[np.ix_(outcomes, outcomes)], 0.0)
    inverse = np.linalg.inv(sigma)
    information = x.T @ inverse @ x
    mean = np.linalg.solve(information, x.T @ inverse @ y[trials, outcomes])
    rest = y[trials, outcomes] - x @ mean
    height = -0.5 * (len(x) * np.log(2 * np.pi) + np.linalg.slogdet(sigma)[1] + rest @ inverse @ rest)
    if restricted:
        height += 0.5 * (2 * np.log(2 * np.pi) + np.linalg.slogdet(x.T @ x)[1] - np.linalg.slogdet(information)[1])
    return mean, np.linalg.inv(information), height


def random_set(rng, k, *, gaps=False, correlated=True, size=1.5):
    """Outcomes (k, 2) that vary together between trials, variances from 0.05 to 5, and covariances."""
    v = 10 ** rng.uniform(-1.3, 0.7, (k, 2))
    c = rng.uniform(-0.8, 0.8, k) * np.sqrt(v.prod(axis=1)) * correlated
    load = rng.normal(size=(2, 2)) * size
    y = rng.normal(size=(k, 2)) @ load + rng.normal(size=(k, 2)) * np.sqrt(v)
    gone = (np.arange(k) % 4 == 1) & gaps
    v[gone, rng.integers(0, 2, gone.sum())] = np.nan
    y[np.isnan(v)] = np.nan
    return y, v, c


def prepared(y, v, c):
    """One set as the columns of the engine, with scale."""
    data, _, scale = pairs(y.T[..., None], v.T[..., None], c[:, None])
    return data, scale


def batch(rng, n, k):
    """n sets with noise of heavy tails, and variances over four powers of ten, as columns of the engine."""
    v = 10.0 ** rng.uniform(-2, 2, (2, k, n))
    load = rng.choice([0.0, 0.5, 2.0, 8.0], (2, n)) * rng.choice([-1, 1], (2, n))
    y = load[:, None] * rng.standard_t(2, (k, n)) + rng.standard_t(2, (2, k, n)) * np.sqrt(v)
    return pairs(y, v, np.zeros((k, n)))[0]


SPANS = json.loads((ROOT / "tests/reference/bivariate_span.json").read_text(encoding="utf-8"))["sets"]


@pytest.mark.parametrize("part", SPANS, ids=lambda part: f"{part['power']}-{part['method']}")
def test_variances_far_apart_against_sixty_digits(part):
    fit = pool_bivariate(part["y"], part["v"], tau2_method=part["method"])
    assert (np.abs(fit.estimates - part["mean"]) < 1e-9 * np.array(part["se"])).all()
    close([fit.first.se, fit.second.se], part["se"], 1e-9)


def test_variances_that_a_likelihood_cannot_tell_are_refused_by_name():
    y, v = np.array([[1.0, 2], [0, 1], [3, 3], [2, 1]]), np.ones((4, 2))
    v[1, 0] = 1e-14
    pool_bivariate(y, v)
    v[1, 0] = 0.9e-14
    words = (
        r"trial 2 \(B\), first outcome: vi = 9e-15, and trial 1 \(A\), first outcome: vi = 1.0, over 1e\+14 times as"
    )
    with pytest.raises(ValueError, match=words):
        pool_bivariate(y, v, labels=list("ABCD"))
    with pytest.raises(ValueError, match="set 1, trial 2, first outcome: vi = 9e-15, and set 1, trial 1"):
        pool_bivariate_columns(y[:, :1], v[:, :1], y[:, 1:], v[:, 1:])
    with pytest.raises(ValueError, match="trial 1, first outcome: vi = 1e-20, whose root .* trial 3, .* yi = 3.0"):
        pool_bivariate(y, np.full((4, 2), 1e-20))
    y[1], v[1] = np.nan, np.nan
    assert pool_bivariate(y, v).k == 3


# metafor


def test_reference_is_complete():
    assert set(SETS) == {"dat.berkey1998", "dat.kalaian1996"}
    assert all({"REML", "ML"} <= part.keys() for part in SETS.values())
    y, v, _ = numbers(SETS["dat.kalaian1996"])
    assert y.shape == (47, 2)
    assert np.isfinite(v).sum() == 67


@each_set
@each_method
def test_at_the_covariance_of_metafor_all_agrees_to_rounding(part, method):
    theirs = part[method]
    data, scale = prepared(*numbers(part))
    (t1, t2), rho = theirs["tau2"] / scale[:, 0] ** 2, theirs["rho"][0]
    factor = np.array([[t1**0.5], [rho * t2**0.5], [((1 - rho**2) * t2) ** 0.5]])
    at = point(data, factor, method == "REML")
    close(at.covariance[[0, 1, 1, 2], 0].reshape(2, 2) * np.outer(scale, scale), theirs["vcov"], 1e-12)
    ours = pool_bivariate(*numbers(part)[:2], vcov=part["covariance"], tau2_method=method)
    y, v, c = numbers(part)
    between = np.array([[t1, rho * (t1 * t2) ** 0.5], [rho * (t1 * t2) ** 0.5, t2]]) * np.outer(scale, scale)
    mean, covariance, height = dense(y, v, c, between, method == "REML")
    close(mean, theirs["beta"], 1e-12)
    close(covariance, theirs["vcov"], 1e-12)
    close(height, theirs["logLik"], 1e-12)
    # metafor stops where its log-likelihood is flat to the last digits, at or below the maximum found here.
    assert -1e-12 < ours.log_likelihood - theirs["logLik"] < 2e-10


@each_set
@each_method
def test_fit_against_metafor(part, method):
    y, v, c = numbers(part)
    theirs, ours = part[method], pool_bivariate(y, v, vcov=c, tau2_method=method, ci_method="z")
    close(np.diag(ours.between), theirs["tau2"], 2e-5)
    close(ours.correlation, theirs["rho"][0], 2e-7)
    close(ours.estimates, theirs["beta"], 1e-7)
    close(ours.vcov, theirs["vcov"], 5e-6)
    close([ours.first.se, ours.second.se], theirs["se"], 5e-6)
    close([ours.first.ci, ours.second.ci], np.transpose([theirs["ci_lb"], theirs["ci_ub"]]), 5e-6)
    close(ours.log_likelihood, theirs["logLik"], 1e-10)
    assert ours.boundary == (part["id"] == "dat.kalaian1996")
    if ours.boundary:
        assert ours.correlation == -1.0


# The model


@each_method
def test_numbers_are_those_of_the_definition(method):
    rng = np.random.default_rng(4)
    for gaps in (False, True):
        y, v, c = random_set(rng, 9, gaps=gaps)
        fit = pool_bivariate(y, v, vcov=c, tau2_method=method)
        mean, covariance, height = dense(y, v, c, fit.between, method == "REML")
        close(fit.estimates, mean, 1e-10)
        close(fit.vcov, covariance, 1e-10)
        close(fit.log_likelihood, height, 1e-11)


@pytest.mark.parametrize("restricted", [True, False])
def test_derivatives_are_those_of_the_log_likelihood(restricted):
    y, v, c = random_set(np.random.default_rng(5), 8, gaps=True)
    data, scale = prepared(y, v, c)
    factor = np.array([[0.8], [-0.5], [0.6]])

    def height(entries):
        low = np.array([[entries[0], 0.0], entries[1:]]) * scale
        return dense(y, v, c, low @ low.T, restricted)[2]

    gradient, hessian, by_t = derivatives(data, factor, point(data, factor, restricted), restricted)
    steps, at = 1e-4 * np.eye(3), factor[:, 0]
    slope = [(height(at + s) - height(at - s)) / 2e-4 for s in steps]
    bend = [
        [(height(at + a + b) - height(at + a - b) - height(at - a + b) + height(at - a - b)) / 4e-8 for a in steps]
        for b in steps
    ]
    close(gradient[:, 0], slope, 1e-5, 1e-7)
    close(hessian[..., 0], bend, 1e-4, 1e-5)
    # A change of L changes T = LL'.
    low = np.array([[0.8, 0.0], [-0.5, 0.6]])
    close((2.0 * by_t[[0, 1, 1, 2], 0].reshape(2, 2) @ low)[np.tril_indices(2)], gradient[:, 0], 1e-12)


@each_method
def test_trials_of_equal_precision_have_a_closed_form(method):
    y = np.array([[1.0, 2.5], [3.0, 3.0], [6.0, 9.5], [2.0, 1.0], [-1.0, 0.5]])
    within = np.array([[0.5, 0.2], [0.2, 0.8]])
    fit = pool_bivariate(y, [[0.5, 0.8]] * 5, vcov=[0.2] * 5, tau2_method=method)
    total = np.cov(y.T, ddof=1 if method == "REML" else 0)
    close(fit.estimates, y.mean(axis=0), 1e-13)
    close(fit.between, total - within, 1e-11)
    close(fit.vcov, total / 5, 1e-11)
    assert not fit.boundary


def test_equal_precision_beyond_the_boundary_has_a_closed_form():
    # The sample covariance has eigenvalues 5 and 0.2 along (1, 1) and (1, -1); sampling accounts for 1 of each.
    y = np.sqrt(0.5) * (np.outer([2, -2, 1, -1, 0], [1, 1]) * 2**0.5 + np.outer([1, 1, -1, -1, 0], [1, -1]) * 0.2**0.5)
    fit = pool_bivariate(y, np.ones((5, 2)))
    close(np.cov(y.T), [[2.6, 2.4], [2.4, 2.6]], 1e-12)
    close(fit.between, [[2.0, 2.0], [2.0, 2.0]], 1e-10)
    assert fit.correlation == 1.0
    assert fit.boundary
    assert "the data would have it even further" in fit.summary()
    close(fit.difference.se, np.sqrt(2 / 5), 1e-12)


def test_a_correlation_next_to_one_is_not_one():
    # As before, but across (1, 1) a variance of 1e-6 is left, which changes the likelihood by less than rounding.
    along, across = 2**0.5 * np.array([2, -2, 1, -1, 0]), np.sqrt(1 + 1e-6) * np.array([1, 1, -1, -1, 0])
    fit = pool_bivariate(np.sqrt(0.5) * (np.outer(along, [1, 1]) + np.outer(across, [1, -1])), np.ones((5, 2)))
    assert not fit.boundary
    assert "even further" not in fit.summary()
    close(1 - fit.correlation, 1e-6 / 2, 1e-3)


def test_bcg_log_odds_of_the_vaccinated_and_the_others():
    # The data of van Houwelingen, Arends & Stijnen 2002; the numbers are from the direct maximisation below.
    sets = json.loads((ROOT / "tests/reference/counts.json").read_text(encoding="utf-8"))["sets"]
    counts = next(part for part in sets if part["id"] == "dat.bcg")
    a, b, c, d = (np.array(counts[name], float) for name in ("ai", "bi", "ci", "di"))
    y, v = np.column_stack([np.log(c / d), np.log(a / b)]), np.column_stack([1 / c + 1 / d, 1 / a + 1 / b])
    fit = pool_bivariate(y, v, tau2_method="ML")
    assert [round(float(x), 4) for x in fit.estimates] == [-4.0960, -4.8337]
    assert [round(float(x), 4) for x in fit.between.ravel()] == [2.4073, 1.7573, 1.7573, 1.4314]
    assert (round(fit.correlation, 4), round(fit.difference.estimate, 4)) == (0.9467, -0.7378)
    assert round(fit.difference.se, 4) == 0.1797
    _, best = slow_maximum(y, v, np.zeros(13), False)
    close(fit.log_likelihood, best, 1e-10)


# The global maximum


def slow_maximum(y, v, c, restricted):
    """T and the log-likelihood at the highest of the maxima that scipy finds from many starts."""
    here = np.isfinite(v)
    z, scale = np.where(here, y, 0.0), np.sqrt(np.nanvar(y, axis=0) + np.nanmin(v, axis=0))
    sampling = np.zeros((len(y), 2, 2))
    sampling[:, [0, 1], [0, 1]] = np.where(here, v, 1e8)
    sampling[:, 0, 1] = sampling[:, 1, 0] = np.where(here.all(axis=1), c, 0.0)

    def minus(x):
        t = between(x)
        inverse = np.linalg.inv(sampling + t) * (here[:, :, None] & here[:, None])
        information = inverse.sum(axis=0)
        mean = np.linalg.solve(information, (inverse @ z[..., None]).sum(axis=0))[:, 0]
        rest = np.where(here, z - mean, 0.0)
        q = np.einsum("ia,iab,ib->", rest, inverse, rest)
        value = np.linalg.slogdet(sampling + t)[1].sum() + q
        return 0.5 * (value + restricted * np.linalg.slogdet(information)[1])

    def between(x):
        low = np.array([[x[0], 0.0], [x[1], x[2]]]) * scale[:, None]
        return low @ low.T

    starts = [(a, r * b, (1 - r**2) ** 0.5 * b) for a in (0.1, 1.0) for b in (0.1, 1.0) for r in (-0.9, 0.1, 0.9)]
    found = [optimize.minimize(minus, x, method="BFGS", options={"gtol": 1e-8}) for x in starts]
    best = between(min(found, key=lambda one: one.fun).x)
    return best, dense(y, v, c, best, restricted)[2]


INSIDE = (2, 3, 6, 7)


@pytest.mark.parametrize("seed", range(8))
def test_maximum_against_scipy(seed):
    rng = np.random.default_rng(seed)
    restricted = seed % 2 == 0
    y, v, c = random_set(rng, (4, 6, 15, 25)[seed % 4], gaps=seed > 3, size=(0.7, 0.7, 3.0, 2.0)[seed % 4])
    fit = pool_bivariate(y, v, vcov=c, tau2_method="REML" if restricted else "ML")
    between, best = slow_maximum(y, v, c, restricted)
    assert abs(fit.log_likelihood - best) < 1e-10
    close(fit.between, between, 1e-5)
    assert fit.boundary == (seed not in INSIDE)


TWO_MAXIMA = {  # variance, covariance, variance at the highest; the other is where a climb from no correlation ends
    "REML": (
        [[-0.1, -0.5], [4.6, -0.7], [-0.7, -5.6], [0.2, 0.2], [0.2, -6.0]],
        [[0.97, 0.39], [0.59, 0.46], [0.18, 4.99], [7.21, 0.5], [4.36, 6.98]],
        [4.88912, 1.98864, 3.54387],
    ),
    "ML": (
        [[0.0, -1.6], [-5.4, -4.7], [-1.3, 2.4], [4.2, -0.8], [-1.5, 1.5]],
        [[0.3, 0.27], [3.16, 6.9], [1.78, 5.85], [3.65, 2.12], [0.14, 0.17]],
        [0.48595, -0.91942, 1.73958],
    ),
}


@each_method
def test_highest_of_two_maxima(method):
    y, v, expected = TWO_MAXIMA[method]
    y, v, restricted = np.array(y), np.array(v), method == "REML"
    fit = pool_bivariate(y, v, tau2_method=method)
    close(fit.between.ravel()[[0, 1, 3]], expected, 1e-4)
    close(fit.log_likelihood, slow_maximum(y, v, np.zeros(5), restricted)[1], 1e-9)
    data, scale = prepared(y, v, np.zeros(5))
    alone = np.array([pool(y[:, a], v[:, a], tau2_method=method).tau2 + 0.1 for a in (0, 1)]) / scale[:, 0] ** 2
    _, lower = climb(data, np.array([[alone[0] ** 0.5], [0.0], [alone[1] ** 0.5]]), restricted)
    assert maximum(data, restricted)[1][0] > lower[0] + 0.2


def test_a_summit_that_only_a_dense_search_finds():
    y = [-2.66, -2.98, -4.37, -6.06, -36.6, -9.57, -3.25, 0.224, 13.1, 1.21, 8.05, -3.43, -0.951, 0.149, -6.57, -6.1]
    v = [0.0107, 2.68, 510, 140, 242, 10.5, 0.00446, 0.00184, 0.0161, 1.49, 825, 1.93, 0.0165, 0.00781, 72.3, 21.1]
    y, v = np.reshape(y, (8, 2)), np.reshape(v, (8, 2))
    fit = pool_bivariate(y, v, tau2_method="ML")
    close(fit.log_likelihood, slow_maximum(y, v, np.zeros(8), False)[1], 1e-9)


def test_a_summit_that_only_climbs_from_the_boundary_reach():
    y = [[-11.7, -17.5], [-3.5, -0.52], [8.86, -4.61], [-3.97, 5.81], [-2.52, 1.78], [2.31, -0.395], [1.64, 7.74]]
    v = [[9.66, 259], [241, 0.124], [9.7, 6.19], [1.9, 0.00471], [0.233, 0.0111], [0.302, 2.2], [5.81, 0.00259]]
    y, v = np.array([*y, [np.nan, -10.5]]), np.array([*v, [np.nan, 0.022]])
    c = np.array([-17.9, 3.78, -0.849, -0.028, 0.00865, 0.317, -0.0274, 0.0])
    fit = pool_bivariate(y, v, vcov=c)
    close(fit.log_likelihood, slow_maximum(y, v, c, True)[1], 1e-9)


def test_a_boundary_that_only_climbs_from_inside_reach():
    y = [[-0.176, 0.326], [0.0621, -0.638], [1.31, 8.38], [-0.413, -0.729], [0.0573, 0.374]]
    v = [[1.0, 1.18], [0.264, 0.27], [2.64, 5.19], [0.996, 0.532], [0.302, 0.289]]
    fit = pool_bivariate(y, v, tau2_method="ML")
    assert fit.correlation == 1.0
    assert fit.boundary


@pytest.mark.parametrize("k", [3, 9])
@pytest.mark.parametrize("restricted", [True, False])
def test_no_climb_from_anywhere_ends_higher(k, restricted):
    rng = np.random.default_rng(k)
    data = batch(rng, 50, k)
    factor, height = maximum(data, restricted)
    sd = np.sqrt(np.exp(rng.uniform(np.log(0.01), np.log(1e4), (2, 24, 50))) * data.small[:, None])
    r = np.tanh(rng.normal(size=(24, 50)) * 1.5)
    starts = np.stack([sd[0], r * sd[1], np.sqrt(1 - r**2) * sd[1]]).reshape(3, -1)
    ends = climb(take(data, np.tile(np.arange(50), 24)), starts, restricted)[1].reshape(24, 50)
    assert (ends.max(axis=0) - height).max() < 1e-8
    assert 0 < (factor[2] == 0).sum() < 50
    assert (ends.max(axis=0) - ends.min(axis=0)).max() > 1e-3  # so there is something to miss


@each_method
@pytest.mark.parametrize("k", [3, 5, 12])
def test_few_starts_find_for_ordinary_variances_what_many_find(k, method, monkeypatch):
    rng = np.random.default_rng([k, 20])
    y, v = rng.normal(0, 1, (2, k, 100)), rng.uniform(0.02, 1.9, (2, k, 100))
    few = pool_bivariate_columns(y[0], v[0], y[1], v[1], tau2_method=method)
    monkeypatch.setattr("analysis.models.bivariate._ORDINARY", 0.0)
    many = pool_bivariate_columns(y[0], v[0], y[1], v[1], tau2_method=method)
    close(few.log_likelihood, many.log_likelihood, 1e-10)
    close(few.estimates, many.estimates, 1e-8, 1e-8)


@pytest.mark.parametrize("restricted", [True, False])
def test_conditions_of_a_maximum_hold(restricted):
    data = batch(np.random.default_rng(8), 120, 6)
    factor, height = maximum(data, restricted)
    g = derivatives(data, factor, point(data, factor, restricted), restricted)[2]
    slope = np.moveaxis(np.array([[g[0], g[1]], [g[1], g[2]]]), -1, 0)
    low = np.moveaxis(np.array([[factor[0], 0 * factor[0]], [factor[1], factor[2]]]), -1, 0)
    size = np.sqrt(product(factor)[0][[0, 2]] + data.small).T
    slope = slope * size[:, None] * size[:, :, None]  # so that both outcomes have the unit of their total SD
    low = low / size[:, :, None]
    # Rounding grows with the steepest slope, which is 3e4 in one data set, at a correlation of -1.
    slope = slope / np.maximum(1.0, np.abs(slope).max(axis=(1, 2), keepdims=True))
    assert np.abs(slope @ low).max() < 1e-7  # no slope along L
    inside = factor[2] != 0
    assert np.linalg.eigvalsh(slope[~inside]).max() < 1e-7  # and none into the inside
    assert np.abs(slope[inside]).max() < 1e-7
    assert 12 < inside.sum() < 108
    again = climb(data, factor * 1.01, restricted)[0]
    t, back = product(factor)[0][:, inside], product(again)[0][:, inside]
    close(back[[0, 2]], t[[0, 2]], 1e-9)
    assert (np.abs(back[1] - t[1]) < 1e-9 * np.sqrt(t[0] * t[2])).all()
    close(point(data, factor, restricted).height, height, 1e-12)


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("rank", [0, 1])
def test_a_point_of_the_boundary_holds_where_no_small_step_inside_is_higher(rank, restricted):
    rng = np.random.default_rng(7)
    n, step = 400, 1e-6
    # Little between trials, so that the boundary often holds, and correlated, so that no outcome tells alone.
    y = rng.normal(size=(2, 6, n)) * rng.uniform(0.3, 2, (2, 1, n))
    y[1] = rng.uniform(-1, 1, n) * y[0] + 0.5 * y[1]
    v = rng.uniform(0.5, 2, (2, 6, n))
    data = pairs(y, v, rng.uniform(-0.6, 0.6, n) * np.sqrt(v[0] * v[1]))[0]
    a, b = rank * rng.uniform(0.2, 2, (2, n)) * [[1], [-1]]
    at = np.stack([a, b, 0 * a])
    height = point(data, at, restricted).height
    # The column of the step: in all directions from T = 0, else at right angles to that of L.
    turn = np.linspace(0, np.pi, 361)[:, None] + 0 * a
    p, q = (np.cos(turn), np.sin(turn)) if rank == 0 else (-b[None], a[None])
    t11, t12, t22 = a**2 + step * p**2, a * b + step * p * q, b**2 + step * q**2
    inside = np.stack([np.sqrt(t11), t12 / np.sqrt(t11), np.sqrt(np.maximum(t22 - t12**2 / t11, 0))])
    beside = type(data)(*(part[..., None, :] for part in data))
    slope = (point(beside, inside, restricted).height - height).max(axis=0) / step
    clear = np.abs(slope) > 1e-3
    held = _holds(data, _Ends(np.arange(n), at, height), restricted)
    np.testing.assert_array_equal(held[clear], slope[clear] < 0)
    assert 20 < held[clear].sum() < 380 and clear.sum() > 390


def test_equal_trials_have_no_heterogeneity():
    fit = pool_bivariate([[0.1 + 0.2, -1.1]] * 4, [[0.1, 0.2], [0.3, 0.1], [1.0, 5.0], [0.2, 0.2]])
    assert (fit.between == 0).all()
    assert fit.boundary
    assert np.isnan(fit.correlation)
    close(fit.estimates, [0.3, -1.1], 1e-14)
    close(fit.first.se, pool([0.3] * 4, [0.1, 0.3, 1.0, 0.2], ci_method="z").se, 1e-13)


@each_method
def test_one_outcome_without_heterogeneity(method):
    y, v = np.array([0.3, 2.0, 5.0, -1.0, 0.7]), np.array([0.1, 0.2, 0.3, 0.1, 0.2])
    both = np.column_stack([np.full(5, 123.456), y]), np.column_stack([v[::-1], v])
    for first in (0, 1):
        fit = pool_bivariate(*(x[:, [first, 1 - first]] for x in both), tau2_method=method)
        alone = pool(y, v, tau2_method=method, ci_method="z")
        assert fit.tau[first] == 0
        assert fit.boundary
        assert np.isnan(fit.correlation)
        assert fit.between[0, 1] == 0
        close(fit.tau[1 - first] ** 2, alone.tau2, 1e-9)
        close((fit.second, fit.first)[first][:2], (alone.estimate, alone.se), 1e-9)


# Absent outcomes


@each_method
def test_outcomes_of_different_trials_are_pooled_apart(method):
    rng = np.random.default_rng(12)
    y, v = rng.normal(size=9) * 2, rng.uniform(0.1, 1, 9)
    odd = np.arange(9) % 2 == 1
    spread = [np.column_stack([np.where(odd, np.nan, x), np.where(odd, x, np.nan)]) for x in (y, v)]
    fit = pool_bivariate(*spread, tau2_method=method)
    alone = [pool(y[m], v[m], tau2_method=method, ci_method="z") for m in (~odd, odd)]
    assert np.isnan(fit.correlation)
    assert fit.between[0, 1] == fit.vcov[0, 1] == 0
    assert (fit.k, fit.df) == (9, 3)
    for a, (ours, theirs) in enumerate(zip((fit.first, fit.second), alone, strict=True)):
        close(ours[:2], (theirs.estimate, theirs.se), 1e-9)
        close(fit.tau[a] ** 2, theirs.tau2, 1e-9)


def test_a_trial_with_no_outcome_does_not_count():
    y, v, c = random_set(np.random.default_rng(13), 7)
    gone = np.array([[np.nan, np.nan]])
    names = list("ABCDEFG")
    fit = pool_bivariate(y, v, vcov=c, labels=names)
    more = pool_bivariate(
        np.insert(y, 3, gone, axis=0),
        np.insert(v, 3, gone, axis=0),
        vcov=np.insert(c, 3, np.nan),
        labels=[*names[:3], "gone", *names[3:]],
    )
    assert more.k == fit.k == 7
    assert more.labels == fit.labels == tuple(names)
    close(more.between, fit.between, 1e-10)
    close(more.log_likelihood, fit.log_likelihood, 1e-12)


def test_an_absent_outcome_is_one_of_infinite_variance():
    y, v, c = random_set(np.random.default_rng(14), 8, gaps=True)
    absent = np.isnan(v)
    fit = pool_bivariate(y, v, vcov=c)
    filled = np.where(absent, 3.0, y), np.where(absent, 1e12, v), np.where(absent.any(axis=1), 0.0, c)
    close(pool_bivariate(*filled[:2], vcov=filled[2]).between, fit.between, 1e-6)


# Batches


@each_method
def test_many_sets_at_once_are_the_single_fits(method, monkeypatch):
    monkeypatch.setattr("analysis.models.bivariate._BLOCK", 40)  # five sets of eight trials at a time
    rng = np.random.default_rng(20)
    sets = [random_set(rng, 8, gaps=j % 2 == 0, size=0.8) for j in range(12)]
    y, v, c = (np.stack(x, axis=-1) for x in zip(*sets, strict=True))
    many = pool_bivariate_columns(y[:, 0], v[:, 0], y[:, 1], v[:, 1], c, tau2_method=method)
    for j, (yj, vj, cj) in enumerate(sets):
        one = pool_bivariate(yj, vj, vcov=cj, tau2_method=method)
        close(many.estimates[:, j], one.estimates, 1e-9)
        close(many.vcov[..., j], one.vcov, 1e-9)
        close(many.between[..., j], one.between, 1e-8, 1e-12)
        close(many.correlation[j], one.correlation, 1e-8)
        close(many.log_likelihood[j], one.log_likelihood, 1e-12)
        assert (many.k[j], many.df[j], many.boundary[j]) == (one.k, one.df, one.boundary)


def test_groups_are_the_fits_of_their_trials():
    y, v, c = random_set(np.random.default_rng(21), 10)
    members = np.zeros((10, 4), dtype=bool)
    members[:, 0], members[:6, 1], members[6:8, 2] = True, True, True
    names = [f"T{i}" for i in range(10)]
    fits = pool_bivariate_groups(y, v, members, vcov=c, labels=names, confidence_level=0.9)
    assert [fit and fit.k for fit in fits] == [10, 6, None, None]
    part = pool_bivariate(y[:6], v[:6], vcov=c[:6], confidence_level=0.9)
    close(fits[1].between, part.between, 1e-10)
    close(fits[1].difference.ci, part.difference.ci, 1e-10)
    assert fits[1].labels == tuple(names[:6])


def test_sets_with_too_few_trials_are_nan_among_others():
    y, v, _ = random_set(np.random.default_rng(22), 5, correlated=False)
    columns = np.repeat(np.array([y[:, 0], v[:, 0], y[:, 1], v[:, 1]])[..., None], 4, axis=-1)
    columns[:, 2:, 1] = np.nan  # two trials
    columns[2:, 1:, 2] = np.nan  # one trial with the second outcome
    columns[..., 3] = np.nan
    many = pool_bivariate_columns(*columns)
    assert many.k.tolist() == [5, 2, 5, 0]
    for name in ("estimates", "vcov", "between", "correlation", "log_likelihood"):
        assert np.isnan(getattr(many, name)[..., 1:]).all(), name
        assert np.isfinite(getattr(many, name)[..., 0]).all(), name
    assert not many.boundary[1:].any()


# Intervals and presentation


def test_intervals_and_the_difference():
    y, v, c = random_set(np.random.default_rng(30), 7)
    fit = pool_bivariate(y, v, vcov=c, confidence_level=0.9)
    assert (fit.df, fit.ci_method) == (6, "t")
    m = fit.vcov
    expected = [
        (fit.estimates[0], np.sqrt(m[0, 0])),
        (fit.estimates[1], np.sqrt(m[1, 1])),
        (fit.estimates[1] - fit.estimates[0], np.sqrt(m[0, 0] + m[1, 1] - 2 * m[0, 1])),
    ]
    for ours, (estimate, se) in zip((fit.first, fit.second, fit.difference), expected, strict=True):
        close(ours[:2], (estimate, se), 1e-13)
        close(ours.ci, estimate + np.array([-1, 1]) * stats.t.ppf(0.95, 6) * se, 1e-12)
    normal = pool_bivariate(y, v, vcov=c, ci_method="z")
    assert np.isinf(normal.df)
    close(normal.first.ci.high, normal.first.estimate + stats.norm.ppf(0.975) * normal.first.se, 1e-12)
    t = fit.between
    close(fit.tau_difference, np.sqrt(t[0, 0] + t[1, 1] - 2 * t[0, 1]), 1e-13)
    close(fit.correlation, t[0, 1] / np.sqrt(t[0, 0] * t[1, 1]), 1e-12)
    close(fit.tau, np.sqrt(np.diag(t)), 1e-13)


def test_frame_has_every_number():
    y, v, _ = random_set(np.random.default_rng(31), 6, correlated=False)
    fit = pool_bivariate(y, v)
    frame = fit.to_frame().set_index("outcome")
    assert frame.index.tolist() == ["first", "second", "difference"]
    for name, tau in zip(frame.index, (*fit.tau, fit.tau_difference), strict=True):
        row, value = frame.loc[name], getattr(fit, name)
        assert (row.estimate, row.se, row.ci_low, row.ci_high) == (value.estimate, value.se, *value.ci)
        assert (row.tau, row.k, row.correlation, row.tau2_method) == (tau, 6, fit.correlation, "REML")


def test_result_cannot_be_changed():
    fit = pool_bivariate(*random_set(np.random.default_rng(32), 5)[:2])
    for name in ("estimates", "vcov", "between", "tau"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(fit, name)[0] = 1.0


# Invariants

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from(METHODS), st.sampled_from([1e-3, 0.1, 100.0, 1e6]), st.floats(-50, 50))
def test_units_origin_and_order_do_not_matter(seed, method, unit, origin):
    rng = np.random.default_rng(seed)
    y, v, c = random_set(rng, 7, gaps=True)
    fit = pool_bivariate(y, v, vcov=c, tau2_method=method)
    units, order = np.array([unit, 1.0]), rng.permutation(7)
    moved = pool_bivariate(
        (y * units + origin)[order], (v * units**2)[order], vcov=(c * unit)[order], tau2_method=method
    )
    sd = np.outer(fit.tau, fit.tau) + fit.vcov
    close(moved.estimates - origin, fit.estimates * units, 1e-6, 1e-9 * unit + 1e-9)
    assert (np.abs(moved.between / np.outer(units, units) - fit.between) < 1e-6 * np.abs(sd) + 1e-6).all()


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from(METHODS))
def test_outcomes_may_be_swapped(seed, method):
    y, v, c = random_set(np.random.default_rng(seed), 6, gaps=True)
    fit = pool_bivariate(y, v, vcov=c, tau2_method=method)
    other = pool_bivariate(y[:, ::-1], v[:, ::-1], vcov=c, tau2_method=method)
    close(other.log_likelihood, fit.log_likelihood, 1e-9)
    close(other.between[::-1, ::-1], fit.between, 1e-5, 1e-6)
    close(other.difference.estimate, -fit.difference.estimate, 1e-5, 1e-6)
    close(other.difference.se, fit.difference.se, 1e-5)


# Bad input

GOOD = [[1.0, 2.0], [2.0, 3.0], [4.0, 1.0]], [[0.1, 0.2], [0.1, 0.2], [0.1, 0.2]]


@pytest.mark.parametrize(
    ("y", "v", "options", "message"),
    [
        (GOOD[0], GOOD[1][:2], {}, "shapes"),
        ([1.0, 2.0], [0.1, 0.1], {}, r"\(k, 2\)"),
        ([[1.0]] * 3, [[0.1]] * 3, {}, "1 columns, but must have 2"),
        ([[1.0, 2.0], [2.0, 3.0], [4.0, "x"]], GOOD[1], {}, "trial 3, second outcome: yi = 'x' is not a number"),
        (GOOD[0], [[0.1, 0.2], [0.1, -0.2], [0.0, 0.2]], {}, "2 problems"),
        (
            GOOD[0],
            [[0.1, 0.2], [0.1, 0.2], [np.nan, 0.2]],
            {"labels": list("ABC")},
            r"trial 3 \(C\), first outcome: vi = nan",
        ),
        (GOOD[0], GOOD[1], {"vcov": [0.0, 0.2, -0.2]}, r"trial 2: vcov = 0.2 is not between -0.141421 and"),
        (GOOD[0], GOOD[1], {"vcov": [0.0, 0.0, np.nan]}, "trial 3: vcov = nan"),
        (GOOD[0], GOOD[1], {"vcov": 0.1}, r"vcov has the shape \(\), but must have \(3,\)"),
        (GOOD[0], GOOD[1], {"tau2_method": "DL"}, "tau2_method='DL' is not known; use one of 'REML', 'ML'"),
        (GOOD[0], GOOD[1], {"ci_method": "HKSJ"}, "ci_method='HKSJ' is not known"),
        (GOOD[0], GOOD[1], {"confidence_level": 95}, "give a fraction"),
        (GOOD[0], GOOD[1], {"labels": list("AB")}, "2 labels for 3 studies"),
        (GOOD[0][:2], GOOD[1][:2], {}, "2 trials, 2 with the first outcome and 2 with the second, are too few"),
        (
            [[1.0, 2.0], [1.0, np.nan], [3.0, np.nan]],
            [[1.0, 2.0], [1.0, np.nan], [3.0, np.nan]],
            {},
            "3 trials, 3 with the first outcome and 1 with the second",
        ),
    ],
)
def test_input_that_cannot_be_pooled_is_explained(y, v, options, message):
    with pytest.raises(ValueError, match=message):
        pool_bivariate(y, v, **options)


def test_batches_explain_too():
    y, v = np.ones((3, 2)), np.full((3, 2), 0.1)
    with pytest.raises(ValueError, match="set 2, trial 3, second outcome: vi = 0.0"):
        pool_bivariate_columns(y, v, y, np.array([[0.1, 0.1], [0.1, 0.1], [0.1, 0.0]]))
    with pytest.raises(ValueError, match="set 1, trial 2: vcov = 5.0"):
        pool_bivariate_columns(y, v, y, v, np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 0.0]]))
    with pytest.raises(ValueError, match="they must agree"):
        pool_bivariate_columns(y, v, y[:, :1], v[:, :1])
    with pytest.raises(ValueError, match="tau2_method='PM'"):
        pool_bivariate_columns(y, v, y, v, tau2_method="PM")
    with pytest.raises(ValueError, match="members must be a boolean array"):
        pool_bivariate_groups(*GOOD, [[1], [1], [1]])
