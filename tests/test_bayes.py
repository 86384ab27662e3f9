"""Posteriors by quadrature: bayesmeta's documented example, brute-force integrals, limits, invariants, bad input."""

import dataclasses
import functools
import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from analysis.data.effect_sizes import EffectSizes
from analysis.models import bayes
from analysis.models.bayes import pool_bayes
from analysis.models.pooling import pool
from analysis.models.priors import (
    RHODES_PAIN,
    RHODES_SUBJECTIVE,
    HalfCauchy,
    HalfNormal,
    HalfStudent,
    LogStudent,
    Normal,
    Uniform,
)
from analysis.sentences import findings

# Rubin 1981: coaching effects in eight schools and their standard errors.
SCHOOLS = np.array([28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16])
SCHOOLS_SE = np.array([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6])
YI, VI = np.array([-1.2, -0.4, -2.0, 0.3]), np.array([0.10, 0.20, 0.15, 0.05])
PRIORS = {
    "half-normal": HalfNormal(0.5),
    "half-Cauchy": HalfCauchy(0.5),
    "half-t": HalfStudent(4, 0.5),
    "log-t": LogStudent(-1.0, 2.0),
    "uniform": Uniform(3.0),
}
# What an adaptive quadrature from another library gives, limited by its own error.
QUAD = 1e-9

each_prior = pytest.mark.parametrize("tau_prior", PRIORS.values(), ids=PRIORS)
each_mu_prior = pytest.mark.parametrize("mu_prior", [None, Normal(0.5, 1.5)], ids=["flat", "normal"])


@functools.cache
def posterior(tau_prior, mu_prior=None, level=0.95):
    """The posterior of YI and VI, which many tests ask something of."""
    return pool_bayes(YI, VI, tau_prior=tau_prior, mu_prior=mu_prior, confidence_level=level)


def close(ours, theirs, rtol, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=False)


def likelihood(tau, mu, yi=YI, vi=VI):
    variance = vi + tau**2
    return np.prod(np.exp(-((np.asarray(yi) - mu) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance))


def by_quad(function, upper=np.inf):
    """Integral over tau > 0 by QUADPACK, in pieces, in log(tau)."""
    ends = [x for x in (-70, -30, -12, -6, -3, -1.5, 0, 1, 2, 4, 8, 16, 40) if x < np.log(upper)]
    ends.append(min(np.log(upper), 100))
    return sum(
        integrate.quad(lambda x: function(np.exp(x)) * np.exp(x), a, b, epsabs=0, epsrel=1e-12, limit=400)[0]
        for a, b in itertools.pairwise(ends)
    )


def over_mean(tau, mu_prior, yi=YI, vi=VI):
    """Likelihood of tau with the mean integrated out: the normal integral by determinants."""
    if mu_prior is not None:
        covariance, distance = np.diag(vi + tau**2) + mu_prior.sd**2, yi - mu_prior.mean
        squared = distance @ np.linalg.solve(covariance, distance)
        return np.exp(-(squared + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2)
    w = 1 / (vi + tau**2)
    mean = (w * yi).sum() / w.sum()
    return likelihood(tau, mean, yi, vi) * np.sqrt(2 * np.pi / w.sum())


def conditional(tau, mu_prior, yi=YI, vi=VI):
    """Posterior mean and SD of the mean effect given tau, as a regression on the studies and the prior."""
    w = 1 / (vi[:, None] + tau**2)
    prior = (0.0, 0.0) if mu_prior is None else (mu_prior.sd**-2, mu_prior.mean)
    total = w.sum(axis=0) + prior[0]
    return ((w * yi[:, None]).sum(axis=0) + prior[0] * prior[1]) / total, total**-0.5


def test_eight_schools_as_bayesmeta_documents_them():
    """Vignette "An introduction to meta-analysis using the bayesmeta package", section "A simple example".

    bayesmeta integrates over tau like this module, hence all digits of tau; its posterior of mu is a mixture
    over a grid of tau with a stated divergence, here within 0.0015 of mu's quantiles (SD 5).
    """
    ours = pool_bayes(SCHOOLS, SCHOOLS_SE**2, tau_prior=HalfCauchy(25), mu_prior=Normal(0, 50))
    close([ours.tau.median, ours.tau.mean, ours.tau.sd], [4.758539, 5.884511, 4.869904], 0, atol=6e-7)
    close(ours.tau.shortest, [0.0, 15.165894], 0, atol=6e-7)
    close([ours.mu.median, ours.mu.mean, ours.mu.sd], [7.962961, 7.985729, 4.995762], 0, atol=6e-4)
    close(ours.mu.shortest, [-1.823353, 17.824562], 0, atol=3e-3)


@each_mu_prior
@each_prior
def test_tau_and_evidence_by_another_quadrature(tau_prior, mu_prior):
    ours = posterior(tau_prior, mu_prior)

    @functools.cache  # the same nodes are asked for again and again
    def joint(tau):
        return np.exp(tau_prior.log_density(tau)) * over_mean(tau, mu_prior)

    total = by_quad(joint, tau_prior.upper)
    close(ours.log_evidence, np.log(total), QUAD)
    mean = by_quad(lambda t: t * joint(t), tau_prior.upper) / total
    close(ours.tau.mean, mean, QUAD)
    close(ours.tau.sd, np.sqrt(by_quad(lambda t: (t - mean) ** 2 * joint(t), tau_prior.upper) / total), 1e-8)
    for limit, share in zip((*ours.tau.interval, ours.tau.median), (0.025, 0.975, 0.5), strict=True):
        close(by_quad(joint, limit) / total, share, QUAD)
    at = np.array([1e-3, 0.2, 1.0, 2.5])
    close(ours.tau_density(at), [joint(t) / total for t in at], QUAD)
    close(ours.probability(0.7, of="tau"), by_quad(joint, 0.7) / total, QUAD)


@each_mu_prior
@each_prior
def test_every_posterior_by_brute_force_over_mean_and_tau(tau_prior, mu_prior):
    """Sums over a grid of (mu, log tau): Gauss-Legendre panels for tau, the trapezoid rule for mu."""
    ours = posterior(tau_prior, mu_prior)
    mu = np.linspace(-100, 100, 2001)  # less than an SD of the mean apart
    edges = np.linspace(-18, np.log(min(tau_prior.upper, 60.0)), 31)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = (edges[1] - edges[0]) / 2
    x = (edges[:-1, None] + half * (1 + nodes)).ravel()
    tau = np.exp(x)
    weight = np.exp(tau_prior.on_log(x)) * np.tile(weights, 30)
    joint = np.ones((x.size, mu.size)) * weight[:, None]
    for y, v in zip(YI, VI, strict=True):
        sd = np.sqrt(v + tau**2)[:, None]
        joint *= np.exp(-(((y - mu) / sd) ** 2) / 2) / sd
    joint *= 1.0 if mu_prior is None else stats.norm.pdf(mu, mu_prior.mean, mu_prior.sd)
    joint /= joint.sum()
    of_mu, of_tau = joint.sum(axis=0), joint.sum(axis=1)
    # The grid leaves out tau beyond 60 and, for log-t, below 1e-8.
    rough = 2e-4 if tau_prior.tail < 4 else 1e-6
    close(ours.mu.mean, of_mu @ mu, rough, atol=rough)
    close(ours.mu.sd, np.sqrt(of_mu @ mu**2 - (of_mu @ mu) ** 2), 20 * rough)
    close(ours.mu_density([-1.0, 0.5]), np.interp([-1.0, 0.5], mu, of_mu) / (mu[1] - mu[0]), rough)
    below = (of_tau * stats.norm.cdf(0.0, *conditional(tau, mu_prior))).sum()
    close(ours.probability(0.0), below, rough)
    mean, variance = conditional(tau, mu_prior)[0], conditional(tau, mu_prior)[1] ** 2 + tau**2
    close(
        ours.probability(-1.0, of="new"),
        (of_tau * stats.norm.cdf(-1.0, mean, np.sqrt(variance))).sum(),
        rough,
    )
    own = tau**2 / (VI[3] + tau**2)
    theta = (of_tau * own * YI[3]).sum() + (joint * (1 - own)[:, None] * mu).sum()
    close(ours.shrinkage["mean"][3], theta, rough, atol=rough)
    second = (joint * ((own * YI[3])[:, None] + (1 - own)[:, None] * mu) ** 2).sum() + (of_tau * own * VI[3]).sum()
    close(ours.shrinkage["sd"][3], np.sqrt(second - theta**2), 10 * rough)


@each_prior
def test_bayes_factors(tau_prior):
    mu_prior = Normal(0.5, 1.5)
    ours = posterior(tau_prior, mu_prior)
    # Savage and Dickey: posterior over prior density at the null value.
    close(ours.bayes_factor("mu"), ours.mu_density(0.0) / stats.norm.pdf(0.0, 0.5, 1.5), 1e-11)
    total = by_quad(lambda t: np.exp(tau_prior.log_density(t)) * over_mean(t, mu_prior), tau_prior.upper)
    null = by_quad(lambda t: np.exp(tau_prior.log_density(t)) * likelihood(t, 0.0), tau_prior.upper)
    close(ours.bayes_factor("mu"), null / total, QUAD)
    close(ours.bayes_factor("tau"), over_mean(0.0, mu_prior) / total, QUAD)
    if not isinstance(tau_prior, LogStudent):  # whose density at 0 is infinite
        at_zero = ours.tau_density(0.0) / np.exp(tau_prior.log_density(0.0))
        close(ours.bayes_factor("tau"), at_zero, 1e-12)
        close(ours.tau_density(1e-9), ours.tau_density(0.0), 1e-6)


def test_bayes_factor_far_from_the_null():
    """Where the null lies far in the tail, the mixture has lost it; the direct integral has not."""
    ours = pool_bayes([40.0, 41.0], [0.1, 0.1], tau_prior=HalfNormal(0.5), mu_prior=Normal(0, 20))
    null = by_quad(lambda t: np.exp(HalfNormal(0.5).log_density(t)) * likelihood(t, 0.0, [40.0, 41.0], 0.1))
    assert null < 1e-300 or ours.bayes_factor("mu") == pytest.approx(null / np.exp(ours.log_evidence), rel=1e-8)
    nearer = pool_bayes([9.0, 9.5], [0.1, 0.1], tau_prior=HalfNormal(0.5), mu_prior=Normal(0, 20))
    null = by_quad(lambda t: np.exp(HalfNormal(0.5).log_density(t)) * likelihood(t, 0.0, [9.0, 9.5], 0.1))
    close(nearer.bayes_factor("mu"), null / np.exp(nearer.log_evidence), 1e-8)


def test_twice_the_panels_change_nothing(monkeypatch):
    cases = [(p, m) for p, m in zip(PRIORS.values(), [None, Normal(0.5, 1.5)] * 3, strict=False)]
    once = [posterior(p, m).to_row() for p, m in cases]
    monkeypatch.setattr(bayes, "_PANELS", 2 * bayes._PANELS)
    for (p, m), before in zip(cases, once, strict=True):
        after = pool_bayes(YI, VI, tau_prior=p, mu_prior=m).to_row()
        numbers = before.select_dtypes("number").columns
        finite = np.isfinite(before[numbers].to_numpy())
        # The ends of the shortest interval sit where its length is flat: fewer digits than the length.
        rtol = np.where(numbers.str.contains("shortest"), 1e-7, 1e-10)[None, :]
        a, b = before[numbers].to_numpy(), after[numbers].to_numpy()
        assert (np.abs(a - b)[finite] <= (rtol * np.abs(b) + 1e-12)[finite]).all()


def test_a_narrow_prior_gives_the_common_effect():
    common = pool(YI, VI, tau2_method="CE", ci_method="z")
    for tau_prior in (HalfNormal(1e-9), HalfStudent(4, 1e-9), Uniform(1e-9)):
        ours = pool_bayes(YI, VI, tau_prior=tau_prior)
        close([ours.mu.mean, ours.mu.sd], [common.estimate, common.se], 1e-12)
        close(ours.mu.interval, common.ci, 1e-12)
        close(ours.mu.shortest, common.ci, 1e-7)
        close(ours.shrinkage["mean"], np.full(4, common.estimate), 1e-9)


def test_a_wide_normal_prior_of_the_mean_is_flat():
    flat, wide = pool_bayes(YI, VI), pool_bayes(YI, VI, mu_prior=Normal(0, 1e7))
    close(wide.mu[:3], flat.mu[:3], 1e-9)
    close(wide.tau[:3], flat.tau[:3], 1e-9)


@pytest.fixture
def _without_shrinkage(monkeypatch):
    """Leave out the effect of each study, which of many takes longest."""
    monkeypatch.setattr(bayes, "_shrinkage", lambda *_: None)


@pytest.mark.usefixtures("_without_shrinkage")
def test_many_studies_approach_reml():
    rng = np.random.default_rng(5)
    vi = np.exp(rng.normal(-2, 1, 1000))
    yi = rng.normal(-1, np.sqrt(0.25 + vi))
    ours, reml = pool_bayes(yi, vi, tau_prior=HalfNormal(2)), pool(yi, vi, ci_method="z")
    close([ours.mu.mean, ours.mu.sd], [reml.estimate, reml.se], 3e-3)
    close(ours.tau.median, reml.tau, 3e-3)


@pytest.mark.usefixtures("_without_shrinkage")
def test_thousands_of_studies_cost_little(monkeypatch):
    rng = np.random.default_rng(1)
    vi, yi = np.exp(rng.normal(-2, 1, 1000)), rng.normal(0, 30, 1000)
    ours = pool_bayes(yi, vi)
    # Rounding of a log-likelihood of -5000 is no reason to halve panels.
    assert ours._posterior.tau.edges.size < 300
    largest = 0

    def counting(y, v, tau2, restricted, original=bayes.log_likelihood):
        nonlocal largest
        largest = max(largest, v.size * tau2.size)
        return original(y, v, tau2, restricted)

    monkeypatch.setattr(bayes, "log_likelihood", counting)
    assert pool_bayes(np.tile(yi, 3), np.tile(vi, 3)).k == 3000 and 500_000 < largest < 2_000_000


def test_equal_studies_are_shrunk_alike():
    yi, vi = np.linspace(-2, 2, 50), np.linspace(0.05, 0.5, 50)
    many = pool_bayes(np.tile(yi, 3), np.tile(vi, 3))
    assert (many.k, len(many.shrinkage)) == (150, 150)
    close(many.shrinkage["mean"][:50], many.shrinkage["mean"][100:], 1e-12)


def test_density_with_too_many_spikes_is_refused_before_it_fills_the_memory():
    nodes = 0

    def spikes(x):
        nonlocal nodes
        nodes += x.size
        assert nodes < 1_000_000
        return 40.0 * np.sin(1e7 * x)

    with pytest.raises(ValueError, match="too many spikes"):
        bayes._integrate(spikes, 0.0, 1e3, 3)
    assert nodes > 50_000


def test_spike_that_one_node_hits_and_no_other_is_refused():
    vi, tau_prior, mu_prior = [0.04, 0.1, 1.3], HalfNormal(0.014), Normal(0.0, 0.2)
    with pytest.raises(ValueError, match="spike narrower than double precision"):
        pool_bayes([2e4, 6e4, 3e5], vi, tau_prior=tau_prior, mu_prior=mu_prior)


def test_blocks_change_nothing(monkeypatch):
    once = pool_bayes(YI, VI, mu_prior=Normal(0.5, 1.5))
    monkeypatch.setattr(bayes, "_BLOCK", 100)
    again = pool_bayes(YI, VI, mu_prior=Normal(0.5, 1.5))
    close(again.to_row().select_dtypes("number"), once.to_row().select_dtypes("number"), 1e-10)
    close(again.shrinkage.iloc[:, 1:], once.shrinkage.iloc[:, 1:], 1e-12)


def test_the_effect_of_a_lone_study_has_an_sd():
    """Whatever the moments of mu: far out in tau the effect is the study's own, with its own variance."""
    for tau_prior in (HalfCauchy(0.5), LogStudent(-1, 2)):
        ours = pool_bayes([0.4], [0.09], tau_prior=tau_prior).shrinkage
        close(ours[["mean", "sd"]].to_numpy()[0], [0.4, 0.3], 1e-9)


def test_one_study_gives_back_the_prior_of_tau():
    ours = pool_bayes([0.4], [0.09], tau_prior=HalfNormal(0.5))
    close([ours.tau.mean, ours.tau.sd], [0.5 * np.sqrt(2 / np.pi), 0.5 * np.sqrt(1 - 2 / np.pi)], 1e-12)
    close(ours.tau.interval, stats.halfnorm.ppf([0.025, 0.975], scale=0.5), 1e-12)
    close([ours.mu.mean, ours.mu.sd], [0.4, np.sqrt(0.09 + 0.25)], 1e-12)
    close(ours.new.sd, np.sqrt(0.09 + 0.5), 1e-12)


@each_prior
def test_unit_does_not_matter(tau_prior):
    ours = posterior(tau_prior, Normal(0.5, 1.5))
    for c in (1e-6, 1e6):
        shifted = {"scale": c * getattr(tau_prior, "scale", 0), "upper": c * tau_prior.upper}
        if isinstance(tau_prior, LogStudent):
            shifted = {"location": tau_prior.location + 2 * np.log(c)}
        changed = {k: v for k, v in shifted.items() if k in {f.name for f in dataclasses.fields(tau_prior)}}
        prior = dataclasses.replace(tau_prior, **changed)
        other = pool_bayes(c * YI, c**2 * VI, tau_prior=prior, mu_prior=Normal(0.5 * c, 1.5 * c))
        for name in ("mu", "tau", "new"):
            a, b = getattr(other, name), getattr(ours, name)
            close(np.array(a[:3]) / c, b[:3], 1e-10)
            close(np.array(a.interval) / c, b.interval, 1e-10)
        close(other.bayes_factor("mu"), ours.bayes_factor("mu"), 1e-10)
        close(other.log_evidence + 4 * np.log(c), ours.log_evidence, 1e-10)


@each_prior
def test_shift_and_order_do_not_matter(tau_prior):
    ours = posterior(tau_prior)
    other = pool_bayes(YI[::-1] + 100, VI[::-1], tau_prior=tau_prior)
    close(other.mu.mean - 100, ours.mu.mean, 1e-10)
    close(np.array(other.new.interval) - 100, ours.new.interval, 1e-10)
    close(other.tau[:3], ours.tau[:3], 1e-11)
    close(other.shrinkage["median"][::-1] - 100, ours.shrinkage["median"], 1e-10)
    mirrored = pool_bayes(-YI, VI, tau_prior=tau_prior)
    close(mirrored.probability(0.0), 1 - ours.probability(0.0), 1e-10)


@each_mu_prior
@each_prior
def test_intervals_have_their_level_and_the_shortest_is_shortest(tau_prior, mu_prior):
    for level in (0.5, 0.95):
        ours = posterior(tau_prior, mu_prior, level)
        for name, density in (("mu", ours.mu_density), ("tau", ours.tau_density), ("new", ours.new_density)):
            found = getattr(ours, name)
            for low, high in (found.interval, found.shortest):
                close(ours.probability(high, of=name) - ours.probability(low, of=name), level, 1e-10)
            length = found.shortest.high - found.shortest.low
            assert length <= found.interval.high - found.interval.low + 1e-12
            if found.shortest.low != 0 and found.shortest.high != tau_prior.upper:
                close(*density(np.array(found.shortest)), 1e-6)
            tails = np.linspace(0.01, 0.99, 9) * (1 - level)
            low, high = ours.quantile([tails, tails + level], of=name)
            assert (length <= (high - low) * (1 + 1e-9)).all()


def test_quantiles_and_probabilities_are_inverse():
    ours = pool_bayes(YI, VI)
    p = np.array([[1e-8, 0.01, 0.3], [0.5, 0.9, 0.9999]])
    for name in ("mu", "tau", "new"):
        close(ours.probability(ours.quantile(p, of=name), of=name), p, 1e-9)
    assert isinstance(ours.quantile(0.5), float) and isinstance(ours.probability(0.0), float)
    for name in ("mu", "tau", "new"):
        assert np.isnan(ours.probability(np.nan, of=name))
    assert ours.probability(-1.0, of="tau") == ours.tau_density(-1.0) == 0.0
    assert ours.quantile(0.5) == pytest.approx(ours.mu.median, rel=1e-12)


def test_limits_of_the_studies_have_their_shares():
    """Quantiles of 60 posteriors against a sum over a fine grid of tau, in units from 1/256 to 256."""
    rng = np.random.default_rng(1)
    for k, unit in zip(rng.integers(2, 15, 60), 2.0 ** rng.integers(-8, 9, 60), strict=True):
        yi, vi = rng.normal(size=(k, 1)).round(1) * unit, rng.uniform(0.05, 1, (k, 1)).round(2) * unit**2
        tau = np.linspace(0, 5 * unit, 4001)[1:] - 0.000625 * unit
        w = 1 / (vi + tau**2)
        mean = (w * yi).sum(axis=0) / w.sum(axis=0)
        log = 0.5 * (np.log(w).sum(axis=0) - np.log(w.sum(axis=0)) - (w * (yi - mean) ** 2).sum(axis=0))
        share = np.exp(log - log.max()) * stats.norm.pdf(tau, scale=unit / 2)
        centre, sd = mean + tau**2 * w * (yi - mean), np.sqrt(vi * tau**2 * w + (vi * w) ** 2 / w.sum(axis=0))
        found = pool_bayes(yi[:, 0], vi[:, 0], tau_prior=HalfNormal(unit / 2)).to_frame().iloc[:k]
        for name, p in (("median", 0.5), ("ci_low", 0.025), ("ci_high", 0.975)):
            below = stats.norm.cdf((found[[name]].to_numpy(float) - centre) / sd) @ share / share.sum()
            np.testing.assert_allclose(below, p, atol=2e-6, err_msg=f"{name}, k = {k}, unit {unit}")


def test_densities_integrate_to_one():
    ours = pool_bayes(YI, VI, tau_prior=HalfCauchy(0.5), mu_prior=Normal(0, 2))
    for density, ends in ((ours.mu_density, (-30, 30)), (ours.new_density, (-300, 300))):
        total = sum(integrate.quad(density, a, b, limit=400)[0] for a, b in [(ends[0], -1), (-1, 1), (1, ends[1])])
        close(total, 1.0, 1e-6)
    close(by_quad(ours.tau_density), 1.0, 1e-9)


def test_shrinkage_lies_between_a_study_and_the_rest():
    ours = pool_bayes(YI, VI)
    table = ours.shrinkage
    pulled = (table["mean"] - YI) * (ours.mu.mean - YI)
    assert (pulled > 0).all() and (table["sd"] < np.sqrt(VI) * 1.05).all()
    assert ((table["ci_low"] < table["median"]) & (table["median"] < table["ci_high"])).all()
    far = pool_bayes(YI, VI, tau_prior=Uniform(1e6)).shrinkage
    assert (np.abs(far["mean"] - YI) < np.abs(table["mean"] - YI)).all()


# The posterior of tau falls like the prior times tau^-(k - 1), or tau^-k with a proper prior of the mean.
@pytest.mark.parametrize(
    ("tau_prior", "mu_prior", "k", "tau_mean", "tau_sd", "mu_sd"),
    [
        (HalfCauchy(0.5), None, 1, False, False, False),
        (HalfCauchy(0.5), None, 2, True, False, False),
        (HalfCauchy(0.5), None, 3, True, True, True),
        (HalfCauchy(0.5), Normal(0, 1), 1, True, False, True),
        (HalfCauchy(0.5), Normal(0, 1), 2, True, True, True),
        (LogStudent(-1, 2), None, 1, False, False, False),
        (LogStudent(-1, 2), None, 2, True, False, False),
        (LogStudent(-1, 2), None, 3, True, True, True),
        (HalfNormal(0.5), None, 1, True, True, True),
    ],
)
def test_moments_that_do_not_exist(tau_prior, mu_prior, k, tau_mean, tau_sd, mu_sd):
    ours = pool_bayes(YI[:k], VI[:k], tau_prior=tau_prior, mu_prior=mu_prior)
    assert np.isfinite([ours.tau.mean, ours.tau.sd]).tolist() == [tau_mean, tau_sd]
    assert bool(np.isfinite(ours.mu.sd)) == mu_sd
    assert np.isfinite(ours.mu.mean) == (tau_mean or mu_prior is not None)
    assert np.isfinite(ours.new.sd) == tau_sd
    assert np.isfinite([*ours.mu.interval, *ours.new.shortest, ours.tau.median]).all()


@each_prior
def test_priors_are_proper_and_their_forms_agree(tau_prior):
    close(by_quad(lambda t: np.exp(tau_prior.log_density(t)), tau_prior.upper), 1.0, 3e-7)
    x = np.array([-3.0, 0.0, 1.0])
    close(tau_prior.on_log(x), tau_prior.log_density(np.exp(x)) + x, 1e-13)


def test_priors_are_those_of_scipy():
    tau = np.array([0.01, 0.5, 3.0])
    close(HalfNormal(0.7).log_density(tau), stats.halfnorm.logpdf(tau, scale=0.7), 1e-13)
    close(HalfCauchy(0.7).log_density(tau), stats.halfcauchy.logpdf(tau, scale=0.7), 1e-13)
    close(HalfStudent(4, 0.7).log_density(tau), np.log(2) + stats.t.logpdf(tau, 4, scale=0.7), 1e-13)
    of_tau2 = stats.t.logpdf(np.log(tau**2), 5, -3.02, 2.27) - np.log(tau**2)
    close(RHODES_PAIN.log_density(tau), of_tau2 + np.log(2 * tau), 1e-13)
    assert (RHODES_SUBJECTIVE.location, RHODES_SUBJECTIVE.scale, RHODES_SUBJECTIVE.df) == (-2.62, 2.41, 5.0)
    close(Uniform(2.0).log_density(np.array([1.0, 3.0])), [-np.log(2), -np.inf], 0)


def test_unequal_and_agreeing_studies():
    for yi, vi in (
        ([1.0, 1.0], [1e-10, 1e4]),
        ([5.0, 5.0, 5.0], [1e-14, 1e-14, 1.0]),
        ([0.0, 1e4], [1.0, 1.0]),
    ):
        ours = pool_bayes(yi, vi)
        assert min(yi) * (1 - 1e-12) <= ours.mu.mean <= max(yi) * (1 + 1e-12)
        assert np.isfinite(ours.to_row().select_dtypes("number").to_numpy()).all()


def test_tables_and_inputs():
    table = pd.DataFrame({"yi": YI, "vi": VI, "label": list("abcd")})
    effects = EffectSizes(table, pd.DataFrame(), pd.DataFrame(), measure="MD")
    ours = pool_bayes(effects, tau_prior=HalfCauchy(0.5))
    assert (ours.measure, ours.labels, ours.k) == ("MD", ("a", "b", "c", "d"), 4)
    frame, row = ours.to_frame(), ours.to_row()
    assert frame["kind"].tolist() == ["study"] * 4 + ["summary", "prediction"]
    assert frame["label"].tolist() == ["a", "b", "c", "d", "Mean effect", "New trial"]
    assert frame["ci_low"].tolist()[-2:] == [ours.mu.interval.low, ours.new.interval.low]
    assert row["mu_median"].tolist() == [ours.mu.median]
    assert row[["tau_prior", "mu_prior"]].values.tolist() == [["HalfStudent(df=1.0, scale=0.5)", "flat"]]
    with pytest.raises(dataclasses.FrozenInstanceError):
        ours.mu = None
    with pytest.raises(ValueError, match="read-only"):
        ours.yi[0] = 1.0
    assert YI.flags.writeable


@each_prior
def test_half_of_the_prior_lies_below_its_median(tau_prior):
    below = by_quad(lambda tau: np.exp(tau_prior.log_density(tau)), tau_prior.median)
    close(below, 0.5, 1e-7)  # of the log-t prior 6e-9 lie below the first piece of the integral


@pytest.mark.parametrize("effects", [YI, [0.0, 0.1, 0.0, 0.1]], ids=["their SD", "median standard error"])
def test_a_prior_for_another_scale_is_noted(effects):
    """The limits, and both sides of them; the spread is whichever is larger."""
    spread = max(np.std(effects, ddof=1), np.sqrt(0.125))
    for ratio, misfit in ((4.99, ""), (5.01, "narrow"), (0.101, ""), (0.099, "wide")):
        ours = pool_bayes(effects, VI, tau_prior=Uniform(2.0 * spread / ratio))
        assert (ours.spread, ours.prior_misfit) == (pytest.approx(spread), misfit)
        for told in (ours.summary(), findings(ours)):
            assert (f"The prior of tau is {misfit} for these data" in told) is bool(misfit)
            assert ("tau_prior=HalfNormal(scale)" in told) is bool(misfit)


def test_the_default_prior_is_for_points_on_0_to_10():
    assert pool_bayes(YI, VI).prior_misfit == "" == pool_bayes(YI[:1], VI[:1]).prior_misfit
    assert pool_bayes(10.0 * YI, 100.0 * VI).prior_misfit == "narrow"
    assert pool_bayes(YI / 100.0, np.full(4, 1e-6)).prior_misfit == "wide"
    for location in (-2000.0, 1500.0):
        assert LogStudent(location, 1.0).median in (0.0, np.inf)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pool_bayes([0.1]), "vi is missing"),
        (lambda: pool_bayes([], []), "no studies"),
        (lambda: pool_bayes([0.1], [0.0]), "study 1.*must be positive"),
        (lambda: pool_bayes([0.1, 0.2], [0.1]), "2 and 1 values"),
        (lambda: pool_bayes([0.1], [0.1], tau_prior=1.0), "tau_prior=1.0 must be"),
        (lambda: pool_bayes([0.1], [0.1], mu_prior=(0, 1)), "must be a Normal"),
        (lambda: pool_bayes([0.1], [0.1], confidence_level=2), "confidence_level=2"),
        (lambda: pool_bayes([0.1], [0.1], labels=["a", "b"]), "2 labels for 1 studies"),
        (lambda: pool_bayes([0.1], [0.1]).bayes_factor("mu"), "needs a proper prior of mu"),
        (lambda: pool_bayes([0.1], [0.1]).bayes_factor("new"), "null='new' is not known"),
        (lambda: pool_bayes([0.1], [0.1]).probability(0, of="theta"), "of='theta' is not known"),
        (lambda: pool_bayes([0.1], [0.1]).quantile(1.0), "p must lie between 0 and 1"),
        (lambda: HalfNormal(0.0), "HalfNormal: scale=0.0 must be a positive number"),
        (lambda: HalfNormal("wide"), "must be a positive number"),
        (lambda: HalfCauchy(-1.0), "scale=-1.0"),
        (lambda: HalfStudent(0.5, 1.0), "at least 1"),
        (lambda: LogStudent(np.nan, 1.0), "finite"),
        (lambda: LogStudent(0.0, 1.0, df=1.0), "at least 2"),
        (lambda: Uniform(np.inf), "upper=inf"),
        (lambda: Normal(np.inf, 1.0), "mean=inf"),
        (lambda: Normal(0.0, 0.0), "sd=0.0"),
        (lambda: Normal("0", 1), "Normal: mean='0' must be a finite number"),
        (lambda: LogStudent("0", 1.0), "finite"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_summary_tells_the_priors_in_words():
    said = pool_bayes([0.1, 0.4], [0.1, 0.2], tau_prior=HalfNormal(0.5)).summary()
    assert "half-normal prior of tau with scale 0.5; flat prior of the mean effect)" in said
    said = pool_bayes([0.1, 0.4], [0.1, 0.2], mu_prior=Normal(0.0, 2.0)).summary()
    assert "scale 1; normal prior of the mean effect with mean 0 and SD 2)" in said
