"""Sizes and imports of the library: small modules, short functions, imports that run one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "analysis"
MODULES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
# A module imports only from rows above its own; files of the subpackage plots count as "plots".
ORDER = [
    ["_validate", "dictionary"],
    ["_summaries"],
    ["schema", "problems"],
    ["trials"],
    ["companions"],
    ["recover_contrast", "recover_fit", "recover_quantiles"],
    ["recover"],
    ["effects_change", "effects_counts"],
    ["effects"],
    ["arm_scores"],
    ["trial_notes"],
    ["effect_table"],
    ["contrasts"],
    ["results"],
    ["columns"],
    ["likelihood", "generalised_q"],
    ["tau2"],
    ["inference"],
    ["pooling"],
    ["bivariate_fit", "bivariate_result", "ratios"],
    ["bivariate_search"],
    ["bivariate", "sensitivity", "multiverse_data", "pvalues", "predictive", "response_curve"],
    ["diagnostics"],
    ["share_models", "share_result", "universes"],
    ["contextual"],
    ["count_results", "count_tables", "designs", "dependence", "nested", "robust", "priors", "quadrature"],
    ["counts", "mixed_tau2", "multilevel", "posterior"],
    ["mixed_effects"],
    ["formulas", "permutation"],
    ["regression_result"],
    ["arms", "regression", "small_study", "bayes"],
    ["subgroups", "regression_curve"],
    ["text"],
    ["report", "model_report", "evidence_report", "multiverse_report"],
    ["thresholds", "audit_facts", "provenance_nodes", "claim_numbers"],
    ["worthwhile", "responder_results", "provenance_trials", "provenance_words", "claim_rules"],
    ["audit_notes", "audit_p", "audit_rules", "audit_spreads", "claim_evidence", "claim_report"],
    ["responders", "responder_counts", "audit", "provenance_tree", "claims"],
    ["plots"],
]
RANK = {name: rank for rank, row in enumerate(ORDER) for name in row}
HEAVY = ("scipy", "pandas", "matplotlib", "statsmodels", "pandera")
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = [
    (f"{name}.{node.name}", node)
    for name, tree in TREES.items()
    for node in ast.walk(tree)
    if isinstance(node, FUNCTION)
]

each_module = pytest.mark.parametrize("name", TREES)


def room(name):
    """Return the entry of ORDER that a module belongs to."""
    return name.partition(".")[0]


def imported(node, name):
    """Return the modules that one import statement of module ``name`` names, as full dotted names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        package = ["analysis", *name.split(".")][: -node.level]
        base = ".".join([*package, base] if base else package)
    return [f"{base}.{alias.name}" for alias in node.names]


def imports(name):
    """Yield (full name, whether inside a function) for every import statement of a module."""
    inside = {id(sub) for _, f in FUNCTIONS for sub in ast.walk(f)}
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for full_name in imported(node, name):
                yield full_name, id(node) in inside


def rooms_imported(name):
    """Yield (room, whether inside a function) for what a module imports from the library itself."""
    for full_name, inside in imports(name):
        package, _, rest = full_name.partition(".")
        if package == "analysis" and room(rest) != "__init__":
            yield room(rest), inside


def body_length(node):
    """Return the lines from the first statement after the docstring to the last."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_modules_were_found():
    assert {"__init__", "trials", "text"} <= MODULES.keys()
    assert len(FUNCTIONS) > 10


def test_modules_are_at_most_300_lines():
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > 300} == {}


def test_function_bodies_are_at_most_40_lines():
    assert {name: n for name, node in FUNCTIONS if (n := body_length(node)) > 40} == {}


def test_functions_take_at_most_6_positional_parameters():
    counts = {name: len(node.args.posonlyargs) + len(node.args.args) for name, node in FUNCTIONS}
    assert {name: n for name, n in counts.items() if n > 6} == {}


def test_every_module_has_its_place_in_the_order():
    assert {room(name) for name in MODULES} - {"__init__"} <= RANK.keys()


@each_module
def test_imports_run_one_way(name):
    if name == "__init__":
        assert list(rooms_imported(name)) == []
        return
    rank = RANK[room(name)]
    above = {
        (target, inside)
        for target, inside in rooms_imported(name)
        if target not in RANK or (RANK[target] >= rank and target != room(name))
    }
    # A result puts itself into words by importing the report inside the method; nothing else looks downstream.
    assert above <= {("report", True), ("model_report", True), ("evidence_report", True)}


@each_module
def test_only_trials_reads_files(name):
    readers = {"read_csv", "read_table", "read_excel", "read_parquet", "loadtxt", "genfromtxt", "read_text"}
    called = [node.func for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)]
    used = {getattr(f, "attr", getattr(f, "id", "")) for f in called}
    assert used & readers == set() or name == "trials"


@pytest.mark.parametrize("name", [name for name in TREES if room(name) == "plots"])
def test_plots_compute_no_statistic(name):
    computing = {"effects", "recover", "columns", "likelihood", "tau2", "inference", "pooling"}
    assert {target for target, _ in rooms_imported(name)} & computing == set()
    assert {full_name.partition(".")[0] for full_name, _ in imports(name)} & {"scipy", "statsmodels"} == set()


def test_import_is_light():
    code = "import sys, analysis; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "analysis" in loaded
    assert loaded & set(HEAVY) == set()
