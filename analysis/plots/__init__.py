"""Figures of results: a table of rows in, a matplotlib Figure out, never a statistic computed here."""

from analysis.plots._arms_forest import arms_forest
from analysis.plots._canvas import FigureContent
from analysis.plots._forest import forest
from analysis.plots._save import save_figure

__all__ = ["FigureContent", "arms_forest", "forest", "save_figure"]
