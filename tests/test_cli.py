"""The command line, as who types it sees it: what is printed, what is left behind, and the exit code."""

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from test_studies import FUNCTION, INFECTED, review

import analysis as ma
from analysis import __main__ as cli
from analysis.data.dictionary import TRIALS
from analysis.data.template import SHAPES, columns_of
from analysis.data.wide import COLUMN_ARGUMENTS

ROOT = Path(__file__).parents[1]
MEANS = (
    "study,mean_t,sd_t,n_t,mean_p,sd_p,n_p,group\nA,5,2,20,6,2,21,x\nB,4,1.5,30,6,2,29,x\n"
    "C,5,2,25,5.5,2,25,y\nD,4,2,22,6,2,20,y\n"
)
COUNTS = "study,events_t,n_t,events_p,n_p\nA,4,120,11,118\nB,7,210,12,205\nC,3,95,14,97\n"
ODD = (
    "Author;Mean laser;SD laser;N laser;Mean sham;SD sham;N sham\n"
    "Abe 2016;3,1;1,4;30;4,2;1,5;29\nBerg 2018;2,8;1,2;44;3,5;1,3;46\nCruz 2021;3,6;1,6;25;4,4;1,5;24\n"
)
SHAPES_OF_ROWS = {
    "means": (MEANS, "MD"),
    "counts": (COUNTS, "RR"),
    "person-time": ("study,events_t,time_t,events_p,time_p\nA,4,120,11,118\nB,7,210,12,205\nC,3,95,14,97\n", "IRR"),
    "scores": (
        "trial,baseline_mean_t,baseline_sd_t,final_mean_t,final_sd_t,n_t,baseline_mean_p,baseline_sd_p,final_mean_p,"
        "final_sd_p,n_p,correlation\nA,6,2,4,2,20,6,2,5,2,21,0.5\nB,7,2,4,2,25,7,2,6,2,26,0.5\n",
        "MD",
    ),
    "one mean": ("study,mean,sd,n\nA,5,2,20\nB,6,2,30\n", "MN"),
    "one count": ("study,events,n\nA,5,20\nB,6,30\n", "PLO"),
    "correlations": ("study,r,n\nA,0.5,20\nB,0.6,30\n", "ZCOR"),
    "changes": ("study,mean_pre,sd_pre,mean_post,sd_post,n,correlation\nA,6,2,5,2,20,.5\nB,6,2,4,2,30,.5\n", "MC"),
    "yi and se": ("study,yi,se\nA,0.1,0.2\nB,0.3,0.2\n", ""),
    "yi and vi": ("study,yi,vi\nA,0.1,0.2\nB,0.3,0.2\n", "SMD"),
    "yi and p": ("study,yi,p\nA,0.4,0.02\nB,0.3,0.2\n", "MD"),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(here, capsys):
    """Run a command in an empty folder: exit code, output, and what was said beside it."""

    def call(*words, **files):
        for name, text in files.items():
            (here / name.replace("_", ".", 1)).write_text(text, encoding="utf-8")
        code = cli.main([str(word) for word in words])
        return code, *capsys.readouterr()

    return call


ENDINGS = ("svg", "pdf", "png", "csv", "drawing.csv", "md")


def in_process_of_its_own(*words, cwd, **more):
    env = {**os.environ, "PYTHONPATH": str(ROOT)} | more.pop("env", {})
    return subprocess.run([sys.executable, "-m", "analysis", *words], cwd=cwd, env=env, capture_output=True, **more)


# ---------------------------------------------------------------------------------------------------------- the command


def test_every_argument_of_a_column_is_an_option():
    known = {name for names in cli.COLUMNS.values() for name in names.split()} | {*cli.INTERVALS, "correlation"}
    assert known == set(COLUMN_ARGUMENTS)
    assert cli.SHAPES == SHAPES


def test_help_comes_without_the_heavy_libraries(here):
    code = "import sys\nfrom analysis.__main__ import main\nmain(['--help'])\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert loaded & {"numpy", "scipy", "pandas", "matplotlib", "statsmodels", "pandera", "openpyxl"} == set()


@pytest.mark.parametrize("command", ["", "template", "check", "effects", "pool", "report"])
def test_help_has_examples_that_are_commands(run, command):
    code, out, _ = run(*filter(None, [command]), "--help")
    assert code == 0 and "exit codes: 0 fine, 1 problems in the data, 2" in out
    examples = re.findall(r"^  python -m analysis (.*?)(?:  .*)?$", out.replace("\\\n", " "), re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        words = shlex.split(example.split(" | ")[0])
        assert cli._parser().parse_args(words).command == words[0]


def test_usage_errors_say_what_was_meant(run):
    assert run()[0] == 2
    for words, said in (
        (("chek", "x.csv"), "did you mean check?"),
        (("check",), "FILE"),
        (("check", "none.csv"), "there is no such file"),
        (("check", "x.csv", "--mean-treated", "a"), "--mean-treated"),
        (("pool", "x.csv"), "the measure is not named"),
        (("pool", "x.csv", "--measure", "SDM"), "SMD"),
        (("pool", "x.csv", "--measure", "MD", "--mean-t", "mean"), "did you mean"),
        (("pool", "x.csv", "--measure", "MD", "--by", "dose"), "it has study, mean_t"),
        (("report", "x.csv", "--measure", "MD", "--formats", "pdf"), "give some of html"),
        (("check", "x.csv", "--outcome", "1.2"), "holds one outcome"),
        (("template", "mine.csv"), "ends in .xlsx"),
    ):
        code, out, err = run(*words, x_csv=MEANS)
        assert (code, out) == (2, "") and said in err, (words, err)
        assert "Traceback" not in err


# ------------------------------------------------------------------------------------------------------------- checking


@pytest.mark.parametrize("shape", SHAPES_OF_ROWS)
def test_every_shape_needs_no_names_of_columns(run, shape):
    text, measure = SHAPES_OF_ROWS[shape]
    code, out, err = run("check", "x.csv", *(["--measure", measure] if measure else []), x_csv=text)
    assert code == 0 and out.startswith("x.csv: fine."), err
    code, out, _ = run("pool", "x.csv", "--json", *(["--measure", measure] if measure else []))
    told = json.loads(out)
    frame = pd.read_csv(io.StringIO(text))
    expected = ma.pool(ma.effect_sizes(frame, measure=measure))
    assert told["pooled"]["estimate"] == pytest.approx(expected.estimate, rel=1e-12)
    assert told["pooled"]["ci"] == pytest.approx(list(expected.ci), rel=1e-12) and told["measure"] == measure
    assert told["pooled"]["shown"]["estimate"] == pytest.approx(expected.shown("estimate"))


def test_a_table_of_arms(run):
    path = ROOT / "data" / "trials.csv"
    code, out, _ = run("pool", path, "--json", "-o", "out")
    expected = ma.pool(ma.effect_sizes(ma.read_trials(path)))
    assert code == 0 and json.loads(out)["pooled"]["estimate"] == pytest.approx(expected.estimate)
    code, out, _ = run("check", path)
    assert "left out: " in out and "derived in " in out
    broken = path.read_text(encoding="utf-8").replace("Low-level laser", "Lowlevel laser", 1)
    code, out, _ = run("check", "x.csv", x_csv=broken)
    assert code == 1 and "Lowlevel laser" in out and "is not in the closed list" in out
    assert run("check", "x.csv", "--allow", "therapy", "Lowlevel laser")[0] in (0, 1)


def test_all_problems_stand_in_a_table(run):
    text = MEANS.replace("A,5,2,20", "A,five,2,20").replace("C,5,2,25", "C,5,-2,25.5")
    code, out, err = run("check", "x.csv", "--measure", "MD", x_csv=text)
    assert code == 1 and err == "reading x.csv\n"
    lines = out.splitlines()
    assert lines[0] == "x.csv: 3 problems"
    assert lines[2].split() == ["row", "column", "study", "value", "rule"]
    assert re.match(r"2 +mean_t +A +five +this is not a number", lines[4])
    assert "Correct it, or leave it blank where it is not known." in out
    assert re.search(r"^4 +sd_t +C +-2 ", out, re.MULTILINE) and re.search(r"^4 +n_t +C +25.5 ", out, re.MULTILINE)
    code, out, _ = run("check", "x.csv", "--measure", "MD", "--json")
    told = json.loads(out)
    assert code == 1 and [each["row"] for each in told["problems"]] == [2, 4, 4]
    assert set(told["problems"][0]) == {"row", "study", "column", "value", "rule", "remedy"}


def test_a_guess_is_offered_and_can_be_run(run):
    code, out, err = run("pool", "odd.csv", odd_csv=ODD)
    assert (code, out) == (2, "") and "--measure SMD" in err and "check it, then run it" in err
    line = next(each for each in err.splitlines() if each.startswith("  python"))
    words = shlex.split(line)[3:]
    assert words[:2] == ["pool", "odd.csv"] and "--arms" in words
    code, out, err = run(*words)
    assert code == 0 and "Laser" not in err
    expected = ma.pool(ma.effect_sizes(ma.read_studies("odd.csv"), measure="MD", study="Author", **NAMES))
    assert f"{expected.estimate:.2f}".replace("-", "−") in out
    assert {path.name for path in Path("odd").iterdir()} == {f"forest.{x}" for x in ENDINGS}


NAMES = {"mean_t": "Mean laser", "sd_t": "SD laser", "n_t": "N laser"}
NAMES |= {"mean_p": "Mean sham", "sd_p": "SD sham", "n_p": "N sham"}


def test_check_says_what_comes_next(run):
    code, out, _ = run("check", "x.csv", "--measure", "MD", "--outcome-name", "low back pain", x_csv=MEANS)
    line = out.splitlines()[-1]
    assert code == 0 and line == "  python -m analysis pool x.csv --measure MD --outcome-name 'low back pain'"
    assert run(*shlex.split(line)[3:])[0] == 0
    line = run("check", "x.csv")[1].splitlines()[-1]
    assert line.endswith("pool x.csv --measure MD") and run(*shlex.split(line)[3:])[0] == 0


def test_check_says_what_it_took_by_the_headings_of_a_program(run):
    vaccine = (ROOT / "tests" / "data" / "colditz1994.csv").read_text(encoding="utf-8")
    out = run("check", "x.csv", x_csv=vaccine)[1]
    assert "taken by headings: events_t tpos, n_t tpos + tneg, events_p cpos, n_p cpos + cneg\n" in out
    assert "which arm is treated is a guess: that of 'tpos', not that of 'cpos'\n" in out
    line = out.splitlines()[-1]
    assert line == "  python -m analysis pool x.csv --measure RR --label author"
    told = json.loads(run(*shlex.split(line)[3:], "--json")[1])
    assert told["pooled"]["estimate"] == pytest.approx(-0.7145, abs=5e-4)  # by metafor
    assert "taken" not in run("check", "y.csv", "--measure", "MD", y_csv=MEANS)[1]


def test_what_is_offered_calls_the_program_as_it_was_called(here):
    (here / "x.csv").write_text(MEANS)
    done = in_process_of_its_own("check", "x.csv", "--measure", "MD", cwd=here, text=True)
    words = shlex.split(done.stdout.splitlines()[-1])
    assert words == [sys.executable, "-m", "analysis", "pool", "x.csv", "--measure", "MD"]
    code = (
        "import sys; from analysis.__main__ import main; sys.argv[0] = 'pain-meta-analysis'; main(['check', 'x.csv'])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=here, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "  pain-meta-analysis pool x.csv --measure MD"


def test_arguments_are_told_as_options():
    said = "Read it with decimal=',', or leave such rows out with missing='drop'; give overwrite=True, ci_t=, n_t='x'"
    told = (
        "Read it with --decimal ',', or leave such rows out with --missing 'drop'; give --overwrite, --ci-t, --n-t 'x'"
    )
    assert cli._as_options(said) == told and cli._as_options("a measure = b, p=0.3") == "a measure = b, p=0.3"


def test_headings_that_say_nothing(run):
    code, _, err = run("pool", "x.csv", x_csv="who,a,b\nA,1,2\nB,2,3\n")
    assert code == 2 and "Its columns are: who, a, b." in err and "python -m analysis template" in err


def test_a_number_for_all_rows_and_both_limits(run):
    text = "study,ratio,low,high\nA,0.71,0.55,0.92\nB,0.88,0.62,1.25\n"
    code, out, _ = run(
        "effects", "x.csv", "--measure", "HR", "--yi", "ratio", "--ci", "low", "high", "-o", "-", x_csv=text
    )
    frame = pd.read_csv(io.StringIO(out))
    assert code == 0 and frame["yi"].tolist() == pytest.approx(np.log([0.71, 0.88]))
    scored = SHAPES_OF_ROWS["scores"][0].replace(",correlation", "").replace(",0.5\n", "\n")
    words = ("--measure", "MD", "--correlation", "0.7", "--scale-min", "0", "--scale-max", "20", "--json", "-o", "-")
    told = json.loads(run("effects", "x.csv", *words, x_csv=scored)[1])
    frame = pd.read_csv(io.StringIO(scored))
    expected = ma.effect_sizes(frame, measure="MD", correlation=0.7, scale_min=0, scale_max=20)
    assert [row["yi"] for row in told["effects"]] == pytest.approx(expected.yi.tolist())


def test_rows_without_an_effect(run):
    text = COUNTS + "D,,50,3,50\n"
    assert run("check", "x.csv", "--measure", "RR", x_csv=text)[0] == 1
    code, out, _ = run("check", "x.csv", "--measure", "RR", "--missing", "drop")
    assert code == 0 and "left out: D: events_t is not known" in out
    code, out, _ = run("effects", "x.csv", "--measure", "RR", "--missing", "drop")
    assert pd.read_csv("x/left_out.csv")["label"].tolist() == ["D"] and "wrote" in out
    assert run("pool", "x.csv", "--measure", "RR", x_csv="study,events_t,n_t,events_p,n_p\nA,,9,1,9\n")[0] == 1


def test_a_review_of_revman(run):
    text = review(INFECTED, FUNCTION)
    code, out, _ = run("check", "r.rm5", r_rm5=text)
    out = " ".join(out.split())
    assert code == 1 and "1.1 Infections" in out and "1.2 Function" in out
    code, out, _ = run("pool", "r.rm5", "--outcome", "1.1", "--json")
    told = json.loads(out)
    assert code == 0 and (told["measure"], told["arms"], told["benefit"]) == ("RR", ["Vaccine", "No vaccine"], "lower")


# ------------------------------------------------------------------------------------------------- template and report

FILLED = {
    "means": [["A", 2019, 5, 2, 20, 6, 2, 21], ["B", 2020, 4, 1.5, 30, 6, 2, 29]],
    "counts": [["A", 2019, 4, 120, 11, 118], ["B", 2020, 7, 210, 12, 205]],
    "effects": [["A", 2019, 0.1, 0.2], ["B", 2020, 0.3, 0.25]],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_template_is_read_back_once_it_is_filled_in(run, shape):
    code, out, _ = run("template", "mine.xlsx", "--shape", shape)
    assert code == 0 and "python -m analysis check mine.xlsx" in out
    assert run("check", "mine.xlsx")[0] == 1  # nobody filled it in
    book = openpyxl.load_workbook("mine.xlsx")
    sheet, about = book.worksheets[0], book["about"]
    names = [cell.value for cell in sheet[1]]
    if shape == "arms":
        for arm, mean in (("treatment", 4), ("placebo", 5)):
            for study in "AB":
                known = {"study": study, "arm": arm, "n": 20, "scale_min": 0, "scale_max": 10}
                known |= {"baseline_mean": 7, "baseline_sd": 2, "final_mean": mean, "final_sd": 2}
                sheet.append([known.get(name) for name in names])
    else:
        for row in FILLED[shape]:
            sheet.append(row)
    keys = [row[0].value for row in about.iter_rows(min_row=2)]
    said = {"measure": {"means": "SMD", "counts": "OR", "effects": "HR"}.get(shape), "benefit": "lower"}
    said |= {"arm_t": "laser", "arm_p": "sham", "outcome_name": "pain"}
    for key, value in said.items():
        about.cell(keys.index(key) + 2, 2, value)
    book.save("mine.xlsx")
    code, out, err = run("check", "mine.xlsx", "--json")
    told = json.loads(out)
    assert code == 0, err
    assert (told["measure"], told["k"]) == (said["measure"] or "MD", 2)
    assert (told["arms"], told["benefit"], told["outcome_name"]) == (["laser", "sham"], "lower", "pain")
    assert run("effects", "mine.xlsx")[0] == 0 and Path("mine/effects.csv").is_file()


@pytest.mark.parametrize("shape", SHAPES)
def test_drop_downs_hold_the_words_of_the_dictionary(run, shape):
    run("template", "mine.xlsx", "--shape", shape)
    book = openpyxl.load_workbook("mine.xlsx")
    sheet, lists = book.worksheets[0], book["lists"]
    rules = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    for at, column in enumerate(columns_of(shape), 1):
        rule = rules.get(sheet.cell(2, at).coordinate)
        assert sheet.cell(1, at).value == column.name and column.meaning in sheet.cell(1, at).comment.text
        if column.words:
            cells = lists[rule.formula1.removeprefix("=lists!").replace("$", "")]
            assert tuple(cell.value for (cell,) in cells) == tuple(TRIALS.vocabulary[column.name])
    explained = {row[0].value for row in book["columns"].iter_rows(min_row=2)}
    assert {column.name for column in columns_of(shape)} <= explained
    assert lists.sheet_state == "hidden"


def test_a_template_that_was_filled_in_is_not_replaced(run):
    assert run("template")[0] == 0 and run("template", "--shape", "arms")[0] == 0
    assert Path("studies.xlsx").is_file() and Path("trials.xlsx").is_file()
    code, _, err = run("template")
    assert code == 3 and "--force" in err
    assert run("template", "--force")[0] == 0


def test_report_leaves_a_folder(run, monkeypatch):
    asked = {}

    def report(result, folder, formats, *, overwrite=False, risk_of_bias=None, title=None):
        path = Path(folder) / "report.html"
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} is there: give overwrite=True to replace it")
        asked.update(k=result.k, formats=formats, risk_of_bias=risk_of_bias, title=title)
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        return [path]

    monkeypatch.setattr(ma, "report", report, raising=False)
    words = ("report", "x.csv", "--measure", "MD", "--formats", "html,md", "-o", "out")
    code, out, _ = run(*words, x_csv=MEANS)
    path = Path("out/report.html")
    assert (code, out) == (0, f"wrote {path}\nread {path}\n")
    assert asked == {"k": 4, "formats": ("html", "md"), "risk_of_bias": None, "title": None}
    code, _, err = run(*words)
    assert code == 3 and "give --overwrite to replace it" in err
    judged = "Study,D1,Overall\nA,Low,Low\nB,High,High\n"
    more = ("--overwrite", "--risk-of-bias", "rob.csv", "--tool", "RoB 2", "--title", "Pain")
    assert run(*words, *more, rob_csv=judged)[0] == 0
    assert asked["title"] == "Pain" and asked["risk_of_bias"]["study"].unique().tolist() == ["A", "B"]
    assert run(*words, *more[:3])[0] == 1  # without a tool


def test_what_cannot_be_written(run, here):
    (here / "taken").write_text("x")
    code, _, err = run("pool", "x.csv", "--measure", "MD", "-o", "taken", x_csv=MEANS)
    assert code == 3 and "taken is a file" in err
    code, _, err = run("effects", "x.csv", "--measure", "MD", "-o", "taken/below")
    assert code == 3 and "choose another place" in err


def test_groups(run):
    code, out, _ = run("pool", "x.csv", "--measure", "MD", "--by", "group", "--json", x_csv=MEANS)
    told = json.loads(out)
    assert code == 0 and set(told["groups"]) == {"x", "y"} and told["pooled"]["k"] == 4


def test_rows_of_arms_under_other_headings_are_no_studies(run):
    text = "study,treatment,ni,mi,sdi\nA,drug,20,4,1\nA,placebo,21,5,1\nB,drug,30,4,1\nB,placebo,31,6,1\n"
    for command in ("check", "pool"):
        code, out, err = run(command, "x.csv", x_csv=text)
        assert (code, out) == (2, "") and "one row an arm" in err
        assert "  treatment  arm\n" in err and "  mi         final_mean or change_mean\n" in err
    assert run("check", "x.csv", "--measure", "MN")[0] == 0
    assert "one row an arm" in run("check", "x.csv", "--measure", "MD")[2]
    assert "one row an arm" in run("pool", "x.csv", "--both-arms")[2]
    assert "one row an arm" not in run("check", "x.csv", "--measure", "MD", "--yi", "mi", "--se", "sdi")[2]
    renamed = text.replace("study,treatment,ni,mi,sdi", "study,arm,n,final_mean,final_sd").replace("drug", "treatment")
    renamed = re.sub("$", ",0,20", renamed.strip(), flags=re.MULTILINE).replace("sd,0,20", "sd,scale_min,scale_max")
    code, out, err = run("check", "y.csv", y_csv=renamed)
    assert code == 0 and "2 effects" in out


def test_a_table_of_arms_with_counts_alone_asks_for_a_measure(run):
    text = "study,arm,n,events\nA,treatment,20,4\nA,placebo,21,9\nB,treatment,30,5\nB,placebo,31,8\n"
    code, out, err = run("check", "x.csv", x_csv=text)
    line = out.splitlines()[-1]
    assert code == 0 and line == "  python -m analysis pool x.csv --measure RR" and "checked as RR" in err
    code, _, err = run("pool", "x.csv")
    assert code == 2 and "--measure OR    odds ratio" in err
    assert run(*shlex.split(line)[3:])[0] == 0


def test_a_guess_says_what_it_does_not_know(run):
    school = (ROOT / "tests" / "data" / "rubin1981.csv").read_text(encoding="utf-8")
    _, _, err = run("check", "x.csv", x_csv=school)
    assert "check x.csv --study school --yi effect\n" in err and "add it: --measure MD" in err
    training = "study,pre1,sdpre1,post1,sdpost1,n1,pre2,sdpre2,post2,sdpost2,n2,r\nA,6,2,5,2,20,6,2,6,2,20,0.5\n"
    _, _, err = run("check", "y.csv", y_csv=training)
    assert "--n-p n2 --correlation r\n" in err and "--measure may be SMD, if their scales differ; SMDH" in err
    smoke = (ROOT / "tests" / "data" / "hackshaw1998.csv").read_text(encoding="utf-8")
    _, _, err = run("check", "z.csv", z_csv=smoke)
    assert "--measure OR --label author --yi or --ci or.lb or.ub --log no\n" in err
    _, _, err = run("check", "z.csv", "--study", "study", "--missing", "drop")
    assert "check z.csv --study study --missing drop --measure OR --yi or" in err
    _, _, err = run("check", "w.csv", w_csv="who,effect,SE\nA,1,0.5\nA,2,1\n")
    assert "no heading tells the names of the studies: --study" in err


# --------------------------------------------------------------------------------------- both arms, and three levels

SCORES = (
    "Trial,b1,bs1,e1,es1,n1,b2,bs2,e2,es2,n2,Kind\nDahl 2015,24,5,15,6,40,23,5,19,6,41,x\n"
    "Endo 2019,27,6,17,7,28,26,6,20,7,30,x\nFox 2022,22,4,16,6,35,22,5,18,6,33,y\n"
)
SCORED = {"baseline_mean_t": "b1", "baseline_sd_t": "bs1", "final_mean_t": "e1", "final_sd_t": "es1", "n_t": "n1"}
SCORED |= {name[:-1] + "p": column[:-1] + "2" for name, column in SCORED.items()}
NAMED = [word for name, column in SCORED.items() for word in (f"--{name.replace('_', '-')}", column)]
NESTED = "study,yi,se,kind\nA,-1.1,0.4,x\nA,-0.8,0.4,y\nB,-0.3,0.3,x\nC,-0.9,0.5,x\nC,-1.2,0.5,y\n"


def test_both_arms_of_a_table_of_arms(run):
    words = ("pool", ROOT / "data" / "trials.csv", "--both-arms", "--json", "-o", "out")
    code, out, _ = run(*words, "--by", "therapy_family", "--tau2-method", "PM")
    told, expected = json.loads(out), ma.pool_arms(trials(), by="therapy_family", tau2_method="PM")
    assert code == 0 and told["pooled"] == told["both_arms"]["contrast"]
    assert list(told["groups"]) == list(expected.groups)
    for one, its in ((told["both_arms"], expected), (told["groups"]["Light"], expected.groups["Light"])):
        for role in ("placebo", "treatment", "contrast"):
            assert one[role]["estimate"] == getattr(its, role).estimate and one[role]["k"] == getattr(its, role).k
            assert one[role]["tau2_method"] == "PM"
    assert "under placebo and under treatment" in Path("out/forest.md").read_text(encoding="utf-8")
    assert "groups" not in json.loads(run(*words)[1])


def trials():
    return ma.read_trials(ROOT / "data" / "trials.csv")


def test_both_arms_of_a_table_with_one_row_a_study(run):
    about = ("--study", "Trial", "--scale-min", 0, "--scale-max", 30, "--arms", "exercise", "waiting list")
    words = ("x.csv", *about, *NAMED, "--correlation", 0.6, "--benefit", "lower")
    code, out, _ = run("pool", *words, "--both-arms", "--json", x_csv=SCORES)
    frame = pd.read_csv("x.csv")
    options = {"study": "Trial", "scale_min": 0, "scale_max": 30, "correlation": 0.6, "benefit": "lower"}
    arms = ma.pool_arms(ma.trials_from_wide(frame, arms=("exercise", "waiting list"), **options, **SCORED))
    told = json.loads(out)
    assert code == 0 and told["both_arms"]["placebo"]["estimate"] == arms.placebo.estimate
    assert told["both_arms"]["treatment"]["ci"] == list(arms.treatment.ci) and told["benefit"] == "lower"
    out = run("pool", *words, "--both-arms", "--by", "Kind")[1]
    assert out.startswith("Changes within arms and mean differences, exercise minus waiting list") and "\ny\n" in out
    # What check offers runs as it stands.
    *_, said, line = run("check", *words)[1].splitlines()
    assert said == "or, with placebo beside treatment:" and line.endswith("--measure MD --both-arms")
    assert run(*shlex.split(line)[3:])[0] == 0
    assert "both-arms" not in run("check", "x.csv", "--study", "Trial", *NAMED)[1], "a scale without ends"


def test_a_guess_for_both_arms_keeps_what_was_typed(run):
    code, out, err = run("pool", "x.csv", "--both-arms", "--benefit", "lower", x_csv=SCORES)
    line = next(each for each in err.splitlines() if each.startswith("  python"))
    assert (code, out) == (2, "") and "--both-arms wants the ends of the scale too" in err and "SMD" not in err
    assert "which arm is treated is a guess: that of 'b1', not that of 'b2'" in err
    words = shlex.split(line)[3:]
    assert words[:5] == ["pool", "x.csv", "--both-arms", "--benefit", "lower"]
    code, _, err = run(*words)
    assert code == 2 and "as in --scale-min 0 --scale-max 10; without --both-arms scores are pooled in their own" in err
    assert run(*words, "--scale-min", 0, "--scale-max", 30)[0] == 0


@pytest.mark.parametrize("by", ["--cluster", None])
def test_three_levels(run, by):
    path = ROOT / "data" / "trials.csv"
    words = ("pool", path, "--times", "all", *([by, "study"] if by else []), "-o", "out")
    code, out, err = run(*words, "--json")
    told, effects = json.loads(out), ma.effect_sizes(trials(), times="all")
    assert code == 0 and ("its" in err or "--cluster COLUMN does not" in err) is (by is None)
    if by is None:
        assert "sigma2" not in told["pooled"]
        return
    expected = ma.pool_multilevel(effects)
    assert told["pooled"]["sigma2"] == {"between": expected.sigma2.between, "within": expected.sigma2.within}
    assert told["pooled"]["ci"] == list(expected.ci) and told["pooled"]["clusters"] == expected.clusters == 44
    assert "tau2" not in told["pooled"] and told["pooled"]["i2"]["within"] == expected.i2.within
    assert Path("out/forest.svg").is_file()


def test_check_offers_three_levels_where_studies_stand_in_several_rows(run):
    *_, said, line = run("check", "x.csv", "--measure", "MD", x_csv=NESTED)[1].splitlines()
    assert said.endswith("in three levels:") and line == "  python -m analysis pool x.csv --measure MD --cluster study"
    code, out, _ = run(*shlex.split(line)[3:], "--ci-method", "CR1")
    assert code == 0 and out.startswith("Three-level meta-analysis") and "CR1" in out
    assert "three levels" not in run("check", "x.csv", "--measure", "MD", "--cluster", "study")[1]
    assert "three levels" not in run("check", "y.csv", "--measure", "MD", y_csv=MEANS)[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--cluster study --by kind", "--cluster pools in three levels, and --by does not; leave one of them out"),
        ("--cluster study --both-arms", "--cluster pools in three levels, and --both-arms does not"),
        ("--cluster study --pi-method z", "--pi-method is not for --cluster"),
        ("--cluster study --tau2-method DL", "--tau2-method DL: give one of REML, ML with --cluster"),
        ("--cluster study --ci-method HKSJ", "--ci-method HKSJ: give one of CR2, CR1, t, z with --cluster"),
        ("--cluster trial", "'trial' is not a column of the table; it has study, yi, se, kind"),
        ("--cluster kind --tau2-method REMl", "did you mean REML?"),
        ("--cluster yi", "every cluster has a single effect, so there is nothing nested; leave --cluster out"),
        ("--ci-method CR2", "--ci-method CR2: give one of HKSJ-wide"),
        ("--confidence-level 95", "give a number between 0 and 1, such as 0.95"),
        ("--both-arms", "no trial has the scores of both arms before and after"),
        ("--both-arms --measure SMD", "--both-arms is of means, and --measure SMD is not"),
    ],
)
@pytest.mark.parametrize("command", ["pool", "report"])
def test_what_does_not_go_together_is_a_wrong_command(run, command, words, said):
    words = words.split() if "SMD" in words or words == "--both-arms" else ["--measure", "MD", *words.split()]
    code, out, err = run(command, "x.csv", *words, x_csv=NESTED)
    assert (code, out) == (2, "") and said in err, err
    assert list(Path().iterdir()) == [Path("x.csv")]


def test_both_arms_of_counts(run):
    code, _, err = run("pool", "x.csv", "--both-arms", "--measure", "MD", x_csv=COUNTS)
    assert code == 2 and "name such columns: --baseline-mean-t, --final-mean-t, or --change-mean-t" in err
    means = MEANS.replace("group", "scale_min,scale_max").replace(",x\n", ",0,10\n").replace(",y\n", ",0,10\n")
    code, _, err = run("pool", "x.csv", "--both-arms", x_csv=means)
    assert code == 2 and "no trial has the scores of both arms before and after" in err


@pytest.mark.parametrize(
    ("words", "model"), [("--both-arms", "PooledArms"), ("--times all --cluster study", "MultilevelEffect")]
)
def test_a_report_of_both_arms_and_of_three_levels(run, words, model):
    words = ("report", ROOT / "data" / "trials.csv", *words.split(), "--formats", "json", "-o", "out")
    code, out, _ = run(*words)
    assert code == 0 and str(Path("out/report.json")) in out
    assert json.loads(Path("out/report.json").read_text(encoding="utf-8"))["model"] == model


# ---------------------------------------------------------------------------------------------------------- the console


def test_json_is_one_object_of_a_version(run):
    code, out, err = run("pool", "x.csv", "--measure", "MD", "--json", "-q", x_csv=MEANS)
    told = json.loads(out)
    assert code == 0 and told["format"] == 1 and told["command"] == "pool" and err == ""
    assert told["files"] and isinstance(told["notes"], list)
    code, out, _ = run("pool", "x.csv", "--json")
    assert code == 2 and "measure" in json.loads(out)["error"]


def test_a_console_without_the_minus_sign(here):
    (here / "x.csv").write_text(MEANS)
    done = in_process_of_its_own("pool", "x.csv", "--measure", "MD", cwd=here, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert b"Estimate      -" in done.stdout and b"tau2" in done.stdout and b"?" not in done.stdout


def test_colours_only_on_a_terminal(here, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert cli._coloured("x", "31", io.StringIO()) == "x"
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert cli._coloured("x", "31", Terminal()) == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli._coloured("x", "31", Terminal()) == "x"


def test_a_reader_that_has_enough(here):
    (here / "x.csv").write_text(MEANS)
    command = [sys.executable, "-m", "analysis", "effects", "x.csv", "--measure", "MD", "-o", "-", "-q"]
    with subprocess.Popen(
        command, cwd=here, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(60), said) == (0, b"")


def test_stopped_by_hand(run, monkeypatch):
    monkeypatch.setattr(cli, "_effects", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    code, _, err = run("check", "x.csv", "--measure", "MD", x_csv=MEANS)
    assert code == 128 + signal.SIGINT and err.endswith("stopped\n") and "Traceback" not in err


def test_a_fault_of_the_program_is_one_line(run, monkeypatch):
    monkeypatch.setattr(cli, "_effects", lambda *_: {}["x"])
    code, _, err = run("check", "x.csv", "--measure", "MD", x_csv=MEANS)
    assert code == 3 and "a fault of the program (KeyError" in err and len(err.splitlines()) == 2
    with pytest.raises(KeyError):
        run("check", "x.csv", "--debug")


def test_warnings_of_the_library_are_notes(run):
    text = MEANS.replace("B,4", "A,4")
    code, out, err = run("pool", "x.csv", "--measure", "MD", "--json", x_csv=text)
    assert code == 0 and "note: " in err and json.loads(out)["notes"]


@pytest.mark.parametrize("command", ["check", "pool", "report"])
def test_a_column_that_looks_like_the_names_of_studies_is_offered(run, command):
    code, _, err = run(command, "x.csv", "--measure", "MD", x_csv=MEANS.replace("study", "Paper"))
    assert code == 0 and "'Paper' looks like their names: give --study 'Paper'" in err
    assert "Paper" not in run("check", "x.csv", "--measure", "MD", "--study", "Paper")[2]


@pytest.mark.parametrize(
    "text", ["", "\x00", "study\n", "study,yi,se\nA,1\n", '"study,yi\nA,1\n', "study,yi,se\nA,#REF!,1\n"]
)
def test_broken_files_are_problems(run, text):
    code, out, err = run("check", "x.csv", x_csv=text)
    assert code in (1, 2) and "Traceback" not in err + out and (out or "error: " in err)


# ------------------------------------------------------------------------------ from a published table to its report


def as_offered(out, err):
    """The last line that a command offers, to be typed behind the name of the program."""
    return shlex.split([line for line in (err + out).splitlines() if line.startswith("  python")][-1])[3:]


# What metafor 3.8-1 pools, by REML (tests/data/README.md).
@pytest.mark.parametrize(
    ("table", "exit_code", "more", "estimate", "tau2", "first"),
    [
        ("normand1999", 0, ("--measure", "SMD"), -0.537108258432960, 0.790842913750769, "1"),
        ("colditz1994", 0, (), -0.714532342158139, 0.313243258136481, "Aronson"),
        ("rubin1981", 2, ("--measure", "MD"), 7.87054556466142, 0, "A"),
        ("hackshaw1998", 2, (), 0.2188892316092999, 0.0223945309724423, "Garfinkel"),
        ("pritz1997", 0, (), 1.13890911598587, 0.36458777860920, "Giannotta et al."),
        ("pagliaro1992", 2, ("--measure", "RR"), -0.430658746786384, 0.403276704554882, "1"),
    ],
)
def test_from_a_published_table_to_its_report_by_what_the_program_offers(
    run, table, exit_code, more, estimate, tau2, first
):
    text = (ROOT / "tests" / "data" / f"{table}.csv").read_text(encoding="utf-8")
    code, out, err = run("check", "x.csv", x_csv=text)
    assert code == exit_code
    if table == "pagliaro1992":
        # The headings as the program says; what the arms were stays beside their words.
        named = dict(re.findall(r"^  (\w+) +(\w+)$", err, re.MULTILINE))
        frame = pd.read_csv("x.csv").rename(columns=named)
        frame["arm_label"] = frame["arm"]
        frame["arm"] = frame["arm"].where(frame["arm"] == "control", "treatment").replace("control", "placebo")
        frame.to_csv("x.csv", index=False)
        words = ["check", "x.csv"]
    else:
        words = as_offered(out, err)
    words = words[1:] if not more else [word for word in words[1:] if word not in ("--measure", "MD")] + [*more]
    code, _, err = run("report", *words, "--formats", "json,md", "-o", "out")
    assert code == 0, err
    told = ma.read_report("out/report.json")
    assert (told.estimate, told.tau2) == pytest.approx((estimate, tau2), rel=1e-6, abs=1e-12)
    assert told.labels[0] == first and Path("out/report.md").is_file()


# ------------------------------------------------------------------------------------------------------------ the page


def test_the_commands_of_the_page_run_as_it_says(run, here):
    page = (ROOT / "docs" / "your_data.md").read_text(encoding="utf-8")
    (here / "mine.csv").write_text(re.search(r"```csv\n(.*?)```", page, re.S)[1], encoding="utf-8")
    (here / "review.rm5").write_text(review(INFECTED, FUNCTION), encoding="utf-8")
    (here / "trials.csv").write_bytes((ROOT / "data" / "trials.csv").read_bytes())
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.S) for line in block.splitlines()]
    assert len(lines) >= 5
    offered = ""
    for line in lines:
        words = shlex.split(line, comments=True)
        assert words[:3] == ["python", "-m", "analysis"]
        code, out, err = run(*words[3:])
        assert code == int((re.search(r"# exit code (\d)", line) or [0, 0])[1]), (line, err)
        if "it offers the next line" in line:
            offered = [each for each in (out + err).splitlines() if each.startswith("  python")][-1]
        elif offered:
            assert shlex.split(offered)[3:] == words[3:]
            offered = ""
    assert (here / "results" / "forest.svg").is_file()


GAP = MEANS.replace("D,4,2,22", "Łódź,,2,22")


def test_studies_that_are_left_out_are_named_wherever_effects_are_made(run, here):
    code, out, said = run("effects", "m.csv", "--measure", "MD", "--missing", "drop", "-o", "-", m_csv=GAP)
    assert code == 0 and len(pd.read_csv(io.StringIO(out))) == 3 and "left out: Łódź: mean_t is not known" in said
    code, out, said = run("pool", "m.csv", "--measure", "MD", "--missing", "drop", "--quiet")
    assert code == 0 and "left out: Łódź: mean_t is not known" in out
    counts = COUNTS.replace("B,", "Łódź,")
    (here / "c.csv").write_text(counts, encoding="utf-8")
    env = {"PYTHONIOENCODING": "ascii"}
    made = in_process_of_its_own("effects", "c.csv", "--measure", "RR", "-o", "-", cwd=here, env=env).stdout
    assert "Łódź" in made.decode("utf-8")


def test_json_has_the_test_between_groups_and_none_of_proportions(run):
    told = json.loads(run("pool", "m.csv", "--measure", "MD", "--by", "group", "--json", m_csv=MEANS)[1])
    groups = ma.pool_subgroups(ma.effect_sizes(pd.read_csv(io.StringIO(MEANS)), measure="MD"), "group")
    assert told["between"]["q_between"] == groups.q_between and told["between"]["q_between_df"] == 1
    one_arm = "study,events,n\nA,5,20\nB,6,30\nC,9,31\n"
    told = json.loads(run("pool", "p.csv", "--measure", "PLO", "--json", p_csv=one_arm)[1])
    assert told["pooled"]["pvalue"] is None and told["pooled"]["statistic"] is None and told["arms"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--risk-of-bias", "none.csv"), "error: none.csv: there is no such file"),
        (("--formats", ""), "error: --formats '': give some of html"),
        (("--formats", ","), "error: --formats ',': give some of html"),
        (("--tool", "RoB 2"), "error: --tool is that of the judgements: give --risk-of-bias FILE too"),
        (("--risk-of-bias", "judged.csv"), "choose with --tool, one of RoB 2, PEDro"),
        (("--risk-of-bias", "judged.csv", "--tool", "RoB 1"), "choose with --tool, one of RoB 2, PEDro"),
        (("--titel", "X"), "unrecognized arguments: --titel X; did you mean --title?"),
        (("--outcome", "Final"), "--outcome 'Final' is for a review|is for a review"),
    ],
)
def test_what_a_report_cannot_be_made_with_is_a_wrong_command(run, words, said):
    judged = "study,tool,domain,judgement,judged_by\nA,RoB 2,overall,low,Ng\nA,PEDro,total,7,Ng\n"
    code, _, heard = run("report", "m.csv", "--measure", "MD", *words, m_csv=MEANS, judged_csv=judged)
    assert code == 2 and re.search(said, heard), heard


def test_the_tool_of_judgements_is_chosen(run, here):
    judged = "study,tool,domain,judgement,judged_by\nA,RoB 2,overall,low,Ng\nA,PEDro,total,7,Ng\n"
    words = ("--risk-of-bias", "judged.csv", "--tool", "RoB 2", "--formats", "md", "-o", "out")
    assert run("report", "m.csv", "--measure", "MD", *words, m_csv=MEANS, judged_csv=judged)[0] == 0
    assert "by RoB 2" in (here / "out" / "report.md").read_text(encoding="utf-8")


def test_a_score_of_arms_is_one_that_is_known(run):
    code, _, said = run("pool", ROOT / "data" / "trials.csv", "--outcome", "Final")
    assert code == 2 and "of a table with one row an arm give change, final or ancova" in said


def test_effects_that_were_written_are_pooled_by_the_command_that_is_offered(run):
    run("effects", "c.csv", "--measure", "RR", "-o", "out", c_csv=COUNTS)
    code, _, said = run("pool", "out/effects.csv", "--measure", "RR")
    offered = shlex.split(said.splitlines()[-1])
    assert code == 2 and offered[-4:] == ["--yi", "yi", "--vi", "vi"]
    again, direct = (
        json.loads(run(*words, "--json")[1]) for words in (offered[3:], ("pool", "c.csv", "--measure", "RR"))
    )
    assert again["pooled"]["estimate"] == pytest.approx(direct["pooled"]["estimate"], rel=1e-12)


def test_a_figure_that_is_too_long_is_no_reason_to_keep_the_result(run, monkeypatch):
    def too_long(*_, **__):
        raise ValueError("the figure is 6808 mm long, too long for an image at 300 dpi; give dpi=244 or less")

    monkeypatch.setattr(ma, "save_figure", too_long)
    code, out, said = run("pool", "m.csv", "--measure", "MD", m_csv=MEANS)
    assert code == 0 and "Estimate" in out and "no forest plot: the figure is 6808 mm long" in said


def test_a_row_that_is_not_known_is_blank(run):
    code, out, _ = run("check", "review.rm5", review_rm5=review(INFECTED, FUNCTION))
    assert code == 1 and "None" not in out


def test_notes_of_a_result_name_options_where_there_are_some(run):
    several = "study,events_t,n_t,events_p,n_p\nA,0,30,6,31\nB,3,30,5,30\nB,4,30,5,30\nC,5,30,6,30\n"
    out = run("pool", "z.csv", "--measure", "OR", z_csv=several)[1]
    assert "--cluster COLUMN beside it" in out and "in Python pool_mantel_haenszel" in out
    assert "pool_multilevel" not in out and out.count("pool_") == out.count("in Python pool_")


def test_a_command_that_was_refused_is_not_offered_again(run):
    code, _, said = run("pool", "c.csv", "--measure", "XX", c_csv=COUNTS)
    assert code == 2 and "is not known" in said and "By its headings" not in said


def test_an_option_of_another_command_is_told_as_such(run):
    code, _, said = run("check", "m.csv", "--both-arms", m_csv=MEANS)
    assert code == 2 and "--both-arms is an option of pool and report, not of check" in said
    assert "did you mean --measure" in run("check", "m.csv", "--measur", "MD")[2]
