"""The bubble plot of a moderator with categories: a row each, its trials, fitted mean and both intervals."""

from dataclasses import dataclass

import numpy as np
from matplotlib.style import context as style_context

from analysis.plots import _style as style
from analysis.plots._bubble_marks import EDGE_PT, LINE_PT, draw_circles, key_of, write_names
from analysis.plots._canvas import frame, framed_page, inset
from analysis.plots._key import REACH, draw_key, lay_key
from analysis.plots._layout import Panel
from analysis.plots._measure import font, line_height, text_width, wrap
from analysis.plots._panel import TICKS_MM, axis_height, draw_axis, write_captions
from analysis.plots._plane import EDGE_MM, Plane, Scale, areas_of, title_axes
from analysis.plots._write import rule, write
from analysis.text import bracketed, counted, interval, level, limits, number

NAME_MM = 36.0  # most room for the names of categories
NUMBERS_MM = 125.0  # pages at least this wide have a column of numbers
LEAST_ROW_MM = 10.0
ROW_PAD = 1.3  # mm above and below the outermost circles of a row
LANE_MM = 0.3  # the circles of a row stand on lanes this far apart
FARTHEST_MM = 14.0
BAND_SHARE = 0.5, 0.78  # of the least row: heights of the confidence and the prediction interval


@dataclass(frozen=True, eq=False)
class _Rows:
    """Upper ends and heights of the rows in millimetres below the top of the panel, and where trials stand in them."""

    top: np.ndarray
    height: np.ndarray
    lane: np.ndarray  # (k,) distance of every trial from the middle of its row
    row: np.ndarray  # (k,) its row

    @property
    def middle(self):
        return self.top + self.height / 2

    @property
    def total(self):
        return float(self.height.sum())


def spread(x, reach, farthest=FARTHEST_MM):
    """Return how far each circle of a row moves from its middle so that circles hide one another least.

    The largest circle comes first and stays in the middle; each one takes the nearest lane that is free.
    """
    lanes = np.arange(0.0, farthest + LANE_MM / 2, LANE_MM)
    lanes = np.column_stack([lanes, -lanes]).ravel()[1:]
    placed, moved = [], np.zeros(len(x))
    for i in np.argsort(-reach, kind="stable"):
        if placed:
            near = np.array(placed)
            near = near[np.abs(x[near] - x[i]) < reach[near] + reach[i]]
            gap = np.hypot(x[near] - x[i], moved[near] - lanes[:, None]) - reach[near] - reach[i] - 0.1
            worst = np.minimum(gap, 0.0).sum(axis=1)
            moved[i] = lanes[int(np.argmax(worst >= 0))] if (worst >= 0).any() else lanes[int(np.argmax(worst))]
        placed.append(i)
    return moved


def _rows_of(about, scale, size, width, tall=None):
    """Return the rows; ``tall`` is the height they must share if it is given."""
    along = about.along
    reach = REACH["circle"] * np.sqrt(size) / style.PT_PER_MM
    x = (along.trials["yi"].to_numpy(float) - scale.limits[0]) / (scale.limits[1] - scale.limits[0]) * width
    row = np.array([along.curve["x"].tolist().index(level) for level in along.trials["x"]])
    n = len(along.curve)
    lane, height = np.zeros(len(x)), np.full(n, LEAST_ROW_MM)
    farthest = FARTHEST_MM if tall is None else max(tall / n / 2 - reach.max() - 0.4, 0.5)
    for i in range(n):
        here = row == i
        lane[here] = spread(x[here], reach[here], farthest)
        if here.any():
            height[i] = max(height[i], 2 * (np.abs(lane[here]) + reach[here]).max() + 2 * ROW_PAD)
    if tall is not None:
        height = np.full(n, tall / n)
    return _Rows(np.append(0.0, np.cumsum(height)[:-1]), height, lane, row)


def draw_rows(about, scale, favours, *, title, footer, width):
    """Return the figure of a moderator with categories."""
    at = level(about.fit.confidence_level)
    texts = [_numbers(about, row) for row in about.along.curve.to_dict("records")] if width >= NUMBERS_MM else []
    head = f"Fitted mean {bracketed(f'{at} CI')}"
    beside = max((text_width(t, style.BODY_PT) for pair in texts for t in pair), default=0.0)
    beside = max(beside, text_width(head, style.BODY_PT, "bold")) + style.PANEL_GAP if texts else EDGE_MM
    names, most = _names(about.along, min(NAME_MM, 0.3 * width))
    left, right = style.MARGIN + most + style.GAP, width - style.MARGIN - beside
    with style_context(["default", style.RC]):
        size = areas_of(about.along.trials["weight"], (right - left) * 14.0 * len(names), 120.0)
        rows = _rows_of(about, scale, size, right - left)
        caption = about.y_label + (", log scale" if about.ratio else "")
        panel = Panel("bubble", ("", ""), (), scale.limits, (caption,), favours=favours, ratio=scale.ratio)
        below = axis_height([panel], {"bubble": right - left})
        placed, tall = lay_key(key_of(about, size), width - 2 * style.MARGIN, stacked=False)
        top_mm = line_height(style.BODY_PT) + 2.0
        framing = frame(title, footer, width, top_mm + rows.total + below + 2.2 + tall)
        figure, page = framed_page(framing)
        top, bottom = framing.top + top_mm, framing.top + top_mm + rows.total
        ax = inset(figure, page, (left, right, top, bottom), "bubble")
        plane = Plane(ax, scale, Scale((rows.total, 0.0)), right - left, rows.total)
        ax.set(xlim=scale.limits, ylim=(rows.total, 0.0))
        draw_axis(ax, panel, right - left)
        ax.spines["bottom"].set_visible(True)
        _draw(plane, about, rows, size)
        write_captions(page, panel, left, right, bottom + TICKS_MM)
        _write_columns(page, about, rows, names, texts, head=head, top=top, width=width)
        draw_key(page, placed, style.MARGIN, bottom + below + 2.2)
    return figure


def _names(along, most):
    """Return the lines of every category's name, the last one its number of trials, and the widest line."""
    lines = [[*wrap(str(row["x"]), most, style.BODY_PT), counted(row["k"])] for row in along.curve.to_dict("records")]
    lines = [each if len(each) <= 3 else [each[0], _cut(each[1:-1]), each[-1]] for each in lines]
    head = text_width(along.moderator.replace("_", " ").capitalize(), style.BODY_PT, "bold")
    widest = max(text_width(line, style.BODY_PT) for each in lines for line in each)
    return lines, max(widest, min(head, most))


def _cut(lines):
    """Return the second line of a name that needs more than two."""
    return lines[0] if len(lines) == 1 else lines[0][: max(len(lines[0]) - 2, 1)].rstrip() + "…"


def _numbers(about, row):
    """Return mean with confidence interval, and the prediction interval."""
    digits = about.digits
    shown = {end: about.show(row[end]) for end in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")}
    mean = " ".join([number(shown["estimate"], digits), *limits(shown["ci_low"], shown["ci_high"], digits)])
    if not np.isfinite(row["pi_low"]):
        return mean, ""
    return mean, f"prediction {interval(shown['pi_low'], shown['pi_high'], digits)}"


def _draw(plane, about, rows, size):
    """Draw intervals, null line, circles, fitted means and names."""
    curve, at = about.along.curve, rows.middle
    for part, colour, share in (("pi", style.BAND, BAND_SHARE[1]), ("ci", style.BAND_DARK, BAND_SHARE[0])):
        low, high = (curve[f"{part}_{end}"].to_numpy(float) for end in ("low", "high"))
        half = share * np.minimum(rows.height, LEAST_ROW_MM) / 2
        boxes = [
            [(a, y - h), (b, y - h), (b, y + h), (a, y + h), (a, y - h)]
            for a, b, y, h in zip(low, high, at, half, strict=True)
            if np.isfinite(a)
        ]
        plane.areas(boxes, f"bubble-{part}", colour, zorder=0.1 if part == "pi" else 0.2)
        look = {"colors": style.BAND_DARK, "linewidths": EDGE_PT, "zorder": 0.15}
        plane.lines(boxes, f"bubble-{part}-edges", **look)
    if plane.x.limits[0] < 0 < plane.x.limits[1]:
        zero = [[(0.0, 0.0), (0.0, rows.total)]]
        plane.lines(zero, "bubble-null", colors=style.INK, linewidths=style.RULE_PT, zorder=0.5)
    y = rows.middle[rows.row] + rows.lane
    points = np.column_stack([about.along.trials["yi"], y])
    draw_circles(plane, about.along.trials, points, size)
    half = 0.5 * np.minimum(rows.height, LEAST_ROW_MM)
    mean = curve["estimate"].to_numpy(float)
    strokes = [[(x, m - h), (x, m + h)] for x, m, h in zip(mean, at, half, strict=True)]
    plane.lines(strokes, "bubble-mean-rim", colors=style.PAPER, linewidths=LINE_PT + 1.2, zorder=2.6)
    plane.lines(strokes, "bubble-mean", colors=style.MODEL, linewidths=LINE_PT + 0.2, zorder=2.7)
    xy = plane.mm(points[:, 0], points[:, 1])
    fitted = plane.mm(about.along.trials["fitted"], points[:, 1])
    spans = [*zip(mean, at, half, strict=True), (0.0, rows.total / 2, rows.total / 2)]  # the null line is the last
    lines = np.vstack([plane.mm(x, np.linspace(m - h, m + h, max(9, int(2 * h)))) for x, m, h in spans])
    write_names(plane, about, xy, size, fitted, (lines,))


def _write_columns(page, about, rows, names, texts, *, head, top, width):
    """Write the names of the categories and the numbers of their fitted means."""
    pitch, edge = line_height(style.BODY_PT), width - style.MARGIN
    y = top - 1.6 - pitch / 2
    write(page, style.MARGIN, y, about.x_label, style.HEAD, gid="head-x")
    if texts:
        write(page, edge, y, head, style.HEAD, align="right", gid="head-numbers")
    rule(page, [[(style.MARGIN, top - 0.8), (edge, top - 0.8)]], "head-rule")
    quiet = style.NOTE_PT, "normal", style.MUTED
    usual = style.BODY_PT, "normal", style.INK
    for i, (lines, middle) in enumerate(zip(names, top + rows.middle, strict=True)):
        for j, line in enumerate(lines):
            at = middle + (j - (len(lines) - 1) / 2) * pitch
            write(page, style.MARGIN, at, line, quiet if j == len(lines) - 1 else usual, gid=f"category-{i}-{j}")
        for j, text in enumerate(texts[i] if texts else ()):
            at = middle + (j - (0.5 if texts[i][1] else 0.0)) * pitch
            write(page, edge, at, text, quiet if j else usual, align="right", gid=f"numbers-{i}-{j}")


def draw_into_rows(ax, about, scale, size_mm):
    """Draw the rows into axes of another figure."""
    width, height = size_mm
    size = areas_of(about.along.trials["weight"], width * height, 120.0)
    rows = _rows_of(about, scale, size, width, tall=height)
    plane = Plane(ax, scale, Scale((rows.total, 0.0)), width, height)
    ax.set(xlim=scale.limits, ylim=(rows.total, 0.0))
    draw_axis(ax, Panel("bubble", ("", ""), (), scale.limits, ("",), ratio=scale.ratio), width)
    _draw(plane, about, rows, size)
    labels = [f"{row['x']} ({number(row['k'], 0)})" for row in about.along.curve.to_dict("records")]
    ax.set_yticks(rows.middle, labels, fontproperties=font(style.SMALL_PT, text="".join(labels)), color=style.INK)
    ax.tick_params(axis="y", length=0)
    title_axes(ax, about.y_label, "")
