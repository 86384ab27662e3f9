"""Effect sizes of responder counts in two arms; also found in `analysis.effects`.

The rules for zero cells, the same in all functions. ``continuity`` is what is added to all four cells of a
trial, ``continuity_to`` says to which trials:

- "zero trials": those with a zero cell, and no other;
- "all if zero": all trials of a meta-analysis (the last axis), if any of them has a zero cell;
- "all": all trials;
- "none": no trial.

With ``drop_double_zero`` a trial without events, or with events only, in both arms is NaN instead.
"""

import numpy as np

from analysis import _validate
from analysis._summaries import amount, checked

CONTINUITY_TO = ("zero trials", "all if zero", "all", "none")


def counts(events_t, n_t, events_p, n_p):
    """Return the counts as four float arrays of one shape; ValueError lists every impossible one."""
    return checked(("events_t", "n_t"), ("events_p", "n_p"), events_t=events_t, n_t=n_t, events_p=events_p, n_p=n_p)


def cells(counts, continuity, continuity_to, drop_double_zero=False):
    """Return events and non-events of both arms, a, b, c, d, after the rules for zero cells."""
    _validate.option("continuity_to", continuity_to, CONTINUITY_TO)
    add = amount("continuity", continuity)
    a, n1, c, n2 = counts
    table = np.stack([a, n1 - a, c, n2 - c])
    if drop_double_zero:
        table = np.where(double_zero(table), np.nan, table)
    zero = (table == 0).any(axis=0)
    chosen = {
        "zero trials": zero,
        "all if zero": zero.any(axis=-1, keepdims=True) if zero.ndim else zero,
        "all": True,
        "none": False,
    }[continuity_to]
    return tuple(x[()] for x in table + np.where(chosen, add, 0.0))


def double_zero(table):
    """Which trials have no events, or nothing but events, in both arms."""
    a, b, c, d = table
    return ((a == 0) & (c == 0)) | ((b == 0) & (d == 0))


def _defined(yi, vi):
    """Both NaN where either is not finite: the effect of a zero cell without continuity."""
    fine = np.isfinite(yi) & np.isfinite(vi)
    return np.where(fine, yi, np.nan)[()], np.where(fine, vi, np.nan)[()]


def log_risk_ratio(
    events_t, n_t, events_p, n_p, *, continuity=0.5, continuity_to="zero trials", drop_double_zero=False
):
    """Return the log risk ratio and its variance.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity : float
        Added to all four cells of the trials chosen by `continuity_to`.
    continuity_to : {"zero trials", "all if zero", "all", "none"}
        Which trials: those with a zero cell; all, if one has a zero cell; all; none.
    drop_double_zero : bool
        Give NaN for a trial without events, or with events only, in both arms.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the risk ratio. NaN where a zero remains that makes either
        infinite.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

    Examples
    --------
    The first trial of the BCG vaccine data: 4 of 123 against 11 of 139.

    >>> yi, vi = log_risk_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.8893, 0.3256
    """
    given = counts(events_t, n_t, events_p, n_p)
    a, b, c, d = cells(given, continuity, continuity_to, drop_double_zero)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a / (a + b)) - np.log(c / (c + d))
        return _defined(yi, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def log_odds_ratio(
    events_t, n_t, events_p, n_p, *, continuity=0.5, continuity_to="zero trials", drop_double_zero=False
):
    """Return the log odds ratio and its variance (Woolf).

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity, continuity_to, drop_double_zero
        As in :func:`log_risk_ratio`.

    Returns
    -------
    tuple
        ``(yi, vi)``; exponentiate the effect for the odds ratio. NaN where a zero cell remains.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

    Examples
    --------
    >>> yi, vi = log_odds_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.9387, 0.3571
    """
    given = counts(events_t, n_t, events_p, n_p)
    a, b, c, d = cells(given, continuity, continuity_to, drop_double_zero)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _defined(np.log(a) - np.log(b) - np.log(c) + np.log(d), 1 / a + 1 / b + 1 / c + 1 / d)


def risk_difference(
    events_t, n_t, events_p, n_p, *, continuity=0.5, continuity_to="zero trials", drop_double_zero=False
):
    """Return the risk difference and its variance.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity, continuity_to, drop_double_zero
        As in :func:`log_risk_ratio`.

    Returns
    -------
    tuple
        ``(yi, vi)`` as fractions. Without continuity the variance of a double-zero trial is 0, and cannot be
        pooled by inverse variance.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

    Examples
    --------
    >>> yi, vi = risk_difference(27, 38, 12, 33)
    >>> print(f"{yi:.4f}, {vi:.5f}")
    0.3469, 0.01242
    """
    given = counts(events_t, n_t, events_p, n_p)
    a, b, c, d = cells(given, continuity, continuity_to, drop_double_zero)
    n1, n2 = a + b, c + d
    return a / n1 - c / n2, a * b / n1**3 + c * d / n2**3


def peto_log_odds_ratio(
    events_t, n_t, events_p, n_p, *, continuity=0.0, continuity_to="zero trials", drop_double_zero=False
):
    """Return the log odds ratio by Peto's one-step method, and its variance.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like
        Responders and people of the treatment and of the placebo arm.
    continuity, continuity_to, drop_double_zero
        As in :func:`log_risk_ratio`; nothing is added by default, because a single zero cell does no harm
        here.

    Returns
    -------
    tuple
        ``(yi, vi)``: (observed minus expected) / V and 1 / V, V the hypergeometric variance. NaN for a trial
        without events, or with events only, in both arms.

    Raises
    ------
    ValueError
        If events are negative or exceed the number of people; the message lists every such trial.

    Notes
    -----
    Yusuf, Peto, Lewis, Collins & Sleight 1985, Prog Cardiovasc Dis 27:335-371, doi
    10.1016/s0033-0620(85)80003-7.

    Examples
    --------
    >>> yi, vi = peto_log_odds_ratio(4, 123, 11, 139)
    >>> print(f"{yi:.4f}, {vi:.4f}")
    -0.8604, 0.2828
    """
    given = counts(events_t, n_t, events_p, n_p)
    return peto_effects(cells(given, continuity, continuity_to, drop_double_zero))


def peto_effects(table):
    """Peto's effect and variance from the four cells of each trial."""
    excess, variance = excess_events(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _defined(excess / variance, 1 / variance)


def excess_events(table):
    """Events under treatment minus those expected with fixed margins, and their hypergeometric variance."""
    a, b, c, d = table
    n1, n2, events, others = a + b, c + d, a + c, b + d
    n = n1 + n2
    return a - n1 * events / n, n1 * n2 * events * others / (n**2 * (n - 1))
