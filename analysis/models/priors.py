"""Prior distributions: of the heterogeneity SD tau, each on tau >= 0 and proper, and of the mean effect.

A prior of tau is a `TauPrior`: it offers `log_density(tau)`, `on_log(x)`, the log-density of x = log(tau), `median`,
`upper`, the end of its range, and `tail`, the power p of its decay like tau^-p, which decides which posterior moments
exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, ndtri, stdtrit

from analysis._docs import documented
from analysis._types import Values


class TauPrior:
    """What the priors of tau have in common."""

    def on_log(self, x: ArrayLike) -> Values:
        """Return the log-density of log(tau).

        Parameters
        ----------
        x : array_like
            Logarithm of tau, of any shape.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `x`.
        """
        return self.log_density(np.exp(x)) + x


@dataclass(frozen=True)
class HalfNormal(TauPrior):
    """Absolute value of a normal variable with mean 0 and SD `scale`, in the unit of the effects.

    Parameters
    ----------
    scale : float
        SD of the normal variable, above 0.

    See Also
    --------
    analysis.pool_bayes : Pool effects with this prior.
    analysis.HalfStudent : Prior of tau with a heavier tail, by its degrees of freedom.
    analysis.HalfCauchy : Prior of tau with a heavy tail, by its median.
    analysis.Uniform : Prior of tau that is flat up to a limit.

    References
    ----------
    Roever 2020, J Stat Softw 93(6):1-51, doi 10.18637/jss.v093.i06.

    Examples
    --------
    >>> round(float(np.exp(HalfNormal(0.5).log_density(0.0))), 4)
    1.5958
    """

    scale: float
    upper: ClassVar[float] = np.inf
    tail: ClassVar[float] = np.inf

    def __post_init__(self) -> None:
        _need_positive(self, scale=self.scale)

    @property
    def median(self) -> float:
        """Median of tau."""
        return self.scale * float(ndtri(0.75))

    @documented
    def log_density(self, tau: ArrayLike) -> Values:
        """Return the log-density at tau.

        Parameters
        ----------
        {tau}

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `tau`.
        """
        # Far out the square is infinite, and the density 0.
        with np.errstate(over="ignore"):
            return 0.5 * np.log(2.0 / np.pi) - np.log(self.scale) - 0.5 * (tau / self.scale) ** 2


@dataclass(frozen=True)
class HalfStudent(TauPrior):
    """Absolute value of `scale` times a Student t variable.

    Parameters
    ----------
    df : float
        Degrees of freedom, at least 1.
    scale : float
        Factor of the t variable, in the unit of the effects, above 0.

    See Also
    --------
    analysis.pool_bayes : Pool effects with this prior.
    analysis.HalfNormal : Prior of tau with a light tail.
    analysis.HalfCauchy : Prior of tau with a heavy tail, by its median.
    analysis.Uniform : Prior of tau that is flat up to a limit.

    References
    ----------
    Gelman 2006, Bayesian Anal 1:515-533.

    Examples
    --------
    >>> round(float(np.exp(HalfStudent(4, 1.0).log_density(0.0))), 4)
    0.75
    """

    df: float
    scale: float
    upper: ClassVar[float] = np.inf

    def __post_init__(self) -> None:
        _need_positive(self, df=self.df, scale=self.scale)
        if self.df < 1:
            raise ValueError(f"HalfStudent: df={self.df!r} must be at least 1")

    @property
    def tail(self) -> float:
        """Power of the decay of the density."""
        return self.df + 1.0

    @property
    def median(self) -> float:
        """Median of tau."""
        return self.scale * float(stdtrit(self.df, 0.75))

    @documented
    def log_density(self, tau: ArrayLike) -> Values:
        """Return the log-density at tau.

        Parameters
        ----------
        {tau}

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `tau`.
        """
        df = self.df
        height = np.log(2.0) + gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
        ratio = np.asarray(tau) / self.scale / np.sqrt(df)
        # Not log(1 + ratio^2) / 2: far out the square would be infinite, where the density is small but counts.
        return height - np.log(self.scale) - (df + 1) * np.log(np.hypot(1.0, ratio))


def HalfCauchy(scale: float) -> HalfStudent:
    """Return the half-Cauchy prior, ``HalfStudent(1, scale)``.

    Parameters
    ----------
    scale : float
        Median of tau, in the unit of the effects, above 0.

    Returns
    -------
    HalfStudent
        With one degree of freedom.

    See Also
    --------
    analysis.pool_bayes : Pool effects with this prior.
    analysis.HalfStudent : Prior of tau with a heavier tail, by its degrees of freedom.
    analysis.HalfNormal : Prior of tau with a light tail.

    References
    ----------
    Gelman 2006, Bayesian Anal 1:515-533.

    Examples
    --------
    >>> HalfCauchy(0.5)
    HalfStudent(df=1.0, scale=0.5)
    """
    return HalfStudent(1.0, scale)


@dataclass(frozen=True)
class LogStudent(TauPrior):
    """Student t distribution of log(tau^2), the log-t prior of tau^2.

    Parameters
    ----------
    location, scale : float
        Of log(tau^2), as papers print them.
    df : float
        Degrees of freedom, at least 2.

    See Also
    --------
    analysis.pool_bayes : Pool effects with this prior.
    analysis.HalfNormal : Prior of tau with a light tail.
    analysis.HalfStudent : Prior of tau with a heavier tail, by its degrees of freedom.

    Notes
    -----
    Rhodes, Turner & Higgins give log-t(5) distributions for standardized mean differences; `RHODES_PAIN` and
    `RHODES_SUBJECTIVE` are two of them, as reproduced in the R packages bayesmeta and rnmamod. They hold for Hedges g
    only, not for differences in points.

    References
    ----------
    Rhodes, Turner & Higgins 2015, doi 10.1016/j.jclinepi.2014.08.012, table 3.

    Examples
    --------
    >>> print(f"{np.exp(RHODES_PAIN.location / 2):.3f}")  # median of tau, in SDs
    0.221
    """

    location: float
    scale: float
    df: float = 5.0
    upper: ClassVar[float] = np.inf
    # Times a power of log(tau) that makes it integrable.
    tail: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        _need_positive(self, scale=self.scale, df=self.df)
        # Its tails are those of log(tau), and `analysis.models.bayes` integrates over 1e5 units of that to the left of
        # the data: beyond lies a share near 1e-10 with df = 2, but near 1e-5 with df = 1.
        if self.df < 2 or not _is_finite(self.location):
            raise ValueError("LogStudent: df must be at least 2 and the location a finite number")

    @property
    def median(self) -> float:
        """Median of tau."""
        with np.errstate(over="ignore"):
            return float(np.exp(self.location / 2.0))

    @documented
    def log_density(self, tau: ArrayLike) -> Values:
        """Return the log-density at tau.

        Parameters
        ----------
        {tau}

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `tau`; inf at 0.
        """
        tau = np.asarray(tau, dtype=float)
        x = np.log(np.where(tau > 0, tau, np.nan))
        return np.where(tau > 0, self.on_log(x) - x, np.inf)[()]

    def on_log(self, x: ArrayLike) -> Values:
        """Return the log-density of log(tau).

        Parameters
        ----------
        x : array_like
            Logarithm of tau, of any shape.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `x`.
        """
        df = self.df
        height = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
        t = (2.0 * x - self.location) / self.scale
        return height + np.log(2.0 / self.scale) - 0.5 * (df + 1) * np.log1p(t**2 / df)


@dataclass(frozen=True)
class Uniform(TauPrior):
    """Uniform distribution of tau from 0 to `upper`.

    Parameters
    ----------
    upper : float
        End of the range, in the unit of the effects, above 0.

    See Also
    --------
    analysis.pool_bayes : Pool effects with this prior.
    analysis.HalfNormal : Prior of tau with a light tail.
    analysis.HalfCauchy : Prior of tau with a heavy tail, by its median.

    References
    ----------
    Gelman 2006, Bayesian Anal 1:515-533.

    Examples
    --------
    >>> float(np.exp(Uniform(4.0).log_density(1.0)))
    0.25
    """

    upper: float
    tail: ClassVar[float] = np.inf

    def __post_init__(self) -> None:
        _need_positive(self, upper=self.upper)

    @property
    def median(self) -> float:
        """Median of tau."""
        return 0.5 * self.upper

    @documented
    def log_density(self, tau: ArrayLike) -> Values:
        """Return the log-density at tau.

        Parameters
        ----------
        {tau}

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `tau`; -inf above `upper`.
        """
        return np.where(np.asarray(tau) <= self.upper, -np.log(self.upper), -np.inf)[()]


@dataclass(frozen=True)
class Normal:
    """Normal prior of the mean effect.

    Parameters
    ----------
    mean, sd : float
        In the unit of the effects; `sd` above 0.

    See Also
    --------
    analysis.pool_bayes : Pool effects with this prior.
    analysis.HalfNormal : Prior of tau with a light tail.

    References
    ----------
    Roever 2020, J Stat Softw 93(6):1-51, doi 10.18637/jss.v093.i06.

    Examples
    --------
    >>> Normal(0.0, 2.0).sd
    2.0
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _need_positive(self, sd=self.sd)
        if not _is_finite(self.mean):
            raise ValueError(f"Normal: mean={self.mean!r} must be a finite number")

    def log_density(self, x: ArrayLike) -> Values:
        """Return the log-density at x.

        Parameters
        ----------
        x : array_like
            Mean effect, of any shape.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `x`.
        """
        return -0.5 * np.log(2.0 * np.pi) - np.log(self.sd) - 0.5 * ((np.asarray(x) - self.mean) / self.sd) ** 2


def _need_positive(prior, **values):
    for name, value in values.items():
        if not (_is_finite(value) and value > 0):
            raise ValueError(f"{type(prior).__name__}: {name}={value!r} must be a positive number")


def _is_finite(value):
    return isinstance(value, (int, float, np.number)) and bool(np.isfinite(value))


#: Non-pharmacological treatment; physical health, adverse events, pain, quality of life. See `LogStudent`.
RHODES_PAIN = LogStudent(-3.02, 2.27)
#: Non-pharmacological treatment; various subjectively measured outcomes. See `LogStudent`.
RHODES_SUBJECTIVE = LogStudent(-2.62, 2.41)
