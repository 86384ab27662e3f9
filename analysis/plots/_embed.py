"""Fonts inside an SVG: the letters that a figure needs, so that its text stays text and looks the same everywhere."""

import base64
import io
from functools import lru_cache

from matplotlib.text import Text

from analysis.plots._fonts import SIMPLE, path_of, signs_of

# always embedded, so that figures share their fonts' bytes: ASCII and the usual signs of numbers and of captions
USUAL = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("−–·×²†≤≥←→τμ’“”…\N{NARROW NO-BREAK SPACE}")
BOLD = 600  # and heavier
FORBIDDEN = 0x0002  # fsType of a font that may not be embedded
TABLES = ("GlyphOrder", "head", "hhea", "maxp", "OS/2", "hmtx", "cmap", "name", "post", "glyf", "loca", "CFF ", "GPOS")
SHAPING = ("GSUB", "GDEF")


def font_faces(figure):
    """Return the CSS that embeds the fonts of a figure, one rule for each file that its texts use."""
    rules = []
    for (family, weight), letters in sorted(_letters_used(figure).items()):
        data = _subset(path_of(family, weight), frozenset(letters) | USUAL)
        if data:
            source = base64.b64encode(data).decode()
            rules.append(
                f"@font-face{{font-family:'{family}';font-weight:{weight};"
                f"src:url(data:font/woff;base64,{source}) format('woff')}}"
            )
    return "\n".join(rules)


def family_list(families):
    """Return families as CSS has them, any font without serifs last."""
    return ", ".join([*(f"'{name}'" for name in families), "sans-serif"])


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
            has = {c for c in rest if ord(c) in signs_of(path_of(family, weight))}
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
        options.drop_tables = [tag for tag in font.keys() if tag not in (TABLES if simple else TABLES + SHAPING)]
        if simple:
            options.layout_features = ["kern"]
        reduced = subset.Subsetter(options)
        reduced.populate(unicodes=sorted(map(ord, letters)))
        reduced.subset(font)
        font.flavor = "woff"
        file = io.BytesIO()
        font.save(file, reorderTables=False)
    return file.getvalue()
