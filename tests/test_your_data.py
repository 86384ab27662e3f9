"""Pages for users: every block runs, one after the other, and prints what stands below its lines behind an arrow."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from matplotlib import pyplot

import analysis as ma
from analysis.data.dictionary import CLAIMS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def run(page):
    """Run the blocks of a page and return the names that they leave."""
    names = {}
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        with redirect_stdout(StringIO()) as out:
            exec(compile(code, page.name, "exec"), names)
        assert out.getvalue().splitlines() == re.findall(r"^# → (.*)$", code, re.M)
    return names


def tables(page):
    """Return the number of every cell by title of its table, row and column."""
    found = {}
    for title, lines in re.findall(r"^\*\*(.+)\*\*\n\n((?:\|.+\n)+)", page.read_text(encoding="utf-8"), re.M):
        head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines.splitlines())
        found |= {(title, row[0], column): cell for row in rows for column, cell in zip(head, row, strict=True)}
    return found


@pytest.mark.parametrize("page", ["your_data.md", "check_an_article.md"])
def test_the_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(run(DOCS / page)["paths"]) == len([path for path in tmp_path.rglob("*") if path.is_file()]) > 3
    assert f"docs/{page}" in (ROOT / "README.md").read_text(encoding="utf-8")
    pyplot.close("all")


@pytest.mark.parametrize("page", ["choosing_methods.md", "zero_events.md"])
def test_the_page_on_methods_prints_what_it_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    run(DOCS / page)


def test_the_claims_template_has_the_columns_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run(DOCS / "check_an_article.md")
    heading = (DOCS / "claims_template.csv").read_text(encoding="utf-8").strip().split(",")
    assert heading == names["said"].columns.tolist()
    with pytest.raises(ma.TrialDataError, match="no row under the heading"):
        ma.read_claims(DOCS / "claims_template.csv")
    names["said"].convert_dtypes().to_csv("mine.csv", index=False)
    assert ma.read_claims("mine.csv", allow={"therapy": ["Music"]}).equals(names["claims"])
    pyplot.close("all")


@pytest.mark.parametrize("column", ["kind", "polarity", "number_from"])
def test_the_page_names_every_word_of_what_a_claim_is(column):
    page = (DOCS / "check_an_article.md").read_text(encoding="utf-8")
    assert [word for word in CLAIMS.vocabulary[column] if f'"{word}"' not in page] == []


def test_limitations_say_what_the_library_and_the_simulation_say(monkeypatch):
    monkeypatch.chdir(ROOT)
    run(DOCS / "limitations.md")
    part, whole = tables(DOCS / "limitations.md"), tables(DOCS / "coverage.md")
    assert len(part) > 80 and {key: whole.get(key) for key in part} == part


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
