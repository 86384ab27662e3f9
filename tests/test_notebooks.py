"""Notebooks are read as JSON and never run here: `make notebooks` does that."""

import ast
import json
import re
import runpy
from pathlib import Path

import pytest

PATHS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in PATHS if path.stem != "explore"]  # a page to play with, tests/test_explore.py
# Two or more decimals is how results are shown; links, code and thresholds of convention are no results.
TYPED_NUMBER = re.compile(r"(?<![\w./])[-−+]?\d+\.\d{2,}(?![\w/])")
NO_RESULT = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+|10\.\d{4,}/\S+")
CONVENTIONS = {"0.05", "0.95", "0.01"}

PARTS = ("**Question.**", "**You will learn**", "**Time:**", "**Read before:**")
# Of formulas, to somebody who has seen none: x bar, mu hat, a sum, a root, plus or minus, a star, the larger of two.
SIGNS = (r"\\bar\{x\}", r"\\hat\\mu", r"\\sum", r"\\sqrt", r"\\pm", r"w_i\^\*", r"\\max", r"\\approx")
TERM = re.compile(r"\[\*\*[^\]]*\*\*\]\(\.\./docs/glossary\.md#([^)]*)\)")


def solutions(path):
    """Return (number, cell) of the cells with a solution."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(i, cell) for i, cell in enumerate(found, start=1) if "solution" in cell["metadata"].get("tags", [])]


each_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])


def cells(path, kind=None):
    """Return (number, source) of the cells that are not blank, optionally of one kind."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    numbered = [(i, c["cell_type"], "".join(c["source"])) for i, c in enumerate(found, start=1)]
    return [(i, source) for i, cell_type, source in numbered if kind in (None, cell_type)]


def python(source):
    """Return the syntax tree of a code cell; magics and shell lines are no Python and fail."""
    return ast.parse(source)


def test_there_are_notebooks_numbered_in_order():
    assert 2 <= len(LESSONS) == len(PATHS) - 1
    numbers = [int(re.fullmatch(r"(\d\d)_[a-z0-9_]+", path.stem).group(1)) for path in LESSONS]
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))


@each_notebook
def test_outputs_are_cleared(path):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [c for c in found if c["cell_type"] == "code"]
    assert code
    assert [c for c in code if c["outputs"] or c["execution_count"] is not None] == []


@each_notebook
def test_first_cell_is_a_title_in_words(path):
    (_, first), *_ = cells(path)
    assert cells(path, "markdown")[0] == (1, first)
    assert first.startswith("# ")


@each_notebook
def test_text_and_code_alternate(path):
    kinds = [c["cell_type"] for c in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert set(kinds) <= {"markdown", "code"}
    rhythm = "".join(kind[0] for kind in kinds)
    assert "ccc" not in rhythm, "three code cells in a row"
    assert rhythm.count("m") * 3 >= rhythm.count("c") * 2, "too little text for the code"


@each_notebook
def test_no_cell_is_blank(path):
    assert [i for i, source in cells(path) if not source.strip()] == []


@each_notebook
def test_code_cells_are_short(path):
    lengths = {i: len(source.splitlines()) for i, source in cells(path, "code")}
    assert {i: n for i, n in lengths.items() if n > 12} == {}


@each_notebook
def test_functions_are_short_or_live_in_the_library(path):
    functions = [
        (i, node.name, node.end_lineno - node.lineno + 1)
        for i, source in cells(path, "code")
        for node in ast.walk(python(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [f for f in functions if f[2] > 8] == []


@each_notebook
def test_nothing_is_installed_and_no_path_is_bent(path):
    forbidden = re.compile(r"(?m)^\s*[!%]|\b(pip|conda) install\b|sys\.path|os\.chdir|get_ipython")
    assert [i for i, source in cells(path, "code") if forbidden.search(source)] == []


@each_notebook
def test_no_result_is_typed_into_the_text(path):
    found = {i: TYPED_NUMBER.findall(NO_RESULT.sub("", source)) for i, source in cells(path, "markdown")}
    typed = {i: [n for n in numbers if n not in CONVENTIONS] for i, numbers in found.items()}
    assert {i: numbers for i, numbers in typed.items() if numbers} == {}


@each_lesson
def test_a_lesson_begins_with_what_a_reader_asks_first(path):
    (_, first), *_ = cells(path)
    assert [part for part in PARTS if part not in first] == []


@each_lesson
def test_the_first_cell_says_what_may_be_skipped(path):
    assert "Grey boxes hold code: skip them if you do not programme." in " ".join(cells(path)[0][1].split())


@pytest.mark.parametrize("path", PATHS[:5], ids=[path.stem for path in PATHS[:5]])
def test_signs_of_formulas_are_read_aloud_before_they_stand(path):
    text = "\n\n".join(source for _, source in cells(path, "markdown"))
    for sign in SIGNS:
        told = re.search(rf"(?m)^\| [^|]*{sign}", text)
        used = re.search(rf"\$\$[^$]*{sign}", text)
        assert used is None or (told and told.start() < used.start()), sign


@each_lesson
def test_every_exercise_has_its_solution_folded_below_it_and_checked(path):
    exercises = [i for i, source in cells(path, "markdown") if re.search(r"^\*\*Exercise \d", source, re.MULTILINE)]
    assert 3 <= len(exercises) <= 5
    *solved, (last, _) = solutions(path)
    assert [i for i, _ in solved] == [i + 1 for i in exercises]
    assert all("assert " in "".join(cell["source"]) for _, cell in solved)
    folded = {"source_hidden": True, "outputs_hidden": True}
    assert [i for i, cell in solutions(path) if cell["metadata"]["jupyter"] != folded] == []
    answers = cells(path)[last - 2][1]
    assert last == len(cells(path)) and answers.startswith("## Test yourself")


def test_a_solution_stays_folded_on_a_page_made_of_an_executed_copy():
    nbformat = pytest.importorskip("nbformat", reason="the extra notebooks is not installed")
    tool = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "run_notebooks.py"))
    shown = [{"text/markdown": "It is **2**.", "text/plain": "no"}, {"text/html": "<table></table>"}]
    outputs = [nbformat.v4.new_output("display_data", data) for data in shown]
    cell = nbformat.v4.new_code_cell("assert 1 + 1 == 2", outputs=outputs, metadata={"tags": ["solution"]})
    folded = tool["folded"](cell)
    assert folded.cell_type == "markdown" and folded.id == cell.id and folded.metadata.tags == ["solution"]
    opened, *parts = folded.source.split("\n\n")
    assert opened == "<details>\n<summary>Solution</summary>"
    assert parts == ["```python\nassert 1 + 1 == 2\n```", "It is **2**.", "<table></table>", "</details>"]


@each_notebook
def test_sentences_of_a_lesson_are_short(path):
    for _, source in cells(path, "markdown"):
        text = re.sub(r"\$\$.*?\$\$", ". ", NO_RESULT.sub("]", source), flags=re.DOTALL)
        for sentence in re.split(r"(?<=[.?!:;])\s|\n\n|\n[-\d|]", text):
            assert len(sentence.split()) <= 30, sentence


@each_lesson
def test_a_term_is_bold_and_linked_where_it_first_stands_and_nowhere_else(path):
    terms = [term for _, source in cells(path, "markdown") for term in TERM.findall(source)]
    assert len(terms) == len(set(terms)) > 5


@each_notebook
def test_results_of_a_lesson_are_set_and_not_printed(path):
    source = "\n".join(source for _, source in cells(path, "code"))
    assert "print(" not in source and "no difference" not in source
