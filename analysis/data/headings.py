"""Recognise a table with one row a study by its headings, and write the call that reads it.

What other programs call their columns, and the words that people use, stand in tables; a heading that none of them
explains is left alone. Nothing is read here: the call is for a person to check and to run.
"""

from __future__ import annotations

import re
from itertools import permutations
from typing import NamedTuple

import numpy as np
import pandas as pd

#: What can be made of a kind of row; the first is what a call asks for if nobody says.
MEASURES = {
    "means": ("MD", "SMD", "SMD1", "SMDH", "ROM"),
    "scores": ("MD", "SMD", "SMDH"),
    "counts": ("RR", "OR", "RD", "PETO"),
    "person-time": ("IRR",),
    "one mean": ("MN",),
    "changes": ("MC", "SMCC", "SMCRP", "ROMC"),
    "one count": ("PLO", "PR", "PFT"),
    "correlations": ("ZCOR", "COR"),
    "effects": ("",),
}


def _both(names: str, *headings: str) -> dict[str, str]:
    arguments = [f"{name}{arm}" for arm in ("_t", "_p") for name in names.split()]
    return dict(zip(arguments, headings, strict=True))


#: Headings of other programs, letter by letter, each with the argument that takes the column; a sum of columns is
#: written as one. metafor's are those of `escalc`, meta's those of its data sets, RevMan's those of its data package.
PROGRAMS = (
    ("means", _both("mean sd n", "m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")),
    ("counts", _both("events n", "ai", "n1i", "ci", "n2i")),
    ("counts", _both("events n", "ai", "ai + bi", "ci", "ci + di")),
    ("person-time", _both("events time", "x1i", "t1i", "x2i", "t2i")),
    (
        "changes",
        {"mean_post": "m1i", "sd_post": "sd1i", "mean_pre": "m2i", "sd_pre": "sd2i", "n": "ni", "correlation": "ri"},
    ),
    ("one mean", {"mean": "mi", "sd": "sdi", "n": "ni"}),
    ("one count", {"events": "xi", "n": "ni"}),
    ("correlations", {"r": "ri", "n": "ni"}),
    ("means", _both("mean sd n", "Me", "Se", "Ne", "Mc", "Sc", "Nc")),
    ("counts", _both("events n", "Ee", "Ne", "Ec", "Nc")),
    ("effects", {"yi": "yi", "vi": "vi"}),
    ("effects", {"yi": "yi", "se": "sei"}),
    ("effects", {"yi": "TE", "se": "seTE"}),
    ("effects", {"yi": "GIV Mean", "se": "GIV SE"}),
)
#: What RevMan made of the other columns, for a table that has none of them.
RESULTS = (("effects", {"yi": "Mean", "ci": ("CI start", "CI end")}),)

#: Words for what a number is; those of the second table count where no other of the first stands beside them.
QUANTITIES = {
    "mean": "mean average mw mittelwert",
    "sd": "sd stddev stdev std standardabweichung",
    "n": "n nobs",
    "events": "events event cases responders deaths died cured ereignisse",
    "se": "se sem stderr standardfehler",
    "median": "median",
    "q1": "q1",
    "q3": "q3",
    "min": "min minimum",
    "max": "max maximum",
    "low": "lower low lcl",
    "high": "upper high ucl",
    "time": "persontime personyears",
}
SIZES = "total size people patients participants number anzahl personen patienten".split()
_PHRASES = {
    "standard deviation": "sd",
    "std dev": "sd",
    "standard error": "se",
    "std error": "se",
    "std err": "se",
    "sample size": "n",
    "lower quartile": "q1",
    "upper quartile": "q3",
    "person years": "personyears",
    "person time": "persontime",
    "follow up": "followup",
    "end point": "endpoint",
}
TIMES = {
    "baseline": "baseline pre before initial vor vorher",
    "final": "final post after end endpoint followup nach nachher",
    "change": "change changes delta veränderung änderung",
}
TREATED = "t treatment treated treat trt tx intervention experimental exp e active verum 1".split()
CONTROL = (
    "p placebo plac pbo plazebo control controls ctrl ctl con c comparator comparison sham schein kontrolle 2 usual "
    "waiting waitlist untreated"
).split()
_FILLERS = "of the in for ci group arm arms gruppe score 95".split()
STUDY = (
    "study,study or subgroup,studie,study id,study name,trial,trial id,studlab,slab,name,author year,first author,"
    "author,autor,paper,publication,reference,ref"
)
YEAR = "year,study year,publication year,pub year,jahr"

#: Words for an effect, with its measure and whether it is a log; and for what tells its precision.
EFFECTS = {
    "effect": ("", None),
    "effect size": ("", None),
    "es": ("", None),
    "estimate": ("", None),
    "md": ("MD", None),
    "mean difference": ("MD", None),
    "smd": ("SMD", None),
    "hedges g": ("SMD", None),
    "g": ("SMD", None),
    "log or": ("OR", True),
    "logor": ("OR", True),
    "lnor": ("OR", True),
    "log rr": ("RR", True),
    "logrr": ("RR", True),
    "log hr": ("HR", True),
    "loghr": ("HR", True),
    "or": ("OR", False),
    "odds ratio": ("OR", False),
    "rr": ("RR", False),
    "risk ratio": ("RR", False),
    "hr": ("HR", False),
    "hazard ratio": ("HR", False),
}
SPREADS = {"vi": "vi variance var", "se": "se sei stderr"}
LIMITS = (
    "ci low,ci high",
    "ci lower,ci upper",
    "lower ci,upper ci",
    "lower,upper",
    "low,high",
    "lcl,ucl",
    "ll,ul",
    "lb,ub",
    "ci lb,ci ub",
    "lower limit,upper limit",
)

# How far from its middle an effect may lie in an interval of a difference: what is printed is rounded.
_LOPSIDED = 0.1
_WORD = re.compile(r"[qQ][13](?![0-9])|[^\W\d_]?[^\WA-ZÄÖÜ\d_]+|[A-ZÄÖÜ]+(?![a-zäöüß])|\d+")


class Recognised(NamedTuple):
    """What the headings of a table say: the kind of its rows, and the column for each argument.

    `missing` are arguments without a column, `arms` what the headings call the two arms.
    """

    kind: str
    arguments: dict[str, str | tuple[str, str]]
    missing: tuple[str, ...] = ()
    arms: tuple[str, str] | None = None
    measure: str = ""
    log: bool | None = None


def recognised(frame: pd.DataFrame) -> Recognised | None:
    """Return what the headings of a table with one row a study say, None where they say nothing.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table; columns without a value do not count.

    Returns
    -------
    Recognised or None

    Examples
    --------
    >>> table = pd.DataFrame({"n laser": [20], "mean laser": [3.1], "SD laser": [1.2]})
    >>> table = table.assign(**{"n sham": [21], "mean sham": [4.0], "SD sham": [1.3]})
    >>> found = recognised(table)
    >>> found.kind, found.arms, found.arguments["mean_t"], found.missing
    ('means', ('laser', 'sham'), 'mean laser', ())
    """
    if not frame.columns.is_unique:
        return None
    blank = frame.isna() | frame.astype(object).map(lambda cell: isinstance(cell, str) and not cell.strip())
    filled = [name for name in frame.columns if isinstance(name, str) and not blank[name].all()]
    ways = [*_of_programs(filled, PROGRAMS), _of_arms(filled), _of_effects(filled), *_of_programs(filled, RESULTS)]
    ways = [way for way in ways if way is not None and not _is_lopsided(frame, way)]
    complete = [way for way in ways if not way.missing]
    return next(iter([*complete, *ways]), None)


def of_program(frame: pd.DataFrame) -> Recognised | None:
    """Return what the headings of a table say, letter by letter, in a program that writes them; None of any other.

    Examples
    --------
    >>> of_program(pd.DataFrame({"TE": [0.1], "seTE": [0.2]})).arguments
    {'yi': 'TE', 'se': 'seTE'}
    """
    ways = _of_programs([name for name in frame.columns if isinstance(name, str)], PROGRAMS)
    return next((way for way in ways if not way.missing), None)


def call(
    frame: pd.DataFrame, found: Recognised, measure: str | None = None, *, arms_too: bool = False, name: str = "df"
) -> str:
    """Return the call that reads a table, on one line.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    found : Recognised
        What its headings say.
    measure : str, optional
        The one asked for, which is kept where the rows make it.
    arms_too : bool, optional
        Whether trials with their arms are wanted, where the table has a baseline and the ends of its scale.
    name : str, optional
        What the table is called.

    Returns
    -------
    str
        With "?" for what no heading tells.
    """
    words = {" ".join(_words(heading)): heading for heading in frame.columns if isinstance(heading, str)}
    about = {
        argument: next((words[each] for each in known.split(",") if each in words), None)
        for argument, known in (("study", STUDY), ("year", YEAR))
    }
    if about["study"] is None and "label" in words:
        about["label"] = words["label"]
    scale = {
        f"scale_{end}": words[each]
        for end in ("min", "max")
        for each in (f"scale {end}", f"skala {end}")
        if each in words
    }
    arguments = {key: heading for key, heading in about.items() if heading is not None} | dict(found.arguments)
    sums = {key: heading for key, heading in found.arguments.items() if isinstance(heading, str) and " + " in heading}
    if sums:
        name += ".assign(" + ", ".join(f"{key}={_sum(name, heading)}" for key, heading in sums.items()) + ")"
        arguments |= {key: key for key in sums}
    known = MEASURES[found.kind]
    code = measure if measure in known else found.measure or known[0]
    if code == "MD" and found.kind in ("means", "scores") and len(scale) == 2:
        arguments |= scale
    given = [f"{key}={heading!r}" for key, heading in arguments.items()] + [f"{key}=?" for key in found.missing]
    given += [f"arms={found.arms!r}"] if found.arms else []
    given += [f"log={found.log}"] if found.log is not None and "ci" in found.arguments else []
    if arms_too and len(scale) == 2 and any(key.startswith("baseline") for key in found.arguments):
        return f"trials_from_wide({name}, {', '.join(given)})"
    return f"effect_sizes({name}, measure={code!r}, {', '.join(given)})"


def advice(frame: pd.DataFrame, measure: str | None = None, *, arms_too: bool = False) -> str:
    """Return what to do with a table with one row a study: the call, and what must be known of it; "" if unknown.

    Parameters are those of :func:`call`.
    """
    found = recognised(frame)
    if found is None:
        return ""
    line = call(frame, found, measure, arms_too=arms_too)
    said = [f"no heading tells {', '.join(found.missing)}: name the columns"] if found.missing else []
    others = [code for code in MEASURES[found.kind] if f"measure={code!r}" not in line]
    if found.kind == "effects" and "measure=''" in line:
        said.append("name the measure, such as measure='MD', where it is known")
    elif found.kind != "effects" and line.startswith("effect_sizes") and others:
        said.append(f"measure= may be {', '.join(others)} too")
    if arms_too and line.startswith("effect_sizes") and found.kind in ("means", "scores"):
        said.append("trials_from_wide with the same columns, scale_min= and scale_max= gives the arms of the trials")
    return f"\n    {line}\n" + "; ".join(said)


def _sum(name, heading):
    return " + ".join(f"{name}[{each!r}]" for each in heading.split(" + "))


def _of_programs(filled, programs):
    """The kinds of row whose headings are those of a program; one of them may lack some."""
    for kind, named in programs:
        parts = {key: heading if isinstance(heading, tuple) else heading.split(" + ") for key, heading in named.items()}
        there = {key: named[key] for key, needed in parts.items() if set(needed) <= set(filled)}
        # What two headings of six say may be said by chance.
        if len(there) == len(named) or (len(there) >= 3 and len(there) > len(named) / 2):
            yield Recognised(kind, there, tuple(key for key in named if key not in there))


def words_of(heading: object) -> str:
    """Return the words of a heading as one text, which is how `STUDY` and `YEAR` name them."""
    return " ".join(_words(str(heading)))


def _words(heading):
    """The words of a heading, lower case, with phrases as one."""
    text = f" {' '.join(_WORD.findall(heading)).lower()} "
    for phrase, word in _PHRASES.items():
        text = text.replace(f" {phrase} ", f" {word} ")
    return text.split()


class _Heading(NamedTuple):
    column: str
    quantity: str
    time: str
    rest: tuple[str, ...]


def _read(column):
    """What a heading says: the quantity, the time, and all other words; None where it names no quantity."""
    words = _words(column)
    if {"scale", "skala"} & set(words):
        return None
    if len(words) == 2 and words[0] in ("m", "s") and {words[1]} & {*TREATED, *CONTROL}:
        words[0] = {"m": "mean", "s": "sd"}[words[0]]
    kinds = [(word, kind) for word in words for kind, known in QUANTITIES.items() if word in known.split()]
    if "ci" not in words:
        # Low is a word of many other things, such as low level laser.
        kinds = [(word, kind) for word, kind in kinds if word not in ("low", "high", "lower", "upper")]
    if not kinds:
        kinds = [(word, "n") for word in words if word in SIZES][:1]
    times = [(word, time) for word in words for time, known in TIMES.items() if word in known.split()]
    if len({kind for _, kind in kinds}) != 1 or len({time for _, time in times}) > 1:
        return None
    used = {word for word, _ in (*kinds, *times)}
    rest = tuple(word for word in words if word not in used and word not in _FILLERS and word not in SIZES)
    return _Heading(column, kinds[0][1], times[0][1] if times else "", rest)


def _of_arms(filled):
    """Two arms told by one word each, which all other words of their headings do without."""
    headings = [found for found in map(_read, filled) if found is not None]
    where = {word: frozenset(h.column for h in headings if word in h.rest) for h in headings for word in h.rest}
    # Words that stand in the same headings are one name, such as "low level laser".
    together = {}
    for word, columns in where.items():
        together.setdefault(columns, []).append(word)
    ways = [_pair(headings, *pair) for pair in permutations(together.values(), 2) if _is_control(pair[1], pair[0])]
    best = max((way for way in ways if way), key=lambda way: len(set(way[1]) & set(way[2])), default=None)
    return _named(*best) if best else None


def _is_control(name, other):
    """Whether of two names of arms the first is that of the comparison."""
    if (set(name) & set(CONTROL)) and not (set(other) & set(CONTROL)):
        return True
    return bool(set(other) & set(TREATED)) and not (set(name) & set(TREATED)) and not (set(other) & set(CONTROL))


def _pair(headings, treated, control):
    """The names of two arms, and the columns of each by quantity and time; None where they have nothing in common."""
    arms = []
    for name in (treated, control):
        own = {}
        for h in headings:
            if set(name) <= set(h.rest):
                at = h.quantity, "" if h.quantity in ("n", "events") else h.time
                own.setdefault(at, {})[frozenset(h.rest) - set(name)] = h.column
        arms.append(own)
    several = [found for own in arms for found in own.values() if len(found) > 1]
    # Of several things that were measured, the one of which more than a mean is told.
    rests = {rest for own in arms for at, found in own.items() if at[0] not in ("mean", "n") for rest in found}
    if several and len(rests) != 1:
        return None
    columns = []
    for own in arms:
        chosen = {at: next((found[rest] for rest in rests if rest in found), None) for at, found in own.items()}
        first = {at: next(iter(found.values())) for at, found in own.items() if not several or at[0] == "n"}
        columns.append(first if not several else first | {at: column for at, column in chosen.items() if column})
    if not set(columns[0]) & set(columns[1]) or len(set(columns[0]) | set(columns[1])) < 2:
        return None
    return (treated, control), *columns


# What does instead of a number.
_INSTEAD = {
    "mean": ({"median", "q1", "q3"}, {"median", "min", "max"}),
    "sd": ({"se"}, {"ci"}, {"q1", "q3"}, {"min", "max"}),
}


def _named(names, treated, control):
    """The arguments of the headings of two arms."""
    there = dict.fromkeys([*treated, *control])
    quantities, times = {quantity for quantity, _ in there}, {time for quantity, time in there if quantity == "mean"}
    last = "final" if "final" in {time for _, time in there} else ""
    if "events" in quantities and "mean" not in quantities:
        wanted = ("events", "time" if ("time", "") in there else "n")
        kind = "counts" if "n" in wanted else "person-time"
        names_of = {(name, ""): name for name in wanted}
    elif times - {""} and not (("sd", last) not in there and ("se", last) in there):
        kind, score = "scores", "change" if "change" in times else "final"
        wanted = (f"{score}_mean", f"{score}_sd", "n")
        names_of = {(name, time): f"{time or 'final'}_{name}" for name, time in there if name in ("mean", "sd")}
        names_of["n", ""] = "n"
    elif {"mean", "median"} & quantities:
        kind, wanted = "means", ("mean", "sd", "n")
        names_of = {(name, last): name for name in ("mean", "sd", "se", "median", "q1", "q3", "min", "max")}
        names_of["n", ""] = "n"
    else:
        return None
    arguments, missing = {}, []
    for arm, own in (("_t", treated), ("_p", control)):
        columns = {name: own[at] for at, name in names_of.items() if at in own}
        if kind == "means" and {("low", last), ("high", last)} <= set(own):
            columns["ci"] = own["low", last], own["high", last]
        does = {name for name in wanted if any(needed <= set(columns) for needed in _INSTEAD.get(name, ()))}
        if "mean" not in does:
            # A median alone stands for nothing.
            columns.pop("median", None)
        arguments |= {f"{name}{arm}": column for name, column in columns.items()}
        missing += [f"{name}{arm}" for name in wanted if name not in columns and name not in does]
    return Recognised(kind, arguments, tuple(missing), _arms(names, arguments))


def _arms(names, arguments):
    """What the headings call the two arms, None for abbreviations, numbers and the names they have anyway."""
    called = tuple(" ".join(name) for name in names)
    if any(len(name) < 4 and name in (*TREATED, *CONTROL) for name in called) or called == ("treatment", "placebo"):
        return None
    written = " ".join(heading for heading in arguments.values() if isinstance(heading, str))
    found = [re.search(rf"\b{re.escape(name)}\b", written, re.IGNORECASE) for name in called]
    return tuple(hit[0] if hit else name for hit, name in zip(found, called, strict=True))


def _of_effects(filled):
    """Effects as printed, with what tells their precision."""
    # 95 is the level that is taken where nobody names another.
    words = {" ".join(each for each in _words(column) if each != "95"): column for column in filled}
    for word, (measure, log) in EFFECTS.items():
        if word not in words:
            continue
        yi = {"yi": words[word]}
        # Beside a standard error a ratio would be taken for its log.
        for argument, known in SPREADS.items() if log is not False else ():
            if spread := next((words[each] for each in known.split() if each in words), None):
                return Recognised("effects", yi | {argument: spread}, measure=measure)
        for ends in LIMITS:
            low, high = ends.split(",")
            if low in words and high in words:
                return Recognised("effects", yi | {"ci": (words[low], words[high])}, measure=measure, log=log)
    return None


def _is_lopsided(frame, way):
    """Whether the interval of an effect without a measure is that of a ratio, which would have to be named."""
    limits = way.arguments.get("ci")
    if way.measure or limits is None:
        return False
    columns = [frame[name].astype(str).str.replace(",", ".") for name in (way.arguments["yi"], *limits)]
    middle, low, high = (pd.to_numeric(column, errors="coerce").to_numpy(float) for column in columns)
    with np.errstate(invalid="ignore"):
        return bool((np.abs(2 * middle - low - high) > _LOPSIDED * (high - low)).any())
