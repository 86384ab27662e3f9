"""The page to play with, without a browser: every menu, other people's files, what is never shown and never kept."""

import base64
import gzip
import html
import io
import json
import os
import re
import sys
import time
import warnings
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import analysis as ma
from analysis.data.template import columns_of, template

widgets = pytest.importorskip("ipywidgets", reason="ipywidgets is of the extra app")
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
CODE = [
    "".join(cell["source"])
    for cell in json.loads((NOTEBOOKS / "explore.ipynb").read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "code"
]
MENUS = ("score", "correlation", "missing_sd", "estimator", "interval", "doubtful", "high_risk")
WIDE = pd.DataFrame(
    {
        "Study": ["Adams 2001", "Baker 2004", "Clark 2010"],
        "mean laser": [3.0, 4.1, 5.2],
        "SD laser": [1.0, 1.2, 1.1],
        "n laser": [20, 25, 30],
        "mean sham": [4.0, 4.5, 6.0],
        "SD sham": [1.0, 1.1, 1.3],
        "n sham": [20, 24, 31],
    }
)


@pytest.fixture(scope="module")
def made():
    """The page as the notebook makes it."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(NOTEBOOKS)
        patch.syspath_prepend(NOTEBOOKS)
        for cell in CODE:
            exec(cell, found)
    return found["page"]


@pytest.fixture
def page(made):
    """The page as it is when it opens."""
    made.new_words.value = False
    made.back.click()
    return made


@pytest.fixture(scope="module")
def trials():
    return ma.read_trials(NOTEBOOKS / "../data/trials.csv")


def text(widget):
    """What a widget of HTML shows, as a person reads it."""
    return html.unescape(re.sub(r"<[^>]*>", " ", widget.value)).strip()


def upload(page, name, table):
    data = table if isinstance(table, bytes) else table.to_csv(index=False).encode()
    file = {
        "name": name,
        "type": "text/csv",
        "size": len(data),
        "content": memoryview(data),
        "last_modified": datetime(2026, 1, 1),
    }
    page.upload.set_trait("value", (file,))


def downloads(page):
    found = re.findall(r'download="([^"]*)" href="data:[^;]*;base64,([^"]*)"', page.links.value)
    return {name: base64.b64decode(data) for name, data in found}


def picture(page):
    return re.search(r'src="([^"]*)"', page.figure.value).group(1)


def foreign(trials):
    """Trials of other people: their names and their words are not ours, and nothing is said of pain."""
    own = trials[trials["study"].isin(trials["study"].unique()[:6])].copy()
    names = {study: f"muster{i}" for i, study in enumerate(own["study"].unique())}
    own["study"] = own["study"].map(names)
    own["author"] = own["study"].str.title()
    return own.drop(columns=["doi", "pmid", "title", "note", "source", "locator"])


def reasons(page):
    return {name: text(getattr(page, name).note) for name in ("families", "conditions", *MENUS)}


# ---- the trials of the project


def test_first_view_is_that_of_notebook_four(page, trials):
    effects = ma.effect_sizes(trials).where(therapy_family=["Light", "Magnetic field"])
    expected = ma.findings(ma.pool_arms(effects, by="therapy_family"))
    assert text(page.said).split() == expected.split()
    assert f"{len(effects)} trials" in text(page.shown)
    assert page.message.value == ""
    assert {name for name, reason in reasons(page).items() if reason} <= {"high_risk"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score", "final"),
        ("score", "ancova"),
        ("correlation", 0.8),
        ("missing_sd", "drop"),
        ("missing_sd", "impute-largest"),
        ("estimator", "DL"),
        ("estimator", "CE"),
        ("interval", "z"),
        ("doubtful", False),
    ],
)
def test_a_menu_redraws_figure_and_sentence_as_the_library_has_it(page, trials, name, value):
    before = page.said.value, picture(page)
    getattr(page, name).widget.value = value
    assert page.message.value == "" and picture(page) != before[1]
    options = {"score": "outcome", "correlation": "correlation", "missing_sd": "missing_sd"}
    effects = ma.effect_sizes(trials, **({options[name]: value} if name in options else {}))
    effects = effects.where(therapy_family=["Light", "Magnetic field"])
    if name == "doubtful":
        effects = effects.where(certainty=["clear", "derived", "second-hand"])
    how = {"estimator": "tau2_method", "interval": "ci_method"}
    pooled = ma.pool_arms(effects, by="therapy_family", **({how[name]: value} if name in how else {}))
    assert text(page.said).split() == ma.findings(pooled).split()


def test_families_and_conditions_are_ticked(page, trials):
    for box in page.families.widget.children:
        box.value = True
    assert "44 trials" in text(page.shown)
    assert reasons(page)["high_risk"] == ""
    page.high_risk.widget.value = False
    assert "43 trials" in text(page.shown)
    for box in page.conditions.widget.children[1:]:
        box.value = False
    assert {"Low back"} == {box.description.rpartition(" ")[0] for box in page.conditions.widget.children if box.value}
    kept = ma.effect_sizes(trials).where(condition_group="Low back")
    assert re.search(r"(\d+) trials", text(page.shown)).group(1) in (str(len(kept)), str(len(kept) - 1))


def test_without_a_trial_it_says_so_and_shows_nothing(page):
    for box in page.families.widget.children:
        box.value = False
    assert "No trial is left" in text(page.message)
    assert page.figure.value == page.said.value == page.links.value == page.shown.value == ""
    page.families.widget.children[0].value = True
    assert page.message.value == "" and "10 trials" in text(page.shown)


def test_what_is_downloaded_is_what_save_figure_writes(page, trials, tmp_path):
    page.more.click()
    files = downloads(page)
    assert list(files) == [f"explore.{kind}" for kind in ("svg", "png", "pdf", "csv", "md")]
    effects = ma.effect_sizes(trials).where(therapy_family=["Light", "Magnetic field"])
    figure = ma.arms_forest(ma.pool_arms(effects, by="therapy_family"), note=trials.attrs["note"])
    written = {path.name: path.read_bytes() for path in ma.save_figure(figure, tmp_path / "explore")}
    # what only the drawing needs is not offered
    assert written.pop("explore.drawing.csv") and files == written
    page.estimator.widget.value = "DL"
    assert set(downloads(page)) == {"explore.svg", "explore.csv", "explore.md"}, "no file of an older figure is left"


# ---- other people's files


def test_own_file_is_shown_and_nothing_of_ours(page, trials):
    upload(page, "mine.csv", foreign(trials))
    assert page.message.value == ""
    assert "mine.csv" in text(page.shown) and "6 trials" in text(page.shown)
    drawn = downloads(page)
    said = " ".join([text(page.said), drawn["explore.svg"].decode(), drawn["explore.md"].decode(), page.figure.value])
    assert "Muster0" in said
    assert "pain" not in text(page.said) and "onvenience" not in said
    assert not set(ma.effect_sizes(trials).labels) & set(re.findall(r"[A-Z]\w+ \d{4}", said))
    assert "nobody's judgements" in reasons(page)["high_risk"] and page.high_risk.widget.disabled
    page.back.click()
    assert "22 trials" in text(page.shown) and "pain" in text(page.said) and page.back.disabled


def test_nothing_of_a_file_is_kept(page, trials):
    watched = []
    sys.addaudithook(lambda event, given: watched and event == "open" and watched.append(given))
    watched.append(("", "", 0))
    upload(page, "mine.csv", foreign(trials))
    page.more.click()
    opened = [(path, flags) for path, _, flags in watched]
    watched.clear()
    assert "mine.csv" in text(page.shown) and page.upload.value == ()
    assert len(opened) > 1, "fonts at least are read"
    assert [path for path, flags in opened if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)] == []


def test_a_wrong_file_is_told_in_the_words_of_the_library_and_escaped(page, trials):
    own = foreign(trials)
    own.loc[own.index[0], "scale"] = own.loc[own.index[0], "arm"] = "<img src=x onerror=alert(1)>"
    upload(page, "<b>mine</b>.csv", own)
    with pytest.raises(ma.TrialDataError) as error:
        ma.read_trials(own)
    assert str(error.value).partition("\n")[2] in html.unescape(page.message.value)
    assert "<img" not in page.message.value and "<b>" not in page.message.value
    assert "Still shown: the trials of this project" in text(page.message)
    assert "22 trials" in text(page.shown)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00\x01", "not UTF-8"),
        (b"a,b\n1,2\n", "is not the heading"),
        (b"PK\x03\x04x", ""),
    ],
)
def test_what_is_no_table_is_told(page, data, said):
    upload(page, "mine.csv", data)
    assert "mine.csv" in text(page.message) and said in text(page.message)
    assert "22 trials" in text(page.shown)


def test_names_that_are_code_are_text(page, trials):
    own = foreign(trials)
    own["author"] = "<script>alert(1)</script>"
    upload(page, "<i>x.csv", own)
    every = [page.message, page.shown, page.said, page.links, page.figure]
    assert not any("<script" in widget.value or "<i>" in widget.value for widget in every)


def test_new_words_are_taken_where_one_asks_for_it(page, trials):
    own = foreign(trials).assign(therapy="Kinesio tape", therapy_family="Tape")
    upload(page, "mine.csv", own)
    assert "not in the closed list" in text(page.message)
    page.new_words.value = True
    upload(page, "mine.csv", own)
    assert page.message.value == "" and "6 trials" in text(page.shown)
    assert "every trial has the same" in reasons(page)["families"]


def test_one_row_a_study_is_read_by_the_call_that_is_shown(page):
    upload(page, "wide.csv", WIDE)
    assert "effect_sizes(df, measure='MD'" in text(page.message)
    assert page.read_so.layout.display == ""
    page.read_so.click()
    assert page.message.value == "" and "3 studies" in text(page.shown)
    assert "laser" in text(page.said) and "placebo" not in text(page.said) and "pain" not in text(page.said)
    for name in ("score", "correlation", "missing_sd"):
        assert getattr(page, name).widget.disabled and "one row a study" in reasons(page)[name]
    page.estimator.widget.value = "DL"
    assert page.message.value == ""


def test_calls_are_read_and_never_run():
    import explore_page

    bad = "\n    effect_sizes(df, study=__import__('os').getcwd())\n"
    assert (
        explore_page.call_in(bad)
        == explore_page.call_in("")
        == explore_page.call_in("\n    effect_sizes(df, n=?)")
        == ()
    )
    good = "\n    effect_sizes(df, ci_t=('a', 'b'))\nmeasure= may be SMD too"
    assert explore_page.call_in(good) == ("effect_sizes", {"ci_t": ("a", "b")})


def packed(table, kind):
    """The bytes of a file of a kind."""
    text = table.to_csv(
        index=False, sep=";" if kind == ".txt" else ",", decimal="," if kind == ".txt" else "."
    ).encode()
    if kind == ".csv.gz":
        return gzip.compress(text)
    if kind in (".csv", ".txt"):
        return text
    file = io.BytesIO()
    table.to_parquet(file, index=False) if kind == ".parquet" else table.to_excel(file, index=False)
    return file.getvalue()


@pytest.mark.parametrize("kind", [".csv", ".csv.gz", ".txt", ".parquet", ".xlsx"])
@pytest.mark.parametrize("shape", ["arms", "effects"])
def test_one_row_a_study_is_read_from_every_kind_of_file(page, tmp_path, monkeypatch, kind, shape):
    effects = pd.DataFrame({"study": ["A", "B", "C"], "yi": [-0.5, 0.2, -0.75], "se": [0.25, 0.3, 0.4]})
    name, data = f"wide{kind}", packed(WIDE if shape == "arms" else effects, kind)
    upload(page, name, data)
    assert page.read_so.layout.display == "", text(page.message)
    # the lines that are shown give the same
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(data)
    lines = html.unescape(re.sub(r"<[^>]*>", "", page.message.value)).splitlines()
    opening, making = (line.strip() for line in lines if line.startswith("    "))
    known = {"read_studies": ma.read_studies, "effect_sizes": ma.effect_sizes}
    exec(opening, known)
    made = eval(making, known)
    page.read_so.click()
    assert page.message.value == "" and "3 studies" in text(page.shown)
    assert text(page.said).split() == ma.findings(ma.pool(made)).split()


def filled(shape, rows, about):
    """A template that somebody has filled in."""
    book = openpyxl.load_workbook(io.BytesIO(template(shape)))
    for row in rows:
        sheet = book.worksheets[0]
        heads = [cell.value for cell in sheet[1]]
        at = next(i for i in range(2, 99) if sheet.cell(i, heads.index("study") + 1).value is None)
        for name, value in row.items():
            sheet.cell(at, heads.index(name) + 1).value = value
    for cells in book["about"].iter_rows():
        if cells[0].value in about:
            cells[1].value = about[cells[0].value]
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_what_a_template_tells_beside_its_rows_is_kept(page):
    counts = [{"study": name, "events_t": 9 + i, "n_t": 30, "events_p": 4, "n_p": 31} for i, name in enumerate("ABC")]
    told = {"measure": "RR", "arm_t": "laser", "arm_p": "sham", "benefit": "higher"}
    upload(page, "filled.xlsx", filled("counts", counts, told))
    page.read_so.click()
    assert page.message.value == ""
    assert "risk ratio, laser over sham" in text(page.said) and "favours laser" in text(page.said)
    means = [dict(study=x, mean_t=3, sd_t=1 + i, n_t=30, mean_p=4, sd_p=1, n_p=31) for i, x in enumerate("ABC")]
    upload(page, "filled.xlsx", filled("means", means, {"measure": "SMD"}))
    page.read_so.click()
    assert "standardised mean difference" in text(page.said)
    upload(page, "filled.xlsx", filled("means", means, {"arm_t": "laser"}))
    assert "names one arm of two" in text(page.message) and page.read_so.layout.display == "none"


def test_what_a_template_of_arms_tells_is_kept(page, trials):
    columns = [column.name for column in columns_of("arms")]
    rows = foreign(trials)[lambda t: t["study"].isin(t["study"].unique()[:2])]
    rows = [
        {k: v for k, v in row.items() if k in columns and v == v and v is not None} for row in rows.to_dict("records")
    ]
    upload(page, "arms.xlsx", filled("arms", rows, {"arm_t": "laser", "arm_p": "sham"}))
    assert page.message.value == "", text(page.message)
    assert "laser" in text(page.said)


def test_without_baselines_the_difference_stands_alone(page, trials):
    own = trials.drop(columns=[name for name in trials if name.startswith(("baseline", "change"))])
    whole = (
        own[own["final_sd"].notna() & own["final_mean"].notna()].groupby("study").filter(lambda rows: len(rows) == 2)
    )
    upload(page, "final.csv", whole)
    assert page.message.value == "", text(page.message)
    assert "every trial has one score only" in reasons(page)["score"]
    assert page.figure.value


def test_a_warning_is_part_of_the_page(page, trials):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        upload(page, "mine.csv", foreign(trials))
        page.estimator.widget.value = "HS"
    assert page.message.value == ""


def test_a_change_takes_little_time(page):
    """The measured times stand in the record; a loaded machine may take ten times as long."""
    start = time.process_time()
    page.estimator.widget.value = "DL"
    assert time.process_time() - start < 2
