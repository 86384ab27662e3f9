"""The look in force, by name: ``style.INK``, ``style.MARGIN`` and the others of ``_look``, as the theme has them.

They are looked up when a figure is drawn, so they must be written ``style.INK`` there: a default argument or a
constant of a module would keep the value of another theme. New ones are added in ``_look``.
"""

from analysis.plots._themes import current


def __getattr__(name):
    try:
        return current().values[name]
    except KeyError:
        raise AttributeError(f"the look has no {name}") from None


def say(text):
    """Return a text in the language of the theme."""
    return current().say(text)


def cell_style(kind, muted=False):
    """Return size in points, weight and colour of a text cell in a row of this kind."""
    look = current().values
    weight = "bold" if kind in look["BOLD_KINDS"] else "normal"
    quiet = muted or kind in ("prediction", "note")
    return look["BODY_PT"], weight, look["MUTED" if quiet and weight == "normal" else "INK"]
