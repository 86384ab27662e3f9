"""Figures of results: a table of rows in, a matplotlib Figure out, never a statistic computed here."""

from analysis.plots._arms_forest import arms_forest
from analysis.plots._canvas import FigureContent
from analysis.plots._claims import claims_plot
from analysis.plots._forest import forest
from analysis.plots._labbe import labbe
from analysis.plots._multiverse import multiverse_plot
from analysis.plots._save import save_figure

__all__ = ["FigureContent", "arms_forest", "claims_plot", "forest", "labbe", "multiverse_plot", "save_figure"]
