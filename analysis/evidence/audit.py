"""A lint of a checked trials table: what to look up again before anything is pooled.

What is odd is decided by the rules of `audit_rules`, each on its own. Here they are run, and what they find is put in
the order of the file, the most severe of a trial first, and into a few sentences.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import _check
from analysis.data.arm_scores import labels
from analysis.data.effect_sizes import about_outcome
from analysis.data.trials import checked_trials
from analysis.data.wide import row_given
from analysis.evidence.audit_rules import CONTRAST_RULES, RULES, Finding, findings, in_points, pairs, row_words
from analysis.text import counted, number

SEVERITIES = ("serious", "warning", "note")
RESULT = ["study", "label", "rows", "check", "severity", "value", "reason", "remedy", "table"]


def audit_trials(trials: pd.DataFrame, *, contrasts: pd.DataFrame | None = None) -> pd.DataFrame:
    """List what is doubtful, odd or impossible in a table of trials, with the reason.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`analysis.read_trials`, which has refused what cannot be; another table is checked alike.
    contrasts : pandas.DataFrame, optional
        From :func:`analysis.read_contrasts`: reported differences, looked at as well.

    Returns
    -------
    pandas.DataFrame
        One line per finding, in the order of the file, the most severe of a trial first: study, label, `rows` (of the
        file), check, severity, `value` (the number that gave rise to it; NaN if none), reason, remedy, `table`
        ("trials" or "contrasts"). Empty, with these columns, if there is nothing to say.

    Raises
    ------
    ValueError
        If the table does not come from :func:`analysis.read_trials`.

    See Also
    --------
    analysis.audit_findings : Say in words what was found.
    analysis.read_trials : Read a table of trials and refuse what cannot be.
    analysis.provenance : Trace a pooled number down to the printed ones.

    Notes
    -----
    "serious": the number cannot be right as it stands, or the arms cannot be compared. "warning": look it up, and
    run the analysis without the trial. "note": what a reader should know.

    - p disagrees: Welch's test on the printed means and SDs (change or final score, whichever is printed) against the
      printed p. Serious if they fall on different sides of 0.05 beyond rounding and no other test is named.
    - SE entered as SD, SD entered as SE, SD unusually small, SDs do not fit, SD and interval disagree, interval not
      centred.
    - outside the scale, wrong sign, change disagrees with its means, scale in doubt, floor effect, ceiling effect,
      baseline imbalance, identical arms, change and final disagree, direction turns, difference too large.
    - outlier: Studentised deleted residual beyond 1.96, against all other trials or those of its therapy family. Trials
      without a spread cannot be judged.
    - doubtful, second-hand, n assumed, n inferred, uneven split, unequal dropout, shared placebo arm, crossover without
      paired SD, SD from p, SD to be imputed, one person in an arm, same trial twice.
    - control not inert, allocation in doubt, rescue medication, favourable time point, the note states a doubt: found
      in the notes by the words of `analysis.evidence.audit_rules.NOTES`, and quoted.

    The rules of all checks are functions of `analysis.evidence.audit_rules`.

    References
    ----------
    Welch 1947, Biometrika 34:28-35, doi 10.1093/biomet/34.1-2.28 (the test); degrees of freedom by Satterthwaite 1946,
    Biometrics Bulletin 2:110-114, doi 10.2307/3002019.

    Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125, doi 10.1002/jrsm.11 (outliers).

    Goetzsche, Hrobjartsson, Maric & Tendal 2007, JAMA 298:430-437, doi 10.1001/jama.298.4.430 (which errors occur when
    data are extracted: numbers of people, means, SDs and signs).

    Examples
    --------
    >>> from analysis import read_trials
    >>> found = audit_trials(read_trials("data/trials.csv"))
    >>> found[found["study"] == "lauretti2015"][["check", "severity"]].values.tolist()[:2]
    [['difference too large', 'serious'], ['outlier', 'warning']]
    """
    trials = checked_trials(trials)
    if trials.empty:
        raise ValueError("trials hold no row")
    # Rules take the table apart trial by trial: with text as objects in half the time.
    trials = trials.astype(dict.fromkeys(trials.select_dtypes("string").columns, object))
    points, outcome = in_points(trials), about_outcome(trials)
    found = findings(RULES, trials=trials, points=points, paired=pairs(points), outcome=outcome)
    parts = [_findings_table(found, trials, "trials")]
    if contrasts is not None:
        if not isinstance(contrasts, pd.DataFrame) or not {"study", "difference"} <= set(contrasts):
            raise ValueError(
                f"contrasts is a {type(contrasts).__name__}, but must be the table that read_contrasts returns"
            )
        found = findings(CONTRAST_RULES, contrasts=contrasts, trials=trials)
        parts.append(_findings_table(found, contrasts, "contrasts"))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _findings_table(found, source, name):
    """Findings as a frame, in the order of the trials in the source, the most severe of each trial first."""
    table = pd.DataFrame(found, columns=Finding._fields)
    about = source.drop_duplicates("study")
    named = dict(zip(about["study"], labels(about), strict=True))
    place = {study: at for at, study in enumerate(about["study"])}
    order = [table["study"].map(place), table["severity"].map(SEVERITIES.index)]
    table = table.iloc[np.lexsort([part.to_numpy(dtype=float) for part in reversed(order)])]
    table["reason"] = table["reason"].map(lambda text: text[:1].upper() + text[1:])
    cells = source.to_dict("index")
    table["rows"] = [tuple(dict.fromkeys(row_given(cells[row], row) for row in rows)) for rows in table["rows"]]
    table = table.assign(label=table["study"].map(named), table=name, value=table["value"].astype(float))
    return table[RESULT].astype({"label": object}).reset_index(drop=True)


def audit_findings(table: pd.DataFrame) -> str:
    """Return what an audit found, in a few sentences.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`audit_trials`.

    Returns
    -------
    str
        How many trials have findings of each severity, which ones are serious and why, and the most frequent checks.

    See Also
    --------
    analysis.audit_trials : List what is doubtful in a table of trials.
    analysis.findings : Say in words what was pooled.

    References
    ----------
    Goetzsche, Hrobjartsson, Maric & Tendal 2007, JAMA 298:430-437, doi 10.1001/jama.298.4.430 (why extracted data are
    looked up again).

    Examples
    --------
    >>> from analysis import read_trials
    >>> print(audit_findings(audit_trials(read_trials("data/trials.csv"))).splitlines()[0])
    118 findings in 48 trials: serious findings in 3 trials, warnings in 29 trials, notes only in 16 trials.
    """
    _check.table(table, "table", ["study", "label", "rows", "check", "severity", "reason"], "audit_trials")
    if not len(table):
        return "Nothing was found to look up again."
    worst = table.assign(rank=table["severity"].map(SEVERITIES.index)).groupby("study")["rank"].min()
    said = ", ".join(
        f"{name} in {counted(int((worst == rank).sum()), 'trial')}"
        for rank, name in enumerate(("serious findings", "warnings", "notes only"))
    )
    lines = [
        f"{number(len(table), 0)} finding{'s' if len(table) > 1 else ''} in {counted(len(worst), 'trial')}: {said}."
    ]
    serious = table[table["severity"] == "serious"]
    for label, rows in serious.groupby("label", sort=False):
        lines += [f"{label} ({row_words(line.rows)}), {line.check}: {line.reason}" for line in rows.itertuples()]
    common = table.groupby("check")["study"].nunique().sort_values(ascending=False, kind="stable").head(5)
    lines.append("Most often: " + ", ".join(f"{check} ({counted(k, 'trial')})" for check, k in common.items()) + ".")
    return "\n".join(lines)
