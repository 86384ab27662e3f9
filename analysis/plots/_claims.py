"""Claims of articles beside the pooled evidence: one small figure per family of therapies, for a lay reader.

Its rows are the pooled evidence, the claims set against it, and the claims without a number; where they stand follows
from measured text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from analysis import _check
from analysis._docs import documented
from analysis._types import FigureOptions, PageWidth
from analysis.evidence.claim_rules import ARM_CHANGE, NOT_DISTINGUISHABLE, OVERSTATED, SUPPORTED, read_number
from analysis.measures import Measure
from analysis.plots import _theme as style
from analysis.plots._layout import LEAST_FILL_OF_TRIALS, Column, Panel, Series, asked, text_width, widened
from analysis.plots._marks import horizontal, lines, markers, write
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._theme import themed
from analysis.plots._words import MODELS, REFERENCE, quoted, sentences, wording_of, zone_words
from analysis.sentences import Wording, capital
from analysis.text import bracketed, level, limits, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.evidence.arms import PooledArms

NAME_SHARE = 0.37  # of the width, for the names of results and the claims beside the panel
ROLES = ("placebo", "treatment", "contrast")
SERIES = (*ROLES, "aside")  # and results that no claim is judged by
ARMS = {"placebo": "placebo", "treatment": "treatment", "single-arm": "treatment", "difference": "contrast"}

NEEDED = (
    *("claim_id", "therapy_family", "claim", "value", "unit", "number_from", "arm", "claimed", "match", "scope"),
    *("k", "k_arms", "doubted", "verdict"),
)
LOOKS = {SUPPORTED: "stands", **dict.fromkeys((OVERSTATED, ARM_CHANGE, NOT_DISTINGUISHABLE), "falls short")}
OPEN = "open"  # what cannot be judged with these trials
FLAGS = ("below", "quiet", "worded", "banded")
TEXTS = ("name", "id", "tail", "estimate", "low", "high", "verdict", "mark", "missing", "claimed")

PRINTED = {
    "Result or claim": ("text_name", "text_tail"),
    "Id": ("text_id",),
    "Number": ("text_estimate", "text_low", "text_high", "text_claimed"),
    "Verdict": ("text_verdict",),
}
KINDS = ("subtotal", "trial")  # results drawn as diamonds, and others
JUDGES_NONE, NO_INTERVAL, CLAIMED = "judges no claim", "no interval", " claimed"
# What check_claims compares, where a table says no more.
AS_CHECKED = Wording(Measure("MD"), "lower", ("treatment", "placebo"), "points on 0–10", noun="trial")

VERDICT_LOOKS = {
    "stands": ("circle", "TEAL", False),
    "falls short": ("triangle down", "ORANGE_TEXT", False),
    "open": ("circle", "MUTED", True),
}
VERDICT_WORDS = {
    "stands": "filled circle: stands",
    "falls short": "triangle on its tip: falls short of what is said",
    "open": "open circle: cannot be judged with these {nouns}",
}
# Names of marks -> what they mean, as words.MARKS.
MARKS = {
    "*-subtotals": "diamonds: pooled results of several {nouns} and their confidence intervals",
    "placebo-subtotals": "open diamonds: {other} arms",
    "placebo-intervals|treatment-intervals": "circles with lines: change in a single {noun}",
    "contrast-intervals": "squares with lines: difference of a single {noun}",
    "aside-intervals": "open circles with dashed lines: results by which no claim is judged",
    "*-arrows-*": "arrowhead: interval leaves the panel",
    "claims-marks": "triangles: claimed numbers",
    "claims-ranges": "triangles with lines: claimed ranges",
    "claims-stems": "dotted lines: from a claimed number to the result it speaks of",
}
BARE = "marks without lines: results without an interval that says anything"
CLAIM_PT2 = 20.0
ID_GAP = 1.6  # mm between the number of a claim and its words
ASIDE_MM = 2.0  # from the middle of a triangle to its number
REACH = 0.75  # of the span of all estimates and claims: as far may intervals widen the axis on either side


@documented
@themed
def claims_plot(
    checked: pd.DataFrame,
    *,
    therapy_family: str | Sequence[str] | None = None,
    evidence: PooledArms | None = None,
    worthwhile: tuple[float, float] | None = (1.0, 2.0),
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = 2,
    note: str = "",
    ax: Axes | SubFigure | None = None,
    **options: Unpack[FigureOptions],
) -> ReportFigure:
    """Draw the claims about families of therapies beside what the trials found.

    Parameters
    ----------
    {checked}
    therapy_family : str or sequence of str, optional
        One family or some of them. Default: all that the claims are about.
    evidence : PooledArms, optional
        All trials of a family, as from ``pool_arms(trials, by="therapy_family")``, drawn below the trials that bear
        on the claims, open and dashed.
    {worthwhile, title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174, or what long names of arms need.
    digits : int, optional
        Decimals of the pooled results.
    {note, ax, footer, dpi, xlim, ticks, xlabel, null, lines}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: one row per result and per claim, title, caption, alternative text, and the plain sentences
        of ``check_claims``.

    Raises
    ------
    ValueError
        If columns are missing, there is no claim, nothing is claimed about a family, or the page is too narrow.

    See Also
    --------
    analysis.check_claims : Give every claim its verdict.
    analysis.claims_findings : Say in words what became of the claims.
    analysis.arms_forest : Draw the trials behind the evidence.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Claims with a number in points stand below the result they speak of: the change with placebo, the change with
    treatment, or the difference. Indirect differences from therapies that claims compare with stand below, open and
    dashed. All other claims follow as text. Where no claim has such a number, the results
    that most trials stand behind are drawn. A number that the article does not print is never drawn as claimed. Results
    of other conditions or therapies, by which no claim is judged, are open and dashed.

    References
    ----------
    Lewis & Clarke 2001, BMJ 322:1479-1480, doi 10.1136/bmj.322.7300.1479 (the forest plot).

    Busse 2015, doi 10.3899/jrheum.141440 (the band of smallest worthwhile differences).

    Examples
    --------
    >>> import analysis
    >>> claims, trials = analysis.read_claims("data/claims.csv"), analysis.read_trials("data/trials.csv")
    >>> fig = analysis.claims_plot(analysis.check_claims(claims, trials), therapy_family="Light")
    >>> fig.content.table["claim_id"].dropna().tolist()[:3]
    ['nir02', 'nir01', 'nir03']
    """
    claims, families = _claims_of(checked, therapy_family)
    words = wording_of(checked) if "wording" in checked.attrs else AS_CHECKED
    words = words.to(2 if digits is None else digits)
    table = _claim_rows(claims, families, evidence, words)
    # Without a trial and a number there is nothing to draw, and the claims stand alone.
    panel, band = _claims_panel(table, words, worthwhile) if table["kind"].isin(KINDS).any() else (None, "")
    if ax is not None and panel is None:
        raise ValueError("ax has room for results and claimed numbers alone, and there are none: leave out ax")
    bare = table["text_low"].eq(NO_INTERVAL).any()
    looks = tuple((name, (mark, getattr(style, tone), hollow)) for name, (mark, tone, hollow) in VERDICT_LOOKS.items())
    results = {"cells": ("text_estimate", "text_low", "text_high"), "align": "left", "marks": looks}
    spec = Spec(
        table,
        [
            Column(
                "name", "Result or claim", ("text_name",), "left", tail="text_tail", before="text_id", share=NAME_SHARE
            ),
            *([panel] if panel else []),
            Column("look", _result_head(checked, words), whole="text_verdict", below="Verdict", **results),
        ],
        words,
        title=title or f"{', '.join(map(quoted, families))}: what is claimed, and what the trials show",
        said=_claims_counts(claims),
        computed=_computed(table, checked.attrs, evidence, words),
        marks=MARKS | ({"*-markers": BARE} if bare else {}) | {"claims-zone": band},
        notes=(_verdicts_sentence(table, words), _indirect_sentence(table, words), sentences(note)),
        seen=_seen(table),
        in_words="\n".join(f"{row.claim_id}: {row.plain}" for row in claims.itertuples()) if "plain" in claims else "",
        kind="Results beside the claims",
        printed=PRINTED,
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _claims_of(checked, family):
    """Return the claims about some families of therapies, with their numbers in points, and the families' names."""
    columns = [*NEEDED, *(f"{role}{end}" for role in ROLES for end in ("", "_low", "_high"))]
    _check.table(checked, "checked", columns, "check_claims")
    if checked.empty:
        raise ValueError("checked has no claim; give the rows that are to be drawn")
    known = checked["therapy_family"].dropna().unique().tolist()
    families = known if family is None else [family] if isinstance(family, str) else list(family)
    if strangers := [name for name in families if name not in known]:
        names, choice = (", ".join(map(repr, each)) for each in (strangers, known))
        raise ValueError(f"therapy_family is {names}, about which nothing is claimed; choose from {choice}")
    if not families:
        raise ValueError(f"therapy_family names no therapy family; choose from {', '.join(map(repr, known))}")
    claims = checked[checked["therapy_family"].isin(families)].reset_index(drop=True)
    points = claims["unit"].eq("points") & claims["arm"].isin(list(ARMS)) & claims["number_from"].eq("article")
    ends = [read_number(v)[:2] if p else (np.nan, np.nan) for v, p in zip(claims["value"], points, strict=True)]
    low, high = zip(*ends, strict=True)
    return claims.assign(role=claims["arm"].map(ARMS), claim_low=low, claim_high=high), families


def _claim_rows(claims, families, evidence, words):
    """Return one row per line of the figure, those beside the panel first."""
    numbered = claims[claims["claim_low"].notna()]
    lines = []
    for scope, members in (numbered if len(numbered) else _most_trials(claims)).groupby("scope", sort=False):
        first = members.iloc[0]
        results = {role: tuple(first[f"{role}{end}"] for end in ("", "_low", "_high")) for role in ROLES}
        about = numbered[numbered["scope"] == scope]
        aside = first["match"] != "direct"
        lines.append(_claims_heading(f"{scope[0].upper()}{scope[1:]}", _behind(first, aside, words)))
        counts = dict(zip(ROLES, (first["k_arms"], first["k_arms"], first["k"]), strict=True))
        if len(about) or np.isfinite([*results.values()]).any():
            lines += _evidence(results, counts, about, words, aside=aside, of=first["k"])
    if evidence is not None:
        for family in families if evidence.groups else [", ".join(families)]:
            lines += _family_rows(evidence, family, words)
    lines += _indirect_rows(claims, words)
    rest = claims[claims["claim_low"].isna()]
    if len(rest):
        lines.append(_claims_heading("Claims without a number in points", "", kind="subhead", below=True))
        lines += [_claim(row) | {"below": True} for row in rest.to_dict("records")]
    numbers = [f"{name}_{end}" for name in SERIES for end in ("estimate", "low", "high")]
    texts = [f"text_{name}" for name in TEXTS]
    rows = pd.DataFrame(lines)
    rows = rows.reindex(columns=[*dict.fromkeys([*rows, *texts, *FLAGS, *numbers])])
    rows[texts] = rows[texts].astype(object).fillna("").astype("str")
    rows[list(FLAGS)] = rows[list(FLAGS)].eq(True)
    ids = max(text_width(text, style.NOTE_PT) for text in rows["text_id"])
    indents = {"claim": style.INDENT + ids + ID_GAP, **dict.fromkeys(KINDS, style.INDENT)}
    ticks = rows["text_name"].where(rows["kind"] != "claim", rows["text_id"])
    return rows.assign(
        group="", name=rows["text_name"], indent_mm=rows["kind"].map(indents).fillna(0.0), text_tick=ticks
    )


def _behind(claim, aside, words):
    """Return how many trials and people stand behind the difference, how many of the trials are in doubt, and more."""
    k, doubted, people = claim["k"], claim["doubted"], claim.get("people", 0)
    if not k:
        return ""
    parts = [f"{'' if k == 1 else 'difference from '}{words.counted(k)}"]
    parts += [f"{number(people, 0)} people"] if people > 0 else []
    if doubted:
        parts.append("in doubt" if k == 1 else f"{number(doubted, 0)} of {number(k, 0)} in doubt")
    return ", ".join(parts) + f"; {JUDGES_NONE}" * aside


def _most_trials(claims):
    """Return the claim with most trials behind it, of the very therapy and condition if there are any."""
    direct = claims[claims["match"] == "direct"]
    return (direct if len(direct) else claims).sort_values("k", ascending=False, kind="stable").iloc[:1]


def _claims_heading(name, tail, kind="heading", **more):
    return {"kind": kind, "worded": True, "text_name": name, "text_tail": tail, **more}


def _evidence(results, counts, claims, words, *, aside, of=0):
    """Return the row of each pooled result, with the claims about it below; ``aside``, what judges no claim.

    The number of trials is told unless it is ``of``, as the heading has it.
    """
    changed = f"Change in {words.outcome_name}" if words.outcome_name else "Change"
    names = (*(f"{changed} with {arm}" for arm in words.arms[::-1]), f"Difference, {words.contrast}")
    lines, known = [], any(np.isfinite(estimate) for estimate, *_ in results.values())
    for name, (role, result) in zip(names, results.items(), strict=True):
        line = _result(name, role, result, words, single=counts[role] == 1, aside=aside)
        line["text_tail"] = "" if counts[role] in (0, of) else words.counted(counts[role])
        if np.isnan(result[0]):
            line["text_missing"] = "no baseline reported" if role != "contrast" and known else "not reported"
        lines.append(line)
        lines += [_claim(row) for row in claims[claims["role"] == role].to_dict("records")]
    return lines


def _result(name, role, result, words, *, single=False, aside=False):
    """Return the row of a pooled result."""
    (estimate, low, high), known_ends = result, np.isfinite(result[1:]).all()
    # What judges no claim, or has no interval, is no diamond.
    kind, key = "trial" if single or aside or not known_ends else "subtotal", "aside" if aside else role
    line = {"kind": kind, "role": role, "worded": True, "text_name": name}
    line |= {f"{key}_estimate": estimate, f"{key}_low": low, f"{key}_high": high}
    line |= {"weight": 1.0, **{f"{each}_imputed": False for each in SERIES}}
    line |= {"quiet": aside, "banded": role == "contrast" and not aside}
    if np.isfinite(estimate):
        ends = limits(low, high, words.digits) if known_ends else (NO_INTERVAL, "")
        line |= {"text_estimate": words.write(estimate), "text_low": ends[0], "text_high": ends[1]}
    return line


def _indirect_rows(claims, words):
    """Return the rows of the differences between therapies that were never compared directly."""
    found = claims.reindex(columns=["indirect_of", "indirect", "indirect_low", "indirect_high"])
    found = found[found["indirect"].notna()].drop_duplicates()
    if found.empty:
        return []
    lines = [_claims_heading(f"Therapies against one another, by way of {words.arms[1]}", JUDGES_NONE)]
    return lines + [
        _result(name, "indirect", result, words, aside=True) for name, *result in found.itertuples(index=False)
    ]


def _claim(row):
    """Return the row of a claim."""
    line = {"kind": "claim", "role": row["role"], "claim_id": row["claim_id"], "text_name": row["claim"]}
    line |= {"claim_low": row["claim_low"], "claim_high": row["claim_high"], "text_verdict": row["verdict"]}
    line |= {"look": LOOKS.get(row["verdict"], OPEN), "text_claimed": row["claimed"], "text_id": row["claim_id"]}
    if np.isfinite(row["claim_low"]):
        shown = read_number(row["value"])[2]
        ends = dict.fromkeys((row["claim_low"], row["claim_high"]))
        line["text_mark"] = f"{' to '.join(number(end, shown) for end in ends)}{CLAIMED}"
    return line


def _family_rows(evidence, family, words):
    """Return the rows of all trials of the family."""
    if evidence.groups and family not in evidence.groups:
        return []
    arms = evidence.groups.get(family, evidence)
    found = {role: getattr(arms, role) for role in ROLES}
    results = {role: (r.estimate, *r.ci) if r else (np.nan,) * 3 for role, r in found.items()}
    counts = {role: r.k if r else 0 for role, r in found.items()}
    heading = _claims_heading(f"{family}: all {words.nouns}, whatever the condition", JUDGES_NONE)
    return [heading, *_evidence(results, counts, pd.DataFrame({"role": []}), words, aside=True)]


def _computed(table, methods, evidence, words):
    """Return the paragraph that says what was computed; ``methods`` are those of check_claims."""
    drawn = table[[f"{name}_estimate" for name in SERIES]].notna()
    if not drawn.any(axis=None):
        return ""
    how = "Results beside the claims" + f": {words.nouns} that bear on them" * bool(drawn.iloc[:, :-1].any(axis=None))
    how += _methods(**methods) if "ci_method" in methods else ", pooled as stated in the documentation"
    if evidence is not None:
        names = ("tau2_method", "ci_method", "confidence_level")
        how += f"; all {words.nouns}{_methods(**{name: getattr(evidence.contrast, name) for name in names})}"
    cause = (
        "Change within an arm holds natural course and regression to the mean; at most the difference can be the "
        f"{words.arms[0]}'s doing"
    )
    return sentences(how, cause)


def _verdicts_sentence(table, words):
    """Return by what rules verdicts were given, and what their marks mean, of those that are drawn."""
    verdicts = [said.format(nouns=words.nouns) for look, said in VERDICT_WORDS.items() if look in set(table["look"])]
    return sentences(f"verdicts by the rules stated in the documentation; {'; '.join(verdicts)}")


def _indirect_sentence(table, words):
    """Return what differences between two therapies rest on, where one is drawn."""
    if not (table["role"] == "indirect").any():
        return ""
    return sentences(
        f"differences between two therapies are indirect: they hold if the {words.arms[1]} of one is like that of the "
        f"other and the {words.nouns} are otherwise alike"
    )


def _methods(tau2_method, ci_method, confidence_level, **_):
    """Return model and intervals, to follow the name of what was pooled."""
    model = MODELS.get(tau2_method, f"random-effects model, τ² by {tau2_method}")
    return f" ({model}; {level(confidence_level)} intervals by {REFERENCE.get(ci_method, ci_method)})"


def _claims_panel(table, words, worthwhile):
    """Return the panel, whose limits estimates and claims set and intervals widen, and what is said of its band."""
    names = [f"{name}_estimate" for name in SERIES]
    core = np.append(table.reindex(columns=[*names, "claim_low", "claim_high"]).to_numpy(float), 0.0)
    ends = table[[f"{name}_{end}" for name in SERIES for end in ("low", "high")]].to_numpy(float)
    low, high = np.nanmin(core), np.nanmax(core)
    span = high - low or 1.0
    low = max(low - REACH * span, np.nanmin(np.append(ends, low)))
    high = min(high + REACH * span, np.nanmax(np.append(ends, high)))
    pooled = table[table["kind"] == "subtotal"]
    wholes = [tuple(row) for name in SERIES for row in pooled[[f"{name}_low", f"{name}_high"]].to_numpy(float)]
    low, high = widened((low, high), wholes, (high - low) / LEAST_FILL_OF_TRIALS)
    pad = 0.04 * (high - low) or 1.0
    series = (
        Series("placebo", ("placebo",), style.ORANGE, style.ORANGE_TEXT, "circle", False),
        Series("treatment", ("treatment",), style.TEAL, style.TEAL, "circle", True),
        Series("contrast", ("difference",), style.INK, style.INK),
        Series("aside", ("no claim judged",), style.MUTED, style.MUTED, "circle", filled=False, dashed=True),
    )
    of = f" in {words.outcome_name}" if words.outcome_name else ""
    sides = tuple(f"{side} {words.outcome_name}" for side in ("less", "more")) if of else ("lower", "higher")
    axis = f"Change or difference{of}, {words.unit}"
    panel = asked(Panel("claims", (), series, (low - pad, high + pad), (axis,), favours=sides, draws=_draw_claims))
    zone = () if worthwhile is None else (-max(worthwhile), -min(worthwhile))
    # The band belongs to differences, and to no words where it lies beside the panel.
    if zone and not (table["contrast_estimate"].notna().any() and zone[1] > panel.limits[0]):
        zone = ()
    said, labels = zone_words(zone, words)
    return replace(panel, zone=zone, zone_labels=labels), said


def _draw_claims(ax, panel, table, mm_per_unit):
    """Draw the claimed numbers: a triangle that points to the result it speaks of, with its number beside it."""
    for i, row in table[table["text_missing"] != ""].iterrows():
        x = panel.null - 1.5 / mm_per_unit
        write(ax, x, row["y_mm"], row["text_missing"], style.NOTE, align="right", gid=f"missing-{i}")
    claims = table[table[["claim_low", "claim_high"]].mean(axis=1).between(*panel.limits)]
    if not len(claims):
        return
    low, high, y = (claims[name].to_numpy() for name in ("claim_low", "claim_high", "y_mm"))
    middle, ranges = (low + high) / 2, horizontal(low, high, y)[low < high]
    lines(ax, ranges, "claims-ranges", colors=style.INK, linewidths=style.INTERVAL_PT)
    ends = zip(middle, table["y_mm"].reindex(_aims(table)[claims.index]), y, strict=True)
    stems = [[(x, above + 1.6), (x, at - 1.2)] for x, above, at in ends if above == above]
    look = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [(0, (1.5, 1.5))], "zorder": 1.2}
    lines(ax, stems, "claims-stems", **look)
    look = {"colours": [style.INK] * len(y), "hollow": np.zeros(len(y), bool), "gid": "claims-marks", "zorder": 4}
    markers(ax, np.column_stack([middle, y]), ["triangle up"] * len(y), np.full(len(y), CLAIM_PT2), **look)
    pad, (floor, ceiling), null = ASIDE_MM / mm_per_unit, panel.limits, panel.null
    # The number stands at the right, unless it would leave the panel or meet the null line there, or at the left.
    for (i, row), left, right in zip(claims.iterrows(), low - pad, high + pad, strict=True):
        rooms = (ceiling if right - pad >= null else null) - right, left - (floor if left + pad <= null else null)
        for text, at, align in _fitting(row["text_mark"], rooms, (right, left), mm_per_unit)[:1]:
            write(ax, at, row["y_mm"], text, style.CAPTION, align=align, gid=f"mark-text-{i}")


def _fitting(text, rooms, places, mm_per_unit):
    """Return the texts and places that have room beside a mark, the best first: in full, at the right."""
    return [
        (said, at, align)
        for said in (text, text.removesuffix(CLAIMED))
        for room, at, align in zip(rooms, places, ("left", "right"), strict=True)
        if text_width(said, style.SMALL_PT) / mm_per_unit <= room
    ]


def _aims(table):
    """Return the row of the result that each claimed number speaks of, -1 where there is no number of it."""
    results = table[table["kind"].isin(KINDS)]
    rows = results.index.to_series().where(results["text_estimate"] != "", -1).reindex(table.index).ffill()
    return rows.fillna(-1).astype(int)


def _result_head(checked, words):
    """Return the heading of the results, with the level of the intervals where check_claims notes it."""
    known = checked.attrs.get("confidence_level")
    return f"{capital(words.points)} {bracketed(f'{level(known)} CI' if known else 'interval')}"


def _claims_counts(claims):
    """Return how many claims there are, and how many of each verdict."""
    found, n = claims["verdict"].value_counts(sort=True), len(claims)
    parts = ", ".join(f"{verdict} {number(count, 0)}" for verdict, count in found.items())
    return sentences(f"{number(n, 0)} claim{'' if n == 1 else 's'}: {parts}")


def _seen(table):
    """Return what the figure shows to someone who cannot see it: every result, and every claim with its verdict."""
    said = []
    for row in table.to_dict("records"):
        if row["kind"] == "claim":
            words = row["text_mark"] or row["text_name"].strip(" .")
            said.append(f"Claim {row['claim_id']}: {words}, {row['text_verdict']}")
        elif row["text_estimate"]:
            ends = " ".join(row[f"text_{part}"] for part in ("estimate", "low", "high"))
            said.append(f"{row['text_name']}: {ends}".rstrip())
        elif row["kind"] == "heading":
            said.append(row["text_name"] + f" ({row['text_tail']})" * bool(row["text_tail"]))
    return tuple(said)
