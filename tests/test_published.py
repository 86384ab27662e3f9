"""Published tables, reproduced to half a unit of the last printed digit."""

import numpy as np
import pytest

import analysis as ma
from analysis.effects import log_odds_ratio, log_risk_ratio
from analysis.models.pooling import pool

# DerSimonian & Kacker 2007, Contemporary Clinical Trials 28:105-114, Tables 3 and 4 (pages 111-112):
# six trials of low-dose aspirin against pre-eclampsia (CLASP), log odds ratios.
CLASP = log_odds_ratio(
    [5, 5, 12, 69, 9, 313],
    [156, 303, 565, 1570, 103, 4659],
    [8, 17, 9, 94, 11, 352],
    [74, 303, 477, 1565, 105, 4650],
)
CLASP_TABLE = {  # tau, mean, standard error
    "PM": (0.3681, -0.3811, 0.2060),
    "HE": (0.4410, -0.4035, 0.2327),
    "DL": (0.2323, -0.3240, 0.1540),
    "EB": (0.3681, -0.3811, 0.2060),
    "REML": (0.1843, -0.2980, 0.1343),
    "HS": (0.1330, -0.2666, 0.1125),
    "SJ": (0.4572, -0.4079, 0.2386),
}

# Thirteen trials of BCG vaccine against tuberculosis (Colditz et al. 1994, JAMA 271:698-702), log risk
# ratios, pooled by Stata's metan as quoted in metafor's test suite.
BCG = log_risk_ratio(
    [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
    [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
)

# Eighteen trials of third-wave psychotherapies, Hedges' g with its 95% limits, as the second edition of Harrer,
# Cuijpers, Furukawa & Ebert, Doing Meta-Analysis in R (github.com/MathiasHarrer/Doing-Meta-Analysis-in-R) prints them:
# 06-pooling_effect_sizes.Rmd, "Pre-Calculated Effect Size Data".
THIRD_WAVE = [
    (0.7091, 0.1979, 1.2203),
    (0.3549, -0.0300, 0.7397),
    (1.7912, 1.1139, 2.4685),
    (0.1825, -0.0484, 0.4133),
    (0.4219, 0.1380, 0.7057),
    (0.6300, 0.2458, 1.0142),
    (0.7249, 0.2846, 1.1652),
    (0.5287, 0.1162, 0.9412),
    (0.2840, -0.0453, 0.6133),
    (1.2751, 0.6142, 1.9360),
    (0.1036, -0.2781, 0.4853),
    (0.3884, -0.0639, 0.8407),
    (0.5407, 0.0619, 1.0196),
    (0.4262, -0.0794, 0.9317),
    (0.5154, -0.1731, 1.2039),
    (1.4797, 0.8618, 2.0977),
    (0.6126, 0.1683, 1.0569),
    (0.6000, 0.1120, 1.0880),
]
OUTLIERS = 2, 15


def third_wave(*without):
    """Effects and standard errors of the eighteen trials, but those left out."""
    yi, low, high = np.delete(THIRD_WAVE, without, axis=0).T
    return {"yi": yi, "se": (high - low) / (2 * 1.959964)}


def printed(value, text):
    """Whether `value` rounds to the number printed as `text`."""
    return abs(value - float(text)) <= 0.5 * 10.0 ** -len(text.partition(".")[2]) * (1 + 1e-9)


@pytest.mark.parametrize("method", CLASP_TABLE)
def test_clasp(method):
    pooled = pool(*CLASP, tau2_method=method, ci_method="z")
    found = (pooled.tau, pooled.estimate, pooled.se)
    assert all(printed(x, f"{table:.4f}") for x, table in zip(found, CLASP_TABLE[method], strict=True)), found


def test_clasp_maximum_likelihood_is_at_zero():
    # The tables print tau 0.0023, mean -0.1974 and standard error 0.0694: an iteration on its way to zero,
    # where the likelihood is higher still. The printed tau gives the printed mean and standard error.
    yi, vi = CLASP

    def log_likelihood(tau):
        w = 1 / (vi + tau**2)
        return 0.5 * (np.log(w).sum() - (w * (yi - np.average(yi, weights=w)) ** 2).sum())

    pooled = pool(yi, vi, tau2_method="ML", ci_method="z")
    assert pooled.tau == 0
    assert log_likelihood(0) > log_likelihood(0.001) > log_likelihood(0.0023)
    on_the_way = pool(yi, vi, tau2=0.0023**2, ci_method="z")
    assert printed(on_the_way.estimate, "-0.1974")
    assert printed(on_the_way.se, "0.0694")


def test_bcg_common_effect():
    pooled = pool(*BCG, tau2_method="CE", ci_method="z")
    assert printed(pooled.estimate, "-0.4303")
    assert printed(pooled.q, "152.2330")
    assert printed(100 * pooled.i2, "92.12")


def test_bcg_random_effects():
    pooled = pool(*BCG, tau2_method="DL", ci_method="z")
    assert printed(pooled.estimate, "-0.7141")
    assert printed(pooled.ci.low, "-1.0644")
    assert printed(pooled.ci.high, "-0.3638")
    assert printed(pooled.tau2, "0.3088")
    assert printed(100 * pooled.i2, "92.12")


def test_rounding_is_judged_strictly():
    assert printed(0.12345, "0.1234") and not printed(0.123451, "0.1234")
    assert np.isfinite(BCG).all()


def test_the_p_curve_of_third_wave_psychotherapies():
    """dmetar's pcurve, without outliers: 11-publication-bias.Rmd, "P-Curve Analysis in R"; with them the first edition.

    The half curve has another test of flatness there, whose shares do not start at 0 as those of a p value would.
    """
    found = ma.p_curve(**third_wave(*OUTLIERS))
    assert (found.k, found.significant, found.half) == (16, 9, 8) and found.evidential
    assert printed(found.binomial_pvalue, "0.020") and printed(found.flat_binomial_pvalue, "0.952")
    assert printed(found.statistic, "-3.797") and printed(found.pvalue, "0.000")
    # Printed as -2.743: effects with four decimals give -2.7437.
    assert found.half_statistic == pytest.approx(-2.743, abs=0.001) and printed(found.half_pvalue, "0.003")
    assert printed(found.flat_statistic, "1.540") and printed(found.flat_pvalue, "0.938")
    assert printed(100 * found.power, "66")
    assert printed(100 * found.power_ci.low, "31.1") and printed(100 * found.power_ci.high, "87.8")
    # 08-publication_bias.Rmd: 11 studies, of which 10 below 0.025, and a power of 84% (62.7% to 94.6%).
    found = ma.p_curve(**third_wave())
    assert (found.significant, found.half) == (11, 10) and found.evidential
    assert printed(100 * found.power, "84")
    assert printed(100 * found.power_ci.low, "62.7") and printed(100 * found.power_ci.high, "94.6")
