"""Reviews of RevMan: the outcomes of a file of RevMan 5 and of the data rows of RevMan Web, and what is told of them.

A review is XML that anybody may have written: it is read once, event by event, and entities are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np
import pandas as pd

from analysis import _check
from analysis.data.files import Opened, TrialDataError, one_line
from analysis.data.workbook import EntitiesError, xml_events
from analysis.measures import Measure

#: The headings by which data rows of RevMan Web are known.
DATA_ROWS = ("Analysis group", "Analysis number", "Study", "Experimental N", "Control N")
# RevMan 5 writes an attribute of a study's entry, RevMan Web a column; both become the argument of `effect_sizes`.
_COLUMNS = {
    "n_t": ("TOTAL_1", "Experimental N"),
    "n_p": ("TOTAL_2", "Control N"),
    "events_t": ("EVENTS_1", "Experimental cases"),
    "events_p": ("EVENTS_2", "Control cases"),
    "mean_t": ("MEAN_1", "Experimental mean"),
    "sd_t": ("SD_1", "Experimental SD"),
    "mean_p": ("MEAN_2", "Control mean"),
    "sd_p": ("SD_2", "Control SD"),
    "yi": ("EFFECT_SIZE", "GIV Mean"),
    "se": ("SE", "GIV SE"),
    "o_e": ("O_E", "O-E"),
    "v": ("VAR", "Variance"),
    "ci_low": ("CI_START", "CI start"),
    "ci_high": ("CI_END", "CI end"),
}
# What counts of each kind of outcome, the letters of RevMan 5 before "_OUTCOME".
_KINDS = {
    "DICH": ("events_t", "n_t", "events_p", "n_p"),
    "CONT": ("mean_t", "sd_t", "n_t", "mean_p", "sd_p", "n_p"),
    "IV": ("yi", "se", "n_t", "n_p", "ci_low", "ci_high"),
    "IPD": ("o_e", "v", "events_t", "n_t", "events_p", "n_p"),
}
_DATA_TYPES = {"Dichotomous": "DICH", "Continuous": "CONT", "Contrast level": "IV", "O-E and variance": "IPD"}
# What RevMan calls its measures, lower case; what it does not know is a text of the authors.
_MEASURES = {
    "or": "OR",
    "rr": "RR",
    "rd": "RD",
    "peto_or": "PETO",
    "md": "MD",
    "smd": "SMD",
    "odds ratio": "OR",
    "odds ratio (non-event)": "OR",
    "peto odds ratio": "PETO",
    "risk ratio": "RR",
    "rate ratio": "IRR",
    "risk difference": "RD",
    "mean difference": "MD",
    "std. mean difference": "SMD",
    "standardized mean difference": "SMD",
    "standardised mean difference": "SMD",
    "hazard ratio": "HR",
}
# How far, in standard errors, an interval may be from where it must lie: what is stored has all digits, or few.
_NEAR, _CLEARLY = 0.05, 10
_FAVOURS = re.compile(r"\s*favou?rs?\s+(.*)", re.IGNORECASE)
_ARMS = ({"experimental", "intervention", "treatment"}, {"control", "comparison", "comparator"})
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Outcome(NamedTuple):
    """An outcome of a review: its number, what it is called, and an entry for each study.

    An entry has the study, its year and subgroup, its place in the file, and texts by the names of `_COLUMNS`.
    """

    number: str
    id: str
    name: str
    comparison: str
    kind: str
    measure: str
    arms: tuple[str, str]
    sides: tuple[str, str]
    swapped: bool
    level: float
    entries: tuple[dict[str, Any], ...]
    source: str

    @property
    def rows(self) -> int:
        """How many entries it has."""
        return len(self.entries)

    def told(self) -> dict[str, Any]:
        """Return what is told of the outcome, as arguments of `effect_sizes`."""
        told: dict[str, Any] = {"outcome_name": self.name, "measure": self.measure}
        if self.kind == "IPD":
            told |= {"yi": "yi", "vi": "vi"}
        if self.kind == "IV":
            told |= {"yi": "yi", "se": "se"}
        first, second = self.arms
        if first and second and first.casefold() != second.casefold():
            told["arms"] = self.arms
        if benefit := _benefit(self.arms, self.sides):
            told["benefit"] = benefit
        return told

    def table(self) -> pd.DataFrame:
        """Return its studies; raises TrialDataError with all that is no number, or fits no scale."""
        rows = pd.Index([each["row"] for each in self.entries], name="row")
        about = {name: [each.get(name) for each in self.entries] for name in ("study", "year", "subgroup")}
        table = pd.DataFrame({name: x for name, x in about.items() if any(x)}, index=rows, dtype=object)
        problems = []
        for name in _KINDS[self.kind]:
            texts = [each.get(name) or "" for each in self.entries]
            numbers = pd.to_numeric(pd.Series(texts, index=rows), errors="coerce")
            wrong = [at for at, text in enumerate(texts) if text.strip() and not np.isfinite(numbers.iloc[at])]
            problems += [(rows[at], about["study"][at], name, texts[at], "is not a number", _MEND) for at in wrong]
            table[name] = numbers.to_numpy(float)
        if "year" in table:
            table["year"] = pd.to_numeric(table["year"].astype("str").str.extract(r"(\d{4})")[0], errors="coerce")
        for name in ("n_t", "n_p", "sd_t", "sd_p", "se", "v"):
            if name in table:
                # 0 is what RevMan keeps for what nobody filled in.
                table[name] = table[name].where(table[name] != 0)
        if problems:
            raise TrialDataError(problems, self.source)
        if self.kind == "IPD":
            table = table.assign(yi=table["o_e"] / table["v"], vi=1 / table["v"]).drop(columns=["o_e", "v"])
        elif self.kind == "IV":
            table = self._on_scale(table)
        elif self.swapped:
            _check.warn(f"{self.source}: {self.name}: events and non-events are swapped, as they were in the review")
            for arm in ("_t", "_p"):
                table[f"events{arm}"] = table[f"n{arm}"] - table[f"events{arm}"]
        return table

    def _on_scale(self, table):
        """Effects on the scale of the analysis, which their intervals tell where they are ratios."""
        yi, se, low, high = (table[name].to_numpy(float) for name in ("yi", "se", "ci_low", "ci_high"))
        table = table.drop(columns=["ci_low", "ci_high"])
        known, z = ~np.isnan(yi + se + low + high), NormalDist().inv_cdf(0.5 + self.level / 200)
        if not known.any() or not Measure(self.measure).is_ratio:
            return table

        def misfit(center, ends):
            with np.errstate(divide="ignore", invalid="ignore"):
                off = [np.abs(center + sign * z * se - end) / se for sign, end in zip((-1, 1), ends, strict=True)]
            return np.nan_to_num(np.max(off, axis=0)[known], nan=np.inf).max()

        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log([yi, low, high])
        as_log, as_ratio = min(misfit(yi, (low, high)), misfit(yi, logs[1:])), misfit(logs[0], logs[1:])
        # Near 1 a ratio and its log have much the same interval: one must fit clearly better.
        if min(as_log, as_ratio) <= _NEAR and max(as_log, as_ratio) > _CLEARLY * min(as_log, as_ratio):
            return table if as_log < as_ratio else table.assign(yi=logs[0])
        fit = "both" if min(as_log, as_ratio) <= _NEAR else "neither"
        rule = f"effects, standard errors and intervals fit {fit}, ratios and their logs"
        remedy = "Type the log ratios and their standard errors into a table of your own."
        problems = [
            (row, table["study"][row], "yi", f"{table['yi'][row]:g}", rule, remedy) for row in table.index[known]
        ]
        raise TrialDataError(problems, self.source)


_MEND = "Correct it in RevMan, or leave it blank."


def outcomes_of_review(file: Opened) -> list[Outcome]:
    """Return the outcomes of a file of RevMan 5 that have studies.

    Parameters
    ----------
    file : Opened

    Raises
    ------
    TrialDataError
        If it is no review, or declares entities.
    """
    data = file.data.encode() if isinstance(file.data, str) else file.data
    try:
        return _Review(file.source).read(data)
    except EntitiesError:
        rule, remedy = "declares entities, as no review of RevMan does", "Save the review again in RevMan."
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, TrialDataError):
            raise
        rule, remedy = "is no review of RevMan 5: its XML cannot be read", "Save the review again in RevMan."
    raise TrialDataError([(None, "", "", "", rule, remedy)], file.source) from None


class _Review:
    """What was read of a review so far."""

    def __init__(self, source):
        self.source = source
        self.studies, self.outcomes = {}, []
        self.comparison, self.outcome, self.subgroup = {}, None, None
        self.path = []

    def read(self, data):
        for tag, more, line in xml_events(data):
            if not tag.startswith("/"):
                self.path.append(tag)
                if len(self.path) == 1 and tag != "COCHRANE_REVIEW":
                    raise LookupError(tag)
                self._begin(tag, more, line)
            else:
                self._end(tag[1:], more)
                self.path.pop()
        return [self._finished(each) for each in self.outcomes if each["entries"]]

    def _begin(self, tag, more, line):
        kind, _, part = tag.partition("_")
        if tag == "STUDY":
            name = one_line(more.get("NAME", "")) or _plain(more.get("ID", ""))
            self.studies[more.get("ID", "")] = name, more.get("YEAR", "")
        elif tag == "COMPARISON":
            self.comparison = {"NO": more.get("NO", "")}
        elif kind in _KINDS and part == "OUTCOME":
            self.outcome = {"kind": kind, "entries": [], "comparison": self.comparison, **more}
            self.outcomes.append(self.outcome)
        elif kind in _KINDS and part == "SUBGROUP":
            self.subgroup = {"NAME": more.get("NAME", "")}
        elif kind in _KINDS and part == "DATA" and self.outcome is not None:
            self.outcome["entries"].append({"row": line, "subgroup": self.subgroup, **more})

    def _end(self, tag, text):
        kind, _, part = tag.partition("_")
        above = self.path[-2] if len(self.path) > 1 else ""
        if tag == "NAME" and above == "COMPARISON":
            self.comparison["NAME"] = text
        elif tag == "NAME" and above.endswith("_SUBGROUP") and self.subgroup is not None:
            self.subgroup["NAME"] = text
        elif above.endswith("_OUTCOME") and self.outcome is not None and not tag.endswith(("_DATA", "_SUBGROUP")):
            self.outcome[tag] = text
        elif kind in _KINDS and part == "SUBGROUP":
            self.subgroup = None
        elif kind in _KINDS and part == "OUTCOME":
            self.outcome = None

    def _finished(self, found):
        entries = []
        for each in found["entries"]:
            study, year = self.studies.get(each.get("STUDY_ID", ""), (_plain(each.get("STUDY_ID", "")), ""))
            subgroup = one_line((each["subgroup"] or {}).get("NAME", ""))
            entry = {"row": each["row"], "study": study, "year": year, "subgroup": subgroup}
            entries.append(entry | {name: each.get(column) for name, (column, _) in _COLUMNS.items()})
        number = f"{found['comparison'].get('NO', '')}.{found.get('NO', '')}"
        texts = {name: one_line(str(found.get(name, ""))) for name in _TEXTS}
        return Outcome(
            number,
            found.get("ID", ""),
            texts["NAME"] or f"outcome {number}",
            one_line(found["comparison"].get("NAME", "")),
            found["kind"],
            _measure(found["kind"], texts["EFFECT_MEASURE"], found.get("METHOD", "")),
            (texts["GROUP_LABEL_1"], texts["GROUP_LABEL_2"]),
            (texts["GRAPH_LABEL_1"], texts["GRAPH_LABEL_2"]),
            found.get("SWAP_EVENTS") == "YES",
            _level(found.get("CI_STUDY", "")),
            tuple(entries),
            self.source,
        )


_TEXTS = ("NAME", "EFFECT_MEASURE", "GROUP_LABEL_1", "GROUP_LABEL_2", "GRAPH_LABEL_1", "GRAPH_LABEL_2")


def _plain(name):
    """The name in the id of a study, in which RevMan writes signs by their numbers: STD-MRC_x002d_1."""
    return one_line(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), name.removeprefix("STD-"))).replace("-", " ")


def _measure(kind, called, method):
    """The code of a measure; "" for one that RevMan does not know."""
    code = _MEASURES.get(called.casefold(), "")
    if kind in ("DICH", "IPD") and code == "OR" and method.upper() in ("PETO", "EXP_O_E_VAR"):
        return "PETO"
    return code


def _level(text):
    """The level of the intervals of studies in percent, 95 where nothing is said."""
    number = re.match(r"\d{2}(\.\d+)?", text)
    return float(number[0]) if number else 95.0


def outcomes_of_rows(cells: pd.DataFrame, settings: pd.DataFrame | None, source: str) -> list[Outcome]:
    """Return the outcomes of the data rows of a review of RevMan Web.

    Parameters
    ----------
    cells : pandas.DataFrame
        The data rows, as text.
    settings : pandas.DataFrame or None
        The overall estimates and settings, as text, where they stand beside them.
    source : str
    """
    found, set_to = [], {}
    if settings is not None and {"Analysis group", "Analysis number"} <= set(settings):
        set_to = {(row["Analysis group"], row["Analysis number"]): row for row in settings.to_dict("records")}
    for key, rows in cells.groupby(["Analysis group", "Analysis number"], sort=False):
        told = set_to.get(key, {})
        entries = []
        for row, cell in zip(rows.index, rows.to_dict("records"), strict=True):
            about = {"study": cell["Study"], "year": cell.get("Study year"), "subgroup": cell.get("Subgroup")}
            entries.append({"row": row} | about | {name: cell.get(web) for name, (_, web) in _COLUMNS.items()})
        kind = _DATA_TYPES.get(told.get("Data type", ""), "") or _kind_of(entries)
        number = ".".join(key)
        sides = "Graph label (left)", "Graph label (right)"
        found.append(
            Outcome(
                number,
                number,
                told.get("Analysis name") or rows.get("Analysis name", pd.Series([""])).iloc[0] or f"outcome {number}",
                told.get("Analysis group name", ""),
                kind,
                _measure(kind, told.get("Effect measure", ""), told.get("Statistical method", "")),
                (told.get("Experimental group label", ""), told.get("Control group label", "")),
                tuple(told.get(side, "") for side in sides),
                told.get("Swap event and non-event", "").casefold() in ("true", "yes"),
                _level(told.get("CI/PI level", "") or told.get("Study CI", "")),
                tuple(entries),
                source,
            )
        )
    return found


def _kind_of(entries):
    """The kind of an outcome by what is filled in, where no settings say it."""
    for kind, name in (("DICH", "events_t"), ("CONT", "mean_t"), ("IPD", "o_e"), ("IV", "yi")):
        if any(each[name] for each in entries) and not (kind == "DICH" and any(each["o_e"] for each in entries)):
            return kind
    return "IV"


def _benefit(arms: Sequence[str], sides: Sequence[str]) -> str | None:
    """What is good, by the labels below the plot: the arm that the left one names has it if it is lower."""
    favoured = [_favoured(side, arms) for side in sides]
    if favoured in ([0, 1], [0, None], [None, 1]):
        return "lower"
    return "higher" if favoured in ([1, 0], [1, None], [None, 0]) else None


def _favoured(side, arms):
    """Which arm a label favours, None if it names none or was left as RevMan makes it."""
    found = _FAVOURS.fullmatch(side)
    if found is None or found[1].startswith("["):
        return None
    words = set(re.findall(r"\w+", found[1].casefold()))
    named = [set(re.findall(r"\w+", arm.casefold())) for arm in arms]
    for ways in (
        [words == arm for arm in named],
        [bool(words and arm) and (words <= arm or arm <= words) for arm in named],
        [bool(words & arm) for arm in _ARMS],
    ):
        if ways[0] != ways[1]:
            return ways.index(True)
    return None
