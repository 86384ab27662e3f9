"""The L'Abbé plot of counts: percentage of people with the event in one arm against the other, one mark a trial.

The pooled effect is drawn as what it implies at every percentage on the level axis, cut to the square of all
percentages, and trials at the same place are counted beside their marks. What every L'Abbé plot has
stands here too, for the one of means: the looks of groups, the cross of the pooled values, the square page and its key.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import _check
from analysis._docs import documented
from analysis._types import CountsMeasure, PageOptions, PageWidth
from analysis.evidence.responders import MEASURES, count_shares, require_counts_of, response_curve
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import line_height, text_width
from analysis.plots._marks import Entry, area_entry, line_entry, marker_entry, markers, pooled_entry
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale
from analysis.plots._rows import decimals, source_of
from analysis.plots._theme import themed
from analysis.plots._words import sentences
from analysis.sentences import Wording
from analysis.text import digits_for, interval, level, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.data.effect_sizes import EffectSizes
    from analysis.evidence.responders import Responders
    from analysis.models.counts import PooledCounts
    from analysis.models.results import PooledEffect

ROLES = ("placebo", "treatment")
COLUMNS = [f"{role}_estimate" for role in ROLES]
SHAPES = {"RR": "a line through the origin", "OR": "a curve", "RD": "a parallel to the line of no difference"}
SHARP = (
    "The thick line is not fitted to the marks: effect and percentage {} share a term, so that the slope of "
    "a fitted line says nothing about whether one depends on the other (Sharp 1996, BMJ 313:735)"
)
OF_TABLES = ("events_t", "n_t", "events_p", "n_p")
# as tables of arms and tables with one row a study call the arms
COUNTS = (("treatment", "placebo"), ("t", "p"))

POINTS = " percentage points"
ENDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0)  # per cent at which both axes may end
FILL = 0.95  # of the axes at most, where they end before 100%
PAD = 0.06  # of the span of the axes: marks at 0 and 100% stand free of them, and numbers beside them
POOLED_PT = 1.1  # width of the curve
LARGEST_PT2 = 110.0  # area of a mark
BESIDE_MM = 125.0  # pages at least this wide have the key beside the panel
KEY_MM = 40.0
INK = 0.034, (12.0, 190.0)  # share of the panel of all marks together; least and largest area of the heaviest trial

INSET = 1.4  # mm between the words in the corners and the edges


@dataclass(frozen=True, eq=False)
class _Shown:
    """What is drawn: one row per trial, the pooled effect, its wording, and what else the results say."""

    trials: pd.DataFrame
    pooled: object
    wording: Wording
    responders: object = None  # the Responders, if there are any

    @property
    def name(self):
        """The name of the pooled effect."""
        return self.wording.measure.name

    @property
    def events(self):
        """What is counted."""
        return self.wording.outcome_name or "events"

    @property
    def within(self):
        """Where events are counted, by role: "under sham", or in which arm where nobody named them."""
        arms = ["in the second arm", "in the first arm"]
        if self.wording.arms:
            arms = [f"under {arm}" for arm in reversed(self.wording.arms)]
        return dict(zip(ROLES, arms, strict=True))

    @property
    def sides(self):
        """What it is to lie above and below the line of no difference, shorter where there is less room."""
        return [[f"{more} {self.within[role]}" for role in reversed(ROLES)] for more in (f"more {self.events}", "more")]

    @property
    def several(self):
        """Whether anything was pooled."""
        return len(self.trials) > 1

    @property
    def of_counts(self):
        """Whether the counts themselves were pooled (Mantel-Haenszel, Peto), and not the effects of the trials."""
        return hasattr(self.pooled, "method")

    def shares(self):
        """Return the pooled share of responders in each arm, by role; nothing where they were not pooled."""
        return {} if self.responders is None else {role: getattr(self.responders, role) for role in ROLES}

    def text(self, *values):
        """Return an effect, or the two ends of its interval, as printed: ratios, or percentage points."""
        if self.wording.measure != "RD":
            return (self.wording.write if len(values) == 1 else self.wording.span)(*values)
        digits = max(0, digits_for(*(100.0 * end for end in self.pooled.ci)) - 1)
        return (number if len(values) == 1 else interval)(*(100.0 * value for value in values), digits)


@documented
@themed
def labbe_counts(
    results: Responders | PooledCounts | PooledEffect | EffectSizes,
    *,
    counts: Sequence[ArrayLike] | pd.DataFrame | None = None,
    measure: CountsMeasure | None = None,
    by: str | None = None,
    label: int | Sequence[str] = 6,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    digits: int | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw a L'Abbé plot of counts: percentage of people with the event in one arm against the other.

    Parameters
    ----------
    results : Responders, PooledCounts, PooledEffect or EffectSizes
        From ``pool_responders`` or ``translate_responders``; EffectSizes made of counts, which are pooled with the
        defaults of :func:`analysis.pool`; or a pooled risk ratio, odds ratio or risk difference, as of
        ``pool_mantel_haenszel``, with the counts behind it.
    counts : (events_t, n_t, events_p, n_p) or pandas.DataFrame with these columns, optional
        Events and people of the first and of the second arms, where the results do not hold them.
    measure : {"RR", "OR", "RD"}, optional
        The pooled effect to draw, of those in the results. Default: the ratio, if there is one.
    by : str, optional
        A column of the table of Responders, such as "therapy_family", that gives trials shape and colour; the five
        largest groups are told apart.
    {label, title, width_mm, digits, ax, note, footer, dpi}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark (percentages), title, caption and alternative text. With ``ax``:
        the figure of these axes, as it is.

    Raises
    ------
    TypeError
        For results of another kind.
    ValueError
        For an effect that is not in the results, missing or impossible counts, an unknown column or trial, or a page
        that is too narrow.

    See Also
    --------
    analysis.pool_responders : Pool responders as the trials counted them.
    analysis.translate_responders : Make percentages of responders from means and SDs.
    analysis.pool_mantel_haenszel : Pool counts by the Mantel-Haenszel method.
    analysis.labbe : Draw changes in points in the same way.

    Notes
    -----
    Areas are proportional to the weights in the pooled effect, down to a smallest one. The pooled effect is what it
    implies at every percentage on the level axis: a line through the origin (risk ratio), a curve (odds ratio) or a
    parallel to the line of no difference (risk difference); it is not fitted to the marks. Trials at the same place, to
    a tenth of a per cent, are counted beside their marks. Both axes end at 100%, or at 1, 2, 5, 10, 20, 30 or 50% if
    all marks lie below. From 125 mm on the key stands beside the panel.

    References
    ----------
    L'Abbé, Detsky & O'Rourke 1987, doi 10.7326/0003-4819-107-2-224 (the figure).

    Sharp 1996, BMJ 313:735, doi 10.1136/bmj.313.7059.735 (why no line is fitted).

    Song 1999, doi 10.1016/S0895-4356(99)00066-9 (how far trials stray from the lines by chance).

    Examples
    --------
    >>> import analysis
    >>> from analysis.plots._labbe_counts import labbe_counts
    >>> fig = labbe_counts(analysis.pool_responders(analysis.read_trials("data/trials.csv")))
    >>> fig.content.table.loc[0, ["name", "text_placebo", "text_treatment"]].tolist()
    ['Leung 2016', '2/12 (17%)', '7/12 (58%)']
    """
    shown, width = _shown(results, counts, measure, digits), planes.width_of(width_mm, "L'Abbé plot", ax)
    table = _counts_table(shown, by, label)
    scale = _percent_scale(table)
    room = square_room(scale, width)
    if "down" in room:  # the key begins level with the frame of all percentages
        side = width - 2 * style.MARGIN - room["left"] - room["right"]
        room["down"] = PAD / (1 + 2 * PAD) * side - line_height(style.SMALL_PT) / 2
    said = [sentences(sentence) for sentence in _pooled_sentences(shown)]
    found = []
    if shown.responders is not None:
        found = [sentences(f"number needed to treat: {shown.responders.nnt.words}"), shown.responders.caveat]
    spec = PlaneSpec(
        name="labbe",
        kind="L'Abbé plot",
        rows=table,
        scales=(scale, scale),
        titles=tuple(words.capital(f"{shown.events} {where}, %") for where in shown.within.values()),
        draws=partial(_draw_counts, shown, table),
        key=partial(_counts_key, shown, table, by),
        title=title or _counts_title(shown),
        footer=_counts_footer(shown, table, note),
        seen=_counts_seen(shown, table),
        printed=_counts_printed(shown, table, by),
        said=_pooled_sentences(shown),
        in_words="\n".join(said + found),
        **room,
    )
    return planes.draw_plane(spec, width, ax)


def _shown(results, counts, measure, digits):
    """Return what is drawn, from any of the results that are taken."""
    if hasattr(results, "nnt"):
        effects = {each.measure: each for each in (results.ratio, results.difference) if each is not None}
        measure = measure or next(iter(effects))
        if measure not in effects:
            raise ValueError(
                f"measure is {measure!r}, but these results hold {' and '.join(effects)}; "
                "pool_responders(trials, measure=...) pools another"
            )
        pooled = effects[measure]
        wording = planes.with_digits(words.wording_of(pooled, measure), digits, pooled.yi, pooled.vi)
        return _Shown(_with_effects(results.table, pooled), pooled, wording, results)
    weighed = hasattr(results, "weights") or hasattr(results, "derivations")
    if not weighed or getattr(results, "measure", None) not in MEASURES:
        give = "give Responders, such as pool_responders(trials), or an RR, OR or RD of counts, EffectSizes or pooled"
        raise TypeError(_check.refusal(results, "labbe_counts", give))
    if measure not in (None, results.measure):
        raise ValueError(f"measure is {measure!r}, but these results hold {results.measure}")
    own = counts is None
    if own:
        counts = counts_within(results)
    else:
        counts = _four(counts)
        _check.people(**dict(zip(OF_TABLES, counts, strict=True)))
    if counts is None:
        raise ValueError(
            f"this {type(results).__name__} does not hold the counts of each arm: pass "
            "labbe_counts(results, counts=(events_t, n_t, events_p, n_p))"
        )
    if hasattr(results, "derivations"):
        results = source_of(results, to="labbe_counts").pooled
    table = count_shares(*counts)
    if np.ndim(results.estimate) or len(table) != len(results.weights):
        raise ValueError("counts and results must be of the same trials, of one meta-analysis")
    if not own:
        require_counts_of(results, counts)
    names = [str(label) for label in results.labels]
    trials = _with_effects(table.assign(study=names, label=names), results)
    return _Shown(trials, results, planes.with_digits(words.wording_of(results), digits, results.yi, results.vi))


def _four(counts):
    """Return the four columns of counts, those of a table by their names."""
    table = hasattr(counts, "columns")
    lack = [name for name in OF_TABLES if name not in counts] if table else len(counts) != len(OF_TABLES)
    if lack:
        what = f"lacks the columns {', '.join(lack)}" if table else f"has {len(counts)} parts"
        raise ValueError(f"counts {what}; give (events_t, n_t, events_p, n_p), or a table with these columns")
    return [counts[name] for name in OF_TABLES] if table else counts


def counts_within(results):
    """Return events and people of both arms, as `counts`, of results or effects that hold them; None of others."""
    effects = results if hasattr(results, "derivations") else getattr(results, "effects", None)
    if effects is None or effects.measure not in MEASURES:
        return None
    for arms in COUNTS:
        columns = [f"{part}_{arm}" for arm in arms for part in ("events", "n")]
        if set(columns) <= set(effects.table):
            return [effects.table[name].to_numpy(float) for name in columns]
    return None


def _with_effects(table, pooled):
    """Return the trials with their own effects and their weights, none where a trial tells nothing of a ratio."""
    table, at = table.reset_index(drop=True), range(len(table))
    if len(pooled.yi) < len(table):
        at = np.flatnonzero(table["label"].isin(pooled.labels))
    return table.join(pd.DataFrame({"effect": pooled.yi, "weight": pooled.weights}, index=at)).fillna({"weight": 0.0})


def _counts_table(shown, by, label):
    """Return one row per trial, the pooled percentages, the curve of the pooled effect, and the line of no difference.

    Places are in per cent, effects on the scale of the analysis.
    """
    trials = shown.trials
    if by is not None and by not in trials:
        raise ValueError(f"by is {by!r}, which is not a column of the results")
    # responders that were translated from mean changes have shares alone
    parts = ("events", "n") if "events_placebo" in trials else ("n",)
    notes = trials["note"] if "note" in trials else pd.Series("", index=trials.index)
    rows = pd.DataFrame(
        {
            "kind": "trial",
            "study": trials["study"].astype(str),
            "name": trials["label"].astype(str),
            "group": groups_of(trials, by),
            **{f"{part}_{role}": trials[f"{part}_{role}"] for role in ROLES for part in parts},
            **{f"{role}_estimate": 100.0 * trials[role].astype(float) for role in ROLES},
            "effect": trials["effect"],
            "weight": trials["weight"],
            "imputed": notes.str.contains("imputed"),
        }
    )
    if "event_definition" in trials:
        rows["event_definition"] = trials["event_definition"].astype(str)
    rows["at_this_place"] = rows.groupby(_places_of(rows))["name"].transform("size")
    curve = _percent_curve(shown)
    rows = planes.named(rows, label, _distance_from(curve, rows))
    rows = rows.assign(look=planes.looks_of_groups(rows), **_trial_texts(rows, shown))
    pooled = [_pooled_row(shown)] if shown.shares() and shown.several else []
    end = rows[COLUMNS].max(axis=None)
    end = next(each for each in ENDS if end <= FILL * each or each == ENDS[-1])
    line = {"kind": "reference", "name": "no difference"}
    ends = [line | {f"{role}_estimate": at for role in ROLES} for at in (0.0, end)]
    return planes.with_rows(rows, *pooled, *curve.to_dict("records"), *ends)


def _places_of(rows):
    """Return both percentages of each trial to a tenth; trials that are equal in both stand at one place."""
    return [rows[name].round(1) for name in COLUMNS]


def _percent_curve(shown):
    """Return the curve of the pooled effect with its interval, in per cent."""
    curve = response_curve(shown.pooled, shown.wording.measure)
    names = {"low": "treatment_low", "high": "treatment_high"} | {role: f"{role}_estimate" for role in ROLES}
    rows = curve.rename(columns=names)
    rows[list(names.values())] *= 100.0
    return rows.assign(kind="curve", name=shown.name)


def _distance_from(curve, rows):
    """Return how far each trial lies from the curve, in percentage points; positive above it."""
    # the nearest of points a quarter of a per cent apart
    points, steps = rows[COLUMNS].to_numpy(), np.linspace(0.0, 100.0, 401)
    path = curve[COLUMNS].to_numpy().T
    line = np.column_stack([steps, np.interp(steps, *path)])
    away = np.hypot(*(points[:, None] - line[None]).transpose(2, 0, 1)).min(axis=1)
    return np.where(points[:, 1] >= np.interp(points[:, 0], *path), away, -away)


def _trial_texts(rows, shown):
    """Return the printed cells of the trials."""
    shares = rows[COLUMNS].to_numpy()
    places = int(((shares > 0) & (shares < 1)).any())  # so that none but 0 reads 0%
    texts = {"text_name": rows["name"]}
    for role in ROLES:
        shares = [percent(x / 100, places) for x in rows[f"{role}_estimate"]]
        if f"events_{role}" in rows:
            # counts are whole, unless they are shares of people
            counts = ([number(x, decimals(round(x, 1))) for x in rows[f"{part}_{role}"]] for part in ("events", "n"))
            shares = [f"{events}/{n} ({share})" for events, n, share in zip(*counts, shares, strict=True)]
        texts[f"text_{role}"] = shares
    texts["text_effect"] = [shown.text(x) for x in rows["effect"]]
    return texts | {"text_weight": [percent(x, 1) for x in rows["weight"]]}


def _pooled_row(shown):
    """Return the row of the pooled percentages and the pooled effect."""
    pooled = shown.pooled
    row = {"kind": "total", "name": "Pooled", "text_name": "Pooled", "group": "", "imputed": False}
    for role, share in shown.shares().items():
        ends = {"estimate": share.estimate, "low": share.ci.low, "high": share.ci.high}
        row |= {f"{role}_{end}": 100.0 * value for end, value in ends.items()}
        row[f"text_{role}"] = percent(share.estimate)
    row |= {"effect": pooled.estimate, "effect_low": pooled.ci.low, "effect_high": pooled.ci.high}
    # of no group, as looks_of_groups says it
    row |= {"look": -1, "labelled": False}
    return row | {"text_effect": shown.text(pooled.estimate), "confidence_level": pooled.confidence_level}


def _percent_scale(table):
    """Return the scale of both axes, a little wider than the square of percentages."""
    end = _end(table)
    return Scale((-PAD * end, (1 + PAD) * end))


def _end(table):
    """Return the percentage at which the axes end."""
    return table.loc[table["kind"] == "reference", "placebo_estimate"].max()


def _areas_painted(table, plane):
    """Return the areas of the marks in square points; if one is too large, all shrink."""
    size = labbe_areas(table, plane)
    return np.maximum(size * min(1.0, LARGEST_PT2 / size.max()), style.SQUARE_MIN_PT**2)


def _draw_counts(shown, table, plane):
    """Draw everything inside the panel."""
    end, size = _end(table), _areas_painted(table, plane)
    backdrop = partial(_draw_paths, table, end)
    reach, avoid, taken = draw_square(plane, table, size, shown.sides, (0.0, end), backdrop)
    for name in ("bottom", "left"):
        plane.ax.spines[name].set_bounds(0.0, end)
    trials, total = (table[table["kind"] == kind] for kind in ("trial", "total"))
    places = _places(trials.assign(reach=reach[: len(trials), 0], edge=reach[: len(trials), 1]))
    planes.write_names(
        plane,
        places,
        np.vstack([places[COLUMNS], total[COLUMNS]]),
        np.vstack([places[["reach", "edge"]], reach[len(trials) :]]),
        # square to the line of no difference: to the upper left of marks above the curve, to the lower right of others
        outwards=np.sign(places[["distance"]].to_numpy(float)) * [-1.0, 1.0],
        avoid=avoid,
        taken=taken,
    )


def _draw_paths(table, end, plane):
    """Draw the frame of all percentages, band, curve and line of no difference.

    Return their paths, each with what it costs a name to stand there.
    """
    curve = table[table["kind"] == "curve"]
    x, y = (curve[name].to_numpy(float) for name in COLUMNS)
    low, high = (curve[f"treatment_{side}"].to_numpy(float) for side in ("low", "high"))
    far = [[(0.0, end), (end, end)], [(end, 0.0), (end, end)]]
    plane.lines(far, "labbe-frame", colors=style.CONNECTOR, linewidths=style.RULE_PT, zorder=0.5)
    paths = [(side, 2.0) for side in far]
    if np.isfinite(low).all():
        plane.areas([inside_square(planes.band(x, low, high), end)], "labbe-band", style.BAND)
        edges = [inside_square(np.column_stack([x, side]), end, closed=False) for side in (low, high)]
        plane.lines(edges, "labbe-band-edges", colors=style.BAND_DARK, linewidths=style.HAIR_PT, zorder=0.2)
        paths += [(edge, 0.6) for edge in edges]
    # a risk ratio or difference leads beyond 0 and 100% at some percentages, where the curve is not drawn
    possible = curve["possible"].to_numpy(bool)
    line = inside_square(np.column_stack([x, y])[possible], end, closed=False)
    plane.lines([[(0.0, 0.0), (end, end)]], "labbe-identity", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    plane.lines([line], "labbe-curve", colors=style.MODEL, linewidths=POOLED_PT, zorder=1.2)
    return [each for each in (*paths, ([(0.0, 0.0), (end, end)], 2.0), (line, 3.0)) if len(each[0])]


def inside_square(path, end, *, closed=True):
    """Return a path cut off where it leaves the square from 0 to ``end``; a closed one follows its edges."""
    # nothing lies below 0: the curves of responses are cut off there
    for axis in (0, 1):
        path = _clipped(np.vstack([path, path[:1]]) if closed else path, axis, end)
    return path


def _clipped(path, axis, end):
    """Return a path without its parts beyond ``end`` on one axis (Sutherland and Hodgman 1974)."""
    kept = []
    for a, b in itertools.pairwise(path):
        inside = a[axis] <= end, b[axis] <= end
        # the first point; every other one is kept as the end of the step before
        if inside[0] and not kept:
            kept.append(a)
        if inside[0] != inside[1]:
            kept.append(a + (b - a) * (end - a[axis]) / (b[axis] - a[axis]))
        if inside[1]:
            kept.append(b)
    return np.array(kept).reshape(-1, 2)


def _side_words(plane, sides, taken, avoid, ends):
    """Write what both sides of the line of no difference mean, in a free corner of each, and return the boxes.

    ``sides`` are pairs of words, the longest first; ``ends`` those of the line, ``taken`` the boxes of marks, and
    ``avoid`` what lines cost.
    """
    low, high = plane.mm(ends, ends)[:, 0] + [INSET, -INSET]
    tall, best = line_height(style.NOTE_PT), []
    for pair in sides:
        found = []
        for text, upper in zip(pair, (True, False), strict=True):
            wide, bottom = text_width(text, style.NOTE_PT), high - tall if upper else low
            # in the corner, or else as near to the line of no difference as the height of the text allows
            lefts = (low, high - wide - tall - INSET) if upper else (high - wide, low + tall + INSET)
            boxes = [np.array([left, left + wide, bottom, bottom + tall]) for left in lefts]
            free = [box for box in boxes if wide < 0.6 * plane.width and _is_free(box, taken, avoid)]
            found += [(text, upper, box) for box in free[:1]]
        best = max(best, found, key=len)
    for text, upper, (left, _, bottom, top) in best:
        gid = f"corner-{'left' if upper else 'right'}"
        plane.write(left, (bottom + top) / 2, text, style.NOTE, align="left", gid=gid, over=True)
    return [box for *_, box in best]


def _is_free(box, taken, avoid):
    """Say whether a box touches no mark and no line."""
    left, right, bottom, top = box
    hit = (taken[:, 0] < right) & (taken[:, 1] > left) & (taken[:, 2] < top) & (taken[:, 3] > bottom)
    return not hit.any() and not any(price(box[None])[0] for price in avoid)


def _places(trials):
    """Return the largest trial of every place, named after those that are to be named, or how many there are."""
    groups, texts = trials.groupby(_places_of(trials), sort=False), []
    for _, here in groups:
        names, n = here.loc[here["labelled"], "name"], len(here)
        alone = words.quoted(names.iloc[0]) if len(names) else ""
        several = str(style.say(f"{alone} and {number(n - 1, 0)} more")) if alone else f"×{number(n, 0)}"
        texts.append(several if n > 1 else alone)
    places = trials.loc[groups["reach"].idxmax()].assign(name=texts)
    return places.assign(labelled=places["name"].ne(""))


def _counts_title(shown):
    """Return the title where none is given."""
    what = words.capital(" against ".join(f"{shown.events} {where}" for where in shown.within.values()))
    counted = getattr(shown.responders, "threshold", None) and shown.responders.what.partition(" (")[0]
    return f"{what}: {counted}" if counted else what


def _counts_footer(shown, table, note):
    """Return the paragraphs that say what was drawn and computed."""
    trials, end, wording = table[table["kind"] == "trial"], _end(table), shown.wording
    reading = (
        f"One mark per {wording.noun}, area proportional to its weight in the pooled {shown.name} down to a smallest "
        f"size{planes.hollow_words(trials)} (L'Abbé 1987, doi 10.7326/0003-4819-107-2-224); thin line: no difference"
    )
    implies = f"line: what the pooled {shown.name} implies"
    if _has_band(table):
        implies = f"line and band: what the pooled {shown.name} and its interval imply"
    diamond = (
        "diamond and cross: percentages pooled arm by arm as log odds, so that they need not lie on the thick line"
    )
    total, scale = table[table["kind"] == "total"].to_dict("records"), _percent_scale(table)
    total = ["; ".join(filter(None, [diamond, leaving(row, scale)])) for row in total]
    responders = shown.responders
    return (
        (
            reading,
            f"thick {implies}, {SHAPES[wording.measure]}",
            _places_sentence(trials, shown),
            planes.other_groups_sentence(trials),
            f"both axes end at {number(end, decimals(end))}%" if end < 100 else "",
        ),
        (_model_sentence(shown), *total, *_warnings(shown, table)),
        (getattr(responders, "caveat", ""), words.left_out_sentence(getattr(responders, "left_out", None), wording)),
        (SHARP.format(shown.within["placebo"]),),
        (note,),
    )


def _places_sentence(trials, shown):
    """Return how many places hold several trials, and which holds the most."""
    several = trials[trials["at_this_place"] > 1].sort_values("at_this_place", ascending=False, kind="stable")
    if several.empty:
        return ""
    n = several.groupby(_places_of(several)).ngroups
    where = "one place holds" if n == 1 else f"{number(n, 0)} places hold"
    most = several.iloc[0]
    crowd = (
        f"{number(most['at_this_place'], 0)} at {percent(most['placebo_estimate'] / 100)} {shown.within['placebo']} "
        f"and {percent(most['treatment_estimate'] / 100)} {shown.within['treatment']}"
    )
    bare = not several.groupby(_places_of(several))["labelled"].any().all()
    times = "× gives how many, " if bare else ""
    return f"{where} more than one {shown.wording.noun}, {crowd}: {times}the smallest mark is in front"


def _model_sentence(shown):
    """Return how the effect was pooled."""
    pooled = shown.pooled
    if not shown.several:
        return f"one {shown.wording.noun}: nothing is pooled, line and band are its own effect"
    if shown.of_counts:
        return f"{pooled.method} {shown.name}, a common-effect method, interval by the normal distribution"
    ci = words.REFERENCE.get(pooled.ci_method, pooled.ci_method)
    return f"{words.model_name(pooled)}, interval by {ci}"


def _warnings(shown, table):
    """Return what must be known about zero cells, few trials and intervals that look too good."""
    pooled, trials, wording, said = shown.pooled, shown.trials, shown.wording, []
    if (zeros := _zero_cells(trials.dropna(subset="effect"))) and not shown.of_counts:
        said.append(
            f"a cell is zero in {wording.counted(zeros)}: drawn as counted, but {number(0.5, 1)} was added to "
            "their cells for the effect"
        )
    if (nothing := (table.loc[table["kind"] == "trial", "weight"] == 0).sum()) and shown.of_counts:
        said.append(f"weight 0 in {wording.counted(nothing)}: smallest mark")
    if 1 < len(trials) < words.FEW:
        said.append(f"fewer than three {wording.nouns}: an interval from two hardly says anything")
    return [*said, words.narrow_words(pooled)]


def _zero_cells(trials):
    """Return in how many trials an arm has no responders, or nothing but responders, as counted."""
    if "events_placebo" not in trials:
        return 0
    pairs = [(trials[f"events_{role}"], trials[f"n_{role}"]) for role in ROLES]
    return int(np.any([(events == 0) | (events == n) for events, n in pairs], axis=0).sum())


def _counts_key(shown, table, by, plane):
    """Return the entries of the key."""
    whose, trials = "pooled" if shown.several else "its", table[table["kind"] == "trial"]
    entries = [
        line_entry("no difference", colors=style.INK, linewidths=style.RULE_PT),
        _line_on_band(f"{whose} {shown.name} {_effect_words(shown)}", _has_band(table)),
    ]
    if shown.shares() and shown.several:
        shares = " and ".join(percent(share.estimate) for share in shown.shares().values())
        entries.append(
            pooled_entry(f"{whose} percentages {shares}, with {level(shown.pooled.confidence_level)} intervals")
        )
    marks = mark_entries(trials, _areas_painted(table, plane), by, shown.wording.nouns, largest=45.0)
    # the last one says what an area means; that of a single trial is compared with none
    return entries + (marks if shown.several else marks[:-1])


def _has_band(table):
    """Say whether the curve has an interval."""
    return table.loc[table["kind"] == "curve", "treatment_low"].notna().all()


def _line_on_band(text, banded):
    """Return the entry of the curve, on a piece of its band if it has one."""
    line, area = line_entry(text, colors=style.MODEL, linewidths=POOLED_PT), area_entry(text, style.BAND)

    def draw(page, x, y):
        if banded:
            area.draw(page, x, y)
        line.draw(page, x, y)

    return Entry(draw, text)


def _effect_words(shown):
    """Return the pooled effect with its interval."""
    ends, unit = shown.pooled.ci, ""
    if shown.wording.measure == "RD":  # the symmetric interval of a difference may leave what is possible
        ends, unit = np.clip(ends, -1.0, 1.0), POINTS
    at = level(shown.pooled.confidence_level)
    return f"{shown.text(shown.pooled.estimate)}{unit} ({at} CI {shown.text(*ends)})"


def _pooled_sentences(shown):
    """Return the pooled effect and the pooled percentages in words."""
    wording, at = shown.wording, level(shown.pooled.confidence_level)
    whose = "pooled" if shown.several else f"the {wording.noun}'s"
    said = [
        f"{whose} {wording.called}{':' * bool(wording.contrast)} {_effect_words(shown)}; "
        f"{wording.counted(shown.pooled.k)}"
    ]
    shares = [
        f"{percent(share.estimate)} ({at} CI {interval(*(100 * end for end in share.ci), 0)}%) {shown.within[role]}"
        for role, share in shown.shares().items()
    ]
    return [*said, f"{shown.events}: {' and '.join(shares)}"] if shares else said


def _counts_seen(shown, table):
    """Return what the figure shows to someone who cannot see it, in sentences."""
    trials = table[table["kind"] == "trial"]
    spans = [
        f"{interval(trials[f'{role}_estimate'].min(), trials[f'{role}_estimate'].max(), 0)}% {where}"
        for role, where in shown.within.items()
    ]
    above = trials["treatment_estimate"] > trials["placebo_estimate"]
    return (
        f"{shown.wording.counted(len(trials))}, {shown.events} from {' and from '.join(spans)}",
        planes.lying(above, f"above the line of no difference: {shown.sides[0][0]}"),
        *_pooled_sentences(shown),
    )


def _counts_printed(shown, table, by):
    """Return the headings of the table for readers."""
    group = {} if by is None else {words.capital(planes.spelled(by)): ("group",)}
    definition = {"Responder": ("event_definition",)} if "event_definition" in table else {}
    effect = words.capital(shown.name) + (f",{POINTS}" if shown.wording.measure == "RD" else "")
    columns = {words.capital(where.removeprefix("under ")): (f"text_{role}",) for role, where in shown.within.items()}
    columns |= {effect: ("text_effect",), "Weight": ("text_weight",)}
    return {words.capital(shown.wording.noun): ("text_name",), **group, **columns, **definition}


def groups_of(trials, by):
    """Return the group of every trial as text, "" without groups."""
    return "" if by is None else trials[by].astype(object).where(trials[by].notna(), "not stated").map(_check.as_text)


def labbe_areas(table, plane):
    """Return the area of each trial's mark in square points, proportional to the weights down to a smallest one."""
    return planes.areas_of(table.loc[table["kind"] == "trial", "weight"], plane.width * plane.height, *INK)


def draw_square(plane, table, size, sides, ends, backdrop):
    """Draw axes, marks, pooled values, words in the corners, and lines: ``backdrop`` returns these with their prices.

    Return how far the marks reach, what lines cost a name, and the boxes of the words.
    """
    trials, total = (table[table["kind"] == kind] for kind in ("trial", "total"))
    planes.draw_axes(plane)
    paths = backdrop(plane)
    grouped = trials["group"].ne("").any()
    looks = [style.GROUPS[int(look)] if grouped else ("circle", style.TRIAL) for look in trials["look"]]
    look = {"looks": looks, "hollow": trials["imputed"]}
    reach = planes.draw_marks(plane, trials[COLUMNS], size, "labbe-trials", **look)
    for row in total.to_dict("records"):
        paths += [(line, 4.0) for line in _draw_pooled(plane, row)]
    avoid = [plane.on(*each) for each in paths]
    reach = np.vstack([reach, planes.reach_of(["diamond"], style.POOLED_PT2).repeat(len(total), axis=0)])
    centre = plane.mm(*pd.concat([trials, total])[COLUMNS].to_numpy(float).T)
    return reach, avoid, _side_words(plane, sides, planes.boxes_of(centre, reach[:, 0]), avoid, ends)


def _draw_pooled(plane, row):
    """Draw the pooled values, a diamond on the cross of their intervals, with arrowheads where these leave the panel.

    Return the lines of the cross.
    """
    x, y = (row[name] for name in COLUMNS)
    across, up = ((row[f"{role}_low"], row[f"{role}_high"]) for role in ROLES)
    cross = [[(end, y) for end in np.clip(across, *plane.x.limits)], [(x, end) for end in np.clip(up, *plane.y.limits)]]
    plane.lines(cross, "labbe-cross-rim", colors=style.PAPER, linewidths=style.INTERVAL_PT + 1.2, zorder=4.9)
    plane.lines(cross, "labbe-cross", colors=style.INK, linewidths=style.INTERVAL_PT, zorder=5)
    look = {"colours": [style.INK], "hollow": [False], "gid": "labbe-pooled", "zorder": 5.1}
    markers(plane.ax, [(x, y)], ["diamond"], [style.POOLED_PT2], **look)
    tips = [*planes.tips(plane, *across, y), *planes.tips(plane, *up, x, upright=True)]
    plane.areas(tips, "labbe-arrows", style.INK, zorder=5.2)
    return cross


def leaving(row, scale):
    """Say what arrowheads mean, if there are any."""
    ends = np.array([row[f"{role}_{end}"] for role in ROLES for end in ("low", "high")], float)
    low, high = scale.limits
    return "arrowhead: interval leaves the panel" * bool(((ends < low) | (ends > high)).any())


def square_room(scale, width):
    """Return what stands beside a square panel: the labels of its ticks, and the key on pages that are wide enough."""
    left = planes.room_for(scale.ticks()[1])
    if width < BESIDE_MM:
        return {"left": left, "right": planes.EDGE_MM}
    return {"left": left, "right": KEY_MM + style.PANEL_GAP, "down": 0.0}


def mark_entries(trials, size, by, nouns, *, largest, new_lines=1):
    """Return the entries of the key for the trials: groups, imputed SDs, and last what an area means.

    Marks of groups have the median area, at most ``largest``; the first ``new_lines`` of them begin a line.
    """
    usual, entries = float(np.clip(np.median(size), 20.0, largest)), []
    for look, members in trials.groupby("look"):
        name, colour = style.GROUPS[int(look)] if by is not None else ("circle", style.TRIAL)
        several = members["group"].nunique() > 1
        text = "other groups" if several else members["group"].iloc[0] if by is not None else nouns
        new_line = len(entries) < new_lines
        entries.append(marker_entry(f"{text} ({len(members)})", name, usual, colour, new_line=new_line))
    imputed = trials["imputed"].any()
    if imputed:
        entries.append(marker_entry("hollow: SD imputed", "circle", usual, style.MUTED, hollow=True, new_line=True))
    at = int(np.argmax(size))
    sample = f"area by weight; this is {percent(trials['weight'].iloc[at], 1)}"
    return [*entries, marker_entry(sample, "circle", size[at], style.FAINT, new_line=not imputed)]
