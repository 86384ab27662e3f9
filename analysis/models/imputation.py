"""SDs that trials do not print, imputed many times: what is not known of them widens the interval.

An SD borrowed once counts as if it were printed. Here it is drawn again and again from the SDs of the other trials, all
data sets are pooled in one call, and Rubin's rules put their results together.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import CIMethod, Floats, Tau2Method
from analysis.data.arm_scores import ANCOVA, BASELINE, IMPUTED, PARTS, arm_scores, one_per_role
from analysis.data.effect_sizes import EffectSizes, mean_effects
from analysis.effects import adjusted_difference
from analysis.measures import Measure
from analysis.models.pooling import pool_batch
from analysis.models.prediction import imputed_interval
from analysis.models.results import BatchPooled, ConfidenceInterval, Result, pvalues, t_quantile
from analysis.models.shortcuts import Reported

if TYPE_CHECKING:
    import pandas as pd

# The log of an SD that is drawn follows t; with fewer degrees of freedom it has no variance.
_LEAST_DF = 3
_ARMS = ("treatment", "placebo")
# What an adjusted difference is made of, and all columns of the effects that hold it.
_ADJUSTED = ("baseline", "baseline_sd", "mean", "sd", "n")
_PARTS = [f"{part}_{arm}" for part in _ADJUSTED for arm in _ARMS]


@dataclass(frozen=True, eq=False, repr=False)
class ImputedEffect(Result, Reported):
    """A pooled effect over many imputations of the SDs that are missing.

    Attributes
    ----------
    k : int
        Number of trials.
    estimate, se : float
        Mean of the pooled effects of all imputations, and the root of the total variance.
    ci : ConfidenceInterval
        On t with `df` degrees of freedom.
    pi : ConfidenceInterval
        Prediction interval for the true effect of a new trial; NaN with fewer than three trials, and of a common
        effect.
    statistic, df, pvalue : float
        Test of a zero mean; df by Barnard and Rubin.
    within, between : float
        Mean of the squared standard errors, and the variance of the pooled effects between imputations.
    share_missing : float
        Share of the total variance that is due to the missing SDs, (1 + 1/M) between / total.
    tau2, tau, i2 : float
        Mean of tau2 over the imputations, its root, and the mean of I2.
    imputations : int
        How many there are, M; 1 where no SD is missing.
    imputed : pandas.DataFrame
        One row per SD that was drawn: study, label, arm, score, `donors` (how many trials it was drawn from),
        `borrowed` (the single SD of the effects), `median`, `low` and `high` (95%) of those drawn.
    estimates, variances : numpy.ndarray
        Pooled effect and squared standard error of each imputation, shape (M,).
    labels : tuple of str
        Names of the trials.
    measure : Measure
        Effect measure.
    tau2_method, ci_method : str
        How each imputation was pooled.
    confidence_level : float
        Level of `ci` and `pi`.
    effects : EffectSizes
        What was pooled, with SDs borrowed once.

    See Also
    --------
    analysis.pool_imputed : Make this result.
    analysis.PooledEffect : The result with SDs borrowed once.

    References
    ----------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, chapter 3, doi 10.1002/9780470316696.

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> found = pool_imputed(effect_sizes(read_trials("data/trials.csv")))
    >>> found.imputations, found.imputed["label"].unique().tolist()[:2]
    (100, ['Gale 2006', 'Al Rashoud 2014'])
    """

    k: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    pi: ConfidenceInterval
    statistic: float
    df: float
    pvalue: float
    within: float
    between: float
    share_missing: float
    tau2: float
    tau: float
    i2: float
    imputations: int
    imputed: pd.DataFrame
    estimates: np.ndarray
    variances: np.ndarray
    labels: tuple[str, ...]
    measure: Measure
    tau2_method: str
    ci_method: str
    confidence_level: float
    effects: EffectSizes
    _seed: int = 0
    _among: EffectSizes | None = field(default=None, repr=False)

    def _in_words(self):
        return sentences.imputed_effect(self)


@documented
def pool_imputed(
    effects: EffectSizes,
    *,
    among: EffectSizes | None = None,
    imputations: int = 100,
    seed: int = 0,
    tau2_method: Tau2Method = "REML",
    ci_method: CIMethod = "HKSJ-wide",
    confidence_level: float = 0.95,
) -> ImputedEffect:
    """Pool trials of which some print no SD, by multiple imputation of these SDs.

    Parameters
    ----------
    effects : EffectSizes
        From :func:`analysis.effect_sizes` of an arm-level table; trials whose status is "imputed" get SDs drawn in the
        place of the one they borrowed.
    among : EffectSizes, optional
        All effect sizes, where `effects` are a selection of them: from their trials SDs are drawn.
    imputations : int, optional
        How many data sets are made, at least 2.
    seed : int, optional
        Of the random numbers; the same seed gives the same result, in whatever order the trials stand.
    {tau2_method, ci_method, confidence_level}

    Returns
    -------
    ImputedEffect

    Raises
    ------
    TypeError
        For anything but EffectSizes.
    ValueError
        If there are too few other trials with SDs, or the effects are of several times or of arms that were split.

    See Also
    --------
    analysis.pool : The same with SDs borrowed once, which then count as known.
    analysis.effect_sizes : Borrows a single SD, by the rule `missing_sd`.
    analysis.multiverse : Compares the rules for missing SDs.
    analysis.forest : Draws this beside the other, ``models=[pool_imputed(effects)]``.

    Notes
    -----
    The logs of the SDs that a trial lacks (of change, final or baseline scores; of the treatment arm, the placebo arm,
    or both, which are alike) are taken for jointly normal over trials, and missing for no reason that has to do with
    their size. For each imputation mean and covariance are drawn from their posterior under the Jeffreys prior, then
    the SDs given these, so that the imputation is proper. What is drawn is the SD that the trial would have printed,
    its sampling error included. The M data sets are pooled in one call.

    With the mean W of the squared standard errors and the variance B of the estimates, the total variance is
    W + (1 + 1/M) B [1]_, on t with the degrees of freedom of Barnard and Rubin [2]_, in which those of the complete
    data are k - 1, or infinite for "z". With "HKSJ-wide" the intervals of HKSJ and Wald are made so, and the wider one
    is given. Without a missing SD the result is that of :func:`analysis.pool`.

    The true effect of a new trial has a distribution in each data set [5]_; the prediction interval is cut from all M
    put together, as posterior distributions of imputed data sets are [6]_. Rubin's rules are for nearly normal
    estimates and would need a standard error, where what spreads a new effect is tau2, known by a long-tailed
    distribution.

    A difference of means does not change with the SD: its weight does, and for weights multiple imputation serves well;
    where it makes the effect too, as of SMD, it served badly [3]_. Other methods are reviewed in [4]_.

    References
    ----------
    .. [1] Rubin 1987, Multiple Imputation for Nonresponse in Surveys, equations 3.1.2 to 3.1.6, doi
       10.1002/9780470316696.
    .. [2] Barnard & Rubin 1999, Biometrika 86:948-955, doi 10.1093/biomet/86.4.948.
    .. [3] Ellington et al. 2015, Using multiple imputation to estimate missing data in meta-regression (abstract).
    .. [4] Weir et al. 2018, BMC Med Res Methodol 18:25, doi 10.1186/s12874-018-0483-0.
    .. [5] Nagashima, Noma & Furukawa 2019, Stat Methods Med Res 28:1689-1702, doi 10.1177/0962280218773520.
    .. [6] brm_multiple of R's brms, which stacks the draws of all imputed data sets.

    Examples
    --------
    >>> from analysis import effect_sizes, pool, read_trials
    >>> effects = effect_sizes(read_trials("data/trials.csv"))
    >>> print(f"{pool(effects).estimate:.2f}, {pool_imputed(effects).estimate:.2f}")
    -1.21, -1.21
    """
    for given in (effects, *([] if among is None else [among])):
        if not isinstance(given, EffectSizes):
            raise TypeError(_check.refusal(given, "pool_imputed", "give EffectSizes, such as effect_sizes(trials)"))
    if not isinstance(imputations, Integral) or isinstance(imputations, bool) or imputations < 2:
        raise ValueError(f"imputations={imputations!r} must be a whole number, 2 or more")
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed={seed!r} must be a whole number, 0 or more")
    yi, vi, imputed = imputed_data(effects, effects if among is None else among, int(imputations), seed)
    fit, told = pool_imputations(yi.T[:, None], vi.T[:, None], tau2_method, ci_method, confidence_level)
    (k, estimate, se, low, high, tau2, _, i2, pvalue), df = (x.item() for x in fit), told["df"].item()
    new = np.full(2, np.nan)
    if tau2_method != "CE":
        new = imputed_interval(yi, vi, (low, high), confidence_level)
    return ImputedEffect(
        k=k,
        estimate=estimate,
        se=se,
        ci=ConfidenceInterval(low, high),
        pi=ConfidenceInterval(*new.tolist()),
        statistic=estimate / se,
        df=df,
        pvalue=pvalue,
        **{name: told[name].item() for name in ("within", "between", "share_missing")},
        tau2=tau2,
        tau=math.sqrt(tau2),
        i2=i2,
        imputations=yi.shape[1],
        imputed=imputed,
        estimates=told["estimates"][:, 0],
        variances=told["variances"][:, 0],
        labels=tuple(effects.labels),
        measure=effects.measure,
        tau2_method=tau2_method,
        ci_method=ci_method if k > 1 else "z",
        confidence_level=confidence_level,
        effects=effects,
        _seed=int(seed),
        _among=among,
    )


def pool_imputations(
    yi: Floats, vi: Floats, tau2_method: Tau2Method, ci_method: CIMethod, confidence_level: float
) -> tuple[BatchPooled, dict[str, Floats]]:
    """Pool n meta-analyses of which each has M imputed data sets.

    Parameters
    ----------
    yi, vi : ndarray, shape (M, n, k)
        NaN in both where a study is absent, from all data sets of a meta-analysis.
    tau2_method, ci_method, confidence_level
        As for :func:`analysis.pool`.

    Returns
    -------
    BatchPooled
        Shape (n,); tau2, Q and I2 are means over the data sets.
    dict of str to ndarray
        What :func:`rubins_rules` gives, and `estimates` and `variances`, of shape (M, n).
    """
    m, n, studies = yi.shape
    # The wider of two intervals is found among those of all imputations.
    ways, found = ("HKSJ", "z") if ci_method == "HKSJ-wide" else (ci_method,), []
    for way in ways:
        options = {"tau2_method": tau2_method, "ci_method": way, "confidence_level": confidence_level}
        batch = pool_batch(yi.reshape(-1, studies), vi.reshape(-1, studies), **options)
        each = BatchPooled(*(x.reshape(m, n) for x in batch))
        k = each.k[0]
        complete = np.where((way == "z") | (k < 2), np.inf, k - 1.0)
        rules = rubins_rules(each.estimate, each.se**2, complete)
        rules |= {"estimates": each.estimate, "variances": each.se**2}
        found.append((t_quantile(rules["df"], confidence_level) * np.sqrt(rules["total"]), rules))
    first = found[0][0] >= found[-1][0]
    half = np.where(first, found[0][0], found[-1][0])
    rules = {name: np.where(first, x, found[-1][1][name]) for name, x in found[0][1].items()}
    estimate, se = rules["estimate"], np.sqrt(rules["total"])
    tau2, q, i2 = (x.mean(axis=0) for x in (each.tau2, each.q, each.i2))
    pvalue = pvalues(rules["df"], estimate / se)
    return BatchPooled(k, estimate, se, estimate - half, estimate + half, tau2, q, i2, pvalue), rules


def rubins_rules(estimates: ArrayLike, variances: ArrayLike, df: ArrayLike = math.inf) -> dict[str, Any]:
    """Put the results of M imputations together.

    Parameters
    ----------
    estimates, variances : array_like, shape (M, ...)
        Estimate and squared standard error of each.
    df : array_like, optional
        Degrees of freedom of the complete data.

    Returns
    -------
    dict of str to array
        `estimate`, `within`, `between`, `total` (variance), `share_missing` of it, and `df`.

    Examples
    --------
    >>> {name: round(float(x), 3) for name, x in rubins_rules([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]).items()}
    {'estimate': 2.0, 'within': 1.0, 'between': 1.0, 'total': 2.333, 'share_missing': 0.571, 'df': 6.125}
    """
    estimates, variances, df = (np.asarray(x, float) for x in (estimates, variances, df))
    m = len(estimates)
    # Rubin 1987, equations 3.1.2 to 3.1.5; where all data sets are one, nothing is missing.
    estimate, within = estimates.mean(axis=0), variances.mean(axis=0)
    between = estimates.var(axis=0, ddof=1) if m > 1 else np.zeros(estimates.shape[1:])
    between = np.where((estimates == estimates[0]).all(axis=0), 0.0, between)
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    # Rubin 1987, equation 3.1.6, and Barnard & Rubin 1999.
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.where(np.isinf(df), np.inf, (df + 1) / (df + 3) * df * (1 - share))
        df = np.where(share > 0, 1 / (share**2 / (m - 1) + 1 / observed), df)
    names = ("estimate", "within", "between", "total", "share_missing", "df")
    return dict(zip(names, (estimate, within, between, total, share, df), strict=True))


def imputed_data(
    effects: EffectSizes, among: EffectSizes, imputations: int, seed: int
) -> tuple[Floats, Floats, pd.DataFrame]:
    """Return effects and variances with SDs drawn, each of shape (k, M), and a list of these SDs.

    Where no SD is missing, M is 1.
    """
    import pandas as pd

    table = effects.table.reset_index(drop=True)
    silent = table[table["status"] == IMPUTED]
    columns = ["study", "label", "arm", "score", "donors", "borrowed", "median", "low", "high"]
    yi, vi = (np.repeat(x[:, None], imputations if len(silent) else 1, axis=1) for x in (effects.yi, effects.vi))
    if silent.empty:
        return yi, vi, pd.DataFrame(columns=columns)
    _require_whole_trials(effects)
    own, lines = _arm_sds(effects), []
    lent = own if among is effects else _arm_sds(among)
    parts = {part: silent[part].to_numpy(float)[:, None] for part in _PARTS}
    place = {study: at for at, study in enumerate(silent["study"])}
    wanted = list(zip(silent["study"], silent["outcome"], strict=True))
    for (study, score, arm), (sd, donors) in drawn_sds(wanted, own, lent, imputations, seed).items():
        at, part = place[study], f"{'baseline_sd' if score == BASELINE else 'sd'}_{arm}"
        spread = np.quantile(sd, (0.5, 0.025, 0.975)).tolist()
        lines.append((study, silent["label"].iloc[at], arm, score, donors, silent[part].iloc[at], *spread))
        parts[part] = np.broadcast_to(parts[part], (len(silent), imputations)).copy()
        parts[part][at] = sd
    periods = silent["period_correlation"].astype(float).fillna(effects.options["crossover_correlation"])
    paired = (silent["design"] == "crossover").to_numpy()[:, None]
    arms = [parts[f"{part}_{arm}"] for arm in _ARMS for part in ("mean", "sd", "n")]
    yi[silent.index], vi[silent.index] = mean_effects(arms, paired, periods.to_numpy()[:, None], str(effects.measure))
    if (adjusted := (silent["outcome"] == ANCOVA).to_numpy()).any():
        arms = [parts[f"{part}_{arm}"][adjusted] for arm in _ARMS for part in _ADJUSTED]
        correlation = silent["correlation"].to_numpy(float)[adjusted, None]
        yi[silent.index[adjusted]], vi[silent.index[adjusted]] = adjusted_difference(*arms, correlation)
    return yi, vi, pd.DataFrame(lines, columns=columns)


def drawn_sds(
    wanted: list[tuple[str, str]], own: pd.DataFrame, lent: pd.DataFrame, imputations: int, seed: int
) -> dict[tuple[str, str, str], tuple[Floats, int]]:
    """Draw the SDs that trials lack.

    Parameters
    ----------
    wanted : list of (str, str)
        Study and outcome of each trial.
    own, lent : pandas.DataFrame
        From :func:`sds_of`: of these trials, and of those from which SDs are drawn.
    imputations, seed : int

    Returns
    -------
    dict of (study, score, arm) to (ndarray, int)
        SDs of shape (M,), and of how many trials they were drawn. A trial has the same whatever others are drawn.
    """
    missing, found = {}, {}
    for study, outcome in wanted:
        every = [(score, arm) for score in PARTS[outcome] for arm in _ARMS]
        missing.setdefault(tuple(each for each in every if np.isnan(own.loc[study, each])), []).append(study)
    for lacking, studies in missing.items():
        # In the order of their names, so that the order of the rows changes nothing.
        donors = np.log(lent[list(lacking)].dropna().sort_index().to_numpy())
        kind = " and ".join(f"{score} score in the {arm} arm" for score, arm in lacking)
        if len(donors) - len(lacking) < _LEAST_DF:
            raise ValueError(
                f"{', '.join(studies)}: an SD of the {kind} is drawn from the other trials that have it; there are "
                f"{len(donors)}, and that needs {len(lacking) + _LEAST_DF}: pool(effects) takes a single borrowed SD, "
                "and missing_sd='drop' leaves such trials out"
            )
        noise = [_random(seed, kind, study).standard_normal((imputations, len(lacking))) for study in studies]
        drawn = np.exp(draw_normal(donors, np.stack(noise, axis=1), _random(seed, kind)))
        for i, study in enumerate(studies):
            found |= {(study, *each): (drawn[:, i, j], len(donors)) for j, each in enumerate(lacking)}
    return found


def _random(seed, *names):
    """Random numbers of their own for what has these names."""
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, names)).encode())])


def _require_whole_trials(effects):
    """Refuse effects of which the SDs of the arms do not tell how they were made."""
    for name, usual in (("times", "primary"), ("multi_arm", "combine")):
        if (chosen := effects.options.get(name, usual)) != usual:
            raise ValueError(f"pool_imputed takes one effect a trial; the effects have {name}={chosen!r}")


def _arm_sds(effects):
    """The SDs that trials have of their own, by study, score and arm; NaN for none."""
    rows, options = effects.rows[effects.rows["arm"].notna()], effects.options
    told = options["correlation"], options["crossover_correlation"]
    return sds_of(one_per_role(arm_scores(rows, *told, adjusted=options["outcome"] == ANCOVA), "combine"))


def sds_of(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the SDs of arm scores by study, and by score and arm; NaN for none, and for that of one person."""
    role = scores["arm"].where(scores["arm"] == "treatment", "placebo")
    scores = scores.assign(role=role, sd=scores["sd"].where(scores["n"] >= 2))
    return scores.pivot(index="study", columns=["score", "role"], values="sd")


def draw_normal(seen: ArrayLike, noise: ArrayLike, rng: Any) -> Floats:
    """Draw new rows of a normal distribution of which only these rows are known, afresh for each imputation.

    Parameters
    ----------
    seen : array_like, shape (m, p)
        Rows that are known.
    noise : array_like, shape (M, n, p)
        Independent standard normal numbers, of which the new rows are made.
    rng : numpy.random.Generator
        Draws mean and covariance of each imputation.

    Returns
    -------
    ndarray, shape (M, n, p)
        Given the mean and the covariance that were drawn for each imputation.
    """
    seen = np.asarray(seen, float)
    (m, p), imputations = seen.shape, len(noise)
    # Under the Jeffreys prior the covariance is inverse Wishart on m - 1 degrees of freedom with the sums of squares as
    # its scale, and the mean is normal given it. Its root is that of the scale over Bartlett's of a Wishart matrix.
    values, vectors = np.linalg.eigh(np.cov(seen, rowvar=False, ddof=1).reshape(p, p) * (m - 1))
    scale = vectors * np.sqrt(np.maximum(values, 0.0))
    bartlett = np.tril(rng.standard_normal((imputations, p, p)), -1)
    bartlett[:, range(p), range(p)] = np.sqrt(rng.chisquare(m - 1 - np.arange(p), (imputations, p)))
    root = scale @ np.swapaxes(np.linalg.inv(bartlett), 1, 2)
    mean = seen.mean(axis=0) + np.einsum("mij,mj->mi", root, rng.standard_normal((imputations, p))) / math.sqrt(m)
    return mean[:, None] + np.einsum("mij,mnj->mni", root, noise)
