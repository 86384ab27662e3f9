"""The models behind the contextual share: log ratios under each rule, ratios of pooled means, bootstrap, one table."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.bivariate import pool_bivariate_columns, pool_bivariate_groups
from analysis.effects import log_ratio_of_means
from analysis.pooling import pool_columns
from analysis.ratios import BOUNDED, COMPLEMENT, EVERYTHING, fieller, percentile_interval
from analysis.results import t_quantile

ARM_CHANGE = "mean change"  # the measure of a change within arms, which is no difference between them
RULES = ("exclude", "exclude near zero", "replace")
ALL = "all trials"
MEANS = (ALL, "exclude", "exclude near zero")  # sets of trials for the ratios of means, which need no rule
LOG_MODELS = ("REML", "DL", "CE")
FEWEST = 3
ROUNDING = 1e-9  # points: a smaller change is none

NO_CHANGES = "no trial reports the change in both arms"
TOO_FEW = "fewer than three trials remain"
NO_FALL = "the change in the treatment arms is not clearly below zero, and of no improvement there is no share"
UNBOUNDED = {COMPLEMENT: "the complement of an interval", EVERYTHING: "the whole line"}
NEAR_ZERO = "in too many resamples the treatment arms did not improve"


_NEEDED = {"study", "label", "design", "condition_group", "n_treatment", "n_placebo", "change_status"}
_NEEDED |= {f"change_{arm}{end}" for arm in ("placebo", "treatment") for end in ("", "_vi")}


def require_changes(effects, purpose):
    """Refuse effects without the columns of the changes within the arms; `purpose` is the function that needs them."""
    if not _NEEDED <= set(getattr(effects, "table", ())):
        raise ValueError(f"{purpose} needs the changes within the arms; pass effect_sizes(trials)")


class Arms(NamedTuple):
    """The trials that report both changes: changes p and t, their variances and covariance, arrays of length k."""

    table: pd.DataFrame  # study, label, condition_group, change_status, n
    p: np.ndarray
    vp: np.ndarray
    t: np.ndarray
    vt: np.ndarray
    c: np.ndarray


def both_arms(effects):
    """Return the changes of the trials that report one for both arms, as `Arms`."""
    table = effects.table
    names = ["change_placebo", "change_placebo_vi", "change_treatment", "change_treatment_vi"]
    table = table[table[names].notna().all(axis=1)]
    crossover = (table["design"] == "crossover").to_numpy()
    people = table["n_treatment"] + table["n_placebo"].where(~crossover, 0.0)
    p, vp, t, vt = (table[name].to_numpy(dtype=float) for name in names)
    c = np.where(crossover, effects.options.get("crossover_correlation", 0.5) * np.sqrt(vp * vt), 0.0)
    about = table[["study", "label", "condition_group", "change_status"]].assign(n=people).reset_index(drop=True)
    return Arms(about, p, vp, t, vt, c)


def used_changes(arms, smallest):
    """Return what each rule uses: dict of rule to (p, t), NaN where the trial is left out."""
    better = (arms.p < -ROUNDING) & (arms.t < -ROUNDING)
    clear = better & (arms.p < -np.sqrt(arms.vp)) & (arms.t < -np.sqrt(arms.vt))
    every = np.ones(better.size, dtype=bool)
    kept = {ALL: every, "exclude": better, "exclude near zero": clear}
    out = {name: tuple(np.where(keep, x, np.nan) for x in (arms.p, arms.t)) for name, keep in kept.items()}
    return out | {"replace": (np.minimum(arms.p, -smallest), np.minimum(arms.t, -smallest))}


@dataclass(frozen=True, eq=False)
class ShareFits:
    """Univariate fits: `log` by model and rule, `placebo` and `treatment` by set of trials, and why not, by either."""

    changes: dict
    ratios: dict
    log: dict
    placebo: dict
    treatment: dict
    why: dict

    def used(self, name):
        """Which trials a rule or set keeps."""
        return np.isfinite(self.changes[name][0])


def fit_shares(arms, smallest, methods):
    """Pool the log ratios under every rule and the changes of each set of trials: one call for each estimator."""
    changes = used_changes(arms, smallest)
    ratios = {rule: _log_ratio(arms, *changes[rule]) for rule in RULES}
    columns = {("log", rule): ratios[rule] for rule in RULES}
    for name in MEANS:
        keep = np.isfinite(changes[name][0])
        columns["placebo", name] = changes[name][0], np.where(keep, arms.vp, np.nan)
        columns["treatment", name] = changes[name][1], np.where(keep, arms.vt, np.nan)
    labels = arms.table["label"].tolist()
    found = _pool(columns, labels, methods)
    log = {(methods["tau2_method"], rule): found.get(("log", rule)) for rule in RULES}
    only = {key: columns[key] for key in columns if key[0] == "log"}
    for model in LOG_MODELS:
        if model != methods["tau2_method"]:
            other = _pool(only, labels, methods | {"tau2_method": model})
            log |= {(model, rule): other.get(("log", rule)) for rule in RULES}
    means = {key: replace(pooled, measure=ARM_CHANGE) for key, pooled in found.items() if key[0] != "log"}
    placebo, treatment = ({name: means.get((role, name)) for name in MEANS} for role in ("placebo", "treatment"))
    why = {name: _why_not(np.isfinite(p), treatment[ALL], treatment.get(name)) for name, (p, _) in changes.items()}
    return ShareFits(changes, ratios, log, placebo, treatment, why)


def _log_ratio(arms, p, t):
    """Log of placebo over treatment, and its variance: by the delta method, less the covariance of a crossover."""
    y, v = log_ratio_of_means(p, np.sqrt(arms.vp), 1, t, np.sqrt(arms.vt), 1, bias_correction=False)
    return y, v - 2.0 * arms.c / (p * t)


def _pool(columns, labels, methods):
    """Pool every column (y, v) that holds a trial; a dict with the same keys."""
    filled = [key for key, (y, _) in columns.items() if np.isfinite(y).any()]
    if not filled:
        return {}
    y, v = (np.column_stack([columns[key][part] for key in filled]) for part in (0, 1))
    pooled = pool_columns(y, v, labels=labels, **methods)
    return dict(zip(filled, pooled, strict=True))


def _why_not(used, every, treatment):
    """Why these trials give no share, "" if they do; `every` is the treatment fit to all trials, the other to these."""
    if not used.size:
        return NO_CHANGES
    if used.size >= FEWEST and not every.ci.high < 0:
        return NO_FALL
    if used.sum() < FEWEST:
        return TOO_FEW
    return "" if treatment is None or treatment.ci.high < 0 else NO_FALL


class MeanRatio(NamedTuple):
    """A ratio of two pooled means with Fieller's interval, NaN where withheld, and why."""

    k: int
    share: float
    low: float
    high: float
    why: str


def mean_ratio(k, means, covariance, critical):
    """Return the ratio of mean changes, placebo over treatment, unless the second is not clearly below zero."""
    low, high, shape = fieller(means, covariance, critical)
    if shape == BOUNDED and means[1] < 0:
        return MeanRatio(k, float(means[0] / means[1]), float(low), float(high), "")
    why = NO_FALL if shape == BOUNDED else f"{NO_FALL}; Fieller's set is {UNBOUNDED[shape]}"
    return MeanRatio(k, np.nan, np.nan, np.nan, why)


def univariate_ratios(fits, confidence_level):
    """Return the ratio of the two separately pooled means of each set, as if they were independent."""
    out = {}
    for name in MEANS:
        p, t, k = fits.placebo[name], fits.treatment[name], fits.used(name).sum()
        if fits.why[name]:
            out[name] = MeanRatio(k, np.nan, np.nan, np.nan, fits.why[name])
        else:
            means, covariance = (p.estimate, t.estimate), np.diag([p.se**2, t.se**2])
            out[name] = mean_ratio(k, means, covariance, t_quantile(t.df, confidence_level))
    return out


def bivariate_ratios(arms, fits, joint, methods):
    """Return the ratio of the two means of the bivariate fit to each set; `joint` is that to all trials, if known."""
    wanted = [name for name in MEANS if not fits.why[name]]
    known = {ALL: joint} if joint is not None else {}
    rest = [name for name in wanted if name not in known]
    if rest:
        y, v = np.column_stack([arms.p, arms.t]), np.column_stack([arms.vp, arms.vt])
        members = np.column_stack([fits.used(name) for name in rest])
        how = "z" if methods["ci_method"] == "z" else "t"
        groups = pool_bivariate_groups(y, v, members, covariance=arms.c, ci_method=how)
        known |= dict(zip(rest, groups, strict=True))
    out = {}
    for name in MEANS:
        k = fits.used(name).sum()
        if name not in wanted:
            out[name] = MeanRatio(k, np.nan, np.nan, np.nan, fits.why[name])
        else:
            fit = known[name]
            out[name] = mean_ratio(k, fit.estimates, fit.covariance, t_quantile(fit.df, methods["confidence_level"]))
    return out


def bootstrap_ratio(arms, confidence_level, seed, n_bootstrap):
    """Return the percentile interval of the ratio of bivariate means, trials resampled, and why there is none."""
    if not n_bootstrap:
        return (np.nan, np.nan), ""
    k = arms.p.size
    drawn = np.random.default_rng(seed).integers(k, size=(k, n_bootstrap))
    fits = pool_bivariate_columns(*(x[drawn] for x in (arms.p, arms.vp, arms.t, arms.vt, arms.c)))
    limits = percentile_interval(*fits.estimates, confidence_level)
    return limits, "" if np.isfinite(limits[0]) else NEAR_ZERO


def robustness_table(fits, together, apart):
    """Return every model under every rule, one row each."""
    rows = [(f"log ratio, {model}", rule, *_log_row(fits, model, rule)) for model, rule in fits.log]
    for model, ratios in (("ratio of bivariate means", together), ("ratio of univariate means", apart)):
        rows += [(model, name, r.k, r.share, r.low, r.high, np.nan, r.why) for name, r in ratios.items()]
    return pd.DataFrame(rows, columns=["model", "rule", "k", "share", "ci_low", "ci_high", "tau", "reason"])


def _log_row(fits, model, rule):
    k, why, pooled = int(fits.used(rule).sum()), fits.why[rule], fits.log[model, rule]
    if why:
        return k, np.nan, np.nan, np.nan, np.nan, why
    return k, *(float(np.exp(x)) for x in (pooled.estimate, *pooled.ci)), pooled.tau, ""
