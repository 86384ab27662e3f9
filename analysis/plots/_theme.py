"""Themes: looks, digits and signs of numbers that belong together, for as long as a ``with`` block lasts.

Other rooms import this one as ``style`` and read the look in force by name: ``style.INK``, ``style.MARGIN`` and the
others of ``_look``, as the theme has them. They are looked up when a figure is drawn, so they must be written
``style.INK`` there: a default argument or a constant of a module would keep the value of another theme. New ones are
added in ``_look``. Every text of a figure passes through ``say``, which translates by the catalogue.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from analysis import _check
from analysis._types import Language, ThemeName
from analysis.plots._catalogue import LANGUAGES, catalogue, checked, spelled, texts_in, translator
from analysis.plots._catalogue import Said as Said
from analysis.plots._fonts import families
from analysis.plots._look import PALETTES, SETTINGS
from analysis.plots._options import DEFAULTS, in_force, signature_of
from analysis.text import NUMBERS, NumberStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# what goes on in the next line, by the beginning of its gid
WRAPPED = ("title", "footer", "caption")
WIDTHS_MM = {"single": 85.0, "double": 174.0}
# arguments that Axes of another figure have no place for
PAGE_ALONE = ("columns", "right", "symbols", "width_mm", "title", "note")
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
        In the order in which they occur: whole sentences and single words, with places in braces for what differs
        between figures, such as "Prediction interval, new {noun}".

    See Also
    --------
    analysis.theme : Draw figures in another language, with translations of these texts.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]))
    >>> analysis.figure_labels(fig)[-3:]
    ['{count}, one per row', "the {nouns}' estimates of {contrast} run from {span}", 'the {word}']
    """
    if not hasattr(fig, "findobj"):
        raise TypeError(_check.refusal(fig, "figure_labels", "give a figure made by a function of this library"))
    return texts_in(_texts_of(fig))


def _texts_of(fig):
    """Return all texts of a figure, those on several lines put together again."""
    content, texts, before = getattr(fig, "content", None), [], ""
    for text in fig.findobj(Text):
        part = (text.get_gid() or "").partition("-")[0]
        texts += [" " if part == before and part in WRAPPED else "\n", text.get_text()]
        before = part
    more = [] if content is None else [content.title, content.caption, content.alt_text]
    return "".join(texts) + "\n" + "\n".join(more)


class _Look(NamedTuple):
    """What is in force: values by name, signs of numbers, labels and the function that translates by them."""

    name: str
    values: dict
    numbers: NumberStyle
    labels: dict
    say: object
    chosen: bool = True  # by ``theme``, not by default
    options: Mapping = MappingProxyType(DEFAULTS)  # of the figure that is drawn, see ``_options``

    @property
    def spoken(self):
        """All labels in force: those given, and the texts that the theme spells in its own way."""
        return spelled(PALETTES[self.name].get("spelling", {}), self.labels)


def theme(
    name: ThemeName | None = None,
    *,
    labels: Mapping[str, str | Sequence[str]] | Language | None = None,
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
    labels : mapping of str to str, to several forms, or "de", optional
        Translations of texts of the figures, such as {"Trial": "Studie", "all {nouns}": "alle {nouns}"};
        ``figure_labels(fig)`` lists the texts of a figure. Places in braces are filled afterwards, in whatever order
        the translation has them; a text with its places filled, such as "all studies", goes before one with places.
        Names of trials and values of the data are left alone. A language whose words differ by number gives several
        forms, {"{k} studies": ("{k} badanie", "{k} badania", "{k} badań")}, with gettext's rule under "Plural-Forms".
        "de": German.
    decimal : str, optional
        The decimal mark: "," or "·", as The Lancet has it. Default: that of the theme.
    **changes
        Single settings of a look in lower case: the colours ``square``, ``interval``, ``diamond`` and ``prediction`` of
        forests, ``square_max_pt=7``, ``font="Arial"`` and others.

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


def in_english() -> AbstractContextManager[Any]:
    """Draw figures in their own words, whatever labels are in force, within a ``with`` block."""
    look = current()._replace(labels={})
    return _in_force(look._replace(say=translator(look.spoken)))


def _look_of(name, labels, decimal, changes):
    """Return the Look of the arguments of ``theme``, based on the one in force."""
    outer = current()
    _check_settings(name, changes)
    if decimal is not None:
        _check.option("decimal", decimal, (".", ",", "·"))
    base = outer if name is None else _made(name)
    values = {key.upper(): value for key, value in changes.items()}
    if isinstance(values.get("FONT"), str):
        values["FONT"] = (values["FONT"],)
    said = {**outer.labels, **_labels_of(labels)}
    values = _complete({**base.values, **values}, given={*_given(base.name), *_set_apart(base.values), *values})
    numbers = base.numbers if decimal is None else base.numbers._replace(decimal=decimal)
    look = _Look(base.name, values, numbers, said, None)
    return look._replace(say=translator(look.spoken))


def current():
    """Return the _Look in force."""
    return _CURRENT.get() or _UNCHOSEN


def _check_settings(name, changes):
    if name is not None and name not in PALETTES:
        raise ValueError(f"theme is {name!r}; choose from {', '.join(PALETTES)}")
    settings = sorted(key.lower() for key in {*SETTINGS, *SETTINGS["ALIASES"]})
    for key in changes:
        if key not in settings:
            near = difflib.get_close_matches(key, settings, 3, 0.5)
            hint = f"; perhaps {' or '.join(near)}" if near else ""
            raise ValueError(f"theme has no setting {key!r}{hint}")


def _labels_of(labels):
    """Return the labels of a language by its code, or those given, checked."""
    if not isinstance(labels, str):
        return checked(labels or {})
    if labels not in LANGUAGES:
        known = ", ".join(map(repr, LANGUAGES))
        raise ValueError(f"labels is {labels!r}; give a mapping of texts to translations, or one of {known}")
    return {text: new for text, new in catalogue(labels).items() if new}


def _complete(values, given):
    """Return values with aliases and texts made from their parts."""
    values = {**values, **{name: values[other] for name, other in values["ALIASES"].items() if name not in given}}
    for name, (size, weight, colour) in values["TEXTS"].items():
        values[name] = values[size], weight, values[colour]
    return values


def _set_apart(values):
    """Return the names of settings that have another value than what stands for them by default."""
    return [name for name, other in values["ALIASES"].items() if values[name] != values[other]]


def _given(name):
    return PALETTES[name].get("look", {})


def say(text):
    """Return a text in the language of the theme."""
    return current().say(text)


@contextlib.contextmanager
def changed(look=None, **changes):
    """Change settings of a look, by default that in force, for a part of a figure; names in upper case."""
    look = look or current()
    values = _complete({**look.values, **changes}, given={*_given(look.name), *_set_apart(look.values), *changes})
    with _in_force(look._replace(values=values)):
        yield


@contextlib.contextmanager
def rc_of(own):
    """Put the rcParams of matplotlib and ``own`` in force; only those that differ are set, as each is checked then."""
    with matplotlib.rc_context():
        now, usual = (dict(dict.items(each)) for each in (matplotlib.rcParams, matplotlib.rcParamsDefault))
        wanted = usual | {"backend": now["backend"]} | own
        matplotlib.rcParams.update({name: value for name, value in wanted.items() if now[name] != value})
        yield


def themed(draw):
    """Make a function that draws a figure heed theme, fonts of ``rcParams`` and common options (a decorator)."""
    own, signature = inspect.signature(draw).parameters, signature_of(draw)

    @functools.wraps(draw)
    def drawn(*args, **given):
        _check.texts({"the first argument": args[:1], **given})
        options = in_force(draw.__name__, signature.parameters, given)
        given = {name: value for name, value in given.items() if name in own}
        if given.get("ax") is not None:
            _check_axes(given["ax"], draw)
            if unused := [name for name in PAGE_ALONE if _asked_for(given.get(name))]:
                warnings.warn(f"with ax= only the panel is drawn: no {' and no '.join(unused)}", stacklevel=2)
        if "width_mm" in given:
            given["width_mm"] = _page_width(given["width_mm"])
        look = current()
        if not look.chosen and _paper_is_dark():
            look = _made("dark")
        found = families(look.values["FONT"], chosen=look.values["FONT"] != _made(look.name).values["FONT"])
        rc = {**SETTINGS["RC"], "font.family": list(found)}
        look = look._replace(values={**look.values, "FONT": found, "RC": rc}, options=options)
        with _in_force(look), changed(**SETTINGS["CLOSE"]) if options["compact"] else contextlib.nullcontext():
            return draw(*args, **given)

    drawn.__signature__ = signature
    return drawn


def _check_axes(ax, draw):
    """Raise ValueError unless `ax` can be drawn on: Axes with x and y, or a SubFigure where rows stand."""
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    rows = "SubFigure" in str(inspect.signature(draw).parameters["ax"].annotation)
    plane = isinstance(ax, Axes) and ax.name == "rectilinear"
    if not (plane or (rows and isinstance(ax, SubFigure))):
        what = f"{ax.name} Axes" if isinstance(ax, Axes) else f"of the type {type(ax).__name__}"
        raise ValueError(
            f"ax is {what}; give plain Axes of matplotlib{', or a SubFigure' if rows else ''}, one of those of "
            "plt.subplots()"
        )


def _asked_for(value):
    return value is not None and not (hasattr(value, "__len__") and len(value) == 0)


def option(name):
    """Return a common option of the figure that is drawn."""
    return current().options[name]


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


# when it is asked for: what a theme spells in its own way is read from the catalogue
@functools.cache
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


_UNCHOSEN = _made("default")._replace(chosen=False)
