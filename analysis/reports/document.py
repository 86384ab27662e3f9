"""A document without a format: headings, paragraphs, tables, figures and code, which a writer sets in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from analysis.plots._page import WRITERS, pages_of
from analysis.reports.sources import cited, keys_in

if TYPE_CHECKING:
    from analysis.plots._page import ReportFigure

WIDTH_MM = 174.0  # of the text: A4 with margins of 18 mm, as wide as two columns of a journal
HEIGHT_MM = 255.0
DPI = 300
_NUMBER, _WORD = re.compile(r"[\[(−\-<> ]*\d"), re.compile(r"(?! (to|of) )\W[^\W\d_]{2}")
_LONGEST_WORD = 16  # letters of a word of a table that is kept in one piece


@dataclass(frozen=True)
class Heading:
    """A heading; `level` is 1 of a section, 2 of a part of one."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; sources stand in it as marks, but in one that the user wrote."""

    text: str
    marked: bool = True

    @property
    def cited(self) -> str:
        """Its text with authors and years in place of marks."""
        return cited(self.text) if self.marked else self.text


@dataclass(frozen=True)
class Bullets:
    """A list of points, or of references."""

    items: Sequence[str]


@dataclass(frozen=True)
class Code:
    """Lines to be typed."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table of texts under a caption; `bold` are the rows of results and groups."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[int] = frozenset()

    def is_numeric(self, column: int) -> bool:
        """Return whether a column holds numbers, which are set to the right."""
        texts = [row[column] for row in self.rows if row[column]]
        return bool(texts) and all(_NUMBER.match(text) and not _WORD.search(text) for text in texts)

    def widths(self, room: float) -> list[float]:
        """Return the letters that each column is given: its longest text, or less where all have no room for theirs.

        Columns of numbers are never given less; of the others the widest are cut to one width, so that they fill it.
        """
        texts = [[head, *(row[i] for row in self.rows)] for i, head in enumerate(self.heads)]
        longest = [max(map(len, column)) + 2.0 for column in texts]
        words = [max(len(word) for text in column for word in text.split() or [""]) + 2.0 for column in texts]
        least = [x if self.is_numeric(i) else min(words[i], _LONGEST_WORD) for i, x in enumerate(longest)]
        cut = max(longest)
        while sum(max(low, min(x, cut)) for low, x in zip(least, longest, strict=True)) > room and cut > 1:
            cut -= 1
        return [max(low, min(x, cut)) for low, x in zip(least, longest, strict=True)]


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with its caption and alternative text; `name` is that of its files."""

    name: str
    figure: ReportFigure

    @property
    def caption(self) -> str:
        """What stands below it; it begins with the title."""
        return self.figure.content.caption

    @property
    def alt(self) -> str:
        """What it shows, for those who cannot see it."""
        return self.figure.content.alt_text

    @cached_property
    def parts(self) -> list[ReportFigure]:
        """Its pages, none taller than one of paper."""
        return pages_of(self.figure)

    def file(self, kind: str, part: ReportFigure | None = None) -> bytes:
        """The figure, however tall, or a part of it as a file of that kind; formats that share one draw it once."""
        part = part or self.figure
        drawn = vars(self).setdefault("drawn", {})
        if (kind, id(part)) not in drawn:
            drawn[kind, id(part)] = WRITERS[kind](part, DPI)
        return drawn[kind, id(part)]


Block: TypeAlias = Heading | Paragraph | Bullets | Code | Table | Picture


@dataclass(frozen=True)
class Document:
    """What a report says, from its title to its last appendix."""

    title: str
    blocks: list[Block] = field(default_factory=list)

    def cites(self) -> list[str]:
        """The keys of all sources that its paragraphs cite."""
        return keys_in(block.text for block in self.blocks if isinstance(block, Paragraph) and block.marked)

    def numbered(self) -> Iterator[tuple[int, Block]]:
        """Each block with its number among tables, or among figures; 0 of all others."""
        count = {Table: 0, Picture: 0}
        for block in self.blocks:
            if type(block) in count:
                count[type(block)] += 1
            yield count.get(type(block), 0), block
