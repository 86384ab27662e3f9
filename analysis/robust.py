"""Cluster-robust variance of a weighted mean, with the correction for few clusters."""

from typing import NamedTuple

import numpy as np

_NO_SPARE = 1e-14  # share of the other clusters in the mean, below which a cluster determines it alone


class RobustMean(NamedTuple):
    """A weighted mean, its variances and the weights behind it; see `robust_mean`."""

    estimate: float
    model: float  # variance if the working covariance is right
    cr1: float
    cr2: float
    cr2_df: float
    weights: np.ndarray


def robust_mean(yi, blocks, first):
    """Generalised least-squares mean of effects sorted by cluster, with CR1 and CR2 variances.

    Parameters
    ----------
    yi : array, shape (k,)
        Effects, those of a cluster next to each other.
    blocks : list of array
        Working covariance of each cluster, random effects included.
    first : array of int, shape (m,)
        Where each cluster begins.

    Returns
    -------
    RobustMean
        CR1 is the sandwich variance times m / (m - 1). CR2 adjusts the residuals of each cluster such that
        the variance is unbiased where the working covariance holds; its degrees of freedom match two moments.

    References
    ----------
    Bell & McCaffrey 2002, Survey Methodology 28:169-181; Pustejovsky & Tipton 2018, doi
    10.1080/07350015.2016.1247004; Tipton 2015, doi 10.1037/met0000011.

    Examples
    --------
    >>> mean = robust_mean(np.array([0.1, 0.3, 0.6]), [np.eye(2) * 0.1, np.eye(1) * 0.1], np.array([0, 2]))
    >>> round(mean.estimate, 4), round(mean.cr2, 6)
    (0.3333, 0.035556)
    """
    parts = np.split(yi, first[1:])
    raw = [np.linalg.solve(block, np.ones(len(block))) for block in blocks]
    model = 1.0 / sum(w.sum() for w in raw)
    estimate = model * sum(w @ y for w, y in zip(raw, parts, strict=True))
    m = len(blocks)
    cr1 = model**2 * sum((w @ (y - estimate)) ** 2 for w, y in zip(raw, parts, strict=True)) * m / (m - 1)
    cr2, own, sums = 0.0, np.empty(m), np.empty(m)
    precision = np.array([w.sum() for w in raw])
    others = np.append(0.0, precision[:-1].cumsum()) + np.append(precision[:0:-1].cumsum()[::-1], 0.0)
    for i, (block, y) in enumerate(zip(blocks, parts, strict=True)):
        u = model * _adjusted(block, model * others[i])
        cr2 += (u @ (y - estimate)) ** 2
        own[i], sums[i] = u @ block @ u, u.sum()
    # The covariance of the m terms is diag(own) - model * sums sums': its trace and its squared norm.
    trace = own.sum() - model * (sums**2).sum()
    square = (own**2).sum() - 2.0 * model * (own * sums**2).sum() + (model * (sums**2).sum()) ** 2
    df = max(trace**2 / square, 1.0)
    return RobustMean(float(estimate), float(model), float(cr1), float(cr2), float(df), model * np.concatenate(raw))


def _adjusted(block, spare):
    """A W 1 for one cluster: W the inverse of the working covariance, A the adjustment of CR2.

    With L L' the covariance and L (I - h z z') L' that of the residuals, z the direction of L^-1 1 and h = 1 -
    `spare` its share of the mean, A is L (L' L (I - h z z') L' L)^(-1/2) L'. The root is taken of the inverse:
    there the precise effects, which carry the weight, are the large entries and keep all digits, however
    unequal the variances. Where h is 1 to rounding the inverse is a generalised one.
    """
    from scipy import linalg

    lower = np.linalg.cholesky(block)
    inverse = linalg.solve_triangular(lower, np.eye(len(block)), lower=True)
    whitened = inverse.sum(axis=1)
    z, half = whitened / np.linalg.norm(whitened), inverse @ inverse.T
    if spare > _NO_SPARE:
        half = half + (1.0 / np.sqrt(spare) - 1.0) * np.outer(z, z @ half)
    else:
        null = half @ z / np.linalg.norm(half @ z)
        half = half - np.outer(half @ null, null)
    _, values, vectors = np.linalg.svd(half)
    return lower @ (vectors.T @ (values * (vectors @ whitened)))
