"""What the library reads and loads; which wing may import which is a contract of import-linter (`make lint`)."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "analysis").rglob("*.py"))}
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
READERS = {"read_csv", "read_table", "read_excel", "read_parquet", "loadtxt", "genfromtxt", "read_text"}
# The tables that users give, their notes, and the texts of the figures, which are a part of the package.
FILES = ("analysis/data/files.py", "analysis/data/trials.py", "analysis/plots/_catalogue.py", "analysis/plots/_save.py")
# The references of methods, which are a part of the package too, and the report that is made again.
# Figures of an earlier report are those that its files show.
FILES += ("analysis/reports/sources.py", "analysis/reports/again.py", "analysis/reports/folder.py")
HEAVY = {"scipy", "pandas", "matplotlib", "statsmodels", "pandera"}


def test_modules_were_found():
    assert {"analysis/__init__.py", "analysis/data/trials.py", "analysis/text.py"} <= MODULES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_only_one_room_reads_files(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    used = {getattr(f, "attr", getattr(f, "id", "")) for f in called}
    assert used & READERS == set() or name in FILES


@pytest.mark.parametrize("name", MODULES)
def test_pytest_takes_nothing_of_the_library_for_a_test(name, pytestconfig):
    """`pytest analysis/one.py` looks at every name of the file, also at those that it imports."""
    dotted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    starts = (*pytestconfig.getini("python_functions"), *pytestconfig.getini("python_classes"))
    assert {"test", "Test"} <= set(starts)
    assert [each for each in dir(importlib.import_module(dotted)) if each.startswith(starts)] == []


def test_import_is_light():
    code = "import sys, analysis; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "analysis" in loaded
    assert loaded & HEAVY == set()


def test_drawing_of_the_wings_has_the_arrows_of_the_code():
    graph = grimp.build_graph("analysis", cache_dir=None, exclude_type_checking_imports=True)
    # Every room may say what its arguments are; drawn, that would be arrows from each of them.
    graph.remove_module("analysis._types")
    graph.remove_module("analysis._docs")
    # The one exemption: methods that import upwards when they are called.
    graph.remove_module("analysis.models.shortcuts")
    # The command line calls what a user calls.
    graph.remove_module("analysis.__main__")
    wings = {name for name in graph.find_children("analysis") if graph.find_children(name)}
    for wing in wings:
        graph.squash_module(wing)
    arrows = {
        (above.rpartition(".")[2].lstrip("_"), below.rpartition(".")[2].lstrip("_"))
        for above in graph.modules - {"analysis"}
        for below in graph.find_modules_directly_imported_by(above) - {above}
    }
    assert set(re.findall(r"^ +(\w+) --> (\w+)$", CONTRIBUTING, re.MULTILINE)) == arrows
    assert {arrow[0] for arrow in arrows} > {wing.rpartition(".")[2] for wing in wings}


def test_files_named_in_contributing_exist():
    named = set(re.findall(r"`([\w./]+/[\w./]*)`", CONTRIBUTING))
    assert len(named) > 10
    assert [name for name in named if not ((ROOT / name).exists() or (ROOT / "analysis" / name).exists())] == []


def test_first_pool_is_light():
    code = "import sys, analysis; analysis.pool([1.0, 2.0], [0.1, 0.2]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} & HEAVY == {"scipy"}
