"""Estimators of the between-study variance tau2, each written once for k studies by n meta-analyses.

They share the arrays of `analysis.columns`: one column is one meta-analysis. ML and REML, which need a search
for the global maximum, are in `analysis.likelihood`.

References
----------
Cochran 1954 (HE), DerSimonian & Laird 1986, doi 10.1016/0197-2456(86)90046-2 (DL), Paule & Mandel 1982, doi
10.6028/jres.087.022 (PM), Sidik & Jonkman 2005, doi 10.1111/j.1467-9876.2005.00489.x (SJ), Hunter & Schmidt
2004 (HS), Morris 1983, doi 10.1080/01621459.1983.10477920 (EB).
"""

import numpy as np

from analysis.columns import FLOOR, STEP, trace, weighted
from analysis.likelihood import likelihood_tau2

TAU2_METHODS = ("CE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")


def typical_variance(data, common):
    """Typical sampling variance (k - 1) / tr P at tau2 = 0, Higgins & Thompson 2002, doi 10.1002/sim.1186."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (data.k - 1) / trace(common.weights, common.total)


def _dersimonian_laird(data, common):
    with np.errstate(invalid="ignore"):
        return (common.q - (data.k - 1)) / trace(common.weights, common.total)


def _hedges(data, _):
    present = np.isfinite(data.v)
    mean = data.y.sum(axis=0) / data.k
    square = ((data.y - mean) ** 2).sum(axis=0, where=present) / np.maximum(data.k - 1, 1)
    return square - data.v.sum(axis=0, where=present) / data.k


def _hunter_schmidt(data, common):
    return (common.q - data.k) / common.total


def _sidik_jonkman(data, _):
    present = np.isfinite(data.v)
    mean = data.y.sum(axis=0) / data.k
    start = ((data.y - mean) ** 2).sum(axis=0, where=present) / data.k
    return start * weighted(data.y, data.v, start).q / np.maximum(data.k - 1, 1)


def q_root(data, target):
    """The tau2 >= 0 at which the generalised Q statistic equals `target` (n,); 0 where Q is below it already.

    1 / Q(tau2) is a weighted harmonic mean of terms linear in tau2, hence concave: Newton's method for 1 / Q
    started at 0 climbs to the root without ever passing it.
    """
    root = np.zeros(data.v.shape[1])
    live, y, v, t, small = np.arange(root.size), data.y, data.v, root.copy(), data.smallest
    while live.size:
        now = weighted(y, v, t)
        below = now.q > target
        step = np.zeros_like(t)
        np.divide(now.q * (now.q / target - 1.0), now.slope, out=step, where=below)
        t += step
        moving = step > STEP * t + FLOOR * small
        root[live] = t
        if moving.all():
            continue
        live, y, v = live[moving], y.compress(moving, axis=1), v.compress(moving, axis=1)
        t, target, small = t[moving], target[moving], small[moving]
    return root


_CLOSED = {"DL": _dersimonian_laird, "HE": _hedges, "HS": _hunter_schmidt, "SJ": _sidik_jonkman}


def estimate_tau2(data, method, common=None):
    """tau2 of each column, truncated at 0, in the units of `data`; 0 for a column with a single study."""
    if method == "CE":
        return np.zeros(data.v.shape[1])
    if method in ("ML", "REML"):
        return likelihood_tau2(data, restricted=method == "REML")
    if method in ("EB", "PM"):  # the empirical Bayes equation is the Paule-Mandel equation Q(tau2) = k - 1
        return q_root(data, np.maximum(data.k - 1.0, 1.0))
    common = weighted(data.y, data.v) if common is None else common
    return np.where(data.k > 1, np.maximum(_CLOSED[method](data, common), 0.0), 0.0)
