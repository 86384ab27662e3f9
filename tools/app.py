"""Serve notebooks/explore.ipynb as a page without code, to this machine alone.

Usage: python tools/app.py [OPTION OF VOILA]...   (such as --port=8000, --no-browser, --theme=dark)
"""

import os
import sys
from pathlib import Path

from voila.app import main as voila

ROOT = Path(__file__).resolve().parents[1]
# The page without requests to other hosts, tools/app/voila/templates/offline, is found like any of Voila's.
PLACES = [str(ROOT / "tools" / "app"), *filter(None, [os.environ.get("JUPYTER_PATH")])]
OPTIONS = [
    "--Voila.ip=127.0.0.1",
    "--template=offline",
    "--VoilaConfiguration.file_allowlist=[]",
]


def main():
    """Run Voila until Ctrl-C."""
    os.environ["JUPYTER_PATH"] = os.pathsep.join(PLACES)
    voila([str(ROOT / "notebooks" / "explore.ipynb"), *OPTIONS, *sys.argv[1:]])


if __name__ == "__main__":
    main()
