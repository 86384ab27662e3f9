"""A researcher's own trials: a small file from a spreadsheet, with the required columns only, runs every notebook."""

import functools
import json
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot

import analysis

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
HEADING = (
    "study;author;year;therapy;therapy_family;condition_group;design;scale;scale_min;scale_max;primary;arm;n;"
    "baseline_mean;baseline_sd;final_mean;final_sd;source"
)
ARMS = [
    ("meier2019", "Meier", 2019, 10, "treatment", 31, 6.1, 1.7, 4.2, 2.2),
    ("meier2019", "Meier", 2019, 10, "placebo", 29, 6.0, 1.6, 4.9, 2.1),
    ("rossi2021", "Rossi", 2021, 100, "treatment", 40, 58, 18, 35, 22),
    ("rossi2021", "Rossi", 2021, 100, "placebo", 38, 60, 17, 47, 21),
    ("smith2022", "Smith", 2022, 10, "treatment", 20, 5.5, 1.5, 4.1, ""),
    ("smith2022", "Smith", 2022, 10, "placebo", 20, 5.4, 1.4, 4.6, ""),
]


@pytest.fixture
def own_file(tmp_path):
    lines = [HEADING]
    for study, author, year, top, arm, *numbers in ARMS:
        about = [study, author, year, "TENS", "Electrical", "Low back", "parallel", "VAS", 0, top, "yes", arm]
        lines.append(";".join(map(str, [*about, *numbers, "Table 2"])))
    path = tmp_path / "own.csv"
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return path


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_runs_with_own_trials(notebook, own_file, tmp_path, monkeypatch):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert code.count("../data/trials.csv") == 1, "one path to change"
    code = code.replace("../data/trials.csv", own_file.as_posix())
    code = code.replace('["Light", "Magnetic field"]', '["Electrical"]').replace("../figures", tmp_path.as_posix())
    monkeypatch.chdir(notebook.parent)  # the published tables beside the trials stay those of the project
    # As SVG alone; `make notebooks` writes the other kinds, which take ten times as long.
    monkeypatch.setattr(analysis, "save_figure", functools.partial(analysis.save_figure, formats=["svg"]))
    with pd.option_context("display.max_colwidth", 50):
        exec(compile(code, notebook.name, "exec"), found := {})
    assert found.get("contrasts") is None, "reported differences of other trials stay out"
    pyplot.close("all")
    figures = list(tmp_path.glob("*.svg"))
    assert len(figures) == code.count("save_figure(")
    assert all(path.stat().st_size > 10_000 for path in figures)
