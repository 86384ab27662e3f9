"""The glossary: one short entry a term, and every link of a notebook leads to one."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^## (.+)\n\n((?:.+\n)+)", TEXT, re.MULTILINE))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINK = re.compile(r"\[([^\]]*)\]\(\.\./docs/glossary\.md(?:#([^)]*))?\)")


def address(term):
    """What a heading is called in a link; headings are plain words, so that every program makes the same of them."""
    return term.replace(" ", "-")


ADDRESSES = {address(term) for term in ENTRIES}


def prose(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def test_every_term_stands_once_in_order_and_in_plain_letters():
    terms = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert terms == sorted(terms)
    assert len(terms) == len(ENTRIES) == len(ADDRESSES) > 60
    assert all(re.fullmatch(r"[a-z -]+", term) for term in terms)
    assert set(re.findall(r"\]\(#([^)]*)\)", TEXT)) <= ADDRESSES


@pytest.mark.parametrize("term", ENTRIES)
def test_entries_are_short(term):
    sentences = re.split(r"(?<=[.?])\s+", ENTRIES[term].strip())
    assert 2 <= len(sentences) <= 3
    assert [sentence for sentence in sentences if len(sentence.split()) > 30] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_link_of_a_notebook_leads_to_an_entry(notebook):
    links = [link for text in prose(notebook) for link in LINK.findall(text)]
    assert [(words, term) for words, term in links if term not in ADDRESSES] == []


# Where they first stand in a notebook, these lead to their entry; others are explained on the spot.
LINKED = {
    r"normal (distribution|curve)|bell curve": "normal-distribution",
    r"logarithm|log-likelihood": "logarithm",
    r"\bslopes?\b": "slope",
    r"\bintercepts?\b": "intercept",
    r"\bmedians?\b": "median",
    r"forest plots?": "forest-plot",
    r"quantiles?": "quantile",
    r"degrees of\s+freedom": "degrees-of-freedom",
    r"randomised": "randomised",
    r"risk of bias": "risk-of-bias",
    r"\bprecis(e|ion)\b": "precision",
    r"excludes? zero": "exclude-zero",
    r"includes? zero": "includes-zero",
    r"odds ratios?": "odds-ratio",
    r"risk ratios?": "risk-ratio",
}
NOT_READ = re.compile(r"(?m)^#+ .*$|`[^`]*`|\$\$?[^$]*\$\$?")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_word_leads_to_its_entry_where_it_first_stands(notebook):
    text = NOT_READ.sub("", "\n\n".join(prose(notebook)))
    links = {link.start(): link for link in LINK.finditer(text)}
    wrong = []
    for word, term in LINKED.items():
        # A word may be one of several of a link: "randomised contrast" leads to the contrast.
        first = next((x for x in re.finditer(word, text, re.IGNORECASE)), None)
        around = [link for start, link in links.items() if first and start < first.start() < link.end()]
        if first and [link[2] for link in around] != [term]:
            wrong.append(text[max(0, first.start() - 40) : first.end() + 20])
    assert wrong == []
