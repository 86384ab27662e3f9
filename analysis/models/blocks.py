"""Many meta-analyses of any sizes, worked on in arrays of those of similar size: one after the other, or in threads.

The arrays of a block stay in the processor's cache, so that the memory needed beside the studies is little more than
that of the result. numpy lets go of the interpreter while it computes, hence threads, which share the studies.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis._types import Floats

if TYPE_CHECKING:
    from concurrent.futures import Executor

# Array elements in a block: with fewer, threads wait for one another more than they compute.
_BLOCK = 1 << 18
# Studies of all sets that are made of the same ones, in memory at a time.
_HELD = 1 << 20
# Seconds after which a person who waits is told how far it is.
_PATIENCE = 2.0
_Part = TypeVar("_Part")


def in_blocks(
    numbers: Callable[[Floats, Floats], dict[str, np.ndarray]],
    yi: Floats,
    vi: Floats,
    sizes: NDArray[np.intp],
    n_jobs: int = 1,
) -> dict[str, np.ndarray]:
    """What a function finds of each of n meta-analyses, by its name.

    Parameters
    ----------
    numbers : callable
        Takes outcomes and variances of m meta-analyses, shape (k, m), with NaN in the variances where a study is
        absent, which it must not change; returns arrays of shape (..., m).
    yi, vi : ndarray, shape (number of studies,)
        Checked studies, those of one meta-analysis after those of another.
    sizes : ndarray of int, shape (n,)
        How many studies each meta-analysis has. One that has none is not shown to the function; it has NaN, and 0 for
        whole numbers.
    n_jobs : int, optional
        How many blocks are worked on at a time; -1 for one on each processor.

    Returns
    -------
    dict of str to ndarray
        Of shape (..., n); empty if there is no study at all.

    Notes
    -----
    One meta-analysis alone in its block may differ in the last bits, 1e-14 or so of the sums, from the same among
    others: numpy adds up a single column in another order. Blocks depend on the sizes alone, and not on `n_jobs`.

    Examples
    --------
    >>> yi, vi, sizes = np.array([1.0, 3.0, 5.0]), np.ones(3), np.array([1, 0, 2])
    >>> in_blocks(lambda y, v: {"mean": np.nanmean(y + 0.0 * v, axis=0)}, yi, vi, sizes)["mean"].tolist()
    [1.0, nan, 4.0]
    """
    if sizes.size == 1 and yi.size:
        return numbers(yi[:, None], vi[:, None])
    cut, out = _cutter(yi, vi, sizes), {}

    def work(block):
        return block, numbers(*cut(block))

    blocks = list(_blocks(sizes))
    if len(blocks) > 1:
        # Freed at once: the C library then keeps freed memory at hand for the next block.
        np.empty(_BLOCK << 3)
    done = worked(work, blocks, n_jobs)
    for block, found in told(done, np.count_nonzero(sizes), "meta-analyses", lambda part: sizes[part[0]].size):
        if not out:
            out = {name: np.zeros((*x.shape[:-1], sizes.size), x.dtype) for name, x in found.items()}
        for name, x in found.items():
            out[name][..., block] = x
    if not sizes.all():
        for x in out.values():
            x[..., sizes == 0] = np.nan if x.dtype == float else 0
    return out


def parts(yi: Floats, vi: Floats, sizes: NDArray[np.intp]) -> Iterator[tuple[Floats, Floats]]:
    """The arrays that `in_blocks` shows to a function, one after the other.

    Examples
    --------
    >>> [y.tolist() for y, _ in parts(np.array([1.0, 3.0, 5.0]), np.ones(3), np.array([2, 1]))]
    [[[5.0]], [[1.0], [3.0]]]
    """
    return map(_cutter(yi, vi, sizes), _blocks(sizes))


def _cutter(yi, vi, sizes):
    """What gives outcomes and variances of the meta-analyses of a block."""
    starts = np.cumsum(sizes) - sizes

    def cut(block):
        most, first = sizes[block][-1], starts[block]
        if isinstance(block, slice):
            of_all = slice(first[0], first[-1] + most)
            y, v = (x[of_all].reshape(-1, most).T for x in (yi, vi))
        else:
            place = np.arange(most)[:, None]
            y, v = (x.take(first + place, mode="clip") for x in (yi, vi))
            v[place >= sizes[block]] = np.nan
        return y, v

    return cut


def _blocks(sizes):
    """Places of meta-analyses, none in a block having twice the studies of another; a slice where all have as many."""
    order = np.argsort(sizes, kind="stable")
    ordered = sizes[order]
    powers = 1 << np.arange(int(ordered[-1]).bit_length() + 1)
    for start, end in pairwise(np.searchsorted(ordered, powers).tolist()):
        step = max(_BLOCK // max(int(ordered[end - 1]), 1), 1)
        for at in range(start, end, step):
            block = order[at : min(at + step, end)]
            low, high = block[0], block[-1] + 1
            even = high - low == block.size and sizes[low] == sizes[high - 1]
            yield slice(low, high) if even else block


def shares(n: int, k: int) -> list[NDArray[np.intp]]:
    """The numbers 0 to n - 1 of sets of up to k studies, in parts whose studies are held at a time.

    Examples
    --------
    >>> [part.tolist() for part in shares(3, 10)], len(shares(20_001, 20_000))
    ([[0, 1, 2]], 382)
    """
    return np.array_split(np.arange(n), 1 + n * k // _HELD)


def check_jobs(n_jobs: int) -> None:
    """Raise ValueError unless it is a number of threads, or -1."""
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or not (n_jobs == -1 or n_jobs > 0):
        raise ValueError(f"n_jobs={n_jobs!r} must be a whole number of threads, or -1 for one on each processor")


def of_dask(values: Any) -> bool:
    """Whether an object is a collection of dask, which is not loaded for the question."""
    return type(values).__module__.partition(".")[0] == "dask"


def worked(
    work: Callable[[Any], _Part], blocks: Sequence[Any], n_jobs: int = 1, client: Executor | Any = None
) -> Iterator[_Part]:
    """The work on each block, in their order, by so many threads or by a client that takes what is submitted.

    Examples
    --------
    >>> list(worked(abs, [-1, 2], n_jobs=2))
    [1, 2]
    """
    if client is not None:
        yield from (future.result() for future in [client.submit(work, block) for block in blocks])
        return
    threads = min(os.cpu_count() or 1 if n_jobs == -1 else n_jobs, len(blocks))
    if threads < 2:
        yield from map(work, blocks)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, blocks)


def told(parts: Iterable[_Part], total: int, what: str, size: Callable[[_Part], int] = len) -> Iterator[_Part]:
    """Hand on parts of some work, and tell a person who waits for more than a moment how much of it is done.

    Parameters
    ----------
    parts : iterable
    total : int
        Sum of the sizes of all parts.
    what : str
        What is counted.
    size : callable, optional

    Yields
    ------
    object
        The parts, as they are done.

    Examples
    --------
    >>> list(told(["ab", "c"], 3, "letters"))
    ['ab', 'c']
    """
    began, done, spoken = time.monotonic(), 0, False
    waits = sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)
    for part in parts:
        yield part
        done += size(part)
        if spoken or (waits and done < total and time.monotonic() - began > _PATIENCE):
            spoken = True
            print(f"\r{done:,} of {total:,} {what}", end="", file=sys.stderr, flush=True)
    if spoken:
        print(file=sys.stderr)
