"""The tables beside the trials: reported contrasts, claims of articles, thresholds of change, published results."""

import pandera.pandas as pa

from analysis import dictionary
from analysis.schema import SEPARATOR, row_rule
from analysis.trials import checked_table


def read_contrasts(path):
    """Read reported differences of trials without usable arm data.

    Parameters
    ----------
    path : str, pathlib.Path or pandas.DataFrame
        As for :func:`analysis.read_trials`; the columns of ``data/contrasts.csv``.

    Returns
    -------
    pandas.DataFrame
        One row per reported difference, in scale units, negative = less pain with treatment; the index is the row in
        the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy.

    Examples
    --------
    >>> contrasts = read_contrasts("data/contrasts.csv")
    >>> len(contrasts), contrasts["study"].nunique()
    (31, 29)
    """
    rules = [
        *_interval_rules("difference"),
        row_rule(
            "ci_level",
            "an interval needs its level, in percent",
            "Type 95 or 90.",
            lambda t: t["ci_low"].isna() | t["ci_level"].between(50, 99.99),
        ),
        row_rule("se", "must be above zero", "Leave it blank if it is not printed.", lambda t: ~(t["se"] <= 0)),
        row_rule(
            "scale_min",
            "scale_min and scale_max come together, the lower first",
            "Type both ends of the scale.",
            lambda t: (t["scale_min"].isna() & t["scale_max"].isna()) | (t["scale_min"] < t["scale_max"]),
        ),
        row_rule(
            "difference",
            "no difference is larger than the scale",
            "Check the value and the ends of the scale.",
            lambda t: ~(t["difference"].abs() > t["scale_max"] - t["scale_min"]),
        ),
    ]
    return _read(path, dictionary.CONTRASTS, rules)


def read_claims(path):
    """Read claims of popular articles.

    Parameters
    ----------
    path : str, pathlib.Path or pandas.DataFrame
        As for :func:`analysis.read_trials`; the columns of ``data/claims.csv``.

    Returns
    -------
    pandas.DataFrame
        One row per claim; `value` stays text, because it may be a range ("2-3"). The index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, claim, column, value, rule and remedy.

    Examples
    --------
    >>> claims = read_claims("data/claims.csv")
    >>> claims.loc[claims["claim_id"] == "nir01", ["value", "unit", "arm"]].values.tolist()
    [['-3.9', 'points', 'treatment']]
    """
    number = r"[+-]?[0-9]+\.?[0-9]*"
    rules = [
        row_rule("claim_id", "stands twice", "Give each claim an id of its own.", lambda t: ~t.duplicated("claim_id")),
        row_rule(
            "value",
            "is neither a number nor a range",
            "Type a number such as -3.9, or a range such as 2-3; blank where the claim has none.",
            lambda t: t["value"].isna() | t["value"].str.fullmatch(f"{number}(-{number})?", na=True),
        ),
        row_rule(
            "unit",
            "a number needs its unit",
            f"Type one of: {', '.join(dictionary.CLAIMS.vocabulary['unit'])}.",
            lambda t: t["value"].isna() | t["unit"].notna(),
        ),
    ]
    return _read(path, dictionary.CLAIMS, rules)


def read_thresholds(path):
    """Read published thresholds of important change.

    Parameters
    ----------
    path : str, pathlib.Path or pandas.DataFrame
        As for :func:`analysis.read_trials`; the columns of ``data/mcid.csv``.

    Returns
    -------
    pandas.DataFrame
        One row per threshold. `kind` says whether it is for the change of one patient or for a difference between
        groups; the one is never read against the other. The index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, source, column, value, rule and remedy.

    Examples
    --------
    >>> read_thresholds("data/mcid.csv")["kind"].value_counts().to_dict()
    {'within-patient': 14, 'between-group': 2}
    """
    rules = [
        row_rule(
            "value_low",
            "a threshold is above zero, its lower end first",
            "Type how much less pain it takes as a positive number; equal ends for a single value.",
            lambda t: ~((t["value_low"] <= 0) | (t["value_high"] < t["value_low"])),
        ),
    ]
    return _read(path, dictionary.THRESHOLDS, rules)


def read_benchmarks(path):
    """Read published pooled results.

    Parameters
    ----------
    path : str, pathlib.Path or pandas.DataFrame
        As for :func:`analysis.read_trials`; the columns of ``data/benchmarks.csv``.

    Returns
    -------
    pandas.DataFrame
        One row per published result, with its sign convention in `sign`; the index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, review, column, value, rule and remedy.

    Examples
    --------
    >>> published = read_benchmarks("data/benchmarks.csv")
    >>> published.loc[published["measure"] == "contextual share", ["review", "estimate"]].values.tolist()
    [['Haflidadottir', 0.54], ['Zou', 0.75]]
    """
    return _read(path, dictionary.BENCHMARKS, _interval_rules("estimate"))


def _interval_rules(middle):
    return [
        row_rule(
            "ci_low",
            "both limits are needed",
            "Fill both or none.",
            lambda t: t["ci_low"].isna() == t["ci_high"].isna(),
        ),
        row_rule(
            "ci_low",
            f"the interval must hold its {middle}",
            "Check the signs and the order of the limits.",
            lambda t: ~((t["ci_low"] > t[middle]) | (t["ci_high"] < t[middle])),
        ),
    ]


def _closed(name, allowed):
    text = SEPARATOR.join((name, "is not in the closed list", f"Use one of: {', '.join(allowed)}."))
    return pa.Column(checks=pa.Check.isin(list(allowed), error=text), nullable=True)


def _read(path, layout, rules):
    columns = {name: _closed(name, allowed) for name, allowed in layout.vocabulary.items()}
    return checked_table(path, layout, lambda: pa.DataFrameSchema(columns, checks=rules))
