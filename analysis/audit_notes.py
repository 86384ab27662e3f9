"""The lint rules on what a trial is: how sure its rows are, its control, its people, and what the notes say.

Columns come first. Some facts stand nowhere but in `note`: rescue medication, a sham that can be told from the
treatment, doubtful allocation, a time point that was picked. For these, `NOTES` lists the words that are looked for,
and the finding quotes the sentence in which they stand.
"""

import numpy as np
import pandas as pd

from analysis.arm_scores import primary_arms
from analysis.audit_facts import (
    LOOK,
    TINY,
    Finding,
    at_pair,
    first_primary,
    listed,
    notes_of,
    printed_numbers,
)
from analysis.dictionary import MEANS
from analysis.schema import same_time
from analysis.text import percent

#: What is looked for in the notes (regular expressions, upper and lower case alike): check, words, remedy.
NOTES = (
    (
        "control not inert",
        r"\bnot (?:an |fully |quite )?inert|could tell|different procedure|scrambled|not blinded|unblinded sham|"
        r"weak magnet|weak, not inert",
        "Run the analysis without it: the contrast may be too small, or rest on expectation.",
    ),
    (
        "allocation in doubt",
        r"random\w* is in doubt|not (?:show|state)\w* that allocation|not clearly random|not random(?:ised|ized)?\b|"
        r"open(?:-label)? allocation|quasi-random",
        "Run the analysis without it.",
    ),
    ("rescue medication", r"\brescue\b", "Compare the rescue medication before the pain scores."),
    (
        "favourable time point",
        r"selected upward|favou?rable time|best time point|time point that was printed|no difference and no numbers",
        "Leave it out of a sensitivity analysis: its time was picked.",
    ),
    ("scale in doubt", r"range (?:of the (?:scale|VAS) )?(?:is |was )?assumed|0-\d+ range assumed", LOOK),
    (
        "the note states a doubt",
        r"\boutlier\b|implausible|may be a final score|order of the arms|does not match|too narrow to be credible|"
        r"not confirmed|sensitivity analysis only",
        "Read the note, and run the analysis without it.",
    ),
)
ABOUT_N = r"\bn ?= ?\d|\bn (?:per arm|at|analysed|is)\b|\d randomi[sz]ed|inferred from"
NOTE_ON_TIME = NOTES[3][1]
SPLIT = 1.5  # people in the larger arm over those in the smaller one
DROPOUT = 0.20  # difference between the arms in the share of people lost from the first to the last time point
CERTAINTY = {
    "doubtful": ("warning", "doubtful", "Run the analysis without it, or look the number up."),
    "second-hand": ("note", "second-hand", "Look the numbers up in the trial report."),
}


def trials_of(trials):
    """Yield (study, rows) in the order of the file."""
    return trials.groupby("study", sort=False)


def said_in_notes(trials):
    """One finding per trial and kind of doubt that a note states, with the sentences quoted."""
    found = []
    for study, rows in trials_of(trials):
        for check, pattern, remedy in NOTES:
            quote, where = notes_of(rows, pattern)
            weak = rows["control"].isin(["weak dose", "other"]).any() if check == "control not inert" else False
            if weak:
                where = tuple(rows.index)
                quote = quote or f"control: {rows['control'].iloc[0]}"
            if quote:
                reason = f"the note says '{quote.rstrip('.;')}'."
                if weak:
                    reason = f"the control is no inert placebo ({rows['control'].iloc[0]}): '{quote.rstrip('.;')}'."
                found.append(Finding(study, where, check, "warning", np.nan, reason, remedy))
    return found


def certainty(trials):
    """Trials whose rows are called doubtful or were read in someone else's table; the note is quoted."""
    found = []
    for study, rows in trials_of(trials):
        for word, (severity, check, remedy) in CERTAINTY.items():
            hit = rows[rows["certainty"] == word]
            if len(hit):
                notes = " ".join(dict.fromkeys(hit["note"].dropna())).rstrip(".")
                reason = "the values are called doubtful" + (f": '{notes}'." if notes else ".")
                if word == "second-hand":
                    reason = f"read in someone else's table: {hit['source'].iloc[0]}."
                found.append(Finding(study, tuple(hit.index), check, severity, np.nan, reason, remedy))
    return found


def people(trials, paired):
    """Arm sizes that were assumed or inferred, that differ much, or shrink differently."""
    found = []
    for study, rows in trials_of(trials[trials["arm"] != "active"]):
        for basis, severity in (("assumed", "warning"), ("inferred", "note")):
            hit = rows[rows["n_basis"] == basis]
            if len(hit):
                values = ", ".join(f"{n} ({arm})" for arm, n in dict.fromkeys(zip(hit["arm"], hit["n"], strict=True)))
                quote = notes_of(hit, ABOUT_N)[0].rstrip(".;")
                reason = f"the n of {values} is {basis}, not read" + (f": '{quote}'." if quote else ".")
                remedy = "Look n up; the SE moves with its square root."
                found.append(
                    Finding(study, tuple(hit.index), f"n {basis}", severity, float(hit["n"].iloc[0]), reason, remedy)
                )
    lines = first_primary(paired)
    ratio = lines[["n_t", "n_p"]].max(axis=1) / lines[["n_t", "n_p"]].min(axis=1)
    alone = ~lines["time"].duplicated(keep=False)
    for line in lines.assign(ratio=ratio)[(ratio >= SPLIT) & alone].itertuples():
        reason = f"{line.n_t} people beside {line.n_p}: an uneven split"
        found.append(at_pair(line, "uneven split", "note", line.ratio, reason, "Check allocation and dropouts."))
    return found + _dropout(trials)


def _dropout(trials):
    found = []
    main = trials[trials["arm"] != "active"]
    for study, rows in main.groupby("study", sort=False):
        people = rows.groupby([*same_time(rows), rows["arm"]], sort=False)["n"].sum().unstack("arm")
        people = people.groupby(level=0, sort=False).agg(["first", "last"])
        lost = {arm: 1 - people[arm, "last"].iloc[0] / people[arm, "first"].iloc[0] for arm in ("treatment", "placebo")}
        gap = abs(lost["treatment"] - lost["placebo"])
        if gap >= DROPOUT - TINY:
            said = " and ".join(f"{percent(share)} ({arm})" for arm, share in lost.items())
            reason = f"from the first to the last time point {said} of the people are lost."
            found.append(Finding(study, tuple(rows.index), "unequal dropout", "warning", float(gap), reason, LOOK))
    return found


def designs(trials, paired):
    """What the way a trial is built asks of an analysis: a shared placebo arm, paired periods."""
    found = []
    for _, lines in paired.groupby("time", sort=False):
        if len(lines) > 1:
            first, rows = lines.iloc[0], (*lines["row_t"], lines["row_p"].iloc[0])
            reason = f"one placebo arm (n = {first['n_p']}) serves {len(lines)} treatment arms."
            remedy = "Combine or split (multi_arm); never count it once for each."
            found.append(Finding(first["study"], rows, "shared placebo arm", "note", float(len(lines)), reason, remedy))
    crossed = trials[(trials["design"] == "crossover") & trials[list(MEANS)].notna().any(axis=1)]
    for study, rows in trials_of(crossed):
        reason = "the same people had both; the SD of the paired difference has no column, so a correlation is assumed."
        remedy = "Vary crossover_correlation."
        found.append(Finding(study, tuple(rows.index), "crossover without paired SD", "note", np.nan, reason, remedy))
    return found


def missing_spread(paired):
    """Primary means without any SD, SE or interval: the SD must be imputed."""
    found = []
    lines = paired[(paired["primary"] == "yes") & (paired["scale"] != "percent change")]
    for line in lines.itertuples():
        has = {}
        for part in ("mean", "sd"):
            has[part] = {
                score: all(pd.notna(getattr(line, f"{score}_{part}_{arm}")) for arm in "tp")
                for score in ("baseline", "final", "change")
            }
        means = has["mean"]["final"] or has["mean"]["change"]
        spread = any(has["mean"][s] and has["sd"][s] for s in ("final", "change"))
        if means and not spread:
            reason = "means without an SD, SE or interval: the SD must be imputed, and with it the weight"
            remedy = "Ask the authors, or compare missing_sd='impute' with 'drop'."
            found.append(at_pair(line, "SD to be imputed", "warning", np.nan, reason, remedy))
    return found


def twice(trials):
    """One trial under two ids: the same doi or pmid, the same author, year and n, or the same numbers."""
    first = primary_arms(trials)
    first = pd.concat([first, trials[~trials["study"].isin(first["study"])]])
    keys = {"doi": {}, "pmid": {}, "author, year and n": {}, "numbers": {}}
    for study, rows in trials_of(first):
        for name in ("doi", "pmid"):
            keys[name][study] = next((str(x).strip().lower() for x in rows[name].dropna()), None)
        about = (str(rows["author"].iloc[0]).lower(), rows["year"].iloc[0], tuple(sorted(rows["n"])))
        keys["author, year and n"][study] = about
        values = rows.sort_values("arm")[["n"]].join(printed_numbers(rows)).to_numpy(dtype=float)
        known = values[~np.isnan(values)]
        means = printed_numbers(rows).notna().to_numpy().sum()
        keys["numbers"][study] = tuple(known) if means >= 4 else None
    found, seen = [], set()
    for name, values in keys.items():
        table = pd.Series(values, dtype=object).dropna()
        for value, same in table.groupby(table.map(repr), sort=False):
            studies = tuple(same.index)
            if len(studies) > 1 and studies not in seen:
                seen.add(studies)
                rows = tuple(trials.index[trials["study"].isin(studies)])
                shown = f" ({value.strip(chr(39))})" if name in ("doi", "pmid") else ""
                reason = f"{listed(studies)} have the same {name}{shown}: is it one trial?"
                severity = "warning" if name.startswith("author") else "serious"
                remedy = "Keep one id; enter other time points and arms under it."
                found.append(Finding(studies[-1], rows, "same trial twice", severity, np.nan, reason, remedy))
    return found
