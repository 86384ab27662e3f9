"""The contextual share as a result: the share, its intervals, the trials behind it, and published shares beside it."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.results import ConfidenceInterval, PooledEffect

PUBLISHED = ("contextual share", "placebo response ratio")


@dataclass(frozen=True, eq=False)
class ContextualShare:
    """The change in the placebo arms as a share of the change in the treatment arms.

    Attributes
    ----------
    share : float
        Pooled ratio of the changes, a fraction: back-transformed log ratio. NaN if withheld.
    ci, pi : ConfidenceInterval
        Its confidence interval, and the prediction interval for the share in a new trial.
    k, n : int
        Trials behind `share`, and the people in them.
    reason : str
        Why there is no share; "" if there is one.
    rule : str
        What was done with arms that did not improve.
    pooled : PooledEffect or None
        The log ratios and their pooled mean; None if withheld.
    ratio_of_means : float
        Mean change of the placebo arms over that of the treatment arms, from the bivariate fit to all trials with both
        changes: no trial has to be left out. NaN if withheld.
    fieller, bootstrap : ConfidenceInterval
        Its interval by Fieller's theorem, and by resampling trials; NaN where not estimable.
    reasons : dict of str to str
        Why `fieller` or `bootstrap` is not estimable.
    treatment : PooledEffect or None
        Change within the treatment arms of all trials with both changes; a share needs it clearly below zero.
    trials : pandas.DataFrame
        study, label, condition_group, n, change_placebo, change_treatment (points; as used, so small ones are replaced
        under "replace"), change_status ("imputed" where an SD is borrowed), log_share, log_share_vi, used.
    left_out, replaced : pandas.DataFrame
        study, label, reason of the trials that `share` does without, or whose changes were replaced.
    robustness : pandas.DataFrame
        model, rule, k, share, ci_low, ci_high, tau (of the log share; NaN for a ratio of means), reason.
    resamples : int
        Resamples behind `bootstrap`.
    confidence_level : float
    """

    share: float
    ci: ConfidenceInterval
    pi: ConfidenceInterval
    k: int
    n: int
    reason: str
    rule: str
    pooled: PooledEffect | None
    ratio_of_means: float
    fieller: ConfidenceInterval
    bootstrap: ConfidenceInterval
    treatment: PooledEffect | None
    trials: pd.DataFrame
    left_out: pd.DataFrame
    replaced: pd.DataFrame
    robustness: pd.DataFrame
    resamples: int
    confidence_level: float
    reasons: dict = field(default_factory=dict)

    def beside(self, benchmarks):
        """Return this share above published ones.

        Parameters
        ----------
        benchmarks : pandas.DataFrame
            From :func:`analysis.read_benchmarks`; the rows whose `measure` is a contextual share or a placebo response
            ratio are taken.

        Returns
        -------
        pandas.DataFrame
            Columns source, condition, k, n, share, ci_low, ci_high, note.
        """
        taken = benchmarks[benchmarks["measure"].isin(PUBLISHED)]
        note = taken["note"].where(taken["note"].notna(), "").astype(object)
        note = note.where(taken["measure"] == PUBLISHED[0], taken["measure"] + "; " + note)
        source = taken["review"] + " " + taken["year"].map(lambda year: f"{int(year)}")
        published = pd.DataFrame({"source": source, "condition": taken["condition"]})
        published[["k", "n"]] = taken[["k", "n"]].astype(float)
        published = published.assign(
            share=taken["estimate"], ci_low=taken["ci_low"], ci_high=taken["ci_high"], note=note
        )
        groups = self.trials["condition_group"].unique()
        condition = groups[0] if len(groups) == 1 else "several conditions"
        log = "; ".join(part for part in (f"pooled log ratio, rule: {self.rule}", self.reason) if part)
        means = "; ".join(["ratio of the bivariate means, Fieller interval", *dict.fromkeys(self.reasons.values())])
        ours = [
            ("these trials", condition, self.k, self.n, self.share, *self.ci, log),
            (
                "these trials",
                condition,
                len(self.trials),
                self.trials["n"].sum(),
                self.ratio_of_means,
                *self.fieller,
                means,
            ),
        ]
        return pd.concat([pd.DataFrame(ours, columns=published.columns), published], ignore_index=True)

    def to_frame(self):
        """Return the trials and, below them, the two pooled shares.

        Returns
        -------
        pandas.DataFrame
            Columns label, share, ci_low, ci_high, weight, kind ("study", "log ratio", "ratio of means"). The interval
            of a trial is normal on the log scale. No trials where the share is withheld.
        """
        rows = []
        if self.pooled is not None:
            each = self.pooled.to_frame().iloc[: self.k]
            back = np.exp(each[["yi", "ci_low", "ci_high"]]).rename(columns={"yi": "share"})
            rows = [pd.concat([each["label"], back, each[["weight", "kind"]]], axis=1)]
        summary = [
            ("Pooled", self.share, *self.ci, 1.0, "log ratio"),
            ("Pooled", self.ratio_of_means, *self.fieller, 1.0, "ratio of means"),
        ]
        columns = ["label", "share", "ci_low", "ci_high", "weight", "kind"]
        return pd.concat([*rows, pd.DataFrame(summary, columns=columns)], ignore_index=True)

    def summary(self):
        """Return the share in words, with what it is not."""
        from analysis import evidence_report

        return evidence_report.contextual_share_summary(self)

    def __str__(self):
        return self.summary()

    def _repr_html_(self):
        from analysis import model_report

        return model_report.as_html(self.summary())
