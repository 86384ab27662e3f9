"""Text and rules on the page, which is one Axes in millimetres with y downwards."""

from matplotlib.collections import LineCollection

from analysis.plots import _style as style
from analysis.plots._measure import font, line_height


def write(page, x, y, text, look, *, align="left", gid=None):
    """Write one line of text centred on ``y`` by the height of its capitals, so that all rows stand alike."""
    size, weight, colour = look
    baseline = y + style.CAP * size / style.PT_PER_MM
    if text:
        place = {"ha": align, "va": "baseline", "clip_on": False, "parse_math": False}
        page.text(x, baseline, text, fontproperties=font(size, weight), color=colour, gid=gid, **place)


def write_block(page, lines, y, look, gid):
    """Write lines under one another from the left margin."""
    pitch = line_height(look[0])
    for i, line in enumerate(lines):
        write(page, style.MARGIN, y + (i + 0.5) * pitch, line, look, gid=f"{gid}-{i}")


def rule(page, segments, gid, *, width=style.RULE_PT, colour=style.INK):
    """Draw horizontal rules, each given by its two ends."""
    rules = LineCollection(segments, colors=colour, linewidths=width, capstyle="butt", zorder=1)
    rules.set_gid(gid)
    page.add_collection(rules, autolim=False)
