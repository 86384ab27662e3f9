"""Themes: looks, digits and signs of numbers that belong together, for as long as a ``with`` block lasts."""

import contextlib
import difflib
import functools
from contextvars import ContextVar
from typing import NamedTuple

import matplotlib
from matplotlib.colors import to_rgb

from analysis.plots import _look
from analysis.plots._fonts import families
from analysis.plots._palettes import PALETTES
from analysis.plots._phrases import check_labels, translator
from analysis.text import NUMBERS, NumberStyle

WIDTHS_MM = {"single": 85.0, "double": 174.0}
NAMES = {name: value for name, value in vars(_look).items() if name.isupper()}
DARK = 0.2  # relative luminance of a paper that asks for light ink


class Look(NamedTuple):
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


def theme(name=None, *, labels=None, decimal=None, **changes):
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

    Notes
    -----
    A font that ``rcParams`` or a style sheet names is used in every theme, as long as its figures are all of one
    width; signs that it lacks come from DejaVu Sans. A style sheet with dark paper gives the dark theme. All other
    ``rcParams`` are left aside, so that a figure is the same everywhere. The signs of "jama" follow the AMA
    Manual of Style (11th edition, sections 18.7.1 and 19.5), those of "revman" Review Manager 5.

    Examples
    --------
    >>> import analysis
    >>> pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05])
    >>> with analysis.theme("jama", labels={"Trial": "Studie"}):
    ...     fig = analysis.forest(pooled)
    >>> fig.content.table["text_low"].iloc[0]
    '(−1.39 to'
    """
    return _within(_look_of(name, labels, decimal, changes))


def _look_of(name, labels, decimal, changes):
    """Return the Look of the arguments of ``theme``, based on the one in force."""
    outer = current()
    _check(name, changes)
    base = outer if name is None else _BY_NAME[name]
    values = {key.upper(): value for key, value in changes.items()}
    if isinstance(values.get("FONT"), str):
        values["FONT"] = (values["FONT"],)
    said = {**outer.labels, **check_labels(labels or {})}
    values = _complete({**base.values, **values}, given={**_given(base.name), **values})
    numbers = base.numbers if decimal is None else base.numbers._replace(decimal=decimal)
    look = Look(base.name, values, numbers, said, None)
    return look._replace(say=translator(look.spoken))


def _check(name, changes):
    if name is not None and name not in PALETTES:
        raise ValueError(f"theme is {name!r}; choose from {', '.join(PALETTES)}")
    settings = sorted(key.lower() for key in NAMES)
    for key in changes:
        if key not in settings:
            near = difflib.get_close_matches(key, settings, 3, 0.5)
            hint = f"; perhaps {' or '.join(near)}" if near else ""
            raise ValueError(f"theme has no setting {key!r}{hint}")


def _given(name):
    return PALETTES[name].get("look", {})


def _complete(values, given):
    """Return values with aliases and texts made from their parts."""
    values = {**values, **{name: values[other] for name, other in values["ALIASES"].items() if name not in given}}
    for name, (size, weight, colour) in values["TEXTS"].items():
        values[name] = values[size], weight, values[colour]
    return values


def _made(name):
    palette = PALETTES[name]
    values = _complete({**NAMES, **_given(name)}, _given(name))
    look = Look(name, values, palette.get("numbers", NumberStyle()), {}, None)
    return look._replace(say=translator(look.spoken))


_BY_NAME = {name: _made(name) for name in PALETTES}
_UNCHOSEN = _BY_NAME["default"]._replace(chosen=False)
_CURRENT = ContextVar("theme", default=None)


def current():
    """Return the Look in force."""
    return _CURRENT.get() or _UNCHOSEN


@contextlib.contextmanager
def _within(look):
    """Put a Look in force."""
    tokens = _CURRENT.set(look), NUMBERS.set(look.numbers)
    try:
        yield look
    finally:
        NUMBERS.reset(tokens[1])
        _CURRENT.reset(tokens[0])


@contextlib.contextmanager
def changed(**changes):
    """Change settings for a part of a figure; names in upper case."""
    look = current()
    values = _complete({**look.values, **changes}, given={**_given(look.name), **changes})
    with _within(look._replace(values=values)):
        yield


def page_width(width_mm):
    """Return a width in millimetres, given as a number or as "single" or "double" for columns of a journal."""
    if not isinstance(width_mm, str):
        return width_mm
    if width_mm not in WIDTHS_MM:
        raise ValueError(f'width_mm is {width_mm!r}; give millimetres, "single" (85) or "double" (174)')
    return WIDTHS_MM[width_mm]


def themed(draw):
    """Make a function that draws a figure heed theme, fonts of ``rcParams`` and widths by name (a decorator)."""

    @functools.wraps(draw)
    def drawn(*args, **options):
        if "width_mm" in options:
            options["width_mm"] = page_width(options["width_mm"])
        look = current()
        if not look.chosen and _paper_is_dark():
            look = _BY_NAME["dark"]._replace(chosen=False)
        found = families(look.values["FONT"], chosen=look.values["FONT"] != _BY_NAME[look.name].values["FONT"])
        rc = {**NAMES["RC"], "font.family": list(found)}
        with _within(look._replace(values={**look.values, "FONT": found, "RC": rc})):
            return draw(*args, **options)

    return drawn


def _paper_is_dark():
    """Say whether a style sheet asks for dark paper."""
    paper = matplotlib.rcParams["figure.facecolor"]
    return luminance(paper) < DARK if isinstance(paper, str) and paper != "none" else False


def luminance(colour):
    """Return the relative luminance of a colour (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
