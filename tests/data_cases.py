"""The published trials, read once in a process; everybody gets a copy of their own."""

import copy
from functools import cache
from pathlib import Path

import analysis

TRIALS = Path(__file__).parents[1] / "data" / "trials.csv"


@cache
def _read():
    return analysis.read_trials(TRIALS)


@cache
def _effects():
    return analysis.effect_sizes(_read())


def published_trials():
    """Return all rows of data/trials.csv."""
    return _read().copy()


def published_effects():
    """Return their effect sizes, with every option as usual."""
    return copy.deepcopy(_effects())
