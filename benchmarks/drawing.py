"""Whole figures, from results to the bytes of an SVG, side by side with forest plots of other packages.

All keep text as text. Results are pooled beforehand; forestplot gets the limits that it does not work out itself.
"""

import importlib.util
import io

import matplotlib
import numpy as np
import pandas as pd
from checks import simulated
from matplotlib.figure import Figure
from peers import quiet
from timing import Row, interleaved

from analysis import forest, pool
from analysis.plots._page import svg_bytes

HAS_FORESTPLOT = importlib.util.find_spec("forestplot") is not None


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

    return quiet(draw)


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

    return quiet(draw)


def _svg(figure):
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def forest_plots(scale):
    """A forest plot of 13 and of 100 trials."""
    peers = {"statsmodels `plot_forest`": (statsmodels, "peer: points and intervals without numbers")}
    if HAS_FORESTPLOT:
        peers["forestplot"] = forestplot, "peer: without weights and pooled effect"
    for usual, goals in ((13, {"forestplot": 1}), (100, dict.fromkeys(peers, 2))):
        k = max(int(usual * scale), 3)
        yi, vi = (x[0] for x in simulated(1, k))
        names = [f"Trial {i + 1}" for i in range(k)]
        contestants = [make(yi, vi, names) for make in (ours, *(make for make, _ in peers.values()))]
        mine, *others = interleaved(*contestants, repeats=max(int(15 * scale), 1))
        for (peer, (_, note)), theirs in zip(peers.items(), others, strict=True):
            if peer in goals:
                yield Row(f"forest plot to SVG, k = {k}", mine, peer, theirs, goals[peer], note=note)
