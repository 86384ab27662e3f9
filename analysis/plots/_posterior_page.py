"""The page of a posterior: densities on top, trials in rows below, numbers and the panel of tau beside them."""

from dataclasses import dataclass

import numpy as np
from matplotlib.style import context as style_context

from analysis.plots import _style as style
from analysis.plots._canvas import frame, framed_page, inset
from analysis.plots._key import draw_key, lay_key
from analysis.plots._layout import Panel
from analysis.plots._measure import first_fitting, line_height, text_width
from analysis.plots._panel import TICKS_MM, axis_height, draw_axis, write_captions
from analysis.plots._plane import EDGE_MM, Plane, Scale
from analysis.plots._posterior_marks import density_scale, draw_densities, draw_rows, draw_tau, key_of
from analysis.plots._write import rule, write
from analysis.text import bracketed, number

USUAL_MM, LEAST_MM = 174.0, 80.0
NUMBERS_MM = 125.0  # pages at least this wide have columns of numbers
PANEL_MM, ALONE_MM = 50.0, 34.0  # least width of the panel beside numbers, and of the panel alone
KEY_MM = 33.0
DENSITY_MM = 40.0
TAU_MM = 22.0  # height of the panel of tau where it stands below
TAU_AXIS_MM = 10.0  # its ticks and title
LEFT_SHARE = 0.05  # of the range of tau, left of 0
TAU_TITLES = "τ, SD of true effects", "τ"


@dataclass(frozen=True)
class _Place:
    """Edges in millimetres; ``parts`` are the right edges of the columns of numbers, none on a narrow page."""

    width: float
    left: float
    right: float
    parts: tuple


def draw_page(about, scale, favours, *, title, footer, width):
    """Return the figure."""
    rows = about.table[about.table["kind"].isin(("trial", "total", "prediction"))].reset_index(drop=True)
    place = _place(about, rows, width)
    with style_context(["default", style.RC]):
        beside = bool(place.parts)
        key, tall = lay_key(key_of(about), _key_width(place), stacked=beside)
        top_mm = max(DENSITY_MM, tall + 2.0) if beside else DENSITY_MM
        y = _rows_mm(len(rows) - 2)
        panel = Panel("posterior", ("", ""), (), scale.limits, (_caption(about),), favours=favours, ratio=scale.ratio)
        axis = axis_height([panel], {"posterior": place.right - place.left})
        head, depth = line_height(style.BODY_PT) + 2.2, y[-1] + 3.4
        under = 0.0 if beside else 4.0 + TAU_MM + TAU_AXIS_MM + 2.2 + tall
        framing = frame(title, footer, place.width, top_mm + head + depth + axis + under)
        figure, page = framed_page(framing)
        base = framing.top + top_mm
        top = base + head
        box = place.left, place.right, framing.top, base
        _densities(figure, page, about, scale, box)
        _rows(figure, page, about, panel, (place.left, place.right, top, top + depth), y)
        write_captions(page, panel, place.left, place.right, top + depth + TICKS_MM)
        _write_columns(page, about, rows, place, y_mm=top + y, top=top)
        below = top + depth + axis + 4.0
        if beside:
            edge = place.width - style.MARGIN - EDGE_MM
            tau = place.right + 1.6 * style.PANEL_GAP, edge, framing.top + 3.6, base - TAU_AXIS_MM
        else:
            tau = place.left, place.right, below, below + TAU_MM
        _tau(figure, page, about, tau)
        key_top = framing.top + 1.0 if beside else below + TAU_MM + TAU_AXIS_MM + 2.2
        draw_key(page, key, style.MARGIN, key_top)
    return figure


def _caption(about):
    return about.x_label + (", log scale" if about.ratio else "")


def _key_width(place):
    return place.left - style.MARGIN - style.GAP if place.parts else place.width - 2 * style.MARGIN


def _rows_mm(k):
    """Return the middles of the rows of k trials, the mean effect and a new trial, below the top of the panel."""
    pitch = style.ROW_MM["trial"]
    trials = 0.5 * pitch + np.arange(k) * pitch + 0.6
    total = (trials[-1] if k else 0.0) + pitch / 2 + style.SPACE_ABOVE_MM["total"] + style.ROW_MM["total"] / 2
    return np.append(trials, [total, total + (style.ROW_MM["total"] + style.ROW_MM["prediction"]) / 2])


def _heads(about):
    return "Observed", f"Posterior {bracketed(f'{about.level} CrI')}"


def _place(about, rows, width):
    """Return where everything stands.

    Without a width the page is as wide as the names and numbers need; otherwise numbers go first where there is no
    room, and too narrow a page is an error.
    """
    names = max(text_width(name, style.BODY_PT, "bold") for name in rows["text_name"])
    left = style.MARGIN + max(names, KEY_MM) + style.GAP
    parts, beside = _numbers(about, rows)
    if width is None:
        width = max(USUAL_MM, left + PANEL_MM + beside + style.MARGIN)
    edge = width - style.MARGIN
    if width >= NUMBERS_MM and edge - beside - left >= PANEL_MM:
        return _Place(width, left, edge - beside, tuple(edge - part for part in parts))
    left = style.MARGIN + names + style.GAP
    if edge - left < ALONE_MM:
        least = number(np.ceil(left + ALONE_MM + style.MARGIN), 0)
        raise ValueError(f"width_mm is {number(width, 0)}, but this figure needs at least {least} mm")
    return _Place(width, left, edge - EDGE_MM, ())


def _numbers(about, rows):
    """Return how far the columns of numbers end from the right margin, and the width of all with the gap before."""
    wide = [_widest(rows[f"text_{part}"]) for part in ("low", "high")]
    heads = [text_width(head, style.BODY_PT, "bold") for head in _heads(about)]
    posterior = max(sum(wide) + _widest(rows["text_estimate"]) + 2 * style.PART_GAP, heads[1])
    observed = max(_widest(rows["text_observed"]), heads[0])
    parts = posterior + style.GAP, sum(wide) + 2 * style.PART_GAP, wide[1] + style.PART_GAP, 0.0
    return parts, posterior + style.GAP + observed + style.PANEL_GAP


def _widest(texts):
    return max(text_width(text, style.BODY_PT, "bold") for text in texts)


def _densities(figure, page, about, scale, box):
    ax = inset(figure, page, box, "densities")
    plane = Plane(ax, scale, density_scale(about), box[1] - box[0], box[3] - box[2])
    ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    draw_densities(plane, about)
    rule(page, [[(box[0], box[3]), (box[1], box[3])]], "density-base")


def _rows(figure, page, about, panel, box, y):
    ax = inset(figure, page, box, "trials")
    depth = box[3] - box[2]
    plane = Plane(ax, Scale(panel.limits, panel.ratio), Scale((depth, 0.0)), box[1] - box[0], depth)
    ax.set(xlim=panel.limits, ylim=(depth, 0.0))
    draw_axis(ax, panel, plane.width)
    ax.spines["bottom"].set_visible(True)
    draw_rows(plane, about, y)


def _tau(figure, page, about, box):
    """Draw the panel of tau with its axis and title."""
    left, right, top, bottom = box
    ax = inset(figure, page, box, "tau")
    x = about.table.loc[about.table["quantity"].eq("tau"), "x"]
    y = density_scale(about, "tau", "prior of tau")
    plane = Plane(ax, Scale((-LEFT_SHARE * float(x.max()), float(x.max()))), y, right - left, bottom - top)
    ax.set(xlim=plane.x.limits, ylim=plane.y.limits)
    draw_axis(ax, Panel("tau", (), (), plane.x.limits, ("",)), plane.width)
    ax.spines["bottom"].set_visible(True)
    draw_tau(plane, about)
    title = first_fitting(TAU_TITLES, right - left + 4.0, style.SMALL_PT)
    y = bottom + TICKS_MM + line_height(style.SMALL_PT) / 2
    write(page, (left + right) / 2, y, title, style.CAPTION, align="center", gid="title-tau")


def _write_columns(page, about, rows, place, *, y_mm, top):
    """Write names and numbers, their headings, and the rule above the results."""
    edge = place.width - style.MARGIN
    y = top - 1.4 - line_height(style.BODY_PT) / 2
    write(page, style.MARGIN, y, "Trial", style.HEAD, gid="head-name")
    if place.parts:
        for head, x in zip(_heads(about), (place.parts[0], edge), strict=True):
            write(page, x, y, head, style.HEAD, align="right", gid=f"head-{head.split()[0].lower()}")
    ends = [(style.MARGIN, place.left - style.GAP / 2), (place.right + style.GAP / 2, edge)]
    rule(page, [[(a, top - 0.6), (b, top - 0.6)] for a, b in ends[: 1 + bool(place.parts)]], "head-rule")
    cells = ("text_observed", "text_estimate", "text_low", "text_high")
    for i, row in enumerate(rows.to_dict("records")):
        look = style.cell_style(row["kind"])
        write(page, style.MARGIN, y_mm[i], row["text_name"], look, gid=f"cell-{i}-name")
        for cell, x in zip(cells, place.parts, strict=False):
            write(page, x, y_mm[i], row[cell], look, align="right", gid=f"cell-{i}-{cell[5:]}")
    at = y_mm[-2] - style.ROW_MM["total"] / 2 - 0.6
    rule(page, [[(style.MARGIN, at), (edge, at)]], "total-rule", width=style.HAIR_PT, colour=style.FAINT)
