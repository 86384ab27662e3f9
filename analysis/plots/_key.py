"""Keys: what the marks of a figure mean, in a column beside a panel or in lines below it."""

from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform

from analysis.plots import _style as style
from analysis.plots._measure import line_height, text_width, wrap
from analysis.plots._write import write

SYMBOL_MM = 4.4  # width of the symbols
BETWEEN_MM = 3.4  # between entries on one line
TEXT_GAP = 1.2
MM_PER_PT = 25.4 / 72

_TRIANGLE = np.array([(np.cos(a), np.sin(a)) for a in np.radians([90, 210, 330])]) * (16 / 27) ** 0.25
_TURN = {"triangle up": 0, "triangle down": 180, "triangle right": -90, "triangle left": 90}
REACH = {"circle": np.pi**-0.5, "square": 0.6, "diamond": 0.5**0.5, **dict.fromkeys(_TURN, (16 / 27) ** 0.25)}
INRADIUS = {"circle": np.pi**-0.5, "square": 0.5, "diamond": 0.5, **dict.fromkeys(_TURN, 27**-0.25)}


def shape(name):
    """Return the outline of a marker of area 1, so that areas compare across shapes."""
    if name == "circle":
        return Path.unit_circle().transformed(Affine2D().scale(np.pi**-0.5))
    if name in ("square", "diamond"):
        corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
        return Path(Affine2D().rotate_deg(45 if name == "diamond" else 0).transform(corners), closed=True)
    corners = Affine2D().rotate_deg(_TURN[name]).transform(_TRIANGLE)
    return Path(np.vstack([corners, corners[:1]]), closed=True)


def markers(ax, xy, names, areas, *, colours, hollow, gid, zorder=3.0):
    """Draw markers of the given areas in square points: a white rim, the shape, and a white inside where hollow.

    One collection holds all of them, three entries a marker, so that a later marker covers an earlier one whole.
    """
    areas, hollow = np.asarray(areas, float), np.asarray(hollow, bool)
    across = np.array([INRADIUS[name] for name in names]) * np.sqrt(areas)  # points from centre to edge
    rim = areas * (1 + style.RIM_PT / across) ** 2
    inside = np.where(hollow, areas * np.maximum(1 - style.RING_PT / across, 0.25) ** 2, 0.0)
    sizes = np.column_stack([rim, areas, inside]).ravel()
    faces = [face for colour in colours for face in (style.PAPER, colour, style.PAPER)]
    paths = [shape(name) for name in names for _ in range(3)]
    offsets = np.repeat(np.asarray(xy, float).reshape(-1, 2), 3, axis=0)
    drawn = PathCollection(paths, sizes, offsets=offsets, offset_transform=ax.transData, facecolors=faces)
    drawn.set(transform=IdentityTransform(), linewidth=0, zorder=zorder, gid=gid, label=gid, clip_on=False)
    ax.add_collection(drawn, autolim=False)


@dataclass(frozen=True)
class Entry:
    """One entry of a key: ``draw(page, x, y)`` puts the symbol, centred at x, y; ``look`` is that of its text."""

    draw: object
    text: str
    own_look: tuple = ()
    new_line: bool = False
    size: float = 0.0  # diameter in millimetres of the circle as large as a marker, so that shapes stand evenly

    @property
    def symbol(self):
        """Width of the symbol in millimetres."""
        return max(SYMBOL_MM, self.size)

    @property
    def look(self):
        """Size, weight and colour of the text."""
        return self.own_look or style.CAPTION


def marker_entry(text, name, area, colour, *, hollow=False, gid="key", new_line=False):
    """Return the entry of a marker."""

    def draw(page, x, y):
        markers(page, [(x, y)], [name], [area], colours=[colour], hollow=[hollow], gid=gid)

    return Entry(draw, text, new_line=new_line, size=2 * (area / np.pi) ** 0.5 * MM_PER_PT)


def line_entry(text, *, gid="key-line", **options):
    """Return the entry of a line."""

    def draw(page, x, y):
        ends = [[(x - SYMBOL_MM / 2, y), (x + SYMBOL_MM / 2, y)]]
        lines = LineCollection(ends, capstyle="butt", gid=gid, **options)
        page.add_collection(lines, autolim=False)

    return Entry(draw, text)


def area_entry(text, colour, *, gid="key-area"):
    """Return the entry of a shaded area."""

    def draw(page, x, y):
        half, tall = SYMBOL_MM / 2, 1.1
        corners = [[(x - half, y - tall), (x + half, y - tall), (x + half, y + tall), (x - half, y + tall)]]
        page.add_collection(PolyCollection(corners, facecolor=colour, edgecolor="none", gid=gid), autolim=False)

    return Entry(draw, text)


def pooled_entry(text, *, gid="key-pooled"):
    """Return the entry of the pooled means: a diamond on the cross of its two intervals."""

    def draw(page, x, y):
        cross = [[(x - SYMBOL_MM / 2, y), (x + SYMBOL_MM / 2, y)], [(x, y - 1.7), (x, y + 1.7)]]
        lines = LineCollection(
            cross, colors=style.INK, linewidths=style.INTERVAL_PT, capstyle="butt", gid=f"{gid}-cross"
        )
        page.add_collection(lines, autolim=False)
        markers(page, [(x, y)], ["diamond"], [style.POOLED_PT2 / 2.5], colours=[style.INK], hollow=[False], gid=gid)

    return Entry(draw, text)


def lay_key(entries, width, *, stacked):
    """Return where the entries stand, as (entry, x, y, lines, width of the symbol), and the height of the key in mm.

    Parameters
    ----------
    entries : list of Entry
    width : float
        In millimetres; a text that is too long for it is wrapped.
    stacked : bool
        One entry below the other, as beside a panel; otherwise they follow one another along lines.
    """
    pitch = line_height(style.SMALL_PT)
    common = max((entry.symbol for entry in entries), default=SYMBOL_MM)
    rows, x = [], 0.0
    for entry in entries:
        symbol = common if stacked else entry.symbol
        lines = wrap(entry.text, width - symbol - TEXT_GAP, entry.look[0])
        size = symbol + TEXT_GAP + max(text_width(line, entry.look[0]) for line in lines)
        if not rows or stacked or entry.new_line or x + size > width:
            rows.append([])
            x = 0.0
        rows[-1].append((entry, x, lines, symbol))
        x += size + BETWEEN_MM
    placed, y = [], 0.0
    for i, row in enumerate(rows):
        if i:
            y += (0.9 if stacked else 0.6) + (1.2 if stacked and row[0][0].new_line else 0.0)
        over = max(0.0, *((entry.size - pitch) / 2 for entry, *_ in row))  # of a marker taller than its line
        placed += [(entry, x, y + over + pitch / 2, lines, symbol) for entry, x, lines, symbol in row]
        y += over + max(max(len(lines) for _, _, lines, _ in row) * pitch, pitch + over)
    return placed, y


def draw_key(page, placed, left, top):
    """Draw a key laid out by ``lay_key`` with its upper left corner at ``left``, ``top``."""
    pitch = line_height(style.SMALL_PT)
    for i, (entry, x, y, lines, symbol) in enumerate(placed):
        entry.draw(page, left + x + symbol / 2, top + y)
        for j, line in enumerate(lines):
            at = left + x + symbol + TEXT_GAP
            write(page, at, top + y + j * pitch, line, entry.look, gid=f"key-text-{i}-{j}")
