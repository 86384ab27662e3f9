"""Regressions, multilevel fits, posteriors, counts and subgroups in sentences; analysis.text formats the numbers."""

import html
import math

import numpy as np

from analysis.text import counted, equals, interval, level, number, percent

STUDIES_PER_MODERATOR = 10  # Cochrane Handbook, section 10.11.5.1


def as_html(text):
    """Return a summary for a notebook."""
    return f"<pre>{html.escape(text)}</pre>"


def _line(name, said, width=12):
    return f"  {name:<{width}}  {said}"


def _on_t(df):
    return f" on t({number(df, 0 if float(df).is_integer() else 1)})" if math.isfinite(df) else ""


def regression_summary(fit):
    """Return the coefficients of a meta-regression and what the moderators explain and leave.

    Parameters
    ----------
    fit : analysis.MetaRegression

    Returns
    -------
    str
    """
    at, limits = level(fit.confidence_level), fit.conf_int()
    width = max(12, *(len(name) for name in fit.params.index))
    how = {"CE": "common effect", "fixed": "tau² given"}.get(fit.tau2_method, f"tau² by {fit.tau2_method}")
    lines = [f"Meta-regression {fit.formula}, {fit.k} studies ({how}, {fit.ci_method}{_on_t(fit.df_resid)})"]
    for name, estimate in fit.params.items():
        said = f"{number(estimate)} ({at} CI {interval(*limits.loc[name])}), p {equals(fit.pvalues[name])}"
        lines.append(_line(name, said, width))
    between = f"tau {number(fit.tau)}, tau² {number(fit.tau2)} ({at} CI {interval(*fit.tau2_ci)}, Q-profile)"
    lines += [
        _line("Between", between, width),
        _line("Share", f"residual I² {percent(fit.i2)}, H² {number(fit.h2)}", width),
        _line("Residual", f"QE {number(fit.qe)} on {fit.qe_df} df, p {equals(fit.qe_pvalue)}", width),
    ]
    moderators, df = fit.qm_df
    if moderators:
        lines += [_line(name, said, width) for name, said in _moderators(fit, moderators, df)]
    return "\n".join(lines)


def _moderators(fit, count, df):
    test = f"F {number(fit.qm)} on {count} and {df:.0f} df"
    test = f"chi² {number(fit.qm)} on {count} df" if math.isinf(df) else test
    explained = "" if math.isnan(fit.r2) else f"; R² {percent(fit.r2)}"
    yield "Moderators", f"{test}, p {equals(fit.qm_pvalue)}{explained}"
    yield "Note", "An association across trials is observational, even of randomised trials."
    if fit.k < STUDIES_PER_MODERATOR * count:
        yield "Note", "Fewer than ten studies for each coefficient of a moderator."


def counts_summary(pooled):
    """Return a Mantel-Haenszel or Peto result on the scale on which it is read.

    Parameters
    ----------
    pooled : analysis.PooledCounts
        Of one meta-analysis.

    Returns
    -------
    str
    """
    name = {"RR": "risk ratio", "OR": "odds ratio", "RD": "risk difference"}[pooled.measure]
    shown = np.asarray if pooled.measure == "RD" else np.exp
    ends = interval(*(float(shown(limit)) for limit in pooled.ci))
    estimate = f"{number(float(shown(pooled.estimate)))} ({level(pooled.confidence_level)} CI {ends})"
    lines = [
        f"{pooled.method} {name}, {counted(pooled.k)} (common effect)",
        _line("Estimate", f"{estimate}, p {equals(pooled.pvalue)}"),
    ]
    if pooled.q_df > 0:
        test = f"Q {number(pooled.q)} on {pooled.q_df} df, p {equals(pooled.q_pvalue)}; I² {percent(pooled.i2)}"
        lines.append(_line("Homogeneity", test))
    return "\n".join(lines + [_line("Note", f"{label}: {reason}") for label, reason in pooled.left_out])


def multilevel_summary(fit):
    """Return a three-level result: mean, spread at both levels, prediction.

    Parameters
    ----------
    fit : analysis.MultilevelEffect

    Returns
    -------
    str
    """
    at = level(fit.confidence_level)
    lines = [
        f"Three-level meta-analysis, {fit.k} effects in {fit.clusters} clusters "
        f"({fit.method}, {fit.ci_method}{_on_t(fit.df)})",
        _line("Estimate", f"{number(fit.estimate)} ({at} CI {interval(*fit.ci)}), p {equals(fit.pvalue)}"),
    ]
    for name in ("between", "within"):
        variance, share = getattr(fit.sigma2, name), getattr(fit.i2, name)
        ends = interval(*getattr(fit.sigma2_ci, name))
        said = f"SD {number(math.sqrt(variance))}, variance {number(variance)} ({at} CI {ends}), I² {percent(share)}"
        lines.append(_line(name.capitalize(), said))
    lines.append(_line("Homogeneity", f"Q {number(fit.q)} on {fit.q_df} df, p {equals(fit.q_pvalue)}"))
    lines.append(_line("New cluster", f"{interval(*fit.pi)} ({at} prediction interval)"))
    if fit.ci_method.startswith("CR") and fit.df < 4:
        lines.append(_line("Note", "Fewer than 4 degrees of freedom: the robust p value cannot be trusted."))
    return "\n".join(lines)


def posterior_summary(posterior):
    """Return a Bayesian result: mean effect, spread and a new trial, with their priors.

    Parameters
    ----------
    posterior : analysis.PosteriorEffect

    Returns
    -------
    str
    """
    at = level(posterior.confidence_level)
    mu_prior = "flat" if posterior.mu_prior is None else repr(posterior.mu_prior)
    lines = [
        f"Bayesian random-effects meta-analysis, {counted(posterior.k)} "
        f"(prior of tau {posterior.tau_prior!r}, of mu {mu_prior})"
    ]
    for name, part in (("Mean effect", posterior.mu), ("Tau", posterior.tau), ("New trial", posterior.new)):
        lines.append(_line(name, f"median {number(part.median)} ({at} interval {interval(*part.interval)})"))
    return "\n".join(lines)


def subgroups_summary(pooled):
    """Return the effect of each subgroup and the test between them.

    Parameters
    ----------
    pooled : analysis.PooledSubgroups

    Returns
    -------
    str
    """
    width = max(12, *(len(name) for name in pooled.groups))
    kind = "one tau² for all" if pooled.tau2 == "common" else "a tau² for each"
    lines = [f"Subgroups by {pooled.by} ({kind})"]
    for name, group in [*pooled.groups.items(), ("All", pooled.overall)]:
        ends = f"{level(group.confidence_level)} CI {interval(*group.ci)}"
        said = f"{number(group.estimate)} ({ends}; {counted(group.k)}), tau {number(group.tau)}"
        lines.append(_line(name, said, width))
    q = f"Q {number(pooled.q_between)} on {pooled.q_between_df} df, p {equals(pooled.q_between_pvalue)}"
    lines.append(_line("Between", q, width))
    if math.isfinite(pooled.f):
        df = f"{pooled.f_df[0]:.0f} and {number(pooled.f_df[1], 1)} df"
        lines.append(_line("", f"F {number(pooled.f)} on {df}, p {equals(pooled.f_pvalue)}", width))
    lines.append(_line("Note", "A difference between subgroups of trials is observational.", width))
    return "\n".join(lines)
