"""The PRISMA 2020 flow diagram: from records found to studies included, in boxes with numbers that add up."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Unpack

import numpy as np
from matplotlib.collections import PolyCollection

from analysis import _check
from analysis._docs import documented
from analysis._types import PageOptions, PageWidth
from analysis.plots import _theme as style
from analysis.plots import _words as words
from analysis.plots._layout import line_height, text_width, wrap
from analysis.plots._marks import add, rule, write
from analysis.plots._page import FigureContent, ReportFigure, frame, framed_page, with_reference_rows
from analysis.plots._table import Rows
from analysis.plots._theme import Said, themed
from analysis.text import counted, number

# Count -> what it is called: boxes of the diagram in Page et al. 2021, Figure 1.
COUNTS = {
    "databases": "records from databases",
    "registers": "records from registers",
    "duplicates": "duplicate records removed",
    "automation": "records removed by automation tools",
    "removed": "records removed for other reasons",
    "screened": "records screened",
    "excluded": "records excluded",
    "sought": "reports sought for retrieval",
    "not_retrieved": "reports not retrieved",
    "assessed": "reports assessed for eligibility",
    "reports_excluded": "reports excluded",
    "websites": "records from websites",
    "organisations": "records from organisations",
    "citations": "records from citation searching",
    "other_sought": "reports sought for retrieval",
    "other_not_retrieved": "reports not retrieved",
    "other_assessed": "reports assessed for eligibility",
    "other_excluded": "reports excluded",
    "studies": "studies included",
    "reports": "reports of studies included",
    "previous_studies": "studies of the previous version",
    "previous_reports": "reports of the previous version",
    "total_studies": "studies included in all",
    "total_reports": "reports included in all",
}
# The same where studies of a previous version stand beside them.
OF_UPDATE = {"studies": "new studies included", "reports": "reports of new studies included"}
OTHER = tuple(name for name in COUNTS if name.startswith("other_")) + ("websites", "organisations", "citations")
PREVIOUS = "previous_studies", "previous_reports", "total_studies", "total_reports"
# What stands on the left is as many as what stands on the right.
BALANCES = (
    (("databases", "registers"), ("duplicates", "automation", "removed", "screened")),
    (("screened",), ("excluded", "sought")),
    (("sought",), ("not_retrieved", "assessed")),
    (("websites", "organisations", "citations"), ("other_sought",)),
    (("other_sought",), ("other_not_retrieved", "other_assessed")),
    (("previous_studies", "studies"), ("total_studies",)),
    (("previous_reports", "reports"), ("total_reports",)),
)
# The same where other methods found reports, and where none did.
INCLUDED = ("reports_excluded", "reports"), ("other_excluded",)
# Every study has a report, or more.
REPORTED = (
    ("studies", "reports"),
    ("previous_studies", "previous_reports"),
    ("total_studies", "total_reports"),
)
STREAMS = {
    "databases and registers": (
        ("Identification", ("databases", "registers"), ("duplicates", "automation", "removed")),
        ("Screening", ("screened",), ("excluded",)),
        ("Screening", ("sought",), ("not_retrieved",)),
        ("Screening", ("assessed",), ("reports_excluded",)),
    ),
    "other methods": (
        ("Identification", ("websites", "organisations", "citations"), ()),
        ("Screening", (), ()),
        ("Screening", ("other_sought",), ("other_not_retrieved",)),
        ("Screening", ("other_assessed",), ("other_excluded",)),
    ),
}
STAGES = "Identification", "Screening", "Included"
LEAST_MM = 80.0  # of a page
BESIDE_MM = 150.0  # of a page on which both streams stand beside one another
GAP_MM, ROW_GAP_MM, PAD_MM, STREAM_GAP_MM = 5.0, 4.5, 1.4, 8.0
HEAD_MM = 6.0  # of the name of a stage
LANE_MM = 5.0  # at the left of the boxes, where one stream stands below the other
TIP_MM = 1.3
SOURCE = "Boxes as in the flow diagram of PRISMA 2020 (BMJ 372:n71, doi 10.1136/bmj.n71)"
MOST = 10**9


class _Box(NamedTuple):
    """A box: the stage, its counts, and its lines of text as wrapped."""

    stage: str
    names: tuple
    lines: list
    left: float
    width: float

    @property
    def height(self):
        return len(self.lines) * line_height(style.SMALL_PT) + 2 * PAD_MM


@dataclass(frozen=True)
class _Counts:
    """The counts of a review: numbers by name, parts of those that were given by reason or source."""

    known: dict
    parts: dict

    def has(self, *names):
        return any(name in self.known for name in names)

    def label(self, name):
        return (OF_UPDATE if self.has(*PREVIOUS) else COUNTS).get(name, COUNTS[name])


@documented
@themed
def prisma_flow(
    counts: Mapping[str, int | Mapping[str, int]],
    *,
    title: str | None = None,
    width_mm: PageWidth | None = None,
    note: str = "",
    **options: Unpack[PageOptions],
) -> ReportFigure:
    """Draw the flow of records and reports to the studies of a review, as PRISMA 2020 asks for it.

    Parameters
    ----------
    counts : dict of str to int, or to dict
        Of databases and registers: databases, registers; duplicates, automation and removed (before screening);
        screened, excluded; sought, not_retrieved; assessed, reports_excluded. Of other methods: websites,
        organisations, citations; other_sought, other_not_retrieved, other_assessed, other_excluded. At the end:
        studies, reports; of an update also previous_studies, previous_reports, total_studies, total_reports. Any may be
        numbers by source or reason: ``{"MEDLINE": 812, "Embase": 230}``. What is not given is not known, and stays
        blank; what there was none of is 0.
    {title}
    width_mm : float, optional
        Width of the page in millimetres. Default: 174. Below 150, other methods stand below the databases.
    {note, footer, dpi}

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: one row per count, title, caption and alternative text.

    Raises
    ------
    TypeError
        If `counts` is no mapping.
    ValueError
        For a name that is none of these, a count that is no whole number from 0, or numbers that do not add up: all
        that is wrong is listed. A page below 80 mm is too narrow.

    See Also
    --------
    analysis.prisma_items : Answer what PRISMA asks of the synthesis.
    analysis.save_figure : Write a figure with its numbers and its caption.

    Notes
    -----
    Records found are those removed before screening and those screened; of these, some are excluded and reports of the
    others sought; those retrieved are assessed; of these, some are excluded and the others are reports of studies
    included. Where a number is not known, what is known of the others must leave room for it.

    References
    ----------
    Page et al. 2021, The PRISMA 2020 statement, BMJ 372:n71, doi 10.1136/bmj.n71, Figure 1.

    Haddaway, Page, Pritchard & McGuinness 2022, Campbell Syst Rev 18:e1230, doi 10.1002/cl2.1230 (its counts by name).

    Examples
    --------
    >>> import analysis
    >>> found = {"databases": 300, "registers": 20, "duplicates": 60, "automation": 0, "removed": 0, "screened": 260}
    >>> fig = analysis.prisma_flow(found | {"excluded": 230, "sought": 30, "not_retrieved": 2, "assessed": 28})
    >>> fig.content.title, fig.content.table.loc[5, ["text_name", "text_k"]].tolist()
    ('Flow of records and studies', ['Records screened', '260'])
    """
    known = _checked(counts)
    width = 174.0 if width_mm is None else width_mm
    if width < LEAST_MM:
        raise ValueError(f"width_mm is {number(width, 0)}, and the boxes need at least {number(LEAST_MM, 0)} mm")
    title = _title(known) if title is None else title
    asked = _asked(known)
    blank = ", ".join(dict.fromkeys(known.label(name) for name in asked if name not in known.known))
    footer = [
        words.sentences(SOURCE),
        *([words.sentences(f"Blank, as not known: {blank}")] if blank else []),
        *([words.sentences(note)] if note else []),
    ]
    plan = _planned(known, width)
    figure, page = framed_page(framing := frame(title, footer, width, plan.y))
    _draw(page, plan, framing.top)
    rows = Rows.of(_rows(plan, asked))
    figure.content = FigureContent(
        with_reference_rows(rows, (), footer, null=math.nan),
        title := title or _title(known),
        words.sentences(title),
        words.sentences(f"Flow diagram: {title}", *_seen(known, asked)),
        printed={"Step": ("text_name",), "Number": ("text_k",)},
        footer=tuple(footer),
    )
    return figure


def _title(known):
    if "total_studies" in known.known or "studies" in known.known:
        k = known.known.get("total_studies", known.known.get("studies"))
        return f"Flow of records to {counted(k, 'study')} included"
    return "Flow of records and studies"


def _checked(counts):
    """The counts, of parts their sum; all problems are listed."""
    if not isinstance(counts, Mapping):
        raise TypeError(_check.refusal(counts, "prisma_flow", "give a dict of counts, such as {'screened': 260}"))
    known, parts, problems = {}, {}, []
    for name, value in counts.items():
        if name not in COUNTS:
            near = difflib.get_close_matches(str(name), COUNTS, 1)
            perhaps = f"did you mean {near[0]}? " if near else ""
            problems.append(f"{name!r} is no count; {perhaps}they are {', '.join(COUNTS)}")
            continue
        own = dict(value) if isinstance(value, Mapping) else {"": value}
        wrong = [(part, k) for part, k in own.items() if not _is_count(k)]
        problems += [f"{name}{f'[{part!r}]' if part else ''} is {k!r}; give a whole number from 0" for part, k in wrong]
        if not own:
            problems.append(f"{name} has no numbers; give one, or leave it out")
        if not wrong and own:
            known[name] = sum(int(k) for k in own.values())
            if isinstance(value, Mapping):
                parts[name] = {str(part): int(k) for part, k in own.items()}
    if not problems and not known:
        problems.append("counts holds none; give at least one")
    if not problems:
        problems = _not_adding_up(known)
    _check.fail(problems, "the counts")
    return _Counts(known, parts)


def _is_count(k):
    whole = isinstance(k, int | np.integer) or (isinstance(k, float) and k.is_integer())
    return whole and not isinstance(k, bool) and 0 <= k <= MOST


def _not_adding_up(known):
    """What cannot be: a side that is more than the other, where nothing unknown could make up for it."""
    problems = []
    other = any(name in known for name in OTHER)
    left, right = INCLUDED
    included = (("assessed", *(("other_assessed",) if other else ())), (*left, *(right if other else ())))
    for whole, parts in (*BALANCES, included):
        sums = [sum(known[name] for name in side if name in known) for side in (whole, parts)]
        full = [all(name in known for name in side) for side in (whole, parts)]
        if (full[0] and sums[1] > sums[0]) or (full[1] and sums[0] > sums[1]):
            said = " but ".join(_sum_said(side, known) for side in (whole, parts))
            problems.append(f"{said}; correct one, or leave out what is not known")
    problems += [
        f"{studies} is {known[studies]}, but {reports} is {known[reports]}: every study has a report, or more"
        for studies, reports in REPORTED
        if studies in known and reports in known and known[studies] > known[reports]
    ]
    return problems


def _sum_said(side, known):
    """The known numbers of a side and their sum: "screened (260) + duplicates (60) = 320"."""
    own = [name for name in side if name in known]
    listed = " + ".join(f"{name} ({known[name]})" for name in own)
    return listed if len(own) == 1 else f"{listed} = {sum(known[name] for name in own)}"


def _asked(known):
    """The counts that have a place: other methods and a previous version only where something of them is known."""
    out = [name for _, *sides in STREAMS["databases and registers"] for side in sides for name in side]
    if known.has(*OTHER):
        out += [name for _, *sides in STREAMS["other methods"] for side in sides for name in side]
    return [*out, "studies", "reports", *(PREVIOUS if known.has(*PREVIOUS) else ())]


@dataclass
class _Plan:
    """What is drawn: boxes and heads with their upper ends, arrows as points; all in mm from the top of the body."""

    known: _Counts
    width: float  # of a box
    boxes: list = field(default_factory=list)
    heads: list = field(default_factory=list)
    arrows: list = field(default_factory=list)
    y: float = 0.0

    @property
    def lead(self):
        """How far from the left of a box arrows leave and reach it: in its middle, or past the names of the stages."""
        names = (words.capital(style.say(stage)) for stage in STAGES)
        past = max(text_width(name, style.SMALL_PT, "bold") for name in names) + PAD_MM
        return min(max(self.width / 2, past), self.width - PAD_MM)

    def head(self, text, left):
        """Add the name of a stage."""
        self.heads.append((left, self.y, text))
        self.y += HEAD_MM

    def box(self, stage, names, left):
        """Add a box; return it."""
        room, lines = self.width - 2 * PAD_MM, []
        for name in names:
            label = words.capital(style.say(self.known.label(name)))
            lines += wrap(Said(f"{label} (n = {_k(self.known, name)})"), room, style.SMALL_PT)
            for part, k in self.known.parts.get(name, {}).items():
                lines += wrap(Said(f"– {part} (n = {number(k, 0)})"), room, style.SMALL_PT)
        self.boxes.append((made := _Box(stage, names, lines, left, self.width), self.y))
        return made

    def pair(self, stage, main, aside, left):
        """Add a box with the one beside it, if there is one; return the first, and the height of both."""
        first = self.box(stage, main, left)
        if not aside:
            return first, first.height
        second = self.box(stage, aside, left + self.width + GAP_MM)
        middle = self.y + min(first.height, second.height) / 2
        self.arrows.append([(left + self.width, middle), (second.left, middle)])
        return first, max(first.height, second.height)


def _planned(known, width):
    """Return the _Plan of a page so wide: the streams beside one another, or one below the other with a lane."""
    streams = [name for name in STREAMS if name != "other methods" or known.has(*OTHER)]
    several = len(streams) > 1
    beside, lane = several and width >= BESIDE_MM, LANE_MM * (several and width < BESIDE_MM)
    left, inner = style.MARGIN + lane, width - 2 * style.MARGIN - lane
    wide = (inner - STREAM_GAP_MM) / 2 if beside else inner
    plan = _Plan(known, (wide - GAP_MM) / 2)
    lefts = {name: left + beside * i * (wide + STREAM_GAP_MM) for i, name in enumerate(streams)}
    ends = {}
    for group in [streams] if beside else [[name] for name in streams]:
        if several:
            for name in group:
                plan.heads.append((lefts[name], plan.y, name))
            plan.y += HEAD_MM
        ends |= _stages(plan, group, lefts, left)
    plan.head("Included", left)
    new = plan.box("Included", ("studies", "reports"), left)
    _lead_in(plan, new, ends, lefts, beside)
    plan.y += new.height
    if known.has(*PREVIOUS):
        middle = left + plan.lead
        plan.arrows.append([(middle, plan.y), (middle, plan.y + ROW_GAP_MM)])
        plan.y += ROW_GAP_MM
        _, tall = plan.pair("Included", PREVIOUS[2:], PREVIOUS[:2], left)
        plan.arrows[-1].reverse()  # what was there before comes in
        plan.y += tall
    plan.y += 1.0
    return plan


def _stages(plan, group, lefts, left):
    """Add the rows of streams that stand beside one another; return where each ends."""
    above, stage = {}, None
    for i, (called, *_) in enumerate(STREAMS[group[0]]):
        if called != stage:
            plan.head(stage := called, left)
        tall = 0.0
        for name in group:
            _, main, aside = STREAMS[name][i]
            if not main:
                continue
            box, high = plan.pair(stage, main, aside, lefts[name])
            x = box.left + plan.lead
            if name in above:
                plan.arrows.append([(x, above[name]), (x, plan.y)])
            above[name] = plan.y + box.height
            tall = max(tall, high)
        plan.y += tall + ROW_GAP_MM * (tall > 0)
    return above


def _lead_in(plan, new, ends, lefts, beside):
    """Lead from the end of each stream into the box of what was included."""
    *_, last = ends
    for name, end in ends.items():
        x = lefts[name] + plan.lead
        if lefts[name] == new.left and (beside or name == last):
            plan.arrows.append([(x, end), (x, plan.y)])
        elif beside:
            middle = plan.y + new.height / 2
            plan.arrows.append([(x, end), (x, middle), (new.left + new.width, middle)])
        else:
            # along the lane at the left, past the stream below
            lane, start, middle = new.left - LANE_MM + TIP_MM, end - LANE_MM / 2, plan.y + new.height / 2
            plan.arrows.append([(new.left, start), (lane, start), (lane, middle), (new.left, middle)])


def _k(known, name):
    """The number, or room to write one."""
    return number(known.known[name], 0) if name in known.known else "\N{NO-BREAK SPACE}" * 4


def _draw(page, plan, top):
    """Draw boxes, their texts, arrows and the names of the stages."""
    bold, plain = ((style.SMALL_PT, weight, style.INK) for weight in ("bold", "normal"))
    for i, (x, y, text) in enumerate(plan.heads):
        write(page, x, top + y + HEAD_MM / 2, style.say(words.capital(text)), bold, gid=f"stage-{i}")
    pitch, corners = line_height(style.SMALL_PT), []
    for i, (box, y) in enumerate(plan.boxes):
        right, low, high = box.left + box.width, top + y, top + y + box.height
        corners.append([(box.left, low), (right, low), (right, high), (box.left, high)])
        for j, line in enumerate(box.lines):
            write(page, box.left + PAD_MM, low + PAD_MM + (j + 0.5) * pitch, line, plain, gid=f"box-{i}-{j}")
    look = {"facecolor": style.PAPER, "edgecolor": style.INK, "linewidth": style.RULE_PT, "zorder": 1}
    add(page, PolyCollection(corners, **look), "prisma-boxes")
    paths = [[(x, top + y) for x, y in path] for path in plan.arrows]
    rule(page, [pair for path in paths for pair in pairwise(path)], "prisma-arrows")
    tips = PolyCollection([_tip(*path[-2:]) for path in paths], facecolor=style.INK, linewidth=0, zorder=2)
    add(page, tips, "prisma-tips")


def _tip(start, end):
    """The corners of an arrowhead at the end of a level or upright line."""
    (x0, _), (x, y) = start, end
    if x0 == x:
        return [(x, y), (x - TIP_MM / 2, y - TIP_MM), (x + TIP_MM / 2, y - TIP_MM)]
    back = TIP_MM * math.copysign(1.0, x - x0)
    return [(x, y), (x - back, y - TIP_MM / 2), (x - back, y + TIP_MM / 2)]


def _rows(plan, asked):
    """A row for each count, and for each of its parts."""
    places = {name: (box.stage, y) for box, y in plan.boxes for name in box.names}
    lines, known = [], plan.known
    for name in asked:
        stage, y = places[name]
        text, k = words.capital(known.label(name)), known.known.get(name, math.nan)
        for kind, part, n in (("box", "", k), *(("option", part, n) for part, n in known.parts.get(name, {}).items())):
            lines.append({"kind": kind, "group": stage, "name": name, "part": part, "k": n, "y_mm": y})
            lines[-1] |= {"text_name": f"– {part}" if part else text, "text_k": "" if math.isnan(n) else number(n, 0)}
    return lines


def _seen(known, asked):
    """The numbers as sentences for those who cannot see the boxes."""
    stages: dict[str, list[str]] = {}
    places = {
        name: (stage, stream)
        for stream, rows in STREAMS.items()
        for stage, *sides in rows
        for name in (*sides[0], *sides[1])
    }
    for name in asked:
        stage, stream = places.get(name, ("Included", ""))
        if name in known.known:
            of = stage if stream != "other methods" else f"{stage}, other methods"
            stages.setdefault(of, []).append(f"{known.label(name)}: {number(known.known[name], 0)}")
    return [f"{stage}: {'; '.join(said)}" for stage, said in stages.items()]
