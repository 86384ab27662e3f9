"""What pooled counts return: the Mantel-Haenszel or Peto effect of one meta-analysis, or of many."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis import _validate
from analysis.results import ConfidenceInterval, t_quantile


class ChiSquare(NamedTuple):
    """A chi-square test."""

    statistic: float
    df: int
    pvalue: float


@dataclass(frozen=True, eq=False)
class PooledCounts:
    """Pooled effect of 2 by 2 tables, with its uncertainty and the trials behind it.

    Numbers for one meta-analysis; for n of them arrays of shape (n,), and (n, k) for the attributes of the
    trials.

    Attributes
    ----------
    k : int
        Number of trials, those without information included.
    estimate, se : float
        Pooled log risk ratio, log odds ratio or risk difference, and its standard error.
    ci : ConfidenceInterval
        Normal confidence interval at `confidence_level`, on the same scale.
    statistic, pvalue : float
        Normal test of no effect.
    q, q_df, q_pvalue : float, int, float
        Sum of the squared distances of the effects of the trials from the pooled one, each over its variance,
        and its test; trials not in Q are left out of its df.
    i2, h2 : float
        (Q - df) / Q, at least 0, a fraction; and Q / df. NaN where Q has fewer than two trials.
    cmh, cochran : ChiSquare
        Tests of no association, Mantel-Haenszel measure "OR" only.
    breslow_day, tarone : ChiSquare
        Tests of equal odds ratios, Mantel-Haenszel measure "OR" only.
    weights : numpy.ndarray
        Weights of the trials, summing to 1. For a Mantel-Haenszel ratio they are those of the ratios, not of
        their logs: a trial without events under placebo has weight 0 and an infinite ratio, and counts all
        the same.
    yi, vi : numpy.ndarray
        Effects of the single trials and their variances; NaN where not in Q.
    in_pooled, in_q : numpy.ndarray of bool
        Which trials bear on the pooled effect, and which on Q.
    labels : tuple of str
        Names of the trials.
    measure, method : str
        "RR", "OR" or "RD"; "Mantel-Haenszel" or "Peto".
    confidence_level : float
        Level of `ci`.
    left_out : tuple
        Pairs of label and reason, one for each trial that does not bear on the pooled effect, on Q, or on
        either.
    """

    k: int
    estimate: float
    se: float
    ci: ConfidenceInterval
    statistic: float
    pvalue: float
    q: float
    q_df: int
    q_pvalue: float
    i2: float
    h2: float
    cmh: ChiSquare
    cochran: ChiSquare
    breslow_day: ChiSquare
    tarone: ChiSquare
    weights: np.ndarray
    yi: np.ndarray
    vi: np.ndarray
    in_pooled: np.ndarray
    in_q: np.ndarray
    labels: tuple
    measure: str
    method: str
    confidence_level: float
    left_out: tuple

    def confidence_interval(self, confidence_level=0.95):
        """Return the confidence interval at another level.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        ConfidenceInterval

        Raises
        ------
        ValueError
            If the level is not between 0 and 1.

        Examples
        --------
        >>> from analysis.counts import pool_peto
        >>> pooled = pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58])
        >>> [round(limit, 3) for limit in pooled.confidence_interval(0.90)]
        [-1.97, -0.322]
        """
        half = float(t_quantile(np.inf, _validate.level(confidence_level))) * self.se
        return ConfidenceInterval(self.estimate - half, self.estimate + half)

    def to_frame(self):
        """Return a tidy DataFrame: a row for each trial, then one for the pooled effect.

        Returns
        -------
        pandas.DataFrame
            Columns label, yi, vi, ci_low, ci_high, weight, kind ("study" or "summary"), as
            `PooledEffect.to_frame`; NaN for a trial without an effect.

        Raises
        ------
        ValueError
            For the result of many meta-analyses.

        Examples
        --------
        >>> from analysis.counts import pool_peto
        >>> pooled = pool_peto([1, 0], [40, 35], [4, 2], [41, 34], labels=["A", "B"])
        >>> pooled.to_frame()[["label", "kind"]].values.tolist()
        [['A', 'study'], ['B', 'study'], ['Pooled', 'summary']]
        """
        import pandas as pd

        if np.ndim(self.estimate):
            raise ValueError("this is the result of many meta-analyses; to_row() gives one row for each")
        half = float(t_quantile(np.inf, self.confidence_level)) * np.sqrt(self.vi)
        return pd.DataFrame(
            {
                "label": [*self.labels, "Pooled"],
                "yi": np.append(self.yi, self.estimate),
                "vi": np.append(self.vi, self.se**2),
                "ci_low": np.append(self.yi - half, self.ci.low),
                "ci_high": np.append(self.yi + half, self.ci.high),
                "weight": np.append(self.weights, 1.0),
                "kind": ["study"] * len(self.labels) + ["summary"],
            }
        )

    def to_row(self):
        """Return a DataFrame of one row a meta-analysis with every number of the pooled effect.

        Returns
        -------
        pandas.DataFrame

        Examples
        --------
        >>> from analysis.counts import pool_peto
        >>> pool_peto([1, 0], [40, 35], [4, 2], [41, 34]).to_row()[["method", "measure", "k"]].values.tolist()
        [['Peto', 'OR', 2]]
        """
        import pandas as pd

        row = {
            "method": self.method,
            "measure": self.measure,
            "k": self.k,
            "estimate": self.estimate,
            "se": self.se,
        }
        row |= {"ci_low": self.ci.low, "ci_high": self.ci.high}
        row |= {name: getattr(self, name) for name in ("statistic", "pvalue", "q", "q_df", "q_pvalue", "i2", "h2")}
        for name in ("cmh", "cochran", "breslow_day", "tarone"):
            test = getattr(self, name)
            row |= {name: test.statistic, f"{name}_pvalue": test.pvalue}
        row["confidence_level"] = self.confidence_level
        return pd.DataFrame(row, index=range(np.size(self.estimate)))

    def summary(self):
        """Return the result in words, as text of a few lines.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            For the result of many meta-analyses.

        Examples
        --------
        >>> from analysis.counts import pool_peto
        >>> print(pool_peto([1, 0, 3], [40, 35, 60], [4, 2, 7], [41, 34, 58]).summary().splitlines()[0])
        Peto odds ratio, 3 trials (common effect)
        """
        from analysis import model_report

        if np.ndim(self.estimate):
            raise ValueError("this is the result of many meta-analyses; to_row() gives one row for each")
        return model_report.counts_summary(self)


def reasons(given, absent, in_pooled, in_q, labels, measure):
    """Pairs of label and reason for the trials that are not in the pooled effect, in Q, or in either."""
    events, others = given[0] + given[2], given[1] + given[3] - given[0] - given[2]
    said = []
    for at in map(tuple, np.argwhere(~(in_pooled & in_q) & ~absent).tolist()):
        why = "no events in either arm" if events[at] == 0 else "nothing but events in both arms"
        if events[at] > 0 and others[at] > 0:
            why = "a zero cell, and no continuity"
        pooled = f"{'counts' if in_pooled[at] else 'no weight'} in the pooled {measure}"
        link = " and" if in_pooled[at] == in_q[at] else ", but"
        row = f"row {at[0] + 1}, " if len(at) > 1 else ""
        said.append((row + labels[at[-1]], f"{why}: {pooled}{link} {'in' if in_q[at] else 'not in'} Q"))
    return tuple(said)
