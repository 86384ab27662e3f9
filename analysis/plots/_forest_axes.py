"""A forest plot into Axes, or a SubFigure, of another figure: the panel, with the names as tick labels."""

from analysis.plots import _style as style
from analysis.plots._layout import body_of, row_heights
from analysis.plots._marks import draw_panel
from analysis.plots._measure import first_fitting, font, text_width
from analysis.plots._panel import draw_axis
from analysis.plots._prediction import draw_density

MM_PER_INCH = 25.4
NAME_GAP = 2.0  # mm between the names and the panel
BELOW_MM, LINE_MM = 5.2, 3.4  # below the axis: tick labels, and each line of its title


def into_axes(ax, table, panel, curve=()):
    """Draw the rows into Axes whose height they share; return the figure of the Axes."""
    body = body_of(table).reset_index(drop=True)
    y, top = [], 0.0
    for i, (above, height) in enumerate(row_heights(table)):
        top += above if i else 0.0
        y.append(top + height / 2)
        top += height
    body = body.assign(y_mm=y)
    if not hasattr(ax, "set_xlim"):
        ax = _axes_of(ax, body, top, panel)
    ax.set(xlim=panel.limits, ylim=(top + 1.0, -1.0), facecolor="none")
    figure = ax.get_figure(root=True)
    width = ax.get_position().width * _size(ax.get_figure(root=False))[0]
    draw_panel(ax, panel, body, width / (panel.limits[1] - panel.limits[0]))
    if len(curve):
        draw_density(ax, panel, body, curve)
    draw_axis(ax, panel, width)
    _names(ax, body, y)
    caption = "\n".join(str(style.say(line)) for line in [*panel.captions, *_favours(panel, width)])
    ax.set_xlabel(caption, fontproperties=font(style.SMALL_PT, text=caption), color=style.INK, parse_math=False)
    return figure


def _favours(panel, width):
    """Return the line of directions, in the longer or the shorter wording that fits."""
    if not panel.favours:
        return []
    left, right = panel.favours
    texts = f"← {left}   {right} →", f"← {left.split()[-1]}   {right.split()[-1]} →"
    return [first_fitting(texts, width + 4.0, style.SMALL_PT)]


def _size(figure):
    """Return width and height of a Figure or SubFigure in millimetres."""
    box = figure.bbox
    return box.width / figure.dpi * MM_PER_INCH, box.height / figure.dpi * MM_PER_INCH


def _axes_of(subfigure, body, rows_mm, panel):
    """Return Axes in a SubFigure with room for the names at the left and the captions below."""
    width, height = _size(subfigure)
    names = max(text_width(name, style.SMALL_PT, "bold") for name in body["text_name"])
    left = style.MARGIN + names + NAME_GAP
    bottom = style.MARGIN + BELOW_MM + LINE_MM * (len(panel.captions) + bool(panel.favours))
    if left + 20.0 > width or bottom + 10.0 > height:
        raise ValueError(
            f"the SubFigure is {width:.0f} by {height:.0f} mm; the names alone need {left:.0f} mm of its width"
        )
    above = max(style.MARGIN, height - bottom - rows_mm * 1.6)  # a few rows do not spread over a tall figure
    box = left / width, bottom / height, 1 - (left + style.MARGIN) / width, 1 - (bottom + above) / height
    return subfigure.add_axes(box)


def _names(ax, body, y):
    """Write the names as tick labels, those of headings and of the overall result in bold."""
    names = [str(style.say(name)) for name in body["text_name"]]
    ax.set_yticks(y, names)
    ax.tick_params(axis="y", length=0, pad=NAME_GAP * style.PT_PER_MM)
    for label, name, kind in zip(ax.get_yticklabels(), names, body["kind"], strict=True):
        _, weight, colour = style.cell_style(kind)
        label.set(fontproperties=font(style.SMALL_PT, weight, name), color=colour, parse_math=False)
