"""The continuous L'Abbé plot: change under placebo against change under treatment, one mark a trial."""

import numpy as np
import pandas as pd

from analysis.plots import _labbe_words as words
from analysis.plots import _style as style
from analysis.plots._axis import LEAST_FILL, round_ticks
from analysis.plots._canvas import FigureContent, frame, framed_page, inset
from analysis.plots._key import area_entry, draw_key, lay_key, line_entry, marker_entry, pooled_entry
from analysis.plots._labbe_marks import draw_plane, write_axis
from analysis.plots._measure import font, line_height, text_width
from analysis.plots._rows import block_of_arms
from analysis.plots._themes import themed
from analysis.plots._write import write
from analysis.report import findings
from analysis.text import number, percent

TITLE = "Change in pain under placebo against change under treatment"
USUAL_MM, LEAST_MM = 150.0, 80.0
BESIDE_MM = 125.0  # pages at least this wide have the key beside the panel
KEY_MM = 40.0
AXIS_MM = 9.4  # below the panel: ticks and title
INK_SHARE = 0.034  # of the panel, for all markers together
AREAS_PT2 = 12.0, 190.0  # least and largest area of the heaviest trial


@themed
def labbe(results, *, by=None, worthwhile=(1.0, 2.0), label=6, title=None, width_mm=None, digits=2, ax=None, note=""):
    """Draw a continuous L'Abbé plot: change in the placebo arm against change in the treatment arm.

    Parameters
    ----------
    results : PooledArms or EffectSizes
        EffectSizes are pooled with the defaults of ``pool_arms``. Responders are drawn as percentages, by
        ``labbe_counts``.
    by : str, optional
        A column of the effect sizes, such as "therapy_family", that gives trials shape and colour; the five largest
        groups are told apart. Default: the groups of the PooledArms, if it has any.
    worthwhile : (float, float) or None
        Least and most that is taken as the smallest worthwhile difference between groups, drawn as a band parallel
        to the line of no difference. Default: as in ``arms_forest`` (Busse 2015, doi 10.3899/jrheum.141440).
    label : int or sequence of str
        How many trials are named, those farthest from the pooled means first; or their ids or names.
    title : str, optional
    width_mm : float, optional
        Width of the page, at least 80; from 125 on the key stands beside the panel. Default: 150.
    digits : int
        Decimals of the printed numbers.
    ax : matplotlib Axes, optional
        Draw the panel into these axes of another figure, which have their final size, without title, key and footer.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure
        of these axes, as it is.

    Raises
    ------
    ValueError
        If no trial reports a change in both arms, for a column that does not exist, or a page that is too narrow.

    Notes
    -----
    After L'Abbé, Detsky and O'Rourke (1987, doi 10.7326/0003-4819-107-2-224), with means in place of proportions.
    Areas are proportional to the weights in the pooled contrast, whatever the shape, down to a smallest one. The
    diamond stands on the intervals of both pooled means: those of the bivariate model where there is one. No line is
    fitted: the effect and the change under placebo share a term (Sharp 1996, doi 10.1136/bmj.313.7059.735).

    Examples
    --------
    >>> import analysis
    >>> fig = analysis.labbe(analysis.effect_sizes(analysis.read_trials("data/trials.csv")), by="therapy_family")
    >>> int((fig.content.table["kind"] == "trial").sum())
    36
    """
    if hasattr(results, "nnt") or hasattr(results, "in_pooled"):
        from analysis.plots._labbe_counts import labbe_counts

        shared = {"by": by, "label": label, "title": title, "width_mm": width_mm, "digits": digits}
        return labbe_counts(results, **shared, ax=ax, note=note)
    arms = _pooled(results)
    by = arms.by if by is None else by
    table = labbe_table(arms, by, label, digits)
    limits = _limits(table)
    zone = () if worthwhile is None else (-max(worthwhile), -min(worthwhile))
    if ax is not None:
        return _into(ax, table, limits, zone)
    title = title or TITLE
    footer = words.footer(arms, table, by=by, zone=zone, digits=digits, note=note)
    fig = _draw(table, limits, zone, title=title, footer=footer, width=width_mm or USUAL_MM, by=by)
    caption = " ".join([*words.opening(title, table, digits), *footer])
    rows = words.with_reference_rows(table, zone, footer)
    alt = words.alt_text(title, table, digits)
    fig.content = FigureContent(rows, title, caption, alt, findings(arms), words.printed(by))
    return fig


def _pooled(results):
    if not hasattr(results, "contrast"):
        if not hasattr(results, "left_out"):
            raise TypeError("labbe draws a PooledArms or EffectSizes; pass pool_arms(trials) or effect_sizes(trials)")
        from analysis.arms import pool_arms

        results = pool_arms(results)
    if results.placebo is None:
        raise ValueError("no trial reports a baseline in both arms: there is no change to draw; use forest")
    return results


def labbe_table(arms, by, label, digits):
    """Return one row per trial with a change in both arms, and one for the pooled means."""
    trials = block_of_arms("", arms).trials
    if by is not None and (by not in trials or by == "flags"):
        raise ValueError(f"by is {by!r}, which is not a column of the effect sizes")
    rows = pd.DataFrame(
        {
            "kind": "trial",
            "study": trials["study"],
            "name": trials["label"].astype(str),
            "group": "" if by is None else trials[by].astype(object).where(trials[by].notna(), "not stated").map(str),
            "placebo_estimate": trials["change_placebo"].astype(float),
            "treatment_estimate": trials["change_treatment"].astype(float),
            "contrast_estimate": trials["yi"].astype(float),
            "weight": arms.contrast.weights,
            "imputed": trials["status"].eq("imputed") | trials["change_status"].eq("imputed"),
        }
    )
    rows = rows[rows["placebo_estimate"].notna() & rows["treatment_estimate"].notna()].reset_index(drop=True)
    rows = pd.concat([rows, pd.DataFrame([_pooled_row(arms)])], ignore_index=True)
    rows["labelled"] = _labelled(rows, label)
    rows["text_name"] = rows["name"]
    for arm in ("placebo", "treatment", "contrast"):
        rows[f"text_{arm}"] = [number(x, digits) for x in rows[f"{arm}_estimate"]]
    rows["text_weight"] = ["" if w != w else percent(w, 1) for w in rows["weight"]]
    return rows.assign(look=_looks(rows))


def _pooled_row(arms):
    """Return the row of the pooled means, from the bivariate model where there is one."""
    joint = getattr(arms, "joint", None)
    pair = (arms.placebo, arms.treatment) if joint is None else (joint.first, joint.second)
    row = {"kind": "total", "name": "Pooled means", "group": "", "imputed": False}
    for arm, result in (*zip(("placebo", "treatment"), pair, strict=True), ("contrast", arms.contrast)):
        row |= {f"{arm}_estimate": result.estimate, f"{arm}_low": result.ci[0], f"{arm}_high": result.ci[1]}
    model = "separate" if joint is None else "bivariate"
    return row | {"placebo_k": arms.placebo.k, "contrast_k": arms.contrast.k, "model": model, **_level(arms)}


def _level(arms):
    return {"confidence_level": arms.contrast.confidence_level}


def _labelled(rows, label):
    """Say which trials are to be named: the most extreme ones, or those asked for."""
    trials = rows["kind"] == "trial"
    if not isinstance(label, int | np.integer):
        wanted = {label} if isinstance(label, str) else set(label)
        if unknown := sorted(wanted - set(rows["study"]) - set(rows["name"])):
            raise ValueError(f"label names {', '.join(map(repr, unknown))}, which is no trial of this figure")
        return trials & (rows["study"].isin(wanted) | rows["name"].isin(wanted))
    return trials & (_distance(rows).rank(method="first", ascending=False) <= label)


def _distance(rows):
    """Return how far each trial stands from the pooled means, NaN for these themselves."""
    centre = rows[rows["kind"] == "total"].iloc[0]
    away = [rows[f"{arm}_estimate"] - centre[f"{arm}_estimate"] for arm in ("placebo", "treatment")]
    return pd.Series(np.hypot(*away), index=rows.index).where(rows["kind"] == "trial")


def _looks(rows):
    """Return the look of each row: the place of its group among the largest ones, the last for all others."""
    trials = rows[rows["kind"] == "trial"]
    counts = trials["group"].value_counts(sort=False)
    last = len(style.GROUPS) - 1
    largest = counts.sort_values(ascending=False, kind="stable").index[: last if len(counts) > last + 1 else last + 1]
    place = {name: i for i, name in enumerate(name for name in counts.index if name in set(largest))}
    return [
        place.get(group, last) if kind == "trial" else -1
        for group, kind in zip(rows["group"], rows["kind"], strict=True)
    ]


def _limits(table):
    """Return the limits of both axes: all marks and the origin; wide intervals of the pooled means leave the panel."""
    trials = table.loc[table["kind"] == "trial", ["placebo_estimate", "treatment_estimate"]].to_numpy(float)
    pooled = table[[f"{arm}_{end}" for arm in ("placebo", "treatment") for end in ("low", "high")]].to_numpy(float)
    low, high = min(trials.min(), 0.0), max(trials.max(), 0.0)
    wide = min(np.nanmin(pooled), low), max(np.nanmax(pooled), high)
    if high - low >= LEAST_FILL * (wide[1] - wide[0]):
        low, high = wide
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def areas(table, side_mm):
    """Return the area of each trial's mark in square points, proportional to the weights down to a smallest one."""
    weight = table["weight"].to_numpy(float)
    fair = INK_SHARE * (side_mm * style.PT_PER_MM) ** 2 / len(weight)
    largest = np.clip(fair * weight.max() / weight.mean(), *AREAS_PT2)
    return np.maximum(largest * weight / weight.max(), style.SQUARE_MIN_PT**2)


def _draw(table, limits, zone, *, title, footer, width, by):
    """Return the figure: the panel with its axes, and the key beside it or below."""
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}; a L'Abbé plot needs at least {number(LEAST_MM, 0)} mm")
    beside = width >= BESIDE_MM
    ticks, decimals = round_ticks(*limits)
    left = style.MARGIN + max(text_width(number(tick, decimals), style.SMALL_PT) for tick in ticks) + 2.4
    side = width - style.MARGIN - left - (KEY_MM + style.PANEL_GAP if beside else 0.0)
    size = areas(table[table["kind"] == "trial"], side)
    entries = _entries(table, size, zone, by)
    placed, tall = lay_key(entries, KEY_MM if beside else width - 2 * style.MARGIN, stacked=beside)
    head = line_height(style.SMALL_PT) + 1.6
    panel = max(side, tall) if beside else side
    framing = frame(title, footer, width, head + panel + AXIS_MM + (0.0 if beside else tall + 2.0))
    figure, page = framed_page(framing)
    top = framing.top + head
    ax = inset(figure, page, (left, left + side, top, top + side), "labbe")
    draw_plane(ax, table, size, limits=limits, zone=zone, side=side)
    write_axis(ax, page, limits, (left, top, side))
    write(page, style.MARGIN, framing.top + head / 2 - 0.8, words.AXES[1], style.CAPTION, gid="title-y")
    x_title = left + side / 2, top + side + AXIS_MM - line_height(style.SMALL_PT) / 2
    write(page, *x_title, words.AXES[0], style.CAPTION, align="center", gid="title-x")
    draw_key(
        page,
        placed,
        left + side + style.PANEL_GAP if beside else style.MARGIN,
        top if beside else top + side + AXIS_MM + 2.0,
    )
    return figure


def _entries(table, size, zone, by):
    """Return the entries of the key."""
    trials = table[table["kind"] == "trial"]
    level = words.level_of(table)
    usual = float(np.clip(np.median(size), 20.0, 60.0))
    entries = [line_entry("no difference", colors=style.INK, linewidths=style.RULE_PT)]
    if zone:
        entries.append(area_entry(words.band(zone), style.ZONE))
    entries.append(pooled_entry(f"pooled means with {level} intervals"))
    for look, members in trials.groupby("look"):
        name, colour = style.GROUPS[look] if by is not None else ("circle", style.TRIAL)
        several = members["group"].nunique() > 1
        text = "other groups" if several else members["group"].iloc[0] if by is not None else "trials"
        entries.append(marker_entry(f"{text} ({len(members)})", name, usual, colour, new_line=len(entries) < 4))
    ring = {"hollow": True, "new_line": True}
    if trials["imputed"].any():
        entries.append(marker_entry("hollow: SD imputed", "circle", usual, style.MUTED, **ring))
    at = int(np.argmax(size))
    sample = f"area by weight; this is {percent(trials['weight'].iloc[at], 1)}"
    return [*entries, marker_entry(sample, "circle", size[at], style.FAINT, new_line=not trials["imputed"].any())]


def _into(ax, table, limits, zone):
    """Draw the panel into axes of another figure, with plain axis titles."""
    box = ax.get_position()
    width, height = ax.figure.get_size_inches() * 25.4
    side = min(box.width * width, box.height * height)
    ax.set_box_aspect(1)
    draw_plane(ax, table, areas(table[table["kind"] == "trial"], side), limits=limits, zone=zone, side=side)
    ticks, decimals = round_ticks(*limits)
    for axis, text in ((ax.xaxis, words.AXES[0]), (ax.yaxis, words.AXES[1])):
        axis.set_ticks(ticks, [number(tick, decimals) for tick in ticks], fontproperties=font(style.SMALL_PT))
        axis.set_label_text(text, fontproperties=font(style.SMALL_PT))
    return ax.figure
