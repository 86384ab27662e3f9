"""Change one thing in a copy of the code and see whether a test notices, for a seeded sample of such mutants.

Usage: python tools/mutants.py [--number 100] [--seed 1]

A place is drawn first, as many from each wing as from any other, then one of the changes that cosmic-ray knows for it:
so that an operator with many replacements counts once. Left out are changes that no test could miss (a shift for a sum)
and those that none could notice: of type hints, which nothing evaluates, and of `strict=`, which guards what is so.
Tests run in a copy of the project, those of `TESTS` that reach the room; one that fails runs again on unchanged code,
as otherwise it proves nothing. The result is written to build/mutants.md after each mutant.

What survives is a gap in the tests, a change that changes nothing, or a test file missing from `TESTS`. That is for a
person to tell.
"""

import argparse
import ast
import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "mutants.md"
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".hypothesis")
# Bytes of address space: a mutant may fill the memory and must not take that of others.
MEMORY = 4 * 2**30
# Seconds for the tests of a room, which take a minute or two on a slow machine.
SECONDS = 600.0
NO_TEST = 5  # how pytest ends
FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.M)  # the test function, whatever its case

# Test files that reach a room, by name; a room has the examples in its own docstrings besides. A room that is not named
# here is asked all tests but the slow ones.
TESTS = {
    "__main__": "cli",
    "_check": "pooling tau2 effects counts bayes recover effect_sizes subgroups multilevel regression",
    "_docs": "docstrings",
    "_types": "types docstrings layout",
    "effects": "effects published statsmodels invariants",
    "measures": "measures",
    "recover": "recover effect_sizes",
    "sentences": "words results text plots_words plots_foreign",
    "text": "text plots_texts locale",
    "data/arm_scores": "effect_sizes recover provenance trials",
    "data/dictionary": "trials own_trials companions text audit risk_of_bias",
    "data/effect_sizes": "effect_sizes contrasts own_trials wide",
    "data/printed_p": "effect_sizes audit provenance trials",
    "data/about": "studies cli",
    "data/revman": "studies",
    "data/studies": "studies cli",
    "data/template": "cli",
    "data/trials": "trials own_trials security companions risk_of_bias studies",
    "data/files": "bad_files trials security layout",
    "data/headings": "headings",
    "data/wide": "wide trials_from_wide",
    "data/workbook": "bad_files trials studies",
    "models/bayes": "bayes results",
    "models/blocks": "groups pooling subgroups simulation",
    "models/bivariate": "bivariate arms doors results",
    "models/coefficients": "moderators regression results",
    "models/counts": "counts sensitivity doors metafor results",
    "models/design": "regression subgroups influence regression_curve plots_bubble metafor results",
    "models/diagnostics": "diagnostics influence pvalues plots_qq plots_radial",
    "models/explain": "explain",
    "models/formulas": "regression regression_curve moderators results",
    "models/imputation": "imputation multiverse results",
    "models/doses": "doses results doors",
    "models/network": "network results doors",
    "models/restricted": "security regression",
    "models/groups": "groups",
    "models/multilevel": "multilevel moderators results",
    "models/pooling": "pooling groups published statsmodels generalised_q invariants metafor sensitivity results",
    "models/prediction": "prediction worthwhile",
    "models/priors": "bayes plots_posterior",
    "models/regression": "regression regression_curve sensitivity metafor results",
    "models/results": "results",
    "models/shortcuts": "reports",
    "models/selection": "selection simulation results",
    "models/simulation": "simulation coverage_table results doors",
    "models/small_study": "small_study results",
    "models/sensitivity": "influence sensitivity doors results",
    "models/studies": "doors pooling subgroups multilevel bayes sensitivity",
    "models/subgroups": "subgroups results plots_forest_options",
    "models/tau2": "tau2 metafor generalised_q pooling",
    "evidence/arms": "arms results",
    "evidence/audit": "audit",
    "evidence/audit_rules": "audit",
    "evidence/claim_rules": "claims verdict_table",
    "evidence/claims": "claims",
    "evidence/contextual": "contextual_share results",
    "evidence/grade": "grade",
    "evidence/multiverse": "multiverse imputation",
    "evidence/over_time": "over_time results doors",
    "evidence/prisma": "prisma",
    "evidence/provenance": "provenance",
    "evidence/responders": "responders results",
    "evidence/risk_of_bias": "risk_of_bias",
    "evidence/worthwhile": "worthwhile results",
    "plots/_arms_forest": "plots plots_texts",
    "plots/_baujat": "plots_baujat plots_texts",
    "plots/_bubble": "plots_bubble plots_planes plots_texts",
    "plots/_catalogue": "plots_themes plots_words",
    "plots/_claims": "plots_claims plots_texts plots_said",
    "plots/_pcurve": "plots_pcurve",
    "plots/_doi": "plots_doi",
    "plots/_drapery": "plots_drapery plots_texts plots_said",
    "plots/_fonts": "plots_save plots plots_texts",
    "plots/_forest": "plots_forest_options plots plots_forest_family plots_texts",
    "plots/_forests": "plots_forest_family plots_texts",
    "plots/_funnel": "plots_funnel plots_models plots_planes plots_texts",
    "plots/_gosh": "plots_influence plots_texts",
    "plots/_influence": "plots_influence plots_texts",
    "plots/_labbe": "plots_labbe plots_planes plots_texts",
    "plots/_labbe_counts": "plots_labbe_counts plots_planes plots_texts",
    "plots/_layout": "plots_texts plots plots_forest_options plots_labbe plots_labbe_counts plots_funnel plots_bubble",
    "plots/_look": "plots_themes plots plots_texts",
    "plots/_marks": "plots_texts plots plots_forest_options plots_forest_family plots_themes",
    "plots/_multiverse": "plots_multiverse plots_said plots_texts",
    "plots/_orchard": "plots_forest_family plots_texts",
    "plots/_options": "plots_options",
    "plots/_page": "plots_texts plots plots_forest_options plots_forest_family plots_save plots_themes",
    "plots/_plane": "plots_planes plots_texts plots_labbe plots_labbe_counts plots_funnel plots_bubble plots_themes",
    "plots/_posterior": "plots_posterior plots_texts plots_said",
    "plots/_power": "plots_power plots_language",
    "plots/_printed": "plots_save",
    "plots/_prisma": "plots_prisma plots_language",
    "plots/_qq": "plots_qq plots_planes plots_texts",
    "plots/_radial": "plots_radial plots_planes plots_texts",
    "plots/_risk_of_bias": "plots_risk_of_bias plots_texts",
    "plots/_rows": "plots_models plots_forest_options plots plots_forest_family plots_texts",
    "plots/_selection": "plots_selection",
    "plots/_time": "over_time plots_language",
    "plots/_therapies": "network plots_language",
    "plots/_save": "plots_save security plots_texts",
    "plots/_table": "plots_table plots_models plots_texts",
    "plots/_theme": "plots_themes plots_texts",
    "plots/_words": "plots_texts plots_claims plots_forest_options",
    **dict.fromkeys(
        (f"reports/{room}" for room in "again as_html as_json as_latex as_markdown as_word".split()), "reports security"
    ),
    **dict.fromkeys((f"reports/{room}" for room in "contents document folder paragraphs sources".split()), "reports"),
}

FAMILIES = [
    {"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"},
    {"BitOr", "BitAnd", "BitXor"},
    {"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE"},
    {"Is", "IsNot"},
]


def wing(path):
    """Return the wing of a file of the package, or "ground floor"."""
    return path.parts[1] if len(path.parts) > 2 else "ground floor"


def tests_of(path):
    """Return what to run for a room: its own examples and the test files that reach it."""
    room = path.relative_to("analysis").with_suffix("").as_posix()
    if room not in TESTS:
        return [path.as_posix(), "tests"]
    docs = ["docstrings"] if "@documented" in (ROOT / path).read_text(encoding="utf-8") else []
    return [path.as_posix(), *(f"tests/test_{name}.py" for name in [*TESTS[room].split(), *docs])]


def sensible(name):
    """Tell whether an operator of cosmic-ray makes mutants that a test could miss."""
    kind = name.split("/")[-1]
    if kind.startswith(("ReplaceBinaryOperator_", "ReplaceComparisonOperator_")):
        pair = set(kind.split("_")[1:])
        return any(pair <= family for family in FAMILIES)
    return not kind.startswith("ReplaceUnaryOperator_") or "_Delete_" in kind


def in_type_hint(node):
    """Tell whether a node of the syntax tree is part of a type hint."""
    while (parent := node.parent) is not None:
        if parent.type == "annassign" and node is parent.children[1]:
            return True
        if parent.type == "tfpdef" or (parent.type == "funcdef" and node is parent.annotation):
            return True
        node = parent
    return False


def places(text, operators):
    """Return {start of a place: [(operator, occurrence), ...]} of a file's text."""
    from cosmic_ray.ast import ast_nodes, get_ast

    found, count = {}, dict.fromkeys(operators, 0)
    for node in ast_nodes(get_ast(text)):
        for name, operator in operators.items():
            for start, _ in operator.mutation_positions(node):
                if not in_type_hint(node):
                    found.setdefault(start, []).append((name, count[name]))
                count[name] += 1
    return found


def sample(root, number, seed):
    """Yield (path, line, operator, text with the change): `number` of them, as many of each wing, in mixed order."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    classes = {name: get_operator(name) for name in operator_names() if sensible(name)}
    operators = {name: each() for name, each in classes.items() if not each.arguments()}
    rng, wings = random.Random(seed), {}
    for file in sorted(root.glob("analysis/**/*.py")):
        path, text = file.relative_to(root), file.read_text(encoding="utf-8")
        for start, changes in sorted(places(text, operators).items()):
            wings.setdefault(wing(path), []).append((path, start[0], changes))
    for each in wings.values():
        rng.shuffle(each)
    turns = sorted(wings)
    while number and any(wings.values()):
        turns = turns[1:] + turns[:1]
        if not wings[turns[0]]:
            continue
        path, line, changes = wings[turns[0]].pop()
        name, occurrence = rng.choice(changes)
        text = (root / path).read_text(encoding="utf-8")
        changed = mutate_code(text, operators[name], occurrence)
        if means_another(text, changed):
            number -= 1
            yield path, line, name.split("/")[-1], changed


def means_another(text, changed):
    """Tell whether changed code can be compiled and is not the same program."""
    try:
        return without_strict(changed) != without_strict(text)
    except SyntaxError:
        return False


def without_strict(text):
    """Return the program of a text as one line, `strict=` of its zips apart."""
    return re.sub(r"(, )?keyword\(arg='strict', value=Constant\(value=\w+\)\)", "", ast.dump(ast.parse(text)))


def limit_memory():
    """Limit the memory of this process, where the system can."""
    import resource

    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(tests, folder):
    """Run tests in a folder until one fails: "survived", "killed" or "timed out", and what pytest printed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", *tests]
    # In CI hypothesis takes the same examples each time.
    settings = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "CI": "true"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        preexec_fn=limit_memory,
    )
    try:
        printed = process.communicate(timeout=SECONDS)[0]
    except subprocess.TimeoutExpired:
        return "timed out", ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    # A room without examples has no test, which is no failure.
    return "survived" if process.returncode in (0, NO_TEST) else "killed", printed


class Bench:
    """A copy of the project in which mutants are tried."""

    def __init__(self, folder):
        self.folder = folder
        self.sound = set()

    def outcome(self, path, changed):
        """Return what the tests make of a file with a change."""
        tests = tests_of(path)
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        # Compiled code is told from its source by second and size, and a mutant may have both of the last one.
        compiled = Path(cache_from_source(str(file)))
        compiled.unlink(missing_ok=True)
        file.write_text(changed, encoding="utf-8")
        try:
            outcome, printed = run(tests, self.folder)
        finally:
            file.write_text(text, encoding="utf-8")
            compiled.unlink(missing_ok=True)
        if outcome != "survived":
            self.try_unchanged(FAILED.findall(printed), tests)
        return outcome

    def try_unchanged(self, failed, tests):
        """Stop where tests that noticed a change do not pass without it, be it alone or in the company they had."""
        if failed and self.sound.issuperset(failed):
            return
        if not any(group and run(group, self.folder)[0] == "survived" for group in (failed, tests)):
            raise SystemExit(f"not of a change: {', '.join(failed or tests)}, which `make test` should pass first")
        self.sound.update(failed)


def report(tried, seed):
    """Return the page of results: a table by wing, then each mutant that was not killed with its change."""
    outcomes = "killed", "survived", "timed out"
    lines = [f"# Mutants: {len(tried)} with seed {seed}", "", f"| wing | {' | '.join(outcomes)} |", "|---|---|---|---|"]
    for name in [*sorted({wing(each["path"]) for each in tried}), "all"]:
        of_wing = [each["outcome"] for each in tried if name in ("all", wing(each["path"]))]
        lines.append(f"| {name} | {' | '.join(str(of_wing.count(outcome)) for outcome in outcomes)} |")
    lines += ["", "Rooms were asked the tests that `TESTS` in `tools/mutants.py` names.", ""]
    for each in tried:
        if each["outcome"] != "killed":
            lines += [f"## {each['path'].as_posix()}:{each['line']} {each['outcome']}", ""]
            lines += [f"{each['operator']}; asked: {', '.join(tests_of(each['path']))}", ""]
            lines += ["```diff", *each["diff"], "```", ""]
    return "\n".join(lines)


def main():
    """Try the sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the running tests and the copy go as well
    tried = []
    OUT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as apart:
        folder = Path(apart).resolve() / "project"
        shutil.copytree(ROOT, folder, ignore=LEFT_BEHIND)
        bench = Bench(folder)
        for path, line, operator, changed in sample(folder, options.number, options.seed):
            before = (folder / path).read_text(encoding="utf-8").splitlines()
            outcome = bench.outcome(path, changed)
            diff = list(difflib.unified_diff(before, changed.splitlines(), lineterm="", n=2))[2:]
            tried.append({"path": path, "line": line, "operator": operator, "outcome": outcome, "diff": diff})
            print(f"{len(tried):4} {outcome:9} {path.as_posix()}:{line} {operator}", flush=True)
            OUT.write_text(report(tried, options.seed), encoding="utf-8")
    noticed = sum(each["outcome"] != "survived" for each in tried)
    print(f"{noticed} of {len(tried)} noticed; the others are in {OUT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
