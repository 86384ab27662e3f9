"""What the notebooks display: each is run in this process, and the words of its sentences are counted."""

import html
import re

import pytest
from test_notebooks import PATHS, cells
from test_own_trials import as_text, run

import analysis as ma

display = pytest.importorskip("IPython.display", reason="the extra notebooks is not installed")

LESSONS = [path for path in PATHS if path.stem[0].isdigit()]
MOST = 30
NO_TEXT = re.compile(r"\$\$.*?\$\$|<style.*?</style>", re.DOTALL)
# The one cell that is not read: in 07 it opens a number down to its source, which is a list.
PROVENANCE = "opened = ma.provenance("
# A bracket is read at a glance, whatever stands in it: "(95% CI 0.86 to 1.99; 22 trials)" counts as one word.
BRACKET = re.compile(r"\([^()]*\)")
# A full stop, and a line, a point of a list and a cell of a table.
END = re.compile(r"(?<=[.?!])\**\s+|\n(?:- |> )?|^- |\||<[^>]*>")


def long_sentences(text):
    """Return the sentences of more than 30 words."""
    parts = END.split(NO_TEXT.sub("\n", text))
    return [part for part in parts if len(BRACKET.sub("()", html.unescape(part)).split()) > MOST]


def test_sentences_are_counted_as_they_are_read():
    words = " ".join(["word"] * 29)
    assert long_sentences(f"{words} end (95% CI 1 to 2; 3 trials).") == [f"{words} end (95% CI 1 to 2; 3 trials)."]
    assert long_sentences(f"{words} (95% CI 1 to 2; 3 trials). **{words}.** $$a b$$\n| {words} | {words} |") == []
    assert long_sentences(f"<td>{words}</td><td>{words}</td>") == []
    assert long_sentences(f"{words}; and more") and long_sentences(f"{words}: and more")


def test_one_cell_alone_is_not_read():
    assert sum(PROVENANCE in source for path in LESSONS for _, source in cells(path, "code")) == 1


@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_no_displayed_sentence_of_a_lesson_is_long(path, monkeypatch):
    besides = []
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(display, "display", lambda result: besides.append(as_text(result)))
    monkeypatch.setattr(ma, "save_figure", lambda figure, where: [])
    _, shown = run([source for _, source in cells(path, "code") if PROVENANCE not in source], path.name)
    assert len(shown) > 10
    assert [sentence for text in [*shown, *besides] for sentence in long_sentences(text)] == []
