"""Time our code and a peer side by side, and set the results in a table."""

import statistics
import time
from dataclasses import dataclass


def interleaved(*contestants, repeats=5, number=1):
    """Median seconds of a call of each contestant; they take turns, so that a busy moment hits them all."""
    for contestant in contestants:
        contestant()
    spent = [[] for _ in contestants]
    for _ in range(repeats):
        for times, contestant in zip(spent, contestants, strict=True):
            start = time.perf_counter()
            for _ in range(number):
                contestant()
            times.append((time.perf_counter() - start) / number)
    return [statistics.median(times) for times in spent]


@dataclass(frozen=True)
class Row:
    """One comparison; `goal` is how many times faster to be, or with `within` how many times the peer's time."""

    work: str
    ours: float
    peer: str
    theirs: float
    goal: float
    within: bool = False
    note: str = ""
    right: bool = True  # a goal is not met by wrong results

    @property
    def met(self):
        if not self.right:
            return False
        return self.ours <= self.goal * self.theirs if self.within else self.theirs >= self.goal * self.ours

    def cells(self):
        """The cells of the table, as text."""
        if self.within:
            ratio, goal = f"{self.ours / self.theirs:.2f}x its time", f"at most {self.goal:g}x"
        else:
            ratio, goal = f"{self.theirs / self.ours:.3g}x faster", f"at least {self.goal:g}x"
        met = "yes" if self.met else "NO"
        return [self.work, seconds(self.ours), self.peer, seconds(self.theirs), ratio, goal, met, self.note]


def seconds(value):
    """A time with three digits in a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"


def table(rows):
    """Rows as a Markdown table."""
    head = ["work", "ours", "peer", "peer's time", "ratio", "goal", "met", "note"]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
