"""What many functions say of the same argument, written once; `documented` fills it into their docstrings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

Documented = TypeVar("Documented", bound=Callable[..., object] | type)

# An entry of a section Parameters, as numpydoc has it; the name before the colon is what a docstring asks for.
_TEXTS = """
yi : array_like, shape (k,), or EffectSizes
    Outcomes; or an object with `yi`, `vi` and, if it has them, `labels` and `measure`.
vi : array_like, shape (k,), optional
    Sampling variances, in the unit of yi squared. Left out with an object that has them.
tau2_method : {"REML", "ML", "PM", "EB", "DL", "HE", "HS", "SJ", "CE"}, optional
    Estimator of the variance between studies, always truncated at 0. REML and ML give the global maximum of the
    likelihood; EB and PM solve the same equation; "CE" is the common-effect model, tau2 = 0.
ci_method : {"HKSJ", "HKSJ-mod", "z", "t"}, optional
    Interval and test of the mean: Hartung-Knapp-Sidik-Jonkman on t(k-1), the same with its variance factor not
    below 1, normal, or t(k-1) without a variance factor.
pi_method : {"t(k-1)", "t(k-2)", "z"}, optional
    Distribution of the prediction interval, which uses the standard error of `ci_method`.
confidence_level : float, optional
    Level of all intervals, between 0 and 1.
labels : sequence of str, optional
    Names of the studies, for the result and for error messages.
title : str, optional
    Heading of the figure; one that says what was pooled if left out.
note : str
    What a reader must know beside the figure; it ends the caption.
favours : (str, str) or None
    What the left and the right side of the null line mean.
ax : matplotlib.axes.Axes, optional
    Draw the panel into these axes of another figure, which have their final size, without title, key and footer.
n : array_like
    People in the arm, at least 2.
measure : str, optional
    Name of the effect measure, carried along.
tau2 : float, optional
    A known variance between studies, used instead of an estimate.
events_t : array_like
    People with the event, such as responders, of the treatment arm.
n_t : array_like
    People of the treatment arm.
events_p : array_like
    People with the event, such as responders, of the placebo arm.
n_p : array_like
    People of the placebo arm.
tau : array_like
    Heterogeneity SD, 0 or more, of any shape.
"""
_ENTRIES = {entry.partition(" : ")[0]: entry for entry in re.split(r"\n(?=\S)", _TEXTS.strip())}


def documented(of: Documented) -> Documented:
    """Fill in the lines ``{name}`` of a docstring, or ``{name, other}``, with the shared entries of those names.

    Examples
    --------
    >>> @documented
    ... def width(confidence_level):
    ...     '''Return a width.
    ...
    ...     Parameters
    ...     ----------
    ...     {confidence_level}
    ...     '''
    >>> print(width.__doc__.splitlines()[5].strip())
    Level of all intervals, between 0 and 1.
    """

    def entries(found: re.Match[str]) -> str:
        names = found[2].split(", ")
        return "\n".join(f"{found[1]}{line}" for name in names for line in _ENTRIES[name].split("\n"))

    # python -OO leaves no docstrings.
    if of.__doc__:
        of.__doc__ = re.sub(r"^( *)\{(\w+(?:, \w+)*)\}$", entries, of.__doc__, flags=re.MULTILINE)
    return of
