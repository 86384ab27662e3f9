"""What the library reads and loads; which wing may import which is a contract of import-linter (`make lint`)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "analysis").rglob("*.py"))}
READERS = {"read_csv", "read_table", "read_excel", "read_parquet", "loadtxt", "genfromtxt", "read_text"}
HEAVY = {"scipy", "pandas", "matplotlib", "statsmodels", "pandera"}


def test_modules_were_found():
    assert {"analysis/__init__.py", "analysis/data/trials.py", "analysis/text.py"} <= MODULES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_only_trials_reads_files(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    used = {getattr(f, "attr", getattr(f, "id", "")) for f in called}
    assert used & READERS == set() or name == "analysis/data/trials.py"


def test_import_is_light():
    code = "import sys, analysis; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "analysis" in loaded
    assert loaded & HEAVY == set()
