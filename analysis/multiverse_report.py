"""What a multiverse says, in words."""

from analysis import text
from analysis.multiverse_data import EXCLUDE, INCLUDE
from analysis.universes import choice_effects

#: The choices in words.
WORDS = {
    "outcome": "change or final scores",
    "correlation": "the correlation between baseline and final pain",
    "crossover_correlation": "the correlation between crossover periods",
    "missing_sd": "the rule for missing SDs",
    "doubtful": "doubtful trials",
    "second_hand": "second-hand trials",
    "single_session": "single-session trials",
    "contrast_rows": "trials known by their difference only",
    "tau2_method": "the tau² estimator",
    "ci_method": "the kind of interval",
}
_NAMED = 3  # choices on which the conclusion turns


def multiverse_findings(frame, *, unit="points on 0–10", digits=2):
    """Return in words what a multiverse shows.

    Parameters
    ----------
    frame : pandas.DataFrame
        From :func:`analysis.multiverse`, whole or some of its rows.
    unit : str
        Unit of the estimates.
    digits : int
        Decimals of the estimates.

    Returns
    -------
    str
        The number of analyses, in how many the interval excludes zero and on which side, range and median of the
        estimate, the choice that moves it most, and the choices on which the conclusion depends.

    Raises
    ------
    ValueError
        As for :func:`analysis.choice_effects`.

    Examples
    --------
    >>> from analysis import read_trials
    >>> from analysis.universes import multiverse
    >>> frame = multiverse(read_trials("data/trials.csv"), crossover_correlation=0.5, ci_method="z")
    >>> print(multiverse_findings(frame).partition(".")[0])
    2 560 combinations of choices give 1 712 different analyses, of 21 to 44 trials
    """
    moved = choice_effects(frame)
    once = frame.drop_duplicates("analysis")
    sentences = [_count_sentence(frame, once), _zero_sentence(once), _range_sentence(once, unit, digits)]
    return " ".join([*sentences, *_choice_sentences(moved, digits), _CAUTION])


_CAUTION = "The analyses share their trials and are not independent: these shares are no probabilities."


def _count_sentence(frame, once):
    rows, n = (text.number(len(x), 0) for x in (frame, once))
    low, high = once["k"].min(), once["k"].max()
    noun = "analyses" if len(once) > 1 else "analysis"
    trials = text.counted(high) if low == high else f"{text.number(low, 0)} to {text.counted(high)}"
    if len(frame) == len(once):
        return f"{n} {noun} of {trials}."
    return f"{rows} combinations of choices give {n} different {noun}, of {trials}."


def _zero_sentence(once):
    n, out = len(once), once[once["excludes_zero"]]
    start = f"The {text.level(once['confidence_level'].iat[0])} interval excludes zero in"
    if not len(out):
        return f"{start} none of them."
    less, more = (out["estimate"] < 0).sum(), (out["estimate"] > 0).sum()
    many = "all" if len(out) == n else f"{text.number(len(out), 0)} ({_share(len(out) / n)})"
    less_pain, more_pain = "less pain with treatment", "more pain with treatment"
    if not less or not more:
        return f"{start} {many} of them, on the side of {less_pain if less else more_pain}."
    sides = f"{text.number(less, 0)} on the side of {less_pain}, {text.number(more, 0)} on that of {more_pain}"
    return f"{start} {many} of them: {sides}."


def _range_sentence(once, unit, digits):
    low, middle, high = (text.number(once["estimate"].quantile(q), digits) for q in (0, 0.5, 1))
    if len(once) == 1:
        return f"The pooled difference is {middle} {unit}."
    return f"The pooled difference runs from {low} to {high} {unit}, with a median of {middle}."


def _choice_sentences(moved, digits):
    """The choice with the largest shift, and those on which the conclusion depends."""
    if not (moved["shift"] > 0).any():
        return ["No single choice moves it."] if len(moved) else []
    name = moved["choice"].iat[0]
    options = moved[moved["choice"] == name].sort_values("mean_estimate")
    low, high = options.iloc[0], options.iloc[-1]
    means = (f"{text.number(x['mean_estimate'], digits)} with {_option(x['option'])}" for x in (low, high))
    shift = text.number(low["shift"], digits)
    first = f"The choice that moves it most is {WORDS[name]}: on average {' and '.join(means)}, a shift of {shift}."
    flips = moved.drop_duplicates("choice").sort_values("flips", ascending=False, kind="stable")
    flips = flips[flips["flips"] > 0]
    if not len(flips):
        return [first, "No single choice changes the conclusion on zero."]
    named = [f"{WORDS[line.choice]} ({_share(line.flips)})" for line in flips.head(_NAMED).itertuples()]
    more = len(flips) - len(named)
    rest = f", less often on {more} other choice{'s' if more > 1 else ''}" if more else ""
    turns = "In the share of all-else-equal comparisons given, the conclusion on zero turns on"
    return [first, f"{turns} {', '.join(named)}{rest}."]


def _option(option):
    if option in (INCLUDE, EXCLUDE):
        return f"them {option}d"
    return text.number(option, 1) if isinstance(option, float) else f'"{option}"'


def _share(share):
    """A percentage that never rounds to none or all."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else text.percent(share)
