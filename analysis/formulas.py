"""From a formula and a table to a design matrix, by the formula engine of statsmodels, and what may be wrong.

statsmodels chooses the engine (patsy or formulaic, `statsmodels.formula.options`); nothing is parsed here but
the names of columns, so that a message can say which column and which study to look at.
"""

import re
import warnings
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from analysis import _validate

_DEPENDENT = 1e-7  # a column is redundant if less than this share of it is not explained by the columns before
_LISTED = 20
_NO_EFFECT = ", so it has no effect to estimate; leave it out of the formula"
_FRAMES = 4  # from the formula engine up to the caller of `meta_regression`, whose variables a formula may use


class Model(NamedTuple):
    """Checked studies and their design matrix; `spec` lets the formula engine build rows for new data."""

    yi: np.ndarray
    vi: np.ndarray
    x: np.ndarray
    names: tuple
    labels: tuple
    spec: object
    moderators: object  # DataFrame of the columns that the right side names, one row for each study


def read_model(formula, data, vi, labels):
    """Outcomes, variances and design matrix of a formula; ValueError lists every problem at once."""
    table, labels = _table(data, labels)
    names = _validate.study_labels(labels, len(table))
    if problems := _formula_problems(formula, table, vi):
        _fail(problems)
    left, right = (side.strip() for side in formula.split("~"))
    where = [f"study {i + 1}" + ("" if labels is None else f" ({names[i]})") for i in range(len(table))]
    outcome, unreadable = _outcome(left, table)
    yi, variances, problems = _studies(outcome, table[vi], where)
    problems += unreadable
    missing, missing_problems = _missing(right, table, where)
    try:
        exog, spec = _matrix("~ " + right, table, _FRAMES)
    except Exception as error:  # the engines raise whatever the terms of a formula raise
        _fail([*problems, *missing_problems, _unreadable(right, table, error)])
    problems += missing_problems + _row_problems(exog, missing, where)
    problems += _constant(right, table) + _design_problems(exog, len(table))
    if problems:
        _fail(problems)
    columns = tuple(map(str, exog.columns))
    return Model(yi, variances, exog.to_numpy(float), columns, names, spec, table[_in_order(right, table)])


def design_rows(spec, new_data):
    """Design matrix (m, p) for new data and its index; ValueError if a value is missing or not known."""
    import pandas as pd

    new = pd.DataFrame(new_data)
    table = _plain(new, "new_data")
    if problems := _unknown_levels(spec, table):
        raise ValueError(f"new_data does not fit the formula: {'; '.join(problems[:_LISTED])}")
    for name in table.select_dtypes("category"):  # its levels have been checked; patsy wants all of them in order
        table[name] = table[name].astype(object)
    try:
        with warnings.catch_warnings():  # of formulaic, for a level of a term that is not a column
            warnings.filterwarnings("error", message="Data has categories outside")
            exog, _ = _matrix(spec, table, _FRAMES)
    except Exception as error:  # as in read_model
        raise ValueError(f"new_data does not fit the formula: {_first_line(error)}") from error
    x = exog.to_numpy(float)
    bad = sorted(set(table.index) - set(exog.index[np.isfinite(x).all(axis=1)]))
    if bad:
        rows = ", ".join(str(i + 1) for i in bad)
        raise ValueError(f"a moderator is missing or not finite in row {rows} of new_data; fill it in")
    return x, new.index


def _unknown_levels(spec, table):
    """Messages for levels of categorical columns, in new data, that the studies of the fit do not have."""
    if hasattr(spec, "factor_infos"):  # patsy
        levels = {factor.name(): info.categories for factor, info in spec.factor_infos.items()}
    else:
        levels = {factor: state.get("categories") for factor, (_, state) in spec.encoder_state.items()}
    problems = {}
    for factor, known in levels.items():
        for name in table.columns if known is not None else []:
            quoted = rf"""(Q\(['"])?{re.escape(str(name))}(['"]\))?"""
            if re.fullmatch(rf"{quoted}|C\(\s*{quoted}\s*([,)].*)", factor):
                values, strange = table[name].tolist(), table[name].notna() & ~table[name].isin(list(known))
                problems |= {
                    f"{name!r} is {values[i]!r} in row {i + 1}, a level that no study has; "
                    f"use {', '.join(map(repr, known))}": None
                    for i in np.flatnonzero(strange)
                }
    return list(problems)


def _matrix(formula, table, depth):
    """Design matrix as a DataFrame, without the rows in which a term is missing, and its specification."""
    from statsmodels.formula import handle_formula_data

    with np.errstate(all="ignore"):
        exog, _, spec = handle_formula_data(table, None, formula, depth=depth, missing="drop")
    return exog, spec


def _table(data, labels):
    """The table with rows numbered from 0, and the labels of the studies, None if there are none."""
    import pandas as pd

    table = getattr(data, "table", data)
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"data must be a DataFrame or an EffectSizes, not {type(data).__name__}")
    if not len(table):
        raise ValueError("there are no studies: data has no rows")
    plain = _plain(table, "data")
    if labels is None:
        column = next((name for name in ("label", "study") if name in table.columns), None)
        labels = None if column is None else table[column].tolist()
    for name in plain.select_dtypes("category"):
        plain[name] = plain[name].cat.remove_unused_categories()
    return plain, labels


def _plain(table, called):
    """A copy with rows numbered from 0 and without the nullable types of pandas, which not every engine takes."""
    import pandas as pd

    if len(twice := table.columns[table.columns.duplicated()]):
        raise ValueError(f"{called}: two columns are named {twice[0]!r}; rename one of them")
    table = table.reset_index(drop=True)
    for name, dtype in table.dtypes.items():
        if pd.api.types.is_extension_array_dtype(dtype) and dtype.kind in "fiub":
            truth = dtype.kind == "b" and table[name].notna().all()
            table[name] = table[name].astype(bool) if truth else table[name].to_numpy(float, na_value=np.nan)
    return table


def _formula_problems(formula, table, vi):
    """What makes it pointless to look at the studies."""
    sides = formula.split("~") if isinstance(formula, str) else []
    if len(sides) != 2 or not all(side.strip() for side in sides):
        return [f"formula={formula!r} must read 'outcome ~ moderators', such as 'yi ~ week + C(therapy)'"]
    if not isinstance(vi, str) or vi not in table.columns:
        return [f"vi={vi!r} is not a column of data; name the column of sampling variances{_near(vi, table)}"]
    return []


def _near(name, table):
    """The columns that a misspelt name may mean."""
    near = get_close_matches(str(name), list(map(str, table.columns)), cutoff=0.5)
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""


def _words(formula):
    """The formula without text in quotes, such as names of levels, unless it names a column as in Q("a b")."""
    return re.sub(r"""(?<!Q\()(['"]).*?\1""", "", formula)


def _named(right, table):
    """Columns that the right side of a formula names."""
    text = _words(right)
    return [name for name in table.columns if re.search(rf"(?<![\w.]){re.escape(str(name))}(?!\w|\s*\()", text)]


def _in_order(right, table):
    """Columns that the right side of a formula names, in the order in which it names them."""
    text = _words(right)

    def place(name):
        return re.search(rf"(?<![\w.]){re.escape(str(name))}(?!\w)", text).start()

    return sorted(_named(right, table), key=place)


def _missing(right, table, where):
    """Which studies miss a moderator, as an array of bool, and a message for each missing value."""
    missing, problems = np.zeros(len(table), dtype=bool), []
    for name in _named(right, table):
        absent = table[name].isna().to_numpy()
        infinite = np.zeros(len(table), dtype=bool)
        if table[name].dtype.kind == "f":
            infinite = np.isinf(table[name].to_numpy())
        missing |= absent | infinite
        problems += [
            f"{where[i]}: moderator {name!r} is {'missing' if absent[i] else 'infinite'}; "
            "fill it in, or leave out the study or the moderator"
            for i in np.flatnonzero(absent | infinite)
        ]
    return missing, problems


def _constant(right, table):
    """Categories of a single level, for which the formula engine makes no column at all."""
    problems = []
    for name in _named(right, table):
        values, category = table[name].dropna(), re.search(rf"\bC\(\s*{re.escape(str(name))}\b", right)
        if (category or values.dtype.kind not in "fiu") and values.nunique() == 1:
            problems.append(f"{name!r} is {values.iloc[0]} in every study{_NO_EFFECT}")
    return problems


def _outcome(left, table):
    """The outcome, a column or an expression, and messages if it cannot be evaluated."""
    if left in table.columns:
        return table[left], []
    try:
        values, _ = _matrix(f"~ 0 + I({left})", table, _FRAMES + 1)
    except Exception as error:  # as in read_model
        return np.zeros(len(table)), [_unreadable(left, table, error)]
    if values.shape[1] != 1:
        return np.zeros(len(table)), [f"{left!r} gives {values.shape[1]} columns; one outcome is needed"]
    return values.iloc[:, 0].reindex(table.index), []


def _studies(outcome, variances, where):
    """Outcomes and variances as arrays, and what is wrong with them."""
    raw = {"yi": np.asarray(outcome, dtype=object), "vi": np.asarray(variances, dtype=object)}
    yi, vi = (_validate._as_float(x).copy() for x in (outcome, variances))
    good = dict(zip(raw, _validate.good(yi, vi), strict=True))
    bad = [(i, name) for i in range(len(yi)) for name in raw if not good[name][i]]
    return yi, vi, [f"{where[i]}: {_validate._complaint(name, raw[name][i])}" for i, name in bad]


def _first_line(error):
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _unreadable(formula, table, error):
    """One message for a side of the formula that the engine cannot evaluate, naming columns that do not exist."""
    names = re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*(?![\w\"']|\s*[(.=])", _words(formula))
    unknown = [name for name in dict.fromkeys(names) if name not in table.columns]
    if unknown and re.search(r"not defined|not present|KeyError", f"{error!r} {error.__cause__!r}"):
        return "; ".join(f"the formula names {name!r}, not a column of data{_near(name, table)}" for name in unknown)
    return f"{formula!r} cannot be evaluated: {_first_line(error)}"


def _row_problems(exog, missing, where):
    """Terms that are not finite although the columns they are made of are."""
    lost = np.setdiff1d(np.flatnonzero(~missing), exog.index)
    problems = [f"{where[i]}: a term of the formula is not a number; transform another way" for i in lost]
    for i, j in np.argwhere(~np.isfinite(exog.to_numpy(float))):
        if not missing[exog.index[i]]:
            problems.append(f"{where[exog.index[i]]}: {exog.columns[j]!r} is not finite; transform another way")
    return problems


def _design_problems(exog, k):
    """Columns that cannot have a coefficient of their own, and too many of them for k studies."""
    names, x = list(map(str, exog.columns)), exog.to_numpy(float)
    x = x[np.isfinite(x).all(axis=1)]
    if not names:
        return ["the formula has neither moderators nor an intercept; 'yi ~ 1' has an intercept alone"]
    if not len(x):  # every study misses something, and a message says so
        return []
    if len(names) >= k:
        need = f"need at least {len(names) + 1} studies, and there {'is' if k == 1 else 'are'} {k}"
        return [f"{len(names)} coefficients ({', '.join(names)}) {need}; leave out moderators"]
    problems, kept, basis = [], [], np.zeros((len(x), 0))
    for j, column in enumerate(x.T):
        size = np.sqrt(column @ column)
        unit = column / size if size > 0 else column
        for _ in range(2):
            unit = unit - basis @ (basis.T @ unit)
        left = np.sqrt(unit @ unit)
        if left > _DEPENDENT:
            kept.append(j)
            basis = np.column_stack([basis, unit / left])
        else:
            problems.append(_redundant(x, names, kept, j))
    return problems


def _redundant(x, names, kept, j):
    if not np.ptp(x[:, j]):
        return f"{names[j]!r} is {x[0, j]:g} in every study{_NO_EFFECT}"
    scaled = x[:, kept] / np.abs(x[:, kept]).max(axis=0)
    share = np.linalg.lstsq(scaled, x[:, j] / np.abs(x[:, j]).max(), rcond=None)[0]
    others = [repr(names[i]) for i, b in zip(kept, share, strict=True) if abs(b) > 1e-5]
    return f"{names[j]!r} is determined by {' and '.join(others)} (collinear); leave one of them out"


def _fail(problems):
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the meta-regression:"
    more = [f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
    raise ValueError("\n  ".join([count, *problems[:_LISTED], *more]))
