"""The data sets of a multiverse: outcomes and variances for every combination of choices, as arrays.

The pandas part of :func:`analysis.effect_sizes` runs once for each outcome; what depends on a correlation or on a rule
for missing SDs is computed by the same formulas on arrays that hold all options at once.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis import effects
from analysis.arm_scores import (
    BASELINE,
    FROM_BOTH,
    IMPUTED,
    RULES,
    arm_scores,
    borrowed_sd,
    donors,
    one_per_role,
    primary_arms,
)
from analysis.contrasts import OUTCOME as DIFFERENCE
from analysis.contrasts import contrast_effects, with_contrasts
from analysis.dictionary import WEEK_BANDS
from analysis.effect_table import effect_sizes, holding, mean_differences
from analysis.recover import combine_arms

ARMS = ("treatment", "placebo")
INCLUDE, EXCLUDE = "include", "exclude"
#: The choices that make the data, in the order of the axes of the arrays.
DATA_CHOICES = (
    "outcome correlation crossover_correlation missing_sd doubtful second_hand single_session contrast_rows".split()
)


class DataSets(NamedTuple):
    """All data sets, one a row, and the options behind each."""

    yi: np.ndarray  # (n, studies), NaN where a study is absent
    vi: np.ndarray
    at: np.ndarray  # (n, choices), which option of each choice


def data_sets(trials, contrasts, options, where):
    """Return the data sets for every combination of the options of `DATA_CHOICES`.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`.
    contrasts : pandas.DataFrame or None
        From :func:`analysis.read_contrasts`.
    options : dict
        The options of each choice, all checked.
    where : dict
        Columns of the effect sizes and the values to keep.

    Returns
    -------
    DataSets
    """
    lead = next((rule for rule in options["missing_sd"] if rule in RULES), "drop")
    made = [effect_sizes(trials, outcome=outcome, missing_sd=lead) for outcome in options["outcome"]]
    spreads = _spreads(trials, options["correlation"])
    reported = None if contrasts is None else contrast_effects(contrasts)
    shape = tuple(len(options[name]) for name in DATA_CHOICES)
    parts = []
    for found in made:
        vi = _variances(found.table, spreads, options)
        table, replaced = _with_reported(found, reported)
        keep = _present(table, replaced, options) & holding(table, where).to_numpy()
        every = np.concatenate([vi, np.broadcast_to(table["vi"], (*vi.shape[:-1], len(table)))[..., len(found) :]], -1)
        vi = np.where(keep, np.expand_dims(every, (3, 4, 5, 6)), np.nan)
        parts.append((np.where(keep & np.isfinite(vi), table["yi"], np.nan), vi))
    yi, vi = (np.stack(part).reshape(-1, part[0].shape[-1]) for part in zip(*parts, strict=True))
    return DataSets(yi, vi, np.indices(shape).reshape(len(shape), -1).T)


def _spreads(trials, correlations):
    """The arms of all trials as in :func:`effect_sizes`, and their SDs (arms, correlations)."""
    single = arm_scores(primary_arms(trials), correlations[0])
    sd = np.repeat(single["sd"].to_numpy()[:, None], len(correlations), axis=1)
    both = np.flatnonzero(single["sd_rule"].str.startswith(FROM_BOTH))
    before, after = (
        single[single["score"] == score].set_index("row")["sd"][single["row"].iloc[both]].to_numpy()[:, None]
        for score in (BASELINE, "final")
    )
    sd[both] = effects.change_sd(before, after, np.array(correlations))
    scores = one_per_role(single, "combine")
    mean, n = (single[column].to_numpy()[:, None] for column in ("mean", "n"))
    lines = [list(own) for own in scores["lines"]]
    merged = [sd[own[0]] if len(own) == 1 else combine_arms(mean[own], sd[own], n[own])[1] for own in lines]
    return scores, np.array(merged)


def _variances(table, spreads, options):
    """Sampling variances of the trials: (correlation, crossover_correlation, missing_sd, studies)."""
    scores, known = spreads
    rules = options["missing_sd"]
    place = {key: at for at, key in enumerate(zip(scores["study"], scores["arm"], scores["score"], strict=True))}
    chosen = [
        [place[study, arm, score] for study, score in zip(table["study"], table["outcome"], strict=True)]
        for arm in ARMS
    ]
    silent = [line for arm in chosen for line in arm if np.isnan(known[line]).any()]
    sd, n = np.repeat(known[:, :, None, None], len(rules), axis=3), scores["n"].to_numpy()
    for line, alike in donors(scores, silent).items():
        for at, rule in enumerate(rules):
            if rule in RULES:
                sd[line, :, 0, at] = borrowed_sd(known[alike], n[alike], rule)
    mean = scores["mean"].to_numpy()
    arms = [x for arm in chosen for x in (mean[arm, None, None, None], sd[arm], n[arm, None, None, None])]
    paired = (table["design"] == "crossover").to_numpy()[:, None, None, None]
    correlation = np.array(options["crossover_correlation"])[:, None]
    return np.moveaxis(mean_differences(arms, paired, correlation)[1], 0, -1)


def _with_reported(found, reported):
    """The effects of the trials above the reported differences, and which trials those replace."""
    own = found.table
    if reported is None:
        return own, np.zeros(len(own), dtype=bool)
    both = with_contrasts(found, reported).table
    extra = both[both["outcome"] == DIFFERENCE]
    replaced = own["study"].isin(extra["study"])
    return pd.concat([own, extra], ignore_index=True), np.append(replaced, np.zeros(len(extra), dtype=bool))


def _present(table, replaced, options):
    """Which studies are in: (1, 1, missing_sd, doubtful, second_hand, single_session, contrast_rows, studies)."""
    extra = (table["outcome"] == DIFFERENCE).to_numpy()
    out = {
        "missing_sd": ("drop", table["status"] == IMPUTED),
        "doubtful": (EXCLUDE, table["certainty"] == "doubtful"),
        "second_hand": (EXCLUDE, table["certainty"] == "second-hand"),
        "single_session": (EXCLUDE, table["week_band"] == WEEK_BANDS[0]),
    }
    keep = np.ones((1, 1, 1, 1, 1, 1, 1, len(table)), dtype=bool)
    for axis, name in enumerate(DATA_CHOICES[1:]):
        if name == "contrast_rows":
            inside = [~replaced if option == INCLUDE else ~extra for option in options[name]]
        elif name in out:
            inside = [~np.asarray(out[name][1]) | (option != out[name][0]) for option in options[name]]
        else:
            continue
        shape = [1] * 7 + [len(table)]
        shape[axis] = len(inside)
        keep = keep & np.reshape(inside, shape)
    return keep
