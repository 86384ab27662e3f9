"""The Baujat plot: what each study adds to heterogeneity, against how far it moves the pooled result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import LevelOptions, PageWidth
from analysis.plots import _plane as planes
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import asked
from analysis.plots._page import ReportFigure
from analysis.plots._plane import PlaneSpec, Scale
from analysis.plots._theme import themed
from analysis.text import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INFLUENCE = "Influence on the pooled result"
# what the level axis is, and what lies far to its right, of a common-effect model and with random effects
ACROSS = {
    True: ("Contribution to Q", "the more it adds to Q"),
    False: ("Squared Pearson residual", "the worse the model fits it"),
}
SOURCE = "(Baujat 2002, doi 10.1002/sim.1221)"
USUAL_MM, TALL = 120.0, 0.75  # the page, and the height of the panel over its width
PAD = 0.05  # of the range of both axes, at both ends


@documented
@themed
def baujat_plot(
    found: pd.DataFrame,
    *,
    x: str = "x",
    y: str = "y",
    label: int | Sequence[str] = 6,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    ax: Axes | None = None,
    note: str = "",
    **options: Unpack[LevelOptions],
) -> ReportFigure:
    """Draw a Baujat plot: each study's contribution to Q against its influence on the pooled result.

    Parameters
    ----------
    found : pandas.DataFrame
        From :func:`analysis.baujat`, or one row a study; names come from the column label, or else from the index.
    x, y : str
        Columns of the contribution to Q and of the influence on the pooled result, both at least 0.
    label : int or sequence of str
        How many studies are named, the farthest from both axes' zero first; or names of studies.
    {title}
    width_mm : float, optional
        Width of the page in millimetres, at least 80. Default: 120.
    {ax, note, footer, dpi, xlim, ticks, xlabel}

    Returns
    -------
    {figure}

    Raises
    ------
    TypeError
        For anything but a table.
    ValueError
        If columns are missing, a value is none or below 0, for an unknown study, or a page that is too narrow.

    See Also
    --------
    analysis.baujat : Make the table.
    analysis.influence_plot : Draw more measures of influence.
    analysis.radial : Draw standardised effects against precision.
    analysis.qq_plot : Draw residuals against normal quantiles.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Both columns are drawn as they stand: the squared Pearson residual of a study, which for the common-effect model is
    what it adds to Q, and is called so where ``attrs`` of the table say that this was the model; and the squared
    difference of the pooled effects with and without it, divided by the variance of the latter. Studies at the right
    make the results differ; those at the top decide what is pooled.

    References
    ----------
    Baujat, Mahe, Pignon & Hill 2002, Stat Med 21:2641-2652, doi 10.1002/sim.1221.

    Examples
    --------
    >>> import analysis, pandas as pd
    >>> found = pd.DataFrame({"label": ["A", "B", "C"], "x": [0.2, 3.1, 0.9], "y": [0.1, 1.4, 0.02]})
    >>> fig = analysis.baujat_plot(found, label=1)
    >>> fig.content.table["labelled"].tolist()[:3]
    [False, True, False]
    """
    table, wording = _baujat_table(found, x, y, label), words.wording_of(found)
    # of a table that does not say how it was made the name that is right of every model
    across_title, far = ACROSS[found.attrs.get("model", "") in words.COMMON]
    most = [table[name].max() or 1.0 for name in ("x", "y")]
    across, upright = (Scale((-PAD * each, (1 + PAD) * each)) for each in most)
    across = asked(across)
    width, count = planes.width_of(width_mm, "Baujat plot", ax, USUAL_MM), wording.counted(len(table))
    left = planes.room_for(upright.ticks()[1])
    what = f"one circle per {wording.noun}: the farther right, {far}; the higher, the more it moves"
    spec = PlaneSpec(
        name="baujat",
        kind="Baujat plot",
        rows=table,
        scales=(across, upright),
        titles=(across_title, INFLUENCE),
        draws=partial(_draw_baujat, table),
        key=lambda plane: [],
        title=title or f"Heterogeneity and influence of {count}",
        footer=(
            (f"{what} the pooled result {SOURCE}{planes.beyond_words(table['x'], across, wording.noun)}",),
            (note,),
        ),
        seen=partial(_baujat_seen, table, count, planes.lower(across_title)),
        printed={words.capital(wording.noun): ("text_name",), across_title: ("text_x",), INFLUENCE: ("text_y",)},
        left=left,
        height=TALL * (width - 2 * style.MARGIN - left),
    )
    return planes.draw_plane(spec, width, ax)


def _baujat_table(found, x, y, label):
    """Return one row per study."""
    if (x, y) == ("y", "x"):
        raise ValueError("x='y' and y='x': x is the contribution to Q, y the influence; leave both out")
    _check.table(found, "found", (x, y), "baujat")
    names = (found["label"] if "label" in found else found.index.to_series()).astype(str)
    values = {"x": pd.to_numeric(found[x], "coerce"), "y": pd.to_numeric(found[y], "coerce")}
    bad = [
        f"{name} (row {i}), {column} is {found[column].iloc[i]}"
        for column, numbers in zip((x, y), values.values(), strict=True)
        for i, (name, value) in enumerate(zip(names, numbers, strict=True))
        if not (np.isfinite(value) and value >= 0)
    ]
    if bad or not len(found):
        raise ValueError(f"found needs numbers of at least 0, one row a study: {'; '.join(bad) or 'it has no row'}")
    rows = pd.DataFrame({"kind": "trial", "study": names, "name": names, **values}).reset_index(drop=True)
    # both axes count alike, as far as they reach in the figure
    far = np.hypot(*(rows[name] / (rows[name].max() or 1.0) for name in ("x", "y")))
    rows = planes.named(rows, label, far).assign(text_name=rows["name"])
    return rows.assign(**{f"text_{name}": [significant(value) for value in rows[name]] for name in ("x", "y")})


def _draw_baujat(table, plane):
    """Draw axes, circles and names."""
    planes.draw_axes(plane)
    at = table[["x", "y"]].to_numpy(float)
    reach = planes.draw_trials(plane, at, False, "baujat-trials")
    planes.write_names(plane, table, at, reach, outwards=plane.mm(*at.T) - plane.mm(0.0, 0.0))


def _baujat_seen(table, count, across, unnamed):
    """Return what the figure shows to someone who cannot see it; ``unnamed`` have no name in it."""
    ends = (f"{significant(table[name].min())} to {significant(table[name].max())}" for name in ("x", "y"))
    far = table[table["labelled"] & ~table["name"].isin(unnamed)].sort_values("distance", ascending=False)["name"]
    spans = "{}, {} from {}, influence on the pooled result from {}".format(count, across, *ends)
    return spans, f"Named: {', '.join(map(words.quoted, far))}" if len(far) else ""
