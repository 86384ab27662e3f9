"""What a selection by p values would have done to an effect: selection models, excess significance, fail-safe numbers.

A selection model weighs the density of each outcome by the probability that a p value like its own is published, as a
step function of one-sided p or a beta density. `selection_columns` fits it to n meta-analyses at once: outcomes and
standard errors are (k, n), parameters (p, n), and several starts of one fit are columns too. Its likelihood is

    log w(p_i) + log N(y_i; beta, s_i²) - log A_i,    s_i² = v_i + tau²,    A_i = E w(p) under N(beta, s_i²)

With U(c) = P(y > c), A of steps is the last weight plus the sum over steps of the difference of neighbouring weights
times U at the outcome whose p is the step; A of a beta density is a Gauss-Legendre sum. All first derivatives are
exact, second ones are central differences of these. tau, not tau², is climbed on: at tau = 0 the likelihood has no
slope in tau, so that the climb can end there.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from analysis import _check, sentences
from analysis._docs import documented
from analysis._types import Alternative, ExcessTest, FailSafeMethod, Floats, Missing, PoolOptions, SelectionKind
from analysis.measures import Measure
from analysis.models.pooling import USUAL, check_options, pool_studies
from analysis.models.results import ConfidenceInterval, PooledEffect, Result, beyond, t_quantile
from analysis.models.shortcuts import Reported
from analysis.models.studies import Studies, methods_of, read_studies

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes

# Between these the logs of weights are sought, as in metafor.
_LEAST, _MOST = np.log(1e-5), np.log(100.0)
# A beta density is unbounded at its ends: p values are kept this far from 0 and 1, as in metafor.
_CLIP = 1e-5
_NODES = 48
# A p curve is one of p below this; shares of it are kept this far from 0 and 1, and power is sought up to this, as in
# its authors' app.
_P_CURVE, _TINY, _MOST_POWER = 0.05, 2.2e-16, 0.99
_STEPS, _CLOSE, _DIFFERENCE = 200, 1e-9, 1e-5
# Starting weights and shares of the ML estimate of tau from which a single fit is climbed.
_STARTS = (0.0, 1.0), (0.0, 0.2), (-1.5, 1.0), (1.5, 0.5)


def read(
    to: str, yi: Any, vi: Any, se: Any, missing: Missing, methods: dict[str, Any] | None = None, *, least: int = 3
) -> tuple[Studies, dict[str, Any]]:
    """Checked studies, at least so many, and the methods asked for, else those of a result, for `check_options`."""
    methods = dict(methods or {})
    _check.keywords(to, methods, PoolOptions.__annotations__)
    found = read_studies(yi, vi, se=se, measure=methods.pop("measure", ""), missing=missing, to=to)
    _check.enough(to, len(found.yi), least)
    methods = USUAL | methods_of(found, methods)
    check_options(**methods)
    return found, methods


def refuse_without_null(measure: Measure, to: str, give: str = "yi and vi, with 0 where there is none") -> None:
    """Refuse studies of a measure that has no value of no effect: their p values say nothing of an effect.

    Examples
    --------
    >>> refuse_without_null(Measure("OR"), "p_curve")
    """
    if np.isnan(measure.null):
        raise ValueError(
            f"{to}() asks whether effects differ from none, and no {measure.name} is that of no effect; give {give}"
        )


class _Steps(NamedTuple):
    """Weights that are constant between steps of p; the first is 1."""

    cuts: np.ndarray  # (m - 1, k, n), outcomes whose p is a step
    inside: np.ndarray  # (m, k, n), in which interval each outcome lies
    both: bool

    def take(self, index):
        return _Steps(self.cuts[..., index], self.inside[..., index], self.both)

    def terms(self, beta, s, log_weights):
        """Log w and its slopes; A and its slopes by beta, s and the log weights."""
        w = np.exp(np.concatenate([np.zeros((1, log_weights.shape[1])), log_weights]))[:, None]
        t = (beta - self.cuts) / s
        above, density = special.ndtr(t), np.exp(-0.5 * t * t) / np.sqrt(2.0 * np.pi)
        by_beta, by_s = density / s, -t * density / s
        if self.both:
            t = (-beta - self.cuts) / s
            density = np.exp(-0.5 * t * t) / np.sqrt(2.0 * np.pi)
            above, by_beta, by_s = above + special.ndtr(t), by_beta - density / s, by_s - t * density / s
        falls = w[:-1] - w[1:]
        shares = np.diff(
            np.concatenate([np.zeros((1, *above.shape[1:])), above, np.ones((1, *above.shape[1:]))]), axis=0
        )
        total, slopes = (w * shares).sum(axis=0), (w * shares)[1:]
        log_w = (self.inside * np.log(w)).sum(axis=0)
        return log_w, self.inside[1:], total, (falls * by_beta).sum(axis=0), (falls * by_s).sum(axis=0), slopes


class _Beta(NamedTuple):
    """Weights p^(a - 1) (1 - p)^(b - 1) of one-sided p."""

    se: np.ndarray  # (k, n)
    logs: np.ndarray  # (2, k, n), log p and log(1 - p) of the outcomes

    def take(self, index):
        return _Beta(self.se[..., index], self.logs[..., index])

    def terms(self, beta, s, log_weights):
        """As of `_Steps`."""
        z, share, logs = _nodes()
        powers = np.exp(log_weights)
        w = np.exp((powers[0] - 1.0) * logs[0][:, None, None] + (powers[1] - 1.0) * logs[1][:, None, None])
        ends = np.array([z[0], z[-1]])[:, None, None]
        t = (z[1:-1, None, None] * self.se - beta) / s
        density = np.exp(-0.5 * t * t) / np.sqrt(2.0 * np.pi)
        inner = share[:, None, None] * self.se * density / s
        outer = (ends * self.se - beta) / s
        edge = np.exp(-0.5 * outer * outer) / np.sqrt(2.0 * np.pi)
        sides = np.array([1.0, -1.0])[:, None, None]
        mass = np.concatenate([special.ndtr(outer[:1]), inner, special.ndtr(-outer[1:])])
        by_beta = np.concatenate([-(sides * edge)[:1] / s, inner * t / s, -(sides * edge)[1:] / s])
        by_s = np.concatenate(
            [-(sides * outer * edge)[:1] / s, inner * (t * t - 1.0) / s, -(sides * outer * edge)[1:] / s]
        )
        slopes = np.stack(
            [power * (w * mass * log[:, None, None]).sum(axis=0) for power, log in zip(powers, logs, strict=True)]
        )
        own = powers[:, None] * self.logs
        log_w = ((powers[:, None] - 1.0) * self.logs).sum(axis=0)
        return log_w, own, (w * mass).sum(axis=0), (w * by_beta).sum(axis=0), (w * by_s).sum(axis=0), slopes


def _nodes():
    """Standardised outcomes of the sum and of both ends, the shares of the sum, and log p and log(1 - p) at all."""
    end = -special.ndtri(_CLIP)
    x, share = np.polynomial.legendre.leggauss(_NODES)
    z = np.concatenate([[-end], end * x, [end]])
    return z, end * share, np.stack([special.log_ndtr(-z), special.log_ndtr(z)])


def selection_weights(y: Floats, se: Floats, kind: SelectionKind, steps: tuple[float, ...], both: bool) -> Any:
    """The weights of a selection in favour of large outcomes, or of those far from 0 on both sides; all (k, n)."""
    z = np.abs(y) / se if both else y / se
    if kind == "beta":
        logs = np.clip(np.stack([special.log_ndtr(-z), special.log_ndtr(z)]), np.log(_CLIP), np.log1p(-_CLIP))
        return _Beta(se, logs)
    cuts = -special.ndtri(np.array(steps) / (2.0 if both else 1.0))[:, None, None] * se
    p = special.ndtr(-z) * (2.0 if both else 1.0)
    place = np.searchsorted(steps, p)
    return _Steps(cuts, place == np.arange(len(steps) + 1)[:, None, None], both)


def _height(y, v, weights, at):
    """Log-likelihood (n,) and its gradient (p, n) at beta, tau and log weights."""
    beta, tau = at[:2]
    s = np.sqrt(v + tau**2)
    log_w, own, total, by_beta, by_s, slopes = weights.terms(beta, s, at[2:])
    r = (y - beta) / s
    height = (log_w - np.log(s) - 0.5 * r * r - np.log(total)).sum(axis=0) - 0.5 * len(y) * np.log(2.0 * np.pi)
    along_s = (r * r - 1.0) / s - by_s / total
    first = [(r / s - by_beta / total).sum(axis=0), (along_s * tau / s).sum(axis=0)]
    return height, np.concatenate([first, (own - slopes / total).sum(axis=1)])


def _curvature(y, v, weights, at, scale):
    """The Hessian (n, p, p) by central differences of the gradient, for parameters in units of `scale` (p, n)."""
    rows = []
    for i in range(len(at)):
        moved = np.zeros_like(at)
        moved[i] = _DIFFERENCE * scale[i]
        up, down = (_height(y, v, weights, at + way * moved)[1] for way in (1.0, -1.0))
        rows.append((up - down) * scale / (2.0 * _DIFFERENCE))
    hessian = np.stack(rows).transpose(2, 0, 1)
    return 0.5 * (hessian + hessian.transpose(0, 2, 1))


def selection_columns(y: Floats, v: Floats, weights: Any, start: Floats) -> tuple[Floats, Floats, Floats]:
    """Climb from starts (p, n) to maxima: parameters (p, n), heights (n,), and variances of the mean (n,), NaN if none.

    Newton's method with steps halved until they lead up; a log weight on its bound stays there while it would leave.
    """
    at = start.copy()
    scale = np.ones_like(at)
    scale[:2] = np.sqrt(v.min(axis=0))
    height, gradient = _height(y, v, weights, at)
    live = np.arange(at.shape[1])
    for _ in range(_STEPS):
        if not live.size:
            break
        data = y[:, live], v[:, live], weights.take(live)
        here, unit = at[:, live], scale[:, live]
        step = _newton(_curvature(*data, here, unit), gradient[:, live] * unit, _stuck(here, gradient[:, live]))
        share, waiting = np.ones(live.size), np.ones(live.size, bool)
        best, best_height, best_gradient = here.copy(), height[live], gradient[:, live].copy()
        for _ in range(30):
            new = here + unit * step * share
            new[2:] = np.clip(new[2:], _LEAST, _MOST)
            there, slope = _height(*data, new)
            up = waiting & (there >= best_height - 1e-12 * (1.0 + np.abs(best_height)))
            best[:, up], best_height[up], best_gradient[:, up] = new[:, up], there[up], slope[:, up]
            waiting &= ~up
            if not waiting.any():
                break
            share = np.where(waiting, 0.5 * share, share)
        at[:, live], height[live], gradient[:, live] = best, best_height, best_gradient
        moving = (np.abs(best - here) > _CLOSE * unit * (1.0 + np.abs(here / unit))).any(axis=0)
        live = live[moving]
    hessian = _curvature(y, v, weights, at, scale)
    return at, height, _variance(hessian, _stuck(at, gradient)) * scale[0] ** 2


def _stuck(at, gradient):
    """Which parameters (p, n) are log weights on a bound that they would leave."""
    out = np.zeros(at.shape, bool)
    out[2:] = ((at[2:] <= _LEAST) & (gradient[2:] < 0)) | ((at[2:] >= _MOST) & (gradient[2:] > 0))
    return out


def _free(hessian, stuck):
    """The Hessian with stuck parameters cut off."""
    free = ~stuck.T
    own = np.eye(len(stuck)) * stuck.T[:, None, :]
    return hessian * (free[:, None] & free[:, :, None]) - own


def _newton(hessian, gradient, stuck):
    """Newton steps (p, n), uphill in every direction and no longer than 2 units of each parameter."""
    size, axes = np.linalg.eigh(_free(hessian, stuck))
    size = np.maximum(np.abs(size), 1e-8 * np.abs(size).max(axis=1, keepdims=True) + 1e-300)
    along = np.einsum("nab,an->nb", axes, np.where(stuck, 0.0, gradient))
    step = np.einsum("nab,nb->an", axes, along / size)
    return step * np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=0), 1e-300))


def _variance(hessian, stuck):
    """The variance (n,) of the first parameter; NaN where the likelihood is no hill."""
    free = -_free(hessian, stuck)
    hill = np.linalg.eigvalsh(free)[:, 0] > 1e-10
    out = np.full(len(free), np.nan)
    out[hill] = np.linalg.inv(free[hill])[:, 0, 0]
    return out


@dataclass(frozen=True, eq=False, repr=False)
class SelectionModel(Result, Reported):
    """An effect adjusted for a selection by p values.

    Attributes
    ----------
    k : int
        Number of studies.
    estimate, se, ci : float, float, ConfidenceInterval
        Mean effect before selection, by maximum likelihood, and its normal interval; NaN where the likelihood is flat.
    statistic, df, pvalue : float
        Test of a zero mean; df is infinite.
    tau2 : float
        Variance between studies before selection.
    weights : tuple of float
        Of "steps" how likely a study is to be seen in each interval of p, the first being 1; of "beta" its two powers.
    lrt, lrt_df, lrt_pvalue : float, int, float
        Likelihood-ratio test that there is no selection.
    llf : float
        Log-likelihood.
    kind : {"steps", "beta"}
    steps : tuple of float
        Where intervals of p end, the last at 1; () of "beta".
    in_interval : tuple of int
        How many studies lie in each interval.
    alternative : {"greater", "less", "two-sided"}
        What p is the p value of: effects above 0, below 0, or other than 0.
    at_bound : bool
        Whether a weight ended at 1e-5 or 100, between which it is sought.
    unadjusted : PooledEffect
        The mean of the same studies by maximum likelihood without selection.
    confidence_level, measure, effects : float, Measure, EffectSizes or None
    """

    k: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    statistic: float
    df: float
    pvalue: float
    tau2: float
    weights: tuple[float, ...]
    lrt: float
    lrt_df: int
    lrt_pvalue: float
    llf: float
    kind: SelectionKind
    steps: tuple[float, ...]
    in_interval: tuple[int, ...]
    alternative: Alternative
    at_bound: bool
    unadjusted: PooledEffect
    confidence_level: float
    measure: Measure
    effects: EffectSizes | None = None

    def _in_words(self):
        return sentences.selection_model(self)


@documented
def selection_model(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    kind: SelectionKind = "steps",
    steps: float | tuple[float, ...] = 0.025,
    alternative: Alternative | None = None,
    missing: Missing = "raise",
    confidence_level: float | None = None,
) -> SelectionModel:
    """Adjust a pooled effect for a selection of studies by their p values.

    Parameters
    ----------
    {yi, vi, se}
    kind : {"steps", "beta"}, optional
        Weights constant between steps of p, with one step the three-parameter model; or the density of a beta
        distribution of p.
    steps : float or tuple of float, optional
        Where intervals of p end: 0.025 one-sided is 0.05 two-sided, in one direction.
    alternative : {"greater", "less", "two-sided"}, optional
        Effects that are selected for: those with small one-sided p values above or below 0, or far from 0. Left out,
        the direction of the pooled effect.
    {missing, confidence_level}

    Returns
    -------
    SelectionModel
        The adjusted `estimate`, and `lrt_pvalue` of the test that nothing is selected.

    Raises
    ------
    ValueError
        With fewer studies than parameters, for steps that are no ascending shares, where an interval between steps
        holds no study, so that its weight cannot be told, and for a measure without a value of no effect, such as a
        proportion.

    See Also
    --------
    analysis.selection_plot : Draw the weights.
    analysis.pet_peese : Adjusts by standard errors.
    analysis.small_study_effects : All that fits, in one table.

    Notes
    -----
    The highest maximum that several starts lead to. Weights are sought between 1e-5 and 100, and p values of "beta" are
    kept 1e-5 from 0 and 1, as in metafor. With few studies the weights are hardly known, and so is what is made of
    them: read it as an answer to "what if".

    References
    ----------
    Vevea & Hedges 1995, doi 10.1007/BF02294384 (steps); Citkowicz & Vevea 2017, doi 10.1037/met0000119 (beta density);
    McShane, Boeckenholt & Hansen 2016, doi 10.1177/1745691616662243 (what one step does).

    Examples
    --------
    >>> yi = [0.9, 0.7, 0.62, 0.5, 0.55, 0.31, 0.1, 0.22, 0.4, 0.05]
    >>> fit = selection_model(yi, [0.09, 0.08, 0.06, 0.05, 0.07, 0.02, 0.01, 0.02, 0.03, 0.01])
    >>> round(fit.estimate, 2), round(fit.unadjusted.estimate, 2), round(fit.lrt_pvalue, 2)
    (0.03, 0.33, 0.0)
    """
    _check_kind(kind, "greater" if alternative is None else alternative)
    ends = _ascending(steps) if kind == "steps" else ()
    extra = len(ends) if kind == "steps" else 2
    options = {"tau2_method": "ML", "ci_method": "z", "confidence_level": confidence_level}
    found, methods = read("selection_model", yi, vi, se, missing, options, least=2 + extra)
    refuse_without_null(found.measure, "selection_model")
    plain = pool_studies(found, check_options(**methods))
    alternative = alternative or ("less" if plain.estimate < 0 else "greater")
    both, sign = alternative == "two-sided", -1.0 if alternative == "less" else 1.0
    y, v = sign * found.yi[:, None], found.vi[:, None]
    held = ()
    if kind == "steps":
        held = tuple(int(n) for n in selection_weights(y, np.sqrt(v), kind, ends, both).inside.sum(axis=(1, 2)))
        _refuse_empty(held, ends, alternative)
    unselected = np.array([sign * plain.estimate, plain.tau, *[0.0] * extra])[:, None]
    start = np.repeat(unselected, 1 + len(_STARTS), axis=1)
    for i, (log_weight, share) in enumerate(_STARTS, 1):
        start[1, i] = share * plain.tau + 0.1 * np.sqrt(found.vi.min())
        start[2:, i] = log_weight
    y, v = (np.repeat(x, start.shape[1], axis=1) for x in (y, v))
    weights = selection_weights(y, np.sqrt(v), kind, ends, both)
    at, height, variance = selection_columns(y, v, weights, start)
    best = int(height.argmax())
    none = float(_height(y, v, weights, np.repeat(unselected, start.shape[1], axis=1))[0][0])
    estimate, spread, level = sign * float(at[0, best]), float(np.sqrt(variance[best])), plain.confidence_level
    half, lrt = float(t_quantile(np.inf, level)) * spread, max(0.0, 2.0 * (float(height[best]) - none))
    logs, tau2 = at[2:, best], float(at[1, best] ** 2)
    return SelectionModel(
        k=len(found.yi),
        estimate=estimate,
        se=spread,
        ci=ConfidenceInterval(estimate - half, estimate + half),
        statistic=estimate / spread,
        df=np.inf,
        pvalue=float(2.0 * special.ndtr(-abs(estimate / spread))),
        tau2=tau2 if tau2 > 1e-12 * found.vi.min() else 0.0,
        weights=(*((1.0,) if kind == "steps" else ()), *np.exp(logs).tolist()),
        lrt=lrt,
        lrt_df=extra,
        lrt_pvalue=float(special.chdtrc(extra, lrt)),
        llf=float(height[best]),
        kind=kind,
        steps=(*ends, 1.0) if ends else (),
        in_interval=held,
        alternative=alternative,
        at_bound=bool(((logs <= _LEAST) | (logs >= _MOST)).any()),
        unadjusted=plain,
        confidence_level=level,
        measure=found.measure,
        effects=found.effects,
    )


def _ascending(steps):
    """Steps of p as a tuple, without a last one at 1."""
    ends = np.atleast_1d(_check.as_floats([] if isinstance(steps, Mapping | Set) else steps))
    ends = ends[:-1] if ends.size and ends[-1] == 1.0 else ends
    if ends.ndim != 1 or not ends.size or not (np.diff(ends) > 0).all() or not ((ends > 0) & (ends < 1)).all():
        raise ValueError(f"steps={steps!r} must be p values between 0 and 1, ascending, such as 0.025 or (0.025, 0.5)")
    return tuple(ends.tolist())


def _refuse_empty(held, ends, alternative):
    """Refuse intervals of p without a study."""
    low, high = (0.0, *ends), (*ends, 1.0)
    side = "two-sided" if alternative == "two-sided" else f"one-sided ({alternative} than 0)"
    _check.fail(
        [
            f"no study has a {side} p above {a:g} and up to {b:g}: its weight cannot be told; choose other steps"
            for a, b, n in zip(low, high, held, strict=True)
            if n == 0
        ],
        f"the steps of p, {', '.join(f'{end:g}' for end in ends)}",
    )


def check_selection(
    weights: Any, kind: SelectionKind, steps: Any, alternative: Alternative
) -> tuple[tuple[float, ...], SelectionKind, tuple[float, ...], Alternative]:
    """Weights of a selection, its kind, steps without a last one at 1, and alternative; ValueError for what cannot be.

    Examples
    --------
    >>> check_selection([1, 0.2], "steps", 0.025, "greater")
    ((1.0, 0.2), 'steps', (0.025,), 'greater')
    """
    _check_kind(kind, alternative)
    ends = _ascending(steps) if kind == "steps" else ()
    given = np.atleast_1d(_check.as_floats(weights))
    needed = len(ends) + 1 if kind == "steps" else 2
    if given.shape != (needed,):
        what = f"weights, one for each interval between {len(ends)} steps" if kind == "steps" else "powers"
        raise ValueError(f"selection={weights!r} must be {needed} {what}")
    if not (np.isfinite(given) & (given >= 0)).all() or not given.any() or (kind == "beta" and not given.all()):
        least = "numbers of at least 0, not all of them 0" if kind == "steps" else "positive numbers"
        raise ValueError(f"selection={weights!r} must be finite {least}")
    return tuple(given.tolist()), kind, ends, alternative


def _check_kind(kind, alternative):
    """Raise ValueError for a kind or an alternative that is not known, or for two that do not go together."""
    _check.option("kind", kind, get_args(SelectionKind))
    _check.option("alternative", alternative, get_args(Alternative))
    if kind == "beta" and alternative == "two-sided":
        raise ValueError("alternative='two-sided' is for kind='steps'; a beta density is one of one-sided p values")


def published(
    y: Floats,
    se: Floats,
    weights: tuple[float, ...],
    kind: SelectionKind,
    steps: tuple[float, ...],
    alternative: Alternative,
) -> Floats:
    """How likely outcomes (n,) are to be published, as a share of the most likely there can be.

    Examples
    --------
    >>> published(np.array([3.0, 0.5]), np.ones(2), (1.0, 0.2), "steps", (0.025,), "greater").tolist()
    [1.0, 0.2]
    """
    y = -y if alternative == "less" else y
    found = selection_weights(y[None], se[None], kind, steps, alternative == "two-sided")
    if kind == "steps":
        return (found.inside[:, 0] * np.array(weights)[:, None]).sum(axis=0) / max(weights)
    a, b = np.array(weights) - 1.0
    # The density is largest at an end, or where its slope is 0.
    p = np.clip([0.0, 1.0, a / (a + b) if a > 0 and b > 0 else 0.0], _CLIP, 1.0 - _CLIP)
    log = a * found.logs[0, 0] + b * found.logs[1, 0]
    return np.exp(log - (a * np.log(p) + b * np.log1p(-p)).max())


def selection_curve(fit: SelectionModel) -> pd.DataFrame:
    """Return how likely studies are to be seen by their p value, and the p values of the studies.

    Parameters
    ----------
    fit : SelectionModel

    Returns
    -------
    pandas.DataFrame
        Columns kind, p and weight: "curve" along p, ascending, twice at a step, relative to the smallest p of "steps"
        and to p = 0.025 of "beta"; "trial" once a study, with the weight at its p, and its label.

    Examples
    --------
    >>> fit = selection_model([0.9, 0.7, 0.1, 0.2], [0.09, 0.08, 0.01, 0.04], steps=0.05)
    >>> selection_curve(fit).groupby("kind").size().to_dict()
    {'curve': 4, 'trial': 4}
    """
    import pandas as pd

    z = fit.unadjusted.yi / np.sqrt(fit.unadjusted.vi)
    sided = {"greater": lambda z: special.ndtr(-z), "less": special.ndtr}
    p = sided.get(fit.alternative, lambda z: 2.0 * special.ndtr(-np.abs(z)))(z)
    if fit.kind == "steps":
        ends = np.array([0.0, *fit.steps])
        x, height = np.repeat(ends, 2)[1:-1], np.repeat(fit.weights, 2)
        own = np.array(fit.weights)[np.searchsorted(fit.steps[:-1], p)]
    else:
        x, (a, b) = np.linspace(0.002, 0.998, 250), fit.weights

        def weight(p):
            return np.exp((a - 1.0) * np.log(p / 0.025) + (b - 1.0) * np.log((1.0 - p) / 0.975))

        height, own = weight(x), weight(np.clip(p, _CLIP, 1.0 - _CLIP))
    curve = pd.DataFrame({"kind": "curve", "p": x, "weight": height})
    return pd.concat(
        [curve, pd.DataFrame({"kind": "trial", "label": fit.unadjusted.labels, "p": p, "weight": own})],
        ignore_index=True,
    )


@dataclass(frozen=True, eq=False, repr=False)
class ExcessSignificance(Result):
    """Whether more studies are significant than their power lets expect.

    Attributes
    ----------
    k : int
        Number of studies.
    observed, expected : int, float
        Studies with a two-sided p of at most `alpha`, and the sum of the powers.
    statistic, df, pvalue : float
        One-sided test of more than expected: the number observed, with no degrees of freedom (NaN), or chi2 on 1.
    power : numpy.ndarray, shape (k,)
        Of each study, if the mean and the variance between studies are those of `pooled`.
    test, alpha : str, float
    pooled : PooledEffect
    measure, effects : Measure, EffectSizes or None
    """

    k: int
    observed: int
    expected: float
    statistic: float
    df: float
    pvalue: float
    power: np.ndarray
    test: str
    alpha: float
    pooled: PooledEffect
    measure: Measure
    effects: EffectSizes | None = None

    def _in_words(self):
        return sentences.excess_significance(self)


def excess_columns(y: Floats, v: Floats, mean: Floats, tau2: Floats, alpha: float) -> tuple[Floats, Floats, Floats]:
    """Significant studies (n,), powers (k, n), and the probability (n,) of as many or more; y and v are (k, n)."""
    s, far = np.sqrt(v), -special.ndtri(alpha / 2.0)
    spread = np.sqrt(v + tau2)
    power = beyond(mean / spread, far * s / spread)
    observed = (np.abs(y) >= far * s).sum(axis=0)
    chance = np.zeros((len(y) + 1, y.shape[1]))
    chance[0] = 1.0
    for share in power:
        chance[1:] = chance[1:] * (1.0 - share) + chance[:-1] * share
        chance[0] *= 1.0 - share
    below = np.arange(len(chance))[:, None] < observed
    return observed, power, np.where(below, 0.0, chance).sum(axis=0)


@documented
def excess_significance(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    alpha: float = 0.05,
    test: ExcessTest = "exact",
    missing: Missing = "raise",
    **methods: Unpack[PoolOptions],
) -> ExcessSignificance:
    """Test whether more studies are significant than their power lets expect.

    Parameters
    ----------
    {yi, vi, se}
    alpha : float, optional
        Two-sided p up to which a study is significant.
    test : {"exact", "chi2"}, optional
        By the exact distribution of the number of significant studies, each with its own power; or chi2 with the mean
        of the powers.
    {missing}
    **methods
        As for :func:`analysis.pool`; those of a PooledEffect are kept unless named.

    Returns
    -------
    ExcessSignificance
        How many are significant, how many were to be expected, and `pvalue` of more than these.

    Raises
    ------
    ValueError
        With fewer than two studies, for alpha that is no share, and a measure without a value of no effect, such as a
        proportion.

    See Also
    --------
    analysis.selection_model : What such a selection does to the effect.

    Notes
    -----
    The power of a study is that at the pooled effect, true effects varying about it with tau2. If studies were
    selected, that effect is too large, and so is the power: the test errs on the side of nothing found.

    References
    ----------
    Ioannidis & Trikalinos 2007, doi 10.1177/1740774507079441; Francis 2013, J Math Psychol 57:153-169 (exact test).

    Examples
    --------
    >>> found = excess_significance([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16])
    >>> found.observed, round(found.expected, 1), round(found.pvalue, 2)
    (5, 3.4, 0.17)
    """
    _check.option("test", test, get_args(ExcessTest))
    if not 0.0 < _check.amount("alpha", alpha) < 1.0:
        raise ValueError(f"alpha={alpha!r} must be a p value between 0 and 1, both excluded")
    found, methods = read("excess_significance", yi, vi, se, missing, methods, least=2)
    refuse_without_null(found.measure, "excess_significance")
    pooled, k = pool_studies(found, check_options(**methods)), len(found.yi)
    numbers = excess_columns(found.yi[:, None], found.vi[:, None], pooled.estimate, pooled.tau2, alpha)
    observed, power, p = (x[..., 0] for x in numbers)
    expected, statistic, df = float(power.sum()), float(observed), np.nan
    if test == "chi2":
        z = (observed - expected) / np.sqrt(expected * (1.0 - expected / k))
        statistic, df, p = float(z**2), 1.0, special.ndtr(-z)
    return ExcessSignificance(
        k=k,
        observed=int(observed),
        expected=expected,
        statistic=statistic,
        df=df,
        pvalue=float(p),
        power=power,
        test=test,
        alpha=alpha,
        pooled=pooled,
        measure=found.measure,
        effects=found.effects,
    )


@dataclass(frozen=True, eq=False, repr=False)
class FailSafeN(Result):
    """How many unseen studies of no effect would undo a result.

    Attributes
    ----------
    n : float
        The number, rounded up; infinite for a target of 0.
    k : int
        Number of studies.
    method : {"Rosenthal", "Orwin", "Rosenberg"}
    estimate : float
        The mean effect that would be undone: unweighted of "Orwin", weighted by 1 / vi of "Rosenberg"; NaN of
        "Rosenthal", which adds z values.
    target : float
        The mean effect that would be left, of "Orwin"; NaN of the others.
    pvalue, alpha : float
        Of all studies together, one-sided of "Rosenthal" and two-sided of "Rosenberg", NaN of "Orwin"; and where
        significance ends.
    measure, effects : Measure, EffectSizes or None
    """

    n: float
    k: int
    method: str
    estimate: float
    target: float
    pvalue: float
    alpha: float
    measure: Measure
    effects: EffectSizes | None = None

    _transformed: ClassVar[tuple[str, ...]] = ("estimate", "target")

    def _in_words(self):
        return sentences.fail_safe_n(self)


def _orwin_size(target, estimate, measure):
    """The size of the effect to which studies of no effect shall bring the mean: between none and what it is."""
    if target is None:
        return abs(estimate) / 2.0
    size = _check.amount("the size of target", abs(target))
    if target * estimate < 0.0 or size >= abs(estimate):
        logs = ", as a log" if measure.is_ratio else ""
        raise ValueError(
            f"target={target:g} is no smaller than the mean effect, {estimate:.4g}, which studies of no effect make "
            f"smaller; give a number between 0 and it{logs}"
        )
    return size


@documented
def fail_safe_n(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    method: FailSafeMethod = "Rosenthal",
    alpha: float = 0.05,
    target: float | None = None,
    missing: Missing = "raise",
) -> FailSafeN:
    """Return how many unseen studies of no effect would undo a result, a number that misleads.

    Parameters
    ----------
    {yi, vi, se}
    method : {"Rosenthal", "Orwin", "Rosenberg"}, optional
        Until the sum of z values is no longer significant; until the mean effect falls to a target; until the weighted
        mean is no longer significant.
    alpha : float, optional
        Where significance ends, one-sided of "Rosenthal", two-sided of "Rosenberg".
    target : float, optional
        Of "Orwin", on the scale of analysis, a ratio as its log; half the mean effect if left out. Its sign is that of
        the mean.
    {missing}

    Returns
    -------
    FailSafeN

    Raises
    ------
    ValueError
        For an unknown method, alpha that is no share, a target that is no smaller than the mean effect, or for another
        method than "Orwin", and a measure without a value of no effect, such as a proportion.

    See Also
    --------
    analysis.selection_model : What a selection would do to the effect.

    Notes
    -----
    It misleads. The unseen studies are taken to have no effect on average, where a selection leaves effects of the
    other sign unseen, of which far fewer would do; heterogeneity is ignored; "Rosenthal" does not look at the size of
    the effect; and how many studies are many is for nobody to say (Becker 2005).

    References
    ----------
    Rosenthal 1979, doi 10.1037/0033-2909.86.3.638; Orwin 1983, doi 10.3102/10769986008002157; Rosenberg 2005, doi
    10.1111/j.0014-3820.2005.tb01004.x; Becker 2005, in Publication Bias in Meta-Analysis, chapter 7 (why not).

    Examples
    --------
    >>> fail_safe_n([0.1, 0.3, 0.35, 0.7, 0.9, 1.2], [0.01, 0.02, 0.03, 0.06, 0.09, 0.16]).n
    67.0
    """
    _check.option("method", method, get_args(FailSafeMethod))
    if not 0.0 < _check.amount("alpha", alpha) < 1.0:
        raise ValueError(f"alpha={alpha!r} must be a p value between 0 and 1, both excluded")
    if target is not None and method != "Orwin":
        raise ValueError(f"target is for method='Orwin', not {method!r}; leave it out")
    found, _ = read("fail_safe_n", yi, vi, se, missing, least=1)
    refuse_without_null(found.measure, "fail_safe_n")
    y, w, k = found.yi, 1.0 / found.vi, len(found.yi)
    estimate = p = goal = np.nan
    if method == "Rosenthal":
        z = abs(float((y * np.sqrt(w)).sum())) / np.sqrt(k)
        p, n = float(special.ndtr(-z)), k * (z / special.ndtri(alpha)) ** 2 - k
    elif method == "Orwin":
        estimate = float(y.mean())
        size = _orwin_size(target, estimate, found.measure)
        goal = float(np.copysign(size, estimate))
        n = k * (abs(estimate) - size) / size if size > 0 else np.inf
    else:
        estimate = float((w * y).sum() / w.sum())
        p = float(2.0 * special.ndtr(-abs(estimate) * np.sqrt(w.sum())))
        n = k * (((w * y).sum() / special.ndtri(alpha / 2.0)) ** 2 / w.sum() - 1.0)
    n = max(0.0, float(n))
    # A whole number but for rounding is that number.
    n = n if np.isinf(n) else float(np.rint(n) if abs(n - np.rint(n)) < 1e-8 * max(1.0, n) else np.ceil(n))
    return FailSafeN(n, k, method, estimate, goal, p, alpha, found.measure, found.effects)


@dataclass(frozen=True, eq=False, repr=False)
class PCurve(Result):
    """The distribution of the significant p values.

    Attributes
    ----------
    k, significant, half : int
        Number of studies; those with p below 0.05, which alone are used; those with p below 0.025.
    statistic, df, pvalue : float
        Stouffer test that small p values are more frequent than large ones, as they are where there is an effect; df is
        infinite.
    half_statistic, half_pvalue : float
        The same of the half curve, of p below 0.025; NaN where there is none.
    binomial_pvalue : float
        One-sided binomial test that more than half of the significant p values are below 0.025.
    flat_statistic, flat_pvalue : float
        Test that the curve is flatter than that of studies with a power of 33%.
    flat_binomial_pvalue : float
        One-sided binomial test that fewer are below 0.025 than at a power of 33%.
    power, power_ci : float, ConfidenceInterval
        Average power of the studies of which these are the significant ones, between 5% and 99%, and its 90% interval.
    bins : pandas.DataFrame
        Columns p, the upper end of each fifth of 0 to 0.05, and the shares there: observed, with no effect (a fifth),
        and at a power of 33%.
    measure, effects : Measure, EffectSizes or None
    """

    k: int
    significant: int
    half: int
    statistic: float
    df: float
    pvalue: float
    half_statistic: float
    half_pvalue: float
    binomial_pvalue: float
    flat_statistic: float
    flat_pvalue: float
    flat_binomial_pvalue: float
    power: float
    power_ci: ConfidenceInterval
    bins: pd.DataFrame
    measure: Measure
    effects: EffectSizes | None = None

    @property
    def evidential(self) -> bool:
        """Whether its authors would speak of evidential value: half curve p < 0.05, or both curves p < 0.10."""
        return bool(self.half_pvalue < 0.05 or max(self.half_pvalue, self.pvalue) < 0.10)

    def _in_words(self):
        return sentences.p_curve(self)


def _beyond(far, away):
    """The probability of |z| beyond `far`, if the mean of z is `away` from 0."""
    return special.ndtr(away - far) + special.ndtr(-away - far)


def curve_columns(z: Floats, away: float | Floats = 0.0, below: float = _P_CURVE) -> Floats:
    """Stouffer statistics (n,) of a p-curve: whether p below a limit are smaller than at a mean of z so far from 0.

    z (k, n) is each effect over its standard error, without its sign. Negative where they are smaller; NaN where no p
    is below the limit.

    Examples
    --------
    >>> curve_columns(np.array([[2.0], [3.0], [4.0]])).round(2).tolist()
    [-1.9]
    """
    used = 2.0 * special.ndtr(-z) < below
    shares = _beyond(z, away) / _beyond(-special.ndtri(below / 2.0), away)
    quantiles = np.where(used, special.ndtri(np.clip(shares, _TINY, 1.0 - _TINY)), 0.0)
    with np.errstate(invalid="ignore"):
        return quantiles.sum(axis=0) / np.sqrt(used.sum(axis=0))


def curve_power(z: Floats, level: float = 0.9) -> Floats:
    """Average power and its interval (3, n), where the statistic of the curve (k, n) is 0, or as far off as `level`.

    Examples
    --------
    >>> curve_power(np.array([[2.0], [3.0], [4.0]]))[:, 0].round(2).tolist()
    [0.59, 0.07, 0.94]
    """
    half = t_quantile(np.inf, level)
    targets = np.array([0.0, -half, half])[:, None]
    ends = np.zeros((3, z.shape[1])), np.full((3, z.shape[1]), _away_at(_MOST_POWER))
    # The statistic rises with the power: halved until the bracket is as narrow as rounding.
    for _ in range(52):
        middle = 0.5 * (ends[0] + ends[1])
        short = curve_columns(z[:, None], middle) < targets
        ends = np.where(short, middle, ends[0]), np.where(short, ends[1], middle)
    return _beyond(-special.ndtri(_P_CURVE / 2.0), 0.5 * (ends[0] + ends[1]))


def _away_at(power):
    """How far from 0 the mean of z is at this power of a two-sided test at 5%."""
    return float(np.sqrt(special.chndtrinc(special.chdtri(1, _P_CURVE), 1, 1.0 - power)))


@documented
def p_curve(
    yi: ArrayLike | EffectSizes | pd.DataFrame | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    se: ArrayLike | None = None,
    missing: Missing = "raise",
) -> PCurve:
    """Return the distribution of the significant p values, and whether it falls as it does where there is an effect.

    Parameters
    ----------
    {yi, vi, se, missing}

    Returns
    -------
    PCurve

    Raises
    ------
    ValueError
        Where no study has p below 0.05, and for a measure without a value of no effect, such as a proportion.

    See Also
    --------
    analysis.p_curve_plot : Draw it.
    analysis.selection_model : Uses all studies, and allows true effects to differ.

    Notes
    -----
    p values are those of each effect on its own, two-sided and normal, whatever its sign. A curve that falls shows that
    not all of the studies were selected from nothing; it shows no bias, and where true effects differ no effect worth
    knowing. The tests have poor properties (Morey & Davis-Stober 2025).

    The average power is the one at which half of all curves would fall more steeply; its interval has those at which
    5% and 95% would. All studies are taken to have the same power: where it differs, the average is put too high
    (Brunner & Schimmack 2020).

    References
    ----------
    Simonsohn, Nelson & Simmons 2014, doi 10.1037/a0033242 (the curve); their app, version 4.052 (half curve, Stouffer
    and binomial tests, power of 33%, average power and its interval); Brunner & Schimmack 2020, doi
    10.15626/MP.2018.874 (average power); Morey & Davis-Stober 2025, doi 10.1080/01621459.2025.2544397 (the tests).

    Examples
    --------
    >>> found = p_curve([0.9, 0.7, 0.62, 0.5, 0.1], [0.09, 0.08, 0.06, 0.05, 0.01])
    >>> found.significant, round(found.pvalue, 2), found.evidential
    (4, 0.07, False)
    >>> [round(x, 2) for x in (found.power, *found.power_ci)]
    [0.38, 0.05, 0.85]
    """
    import pandas as pd

    found, _ = read("p_curve", yi, vi, se, missing, least=1)
    refuse_without_null(found.measure, "p_curve")
    z = np.abs(found.yi[:, None]) / np.sqrt(found.vi[:, None])
    p = 2.0 * special.ndtr(-z[:, 0])
    used, half = (int((p < limit).sum()) for limit in (_P_CURVE, _P_CURVE / 2.0))
    if not used:
        raise ValueError(f"p_curve() needs studies with p below {_P_CURVE:g}, and of {len(p)} none has; give others")
    third = _away_at(1.0 / 3.0)
    full, halved = (float(curve_columns(z, 0.0, limit)[0]) for limit in (_P_CURVE, _P_CURVE / 2.0))
    flat = -float(curve_columns(z, third)[0])
    power, low, high = curve_power(z)[:, 0].tolist()
    ends = np.arange(1, 6) / 100.0
    below = 3.0 * _beyond(-special.ndtri(ends / 2.0), third)
    expected = 3.0 * _beyond(-special.ndtri(_P_CURVE / 4.0), third)
    shares = np.histogram(p[p < _P_CURVE], [0.0, *ends])[0] / used
    return PCurve(
        k=len(p),
        significant=used,
        half=half,
        statistic=full,
        df=np.inf,
        pvalue=float(special.ndtr(full)),
        half_statistic=halved,
        half_pvalue=float(special.ndtr(halved)),
        binomial_pvalue=float(special.bdtrc(half - 1, used, 0.5)),
        flat_statistic=flat,
        flat_pvalue=float(special.ndtr(flat)),
        flat_binomial_pvalue=float(special.bdtr(half, used, expected)),
        power=power,
        power_ci=ConfidenceInterval(low, high),
        bins=pd.DataFrame(
            {"p": ends, "observed": shares, "no effect": 0.2, "power of 33%": np.diff(below, prepend=0.0)}
        ),
        measure=found.measure,
        effects=found.effects,
    )
