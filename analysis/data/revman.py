"""Reviews of RevMan: outcomes and judgements of a file of RevMan 5 and of the tables it and RevMan Web write.

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
#: The headings by which the analyses that RevMan 5 exports as a table are known.
EXPORTED = ("Comparison Number", "Outcome Number", "Subgroup Number", "Name")
# What RevMan 5 calls an attribute of a study's entry, RevMan Web a column, and RevMan 5 a column of its export, by the
# argument of `effect_sizes`.
_COLUMNS = {
    "n_t": ("TOTAL_1", "Experimental N", "Total 1"),
    "n_p": ("TOTAL_2", "Control N", "Total 2"),
    "events_t": ("EVENTS_1", "Experimental cases", "Events 1"),
    "events_p": ("EVENTS_2", "Control cases", "Events 2"),
    "mean_t": ("MEAN_1", "Experimental mean", "Mean 1"),
    "sd_t": ("SD_1", "Experimental SD", "SD 1"),
    "mean_p": ("MEAN_2", "Control mean", "Mean 2"),
    "sd_p": ("SD_2", "Control SD", "SD 2"),
    "yi": ("EFFECT_SIZE", "GIV Mean", "Effect Estimate"),
    "se": ("SE", "GIV SE", "SE"),
    "o_e": ("O_E", "O-E", "O-E"),
    "v": ("VAR", "Variance", "Var"),
    "ci_low": ("CI_START", "CI start", "CI Start"),
    "ci_high": ("CI_END", "CI end", "CI End"),
}
# What counts of each kind of outcome, the letters of RevMan 5 before "_OUTCOME".
_KINDS = {
    "DICH": ("events_t", "n_t", "events_p", "n_p"),
    "CONT": ("mean_t", "sd_t", "n_t", "mean_p", "sd_p", "n_p"),
    "IV": ("yi", "se", "n_t", "n_p", "ci_low", "ci_high"),
    "IPD": ("o_e", "v", "events_t", "n_t", "events_p", "n_p"),
}
# Why nothing can be read of outcomes of other kinds.
_UNREAD = {"OTHER": "holds text and no numbers", "TEST": "is a test of a diagnosis, which compares no arms"}
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
# What texts of the authors say: names of measures in any case, short names as they are written beside words that tell
# no more than how the effect was found, and that it is a ratio, or a log.
_PHRASES = {
    r"hazards? ratios?": "HR",
    r"odds ratios?": "OR",
    r"risk ratios?|relative risks?": "RR",
    r"rate ratios?": "IRR",
    r"ratios? of means": "ROM",
}
_SHORT = re.compile(r"\ba?(HR|OR|RR|IRR)\b")
_HOW_FOUND = re.compile(r"\W|\d|(un)?adjusted|crude|log|ln|CI", re.IGNORECASE)
_RATIO = re.compile(r"ratio\b|ratios\b|hazard|\bodds\b|relative risk", re.IGNORECASE)
_LOG = re.compile(r"\b(log|ln)", re.IGNORECASE)
# The types of data in an export, by their first letters, and what it says of an outcome, where it was exported.
_EXPORTED_TYPES = {"D": "DICH", "C": "CONT", "O": "OTHER"}
_EXPORT = (
    "Statistical Method", "Group Label 1", "Group Label 2", "Left Graph Label", "Right Graph Label", "Year of study",
    "Swap event and non-event", "Totals", "Study Confidence Interval",
)  # fmt: skip
# What begins a table of RevMan Web, and a cell of it that holds nothing.
_OF_WEB = re.compile(rb"Analysis group|Domain \(judgement\)")
_NOT_APPLICABLE = re.compile(rb"""((?:^|[,\n])"?)#N/A(?="?(?:[,\r\n]|$))""")
# How far, in standard errors, an interval may be from where it must lie: what is stored has all digits, or few.
_NEAR, _CLEARLY = 0.05, 10
_MOST = 10  # decimals of ends of intervals that were not rounded
_MOST_OFF = 1.0  # standard errors: ends that decimals move farther tell nothing
_FAVOURS = re.compile(r"\s*favou?rs?\s+(.*)", re.IGNORECASE)
# As RevMan 5.0 and RevMan 4 make them; later versions put brackets around the arms.
_UNTOUCHED = (("favours experimental", "favours control"), ("favours treatment", "favours control"))
_ARMS = ({"experimental", "intervention", "treatment"}, {"control", "comparison", "comparator"})
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Outcome(NamedTuple):
    """An outcome of a review: its number, what it is called, and an entry for each study.

    An entry has the study, its year and subgroup, its place in the file, and texts by the names of `_COLUMNS`. The
    measure is a code, or "" for what the authors called by another name; `logs` says that its effects are logs.
    """

    number: str
    id: str
    name: str
    comparison: str
    kind: str
    called: str
    measure: str
    logs: bool
    arms: tuple[str, str]
    sides: tuple[str, str]
    swapped: bool
    summed: bool
    level: float
    entries: tuple[dict[str, Any], ...]
    source: str

    @property
    def rows(self) -> int:
        """How many entries it has."""
        return len(self.entries)

    @property
    def unread(self) -> str:
        """Why nothing can be read of it; "" where it can be."""
        if self.kind in _KINDS:
            return "" if self.entries else "has no studies"
        return _UNREAD.get(self.kind, "is of a kind that is not known")

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
        self._warn(len(set(about["subgroup"])) > 1)
        if self.kind == "IPD":
            table = table.assign(yi=table["o_e"] / table["v"], vi=1 / table["v"]).drop(columns=["o_e", "v"])
        elif self.kind == "IV":
            table = self._on_scale(table)
        elif self.kind == "DICH" and self.swapped:
            for arm in ("_t", "_p"):
                table[f"events{arm}"] = table[f"n{arm}"] - table[f"events{arm}"]
        return table

    def _warn(self, several):
        """Say what the review did that its numbers do not show; `several` tells of subgroups."""
        if self.kind == "DICH" and self.swapped:
            _check.warn(f"{self.source}: {self.name}: events and non-events are swapped, as they were in the review")
        if several and not self.summed:
            _check.warn(
                f"{self.source}: {self.name}: the review has no total over its subgroups, which may share people; "
                'pool them apart, pool_subgroups(effects, by="subgroup")'
            )

    def _on_scale(self, table):
        """Effects on the scale of the analysis, which their intervals tell where they are ratios."""
        # What RevMan could not estimate has an effect of 0 without a standard error.
        table = table.assign(yi=table["yi"].where((table["yi"] != 0) | table["se"].notna()))
        yi, se, low, high = (table[name].to_numpy(float) for name in ("yi", "se", "ci_low", "ci_high"))
        table = table.drop(columns=["ci_low", "ci_high"])
        known, z = ~np.isnan(yi + se + low + high), NormalDist().inv_cdf(0.5 + self.level / 200)
        if self.measure and not Measure(self.measure).is_ratio:
            return table
        is_ratio = bool(self.measure or self.logs or _RATIO.search(self.called))
        of_logs = self.logs or self.called.casefold() in _MEASURES or _LOG.search(self.called) or (yi < 0).any()

        def misfit(center, ends):
            with np.errstate(divide="ignore", invalid="ignore"):
                off = [np.abs(center + sign * z * se - end) / se for sign, end in zip((-1, 1), ends, strict=True)]
            return np.nan_to_num(np.max(off, axis=0)[known], nan=np.inf).max(initial=0)

        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log([yi, low, high])
        as_plain, as_log, as_ratio = misfit(yi, (low, high)), misfit(yi, logs[1:]), misfit(logs[0], logs[1:])
        as_is = min(as_plain, as_log)
        near = _NEAR + _rounding(np.array([low, high])[:, known], se[known])
        fits = min(as_is, as_ratio) <= near
        # Near 1 a ratio and its log have much the same interval: one must fit clearly better.
        worse = _CLEARLY * min(as_is, as_ratio)
        clear = fits and max(as_is, as_ratio) > (worse if near < 2.0 * _NEAR else min(worse, 2.0 * near))
        if clear and as_ratio < as_is:
            self._warn_of_logs()
            return table.assign(yi=logs[0])
        # Ratios beside standard errors that are none of logs have intervals of plain numbers as well.
        if (fits and not is_ratio) or ((clear or not known.any()) and (of_logs or as_log < as_plain)):
            if is_ratio or as_log < as_plain:
                self._warn_of_logs()
            return table
        rule = f"effects, standard errors and intervals fit {'both' if fits else 'neither'}, ratios and their logs"
        if clear or not known.any():
            rule = f"nothing tells whether this is a ratio or its log, of what the review calls {self.called!r}"
        remedy = "Type the log ratios and their standard errors into a table of your own."
        remedy = remedy if is_ratio else "Type the effects and their standard errors into a table of your own."
        problems = [
            (row, table["study"][row], "yi", f"{each:g}", rule, remedy)
            for row, each in zip(table.index, yi, strict=True)
            if not np.isnan(each)
        ]
        raise TrialDataError(problems, self.source)

    def _warn_of_logs(self):
        if not self.measure:
            _check.warn(
                f"{self.source}: {self.name}: the review calls its measure {self.called!r}, which has no code here; "
                "its effects are the logs of ratios. Name the measure, such as measure='RR'"
            )


def _rounding(ends, se):
    """How far, in standard errors, the ends of intervals or their logs may be off because their decimals are few."""
    decimals = next((d for d in range(_MOST) if np.array_equal(ends.round(d), ends)), _MOST)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = 0.5 * 10.0**-decimals / np.minimum(1.0, np.abs(ends)) / se
    return min(float(off[np.isfinite(off)].max(initial=0.0)), _MOST_OFF)


_MEND = "Correct it in RevMan, or leave it blank."


def outcomes_of_review(file: Opened) -> list[Outcome]:
    """Return the outcomes of a file of RevMan 5, also those that cannot be read.

    Parameters
    ----------
    file : Opened

    Raises
    ------
    TrialDataError
        If it is no review, or declares entities.
    """
    return [_finished(each, file.source) for each in _read(file).outcomes]


def judgements_of_review(file: Opened) -> pd.DataFrame:
    """Return the judgements of the risk of bias of a file of RevMan 5, one row each, by their lines.

    Parameters
    ----------
    file : Opened

    Returns
    -------
    pandas.DataFrame
        Columns study, domain, judgement and note. Yes is a low risk, no a high one, and unclear without a word is what
        nobody judged, which is left out (Cochrane Handbook 5.0.0, section 8.6).

    Raises
    ------
    TrialDataError
        If it is no review, has no judgements, others than RevMan's, or those of tests of a diagnosis.
    """
    review = _read(file)
    if review.of_tests:
        rule = "is a review of tests of a diagnosis, judged with QUADAS, where yes may be a high risk"
        remedy = "Type the judgements into a table, with the name of the tool."
        raise TrialDataError([(None, "", "", "", rule, remedy)], file.source)
    judged = pd.DataFrame(review.judged, columns=["row", "study", "domain", "RESULT", "note"])
    problems = [
        (each["row"], each["study"], each["domain"], each["RESULT"], "is no judgement of RevMan", _JUDGE)
        for each in review.judged
        if each["RESULT"] not in _RISKS
    ]
    if problems:
        raise TrialDataError(problems, file.source)
    unsaid = (judged["RESULT"] == "UNKNOWN") & (judged["note"] == "")
    left_out = f"{unsaid.sum()} unclear without a word, as RevMan leaves what nobody judged" if unsaid.any() else ""
    if unsaid.all():
        rule = "has no judgement of the risk of bias" + f"; {left_out}" * bool(left_out)
        raise TrialDataError([(None, "", "QUALITY_ITEMS", "", rule, "Judge the studies in RevMan.")], file.source)
    if left_out:
        _check.warn(f"{file.source}: of {len(judged)} judgements {left_out}, are left out")
    judged = judged[~unsaid].assign(judgement=judged["RESULT"].map(_RISKS)).drop(columns="RESULT")
    return judged.set_index(pd.Index(_places(judged["row"]), name="row")).drop(columns="row")


def _read(file):
    """The review in a file; what is none is told."""
    data = file.data.encode() if isinstance(file.data, str) else file.data
    try:
        return _Review().read(data)
    except EntitiesError:
        rule, remedy = "declares entities, as no review of RevMan does", "Save the review again in RevMan."
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, TrialDataError):
            raise
        rule, remedy = "is no review of RevMan 5: its XML cannot be read", "Save the review again in RevMan."
    raise TrialDataError([(None, "", "", "", rule, remedy)], file.source) from None


class _Review:
    """What was read of a review so far."""

    def __init__(self):
        self.studies, self.outcomes, self.judged = {}, [], []
        self.comparison, self.outcome, self.subgroup = {}, None, None
        self.item, self.of_tests = {}, False
        self.path = []
        # The texts of an element that holds others, such as a name with an index, and how deep it stands.
        self.texts, self.depth = None, 0

    def read(self, data):
        for tag, more, line in xml_events(data):
            if not tag:
                self._add(more)
            elif not tag.startswith("/"):
                self.path.append(tag)
                if len(self.path) == 1 and tag != "COCHRANE_REVIEW":
                    raise LookupError(tag)
                if self.texts is None and tag in _SAID:
                    self.texts, self.depth = [], len(self.path)
                self._add(" " * (tag in _BLOCKS))
                self._begin(tag, more, line)
            else:
                self._add(more)
                if self.texts is not None and len(self.path) == self.depth:
                    more, self.texts = one_line("".join(self.texts)), None
                self._end(tag[1:], more)
                self.path.pop()
        # Entries may stand before the studies that they name.
        for entries in [*(each["entries"] for each in self.outcomes), self.judged]:
            for each in entries:
                written = each.get("STUDY_ID", "")
                each["study"], each["year"] = self.studies.get(_id(written), (_plain(written), ""))
        return self

    def _add(self, text):
        if self.texts is not None:
            self.texts.append(text)

    def _above(self):
        return self.path[-2] if len(self.path) > 1 else ""

    def _begin(self, tag, more, line):
        kind, _, part = tag.partition("_")
        if tag == "COCHRANE_REVIEW":
            self.of_tests = "DIAG" in more.get("TYPE", "") or more.get("QUADAS2") == "YES"
        elif tag == "STUDY":
            name = one_line(more.get("NAME", "")) or _plain(more.get("ID", ""))
            self.studies[_id(more.get("ID", ""))] = name, more.get("YEAR", "")
        elif tag == "COMPARISON":
            self.comparison = {"NO": more.get("NO", "")}
        elif (part == "OUTCOME" and self._above() == "COMPARISON") or (tag == "TEST" and self._above() == "TESTS"):
            comparison = {} if tag == "TEST" else self.comparison
            self.outcome = more | {"kind": kind, "entries": [], "comparison": comparison}
            self.outcomes.append(self.outcome)
            self.of_tests |= tag == "TEST"
        elif part == "SUBGROUP" and self.outcome is not None:
            self.subgroup = {"NAME": more.get("NAME", "")}
        elif part == ("DATA_ENTRY" if kind == "TEST" else "DATA") and self.outcome is not None:
            self.outcome["entries"].append(more | {"row": line, "subgroup": self.subgroup})
        else:
            self._begin_judgement(tag, more, line)

    def _begin_judgement(self, tag, more, line):
        if tag == "QUALITY_ITEM":
            self.item = {"name": "", "groups": {}, "entries": []}
            self.of_tests |= bool(more.get("DOMAIN"))
        elif self.item and tag == "QUALITY_ITEM_DATA_ENTRY_GROUP":
            self.item["group"] = more.get("ID", "")
        elif self.item and tag == "QUALITY_ITEM_DATA_ENTRY":
            self.item["entries"].append({"RESULT": "", "GROUP_ID": ""} | more | {"row": line, "note": ""})

    def _end_judgement(self, tag, text, above):
        if above == "QUALITY_ITEM_DATA_ENTRY" and tag == "DESCRIPTION":
            self.item["entries"][-1]["note"] = text
        elif above == "QUALITY_ITEM_DATA_ENTRY_GROUP" and tag == "NAME":
            self.item["groups"][self.item["group"]] = text
        elif above == "QUALITY_ITEM" and tag == "NAME":
            self.item["name"] = text
        elif tag == "QUALITY_ITEM":
            for each in self.item["entries"]:
                group = self.item["groups"].get(each["GROUP_ID"], each["GROUP_ID"])
                each["domain"] = self.item["name"] + f": {group}" * (group.casefold() not in _NO_GROUP)
            self.judged += self.item["entries"]
            self.item = {}

    def _end(self, tag, text):
        above, part = self._above(), tag.partition("_")[2]
        if self.item:
            self._end_judgement(tag, text, above)
        elif tag == "NAME" and above == "COMPARISON":
            self.comparison["NAME"] = text
        elif tag == "NAME" and above.endswith("_SUBGROUP") and self.subgroup is not None:
            self.subgroup["NAME"] = text
        elif tag in _SAID and (above.endswith("_OUTCOME") or above == "TEST") and self.outcome is not None:
            self.outcome[tag] = text
        elif part == "SUBGROUP":
            self.subgroup = None
        elif tag == "TEST" or (part == "OUTCOME" and above == "COMPARISON"):
            self.outcome = None


def _finished(found, source):
    """An outcome as it was read of a review."""
    entries = []
    for row, each in zip(_places([each["row"] for each in found["entries"]]), found["entries"], strict=True):
        subgroup = one_line((each["subgroup"] or {}).get("NAME", ""))
        entry = {"row": row, "study": each["study"], "year": each["year"], "subgroup": subgroup}
        entries.append(entry | {name: each.get(column) for name, (column, *_) in _COLUMNS.items()})
    number = ".".join(filter(None, (found["comparison"].get("NO", ""), found.get("NO", ""))))
    texts = {name: one_line(str(found.get(name, ""))) for name in _TEXTS}
    return Outcome(
        number,
        found.get("ID", ""),
        texts["NAME"] or f"outcome {number}",
        one_line(found["comparison"].get("NAME", "")),
        found["kind"],
        texts["EFFECT_MEASURE"],
        _measure(found["kind"], texts["EFFECT_MEASURE"], found.get("METHOD", "")),
        found.get("LOG_DATA") == "YES",
        (texts["GROUP_LABEL_1"], texts["GROUP_LABEL_2"]),
        (texts["GRAPH_LABEL_1"], texts["GRAPH_LABEL_2"]),
        found.get("SWAP_EVENTS") == "YES",
        found.get("TOTALS", "YES") == "YES",
        _level(found.get("CI_STUDY", "")),
        tuple(entries),
        source,
    )


def _places(lines):
    """The lines of entries, or their numbers where several stand in one line."""
    lines = list(lines)
    return lines if len(set(lines)) == len(lines) else list(range(1, len(lines) + 1))


_TEXTS = ("NAME", "EFFECT_MEASURE", "GROUP_LABEL_1", "GROUP_LABEL_2", "GRAPH_LABEL_1", "GRAPH_LABEL_2")
# Elements whose text is read whole, and those that begin a line in it.
_SAID, _BLOCKS = {*_TEXTS, "DESCRIPTION"}, {"P", "BR", "LI", "HEADING"}
# What RevMan's answers say, and the group of outcomes that is none.
_RISKS, _NO_GROUP = {"YES": "low", "UNKNOWN": "unclear", "NO": "high"}, ("", "all outcomes")
_JUDGE = f"Judge it again in RevMan, which writes {', '.join(_RISKS)}."


def _id(written):
    """The id of a study, in which a hyphen may have been doubled in one place and not in another."""
    return re.sub("-+", "-", written)


def _plain(name):
    """The name in the id of a study, in which RevMan writes signs by their numbers: STD-MRC_x002d_1."""
    written = _id(name).removeprefix("STD-").replace("-", " ")
    return one_line(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), written))


def _measure(kind, called, method):
    """The code of a measure; "" for one that neither RevMan nor its words tell."""
    code = _MEASURES.get(called.casefold().removesuffix(" (non-event)"), "")
    if not code and kind in ("IV", "IPD"):
        said = {code for words, code in _PHRASES.items() if re.search(rf"\b({words})\b", called, re.IGNORECASE)}
        short = set(_SHORT.findall(called)) if not _HOW_FOUND.sub("", _SHORT.sub("", called)) else set()
        # The ratio of two odds ratios is none, and a difference of two logs neither.
        one = len(said | short) == 1 and len(re.findall("ratio", called, re.IGNORECASE)) < 2
        code = (said | short).pop() if one and "difference" not in called.casefold() else ""
    # The ratio (O-E)/V is Peto's, whatever it is called.
    if code == "OR" and (kind == "IPD" or (kind == "DICH" and method.upper() == "PETO")):
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
            entries.append({"row": row} | about | {name: cell.get(web) for name, (_, web, _) in _COLUMNS.items()})
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
                one_line(told.get("Effect measure", "")),
                _measure(kind, told.get("Effect measure", ""), told.get("Statistical method", "")),
                _is_true(told.get("Log-scale data", "")),
                (told.get("Experimental group label", ""), told.get("Control group label", "")),
                tuple(told.get(side, "") for side in sides),
                _is_true(told.get("Swap event and non-event", "")),
                _is_true(told.get("Overall estimates", "") or "true"),
                _level(told.get("CI/PI level", "") or told.get("Study CI", "")),
                tuple(entries),
                source,
            )
        )
    return found


def _is_true(text):
    return text.casefold() in ("true", "yes")


def without_na(file: Opened) -> Opened:
    """Return a file of RevMan Web with blanks where it writes #N/A for what does not apply; any other as it is.

    Parameters
    ----------
    file : Opened
    """
    data = file.data.encode() if isinstance(file.data, str) else file.data
    if file.kind not in (".csv", ".txt") or not _OF_WEB.search(data.partition(b"\n")[0]):
        return file
    return file._replace(data=_NOT_APPLICABLE.sub(rb"\1", data))


def outcomes_of_export(cells: pd.DataFrame, source: str) -> list[Outcome]:
    """Return the outcomes of the analyses that RevMan 5 exports as a table.

    Parameters
    ----------
    cells : pandas.DataFrame
        As text: a row for each comparison, each outcome, each of its subgroups and each study.
    source : str

    Raises
    ------
    TrialDataError
        If the export has no types of data, which tell the studies from the rest.
    """
    if missing := [name for name in ("Data Type", "Effect Measure") if name not in cells]:
        rule, remedy = "this export of RevMan 5 is without it", "Export the analyses again, with all fields."
        raise TrialDataError([(1, "", name, "", rule, remedy) for name in missing], source)
    cells = cells.reindex(columns=[*cells.columns, *(name for name in _EXPORT if name not in cells)], fill_value="")
    comparisons, found, subgroups = {}, {}, {}
    for row, cell in zip(cells.index, cells.to_dict("records"), strict=True):
        comparison, no, group, name = (cell[key] for key in EXPORTED)
        number = f"{comparison}.{no}"
        if no in ("", "0"):
            comparisons[comparison] = name
        elif number not in found:
            found[number] = cell, []
        elif cell["Data Type"]:
            subgroups[number, group] = name
        else:
            about = {"row": row, "study": name, "year": cell["Year of study"]}
            about["subgroup"] = subgroups.get((number, group), "")
            found[number][1].append(about | {key: cell.get(export) for key, (_, _, export) in _COLUMNS.items()})
    outcomes = []
    for number, (told, entries) in found.items():
        kind = _EXPORTED_TYPES.get(told["Data Type"][:1].upper(), "IV")
        kind = "IPD" if told["Statistical Method"] == "EXP_O_E_VAR" else kind
        outcomes.append(
            Outcome(
                number,
                number,
                told["Name"] or f"outcome {number}",
                comparisons.get(number.partition(".")[0], ""),
                kind,
                one_line(told["Effect Measure"]),
                _measure(kind, told["Effect Measure"], told["Statistical Method"]),
                False,
                (told["Group Label 1"], told["Group Label 2"]),
                (told["Left Graph Label"], told["Right Graph Label"]),
                _is_true(told["Swap event and non-event"]),
                told["Totals"].casefold() in ("", "yes"),
                _level(told["Study Confidence Interval"]),
                tuple(entries),
                source,
            )
        )
    return outcomes


def _kind_of(entries):
    """The kind of an outcome by what is filled in, where no settings say it."""
    for kind, name in (("DICH", "events_t"), ("CONT", "mean_t"), ("IPD", "o_e"), ("IV", "yi")):
        if any(each[name] for each in entries) and not (kind == "DICH" and any(each["o_e"] for each in entries)):
            return kind
    return "IV"


def _benefit(arms: Sequence[str], sides: Sequence[str]) -> str | None:
    """What is good, by the labels below the plot: the arm that the left one names has it if it is lower."""
    if tuple(side.casefold() for side in sides) in _UNTOUCHED:
        return None
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
