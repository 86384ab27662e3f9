"""How often intervals hold what they are about, for meta-analyses like those of pain trials: docs/coverage.md.

`make coverage-table` runs it, a few minutes on one core. Every cell of the grid has random numbers of its own, seeded
by its name, so that a change of the grid changes no other cell. People are normal with an SD of 2 on a scale of 0 to 10
and the variances of the trials are estimated; numbers of people are those of data/trials.csv, or equal, or those of one
large trial among small ones. True effects are normal, in one table of a gamma distribution with a skewness of 1.4. What
a prediction interval holds is counted exactly, by the distribution of true effects.

For the contextual share both arms of a trial are simulated: means, taus and correlation of the true changes are those
of the bivariate fit to these trials, but that the placebo arms improve by the true share of the treatment arms.
"""

from __future__ import annotations

import argparse
import zlib
from itertools import product
from pathlib import Path

import numpy as np
from scipy import special

import analysis as ma
from analysis.evidence.contextual import fieller
from analysis.models.bivariate import pool_bivariate_columns
from analysis.models.prediction import prediction_interval

ROOT = Path(__file__).parent.parent
SEED, SD, LEVEL = 20261127, 2.0, 0.95
K, TAU, SIZES = (2, 3, 4, 5, 7, 10, 20, 40), (0.0, 0.2, 0.4, 0.8, 1.2), ("equal", "real", "one large")
METHODS = ("z", "HKSJ", "HKSJ-wide", "HKSJ-mod")
NAGASHIMA, T = "Nagashima", "t(k-1)"
# What is counted beside the coverage: no tau, intervals wider than the scale, new trials that are hardly predicted.
NONE, FROM_NONE = "tau estimated as 0", "interval of tau from 0"
WIDE, POINTS = "wider than the scale", 10.0
POOR, PREDICTED = "holds less than 80%", 0.8
NARROW = "sets where HKSJ is narrower than Wald"
THERE = {"HKSJ holds the mean there": "HKSJ", "HKSJ-wide holds it there": "HKSJ-wide"}
WIDTHS = {"width of HKSJ-wide, HKSJ = 100": "HKSJ-wide", "width of HKSJ-mod, HKSJ = 100": "HKSJ-mod"}
SHARES, SHARE_K = (0.3, 0.5, 0.7), (10, 20, 36)
RATIO, LOG = "ratio of bivariate means, Fieller", "pooled log ratio, HKSJ"
# Mean change with treatment, taus with placebo and treatment, and their correlation, in points of 10.
CHANGE, TAUS, CORRELATION = -2.86, (1.11, 1.59), 0.69


def people_of_trials():
    """Numbers of people (treatment, placebo) of the trials of this project."""
    table = ma.effect_sizes(ma.read_trials(ROOT / "data" / "trials.csv")).table
    return table[["n_treatment", "n_placebo"]].to_numpy(float)


def simulated(cell, replications, people):
    """Outcomes and estimated variances, shape (replications, k), as `simulate` draws them."""
    parts = []
    simulate(cell, replications, people, "z", lambda yi, vi, _: parts.append((yi, vi)) or {})
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def simulate(cell, replications, people, methods, also):
    """What `ma.simulate` finds of a cell."""
    k, tau, sizes, *skewed = cell
    of = {
        "real": {"studies": people, "k": k},
        "equal": {"studies": np.full(k, 30.0)},
        "one large": {"studies": np.array([120.0, *[12.0] * (k - 1)])},
    }
    return ma.simulate(
        **of[sizes],
        tau2=tau**2,
        sd=SD,
        true_effects="skewed" if skewed else "normal",
        ci_method=methods,
        confidence_level=LEVEL,
        n_simulations=replications,
        also=also,
        seed=[SEED, zlib.crc32(repr(cell).encode())],
    )


def held(tau, low, high):
    """Share of the true effects of new trials between the limits."""
    if tau == 0.0:
        return ((low <= 0.0) & (high >= 0.0)).astype(float)
    return special.ndtr(high / tau) - special.ndtr(low / tau)


def means(cell, replications, people):
    """Coverage of the mean by each method, and what else is told of the estimates, in percent."""
    simulation = simulate(cell, replications, people, METHODS, told_beside)
    of = simulation.table.set_index("ci_method")
    found = of["coverage"].to_dict() | simulation.also.set_index("name")["value"].to_dict()
    found |= {name: of.loc[method, "width"] / of.loc["HKSJ", "width"] for name, method in WIDTHS.items()}
    return {name: 100.0 * value for name, value in found.items()}


def told_beside(_yi, _vi, fits):
    """What is told of each meta-analysis beside the coverage."""
    fits = {method: fit for (_, method), fit in fits.items()}
    width = {name: fit.ci_high - fit.ci_low for name, fit in fits.items()}
    found = {f"{name}, {WIDE}": each > POINTS for name, each in width.items()}
    # The Q-profile interval begins at 0, or is empty, where Q is below its upper quantile without heterogeneity.
    k, q = fits["z"].k, fits["z"].q
    found |= {NONE: fits["z"].tau2 == 0.0, FROM_NONE: special.chdtrc(k - 1, q) > (1.0 - LEVEL) / 2.0}
    found |= {NARROW: width["HKSJ"] < width["z"]}
    for name, method in THERE.items():
        found[name] = (fits[method].ci_low <= 0.0) & (fits[method].ci_high >= 0.0) & found[NARROW]
    return found


def predictions(cell, replications, people):
    """Share of true effects that prediction intervals hold, in percent."""
    k, tau, _ = cell

    def predicted(yi, vi, fits):
        (fit,) = fits.values()
        half = -special.stdtrit(k - 1, (1.0 - LEVEL) / 2.0) * np.sqrt(fit.tau2 + fit.se**2)
        low, high = prediction_interval(yi.T, vi.T, (fit.ci_low, fit.ci_high), LEVEL)
        found = {NAGASHIMA: held(tau, low, high), T: held(tau, fit.estimate - half, fit.estimate + half)}
        return found | {f"{name}, {POOR}": share < PREDICTED for name, share in found.items()}

    also = simulate(cell, replications, people, "HKSJ-wide", predicted).also
    return (100.0 * also.set_index("name")["value"]).to_dict()


def narrow_ones(found):
    """The mean cell of each number of trials; what intervals hold, in percent of the sets of a narrow HKSJ interval."""
    cells = {k: [each for cell, each in found.items() if cell[0] == k] for k in sorted({cell[0] for cell in found})}
    means = {(k,): {name: np.mean([each[name] for each in x]) for name in x[0]} for k, x in cells.items()}
    return {k: x | {name: 100.0 * x[name] / x[NARROW] for name in THERE} for k, x in means.items()}


def simulated_arms(cell, replications, people):
    """Changes and estimated variances of the placebo and the treatment arms, shape (2, k, replications)."""
    share, k = cell
    rng = np.random.default_rng([SEED, zlib.crc32(repr(cell).encode())])
    n = people[rng.integers(len(people), size=(k, replications)), ::-1].transpose(2, 0, 1)
    covariance = np.outer(TAUS, TAUS) * [[1.0, CORRELATION], [CORRELATION, 1.0]]
    true = rng.multivariate_normal([share * CHANGE, CHANGE], covariance, size=(k, replications)).transpose(2, 0, 1)
    changes = true + SD / np.sqrt(n) * rng.standard_normal(n.shape)
    return changes, SD**2 * rng.chisquare(n - 1.0) / (n - 1.0) / n


def shares(cell, replications, people):
    """Coverage of the contextual share by both methods, in percent, and the mean estimate."""
    (p, t), (vp, vt) = simulated_arms(cell, replications, people)
    fits = pool_bivariate_columns(p, vp, t, vt)
    limits = fieller(fits.estimates.T, np.moveaxis(fits.vcov, -1, 0), -special.stdtrit(cell[1] - 1, (1 - LEVEL) / 2))
    improved = (p < 0.0) & (t < 0.0)
    with np.errstate(invalid="ignore"):
        y = np.where(improved, np.log(p / t), np.nan)
    log = ma.pool_batch(y.T, np.where(improved, vp / p**2 + vt / t**2, np.nan).T, ci_method="HKSJ")
    found = {
        RATIO: (fits.estimates[0] / fits.estimates[1], limits.low, limits.high),
        LOG: map(np.exp, (log.estimate, log.ci_low, log.ci_high)),
    }
    held = {}
    for name, (estimate, low, high) in found.items():
        given = np.isfinite(low)
        held[name] = 100.0 * np.mean((low <= cell[0]) & (high >= cell[0]), where=given), estimate.mean(where=given)
    return held


def shares_table(found):
    """A Markdown table of the coverage and, behind it, the mean estimate for each true share and number of trials."""
    ks = [f"k = {k}" for k in SHARE_K]
    lines = [
        "**The contextual share**",
        "",
        f"| true share | method | {' | '.join(ks)} |",
        "|---|---|" + "---:|" * len(ks),
    ]
    for share, name in product(SHARES, (RATIO, LOG)):
        cells = [found[share, k][name] for k in SHARE_K]
        lines.append(f"| {share} | {name} | {' | '.join(f'{held:.1f} ({mean:.2f})' for held, mean in cells)} |")
    return [*lines, ""]


def table_of(title, found, names):
    """A Markdown table of the worst and the mean cell of each number of trials."""
    ks = sorted({cell[0] for cell in found})
    rows = {name: [[each[name] for cell, each in found.items() if cell[0] == k] for k in ks] for name in names}
    return markdown(title, "method", ks, {n: [f"{min(x):.1f} / {np.mean(x):.1f}" for x in r] for n, r in rows.items()})


def means_of(title, head, rows):
    """A Markdown table of the mean cell of each number of trials, a row for each pair of cells and what is told."""
    ks = sorted({cell[0] for found, _ in rows.values() for cell in found})
    rows = {
        name: [f"{np.mean([each[what] for cell, each in found.items() if cell[0] == k]):.1f}" for k in ks]
        for name, (found, what) in rows.items()
    }
    return markdown(title, head, ks, rows)


def by_tau(found, what):
    return {tau: ({cell: each for cell, each in found.items() if cell[1] == tau}, what) for tau in TAU}


def markdown(title, head, ks, rows):
    lines = [f"**{title}**", "", f"| {head} | {' | '.join(f'k = {k}' for k in ks)} |", "|---|" + "---:|" * len(ks)]
    return [*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()), ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--means", type=int, default=5_000, help="replications of each cell for intervals of the mean")
    parser.add_argument("--predictions", type=int, default=400, help="the same for prediction intervals")
    parser.add_argument("--shares", type=int, default=2_000, help="the same for intervals of the contextual share")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "coverage.md")
    given, people = parser.parse_args(), people_of_trials()
    grid = list(product(K, TAU, SIZES))
    mean = {cell: means(cell, given.means, people) for cell in grid}
    skewed = {cell: means(cell, given.means, people) for cell in product(K, TAU[-1:], SIZES, ("skewed",))}
    large = {cell: each for cell, each in mean.items() if cell[1] >= 0.4 and cell[2] == "one large"}
    new = {cell: predictions(cell, given.predictions, people) for cell in grid if cell[0] > 2 and cell[1] > 0}
    share = {cell: shares(cell, given.shares, people) for cell in product(SHARES, SHARE_K)}
    error = [50.0 / np.sqrt(n) for n in (given.means, given.predictions)]
    lines = [
        "# How often the intervals hold what they are about",
        "",
        "Written by `make coverage-table`; the script says what was simulated. Percent of 95% intervals, REML, "
        f"{given.means} and {given.predictions} replications a cell, seed {SEED}: the worst cell and the mean of all "
        f"cells of a number of trials k. Monte-Carlo standard errors of a cell are at most {error[0]:.1f} and "
        f"{error[1]:.1f} points. What they mean for a reader is in [limitations.md](limitations.md).",
        "",
        *table_of("Intervals of the mean, tau 0 to 1.2", mean, METHODS),
        *means_of(
            "Trials that agree by chance, percent, mean of all cells",
            "what",
            {name: (narrow_ones(mean), name) for name in (NARROW, *THERE, *WIDTHS)},
        ),
        *table_of("Prediction intervals, tau 0.2 to 1.2", new, (NAGASHIMA, T)),
        *table_of("Intervals of the mean with one large trial among small ones, tau 0.4 to 1.2", large, METHODS),
        *table_of("Intervals of the mean of skewed true effects, tau 1.2", skewed, METHODS),
        *means_of(
            f"Intervals of the mean wider than {POINTS:.0f} points, percent, mean of all cells",
            "method",
            {method: (mean, f"{method}, {WIDE}") for method in METHODS},
        ),
        *means_of("tau estimated as 0 by REML, percent, mean of all sizes", "tau", by_tau(mean, NONE)),
        *means_of(
            "Q-profile interval of tau from 0 or empty, percent, mean of all sizes", "tau", by_tau(mean, FROM_NONE)
        ),
        *means_of(
            f"Prediction intervals that hold less than {PREDICTED:.0%} of the true effects, percent, mean of all cells",
            "method",
            {method: (new, f"{method}, {POOR}") for method in (NAGASHIMA, T)},
        ),
        *shares_table(share),
        f"Percent of {given.shares} intervals that hold the true share, and the mean estimate. A log ratio drops "
        "placebo arms that got worse and gives little weight to those that hardly improved: the pooled log ratio is "
        "too large, the more so the smaller the true share is, and more trials make it surer of the wrong value.",
        "",
    ]
    given.to.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
