"""The continuous L'Abbé plot: change under placebo against change under treatment, one mark a trial.

Both axes have the unit of the trials and the same length, so that the line of no difference is the diagonal.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PolyCollection

from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._labbe_counts import labbe_counts
from analysis.plots._layout import LEAST_FILL, font, line_height, round_ticks, text_width
from analysis.plots._marks import (
    REACH,
    area_entry,
    draw_key,
    lay_key,
    line_entry,
    marker_entry,
    markers,
    pooled_entry,
    rule,
    write,
    write_on,
)
from analysis.plots._page import FigureContent, frame, framed_page, inset
from analysis.plots._plane import AXIS_MM, BESIDE_MM, KEY_MM, labbe_areas, leader, looks_of_groups, place_names
from analysis.plots._rows import block_of_arms, decimals
from analysis.plots._theme import Said, themed
from analysis.sentences import findings
from analysis.text import counted, interval, number, percent

CORNERS = ("less pain under placebo", "less pain under treatment")  # above and below the line
INSET = 1.4  # mm between the corner words and the edges
AXES = ("Change in the placebo arm, points on 0–10", "Change in the treatment arm, points on 0–10")

SHARP = (
    "No line is fitted: effect and change under placebo share a term, so that a slope says nothing about whether a "
    "larger placebo response goes with a larger effect (Sharp 1996, BMJ 313:735)"
)
level_of = words.level_of
TITLE = "Change in pain under placebo against change under treatment"
USUAL_MM, LEAST_MM = 150.0, 80.0


@themed
def labbe(results, *, by=None, worthwhile=(1.0, 2.0), label=6, title=None, width_mm=None, digits=2, ax=None, note=""):
    """Draw a continuous L'Abbé plot: change in the placebo arm against change in the treatment arm.

    Parameters
    ----------
    results : PooledArms or EffectSizes
        EffectSizes are pooled with the defaults of ``pool_arms``. Responders are drawn as percentages, by
        ``labbe_counts``.
    by : str, optional
        A column of the effect sizes, such as "therapy_family", that gives trials shape and colour; the five largest
        groups are told apart. Default: the groups of the PooledArms, if it has any.
    worthwhile : (float, float) or None
        Least and most that is taken as the smallest worthwhile difference between groups, drawn as a band parallel
        to the line of no difference. Default: as in ``arms_forest`` (Busse 2015, doi 10.3899/jrheum.141440).
    label : int or sequence of str
        How many trials are named, those farthest from the pooled means first; or their ids or names.
    title : str, optional
    width_mm : float, optional
        Width of the page, at least 80; from 125 on the key stands beside the panel. Default: 150.
    digits : int
        Decimals of the printed numbers.
    ax : matplotlib Axes, optional
        Draw the panel into these axes of another figure, which have their final size, without title, key and footer.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    ValueError
        If no trial reports a change in both arms, for a column that does not exist, or a page that is too narrow.

    Notes
    -----
    After L'Abbé, Detsky and O'Rourke (1987, doi 10.7326/0003-4819-107-2-224), with means in place of proportions.
    Areas are proportional to the weights in the pooled contrast, whatever the shape, down to a smallest one. The
    diamond stands on the intervals of both pooled means: those of the bivariate model where there is one. No line is
    fitted: the effect and the change under placebo share a term (Sharp 1996, doi 10.1136/bmj.313.7059.735).

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.labbe(analysis.effect_sizes(analysis.read_trials("data/trials.csv")), by="therapy_family")
    >>> int((fig.content.table["kind"] == "trial").sum())
    36
    """
    if hasattr(results, "nnt") or hasattr(results, "in_pooled"):
        shared = {"by": by, "label": label, "title": title, "width_mm": width_mm, "digits": digits}
        return labbe_counts(results, **shared, ax=ax, note=note)
    arms = _labbe_pooled(results)
    by = arms.by if by is None else by
    table = _labbe_table(arms, by, label, digits)
    limits = _labbe_limits(table)
    zone = () if worthwhile is None else (-max(worthwhile), -min(worthwhile))
    if ax is not None:
        return _labbe_into_axes(ax, table, limits, zone)
    title = title or TITLE
    footer = _labbe_footer(arms, table, by=by, zone=zone, digits=digits, note=note)
    fig = _draw_labbe(table, limits, zone, title=title, footer=footer, width=width_mm or USUAL_MM, by=by)
    caption = " ".join([words.sentences(title), words.sentences(_labbe_pooled_sentence(table, digits)), *footer])
    rows = _with_labbe_reference_rows(table, zone, footer)
    alt = _labbe_alt_text(title, table, digits)
    fig.content = FigureContent(rows, title, caption, alt, findings(arms), _labbe_printed(by))
    return fig


def _labbe_pooled(results):
    if not hasattr(results, "contrast"):
        if not hasattr(results, "left_out"):
            raise TypeError("labbe draws a PooledArms or EffectSizes; pass pool_arms(trials) or effect_sizes(trials)")
        from analysis.evidence.arms import pool_arms

        results = pool_arms(results)
    if results.placebo is None:
        raise ValueError("no trial reports a baseline in both arms: there is no change to draw; use forest")
    return results


def _labbe_table(arms, by, label, digits):
    """Return one row per trial with a change in both arms, and one for the pooled means."""
    trials = block_of_arms("", arms).trials
    if by is not None and (by not in trials or by == "flags"):
        raise ValueError(f"by is {by!r}, which is not a column of the effect sizes")
    rows = pd.DataFrame(
        {
            "kind": "trial",
            "study": trials["study"],
            "name": trials["label"].astype(str),
            "group": "" if by is None else trials[by].astype(object).where(trials[by].notna(), "not stated").map(str),
            "placebo_estimate": trials["change_placebo"].astype(float),
            "treatment_estimate": trials["change_treatment"].astype(float),
            "contrast_estimate": trials["yi"].astype(float),
            "weight": arms.contrast.weights,
            "imputed": trials["status"].eq("imputed") | trials["change_status"].eq("imputed"),
        }
    )
    rows = rows[rows["placebo_estimate"].notna() & rows["treatment_estimate"].notna()].reset_index(drop=True)
    rows = pd.concat([rows, pd.DataFrame([_labbe_pooled_row(arms)])], ignore_index=True)
    rows["labelled"] = _labbe_labelled(rows, label)
    rows["text_name"] = rows["name"]
    for arm in ("placebo", "treatment", "contrast"):
        rows[f"text_{arm}"] = [number(x, digits) for x in rows[f"{arm}_estimate"]]
    rows["text_weight"] = ["" if w != w else percent(w, 1) for w in rows["weight"]]
    return rows.assign(look=looks_of_groups(rows))


def _labbe_pooled_row(arms):
    """Return the row of the pooled means, from the bivariate model where there is one."""
    joint = getattr(arms, "joint", None)
    pair = (arms.placebo, arms.treatment) if joint is None else (joint.first, joint.second)
    row = {"kind": "total", "name": "Pooled means", "group": "", "imputed": False}
    for arm, result in (*zip(("placebo", "treatment"), pair, strict=True), ("contrast", arms.contrast)):
        row |= {f"{arm}_estimate": result.estimate, f"{arm}_low": result.ci[0], f"{arm}_high": result.ci[1]}
    model = "separate" if joint is None else "bivariate"
    row |= {"placebo_k": arms.placebo.k, "contrast_k": arms.contrast.k, "model": model}
    return row | {"confidence_level": arms.contrast.confidence_level}


def _labbe_labelled(rows, label):
    """Say which trials are to be named: the most extreme ones, or those asked for."""
    trials = rows["kind"] == "trial"
    if not isinstance(label, int | np.integer):
        wanted = {label} if isinstance(label, str) else set(label)
        if unknown := sorted(wanted - set(rows["study"]) - set(rows["name"])):
            raise ValueError(f"label names {', '.join(map(repr, unknown))}, which is no trial of this figure")
        return trials & (rows["study"].isin(wanted) | rows["name"].isin(wanted))
    return trials & (_labbe_distance(rows).rank(method="first", ascending=False) <= label)


def _labbe_distance(rows):
    """Return how far each trial stands from the pooled means, NaN for these themselves."""
    centre = rows[rows["kind"] == "total"].iloc[0]
    away = [rows[f"{arm}_estimate"] - centre[f"{arm}_estimate"] for arm in ("placebo", "treatment")]
    return pd.Series(np.hypot(*away), index=rows.index).where(rows["kind"] == "trial")


def _labbe_limits(table):
    """Return the limits of both axes: all marks and the origin; wide intervals of the pooled means leave the panel."""
    trials = table.loc[table["kind"] == "trial", ["placebo_estimate", "treatment_estimate"]].to_numpy(float)
    pooled = table[[f"{arm}_{end}" for arm in ("placebo", "treatment") for end in ("low", "high")]].to_numpy(float)
    low, high = min(trials.min(), 0.0), max(trials.max(), 0.0)
    wide = min(np.nanmin(pooled), low), max(np.nanmax(pooled), high)
    if high - low >= LEAST_FILL * (wide[1] - wide[0]):
        low, high = wide
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def _labbe_into_axes(ax, table, limits, zone):
    """Draw the panel into axes of another figure, with plain axis titles."""
    box = ax.get_position()
    width, height = ax.figure.get_size_inches() * 25.4
    side = min(box.width * width, box.height * height)
    ax.set_box_aspect(1)
    _draw_labbe_plane(
        ax, table, labbe_areas(table[table["kind"] == "trial"], side), limits=limits, zone=zone, side=side
    )
    ticks, decimals = round_ticks(*limits)
    for axis, text in ((ax.xaxis, AXES[0]), (ax.yaxis, AXES[1])):
        axis.set_ticks(ticks, [number(tick, decimals) for tick in ticks], fontproperties=font(style.SMALL_PT))
        axis.set_label_text(text, fontproperties=font(style.SMALL_PT))
    return ax.figure


@dataclass(frozen=True)
class _Plane:
    """The panel: both axes with the same limits, on a square of ``side`` mm."""

    ax: object
    limits: tuple
    side: float

    def mm(self, values):
        """Return values on either axis as millimetres from the lower left corner."""
        return (np.asarray(values, float) - self.limits[0]) / (self.limits[1] - self.limits[0]) * self.side

    def value(self, mm):
        """Return millimetres as values on the axes."""
        return np.asarray(mm, float) / self.side * (self.limits[1] - self.limits[0]) + self.limits[0]

    def lines(self, segments, gid, **look):
        """Draw lines between values."""
        if len(segments):
            self.ax.add_collection(LineCollection(segments, capstyle="butt", gid=gid, **look), autolim=False)

    def write(self, x, y, text, look, *, align, gid):
        """Write at millimetres of the panel, centred on ``y`` by the height of the capitals."""
        at = self.value([x, y - style.CAP * look[0] / style.PT_PER_MM])
        write_on(self.ax, *at, text, look, align=align, gid=gid, zorder=6)


def _draw_labbe_plane(ax, table, size, *, limits, zone, side):
    """Draw everything inside the panel; ``size`` holds the areas of the trials' marks, ``side`` its length in mm."""
    trials, total = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    ax.set(xlim=limits, ylim=limits)
    plane = _Plane(ax, limits, side)
    boxes = _labbe_boxes(plane, trials, total, size)
    corners = _corner_words(side, boxes)
    _draw_labbe_backdrop(plane, zone, corners)
    _draw_trials(ax, trials, size)
    _draw_labbe_pooled(plane, total)
    for (align, text), box in corners:
        x = box[0] if align == "left" else box[1]
        plane.write(x, (box[2] + box[3]) / 2, text, style.NOTE, align=align, gid=f"corner-{align}")
    taken = np.vstack([boxes, *(box for _, box in corners)])
    _write_labbe_names(plane, trials, total, size, taken)


def _labbe_boxes(plane, trials, total, size):
    """Return the boxes of all marks in millimetres: (left, right, bottom, top)."""
    x, y = plane.mm(_points(trials)).T
    reach = _reach(trials, size)
    boxes = np.column_stack([x - reach, x + reach, y - reach, y + reach])
    x, y = plane.mm([total["placebo_estimate"], total["treatment_estimate"]])
    reach = REACH["diamond"] * np.sqrt(style.POOLED_PT2) / style.PT_PER_MM + 0.3
    return np.vstack([boxes, [x - reach, x + reach, y - reach, y + reach]])


def _points(rows):
    return rows[["placebo_estimate", "treatment_estimate"]].to_numpy(float)


def _reach(trials, size):
    """Return how far the marks reach from their centres, in millimetres."""
    return np.array([REACH[name] for name, _ in _look(trials)]) * np.sqrt(size) / style.PT_PER_MM


def _look(trials):
    """Return shape and colour of every trial."""
    grouped = trials["group"].ne("").any()
    return [style.GROUPS[look] if grouped else ("circle", style.TRIAL) for look in trials["look"]]


def _corner_words(side, taken):
    """Return what the two sides of the line mean, where the corner is free: ((alignment, text), box)."""
    tall, found = line_height(style.NOTE_PT), []
    for text, align in zip(CORNERS, ("left", "right"), strict=True):
        wide = text_width(text, style.NOTE_PT)
        left = INSET if align == "left" else side - INSET - wide
        bottom = side - INSET - tall if align == "left" else INSET
        box = np.array([left, left + wide, bottom, bottom + tall])
        hit = (taken[:, 0] < box[1]) & (taken[:, 1] > box[0]) & (taken[:, 2] < box[3]) & (taken[:, 3] > box[2])
        if not hit.any() and wide < 0.6 * side:
            found.append(((align, text), box))
    return found


def _draw_labbe_backdrop(plane, zone, corners):
    """Draw band, lines of no change and line of no difference; the words in the corners stay clear of lines."""
    low, high = plane.limits
    if zone:
        ends = [(low, low + zone[0]), (low, low + zone[1]), (high, high + zone[1]), (high, high + zone[0])]
        band = PolyCollection([ends], facecolor=style.ZONE, edgecolor="none", zorder=0, gid="labbe-zone")
        plane.ax.add_collection(band, autolim=False)
    across, up = [(low, 0.0), (high, 0.0)], [(0.0, low), (0.0, high)]
    for (align, _), box in corners:
        left, right, bottom, top = plane.value(np.array(box) + [-0.8, 0.8, -0.8, 0.8])
        if align == "left" and bottom < 0 < top:
            across[0] = right, 0.0
        if align == "right" and left < 0 < right:
            up[0] = 0.0, top
    thin = {"linewidths": style.RULE_PT}
    plane.lines([across, up], "labbe-zero", colors=style.CONNECTOR, zorder=0.5, **thin)
    plane.lines([[(low, low), (high, high)]], "labbe-identity", colors=style.INK, zorder=1, **thin)


def _draw_trials(ax, trials, size):
    """Draw the trials, the largest first."""
    order = np.argsort(-size, kind="stable")
    names, colours = zip(*_look(trials.iloc[order]), strict=True)
    hollow = trials["imputed"].to_numpy(bool)[order]
    markers(ax, _points(trials)[order], names, size[order], colours=colours, hollow=hollow, gid="labbe-trials")


def _draw_labbe_pooled(plane, row):
    """Draw the pooled means: a diamond on the cross of its intervals, with arrowheads where they leave the panel."""
    ends = {arm: (row[f"{arm}_low"], row[f"{arm}_high"]) for arm in ("placebo", "treatment")}
    x, y = row["placebo_estimate"], row["treatment_estimate"]
    inside = {arm: np.clip(pair, *plane.limits) for arm, pair in ends.items()}
    cross = [[(at, y) for at in inside["placebo"]], [(x, at) for at in inside["treatment"]]]
    plane.lines(cross, "labbe-cross-rim", colors=style.PAPER, linewidths=style.INTERVAL_PT + 1.2, zorder=4.9)
    plane.lines(cross, "labbe-cross", colors=style.INK, linewidths=style.INTERVAL_PT, zorder=5)
    look = {"colours": [style.INK], "hollow": [False]}
    markers(plane.ax, [(x, y)], ["diamond"], [style.POOLED_PT2], gid="labbe-pooled", zorder=5.1, **look)
    tips = []
    for arm, (low, high) in ends.items():
        for gone, at, way in (
            (low < plane.limits[0], plane.limits[0], -1),
            (high > plane.limits[1], plane.limits[1], 1),
        ):
            if gone:
                tips.append(_tip(plane, (at, y) if arm == "placebo" else (x, at), way, flat=arm == "placebo"))
    heads = PolyCollection(tips, facecolor=style.INK, edgecolor="none", zorder=5.2, gid="labbe-arrows")
    plane.ax.add_collection(heads, autolim=False)


def _tip(plane, at, way, *, flat):
    """Return the corners of an arrowhead at the edge of the panel."""
    size = style.ARROW_MM / plane.side * (plane.limits[1] - plane.limits[0])
    corners = np.array([(0.0, 0.0), (-size * way, 0.55 * size), (-size * way, -0.55 * size)])
    return corners[:, :: 1 if flat else -1] + np.asarray(at)


def _write_labbe_names(plane, trials, total, size, taken):
    """Write the names of the most extreme trials where nothing else stands."""
    xy, reach = plane.mm(_points(trials)), _reach(trials, size)
    centre = plane.mm([total["placebo_estimate"], total["treatment_estimate"]])
    away = np.hypot(*(xy - centre).T)
    named = [i for i in np.argsort(-away, kind="stable") if trials["labelled"].iloc[i]]
    names = trials["name"].iloc[named].tolist()
    edges = 0.6, plane.side - 0.6
    cross = [plane.mm([total[f"{arm}_low"], total[f"{arm}_high"]]) for arm in ("placebo", "treatment")]
    places = place_names(
        names,
        xy[named],
        reach[named],
        frame=(*edges, *edges),
        taken=taken,
        avoid=(_on_the_line, _on_lines(plane.mm(0.0), plane.mm(0.0), 1.0), _on_cross(centre, *cross)),
        outwards=(xy - centre)[named],
    )
    leaders = []
    for i, name, box in zip(named, names, places, strict=True):
        if box is not None:
            plane.write(box[0], (box[2] + box[3]) / 2, Said(name), style.NAME, align="left", gid=f"name-{i}")
            leaders.append(leader(box, xy[i], reach[i]))
    ends = [plane.value(np.array(line)) for line in leaders if line is not None]
    plane.lines(ends, "labbe-leaders", colors=style.MUTED, linewidths=style.HAIR_PT, zorder=2.5)


def _on_the_line(boxes):
    """Return the price of standing on the line of no difference."""
    return 2.5 * ((boxes[:, 0] < boxes[:, 3]) & (boxes[:, 1] > boxes[:, 2]))


def _on_lines(x, y, price):
    """Return the price of standing on an upright line at x or a level line at y."""
    return lambda box: price * (((box[:, 0] < x) & (box[:, 1] > x)) | ((box[:, 2] < y) & (box[:, 3] > y)))


def _on_cross(centre, across, up):
    """Return the price of standing on the intervals of the pooled means."""

    def price(box):
        level = (box[:, 2] < centre[1]) & (box[:, 3] > centre[1]) & (box[:, 0] < across[1]) & (box[:, 1] > across[0])
        upright = (box[:, 0] < centre[0]) & (box[:, 1] > centre[0]) & (box[:, 2] < up[1]) & (box[:, 3] > up[0])
        return 4.0 * (level | upright)

    return price


def _labbe_footer(arms, table, *, by, zone, digits, note):
    """Return the paragraphs that say what was drawn and computed."""
    trials, row = table[table["kind"] == "trial"], table[table["kind"] == "total"].iloc[0]
    marks = (
        "one mark per trial, area proportional to its weight in the pooled difference down to a smallest size, hollow "
        "where an SD was imputed; line: no difference, vertical distance from it: difference of the two changes"
    )
    gaps = (trials["treatment_estimate"] - trials["placebo_estimate"] - trials["contrast_estimate"]).abs() > 1e-6
    final = f"Weights rest on the difference of final scores in {counted(gaps.sum())}" if gaps.any() else ""
    missing = row["contrast_k"] - len(trials)
    absent = f"Baseline not reported, so not drawn, but in the pooled difference: {counted(missing)}" if missing else ""
    lines = [
        words.sentences(
            marks,
            words.zone_sentence(zone, "points", lambda x: number(x, decimals(x))),
            _labbe_groups_sentence(trials, by),
            absent,
            final,
        ),
        words.sentences(_pooled_words(arms, table)),
        words.sentences(SHARP),
        words.sentences(note),
    ]
    return [line for line in lines if line]


def _labbe_groups_sentence(trials, by):
    """Return what the shape "other groups" holds, if there is one."""
    if by is None:
        return ""
    others = [set(members["group"]) for _, members in trials.groupby("look") if members["group"].nunique() > 1]
    return f"Other groups: {', '.join(sorted(others[0]))}" if others else ""


def _pooled_words(arms, table):
    """Return what the diamond and its cross are, and where the weights come from."""
    at, joint = words.level_of(table), getattr(arms, "joint", None)
    ci = words.REFERENCE.get(arms.contrast.ci_method, arms.contrast.ci_method)
    how = f"each arm on its own, intervals by {ci}"
    if joint is not None:
        how = f"bivariate random-effects model by {joint.method}, intervals by {words.REFERENCE.get(joint.ci_method)}"
    return (
        f"Diamond and cross: pooled means with {at} confidence intervals, {how}; arrowhead: interval leaves the panel. "
        f"Weights: {words.model_name(arms.contrast)[0].lower()}{words.model_name(arms.contrast)[1:]}"
    )


def _draw_labbe(table, limits, zone, *, title, footer, width, by):
    """Return the figure: the panel with its axes, and the key beside it or below."""
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}; a L'Abbé plot needs at least {number(LEAST_MM, 0)} mm")
    beside = width >= BESIDE_MM
    ticks, decimals = round_ticks(*limits)
    left = style.MARGIN + max(text_width(number(tick, decimals), style.SMALL_PT) for tick in ticks) + 2.4
    side = width - style.MARGIN - left - (KEY_MM + style.PANEL_GAP if beside else 0.0)
    size = labbe_areas(table[table["kind"] == "trial"], side)
    entries = _labbe_entries(table, size, zone, by)
    placed, tall = lay_key(entries, KEY_MM if beside else width - 2 * style.MARGIN, stacked=beside)
    head = line_height(style.SMALL_PT) + 1.6
    panel = max(side, tall) if beside else side
    framing = frame(title, footer, width, head + panel + AXIS_MM + (0.0 if beside else tall + 2.0))
    figure, page = framed_page(framing)
    top = framing.top + head
    ax = inset(figure, page, (left, left + side, top, top + side), "labbe")
    _draw_labbe_plane(ax, table, size, limits=limits, zone=zone, side=side)
    _write_axis(ax, page, limits, (left, top, side))
    write(page, style.MARGIN, framing.top + head / 2 - 0.8, AXES[1], style.CAPTION, gid="title-y")
    x_title = left + side / 2, top + side + AXIS_MM - line_height(style.SMALL_PT) / 2
    write(page, *x_title, AXES[0], style.CAPTION, align="center", gid="title-x")
    draw_key(
        page,
        placed,
        left + side + style.PANEL_GAP if beside else style.MARGIN,
        top if beside else top + side + AXIS_MM + 2.0,
    )
    return figure


def _labbe_entries(table, size, zone, by):
    """Return the entries of the key."""
    trials = table[table["kind"] == "trial"]
    level = level_of(table)
    usual = float(np.clip(np.median(size), 20.0, 60.0))
    entries = [line_entry("no difference", colors=style.INK, linewidths=style.RULE_PT)]
    if zone:
        entries.append(area_entry(_labbe_band(zone), style.ZONE))
    entries.append(pooled_entry(f"pooled means with {level} intervals"))
    for look, members in trials.groupby("look"):
        name, colour = style.GROUPS[look] if by is not None else ("circle", style.TRIAL)
        several = members["group"].nunique() > 1
        text = "other groups" if several else members["group"].iloc[0] if by is not None else "trials"
        entries.append(marker_entry(f"{text} ({len(members)})", name, usual, colour, new_line=len(entries) < 4))
    ring = {"hollow": True, "new_line": True}
    if trials["imputed"].any():
        entries.append(marker_entry("hollow: SD imputed", "circle", usual, style.MUTED, **ring))
    at = int(np.argmax(size))
    sample = f"area by weight; this is {percent(trials['weight'].iloc[at], 1)}"
    return [*entries, marker_entry(sample, "circle", size[at], style.FAINT, new_line=not trials["imputed"].any())]


def _labbe_band(zone):
    """Return what the band is, in short."""
    ends = " to ".join(number(-x, decimals(x)) for x in reversed(zone))
    return f"{ends} points less pain than under placebo: smallest worthwhile difference"


def _write_axis(ax, page, limits, box):
    """Draw both axes on the page: rules, ticks and their labels, the same on either side."""
    left, top, side = box
    ticks, digits = round_ticks(*limits)
    at = (ticks - limits[0]) / (limits[1] - limits[0]) * side
    bottom = top + side
    rule(page, [[(left, bottom), (left + side, bottom)], [(left, top), (left, bottom)]], "axis-lines")
    marks = [[(left + x, bottom), (left + x, bottom + 1.0)] for x in at]
    rule(page, marks + [[(left - 1.0, bottom - x), (left, bottom - x)] for x in at], "axis-ticks")
    for i, (tick, x) in enumerate(zip(ticks, at, strict=True)):
        label = number(tick, digits)
        write(page, left + x, bottom + 3.0, label, style.CAPTION, align="center", gid=f"tick-x-{i}")
        write(page, left - 1.8, bottom - x, label, style.CAPTION, align="right", gid=f"tick-y-{i}")


def _labbe_pooled_sentence(table, digits):
    """Return the pooled means and the pooled contrast with their intervals."""
    row = table[table["kind"] == "total"].iloc[0]
    at = words.level_of(table)

    def one(arm):
        limits = interval(row[f"{arm}_low"], row[f"{arm}_high"], digits)
        return f"{number(row[f'{arm}_estimate'], digits)} ({at} CI {limits})"

    return (
        f"Pooled means: {one('placebo')} points in the placebo arms and {one('treatment')} in the treatment arms "
        f"({counted(row['placebo_k'])}); pooled difference {one('contrast')} ({counted(row['contrast_k'])})"
    )


def _with_labbe_reference_rows(table, zone, lines):
    """Append the numbers behind line and band, and the footer, below the rows of the figure."""
    extra = [{"kind": "reference", "name": "no difference", "contrast_estimate": 0.0}]
    if zone:
        ends = {"contrast_low": zone[0], "contrast_high": zone[1]}
        extra.append({"kind": "zone", "name": "smallest worthwhile difference", **ends})
    extra += [{"kind": "footer", "name": line} for line in lines]
    return pd.concat([table, pd.DataFrame(extra)], ignore_index=True)


def _labbe_alt_text(title, table, digits):
    """Return what the figure shows to someone who cannot see it."""
    trials = table[table["kind"] == "trial"]
    below = number((trials["treatment_estimate"] < trials["placebo_estimate"]).sum(), 0)
    spans = [
        f"{arm} arms from {interval(trials[f'{arm}_estimate'].min(), trials[f'{arm}_estimate'].max(), digits)}"
        for arm in ("placebo", "treatment")
    ]
    return words.sentences(
        f"L'Abbé plot: {title}",
        f"{counted(len(trials)).capitalize()}, change in {' and in '.join(spans)} points",
        f"{below} of {number(len(trials), 0)} lie below the line of no difference: less pain under treatment",
        _labbe_pooled_sentence(table, digits),
    )


def _labbe_printed(by):
    """Return the headings of the table for readers."""
    group = {} if by is None else {by.replace("_", " ").capitalize(): ("group",)}
    return {
        "Trial": ("text_name",),
        **group,
        "Change, placebo": ("text_placebo",),
        "Change, treatment": ("text_treatment",),
        "Difference": ("text_contrast",),
        "Weight": ("text_weight",),
    }
