"""Risk of bias: a lettered circle for every judgement, alone or beside the rows of a forest, and bars that count them.

A letter tells a judgement as well as its tone, so that nothing is lost in grey or to a reader who tells no colours
apart. Judgements are drawn as they were made: none is left out, and none is made for a trial that nobody judged.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

from analysis import _check
from analysis._docs import documented
from analysis._types import PageOptions, PageWidth
from analysis.evidence.arms import NOT_STATED
from analysis.evidence.risk_of_bias import (
    NOT_JUDGED,
    OVERALL,
    TOTAL,
    by_level,
    judgements,
    not_judged_sentence,
    refuse_near_misses,
)
from analysis.measures import Measure
from analysis.models.results import PooledEffect
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import Column, Panel, text_width
from analysis.plots._marks import TONES, add, write
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._theme import themed
from analysis.sentences import Wording
from analysis.text import counted, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from analysis.data.effect_sizes import EffectSizes

# Letters of judgements, those of RoB 2 as its authors draw them; a pair is a letter and its tone.
LETTERS = {
    **dict.fromkeys(("low", "yes"), "+"),
    **dict.fromkeys(("some concerns", "moderate"), ("!", "some")),
    "unclear": "?",
    **dict.fromkeys(("high", "no", "serious"), "-"),
    **dict.fromkeys(("very high", "critical"), ("×", "bad")),
    "no information": ("?", "none"),
}
NAME = "risk_of_bias"  # of all columns of judgements: a page that is too narrow gives them up together
HEADS = {OVERALL: "Overall", TOTAL: "Total"}
NUMBERED = re.compile(r"D(\d|S)\b")  # DS is that of crossover trials
USUAL_MM = 100.0
FULL = 103.0  # per cent: room for the label of 100
BAR_MM, ROW_MM, ABOVE_WHOLE_MM = 4.4, 6.4, 1.6
LABEL_PAD = 1.0  # mm on both sides of the text in a part of a bar


def _short(domains):
    """Return the short name of each domain, by which its column is called: its own, as D1, or the next that is free."""
    found = {name: HEADS.get(name) or name.split()[0] for name in domains if name in HEADS or NUMBERED.match(name)}
    free = (short for i in itertools.count(1) if (short := f"D{i}") not in set(found.values()))
    return {name: found.get(name) or next(free) for name in domains}


def judgement_columns(rows, judged, wording, whose=""):
    """Return the rows with the judgements of their trials, and the columns that show them.

    Parameters
    ----------
    rows : DataFrame
        Lines of a figure with ``kind`` and ``study``.
    judged : DataFrame
        From ``read_risk_of_bias``, of one tool.
    wording : Wording
    whose : str
        Of which trial the circles of a row are, where its name does not tell.

    Returns
    -------
    DataFrame, list of Column
    """
    found, trial = judgements(judged), rows["kind"] == "trial"
    refuse_near_misses(rows.loc[trial, "study"].dropna(), found.table.index)
    table = found.table.reindex(rows["study"].where(trial)).set_axis(rows.index)
    if table.isna().all(axis=None):
        some, own = (", ".join(map(str, ids[:3])) for ids in (found.table.index, rows.loc[trial, "study"].tolist()))
        raise ValueError(f"risk_of_bias says nothing of these {wording.nouns}: it has {some} and others, not {own}")
    silent = table.loc[trial].isna().all(axis=1).groupby(rows.loc[trial, "study"]).all()
    none = not_judged_sentence(int(silent.sum()), wording.counted(len(silent)), f"nobody with {found.tool}")
    said = ". ".join(filter(None, (whose, _judges_sentence(found), none)))
    columns, look = [], {"span": f"Risk of bias ({found.tool})", "said": said}
    for name, short in _short(table).items():
        key, values = f"{NAME}_{short}", table[name]
        lettered = values.dropna().isin(list(LETTERS)).all()
        texts = values.where(values.notna(), "")
        marks = [words.letter_of(LETTERS[value]) if value in LETTERS else "" for value in texts]
        rows = rows.assign(**{key: values, f"symbol_{key}": marks, f"text_symbol_{key}": "" if lettered else texts})
        look |= {"align": "left", "letters": tuple(LETTERS.items())} if lettered else {"align": "right", "letters": ()}
        columns.append(Column(NAME, short, (f"text_symbol_{key}",), **look))
    return rows, columns


def _judges_sentence(found):
    """Return who judged, and what the domains are."""
    domains = [
        f"{short}: {name.removeprefix(f'{short} ')}" for name, short in _short(found.table).items() if name not in HEADS
    ]
    return "; ".join([*_judges(found), *domains])


def _judges(found):
    """Who judged, in a list; an empty one where nobody said."""
    known = [judge for judge in found.judges if judge != NOT_STATED]
    return [f"Judged by {', '.join(known)}"] if known else []


def with_bars(table: pd.DataFrame) -> list[str]:
    """Return the domains of a table of judgements that bars can be made of: all of whose words have a letter."""
    return [name for name in table if table[name].dropna().isin(list(LETTERS)).all()]


@documented
@themed
def traffic_light(
    judged: pd.DataFrame,
    effects: EffectSizes | PooledEffect | None = None,
    *,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    note: str = "",
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw the risk of bias of every trial in every domain as a traffic light: a lettered circle each.

    Parameters
    ----------
    judged : pandas.DataFrame
        From :func:`analysis.read_risk_of_bias`, the rows of one tool.
    effects : EffectSizes or PooledEffect, optional
        Of these, the trials that were judged are drawn, in their order and by their names, and those that were not are
        counted. Default: all studies of `judged`, by their ids.
    {title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 100, wider where the columns need it.
    {note, footer, dpi}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the judgements in words, title, caption and alternative text.

    Raises
    ------
    TypeError
        For effects that are none.
    ValueError
        If the judgements are of several tools or of none of the trials, or the page is too narrow.

    See Also
    --------
    analysis.risk_of_bias_summary : Draw how many trials were judged what.
    analysis.forest : Draw the circles beside the effects, with ``risk_of_bias=judged``.
    analysis.without_high_risk : Leave out the trials at high risk.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Letters are those that the authors of RoB 2 use: + low, ! some concerns, − high; ? is unclear, or no information, ×
    critical. A total of items is a number.

    References
    ----------
    McGuinness & Higgins 2021, Res Synth Methods 12:55-61, doi 10.1002/jrsm.1411 (traffic light and summary).

    Examples
    --------
    >>> import analysis
    >>> judged = analysis.read_risk_of_bias("data/risk_of_bias.csv")
    >>> fig = analysis.traffic_light(judged[judged["tool"] == "RoB 2"])
    >>> fig.content.table["risk_of_bias_Overall"].dropna().tolist()[:3]
    ['some concerns', 'low', 'some concerns']
    """
    found = judgements(judged)
    trials, wording = _trials(found, effects, "traffic_light")
    names = trials["label"].astype("str").tolist()
    rows = pd.DataFrame({"kind": "trial", "group": "", "study": trials["study"].tolist(), "name": names, "notes": ""})
    rows, columns = judgement_columns(rows.assign(text_name=names), judged, wording)
    known = [each.values for each in columns]
    rows = rows[rows[known].notna().any(axis=1)].reset_index(drop=True)
    heads = {column.head: column.values for column in columns}
    spec = Spec(
        rows,
        [Column("name", words.capital(wording.noun), ("text_name",), "left"), *columns],
        wording,
        title=title or f"Risk of bias of {wording.counted(len(rows))} by {found.tool}",
        said=_said(rows, columns[-1], wording),
        computed="",
        marks={},
        notes=(words.sentences(note),),
        seen=tuple(
            f"{wording.noun} {words.quoted(row['name'])}: {_judged_words(row, heads)}"
            for row in rows.to_dict("records")
        ),
        kind="Traffic light of the risk of bias",
        usual_mm=USUAL_MM,
        printed={words.capital(wording.noun): ("text_name",)} | {head: (key,) for head, key in heads.items()},
    )
    return draw(spec, width_mm=width_mm)


def _trials(found, effects, to):
    """Return study and label of the trials of a figure, and what they are called."""
    if effects is None:
        studies = found.table.index
        return pd.DataFrame({"study": studies, "label": studies}), Wording()
    given = hasattr(effects, "derivations")
    own = effects if given else getattr(effects, "effects", None)
    if not (given or isinstance(effects, PooledEffect)):
        raise TypeError(_check.refusal(effects, to, "give EffectSizes, or a PooledEffect"))
    if own is None:
        return pd.DataFrame({"study": effects.labels, "label": effects.labels}), words.wording_of(effects)
    return own.table.drop_duplicates("study"), words.wording_of(effects)


def _said(rows, column, wording):
    """Return how many trials were judged what as a whole, or in the last domain, or between which totals they are."""
    values = rows[column.values].dropna()
    parts = ", ".join(f"{word} ({number((values == word).sum(), 0)})" for word in by_level(values))
    if not column.letters:
        totals = sorted(values, key=float)
        parts = f"{totals[0]} to {totals[-1]}"
    return f"{column.head}, {wording.counted(len(values))}: {parts}."


def _judged_words(row, heads):
    """Return each judgement of a trial with the domains that it was made of."""
    said = {}
    for head, key in heads.items():
        if isinstance(row[key], str):
            said.setdefault(row[key], []).append(head)
    return ", ".join(f"{word} ({', '.join(said[word])})" for word in by_level(said))


@documented
@themed
def risk_of_bias_summary(
    judged: pd.DataFrame,
    effects: EffectSizes | PooledEffect | None = None,
    *,
    weighted: bool = False,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw in bars how many trials were judged what, domain by domain.

    Parameters
    ----------
    judged : pandas.DataFrame
        From :func:`analysis.read_risk_of_bias`, the rows of one tool.
    effects : EffectSizes or PooledEffect, optional
        Bars are of all these trials, with those that nobody judged as a part of their own. Default: of all studies of
        `judged`.
    weighted : bool
        Whether bars are shares of the weights: those of the PooledEffect, else the column `x_weight` of `judged`.
    {title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the bars there, as :func:`analysis.forest` does.
    {note, footer, dpi}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: one row per domain with numbers and shares of its judgements, title, caption, alt text.

    Raises
    ------
    TypeError
        For effects that are none.
    ValueError
        If the judgements are of several tools, of none of the trials, or totals alone; if there are no weights; or if
        the page is too narrow.

    See Also
    --------
    analysis.traffic_light : Draw every judgement.
    analysis.risk_of_bias_findings : Say in words how many trials were judged.
    analysis.pool_subgroups : Pool the trials of each judgement.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    McGuinness & Higgins 2021, Res Synth Methods 12:55-61, doi 10.1002/jrsm.1411 (traffic light and summary).

    Examples
    --------
    >>> import analysis
    >>> judged = analysis.read_risk_of_bias("data/risk_of_bias.csv")
    >>> fig = analysis.risk_of_bias_summary(judged[judged["tool"] == "RoB 2"])
    >>> fig.content.table.loc[5, ["name", "text_low", "text_some concerns", "text_high"]].tolist()
    ['overall', '1', '4', '1']
    """
    found = judgements(judged)
    trials, wording = _trials(found, effects, "risk_of_bias_summary")
    table = found.table.reindex(trials["study"])
    if table.isna().all(axis=None):
        raise ValueError(f"judged says nothing of these {wording.nouns}; its studies are the ids of the effects")
    weights = _weights(judged, effects, trials) if weighted else np.ones(len(trials))
    domains = with_bars(table)
    if not domains:
        raise ValueError(f"{found.tool} says nothing but {', '.join(table)}, of which no bars are made")
    rows = _share_rows(table[domains].fillna(NOT_JUDGED), weights)
    parts = by_level([name for name in (*LETTERS, NOT_JUDGED) if name in rows and rows[name].any()])
    other = [name for name in table if name not in domains]
    none, of = int(table.isna().all(axis=1).sum()), wording.counted(len(table))
    letters = ", ".join(f"({words.letter_of(LETTERS[part])}) {part}" for part in parts if part in LETTERS)
    what = "weight" if weighted else wording.nouns
    axis = f"Share of the {what}, %"
    panel = Panel(
        "shares",
        ("Judgements",),
        (),
        (0.0, FULL),
        (axis,),
        share=0.5,
        measure=Measure("MN"),  # no null
        draws=lambda *args: _draw_shares(*args, parts),
    )
    spec = Spec(
        rows,
        [Column("name", "Domain", ("text_name",), "left"), panel],
        wording,
        title=title or f"Risk of bias in {of} by {found.tool}",
        said=_whole_said(rows, parts),
        computed="",
        marks={f"{NAME}-*": f"bars: {letters}; numbers: {wording.nouns}"},
        facts=(
            _whose_weights(effects) if weighted else "",
            not_judged_sentence(none, of, f"nobody with {found.tool}"),
            f"no bars of other words: {', '.join(other)}" if other else "",
        ),
        notes=(words.named(*_judges(found)), words.sentences(note)),
        seen=tuple(f"{row['text_name']}: {_counts_said(row, parts)}" for row in rows.to_dict("records")),
        kind="Bars of the risk of bias",
        printed={"Domain": ("text_name",)} | {part: (f"text_{part}",) for part in parts},
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _whose_weights(effects):
    """What the bars are shares of, where studies do not count alike."""
    whose = "in the pooled result" if isinstance(effects, PooledEffect) else "that stands beside the judgements"
    return f"bars: shares of the weight {whose}"


def _whole_said(rows, parts):
    """Return how many trials were judged what as a whole, or how many judgements there are."""
    if rows["name"].iloc[-1] in HEADS:
        return f"{rows['text_name'].iloc[-1]}: {_counts_said(rows.iloc[-1], parts)}."
    return f"Judgements in {counted(len(rows), 'domain')}: {_counts_said(rows[parts].sum(), parts)}."


def _counts_said(row, parts):
    return ", ".join(f"{part} ({number(row[part], 0)})" for part in parts if row[part])


def _weights(judged, effects, trials):
    """Return the weight of each trial: in the pooled result, else as the table of judgements has it."""
    if isinstance(effects, PooledEffect):
        own = effects.effects.study if effects.effects is not None else effects.labels
        return pd.Series(effects.weights, index=own).groupby(level=0).sum().reindex(trials["study"]).to_numpy()
    if "x_weight" not in judged:
        raise ValueError("weighted is True, and nothing has weights: give a PooledEffect, or judged with x_weight")
    weights = pd.to_numeric(judged["x_weight"], errors="coerce").groupby(judged["study"]).first()
    weights = weights.reindex(trials["study"]).to_numpy(float)
    if not (weights > 0).all():
        without = ", ".join(map(str, trials["study"][~(weights > 0)]))
        raise ValueError(f"weighted is True, and judged has no x_weight above 0 of {without}")
    return weights


def _share_rows(table, weights):
    """Return one row per domain: how many trials were judged what, and their shares in per cent."""
    lines = []
    for name in table:
        counts = table[name].value_counts()
        shares = pd.Series(weights, index=table[name]).groupby(level=0).sum() / weights.sum() * 100
        line = {"kind": "option", "group": "", "name": name, "notes": "", "text_name": HEADS.get(name, name)}
        line |= {"height_mm": ROW_MM, "above_mm": ABOVE_WHOLE_MM if name in HEADS else np.nan}
        lines.append(line | counts.to_dict() | {f"share {part}": share for part, share in shares.items()})
    rows = pd.DataFrame(lines)
    known = [part for part in (*LETTERS, NOT_JUDGED) if part in rows]
    for part in known:
        rows[[part, f"share {part}"]] = rows[[part, f"share {part}"]].fillna(0)
        rows[part] = rows[part].astype(int)
        rows[f"text_{part}"] = [number(k, 0) for k in rows[part]]
    return rows


def _draw_shares(ax, panel, table, mm_per_unit, parts):
    """Draw the bars: a part for each judgement, with its letter and the number of trials where they have room."""
    start = np.zeros(len(table))
    for part in parts:
        spec = LETTERS.get(part, ("", "blank"))
        letter, tone = words.letter_of(spec), TONES.get(spec) if isinstance(spec, str) else spec[1]
        fill, ink = style.SYMBOLS.get(tone, (style.PAPER, style.INK))
        end = start + table[f"share {part}"].to_numpy(float)
        y, some = table["y_mm"].to_numpy(float), end > start
        corners = [
            [(a, at - BAR_MM / 2), (b, at - BAR_MM / 2), (b, at + BAR_MM / 2), (a, at + BAR_MM / 2)]
            for a, b, at in zip(start[some], end[some], y[some], strict=True)
        ]
        gid = f"{NAME}-{part.replace(' ', '-')}"
        edge = style.MUTED if fill == style.PAPER else style.PAPER
        look = {"facecolor": fill, "edgecolor": edge, "linewidth": style.RULE_PT, "zorder": 2}
        add(ax, PolyCollection(corners, **look), gid)
        for i in np.flatnonzero(some):
            told = f"{letter} {number(table[part].iloc[i], 0)}".strip()
            room = (end[i] - start[i]) * mm_per_unit - 2 * LABEL_PAD
            texts = (f"{NOT_JUDGED}: {told}", told) if part == NOT_JUDGED else (told, letter)
            text = next((each for each in texts if text_width(each, style.NOTE_PT, "bold") <= room), "")
            if text:
                middle = (start[i] + end[i]) / 2
                write(ax, middle, y[i], text, (style.NOTE_PT, "bold", ink), align="center", gid=f"{gid}-{i}")
        start = end
