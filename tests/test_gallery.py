"""The gallery shows each public figure, with few lines of code that draw just the picture above them."""

import ast
import re
import sys
from pathlib import Path

import pytest

import analysis as ma

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
PICTURE = re.compile(r"!\[(.+?)\]\(\.\./(figures/gallery/\w+)\.svg\)")


@pytest.fixture(scope="module")
def blocks():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from gallery import blocks
    finally:
        sys.path.pop(0)
    return blocks(TEXT)


def test_each_picture_stands_above_its_lines(blocks):
    pictures = [stem for _, stem in PICTURE.findall(TEXT)]
    assert len(pictures) == len(set(pictures)) == len(blocks) - 1
    for stem, block in zip(pictures, blocks[1:], strict=True):
        assert f'"{stem}"' in block
        assert len(block.splitlines()) <= 3
        assert (ROOT / f"{stem}.svg").stat().st_size > 5_000


def test_no_figure_is_left_over_from_earlier(blocks):
    pictures = {Path(stem).name for _, stem in PICTURE.findall(TEXT)}
    assert {path.name.partition(".")[0] for path in (ROOT / "figures" / "gallery").iterdir()} == pictures


def test_every_public_figure_function_is_shown(blocks):
    called = {
        node.func.attr
        for block in blocks
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    drawn = {name for name in ma.__all__ if getattr(getattr(ma, name), "__module__", "").startswith("analysis.plots")}
    assert drawn and drawn - {"figure_labels"} <= called
