"""The same work done by other software, each peer asked for no more than the comparison needs.

PyMARE gets its arrays in its own layout (studies by meta-analyses) outside the timed part.
"""

import importlib.util
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np

HAS_PYMARE = importlib.util.find_spec("pymare") is not None

# Times in seconds: one fit with interval, prediction interval and interval of tau2; the mean of a fit in a loop.
METAFOR = """
suppressMessages(library(metafor))
one <- as.matrix(read.csv("one.csv", header = FALSE))
yi <- as.matrix(read.csv("yi.csv", header = FALSE))
vi <- as.matrix(read.csv("vi.csv", header = FALSE))
single <- function() {
  fit <- rma(one[, 1], one[, 2], method = "REML", test = "knha")
  predict(fit)
  confint(fit)
}
invisible(single())
first <- median(sapply(1:50, function(i) system.time(single())[["elapsed"]]))
loop <- system.time(for (i in seq_len(nrow(yi)))
  try(rma(yi[i, ], vi[i, ], method = "REML", test = "knha"), silent = TRUE))[["elapsed"]]
cat(first, loop / nrow(yi))
"""


def quiet(function):
    """The function with warnings off: PyMARE warns about columns where its search does not converge."""

    def run(*args, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **options)

    return run


@quiet
def pymare_fit(y, v, method, statistics=False):
    """PyMARE on arrays (k, n): the fitted estimator, or its table of mean, se, interval and p-value."""
    from pymare import Dataset
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator

    estimator = DerSimonianLaird() if method == "DL" else VarianceBasedLikelihoodEstimator(method=method)
    if not statistics:
        return estimator.fit(y=y, v=v, X=np.ones((len(y), 1)))
    return estimator.fit_dataset(Dataset(y, v)).summary().get_fe_stats()


@quiet
def pymare_leave_one_out(y, v):
    """tau2 without each study in turn, in a loop."""
    rows = np.arange(len(y))
    return [pymare_fit(y[rows != i, None], v[rows != i, None], "REML").params_["tau2"] for i in rows]


@quiet
def pymare_regression(y, v, x):
    """The summary of a meta-regression, which has the permutation test."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    data = Dataset(y, v, X=x[:, None], X_names=["x"], add_intercept=True)
    return VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(data).summary()


def statsmodels_pm(yi, vi):
    """Paule-Mandel tau2 of each row, in a loop."""
    from statsmodels.stats.meta_analysis import combine_effects

    return [combine_effects(y, v, method_re="pm").tau2 for y, v in zip(yi, vi, strict=True)]


def metafor_seconds(one, yi, vi):
    """Seconds of one complete metafor fit to (yi, vi), and of one of the rows in a loop; None without metafor."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name, values in (("one", np.transpose(one)), ("yi", yi), ("vi", vi)):
            np.savetxt(Path(folder) / f"{name}.csv", values, delimiter=",", fmt="%.17g")
        done = subprocess.run(["Rscript", "-e", METAFOR], cwd=folder, capture_output=True, text=True)
    return [float(x) for x in done.stdout.split()] if done.returncode == 0 else None
