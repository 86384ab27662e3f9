"""Claims of articles beside the pooled evidence: one small figure per family of therapies, for a lay reader."""

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from analysis.plots import _claims_words as words
from analysis.plots import _style as style
from analysis.plots._canvas import FigureContent, frame, framed_page, inset
from analysis.plots._claims_layout import Columns, columns_of, stand_rows
from analysis.plots._claims_rows import claim_rows, claims_of
from analysis.plots._key import markers
from analysis.plots._layout import Panel, Series
from analysis.plots._marks import draw_panel
from analysis.plots._measure import line_height, text_width
from analysis.plots._panel import TICKS_MM, axis_height, draw_axis, write_captions
from analysis.plots._themes import themed
from analysis.plots._write import rule, write

USUAL_MM = 174.0
SERIES = ("placebo", "treatment", "contrast")
VERDICT_LOOKS = {
    "stands": ("circle", "TEAL", False),
    "falls short": ("triangle down", "ORANGE_TEXT", False),
    "open": ("circle", "MUTED", True),
}
CLAIM_PT2, VERDICT_PT2 = 20.0, 18.0
REACH = 0.75  # of the span of all estimates and claims: as far may intervals widen the axis on either side


@themed
def claims_plot(
    checked, *, therapy_family=None, evidence=None, worthwhile=(1.0, 2.0), title=None, width_mm=None, digits=2, note=""
):
    """Draw the claims about one family of therapies beside what the trials found.

    Parameters
    ----------
    checked : pandas.DataFrame
        From ``check_claims``.
    therapy_family : str, optional
        May be left out where all claims are about one family.
    evidence : PooledArms, optional
        All trials of the family, as from ``pool_arms(trials, by="therapy_family")``, drawn below the trials that bear
        on the claims.
    worthwhile : (float, float) or None
        Least and most that is taken as the smallest worthwhile difference between groups: a band behind the
        differences. Default: as in ``arms_forest`` (Busse 2015, doi 10.3899/jrheum.141440).
    title : str, optional
    width_mm : float, optional
        Width of the page, at least 150. Default: 174.
    digits : int
        Decimals of the pooled results.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: one row per result and per claim, title, caption, alternative text, and the plain sentences
        of ``check_claims``.

    Raises
    ------
    ValueError
        If columns are missing, nothing is claimed about the family, or the page is too narrow.

    Notes
    -----
    Claims with a number in points stand below the result they speak of: the change with placebo, the change with
    treatment, or the difference. All other claims follow as text. Where no claim has such a number, the results
    that most trials stand behind are drawn.

    Examples
    --------
    >>> import analysis
    >>> claims, trials = analysis.read_claims("data/claims.csv"), analysis.read_trials("data/trials.csv")
    >>> fig = analysis.claims_plot(analysis.check_claims(claims, trials), therapy_family="Light")
    >>> fig.content.table["claim_id"].dropna().tolist()[:3]
    ['nir02', 'nir01', 'nir03']
    """
    claims, family = claims_of(checked, therapy_family)
    table = claim_rows(claims, family, evidence, digits)
    columns = columns_of(table, width_mm or USUAL_MM)
    zone = () if worthwhile is None else (-max(worthwhile), -min(worthwhile))
    title, footer = title or words.title(family), words.footer(table, checked.attrs, evidence, zone=zone, note=note)
    panel = _panel(table)
    axis = axis_height([panel], {panel.name: columns.panel_width})
    lay = stand_rows(table, columns, axis)
    framing = frame(title, footer, columns.width, lay["height"])
    table = table.assign(y_mm=np.array(lay["y"]) + framing.top, lines=lay["lines"])
    figure, page = framed_page(framing)
    bottom = framing.top + lay["panel_bottom"]
    _draw_panel(figure, page, table, panel, columns, zone=zone, ends=(framing.top + lay["panel_top"], bottom))
    write_captions(page, panel, columns.left, columns.right, bottom + TICKS_MM)
    write(page, columns.verdict, table["y_mm"].iloc[0], words.result_head(checked), style.HEAD, gid="head-result")
    _write_rows(page, table, columns)
    rows = words.with_reference_rows(table.drop(columns="lines"), zone, footer)
    said = words.in_words(claims)
    caption = " ".join([words.sentences(title), words.counts(claims), *footer])
    figure.content = FigureContent(rows, title, caption, words.alt_text(title, table, claims), said, words.PRINTED)
    return figure


def _series():
    """Return the marks of both arms and of the difference."""
    return (
        Series("placebo", ("placebo",), style.ORANGE, style.ORANGE_TEXT, "circle", False),
        Series("treatment", ("treatment",), style.TEAL, style.TEAL, "circle", True),
        Series("contrast", ("difference",), style.INK, style.INK),
    )


def _panel(table):
    """Return the panel: estimates and claims set its limits, intervals widen it somewhat."""
    names = [f"{series}_estimate" for series in SERIES]
    core = np.append(table.reindex(columns=[*names, "claim_low", "claim_high"]).to_numpy(float), 0.0)
    ends = table[[f"{series}_{end}" for series in SERIES for end in ("low", "high")]].to_numpy(float)
    low, high = np.nanmin(core), np.nanmax(core)
    span = high - low or 1.0
    low = max(low - REACH * span, np.nanmin(np.append(ends, low)))
    high = min(high + REACH * span, np.nanmax(np.append(ends, high)))
    pad = 0.04 * (high - low) or 1.0
    return Panel("claims", (), _series(), (low - pad, high + pad), (words.AXIS,), favours=("less pain", "more pain"))


def _draw_panel(figure, page, table, panel, columns, *, zone, ends):
    """Draw the pooled results with their intervals, and the claimed numbers."""
    top, bottom = ends
    ax = inset(figure, page, (columns.left, columns.right, top, bottom), panel.name)
    ax.spines["bottom"].set_visible(True)
    ax.set(xlim=panel.limits, ylim=(bottom, top))
    scale = columns.panel_width / (panel.limits[1] - panel.limits[0])
    body = table[table["kind"].isin(["trial", "subtotal"])]
    draw_panel(ax, panel, body, scale)
    draw_axis(ax, panel, columns.panel_width)
    if zone:
        y = body.loc[body["contrast_estimate"].notna(), "y_mm"]
        low, high = np.clip(zone, *panel.limits)
        corners = [[(low, at - 2.4), (high, at - 2.4), (high, at + 2.4), (low, at + 2.4)] for at in y]
        bands = PolyCollection(corners, facecolor=style.ZONE, edgecolor="none", zorder=0, gid="claims-zone")
        ax.add_collection(bands, autolim=False)
    _draw_claims(ax, page, table, panel, columns, scale)
    x = columns.left + (panel.null - panel.limits[0]) * scale
    for i, row in enumerate(table.to_dict("records")):
        if row.get("text_missing"):
            write(page, x - 1.5, row["y_mm"], row["text_missing"], style.NOTE, align="right", gid=f"missing-{i}")


def _draw_claims(ax, page, table, panel, columns, scale):
    """Draw the claimed numbers: a triangle that points to the result it speaks of, with its number beside it."""
    claims = table[table["claim_low"].notna()]
    if not len(claims):
        return
    middle = claims[["claim_low", "claim_high"]].mean(axis=1)
    spans = [[(row.claim_low, row.y_mm), (row.claim_high, row.y_mm)] for row in claims.itertuples()]
    ranges = LineCollection(spans, colors=style.INK, linewidths=style.INTERVAL_PT, capstyle="butt", gid="claims-ranges")
    ax.add_collection(ranges, autolim=False)
    target = table["y_mm"].where(table["kind"].isin(["trial", "subtotal"])).ffill()[claims.index]
    stems = [[(x, to + 1.6), (x, y - 1.2)] for x, y, to in zip(middle, claims["y_mm"], target, strict=True)]
    look = {"colors": style.MUTED, "linewidths": style.RULE_PT, "linestyles": [(0, (1.5, 1.5))], "zorder": 1.2}
    ax.add_collection(LineCollection(stems, gid="claims-stems", **look), autolim=False)
    xy, n = np.column_stack([middle, claims["y_mm"]]), len(claims)
    areas, look = np.full(n, CLAIM_PT2), {"colours": [style.INK] * n, "hollow": np.zeros(n, bool)}
    markers(ax, xy, ["triangle up"] * n, areas, gid="claims-marks", zorder=4, **look)
    null = columns.left + (panel.null - panel.limits[0]) * scale
    for i, row, value in zip(claims.index, claims.to_dict("records"), middle, strict=True):
        x, wide = columns.left + (value - panel.limits[0]) * scale, text_width(row["text_mark"], style.SMALL_PT)
        over = x + 2.0 + wide > min(columns.right, null if x < null else np.inf) and x - 2.0 - wide > columns.left
        at, align = (x - 2.0, "right") if over else (x + 2.0, "left")
        write(page, at, row["y_mm"], row["text_mark"], style.CAPTION, align=align, gid=f"mark-text-{i}")


def _write_rows(page, table, columns: Columns):
    """Write names, numbers, claims and verdicts."""
    pitch, look = line_height(style.BODY_PT), (style.BODY_PT, "normal", style.INK)
    for i, row in enumerate(table.to_dict("records")):
        y = row["y_mm"]
        if row["kind"] in ("heading", "subhead"):
            write(page, style.MARGIN, y, row["text_name"], style.HEAD, gid=f"heading-{i}")
            x = style.MARGIN + text_width(row["text_name"], style.BODY_PT, "bold") + style.TAIL_GAP
            write(page, x, y, row["tail"], style.NOTE, gid=f"tail-{i}")
            if row["kind"] == "subhead":
                write(page, columns.verdict, y, "Verdict", style.HEAD, gid="head-verdict")
                under = y + 2.6
                rule(page, [[(style.MARGIN, under), (columns.width - style.MARGIN, under)]], "subhead-rule")
        elif row["kind"] == "claim":
            write(page, columns.claim, y, row["text_id"], style.NOTE, gid=f"id-{i}")
            for j, line in enumerate(row["lines"]):
                write(page, columns.words, y + j * pitch, line, look, gid=f"claim-{i}-{j}")
            name, colour, hollow = VERDICT_LOOKS[row["look"]]
            xy, mark = [(columns.verdict + 1.2, y)], {"colours": [getattr(style, colour)], "hollow": [hollow]}
            markers(page, xy, [name], [VERDICT_PT2], **mark, gid=f"verdict-mark-{i}")
            write(page, columns.verdict + 3.4, y, row["text_verdict"], look, gid=f"verdict-{i}")
        else:
            _write_result(page, row, i, columns)


def _write_result(page, row, i, columns):
    """Write one pooled result: its name, the trials behind it, and the numbers aligned on their decimals."""
    look = style.BODY_PT, "normal", style.INK
    write(page, style.MARGIN + style.INDENT, row["y_mm"], row["text_name"], look, gid=f"name-{i}")
    x = style.MARGIN + style.INDENT + text_width(row["text_name"], style.BODY_PT) + style.TAIL_GAP
    write(page, x, row["y_mm"], row["tail"], style.NOTE, gid=f"tail-{i}")
    for part, edge in zip(("estimate", "low", "high"), columns.parts, strict=True):
        write(page, edge, row["y_mm"], row[f"text_{part}"], look, align="right", gid=f"{part}-{i}")
