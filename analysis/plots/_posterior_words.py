"""Captions, footers and alternative texts of the figure of a posterior."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plots import _words as words
from analysis.text import counted, interval, level, number, percent

PRINTED = {
    "Trial": ("text_name",),
    "Observed": ("text_observed",),
    "Posterior median": ("text_estimate",),
    "Credible interval": ("text_low", "text_high"),
}


@dataclass(frozen=True, eq=False)
class About:
    """What the words are about: the posterior, the table of the figure, and how numbers are written."""

    posterior: object
    table: pd.DataFrame
    x_label: str
    ratio: bool
    digits: int

    @property
    def level(self):
        """Return the level of the intervals, as "95%"."""
        return level(self.posterior.confidence_level)

    def show(self, value):
        """Return an effect on the scale on which it is read."""
        return float(np.exp(value)) if self.ratio else float(value)

    def effect(self, summary):
        """Return "−1.20 (95% credible interval −1.60 to −0.80)"."""
        ends = interval(*(self.show(end) for end in summary.interval), self.digits)
        return f"{number(self.show(summary.median), self.digits)} ({self.level} credible interval {ends})"


def probability(p):
    """Return a probability as a percentage that is never rounded to 0 or 100."""
    if p < 0.001:
        return f"below {percent(0.001, 1)}"
    return f"above {percent(0.999, 1)}" if p > 0.999 else percent(p, 1)


def prior_text(prior):
    """Return a prior in words, such as "HalfNormal(scale=1.0)"."""
    return "flat" if prior is None else repr(prior)


def finding(about):
    """Return what the posterior says, in words."""
    of = about.posterior
    below = probability(float(of.probability(0.0)))
    null = "1" if about.ratio else "0"
    new = probability(float(of.probability(0.0, of="new")))
    scale = " (log scale)" if about.ratio else ""
    ends = interval(*(about.show(end) for end in of.new.interval), about.digits)
    tau = interval(*of.tau.interval, about.digits)
    return words.sentences(
        f"Mean effect: posterior median {about.effect(of.mu)}; probability that it is below {null}: {below}",
        f"A new trial: {about.level} predictive interval {ends}; probability that its effect is below {null}: {new}",
        f"Heterogeneity: τ, posterior median {number(of.tau.median, about.digits)}{scale} "
        f"({about.level} credible interval {tau})",
    )


def footer(about, note):
    """Return the paragraphs below the figure."""
    of = about.posterior
    log = "Densities are those of the logarithm of the ratio" if about.ratio else ""
    lines = [
        finding(about),
        words.sentences(
            f"Bayesian random-effects model, {counted(of.k)}; prior of τ: {prior_text(of.tau_prior)}; prior of the "
            f"mean effect: {prior_text(of.mu_prior)}{' (not drawn)' if of.mu_prior is None else ''}",
            "posterior distributions by quadrature, intervals with equal tails",
        ),
        words.sentences(
            f"trials: open circle, estimate as observed with its {about.level} confidence interval; filled circle, "
            f"posterior median of the trial's true effect with its {about.level} credible interval, drawn towards the "
            "mean the more, the less precise the trial",
            "diamond: mean effect; bar: predictive interval; arrowhead: interval leaves the panel",
            log,
            _few(of),
        ),
        words.sentences(note),
    ]
    return [line for line in lines if line]


def _few(of):
    if of.k >= 5:
        return ""
    return f"{counted(of.k)}: the prior of τ has much influence; compare with others"


def alt_text(title, about):
    """Return what the figure shows to someone who cannot see it."""
    trials = about.table[about.table["kind"] == "trial"]
    spans = []
    for name, column in (("observed estimates", "observed_estimate"), ("posterior medians", "estimate")):
        ends = interval(about.show(trials[column].min()), about.show(trials[column].max()), about.digits)
        spans.append(f"{name} from {ends}")
    return words.sentences(
        f"Posterior densities and shrinkage: {title}",
        f"{counted(len(trials)).capitalize()}, {' and '.join(spans)}",
        finding(about).rstrip("."),
    )
