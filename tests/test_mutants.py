"""The mutation run: which tests a room is asked, what counts as killed, and that a mutant cannot take the machine."""

import sys
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted(path.relative_to(ROOT) for path in ROOT.glob("analysis/**/*.py") if path.name != "__init__.py")

needs_resource = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process as Linux has them")


@pytest.fixture(scope="module")
def mutants():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import mutants
    finally:
        sys.path.pop(0)
    return mutants


@pytest.fixture
def bench(mutants, tmp_path, monkeypatch):
    """Return a project of one room, whose test allows for a few changes only."""
    (tmp_path / "analysis").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "analysis" / "__init__.py").touch()
    (tmp_path / "analysis" / "room.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "tests" / "test_room.py").write_text(
        "from analysis.room import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    )
    # A small project needs no plugin; to load those of this environment takes a second.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return mutants.Bench(tmp_path)


def test_every_room_is_asked_tests_that_exist(mutants):
    for room in ROOMS:
        own, *others = mutants.tests_of(PurePosixPath(room.as_posix()))
        assert own == room.as_posix() and others and "tests" not in others
        assert [test for test in others if not (ROOT / test).is_file()] == []
    assert mutants.TESTS.keys() == {room.relative_to("analysis").with_suffix("").as_posix() for room in ROOMS}


def test_room_without_a_name_in_the_table_is_asked_all_tests(mutants):
    assert mutants.tests_of(PurePosixPath("analysis/room.py")) == ["analysis/room.py", "tests"]


@needs_resource
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ("x + x", "survived"),
        ("3 * x", "killed"),
        ("2 * nothing", "killed"),
        ("len(bytearray(5 * 2**30)) and 2 * x", "killed"),
        pytest.param("sum(iter(int, 1))", "timed out", marks=pytest.mark.slow),
    ],
)
def test_outcome_of_a_change(mutants, bench, monkeypatch, change, outcome):
    monkeypatch.setattr(mutants, "SECONDS", 8.0 if outcome == "timed out" else 60.0)
    path = PurePosixPath("analysis/room.py")
    before = (bench.folder / path).read_text()
    assert bench.outcome(path, before.replace("2 * x", change)) == outcome
    assert (bench.folder / path).read_text() == before


@needs_resource
def test_test_that_fails_without_a_change_is_no_proof(bench):
    (bench.folder / "tests" / "test_room.py").write_text("def test_wrong():\n    assert False\n")
    path = PurePosixPath("analysis/room.py")
    with pytest.raises(SystemExit, match=r"not of a change: tests/test_room.py::test_wrong"):
        bench.outcome(path, "def double(x):\n    return 3 * x\n")


@needs_resource
def test_test_that_needs_those_before_it_is_a_proof_in_their_company(bench):
    (bench.folder / "tests" / "test_room.py").write_text(
        "from analysis.room import double\n\nseen = []\n\n\ndef test_first():\n    seen.append(4)\n\n\n"
        "def test_second():\n    assert seen == [double(2)]\n"
    )
    changed = "def double(x):\n    return 3 * x\n"
    assert bench.outcome(PurePosixPath("analysis/room.py"), changed) == "killed"


def test_report_counts_by_wing_and_shows_what_was_not_killed(mutants):
    def tried(path, outcome):
        diff = ["-    return 2 * x", "+    return 2 / x"]
        return {"path": PurePosixPath(path), "line": 7, "operator": "Mul_Div", "outcome": outcome, "diff": diff}

    text = mutants.report(
        [
            tried("analysis/text.py", "killed"),
            tried("analysis/models/tau2.py", "survived"),
            tried("analysis/models/tau2.py", "killed"),
        ],
        3,
    )
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert rows == ["| ground floor | 1 | 0 | 0 |", "| models | 1 | 1 | 0 |", "| all | 2 | 1 | 0 |"]
    assert text.startswith("# Mutants: 3 with seed 3")
    assert text.count("## ") == text.count("```diff") == 1
    assert "## analysis/models/tau2.py:7 survived" in text and "+    return 2 / x" in text


@pytest.mark.parametrize(
    ("changed", "another"),
    [
        ("x = dict(zip(a, b, strict=True))", False),
        ("x = dict(zip(a,  b, strict=False))", False),
        ("x = dict(zip(a, a, strict=True))", True),
        ("x = dict(zip(a, b, strict=True)", False),
    ],
)
def test_a_change_that_nothing_could_show_is_none(mutants, changed, another):
    assert mutants.means_another("x = dict(zip(a, b, strict=True))", changed) is another


def test_sample_is_seeded_has_every_wing_and_leaves_type_hints_alone(mutants, tmp_path):
    pytest.importorskip("cosmic_ray", reason="cosmic-ray comes with `make mutants`")
    for wing in ("data", "models"):
        (tmp_path / "analysis" / wing).mkdir(parents=True)
        (tmp_path / "analysis" / wing / "room.py").write_text("def f(x: int | None) -> int | None:\n    return x + 1\n")
    (tmp_path / "analysis" / "text.py").write_text("y: int | None = 3\n\n\ndef g(a):\n    return not a\n")
    drawn = list(mutants.sample(tmp_path, 6, 1))
    assert drawn == list(mutants.sample(tmp_path, 6, 1)) != list(mutants.sample(tmp_path, 6, 2))
    wings = [mutants.wing(path) for path, *_ in drawn]
    assert {wing: wings.count(wing) for wing in wings} == {"data": 2, "ground floor": 2, "models": 2}
    for path, line, _, changed in drawn:
        before = (tmp_path / path).read_text()
        assert changed != before and changed.count("int | None") == before.count("int | None")
        assert changed.splitlines()[line - 1] != before.splitlines()[line - 1]
