"""How far the package and its peers are from metafor, measure by measure and method by method: docs/accuracy.md.

`make accuracy` writes it. metafor's numbers are those of `tests/reference/`, from fits that were converged tightly;
each program gets the same outcomes and variances and its own defaults. A peer that is not installed gets no line; R,
where it is, shows what metafor gives with its defaults. `tests/test_accuracy.py` holds the first tables without them.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

import analysis as ma

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "accuracy.md"
REFERENCE = json.loads((ROOT / "tests" / "reference" / "metafor_reference.json").read_text(encoding="utf-8"))
METHODS = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
TESTS = {"z": "z", "knha": "HKSJ"}
LIMITS = (1e-8, 1e-4, 1e-2)


def studies(part):
    """Outcomes and variances, without the studies that metafor leaves out as missing."""
    yi, vi = np.array(part["yi"], dtype=float), np.array(part["vi"], dtype=float)
    return yi[~np.isnan(yi + vi)], vi[~np.isnan(yi + vi)]


def of_metafor(fit):
    """What is compared of a fit: heterogeneity, and mean, standard error and interval by both tests."""
    found = {"tau2": fit["tau2"], "i2": fit["I2"] / 100, "q": fit["QE"]}
    for test in TESTS:
        one = fit["tests"][test]
        found |= {f"estimate {test}": one["beta"], f"se {test}": one["se"]}
        found |= {f"low {test}": one["ci_lb"], f"high {test}": one["ci_ub"]}
    return found


def here(yi, vi, method):
    fits = {test: ma.pool(yi, vi, tau2_method=method.replace("EE", "CE"), ci_method=own) for test, own in TESTS.items()}
    found = {name: getattr(fits["z"], name) for name in ("tau2", "i2", "q")}
    for test, fit in fits.items():
        found |= {f"estimate {test}": fit.estimate, f"se {test}": fit.se}
        found |= {f"low {test}": fit.ci.low, f"high {test}": fit.ci.high}
    return found


def pimeta(yi, vi, method):
    from pimeta import rma

    fits = {test: rma(yi, vi, method=method.replace("EE", "FE"), test=test) for test in TESTS}
    found = {"tau2": fits["z"].tau2, "i2": fits["z"].I2 / 100, "q": fits["z"].QE}
    for test, fit in fits.items():
        found |= {f"estimate {test}": fit.b, f"se {test}": fit.se, f"low {test}": fit.ci_lb, f"high {test}": fit.ci_ub}
    return found


def pymetaanalysis(yi, vi, method):
    from meta_analyze import meta_analysis

    model = {"model": "fixed"} if method == "EE" else {"tau2_method": method}
    found = {}
    for test, own in {"z": "normal", "knha": "hksj"}.items():
        # It has no Hartung-Knapp interval for a common effect.
        if test == "z" or method != "EE":
            fit = meta_analysis(effect=yi, variance=vi, ci_method=own, **model)
            found |= {"tau2": fit.tau2 or 0.0, "i2": fit.i2, "q": fit.q, f"estimate {test}": fit.estimate}
            found |= {f"se {test}": fit.standard_error, f"low {test}": fit.ci[0], f"high {test}": fit.ci[1]}
    return found


def pymare(yi, vi, method):
    from pymare import Dataset, estimators

    kinds = {"DL": estimators.DerSimonianLaird, "HE": estimators.Hedges}
    found = {}
    for test, own in {"z": "wald", "knha": "knapp-hartung"}.items():
        if method in ("ML", "REML"):
            model = estimators.VarianceBasedLikelihoodEstimator(method=method, small_sample_correction=own)
        else:
            model = kinds[method](small_sample_correction=own)
        done = model.fit_dataset(Dataset(yi[:, None], vi[:, None])).summary()
        fit = done.get_fe_stats()
        # Its I2 is Higgins's, of Q alone, and no other number of metafor's; its se leaves the correction out.
        found |= {"tau2": done.tau2, "q": done.get_heterogeneity_stats()["Q"], f"estimate {test}": fit["est"]}
        found |= {f"low {test}": fit["ci_l"], f"high {test}": fit["ci_u"]} | (
            {"se z": fit["se"]} if test == "z" else {}
        )
    return found


def statsmodels(yi, vi, method):
    from statsmodels.stats.meta_analysis import combine_effects

    fit = combine_effects(yi, vi, method_re={"PM": "iterated", "DL": "chi2", "EE": "chi2"}[method])
    end, at = ("fe", 0) if method == "EE" else ("re", 1)
    found = {"q": fit.q} | ({} if method == "EE" else {"tau2": fit.tau2})
    for test, hksj in {"z": "", "knha": "_hksj"}.items():
        low, high = fit.conf_int(use_t=test == "knha")[at + (2 if hksj else 0)]
        found |= {
            f"estimate {test}": getattr(fit, f"mean_effect_{end}"),
            f"se {test}": getattr(fit, f"sd_eff_w_{end}{hksj}"),
        }
        found |= {f"low {test}": low, f"high {test}": high}
    return found


PEERS: dict[str, tuple[str, Callable]] = {
    "pimeta": ("pimeta", pimeta),
    "PyMetaAnalysis": ("PyMetaAnalysis", pymetaanalysis),
    "PyMARE": ("PyMARE", pymare),
    "statsmodels": ("statsmodels", statsmodels),
}


def differences(part, method, found):
    """How far each number is from metafor's, relative to its size or to what it is measured by: see the page."""
    theirs = of_metafor(part["rma"][method])
    unit = np.median(studies(part)[1])
    off = {}
    for name in found.keys() & theirs.keys():
        kind, _, test = name.partition(" ")
        size = abs(theirs[name])
        if kind in ("estimate", "low", "high"):
            size = theirs[f"high {test}"] - theirs[f"low {test}"]
        elif kind == "tau2":
            size += unit
        elif kind == "i2":
            size = 1.0
        value = float(np.ravel(found[name])[0])
        off[name] = abs(value - theirs[name]) / size if np.isfinite(value) else np.inf
    return off


def compared(program):
    """Differences of every number that a program gives, by measure, method and set; what it refuses is missing."""
    found = {}
    for part in REFERENCE["sets"]:
        for method in METHODS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    numbers = program(*studies(part), method)
                # A peer may raise whatever it likes, for a method that it does not have as well.
                except Exception:
                    continue
            found[part["id"], method] = differences(part, method, numbers)
    return found


def largest(found, measure=None):
    """The largest difference by each method, of one measure or of all; None without any."""
    of = [
        [max(off.values()) for (name, by), off in found.items() if by == method and measure in (None, measure_of(name))]
        for method in METHODS
    ]
    return [max(values, default=None) for values in of]


def measure_of(name):
    return name.rpartition("/")[2]


def shown(value):
    """One digit, rounded up: a bound."""
    if value is None:
        return "–"
    if not np.isfinite(value):
        return "not a number"
    if value == 0:
        return "0"
    power = int(np.floor(np.log10(value)))
    digit = int(np.ceil(value / 10.0**power - 1e-9))
    return f"{digit}e{power:+d}" if digit < 10 else f"1e{power + 1:+d}"


def table(head, rows):
    lines = [f"| {head} | {' | '.join(METHODS)} |", f"|---|{'---:|' * len(METHODS)}"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(map(shown, cells))} |" for name, cells in rows.items())])


def counts(found):
    """How many numbers a program gives, and how many are off by more than each limit."""
    off = np.array([value for each in found.values() for value in each.values()])
    return f"{off.size:,} | {' | '.join(f'{(off > limit).sum():,}' for limit in LIMITS)}"


R_CODE = r"""
suppressMessages(library(metafor))
options(digits = 17, scipen = -5)
cat("@version", as.character(packageVersion("metafor")), paste0(R.version$major, ".", R.version$minor), "\n")
data <- read.csv("sets.csv")
for (id in unique(data$id)) for (method in commandArgs(TRUE)) try({
  part <- data[data$id == id, ]
  fits <- lapply(c("z", "knha"), function(test) rma(part$yi, part$vi, method = method, test = test))
  one <- function(fit) c(fit$b, fit$se, fit$ci.lb, fit$ci.ub)
  cat("@fit", id, method, fits[[1]]$tau2, fits[[1]]$I2 / 100, fits[[1]]$QE, one(fits[[1]]), one(fits[[2]]), "\n")
}, silent = TRUE)
"""


def metafor_as_it_comes(folder):
    """The version of metafor here, and its differences from itself with its default control; None without R."""
    if shutil.which("Rscript") is None:
        return None
    lines = ["id,yi,vi"]
    for part in REFERENCE["sets"]:
        lines += [f"{part['id']},{yi!r},{vi!r}" for yi, vi in zip(*map(np.ndarray.tolist, studies(part)), strict=True)]
    (folder / "sets.csv").write_text("\n".join(lines), encoding="utf-8")
    command = ["Rscript", "-e", R_CODE, *METHODS]
    printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    said = [line.split()[1:] for line in printed.splitlines() if line.startswith("@")]
    if not said:
        return None
    names = ["tau2", "i2", "q", *(f"{kind} {test}" for test in TESTS for kind in ("estimate", "se", "low", "high"))]
    parts, found = {part["id"]: part for part in REFERENCE["sets"]}, {}
    for name, method, *numbers in said[1:]:
        found[name, method] = differences(parts[name], method, dict(zip(names, map(float, numbers), strict=True)))
    return f"metafor {said[0][0]}, default control, R {said[0][1]}", found


def effect_sizes():
    """The largest difference of each effect measure from metafor's escalc, and its number of cases."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        import test_effects as cases
    finally:
        sys.path.pop(0)
    worst = {}
    for case in cases.REFERENCE["cases"]:
        yi, vi = (np.array(case[key], dtype=float) for key in ("yi", "vi"))
        with np.errstate(all="ignore"):
            found = cases.FUNCTIONS[case["measure"]](*cases.arguments(case), **cases.options(case))
            off = max(np.nanmax(np.abs(found[0] - yi) / np.sqrt(vi)), np.nanmax(np.abs(found[1] / vi - 1)))
        most, count = worst.get(case["measure"], (0.0, 0))
        worst[case["measure"]] = (max(most, off), count + int((~np.isnan(yi)).sum()))
    return worst


HEAD = """# Accuracy

How far this package, and others, are from metafor. `make accuracy` writes this page; `tests/test_accuracy.py` holds the
first two tables to the numbers of metafor at each change, and needs neither R nor the others.

metafor's numbers are those of `tests/reference/` (metafor {metafor}, R {r}, iterative fits converged
tightly): {sets} data sets, {measures} effect measures, {methods} estimators of τ², and of each fit τ², I², Q, and the
mean with its standard error and interval by the normal and the Hartung-Knapp test. A difference is relative: to the
width of the interval for the mean and its limits, which may be near zero; to τ² plus the median sampling variance for
τ²; to 1 for I²; to the number itself for all else. Cells are rounded up to one digit. "EE" is the common-effect model.

## This package, {version}: largest relative difference

{here}

Effect sizes and their variances against metafor's `escalc`, relative to the standard error and to the variance:

| measure | numbers | largest difference |
|---|---:|---:|
{escalc}

## Others: largest relative difference over all measures

Each with its defaults, on the same outcomes and variances; "–" is a method that it does not have, or always refuses.
metafor with its defaults stops its iterations at a change of 1e-5, for PM of 1e-4, whatever the unit; statsmodels does
not truncate τ² at 0 for DL, which leaves some standard errors too small or without a value.

{others}

| program | numbers given | off by more than 1e-8 | by more than 1e-4 | by more than 1e-2 |
|---|---:|---:|---:|---:|
{counts}
"""


def page(mine, others):
    """The page, of the differences found here and of {name: differences} of other programs."""
    meta, escalc = REFERENCE["meta"], effect_sizes()
    sets: dict[str, int] = {}
    for part in REFERENCE["sets"]:
        sets[measure_of(part["id"])] = sets.get(measure_of(part["id"]), 0) + 1
    order = sorted(sets, key=lambda name: (-sets[name], name))
    rows = {f"{name} ({sets[name]})": largest(mine, name) for name in order} | {"**all**": largest(mine)}
    programs = {f"**this package** {ma.__version__}": mine} | others
    return HEAD.format(
        metafor=meta["metafor"].split()[0],
        r=meta["R"],
        sets=len(REFERENCE["sets"]),
        measures=len(sets),
        methods=len(METHODS),
        version=ma.__version__,
        here=table("measure (sets)", rows),
        escalc="\n".join(f"| {name} | {count} | {shown(off)} |" for name, (off, count) in escalc.items()),
        others=table("program", {name: largest(found) for name, found in programs.items()}),
        counts="\n".join(f"| {name} | {counts(found)} |" for name, found in programs.items()),
    )


def main():
    others = {}
    for name, (package, program) in PEERS.items():
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            print(f"{name} is not installed, and gets no line", file=sys.stderr)
            continue
        others[f"{name} {version}"] = compared(program)
    with tempfile.TemporaryDirectory() as folder:
        if found := metafor_as_it_comes(Path(folder)):
            others[found[0]] = found[1]
        else:
            print("R or metafor is not installed, and gets no line", file=sys.stderr)
    PAGE.write_text(page(compared(here), others), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
