"""The share of responders under treatment that a pooled effect implies, whatever the share under placebo."""

import numpy as np
import pandas as pd

from analysis import _validate
from analysis.effects_counts import counts

MEASURES = ("RR", "OR", "RD")
_LARGEST = 700.0  # beyond it, exp overflows
_ROUNDING = 1e-9
_STEPS = 51  # of the curve of an odds ratio, along either axis


def implied_share(placebo, effect, measure):
    """Return the share of responders under treatment that goes with a share under placebo and an effect.

    Parameters
    ----------
    placebo : array_like
        Shares under placebo, fractions from 0 to 1.
    effect : float
        Log risk ratio, log odds ratio or risk difference.
    measure : {"RR", "OR", "RD"}

    Returns
    -------
    numpy.ndarray
        Fractions, cut off at 0 and 1, beyond which there are no shares.

    Raises
    ------
    ValueError
        For an unknown measure.

    Examples
    --------
    With 20% under placebo, and a ratio of 2 or a difference of 20 percentage points:

    >>> [round(float(implied_share(0.2, *effect)), 3) for effect in ((np.log(2), "RR"), (np.log(2), "OR"), (0.2, "RD"))]
    [0.4, 0.333, 0.4]
    """
    return np.clip(_uncut(placebo, effect, _measure(measure)), 0.0, 1.0)


def _measure(measure):
    _validate.option("measure", measure, MEASURES)
    return measure


def _uncut(placebo, effect, measure):
    """Return the implied shares, impossible ones included."""
    share = np.asarray(placebo, dtype=float)
    if measure == "RD":
        return share + effect
    ratio = np.exp(np.clip(effect, -_LARGEST, _LARGEST))
    return share * ratio if measure == "RR" else share * ratio / (1.0 - share + share * ratio)


def response_curve(pooled, measure=None):
    """Return the curve that a pooled effect draws through all shares under placebo, with its interval.

    Parameters
    ----------
    pooled : PooledEffect or PooledCounts
        Of log risk ratios, log odds ratios or risk differences.
    measure : {"RR", "OR", "RD"}, optional
        Default: that of the result.

    Returns
    -------
    pandas.DataFrame
        placebo, treatment, low and high, fractions: a line through the origin for a risk ratio, a curve for an odds
        ratio, a parallel to the line of no difference for a risk difference. All are cut off at 0 and 1; `possible`
        says where the estimate itself is not. Rows stand where any of the three meets 0 or 1, and densely for the odds
        ratio; low and high are NaN without an interval.

    Raises
    ------
    ValueError
        For an unknown measure, or the result of many meta-analyses.

    Notes
    -----
    The three lines in the plane of L'Abbé, Detsky and O'Rourke (1987, doi 10.7326/0003-4819-107-2-224); how far trials
    stray from them by chance depends on their size, and is greatest near 50% (Song 1999, doi
    10.1016/S0895-4356(99)00066-9).

    Examples
    --------
    >>> from analysis.counts import pool_mantel_haenszel
    >>> pooled = pool_mantel_haenszel([12, 9], [30, 25], [6, 5], [30, 24], measure="RR")
    >>> response_curve(pooled)[["placebo", "treatment"]].round(2).drop_duplicates().values.tolist()
    [[0.0, 0.0], [0.29, 0.54], [0.53, 1.0], [1.0, 1.0]]
    """
    measure = _measure(measure or pooled.measure)
    if np.ndim(pooled.estimate):
        raise ValueError("this is the result of many meta-analyses; there is one curve for each of them")
    limits = [end for end in pooled.ci if np.isfinite(end)]
    grid = np.linspace(0.0, 1.0, _STEPS if measure == "OR" else 2)
    met = [implied_share(grid, -effect, measure) for effect in (pooled.estimate, *limits)]
    placebo = np.unique(np.concatenate([grid, *met]))
    low, high = (implied_share(placebo, end, measure) if len(limits) == 2 else np.nan for end in pooled.ci)
    treatment = _uncut(placebo, pooled.estimate, measure)
    return pd.DataFrame(
        {
            "placebo": placebo,
            "treatment": np.clip(treatment, 0.0, 1.0),
            "low": low,
            "high": high,
            "possible": (treatment > -_ROUNDING) & (treatment < 1.0 + _ROUNDING),
        }
    )


def count_shares(events_t, n_t, events_p, n_p):
    """Return counts and shares of both arms as a table.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like, shape (k,)
        Responders and people of the treatment and of the placebo arm.

    Returns
    -------
    pandas.DataFrame
        events_placebo, n_placebo, placebo (a fraction), and the same for treatment.

    Raises
    ------
    ValueError
        If a count is missing, or events are negative or exceed the number of people.

    Examples
    --------
    >>> count_shares([12, 9], [30, 25], [6, 5], [30, 24])["treatment"].tolist()
    [0.4, 0.36]
    """
    given = np.stack(counts(events_t, n_t, events_p, n_p))
    if given.ndim != 2 or np.isnan(given).any():
        raise ValueError("counts holds four numbers a trial: events and people under treatment, then under placebo")
    table = {}
    for role, (events, n) in (("placebo", given[2:]), ("treatment", given[:2])):
        table |= {f"events_{role}": events, f"n_{role}": n, role: events / n}
    return pd.DataFrame(table)
