"""Text and rules on the page, which is one Axes in millimetres with y downwards."""

import warnings
from weakref import WeakKeyDictionary

import matplotlib
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

from analysis.plots import _style as style
from analysis.plots._embed import family_list
from analysis.plots._fonts import UNKNOWN, spelled, with_fallbacks
from analysis.plots._look import PT_PER_MM
from analysis.plots._measure import font, line_height

ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_MISSING = WeakKeyDictionary()  # figure -> letters that no installed font has, and whether this was said


class Line(Text):
    """One level line of text that is written to SVG as it stands, without being laid out first."""

    whole = ""  # with the letters that no installed font has: a reader of the SVG may have one
    stand_in = ""  # what is drawn in their place elsewhere

    def set_clip_path(self, path, transform=None):
        """Do nothing: lines are placed so that nothing needs to be cut off."""

    def draw(self, renderer):
        """Draw the line."""
        if self.stand_in:
            _say_missing(self.get_figure(root=True))
        renderer_svg = getattr(renderer, "_renderer", renderer)
        as_text = isinstance(renderer_svg, RendererSVG) and matplotlib.rcParams["svg.fonttype"] == "none"
        if not (as_text and self._is_plain()):
            super().draw(renderer)
        elif self.get_visible():
            self._write_svg(renderer_svg)
            self.stale = False

    def _is_plain(self):
        bare = self.get_alpha() is None and self.get_bbox_patch() is None and not self.get_path_effects()
        return bare and not self.get_rotation() and self.get_va() == "baseline" and not self.get_url()

    def _write_svg(self, renderer):
        shown = self.get_text()
        x, y = self.get_transform().transform(self.get_position())
        look = self.get_fontproperties()
        place = {"x": _short(x), "y": _short(renderer.height - y), "font-size": _short(look.get_size_in_points())}
        anchor, weight = ANCHORS[self.get_ha()], look.get_weight()
        if anchor != "start":
            place["text-anchor"] = anchor
        if weight != "normal":
            place["font-weight"] = str(weight)
        families = tuple(look.get_family())
        if families != getattr(self.get_figure(root=True), "families", ()):
            place["font-family"] = family_list(families)
        place |= {"fill": to_hex(self.get_color()), "id": self.get_gid()}
        renderer.writer.element("text", self.whole if shown == self.stand_in else shown, place)


def _short(x):
    return f"{x:.2f}".rstrip("0").rstrip(".")


def write(page, x, y, text, look, *, align="left", gid=None):
    """Write one line of text centred on ``y`` by the height of its capitals, so that all rows stand alike."""
    write_on(page, x, y + style.CAP * look[0] / PT_PER_MM, text, look, align=align, gid=gid)


def write_on(ax, x, baseline, text, look, *, align="left", gid=None, zorder=3):
    """Write one line of text with its base line at ``baseline``, in the values of any Axes."""
    if not text:
        return
    size, weight, colour = look
    text = str(style.say(text))
    prop = font(size, weight, text)
    line = Line(x, baseline, text, color=colour, fontproperties=prop, horizontalalignment=align, parse_math=False)
    line.set_gid(gid)
    line.set_clip_on(False)
    line.set_transform(ax.transData)
    line.set_zorder(zorder)
    if not text.isascii():
        _note_missing(ax, line, weight)
    ax.add_artist(line)


def _note_missing(page, line, weight):
    """Put a stand-in where no installed font has a letter, and remember it for a warning."""
    text = line.get_text()
    missing = with_fallbacks(style.FONT, text, weight)[1]
    if missing:
        line.whole, line.stand_in = text, text.translate(dict.fromkeys(map(ord, missing), UNKNOWN))
        line.set_text(line.stand_in)
        letters, _ = _MISSING.setdefault(page.get_figure(root=True), (set(), []))
        letters.update(missing)


def missing_letters(figure):
    """Return what a reader must know about letters that no installed font has, "" where there are none."""
    letters = _MISSING.get(figure, (set(), []))[0]
    if not letters:
        return ""
    return (
        f"No installed font has {spelled(letters)}: {UNKNOWN} stands there in PNG and PDF, and in the SVG where a "
        "reader has no such font either. Install one, such as Noto Sans for this script, and draw the figure again"
    )


def _say_missing(figure):
    """Warn of missing letters, once for each figure."""
    letters, said = _MISSING.get(figure, (set(), []))
    if letters and not said:
        said.append(True)
        warnings.warn(missing_letters(figure), stacklevel=2)


def write_block(page, lines, y, look, gid):
    """Write lines under one another from the left margin."""
    pitch = line_height(look[0])
    for i, line in enumerate(lines):
        write(page, style.MARGIN, y + (i + 0.5) * pitch, line, look, gid=f"{gid}-{i}")


def rule(page, segments, gid, *, width=None, colour=None):
    """Draw horizontal rules, each given by its two ends."""
    width = style.RULE_PT if width is None else width
    colour = style.INK if colour is None else colour
    rules = LineCollection(segments, colors=colour, linewidths=width, capstyle="butt", zorder=1)
    rules.set_gid(gid)
    page.add_collection(rules, autolim=False)
