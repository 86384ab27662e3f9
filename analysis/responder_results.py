"""What an analysis of responders returns: percentages per arm, their difference, and the number needed to treat."""

import html
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.count_results import PooledCounts
from analysis.pooling import pool_columns
from analysis.report import notes
from analysis.results import ConfidenceInterval, PooledEffect, t_quantile
from analysis.text import NOT_ESTIMABLE, counted, interval, level, number, percent
from analysis.thresholds import Threshold

_OWN = "The difference is pooled on its own and need not be that of the two percentages."
_RATIOS = {"RR": "Risk ratio", "OR": "Odds ratio"}


class PooledShare(NamedTuple):
    """Pooled share of responders in the arms of one kind, a fraction, pooled as log odds."""

    estimate: float
    ci: ConfidenceInterval
    logit: PooledEffect


class NumberNeeded(NamedTuple):
    """Number needed to treat, the reciprocal of the risk difference; negative for harm.

    Where the interval of the risk difference holds 0, that of the number needed runs through infinity: `ci.low` is then
    its end in benefit, positive, and `ci.high` its end in harm, negative.
    """

    estimate: float
    ci: ConfidenceInterval

    @property
    def through_infinity(self):
        """Whether the interval holds infinity, that is, no difference."""
        return self.ci.low > self.ci.high or any(map(math.isinf, self.ci))

    @property
    def interval_words(self):
        """The interval in words: NNTB for benefit, NNTH for harm, such as "NNTB 4.0 to 11.0"."""
        if math.isnan(self.ci.low):
            return NOT_ESTIMABLE
        if self.ci.low > self.ci.high and not any(map(math.isinf, self.ci)):
            return " to ∞ to ".join(map(_needed, self.ci))
        near, far = sorted(self.ci, key=abs)
        return f"{_needed(near)} to {'∞' if math.isinf(far) else number(abs(far), 1)}"

    @property
    def words(self):
        """The number and its interval in words."""
        return f"{_needed(self.estimate)} ({self.interval_words})"


def _needed(value):
    if math.isinf(value):
        return "∞"
    if math.isnan(value):
        return NOT_ESTIMABLE
    return ("NNTB " if value > 0 else "NNTH ") + number(abs(value), 1)


def number_needed(difference, low, high):
    """Return the number needed to treat from a risk difference and its interval.

    Parameters
    ----------
    difference, low, high : float
        Responders under treatment minus responders under placebo, as fractions; positive = benefit. Limits beyond
        -1 and 1 are impossible and are cut off; NaN where there is no interval.

    Returns
    -------
    NumberNeeded

    Raises
    ------
    ValueError
        Unless low <= difference <= high.

    Notes
    -----
    Altman 1998, BMJ 317:1309-1312, doi 10.1136/bmj.317.7168.1309: the limits are inverted and exchanged, and an
    interval of the difference that holds 0 becomes one that runs through infinity.

    Examples
    --------
    A risk difference of 10% (-5% to 25%), the example of Altman 1998:

    >>> number_needed(0.10, -0.05, 0.25).words
    'NNTB 10.0 (NNTB 4.0 to ∞ to NNTH 20.0)'
    """
    if not (math.isnan(low) or low <= difference <= high):
        raise ValueError(f"the risk difference {difference!r} is not between its limits {low!r} and {high!r}")

    def inverse(x):
        return 1.0 / min(max(x, -1.0), 1.0) if x else math.inf

    return NumberNeeded(float(inverse(difference)), ConfidenceInterval(float(inverse(high)), float(inverse(low))))


@dataclass(frozen=True, eq=False)
class Responders:
    """Responders under placebo and under treatment: percentages, difference and number needed to treat.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per trial: study, label, what the trial is, `n_placebo`, `n_treatment`, the shares of responders
        (`placebo`, `treatment`, fractions) and their difference with standard errors (`*_se`), and how they were found.
    placebo, treatment : PooledShare
        Pooled on the log odds, transformed back.
    difference : PooledEffect
        Risk difference, treatment minus placebo: positive = more responders with treatment. Pooled on its own, so it is
        not exactly the difference of the two shares.
    nnt : NumberNeeded
        From `difference`.
    left_out : pandas.DataFrame
        study, label and reason of the trials that are not in it.
    caveat : str
        What must be said with every number of it.
    threshold : Threshold or None
        What a responder has reached, if the shares are translated from means and SDs.
    ratio : PooledEffect, PooledCounts or None
        The pooled log ratio of counts.
    """

    table: pd.DataFrame
    placebo: PooledShare
    treatment: PooledShare
    difference: PooledEffect | PooledCounts
    nnt: NumberNeeded
    left_out: pd.DataFrame
    caveat: str
    threshold: Threshold | None = None
    ratio: PooledEffect | PooledCounts | None = None

    def to_frame(self):
        """Return one row per trial and a last row "Pooled".

        Returns
        -------
        pandas.DataFrame
            Columns label, `placebo`, `treatment` and `difference` with `*_low` and `*_high` (fractions), and kind
            ("study" or "summary"). A study's limits are normal: of the log odds for a share. Limits of a difference are
            cut off at -1 and 1.
        """
        z = float(t_quantile(np.inf, self.difference.confidence_level))
        frame = pd.DataFrame({"label": [*self.table["label"], "Pooled"]})
        for role in ("placebo", "treatment"):
            pooled, own = getattr(self, role), self.table[role].to_numpy()
            centre, half = self.table[f"{role}_logit"], z * np.sqrt(self.table[f"{role}_logit_vi"])
            frame[role] = [*own, pooled.estimate]
            frame[f"{role}_low"] = [*np.minimum(_share(centre - half), own), pooled.ci.low]
            frame[f"{role}_high"] = [*np.maximum(_share(centre + half), own), pooled.ci.high]
        own, half = self.table["difference"], z * self.table["difference_se"]
        frame["difference"] = [*own, self.difference.estimate]
        low, high = self.difference.ci
        frame["difference_low"] = np.maximum([*(own - half), low], -1)
        frame["difference_high"] = np.minimum([*(own + half), high], 1)
        return frame.assign(kind=["study"] * len(self.table) + ["summary"])

    def summary(self):
        """Return the result in words, a few lines of text."""
        d, at = self.difference, level(self.difference.confidence_level)
        what = "Responders as counted in the trials"
        if self.threshold is not None:
            what = f"At least {self.threshold.words} less pain ({self.threshold.source}), from means and SDs"
        spread = f"; tau {number(100 * d.tau, 0)}" if isinstance(d, PooledEffect) and d.k > 1 else ""
        spread = f"; {d.method}" if isinstance(d, PooledCounts) else spread
        lines = [
            f"{what}: {counted(len(self.table))}",
            *(f"  {role.capitalize():<12}{_in_words(getattr(self, role), at)}" for role in ("placebo", "treatment")),
            f"  {'Difference':<12}{number(100 * d.estimate, 0)} percentage points "
            f"({at} CI {interval(*(100 * min(max(end, -1.0), 1.0) for end in d.ci), 0)}{spread})",
            f"  {'NNT':<12}{self.nnt.words}",
        ]
        if self.ratio is not None:
            limits = interval(*(math.exp(end) for end in self.ratio.ci))
            lines.append(
                f"  {_RATIOS[self.ratio.measure]:<12}{number(math.exp(self.ratio.estimate))} ({at} CI {limits})"
            )
        if len(self.left_out):
            lines.append(f"  {'Left out':<12}{counted(len(self.left_out))}, see left_out")
        lines.append(f"  {'Note':<12}{_OWN}")
        if isinstance(d, PooledEffect):
            lines += [f"  {'Note':<12}{note}" for note in notes(d)]
        return "\n".join([*lines, f"  {'Note':<12}{self.caveat}"])

    def __str__(self):
        return self.summary()

    def _repr_html_(self):
        return f"<pre>{html.escape(self.summary())}</pre>"


def _in_words(share, at):
    return f"{percent(share.estimate)} ({at} CI {interval(*(100 * end for end in share.ci), 0)}%)"


def _share(logit):
    from scipy import special

    return special.expit(np.asarray(logit, dtype=float))


def pool_shares(table, **methods):
    """Pool the shares of responders under placebo and treatment, and their difference.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per trial with label, `placebo_logit`, `placebo_logit_vi`, the same for treatment, `difference` and
        `difference_se`.
    **methods
        Of :func:`analysis.pooling.pool_columns`.

    Returns
    -------
    dict
        `placebo`, `treatment`, `difference` and `nnt` of :class:`Responders`.
    """
    pairs = [(table[f"{role}_logit"], table[f"{role}_logit_vi"]) for role in ("placebo", "treatment")]
    pairs.append((table["difference"], table["difference_se"] ** 2))
    yi, vi = (np.column_stack([pair[part] for pair in pairs]) for part in (0, 1))
    *logits, difference = pool_columns(yi, vi, labels=table["label"], **methods)
    shares = [
        PooledShare(
            float(_share(logit.estimate)),
            ConfidenceInterval(*map(float, _share(logit.ci))),
            replace(logit, measure="log odds"),
        )
        for logit in logits
    ]
    nnt = number_needed(difference.estimate, *difference.ci)
    return dict(zip(("placebo", "treatment"), shares, strict=True)) | {
        "difference": replace(difference, measure="RD"),
        "nnt": nnt,
    }
