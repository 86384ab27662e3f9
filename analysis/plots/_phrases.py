"""Translation: every text of a figure passes through ``say``; which texts there are is read from the functions."""

import dataclasses
import difflib
import re
import sys
import types
from functools import lru_cache

from matplotlib.text import Text

# modules, by the beginnings of their names
SOURCES = tuple(f"analysis.{name}" for name in ("plots", "text", "report", "arm", "effect_table", "trial_notes"))
SHORTEST = 3  # letters of a listed text: smaller words are translated all the same
WRAPPED = ("title-", "footer-", "caption-", "key-text-")  # gids of texts that go on in the next line
MORE = ("trials", "p =", "p <", "p >")  # made of parts in the functions
EDGES = " \n,;:.[]{}←→=<>−+*"


class Said(str):
    """A text in the language of the figure, or from the data: it is not translated (again)."""

    __slots__ = ()


def translator(labels):
    """Return the function that translates a text by ``labels``: as a whole, else phrase by phrase, longest first."""
    if not labels:
        return _unchanged
    known = {phrase: new for old, new in labels.items() for phrase, new in ((old, new), (_capital(old), _capital(new)))}
    known |= labels
    longest_first = sorted(known, key=len, reverse=True)
    pattern = re.compile("|".join(map(_as_word, longest_first)))

    @lru_cache(maxsize=4096)
    def translated(text):
        return Said(known[text] if text in known else pattern.sub(lambda found: known[found[0]], text))

    def say(text):
        return text if isinstance(text, Said) or not text else translated(str(text))

    return say


def _unchanged(text):
    return text


def _capital(text):
    return text[:1].upper() + text[1:]


def _as_word(text):
    """Return the pattern of a text that neither begins nor ends inside a word."""
    return (r"(?<!\w)" if text[0].isalnum() else "") + re.escape(text) + (r"(?!\w)" if text[-1].isalnum() else "")


def _bare(text):
    """Return a text without punctuation at its ends, brackets that are closed inside kept."""
    text = text.strip(EDGES)
    while text.count("(") != text.count(")") and (text.startswith("(") or text.endswith(("(", ")"))):
        text = (text[1:] if text.startswith("(") else text[:-1]).strip(EDGES)
    return text


def check_labels(labels):
    """Return labels whose keys are texts of the figures; the others are named, with those that come near."""
    if unknown := [key for key in labels if not _is_known(key)]:
        near = {key: difflib.get_close_matches(key, phrases(), 3, 0.6) for key in unknown}
        hints = [f" (perhaps {' or '.join(map(repr, near[key]))})" if near[key] else "" for key in unknown]
        listed = "; ".join(f"{key!r}{hint}" for key, hint in zip(unknown, hints, strict=True))
        raise ValueError(f"labels translates what no figure says: {listed}; see figure_labels(fig)")
    return dict(labels)


def _is_known(key):
    if not isinstance(key, str) or not _bare(key):
        return False
    within = re.compile(_as_word(_bare(key)), re.IGNORECASE)
    return any(within.search(phrase) for phrase in phrases())


def figure_labels(fig):
    """Return the texts of a figure that ``theme(labels=...)`` can translate.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Made by a function of this library.

    Returns
    -------
    list of str
        In the order in which they occur: texts as a whole, and the fixed parts of captions between the numbers.
        Translations of shorter parts, such as single words, are accepted too.

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]))
    >>> [label for label in analysis.figure_labels(fig) if "interval" in label][-2:]
    ['Prediction interval, new trial', 'prediction interval for a new trial']
    """
    texts = _texts_of(fig)
    lower, known = texts.lower(), set(phrases())
    present = sorted((each for each in known if each.lower() in lower), key=lambda each: (-len(each), each))
    pattern = re.compile("|".join(map(_as_word, present)) or "$", re.IGNORECASE)
    spelling = {each.lower(): each for each in reversed(present)}
    matches = [found[0] for found in pattern.finditer(texts) if len(found[0]) >= SHORTEST]
    return list(dict.fromkeys(each if each in known else spelling[each.lower()] for each in matches))


def _texts_of(fig):
    """Return all texts of a figure, those on several lines put together again."""
    content, texts = getattr(fig, "content", None), []
    for text in fig.findobj(Text):
        wrapped = (text.get_gid() or "").startswith(WRAPPED)
        texts += [text.get_text(), " " if wrapped else "\n"]
    more = [] if content is None else [content.title, content.caption, content.alt_text]
    return "".join(texts) + "\n" + "\n".join(more)


@lru_cache(maxsize=1)
def _phrases_of(names):
    """Return the texts in the functions and constants of these modules."""
    found = set(MORE)
    for name in names:
        module = sys.modules[name]
        for value in vars(module).values():
            if getattr(value, "__module__", name) == name:
                found.update(_texts(value))
    parts = {_bare(part) for text in found for part in text.split("\n")}
    return tuple(sorted(part for part in parts if any(c.isalpha() for c in part)))


def phrases():
    """Return all texts that the figures may say (and other words of the functions that make them)."""
    names = [name for name in sys.modules if name.startswith(SOURCES) and not name.endswith("_phrases")]
    return _phrases_of(tuple(sorted(names)))


def _texts(value):
    """Yield the texts in a constant, a function or a class."""
    value = getattr(value, "__wrapped__", value)
    if isinstance(value, str):
        yield value
    elif isinstance(value, types.FunctionType):
        yield from _texts([*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()])
        yield from (text for text in _texts(value.__code__) if text != value.__doc__)
    elif isinstance(value, property):
        yield from _texts(value.fget)
    elif isinstance(value, types.CodeType):
        yield from _texts(value.co_consts)
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, type):
        yield from _texts([member for name, member in vars(value).items() if not name.startswith("__")])
    elif dataclasses.is_dataclass(value):
        yield from _texts(list(vars(value).values()))
