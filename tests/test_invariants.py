"""What must hold for any data: order, shift, scale, bounds, levels, duplication, agreement of functions."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.models.pooling import CI_METHODS, pool, pool_batch, pool_columns
from analysis.models.tau2 import TAU2_METHODS

methods = st.sampled_from(TAU2_METHODS)
intervals = st.sampled_from(CI_METHODS)
outcomes = st.floats(-5, 5).map(lambda x: round(x, 6))
variances = st.floats(-3, 1.5).map(lambda x: round(10.0**x, 8))


@st.composite
def studies(draw, min_size=2, max_size=12):
    pairs = draw(st.lists(st.tuples(outcomes, variances), min_size=min_size, max_size=max_size))
    yi, vi = (np.array(x) for x in zip(*pairs, strict=True))
    return yi, vi


def close(one, other, rel=1e-8, floor=0.0):
    np.testing.assert_allclose(one, other, rtol=rel, atol=floor)


def tied(yi, vi, method):
    """Whether two maxima of the likelihood are as good as equal, so that rounding decides between them."""
    if method not in ("ML", "REML"):
        return False
    found = [pool(yi * (1 + 1e-9 * s), vi, tau2_method=method).tau2 for s in (-1, 0, 1)]
    return np.ptp(found) > 1e-5 * (max(found) + vi.min())


@given(studies(), methods, st.randoms(use_true_random=False))
def test_order_of_studies_does_not_matter(data, method, random):
    yi, vi = data
    assume(not tied(yi, vi, method))
    order = list(range(len(yi)))
    random.shuffle(order)
    one, other = (pool(yi[i], vi[i], tau2_method=method, ci_method="t") for i in (range(len(yi)), order))
    scale = vi.min()
    close(one.tau2, other.tau2, floor=1e-9 * scale)
    close(one.estimate, other.estimate, floor=1e-9)
    close(one.se, other.se)
    close(one.weights[order], other.weights)
    close(one.tau2_ci, other.tau2_ci, floor=1e-9 * scale)


@given(studies(), methods, intervals, st.sampled_from([-3.0, 0.25, 100.0]))
def test_shift_moves_only_the_location(data, method, ci_method, by):
    yi, vi = data
    assume(not tied(yi, vi, method))
    one = pool(yi, vi, tau2_method=method, ci_method=ci_method)
    other = pool(yi + by, vi, tau2_method=method, ci_method=ci_method)
    close(one.tau2, other.tau2, floor=1e-8 * vi.min())
    close(one.estimate + by, other.estimate, floor=1e-8)
    close(one.se, other.se, floor=1e-7)
    close(one.q, other.q, floor=1e-8)


@given(studies(), methods, intervals, st.floats(-6, 6))
def test_scale(data, method, ci_method, power):
    yi, vi = data
    assume(not tied(yi, vi, method))
    c = 10.0**power
    one = pool(yi, vi, tau2_method=method, ci_method=ci_method)
    other = pool(yi * c, vi * c**2, tau2_method=method, ci_method=ci_method)
    floor = 1e-13 * (vi.min() + np.ptp(yi) ** 2) * c**2
    close(one.tau2 * c**2, other.tau2, rel=1e-9, floor=floor)
    close(np.multiply(one.tau2_ci, c**2), other.tau2_ci, rel=1e-9, floor=floor)
    close(one.estimate * c, other.estimate, rel=1e-9, floor=1e-9 * c)
    close(one.se * c, other.se, rel=1e-9, floor=1e-9 * c)
    close(one.pvalue, other.pvalue, rel=1e-6, floor=1e-9)
    close((one.i2, one.h2, one.q), (other.i2, other.h2, other.q), rel=1e-7, floor=1e-10)


@pytest.mark.parametrize("method", TAU2_METHODS)
@pytest.mark.parametrize("c", [1e-6, 1e-3, 0.3, 7.0, 1e3, 1e6])
def test_scale_of_tau2_is_exact_to_nine_digits(method, c):
    rng = np.random.default_rng(1)
    vi = rng.uniform(0.05, 0.6, (300, 8))
    yi = rng.normal(0, np.sqrt(vi + 0.3))
    one, other = (pool_batch(yi * s, vi * s**2, tau2_method=method).tau2 for s in (1.0, c))
    close(one * c**2, other, rel=1e-9)


@given(studies(), intervals)
def test_zero_tau2_makes_random_effects_common(data, ci_method):
    yi, vi = data
    common = pool(yi, vi, tau2_method="CE", ci_method=ci_method)
    assert (common.tau2, common.weights.sum()) == (0, pytest.approx(1))
    for method in TAU2_METHODS:
        pooled = pool(yi, vi, tau2_method=method, ci_method=ci_method)
        if pooled.tau2 == 0:
            close((pooled.estimate, pooled.se, *pooled.ci), (common.estimate, common.se, *common.ci), rel=1e-13)
    if common.q <= len(yi) - 1:
        assert pool(yi, vi, tau2_method="DL").tau2 == pool(yi, vi, tau2_method="PM").tau2 == 0


@given(studies(), methods)
def test_estimate_lies_among_the_outcomes(data, method):
    yi, vi = data
    pooled = pool(yi, vi, tau2_method=method)
    slack = 1e-12 * np.abs(yi).max()
    assert yi.min() - slack <= pooled.estimate <= yi.max() + slack
    assert pooled.tau2 >= 0
    assert 0 <= pooled.i2 <= 1
    assert pooled.tau2_ci is not None and (method == "CE" or pooled.tau2_ci.low <= pooled.tau2_ci.high)
    assert (pooled.weights > 0).all() and pooled.weights.sum() == pytest.approx(1)


@given(studies(min_size=3), methods, intervals, st.floats(0.5, 0.9), st.floats(0.01, 0.09))
def test_wider_level_wider_interval(data, method, ci_method, level, more):
    yi, vi = data
    assume(np.ptp(yi) > 0)
    one, other = (
        pool(yi, vi, tau2_method=method, ci_method=ci_method, confidence_level=x) for x in (level, level + more)
    )
    assert other.ci.low < one.ci.low < one.estimate < one.ci.high < other.ci.high
    if method != "CE":
        assert other.pi.low < one.pi.low < one.pi.high < other.pi.high
        assert other.tau2_ci.low <= one.tau2_ci.low <= one.tau2_ci.high <= other.tau2_ci.high


@given(studies(), methods, st.integers(2, 4))
def test_duplicated_studies_shrink_the_wald_error_only(data, method, times):
    yi, vi = data
    once = pool(yi, vi, tau2=0.3, ci_method="z")
    copies = pool(np.tile(yi, times), np.tile(vi, times), tau2=0.3, ci_method="z")
    close(once.estimate, copies.estimate, floor=1e-12)
    close(once.se / np.sqrt(times), copies.se, rel=1e-12)
    ml = pool(yi, vi, tau2_method="ML").tau2
    if not tied(yi, vi, "ML"):  # the likelihood of copies is a power of the likelihood
        close(ml, pool(np.tile(yi, times), np.tile(vi, times), tau2_method="ML").tau2, floor=1e-8 * vi.min())


@given(studies(), st.sampled_from(["CE", "ML", "REML"]), outcomes)
def test_study_of_huge_variance_changes_nothing(data, method, extra):
    yi, vi = data
    assume(not tied(yi, vi, method))
    one = pool(yi, vi, tau2_method=method, ci_method="z")
    other = pool(np.append(yi, extra), np.append(vi, 1e14), tau2_method=method, ci_method="z")
    close(one.estimate, other.estimate, floor=1e-8)
    close(one.se, other.se, rel=1e-7)
    close(one.tau2, other.tau2, rel=1e-5, floor=1e-6 * vi.min())
    assert other.weights[-1] < 1e-10


@given(studies(min_size=1), methods, intervals)
def test_batch_row_is_the_single_fit(data, method, ci_method):
    yi, vi = data
    assume(not tied(yi, vi, method))
    alone = pool(yi, vi, tau2_method=method, ci_method=ci_method)
    row = np.full((3, len(yi) + 2), np.nan)
    other = row.copy()
    row[:, 1:-1], other[:, 1:-1] = yi, vi
    batch = pool_batch(row, other, tau2_method=method, ci_method=ci_method)
    close(batch.tau2, np.full(3, alone.tau2), floor=1e-9 * vi.min())
    close(batch.estimate, np.full(3, alone.estimate), floor=1e-9)
    close(batch.se, np.full(3, alone.se), floor=1e-9)
    assert (batch.k == len(yi)).all()


@settings(max_examples=50)
@given(studies(min_size=2), methods, st.data())
def test_columns_are_single_fits(data, method, draw):
    yi, vi = data
    rows = draw.draw(st.lists(st.lists(st.booleans(), min_size=len(yi), max_size=len(yi)), min_size=1, max_size=4))
    members = np.array([row for row in rows if any(row)] or [[True] * len(yi)]).T
    for pooled, here in zip(pool_columns(yi, vi, members, tau2_method=method), members.T, strict=True):
        assume(not tied(yi[here], vi[here], method))
        alone = pool(yi[here], vi[here], tau2_method=method)
        close(pooled.tau2, alone.tau2, floor=1e-9 * vi.min())
        close((pooled.estimate, pooled.se, *pooled.ci), (alone.estimate, alone.se, *alone.ci), floor=1e-8)


@given(studies(), methods, intervals)
def test_mirrored_outcomes_mirror_the_result(data, method, ci_method):
    yi, vi = data
    assume(not tied(yi, vi, method))
    one = pool(yi, vi, tau2_method=method, ci_method=ci_method)
    other = pool(-yi, vi, tau2_method=method, ci_method=ci_method)
    close((one.estimate, one.ci.low, one.ci.high), (-other.estimate, -other.ci.high, -other.ci.low), floor=1e-12)
    close(one.tau2, other.tau2)
