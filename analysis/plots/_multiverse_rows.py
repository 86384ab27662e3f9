"""The tables of the specification curve: analyses sorted by estimate, options, and bins of neighbours."""

import numpy as np
import pandas as pd

from analysis.plots import _multiverse_words as words
from analysis.text import number, percent

RESULTS = ("k", "estimate", "ci_low", "ci_high")
FINDINGS = ("below zero", "includes zero", "above zero")
ALL = "All"
ROW_MM, BETWEEN_MM = 3.5, 1.6


def choices_of(analyses, order):
    """Return the choices with several options, from top to bottom, and what is known of each option.

    Parameters
    ----------
    analyses : pandas.DataFrame
    order : sequence of str or None
        None: as ``choice_effects`` sorts them, the one that moves the estimate most first.

    Returns
    -------
    list of str
    dict
        (choice, option) -> mean estimate, all else equal.
    """
    if missing := [name for name in RESULTS if name not in analyses]:
        raise ValueError(f"analyses has no column {', '.join(missing)}; pass the frame that multiverse returns")
    columns = list(analyses.columns[: analyses.columns.get_loc("k")])
    choices = [name for name in columns if analyses[name].nunique() > 1]
    if not choices:
        raise ValueError("no choice has two options: there is nothing to compare; give multiverse more options")
    from analysis.universes import choice_effects

    moved = choice_effects(analyses)
    means = dict(zip(zip(moved["choice"], moved["option"], strict=True), moved["mean_estimate"], strict=True))
    if order is None:
        known = [name for name in dict.fromkeys(moved["choice"]) if name in choices]
        return known + [name for name in choices if name not in known], means
    if sorted(order) != sorted(choices):
        raise ValueError(f"order must name every choice with several options once: {', '.join(choices)}")
    return list(order), means


def sorted_analyses(analyses, choices, default):
    """Return the analyses with an interval, sorted by estimate, with what their interval says ("finding")."""
    marked = analyses.get("default", pd.Series(False, index=analyses.index)).astype(bool)
    if default is not None:
        if default not in analyses.index:
            raise ValueError(f"default is {default!r}, which is not in the index of analyses")
        marked = pd.Series(analyses.index == default, index=analyses.index)
    same = analyses.get("analysis", pd.Series(np.arange(len(analyses)), index=analyses.index))
    rows = analyses[[*choices, *RESULTS]].assign(analysis=same, default=marked)
    rows = rows[rows[["estimate", "ci_low", "ci_high"]].notna().all(axis=1)]
    if rows.empty:
        raise ValueError("no analysis has an estimate with an interval: there is nothing to draw")
    rows = rows.sort_values("estimate", kind="stable", ignore_index=True)
    low, high = rows["ci_high"] < 0, rows["ci_low"] > 0
    finding = np.select([low, high], [FINDINGS[0], FINDINGS[2]], FINDINGS[1])
    return rows.assign(kind="analysis", rank=np.arange(len(rows)), finding=finding)


def option_rows(ordered, options, means, digits):
    """Return one row per option: how many analyses took it, and in how many of them the interval excludes zero.

    Parameters
    ----------
    ordered : pandas.DataFrame
    options : dict
        Choice -> its options, from top to bottom.
    means : dict
    digits : int
    """
    usual, lines, y = ordered[ordered["default"]].iloc[:1], [], ROW_MM / 2
    for choice, values in {ALL: [ALL], **options}.items():
        for value in sorted(values, key=words.option_rank):
            took = took_option(ordered, choice, value)
            line = {"kind": "total" if choice == ALL else "option", "choice": choice, "option": value, "y_mm": y}
            line |= {"n": int(took.sum()), "excludes_zero": int((took & (ordered["finding"] != FINDINGS[1])).sum())}
            line["mean_estimate"] = means.get((choice, value), np.nan)
            line["usual"] = choice != ALL and len(usual) > 0 and usual[choice].iloc[0] == value
            lines.append(line)
            y += ROW_MM
        y += BETWEEN_MM
    rows = pd.DataFrame(lines)
    rows["first"] = ~rows["choice"].duplicated()
    rows["text_choice"] = [
        words.choice_text(c) if first else "" for c, first in zip(rows["choice"], rows["first"], strict=True)
    ]
    shown = {choice: words.option_digits(values) for choice, values in options.items()}
    rows["text_option"] = [
        "" if row["choice"] == ALL else words.option_text(row["option"], shown[row["choice"]]) for row in lines
    ]
    rows["text_n"] = [number(n, 0) for n in rows["n"]]
    rows["text_mean"] = ["" if np.isnan(m) else number(m, digits) for m in rows["mean_estimate"]]
    rows["text_share"] = [percent(e / n) if n else "" for e, n in zip(rows["excludes_zero"], rows["n"], strict=True)]
    return rows


def took_option(ordered, choice, option):
    """Return which analyses took an option."""
    return ordered["finding"].notna() if choice == ALL else ordered[choice] == option


def share_name(choice, option, finding):
    """Return the name of the column of the bins' shares."""
    return f"{choice} = {option}, {finding}"


def bin_rows(ordered, options, bins):
    """Return one row per bin of neighbouring analyses: ranks, estimates at both ends, bands, and shares.

    "reach" is as far as any interval of the bin goes, "inside" what all of them have in common (NaN where nothing).
    """
    n = len(ordered)
    edges = np.linspace(0, n, bins + 1).round().astype(int)
    start, last, size = edges[:-1], edges[1:] - 1, np.diff(edges)
    estimate, low, high = (ordered[name].to_numpy(float) for name in RESULTS[1:])
    inside = np.maximum.reduceat(low, start), np.minimum.reduceat(high, start)
    inside = [np.where(inside[0] <= inside[1], end, np.nan) for end in inside]
    table = {"kind": "bin", "rank": start, "last_rank": last, "n": size}
    table |= {"estimate": estimate[start], "last_estimate": estimate[last]}
    table |= {"reach_low": np.minimum.reduceat(low, start), "reach_high": np.maximum.reduceat(high, start)}
    table |= {"inside_low": inside[0], "inside_high": inside[1]}
    for choice, option in zip(options["choice"], options["option"], strict=True):
        took = took_option(ordered, choice, option)
        for finding in FINDINGS:
            here = (took & (ordered["finding"] == finding)).to_numpy(float)
            table[share_name(choice, option, finding)] = np.add.reduceat(here, start) / size
    return pd.DataFrame(table)
