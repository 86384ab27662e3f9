"""Bayesian random-effects meta-analysis by quadrature: exact posteriors without a sampler, for few trials.

Given tau the effects, their mean and a new effect are normal, so every posterior is a mixture of normal
distributions over tau, and the one integral that is left is over tau. It is done to near machine precision.
"""

from dataclasses import dataclass, field

import numpy as np

from analysis import _validate
from analysis.posterior import Posterior, Summary, log_evidence_at_zero, log_marginal, posterior, shrink, summarise
from analysis.priors import HalfNormal, HalfStudent, LogStudent, Normal, Uniform

_TAU_PRIORS = (HalfNormal, HalfStudent, LogStudent, Uniform)


@dataclass(frozen=True, eq=False)
class PosteriorEffect:
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
    yi, vi : numpy.ndarray
    labels : tuple of str
    measure : str
    """

    k: int
    mu: Summary
    tau: Summary
    new: Summary
    shrinkage: object
    log_evidence: float
    tau_prior: object
    mu_prior: object
    confidence_level: float
    yi: np.ndarray
    vi: np.ndarray
    labels: tuple
    measure: str
    _posterior: Posterior = field(repr=False)

    def mu_density(self, x):
        """Posterior density of the mean effect at x, of any shape."""
        return _on_grid(self._posterior.mu.density, x)

    def new_density(self, x):
        """Predictive density of the true effect of a new trial at x, of any shape."""
        return _on_grid(self._posterior.new.density, x)

    def tau_density(self, x):
        """Posterior density of the heterogeneity SD at x, of any shape; zero below 0."""
        x = np.asarray(x, dtype=float)
        inside = (x > 0) & (x <= self.tau_prior.upper)
        density = _on_grid(self._posterior.tau.density, np.where(inside, x, self.tau.median))
        at_zero = self.tau_prior.log_density(0.0) + self._log_common_effect()
        return np.where(inside, density, np.where(x == 0.0, np.exp(at_zero - self.log_evidence), 0.0))[()]

    def quantile(self, p, of="mu"):
        """Posterior quantiles.

        Parameters
        ----------
        p : float or array
            Between 0 and 1, both excluded.
        of : {"mu", "tau", "new"}
        """
        _validate.option("of", of, ("mu", "tau", "new"))
        p = np.asarray(p, dtype=float)
        if not ((p > 0) & (p < 1)).all():
            raise ValueError("p must lie between 0 and 1, both excluded")
        if of == "tau":
            return _on_grid(self._posterior.tau.quantile, p)
        return _on_grid(getattr(self._posterior, of).quantile, p)

    def probability(self, below=0.0, of="mu"):
        """Posterior probability that a quantity is below a value.

        Parameters
        ----------
        below : float or array
            Such as 0, or minus the smallest worthwhile difference.
        of : {"mu", "tau", "new"}

        Returns
        -------
        float or numpy.ndarray

        Examples
        --------
        >>> posterior = pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])
        >>> print(f"{posterior.probability(0.0):.3f} {posterior.probability(-1.0, of='new'):.3f}")
        0.977 0.638
        """
        _validate.option("of", of, ("mu", "tau", "new"))
        below = np.asarray(below, dtype=float)
        if of == "tau":
            share = _on_grid(self._posterior.tau.cdf, np.where(below > 0, below, self.tau.median))
            return np.where(below > 0, share, np.where(np.isnan(below), np.nan, 0.0))[()]
        return _on_grid(getattr(self._posterior, of).cdf, below)

    def bayes_factor(self, null="mu"):
        """Evidence for a null hypothesis against the model: above 1 the data favour the null.

        Parameters
        ----------
        null : {"mu", "tau"}
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
        _validate.option("null", null, ("mu", "tau"))
        if null == "tau":
            log_null = self._log_common_effect()
        elif self.mu_prior is None:
            raise ValueError("the Bayes factor of mu = 0 needs a proper prior of mu; give mu_prior=Normal(mean, sd)")
        else:
            log_null = log_evidence_at_zero(self.yi, self.vi, self.tau_prior)
        return float(np.exp(log_null - self.log_evidence))

    def _log_common_effect(self):
        return float(log_marginal(self.yi, self.vi, np.zeros(1), self.mu_prior)[0])

    def to_frame(self):
        """Return a tidy DataFrame: each trial's shrinkage estimate, then the mean effect and a new effect.

        Returns
        -------
        pandas.DataFrame
            Columns label, yi, vi, mean, median, sd, ci_low, ci_high, kind ("study", "summary", "prediction").
        """
        import pandas as pd

        ends = [
            {"label": label, "mean": s.mean, "median": s.median, "sd": s.sd}
            | {"ci_low": s.interval.low, "ci_high": s.interval.high, "kind": kind}
            for label, s, kind in (("Mean effect", self.mu, "summary"), ("New trial", self.new, "prediction"))
        ]
        return pd.concat([self.shrinkage.assign(kind="study"), pd.DataFrame(ends)], ignore_index=True)

    def summary(self):
        """Return the result in words, as text of a few lines."""
        from analysis import model_report

        return model_report.posterior_summary(self)

    def _repr_html_(self):
        from analysis import model_report

        return model_report.as_html(self.summary())

    def to_row(self):
        """Return a DataFrame of one row with every number of the result and the priors that made it.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        row = {"measure": self.measure, "k": self.k}
        for name in ("mu", "tau", "new"):
            s = getattr(self, name)
            row |= {f"{name}_mean": s.mean, f"{name}_median": s.median, f"{name}_sd": s.sd}
            for kind in ("interval", "shortest"):
                row |= {f"{name}_{kind}_{end}": getattr(getattr(s, kind), end) for end in ("low", "high")}
        row |= {"log_evidence": self.log_evidence, "confidence_level": self.confidence_level}
        return pd.DataFrame([row | {"tau_prior": str(self.tau_prior), "mu_prior": str(self.mu_prior or "flat")}])


def _on_grid(function, x):
    x = np.asarray(x, dtype=float)
    return function(x.ravel()).reshape(x.shape)[()]


def pool_bayes(
    yi,
    vi=None,
    *,
    tau_prior=HalfNormal(1.0),  # noqa: B008 - frozen
    mu_prior=None,
    confidence_level=0.95,
    labels=None,
    measure="",
):
    """Pool the effects of k studies with prior distributions, exactly, by quadrature.

    Parameters
    ----------
    yi : sequence of float, shape (k,), or EffectSizes
        Outcomes; or an object with `yi`, `vi` and, if it has them, `labels` and `measure`.
    vi : sequence of float, shape (k,)
        Sampling variances. Left out with an EffectSizes.
    tau_prior : HalfNormal, HalfStudent, HalfCauchy, LogStudent or Uniform
        Prior of the SD of true effects, in the unit of yi. The default suits differences in points on 0-10
        loosely; choose it for the effect measure at hand and vary it.
    mu_prior : Normal, optional
        Prior of the mean effect; flat if left out.
    confidence_level : float
        Level of all intervals.
    labels : sequence of str, optional
        Names of the studies.
    measure : str
        Name of the effect measure, carried along.

    Returns
    -------
    PosteriorEffect
        One study is enough, as every prior of tau is proper.

    Raises
    ------
    ValueError
        For studies that cannot be pooled, a prior of another kind or an invalid level.

    References
    ----------
    Roever 2020, doi 10.18637/jss.v093.i06.

    Examples
    --------
    >>> posterior = pool_bayes([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], tau_prior=HalfNormal(0.5))
    >>> low, high = posterior.mu.interval
    >>> print(f"{posterior.mu.median:.3f} ({low:.3f} to {high:.3f})")
    -1.283 (-2.062 to -0.421)
    """
    if not isinstance(tau_prior, _TAU_PRIORS):
        raise ValueError(
            f"tau_prior={tau_prior!r} must be a HalfNormal, HalfStudent, HalfCauchy, LogStudent or Uniform"
        )
    if mu_prior is not None and not isinstance(mu_prior, Normal):
        raise ValueError(f"mu_prior={mu_prior!r} must be a Normal, or None for a flat prior")
    level = _validate.level(confidence_level)
    if vi is None:
        if not (hasattr(yi, "yi") and hasattr(yi, "vi")):
            raise ValueError("vi is missing; give one sampling variance for each outcome, or an EffectSizes as yi")
        labels = getattr(yi, "labels", None) if labels is None else labels
        measure = measure or getattr(yi, "measure", "")
        yi, vi = yi.yi, yi.vi
    _validate.same_shape(yi, vi, 1, "(k,), one value for each study")
    names = _validate.study_labels(labels, len(yi))
    yi, vi = _validate.check(yi, vi, lambda at: f"study {at[0] + 1} ({names[at[0]]})")
    yi, vi = np.array(yi), np.array(vi)
    for x in (yi, vi):
        x.flags.writeable = False
    of = posterior(yi, vi, tau_prior, mu_prior)
    mu, tau, new = summarise(of, level, tau_prior.upper)
    return PosteriorEffect(
        k=yi.size,
        mu=mu,
        tau=tau,
        new=new,
        shrinkage=shrink(of, level, names, yi, vi),
        log_evidence=of.tau.log_total,
        tau_prior=tau_prior,
        mu_prior=mu_prior,
        confidence_level=level,
        yi=yi,
        vi=vi,
        labels=names,
        measure=measure,
        _posterior=of,
    )
