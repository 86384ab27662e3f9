"""The forest plots that the benchmarks compare; no test here looks at a clock."""

import importlib.metadata
import sys
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from packaging.version import Version

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MODULES = [path.stem for path in BENCHMARKS.glob("*.py")]
draws_where_told = pytest.mark.skipif(
    Version(importlib.metadata.version("statsmodels")) < Version("0.15"),
    reason="plot_forest of statsmodels 0.14 draws on a figure of its own, whatever `ax` is",
)


@pytest.fixture
def figures(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield __import__("drawing")
    for name in MODULES:
        sys.modules.pop(name, None)


def makers(figures):
    peers = {figures.forestplot: figures.FORESTPLOT, figures.pymetaanalysis: figures.PYMETAANALYSIS}
    here = [make for make, peer in peers.items() if not peer.missing]
    return [figures.ours, figures.bare, figures.statsmodels, *here]


def drawing(figures, make, *data):
    """SVG of one contestant; a peer may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error" if make is figures.ours else "ignore")
        return make(*data)()


@draws_where_told
def test_every_contestant_draws_all_trials_as_svg_with_text(figures):
    yi, vi, names = np.array([0.1, 0.4, -0.2]), np.array([0.02, 0.05, 0.03]), ["Ada 1", "Ben 2", "Cid 3"]
    for make in makers(figures):
        svg = drawing(figures, make, yi, vi, names).decode()
        assert svg.startswith("<?xml") and svg.rstrip().endswith("</svg>")
        assert all(f">{name}" in svg for name in names), make.__name__


@draws_where_told
def test_peers_leave_no_trace(figures):
    before, errors = dict(matplotlib.rcParams), np.geterr()
    for make in makers(figures):
        drawing(figures, make, np.array([0.1, 0.4, -0.2]), np.full(3, 0.04), ["A", "B", "C"])
    assert np.geterr() == errors
    assert {k: v for k, v in matplotlib.rcParams.items() if v != before[k]} == {}
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


def test_rows_have_the_goals_they_are_judged_by(figures):
    rows = list(figures.forest_plots(0.02))
    assert all(row.ours > 0 and row.theirs > 0 for row in rows)
    goals = {(row.peer, row.goal) for row in rows}
    expected = {("statsmodels `plot_forest`", 1), ("bare matplotlib", 1)}
    expected |= set() if figures.FORESTPLOT.missing else {("forestplot", 1), ("forestplot", 2)}
    expected |= set() if figures.PYMETAANALYSIS.missing else {("PyMetaAnalysis", 1)}
    assert goals == expected


def test_peer_that_cannot_draw_costs_its_rows_only(figures, monkeypatch):
    def broken(*data):
        raise TypeError("unexpected keyword")

    gone = {"forestplot"} | ({"PyMetaAnalysis"} if figures.PYMETAANALYSIS.missing else set())
    monkeypatch.setattr(type(figures.FORESTPLOT), "missing", False)
    monkeypatch.setattr(figures, "forestplot", broken)
    rows = list(figures.forest_plots(0.02))
    assert [row.failed for row in rows] == [row.peer in gone for row in rows] and len(rows) > 4
    assert rows[0].note == "failed: TypeError: unexpected keyword"
