"""Estimators of tau2 against slow, independent computations of the same quantities."""

import numpy as np
import pytest
from scipy import optimize

from analysis.models.tau2 import TAU2_METHODS, columns, estimate_tau2, log_likelihood, q_root


def tau2(yi, vi, method):
    """tau2 of columns (k, n) in the unit of yi squared."""
    data = columns(yi, vi)
    return estimate_tau2(data, method) * data.scale**2


def slow_log_likelihood(t, y, v, restricted):
    """The definition, by matrices and determinants."""
    variance = np.diag(v + t)
    inverse, one = np.linalg.inv(variance), np.ones(len(y))
    information = one @ inverse @ one
    residual = y - one @ inverse @ y / information
    value = -0.5 * (np.linalg.slogdet(variance)[1] + residual @ inverse @ residual)
    return value - 0.5 * np.log(information) if restricted else value


def slow_maximum(y, v, restricted):
    """tau2 and the log-likelihood there: a dense grid, then a bounded search around each of its peaks."""

    def minus(t):
        w = 1.0 / (v + t)
        mean = np.sum(w * y) / np.sum(w)
        extra = np.log(np.sum(w)) if restricted else 0.0
        return 0.5 * (np.sum(np.log(v + t)) + np.sum(w * (y - mean) ** 2) + extra)

    top = 10.0 * (np.ptp(y) ** 2 + v.max())
    grid = np.concatenate([[0.0], np.geomspace(1e-4 * v.min(), top, 600)])
    w = 1.0 / (v[:, None] + grid)
    mean = (w * y[:, None]).sum(axis=0) / w.sum(axis=0)
    height = np.log(v[:, None] + grid).sum(axis=0) + (w * (y[:, None] - mean) ** 2).sum(axis=0)
    height = height + np.log(w.sum(axis=0)) if restricted else height
    candidates = [(minus(0.0), 0.0)]
    for i in np.flatnonzero((height[1:-1] <= height[:-2]) & (height[1:-1] <= height[2:])) + 1:
        bounds = (grid[i - 1], grid[i + 1])
        found = optimize.minimize_scalar(minus, bounds=bounds, method="bounded", options={"xatol": 1e-10 * grid[i]})
        candidates.append((found.fun, found.x))
    best = min(candidates)
    return best[1], -best[0]


def random_sets(rng, n, k, kind):
    """Sets (k, n) that range from ordinary to hostile: outliers, variances spanning many powers of ten."""
    span = {"ordinary": 0.6, "wide": 2.0, "hostile": 4.0}[kind]
    v = 10.0 ** rng.uniform(-span, span, (k, n)) if kind != "ordinary" else rng.uniform(0.02, 0.6, (k, n))
    between = rng.choice([0.0, 0.05, 0.3, 5.0], n)
    noise = rng.normal(size=(k, n)) if kind == "ordinary" else rng.standard_t(2, (k, n))
    return noise * np.sqrt(v + between), v


def assert_global(y, v, method):
    """Every column reaches the likelihood that the slow search found."""
    restricted = method == "REML"
    ours = tau2(y, v, method)
    for j in range(y.shape[1]):
        theirs, height = slow_maximum(y[:, j], v[:, j], restricted)
        mine = -np.inf if np.isnan(ours[j]) else _height(ours[j], y[:, j], v[:, j], restricted)
        assert mine >= height - 1e-10 * max(1.0, abs(height)), (j, ours[j], theirs)
        if abs(ours[j] - theirs) > 1e-4 * (theirs + v[:, j].min()):  # elsewhere only if just as high, or higher
            assert mine >= height, (j, ours[j], theirs)


def _height(t, y, v, restricted):
    w = 1.0 / (v + t)
    mean = np.sum(w * y) / np.sum(w)
    extra = np.log(np.sum(w)) if restricted else 0.0
    return -0.5 * (np.sum(np.log(v + t)) + np.sum(w * (y - mean) ** 2) + extra)


@pytest.mark.parametrize("kind", ["ordinary", "wide", "hostile"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_likelihood_maximum_is_global(method, kind):
    rng = np.random.default_rng(7)
    for k in (2, 3, 5, 10):
        assert_global(*random_sets(rng, 25, k, kind), method)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_likelihood_maximum_is_global_in_20000_sets(method):
    rng = np.random.default_rng(8)
    for kind, n in (("ordinary", 1000), ("wide", 1000), ("hostile", 500)):
        for k in (2, 3, 5, 10):
            assert_global(*random_sets(rng, n, k, kind), method)


@pytest.mark.parametrize(("method", "found"), [("REML", 0.055832), ("ML", 0.035649)])
def test_variances_spanning_sixteen_powers_of_ten(method, found):
    y, v = np.array([0.2, 0.4, 0.3, 0.6, 0.9]), np.array([1e-8, 1e8, 0.1, 1e-4, 1e4])
    assert tau2(y[:, None], v[:, None], method)[0] == pytest.approx(found, rel=1e-4)
    data = columns(y[:, None], v[:, None])
    at = estimate_tau2(data, method)
    slope = log_likelihood(data.y, data.v, at * 1.01, method == "REML")
    assert slope < log_likelihood(data.y, data.v, at, method == "REML")


def test_two_maxima_and_the_boundary():
    y, v = np.array([0.0, 0.02, 3.0, -3.1]), np.array([1e-4, 1e-4, 0.5, 0.6])
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 100, 2000)])
    height = [slow_log_likelihood(t, y, v, False) for t in grid]
    peaks = [i for i in range(1, 2000) if height[i - 1] < height[i] > height[i + 1]]
    assert len(peaks) + (height[0] > height[1]) == 2
    best = grid[int(np.argmax(height))]
    assert tau2(y[:, None], v[:, None], "ML")[0] == pytest.approx(best, rel=0.02)


@pytest.mark.parametrize("restricted", [True, False])
def test_log_likelihood_is_the_definition(restricted):
    rng = np.random.default_rng(3)
    y, v = rng.normal(size=6), rng.uniform(0.1, 2.0, 6)
    data = columns(y[:, None], v[:, None])
    ours = [log_likelihood(data.y, data.v, t / data.scale**2, restricted)[0] for t in (0.0, 0.3, 4.0)]
    theirs = [slow_log_likelihood(t, y, v, restricted) for t in (0.0, 0.3, 4.0)]
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-12)


def test_closed_forms():
    y, v = np.array([0.1, 0.9, 0.4, 1.6]), np.array([0.1, 0.2, 0.05, 0.3])
    w, k = 1 / v, 4
    q = np.sum(w * (y - np.average(y, weights=w)) ** 2)
    start = np.var(y)
    u = 1 / (v + start)
    expected = {
        "CE": 0.0,
        "DL": (q - (k - 1)) / (w.sum() - (w**2).sum() / w.sum()),
        "HE": np.var(y, ddof=1) - v.mean(),
        "HS": (q - k) / w.sum(),
        "SJ": start * np.sum(u * (y - np.average(y, weights=u)) ** 2) / (k - 1),
    }
    for method, value in expected.items():
        assert tau2(y[:, None], v[:, None], method)[0] == pytest.approx(value, rel=1e-13), method


@pytest.mark.parametrize("kind", ["ordinary", "wide", "hostile"])
def test_paule_mandel_solves_its_equation(kind):
    y, v = random_sets(np.random.default_rng(5), 300, 6, kind)
    found = tau2(y, v, "PM")
    w = 1 / (v + found)
    q = (w * (y - (w * y).sum(axis=0) / w.sum(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(q[found > 0], 5.0, rtol=1e-9)
    assert (q[found == 0] <= 5.0 * (1 + 1e-12)).all()
    assert 0 < np.sum(found == 0) < 300
    np.testing.assert_array_equal(tau2(y, v, "EB"), found)


def test_generalised_q_root_is_exact_at_both_ends():
    y, v = random_sets(np.random.default_rng(6), 50, 8, "wide")
    data = columns(y, v)
    assert (q_root(data, np.full(50, 1e9)) == 0).all()
    small = q_root(data, np.full(50, 1e-3))
    w = 1 / (data.v + small)
    q = (w * (data.y - (w * data.y).sum(axis=0) / w.sum(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(q, 1e-3, rtol=1e-9)


@pytest.mark.parametrize("method", TAU2_METHODS)
def test_equal_outcomes_have_no_heterogeneity(method):
    y, v = np.full((5, 1), 0.1 + 0.2), np.array([0.1, 0.2, 0.05, 1e-7, 3.0])[:, None]
    assert tau2(y, v, method)[0] == 0.0


@pytest.mark.parametrize("method", TAU2_METHODS)
def test_absent_studies_are_as_if_never_given(method):
    rng = np.random.default_rng(11)
    y, v = random_sets(rng, 200, 9, "wide")
    gone = rng.random(v.shape) < 0.4
    gone[4:6] = False
    with_nan = tau2(np.where(gone, np.nan, y), np.where(gone, np.nan, v), method)
    for j in range(200):
        here = ~gone[:, j]
        alone = tau2(y[here, j][:, None], v[here, j][:, None], method)[0]
        assert with_nan[j] == pytest.approx(alone, rel=1e-10, abs=1e-12 * v[here, j].min())


@pytest.mark.parametrize("method", TAU2_METHODS)
def test_single_study_has_tau2_zero_here(method):
    assert tau2(np.array([[0.4]]), np.array([[0.1]]), method)[0] == 0.0
