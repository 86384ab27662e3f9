"""What SECURITY.md promises: formulas run no code, one local file is read, nothing is sent, text is escaped."""

import ast
import copy
import functools
import pickle
import re
import socket
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad_inputs.kinds import HOSTILE

import analysis
from analysis.models import restricted

ROOT = Path(__file__).parents[1]
FILES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "analysis").rglob("*.py"))]
NET = {"socket", "ssl", "urllib", "http", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "asyncio", "webbrowser"}
PROGRAMS = {"subprocess", "multiprocessing", "ctypes", "pty"}
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
RUN = {"eval", "exec", "compile", "__import__", "system", "popen", "execv", "spawnv", "startfile", "read_pickle"}
WRITERS = {"open", "fdopen", "write_text", "write_bytes", "to_excel", "to_parquet", "to_pickle", "savez", "savetxt"}
SAVING = "analysis/plots/_save.py"
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
    assert called(name) & WRITERS == ({"open"} if name == SAVING else set())


def test_every_file_is_written_by_the_one_function():
    writers = []
    for function in (node for node in nodes(SAVING) if isinstance(node, ast.FunctionDef)):
        calls = [ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
        writers += [(function.name, call) for call in calls if call in ("open", "os.open", "os.replace", "os.rename")]
    assert sorted(writers) == [("_put", "open"), ("_put", "os.replace")]


LISTED = """log(week)|sqrt(week)|np.log(week + 1)|I(week**0.5)|I(2**week)|I(week**-1)|week:kind|week * kind
(week + kind)**2|C(kind, Treatment('b'))|bs(week, df=4)|0 + cr(week, df=4)|week - 1|0 + week|I(week > 4)|exp(-week / 9)
Q('a week (4)')|Q('# of')|I((week > 3) & (kind == 'a'))|C(week > 4, levels=[False, True])|größe|\n"""
LISTED = ["\n week\n + kind", *LISTED.replace("\n", "|").strip("|").split("|")]
REFUSED = (
    "in the formula|the formula names|cannot be evaluated|must be written|in quotes|unpacks|a power|no power|must read"
)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("piece", HOSTILE)
def test_formula_runs_nothing_but_what_is_listed(piece):
    def note(*_):
        raise AssertionError("the formula was run")

    secret, table = [1.0, 2.0, 3.0, 5.0], pd.DataFrame({"yi": [0.1, 0.4, 0.2, 0.5], "vi": 0.1, "week": range(1, 5)})
    assert secret and note and restricted.problems(piece, table.columns)
    for formula in (f"yi ~ {piece}", f"yi ~ week + {piece}", f"{piece} ~ week"):
        with pytest.raises(ValueError, match=REFUSED):
            analysis.meta_regression(formula, table)
    with pytest.raises(ValueError, match="meta-regression|must read"):
        analysis.pool_multilevel(table.assign(study=list("aabb")), mods=f"~ {piece}")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("piece", LISTED)
def test_formula_of_listed_pieces_is_read_as_if_it_were_trusted(piece):
    table = pd.DataFrame(
        {"yi": [0.1, 0.4, 0.2, 0.5, 0.3, 0.8, 0.2, 0.6], "vi": 0.1, "week": [1.0, 2, 3, 5, 4, 7, 9, 6]}
    )
    table = table.assign(kind=list("abcaabbc"), größe=table["week"] ** 2)
    table = table.assign(**{"a week (4)": table["week"], "# of": table["week"]})
    if piece[:3] in ("log", "sqr", "exp"):
        log, sqrt, exp = np.log, np.sqrt, np.exp
        assert log and sqrt and exp
    one, other = (analysis.meta_regression(f"yi ~ {piece}", table, unsafe=unsafe) for unsafe in (False, True))
    pd.testing.assert_frame_equal(one.summary_frame(), other.summary_frame())
    again = pickle.loads(pickle.dumps(one))
    pd.testing.assert_frame_equal(again.predict(table.head(1)), one.predict(table.head(1)))


def test_message_names_the_piece_and_the_remedy():
    table = pd.DataFrame({"yi": [0.1, 0.4, 0.2, 0.5], "vi": 0.1, "week": [1.0, 2.0, 3.0, 5.0], "a.b": 1.0})
    with pytest.raises(ValueError) as told:
        analysis.meta_regression("yi ~ weak + open('f') + week.values + a.b", table)
    assert str(told.value).splitlines()[1] == (
        "  the formula names 'weak', not a column of data (did you mean 'week'?); 'open' is called in the formula; "
        "'week.values' stands in the formula; 'a.b' must be written Q(\"a.b\"); a formula holds columns, numbers, "
        "+ - * / : ** and comparisons, C(), I(), Q(), logs, exp(), sqrt() and splines; make a column of the rest, or "
        "give unsafe=True for a formula that you trust, which then runs as Python"
    )


def test_a_comparison_by_itself_says_how_it_is_written():
    table = pd.DataFrame({"yi": [0.1, 0.4, 0.2, 0.5], "vi": 0.1, "week": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(ValueError) as told:
        analysis.meta_regression("yi ~ week > 2", table)
    assert str(told.value).splitlines()[1:] == [
        "  'week > 2' is no term by itself; write I(week > 2), which is 1 where it holds"
    ]
    assert analysis.meta_regression("yi ~ I(week > 2)", table).p == 2


@pytest.mark.usefixtures("engine")
def test_unsafe_formula_is_run_with_the_variables_of_the_caller_through_a_wrapper_too():
    seen, table = [], pd.DataFrame({"yi": [0.1, 0.4, 0.2, 0.5], "vi": 0.1, "week": [1.0, 2.0, 3.0, 5.0]})

    def note(values):
        seen.append(len(values))
        return values

    @functools.wraps(analysis.meta_regression)
    def wrapped(*args, **kwargs):
        return analysis.meta_regression(*args, **kwargs)

    for fit in (analysis.meta_regression, wrapped):
        seen.clear()
        found = fit("yi ~ note(week)", table, unsafe=True)
        assert seen, "else SECURITY.md warns of what does not happen"
        assert len(found.predict({"week": [4.0]})) == len(copy.deepcopy(found).predict({"week": [4.0]})) == 1
    with pytest.raises(ValueError, match="'note' is called in the formula"):
        wrapped("yi ~ note(week)", table)


def test_readers_fetch_nothing(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for kind in ("csv", "xlsx", "parquet"):
        with pytest.raises(analysis.TrialDataError, match="is not a file but an address"):
            analysis.read_trials(f"https://example.org/trials.{kind}")


def test_the_suite_reaches_nothing_but_this_machine():
    with socket.socket() as opened, pytest.raises(AssertionError, match=r"a test tried to reach '192\.0\.2\.1'"):
        opened.connect(("192.0.2.1", 9))
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=1):
        pass


def test_text_is_escaped_in_html():
    raw = pd.read_csv(ROOT / "data" / "trials.csv", dtype=str)
    trials = analysis.read_trials(raw[raw["study"] == "chow2006"].assign(author=MARK))
    tree = analysis.provenance(analysis.effect_sizes(trials))._repr_html_()
    assert "<details" in tree and "&lt;script" in tree and "<script" not in tree


def test_text_is_escaped_in_every_file_of_a_figure(tmp_path):
    figure = analysis.forest(analysis.pool([0.1, 0.2], [0.1, 0.2], labels=[MARK, "=1+1"]), title=MARK)
    svg, latex, numbers, drawing, caption = analysis.save_figure(figure, tmp_path / "figure", formats=["svg", "tex"])
    drawn = svg.read_text(encoding="utf-8")
    assert "&lt;script" in drawn and "<script" not in drawn
    for table in (numbers, drawing):
        cells = table.read_text(encoding="utf-8-sig")
        assert ",'=1+1," in cells and not re.search(r"(^|[,;])[=@+]", cells, re.M)
    assert r"\textless{}script\textgreater{}alert(1)" in latex.read_text(encoding="utf-8")
    words = caption.read_text(encoding="utf-8")
    assert "<script" not in words and words.count("&lt;script>alert(1)&lt;/script>") >= 2 and "| \\=1+1 |" in words
    assert sorted(tmp_path.iterdir()) == sorted([svg, latex, numbers, drawing, caption])
