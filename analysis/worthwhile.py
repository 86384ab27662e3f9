"""Is a difference worthwhile? The share of comparable trials whose true effect lies beyond a threshold."""

import math
from dataclasses import dataclass

import numpy as np

from analysis import _validate
from analysis.columns import columns, weighted
from analysis.results import ConfidenceInterval, PooledEffect
from analysis.tau2 import q_root
from analysis.text import counted, interval, level, number, percent
from analysis.thresholds import BETWEEN, POINTS, Threshold, require

_GRID = 2000  # quantiles of tau2 in the interval of a share
_FAR = 10.0  # normal deviates beyond which a share is 0 or 1
_LEAST = 3  # trials
_DF_LESS = {"t(k-1)": 1, "t(k-2)": 2}
_COVERED = (
    "The interval holds the uncertainty {} for normally distributed true effects; not bias, not "
    "the choice of trials, not the doubt about the threshold."
)


@dataclass(frozen=True, eq=False)
class ShareBeyond:
    """Share of comparable trials whose true effect lies beyond a threshold.

    Attributes
    ----------
    share : float
        A fraction; NaN where it cannot be estimated, see `reason`.
    ci : ConfidenceInterval
        Of the share, at `confidence_level`.
    new_trial : float
        Probability that the true effect of one new comparable trial lies beyond, with the uncertainty of the mean in
        it (Siemens 2025).
    mean_beyond : float
        One-sided confidence that the mean effect lies beyond; the answer if tau is 0.
    k : int
        Number of trials.
    tau : float
        SD of the true effects.
    threshold : Threshold
    confidence_level : float
    reason : str
        Why there is no share, or "".
    tau_given : bool
        Whether tau was given and not estimated; the interval then holds no uncertainty of it.
    """

    share: float
    ci: ConfidenceInterval
    new_trial: float
    mean_beyond: float
    k: int
    tau: float
    threshold: Threshold
    confidence_level: float
    reason: str = ""
    tau_given: bool = False

    def summary(self):
        """Return the share in words, one sentence a line."""
        limit = f"at least {self.threshold.words} less pain than with placebo ({self.threshold.source})"
        mean = f"The mean effect lies beyond with a one-sided confidence of {percent(self.mean_beyond)}"
        if self.reason:
            return f"Share of comparable trials with {limit}: not given, {self.reason}.\n{mean}."
        at, limits = level(self.confidence_level), interval(*(100 * end for end in self.ci), 0)
        return (
            f"In an estimated {percent(self.share)} ({at} CI {limits}%) of comparable trials the true effect would be "
            f"{limit}; {counted(self.k)}, tau {number(self.tau)}.\n"
            f"{mean}, that of a new trial with probability {percent(self.new_trial)}.\n"
            f"{_COVERED.format('of the mean, with tau as given,' if self.tau_given else 'of the mean and of tau')}"
        )

    def __str__(self):
        return self.summary()


def share_beyond(pooled, threshold, *, confidence_level=None):
    """Share of comparable trials whose true effect would be at least as much less pain as a threshold.

    Parameters
    ----------
    pooled : PooledEffect or PooledArms
        The randomised contrast in points, from :func:`analysis.pool` or :func:`analysis.pool_arms`; never the change
        within arms.
    threshold : Threshold
        Between-group, in points.
    confidence_level : float, optional
        That of `pooled` if left out.

    Returns
    -------
    ShareBeyond
        Without a share for fewer than three trials or the common-effect model; `reason` says why.

    Raises
    ------
    ValueError
        For a within-patient threshold, one in percent, or another effect measure than a mean difference.

    Notes
    -----
    With true effects from N(mu, tau2) the share is Phi((-c - mu) / tau) for a threshold c (Mathur & VanderWeele 2019,
    doi 10.1002/sim.8057). Its delta-method interval needs many trials and fails near tau = 0, so another is used: the
    quantiles of the share where tau2 has the confidence distribution of the Q-profile method (Q(tau2) is chi-square
    on k - 1) and mu, given tau2, is normal about the weighted mean. No random numbers are drawn. Where the sampling
    variances are negligible, this is the exact noncentral-t interval of a normal tail; with tau near 0 it reaches
    to 0 or 1. It is widened to hold the estimate. `new_trial`: Siemens, Borenstein, Evrenoglou, Meerpohl & Schwarzer
    2025, BMC Med Res Methodol 25:275.

    Examples
    --------
    >>> from analysis import pool
    >>> pooled = pool([-2.1, -0.3, -1.4, -0.6, -1.9], [0.1, 0.1, 0.2, 0.1, 0.2])
    >>> found = share_beyond(pooled, Threshold(1, "between-group"))
    >>> print(f"{found.share:.2f} ({found.ci.low:.2f} to {found.ci.high:.2f})")
    0.63 (0.25 to 0.92)
    """
    contrast = getattr(pooled, "contrast", pooled)
    require(threshold, BETWEEN, "a difference between groups")
    if threshold.unit != POINTS:
        raise ValueError(
            f"a difference in points cannot be compared with {threshold.words}; give a threshold in points"
        )
    if not isinstance(contrast, PooledEffect):
        raise ValueError(f"share_beyond needs the result of pool or pool_arms, not {type(contrast).__name__}")
    if contrast.measure not in ("MD", ""):
        raise ValueError(
            f"the pooled effect is a {contrast.measure}; a between-group threshold in points needs a mean difference "
            "(MD), the randomised contrast"
        )
    at = contrast.confidence_level if confidence_level is None else _validate.level(confidence_level)
    limit = -float(threshold.value)
    fields = {"k": contrast.k, "tau": contrast.tau, "threshold": threshold, "confidence_level": at}
    fields["mean_beyond"] = _student(limit - contrast.estimate, contrast.se, contrast.df)
    reason = ""
    given = contrast.tau2_method == "fixed"
    if contrast.tau2_method == "CE" or (given and contrast.tau == 0):
        reason = "the common-effect model has one true effect for all trials"
    elif contrast.k < _LEAST:
        reason = f"{counted(contrast.k)} cannot show how true effects vary; {_LEAST} are the least"
    if reason:
        nothing = ConfidenceInterval(math.nan, math.nan)
        return ShareBeyond(math.nan, nothing, math.nan, **fields, reason=reason)
    fields["tau_given"] = given
    share = _beyond(limit - contrast.estimate, contrast.tau)
    low, high = _share_interval(contrast, limit, at)
    df = contrast.k - _DF_LESS.get(contrast.pi_method, -math.inf)
    new_trial = _student(limit - contrast.estimate, math.hypot(contrast.tau, contrast.se), df)
    return ShareBeyond(share, ConfidenceInterval(min(low, share), max(high, share)), new_trial, **fields)


def _student(x, se, df):
    """P(T <= x / se) for a t variable on df degrees of freedom, normal where they are infinite."""
    from scipy import special

    if se == 0:
        return float((np.sign(x) + 1) / 2)
    return float(special.ndtr(x / se) if math.isinf(df) else special.stdtr(df, x / se))


def _beyond(distance, tau):
    """Share of N(0, tau2) below a distance; all or nothing where tau is 0."""
    from scipy import special

    return float(distance >= 0) if tau == 0 else float(special.ndtr(distance / tau))


def _share_interval(contrast, limit, confidence_level):
    """Equal-tailed limits of the share of true effects below `limit`."""
    from scipy import special

    data = columns(contrast.yi[:, None], contrast.vi[:, None])
    tau2 = np.array([contrast.tau2]) / data.scale**2
    if contrast.tau2_method != "fixed":
        shares = (np.arange(_GRID) + 0.5) / _GRID
        grid = columns(*(np.repeat(x[:, None], _GRID, axis=1) for x in (contrast.yi, contrast.vi)))
        tau2 = q_root(grid, special.chdtri(contrast.k - 1, shares))
    here = weighted(data.y, data.v, tau2)
    se, tau = 1.0 / np.sqrt(here.total), np.sqrt(tau2)
    above = (here.mean - (limit - data.shift) / data.scale) / se
    low, high = np.full(2, -_FAR), np.full(2, _FAR)
    tail = (1.0 - confidence_level) / 2.0
    wanted = np.array([tail, 1.0 - tail])
    for _ in range(60):  # of bisection, on the probability that the share is at most Phi(z)
        z = (low + high) / 2.0
        below = special.ndtr(above + np.multiply.outer(z, tau / se)).mean(axis=1) < wanted
        low, high = np.where(below, z, low), np.where(below, high, z)
    ends = np.where(low <= -_FAR, 0.0, np.where(high >= _FAR, 1.0, special.ndtr(z)))
    return tuple(float(end) for end in ends)
