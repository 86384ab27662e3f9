"""The simulation of the verdicts on claims: it judges by the rules themselves, and they hold what they promise."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import analysis as ma

PEOPLE = np.full((3, 2), 40.0)


@pytest.fixture(scope="module")
def tool():
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(Path(__file__).parents[1] / "tools")
        yield importlib.import_module("verdict_table")
    del sys.modules["verdict_table"], sys.modules["coverage_table"]


def test_what_is_plain_is_always_seen(tool):
    strong = tool.Row("", "", -9.0, 0.2)
    for row, verdict in (
        (strong, "supported"),
        (strong._replace(kind="reliability"), "supported"),
        (strong._replace(kind="difference", number=-12.0), "overstated"),
        (strong._replace(mean=9.0), "overstated"),
        (strong._replace(polarity="no evidence"), "overstated"),
    ):
        assert tool.verdicts(row, 6, 4, PEOPLE) == {verdict: 4}
    assert tool.verdicts(strong, 1, 4, PEOPLE) == {"not testable here": 4}


def test_the_rules_seldom_support_what_is_not_so(tool):
    """The mean at 2.5% on one side; more than 6 of 100 would be seen once in 80 runs, and this one is seeded."""
    null = tool.Row("", "", 0.0, 0.6)
    assert tool.verdicts(null, 10, 100, PEOPLE)["supported"] <= 6
    assert tool.verdicts(tool.Row("", "", -1.0, 1.0, "reliability"), 10, 25, PEOPLE)["supported"] <= 4


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(0.01, 1))
def test_relief_is_supported_where_no_evidence_is_overstated(tool, yi, vi):
    fit = ma.pool(yi, [vi] * len(yi), measure="MD", ci_method="HKSJ-mod", pi_method="t(k-1)")
    relief, denial = (
        tool.verdict_of(tool.Row("", "", 0.0, 0.0, polarity=polarity), fit) for polarity in ("relief", "no evidence")
    )
    assert (relief == "supported") == (denial == "overstated")
    assert (relief == "supported") == (fit.k >= 3 and fit.ci.high < 0)
