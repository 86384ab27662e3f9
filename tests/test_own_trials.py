"""A researcher's own trials: a small file from a spreadsheet, with the required columns only, runs every notebook."""

import ast
import functools
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot

import analysis

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("[0-9]*.ipynb"))
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


def run(cells, name):
    """Run code cells as a kernel does; return what they define, and the text of what each shows by its last line."""
    found, shown = {}, []
    for cell in cells:
        *body, last = ast.parse(cell).body
        value = isinstance(last, ast.Expr) and not cell.rstrip().endswith(";")
        exec(compile(ast.Module(body if value else [*body, last], []), name, "exec"), found)
        if value:
            shown.append(as_text(eval(compile(ast.Expression(last.value), name, "eval"), found)))
    return found, shown


def as_text(result):
    written = (getattr(result, name, lambda: None)() for name in ("_repr_markdown_", "_repr_html_"))
    return next(filter(None, written), repr(result))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_runs_with_own_trials(notebook, own_file, tmp_path, monkeypatch, capsys):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n\f\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert code.count("../data/trials.csv") == 1, "one path to change"
    code = code.replace("../data/trials.csv", own_file.as_posix())
    code = code.replace('["Light", "Magnetic field"]', '["Electrical"]').replace("../figures", tmp_path.as_posix())
    code = code.replace("../build/own", tmp_path.as_posix())
    monkeypatch.chdir(notebook.parent)  # the published tables beside the trials stay those of the project
    # As SVG alone; `make notebooks` writes the other kinds, which take ten times as long.
    monkeypatch.setattr(analysis, "save_figure", functools.partial(analysis.save_figure, formats=["svg"]))
    with pd.option_context("display.max_colwidth", 50):
        found, shown = run(code.split("\n\f\n"), notebook.name)
    assert found.get("contrasts") is None, "reported differences of other trials stay out"
    pyplot.close("all")
    figures = list(tmp_path.glob("*.svg"))
    assert len(figures) == code.count("save_figure(")
    assert all(path.stat().st_size > 10_000 for path in figures)
    drawn = [path.read_text(encoding="utf-8") for kind in ("svg", "md") for path in tmp_path.glob(f"*.{kind}")]
    said = " ".join([capsys.readouterr().out, *shown, *drawn])
    ours = analysis.read_trials(notebook.parent / "../data/trials.csv")
    assert ours.attrs["note"] and ours.attrs["note"] not in said and "onvenience" not in said
    if "claims" not in notebook.stem:  # the articles speak of pain and of trials of their own
        assert not set(names_of(ours)) & set(re.findall(r"[A-Z]\w+ \d{4}", said))


def names_of(trials):
    return analysis.effect_sizes(trials).labels


def test_notes_beside_own_trials_are_kept(own_file):
    own_file.with_suffix(".toml").write_text('outcome_name = "stiffness"\nnote = "Two of them are ours"\n')
    trials = analysis.read_trials(own_file)
    assert trials.attrs["note"] == "Two of them are ours"
    assert analysis.pool_arms(trials[trials["study"] != "smith2022"]).effects.outcome_name == "stiffness"


WRONG = [
    ("outcomename = 'pain'", "key 'outcomename': value 'pain': is not known. Did you mean 'outcome_name'?"),
    ("benefit = 'up'", "key 'benefit': value 'up': must be \"lower\" or \"higher\""),
    ("note = 3", "key 'note': value '3': must be a text"),
    ("events = 'x'", "key 'events': value 'x': must be a part [events]"),
    ("[events]\nnote = 'x'", "key 'events.note': value 'x': is not known. Use outcome_name, benefit"),
    ("note = x", "is no TOML"),
]


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_wrong_notes_are_refused_with_file_and_key(text, problem, own_file):
    own_file.with_suffix(".toml").write_text(text)
    with pytest.raises(analysis.TrialDataError) as error:
        analysis.read_trials(own_file)
    assert "own.toml" in str(error.value) and problem in str(error.value)


def test_notes_of_events_are_apart_from_those_of_scores(own_file):
    trials = analysis.read_trials(own_file)
    trials["events"] = 9.0
    usual = analysis.effect_sizes(trials, measure="RR")
    assert (usual.outcome_name, usual.benefit) == ("responders", "higher") and trials.attrs == {}
    assert analysis.effect_sizes(trials, measure="RR", benefit="lower").outcome_name == ""
    own_file.with_suffix(".toml").write_text(
        "outcome_name = 'function'\nbenefit = 'higher'\n[events]\noutcome_name = 'falls'"
    )
    trials = analysis.read_trials(own_file).assign(events=9.0)
    scores, falls = analysis.effect_sizes(trials), analysis.effect_sizes(trials, measure="RR")
    assert (scores.outcome_name, scores.benefit) == ("function", "higher")
    assert (falls.outcome_name, falls.benefit) == ("falls", None)
    assert analysis.read_trials(trials).attrs == trials[trials["n"] > 3].attrs == trials.attrs


def test_the_projects_own_tables_say_what_they_are():
    folder = NOTEBOOKS[0].parent.parent / "data"
    trials, contrasts = analysis.read_trials(folder / "trials.csv"), analysis.read_contrasts(folder / "contrasts.csv")
    assert trials.attrs == contrasts.attrs and set(trials.attrs) == {"outcome_name", "note"}
    assert analysis.contrast_effects(contrasts).outcome_name == "pain"
    assert analysis.with_contrasts(analysis.effect_sizes(trials), contrasts).outcome_name == "pain"
