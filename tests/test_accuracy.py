"""docs/accuracy.md: its first tables are what the package gives today, the others say which versions they are of."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

import analysis as ma

ROOT = Path(__file__).parents[1]
TOOL = runpy.run_path(str(ROOT / "tools" / "accuracy.py"))
PAGE = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
# Digits beyond the twelfth depend on the processor's linear algebra.
ROUNDING = 1e-12


def rows(head):
    """The rows of the table with this heading, cells by their first one."""
    lines = PAGE[PAGE.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)}


def holds(printed, found):
    """Whether a bound that is printed is the one found, but for the last digits."""
    return found <= max(3 * float(printed), ROUNDING) and float(printed) <= max(10 * found, ROUNDING)


@pytest.fixture(scope="module")
def mine():
    return TOOL["compared"](TOOL["here"])


def test_the_page_says_what_the_package_gives(mine):
    printed = rows("measure (sets)")
    assert len(printed) == 30 and sum(int(name.partition("(")[2].rstrip(")")) for name in list(printed)[:-1]) == 110
    for name, cells in printed.items():
        measure = None if name == "**all**" else name.split()[0]
        found = TOOL["largest"](mine, measure)
        assert all(map(holds, cells, found)), (name, cells, found)
        assert max(map(float, cells)) <= 1e-8


def test_every_number_that_metafor_gives_is_compared(mine):
    [line] = [cells for name, cells in rows("program | numbers given").items() if name.startswith("**this package**")]
    given = sum(len(TOOL["of_metafor"](fit)) for part in TOOL["REFERENCE"]["sets"] for fit in part["rma"].values())
    assert line == [f"{given:,}", "0", "0", "0"] and len(mine) == 110 * 9


def test_the_page_says_how_far_effect_sizes_are_from_metafor():
    found = TOOL["effect_sizes"]()
    printed = rows("measure | numbers")
    assert printed.keys() == found.keys()
    for name, (off, count) in found.items():
        assert int(printed[name][0]) == count and holds(printed[name][1], off) and off < 1e-8


def test_the_page_names_the_versions():
    meta = TOOL["REFERENCE"]["meta"]
    assert f"metafor {meta['metafor'].split()[0]}, R {meta['R']}" in PAGE and f"package, {ma.__version__}:" in PAGE
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = " ".join(rows("program | EE"))
    for text in extras["bench"]:
        name, _, version = text.partition("==")
        assert re.search(rf"{name} {re.escape(version)}\b", named, re.IGNORECASE), "make accuracy"


def test_a_bound_is_rounded_up():
    shown = TOOL["shown"]
    assert [shown(x) for x in (None, 0, 1.2e-11, 9.5e-11, 1e-8, float("inf"))] == [
        "–", "0", "2e-11", "1e-10", "1e-8", "not a number"
    ]  # fmt: skip
