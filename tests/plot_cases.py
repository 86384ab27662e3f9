"""Synthetic trials for the tests of the figures, and the measuring of what was drawn."""

import numpy as np
import pandas as pd
from matplotlib.text import Annotation, Text

from analysis import EffectSizes, save_figure

LEFT_OUT = pd.DataFrame({"study": ["x"], "label": ["X 2001"], "reason": ["responders only"]})


def synthetic(k, *, name="Trial {i}", scale=1.0, groups=1, seed=1, baseline=True, **about):
    """Return k trials; every fourth one has an imputed SD, every fifth no baseline; ``about`` are more fields."""
    rng = np.random.default_rng(seed)
    i = np.arange(k)
    n = rng.integers(8, 120, k)
    placebo, effect = rng.normal(-1.5, 1, k) * scale, rng.normal(-1, 1, k) * scale
    missing = (i % 5 == 4) | (not baseline)
    imputed = i % 4 == 3
    variance = (2.0 * scale) ** 2 / n
    table = pd.DataFrame(
        {
            "study": [f"s{j}" for j in i],
            "label": [name.format(i=j) for j in i],
            "year": 1990 + (i * 7) % 30,
            "therapy_family": [f"Family {j % groups}" for j in i],
            "condition_group": "Knee osteoarthritis",
            "design": "parallel",
            "n_treatment": n,
            "n_placebo": n,
            "yi": effect,
            "vi": 2 * variance,
            "status": np.where(imputed, "imputed", "as printed"),
            "change_placebo": np.where(missing, np.nan, placebo),
            "change_placebo_vi": np.where(missing, np.nan, variance),
            "change_treatment": np.where(missing, np.nan, placebo + effect),
            "change_treatment_vi": np.where(missing, np.nan, variance),
            "change_status": np.where(missing, "baseline not reported", np.where(imputed, "imputed", "as printed")),
        }
    )
    table["flags"] = [("SD imputed", "n assumed") if yes else () for yes in imputed]
    about = {"left_out": LEFT_OUT, "benefit": "lower", "outcome_name": "pain"} | about
    return EffectSizes(table=table, derivations=pd.DataFrame({"study": []}), **about)


def artist(fig, gid):
    """Return the one artist of this gid."""
    found = fig.findobj(lambda a: a.get_gid() == gid)
    assert len(found) == 1, f"{gid}: {len(found)} artists"
    return found[0]


def body(fig):
    """Return the rows of the figure's table that are lines of the figure."""
    table = fig.content.table
    return table[table["y_mm"].notna()].reset_index(drop=True)


def text_boxes(fig):
    """Return every written text with its box in millimetres."""
    renderer = fig.canvas.get_renderer()
    texts = [t for t in fig.findobj(Text) if t.get_text() and t.get_visible()]
    boxes = np.array([_extents(t, renderer) for t in texts]) * 25.4 / fig.dpi
    return [t.get_text() for t in texts], boxes


_LAID_OUT = {}


def _extents(text, renderer):
    """Return the box of a text in pixels; what looks the same is laid out once, which takes as long as drawing."""
    if isinstance(text, Annotation):
        return text.get_window_extent(renderer).extents
    x, y = text.get_transform().transform(text.get_position())
    font = hash(text.get_fontproperties())
    look = text.get_text(), font, text.get_ha(), text.get_va(), text.get_rotation(), renderer.dpi
    if look not in _LAID_OUT:
        _LAID_OUT[look] = text.get_window_extent(renderer).extents - (x, y, x, y)
    return _LAID_OUT[look] + (x, y, x, y)


def misplaced(fig, margin=3.0):
    """Return the pairs of texts that overlap, and the texts that come nearer than ``margin`` mm to the edge."""
    measured = text_boxes(fig)  # takes longest, so once for both
    return overlapping(fig, measured=measured), outside(fig, margin, measured=measured)


def table_of_twins(one, two, folder):
    """Return the Markdown lines of the table of two figures drawn alike, whose files have the same bytes.

    Of the pictures SVG alone: PDF and PNG, which take ten times as long, are drawn from the same marks.
    """
    pairs = zip(*(save_figure(fig, folder / name, ["svg"]) for fig, name in ((one, "a"), (two, "b"))), strict=True)
    for first, second in pairs:
        assert first.read_bytes() == second.read_bytes(), first.suffix
    return [line for line in first.read_text(encoding="utf-8").splitlines() if line.startswith("|")]


def overlapping(fig, slack=0.05, *, measured=None):
    """Return the pairs of texts that overlap by more than ``slack`` mm in both directions."""
    names, box = measured or text_boxes(fig)
    width = np.minimum(box[:, None, 2], box[None, :, 2]) - np.maximum(box[:, None, 0], box[None, :, 0])
    height = np.minimum(box[:, None, 3], box[None, :, 3]) - np.maximum(box[:, None, 1], box[None, :, 1])
    hits = np.triu((width > slack) & (height > slack), 1)
    return [(names[a], names[b]) for a, b in np.argwhere(hits)]


def outside(fig, margin=3.0, *, measured=None):
    """Return the texts that come nearer than ``margin`` mm to the edge of the page."""
    names, box = measured or text_boxes(fig)
    width, height = fig.get_size_inches() * 25.4
    ok = (box[:, 0] >= margin) & (box[:, 1] >= margin) & (box[:, 2] <= width - margin) & (box[:, 3] <= height - margin)
    return [name for name, fine in zip(names, ok, strict=True) if not fine]
