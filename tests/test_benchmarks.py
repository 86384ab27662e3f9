"""The benchmarks run and judge rightly; no test here looks at a clock."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis import pool_batch
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
    ours = pool_batch(yi, vi, tau2_method="DL")
    floor = load("checks").floor_dl(yi, vi, float(t_quantile(9, 0.95)), rows=128)
    names = ("tau2", "estimate", "se", "ci_low", "ci_high", "q", "i2")
    for name, values in zip(names, floor, strict=True):
        np.testing.assert_allclose(values, getattr(ours, name), rtol=1e-10, atol=1e-14, err_msg=name)


def test_every_comparison_runs(load):
    text = load("run").report(scale=0.01)
    assert text.startswith("# Latest run") and "PM | " in text and "`import numpy`" in text
    assert re.search(r"\d+ of \d+ goals met", text)
    assert not re.search(r"(^|\s)/\w", text)  # no path of this machine
