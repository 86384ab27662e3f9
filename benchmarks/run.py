"""Measure the library against its peers: the table goes to the screen and to latest.md beside this file."""

import importlib.metadata
import importlib.util
import os
import platform
import sys
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MISSING = "PyMARE is not installed, its rows are left out; to have them: {} -m pip install -e '.[bench]'"


def versions():
    """What was measured, on what kind of machine."""
    found = []
    for name in ("numpy", "scipy", "matplotlib", "statsmodels", "pymare", "forestplot"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, BLAS on one thread"
    return f"{machine}; Python {platform.python_version()}, " + ", ".join(found)


def report(scale=1.0):
    """The whole report as Markdown."""
    from rows import ALL
    from timing import table

    measured = [row for work in ALL for row in work(scale)]
    missed = sum(not row.met for row in measured)
    verdict = f"{len(measured) - missed} of {len(measured)} goals met."
    how = "Medians of several runs in which both sides took turns, on simulated data with fixed seeds."
    return "\n\n".join(["# Latest run", versions() + ".", f"{how} {verdict}", table(measured)]) + "\n"


def main():
    """Print the report and write it to the file."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read by numpy when it is loaded: nobody uses several threads
    text = report()
    (Path(__file__).parent / "latest.md").write_text(text, encoding="utf-8")
    print(text)
    if importlib.util.find_spec("pymare") is None:
        print(MISSING.format(os.path.relpath(sys.executable)))


if __name__ == "__main__":
    main()
