"""The data dictionary: the columns of a trials table, the words they may hold, and the rules they must keep.

``data/README.md`` explains the columns to a reader. The rules are a pandera schema made from the same lists, one line a
rule; every check carries three texts: the column it speaks of, the rule, and what to do about it, and
:func:`analysis.read_trials` turns failures into a :class:`analysis.TrialDataError`. The tables beside the trials
(reported contrasts, claims, thresholds, published results, judgements and facts on bias, correlations) have their
columns and rules here too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas as pa

from analysis._check import MOST_PEOPLE
from analysis._types import Floats

if TYPE_CHECKING:
    import pandera.pandas

_THERAPIES = (
    "Near-infrared light",
    "Low-level laser",
    "Laser acupuncture",
    "Static magnet",
    "Pulsed electromagnetic field",
    "Transcranial magnetic stimulation",
    "TENS",
    "Transcranial current",
    "Ultrasound",
    "Shock wave",
    "Acupuncture",
    "Electroacupuncture",
    "Other physical",
)

_CONDITION_GROUPS = (
    "Low back",
    "Neck",
    "Knee osteoarthritis",
    "Neuropathic",
    "Fibromyalgia",
    "Headache",
    "Menstrual",
    "Shoulder",
    "Other",
)

#: Closed vocabularies, in the order in which they are shown. A blank is allowed only where REQUIRED says so.
VOCABULARY = {
    "therapy": _THERAPIES,
    "therapy_family": ("Light", "Magnetic field", "Electrical", "Mechanical", "Needle"),
    "condition_group": _CONDITION_GROUPS,
    "pain_type": ("chronic", "acute", "recurrent"),
    "design": ("parallel", "crossover"),
    "control": ("sham", "placebo", "weak dose", "other"),
    "timepoint": ("during treatment", "end of treatment", "follow-up", "single session"),
    "primary": ("yes", "no"),
    "arm": ("treatment", "placebo", "active", "no treatment", "usual care"),
    "n_basis": ("read", "inferred", "assumed"),
    "selected": ("yes", "no"),
    "certainty": ("clear", "derived", "doubtful", "second-hand"),
}
MEANS = ("baseline_mean", "final_mean", "change_mean")
SPREADS = ("baseline_sd", "baseline_se", "final_sd", "final_se", "change_sd", "change_se")
LIMITS = ("final_ci_low", "final_ci_high", "change_ci_low", "change_ci_high")
#: What an arm received, in numbers; the unit of `dose` is free text.
DOSES = ("dose", "dose_unit", "sessions", "session_minutes")
_INTEGERS = ("year", "n", "events", "sessions")
_NUMBERS = (*_INTEGERS, "dose", "session_minutes")
_NUMBERS += ("scale_min", "scale_max", "week", "ci_level", *MEANS, *SPREADS, *LIMITS)

#: Columns that must be there and filled in every row: what statistics needs, but for means and counts.
REQUIRED = "study arm n".split()

#: Every column of the data dictionary, in file order; those not REQUIRED may be missing or blank.
COLUMNS = (
    "study author year title doi pmid therapy therapy_family therapy_detail dose dose_unit sessions session_minutes "
    "condition condition_group pain_type design control scale scale_min scale_max week timepoint primary arm arm_label "
    "n n_basis baseline_mean baseline_sd baseline_se final_mean final_sd final_se final_ci_low final_ci_high "
    "change_mean change_sd change_se change_ci_low change_ci_high ci_level recovered events event_definition "
    "p_between selected certainty source locator note"
).split()
# Of `recovered`: a mean or an SD, and how it was found.
_ENTRY = r"(baseline|final|change)_(mean|sd): [^;]+"
_ENTRIES = rf"{_ENTRY}(; {_ENTRY})*"
_CONSTANT = ("author", "year", "therapy", "therapy_family", "condition_group", "design", "control")
_AT_ONE_TIME = ("scale", "scale_min", "scale_max")
PERCENT_CHANGE = "percent change"

#: Bands of the time point of an effect, by `week` (from the start of treatment) and `timepoint`.
WEEK_BANDS = ("single session", "up to 4 weeks", "over 4 to 12 weeks", "over 12 weeks")

# pandera keeps one text for a check: this sign, which no text holds, parts column, rule and remedy.
SEPARATOR = "\x1f"

#: The rule of a word that no closed list holds.
UNLISTED = "is not in the closed list"
_OWN_ARMS = " Whatever stood for a placebo is one; what your readers are to see instead stands in arm_label."

# Of the scale, between a printed change and final minus baseline: adjusted means may differ a little.
_LARGEST_GAP = 0.1

# Of the scale, or of 1 where it has no ends: scores of people who differ at all spread further, and the square of
# what is smaller still is 0.
SMALLEST_SPREAD = 1e-6

# From where to where a number can be, by its column in any table; what catches a slip of typing, and no judgement of
# what is plausible. Other numbers are on scales that nobody knows here.
BOUNDS = {
    "year": (1900, 2100),
    **dict.fromkeys(("week", "weeks"), (0, 5000)),
    "ci_level": (50, 99.99),
    **dict.fromkeys(("n", "n_treatment", "n_placebo", "k"), (1, MOST_PEOPLE)),
    "events": (0, MOST_PEOPLE),
    "dose": (0, 1e12),
    "sessions": (1, 100_000),
    "session_minutes": (0, 1_000_000),
    "i2": (0, 100),
    "r": (-1, 1),
}
_ON_ANY_SCALE = (-1e12, 1e12)
_POSITIVE = (*SPREADS, "se", "sd_baseline", "sd_final", "sd_change", "session_minutes")


def same_time(trials: pd.DataFrame) -> pd.Series:
    """Number the rows by time point of a trial: study, week, timepoint (a blank is a value)."""
    points = trials["study"], trials["week"].fillna(-1.0), trials["timepoint"].fillna("")
    return pd.Series(numbered(*points), index=trials.index)


def numbered(*columns: pd.Series) -> np.ndarray[Any, np.dtype[np.int_]]:
    """Number the rows by what stands in the columns, in the order in which it first appears."""
    numbers = np.zeros(len(columns[0]), dtype=int)
    for column in columns:
        own, distinct = pd.factorize(column, use_na_sentinel=False)
        numbers = pd.factorize(numbers * len(distinct) + own)[0]
    return numbers


def how_recovered(text: Any, column: str) -> str:
    """Return what a cell of `recovered` says of the number in a column; "" where that stands as it is printed."""
    found = re.search(rf"(?:^|; ){column}: ([^;]+)", text) if isinstance(text, str) else None
    return found[1] if found else ""


def _rule(column, rule, remedy, test):
    """Return a check of whole rows; ``test`` maps the table to one boolean a row, True where the row is fine."""
    # Blanks are not left out: whether a cell may be blank beside others is what many rules are about.
    return pa.Check(test, error=_says(column, rule, remedy), ignore_na=False)


def _says(column, rule, remedy):
    return SEPARATOR.join((column, rule, remedy))


def _both_ends():
    return _rule(
        "scale_min",
        "scale_min and scale_max come together, the lower first",
        "Type both ends of the scale.",
        lambda t: (t["scale_min"].isna() & t["scale_max"].isna()) | (t["scale_min"] < t["scale_max"]),
    )


def _both_limits(low, high):
    return _rule(low, "both limits are needed", "Fill both or none.", lambda t: t[low].isna() == t[high].isna())


def _inside_scale(column):
    def test(t):
        return t[column].isna() | t["scale_max"].isna() | t[column].between(t["scale_min"], t["scale_max"])

    return _rule(column, "must lie within the scale", "Check the value and scale_min, scale_max.", test)


def _scale_width(t):
    return t["scale_max"] - t["scale_min"]


def too_wide(sd: Floats, mean: Floats, n: Floats, low: Floats, high: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which SDs exceed the largest on a bounded scale, sqrt((mean - low)(high - mean) n/(n - 1))."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        largest = np.sqrt(np.maximum((mean - low) * (high - mean), 0) * n / (n - 1))
    # People who are all at one end of the scale or the other reach the bound exactly: the margin is for rounding.
    return sd > largest * (1 + 1e-9)


def _possible_spread(score, kind):
    """An SD must be possible on its scale; an SE times sqrt(n) is one."""

    def test(t):
        names = ("scale_min", "scale_max", f"{score}_mean", f"{score}_{kind}", "n")
        low, high, mean, spread, n = (t[name].to_numpy(dtype=float) for name in names)
        if score == "change":
            low, high = low - high, high - low
        with np.errstate(invalid="ignore"):
            sd = spread * (np.sqrt(n) if kind == "se" else 1.0)
        return pd.Series(~too_wide(sd, mean, n, low, high), t.index)

    rule = f"is larger than any {kind.upper()} possible with this mean, n and scale"
    return _rule(f"{score}_{kind}", rule, "Check whether it is an SD or an SE, and the scale ends.", test)


def _not_too_small(column, spread):
    def test(t):
        size = spread(t)
        return ~((size > 0) & (size < SMALLEST_SPREAD * _scale_width(t).fillna(1.0)))

    rule = f"is less than {SMALLEST_SPREAD:g} of the scale, too little to be a spread"
    return _rule(column, rule, "Check the unit; leave it blank if it is not printed.", test)


def _some_width(low, high):
    return (
        _both_limits(low, high),
        _rule(
            high,
            "the interval has no width: both limits are the same",
            "Check the limits; leave both blank if they are not printed.",
            lambda t: ~(t[low] == t[high]),
        ),
    )


def _needs_level(low):
    return _rule(
        "ci_level", "an interval needs its level", "Type 95 or 90.", lambda t: t[low].isna() | t["ci_level"].notna()
    )


def _interval_of_score(score):
    low, high, mean = f"{score}_ci_low", f"{score}_ci_high", f"{score}_mean"
    return [
        *_some_width(low, high),
        _not_too_small(high, lambda t: t[high] - t[low]),
        _rule(
            low,
            "the interval must hold its mean",
            "Check the signs and the order of the limits.",
            lambda t: t[[low, mean, high]].isna().any(axis=1) | ((t[low] <= t[mean]) & (t[mean] <= t[high])),
        ),
        _rule(
            low,
            "an interval of one person tells no spread",
            "Check n; it must be 2 or more.",
            lambda t: t[[low, "n"]].isna().any(axis=1) | (t["n"] >= 2),
        ),
        _rule(
            mean,
            "is blank beside its interval",
            "Type the mean; the middle of the limits, if they are those of a mean.",
            lambda t: t[low].isna() | t[mean].notna(),
        ),
        _needs_level(low),
    ]


def _percent_change(t):
    percent = t["scale"].str.contains("percent|%", case=False, na=False, regex=True)
    return ~percent | ((t["scale"] == PERCENT_CHANGE) & t["scale_max"].isna())


def _groups(t, by_time):
    return same_time(t) if by_time else pd.Series(numbered(t["study"]), index=t.index)


def _per_trial(test, *, by_time=False):
    """Turn a test of rows and the numbers of their trials (or time points) into one that fails a trial's first row."""

    def first_row(t):
        groups = _groups(t, by_time)
        return test(t, groups) | groups.duplicated()

    return first_row


def _one_primary(t, groups):
    times = same_time(t).where(t["primary"] == "yes").groupby(groups).transform("nunique")
    no_points = (t["scale"] == PERCENT_CHANGE).groupby(groups).transform("all")
    return (times == 1) | ((times == 0) & no_points)


def _same_people(t, groups):
    parallel = (t["design"] != "crossover").groupby(groups).transform("any")
    return parallel | (t["n"].groupby(groups).transform("nunique") == 1)


def _one_to_compare_with(t, groups):
    placebo = (t["arm"] == "placebo").groupby(groups).transform("sum")
    return (placebo == 1) | ((placebo == 0) & (t["arm"] != "treatment").groupby(groups).transform("any"))


def _same_as_first(column, rule, remedy, *, by_time=False):
    def test(t):
        value = pd.Series(pd.factorize(t[column])[0], index=t.index)
        filled = value[value >= 0]
        first = filled.groupby(_groups(t, by_time)).transform("first")
        return filled.eq(first).reindex(t.index, fill_value=True)

    return _rule(column, rule, remedy, test)


def _in_each_row_of_a_trial(*columns):
    told = "differs from the first row of this trial", "Copy the same text into each row."
    return (_same_as_first(column, *told) for column in columns)


def _of_one_person(column):
    return _rule(
        column,
        "one person has no SD and no SE",
        "Check n; leave this blank if the arm is one person.",
        lambda t: t[column].isna() | (t["n"] != 1),
    )


def _row_rules():
    """What can be said of a row alone, so that it holds of any choice of rows."""
    return (
        _both_ends(),
        _rule(
            "scale_max",
            "means need the ends of their scale",
            "Type scale_min and scale_max.",
            lambda t: t[list(MEANS)].isna().all(axis=1) | (t["scale"] == PERCENT_CHANGE) | t["scale_max"].notna(),
        ),
        _rule(
            "scale",
            "a percent change has no ends and is written in one way",
            f"Type '{PERCENT_CHANGE}' and leave scale_min and scale_max blank; it is never pooled with points.",
            _percent_change,
        ),
        _rule(
            "change_mean",
            "is far from final minus baseline",
            "Check its sign (less pain is negative) and the three means.",
            lambda t: (
                ~((t["change_mean"] - (t["final_mean"] - t["baseline_mean"])).abs() > _LARGEST_GAP * _scale_width(t))
            ),
        ),
        _inside_scale("baseline_mean"),
        _inside_scale("final_mean"),
        _rule(
            "change_mean",
            "no change is larger than the scale",
            "Check the value and scale_min, scale_max.",
            lambda t: t["change_mean"].isna() | t["scale_max"].isna() | (t["change_mean"].abs() <= _scale_width(t)),
        ),
        _rule(
            "recovered",
            "names no mean or SD of the row",
            "Write 'final_sd: how it was found', with '; ' between two of them; blank if all stand as printed.",
            lambda t: t["recovered"].isna() | t["recovered"].str.fullmatch(_ENTRIES, na=True),
        ),
        *(_possible_spread(*name.split("_")) for name in SPREADS),
        *(_not_too_small(name, lambda t, name=name: t[name]) for name in SPREADS),
        *map(_of_one_person, SPREADS),
        *_interval_of_score("final"),
        *_interval_of_score("change"),
        _rule(
            "events",
            "no more responders than people",
            "Type the number of people, not the percentage.",
            lambda t: ~(t["events"] > t["n"]),
        ),
        _rule(
            "dose_unit",
            "a dose and its unit come together",
            "Type the unit as it is printed, such as J per point, the same in all rows that are to be compared; leave "
            "both blank if no dose is printed.",
            lambda t: t["dose"].isna() == t["dose_unit"].isna(),
        ),
        _rule(
            "dose",
            "is 0 in a treatment arm",
            "0 is the dose of a placebo; leave it blank if it is not printed.",
            lambda t: ~((t["arm"] == "treatment") & (t["dose"] == 0)),
        ),
    )


def _trial_rules():
    at_one_time = "differs between the arms of one time point", "Measure both arms on one scale: type the same."
    return (
        _rule(
            "arm_label",
            "a row stands once: same trial, time, arm and label",
            "Remove the copy, or label the arms apart.",
            lambda t: ~t.duplicated(["study", "week", "timepoint", "arm", "arm_label"], keep="first"),
        ),
        _rule(
            "primary",
            "each trial has one primary time point",
            "Type yes in every row of one time point, no in all others.",
            _per_trial(_one_primary),
        ),
        _rule(
            "primary",
            "the rows of one time point agree on primary",
            "Type the same in every arm of the time point.",
            _per_trial(
                lambda t, groups: t["primary"].fillna("").groupby(groups).transform("nunique") == 1, by_time=True
            ),
        ),
        _rule(
            "arm",
            "each time point has exactly one placebo arm, or none and another arm to compare with",
            "Enter it once, with the same week and timepoint as its treatment arm; call other controls active, no "
            "treatment or usual care.",
            _per_trial(_one_to_compare_with, by_time=True),
        ),
        _rule(
            "arm",
            "each time point has at least one treatment arm",
            "Add its row, with the same week and timepoint as the arm it is compared with.",
            _per_trial(lambda t, groups: (t["arm"] == "treatment").groupby(groups).transform("any"), by_time=True),
        ),
        _rule(
            "n",
            "both arms of a crossover trial are the same people",
            "Type the number who completed both periods in both rows.",
            _per_trial(_same_people, by_time=True),
        ),
        *_in_each_row_of_a_trial(*_CONSTANT),
        *(_same_as_first(column, *at_one_time, by_time=True) for column in _AT_ONE_TIME),
        _same_as_first(
            "selected",
            "differs between the arms of one time point",
            "Type the same in every arm of the time point.",
            by_time=True,
        ),
    )


def _interval_around(middle):
    return (
        *_some_width("ci_low", "ci_high"),
        _rule(
            "ci_low",
            f"the interval must hold its {middle}",
            "Check the signs and the order of the limits.",
            lambda t: ~((t["ci_low"] > t[middle]) | (t["ci_high"] < t[middle])),
        ),
    )


def _once(*columns):
    return _rule(
        columns[-1],
        f"a row stands once: same {', '.join(columns)}",
        "Remove the copy, or correct the one that differs.",
        lambda t: ~t.duplicated(list(columns), keep="first"),
    )


_NUMBER = r"[+-]?[0-9]+\.?[0-9]*"

# Between a printed SE and that of the printed interval by the normal quantile: t of few people and rounding may take a
# half, an SD or a variance in its place differs by more.
SE_GAP = 2


def _se_of_interval(t):
    levels = (level for level in t["ci_level"].unique() if 0 < level < 100)
    quantile = t["ci_level"].map({level: NormalDist().inv_cdf(0.5 + level / 200) for level in levels})
    ratio = (t["ci_high"] - t["ci_low"]) / (2 * quantile * t["se"])
    return ~((t["se"] > 0) & ((ratio > SE_GAP) | (ratio < 1 / SE_GAP)))


def _within_width(column, width):
    return _rule(
        column,
        "no difference, limit or standard error is larger than the scale",
        "Check the value and the ends of the scale.",
        lambda t: ~(t[column].abs() > width(t)),
    )


def _width_named(column):
    """The width of the scale that a column of texts names, such as 10 for "NRS 0-10"; NaN where it names none."""
    return lambda t: t[column].astype(object).str.extract(r"\b0-(10|100)\b")[0].astype(float)


def _number_or_words(column):
    """A column of texts that hold a number, words, or a number and words about it."""
    low, high = BOUNDS[column]

    def test(t):
        text = t[column].astype(object)
        number = text.str.extract(rf"^({_NUMBER})(?: .*)?$")[0].astype(float)
        words = text.isna() | text.str.match(r"[^0-9+.-]", na=False)
        return words | (number.between(low, high) & ((column != "n") | (number % 1 == 0)))

    rule = f"is no number from {low:.10g} to {high:.10g}, and no words"
    return _rule(column, rule, "Type a plain number; words may stand behind it or in its place.", test)


class TableLayout(NamedTuple):
    """What one kind of table holds: its columns in file order, those that must be filled, its numbers, its rules.

    `widened` are the columns whose closed vocabulary the reader's `allow` may widen: words of your own are compared and
    shown, and nothing turns on what they mean. `ranges` are columns of text that hold a number or a range of numbers.
    `wide` are headings by which a table with one row a study is known that the reader takes as well.
    """

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    key: str
    numbers: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()
    vocabulary: Mapping[str, Collection[str]] = {}
    rules: tuple[Any, ...] = ()
    widened: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()


def schema(layout: TableLayout) -> pandera.pandas.DataFrameSchema:
    """Return the pandera schema of a table whose numbers are numbers already.

    Parameters
    ----------
    layout : TableLayout
        Such as `TRIALS`; its vocabulary may be extended.

    Returns
    -------
    pandera.pandas.DataFrameSchema

    Examples
    --------
    >>> "n" in schema(TRIALS).columns
    True
    """
    columns = {name: pa.Column(checks=_cell_checks(name, layout), nullable=True) for name in layout.columns}
    return pa.DataFrameSchema(columns, checks=list(layout.rules))


def _cell_checks(name, layout):
    checks, of_trials = [], layout.name == "trials"
    if name in layout.vocabulary:
        allowed = list(layout.vocabulary[name])
        reader = f"read_{layout.name}(..., allow={{'{name}': [...]}})"
        own = f". {reader} admits further values." if name in layout.widened else "."
        own += _OWN_ARMS if of_trials and name == "arm" else ""
        remedy = f"Use one of: {', '.join(allowed)}{own}"
        checks.append(pa.Check(lambda x: x.isin(allowed), error=_says(name, UNLISTED, remedy)))
    if name in layout.integers:
        remedy = "Type the number of people or sessions, or the year, without decimals."
        text = _says(name, "is not a whole number", remedy)
        checks.append(pa.Check(lambda x: x % 1 == 0, error=text))
    if name in _POSITIVE:
        text = _says(name, "must be above zero", "Leave it blank if it is not printed.")
        checks.append(pa.Check(lambda x: x > 0, error=text))
    if name in layout.numbers:
        low, high = BOUNDS.get(name, _ON_ANY_SCALE)
        text = _says(name, f"must lie between {low:.10g} and {high:.10g}", "Check the value against the source.")
        checks.append(pa.Check(lambda x: x.between(low, high), error=text))
    return checks


TRIALS = TableLayout(
    "trials",
    tuple(COLUMNS),
    tuple(REQUIRED),
    "study",
    _NUMBERS,
    _INTEGERS,
    VOCABULARY,
    rules=(*_row_rules(), *_trial_rules()),
    widened=("therapy", "therapy_family", "condition_group", "pain_type", "control"),
)

#: What may have changed in a table that was checked: its numbers, row by row.
CHANGED_TRIALS = TRIALS._replace(columns=_NUMBERS, vocabulary={}, rules=_row_rules())

CONTRASTS = TableLayout(
    "contrasts",
    tuple(
        "study author year doi pmid therapy therapy_family condition condition_group scale scale_min scale_max week "
        "difference ci_low ci_high ci_level se n_treatment n_placebo selected certainty source locator note".split()
    ),
    ("study", "author", "year", "therapy", "therapy_family", "condition_group", "scale", "difference", "source"),
    "study",
    tuple("year scale_min scale_max week difference ci_low ci_high ci_level se n_treatment n_placebo".split()),
    ("year", "n_treatment", "n_placebo"),
    {name: VOCABULARY[name] for name in ("therapy", "therapy_family", "condition_group", "selected", "certainty")},
    rules=(
        *_interval_around("difference"),
        _needs_level("ci_low"),
        _both_ends(),
        _not_too_small("se", lambda t: t["se"]),
        _not_too_small("ci_high", lambda t: t["ci_high"] - t["ci_low"]),
        *(_within_width(name, _scale_width) for name in ("difference", "ci_low", "ci_high", "se")),
        _rule(
            "se",
            f"is not that of its interval, which gives another by more than a factor of {SE_GAP:g}",
            "Check whether it is an SE, an SD or a variance, and the level of the interval.",
            _se_of_interval,
        ),
        *_in_each_row_of_a_trial("author", "year", "therapy", "therapy_family", "condition_group"),
        _once("study", "scale", "condition", "week"),
    ),
    widened=("therapy", "therapy_family", "condition_group"),
)

#: What a file of notes beside a table may say of it: the words allowed, or any text; [events] is a part of its own.
_ABOUT_OUTCOME = {"outcome_name": str, "benefit": ("lower", "higher")}
NOTES: dict[str, Any] = _ABOUT_OUTCOME | {"note": str, "events": _ABOUT_OUTCOME}
#: What the events of a trials table are where nobody says otherwise.
RESPONDERS = {"outcome_name": "responders", "benefit": "higher"}

PAIN_UNITS = ("points", "percent change", "percent responders")
TIME_UNITS = ("weeks", "months")
DOSE_UNITS = ("mT", "T", "Hz")
_CLAIM_UNITS = (*PAIN_UNITS, *TIME_UNITS, *DOSE_UNITS)

# What a number of each kind of claim may be given in; a comparison may hold any, the kinds without a unit hold none.
_UNITS_OF_KIND = {
    "arm change": PAIN_UNITS[:2],
    "difference": PAIN_UNITS[:2],
    "responders": PAIN_UNITS[2:],
    "duration": TIME_UNITS,
    "schedule": TIME_UNITS,
    "dose": DOSE_UNITS,
    "comparison": _CLAIM_UNITS,
    "no number": (),
    "reliability": (),
    "onset": (),
}

# From where to where a number can be, points being those of 0-10; a difference may be as far below zero as above.
_POSSIBLE = {
    "points": (-10, 10),
    "percent change": (-100, np.inf),
    "percent responders": (0, 100),
    **dict.fromkeys((*TIME_UNITS, *DOSE_UNITS), (0, np.inf)),
}


def _claimed(t):
    """Return both ends of the value of each claim, which are one for a single number; NaN where it is none."""
    ends = t["value"].astype(object).str.extract(f"^({_NUMBER})(?:-({_NUMBER}))?$").astype(float)
    return ends[0], ends[1].fillna(ends[0])


def _possible_in_unit(t):
    low, high = (t["unit"].map({unit: ends[side] for unit, ends in _POSSIBLE.items()}) for side in (0, 1))
    low = low.where(t["arm"] != "difference", -high)
    return ~pd.concat([(end < low) | (end > high) for end in _claimed(t)], axis=1).any(axis=1)


def _no_share(t):
    share = pd.concat([(end != 0) & (end.abs() < 1) for end in _claimed(t)], axis=1).all(axis=1)
    return ~(share & t["unit"].isin(list(PAIN_UNITS[1:])))


def _one_sign(t):
    one, other = _claimed(t)
    return ~(one * other < 0)


def _kind_holds_unit(t):
    # A misspelt kind or unit is told by the closed lists.
    fine = t["value"].isna() | ~t["kind"].isin(list(_UNITS_OF_KIND)) | ~t["unit"].isin(list(_CLAIM_UNITS))
    for kind, units in _UNITS_OF_KIND.items():
        fine |= (t["kind"] == kind) & t["unit"].isin(units)
    return fine


def filled_claims(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims with a blank `kind` or `polarity` filled where other columns leave one answer only.

    Parameters
    ----------
    claims : pandas.DataFrame
        With the columns of the data dictionary; blank cells are missing.

    Returns
    -------
    pandas.DataFrame
        The kind follows from the unit of a number and the arm that changed, unless it counts weeks or months, which
        are a duration or a schedule; the polarity of a dose, a schedule or a placebo arm is "other".

    Examples
    --------
    >>> claims = pd.DataFrame({"unit": ["mT", "weeks"], "value": ["5", "2"]})
    >>> claims[["arm", "kind", "polarity"]] = None
    >>> filled_claims(claims)[["kind", "polarity"]].fillna("").values.tolist()
    [['dose', 'other'], ['', '']]
    """
    held, change = claims["value"].notna(), claims["unit"].isin(PAIN_UNITS[:2])
    between = claims["arm"] == "difference"
    told = {
        "dose": claims["unit"].isin(DOSE_UNITS),
        "responders": claims["unit"] == PAIN_UNITS[2],
        "difference": change & between,
        "arm change": change & ~between & claims["arm"].notna(),
    }
    kind, polarity = (claims[name].astype(object) for name in ("kind", "polarity"))
    for name, rows in told.items():
        kind = kind.mask(kind.isna() & held & rows, name)
    other = kind.isin(["dose", "schedule"]) | (claims["arm"] == "placebo")
    return claims.assign(kind=kind, polarity=polarity.mask(polarity.isna() & other, "other"))


_POLARITIES = ("relief", "no relief", "no evidence", "other")
_NUMBERS_FROM = ("article", "computed")


CLAIMS = TableLayout(
    "claims",
    tuple(
        "claim_id seed therapy therapy_family condition claim kind polarity value unit number_from arm comparator "
        "comparator_value n cited_as traced traced_to finding checkable_with".split()
    ),
    ("therapy", "condition", "claim"),
    "claim_id",
    ("comparator_value", "n"),
    ("n",),
    {
        "therapy": (*_THERAPIES, "MRI field", "Focused ultrasound under MRI"),
        "therapy_family": VOCABULARY["therapy_family"],
        "kind": tuple(_UNITS_OF_KIND),
        "polarity": _POLARITIES,
        "unit": _CLAIM_UNITS,
        "number_from": _NUMBERS_FROM,
        "arm": ("treatment", "placebo", "difference", "single-arm", "active comparator"),
        "traced": ("yes", "partly", "no"),
        "checkable_with": ("pooled contrast", "placebo arms", "responders", "single trial", "nothing found"),
    },
    rules=(
        _rule(
            "claim_id",
            "is blank",
            "Give each claim an id, or none of them: then they are called c1, c2 and so on.",
            lambda t: t["claim_id"].notna() | t["claim_id"].isna().all(),
        ),
        _rule(
            "claim_id",
            "stands twice",
            "Give each claim an id of its own.",
            lambda t: t["claim_id"].isna() | ~t.duplicated("claim_id"),
        ),
        _rule(
            "value",
            "is neither a number nor a range",
            "Type a number such as -3.9, or a range such as 2-3 or -4--3, without its unit, which stands in the column "
            "'unit'; blank where the claim has none.",
            lambda t: t["value"].isna() | t["value"].str.fullmatch(f"{_NUMBER}(-{_NUMBER})?", na=True),
        ),
        _rule(
            "value",
            "is a range whose lower end does not stand first",
            "Type 2-3 for 3-2, and -4--3 for -3--4.",
            lambda t: ~(_claimed(t)[0] > _claimed(t)[1]),
        ),
        _rule(
            "value",
            "is a range from below to above zero, which leaves open what is meant",
            "Both ends have a sign of their own: -4--3 is from three to four less.",
            _one_sign,
        ),
        _rule(
            "value",
            "is more or less than its unit can hold",
            "Check value and unit: "
            + "; ".join(
                f"{unit} {low} to {high}" if high < np.inf else f"{unit} {low} or more"
                for unit, (low, high) in _POSSIBLE.items()
            )
            + ".",
            _possible_in_unit,
        ),
        _rule(
            "comparator_value",
            "is more or less than the unit can hold",
            "Check it and the unit.",
            lambda t: _possible_in_unit(t.assign(value=t["comparator_value"].map("{:f}".format, na_action="ignore"))),
        ),
        _rule("value", "is a share, and its unit is percent", "Type 60 for 0.6, and -30 for -0.3.", _no_share),
        _rule(
            "unit",
            "a number needs its unit",
            f"Type one of: {', '.join(_CLAIM_UNITS)}.",
            lambda t: t["value"].isna() | t["unit"].notna(),
        ),
        _rule(
            "kind",
            "this kind of claim does not hold a number in this unit",
            "Kinds and their units: "
            + "; ".join(f"{kind}: {', '.join(units)}" for kind, units in _UNITS_OF_KIND.items() if units)
            + "; no number, reliability, onset: the value stays blank.",
            _kind_holds_unit,
        ),
        _rule(
            "kind",
            "is blank, and no other column tells it",
            f"Type one of: {', '.join(_UNITS_OF_KIND)}.",
            lambda t: filled_claims(t)["kind"].notna(),
        ),
        _rule(
            "polarity",
            "is blank, and no other column tells it",
            f"Type one of: {', '.join(_POLARITIES)}.",
            lambda t: filled_claims(t)["polarity"].notna(),
        ),
        _rule(
            "polarity",
            "what happened with placebo is no relief by the therapy",
            "Type other, or check whom the number is of.",
            lambda t: ~((t["arm"] == "placebo") & (t["polarity"] == "relief")),
        ),
        _rule(
            "number_from",
            "is blank, and no other column tells it",
            f"Type one of: {', '.join(_NUMBERS_FROM)}.",
            lambda t: t["value"].isna() | t["number_from"].notna(),
        ),
        _rule(
            "arm",
            "the kind 'difference' and the arm 'difference' come together",
            "A change within one arm is an 'arm change' of that arm.",
            lambda t: (
                ~(
                    ((t["kind"] == "difference") & (t["arm"] != "difference"))
                    | ((t["kind"] == "arm change") & (t["arm"] == "difference"))
                )
            ),
        ),
        _rule(
            "arm",
            "a number of one arm, and nobody says of which",
            "Type treatment or placebo; single-arm where nothing was compared.",
            lambda t: ~t["kind"].isin(["arm change", "responders"]) | t["value"].isna() | t["arm"].notna(),
        ),
        _rule(
            "number_from",
            "says where a number is from, and there is none",
            "Type the value, or leave both blank.",
            lambda t: t["number_from"].isna() | t["value"].notna(),
        ),
    ),
    widened=("therapy", "therapy_family"),
    ranges=("value",),
)

THRESHOLDS = TableLayout(
    "thresholds",
    tuple("source year doi pmid scale kind value_low value_high unit label note".split()),
    ("source", "year", "scale", "kind", "unit", "label"),
    "source",
    ("year", "value_low", "value_high"),
    ("year",),
    {"kind": ("within-patient", "between-group"), "unit": ("points", "mm", "percent of baseline")},
    rules=(
        _rule(
            "value_low",
            "a threshold is above zero, its lower end first",
            "Type how much less pain it takes as a positive number; equal ends for a single value.",
            lambda t: ~((t["value_low"] <= 0) | (t["value_high"] < t["value_low"])),
        ),
        *(
            _within_width(name, lambda t: _width_named("scale")(t).mask(t["unit"] == "percent of baseline", 100.0))
            for name in ("value_low", "value_high")
        ),
        _once("source", "year", "scale", "kind", "unit", "label", "value_low"),
    ),
)

BENCHMARKS = TableLayout(
    "benchmarks",
    tuple("review year doi pmid therapy condition measure estimate ci_low ci_high k n i2 sign note".split()),
    ("review", "year", "therapy", "condition", "measure", "estimate", "sign"),
    "review",
    ("year", "estimate", "ci_low", "ci_high", "k", "n", "i2"),
    ("year", "k", "n"),
    vocabulary={
        "sign": (
            *(f"{sign} favours {arm}" for sign in ("negative", "positive") for arm in ("treatment", "placebo")),
            *(f"{sign} means improvement" for sign in ("negative", "positive")),
            "share of the change in the treated arm that the placebo arm also shows",
        )
    },
    rules=(
        *_interval_around("estimate"),
        *(_within_width(name, _width_named("measure")) for name in ("estimate", "ci_low", "ci_high")),
        *(
            _rule(
                name,
                "a ratio is above zero",
                "Check the value; a logarithm is not a ratio.",
                lambda t, name=name: ~(t["measure"].str.match(r"(RR|OR|HR|IRR)\b", na=False) & (t[name] <= 0)),
            )
            for name in ("estimate", "ci_low", "ci_high")
        ),
        _rule("k", "no more trials than people", "Check k and n.", lambda t: ~(t["k"] > t["n"])),
    ),
)

#: What a tool may say of a domain, the least risk first; a tool that is not listed here may say anything.
JUDGEMENTS = {
    "RoB 2": ("low", "some concerns", "high", "no information"),
    "RoB 1": ("low", "unclear", "high"),
    "ROBINS-I": ("low", "moderate", "serious", "critical", "no information"),
    "PEDro": ("yes", "no"),
}
# A study is overall at the risk of its worst domain at least (Sterne et al. 2019, doi 10.1136/bmj.l4898, and 2016, doi
# 10.1136/bmj.i4919): of these judgements a domain that is worse than the whole study is an error.
_GRAVE = {"RoB 2": ("high",), "ROBINS-I": ("serious", "critical")}
#: The domains behind the headings D1, D2 and so on of a table with one row a study.
DOMAINS = {
    "RoB 2": (
        "randomisation process",
        "deviations from intended interventions",
        "missing outcome data",
        "measurement of the outcome",
        "selection of the reported result",
    ),
    "ROBINS-I": (
        "confounding",
        "selection of participants",
        "classification of interventions",
        "deviations from intended interventions",
        "missing data",
        "measurement of outcomes",
        "selection of the reported result",
    ),
}
#: Who judged, or what group a trial belongs to, where nobody says it.
NOT_STATED = "not stated"
#: What is said of a whole trial: a judgement, or the number of items that are met.
OVERALL, TOTAL = "overall", "total"
_PEDRO_ITEMS = 10


def tool_as_listed(name: str) -> str:
    """Return the name of a tool as it is listed, of one that is written in another way, such as ROB2."""
    plain = {re.sub(r"\W", "", each).lower(): each for each in JUDGEMENTS}
    return plain.get(re.sub(r"\W", "", name).lower(), name)


def _tool_as_listed(t):
    return t["tool"].isna() | (t["tool"] == t["tool"].map(tool_as_listed, na_action="ignore"))


def _judgement_of_tool(t):
    fine = t["judgement"].isna() | ~t["tool"].isin(list(JUDGEMENTS))
    for tool, words in JUDGEMENTS.items():
        fine |= (t["tool"] == tool) & t["judgement"].isin(words)
    counts = [str(count) for count in range(_PEDRO_ITEMS + 1)]
    return fine | ((t["tool"] == "PEDro") & (t["domain"] == TOTAL) & t["judgement"].isin(counts))


def _overall_of_domains(t):
    """Which domains are no worse than the study overall; of those below the grave judgements nobody is told."""
    fine, whole = pd.Series(True, index=t.index), t["domain"] == OVERALL
    keys = [t[name].fillna("") for name in ("study", "tool", "judged_by")]
    for tool, grave in _GRAVE.items():
        rank = t["judgement"].map({word: at for at, word in enumerate(JUDGEMENTS[tool]) if word != "no information"})
        overall = rank.where(whole).groupby(keys).transform("max")
        fine &= ~((t["tool"] == tool) & ~whole & t["judgement"].isin(grave) & (rank > overall))
    return fine


def _total_of_items(t):
    of_pedro, total = t["tool"] == "PEDro", t["domain"] == TOTAL
    keys = [t[name].fillna("") for name in ("study", "tool", "judged_by")]
    met, items = (
        (of_pedro & ~total & said).groupby(keys).transform("sum")
        for said in (t["judgement"] == "yes", t["judgement"].isin(["yes", "no"]))
    )
    return ~(of_pedro & total & (items == _PEDRO_ITEMS)) | (t["judgement"] == met.astype(int).astype(str))


RISK_OF_BIAS = TableLayout(
    "risk of bias",
    tuple("study tool domain judgement judged_by source locator certainty note".split()),
    ("study", "tool", "domain", "judgement", "judged_by"),
    "study",
    vocabulary={"certainty": VOCABULARY["certainty"]},
    rules=(
        _rule(
            "tool",
            "is a known tool, written in another way",
            f"Type it as one of: {', '.join(JUDGEMENTS)}.",
            _tool_as_listed,
        ),
        _rule(
            "judgement",
            "is not among the judgements of this tool",
            "Use those of the tool ("
            + "; ".join(f"{tool}: {', '.join(words)}" for tool, words in JUDGEMENTS.items())
            + f"; the domain {TOTAL} of PEDro: 0 to {_PEDRO_ITEMS}); never turn those of another tool into them.",
            _judgement_of_tool,
        ),
        _rule(
            "judgement",
            f"the {TOTAL} is not the number of items that are met",
            "Check the items and the total.",
            _total_of_items,
        ),
        _rule(
            "domain",
            "this is judged worse (high, serious or critical) than the study overall, which is as its worst domain",
            "Correct the domain, or the overall judgement.",
            _overall_of_domains,
        ),
        _once("study", "tool", "judged_by", "domain"),
    ),
    wide=("Study", "D1", "Overall"),
)

BIAS_FACTS = TableLayout(
    "facts on bias",
    tuple("study item finding source locator".split()),
    ("study", "item", "finding", "source"),
    "study",
    rules=(_once("study", "item", "finding"),),
)

_R_FROM = ("patient-level", "three SDs as printed", "three SEs as printed", "published mean of r")

# Between a correlation and the one that its three SDs give: as far as SDs that are rounded to one decimal may move it.
_CORRELATION_GAP = 0.1


def _follows_from_sds(t):
    before, after, change = (t[f"sd_{name}"] for name in ("baseline", "final", "change"))
    implied = (before**2 + after**2 - change**2) / (2 * before * after)
    return (t["r"].abs() > 1) | ~((t["r"].fillna(implied.clip(-1, 1)) - implied).abs() > _CORRELATION_GAP)


CORRELATIONS = TableLayout(
    "correlations",
    tuple(
        "source study scale population arm weeks n sd_baseline sd_final sd_change r r_from locator certainty "
        "note".split()
    ),
    ("source", "scale", "arm", "r_from"),
    "source",
    ("sd_baseline", "sd_final", "sd_change", "r"),
    vocabulary={"certainty": VOCABULARY["certainty"]},
    rules=(
        _number_or_words("n"),
        _number_or_words("weeks"),
        _rule(
            "r",
            "needs a correlation, or the three SDs that imply it",
            "Type r, or sd_baseline, sd_final and sd_change of the same people.",
            lambda t: t["r"].notna() | t[["sd_baseline", "sd_final", "sd_change"]].notna().all(axis=1),
        ),
        _rule(
            "r",
            "is not what the three SDs give",
            "r is (sd_baseline² + sd_final² - sd_change²) / (2 sd_baseline sd_final): check all four, and whether an "
            "SE stands for an SD.",
            _follows_from_sds,
        ),
        _rule(
            "r_from",
            "does not begin with where the correlation is from",
            f"Begin with one of: {', '.join(_R_FROM)}; what else is to be said follows after a comma.",
            lambda t: t["r_from"].isna() | t["r_from"].str.split(",").str[0].isin(list(_R_FROM)),
        ),
        _once("source", "scale", "population", "weeks", "arm"),
    ),
)
