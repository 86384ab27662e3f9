"""From a formula to a design matrix: the one way to read moderators, for studies and for effects nested in trials.

The formula engine is the one that statsmodels chooses (patsy or formulaic, `statsmodels.formula.options`). It runs a
formula as Python, so that `analysis.models.restricted` reads it before. Nothing is parsed here but the names of
columns, so that a message can say which column and which study to look at. Columns of numbers that stand as they are,
in a formula such as "yi ~ week + dose" or in an array, need no engine: `PlainDesign` is their matrix.
"""

from __future__ import annotations

import inspect
import keyword
import math
import re
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis import _check
from analysis._types import Floats, Labels, Missing
from analysis.models import restricted
from analysis.models.studies import TABLE_HAS_ITS_OWN, Studies, index_of, labels_of, paired, table_of, warn_of_repeats

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes

# A column is redundant if less than this share of it is not explained by the columns before.
_DEPENDENT = 1e-7
# A design that is made again may differ from the first by this share of the largest entry of a column, by rounding.
_SAME = 1e-9
# Problems that a message lists.
_LISTED = 20
_NO_EFFECT = ", so it has no effect to estimate; leave it out"


class PlainDesign(NamedTuple):
    """A design of columns as they stand, beside an intercept or alone."""

    columns: tuple[str, ...]
    intercept: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the coefficients, as a formula engine gives them."""
        return ("Intercept",) * self.intercept + self.columns

    @property
    def right(self) -> str:
        """The right side of a formula that says the same."""
        names = (name if name.isidentifier() else f'Q("{name}")' for name in self.columns)
        return " + ".join([*["0"] * (not self.intercept), *names]) or "1"

    def matrix(self, table: pd.DataFrame) -> Floats:
        """The design (k, p) of a table."""
        if lacking := [name for name in self.columns if name not in table]:
            raise ValueError(f"there is no column {', '.join(map(repr, lacking))}")
        given = [table[name].to_numpy() for name in self.columns]
        if text := [name for name, column in zip(self.columns, given, strict=True) if column.dtype.kind not in "fiub"]:
            raise ValueError(f"{', '.join(map(repr, text))} must hold numbers")
        return np.column_stack([np.ones((len(table), int(self.intercept))), *given])


class Model(NamedTuple):
    """Checked studies and their design matrix; `spec` makes rows for new data."""

    yi: np.ndarray
    vi: np.ndarray
    labels: tuple[str, ...]
    right: str  # of the formula
    x: np.ndarray
    names: tuple[str, ...]
    terms: tuple[str, ...]  # that of each column of x
    spec: Any  # a `PlainDesign`, or what the formula engine calls so: None in a fit that was pickled or copied
    moderators: pd.DataFrame  # the columns that the right side names, one row for each study
    left_out: tuple[tuple[str, str], ...] = ()  # label and reason
    effects: EffectSizes | None = None  # where they are what the formula explains
    unsafe: bool = False  # whether the formula may run what it likes


def read_model(
    formula: str | ArrayLike | pd.DataFrame,
    data: pd.DataFrame | EffectSizes | ArrayLike,
    vi: str | ArrayLike,
    labels: Labels | None,
    *,
    missing: Missing = "raise",
    unsafe: bool = False,
    intercept: bool = True,
) -> Model:
    """Outcomes, variances and design matrix of a formula, or of moderators; ValueError lists every problem at once."""
    _check.option("missing", missing, ("raise", "drop"))
    _check.single(unsafe=unsafe)
    if not isinstance(intercept, bool):
        raise ValueError(f"intercept={intercept!r} must be True or False")
    mods = None if np.ndim(formula) == 0 else formula
    if mods is None and not isinstance(vi, str):
        raise ValueError(
            f"vi is {_check.kind(vi)}, but beside a formula it names a column of data: add the values to it"
        )
    data = data if mods is None else _with_variances(data, vi)
    vi = vi if isinstance(vi, str) or mods is None else "vi"
    # An unsafe formula may use columns that it does not name.
    used = None if unsafe else f"{formula if mods is None else 'yi'} {vi} se"
    table, index, labels = _data_and_labels(data, labels, used)
    names = _check.study_labels(labels, len(table))
    spread = "se" if vi == "vi" and "vi" not in table and "se" in table else vi
    if mods is None:
        _fail(_formula_problems(formula, table, spread, intercept))
        left, right = (side.strip() for side in formula.split("~"))
        columns, spec = table, _plain_design(right, table)
    else:
        no_outcome = [] if "yi" in table else [f"'yi' is not a column of data: the outcomes{_check.meant('yi', table)}"]
        _fail(no_outcome + _spread_problems(spread, table))
        columns = _moderators(mods, index)
        spec = PlainDesign(tuple(columns), intercept)
        left, right = "yi", spec.right
    where = [f"study {i + 1}" + ("" if labels is None else f" ({names[i]})") for i in range(len(table))]
    outcome, unreadable = _outcome(left, table, spread, unsafe)
    left_out = ()
    if missing == "drop":
        needed = {"effect": outcome, "standard error" if spread == "se" else "variance": table[spread]}
        named = _named(right, columns) if spec is None else spec.columns
        named = [name for name in named if columns is not table or name != spread]
        known, left_out = _known(pd.concat([pd.DataFrame(needed), columns[named]], axis=1), names)
        table, columns = (_plain(each[known], "data") for each in (table, columns))
        outcome = np.asarray(outcome)[known]
        names, where = (tuple(x for x, here in zip(xs, known, strict=True) if here) for xs in (names, where))
    warn_of_repeats(data, table, "meta_regression")
    yi, variances, problems = _outcomes_and_variances(outcome, table[spread], where, "se" if spread == "se" else "vi")
    design = _design(right, columns, where, problems + unreadable, unsafe, spec)
    effects = data if left == "yi" and not isinstance(data, pd.DataFrame) else None
    return Model(yi, variances, names, **design, left_out=left_out, effects=effects)


def _with_variances(data, vi):
    """The table that is given, or that of outcomes beside their variances."""
    if np.ndim(data) != 1:
        if not isinstance(vi, str):
            raise ValueError(TABLE_HAS_ITS_OWN.format(name="vi"))
        return data
    if isinstance(vi, str):
        raise ValueError(f"the outcomes are no table, and so vi={vi!r} no column; give one sampling variance for each")
    vi = paired(vi, "vi", data.index if isinstance(data, pd.Series) else None)
    _check.same_shape(data, vi, 1, "(k,), one value for each study")
    return pd.DataFrame({"yi": data, "vi": vi})


def _moderators(given, index):
    """Moderators as a table of numbers: those of pandas have the index of the studies, all others are x1, x2 ..."""
    given = given.to_frame() if isinstance(given, pd.Series) else given
    given = paired(given, "moderators", index, "data")
    if not isinstance(given, pd.DataFrame):
        # Of a list each entry stays what it is.
        _check.unmasked(given)
        x = np.asarray(given, dtype=None if hasattr(given, "dtype") else object)
        if x.ndim > 2:
            raise ValueError(f"the moderators have {x.ndim} dimensions; give a row for each study: (k,) or (k, p)")
        given = pd.DataFrame(x, copy=True)
        given = given.infer_objects() if x.dtype.kind == "O" else given
    if len(given) != len(index):
        raise ValueError(f"the moderators have {len(given)} rows for {len(index)} studies; give one row for each")
    table = _plain(given, "the moderators")
    if not all(isinstance(name, str) for name in table):
        table.columns = [f"x{j + 1}" for j in range(table.shape[1])]
    _fail(
        [
            f"moderator {name!r} does not hold numbers; give numbers, or a formula such as 'yi ~ C({name})'"
            for name, dtype in zip(table, table.dtypes, strict=True)
            if dtype.kind not in "fiub"
        ]
    )
    return table


def _known(needed, names):
    """Which rows have every value that is needed, and pairs of label and reason for all others."""
    blank = needed.isna()
    gone = blank.any(axis=1).to_numpy()
    if gone.all():
        raise ValueError(f"no study is left: none of {len(names)} has all of {', '.join(blank)}")
    reasons = [" and ".join(f"no {what}" for what in blank.columns[row]) for row in blank.to_numpy()]
    return ~gone, tuple((name, why) for name, why in zip(names, reasons, strict=True) if why)


def with_moderators(mods: str, studies: Studies) -> tuple[Studies, NDArray[np.bool_]]:
    """Return the effects that have every moderator, the others among those left out, and which these are.

    Parameters
    ----------
    mods : str
        The right side of a formula with its ~.
    studies : Studies
        Effects that were given as a table.

    Examples
    --------
    >>> from analysis.models.studies import read_studies
    >>> table = pd.DataFrame({"yi": [0.1, 0.4, 0.2], "vi": [0.1, 0.2, 0.1], "weeks": [2, 4, None]}, index=list("ABC"))
    >>> found, known = with_moderators("~ weeks", read_studies(table))
    >>> found.labels, found.left_out
    (('A', 'B'), (('C', 'no weeks'),))
    """
    right = _moderators_alone(mods, studies)
    table = studies.table.iloc[studies.kept]
    known, left_out = _known(table[_named(right, table)].reset_index(drop=True), studies.labels)
    labels = tuple(name for name, here in zip(studies.labels, known, strict=True) if here)
    parts = {"yi": studies.yi[known], "vi": studies.vi[known], "labels": labels, "kept": studies.kept[known]}
    return studies._replace(**parts, left_out=studies.left_out + left_out), known


def read_moderators(mods: str, studies: Studies, unsafe: bool = False) -> Model:
    """The design matrix of moderators beside effects that are checked already; ValueError lists every problem at once.

    Parameters
    ----------
    mods : str
        The right side of a formula with its ~, such as "~ weeks + C(kind)".
    studies : Studies
        Effects that were given as a table.
    unsafe : bool, optional
        Whether the formula may run any Python.

    Examples
    --------
    >>> from analysis.models.studies import read_studies
    >>> table = pd.DataFrame({"yi": [0.1, 0.4, 0.2], "vi": [0.1, 0.2, 0.1], "weeks": [2, 4, 8]})
    >>> read_moderators("~ weeks", read_studies(table)).names
    ('Intercept', 'weeks')
    """
    _check.single(unsafe=unsafe)
    right = _moderators_alone(mods, studies)
    where = [f"effect {i + 1} ({name})" for i, name in zip(studies.kept, studies.labels, strict=True)]
    table = _plain(studies.table.iloc[studies.kept], "effects")
    design = _design(right, table, where, [], unsafe, _plain_design(right, table))
    return Model(studies.yi, studies.vi, studies.labels, **design, effects=studies.effects)


def _moderators_alone(mods, studies):
    """The right side of a formula that has no other."""
    left, tilde, right = mods.partition("~") if isinstance(mods, str) else ("", "", "")
    if not tilde or left.strip() or not right.strip() or "~" in right:
        raise ValueError(f"mods={mods!r} must read '~ moderators', such as '~ weeks + C(kind)'")
    if studies.table is None:
        raise ValueError(f"mods={mods!r} names columns, but effects is no table; give one with yi, vi and moderators")
    return right.strip()


def _design(right, table, where, problems, unsafe, plain):
    """What a `Model` holds of the right side of a formula; raises ValueError if there are problems, those given too.

    `plain` is its `PlainDesign` where it is one.
    """
    named = _named_in_order(right, table) if plain is None else plain.columns
    if plain is None:
        table = _whole_levels(named, right, table)
    missing, missing_problems = _missing(named, table, where)
    problems = problems + missing_problems
    if plain is not None:
        x, names, spec = plain.matrix(table), plain.names, plain
    else:
        if refused := (not unsafe and restricted.problems(right, table.columns)) or restricted.meant_otherwise(right):
            _fail([*problems, "; ".join(refused)])
        if wrong := _levels_alike(right, table) + _numbers_as_text(right, table, where):
            _fail([*problems, *wrong])
        try:
            exog, spec = _matrix("~ " + right, table, _meanings(right, unsafe))
        # The engines raise whatever the terms of a formula raise.
        except Exception as error:
            _fail([*problems, _unreadable(right, table, error)])
        x, names = exog.to_numpy(float), tuple(map(str, exog.columns))
        problems += _row_problems(exog, missing, where)
        problems += _single_levels(right, table)
    _fail(problems + _design_problems(x, names, len(table)))
    return {
        "right": right,
        "x": x,
        "names": names,
        "terms": names if spec is plain else _terms(spec),
        "spec": spec,
        # By position: pandas looks names up slowly.
        "moderators": table.iloc[:, [table.columns.get_loc(name) for name in named]],
        "unsafe": unsafe,
    }


def _plain_design(right, table):
    """The design of a right side that is a sum of columns of numbers; None for any other."""
    words = dict.fromkeys(word.strip() for word in right.split("+"))
    words.pop("1", None)
    plain = all(
        name.isidentifier() and not keyword.iskeyword(name) and name in table and table[name].dtype.kind in "fiu"
        for name in words
    )
    return PlainDesign(tuple(words), True) if plain else None


def _terms(spec):
    """The term of each column of a design."""
    # As patsy has them, or formulaic.
    terms = getattr(spec, "term_name_slices", None) or spec.term_slices
    return tuple(str(term) for term, at in terms.items() for _ in range(at.start, at.stop))


def _data_and_labels(data, labels, formula):
    """The table as `_plain` has it, its index, and the labels of the studies, None if there are none."""
    table = table_of(data, "meta_regression")
    if table is None:
        raise TypeError(_check.refusal(data, "meta_regression", "give a DataFrame or EffectSizes"))
    if not len(table):
        raise ValueError("there are no studies: data has no rows")
    plain = _plain(table, "data", formula)
    index = index_of(data, table.index)
    return plain, index, labels_of(table) if labels is None else list(paired(labels, "labels", index))


def _plain(table, called, formula=None):
    """A copy with rows numbered from 0 and types that every formula engine takes, without levels that no row has.

    Columns that no word of the `formula` names may stay as they are.
    """
    _check.unlike_columns(table, called)
    table = table.reset_index(drop=True)
    for name, dtype in zip(table.columns, table.dtypes, strict=True):
        unnamed = formula is not None and str(name) not in formula
        if unnamed or (isinstance(dtype, np.dtype) and dtype.kind in "fiub"):
            continue
        column = table[name]
        if isinstance(dtype, pd.CategoricalDtype):
            levels = column.cat.categories
            table[name] = column.cat.rename_categories(levels.astype(object)).cat.remove_unused_categories()
        elif pd.api.types.is_extension_array_dtype(dtype) and dtype.kind in "fiub":
            truth = dtype.kind == "b" and column.notna().all()
            table[name] = column.astype(bool) if truth else column.to_numpy(float, na_value=np.nan)
        elif dtype.kind in "mM":
            raise ValueError(f"{called}: {name!r} holds dates; make numbers of them, such as years or weeks")
        elif dtype.kind in "OU":
            # What a database or a blank among them has made objects are numbers all the same.
            there = ~_check.nameless(column)
            numbers, others = _check.floats_and_others(column[there])
            table[name] = column.astype(object).where(there, None)
            if not others and there.any():
                table[name] = pd.Series(numbers, column.index[there]).reindex(column.index)
    return table


def _formula_problems(formula, table, vi, intercept):
    """What makes it pointless to look at the studies."""
    sides = formula.split("~") if isinstance(formula, str) else []
    if len(sides) != 2 or not all(side.strip() for side in sides):
        return [f"formula={formula!r} must read 'outcome ~ moderators', such as 'yi ~ week + C(therapy)'"]
    if not intercept:
        left, right = (side.strip() for side in sides)
        return [f"intercept=False is for moderators without a formula; write '{left} ~ 0 + {right}'"]
    return _spread_problems(vi, table)


def _spread_problems(vi, table):
    """What is wrong with the name of the column of variances."""
    if not isinstance(vi, str) or vi not in table.columns:
        return [f"vi={vi!r} is not a column of data; name the column of sampling variances{_check.meant(vi, table)}"]
    return []


def _fail(problems):
    if not problems:
        return
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the meta-regression:"
    more = [f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
    raise ValueError("\n  ".join([count, *problems[:_LISTED], *more]))


def _outcome(left, table, spread, unsafe):
    """The outcome, a column or an expression, and messages if it cannot be evaluated."""
    column = left in table.columns
    if refused := not (column or unsafe) and restricted.problems(left, table.columns):
        return np.zeros(len(table)), ["; ".join(refused)]
    if left == spread or ("yi" in table and left != "yi" and spread in ("vi", "se")):
        scale = "standard errors" if spread == "se" else "variances"
        remedy = f"write 'yi ~ …', or name the column of the variances of {left!r} by vi="
        return np.zeros(len(table)), [f"the outcome is {left!r}, and {spread!r} holds the {scale} of yi; {remedy}"]
    if column:
        return table[left], []
    try:
        values, _ = _matrix(f"~ 0 + I({left})", table, _meanings(left, unsafe))
    except Exception as error:
        return np.zeros(len(table)), [_unreadable(left, table, error)]
    if values.shape[1] != 1:
        return np.zeros(len(table)), [f"{left!r} gives {values.shape[1]} columns; one outcome is needed"]
    return values.iloc[:, 0].reindex(table.index), []


def _matrix(formula, table, meanings):
    """Design matrix as a DataFrame, without the rows in which a term is missing, and its specification."""
    import statsmodels.formula

    with np.errstate(all="ignore"):
        # A design stays with the engine that read it. statsmodels 0.14 has patsy alone and reads no formula without an
        # outcome; patsy itself does.
        if hasattr(formula, "factor_infos") or not hasattr(statsmodels.formula, "options"):
            import patsy

            names = patsy.EvalEnvironment([meanings])
            exog = patsy.dmatrix(formula, table, names, NA_action="drop", return_type="dataframe")
            return exog, exog.design_info
        if not isinstance(formula, str):
            import formulaic

            return formulaic.model_matrix(formula, table, context=meanings, na_action="drop", output="pandas"), formula
        exog, _, spec = statsmodels.formula.handle_formula_data(table, None, formula, depth=meanings, missing="drop")
    return exog, spec


def _unreadable(formula, table, error):
    """One message for a side of the formula that the engine cannot evaluate, naming columns that do not exist."""
    names = re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*(?![\w\"']|\s*[(.=])", _words(formula))
    unknown = [name for name in dict.fromkeys(names) if name not in table.columns]
    if unknown and re.search(r"not defined|not present|KeyError", f"{error!r} {error.__cause__!r}"):
        return "; ".join(restricted.unknown(name, table.columns) for name in unknown)
    if called := re.search(r"name '(\w+)' is not defined", str(error)):
        return f"{formula!r} calls {called[1]}(), which the formula engine has not; write powers as I(x ** 2)"
    return f"{formula!r} cannot be evaluated: {_first_line(error)}"


def _words(formula):
    """The formula without text in quotes, such as names of levels, unless it names a column as in Q("a b")."""
    return re.sub(r"""(?<!Q\()(['"]).*?\1""", "", formula)


def _first_line(error):
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _outcomes_and_variances(outcome, variances, where, spread):
    """Outcomes and variances as arrays, and what is wrong with them; with `spread` "se" of standard errors."""
    yi, vi = (_check.as_floats(np.asarray(x)).copy() for x in (outcome, variances))
    vi = _check.squared(vi) if spread == "se" else vi
    good = dict(zip(("yi", spread), _check.good(yi, vi), strict=True))
    if all(each.all() for each in good.values()):
        return yi, vi, []
    raw = {"yi": np.asarray(outcome, dtype=object), spread: np.asarray(variances, dtype=object)}
    bad = [(i, name) for i in range(len(yi)) for name in raw if not good[name][i]]
    return yi, vi, [f"{where[i]}: {_check.complaint(name, raw[name][i])}" for i, name in bad]


def _missing(named, table, where):
    """Which studies miss a moderator, as an array of bool, and a message for each missing value."""
    missing, problems = np.zeros(len(table), dtype=bool), []
    for name in named:
        column = table[name]
        bad = ~np.isfinite(column.to_numpy()) if column.dtype.kind == "f" else column.isna().to_numpy()
        missing |= bad
        problems += [
            f"{where[i]}: moderator {name!r} is {'missing' if pd.isna(column[i]) else 'infinite'}; "
            "fill it in, or leave out the study or the moderator"
            for i in np.flatnonzero(bad)
        ]
    return missing, problems


def _named(right, table):
    """Columns that the right side of a formula names."""
    text = _words(right)
    return [name for name in table.columns if re.search(rf"(?<![\w.]){re.escape(str(name))}(?!\w|\s*\()", text)]


def _row_problems(exog, missing, where):
    """Terms that are not finite although the columns they are made of are."""
    lost = np.setdiff1d(np.flatnonzero(~missing), exog.index)
    problems = [f"{where[i]}: a term of the formula is not a number; transform another way" for i in lost]
    for i, j in np.argwhere(~np.isfinite(exog.to_numpy(float))):
        if not missing[exog.index[i]]:
            problems.append(f"{where[exog.index[i]]}: {exog.columns[j]!r} is not finite; transform another way")
    return problems


def _levels_alike(right, table):
    """Levels such as 1 and "1", whose coefficients would bear the same name, or "low" and "Low", which are one."""
    problems = []
    for name in _named(right, table):
        levels = table[name].dropna().unique().tolist() if table[name].dtype.kind not in "fiub" else []
        for case, how in ((False, "which read alike"), (True, "which differ by letter case alone")):
            if alike := _check.reads_alike(map(str, levels), case):
                listed = " and ".join(repr(levels[at]) for at in alike)
                problems.append(f"{name!r} has the levels {listed}, {how}; write them in one way")
                break
    return problems


def _single_levels(right, table):
    """Categories of a single level, for which the formula engine makes no column at all."""
    problems = []
    for name in _named(right, table):
        values = table[name].dropna()
        if (_in_c(right, name) or values.dtype.kind not in "fiu") and values.nunique() == 1:
            problems.append(f"{name!r} is {values.iloc[0]} in every study{_NO_EFFECT}")
    return problems


def _numbers_as_text(right, table, where):
    """Numbers that were read as text, and what is none among numbers: each of them would be a category."""
    problems = []
    for name in _named(right, table):
        if table[name].dtype != object or _in_c(right, name):
            continue
        known = table[name][table[name].notna()]
        text = known.map(lambda each: isinstance(each, str))
        numbers = known.map(lambda each: not isinstance(each, bool) and _reads_as_number(each))
        if numbers.all() and text.all():
            if known.nunique() > 1:
                problems.append(
                    f"{name!r} holds numbers as text, such as {known.iloc[0]!r}; make it numbers with "
                    f"pandas.to_numeric, or write C({name}) if they are names of categories"
                )
        elif numbers.all():
            problems += [
                f"{where[i]}: moderator {name!r} is {each!r}, a text among numbers; make it a number"
                for i, each in known[text].items()
            ]
        elif 2 * numbers.sum() >= len(known) and not _are_codes(known[~numbers]):
            problems += [
                f"{where[i]}: moderator {name!r} is {each!r}, and most others are numbers; correct it, leave the study "
                f"out, or write C({name}) if they are names of categories"
                for i, each in known[~numbers].items()
            ]
    return problems


def _are_codes(texts):
    """Whether what is no number is a name such as 2b beside 1 and 3, and no remark such as NR."""
    return len(texts) > 1 and all(any(sign.isdigit() for sign in str(each)) for each in texts)


def _whole_levels(named, right, table):
    """The table with whole numbers that are categories, and nothing else, as such: the level of 2.0 is called 2."""
    found = {}
    for name in named:
        column, written = table[name], rf"{re.escape(str(name))}\b"
        alone = len(re.findall(rf"(?<![\w.]){written}", _words(right))) == len(re.findall(rf"\bC\(\s*{written}", right))
        if column.dtype.kind == "f" and alone and (np.mod(column, 1) == 0).all() and (column.abs() < 2**53).all():
            found[name] = column.astype("int64")
    return table.assign(**found) if found else table


def _in_c(right, name):
    return re.search(rf"\bC\(\s*{re.escape(str(name))}\b", right)


def _reads_as_number(value):
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _design_problems(x, names, k):
    """Columns that cannot have a coefficient of their own, and too many of them for k studies."""
    x = x[np.isfinite(x).all(axis=1)]
    if not names:
        return ["the formula has neither moderators nor an intercept; 'yi ~ 1' has an intercept alone"]
    # Every study misses something, and a message says so.
    if not len(x):
        return []
    if len(names) >= k:
        need = f"need at least {len(names) + 1} studies, and there {'is' if k == 1 else 'are'} {k}"
        return [f"{len(names)} coefficients ({', '.join(names)}) {need}; leave out moderators"]
    problems, kept, basis = [], [], np.zeros((len(x), 0))
    for j, column in enumerate(x.T):
        size = np.sqrt(column @ column)
        unit = column / size if size > 0 else column
        # Twice: where little is left of a column, rounding in the first pass is a large part of it.
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
    """Why column j cannot have a coefficient: it is constant, or a combination of those kept before it."""
    if not np.ptp(x[:, j]):
        return f"{names[j]!r} is {x[0, j]:g} in every study{_NO_EFFECT}"
    scaled = x[:, kept] / np.abs(x[:, kept]).max(axis=0)
    share = np.linalg.lstsq(scaled, x[:, j] / np.abs(x[:, j]).max(), rcond=None)[0]
    # Smaller shares may be those of what is left of the column, up to `_DEPENDENT`, and not of the column.
    others = [repr(names[i]) for i, b in zip(kept, share, strict=True) if abs(b) > 1e-5]
    return f"{names[j]!r} is determined by {' and '.join(others)} (collinear); leave one of them out"


def _named_in_order(right, table):
    """Columns that the right side of a formula names, in the order in which it names them."""
    text = _words(right)

    def place(name):
        return re.search(rf"(?<![\w.]){re.escape(str(name))}(?!\w)", text).start()

    return sorted(_named(right, table), key=place)


def design_rows(model: Model, new_data: Any) -> tuple[Floats, pd.Index]:
    """Design matrix (m, p) for new data and its index; ValueError if a value is missing or not known."""
    spec, plain = model.spec, isinstance(model.spec, PlainDesign)
    meanings = {} if plain else _meanings(model.right, model.unsafe)
    if spec is None:
        try:
            exog, spec = _matrix("~ " + model.right, model.moderators, meanings)
        except Exception as error:
            problem = _unreadable(model.right, model.moderators, error)
            raise ValueError(f"{problem}; what the formula uses must be defined where predict is called") from error
        if exog.shape != model.x.shape or not np.allclose(exog, model.x, 0.0, _SAME * np.abs(model.x).max(axis=0)):
            raise ValueError(
                f"{model.right!r} does not give the design that was fitted: what the formula uses, or the formula "
                "engine, is not the same where predict is called"
            )
    new = _new_rows(model, new_data)
    table = _plain(new, "new_data")
    _require_moderators(model.moderators, table)
    named = table.columns.intersection(model.moderators.columns)
    unknown = table[named].isna() | table[named].isin([np.inf, -np.inf])
    _none_missing(table.index[~unknown.any(axis=1)], table)
    if problems := [] if plain else _unknown_levels(spec, table):
        raise ValueError(f"new_data does not fit the formula: {'; '.join(problems[:_LISTED])}")
    # The levels have been checked; patsy would want all of them, in the order of the fit. formulaic takes numbers for
    # categories, or not, by the type of their column, which is that of the fit.
    for name in named:
        text = model.moderators[name].dtype.kind == "O"
        table[name] = table[name].astype(object) if text else table[name].astype(object).infer_objects()
    try:
        # formulaic warns of a strange level where the term is not a column alone.
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Data has categories outside")
            exog = pd.DataFrame(spec.matrix(table)) if plain else _matrix(spec, table, meanings)[0]
    except Exception as error:
        raise ValueError(f"new_data does not fit the formula: {_first_line(error)}") from error
    x = exog.to_numpy(float)
    _none_missing(exog.index[np.isfinite(x).all(axis=1)], table)
    return x, new.index


def _new_rows(model, new_data):
    """New data as a table of one row or more."""
    if not isinstance(new_data, pd.DataFrame | Mapping):
        new_data = _of_nameless(model, new_data)
    if isinstance(new_data, Mapping) and all(np.ndim(value) == 0 for value in new_data.values()):
        new_data = {name: [value] for name, value in new_data.items()}
    try:
        new = pd.DataFrame(new_data)
    except ValueError as error:
        shapes = ", ".join(f"{name} {np.shape(values)}" for name, values in new_data.items())
        raise ValueError(f"new_data must have one value a row in each column, and has the shapes {shapes}") from error
    if not len(new):
        raise ValueError("new_data has no row: give one for each value to be predicted")
    return new


def _require_moderators(moderators, table):
    """Raise ValueError unless new data has the columns of the fit, numbers where they were numbers."""
    if lacking := [name for name in moderators.columns if name not in table]:
        near = "".join(_check.meant(name, table.columns) for name in lacking)
        raise ValueError(f"new_data does not fit the formula: there is no column {', '.join(map(repr, lacking))}{near}")
    numbers = [name for name in moderators.columns if moderators[name].dtype.kind in "fiu"]
    strange = (str, bool, np.bool_)
    if text := [name for name in numbers if table[name].map(lambda value: isinstance(value, strange)).any()]:
        raise ValueError(f"new_data does not fit the formula: {', '.join(map(repr, text))} must hold numbers")


def _none_missing(whole, table):
    """Raise ValueError unless every row of new data is one of the `whole` ones."""
    if bad := sorted(set(table.index) - set(whole)):
        rows = ", ".join(str(i + 1) for i in bad)
        raise ValueError(f"a moderator is missing or not finite in row {rows} of new_data; fill it in")


def _of_nameless(model, values):
    """Values without a name: those of the moderator where there is a single one, or a column for each."""
    names = list(model.moderators.columns)
    if np.ndim(values) == 2 and np.shape(values)[1] == len(names):
        return pd.DataFrame(values, columns=names)
    if len(names) != 1:
        needed = ", ".join(map(repr, names)) or "none"
        raise ValueError(f"new_data={values!r} does not say which moderators it is of; name them: {needed}")
    return {names[0]: values}


def _meanings(text, unsafe):
    """What the names in a formula stand for beside columns: logs and roots, and if unsafe the variables of the user.

    They are those of the first frame outside this package, which fits, predicts or draws; and, while a frame passes on
    whatever it is given, as a wrapper of functools.wraps does, those of who called it. For new data patsy keeps to
    those of the fit, unless it was pickled or copied.
    """
    found, frame = dict(restricted.CONTEXT), sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("analysis."):
        frame = frame.f_back
    words, scopes = set(re.findall(r"[^\W\d]\w*", text)) if unsafe else set(), []
    while frame is not None:
        scopes += [frame.f_locals, frame.f_globals]
        frame = frame.f_back if frame.f_code.co_flags & inspect.CO_VARKEYWORDS else None
    for scope in reversed(scopes):
        found |= {word: scope[word] for word in words if word in scope}
    return found


def _unknown_levels(spec, table):
    """Messages for levels of categorical columns, in new data, that the studies of the fit do not have."""
    # The first is the specification of patsy, the other that of formulaic.
    if hasattr(spec, "factor_infos"):
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
