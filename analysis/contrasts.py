"""From reported differences to effect sizes: trials whose papers print the contrast but not the arms."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import recover
from analysis.arm_scores import IMPUTED, POINTS
from analysis.dictionary import CONTRASTS, WEEK_BANDS
from analysis.effect_table import FIRST, EffectSizes
from analysis.trial_notes import labels, week_bands

OUTCOME, NO_ARMS = "difference", "arms not reported"
FLAG, SELECTED = "only the difference is printed", "time point selected"
NO_SCALE = "the ends of the scale are not stated: the difference cannot be expressed in points"
NO_SPREAD = "neither an interval nor an SE of the difference is printed"
#: Half the interval over the quantile of the normal or of the t distribution on n_t + n_p - 2 degrees of freedom.
BY_NORMAL, BY_T = "half the interval over the normal quantile", "half the interval over the t quantile on {df:g} df"
_LESS_THAN_A_DAY = 0.1  # weeks
_KEPT = "therapy_family therapy condition condition_group scale scale_min scale_max week certainty doi source locator"


def contrast_effects(contrasts):
    """Return one effect size per trial from reported differences, in points on 0-10, negative = less pain.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        From :func:`analysis.read_contrasts`.

    Returns
    -------
    EffectSizes
        `outcome` is "difference", `status` "recovered" (from an interval) or "as printed" (an SE), and every row has
        the flag "only the difference is printed". "time point selected" marks those whose time point was picked by a
        review or by what an abstract printed, which leans towards an effect; "doubtful" and "second-hand" are as in
        the trials. Changes within arms, baselines and design are blank. `left_out` lists the trials without a scale
        or without a spread, `derivations` how every number was made.

    Raises
    ------
    ValueError
        If `contrasts` is not the table that `read_contrasts` returns.

    Notes
    -----
    The standard error is the one printed, else half the interval over its quantile: that of the t distribution on
    n_t + n_p - 2 degrees of freedom where both numbers of people are printed, else that of the normal distribution
    (Cochrane Handbook, section 6.5.2.3). Where a trial has several time points with all that is needed, the earliest
    is used, which is the end of treatment or the first after it; a row without a week comes last.

    Examples
    --------
    >>> from analysis import read_contrasts
    >>> found = contrast_effects(read_contrasts("data/contrasts.csv"))
    >>> trial = found.table.set_index("study").loc["alrashoud2014"]
    >>> print(f"{trial.yi:.1f}, {trial.vi:.3f}, week {trial.week:g}, {trial.status}")
    -1.3, 0.272, week 9, recovered
    >>> len(found), len(found.left_out)
    (25, 4)
    """
    _check_contrasts(contrasts)
    rows = contrasts.join(_errors(contrasts))
    reason = pd.Series("", index=rows.index)
    reason = reason.mask(rows["se_points"].isna(), NO_SPREAD).mask(rows["factor"].isna(), NO_SCALE)
    order = rows[reason == ""].sort_values("week", kind="stable", na_position="last")
    used = rows.loc[order.drop_duplicates("study").index.sort_values()]
    table = _table(used)
    derivations = _derivations(used, rows[(reason == "") & ~rows.index.isin(used.index)])
    out = rows[~rows["study"].isin(used["study"])].drop_duplicates("study")
    left_out = _about(out).assign(reason=reason[out.index].to_numpy())
    first = ["study", "label", "reason"]
    left_out = left_out[[*first, *(c for c in left_out if c not in first)]]
    return EffectSizes(table, derivations, left_out, rows=contrasts.loc[used.index])


def _check_contrasts(contrasts):
    if not isinstance(contrasts, pd.DataFrame) or not set(CONTRASTS.columns) <= set(contrasts.columns):
        raise ValueError("contrasts must be the table that read_contrasts returns; it takes files and DataFrames")
    if not contrasts.index.is_unique:
        raise ValueError("rows of contrasts stand more than once; pass the table through read_contrasts again")


def _errors(contrasts):
    """Standard error in points, the rule behind it (blank for a printed one), and points per scale unit."""
    factor = POINTS / (contrasts["scale_max"] - contrasts["scale_min"])
    df = contrasts["n_treatment"] + contrasts["n_placebo"] - 2
    df = df.where(df > 0, np.inf)
    ends = contrasts["ci_low"], contrasts["ci_high"], contrasts["ci_level"] / 100
    recovered = pd.Series(recover.se_from_ci(*ends, df=df), index=contrasts.index)
    se = contrasts["se"].fillna(recovered)
    rules = [BY_NORMAL if np.isinf(d) else BY_T.format(df=d) for d in df]
    rule = pd.Series(rules, index=contrasts.index).where(contrasts["se"].isna(), "")
    return pd.DataFrame({"factor": factor, "se_points": (se * factor).where(se > 0), "rule": rule})


def _about(rows):
    """What each trial is; the columns are those of the effect sizes of trials."""
    about = rows[["study", "author", "year", *_KEPT.split()]].reset_index(drop=True)
    about["year"] = about["year"].astype(int)
    about["timepoint"] = np.where(about["week"] < _LESS_THAN_A_DAY, WEEK_BANDS[0], None)
    return about.assign(label=labels(about), week_band=week_bands(about))


def _table(used):
    table = _about(used)
    for column in ("n_treatment", "n_placebo"):
        table[column] = used[column].to_numpy()
    table["outcome"], table["change_status"] = OUTCOME, NO_ARMS
    table["yi"] = (used["difference"] * used["factor"]).to_numpy()
    table["vi"] = used["se_points"].to_numpy() ** 2
    table["status"] = np.where(used["rule"] == "", "as printed", "recovered")
    marks = {SELECTED: used["selected"] == "yes"} | {
        flag: used["certainty"] == flag for flag in ("doubtful", "second-hand")
    }
    table["flags"] = [(FLAG, *(flag for flag, test in marks.items() if test[row])) for row in used.index]
    return table[[*FIRST, *(c for c in table if c not in FIRST)]]


def _derivations(used, others):
    """How each number was made, and which time points were not used."""
    lines = []
    for row in used.itertuples():
        if row.rule:
            lines.append((row.study, "SE of the difference", row.se_points, row.rule))
        if (row.scale_min, row.scale_max) != (0, 10):
            rule = f"rescaled linearly from {row.scale_min:g}–{row.scale_max:g} to 0–10"
            lines.append((row.study, "scale", None, rule))
    earliest = dict(zip(used["study"], used["week"], strict=True))
    for row in others.itertuples():
        rule = f"not used: of several time points the earliest, {_when(earliest[row.study])}, is"
        lines.append((row.study, f"difference at {_when(row.week)}", row.difference * row.factor, rule))
    table = pd.DataFrame(lines, columns=["study", "quantity", "value", "rule"])
    table.insert(1, "arm", "")
    return table.astype({"value": float})


def _when(week):
    return "an unknown week" if np.isnan(week) else f"week {week:g}"


def with_contrasts(effects, contrasts):
    """Add reported differences to the effect sizes of the trials; no trial counts twice.

    Parameters
    ----------
    effects : EffectSizes
        From :func:`analysis.effect_sizes`, all trials: filter with `where` afterwards, or a trial that was filtered
        out comes back by its reported difference.
    contrasts : pandas.DataFrame or EffectSizes
        From :func:`analysis.read_contrasts`, or from :func:`contrast_effects`.

    Returns
    -------
    EffectSizes
        The trials first, then the reported differences. Where a trial stands in both, its arms are used if they have
        a spread of their own; if their SD would be imputed, or the trial was left out, the reported difference is.
        `derivations` names what was not used. `rows` holds the rows of both files, each with its own row number; those
        of the contrasts have a blank arm.

    Raises
    ------
    ValueError
        If `effects` are not mean differences, or `contrasts` is not the table that `read_contrasts` returns.

    Examples
    --------
    >>> from analysis import effect_sizes, read_contrasts, read_trials
    >>> trials, contrasts = read_trials("data/trials.csv"), read_contrasts("data/contrasts.csv")
    >>> both = with_contrasts(effect_sizes(trials), contrasts)
    >>> len(both), both.table.set_index("study").loc["alrashoud2014", "outcome"]
    (67, 'difference')
    """
    if not isinstance(effects, EffectSizes) or effects.measure != "MD":
        raise ValueError("effects must be the mean differences that effect_sizes returns")
    found = contrasts if isinstance(contrasts, EffectSizes) else contrast_effects(contrasts)
    table, extra = effects.table, found.table
    spread = table["study"][table["status"] != IMPUTED]
    twice, taken = extra["study"].isin(spread), extra["study"][~extra["study"].isin(spread)]
    replaced = table["study"].isin(taken)
    lines = [(row.study, "difference from the arms", row.yi, _INSTEAD) for row in table[replaced].itertuples()]
    lines += [(row.study, "difference as printed", row.yi, _ARMS_USED) for row in extra[twice].itertuples()]
    notes = pd.DataFrame(lines, columns=["study", "quantity", "value", "rule"]).assign(arm="")
    both = _stack(table[~replaced], _own_labels(extra[~twice], table[~replaced]))
    kept = ~effects.derivations["study"].isin(taken), ~found.derivations["study"].isin(extra["study"][twice])
    derivations = _stack(effects.derivations[kept[0]], _stack(found.derivations[kept[1]], notes))
    left_out = _stack(effects.left_out, found.left_out[~found.left_out["study"].isin(effects.left_out["study"])])
    rows = [part[part["study"].isin(s)] for part, s in ((effects.rows, table["study"][~replaced]), (found.rows, taken))]
    return replace(
        effects,
        table=both,
        derivations=derivations,
        left_out=left_out[~left_out["study"].isin(both["study"])].reset_index(drop=True),
        rows=pd.concat(rows),
    )


_INSTEAD = "not used: the arms print no spread, and the difference is printed with one"
_ARMS_USED = "not used: the arms are in the trials, with a spread of their own"


def _own_labels(extra, table):
    """Add the study id to a label that a trial has already."""
    same = extra["label"].isin(table["label"])
    return extra.assign(label=extra["label"].where(~same, extra["label"] + " (" + extra["study"] + ")"))


def _stack(above, below):
    """Put two tables above each other; columns that are all blank take no part in the types."""
    if not len(above) or not len(below):
        return (above if len(above) else below).reset_index(drop=True)
    return pd.concat([above, below], ignore_index=True)[[*above, *(c for c in below if c not in above)]]
