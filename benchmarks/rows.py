"""The comparisons, each a function that returns rows of the table; `scale` shrinks them for a quick look."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from checks import floor_dl, off_optimum, simulated
from drawing import forest_plots
from peers import (
    HAS_PYMARE,
    metafor_seconds,
    pymare_fit,
    pymare_leave_one_out,
    pymare_regression,
    quiet,
    statsmodels_pm,
)
from timing import Row, interleaved

from analysis import (
    effect_sizes,
    meta_regression,
    multiverse,
    pool,
    pool_batch,
    pool_bivariate,
    read_contrasts,
    read_trials,
)
from analysis.models.bivariate import pool_bivariate_columns
from analysis.models.results import t_quantile

ROOT = Path(__file__).parents[1]
FIRST_POOL = "import analysis; analysis.pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])"


def columns(*arrays):
    return [np.ascontiguousarray(x.T) for x in arrays]


def difference(ours, theirs):
    return f"tau² differs by at most {np.abs(np.ravel(ours) - np.ravel(theirs)).max():.0e}"


def one_pool(_):
    """A single complete fit."""
    yi, vi = (x[0] for x in simulated(1, 13))
    work = "one `pool()`, k = 13: REML, HKSJ, Q-profile, prediction interval"
    if HAS_PYMARE:
        ours, theirs = interleaved(
            lambda: pool(yi, vi),
            lambda: pymare_fit(yi[:, None], vi[:, None], "REML", statistics=True),
            repeats=15,
            number=20,
        )
        yield Row(work, ours, "PyMARE", theirs, 3, note="peer: mean, se, interval and p-value only")


def metafor(scale):
    """Single fits and a loop in R, where metafor is installed."""
    one = tuple(x[0] for x in simulated(1, 13))
    yi, vi = simulated(max(int(10_000 * scale), 20), 10)
    times = metafor_seconds(one, yi[:200], vi[:200])
    if times is not None:
        [ours] = interleaved(lambda: pool(*one), repeats=15, number=20)
        yield Row("one `pool()`, k = 13", ours, "metafor", times[0], 3, note="peer: median of 50 in R")
        [ours] = interleaved(lambda: pool_batch(yi, vi))
        note = "peer: a loop over 200 in R, scaled up"
        yield Row(f"{len(yi):,} x k = 10, REML", ours, "metafor", times[1] * len(yi), 1000, note=note)


def batch_reml(scale):
    """10,000 meta-analyses by REML, and whether each is at its global maximum."""
    yi, vi = simulated(int(10_000 * scale), 10)
    off = off_optimum(yi, vi, pool_batch(yi, vi).tau2)
    note = f"off the global optimum by a dense scan: {off} of ours"
    if HAS_PYMARE:
        y, v = columns(yi, vi)
        theirs_off = off_optimum(yi, vi, pymare_fit(y, v, "REML").params_["tau2"])
        ours, theirs = interleaved(lambda: pool_batch(yi, vi), lambda: pymare_fit(y, v, "REML"), repeats=9)
        note += f", {theirs_off} of the peer's; peer: mean and tau² only"
        yield Row(f"{len(yi):,} x k = 10, REML", ours, "PyMARE vectorised", theirs, 4, note=note, right=off == 0)


def batch_pm(scale):
    """10,000 meta-analyses by Paule and Mandel."""
    yi, vi = simulated(int(10_000 * scale), 10)
    part = max(len(yi) // 20, 5)
    ours, theirs = interleaved(
        lambda: pool_batch(yi, vi, tau2_method="PM"), lambda: statsmodels_pm(yi[:part], vi[:part])
    )
    found = np.maximum(statsmodels_pm(yi[:part], vi[:part]), 0.0)
    note = f"peer: {part} sets, scaled up; " + difference(pool_batch(yi, vi, tau2_method="PM").tau2[:part], found)
    yield Row(f"{len(yi):,} x k = 10, PM", ours, "statsmodels loop", theirs * len(yi) / part, 200, note=note)


def million(scale):
    """A million meta-analyses, by DL and by REML."""
    yi, vi = simulated(int(1_000_000 * scale), 10)
    dl, reml = f"{len(yi):,} x k = 10, DL, all statistics", f"{len(yi):,} x k = 10, REML, all statistics"
    critical = float(t_quantile(9, 0.95))

    def ours():
        return pool_batch(yi, vi, tau2_method="DL")

    mine, floor = interleaved(ours, lambda: floor_dl(yi, vi, critical))
    note = "floor without p-values; " + difference(ours().tau2, floor_dl(yi, vi, critical)[0])
    yield Row(dl, mine, "plain numpy in blocks", floor, 3, within=True, note=note)
    if HAS_PYMARE:
        y, v = columns(yi, vi)
        mine, theirs = interleaved(ours, lambda: pymare_fit(y, v, "DL", statistics=True), repeats=3)
        yield Row(dl, mine, "PyMARE vectorised", theirs, 8, note="peer: without Q and I²")
        y, v = columns(yi[: len(yi) // 10], vi[: len(yi) // 10])
        mine, theirs = interleaved(lambda: pool_batch(yi, vi), lambda: pymare_fit(y, v, "REML"), repeats=3)
        note = f"peer: mean and tau² only, of {y.shape[1]:,} sets, scaled up"
        yield Row(reml, mine, "PyMARE vectorised", theirs * len(yi) / y.shape[1], 8, note=note)


def leave_one_out(scale):
    """Every study left out once, as one batch with NaN on the diagonal."""
    k = max(int(200 * scale), 10)
    yi, vi = (x[0] for x in simulated(1, k))
    gone = np.where(np.eye(k, dtype=bool), np.nan, 0.0)

    def ours():
        return pool_batch(yi + gone, vi + gone)

    if HAS_PYMARE:
        mine, theirs = interleaved(ours, lambda: pymare_leave_one_out(yi, vi))
        note = "peer: mean and tau² only; " + difference(ours().tau2, pymare_leave_one_out(yi, vi))
        yield Row(f"leave-one-out, k = {k}, REML", mine, "PyMARE loop", theirs, 30, note=note)


def permutations(scale):
    """Permutation test of a meta-regression with one moderator."""
    yi, vi = (x[0] for x in simulated(1, 13))
    x, n = np.linspace(0.0, 1.0, 13), int(1000 * scale)
    if HAS_PYMARE:
        fit = meta_regression("yi ~ x", pd.DataFrame({"yi": yi, "vi": vi, "x": x}))
        peer = pymare_regression(yi, vi, x)
        np.random.seed(1)  # PyMARE draws from numpy's global generator  # noqa: NPY002
        ours, theirs = interleaved(
            lambda: fit.permutation_test(n, rng=1), lambda: quiet(peer.permutation_test)(n_perm=n), repeats=9
        )
        p = fit.permutation_test(n, rng=1).pvalues["x"]
        peer_p = np.ravel(quiet(peer.permutation_test)(n_perm=n).perm_p["fe_p"])[-1]
        note = f"p-values of the moderator, from random permutations: {p:.3f} and {peer_p:.3f}"
        work = f"{n:,} permutations of a meta-regression, k = 13, REML"
        yield Row(work, ours, "PyMARE vectorised", theirs, 2, note=note)


def multiverses(scale):
    """Every sensible analysis of the curated trials, against one call of effect_sizes and pool for each."""
    trials, contrasts = read_trials(ROOT / "data" / "trials.csv"), read_contrasts(ROOT / "data" / "contrasts.csv")
    one = {"doubtful": "include", "second_hand": "include", "single_session": "include", "contrast_rows": "exclude"}
    options = {"outcome": "change", "correlation": 0.5, "crossover_correlation": 0.5, "missing_sd": "impute"}
    few = max(int(10 * scale), 1)
    methods = (("REML", "HKSJ"), ("PM", "HKSJ-mod"), ("DL", "z"))

    def one_by_one():
        return [
            pool(effect_sizes(trials, **options), tau2_method=t, ci_method=c) for _ in range(few) for t, c in methods
        ]

    frame = multiverse(trials, contrasts=contrasts)
    n = frame["analysis"].nunique()
    ours, theirs = interleaved(lambda: multiverse(trials, contrasts=contrasts), one_by_one, repeats=3)
    same = multiverse(trials, **one, **options, tau2_method="DL", ci_method="z")["estimate"].iloc[0]
    gap = abs(same - pool(effect_sizes(trials, **options), tau2_method="DL", ci_method="z").estimate)
    note = f"peer: {len(methods) * few} analyses, scaled up; the estimates differ by at most {gap:.0e}"
    work = f"multiverse, {len(frame):,} combinations, {n:,} different analyses"
    yield Row(work, ours, "ours, one by one", theirs * n / (len(methods) * few), 1000, note=note)


def bivariate_bootstrap(scale):
    """Refits of the bivariate model to resampled trials, against one fit after the other."""
    yi, vi = simulated(2, 36)
    drawn = np.random.default_rng(1).integers(36, size=(36, max(int(2000 * scale), 50)))
    few = drawn[:, :20]

    def one_by_one():
        return [pool_bivariate(yi[:, i].T, vi[:, i].T).estimates for i in few.T]

    batch = (yi[0][drawn], vi[0][drawn], yi[1][drawn], vi[1][drawn])
    ours, theirs = interleaved(lambda: pool_bivariate_columns(*batch), one_by_one, repeats=3)
    gap = np.abs(pool_bivariate_columns(*batch).estimates[:, :20] - np.transpose(one_by_one())).max()
    note = f"peer: {few.shape[1]} fits, scaled up; the means differ by at most {gap:.0e}"
    work = f"{drawn.shape[1]:,} bivariate REML fits, k = 36"
    yield Row(work, ours, "ours, one by one", theirs * drawn.shape[1] / few.shape[1], 5, note=note)


def imports(scale):
    """Time of a fresh Python with each import, beyond that of an empty one."""
    codes = ("pass", "import numpy", "import analysis", FIRST_POOL, "import statsmodels.api")
    spent = {code: [] for code in codes}
    for _ in range(max(int(9 * scale), 1)):
        for code in codes:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
            spent[code].append(time.perf_counter() - start)
    empty, numpy, ours, first, statsmodels = (statistics.median(times) for times in spent.values())
    yield Row(
        "`import analysis`", ours, "`import numpy`", numpy, 1.5, within=True, note="fresh process, start included"
    )
    note = f"fresh process, start ({1e3 * empty:.0f} ms) included"
    yield Row("`import analysis` and first `pool()`", first, "`import statsmodels.api`", statsmodels, 2, note=note)


ALL = (
    one_pool,
    batch_reml,
    batch_pm,
    million,
    leave_one_out,
    permutations,
    multiverses,
    bivariate_bootstrap,
    forest_plots,
    imports,
    metafor,
)
