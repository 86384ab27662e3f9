"""docs/reliability.md says what the tables of these tests say."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_tool_writes():
    page = runpy.run_path(str(ROOT / "tools" / "reliability.py"))["page"]()
    assert (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8") == page, "run make reliability"
