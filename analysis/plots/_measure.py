"""Extents of text in millimetres, without drawing it."""

from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from analysis.plots._style import FONT, LINE, PT_PER_MM

SAFETY = 1.02  # hinting on a raster may widen a line by about one per cent


@lru_cache(maxsize=32)
def font(size, weight="normal"):
    """Return the font of the figures at this size and weight."""
    return FontProperties(family=FONT, size=size, weight=weight)


@lru_cache(maxsize=8192)
def text_width(text, size, weight="normal"):
    """Return the width of one line of text in millimetres."""
    if not text:
        return 0.0
    width, _, _ = text_to_path.get_text_width_height_descent(text, font(size, weight), False)
    return SAFETY * width / PT_PER_MM


def line_height(size):
    """Return the distance between two base lines in millimetres."""
    return LINE * size / PT_PER_MM


def wrap(text, width, size, weight="normal"):
    """Break a paragraph into lines no wider than ``width`` mm; a word that is too long is broken too."""
    lines, line = [], ""
    for word in text.split(" "):
        trial = f"{line} {word}" if line else word
        if text_width(trial, size, weight) <= width:
            line = trial
            continue
        if line:
            lines.append(line)
        *full, line = _break_word(word, width, size, weight)
        lines.extend(full)
    return [*lines, line] if line else lines


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
        if piece and text_width(piece + letter, size, weight) > width:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]
