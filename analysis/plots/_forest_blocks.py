"""What a forest plot is drawn from: any result taken apart into blocks of trials with their pooled effects."""

from dataclasses import dataclass

import pandas as pd

from analysis.plots._rows import Block, block_of_arms, block_of_effect

RATIOS = {"RR": "Risk ratio", "OR": "Odds ratio", "HR": "Hazard ratio", "ROM": "Ratio of means"}
NAMES = {"MD": "Mean difference", "SMD": "Standardised mean difference", "RD": "Risk difference", **RATIOS}
RESERVED = ("study", "label", "yi", "vi", "weight", "flags")


@dataclass(frozen=True, eq=False)
class Source:
    """All trials, their groups, the unit, the trials left out, and the test between the groups (or None)."""

    total: Block
    groups: list
    unit: str = ""
    left_out: object = None
    between: object = None

    @property
    def pooled(self):
        """The overall result."""
        return self.total.results["contrast"]


def source_of(results, by=None, data=None):
    """Return the Source of any result; ``data`` adds columns to one that has none."""
    if hasattr(results, "q_between"):
        return _of_subgroups(results, by, data)
    if hasattr(results, "tau2_method"):
        if by is not None:
            raise ValueError("by needs the trials: pass EffectSizes, or PooledArms made with by=")
        return Source(_with_columns(block_of_effect("All trials", results), data), [], getattr(data, "unit", ""))
    if not hasattr(results, "contrast") and (hasattr(results, "left_out") or "arm" in getattr(results, "columns", ())):
        from analysis.arms import pool_arms

        results = pool_arms(results, by=by)
    elif not hasattr(results, "contrast"):
        raise TypeError(
            f"forest draws a PooledEffect, PooledSubgroups, PooledArms or EffectSizes, not {type(results).__name__}; "
            "pool the trials first"
        )
    elif by not in (None, results.by):
        raise ValueError(f"by is {by!r}, but these results were grouped by {results.by!r}")
    if data is not None:
        raise ValueError("data adds columns to a PooledEffect or PooledSubgroups; EffectSizes have their own")
    groups = [_contrast_only(block_of_arms(name, group)) for name, group in results.groups.items()]
    effects = results.effects
    total = _contrast_only(block_of_arms("All trials", results))
    return Source(total, groups, effects.unit, effects.left_out, _between(results))


def _contrast_only(block):
    arms = [c for c in block.trials.columns if c.startswith("change_")]
    return Block(block.name, block.trials.drop(columns=arms), {"contrast": block.results["contrast"]})


def _between(arms):
    """Return the test between the groups of a PooledArms, made as its overall result was."""
    if len(arms.groups) < 2:
        return None
    from analysis.arms import NOT_STATED
    from analysis.subgroups import pool_subgroups

    values = arms.effects.table[arms.by].astype(object)
    members = values.map(str).where(values.notna(), NOT_STATED).tolist()
    methods = ("tau2_method", "ci_method", "pi_method", "confidence_level")
    of = {name: getattr(arms.contrast, name) for name in methods}
    if arms.contrast.k < 2:
        return None
    return pool_subgroups(arms.effects, members, **of)


def _of_subgroups(results, by, data):
    if by not in (None, results.by):
        raise ValueError(f"by is {by!r}, but these results were grouped by {results.by!r}")
    total = _with_columns(block_of_effect("All trials", results.overall), data)
    free = list(range(len(total.trials)))
    known = list(zip(results.overall.labels, results.overall.yi, results.overall.vi, strict=True))
    groups = []
    for name, pooled in results.groups.items():
        rows = []
        for each in zip(pooled.labels, pooled.yi, pooled.vi, strict=True):
            at = next(i for i in free if known[i] == each)
            free.remove(at)
            rows.append(at)
        groups.append(Block(name, total.trials.iloc[rows].reset_index(drop=True), {"contrast": pooled}))
    return Source(total, groups, getattr(data, "unit", ""), between=results)


def _with_columns(block, data):
    """Return the block with the columns of ``data``, one row for each trial in the order of the result."""
    if data is None:
        return block
    table = getattr(data, "table", data)
    if not isinstance(table, pd.DataFrame) or len(table) != len(block.trials):
        rows = f" of {len(table)} rows" if hasattr(table, "__len__") else ""
        raise ValueError(
            f"data must be a DataFrame or EffectSizes with one row for each of the {len(block.trials)} trials, in "
            f"their order; it is a {type(data).__name__}{rows}"
        )
    extra = [c for c in table if c not in RESERVED and not str(c).startswith("change_")]
    flags = {"flags": table["flags"].tolist()} if "flags" in table else {}
    trials = block.trials.assign(**{str(c): table[c].tolist() for c in extra}, **flags)
    return Block(block.name, trials, block.results)
