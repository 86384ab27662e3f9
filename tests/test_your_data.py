"""docs/your_data.md: every block runs, one after the other, and prints what stands below its lines behind an arrow."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from matplotlib import pyplot

PAGE = Path(__file__).parents[1] / "docs" / "your_data.md"


def test_the_page_runs_and_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        with redirect_stdout(StringIO()) as out:
            exec(compile(code, PAGE.name, "exec"), names)
        assert out.getvalue().splitlines() == re.findall(r"^# → (.*)$", code, re.M)
    assert len(names["paths"]) == len(list(tmp_path.iterdir())) > 3
    pyplot.close("all")
