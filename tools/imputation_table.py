"""How often 95% intervals hold the true mean where SDs are missing: the table of docs/decisions.md.

Usage: python tools/imputation_table.py [--sets 2000] [--seed 20261128]

Made-up trials of two arms, each with an SD of its own (its log is normal, SD 0.35 about 2 points, correlation 0.7
between the arms); SDs are missing in a share of them for no reason. Beside the intervals with all SDs known: trials
without an SD left out, their SDs borrowed once, and imputed 20 times.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from analysis.models.imputation import draw_normal, pool_imputations
from analysis.recover import pooled_sd

CELLS = [(k, share, tau) for k in (10, 20, 40) for share in (0.2, 0.5) for tau in (0.0, 0.6)]
SPREAD, BETWEEN, MEAN, IMPUTATIONS = 0.35, 0.7, -1.0, 20


def interval(yi, vi):
    """Return the ends of the interval of each set, of arrays (imputations, sets, k)."""
    fit, _ = pool_imputations(yi, vi, "REML", "HKSJ-wide", 0.95)
    return np.column_stack([fit.ci_low, fit.ci_high])


def cell(k, share, tau, sets, rng):
    """Return coverage and mean width of each way."""
    spread = SPREAD**2 * np.array([[1, BETWEEN], [BETWEEN, 1]])
    sd = np.exp(rng.multivariate_normal(np.log([2.0, 2.0]), spread, (sets, k)))
    n = rng.integers(15, 60, (sets, k, 1)) + np.zeros(2)
    seen = sd * np.sqrt(rng.chisquare(n - 1) / (n - 1))
    yi = rng.normal(MEAN, np.sqrt(tau**2 + (sd**2 / n).sum(axis=2)))
    vi = (seen**2 / n).sum(axis=2)
    missing = np.zeros(k, dtype=bool)
    missing[: round(share * k)] = True
    once = vi.copy()
    many = np.repeat(vi[:, None], IMPUTATIONS, axis=1)
    for i in range(sets):
        borrowed = pooled_sd(seen[i, ~missing], n[i, ~missing])
        once[i, missing] = (borrowed**2 / n[i, missing]).sum(axis=1)
        noise = rng.standard_normal((IMPUTATIONS, missing.sum(), 2))
        drawn = np.exp(draw_normal(np.log(seen[i, ~missing]), noise, rng))
        many[i][:, missing] = (drawn**2 / n[i, missing]).sum(axis=2)
    ends = {
        "known": interval(yi[None], vi[None]),
        "left out": interval(yi[None][..., ~missing], vi[None][..., ~missing]),
        "borrowed once": interval(yi[None], once[None]),
        "imputed": interval(np.repeat(yi[None], IMPUTATIONS, axis=0), np.swapaxes(many, 0, 1)),
    }
    return {
        name: (np.mean((each[:, 0] <= MEAN) & (each[:, 1] >= MEAN)), np.ptp(each, axis=1).mean())
        for name, each in ends.items()
    }


def main():
    """Print the table in Markdown: coverage in per cent, and the mean width in points."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20261128)
    args = parser.parse_args()
    rng, names = np.random.default_rng(args.seed), ("known", "left out", "borrowed once", "imputed")
    print(f"| k | SDs missing | tau | {' | '.join(names)} |\n|---:|---:|---:|{'---|' * len(names)}")
    for k, share, tau in CELLS:
        found = cell(k, share, tau, args.sets, rng)
        cells = (f"{100 * found[name][0]:.1f} ({found[name][1]:.2f})" for name in names)
        print(f"| {k} | {share:.0%} | {tau} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
