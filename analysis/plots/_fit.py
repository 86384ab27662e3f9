"""Which columns of a figure of rows find room on its page, and how wide its panels are."""

import math

from analysis.plots import _style as style
from analysis.plots._layout import NARROW, Panel, gap_between, measure_columns
from analysis.plots._measure import text_width
from analysis.text import number

PANEL_FLOOR = 28.0  # mm for a panel, on average
FLOOR_SHARE = 0.28  # of a narrow page, where this is less
PANEL_SHARE = {1: 0.30, 2: 0.34}  # of the width, for so many panels
NAME_FLOOR = 13.0  # mm for names on several lines


def fit_tracks(tracks, table, *, width, usual, drop):
    """Choose the columns and the widths of the panels.

    Parameters
    ----------
    tracks : list of Column or Panel
        From left to right; the first is the column of names.
    table : DataFrame
        With the text cells.
    width : float or None
        Of the page in mm. None: ``usual``, and wider where the columns need it.
    drop : tuple of str
        Names of columns in the order in which they are given up; without a stated width only "change" is.

    Returns
    -------
    list, dict, dict, float
        The tracks kept, the sizes of their columns, the width of each panel by name, and the page width.
    """
    page = float(width or usual)
    panels = [track for track in tracks if isinstance(track, Panel)]
    share, floor = PANEL_SHARE[len(panels)], min(PANEL_FLOOR, FLOOR_SHARE * page) * len(panels)
    wanted = max(share * page, floor)
    sizes = measure_columns(tracks, table)
    for name in drop if width else [name for name in drop if name == "change"]:
        if page - _taken(tracks, sizes) >= wanted:
            break
        tracks = [track for track in tracks if getattr(track, "name", "") != name]
        sizes = measure_columns(tracks, table)
    taken = _taken(tracks, sizes)
    if width is None:
        page = max(page, taken / (1 - share), taken + floor)
    elif page - taken < floor:
        sizes = _narrowed(tracks, sizes, taken + floor - page, page)
        taken = _taken(tracks, sizes)
    return tracks, sizes, _share(panels, page - taken), page


def _narrowed(tracks, sizes, excess, page):
    """Return the sizes with a narrower column of names, which go onto further lines."""
    lead = tracks[0]
    parts, width = sizes[lead]
    least = min(width, max(NAME_FLOOR, text_width(lead.head, style.BODY_PT, "bold")))
    if width - excess < least:
        needed = page + excess - (width - least)
        raise ValueError(
            f"width_mm is {number(page, 0)}, but this figure needs at least {number(math.ceil(needed), 0)} mm without "
            "the columns that can be dropped: leave out columns, or width_mm"
        )
    return {**sizes, lead: (parts, width - excess)}


def _taken(tracks, sizes):
    """Return the width that margins, columns and gaps take."""
    gaps = sum(gap_between(a, b) for a, b in zip(tracks, tracks[1:], strict=False))
    return 2 * style.MARGIN + gaps + sum(width for _, width in sizes.values())


def _share(panels, left):
    """Divide the width so that a point is equally long in all panels, unless one would be left too narrow."""
    if len(panels) == 1:
        return {panels[0].name: left}
    spans = [panel.limits[1] - panel.limits[0] for panel in panels]
    share = min(max(spans[0] / sum(spans), NARROW), 1 - NARROW)
    return {panels[0].name: share * left, panels[1].name: (1 - share) * left}
