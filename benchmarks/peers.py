"""The same work done by other software, each peer asked for no more than the comparison needs.

PyMARE gets its arrays in its own layout (studies by meta-analyses) outside the timed part.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Peer:
    """Other software: what Python imports or the command that runs it, and how to install it."""

    name: str
    module: str = ""
    command: str = ""
    install: str = "`.venv/bin/python -m pip install -e '.[bench]'`"

    @property
    def missing(self):
        return shutil.which(self.command) is None if self.command else importlib.util.find_spec(self.module) is None


PYMARE, PIMETA, STATSMODELS = Peer("PyMARE", "pymare"), Peer("pimeta", "pimeta"), Peer("statsmodels", "statsmodels")
PYMETAANALYSIS = Peer("PyMetaAnalysis", "meta_analyze")
FORESTPLOT = Peer("forestplot", "forestplot", install="`.venv/bin/python -m pip install --no-deps forestplot==0.4.1`")
METAFOR = Peer("metafor", command="Rscript", install="R, and in it `install.packages('metafor')`")
PEERS = (PYMARE, PYMETAANALYSIS, PIMETA, STATSMODELS, FORESTPLOT, METAFOR)

# Answers are lines that begin with @ and a name: the numbers of a complete fit and its seconds, the tau2 of a loop (NA
# where it did not converge) and the seconds of one of its fits. Whatever else R prints is not read.
METAFOR_CODE = r"""
options(OutDec = ".", digits = 15)
answer <- function(name, ...) cat("\n@", name, " ", paste(..., collapse = " "), "\n", sep = "")
suppressMessages(library(metafor))
answer("version", as.character(packageVersion("metafor")))
one <- as.matrix(read.csv("one.csv", header = FALSE))
yi <- as.matrix(read.csv("yi.csv", header = FALSE))
vi <- as.matrix(read.csv("vi.csv", header = FALSE))
repeats <- as.integer(commandArgs(TRUE)[1])
single <- function() {
  fit <- rma(one[, 1], one[, 2], method = "REML", test = "knha")
  new <- predict(fit)
  c(fit$b, fit$ci.lb, fit$ci.ub, fit$tau2, confint(fit)$random[1, 2:3], new$pi.lb, new$pi.ub)
}
try({
  answer("numbers", single())
  answer("single", median(sapply(seq_len(repeats), function(i) system.time(single())[["elapsed"]])))
})
try({
  tau2 <- rep(NA, nrow(yi))
  loop <- system.time(for (i in seq_len(nrow(yi)))
    try(tau2[i] <- rma(yi[i, ], vi[i, ], method = "REML", test = "knha")$tau2, silent = TRUE))[["elapsed"]]
  if (all(is.na(tau2))) stop(geterrmessage())
  answer("tau2", tau2)
  answer("loop", loop / nrow(yi))
})
"""


def pymare_fit(y, v, method, statistics=False):
    """PyMARE on arrays (k, n): its tau2, or its table of mean, se, interval and p-value."""
    from pymare import Dataset
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator

    estimator = DerSimonianLaird() if method == "DL" else VarianceBasedLikelihoodEstimator(method=method)
    if not statistics:
        return estimator.fit(y=y, v=v, X=np.ones((len(y), 1))).params_["tau2"]
    return estimator.fit_dataset(Dataset(y, v)).summary().get_fe_stats()


def pymare_leave_one_out(y, v):
    """tau2 without each study in turn, in a loop."""
    rows = np.arange(len(y))
    return [pymare_fit(y[rows != i, None], v[rows != i, None], "REML") for i in rows]


def pymare_regression(y, v, x):
    """The summary of a meta-regression, which has the permutation test."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    data = Dataset(y, v, X=x[:, None], X_names=["x"], add_intercept=True)
    return VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(data).summary()


def pymetaanalysis_fit(yi, vi, names=None):
    """The result of REML with HKSJ, prediction interval on t(k-2) included."""
    from meta_analyze import meta_analysis

    return meta_analysis(effect=yi, variance=vi, study=names, tau2_method="REML", ci_method="hksj")


def pymetaanalysis_numbers(yi, vi):
    """Mean, its interval, tau2, its Q-profile interval and the prediction interval."""
    fit = pymetaanalysis_fit(yi, vi)
    return [fit.estimate, *fit.ci, fit.tau2, *fit.tau2_confidence_interval().ci, *fit.prediction_interval]


def pymetaanalysis_tau2(yi, vi):
    """tau2 of one fit."""
    return pymetaanalysis_fit(yi, vi).tau2


def pymetaanalysis_leave_one_out(yi, vi):
    """tau2 of the table of fits without each study in turn."""
    return pymetaanalysis_fit(yi, vi).leave_one_out().to_dataframe()["tau2"]


def pimeta_fit(yi, vi):
    """The result of REML with HKSJ."""
    from pimeta import rma

    return rma(yi, vi, method="REML", test="knha")


def pimeta_tau2(yi, vi):
    """tau2 of one fit."""
    return pimeta_fit(yi, vi).tau2


def pimeta_numbers(yi, vi):
    """Mean, its interval, tau2, its Q-profile interval and the prediction interval on t(k-1)."""
    fit = pimeta_fit(yi, vi)
    tau2, new = fit.confint(), fit.predict()
    return [*fit.b, *fit.ci_lb, *fit.ci_ub, fit.tau2, tau2.tau2_lb, tau2.tau2_ub, new.pi_lb, new.pi_ub]


def pimeta_leave_one_out(yi, vi):
    """tau2 without each study in turn, beside mean, normal interval, Q and I2."""
    from pimeta import leave1out

    return leave1out(yi, vi, method="REML").tau2


def pimeta_regression(yi, vi, x):
    """A fitted meta-regression."""
    from pimeta import rma

    return rma(yi, vi, mods=x, method="REML")


def pimeta_three_levels(yi, vi, cluster):
    """Mean and CR2 standard error of effects nested in clusters."""
    from pimeta import rma_mv, robust

    fit = rma_mv(yi, vi, data={"cluster": cluster, "effect": np.arange(len(yi))}, random="~ 1 | cluster/effect")
    found = robust(fit, cluster, clubSandwich=True)
    return [*found["beta"], *found["se"]]


def pimeta_permutations(fit, n):
    """p-value of the moderator from n permutations."""
    from pimeta import permutest

    return permutest(fit, iter=n, seed=1).pval[-1]


def pimeta_gosh(yi, vi, method):
    """tau2 of all subsets, the first study alternating fastest; NaN where it did not converge."""
    from pimeta import gosh

    found = gosh(yi, vi, method=method)
    tau2 = np.empty(len(found.tau2))
    tau2[np.array(found.incl) @ 2 ** np.arange(len(yi)) - 1] = found.tau2
    return tau2


def pimeta_influence(yi, vi):
    """Cook's distances, beside the other measures of influence."""
    from pimeta import influence

    return influence(yi, vi).cook_d


def statsmodels_pm(yi, vi):
    """Paule-Mandel tau2 of each row, in a loop."""
    from statsmodels.stats.meta_analysis import combine_effects

    return np.maximum([combine_effects(y, v, method_re="pm").tau2 for y, v in zip(yi, vi, strict=True)], 0.0)


def metafor(one, yi, vi, repeats):
    """What R answers of `repeats` complete fits to the pair `one`, and of a loop over the rows of yi and vi."""
    with tempfile.TemporaryDirectory() as folder:
        for name, values in (("one", np.transpose(one)), ("yi", yi), ("vi", vi)):
            np.savetxt(Path(folder) / f"{name}.csv", values, delimiter=",", fmt="%.17g")
        done = subprocess.run(
            ["Rscript", "-e", METAFOR_CODE, str(repeats)],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", "LANGUAGE": "en"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=600,
        )
    return Answers(done.stdout, done.stderr)


class Answers:
    """The marked lines of what R printed, by name."""

    def __init__(self, printed, complaints=""):
        self.lines = {line.split()[0][1:]: line.split()[1:] for line in printed.splitlines() if line[:1] == "@"}
        at = complaints.find("Error")
        self.reason = complaints[at:] if at >= 0 else "no answer in what R printed"

    def text(self, name):
        if name not in self.lines:
            raise LookupError(self.reason)
        return " ".join(self.lines[name])

    def numbers(self, name):
        return np.array([np.nan if x == "NA" else float(x) for x in self.text(name).split()])

    def seconds(self, name):
        [value] = self.numbers(name)
        if not value > 0.0:
            raise ValueError("too fast for the clock of R")
        return value
