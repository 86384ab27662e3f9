"""Generalised Q: its distribution against independent computations, its intervals against metafor and themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from analysis.models.pooling import pool
from analysis.models.tau2 import GENERALISED_Q_METHODS, generalised_q_cdf, generalised_q_interval

FOLDER = Path(__file__).parent / "reference"
STUDIES = {part["id"]: part for part in json.loads((FOLDER / "metafor_reference.json").read_text("utf-8"))["sets"]}
REFERENCE = json.loads((FOLDER / "generalised_q.json").read_text("utf-8"))["sets"]
METAFOR = {"biggerstaff_jackson": "Biggerstaff", "jackson": "Jackson"}
POWER = {"Biggerstaff": -1.0, "Jackson": -0.5}

# metafor leaves the root search of these limits at R's default absolute tolerance, however small tau2 is: its
# own upper limit for dat.graves2010/RD is 280 times the root of the equation.
UNIROOT = np.finfo(float).eps ** 0.25


def cdf(q, a, s):
    """Probability of one Q of at most q, and its derivative, for weights and variances (k,)."""
    p, slope = generalised_q_cdf([q], np.asarray(a, float)[:, None], np.asarray(s, float)[:, None])
    return p[0], slope[0]


def observed(yi, vi, weights):
    """The fixed weights and the generalised Q, by the definition."""
    a = vi ** POWER[weights]
    return a, np.sum(a * (yi - np.sum(a * yi) / np.sum(a)) ** 2)


def coefficients(a, s):
    """Coefficients of the chi-square(1) variables: the non-zero eigenvalues of S^(1/2) A S^(1/2)."""
    a, root = np.asarray(a, float), np.sqrt(s)
    return np.linalg.eigvalsh(root[:, None] * (np.diag(a) - np.outer(a, a) / a.sum()) * root)[1:]


def ruben(q, lam, terms=1000):
    """Ruben's mixture of chi-square distributions (algorithm AS 204), all of whose terms are positive."""
    beta = lam.min()
    power = (1.0 - beta / lam)[:, None] ** np.arange(1, terms)
    g = power.sum(axis=0)
    c = np.empty(terms)
    c[0] = np.prod(np.sqrt(beta / lam))
    for j in range(1, terms):
        c[j] = g[:j][::-1] @ c[:j] / (2.0 * j)
    return c @ special.gammainc(lam.size / 2.0 + np.arange(terms), q / beta / 2.0)


def studies(part):
    """Outcomes and variances, without the studies that metafor leaves out as missing."""
    yi, vi = np.array(part["yi"], dtype=float), np.array(part["vi"], dtype=float)
    present = ~np.isnan(yi + vi)
    return yi[present], vi[present]


# the distribution


@pytest.mark.parametrize("k", [2, 3, 4, 10, 50, 200, 500])
def test_equal_variances_and_weights_give_a_chi_square_variable(k):
    p = np.array([1e-12, 1e-6, 0.001, 0.025, 0.3, 0.5, 0.9, 0.975, 0.999, 1 - 1e-9])
    q = 2.0 * special.gammaincinv((k - 1) / 2.0, p)
    ours = generalised_q_cdf(3.0 * q, np.full((k, p.size), 6.0), np.full((k, p.size), 0.5))[0]
    np.testing.assert_allclose(ours, p, rtol=0, atol=1e-13)
    np.testing.assert_allclose(ours[1:4], p[1:4], rtol=3e-12)


@pytest.mark.parametrize("spread", [1e0, 1e4, 1e8, 1e16])
def test_two_studies_give_one_chi_square_variable_whatever_their_variances(spread):
    s, a, p = np.array([1.0, spread]), np.array([1.0, 1.0 / spread]), np.array([1e-6, 0.025, 0.5, 0.975])
    scale = a[0] * a[1] * s.sum() / a.sum()
    for share, x in zip(p, 2.0 * special.gammaincinv(0.5, p), strict=True):
        assert cdf(scale * x, a, s)[0] == pytest.approx(share, rel=1e-13)


@pytest.mark.parametrize(
    ("q", "a", "s", "exact"),
    [  # 20 digits: numerical inversion in 60-digit arithmetic, from the eigenvalues
        (0.5, [1, 2, 4], [1, 3, 2], 0.067601051183909880662),
        (30.0, [1, 1, 1, 1, 1], [1, 2, 4, 8, 16], 0.71393066069560974478),
        (2.0, [1000, 1, 0.5, 0.25], [0.125, 1, 4, 64], 0.094287504497536719467),
        (1e-3, [1, 2], [1, 1], 0.021848237548016913898),
    ],
)
def test_probabilities_in_high_precision(q, a, s, exact):
    assert cdf(q, a, s)[0] == pytest.approx(exact, rel=5e-15)


def test_probabilities_agree_with_a_mixture_of_chi_square_variables():
    rng = np.random.default_rng(1)
    for k in (3, 5, 9, 20, 60):
        for _ in range(4):
            a, s = rng.uniform(0.2, 1.0, k), rng.uniform(0.2, 1.0, k)
            lam = coefficients(a, s)
            q = lam.sum() * rng.uniform(0.3, 2.0)
            assert cdf(q, a, s)[0] == pytest.approx(ruben(q, lam), abs=1e-12)


def test_probability_agrees_with_simulation():
    rng = np.random.default_rng(2)
    a, s = np.array([4.0, 1.0, 0.5, 2.0]), np.array([0.5, 3.0, 2.0, 1.0])
    y = rng.normal(size=(4, 400_000)) * np.sqrt(s)[:, None]
    q = (a[:, None] * (y - a @ y / a.sum()) ** 2).sum(axis=0)
    for x in np.quantile(q, [0.025, 0.5, 0.975]):
        p = cdf(x, a, s)[0]
        assert abs(np.mean(q <= x) - p) < 4.0 * np.sqrt(p * (1.0 - p) / q.size)


def test_derivative_by_the_common_variance():
    rng = np.random.default_rng(3)
    for k in (2, 6, 30):
        a, s = rng.uniform(0.1, 2.0, k), rng.uniform(0.1, 2.0, k)
        q = coefficients(a, s).sum()
        step = 1e-5
        slope = (cdf(q, a, s + step)[0] - cdf(q, a, s - step)[0]) / (2.0 * step)
        assert cdf(q, a, s)[1] == pytest.approx(slope, rel=1e-8)
        assert slope < 0


def test_absent_studies_and_the_scale_of_the_weights_do_not_matter():
    a, s = np.array([1.0, 2.0, 0.5]), np.array([1.0, 0.3, 2.0])
    p = cdf(1.5, a, s)[0]
    assert cdf(1.5, [*a, 0.0], [*s, 1.0])[0] == pytest.approx(p, rel=1e-14)
    assert cdf(1.5e6, 1e6 * a, s)[0] == pytest.approx(p, rel=1e-13)
    assert cdf(0.0, a, s) == (0.0, 0.0)


# metafor


def brent(f, a, b, tolerance):
    """Brent's root search (1973), whose every step R's uniroot takes: it stops where uniroot stops."""
    fa, fb = f(a), f(b)
    c, fc = a, fa
    while True:
        previous = b - a
        if abs(fc) < abs(fb):
            a, b, c, fa, fb, fc = b, c, b, fb, fc, fb
        small = 2.0 * np.finfo(float).eps * abs(b) + tolerance / 2.0
        step = (c - b) / 2.0
        if abs(step) <= small or fb == 0.0:
            return b
        if abs(previous) >= small and abs(fa) > abs(fb):
            if a == c:
                p, q = (c - b) * fb / fa, 1.0 - fb / fa
            else:
                q, r, s = fa / fc, fb / fc, fb / fa
                p = s * ((c - b) * q * (q - r) - (b - a) * (r - 1.0))
                q = (q - 1.0) * (r - 1.0) * (s - 1.0)
            p, q = abs(p), (-q if p > 0 else q)
            if p < 0.75 * (c - b) * q - abs(small * q) / 2.0 and p < abs(previous * q / 2.0):
                step = p / q
        a, fa = b, fb
        b += step if abs(step) >= small else np.copysign(small, step)
        fb = f(b)
        if (fb > 0) == (fc > 0):
            c, fc = a, fa


def excess(q, a, v, share):
    return lambda tau2: cdf(q, a, v + tau2)[0] - share


def test_every_data_set_is_compared():
    assert {part["id"] for part in REFERENCE} == set(STUDIES)
    assert set(METAFOR.values()) == set(GENERALISED_Q_METHODS)
    assert all(set(part["confint_GENQ"]) == set(METAFOR) for part in REFERENCE)


@pytest.mark.parametrize("name", METAFOR)
def test_limits_agree_with_metafor_as_far_as_its_root_search_goes(name):
    zeros = 0
    for part in REFERENCE:
        ours = generalised_q_interval(*studies(STUDIES[part["id"]]), METAFOR[name])
        theirs = part["confint_GENQ"][name]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=UNIROOT, err_msg=part["id"])
        assert all(b == 0 for a, b in zip(ours, theirs, strict=True) if a == 0), part["id"]
        zeros += ours.count(0.0)
    assert zeros > 30


@pytest.mark.parametrize("name", METAFOR)
def test_with_the_same_root_search_limits_agree_with_metafor_to_eight_digits(name):
    """Observed: 3e-12. The bracket is not part of the reference; this one reproduces every limit."""
    compared = 0
    for part in REFERENCE:
        yi, vi = studies(STUDIES[part["id"]])
        a, q = observed(yi, vi, METAFOR[name])
        top = max(1000.0, 1e4 * np.var(yi, ddof=1))
        for theirs, share in zip(part["confint_GENQ"][name], (0.975, 0.025), strict=True):
            above = excess(q, a, vi, share)
            if above(0.0) > 0:
                assert brent(above, 0.0, top, UNIROOT) == pytest.approx(theirs, rel=1e-8, abs=0), part["id"]
                compared += 1
            else:
                assert theirs == 0, part["id"]
    assert compared > 160


# the interval


def random_sets(rng, n, k, span):
    """Outcomes and variances (k, n); the variances span 10**(2 span)."""
    v = 10.0 ** rng.uniform(-span, span, (k, n))
    return rng.normal(size=(k, n)) * np.sqrt(v + rng.choice([0.0, 0.1, 3.0], n)), v


@pytest.mark.parametrize("weights", GENERALISED_Q_METHODS)
@pytest.mark.parametrize(("k", "span"), [(2, 0.5), (3, 2.0), (10, 0.5), (10, 4.0), (100, 1.0), (300, 0.3)])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
def test_limits_solve_their_equation(weights, k, span, level):
    y, v = random_sets(np.random.default_rng(k), 6, k, span)
    low, high = generalised_q_interval(y, v, weights, level)
    tail = (1.0 - level) / 2.0
    for end, share in ((low, 1.0 - tail), (high, tail)):
        for j in range(6):
            a, q = observed(y[:, j], v[:, j], weights)
            p = cdf(q, a, v[:, j] + end[j])[0]
            assert p <= share if end[j] == 0 else abs(p - share) < 1e-12, (j, end[j])
    assert (high > 0).any()


def test_equal_variances_give_the_q_profile_interval():
    yi = [0.1, 0.7, -0.4, 1.9, 0.5]
    for weights in GENERALISED_Q_METHODS:
        ours = generalised_q_interval(yi, [0.1] * 5, weights, 0.9)
        np.testing.assert_allclose(ours, pool(yi, [0.1] * 5, confidence_level=0.9).tau2_ci, rtol=1e-12)


SETS = st.integers(2, 12).flatmap(
    lambda k: st.tuples(
        st.lists(st.floats(-3, 3), min_size=k, max_size=k), st.lists(st.floats(0.02, 4), min_size=k, max_size=k)
    )
)


def test_outcomes_that_hardly_differ_have_the_interval_of_equal_ones():
    for gap in (7.9e-94, 1e-120, 1e-160):
        near = generalised_q_interval([0.0, gap], [1.0, 1.0], "Jackson")
        assert near == generalised_q_interval([0.0, 0.0], [1.0, 1.0], "Jackson")


@given(SETS, st.sampled_from(GENERALISED_Q_METHODS), st.randoms(use_true_random=False))
def test_order_and_shift_of_the_outcomes_do_not_matter(part, weights, random):
    yi, vi = map(np.array, part)
    order = list(range(yi.size))
    random.shuffle(order)
    base = generalised_q_interval(yi, vi, weights)
    np.testing.assert_allclose(generalised_q_interval(yi[order], vi[order], weights), base, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(generalised_q_interval(yi + 5.0, vi, weights), base, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(generalised_q_interval(-yi, vi, weights), base, rtol=1e-9, atol=1e-11)


@given(SETS, st.sampled_from(GENERALISED_Q_METHODS), st.sampled_from([1e-6, 0.3, 7.0, 1e6]))
def test_limits_scale_with_the_square_of_the_unit(part, weights, factor):
    yi, vi = map(np.array, part)
    base = np.array(generalised_q_interval(yi, vi, weights))
    scaled = np.array(generalised_q_interval(factor * yi, factor**2 * vi, weights)) / factor**2
    np.testing.assert_allclose(scaled, base, rtol=1e-9, atol=1e-11)


@given(SETS, st.sampled_from(GENERALISED_Q_METHODS))
def test_a_higher_level_widens_the_interval(part, weights):
    narrow, wide = (generalised_q_interval(*part, weights, level) for level in (0.8, 0.95))
    assert wide.low <= narrow.low + 1e-11
    assert wide.high >= narrow.high - 1e-11
    assert 0.0 <= narrow.low <= narrow.high


@pytest.mark.parametrize("weights", GENERALISED_Q_METHODS)
def test_columns_are_single_meta_analyses(weights):
    y, v = random_sets(np.random.default_rng(5), 120, 8, 1.0)
    y[5:, ::3] = v[5:, ::3] = np.nan
    y[1:, 7] = v[1:, 7] = np.nan
    low, high = generalised_q_interval(y, v, weights)
    for j in range(0, 120, 7):
        here = ~np.isnan(y[:, j])
        alone = generalised_q_interval(y[here, j], v[here, j], weights)
        np.testing.assert_allclose((low[j], high[j]), alone, rtol=1e-11, atol=1e-13)
    assert np.isnan(low[7]) and np.isnan(high[7]) and np.isnan(low).sum() == 1


def test_a_single_study_has_no_interval():
    assert np.isnan(generalised_q_interval([1.0], [0.5])).all()


@pytest.mark.parametrize("weights", GENERALISED_Q_METHODS)
def test_too_little_variation_even_for_tau2_of_zero(weights):
    assert generalised_q_interval([1.0, 1.0, 1.0], [0.1, 0.2, 0.3], weights) == (0.0, 0.0)
    assert generalised_q_interval([1.0, 1.001, 1.0], [0.1, 0.2, 0.3], weights) == (0.0, 0.0)


@pytest.mark.parametrize("weights", GENERALISED_Q_METHODS)
def test_each_limit_misses_tau2_as_often_as_it_should(weights):
    """Half of 20% each; bounds are 4 binomial standard deviations."""
    rng, tau2, n = np.random.default_rng(6), 0.3, 2000
    v = rng.uniform(0.05, 1.0, (6, n))
    low, high = generalised_q_interval(rng.normal(size=(6, n)) * np.sqrt(v + tau2), v, weights, 0.8)
    bound = 4.0 * np.sqrt(0.1 * 0.9 / n)
    assert abs(np.mean(low > tau2) - 0.1) < bound
    assert abs(np.mean(high < tau2) - 0.1) < bound


def test_unusable_input_is_refused():
    with pytest.raises(ValueError, match="weights='QP' is not known"):
        generalised_q_interval([0.0, 1.0], [1.0, 1.0], "QP")
    with pytest.raises(ValueError, match="confidence_level=95"):
        generalised_q_interval([0.0, 1.0], [1.0, 1.0], confidence_level=95)
    with pytest.raises(ValueError, match="study 2: vi = -1.0"):
        generalised_q_interval([0.0, 1.0], [1.0, -1.0])
    with pytest.raises(ValueError, match="study 2, meta-analysis 1: vi = 0.0"):
        generalised_q_interval([[0.0], [1.0]], [[1.0], [0.0]])
    with pytest.raises(ValueError, match=r"the shape must be \(k,\)"):
        generalised_q_interval(1.0, 2.0)


def test_extreme_but_valid_variances():
    yi, vi = [0.0, 1.0, 30.0, -2.0], [1e-16, 1.0, 1e16, 1e-8]
    for weights in GENERALISED_Q_METHODS:
        low, high = generalised_q_interval(yi, vi, weights)
        assert 0.0 <= low <= high < np.inf
