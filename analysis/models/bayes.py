"""Bayesian random-effects meta-analysis by quadrature: exact posteriors without a sampler, for few trials.

Given tau the effects, their mean and a new effect are normal: with precisions w = 1 / (vi + tau^2) the posterior of the
mean has the sum of w, plus that of the prior, as its precision (Roever 2020, doi 10.18637/jss.v093.i06). So every
posterior is a mixture of normal distributions over tau, and the one integral that is left is over tau. It is done to
near machine precision, by Gauss-Legendre quadrature on panels that are halved until that changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import Floats, Labels, Missing, Values
from analysis.measures import Measure
from analysis.models.priors import RHODES_PAIN, RHODES_SUBJECTIVE, HalfNormal, LogStudent, Normal, TauPrior
from analysis.models.results import ConfidenceInterval, PooledEffect, Result
from analysis.models.shortcuts import Drawn
from analysis.models.studies import level_of, read_studies
from analysis.models.tau2 import log_likelihood, weighted

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_PANELS = 56
# A panel is halved until its halves change the integral by less than this share, or by less than the rounding of the
# logarithm of the density, which has so much for each unit and each term of its sum and would halve panels for ever.
_CLOSE = 1e-13
_ROUNDING = 4.0 * np.finfo(float).eps
_ROUNDS = 60
# Panels in all. On 865 random sets of 1 to 3000 effects, priors and heterogeneity over twelve powers of ten, none had
# more than 192; what needs fifty times as many is no posterior of this kind, and would fill the memory.
_MOST = 10_000
_TOO_MANY = "the posterior of tau could not be integrated: it has too many spikes"
_TOO_NARROW = "the posterior of tau could not be integrated: it has a spike narrower than double precision"
# Range of log(tau) about its centre, and its end: tau^2 must not overflow.
_LEFT, _RIGHT, _END = 1e5, 340.0, 345.0
# Posterior share of a node, or its share of the second moment, that no summary can notice: at 1e-12, limits change in
# the tenth digit.
_NEGLIGIBLE = 1e-22
# The spread of the effects, in medians of the prior of tau, above and below which that is made for another scale. At
# the first tau^2 is a 26th of the variance of the effects, as if there were none, and decides the intervals; at the
# second the errors are a 101st of it, which does less harm.
_NARROW, _WIDE = 5.0, 0.1
# Numbers to work on at once: the trials by the values of tau are too many for the memory.
_BLOCK = 1_000_000


class Summary(NamedTuple):
    """Summary of one posterior distribution; a mean that does not exist is NaN, an infinite SD is inf.

    Attributes
    ----------
    mean, median, sd : float
        In the unit of the effects.
    interval : ConfidenceInterval
        Credible interval with equal tails.
    shortest : ConfidenceInterval
        Shortest credible interval: that of highest posterior density where there is one mode.

    See Also
    --------
    analysis.PosteriorEffect : The result whose quantities these summarise.

    References
    ----------
    Roever 2020, J Stat Softw 93(6):1-51, doi 10.18637/jss.v093.i06.
    """

    mean: float
    median: float
    sd: float
    interval: ConfidenceInterval  # equal tails
    shortest: ConfidenceInterval  # highest posterior density where there is one mode


@dataclass(frozen=True, eq=False, repr=False)
class PosteriorEffect(Result, Drawn):
    """Posterior of the mean effect mu, the heterogeneity SD tau, a new effect and the effect of each trial.

    Attributes
    ----------
    k : int
        Number of trials.
    mu, tau, new : Summary
        Mean effect, SD of true effects, and the true effect of a new trial (predictive): mean, median, sd,
        `interval` (equal tails) and `shortest`, at `confidence_level`.
    shrinkage : pandas.DataFrame
        One row per trial: label, yi, vi, then mean, median, sd, ci_low, ci_high of its true effect.
    log_evidence : float
        Log of the joint normalising constant, the marginal likelihood of yi. With a flat prior of mu, density
        1 everywhere, it compares models with that prior only.
    tau_prior, mu_prior : prior
        mu_prior is None where it is flat.
    confidence_level : float
        Level of all intervals.
    yi, vi : numpy.ndarray
        Outcomes and sampling variances as given.
    labels : tuple of str
        Names of the trials.
    measure : Measure
        Effect measure, such as "MD", or "".
    left_out : tuple of (str, str)
        Label and reason of the trials that were dropped for want of an effect or a variance.
    effects : EffectSizes or None
        What was pooled, where it was given as such: it knows what is good and what the arms are called.

    See Also
    --------
    analysis.pool_bayes : Make this result.
    analysis.posterior_plot : Draw its densities.
    analysis.forest : Draw it, or put it as a row below other models of the same trials.
    analysis.PooledEffect : Result without prior distributions.

    References
    ----------
    Roever 2020, J Stat Softw 93(6):1-51, doi 10.18637/jss.v093.i06.

    Examples
    --------
    >>> posterior = pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
    >>> print(f"{posterior.mu.mean:.3f} {posterior.tau.median:.3f}")
    -1.249 0.735
    >>> posterior.shrinkage["mean"].round(2).tolist()
    [-1.22, -0.69, -1.84]
    """

    k: int
    mu: Summary
    tau: Summary
    new: Summary
    shrinkage: pd.DataFrame
    log_evidence: float
    tau_prior: TauPrior
    mu_prior: Normal | None
    confidence_level: float
    yi: np.ndarray
    vi: np.ndarray
    labels: tuple[str, ...]
    measure: Measure
    _posterior: _Posterior = field(repr=False)
    left_out: tuple[tuple[str, str], ...] = ()
    effects: EffectSizes | None = None

    @property
    def weights(self) -> Floats:
        """Weights of the trials in the mean effect, each its mean over tau; what is missing to 1 is that of the prior.

        Given tau the mean effect is the mean of the effects and the prior mean, weighted by 1 / (vi + tau^2) and the
        precision of the prior; with a flat prior the posterior mean of mu is the sum of weights times yi.
        """
        of = self._posterior
        share = of.mu.share / of.mu.share.sum()
        return 1.0 / (self.vi[:, None] + of.nodes**2) @ (share * of.mu.sd**2)

    @property
    def spread(self) -> float:
        """Scale of the data: the SD of the effects or their median standard error, whichever is larger."""
        return float(max(np.sqrt(np.median(self.vi)), np.std(self.yi, ddof=1) if self.k > 1 else 0.0))

    @property
    def prior_misfit(self) -> Literal["", "narrow", "wide"]:
        """Whether the prior of tau is "narrow" or "wide" for the data, made for another scale: see `pool_bayes`."""
        spread, median = self.spread, self.tau_prior.median
        return "narrow" if spread > _NARROW * median else "wide" if spread < _WIDE * median else ""

    def mu_density(self, x: ArrayLike) -> Values:
        """Return the posterior density of the mean effect.

        Parameters
        ----------
        x : array_like
            Mean effect, of any shape.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `x`.
        """
        return _on_grid(self._posterior.mu.density, x)

    def new_density(self, x: ArrayLike) -> Values:
        """Return the predictive density of the true effect of a new trial.

        Parameters
        ----------
        x : array_like
            True effect of a new trial, of any shape.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `x`.
        """
        return _on_grid(self._posterior.new.density, x)

    def tau_density(self, x: ArrayLike) -> Values:
        """Return the posterior density of the heterogeneity SD.

        Parameters
        ----------
        x : array_like
            Heterogeneity SD, of any shape.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `x`; zero below 0.
        """
        x = np.asarray(x, dtype=float)
        inside = (x > 0) & (x <= self.tau_prior.upper)
        density = _on_grid(self._posterior.tau.density, np.where(inside, x, self.tau.median))
        at_zero = self.tau_prior.log_density(0.0) + self._log_common_effect()
        return np.where(inside, density, np.where(x == 0.0, np.exp(at_zero - self.log_evidence), 0.0))[()]

    def quantile(self, p: ArrayLike, of: Literal["mu", "tau", "new"] = "mu") -> Values:
        """Return posterior quantiles.

        Parameters
        ----------
        p : array_like
            Between 0 and 1, both excluded.
        of : {"mu", "tau", "new"}, optional
            The mean effect, the SD of true effects, or the true effect of a new trial.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `p`.

        Raises
        ------
        ValueError
            For a `p` that is not between 0 and 1, or another `of`.

        Examples
        --------
        >>> posterior = pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
        >>> print(f"{posterior.quantile(0.5):.3f} {posterior.quantile(0.9, of='tau'):.3f}")
        -1.264 1.426
        """
        _check.option("of", of, ("mu", "tau", "new"))
        p = np.asarray(p, dtype=float)
        if not ((p > 0) & (p < 1)).all():
            raise ValueError("p must lie between 0 and 1, both excluded")
        return _on_grid(getattr(self._posterior, of).quantile, p)

    def probability(self, below: ArrayLike = 0.0, of: Literal["mu", "tau", "new"] = "mu") -> Values:
        """Return the posterior probability that a quantity is below a value.

        Parameters
        ----------
        below : array_like, optional
            Such as 0, or minus the smallest worthwhile difference.
        of : {"mu", "tau", "new"}, optional
            The mean effect, the SD of true effects, or the true effect of a new trial.

        Returns
        -------
        float or numpy.ndarray
            Of the shape of `below`.

        Examples
        --------
        >>> posterior = pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
        >>> print(f"{posterior.probability(0.0):.3f} {posterior.probability(-1.0, of='new'):.3f}")
        0.977 0.638
        """
        _check.option("of", of, ("mu", "tau", "new"))
        below = np.asarray(below, dtype=float)
        if of == "tau":
            share = _on_grid(self._posterior.tau.cdf, np.where(below > 0, below, self.tau.median))
            return np.where(below > 0, share, np.where(np.isnan(below), np.nan, 0.0))[()]
        return _on_grid(getattr(self._posterior, of).cdf, below)

    def bayes_factor(self, null: Literal["mu", "tau"] = "mu") -> float:
        """Return the evidence for a null hypothesis against the model: above 1 the data favour the null.

        Parameters
        ----------
        null : {"mu", "tau"}, optional
            mu = 0 with tau as in the model, or tau = 0 with mu as in the model.

        Returns
        -------
        float
            Depends on the prior of the parameter that the null fixes, and strongly where that prior is wide.

        Raises
        ------
        ValueError
            For "mu" if the prior of mu is flat: without a proper prior the factor is not defined.

        Examples
        --------
        >>> posterior = pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], mu_prior=Normal(0.0, 2.0))
        >>> print(f"{posterior.bayes_factor('mu'):.3f} {posterior.bayes_factor('tau'):.3f}")
        0.359 0.230
        """
        _check.option("null", null, ("mu", "tau"))
        if null == "tau":
            log_null = self._log_common_effect()
        elif self.mu_prior is None:
            raise ValueError("the Bayes factor of mu = 0 needs a proper prior of mu; give mu_prior=Normal(mean, sd)")
        else:
            log_null = _log_evidence_at_zero(self.yi, self.vi, self.tau_prior)
        return float(np.exp(log_null - self.log_evidence))

    def _log_common_effect(self):
        return float(_log_marginal(self.yi, self.vi, np.zeros(1), self.mu_prior)[0])

    def shown(self, name: str) -> Any:
        """Return a field on the scale people read: a ratio instead of its log.

        Parameters
        ----------
        name : str
            Of a field. Of mu and new the median and the interval with equal tails are transformed; mean, sd and the
            shortest interval, which are others of the transformed quantity, are NaN. Of shrinkage they are left out.
            All others are as in :meth:`analysis.PooledEffect.shown`.

        Returns
        -------
        object
            Of the type the field has.

        Raises
        ------
        AttributeError
            If there is no such field.

        Examples
        --------
        >>> posterior = pool_bayes([-0.9, -0.3, -1.2], [0.04, 0.05, 0.06], measure="RR")
        >>> round(posterior.mu.median, 2), round(posterior.shown("mu").median, 2)
        (-0.79, 0.45)
        """
        value = super().shown(name)
        if name == "shrinkage":
            return self.measure.transform_table(value)
        if name not in ("mu", "new") or not self.measure.scale:
            return value
        unknown, transform = ConfidenceInterval(np.nan, np.nan), self.measure.transform
        ends = ConfidenceInterval(*(transform(end) for end in value.interval))
        return Summary(np.nan, transform(value.median), np.nan, ends, unknown)

    @documented
    def to_frame(self, transform: bool = False) -> pd.DataFrame:
        """Return a tidy DataFrame: each trial's shrinkage estimate, then the mean effect and a new effect.

        Parameters
        ----------
        {transform}

        Returns
        -------
        pandas.DataFrame
            Columns label, yi, vi, mean, median, sd, ci_low, ci_high, kind ("study", "summary", "prediction").
        """
        import pandas as pd

        new = f"New {sentences.Wording.of(self).noun}"
        ends = [
            {"label": label, "mean": s.mean, "median": s.median, "sd": s.sd}
            | {"ci_low": s.interval.low, "ci_high": s.interval.high, "kind": kind}
            for label, s, kind in (("Mean effect", self.mu, "summary"), (new, self.new, "prediction"))
        ]
        table = pd.concat([self.shrinkage.assign(kind="study"), pd.DataFrame(ends)], ignore_index=True)
        return self.measure.transform_table(table) if transform else table

    def to_row(self) -> pd.DataFrame:
        """Return a DataFrame of one row with every number of the result and the priors that made it.

        Returns
        -------
        pandas.DataFrame
            A column for each number, those of mu, tau and new with that name in front; tau_prior and mu_prior as text.
        """
        return super().to_row().assign(tau_prior=str(self.tau_prior), mu_prior=str(self.mu_prior or "flat"))

    def _in_words(self):
        return sentences.posterior_effect(self)


def _on_grid(function, x):
    x = np.asarray(x, dtype=float)
    return function(x.ravel()).reshape(x.shape)[()]


@documented
def pool_bayes(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    tau_prior: TauPrior = HalfNormal(1.0),  # noqa: B008 - frozen
    mu_prior: Normal | None = None,
    confidence_level: float | None = None,
    labels: Labels | None = None,
    measure: str = "",
    missing: Missing = "raise",
) -> PosteriorEffect:
    """Pool the effects of k studies with prior distributions, exactly, by quadrature.

    Parameters
    ----------
    {yi, vi, se}
    tau_prior : HalfNormal, HalfStudent, HalfCauchy, LogStudent or Uniform, optional
        Prior of the SD of true effects, in the unit of yi. The default suits differences in points on 0-10
        loosely; choose it for the effect measure at hand and vary it. Where it is made for another scale the result
        says so: where the larger of the SD of yi and the median standard error is more than five times the median of
        the prior (`prior_misfit` is "narrow": the prior takes true effects to be all but equal, so that the intervals
        are too), or less than a tenth of it ("wide").
    mu_prior : Normal, optional
        Prior of the mean effect; flat if left out.
    {confidence_level, labels, measure, missing}

    Returns
    -------
    PosteriorEffect
        One study is enough, as every prior of tau is proper.

    Raises
    ------
    ValueError
        For studies that cannot be pooled, a prior of another kind, an invalid level, or priors so far from the
        data that the posterior cannot be integrated.

    Warns
    -----
    UserWarning
        If `tau_prior` is one of Rhodes 2015 and the effects are no standardised mean differences.

    See Also
    --------
    analysis.pool : Pool without prior distributions.
    analysis.HalfNormal : A prior of tau; see also HalfStudent, HalfCauchy, LogStudent and Uniform.
    analysis.Normal : A prior of the mean effect.
    analysis.posterior_plot : Draw the posterior densities.

    References
    ----------
    Roever 2020, J Stat Softw 93(6):1-51, doi 10.18637/jss.v093.i06.

    Examples
    --------
    >>> posterior = pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], tau_prior=HalfNormal(0.5))
    >>> low, high = posterior.mu.interval
    >>> print(f"{posterior.mu.median:.3f} ({low:.3f} to {high:.3f})")
    -1.283 (-2.062 to -0.421)
    """
    if not isinstance(tau_prior, TauPrior):
        raise ValueError(
            f"tau_prior={tau_prior!r} must be a HalfNormal, HalfStudent, HalfCauchy, LogStudent or Uniform"
        )
    if mu_prior is not None and not isinstance(mu_prior, Normal):
        raise ValueError(f"mu_prior={mu_prior!r} must be a Normal, or None for a flat prior")
    level = level_of(yi, confidence_level)
    found = read_studies(yi, vi, se=se, labels=labels, measure=measure, missing=missing, to="pool_bayes")
    _check.span(found.yi, found.vi, found.named, "pool_bayes")
    if found.measure and "SMD" not in found.measure.code and tau_prior in (RHODES_PAIN, RHODES_SUBJECTIVE):
        _check.warn(
            f"tau_prior={tau_prior} was made of standardised mean differences, and these effects are of measure "
            f"{found.measure.code!r} ({found.measure.name}); set a scale in their unit, as in HalfNormal(scale)"
        )
    yi, vi = found.yi, found.vi
    posterior = _posterior(yi, vi, tau_prior, mu_prior)
    return PosteriorEffect(
        k=yi.size,
        **_summaries(posterior, level, tau_prior.upper),
        shrinkage=_shrinkage(posterior, level, found.labels, yi, vi),
        log_evidence=posterior.tau.log_total,
        tau_prior=tau_prior,
        mu_prior=mu_prior,
        confidence_level=level,
        yi=yi,
        vi=vi,
        labels=found.labels,
        measure=found.measure,
        _posterior=posterior,
        left_out=found.left_out,
        effects=found.effects,
    )


class _Panels(NamedTuple):
    """A density of tau on Gauss-Legendre panels of t, where log(tau) = centre + sinh(t)."""

    log_density: Callable[[Floats], Floats]  # function of log(tau)
    centre: float
    edges: np.ndarray  # (p + 1,)
    log_total: float  # log of the integral
    below: np.ndarray  # (p + 1,) share of the integral below each edge
    tau: np.ndarray  # (n,) nodes in increasing order
    share: np.ndarray  # (n,) their shares of the integral

    def density(self, tau):
        """Density at tau > 0."""
        x = np.log(tau)
        return np.exp(self.log_density(x) - x - self.log_total)

    def cdf(self, tau):
        """Share of the integral below tau (q,), all positive."""
        t = np.arcsinh(np.log(tau) - self.centre)
        return _share_below(self, np.clip(t, self.edges[0], self.edges[-1]))

    def quantile(self, p):
        """Values of tau with the shares p (q,) below, in (0, 1)."""

        def slope(t):
            return np.exp(self.log_density(self.centre + np.sinh(t)) - self.log_total) * np.cosh(t)

        i = np.clip(np.searchsorted(self.below, p) - 1, 0, self.edges.size - 2)
        t = _solve(lambda t: _share_below(self, t), slope, self.edges[i], self.edges[i + 1], p)
        return np.exp(self.centre + np.sinh(t))


class _Mixture(NamedTuple):
    """A mixture of normal distributions: shares (n,), means and SDs (n,) or, for r mixtures, (r, n)."""

    share: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    def density(self, x):
        """Density at x, shape (q,) or (r, q)."""
        z = (np.asarray(x)[..., None] - self.mean[..., None, :]) / self.sd[..., None, :]
        return (np.exp(-0.5 * z**2) / self.sd[..., None, :]) @ self.share / np.sqrt(2.0 * np.pi)

    def cdf(self, x):
        """Probability below x, shape (q,) or (r, q)."""
        from scipy import special

        z = (np.asarray(x)[..., None] - self.mean[..., None, :]) / self.sd[..., None, :]
        return special.ndtr(z) @ self.share

    def quantile(self, p):
        """Quantiles at p (q,) in (0, 1); shape (q,) or (r, q)."""
        p = np.asarray(p, dtype=float)
        middle = np.searchsorted(np.cumsum(self.share), 0.5 * self.share.sum())
        start, reach = self.mean[..., middle, None], self.sd[..., middle, None]
        low = np.broadcast_to(start - reach, self.mean.shape[:-1] + p.shape)
        high = np.broadcast_to(start + reach, low.shape)
        while (short := self.cdf(low) > p).any():
            low = np.where(short, start - 2.0 * (start - low), low)
        while (short := self.cdf(high) < p).any():
            high = np.where(short, start + 2.0 * (high - start), high)
        return start + _solve(
            lambda x: self.cdf(start + x), lambda x: self.density(start + x), low - start, high - start, p
        )


class _Posterior(NamedTuple):
    """Posterior distribution of tau and the mixtures over it; see `_posterior`."""

    tau: _Panels
    nodes: np.ndarray  # (n,) values of tau that the mixtures are over
    mu: _Mixture
    new: _Mixture
    finite: tuple  # whether the first and the second moment of tau exist
    bounded: bool  # whether mu has a proper prior


def _posterior(yi, vi, tau_prior, mu_prior):
    """Posterior distributions of tau, the mean and a new effect."""
    panels = _integrate_tau(vi, tau_prior, partial(_log_marginal, yi, vi, mu_prior=mu_prior))
    # A node counts by its share of the mass or of the second moment; 1e100 keeps the square finite.
    far = np.clip(panels.tau / panels.quantile(np.array([0.5])), 1.0, 1e100)
    kept = panels.share * far**2 > _NEGLIGIBLE
    tau, share = panels.tau[kept], panels.share[kept]
    tau2 = tau**2
    centre = yi[np.argmin(vi)]
    sums = [weighted((yi - centre)[:, None], vi[:, None], part)[1:3] for part in _in_blocks(tau2, vi.size)]
    total, at_mean = (np.concatenate(part) for part in zip(*sums, strict=True))
    prior_mean, prior_precision = (centre, 0.0) if mu_prior is None else (mu_prior.mean, mu_prior.sd**-2.0)
    precision = total + prior_precision
    mean = centre + (total * at_mean + prior_precision * (prior_mean - centre)) / precision
    variance = 1.0 / precision
    # The likelihood decays like tau^-k, by a power less where the flat mean is integrated out; a moment of order r
    # exists where tau^(r - power) can be integrated, at the limit too for the log-t prior with its power of log(tau).
    power = tau_prior.tail + yi.size - (mu_prior is None)
    finite = tuple(power - r > 1 or (isinstance(tau_prior, LogStudent) and power - r == 1) for r in (1, 2))
    mu, new = _Mixture(share, mean, np.sqrt(variance)), _Mixture(share, mean, np.sqrt(variance + tau2))
    return _Posterior(panels, tau, mu, new, finite, mu_prior is not None)


def _log_marginal(yi, vi, tau2, mu_prior):
    """Log-likelihood of tau2 (n,), the mean integrated over its prior (density 1 if flat)."""
    # About the most precise trial: of effects far from 0 the sums would keep few digits.
    centre = yi[np.argmin(vi)]
    y, v = (yi - centre)[:, None], vi[:, None]
    flat = log_likelihood(y, v, tau2, True) - 0.5 * (yi.size - 1) * np.log(2.0 * np.pi)
    if mu_prior is None:
        return flat
    at = weighted(y, v, tau2)
    variance = mu_prior.sd**2 + 1.0 / at.total
    gap = at.mean + centre - mu_prior.mean
    return flat - 0.5 * (np.log(2.0 * np.pi * variance) + gap**2 / variance)


def _log_evidence_at_zero(yi, vi, tau_prior):
    """Log of the marginal likelihood of yi with the mean at 0."""

    def log_at_zero(tau2):
        total = vi[:, None] + tau2
        return -0.5 * (np.log(2.0 * np.pi * total) + yi[:, None] ** 2 / total).sum(axis=0)

    return _integrate_tau(vi, tau_prior, log_at_zero).log_total


def _integrate_tau(vi, tau_prior, log_of_tau2):
    """Integrate prior times likelihood over tau; the log of the likelihood is a function of tau2 (n,)."""
    # The density stays with the posterior: a partial of functions of the module can be pickled, a closure cannot.
    log_density = partial(_log_density, tau_prior=tau_prior, log_of_tau2=log_of_tau2, each=vi.size)
    return _integrate(log_density, 0.5 * float(np.log(np.median(vi))), tau_prior.upper, vi.size)


def _log_density(x, tau_prior, log_of_tau2, each):
    """Log of prior times likelihood at log(tau) = x."""
    parts = [log_of_tau2(tau2) for tau2 in _in_blocks(np.exp(2.0 * x), each)]
    return tau_prior.on_log(x) + np.concatenate(parts)


def _in_blocks(values, each):
    """Parts of some values, each of about a block of numbers where every value makes `each` of them."""
    return np.array_split(values, max(values.size * each // _BLOCK, 1))


def _integrate(log_density, centre, upper, terms):
    """Integrate a density of log(tau), given as its logarithm, over the whole range of tau.

    Panels are halved until no halving changes the integral by more than a share of 1e-13, or than the rounding
    of the log-density, a sum of `terms`, explains; so the result rests on twice the nodes that were needed. A density
    with so many spikes that this would need more than `_MOST` panels is refused.
    """
    high = min(centre + _RIGHT, _END, np.log(upper))
    a, step = np.linspace(-np.arcsinh(_LEFT), np.arcsinh(high - centre), _PANELS, endpoint=False, retstep=True)
    b = a + step
    values = _inside(log_density, centre, a, b)[1]
    kept, top = [], values.max()
    for _ in range(_ROUNDS):
        middle = (a + b) / 2.0
        ends = np.concatenate([a, middle]), np.concatenate([middle, b])
        halves = _inside(log_density, centre, *ends)[1]
        top = max(top, halves.max())
        once = np.exp(values - top).sum(axis=1)
        twice = np.exp(halves - top).sum(axis=1)
        total = twice.sum() + sum(np.exp(v - top).sum() for _, _, v in kept)
        close = _CLOSE + _ROUNDING * (abs(top) + terms)
        open_ = np.abs(once - twice.reshape(2, -1).sum(axis=0)) > close * total
        both = np.tile(open_, 2)
        kept.append((ends[0][~both], ends[1][~both], halves[~both]))
        if not open_.any():
            break
        a, b, values = ends[0][both], ends[1][both], halves[both]
        if sum(part.size for part, _, _ in kept) + 2 * a.size > _MOST:
            raise ValueError(_TOO_MANY)
    else:
        raise ValueError(_TOO_NARROW)
    # One node hit a spike, and no node of a halved panel did.
    if total == 0.0:
        raise ValueError(_TOO_NARROW)
    left, right, values = (np.concatenate(part) for part in zip(*kept, strict=True))
    order = np.argsort(left)
    mass = np.exp(values[order] - top)
    total = mass.sum()
    below = np.concatenate([[0.0], np.cumsum(mass.sum(axis=1))]) / total
    x = _inside(log_density, centre, left[order], right[order])[0]
    edges = np.append(left[order], right[order][-1])
    with np.errstate(under="ignore"):
        tau = np.exp(x.ravel())
    return _Panels(log_density, centre, edges, float(np.log(total) + top), below, tau, (mass / total).ravel())


def _inside(log_density, centre, a, b):
    """Nodes log(tau) of the panels [a, b] and the log of density times weight there, both (p, 12)."""
    half = (b - a)[:, None] / 2.0
    t = (a + b)[:, None] / 2.0 + half * _NODES
    x = centre + np.sinh(t)
    with np.errstate(divide="ignore"):
        weight = np.log(half * _WEIGHTS * np.cosh(t))
    return x, log_density(x.ravel()).reshape(x.shape) + weight


def _share_below(panels, t):
    """Share of the integral below t (q,), by quadrature from the edge to its left."""
    i = np.clip(np.searchsorted(panels.edges, t) - 1, 0, panels.edges.size - 2)
    rest = _inside(panels.log_density, panels.centre, panels.edges[i], t)[1]
    return panels.below[i] + np.exp(rest - panels.log_total).sum(axis=1)


def _solve(cdf, density, low, high, p):
    """Where an increasing function takes the values p, by Newton's method within brackets."""
    x = 0.5 * (low + high)
    for step in range(200):
        gap = cdf(x) - p
        low, high = np.where(gap < 0, x, low), np.where(gap < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = x - gap / density(x)
        # Newton's steps that leave the bracket, or would never end, give way to bisection.
        fine = (new >= low) & (new <= high) & (step < 60)
        new = np.where(fine, new, 0.5 * (low + high))
        # Settled is what moves by rounding only, hits its share to rounding, or has no room left.
        settled = np.abs(new - x) <= 1e-14 * np.abs(new) + 1e-300
        settled |= (np.abs(gap) <= 4e-16 * p) | (high - low <= 4e-16 * np.abs(x))
        # What hit its share stays: the middle of its bracket may be far off.
        x = np.where(settled, x, new)
        if settled.all():
            break
    return x


def _summaries(of, level, upper):
    """Summaries of mu, tau and a new effect at one level; `upper` ends the range of tau."""
    first, second = of.finite

    def summary(mean, sd, quantile, density, ends=(-np.inf, np.inf)):
        median, low, high = map(float, quantile(_tails(level)))
        narrow = ConfidenceInterval(*_shortest(quantile, density, level, ends))
        return Summary(float(mean), median, float(sd), ConfidenceInterval(low, high), narrow)

    mean = of.nodes @ of.mu.share if first else np.inf
    sd = np.sqrt((of.nodes - mean) ** 2 @ of.mu.share) if second else np.inf
    return {
        "mu": summary(*_mean_and_sd(of.mu, of.bounded or first, of.bounded or second), of.mu.quantile, of.mu.density),
        "tau": summary(mean, sd, of.tau.quantile, of.tau.density, (0.0, upper)),
        "new": summary(*_mean_and_sd(of.new, first, second), of.new.quantile, of.new.density),
    }


def _tails(level):
    """Shares below the median and below both limits of an interval with equal tails."""
    return np.array([0.5, (1.0 - level) / 2.0, (1.0 + level) / 2.0])


def _shortest(quantile, density, level, ends):
    """Return the shortest interval of probability `level`; `ends` is the range of the variable."""
    from scipy.optimize import brentq

    spare = 1.0 - level
    # A quantile at 0 or 1 may be infinite.
    p = spare * np.linspace(0.0, 1.0, 21)
    p[0], p[-1] = 1e-9 * spare, spare * (1.0 - 1e-9)

    def limits(p):
        return quantile(np.atleast_1d(p)), quantile(np.atleast_1d(p) + level)

    def balance(p):
        low, high = limits(p)
        return float((density(low) - density(high))[0])

    low, high = limits(p)
    i = int(np.argmin(high - low))
    left, right = p[max(i - 1, 0)], p[min(i + 1, p.size - 1)]
    at_left, at_right = balance(left), balance(right)
    if at_left >= 0 and i <= 1 and np.isfinite(ends[0]):
        return ends[0], float(quantile(np.array([level]))[0])
    if at_right <= 0 and i >= p.size - 2 and np.isfinite(ends[1]):
        return float(quantile(np.array([spare]))[0]), ends[1]
    best = brentq(balance, left, right, xtol=1e-15) if at_left < 0 < at_right else p[i]
    low, high = limits(best)
    return float(low[0]), float(high[0])


def _mean_and_sd(mixture, mean_exists, sd_exists):
    mean = mixture.mean @ mixture.share
    about = mixture.mean - np.asarray(mean)[..., None]
    sd = np.sqrt((about**2 + mixture.sd**2) @ mixture.share)
    return mean if mean_exists else np.nan, sd if sd_exists else np.inf if mean_exists else np.nan


def _shrinkage(of, level, labels, yi, vi):
    """DataFrame of label, yi, vi and the mean, median, sd and equal-tailed limits of each trial's effect."""
    import pandas as pd

    tails, tau2 = _tails(level), of.nodes**2
    rows = []
    for at in _in_blocks(np.arange(yi.size), tails.size * tau2.size):
        y, v = yi[at, None], vi[at, None]
        # Not 1 - own, which would be rounding times a huge variance of mu.
        own, rest = tau2 / (v + tau2), v / (v + tau2)
        effects = _Mixture(of.mu.share, own * y + rest * of.mu.mean, np.sqrt(own * v + (rest * of.mu.sd) ** 2))
        rows.append([*effects.quantile(tails).T, *_mean_and_sd(effects, True, True)])
    median, low, high, mean, sd = np.concatenate(rows, axis=1)
    found = {"mean": mean, "median": median, "sd": sd, "ci_low": low, "ci_high": high}
    return pd.DataFrame({"label": labels, "yi": yi, "vi": vi} | found)
