"""Fonts: which family is used, how wide its letters are, and where signs come from that it lacks.

An SVG carries the letters that its figure needs, so that its text stays text and looks the same everywhere.
"""

import base64
import io
import unicodedata
from contextlib import contextmanager
from functools import lru_cache, wraps

import matplotlib
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import Kerning, LoadFlags
from matplotlib.text import Text

from analysis.plots._look import FONT

# points at which letters are measured
UNITS = 100.0
UNKNOWN = "\N{WHITE SQUARE}"  # drawn where no font has a sign
BLANKS = ("Last Resort", "Adobe Blank")  # fonts that have a box for everything
SIMPLE = 0x0590  # from here on letters may change shape beside others, or run to the left
# may be one sign with a third letter, whose width is not the sum of theirs
LIGATURE = "ff"
SIGNS = range(0x2000, 0x2C00)  # punctuation, arrows, mathematics: simple again

# always embedded, so that figures share their fonts' bytes: ASCII and the usual signs of numbers and of captions
USUAL = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("−–·×²†≤≥←→τμ’“”…\N{NARROW NO-BREAK SPACE}")
BOLD = 600  # and heavier
# fsType of a font that may not be embedded
FORBIDDEN = 0x0002
TABLES = ("GlyphOrder", "head", "hhea", "maxp", "OS/2", "hmtx", "cmap", "name", "post", "glyf", "loca", "CFF ", "GPOS")
SHAPING = ("GSUB", "GDEF")
UNREAD = (*SHAPING, "GPOS", "kern", "OS/2", "cmap", "post")  # where letters are placed one by one


def families(preferred, *, chosen=False):
    """Return the font families of a figure: one that is installed, DejaVu Sans last for what it lacks.

    Parameters
    ----------
    preferred : tuple of str
        Those of the theme.
    chosen : bool
        They were asked for by name, so that what rcParams say does not count.
    """
    wanted = tuple(preferred) if chosen else (*_of_rc(), *preferred)
    installed = {entry.name for entry in fontManager.ttflist}
    first = next((name for name in wanted if name in FONT or (name in installed and _tabular(name))), FONT[0])
    return tuple(dict.fromkeys((first, *FONT)))


def _of_rc():
    """Return the families that rcParams name, none where they are those of matplotlib."""
    now, usual = matplotlib.rcParams, matplotlib.rcParamsDefault
    if all(now[key] == usual[key] for key in ("font.family", "font.sans-serif")):
        return ()
    generic = ("sans-serif", "serif", "monospace", "cursive", "fantasy")
    return tuple(each for name in now["font.family"] for each in (now[f"font.{name}"] if name in generic else [name]))


@contextmanager
def unhinted():
    """Draw letters on a raster as wide as they were measured: hinting widens a line by up to 14 per cent."""
    before = matplotlib.rcParams["text.hinting"]
    matplotlib.rcParams["text.hinting"] = "none"
    try:
        yield
    finally:
        matplotlib.rcParams["text.hinting"] = before


@contextmanager
def lean_fonts(kind):
    """Embed fonts in PDF and EPS sooner, without the tables that nobody reads there.

    Letters are placed one by one and named by their glyphs: what shapes text and finds characters is left out (ISO
    32000-1, 9.9), in PDF the names of glyphs too, by which EPS draws. The measuring of letters is inside matplotlib:
    where a version has none by this name, files take longer.
    """
    from fontTools import subset
    from matplotlib.backends import backend_ps

    load, bounds = subset.load_font, getattr(backend_ps, "_bounds", None)

    @wraps(load)
    def load_lean(*args, **options):
        return _without(load(*args, **options), UNREAD if kind == "pdf" else UNREAD[:-1])

    subset.load_font = load_lean
    if bounds:
        backend_ps._bounds = _bounds
    try:
        yield
    finally:
        subset.load_font = load
        if bounds:
            backend_ps._bounds = bounds


def _without(font, tags):
    """Take tables out of a font before they are read, which takes most of the time of a subset, and return it."""
    for tag in tags:
        if tag in font:
            del font[tag]
    return font


def _bounds(font):
    """Return the box of all letters of a font as its maker states it, instead of drawing each of thousands."""
    return tuple(getattr(font["head"], end) for end in ("xMin", "yMin", "xMax", "yMax"))


class _Letters:
    """Advances and kerning of the letters of one font file, in points at ``UNITS``, each measured once."""

    def __init__(self, path):
        self.path, self.advances, self.pairs = path, {}, {}

    def _font(self):
        font = get_font(self.path)
        font.set_size(UNITS, 72)
        return font

    def advance(self, letter):
        """Return the width of a letter."""
        if letter not in self.advances:
            glyph = self._font().load_char(ord(letter), LoadFlags.NO_HINTING)
            self.advances[letter] = glyph.linearHoriAdvance / 65536
        return self.advances[letter]

    def pair(self, pair):
        """Return the width of the first letter of a pair before the second."""
        if pair not in self.pairs:
            font = self._font()
            both = [font.get_char_index(ord(letter)) for letter in pair]
            self.pairs[pair] = self.advance(pair[0]) + font.get_kerning(*both, Kerning.UNFITTED) / 64
        return self.pairs[pair]

    def width(self, text):
        """Return the width of a line of letters that keep their shape."""
        known, pair = self.pairs, self.pair
        pairs = map(str.__add__, text, text[1:])
        return sum([known[p] if p in known else pair(p) for p in pairs], self.advance(text[-1]))


_letters = lru_cache(maxsize=64)(_Letters)


@lru_cache(maxsize=64)
def _tabular(family):
    """Say whether all figures of a family are of one width."""
    measured = _Letters(_path_of(family))
    return len({measured.advance(figure) for figure in "0123456789"}) == 1


@lru_cache(maxsize=64)
def _path_of(family, weight="normal", style="normal"):
    """Return the file of a family."""
    return str(fontManager.findfont(FontProperties(family=family, weight=weight, style=style)))


def simple_width(text, family, weight):
    """Return the width of a line in points at ``UNITS``, or None where letters are shaped or come from elsewhere."""
    path, codes = _path_of(family, weight), set(map(ord, text))
    if not codes <= _signs_of(path) or any(code >= SIMPLE and code not in SIGNS for code in codes):
        return None
    return None if LIGATURE in text else _letters(path).width(text)


@lru_cache(maxsize=256)
def _signs_of(path):
    """Return the code points that a font file has."""
    return frozenset(get_font(path).get_charmap())


def with_fallbacks(names, text, weight="normal"):
    """Return the families for a text, other installed ones added for what these lack, and the letters none has."""
    if text.isascii():
        return names, frozenset()
    rest = frozenset.intersection(*(_lacking(text, name, weight) for name in names))
    if not rest:
        return names, rest
    more, rest = _found(rest, len(fontManager.ttflist))
    return (*names, *more), rest


@lru_cache(maxsize=4096)
def _lacking(text, family, weight):
    """Return the letters of a text that a family lacks; signs without a shape of their own do not count."""
    known = _signs_of(_path_of(family, weight))
    return frozenset(c for c in text if ord(c) not in known and unicodedata.category(c) not in ("Cf", "Cc"))


@lru_cache(maxsize=256)
def _found(letters, installed):
    """Return families that have these letters, as few as possible, and the letters that none of the installed has."""
    coverage = {}
    for entry in fontManager.ttflist:
        plain = entry.style == "normal" and entry.weight in (400, "normal", "regular")
        if plain and not entry.name.startswith(BLANKS) and entry.name not in coverage:
            has = _signs_of(entry.fname)
            coverage[entry.name] = frozenset(c for c in letters if ord(c) in has)
    names = []

    def rank(name):
        return -len(coverage[name] & letters), "Sans" not in name, name

    while letters and (best := min(coverage, key=rank, default=None)) and coverage[best] & letters:
        names.append(best)
        letters -= coverage[best]
    return tuple(names), letters


def spelled(letters):
    """Return letters with their code points, such as "李 (U+674E)"; of many, the first ten."""
    named = [f"{c} (U+{ord(c):04X})" for c in sorted(letters)]
    return ", ".join(named[:10]) + (f" and {len(named) - 10} more" if len(named) > 10 else "")


def font_faces(figure):
    """Return the CSS that embeds the fonts of a figure, one rule for each file that its texts use."""
    rules = []
    for (family, weight), letters in sorted(_letters_used(figure).items()):
        data = _subset(_path_of(family, weight), frozenset(letters) | USUAL)
        if data:
            source = base64.b64encode(data).decode()
            rules.append(
                f"@font-face{{font-family:'{family}';font-weight:{weight};"
                f"src:url(data:font/woff;base64,{source}) format('woff')}}"
            )
    return "\n".join(rules)


def _letters_used(figure):
    """Return (family, weight) -> letters that its texts take from it."""
    shown, used = {}, {}
    for text in figure.findobj(Text):
        if text.get_visible():
            look = text.get_fontproperties()
            font = tuple(look.get_family()), look.get_weight()
            shown.setdefault(font, set()).update(getattr(text, "whole", "") or text.get_text())
    for (families, weight), rest in shown.items():
        weight = "bold" if weight == "bold" or (isinstance(weight, int) and weight >= BOLD) else "normal"
        for family in families:
            has = {c for c in rest if ord(c) in _signs_of(_path_of(family, weight))}
            if has:
                used.setdefault((family, weight), set()).update(has)
            rest -= has
            if not rest:
                break
    return used


@lru_cache(maxsize=64)
def _subset(path, letters):
    """Return a font file with these letters alone as WOFF; empty where its maker forbids embedding."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    simple = all(ord(letter) < SIMPLE or letter in USUAL for letter in letters)
    with TTFont(path, lazy=True, fontNumber=0, recalcTimestamp=False) as font:
        if "OS/2" in font and font["OS/2"].fsType & 0x000E == FORBIDDEN:
            return b""
        options = subset.Options(hinting=False, notdef_outline=True, glyph_names=False)
        kept = TABLES if simple else TABLES + SHAPING
        _without(font, [tag for tag in font.keys() if tag not in kept])  # noqa: SIM118, a font is no dict
        if simple:
            options.layout_features = ["kern"]
        reduced = subset.Subsetter(options)
        reduced.populate(unicodes=sorted(map(ord, letters)))
        reduced.subset(font)
        font.flavor = "woff"
        file = io.BytesIO()
        font.save(file, reorderTables=False)
    return file.getvalue()


def family_list(families):
    """Return families as CSS has them, any font without serifs last."""
    return ", ".join([*(f"'{name}'" for name in families), "sans-serif"])
