"""The upper part of a provenance tree: pooled number, trials, differences and variances."""

import pandas as pd

from analysis import recover
from analysis.provenance_nodes import (
    AS_PRINTED,
    IN_POINTS,
    IN_SCALE,
    INDEPENDENT,
    LENGTH_TO_POINTS,
    MINUS,
    OF_ONE_ARM,
    PAIRED,
    assumption,
    leaf,
    mean_node,
    n_node,
    node,
    sd_node,
    text_of,
)

SQUARED = "points squared"
WEIGHTED = "sum of weight times the effect of each trial"
BY_WEIGHT = "weight: 1 over (variance + between-trial variance), as a share of their sum"
OF_THE_ARM = "mean of the arm"
BETWEEN = "estimated by {method} from the effects and variances of all trials"
COMMON = "common-effect model: 0 by definition"
SQUARE, FROM_NORMAL, FROM_T = (
    "square of the standard error",
    "half the interval over the normal quantile",
    "half the interval over the t quantile on n of both arms minus 2 degrees of freedom",
)
CONTRASTS = "contrasts"


def of_pooled(role, pooled, trials, unit):
    """The root: a pooled number over its between-trial variance and its trials."""
    rule = COMMON if pooled.tau2_method == "CE" else BETWEEN.format(method=pooled.tau2_method)
    tau2 = [] if pooled.k == 1 else [node("effect", "between-trial variance", pooled.tau2, rule, unit=SQUARED)]
    name = {"contrast": "contrast, pooled"}.get(role, f"change in the {role} arms, pooled")
    return node("pooled", name, pooled.estimate, WEIGHTED, tau2 + trials, unit=unit)


def branch(arms, trial, role, weight):
    """Return the branch of one trial in the pooled number of a role; None-weighted trials are told with the reason."""
    more = {"study": trial.study, "label": trial.label, "unit": IN_POINTS}
    if pd.isna(weight):
        return node("left out", "trial", None, trial.change_status, **(more | {"unit": ""}))
    if role != "contrast":
        effect, parts = _one_arm(arms, trial, role)
    elif trial.outcome in ("change", "final"):
        effect, parts = _two_arms(arms, trial)
    else:
        effect, parts = _reported(arms, trial)
    return node("trial", effect, parts[0]["value"], BY_WEIGHT, parts, weight=weight, **more)


def _effect(trial, quantity, value, rule, children):
    unit = SQUARED if quantity.startswith("variance") else IN_POINTS
    return node("effect", quantity, value, rule, children, study=trial.study, label=trial.label, unit=unit)


def _two_arms(arms, trial):
    unit, score = arms.unit_of(trial), trial.outcome
    means = [mean_node(arms, unit, arm, score) for arm in ("treatment", "placebo")]
    spread = {
        arm: (sd_node(arms, unit, arm, score, getattr(trial, f"sd_{arm}")), n_node(arms, unit, arm, score))
        for arm in ("treatment", "placebo")
    }
    if trial.design == "crossover":
        told = "between the two periods of a person, option crossover_correlation"
        r = assumption("correlation", arms.options["crossover_correlation"], told)
        rule, children = PAIRED, [spread["treatment"][0], spread["placebo"][0], spread["placebo"][1], r]
    else:
        rule, children = INDEPENDENT, [*spread["treatment"], *spread["placebo"]]
    parts = [_effect(trial, "difference", trial.yi, MINUS, means)]
    return "difference", [*parts, _effect(trial, "variance of the difference", trial.vi, rule, children)]


def _one_arm(arms, trial, role):
    unit, value, vi = arms.unit_of(trial), getattr(trial, f"change_{role}"), getattr(trial, f"change_{role}_vi")
    n = n_node(arms, unit, role, "change")
    sd = sd_node(arms, unit, role, "change", (vi * n["value"]) ** 0.5)
    parts = [_effect(trial, "change", value, OF_THE_ARM, [mean_node(arms, unit, role, "change")])]
    return "change", [*parts, _effect(trial, "variance of the change", vi, OF_ONE_ARM, [sd, n])]


def _reported(arms, trial):
    """The branch of a trial whose paper prints the difference but not the arms."""
    row, record = arms.reported[trial.study]
    scaled = (record["scale_min"], record["scale_max"]) != (0, 10)
    ends = [_cell(record, row, name) for name in ("scale_min", "scale_max")] if scaled else []
    rule = LENGTH_TO_POINTS if scaled else AS_PRINTED
    difference = _effect(trial, "difference", trial.yi, rule, [_cell(record, row, "difference"), *ends])
    se = _cell(record, row, "se")
    if pd.isna(record["se"]):
        n = [_cell(record, row, name, unit="people") for name in ("n_treatment", "n_placebo")]
        known = all(pd.notna(cell["value"]) for cell in n) and sum(cell["value"] for cell in n) > 2
        limits = [_cell(record, row, name) for name in ("ci_low", "ci_high")]
        limits.append(_cell(record, row, "ci_level", unit="percent"))
        children, rule = (limits + n, FROM_T) if known else (limits, FROM_NORMAL)
        value = _se([cell["value"] for cell in children])
        se = node("step", "standard error", value, rule, children, study=trial.study, unit=IN_SCALE)
    if scaled:
        se = node(
            "step", "standard error", trial.vi**0.5, LENGTH_TO_POINTS, [se, *ends], study=trial.study, unit=IN_POINTS
        )
    return "difference", [difference, _effect(trial, "variance of the difference", trial.vi, SQUARE, [se])]


def _cell(record, row, column, *, unit=IN_SCALE):
    return leaf(record, row, column, unit=unit, file=CONTRASTS)


def _se(x):
    df = x[3] + x[4] - 2 if len(x) > 3 else float("inf")
    return float(recover.se_from_ci(x[0], x[1], x[2] / 100, df=df))


def left_out(effects, study=None):
    """Return a leaf for every trial without an effect size, with the reason."""
    out = effects.left_out if study is None else effects.left_out[effects.left_out["study"] == study]
    more = [dict(zip(("source", "locator", "certainty"), map(text_of, about), strict=True)) for about in _about(out)]
    lines = zip(out["study"], out["label"], out["reason"], more, strict=True)
    return [node("left out", "trial", None, why, study=name, label=label, **m) for name, label, why, m in lines]


def _about(out):
    return out.reindex(columns=["source", "locator", "certainty"]).to_numpy(dtype=object).tolist()
