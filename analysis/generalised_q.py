"""Intervals of the between-study variance tau2 from the exact distribution of a generalised Cochran Q.

With fixed weights a the statistic ``Q = sum(a * (y - mean)**2)`` about the mean weighted by a is, for normal
outcomes of variance ``s = v + tau2``, a sum of k - 1 chi-square(1) variables with positive coefficients. Its
Laplace transform needs no eigenvalues: the determinant of a diagonal matrix less one of rank one gives

    E exp(-z Q) = prod(1 + 2 z a s)**(-1/2) * (sum(a / (1 + 2 z a s)) / sum(a))**(-1/2)

and its only singularities lie on the negative real axis. The distribution function is the Bromwich integral of
this over z, by the trapezoidal rule on a hyperbola that opens to the left and starts at the saddle point: the
integrand falls steadily along it, whatever the spread of the coefficients, so that nothing cancels.

References
----------
Biggerstaff & Jackson 2008, doi 10.1002/sim.3428 (weights 1 / v); Jackson 2013, Research Synthesis Methods 4,
220-229 (any fixed weights, 1 / sqrt(v) among them); Weideman & Trefethen 2007, doi 10.1090/S0025-5718-07-01945-X
(hyperbolic contours).
"""

from typing import NamedTuple

import numpy as np

from analysis import _validate
from analysis.columns import FLOOR, STEP, Columns, columns, dot
from analysis.results import ConfidenceInterval

GENERALISED_Q_METHODS = ("Jackson", "Biggerstaff")
_POWER = {"Jackson": -0.5, "Biggerstaff": -1.0}

_NODES = np.linspace(0.0, 4.8, 48, endpoint=False)  # beyond, the integrand is below 1e-16 of its peak
_TILT = 0.5  # sine of the angle between the arms of the hyperbola and the vertical; at 45 degrees decay ends
_BLOCK = 1 << 16  # complex numbers in one block of columns
_ROUNDS = 60  # of the root search; bisection alone would have finished


def generalised_q_interval(yi, vi, weights="Jackson", confidence_level=0.95):
    """Confidence interval of tau2 that inverts the exact distribution of the generalised Cochran Q.

    Parameters
    ----------
    yi, vi : array_like
        Outcomes and their sampling variances, of shape (k,), or (k, n) for n meta-analyses in columns, where a
        study with yi and vi both NaN is absent.
    weights : {"Jackson", "Biggerstaff"}, default "Jackson"
        The fixed weights of Q: reciprocal standard errors ``1 / sqrt(vi)``, or reciprocal variances ``1 / vi``,
        with which Q is Cochran's own. They are "J" and "BJ" of the R package meta.
    confidence_level : float, default 0.95
        Both tails are given half of the rest.

    Returns
    -------
    ConfidenceInterval
        ``low`` and ``high``, floats or arrays of shape (n,); NaN where there is but one study. A limit is 0 where
        Q is too small for any tau2 > 0, and so both are where even tau2 = 0 makes so small a Q improbable: the
        interval is empty then, and is reported as [0, 0] as by the Q-profile method and by metafor.

    Raises
    ------
    ValueError
        For an outcome or variance that cannot be pooled, an unknown name of weights or a level not in (0, 1).

    Notes
    -----
    The limits are exact for normal outcomes with known sampling variances: each misses tau2 > 0 with half the
    rest of the probability. They do not depend on an estimate of tau2, and may fail to include it. With equal
    variances, either set of weights gives the Q-profile interval.

    Examples
    --------
    >>> low, high = generalised_q_interval([0.1, 0.5, 1.2, 0.3, 0.9], [0.02, 0.05, 0.04, 0.03, 0.09])
    >>> print(f"{low:.4f} to {high:.4f}")
    0.0349 to 1.7569
    """
    _validate.option("weights", weights, GENERALISED_Q_METHODS)
    level, ndim = _validate.level(confidence_level), np.ndim(yi)
    _validate.same_shape(yi, vi, 2 if ndim == 2 else 1, "(k,) or (k, n)")

    def where(at):
        return f"study {at[0] + 1}" + (f", meta-analysis {at[1] + 1}" if ndim == 2 else "")

    yi, vi = _validate.check(yi, vi, where, absent_allowed=ndim == 2)
    data = columns(yi.reshape(len(yi), -1), vi.reshape(len(vi), -1))
    low, high = generalised_q_ends(data, weights, level) * data.scale**2
    return ConfidenceInterval(low, high) if ndim == 2 else ConfidenceInterval(float(low[0]), float(high[0]))


def generalised_q_ends(data, weights, confidence_level):
    """Limits of tau2 of each column of `data`, of shape (2, n), in the units of `data`; NaN for a single study."""
    tail, ends = (1.0 - confidence_level) / 2.0, np.full((2, data.k.size), np.nan)
    several = np.flatnonzero(data.k > 1)
    size = max(_BLOCK // (len(data.y) * _NODES.size), 1)
    for block in np.split(several, range(size, several.size, size)) if several.size else ():
        twice = Columns(*(np.concatenate([x[..., block]] * 2, axis=-1) for x in data))
        shares = np.repeat([1.0 - tail, tail], block.size)
        ends[:, block] = _tau2_at(twice, _POWER[weights], shares).reshape(2, -1)
    return ends


def generalised_q_cdf(q, weights, variances):
    """Probability of a generalised Cochran Q of at most q, and its derivative by a variance common to all.

    Parameters
    ----------
    q : array_like, shape (n,)
        Values of Q.
    weights, variances : array_like, shape (k, n)
        Fixed weights, 0 for an absent study, and the total variances v + tau2 of the outcomes, finite and at
        least two in a column.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Probabilities and derivatives by tau2. Probabilities err by about 1e-15 (3e-14 for
        k = 500); those of 1e-6 by about 1e-12 of themselves.

    Examples
    --------
    With equal weights and variances Q is a chi-square variable on k - 1 degrees of freedom; its 95% quantile
    for k = 3 is 5.991464547107979.

    >>> probability, slope = generalised_q_cdf([5.991464547107979], np.ones((3, 1)), np.ones((3, 1)))
    >>> print(f"{probability[0]:.12f}")
    0.950000000000
    """
    q, a, s = (np.asarray(x, dtype=float) for x in (q, weights, variances))
    positive = q > 0
    q = np.where(positive, q, 1.0)
    share, d = a / a.sum(axis=0), a * s
    start = _saddle_point(q, share, d)
    t = _NODES[:, None]
    unit = start / (1.0 - _TILT)  # puts the pole z = 0 at the edge of the strip in which t may vary
    rise = np.sqrt(1.0 - _TILT**2) * unit
    z = start + _TILT * unit * (1.0 - np.cosh(t)) + 1j * rise * np.sinh(t)
    step = (_NODES[1] * (1j * rise * np.cosh(t) - _TILT * unit * np.sinh(t))) / z
    step[0] *= 0.5
    inverse = 1.0 / (1.0 + 2.0 * z[:, None, :] * d)
    mean = np.einsum("ij,tij->tj", share, inverse)
    terms = step * np.exp(z * q + 0.5 * (np.log(inverse).sum(axis=1) - np.log(mean)))
    slope = -z * (np.einsum("ij,tij->tj", a, inverse) - np.einsum("ij,tij->tj", share * a, inverse**2) / mean)
    both = (terms.imag.sum(axis=0) / np.pi, (terms * slope).imag.sum(axis=0) / np.pi)
    return tuple(np.where(positive, x, 0.0) for x in both)


def _saddle_point(q, share, d):
    """Roughly the z > 0 at which exp(z q) E exp(-z Q) / z is least, between 1 / q and (k + 1) / 2q."""
    low, high = -np.log(q), np.log((np.count_nonzero(d, axis=0) + 1) / 2.0) - np.log(q)
    for _ in range(6):
        middle = (low + high) / 2.0
        z = np.exp(middle)
        inverse = 1.0 / (1.0 + 2.0 * z * d)
        u = d * inverse
        pull = u.sum(axis=0) - dot(share, u * inverse) / dot(share, inverse)
        before = z * (q - pull) < 1.0
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return np.exp((low + high) / 2.0)


class _Equation(NamedTuple):
    """What does not change in the search for the tau2 of each column; see `_prepare`."""

    q: np.ndarray
    weights: np.ndarray
    v: np.ndarray
    target: np.ndarray
    typical: np.ndarray
    smallest: np.ndarray


def _prepare(data, power, target):
    """The equation, and a bound above and a first guess of its root."""
    from scipy import special

    present, df = np.isfinite(data.v), data.k - 1.0
    v = np.where(present, data.v, 1.0)
    a = np.where(present, v**power, 0.0)
    total = a.sum(axis=0)
    q = dot(a, (data.y - dot(a, data.y) / total) ** 2)
    spread = a * ((total - a) / total)  # the expectation of Q is its sum with the variances v + tau2
    growth = spread.sum(axis=0)
    typical = dot(spread, v) / growth

    def tau2_if_mean_were(expectation):
        return np.maximum(expectation / growth - typical, 0.0)

    # The largest coefficient is at least the mean one: alone, it would make so small a Q too improbable.
    high = tau2_if_mean_were(q * df / (2.0 * special.gammaincinv(0.5, target)))
    guess = tau2_if_mean_were(q * df / (2.0 * special.gammaincinv(df / 2.0, target)))
    return _Equation(q, a, v, target, typical, data.smallest), 1.01 * high, guess


def _tau2_at(data, power, target):
    """The tau2 >= 0 at which a Q of at most the one observed has the probability `target` (n,); 0 if there is none.

    The probability falls as tau2 grows. Its normal quantile is nearly linear in ``(tau2 + typical)**(-1/3)``, by
    the cube root that makes a chi-square variable nearly normal (Wilson & Hilferty 1931), so Newton's method on
    that scale needs few steps; a bracket, bisected where a step would leave it, keeps it safe.
    """
    equation, high, tau2 = _prepare(data, power, target)
    root = np.zeros_like(high)
    live = generalised_q_cdf(equation.q, equation.weights, equation.v)[0] > target
    index, low = np.arange(root.size), np.zeros_like(high)
    for _ in range(_ROUNDS):
        index, low, high, tau2 = index[live], low[live], high[live], tau2[live]
        if not index.size:
            break
        equation = _Equation(*(x[..., live] for x in equation))
        tau2, low, high, live = _improve(equation, low, high, tau2)
        root[index] = tau2
    return root


def _improve(equation, low, high, tau2):
    """One step: a better tau2, a tighter bracket, and whether another step is needed."""
    from scipy import special

    _, weights, v, target, typical, smallest = equation
    p, slope = generalised_q_cdf(equation.q, weights, v + tau2)
    low, high = np.where(p > target, tau2, low), np.where(p > target, high, tau2)
    x, whole = special.ndtri(np.clip(p, 1e-300, 1.0 - 1e-16)), tau2 + typical
    with np.errstate(all="ignore"):
        density = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
        change = (x - special.ndtri(target)) * density / (3.0 * slope * whole)  # of whole**(-1/3), relative
        step = whole * np.expm1(-3.0 * np.log1p(change))
        inside = (tau2 + step > low) & (tau2 + step < high)  # False for NaN
    exact = np.abs(p - target) <= 1e-14 * target
    halved = np.sqrt((low + typical) * (high + typical)) - whole
    step = np.where(inside, step, np.where(exact, 0.0, halved))
    return tau2 + step, low, high, ~exact & (np.abs(step) > STEP * tau2 + FLOOR * smallest)
