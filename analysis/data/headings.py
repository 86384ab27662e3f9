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
#: Kinds of row that hold a single arm.
ONE_ARM = ("one mean", "changes", "one count", "correlations")


def _both(names: str, *headings: str) -> dict[str, str]:
    arguments = [f"{name}{arm}" for arm in ("_t", "_p") for name in names.split()]
    return dict(zip(arguments, headings, strict=True))


#: Headings of other programs, letter by letter, each with the argument that takes the column; a sum of columns is
#: written as one. metafor's are those of `escalc`, and like meta's those of its data sets, Stata's those of its manual,
#: RevMan's those of its data package.
PROGRAMS = (
    ("means", _both("mean sd n", "m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")),
    ("counts", _both("events n", "ai", "n1i", "ci", "n2i")),
    ("counts", _both("events n", "ai", "ai + bi", "ci", "ci + di")),
    ("counts", _both("events n", "tpos", "tpos + tneg", "cpos", "cpos + cneg")),
    ("counts", _both("events n", "xTi", "nTi", "xCi", "nCi")),
    ("person-time", _both("events time", "x1i", "t1i", "x2i", "t2i")),
    (
        "changes",
        {"mean_post": "m1i", "sd_post": "sd1i", "mean_pre": "m2i", "sd_pre": "sd2i", "n": "ni", "correlation": "ri"},
    ),
    (
        "changes",
        {
            "mean_post": "m_post",
            "sd_post": "sd_post",
            "mean_pre": "m_pre",
            "sd_pre": "sd_pre",
            "n": "ni",
            "correlation": "ri",
        },
    ),
    ("one mean", {"mean": "mi", "sd": "sdi", "n": "ni"}),
    ("one count", {"events": "xi", "n": "ni"}),
    ("correlations", {"r": "ri", "n": "ni"}),
    ("means", _both("mean sd n", "Me", "Se", "Ne", "Mc", "Sc", "Nc")),
    ("counts", _both("events n", "Ee", "Ne", "Ec", "Nc")),
    ("means", _both("mean sd n", "meant", "sdt", "nt", "meanc", "sdc", "nc")),
    ("effects", {"yi": "yi", "vi": "vi"}),
    ("effects", {"yi": "yi", "se": "sei"}),
    ("effects", {"yi": "TE", "se": "seTE"}),
    ("effects", {"yi": "GIV Mean", "se": "GIV SE"}),
)
#: What RevMan made of the other columns, for a table that has none of them.
RESULTS = (("effects", {"yi": "Mean", "ci": ("CI start", "CI end")}),)

#: Words for what a number is; those of the second table count where no other of the first stands beside them.
QUANTITIES = {
    "mean": "mean means average mw mittelwert",
    "sd": "sd sds stddev stdev std standardabweichung",
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
    "r": "r ri cor corr correlation",
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
TREATED = "t treatment treated treat trt tx intervention interv int ig i experimental exp e eg active verum 1".split()
CONTROL = (
    "p placebo plac pbo plazebo control controls ctrl ctl contr cont con cg c comparator comparison sham schein "
    "kontrolle vehicle 0 2 usual tau waiting waitlist wl wlc untreated"
).split()
#: Letters, and what they stand for where all of them stand with the names of both arms, and no other does.
LETTERS = {
    "m sd n": "mean,sd,n",
    "m s n": "mean,sd,n",
    "m se n": "mean,se,n",
    "m sd": "mean,sd",
    "m s": "mean,sd",
    "x sd n": "mean,sd,n",
    "x s n": "mean,sd,n",
    "b bs m s n": "baseline mean,baseline sd,final mean,final sd,n",
    "b bs e es n": "baseline mean,baseline sd,final mean,final sd,n",
    "pre sdpre post sdpost n": "baseline mean,baseline sd,final mean,final sd,n",
    "ev n": "events,n",
    "evt n": "events,n",
    "e n": "events,n",
    "d n": "events,n",
}
#: Headings of a column that says which arm a row is; what the numbers beside it are called in a table of arms.
ROW_AN_ARM = "arm,group,treatment,trt,intervention,gruppe"
IN_ROWS_OF_ARMS = {
    "n": "n",
    "mean": "final_mean or change_mean",
    "sd": "final_sd or change_sd",
    "se": "final_se or change_se",
    "events": "events",
}
_FILLERS = "of the in for ci group arm arms gruppe score 95".split()
STUDY = (
    "study,study or subgroup,studie,study id,study name,trial,trial id,studlab,slab,name,author year,first author,"
    "author,autor,paper,publication,reference,ref"
)
YEAR = "year,study year,publication year,pub year,jahr"
#: What names studies for readers where their own column only counts them.
LABEL = "label,author,authors,first author,author year,citation,studlab,slab"

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
    "lci,uci",
    "ll,ul",
    "lb,ub",
    "ci lb,ci ub",
    "lower limit,upper limit",
)

_LONGEST = max(len(word) for letters in LETTERS for word in letters.split())
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
    ways = [*_of_programs(filled, PROGRAMS), _of_arms(filled), _of_effects(filled), _of_one(filled)]
    ways += _of_programs(filled, RESULTS)
    ways = [way for way in ways if way is not None and not _is_lopsided(frame, way)]
    # What says less of the same columns says it by chance: ri and ni beside scores before and after are no result.
    ways = [way for way in ways if not any(_columns(way) < _columns(other) for other in ways)]
    complete = [way for way in ways if not way.missing]
    return next(iter([*complete, *ways]), None)


def _columns(way):
    return {heading for each in way.arguments.values() for heading in ([each] if isinstance(each, str) else each)}


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
    words = {words_of(heading): heading for heading in frame.columns if isinstance(heading, str)}
    scale = {
        f"scale_{end}": words[each]
        for end in ("min", "max")
        for each in (f"scale {end}", f"skala {end}")
        if each in words
    }
    arguments = about(frame) | found.arguments
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


def about(frame: pd.DataFrame) -> dict[str, str]:
    """Return the columns that seem to name the studies and to hold their years, by argument.

    A column of texts, each another, that stands first names the studies where no heading does; where their names are
    numbers only, a column of authors is their label.

    Examples
    --------
    >>> about(pd.DataFrame({"trial": [1, 2], "author": ["Ann", "Bo"], "year": [2001, 2002]}))
    {'study': 'trial', 'year': 'year', 'label': 'author'}
    >>> about(pd.DataFrame({"school": ["A", "B"], "effect": [1, 2]}))
    {'study': 'school'}
    """
    words = {words_of(heading): heading for heading in frame.columns if isinstance(heading, str)}
    study, year, label = (
        next((words[each] for each in known.split(",") if each in words), None) for known in (STUDY, YEAR, LABEL)
    )
    first = next(iter(frame.columns), None)
    if study is None and label is None and isinstance(first, str):
        texts = all(isinstance(cell, str) for cell in frame[first]) and not _numbers(frame[first]).any()
        study = first if texts and frame[first].is_unique else None
    if study is not None and (study == label or not _numbers(frame[study]).all()):
        label = None
    found = {"study": study, "year": year, "label": label}
    return {argument: heading for argument, heading in found.items() if heading is not None}


def _numbers(column):
    return pd.to_numeric(column.astype(str), errors="coerce").notna()


def rows_of_arms(frame: pd.DataFrame) -> dict[str, str]:
    """Return what the columns are to be called of a table that seems to hold one row an arm; of any other nothing.

    It has a column that says so, several rows of a study, and numbers of one arm.

    Examples
    --------
    >>> table = pd.DataFrame({"study": ["A", "A"], "treatment": ["laser", "placebo"], "ni": [20, 21], "xi": [3, 9]})
    >>> rows_of_arms(table)
    {'study': 'study', 'treatment': 'arm', 'xi': 'events', 'ni': 'n'}
    """
    words = {words_of(heading): heading for heading in frame.columns if isinstance(heading, str)}
    found = recognised(frame)
    if "yi" in frame or (found is not None and found.kind not in ONE_ARM):
        return {}
    study = about(frame).get("study")
    arm = next((words[each] for each in ROW_AN_ARM.split(",") if each in words), None)
    if study is None or arm is None or not frame[study].duplicated().any():
        return {}
    alone = [
        way.arguments for way in _of_programs([*words.values()], PROGRAMS) if {"mean", "events"} & {*way.arguments}
    ]
    numbers = {heading: quantity for way in alone[:1] for quantity, heading in way.items()}
    numbers |= {h.column: h.quantity for h in (_read(heading, {}) for heading in words.values()) if h and not h.rest}
    names = {heading: IN_ROWS_OF_ARMS[each] for heading, each in numbers.items() if each in IN_ROWS_OF_ARMS}
    return {study: "study", arm: "arm"} | names if {"n"} < {*names.values()} else {}


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
    return "\n".join([f"\n    {line}", *filter(None, [which_arm(found)]), "; ".join(said)])


def which_arm(found: Recognised) -> str:
    """Return that it is a guess which of two arms is the treated one; "" where there are no two."""
    treated, control = (
        next((x for key, x in found.arguments.items() if key.endswith(arm)), None) for arm in ("_t", "_p")
    )
    if not treated or not control:
        return ""
    return f"which arm is treated is a guess: that of {treated!r}, not that of {control!r}"


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


# What makes of events those who had none.
_NEGATIONS = "non not without free".split()


class _Heading(NamedTuple):
    column: str
    quantity: str
    time: str
    rest: tuple[str, ...]


def _read(column, letters):
    """What a heading says: the quantity, the time, and all other words; None where it names no quantity."""
    words = _words(column)
    if {"scale", "skala"} & set(words):
        return None
    if len(words) > 1 and len(set(words) & set(letters)) == 1:
        words = " ".join(letters.get(word, word) for word in words).split()
    kinds = [(word, kind) for word in words for kind, known in QUANTITIES.items() if word in known.split()]
    if "events" in dict(kinds).values() and {*_NEGATIONS} & {*words}:
        return None
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
    ways = []
    for letters in ("", *LETTERS):
        meant = dict(zip(letters.split(), LETTERS.get(letters, "").split(","), strict=False))
        names = _two_arms([found for found in (_read(column, meant) for column in filled) if found is not None])
        if names and (not meant or all(_letters_of(filled, name) == {*meant} for name in names[0])):
            ways.append(_named(*names))
    ways = [way for way in ways if way is not None]
    # Letters say more than the words beside them, such as the scores before of a table of means.
    way = max(ways, key=lambda way: (not way.missing, len(way.arguments)), default=None)
    told = [h.column for h in (_read(column, {}) for column in filled) if h and h.quantity == "r" and not h.rest]
    if way and way.kind == "scores" and len(told) == 1:
        return way._replace(arguments=way.arguments | {"correlation": told[0]})
    return way


def _two_arms(headings):
    """The names of two arms and their columns, None where no two have most in common."""
    where = {word: frozenset(h.column for h in headings if word in h.rest) for h in headings for word in h.rest}
    # Words that stand in the same headings are one name, such as "low level laser".
    together = {}
    for word, columns in where.items():
        together.setdefault(columns, []).append(word)
    ways = [_pair(headings, *pair) for pair in permutations(together.values(), 2) if _is_control(pair[1], pair[0])]
    ways = sorted((way for way in ways if way), key=lambda way: -len(set(way[1]) & set(way[2])))
    alike = [way for way in ways if len(set(way[1]) & set(way[2])) == len(set(ways[0][1]) & set(ways[0][2]))]
    return alike[0] if len(alike) == 1 else None


def _letters_of(filled, arm):
    """What stands with the name of an arm and nothing else, if it is short."""
    rests = [[word for word in _words(column) if word not in arm] for column in filled if {*arm} <= {*_words(column)}]
    return {rest[0] for rest in rests if len(rest) == 1 and len(rest[0]) <= _LONGEST}


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


def _of_one(filled):
    """People and their events, or a correlation, of a study without arms."""
    if any({*ROW_AN_ARM.split(",")} & {*_words(column)} for column in filled):
        return None
    found = {}
    for h in (_read(column, {}) for column in filled):
        if h is not None and not h.rest and not h.time:
            found.setdefault(h.quantity, []).append(h.column)
    columns = {name: headings[0] for name, headings in found.items() if len(headings) == 1}
    kinds = {("events", "n"): "one count", ("r", "n"): "correlations"}
    return next(
        (Recognised(kind, columns) for names, kind in kinds.items() if {*names} == {*found} == {*columns}), None
    )


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
            for limits in ((low, high), (f"{word} {low}", f"{word} {high}")):
                if {*limits} <= {*words}:
                    ci = words[limits[0]], words[limits[1]]
                    return Recognised("effects", yi | {"ci": ci}, measure=measure, log=log)
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
