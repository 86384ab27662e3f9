"""Permutation tests of a meta-regression, all permutations at once in the array engine.

With moderators the rows of the design are permuted against the studies (Higgins & Thompson 2004, doi
10.1002/sim.1752); without, the signs of the outcomes are flipped (Follmann & Proschan 1999, doi
10.1111/j.0006-341X.1999.00732.x). tau2 is estimated anew each time. A permutation whose statistic is 0 / 0 counts
as at least as extreme as the observed one, which can only make a p-value larger.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.designs import designs
from analysis.mixed_effects import fit_designs, omnibus

_BLOCK = 1 << 15  # array elements in a block of permutations, whose working arrays then stay in cache
_EQUAL = 1e-8  # statistics that are this close, relative to each other, count as equal


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """Permutation p-values of a meta-regression.

    Attributes
    ----------
    pvalues : pandas.Series
        Two-sided p-value of each coefficient: the share of permutations whose absolute test statistic reaches
        the observed one, or is undefined (0 / 0). NaN where the observed one is undefined.
    qm_pvalue : float
        The same for the omnibus test of the moderators; NaN without moderators.
    n_permutations : int
        Number of permutations (or flips of signs) used, in an exact test the observed arrangement included.
    exact : bool
        Whether these were all distinct ones. If not, they are a random sample, and the observed arrangement is
        counted as one more, so that no p-value is 0.
    """

    pvalues: object
    qm_pvalue: float
    n_permutations: int
    exact: bool


def permutation_pvalues(model, tested, options, n_resamples, rng):
    """p-values of the coefficients and of the omnibus test, the number of permutations, and whether all."""
    y, v, x = model.yi[:, None], model.vi[:, None], model.x
    signs = x.shape[1] == 1 and np.ptp(x) == 0
    group = np.unique(x, axis=0, return_inverse=True)[1].ravel()
    total = 2 ** len(x) if signs else _distinct(group)
    exact = total <= n_resamples
    if signs:
        blocks = _flips(len(x), n_resamples, exact, rng)
    elif exact:
        blocks, x = _exact(group), x[group.argsort(kind="stable")]
    else:
        blocks = _random(len(x), n_resamples, rng)

    def statistics(y, v, x):
        fits = fit_designs(designs(y, v, x), options)
        return np.vstack([np.abs(fits.statistic), omnibus(fits, tested, options.ci_method)])

    reached = statistics(y, v, model.x) * (1.0 - _EQUAL)
    count = np.where(np.isnan(reached[:, 0]), np.nan, 0.0)
    for block in blocks:
        moved = (y * block, np.broadcast_to(v, block.shape)) if signs else (model.yi[block], model.vi[block])
        with np.errstate(invalid="ignore"):
            count += (~(statistics(*moved, x) < reached)).sum(axis=1)
    n = total if exact else n_resamples
    p = count / n if exact else (count + 1.0) / (n + 1.0)
    return p[:-1], float(p[-1]) if len(tested) else math.nan, n, exact


def _distinct(group):
    """Number of distinct arrangements of design rows, of which those of a group are equal."""
    return math.factorial(len(group)) // math.prod(math.factorial(m) for m in np.bincount(group).tolist())


def _size(k):
    return max(_BLOCK // k, 16)


def _flips(k, n, exact, rng):
    """Blocks (k, m) of signs, either all or a random sample of n."""
    for start in range(0, 2**k if exact else n, _size(k)):
        if exact:
            number = np.arange(start, min(start + _size(k), 2**k))
            yield 1.0 - 2.0 * ((number >> np.arange(k)[:, None]) & 1)
        else:
            yield 1.0 - 2.0 * rng.integers(0, 2, (k, min(_size(k), n - start)))


def _random(k, n, rng):
    """Blocks (k, m) of n random orders of the studies."""
    for start in range(0, n, _size(k)):
        yield rng.permuted(np.tile(np.arange(k)[:, None], min(_size(k), n - start)), axis=0)


def _exact(group):
    """Blocks (k, m) of all distinct orders of the studies, for design rows sorted by `group`."""
    taken, free = np.zeros((1, 0), dtype=np.int16), np.arange(len(group), dtype=np.int16)[None]
    for m in np.bincount(group).tolist():
        places = range(free.shape[1])
        chosen = list(combinations(places, m))
        others = [sorted(set(places) - set(part)) for part in chosen]
        taken = np.repeat(taken, len(chosen), axis=0)
        n = len(free)
        picked = free[:, np.array(chosen, dtype=int)].reshape(n * len(chosen), m)
        free = free[:, np.array(others, dtype=int)].reshape(n * len(chosen), -1)
        taken = np.hstack([taken, picked])
    for start in range(0, len(taken), _size(len(group))):
        yield taken[start : start + _size(len(group))].T
