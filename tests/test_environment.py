"""pyproject.toml, environment.yml and requirements.lock must name the same packages and bounds.

What `optional` in pyproject.toml names stays out of the two others: each of these extras has a lock of its own.
"""

import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import analysis

ROOT = Path(__file__).parents[1]
PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads(PYPROJECT_TEXT)
PROJECT = PYPROJECT["project"]
EXTRAS = dict(PROJECT["optional-dependencies"])
OPTIONAL = {name: EXTRAS.pop(name) for name in PYPROJECT["tool"][PROJECT["name"]]["optional"]}
REQUIREMENTS = [
    *PYPROJECT["build-system"]["requires"],
    *PROJECT["dependencies"],
    *[text for extra in EXTRAS.values() for text in extra],
]
ALL_REQUIREMENTS = [*REQUIREMENTS, *[text for extra in OPTIONAL.values() for text in extra]]
LOCK_TEXT = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKS = {name: (ROOT / f"requirements-{name}.lock").read_text(encoding="utf-8") for name in OPTIONAL}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
# On conda-forge an extra is a package of its own.
CONDA_NAMES = {"pandera[pandas]": "pandera-pandas"}
SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}


def lock_lines(text=LOCK_TEXT):
    """Return a lock as logical lines: continuation lines joined, comments and hashes dropped."""
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [line.split(" --hash=")[0].strip() for line in lines]


def conda_requirements():
    """Return {name: specifiers} of environment.yml, pip section left out."""
    parsed = [Requirement(line) for line in ENVIRONMENT["dependencies"] if isinstance(line, str)]
    return {canonicalize_name(r.name): r.specifier for r in parsed}


def conda_name(requirement):
    """Return the conda-forge name of a requirement of pyproject.toml."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    name = canonicalize_name(requirement.name)
    return CONDA_NAMES[name + extras] if extras else name


def names(lines):
    return {canonicalize_name(Requirement(line).name) for line in lines}


@pytest.mark.parametrize("text", ALL_REQUIREMENTS)
def test_requirement_has_a_lower_bound_and_a_reason_beside_it(text):
    assert any(s.operator in (">=", "==") for s in Requirement(text).specifier)
    [line] = [line for line in PYPROJECT_TEXT.splitlines() if line.strip().startswith(f'"{text}"')]
    assert re.search(r'",\s+# \S.{14,}', line), f"no reason beside {text}"


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_requirement_has_the_same_bounds_in_environment_yml(text):
    requirement = Requirement(text)
    assert conda_requirements()[conda_name(requirement)] == requirement.specifier


def test_environment_yml_names_nothing_else():
    expected = {conda_name(Requirement(text)) for text in REQUIREMENTS}
    assert conda_requirements().keys() == expected | {"python", "pip"}


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_extra_stays_out_of_the_environment(name):
    own = names(OPTIONAL[name])
    assert own and not own & (names(lock_lines()) | conda_requirements().keys())


@pytest.mark.parametrize("text", OPTIONAL["bench"])
def test_peer_is_one_release(text):
    assert [s.operator for s in Requirement(text).specifier] == ["=="], "the one whose times the goals refer to"


@pytest.mark.parametrize("name", OPTIONAL)
def test_lock_of_an_optional_extra_pins_it_and_changes_no_pin_of_the_environment(name):
    pins = {canonicalize_name(Requirement(line).name): Requirement(line) for line in lock_lines(LOCKS[name])}
    for text in OPTIONAL[name]:
        requirement = Requirement(text)
        [pin] = pins[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(Version(pin.version))
    locked = {canonicalize_name(Requirement(line).name): Requirement(line).specifier for line in lock_lines()}
    assert {each: pin.specifier for each, pin in pins.items() if each in locked} == {
        each: locked[each] for each in pins if each in locked
    }


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_extra_is_installed_by_a_target_of_its_name(name):
    assert re.search(rf"^{name}: \.venv/extra-{name}\b", MAKEFILE, flags=re.MULTILINE)
    assert f"`make lock-{name}`" in LOCKS[name]


def test_locks_are_those_of_the_optional_extras():
    assert {path.name for path in ROOT.glob("*.lock")} == {
        "requirements.lock",
        *(f"requirements-{name}.lock" for name in OPTIONAL),
    }


def test_environment_yml_is_conda_forge_and_ends_in_the_project_itself():
    assert ENVIRONMENT["name"] == PROJECT["name"]
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert ENVIRONMENT["dependencies"][-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize("text", REQUIREMENTS)
@pytest.mark.parametrize("python", ["3.11.2", "3.12.1", "3.13.0"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_lock_pins_requirement_once_within_its_bounds(text, python, system):
    requirement = Requirement(text)
    where = {**SYSTEMS[system], "python_version": python[:4], "python_full_version": python}
    pins = [Requirement(line) for line in lock_lines()]
    pins = [p for p in pins if canonicalize_name(p.name) == canonicalize_name(requirement.name)]
    [pin] = [p for p in pins if p.marker is None or p.marker.evaluate(where)]
    [specifier] = pin.specifier
    assert requirement.specifier.contains(Version(specifier.version))


def test_lock_is_longer_than_what_is_asked_for():
    assert len(lock_lines()) > len(REQUIREMENTS)


each_lock = pytest.mark.parametrize("text", [LOCK_TEXT, *LOCKS.values()], ids=["environment", *LOCKS])


@each_lock
def test_lock_has_no_unpinned_line(text):
    for line in lock_lines(text):
        [specifier] = Requirement(line).specifier
        assert specifier.operator == "==" and "*" not in specifier.version, line


@each_lock
def test_every_pin_has_a_hash(text):
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert len(entries) == len(lock_lines(text))
    assert [e.split()[0] for e in entries if "--hash=sha256:" not in e] == []


@each_lock
def test_lock_names_no_registry_and_no_folder(text):
    assert re.findall(r"(?m)^\s*-.*(?:index|links|host).*$|\w+://\S+|(?:^|\s)/\w+", text) == []


def test_python_range_is_the_same_everywhere():
    expected = SpecifierSet(PROJECT["requires-python"])
    assert conda_requirements()["python"] == expected
    [in_lock] = re.findall(r"^# Python (\S+) on ", LOCK_TEXT, flags=re.MULTILINE)
    assert SpecifierSet(in_lock) == expected
    [low, high] = re.findall(r"\((3), (\d+)\)", MAKEFILE)
    assert SpecifierSet(f">={'.'.join(low)},<{'.'.join(high)}") == expected


def test_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert analysis.__version__ == PROJECT["version"] == citation["version"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == PROJECT["license"]


@pytest.mark.skipif(sys.platform == "win32", reason="make and its signals are of POSIX systems")
def test_a_tool_that_is_interrupted_says_nothing_and_make_says_so(tmp_path):
    (tmp_path / "near.py").write_text("answer = 42")
    tool = tmp_path / "tool.py"
    tool.write_text("import sys, near\nprint(sys.argv[1:], near.answer)\nif sys.argv[1:]: raise KeyboardInterrupt\n")
    quietly = [sys.executable, ROOT / "tools" / "quietly.py", tool]
    plain, ended = (subprocess.run([*quietly, *more], capture_output=True, text=True) for more in ([], ["--now"]))
    assert (plain.returncode, plain.stdout, plain.stderr) == (0, "[] 42\n", "")
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "['--now'] 42\n", "\n")
    assert not re.search(r"\$\(PY\) (tools|tests|benchmarks)/(?!quietly)", MAKEFILE)
