"""What SECURITY.md promises: only formulas are run, one local file is read, nothing is sent, text is escaped."""

import ast
import socket
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import analysis

ROOT = Path(__file__).parents[1]
FILES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "analysis").rglob("*.py"))]
NET = {"socket", "ssl", "urllib", "http", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "asyncio", "webbrowser"}
PROGRAMS = {"subprocess", "multiprocessing", "ctypes", "pty"}
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
RUN = {"eval", "exec", "compile", "__import__", "system", "popen", "execv", "spawnv", "startfile", "read_pickle"}
WRITERS = {"open", "fdopen", "write_text", "write_bytes", "to_excel", "to_parquet", "to_pickle", "savez", "savetxt"}
MARK = "<script>alert(1)</script>"


@cache
def nodes(name):
    """Return the syntax of a module, node by node."""
    return list(ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))))


def called(name):
    """Names that a module calls, methods by their last part; `re.compile` and the like are none of Python's own."""
    calls = [node.func for node in nodes(name) if isinstance(node, ast.Call)]
    calls = [f for f in calls if ast.unparse(f) != "re.compile"]
    return {getattr(f, "attr", getattr(f, "id", "")) for f in calls}


def test_package_imports_nothing_that_connects_starts_or_unpickles():
    every = [node for name in FILES for node in nodes(name)]
    imported = {alias.name for node in every if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in every if isinstance(node, ast.ImportFrom) and node.module}
    assert {"numpy", "pandas", "html"} <= {name.partition(".")[0] for name in imported}
    assert {name.partition(".")[0] for name in imported} & (NET | PROGRAMS | PICKLES) == set()


@pytest.mark.parametrize("name", FILES)
def test_module_runs_no_text_and_only_saving_writes(name):
    assert called(name) & RUN == set()
    assert called(name) & WRITERS == ({"fdopen"} if name == "analysis/plots/_save.py" else set())


def test_formula_is_run_as_python_with_the_variables_of_the_caller():
    seen = []

    def note(values):
        seen.append(len(values))
        return values

    data = pd.DataFrame({"yi": [0.1, 0.4, 0.2, 0.5], "vi": 0.1, "week": [1.0, 2.0, 3.0, 5.0]})
    analysis.meta_regression("yi ~ note(week)", data)
    assert seen, "else SECURITY.md warns of what does not happen"


def test_readers_fetch_nothing(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for kind in ("csv", "xlsx", "parquet"):
        with pytest.raises(FileNotFoundError, match="there is no such file"):
            analysis.read_trials(f"https://example.org/trials.{kind}")


def test_text_is_escaped_in_html():
    raw = pd.read_csv(ROOT / "data" / "trials.csv", dtype=str)
    trials = analysis.read_trials(raw[raw["study"] == "chow2006"].assign(author=MARK))
    tree = analysis.provenance(analysis.effect_sizes(trials))._repr_html_()
    assert "<details" in tree and "&lt;script" in tree and "<script" not in tree


def test_text_is_escaped_in_svg_and_stands_as_it_is_beside_it(tmp_path):
    figure = analysis.forest(analysis.pool([0.1, 0.2], [0.1, 0.2], labels=[MARK, "=1+1"]), title=MARK)
    svg, numbers, caption = analysis.save_figure(figure, tmp_path / "figure", formats=["svg"])
    drawn = svg.read_text(encoding="utf-8")
    assert "&lt;script" in drawn and "<script" not in drawn
    assert "\n=1+1," in numbers.read_text(encoding="utf-8-sig")
    assert MARK in caption.read_text(encoding="utf-8")
    assert sorted(tmp_path.iterdir()) == sorted([svg, numbers, caption])
