"""The catalogue of all texts of the figures, and how a text is translated by it.

It is data, in ``locale``: whole sentences with named places, and what they are in another language. A text is looked up
as a whole, then sentence by sentence and clause by clause; what stands in its places is looked up on its own and put
where the translation has the places. What no entry fits, such as the names of trials, is left as it is.
"""

import difflib
import functools
import gettext
import re
import tomllib
from importlib.resources import files
from typing import NamedTuple, get_args

from analysis._check import UNPRINTABLE
from analysis._types import Language
from analysis.sentences import capital
from analysis.text import plain

LANGUAGES = get_args(Language)
PLACE = re.compile(r"\{(\w+)\}")
DATA = ("name", "names", "those", "families", "value", "quoted")  # places of what comes from the data
# what may stand in a place, by its name: a number, several clauses, anything between texts; else a part of a clause
NUMBER = r"[<>±−+]*\d[\S\u202f]*?(?: × 10\S+?)?"
END = r"(?<!\bal)(?<!\b(?:Dr|Jr|Nr|St))\. "  # of a sentence, not within "Smith et al. 2001"
IN_BRACKETS = r"\((?:[^()\n]|\([^()\n]*\))*\)"
# brackets are taken as a whole, in one way only: else a long text that fits nothing would take for ever
CLAUSE = rf"(?:{IN_BRACKETS}|(?!{END}|; |[\n←→↑↓]|{IN_BRACKETS}).)+?"
WORD = rf"(?:(?!{END}|[;:,] |[\n←→↑↓]).)+?"
INSIDE = {**dict.fromkeys(("k", "n", "low", "high", "at"), NUMBER), **dict.fromkeys(("word", "left", "right"), WORD)}
INSIDE |= {**dict.fromkeys(("results", "quoted"), rf"(?:(?!{END}).)+?"), "names": ".+?", "those": "(?:(?!; ).)+?"}
INSIDE["families"] = "(?:(?!: ).)+?"
INSIDE["better"] = rf"(?:less|fewer|more|lower|higher)\b(?: {WORD})??"
INSIDE["outcome"] = rf"(?!\d)(?:(?! in \d){CLAUSE.removesuffix('+?')})+?"  # not the number of trials behind it
# between the parts of a text, the strongest first; those within parentheses come last
OUTSIDE = r"(?!(?:[^()]|\([^()]*\))*\))"
LETTER = re.compile(r"\([a-z†]\) ")  # of a note, before its text
MARKS = (r"(\n| {3})", f"({END})", *(rf"({mark} {OUTSIDE})" for mark in ";:,"), r"( *[\[\]()←→↑↓] *)", r"([;:,] )")
PLURALS = "Plural-Forms"  # the label that holds gettext's rule of a language
COUNT = re.compile(r"\d[\d\u202f]*(?:[.,]\d+)?")
MOST = 19  # pieces that are put together again, with the marks between them: no text has more
BREAKS = re.compile("[\\t-\\r\\x1c-\\x1e\\x85\\u2028\\u2029]+")  # of lines, and tabs
LEAST = 3  # letters of its own that a text has of which translations may name instances


class Said(str):
    """A text in the language of the figure, or from the data: it is not translated (again).

    It stands on one line, its names as they were, and U+FFFD in the place of what no file can hold.
    """

    __slots__ = ()

    def __new__(cls, text=""):
        """Return a text that every file can hold."""
        if not text.isprintable():
            text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", BREAKS.sub(" ", plain(text)))
        return super().__new__(cls, text)


class _Entry(NamedTuple):
    """A text of the catalogue: its pattern, its longest part between places, how many letters and signs are its own."""

    text: str
    pattern: re.Pattern
    part: str
    letters: int
    signs: int

    def places_in(self, text):
        """Return what stands in the places of a text that is one of this kind, else None."""
        found = self.pattern.fullmatch(text) if self.part in text.lower() else None
        return found and found.groupdict()


@functools.cache
def catalogue(language="de"):
    """Return the texts of the figures in English, each with its translation, or with its forms."""
    data = files("analysis.plots").joinpath("locale", f"{language}.toml").read_text(encoding="utf-8")
    texts = {text: new for table in tomllib.loads(data).values() for text, new in table.items()}
    return {text: new if isinstance(new, str) else tuple(new) for text, new in texts.items()}


@functools.cache
def _entry(text):
    parts, pattern = PLACE.split(text), ""
    for i, part in enumerate(parts):
        if i % 2 == 0:
            pattern += re.escape(part)
        elif f"(?P<{part}>" in pattern:
            pattern += f"(?P={part})"
        else:
            pattern += f"(?P<{part}>{INSIDE.get(part, WORD if part in DATA else CLAUSE)})"
    # a text may begin a sentence
    if text[:1].islower():
        pattern = f"[{text[0]}{text[0].upper()}]{pattern[1:]}"
    own = parts[::2]
    return _Entry(
        text, re.compile(pattern), max(own, key=len).lower(), sum(map(str.isalpha, "".join(own))), len("".join(own))
    )


@functools.lru_cache(maxsize=16)
def _entries(texts):
    """Return entries, those with most letters of their own first: the special before the general."""
    return sorted(map(_entry, texts), key=lambda each: (-each.letters, -each.signs))


def _fitting(text, entries):
    """Return the first entry that fits a text, with what stands in its places; (None, None) where none does."""
    return next(((each, found) for each in entries if (found := each.places_in(text)) is not None), (None, None))


def translator(labels):
    """Return the function that translates a text by ``labels``: new texts by those of the catalogue."""
    translated = _translated_by(tuple(labels.items())) if labels else str

    def say(text):
        return text if isinstance(text, Said) or not text else Said(translated(str(text)))

    return say


# figures say the same texts again and again
@functools.lru_cache(maxsize=8)
def _translated_by(labels):
    labels = dict(labels)
    entries = _entries((*labels, *(text for text in catalogue() if text not in labels)))
    plural = gettext.c2py(labels.get(PLURALS, "plural=n != 1").rpartition("plural=")[2].rstrip("; "))

    @functools.lru_cache(maxsize=4096)
    def translated(text):
        if not any(map(str.isalpha, text)):
            return text
        if (whole := plain(text)) != text and isinstance(new := labels.get(whole), str):
            return new
        if text.endswith(".") and text.lower() not in labels:
            return translated(text[:-1]) + "."
        if letter := LETTER.match(text):
            return letter[0] + translated(text[letter.end() :])
        entry, places = _fitting(text, entries)
        if entry is None:
            return _by_parts(text, entries, translated)
        filled = {name: found if name in DATA else translated(found) for name, found in places.items()}
        form = _form(labels.get(entry.text, entry.text), places, plural)
        new = PLACE.sub(lambda place: filled[place[1]], form)
        return capital(new) if text[:1].isupper() else new

    return translated


def _form(new, places, plural):
    """Return the form of a translation that the first number in the places asks for, if it has several."""
    if isinstance(new, str):
        return new
    number = next((found for each in places.values() if (found := COUNT.match(each))), None)
    # of a fraction the last form, as of many
    whole = re.sub("\u202f", "", number[0]) if number else ""
    return new[plural(int(whole))] if whole.isdigit() else new[-1]


def _by_parts(text, entries, translated):
    """Return a text that no entry fits, its sentences or clauses translated."""
    for mark in MARKS:
        pieces = re.split(mark, text)
        if len(pieces) > 1:
            return "".join(_joined(pieces, entries, translated))
    return text


def _joined(pieces, entries, translated):
    """Yield the parts of a text; pieces, with marks between them, are one part where only an entry for all fits."""
    at = 0
    while at < len(pieces):
        ends = range(at + 1, min(len(pieces), at + MOST) + 1, 2)
        end = next((end for end in ends if _fitting("".join(pieces[at:end]), entries)[0]), at + 1)
        yield translated("".join(pieces[at:end]))
        yield from pieces[end : end + 1]
        at = end + 1


def texts_in(text):
    """Return the texts of the catalogue that a text is made of, in their order."""
    used, entries = {}, _entries(tuple(catalogue()))

    def noted(text):
        entry, places = _fitting(text, entries)
        if entry is None:
            return _by_parts(text, entries, noted)
        if entry.letters:
            used[entry.text] = None
        for name, found in places.items():
            if name not in DATA:
                noted(found)
        return text

    noted(text)
    return list(used)


def checked(labels):
    """Return labels, of which every key is a text of the figures, or one with its places filled.

    Raises
    ------
    ValueError
        For other keys, with those that come near, for translations with places that their text has not, and for a
        number of forms that the rule of the plural does not have.
    """
    known, problems = catalogue(), []
    labels = {text: new if isinstance(new, str) else tuple(new) for text, new in labels.items()}
    forms = re.search(r"nplurals=(\d+)", labels.get(PLURALS, "nplurals=2"))
    instances = [entry for entry in _entries(tuple(known)) if entry.letters >= LEAST]
    for text, new in labels.items():
        if text not in known and not (isinstance(text, str) and text and _fitting(PLACE.sub("1", text), instances)[0]):
            near = difflib.get_close_matches(str(text), {*known, *map(capital, known)}, 3, 0.6)
            problems.append(f"{text!r}" + (f" (perhaps {' or '.join(map(repr, near))})" if near else ""))
        elif not isinstance(new, str) and (forms is None or len(new) != int(forms[1])):
            problems.append(f"{text!r}, of which {len(new)} forms are given where {PLURALS!r} says otherwise")
        elif strange := {*PLACE.findall(" ".join((new,) if isinstance(new, str) else new))} - {*PLACE.findall(text)}:
            problems.append(f"{text!r}, which has no place {', '.join(sorted(strange))}")
    if problems:
        raise ValueError(f"labels translates what no figure says: {'; '.join(problems)}; see figure_labels(fig)")
    return labels


def spelled(spelling, labels):
    """Return labels in which every text, translated or not, is spelled by patterns and what they become."""
    new = {**{text: text for text in catalogue()}, **labels} if spelling else labels
    for pattern, other in spelling.items():
        new = {text: _respelled(pattern, other, each) for text, each in new.items()}
    return {text: each for text, each in new.items() if each != text}


def _respelled(pattern, other, each):
    """Return a translation spelled otherwise, in all of its forms."""
    if isinstance(each, str):
        return re.sub(pattern, other, each)
    return tuple(re.sub(pattern, other, form) for form in each)
