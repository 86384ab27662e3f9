"""Claims of articles beside the pooled evidence: one small figure per family of therapies, for a lay reader.

Its rows are the pooled evidence, the claims set against it, and the claims without a number; where they stand follows
from measured text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PolyCollection

from analysis import _check
from analysis._docs import documented
from analysis._types import PageWidth
from analysis.evidence.claim_rules import ARM_CHANGE, NOT_DISTINGUISHABLE, OVERSTATED, SUPPORTED, read_number
from analysis.measures import Measure
from analysis.plots import _theme as style
from analysis.plots._layout import Panel, Series, line_height, text_width, wrap, wrap_evenly
from analysis.plots._marks import DASHES, draw_panel, markers, rule, write
from analysis.plots._page import (
    TICKS_MM,
    FigureContent,
    ReportFigure,
    axis_height,
    draw_axis,
    frame,
    framed_page,
    inset,
    with_reference_rows,
    write_captions,
)
from analysis.plots._theme import themed
from analysis.plots._words import MODELS, REFERENCE, sentences, zone_words
from analysis.sentences import Wording, capital
from analysis.text import bracketed, level, limits, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.evidence.arms import PooledArms

LABEL_SHARE = 0.37  # of the width, for the names of results and the claims beside the panel
LEAST_PANEL_MM = 38.0
ROW = {"heading": 5.4, "subhead": 6.4, "trial": 5.2, "subtotal": 5.2}
ABOVE = {"heading": 2.2, "subhead": 2.4}  # not above the first row
CLAIM_PAD = 1.5
ROLES = ("placebo", "treatment", "contrast")
SERIES = (*ROLES, "aside")  # and results that no claim is judged by
ARMS = {"placebo": "placebo", "treatment": "treatment", "single-arm": "treatment", "difference": "contrast"}

NEEDED = (
    "claim_id",
    "therapy_family",
    "claim",
    "value",
    "unit",
    "number_from",
    "arm",
    "claimed",
    "match",
    "scope",
    "k",
    "k_arms",
    "doubted",
    "verdict",
)
LOOKS = {SUPPORTED: "stands", **dict.fromkeys((OVERSTATED, ARM_CHANGE, NOT_DISTINGUISHABLE), "falls short")}
ROW_TEXTS = ("text_estimate", "text_low", "text_high", "text_verdict", "text_id")
OPEN = "open"  # what cannot be judged with these trials

PRINTED = {
    "Result or claim": ("text_name", "tail"),
    "Id": ("text_id",),
    "Number": ("text_estimate", "text_low", "text_high", "text_claimed"),
    "Verdict": ("text_verdict",),
}
USUAL_MM = 174.0
KINDS = ("subtotal", "trial")  # results of several trials, and of one
JUDGES_NONE, NO_INTERVAL = "judges no claim", "no interval"
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
CLAIM_PT2, VERDICT_PT2 = 20.0, 18.0
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
        Width of the page in millimetres, at least 150. Default: 174, or what long names of arms need.
    digits : int, optional
        Decimals of the pooled results.
    {note}

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
    treatment, or the difference. All other claims follow as text. Where no claim has such a number, the results
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
    words = Wording.of(checked) if "wording" in checked.attrs else AS_CHECKED
    words = words.to(2 if digits is None else digits)
    table = _claim_rows(claims, families, evidence, words)
    columns = _claims_columns(table, width_mm)
    title = title or f"{', '.join(families)}: what is claimed, and what the trials show"
    panel = _claims_panel(table, words)
    zone = () if worthwhile is None else (-max(worthwhile), -min(worthwhile))
    # The band belongs to differences, and to no words where it lies beside the panel.
    if zone and not (table["contrast_estimate"].notna().any() and zone[1] > panel.limits[0]):
        zone = ()
    footer = _claims_footer(table, checked.attrs, evidence, words, panel=panel, zone=zone, note=note)
    # Without a trial and a number there is nothing to draw, and the claims stand alone.
    drawn = bool(table["kind"].isin(KINDS).any())
    axis = axis_height([panel], {panel.name: columns.panel_width}) if drawn else 0.0
    lay = _stand_rows(table, columns, axis, panel)
    framing = frame(title, footer, columns.width, lay["height"])
    table = table.assign(y_mm=np.array(lay["y"]) + framing.top, lines=lay["lines"])
    figure, page = framed_page(framing)
    bottom = framing.top + lay["panel_bottom"]
    if drawn:
        _draw_panel(figure, page, table, panel, columns, zone=zone, ends=(framing.top + lay["panel_top"], bottom))
        write_captions(page, panel, columns.left, columns.right, bottom + TICKS_MM)
        head = _result_head(checked, words)
        write(page, columns.verdict, table["y_mm"].iloc[0], head, style.HEAD, gid="head-result")
    _write_rows(page, table, columns)
    null = panel.null if drawn else np.nan
    rows = with_reference_rows(table.drop(columns="lines"), zone, footer, "no change", null)
    said = "\n".join(f"{row.claim_id}: {row.plain}" for row in claims.itertuples()) if "plain" in claims else ""
    caption = " ".join([sentences(title), _claims_counts(claims), *footer])
    figure.content = FigureContent(rows, title, caption, _claims_alt_text(title, table, claims), said, PRINTED)
    return figure


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
    """Return one row per line of the figure, those beside the panel first.

    Parameters
    ----------
    claims : pandas.DataFrame
        From :func:`_claims_of`.
    families : list of str
    evidence : PooledArms or None
        All trials of the families, or trials in groups of which they are some.
    words : Wording
    """
    numbered = claims[claims["claim_low"].notna()]
    lines = []
    for scope, members in (numbered if len(numbered) else _most_trials(claims)).groupby("scope", sort=False):
        first = members.iloc[0]
        results = {role: tuple(first[f"{role}{end}"] for end in ("", "_low", "_high")) for role in ROLES}
        about = numbered[numbered["scope"] == scope]
        aside = first["match"] != "direct"
        lines.append(_claims_heading(f"{scope[0].upper()}{scope[1:]}", _behind(first, aside, words)))
        behind = {"placebo": first["k_arms"], "treatment": first["k_arms"], "contrast": first["k"]}
        single = {role: k == 1 for role, k in behind.items()}
        tails = {role: words.counted(k) for role, k in behind.items() if k not in (0, first["k"])}
        if len(about) or np.isfinite([*results.values()]).any():
            lines += _evidence(results, single, tails, about, words, aside=aside)
    if evidence is not None:
        for family in families if evidence.groups else [", ".join(families)]:
            lines += _family_rows(evidence, family, words)
    rest = claims[claims["claim_low"].isna()]
    if len(rest):
        lines.append(_claims_heading("Claims without a number in points", "", kind="subhead"))
        lines += [_claim(row) for row in rest.to_dict("records")]
    numbers = [f"{name}_{end}" for name in SERIES for end in ("estimate", "low", "high")]
    rows = pd.DataFrame(lines).reindex(
        columns=[*dict.fromkeys([*ROW_TEXTS, *(name for line in lines for name in line), *numbers])]
    )
    texts = [name for name in rows if name.startswith(("text_", "tail"))]
    return rows.assign(**{name: rows[name].astype(object).fillna("").astype("str") for name in texts})


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


def _claims_heading(name, tail, kind="heading"):
    return {"kind": kind, "text_name": name, "tail": tail}


def _evidence(results, single, tails, claims, words, *, aside=False):
    """Return the row of each pooled result, with the claims about it below; ``aside``, what judges no claim."""
    changed = f"Change in {words.outcome_name}" if words.outcome_name else "Change"
    names = dict(
        zip(
            ROLES,
            (*(f"{changed} with {arm}" for arm in words.arms[::-1]), f"Difference, {words.contrast}"),
            strict=True,
        )
    )
    lines, known = [], any(np.isfinite(estimate) for estimate, *_ in results.values())
    for role, (estimate, low, high) in results.items():
        line = {"kind": "trial" if single[role] else "subtotal", "role": role, "text_name": names[role]}
        key = "aside" if aside else role
        line |= {f"{key}_estimate": estimate, f"{key}_low": low, f"{key}_high": high, "tail": tails.get(role, "")}
        line |= {"weight": 1.0, **{f"{each}_imputed": False for each in SERIES}}
        if np.isfinite(estimate):
            ends = limits(low, high, words.digits) if np.isfinite([low, high]).all() else (NO_INTERVAL, "")
            line |= {"text_estimate": words.write(estimate), "text_low": ends[0], "text_high": ends[1]}
        else:
            line["text_missing"] = "no baseline reported" if role != "contrast" and known else "not reported"
        lines.append(line)
        if claims is not None:
            lines += [_claim(row) for row in claims[claims["role"] == role].to_dict("records")]
    return lines


def _claim(row):
    """Return the row of a claim."""
    line = {"kind": "claim", "role": row["role"], "claim_id": row["claim_id"], "text_name": row["claim"]}
    line |= {"claim_low": row["claim_low"], "claim_high": row["claim_high"], "text_verdict": row["verdict"]}
    line |= {"look": LOOKS.get(row["verdict"], OPEN), "text_claimed": row["claimed"], "text_id": row["claim_id"]}
    if np.isfinite(row["claim_low"]):
        shown = read_number(row["value"])[2]
        ends = dict.fromkeys((row["claim_low"], row["claim_high"]))
        line["text_mark"] = f"{' to '.join(number(end, shown) for end in ends)} claimed"
    return line


def _family_rows(evidence, family, words):
    """Return the rows of all trials of the family."""
    if evidence.groups and family not in evidence.groups:
        return []
    arms = evidence.groups.get(family, evidence)
    found = {role: getattr(arms, role) for role in ROLES}
    results = {
        role: (np.nan,) * 3 if pooled is None else (pooled.estimate, *pooled.ci) for role, pooled in found.items()
    }
    single = {role: pooled is not None and pooled.k == 1 for role, pooled in found.items()}
    tails = {role: "" if pooled is None else words.counted(pooled.k) for role, pooled in found.items()}
    name = f"{family}: all {words.nouns}, whatever the condition"
    return [_claims_heading(name, JUDGES_NONE), *_evidence(results, single, tails, None, words, aside=True)]


@dataclass(frozen=True)
class _ClaimsColumns:
    """Edges in millimetres: claims (id and words), the panel, the verdicts, the right edges of a result's numbers."""

    width: float
    claim: float
    words: float
    left: float
    right: float
    verdict: float
    parts: tuple

    @property
    def panel_width(self):
        return self.right - self.left

    def at(self, panel, value):
        """Return where a value of the panel stands on the page."""
        return self.left + (value - panel.limits[0]) * self.panel_width / (panel.limits[1] - panel.limits[0])


def _claims_columns(table, asked):
    """Return the columns of a page of the width asked for, or of the usual one, wider where long names need it."""
    width = asked or USUAL_MM

    def widest(column):
        return max((text_width(text, style.BODY_PT) for text in table.get(column, [])), default=0.0)

    claim = style.MARGIN + style.INDENT
    ids = max(text_width(text, style.NOTE_PT) for text in table["text_id"])
    parts, edge = [], 0.0
    for name in ("text_estimate", "text_low", "text_high"):
        edge += widest(name) + (style.PART_GAP if parts else 0.0)
        parts.append(edge)
    wide = max(widest("text_verdict") + 3.4, edge)
    names = table[table["kind"].isin(KINDS)]
    tails = [
        style.INDENT + text_width(name, style.BODY_PT) + style.TAIL_GAP + text_width(tail, style.NOTE_PT)
        for name, tail in zip(names["text_name"], names["tail"], strict=True)
    ]
    left = style.MARGIN + max([LABEL_SHARE * width, *tails]) + style.PANEL_GAP
    verdict = width - style.MARGIN - wide
    right = verdict - style.PANEL_GAP
    if right - left < LEAST_PANEL_MM:
        # Of every millimetre that the page gains, the names take their share.
        least = round(width + (LEAST_PANEL_MM - (right - left)) / (1 - LABEL_SHARE) + 1)
        if asked is None:
            return _claims_columns(table, least)
        raise ValueError(f"width_mm is {number(width, 0)}, but this figure needs at least {number(least, 0)} mm")
    return _ClaimsColumns(
        width, claim, claim + ids + 1.6, left, right, verdict, tuple(verdict + part for part in parts)
    )


def _claims_footer(table, methods, evidence, words, *, panel, zone, note):
    """Return the paragraphs that say what was drawn and computed; ``methods`` are those of check_claims."""
    drawn = table[[f"{name}_estimate" for name in SERIES]].notna()
    how = "Results beside the claims" + f": {words.nouns} that bear on them" * bool(drawn.iloc[:, :-1].any(axis=None))
    how += _methods(**methods) if "ci_method" in methods else ", pooled as stated in the documentation"
    if evidence is not None:
        names = ("tau2_method", "ci_method", "confidence_level")
        how += f"; all {words.nouns}{_methods(**{name: getattr(evidence.contrast, name) for name in names})}"
    cause = (
        "Change within an arm holds natural course and regression to the mean; at most the difference can be the "
        f"{words.arms[0]}'s doing"
    )
    verdicts = [said.format(nouns=words.nouns) for look, said in VERDICT_WORDS.items() if look in set(table["look"])]
    lines = [
        sentences("; ".join(_marks_drawn(table, panel, words)), zone_words(zone, words)[0]),
        sentences(how, cause) if drawn.any(axis=None) else "",
        sentences(f"verdicts by the rules stated in the documentation; {'; '.join(verdicts)}"),
        sentences(note),
    ]
    return [line for line in lines if line]


def _marks_drawn(table, panel, words):
    """Return what each kind of mark in the panel means, of those that are drawn."""
    body = table[table["kind"].isin(KINDS)]
    marks = _as_marks(body)
    there = marks[[f"{name}_estimate" for name in SERIES]].notna().set_axis(SERIES, axis=1)
    several = there[marks["kind"] == "subtotal"].any()
    low, high = (marks[[f"{name}_{end}" for name in SERIES]] for end in ("low", "high"))
    leaves = (low < panel.limits[0]).any(axis=None) or (high > panel.limits[1]).any(axis=None)
    bare = body["text_low"] == NO_INTERVAL
    lined = there[(body["kind"] == "trial") & ~bare].any()
    claimed, ranges = table["claim_low"].notna().any(), (table["claim_low"] < table["claim_high"]).any()
    parts = {
        f"diamonds: pooled results of several {words.nouns} and their confidence intervals": several[[*ROLES]].any(),
        f"open diamonds: {words.arms[1]} arms": several["placebo"],
        f"circles with lines: change in a single {words.noun}": lined["placebo"] or lined["treatment"],
        f"squares with lines: difference of a single {words.noun}": lined["contrast"],
        "marks without lines: results without an interval that says anything": bare.any(),
        "open circles with dashed lines: results by which no claim is judged": (there["aside"] & ~bare).any(),
        "arrowhead: interval leaves the panel": leaves,
        "triangles: claimed numbers": claimed,
        "triangles with lines: claimed ranges": ranges,
        "dotted lines: from a claimed number to the result it speaks of": (_aims(table) >= 0).any(),
    }
    return [part for part, drawn in parts.items() if drawn]


def _methods(tau2_method, ci_method, confidence_level, **_):
    """Return model and intervals, to follow the name of what was pooled."""
    model = MODELS.get(tau2_method, f"random-effects model, τ² by {tau2_method}")
    return f" ({model}; {level(confidence_level)} intervals by {REFERENCE.get(ci_method, ci_method)})"


def _claims_panel(table, words):
    """Return the panel: estimates and claims set its limits, intervals widen it somewhat."""
    names = [f"{name}_estimate" for name in SERIES]
    core = np.append(table.reindex(columns=[*names, "claim_low", "claim_high"]).to_numpy(float), 0.0)
    ends = table[[f"{name}_{end}" for name in SERIES for end in ("low", "high")]].to_numpy(float)
    low, high = np.nanmin(core), np.nanmax(core)
    span = high - low or 1.0
    low = max(low - REACH * span, np.nanmin(np.append(ends, low)))
    high = min(high + REACH * span, np.nanmax(np.append(ends, high)))
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
    return Panel("claims", (), series, (low - pad, high + pad), (axis,), favours=sides)


def _stand_rows(table, columns, axis, panel):
    """Return the height of every row below the top of the body, its lines if several, and the ends of the panel.

    ``axis`` is the height of everything below the panel, which stands above the claims without a number.
    """
    y, ys, lines, bottom, tops = 0.0, [], [], None, []
    pitch = line_height(style.BODY_PT)
    for i, row in enumerate(table.to_dict("records")):
        if row["kind"] == "subhead" and i:
            bottom, y = y + 1.0, y + 1.0 + axis
        y += ABOVE.get(row["kind"], 0.0) if i else 0.0
        if row["kind"] == "claim":
            right = (columns.left if row["claim_low"] == row["claim_low"] else columns.verdict) - style.GAP
            lines.append(wrap_evenly(style.Said(row["text_name"]), right - columns.words, style.BODY_PT))
            ys.append(y + (pitch + CLAIM_PAD) / 2)
            y += len(lines[-1]) * pitch + CLAIM_PAD
        elif row["kind"] == "heading":
            # The line at zero runs through all headings but the first.
            right = columns.verdict if not i else min(columns.verdict, columns.at(panel, panel.null))
            lines.append(_heading_lines(row, right - style.GAP - style.MARGIN))
            ys.append(y + ROW["heading"] / 2)
            y += ROW["heading"] + (len(lines[-1]) - 1) * pitch
            tops.append(y)
        else:
            lines.append([])
            ys.append(y + ROW[row["kind"]] / 2)
            y += ROW[row["kind"]]
    if bottom is None:
        bottom, y = y + 1.0, y + 1.0 + axis
    return {"y": ys, "lines": lines, "panel_top": tops[0] - 0.6, "panel_bottom": bottom, "height": y}


def _heading_lines(row, width):
    """Return the lines of a heading; the last is empty where what follows in small type finds no room behind it."""
    lines = wrap(row["text_name"], width, style.BODY_PT, "bold")
    tail = style.TAIL_GAP + text_width(row["tail"], style.NOTE_PT) if row["tail"] else 0.0
    return lines if text_width(lines[-1], style.BODY_PT, "bold") + tail <= width else [*lines, ""]


def _draw_panel(figure, page, table, panel, columns, *, zone, ends):
    """Draw the pooled results with their intervals, and the claimed numbers."""
    top, bottom = ends
    ax = inset(figure, page, (columns.left, columns.right, top, bottom), panel.name)
    ax.spines["bottom"].set_visible(True)
    ax.set(xlim=panel.limits, ylim=(bottom, top))
    scale = columns.panel_width / (panel.limits[1] - panel.limits[0])
    body = table[table["kind"].isin(KINDS)]
    draw_panel(ax, panel, _as_marks(body), scale)
    draw_axis(ax, panel, columns.panel_width)
    if zone:
        y = body.loc[body["contrast_estimate"].notna(), "y_mm"]
        low, high = np.clip(zone, *panel.limits)
        corners = [[(low, at - 2.4), (high, at - 2.4), (high, at + 2.4), (low, at + 2.4)] for at in y]
        look = {"facecolor": style.ZONE, "edgecolor": "none"}
        if low == high:
            look = {"edgecolor": style.ZONE_TEXT, "linewidth": style.INTERVAL_PT, "linestyle": DASHES}
        bands = PolyCollection(corners, zorder=0, gid="claims-zone", **look)
        ax.add_collection(bands, autolim=False)
    _draw_claims(ax, page, table, panel, columns)
    x = columns.at(panel, panel.null)
    for i, row in enumerate(table.to_dict("records")):
        if row.get("text_missing"):
            write(page, x - 1.5, row["y_mm"], row["text_missing"], style.NOTE, align="right", gid=f"missing-{i}")


def _as_marks(body):
    """Return the results as they are drawn: what judges no claim or has no interval is no diamond."""
    values, kind = {}, body["kind"].mask(body["aside_estimate"].notna(), "trial")
    for name in SERIES:
        estimate, low, high = (body[f"{name}_{end}"] for end in ("estimate", "low", "high"))
        values |= {f"{name}_low": low.fillna(estimate), f"{name}_high": high.fillna(estimate)}
        kind = kind.mask(estimate.notna() & (low.isna() | high.isna()), "trial")
    return body.assign(**values, kind=kind)


def _draw_claims(ax, page, table, panel, columns):
    """Draw the claimed numbers: a triangle that points to the result it speaks of, with its number beside it."""
    claims = table[table["claim_low"].notna()]
    if not len(claims):
        return
    middle = claims[["claim_low", "claim_high"]].mean(axis=1)
    spans = [[(row.claim_low, row.y_mm), (row.claim_high, row.y_mm)] for row in claims.itertuples()]
    ranges = LineCollection(spans, colors=style.INK, linewidths=style.INTERVAL_PT, capstyle="butt", gid="claims-ranges")
    ax.add_collection(ranges, autolim=False)
    ends = zip(middle, claims["y_mm"], _aims(table), strict=True)
    stems = [[(x, table["y_mm"][aim] + 1.6), (x, y - 1.2)] for x, y, aim in ends if aim >= 0]
    look = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [(0, (1.5, 1.5))], "zorder": 1.2}
    ax.add_collection(LineCollection(stems, gid="claims-stems", **look), autolim=False)
    xy, n = np.column_stack([middle, claims["y_mm"]]), len(claims)
    areas, look = np.full(n, CLAIM_PT2), {"colours": [style.INK] * n, "hollow": np.zeros(n, bool)}
    markers(ax, xy, ["triangle up"] * n, areas, gid="claims-marks", zorder=4, **look)
    null = columns.at(panel, panel.null)
    for i, row, value in zip(claims.index, claims.to_dict("records"), middle, strict=True):
        x, wide = columns.at(panel, value), text_width(row["text_mark"], style.SMALL_PT)
        over = x + 2.0 + wide > min(columns.right, null if x < null else np.inf) and x - 2.0 - wide > columns.left
        at, align = (x - 2.0, "right") if over else (x + 2.0, "left")
        write(page, at, row["y_mm"], row["text_mark"], style.CAPTION, align=align, gid=f"mark-text-{i}")


def _aims(table):
    """Return the row of the result that each claimed number speaks of, -1 where there is no number of it."""
    results = table[table["kind"].isin(KINDS)]
    rows = results.index.to_series().where(results["text_estimate"] != "", -1).reindex(table.index).ffill()
    return rows[table["claim_low"].notna()].fillna(-1).astype(int)


def _result_head(checked, words):
    """Return the heading of the results, with the level of the intervals where check_claims notes it."""
    known = checked.attrs.get("confidence_level")
    return f"{capital(words.points)} {bracketed(f'{level(known)} CI' if known else 'interval')}"


def _write_rows(page, table, columns: _ClaimsColumns):
    """Write names, numbers, claims and verdicts."""
    pitch, look = line_height(style.BODY_PT), (style.BODY_PT, "normal", style.INK)
    for i, row in enumerate(table.to_dict("records")):
        y = row["y_mm"]
        if row["kind"] == "heading":
            for j, line in enumerate(row["lines"]):
                write(page, style.MARGIN, y + j * pitch, line, style.HEAD, gid=f"heading-{i}-{j}")
            before = text_width(line, style.BODY_PT, "bold") + style.TAIL_GAP if line else 0.0
            write(page, style.MARGIN + before, y + j * pitch, row["tail"], style.NOTE, gid=f"tail-{i}")
        elif row["kind"] == "subhead":
            write(page, style.MARGIN, y, row["text_name"], style.HEAD, gid=f"heading-{i}")
            write(page, columns.verdict, y, "Verdict", style.HEAD, gid="head-verdict")
            under = y + 2.6
            rule(page, [[(style.MARGIN, under), (columns.width - style.MARGIN, under)]], "subhead-rule")
        elif row["kind"] == "claim":
            write(page, columns.claim, y, row["text_id"], style.NOTE, gid=f"id-{i}")
            for j, line in enumerate(row["lines"]):
                write(page, columns.words, y + j * pitch, style.Said(line), look, gid=f"claim-{i}-{j}")
            name, colour, hollow = VERDICT_LOOKS[row["look"]]
            xy, mark = [(columns.verdict + 1.2, y)], {"colours": [getattr(style, colour)], "hollow": [hollow]}
            markers(page, xy, [name], [VERDICT_PT2], **mark, gid=f"verdict-mark-{i}")
            write(page, columns.verdict + 3.4, y, row["text_verdict"], look, gid=f"verdict-{i}")
        else:
            _write_result(page, row, i, columns)


def _write_result(page, row, i, columns):
    """Write one pooled result: its name, the trials behind it, and the numbers aligned on their decimals."""
    look = style.BODY_PT, "normal", style.MUTED if np.isfinite(row["aside_estimate"]) else style.INK
    write(page, style.MARGIN + style.INDENT, row["y_mm"], row["text_name"], look, gid=f"name-{i}")
    x = style.MARGIN + style.INDENT + text_width(row["text_name"], style.BODY_PT) + style.TAIL_GAP
    write(page, x, row["y_mm"], row["tail"], style.NOTE, gid=f"tail-{i}")
    for part, edge in zip(("estimate", "low", "high"), columns.parts, strict=True):
        write(page, edge, row["y_mm"], row[f"text_{part}"], look, align="right", gid=f"{part}-{i}")


def _claims_counts(claims):
    """Return how many claims there are, and how many of each verdict."""
    found, n = claims["verdict"].value_counts(sort=True), len(claims)
    parts = ", ".join(f"{verdict} {number(count, 0)}" for verdict, count in found.items())
    return sentences(f"{number(n, 0)} claim{'' if n == 1 else 's'}: {parts}")


def _claims_alt_text(heading, table, claims):
    """Return what the figure shows to someone who cannot see it."""
    said = []
    for row in table.to_dict("records"):
        if row["kind"] == "heading":
            said.append(row["text_name"] + f" ({row['tail']})" * bool(row["tail"]))
        elif row["text_estimate"]:
            ends = " ".join(row[f"text_{part}"] for part in ("estimate", "low", "high"))
            said.append(f"{row['text_name']}: {ends}".rstrip())
        elif np.isfinite(row["claim_low"]):
            said.append(f"Claim {row['claim_id']}: {row['text_mark']}, {row['text_verdict']}")
    return sentences(heading, *said, _claims_counts(claims))
