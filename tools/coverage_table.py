"""How often intervals hold what they are about, for meta-analyses like those of pain trials: docs/coverage.md.

`make coverage-table` runs it, a few minutes on one core. Every cell of the grid has random numbers of its own, seeded
by its name, so that a change of the grid changes no other cell. People are normal with an SD of 2 on a scale of 0 to 10
and the variances of the trials are estimated; numbers of people are those of data/trials.csv, or equal, or those of one
large trial among small ones. What a prediction interval holds is counted exactly, by the distribution of true effects.
"""

from __future__ import annotations

import argparse
import zlib
from itertools import product
from pathlib import Path

import numpy as np
from scipy import special

import analysis as ma
from analysis.models.prediction import prediction_interval

ROOT = Path(__file__).parent.parent
SEED, SD, LEVEL = 20261127, 2.0, 0.95
K, TAU, SIZES = (2, 3, 4, 5, 7, 10, 20, 40), (0.0, 0.2, 0.4, 0.8, 1.2), ("equal", "real", "one large")
METHODS = ("z", "HKSJ", "HKSJ-wide", "HKSJ-mod")
NAGASHIMA, T = "Nagashima", "t(k-1)"


def people_of_trials():
    """Numbers of people (treatment, placebo) of the trials of this project."""
    table = ma.effect_sizes(ma.read_trials(ROOT / "data" / "trials.csv")).table
    return table[["n_treatment", "n_placebo"]].to_numpy(float)


def simulated(cell, replications, people):
    """Outcomes and estimated variances, shape (replications, k)."""
    k, tau, sizes = cell
    rng = np.random.default_rng([SEED, zlib.crc32(repr(cell).encode())])
    shape = (replications, k)
    if sizes == "real":
        n = people[rng.integers(len(people), size=shape)]
    else:
        n = np.full((*shape, 2), 30.0 if sizes == "equal" else 12.0)
        n[:, 0] = 30.0 if sizes == "equal" else 120.0
    yi = tau * rng.standard_normal(shape) + SD * np.sqrt((1.0 / n).sum(axis=-1)) * rng.standard_normal(shape)
    return yi, (SD**2 * rng.chisquare(n - 1.0) / (n - 1.0) / n).sum(axis=-1)


def held(tau, low, high):
    """Share of the true effects of new trials between the limits."""
    if tau == 0.0:
        return ((low <= 0.0) & (high >= 0.0)).astype(float)
    return special.ndtr(high / tau) - special.ndtr(low / tau)


def means(cell, replications, people):
    """Coverage of the mean by each method, in percent."""
    yi, vi = simulated(cell, replications, people)
    fits = {method: ma.pool_batch(yi, vi, ci_method=method, confidence_level=LEVEL) for method in METHODS}
    return {name: 100.0 * np.mean((fit.ci_low <= 0.0) & (fit.ci_high >= 0.0)) for name, fit in fits.items()}


def predictions(cell, replications, people):
    """Share of true effects that prediction intervals hold, in percent."""
    k, tau, _ = cell
    yi, vi = simulated(cell, replications, people)
    fit = ma.pool_batch(yi, vi, ci_method="HKSJ-wide", confidence_level=LEVEL)
    half = -special.stdtrit(k - 1, (1.0 - LEVEL) / 2.0) * np.sqrt(fit.tau2 + fit.se**2)
    low, high = prediction_interval(yi.T, vi.T, (fit.ci_low, fit.ci_high), LEVEL)
    by_t = held(tau, fit.estimate - half, fit.estimate + half)
    return {NAGASHIMA: 100.0 * held(tau, low, high).mean(), T: 100.0 * by_t.mean()}


def table_of(title, found, names):
    """A Markdown table of the worst and the mean cell of each number of trials."""
    ks = sorted({cell[0] for cell in found})
    lines = [f"**{title}**", "", f"| method | {' | '.join(f'k = {k}' for k in ks)} |", "|---|" + "---:|" * len(ks)]
    for name in names:
        cells = [[each[name] for cell, each in found.items() if cell[0] == k] for k in ks]
        lines.append(f"| {name} | {' | '.join(f'{min(x):.1f} / {np.mean(x):.1f}' for x in cells)} |")
    return [*lines, ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--means", type=int, default=5_000, help="replications of each cell for intervals of the mean")
    parser.add_argument("--predictions", type=int, default=60, help="the same for prediction intervals")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "coverage.md")
    given, people = parser.parse_args(), people_of_trials()
    grid = list(product(K, TAU, SIZES))
    mean = {cell: means(cell, given.means, people) for cell in grid}
    new = {cell: predictions(cell, given.predictions, people) for cell in grid if cell[0] > 2 and cell[1] > 0}
    error = [50.0 / np.sqrt(n) for n in (given.means, given.predictions)]
    lines = [
        "# How often the intervals hold what they are about",
        "",
        "Written by `make coverage-table`; the script says what was simulated. Percent of 95% intervals, REML, "
        f"{given.means} and {given.predictions} replications a cell, seed {SEED}: the worst cell and the mean of all "
        f"cells of a number of trials k. Monte-Carlo standard errors of a cell are at most {error[0]:.1f} and "
        f"{error[1]:.1f} points.",
        "",
        *table_of("Intervals of the mean, tau 0 to 1.2", mean, METHODS),
        *table_of("Prediction intervals, tau 0.2 to 1.2", new, (NAGASHIMA, T)),
    ]
    given.to.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
