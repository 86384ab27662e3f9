"""The L'Abbé plot of counts: percentage of responders under placebo against that under treatment, one mark a trial."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plots import _labbe_counts_words as words
from analysis.plots._canvas import FigureContent
from analysis.plots._cells import decimals
from analysis.plots._labbe import _looks
from analysis.plots._labbe_counts_marks import draw_into, draw_page
from analysis.plots._studies import footer_rows, named, with_rows
from analysis.plots._themes import themed
from analysis.response_curve import MEASURES, count_shares, response_curve
from analysis.text import number, percent

USUAL_MM, LEAST_MM = 150.0, 80.0
ENDS = (5.0, 10.0, 20.0, 30.0, 50.0, 100.0)  # per cent at which both axes may end
FILL = 0.95  # of the axes at most, where they end before 100%
ROLES = ("placebo", "treatment")


@themed
def labbe_counts(
    results,
    *,
    counts=None,
    measure=None,
    by=None,
    label=6,
    title=None,
    width_mm=None,
    digits=2,
    ax=None,
    note="",
):
    """Draw a L'Abbé plot of counts: percentage of responders under placebo against percentage under treatment.

    Parameters
    ----------
    results : Responders, PooledCounts or PooledEffect
        From ``pool_responders`` or ``translate_responders``; or a pooled risk ratio, odds ratio or risk difference, as
        of ``pool_mantel_haenszel``, with the counts behind it.
    counts : (events_t, n_t, events_p, n_p), optional
        Responders and people of the treatment and of the placebo arms, where the results do not hold them.
    measure : {"RR", "OR", "RD"}, optional
        The pooled effect to draw, of those in the results. Default: the ratio, if there is one.
    by : str, optional
        A column of the table of Responders, such as "therapy_family", that gives trials shape and colour; the five
        largest groups are told apart.
    label : int or sequence of str
        How many trials are named, those farthest from the pooled effect first; or their ids or names.
    title : str, optional
    width_mm : float, optional
        Width of the page, at least 80; from 125 on the key stands beside the panel. Default: 150.
    digits : int
        Decimals of printed ratios.
    ax : matplotlib Axes, optional
        Draw the panel into these axes of another figure, which have their final size, without title, key and footer.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark (percentages), title, caption and alternative text. With ``ax``:
        the figure of these axes, as it is.

    Raises
    ------
    ValueError
        For an effect that is not in the results, missing or impossible counts, an unknown column or trial, or a page
        that is too narrow.

    Notes
    -----
    L'Abbé, Detsky and O'Rourke (1987, doi 10.7326/0003-4819-107-2-224). Areas are proportional to the weights in the
    pooled effect, down to a smallest one. The pooled effect is what it implies at every percentage under placebo: a
    line through the origin (risk ratio), a curve (odds ratio) or a parallel to the line of no difference (risk
    difference); it is not fitted to the marks. Trials at the same place, to a tenth of a per cent, are counted beside
    their marks. Both axes end at 100%, or at 5, 10, 20, 30 or 50% if all marks lie below.

    Examples
    --------
    >>> import analysis
    >>> from analysis.plots._labbe_counts import labbe_counts
    >>> fig = labbe_counts(analysis.pool_responders(analysis.read_trials("data/trials.csv")))
    >>> fig.content.table.loc[0, ["name", "text_placebo", "text_treatment"]].tolist()
    ['Erchonia (registry) 2017', '4/11 (36%)', '18/19 (95%)']
    """
    shown = _shown(results, counts, measure)
    table = labbe_counts_table(shown, by, label, digits)
    if ax is not None:
        return draw_into(ax, table)
    width = float(width_mm or USUAL_MM)
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}; a L'Abbé plot needs at least {number(LEAST_MM, 0)} mm")
    title = title or words.title(shown)
    footer = words.footer(shown, table, note=note)
    fig = draw_page(table, title=title, footer=footer, width=width, by=by, key=words.key(shown, digits))
    caption = " ".join([*words.opening(title, shown, digits), *footer])
    alt = words.alt_text(title, shown, table, digits)
    rows = with_rows(table, *footer_rows(footer))
    fig.content = FigureContent(
        rows, title, caption, alt, words.findings(shown, digits), words.printed(shown, table, by)
    )
    return fig


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn: one row per trial, the pooled effect, and what else the results say."""

    trials: pd.DataFrame
    pooled: object
    measure: str
    responders: object = None  # the Responders, if there are any


def _shown(results, counts, measure):
    """Return what is drawn, from any of the results that are taken."""
    if hasattr(results, "nnt"):
        effects = {each.measure: each for each in (results.ratio, results.difference) if each is not None}
        measure = measure or next(iter(effects))
        if measure not in effects:
            raise ValueError(
                f"measure is {measure!r}, but these results hold {' and '.join(effects)}; "
                "pool_responders(trials, measure=...) pools another"
            )
        return Shown(_with_effects(results.table, effects[measure]), effects[measure], measure, results)
    if getattr(results, "measure", None) not in MEASURES:
        raise TypeError(
            "labbe_counts draws Responders, or a pooled RR, OR or RD with counts=; pass pool_responders(trials)"
        )
    if measure not in (None, results.measure):
        raise ValueError(f"measure is {measure!r}, but these results hold {results.measure}")
    if counts is None:
        raise ValueError(
            f"a {type(results).__name__} does not hold the counts of each arm: pass "
            "labbe_counts(results, counts=(events_t, n_t, events_p, n_p))"
        )
    table = count_shares(*counts)
    if np.ndim(results.estimate) or len(table) != len(results.weights):
        raise ValueError("counts and results must be of the same trials, of one meta-analysis")
    names = [str(label) for label in results.labels]
    return Shown(_with_effects(table.assign(study=names, label=names), results), results, results.measure)


def _with_effects(table, pooled):
    """Return the trials with their own effects and their weights."""
    return table.reset_index(drop=True).assign(effect=pooled.yi, weight=pooled.weights)


def labbe_counts_table(shown, by, label, digits):
    """Return one row per trial, the pooled percentages, and the curve of the pooled effect; all in per cent."""
    trials = shown.trials
    if by is not None and by not in trials:
        raise ValueError(f"by is {by!r}, which is not a column of the results")
    notes = trials["note"] if "note" in trials else pd.Series("", index=trials.index)
    rows = pd.DataFrame(
        {
            "kind": "trial",
            "study": trials["study"].astype(str),
            "name": trials["label"].astype(str),
            "group": "" if by is None else trials[by].astype(object).where(trials[by].notna(), "not stated").map(str),
            **{f"{part}_{role}": trials[f"{part}_{role}"] for role in ROLES for part in _counted(trials)},
            **{f"{role}_estimate": 100.0 * trials[role].astype(float) for role in ROLES},
            "effect": trials["effect"],
            "weight": trials["weight"],
            "imputed": notes.str.contains("imputed"),
        }
    )
    if "event_definition" in trials:
        rows["event_definition"] = trials["event_definition"].astype(str)
    places = [np.round(rows[f"{role}_estimate"], 1) for role in ROLES]
    rows["at_this_place"] = rows.groupby(places)["name"].transform("size")
    curve = _curve(shown)
    rows["distance"] = _distance(rows, curve)
    rows["labelled"] = named(rows, label, rows["distance"], np.full(len(rows), True))
    rows = rows.assign(look=_looks(rows), **_texts(rows, shown, digits))
    pooled = [_pooled_row(shown, digits)] if shown.responders is not None and len(rows) > 1 else []
    end = max(rows[f"{role}_estimate"].max() for role in ROLES)
    end = next(each for each in ENDS if end <= FILL * each or each == ENDS[-1])
    line = {"kind": "reference", "name": "no difference"}
    ends = [line | {f"{role}_estimate": at for role in ROLES} for at in (0.0, end)]
    return with_rows(rows, *pooled, *curve.to_dict("records"), *ends)


def _counted(trials):
    return ("events", "n") if "events_placebo" in trials else ("n",)


def _texts(rows, shown, digits):
    """Return the printed cells of the trials."""
    shares = rows[[f"{role}_estimate" for role in ROLES]].to_numpy()
    places = int(((shares > 0) & (shares < 1)).any())  # so that none but 0 reads 0%
    texts = {"text_name": rows["name"]}
    for role in ROLES:
        shares = [percent(x / 100, places) for x in rows[f"{role}_estimate"]]
        if f"events_{role}" in rows:
            pairs = zip(_counts(rows[f"events_{role}"]), _counts(rows[f"n_{role}"]), shares, strict=True)
            shares = [f"{events}/{n} ({share})" for events, n, share in pairs]
        texts[f"text_{role}"] = shares
    texts["text_effect"] = [words.effect_text(x, shown.measure, digits) for x in rows["effect"]]
    return texts | {"text_weight": [percent(x, 1) for x in rows["weight"]]}


def _counts(values):
    """Return counts as text: without decimals, unless they are shares of people."""
    return [number(x, decimals(round(x, 1))) for x in values]


def _curve(shown):
    """Return the curve of the pooled effect with its interval, in per cent."""
    curve = response_curve(shown.pooled, shown.measure)
    names = {"low": "treatment_low", "high": "treatment_high"} | {role: f"{role}_estimate" for role in ROLES}
    rows = curve.rename(columns=names)
    rows[list(names.values())] *= 100.0
    return rows.assign(kind="curve", name=words.effect_name(shown))


def _distance(rows, curve):
    """Return how far each trial lies from the curve, in percentage points; positive above it."""
    columns = [f"{role}_estimate" for role in ROLES]
    points, steps = rows[columns].to_numpy(), np.linspace(0.0, 100.0, 401)
    line = np.column_stack([steps, np.interp(steps, *curve[columns].to_numpy().T)])
    away = np.hypot(*(points[:, None] - line[None]).transpose(2, 0, 1)).min(axis=1)
    return np.where(points[:, 1] >= np.interp(points[:, 0], *curve[columns].to_numpy().T), away, -away)


def _pooled_row(shown, digits):
    """Return the row of the pooled percentages and the pooled effect."""
    pooled = shown.pooled
    row = {"kind": "total", "name": "Pooled", "text_name": "Pooled", "group": "", "imputed": False}
    for role in ROLES:
        share = getattr(shown.responders, role)
        ends = {"estimate": share.estimate, "low": share.ci.low, "high": share.ci.high}
        row |= {f"{role}_{end}": 100.0 * value for end, value in ends.items()}
        row[f"text_{role}"] = percent(share.estimate)
    row |= {"effect": pooled.estimate, "effect_low": pooled.ci.low, "effect_high": pooled.ci.high, "look": -1}
    row["text_effect"] = words.effect_text(pooled.estimate, shown.measure, digits)
    return row | {"confidence_level": pooled.confidence_level, "labelled": False}
