"""How cost and memory grow with the number of meta-analyses: docs/scale.md. `make scale-table` runs it, some minutes.

Each row is a fresh process, so that its peak of memory is its own. Seconds are those of the processor, in the calls
alone; the data are simulated in parts, as they would be read from files.
"""

import functools
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from checks import simulated
from run import THREADS, versions

import analysis as ma

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
K, PART, SIZES = 10, 1_000_000, (100_000, 1_000_000, 10_000_000)
CALLS = {("pool_batch", "DL"): 3, ("pool_batch", "REML"): 3, ("pool_groups", "DL"): 2, ("pool_groups", "REML"): 2}
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


def one(name, method, n):
    """Processor seconds of n meta-analyses in parts, and the peak of memory in MB before them and with them."""
    pooled(name, method, 100, 0)  # loads what is loaded once
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = sum(pooled(name, method, min(PART, n - first), first) for first in range(0, n, PART))
    return spent, start / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pooled(name, method, n, seed):
    """Processor seconds of one part."""
    yi, vi = simulated(n, K, seed=seed)
    if name == "pool_groups":
        data = pd.DataFrame({"set": np.repeat(np.arange(n), K), "yi": yi.ravel(), "vi": vi.ravel()})
        call = functools.partial(ma.pool_groups, data, "set")
    else:
        call = functools.partial(ma.pool_batch, yi, vi)
    began = time.process_time()
    call(tau2_method=method)
    return time.process_time() - began


def measured():
    """The rows of the table, and the seconds of a million by call and method."""
    lines, million = [], {}
    for (name, method), steps in CALLS.items():
        for n in SIZES[:steps]:
            done = subprocess.run(
                [sys.executable, __file__, name, method, str(n)],
                env=os.environ | dict.fromkeys(THREADS, "1"),
                capture_output=True,
                text=True,
                check=True,
            )
            spent, start, peak = map(float, done.stdout.split())
            million[name, method] = spent / n * 1e6
            lines.append(f"| `{name}` | {method} | {n:,} | {spent:.3g} | {spent / n * 1e6:.3g} | {peak - start:,.0f} |")
    return lines, million


def table(lines, million):
    """The table and what follows from it, as Markdown."""
    head = ["| call | τ² | sets of 10 | seconds | for a million | memory, MB |", "|---|---|---:|---:|---:|---:|"]
    hours = ", ".join(f"`{name}` by {method} {x * 1000 / 3600:.2g} hours" for (name, method), x in million.items())
    return "\n".join(
        [
            BEGIN,
            f"{versions()}.",
            "",
            *head,
            *lines,
            "",
            "1,000,000,000 sets of 10 at the pace of the largest row, on one processor:",
            f"{hours}.",
            f"Their outcomes and variances are {2 * 8 * K} GB, the arrays of `pool_batch` {9 * 8} GB more: take parts,",
            "or workers.",
            END,
        ]
    )


def main():
    """Print one row, or write the page anew."""
    if len(sys.argv) > 1:
        print(*one(sys.argv[1], sys.argv[2], int(sys.argv[3])))
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + table(*measured()) + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
