"""Time our code and a peer side by side, and set the results in a table."""

import re
import statistics
import time
import warnings
from dataclasses import dataclass


def reduced(usual, scale, least=1):
    """A number of repeats, studies or data sets for a run at that scale."""
    return max(int(usual * scale), least)


def turns(scale, repeats=5, number=1):
    """How often each side is timed at that scale, and how many calls at once; a quick look goes without warming up."""
    return {"repeats": reduced(repeats, scale), "number": reduced(number, scale), "warm": scale >= 1}


def interleaved(*contestants, repeats=5, number=1, warm=True):
    """Median seconds of a call of each contestant; they take turns, so that a busy moment hits them all."""
    for contestant in contestants if warm else ():
        contestant()
    spent = [[] for _ in contestants]
    for _ in range(repeats):
        for times, contestant in zip(spent, contestants, strict=True):
            start = time.perf_counter()
            for _ in range(number):
                contestant()
            times.append((time.perf_counter() - start) / number)
    return [statistics.median(times) for times in spent]


def kept(call):
    """The call, which keeps its last `result`; the one before is let go first, as if nobody had kept it."""

    def run():
        run.result = None
        run.result = call()

    return run


class PeerFailed(Exception):
    """A peer raised, or answered what cannot be read."""


def fenced(call):
    """The call of a peer: without its warnings, and whatever it raises is a PeerFailed with the reason in short."""

    def run(*args):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return call(*args)
        except Exception as error:
            raise PeerFailed(short(f"{type(error).__name__}: {error}")) from error

    return run


def short(text, most=120):
    """Text for a cell of the table: one line that breaks no table and names no folder of this machine."""
    text = re.sub(r"(?<![\w.])(?:[A-Za-z]:)?[/\\](?:[^\s/\\]+[/\\])*", "", " ".join(text.split())).replace("|", "/")
    return text if len(text) <= most else text[: most - 1] + "…"


def versus(work, ours, peer, theirs, goal, *, manner="", scaled_up=1.0, clock=None, note="", right=True, **turns):
    """The row of a peer: none where it is not installed, one without its time where it fails.

    An error in our own call stays an error. `theirs` does the work divided by `scaled_up`; with `clock` it has timed
    itself, and clock finds the seconds in its result. `note` may be a function of both results; `turns` are those of
    interleaved.
    """
    if peer.missing:
        return
    name, ours, call = f"{peer.name} {manner}".strip(), kept(ours), kept(fenced(theirs))
    try:
        if clock is None:
            mine, yours = interleaved(ours, call, **turns)
        else:
            call()
            yours = fenced(clock)(call.result)
            [mine] = interleaved(ours, **turns)
        if callable(note):
            note = fenced(note)(ours.result, call.result)
    except PeerFailed as failure:
        [mine] = interleaved(ours, **turns)
        yield Row(work, mine, name, None, goal, note=f"failed: {failure}", right=right)
    else:
        yield Row(work, mine, name, yours * scaled_up, goal, note=note, right=right)


@dataclass(frozen=True)
class Row:
    """One comparison; `goal` is how many times faster to be, or with `within` how many times the peer's time."""

    work: str
    ours: float
    peer: str
    theirs: float | None  # None: the peer failed
    goal: float
    within: bool = False
    note: str = ""
    right: bool = True  # a goal is not met by wrong results

    @property
    def failed(self):
        return self.theirs is None

    @property
    def met(self):
        if self.failed or not self.right:
            return False
        return self.ours <= self.goal * self.theirs if self.within else self.theirs >= self.goal * self.ours

    def cells(self):
        """The cells of the table, as text."""
        goal = f"at most {self.goal:g}x" if self.within else f"at least {self.goal:g}x"
        if self.failed:
            return [self.work, seconds(self.ours), self.peer, "-", "-", goal, "failed", self.note]
        faster, share = f"{self.theirs / self.ours:.3g}x faster", f"{self.ours / self.theirs:.2f}x its time"
        met = "yes" if self.met else "NO"
        return [
            self.work,
            seconds(self.ours),
            self.peer,
            seconds(self.theirs),
            share if self.within else faster,
            goal,
            met,
            self.note,
        ]


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
