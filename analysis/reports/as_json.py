"""A report as JSON: all numbers with every digit, and the document that is set elsewhere."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from analysis.reports.again import (
    SCHEMA,
    beside_numbers,
    call_of,
    fingerprint,
    levels,
    lines,
    of_effects,
    studies,
    tables,
    told_of_effects,
    trials,
)
from analysis.reports.document import Bullets, Code, Document, Heading, Paragraph, Picture, Table
from analysis.reports.paragraphs import methods_text, results_text, versions
from analysis.reports.sources import sources
from analysis.sentences import Wording


def as_json(document: Document, result: Any) -> dict[str, bytes]:
    """Return the one file, by its name."""
    words, call = Wording.of(result), call_of(result)
    told = {
        "schema": SCHEMA,
        "software": versions(),
        "model": type(result).__name__,
        "title": document.title,
        "effects": {
            "measure": words.measure.code,
            "name": words.measure.name,
            "scale": words.measure.scale,
            **beside_numbers(result),
            "outcome": words.outcome_name,
            "benefit": words.benefit,
            "arms": words.arms,
        },
        "result": result.to_row().to_dict("records")[0] if hasattr(result, "to_row") else {},
        "tables": tables(result),
        "studies": studies(result).to_dict("records"),
        "levels": levels(studies(result)),
        **({} if (arms := trials(result)) is None else {"trials": arms.to_dict("records")}),
        "sha256": fingerprint(result),
        "effects_made_with": told_of_effects(result),
        "call": None if call is None else call._asdict() | {"effects": of_effects(result)},
        "code": lines(result),
        "methods": methods_text(result),
        "results": results_text(result),
        "sections": [_BLOCKS[type(block)](block, number) for number, block in document.numbered()],
        "references": {key: sources()[key].reference for key in document.cites()},
    }
    text = json.dumps(_plain(told), ensure_ascii=False, indent=1, allow_nan=False)
    return {"report.json": f"{text}\n".encode("utf-8", "replace")}


def _plain(value):
    """The value as JSON has it; what is no number is null, and what is endless a text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return (
            None if math.isnan(value) else value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
        )
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return value if isinstance(value, bool | int) else str(value)


_BLOCKS = {
    Heading: lambda block, _: {"kind": "heading", "level": block.level, "text": block.text},
    Paragraph: lambda block, _: {"kind": "paragraph", "text": block.cited},
    Bullets: lambda block, _: {"kind": "list", "items": list(block.items)},
    Code: lambda block, _: {"kind": "code", "text": block.text},
    Table: lambda block, number: {
        "kind": "table",
        "number": number,
        "caption": block.caption,
        "heads": block.heads,
        "rows": block.rows,
    },
    Picture: lambda block, number: {
        "kind": "figure",
        "number": number,
        "name": block.name,
        "caption": block.caption,
        "alt": block.alt,
    },
}
