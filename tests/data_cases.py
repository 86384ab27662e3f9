"""The published trials, read and converted once in a process; everybody gets a copy of their own."""

import copy
from functools import cache
from pathlib import Path

import pandas as pd

import analysis
from analysis.data import dictionary

TRIALS = Path(__file__).parents[1] / "data" / "trials.csv"


@cache
def _read():
    return analysis.read_trials(TRIALS)


@cache
def _effects(**options):
    return analysis.effect_sizes(_read(), **options)


def published_trials():
    """Return all rows of data/trials.csv."""
    return _read().copy()


def published_effects(**options):
    """Return their effect sizes with these options, the others as usual; the same options are worked out once."""
    return copy.deepcopy(_effects(**options))


def as_read(rows):
    """Return these rows, each a dict, as `read_trials` leaves them: reading takes as long as converting them."""
    made = pd.DataFrame(rows).reindex(columns=dictionary.COLUMNS).rename_axis("row")
    made.index += 2
    types = {name: float if name in dictionary.TRIALS.numbers else object for name in dictionary.COLUMNS}
    return made.astype(types).where(made.notna(), None)
