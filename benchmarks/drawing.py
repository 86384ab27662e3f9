"""Whole figures, from results to the bytes of an SVG, side by side with forest plots of other packages.

All keep text as text. Results are pooled beforehand; forestplot gets the limits that it does not work out itself.
"""

import functools
import io

import matplotlib
import numpy as np
import pandas as pd
from checks import simulated
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.figure import Figure
from peers import FORESTPLOT, PYMETAANALYSIS, STATSMODELS, pymetaanalysis_fit
from timing import Row, interleaved, reduced, turns, versus

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


def pymetaanalysis(yi, vi, names):
    """Points and intervals of trials, pooled effect and prediction interval, with weights alone as numbers."""
    from matplotlib import pyplot

    fit = pymetaanalysis_fit(yi, vi, names)

    def draw():
        figure = fit.forest().figure
        svg = _svg(figure)
        pyplot.close(figure)
        return svg

    return draw


def bare(yi, vi, names):
    """The texts and marks of our figure again, each by one plain call of matplotlib; nothing is pooled or measured."""
    figure = forest(pool(yi, vi, labels=names))
    (page, panel), size = figure.axes, figure.get_size_inches()
    look = {"size": "fontsize", "weight": "fontweight", "color": "color", "ha": "ha"}
    texts = [
        (*text.get_position(), text.get_text(), {key: getattr(text, f"get_{of}")() for key, of in look.items()})
        for text in page.texts
    ]
    ticks, labels = panel.get_xticks(), [label.get_text() for label in panel.get_xticklabels()]

    def draw():
        copy = Figure(size)
        for ours in (page, panel):
            ax = copy.add_axes(ours.get_position().bounds, facecolor="none")
            ax.set(xlim=ours.get_xlim(), ylim=ours.get_ylim(), xticks=[], yticks=[])
            ax.spines[["left", "right", "top"]].set_visible(False)
            for mark in ours.collections:
                _again(ax, mark)
        ax.set_xticks(ticks, labels, fontsize=7)
        page_again = copy.axes[0]
        page_again.set_axis_off()
        for x, y, text, its_look in texts:
            page_again.text(x, y, text, **its_look)
        return _svg(copy)

    return draw


def _again(ax, mark):
    """Draw a collection of marks once more."""
    paths, colours = mark.get_paths(), mark.get_facecolor()
    if isinstance(mark, PathCollection):
        ax.scatter(*mark.get_offsets().T, s=mark.get_sizes(), c=colours, marker=paths[0], linewidth=0)
    elif isinstance(mark, LineCollection):
        ends = [path.vertices for path in paths]
        ax.add_collection(LineCollection(ends, colors=mark.get_colors(), linewidths=mark.get_linewidths()))
    else:
        ax.add_collection(PolyCollection([path.vertices for path in paths], facecolors=colours))


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
            yield from versus(work, mine, STATSMODELS, theirs, 1, manner="`plot_forest`", note=note, **often)
        note = "peer: without weights and pooled effect"
        yield from versus(work, mine, FORESTPLOT, drawn(forestplot, *data), usual // 100 + 1, note=note, **often)
        note = "peer: without estimates as numbers"
        yield from versus(work, mine, PYMETAANALYSIS, drawn(pymetaanalysis, *data), 1, note=note, **often)
        spent, floor = interleaved(mine, bare(*data), **often)
        yield Row(work, spent, "bare matplotlib", floor, 1, note="peer: our texts and marks, known beforehand")
