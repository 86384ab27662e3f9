"""A provenance tree in words: a drawing with box characters, and nested folds for a notebook."""

import html

import pandas as pd

from analysis.provenance_nodes import AS_PRINTED, FILE
from analysis.text import number, percent

_DIGITS = {"points squared": 4, "people": 0}


def _nested(table):
    """The nodes as (words, children) pairs; donors of one SD, and the ends of a scale, are told in one line."""
    children, sources = {}, {}
    for line in table.itertuples():
        children.setdefault(None if pd.isna(line.parent) else line.parent, []).append(line)
        if line.level == "printed":
            where = ", ".join(part for part in (line.source, line.locator, line.certainty) if part)
            sources.setdefault(line.study, {}).setdefault(where)

    def build(line):
        below = children.get(line.node, [])
        if len(below) == 1 and line.rule == AS_PRINTED and below[0].level == "printed":
            return f"{_value(line)}: {_cell(below[0])}", []
        told = _words(line)
        if line.level == "trial":
            told += f" [{'; '.join(sources.get(line.study, []))}]"
        ends = [child for child in below if child.quantity in ("scale_min", "scale_max")]
        lent = dict.fromkeys(f"{child.study} (row {child.row})" for child in below if child.level == "donor")
        apart = [child for child in below if child.level != "donor" and child not in ends]
        items = [build(child) for child in apart]
        if ends:
            items.append((f"scale {ends[0].printed} to {ends[1].printed}, row {ends[0].row}", []))
        if lent:
            items.append((f"lent by {', '.join(lent)}", []))
        return told, items

    return [build(line) for line in children.get(None, [])]


def _value(line):
    unit = line.unit if line.unit not in ("scale units", "percent") else ""
    if line.unit == "people" and line.value % 1:
        shown = number(line.value, 1)
    else:
        shown = number(line.value, _DIGITS.get(line.unit, 2))
    arm = f"{line.arm}: " if line.arm and line.level in ("arm", "step") else ""
    return f"{arm}{line.quantity}, {shown}" + (f" {unit}" if unit else "")


def _words(line):
    """One node in words."""
    if line.level == "left out":
        return f"{line.label}, left out: {line.rule}"
    if line.level == "printed":
        return _cell(line)
    if line.level == "trial":
        return f"{line.label}: {_value(line)}, weight {percent(line.weight, 1)}"
    return _value(line) + (f": {line.rule}" if line.rule else "")


def _cell(line):
    rule = f" ({line.rule})" if line.rule else ""
    of = "" if line.file == FILE else f" of {line.file}"
    return f"{line.column} {line.printed}{rule}, row {line.row}{of}"


def drawing(table):
    """Return the tree as text with box characters, one line a number.

    Parameters
    ----------
    table : pandas.DataFrame
        The `table` of a :class:`analysis.Provenance`.

    Returns
    -------
    str
    """
    lines = []

    def draw(item, stem, last):
        words, below = item
        mark = "" if stem is None else ("└─ " if last else "├─ ")
        lines.append((stem or "") + mark + words)
        inner = "" if stem is None else stem + ("   " if last else "│  ")
        for at, child in enumerate(below, start=1):
            draw(child, inner, at == len(below))

    for root in _nested(table):
        draw(root, None, True)
    return "\n".join(lines)


def html_of(table):
    """Return the tree as nested folds (HTML details), the pooled numbers unfolded."""

    def fold(item, is_open):
        words, below = html.escape(item[0]), item[1]
        if not below:
            return f"<li>{words}</li>"
        inner = "".join(fold(child, False) for child in below)
        attribute = " open" if is_open else ""
        return f"<li><details{attribute}><summary>{words}</summary><ul>{inner}</ul></details></li>"

    return f"<ul>{''.join(fold(root, True) for root in _nested(table))}</ul>"
