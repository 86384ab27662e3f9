"""The benchmarks run and judge rightly; no test here looks at a clock."""

import functools
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from analysis import meta_regression, pool, pool_batch, pool_multilevel
from analysis.models.results import t_quantile

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MODULES = [path.stem for path in BENCHMARKS.glob("*.py")]


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield __import__
    for name in MODULES:
        sys.modules.pop(name, None)


def test_row_is_met_up_to_its_goal(load):
    row = load("timing").Row
    assert row("fit", 1.0, "peer", 3.0, 3).met and not row("fit", 1.0, "peer", 2.9, 3).met
    assert not row("fit", 1.0, "peer", 3.0, 3, right=False).met
    assert row("fit", 3.0, "floor", 1.0, 3, within=True).met and not row("fit", 3.1, "floor", 1.0, 3, within=True).met


def test_table_shows_times_ratio_and_goal(load):
    timing = load("timing")
    rows = [timing.Row("fit", 0.0005, "peer", 0.002, 3, note="n"), timing.Row("sum", 4.0, "floor", 1.0, 3, within=True)]
    assert timing.table(rows).splitlines()[2:] == [
        "| fit | 500 µs | peer | 2 ms | 4x faster | at least 3x | yes | n |",
        "| sum | 4 s | floor | 1 s | 4.00x its time | at most 3x | NO |  |",
    ]
    failed = timing.Row("fit", 0.0005, "peer", None, 3, note="failed: it")
    assert not failed.met
    assert timing.table([failed]).splitlines()[2:] == [
        "| fit | 500 µs | peer | - | - | at least 3x | failed | failed: it |"
    ]


def test_contestants_take_turns(load):
    calls = []
    spent = load("timing").interleaved(lambda: calls.append("a"), lambda: calls.append("b"), repeats=2)
    assert calls == ["a", "b"] * 3
    assert len(spent) == 2


def test_dense_scan_finds_what_is_off_the_optimum(load):
    yi, vi = load("rows").simulated(200, 10)
    tau2 = pool_batch(yi, vi).tau2
    off_optimum = load("checks").off_optimum
    assert off_optimum(yi, vi, tau2) == 0
    tau2[[3, 50, 199]] += 0.02
    assert off_optimum(yi, vi, tau2) == 3


def test_floor_does_the_same_arithmetic(load):
    yi, vi = load("rows").simulated(300, 10)
    ours = pool_batch(yi, vi, tau2_method="DL", ci_method="HKSJ")
    floor = load("checks").floor_dl(yi, vi, float(t_quantile(9, 0.95)), rows=128)
    names = ("tau2", "estimate", "se", "ci_low", "ci_high", "q", "i2")
    for name, values in zip(names, floor, strict=True):
        np.testing.assert_allclose(values, getattr(ours, name), rtol=1e-10, atol=1e-14, err_msg=name)


def broken(*args, **options):
    raise OSError("no | in\n'/usr/lib/peer/table.so'")


def test_failing_peer_costs_one_row(load):
    timing, peer = load("timing"), load("peers").Peer("peer", "sys")

    def row(theirs, **options):
        [found] = timing.versus("fit", lambda: 2.0, peer, theirs, 3, repeats=1, **options)
        return found

    assert row(lambda: 1.0, manner="loop").peer == "peer loop"
    assert row(lambda: 7.0, clock=lambda found: found, scaled_up=3).theirs == 21.0
    assert row(lambda: 1.0, note=lambda ours, theirs: f"{ours} and {theirs}").note == "2.0 and 1.0"
    for found in (
        row(broken),
        row(lambda: 1.0, note=broken),
        row(lambda: 1.0, clock=broken),
    ):
        assert found.failed and found.ours > 0 and found.note == "failed: OSError: no / in 'table.so'"
    assert row(lambda: None.params_).note.startswith("failed: AttributeError: 'NoneType' object has no attribute")


def test_own_failure_is_an_error(load):
    timing, peer = load("timing"), load("peers").Peer("peer", "sys")
    for theirs in (broken, lambda: 1.0):
        for note in ("", lambda ours, theirs: ""):
            with pytest.raises(ZeroDivisionError):
                list(timing.versus("fit", lambda: 1 / 0, peer, theirs, 3, note=note))


def test_peer_that_is_not_installed_has_no_row_and_is_named_below_the_table(load, monkeypatch):
    peers, rows = load("peers"), load("rows")
    absent = peers.Peer("absent", "no_such_module", install="`pip install absent`")
    assert list(load("timing").versus("fit", broken, absent, broken, 3)) == []
    monkeypatch.setattr(rows, "ALL", ())
    monkeypatch.setattr(peers, "PEERS", (absent, peers.STATSMODELS, peers.Peer("S", command="no-such-command")))
    text = load("run").report()
    assert re.search(r"\n\nNot installed, rows left out: absent \(`pip install absent`\), S \(.*\)\.\n$", text)


PRINTED = "Loading\n\n@version 4.8\nTau 0.1\n@tau2 0.5 NA 1e-3\n single 9\n@single 0.025\n@loop 0\n"


def test_of_what_r_prints_only_marked_lines_are_read(load):
    answers = load("peers").Answers(PRINTED, "Warning: old\nError in rma(yi) :\n  no convergence\nError: two\n")
    assert answers.text("version") == "4.8" and answers.seconds("single") == 0.025
    np.testing.assert_equal(answers.numbers("tau2"), [0.5, np.nan, 1e-3])
    with pytest.raises(LookupError, match=r"^Error in rma\(yi\) :\n  no convergence"):
        answers.numbers("numbers")
    with pytest.raises(ValueError, match="too fast"):
        answers.seconds("loop")
    with pytest.raises(LookupError, match="no answer"):
        load("peers").Answers("0.1 0.2").seconds("single")


CALLS_OF_PEERS = """
    pymare_fit pymare_leave_one_out pymare_regression
    pymetaanalysis_numbers pymetaanalysis_tau2 pymetaanalysis_leave_one_out
    pimeta_numbers pimeta_tau2 pimeta_leave_one_out pimeta_regression pimeta_permutations pimeta_three_levels
    statsmodels_pm metafor
""".split()


def rows_with_peers(rows):
    works = rows.one_pool, rows.batch_reml, rows.batch_pm, rows.million, rows.without_each, rows.in_r
    works += rows.regression, rows.three_levels, rows.permutations
    return [row for work in works for row in work(0.001)]


@pytest.fixture
def all_installed(load, monkeypatch):
    monkeypatch.setattr(load("peers").Peer, "missing", False)
    return load("rows")


def test_rows_stand_when_every_peer_fails(all_installed, monkeypatch):
    for name in CALLS_OF_PEERS:
        monkeypatch.setattr(all_installed, name, broken)
    found = rows_with_peers(all_installed)
    assert [row.peer for row in found if not row.failed] == ["plain numpy in blocks"]
    assert {row.peer.split()[0] for row in found if row.failed} == {
        *("PyMARE", "PyMetaAnalysis", "pimeta", "statsmodels", "metafor")
    }
    assert len(found) == 22 and all(row.ours > 0 for row in found)


def test_rows_of_peers_that_agree_say_so(all_installed, monkeypatch):
    def fit(y, v, method, statistics=False):
        fit = pool_batch(np.transpose(y), np.transpose(v), tau2_method=method)
        return {"est": fit.estimate} if statistics else fit.tau2

    def numbers(yi, vi):
        return all_installed.numbers(pool(yi, vi, **all_installed.AS_PEERS))

    def without_each(yi, vi):
        return all_installed.leave_one_out(yi, vi).tau2

    def regression(yi, vi, x):
        return SimpleNamespace(b=meta_regression(x, yi, vi=vi).params)

    def three_levels(yi, vi, cluster):
        fit = pool_multilevel(yi, vi, cluster=cluster)
        return [fit.estimate, fit.se]

    def in_r(command, **options):
        one, yi, vi = (np.loadtxt(Path(options["cwd"], f"{x}.csv"), delimiter=",") for x in ("one", "yi", "vi"))
        answers = {"version": ["9"], "single": [1], "loop": [1], "tau2": ["NA", *fit(yi.T, vi.T, "REML")[1:]]}
        answers["numbers"] = numbers(*one.T)
        printed = "\n".join(f"@{name} {' '.join(map(str, values))}" for name, values in answers.items())
        return subprocess.CompletedProcess(command, 0, printed, "")

    monkeypatch.setattr(subprocess, "run", in_r)
    for name, call in {
        "pymare_fit": fit,
        "pymare_leave_one_out": without_each,
        "pymetaanalysis_numbers": lambda yi, vi: all_installed.numbers(
            pool(yi, vi, ci_method="HKSJ", pi_method="t(k-2)")
        ),
        "pymetaanalysis_leave_one_out": without_each,
        "pymetaanalysis_tau2": lambda yi, vi: pool(yi, vi).tau2,
        "pimeta_numbers": numbers,
        "pimeta_tau2": lambda yi, vi: pool(yi, vi).tau2,
        "pimeta_leave_one_out": without_each,
        "pimeta_regression": regression,
        "pimeta_three_levels": three_levels,
        "pimeta_permutations": lambda fit, n: 0.5,
        "pymare_regression": broken,
    }.items():
        monkeypatch.setattr(all_installed, name, call)
    found = rows_with_peers(all_installed)
    assert [row.work[:9] for row in found if row.failed] == ["`permutat"]
    notes = [row.note for row in found if " by at most " in row.note and "statsmodels" not in row.peer]
    assert len(notes) == 16 and all(float(note.split()[-1]) < 1e-12 for note in notes)
    [loop] = [row for row in found if row.peer == "metafor loop"]
    assert "a loop over 10 in R, 1 of which did not converge" in loop.note


def test_r_without_metafor_is_a_failed_row(all_installed, monkeypatch):
    complaint = "Error in library(metafor) : there is no package called 'metafor'\nExecution halted\n"
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: subprocess.CompletedProcess(args, 1, "", complaint))
    for row in all_installed.in_r(0.001):
        assert row.failed and "there is no package called 'metafor'" in row.note


def test_every_comparison_runs(load, monkeypatch):
    rows = load("rows")
    fresh = rows.fresh

    def one_process(code):
        """One fresh process is enough: what others load is here already, but for statsmodels.api: a second of work."""
        if "statsmodels" in code:
            return lambda: importlib.util.find_spec("statsmodels.api").name
        return fresh(code) if code == "import analysis" else functools.partial(exec, code, {})

    monkeypatch.setattr(rows, "fresh", one_process)
    text = load("run").report(scale=0.001)
    assert text.startswith("# Latest run") and "PM | " in text and "`import numpy`" in text
    assert re.search(r"\d+ of \d+ goals met", text)
    assert all("no package called" in why for why in re.findall("failed: (.*)", text))  # R may be without metafor
    assert not re.search(r"(^|\s)/\w", text)  # no path of this machine


def test_fresh_process_that_fails_says_why(load):
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        load("rows").fresh("1 / 0")()
