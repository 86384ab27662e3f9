"""The marks of the drapery plot: curves of the trials, of the pooled result and of a new trial, and the lines of p."""

import numpy as np

from analysis.plots import _style as style
from analysis.plots._drapery_words import p_text
from analysis.plots._key import area_entry, line_entry
from analysis.plots._measure import line_height, text_width
from analysis.plots._phrases import Said
from analysis.plots._plane import band, set_upright
from analysis.text import level, number

POOLED_PT = 1.8
TRIAL_PT, MANY_PT, MANY = 0.6, 0.35, 60  # width of the trials' curves, and where there are many
COMMON = (0, (4.0, 2.2))
LINE = (0, (3.0, 2.0))
DOT_PT2 = 16.0
NAME_GAP = 2.0
LEADER_MM = 4.2  # from the tops of the curves to the names
APART = 2.2  # mm between the labels of two p values


def columns_of(table):
    """Return the names of the columns that hold the ends of the intervals, and their p values."""
    low = [name for name in table if name.startswith("low_p")]
    return low, [f"high{name[3:]}" for name in low], np.array([float(name[5:]) for name in low])


def quiet_colour(k):
    """Return the colour of trials without names: paler where there are many."""
    return style.SQUARE if k <= MANY / 3 else style.FAINT


def curves(table, kind, y):
    """Return the curves of the rows of a kind, from the left foot over the estimate to the right foot, (r, 2m, 2)."""
    low, high, _ = columns_of(table)
    rows = table[table["kind"] == kind]
    left, right = rows[low].to_numpy(float), rows[high].to_numpy(float)
    x = np.concatenate([left, right[:, ::-1]], axis=1)
    return np.stack([x, np.broadcast_to(np.append(y, y[::-1]), x.shape)], axis=-1)


def draw_curtain(plane, table, y, lines, named):
    """Draw everything inside the panel.

    ``y`` holds the heights of the p values, ``lines`` those of the lines, ``named`` the trials named above the panel.
    """
    low, high = plane.x.limits
    prediction = curves(table, "prediction", y)
    if len(prediction) and np.isfinite(prediction).all():
        left, right = np.split(prediction[0], 2)
        plane.areas([band(y, left[:, 0], right[::-1, 0])[:, ::-1]], "drapery-prediction", style.BAND, zorder=0)
        plane.lines([left, right], "drapery-prediction-edges", colors=style.MODEL, linewidths=0.5, zorder=1.5)
    plane.lines(
        [[(low, at), (high, at)] for at in lines],
        "drapery-levels",
        colors=style.MUTED,
        linewidths=style.RULE_PT,
        linestyles=[LINE],
        zorder=0.6,
    )
    if low < 0 < high:
        null = [[(0.0, plane.y.limits[0]), (0.0, plane.y.limits[1])]]
        plane.lines(null, "drapery-null", colors=style.INK, linewidths=style.RULE_PT, zorder=1.4)
    trials = curves(table, "trial", y)
    wide = TRIAL_PT if len(trials) <= MANY else MANY_PT
    named = table.loc[table["kind"] == "trial", "name"].isin(named)
    quiet = quiet_colour(len(trials))
    colours = [style.INK if yes and not named.all() else quiet for yes in named]
    plane.lines(trials, "drapery-trials", colors=colours, linewidths=wide, zorder=1)
    common = curves(table, "common", y)
    look = {"colors": style.MODEL, "linewidths": 1.0, "linestyles": [COMMON], "zorder": 2}
    plane.lines(common, "drapery-common", **look)
    pooled = curves(table, "total", y)
    plane.lines(pooled, "drapery-pooled-rim", colors=style.PAPER, linewidths=POOLED_PT + 1.2, zorder=2.4)
    plane.lines(pooled, "drapery-pooled", colors=style.MODEL, linewidths=POOLED_PT, zorder=2.5)
    row = table[table["kind"] == "total"].iloc[0]
    look = {"s": DOT_PT2, "c": style.PAPER, "edgecolors": style.MODEL, "linewidths": 1.1, "zorder": 2.6}
    ends = plane.ax.scatter([row["low"], row["high"]], [lines[0]] * 2, **look)
    ends.set(gid="drapery-ci", label="drapery-ci")


def set_levels(plane, p, y, lines):
    """Label p values on the left and the levels of the intervals on the right; marked ones come first.

    Returns the width of the labels on the right in millimetres.
    """
    first = {each: i for i, each in enumerate(lines)}
    order = sorted(range(len(p)), key=lambda i: first.get(p[i], len(first)))
    at = plane.mm(plane.x.limits[0], y)[:, 1]
    kept = []
    for i in order:
        if all(abs(at[i] - at[j]) >= APART for j in kept):
            kept.append(i)
    kept = sorted(kept)
    set_upright(plane.ax, y[kept], [p_text(p[i]) for i in kept])
    for i in kept:
        where = plane.width + 1.6, at[i]
        plane.write(*where, level(1 - p[i]), style.CAPTION, align="left", gid=f"level-{i}")


def place_names(names, x, width):
    """Return the left edge of every name in the line above the panel, None where there is no room.

    Names keep the order of the tops of their curves, ``x``, so that no line from a name to a top crosses another, and
    stand as close to these as they can; those that come last in the list are left out first.
    """
    wide = np.array([text_width(name, style.NOTE_PT) for name in names])
    kept = list(range(len(names)))
    while kept and wide[kept].sum() + NAME_GAP * (len(kept) - 1) > width:
        kept.pop()
    order = sorted(kept, key=lambda i: x[i])
    pushed = np.append(0.0, np.cumsum(wide[order][:-1] + NAME_GAP))[: len(order)]
    spare = width - wide[order].sum() - NAME_GAP * max(len(order) - 1, 0)
    wanted = np.array([x[i] for i in order]) - wide[order] / 2 - pushed
    left = np.clip(_increasing(wanted), 0.0, spare) + pushed
    found = dict(zip(order, left.tolist(), strict=True))
    return [found.get(i) for i in range(len(names))]


def _increasing(values):
    """Return the increasing sequence that is closest to the values by least squares (pooling of neighbours)."""
    blocks = []
    for value in values:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n)]
    return np.concatenate([np.full(n, value) for value, n in blocks]) if blocks else np.zeros(0)


def draw_names(plane, names, x, places):
    """Write the names above the panel, with a line from each to the top of its curve."""
    segments, look = [], (style.NOTE_PT, "normal", style.INK)
    y = plane.height + LEADER_MM + 0.5 * line_height(style.NOTE_PT)
    for i, (name, at, left) in enumerate(zip(names, x, places, strict=True)):
        if left is not None:
            plane.write(left, y, Said(name), look, align="left", gid=f"name-{i}")
            foot = left + text_width(name, style.NOTE_PT) / 2
            segments.append(plane.values([(at, plane.height + 0.3), (foot, plane.height + LEADER_MM)]))
    look = {"colors": style.MUTED, "linewidths": style.HAIR_PT, "zorder": 0.9, "clip_on": False}
    plane.lines(segments, "drapery-leaders", **look)


def key_of(about):
    """Return the entries of the key."""
    entries = [line_entry("pooled result", colors=style.MODEL, linewidths=POOLED_PT)]
    if (about.table["kind"] == "common").any():
        look = {"colors": style.MODEL, "linewidths": 1.0, "linestyles": [COMMON]}
        entries.append(line_entry("common effect", **look))
    k = about.pooled.k
    entries.append(line_entry(f"trials ({number(k, 0)})", colors=quiet_colour(k), linewidths=TRIAL_PT))
    if np.isfinite(about.pooled.pi.low):
        entries.append(area_entry("prediction, new trial", style.BAND))
    return entries
