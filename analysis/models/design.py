"""Mixed-effects meta-regression as arrays: from a formula to a design matrix, and n fits of it at once.

Every fit uses the same design matrix X (k, p); outcomes y and variances v have the shape (k, n), one fit a
column. Permuting the rows of X against the studies is the same as permuting the studies against X, so n
columns serve a permutation test as well. The model is written in terms of p anchors, studies through which one
and only one regression passes: with coefficients alpha that are the fitted values of the anchors, X becomes
the identity for the anchors and Z for the other studies. The weighted sums then lose no digits where some
studies are far more precise than the rest, provided that the anchors are among those.

The estimators of tau2 are those of `analysis.models.tau2`. The projection P takes out the whole design and k - p
replaces k - 1; as without moderators, P has k - p positive eigenvalues 1 / (d_j + tau2), so that the proofs hold word
for word and the search gives the global maximum for ML and REML.

The formula engine is the one that statsmodels chooses (patsy or formulaic, `statsmodels.formula.options`). Nothing is
parsed here but the names of columns, so that a message can say which column and which study to look at.

References
----------
Viechtbauer, Lopez-Lopez, Sanchez-Meca & Marin-Martinez 2015, doi 10.1037/met0000023 (all estimators of tau2 with
moderators); Sidik & Jonkman 2005, J Biopharm Stat 15, 823-838 (SJ); Viechtbauer 2005, doi
10.3102/10769986030003261 (ML, REML); Knapp & Hartung 2003, doi 10.1002/sim.1482 (HKSJ with moderators).
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import _check
from analysis._types import Floats, Labels, Missing, Values
from analysis.models.pooling import Options, heterogeneity, pvalues
from analysis.models.studies import labels_of, paired, table_of, warn_of_repeats
from analysis.models.tau2 import Point, dot

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes

# Above this ratio of variances within a fit, each fit gets precise anchors of its own.
_SPREAD = 1e3
# A row with no more than this share of its squared length outside the span of the anchors lies in it, but for rounding.
_ZERO = 1e-24
# A column is redundant if less than this share of it is not explained by the columns before.
_DEPENDENT = 1e-7
# A design that is made again may differ from the first by this share of the largest entry of a column, by rounding.
_SAME = 1e-9
# Problems that a message lists.
_LISTED = 20
# From the formula engine up to the caller of `meta_regression`, whose variables a formula may use.
_FRAMES = 4
_NO_EFFECT = ", so it has no effect to estimate; leave it out of the formula"


class Model(NamedTuple):
    """Checked studies and their design matrix; `spec` lets the formula engine build rows for new data."""

    yi: np.ndarray
    vi: np.ndarray
    x: np.ndarray
    names: tuple[str, ...]
    labels: tuple[str, ...]
    spec: Any  # None in a fit that was pickled or copied
    moderators: pd.DataFrame  # the columns that the right side names, one row for each study
    left_out: tuple[tuple[str, str], ...]  # label and reason


def read_model(
    formula: str, data: pd.DataFrame | EffectSizes, vi: str, labels: Labels | None, missing: Missing = "raise"
) -> Model:
    """Outcomes, variances and design matrix of a formula; ValueError lists every problem at once."""
    _check.option("missing", missing, ("raise", "drop"))
    table, labels = _data_and_labels(data, labels)
    names = _check.study_labels(labels, len(table))
    spread = "se" if vi == "vi" and "vi" not in table and "se" in table else vi
    _fail(_formula_problems(formula, table, spread))
    left, right = (side.strip() for side in formula.split("~"))
    where = [f"study {i + 1}" + ("" if labels is None else f" ({names[i]})") for i in range(len(table))]
    outcome, unreadable = _outcome(left, table)
    left_out = ()
    if missing == "drop":
        known, left_out = _known(outcome, table, spread, right, names)
        table, outcome = _with_used_levels(table[known].reset_index(drop=True)), np.asarray(outcome)[known]
        names, where = (tuple(x for x, here in zip(xs, known, strict=True) if here) for xs in (names, where))
    warn_of_repeats(data, table, "meta_regression")
    yi, variances, problems = _outcomes_and_variances(outcome, table[spread], where, "se" if spread == "se" else "vi")
    problems += unreadable
    incomplete, missing_problems = _missing(right, table, where)
    try:
        exog, spec = _matrix("~ " + right, table, _FRAMES)
    # The engines raise whatever the terms of a formula raise.
    except Exception as error:
        _fail([*problems, *missing_problems, _unreadable(right, table, error)])
    problems += missing_problems + _row_problems(exog, incomplete, where)
    problems += _single_levels(right, table) + _design_problems(exog, len(table))
    _fail(problems)
    columns = tuple(map(str, exog.columns))
    moderators = table[_named_in_order(right, table)]
    return Model(yi, variances, exog.to_numpy(float), columns, names, spec, moderators, left_out)


def _known(outcome, table, spread, right, names):
    """Which studies have an outcome, a variance and every moderator, and pairs of label and reason for all others."""
    needed = {"effect": outcome, "standard error" if spread == "se" else "variance": table[spread]}
    blank = pd.DataFrame({what: pd.isna(values) for what, values in needed.items()})
    blank = blank.join(table[_named(right, table)].isna().drop(columns=spread, errors="ignore"))
    gone = blank.any(axis=1).to_numpy()
    if gone.all():
        raise ValueError(f"no study is left: none of {len(names)} has all of {', '.join(blank)}")
    reasons = [" and ".join(f"no {what}" for what in blank.columns[row]) for row in blank.to_numpy()]
    return ~gone, tuple((name, why) for name, why in zip(names, reasons, strict=True) if why)


def _with_used_levels(table):
    """The table with the levels of its categories that occur."""
    for name in table.select_dtypes("category"):
        table[name] = table[name].cat.remove_unused_categories()
    return table


def _data_and_labels(data, labels):
    """The table with rows numbered from 0, and the labels of the studies, None if there are none."""
    table = table_of(data, "meta_regression")
    if table is None:
        raise TypeError(_check.refusal(data, "meta_regression", "give a DataFrame or EffectSizes"))
    if not len(table):
        raise ValueError("there are no studies: data has no rows")
    plain = _plain(table, "data")
    labels = labels_of(table) if labels is None else list(paired(labels, "labels", table.index))
    return _with_used_levels(plain), labels


def _plain(table, called):
    """A copy with rows numbered from 0 and without the nullable types of pandas, which not every engine takes."""
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


def _fail(problems):
    if not problems:
        return
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the meta-regression:"
    more = [f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
    raise ValueError("\n  ".join([count, *problems[:_LISTED], *more]))


def _outcome(left, table):
    """The outcome, a column or an expression, and messages if it cannot be evaluated."""
    if left in table.columns:
        return table[left], []
    try:
        values, _ = _matrix(f"~ 0 + I({left})", table, _FRAMES + 1)
    except Exception as error:
        return np.zeros(len(table)), [_unreadable(left, table, error)]
    if values.shape[1] != 1:
        return np.zeros(len(table)), [f"{left!r} gives {values.shape[1]} columns; one outcome is needed"]
    return values.iloc[:, 0].reindex(table.index), []


def _matrix(formula, table, depth):
    """Design matrix as a DataFrame, without the rows in which a term is missing, and its specification."""
    import statsmodels.formula

    with np.errstate(all="ignore"):
        # statsmodels 0.14 has patsy alone and reads no formula without an outcome; patsy itself does.
        if not hasattr(statsmodels.formula, "options"):
            import patsy

            exog = patsy.dmatrix(formula, table, depth - 1, NA_action="drop", return_type="dataframe")
            return exog, exog.design_info
        exog, _, spec = statsmodels.formula.handle_formula_data(table, None, formula, depth=depth, missing="drop")
    return exog, spec


def _unreadable(formula, table, error):
    """One message for a side of the formula that the engine cannot evaluate, naming columns that do not exist."""
    names = re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*(?![\w\"']|\s*[(.=])", _words(formula))
    unknown = [name for name in dict.fromkeys(names) if name not in table.columns]
    if unknown and re.search(r"not defined|not present|KeyError", f"{error!r} {error.__cause__!r}"):
        return "; ".join(f"the formula names {name!r}, not a column of data{_near(name, table)}" for name in unknown)
    return f"{formula!r} cannot be evaluated: {_first_line(error)}"


def _words(formula):
    """The formula without text in quotes, such as names of levels, unless it names a column as in Q("a b")."""
    return re.sub(r"""(?<!Q\()(['"]).*?\1""", "", formula)


def _first_line(error):
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _outcomes_and_variances(outcome, variances, where, spread):
    """Outcomes and variances as arrays, and what is wrong with them; with `spread` "se" of standard errors."""
    raw = {"yi": np.asarray(outcome, dtype=object), spread: np.asarray(variances, dtype=object)}
    yi, vi = (_check.as_floats(x).copy() for x in (outcome, variances))
    vi = _check.squared(vi) if spread == "se" else vi
    good = dict(zip(raw, _check.good(yi, vi), strict=True))
    bad = [(i, name) for i in range(len(yi)) for name in raw if not good[name][i]]
    return yi, vi, [f"{where[i]}: {_check.complaint(name, raw[name][i])}" for i, name in bad]


def _missing(right, table, where):
    """Which studies miss a moderator, as an array of bool, and a message for each missing value."""
    missing, problems = np.zeros(len(table), dtype=bool), []
    for name in _named(right, table):
        absent = table[name].isna().to_numpy()
        bad = absent | np.isinf(table[name].to_numpy()) if table[name].dtype.kind == "f" else absent
        missing |= bad
        problems += [
            f"{where[i]}: moderator {name!r} is {'missing' if absent[i] else 'infinite'}; "
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


def _single_levels(right, table):
    """Categories of a single level, for which the formula engine makes no column at all."""
    problems = []
    for name in _named(right, table):
        values, category = table[name].dropna(), re.search(rf"\bC\(\s*{re.escape(str(name))}\b", right)
        if (category or values.dtype.kind not in "fiu") and values.nunique() == 1:
            problems.append(f"{name!r} is {values.iloc[0]} in every study{_NO_EFFECT}")
    return problems


def _design_problems(exog, k):
    """Columns that cannot have a coefficient of their own, and too many of them for k studies."""
    names, x = list(map(str, exog.columns)), exog.to_numpy(float)
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


def design_rows(formula: str, model: Model, new_data: Any) -> tuple[Floats, pd.Index]:
    """Design matrix (m, p) for new data and its index; ValueError if a value is missing or not known."""
    spec, depth = model.spec, _frames_to_user()
    if spec is None:
        right = formula.split("~")[1].strip()
        try:
            exog, spec = _matrix("~ " + right, model.moderators, depth)
        except Exception as error:
            problem = _unreadable(right, model.moderators, error)
            raise ValueError(f"{problem}; what the formula uses must be defined where predict is called") from error
        if exog.shape != model.x.shape or not np.allclose(exog, model.x, 0.0, _SAME * np.abs(model.x).max(axis=0)):
            raise ValueError(
                f"{right!r} does not give the design that was fitted: what the formula uses, or the formula engine, "
                "is not the same where predict is called"
            )
    if isinstance(new_data, Mapping) and all(np.ndim(value) == 0 for value in new_data.values()):
        new_data = {name: [value] for name, value in new_data.items()}
    new = pd.DataFrame(new_data)
    table = _plain(new, "new_data")
    if problems := _unknown_levels(spec, table):
        raise ValueError(f"new_data does not fit the formula: {'; '.join(problems[:_LISTED])}")
    # The levels have been checked; patsy would want all of them, in the order of the fit.
    for name in table.select_dtypes("category"):
        table[name] = table[name].astype(object)
    try:
        # formulaic warns of a strange level where the term is not a column alone.
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Data has categories outside")
            exog, _ = _matrix(spec, table, depth)
    except Exception as error:
        raise ValueError(f"new_data does not fit the formula: {_first_line(error)}") from error
    x = exog.to_numpy(float)
    bad = sorted(set(table.index) - set(exog.index[np.isfinite(x).all(axis=1)]))
    if bad:
        rows = ", ".join(str(i + 1) for i in bad)
        raise ValueError(f"a moderator is missing or not finite in row {rows} of new_data; fill it in")
    return x, new.index


def _frames_to_user():
    """Frames from the formula engine up to the first outside this package: who predicts, draws a curve or a figure.

    There formulaic looks for what a formula uses, and so does patsy for a fit that was pickled or copied; otherwise
    patsy keeps to where the model was fitted.
    """
    frame, depth = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("analysis."):
        frame, depth = frame.f_back, depth + 1
    return depth


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


class Designs(NamedTuple):
    """The arrays of n fits, anchors first; see `designs`.

    It has the methods of `analysis.models.tau2.Columns`, from which the estimators of tau2 are built.
    """

    y: np.ndarray  # (k - p, n), outcomes of the other studies less their value in the regression through the anchors
    v: np.ndarray  # (k, n)
    z: np.ndarray  # (k - p, p), or (k - p, p, n) where each fit has its own anchors
    back: np.ndarray  # (p, p) or (p, p, n): from fitted values of the anchors to coefficients
    shift: np.ndarray  # (p, n), outcomes of the anchors
    spread: np.ndarray  # (n,), mean squared deviation of all outcomes from their mean
    scale: np.ndarray  # (n,), unit of y, a power of two
    smallest: np.ndarray  # (n,), smallest sampling variance

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return self.z.shape[1]

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.v)

    @property
    def df(self) -> int:
        """Residual degrees of freedom, k - p."""
        return len(self.y)

    @property
    def largest(self) -> Floats:
        """Largest sampling variance of each fit."""
        return self.v.max(axis=0)

    @property
    def residual_square(self) -> Floats:
        """Sum of squared residuals of a fit without weights."""
        return self.unweighted().q

    @property
    def sampling_square(self) -> Floats:
        """What sampling error alone adds to the expected `residual_square`, for each degree of freedom."""
        return self._residual_share(self.unweighted(), self.v) / self.df

    def take(self, index: Any) -> Designs:
        """Return the fits `index`."""
        own = self.z.ndim == 3
        return Designs(
            *(x if name in ("z", "back") and not own else x.take(index, axis=-1) for name, x in self._asdict().items())
        )

    def at(self, tau2: Values) -> Any:
        """Weighted least squares with weights 1 / (v + tau2), tau2 a number or (n,)."""
        return self._solve(1.0 / (self.v + tau2))

    def unweighted(self) -> Any:
        """Least squares with weights 1."""
        return self._solve(np.ones_like(self.v))

    def _solve(self, weights):
        """Weighted least squares for all fits at weights (k, n)."""
        p, z = self.p, self.z
        top, rest = weights[:p], weights[p:]
        (inner,) = _gram(z, rest)
        total = inner.copy()
        total[np.arange(p), np.arange(p)] += top
        inv, pivots = inverse(total)
        alpha = np.einsum("pqn,qn->pn", inv, _transposed(z, rest * self.y))
        residual = np.concatenate([-alpha, self.y - _forward(z, alpha)])
        pull = weights * residual
        return _Solved(weights, inv, pivots, inner, alpha, pull, dot(pull, residual))

    def trace(self, at: Any) -> Floats:
        """Trace of P at the weights of `at`."""
        return self._residual_share(at, at.weights)

    def _residual_share(self, at, size):
        """Sum of size (1 - leverage) over the studies, for size (k, n); with the weights as size it is tr P."""
        p = self.p
        (inner,) = _gram(self.z, size[p:] * at.weights[p:])
        others = size[p:].sum(axis=0) - np.einsum("pqn,qpn->n", at.inverse, inner)
        return others + np.einsum("pn,pqn,qpn->n", size[:p], at.inverse, at.gram)

    def point(self, t: Floats, restricted: bool) -> Point:
        """The two terms of the likelihood equation at tau2 = t (n,) and their slopes."""
        at, p, z = self.at(t), self.p, self.z
        top, rest = at.weights[:p], at.weights[p:]
        fit = dot(at.pull, at.pull)
        # P takes out whatever the design explains: y'PPPy is that of Py less the regression through its anchors.
        less = at.pull[p:] - _forward(z, at.pull[:p])
        weighted = rest * less
        sums = _transposed(z, weighted)
        fit_slope = dot(weighted, less) - np.einsum("pn,pqn,qn->n", sums, at.inverse, sums)
        square = rest * rest
        if not restricted:
            whole = dot(top, top) + square.sum(axis=0)
            return Point(t, fit, at.weights.sum(axis=0), fit_slope, whole)
        second, third = _gram(z, square, square * rest)
        shared = np.einsum("pqn,qrn->prn", at.inverse, second)
        # P among the anchors.
        corner = top[:, None] * np.einsum("pqn,qrn->prn", at.inverse, at.gram)
        trace = rest.sum(axis=0) - np.einsum("ppn->n", shared) + np.einsum("ppn->n", corner)
        # tr PP, the sum of the squares of P: the others, the anchors, and twice the others with the anchors.
        slope = square.sum(axis=0) - 2.0 * np.einsum("pqn,qpn->n", at.inverse, third)
        slope += np.einsum("pqn,qpn->n", shared, shared) + np.einsum("pqn,pqn->n", corner, corner)
        slope += 2.0 * np.einsum("pn,pqn,qpn->n", top * top, shared, at.inverse)
        return Point(t, fit, trace, fit_slope, slope)

    def log_likelihood(self, tau2: Floats, restricted: bool) -> Floats:
        """Log-likelihood profiled over the coefficients, or the restricted one, up to a constant; shape (n,)."""
        at = self.at(tau2)
        determinant = sum(np.log(pivot) for pivot in at.pivots) if restricted else 0.0
        return 0.5 * (np.log(at.weights).sum(axis=0) - at.q - determinant)


def designs(y: Floats, v: Floats, x: Floats) -> Designs:
    """Arrange outcomes and variances (k, n) and one design matrix (k, p) of full rank, p < k, for the engine.

    Each fit is divided by a power of two, which makes all iterations independent of the unit.
    """
    # Columns of one length: the unit of a moderator must not choose the pivots of `_anchored`.
    length = np.sqrt((x * x).sum(axis=0))
    q = np.linalg.qr(x / length)[0]
    smallest = v.min(axis=0)
    own = bool((v.max(axis=0) > _SPREAD * smallest).any())
    order = _anchors_first(q, np.sqrt(smallest / v) if own else np.ones((len(x), 1)))
    scale = np.ldexp(1.0, np.frexp(smallest)[1] // 2)
    y, v = np.take_along_axis(y, order, 0) / scale, np.take_along_axis(v, order, 0) / scale**2
    z, back = _anchored(x / length, order)
    back = back / length[:, None, None]
    if not own:
        z, back = np.ascontiguousarray(z[:, :, 0]), back[:, :, 0]
    p, mean = x.shape[1], y.mean(axis=0)
    rest = y[p:] - _forward(z, y[:p])
    return Designs(rest, v, z, back, y[:p], ((y - mean) ** 2).mean(axis=0), scale, smallest / scale**2)


def _anchors_first(q, size):
    """Order of the studies with p anchors on top, each the longest row outside the span of the last.

    `size` is (k, n), or (k, 1) where one order serves all fits, and so is the order.
    """
    rows = q[:, :, None] * size[:, None, :]
    first = (rows * rows).sum(axis=1)
    rank = np.full(size.shape, q.shape[1])
    for j in range(q.shape[1]):
        length = (rows * rows).sum(axis=1)
        length[(length < _ZERO * first) | (rank < j)] = 0.0
        chosen = length.argmax(axis=0)[None]
        np.put_along_axis(rank, chosen, j, axis=0)
        unit = np.take_along_axis(rows, chosen[:, None], axis=0) / np.sqrt(np.take_along_axis(length, chosen, axis=0))
        rows -= (rows * unit).sum(axis=1, keepdims=True) * unit
    return rank.argsort(axis=0, kind="stable")


def _anchored(x, order):
    """Z (k - p, p, n) and the inverse of the anchors' rows of x (p, p, n)."""
    p = x.shape[1]
    # Of shape (n, p, p) and (n, k - p, p); Z' = inverse(top)' rest'.
    top, rest = x[order[:p]].swapaxes(0, 1), x[order[p:]].swapaxes(0, 1)
    z = np.linalg.solve(top.swapaxes(1, 2), rest.swapaxes(1, 2)).swapaxes(1, 2)
    # A study with the moderators of an anchor has exactly its fitted value, whatever rounding made of Z.
    same = (rest[:, :, None] == top[:, None]).all(axis=3)
    z = np.where(same.any(axis=2, keepdims=True), same, z)
    back = np.linalg.inv(top)
    return np.ascontiguousarray(z.transpose(1, 2, 0)), np.ascontiguousarray(back.transpose(1, 2, 0))


class _Solved(NamedTuple):
    """Weighted least squares at given weights; residual degrees of freedom and all else of `Designs` stay."""

    weights: np.ndarray  # (k, n)
    inverse: np.ndarray  # (p, p, n), inverse of X'WX in terms of the anchors
    pivots: list  # of X'WX
    gram: np.ndarray  # (p, p, n), Z'WZ
    alpha: np.ndarray  # (p, n), fitted values of the anchors less their outcomes
    pull: np.ndarray  # (k, n), Py, the weighted residuals
    q: np.ndarray  # (n,), y'Py

    @property
    def total(self):
        """Sum of the weights."""
        return self.weights.sum(axis=0)

    @property
    def slope(self):
        """Minus the derivative of Q with respect to tau2, y'PPy."""
        return dot(self.pull, self.pull)


def _forward(z, b):
    """Z b for coefficients b (p, n)."""
    return z @ b if z.ndim == 2 else np.einsum("ipn,pn->in", z, b)


def _transposed(z, u):
    """Z' u for values u (k - p, n)."""
    return z.T @ u if z.ndim == 2 else np.einsum("ipn,in->pn", z, u)


def _gram(z, *weights):
    """Z' diag(w) Z of shape (p, p, n), for each w (k - p, n)."""
    p = z.shape[1]
    if z.ndim == 2:
        products = (z[:, :, None] * z[:, None, :]).reshape(len(z), p * p).T
        return [(products @ w).reshape(p, p, -1) for w in weights]
    products = z[:, :, None] * z[:, None]
    return [np.einsum("ipqn,in->pqn", products, w) for w in weights]


def inverse(a: Floats) -> tuple[Floats, list[Floats]]:
    """Inverses of n positive definite matrices (p, p, n) by elimination, and the pivots, whose product is det.

    Elimination without pivoting is as accurate as the matrix scaled to a unit diagonal allows.
    """
    a, pivots = a.copy(), []
    for j in range(len(a)):
        pivots.append(a[j, j].copy())
        pivot = 1.0 / pivots[-1]
        row, column = a[j] * pivot, a[:, j].copy()
        a -= column[:, None] * row
        a[j] = row
        a[:, j] = column * -pivot
        a[j, j] = pivot
    return a, pivots


class MixedFits(NamedTuple):
    """Results of n fits in the unit of the outcomes; see `fit_designs`."""

    estimate: np.ndarray  # (p, n), coefficients
    se: np.ndarray  # (p, n)
    correlation: np.ndarray  # (p, p, n), of the coefficients; known even where HKSJ makes the standard errors 0
    df: np.ndarray  # (1, n), of the tests of coefficients; infinite where they are normal
    # (n,) from here on, as `analysis.models.pooling.heterogeneity` has them.
    tau2: np.ndarray
    typical: np.ndarray
    q: np.ndarray
    i2: np.ndarray
    factor: np.ndarray

    @property
    def statistic(self) -> Floats:
        """Test statistics (p, n) of the coefficients; infinite, or NaN, where se = 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.estimate / self.se

    @property
    def pvalue(self) -> Floats:
        """Two-sided p-values (p, n) of the coefficients."""
        return pvalues(np.broadcast_to(self.df, self.se.shape), self.statistic)


def fit_designs(data: Designs, options: Options) -> MixedFits:
    """Estimate tau2 and the coefficients of every fit of `designs`, given `analysis.models.pooling.Options`."""
    at, between = heterogeneity(data, options)
    back = data.back if data.back.ndim == 3 else data.back[:, :, None]
    covariance = np.einsum("pqn,qrn,srn->psn", back, at.inverse, back)
    root = np.sqrt(np.einsum("ppn->pn", covariance))
    return MixedFits(
        estimate=np.einsum("pqn,qn->pn", back, (data.shift + at.alpha) * data.scale),
        se=root * (np.sqrt(between["factor"]) * data.scale),
        correlation=covariance / (root[:, None] * root),
        df=np.full((1, data.scale.size), np.inf if options.ci_method == "z" else float(data.df)),
        **between,
    )


def omnibus(fits: MixedFits, tested: NDArray[np.int_], ci_method: str) -> Floats:
    """Statistic (n,) of the test that the coefficients `tested` are all 0: chi2 for "z", otherwise F."""
    if not len(tested):
        return np.full(fits.tau2.size, np.nan)
    t = fits.statistic[tested]
    if len(tested) == 1:
        return t[0] * t[0]
    inner = inverse(fits.correlation[np.ix_(tested, tested)])[0]
    with np.errstate(invalid="ignore"):
        total = np.einsum("pn,pqn,qn->n", t, inner, t)
    return total if ci_method == "z" else total / len(tested)


def full_log_likelihood(data: Designs, fits: MixedFits, restricted: bool) -> Floats:
    """Log-likelihood (n,) at the fitted tau2, or the restricted one, with all constants."""
    free = data.df if restricted else len(data.v)
    value = data.log_likelihood(fits.tau2 / data.scale**2, restricted)
    value -= free * (0.5 * np.log(2.0 * np.pi) + np.log(data.scale))
    # The determinant of X'X in terms of the anchors, as that of X'WX in `log_likelihood`.
    if restricted:
        value += 0.5 * sum(np.log(pivot) for pivot in data.unweighted().pivots)
    return value
