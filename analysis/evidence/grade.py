"""Summary of findings: a row for each outcome, with absolute effects and the certainty that its readers judged.

Numbers come from results; judgements of certainty (GRADE) are those of the user and are never computed.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from analysis import _check
from analysis._types import Certainty, CertaintyDomain
from analysis.data.effect_sizes import UNNAMED_ARMS
from analysis.evidence.arms import PooledArms
from analysis.evidence.responders import Responders, implied_risks, nnt, number_needed
from analysis.evidence.worthwhile import (
    BETWEEN,
    LEAST,
    ONE_TRUE_EFFECT,
    RISK,
    TOO_FEW,
    Threshold,
    require,
    share_beyond,
    share_of_normal,
    turned_and_limit,
)
from analysis.measures import Measure
from analysis.models.counts import PooledCounts
from analysis.models.imputation import ImputedEffect
from analysis.models.multilevel import MultilevelEffect
from analysis.models.results import PooledEffect
from analysis.sentences import InWords, Wording, capital, clustered, repeated, studies_behind
from analysis.text import NOT_ESTIMABLE, NUMBERS, chance, counted, level, markdown_cell, number

if TYPE_CHECKING:
    import pandas as pd

CERTAINTIES = get_args(Certainty)
DOMAINS = get_args(CertaintyDomain)
# Measures whose absolute effect needs the risk of the comparator; of a standardised difference the number needed does.
_OF_EVENTS = ("RR", "OR", "PETO", "HR")
_STANDARDISED = ("SMD", "SMD1", "SMDH")
_PER = 1000
# The columns of people, of effects and of those from a table with one row a study.
_PEOPLE = ("n_treatment", "n_placebo"), ("n_t", "n_p"), ("n",)
_AGAINST = {
    "beyond": "the whole interval reaches it",
    "short of": "the whole interval falls short of it",
    "either": "the interval lies on both sides",
}
_NAN3 = (math.nan,) * 3
_WORTHWHILE = "Smallest worthwhile difference"
# Of each head the column with the letters of its notes.
_LETTERS = {
    "Outcome": "comment_letters",
    "Evidence": "people_letters",
    _WORTHWHILE: "share_letters",
    "Certainty": "reason_letters",
}
# Models whose true effects vary by a tau, of which the share beyond a threshold has no interval, and what they are.
_OF_OTHER_MODELS = {MultilevelEffect: "a three-level model", ImputedEffect: "SDs that are imputed"}


@dataclass(frozen=True, eq=False, repr=False)
class SummaryOfFindings(InWords):
    """A summary of findings: one row for each outcome.

    A notebook shows it as a table, ``print`` in lines, :meth:`to_markdown` writes it for a report.

    Attributes
    ----------
    arms : (str, str) or None
        What is compared with what; None where nobody named them.
    table : pandas.DataFrame
        One row an outcome, with the numbers: outcome, k (studies), effects, people (NaN where not all are known),
        measure, estimate, ci_low, ci_high and confidence_level on the scale people read; comparator_risk, risk,
        risk_low and risk_high, fractions, with difference, difference_low and difference_high (the first arm minus the
        second) where events are counted; threshold, threshold_unit, against ("beyond", "short of", "either": where the
        interval of the mean lies to the threshold), share_beyond, share_low, share_high; nnt, nnt_low, nnt_high,
        negative for harm; certainty and the letters of its notes and of those of people and of the share. What is not
        known or was not asked for is NaN or "".
    printed : pandas.DataFrame
        The same as readers see it: a column a heading, an outcome a row.
    notes : tuple of (str, str)
        Letter and text of the footnotes: reasons of the judgements, and comments.
    remarks : tuple of str
        What is said of the whole table.

    See Also
    --------
    analysis.summary_of_findings : Make this result.
    analysis.NumberNeeded : Its numbers needed to treat.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 14 (Schünemann et al.).

    Examples
    --------
    >>> from analysis import pool, summary_of_findings
    >>> pooled = pool([-0.5, -0.2, -0.4], [0.04, 0.05, 0.06], measure="RR", benefit="lower")
    >>> summary_of_findings({"relapse": pooled}, comparator_risk=0.3).table[["risk", "difference"]].round(2).values
    array([[ 0.21, -0.09]])
    """

    arms: tuple[str, str] | None
    table: pd.DataFrame
    printed: pd.DataFrame
    notes: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The heading of the table."""
        return "Summary of findings" + (f": {self.arms[0]} compared with {self.arms[1]}" if self.arms else "")

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of `table`.

        Returns
        -------
        pandas.DataFrame
            One row an outcome, numbers never rounded.
        """
        return self.table.copy()

    def to_markdown(self) -> str:
        """Return the printed table with its notes as Markdown.

        Returns
        -------
        str
            Names are escaped; letters of notes are raised.
        """
        heads, rows = list(self.printed), self._cells()
        lines = [heads, ["---"] * len(heads)]
        cells = [
            [markdown_cell(text) + (f" <sup>{letters}</sup>" if letters else "") for text, letters in row]
            for row in rows
        ]
        table = "\n".join(f"| {' | '.join(line)} |" for line in [list(map(markdown_cell, heads)), *lines[1:], *cells])
        notes = [f"{letter}. {markdown_cell(text)}" for letter, text in self.notes]
        return (
            "\n\n".join([f"**{markdown_cell(self.title)}**", table, *notes, *map(markdown_cell, self.remarks)]) + "\n"
        )

    def _cells(self):
        """The printed rows, each a list of cells of text and letters: comments stand at the outcome, reasons last."""
        letters = self.table[list(_LETTERS.values())].to_dict("records")
        return [
            [(text, own[_LETTERS[head]] if head in _LETTERS else "") for head, text in row.items()]
            for row, own in zip(self.printed.to_dict("records"), letters, strict=True)
        ]

    def _in_words(self):
        said = []
        for row in self._cells():
            said.append((row[0][0] + (f" ({row[0][1]})" if row[0][1] else ""), None))
            said += [
                (head, text + (f" ({letters})" if letters else ""))
                for head, (text, letters) in zip(list(self.printed)[1:], row[1:], strict=True)
                if text
            ]
        said += [(f"Note {letter}", text) for letter, text in self.notes]
        return self.title, [*said, *((None, remark) for remark in self.remarks)]

    def _repr_html_(self):
        left = 'style="text-align: left; vertical-align: top"'
        head = "".join(f'<th scope="col" {left}>{html.escape(name)}</th>' for name in self.printed)
        rows = []
        for row in self._cells():
            cells = [html.escape(text) + (f"<sup>{letters}</sup>" if letters else "") for text, letters in row]
            first, *rest = cells
            rows.append(f'<tr><th scope="row" {left}>{first}</th>{"".join(f"<td {left}>{x}</td>" for x in rest)}</tr>')
        below = [f"<sup>{letter}</sup> {html.escape(text)}" for letter, text in self.notes]
        below += map(html.escape, self.remarks)
        foot = "".join(f'<tr><td colspan="{len(self.printed.columns)}" {left}>{text}</td></tr>' for text in below)
        return (
            f'<table><caption style="text-align: left; font-weight: bold">{html.escape(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody><tfoot>{foot}</tfoot></table>"
        )


def summary_of_findings(
    results: Mapping[str, PooledEffect | PooledCounts | PooledArms | MultilevelEffect | ImputedEffect | Responders],
    *,
    comparator_risk: float | Mapping[str, float] | None = None,
    threshold: Threshold | Mapping[str, Threshold] | None = None,
    certainty: Mapping[str, Certainty] | None = None,
    reasons: Mapping[str, Mapping[CertaintyDomain, str]] | None = None,
    comments: Mapping[str, str] | None = None,
) -> SummaryOfFindings:
    """Put the results of several outcomes into a table for readers: a summary of findings.

    Parameters
    ----------
    results : dict of str to PooledEffect, PooledCounts, PooledArms, MultilevelEffect, ImputedEffect or Responders
        Outcome -> result of pooling, in the order of the table. All compare the same two arms. Of PooledArms the
        contrast is taken, of Responders the ratio (the difference where they have none), with their own pooled shares
        as risks unless `comparator_risk` names another.
    comparator_risk : float or dict, optional
        Share of people in the comparison arm who have the event, a fraction; or outcome -> share. Absolute effects and
        numbers needed of risk, odds and hazard ratios go with it, and numbers needed of standardised differences; one
        number is for all outcomes that take one. Of a hazard ratio it is that at the end of the time which is meant.
        Say where it comes from in `comments`.
    threshold : Threshold or dict, optional
        Smallest worthwhile difference between groups; or outcome -> threshold, as for :func:`analysis.share_beyond`.
    certainty : dict, optional
        Outcome -> "high", "moderate", "low" or "very low", as you judged it by GRADE.
    reasons : dict, optional
        Outcome -> {domain: why}. Domains that lower the certainty are "risk of bias", "inconsistency", "indirectness",
        "imprecision" and "publication bias"; those that raise it "large effect", "dose response" and "opposing
        confounding". Each reason is a footnote with a letter.
    comments : dict, optional
        Outcome -> what else readers should know, a footnote as well.

    Returns
    -------
    SummaryOfFindings

    Raises
    ------
    TypeError
        For results that are no mapping, or a result that is none of these.
    ValueError
        For effects that compare no arms or that nobody named, outcomes with different arms, a judgement or a domain
        that GRADE has no word for, reasons without a judgement, an outcome that `results` has not, a risk that no
        outcome or not this one takes, or a threshold that cannot be compared.

    Warns
    -----
    UserWarning
        If a limit of a risk ratio makes more than 100% of the risk.

    See Also
    --------
    analysis.nnt : The number needed to treat of one result.
    analysis.share_beyond : The share of settings with a worthwhile effect.
    analysis.prisma_items : What PRISMA asks of the synthesis, as far as results tell it.

    Notes
    -----
    The columns are those of the Handbook [1]_: studies and people, relative effect, risks without and with the
    treatment per 1000 people and their difference, certainty; the smallest worthwhile difference and the number needed
    to treat stand beside them. With p the risk given, that of the other arm is p RR, p OR / (1 - p + p OR) [2]_ or 1 -
    (1 - p)^HR [3]_; its limits are those of the ratio put through the same formula, and hold no doubt about p. A risk
    difference is shown as it is, and so are differences of means. Of a three-level model and of imputed SDs the share
    of settings beyond a threshold is that of a normal distribution with all the variance between true effects [4]_, and
    has no interval. Where several effects are of one study, people are not counted. A ratio of means or of rates has no
    absolute effect here, as it goes with a mean or a rate and not with a risk. Certainty is never computed, and where
    it lies below "high" without a reason the table says so.

    References
    ----------
    .. [1] Schünemann, Higgins, Vist, Glasziou, Akl, Skoetz & Guyatt, Cochrane Handbook for Systematic Reviews of
       Interventions 6.4 (2023), chapter 14 (tables, the four levels of certainty and the domains).
    .. [2] Cochrane Handbook 5.1, sections 11.5.5 and 12.5.4.
    .. [3] Skoetz et al. 2020, GRADE guidelines 27, J Clin Epidemiol 118:124-131, doi 10.1016/j.jclinepi.2019.10.015.
    .. [4] Mathur & VanderWeele 2019, doi 10.1002/sim.8057.

    Examples
    --------
    An odds ratio of 0.73 where 30% have the event, the example of the Handbook 5.1, section 12.5.4.3: 62 fewer of 1000.

    >>> import numpy as np
    >>> from analysis import pool
    >>> pooled = pool([np.log(0.73)], se=[0.1], measure="OR", benefit="lower")
    >>> found = summary_of_findings(
    ...     {"relapse": pooled},
    ...     comparator_risk=0.3,
    ...     certainty={"relapse": "moderate"},
    ...     reasons={"relapse": {"imprecision": "one study"}},
    ... )
    >>> print(found)
    Summary of findings: treatment compared with control
    relapse
      Evidence                         1 study, people not stated
      Relative effect (95% CI)         odds ratio 0.73 (0.60 to 0.89)
      Risk with control                300 per 1000
      Risk with treatment (95% CI)     238 per 1000 (205 to 276)
      Difference (95% CI)              62 fewer per 1000 (95 fewer to 24 fewer)
      Number needed to treat (95% CI)  NNTB 16.2 (NNTB 10.5 to 41.1)
      Certainty                        moderate (a)
      Note a                           Imprecision: one study
    Risks with control are as given; the intervals hold no doubt about them.
    Certainty was judged by GRADE by those who made this table; it is not computed.
    """
    if not isinstance(results, Mapping):
        raise TypeError(_check.refusal(results, "summary_of_findings", "give {outcome: result of pool}"))
    fits = {_outcome(name): _fit(name, result) for name, result in results.items()}
    if not fits:
        raise ValueError("results has no outcome; give {outcome: result of pool}")
    arms = _arms(fits)
    wanted = {"threshold": threshold, "certainty": certainty, "reasons": reasons, "comments": comments}
    given = {name: _by_outcome(name, value, fits) for name, value in wanted.items()}
    risks = _risks(comparator_risk, fits)
    _check_judgements(given["certainty"], given["reasons"])
    _check.texts({name: value for name, value in given.items() if name != "threshold"} | {"outcomes": list(fits)})
    letters: dict[str, str] = {}
    rows = []
    for name, (fit, result) in fits.items():
        row = {"outcome": name, **_evidence(fit), **_relative(fit)}
        try:
            row |= _absolute(fit, result, risks.get(name)) | _worthwhile(fit, result, given["threshold"].get(name))
        except ValueError as error:
            raise ValueError(f"outcome {name!r}: {error}") from error
        comment = [given["comments"][name]] if name in given["comments"] else []
        why = [f"{capital(domain)}: {text}" for domain, text in given["reasons"].get(name, {}).items()]
        row["certainty"] = given["certainty"].get(name, "")
        notes = (comment, _of_people(fit), _of_share(row, fit), why)
        for column, texts in zip(_LETTERS.values(), notes, strict=True):
            row[column] = " ".join(letters.setdefault(text, _letter(len(letters))) for text in texts)
        rows.append(row)
    return _made(arms, fits, rows, tuple((letter, text) for text, letter in letters.items()))


def _outcome(name):
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"results has the outcome {name!r}; give it a name")
    return name


def _fit(name, result):
    """The contrast of an outcome and what it was taken from; TypeError or ValueError where there is nothing to say."""
    fit = result.contrast if isinstance(result, PooledArms) else result
    if isinstance(result, Responders):
        fit = result.difference if result.ratio is None else result.ratio
    if not isinstance(fit, PooledEffect | PooledCounts | MultilevelEffect | ImputedEffect):
        give = "give the result of pool, pool_mantel_haenszel, pool_peto, pool_arms, pool_multilevel, pool_imputed or "
        give += "pool_responders"
        raise TypeError(f"outcome {name!r}: {_check.refusal(result, 'summary_of_findings', give)}")
    if np.ndim(fit.estimate):
        raise ValueError(f"outcome {name!r}: this is the result of many meta-analyses; give that of one")
    measure = Measure(fit.measure)
    if not measure.two_arms:
        what = (
            f"a pooled {measure.name} compares no arms" if measure else "nobody said of which measure the effects are"
        )
        raise ValueError(
            f"outcome {name!r}: {what}, and a summary of findings is of a comparison; give pooled effects of two arms, "
            "with measure= where they are plain numbers"
        )
    return fit, result


def _arms(fits):
    """The two arms, which all outcomes have that name any."""
    called = {name: arms for name, (fit, _) in fits.items() if (arms := Wording.of(fit).arms)}
    named = {name: arms for name, arms in called.items() if arms != UNNAMED_ARMS}
    if len(set(named.values())) > 1:
        (one, first), (other, second) = next(
            ((a, x), (b, y)) for a, x in named.items() for b, y in named.items() if x != y
        )
        raise ValueError(
            f"outcome {one!r} compares {' with '.join(first)}, and {other!r} {' with '.join(second)}; give a table for "
            "each comparison"
        )
    return next(iter((named or called).values()), None)


def _by_outcome(name, value, fits):
    """An argument by outcome; one Threshold is for all."""
    if value is None:
        return {}
    if isinstance(value, Threshold):
        return dict.fromkeys(fits, value)
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is {value!r}; give a dict from outcomes")
    _known(name, value, fits)
    return dict(value)


def _known(name, given, fits):
    unknown = [outcome for outcome in given if outcome not in fits]
    if unknown:
        raise ValueError(f"{name} has the outcome {unknown[0]!r}, which results has not; they are {', '.join(fits)}")


def _risks(given, fits):
    """The risk of the comparator of each outcome that takes one."""
    takes = [name for name, (fit, _) in fits.items() if fit.measure in (*_OF_EVENTS, *_STANDARDISED)]
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        if not takes:
            raise ValueError(
                f"comparator_risk={given!r}: no outcome has a risk, odds or hazard ratio or an SMD; leave it out"
            )
        given = dict.fromkeys(takes, given)
    _known("comparator_risk", given, fits)
    for name, risk in given.items():
        measure = fits[name][0].measure
        if name not in takes:
            raise ValueError(f"outcome {name!r}: a {Measure(measure).name} takes no comparator_risk; leave it out")
        if not (isinstance(risk, int | float | np.number) and 0 < risk < 1):
            raise ValueError(f"outcome {name!r}: comparator_risk={risk!r}: a share is a fraction between 0 and 1")
    return dict(given)


def _check_judgements(certainty, reasons):
    for outcome, judged in certainty.items():
        _check.option(f"certainty of {outcome!r}", judged, CERTAINTIES)
    for outcome, why in reasons.items():
        if outcome not in certainty:
            raise ValueError(f"reasons has {outcome!r}, whose certainty nobody judged; give it in certainty=")
        if not isinstance(why, Mapping):
            raise ValueError(
                f"reasons of {outcome!r} are {why!r}; give a dict from domains, such as {{'imprecision': why}}"
            )
        for domain, text in why.items():
            _check.option(f"a domain of the reasons of {outcome!r}", domain, DOMAINS)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"reasons of {outcome!r}, {domain}: {text!r} says nothing; give a sentence")


def _letter(i):
    """The i-th letter of notes: a to z, then aa, ab and so on."""
    return (_letter(i // 26 - 1) if i > 25 else "") + chr(ord("a") + i % 26)


def _evidence(fit):
    return {"k": getattr(fit, "clusters", studies_behind(fit)), "effects": fit.k, "people": people_in(fit)}


def people_in(fit: Any) -> float:
    """How many people there are, in both arms once each; NaN where it is not known of all."""
    if isinstance(fit, PooledCounts):
        return float(fit.counts[1].sum() + fit.counts[3].sum())
    # Whose people are in several effects of one study is not known.
    if _is_nested(fit) or repeated(fit):
        return math.nan
    table = getattr(getattr(fit, "effects", None), "table", None)
    names = [] if table is None else [pair for pair in _PEOPLE if set(pair) <= set(table)]
    if not names:
        return math.nan
    rows = table[table[["yi", "vi"]].notna().all(axis=1)]
    if len(rows) != fit.k:
        return math.nan
    n = np.column_stack([_check.as_floats(rows[name]) for name in names[0]])
    crossover = rows["design"].eq("crossover").to_numpy() if "design" in rows else np.zeros(len(n), bool)
    return float(np.where(crossover, n.max(axis=1), n.sum(axis=1)).sum())


def _is_nested(fit):
    return getattr(fit, "clusters", fit.k) < fit.k


def _of_people(fit):
    several = f"Several effects are of one {clustered(fit).noun}, whose people are in each" if _is_nested(fit) else ""
    return [f"{several}: they are not counted."] if several else []


def _of_share(row, fit):
    """Why a share has no interval."""
    if math.isnan(row["share_beyond"]) or not math.isnan(row["share_low"]):
        return []
    return [f"The share has no interval: none is known of {_OF_OTHER_MODELS[type(fit)]}."]


def _relative(fit):
    shown = (float(x) for x in fit.measure.transform([fit.estimate, *fit.ci]))
    return {"measure": str(fit.measure), **dict(zip(("estimate", "ci_low", "ci_high"), shown, strict=True))} | {
        "confidence_level": fit.confidence_level
    }


def _absolute(fit, result, risk):
    """Risks, their difference and the number needed to treat; NaN where there is none."""
    measure, benefit = fit.measure, Wording.of(fit).benefit
    risks, differences, found = _NAN3, _NAN3, None
    if own := isinstance(result, Responders) and risk is None:
        risk, risks = result.placebo.estimate, (result.treatment.estimate, *result.treatment.ci)
        # Limits beyond everybody are cut off, as in the responders' own table.
        differences = result.difference.estimate, *np.clip(result.difference.ci, -1.0, 1.0).tolist()
    elif measure == "RD":
        differences = fit.estimate, *fit.ci
    elif measure in _OF_EVENTS and risk is not None:
        risks = tuple(implied_risks(fit, risk).tolist())
        differences = tuple(x - risk for x in risks)
    if benefit and not math.isnan(differences[0]):
        better = [x if benefit == "higher" else -x for x in differences]
        found = number_needed(better[0], *sorted(better[1:]))
    elif benefit and measure in _STANDARDISED and risk is not None:
        found = nnt(fit, risk)
    needed = (found.estimate, *found.ci) if found else _NAN3
    ends = ("", "_low", "_high")
    about = {"comparator_risk": math.nan if risk is None else float(risk), "nnt_words": found.words if found else ""}
    about["own_risks"] = own
    return about | {
        f"{name}{end}": float(value)
        for name, values in (("risk", risks), ("difference", differences), ("nnt", needed))
        for end, value in zip(ends, values, strict=True)
    }


def _worthwhile(fit, result, threshold):
    """Where the interval of the mean lies to a threshold, and the share of settings beyond it."""
    if threshold is None:
        return {"threshold": math.nan, "threshold_unit": "", "against": "", "share_reason": ""} | dict.fromkeys(
            ("share_beyond", "share_low", "share_high"), math.nan
        )
    require(threshold, BETWEEN, "a difference between groups")
    if isinstance(result, Responders):
        fit = result = result.difference if threshold.unit == RISK else fit
    turned, limit = turned_and_limit(Wording.of(fit), threshold)
    low, high = (-fit.ci.high, -fit.ci.low) if turned else fit.ci
    against = "beyond" if high <= limit else "short of" if low > limit else "either"
    share, reason = _NAN3, f"{fit.method} has one true effect" if isinstance(fit, PooledCounts) else ""
    if type(fit) in _OF_OTHER_MODELS:
        share, reason = _share_without_interval(fit, limit + fit.estimate if turned else limit - fit.estimate)
    elif not reason:
        found = share_beyond(result, threshold)
        share, reason = (found.share, *found.ci), found.reason
    about = {"threshold": float(threshold.value), "threshold_unit": threshold.unit, "against": against}
    return about | dict(zip(("share_beyond", "share_low", "share_high"), share, strict=True)) | {"share_reason": reason}


def _share_without_interval(fit, distance):
    """The share of true effects up to that distance from their mean, or why there is none."""
    nested = isinstance(fit, MultilevelEffect)
    k, words = (fit.clusters, clustered(fit)) if nested else (fit.k, Wording.of(fit))
    if fit.tau2_method == "CE":
        return _NAN3, ONE_TRUE_EFFECT.format(words.nouns)
    if k < LEAST:
        return _NAN3, TOO_FEW.format(words.counted(k), LEAST)
    return (share_of_normal(distance, math.sqrt(sum(fit.sigma2)) if nested else fit.tau), math.nan, math.nan), ""


def _made(arms, fits, rows, notes):
    """The result of rows of numbers: what of them is printed, and what is said of the whole."""
    import pandas as pd

    first, second = arms or ("the first arm", "the second arm")
    levels = {level(fit.confidence_level) for fit, _ in fits.values()}
    ci = f"({levels.pop()} CI)" if len(levels) == 1 else "(CI)"
    heads = {
        "Evidence": _evidence_cell,
        f"Relative effect {ci}": _relative_cell,
        f"Risk with {second}": _comparator_cell,
        f"Risk with {first} {ci}": _risk_cell,
        f"Difference {ci}": _difference_cell,
        _WORTHWHILE: _worthwhile_cell,
        f"Number needed to treat {ci}": lambda row, _: row["nnt_words"],
    }
    printed = [
        {"Outcome": row["outcome"]}
        | {head: cell(row, _words(fits[row["outcome"]][0], arms)) for head, cell in heads.items()}
        | {"Certainty": row["certainty"] or "not judged"}
        for row in rows
    ]
    table = pd.DataFrame(printed)
    asked = [name for name in table if name in ("Outcome", "Certainty") or table[name].ne("").any()]
    numbers = pd.DataFrame(rows)
    remarks = _remarks(numbers, fits, second)
    return SummaryOfFindings(
        arms, numbers.drop(columns=["share_reason", "nnt_words", "own_risks"]), table[asked], notes, remarks
    )


def _words(fit, arms):
    """The wording of an outcome, whose arms are those of the table."""
    words = clustered(fit) if isinstance(fit, MultilevelEffect) else Wording.of(fit)
    return replace(words, arms=words.arms and arms)


def _evidence_cell(row, words):
    people = "people not stated" if math.isnan(row["people"]) else f"{number(row['people'], 0)} people"
    effects = f" ({counted(row['effects'], 'effect')})" if row["effects"] > row["k"] else ""
    return f"{words.counted(row['k'])}{effects}, {people}"


def _relative_cell(row, words):
    if not words.measure.is_ratio:
        return ""
    return f"{words.measure.name} {_written(row, words)}"


def _written(row, words, unit=""):
    """The estimate with its interval, on the scale people read."""
    ends = [float(words.measure.inverse(row[name])) for name in ("estimate", "ci_low", "ci_high")]
    digits = words.decimals(*ends[1:])
    return f"{words.write(ends[0], digits)}{unit} ({words.span(*ends[1:], digits)})"


def _comparator_cell(row, _):
    risk = row["comparator_risk"]
    return "" if math.isnan(risk) else f"{_per(risk, _digits(risk))} per {_PER}"


def _risk_cell(row, _):
    return "" if math.isnan(row["risk"]) else _per_thousand([row[f"risk{end}"] for end in ("", "_low", "_high")])


def _per_thousand(values):
    estimate, low, high = values
    digits = _digits(*values)
    between = NUMBERS.get().between
    return f"{_per(estimate, digits)} per {_PER} ({_per(low, digits)}{between}{_per(high, digits)})"


def _digits(*shares):
    """Decimals of so many per 1000: none but where they are few."""
    largest = max(abs(x) for x in shares) * _PER
    return 0 if largest >= 10 else 1 if largest >= 1 else 2


def _per(share, digits):
    return number(share * _PER, digits)


def _difference_cell(row, words):
    differences = [row[f"difference{end}"] for end in ("", "_low", "_high")]
    if not math.isnan(differences[0]):
        digits = _digits(*differences)
        estimate, *ends = (f"{_per(abs(x), digits)} {'fewer' if x < 0 else 'more'}" for x in differences)
        return f"{estimate} per {_PER} ({NUMBERS.get().between.join(ends)})"
    if words.measure.is_ratio:
        return ""
    said = words.reading(row["ci_low"], row["ci_high"])
    return _written(row, words, f" {words.points}" if words.points else "") + (f": {said}" if said else "")


def _worthwhile_cell(row, words):
    if not row["against"]:
        return ""
    limit = Threshold(row["threshold"], BETWEEN, row["threshold_unit"]).reached(words)
    if math.isnan(row["share_beyond"]):
        share = f"share of settings: {NOT_ESTIMABLE}"
    else:
        known = [chance(row[end]) for end in ("share_low", "share_high") if not math.isnan(row[end])]
        ends = f" ({NUMBERS.get().between.join(known)})" if known else ""
        share = f"in {chance(row['share_beyond'])}{ends} of comparable {words.nouns}"
    return f"{limit}: {_AGAINST[row['against']]}; {share}"


def _remarks(numbers, fits, comparator):
    """What is said of the whole table."""
    said = [*_about_risks(numbers, comparator)]
    levels = numbers.groupby("confidence_level", sort=False)["outcome"]
    if levels.ngroups > 1:
        said.append(f"Intervals: {'; '.join(f'{level(at)} of {_listed(names)}' for at, names in levels)}.")
    open_ = numbers[numbers["measure"].isin(_OF_EVENTS) & numbers["comparator_risk"].isna()]["outcome"]
    if len(open_):
        said.append(f"No absolute effect of {_listed(open_)}: it needs a comparator_risk.")
    without = numbers[numbers["measure"].isin(["IRR", "ROM"])]["outcome"]
    if len(without):
        said.append(f"No absolute effect of {_listed(without)}: it goes with a rate or a mean, not with a risk.")
    unsaid = [name for name, (fit, _) in fits.items() if Wording.of(fit).benefit is None and _counts(numbers, name)]
    if unsaid:
        said.append(f"No number needed to treat of {_listed(unsaid)}: nobody said what is good.")
    for reason, group in numbers[numbers["share_reason"] != ""].groupby("share_reason", sort=False):
        said.append(f"No share of settings for {_listed(group['outcome'])}: {reason}.")
    judged = numbers["certainty"] != ""
    if judged.any():
        said.append("Certainty was judged by GRADE by those who made this table; it is not computed.")
    bare = numbers[judged & (numbers["certainty"] != "high") & (numbers["reason_letters"] == "")]["outcome"]
    if len(bare):
        said.append(f"Without a reason: the certainty of {_listed(bare)}.")
    return tuple(said)


def _about_risks(numbers, comparator):
    own = numbers["own_risks"]
    with_risk = set(numbers.loc[numbers["comparator_risk"].notna() & ~own, "measure"])
    if with_risk:
        yield f"Risks with {comparator} are as given; the intervals hold no doubt about them."
    if own.any():
        pooled = f"Risks of {_listed(numbers.loc[own, 'outcome'])} are pooled over each of both arms"
        yield f"{pooled}; the difference is pooled on its own and need not be theirs."
    if "HR" in with_risk:
        yield "Those behind a hazard ratio are at one time, and hazards are taken as proportional up to it."
    if with_risk & {*_STANDARDISED}:
        yield "Numbers needed of a standardised difference take scores as normal with one SD in both arms."


def _counts(numbers, name):
    row = numbers[numbers["outcome"] == name].iloc[0]
    return not math.isnan(row["difference"]) or (
        row["measure"] in _STANDARDISED and not math.isnan(row["comparator_risk"])
    )


def _listed(names):
    return ", ".join(map(str, names))
