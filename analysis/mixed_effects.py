"""Mixed-effects meta-regression of n sets of studies at once: coefficients, tests and heterogeneity.

References
----------
Knapp & Hartung 2003, doi 10.1002/sim.1482 (HKSJ with moderators); Viechtbauer 2007, doi 10.1002/sim.2514
(Q-profile interval of tau2); Higgins & Thompson 2002, doi 10.1002/sim.1186 (I2, H2).
"""

from typing import NamedTuple

import numpy as np

from analysis.designs import at_tau2, inverse
from analysis.inference import i_squared, mean_test, variance_factor
from analysis.mixed_tau2 import estimate_tau2, log_likelihood, q_root, typical_variance
from analysis.results import t_quantile


class MixedFits(NamedTuple):
    """Results of n fits in the unit of the outcomes; see `fit_designs`."""

    estimate: np.ndarray  # (p, n), coefficients
    se: np.ndarray  # (p, n)
    correlation: np.ndarray  # (p, p, n), of the coefficients
    df: np.ndarray  # (1, n), of the tests of coefficients; infinite where they are normal
    tau2: np.ndarray
    typical: np.ndarray
    q: np.ndarray
    i2: np.ndarray
    factor: np.ndarray  # by which HKSJ multiplies the variances

    @property
    def statistic(self):
        """Test statistics (p, n) of the coefficients; infinite, or NaN, where se = 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.estimate / self.se

    @property
    def pvalue(self):
        """Two-sided p-values (p, n) of the coefficients."""
        return mean_test(self._replace(df=np.broadcast_to(self.df, self.se.shape)))[1]


def fit_designs(data, options):
    """Estimate tau2 and the coefficients of every fit of `designs`, given `inference.Options`."""
    unit, n = data.scale**2, data.scale.size
    common = at_tau2(data, 0.0)
    if options.tau2 is None:
        tau2 = estimate_tau2(data, options.tau2_method, common)
    else:
        tau2 = options.tau2 / unit
    at = common if options.tau2_method == "CE" else at_tau2(data, tau2)
    back = data.back if data.back.ndim == 3 else data.back[:, :, None]
    covariance = np.einsum("pqn,qrn,srn->psn", back, at.inverse, back)
    root = np.sqrt(np.einsum("ppn->pn", covariance))
    factor = variance_factor(options.ci_method, at.q, np.full(n, data.df + 1))
    typical = typical_variance(data, common)
    return MixedFits(
        estimate=np.einsum("pqn,qn->pn", back, (data.shift + at.alpha) * data.scale),
        se=root * (np.sqrt(factor) * data.scale),
        correlation=covariance / (root[:, None] * root),
        df=np.full((1, n), np.inf if options.ci_method == "z" else float(data.df)),
        tau2=tau2 * unit,
        typical=typical * unit,
        q=common.q,
        i2=i_squared(options.tau2_method, tau2, typical, common.q, data.df),
        factor=factor,
    )


def omnibus(fits, tested, ci_method):
    """Statistic (n,) of the test that the coefficients `tested` are all 0: chi2 for "z", otherwise F."""
    if not len(tested):
        return np.full(fits.tau2.size, np.nan)
    t = fits.statistic[tested]
    if len(tested) == 1:
        return t[0] * t[0]
    inner = inverse(fits.correlation[np.ix_(tested, tested)])[0]
    with np.errstate(invalid="ignore"):
        total = np.einsum("pn,pqn,qn->n", t, inner, t)
    return total if ci_method == "z" else total / len(tested)


def tau2_interval(data, options):
    """Q-profile interval of tau2 in the unit of the outcomes squared, as an array (2, n)."""
    from scipy import special

    n = data.scale.size
    if options.tau2_method in ("CE", "fixed"):
        return np.full((2, n), np.nan)
    tail = (1.0 - options.confidence_level) / 2.0
    targets = special.chdtri(data.df, np.repeat([tail, 1.0 - tail], n))
    return q_root(data.take(np.tile(np.arange(n), 2)), targets).reshape(2, n) * data.scale**2


def full_log_likelihood(data, fits, restricted):
    """Log-likelihood (n,) at the fitted tau2, or the restricted one, with all constants."""
    free = data.df if restricted else len(data.v)
    value = log_likelihood(data, fits.tau2 / data.scale**2, restricted)
    value -= free * (0.5 * np.log(2.0 * np.pi) + np.log(data.scale))
    if restricted:  # the determinant of X'X in terms of the anchors, as that of X'WX in `log_likelihood`
        pivots = at_tau2(data._replace(v=np.ones_like(data.v)), 0.0).pivots
        value += 0.5 * sum(np.log(pivot) for pivot in pivots)
    return value


def critical(fits, confidence_level):
    """Critical value (n,) of the tests of coefficients."""
    return t_quantile(fits.df[0], confidence_level)
