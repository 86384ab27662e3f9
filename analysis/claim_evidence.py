"""Which trials bear on a claim, and what they say when they are pooled; no verdict is passed here."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.dictionary import WEEK_BANDS
from analysis.effects_counts import risk_difference
from analysis.pooling import pool_columns
from analysis.results import PooledEffect
from analysis.trial_notes import about_trials

#: How near the trials are to the claim, nearest first; only the first can decide a claim.
MATCHES = ("direct", "same therapy, other conditions", "another therapy, named beside it", "same family", "none")
#: Words in the free text of a claim's condition that stand for a condition group of the trials.
CONDITION_WORDS = {
    "Low back": "low back|back pain|lumbar|lumbago",
    "Neck": "neck|cervical|whiplash",
    "Knee osteoarthritis": "knee",
    "Neuropathic": "neuropath|nerve|neuralgia|sciatica|radicular|phantom|tingling|numbness",
    "Fibromyalgia": "fibromyalgia",
    "Headache": "headache|migraine",
    "Menstrual": "menstrual|dysmenorrh|period pain",
    "Shoulder": "shoulder",
}
ANY_PAIN = ("any pain", "pain")
#: Flags of effect sizes that keep a trial from carrying a verdict, and one more.
DOUBTS = ("doubtful", "second-hand", "SD imputed", "time point selected")
WEAK_CONTROL = "weak dose as control"
_ROLES = {
    "contrast": ("yi", "vi"),
    "placebo": ("change_placebo", "change_placebo_vi"),
    "treatment": ("change_treatment", "change_treatment_vi"),
    "responders": ("responding", "responding_vi"),
}
_ABOUT = ["study", "label", "therapy", "therapy_family", "condition_group", "pain_type"]
_NUMBERS = ["yi", "vi", "change_placebo", "change_placebo_vi", "change_treatment", "change_treatment_vi", "people"]
_ARMS = [f"{name}_{arm}" for name in ("baseline", "n", "events", "counted") for arm in ("treatment", "placebo")]
_COUNTS = ["events_treatment", "counted_treatment", "events_placebo", "counted_placebo"]
_EXTRA = ["responding", "responding_vi", "week", "timepoint", "week_band", "doubts"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """The trials that bear on one claim.

    Attributes
    ----------
    match : str
        One of `MATCHES`.
    scope : str
        Which trials, in words.
    k, people : int
        Trials with a contrast, and people in them (as far as printed).
    contrast, placebo, treatment, responders : PooledEffect or None
        Treatment minus placebo, change within the arms, and minus the risk difference of responding.
    clean, clean_responders : PooledEffect or None
        Contrast and responders without trials that are doubtful, second-hand, picked, imputed or against a weak dose.
    named, named_placebo : PooledEffect or None
        Change within the treatment and the placebo arms of the trials to which the claim was traced.
    traced : bool
        Whether such a trial of the claim's therapy is there.
    baselines, shares : dict
        Mean pain before treatment (of the trials traced, otherwise of all; weighted by people) and fraction of
        responders (all people together) with its interval, by "treatment" and "placebo"; NaN where not printed.
    followed : bool
        Whether all trials have a time point after the end of treatment that is as late as the claim says, or within a
        day where it says that relief is quick; True for claims that say neither.
    doubts : tuple of str
        The trials that `clean` leaves out, with the reason.
    """

    match: str
    scope: str
    k: int
    people: int
    contrast: PooledEffect | None
    placebo: PooledEffect | None
    treatment: PooledEffect | None
    responders: PooledEffect | None
    clean: PooledEffect | None
    clean_responders: PooledEffect | None
    named: PooledEffect | None
    named_placebo: PooledEffect | None
    traced: bool
    baselines: dict
    shares: dict
    followed: bool
    doubts: tuple


def study_table(effects, rows):
    """Put the trials with effect sizes and those with responders only into one table.

    Parameters
    ----------
    effects : EffectSizes
        Of the trials, with reported contrasts or without.
    rows : pandas.DataFrame
        The trials table, for trials without an effect size and for responder counts at any time point.

    Returns
    -------
    pandas.DataFrame
        One line per trial: what it is, effects in points, responders, and the reasons for doubt as a tuple.
    """
    own = effects.table.reindex(columns=[*dict.fromkeys([*effects.table, "design", "control"])])
    people = own[["n_treatment", "n_placebo"]].astype(float)
    people["n_placebo"] = people["n_placebo"].where(own["design"] != "crossover", 0)
    own = own.assign(people=people.sum(axis=1, min_count=1))
    others = rows[~rows["study"].isin(own["study"])]
    parts = [own] if others.empty else [own, about_trials(others)]
    wanted = [*_ABOUT, *_NUMBERS, *_ARMS, *_EXTRA]
    parts = [part.assign(doubts=_doubts(part)).reindex(columns=wanted).astype(object) for part in parts]
    numbers = [name for name in wanted if name not in (*_ABOUT, "timepoint", "week_band", "doubts")]
    table = pd.concat(parts, ignore_index=True).astype(dict.fromkeys(numbers, float))
    return _with_responders(table, rows)


def _doubts(table):
    """Why each trial should not carry a verdict alone: a tuple of words per line."""
    found = []
    for trial in table.to_dict("records"):
        words = [word for word in DOUBTS if word in trial.get("flags", ()) or trial["certainty"] == word]
        found.append((*words, *([WEAK_CONTROL] if trial["control"] == "weak dose" else [])))
    return pd.Series(found, index=table.index, dtype=object)


def _with_responders(table, rows):
    """Add the responders of each trial, at its primary time point if they were counted there, else at the first."""
    if "events" not in rows:  # nothing but reported differences
        return table
    counted = rows[rows["events"].notna() & rows["arm"].isin(["treatment", "placebo"])]
    if counted.empty:
        return table
    first = counted.assign(later=counted["primary"] != "yes").sort_values(["study", "later", "week"], kind="stable")
    time = ["study", "primary", "week", "timepoint"]
    counted = counted.merge(first.drop_duplicates("study")[time], on=time)
    sums = counted.groupby(["study", "arm"])[["events", "n"]].sum().unstack("arm")
    for name, column in (("events", "events"), ("counted", "n")):
        for arm in ("treatment", "placebo"):
            found = table["study"].map(sums.get((column, arm), pd.Series(dtype=float))).astype(float)
            table[f"{name}_{arm}"] = found.where(~table["study"].duplicated())
    both = table[_COUNTS].notna().all(axis=1)
    more, variance = risk_difference(*table.loc[both, _COUNTS].to_numpy().T)
    table.loc[both, "responding"], table.loc[both, "responding_vi"] = -more, variance
    return table


def gather(claims, studies, **methods):
    """Find and pool the trials that bear on each claim; all pools are computed in one call.

    Parameters
    ----------
    claims : pandas.DataFrame
        With `therapy`, `therapy_family`, `condition`, `traced_to`, `weeks` (how long the claim says relief lasts, NaN
        where it does not) and `quick` (whether it says that relief comes at once).
    studies : pandas.DataFrame
        From :func:`study_table`.
    **methods
        Options of :func:`analysis.pooling.pool_columns`.

    Returns
    -------
    list of Evidence
        One per claim, in their order.
    """
    matched = [_matched(claim, studies) for claim in claims.itertuples()]
    clean = (studies["doubts"].str.len() == 0).to_numpy()
    asked = []
    for _, mask, named, _ in matched:
        asks = {role: (role, mask) for role in _ROLES}
        asks |= {"clean": ("contrast", mask & clean), "clean_responders": ("responders", mask & clean)}
        asked.append(asks | {"named": ("treatment", named), "named_placebo": ("placebo", named)})
    pooled = _pool_once([ask for asks in asked for ask in asks.values()], studies, methods)
    found = []
    for claim, (match, mask, named, followed), asks in zip(claims.itertuples(), matched, asked, strict=True):
        here = studies[mask & studies["yi"].notna().to_numpy()]
        about = {
            "match": match,
            "scope": _scope(match, claim, studies[mask], followed),
            "k": len(here),
            "people": int(here["people"].sum()),
            "traced": bool(named.any()),
            "baselines": _baselines(studies[named if named.any() else mask]),
            "shares": _shares(studies[named if named.any() else mask], methods.get("confidence_level", 0.95)),
            "followed": followed,
            "doubts": _doubtful(here if len(here) else studies[mask]),
        }
        numbers = {name: pooled[role, members.tobytes()] for name, (role, members) in asks.items()}
        found.append(Evidence(**about, **numbers))
    return found


def _doubtful(trials):
    return tuple(f"{t.label} ({', '.join(t.doubts)})" for t in trials.itertuples() if t.doubts)


def _matched(claim, studies):
    """How near the trials are, which they are, which of them are named, and whether they last long enough."""
    therapy = (studies["therapy"] == claim.therapy).to_numpy()
    traced = claim.traced_to if isinstance(claim.traced_to, str) else ""
    listed = studies["study"].isin(re.split(r"[;,\s]+", traced)).to_numpy()
    named = listed & therapy & (not traced.startswith("nearest"))
    about = condition_mask(claim.condition, studies)
    mask, followed = (therapy & about) | named, True
    if mask.any() and (claim.quick or np.isfinite(claim.weeks)):
        late = (studies["timepoint"] == "follow-up") & (studies["week"] >= claim.weeks)
        fits = mask & (studies["week_band"] == WEEK_BANDS[0] if claim.quick else late).to_numpy()
        mask, followed = (fits, True) if fits.any() else (mask, False)
    family = (studies["therapy_family"] == claim.therapy_family).to_numpy()
    nearest = family & about if (family & about).any() else family
    rings = dict(zip(MATCHES, (mask, therapy, listed, nearest), strict=False))
    match = next((name for name, ring in rings.items() if ring.any()), "none")
    return match, rings.get(match, family), named, followed


def condition_mask(condition, studies):
    """Which trials are of the condition that a claim speaks of.

    Parameters
    ----------
    condition : str
        Free text such as "chronic low back pain". "any pain" stands for all trials; a text that names no condition
        group but a type of pain ("acute pain") for that type; one that names neither for no trial.
    studies : pandas.DataFrame
        With `condition_group` and `pain_type`.

    Returns
    -------
    numpy.ndarray of bool

    Examples
    --------
    >>> trials = pd.DataFrame({"condition_group": ["Low back", "Headache"], "pain_type": ["chronic", "acute"]})
    >>> [condition_mask(text, trials).tolist() for text in ("lumbar disc pain", "any pain", "acute pain", "burns")]
    [[True, False], [True, True], [False, True], [False, False]]
    """
    text = condition.lower()
    if text in ANY_PAIN:
        return np.ones(len(studies), dtype=bool)
    groups = {g for g, words in CONDITION_WORDS.items() if re.search(rf"\b({words})", text)}
    groups |= {g for g in studies["condition_group"].dropna().unique() if g != "Other" and g.lower() in text}
    if groups:
        return studies["condition_group"].isin(groups).to_numpy()
    return studies["pain_type"].map(lambda kind: isinstance(kind, str) and kind in text.split()).to_numpy(dtype=bool)


def _scope(match, claim, trials, followed):
    """Which trials, in words: "Static magnet: low back"."""
    found = list(dict.fromkeys(trials["condition_group"].str.lower()))
    every = claim.condition.lower() in ANY_PAIN and len(found) > 1
    groups = "all conditions" if every else ", ".join(found)
    about = {
        "direct": f"{claim.therapy}: {groups}{', within a day' if claim.quick and followed else ''}",
        "same therapy, other conditions": f"{claim.therapy}, other conditions: {groups}",
        "another therapy, named beside it": f"another therapy ({', '.join(trials['label'])}): {groups}",
        "same family": f"other therapies of the family {claim.therapy_family.lower()}: {groups}",
    }
    return about.get(match, "no trial")


def _baselines(trials):
    """Mean pain before treatment in the arms of each role that print it, weighted by people."""
    found = {}
    for arm in ("treatment", "placebo"):
        printed = trials[trials[f"baseline_{arm}"].notna()]
        weights = printed[f"n_{arm}"]
        found[arm] = float(np.average(printed[f"baseline_{arm}"], weights=weights)) if len(printed) else np.nan
    return found


def _shares(trials, confidence_level):
    """Fraction of responders by role, all people together, and its interval (Wilson 1927); of one trial no interval."""
    counts, found = trials[_COUNTS].dropna(), {}
    z2 = ndtri((1 + confidence_level) / 2) ** 2 if len(counts) > 1 else 0.0
    for arm in ("treatment", "placebo"):
        events, n = (float(counts[f"{name}_{arm}"].sum()) for name in ("events", "counted"))
        middle, half = events + z2 / 2, np.sqrt(z2 * (events * (n - events) / n + z2 / 4)) if n else np.nan
        ends = [(middle + side * half) / (n + z2) if n else np.nan for side in (-1, 1)]
        found[arm] = (events / n if n else np.nan, *map(float, ends))
    return found


def _pool_once(asks, studies, methods):
    """The pooled effect of every (role, members) asked for, by role and members; None where no trial has it."""
    columns = {}
    for role, members in asks:
        yi, vi = (studies[name].to_numpy() for name in _ROLES[role])
        here = members & np.isfinite(yi) & (vi > 0)
        columns[role, members.tobytes()] = tuple(np.where(here, x, np.nan) for x in (yi, vi))
    filled = [key for key, (yi, _) in columns.items() if np.isfinite(yi).any()]
    if not filled:
        return dict.fromkeys(columns)
    yi, vi = (np.column_stack([columns[key][part] for key in filled]) for part in (0, 1))
    results = pool_columns(yi, vi, labels=studies["label"].tolist(), measure="MD", **methods)
    return dict.fromkeys(columns) | dict(zip(filled, results, strict=True))
