"""Pool responder counts without inverse-variance weights: Mantel-Haenszel and Peto.

For few events these are better than pooling log ratios by `analysis.pool`: nothing is added to zero cells.
Both are common-effect methods; they do not estimate a variance between trials.
"""

import numpy as np

from analysis import _validate
from analysis._summaries import fail, place
from analysis.count_results import ChiSquare, PooledCounts, reasons
from analysis.count_tables import BEARS, POOLED, association, homogeneity, informative, peto
from analysis.effects_counts import (
    cells,
    counts,
    log_odds_ratio,
    log_risk_ratio,
    peto_effects,
    risk_difference,
)
from analysis.results import ConfidenceInterval, t_quantile

_EFFECTS = {"OR": log_odds_ratio, "RR": log_risk_ratio, "RD": risk_difference}

_ROUNDING = 1e-15  # a variance below it is what rounding leaves of zero: it would take 1e15 events


def pool_mantel_haenszel(
    events_t,
    n_t,
    events_p,
    n_p,
    *,
    measure="RR",
    continuity=0.5,
    continuity_to="zero trials",
    drop_double_zero=True,
    pooled_continuity=0.0,
    pooled_continuity_to="zero trials",
    yates=True,
    confidence_level=0.95,
    labels=None,
):
    """Pool 2 by 2 tables by the Mantel-Haenszel method.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like, shape (k,) or (n, k)
        Responders and people of the treatment and of the placebo arm; one row for each of n meta-analyses,
        NaN in all four where a trial is absent.
    measure : {"RR", "OR", "RD"}
        Risk ratio or odds ratio, pooled as logs, or risk difference.
    continuity, continuity_to, drop_double_zero
        Rules for the effects of the single trials, `yi` and `vi`, from which Q is computed, as in
        `analysis.effects.log_risk_ratio`. Double-zero trials are not in Q by default.
    pooled_continuity, pooled_continuity_to
        The same for the tables that are pooled; nothing is added by default, and nothing need be.
    yates : bool
        Bring the excess of events 1/2 nearer to 0 in the tests of association.
    confidence_level : float
        Level of the (normal) confidence interval.
    labels : sequence of str, optional
        Names of the k trials.

    Returns
    -------
    PooledCounts
        With arrays of shape (n,) for n meta-analyses. The tests of association and of equal odds ratios
        belong to measure "OR" and are NaN for the others.

    Raises
    ------
    ValueError
        For impossible or missing counts, unknown options, or one meta-analysis whose effect cannot be
        estimated: an arm without any event (or for the odds ratio, non-event) in all trials. Among many, such
        a row is NaN.

    Notes
    -----
    Variances: Robins, Breslow & Greenland 1986, Biometrics 42:311-323 (OR); Greenland & Robins 1985,
    Biometrics 41:55-68 (RR); Sato, Greenland & Robins 1989, Biometrics 45:1323-1324 (RD). Tests: Mantel &
    Haenszel 1959, J Natl Cancer Inst 22:719-748; Cochran 1954, Biometrics 10:417-451; Breslow & Day 1980;
    Tarone 1985, Biometrika 72:91-95.

    Examples
    --------
    >>> counts = [12, 9, 0], [30, 25, 20], [6, 5, 0], [30, 24, 20]
    >>> pooled = pool_mantel_haenszel(*counts, labels=["A", "B", "C"])
    >>> print(f"{np.exp(pooled.estimate):.2f} ({np.exp(pooled.ci.low):.2f} to {np.exp(pooled.ci.high):.2f})")
    1.88 (1.00 to 3.50)
    >>> pooled.left_out
    (('C', 'no events in either arm: no weight in the pooled RR and not in Q'),)
    """
    _validate.option("measure", measure, tuple(POOLED))
    given, absent, names = _read(events_t, n_t, events_p, n_p, labels)
    table = _present(cells(given, pooled_continuity, pooled_continuity_to), absent)
    sums = POOLED[measure](table)
    rules = {"continuity": continuity, "continuity_to": continuity_to, "drop_double_zero": drop_double_zero}
    effects = _EFFECTS[measure](*given, **rules)
    found = {
        "measure": measure,
        "method": "Mantel-Haenszel",
        "labels": names,
        "in_pooled": BEARS[measure](table),
    }
    found |= _pooled(sums, effects, confidence_level)
    tests = _tests(table, found["estimate"], yates) if measure == "OR" else {}
    return _finish(found, tests, given, absent)


def pool_peto(events_t, n_t, events_p, n_p, *, confidence_level=0.95, labels=None):
    """Pool 2 by 2 tables by Peto's one-step odds ratio.

    Parameters
    ----------
    events_t, n_t, events_p, n_p : array_like, shape (k,) or (n, k)
        As for :func:`pool_mantel_haenszel`.
    confidence_level, labels
        As for :func:`pool_mantel_haenszel`.

    Returns
    -------
    PooledCounts
        Measure "OR", pooled as log. A trial without events, or with events only, in both arms carries no
        information; it is in `left_out`.

    Raises
    ------
    ValueError
        As for :func:`pool_mantel_haenszel`.

    Notes
    -----
    Yusuf, Peto, Lewis, Collins & Sleight 1985, Prog Cardiovasc Dis 27:335-371, doi
    10.1016/s0033-0620(85)80003-7. Good for rare events, arms of similar size and small effects; biased
    towards no effect otherwise.

    Examples
    --------
    >>> pooled = pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58])
    >>> print(f"{np.exp(pooled.estimate):.3f}, Q {pooled.q:.2f}")
    0.318, Q 0.56
    """
    given, absent, names = _read(events_t, n_t, events_p, n_p, labels)
    table = _present(cells(given, 0.0, "none"), absent)
    sums = peto(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        effects = peto_effects(table)
    found = {"measure": "OR", "method": "Peto", "labels": names, "in_pooled": informative(table)}
    return _finish(found | _pooled(sums, effects, confidence_level), {}, given, absent)


def _read(events_t, n_t, events_p, n_p, labels):
    """Checked counts (..., k), which trials are absent from a row, and the labels."""
    given = np.stack(counts(events_t, n_t, events_p, n_p))
    if given.ndim not in (2, 3) or not given.size:
        raise ValueError(
            f"the counts have the shape {given.shape[1:]}, but it must be (k,), k trials, or (n, k), "
            "n meta-analyses by k trials, with at least one trial"
        )
    unknown = np.isnan(given)
    absent = unknown.all(axis=0) if given.ndim == 3 else np.zeros(given.shape[1:], bool)
    where = np.argwhere(unknown.any(axis=0) & ~absent).tolist()
    remedy = "leave the trial out" if given.ndim == 2 else "give NaN in all four to leave the trial out"
    fail([f"a count is missing{place(at, given.shape[1:])}; correct it, or {remedy}" for at in where])
    return given, absent, _validate.study_labels(labels, given.shape[-1])


def _present(table, absent):
    return np.where(absent, 0.0, np.stack(table))


def _pooled(sums, effects, confidence_level):
    """Numbers of the result: estimate, interval, test and heterogeneity."""
    from scipy import special

    level = _validate.level(confidence_level)
    fine = np.isfinite(sums.estimate) & (sums.variance > _ROUNDING)
    estimate = np.where(fine, sums.estimate, np.nan)
    se = np.sqrt(np.where(fine, sums.variance, np.nan))
    half = t_quantile(np.inf, level) * se
    yi, vi = effects
    in_q = np.isfinite(yi) & (vi > 0)
    df = in_q.sum(axis=-1) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(in_q, (yi - estimate[..., None]) ** 2 / vi, 0.0).sum(axis=-1)
        several = (df > 0) & fine
        i2 = np.where(several, np.where(q > df, (q - df) / q, 0.0), np.nan)
        h2 = np.where(several, q / df, np.nan)
        weights = np.where(fine[..., None], sums.weights / sums.weights.sum(axis=-1)[..., None], np.nan)
    return {
        "estimate": estimate,
        "se": se,
        "ci": (estimate - half, estimate + half),
        "statistic": estimate / se,
        "pvalue": 2 * special.ndtr(-np.abs(estimate / se)),
        "q": q,
        "q_df": np.maximum(df, 0),
        "q_pvalue": np.where(df > 0, special.chdtrc(np.maximum(df, 1), q), 1.0),
        "i2": i2,
        "h2": h2,
        "weights": weights,
        "yi": np.where(in_q, yi, np.nan),
        "vi": np.where(in_q, vi, np.nan),
        "in_q": in_q,
        "confidence_level": level,
    }


def _tests(table, estimate, yates):
    """Statistics and df of the tests of odds ratios."""
    one = np.ones(estimate.shape, dtype=int)
    cmh, cochran = association(table, yates)
    breslow_day, tarone, df = homogeneity(table, estimate)
    return {
        "cmh": (cmh, one),
        "cochran": (cochran, one),
        "breslow_day": (breslow_day, df),
        "tarone": (tarone, df),
    }


def _finish(fields, tests, given, absent):
    """The result: plain numbers for one meta-analysis, read-only arrays for many."""
    from scipy import special

    single = given.ndim == 2
    if single and np.isnan(fields["estimate"]):
        raise ValueError(_not_estimable(fields, given))
    none = np.full(fields["estimate"].shape, np.nan)
    for name in ("cmh", "cochran", "breslow_day", "tarone"):
        statistic, df = tests.get(name, (none, np.zeros(none.shape, dtype=int)))
        fields[name] = (statistic, df, np.where(df > 0, special.chdtrc(np.maximum(df, 1), statistic), np.nan))
    fields["k"] = (~absent).sum(axis=-1)
    who = fields["in_pooled"], fields["in_q"], fields["labels"], fields["measure"]
    fields["left_out"] = reasons(given, absent, *who)
    if single:
        plain = {name: x.item() for name, x in fields.items() if isinstance(x, np.ndarray | np.generic) and x.ndim == 0}
        fields |= plain
    makers = {"ci": ConfidenceInterval} | dict.fromkeys(("cmh", "cochran", "breslow_day", "tarone"), ChiSquare)
    for name, maker in makers.items():
        fields[name] = maker(*(x.item() if single else x for x in fields[name]))
    for x in fields.values():
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
    return PooledCounts(**fields)


def _not_estimable(fields, given):
    a, n1, c, n2 = given.sum(axis=-1)
    totals = {
        "no event in any treatment arm": a,
        "no event in any placebo arm": c,
        "no non-event in any treatment arm": n1 - a,
        "no non-event in any placebo arm": n2 - c,
    }
    reason = "; ".join(text for text, total in totals.items() if total == 0) or "no trial bears on it"
    name = f"the {fields['method']} {fields['measure']} cannot be estimated"
    if fields["measure"] == "RD" or not (a + c) or not (n1 + n2 - a - c):
        return f"{name}: {reason}; such trials have nothing to pool"
    return f"{name}: {reason}; use measure='RD', or pooled_continuity=0.5"
