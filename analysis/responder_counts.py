"""Responders as the trials counted them, pooled where both arms are printed by one definition."""

import numpy as np
import pandas as pd

from analysis import _validate
from analysis.counts import pool_mantel_haenszel
from analysis.dictionary import COLUMNS
from analysis.effects_counts import cells, log_odds_ratio, log_risk_ratio, risk_difference
from analysis.pooling import pool
from analysis.responder_results import Responders, number_needed, pool_shares
from analysis.trial_notes import about_trials

_EFFECTS = {"RR": log_risk_ratio, "OR": log_odds_ratio, "RD": risk_difference}
_POOL = ("random effects", "MH")
_ROLES = ("placebo", "treatment")
_ABOUT = "study label year therapy_family therapy condition_group control certainty".split()
_TIME = ["study", "week", "timepoint", "primary"]
_SOME = "Only some trials print responders; if they do so where counts look good, these numbers lean towards an effect."
_CAVEAT = (
    "What counts as a responder differs from trial to trial ({} definitions in {} trials, see event_definition): the "
    "pooled numbers are a rough summary. " + _SOME
)
_SAME = f"One definition in all trials. {_SOME}"


def pool_responders(
    trials,
    *,
    measure="RR",
    studies=None,
    pool_method="random effects",
    tau2_method="REML",
    ci_method="HKSJ",
    confidence_level=0.95,
):
    """Pool responder counts as printed, one time point per trial.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`. A trial's primary time point is used if it has counts, otherwise its first
        with counts; the definition must be the same in both arms. Several treatment arms are added up.
    measure : {"RR", "OR", "RD"}
        Ratio to pool beside the risk difference; "RD" for the difference alone.
    studies : list of str, optional
        Ids of the trials to pool, such as those with like definitions; all with counts if left out.
    pool_method : {"random effects", "MH"}
        "MH" is the common-effect method of Mantel and Haenszel for ratio and difference; the shares of each arm stay
        random effects.
    tau2_method, ci_method, confidence_level
        As for :func:`analysis.pool`.

    Returns
    -------
    Responders
        Its table lists counts and definition of every trial.

    Raises
    ------
    ValueError
        For an unknown option, a study without usable counts, or no trial with counts.

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = pool_responders(read_trials("data/trials.csv"), studies=["soriano1998", "misra2013", "khooshideh2017"])
    >>> found.table[["label", "events_treatment", "n_treatment", "events_placebo", "n_placebo"]].values.tolist()
    [['Soriano 1998', 27, 38, 12, 33], ['Khooshideh 2017', 23, 36, 10, 36], ['Misra 2013', 36, 47, 13, 48]]
    """
    _validate.option("measure", measure, tuple(_EFFECTS))
    _validate.option("pool_method", pool_method, _POOL)
    if not isinstance(trials, pd.DataFrame) or not set(COLUMNS) <= set(trials.columns):
        raise ValueError("trials must be the table that read_trials returns; it holds the rows with counts")
    table, left_out = _pairs(trials[trials["events"].notna() & trials["arm"].isin(_ROLES)], trials)
    if studies is not None:
        table, left_out = _chosen(table, left_out, studies)
    if table.empty:
        raise ValueError("no trial has responder counts in both arms by one definition")
    table = _shares(table)
    counts = [table[f"{part}_{role}"].to_numpy(float) for role in _ROLES[::-1] for part in ("events", "n")]
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": confidence_level}
    fields = pool_shares(table, **methods)
    if pool_method == "MH":
        common = {"labels": table["label"], "confidence_level": confidence_level}
        fields["difference"] = pool_mantel_haenszel(*counts, measure="RD", **common)
        fields["nnt"] = number_needed(fields["difference"].estimate, *fields["difference"].ci)
    if measure != "RD" and pool_method == "MH":
        fields["ratio"] = pool_mantel_haenszel(*counts, measure=measure, **common)
    elif measure != "RD":
        fields["ratio"] = pool(*_EFFECTS[measure](*counts), labels=table["label"], measure=measure, **methods)
    definitions = table["event_definition"].nunique()
    caveat = _CAVEAT.format(definitions, len(table)) if definitions > 1 else _SAME
    return Responders(table, **fields, left_out=left_out, caveat=caveat)


def _pairs(rows, trials):
    """One row per trial with the counts of both arms at one time point, and the trials left out with the reason."""
    rows = rows.assign(event_definition=rows["event_definition"].fillna("not stated"))
    found, reasons = [], {}
    for study, own in rows.groupby("study", sort=False):
        if (own["design"] == "crossover").any():
            reasons[study] = "crossover: the counts of the same people under both are not independent"
            continue
        times = [time for _, time in own.groupby(_TIME, dropna=False, sort=False) if set(time["arm"]) == set(_ROLES)]
        if not times:
            reasons[study] = "counts of one arm only"
            continue
        alike = [time for time in times if time["event_definition"].nunique() == 1]
        if not alike:
            reasons[study] = "the arms count by different definitions"
            continue
        found.append(_pair(min(alike, key=lambda time: (time["primary"].iloc[0] != "yes", time["week"].iloc[0]))))
    columns = [*_TIME, "event_definition", *(f"{part}_{role}" for role in _ROLES for part in ("events", "n"))]
    table = pd.DataFrame(found, columns=columns)
    about = about_trials(trials)
    left_out = about[["study", "label"]].assign(reason=about["study"].map(reasons)).dropna(subset="reason")
    table = about[_ABOUT].merge(table, on="study")
    return table, left_out.reset_index(drop=True)


def _pair(time):
    sums = time.groupby("arm")[["events", "n"]].sum().astype(int)
    first = time.iloc[0][[*_TIME, "event_definition"]].to_dict()
    return first | {f"{part}_{role}": sums.loc[role, part] for role in _ROLES for part in ("events", "n")}


def _chosen(table, left_out, studies):
    studies = [studies] if isinstance(studies, str) else list(studies)
    reasons = dict(zip(left_out["study"], left_out["reason"], strict=True))
    unknown = [f"{s!r} ({reasons.get(s, 'no counts')})" for s in studies if s not in set(table["study"])]
    if unknown:
        raise ValueError(f"no usable responder counts in {', '.join(unknown)}; choose from {', '.join(table['study'])}")
    keep = table["study"].isin(studies)
    others = table.loc[~keep, ["study", "label"]].assign(reason="not among the studies asked for")
    return table[keep].reset_index(drop=True), pd.concat([left_out, others], ignore_index=True)


def _shares(table):
    """Add the share of responders of each arm, its log odds, and the difference, all with their errors."""
    table = table.copy()
    counts = [table[f"{part}_{role}"].to_numpy(float) for role in _ROLES[::-1] for part in ("events", "n")]
    treatment_yes, treatment_no, placebo_yes, placebo_no = cells(counts, 0.5, "zero trials")
    for role, yes, no in (("placebo", placebo_yes, placebo_no), ("treatment", treatment_yes, treatment_no)):
        table[role] = table[f"events_{role}"] / table[f"n_{role}"]
        table[f"{role}_logit"], table[f"{role}_logit_vi"] = np.log(yes / no), 1 / yes + 1 / no
        table[f"{role}_se"] = np.sqrt(yes * no / (yes + no) ** 3)
    difference, variance = risk_difference(*counts)
    return table.assign(difference=difference, difference_se=np.sqrt(variance))
