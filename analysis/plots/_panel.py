"""One panel on the page: its axes, its marks, and what is written above, in and below it."""

import numpy as np

from analysis.plots import _style as style
from analysis.plots._axis import ratio_ticks, round_ticks
from analysis.plots._marks import circle_look, draw_panel
from analysis.plots._measure import first_fitting, font, line_height, text_width, wrap_evenly
from analysis.plots._write import write
from analysis.text import number

TICKS_MM = 5.6  # from the axis to the captions
OVERHANG = 1.6  # mm: as much of a tick label may stand beyond the end of its axis
SHORT = {"baseline not reported": "no baseline", "spread of the change not reported": "no spread"}


def axis_height(panels, widths):
    """Return the height of tick labels, captions and the line of directions below the panels."""
    lines = max(len(_caption_lines(panel, widths[panel.name])) for panel in panels)
    return TICKS_MM + lines * line_height(style.SMALL_PT) + 0.4


def _caption_lines(panel, width):
    """Return (texts, alignments, look) of every line below the tick labels."""

    def centred(text, look):
        return [((line,), ("center",), look) for line in wrap_evenly(text, width, style.SMALL_PT)]

    lines = centred(panel.captions[0], style.CAPTION)
    if panel.favours:
        fit = all(text_width(w, style.SMALL_PT) <= width - 4.0 for w in panel.favours)
        short = [first_fitting((w.split()[-1],), width - 4.0, style.SMALL_PT) for w in panel.favours]
        words = panel.favours if fit else short  # both sides in the same wording
        sides = f"← {words[0]}", f"{words[1]} →"
        if sum(text_width(side, style.SMALL_PT) for side in sides) + 1.5 <= width:
            lines.append((sides, ("left", "right"), style.CAPTION))
        else:
            lines += [((sides[0],), ("left",), style.CAPTION), ((sides[1],), ("right",), style.CAPTION)]
    for text in panel.captions[1:]:
        lines += centred(text, style.QUIET_CAPTION)
    return lines


def add_panel(figure, page, panel, layout, body):
    """Add the axes of a panel to the figure and draw everything that belongs to it."""
    left, right = layout.panels[panel.name]
    height = page.get_ylim()[0]
    box = (
        left / layout.width,
        1 - layout.body_bottom / height,
        (right - left) / layout.width,
        (layout.body_bottom - layout.body_top) / height,
    )
    ax = figure.add_axes(box, label=panel.name, facecolor="none")
    ax.set_gid(f"panel-{panel.name}")
    ax.set(xlim=panel.limits, ylim=(layout.body_bottom, layout.body_top))
    draw_panel(ax, panel, body, (right - left) / (panel.limits[1] - panel.limits[0]))
    draw_axis(ax, panel, right - left)
    _write_strip(page, panel, left, right, (layout.top + layout.body_top) / 2)
    _write_missing(page, panel, left, right, body)
    write_captions(page, panel, left, right, layout.body_bottom + TICKS_MM)


def write_captions(page, panel, left, right, y):
    """Write the lines below the axis: captions centred, directions flush with the ends of the panel."""
    x = {"left": left, "right": right, "center": (left + right) / 2}
    for i, (texts, aligns, look) in enumerate(_caption_lines(panel, right - left)):
        middle = y + (i + 0.5) * line_height(style.SMALL_PT)
        for text, align in zip(texts, aligns, strict=True):
            write(page, x[align], middle, text, look, align=align, gid=f"caption-{panel.name}-{i}-{align}")


def _ticks(panel, most):
    """Return the ticks and their labels."""
    if panel.ratio:
        ticks, digits = ratio_ticks(*panel.limits, most)
        return ticks, [number(t, d) for t, d in zip(np.exp(ticks), digits, strict=True)]
    ticks, digits = round_ticks(*panel.limits, most)
    return ticks, [number(t, digits) for t in ticks]


def draw_axis(ax, panel, width):
    """Set round ticks whose labels have room, on the bottom spine alone."""
    pitch = width / (panel.limits[1] - panel.limits[0])
    for most in range(7, 0, -1):
        ticks, labels = _ticks(panel, most)
        half = np.array([text_width(label, style.SMALL_PT) for label in labels]) / 2
        room = np.minimum(ticks - panel.limits[0], panel.limits[1] - ticks) * pitch + OVERHANG - half
        ticks, labels, half = ticks[room >= 0], np.array(labels)[room >= 0], half[room >= 0]
        if (np.diff(ticks) * pitch - half[1:] - half[:-1] >= 1.2).all():
            break
    labels = [str(style.say(label)) for label in labels]
    ax.set_xticks(ticks, labels, fontproperties=font(style.SMALL_PT), color=style.INK)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=3, width=style.RULE_PT, color=style.INK, pad=2.5)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.spines["bottom"].set(linewidth=style.RULE_PT, color=style.INK)


def _write_strip(page, panel, left, right, y):
    """Write the key of the marks, or the label of the zone, in the strip that no mark reaches."""
    _write_key(page, panel, left, right, y)
    label = first_fitting(panel.zone_labels, right - left, style.NOTE_PT)
    low, high = panel.limits
    if panel.zone and label and panel.zone[0] < high and panel.zone[1] > low:
        middle = (np.clip(panel.zone, low, high).mean() - low) / (high - low) * (right - left) + left
        half = text_width(label, style.NOTE_PT) / 2
        x = min(max(middle, left + half), right - half)
        look = style.NOTE_PT, "normal", style.ZONE_TEXT
        write(page, x, y, label, look, align="center", gid="zone-label")


def _write_key(page, panel, left, right, y):
    """Write the key of the marks, in the longer or the shorter wording that fits; the footer has it too."""
    for names in zip(*(series.labels for series in panel.series), strict=True) if panel.connect else ():
        widths = [2.8 + text_width(name, style.SMALL_PT) for name in names]
        if sum(widths) + 2.5 * (len(names) - 1) <= right - left:
            break
    else:
        return
    gap = min(4.0, right - left - sum(widths))
    for series, name, width in zip(panel.series, names, widths, strict=True):
        dot = page.scatter([left + 1.0], [y], s=style.CIRCLE_PT**2, **circle_look(series))
        dot.set_gid(f"key-{series.key}")
        look = style.SMALL_PT, "normal", series.text_colour
        write(page, left + 2.8, y, name, look, gid=f"key-text-{series.key}")
        left += width + gap


def _write_missing(page, panel, left, right, body):
    """Say inside the panel why a trial has no marks here, on the roomier side of the null line."""
    if not panel.connect:
        return
    low, high = panel.limits
    null = left + (panel.null - low) / (high - low) * (right - left)
    x, align = (null - 1.5, "right") if null - left >= right - null else (null + 1.5, "left")
    room = max(null - left, right - null) - 1.5
    for i, row in enumerate(body.to_dict("records")):
        text = row["text_missing"]
        short = SHORT.get(text, "not reported")
        fitting = first_fitting((text, short, "none"), room, style.NOTE_PT)
        shown = fitting if text else ""
        write(page, x, row["y_mm"], shown, style.NOTE, align=align, gid=f"missing-{i}")
