"""Notebooks that can be read where the repository is: the committed pages are what the notebooks show."""

import json
import re
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import analysis as ma

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import notebook_pages
    finally:
        sys.path.pop(0)
    return notebook_pages


def sources(notebook):
    """Kind and source of the cells; the run makes Markdown of a solution."""
    solution = [i for i, cell in enumerate(notebook["cells"]) if "solution" in cell["metadata"].get("tags", [])]
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    return [cell for i, cell in enumerate(cells) if i not in solution]


def test_the_pages_hold_the_words_of_the_notebooks_in_order(tool):
    for stem in tool.NOTEBOOKS:
        text, at = (tool.OUT / f"{stem}.md").read_text(encoding="utf-8"), 0
        for kind, source in sources(json.loads((ROOT / "notebooks" / f"{stem}.ipynb").read_text(encoding="utf-8"))):
            for paragraph in tool.rebased(source).strip().split("\n\n") if kind == "markdown" else ():
                at = text.find(paragraph.strip(), at)
                assert at >= 0, f"run make notebook-pages: {stem}, {paragraph[:60]}"


def test_the_pages_are_what_the_notebooks_showed_when_they_ran(tool):
    """`make notebooks` asks it too, right after the run; a run of other cells than those of today tells nothing."""
    changed = max(path.stat().st_mtime for path in (ROOT / "analysis").rglob("*.py"))
    for stem in tool.NOTEBOOKS:
        ran, now = (ROOT / folder / f"{stem}.ipynb" for folder in ("build/notebooks", "notebooks"))
        if not ran.exists() or ran.stat().st_mtime < changed:
            pytest.skip("the notebooks were not run since the last change: make notebooks")
        if sources(json.loads(ran.read_text(encoding="utf-8"))) != sources(json.loads(now.read_text(encoding="utf-8"))):
            pytest.skip("the notebooks were not run since the last change: make notebooks")
    texts = {name: text for name, text in tool.made().items() if name.endswith(".md")}
    assert {name for name, text in texts.items() if (tool.OUT / name).read_text(encoding="utf-8") != text} == set()


def test_links_and_figures_of_the_pages_lead_somewhere(tool):
    for path in sorted(tool.OUT.glob("*.md")):
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        assert len(links) > 10 and [link for link in links if not (path.parent / link).exists()] == []
        assert path.read_text(encoding="utf-8").count("](../../figures/") >= 4


def test_numbers_of_the_pages_are_those_of_the_results(tool):
    effects = ma.effect_sizes(ma.read_trials(ROOT / "data" / "trials.csv"))
    arms = ma.pool_arms(effects.where(therapy_family=["Light", "Magnetic field"]), by="therapy_family")
    page = (tool.OUT / "04_placebo_beside_treatment.md").read_text(encoding="utf-8")
    assert [line for line in ma.findings(arms).splitlines() if line not in page] == []


def test_a_page_of_a_small_notebook(tool):
    svg = '<svg width="9" height="9" viewBox="0 0 9 9"><title id="t">A  dot</title></svg>'
    html = '<style>td {color: red}</style><table id="a"><tr><td class="b" colspan="2">1 &lt; 2</td>\n</tr></table>'
    two = {"text/markdown": "*2*", "text/plain": "2"}
    cells = [
        new_markdown_cell("# Title\n\nAs [said](../docs/glossary.md#arm), see `08_the_claims` and `02_effect_sizes`."),
        new_code_cell("hidden = 1", outputs=[new_output("stream", name="stdout", text="1 trial\n")]),
        new_code_cell("draw()", outputs=[new_output("execute_result", {"image/svg+xml": svg, "text/plain": "fig"})]),
        new_code_cell("table", outputs=[new_output("display_data", {"text/html": html, "text/plain": "1"})]),
        new_code_cell("1 + 1", outputs=[new_output("display_data", two)]),
    ]
    text, beside = tool.page(new_notebook(cells=cells), "04_placebo_beside_treatment")
    assert beside == {"04_placebo_beside_treatment_1.svg": svg}
    assert text.split("\n\n", 2)[0] == "# Title" and "hidden" not in text and "make notebook-pages" in text
    assert text.split("\n\n", 2)[2] == (
        "As [said](../glossary.md#arm), see [`08_the_claims`](08_the_claims.md) and "
        "[`02_effect_sizes`](../../notebooks/02_effect_sizes.ipynb).\n\n"
        "```text\n1 trial\n```\n\n"
        "![A dot](04_placebo_beside_treatment_1.svg)\n\n"
        '<table>\n<tr><td colspan="2">1 &lt; 2</td></tr>\n</table>\n\n'
        "*2*\n"
    )


def test_a_figure_that_is_written_already_is_linked(tool):
    svg = (ROOT / "figures" / "labbe.svg").read_text(encoding="utf-8")
    beside = {}
    shown = tool.figure(tool.SIZE.sub('width="1000" height="864"', svg, count=1), "new.svg", beside)
    assert shown.endswith("](../../figures/labbe.svg)") and beside == {}


def test_a_page_that_is_out_of_date_is_an_error(tool, monkeypatch, tmp_path):
    monkeypatch.setattr(tool, "OUT", tmp_path)
    monkeypatch.setattr(tool, "made", lambda: {"a.md": "new"})
    monkeypatch.setattr(sys, "argv", ["notebook_pages.py", "--check"])
    assert "a.md" in tool.main()
    (tmp_path / "a.md").write_text("new")
    assert tool.main() == 0
    (tmp_path / "left.svg").write_text("")
    assert "left.svg" in tool.main()
    monkeypatch.setattr(sys, "argv", ["notebook_pages.py"])
    assert tool.main() == 0 and [path.name for path in tmp_path.iterdir()] == ["a.md"]
