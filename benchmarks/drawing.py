"""Whole figures, from results to the bytes of an SVG, side by side with forest plots of other packages.

All keep text as text. Results are pooled beforehand; forestplot gets the limits that it does not work out itself.
"""

import functools
import io

import matplotlib
import numpy as np
import pandas as pd
from checks import simulated
from matplotlib.figure import Figure
from peers import FORESTPLOT, STATSMODELS
from timing import reduced, turns, versus

from analysis import forest, pool
from analysis.plots._page import svg_bytes


def ours(yi, vi, names):
    """The figure as save_figure writes it: fonts and alternative text inside."""
    pooled = pool(yi, vi, labels=names)
    return lambda: svg_bytes(forest(pooled))


def statsmodels(yi, vi, names):
    """Points and intervals of trials and pooled effects, without numbers."""
    from statsmodels.stats.meta_analysis import combine_effects

    pooled = combine_effects(yi, vi, row_names=names)

    def draw():
        figure = Figure()
        pooled.plot_forest(ax=figure.subplots())
        return _svg(figure)

    return draw


def forestplot(yi, vi, names):
    """Points and intervals of the trials with one column of numbers, without weights and pooled effect."""
    half = 1.959964 * np.sqrt(vi)
    table = pd.DataFrame({"label": names, "estimate": yi, "low": yi - half, "high": yi + half})
    columns = {"estimate": "estimate", "ll": "low", "hl": "high", "varlabel": "label"}
    with np.errstate(), matplotlib.rc_context():  # its import changes both for good
        matplotlib.use("Agg")
        import forestplot as package
        from matplotlib import pyplot

    def draw():
        figure = package.forestplot(table, **columns).figure
        svg = _svg(figure)
        pyplot.close(figure)
        return svg

    return draw


def _svg(figure):
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def drawn(make, *data):
    """The drawing of a peer, which prepares itself in its first call."""
    draw = functools.cache(functools.partial(make, *data))
    return lambda: draw()()


def forest_plots(scale):
    """A forest plot of 13 and of 100 trials."""
    often = turns(scale, 15)
    for usual in (13, 100):
        k = reduced(usual, scale, least=3)
        yi, vi = (x[0] for x in simulated(1, k))
        data = yi, vi, [f"Trial {i + 1}" for i in range(k)]
        work, mine = f"`forest` to SVG bytes, k = {k}", ours(*data)
        if usual == 100:
            note = "peer: points and intervals without numbers"
            theirs = drawn(statsmodels, *data)
            yield from versus(work, mine, STATSMODELS, theirs, 2, manner="`plot_forest`", note=note, **often)
        note = "peer: without weights and pooled effect"
        yield from versus(work, mine, FORESTPLOT, drawn(forestplot, *data), usual // 100 + 1, note=note, **often)
