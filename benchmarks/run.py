"""Measure the library against its peers: the table goes to the screen and to latest.md beside this file."""

import importlib.metadata
import os
import platform
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PACKAGES = "numpy", "scipy", "matplotlib", "statsmodels", "pymare", "PyMetaAnalysis", "pimeta", "forestplot"


def versions():
    """What was measured, on what kind of machine."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, BLAS on one thread"
    return f"{machine}; Python {platform.python_version()}, " + ", ".join(found)


def report(scale=1.0):
    """The whole report as Markdown."""
    from peers import PEERS
    from rows import ALL
    from timing import table

    measured = [row for work in ALL for row in work(scale)]
    compared = [row for row in measured if not row.failed]
    verdict = f"{sum(row.met for row in compared)} of {len(compared)} goals met"
    if len(compared) < len(measured):
        verdict += f"; no time from a peer in {len(measured) - len(compared)}"
    how = "Medians of several runs in which both sides took turns, on simulated data with fixed seeds."
    parts = ["# Latest run", f"{versions()}.", f"{how} {verdict}.", table(measured)]
    absent = [f"{peer.name} ({peer.install})" for peer in PEERS if peer.missing]
    return "\n\n".join(parts + ([f"Not installed, rows left out: {', '.join(absent)}."] if absent else [])) + "\n"


def main():
    """Print the report and write it to the file."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read by numpy when it is loaded: nobody uses several threads
    text = report()
    (Path(__file__).parent / "latest.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
