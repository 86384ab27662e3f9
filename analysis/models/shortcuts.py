"""Methods of a result that are functions of other wings: what can be drawn, left out and reported, from one object.

The only room that imports upwards, and only when a method is called: import-linter has its imports as exemptions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis._types import ReportFormat

if TYPE_CHECKING:
    import pandas as pd

    from analysis.plots._page import ReportFigure


class Reported:
    """A result that there are paragraphs of."""

    def report(
        self,
        folder: str | os.PathLike[str],
        formats: ReportFormat | Sequence[ReportFormat] = ("html", "docx", "tex", "md", "json"),
        **options: Any,
    ) -> list[Path]:
        """Write a report of the result into a folder, as :func:`analysis.report` does.

        Parameters
        ----------
        folder : str or Path
            Where the files go; it is made where it is missing.
        formats : str or sequence of str
            Of "html", "docx", "tex", "md" and "json"; all of them unless given.
        **options
            `title`, `question`, `risk_of_bias` and `overwrite`, as for :func:`analysis.report`.

        Returns
        -------
        list of Path
            The files written.
        """
        from analysis.reports.folder import report

        return report(self, folder, formats, **options)


class Drawn(Reported):
    """A result that has a forest plot."""

    def forest(self, **options: Any) -> ReportFigure:
        """Draw a forest plot of the result, as :func:`analysis.forest` does.

        Parameters
        ----------
        **options
            As for :func:`analysis.forest`.

        Returns
        -------
        matplotlib.figure.Figure
            With ``content``: the table behind every mark, title, caption and alternative text.
        """
        from analysis.plots._forest import forest

        return forest(self, **options)


class Scattered:
    """A result that has a funnel plot."""

    def funnel(self, **options: Any) -> ReportFigure:
        """Draw a funnel plot of the result, as :func:`analysis.funnel` does.

        Parameters
        ----------
        **options
            As for :func:`analysis.funnel`.

        Returns
        -------
        matplotlib.figure.Figure
            With ``content``: the table behind every mark, title, caption and alternative text.
        """
        from analysis.plots._funnel import funnel

        return funnel(self, **options)


class Stepped:
    """A result that can be made without each study in turn."""

    def leave_one_out(self, **methods: Any) -> pd.DataFrame:
        """Return the result without each study in turn, as :func:`analysis.leave_one_out` does.

        Parameters
        ----------
        **methods
            As for :func:`analysis.leave_one_out`; those of the result are kept unless named.

        Returns
        -------
        pandas.DataFrame
            One row a study.
        """
        from analysis.models.pooling import leave_one_out

        return leave_one_out(self, **methods)
