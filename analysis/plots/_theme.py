"""Themes: looks, digits and signs of numbers that belong together, for as long as a ``with`` block lasts.

Other rooms import this one as ``style`` and read the look in force by name: ``style.INK``, ``style.MARGIN`` and the
others of ``_look``, as the theme has them. They are looked up when a figure is drawn, so they must be written
``style.INK`` there: a default argument or a constant of a module would keep the value of another theme. New ones are
added in ``_look``. Every text of a figure passes through ``say``, which translates; which texts there are is read from
the functions.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import importlib
import pkgutil
import re
import sys
import types
from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from analysis import _check
from analysis._types import ThemeName
from analysis.plots._fonts import families
from analysis.plots._look import PALETTES, SETTINGS
from analysis.text import NUMBERS, NumberStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# the rooms whose texts may stand in a figure, by the beginnings of their names
SOURCES = tuple(
    f"analysis.{name}"
    for name in ("plots", "text", "sentences", "measures", "evidence.arms", "data.arm_scores", "data.effect_sizes")
)
# letters of a listed text: smaller words are translated all the same
SHORTEST = 3
# gids of texts that go on in the next line
WRAPPED = ("title-", "footer-", "caption-", "key-text-")
# made of parts in the functions, so that their code does not hold them
MORE = ("trial", "trials", "study", "studies", "Trial", "Trials", "Study", "Studies", "p =", "p <", "p >")
# the words of a text that follow the data, between which its code holds the others
FOLLOWING = re.compile(r"\b(?:trials?|study|studies|treatment|placebo)\b")
EDGES = " \n,;:.[]{}←→=<>−+*"
WIDTHS_MM = {"single": 85.0, "double": 174.0}
DARK = 0.2  # relative luminance of a paper that asks for light ink
_CURRENT = ContextVar("theme", default=None)


def figure_labels(fig: Figure) -> list[str]:
    """Return the texts of a figure that ``theme(labels=...)`` can translate.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Made by a function of this library.

    Returns
    -------
    list of str
        In the order in which they occur: texts as a whole, and the fixed parts of captions between the numbers and the
        words of the data, such as study or trial. Translations of shorter parts, such as single words, are accepted
        too, and of longer ones with these words in them, such as "Prediction interval, new study".

    See Also
    --------
    analysis.theme : Draw figures in another language, with translations of these texts.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]))
    >>> [label for label in analysis.figure_labels(fig) if "new" in label]
    ['Prediction interval, new', 'prediction interval for a new']
    """
    if not hasattr(fig, "findobj"):
        raise TypeError(_check.refusal(fig, "figure_labels", "give a figure made by a function of this library"))
    texts = _texts_of(fig)
    lower, known = texts.lower(), set(phrases())
    present = sorted((each for each in known if each.lower() in lower), key=lambda each: (-len(each), each))
    pattern = re.compile("|".join(map(_as_word, present)) or "$", re.IGNORECASE)
    # Where a name in capitals is spelt alike, the last one is the text.
    spelling = {each.lower(): each for each in present}
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


def phrases():
    """Return all texts that the figures may say (and other words of the functions that make them)."""
    # Figures are loaded on first use; a label may belong to one that was not drawn yet.
    for room in pkgutil.iter_modules(sys.modules[__package__].__path__, f"{__package__}."):
        importlib.import_module(room.name)
    names = [name for name in sys.modules if name.startswith(SOURCES)]
    return _phrases_of(tuple(sorted(names)))


# the modules are the key: where more of them are loaded, there are more phrases
@lru_cache(maxsize=1)
def _phrases_of(names):
    """Return the texts in the functions and constants of these modules."""
    found = set(MORE)
    for name in names:
        module = sys.modules[name]
        for value in vars(module).values():
            if getattr(value, "__module__", name) == name:
                found.update(_texts_in(value))
    parts = {_bare(part) for text in found for part in re.split(r"\n|{\w+}", text)}
    return tuple(sorted(part for part in parts if any(c.isalpha() for c in part)))


def _texts_in(value):
    """Yield the texts in a constant, a function or a class."""
    value = getattr(value, "__wrapped__", value)
    if isinstance(value, str):
        yield value
    elif isinstance(value, types.FunctionType):
        yield from _texts_in([*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()])
        # The first constant of a function that has a docstring is that.
        yield from _texts_in(value.__code__.co_consts[1 if value.__doc__ else 0 :])
    elif isinstance(value, property):
        yield from _texts_in(value.fget)
    elif isinstance(value, types.CodeType):
        yield from _texts_in(value.co_consts)
    elif isinstance(value, dict):
        yield from _texts_in([*value, *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts_in(each)
    elif isinstance(value, type):
        yield from _texts_in([member for name, member in vars(value).items() if not name.startswith("__")])
    elif dataclasses.is_dataclass(value):
        yield from _texts_in(list(vars(value).values()))


def _bare(text):
    """Return a text without punctuation at its ends, brackets that are closed inside kept."""
    text = text.strip(EDGES)
    while text.count("(") != text.count(")") and (text.startswith("(") or text.endswith(("(", ")"))):
        text = (text[1:] if text.startswith("(") else text[:-1]).strip(EDGES)
    return text


def _as_word(text):
    """Return the pattern of a text that neither begins nor ends inside a word."""
    return (r"(?<!\w)" if text[0].isalnum() else "") + re.escape(text) + (r"(?!\w)" if text[-1].isalnum() else "")


class _Look(NamedTuple):
    """What is in force: values by name, signs of numbers, labels and the function that translates by them."""

    name: str
    values: dict
    numbers: NumberStyle
    labels: dict
    say: object
    chosen: bool = True  # by ``theme``, not by default

    @property
    def spoken(self):
        """All labels in force: those of the theme's spelling and those given."""
        return {**PALETTES[self.name].get("labels", {}), **self.labels}


def theme(
    name: ThemeName | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    decimal: str | None = None,
    **changes: Any,
) -> AbstractContextManager[None]:
    """Draw figures in another look, or in another language, within a ``with`` block.

    Parameters
    ----------
    name : {"default", "jama", "revman", "minimal", "dark"}, optional
        "jama": limits in parentheses, p without its zero, blue squares and diamonds. "revman": limits as
        [−3.81, −2.05], green squares, black diamonds, two decimals. "minimal": black and greys. "dark": light ink on
        dark paper, for slides. Default: the theme in force.
    labels : mapping of str to str, optional
        Translations of texts of the figures, such as {"Trial": "Studie", "Difference": "Differenz"};
        ``figure_labels(fig)`` lists the texts of a figure. The longest text is translated first, whole words
        only; names of trials and values of the data are left alone.
    decimal : str, optional
        The decimal mark: "," or "·", as The Lancet has it. Default: that of the theme.
    **changes
        Single settings of a look in lower case, such as ``square="#446688"``, ``square_max_pt=7`` or
        ``font="Arial"``.

    Returns
    -------
    context manager
        Only figures drawn inside are changed, in this thread or task; nothing global is touched.

    Raises
    ------
    ValueError
        For an unknown theme, setting or label, with those that come near.

    See Also
    --------
    analysis.figure_labels : List the texts of a figure that can be translated.
    analysis.save_figure : Write a figure with its numbers and its caption.
    analysis.forest : Draw a forest plot.

    Notes
    -----
    A font that ``rcParams`` or a style sheet names is used in every theme, as long as its figures are all of one
    width; signs that it lacks come from DejaVu Sans. A style sheet with dark paper gives the dark theme. All other
    ``rcParams`` are left aside, so that a figure is the same everywhere. The signs of "jama" follow the AMA
    Manual of Style, those of "revman" Review Manager 5.

    References
    ----------
    AMA Manual of Style, 11th edition, sections 18.7.1 and 19.5.

    Review Manager (RevMan) 5, The Cochrane Collaboration.

    Examples
    --------
    >>> import analysis
    >>> pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05])
    >>> with analysis.theme("jama", labels={"Trial": "Studie"}):
    ...     fig = analysis.forest(pooled)
    >>> fig.content.table["text_low"].iloc[0]
    '(−1.39 to'
    """
    return _in_force(_look_of(name, labels, decimal, changes))


@contextlib.contextmanager
def _in_force(look):
    """Put a _Look in force."""
    tokens = _CURRENT.set(look), NUMBERS.set(look.numbers)
    try:
        yield look
    finally:
        NUMBERS.reset(tokens[1])
        _CURRENT.reset(tokens[0])


def _look_of(name, labels, decimal, changes):
    """Return the Look of the arguments of ``theme``, based on the one in force."""
    outer = current()
    _check_settings(name, changes)
    base = outer if name is None else _BY_NAME[name]
    values = {key.upper(): value for key, value in changes.items()}
    if isinstance(values.get("FONT"), str):
        values["FONT"] = (values["FONT"],)
    said = {**outer.labels, **_check_labels(labels or {})}
    values = _complete({**base.values, **values}, given={**_given(base.name), **values})
    numbers = base.numbers if decimal is None else base.numbers._replace(decimal=decimal)
    look = _Look(base.name, values, numbers, said, None)
    return look._replace(say=translator(look.spoken))


def current():
    """Return the _Look in force."""
    return _CURRENT.get() or _UNCHOSEN


def _check_settings(name, changes):
    if name is not None and name not in PALETTES:
        raise ValueError(f"theme is {name!r}; choose from {', '.join(PALETTES)}")
    settings = sorted(key.lower() for key in SETTINGS)
    for key in changes:
        if key not in settings:
            near = difflib.get_close_matches(key, settings, 3, 0.5)
            hint = f"; perhaps {' or '.join(near)}" if near else ""
            raise ValueError(f"theme has no setting {key!r}{hint}")


def _check_labels(labels):
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
    parts = [key] if FOLLOWING.fullmatch(_bare(key)) else FOLLOWING.split(key)
    return all(_is_said(_bare(part)) for part in parts if _bare(part))


def _is_said(text):
    within = re.compile(_as_word(text), re.IGNORECASE)
    return any(within.search(phrase) for phrase in phrases())


def _complete(values, given):
    """Return values with aliases and texts made from their parts."""
    values = {**values, **{name: values[other] for name, other in values["ALIASES"].items() if name not in given}}
    for name, (size, weight, colour) in values["TEXTS"].items():
        values[name] = values[size], weight, values[colour]
    return values


def _given(name):
    return PALETTES[name].get("look", {})


class Said(str):
    """A text in the language of the figure, or from the data: it is not translated (again)."""

    __slots__ = ()


def translator(labels):
    """Return the function that translates a text by ``labels``: as a whole, else phrase by phrase, longest first."""
    if not labels:
        return lambda text: text
    known = {phrase: new for old, new in labels.items() for phrase, new in ((old, new), (_capital(old), _capital(new)))}
    known |= labels
    longest_first = sorted(known, key=len, reverse=True)
    # the first alternative that fits wins, so a short text must not come before a longer one that begins with it
    pattern = re.compile("|".join(map(_as_word, longest_first)))

    @lru_cache(maxsize=4096)
    def translated(text):
        return Said(known[text] if text in known else pattern.sub(lambda found: known[found[0]], text))

    def say(text):
        return text if isinstance(text, Said) or not text else translated(str(text))

    return say


def _capital(text):
    return text[:1].upper() + text[1:]


def say(text):
    """Return a text in the language of the theme."""
    return current().say(text)


@contextlib.contextmanager
def changed(**changes):
    """Change settings for a part of a figure; names in upper case."""
    look = current()
    values = _complete({**look.values, **changes}, given={**_given(look.name), **changes})
    with _in_force(look._replace(values=values)):
        yield


def themed(draw):
    """Make a function that draws a figure heed theme, fonts of ``rcParams`` and widths by name (a decorator)."""

    @functools.wraps(draw)
    def drawn(*args, **options):
        if "width_mm" in options:
            options["width_mm"] = _page_width(options["width_mm"])
        look = current()
        if not look.chosen and _paper_is_dark():
            look = _BY_NAME["dark"]
        found = families(look.values["FONT"], chosen=look.values["FONT"] != _BY_NAME[look.name].values["FONT"])
        rc = {**SETTINGS["RC"], "font.family": list(found)}
        with _in_force(look._replace(values={**look.values, "FONT": found, "RC": rc})):
            return draw(*args, **options)

    return drawn


def _page_width(width_mm):
    """Return a width in millimetres, given as a number or as "single" or "double" for columns of a journal."""
    if not isinstance(width_mm, str):
        return width_mm
    if width_mm not in WIDTHS_MM:
        raise ValueError(f'width_mm is {width_mm!r}; give millimetres, "single" (85) or "double" (174)')
    return WIDTHS_MM[width_mm]


def _paper_is_dark():
    """Say whether a style sheet asks for dark paper."""
    paper = matplotlib.rcParams["figure.facecolor"]
    return luminance(paper) < DARK if isinstance(paper, str) and paper != "none" else False


def luminance(colour):
    """Return the relative luminance of a colour (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _made(name):
    palette = PALETTES[name]
    values = _complete({**SETTINGS, **_given(name)}, _given(name))
    look = _Look(name, values, palette.get("numbers", NumberStyle()), {}, None)
    return look._replace(say=translator(look.spoken))


def __getattr__(name):
    try:
        return current().values[name]
    except KeyError:
        raise AttributeError(f"the look has no {name}") from None


def cell_style(kind, muted=False):
    """Return size in points, weight and colour of a text cell in a row of this kind."""
    look = current().values
    weight = "bold" if kind in look["BOLD_KINDS"] else "normal"
    quiet = muted or kind in ("prediction", "note")
    return look["BODY_PT"], weight, look["MUTED" if quiet and weight == "normal" else "INK"]


_BY_NAME = {name: _made(name) for name in PALETTES}
_UNCHOSEN = _BY_NAME["default"]._replace(chosen=False)
