"""How a result is made again: the table of its effects, the call that pooled them, and a reader of both."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis import _check
from analysis.data.effect_sizes import effect_sizes
from analysis.data.wide import noun_of
from analysis.evidence.arms import pool_arms
from analysis.models.bayes import pool_bayes
from analysis.models.bivariate import pool_bivariate
from analysis.models.counts import PooledCounts, pool_mantel_haenszel, pool_peto
from analysis.models.doses import dose_response
from analysis.models.imputation import ImputedEffect, pool_imputed
from analysis.models.multilevel import pool_multilevel
from analysis.models.network import compare_therapies
from analysis.models.pooling import pool
from analysis.models.priors import HalfNormal, HalfStudent, LogStudent, Normal, Uniform
from analysis.models.regression import meta_regression
from analysis.models.results import Result
from analysis.models.selection import selection_model
from analysis.models.small_study import (
    begg_test,
    egger_test,
    harbord_test,
    limit_meta_analysis,
    pet_peese,
    peters_test,
    pustejovsky_test,
    small_study_effects,
    trim_and_fill,
)
from analysis.models.subgroups import pool_subgroups
from analysis.reports.paragraphs import table_of
from analysis.sentences import Wording
from analysis.text import counted, safe_table

SCHEMA = 1  # of the JSON file; rises when a reader of the former one would misread it
_WIDTH = 88
# What a file must hold to be read, and what is said of one that does not.
_HELD = {
    **{"model": str, "studies": list, "call": dict | None},
    **dict.fromkeys(("effects", "effects_made_with", "result"), dict),
}
_CHANGED = "was cut or changed, and is no report any more: give the report.json that report() writes"
# Numbers of a result that was made again agree but for the last digits, which depend on the processor.
_SAME = 1e-8
_METHODS = ("tau2_method", "ci_method", "confidence_level")
_POOLED = ("tau2_method", "ci_method", "pi_method", "confidence_level")
_OF_POOL = (*_POOLED, "tau2_ci_method", "measure")
# Where a result keeps the fit that holds its studies and their methods.
_WITHIN = ("overall", "contrast", "regression", "observed", "unadjusted", "pooled")
_COUNTS = ("events_t", "n_t", "events_p", "n_p")
_COUNTED = (*_COUNTS, "events_treatment", "n_treatment", "events_placebo", "n_placebo")
_OF_ARMS = (
    *("change_placebo", "change_placebo_vi", "change_treatment", "change_treatment_vi"),
    *("n_treatment", "n_placebo", "design", "condition_group", "change_status"),
)


class Call(NamedTuple):
    """A call that makes a result of effects, or of a table: its function, what precedes the data, and its options."""

    function: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    options: dict[str, Any]


class _Kind(NamedTuple):
    """How results of one kind are made again."""

    function: Callable[..., Any]
    kept: tuple[str, ...]  # arguments that the result, or the fit within it, keeps by their names
    more: Callable[[Any], dict[str, Any]] = lambda _: {}  # arguments that are kept otherwise
    columns: tuple[str, ...] = ()  # that are asked of effects, where they have them
    before: Callable[[Any], tuple[str, ...]] = lambda _: ()  # arguments before the data
    whole: Callable[[Any], bool] = lambda _: True  # whether the result keeps all that it was given


def _clustered(fit):
    vcov = None if fit._vcov is None else fit._vcov.tolist()
    return {"cluster": "cluster", "vcov": vcov, "mods": getattr(fit, "formula", None)}


def _arms_are_usual(result):
    """Whether the effects tell all of the changes within arms, which those of arms that were split do not."""
    if result.effects is None:
        return True
    options, k = result.effects.options, getattr(result, "k", len(result.effects))
    usual = options.get("crossover_correlation", 0.5) == 0.5 and options.get("multi_arm") != "split"
    return usual and len(studies(result)) == k


def _groups_are_columns(pooled):
    effects = table_of(pooled)
    if effects is None or pooled.by not in effects.table or pooled.overall.tau2_method == "fixed":
        return False
    # A list of groups has a name that a column of others may have too.
    names = _names_in(effects.table, pooled.by)
    return all(np.array_equal(fit.yi, effects.yi[names == name]) for name, fit in pooled.groups.items())


def _therapies_are_columns(found):
    effects = table_of(found)
    names = [] if effects is None or found.by not in effects.table else _names_in(effects.table, found.by)
    return effects is None or np.array_equal(names, _names_in(found._given, found.by))


def _names_in(table, column):
    return np.array([_check.as_text(value) for value in table[column]], dtype=object)


def _imputed(found):
    # Where no SD is missing one data set was made, and two are the fewest to ask for.
    return {"imputations": max(found.imputations, 2), "seed": found._seed}


def _trials_are_known(found):
    """Whether the arms beside effects hold all their trials, which those of reported contrasts do not."""
    return set(found.effects.table["study"]) <= set(found.effects.rows["study"])


def _of_formula(fit):
    """Whether a formula is read again with restrictions, of columns that a file has and that are not of effects."""
    model = fit._model
    own = {"yi": fit.yi, "vi": fit.vi}
    other = [name for name in model.moderators if name in own and not np.array_equal(model.moderators[name], own[name])]
    return not (model.unsafe or other or "label" in model.moderators or _of_objects(model.moderators))


def _of_objects(table):
    """Whether a column holds dates or intervals, of which a file has the texts alone."""
    values = (x.cat.categories if isinstance(x.dtype, pd.CategoricalDtype) else x for _, x in table.items())
    return any(
        not isinstance(value, str | int | float | np.number | np.bool_) and not pd.isna(value)
        for each in values
        for value in each
    )


def _formula(fit):
    """The formula, of the outcomes as they were explained, which may be a function of those of a table."""
    return (fit.formula if fit.formula.partition("~")[0].strip() == "yi" else f"yi ~ {fit._model.right}",)


def _of_all(test):
    """Whether a test, which keeps no numbers of its own, is of all the effects beside it, and of no others."""
    return test.effects is not None and len(test.effects) == test.k and getattr(test, "predictor", "") != "n"


def _asymmetry(function, kept=("confidence_level",)):
    return _Kind(function, kept, columns=_COUNTED, whole=_of_all)


# Of each kind of result the function and its arguments; of tests and of counts there are several kinds.
_KINDS = {
    "PooledEffect": _Kind(pool, _OF_POOL),
    "PooledSubgroups": _Kind(pool_subgroups, (*_POOLED, "by", "tau2"), whole=_groups_are_columns),
    "PooledArms": _Kind(pool_arms, (*_POOLED, "by"), columns=_OF_ARMS, whole=_arms_are_usual),
    "PooledCounts Mantel-Haenszel": _Kind(pool_mantel_haenszel, (), lambda fit: dict(fit._again.keywords)),
    "PooledCounts Peto": _Kind(pool_peto, ("confidence_level",)),
    "MultilevelEffect": _Kind(pool_multilevel, (*_METHODS, "measure"), _clustered),
    "MultilevelRegression": _Kind(pool_multilevel, (*_METHODS, "measure"), _clustered, whole=_of_formula),
    "MetaRegression": _Kind(meta_regression, _METHODS, before=_formula, whole=_of_formula),
    "PosteriorEffect": _Kind(pool_bayes, ("tau_prior", "mu_prior", "confidence_level", "measure")),
    "BivariateEffect": _Kind(pool_bivariate, _METHODS, columns=_OF_ARMS, whole=_arms_are_usual),
    "ImputedEffect": _Kind(pool_imputed, _METHODS, _imputed, whole=_trials_are_known),
    "DoseResponse": _Kind(dose_response, (*_METHODS, "dose", "unit", "shape", "reference", "knots")),
    "ComparedTherapies": _Kind(
        compare_therapies, (*_METHODS, "by", "comparator"), _clustered, whole=_therapies_are_columns
    ),
    "AsymmetryTest Egger": _asymmetry(egger_test, ("model", "predictor", *_METHODS)),
    "AsymmetryTest Begg": _asymmetry(begg_test, ()),
    "AsymmetryTest Peters": _asymmetry(peters_test),
    "AsymmetryTest Harbord": _asymmetry(harbord_test),
    "AsymmetryTest Pustejovsky-Rodgers": _asymmetry(pustejovsky_test),
    "TrimAndFill": _Kind(trim_and_fill, (*_OF_POOL, "estimator", "side")),
    "PetPeese": _Kind(pet_peese, ("alpha", "confidence_level"), whole=_of_all),
    "LimitEffect": _Kind(limit_meta_analysis, _OF_POOL),
    "SelectionModel": _Kind(selection_model, ("kind", "steps", "alternative", "confidence_level")),
    "SmallStudyEffects": _Kind(small_study_effects, _OF_POOL, columns=_COUNTED),
}
# What the rows are that `to_frame` of a result has, where they are neither its studies nor its one row again.
_TABLES = {
    "PooledSubgroups": "groups",
    "PooledArms": "groups",
    "BivariateEffect": "outcomes",
    "ComparedTherapies": "therapies",
    "DoseResponse": "curve",
    "SmallStudyEffects": "methods",
}
_FUNCTIONS = {kind.function.__name__: kind for kind in _KINDS.values()}
_PRIORS = {kind.__name__: kind for kind in (HalfNormal, HalfStudent, LogStudent, Uniform, Normal)}


def _kind_of(result):
    name = type(result).__name__
    return _KINDS.get(name) or _KINDS.get(f"{name} {getattr(result, 'test', getattr(result, 'method', ''))}")


def _fit(result):
    """What holds the studies and their methods: the result, or a fit within it."""
    within = (getattr(result, name, None) for name in _WITHIN)
    return next((fit for fit in within if isinstance(fit, Result)), result)


def studies(result: Any) -> pd.DataFrame:
    """Return the effects that were analysed, one row each, with the columns that the model asks of them."""
    effects, fit = table_of(result), _fit(result)
    if effects is None or isinstance(fit, PooledCounts):
        return _plain(fit)
    table, labels = effects.table, getattr(fit, "labels", effects.labels)
    table = table[table["label"].isin(labels)] if len(labels) < len(table) else table
    noun, more = Wording.of(result).noun, _further(result, table)
    kept = table[["study", "label", "yi", "vi", *more]]
    # A moderator may have that name.
    kept = kept if noun in more else kept.rename(columns={"study": noun})
    return kept.assign(**_trials(result)).reset_index(drop=True)


def _further(result, table):
    kind, formula = _kind_of(result), getattr(_fit(result), "formula", "")
    named = {getattr(result, "by", None), getattr(result, "dose", None), "cluster", *(kind.columns if kind else ())}
    return [name for name in table if name in named or (name in formula and name not in ("study", "label", "yi", "vi"))]


def _trials(fit):
    """The trial of each effect, where several belong to one."""
    trial = getattr(fit, "cluster", getattr(fit, "_given", {}).get("cluster"))
    return {} if trial is None else {"cluster": trial}


def _plain(fit):
    """What was analysed of plain numbers, or of counts."""
    if isinstance(fit, PooledCounts):
        names = {Wording.of(fit).noun: fit.labels} if fit.effects is not None else {}
        return pd.DataFrame({**names, "label": fit.labels, **dict(zip(_COUNTS, fit.counts, strict=True))})
    if hasattr(fit, "_given"):
        return pd.DataFrame(fit._given)
    names = {"labels": "label", "yi": "yi", "vi": "vi"}
    table = pd.DataFrame({name: list(getattr(fit, field)) for field, name in names.items() if hasattr(fit, field)})
    model = getattr(fit, "_model", None)
    others = {} if model is None else {name: x.array for name, x in model.moderators.items() if name not in table}
    return table.assign(**others, **_trials(fit))


def studies_csv(result: Any) -> bytes:
    """Return the same as a file, with every digit; a name that a spreadsheet would run has an apostrophe before it."""
    return safe_table(studies(result)).to_csv(index=False, lineterminator="\n").encode()


def data_files(result: Any) -> dict[str, bytes]:
    """Return the files that the lines of Python read, by their names."""
    call, files = call_of(result), {"studies.csv": studies_csv(result)}
    vcov = None if call is None else call.options.get("vcov")
    if vcov is not None:
        files["vcov.csv"] = pd.DataFrame(vcov).to_csv(index=False, lineterminator="\n").encode()
    if (arms := trials(result)) is not None:
        files["trials.csv"] = safe_table(arms).to_csv(index=False, lineterminator="\n").encode()
    return files


def trials(result: Any) -> pd.DataFrame | None:
    """Return the arms of trials that effects are made of, where a model asks for more than the effects."""
    if not isinstance(result, ImputedEffect) or call_of(result) is None:
        return None
    return _among(result).rows.reset_index(drop=True)


def levels(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the levels of every column of categories in their order, of which the first is what others differ from."""
    columns = (name for name in table if isinstance(table[name].dtype, pd.CategoricalDtype))
    found = {name: table[name].cat.categories.tolist() for name in columns}
    return {name: [x if isinstance(x, bool | int | float) else str(x) for x in of] for name, of in found.items()}


def tables(result: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the numbers of which a result has several, such as coefficients and groups, as rows by what they are."""
    fit = getattr(result, "regression", result)
    found = (
        {"coefficients": fit.summary_frame().rename_axis("name").reset_index()} if hasattr(fit, "summary_frame") else {}
    )
    if own := _TABLES.get(type(result).__name__):
        found[own] = result.to_frame()
    return {name: table.to_dict("records") for name, table in found.items()}


def beside_numbers(result: Any) -> dict[str, str]:
    """Return what neither the numbers of effects nor the arguments of `effect_sizes` tell of them."""
    words = Wording.of(result)
    return {"unit": words.unit, "noun": words.noun}


def _among(found):
    return found.effects if found._among is None else found._among


def fingerprint(result: Any) -> str:
    """Return the SHA-256 of the file of effects."""
    return hashlib.sha256(studies_csv(result)).hexdigest()


def call_of(result: Any) -> Call | None:
    """Return the call that makes a result, or None where it has not kept all that it was given."""
    kind, fit, effects = _kind_of(result), _fit(result), table_of(result)
    if kind is None or not kind.whole(result):
        return None
    table = studies(result)
    # Variances may be those of another column, and rows that were dropped have the labels of others.
    own = [name for name in ("yi", "vi") if name in table and hasattr(fit, name)]
    if not all(np.array_equal(table[name], getattr(fit, name)) for name in own):
        return None
    options = {name: getattr(result, name, getattr(fit, name, None)) for name in kind.kept} | kind.more(result)
    if options.get("tau2_method") == "fixed":
        options |= {"tau2_method": None, "tau2": fit.tau2}
    if effects is not None and not isinstance(fit, PooledCounts):
        options.pop("measure", None)
    # A test that estimates no tau2 has no name of a method.
    empty = {name for name, value in options.items() if value is None or (isinstance(value, str | tuple) and not value)}
    given = {name: _storable(value) for name, value in options.items() if name not in empty}
    return Call(kind.function.__name__, kind.before(result), (), given)


def _storable(value):
    """An argument as JSON has it: a prior is its name and its numbers."""
    if type(value).__name__ in _PRIORS:
        return {"prior": type(value).__name__, **asdict(value)}
    if isinstance(value, str):
        return str(value)
    return np.asarray(value).tolist()


def _made(value):
    if isinstance(value, Mapping):
        about = dict(value)
        return _PRIORS[about.pop("prior")](**about)
    return value


def _in_python(name, value):
    if name == "vcov":
        return "vcov=vcov"
    prior = isinstance(value, Mapping) and "prior" in value
    return f"{name}={f'ma.{_made(value)!r}' if prior else repr(value)}"


def told_of_effects(result: Any) -> dict[str, Any]:
    """Return what a table does not say of effects, by the names of the arguments of `effect_sizes`."""
    counts, effects = isinstance(_fit(result), PooledCounts), table_of(result)
    words = Wording.of(result if counts or effects is None else effects)
    told = {"measure": words.measure.code, "benefit": words.benefit, "outcome_name": words.outcome_name or None}
    told["arms"] = words.arms
    if counts and of_effects(result):
        # A trial without events has no ratio of its own, and is told by its counts.
        told |= {name: name for name in _COUNTS} | {"missing": "drop"}
    if trials(result) is not None:
        told = _among(result).options | told
    return {name: value for name, value in told.items() if value is not None}


def of_effects(result: Any) -> bool:
    """Return whether a result is made of effects, which know more than their numbers."""
    fit = _fit(result)
    return fit.effects is not None if isinstance(fit, PooledCounts) else table_of(result) is not None


def lines(result: Any) -> str:
    """Return the lines of Python that make the result again of the file of effects; "" where there are none."""
    call, told = call_of(result), told_of_effects(result)
    if call is None:
        return ""
    table, arms, more = studies(result), trials(result), {}
    made, data, own = [_reading("table", table, "studies.csv")], "table", []
    made += [f'table[{name!r}] = table[{name!r}].str.removeprefix("\'")' for name in _escaped(table)]
    for name, of in levels(table).items():
        ordered = _named({"ordered": True}) if table[name].cat.ordered else []
        made.append(_written(f"table[{name!r}] = pd.Categorical", [f"table[{name!r}]", repr(of), *ordered]))
    if of_effects(result):
        words, data, whole = Wording.of(result), "effects", "effects"
        numbers = [f'{name}="{name}"' for name in _numbers(told)]
        usual = {"unit": words.measure.unit, "noun": noun_of(table, None)}
        if arms is not None:
            whole, numbers, own = "among", [], ["among=among"]
            usual = {"unit": words.unit, "noun": "trial"}
            made.insert(0, _reading("arms", arms, "trials.csv"))
        source = "table" if arms is None else "arms"
        made.append(_written(f"{whole} = ma.effect_sizes", [source, *numbers, *_named(told)]))
        more = {name: value for name, value in beside_numbers(result).items() if value != usual[name]}
        made += [_written(f"{whole} = replace", [whole, *_named(more)])] if more else []
        made += [] if arms is None else [f'effects = among.where(study=list(table["{table.columns[0]}"]))']
    if "vcov" in call.options:
        made.append('vcov = pd.read_csv("vcov.csv").to_numpy()')
    given = [*map(repr, call.before), data, *map(repr, call.after), *own, *_named(call.options)]
    made.append(_written(f"result = ma.{call.function}", given))
    imports = ["from dataclasses import replace", ""] * bool(more) + [
        "import pandas as pd",
        "import analysis as ma",
        "",
    ]
    return "\n".join([*imports, *made, "print(result.summary())"])


def _reading(name, table, file):
    """The line that reads a table from its file, with what keeps texts from being read as numbers or as blanks."""
    written = safe_table(table)
    read = pd.read_csv(io.StringIO(written.to_csv(index=False)), low_memory=False)
    other = [
        column for column in written if _all_text(written[column]) and _cells(read[column]) != _cells(written[column])
    ]
    if not other:
        return f'{name} = pd.read_csv("{file}")'
    options = {"dtype": dict.fromkeys(other, "str"), "keep_default_na": False, "na_values": [""]}
    return _written(f"{name} = pd.read_csv", [f'"{file}"', *_named(options)])


def _escaped(table):
    """The columns with cells before which the file has an apostrophe, and none of which begins with one."""
    written = safe_table(table)
    other = [name for name in table if _cells(written[name]) != _cells(table[name])]
    return [name for name in other if not any(str(cell).startswith("'") for cell in table[name])]


def _all_text(column):
    return all(isinstance(cell, str) for cell in column.dropna())


def _cells(column):
    return [None if pd.isna(cell) else cell for cell in column]


def _numbers(told):
    """The columns that hold effects, where they are not made of others."""
    return {} if "events_t" in told else {"yi": "yi", "vi": "vi"}


def _named(options):
    return [_in_python(name, value) for name, value in options.items()]


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
    result
        Of the model that was reported, fitted to the effects in the file with the options in the file. Of effects the
        columns come back that the model asks for, and not the derivations, nor what is said of them: where one half was
        added to counts, and which arm changes within one arm are of.

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
    if told["call"] is None:
        raise ValueError(f"{name}: the result of a {told['model']} cannot be made again of the file alone")
    try:
        result = _made_again(name, told)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{name} {_CHANGED} ({error!r})") from error
    stored = _numbers_in(told["result"], told.get("tables", {}))
    _compare(name, stored, _numbers_in(result.to_row().to_dict("records")[0], tables(result)))
    return result


def _made_again(name, told):
    """The result of the call that a report tells, of the studies that it holds."""
    call = told["call"]
    if call["function"] not in _FUNCTIONS:
        raise ValueError(f"{name}: {call['function']!r} is no model that is read; they are {', '.join(_FUNCTIONS)}")
    data: Any = pd.DataFrame(told["studies"])
    for column, of in told.get("levels", {}).items():
        data[column] = pd.Categorical(data[column], of)
    about = dict(told["effects_made_with"])
    options = {name: _made(value) for name, value in call["options"].items()}
    kind = _FUNCTIONS[call["function"]]
    if call["effects"]:
        about["arms"] = tuple(about["arms"]) if about.get("arms") else None
    if call["effects"]:
        arms = told.get("trials")
        effects = effect_sizes(pd.DataFrame(arms), **about) if arms else effect_sizes(data, **_numbers(about) | about)
        names = data.iloc[:, 0].tolist()
        data = replace(
            effects, **{name: told["effects"].get(name, getattr(effects, name)) for name in ("unit", "noun")}
        )
        if arms:
            options["among"], data = data, data.where(study=names)
    elif "measure" in kind.kept:
        options = {"measure": about["measure"]} | options
    return kind.function(*call["before"], data, *call["after"], **options)


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
    if lost := [key for key, kind in _HELD.items() if not isinstance(told.get(key, ...), kind)]:
        raise ValueError(f"{name} {_CHANGED} (without {', '.join(lost)})")
    return told


def _numbers_in(row, of):
    """The numbers of the one row that a report tells of a result, and every cell of its tables, by what they are."""
    cells = {
        f"{name} {i + 1}, {key}": x
        for name, rows in of.items()
        for i, each in enumerate(rows)
        for key, x in each.items()
    }
    return {key: x for key, x in row.items() if isinstance(x, float)} | cells


def _compare(name, stored, found):
    other = [key for key, value in stored.items() if not _alike(value, found.get(key))]
    if other:
        raise ValueError(
            f"{name}: {counted(len(other), 'number')} of the file, such as {other[0]} {stored[other[0]]!r}, "
            f"would be {found.get(other[0])!r} now: the file was changed, or the library computes otherwise by now"
        )


def _alike(stored, found):
    if isinstance(stored, float):
        return isinstance(found, float) and math.isclose(stored, found, rel_tol=_SAME, abs_tol=_SAME)
    # Of other values names alone are compared: a number that there is not, or without end, is no number in the file.
    return not (isinstance(stored, str) and isinstance(found, str)) or stored == found
