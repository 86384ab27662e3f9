"""What PRISMA 2020 asks of a synthesis, filled as far as results and their data tell it; the rest is named as open."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis import _check, sentences
from analysis.data.wide import COLUMN_ARGUMENTS, SHAPES
from analysis.evidence.arms import PooledArms
from analysis.evidence.grade import people_in
from analysis.evidence.multiverse import multiverse_findings
from analysis.evidence.risk_of_bias import risk_of_bias_findings
from analysis.models.counts import PooledCounts
from analysis.models.multilevel import MultilevelEffect
from analysis.models.results import PooledEffect
from analysis.models.subgroups import PooledSubgroups
from analysis.sentences import ZERO_CELL, InWords, Wording
from analysis.text import counted, level, number, sortable

if TYPE_CHECKING:
    import pandas as pd

# of the package, whose rooms never import it
_VERSION = sys.modules["analysis"].__version__
FILLED, PART, OPEN = "filled", "in part", "open"
# Item -> what it asks for, in words of this project; Page et al. 2021, BMJ 372:n71, Table 1.
ITEMS = {
    "13a": "how it was decided which studies take part in each synthesis",
    "13b": "how data were made ready: conversions, missing numbers, several arms",
    "13c": "how results of studies and syntheses are tabulated or drawn",
    "13d": "how results were synthesised and why so: model, heterogeneity, software",
    "13e": "how causes of heterogeneity were looked for",
    "13f": "sensitivity analyses that were planned or done",
    "20a": "for each synthesis, its studies in brief: characteristics and risk of bias",
    "20b": "results of each synthesis: estimate, precision, heterogeneity, direction",
    "20c": "results of all searches for causes of heterogeneity",
    "20d": "results of all sensitivity analyses",
}
_TAKEN = (PooledEffect, PooledArms, PooledCounts, PooledSubgroups, MultilevelEffect)
_STATUS = {
    "recovered": "recovered from other printed numbers",
    "imputed": "with an SD that was imputed",
    ZERO_CELL: "of counts with a zero among them, to which one half was added",
}
_OPTIONS = {
    "correlation": "correlation of {} between baseline and final scores where none is known",
    "crossover_correlation": "correlation of {} between the periods of crossover trials where none is known",
}
# What a table keeps of the numbers that effects were made of.
_MADE_OF = {*COLUMN_ARGUMENTS, "n_treatment"} - {*SHAPES["effects"].columns, "n", "n_t", "n_p"}
_STEPS = {"label", "k", "estimate", "ci_low", "ci_high", "shift"}


class _Answer(NamedTuple):
    """What can be said to an item, and what is left to those who made the review."""

    text: str = ""
    missing: str = ""

    @property
    def status(self):
        return OPEN if not self.text else PART if self.missing else FILLED


def prisma_items(
    result: PooledEffect | PooledArms | PooledCounts | PooledSubgroups | MultilevelEffect,
    *,
    heterogeneity: Mapping[str, Any] | None = None,
    sensitivity: Mapping[str, Any] | None = None,
    risk_of_bias: pd.DataFrame | None = None,
    figures: Iterable[Any] = (),
) -> pd.DataFrame:
    """Answer what PRISMA 2020 asks of a synthesis, items 13a to 13f and 20a to 20d, as far as results tell it.

    Parameters
    ----------
    result : PooledEffect, PooledArms, PooledCounts, PooledSubgroups or MultilevelEffect
        The synthesis.
    heterogeneity : dict, optional
        What it was called -> result of a search for causes: subgroups, a meta-regression, a dose response. Subgroups
        given as `result` are one.
    sensitivity : dict, optional
        What it was called -> result of a sensitivity analysis: another model, the table of ``leave_one_out`` or of
        ``multiverse``, an estimate adjusted for small-study effects.
    risk_of_bias : pandas.DataFrame, optional
        From :func:`analysis.read_risk_of_bias`, for the studies of the result.
    figures : sequence of matplotlib.figure.Figure
        Those of the report that this library drew; their titles are told.

    Returns
    -------
    pandas.DataFrame
        One row an item: item, asks (what it asks for, in our words), status ("filled", "in part", "open"), text, and
        missing, what only those can say who made the review.

    Raises
    ------
    TypeError
        If `result`, or what is given beside it, cannot be told.
    ValueError
        If `risk_of_bias` is no such table, or a figure has no title because another library drew it.

    See Also
    --------
    analysis.prisma_flow : Draw from where the studies come.
    analysis.findings : What a result says in sentences.
    analysis.summary_of_findings : A table of several outcomes.

    Notes
    -----
    A text is only made of numbers and methods that the result holds. Nothing is taken for reported because this library
    could have done it: a sensitivity analysis that is not given stays open.

    References
    ----------
    Page et al. 2021, The PRISMA 2020 statement, BMJ 372:n71, doi 10.1136/bmj.n71, Table 1, items 13 and 20; and its
    explanation, BMJ 372:n160, doi 10.1136/bmj.n160.

    Examples
    --------
    >>> from analysis import leave_one_out, pool
    >>> pooled = pool([-1.2, -0.4, -2.0, -0.9], [0.1, 0.2, 0.1, 0.1], measure="SMD", benefit="lower")
    >>> table = prisma_items(pooled, sensitivity={"each study left out": leave_one_out(pooled)})
    >>> table.set_index("item")["status"].to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'13a': 'in part', '13b': 'open', '13c': 'open', '13d': 'in part', '13e': 'open', '13f': 'filled', '20a': 'in part',
     '20b': 'filled', '20c': 'open', '20d': 'filled'}
    >>> print(table.set_index("item").loc["20d", "text"])
    Each study left out: 4 estimates from −1.4 to −0.9; 95% intervals that exclude no effect: 1 of 4.
    """
    import pandas as pd

    if not isinstance(result, _TAKEN):
        give = "give the result of pool, pool_arms, pool_subgroups, pool_multilevel or of pooled counts"
        raise TypeError(_check.refusal(result, "prisma_items", give))
    causes = dict(heterogeneity or {})
    if isinstance(result, PooledSubgroups):
        causes = {f"subgroups by {result.by}": result} | causes
    searched, checked = _told("heterogeneity", causes), _told("sensitivity", dict(sensitivity or {}))
    untested = ""
    if isinstance(result, PooledArms) and result.groups:
        # The last of the findings is that on the groups.
        searched = {f"groups by {result.by}": sentences.findings(result).splitlines()[-1]} | searched
        untested = "the test between the groups, which pool_subgroups makes"
    overall = result.contrast if isinstance(result, PooledArms) else getattr(result, "overall", result)
    nothing = "nothing was given; say so if nothing was done"
    answers = {
        "13a": _who_takes_part(overall, result),
        "13b": _made_ready(overall),
        "13c": _drawn(figures),
        "13d": _Answer(_how(overall), "why this model and these methods"),
        "13e": _Answer(_names(searched), "" if searched else nothing),
        "13f": _Answer(_names(checked), "" if checked else nothing),
        "20a": _studies(overall, risk_of_bias),
        "20b": _Answer(_on_one_line(sentences.findings(result if isinstance(result, PooledArms) else overall))),
        "20c": _Answer(_results(searched), untested if searched else nothing),
        "20d": _Answer(_results(checked), "" if checked else nothing),
    }
    return pd.DataFrame(
        [
            {"item": item, "asks": asks, "status": answer.status, "text": answer.text, "missing": answer.missing}
            for item, asks in ITEMS.items()
            for answer in [answers[item]]
        ]
    )


def _told(name, given):
    """What each further analysis says, by the name it was given."""
    return {called: _said(f"{name}[{called!r}]", result) for called, result in given.items()}


def _said(where, result):
    if hasattr(result, "columns"):
        if set(result) >= _STEPS:
            return _steps(result)
        try:
            return multiverse_findings(result)
        except (ValueError, KeyError, TypeError) as error:
            raise TypeError(f"{where} is a table; give that of leave_one_out or of multiverse, or a result") from error
    if not isinstance(result, InWords):
        raise TypeError(f"{where}: {_check.refusal(result, 'prisma_items', 'give a result, or the table of one')}")
    return _on_one_line(sentences.findings(result))


def _steps(table):
    """Between which ends the estimates of a table of steps lie, and how many intervals exclude no effect."""
    words = Wording.of(table)
    null = float(words.measure.inverse(words.measure.null))
    digits = words.decimals(table["ci_low"], table["ci_high"])
    low, high = (words.write(end, digits) for end in (table["estimate"].min(), table["estimate"].max()))
    said = f"{counted(len(table), 'estimate')} from {low} to {high}"
    # No proportion is that of no effect.
    if math.isnan(null):
        return f"{said}."
    out = int(((table["ci_low"] > null) | (table["ci_high"] < null)).sum())
    at = level(table.attrs["methods"]["confidence_level"])
    return f"{said}; {at} intervals that exclude no effect: {number(out, 0)} of {number(len(table), 0)}."


def _on_one_line(text):
    return " ".join(text.splitlines())


def _names(told):
    return "; ".join(sentences.capital(name) for name in told) + "." if told else ""


def _results(told):
    return " ".join(f"{sentences.capital(name)}: {text}" for name, text in told.items())


def _who_takes_part(fit, result):
    """How many take part, and for which reasons others do not."""
    words = Wording.of(fit)
    effects = getattr(fit, "effects", None)
    reasons = Counter() if effects is None else Counter(effects.left_out["reason"])
    reasons += Counter(reason for _, reason in getattr(fit, "left_out", ()))
    text = f"{_behind(fit)} in the synthesis."
    if reasons:
        listed = "; ".join(f"{reason} ({number(k, 0)})" for reason, k in reasons.items())
        text += f" Without an effect, and so left out, {words.counted(sum(reasons.values()))}: {listed}."
    if own := getattr(result, "groups", None):
        groups = ", ".join(f"{name} ({number(getattr(x, 'contrast', x).k, 0)})" for name, x in own.items())
        text += f" By {result.by}: {groups}."
    return _Answer(text, "how the studies were matched with the planned syntheses")


def _behind(fit):
    """Of how many studies, or effects of studies, a result is."""
    if isinstance(fit, MultilevelEffect):
        return sentences.clustered(fit).counted(fit.k, fit.clusters)
    return Wording.of(fit).counted(fit.k, sentences.studies_behind(fit))


def _made_ready(fit):
    """How effects came from printed numbers, as far as the effects keep it."""
    effects = getattr(fit, "effects", None)
    table = getattr(effects, "table", None)
    zeros = " ".join(sentences.added(fit)) if isinstance(fit, PooledCounts) else ""
    made = table is not None and (len(effects.derivations) or not _MADE_OF.isdisjoint(table))
    if not made or "status" not in table:
        return _Answer(zeros, "how the effects were computed: they were given as plain numbers")
    words, status = Wording.of(fit), sentences.origins(fit, effects)
    parts = [f"{number(k, 0)} {_STATUS.get(kind, kind)}" for kind, k in status.items()]
    said = [f"Effects of {counted(sum(status.values()), words.noun)}: {', '.join(parts)}"]
    options = effects.options
    said += [text.format(options[name]) for name, text in _OPTIONS.items() if isinstance(options.get(name), float)]
    if "imputed" in status and options.get("missing_sd"):
        said.append(f"missing SDs: {options['missing_sd']}")
    if options.get("multi_arm"):
        said.append(f"several arms of a {words.noun}: {options['multi_arm']}")
    text = " ".join(filter(None, (f"{'; '.join(said)}.", zeros)))
    return _Answer(text, "what was done before the table was typed")


def _drawn(figures):
    titles = []
    for figure in figures:
        content = getattr(figure, "content", None)
        if content is None:
            raise ValueError(
                f"figures holds {_check.kind(figure)} without a title; give figures that this library drew"
            )
        titles.append(content.alt_text.partition(".")[0])
    return _Answer(f"{'; '.join(titles)}.") if titles else _Answer("", "no figures were given; name tables and figures")


def _how(fit):
    """The heading of the summary, which has model and methods, what was measured of heterogeneity, and the software."""
    measures = "Heterogeneity: Q and its test, I², tau² where it is estimated"
    return f"{fit.summary().splitlines()[0]}. {measures}. Software: pain-meta-analysis {_VERSION}."


def _studies(fit, judged):
    """The studies in brief, and what was judged of them."""
    effects, people = getattr(fit, "effects", None), people_in(fit)
    said = [_behind(fit) + ("" if math.isnan(people) else f" of {number(people, 0)} people")]
    table = getattr(effects, "table", None)
    missing = "what else matters of the studies"
    years = sortable(table["year"].dropna().tolist()) if table is not None and "year" in table else []
    if years and not any(isinstance(year, str) for year in years):
        said.append(f"published from {min(years):.0f} to {max(years):.0f}")
    elif years:
        missing = f"when they were published, of which not all years are numbers; {missing}"
    text = f"{', '.join(said)}."
    if judged is None:
        return _Answer(text, f"{missing}; risk of bias: no judgements were given")
    if effects is None:
        raise ValueError("risk_of_bias is of studies, and the result does not know its own: pool effect_sizes(…)")
    return _Answer(f"{text} {risk_of_bias_findings(judged, effects)}", missing)
