"""Published tables, reproduced to half a unit of the last printed digit."""

import numpy as np
import pytest

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
