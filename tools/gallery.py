"""Draw every figure of docs/gallery.md by running the lines of code that stand there.

Usage: python tools/gallery.py

The Python blocks of the page run in order in one namespace, in the project's root; each writes the figure that is shown
above it, so that what the page shows is what its lines make.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gallery.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def blocks(text):
    """Return the Python blocks of a page of Markdown."""
    return BLOCK.findall(text)


def main():
    """Run the blocks."""
    import os

    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    space = {}
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, PAGE.name, "exec"), space)
    return 0


if __name__ == "__main__":
    sys.exit(main())
