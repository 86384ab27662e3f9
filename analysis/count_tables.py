"""Arithmetic of pooled 2 by 2 tables: Mantel-Haenszel and Peto estimates, and the tests that go with them.

A table is an array of shape (4, ..., k): events and non-events under treatment, then under placebo, of k
trials. All sums run over the last axis, so one meta-analysis and many are the same formula. An absent trial
has zeros in all cells.
"""

from typing import NamedTuple

import numpy as np

from analysis.effects_counts import excess_events


class Sums(NamedTuple):
    """Pooled estimate (a log ratio or a difference), its variance, and the weights, not yet scaled."""

    estimate: np.ndarray
    variance: np.ndarray
    weights: np.ndarray


def _shares(table):
    """The four cells, arm sizes and the reciprocal of the total, which is 0 for an absent trial."""
    a, b, c, d = table
    n1, n2 = a + b, c + d
    n = n1 + n2
    return a, b, c, d, n1, n2, np.divide(1.0, n, out=np.zeros_like(n), where=n > 0)


def _log_ratio(r, s):
    """Log of the ratio of two sums; NaN where either is 0."""
    fine = (r > 0) & (s > 0)
    return np.log(np.divide(r, s, out=np.full(r.shape, np.nan), where=fine))


def odds_ratio(table):
    """Log odds ratio; its variance: Robins, Breslow & Greenland 1986, Biometrics 42:311-323."""
    a, b, c, d, _, _, u = _shares(table)
    p, q, r, s = (a + d) * u, (b + c) * u, a * d * u, b * c * u
    big_r, big_s = r.sum(axis=-1), s.sum(axis=-1)
    estimate = _log_ratio(big_r, big_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (p * r).sum(axis=-1) / big_r**2 + (p * s + q * r).sum(axis=-1) / (big_r * big_s)
        variance = (variance + (q * s).sum(axis=-1) / big_s**2) / 2
    return Sums(estimate, variance, s)


def risk_ratio(table):
    """Log risk ratio and its variance: Greenland & Robins 1985, Biometrics 41:55-68."""
    a, _, c, _, n1, n2, u = _shares(table)
    r, s = a * n2 * u, c * n1 * u
    big_r, big_s = r.sum(axis=-1), s.sum(axis=-1)
    top = (n1 * n2 * (a + c) * u**2 - a * c * u).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Sums(_log_ratio(big_r, big_s), top / (big_r * big_s), s)


def risk_difference(table):
    """Risk difference; its variance: Sato, Greenland & Robins 1989, Biometrics 45:1323-1324."""
    a, _, c, _, n1, n2, u = _shares(table)
    weights = n1 * n2 * u
    total = weights.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = (a * n2 * u - c * n1 * u).sum(axis=-1) / total
        f1, f2 = n1 * u, n2 * u
        slope = (c * f1**2 - a * f2**2 + f1 * f2 * (n2 - n1) / 2).sum(axis=-1)
        level = (a * (n2 - c) * u + c * (n1 - a) * u).sum(axis=-1) / 2
        return Sums(estimate, (estimate * slope + level) / total**2, weights)


def peto(table):
    """Log odds ratio by Peto's one-step method: Yusuf et al. 1985, Prog Cardiovasc Dis 27:335-371."""
    excess, weights = _excess(table)
    total = weights.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Sums(excess.sum(axis=-1) / total, 1 / total, weights)


def _excess(table):
    """Excess events and hypergeometric variances; both 0 for an absent trial, or one without information."""
    with np.errstate(divide="ignore", invalid="ignore"):
        excess, variance = excess_events(table)
    there = informative(table)
    return np.where(there, excess, 0.0), np.where(there, variance, 0.0)


def informative(table):
    """Which trials have both events and non-events; the others say nothing about an odds ratio."""
    a, b, c, d = table
    return (a + c > 0) & (b + d > 0)


def association(table, yates):
    """Chi-square statistics of no association on 1 df: Cochran-Mantel-Haenszel, and Cochran's of 1954.

    They differ in the variance of the events only, hypergeometric or binomial. With `yates` the excess is
    brought 1/2 nearer to 0.
    """
    excess, variance = _excess(table)
    *_, u = _shares(table)
    top = np.maximum(np.abs(excess.sum(axis=-1)) - (0.5 if yates else 0.0), 0.0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return top / variance.sum(axis=-1), top / (variance * (1 - u)).sum(axis=-1)


def homogeneity(table, log_odds):
    """Chi-square statistics of equal odds ratios: Breslow-Day, and Tarone's correction of it; and their df.

    The expected cells have the margins of each table and the common odds ratio: Breslow & Day 1980, section
    4.4; Tarone 1985, Biometrika 72:91-95.
    """
    a, b, c, d, n1, n2, _ = _shares(table)
    there = informative(table)
    odds = np.exp(log_odds)[..., None]
    events = a + c
    linear = n2 - events + odds * (n1 + events)
    root = np.sqrt(linear**2 + 4 * (1 - odds) * odds * n1 * events)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (
            2 * odds * n1 * events / (linear + root)
        )  # the root of a quadratic, in the form that is safe at odds 1
        variance = 1 / (1 / expected + 1 / (events - expected) + 1 / (n1 - expected) + 1 / (n2 - events + expected))
        off = np.where(there, a - expected, 0.0)
        breslow_day = np.where(there, off**2 / variance, 0.0).sum(axis=-1)
        bias = off.sum(axis=-1) ** 2 / np.where(there, variance, 0.0).sum(axis=-1)
    return breslow_day, breslow_day - bias, there.sum(axis=-1) - 1


def _with_events(table):
    return table[0] + table[2] > 0


def _present(table):
    return table.sum(axis=0) > 0


POOLED = {"OR": odds_ratio, "RR": risk_ratio, "RD": risk_difference}
BEARS = {"OR": informative, "RR": _with_events, "RD": _present}  # which trials bear on the pooled effect
