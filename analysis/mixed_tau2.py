"""tau2 of n meta-regressions at once, by every method: `analysis.tau2` and `likelihood` for p coefficients.

The projection P takes out the whole design and k - p replaces k - 1. As without moderators, P has k - p positive
eigenvalues 1 / (d_j + tau2), so the proofs of `analysis.likelihood` hold word for word and its search gives the
global maximum for ML and REML.

References
----------
Viechtbauer, Lopez-Lopez, Sanchez-Meca & Marin-Martinez 2015, doi 10.1037/met0000023 (all estimators with
moderators); Sidik & Jonkman 2005, J Biopharm Stat 15, 823-838 (SJ); Viechtbauer 2005, doi
10.3102/10769986030003261 (ML, REML).
"""

from functools import partial

import numpy as np

from analysis.columns import FLOOR, STEP, dot
from analysis.designs import at_tau2, forward, gram, residual_share, solve, transposed
from analysis.likelihood import Point, global_maximum, upper_bound


def _point(data, t, restricted):
    """The two terms of the likelihood equation at tau2 = t (n,) and their slopes; see `analysis.likelihood`."""
    at, p, z = at_tau2(data, t), data.p, data.z
    top, rest = at.weights[:p], at.weights[p:]
    fit = dot(at.u, at.u)
    less = at.u[p:] - forward(z, at.u[:p])
    weighted = rest * less
    sums = transposed(z, weighted)
    fit_slope = dot(weighted, less) - np.einsum("pn,pqn,qn->n", sums, at.inverse, sums)
    square = rest * rest
    if not restricted:
        whole = dot(top, top) + square.sum(axis=0)
        return Point(t, fit, at.weights.sum(axis=0), fit_slope, whole)
    second, third = gram(z, square, square * rest)
    shared = np.einsum("pqn,qrn->prn", at.inverse, second)
    corner = top[:, None] * np.einsum("pqn,qrn->prn", at.inverse, at.gram)  # P among the anchors
    trace = rest.sum(axis=0) - np.einsum("ppn->n", shared) + np.einsum("ppn->n", corner)
    slope = square.sum(axis=0) - 2.0 * np.einsum("pqn,qpn->n", at.inverse, third)
    slope += np.einsum("pqn,qpn->n", shared, shared) + np.einsum("pqn,pqn->n", corner, corner)
    slope += 2.0 * np.einsum("pn,pqn,qpn->n", top * top, shared, at.inverse)
    return Point(t, fit, trace, fit_slope, slope)


def log_likelihood(data, tau2, restricted):
    """Log-likelihood profiled over the coefficients, or the restricted one, up to a constant; shape (n,)."""
    at = at_tau2(data, tau2)
    determinant = sum(np.log(pivot) for pivot in at.pivots) if restricted else 0.0
    return 0.5 * (np.log(at.weights).sum(axis=0) - at.q - determinant)


def _likelihood_tau2(data, restricted):
    """The global maximum over tau2 >= 0 of the restricted (REML) or full (ML) likelihood of each fit."""
    square = solve(data, np.ones_like(data.v)).q / (data.df if restricted else len(data.v))
    upper = upper_bound(square, data.smallest, data.v.max(axis=0))
    functions = (partial(f, restricted=restricted) for f in (_point, log_likelihood))
    return global_maximum(data, upper, *functions)


def q_root(data, target):
    """The tau2 >= 0 at which the generalised Q equals `target` (n,), as `analysis.tau2.q_root`; else 0."""
    root, live, t = np.zeros(data.smallest.size), np.arange(data.smallest.size), np.zeros(data.smallest.size)
    while live.size:
        now = at_tau2(data, t)
        below = now.q > target
        step = np.zeros_like(t)
        np.divide(now.q * (now.q / target - 1.0), dot(now.u, now.u), out=step, where=below)
        t = t + step
        moving = step > STEP * t + FLOOR * data.smallest
        root[live] = t
        if not moving.all():
            live, data, t, target = live[moving], data.take(moving.nonzero()[0]), t[moving], target[moving]
    return root


def typical_variance(data, common):
    """Typical sampling variance (k - p) / tr P at tau2 = 0, Higgins & Thompson 2002, doi 10.1002/sim.1186."""
    return data.df / residual_share(data, common, common.weights)


def _dersimonian_laird(data, common):
    return (common.q - data.df) / residual_share(data, common, common.weights)


def _hedges(data, _):
    equal = solve(data, np.ones_like(data.v))
    return (equal.q - residual_share(data, equal, data.v)) / data.df


def _hunter_schmidt(data, common):
    return (common.q - len(data.v)) / common.weights.sum(axis=0)


def _sidik_jonkman(data, _):
    return data.spread * at_tau2(data, data.spread).q / data.df


_CLOSED = {"DL": _dersimonian_laird, "HE": _hedges, "HS": _hunter_schmidt, "SJ": _sidik_jonkman}


def estimate_tau2(data, method, common):
    """tau2 (n,) of each fit, truncated at 0, in the unit of `data`; `common` is the solution at tau2 = 0."""
    if method == "CE":
        return np.zeros(data.smallest.size)
    if method in ("ML", "REML"):
        return _likelihood_tau2(data, method == "REML")
    if method in ("EB", "PM"):
        return q_root(data, np.full(data.smallest.size, float(data.df)))
    return np.maximum(_CLOSED[method](data, common), 0.0)
