"""From a table with one row a study to effects, or to arms: its columns by their own names, and what is made of them.

What a measure needs stands in one table, `SHAPES`. Numbers that papers print instead of an SD are turned into one and
listed; a row without an effect is a problem or is left out with its reason, as asked. All problems are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from inspect import signature
from itertools import combinations
from numbers import Real
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from analysis import _check, effects, recover
from analysis._types import Benefit, Score
from analysis.data import headings
from analysis.data.arm_scores import (
    ADJUSTED,
    ANCOVA,
    ASSUMED,
    ESTIMATED,
    FROM_BOTH,
    FROM_CI,
    FROM_SE,
    PARTS,
    POINTS,
    SCORES,
    adjustment,
    arm_scores,
    chosen_score,
    correlation_within,
    estimated_correlation,
    own_correlation,
    rescaled,
)
from analysis.data.dictionary import BOUNDS, SE_GAP, SMALLEST_SPREAD, TRIALS, too_wide
from analysis.data.files import WITH_COMMA, TrialDataError, as_text, no_cell, one_line
from analysis.data.trials import PERHAPS_THOUSANDS, read_trials
from analysis.measures import Measure
from analysis.sentences import ZERO_CELL

# The name of a column, a number for all rows, or the names of the columns of both limits.
ColumnArgument: TypeAlias = str | float | tuple[str, str]

# What is known of an arm; behind it stands _t, _p, or nothing where there is one arm.
_ARM = ("mean", "sd", "n", "se", "ci", "q1", "median", "q3", "min", "max")
_SCORES = ("baseline_mean", "baseline_sd", "final_mean", "final_sd", "change_mean", "change_sd")
_SCALE = ("scale_min", "scale_max")
_QUANTILES = ("min", "q1", "median", "q3", "max")
_BOTH = ("_t", "_p")


def _of_both_arms(names):
    return tuple(name + arm for arm in _BOTH for name in names)


class Shape(NamedTuple):
    """What a row holds: in words, the columns it may have, and the formula of each measure that is made of them.

    A formula is called with the columns that it names, as arrays.
    """

    words: str
    columns: tuple[str, ...]
    formulas: dict[str, Callable[..., Any]]


def _glass_delta(mean_t, n_t, mean_p, sd_p, n_p):
    """Glass' delta, whose variance assumes equal SDs: that of the treatment arm is not asked for."""
    return effects.glass_delta(mean_t, sd_p, n_t, mean_p, sd_p, n_p)


_SMD_FORMULAS = {"SMD": effects.hedges_g, "SMDH": effects.heteroscedastic_smd}
#: Every shape of a row; where a measure has several, the columns that are there decide.
SHAPES = {
    "two arms, means": Shape(
        "mean_t, sd_t, n_t, mean_p, sd_p, n_p",
        (*_of_both_arms(_ARM), *_SCALE),
        {"MD": effects.mean_difference, **_SMD_FORMULAS} | {"SMD1": _glass_delta, "ROM": effects.log_ratio_of_means},
    ),
    "two arms, before and after": Shape(
        "change_mean_t, change_sd_t, final_mean_t, final_sd_t, baseline_mean_t, baseline_sd_t, n_t, the same with _p",
        (*_of_both_arms((*_SCORES, "n")), *_SCALE, "correlation"),
        {"MD": effects.mean_difference, **_SMD_FORMULAS},
    ),
    "two arms, counts": Shape(
        "events_t, n_t, events_p, n_p",
        _of_both_arms(("events", "n")),
        {"OR": effects.log_odds_ratio, "RR": effects.log_risk_ratio}
        | {"RD": effects.risk_difference, "PETO": effects.peto_log_odds_ratio},
    ),
    "two arms, person-time": Shape(
        "events_t, time_t, events_p, time_p",
        _of_both_arms(("events", "time")),
        {"IRR": effects.log_incidence_rate_ratio},
    ),
    "one arm, a mean": Shape("mean, sd, n", _ARM, {"MN": effects.single_mean}),
    "one arm, before and after": Shape(
        "mean_pre, sd_pre, mean_post, sd_post, n, correlation",
        ("mean_pre", "sd_pre", "mean_post", "sd_post", "n", "correlation"),
        {"MC": effects.mean_change, "SMCC": effects.standardized_change_score}
        | {"SMCR": effects.standardized_mean_change, "SMCRP": effects.standardized_mean_change_pooled}
        | {"ROMC": effects.log_ratio_of_paired_means},
    ),
    "one arm, counts": Shape(
        "events, n",
        ("events", "n"),
        {"PR": effects.single_proportion, "PLO": effects.logit_proportion, "PFT": effects.double_arcsine_proportion},
    ),
    "one arm, a correlation": Shape(
        "r, n", ("r", "n"), {"COR": effects.correlation_coefficient, "ZCOR": effects.fisher_z}
    ),
    "effects": Shape("yi, and one of vi, se, ci, p", ("yi", "vi", "se", "ci", "p"), {}),
    # Of no measure of its own: what `trials_from_wide` takes.
    "two arms": Shape(
        "what both arms have before, after and of their change",
        (*_of_both_arms((*_ARM, *_SCORES, "events")), *_SCALE, "correlation"),
        {},
    ),
}
#: Every argument that names a column of numbers.
COLUMN_ARGUMENTS = tuple(dict.fromkeys(name for shape in SHAPES.values() for name in shape.columns))
#: Where a table keeps the sign of decimals of its file.
DECIMAL = "decimal"
#: The column in which trials made of a wide table keep the row that each arm was in.
FROM_ROW = "x_from_row"
# As the arm-level table calls both arms, and the correlation it assumes.
_ROLES, _ASSUMED = ("treatment", "placebo"), 0.5
# How far from the middle of its interval, in halves of its width, an effect may lie that fits in it, or does not.
_NEAR_MIDDLE, _OFF = 0.1, 0.5
# What of all studies can be summed, and what a row of sums is called.
_SUMMED = {"n", "events", "time"}
_TOTAL = re.compile(
    r"(?<![^\W_])((sub|grand)?totals?|overall|sums?|pooled|combined|all|(ins)?gesamt\w*|summen?)(?![^\W_])",
    re.IGNORECASE,
)
# Numbers with as many decimals were computed, not printed.
_COMPUTED = 12
# Powers of a larger number could overflow in a formula.
_LARGEST = 1e50
# A spread is above what is lost when it is squared, and a variance above the square of that.
_SMALLEST = {"sd": 1e-30, "se": 1e-30, "vi": 1e-60}
_PAIRS = ("ci", "ci_t", "ci_p")
# What tells a number of an arm, or how precise an effect is: any of these, each of one column or several.
_PRECISION = ("vi",), ("se",), ("ci",), ("p",)
_WAYS = {
    "sd": (("sd",), ("se",), ("ci",), ("q1", "q3"), ("min", "max")),
    "mean": (("mean",), ("q1", "median", "q3"), ("min", "median", "max")),
}
# Of these both arms may have the same column: SDs that are pooled, arms of one size, a baseline of all people.
_SHARED = ("sd", "se", "n", "time", "baseline")
# What trials are, beside their numbers.
_ABOUT = (
    "author title doi pmid therapy therapy_family therapy_detail condition condition_group pain_type design control "
    "scale week timepoint primary n_basis event_definition p_between selected certainty source locator note"
).split()
# What a number must be, where the name of its argument does not say so; see `analysis._check`.
_KINDS = {"yi": "mean", "min": "smallest", "max": "largest", "p": "pvalue", "baseline": "", "final": "", "change": ""}
_NEEDS_TWO = ("MD", "ROM", "SMD", "SMDH", "SMD1", "SMCC", "SMCR", "SMCRP")

#: Why numbers that are all there make no effect.
ZERO = "no events, or nothing but events, in both arms: the trial tells nothing of a ratio"
UNDEFINED = {
    ANCOVA: "the baselines do not vary, nothing is left to vary once they are known, or there are 3 people or fewer",
    "MD": "both SDs are 0",
    "SMD": "both SDs are 0",
    "SMDH": "both SDs are 0",
    "SMD1": "the SD of the comparison arm is 0, or it has 2 people",
    "ROM": "the means have opposite signs or one is 0, or both SDs are 0",
    "OR": ZERO,
    "RR": ZERO,
    "PETO": ZERO,
    "MN": "the SD is 0",
    "MC": "the SD of the change is 0",
    "SMCC": "the SD of the change is 0, or there are 2 people",
    "SMCR": "the SD before is 0, or there are 2 people",
    "SMCRP": "both SDs are 0",
    "ROMC": "the means have opposite signs or one is 0, or the SD of the change is 0",
    "COR": "a correlation of -1 or 1, or fewer than 4 people",
    "ZCOR": "a correlation of -1 or 1, or fewer than 4 people",
}
_TO_TEXT = "rename the columns to text, df.columns = df.columns.map(str)"
_ONE_OR_OTHER = "Correct the one or the other."
_CORRECT, _FILL = "Correct it, or leave it blank where it is not known.", "Fill it in"
_DROP = "or leave such rows out with missing='drop'."
_FROM = {
    "five": "from range and quartiles, as if normally distributed",
    "quartiles": "from the quartiles, as if normally distributed",
    "range": "from the range, as if normally distributed",
}


class WideEffects(NamedTuple):
    """The parts of an EffectSizes that are read off a table with one row a study."""

    table: pd.DataFrame
    derivations: pd.DataFrame
    left_out: pd.DataFrame
    unit: str
    index: pd.Index  # of the rows that have an effect, in the table that was given


class WideOptions(NamedTuple):
    """What was asked for: the arguments of `effect_sizes` that concern a table with one row a study."""

    measure: Measure
    outcome: str
    correlation: float | str | None
    missing: Literal["raise", "drop"]
    arms: tuple[str, str]
    level: float
    log: bool | None
    correlations: pd.DataFrame | None = None


def check_sides(benefit: Any, arms: Any, outcome_name: Any) -> None:
    """Refuse what is good, the names of the arms and that of the outcome where they are none."""
    if not isinstance(outcome_name, str | None):
        raise ValueError(f"outcome_name={outcome_name!r} must be a text")
    if benefit is not None:
        _check.option("benefit", benefit, get_args(Benefit))
    names = isinstance(arms, list | tuple) and len(arms) == 2 and all(isinstance(x, str) and x for x in arms)
    if not names or arms[0] == arms[1]:
        raise ValueError(f"arms={arms!r} must be the names of the two arms, such as ('laser', 'sham')")


def wide_options(options: Mapping[str, Any]) -> WideOptions:
    """Return what was asked of a table with one row a study, checked."""
    _check.option("outcome", options["outcome"], PARTS)
    _check.option("missing", options["missing"], ("raise", "drop"))
    for name, low, high, words in (
        ("correlation", -1, 1, "a number from -1 to 1, or the name of a column"),
        ("level", 1, 100, "a number of percent, 95 for 95%"),
    ):
        value = options[name]
        skip = name == "correlation" and (value is None or isinstance(value, str))
        if not skip and (not isinstance(value, Real) or isinstance(value, bool) or not low <= value <= high):
            raise ValueError(f"{name}={value!r} must be {words}")
    if not 100 * _check.LEAST_LEVEL <= options["level"] < 100:
        raise ValueError(f"level={options['level']!r} must be a number of percent from 50 to below 100, 95 for 95%")
    if options["log"] not in (None, True, False):
        raise ValueError(f"log={options['log']!r} must be True, False or None")
    return WideOptions(**dict(options) | {"measure": Measure(options["measure"])})


def is_wide(frame: Any, named: Sequence[str], measure: str) -> bool:
    """Tell whether a table has one row a study: it has if any argument names a column of it, or by its columns."""
    of_arms = isinstance(frame, pd.DataFrame) and {"arm", "study"} <= set(frame.columns)
    if of_arms and set(named) <= {"cluster"}:
        return False
    if named or not isinstance(frame, pd.DataFrame):
        return bool(named)
    if "yi" in frame or any(f"{name}{arm}" in frame for name in (*_ARM, *_SCORES, "events") for arm in _BOTH):
        return True
    one_arm = [shape for shape in SHAPES.values() if measure in shape.formulas]
    return bool(one_arm) and measure != "MD"


def wide_effects(
    frame: pd.DataFrame,
    columns: Mapping[str, ColumnArgument],
    about: Mapping[str, str | None],
    options: WideOptions,
) -> WideEffects:
    """Return the effects of a table with one row a study.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    columns : mapping
        From an argument of `COLUMN_ARGUMENTS` to the column that holds it, or a number for all rows.
    about : mapping
        The columns for study, label, cluster and year, None where the column bears that name or there is none.
    options : WideOptions
        The other arguments.

    Returns
    -------
    WideEffects
        The table has a row for each effect, `left_out` one for every other row.

    Raises
    ------
    TrialDataError
        Listing every number that cannot be, and, unless such rows are dropped, every row without an effect.
    """
    reader = _opened(frame, about, options)
    try:
        shape = _shape(options.measure, columns, frame)
        reader.take(shape, columns)
        reader.refuse_one_for_two()
        reader.refuse_totals()
        _refuse_crossover(reader)
        # What overflows has no effect, and is told so.
        with np.errstate(over="ignore", invalid="ignore"):
            _refuse_off_scale(reader, shape)
            yi, vi = _MADE[shape](reader) if shape in _MADE else reader.formula()
    except TrialDataError:
        raise
    except ValueError as error:
        # Who named no column may not know that there is something to name.
        found = None if columns else headings.recognised(frame)
        if found is None or found.missing or all(name == column for name, column in found.arguments.items()):
            raise
        raise ValueError(f"{error}. By its headings:{headings.advice(frame, options.measure)}") from None
    return _parts(reader, about, yi, vi)


def _opened(frame, about, options):
    """The reader of a table, which must be one with rows and unlike names of columns."""
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"the table is a {type(frame).__name__}; give a pandas DataFrame with one row a study")
    if not len(frame):
        raise ValueError("the table has no rows; give at least one study")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()].unique()
        raise ValueError(f"{', '.join(map(repr, twice))}: more than one column has this name; rename all but one")
    _check.no_results(frame)
    reader = _Reader(frame, _who(frame, about), options)
    reader.source |= {name: given for name, given in about.items() if given is not None}
    return reader


def _shape(measure, columns, frame):
    """The shape of the rows: that of the arguments given, else that of the columns that are there."""
    if "yi" in columns:
        found = ["effects"]
    else:
        found = [name for name, shape in SHAPES.items() if measure in shape.formulas]
        if "yi" in frame and set(columns) <= set(SHAPES["effects"].columns):
            if not columns:
                _refuse_two_ways(measure, found, frame)
            found = ["effects"]
    if not found:
        called = f"measure={measure.code!r}" if measure else "a measure without a name"
        raise ValueError(f"{called} is not made from arms: give yi, and one of vi, se, ci, p")
    if len(found) > 1:
        found = [_means_or_scores(found, columns, frame)]
    allowed = SHAPES[found[0]].columns
    scale = () if measure == "MD" else _SCALE
    if wrong := [name for name in columns if name not in allowed or name in scale]:
        raise ValueError(
            f"{', '.join(wrong)}: not used for measure={measure.code!r} from {found[0]}, which takes "
            f"{', '.join(name for name in allowed if name not in scale)}"
        )
    return found[0]


def _refuse_two_ways(measure, shapes, frame):
    """Raise ValueError for a table with effects, whose measure nobody named, and what the one asked for is made of."""
    for name in shapes:
        needed = [each for each in signature(SHAPES[name].formulas[measure]).parameters if each in SHAPES[name].columns]
        # Scores before and after come in too many ways to tell by numbers of people.
        if {*needed} - {"n_t", "n_p"} and {*needed} <= {*frame}:
            raise ValueError(
                f"the table has yi, and {', '.join(needed)}, of which measure={measure.code!r} is made too: name what "
                f"counts, yi='yi' if that is its measure, or {needed[0]}='{needed[0]}' and so on"
            )


def columns_told(told: Mapping[str, Any], frame: Any) -> dict[str, Any]:
    """Return the columns that a file tells; ValueError where effects stand beside what others are taken for."""
    columns = {name: given for name, given in told.items() if name in COLUMN_ARGUMENTS}
    effects = next((name for name in ("yi", "TE") if columns and "yi" not in columns and name in frame), None)
    if effects:
        shown = ", ".join(f"{name}={given!r}" for name, given in columns.items())
        errors = {"vi": "vi='vi'", "sei": "se='sei'", "se": "se='se'", "seTE": "se='seTE'"}
        error = next((errors[name] for name in errors if name in frame), "and its standard error as se=")
        raise ValueError(
            f"the table has {effects}, and {', '.join(columns.values())}, of which effects are made too: name what "
            f"counts, yi={effects!r}, {error} if they are of the measure that is meant, or {shown}"
        )
    return columns


def _means_or_scores(found, columns, frame):
    """Whether both arms are told by a mean or by scores before and after; what is given counts before what is there."""
    plain, scores = found
    for names in (set(columns), set(frame.columns)):
        for arm in _BOTH:
            if f"mean{arm}" in names or f"median{arm}" in names:
                return plain
            if any(f"{score}{arm}" in names for score in _SCORES):
                return scores
    return plain


def column_named(frame: pd.DataFrame, argument: str, name: str) -> str:
    """Return the name of a column; ValueError says what was meant if there is none."""
    if name not in frame:
        known = list(map(str, frame.columns))
        near = get_close_matches(str(name), known, 1)
        perhaps = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
        if str(name) in known:
            perhaps = f"that which reads so is no text; {_TO_TEXT}"
        raise ValueError(f"{argument}={name!r} is not a column of the table; {perhaps}")
    return name


def study_column(frame: pd.DataFrame, given: str | None) -> str | None:
    """Return the column that names the studies: the one given, or "study" or "trial", with a capital or without."""
    return given or next((name for name in frame if name in ("study", "Study", "trial", "Trial")), None)


def noun_of(frame: pd.DataFrame, study: str | None) -> str:
    """Return what rows are called, "trial" or "study", by the column that names them."""
    return "trial" if str(study_column(frame, study)).lower().startswith("trial") else "study"


def _who(frame, about):
    """Study, label, cluster and year of each row, whatever of them is there."""
    out, about = {}, about | {"study": about["study"] if "study" in frame else study_column(frame, about["study"])}
    for name, given in about.items():
        if given is not None and not isinstance(given, str):
            raise ValueError(f"{name}={given!r} must be the name of a column")
        source = name if given is None else given
        if given is not None or name in frame:
            out[name] = frame[column_named(frame, name, source)].reset_index(drop=True)
    if "study" not in out:
        plain = isinstance(frame.index, pd.RangeIndex) or frame.index.name == "row"
        if plain and "label" not in out:
            _offer_names(frame, about)
        names = [f"Study {i + 1}" for i in range(len(frame))] if plain else list(map(str, frame.index))
        out["study"] = out["label"].copy() if "label" in out else pd.Series(names, dtype=object)
    if problems := _no_names(out):
        raise _refused(frame, problems)
    out["blank"] = out["study"].isna() | out["study"].map(lambda name: not as_text(name).strip()).astype(bool)
    out["study"] = out["study"].map(_as_name).astype(object)
    if "label" not in out:
        several = out["study"].duplicated(keep=False)
        number = (out["study"].groupby(out["study"], sort=False).cumcount() + 1).astype(str)
        out["label"] = out["study"].where(~several, out["study"] + ": " + number)
    out["label"] = out["label"].map(_as_name).astype(object).mask(out["label"].isna(), out["study"])
    if "cluster" in out:
        out["cluster"] = _without_unseen(out["cluster"])
    return out


def _offer_names(frame, about):
    """Warn of rows that are numbered though a heading looks like that of their names."""
    name = headings.about(frame).get("study")
    if name is None or name in about.values():
        return
    again = frame[name].dropna()
    again = again[again.duplicated()].map(_as_name).unique()
    several = f". {_check.some(pd.Index(again), str)} would be one study with several rows" if len(again) else ""
    _check.warn(
        f"no column is called study, so the rows are Study 1, Study 2 and so on, each one by itself; {name!r} looks "
        f"like their names: give study={name!r} if it holds them{several}"
    )


def _as_name(value):
    """A name as text, as it reads."""
    return one_line(_check.as_text(value) if isinstance(value, float) else as_text(value))


def _no_names(who):
    """The problems of names that are none."""
    return [
        (at + 2, "", name, value, "a name is one text", "Give one text or one number.")
        for name in ("study", "label", "cluster")
        if name in who
        for at, value in enumerate(who[name])
        if no_cell(value)
    ]


def _without_unseen(column):
    """A column whose texts, in its cells or its categories, are as they read."""

    def seen(value):
        return one_line(value) if isinstance(value, str) else value

    if isinstance(column.dtype, pd.CategoricalDtype):
        known = dict.fromkeys(map(seen, column.cat.categories))
        return pd.Series(pd.Categorical(column.map(seen), [*known], column.cat.ordered), column.index, name=column.name)
    return column.map(seen) if column.dtype.kind == "O" else column


def _ways(shape, outcome):
    """By each argument that tells what others tell as well, the number: its ways, each a set of arguments."""
    if shape == "effects":
        return {name: [[{name} for (name,) in _PRECISION]] for (name,) in _PRECISION}
    found = {}
    for number, ways in _WAYS.items():
        change = ((f"change_{number}",), (f"baseline_{number}", f"final_{number}"))
        numbers = [ways, change]
        # Of what becomes arms a mean is one of the scores.
        if shape == "two arms":
            numbers = [ways + change] if outcome == "change" else [ways + ((f"final_{number}",),), change]
        for arm in ("", *_BOTH):
            for own in ([{f"{name}{arm}" for name in way} for way in one] for one in numbers):
                # A baseline and a final score are more than their difference.
                for name in set().union(*(way for way in own if f"baseline_{number}{arm}" not in way)):
                    found.setdefault(name, []).append(own)
    return found


class _Reader:
    """The numbers of a table, with what is wrong, what is missing and what was derived."""

    def __init__(self, frame, who, options):
        self.frame, self.who, self.options, self.k = frame, who, options, len(frame)
        self.values, self.source, self.problems, self.lines, self.read = {}, {}, [], [], {}
        self.derived = np.zeros(self.k, dtype=bool)
        self.flags = [[] for _ in range(self.k)]
        self.reasons, self.extra, self.unit, self.used = {}, {}, "", set()
        self.shape, self.assumed, self.of_all, self.named, self.spare = "", True, [], set(), []
        for at in np.flatnonzero(who["blank"]):
            self._problem(at, "study", "", "a row must say which study it is", "Fill it in.")
        if "cluster" in who:
            nowhere = who["cluster"].isna() | (who["cluster"].astype(object) == "")
            for at in np.flatnonzero(nowhere):
                self._problem(at, "cluster", "", "a row must say which cluster it is of", "Fill it in, with its study.")

    # -- reading

    def take(self, shape, columns):
        """Read every column of the shape that is given or there, as numbers that can be."""
        self.shape, self.named = shape, set(columns)
        self._refuse_idle_options()
        least = 2 if self.options.measure in _NEEDS_TWO else 1
        ways = _ways(shape, self.options.outcome)
        self.spare = [x for x in SHAPES[shape].columns if x in self.frame and self._told(x, ways.get(x, ()))]
        for name in SHAPES[shape].columns:
            if name in _SCALE and self.options.measure != "MD":
                continue
            if name == "correlation":
                self._take_correlation()
            elif name in _PAIRS:
                given = columns.get(name, ())
                two = isinstance(given, list | tuple) and all(isinstance(one, str) for one in given)
                if not two or len(given) != 2 * (name in columns):
                    raise ValueError(
                        f"{name}={given!r} must be the names of two columns, such as {name}=('low', 'high')"
                    )
                for end, one in zip(("low", "high"), given, strict=False):
                    self._take_one(f"{name}_{end}", one, kind=end)
                self.ordered(f"{name}_low", f"{name}_high")
            elif name in columns or (name in self.frame and name not in self.spare):
                if name not in columns:
                    self._refuse_copies(name)
                self._take_one(name, columns.get(name, name), least)

    def _refuse_copies(self, name):
        """Refuse a column that nobody named where another reads alike, or is what pandas makes of a second one."""
        others = [x for x in self.frame if x != name and one_line(as_text(x)) in (name, f"{name}.1")]
        if others:
            rule = f"{', '.join(map(repr, others))} reads alike, or is what pandas calls a second column of this name"
            remedy = f"Give {name}='{name}' if that is meant, or take the other out."
            raise _refused(self.frame, [(1, "", name, "", rule, remedy)])

    def _told(self, name, numbers):
        """Whether what was named tells all the numbers that a column would tell which nobody named."""
        told = all(any(way <= self.named for way in ways) for ways in numbers)
        return bool(numbers) and told and name not in self.named

    def not_used(self, arm=""):
        """Say which columns would tell a number of an arm, or of the effect, if they were named too."""
        names = ", ".join(repr(name) for name in self.spare if name.endswith(arm))
        return f"; beside what was named {names} is not used: name it too, if it is meant" if names else ""

    def refuse_one_for_two(self):
        """Refuse a column that serves for two numbers which it cannot both be."""
        arguments = {}
        for name, column in self.read.items():
            arguments.setdefault(column, []).append(name)
        problems = []
        for column, names in arguments.items():
            kinds = {_kind(name) for name in names}
            if len(kinds) > 1 or (len(names) > 1 and not kinds & {*_SHARED}):
                problems.append(f"{' and '.join(names)} are read from one column, {column!r}")
        if problems:
            raise ValueError(f"{'; '.join(problems)}, which cannot be both: name the column of each")

    def refuse_totals(self):
        """Refuse a row that bears the name of a total and holds the sums of all others."""
        counted = [self.get(name) for name in self.values if _kind(name) in _SUMMED]
        if self.k < 3 or not counted:
            return
        numbers = np.stack(counted)
        half = 0.5 * np.nansum(numbers, axis=1, keepdims=True)
        alike = (np.isclose(numbers, half) | np.isnan(numbers)).all(axis=0) & (numbers > 0.0).any(axis=0)
        for at in np.flatnonzero(alike):
            for who in ("study", "label"):
                if _TOTAL.search(name := str(self.who[who][at])):
                    rule = "this row holds the sums of all others, and is no study"
                    self._problem(at, who, name, rule, "Leave it out")
                    break

    def _refuse_idle_options(self):
        """Refuse an option that would do nothing for this shape."""
        used = SHAPES[self.shape].columns
        if (estimated := self.options.correlation == ESTIMATED) and self.shape == "two arms":
            raise ValueError(
                f"correlation={ESTIMATED!r} is estimated where effects are made: leave it out here, and give it to "
                "effect_sizes with these trials"
            )
        if estimated and self.shape != "two arms, before and after":
            raise ValueError(f"correlation={ESTIMATED!r} is for two arms, before and after, not for {self.shape}")
        idle = {
            "correlation": self.options.correlation is not None and not estimated and "correlation" not in used,
            "outcome": self.options.outcome != "change" and "final_mean_t" not in used,
            "log": self.options.log is not None and "yi" not in used,
        }
        if names := [name for name, here in idle.items() if here]:
            raise ValueError(
                f"{', '.join(names)}: not used for measure={self.options.measure.code!r} from {self.shape}"
            )

    def _take_one(self, name, given, least=1, kind=None):
        if isinstance(given, Real) and not isinstance(given, bool | np.bool_):
            if given in self.frame:
                raise ValueError(
                    f"{name}={given!r} is a number for all rows, and a column of the table is called {given!r} too: "
                    f"{_TO_TEXT}, and give {name}='{given}' if that is meant"
                )
            self.values[name], self.source[name] = np.full(self.k, _check.as_floats(given)), name
        elif isinstance(given, str):
            self.source[name] = self.read[name] = column_named(self.frame, name, given)
            self.used.add(given)
            self.values[name] = self._numbers(name)
        else:
            shown = f"a {type(given).__name__}" if hasattr(given, "dtype") else repr(given)
            raise ValueError(f"{name}={shown} must be the name of a column, or one number for all rows")
        self._check(name, kind, least)

    def _take_correlation(self):
        given = self.options.correlation
        if given is None and "correlation" in self.frame:
            given = "correlation"
        self.assumed = given == ESTIMATED or not isinstance(given, str)
        if given is not None and given != ESTIMATED:
            self._take_one("correlation", given)

    def _numbers(self, name):
        """The cells of a column as floats, NaN for a blank; text that reads as a number is one."""
        out = np.full(self.k, np.nan)
        pointed = name.split("_")[0] in ("n", "events") or self.frame.attrs.get(DECIMAL) == ","
        column = self.frame[self.source[name]]
        if isinstance(column.dtype, pd.SparseDtype):
            column = column.sparse.to_dense()
        # What was 0.1 before it was shortened is meant to be that.
        short = getattr(column.dtype, "kind", "") == "f" and column.dtype.itemsize < np.dtype(float).itemsize
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf" and not short:
            return column.to_numpy(float)
        for at, cell in enumerate((column.astype(str) if short else column).to_numpy(dtype=object)):
            if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, str) and not cell.strip()):
                continue
            try:
                # Python reads 1_000 as a number; no table does.
                if not isinstance(cell, Real | Decimal | str | bytes) or isinstance(cell, bool) or "_" in as_text(cell):
                    raise ValueError
                cell = cell.decode() if isinstance(cell, bytes) else cell
                if isinstance(cell, str) and pointed and PERHAPS_THOUSANDS.fullmatch(cell.strip()):
                    rule = "this may have a point between thousands, or decimals"
                    self._problem(at, name, cell, rule, "Type it without the point, as 1000 for a thousand.")
                    continue
                out[at] = float(cell.replace("−", "-") if isinstance(cell, str) else cell)
            # The second is of a whole number with more than 308 digits.
            except (ValueError, OverflowError):
                comma = isinstance(cell, str) and WITH_COMMA.fullmatch(cell.strip())
                remedy = "Read the file with decimal=',', if that is what its commas are." if comma else _CORRECT
                self._problem(at, name, cell, "this is not a number", remedy)
        return out

    def _check(self, name, kind, least):
        """Refuse numbers that cannot be; they become NaN, so that every formula takes the others."""
        first, *rest = name.split("_")
        kind = kind or _KINDS.get(first, first) or rest[0]
        x = self.values[name]
        allowed, rule = _check.rule_of({"vi": "se", "scale": "mean"}.get(kind, kind), least)
        if name == "vi":
            rule = "a variance must be finite and at least 0"
        elif name == "yi":
            rule = "an effect must be finite"
        elif kind == "scale":
            rule = "the end of a scale must be finite"
        self.refuse(name, ~(np.isnan(x) | allowed(x)), rule)
        size = np.abs(self.values[name])
        extreme = (size > _LARGEST) | ((size > 0) & (size < _SMALLEST.get(kind, 0.0)))
        self.refuse(name, extreme, "this is too extreme for double precision", "Correct it, or use another unit.")
        if kind in ("n", "events"):
            self.refuse(name, np.mod(size, 1) > 0, "this is not a whole number")
            most = BOUNDS[kind][1]
            self.refuse(name, size > most, f"no study has more than {most:.10g}")
        if kind in ("sd", "se"):
            self.refuse(name, size == 0, "this must be above zero", "Leave it blank if it is not printed.")

    def refuse(self, name, where, rule, remedy=_CORRECT):
        """Note a problem for each row, and take the number as unknown."""
        if name not in self.values:
            return
        for at in np.flatnonzero(where):
            self._problem(at, name, self.values[name][at], rule, remedy)
        self.values[name] = np.where(where, np.nan, self.values[name])

    def _problem(self, at, name, value, rule, remedy):
        source = self.source.get(name, name)
        column = source if source == name else f"{source} ({name})"
        shown = f"{value:g}" if isinstance(value, float) else value
        study = "" if self.who["blank"][at] else self.who["study"][at]
        self.problems.append((int(at) + 2, study, column, shown, rule, remedy))

    def raise_problems(self):
        """Raise TrialDataError with all that was noted, if anything was."""
        if self.problems:
            raise _refused(self.frame, sorted(self.problems, key=lambda one: one[:1]))

    def ordered(self, *names):
        """Refuse a number that exceeds one of those that follow, wherever both are known."""
        there = [name for name in names if name in self.values]
        for low, high in combinations(there, 2):
            if low.endswith("_low"):
                width = "the interval has no width: both limits are the same"
                self.refuse(low, self.values[low] == self.values[high], width, "Check the limits; leave both blank.")
            above, known = self.values[low] > self.values[high], ~np.isnan(self.values[low] + self.values[high])
            swapped = above.sum() == known.sum() > 1
            remedy = "It does in every row: the columns have changed places." if swapped else _ONE_OR_OTHER
            self.refuse(low, above, f"this exceeds {self.source[high]} of the same row", remedy)

    def ends(self):
        """The ends of the scale, also of a measure that does without."""
        if there := [name for name in _SCALE if name not in self.values and name in self.frame]:
            for name in there:
                self._take_one(name, name)
            self.used -= set(there)
        low, high = (self.get(name) for name in _SCALE)
        self.refuse("scale_min", low >= high, "a scale must begin below its end", _ONE_OR_OTHER)
        low = self.get("scale_min")
        for name in there:
            del self.values[name]
        return low, high

    def get(self, name):
        """The numbers of an argument, NaN where it was neither given nor there."""
        return self.values.get(name, np.full(self.k, np.nan))

    # -- what becomes of it

    def need(self, name, x, words):
        """Note each row in which a number that the effect needs is not known."""
        unknown = np.isnan(x)
        for at in np.flatnonzero(unknown):
            self.reasons.setdefault(int(at), []).append((name, words))

    def fill(self, name, arm, quantity, ways):
        """Fill a number in by the first way that gives it; each is a rule, what it uses and the numbers it gives."""
        x = self.get(name).copy()
        of_arm = name.removeprefix(quantity.lower())
        named = [way for way in ways if {f"{used}{of_arm}" for used in way[1].split()} <= self.named]
        if name in self.named or named:
            ways = named
        for rule, _, found in ways:
            taken = np.isnan(x) & ~np.isnan(found)
            x[taken] = found[taken]
            self.note(taken, arm, quantity, x, rule)
        # A column that is neither there nor made of others stays away, and is told as such.
        if name in self.values or not np.isnan(x).all():
            self.values[name] = x

    def note(self, where, arm, quantity, values, rule):
        """List a derived number for each row, and the row as recovered."""
        for at in np.flatnonzero(where):
            self.lines.append((int(at), arm, quantity, float(values[at]), rule))
        self.derived |= where

    def formula(self):
        """Effects and variances by the formula of the measure, from the numbers it names."""
        function = SHAPES[self.shape].formulas[self.options.measure]
        names = [name for name in signature(function).parameters if name in SHAPES[self.shape].columns]
        return self.call(function, names)

    def call(self, function, names):
        """Effects and variances of the rows in which every number is known, else NaN."""
        if absent := [name for name in names if name not in self.values]:
            # Nothing is made of numbers that were refused in every row.
            self.raise_problems()
            made = f"measure={self.options.measure.code!r} is made from {self.shape}: {SHAPES[self.shape].words}"
            raise ValueError(
                f"{', '.join(absent)}: no such column, and no argument names one; {made}; name each column, as in "
                f"{absent[0]}='name'"
            )
        arrays = {name: self.get(name) for name in names}
        for low, high in (("events", "n"), ("events_t", "n_t"), ("events_p", "n_p")):
            if low in arrays and high in arrays:
                self.ordered(low, high)
                arrays[low] = self.get(low)
        for name, x in arrays.items():
            arm = name[-2:] if name.endswith(_BOTH) else ""
            self.need(name, x, f"{name} is not known{_instead(name)}{self.not_used(arm)}")
        known = ~np.isnan(list(arrays.values())).any(axis=0)
        yi, vi = np.full(self.k, np.nan), np.full(self.k, np.nan)
        if known.any():
            yi[known], vi[known] = function(**{name: x[known] for name, x in arrays.items()})
        return yi, vi


def _refused(frame, problems):
    """The error that lists problems, by the rows of the file where the table was read from one."""
    source = frame.attrs.get("source", "") if frame.index.name == "row" else ""
    if source:
        problems = [(int(frame.index[row - 2]) if row > 1 else row, *more) for row, *more in problems]
    return TrialDataError(problems, source or "the table")


def _kind(name):
    """What a number is, by the name of its argument."""
    first, *rest = name.removesuffix("_t").removesuffix("_p").split("_")
    # An SD is one at any time.
    return "sd" if "sd" in rest else "_".join((first, *rest)) if first in ("ci", "scale", "mean") else first


def _instead(name):
    """What would do instead of an SD."""
    arm = name.removeprefix("sd")
    if not name.startswith("sd") or arm not in (*_BOTH, ""):
        return ""
    return f", nor se{arm}, ci{arm}, q1{arm} with q3{arm}, or min{arm} with max{arm}"


def _refuse_crossover(reader):
    """Refuse means of both arms of a crossover trial, where the same people are in both."""
    if "design" not in reader.frame or not {"sd_t", "sd_p"} <= set(reader.values):
        return
    design = reader.frame["design"].astype(str).str.lower().str.replace("-", "").str.strip().to_numpy()
    for at in np.flatnonzero(design == "crossover"):
        reader._problem(
            at,
            "design",
            reader.frame["design"].iloc[at],
            "the arms are the same people, and this takes them to be others",
            "Make trials of the table with trials_from_wide(df, ...), which pairs them, or give yi and se.",
        )


def _refuse_off_scale(reader, shape):
    """Refuse means that their scale cannot hold, and SDs that are not possible on it, wherever its ends are there."""
    means = [x for x in reader.values if {"mean", *_QUANTILES} & set(x.split("_")) and x not in _SCALE]
    if not means or "yi" in reader.values:
        return
    low, high = reader.ends()
    change = (low - high, high - low)
    bounds = {name: change if name.startswith("change") else (low, high) for name in means}
    # What is called a mean may be that of changes, if any of them can be nothing else.
    plain = [
        name for name in means if name.split("_")[0] in ("mean", *_QUANTILES) and shape != "one arm, before and after"
    ]
    as_scores, as_changes = (
        np.array([(reader.get(name) < ends[0]) | (reader.get(name) > ends[1]) for name in plain])
        for ends in ((low, high), change)
    )
    if as_scores.any() and not as_changes.any():
        bounds |= dict.fromkeys(plain, change)
    for name in means:
        least, most = bounds[name]
        x = reader.get(name)
        reader.refuse(name, (x < least) | (x > most), "this lies off the scale", "Check it, and the ends of the scale.")
    for name in [name for name in means if "mean" in name]:
        sd, se = (name.replace("mean", part) for part in ("sd", "se"))
        arm = name[-2:] if name.endswith(_BOTH) else ""
        n, rule = reader.get(f"n{arm}"), "this is larger than any {} possible with this n and scale"
        least, most = bounds[name]
        # A mean that may be one of changes tells nothing of its SD.
        mean = (least + most) / 2 if name in plain else reader.get(name)
        remedy = "Check whether it is an SD or an SE, and the ends of the scale."
        reader.refuse(sd, too_wide(reader.get(sd), mean, n, least, most), rule.format("SD"), remedy)
        reader.refuse(se, too_wide(reader.get(se) * np.sqrt(n), mean, n, least, most), rule.format("SE"), remedy)


def _two_means(reader):
    for arm, called in zip(_BOTH, reader.options.arms, strict=True):
        _fill_arm(reader, arm, called)
    yi, vi = reader.formula()
    return _on_points(reader, yi, vi)


def _one_mean(reader):
    _fill_arm(reader, "", "")
    return reader.formula()


def _fill_arm(reader, arm, called):
    """Find the SD, and the mean, of an arm that prints something else."""
    five = [f"{name}{arm}" for name in _QUANTILES]
    reader.ordered(*five)
    low, q1, median, q3, high = (reader.get(name) for name in five)
    n = reader.get(f"n{arm}")
    several = np.where(n >= 2, n, np.nan)
    limits = reader.get(f"ci{arm}_low"), reader.get(f"ci{arm}_high")
    limits = [np.where(np.isnan(limits[0] + limits[1]), np.nan, x) for x in limits]
    mean = reader.get(f"mean{arm}")
    outside = (mean < limits[0]) | (mean > limits[1])
    reader.refuse(f"mean{arm}", outside, "this lies outside its interval", _ONE_OR_OTHER)
    _refuse_off_middle(reader, f"mean{arm}", f"ci{arm}")
    level = reader.options.level / 100
    sd, se = reader.get(f"sd{arm}"), reader.get(f"se{arm}")
    by_t = 2 * stdtrit(np.maximum(several - 1, 1), 0.5 + level / 2)
    spreads = {
        f"sd{arm}": np.array([sd - _rounding(sd), sd, sd + _rounding(sd)]),
        f"se{arm}": np.array([se - _rounding(se), se, se + _rounding(se)]) * np.sqrt(n),
        f"ci{arm}": _of_interval(reader, f"ci{arm}") / by_t * np.sqrt(n),
    }
    _refuse_contradictions(reader, "an SD", spreads)
    ways = [
        (FROM_SE, "se", recover.sd_from_se(reader.get(f"se{arm}"), n)),
        (FROM_CI, "ci", recover.sd_from_ci(*limits, several, level)),
        (_FROM["five"], "min q1 q3 max", recover.sd_from_five_numbers(low, q1, q3, high, several)),
        (_FROM["quartiles"], "q1 q3", recover.sd_from_quartiles(q1, q3, several)),
        (_FROM["range"], "min max", recover.sd_from_range(low, high, several)),
    ]
    reader.fill(f"sd{arm}", called, "SD", ways)
    none = "quartiles or a range without width tell no spread"
    reader.refuse(f"sd{arm}", reader.get(f"sd{arm}") == 0, none, "Give its SD, or leave the row out.")
    ways = [
        (_FROM["five"], "min q1 median q3 max", recover.mean_from_five_numbers(low, q1, median, q3, high, several)),
        (_FROM["quartiles"], "q1 median q3", recover.mean_from_quartiles(q1, median, q3, several)),
        (_FROM["range"], "min median max", recover.mean_from_range(low, median, high, several)),
    ]
    reader.fill(f"mean{arm}", called, "mean", ways)


def _scores(reader):
    """Both arms by their change or their final score, by the rules of the arm-level table."""
    measure, outcome = reader.options.measure, reader.options.outcome
    scores, given = _both_scores(reader)
    # Scores of two kinds have different SDs: a standardised difference of the one is none of the other.
    complete = scores.groupby(["score", "unit"])[["mean", "sd"]].count().min(axis=1) == 2
    unadjusted = np.flatnonzero(np.isnan(given) & ~complete["change"].to_numpy())
    chosen = chosen_score(scores, outcome, unadjusted=unadjusted) if measure == "MD" else pd.Series(dtype=object)
    chosen = chosen.reindex(range(reader.k)).fillna(outcome).to_numpy()
    for arm, called, role in zip(_BOTH, reader.options.arms, _ROLES, strict=True):
        kind = np.where(chosen == ANCOVA, "final", chosen)
        own = scores[(scores["arm"] == role) & (scores["score"] == kind[scores["unit"]])]
        _take_scores(reader, own.sort_values("unit").reset_index(drop=True), arm, called)
    for at in np.flatnonzero(chosen == "final"):
        reader.flags[at].append("final score")
    reader.extra["outcome"] = chosen
    formula = SHAPES["two arms, before and after"].formulas[measure]
    yi, vi = reader.call(formula, [f"{part}{arm}" for arm in _BOTH for part in ("mean", "sd", "n")])
    if outcome == ANCOVA:
        _adjust(reader, scores, chosen == ANCOVA, given, yi, vi)
        return _on_points(reader, yi, vi)
    other = "final" if outcome == "change" else "change"
    instead = (complete[other] & ~complete[outcome]).to_numpy() & (measure != "MD")
    for at in np.flatnonzero(instead):
        words = f"the {SCORES[outcome]} or its SD is not known in both arms, but the {SCORES[other]} is"
        reader.reasons[int(at)] = [(f"{outcome}_sd_t", f"{words}: choose outcome={other!r} for all rows")]
    return _on_points(reader, yi, vi)


def _both_scores(reader):
    """Change and final score of every arm, a line each, and the correlation; `unit` is the number of the row."""
    given = reader.get("correlation") if "correlation" in reader.values else np.full(reader.k, _ASSUMED)
    arms = [_rows_of_arm(reader, arm, role) for arm, role in zip(_BOTH, _ROLES, strict=True)]
    rows = pd.concat(arms, ignore_index=True)
    if reader.options.correlation == ESTIMATED:
        r, how = estimated_correlation(arm_scores(rows, 0.0), reader.options.correlations)
        given = np.full(reader.k, r)
        reader.of_all = [("", "", "correlation", r, how)]
    rows["correlation"] = np.tile(given, 2)
    # Where no correlation is known, a change has the SD that is printed, or none.
    alike = rows.groupby("correlation", dropna=False)
    parts = [arm_scores(own, float(r), adjusted=reader.options.outcome == ANCOVA) for r, own in alike]
    return pd.concat(parts, ignore_index=True).assign(unit=lambda lines: lines["study"]), given


def _adjust(reader, scores, adjusted, correlation, yi, vi):
    """Put differences adjusted for baseline into the rows of yi and vi that are to have them."""
    wide = scores.pivot(index="unit", columns=["arm", "score"], values=["mean", "sd", "correlated"])
    needed = {
        f"{score}_{part}{arm}": wide[part, role, score].to_numpy(float)
        for arm, role in zip(_BOTH, _ROLES, strict=True)
        for score in PARTS[ANCOVA]
        for part in ("mean", "sd")
    }
    n = {f"n{arm}": reader.get(f"n{arm}") for arm in _BOTH}
    # Told by the names of both scores, not as a mean and an SD.
    for at in np.flatnonzero(adjusted):
        reader.reasons.pop(int(at), None)
    for name, x in (needed | n).items():
        reader.need(name, np.where(adjusted, x, 0.0), f"{name} is not known")
    sds = [[wide["sd", role, score].to_numpy(float) for score in (*PARTS[ANCOVA], "change")] for role in _ROLES]
    needed |= n | {"correlation": correlation_within(sds, [*n.values()], correlation)}
    here = adjusted & ~np.isnan([*needed.values()]).any(axis=0)
    yi[adjusted], vi[adjusted] = np.nan, np.nan
    yi[here], vi[here] = effects.adjusted_difference(**{name: x[here] for name, x in needed.items()})
    for at in np.flatnonzero(adjusted & ~(np.isfinite(yi) & (vi > 0))):
        reader.reasons.setdefault(int(at), [("yi", UNDEFINED[ANCOVA])])
    reader.extra["correlation"] = np.where(here, needed["correlation"], np.nan)
    told = [own_correlation(*arm) for arm in sds]
    own = ~np.isnan(told).any(axis=0) & ~wide["correlated"].to_numpy(bool).any(axis=1)
    for at in np.flatnonzero(here):
        rule = adjustment(needed["correlation"][at], not own[at])
        reader.lines.append((int(at), "", ADJUSTED, yi[at], rule if reader.assumed else rule.removesuffix(ASSUMED)))
    reader.derived |= here & ~own
    for flag, where in {"not adjusted": ~adjusted, "correlation assumed": here & ~own & reader.assumed}.items():
        for at in np.flatnonzero(where):
            if flag not in reader.flags[at]:
                reader.flags[at].append(flag)


def _take_scores(reader, own, arm, called):
    """Take the chosen score of an arm, a line for each row, as its mean and SD."""
    for part in ("mean", "sd"):
        reader.values[f"{part}{arm}"] = own[part].to_numpy(float)
    for line in own.itertuples():
        name = SCORES[line.score]
        if line.mean_rule:
            reader.lines.append((line.unit, called, f"mean {name}", line.mean, line.mean_rule))
        if line.sd_rule:
            rule = line.sd_rule if reader.assumed else line.sd_rule.removesuffix(" assumed")
            reader.lines.append((line.unit, called, f"SD of the {name}", line.sd, rule))
            reader.derived[line.unit] = True
        if line.correlated and reader.assumed and "correlation assumed" not in reader.flags[line.unit]:
            reader.flags[line.unit].append("correlation assumed")


def _rows_of_arm(reader, arm, role):
    """The rows of one arm, as the arm-level table has them; the unit of the scale stays as it is."""
    rows = pd.DataFrame({name: reader.get(f"{name}{arm}") for name in (*_SCORES, "n")})
    blank = "baseline_se final_se change_se final_ci_low final_ci_high change_ci_low change_ci_high ci_level".split()
    # No p between arms is among the columns of such a table.
    rows = rows.assign(study=range(reader.k), arm=role, arm_label="", design="parallel", p_between="", note="")
    rows = rows.assign(scale_min=0.0, scale_max=POINTS, week=np.nan, timepoint="", recovered="")
    return rows.assign(**dict.fromkeys(blank, np.nan))


def _on_points(reader, yi, vi):
    """Bring mean differences to 0-10 where the ends of the scale are given; refuse to mix scales without."""
    if reader.options.measure != "MD":
        return yi, vi
    low, high = reader.get("scale_min"), reader.get("scale_max")
    if np.isnan(low).all() and np.isnan(high).all():
        scales = reader.frame["scale"].dropna().unique() if "scale" in reader.frame else ()
        if len(scales) > 1:
            raise ValueError(
                f"the rows are on different scales ({', '.join(map(str, scales[:5]))}), whose mean differences cannot "
                "be pooled: give scale_min= and scale_max=, or take measure='SMD'"
            )
        return yi, vi
    for name in [name for name in reader.values if {"sd", "se"} & set(name.split("_"))]:
        tiny = (reader.get(name) > 0) & (reader.get(name) < SMALLEST_SPREAD * (high - low))
        reader.refuse(name, tiny, f"this is less than {SMALLEST_SPREAD:g} of the scale", "Check the unit.")
    for name, x in zip(_SCALE, (low, high), strict=True):
        reader.need(name, x, f"{name} is not known")
    reader.unit = "points on 0–10"
    factor = POINTS / (high - low)
    scales, own = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    rules = [rescaled(pd.Series(ends, ["scale_min", "scale_max"])) for ends in scales.T]
    told = [(int(at), rules[own.flat[at]]) for at in np.flatnonzero(~np.isnan(factor))]
    reader.lines += [(at, "", "scale", np.nan, rule) for at, rule in told if rule]
    return yi * factor, vi * factor**2


#: What a line of `derivations` calls what is added because of a zero cell.
CORRECTION = "continuity correction"


def zero_cells(formula: Callable[..., Any], named: Mapping[str, Any]) -> dict[int, tuple[float, str]]:
    """Return what a formula adds to counts one of which is zero, and by which rule, by the position of the study.

    Parameters
    ----------
    formula : callable
        A formula of counts, from `SHAPES`.
    named : mapping
        The name of each cell, such as "laser events", and its counts.

    Returns
    -------
    dict of int to (float, str)
    """
    more = effects.added_to_zeros(formula, [*named.values()])
    zero = {int(at): [name for name, x in named.items() if x[at] == 0] for at in np.flatnonzero(more > 0)}
    to = f"added to {', '.join(named)}"
    return {
        at: (float(more[at]), f"{more[at]:g} {to}, because {' and '.join(names)} are 0") for at, names in zero.items()
    }


def cells_of(events: Any, n: Any, arm: str = "") -> dict[str, Any]:
    """Return events and non-events of an arm by their names."""
    arm = f"{arm} " if arm else ""
    return {f"{arm}events": events, f"{arm}non-events": n - events}


def _note_zeros(reader, named):
    """List what was added because of a zero cell, and mark the row."""
    formula = SHAPES[reader.shape].formulas[reader.options.measure]
    for at, (more, rule) in zero_cells(formula, named).items():
        reader.lines.append((at, "", CORRECTION, more, rule))
        reader.flags[at].append(ZERO_CELL)
        reader.derived[at] = True


def _one_count(reader):
    yi, vi = reader.formula()
    _note_zeros(reader, cells_of(reader.get("events"), reader.get("n")))
    return yi, vi


def _counts(reader):
    yi, vi = reader.formula()
    a, n1, c, n2 = (reader.get(name) for name in ("events_t", "n_t", "events_p", "n_p"))
    first, second = reader.options.arms
    _note_zeros(reader, cells_of(a, n1, first) | cells_of(c, n2, second))
    nothing = ((a == 0) & (c == 0)) | ((a == n1) & (c == n2))
    # Of a difference of risks such a trial does tell: that it is small.
    return (yi, vi) if reader.options.measure == "RD" else _without(reader, yi, vi, nothing, "events_t", ZERO)


def _person_time(reader):
    yi, vi = reader.formula()
    events = [reader.get(name) for name in ("events_t", "events_p")]
    _note_zeros(reader, {f"{arm} events": x for arm, x in zip(reader.options.arms, events, strict=True)})
    nothing = (events[0] == 0) & (events[1] == 0)
    words = "no events in both arms: the trial tells nothing of a ratio"
    return _without(reader, yi, vi, nothing, "events_t", words)


def _without(reader, yi, vi, where, name, words):
    for at in np.flatnonzero(where):
        reader.reasons[int(at)] = [(name, words)]
    return np.where(where, np.nan, yi), np.where(where, np.nan, vi)


def _changes(reader):
    """One arm before and after: the correlation is a number of the study, and nothing stands in for it."""
    if "correlation" not in reader.values:
        raise ValueError(
            "correlation is not known: name the column of the correlations between before and after, or give a number "
            "for all rows, such as correlation=0.5"
        )
    yi, vi = reader.formula()
    if reader.assumed:
        for flags in reader.flags:
            flags.append("correlation assumed")
        rule = f"correlation {reader.options.correlation:g} assumed"
        reader.lines += [(at, "", "variance", float(vi[at]), rule) for at in np.flatnonzero(~np.isnan(vi))]
    return yi, vi


def _refuse_mixed(reader, yi, low, high, log, ratios):
    """Refuse a log beside an interval of ratios, or a ratio beside one of logs, wherever they fit in no other way."""

    def off(x, low, high):
        return np.abs(2 * x - low - high) / (high - low)

    with np.errstate(divide="ignore", invalid="ignore"):
        as_logs, as_ratios = (yi, low, high), tuple(log(np.where(x > 0, x, np.nan)) for x in (yi, low, high))
        taken, mixed = off(*(as_ratios if ratios else as_logs)), (off(yi, *as_ratios[1:]), off(as_ratios[0], low, high))
    wrong = ~(taken < _OFF) & (np.fmin(*mixed) < _NEAR_MIDDLE)
    remedy = "Give ratios for both, with log=False, or logs for both, with log=True."
    reader.refuse("yi", wrong, "this fits its interval only if the one is a log and the other are ratios", remedy)


def _rounding(*numbers):
    """How far rounding may have moved numbers: half a unit of the last decimal that any of them has, row by row."""
    x = np.nan_to_num(np.stack(numbers))
    decimals = np.stack([(np.round(x, d) == x).all(axis=0) for d in range(_COMPUTED)])
    return np.where(decimals.any(axis=0), 0.5 * 10.0 ** -decimals.argmax(axis=0), 0.0)


def _of_interval(reader, name, scale=np.asarray):
    """The width of an interval: the least that may be behind what is printed, as it is, and the most."""
    low, high = reader.get(f"{name}_low"), reader.get(f"{name}_high")
    rounded = _rounding(low, high)
    least, most = scale(high - rounded) - scale(low + rounded), scale(high + rounded) - scale(low - rounded)
    return np.array([np.maximum(least, 0) / SE_GAP, scale(high) - scale(low), most * SE_GAP])


def _refuse_contradictions(reader, called, spreads):
    """Refuse spreads that are both named and cannot both be, each with the least and the most that it may be."""
    of = {name: f"{name}_low" if name in _PAIRS else name for name in spreads if name in reader.named}
    for one, other in combinations(of, 2):
        (least, own, most), (others_least, its, others_most) = spreads[one], spreads[other]
        for at in np.flatnonzero((least > others_most) | (others_least > most)):
            column = reader.source[of[other]]
            column += f" ({other})" * (column != other)
            rule = f"this is {called} of {own[at]:.4g}, and {column} one of {its[at]:.4g}"
            remedy = f"{_ONE_OR_OTHER[:-1]}, or name the right one alone."
            reader._problem(at, of[one], reader.get(of[one])[at], rule, remedy)


def _refuse_off_middle(reader, name, interval, scale=np.asarray, better=""):
    """Refuse an estimate far from the middle of its interval, on the scale of analysis, whatever rounding did."""
    numbers = [reader.get(each) for each in (name, f"{interval}_low", f"{interval}_high")]
    rounded = _rounding(*numbers)
    x, low, high = (scale(each) for each in numbers)
    of_x, of_low, of_high = (scale(each + rounded) - scale(each - rounded) for each in numbers)
    gap = np.abs(2 * x - low - high) - of_x - (of_low + of_high) / 2
    for at in np.flatnonzero(gap > _OFF * (high - low)):
        ends = " to ".join(f"{end[at]:g}" for end in numbers[1:])
        rule = f"this lies far from the middle of its interval, {ends}, which tells no standard error"
        reader._problem(at, name, numbers[0][at], rule, f"{_ONE_OR_OTHER}{better}")


def _check_log(measure, log, values, yi, low, high):
    """Refuse what `log` says of effects that have no scale of their own, and what it leaves unsaid of those that do."""
    spread = {"vi", "se"} & set(values)
    if log and not measure.scale:
        raise ValueError(f"log=True is for ratios, and measure={measure.code!r} is none; name the ratio as measure=")
    if measure.is_ratio:
        if log is None and spread and "ci_low" in values:
            raise ValueError(
                f"{measure.code} beside both an interval and a standard error or variance: are they logs? Give "
                "log=True, or log=False for ratios, whose standard error is that of the log all the same"
            )
    elif log is False and measure.scale and spread:
        raise ValueError(
            f"log=False of measure={measure.code!r} is for {measure.name}s beside an interval or a p-value; beside a "
            f"variance or a standard error they are read as they are pooled ({measure.scale}); give them there, or the "
            "counts or correlations that they are of"
        )
    elif log is None and measure.scale and ("ci_low" in values or ("p" in values and not spread)):
        least, most = measure.transform(np.array([-np.inf, np.inf]))
        known = [x[~np.isnan(x)] for x in (yi, low, high)]
        if all(((x >= least) & (x <= most)).all() for x in known):
            raise ValueError(
                f"all of yi{' and its limits' * ('ci_low' in values)} lie between {least:g} and {most:g}: are they "
                f"{measure.name}s, or on the scale on which measure={measure.code!r} is pooled ({measure.scale})? Give "
                f"log=False for {measure.name}s, log=True for what is on that scale already"
            )


def _given(reader):
    """Effects as printed, with a variance, a standard error, an interval or a p-value."""
    measure, log = reader.options.measure, reader.options.log
    yi, low, high = (reader.get(name) for name in ("yi", "ci_low", "ci_high"))
    _check_log(measure, log, reader.values, yi, low, high)
    if not {"vi", "se", "ci_low", "p"} & set(reader.values):
        raise ValueError("yi alone has no precision: give one of vi, se, ci=(low, high) or p")
    # A variance or a standard error of a ratio is that of its log, so yi beside one is taken as a log too.
    ratios = measure.is_ratio and log is None and not {"vi", "se"} & set(reader.values)
    # Whether effects and limits are those that people read, still to be taken to the scale of the analysis.
    read = bool(measure.scale) and (log is False or ratios)
    if measure.is_ratio:
        _refuse_mixed(reader, yi, low, high, measure.inverse, read)
    if read:
        rule, remedy = "a ratio must be above 0", "Correct it, or give log=True if these are logs."
        if not measure.is_ratio:
            least, most = measure.transform(np.array([-np.inf, np.inf]))
            ends = "" if np.isfinite(measure.inverse(most)) else " and be neither"
            rule = f"a {measure.name} must lie between {least:g} and {most:g}{ends}"
            remedy = f"Correct it, give log=True if these are on {measure.scale} already, or give the people behind it."
        for name in ("yi", "ci_low", "ci_high"):
            x = reader.get(name)
            reader.refuse(name, ~np.isnan(x) & ~np.isfinite(measure.inverse(x)), rule, remedy)
    scale = measure.inverse if read else np.asarray
    se, rounded, z = reader.get("se"), _rounding(reader.get("se")), ndtri(0.5 + reader.options.level / 200)
    variance, rounded_variance = reader.get("vi"), _rounding(reader.get("vi"))
    spreads = {
        "vi": np.sqrt(np.maximum([variance - rounded_variance, variance, variance + rounded_variance], 0)),
        "se": np.array([se - rounded, se, se + rounded]),
        "ci": _of_interval(reader, "ci", scale) / (2 * z),
    }
    _refuse_contradictions(reader, "a standard error", spreads)
    yi, low, high = (scale(reader.get(name)) for name in ("yi", "ci_low", "ci_high"))
    least, most = measure.ends
    remedy = "Give proportions and their differences as fractions, 0.45 for 45%, on the scale on which they are pooled."
    where = f"a {measure.name} lies between {least:g} and {most:.4g}{f' on the {measure.scale}' * bool(measure.scale)}"
    reader.refuse("yi", (yi < least) | (yi > most), where, remedy if measure != "COR" else "Correct it.")
    known = ~np.isnan(low + high)
    reader.refuse("yi", (yi < low) | (yi > high), "this lies outside its interval", _ONE_OR_OTHER)
    better = {"COR": "ZCOR", "PR": "PLO"}.get(measure, "")
    better = f" On its own scale, measure={better!r} with log=False, it may be in the middle." * bool(better)
    _refuse_off_middle(reader, "yi", "ci", measure.inverse if read else np.asarray, better)
    # An effect of 0 tells nothing of its error beside a p-value.
    usable = np.where(yi != 0, yi, np.nan)
    level = reader.options.level / 100
    ways = [
        ("", reader.get("vi")),
        ("", reader.get("se") ** 2),
        (
            "half the interval over the normal quantile",
            recover.se_from_ci(np.where(known, low, np.nan), np.where(known, high, np.nan), level) ** 2,
        ),
        ("the effect over the normal quantile of its p-value", recover.se_from_p(usable, reader.get("p")) ** 2),
    ]
    vi = np.full(reader.k, np.nan)
    for rule, found in ways:
        taken = np.isnan(vi) & ~np.isnan(found) & ~np.isnan(yi)
        vi[taken] = found[taken]
        if rule:
            reader.note(taken, "", "SE of the effect", np.sqrt(vi), rule)
    if read:
        rule = "log of the ratio" if measure.is_ratio else f"the {measure.name}, taken to {measure.scale}"
        reader.lines += [(at, "", "effect", float(yi[at]), rule) for at in np.flatnonzero(~np.isnan(yi))]
    reader.need("yi", reader.get("yi"), "yi is not known")
    reader.need(
        "vi", np.where(np.isnan(yi), 0.0, vi), f"none of vi, se, ci and p tells the precision of yi{reader.not_used()}"
    )
    # The column of the effect holds it as analysed.
    return np.where(np.isnan(reader.get("yi")), np.nan, yi), vi


_MADE = {
    "two arms, means": _two_means,
    "two arms, before and after": _scores,
    "two arms, counts": _counts,
    "two arms, person-time": _person_time,
    "one arm, a mean": _one_mean,
    "one arm, before and after": _changes,
    "one arm, counts": _one_count,
    "effects": _given,
}


def _parts(reader, about, yi, vi):
    """The table of effects, what was derived and what was left out; every problem at once."""
    good_yi, good_vi = _check.good(yi, vi)
    fine = good_yi & good_vi
    if reader.options.measure.is_ratio:
        for at in np.flatnonzero(fine & _check.no_ratios(yi, vi)):
            rule = "no ratio and no interval has such a log: its ratio is beyond double precision"
            reader._problem(at, "yi", float(yi[at]), rule, "Check whether it is a log, and its standard error.")
    told = {} if reader.shape == "effects" else UNDEFINED
    words = told.get(reader.options.measure, "the variance of the effect is 0")
    hit = {row for row, *_ in reader.problems}
    reasons = {}
    for at in np.flatnonzero(~fine):
        # A number that was refused is told as such, not as missing too.
        if int(at) + 2 not in hit:
            why = reader.reasons.get(int(at)) or [("yi", words)]
            reasons[int(at)] = why
    if reader.options.missing == "raise":
        for at, why in reasons.items():
            for name, rule in why:
                reader._problem(
                    at, name, "", rule, f"{_FILL}, {_DROP}" if "not known" in rule else f"Correct it, {_DROP}"
                )
    reader.raise_problems()
    if not fine.any():
        why = "; ".join(dict.fromkeys(rule for whys in reasons.values() for _, rule in whys))
        raise ValueError(f"no row has an effect: {why}")
    table = _table(reader, about, yi, vi)
    told = [list(dict.fromkeys(rule for _, rule in reasons[at])) for at in np.flatnonzero(~fine)]
    left_out = table[~fine].drop(columns=["yi", "vi", "status", "flags"]).reset_index(drop=True)
    # A column of that name is in the table of effects.
    left_out = left_out.drop(columns="reason", errors="ignore")
    left_out.insert(2, "reason", pd.Series(["; ".join(each) for each in told], dtype=object))
    lines = [(reader.who["study"][at], *line) for at, *line in sorted(reader.lines, key=lambda one: one[0]) if fine[at]]
    derivations = pd.DataFrame(reader.of_all + lines, columns=["study", "arm", "quantity", "value", "rule"]).astype(
        {"value": float}
    )
    unit = reader.unit or reader.options.measure.unit
    return WideEffects(table[fine].reset_index(drop=True), derivations, left_out, unit, reader.frame.index[fine])


def _table(reader, about, yi, vi):
    """A row for each row of the table: who, effect, numbers by the names of their arguments, all other columns."""
    who = {name: x for name, x in reader.who.items() if name != "blank"}
    table = pd.DataFrame({name: who[name] for name in ("study", "label", "cluster", "year") if name in who})
    table["yi"], table["vi"] = yi, vi
    table["status"] = np.where(reader.derived, "recovered", "as printed")
    table["flags"] = pd.Series([tuple(flags) for flags in reader.flags], dtype=object)
    for name, x in reader.extra.items():
        table[name] = x
    order = {name: at for at, name in enumerate(SHAPES[reader.shape].columns)}
    for name, x in sorted(reader.values.items(), key=lambda one: order.get(one[0], len(order))):
        if name not in table:
            whole = name.split("_")[0] in ("n", "events") and (np.mod(x, 1) == 0).all()
            table[name] = x.astype(int) if whole else x
    others = _others(reader, about)
    for name in [name for name in others if name in table]:
        new = f"{name}_given"
        while new in others:
            new += "_given"
        others = others.rename(columns={name: new})
    return pd.concat([table, others], axis=1)


def _others(reader, about):
    """The columns that nobody named."""
    used = reader.used | {column for name, given in about.items() if (column := given or name) and name in reader.who}
    others = reader.frame.drop(columns=[name for name in used if name in reader.frame]).reset_index(drop=True)
    return others.apply(_without_unseen) if len(others.columns) else others


def trials_from_wide(
    df: pd.DataFrame,
    *,
    study: str | None = None,
    label: str | None = None,
    year: str | None = None,
    arms: tuple[str, str] = ("treatment", "placebo"),
    benefit: Benefit | None = None,
    outcome_name: str = "",
    outcome: Score = "final",
    correlation: float | str | None = None,
    level: float = 95.0,
    **columns: str | float | tuple[str, str],
) -> pd.DataFrame:
    """Return the arms of trials, a row each, from a table with one row a study.

    What needs both arms of a trial (:func:`analysis.pool_arms`, :func:`analysis.arms_forest`, the contextual share)
    works on any trials of two arms in this way. Columns are named as for :func:`analysis.effect_sizes`; a column that
    bears the name of the argument needs none.

    Parameters
    ----------
    df : pandas.DataFrame
        One row a study.
    study, label, year : str, optional
        The columns that hold them. Without a study, the rows are named by label or index.
    arms : (str, str), optional
        What the two arms are called; effects and figures name them so.
    benefit : {"lower", "higher"}, optional
        What is good for patients, kept in `attrs` for the effects of these trials. Left out, nobody knows, and no
        figure points to it.
    outcome_name : str, optional
        What was measured or counted, such as "function" or "infections", kept in `attrs` for sentences and figures.
    outcome : {"final", "change"}, optional
        What `mean_t` and `mean_p` are: scores at the end, or changes since the baseline.
    correlation : float or str, optional
        Between baseline and final value of a person: a number, or the column that holds that of each study. Makes the
        SD of the change where none is there. Left out, this is for :func:`analysis.effect_sizes` to do.
    level : float, optional
        Level of intervals, in percent.
    **columns : str, float or (str, str)
        The column that holds a number, a number for all rows, or the columns of both limits of an interval. The Notes
        have their names.

    Returns
    -------
    pandas.DataFrame
        Two rows a study, as :func:`analysis.read_trials` gives them. `recovered` says how a number was found that the
        table does not hold as it stands. Of columns that nobody named, those that bear the name of a column of the
        trials, such as `therapy` or `week`, are that column; all others come along with `x_` before their name.
        `x_benefit` is what is good, for what loses `attrs`: a merge, a file. `x_from_row` is the row of `df`, counted
        as in a spreadsheet with one heading, which :func:`analysis.provenance` names.

    Raises
    ------
    ValueError
        For an unknown option, a column that is not there, or where people or the ends of the scale are missing.
    TypeError
        For an unknown argument, with the one that was meant.
    TrialDataError
        Listing every number that cannot be, with row, study and column of the table given.

    See Also
    --------
    analysis.read_trials : Reads a table with one row an arm.
    analysis.effect_sizes : Makes effects of either table.
    analysis.pool_arms : Pools both arms and the contrast.

    Notes
    -----
    ==============  ==========================================================================================
    each arm        mean_t sd_t n_t; for an SD: se_t, ci_t=(low, high), q1_t median_t q3_t, min_t max_t
    before, after   baseline_mean_t baseline_sd_t final_mean_t final_sd_t change_mean_t change_sd_t n_t
    counts          events_t n_t
    the other arm   the same with _p
    scale           scale_min scale_max, which means need
    ==============  ==========================================================================================

    Mean differences of these trials are those of ``effect_sizes(df, ...)`` with the same arguments, in points on 0-10
    [1]_. Two things can be done with arms only: a trial that prints no spread borrows one, and a column `design` that
    says "crossover" makes the variance that of pairs.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2:
       how means and SDs are found that are not printed.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis import arms_forest, effect_sizes, pool_arms
    >>> df = pd.DataFrame(
    ...     {
    ...         "Trial": ["Ann 2014", "Bo 2017", "Cy 2020"],
    ...         "before L": [6.1, 5.8, 6.4], "sd before L": [1.2, 1.3, 1.1],
    ...         "after L": [3.2, 3.6, 3.0], "sd after L": [1.6, 1.5, 1.7], "n L": [24, 31, 20],
    ...         "before S": [6.0, 5.9, 6.3], "sd before S": [1.3, 1.2, 1.2],
    ...         "after S": [4.4, 4.5, 4.6], "sd after S": [1.7, 1.6, 1.5], "n S": [23, 30, 21],
    ...     }
    ... )
    >>> laser = {"baseline_mean_t": "before L", "baseline_sd_t": "sd before L", "final_mean_t": "after L"}
    >>> sham = {"baseline_mean_p": "before S", "baseline_sd_p": "sd before S", "final_mean_p": "after S"}
    >>> more = {"final_sd_t": "sd after L", "n_t": "n L", "final_sd_p": "sd after S", "n_p": "n S"}
    >>> trials = trials_from_wide(
    ...     df, study="Trial", arms=("laser", "sham"), scale_min=0, scale_max=10, **laser, **sham, **more
    ... )
    >>> trials[["study", "arm", "arm_label", "n", "final_mean"]].head(2).values.tolist()
    [['Ann 2014', 'treatment', 'laser', 24, 3.2], ['Ann 2014', 'placebo', 'sham', 23, 4.4]]
    >>> effects = effect_sizes(trials)
    >>> effects.arms, effects.yi.round(1).tolist()
    (('laser', 'sham'), [-1.3, -0.8, -1.7])
    >>> fig = arms_forest(pool_arms(effects))
    """
    about = {"study": study, "label": label, "year": year}
    known = SHAPES["two arms"].columns
    _check.keywords("trials_from_wide", columns, known)
    check_sides(benefit, arms, outcome_name)
    _check.option("outcome", outcome, SCORES)
    asked = {"measure": "MD", "outcome": outcome, "correlation": correlation, "missing": "raise"}
    reader = _opened(df, about, wide_options(asked | {"arms": tuple(arms), "level": level, "log": None}))
    reader.take("two arms", columns)
    _need_for_arms(reader, outcome)
    reader.refuse_one_for_two()
    reader.refuse_totals()
    for arm, called in zip(_BOTH, arms, strict=True):
        _fill_arm(reader, arm, called)
        _fill_change(reader, arm, called)
    others = _others(reader, about)
    named = {
        name: reader.who[source]
        for name, source in (("author", "label"), ("year", "year"))
        if about[source] or source in df
    }
    each = [_arm_rows(reader, others, named, *arm) for arm in zip(_BOTH, _ROLES, arms, strict=True)]
    # Both arms of a study stand below each other.
    rows = pd.concat(each).sort_index(kind="stable").reset_index(drop=True)
    reader.raise_problems()
    allow = {name: others[name].dropna().astype(str).unique() for name in TRIALS.widened if name in others}
    try:
        trials = read_trials(rows, allow=allow)
    except TrialDataError as error:
        raise _refused(df, _in_the_table(error.problems, reader)) from None
    own = others.drop(columns=[name for name in others if name in _ABOUT])
    own.columns = [name if str(name).startswith("x_") else f"x_{name}" for name in own.columns]
    trials = pd.concat([trials, own.iloc[np.arange(len(trials)) // 2].set_axis(trials.index)], axis=1)
    at = df.index if df.index.name == "row" else np.arange(2, len(df) + 2)
    trials = trials.assign(x_benefit=benefit or "not said", **{FROM_ROW: np.repeat(at, 2)})
    about = {"outcome_name": outcome_name, "benefit": benefit}
    # Beside scores, events are those who responded.
    counted_only = trials[["final_mean", "change_mean"]].isna().all(axis=None)
    trials.attrs = about | {"noun": noun_of(df, study)} | ({"events": about} if counted_only else {})
    return trials


def _need_for_arms(reader, outcome):
    """Refuse a table that lacks what trials need, holds one score twice, or one study in two rows."""
    values = reader.values
    if absent := [f"n{arm}" for arm in _BOTH if f"n{arm}" not in values]:
        raise ValueError(
            f"{', '.join(absent)}: no such column, and no argument names one; name the people in each arm, as in "
            f"{absent[0]}='name'"
        )
    for part in ("mean", "sd"):
        if twice := [f"{part}{arm}" for arm in _BOTH if {f"{part}{arm}", f"{outcome}_{part}{arm}"} <= set(values)]:
            raise ValueError(
                f"{twice[0]} and {outcome}_{twice[0]} are both given, and outcome={outcome!r} makes one of them: leave "
                "one out, or choose the other outcome"
            )
    scored = [name for name in values if "mean" in name or "median" in name]
    if scored and (absent := [name for name in _SCALE if name not in values]):
        raise ValueError(
            f"{', '.join(absent)}: no such column, and no argument names one; means are brought to 0-10: give the ends "
            "of the scale, as in scale_min=0, scale_max=10. effect_sizes(df, ...) pools them in their own unit"
        )
    keys = [
        reader.who["study"],
        *(reader.frame[name].astype(str).array for name in ("week", "timepoint") if name in reader.frame),
    ]
    again = pd.DataFrame(dict(enumerate(keys))).duplicated(keep=False)
    for at in np.flatnonzero(again):
        rule = "this study stands in several rows"
        reader._problem(at, "study", "", rule, "Name the comparisons apart, or add a column 'week' or 'timepoint'.")


def _fill_change(reader, arm, called):
    """Find the SD of the change by a correlation that is given, where both scores have one."""
    if "correlation" not in reader.values:
        return
    final = "final" if f"final_sd{arm}" in reader.values else ""
    if not final and reader.options.outcome == "change":
        return
    r = reader.get("correlation")
    after = reader.get(f"{final}_sd{arm}" if final else f"sd{arm}")
    found = effects.change_sd(reader.get(f"baseline_sd{arm}"), after, r)
    known = np.isnan(reader.get(f"change_sd{arm}")) & ~np.isnan(found)
    reader.values[f"change_sd{arm}"] = np.where(known, found, reader.get(f"change_sd{arm}"))
    for at in np.flatnonzero(known):
        rule = f"{FROM_BOTH}, correlation {r[at]:g}{ASSUMED if reader.assumed else ''}"
        reader.lines.append((int(at), called, "change_sd", found[at], rule))


def _arm_rows(reader, others, about, arm, role, called):
    """One arm of each study, in the columns of the trials; what it prints stays as it is printed."""
    outcome, values = reader.options.outcome, reader.values
    rows = others[[name for name in others if name in _ABOUT]]
    rows = rows.assign(study=reader.who["study"], arm=role, arm_label=called, **about)
    numbers = ("n", "events", *_SCORES)
    rows = rows.assign(**{name: values[f"{name}{arm}"] for name in numbers if f"{name}{arm}" in values})
    rows = rows.assign(**{name: values[name] for name in _SCALE if name in values})
    for name in ("mean", "sd", "se", "ci_low", "ci_high"):
        source = f"ci{arm}{name[2:]}" if name.startswith("ci") else f"{name}{arm}"
        if source in values:
            rows[f"{outcome}_{name}"] = values[source]
    if f"{outcome}_ci_low" in rows:
        rows["ci_level"] = np.where(rows[f"{outcome}_ci_low"].isna(), np.nan, reader.options.level)
    told = [""] * reader.k
    for at, whose, quantity, _, rule in reader.lines:
        if whose != called:
            continue
        if rule in (FROM_SE, FROM_CI):
            # The SE or the interval itself stands in the row.
            rows.loc[at, f"{outcome}_sd"] = np.nan
            continue
        name = {"SD": f"{outcome}_sd", "mean": f"{outcome}_mean"}.get(quantity, quantity)
        told[at] += f"{'; ' if told[at] else ''}{name}: {rule}"
    return rows.assign(recovered=told)


def _in_the_table(problems, reader):
    """The problems of the arms, by the rows and the columns of the table with one row a study."""
    outcome, found = reader.options.outcome, []
    for problem in problems.itertuples(index=False):
        at, second = divmod(int(problem.row) - 2, 2)
        arm = _BOTH[second]
        plain = f"{problem.column.removeprefix(f'{outcome}_')}{arm}"
        plain = plain.replace(f"ci_low{arm}", f"ci{arm}_low").replace(f"ci_high{arm}", f"ci{arm}_high")
        name = next((x for x in (f"{problem.column}{arm}", plain) if x in reader.source), problem.column)
        source = reader.source.get(name, name)
        column = source if source == name else f"{source} ({name})"
        found.append((at + 2, problem.study, column, problem.value, problem.rule, problem.remedy))
    return list(dict.fromkeys(found))


def row_given(record: dict[str, Any], row: int) -> int:
    """Return the row of an arm in the table with one row a study that the trials were made of, or else its own.

    Parameters
    ----------
    record : dict
        The cells of the arm.
    row : int
        Its row in the trials.

    Returns
    -------
    int
    """
    given = pd.to_numeric(record.get(FROM_ROW), errors="coerce")
    return row if pd.isna(given) else int(given)
