"""For any pooled number, the tree down to each printed number, with its source and every rule applied on the way.

A node is a dict with the columns of `FIELDS` and `children`. The value of a derived node is a function of the values of
its children, named by its `rule`; the leaves are cells of a file, assumptions, SDs lent by other trials (donors), and
trials that were left out. The tree is drawn with box characters, or as nested folds in a notebook.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis import _check, recover
from analysis.data.arm_scores import (
    ADJUSTED,
    ANCOVA,
    BASELINE,
    BASELINE_PLUS_CHANGE,
    FROM_BOTH,
    FROM_CHANGE,
    FROM_CI,
    FROM_P,
    FROM_SE,
    IMPUTED,
    PARTS,
    POINTS,
    SCORES,
    arm_scores,
    borrowed_rule,
    borrowed_sd,
    comparisons,
    donors,
    one_per_role,
)
from analysis.data.dictionary import COLUMNS, how_recovered
from analysis.data.effect_sizes import EffectSizes, require_points
from analysis.data.printed_p import exact_p, paired_correlation, paired_sd
from analysis.data.wide import row_given
from analysis.effects import change_sd
from analysis.evidence.arms import shares_of_arms
from analysis.models.pooling import pool
from analysis.models.results import PooledEffect
from analysis.sentences import InWords, Wording
from analysis.text import number, percent

FIELDS = (
    "level study label arm quantity value unit weight rule file row column printed source locator certainty"
).split()
ROLES = ("contrast", "treatment", "placebo")
FILE, CONTRASTS = "trials", "contrasts"
IN_POINTS, IN_SCALE, SQUARED = "points", "scale units", "points squared"
# Shown after the point; two in every other unit.
_DIGITS = {SQUARED: 4, "people": 0}
# These may be blank.
_INTEGERS = {"parent": "Int64", "row": "Int64"}

# Rules, from a pooled number down to the cells.
WEIGHTED = "sum of weight times the effect of each trial"
BY_WEIGHT = "weight: 1 over (variance + between-trial variance), as a share of their sum"
BETWEEN = "estimated by {method} from the effects and variances of all trials"
COMMON = "common-effect model: 0 by definition"
MINUS = "treatment minus {arm}"
OF_THE_ARM = "mean of the arm"
INDEPENDENT = "square of the SD over n, summed over the two arms"
PAIRED = "squares of the SDs minus twice correlation times SDs, over n (the same people)"
OF_ONE_ARM = "square of the SD over n"
OF_SHARES, SAME_ARM = "1 over the sum of 1 over the variance of each share", "its arm is that of {label}"
SQUARE = "square of the standard error"
LEAST_SQUARES = "least squares on arm and baseline"
OF_LEAST_SQUARES = "square of the standard error that least squares on arm and baseline gives"
OF_SCORES = "between baseline and final score, option correlation"
BY_THREE_SDS = "the correlation that the SDs of baseline, final score and change imply, as one for both arms"
FROM_NORMAL = "half the interval over the normal quantile"
FROM_T = "half the interval over the t quantile on n of both arms minus 2 degrees of freedom"
COMBINED = "arms combined as if one (Cochrane Handbook 6.5.2.10)"
SUMMED, SHARED = "sum over the arms combined", "share of the {arm} arm that serves several treatment arms"
OUTSIDE = "the lenders are not among these trials: give the effect sizes before selection as among="
AS_PRINTED = "as printed"
TO_POINTS = "minus the lower end of the scale, times 10 over its width"
LENGTH_TO_POINTS = "times 10 over the width of the scale"
FINAL_MINUS_BASELINE = "final minus baseline"
BY_PAIRED_P = "the correlation with which a paired t test gives the printed p"
BY_PAIRED_P_ALONE = "the SD with which a paired t test gives the printed p, the same in both periods"
ALONE = "an arm of one person: nothing varies within it"

#: The numbers between an arm and its cells, from the values of the children.
VALUES: dict[str, Any] = {
    AS_PRINTED: lambda x: x[0],
    TO_POINTS: lambda x: (x[0] - x[1]) * (POINTS / (x[2] - x[1])),
    LENGTH_TO_POINTS: lambda x: x[0] * (POINTS / (x[2] - x[1])),
    FINAL_MINUS_BASELINE: lambda x: x[0] - x[1],
    FROM_SE: lambda x: recover.sd_from_se(*x),
    # The level of the interval is a cell in percent, and stands beside its ends.
    FROM_CI: lambda x: recover.sd_from_ci(x[0], x[1], x[3], x[2] / 100),
    FROM_BOTH: lambda x: change_sd(*x),
    BASELINE_PLUS_CHANGE: lambda x: x[0] + x[1],
    FROM_CHANGE: lambda x: recover.sd_from_change(*x),
    FROM_P: lambda x: recover.sd_from_p(x[0] - x[1], x[2], *x[3:]),
    BY_PAIRED_P: lambda x: paired_correlation(x[0] - x[1], x[2], x[3], *x[4:]),
    BY_PAIRED_P_ALONE: lambda x: paired_sd(x[0] - x[1], *x[2:]),
    ALONE: lambda x: 0.0,
}


@dataclass(frozen=True, eq=False, repr=False)
class Provenance(InWords):
    """Where pooled numbers come from.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per node of the tree, parents before children: `node`, `parent` (blank for a pooled number), `level`
        ("pooled", "trial", "effect", "arm", "step", "printed", "assumed", "donor", "left out", "judgement", "fact"),
        study, label, arm, quantity, value, unit, `weight` (of a trial), `rule` by which the value follows from those of
        the children, or what was judged or found, and for what is printed: `file`, `row`, `column`, `printed` (the
        value as it stands there), source, locator, certainty.

    See Also
    --------
    analysis.provenance : Make this result.
    analysis.effect_sizes : Compute the effect sizes that are traced.

    References
    ----------
    Moreau & Missier (eds) 2013, PROV-DM: The PROV Data Model, W3C Recommendation (what provenance is).

    Cochrane Handbook for Systematic Reviews of Interventions, section 6.5.2 (rules by which means and SDs are
    obtained).

    Examples
    --------
    >>> from analysis import effect_sizes, provenance, read_trials
    >>> traced = provenance(effect_sizes(read_trials("data/trials.csv")), "chow2006")
    >>> traced.table["level"].unique()[:4].tolist()
    ['pooled', 'effect', 'trial', 'arm']
    >>> int((traced.table["level"] == "printed").sum())
    6
    """

    table: pd.DataFrame

    def tree(self, study: str | None = None) -> str:
        """Return the tree as text, one line a number, drawn with box characters.

        Parameters
        ----------
        study : str, optional
            Draw the branches of this trial only.

        Returns
        -------
        str
            Pooled numbers first, each trial below them, and every printed number with its place in the file.

        Raises
        ------
        ValueError
            If there is no such trial in the tree.
        """
        return _drawing(self.table if study is None else _branches(self.table, study))

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table of nodes.

        Returns
        -------
        pandas.DataFrame
            With the columns of `table`.
        """
        return self.table.copy()

    def summary(self) -> str:
        """Return the whole tree as text, as :meth:`tree` draws it.

        Returns
        -------
        str
        """
        return self.tree()

    def _repr_html_(self):
        return _html_of(self.table)


def _drawing(table):
    """The tree as text with box characters, one line a number."""
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


def _nested(table):
    """The nodes as (words, children) pairs; donors of one SD, and the ends of a scale, are told in one line."""
    children, sources = {}, {}
    called = dict(zip(("treatment", "placebo"), table.attrs.get("arms", ()), strict=False))
    for line in table.assign(arm=table["arm"].map(lambda arm: called.get(arm, arm))).itertuples():
        children.setdefault(None if pd.isna(line.parent) else line.parent, []).append(line)
        if line.level == "printed":
            where = ", ".join(part for part in (line.source, line.locator, line.certainty) if part)
            sources.setdefault(line.study, {}).setdefault(where)

    def build(line):
        below = children.get(line.node, [])
        if len(below) == 1 and line.rule == AS_PRINTED and below[0].level == "printed":
            return f"{_value(line)}: {_cell_words(below[0])}", []
        told = _words(line)
        if line.level == "trial":
            told += "".join(f" [{'; '.join(known)}]" for known in [sources.get(line.study)] if any(known or ()))
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
    unit = line.unit if line.unit not in (IN_SCALE, "percent") else ""
    # A shared placebo arm that is split may serve half a person.
    digits = 1 if line.unit == "people" and line.value % 1 else _DIGITS.get(line.unit, 2)
    shown = number(line.value, digits)
    arm = f"{line.arm}: " if line.arm and line.level in ("arm", "step") else ""
    return f"{arm}{line.quantity}, {shown}" + (f" {unit}" if unit else "")


def _cell_words(line):
    rule = f" ({line.rule})" if line.rule else ""
    of = "" if line.file == FILE else f" of {line.file}"
    return f"{line.column} {line.printed}{rule}, row {line.row}{of}"


def _words(line):
    """One node in words."""
    if line.level == "left out":
        return f"{line.label}, left out: {line.rule}"
    if line.level == "printed":
        return _cell_words(line)
    if line.level in ("judgement", "fact"):
        return f"{line.quantity}: {line.rule}"
    if line.level == "trial":
        return f"{line.label}: {_value(line)}, weight {percent(line.weight, 1)}"
    return _value(line) + (f": {line.rule}" if line.rule else "")


def _branches(table, study):
    """The pooled numbers and what lies below the nodes of one trial."""
    parents = dict(zip(table["node"], table["parent"], strict=True))
    levels = dict(zip(table["node"], table["level"], strict=True))
    own = dict(zip(table["node"], table["study"], strict=True))
    keep = []
    for at in table["node"]:
        top = at
        while levels[top] not in ("pooled", "trial", "left out") and not pd.isna(parents[top]):
            top = parents[top]
        keep.append(levels[top] == "pooled" or own[top] == study)
    if not any(own[at] == study for at in table["node"]):
        raise ValueError(f"'{study}' is no trial of this tree")
    return table[keep]


def _html_of(table):
    """The tree as nested folds (HTML details), the pooled numbers unfolded."""

    def fold(item, is_open):
        words, below = html.escape(item[0]), item[1]
        if not below:
            return f"<li>{words}</li>"
        inner = "".join(fold(child, False) for child in below)
        attribute = " open" if is_open else ""
        return f"<li><details{attribute}><summary>{words}</summary><ul>{inner}</ul></details></li>"

    return f"<ul>{''.join(fold(root, True) for root in _nested(table))}</ul>"


def provenance(
    effects: Any,
    study: str | None = None,
    *,
    among: EffectSizes | None = None,
    risk_of_bias: pd.DataFrame | None = None,
    facts: pd.DataFrame | None = None,
) -> Provenance:
    """Trace pooled numbers down to each printed number.

    Parameters
    ----------
    effects : EffectSizes, PooledEffect, PooledArms, or any result with `effects`
        EffectSizes are pooled as by :func:`analysis.pool` without options. A PooledEffect that was made of them is
        traced as it was pooled; of a PooledArms, the contrast and the changes within the arms.
    study : str, optional
        Only the branches of this trial.
    among : EffectSizes, optional
        All effect sizes, where `effects` are a selection of them: the trials that lent an SD may stand outside the
        selection.
    risk_of_bias : pandas.DataFrame, optional
        From :func:`analysis.read_risk_of_bias`, of any tools: what each trial was judged stands below its numbers.
    facts : pandas.DataFrame, optional
        From :func:`analysis.read_bias_facts`: so does how it was run (allocation, blinding checks, dropouts, money).

    Returns
    -------
    Provenance

    Raises
    ------
    ValueError
        If there is nothing to trace: no effect sizes, no such trial, or effect sizes without their rows.

    See Also
    --------
    analysis.effect_sizes : Compute the effect sizes that are traced.
    analysis.audit_trials : List what is doubtful in a table of trials.
    analysis.pool_arms : Pool the changes within arms and the contrast.

    Notes
    -----
    The value of every node follows from those of its children by its rule; only the between-trial variance is estimated
    from all trials at once. An SD that another trial lends is a leaf ("donor"); how it came about stands in that
    trial's own branch. Effect sizes from `data/contrasts.csv` end in the reported difference.

    References
    ----------
    Moreau & Missier (eds) 2013, PROV-DM: The PROV Data Model, W3C Recommendation (what provenance is).

    Cochrane Handbook for Systematic Reviews of Interventions, section 6.5.2 (rules by which means and SDs are
    obtained).

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> traced = provenance(effect_sizes(read_trials("data/trials.csv")), "chow2006")
    >>> for line in traced.tree().splitlines()[3:5]:
    ...     print(line.strip("│├└─ "))
    difference, −2.93 points: treatment minus placebo
    treatment: mean of the change, −2.68 points: change_mean -2.6822, row 6
    """
    found, pooled = _pooled(effects)
    require_points(found, "provenance")
    if not len(found):
        raise ValueError("there is no trial to trace; see left_out of the effect sizes for the reasons")
    known = set(found.table["study"]) | set(found.left_out["study"])
    if study is not None and study not in known:
        raise ValueError(f"'{study}' is no trial of these effect sizes: {', '.join(sorted(known))}")
    lost = sorted(set(found.table["study"]) - set(found.rows["study"]))
    if lost:
        raise ValueError(f"the rows of {', '.join(lost)} are missing; trace what effect_sizes returns")
    if among is not None and not isinstance(among, EffectSizes):
        raise ValueError(f"among is a {type(among).__name__}, but must be the effect sizes before selection")
    if among is not None and (strangers := sorted({*found.table["study"]} - {*among.table["study"]})):
        raise ValueError(
            f"among has no {_check.few(strangers)}, which were pooled: give "
            "the effect sizes from which these were chosen"
        )
    arms, traced = _arms_behind(found if among is None else among, found.table), list(found.table.itertuples())
    chosen = [trial for trial in traced if study is None or trial.study == study]
    roots = []
    for role, result in pooled.items():
        present = np.flatnonzero(found.table["yi" if role == "contrast" else f"change_{role}"].notna())
        once = role == "placebo" and found.options.get("multi_arm") == "split"
        shares = shares_of_arms(found.table, present) if once else present[:, None]
        pooled_as = {}
        for rows, weight in zip(shares, result.weights, strict=True):
            own = [traced[row] for row in rows]
            pooled_as |= {trial.Index: (weight, own) for trial in own}
        trials = [_branch(arms, trial, role, *pooled_as.get(trial.Index, (None, []))) for trial in chosen]
        called = found.options.get("comparator", role) if role == "placebo" else role
        roots.append(_of_pooled(called, result, trials, found.unit))
    for branch in roots[0]["children"]:
        branch["children"] += _noted(branch, risk_of_bias, facts)
    roots[0]["children"] += _left_out(found, study)
    tree, words = _flat(roots), Wording.of(found)
    tree["rule"] = tree["rule"].map(lambda rule: _called(rule, words))
    tree.attrs["arms"] = words.arms
    return Provenance(tree)


def _called(rule, words):
    """A rule with what the effects call their arms and their rows."""
    if rule == MINUS.format(arm="placebo"):
        return words.contrast
    if rule == WEIGHTED or rule.startswith(BETWEEN.partition("{")[0]):
        return rule.replace("trials", words.nouns).replace("trial", words.noun)
    return rule


def _noted(branch, judged, facts):
    """What was judged of a trial and how it was run, as leaves."""
    trial = {name: branch[name] for name in ("study", "label")}
    leaves = []
    if judged is not None:
        _check.table(judged, "risk_of_bias", ["study", "tool", "domain", "judgement", "judged_by"], "read_risk_of_bias")
        for row in judged[judged["study"] == branch["study"]].to_dict("index").items():
            leaves.append(_note("judgement", "{tool}, {domain}", "{judgement} ({judged_by})", row, trial))
    if facts is not None:
        _check.table(facts, "facts", ["study", "item", "finding"], "read_bias_facts")
        for row in facts[facts["study"] == branch["study"]].to_dict("index").items():
            leaves.append(_note("fact", "{item}", "{finding}", row, trial))
    return leaves


def _note(level, quantity, said, row, trial):
    at, cells = row
    known = {name: cells[name] for name in ("source", "locator", "certainty") if isinstance(cells.get(name), str)}
    return _node(level, quantity.format(**cells), None, said.format(**cells), row=at, **known, **trial)


def _pooled(effects):
    """The effect sizes, and the pooled results to trace by role."""
    if isinstance(effects, EffectSizes):
        return effects, {"contrast": pool(effects)} if len(effects) else {}
    inner = getattr(effects, "effects", None)
    if not isinstance(inner, EffectSizes) or not (isinstance(effects, PooledEffect) or hasattr(effects, "joint")):
        give = "it holds no effect sizes to trace; give EffectSizes, or a PooledEffect or PooledArms of them"
        raise TypeError(_check.refusal(effects, "provenance", give))
    if isinstance(effects, PooledEffect):
        return inner, {"contrast": effects}
    results = {role: getattr(effects, role) for role in ROLES}
    return inner, {role: result for role, result in results.items() if result is not None}


@dataclass(frozen=True, eq=False)
class _Arms:
    """The arm scores behind effect sizes, with what is needed to trace them; see :func:`_arms_behind`."""

    options: dict  # of `effect_sizes`
    records: dict  # from the row of the file to its cells
    scores: pd.DataFrame  # of `one_per_role`
    lenders: pd.DataFrame  # the same with the arms of each trial combined: what lends SDs
    rules: dict  # from row and score to the rule of the SD in :data:`analysis.data.arm_scores.SD_ORDER`
    lent: dict  # from a line of `scores` without an SD to those of `lenders` that can lend one
    lines: dict  # from unit, role and score to the line of `scores`
    units: dict  # from a comparison to the units of its effects
    reported: dict  # from a study whose paper prints the difference alone to row and cells
    compared: dict  # from an effect size, by its place in the index, to its comparison
    told: dict = field(default_factory=dict)  # from what lends, by its identity, to what is said of it

    def unit_of(self, trial):
        """The unit behind an effect size: a comparison, or one of its treatment arms where they were split."""
        units = self.units.get(self.compared[trial.Index], [])
        for at, unit in enumerate(units, start=1):
            # As the rows of `effect_sizes` are labelled.
            name = self.lines[unit, "treatment", BASELINE].arm_label or f"arm {at}"
            if len(units) == 1 or trial.label.endswith(f": {name}"):
                return unit
        return None


def _arms_behind(effects, traced):
    """The arms of all trials whose rows the effect sizes hold, as `effect_sizes` made them, for those of a table."""
    # The rows of effect sizes from contrasts alone have no arms.
    rows = effects.rows.reindex(columns=[*dict.fromkeys((*COLUMNS, *effects.rows.columns))])
    of_arms = rows["arm"].notna()
    differences, rows = rows[~of_arms], rows[of_arms]
    reported = {record["study"]: (row, record) for row, record in _records(differences)}
    times = effects.options.get("times", "primary")
    compared = dict(zip(traced.index, comparisons(traced, times), strict=True))
    if rows.empty:
        return _Arms(effects.options, {}, pd.DataFrame(), pd.DataFrame(), {}, {}, {}, {}, reported, compared)
    rows = rows.assign(comparison=comparisons(rows, times))
    told = effects.options["correlation"], effects.options["crossover_correlation"]
    single = arm_scores(rows, *told, adjusted=effects.options["outcome"] == ANCOVA)
    scores = one_per_role(single, effects.options["multi_arm"]).reset_index(drop=True)
    lenders = one_per_role(single[single["row"].isin(rows.index[rows["primary"] == "yes"])], "combine")
    lines, units = {}, {}
    for line in scores.astype(object).itertuples():
        lines[line.unit, _role(line.arm), line.score] = line
        known = units.setdefault(line.comparison, [])
        if line.unit not in known:
            known.append(line.unit)
    rules = dict(zip(zip(single["row"], single["score"], strict=True), single["sd_rule"], strict=True))
    lent = donors(scores, scores.index[scores["sd"].isna()], lenders, all_lent=False)
    records = dict(_records(rows))
    return _Arms(effects.options, records, scores, lenders, rules, lent, lines, units, reported, compared)


def _role(arm):
    """Which of the two an arm is, whatever treatment is compared with."""
    return "treatment" if arm == "treatment" else "placebo"


def _records(rows):
    """Each row of the file with its cells, in pairs."""
    return zip(rows.index, rows.to_dict("records"), strict=True)


def _branch(arms, trial, role, weight, shares):
    """The branch of one trial in the pooled number of a role; a trial without a weight was left out, and says why.

    `shares` are the effects that share its arm, of which the first stands for the arm.
    """
    more = {"study": trial.study, "label": trial.label, "unit": IN_POINTS}
    if weight is None:
        return _node("left out", "trial", None, trial.change_status, **(more | {"unit": ""}))
    if trial.Index != shares[0].Index:
        return _node("left out", "trial", None, SAME_ARM.format(label=shares[0].label), **(more | {"unit": ""}))
    if role != "contrast":
        effect, parts = _one_arm(arms, trial, role)
        if len(shares) > 1:
            others = [_one_arm(arms, other, role)[1][1] for other in shares[1:]]
            vi = 1.0 / sum(1.0 / part["value"] for part in (parts[1], *others))
            parts[1] = _effect(trial, "variance of the change", vi, OF_SHARES, [parts[1], *others])
    elif trial.outcome in SCORES:
        effect, parts = _two_arms(arms, trial)
    elif trial.outcome == ANCOVA:
        effect, parts = _two_adjusted_arms(arms, trial)
    else:
        effect, parts = _reported(arms, trial)
    return _node("trial", effect, parts[0]["value"], BY_WEIGHT, parts, weight=weight, **more)


def _node(level, quantity, value, rule="", children=(), **more):
    """A node; what is not given is blank."""
    blank = dict.fromkeys(FIELDS, "") | {"value": math.nan, "weight": math.nan, "row": None}
    value = math.nan if value is None else float(value)
    own = {"level": level, "quantity": quantity, "value": value, "rule": rule}
    return blank | own | more | {"children": list(children)}


def _one_arm(arms, trial, role):
    value, vi = getattr(trial, f"change_{role}"), getattr(trial, f"change_{role}_vi")
    line = arms.lines[arms.unit_of(trial), role, "change"]
    n = _n_node(arms, line)
    sd = _sd_node(arms, line, (vi * n["value"]) ** 0.5)
    parts = [_effect(trial, "change", value, OF_THE_ARM, [_mean_node(arms, line)])]
    return "change", [*parts, _effect(trial, "variance of the change", vi, OF_ONE_ARM, [sd, n])]


def _n_node(arms, line):
    """The people of one arm."""
    cells = [_leaf(arms.records[row], row, "n", unit="people") for row in line.rows]
    if line.merged > 1:
        return _arm_node(line, "n", line.n, SUMMED, cells)
    if line.share < 1:
        share = _assumption("share", line.share, "option multi_arm='split'")
        return _arm_node(line, "n", line.n, SHARED.format(arm=line.arm), [*cells, share])
    return _arm_node(line, "n", line.n, AS_PRINTED, cells)


def _leaf(record, row, column, *, unit=IN_SCALE, file=FILE):
    """A printed cell: row and column of the file, the value as it stands there, and where it was read or how found."""
    value = record[column]
    more = {name: _text_of(record.get(name)) for name in ("study", "arm", "source", "locator", "certainty")}
    basis = _text_of(record.get("n_basis")) if column == "n" else ""
    rule = f"n is {basis}" if basis in ("assumed", "inferred") else how_recovered(record.get("recovered"), column)
    return _node(
        "printed",
        column,
        value,
        rule,
        unit=unit,
        file=file,
        row=row_given(record, row),
        column=column,
        printed=f"{value:.12g}",
        **more,
    )


def _text_of(value):
    """A text cell; "" for a blank."""
    return value if isinstance(value, str) else ""


def _arm_node(line, quantity, value, rule, children):
    unit = "people" if quantity == "n" else IN_POINTS
    more = {"study": line.study, "arm": line.arm, "unit": unit}
    return _node("arm", _name(quantity, line.score), value, rule, children, **more)


def _name(quantity, score):
    return "n" if quantity == "n" else f"{quantity} of the {SCORES.get(score, score)}"


def _assumption(quantity, value, rule):
    """A number that nobody printed: a correlation, a share."""
    return _node("assumed", quantity, value, rule, printed="")


def _sd_node(arms, line, value):
    """The SD of a score in one arm, in points; `value` is the one that was used."""
    if not math.isnan(line.sd):
        return _of_rows(arms, line, "SD", line.sd, _sd_of_row)
    sd, others, nodes = _lent(arms, line)
    if not nodes or not math.isclose(sd, value, rel_tol=1e-9):
        return _arm_node(line, "SD", value, f"{IMPUTED}: {OUTSIDE}", [])
    return _arm_node(line, "SD", value, borrowed_rule(arms.options["missing_sd"], line.score, line.arm, others), nodes)


def _of_rows(arms, line, quantity, value, of_row):
    """A mean or SD of an arm: that of its row, or of several rows combined."""
    if line.merged == 1:
        inner, rule = of_row(arms, line.rows[0], line.score)
        return _arm_node(line, quantity, value, rule, inner)
    children = []
    for row in line.rows:
        for part, function in (("mean", _mean_of_row), ("SD", _sd_of_row)):
            # The SD of combined arms depends on how far their means lie apart.
            if part == quantity or quantity == "SD":
                inner, rule = function(arms, row, line.score)
                children.append(_step(arms.records[row], _name(part, line.score), rule, inner, IN_POINTS))
        children.append(_leaf(arms.records[row], row, "n", unit="people"))
    return _arm_node(line, quantity, value, COMBINED, children)


def _mean_of_row(arms, row, score):
    """The children and the rule of a row's mean in points."""
    record = arms.records[row]
    if score == "final" and pd.isna(record["final_mean"]):
        parts = [_leaf(record, row, f"{name}_mean") for name in (BASELINE, "change")]
        return _rescaled(record, row, _step(record, "mean final score", BASELINE_PLUS_CHANGE, parts), TO_POINTS)
    if score != "change":
        return _rescaled(record, row, _leaf(record, row, f"{score}_mean"), TO_POINTS)
    if pd.notna(record["change_mean"]):
        return _rescaled(record, row, _leaf(record, row, "change_mean"), LENGTH_TO_POINTS)
    parts = [_leaf(record, row, f"{name}_mean") for name in ("final", "baseline")]
    return _rescaled(record, row, _step(record, "mean of the change", FINAL_MINUS_BASELINE, parts), LENGTH_TO_POINTS)


def _rescaled(record, row, inner, rule):
    """Put a number into points; on a scale of 0-10 it is one already."""
    if _is_in_points(record):
        return ([inner], AS_PRINTED) if inner["level"] == "printed" else (inner["children"], inner["rule"])
    return [inner, *(_leaf(record, row, column) for column in ("scale_min", "scale_max"))], rule


def _is_in_points(record):
    return (record["scale_min"], record["scale_max"]) == (0, POINTS)


def _step(record, quantity, rule, parts, unit=IN_SCALE):
    """A number between an arm and its printed cells, with the value that the rule gives."""
    value = VALUES[rule]([part["value"] for part in parts])
    return _node("step", quantity, value, rule, parts, study=record["study"], arm=record["arm"], unit=unit)


def _sd_of_row(arms, row, score):
    """The children and the rule of a row's SD in points."""
    record = arms.records[row]
    return _rescaled(record, row, _raw_sd(arms, record, row, score), LENGTH_TO_POINTS)


def _raw_sd(arms, record, row, score):
    """An SD in scale units, by the rule that :func:`arm_scores` took."""
    rule = arms.rules[row, score]
    if pd.notna(record[f"{score}_sd"]):
        return _leaf(record, row, f"{score}_sd")
    n, name = _leaf(record, row, "n", unit="people"), _name("SD", score)
    if record["n"] == 1:
        return _step(record, name, ALONE, [n])
    if rule == FROM_SE:
        return _step(record, name, FROM_SE, [_leaf(record, row, f"{score}_se"), n])
    if rule == FROM_CI:
        ends = [_leaf(record, row, f"{score}_ci_{end}") for end in ("low", "high")]
        return _step(record, name, FROM_CI, [*ends, _leaf(record, row, "ci_level", unit="percent"), n])
    if rule.startswith(FROM_P) and record["design"] == "crossover":
        return _step(
            record, name, BY_PAIRED_P_ALONE, [*_cells_of_the_test(arms, record, score, paired=True), _between(arms)]
        )
    if rule.startswith(FROM_P):
        return _step(record, name, FROM_P, _cells_of_the_test(arms, record, score))
    r = _assumption("correlation", arms.options["correlation"], OF_SCORES)
    if score == "final":
        sds = [_raw_sd(arms, record, row, part) for part in (BASELINE, "change")]
        return _step(record, name, FROM_CHANGE, [*sds, r])
    sds = [_raw_sd(arms, record, row, part) for part in (BASELINE, "final")]
    return _step(record, name, FROM_BOTH, [*sds, r])


def _between(arms):
    told = "between the two periods of a person, option crossover_correlation"
    return _assumption("correlation", arms.options["crossover_correlation"], told)


def _cells_of_the_test(arms, one, score, paired=False):
    """What a t test of two arms rests on: their means, the p, and the people of both arms, or of the one pair."""
    same = [(row, record) for row, record in arms.records.items() if record["comparison"] == one["comparison"]]
    rows = {record["arm"]: (row, record) for row, record in same}
    treatment, placebo = ((record, row) for row, record in (rows["treatment"], rows["placebo"]))
    text = treatment[0]["p_between"]
    p = exact_p(text, treatment[0]["note"], paired=paired)
    more = {name: _text_of(treatment[0].get(name)) for name in ("study", "arm", "source", "locator", "certainty")}
    more |= {"file": FILE, "row": row_given(*treatment), "column": "p_between", "printed": text}
    n = [_leaf(*arm, "n", unit="people") for arm in (treatment, placebo)]
    means = [_leaf(*arm, f"{score}_mean") for arm in (treatment, placebo)]
    return [*means, _node("printed", "p_between", p, **more), *(n[:1] if paired else n)]


def _lent(arms, line):
    """The SD that other trials lend, how many they are, and their nodes, which are one list for all that borrow it."""
    lines = arms.lent.get(line.Index)
    # Nobody among these trials.
    if lines is None:
        return math.nan, 0, []
    if id(lines) not in arms.told:
        lent = arms.lenders.iloc[lines]
        sd = borrowed_sd(lent["sd"].to_numpy(), lent["n"].to_numpy(), arms.options["missing_sd"])
        nodes = [part for other in lent.astype(object).itertuples() for part in _donor(arms, other)]
        arms.told[id(lines)] = sd, lent["study"].nunique(), nodes
    return arms.told[id(lines)]


def _donor(arms, line):
    """The SD and n that another trial lends; its own derivation stands in its own branch."""
    record = arms.records[line.rows[0]]
    more = {name: _text_of(record[name]) for name in ("source", "locator", "certainty")}
    more |= {"study": line.study, "arm": line.arm, "row": row_given(record, line.rows[0]), "file": FILE}
    rows = (str(row_given(arms.records[row], row)) for row in line.rows)
    several = f"rows {', '.join(rows)} combined" if line.merged > 1 else ""
    rule = "; ".join(part for part in (line.sd_rule, several) if part) or AS_PRINTED
    yield _node("donor", _name("SD", line.score), line.sd, rule, unit=IN_POINTS, **more)
    yield _node("donor", "n", line.n, several, unit="people", **more)


def _effect(trial, quantity, value, rule, children):
    unit = SQUARED if quantity.startswith("variance") else IN_POINTS
    return _node("effect", quantity, value, rule, children, study=trial.study, label=trial.label, unit=unit)


def _mean_node(arms, line):
    """The mean of a score in one arm, in points."""
    return _of_rows(arms, line, "mean", line.mean, _mean_of_row)


def _two_arms(arms, trial):
    unit = arms.unit_of(trial)
    treatment, placebo = (arms.lines[unit, arm, trial.outcome] for arm in ("treatment", "placebo"))
    means = [_mean_node(arms, line) for line in (treatment, placebo)]
    sd_t, sd_p = _sd_node(arms, treatment, trial.sd_treatment), _sd_node(arms, placebo, trial.sd_placebo)
    n_t, n_p = _n_node(arms, treatment), _n_node(arms, placebo)
    if trial.design == "crossover":
        r = _between(arms)
        if not math.isnan(trial.period_correlation):
            record = arms.records[treatment.rows[0]]
            cells = _cells_of_the_test(arms, record, trial.outcome, paired=True)
            rows = (treatment.rows[0], placebo.rows[0])
            sds = (_raw_sd(arms, arms.records[row], row, trial.outcome) for row in rows)
            r = _step(record, "correlation", BY_PAIRED_P, [*cells, *sds], unit="")
        rule, children = PAIRED, [sd_t, sd_p, n_p, r]
    else:
        rule, children = INDEPENDENT, [sd_t, n_t, sd_p, n_p]
    parts = [_effect(trial, "difference", trial.yi, MINUS.format(arm=placebo.arm), means)]
    return "difference", [*parts, _effect(trial, "variance of the difference", trial.vi, rule, children)]


def _two_adjusted_arms(arms, trial):
    """The branch of a difference adjusted for baseline: both scores of both arms, and the correlation."""
    unit = arms.unit_of(trial)
    lines = {
        (role, score): arms.lines[unit, role, score] for role in ("treatment", "placebo") for score in PARTS[ANCOVA]
    }
    means = [_mean_node(arms, line) for line in lines.values()]
    used = {"final": "sd_{}", BASELINE: "baseline_sd_{}"}
    sds = [_sd_node(arms, line, getattr(trial, used[score].format(role))) for (role, score), line in lines.items()]
    n = [_n_node(arms, lines[role, "final"]) for role in ("treatment", "placebo")]
    if "correlation assumed" in trial.flags:
        r = _assumption("correlation", trial.correlation, OF_SCORES)
    else:
        changes = [arms.lines[unit, role, "change"] for role in ("treatment", "placebo")]
        three = [*sds, *(_sd_node(arms, line, line.sd) for line in changes), *n]
        r = _effect(trial, "correlation", trial.correlation, BY_THREE_SDS, three) | {"unit": ""}
    parts = [*means, *sds, *n, r]
    difference = _effect(trial, ADJUSTED, trial.yi, LEAST_SQUARES, parts)
    return ADJUSTED, [difference, _effect(trial, f"variance of the {ADJUSTED}", trial.vi, OF_LEAST_SQUARES, parts)]


def _reported(arms, trial):
    """The branch of a trial whose paper prints the difference but not the arms."""
    row, record = arms.reported[trial.study]
    scaled = not _is_in_points(record)
    ends = [_contrast_cell(record, row, name) for name in ("scale_min", "scale_max")] if scaled else []
    rule = LENGTH_TO_POINTS if scaled else AS_PRINTED
    difference = _effect(trial, "difference", trial.yi, rule, [_contrast_cell(record, row, "difference"), *ends])
    se = _contrast_cell(record, row, "se")
    if pd.isna(record["se"]):
        n = [_contrast_cell(record, row, name, unit="people") for name in ("n_treatment", "n_placebo")]
        # Without degrees of freedom there is no t quantile.
        known = all(pd.notna(cell["value"]) for cell in n) and sum(cell["value"] for cell in n) > 2
        limits = [_contrast_cell(record, row, name) for name in ("ci_low", "ci_high")]
        limits.append(_contrast_cell(record, row, "ci_level", unit="percent"))
        children, rule = (limits + n, FROM_T) if known else (limits, FROM_NORMAL)
        low, high, ci_level, *n = (cell["value"] for cell in children)
        value = recover.se_from_ci(low, high, ci_level / 100, df=sum(n) - 2 if known else math.inf)
        se = _node("step", "standard error", value, rule, children, study=trial.study, unit=IN_SCALE)
    if scaled:
        se = _node(
            "step", "standard error", trial.vi**0.5, LENGTH_TO_POINTS, [se, *ends], study=trial.study, unit=IN_POINTS
        )
    return "difference", [difference, _effect(trial, "variance of the difference", trial.vi, SQUARE, [se])]


def _contrast_cell(record, row, column, *, unit=IN_SCALE):
    return _leaf(record, row, column, unit=unit, file=CONTRASTS)


def _of_pooled(role, pooled, trials, unit):
    """The root: a pooled number over its between-trial variance and its trials."""
    rule = COMMON if pooled.tau2_method == "CE" else BETWEEN.format(method=pooled.tau2_method)
    tau2 = [] if pooled.k == 1 else [_node("effect", "between-trial variance", pooled.tau2, rule, unit=SQUARED)]
    name = {"contrast": "contrast, pooled"}.get(role, f"change in the {role} arms, pooled")
    return _node("pooled", name, pooled.estimate, WEIGHTED, tau2 + trials, unit=unit)


def _left_out(effects, study):
    """A leaf for every trial without an effect size, with the reason."""
    out = effects.left_out if study is None else effects.left_out[effects.left_out["study"] == study]
    read_in = ["source", "locator", "certainty"]
    more = [{name: _text_of(x) for name, x in line.items()} for line in out.reindex(columns=read_in).to_dict("records")]
    lines = zip(out["study"], out["label"], out["reason"], more, strict=True)
    return [_node("left out", "trial", None, why, study=name, label=label, **m) for name, label, why, m in lines]


def _flat(roots):
    """Number the nodes, parents before children, and lay them out as a table."""
    nodes, parents, waiting = [], [], [(None, root) for root in reversed(roots)]
    while waiting:
        parent, node = waiting.pop()
        nodes.append(node)
        parents.append(parent)
        waiting += [(len(nodes), child) for child in reversed(node["children"])]
    # A node that stands in many places is one.
    place, own = pd.factorize(np.fromiter(map(id, nodes), dtype=np.int64, count=len(nodes)))
    first = {id(node): node for node in nodes}
    table = pd.DataFrame({name: [first[each][name] for each in own] for name in FIELDS}).take(place)
    table = table.reset_index(drop=True)
    table.insert(0, "parent", parents)
    table.insert(0, "node", range(1, len(nodes) + 1))
    return table.astype(_INTEGERS)
