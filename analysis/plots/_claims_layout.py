"""Where the rows of the figure of claims stand, from measured text."""

from dataclasses import dataclass

from analysis.plots import _style as style
from analysis.plots._measure import line_height, text_width, wrap_evenly
from analysis.text import number

LABEL_SHARE = 0.37  # of the width, for the names of results and the claims beside the panel
LEAST_PANEL_MM = 38.0
ROW = {"heading": 5.4, "subhead": 6.4, "trial": 5.2, "subtotal": 5.2}
ABOVE = {"heading": 2.2, "subhead": 2.4}  # not above the first row
CLAIM_PAD = 1.5


@dataclass(frozen=True)
class Columns:
    """Edges in millimetres: claims (id and words), the panel, the verdicts, the right edges of a result's numbers."""

    width: float
    claim: float
    words: float
    left: float
    right: float
    verdict: float
    parts: tuple

    @property
    def panel_width(self):
        return self.right - self.left


def columns_of(table, width):
    """Return the columns of a page of this width."""

    def widest(column):
        return max((text_width(text, style.BODY_PT) for text in table.get(column, [])), default=0.0)

    claim = style.MARGIN + style.INDENT
    ids = max(text_width(text, style.NOTE_PT) for text in table["text_id"])
    parts, edge = [], 0.0
    for name in ("text_estimate", "text_low", "text_high"):
        edge += widest(name) + (style.PART_GAP if parts else 0.0)
        parts.append(edge)
    wide = max(widest("text_verdict") + 3.4, edge)
    names = table[table["kind"].isin(["trial", "subtotal"])]
    tails = [
        style.INDENT + text_width(name, style.BODY_PT) + style.TAIL_GAP + text_width(tail, style.NOTE_PT)
        for name, tail in zip(names["text_name"], names["tail"], strict=True)
    ]
    left = style.MARGIN + max(LABEL_SHARE * width, *tails) + style.PANEL_GAP
    verdict = width - style.MARGIN - wide
    right = verdict - style.PANEL_GAP
    if right - left < LEAST_PANEL_MM:
        least = number(width + (LEAST_PANEL_MM - (right - left)) / (1 - LABEL_SHARE) + 1, 0)
        raise ValueError(f"width_mm is {number(width, 0)}, but this figure needs at least {least} mm")
    return Columns(width, claim, claim + ids + 1.6, left, right, verdict, tuple(verdict + part for part in parts))


def stand_rows(table, columns, axis):
    """Return the height of every row below the top of the body, the lines of every claim, and the ends of the panel.

    ``axis`` is the height of everything below the panel, which stands above the claims without a number.
    """
    y, ys, lines, bottom = 0.0, [], [], None
    pitch = line_height(style.BODY_PT)
    for i, row in enumerate(table.to_dict("records")):
        if row["kind"] == "subhead" and i:
            bottom, y = y + 1.0, y + 1.0 + axis
        y += ABOVE.get(row["kind"], 0.0) if i else 0.0
        if row["kind"] == "claim":
            right = (columns.left if row["claim_low"] == row["claim_low"] else columns.verdict) - style.GAP
            lines.append(wrap_evenly(row["text_name"], right - columns.words, style.BODY_PT))
            ys.append(y + (pitch + CLAIM_PAD) / 2)
            y += len(lines[-1]) * pitch + CLAIM_PAD
        else:
            lines.append([])
            ys.append(y + ROW[row["kind"]] / 2)
            y += ROW[row["kind"]]
    if bottom is None:
        bottom, y = y + 1.0, y + 1.0 + axis
    return {"y": ys, "lines": lines, "panel_top": ROW["heading"] - 0.6, "panel_bottom": bottom, "height": y}
