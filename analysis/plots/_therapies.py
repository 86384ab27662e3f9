"""Therapies of a star network: each against the comparator, and below every two against one another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Unpack

import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import FigureOptions, PageWidth
from analysis.models.network import ComparedTherapies
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._forest import axis_title, contrast_panel, effect_column, name_column, with_digits
from analysis.plots._layout import Column, Series
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._rows import add_cells
from analysis.plots._theme import themed
from analysis.sentences import indirect
from analysis.text import MINUS, level, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

FAVOURS = "favours first named", "favours second named"
MARKS = {"contrast-markers": "small diamonds: pooled results, those of two therapies indirect"}


@documented
@themed
def therapies_forest(
    compared: ComparedTherapies,
    *,
    pairs: bool = True,
    favours: tuple[str, str] | Literal["effects"] | None = "effects",
    digits: int | None = None,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[FigureOptions],
) -> ReportFigure:
    """Draw therapies against their comparator, the best first, and every two of them against one another.

    Parameters
    ----------
    compared : ComparedTherapies
        From :func:`analysis.compare_therapies`.
    pairs : bool, optional
        Whether the indirect differences of every two therapies stand below.
    {favours, digits, title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174, wider where the columns need it.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the panel there, as :func:`analysis.forest` does.
    {note}
    {footer, dpi, xlim, ticks, xlabel, null, lines}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``, as from ``forest``; that of ``ax`` where it is given.

    Raises
    ------
    TypeError
        For anything else than ComparedTherapies.

    See Also
    --------
    analysis.compare_therapies : What is drawn.
    analysis.forest : The trials themselves, in groups.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    Rücker & Schwarzer 2015, BMC Med Res Methodol 15:58, doi 10.1186/s12874-015-0060-8 (P-scores).

    Examples
    --------
    >>> import analysis
    >>> effects = analysis.effect_sizes(analysis.read_trials("data/trials.csv"))
    >>> fig = analysis.therapies_forest(analysis.compare_therapies(effects, "therapy_family"))
    >>> fig.content.table["name"].tolist()[:3]
    ['Each against placebo', 'Light', 'Electrical']
    """
    if not isinstance(compared, ComparedTherapies):
        raise TypeError(_check.refusal(compared, "therapies_forest", "give the result of compare_therapies"))
    wording = words.wording_of(compared)
    compared = replace(compared, comparator=words.quoted_or_own(compared.comparator))
    rows = _rows(compared, pairs)
    wording = with_digits(wording, digits, rows[rows["kind"] == "trial"])
    cells = add_cells(rows, wording).frame()
    scored = not compared.p_scores.isna().all()
    cells["text_trials"] = ["" if k != k else number(k, 0) for k in rows["contrast_k"]]
    cells["text_p_score"] = ["" if p != p else number(p) for p in rows["p_score"]]
    series = (Series("contrast", ("pooled",), style.INTERVAL, style.INK, "step"),)
    if favours == "effects" and wording.favours:
        favours = FAVOURS if wording.benefit == "lower" else FAVOURS[::-1]
    panel = contrast_panel(cells, wording, favours, caption=axis_title(wording), series=series)
    names = replace(name_column(wording), head=words.capital(compared.by.replace("_", " ")))
    tracks = [names, Column("trials", words.capital(wording.nouns), ("text_trials",), "right"), panel]
    tracks += [effect_column(cells, None, wording)]
    tracks += [Column("p_score", "P-score", ("text_p_score",), "right")] if scored else []
    spec = Spec(
        cells,
        tracks,
        wording,
        title=title or f"{wording.measure.title} of {number(len(compared.therapies), 0)} therapies",
        said=_said(compared, wording),
        computed=words.sentences(
            panel.captions[0],
            f"star network of {wording.counted(compared.k, compared.trials)}, one τ² for all",
            words.pooled_by(compared, wording).replace("k−1", "k−p"),
        ),
        marks=words.MARKS | MARKS,
        facts=(words.sentences(_p_score_words(compared)) if scored else "",),
        notes=(words.sentences(indirect(compared, wording)) if pairs else "", words.sentences(note)),
        # P-scores are explained below, and so they stay.
        drop=("trials",),
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _rows(compared, pairs):
    """Return the lines: a heading and the therapies, a heading and the pairs, the better one first."""
    blank = {"group": "", "notes": "", "contrast_imputed": False, "weight": float("nan")}
    own = compared.to_frame()
    lines = [{"kind": "heading", "name": f"Each against {compared.comparator}"}]
    lines += [_line(row.therapy, row, 1, row.trials, row.p_score) for row in own.itertuples()]
    if pairs:
        lines.append({"kind": "heading", "name": "One against another, indirectly"})
        place, found = {name: i for i, name in enumerate(own["therapy"])}, []
        joined = " / " if compared.measure.joined == "over" else f" {MINUS} "
        for row in compared.against_each_other().itertuples():
            ends = sorted((row.first, row.second), key=place.get)
            sign = 1 if ends[0] == row.first else -1
            found.append(([place[end] for end in ends], _line(joined.join(ends), row, sign, float("nan"))))
        lines += [line for _, line in sorted(found, key=lambda one: one[0])]
    table = pd.DataFrame(lines).assign(**blank, confidence_level=compared.confidence_level)
    return table.assign(worded=table["kind"] == "heading")


def _line(name, row, sign, trials, p_score=float("nan")):
    low, high = sorted((sign * row.ci_low, sign * row.ci_high))
    return {
        "kind": "trial",
        "name": name,
        "contrast_estimate": sign * row.estimate,
        "contrast_low": low,
        "contrast_high": high,
        "contrast_k": trials,
        "p_score": p_score,
    }


def _said(compared, wording):
    """Return the results in words, the best first."""
    at = level(compared.confidence_level)

    def one(row):
        span, count = wording.span(row.ci_low, row.ci_high), wording.counted(row.trials)
        return f"{words.quoted(row.therapy)} {wording.write(row.estimate)} ({at} CI {span}; {count})"

    against = words.sentences(f"each against {compared.comparator}")
    return f"{against} {words.named(*map(one, compared.to_frame().itertuples()))}"


def _p_score_words(compared):
    return (
        "P-score: how sure one can be, on average over the others and "
        f"{compared.comparator}, that it is better; it says nothing of by how much"
    )
