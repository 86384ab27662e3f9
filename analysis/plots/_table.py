"""The rows of a figure, column by column, as arrays.

Drawing asks a few rows hundreds of small questions, and of each a DataFrame needs a hundred times as long as an array.
"""

from numbers import Number

import numpy as np
import pandas as pd


class Rows:
    """Columns by name; what rows have in common with a DataFrame is called and done as there."""

    def __init__(self, columns):
        self.columns = columns

    @classmethod
    def of(cls, table):
        """Return the rows of a DataFrame, or of dictionaries; rows as they are."""
        if isinstance(table, cls):
            return table
        if isinstance(table, pd.DataFrame):
            return cls({name: column(values) for name, values in table.items()})
        names = dict.fromkeys(name for row in table for name in row)
        return cls({name: column([row.get(name, np.nan) for row in table]) for name in names})

    @classmethod
    def joined(cls, tables):
        """Return the rows of several tables below one another, NaN where one has no such column."""
        tables = [cls.of(table) for table in tables if len(table)]
        names, joined = dict.fromkeys(name for table in tables for name in table), {}
        for name in names:
            parts = [table.get(name, np.full(len(table), np.nan)) for table in tables]
            kinds = {"numbers" if part.dtype.kind in "iuf" else part.dtype.kind for part in parts}
            # as in pandas, True beside a missing value is True, and no 1.0
            joined[name] = np.concatenate(parts, dtype=None if len(kinds) == 1 else object)
        return cls(joined)

    def frame(self):
        """Return the DataFrame."""
        return pd.DataFrame(self.columns)

    def __len__(self):
        return len(next(iter(self.columns.values()), ()))

    def __iter__(self):
        return iter(self.columns)

    def __getitem__(self, key):
        """Return a column by its name, or the rows of a mask or of places."""
        if isinstance(key, str):
            return self.columns[key]
        at = np.asarray(key) if len(key) else slice(0)
        return Rows({name: values[at] for name, values in self.columns.items()})

    def assign(self, **columns):
        """Return the rows with further columns, or others; one value stands in all rows."""
        whole = {
            name: [values] * len(self) if isinstance(values, str) or not np.iterable(values) else values
            for name, values in columns.items()
        }
        return Rows(self.columns | {name: column(values) for name, values in whole.items()})

    def get(self, name, default=None):
        """Return a column, or what stands for it where there is none."""
        return self.columns.get(name, default)

    def of_kind(self, *kinds):
        """Return the rows of some kinds."""
        return self[[kind in kinds for kind in self["kind"]]]

    def numbers(self, *names):
        """Return columns of numbers, one below the other."""
        return np.array([self.columns[name] for name in names], float)

    def records(self, names=None):
        """Return every row as a dictionary."""
        names = list(self if names is None else names)
        values = (self.columns[name].tolist() for name in names)
        return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def column(values):
    """Return the array of values: of numbers, of True and False, or of anything else as it is."""
    if hasattr(values, "dtype"):
        array = np.asarray(values)
        return array if array.dtype.kind in "biufO" else np.asarray(values.astype(object))
    values = list(values)
    same = all(isinstance(value, bool) for value in values) or all(
        isinstance(value, Number) and not isinstance(value, bool) for value in values
    )
    if same and values:
        return np.array(values)
    return np.fromiter(values, object, len(values))
