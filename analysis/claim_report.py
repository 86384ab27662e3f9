"""What the check of the claims found, in words: caveats, sentences for lay readers, counts."""

import pandas as pd

from analysis.claim_numbers import change_words
from analysis.claim_rules import (
    ARM_CHANGE,
    LEAST_TRIALS,
    NO_TRIAL,
    NOT_DISTINGUISHABLE,
    NOT_TESTABLE,
    OVERSTATED,
    SUPPORTED,
    UNTRACED,
    VERDICTS,
)
from analysis.text import counted, number, percent

_MUCH = 0.5  # I2 from which a caveat names the heterogeneity
_EFFECT_RULES = (6, 8, 9)  # of analysis.check_claims: those on what a treatment does


def caveats(claim, evidence, verdict, worthwhile):
    """Return what must be known beside the verdict, joined by semicolons.

    Parameters
    ----------
    claim : analysis.claim_numbers.Claim
    evidence : analysis.claim_evidence.Evidence
    verdict : str
    worthwhile : Threshold or None

    Returns
    -------
    str
    """
    if verdict in (UNTRACED, NO_TRIAL):
        return "not found in what could be searched, which does not prove that no such report exists"
    if evidence.match != "direct" or verdict == NOT_TESTABLE:
        beside = "answer another question" if evidence.match == "direct" else f"are of {evidence.scope}"
        return f"the pooled numbers beside it {beside}" if evidence.k else ""
    effect, said = evidence.responders if claim.kind == "responders" else evidence.contrast, []
    effect = evidence.contrast if effect is None else effect  # a denial with a number of responders
    if effect is None:
        return ""
    if effect.k < LEAST_TRIALS:
        said.append(f"{counted(effect.k)} only")
    elif effect.i2 > _MUCH:
        said.append(f"the trials differ (tau {number(effect.tau)}, I² {percent(effect.i2)})")
    if evidence.doubts:
        shown = ", ".join(evidence.doubts[:4])
        rest = f" and {len(evidence.doubts) - 4} more" if len(evidence.doubts) > 4 else ""
        said.append(f"in doubt: {shown}{rest}")
    if claim.arm in ("treatment", "single-arm", "placebo") and claim.kind == "arm change":
        said.append("a change within an arm holds natural course and regression to the mean")
    if worthwhile is not None and verdict == SUPPORTED and claim.kind != "responders":
        if effect.ci.high < 0 and abs(effect.estimate) < worthwhile.value:
            said.append(f"smaller than {worthwhile.words}, proposed as worthwhile ({worthwhile.source})")
    return "; ".join(said)


def plain(claim, evidence, row, finding):
    """Return what the article says, what was found, what the trials say, and the verdict.

    Parameters
    ----------
    claim : analysis.claim_numbers.Claim
    evidence : analysis.claim_evidence.Evidence
    row : namedtuple
        With `verdict`, `reason` and `caveats`.
    finding : str
        What was found when the claim was looked up.

    Returns
    -------
    str
    """
    parts = [f"The article says: {_sentence(claim.claim)}"]
    if finding:
        parts.append(f"Looked up: {_sentence(finding)}")
    note = [f"Note: {row.caveats}."] if row.caveats else []
    if evidence.match != "direct" or row.verdict in (UNTRACED, NO_TRIAL, NOT_TESTABLE):
        return " ".join([*parts, f"Verdict: {row.verdict}. {row.reason}", *note])
    arms = ""
    if claim.kind not in ("arm change", "responders") and evidence.placebo is not None:
        placebo, treatment = change_words(evidence.placebo), change_words(evidence.treatment)
        arms = f"In {counted(evidence.placebo.k)} with a baseline, {placebo} with placebo; with treatment {treatment}. "
    return " ".join([*parts, f"The trials say: {arms}{row.reason}", f"Verdict: {row.verdict}.", *note])


def _sentence(text):
    return text if text.endswith((".", "!", "?")) else text + "."


_MEANING = {
    SUPPORTED: "what they say agrees with what was found",
    OVERSTATED: "the trials show less, or are too few or too doubtful to show it",
    ARM_CHANGE: "the number is what happened in a treatment arm, and part of it happened with placebo too",
    NOT_DISTINGUISHABLE: "the interval of the difference from placebo includes no difference",
    UNTRACED: "each rests on one report that could not be found",
    NO_TRIAL: "no trial with that number was found",
    NOT_TESTABLE: "no comparison with placebo here answers them",
}


def claim_counts(checked, by=None):
    """Count the claims with each verdict.

    Parameters
    ----------
    checked : pandas.DataFrame
        From :func:`check_claims`.
    by : str, optional
        A column, such as "therapy_family", for one row per group.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        All verdicts in their order, zeros included.

    Examples
    --------
    >>> from analysis import read_claims, read_trials
    >>> from analysis.claims import check_claims
    >>> checked = check_claims(read_claims("data/claims.csv"), read_trials("data/trials.csv"))
    >>> int(claim_counts(checked).sum())
    36
    """
    verdicts = pd.Categorical(checked["verdict"], categories=VERDICTS)
    if by is None:
        return pd.Series(verdicts).value_counts().reindex(VERDICTS).rename("claims")
    if by not in checked:
        raise ValueError(f"by={by!r} is not a column of the checked claims: {', '.join(checked)}")
    return pd.crosstab(checked[by], verdicts, dropna=False).reindex(columns=VERDICTS, fill_value=0)


def claims_findings(checked):
    """Return what became of the claims, in a few sentences made from the table alone.

    Parameters
    ----------
    checked : pandas.DataFrame
        From :func:`check_claims`.

    Returns
    -------
    str
        One line per verdict that occurs, with the ids of its claims, and one on how much evidence there was.

    Examples
    --------
    >>> from analysis import read_claims, read_trials
    >>> from analysis.claims import check_claims
    >>> checked = check_claims(read_claims("data/claims.csv"), read_trials("data/trials.csv"))
    >>> print(claims_findings(checked).splitlines()[0])
    36 claims were checked, each against the trials of its therapy and condition.
    """
    lines = [f"{_claims(len(checked))} checked, each against the trials of its therapy and condition."]
    for verdict, count in claim_counts(checked).items():
        if count:
            ids = ", ".join(checked["claim_id"][checked["verdict"] == verdict])
            lines.append(f"{verdict[0].upper()}{verdict[1:]}, {number(count, 0)} ({ids}): {_MEANING[verdict]}.")
    works = number((checked["rule"].isin(_EFFECT_RULES) & (checked["verdict"] == SUPPORTED)).sum(), 0)
    lines.append(f"Claims that a treatment relieves pain beyond placebo and are supported: {works}.")
    decided = checked[(checked["match"] == "direct") & ~checked["verdict"].isin([UNTRACED, NO_TRIAL, NOT_TESTABLE])]
    few = int((decided["k"] < LEAST_TRIALS).sum())
    lines.append(
        f"Trials decided {number(len(decided), 0)} of them; in {number(few, 0)} of these there were fewer than "
        f"{LEAST_TRIALS} trials. The trials are a convenience sample: no verdict says what a therapy does."
    )
    return "\n".join(lines)


def _claims(count):
    return f"{number(count, 0)} claim{' was' if count == 1 else 's were'}"
