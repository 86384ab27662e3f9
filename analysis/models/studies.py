"""The one door through which effects enter a model: numbers in any of their forms become checked studies with names.

Arrays, lists and Series, a table with the columns yi and vi or se, effect sizes, and the studies of a `PooledEffect`.
Two objects of pandas are paired by their index, never by position where the indexes differ. The result of any other
model is refused by its name: what it holds as `yi` and `vi` need not be independent studies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from analysis import _check
from analysis._check import is_pandas, paired, some
from analysis._types import Benefit, Floats, Labels, Missing
from analysis.measures import Measure, agreed
from analysis.models.results import PooledEffect
from analysis.sentences import InWords

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes

TABLE_HAS_ITS_OWN = "{name} is given, but the effects are a table with its own variances; change its column vi instead"
BOTH_GIVEN = "vi and se are both given; leave one out: vi is the square of se"


class RepeatedStudyWarning(UserWarning):
    """A study stands in several rows of a table whose effects a model takes to be independent.

    See Also
    --------
    analysis.pool_multilevel : Takes several effects of a study.

    References
    ----------
    Van den Noortgate, Lopez-Lopez, Marin-Martinez & Sanchez-Meca 2013, doi 10.3758/s13428-012-0261-6 (effects of the
    same study are not independent).

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from analysis import pool
    >>> twice = pd.DataFrame({"study": ["A", "A", "B"], "yi": [0.3, 0.5, 0.1], "vi": [0.04, 0.05, 0.06]})
    >>> with warnings.catch_warnings(record=True, action="always") as seen:
    ...     pooled = pool(twice)
    >>> seen[0].category.__name__
    'RepeatedStudyWarning'
    """


class Studies(NamedTuple):
    """Checked studies, those left out aside; see `read_studies`."""

    yi: Floats
    vi: Floats
    labels: tuple[str, ...]
    measure: Measure
    left_out: tuple[tuple[str, str], ...]  # label and reason
    kept: NDArray[np.intp]  # positions of the studies among those given
    given: int  # how many were given
    index: pd.Index | None  # of those given, where they are of pandas
    table: pd.DataFrame | None  # of those given, where they are a table
    methods: PooledEffect | None  # where they are those of a result that has methods
    effects: EffectSizes | None  # where they were given as such, or are those of a result that was made of them

    def named(self, at: tuple[int, ...]) -> str:
        """A study in words, by its place in `yi`."""
        return self.labels[at[0]]

    def in_order(self, values: Any, name: str) -> list[Any]:
        """One value of each study given, a Series paired by its index."""
        values = list(paired(values, name, self.index))
        if len(values) != self.given:
            raise ValueError(f"{name} has {len(values)} values for {self.given} studies; give one for each")
        return values


# How a result was pooled, by the names of the options of `analysis.pool`.
_METHODS = ("tau2_method", "ci_method", "pi_method", "confidence_level", "tau2_ci_method")


def methods_of(found: Studies, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are named and not None, and for the rest those of the result that was given, if one was.

    Parameters
    ----------
    found : Studies
    named : mapping of str to object

    Examples
    --------
    >>> from analysis import pool
    >>> found = read_studies(pool([0.3, 0.5], [0.1, 0.2], confidence_level=0.9, tau2=0.1))
    >>> methods_of(found, {"ci_method": "z", "pi_method": None})["confidence_level"]
    0.9
    """
    named, whole = {name: value for name, value in named.items() if value is not None}, found.methods
    own = {} if whole is None else {name: getattr(whole, name) for name in _METHODS}
    # "fixed" says that tau2 was given and is not a method one may ask for.
    if whole is not None and whole.tau2_method == "fixed":
        del own["tau2_method"]
        own |= {} if "tau2_method" in named else {"tau2": whole.tau2}
    # It is of these two estimators alone.
    if own.get("tau2_ci_method") == "profile likelihood" and named.get("tau2_method", "ML") not in ("ML", "REML"):
        del own["tau2_ci_method"]
    return own | named


def level_of(given: Any, confidence_level: float | None) -> float:
    """Return the level that is named, else that of the result that was given, else 0.95; checked.

    Parameters
    ----------
    given : object
        What a function was given as effects.
    confidence_level : float or None

    Examples
    --------
    >>> level_of([0.1, 0.2], None)
    0.95
    """
    if confidence_level is None:
        return given.confidence_level if isinstance(given, PooledEffect) else 0.95
    return _check.level(confidence_level)


def read_studies(
    yi: Any,
    vi: Any = None,
    *,
    se: Any = None,
    labels: Labels | None = None,
    measure: str = "",
    benefit: Benefit | None = None,
    missing: Missing = "raise",
    to: str = "pool",
    one: Literal["study", "effect"] = "study",
) -> Studies:
    """Return checked studies from effects in any of their forms.

    Parameters
    ----------
    yi : array_like, pandas.Series, pandas.DataFrame, EffectSizes or PooledEffect
        Outcomes, or all there is to know.
    vi, se : array_like, optional
        Sampling variances or standard errors, exactly one of them beside outcomes alone.
    labels : sequence of str, optional
        Those of the table or the index if left out.
    measure : str, optional
        That of the effects if left out.
    benefit : {"lower", "higher"}, optional
        What is good for patients; the effects then carry it, and their measure, in EffectSizes of their own.
    missing : {"raise", "drop"}, optional
        What becomes of studies without an effect or without a variance.
    to : str, optional
        The function that reads them, for messages.
    one : {"study", "effect"}, optional
        What a row is called in messages; rows that are effects may belong to the same study.

    Returns
    -------
    Studies

    Raises
    ------
    TypeError
        For the result of a model whose studies are not independent effects.
    ValueError
        For what cannot be paired or pooled; one message names all studies concerned.

    Warns
    -----
    RepeatedStudyWarning
        If a study stands in several rows of a table, unless rows are effects.

    Examples
    --------
    >>> found = read_studies([0.3, 0.5], se=[0.2, 0.3], labels=["A", "B"], measure="OR")
    >>> found.vi.round(2).tolist(), found.labels, found.measure.name
    ([0.04, 0.09], ('A', 'B'), 'odds ratio')
    """
    _check.option("missing", missing, ("raise", "drop"))
    _check.single(measure=measure)
    raw = _taken_apart(yi, vi, se, to, one)
    measure = agreed(measure, raw.measure)
    index = next((x.index for x in (raw.yi, raw.spread) if is_pandas(x, "Series")), None)
    spread = paired(raw.spread, raw.name, index)
    index = index_of(yi, index)
    _check.same_shape(raw.yi, spread, 1, f"(k,), one value for each {one}")
    given = len(raw.yi)
    named = raw.labels if labels is None else paired(labels, "labels", index)
    if named is None and index is not None:
        named = index_labels(index)
    names = _check.study_labels(named, given)
    kept, left_out, outcomes = np.arange(given), (), raw.yi
    if missing == "drop":
        kept, left_out = _known(outcomes, spread, raw.name, names)
        if left_out:
            outcomes, spread = _rows(outcomes, kept), _rows(spread, kept)

    def where(at):
        i = kept[at[0]]
        return f"{one} {i + 1}" + ("" if named is None else f" ({names[i]})")

    checked = _check.check(outcomes, spread, where, spread=raw.name)
    if measure.is_ratio and (far := np.flatnonzero(_check.no_ratios(*checked))).size:
        shown = _check.few([f"{where((at,))} has {checked[0][at]:g}" for at in far])
        raise ValueError(
            f"{shown}, and no {measure.name} or its interval has such a log: give logs and their variances, or leave "
            "measure= out"
        )
    if one == "study" and raw.table is not None:
        warn_of_repeats(yi, raw.table.iloc[kept], to)
    methods = yi if isinstance(yi, PooledEffect) else None
    effects = methods.effects if methods else None if raw.table is None or raw.table is yi else yi
    names = tuple(names[i] for i in kept) if left_out else names
    if benefit is not None:
        effects = _with_benefit(effects, checked, names, measure, benefit)
    return Studies(*checked, names, measure, left_out, kept, given, index, raw.table, methods, effects)


def _with_benefit(effects, checked, names, measure, benefit):
    """The effects, or plain numbers made into EffectSizes, with what is good for patients."""
    import pandas as pd

    from analysis.data.effect_sizes import effect_sizes

    _check.option("benefit", benefit, get_args(Benefit))
    if effects is not None:
        return replace(effects, measure=measure, benefit=benefit)
    yi, vi = checked
    table = pd.DataFrame({"study": names, "yi": yi, "vi": vi})
    return effect_sizes(table, measure=measure, benefit=benefit)


class _Raw(NamedTuple):
    """What was given, by its parts."""

    yi: Any
    spread: Any
    name: str  # of `spread`: vi or se
    labels: Any = None
    measure: str = ""
    table: Any = None


def _taken_apart(yi, vi, se, to, one):
    """The parts of effects in any of their forms, as they were given."""
    table, more = table_of(yi, to), [name for name, given in (("vi", vi), ("se", se)) if given is not None]
    if more and (table is not None or isinstance(yi, PooledEffect)):
        raise ValueError(TABLE_HAS_ITS_OWN.format(name=more[0]))
    if isinstance(yi, PooledEffect):
        return _Raw(yi.yi, yi.vi, "vi", yi.labels, yi.measure)
    if table is not None:
        return _of_table(yi, table)
    if not more:
        raise ValueError(
            f"vi is missing; give one sampling variance for each {one}, or its standard error as se; or a DataFrame "
            "or an EffectSizes in place of both"
        )
    if len(more) == 2:
        raise ValueError(BOTH_GIVEN)
    return _Raw(yi, vi if se is None else se, more[0])


def _of_table(effects, table):
    columns = ", ".join(map(str, table.columns))
    if "yi" not in table:
        if {"arm", "n"} <= set(table):
            raise ValueError("these are the arms of trials, not their effects; give effect_sizes(trials)")
        raise ValueError(f"'yi' is not a column of the effects: {columns}")
    name = next((name for name in ("vi", "se") if name in table), None)
    if name is None:
        raise ValueError(f"'vi' is not a column of the effects, nor is 'se': {columns}")
    measure = "" if effects is table else effects.measure
    return _Raw(table["yi"], table[name], name, labels_of(table), measure, table)


def table_of(effects: Any, to: str, give: str = "") -> pd.DataFrame | None:
    """Return the table of a DataFrame or of EffectSizes, None for plain numbers; refuse the result of another model.

    Parameters
    ----------
    effects : object
        Whatever a function was given.
    to, give : str
        The function and what it can use, for the message; see `refusal`.

    Examples
    --------
    >>> table_of([0.1, 0.2], "pool") is None
    True
    """
    if is_pandas(effects, "DataFrame"):
        _check.unlike_columns(effects, "the table")
        _check.no_results(effects)
        return effects
    if isinstance(effects, PooledEffect):
        return None
    if isinstance(effects, InWords):
        from analysis.data.effect_sizes import EffectSizes

        if isinstance(effects, EffectSizes):
            return effects.table
    # What names its numbers is a result too, if not one of these.
    if (
        isinstance(effects, InWords)
        or hasattr(effects, "_fields")
        or (hasattr(effects, "yi") and hasattr(effects, "vi"))
    ):
        raise TypeError(_check.refusal(effects, to, give))
    return None


def labels_of(table: pd.DataFrame) -> list[Any] | None:
    """Return the names of the rows: the column label, else study, else the index; None where that only numbers them.

    Parameters
    ----------
    table : pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> labels_of(pd.DataFrame({"yi": [0.1, 0.2]}, index=["A", "B"]))
    ['A', 'B']
    """
    column = next((name for name in ("label", "study") if name in table), None)
    return index_labels(table.index) if column is None else table[column].tolist()


def index_of(effects: Any, index: pd.Index | None) -> pd.Index | None:
    """Return the index by which a Series beside effects is paired: of EffectSizes that of the table they are made of.

    Where that has the numbers of their own table in another order, a Series may be of the one or of the other, and
    labels that no Series has refuse both.

    Parameters
    ----------
    effects : object
    index : pandas.Index or None
        That of their own table, or of the Series that they are.

    Examples
    --------
    >>> index_of([0.1, 0.2], None) is None
    True
    """
    if isinstance(effects, PooledEffect):
        return _index_of_result(effects)
    own = None if is_pandas(effects, "DataFrame") else getattr(effects, "index", None)
    # A list has a method of that name.
    if not is_pandas(own, "Index") or not is_pandas(effects.__dict__.get("table"), "DataFrame"):
        return index
    if len(own) != len(effects.table) or own.equals(index):
        return index
    return own.map("row {} of the table".format) if set(own) == set(index) else own


def _index_of_result(pooled):
    """The index by which a Series beside a result is paired: that of its effects, else its labels, if it has any."""
    import pandas as pd

    effects, k = pooled.effects, len(pooled.yi)
    if effects is not None and len(effects.table) == k:
        return index_of(effects, effects.table.index)
    if _check.only_numbered(pooled.labels):
        return pd.RangeIndex(k, name=_check.OF_RESULT)
    return pd.Index(map(_check.as_text, pooled.labels), name=_check.OF_RESULT)


def index_labels(index: pd.Index) -> list[Any] | None:
    """Return the labels of an index, None where it only numbers its rows."""
    return None if is_pandas(index, "RangeIndex") else index.tolist()


def paired_frame(values: Any, name: str, index: pd.Index | None, columns: pd.Index | None, of: str = "yi") -> Any:
    """Return a DataFrame with its rows and its columns in the order of the effects, anything else as it stands.

    Parameters
    ----------
    values : array_like
    name : str
        What they are called, for the message.
    index, columns : pandas.Index or None
        Those of the effects.
    of : str, optional
        What has them, for the message.

    Examples
    --------
    >>> import pandas as pd
    >>> paired_frame(pd.DataFrame({"b": [1, 2]}, ["q", "p"]), "vi", pd.Index(["p", "q"]), pd.Index(["b"]))
       b
    p  2
    q  1
    """
    if not is_pandas(values, "DataFrame"):
        _check.unmasked(values)
        return values
    return paired(paired(values, name, index, of).T, f"the columns of {name}", columns, of).T


def _known(yi, spread, name, names):
    """Positions of the studies with an effect and a variance, and pairs of label and reason for all others."""
    no_yi, no_spread = _check.unknown(yi), _check.unknown(spread)
    what = {"vi": "variance", "se": "standard error"}[name]
    reasons = {(True, True): f"no effect and no {what}", (True, False): "no effect", (False, True): f"no {what}"}
    gone = np.flatnonzero(no_yi | no_spread)
    if gone.size == len(names):
        raise ValueError(f"no study is left: none of {len(names)} has both an effect and a {what}")
    left_out = tuple((names[i], reasons[bool(no_yi[i]), bool(no_spread[i])]) for i in gone)
    return np.flatnonzero(~(no_yi | no_spread)), left_out


def _rows(values, kept):
    """Entries of a sequence, each as it was: an array of text and numbers would be one of text."""
    raw = np.asarray(values)
    return (raw if raw.dtype.kind in "fiub" else np.asarray(values, dtype=object))[kept]


def cluster_column(table: pd.DataFrame) -> str:
    """Return the column that says which effects belong together: cluster where there is one, else study.

    Parameters
    ----------
    table : pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> cluster_column(pd.DataFrame({"study": ["A", "B"], "cluster": ["A", "A"]}))
    'cluster'
    """
    return "cluster" if "cluster" in table else "study"


def warn_of_repeats(effects: pd.DataFrame | EffectSizes, rows: pd.DataFrame, to: str) -> None:
    """Warn, at the user's line, of studies that stand in several rows.

    Parameters
    ----------
    effects : EffectSizes or pandas.DataFrame
        Of trials whose arms were split it is told that this ignores a correlation.
    rows : pandas.DataFrame
        The rows of its table that are used; without a column cluster or study nothing is known.
    to : str
        The function that uses them.

    Examples
    --------
    >>> import pandas as pd
    >>> once = pd.DataFrame({"study": ["A", "B"]})
    >>> warn_of_repeats(once, once, "pool")
    """
    column = cluster_column(rows)
    if column not in rows:
        return
    named = Counter(_check.as_text(each) for each in rows[column].dropna())
    twice = [name for name, times in named.items() if times > 1]
    if not twice:
        return
    message = (
        f"{some(np.array(twice), str)}: several rows of the column {column}, whose effects {to} takes to be "
        "independent; pool_multilevel(effects) does not"
    )
    if getattr(effects, "options", {}).get("multi_arm") == "split":
        message += "; splitting shares out the people of an arm, and ignores the correlation that is left"
    _check.warn(message, RepeatedStudyWarning)
