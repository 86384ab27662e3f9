"""Run a tool so that Ctrl-C ends it without a word: `make` says that it was interrupted, in one line.

Usage: python tools/quietly.py TOOL ARGUMENT...
"""

import runpy
import signal
import sys
from pathlib import Path


def main():
    """Run the tool as Python would; of its traceback nothing is shown where it was interrupted."""
    tool = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    sys.path[0] = str(Path(tool).resolve().parent)
    try:
        runpy.run_path(tool, run_name="__main__")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        # Of a process that a signal ended make says so.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
