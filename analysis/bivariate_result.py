"""What the bivariate model returns: two means, how they vary together, and their difference."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis.results import ConfidenceInterval, t_quantile

OUTCOMES = ("first", "second")


class Estimate(NamedTuple):
    """A mean with its standard error and confidence interval."""

    estimate: float
    se: float
    ci: ConfidenceInterval


class BivariateBatch(NamedTuple):
    """Results of n fits; see `analysis.bivariate.pool_bivariate_columns`. NaN where there are too few trials."""

    k: np.ndarray  # (n,) trials with at least one outcome
    df: np.ndarray  # (n,) one less than the trials with the rarer outcome
    estimates: np.ndarray  # (2, n) means
    covariance: np.ndarray  # (2, 2, n) of the means
    between: np.ndarray  # (2, 2, n) covariance of true values between trials
    correlation: np.ndarray  # (n,) of true values between trials; NaN where a variance is 0 or no trial has both
    log_likelihood: np.ndarray  # (n,)
    boundary: np.ndarray  # (n,) bool: a between-trial variance is 0 or the correlation is -1 or 1


@dataclass(frozen=True, eq=False)
class BivariateEffect:
    """Two outcomes pooled together: both means, how true values vary together between trials, and the difference.

    Attributes
    ----------
    k : int
        Number of trials with at least one of the outcomes.
    first, second, difference : Estimate
        Means of both outcomes, and second minus first with the standard error from the joint covariance: each a
        tuple (estimate, se, ci).
    estimates : numpy.ndarray, shape (2,)
        Both means.
    covariance : numpy.ndarray, shape (2, 2)
        Covariance of the means, given the between-trial covariance.
    between : numpy.ndarray, shape (2, 2)
        Covariance of true values between trials.
    tau : numpy.ndarray, shape (2,)
        Standard deviations of true values between trials.
    correlation : float
        Correlation of true values between trials; NaN where a tau is 0 or no trial has both outcomes, and then
        the covariance between is 0.
    log_likelihood : float
        Restricted for "REML".
    method, ci_method : str
    df : float
        Degrees of freedom of the intervals: one less than the trials that have the rarer outcome; infinite for "z".
    confidence_level : float
    labels : tuple of str
        Names of the trials.
    boundary : bool
        Whether a tau is 0 or the correlation is -1 or 1: the data would have it even further.
    """

    k: int
    first: Estimate
    second: Estimate
    difference: Estimate
    estimates: np.ndarray
    covariance: np.ndarray
    between: np.ndarray
    tau: np.ndarray
    correlation: float
    log_likelihood: float
    method: str
    ci_method: str
    df: float
    confidence_level: float
    labels: tuple
    boundary: bool

    @property
    def tau_difference(self):
        """Standard deviation between trials of the true difference, second minus first."""
        return float(np.sqrt(max(_difference_variance(self.between), 0.0)))

    def to_frame(self):
        """Return a tidy DataFrame with a row for each of first, second and difference.

        Returns
        -------
        pandas.DataFrame
            Columns outcome, k, estimate, se, ci_low, ci_high, df, tau, correlation, log_likelihood, boundary,
            method, ci_method, confidence_level; tau is the between-trial SD of what the row is about.
        """
        import pandas as pd

        tau = (*self.tau.tolist(), self.tau_difference)
        same = ("correlation", "log_likelihood", "boundary", "method", "ci_method", "confidence_level")
        rows = []
        for name, sd in zip((*OUTCOMES, "difference"), tau, strict=True):
            estimate, se, ci = getattr(self, name)
            row = {"outcome": name, "k": self.k, "estimate": estimate, "se": se, "ci_low": ci.low, "ci_high": ci.high}
            rows.append(row | {"df": self.df, "tau": sd} | {other: getattr(self, other) for other in same})
        return pd.DataFrame(rows)


def _difference_variance(m):
    """Variance of second minus first from a covariance (2, 2)."""
    return m[0, 0] + m[1, 1] - 2.0 * m[0, 1]


def effect_of(fit, labels, options):
    """The `BivariateEffect` of one fit, a `BivariateBatch` of single values; options are method, ci_method, level."""
    method, ci_method, level = options
    df = np.inf if ci_method == "z" else float(fit.df)
    critical = float(t_quantile(df, level))

    def mean(value, variance):
        se = float(np.sqrt(variance))
        return Estimate(
            float(value), se, ConfidenceInterval(float(value - critical * se), float(value + critical * se))
        )

    arrays = {"estimates": fit.estimates, "covariance": fit.covariance, "between": fit.between}
    arrays = {name: np.array(x) for name, x in arrays.items()}
    arrays["tau"] = np.sqrt(np.diag(fit.between))
    for x in arrays.values():
        x.flags.writeable = False
    return BivariateEffect(
        k=int(fit.k),
        first=mean(fit.estimates[0], fit.covariance[0, 0]),
        second=mean(fit.estimates[1], fit.covariance[1, 1]),
        difference=mean(fit.estimates[1] - fit.estimates[0], _difference_variance(fit.covariance)),
        **arrays,
        correlation=float(fit.correlation),
        log_likelihood=float(fit.log_likelihood),
        method=method,
        ci_method=ci_method,
        df=df,
        confidence_level=level,
        labels=labels,
        boundary=bool(fit.boundary),
    )
