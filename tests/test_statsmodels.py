"""Agreement with statsmodels where its estimates are not truncated, and the difference where they are."""

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from analysis.models.pooling import pool

METHOD = {"DL": "dl", "PM": "pm"}
# statsmodels stops the Paule-Mandel iteration where Q(tau2) is within 1e-5 of k - 1. A stricter tolerance
# is no way out: when rounding then carries an iterate past the root, it returns tau2 = 0.
RTOL = {"DL": 1e-12, "PM": 1e-5}


def heterogeneous(seed):
    """A random set with Q well above its degrees of freedom."""
    rng = np.random.default_rng(seed)
    vi = rng.uniform(0.02, 0.4, rng.integers(8, 30))
    return rng.normal(0.3, np.sqrt(vi + 0.8)), vi


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("method", METHOD)
def test_agrees_where_nothing_is_truncated(method, seed):
    yi, vi = heterogeneous(seed)
    ours = pool(yi, vi, tau2_method=method, ci_method="z")
    theirs = combine_effects(yi, vi, method_re=METHOD[method])
    hksj = pool(yi, vi, tau2_method=method, ci_method="HKSJ")
    assert ours.q > ours.q_df
    assert ours.tau2 == pytest.approx(theirs.tau2, rel=RTOL[method])
    assert ours.q == pytest.approx(theirs.q, rel=1e-12)
    assert ours.estimate == pytest.approx(theirs.mean_effect_re, rel=RTOL[method], abs=1e-6)
    assert ours.se == pytest.approx(theirs.sd_eff_w_re, rel=RTOL[method])
    assert hksj.se == pytest.approx(theirs.sd_eff_w_re_hksj, rel=RTOL[method])
    common = pool(yi, vi, tau2_method="CE", ci_method="z")
    assert common.estimate == pytest.approx(theirs.mean_effect_fe, rel=1e-12)
    assert common.se == pytest.approx(theirs.sd_eff_w_fe, rel=1e-12)


def test_statsmodels_does_not_truncate_dersimonian_laird():
    yi, vi = np.array([0.30, 0.35, 0.28, 0.33, 0.31]), np.array([0.04, 0.05, 0.06, 0.03, 0.08])
    theirs = combine_effects(yi, vi, method_re="dl")
    ours = pool(yi, vi, tau2_method="DL", ci_method="z")
    common = pool(yi, vi, tau2_method="CE", ci_method="z")
    assert theirs.tau2 < 0
    assert theirs.sd_eff_w_re < theirs.sd_eff_w_fe
    assert ours.tau2 == 0
    assert ours.i2 == 0
    assert (ours.estimate, ours.se) == (common.estimate, common.se)
