"""Figures of results: a table of rows in, a matplotlib Figure out, never a statistic computed here."""

from analysis.plots._arms_forest import arms_forest
from analysis.plots._bubble import bubble
from analysis.plots._claims import claims_plot
from analysis.plots._drapery import drapery
from analysis.plots._forest import forest
from analysis.plots._forests import outcomes_forest, steps_forest
from analysis.plots._funnel import funnel
from analysis.plots._labbe import labbe
from analysis.plots._labbe_counts import labbe_counts
from analysis.plots._multiverse import multiverse_plot
from analysis.plots._orchard import orchard
from analysis.plots._page import FigureContent
from analysis.plots._posterior import posterior_plot
from analysis.plots._qq import qq_plot
from analysis.plots._radial import radial
from analysis.plots._save import save_figure
from analysis.plots._theme import figure_labels, theme

__all__ = [
    "FigureContent",
    "arms_forest",
    "bubble",
    "claims_plot",
    "drapery",
    "figure_labels",
    "forest",
    "funnel",
    "labbe",
    "labbe_counts",
    "multiverse_plot",
    "orchard",
    "outcomes_forest",
    "posterior_plot",
    "qq_plot",
    "radial",
    "save_figure",
    "steps_forest",
    "theme",
]
