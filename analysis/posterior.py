"""Posterior of a random-effects meta-analysis: tau by quadrature, everything else as mixtures over tau.

With precisions w = 1 / (vi + tau^2) the posterior of the mean given tau is normal, its precision the sum of w
plus that of the prior; so are a new effect and the effect of each trial (Roever 2020, doi
10.18637/jss.v093.i06).
"""

from typing import NamedTuple

import numpy as np

from analysis.columns import weighted
from analysis.likelihood import log_likelihood
from analysis.priors import LogStudent
from analysis.quadrature import Mixture, Panels, integrate, shortest
from analysis.results import ConfidenceInterval

_NEGLIGIBLE = 1e-22  # posterior share of a node, or its share of the second moment, that no summary can notice
_BLOCK = 1_000_000  # numbers to work on at once: the trials by the values of tau are too many for the memory


class Summary(NamedTuple):
    """Summary of one posterior distribution; a mean that does not exist is NaN, an infinite SD is inf."""

    mean: float
    median: float
    sd: float
    interval: ConfidenceInterval  # equal tails
    shortest: ConfidenceInterval  # highest posterior density where there is one mode


class Posterior(NamedTuple):
    """Posterior distribution of tau and the mixtures over it; see `posterior`."""

    tau: Panels
    nodes: np.ndarray  # (n,) values of tau that the mixtures are over
    mu: Mixture
    new: Mixture
    finite: tuple  # whether the first and the second moment of tau exist
    bounded: bool  # whether mu has a proper prior


def log_marginal(yi, vi, tau2, mu_prior):
    """Log-likelihood of tau2 (n,), the mean integrated over its prior (density 1 if flat)."""
    centre = yi[np.argmin(vi)]
    y, v = (yi - centre)[:, None], vi[:, None]
    flat = log_likelihood(y, v, tau2, True) - 0.5 * (yi.size - 1) * np.log(2.0 * np.pi)
    if mu_prior is None:
        return flat
    at = weighted(y, v, tau2)
    variance = mu_prior.sd**2 + 1.0 / at.total
    gap = at.mean + centre - mu_prior.mean
    return flat - 0.5 * (np.log(2.0 * np.pi * variance) + gap**2 / variance)


def _integrate_tau(vi, tau_prior, log_of_tau2):
    """Integrate prior times likelihood over tau; the log of the likelihood is a function of tau2 (n,)."""

    def log_density(x):
        blocks = np.array_split(np.exp(2.0 * x), max(x.size * vi.size // _BLOCK, 1))
        return tau_prior.on_log(x) + np.concatenate([log_of_tau2(tau2) for tau2 in blocks])

    return integrate(log_density, 0.5 * float(np.log(np.median(vi))), tau_prior.upper, vi.size)


def log_evidence_at_zero(yi, vi, tau_prior):
    """Log of the marginal likelihood of yi with the mean at 0."""

    def log_at_zero(tau2):
        total = vi[:, None] + tau2
        return -0.5 * (np.log(2.0 * np.pi * total) + yi[:, None] ** 2 / total).sum(axis=0)

    return _integrate_tau(vi, tau_prior, log_at_zero).log_total


def posterior(yi, vi, tau_prior, mu_prior):
    """Posterior distributions of tau, the mean and a new effect."""
    panels = _integrate_tau(vi, tau_prior, lambda tau2: log_marginal(yi, vi, tau2, mu_prior))
    far = np.clip(panels.tau / panels.quantile(np.array([0.5])), 1.0, 1e100)
    kept = panels.share * far**2 > _NEGLIGIBLE
    tau, share = panels.tau[kept], panels.share[kept]
    tau2 = tau**2
    centre = yi[np.argmin(vi)]
    blocks = np.array_split(tau2, max(tau2.size * vi.size // _BLOCK, 1))
    sums = [weighted((yi - centre)[:, None], vi[:, None], part)[1:3] for part in blocks]
    total, at_mean = (np.concatenate(part) for part in zip(*sums, strict=True))
    prior_precision = 0.0 if mu_prior is None else mu_prior.sd**-2.0
    precision = total + prior_precision
    pull = 0.0 if mu_prior is None else prior_precision * (mu_prior.mean - centre)
    mean, variance = centre + (total * at_mean + pull) / precision, 1.0 / precision
    power = tau_prior.tail + yi.size - (mu_prior is None)
    finite = tuple(power - r > 1 or (isinstance(tau_prior, LogStudent) and power - r == 1) for r in (1, 2))
    mu, new = Mixture(share, mean, np.sqrt(variance)), Mixture(share, mean, np.sqrt(variance + tau2))
    return Posterior(panels, tau, mu, new, finite, mu_prior is not None)


def _moments(mixture, mean_exists, sd_exists):
    mean = mixture.mean @ mixture.share
    about = mixture.mean - np.asarray(mean)[..., None]
    sd = np.sqrt((about**2 + mixture.sd**2) @ mixture.share)
    return mean if mean_exists else np.nan, sd if sd_exists else np.inf if mean_exists else np.nan


def summarise(of, level, upper):
    """Summaries of mu, tau and a new effect at one level; `upper` ends the range of tau."""
    tails = np.array([0.5, (1.0 - level) / 2.0, (1.0 + level) / 2.0])
    first, second = of.finite

    def summary(mean, sd, quantile, density, ends=(-np.inf, np.inf)):
        median, low, high = map(float, quantile(tails))
        narrow = ConfidenceInterval(*shortest(quantile, density, level, ends))
        return Summary(float(mean), median, float(sd), ConfidenceInterval(low, high), narrow)

    mean = of.nodes @ of.mu.share if first else np.inf
    sd = np.sqrt((of.nodes - mean) ** 2 @ of.mu.share) if second else np.inf
    return (
        summary(*_moments(of.mu, of.bounded or first, of.bounded or second), of.mu.quantile, of.mu.density),
        summary(mean, sd, of.tau.quantile, of.tau.density, (0.0, upper)),
        summary(*_moments(of.new, first, second), of.new.quantile, of.new.density),
    )


def shrink(of, level, labels, yi, vi):
    """DataFrame of label, yi, vi and the mean, median, sd and equal-tailed limits of each trial's effect."""
    import pandas as pd

    tails = np.array([0.5, (1.0 - level) / 2.0, (1.0 + level) / 2.0])
    blocks = np.array_split(np.arange(yi.size), max(yi.size * tails.size * of.nodes.size // _BLOCK, 1))
    rows = []
    for effects in (_effects(of, yi[at, None], vi[at, None]) for at in blocks):
        median, low, high = effects.quantile(tails).T
        mean, sd = _moments(effects, True, True)
        rows.append(np.column_stack([mean, median, sd, low, high]))
    found = dict(zip(("mean", "median", "sd", "ci_low", "ci_high"), np.concatenate(rows).T, strict=True))
    return pd.DataFrame({"label": labels, "yi": yi, "vi": vi} | found)


def _effects(of, yi, vi):
    """Posterior of the effects of some trials, yi and vi of shape (r, 1)."""
    tau2 = of.nodes**2
    own, rest = tau2 / (vi + tau2), vi / (vi + tau2)  # 1 - own would be rounding times a huge variance of mu
    return Mixture(of.mu.share, own * yi + rest * of.mu.mean, np.sqrt(own * vi + (rest * of.mu.sd) ** 2))
