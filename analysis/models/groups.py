"""A pooled effect for each group of a long table, however many groups there are, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Unpack, get_args

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis._types import Missing, PoolOptions
from analysis.measures import agreed
from analysis.models.blocks import check_jobs, of_dask
from analysis.models.pooling import check_options, segment_numbers
from analysis.models.results import PooledEffect
from analysis.models.studies import cluster_column, labels_of, read_studies, table_of, warn_of_repeats
from analysis.sentences import Wording

if TYPE_CHECKING:
    from analysis.data.effect_sizes import EffectSizes

# Columns that a table of dask has while its rows change their partition.
_PART, _ROW = "__part__", "__row__"
_WANTED = "give EffectSizes, or a DataFrame with the columns yi and vi or se"


@documented
def pool_groups(
    effects: EffectSizes | pd.DataFrame,
    by: str | Sequence[str],
    *,
    missing: Missing = "raise",
    sort: bool = True,
    transform: bool = False,
    n_jobs: int = 1,
    **methods: Unpack[PoolOptions],
) -> pd.DataFrame:
    """Pool each group of a long table, such as every meta-analysis of a corpus.

    Parameters
    ----------
    effects : EffectSizes, pandas.DataFrame or dask.dataframe.DataFrame
        One row an effect, with the columns yi and vi or se, and those of `by`.
    by : str or sequence of str
        The column or columns that say to which group a row belongs.
    missing : {"raise", "drop"}, optional
        Refuse rows without an effect, a variance or a group, or leave them out and list them.
    sort : bool, optional
        As for pandas.DataFrame.groupby: groups sorted by their label, or in order of first appearance.
    {transform, n_jobs}
    **methods
        `tau2_method`, `ci_method`, `pi_method`, `confidence_level`, `measure`, `tau2_ci_method`, `tau2` as for
        :func:`analysis.pool`, but that `pi_method` is "t(k-1)" unless named, and that intervals of tau2 and I2, which
        cost as much as all the rest, are worked out where `tau2_ci_method` is named.

    Returns
    -------
    pandas.DataFrame or dask.dataframe.DataFrame
        One row a group, indexed by `by`, with the numbers of :meth:`analysis.PooledEffect.to_row`: k, estimate, se,
        ci_low, ci_high, statistic, df, pvalue, tau2, tau, i2, h2, q, q_df, q_pvalue, hksj_narrower, pi_low, pi_high;
        and `left_out`, how many of its rows took no part. A group of which none did has k = 0 and NaN.
        ``attrs["left_out"]`` holds pairs of label and reason, ``attrs["wording"]`` and ``"methods"`` what the effects
        are called and how they were pooled. Of dask it is lazy, in the order in which groups come to lie.

    Raises
    ------
    ValueError
        As for :func:`analysis.pool`; also for a row without a group, or a column that there is not.
    TypeError
        For anything but a table of effects.

    Warns
    -----
    RepeatedStudyWarning
        If a study stands in several rows of a group.

    See Also
    --------
    analysis.pool_subgroups : A whole result for each group, all studies together, and whether groups differ.
    analysis.pool_batch : Arrays in place of a table, for simulation.
    analysis.pool : Pool one group.

    Notes
    -----
    Of a dask DataFrame all rows of a group are brought together first (a shuffle), in their order; so many workers give
    the same bytes as one. A row without a group is refused there, as a lazy table can list none.

    References
    ----------
    Those of :func:`analysis.pool`, among them: Viechtbauer 2005, doi 10.3102/10769986030003261 (REML, ML); Higgins &
    Thompson 2002, doi 10.1002/sim.1186 (I2).

    Examples
    --------
    >>> corpus = pd.DataFrame({"review": list("AAAB"), "yi": [-1.2, -0.4, -2.0, 0.3], "vi": [0.1, 0.2, 0.1, 0.2]})
    >>> pool_groups(corpus, "review")[["k", "estimate", "tau2"]].round(3)
            k  estimate   tau2
    review
    A       3    -1.242  0.475
    B       1     0.300    NaN
    """
    _check.keywords("pool_groups", methods, PoolOptions.__annotations__)
    _check.option("missing", missing, get_args(Missing))
    check_jobs(n_jobs)
    measure, options = methods.pop("measure", ""), check_options(**methods)
    if not (tau2_ci := "tau2_ci_method" in methods):
        options = options._replace(tau2_ci=(np.nan, np.nan))
    asked = {"columns": [by] if isinstance(by, str) or not hasattr(by, "__iter__") else list(by), "options": options}
    asked |= {"tau2_ci": tau2_ci, "measure": measure, "missing": missing, "sort": sort, "transform": transform}
    if of_dask(effects):
        if n_jobs != 1:
            raise ValueError(f"n_jobs={n_jobs!r} is for a table in memory; of dask the number of workers decides")
        return _lazily(effects, **asked)
    return _pooled(effects, **asked, n_jobs=n_jobs)


def _pooled(effects, columns, *, options, tau2_ci, measure, missing, sort, transform, n_jobs=1):
    """The table of a table that is at hand."""
    table = table_of(effects, "pool_groups")
    if table is None:
        raise TypeError(_check.refusal(effects, "pool_groups", _WANTED))
    _check_columns(table, columns)
    _check_names(table, columns)
    yi, vi, kept, left_out, measure = _studies(effects, table, measure, missing)
    group, index = _groups(table[columns], sort)
    somewhere = group[kept] >= 0
    if not somewhere.all():
        left_out += _without_group(table, columns, kept[~somewhere], missing)
        yi, vi, kept = yi[somewhere], vi[somewhere], kept[somewhere]
    if not kept.size:
        raise ValueError("no effect is left: none has both a group and numbers to pool")
    _warn_of_repeats(effects, table, columns, kept, group)
    order, sizes = np.argsort(group[kept], kind="stable"), np.bincount(group[kept], minlength=len(index))
    numbers = segment_numbers(yi[order], vi[order], sizes, options, n_jobs=n_jobs)
    names = [f.name for f in fields(PooledEffect) if f.name in numbers and (tau2_ci or not f.name.endswith("2_ci"))]
    found = {}
    for name in [*names, "pi"]:
        x = numbers[name]
        found |= {name: x} if x.ndim == 1 else {f"{name}_low": x[0], f"{name}_high": x[1]}
    found["left_out"] = np.bincount(group[group >= 0], minlength=len(index)) - sizes
    out = pd.DataFrame(found, index=index)
    out = measure.transform_table(out) if transform else out
    out.attrs |= {"left_out": left_out, "wording": asdict(Wording.of(effects, measure))}
    out.attrs["methods"] = {name: getattr(options, name) for name in ("tau2_method", "ci_method", "pi_method")}
    out.attrs["methods"]["confidence_level"] = options.confidence_level
    return out


def _check_columns(table, columns):
    """Raise ValueError for columns to group by that there are not."""
    there = list(map(str, table.columns))
    if not columns:
        raise ValueError(f"by names no column; give one of {', '.join(there)}, or several")
    _check.fail(
        [
            f"{name!r} is not a column{_check.meant(name, there)}: {', '.join(there)}"
            for name in columns
            if name not in table.columns
        ],
        "by",
    )


def _check_names(table, columns):
    """Raise ValueError for groups that differ and read alike."""
    for name in columns:
        if table[name].dtype.kind not in "iufb":
            _check.as_names(table[name].dropna().unique(), f"by={name!r}")


def _studies(effects, table, measure, missing):
    """Outcomes, variances, positions, those left out and the measure, as `read_studies` finds them.

    Where all are good it need not be asked: the names that it makes take longer than to pool the groups.
    """
    spread = "vi" if "vi" in table else "se"
    if len(table) and {"yi", spread} <= set(table):
        y, v = table["yi"].to_numpy(), table[spread].to_numpy()
        if y.dtype.kind in "fiu" and v.dtype.kind in "fiu":
            y, v = (x.astype(float, copy=False) for x in (y, v))
            v = v if spread == "vi" else _check.squared(v)
            if _check.all_good(y, v):
                return y, v, np.arange(len(y)), (), agreed(measure, "" if effects is table else effects.measure)
    found = read_studies(effects, measure=measure, missing=missing, to="pool_groups", one="effect")
    return found.yi, found.vi, found.kept, found.left_out, found.measure


def _groups(names, sort):
    """The group of each row, -1 where a name is missing or blank, and the index of the groups."""
    grouping = names.groupby([*names], sort=sort, observed=True)
    index = grouping.size().index
    blank = [_check.nameless(index.unique(level)) for level in range(index.nlevels)]
    if any(each.any() for each in blank):
        return _groups(names.apply(lambda column: column.where(~_check.nameless(column))), sort)
    return grouping.ngroup().fillna(-1).to_numpy(dtype=np.intp), index


def _without_group(table, columns, rows, missing):
    """Pairs of label and reason of the rows without a group, which are refused unless they may be left out."""
    names, where = _check.study_labels(labels_of(table), len(table)), ", ".join(map(str, columns))
    if missing == "raise":
        remedy = "fill it in, or leave such rows out with missing='drop'"
        _check.fail([f"effect {i + 1} ({names[i]}): {where} is empty; {remedy}" for i in rows.tolist()], "the groups")
    return tuple((names[i], "no group") for i in rows.tolist())


def _warn_of_repeats(effects, table, columns, kept, group):
    """Warn of studies that stand in several rows of a group; the groups of a corpus may share some."""
    column = cluster_column(table)
    if column in table and column not in columns:
        of = pd.DataFrame({"group": group[kept], "study": table[column].to_numpy()[kept]})
        warn_of_repeats(effects, table.iloc[kept[of.duplicated(keep=False)]], "pool_groups")


def _lazily(frame, columns, **asked):
    """The same of a dask DataFrame, once all rows of a group are in one partition."""
    _check_columns(frame, columns)
    one = pd.DataFrame({"yi": [0.0], "vi": [1.0]} | {name: [0] for name in columns})
    like = _pooled(one, columns, **asked).iloc[:0].set_axis(frame._meta.groupby(columns, observed=True).size().index)
    used = [*columns, *(name for name in ("yi", "vi", "se", "label", "study", "cluster") if name in frame.columns)]
    numbered = frame[list(dict.fromkeys(used))].map_partitions(_numbered)
    return numbered.shuffle(on=columns).map_partitions(_partition, like, columns, asked, meta=like)


def _numbered(part, partition_info=None):
    return part.assign(**{_PART: partition_info["number"] if partition_info else 0, _ROW: np.arange(len(part))})


def _partition(part, like, columns, asked):
    """The groups of a partition; where it holds none, or none that can be pooled, a table that looks alike."""
    part = part.sort_values([_PART, _ROW]).drop(columns=[_PART, _ROW])
    if lost := part[columns].isna().any(axis=1).sum():
        raise ValueError(f"{lost} rows without {', '.join(map(str, columns))}; leave them out by dropna before")
    spread = "vi" if "vi" in part else "se"
    known = part[[name for name in ("yi", spread) if name in part]].notna().all(axis=1)
    if (asked["missing"] == "raise" and len(part)) or known.any():
        return _pooled(part, columns, **asked)
    sizes = part.groupby(columns, observed=True).size()
    return like.reindex(sizes.index).assign(k=0, q_df=0, hksj_narrower=False, left_out=sizes).astype(like.dtypes)
