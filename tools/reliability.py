"""What was tried to break the package, how often, and what happened: docs/reliability.md, of the tables of the tests.

`make reliability` writes it, `tests/bad_inputs/test_reliability.py` compares it. What a row says happens is what its
test pins; the package is not run here.
"""

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# Reliability

What was tried to break the package and what the user sees, counted from the tables of `tests/bad_inputs/` by
`make reliability`; the tests there hold every line at each change. Nothing that is tried is stored: each file and table
is made when it is.

## Inputs that go wrong

"Refused" is an error of one class whose pinned words name what is wrong, within ten seconds; "read, and said" is read
with a warning; "read" is right and only looks wrong.

| tried | how many | refused | read, and said | read |
|---|---:|---:|---:|---:|
"""
TAIL = """
## Whole tables at random

Cells, rows and columns of good tables are replaced, left out, doubled and put in another order. Each example ends in
numbers that hold together (no interval without its estimate, none beside it, no negative variance, an SVG that can be
parsed, a CSV with all rows) or in an error of this package. `make test` tries the first number, `make fuzz` the second.

| tried | examples | in `make fuzz` |
|---|---:|---:|
"""
LUCK = """
## Bad luck

| tried | how many | what happens |
|---|---:|---|
| a save is killed (SIGKILL), amid a file or two | {moments} | each file is old or new; the next save clears up |
| the disk is full or read-only (root, Linux) | {harms} | an error and a remedy; old files are whole, no others |
| another environment: {settings} | {environments} | the same bytes of summaries, tables, SVG and PNG |
| rows and columns in another order | {orders} | the same numbers |
| a test opens a connection to another machine | all | the test fails |
"""


def tables():
    """The rows of the page, from the modules that the tests run."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        from bad_inputs import kinds, test_bad_luck, test_whole_tables
    finally:
        sys.path.pop(0)
    return kinds, test_bad_luck, test_whole_tables


def page():
    """The page as it should be."""
    kinds, luck, whole = tables()
    seen = {
        group: Counter(
            kind.seen if isinstance(kind.seen, str) else "refused" for kind in kinds.KINDS if kind.group == group
        )
        for group in dict.fromkeys(kind.group for kind in kinds.KINDS)
    }
    # In three places of a formula and in `mods=`.
    seen["formulas that would run something, in four places"] = Counter(refused=len(kinds.HOSTILE))
    seen["**together**"] = sum(seen.values(), Counter())
    names = ["refused", kinds.SAID, kinds.READ]
    lines = [HEAD.rstrip()]
    for group, count in seen.items():
        lines.append(f"| {group} | {count.total()} | {' | '.join(str(count[name] or '') for name in names)} |")
    lines.append(TAIL.rstrip())
    for name, share in whole.EXAMPLES.items():
        lines.append(f"| {name} | {whole.examples(share, 30):,} | {whole.examples(share, 2500):,} |")
    counts = {"moments": luck.MOMENTS, "harms": luck.HARMS, "environments": luck.SETTINGS, "orders": luck.ORDERS}
    counts = {name: len(tried) for name, tried in counts.items()}
    lines.append(LUCK.format(settings="; ".join(luck.SETTINGS), **counts))
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
