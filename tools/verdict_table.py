"""How often the rules of check_claims call true, null and exaggerated claims what: the table in docs/decisions.md.

`make verdict-table` prints it, in a few minutes on one core. Trials are simulated as for docs/coverage.md, with the
numbers of people of data/trials.csv, and judged by the rules themselves; none of them is in doubt, and no claim was
traced to them. The random numbers
of a row depend on how far its true effects vary and on k alone.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import fields
from typing import NamedTuple

import numpy as np
from coverage_table import people_of_trials, simulated

from analysis.evidence.claim_rules import NOT_DISTINGUISHABLE, NOT_TESTABLE, OVERSTATED, SUPPORTED, Claim, judge
from analysis.evidence.claims import Evidence, share_of_relief
from analysis.measures import Measure
from analysis.models.pooling import pool_columns
from analysis.sentences import Wording

K = (1, 3, 10, 20)
SHOWN = (SUPPORTED, OVERSTATED, NOT_DISTINGUISHABLE, NOT_TESTABLE)
WORDS = Wording(Measure("MD"), "lower", ("treatment", "placebo"), "points on 0–10", "pain", "trial")
BLANK = dict.fromkeys(Claim._fields, "") | {"low": np.nan, "high": np.nan, "digits": 0}


class Row(NamedTuple):
    """A claim, and what is true: the mean difference and how far true differences vary."""

    says: str
    truth: str
    mean: float
    tau: float
    kind: str = "no number"
    polarity: str = "relief"
    number: float = np.nan


REAL, NONE = "−1, helps in 95% of settings", "0"
ROWS = (
    Row("relieves pain", REAL, -1.0, 0.6),
    Row("relieves pain", NONE, 0.0, 0.6),
    Row("relieves pain by 1 point", REAL, -1.0, 0.6, "difference", number=-1.0),
    Row("relieves pain by 1 point", NONE, 0.0, 0.6, "difference", number=-1.0),
    Row("relieves pain by 2 points", REAL, -1.0, 0.6, "difference", number=-2.0),
    Row("relieves pain by 3 points", REAL, -1.0, 0.6, "difference", number=-3.0),
    Row("works reliably", "−1, helps everywhere", -1.0, 0.2, "reliability"),
    Row("works reliably", REAL, -1.0, 0.6, "reliability"),
    Row("works reliably", "−1, helps in 84% of settings", -1.0, 1.0, "reliability"),
    Row("works reliably", NONE, 0.0, 0.6, "reliability"),
    Row("there is no evidence", REAL, -1.0, 0.6, polarity="no evidence"),
    Row("there is no evidence", NONE, 0.0, 0.6, polarity="no evidence"),
    Row("does not relieve pain", REAL, -1.0, 0.6, polarity="no relief"),
    Row("does not relieve pain", NONE, 0.0, 0.6, polarity="no relief"),
)


def verdict_of(row, fit):
    """The verdict on the claim of a row by trials that were pooled."""
    said = {"kind": row.kind, "polarity": row.polarity, "low": row.number, "high": row.number, "arm": "difference"}
    seen = {"match": "direct", "contrast": fit, "clean": fit, "reported": 0, "followed": True, "words": WORDS}
    share = share_of_relief(fit) if row.kind == "reliability" else None
    blank = dict.fromkeys(field.name for field in fields(Evidence))
    evidence = Evidence(**blank | seen | {"share": share, "shares": {}})
    return judge(Claim(**BLANK | said), evidence)[0].verdict


def verdicts(row, k, replications, people):
    """How often each verdict was given."""
    yi, vi = simulated((k, row.tau, "real"), replications, people)
    fits = pool_columns((yi + row.mean).T, vi.T, ci_method="HKSJ-mod", measure="MD")
    return Counter(verdict_of(row, fit) for fit in fits)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=1_000, help="of each row and number of trials")
    given, people = parser.parse_args(), people_of_trials()
    print(f"| claim | truth | {' | '.join(f'k = {k}' for k in K)} |")
    print("|---|---|" + "---:|" * len(K))
    for row in ROWS:
        counts = [verdicts(row, k, given.replications, people) for k in K]
        cells = [" / ".join(f"{100 * found[name] / given.replications:.0f}" for name in SHOWN) for found in counts]
        print(f"| {row.says} | {row.truth} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
