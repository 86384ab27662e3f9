"""Extents of text in millimetres, without drawing it."""

from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from analysis.plots import _style as style
from analysis.plots._fonts import UNITS, UNKNOWN, simple_width, with_fallbacks
from analysis.plots._look import PT_PER_MM
from analysis.plots._phrases import Said

RELATIONS = ("=", "<", ">")
SAFETY = 1.02  # hinting on a raster may widen a line by about one per cent


def font(size, weight="normal", text=""):
    """Return the font of the figure at this size and weight, with what ``text`` needs beyond the usual letters."""
    return _font(with_fallbacks(style.FONT, text, weight)[0], size, weight)


@lru_cache(maxsize=256)
def _font(families, size, weight):
    return FontProperties(family=list(families), size=size, weight=weight)


def text_width(text, size, weight="normal"):
    """Return the width of one line of text in millimetres, in the language of the figure."""
    return _width(str(style.say(text)), size, weight, style.FONT) if text else 0.0


@lru_cache(maxsize=8192)
def _width(text, size, weight, families):
    width = simple_width(text, families[0], weight)
    if width is None:
        families, missing = with_fallbacks(families, text, weight)
        text = text.translate(dict.fromkeys(map(ord, missing), UNKNOWN))
        width, _, _ = text_to_path.get_text_width_height_descent(text, _font(families, UNITS, weight), False)
    return SAFETY * width * size / UNITS / PT_PER_MM


def line_height(size):
    """Return the distance between two base lines in millimetres."""
    return style.LINE * size / PT_PER_MM


def wrap(text, width, size, weight="normal"):
    """Break a paragraph into lines no wider than ``width`` mm; a word that is too long is broken too."""
    lines, line = [], ""
    for word in _words(str(style.say(text))):
        trial = Said(f"{line} {word}" if line else word)
        if text_width(trial, size, weight) <= width:
            line = trial
            continue
        if line:
            lines.append(line)
        *full, line = _break_word(word, width, size, weight)
        lines.extend(full)
    return [*lines, line] if line else lines


def _words(text):
    """Return the words of a paragraph; "p = 0.03" and "p <0.001" count as one."""
    words = []
    for word in text.split(" "):
        if words and (word[:1] in RELATIONS or words[-1][-1:] == "="):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def first_fitting(texts, width, size, weight="normal"):
    """Return the first of the texts that is no wider than ``width`` mm, or an empty text."""
    return next((text for text in texts if text_width(text, size, weight) <= width), "")


def wrap_evenly(text, width, size):
    """Break a paragraph into as few lines as ``wrap``, of lengths as even as possible."""
    lines = wrap(text, width, size)
    while len(lines) > 1:
        narrower = wrap(text, width := width - 1.0, size)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def _break_word(word, width, size, weight):
    """Return the pieces of a word that fit on a line each (usually the word alone)."""
    pieces, piece = [], ""
    for letter in word:
        if piece and text_width(Said(piece + letter), size, weight) > width:
            pieces.append(Said(piece))
            piece = ""
        piece += letter
    return [*pieces, Said(piece)]
