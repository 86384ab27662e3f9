"""SDs recovered from what papers print, against printed SDs and simulated people."""

import numpy as np
import pytest

from analysis import recover


def test_sd_from_ci_matches_a_trial_that_prints_both():
    """Shin 2015 prints the SD of the change and its 90% interval; the interval is rounded to 0.1."""
    assert recover.sd_from_ci(-12.1, -5.4, 28, level=0.90) == pytest.approx(10.42, abs=0.16)
    assert recover.sd_from_ci(-11.35, -3.09, 27, level=0.90) == pytest.approx(12.58, abs=0.02)


def test_sd_from_ci_inverts_the_t_interval():
    from scipy import stats

    low, high = stats.t.interval(0.95, df=11, loc=-2.0, scale=1.7 / np.sqrt(12))
    assert recover.sd_from_ci(low, high, 12) == pytest.approx(1.7, rel=1e-12)


def test_combine_arms_equals_pooling_the_people():
    rng = np.random.default_rng(1)
    people = [rng.normal(m, s, n) for m, s, n in ((-2, 1.5, 12), (-1, 2.0, 30), (0.5, 1.0, 7))]
    arms = [[p.mean() for p in people], [p.std(ddof=1) for p in people], [len(p) for p in people]]
    together = np.concatenate(people)
    mean, sd, n = recover.combine_arms(*arms)
    assert (mean, sd, n) == pytest.approx((together.mean(), together.std(ddof=1), 49), rel=1e-12)


def test_combine_arms_table_6_5_a():
    """The two-arm formula of the Cochrane Handbook, table 6.5.a, written out."""
    (m1, m2), (s1, s2), (n1, n2) = (6.13, 7.33), (9.63, 6.65), (15, 18)
    squares = (n1 - 1) * s1**2 + (n2 - 1) * s2**2 + n1 * n2 / (n1 + n2) * (m1 - m2) ** 2
    expected = (n1 * m1 + n2 * m2) / (n1 + n2), np.sqrt(squares / (n1 + n2 - 1))
    assert recover.combine_arms((m1, m2), (s1, s2), (n1, n2))[:2] == pytest.approx(expected, rel=1e-12)


def test_pooled_sd_weights_degrees_of_freedom():
    assert recover.pooled_sd([2.0, 2.0], [5, 50]) == pytest.approx(2.0)
    assert recover.pooled_sd([1.0, 3.0], [11, 11]) == pytest.approx(np.sqrt(5.0))
