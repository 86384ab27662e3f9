"""From trial rows to arm scores: mean, SD and n of every arm in points on 0-10, with the rule behind each number.

A score is a "change" (final minus baseline) or a "final" value; the "baseline" stands beside them. Every derived
number keeps a sentence that says how it was derived; blank means printed as it stands. From the same rules comes what
must be said of each trial: where it stands, its flags, what was derived, and why it was left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import effects, recover
from analysis._types import Floats, MultiArm, Outcome, SDRule, Times, Values
from analysis.data.dictionary import DOSES, PERCENT_CHANGE, WEEK_BANDS, how_recovered, numbered, same_time
from analysis.data.printed_p import FROM_P, paired_sd, usable_p
from analysis.sentences import ZERO_CELL
from analysis.text import counted

# The common scale runs from 0 to 10.
POINTS = 10.0
SCORES = {"change": "change", "final": "final score"}
# What is counted where no score is measured.
EVENTS = "events"
# Kept beside the scores; no effect is made of it alone.
BASELINE = "baseline"
#: The difference of final scores adjusted for baseline, and what each outcome is made of.
ANCOVA = "ancova"
PARTS = {ANCOVA: (BASELINE, "final"), "change": ("change",), "final": ("final",)}

#: How the SD of a score was found; "imputed" is a status of its own, the others give "recovered".
FROM_SE, FROM_CI = "SE times the square root of n", "half the interval over the t quantile, times the square root of n"
FROM_BOTH, IMPUTED = "from baseline and final SD", "imputed"
#: Of a final score that is not printed, for an adjusted difference.
FROM_CHANGE, BASELINE_PLUS_CHANGE = "from baseline and change SD", "baseline plus change"
ADJUSTED = "difference adjusted for baseline"
#: The flag of a time point that was picked.
SELECTED = "time point selected"
#: Ends the rule of what rests on a correlation that is none of the trial's.
ASSUMED = " assumed"
#: A correlation between baseline and final score that is asked for by this name is pooled over the arms that tell one.
ESTIMATED = "estimated"

#: The order in which they are taken, "" for a printed SD. What the arm itself prints comes first, then what is said of
#: the difference, which gives one SD for both arms (Cochrane Handbook 6.5.2.2 and 6.5.2.3); these rest on numbers of
#: the trial alone, a correlation is assumed (6.5.2.8), and what is borrowed is of other trials (6.5.2.7). The paired p
#: of a crossover trial tells the variance of its difference alone (23.2.7): its SDs are those that give it with the
#: correlation assumed between the periods.
SD_ORDER = ("", FROM_SE, FROM_CI, FROM_P, FROM_BOTH, IMPUTED)

#: The rules by which a trial without a spread borrows one, and the words for them; see `borrowed_sd`.
RULES = {
    "impute": "SD of the {score} pooled over {source}",
    "impute-median": "median SD of the {score} among {source}",
    "impute-largest": "largest SD of the {score} among {source}",
}

ABOUT = (
    "author year therapy therapy_family condition condition_group pain_type design control scale scale_min scale_max "
    "week timepoint certainty doi source locator"
).split()


def compared_arms(trials: pd.DataFrame, times: Times = "primary", comparator: str = "placebo") -> pd.DataFrame:
    """Return the treatment arms and the one arm they are compared with, of each trial that has it; others are context.

    Parameters
    ----------
    trials : pandas.DataFrame
        A checked trials table.
    times : {"primary", "all"}, optional
        The primary time point of each trial, or every one.
    comparator : str, optional
        What `arm` calls it, or its `arm_label`.
    """
    treated, named = trials["arm"] == "treatment", trials["arm"] == comparator
    if not named.any():
        named = ~treated & (trials["arm_label"] == comparator)
    rows = trials[(treated | named) & ((times == "all") | (trials["primary"] == "yes"))]
    against = (rows["arm"] != "treatment").groupby(same_time(rows)).transform("sum")
    return rows[against == 1]


def compared_with(rows: pd.DataFrame) -> str:
    """Return what the arms are called that rows from :func:`compared_arms` compare treatment with."""
    return next(iter(rows["arm"][rows["arm"] != "treatment"]), "placebo")


def comparisons(table: pd.DataFrame, times: Times) -> pd.Series:
    """Return what tells comparisons of two arms apart: the study, with its time where all times are taken."""
    # As objects: each look at a value of a column of text makes a new one.
    study = table["study"].astype(object)
    if times == "primary":
        return study
    return study + "@" + table["week"].map(str) + "@" + table["timepoint"].fillna("")


def arm_scores(
    rows: pd.DataFrame, correlation: float, crossover_correlation: float = 0.5, *, adjusted: bool = False
) -> pd.DataFrame:
    """Return one line per arm and score, in points.

    Parameters
    ----------
    rows : pandas.DataFrame
        Treatment and placebo rows of a checked trials table.
    correlation : float
        Between baseline and final score, for change SDs that are not printed.
    crossover_correlation : float, optional
        Between the periods of a crossover trial, for SDs from its p.
    adjusted : bool, optional
        Whether final scores that are not printed are made of baseline and change, as an adjusted difference needs.

    Returns
    -------
    pandas.DataFrame
        Columns study, comparison (that of `rows`, else the study), arm, arm_label, n, score, mean, mean_rule, sd,
        sd_rule (the first that gives one in `SD_ORDER`, "" where the SD is printed or there is none; of what the column
        `recovered` speaks of, its words), and whether the SD rests on an assumed correlation (`correlated`) or on other
        trials (`imputed`, all False here); one line per row and score, the baseline included.
    """
    factor = POINTS / (rows["scale_max"] - rows["scale_min"])
    computed = rows["final_mean"] - rows["baseline_mean"]
    by_difference = rows["change_mean"].isna() & computed.notna()
    changed = np.where(by_difference, "final minus baseline", _recovered(rows, "change_mean"))
    means = {
        "final": ((rows["final_mean"] - rows["scale_min"]) * factor, _recovered(rows, "final_mean")),
        "change": (rows["change_mean"].fillna(computed) * factor, changed),
        BASELINE: ((rows["baseline_mean"] - rows["scale_min"]) * factor, _recovered(rows, "baseline_mean")),
    }
    printed = {score: _printed_spreads(rows, score, factor) for score in means}
    own = {score: _first_of(spreads)[0] for score, spreads in printed.items()}
    both = np.where(means["change"][0].notna(), effects.change_sd(own[BASELINE], own["final"], correlation), np.nan)
    printed["change"][FROM_BOTH] = both, f", correlation {correlation:g}{ASSUMED}"
    for score, spread in _spreads_by_p(rows, means, own, crossover_correlation).items():
        printed[score][FROM_P] = spread
    if adjusted:
        _add_final(means, printed, own, correlation)
    keep = rows[["study", "arm", "n"]].assign(arm_label=rows["arm_label"].fillna(""))
    keep.insert(1, "comparison", rows.get("comparison", rows["study"]))
    scores = pd.concat([keep] * len(means))
    scores["score"] = np.repeat([*means], len(rows))
    parts = ((*mean, *_first_of(printed[score])) for score, mean in means.items())
    for name, part in zip(("mean", "mean_rule", "sd", "sd_rule"), zip(*parts, strict=True), strict=True):
        scores[name] = np.concatenate(part)
    scores["correlated"] = scores["sd_rule"].str.startswith((FROM_BOTH, FROM_CHANGE)) & scores["sd_rule"].str.endswith(
        ASSUMED
    )
    return scores.assign(imputed=False).rename_axis("row").reset_index()


def _add_final(means, printed, own, correlation):
    """Add the final scores that a baseline and a change make where none is printed."""
    (before, _), (final, told), (change, _) = (means[score] for score in (BASELINE, "final", "change"))
    made = final.isna() & (before + change).notna()
    means["final"] = final.mask(made, before + change), np.where(made, BASELINE_PLUS_CHANGE, told)
    sd = np.where(made, recover.sd_from_change(own[BASELINE], own["change"], correlation), np.nan)
    printed["final"][FROM_CHANGE] = sd, f", correlation {correlation:g}{ASSUMED}"


def _recovered(rows, column):
    """How the numbers of a column were found that are not printed as they stand; "" for the others."""
    return np.array([how_recovered(text, column) for text in rows["recovered"].to_numpy()], dtype=object)


def _printed_spreads(rows, score, factor):
    """What an arm prints of the spread of a score, as SDs in points by rule, each with what must be added to it."""
    # One person has no SD, whatever the interval.
    n = rows["n"].where(rows["n"] > 1)
    spreads = {"": rows[f"{score}_sd"], FROM_SE: recover.sd_from_se(rows[f"{score}_se"], rows["n"])}
    # A baseline has no interval in the data dictionary.
    if score != BASELINE:
        low, high = rows[f"{score}_ci_low"], rows[f"{score}_ci_high"]
        spreads[FROM_CI] = recover.sd_from_ci(low, high, n, rows["ci_level"] / 100)
    more = {"": _recovered(rows, f"{score}_sd")}
    return {rule: (np.asarray(sd * factor, dtype=float), more.get(rule, "")) for rule, sd in spreads.items()}


def _first_of(spreads):
    """The SD by the first rule of `SD_ORDER` that gives one, or by the one for final scores, and the rule."""
    sd, told = np.nan, ""
    for rule in filter(spreads.get, (*SD_ORDER, FROM_CHANGE)):
        found, more = spreads[rule]
        here = np.isnan(sd) & ~np.isnan(found)
        sd, told = np.where(here, found, sd), np.where(here, np.array(rule + more, dtype=object), told)
    return sd, told


def _spreads_by_p(rows, means, own, between):
    """The SD that the p between two arms gives both of them, where neither prints one."""
    found = usable_p(rows, pd.DataFrame({score: means[score][0] for score in SCORES}))
    spreads = {}
    for score, at in found.groupby("score"):
        printed = rows.index[~np.isnan(own[score])]
        at = at[~at["row_t"].isin(printed) & ~at["row_p"].isin(printed)]
        paired = at["design"] == "crossover"
        apart = recover.sd_from_p(at["difference"], at["p"], at["n_t"], at["n_p"])
        sd = np.where(paired, paired_sd(at["difference"], at["p"], at["n_t"], between), apart)
        more = np.where(paired, f", with correlation {between:g} between the periods", "")
        told = [f", p = {p:g}, the same in both{assumed}" for p, assumed in zip(at["p"], more, strict=True)]
        both = rows.index.get_indexer([*at["row_t"], *at["row_p"]])
        spreads[score] = np.full(len(rows), np.nan), np.full(len(rows), "", dtype=object)
        for whole, part in zip(spreads[score], (sd, told), strict=True):
            whole[both] = [*part, *part]
    return spreads


def one_per_role(scores: pd.DataFrame, multi_arm: MultiArm) -> pd.DataFrame:
    """Bring several treatment arms of a trial together, or split their placebo arm.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`arm_scores`.
    multi_arm : {"combine", "split"}
        "combine" makes one arm of all treatment arms; "split" keeps them apart, each with its share of the placebo
        arm. Either way no placebo patient counts twice.

    Returns
    -------
    pandas.DataFrame
        One line per unit, arm and score, with the columns of `scores`, the number of rows behind it (`merged`),
        their rows in the file (`rows`) and positions in `scores` (`lines`), the `share` of the arm that is used, and
        `unit`: the comparison, or comparison and arm row when split.
    """
    scores = scores.assign(unit=scores["comparison"], share=1.0)
    return _merged((split_placebo(scores) if multi_arm == "split" else scores).reset_index(drop=True))


def split_placebo(scores: pd.DataFrame) -> pd.DataFrame:
    """Make a unit of each treatment arm of a trial, with its own copy of the placebo arm and a share of its people."""
    treated = scores["arm"] == "treatment"
    several = scores["row"].where(treated).groupby(scores["comparison"]).transform("nunique") > 1
    if not several.any():
        return scores
    own = treated & several
    scores["unit"] = scores["unit"].mask(own, scores["comparison"] + "#" + scores["row"].astype(str))
    units = scores.loc[own, ["comparison", "unit"]].drop_duplicates()
    shared = several & ~treated
    copies = scores[shared].drop(columns="unit").merge(units, on="comparison")
    copies["share"] = 1 / copies["comparison"].map(units["comparison"].value_counts())
    copies["n"] = copies["n"] * copies["share"]
    return pd.concat([scores[~shared], copies], ignore_index=True)


def _merged(scores):
    """One line per unit, arm and score, in the order in which they first appear."""
    place = numbered(*(scores[name] for name in ("unit", "study", "arm", "score")))
    sizes = np.bincount(place)
    lines = np.split(np.argsort(place, kind="stable"), np.cumsum(sizes)[:-1])
    out = scores.iloc[[own[0] for own in lines]].reset_index(drop=True)
    row = scores["row"].to_numpy()
    out["merged"], out["rows"] = sizes, [tuple(row[own].tolist()) for own in lines]
    out["lines"] = [tuple(own.tolist()) for own in lines]
    several = np.flatnonzero(sizes > 1)
    if several.size:
        names = ["mean", "sd", "n", "arm_label", "mean_rule", "sd_rule", "correlated", "imputed"]
        arms = [scores[name].to_numpy() for name in names]
        together = []
        for size in np.unique(sizes[several]):
            at = np.flatnonzero(sizes == size)
            own = np.stack([lines[i] for i in at], axis=1)
            parts = _together(*(part[own] for part in arms))
            together.append(pd.DataFrame(dict(zip(names, parts, strict=True)), index=at))
        out = out.astype({"n": float})
        out.loc[several, names] = pd.concat(together).loc[several]
    return out


def _together(mean, sd, n, label, mean_rule, sd_rule, *flags):
    """One arm of each column of arms."""
    texts = ["; ".join(each) for each in label.T]
    rules = (["; ".join(dict.fromkeys(filter(None, each))) for each in rule.T] for rule in (mean_rule, sd_rule))
    return (*recover.combine_arms(mean, within(sd, n), n), texts, *rules, *(flag.any(axis=0) for flag in flags))


def within(sd: ArrayLike, n: ArrayLike) -> Floats:
    """Return the SDs of arms that are to be combined: within an arm of one person nothing varies."""
    return np.where((np.asarray(n) == 1) & np.isnan(sd), 0.0, sd)


def too_few(lines: pd.DataFrame) -> dict[str, str]:
    """Say of each comparison with an arm of one person that it has no effect size.

    Parameters
    ----------
    lines : pandas.DataFrame
        From :func:`one_per_role`, those of the score of each contrast.

    Returns
    -------
    dict of str to str
        From the comparison to the reason, which names arm and row.
    """
    reasons = {}
    for line in lines[(lines["n"] < 1) | ((lines["n"] == 1) & (lines["share"] == 1))].itertuples():
        arm = f"the {line.arm} arm (row {', '.join(map(str, line.rows))})"
        if line.share < 1:
            shared = f"cannot be shared by {round(1 / line.share)} treatment arms (multi_arm='split')"
            reasons[line.comparison] = f"the {round(line.n / line.share)} people of {arm} {shared}"
        else:
            reasons[line.comparison] = f"one person in {arm}: an arm of one has no SD"
    return reasons


def chosen_score(
    scores: pd.DataFrame, outcome: Outcome, only: bool = False, unadjusted: Iterable[Any] = ()
) -> pd.Series:
    """The outcome of each unit's contrast: complete before incomplete, the preferred one first; none if no means.

    With `only` no other one stands in for the preferred one. The units `unadjusted` cannot be adjusted for baseline,
    whatever they print.
    """
    order, never = [outcome] if only else [outcome, *(s for s in SCORES if s != outcome)], set(unadjusted)
    # A score with its SDs comes before the preferred one without: no SD is borrowed where the trial prints its own.
    # As arrays: to iterate over a column of text takes many times as long.
    unit, score = scores["unit"].to_numpy(), scores["score"].to_numpy()
    with_mean = scores["mean"].notna().to_numpy()
    with_both = with_mean & scores["sd"].notna().to_numpy()
    complete = [Counter(zip(unit[known], score[known], strict=True)) for known in (with_both, with_mean)]

    def has(arms, unit, outcome):
        return all(arms[unit, part] == 2 for part in PARTS[outcome]) and not (outcome == ANCOVA and unit in never)

    units = dict.fromkeys(unit)
    first = {u: next((s for arms in complete for s in order if has(arms, u, s)), None) for u in units}
    return pd.Series({unit: score for unit, score in first.items() if score}, dtype=object)


def own_correlation(sd_baseline: ArrayLike, sd_final: ArrayLike, sd_change: ArrayLike) -> Values:
    """Return the correlation that the three SDs of an arm imply; NaN where none can be, or only -1 or 1."""
    r = recover.correlation_from_sds(sd_baseline, sd_final, sd_change, impossible="nan")
    return np.where(np.abs(r) < 1, r, np.nan)


def correlation_within(sds: Sequence[Any], n: Sequence[Any], correlation: ArrayLike) -> Values:
    """Return the correlation between baseline and final score within the arms of a trial.

    Parameters
    ----------
    sds : sequence of (array_like, array_like, array_like)
        Of each arm the SDs of baseline, final score and change, which imply it; NaN for a change that is not known.
    n : sequence of array_like
        People in each arm.
    correlation : array_like
        For arms whose SDs do not tell it.

    Returns
    -------
    float or numpy.ndarray
        The one that gives the covariance pooled over the arms.
    """
    own = [own_correlation(*arm) for arm in sds]
    weights = [(size - 1) * before * after for size, (before, after, _) in zip(n, sds, strict=True)]
    parts = [w * np.where(np.isnan(r), correlation, r) for r, w in zip(own, weights, strict=True)]
    with np.errstate(invalid="ignore"):
        return sum(parts) / sum(weights)


def estimated_correlation(scores: pd.DataFrame, correlations: pd.DataFrame | None) -> tuple[float, str]:
    """Return the correlation between baseline and final score, pooled by Fisher's z, and of what.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`arm_scores`: arms with three SDs of their own imply one.
    correlations : pandas.DataFrame or None
        From :func:`analysis.read_correlations`, for scores without such an arm: one of each arm, the first, where its
        people are counted.

    Raises
    ------
    ValueError
        If neither has one.
    """
    of_arms = scores[scores["sd"].notna() & ~scores["correlated"] & ~scores["sd_rule"].str.startswith(FROM_P)]
    sds = of_arms.pivot(index="row", columns="score", values="sd").reindex(columns=[BASELINE, "final", "change"])
    r = own_correlation(*sds.to_numpy().T)
    n, source = scores.drop_duplicates("row").set_index("row")["n"].reindex(sds.index), "here"
    usable = ~np.isnan(r) & (n > 3).to_numpy()
    if not usable.any() and correlations is not None:
        table = correlations[~correlations["arm"].str.startswith("both arms")]
        table = table.drop_duplicates(["source", "population", "scale", "arm"])
        sds = table[["sd_baseline", "sd_final", "sd_change"]]
        r = table["r"].fillna(pd.Series(own_correlation(*sds.to_numpy().T), table.index))
        n = pd.to_numeric(table["n"], errors="coerce")
        source = "of the table of correlations, as none here has three SDs"
        usable = ((r.abs() < 1) & (n > 3)).to_numpy()
    if not usable.any():
        raise ValueError(
            f"correlation={ESTIMATED!r}: no arm has SDs of baseline, final score and change that imply one; give "
            "correlations=read_correlations(path), or a number"
        )
    r, n = np.asarray(r)[usable], n.to_numpy(float)[usable]
    pooled = float(np.tanh(np.average(np.arctanh(r), weights=n - 3)))
    return pooled, f"pooled by Fisher's z over {counted(len(r), 'arm')} {source} ({r.min():.2f} to {r.max():.2f})"


def of_outcome(scores: pd.DataFrame, chosen: pd.Series) -> pd.Series:
    """Tell which lines of `scores` the contrast of their unit is made of; `chosen` is from :func:`chosen_score`."""
    parts = scores["unit"].map(chosen).map(PARTS)
    pairs = zip(scores["score"].to_numpy(), parts.to_numpy(), strict=True)
    return pd.Series([s in p if p == p else False for s, p in pairs], scores.index)


def donors(
    scores: pd.DataFrame, needed: pd.Series, lenders: pd.DataFrame | None = None, *, all_lent: bool = True
) -> dict[Any, Any]:
    """Return, for each line of `scores` in `needed`, the lines of `lenders` that can lend it an SD.

    Those are the arms of the other trials with the same role (treatment or placebo), the same score (change or final)
    and an SD of their own. Lenders are `scores` themselves if left out. Where not `all_lent`, lines without a donor are
    left out.

    Returns
    -------
    dict
        From the position of a line in `scores` to the positions of its donors in `lenders`.

    Raises
    ------
    ValueError
        If there is no donor for an SD that is wanted.
    """
    lenders = scores if lenders is None else lenders
    able = (lenders["sd"].notna() & (lenders["n"] >= 2)).to_numpy()
    arm, score, study = (scores[column].to_numpy() for column in ("arm", "score", "study"))
    arms, scored, studies = (lenders[column].to_numpy() for column in ("arm", "score", "study"))
    kinds = list(zip(arms, scored, strict=True))
    alike: dict[Any, Any] = {}
    for at in np.flatnonzero(able):
        alike.setdefault(kinds[at], []).append(at)
    alike = {kind: np.array(lines) for kind, lines in alike.items()}
    lending = {kind: set(studies[lines]) for kind, lines in alike.items()}
    found = {}
    for line in np.flatnonzero(scores.index.isin(needed)):
        kind = arm[line], score[line]
        lines = alike.get(kind, np.array([], dtype=int))
        # The lines that lend to several trials are one array.
        if study[line] in lending.get(kind, ()):
            lines = lines[studies[lines] != study[line]]
        if not lines.size and not all_lent:
            continue
        if not lines.size:
            raise ValueError(
                f"study '{study[line]}', {arm[line]} arm: no other trial has an SD of a {score[line]} score to "
                "borrow. Fill it in, or leave such trials out: give effect_sizes(trials, missing_sd='drop') in place "
                "of the trials; multiverse takes missing_sd='drop' itself."
            )
        found[int(line)] = lines
    return found


def borrowed_sd(sd: ArrayLike, n: ArrayLike, missing_sd: SDRule) -> Values:
    """Return the SD that a trial without one borrows from other arms.

    Parameters
    ----------
    sd : array, shape (m,) or (m, ...)
        SDs of the m arms that can lend one, from :func:`donors`.
    n : array, shape (m,)
        People in those arms.
    missing_sd : {"impute", "impute-median", "impute-largest"}
        All arms pooled with weights n - 1, their median, or their largest, with which the trial counts least.

    Returns
    -------
    float or array
    """
    if missing_sd == "impute":
        return recover.pooled_sd(sd, np.reshape(n, (-1,) + (1,) * (np.ndim(sd) - 1)))
    return (np.median if missing_sd == "impute-median" else np.max)(sd, axis=0)


def impute(
    scores: pd.DataFrame,
    needed: pd.Series,
    missing_sd: SDRule = "impute",
    lenders: pd.DataFrame | None = None,
    called: tuple[str, str] = ("treatment", "placebo"),
) -> pd.DataFrame:
    """Return `scores` with the SDs in `needed` borrowed from other trials by the rule `missing_sd`, and their rule.

    The other trials are those of `lenders`, or of `scores` if it is left out; both arms are `called` so in the rule.
    """
    filled, rules = scores["sd"].to_numpy(copy=True), scores["sd_rule"].to_numpy(dtype=object, copy=True)
    lending = donors(scores, needed, lenders)
    sd, n, study = ((scores if lenders is None else lenders)[column].to_numpy() for column in ("sd", "n", "study"))
    arms, kinds, borrowed = scores["arm"].to_numpy(), scores["score"].to_numpy(), {}
    for line, alike in lending.items():
        # Most trials borrow from the same lines.
        if id(alike) not in borrowed:
            borrowed[id(alike)] = borrowed_sd(sd[alike], n[alike], missing_sd), len(set(study[alike]))
        filled[line], others = borrowed[id(alike)]
        rules[line] = borrowed_rule(missing_sd, kinds[line], name_of_arm(arms[line], called), others)
    imputed = scores["imputed"].to_numpy() | np.isin(np.arange(len(scores)), list(lending))
    return scores.assign(sd=filled, sd_rule=rules, imputed=imputed)


def name_of_arm(arm: str, called: tuple[str, str]) -> str:
    """Return what an arm is called, by its role: whatever treatment is compared with is the second."""
    return called[arm != "treatment"]


def borrowed_rule(missing_sd: SDRule, score: str, arm: str, others: int) -> str:
    """Say how an SD was borrowed from the arms of so many other trials."""
    source = f"the {arm} arms of {others} other trial{'s' if others > 1 else ''}"
    return f"{IMPUTED}: {RULES[missing_sd].format(score=SCORES.get(score, score), source=source)}"


def labels(about: pd.DataFrame) -> pd.Series:
    """Return "Author year" for each row, "study year" without an author, and the time for each of several of a trial.

    The study is added to what would read alike.
    """
    years = [f" {year:.0f}" if year == year else "" for year in about["year"]]
    names = about["author"].fillna(about["study"])
    # A study is often named after author and year already.
    plain = pd.Series(
        [n if n.endswith(y) else n + y for n, y in zip(names, years, strict=True)], about.index, about["study"].dtype
    )
    shared = about.assign(plain=plain).groupby("plain")["study"].transform("nunique") > 1
    named = plain.where(~shared, plain + " (" + about["study"] + ")")
    several = about["study"].duplicated(keep=False)
    return named.where(~several, named + ", " + _times_in_words(about)) if several.any() else named


def _times_in_words(about):
    """When each row was measured: its week, else what the time point is; both where that would not tell rows apart."""
    point = about["timepoint"].fillna("time not stated")
    when = about["week"].map(_in_weeks).where(about["week"] > 0, point)
    alike = when.groupby([about["study"], when]).transform("size") > 1
    week = about["week"].map("week {:.10g}".format).where(about["week"].notna(), "week not stated")
    return when.mask(alike, point + ", " + week)


def _in_weeks(week):
    """A time in weeks, or in the unit below in which it is 1 or more."""
    count, unit = next(
        (week * size, unit)
        for size, unit in ((1, "week"), (7, "day"), (168, "hour"))
        if week * size >= 1 or size == 168
    )
    shown = f"{count:.2g}" if count < 10 else f"{count:.0f}"
    return f"{shown} {unit}" + "s" * (shown != "1")


def about_trials(trials: pd.DataFrame, by: str = "study") -> pd.DataFrame:
    """Return one line per trial: study, label, what the trial is, and own columns that are constant in every trial.

    With ``by="comparison"``, a column of that name in `trials`, one line per comparison.
    """
    own = [c for c in trials if c.startswith("x_") and (trials.groupby(by)[c].nunique(dropna=False) == 1).all()]
    columns = dict.fromkeys([by, "study", *ABOUT, *own])
    about = trials.drop_duplicates(by)[[*columns]].reset_index(drop=True)
    return about.assign(label=labels(about), week_band=week_bands(about))


def week_bands(about: pd.DataFrame) -> pd.Series:
    """Return the band of each time point; blank where neither week nor single session is known."""
    bands = pd.cut(about["week"], [-np.inf, 0, 4, 12, np.inf], labels=list(WEEK_BANDS)).astype(object)
    return bands.mask(about["timepoint"] == "single session", WEEK_BANDS[0])


def describe(table: pd.DataFrame, rows: pd.DataFrame, about_all: pd.DataFrame) -> pd.DataFrame:
    """Add to each effect size what the trial is and its flags; `about_all` has the label of each comparison."""
    about = about_trials(rows, "comparison").drop(columns=["study", "label"])
    names = about_all.set_index("comparison")["label"]
    merged = table.merge(about, on="comparison", how="left").assign(label=table["comparison"].map(names))
    merged = merged.join(_doses(rows, table["unit"]), on="unit")
    several = merged["comparison"].duplicated(keep=False)
    number = "arm " + (merged.groupby("comparison").cumcount() + 1).astype(str)
    merged["arm_label"] = merged["arm_label"].where(merged["arm_label"] != "", number)
    merged["label"] = merged["label"].where(~several, merged["label"] + ": " + merged["arm_label"])
    merged["split"] = several
    merged["flags"] = _flags(merged, rows)
    # Where a placebo arm is shared out, its part is seldom a whole number of people.
    for people in ("n_treatment", "n_placebo"):
        if (merged[people] % 1 == 0).all():
            merged[people] = merged[people].astype(int)
    return merged.drop(columns=["merged", "split"])


def _doses(rows, units):
    """What the treatment arms of each unit received; blank where they differ, or where one does not print it."""
    treated = rows[rows["arm"] == "treatment"]
    split = treated["comparison"] + "#" + treated.index.astype(str)
    unit = split.where(split.isin(units), treated["comparison"]).rename("unit")
    grouped = treated.reindex(columns=DOSES).groupby(unit)
    return grouped.first().where(grouped.nunique(dropna=False) == 1)


def _flags(table, rows):
    width = table["scale_max"] - table["scale_min"]

    def any_row(name, word):
        return table["comparison"].isin(rows["comparison"][rows[name] == word])

    tests = {
        "final score": table["outcome"] == "final",
        "not adjusted": table["unadjusted"],
        "SD imputed": table["status"] == "imputed",
        # Of events nothing else is made.
        ZERO_CELL: (table["outcome"] == EVENTS) & (table["status"] == "recovered"),
        "SD from p": table["by_p"],
        "correlation assumed": table["correlated"],
        "correlation from p": table["period_correlation"].notna(),
        "crossover": table["design"] == "crossover",
        "arms combined": table["merged"] > 1,
        f"{compared_with(rows)} arm shared": table["split"],
        # A single question is asked on 10 or 100; any other width is that of a sum or a subscale.
        "rescaled sum": ~width.isin([10, 100]) & (table["outcome"] != EVENTS),
        "n assumed": any_row("n_basis", "assumed"),
        "n inferred": any_row("n_basis", "inferred"),
        SELECTED: any_row("selected", "yes"),
        "doubtful": table["certainty"] == "doubtful",
        "second-hand": table["certainty"] == "second-hand",
    }
    marked = np.column_stack([np.asarray(test, dtype=bool) for test in tests.values()])
    return [tuple(flag for flag, here in zip(tests, row, strict=True) if here) for row in marked.tolist()]


def derivation_list(
    table: pd.DataFrame, scores: pd.DataFrame, crossover_correlation: float, called: tuple[str, str]
) -> pd.DataFrame:
    """List every number behind the effect sizes that is not printed as it stands.

    Columns study, label (of the effect), arm (what both are `called`), quantity, value, rule.
    """
    trials = table.set_index("unit")
    score, unit = scores["score"], scores["unit"]
    # Of a trial whose effect is made of final scores the change is told only if it is in the table.
    told = (score == BASELINE) | of_outcome(scores, trials["outcome"])
    if "change_placebo" in table:
        told |= (score == "change") & unit.map(trials["change_placebo"].notna()).eq(True)
    own = {unit: [] for unit in table["unit"]}
    for arm in scores[told & unit.isin(table["unit"])].astype(object).itertuples():
        own[arm.unit].append(arm)
    lines = []
    for trial in table.astype(object).itertuples():
        for arm in own[trial.unit]:
            lines += _arm_lines(trial, arm, name_of_arm(arm.arm, called))
        if rule := rescaled(trial):
            lines.append((trial.study, trial.label, "", "scale", None, rule))
        if trial.outcome == ANCOVA:
            lines.append(
                (trial.study, trial.label, "", ADJUSTED, trial.yi, adjustment(trial.correlation, trial.correlated))
            )
        if trial.design == "crossover":
            rule = f"paired: correlation {crossover_correlation:g} between the periods assumed"
            if trial.by_p:
                rule = "paired: from the printed p, whatever correlation between the periods is assumed"
            if not np.isnan(trial.period_correlation):
                rule = f"paired: correlation {trial.period_correlation:.2f} between the periods, from the printed p"
            lines.append((trial.study, trial.label, "", "variance of the contrast", trial.vi, rule))
    return as_derivations(lines)


def adjustment(correlation: float, assumed: bool) -> str:
    """Say how a difference was adjusted for baseline."""
    source = ASSUMED if assumed else ", from the SDs of baseline, final score and change"
    return f"least squares on arm and baseline, with correlation {correlation:.2f}{source}"


def as_derivations(lines: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Return the lines of derived numbers as a table."""
    columns = ["study", "label", "arm", "quantity", "value", "rule"]
    return pd.DataFrame(lines, columns=columns).astype({"value": float})


def _arm_lines(trial, arm, name):
    score, who = SCORES.get(arm.score, arm.score), (trial.study, trial.label, name)
    lines = []
    if arm.merged > 1:
        rule = f"{arm.merged} {name} arms combined (Cochrane Handbook 6.5.2.10)"
        lines.append((*who, f"n, mean and SD of the {score}", arm.n, rule))
    if arm.share < 1:
        lines.append((*who, "n", arm.n, shared_out(name, arm.share)))
    if arm.mean_rule:
        lines.append((*who, f"mean {score}", arm.mean, arm.mean_rule))
    if arm.sd_rule:
        lines.append((*who, f"SD of the {score}", arm.sd, arm.sd_rule))
    return lines


def shared_out(arm: str, share: float) -> str:
    """Say how much of an arm one of several treatment arms has."""
    return f"{share:.2f} of the {arm} arm: it serves several treatment arms"


def rescaled(row: Any) -> str:
    """Say how a row was brought to points, or nothing where its scale is that of the points."""
    low, high = row.scale_min, row.scale_max
    return "" if (low, high) == (0, 10) else f"rescaled linearly from {low:g}–{high:g} to 0–10"


def left_out_list(
    trials: pd.DataFrame, about: pd.DataFrame, table: pd.DataFrame, dropped: Mapping[str, str]
) -> pd.DataFrame:
    """List the comparisons without an effect size and why; `dropped` holds reasons that are known already.

    `about` is what :func:`about_trials` says of them.
    """
    out = about[~about["comparison"].isin(table["comparison"])].reset_index(drop=True)
    silent = trials[trials["comparison"].isin(set(out["comparison"]).difference(filter(dropped.get, dropped)))]
    reasons = dict(dropped) | _reasons(silent)
    out["reason"] = out["comparison"].map(reasons).astype(object)
    return first_columns(out.drop(columns="comparison"), ["study", "label", "reason"])


def _reasons(rows):
    """Why each comparison has no effect size, as far as its rows tell."""
    at_primary = rows["comparison"] == rows["study"]
    all_percent, at_primary = (
        test.groupby(rows["comparison"]).all() for test in (rows["scale"] == PERCENT_CHANGE, at_primary)
    )
    events = rows["events"].notna().groupby(rows["comparison"]).any()
    reasons = pd.Series("no mean in both arms at this time point", index=events.index)
    reasons = reasons.mask(at_primary, "no mean in both arms at the primary time point")
    reasons = reasons.mask(events, "events only: no mean in both arms")
    percent = "percent change only: the scale has no ends, so it cannot be expressed in points"
    return reasons.mask(all_percent, percent).to_dict()


def first_columns(table: pd.DataFrame, first: Sequence[str]) -> pd.DataFrame:
    """Return the table with the columns `first` before all others."""
    return table[[*first, *(c for c in table if c not in first)]]
