"""How a result is made again: the table of its effects, the call that pooled them, and a reader of both."""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from analysis.data.effect_sizes import effect_sizes
from analysis.models.counts import PooledCounts
from analysis.models.multilevel import MultilevelEffect, pool_multilevel
from analysis.models.pooling import pool
from analysis.models.regression import MetaRegression, meta_regression
from analysis.models.results import PooledEffect
from analysis.models.subgroups import pool_subgroups
from analysis.reports.paragraphs import table_of
from analysis.sentences import Wording
from analysis.text import counted, safe_table

SCHEMA = 1  # of the JSON file; rises when a reader of the former one would misread it
_OPTIONS = ("tau2_method", "ci_method", "confidence_level")
_FUNCTIONS = {
    "pool": pool,
    "pool_subgroups": pool_subgroups,
    "pool_multilevel": pool_multilevel,
    "meta_regression": meta_regression,
}
_WIDTH = 88
# Numbers of a result that was made again agree but for the last digits, which depend on the processor.
_SAME = 1e-8


class Call(NamedTuple):
    """A call that makes a result of effects, or of a table: its function, what precedes the data, and its options."""

    function: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    options: dict[str, Any]


def studies(result: Any) -> pd.DataFrame:
    """Return the effects that were analysed, one row each, with the columns that the model asks of them."""
    effects = table_of(result)
    if effects is not None:
        noun = Wording.of(result).noun
        kept = ["study", "label", "yi", "vi", *_further(result, effects.table)]
        return effects.table[kept].rename(columns={"study": noun}).reset_index(drop=True)
    fit = getattr(result, "overall", getattr(result, "regression", result))
    fit = next((getattr(fit, name) for name in ("observed", "unadjusted", "pooled") if hasattr(fit, name)), fit)
    if isinstance(fit, PooledCounts):
        names = ("events_t", "n_t", "events_p", "n_p")
        return pd.DataFrame({"label": fit.labels, **dict(zip(names, fit.counts, strict=True))})
    names = {"labels": "label", "yi": "yi", "vi": "vi", "cluster": "cluster"}
    return pd.DataFrame({name: list(getattr(fit, field)) for field, name in names.items() if hasattr(fit, field)})


def _further(result, table):
    named = [getattr(result, "by", None), getattr(result, "dose", None), "cluster"]
    formula = getattr(result, "formula", "")
    return [name for name in table if name in named or (name in formula and name not in ("study", "label", "yi", "vi"))]


def studies_csv(result: Any) -> bytes:
    """Return the same as a file, with every digit; a name that a spreadsheet would run has an apostrophe before it."""
    return safe_table(studies(result)).to_csv(index=False, lineterminator="\n").encode()


def fingerprint(result: Any) -> str:
    """Return the SHA-256 of that file."""
    return hashlib.sha256(studies_csv(result)).hexdigest()


def call_of(result: Any) -> Call | None:
    """Return the call that makes a result, or None where it has not kept all that it was given."""
    effects, pooled = table_of(result), getattr(result, "overall", result)
    if isinstance(pooled, PooledEffect) and pooled.tau2_method != "fixed":
        options = {name: getattr(pooled, name) for name in (*_OPTIONS[:2], "pi_method", _OPTIONS[2])}
        if isinstance(result, PooledEffect):
            return Call("pool", (), (), options | {"tau2_ci_method": pooled.tau2_ci_method})
        if effects is not None and result.by in effects.table:
            return Call("pool_subgroups", (), (result.by,), options | {"tau2": result.tau2})
    if effects is None:
        return None
    options = {name: getattr(result, name) for name in _OPTIONS if hasattr(result, name)}
    if isinstance(result, MultilevelEffect) and result._vcov is None:
        return Call("pool_multilevel", (), (), options)
    if isinstance(result, MetaRegression) and result.tau2_method != "fixed":
        return Call("meta_regression", (result.formula,), (), options)
    return None


def told_of_effects(result: Any) -> dict[str, Any]:
    """Return what a table does not say of effects, by the names of the arguments of `effect_sizes`."""
    words = Wording.of(result)
    told = {"measure": words.measure.code, "benefit": words.benefit, "outcome_name": words.outcome_name or None}
    told["arms"] = words.arms
    return {name: value for name, value in told.items() if value is not None}


def lines(result: Any) -> str:
    """Return the lines of Python that make the result again of the file of effects; "" where there are none."""
    call, told = call_of(result), told_of_effects(result)
    if call is None:
        return ""
    made = ['table = pd.read_csv("studies.csv")']
    if table_of(result) is None:
        data, options = "table", call.options | {"measure": told["measure"]}
    else:
        data, options = "effects", call.options
        made.append(_written("effects = ma.effect_sizes", ["table", 'yi="yi"', 'vi="vi"', *_named(told)]))
    given = [*map(repr, call.before), data, *map(repr, call.after), *_named(options)]
    made.append(_written(f"result = ma.{call.function}", given))
    return "\n".join(["import pandas as pd", "import analysis as ma", "", *made, "print(result.summary())"])


def _named(options):
    return [f"{name}={value!r}" for name, value in options.items()]


def _written(function, arguments):
    """A call on one line, or on several that are no longer than a page is wide."""
    whole = f"{function}({', '.join(arguments)})"
    if len(whole) <= _WIDTH:
        return whole
    rows = ["   "]
    for argument in arguments:
        if len(rows[-1]) + len(argument) + 2 > _WIDTH:
            rows.append("   ")
        rows[-1] += f" {argument},"
    return "\n".join([f"{function}(", *rows, ")"])


def read_report(path: str | os.PathLike[str]) -> Any:
    """Return the result of a report, made again of what its JSON file holds.

    Parameters
    ----------
    path : str or Path
        Of a ``report.json`` that :func:`analysis.report` wrote.

    Returns
    -------
    PooledEffect, PooledSubgroups, MultilevelEffect or MetaRegression
        Fitted to the effects in the file, with the options in the file. Of effects the columns come back that the model
        asks for, and not the derivations.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no such report, is of a later version, or of a model whose result does not keep all that it was
        given; and if the numbers that come out are not those of the file.

    See Also
    --------
    analysis.report : Writes the file.

    Notes
    -----
    Nothing of the file is run: the model is one of a list, and a formula is read with the restrictions of
    :func:`analysis.meta_regression`.

    References
    ----------
    Bray 2017, The JavaScript Object Notation (JSON) Data Interchange Format, RFC 8259.

    Examples
    --------
    >>> import analysis, tempfile
    >>> pooled = analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], measure="SMD")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = read_report(analysis.report(pooled, folder, "json")[0])
    >>> again.estimate == pooled.estimate, again.measure
    (True, 'SMD')
    """
    name = os.fspath(path)
    told = _file(name)
    call = told.get("call")
    if call is None:
        raise ValueError(f"{name}: the result of a {told['model']} cannot be made again of the file alone")
    if call["function"] not in _FUNCTIONS:
        raise ValueError(f"{name}: {call['function']!r} is no model that is read; they are {', '.join(_FUNCTIONS)}")
    data: Any = pd.DataFrame(told["studies"])
    about = dict(told["effects_made_with"])
    if call["effects"]:
        about["arms"] = tuple(about["arms"]) if about.get("arms") else None
        data = effect_sizes(data, yi="yi", vi="vi", **about)
    elif call["function"] == "pool":
        call["options"]["measure"] = about["measure"]
    result = _FUNCTIONS[call["function"]](*call["before"], data, *call["after"], **call["options"])
    _compare(name, told["result"], result.to_row().to_dict("records")[0])
    return result


def _file(name):
    try:
        told = json.loads(Path(name).read_text(encoding="utf-8"))
        version = told["schema"]
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{name} is no report: give the report.json that report() writes ({error})") from None
    if version != SCHEMA:
        raise ValueError(f"{name} is of version {version!r} of the report, and this library reads {SCHEMA}: update it")
    return told


def _compare(name, stored, found):
    other = [key for key, value in stored.items() if isinstance(value, float) and not _alike(value, found.get(key))]
    if other:
        raise ValueError(
            f"{name}: {counted(len(other), 'number')} of the file, such as {other[0]} {stored[other[0]]!r}, "
            f"would be {found.get(other[0])!r} now: the file was changed, or the library computes otherwise by now"
        )


def _alike(stored, found):
    return isinstance(found, float) and math.isclose(stored, found, rel_tol=_SAME, abs_tol=_SAME)
