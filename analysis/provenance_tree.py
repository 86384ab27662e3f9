"""For any pooled number, the tree down to each printed number, with its source and every rule applied on the way."""

from dataclasses import dataclass

import pandas as pd

from analysis.effect_table import EffectSizes
from analysis.pooling import pool
from analysis.provenance_nodes import FIELDS, arms_behind
from analysis.provenance_trials import branch, left_out, of_pooled
from analysis.provenance_words import drawing, html_of
from analysis.results import PooledEffect

_INTEGERS = {"parent": "Int64", "row": "Int64"}
ROLES = ("contrast", "treatment", "placebo")


@dataclass(frozen=True, eq=False)
class Provenance:
    """Where pooled numbers come from.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per node of the tree, parents before children: `node`, `parent` (blank for a pooled number), `level`
        ("pooled", "trial", "effect", "arm", "step", "printed", "assumed", "donor", "left out"), study, label, arm,
        quantity, value, unit, `weight` (of a trial), `rule` by which the value follows from those of the children,
        and for what is printed: `file`, `row`, `column`, `printed` (the value as it stands there), source, locator,
        certainty.
    """

    table: pd.DataFrame

    def tree(self, study=None):
        """Return the tree as text, one line a number, drawn with box characters.

        Parameters
        ----------
        study : str, optional
            Draw the branches of this trial only.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If there is no such trial in the tree.
        """
        return drawing(self._of(study))

    def _of(self, study):
        if study is None:
            return self.table
        return _branches(self.table, study)

    def to_frame(self):
        """Return a copy of the table of nodes."""
        return self.table.copy()

    def __str__(self):
        return self.tree()

    def _repr_html_(self):
        return html_of(self.table)


def provenance(effects, study=None, *, among=None):
    """Trace pooled numbers down to each printed number.

    Parameters
    ----------
    effects : EffectSizes, PooledArms, or any result with `effects`
        EffectSizes are pooled as by :func:`analysis.pool` without options. Of a PooledArms, the contrast and the
        changes within the arms are traced, as they were pooled.
    study : str, optional
        Only the branches of this trial.
    among : EffectSizes, optional
        All effect sizes, where `effects` are a selection of them: the trials that lent an SD may stand outside the
        selection.

    Returns
    -------
    Provenance

    Raises
    ------
    ValueError
        If there is nothing to trace: no effect sizes, no such trial, or effect sizes without their rows.

    Notes
    -----
    The value of every node follows from those of its children by its rule; only the between-trial variance is estimated
    from all trials at once. An SD that another trial lends is a leaf ("donor"); how it came about stands in that
    trial's own branch. Effect sizes from `data/contrasts.csv` end in the reported difference.

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
    if not len(found):
        raise ValueError("there is no trial to trace; see left_out of the effect sizes for the reasons")
    known = set(found.table["study"]) | set(found.left_out["study"])
    if study is not None and study not in known:
        raise ValueError(f"'{study}' is no trial of these effect sizes: {', '.join(sorted(known))}")
    lost = sorted(set(found.table["study"]) - set(found.rows["study"]))
    if lost:
        raise ValueError(f"the rows of {', '.join(lost)} are missing; trace what effect_sizes returns")
    arms = arms_behind(found if among is None else among)
    chosen = found.table if study is None else found.table[found.table["study"] == study]
    roots = []
    for role, result in pooled.items():
        present = found.table["yi" if role == "contrast" else f"change_{role}"].notna()
        weights = dict(zip(found.table.index[present], result.weights, strict=True))
        trials = [branch(arms, trial, role, weights.get(trial.Index)) for trial in chosen.itertuples()]
        roots.append(of_pooled(role, result, trials, found.unit))
    roots[0]["children"] += left_out(found, study)
    return Provenance(_flat(roots))


def _pooled(effects):
    """The effect sizes, and the pooled results to trace by role."""
    if isinstance(effects, EffectSizes):
        return effects, {"contrast": pool(effects)} if len(effects) else {}
    inner = getattr(effects, "effects", None)
    if not isinstance(inner, EffectSizes):
        raise ValueError(f"{type(effects).__name__} has no effect sizes to trace; give EffectSizes or a PooledArms")
    results = {role: getattr(effects, role, None) for role in ROLES}
    results = {role: result for role, result in results.items() if isinstance(result, PooledEffect)}
    return inner, results or {"contrast": pool(inner)}


def _flat(roots):
    """Number the nodes, parents before children, and lay them out as a table."""
    rows, waiting = [], [(None, root) for root in reversed(roots)]
    while waiting:
        parent, node = waiting.pop()
        at = len(rows) + 1
        rows.append({"node": at, "parent": parent} | {name: node[name] for name in FIELDS})
        waiting += [(at, child) for child in reversed(node["children"])]
    return pd.DataFrame(rows, columns=["node", "parent", *FIELDS]).astype(_INTEGERS)


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
