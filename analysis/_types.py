"""What arguments and results may be: closed choices stand once, for editors, type checkers and the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Names of studies, in a list, an array or a column.
Labels: TypeAlias = Sequence[object] | ArrayLike
Floats: TypeAlias = NDArray[np.float64]
# A formula of numbers gives a number, a formula of arrays an array.
Values: TypeAlias = float | NDArray[np.float64]

Tau2Method = Literal["CE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"]
CIMethod = Literal["HKSJ-wide", "HKSJ", "HKSJ-mod", "z", "t"]
PIMethod = Literal["Nagashima", "t(k-1)", "t(k-2)", "z"]
RegressionPIMethod = Literal["t(k-p)", "t(k-p-1)", "z"]
GeneralisedQWeights = Literal["Jackson", "Biggerstaff"]
Tau2CIMethod = Literal["Q-profile", "profile likelihood", "Jackson", "Biggerstaff"]
LikelihoodMethod = Literal["REML", "ML"]
ClusterCIMethod = Literal["CR2", "CR1", "t", "z"]
CountsMeasure = Literal["RR", "OR", "RD"]
CountsPooling = Literal["random effects", "MH"]
BootstrapKind = Literal["parametric", "case"]
BootstrapInterval = Literal["percentile", "BCa"]
ContinuityTo = Literal["zero trials", "all if zero", "all", "none"]
Variance = Literal["large-sample", "unbiased"]
Score = Literal["change", "final"]
Outcome = Literal["change", "final", "ancova"]
Benefit = Literal["lower", "higher"]
SDRule = Literal["impute", "impute-median", "impute-largest"]
MissingSD = Literal["impute", "impute-median", "impute-largest", "drop", "raise"]
MissingSDs = Literal["impute", "impute-median", "impute-largest", "impute-multiple", "drop"]
Missing = Literal["raise", "drop"]
MultiArm = Literal["combine", "split"]
Times = Literal["primary", "all"]
IncludeOrNot = Literal["include", "exclude"]
ShareRule = Literal["exclude", "exclude near zero", "replace"]
ThresholdKind = Literal["within-patient", "between-group"]
ThresholdUnit = Literal["points", "percent of baseline"]
# GRADE: levels, and the domains that lower and raise them.
Certainty = Literal["high", "moderate", "low", "very low"]
CertaintyDomain = Literal[
    "risk of bias",
    "inconsistency",
    "indirectness",
    "imprecision",
    "publication bias",
    "large effect",
    "dose response",
    "opposing confounding",
]
# Millimetres, or a column or two of a journal.
PageWidth: TypeAlias = float | Literal["single", "double"]
Language = Literal["de"]
FigureFormat = Literal["svg", "pdf", "png", "tiff", "eps", "tex", "docx", "xlsx"]
ReportFormat = Literal["html", "docx", "tex", "md", "json"]
EggerModel = Literal["regression", "mixed"]
EggerPredictor = Literal["se", "variance", "n"]
TrimEstimator = Literal["L0", "R0", "Q0"]
DoseShape = Literal["linear", "quadratic", "spline"]
Side = Literal["left", "right"]
SelectionKind = Literal["steps", "beta"]
PowerTest = Literal["z", "t", "HKSJ"]
SimulatedEffects = Literal["normal", "skewed"]
SimulatedVariances = Literal["estimated", "known"]
Alternative = Literal["greater", "less", "two-sided"]
ExcessTest = Literal["exact", "chi2"]
FailSafeMethod = Literal["Rosenthal", "Orwin", "Rosenberg"]
ThemeName = Literal["default", "jama", "revman", "minimal", "dark"]


class PoolOptions(TypedDict, total=False):
    """The options of `analysis.pool` that other functions hand on to it."""

    tau2_method: Tau2Method | None
    ci_method: CIMethod | None
    pi_method: PIMethod | None
    confidence_level: float | None
    measure: str
    tau2_ci_method: Tau2CIMethod | None
    tau2: float | None


class PageOptions(TypedDict, total=False):
    """The options of every figure that are about its page."""

    footer: bool
    dpi: float


class LevelOptions(PageOptions, total=False):
    """The options of every figure with a level axis."""

    xlim: tuple[float, float] | None
    ticks: Sequence[float] | None
    xlabel: str | None


class FigureOptions(LevelOptions, total=False):
    """The same with a null line that may be moved, and further lines."""

    null: float | Literal["measure"] | None
    lines: float | Sequence[float] | Mapping[str, float]


class RowOptions(FigureOptions, total=False):
    """The same of a figure with a row for each trial."""

    compact: bool
