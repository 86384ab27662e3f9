"""The map from other programs: every call of ours on the page runs."""

import re
from pathlib import Path

import pytest
from matplotlib import pyplot

PAGE = (Path(__file__).parents[1] / "docs" / "coming_from.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?P<there>.+) \| (?P<here>`.+) \|$", PAGE.replace("\\|", "/"), re.MULTILINE)
CALLS = list(dict.fromkeys(call for _, here in ROWS for call in re.findall(r"`([^`]+)`", here)))


@pytest.fixture(scope="module")
def names():
    space = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(compile(block, "coming_from.md", "exec"), space)
    return space


def test_the_map_is_long_and_every_row_has_a_call_of_ours():
    assert len(ROWS) >= 60 and len(CALLS) >= 60
    assert PAGE.count("\n| ") == len(ROWS) + PAGE.count("|---|---|")
    assert [here for _, here in ROWS if not re.match(r"`.*\b(ma|pooled|effects|regression)\b", here)] == []


@pytest.mark.parametrize("call", CALLS)
def test_the_call_runs(call, names, capsys, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])
    if call.startswith(("with", "print")):
        exec(call, names)
    else:
        assert eval(call, names) is not None
    assert capsys.readouterr().out or not call.startswith("print")
    pyplot.close("all")
