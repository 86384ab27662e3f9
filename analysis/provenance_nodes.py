"""The nodes of a provenance tree: every number with the rule that makes it from its children, down to printed cells.

A node is a dict with the columns of `FIELDS` and `children`. The value of a derived node is a function of the values of
its children, named by its `rule`; the leaves are cells of a file, assumptions, SDs lent by other trials (donors), and
trials that were left out.
"""

import math
from dataclasses import dataclass

import pandas as pd

from analysis import recover
from analysis.arm_scores import (
    BASELINE,
    FROM_BOTH,
    FROM_CI,
    FROM_SE,
    IMPUTED,
    POINTS,
    SCORES,
    arm_scores,
    borrowed_sd,
    donors,
    one_per_role,
)
from analysis.dictionary import COLUMNS
from analysis.effects_change import change_sd

FIELDS = (
    "level study label arm quantity value unit weight rule file row column printed source locator certainty"
).split()
IN_POINTS, IN_SCALE = "points", "scale units"
AS_PRINTED = "as printed"
TO_POINTS = "minus the lower end of the scale, times 10 over its width"
LENGTH_TO_POINTS = "times 10 over the width of the scale"
FINAL_MINUS_BASELINE = "final minus baseline"
MINUS = "treatment minus placebo"
INDEPENDENT = "square of the SD over n, summed over the two arms"
PAIRED = "squares of the SDs minus twice correlation times SDs, over n (the same people)"
OF_ONE_ARM = "square of the SD over n"
COMBINED = "arms combined as if one (Cochrane Handbook 6.5.2.10)"
SUMMED, SHARED = "sum over the arms combined", "share of the placebo arm that serves several treatment arms"
OUTSIDE = "the lenders are not among these trials: give the effect sizes before selection as among="
FILE = "trials"


def node(level, quantity, value, rule="", children=(), **more):
    """Return a node; what is not given is blank."""
    blank = dict.fromkeys(FIELDS, "") | {"value": math.nan, "weight": math.nan, "row": None}
    value = math.nan if value is None else float(value)
    return (
        blank
        | {"level": level, "quantity": quantity, "value": value, "rule": rule}
        | more
        | {"children": list(children)}
    )


def text_of(value):
    """Return a text cell; "" for a blank."""
    return value if isinstance(value, str) else ""


def leaf(record, row, column, *, unit=IN_SCALE, file=FILE):
    """Return a printed cell: row and column of the file, the value as printed, and where it was read."""
    value = record[column]
    more = {name: text_of(record.get(name)) for name in ("study", "arm", "source", "locator", "certainty")}
    basis = text_of(record.get("n_basis")) if column == "n" else ""
    rule = f"n is {basis}" if basis in ("assumed", "inferred") else ""
    return node(
        "printed", column, value, rule, unit=unit, file=file, row=row, column=column, printed=f"{value:.12g}", **more
    )


def assumption(quantity, value, rule):
    """Return a number that nobody printed: a correlation, a share."""
    return node("assumed", quantity, value, rule, printed="")


@dataclass(frozen=True, eq=False)
class Arms:
    """The arm scores behind effect sizes, with what is needed to trace them; see :func:`arms_behind`."""

    options: dict
    records: dict
    scores: pd.DataFrame
    lines: dict
    units: dict
    reported: dict

    def unit_of(self, trial):
        """Return the unit of an effect size: the study, or one of its treatment arms where they were split."""
        units = self.units.get(trial.study, [])
        for at, unit in enumerate(units, start=1):
            name = self.lines[unit, "treatment", BASELINE].arm_label or f"arm {at}"
            if len(units) == 1 or trial.label.endswith(f": {name}"):
                return unit
        return None


def arms_behind(effects):
    """Return the arms of all trials whose rows the effect sizes hold, as `effect_sizes` made them."""
    rows = effects.rows.reindex(columns=[*dict.fromkeys((*COLUMNS, *effects.rows.columns))])
    of_arms = rows["arm"].isin(["treatment", "placebo"])
    differences = rows[~of_arms]
    told = zip(differences["study"], differences.index, differences.to_dict("records"), strict=True)
    reported, rows = {study: (row, record) for study, row, record in told}, rows[of_arms]
    if rows.empty:
        return Arms(effects.options, {}, pd.DataFrame(), {}, {}, reported)
    found = one_per_role(arm_scores(rows, effects.options["correlation"]), effects.options["multi_arm"])
    found = found.reset_index(drop=True)
    lines, units = {}, {}
    for line in found.itertuples():
        lines[line.unit, line.arm, line.score] = line
        units.setdefault(line.study, {}).setdefault(line.unit)
    records = dict(zip(rows.index, rows.to_dict("records"), strict=True))
    return Arms(
        effects.options, records, found, lines, {study: list(names) for study, names in units.items()}, reported
    )


def mean_node(arms, unit, arm, score):
    """The mean of a score in one arm, in points."""
    line = arms.lines[unit, arm, score]
    return _of_rows(arms, line, "mean", line.mean, _mean_of_row)


def _name(quantity, score):
    return "n" if quantity == "n" else f"{quantity} of the {SCORES.get(score, score)}"


def _arm_node(line, quantity, value, rule, children):
    unit = "people" if quantity == "n" else IN_POINTS
    more = {"study": line.study, "arm": line.arm, "unit": unit}
    return node("arm", _name(quantity, line.score), value, rule, children, **more)


def _of_rows(arms, line, quantity, value, of_row):
    """A mean or SD of an arm: that of its row, or of several rows combined."""
    if line.merged == 1:
        inner, rule = of_row(arms, line.rows[0], line.score)
        return _arm_node(line, quantity, value, rule, inner)
    children = []
    for row in line.rows:
        for part, function in (("mean", _mean_of_row), ("SD", _sd_of_row)):
            if part == quantity or quantity == "SD":
                inner, rule = function(arms, row, line.score)
                children.append(_step(arms, row, _name(part, line.score), inner, rule))
        children.append(leaf(arms.records[row], row, "n", unit="people"))
    return _arm_node(line, quantity, value, COMBINED, children)


def _step(arms, row, quantity, inner, rule):
    """A number between an arm and its printed cells, with the value that the rule gives."""
    record = arms.records[row]
    value = VALUES[rule]([child["value"] for child in inner])
    return node("step", quantity, value, rule, inner, study=record["study"], arm=record["arm"], unit=IN_POINTS)


def _ends(record, row):
    return [leaf(record, row, column) for column in ("scale_min", "scale_max")]


def _rescaled(record, row, inner, rule):
    """Put a number into points; on a scale of 0-10 it is one already."""
    if (record["scale_min"], record["scale_max"]) == (0, 10):
        return ([inner], AS_PRINTED) if inner["level"] == "printed" else (inner["children"], inner["rule"])
    return [inner, *_ends(record, row)], rule


def _mean_of_row(arms, row, score):
    """The children and the rule of a row's mean in points."""
    record = arms.records[row]
    if score != "change":
        return _rescaled(record, row, leaf(record, row, f"{score}_mean"), TO_POINTS)
    if pd.notna(record["change_mean"]):
        return _rescaled(record, row, leaf(record, row, "change_mean"), LENGTH_TO_POINTS)
    parts = [leaf(record, row, f"{name}_mean") for name in ("final", "baseline")]
    return _rescaled(
        record, row, _in_scale(record, "mean of the change", FINAL_MINUS_BASELINE, parts), LENGTH_TO_POINTS
    )


def _in_scale(record, quantity, rule, parts):
    value = VALUES[rule]([part["value"] for part in parts])
    return node("step", quantity, value, rule, parts, study=record["study"], arm=record["arm"], unit=IN_SCALE)


def _sd_of_row(arms, row, score):
    """The children and the rule of a row's SD in points."""
    record = arms.records[row]
    return _rescaled(record, row, _raw_sd(arms, record, row, score), LENGTH_TO_POINTS)


def _raw_sd(arms, record, row, score):
    """An SD in scale units: printed, from an SE, from an interval, or from baseline and final SD."""
    if pd.notna(record[f"{score}_sd"]):
        return leaf(record, row, f"{score}_sd")
    n, name = leaf(record, row, "n", unit="people"), _name("SD", score)
    if pd.notna(record[f"{score}_se"]):
        return _in_scale(record, name, FROM_SE, [leaf(record, row, f"{score}_se"), n])
    if score != BASELINE and pd.notna(record[f"{score}_ci_low"]):
        ends = [leaf(record, row, f"{score}_ci_{end}") for end in ("low", "high")]
        return _in_scale(record, name, FROM_CI, [*ends, leaf(record, row, "ci_level", unit="percent"), n])
    r = assumption("correlation", arms.options["correlation"], "between baseline and final pain, option correlation")
    sds = [_raw_sd(arms, record, row, part) for part in (BASELINE, "final")]
    return _in_scale(record, name, FROM_BOTH, [*sds, r])


def sd_node(arms, unit, arm, score, value):
    """The SD of a score in one arm, in points; `value` is the one that was used."""
    line = arms.lines[unit, arm, score]
    if not math.isnan(line.sd):
        return _of_rows(arms, line, "SD", line.sd, _sd_of_row)
    lent, missing_sd = _lenders(arms, line), arms.options["missing_sd"]
    sd, n = lent["sd"].to_numpy(), lent["n"].to_numpy()
    if not len(lent) or not math.isclose(borrowed_sd(sd, n, missing_sd), value, rel_tol=1e-9):
        return _arm_node(line, "SD", value, f"{IMPUTED}: {OUTSIDE}", [])
    rule = BORROWED[missing_sd].format(score=SCORES[score], arm=arm, k=lent["study"].nunique())
    return _arm_node(line, "SD", value, rule, [part for other in lent.itertuples() for part in _donor(arms, other)])


def _lenders(arms, line):
    try:
        return arms.scores.iloc[donors(arms.scores, [line.Index])[line.Index]]
    except ValueError:  # nobody among these trials
        return arms.scores.iloc[:0]


def _donor(arms, line):
    """The SD and n that another trial lends; its own derivation stands in its own branch."""
    record = arms.records[line.rows[0]]
    more = {name: text_of(record[name]) for name in ("source", "locator", "certainty")}
    more |= {"study": line.study, "arm": line.arm, "row": line.rows[0], "file": FILE}
    several = f"rows {', '.join(map(str, line.rows))} combined" if line.merged > 1 else ""
    rule = "; ".join(part for part in (line.sd_rule, several) if part) or AS_PRINTED
    yield node("donor", _name("SD", line.score), line.sd, rule, unit=IN_POINTS, **more)
    yield node("donor", "n", line.n, several, unit="people", **more)


def n_node(arms, unit, arm, score):
    """The people of one arm."""
    line = arms.lines[unit, arm, score]
    cells = [leaf(arms.records[row], row, "n", unit="people") for row in line.rows]
    if line.merged > 1:
        return _arm_node(line, "n", line.n, SUMMED, cells)
    if line.share < 1:
        share = assumption("share", line.share, "option multi_arm='split'")
        return _arm_node(line, "n", line.n, SHARED, [*cells, share])
    return _arm_node(line, "n", line.n, AS_PRINTED, cells)


BORROWED = {
    "impute": "imputed: SDs of the {score} pooled over the {arm} arms of {k} other trials",
    "impute-median": "imputed: median SD of the {score} among the {arm} arms of {k} other trials",
    "impute-largest": "imputed: largest SD of the {score} among the {arm} arms of {k} other trials",
}
#: The numbers between an arm and its cells, from the values of the children.
VALUES = {
    AS_PRINTED: lambda x: x[0],
    TO_POINTS: lambda x: (x[0] - x[1]) * (POINTS / (x[2] - x[1])),
    LENGTH_TO_POINTS: lambda x: x[0] * (POINTS / (x[2] - x[1])),
    FINAL_MINUS_BASELINE: lambda x: x[0] - x[1],
    FROM_SE: lambda x: recover.sd_from_se(*x),
    FROM_CI: lambda x: recover.sd_from_ci(x[0], x[1], x[3], x[2] / 100),
    FROM_BOTH: lambda x: change_sd(*x),
}
