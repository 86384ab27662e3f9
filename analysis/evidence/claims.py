"""Claims of popular articles set against the pooled evidence, each with one verdict.

First it is found which trials bear on a claim and what they say when they are pooled, without a verdict; then the rules
of `claim_rules` judge; then the finding is put into words: caveats, sentences for lay readers, counts.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import _check
from analysis._docs import documented
from analysis._types import CIMethod, PIMethod, Tau2Method
from analysis.data.arm_scores import SELECTED, about_trials
from analysis.data.dictionary import CLAIMS, WEEK_BANDS, filled_claims
from analysis.data.effect_sizes import EffectSizes, effect_sizes, require_points, with_contrasts
from analysis.data.trials import TrialDataError, broken_rules, named_claims
from analysis.evidence.claim_rules import (
    ARM_CHANGE,
    LEAST_TRIALS,
    NO_TRIAL,
    NOT_DISTINGUISHABLE,
    NOT_TESTABLE,
    OVERSTATED,
    SCALE,
    SUPPORTED,
    UNTRACED,
    VERDICTS,
    Claim,
    Indirect,
    Verdict,
    change_words,
    claim_words,
    difference_words,
    indirect_words,
    judge,
    named_therapies,
    names_a_report,
    read_number,
    share_words,
    trials_counted,
    useful_interval,
)
from analysis.evidence.contextual import require_placebo
from analysis.evidence.responders import OTHER_DEFINITION, ROLES, counted_trials, usual_definition
from analysis.evidence.worthwhile import BETWEEN, ShareBeyond, Threshold, require, share_of_better
from analysis.models.network import compare_therapies
from analysis.models.pooling import pool_columns
from analysis.models.results import PooledEffect
from analysis.sentences import Wording, capital
from analysis.text import counted, number, percent

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

_IMPUTED = "SD imputed"
#: Flags of effect sizes that keep a trial from carrying a verdict, and one more.
DOUBTS = ("doubtful", "second-hand", _IMPUTED, SELECTED)
WEAK_CONTROL = "weak dose as control"
_ONLY_DIFFERENCE = "only the difference is printed"

# Columns of the table of studies.
_ABOUT = ["study", "label", "therapy", "therapy_family", "condition_group", "pain_type"]
_NUMBERS = ["yi", "vi", "change_placebo", "change_placebo_vi", "change_treatment", "change_treatment_vi", "people"]
_ARMS = [f"{name}_{arm}" for name in ("baseline", "n") for arm in ("treatment", "placebo")]
_EXTRA = ["week", "timepoint", "week_band", "doubts", "reported"]
_COUNTED = ["event_definition", "not_counted", "counted", "responding", "responding_vi"]
_COUNTED += [f"{role}_logit{of}" for role in ROLES for of in ("", "_vi")]

# What is pooled for a claim: the columns of its effects and of their variances.
_ROLES = {
    "contrast": ("yi", "vi"),
    "placebo": ("change_placebo", "change_placebo_vi"),
    "treatment": ("change_treatment", "change_treatment_vi"),
    "responders": ("responding", "responding_vi"),
    "share_treatment": ("treatment_logit", "treatment_logit_vi"),
    "share_placebo": ("placebo_logit", "placebo_logit_vi"),
}

# Likeness of a therapy to one of the trials from which it is taken for a slip of the pen. One letter too many or wrong
# in "Static magnet" gives more; no two therapies of the data come near it.
_NEAR = 0.9
# Of words of a condition, which are shorter: two letters that changed places give more.
_NEAR_CONDITION = 0.85

# I2 from which a caveat names the heterogeneity: more of the variation is between trials than within them.
_MUCH = 0.5

# A threshold lies above zero; this one stands for any difference at all.
_ANY_DIFFERENCE = Threshold(1e-9, BETWEEN)

# Kinds of claims that speak of the mean difference in a condition, as published pooled results do.
_ON_THE_MEAN = ("arm change", "difference", "no number", "reliability")

# When a trial must have measured to bear on a claim about time.
_WHEN = {"onset": "within a day", "duration": "after the end of treatment, and as late as is claimed"}

# What each verdict says of the claims that have it; the comparison arm by its name.
_MEANING = {
    SUPPORTED: "what they say agrees with what was found",
    OVERSTATED: "the trials show less, or those that they rest on are too few or too doubtful to show it",
    ARM_CHANGE: (
        "the number is no more than what happened in a treatment arm, and part of it happened with {placebo} too"
    ),
    NOT_DISTINGUISHABLE: "the interval of the difference from {placebo} is compatible with no difference",
    UNTRACED: "the one report that each cites could not be found",
    NO_TRIAL: "a search found no trial with that number",
    NOT_TESTABLE: "no comparison with {placebo} here answers them",
}


@documented
def check_claims(
    claims: pd.DataFrame,
    trials: pd.DataFrame | EffectSizes,
    *,
    contrasts: pd.DataFrame | None = None,
    benchmarks: pd.DataFrame | None = None,
    worthwhile: Threshold | None = None,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-mod",
    pi_method: PIMethod = "t(k-1)",
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Give every claim one verdict that is never stronger than the trials behind it.

    Parameters
    ----------
    claims : pandas.DataFrame
        From :func:`analysis.read_claims`; other therapies than those of the trials are allowed.
    trials : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_trials`, or from :func:`analysis.effect_sizes` where its options matter.
    contrasts : pandas.DataFrame, optional
        From :func:`analysis.read_contrasts`: trials that report only the difference from placebo.
    benchmarks : pandas.DataFrame, optional
        From :func:`analysis.read_benchmarks`: published pooled results, which stand beside the verdicts on the same
        therapy and condition and decide none.
    worthwhile : Threshold, optional
        Between-group, in points: a caveat names supported claims whose difference is smaller, and reliable is what
        reaches it nearly always. Without it, any difference counts.
    {tau2_method, ci_method, pi_method, confidence_level}

    Returns
    -------
    pandas.DataFrame
        One row per claim, in order: the columns of the claim; `claimed` (the number it prints, in words); `match` and
        `scope` (which trials bear on it), `k`, `people` and `doubted` (trials with a contrast, people in them, trials
        in doubt), `reported` (how many print the difference only), `k_arms` (trials with a change in both arms);
        `placebo`, `treatment` and `contrast` in points on 0-10, each with `_low` and `_high`, which are blank for two
        trials and where the interval is wider than the scale; `tau`, `i2`, `pi_low`, `pi_high` of the contrast; `share`
        of comparable trials with a difference (or a worthwhile one), with its ends; `indirect_of`, `indirect` and its
        ends (the therapy minus the one it is compared with, by way of placebo; blank where none or several are known);
        `verdict`, the number of the `rule` that gave it, its `reason` in short sentences; `judged`, `judged_low`,
        `judged_high` (the number and the interval that the rule read); `details`, `caveats`, and `plain`, the whole for
        a lay reader. `attrs` holds the methods, what the effects are called, the `note` of the trials, and `left_out`:
        why trials have no result, by label.

    Raises
    ------
    TrialDataError
        If a claim holds what the data dictionary does not allow, or a blank that nothing else fills; lists every row.
    ValueError
        For an unknown option, a threshold that is not between-group, or effects that are no differences from placebo of
        scores that should be low.

    See Also
    --------
    analysis.claim_counts : Count the claims with each verdict.
    analysis.claims_findings : Say in words what became of the claims.
    analysis.claims_plot : Draw the claims beside what the trials found.
    analysis.read_claims : Read a table of claims.
    analysis.compare_therapies : Therapies against one another, indirectly.

    Notes
    -----
    The interval is never narrower than the Wald one unless another `ci_method` is chosen, because no verdict should
    profit from trials that agree by chance. It is that of `ci_method` "HKSJ-mod", and so may be wider than the one that
    :func:`analysis.pool` gives of the same trials.

    What a claim is and what it asserts stands in `kind` and `polarity`, where its number is from in `number_from`; the
    words of a claim are never read. A blank cell is an error, but where other columns leave one answer only: a number
    in mT is a dose. A number that is "computed" is not held against the article: the claim is judged as one without.

    "Relieves pain" and "works reliably" are two questions. The first is judged by the mean and its interval, the second
    (`kind` "reliability") by the share of comparable trials whose true effect is one of relief; both numbers are in
    `details`. A share of trials is no share of people: where responders are counted, the reason names them too.

    Responders are those that :func:`analysis.pool_responders` pools: of no crossover trial, and by one definition, that
    of the trial that the claim was traced to, if it counted any, otherwise that of most trials. The words of a claim
    are not read, so `details` say what was counted and which trials count otherwise. An imputed SD puts no count in
    doubt.

    Trials bear on a claim if they are of its therapy and its condition (all conditions for "any pain"); where there are
    none, those of its therapy that are named in `traced_to`. Where there are none either, the nearest ones are shown:
    same therapy in other conditions, a trial of another therapy named in `traced_to`, same family. Those decide
    nothing. That the trials given hold none decides nothing either: only a search that was recorded in `traced` can say
    that there is no such trial.

    The first rule that applies gives the verdict; none knows a claim's id or its article.

    1. *single untraced report*: the claim cites one report (a journal, an author, a year), it was searched for and not
       traced, and nothing else was found to check it with.
    2. *no trial with these numbers*: it holds a number other than a dose or a schedule, names no report that could be
       looked up, and a search found nothing to check it with.
    3. *not testable here*: it is a dose or a schedule; its number says that pain does not fall; it compares with
       something else than placebo (where the trials hold that therapy too, the reason has the indirect difference,
       which decides nothing: nobody was randomised between the two), or versions of the treatment with each other; it
       speaks of the placebo arm without a number; its polarity is "other" and it is not of the placebo arm; nothing was
       found to check it with, or nobody searched.
    4. Where trials bear on it, a claim that there is no evidence, or no effect, is *not distinguishable from placebo*
       unless they show an effect: no trial proves that there is none. Where they do it is *overstated*; but if they do
       not show it beyond doubt (rule 9), a claim that there is no evidence is *not testable here*.
    5. *not testable here*: no usable trial of this therapy in this condition, or none that counted responders where
       the claim is of them.
    6. A duration of relief that no trial followed (without a number: to any time after the end of treatment) is
       *overstated* if the trial that it was traced to ended before, otherwise *not testable here*, as is relief at once
       ("onset") if no trial reports a result within a day, and either if none says when it measured. Where trials
       followed people that long, or measured that early, only they count from here on.
    7. A number of the placebo arm is *supported* if it agrees with the trial traced (to rounding) or, without one, lies
       in the interval of the placebo arms of three trials or more; *no trial with these numbers* if the trial traced
       has another; otherwise *not testable here*.
    8. A number of the treatment arm: *not testable here* if no arm prints such a number; *overstated* if larger than in
       the trial traced (without one, beyond the interval of the treatment arms); *supported* only if the difference
       from placebo passes rule 9 and reaches it; otherwise *arm change quoted as effect*.
    9. A difference, or a claim of relief without a printed number: *not distinguishable from placebo* if the interval
       includes zero (of one or two trials: each trial's own); *overstated* if placebo did better, or if the claimed
       number lies beyond the interval. Fewer than three trials, or fewer without those that are doubtful, second-hand,
       picked, imputed or against a weak dose, carry no claim: one that was traced to them is *overstated*, any other
       *not testable here*. It is *overstated*, too, if those without doubt show no effect, otherwise *supported*.
       A claim of reliability must pass the same, and is *supported* only if the whole interval of the share lies at 80%
       or above and, where responders are counted, half of those treated responded; *not testable here* where no share
       can be estimated, otherwise *overstated*.

    An indirect difference is that of :func:`analysis.compare_therapies`: the therapies are matched by their names
    (`therapy` and `comparator` of the claim, `therapy` of the trials), in the trials of its condition where they have
    both and an interval within the scale, otherwise in those of all conditions.

    How often these rules call a true, a null and an exaggerated claim what is simulated by ``make verdict-table``.

    References
    ----------
    Oxman, Chalmers, Austvoll-Dahlgren & Informed Health Choices group 2018, F1000Research 7:1784, doi
    10.12688/f1000research.16771 (how claims about treatments are judged).

    Bucher, Guyatt, Griffith & Walter 1997, doi 10.1016/S0895-4356(97)00049-8 (indirect differences).

    Knapp & Hartung 2003, doi 10.1002/sim.1482 (the interval never narrower than the Wald one).

    Mathur & VanderWeele 2019, doi 10.1002/sim.8057 (the share of trials with an effect).

    Dworkin et al. 2009, Pain 146:238-244 (two kinds of threshold).

    Examples
    --------
    >>> from analysis import read_claims, read_contrasts, read_trials
    >>> claims, trials = read_claims("data/claims.csv"), read_trials("data/trials.csv")
    >>> checked = check_claims(claims, trials, contrasts=read_contrasts("data/contrasts.csv"))
    >>> checked.set_index("claim_id").loc[["nir01", "nir02", "nir03"], ["claimed", "verdict"]].values.tolist()
    [['pain falls by 3.9 points', 'arm change quoted as effect'], ['pain falls by 1.4 points with placebo', \
'supported'], ['no number', 'overstated']]
    """
    if worthwhile is not None:
        require(worthwhile, BETWEEN, "a difference between groups")
    table, asserted = _checked_table(claims)
    effects = trials if isinstance(trials, EffectSizes) else effect_sizes(trials, measure="MD")
    require_points(effects, "check_claims")
    require_placebo(effects, "check_claims")
    if effects.benefit != "lower":
        raise ValueError(
            "check_claims judges claims of relief, which is lower scores; give effects with benefit='lower'"
        )
    rows = effects.rows if isinstance(trials, EffectSizes) else trials
    if contrasts is not None:
        effects = with_contrasts(effects, contrasts)
    studies = study_table(effects, rows)
    _check_named(studies)
    _check_spelling(table.set_axis(claims.index), studies)
    if benchmarks is not None:
        columns = "review year therapy condition measure estimate ci_low ci_high k sign".split()
        _check.table(benchmarks, "benchmarks", columns, "read_benchmarks")
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method}
    words = Wording.of(effects)
    weeks = [claim.weeks for claim in asserted]
    found = _gather(table.assign(weeks=weeks), studies, words, **methods, confidence_level=confidence_level)
    found = [_beside(*pair, benchmarks, worthwhile) for pair in zip(asserted, found, strict=True)]
    of_mean = {"tau2_method": tau2_method, "ci_method": ci_method, "confidence_level": confidence_level}
    indirect = _indirect(asserted, effects, **of_mean)
    found = [replace(about, **pairs) for about, pairs in zip(found, indirect, strict=True)]
    about = pd.DataFrame([_judged(*pair, worthwhile) for pair in zip(asserted, found, strict=True)])
    looked_up = table["finding"].astype(object).where(table["finding"].notna(), "")
    about["plain"] = [plain(*parts) for parts in zip(asserted, about.itertuples(), looked_up, strict=True)]
    checked = pd.concat([table, about], axis=1)
    checked.attrs = {"confidence_level": confidence_level, **methods, "wording": asdict(words)}
    checked.attrs["note"] = rows.attrs.get("note", "")
    known = studies["study"][studies["yi"].notna() | studies["responding"].notna()]
    left_out = effects.left_out[~effects.left_out["study"].isin(known)]
    checked.attrs["left_out"] = dict(zip(left_out["label"], left_out["reason"], strict=True))
    return checked


def _checked_table(claims):
    """The claims with all columns of the dictionary, and what the rules may know of each; lists all problems."""
    if not isinstance(claims, pd.DataFrame) or not {"therapy", "claim"} <= set(claims.columns):
        raise ValueError(
            f"claims is a {type(claims).__name__}, but must be the table that read_claims returns; it takes files and "
            "DataFrames"
        )
    own = [name for name in claims if name.startswith("x_")]
    table = claims.reindex(columns=[*CLAIMS.columns, *own]).reset_index(drop=True)
    text = table.astype(object).where(table.notna(), "")
    ends = [read_number(value) for value in text["value"]]
    problems = _problems_of_claims(text.map(str), ends)
    if text.empty:
        problems.append((None, "", "", "", "there is no claim", "Add one row per claim."))
    if problems:
        labels = [(None if row is None else claims.index[row], *problem) for row, *problem in problems]
        raise TrialDataError(labels, "the claims", "claim_id")
    filled = filled_claims(text.where(text != ""))[["kind", "polarity"]]
    about = [_asserted(*pair) for pair in zip(text.map(str).assign(**filled).itertuples(), ends, strict=True)]
    return named_claims(table).assign(**filled), about


def _problems_of_claims(cells, ends):
    """Row, claim, column, value, rule and remedy of all that is wrong; therapies may be others than the trials have."""
    found = [
        (row, claim_id, name, "", "is blank", "This column must be filled in every row.")
        for name in CLAIMS.required
        for row, claim_id, cell in zip(cells.index, cells["claim_id"], cells[name], strict=True)
        if cell == ""
    ]
    rule, remedy = "is neither a number nor a range", "Type a number like -3.9, or a range like 2-3 or -3--2."
    found += [
        (row, cells["claim_id"][row], "value", cells["value"][row], rule, remedy)
        for row, end in enumerate(ends)
        if end is None
    ]
    free = ("therapy", "therapy_family")
    layout = CLAIMS._replace(vocabulary={name: words for name, words in CLAIMS.vocabulary.items() if name not in free})
    table = cells.astype("str").where(cells != "")
    for name in layout.numbers:
        text = table[name]
        table[name] = pd.to_numeric(text, errors="coerce")
        rule, remedy = "is not a number", "Type digits with a point for decimals; blank if there is none."
        found += [
            (row, cells["claim_id"][row], name, text[row], rule, remedy)
            for row in text.index[text.notna() & table[name].isna()]
        ]
    known = {(row, column) for row, _, column, *_ in found}
    found += broken_rules(table, cells, layout, known).itertuples(index=False, name=None)
    return sorted(found, key=lambda problem: (problem[0], CLAIMS.columns.index(problem[2])))


def _asserted(cells, ends):
    """One claim as the rules read it: a computed number is not claimed."""
    said = (np.nan, np.nan, 0) if cells.number_from == "computed" else ends
    return Claim(*(getattr(cells, name) for name in Claim._fields[: Claim._fields.index("low")]), *said)


def study_table(effects: EffectSizes, rows: pd.DataFrame) -> pd.DataFrame:
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
        One line per trial: what it is, effects in points, responders or the reason why its counts are not taken, and
        the reasons for doubt as a tuple.
    """
    own = effects.table.reindex(columns=[*dict.fromkeys([*effects.table, "design", "control"])])
    people = own[["n_treatment", "n_placebo"]].astype(float)
    people["n_placebo"] = people["n_placebo"].where(own["design"] != "crossover", 0)
    own = own.assign(people=people.sum(axis=1, min_count=1))
    others = rows[~rows["study"].isin(own["study"])]
    parts = [own]
    if not others.empty:
        selected = set(others["study"][others["selected"] == "yes"])
        about = about_trials(others)
        parts.append(about.assign(flags=[(SELECTED,) if study in selected else () for study in about["study"]]))
    wanted = [*_ABOUT, *_NUMBERS, *_ARMS, *_EXTRA]
    parts = [_marked(part).reindex(columns=wanted).astype(object) for part in parts]
    numbers = [name for name in wanted if name not in (*_ABOUT, "timepoint", "week_band", "doubts")]
    table = pd.concat(parts, ignore_index=True).astype(dict.fromkeys(numbers, float))
    return _with_responders(table, rows)


def _marked(table):
    """Add why each trial should not carry a verdict alone, a tuple of words per line, and which print no arms."""
    doubts, reported = [], []
    for trial in table.to_dict("records"):
        flags = trial.get("flags", ())
        words = [word for word in DOUBTS if word in flags or trial["certainty"] == word]
        doubts.append((*words, *([WEAK_CONTROL] if trial["control"] == "weak dose" else [])))
        reported.append(float(_ONLY_DIFFERENCE in flags))
    return table.assign(doubts=pd.Series(doubts, index=table.index, dtype=object), reported=reported)


def _with_responders(table, rows):
    """Add what each trial counted, as :func:`analysis.pool_responders` takes it, and why its counts are not taken."""
    # Where all that is given are reported differences, nobody was counted.
    if "events" not in rows:
        return table.reindex(columns=[*table, *_COUNTED])
    counted, left_out = counted_trials(rows)
    # Less is better in all that is pooled for a claim.
    counted = counted.assign(responding=-counted["difference"], responding_vi=counted["difference_se"] ** 2)
    counted["counted"] = counted["n_treatment"] + counted["n_placebo"]
    found = counted.set_index("study").reindex(columns=_COUNTED[2:]).astype(float)
    found["event_definition"] = counted.set_index("study")["event_definition"]
    found = found.reindex(table["study"]).set_axis(table.index)
    found["not_counted"] = table["study"].map(left_out.set_index("study")["reason"])
    # A trial that is split has counted people once.
    return table.join(found.where(~table["study"].duplicated()))


def _check_named(studies):
    """Refuse trials of which nobody says what was tried on whom: every claim would be without a trial."""
    for name in ("therapy", "condition_group"):
        if len(studies) and studies[name].isna().all():
            raise ValueError(
                f"check_claims finds the trials of a claim by therapy and condition_group, and {name} is blank in all "
                "of them; fill it in: read_trials admits words of your own with allow="
            )


def _check_spelling(table, studies):
    """Refuse a therapy that is written almost like one of the trials: it would silently match nothing."""
    known = {name.lower(): name for name in studies["therapy"].dropna()}
    named = [name.lower() for name in studies["condition_group"].dropna().unique() if name != "Other"]
    named += ["any pain", *"|".join(CONDITION_WORDS.values()).split("|")]
    problems = []
    for row, claim in zip(table.index, table.itertuples(), strict=True):
        near = difflib.get_close_matches(claim.therapy.lower(), known, n=1, cutoff=_NEAR)
        if near and claim.therapy not in known.values():
            remedy = f"Did you mean '{known[near[0]]}'?"
            problems.append(
                (row, claim.claim_id, "therapy", claim.therapy, "is almost a therapy of the trials", remedy)
            )
        if near := _almost_named(claim.condition, named, studies):
            rule = "names no condition of the trials, and almost one"
            problems.append((row, claim.claim_id, "condition", claim.condition, rule, f"Did you mean '{near}'?"))
    if problems:
        raise TrialDataError(problems, "the claims", "claim_id")


def _almost_named(condition, named, studies):
    """The name of a condition that some words of a text are almost, where it names none; "" where there is none."""
    text = condition.lower()
    if text in ANY_PAIN or _groups_named(condition, studies["condition_group"].dropna().unique()):
        return ""
    words = text.split()
    parts = [" ".join(words[i : i + size]) for size in (1, 2, 3) for i in range(len(words) - size + 1)]
    near = [difflib.get_close_matches(part, named, n=1, cutoff=_NEAR_CONDITION) for part in parts if len(part) > 4]
    return next((found[0] for found in near if found), "")


@dataclass(frozen=True, eq=False)
class Evidence:
    """The trials that bear on one claim.

    Attributes
    ----------
    match : str
        One of `MATCHES`.
    scope : str
        Which trials, in words.
    k, people, reported : int
        Trials with a contrast, people in them (as far as printed), and trials that print the difference only.
    contrast, placebo, treatment, responders : PooledEffect or None
        Treatment minus placebo, change within the arms, and minus the risk difference of responding.
    clean, clean_responders : PooledEffect or None
        Contrast and responders without trials that are doubtful, second-hand, picked, imputed or against a weak dose.
    definition : str
        What counts as a response: the definition of the trials traced that count any, otherwise of most; "" where no
        trial counts.
    not_counted : tuple of str
        The trials whose counts are left out, with the reason.
    named, named_placebo : PooledEffect or None
        Change within the treatment and the placebo arms of the trials to which the claim was traced.
    traced : bool
        Whether such a trial of the claim's therapy is there.
    baselines : dict
        Mean pain before treatment (of the trials traced, otherwise of all; weighted by people), by "treatment" and
        "placebo"; NaN where not printed.
    shares : dict
        Pooled log odds of responding in these arms (of the trials traced that count any, otherwise of all), or None.
    shares_traced : bool
        Whether `shares` are of the trials traced.
    dated : bool
        Whether any trial with a result says when it measured; True for claims that say nothing of time.
    followed : bool
        Whether all trials have a time point after the end of treatment that is as late as the claim says, or within a
        day where it says that relief is quick; True for claims that say neither.
    doubts, count_doubts : tuple of str
        The trials that `clean` and `clean_responders` leave out, with the reason; an imputed SD is none of counts.
    words : Wording
        What the effects are called.
    share : ShareBeyond or None
        Of comparable trials whose true difference is one of relief, or reaches a threshold.
    worthwhile : bool
        Whether `share` is of a threshold.
    published : tuple of str
        Pooled results of others on the same therapy and condition, in sentences.
    indirect : tuple of Indirect
        Differences between its therapy and those that it compares with, as far as trials of both are there.
    not_compared : tuple of str
        What else it compares with.
    """

    match: str
    scope: str
    k: int
    people: int
    reported: int
    contrast: PooledEffect | None
    placebo: PooledEffect | None
    treatment: PooledEffect | None
    responders: PooledEffect | None
    clean: PooledEffect | None
    clean_responders: PooledEffect | None
    definition: str
    not_counted: tuple[str, ...]
    named: PooledEffect | None
    named_placebo: PooledEffect | None
    traced: bool
    baselines: dict[str, Any]
    shares: dict[str, PooledEffect | None]
    shares_traced: bool
    dated: bool
    followed: bool
    doubts: tuple[str, ...]
    count_doubts: tuple[str, ...]
    words: Wording
    share: ShareBeyond | None = None
    worthwhile: bool = False
    published: tuple[str, ...] = ()
    indirect: tuple[Indirect, ...] = ()
    not_compared: tuple[str, ...] = ()


def _gather(claims, studies, words, **methods):
    """Find and pool the trials that bear on each claim; all pools are computed in one call.

    Parameters
    ----------
    claims : pandas.DataFrame
        With `therapy`, `therapy_family`, `condition`, `kind`, `traced_to`, and `weeks` (how long the claim says relief
        lasts, NaN where it does not).
    studies : pandas.DataFrame
        From :func:`study_table`.
    words : Wording
    **methods
        Options of :func:`analysis.models.pooling.pool_columns`.

    Returns
    -------
    list of Evidence
        One per claim, in their order.
    """
    matched = [_matched(claim, studies) for claim in claims.itertuples()]
    of_counts = studies["doubts"].map(lambda words: tuple(word for word in words if word != _IMPUTED))
    clean, clean_counts = ((words.str.len() == 0).to_numpy() for words in (studies["doubts"], of_counts))
    definitions = [_counted_alike(mask, named, studies) for _, mask, named, *_ in matched]
    asked = []
    for (_, mask, named, *_), (_, alike, shared) in zip(matched, definitions, strict=True):
        asks = {role: (role, mask) for role in ("contrast", "placebo", "treatment")}
        asks |= {"clean": ("contrast", mask & clean), "responders": ("responders", alike)}
        asks |= {"clean_responders": ("responders", alike & clean_counts)}
        asks |= {f"share_{role}": (f"share_{role}", shared) for role in ROLES}
        asked.append(asks | {"named": ("treatment", named), "named_placebo": ("placebo", named)})
    pooled = _pool_once([ask for asks in asked for ask in asks.values()], studies, methods)
    found = []
    for claim, near, counting, asks in zip(claims.itertuples(), matched, definitions, asked, strict=True):
        (match, mask, named, dated, followed), (definition, alike, shared) = near, counting
        here = studies[mask & studies["yi"].notna().to_numpy()]
        doubted = here if len(here) else studies[mask]
        compared = studies[named if named.any() else mask]
        numbers = {name: pooled[role, members.tobytes()] for name, (role, members) in asks.items()}
        about = {
            "match": match,
            "scope": _scope(match, claim, doubted, followed),
            "k": len(here),
            "people": int(here["people"].sum()),
            "reported": int(here["reported"].sum()),
            "traced": bool(named.any()),
            "baselines": _baselines(compared),
            "definition": definition,
            "not_counted": _not_counted(studies[mask], definition),
            "shares": {role: numbers.pop(f"share_{role}") for role in ROLES},
            "shares_traced": bool((shared & named).any()),
            "dated": dated,
            "followed": followed,
            "words": words,
            "doubts": _doubted(doubted, doubted["doubts"]),
            "count_doubts": _doubted(studies[alike], of_counts[alike]),
        }
        found.append(Evidence(**about, **numbers))
    return found


def _doubted(trials, doubts):
    """The trials with a doubt, each with its doubts."""
    pairs = zip(trials["label"], doubts, strict=True)
    return tuple(f"{label} ({', '.join(words)})" for label, words in pairs if words)


def _counted_alike(mask, named, studies):
    """What counts as a response, the trials that count so, and of them those whose arms a number is compared with."""
    definitions = studies["event_definition"]
    counting = definitions.notna().to_numpy()
    # The article speaks of the trial that its claim was traced to, if that one counted.
    own = mask & named & counting
    asked = studies[own if own.any() else mask & counting]
    if asked.empty:
        return "", mask & counting, mask & counting
    definition = usual_definition(asked["event_definition"], asked["counted"])
    alike = mask & (definitions == definition).to_numpy()
    return definition, alike, alike & named if own.any() else alike


def _not_counted(trials, definition):
    """The trials whose counts are left out, each with the reason."""
    other = trials["event_definition"].notna() & (trials["event_definition"] != definition)
    reasons = trials["not_counted"].where(~other, trials["event_definition"].map(OTHER_DEFINITION.format))
    pairs = zip(trials["label"], reasons, strict=True)
    return tuple(f"{label} ({reason})" for label, reason in pairs if isinstance(reason, str))


def _matched(claim, studies):
    """How near the trials are, which they are, which are named, whether they say when, and if that is late enough."""
    therapy = (studies["therapy"] == claim.therapy).to_numpy()
    traced = claim.traced_to if isinstance(claim.traced_to, str) else ""
    listed = studies["study"].isin(re.split(r"[;,\s]+", traced)).to_numpy()
    # "nearest: ..." lists what was found where the trial itself was not, so the claim does not rest on it.
    named = listed & therapy & (not traced.startswith("nearest"))
    about = condition_mask(claim.condition, studies)
    mask = therapy & about if (therapy & about).any() else named
    dated, followed, onset = True, True, claim.kind == "onset"
    if mask.any() and (onset or np.isfinite(claim.weeks)):
        late = (studies["timepoint"] == "follow-up") & (studies["week"] >= claim.weeks)
        fits = studies["week_band"] == WEEK_BANDS[0] if onset else late
        told = studies["week"].notna() if onset else studies[["week", "timepoint"]].notna().any(axis=1)
        fits, told = (mask & (when & studies["yi"].notna()).to_numpy() for when in (fits, told))
        followed, dated = bool(fits.any()), bool(told.any())
        mask = fits if followed else mask
    family = (studies["therapy_family"] == claim.therapy_family).to_numpy()
    nearest = family & about if (family & about).any() else family
    rings = dict(zip(MATCHES, (mask, therapy, listed, nearest), strict=False))
    match = next((name for name, ring in rings.items() if ring.any()), "none")
    return match, rings.get(match, family), named, dated, followed


def condition_mask(condition: str, studies: pd.DataFrame) -> NDArray[np.bool_]:
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
    if condition.lower() in ANY_PAIN:
        return np.ones(len(studies), dtype=bool)
    if groups := _groups_named(condition, studies["condition_group"].dropna().unique()):
        return studies["condition_group"].isin(groups).to_numpy()
    kinds = condition.lower().split()
    return studies["pain_type"].map(lambda kind: isinstance(kind, str) and kind in kinds).to_numpy(dtype=bool)


def _groups_named(condition, known=()):
    """Groups of conditions that a text names, by words that stand for them or by the name of a known one."""
    text = condition.lower()
    groups = {g for g, words in CONDITION_WORDS.items() if re.search(rf"\b({words})", text)}
    return groups | {g for g in known if g != "Other" and g.lower() in text}


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


def _scope(match, claim, trials, followed):
    """Which trials, in words: "Static magnet: low back"."""
    found = list(dict.fromkeys(trials["condition_group"].fillna("condition not given").str.lower()))
    every = claim.condition.lower() in ANY_PAIN and len(found) > 1
    groups = "all conditions" if every else ", ".join(found)
    about = {
        "direct": f"{claim.therapy}: {groups}{', within a day' if claim.kind == 'onset' and followed else ''}",
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


def _indirect(claims, effects, **methods):
    """Fields of the evidence: what the therapy of each claim and those that it compares with differ by, indirectly."""
    wanted = ("therapy", "condition_group", "pain_type", "flags")
    table = effects.table.reindex(columns=[*dict.fromkeys([*effects.table, *wanted])])
    told = table["therapy"].notna().to_numpy()
    reported = table["flags"].map(lambda flags: isinstance(flags, tuple) and _ONLY_DIFFERENCE in flags).to_numpy()
    known = {name.casefold(): name for name in table["therapy"][told]}
    networks = {}

    def network(mask):
        key = mask.tobytes()
        if key not in networks:
            networks[key] = _network(effects.where(label=table["label"][mask].tolist()), methods)
        return networks[key]

    def difference(claim, other):
        pair = known.get(claim.therapy.casefold()), known.get(other.casefold())
        if None in pair or pair[0] == pair[1]:
            return None
        of = claim.condition if claim.condition.lower() not in ANY_PAIN else ""
        masks = {of: told & condition_mask(claim.condition, table), "": told}
        alone = table["therapy"].isin(pair).to_numpy() & reported
        found = [
            _difference_of(network(mask), *pair, condition, int((mask & alone).sum()))
            for condition, mask in masks.items()
        ]
        # Where the trials of the condition tell nothing, those of all conditions may.
        found = sorted((each for each in found if each is not None), key=lambda each: np.isnan(each.low))
        return found[0] if found else None

    named = [{other: difference(claim, other) for other in named_therapies(claim.comparator)} for claim in claims]
    return [
        {
            "indirect": tuple(each for each in differences.values() if each is not None),
            "not_compared": tuple(other for other, each in differences.items() if each is None),
        }
        for differences in named
    ]


def _network(effects, methods):
    """The therapies compared, None where these effects cannot be: of one therapy, too few, or of several times."""
    try:
        return compare_therapies(effects, "therapy", **methods)
    except ValueError:
        return None


def _difference_of(network, first, second, condition, reported):
    """The indirect difference between two therapies of a network, None where it has not both."""
    if network is None or not {first, second} <= set(network.therapies):
        return None
    pairs = network.against_each_other().set_index(["first", "second"])
    turned = (first, second) not in pairs.index
    row = pairs.loc[(second, first) if turned else (first, second)]
    estimate, low, high = row[["estimate", "ci_low", "ci_high"]].astype(float)
    if turned:
        estimate, low, high = -estimate, -high, -low
    if not high - low <= SCALE:
        low = high = np.nan
    trials = network.trials_of[first], network.trials_of[second]
    rests_on = (
        f"the difference is indirect. It holds if the {network.comparator} of one is like that of the other, which "
        f"need not be so, and the {Wording.of(network).nouns} are otherwise alike"
    )
    about = {"both": int(row["direct"]), "reported": reported, "condition": condition, "rests_on": rests_on}
    return Indirect(first, second, estimate, low, high, network.confidence_level, trials, **about)


def _beside(claim, evidence, benchmarks, worthwhile):
    """The evidence with what stands beside the mean: the share of trials, and what others pooled."""
    found = {"published": () if benchmarks is None else tuple(_published(claim, benchmarks))}
    effect = evidence.contrast
    if evidence.match == "direct" and claim.polarity != "other" and effect is not None:
        found |= {"share": share_of_relief(effect, worthwhile), "worthwhile": worthwhile is not None}
    return replace(evidence, **found)


def share_of_relief(effect: PooledEffect, worthwhile: Threshold | None = None) -> ShareBeyond | None:
    """Return the share of comparable trials whose true difference is one of relief.

    Parameters
    ----------
    effect : PooledEffect
    worthwhile : Threshold, optional
        What a difference must reach; without it, any difference counts.

    Returns
    -------
    ShareBeyond or None
        None for fewer than three trials.
    """
    return None if effect.k < LEAST_TRIALS else share_of_better(effect, worthwhile or _ANY_DIFFERENCE, benefit="lower")


def _published(claim, benchmarks):
    """Sentences on the pooled results of others that speak of the therapy and the condition of a claim."""
    if claim.kind not in _ON_THE_MEAN or claim.polarity == "other":
        return
    for row in benchmarks[benchmarks["therapy"] == claim.therapy].itertuples():
        if _same_condition(claim.condition, row.condition):
            k = f"; {row.k:.0f} trials" if np.isfinite(row.k) else ""
            estimate, low, high = (_as_printed(x) for x in (row.estimate, row.ci_low, row.ci_high))
            what = f"{row.review} {row.year:.0f}, {row.condition}, {row.measure}"
            yield f"Published: {what}: {estimate} (CI {low} to {high}{k}; {row.sign})."


def _as_printed(x):
    return number(x, next(d for d in range(4) if d == 3 or round(x, d) == x))


def _same_condition(claimed, published):
    """Whether two texts speak of the same groups of conditions, and not one of acute and the other of chronic pain."""
    texts = [text.lower() for text in (claimed, published)]
    every = [text.partition(",")[0] in ANY_PAIN for text in texts]
    if any(every):
        return all(every)
    groups, kinds = map(_groups_named, texts), [{"acute", "chronic"} & set(text.split()) for text in texts]
    one, other = groups
    return bool(one) and one == other and (kinds[0] == kinds[1] or not all(kinds))


def _judged(claim, evidence, worthwhile):
    """Everything that is found out about one claim, but for the sentences for lay readers."""
    row = {"claimed": claim_words(claim, evidence.words), "match": evidence.match, "scope": evidence.scope}
    k_arms = 0 if evidence.placebo is None else evidence.placebo.k
    row |= {"k": evidence.k, "k_arms": k_arms, "people": evidence.people}
    row |= {"doubted": len(evidence.doubts), "reported": evidence.reported}
    for role in ("placebo", "treatment", "contrast"):
        pooled = getattr(evidence, role)
        values = np.nan if pooled is None else pooled.estimate, *useful_interval(pooled)
        row |= dict(zip((role, f"{role}_low", f"{role}_high"), values, strict=True))
    contrast, share = evidence.contrast, evidence.share
    values = (np.nan,) * 4 if contrast is None else (contrast.tau, contrast.i2, *contrast.pi)
    row |= dict(zip(("tau", "i2", "pi_low", "pi_high"), values, strict=True))
    values = (np.nan,) * 3 if share is None else (share.share, *share.ci)
    row |= dict(zip(("share", "share_low", "share_high"), values, strict=True))
    found, rule = judge(claim, evidence)
    row |= {"verdict": found.verdict, "rule": rule, "reason": found.reason}
    row |= {"judged": found.judged, "judged_low": found.low, "judged_high": found.high}
    one = evidence.indirect[0] if len(evidence.indirect) == 1 else None
    values = (np.nan,) * 3 if one is None else (one.estimate, one.low, one.high)
    row["indirect_of"] = "" if one is None else f"{one.first} − {one.second}"
    row |= dict(zip(("indirect", "indirect_low", "indirect_high"), values, strict=True))
    row["details"] = " ".join([*_details(claim, evidence, found), *evidence.published])
    return row | {"caveats": caveats(claim, evidence, found, worthwhile)}


def _details(claim, evidence, found):
    """Sentences on what the trials say beside the reason of a verdict; what is in the reason is not said again."""
    words, (effect, responders) = evidence.words, _spoken_of(claim, evidence)
    if found.verdict in (UNTRACED, NO_TRIAL) or claim.polarity == "other" or effect is None:
        return
    said = difference_words(effect, words, responders, 0 if responders else evidence.reported)
    about, _, groups = evidence.scope.partition(": ")
    where = {
        "same therapy, other conditions": f"In other conditions ({groups})",
        "another therapy, named beside it": f"With {about} in {groups}",
    }.get(evidence.match)
    if where:
        # Their number would be read as an answer.
        there = trials_counted(effect, words, 0 if responders else evidence.reported)
        doubtful = f" In doubt: {len(evidence.doubts)} of {evidence.k}." if evidence.doubts else ""
        yield f"{where} there {'is' if effect.k == 1 else 'are'} {there}. That is another question.{doubtful}"
    if evidence.match != "direct" or (found.verdict == NOT_TESTABLE and not found.judged):
        return
    if evidence.definition and (responders or "responded" in found.reason):
        out = evidence.not_counted
        others = f"; not counted here, {words.counted(len(out))}: {', '.join(out)}" if out else ""
        yield f"What is counted as a response: {evidence.definition}{others}."
    if evidence.followed and claim.kind in _WHEN:
        yield f"Only {words.nouns} that measured {_WHEN[claim.kind]} count."
    if not claim.of_arm and not responders and evidence.placebo is not None:
        k, more = words.counted(evidence.placebo.k), evidence.placebo.k < effect.k
        treatment, placebo = (change_words(pooled, words) for pooled in (evidence.treatment, evidence.placebo))
        changes = f"{placebo} with {words.arms[1]}; with {words.arms[0]} {treatment}"
        of_all = f" The difference is that of all {words.counted(effect.k)}." if more else ""
        yield f"In {k} with a change in both arms, {changes}.{of_all}"
    if said.lower() not in found.reason.lower():
        yield f"{capital(said)}."
    share = evidence.share
    # Beside a mean that may be nothing a share of trials would be read as support.
    told = responders or found.verdict == NOT_DISTINGUISHABLE
    if share is not None and not share.reason and not told:
        said = capital(share_words(share, words, evidence.worthwhile))
        if said not in found.reason:
            yield f"{said}."


def _spoken_of(claim, evidence):
    """The difference that a claim speaks of, and whether it is one of responders."""
    # A denial may hold a number of responders although no trial counted them.
    counted = evidence.responders if claim.kind == "responders" else None
    return (evidence.contrast, False) if counted is None else (counted, True)


def caveats(claim: Claim, evidence: Evidence, found: Verdict, worthwhile: Threshold | None) -> str:
    """Return what must be known beside the verdict, joined by semicolons.

    Parameters
    ----------
    claim : analysis.evidence.claim_rules.Claim
    evidence : analysis.evidence.claims.Evidence
    found : analysis.evidence.claim_rules.Verdict
    worthwhile : Threshold or None

    Returns
    -------
    str
    """
    if found.verdict == UNTRACED or (found.verdict == NO_TRIAL and claim.checkable_with == "nothing found"):
        what = "report" if found.verdict == UNTRACED else "trial"
        return f"not found in what could be searched, which does not prove that no such {what} exists"
    if indirect_words(evidence) and indirect_words(evidence) in found.reason:
        return "; ".join(dict.fromkeys(each.rests_on for each in evidence.indirect))
    effect, responders = _spoken_of(claim, evidence)
    if evidence.match != "direct" or (found.verdict == NOT_TESTABLE and not found.judged) or effect is None:
        return ""
    said = []
    if effect.k < LEAST_TRIALS:
        said.append(f"{evidence.words.counted(effect.k)} only")
    elif effect.i2 > _MUCH:
        said.append(f"the trials differ (tau {number(effect.tau)}, I² {percent(effect.i2)})")
    if doubts := evidence.count_doubts if responders else evidence.doubts:
        shown = ", ".join(doubts[:4])
        rest = f" and {len(doubts) - 4} more" if len(doubts) > 4 else ""
        said.append(f"in doubt: {shown}{rest}")
    if claim.traced == "no" and names_a_report(claim.cited_as):
        said.append(f"the report it cites ({claim.cited_as}) was not found")
    if claim.arm in ("treatment", "single-arm", "placebo") and claim.kind == "arm change":
        said.append("a change within an arm holds natural course and regression to the mean")
    measured = worthwhile is not None and found.verdict == SUPPORTED and not responders
    if measured and effect.ci.high < 0 and abs(effect.estimate) < worthwhile.value:
        said.append(f"smaller than {worthwhile.words}, proposed as worthwhile ({worthwhile.source})")
    return "; ".join(said)


def plain(claim: Claim, row: Any, finding: str) -> str:
    """Return the claim, the verdict, one sentence why, and then the details.

    Parameters
    ----------
    claim : analysis.evidence.claim_rules.Claim
    row : namedtuple
        With `verdict`, `reason`, `details` and `caveats`.
    finding : str
        What was found when the claim was looked up; "" for nothing.

    Returns
    -------
    str
        The verdict is set in bold, as in Markdown.
    """
    parts = [f"The article says: {_sentence(claim.claim)}", f"**Verdict: {row.verdict}.** {row.reason}", row.details]
    parts += [f"Looked up: {_sentence(finding)}"] if finding else []
    parts += [f"Note: {row.caveats}."] if row.caveats else []
    return " ".join(part for part in parts if part)


def _sentence(text):
    return text if text.endswith((".", "!", "?")) else text + "."


@documented
def claim_counts(checked: pd.DataFrame, by: str | None = None) -> pd.Series | pd.DataFrame:
    """Count the claims with each verdict.

    Parameters
    ----------
    {checked}
    by : str, optional
        A column, such as "therapy_family", for one row per group.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        All verdicts in their order, zeros included.

    Raises
    ------
    ValueError
        If `by` is not a column.

    See Also
    --------
    analysis.check_claims : Give every claim its verdict.
    analysis.claims_findings : Say the same in words.

    References
    ----------
    Oxman, Chalmers, Austvoll-Dahlgren & Informed Health Choices group 2018, F1000Research 7:1784, doi
    10.12688/f1000research.16771 (how claims about treatments are judged).

    Examples
    --------
    >>> from analysis import read_claims, read_trials
    >>> from analysis.evidence.claims import check_claims
    >>> checked = check_claims(read_claims("data/claims.csv"), read_trials("data/trials.csv"))
    >>> int(claim_counts(checked).sum())
    36
    """
    _check.table(checked, "checked", ["verdict"], "check_claims")
    verdicts = pd.Categorical(checked["verdict"], categories=VERDICTS)
    if by is None:
        return pd.Series(verdicts).value_counts().reindex(VERDICTS).rename("claims")
    if by not in checked:
        raise ValueError(f"by={by!r} is not a column of the checked claims: {', '.join(checked)}")
    counts = pd.crosstab(checked[by], verdicts, dropna=False, colnames=["verdict"])
    return counts.reindex(columns=VERDICTS, fill_value=0)


@documented
def claims_findings(checked: pd.DataFrame) -> str:
    """Return what became of the claims, in a few sentences made from the table alone.

    Parameters
    ----------
    {checked}

    Returns
    -------
    str
        How many claims of relief are supported, one line per verdict that occurs, with the ids of its claims, one on
        the trials left out, by reason, and one on how much evidence there was.

    See Also
    --------
    analysis.check_claims : Give every claim its verdict.
    analysis.claim_counts : Count the claims with each verdict.
    analysis.claims_plot : Draw the claims beside what the trials found.

    References
    ----------
    Oxman, Chalmers, Austvoll-Dahlgren & Informed Health Choices group 2018, F1000Research 7:1784, doi
    10.12688/f1000research.16771 (how claims about treatments are judged).

    Examples
    --------
    >>> from analysis import read_claims, read_trials
    >>> from analysis.evidence.claims import check_claims
    >>> checked = check_claims(read_claims("data/claims.csv"), read_trials("data/trials.csv"))
    >>> print(claims_findings(checked).splitlines()[0])
    Supported claims of relief: 0 of 21; trials decided 8, and 13 were not tested.
    """
    _check.table(checked, "checked", ["claim_id", "polarity", "verdict", "match", "k"], "check_claims")
    relief = checked["verdict"][checked["polarity"] == "relief"]
    are = "claim was" if len(checked) == 1 else "claims were"
    decided = checked[(checked["match"] == "direct") & ~checked["verdict"].isin([UNTRACED, NO_TRIAL, NOT_TESTABLE])]
    tested = int((decided["polarity"] == "relief").sum())
    others = f"; trials decided {number(tested, 0)}, and {number(len(relief) - tested, 0)} were not tested"
    lines = [
        f"Supported claims of relief: {number((relief == SUPPORTED).sum(), 0)} of {number(len(relief), 0)}"
        f"{others if tested < len(relief) else ''}.",
        f"{number(len(checked), 0)} {are} checked, each against the trials of its therapy and condition.",
    ]
    words = Wording.of(checked)
    placebo = words.arms[1] if words.arms else "placebo"
    for verdict, count in claim_counts(checked).items():
        if count:
            ids = ", ".join(checked["claim_id"][checked["verdict"] == verdict])
            meaning = _MEANING[verdict].format(placebo=placebo)
            lines.append(f"{verdict[0].upper()}{verdict[1:]}, {number(count, 0)} ({ids}): {meaning}.")
    if left_out := checked.attrs.get("left_out"):
        labels = pd.Series(left_out).index.to_series()
        why = [f"{capital(reason)} ({', '.join(names)})." for reason, names in labels.groupby(left_out, sort=False)]
        lines.append(f"Left out, {words.counted(len(left_out))}. {' '.join(why)}")
    few = int((decided["k"] < LEAST_TRIALS).sum())
    judged = number(len(decided), 0)
    rest = f"{number(few, 0)} of the {judged} rest on fewer than {LEAST_TRIALS} trials"
    about = f", {number(tested, 0)} of them of relief. {rest}" if len(decided) else ""
    lines.append(
        f"Of {counted(len(checked), 'claim')} trials decided {judged}{about}. "
        "A verdict judges the sentence, not the therapy; points are on a scale of 0 to 10."
    )
    if note := checked.attrs.get("note"):
        lines.append(f"{note.rstrip('.')}.")
    return "\n".join(lines)
