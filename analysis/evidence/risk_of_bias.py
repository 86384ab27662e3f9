"""Judgements of the risk of bias beside the effects: as a moderator, without trials at high risk, and in words.

Judgements are of one tool at a time, in its own words: what one tool calls low is not what another calls low. A trial
that nobody judged is no trial at low risk, and is counted apart everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from analysis import _check
from analysis.data.dictionary import OVERALL, TOTAL
from analysis.data.effect_sizes import EffectSizes
from analysis.sentences import Wording
from analysis.text import counted, number

#: Judgements, the least risk first; those of another tool follow as they come.
LEVELS = (
    "low", "yes", "some concerns", "moderate", "unclear", "high", "no", "serious", "very high", "critical",
    "no information",
)  # fmt: skip
#: Those that a sensitivity analysis leaves out.
HIGH = ("high", "serious", "very high", "critical")
#: A trial that the table says nothing of.
NOT_JUDGED = "not judged"
_NEEDED = ("study", "tool", "domain", "judgement", "judged_by")
_NAMED = 5  # studies in a sentence


class Judgements(NamedTuple):
    """What one tool says of studies: its name, who judged, and a table of judgements, study by domain."""

    tool: str
    judges: tuple[str, ...]
    table: pd.DataFrame

    def of(self, domain: str | None) -> str:
        """Return the domain asked for, or the one that is about the whole trial."""
        known = list(self.table)
        found = next((name for name in (OVERALL, TOTAL) if name in known), None) if domain is None else domain
        if found not in known:
            asked = "no judgement of the whole trial" if domain is None else f"no domain {domain!r}"
            near = _check.meant(domain or "", known)
            raise ValueError(f"judged has {asked}{near}; give domain=..., one of {', '.join(known)}")
        return found


def judgements(judged: pd.DataFrame) -> Judgements:
    """Return the judgements of a table as one tool has them.

    Parameters
    ----------
    judged : pandas.DataFrame
        From :func:`analysis.read_risk_of_bias`.

    Returns
    -------
    Judgements
        Domains with numbers in their order, others as they come, the judgement of the whole trial last.

    Raises
    ------
    ValueError
        If the table has several tools, or several judgements of one study in one domain.
    """
    _check.table(judged, "judged", _NEEDED, "read_risk_of_bias")
    tools = judged.groupby("tool", sort=False)["study"].nunique()
    if len(tools) != 1:
        known = ", ".join(f"{tool} ({counted(k, 'study')})" for tool, k in tools.items()) or "no row"
        raise ValueError(
            f"judged must be of one tool, for what another says means something else; it has {known}. Give "
            f'judged[judged["tool"] == "{next(iter(tools.index), "RoB 2")}"], or another of them'
        )
    twice = judged[judged.duplicated(["study", "domain"], keep=False)]
    if len(twice):
        studies, judges = (", ".join(dict.fromkeys(twice[name])) for name in ("study", "judged_by"))
        raise ValueError(
            f"judged has several judgements of {studies} in one domain, by {judges}. Give those of one: "
            f'judged[judged["judged_by"] == "{twice["judged_by"].iloc[0]}"]'
        )
    table = judged.pivot(index="study", columns="domain", values="judgement").loc[judged["study"].unique()]
    names = judged["domain"].unique()
    order = sorted(names, key=lambda name: (name in (OVERALL, TOTAL), name if re.match(r"D\d", name) else ""))
    return Judgements(tools.index[0], tuple(judged["judged_by"].unique()), table[order])


def by_level(found: Any) -> list[str]:
    """Return judgements, each once, the least risk first, and last that there is none."""
    order = dict.fromkeys([*LEVELS, *(word for word in found if word != NOT_JUDGED), NOT_JUDGED])
    return [word for word in order if word in set(found)]


def with_risk_of_bias(effects: EffectSizes, judged: pd.DataFrame, *, domain: str | None = None) -> EffectSizes:
    """Put the risk of bias beside the effects, as the column `risk_of_bias` of their table.

    Parameters
    ----------
    effects : EffectSizes
        From :func:`analysis.effect_sizes`.
    judged : pandas.DataFrame
        From :func:`analysis.read_risk_of_bias`, the rows of one tool; its studies are those of the effects.
    domain : str, optional
        The domain whose judgement is taken. Default: "overall", or "total".

    Returns
    -------
    EffectSizes
        The same with the column, a category whose first value is the least risk and whose last is "not judged"; a total
        of items is a number, NaN of a trial that nobody judged.

    Raises
    ------
    TypeError
        For anything but EffectSizes.
    ValueError
        If the judgements are of several tools, have no such domain, or none is of these trials.

    See Also
    --------
    analysis.without_high_risk : Leaves out the trials at high risk.
    analysis.pool_subgroups : Pools the trials of each judgement, ``by="risk_of_bias"``.
    analysis.meta_regression : Compares them, ``"yi ~ risk_of_bias"``.
    analysis.traffic_light : Draws the judgements.

    Notes
    -----
    Differences between judgements are differences between trials, which differ in much else, and nobody drew lots for
    them [1]_.

    References
    ----------
    .. [1] Boutron et al. 2022, Cochrane Handbook for Systematic Reviews of Interventions, version 6.3, chapter 7:
       considering bias and conflicts of interest among the included studies.

    Examples
    --------
    >>> from analysis import effect_sizes, read_risk_of_bias, read_trials
    >>> judged = read_risk_of_bias("data/risk_of_bias.csv")
    >>> effects = effect_sizes(read_trials("data/trials.csv"))
    >>> beside = with_risk_of_bias(effects, judged[judged["tool"] == "RoB 2"])
    >>> beside.table["risk_of_bias"].value_counts(sort=False).to_dict()
    {'low': 1, 'some concerns': 4, 'high': 1, 'not judged': 38}
    """
    _require_effects(effects, "with_risk_of_bias")
    found = judgements(judged)
    name = found.of(domain)
    said = effects.table["study"].map(found.table[name])
    refuse_near_misses(effects.table["study"], found.table.index)
    if said.isna().all():
        some, own = (", ".join(map(str, ids[:3])) for ids in (found.table.index, effects.study))
        raise ValueError(
            f"judged says nothing of these {Wording.of(effects).nouns}: it has {some} and others, and they are "
            f"{own} and others, in the column 'study'"
        )
    if name == TOTAL:
        column = pd.to_numeric(said)
    else:
        said = said.astype(object).where(said.notna(), NOT_JUDGED)
        column = pd.Categorical(said, by_level(said))
    return replace(effects, table=effects.table.assign(risk_of_bias=column))


def refuse_near_misses(studies: Iterable[str], judged: Iterable[str]) -> None:
    """Raise ValueError for names of studies that differ only by case, blanks or punctuation, and lose a judgement.

    Parameters
    ----------
    studies, judged : iterable of str

    Examples
    --------
    >>> refuse_near_misses(["chow2006", "gale2006"], ["chow2006", "other 1999"])
    """

    def letters(name):
        return re.sub(r"\W|_", "", str(name)).casefold()

    own = {letters(name): name for name in studies}
    lost = [name for name in judged if name not in own.values() and letters(name) in own]
    _check.fail(
        [f"{name!r} of judged is {own[letters(name)]!r} of the effects; write both in one way" for name in lost],
        "the names of the studies judged",
    )


def _require_effects(effects, to):
    if not isinstance(effects, EffectSizes):
        raise TypeError(_check.refusal(effects, to, "give EffectSizes, such as effect_sizes(trials)"))


def without_high_risk(
    effects: EffectSizes, judged: pd.DataFrame, *, domain: str | None = None, judged_only: bool = False
) -> EffectSizes:
    """Leave out the trials at high risk of bias: judged high or very high, or with ROBINS-I serious or critical.

    Parameters
    ----------
    effects : EffectSizes
        From :func:`analysis.effect_sizes`.
    judged : pandas.DataFrame
        From :func:`analysis.read_risk_of_bias`, the rows of one tool; its studies are those of the effects.
    domain : str, optional
        The domain whose judgement decides. Default: "overall".
    judged_only : bool, optional
        Leave out those as well that nobody judged.

    Returns
    -------
    EffectSizes
        The other trials, with the column `risk_of_bias`; `left_out` names those left out, and why. SDs that were
        imputed stay as they are.

    Raises
    ------
    TypeError
        For anything but EffectSizes.
    ValueError
        If the judgements are of several tools, have no such domain or no words for a risk, or no trial remains.

    See Also
    --------
    analysis.with_risk_of_bias : Keeps all trials, with their judgements.
    analysis.forest : Draws both results, ``models={"Without high risk": pool(...)}``.
    analysis.pool_subgroups : Pools the trials of each judgement.

    Notes
    -----
    Very high is a word of ROBINS-E [2]_. Without the trials at high risk a result is a sensitivity analysis [1]_. With
    many trials that nobody judged, it is not the result of trials at lower risk; `judged_only` tells how much of it
    rests on them.

    References
    ----------
    .. [1] Boutron et al. 2022, Cochrane Handbook for Systematic Reviews of Interventions, version 6.3, chapter 7:
       considering bias and conflicts of interest among the included studies.
    .. [2] Higgins et al. 2024, ROBINS-E, Environ Int 186:108602, doi 10.1016/j.envint.2024.108602.

    Examples
    --------
    >>> from analysis import effect_sizes, pool, read_risk_of_bias, read_trials
    >>> judged = read_risk_of_bias("data/risk_of_bias.csv")
    >>> effects = effect_sizes(read_trials("data/trials.csv"))
    >>> kept = without_high_risk(effects, judged[judged["tool"] == "RoB 2"])
    >>> pool(effects).k, pool(kept).k, kept.left_out["reason"].iloc[-1]
    (44, 43, 'RoB 2 overall: high')
    """
    _require_effects(effects, "without_high_risk")
    beside = with_risk_of_bias(effects, judged, domain=domain)
    found, risk = judgements(judged), beside.table["risk_of_bias"]
    name = found.of(domain)
    if not set(LEVELS).difference(("yes", "no")) & set(found.table[name].dropna()):
        raise ValueError(
            f"{found.tool} has no word for a high risk in {name!r}; choose by its values, as in "
            'effects.where(risk_of_bias=...) after with_risk_of_bias(effects, judged, domain="...")'
        )
    out = risk.isin([*HIGH, *[NOT_JUDGED] * judged_only])
    if out.all():
        raise ValueError(f"no {Wording.of(effects).noun} is left: all are {', '.join(by_level(risk))}")
    reasons = f"{found.tool} {name}: " + risk[out].astype(str)
    more = beside.table.loc[out, ["study", "label"]].assign(reason=reasons)
    left_out = pd.concat([part for part in (effects.left_out, more) if len(part)] or [more], ignore_index=True)
    return replace(beside.where(study=beside.table["study"][~out].unique().tolist()), left_out=left_out)


def risk_of_bias_findings(judged: pd.DataFrame, trials: pd.DataFrame | EffectSizes) -> str:
    """Return in words how many trials were judged, by what, and how many by nobody whose text was read.

    Parameters
    ----------
    judged : pandas.DataFrame
        From :func:`analysis.read_risk_of_bias`; it may have several tools.
    trials : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_trials`, or any table with a column `study`, or effects.

    Returns
    -------
    str
        The trials that were judged, with each tool and its judgements of whole trials; those that were not; and studies
        that were judged and are not among the trials.

    Raises
    ------
    TypeError, ValueError
        If `judged` or `trials` is no such table.

    See Also
    --------
    analysis.read_risk_of_bias : Reads the judgements.
    analysis.risk_of_bias_summary : Draws how many trials were judged what.
    analysis.audit_findings : What is doubtful in the numbers of the trials.

    References
    ----------
    Boutron et al. 2022, Cochrane Handbook for Systematic Reviews of Interventions, version 6.3, chapter 7: considering
    bias and conflicts of interest among the included studies.

    Examples
    --------
    >>> from analysis import read_risk_of_bias, read_trials
    >>> said = risk_of_bias_findings(read_risk_of_bias("data/risk_of_bias.csv"), read_trials("data/trials.csv"))
    >>> print(said.partition(". ")[2].partition(".")[0])
    36 of the 50 trials were judged by nobody whose text was read, which says nothing of their risk
    """
    _check.table(judged, "judged", _NEEDED, "read_risk_of_bias")
    table = getattr(trials, "table", trials)
    _check.table(table, "trials", ["study"], "read_trials")
    noun = Wording.of(trials).noun if isinstance(trials, EffectSizes) else "trial"
    studies = table["study"].unique()
    here = judged[judged["study"].isin(studies)]
    parts = []
    for tool, own in here.groupby("tool", sort=False):
        whole = own.loc[own["domain"].isin([OVERALL, TOTAL]), "judgement"]
        words = [] if whole.str.isdecimal().any() else [f"{word} {(whole == word).sum()}" for word in by_level(whole)]
        parts.append(
            f"{number(own['study'].nunique(), 0)} with {tool}" + f" (overall {', '.join(words)})" * bool(words)
        )
    k, of = here["study"].nunique(), counted(len(studies), noun)
    said = [f"{number(k, 0)} of the {of} {'was' if k == 1 else 'were'} judged" + f": {'; '.join(parts)}" * bool(parts)]
    said.append(not_judged_sentence(len(studies) - k, of))
    others = judged.loc[~judged["study"].isin(studies), "study"].unique()
    if len(others):
        are = "was judged is" if len(others) == 1 else "were judged are"
        names = ", ".join(map(str, others[:_NAMED])) + f" and {len(others) - _NAMED} more" * (len(others) > _NAMED)
        said.append(f"{counted(len(others), 'study')} that {are} not among them: {names}")
    return " ".join(f"{each}." for each in said if each)


def not_judged_sentence(k: int, of: str, by: str = "nobody whose text was read") -> str:
    """Return how many trials nobody judged, and what follows from it; "" for none."""
    if not k:
        return ""
    return f"{number(k, 0)} of the {of} {'was' if k == 1 else 'were'} judged by {by}, which says nothing of their risk"
