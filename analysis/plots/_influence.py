"""The influence plot: one row for each study, one panel for each measure of what changes when it is left out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import PageOptions, PageWidth
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import Column, Panel
from analysis.plots._marks import DASHES, horizontal, lines, markers
from analysis.plots._page import ReportFigure, Spec, draw
from analysis.plots._plane import critical
from analysis.plots._theme import themed
from analysis.text import NOT_ESTIMABLE, number, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

SOURCE = "(Viechtbauer 2010, doi 10.1002/jrsm.11)"
# measure -> what its panel is called, or its column where it has none, and where a study that changes nothing stands
PANELS = {
    "rstudent": ("Studentised residual", 0.0),
    "dffits": ("DFFITS", 0.0),
    "cooks_distance": ("Cook's distance", 0.0),
}
NARROW = ("rstudent", "cooks_distance")  # the panels of a narrow page, where the others are columns
COLUMNS = {
    "cov_ratio": "Cov. ratio",
    "dfbetas": "DFBETAS",
    "hat": "Hat",
    "tau2_deleted": "τ² without",
    "q_deleted": "Q without",
}
NEEDED = ("label", "influential", *PANELS, *(name for name in COLUMNS if name != "dfbetas"))
LEVEL = 0.95  # of the lines of the residuals
WIDE_MM = 140.0
PAD = 0.06  # of the range of a measure, at both ends
SHARE = 0.15  # of the page, for each panel
MARK_PT2 = 13.0
MARKS = {
    "influence-marks": "circles: {nouns} that are not influential",
    "influence-flagged": "diamonds and names in bold: influential {nouns}",
    "influence-limits": "dashed lines: limits",
}


@documented
@themed
def influence_plot(
    found: pd.DataFrame,
    *,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | SubFigure | None = None,
    note: str = "",
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw what changes when each study is left out, the influential ones marked.

    Parameters
    ----------
    found : pandas.DataFrame
        From :func:`analysis.influence`.
    {title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174. Narrow pages have fewer panels and columns.
    ax : matplotlib.axes.Axes or matplotlib.figure.SubFigure, optional
        Draw the panel of Cook's distances there.
    {note}
    {footer, dpi}

    Returns
    -------
    {figure}

    Raises
    ------
    TypeError
        For anything but a table.
    ValueError
        If columns are missing, or there is no study.

    See Also
    --------
    analysis.influence : Make the table.
    analysis.gosh_plot : Draw all subsets of the studies.
    analysis.steps_forest : Draw the pooled effect without each study.
    analysis.save_figure : Write a figure with its numbers and its caption.

    References
    ----------
    Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125, doi 10.1002/jrsm.11.

    Examples
    --------
    >>> import analysis
    >>> pooled = analysis.pool([-1.2, -0.4, -2.0, -1.1], [0.1, 0.2, 0.1, 0.1], labels=["A", "B", "C", "D"])
    >>> fig = analysis.influence_plot(analysis.influence(pooled))
    >>> fig.content.table.loc[:3, "influential"].tolist()
    [False, True, True, False]
    """
    _check.table(found, "found", NEEDED, "influence")
    if not len(found):
        raise ValueError("found has no row: there is nothing to draw")
    wording, limits = words.wording_of(found), found.attrs.get("limits", {})
    table = _influence_rows(found, limits)
    wide = width_mm is None or width_mm >= WIDE_MM
    chosen = [name for name in PANELS if wide or name in NARROW]
    panels = [_panel(table, name, limits) for name in chosen]
    columns = {name: head for name, (head, _) in PANELS.items() if name not in chosen} | COLUMNS
    spec = Spec(
        table,
        [
            Column("name", words.capital(wording.noun), ("text_name",), "left"),
            *panels,
            *(Column(name, head, (f"text_{name}",), lines=2) for name, head in columns.items()),
        ],
        wording,
        title=title or f"Influence of each of {wording.counted(len(table))}",
        said=_findings(table, wording),
        computed=words.sentences(
            f"each row: what changes when the {wording.noun} is left out, by the standard errors of the model {SOURCE}"
        ),
        marks=MARKS,
        facts=(_rule(limits),),
        notes=(words.sentences(note),),
        kind="Influence plot",
        drop=tuple(columns)[::-1],
        printed={words.capital(wording.noun): ("text_name",)}
        | {head: (f"text_{name}",) for name, (head, _) in PANELS.items()}
        | {head: (f"text_{name}",) for name, head in COLUMNS.items()},
    )
    return draw(spec, width_mm=width_mm, ax=ax)


def _influence_rows(found, limits):
    """Return one row a study, with its printed texts, those beyond a limit in bold."""
    moves = found[[name for name in found if name.startswith("dfbetas")]].to_numpy(float)
    rows = found[[*PANELS, *(name for name in COLUMNS if name != "dfbetas")]].astype(float)
    # of the coefficients of a regression, the one that moves farthest
    rows["dfbetas"] = moves[np.arange(len(moves)), np.nan_to_num(np.abs(moves)).argmax(axis=1)]
    rows = rows.assign(kind="trial", group="", notes="", name=found["label"].astype(str).to_numpy())
    rows = rows.assign(influential=found["influential"].to_numpy(bool), text_name=rows["name"]).reset_index(drop=True)
    for name in (*PANELS, *COLUMNS):
        rows[f"text_{name}"] = [significant(x) if np.isfinite(x) else NOT_ESTIMABLE for x in rows[name]]
    beyond = {name: rows[name].abs() > limit for name, limit in limits.items()} | {"name": rows["influential"]}
    bold = [" ".join(f"text_{name}" for name in beyond if beyond[name][i]) for i in rows.index]
    return rows.assign(bold=bold)


def _ends(name, limits):
    """Return where the limits of a measure lie, on both sides if it has two."""
    end = critical(LEVEL) if name == "rstudent" else limits.get(name)
    return () if end is None else (end,) if name == "cooks_distance" else (-end, end)


def _panel(table, name, limits):
    """Return the panel of a measure, wide enough for all studies and its limits."""
    head, still = PANELS[name]
    known = np.append(table[name].dropna(), [still, *_ends(name, limits)])
    low, high = known.min(), known.max()
    pad = PAD * (high - low or 1.0)
    draws = partial(_draw_measure, (still, *_ends(name, limits)))
    return Panel(name, (), (), (low - pad, high + pad), (head,), draws=draws, share=SHARE)


def _draw_measure(uprights, ax, panel, table, _):
    """Draw a mark for each study, joined to where one that changes nothing stands, and the limits: the `uprights`."""
    (bottom, top), name, still = ax.get_ylim(), panel.name, uprights[0]
    uprights = [[(x, bottom), (x, top)] for x in uprights]
    lines(ax, uprights[:1], f"{name}-still", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    dashes = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [DASHES], "zorder": 1}
    lines(ax, uprights[1:], "influence-limits", **dashes)
    rows = table[(table["kind"] == "trial") & np.isfinite(table[name].astype(float))]
    stems = horizontal(np.full(len(rows), still), rows[name], rows["y_mm"])
    lines(ax, stems, f"{name}-stems", colors=style.FAINT, linewidths=style.INTERVAL_PT, zorder=1.5)
    for gid, own, shape, colour in (
        ("influence-marks", rows[~rows["influential"].astype(bool)], "circle", style.TRIAL),
        ("influence-flagged", rows[rows["influential"].astype(bool)], "diamond", style.ORANGE),
    ):
        if len(own):
            look = {"colours": [colour] * len(own), "hollow": np.zeros(len(own), bool), "gid": gid}
            markers(ax, own[[name, "y_mm"]].to_numpy(float), [shape] * len(own), np.full(len(own), MARK_PT2), **look)


def _rule(limits):
    """Return what makes a study influential."""
    if not limits:
        return ""
    ends = {name: significant(limit) for name, limit in limits.items()}
    return (
        f"Influential: DFFITS beyond ±{ends['dffits']}, Cook's distance above {ends['cooks_distance']}, hat above "
        f"{ends['hat']}, or DFBETAS beyond ±{ends['dfbetas']}; 1 in 20 residuals lies beyond its limits by chance"
    )


def _findings(table, wording):
    """Return which studies are influential, in words."""
    flagged = table.loc[table["influential"], "name"].tolist()
    told = ", ".join(map(words.quoted, flagged[: words.MOST_NAMED]))
    more = f" and {number(len(flagged) - words.MOST_NAMED, 0)} more" if len(flagged) > words.MOST_NAMED else ""
    what = (
        f"{number(len(flagged), 0)} of {wording.counted(len(table))} {'is' if len(flagged) == 1 else 'are'} influential"
    )
    return words.sentences(f"{what}: {told}{more}" if flagged else what)
