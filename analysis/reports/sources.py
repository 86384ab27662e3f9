"""What methods are cited by: ``references.bib``, a table of sources that the docstrings of the library name too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import NamedTuple

# In texts of this wing " [@key]" stands for a source, and " [@key; @key]" for several.
MARK = re.compile(r" \[(@\w+(?:; @\w+)*)\]")
_ENTRY = re.compile(r"^@\w+\{(\w+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)
# Letters that BibTeX, older than Unicode, knows by a command, and what else it writes otherwise.
_LETTERS = {'{\\"o}': "ö", '{\\"u}': "ü", "{\\'a}": "á", "{\\'i}": "í", "{\\'o}": "ó", "--": "–", "\\&": "&"}


class Source(NamedTuple):
    """An entry of the list of references: as BibTeX has it, as a sentence calls it, and as a list prints it."""

    bibtex: str
    called: str
    reference: str


@cache
def sources() -> dict[str, Source]:
    """Return the sources by key, in the order of the alphabet.

    Examples
    --------
    >>> sources()["hartung2001"].called
    'Hartung & Knapp 2001'
    >>> print(sources()["higgins2009"].reference)
    Higgins JPT, Thompson SG, Spiegelhalter DJ (2009). A re-evaluation of random-effects meta-analysis. Journal of the
    Royal Statistical Society: Series A 172:137–159. doi:10.1111/j.1467-985X.2008.00552.x
    """
    text = (resources.files("analysis.reports") / "references.bib").read_text(encoding="utf-8")
    found = {}
    for entry in _ENTRY.finditer(text):
        fields = {name: _plain(value) if name != "doi" else value for name, value in _FIELD.findall(entry[2])}
        found[entry[1]] = Source(entry[0], _called(fields), _reference(fields))
    return found


def _plain(value):
    for written, letter in _LETTERS.items():
        value = value.replace(written, letter)
    return value.strip("{}")


def _called(fields):
    names = [name.partition(",")[0] for name in fields["author"].split(" and ")]
    return f"{' & '.join(names) if len(names) < 3 else f'{names[0]} et al.'} {fields['year']}"


def _reference(fields):
    authors = []
    for name in fields["author"].split(" and "):
        family, _, given = name.partition(", ")
        authors.append(f"{family} {''.join(part[0] for part in re.split('[ -]', given))}")
    at = fields.get("journal") or fields["publisher"]
    at += f" {fields['volume']}:{fields['pages']}" if "volume" in fields else ""
    doi = f" doi:{fields['doi']}" if "doi" in fields else ""
    title = fields["title"].rstrip("?")
    end = "?" if fields["title"].endswith("?") else "."
    return f"{', '.join(authors)} ({fields['year']}). {title}{end} {at}.{doi}"


def cited(text: str) -> str:
    """Return a text with authors and years in place of its marks.

    Examples
    --------
    >>> cited("Its interval is that of HKSJ [@hartung2001; @sidik2002].")
    'Its interval is that of HKSJ (Hartung & Knapp 2001; Sidik & Jonkman 2002).'
    """
    return MARK.sub(lambda found: f" ({'; '.join(sources()[key].called for key in _keys(found[1]))})", text)


def keys_in(texts: Iterable[str]) -> list[str]:
    """Return the keys of the sources that texts cite, each once, in the order of the alphabet.

    Examples
    --------
    >>> keys_in(["REML [@viechtbauer2005], HKSJ [@hartung2001; @sidik2002]; REML again [@viechtbauer2005]."])
    ['hartung2001', 'sidik2002', 'viechtbauer2005']
    """
    return sorted({key for text in texts for mark in MARK.findall(text) for key in _keys(mark)})


def _keys(mark):
    return mark.replace("@", "").split("; ")
