"""Single studies as points: what funnel, radial and Q-Q plots share."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.collections import PathCollection
from matplotlib.transforms import IdentityTransform

from analysis.plots import _style as style
from analysis.plots import _words as words
from analysis.plots._cells import digits_for
from analysis.plots._forest_blocks import NAMES, RATIOS, source_of
from analysis.plots._key import INRADIUS, REACH, marker_entry, markers, shape
from analysis.plots._labels import leader, place_names
from analysis.plots._phrases import Said
from analysis.results import t_quantile
from analysis.text import counted, interval, number, percent

USUAL_MM, LEAST_MM = 150.0, 80.0
AREAS_PT2 = 7.0, 22.0  # least and largest area of a mark
INK_SHARE = 0.03  # of the panel, for all marks together


@dataclass(frozen=True, eq=False)
class Studies:
    """A pooled effect, one row per study (study, label, imputed) in its order, and how its numbers are written."""

    pooled: object
    rows: pd.DataFrame
    measure: str
    unit: str
    left_out: object
    digits: int

    @property
    def ratio(self):
        """Whether effects are logarithms of ratios."""
        return self.measure in RATIOS

    @property
    def points(self):
        """The unit of differences, "" where there is none."""
        return "" if self.ratio else self.unit.split(" on ")[0]

    @property
    def name(self):
        """The name of the effect measure."""
        return NAMES.get(self.measure, self.measure)

    @property
    def axis(self):
        """The title of an axis of effects."""
        return ", ".join(part for part in (self.name, "log scale" if self.ratio else self.unit) if part)

    def show(self, value):
        """Return an effect as it is printed: ratios leave the log scale."""
        return np.exp(value) if self.ratio else value

    def text(self, value):
        """Return an effect as text."""
        return number(self.show(value), self.digits)

    def span(self, low, high):
        """Return two effects as text."""
        return interval(self.show(low), self.show(high), self.digits)


def studies_of(results, what, *, measure=None, digits=None):
    """Return the Studies of a PooledEffect, of EffectSizes (pooled with the defaults) or of a PooledArms (contrast)."""
    if not any(hasattr(results, name) for name in ("tau2_method", "contrast", "left_out")):
        raise TypeError(f"{what} draws a PooledEffect, EffectSizes or PooledArms, such as pool(effects)")
    source = source_of(results)
    pooled, trials = source.pooled, source.total.trials
    measure = measure or getattr(pooled, "measure", "") or "MD"
    if digits is None:
        half = np.sqrt(pooled.vi)
        digits = 2 if measure in RATIOS else digits_for(pooled.yi - 2 * half, pooled.yi + 2 * half)
    rows = pd.DataFrame({"study": trials["study"].astype(str), "name": trials["label"].astype(str)})
    rows["imputed"] = trials["status"].eq("imputed") if "status" in trials else False
    return Studies(pooled, rows, measure, source.unit, source.left_out, digits)


def width_of(width_mm, what):
    """Return the width of the page in millimetres."""
    width = float(width_mm or USUAL_MM)
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}; a {what} needs at least {number(LEAST_MM, 0)} mm")
    return width


def trial_rows(studies, **columns):
    """Return one row per study: who it is, its effect, and the columns given."""
    effects = {"estimate": studies.pooled.yi, "se": np.sqrt(studies.pooled.vi), "weight": studies.pooled.weights}
    rows = studies.rows.assign(kind="trial", **(effects | columns))
    rows["text_name"] = rows["name"]
    rows["text_estimate"] = [studies.text(x) for x in rows["estimate"]]
    return rows[["kind", *(name for name in rows if name != "kind")]]


def total_row(studies):
    """Return the row of the pooled effect."""
    pooled = studies.pooled
    row = {"kind": "total", "name": "All trials", "imputed": False, "estimate": pooled.estimate, "se": pooled.se}
    row |= {"low": pooled.ci.low, "high": pooled.ci.high, "k": pooled.k, "confidence_level": pooled.confidence_level}
    row |= {"tau2": pooled.tau2, "i2": pooled.i2}
    return row | {"text_name": "All trials, pooled", "text_estimate": studies.text(pooled.estimate)}


def with_rows(table, *extra):
    """Append rows given as dictionaries."""
    return pd.concat([table, pd.DataFrame(extra)], ignore_index=True)


def footer_rows(lines):
    """Return the rows of the footer."""
    return [{"kind": "footer", "name": line} for line in lines]


def named(rows, label, distance, outside):
    """Say which rows get their name written: the ``label`` farthest of those outside, or those asked for.

    Parameters
    ----------
    rows : DataFrame
        Trials, with ``study`` and ``name``.
    label : int or sequence of str
        How many, or the ids or names of trials.
    distance : array
        How far each lies from where it is expected.
    outside : array of bool
        Which of them may be named without being asked for.
    """
    if isinstance(label, int | np.integer):
        rank = pd.Series(np.where(outside, np.abs(distance), np.nan)).rank(method="first", ascending=False)
        return (rank <= label).to_numpy()
    wanted = {label} if isinstance(label, str) else set(label)
    if unknown := sorted(wanted - set(rows["study"]) - set(rows["name"])):
        raise ValueError(f"label names {', '.join(map(repr, unknown))}, which is no trial of this figure")
    return (rows["study"].isin(wanted) | rows["name"].isin(wanted)).to_numpy()


def critical(level):
    """Return the normal critical value of a two-sided level."""
    return float(t_quantile(np.inf, level))


def mark_area(k, mm2):
    """Return the area of each mark in square points: all alike, smaller where there are many."""
    return float(np.clip(INK_SHARE * mm2 * style.PT_PER_MM**2 / k, *AREAS_PT2))


def draw_trials(plane, x, y, imputed, gid, *, rim=True):
    """Draw the studies, and return their boxes in millimetres (left, right, bottom, top) and their radius.

    Without a white ``rim``, marks in a dense row do not cover one another with white.
    """
    size, hollow = mark_area(len(x), plane.width * plane.height), np.asarray(imputed, bool)
    xy, centre = np.column_stack([x, y]), plane.mm(x, y)
    if rim:
        look = {"colours": [style.TRIAL] * len(x), "hollow": hollow, "gid": gid}
        markers(plane.ax, xy, ["circle"] * len(x), np.full(len(x), size), **look)
    else:
        _plain_marks(plane.ax, xy, size, hollow, gid)
    reach = REACH["circle"] * np.sqrt(size) / style.PT_PER_MM
    low, high = centre - reach, centre + reach
    return np.column_stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]]), reach


def _plain_marks(ax, xy, size, hollow, gid):
    """Draw circles without a rim, white inside where hollow."""
    inside = size * max(1 - style.RING_PT / (INRADIUS["circle"] * np.sqrt(size)), 0.25) ** 2
    sizes = np.column_stack([np.full(len(xy), size), np.where(hollow, inside, 0.0)]).ravel()
    look = {"facecolors": [style.TRIAL, style.PAPER] * len(xy), "linewidth": 0, "zorder": 3.0}
    drawn = PathCollection(
        [shape("circle")], sizes, offsets=np.repeat(xy, 2, axis=0), offset_transform=ax.transData, **look
    )
    drawn.set(transform=IdentityTransform(), gid=gid, label=gid, clip_on=False)
    ax.add_collection(drawn, autolim=False)


def trial_entries(rows, mm2):
    """Return the entries of the key for the studies."""
    size, hollow = mark_area(len(rows), mm2), rows["imputed"].to_numpy(bool)
    entries = []
    if not hollow.all():
        entries.append(marker_entry(f"trial ({number((~hollow).sum(), 0)})", "circle", size, style.TRIAL))
    if hollow.any():
        text = f"SD imputed ({number(hollow.sum(), 0)})"
        entries.append(marker_entry(text, "circle", size, style.TRIAL, hollow=True))
    return entries


def write_names(plane, rows, at, boxes, reach, *, outwards=None, avoid=(), taken=()):
    """Write the names of the labelled rows where nothing else stands; ``at`` holds the values of all rows."""
    chosen = np.flatnonzero(rows["labelled"].to_numpy(bool))
    chosen = chosen[np.argsort(-np.abs(rows["distance"].to_numpy(float)[chosen]), kind="stable")]
    centre = plane.mm(*np.asarray(at, float).T)
    names = rows["name"].iloc[chosen].tolist()
    places = place_names(
        names,
        centre[chosen],
        np.full(len(chosen), reach),
        frame=(0.6, plane.width - 0.6, 0.6, plane.height - 0.6),
        taken=np.vstack([boxes, *(np.reshape(box, (1, 4)) for box in taken)]),
        avoid=avoid,
        outwards=None if outwards is None else np.asarray(outwards, float)[chosen],
    )
    leaders, look = [], (style.NOTE_PT, "normal", style.INK)
    for i, name, box in zip(chosen, names, places, strict=True):
        if box is not None:
            plane.write(box[0], (box[2] + box[3]) / 2, Said(name), look, align="left", gid=f"name-{i}")
            leaders.append(leader(box, centre[i], reach))
    ends = [plane.values(line) for line in leaders if line is not None]
    plane.lines(ends, "name-leaders", colors=style.MUTED, linewidths=style.HAIR_PT, zorder=2.5)


def on_path(points, price):
    """Return what it costs a name to stand on a path through ``points``, in millimetres."""
    points = np.asarray(points, float).reshape(-1, 2)
    steps = [np.linspace(a, b, max(int(np.hypot(*(b - a))), 1) + 1) for a, b in zip(points, points[1:], strict=False)]
    dots = np.vstack(steps)

    def cost(boxes):
        x, y = dots.T
        inside = (boxes[:, :1] <= x) & (boxes[:, 1:2] >= x) & (boxes[:, 2:3] <= y) & (boxes[:, 3:] >= y)
        return price * inside.any(axis=1)

    return cost


def pooled_sentence(studies):
    """Return the pooled effect with its interval in words."""
    pooled = studies.pooled
    value = f"{studies.text(pooled.estimate)} {studies.points}".rstrip()
    at = words.level(pooled.confidence_level)
    whose = "Pooled" if pooled.k > 1 else "The trial's"
    return f"{whose} {lower(studies.name)} {value} ({at} CI {studies.span(*pooled.ci)}; {counted(pooled.k)})"


def lower(text):
    """Return a text that begins with a small letter, unless it is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def model_sentence(studies):
    """Return how the studies were pooled."""
    pooled = studies.pooled
    if pooled.k == 1:
        return "One trial: nothing is pooled"
    model = words.model_name(pooled) if pooled.tau2_method != "fixed" else "Random-effects model with a given τ²"
    return f"{model}, interval by {words.REFERENCE.get(pooled.ci_method, pooled.ci_method)}"


def spread_sentence(studies):
    """Return tau and I2 in words, "" where they are not estimated or 0."""
    pooled = studies.pooled
    if not pooled.k > 1 or not pooled.tau2 > 0:
        return ""
    tau = f"{number(pooled.tau, studies.digits)} {studies.points}".rstrip()
    return f"τ {tau}, I² {percent(pooled.i2)}"
