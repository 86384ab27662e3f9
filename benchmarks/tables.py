"""Tables of any length: trials with their arms, one row a study, reported differences; sound ones, and a wrong one."""

import numpy as np
import pandas as pd

WEEKS = (4, 12, 26)
ARMS = ("treatment", "placebo", "treatment", "no treatment")
LABELS = ("low dose", "sham", "high dose", "waiting list")
THERAPIES = (
    ("TENS", "Electrical"),
    ("Low-level laser", "Light"),
    ("Acupuncture", "Needle"),
    ("Static magnet", "Magnetic field"),
)
GROUPS = ("Low back", "Neck", "Shoulder", "Other")


def trials_table(rows, seed=1):
    """That many rows or one trial more: 2 to 4 arms at 1 to 3 times; SDs, SEs, intervals, events, or means alone."""
    rng = np.random.default_rng(seed)
    count = rows  # of trials, more than are needed
    arms, times = rng.integers(2, 5, count), rng.choice([1, 2, 3], count, p=[0.6, 0.3, 0.1])
    count = 1 + int(np.searchsorted(np.cumsum(arms * times), rows))
    arms, times = arms[:count], times[:count]
    trial = np.repeat(np.arange(count), arms * times)
    within = np.arange(len(trial)) - np.repeat(np.cumsum(arms * times) - arms * times, arms * times)
    time, arm = within // arms[trial], within % arms[trial]
    kind, crossover = rng.integers(0, 5, count)[trial], (rng.random(count) < 0.1)[trial] & (arms[trial] == 2)
    width = np.where(rng.random(count) < 0.5, 10, 100)[trial]
    therapy = rng.integers(len(THERAPIES), size=count)[trial]
    each = rng.integers(20, 60, len(trial))
    n = np.where(crossover, each[np.searchsorted(trial, trial)], each)
    baseline, final = (
        np.round(width * x, 2) for x in (rng.uniform(0.5, 0.7, len(trial)), rng.uniform(0.3, 0.5, len(trial)))
    )
    sd = np.round(width * rng.uniform(0.15, 0.25, len(trial)), 2)
    half = np.round(2 * sd / np.sqrt(n), 2)

    def where(test, values):
        return np.where(test, values, np.nan)

    return pd.DataFrame(
        {
            "study": [f"trial{i}" for i in trial],
            "author": [f"Author {i % 5000}" for i in trial],
            "year": 1980 + trial % 40,
            "title": [f"Trial number {i} of a treatment of pain" for i in trial],
            "therapy": [THERAPIES[i][0] for i in therapy],
            "therapy_family": [THERAPIES[i][1] for i in therapy],
            "condition": "pain",
            "condition_group": np.array(GROUPS)[trial % 4],
            "pain_type": "chronic",
            "design": np.where(crossover, "crossover", "parallel"),
            "control": "sham",
            "scale": np.where(width == 10, "NRS 0-10", "VAS 0-100"),
            "scale_min": 0,
            "scale_max": width,
            "week": np.array(WEEKS)[time],
            "timepoint": np.where(time == 0, "end of treatment", "follow-up"),
            "primary": np.where(time == 0, "yes", "no"),
            "arm": np.array(ARMS)[arm],
            "arm_label": np.array(LABELS)[arm],
            "n": n,
            "n_basis": "read",
            "baseline_mean": baseline,
            "baseline_sd": where(kind != 4, sd),
            "final_mean": where(kind != 3, final),
            "final_sd": where(kind == 0, sd),
            "final_se": where(kind == 1, np.round(sd / np.sqrt(n), 3)),
            "final_ci_low": where(kind == 2, final - half),
            "final_ci_high": where(kind == 2, final + half),
            "ci_level": where(kind == 2, 95),
            "events": where(kind == 3, n // 3),
            "event_definition": np.where(kind == 3, "half the pain", ""),
            "selected": "no",
            "certainty": "clear",
            "source": "simulated",
            "locator": [f"Table {i % 7}" for i in trial],
            "note": [f"Row {i} of the simulation, with a text as long as notes are" for i in range(len(trial))],
        }
    )


def spoilt(table):
    """The trials with every row wrong in several ways: words, numbers, bounds, arms of a trial that disagree."""
    row = np.arange(len(table))
    return table.assign(
        year=1000 + row % 500,
        therapy=[f"Tens{i}" for i in row],
        arm=np.where(row % 2, "placeboo", "Treatment"),
        n_basis="guessed",
        n=[f"about {i}" if i % 3 else "12.5" for i in row],
        baseline_mean=[f"{i}x" if i % 2 else "1e9" for i in row],
        final_sd=-1.0,
        final_ci_low=5.0,
        final_ci_high=5.0,
        ci_level=None,
        events=99,
        scale=[f"scale {i}" for i in row],
        primary="",
        certainty="",
    )


def wide_table(rows, seed=1):
    """One row a study, its columns named as arguments."""
    rng = np.random.default_rng(seed)
    means, sds, people = rng.uniform(3, 6, (2, rows)), rng.uniform(1, 2.5, (2, rows)), rng.integers(20, 60, (2, rows))
    numbers = {
        f"{name}_{arm}": x[i]
        for name, x in (("mean", means), ("sd", sds), ("n", people))
        for i, arm in enumerate(("t", "p"))
    }
    return pd.DataFrame({"study": [f"trial{i}" for i in range(rows)], "year": 1980 + np.arange(rows) % 40, **numbers})


def contrasts_table(rows, seed=1):
    """Reported differences, one or two a trial, with their intervals."""
    rng = np.random.default_rng(seed)
    trial, difference, half = np.arange(rows) * 2 // 3, rng.uniform(-2, 1, rows), rng.uniform(0.5, 2, rows)
    therapy = [THERAPIES[i % len(THERAPIES)] for i in trial]
    return pd.DataFrame(
        {
            "study": [f"trial{i}" for i in trial],
            "author": [f"Author {i % 5000}" for i in trial],
            "year": 1980 + trial % 40,
            "therapy": [name for name, _ in therapy],
            "therapy_family": [family for _, family in therapy],
            "condition": "pain",
            "condition_group": np.array(GROUPS)[trial % 4],
            "scale": "NRS 0-10",
            "scale_min": 0,
            "scale_max": 10,
            "week": 1 + np.arange(rows) % 50,
            "difference": np.round(difference, 2),
            "ci_low": np.round(difference - half, 2),
            "ci_high": np.round(difference + half, 2),
            "ci_level": 95,
            "n_treatment": rng.integers(20, 60, rows),
            "n_placebo": rng.integers(20, 60, rows),
            "selected": "no",
            "certainty": "clear",
            "source": "simulated",
        }
    )
