"""Claims of popular articles set against the pooled evidence, each with one verdict."""

import difflib

import numpy as np
import pandas as pd

from analysis.claim_evidence import gather, study_table
from analysis.claim_numbers import Claim, claim_words, kind_of, read_number
from analysis.claim_report import caveats, plain
from analysis.claim_rules import judge
from analysis.contrasts import with_contrasts
from analysis.dictionary import CLAIMS
from analysis.effect_table import EffectSizes, effect_sizes
from analysis.problems import TrialDataError
from analysis.thresholds import BETWEEN, require

_CLOSED = ("unit", "arm", "traced", "checkable_with")
_POOLED = ("placebo", "treatment", "contrast")
_NEAR = 0.9  # likeness of a therapy to one of the trials from which it is taken for a slip of the pen


def check_claims(
    claims,
    trials,
    *,
    contrasts=None,
    worthwhile=None,
    tau2_method="REML",
    ci_method="HKSJ-mod",
    pi_method="t(k-1)",
    confidence_level=0.95,
):
    """Give every claim one verdict that is never stronger than the trials behind it.

    Parameters
    ----------
    claims : pandas.DataFrame
        From :func:`analysis.read_claims`; other therapies than those of the trials are allowed.
    trials : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_trials`, or from :func:`analysis.effect_sizes` where its options matter.
    contrasts : pandas.DataFrame, optional
        From :func:`analysis.read_contrasts`: trials that report only the difference from placebo.
    worthwhile : Threshold, optional
        Between-group, in points: a caveat names supported claims whose difference is smaller.
    tau2_method, ci_method, pi_method, confidence_level
        As for :func:`analysis.pool`. The interval is never narrower than the Wald one, because no verdict should
        profit from trials that agree by chance.

    Returns
    -------
    pandas.DataFrame
        One row per claim, in order: the columns of the claim; `claimed` (its number in words) and `kind` ("arm change",
        "difference", "responders", "duration", "dose", "no number"); `match` and `scope` (which trials bear on it), `k`
        and `people` (trials with a contrast, people in them), `k_arms` (trials with a change in both arms);
        `placebo`, `treatment` and `contrast` in points on 0-10, each with `_low` and `_high`; `tau`, `i2`, `pi_low`,
        `pi_high` of the contrast; `verdict`, the number of the `rule` that gave it, `reason`, `caveats`, and `plain`,
        the whole in sentences for a lay reader. The methods are in `attrs`.

    Raises
    ------
    TrialDataError
        If a claim holds what the data dictionary does not allow; lists every row.
    ValueError
        For an unknown option, or a threshold that is not between-group.

    Notes
    -----
    Trials bear on a claim if they are of its therapy and its condition (all conditions for "any pain"), or of its
    therapy and named in `traced_to`. Where there are none, the nearest ones are shown: same therapy in other
    conditions, a trial of another therapy named in `traced_to`, same family. Those decide nothing.

    The first rule that applies gives the verdict; none knows a claim's id or its article.

    1. *single untraced report*: the claim cites one report (a journal, an author, a year), it was not traced, and
       nothing else was found to check it with.
    2. *no trial with these numbers*: it holds a number (change, difference, responders, duration), names no report that
       could be looked up, and nothing was found to check it with.
    3. *not testable here*: its number is a dose, or says that pain does not fall; it compares with something else than
       placebo, or versions of the treatment with each other; it speaks of the placebo arm without a number; nothing was
       found to check it with; or it is not about how much pain changes.
    4. A claim that there is no evidence is *supported* unless rule 9 would support the opposite (then *overstated*),
       and *not testable here* if what it rests on was not found. A claim that there is no effect is *overstated* if the
       trials show one, otherwise *not distinguishable from placebo*: no trial proves that there is none.
    5. *not testable here*: no usable trial of this therapy in this condition.
    6. A duration of relief that no trial followed is *overstated* if a trial was traced that ended before, otherwise
       *no trial with these numbers*; quick relief is *not testable here* if no trial measured pain within a day. Where
       trials followed people that long, or measured that early, only they count from here on.
    7. A number of the placebo arm is *supported* if it agrees with the trial traced (to rounding) or, without one, lies
       in the interval of the placebo arms of three trials or more (*not testable here* with fewer); otherwise *no trial
       with these numbers*.
    8. A number of the treatment arm: *no trial with these numbers* if no arm prints it; *overstated* if larger than in
       the trial traced (without one, beyond the interval of the treatment arms); *supported* only if the difference
       from placebo passes rule 9 and reaches it; otherwise *arm change quoted as effect*.
    9. A difference, or a claim of relief without a number: *not distinguishable from placebo* if the interval includes
       zero (of one or two trials: each trial's own); *overstated* if placebo did better, if there are fewer than three
       trials, if the prediction interval reaches zero, if without the trials that are doubtful, second-hand, picked,
       imputed or against a weak dose fewer than three or no effect are left, or if the claimed number lies beyond the
       interval; otherwise *supported*.

    Examples
    --------
    >>> from analysis import read_claims, read_contrasts, read_trials
    >>> claims, trials = read_claims("data/claims.csv"), read_trials("data/trials.csv")
    >>> checked = check_claims(claims, trials, contrasts=read_contrasts("data/contrasts.csv"))
    >>> checked.set_index("claim_id").loc[["nir01", "nir02", "nir03"], ["claimed", "verdict"]].values.tolist()
    [['pain falls by 3.9 points', 'arm change quoted as effect'], ['pain falls by 1.4 points with placebo', \
'supported'], ['2.5 points less pain than with placebo', 'overstated']]
    """
    if worthwhile is not None:
        require(worthwhile, BETWEEN, "a difference between groups")
    table, numbers = _checked_table(claims)
    effects = trials if isinstance(trials, EffectSizes) else effect_sizes(trials)
    rows = effects.rows if isinstance(trials, EffectSizes) else trials
    if contrasts is not None:
        effects = with_contrasts(effects, contrasts)
    studies = study_table(effects, rows)
    _check_spelling(table, studies)
    times = {"weeks": [claim.weeks for claim in numbers], "quick": [claim.quick for claim in numbers]}
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method}
    found = gather(table.assign(**times), studies, **methods, confidence_level=confidence_level)
    about = pd.DataFrame([_row(*pair, worthwhile) for pair in zip(numbers, found, strict=True)])
    looked_up = table["finding"].astype(object).where(table["finding"].notna(), "")
    about["plain"] = [plain(*parts) for parts in zip(numbers, found, about.itertuples(), looked_up, strict=True)]
    checked = pd.concat([table.reset_index(drop=True), about], axis=1)
    checked.attrs = {"confidence_level": confidence_level, **methods}
    return checked


def _checked_table(claims):
    """The claims with all columns of the dictionary, and what the rules may know of each; lists all problems."""
    if not isinstance(claims, pd.DataFrame) or not {"claim_id", "claim"} <= set(claims.columns):
        raise ValueError("claims must be the table that read_claims returns; it takes files and DataFrames")
    own = [name for name in claims if name.startswith("x_")]
    table = claims.reindex(columns=[*CLAIMS.columns, *own])
    text = table.astype(object).where(table.notna(), "")
    ends = [read_number(value) for value in text["value"]]
    problems = []
    for row, (cells, end) in enumerate(zip(text.to_dict("records"), ends, strict=True)):
        problems += [(claims.index[row], cells["claim_id"], *problem) for problem in _problems(cells, end)]
    twice = text["claim_id"].duplicated()
    rule, remedy = "stands twice", "Give each claim an id of its own."
    problems += [(row, text["claim_id"][row], "claim_id", "", rule, remedy) for row in text.index[twice]]
    if text.empty:
        problems.append((None, "", "", "", "there is no claim", "Add one row per claim."))
    if problems:
        raise TrialDataError(problems, "the claims", "claim_id")
    kinds = [kind_of(c.unit, c.arm, not np.isnan(e[0])) for c, e in zip(text.itertuples(), ends, strict=True)]
    columns = [text[name].astype(str) for name in Claim._fields[: -len(("kind", "low", "high", "digits"))]]
    return table, [Claim(*cells, kind, *end) for *cells, kind, end in zip(*columns, kinds, ends, strict=True)]


def _problems(cells, ends):
    """What is wrong with one claim: column, value, rule and remedy of each problem."""
    for name in CLAIMS.required:
        if cells[name] == "":
            yield name, "", "is blank", "This column must be filled in every row."
    for name in _CLOSED:
        allowed = CLAIMS.vocabulary[name]
        if cells[name] not in ("", *allowed):
            yield name, cells[name], "is not in the closed list", f"Use one of: {', '.join(allowed)}."
    if ends is None:
        yield (
            "value",
            cells["value"],
            "is neither a number nor a range",
            "Type a number like -3.9, or a range like 2-3 or -3--2.",
        )
    elif cells["value"] != "" and cells["unit"] == "":
        yield "unit", "", "a number needs its unit", f"Use one of: {', '.join(CLAIMS.vocabulary['unit'])}."


def _check_spelling(table, studies):
    """Refuse a therapy that is written almost like one of the trials: it would silently match nothing."""
    known = {name.lower(): name for name in studies["therapy"].dropna()}
    problems = []
    for row, claim_id, therapy in zip(table.index, table["claim_id"], table["therapy"], strict=True):
        near = difflib.get_close_matches(therapy.lower(), known, n=1, cutoff=_NEAR)
        if near and therapy not in known.values():
            remedy = f"Did you mean '{known[near[0]]}'?"
            problems.append((row, claim_id, "therapy", therapy, "is almost a therapy of the trials", remedy))
    if problems:
        raise TrialDataError(problems, "the claims", "claim_id")


def _row(claim, evidence, worthwhile):
    """Everything that is found out about one claim, but for the sentences for lay readers."""
    row = {"claimed": claim_words(claim), "kind": claim.kind, "match": evidence.match, "scope": evidence.scope}
    k_arms = 0 if evidence.placebo is None else evidence.placebo.k
    row |= {"k": evidence.k, "k_arms": k_arms, "people": evidence.people}
    for role in _POOLED:
        pooled = getattr(evidence, role)
        values = (np.nan,) * 3 if pooled is None else (pooled.estimate, *pooled.ci)
        row |= dict(zip((role, f"{role}_low", f"{role}_high"), values, strict=True))
    contrast = evidence.contrast
    values = (np.nan,) * 4 if contrast is None else (contrast.tau, contrast.i2, *contrast.pi)
    row |= dict(zip(("tau", "i2", "pi_low", "pi_high"), values, strict=True))
    verdict, reason, rule = judge(claim, evidence)
    row |= {"verdict": verdict, "rule": rule, "reason": reason}
    return row | {"caveats": caveats(claim, evidence, verdict, worthwhile)}
