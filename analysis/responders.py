"""From means and SDs to people: the percentage who would reach a within-patient threshold, if pain were normal.

Beside the percentages stand the risk difference and the number needed to treat. They are a translation, not a count.
"""

import numpy as np
import pandas as pd
from scipy import special

from analysis import effects_change
from analysis.arm_scores import BASELINE, IMPUTED, arm_scores, one_per_role
from analysis.dictionary import COLUMNS
from analysis.effect_table import NO_BASELINE, EffectSizes, effect_sizes
from analysis.responder_results import Responders, pool_shares
from analysis.thresholds import PERCENT, WITHIN, require
from analysis.trial_notes import about_trials

ROLES = ("placebo", "treatment")
_CAVEAT = (
    "Translated as if change in pain were normally distributed, which was not checked here. Pain scales have ends, and "
    "responses can be all or little (Moore 2013, doi 10.1093/bja/aet126): these are not counts of people. The "
    "difference is randomised; the percentages of each arm hold natural course and regression to the mean."
)
NO_SD = "no SD of the change is reported"
_ASSUMED = "correlation {:g} assumed"
_LOW = "mean baseline below the threshold"
_FIXED = "mean baseline taken as fixed: its SD is not reported"
ABOUT = "study label year therapy_family therapy condition_group design certainty".split()


def translate_responders(
    trials,
    threshold,
    *,
    correlation=None,
    imputed=False,
    tau2_method="REML",
    ci_method="HKSJ",
    confidence_level=0.95,
):
    """Translate arm means and SDs into the percentage of people who reach a within-patient threshold.

    Parameters
    ----------
    trials : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_trials`, or from :func:`analysis.effect_sizes` where its options or a choice of trials
        matter. Several treatment arms of a trial are combined.
    threshold : Threshold
        Within-patient: points of less pain, or percent of baseline.
    correlation : float, optional
        Between baseline and final pain, where the SDs printed do not tell it; that of the effect sizes if left out,
        which is 0.5 unless chosen.
    imputed : bool
        Keep arms whose SD is borrowed from other trials. A percentage stands and falls with the SD, so they are left
        out otherwise.
    tau2_method, ci_method, confidence_level
        As for :func:`analysis.pool`.

    Returns
    -------
    Responders

    Raises
    ------
    ValueError
        For a between-group threshold, an impossible correlation, or where no trial is left.

    Notes
    -----
    Points: P(change <= -c) = Phi(z), z = (-c - m) / s, with mean m and SD s of the change. Percent q of baseline: the
    same for D = final - (1 - q) baseline at 0, where var D = (1 - q) var change + q var final - q (1 - q) var baseline,
    so that the three SDs imply the correlation. By the delta method var Phi(z) = phi(z)^2 (1 / n + z^2 / (2 (n - 1)));
    in a crossover the arms covary with the `crossover_correlation` r of the effect sizes, by phi phi (r / n + r^2 z z /
    (2 (n - 1))). Normal theory knows the tail of an arm better than n people can tell: variances, and the log odds
    that are pooled, are taken no further out than half a person from none or all.

    Examples
    --------
    >>> from analysis import read_thresholds, read_trials
    >>> from analysis.thresholds import threshold
    >>> two_points = threshold(read_thresholds("data/mcid.csv"), kind="within-patient", source="Farrar", unit="points")
    >>> found = translate_responders(read_trials("data/trials.csv"), two_points)
    >>> print(f"{found.placebo.estimate:.0%} under placebo, {found.treatment.estimate:.0%} under treatment")
    41% under placebo, 62% under treatment
    """
    require(threshold, WITHIN, "the change of single patients")
    if isinstance(trials, EffectSizes):
        effects = trials
    else:
        effects = effect_sizes(trials, **({} if correlation is None else {"correlation": correlation}))
    if not set(COLUMNS) <= set(effects.rows.columns):
        raise ValueError("the effect sizes lack the rows of the trials behind them; pass effect_sizes(trials)")
    correlation = effects.options.get("correlation", 0.5) if correlation is None else correlation
    if not -1 <= correlation < 1:
        raise ValueError(f"correlation={correlation!r}: a correlation is a number from -1 to below 1")
    if not len(effects):
        raise ValueError("there is no trial to translate; see left_out of the effect sizes for the reasons")
    table, left_out = _trials(_arms(effects, threshold, correlation, imputed), effects)
    if table.empty:
        reasons = "; ".join(f"{row.label}: {row.reason}" for row in left_out.itertuples())
        raise ValueError(f"there is no trial whose means and SDs can be translated: {reasons}")
    table = _shares(table, effects.options.get("crossover_correlation", 0.5))
    pooled = pool_shares(table, tau2_method=tau2_method, ci_method=ci_method, confidence_level=confidence_level)
    return Responders(table, **pooled, left_out=left_out, caveat=_CAVEAT, threshold=threshold)


def _arms(effects, threshold, correlation, imputed):
    """One line per study and arm: n, mean and SD of the score that is at most 0 in a responder, note, and reason."""
    scores = one_per_role(arm_scores(effects.rows, correlation), "combine")
    wide = scores.pivot(index=["study", "arm"], columns="score", values=["n", "mean", "sd", "sd_rule"])
    lines = pd.DataFrame({f"{score}_{part}": wide[part, score] for part, score in wide})
    numbers = [name for name in lines if not name.endswith("sd_rule")]
    lines = lines.astype(dict.fromkeys(numbers, float))
    guessed = lines["change_sd_rule"].str.contains("correlation")
    lines["note"] = np.where(guessed, _ASSUMED.format(correlation), "")
    borrowed = _borrowed_sd(effects, lines.index) if imputed else np.nan
    if threshold.unit == PERCENT:
        share = threshold.value / 100
        lines["mean"] = lines["change_mean"] + share * lines["baseline_mean"]
        lines["sd"] = _sd_below_share(lines, share, correlation)
    else:
        lines["mean"] = lines["change_mean"] + threshold.value
        lines["sd"] = lines["change_sd"]
        lines["note"] = _added(lines["note"], lines["baseline_mean"] < threshold.value, _LOW)
    lines["note"] = _added(lines["note"], lines["sd"].isna(), "SD " + IMPUTED)
    lines["sd"] = lines["sd"].fillna(borrowed)
    tests = {
        NO_BASELINE: lines["mean"].isna(),
        NO_SD: ~(lines["sd"] > 0),
        "one person in an arm": lines["change_n"] < 2,
    }
    lines["reason"] = np.select([*tests.values()], [*tests], "")
    return lines.rename(columns={"change_n": "n"})[["n", "mean", "sd", "note", "reason"]]


def _added(notes, where, text):
    return notes.mask(where, (notes + f"; {text}").str.removeprefix("; "))


def _borrowed_sd(effects, index):
    """The SD of the change of each study and arm as the effect sizes have it, borrowed or not."""
    table = effects.table.drop_duplicates("study").set_index("study")
    sds = {role: np.sqrt(table[f"change_{role}_vi"] * table[f"n_{role}"]) for role in ROLES}
    return pd.concat(sds).swaplevel().reindex(index)


def _sd_below_share(lines, share, correlation):
    """SD of final - (1 - share) baseline, from whatever SDs an arm has; writes what was assumed into `note`."""
    before, change, after = (lines[f"{score}_sd"] for score in (BASELINE, "change", "final"))
    implied = (before**2 + after**2 - change**2) / (2 * before * after)
    contradicting = implied.abs() > 1 + 1e-9
    assumed = pd.Series(effects_change.change_sd(before, after, correlation), index=lines.index)
    change = change.mask(contradicting, assumed)
    alone = before.notna() & change.notna() & after.isna()
    fitting = np.maximum(correlation, np.sqrt((1 - (change / before) ** 2).clip(lower=0)))
    solved = fitting * before + np.sqrt((change**2 - before**2 * (1 - fitting**2)).clip(lower=0))
    after = after.mask(alone, solved)
    fixed = before.isna()
    variance = (1 - share) * change**2 + share * after**2 - share * (1 - share) * before**2
    notes = {
        _FIXED: fixed,
        f"the SDs printed contradict each other; {_ASSUMED.format(correlation)}": contradicting,
        "the smallest correlation that fits the SDs assumed": alone & (fitting > correlation),
        _ASSUMED.format(correlation): alone,
    }
    lines["note"] = np.select([*notes.values()], [*notes], lines["note"])
    return np.sqrt(variance.clip(lower=0)).mask(fixed, change.fillna(after))


def _trials(arms, effects):
    """One row per trial with both arms, and the trials left out with the reason."""
    wide = arms.unstack("arm")
    reason = wide["reason", "placebo"].where(wide["reason", "placebo"] != "", wide["reason", "treatment"])
    about = about_trials(effects.rows)[ABOUT].set_index("study", drop=False)
    wide, reason = wide.reindex(about.index), reason.reindex(about.index)
    for part in ("n", "mean", "sd"):
        for role in ROLES:
            about[f"{part}_{role}"] = wide[part, role].astype(float)
    both = [wide["note", role] for role in ROLES]
    about["note"] = ["; ".join(dict.fromkeys(n for n in pair if n)) for pair in zip(*both, strict=True)]
    out = about.loc[reason != "", ["study", "label"]].assign(reason=reason)
    left_out = pd.concat([out, effects.left_out[["study", "label", "reason"]]], ignore_index=True)
    return about[reason == ""].reset_index(drop=True), left_out


def _shares(table, correlation):
    """Add the share of responders of each arm, its log odds, and the difference, all with their errors."""
    table, z, slope = table.copy(), {}, {}
    for role in ROLES:
        n = table[f"n_{role}"]
        plain = -table[f"mean_{role}"] / table[f"sd_{role}"]
        limit = special.ndtri(1 - 0.5 / n)
        z[role] = plain.clip(-limit, limit)
        slope[role] = np.exp(-(z[role] ** 2) / 2) / np.sqrt(2 * np.pi)
        variance = slope[role] ** 2 * (1 / n + z[role] ** 2 / (2 * (n - 1)))
        inner = special.ndtr(z[role])
        table[role], table[f"{role}_se"] = special.ndtr(plain), np.sqrt(variance)
        table[f"{role}_logit"], table[f"{role}_logit_vi"] = special.logit(inner), variance / (inner * (1 - inner)) ** 2
    table["difference"] = table["treatment"] - table["placebo"]
    n, r = table[[f"n_{role}" for role in ROLES]].min(axis=1), correlation
    shared = slope["placebo"] * slope["treatment"] * (r / n + r**2 * z["placebo"] * z["treatment"] / (2 * (n - 1)))
    covariance = shared.where(table["design"] == "crossover", 0.0)
    table["difference_se"] = np.sqrt(table["placebo_se"] ** 2 + table["treatment_se"] ** 2 - 2 * covariance)
    return table
