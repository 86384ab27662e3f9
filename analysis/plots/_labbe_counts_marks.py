"""Page and marks of the L'Abbé plot of counts: the square of all percentages, the curve, the trials, their names."""

from dataclasses import dataclass

import numpy as np
from matplotlib.style import context as style_context

from analysis.plots import _style as style
from analysis.plots._canvas import frame, framed_page, inset
from analysis.plots._key import (
    REACH,
    Entry,
    area_entry,
    draw_key,
    lay_key,
    line_entry,
    marker_entry,
    markers,
    pooled_entry,
)
from analysis.plots._labbe import AXIS_MM, BESIDE_MM, KEY_MM, areas
from analysis.plots._labbe_counts_words import AXES, SIDES
from analysis.plots._labels import leader, place_names
from analysis.plots._measure import line_height, text_width
from analysis.plots._phrases import Said
from analysis.plots._plane import Plane, Scale, band, draw_axes, room_for, size_of, title_axes
from analysis.plots._studies import on_path
from analysis.plots._write import write
from analysis.text import number, percent

PAD = 0.06  # of the span of the axes: marks at 0 and 100% stand free of them, and numbers beside them
POOLED_PT = 1.1  # width of the curve
INSET = 1.4  # mm between the words in the corners and the frame
LARGEST_PT2 = 110.0  # area of a mark
COLUMNS = ["placebo_estimate", "treatment_estimate"]


def draw_page(table, *, title, footer, width, by, key):
    """Return the figure: the panel with its axes, and the key beside it or below."""
    beside = width >= BESIDE_MM
    scale = _scale(table)
    left = room_for(scale.ticks()[1])
    side = width - 2 * style.MARGIN - left - (KEY_MM + style.PANEL_GAP if beside else 0.8)
    size = _areas(table, side)
    head = line_height(style.SMALL_PT) + 1.6
    with style_context(["default", style.RC]):
        entries = _entries(table, size, by, key)
        placed, tall = lay_key(entries, KEY_MM if beside else width - 2 * style.MARGIN, stacked=beside)
        below = 0.0 if beside else tall + 2.0
        framing = frame(title, footer, width, head + (max(side, tall) if beside else side) + AXIS_MM + below)
        figure, page = framed_page(framing)
        start, top = style.MARGIN + left, framing.top + head
        ax = inset(figure, page, (start, start + side, top, top + side), "labbe")
        draw_plane(Plane(ax, scale, scale, side, side), table, size)
        write(page, style.MARGIN, framing.top + head / 2 - 0.8, AXES[1], style.CAPTION, gid="title-y")
        below = top + side + AXIS_MM
        x_title = start + side / 2, below - line_height(style.SMALL_PT) / 2
        write(page, *x_title, AXES[0], style.CAPTION, align="center", gid="title-x")
        down = PAD / (1 + 2 * PAD) * side - line_height(style.SMALL_PT) / 2  # level with the frame
        corner = (start + side + style.PANEL_GAP, top + down) if beside else (style.MARGIN, below + 2.0)
        draw_key(page, placed, *corner)
    return figure


def draw_into(ax, table):
    """Draw the panel into axes of another figure, with plain axis titles."""
    ax.set_box_aspect(1)
    side, scale = min(size_of(ax)), _scale(table)
    draw_plane(Plane(ax, scale, scale, side, side), table, _areas(table, side))
    title_axes(ax, *AXES)
    return ax.figure


def _scale(table):
    end = _end(table)
    return Scale((-PAD * end, (1 + PAD) * end))


def _end(table):
    """Return the percentage at which the axes end."""
    return table.loc[table["kind"] == "reference", "placebo_estimate"].max()


def _trials(table):
    """Return the trials in the order in which they are painted, the heaviest first."""
    trials = table[table["kind"] == "trial"]
    return trials.iloc[np.argsort(-trials["weight"].to_numpy(float), kind="stable")]


def _areas(table, side):
    """Return the areas of the marks in square points, in the order of painting."""
    size = areas(_trials(table), side)
    return np.maximum(size * min(1.0, LARGEST_PT2 / size.max()), style.SQUARE_MIN_PT**2)


def draw_plane(plane, table, size):
    """Draw everything inside the panel; ``size`` holds the areas of the marks in the order of painting."""
    trials, total, end = _trials(table), table[table["kind"] == "total"], _end(table)
    draw_axes(plane)
    for name in ("bottom", "left"):
        plane.ax.spines[name].set_bounds(0.0, end)
    looks = _looks(trials)
    reach = np.array([REACH[name] for name, _ in looks]) * np.sqrt(size) / style.PT_PER_MM
    boxes = _boxes(plane, trials, reach, total)
    paths = _draw_backdrop(plane, table, end)
    names, colours = zip(*looks, strict=True)
    options = {"colours": colours, "hollow": trials["imputed"].to_numpy(bool), "gid": "labbe-trials"}
    markers(plane.ax, trials[COLUMNS].to_numpy(float), names, size, **options)
    for row in total.to_dict("records"):
        paths += _draw_pooled(plane, row)
    sides = _side_words(plane, boxes, paths, end)
    for i, (text, box) in enumerate(sides):
        plane.write(box[0], (box[2] + box[3]) / 2, text, style.NOTE, align="left", gid=f"side-{i}")
    _write_names(plane, trials, reach, paths, np.vstack([boxes, *(box for _, box in sides)]))


def _looks(trials):
    """Return shape and colour of every trial."""
    grouped = trials["group"].ne("").any()
    return [style.GROUPS[int(look)] if grouped else ("circle", style.TRIAL) for look in trials["look"]]


def _boxes(plane, trials, reach, total):
    """Return the boxes of all marks in millimetres: (left, right, bottom, top)."""
    centre = np.vstack([plane.mm(*rows[COLUMNS].to_numpy(float).T) for rows in (trials, total)])
    diamond = REACH["diamond"] * np.sqrt(style.POOLED_PT2) / style.PT_PER_MM + 0.3
    reach = np.append(reach, np.full(len(total), diamond))[:, None]
    low, high = centre - reach, centre + reach
    return np.column_stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]])


def _draw_backdrop(plane, table, end):
    """Draw the frame of all percentages, band, curve and line of no difference; return their paths in millimetres."""
    curve = table[(table["kind"] == "curve")]
    x, y = (curve[name].to_numpy(float) for name in COLUMNS)
    low, high = (curve[f"treatment_{side}"].to_numpy(float) for side in ("low", "high"))
    far = [[(0.0, end), (end, end)], [(end, 0.0), (end, end)]]
    plane.lines(far, "labbe-frame", colors=style.CONNECTOR, linewidths=style.RULE_PT, zorder=0.5)
    paths = [(plane.mm(*np.array(side).T), 2.0) for side in far]
    if np.isfinite(low).all():
        plane.areas([within(band(x, low, high), end)], "labbe-band", style.BAND)
        edges = [within(np.column_stack([x, side]), end, closed=False) for side in (low, high)]
        plane.lines(edges, "labbe-band-edges", colors=style.BAND_DARK, linewidths=style.HAIR_PT, zorder=0.2)
        paths += [(plane.mm(*edge.T), 0.6) for edge in edges]
    possible = curve["possible"].to_numpy(bool)
    line = within(np.column_stack([x, y])[possible], end, closed=False)
    plane.lines([[(0.0, 0.0), (end, end)]], "labbe-identity", colors=style.INK, linewidths=style.RULE_PT, zorder=1)
    plane.lines([line], "labbe-curve", colors=style.MODEL, linewidths=POOLED_PT, zorder=1.2)
    return [*paths, (plane.mm(*np.array([(0.0, 0.0), (end, end)]).T), 2.0), (plane.mm(*line.T), 3.0)]


def within(path, end, *, closed=True):
    """Return a path cut off where it leaves the square from 0 to ``end``; a closed one follows its edges."""
    for axis in (0, 1):
        path = _cut(np.vstack([path, path[:1]]) if closed else path, axis, end)
    return path


def _cut(path, axis, end):
    """Return a path without its parts beyond ``end`` on one axis (Sutherland and Hodgman 1974)."""
    kept = []
    for i, (a, b) in enumerate(zip(path[:-1], path[1:], strict=True)):
        inside = a[axis] <= end, b[axis] <= end
        if inside[0] and (i == 0 or not kept):
            kept.append(a)
        if inside[0] != inside[1]:
            kept.append(a + (b - a) * (end - a[axis]) / (b[axis] - a[axis]))
        if inside[1]:
            kept.append(b)
    return np.array(kept).reshape(-1, 2)


def _draw_pooled(plane, row):
    """Draw the pooled percentages, a diamond on the cross of its intervals; return their paths and prices."""
    x, y = (row[name] for name in COLUMNS)
    ends = {role: [row[f"{role}_{side}"] for side in ("low", "high")] for role in ("placebo", "treatment")}
    cross = np.array([[(at, y) for at in ends["placebo"]], [(x, at) for at in ends["treatment"]]])
    plane.lines(cross, "labbe-cross-rim", colors=style.PAPER, linewidths=style.INTERVAL_PT + 1.2, zorder=4.9)
    plane.lines(cross, "labbe-cross", colors=style.INK, linewidths=style.INTERVAL_PT, zorder=5)
    look = {"colours": [style.INK], "hollow": [False], "gid": "labbe-pooled", "zorder": 5.1}
    markers(plane.ax, [(x, y)], ["diamond"], [style.POOLED_PT2], **look)
    return [(plane.mm(*line.T), 4.0) for line in cross]


def _side_words(plane, taken, paths, end):
    """Return what both sides of the line of no difference mean, in a free corner of each: (text, box)."""
    low, high = plane.mm([0.0, end], [0.0, end])[:, 0] + [INSET, -INSET]
    tall, best = line_height(style.NOTE_PT), []
    for pair in SIDES:
        found = []
        for text, upper in zip(pair, (True, False), strict=True):
            wide, bottom = text_width(text, style.NOTE_PT), high - tall if upper else low
            lefts = (low, high - wide - tall - INSET) if upper else (high - wide, low + tall + INSET)
            boxes = [(left, left + wide, bottom, bottom + tall) for left in lefts]
            free = [box for box in boxes if wide < 0.6 * (high - low) and _is_free(box, taken, paths)]
            found += [(text, np.array(box)) for box in free[:1]]
        best = max(best, found, key=len)
    return best


def _is_free(box, taken, paths):
    """Say whether a box touches no mark and no line."""
    left, right, bottom, top = box
    hit = (taken[:, 0] < right) & (taken[:, 1] > left) & (taken[:, 2] < top) & (taken[:, 3] > bottom)
    return not hit.any() and not any(on_path(path, 1.0)(np.array([box]))[0] for path, _ in paths)


@dataclass(frozen=True)
class _Place:
    """A place in the plane: where, which trial stands in front, and what is written beside it."""

    first: int
    text: str


def _write_names(plane, trials, reach, paths, taken):
    """Write how many trials stand at one place and the names that are asked for, where nothing else stands."""
    places = _places(trials)
    first = [place.first for place in places]
    centre = plane.mm(*trials[COLUMNS].to_numpy(float).T)
    away = np.column_stack([-np.sign(trials["distance"]), np.sign(trials["distance"])])
    boxes = place_names(
        [Said(place.text) for place in places],
        centre[first],
        reach[first],
        frame=(0.6, plane.width - 0.6, 0.6, plane.height - 0.6),
        taken=taken,
        avoid=[on_path(path, price) for path, price in paths],
        outwards=away[first],
    )
    look, leaders = (style.NOTE_PT, "normal", style.INK), []
    for i, place, box in zip(first, places, boxes, strict=True):
        if box is not None:
            y = (box[2] + box[3]) / 2
            plane.write(box[0], y, Said(place.text), look, align="left", gid=f"name-{trials.index[i]}")
            leaders.append(leader(box, centre[i], reach[i]))
    ends = [plane.values(line) for line in leaders if line is not None]
    plane.lines(ends, "labbe-leaders", colors=style.MUTED, linewidths=style.HAIR_PT, zorder=2.5)


def _places(trials):
    """Return the places that something is written beside, those of several trials first, then the farthest."""
    found = []
    rows = trials.assign(order=range(len(trials)))
    for _, here in rows.groupby([rows[name].round(1) for name in COLUMNS], sort=False):
        named, n = here.loc[here["labelled"], "name"], len(here)
        more = f" and {number(n - 1, 0)} more" if n > 1 else ""
        if text := f"{named.iloc[0]}{more}" if len(named) else f"×{number(n, 0)}" if n > 1 else "":
            found.append((-n, -here["distance"].abs().max(), _Place(int(here["order"].iloc[0]), text)))
    return [place for *_, place in sorted(found, key=lambda each: each[:2])]


def _entries(table, size, by, key):
    """Return the entries of the key."""
    trials, banded = _trials(table), table.loc[table["kind"] == "curve", "treatment_low"].notna().all()
    none, pooled, diamond = key
    entries = [line_entry(none, colors=style.INK, linewidths=style.RULE_PT), _line_on_band(pooled, banded)]
    if diamond:
        entries.append(pooled_entry(diamond))
    usual, lines = float(np.clip(np.median(size), 20.0, 45.0)), len(entries)
    for look, members in trials.groupby("look"):
        name, colour = style.GROUPS[int(look)] if by is not None else ("circle", style.TRIAL)
        several = members["group"].nunique() > 1
        text = "other groups" if several else members["group"].iloc[0] if by is not None else "trials"
        entries.append(marker_entry(f"{text} ({len(members)})", name, usual, colour, new_line=len(entries) == lines))
    if trials["imputed"].any():
        entries.append(marker_entry("hollow: SD imputed", "circle", usual, style.MUTED, hollow=True, new_line=True))
    if len(trials) > 1:
        sample = f"area by weight; this is {percent(trials['weight'].iloc[0], 1)}"
        entries.append(marker_entry(sample, "circle", size[0], style.FAINT, new_line=not trials["imputed"].any()))
    return entries


def _line_on_band(text, banded):
    """Return the entry of the curve, on a piece of its band if it has one."""
    line, area = line_entry(text, colors=style.MODEL, linewidths=POOLED_PT), area_entry(text, style.BAND)

    def draw(page, x, y):
        if banded:
            area.draw(page, x, y)
        line.draw(page, x, y)

    return Entry(draw, text)
