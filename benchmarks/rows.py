"""The comparisons, each a function that returns rows of the table; `scale` shrinks them for a quick look."""

import functools
import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
from checks import floor_dl, off_optimum, simulated
from drawing import forest_plots
from peers import (
    METAFOR,
    PIMETA,
    PYMARE,
    PYMETAANALYSIS,
    STATSMODELS,
    metafor,
    pimeta_gosh,
    pimeta_influence,
    pimeta_leave_one_out,
    pimeta_numbers,
    pimeta_permutations,
    pimeta_regression,
    pimeta_tau2,
    pimeta_three_levels,
    pymare_fit,
    pymare_leave_one_out,
    pymare_regression,
    pymetaanalysis_leave_one_out,
    pymetaanalysis_numbers,
    pymetaanalysis_tau2,
    statsmodels_pm,
)
from tables import spoilt, trials_table
from timing import Row, interleaved, kept, reduced, turns, versus

from analysis import (
    TrialDataError,
    audit_trials,
    effect_sizes,
    gosh,
    influence,
    leave_one_out,
    meta_regression,
    multiverse,
    permutation_test,
    pool,
    pool_batch,
    pool_bivariate,
    pool_groups,
    pool_multilevel,
    pool_subgroups,
    read_contrasts,
    read_trials,
)
from analysis.models.bivariate import pool_bivariate_columns
from analysis.models.results import t_quantile

ROOT = Path(__file__).parents[1]
FIRST_POOL = "import analysis; analysis.pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1])"


def columns(*arrays):
    return [np.ascontiguousarray(x.T) for x in arrays]


def difference(ours, theirs, what="tau² differs"):
    return f"{what} by at most {np.nanmax(np.abs(np.ravel(ours) - np.ravel(theirs))):.0e}"


def numbers(fit):
    """Of a pooled effect, in the order of the peers."""
    return [fit.estimate, *fit.ci, fit.tau2, *fit.tau2_ci, *fit.pi]


def all_numbers(fit, found):
    return "the same eight numbers, which " + difference(numbers(fit), found, "differ")


#: What the peers compute, by name: the prediction interval with the mean, not when it is asked for.
AS_PEERS = {"ci_method": "HKSJ", "pi_method": "t(k-1)"}


def one_pool(scale):
    """A single complete fit."""
    yi, vi = (x[0] for x in simulated(1, 13))
    often = turns(scale, 15, number=20)

    def only_mean(fit, found):
        return (
            f"peer: mean, se, interval and p-value only; {difference(fit.estimate, found['est'], 'the mean differs')}"
        )

    def like_pymetaanalysis():
        return pool(yi, vi, **AS_PEERS | {"pi_method": "t(k-2)"})

    def ours():
        return pool(yi, vi, **AS_PEERS)

    work = "`pool(yi, vi)`, k = 13: REML, HKSJ, Q-profile, prediction interval"
    theirs = functools.partial(pymare_fit, yi[:, None], vi[:, None], "REML", statistics=True)
    yield from versus(work, ours, PYMARE, theirs, 3, note=only_mean, **often)
    yield from versus(work, ours, PIMETA, lambda: pimeta_numbers(yi, vi), 3, note=all_numbers, **often)
    work = '`pool(yi, vi, pi_method="t(k-2)")`, k = 13: likewise'
    theirs = functools.partial(pymetaanalysis_numbers, yi, vi)
    yield from versus(work, like_pymetaanalysis, PYMETAANALYSIS, theirs, 3, note=all_numbers, **often)


def waiting(scale):
    """What one call costs whoever waits for it, beside the time that is wanted."""
    yi, vi = (x[0] for x in simulated(1, 13))
    [mine] = interleaved(lambda: pool(yi, vi), **turns(scale, 15, number=20))
    yield Row("`pool(yi, vi)`, k = 13, its prediction interval not asked for", mine, "wanted", 0.35e-3, 1, within=True)
    for usual, wanted in ((200, 6e-3), (2000, 0.3)):
        k = reduced(usual, scale, least=10)
        yi, vi = (x[0] for x in simulated(1, k))
        pooled = pool(yi, vi, labels=[f"Trial {i}" for i in range(k)])
        [mine] = interleaved(functools.partial(leave_one_out, pooled), **turns(scale))
        yield Row(f"`leave_one_out(pooled)`, k = {k:,}, labels, REML, t(k-1)", mine, "wanted", wanted, 1, within=True)


def in_r(scale):
    """Single fits and a loop in R, where it is installed."""
    one = tuple(x[0] for x in simulated(1, 13))
    yi, vi = simulated(reduced(10_000, scale, least=20), 10)
    part, repeats = min(len(yi), reduced(200, scale, least=10)), reduced(50, scale)
    answers = functools.cache(lambda: metafor(one, yi[:part], vi[:part], repeats))

    def of_single(fit, found):
        same = all_numbers(fit, found.numbers("numbers"))
        return f"peer: version {found.text('version')}, median of {repeats} in R; {same}"

    def of_loop(batch, found):
        tau2 = found.numbers("tau2")
        lost = f", {np.isnan(tau2).sum()} of which did not converge"
        return f"peer: a loop over {part} in R{lost}, scaled up; {difference(batch.tau2[:part], tau2)}"

    yield from versus(
        "`pool(yi, vi)`, k = 13: REML, HKSJ, Q-profile, prediction interval",
        lambda: pool(*one, **AS_PEERS),
        METAFOR,
        answers,
        3,
        clock=lambda found: found.seconds("single"),
        note=of_single,
        **turns(scale, 15, number=20),
    )
    yield from versus(
        f"`pool_batch`, {len(yi):,} x k = 10, REML",
        lambda: pool_batch(yi, vi),
        METAFOR,
        answers,
        1000,
        manner="loop",
        scaled_up=len(yi),
        clock=lambda found: found.seconds("loop"),
        note=of_loop,
        **turns(scale),
    )


def batch_reml(scale):
    """10,000 meta-analyses by REML, and whether each is at its global maximum."""
    yi, vi = simulated(reduced(10_000, scale), 10)
    part = reduced(100, scale, least=5)
    off = off_optimum(yi, vi, pool_batch(yi, vi).tau2)
    right, y, v = off == 0, *columns(yi, vi)
    work = f"`pool_batch`, {len(yi):,} x k = 10, REML"

    def ours():
        return pool_batch(yi, vi)

    def theirs_off(_, found):
        scan = f"off the global optimum by a dense scan: {off} of ours, {off_optimum(yi, vi, found)} of the peer's"
        return scan + "; peer: mean and tau² only"

    def loop(call):
        return lambda: [call(yi[i], vi[i]) for i in range(part)]

    def of_loop(batch, found):
        return f"peer: {part} sets, scaled up; {difference(batch.tau2[:part], found)}"

    theirs, often = functools.partial(pymare_fit, y, v, "REML"), turns(scale, 9)
    yield from versus(work, ours, PYMARE, theirs, 4, manner="vectorised", note=theirs_off, right=right, **often)
    often = {"manner": "loop", "scaled_up": len(yi) / part, "right": right, **turns(scale, 3)}
    for peer, call in ((PYMETAANALYSIS, pymetaanalysis_tau2), (PIMETA, pimeta_tau2)):
        yield from versus(work, ours, peer, loop(call), 200, note=of_loop, **often)


def batch_pm(scale):
    """10,000 meta-analyses by Paule and Mandel."""
    yi, vi = simulated(reduced(10_000, scale), 10)
    part = reduced(len(yi), 0.05, least=5)

    def of_loop(batch, found):
        return f"peer: {part} sets, scaled up; {difference(batch.tau2[:part], found)}"

    yield from versus(
        f"`pool_batch`, {len(yi):,} x k = 10, PM",
        lambda: pool_batch(yi, vi, tau2_method="PM"),
        STATSMODELS,
        lambda: statsmodels_pm(yi[:part], vi[:part]),
        200,
        manner="loop",
        scaled_up=len(yi) / part,
        note=of_loop,
        **turns(scale),
    )


def million(scale):
    """A million meta-analyses, by DL and by REML."""
    yi, vi = simulated(reduced(1_000_000, scale), 10)
    dl, reml = (f"`pool_batch`, {len(yi):,} x k = 10, {method}, all statistics" for method in ("DL", "REML"))
    critical = float(t_quantile(9, 0.95))
    often = {"manner": "vectorised", **turns(scale, 3)}

    ours = kept(lambda: pool_batch(yi, vi, tau2_method="DL"))
    plain = kept(lambda: floor_dl(yi, vi, critical))
    mine, floor = interleaved(ours, plain, **turns(scale))
    note = "floor without p-values; " + difference(ours.result.tau2, plain.result[0])
    yield Row(dl, mine, "plain numpy in blocks", floor, 1.3, within=True, note=note)
    y, v = columns(yi, vi)
    theirs = functools.partial(pymare_fit, y, v, "DL", statistics=True)
    yield from versus(dl, ours, PYMARE, theirs, 8, note="peer: without Q and I²", **often)
    few = reduced(len(yi), 0.1)
    y, v = columns(yi[:few], vi[:few])
    theirs, note = functools.partial(pymare_fit, y, v, "REML"), f"peer: mean and tau² only, of {few:,} sets, scaled up"
    often["scaled_up"] = len(yi) / few
    yield from versus(reml, lambda: pool_batch(yi, vi), PYMARE, theirs, 8, note=note, **often)


def ragged(scale):
    """Sets of very unequal size: one after the other, filled up with NaN, and as groups of a long table."""
    counted = pd.read_csv(Path(__file__).with_name("cochrane_sizes.csv"))
    sizes = np.random.default_rng(1).permutation(np.repeat(counted["k"], counted["sets"]))
    sizes = sizes[: reduced(sizes.size, scale, least=30)]
    (yi, vi), rows = one_after_the_other(sizes)
    group, few = np.repeat(np.arange(sizes.size), sizes), reduced(200, scale, least=10)
    data = pd.DataFrame({"yi": yi, "vi": vi, "set": group}).sample(frac=1.0, random_state=1)

    def one_by_one():
        return [pool(yi[group == j], vi[group == j], pi_method="t(k-1)").estimate for j in range(few)]

    theirs = {"peer": "ours, one by one", "note": f"peer: {few} sets, scaled up"}
    often, sets = turns(scale), f"{sizes.size:,} sets of 1 to {sizes.max()}, REML"
    batch, groups, alone = interleaved(
        lambda: pool_batch(yi, vi, sizes=sizes), lambda: pool_groups(data, "set"), one_by_one, **often
    )
    alone *= sizes.size / few
    yield Row(f"`pool_batch(yi, vi, sizes=sizes)`, {sets}", batch, theirs=alone, goal=300, **theirs)
    yield Row(f'`pool_groups(data, "set")`, {sets}', groups, theirs=alone, goal=100, **theirs)
    padded, read = interleaved(lambda: pool_batch(*rows), lambda: rows.sum(), **often)
    yield Row(f"`pool_batch`, {sets}, filled up with NaN", padded, "reading them once", read, 7, within=True)

    sizes = np.append(np.full(reduced(20_000, scale, least=10), 5), reduced(2000, scale, least=20))
    (yi, vi), rows = one_after_the_other(sizes)
    mine, read = interleaved(lambda: pool_batch(yi, vi, sizes=sizes), lambda: rows.sum(), **often)
    work = f"`pool_batch(yi, vi, sizes=sizes)`, {sizes.size - 1:,} sets of 5 and one of {sizes[-1]:,}, REML"
    yield Row(work, mine, "reading them filled up with NaN once", read, 0.5, within=True)


def one_after_the_other(sizes):
    """Outcomes and variances of sets of these sizes, and the same as rows filled up with NaN."""
    studies = [x[0] for x in simulated(1, sizes.sum())]
    rows = np.full((2, sizes.size, sizes.max()), np.nan)
    rows[:, np.arange(sizes.max()) < sizes[:, None]] = studies
    return studies, rows


def threads(scale):
    """Two threads against one, which is of use where a second processor is free."""
    yi, vi = simulated(reduced(1_000_000, scale), 10)
    for method in ("DL", "REML"):
        one, two = (kept(functools.partial(pool_batch, yi, vi, tau2_method=method, n_jobs=n)) for n in (1, 2))
        mine, theirs = interleaved(two, one, **turns(scale))
        same = all(x.tobytes() == y.tobytes() for x, y in zip(one.result, two.result, strict=True))
        note = "the same bytes" if same else "other bytes"
        if hasattr(os, "getloadavg"):
            note += f"; {os.cpu_count()} processors, load before {os.getloadavg()[0]:.1f}"
        work = f"`pool_batch`, {len(yi):,} x k = 10, {method}, `n_jobs=2`"
        yield Row(work, mine, "`n_jobs=1`", theirs, 1.7, note=note, right=same)


def without_each(scale):
    """Every study left out once, in the table of the public call and as a plain batch."""
    k = reduced(200, scale, least=10)
    yi, vi = (x[0] for x in simulated(1, k))
    gone = np.where(np.eye(k, dtype=bool), np.nan, 0.0)
    often = turns(scale)

    def table():
        return leave_one_out(yi, vi)

    def batch():
        return pool_batch(yi + gone, vi + gone)

    def says(words):
        return lambda mine, found: f"peer: {words}; {difference(mine.tau2, found)}"

    def pymare():
        return pymare_leave_one_out(yi, vi)

    only, work = says("mean and tau² only"), f"`leave_one_out(yi, vi)`, k = {k}, REML"
    yield from versus(work, table, PYMARE, pymare, 30, manner="loop", note=only, **often)
    for peer, call, words in (
        (PYMETAANALYSIS, pymetaanalysis_leave_one_out, "its table has no p-values and prediction intervals"),
        (PIMETA, pimeta_leave_one_out, "normal intervals, no prediction intervals"),
    ):
        theirs = functools.partial(call, yi, vi)
        yield from versus(work, table, peer, theirs, 30, note=says(words), **turns(scale, 3))
    work = f"`pool_batch` of {k} rows, each without one of {k} studies (NaN), REML"
    yield from versus(work, batch, PYMARE, pymare, 30, manner="loop", note=only, **often)


def single_studies(scale):
    """All subsets of the studies, and the influence of each of many."""
    k = reduced(13, scale, least=4)
    yi, vi = (x[0] for x in simulated(1, k))
    for method, goal in (("DL", 100), ("REML", 33)):
        pooled, theirs = pool(yi, vi, tau2_method=method), functools.partial(pimeta_gosh, yi, vi, method)

        def says(mine, found):
            # of a single study tau2 is NaN, not 0
            gap = difference(np.where(np.isnan(mine.tau2), found, mine.tau2), found)
            return f"{2**k - 1:,} subsets, {np.isnan(found).sum()} of which did not converge in the peer; {gap}"

        work = f"`gosh` of all subsets of {k} studies, {method}"
        yield from versus(work, functools.partial(gosh, pooled), PIMETA, theirs, goal, note=says, **turns(scale, 3))
    k = reduced(200, scale, least=10)
    yi, vi = (x[0] for x in simulated(1, k))
    pooled, theirs = pool(yi, vi), functools.partial(pimeta_influence, yi, vi)
    yield from versus(
        f"`influence` of {k} studies, REML",
        functools.partial(influence, pooled),
        PIMETA,
        theirs,
        30,
        note=lambda mine, found: difference(mine["cooks_distance"], found, "Cook's distances differ"),
        **turns(scale, 3),
    )


def subgroups(scale):
    """Thousands of groups, most of them small and a few large, against one after the other; and their memory."""
    n, rows, rng = reduced(4000, scale, least=10), reduced(21_215, scale, least=60), np.random.default_rng(1)
    share = rng.lognormal(0.0, 1.3, n)
    sizes = 1 + rng.multinomial(rows - n, share / share.sum())
    yi, vi = (x[0] for x in simulated(1, rows))
    data = pd.DataFrame({"yi": yi, "vi": vi, "group": rng.permutation(np.repeat(np.arange(n), sizes))})
    few = [group for _, group in data.groupby("group")][: reduced(200, scale, least=10)]

    ours = kept(lambda: pool_subgroups(data, "group"))
    one_by_one = kept(lambda: [pool(group["yi"], group["vi"]) for group in few])
    mine, theirs = interleaved(ours, one_by_one, **turns(scale))
    tracemalloc.start()
    ours()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    found = [ours.result.groups[str(i)].estimate for i in range(len(few))]
    gap = difference(found, [alone.estimate for alone in one_by_one.result], "means differ")
    note = f"peer: {len(few)} groups, scaled up; peak of memory {peak / 1e6:.0f} MB, at most 1,000 wanted; {gap}"
    work = f"`pool_subgroups`, {n:,} groups of {sizes.min()} to {sizes.max()} of {rows:,} studies, REML"
    yield Row(work, mine, "ours, one by one", theirs * n / len(few), 10, note=note, right=peak < 1e9)


def regression(scale):
    """A meta-regression with one moderator, named in a formula and as an array."""
    yi, vi = (x[0] for x in simulated(1, 13))
    x = np.linspace(0.0, 1.0, 13)
    data = pd.DataFrame({"yi": yi, "vi": vi, "x": x})

    def says(fit, found):
        return f"peer: without the interval of tau²; {difference(fit.params, found.b, 'coefficients differ')}"

    for call, ours in (
        ('meta_regression("yi ~ x", data)', lambda: meta_regression("yi ~ x", data)),
        ("meta_regression(x, yi, vi=vi)", lambda: meta_regression(x, yi, vi=vi)),
    ):
        theirs = functools.partial(pimeta_regression, yi, vi, x)
        yield from versus(
            f"`{call}`, k = 13, REML", ours, PIMETA, theirs, 0.7, note=says, **turns(scale, 15, number=20)
        )


def three_levels(scale):
    """Effects nested in trials, REML with CR2 and profile-likelihood intervals of both variances."""
    for k, size in ((50, 5), (200, 4)):
        yi, vi = (x[0] for x in simulated(1, k))
        cluster = np.arange(k) // size
        yi = yi + 0.3 * np.sin(cluster)

        def ours(yi=yi, vi=vi, cluster=cluster):
            return pool_multilevel(yi, vi, cluster=cluster)

        def says(fit, found):
            same = difference([fit.estimate, fit.se], found, "mean and standard error differ")
            return f"peer: without the intervals of the variances; {same}"

        theirs = functools.partial(pimeta_three_levels, yi, vi, cluster)
        work = f"`pool_multilevel`, k = {k} in {k // size} clusters, REML, CR2"
        yield from versus(work, ours, PIMETA, theirs, 1.1, note=says, **turns(scale, 9, number=5))


def permutations(scale):
    """Permutation test of a meta-regression with one moderator."""
    yi, vi = (x[0] for x in simulated(1, 13))
    x, n = np.linspace(0.0, 1.0, 13), reduced(1000, scale, least=19)
    data = pd.DataFrame({"yi": yi, "vi": vi, "x": x})
    fit, normal = meta_regression("yi ~ x", data), meta_regression("yi ~ x", data, ci_method="z")
    summary = functools.cache(lambda: pymare_regression(yi, vi, x))
    fitted = functools.cache(lambda: pimeta_regression(yi, vi, x))

    def pymare():
        np.random.seed(1)  # PyMARE draws from numpy's global generator  # noqa: NPY002
        return np.ravel(summary().permutation_test(n_perm=n).perm_p["fe_p"])[-1]

    def says(test, p):
        return f"p-values of the moderator, from random permutations: {test.pvalues['x']:.3f} and {p:.3f}"

    work = f"`permutation_test({n}, rng=1)` of a `meta_regression`, k = 13, REML"
    yield from versus(
        work,
        lambda: fit.permutation_test(n, rng=1),
        PYMARE,
        pymare,
        2,
        manner="vectorised",
        note=says,
        **turns(scale, 9),
    )
    yield from versus(
        f'{work}, `ci_method="z"`',
        lambda: normal.permutation_test(n, rng=1),
        PIMETA,
        lambda: pimeta_permutations(fitted(), n),
        2,
        note=says,
        **turns(scale, 3),
    )


def flipped_signs(scale):
    """Permutation test of a mean, against that of a regression on a constant."""
    yi, vi = (x[0] for x in simulated(1, 13))
    n, data = reduced(1000, scale, least=19), pd.DataFrame({"yi": yi, "vi": vi})
    pooled, fit = pool(yi, vi), meta_regression("yi ~ 1", data)
    ours, theirs = (
        kept(call)
        for call in (
            lambda: permutation_test(pooled, n, rng=1),
            lambda: fit.permutation_test(n, rng=1),
        )
    )
    mine, yours = interleaved(ours, theirs, **turns(scale, 9))
    note = difference(ours.result.pvalue, theirs.result.pvalue, "p-values differ")
    yield Row(
        f"`permutation_test(pooled, {n}, rng=1)`, k = 13, REML", mine, "ours, of a regression", yours, 1, note=note
    )


def multiverses(scale):
    """Every sensible analysis of the curated trials, against one call of effect_sizes and pool for each."""
    trials, contrasts = read_trials(ROOT / "data" / "trials.csv"), read_contrasts(ROOT / "data" / "contrasts.csv")
    one = {"doubtful": "include", "second_hand": "include", "single_session": "include", "contrast_rows": "exclude"}
    options = {"outcome": "change", "correlation": 0.5, "crossover_correlation": 0.5, "missing_sd": "impute"}
    methods = (("DL", "z"), ("PM", "HKSJ-mod"), ("REML", "HKSJ-wide"))[: reduced(3, scale)]
    few, choices = reduced(10, scale), {} if scale >= 1 else one | options

    @kept
    def one_by_one():
        return [
            pool(effect_sizes(trials, **options), tau2_method=t, ci_method=c) for _ in range(few) for t, c in methods
        ]

    ours = kept(lambda: multiverse(trials, contrasts=contrasts, **choices))
    mine, theirs = interleaved(ours, one_by_one, **turns(scale, 3))
    frame, n = ours.result, ours.result["analysis"].nunique()
    same = pd.Series(one | options | {"tau2_method": "DL", "ci_method": "z"})
    [estimate] = frame.loc[(frame[same.index] == same).all(axis=1), "estimate"]
    gap = abs(estimate - one_by_one.result[0].estimate)
    note = f"peer: {len(methods) * few} analyses, scaled up; one that both made differs by {gap:.0e}"
    work = f"`multiverse`, {len(frame):,} combinations, {n:,} different analyses"
    yield Row(work, mine, "ours, one by one", theirs * n / (len(methods) * few), 1000, note=note)


def bivariate_bootstrap(scale):
    """Refits of the bivariate model to resampled trials, against one fit after the other."""
    yi, vi = simulated(2, 36)
    drawn = np.random.default_rng(1).integers(36, size=(36, reduced(2000, scale, least=5)))
    few = drawn[:, : reduced(20, scale)]

    ours = kept(lambda: pool_bivariate_columns(yi[0][drawn], vi[0][drawn], yi[1][drawn], vi[1][drawn]))
    one_by_one = kept(lambda: [pool_bivariate(yi[:, i].T, vi[:, i].T).estimates for i in few.T])
    mine, theirs = interleaved(ours, one_by_one, **turns(scale, 3))
    gap = np.abs(ours.result.estimates[:, : few.shape[1]] - np.transpose(one_by_one.result)).max()
    note = f"peer: {few.shape[1]} fits, scaled up; the means differ by at most {gap:.0e}"
    work = f"`pool_bivariate_columns` of {drawn.shape[1]:,} resamples, k = 36, REML"
    yield Row(work, mine, "ours, one by one", theirs * drawn.shape[1] / few.shape[1], 5, note=note)


def _problems(text):
    try:
        return read_trials(io.StringIO(text))
    except TrialDataError as error:
        return error.problems


def long_tables(scale):
    """Tables of many rows, beside reading them and adding up the people of each time point without any check."""
    table = trials_table(reduced(100_000, scale, least=60))

    def plain(text):
        return lambda: pd.read_csv(io.StringIO(text)).groupby(["study", "week", "timepoint"])["n"].sum()

    peer, often = "`pandas.read_csv` and a `groupby`", turns(scale, 3)
    for what, given, goal in (("sound", table, 15), ("all wrong", spoilt(table), 25)):
        text = given.to_csv(index=False)
        ours = kept(functools.partial(_problems, text))
        mine, floor = interleaved(ours, plain(text), **often)
        note = f"{len(ours.result):,} {'rows' if what == 'sound' else 'problems'} found"
        yield Row(f"`read_trials`, {len(table):,} rows, {what}", mine, peer, floor, goal, within=True, note=note)
    for call, usual, goal in ((effect_sizes, 4000, 15), (audit_trials, 400, 100)):
        count = reduced(usual, scale, least=10)
        trials = table[table["study"].isin(table["study"].unique()[:count])]
        read = read_trials(trials)
        mine, floor = interleaved(functools.partial(call, read), plain(trials.to_csv(index=False)), **often)
        work = f"`{call.__name__}`, {trials['study'].nunique():,} trials of {len(trials):,} rows"
        yield Row(work, mine, peer, floor, goal, within=True)


def fresh(code):
    """A fresh Python that runs the code."""

    def run():
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else f"exit {done.returncode}")

    return run


def imports(scale):
    """Time of a fresh Python with each import, beyond that of an empty one."""
    often = turns(scale, 9) | {"warm": False}
    mine, numpy, empty = interleaved(fresh("import analysis"), fresh("import numpy"), fresh("pass"), **often)
    note = "fresh process, start included"
    yield Row("`import analysis`", mine, "`import numpy`", numpy, 1.5, within=True, note=note)
    work, note = "`import analysis` and first `pool()`", f"fresh process, start ({1e3 * empty:.0f} ms) included"
    theirs = fresh("import statsmodels.api")
    yield from versus(
        work, fresh(FIRST_POOL), STATSMODELS, theirs, 2, manner="`import statsmodels.api`", note=note, **often
    )


ALL = (
    one_pool,
    waiting,
    batch_reml,
    batch_pm,
    million,
    ragged,
    threads,
    without_each,
    single_studies,
    subgroups,
    regression,
    three_levels,
    permutations,
    flipped_signs,
    multiverses,
    long_tables,
    bivariate_bootstrap,
    forest_plots,
    imports,
    in_r,
)
