"""Reading trials: every kind of file, and a clear error for every rule of the data dictionary."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from packaging.requirements import Requirement

import analysis as ma
from analysis.data import dictionary

DATA = Path(__file__).parent.parent / "data" / "trials.csv"
TEXT = DATA.read_text(encoding="utf-8")


def as_text():
    """The trials as text cells, row numbers as in the file."""
    frame = pd.read_csv(DATA, dtype=str, keep_default_na=False)
    frame.index += 2
    return frame


@pytest.fixture
def raw():
    return as_text()


def each_alone(cases):
    """One table in which the trial of each case, given by row and cells, is called case0, case1 and so on.

    Its own column x_row holds where each row stands in the file.
    """
    text, trials = as_text(), []
    for at, (row, cells) in enumerate(cases):
        trial = text[text["study"] == text.loc[row, "study"]].assign(study=f"case{at}", x_row=lambda own: own.index)
        trial.loc[row, list(cells)] = list(cells.values())
        trials.append(trial)
    table = pd.concat(trials, ignore_index=True)
    table.index += 2
    return table


def problems_of(frame):
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(frame)
    return caught.value.problems, str(caught.value)


def test_the_curated_trials_pass():
    trials = ma.read_trials(DATA)
    assert (len(trials), trials["study"].nunique()) == (131, 50)
    assert list(trials.columns) == dictionary.COLUMNS
    assert trials.index[0] == 2
    assert trials["n"].dtype == np.int64
    gale = trials[trials["study"] == "gale2006"].set_index("arm")
    assert gale["final_mean"].to_dict() == {"treatment": 3.0, "placebo": 6.0}
    assert gale["final_sd"].isna().all(), "blank stays blank"


SPELLED = {"1": "one", "5": "five", "10": "ten"}


def test_every_dose_is_a_number_that_the_row_prints():
    printed = pd.read_csv(DATA, dtype=str, keep_default_na=False)
    assert (printed[["dose", "sessions", "session_minutes"]] != "").sum().tolist() == [29, 44, 22]
    for row in printed.to_dict("records"):
        for name in ("dose", "sessions", "session_minutes"):
            held = row[name]
            words = "|".join(filter(None, (re.escape(held), SPELLED.get(held))))
            assert not held or re.search(rf"(?<![\d.])({words})(?![\d.]|-\d)", row["therapy_detail"]), (
                row["study"],
                name,
            )
        assert row["dose_unit"].split(" per ")[0] in row["therapy_detail"]
    shams = printed[(printed["arm"] == "placebo") & (printed["dose"] != "")]
    assert shams.set_index("study")["dose"].to_dict() == {"glazov2014": "0", "khoromi2007": "50"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dose": "4"}, "a dose and its unit come together"),
        ({"dose_unit": "J"}, "a dose and its unit come together"),
        ({"dose": "0", "dose_unit": "J"}, "is 0 in a treatment arm"),
        ({"dose": "-1", "dose_unit": "J"}, "must lie between 0 and"),
        ({"dose": "4 J", "dose_unit": "J"}, "is not a number"),
        ({"sessions": "0"}, "must lie between 1 and"),
        ({"sessions": "2.5"}, "is not a whole number"),
        ({"session_minutes": "0"}, "must be above zero"),
    ],
)
def test_doses_are_checked(changes, said):
    frame = pd.read_csv(DATA, dtype=str, keep_default_na=False).iloc[:2]
    frame[["dose", "dose_unit", "sessions", "session_minutes"]] = ""
    frame.loc[0, list(changes)] = list(changes.values())
    problems, told = problems_of(frame)
    assert said in told and set(problems["study"]) == {"gale2006"} and set(problems["column"]) <= {*dictionary.DOSES}
    frame.loc[0, list(changes)] = ""
    frame[["dose", "dose_unit"]] = [["2.5", "mW"], ["0", "mW"]]
    assert ma.read_trials(frame)["dose"].tolist() == [2.5, 0.0]


def test_effects_know_the_dose_of_their_treatment_arms():
    trials = ma.read_trials(DATA)
    combined, split = (ma.effect_sizes(trials, multi_arm=how).table for how in ("combine", "split"))
    of_glazov = split.loc[split["study"] == "glazov2014", ["dose", "dose_unit"]]
    assert of_glazov.values.tolist() == [[0.2, "J per point"], [0.8, "J per point"]]
    assert combined.set_index("study").loc["glazov2014", ["dose"]].isna().all()
    assert combined.set_index("study").loc["khoromi2007", ["dose", "dose_unit"]].tolist() == [200.0, "G"]
    assert combined.set_index("study").loc["tam2007", "sessions"] == 20
    counted = ma.effect_sizes(trials, measure="RR").table.set_index("study")
    assert counted.loc["soriano1998", "dose"] == 4.0


def write_csv(folder, delimiter, encoding):
    path = folder / "trials.csv"
    pd.read_csv(DATA, dtype=str, keep_default_na=False).to_csv(path, sep=delimiter, index=False, encoding=encoding)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_of_any_separator(tmp_path, delimiter, encoding):
    found = ma.read_trials(write_csv(tmp_path, delimiter, encoding))
    pd.testing.assert_frame_equal(found, published_trials())


def test_windows_line_ends_and_trailing_blank_rows(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_bytes((TEXT.rstrip("\n") + "\n" + "," * 44 + "\n\n").replace("\n", "\r\n").encode())
    pd.testing.assert_frame_equal(ma.read_trials(path), published_trials())


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "tsv"])
def test_other_kinds_of_file(tmp_path, kind):
    path, frame = tmp_path / f"trials.{kind}", pd.read_csv(DATA, dtype={"pmid": str, "n": int})
    write = {
        "xlsx": lambda: frame.to_excel(path, index=False),
        "parquet": lambda: frame.to_parquet(path, index=False),
        "tsv": lambda: frame.to_csv(path, sep="\t", index=False),
    }
    write[kind]()
    pd.testing.assert_frame_equal(ma.read_trials(path), published_trials())


@pytest.fixture
def without(monkeypatch):
    """Hide a library, as if it had not been installed."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    ("kind", "library", "extra"),
    [("xlsx", "openpyxl", "excel"), ("xlsm", "openpyxl", "excel"), ("parquet", "pyarrow", "parquet")],
)
@pytest.mark.parametrize("read", [ma.read_trials, ma.read_claims])
def test_a_missing_library_is_named_with_its_extra(tmp_path, without, read, kind, library, extra):
    without(library)
    (tmp_path / f"t.{kind}").write_bytes(b"")
    with pytest.raises(ModuleNotFoundError) as caught:
        read(tmp_path / f"t.{kind}")
    assert caught.value.name == library
    assert f"t.{kind}: reading .{kind} needs {library}, which is not installed" in str(caught.value)
    assert f'pip install "pain-meta-analysis[{extra}]"' in str(caught.value)
    project = tomllib.loads((DATA.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "pain-meta-analysis"
    assert [Requirement(text).name for text in project["optional-dependencies"][extra]] == [library]


def test_text_files_need_neither_library():
    # In a process of its own: pandas decides once, as it is loaded, whether it has pyarrow.
    hidden = "import sys; sys.modules |= dict.fromkeys(['openpyxl', 'pyarrow'])"
    code = f"{hidden}; import analysis as ma; print(ma.pool(ma.effect_sizes(ma.read_trials({str(DATA)!r}))).k)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=DATA.parents[1]
    )
    assert done.stdout.split() == ["44"], done.stderr


def test_a_dataframe_and_reading_twice(raw):
    once = ma.read_trials(raw)
    pd.testing.assert_frame_equal(once, published_trials())
    pd.testing.assert_frame_equal(ma.read_trials(once), once)


def test_the_curated_trials_say_more_than_they_must():
    trials = published_trials()
    about = "author year therapy therapy_family condition_group design scale primary source n_basis certainty".split()
    assert trials[about].notna().all(axis=None)
    assert trials["study"].str.fullmatch("[a-z0-9]+").all()


OWN = pd.DataFrame(
    {
        "study": ["Müller 2014", "Müller 2014", "Bo", "Bo"],
        "arm": ["treatment", "placebo"] * 2,
        "n": [20, 21, 30, 31],
        "final_mean": [3.2, 4.2, 3.2, 3.9],
        "final_sd": 1.5,
        "scale_min": 0,
        "scale_max": 10,
    }
)


def test_own_trials_need_study_arm_and_people():
    trials = ma.read_trials(OWN)
    assert trials["primary"].tolist() == ["yes"] * 4 and trials["author"].isna().all()
    found = ma.effect_sizes(trials)
    assert found.labels == ["Müller 2014", "Bo"] and found.yi == pytest.approx([-1.0, -0.7])
    assert ma.pool_arms(found).contrast.k == 2
    years = OWN.assign(year=[2014, 2014, 2001, 2001])
    assert ma.effect_sizes(years).labels == ["Müller 2014", "Bo 2001"]
    assert ma.effect_sizes(years.assign(author=["Müller", "Müller", None, None])).labels == ["Müller 2014", "Bo 2001"]
    for column in dictionary.REQUIRED:
        problems, message = problems_of(OWN.drop(columns=column))
        assert set(problems["column"]) == {column} and "this column is missing" in message
    problems, _ = problems_of(OWN.drop(columns=["scale_min", "scale_max"]))
    assert set(problems["rule"]) == {"means need the ends of their scale"}


def test_the_only_time_point_is_the_primary_one():
    later = pd.concat([OWN.assign(week=4), OWN.assign(week=12)[:2]])
    problems, _ = problems_of(later)
    assert problems[["study", "rule"]].values.tolist() == [["Müller 2014", "each trial has one primary time point"]]
    said = later.assign(primary=["yes", "yes", "", "", "no", "no"])
    assert ma.read_trials(said)["primary"].tolist() == ["yes"] * 4 + ["no"] * 2
    problems, _ = problems_of(OWN.assign(primary=["no", "no", "", ""]))
    assert set(problems["study"]) == {"Müller 2014"}, "what is said is not overruled"


def test_a_trial_without_author_or_year_is_no_twin():
    assert "same trial twice" not in set(ma.audit_trials(OWN.assign(n=20, year=2001))["check"])
    named = OWN.assign(n=20, year=2001, author="Bo")
    assert "same trial twice" in set(ma.audit_trials(named)["check"])


def test_what_was_recovered_is_told():
    trials = ma.read_trials(
        OWN.assign(recovered=["final_sd: read off a figure; final_mean: from the text", "", "", ""])
    )
    found = ma.effect_sizes(trials)
    told = found.derivations[["study", "arm", "quantity", "value", "rule"]].values.tolist()
    assert told == [
        ["Müller 2014", "treatment", "mean final score", 3.2, "from the text"],
        ["Müller 2014", "treatment", "SD of the final score", 1.5, "read off a figure"],
    ]
    assert found.table["status"].tolist() == ["recovered", "as printed"]
    leaves = ma.provenance(ma.pool_arms(found)).table.query("level == 'printed' and study == 'Müller 2014'")
    assert leaves.loc[leaves["arm"] == "treatment"].set_index("column")["rule"].to_dict() == {
        "final_mean": "from the text",
        "final_sd": "read off a figure",
        "n": "",
    }


def test_arms_are_called_by_their_label():
    named = OWN.assign(arm_label=["laser", "sham"] * 2)
    assert ma.effect_sizes(named).arms == ("laser", "sham")
    assert ma.effect_sizes(named, arms=("light", "dark")).arms == ("light", "dark")
    for labels in (["laser", "sham", "laser 2", "sham 2"], ["x"] * 4):
        assert ma.effect_sizes(OWN.assign(arm_label=labels)).arms == ("treatment", "placebo")
    assert ma.effect_sizes(OWN.assign(arm_label=["laser", None] * 2)).arms == ("laser", "placebo")


def test_optional_columns_may_be_missing_and_own_ones_are_kept(raw):
    small = raw.drop(columns=["title", "doi", "note", "events"]).assign(x_risk="low")
    found = ma.read_trials(small)
    assert found["events"].isna().all()
    assert set(found["x_risk"]) == {"low"}


def test_the_vocabulary_can_be_extended(raw):
    raw.loc[raw["study"] == "gale2006", "therapy"] = "Kinesio tape"
    found = ma.read_trials(raw, allow={"therapy": ["Kinesio tape"]})
    assert found["therapy"].iloc[0] == "Kinesio tape"
    with pytest.raises(
        ValueError, match="no vocabulary to widen for colour; there is one for therapy, therapy_family, cond"
    ):
        ma.read_trials(raw, allow={"colour": ["red"]})


def test_words_that_rules_read_are_not_widened(raw):
    """A design of one's own would be taken for parallel groups without a word."""
    raw.loc[raw["design"] == "crossover", "design"] = "Cross-over"
    _, message = problems_of(raw)
    assert "Did you mean 'crossover'? Use one of: parallel, crossover." in message and "allow" not in message
    for name in ("design", "arm", "timepoint", "primary", "n_basis", "selected", "certainty"):
        with pytest.raises(ValueError, match=f"no vocabulary to widen for {name}"):
            ma.read_trials(raw, allow={name: ["Cross-over"]})


@pytest.mark.parametrize(("word", "meant"), [("PLACEBO", True), ("placeboo", True), ("sham", False), ("other", False)])
def test_arms_are_told_where_their_own_name_goes(raw, word, meant):
    raw["arm"] = raw["arm"].replace("placebo", word)
    _, message = problems_of(raw)
    assert ("Did you mean 'placebo'?" in message) == meant
    assert "Whatever stood for a placebo is one; what your readers are to see instead stands in arm_label." in message


def test_a_word_of_ones_own_in_another_case_is_recognised(raw):
    raw["therapy"] = raw["therapy"].replace("TENS", "kinesio tape")
    with pytest.raises(ma.TrialDataError, match="Did you mean 'Kinesio tape'[?] Use one of"):
        ma.read_trials(raw, allow={"therapy": ["Kinesio tape"]})


@pytest.mark.parametrize("dash", ["−", "–"])
def test_the_minus_of_typesetters_is_one(raw, dash):
    signed = raw.assign(change_mean=raw["change_mean"].str.replace("-", dash))
    assert signed["change_mean"].str.contains(dash).any()
    pd.testing.assert_frame_equal(ma.read_trials(signed), published_trials())
    raw.loc[2, "final_mean"] = dash
    assert "value '-': is not a number" in problems_of(raw)[1]


# column, row in the file, bad value, part of the rule that must be named
BAD_CELLS = [
    ("n", 2, "0", "between 1 and 10000000"),
    ("n", 2, "20.5", "whole number"),
    ("n", 2, "", "is blank"),
    ("n", 2, "twenty", "is not a number"),
    ("n", 2, "inf", "is not a number"),
    ("n", 2, "1e999", "is not a number"),
    ("final_mean", 2, "3,0", "is not a number"),
    ("final_mean", 2, "NA", "is not a number"),
    ("final_mean", 2, "30", "within the scale"),
    ("baseline_mean", 2, "-1", "within the scale"),
    ("final_sd", 4, "-2", "must be above zero"),
    ("final_sd", 4, "40", "larger than any SD possible"),
    ("final_sd", 4, "1e-320", "is less than 1e-06 of the scale"),
    ("change_sd", 4, "30", "larger than any SD possible"),
    ("change_mean", 4, "-20", "no change is larger"),
    ("change_se", 12, "9", "larger than any SE possible"),
    ("therapy", 2, "Infra-red", "closed list"),
    ("primary", 2, "y", "closed list"),
    ("arm", 2, "control", "closed list"),
    ("arm", 2, "", "is blank"),
    ("recovered", 2, "from the quartiles", "names no mean or SD"),
    ("recovered", 2, "final_n: from the text", "names no mean or SD"),
    ("year", 2, "206", "between 1900 and 2100"),
    ("year", 3, "2007", "differs from the first row"),
    ("design", 3, "crossover", "differs from the first row"),
    ("scale_min", 2, "", "come together"),
    ("scale_min", 2, "10", "the lower first"),
    ("change_ci_low", 8, "", "both limits"),
    ("final_ci_high", 12, "1e13", "must lie between -1e+12 and 1e+12"),
    ("change_ci_low", 8, "-2", "must hold its mean"),
    ("ci_level", 8, "", "needs its level"),
    ("ci_level", 8, "0.9", "between 50 and 99.99"),
    ("week", 2, "-1", "between 0 and 5000"),
    ("events", 17, "20", "no more responders than people"),
    ("scale_max", 3, "100", "differs between the arms"),
    ("scale", 3, "VAS 0-100", "differs between the arms"),
    ("change_mean", 4, "2.68", "far from final minus baseline"),
    ("n", 2, "２１", "is not a number"),  # noqa: RUF001
    ("n", 2, "1e9", "between 1 and 10000000"),
    ("selected", 2, "maybe", "closed list"),
    ("selected", 43, "no", "differs between the arms"),
    ("primary", 2, "no", "agree on primary"),
    ("arm", 3, "treatment", "exactly one placebo arm"),
    ("arm", 2, "active", "at least one treatment arm"),
    ("n", 2, "1.000", "may have a sign between thousands"),
    ("year", 2, "2.006", "may have a sign between thousands"),
]


@cache
def bad_cells():
    """The trials of all these cells in one table, its problems, and what the error says."""
    table = each_alone((row, {column: value}) for column, row, value, _ in BAD_CELLS)
    return table, *problems_of(table)


@pytest.mark.parametrize(("column", "row", "value", "rule"), BAD_CELLS, ids=lambda v: str(v)[:24])
def test_a_bad_cell_is_named(column, row, value, rule):
    table, problems, message = bad_cells()
    own = problems[problems["study"] == f"case{BAD_CELLS.index((column, row, value, rule))}"]
    hit = own[(own["column"] == column) & own["rule"].str.contains(rule, regex=False)]
    assert len(hit) == 1, own.to_string()
    line = hit.iloc[0]
    assert table.loc[line["row"], "x_row"] == row or "primary" in rule or "arm" in rule
    assert line["value"] == table.loc[line["row"], column]
    assert line["study"] == table.loc[line["row"], "study"]
    assert line["remedy"].endswith(".") and line["remedy"] in message
    assert re.search(rf"rows? (\d+, )*(\d+ and )?{line['row']}\b", message)


def test_all_problems_at_once(raw):
    for column, row, value, _ in (BAD_CELLS[0], BAD_CELLS[6], BAD_CELLS[11], BAD_CELLS[16]):
        raw.loc[row, column] = value
    problems, message = problems_of(raw)
    assert {"n", "final_mean", "final_sd", "therapy"} <= set(problems["column"])
    assert message.count("\n- ") == len(problems)
    assert problems["row"].is_monotonic_increasing


def test_no_primary_time_point_is_an_error_unless_percent_change(raw):
    raw.loc[raw["study"] == "gale2006", "primary"] = "no"
    problems, _ = problems_of(raw)
    assert problems[["study", "rule"]].values.tolist() == [["gale2006", "each trial has one primary time point"]]


def test_two_primary_time_points(raw):
    raw.loc[raw["study"] == "chow2006", "primary"] = "yes"
    problems, _ = problems_of(raw)
    assert problems["rule"].tolist() == ["each trial has one primary time point"]


def test_crossover_arms_are_the_same_people(raw):
    row = raw.index[(raw["study"] == "collacott2000") & (raw["arm"] == "placebo")][0]
    raw.loc[row, "n"] = "19"
    problems, _ = problems_of(raw)
    assert problems["rule"].tolist() == ["both arms of a crossover trial are the same people"]


def test_a_row_entered_twice(raw):
    problems, _ = problems_of(pd.concat([raw, raw[raw["study"] == "tam2007"].iloc[[0]]]))
    assert problems["rule"].tolist() == ["a row stands once: same trial, time, arm and label"]


@pytest.mark.parametrize(
    ("arm", "rule"),
    [("treatment", "each time point has exactly one placebo arm"), ("placebo", "each time point has at least one tre")],
)
def test_every_time_point_needs_both_arms(raw, arm, rule):
    """Not the trial alone: what one time point has the other may lack."""
    gale = raw[raw["study"] == "gale2006"]
    later = gale[gale["arm"] == arm].assign(week="52", timepoint="follow-up", primary="no")
    problems, message = problems_of(pd.concat([raw, later], ignore_index=True))
    assert problems["rule"].str.startswith(rule).sum() == 1, message


def test_headings(raw):
    problems, message = problems_of(raw.rename(columns={"baseline_mean": "basline_mean", "n": "N people"}))
    assert "Did you mean 'baseline_mean'?" in message
    assert set(problems["column"]) == {"basline_mean", "N people", "n"}


@pytest.mark.parametrize("name", ["final_median", "q1", "baseline_q3", "median_final", "IQR"])
def test_medians_are_not_taken_for_means(raw, name):
    message = problems_of(raw.assign(**{name: "3"}))[1]
    assert "trials_from_wide(df, q1_t=..., median_t=..., q3_t=..., ...)" in message and f"x_{name}" in message
    assert "Did you mean" not in message


def test_files_that_are_no_tables(tmp_path):
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "b.csv").write_bytes(TEXT[:3000].encode() + b"\xff\xfe")
    (tmp_path / "c.csv").write_text(TEXT.split("\n", 1)[0] + "\n")
    (tmp_path / "d.csv").write_text("study,n\nx2000,3,4\n")
    (tmp_path / "e.docx").write_text("x")
    for name, text in {
        "a.csv": "is empty",
        "b.csv": "not UTF-8",
        "c.csv": "no row under the heading",
        "d.csv": "row 2: this row has 3 cells, and the heading 2",
        "e.docx": "not a kind of file",
    }.items():
        with pytest.raises(ma.TrialDataError, match=text) as caught:
            ma.read_trials(tmp_path / name)
        assert str(caught.value).startswith(name)
    with pytest.raises(FileNotFoundError, match="no such file"):
        ma.read_trials(tmp_path / "nowhere.csv")


def test_data_readme_counts():
    readme = (DATA.parent / "README.md").read_text(encoding="utf-8")
    trials = published_trials()
    assert f"{len(trials)} ({trials['study'].nunique()} trials)" in readme
    for name in ("contrasts", "claims", "benchmarks", "mcid", "risk_of_bias", "facts_on_bias", "correlations"):
        rows = len(pd.read_csv(DATA.parent / f"{name}.csv"))
        line = next(line for line in readme.splitlines() if line.startswith(f"| `{name}.csv`"))
        assert line.split("|")[-2].split("(")[0].strip() == str(rows)


def test_percent_change_is_never_points(raw):
    rows = raw["study"] == "leung2018"
    for change in ({"scale_min": "0", "scale_max": "100"}, {"scale": "Percent change"}):
        problems, _ = problems_of(raw.assign(**{c: raw[c].where(~rows, v) for c, v in change.items()}))
        assert problems["rule"].str.contains("a percent change has no ends").sum() == 2
        assert problems["rule"].str.contains("means need the ends").any() == ("scale" in change)


def test_an_open_quote_is_an_error_and_not_the_end_of_the_file(tmp_path):
    lines = TEXT.splitlines()
    lines[4] = lines[4].rsplit(",", 1)[0] + ',"never closed'
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ma.TrialDataError, match="quotation marks"):
        ma.read_trials(tmp_path / "t.csv")


def test_a_formula_without_a_result_is_not_a_blank(tmp_path):
    frame = pd.read_csv(DATA, dtype={"pmid": str}).astype(object)
    frame.loc[2, "final_sd"] = "=1+1"
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    with pytest.raises(ma.TrialDataError, match="row 4, column 'final_sd': value '=1\\+1': is a formula"):
        ma.read_trials(tmp_path / "t.xlsx")


def test_a_title_above_the_heading_is_told_once(tmp_path):
    (tmp_path / "t.csv").write_text("My trials\n" + TEXT, encoding="utf-8")
    with pytest.raises(ma.TrialDataError, match="1 problem.*\n- row 1: is not the heading"):
        ma.read_trials(tmp_path / "t.csv")


def test_files_with_a_wrong_ending(tmp_path):
    for name, text in (("t.xlsx", "not an XLSX workbook"), ("t.parquet", "not a Parquet file")):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
        with pytest.raises(ma.TrialDataError, match=text):
            ma.read_trials(tmp_path / name)


def test_a_problem_in_many_rows_is_told_once(raw):
    problems, message = problems_of(raw.assign(certainty="sure"))
    assert len(problems) == len(raw)
    assert message.count("\n- ") == 1 and "rows 2, 3, 4," in message


def test_errors_of_hundreds_of_rows_are_short():
    rows = [[f"a{i}", arm, "x", f"own {i}"] for i in range(300) for arm in ("treatment", "placebo")]
    _, message = problems_of(pd.DataFrame(rows, columns=["study", "arm", "n", "therapy"]))
    assert (
        "rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 590 more, study 'a0', 'a1', 'a2', 'a3', 'a4' and 295 more" in message
    )
    _, message = problems_of(pd.DataFrame({"study": ["a"], "n": [1]} | {f"x{i}": [1] for i in range(300)}))
    assert message.count("is not a column of the data dictionary") == 10
    assert "\n- and 290 more of this kind, in the attribute `problems` of this error" in message


def test_numbers_that_were_changed_are_counts_still():
    for name, value in (("n", 10.5), ("events", 2.5), ("final_sd", 0.0)):
        trials = published_trials().astype({name: float})
        trials.loc[4, name] = value
        with pytest.raises(ma.TrialDataError, match=f"row 4, study 'chow2006', column '{name}': value '{value}'"):
            ma.effect_sizes(trials)


def test_tables_put_together_are_read_again():
    trials = published_trials()
    both = pd.concat([trials, trials.assign(study=trials["study"] + "b")])
    with pytest.raises(ValueError, match="pass the table through read_trials again"):
        ma.effect_sizes(both)
    assert len(ma.read_trials(both)) == 2 * len(trials)


def test_an_interval_without_width_is_called_that(raw):
    raw.loc[8, ["change_ci_low", "change_ci_high"]] = raw.loc[8, "change_mean"]
    problems, _ = problems_of(raw)
    assert problems["rule"].tolist() == ["the interval has no width: both limits are the same"]


def test_blank_columns_from_a_spreadsheet_are_ignored(tmp_path):
    text = "\n".join(line + ",," for line in TEXT.splitlines()) + "\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    pd.testing.assert_frame_equal(ma.read_trials(tmp_path / "t.csv"), published_trials())


def test_line_breaks_inside_a_cell_become_blanks(raw):
    raw.loc[raw["study"] == "gale2006", "author"] = "Gale\nand  others"
    assert ma.read_trials(raw)["author"].iloc[0] == "Gale and others"


def test_row_numbers_survive_a_selection():
    some = published_trials().query("study == 'chow2006'").assign(n=0)
    problems, _ = problems_of(some)
    assert sorted(set(problems["row"])) == [4, 5, 6, 7]


def test_an_interval_of_one_person(raw):
    raw.loc[21, "n"] = "1"
    problems, _ = problems_of(raw)
    assert problems[["row", "column", "rule"]].values.tolist() == [
        [21, "change_ci_low", "an interval of one person tells no spread"]
    ]


def european(folder, cells, delimiter=";", name="t.csv"):
    """A small file with the given pairs of final mean and SD, one pair an arm."""
    head = "study author year therapy therapy_family condition_group design scale scale_min scale_max primary arm n"
    about = "a2001 A 2001 TENS Electrical Other parallel VAS 0 10 yes".split()
    rows = [[*head.split(), "final_mean", "final_sd", "source"]]
    rows += [[*about, arm, "20", *cell, "x"] for arm, cell in zip(("treatment", "placebo"), cells, strict=True)]
    text = "\n".join(delimiter.join(f'"{c}"' if delimiter in c else c for c in row) for row in rows)
    (folder / name).write_text(text + "\n", encoding="utf-8-sig")
    return folder / name


def test_decimal_commas_between_semicolons(tmp_path):
    found = ma.read_trials(european(tmp_path, [("3,1", "1,5"), ("4", ",75")]))
    assert found[["final_mean", "final_sd"]].values.tolist() == [[3.1, 1.5], [4.0, 0.75]]
    assert ma.effect_sizes(found).yi == pytest.approx([-0.9])
    # One number that can only be a decimal tells what the others are.
    found = ma.read_trials(european(tmp_path, [("3,125", "1,5"), ("4,000", "1")]))
    assert found["final_mean"].tolist() == [3.125, 4.0]
    found = ma.read_trials(european(tmp_path, [("0,125", "1,000"), ("4", "1")]))
    assert found[["final_mean", "final_sd"]].values.tolist() == [[0.125, 1.0], [4.0, 1.0]]


def test_a_comma_that_may_stand_between_thousands_is_refused(tmp_path):
    path = european(tmp_path, [("3,125", "1,500"), ("4", "1")])
    with pytest.raises(ma.TrialDataError, match="comma between thousands") as caught:
        ma.read_trials(path)
    cells = [[2, "a2001", "final_mean", "3,125"], [2, "a2001", "final_sd", "1,500"]]
    assert caught.value.problems[["row", "study", "column", "value"]].values.tolist() == cells
    assert ma.read_trials(path, decimal=",")["final_mean"].tolist() == [3.125, 4.0]
    with pytest.raises(ma.TrialDataError, match="value '3,125'.*is not a number.*with a point for decimals"):
        ma.read_trials(path, decimal=".")


@pytest.mark.parametrize("cells", [[("3,1", "1.5"), ("4", "1")], [("3,125", "1.5"), ("4", "1")]])
def test_points_and_commas_in_one_file(tmp_path, cells):
    with pytest.raises(ma.TrialDataError, match=f"value '{cells[0][0]}', |value '{cells[0][0]}': is not a number"):
        ma.read_trials(european(tmp_path, cells))
    with pytest.raises(ma.TrialDataError, match=r"value '1\.5': is not a number.*with a comma for decimals"):
        ma.read_trials(european(tmp_path, cells), decimal=",")


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_decimal_commas_elsewhere_are_asked_for(tmp_path, delimiter):
    path = european(tmp_path, [("3,1", "1,5"), ("4,2", "1,5")], delimiter)
    with pytest.raises(ma.TrialDataError, match="is not a number"):
        ma.read_trials(path)
    assert ma.read_trials(path, decimal=",")["final_mean"].tolist() == [3.1, 4.2]
    # A frame may hold numbers beside text.
    mixed = pd.read_csv(DATA, dtype={"pmid": str}).astype({"final_mean": object})
    mixed.loc[0, "final_mean"] = "3,0"
    pd.testing.assert_frame_equal(ma.read_trials(mixed, decimal=","), published_trials())
    with pytest.raises(ValueError, match="decimal=';' is not known; use '.' or ','"):
        ma.read_trials(path, decimal=";")


def test_a_workbook_has_numbers_whatever_the_decimal_mark(tmp_path):
    pd.read_csv(DATA, dtype={"pmid": str}).to_excel(tmp_path / "n.xlsx", index=False)
    pd.testing.assert_frame_equal(ma.read_trials(tmp_path / "n.xlsx", decimal=","), published_trials())


def test_the_tables_beside_the_trials_may_have_decimal_commas(tmp_path):
    whole = pd.read_csv(DATA.with_name("contrasts.csv"), dtype=str, keep_default_na=False)
    numbers = list(dictionary.CONTRASTS.numbers)
    commas = whole.assign(**{name: whole[name].str.replace(".", ",") for name in numbers})
    commas.to_csv(tmp_path / "c.csv", sep=";", index=False)
    pd.testing.assert_frame_equal(ma.read_contrasts(tmp_path / "c.csv"), ma.read_contrasts(whole))
    pd.testing.assert_frame_equal(ma.read_contrasts(commas, decimal=","), ma.read_contrasts(whole))


@cache
def spreads_of(people):
    """Trials of which each has another spread in an arm of so many people."""
    return each_alone((2, {"n": people, "change_mean": "-3.9", name: "0.1"}) for name in dictionary.SPREADS)


@cache
def spreads_of_two():
    return ma.read_trials(spreads_of("2"))


@pytest.mark.parametrize("name", dictionary.SPREADS)
def test_one_person_has_no_spread(name):
    at = dictionary.SPREADS.index(name)
    problems, _ = problems_of(spreads_of("1"))
    own = problems.loc[problems["study"] == f"case{at}", ["row", "column", "rule"]]
    assert own.values.tolist() == [[2 * at + 2, name, "one person has no SD and no SE"]]
    assert spreads_of_two().loc[2 * at + 2, name] == 0.1
