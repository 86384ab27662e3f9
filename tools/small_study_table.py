"""How often tests of small-study effects reject where there are none: docs/small_study_levels.md.

`make small-study-table` runs it, a minute or so on one core. Nothing is selected: whatever a test finds beyond its
nominal level is an error. Every cell of the grid has random numbers of its own, seeded by its name. Sizes of the trials
are those of data/trials.csv. Mean differences are those of people with an SD of 2 whose variances are estimated, with a
true mean difference of 1 point; standardised ones are made of the same people by Hedges' g, true 0.5; counts have an
event in 30% of the second arm and a true log odds ratio of log 0.6. True effects are normal with the SD tau. A p-curve
falls where there is an effect: its test has trials of its own, with a true mean of 0.
"""

from __future__ import annotations

import argparse
import zlib
from itertools import product
from pathlib import Path

import numpy as np
from scipy import special

import analysis as ma
from analysis.effects import hedges_g, log_odds_ratio
from analysis.models.pooling import check_options
from analysis.models.selection import curve_columns, excess_columns, selection_columns, selection_weights
from analysis.models.small_study import (
    begg_columns,
    lfk_columns,
    missing_columns,
    missing_pvalue,
    mixed_line,
    parted_q,
    peters_line,
    score_columns,
    weighted_line,
)

ROOT = Path(__file__).parent.parent
SEED, SD, NOMINAL, STEP = 20261128, 2.0, 0.05, 0.025
K = (5, 10, 20, 40)
# By measure: the true mean, and tau without heterogeneity, with some, and with much.
TRUE = {"MD": (1.0, (0.0, 0.4, 1.2)), "SMD": (0.5, (0.0, 0.2, 0.6)), "OR": (np.log(0.6), (0.0, 0.3, 0.8))}
LEVELS = "none", "some", "much"


def people_of_trials():
    """Numbers of people (treatment, placebo) of the trials of this project."""
    table = ma.effect_sizes(ma.read_trials(ROOT / "data" / "trials.csv")).table
    return table[["n_treatment", "n_placebo"]].to_numpy(float)


def simulated(cell, replications, people, nothing=False):
    """What the tests need: effects and variances (k, replications), people of both arms, and counts of "OR"."""
    measure, level, k = cell
    mean, taus = TRUE[measure]
    # Without an effect on average, random numbers of their own.
    mean, name = (0.0, (*cell, "nothing")) if nothing else (mean, cell)
    rng = np.random.default_rng([SEED, zlib.crc32(repr(name).encode())])
    shape = (k, replications)
    n_t, n_p = people[rng.integers(len(people), size=shape)].transpose(2, 0, 1)
    true = mean + taus[LEVELS.index(level)] * rng.standard_normal(shape)
    if measure == "OR":
        odds = 0.3 / 0.7
        events_t = rng.binomial(n_t.astype(int), odds * np.exp(true) / (1.0 + odds * np.exp(true))).astype(float)
        events_p = rng.binomial(n_p.astype(int), 0.3, size=shape).astype(float)
        # A study without events, or with nothing else, has neither effect nor score.
        none = (events_t + events_p == 0) | (events_t + events_p == n_t + n_p)
        events_p = np.where(none, 1.0, events_p)
        y, v = log_odds_ratio(events_t, n_t, events_p, n_p)
        return {"y": y, "v": v, "counts": (events_t, n_t, events_p, n_p), "n_t": n_t, "n_p": n_p}
    noise = [rng.standard_normal(shape) * SD / np.sqrt(n) for n in (n_t, n_p)]
    sds = [SD * np.sqrt(rng.chisquare(n - 1.0) / (n - 1.0)) for n in (n_t, n_p)]
    difference = true * (SD if measure == "SMD" else 1.0)
    means = difference + noise[0], noise[1]
    if measure == "SMD":
        y, v = hedges_g(means[0], sds[0], n_t, means[1], sds[1], n_p)
    else:
        y, v = means[0] - means[1], sds[0] ** 2 / n_t + sds[1] ** 2 / n_p
    return {"y": y, "v": v, "n_t": n_t, "n_p": n_p}


def pvalues_of(measure, data):
    """The p values (n,) of each test, NaN where it cannot be used."""
    y, v = data["y"], data["v"]
    se, size = np.sqrt(v), np.sqrt(1.0 / data["n_t"] + 1.0 / data["n_p"])
    found, lines = {"Egger": weighted_line(y, se, 1.0 / v).pvalue}, {}
    for name in ("HKSJ-wide", "z"):
        lines[name] = mixed_line(y, v, se, ci_method=name)
        found[f"Egger, mixed model, {name}"] = lines[name].pvalue
    found["Begg"] = begg_columns(y, v)[1]
    if measure == "OR":
        score, variance = score_columns(*data["counts"])
        found["Harbord"] = weighted_line(score / variance, 1.0 / np.sqrt(variance), variance).pvalue
        found["Peters"] = peters_line(y, *data["counts"]).pvalue
    if measure == "SMD":
        found["Pustejovsky-Rodgers"] = weighted_line(y, size, 1.0 / v).pvalue
    found["Trim and fill, R0"] = trimmed_pvalues(y, v, lines["z"].slope)
    found["Limit meta-analysis, Q of size"] = special.chdtrc(1, parted_q(y, v)[0])
    fit = ma.pool_batch(y.T, v.T, ci_method="z")
    found["Excess significance"] = excess_columns(y, v, fit.estimate, fit.tau2, NOMINAL)[2]
    found[f"Selection model, p {STEP}"] = selection_pvalues(y, v)
    index = np.abs(lfk_columns(y, v)[0])
    # No test: beyond 1 its authors say minor asymmetry, beyond 2 major.
    return found | {f"LFK index beyond {size}": np.where(index > size, 0.0, 1.0) for size in (1, 2)}


def trimmed_pvalues(y, v, slope):
    """Of R0 on the side away from the small studies, NaN where the number of missing studies does not settle."""
    y = np.where(slope < 0, -y, y)
    order = np.argsort(y, axis=0, kind="stable")
    y, v = (np.take_along_axis(x, order, 0) for x in (y, v))
    trimmed = missing_columns(y, v, "R0", check_options(ci_method="z"))
    return np.where(trimmed.settled, missing_pvalue(trimmed.k0), np.nan)


def curve_pvalues(data):
    """Of the test that a p-curve falls, NaN where no study is significant."""
    return special.ndtr(curve_columns(np.abs(data["y"]) / np.sqrt(data["v"])))


def selection_pvalues(y, v):
    """Of the likelihood-ratio test of one step, NaN where an interval of p holds no study."""
    fit = ma.pool_batch(y.T, v.T, tau2_method="ML", ci_method="z")
    sign = np.where(fit.estimate < 0, -1.0, 1.0)
    y, z = sign * y, sign * y / np.sqrt(v)
    held = (z > -special.ndtri(STEP)).sum(axis=0)
    some = np.flatnonzero((held > 0) & (held < len(y)))
    y, v = y[:, some], v[:, some]
    weights = selection_weights(y, np.sqrt(v), "steps", (STEP,), False)
    mean, tau = np.abs(fit.estimate[some]), np.sqrt(fit.tau2[some])
    start = [
        np.stack([mean, share * tau + 0.1 * np.sqrt(v.min(axis=0)), np.full(some.size, w)])
        for w, share in ((0.0, 1.0), (-1.5, 1.0))
    ]
    heights = [selection_columns(y, v, weights, each)[1] for each in start]
    plain = v + tau**2
    none = -0.5 * (np.log(2.0 * np.pi * plain) + (y - mean) ** 2 / plain).sum(axis=0)
    out = np.full(sign.size, np.nan)
    out[some] = special.chdtrc(1, np.maximum(0.0, 2.0 * (np.maximum(*heights) - none)))
    return out


def rejected(cell, replications, people):
    """Percent of the meta-analyses where each test rejects, of those it can be used for, and how many these are."""
    found = {}
    pvalues = pvalues_of(cell[0], simulated(cell, replications, people))
    pvalues["p-curve falls, no effect"] = curve_pvalues(simulated(cell, replications, people, nothing=True))
    for name, p in pvalues.items():
        usable = ~np.isnan(p)
        found[name] = 100.0 * np.mean(p[usable] <= NOMINAL) if usable.any() else np.nan, 100.0 * usable.mean()
    return found


def table_of(measure, found):
    """A Markdown table: a row for each test and heterogeneity, a column for each number of trials."""
    titles = {"MD": "Mean differences", "SMD": "Standardised mean differences", "OR": "Odds ratios"}
    lines = [
        f"**{titles[measure]}**",
        "",
        f"| test | heterogeneity | {' | '.join(f'k = {k}' for k in K)} |",
        "|---|---|" + "---:|" * len(K),
    ]
    for name, level in product(found[measure, LEVELS[0], K[0]], LEVELS):
        cells = [found[measure, level, k][name] for k in K]
        shown = [f"{share:.1f}" if usable > 99.5 else f"{share:.1f} ({usable:.0f})" for share, usable in cells]
        lines.append(f"| {name} | {level} | {' | '.join(shown)} |")
    return [*lines, ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=4_000, help="meta-analyses of each cell")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "small_study_levels.md")
    given, people = parser.parse_args(), people_of_trials()
    found = {cell: rejected(cell, given.replications, people) for cell in product(TRUE, LEVELS, K)}
    error = 100.0 * np.sqrt(NOMINAL * (1.0 - NOMINAL) / given.replications)
    lines = [
        "# How often tests of small-study effects reject where there are none",
        "",
        "Written by `make small-study-table`; the script says what was simulated. Percent of p values of at most "
        f"{NOMINAL} where nothing is selected and effects do not go with size: {100 * NOMINAL:.0f} is right. "
        f"{given.replications} meta-analyses a cell, seed {SEED}, Monte-Carlo standard error {error:.1f}. In brackets, "
        "percent of the meta-analyses in which a test could be used, where that is not all of them. The LFK index has "
        "no p value: its rows have how often it is beyond 1 or 2, where its authors see minor or major asymmetry. R0 "
        "has few p values: 0.03 of four missing studies is the largest below 0.05. The p-curve is of trials without an "
        "effect on average; where true effects differ, it falls because some are far from 0.",
        "",
        *(line for measure in TRUE for line in table_of(measure, found)),
    ]
    given.to.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
