"""A process that is killed, a disk that is full, another machine: old files stay whole, and numbers stay what they are.

Each environment is a process of its own, which takes a second or two to start.
"""

import contextlib
import errno
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bad_inputs.kinds import cells

import analysis as ma

ROOT = Path(__file__).parents[2]

RESULTS = """
import sys, warnings
from pathlib import Path
import analysis as ma
from bad_inputs.kinds import cells
warnings.simplefilter("error")
folder = Path(sys.argv[1])
effects = ma.effect_sizes(ma.read_trials(cells()))
table = effects.table.assign(weeks=[1.0, 2.5, 4.0], year=[2019, 2021, 2022])
arms = ma.pool_arms(effects)
line = ma.meta_regression("yi ~ log(weeks)", table, ci_method="z")
for name, result in {"pool": ma.pool(effects), "arms": arms, "regression": line}.items():
    text = result.summary() + result.to_frame().to_csv(float_format="%.10g")
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
ma.save_figure(ma.arms_forest(arms), folder / "figure", formats=["svg", "png"])
"""
SETTINGS = {
    "the locale C in ASCII": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONHASHSEED": "1"},
    "German, in Tokyo, four threads": {
        "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2",
        "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4",
    },
}  # fmt: skip
ORDERS, MOMENTS, HARMS = range(3), ("writing", "replacing"), ("full", "read-only")


def run(script, folder, **settings):
    """Run a script in a process, away from the folder of the project; what it wrote."""
    folder.mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON", "TZ"))}
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    plain = {
        "PYTHONPATH": path,
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=folder,
        env=own | plain | settings,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return run(RESULTS, tmp_path_factory.mktemp("usual") / "results")


@pytest.mark.parametrize("name", SETTINGS)
def test_every_byte_is_the_same_in_another_environment(name, usual, tmp_path):
    there = run(RESULTS, tmp_path / "results", **SETTINGS[name])
    assert there.keys() == usual.keys() and len(usual) == 8
    assert [file for file in usual if there[file] != usual[file]] == []


@pytest.mark.parametrize("seed", ORDERS)
def test_rows_and_columns_may_stand_in_any_order(seed):
    table, rng = cells(), random.Random(seed)
    usual = ma.effect_sizes(ma.read_trials(table))
    mixed = table.iloc[rng.sample(range(len(table)), len(table))][rng.sample(list(table), table.shape[1])]
    effects = ma.effect_sizes(ma.read_trials(mixed.reset_index(drop=True)))
    order = [effects.labels.index(label) for label in usual.labels]
    assert list(effects.yi[order]) == list(usual.yi) and list(effects.vi[order]) == list(usual.vi)
    assert figures_of(ma.pool(effects)) == figures_of(ma.pool(usual))


def figures_of(result):
    return sorted(re.findall(r"[−\d.]+", result.summary()))


KILLED = """
import os, signal, sys
from pathlib import Path
import analysis as ma
from analysis.plots import _save
folder = Path(sys.argv[1])
old, new = (ma.forest(ma.pool([0.1, 0.2], [0.1, 0.2]), title=title) for title in ("Old", "New"))

class Half:
    def __init__(self, file): self.file = file
    def __enter__(self): return self
    def __exit__(self, *_): self.file.close()
    def write(self, data):
        self.file.write(data[: len(data) // 2]); self.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

def writing():
    _save.open = lambda *given: Half(open(*given))

def replacing():
    replace, count = os.replace, []
    def second(*given):
        count.append(1)
        if len(count) == 2: os.kill(os.getpid(), signal.SIGKILL)
        return replace(*given)
    os.replace = second

for name, figure in (("old", old), ("new", new)):
    ma.save_figure(figure, folder / name / "figure", formats=["svg"])
for moment in (writing, replacing):
    ma.save_figure(old, folder / moment.__name__ / "figure", formats=["svg"])
    if not (child := os.fork()):
        moment()
        ma.save_figure(new, folder / moment.__name__ / "figure", formats=["svg"])
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
ma.save_figure(new, folder / "writing" / "figure", formats=["svg"])
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("processes are killed as POSIX systems do it")
    folder = tmp_path_factory.mktemp("killed") / "saves"
    with contextlib.suppress(IsADirectoryError):
        run(KILLED, folder)
    return {path.name: {each.name: each.read_bytes() for each in path.iterdir()} for path in folder.iterdir()}


def test_a_save_that_is_killed_leaves_each_file_old_or_new(killed):
    names = {"figure.svg", "figure.csv", "figure.drawing.csv", "figure.md"}
    assert killed["old"].keys() == killed["new"].keys() == names and killed["old"] != killed["new"]
    for moment in MOMENTS:
        assert all(killed[moment][name] in (killed["old"][name], killed["new"][name]) for name in names)


def test_a_save_after_one_that_was_killed_leaves_nothing_else(killed):
    assert killed["writing"] == killed["new"]


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a disk of its own, of one megabyte."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def fill(folder):
    with contextlib.suppress(OSError), (folder / "full").open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass


def seal(folder):
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


@pytest.mark.parametrize(
    ("harm", "number", "remedy"),
    [(fill, errno.ENOSPC, "make room"), (seal, errno.EROFS, "choose a place where you may write")],
    ids=HARMS,
)
def test_a_disk_that_takes_nothing_more_leaves_the_old_files(small_disk, harm, number, remedy):
    old, new = (ma.forest(ma.pool([0.1, 0.2], [0.1, 0.2]), title=title) for title in ("Old", "New"))
    files = ma.save_figure(old, small_disk / "figure", formats=["svg"])
    before = [file.read_bytes() for file in files]
    harm(small_disk)
    with pytest.raises(OSError) as caught:
        ma.save_figure(new, small_disk / "figure", formats=["svg"])
    assert caught.value.errno == number
    assert re.search(rf"figure\.svg: .*; {remedy}.* \(nothing was written", str(caught.value))
    assert [file.read_bytes() for file in files] == before
    assert {path.name for path in small_disk.iterdir()} - {"full"} == {file.name for file in files}
