"""Influence and small-study effects as others printed them, to half a unit of the last printed digit.

What is quoted was read in the public repositories of the book and of metafor, whose tests hold it.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_published import BCG, printed

import analysis as ma
from analysis.effects import log_odds_ratio

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
# People of both arms: 11-publication-bias.Rmd, "Egger's Regression Test".
N_T = [62, 72, 44, 135, 103, 71, 69, 68, 95, 43, 79, 61, 62, 60, 43, 42, 64, 63]
N_P = [51, 78, 41, 115, 100, 79, 62, 72, 80, 44, 72, 67, 59, 54, 41, 51, 66, 55]


def third_wave(*without):
    """Effects and standard errors of the eighteen trials, but those left out."""
    yi, low, high = np.delete(THIRD_WAVE, without, axis=0).T
    return {"yi": yi, "se": (high - low) / (2 * 1.959964)}


# The data sets of R's metadat 1.2: dat.egger2001 (trials of magnesium after a myocardial infarction), yi and vi of
# dat.raudenbush1985 (teachers' expectancy) and dat.hackshaw1998 (passive smoking).
MAGNESIUM = log_odds_ratio(
    [1, 9, 2, 1, 10, 1, 1, 0, 6, 1, 2, 5, 4, 90, 4, 2216],
    [40, 135, 200, 48, 150, 59, 25, 22, 76, 27, 89, 23, 130, 1159, 107, 29011],
    [2, 23, 7, 1, 8, 9, 3, 1, 11, 7, 12, 13, 8, 118, 17, 2103],
    [36, 135, 200, 46, 148, 56, 23, 21, 75, 27, 80, 33, 122, 1157, 108, 29039],
)
EXPECTANCY = np.array(
    [
        (0.03, 0.0156),
        (0.12, 0.0216),
        (-0.14, 0.0279),
        (1.18, 0.1391),
        (0.26, 0.1362),
        (-0.06, 0.0106),
        (-0.02, 0.0106),
        (-0.32, 0.0484),
        (0.27, 0.0269),
        (0.8, 0.063),
        (0.54, 0.0912),
        (0.18, 0.0497),
        (-0.02, 0.0835),
        (0.23, 0.0841),
        (-0.18, 0.0253),
        (-0.06, 0.0279),
        (0.3, 0.0193),
        (0.07, 0.0088),
        (-0.07, 0.0303),
    ]
).T
SMOKING = np.array(
    [
        (0.165514438478, 0.0187768854851),
        (0.371563556432, 0.0330440389058),
        (0.703097511413, 0.540195865342),
        (0.182321556794, 0.0312676144887),
        (-0.287682072452, 0.079655654102),
        (0.727548607277, 0.22732059167),
        (0.756121979721, 0.088921562707),
        (-0.223143551314, 0.192679603117),
        (-0.235722333521, 0.339016347539),
        (0.698134722071, 0.0980662024388),
        (0.207014169384, 0.0455555485775),
        (0.182321556794, 0.231749969641),
        (0.418710334858, 0.0796429220192),
        (0.0295588022415, 0.217395024673),
        (0.438254930931, 0.0769579740387),
        (0.0295588022415, 0.0715017635258),
        (0.85015092937, 0.292565772066),
        (0.500775287912, 0.0324375074299),
        (0.173953307123, 0.0362733466419),
        (0.418710334858, 0.483851241822),
        (0.770108221696, 0.123816201922),
        (0.0769610411361, 0.0710851917221),
        (0.93609335917, 0.398195433354),
        (0.482426149244, 0.0896231240689),
        (0.058268908124, 0.0337198883326),
        (-0.235722333521, 0.0161294909174),
        (-0.301105092784, 0.180233473436),
        (0.819779831493, 0.317147722864),
        (-0.0304592074847, 0.012546845149),
        (0.470003629246, 0.113696292351),
        (0.173953307123, 0.0893367804166),
        (0.506817602368, 0.175985594792),
        (0.231111720963, 0.0100290474315),
        (0.0953101798043, 0.0862143558866),
        (0.506817602368, 0.0398749675437),
        (0.148420005118, 0.0363997555696),
        (0.104360015324, 0.066419506622),
    ]
).T
# Baskerville, Liddy & Hogg 2012, as metafor's tests/testthat/test_misc_selmodel.r has them.
FACILITATION = [
    [1.01, 0.82, 0.59, 0.44, 0.84, 0.73, 1.12, 0.04, 0.24, 0.32, 1.04, 1.31]
    + [0.59, 0.66, 0.62, 0.47, 1.08, 0.98, 0.26, 0.39, 0.60, 0.94, 0.11],
    [0.52, 0.46, 0.23, 0.18, 0.29, 0.29, 0.36, 0.37, 0.15, 0.40, 0.32, 0.57]
    + [0.29, 0.19, 0.31, 0.27, 0.32, 0.32, 0.18, 0.18, 0.31, 0.53, 0.27],
]


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


def test_egger_of_third_wave_psychotherapies():
    """The regression of yi / se on 1 / se: 11-publication-bias.Rmd, "Egger's Regression Test"."""
    found = ma.egger_test(**third_wave())
    assert found.slope == pytest.approx(4.1111, abs=0.0005) and printed(found.slope_se, "0.8790")
    assert printed(found.statistic, "4.677") and printed(found.pvalue, "0.00025") and found.df == 16
    assert printed(found.limit, "-0.3407") and printed(found.limit_se, "0.1837")


@pytest.mark.parametrize(
    ("without", "k0", "estimate", "ci", "tau2", "t", "p"),
    [
        ((), 8, "0.3428", ("0.1015", "0.5841"), "0.2557", "2.93", "0.0072"),
        (OUTLIERS, 6, "0.3391", ("0.1904", "0.4878"), "0.0421", "4.74", "0.0001"),
    ],
)
def test_trim_and_fill_of_third_wave_psychotherapies(without, k0, estimate, ci, tau2, t, p):
    """R's meta, which trims by the common effect and pools by REML: "Duval & Tweedie Trim and Fill Method"."""
    filled = ma.trim_and_fill(**third_wave(*without), tau2_method="CE")
    assert (filled.k0, filled.side) == (k0, "left")
    if not without:
        added = [0.0520, 0.0395, 0.0220, -0.0571, -0.0729, -0.6230, -0.8277, -1.1391]
        np.testing.assert_allclose(filled.pooled.yi[18:], added, atol=2e-4)
    pooled = ma.pool(filled.pooled.yi, filled.pooled.vi, ci_method="HKSJ")
    assert printed(pooled.estimate, estimate) and printed(pooled.statistic, t) and printed(pooled.pvalue, p)
    # Effects with four decimals: the book has an upper limit of 0.5841 where they give 0.58415.
    assert (*pooled.ci, pooled.tau2) == pytest.approx([*map(float, ci), float(tau2)], abs=1e-4)


def test_pet_peese_of_third_wave_psychotherapies():
    """By the root of 1/n1 + 1/n2: "PET-PEESE", which says -1.35 and -0.44 in its text."""
    found = ma.pet_peese(third_wave()["yi"], se=np.sqrt(1 / np.array(N_T) + 1 / np.array(N_P)), alpha=0.1)
    assert printed(found.pet.limit, "-1.35") and printed(found.peese.limit, "-0.44")


def test_limit_meta_analysis_of_third_wave_psychotherapies():
    """R's metasens: "Rücker's Limit Meta-Analysis Method". Its standard error had another formula then."""
    found = ma.limit_meta_analysis(**third_wave(), ci_method="HKSJ")
    assert printed(found.estimate, "-0.0345") and printed(found.pooled.estimate, "0.5771")
    assert printed(found.pooled.ci.low, "0.3782") and printed(found.pooled.ci.high, "0.7760")


def test_metafors_tests_of_asymmetry():
    """tests/testthat/test_misc_pub_bias.r."""
    assert printed(ma.egger_test(*MAGNESIUM, model="mixed", ci_method="z").statistic, "-4.6686")
    found = ma.begg_test(*MAGNESIUM)
    assert found.statistic == pytest.approx(0.15) and printed(found.pvalue, "0.4503")


@pytest.mark.parametrize(
    ("data", "method", "target", "n"),
    [
        (EXPECTANCY, "Rosenthal", None, 26),
        (EXPECTANCY, "Orwin", 0.05, 44),
        (EXPECTANCY, "Rosenberg", None, 0),
        (SMOKING, "Rosenthal", None, 393),
        (SMOKING, "Orwin", 0.049, 186),
        (SMOKING, "Rosenberg", None, 202),
    ],
)
def test_metafors_fail_safe_numbers(data, method, target, n):
    """tests/testthat/test_misc_fsn.r, the data of Becker 2005 (who has 23 and 398 by Rosenthal)."""
    assert ma.fail_safe_n(*data, method=method, target=target).n == n


def test_metafors_selection_model_of_passive_smoking():
    """tests/testthat/test_misc_selmodel.r, to the digits on which two searches agree."""
    found = ma.selection_model(*SMOKING, steps=(0.05, 0.10, 0.50), alternative="greater")
    np.testing.assert_allclose(found.weights, [1, 2.422079, 0.977543, 0.396713], rtol=1e-4)
    assert found.in_interval == (7, 8, 16, 6) and found.lrt_df == 3
    assert printed(found.lrt, "7.066137") and found.tau2 == pytest.approx(0.03071325, rel=1e-4)


def test_metafors_selection_model_of_practice_facilitation():
    """The same file, a beta density."""
    yi, se = FACILITATION
    found = ma.selection_model(yi, se=se, kind="beta", alternative="greater")
    np.testing.assert_allclose(found.weights, [0.4731131, 4.4613162], rtol=1e-3)
    # metafor's search ends at a tau2 of 0.00000243; at 0 the likelihood is higher.
    assert 7.846907 < found.lrt < 7.8472 and found.tau2 < 0.00000243


def test_metafors_excess_significance():
    """tests/testthat/test_misc_tes.r, dat.dorn2007; all numbers at the common effect."""
    sets = json.loads((Path(__file__).parent / "reference" / "small_study.json").read_text(encoding="utf-8"))["sets"]
    (part,) = (part for part in sets if part["id"] == "dat.dorn2007/RR")
    found = {
        test: ma.excess_significance(part["yi"], part["vi"], test=test, tau2_method="CE") for test in ("chi2", "exact")
    }
    assert found["chi2"].observed == 10 and printed(found["chi2"].expected, "4.923333")
    assert printed(found["chi2"].statistic, "7.065648") and printed(found["chi2"].pvalue, "0.003928794")
    assert printed(found["exact"].pvalue, "0.007778529")


def test_metafors_influence_of_the_first_bcg_trial():
    """tests/testthat/test_misc_influence.r; REML of metafor ends within 1e-6 of the highest likelihood."""
    row = ma.influence(ma.pool(*BCG, ci_method="z")).iloc[0]
    told = {
        "rstudent": -0.218142474344442,
        "dffits": -0.0407075604868486,
        "cooks_distance": 0.00171654236729195,
        "cov_ratio": 1.11644891104804,
        "tau2_deleted": 0.336156745300306,
        "q_deleted": 151.582572747109,
        "hat": 0.0505948307931551,
        "dfbetas": -0.0402659025974144,
    }
    assert row[list(told)].tolist() == pytest.approx(list(told.values()), rel=1e-5) and not row["influential"]
    assert 100 * row["weight"] == pytest.approx(5.05948307931551, rel=1e-6)
    without = ma.leave_one_out(*BCG, ci_method="z").iloc[0]
    told = {
        "estimate": -0.707083788031436,
        "se": 0.189961024702717,
        "ci_low": -1.07940055491509,
        "i2": 0.932259349111223,
    }
    assert without[list(told)].tolist() == pytest.approx(list(told.values()), rel=1e-6)


def test_metafors_influence_on_the_slope_of_latitude():
    """The same file, hat values and Cook's distances of the regression of the BCG trials on latitude."""
    latitude = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
    effects = pd.DataFrame({"yi": BCG[0], "vi": BCG[1]})
    table = ma.influence(ma.meta_regression(np.array(latitude, float), effects, ci_method="z"))
    hat = "0.049 0.1493 0.0351 0.3481 0.2248 0.2367 0.064 0.357 0.0926 0.1157 0.2309 0.0189 0.0778"
    cook = "0.0048 0.0489 0.0104 0.2495 0.0072 0.2883 0.3643 0.2719 0.02 0.1645 0.0009 0.0403 0.1433"
    np.testing.assert_allclose(table["hat"], np.array(hat.split(), float), atol=5.1e-5)
    # metafor's rma has 0.1433 where its rma.mv, which climbs further, has 0.1434.
    np.testing.assert_allclose(table["cooks_distance"], np.array(cook.split(), float), atol=1e-4)
