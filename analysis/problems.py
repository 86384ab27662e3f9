"""The error that lists everything that is wrong with a table."""

import pandas as pd

_PROBLEM = ["row", "study", "column", "value", "rule", "remedy"]


class TrialDataError(ValueError):
    """The table cannot be used as it stands; the message lists every problem at once.

    Attributes
    ----------
    problems : pandas.DataFrame
        One line per problem: row (as in the file, the heading is row 1), study, column, value, rule, remedy.
    source : str
        The file, or "the table" for a DataFrame.
    """

    def __init__(self, problems, source, key="study"):
        self.problems = pd.DataFrame(problems, columns=_PROBLEM)
        self.source = source
        count = len(self.problems)
        lines = [f"{source}: {count} problem{'s' if count != 1 else ''}. Nothing was read."]
        alike = self.problems.fillna({"row": 0}).groupby(["column", "rule", "remedy"], sort=False)
        lines += [_sentence(group, key) for _, group in alike]
        super().__init__("\n".join(lines))


def _sentence(group, key):
    """One line for one problem; the same problem in several rows is told once, with all its rows."""
    first = group.iloc[0]
    rows = ", ".join(f"{row:.0f}" for row in group["row"] if row)
    where = [f"row{'s' if len(group) > 1 else ''} {rows}" if rows else "the file"]
    studies = [study for study in dict.fromkeys(group["study"]) if study]
    values = [value for value in dict.fromkeys(group["value"]) if value != ""]
    if studies:
        where.append(f"{key.removesuffix('_id')} {_quoted(studies)}")
    if first["column"]:
        where.append(f"column '{first['column']}'")
    value = f" value {_quoted(values)}:" if values else ""
    return f"- {', '.join(where)}:{value} {first['rule']}. {first['remedy']}"


def _quoted(values, most=5):
    shown = ", ".join(f"'{value}'" for value in values[:most])
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"
