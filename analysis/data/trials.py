"""Read trials, and the tables beside them, and check them.

A trials table has one row per arm of a trial at one time point. Values stay on the scale of the paper; blank
means "not printed" and never zero. The columns are described in ``data/README.md``. Beside the trials stand reported
contrasts, claims of articles, thresholds of change, published results, judgements and facts on bias, and correlations;
all of them are checked alike, and one error lists everything that is wrong with a table.
"""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis import _check
from analysis._docs import documented
from analysis.data import dictionary, headings
from analysis.data.about import TOLD_BY_FILE, about_sheet
from analysis.data.files import (
    REVIEW,
    WITH_COMMA,
    Opened,
    Readable,
    TrialDataError,
    has_one_row_a_study,
    one_line,
    opened,
    read_cells,
)
from analysis.data.revman import judgements_of_review, without_na

# Likeness from which an id or a word is taken for a slip of the pen: author and year make unlike trials look alike.
_NEAR = 0.8
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA_OF_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
#: A count with a point between thousands, which reads as a number with decimals.
PERHAPS_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+")
# The tool of a review of RevMan 5, by the first of its domains; and what begins a heading of judgements in RevMan Web.
_OF_REVMAN_5, _ROB_1 = "RoB 1", ("Random sequence generation", "Allocation concealment")
_JUDGED = "Domain (judgement): "
# In bytes: notes are some lines.
_LONGEST_NOTES = 1_000_000
_DECIMALS = {".": "a point", ",": "a comma"}
# The minus of typesetters, and the dash that word processors make of a hyphen.
_DASHES = re.compile("[−–]")
# A hyphen behind a digit stands between the ends of a range, and one behind an e in an exponent.
_BETWEEN = r"(?<=[0-9.,])-"
_MEDIANS = re.compile(r"(^|_)(median|q[13]|iqr|quartile)(_|[0-9]|$)", re.IGNORECASE)


@documented
def read_trials(
    path: Readable,
    *,
    allow: Mapping[str, Collection[str]] | None = None,
    decimal: Literal[".", ","] | None = None,
) -> pd.DataFrame:
    """Read a table of trial arms and check it against the data dictionary.

    Parameters
    ----------
    {path}
    allow : dict of str to list, optional
        Therapies, families, groups of conditions, kinds of pain and controls to accept beside those of the data
        dictionary, such as ``{"therapy": ["Kinesio tape"]}``.
    {decimal}

    Returns
    -------
    pandas.DataFrame
        One row per arm, all columns of the data dictionary in its order; numbers as floats in scale units (`n`,
        and `year` where every row has one, integers), text as strings, blanks as missing values. The index is the row
        number in the file. The only time point of a trial is its primary one, where `primary` is blank. `attrs` holds
        what stands in the file of notes, or what the DataFrame had.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `allow` names a column without a vocabulary to widen, or `decimal` is another sign.

    See Also
    --------
    analysis.trials_from_wide : Makes the same of a table with one row a study.
    analysis.effect_sizes : Makes one effect size per trial of it.
    analysis.audit_trials : Looks for what is allowed, but doubtful.
    analysis.read_contrasts : Reads differences of trials that print no arms.

    Notes
    -----
    Values stay on the scale of the paper; blank means "not printed" and never zero. The columns are described in
    ``data/README.md``; study, arm and n must be there, and the ends of the scale where there are means. A table has one
    heading, one row per arm and one value per cell, and is checked as it is read [1]_. One with a row a study is
    recognised by its headings, and the error holds the call that reads it.

    What no column can say stands in a file of notes beside the table, of the same name with the ending ``.toml``; it
    may be missing. `outcome_name` is what the scores measure ("pain"), `benefit` what is good of them ("lower", which
    is taken where nothing is said, or "higher"), `note` what figures should say of these trials; a part ``[events]``
    may hold `outcome_name` and `benefit` of the events that are counted, which are responders otherwise. Of a template
    that was filled in, the sheet "about" says the measure, what the arms are called, the outcome and what is good;
    where it leaves the last blank, nobody knows.

    References
    ----------
    .. [1] Broman & Woo 2018, Data organization in spreadsheets, Am Stat 72:2-10, doi 10.1080/00031305.2017.1375989.
    .. [2] Li, Higgins & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 5, section 5.3: what
       data to collect.

    Examples
    --------
    >>> trials = read_trials("data/trials.csv")
    >>> trials.loc[trials["study"] == "gale2006", ["arm", "n", "baseline_mean", "final_mean"]].values.tolist()
    [['treatment', 21, 6.9, 3.0], ['placebo', 18, 7.4, 6.0]]
    >>> trials.attrs["outcome_name"]
    'pain'
    """
    table = _read_checked(path, _widened(dictionary.TRIALS, allow), decimal)
    years = {} if table["year"].isna().any() else {"year": "int64"}
    return table.astype({"n": "int64"} | years)


def checked_trials(trials: Any) -> pd.DataFrame:
    """Return the trials as :func:`read_trials` gives them, checked if they were not.

    Parameters
    ----------
    trials : pandas.DataFrame
        From :func:`read_trials`, or any table with its columns.

    Returns
    -------
    pandas.DataFrame
        A table whose index is called "row", as :func:`read_trials` leaves it, has been through all checks; rows may
        have been chosen since and put together, and its numbers are checked again, row by row, as they may have been
        changed. Any other table goes through :func:`read_trials`.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy.
    ValueError
        If this is no table of trial arms, or holds a row of a checked table twice.
    """
    if not isinstance(trials, pd.DataFrame) or not {"study", "arm"} <= set(trials.columns):
        told = headings.advice(trials, arms_too=True) if isinstance(trials, pd.DataFrame) else ""
        more = f". This one has one row a study. By its headings:{told}" if told else ""
        raise ValueError(
            f"trials is a {type(trials).__name__}, but must be the table that read_trials returns; read_trials takes "
            f"files and DataFrames{more}"
        )
    if not trials.columns.is_unique:
        return read_trials(trials)
    numbers = [name for name in dictionary.TRIALS.numbers if name in trials]
    typed = all(pd.api.types.is_numeric_dtype(trials[name]) for name in numbers)
    numbered = trials.index.name == "row" and pd.api.types.is_integer_dtype(trials.index.dtype)
    if not numbered or not typed or not set(dictionary.COLUMNS) <= set(trials.columns):
        return read_trials(trials)
    if not trials.index.is_unique:
        twice = trials.index[trials.index.duplicated()].unique()
        again = "pass the table through read_trials again"
        raise ValueError(f"rows {', '.join(map(str, twice[:10]))} stand more than once; {again}")
    problems = broken_rules(trials, trials, dictionary.CHANGED_TRIALS)
    if len(problems):
        raise TrialDataError(_in_order(problems, dictionary.TRIALS), "the table")
    return trials


def _widened(layout, allow):
    if not (allow is None or isinstance(allow, Mapping)):
        raise ValueError(f"allow={allow!r} must name columns and their words, as {{'therapy': ['Music']}}")
    own = {name: _words(name, words) for name, words in (allow or {}).items()}
    if unknown := sorted(map(str, set(own) - set(layout.widened))):
        closed = ", ".join(layout.widened)
        raise ValueError(f"allow: no vocabulary to widen for {', '.join(unknown)}; there is one for {closed}")
    return layout._replace(vocabulary={name: (*words, *own.get(name, ())) for name, words in layout.vocabulary.items()})


def _words(column, words):
    """The words to allow, as the cells of a table are read: without blanks around them."""
    argument = f"allow[{column!r}]"
    _check.several(argument, words, "words")
    words = [words] if isinstance(words, str) else list(words)
    if odd := [word for word in words if not (isinstance(word, str) and word.strip())]:
        raise ValueError(f"{argument} holds {odd[0]!r}; give words")
    return [one_line(word) for word in words]


@documented
def read_contrasts(
    path: Readable,
    *,
    allow: Mapping[str, Collection[str]] | None = None,
    decimal: Literal[".", ","] | None = None,
) -> pd.DataFrame:
    """Read reported differences of trials without usable arm data.

    Parameters
    ----------
    {path}
    allow : dict of str to list, optional
        Therapies, families and groups of conditions to accept beside those of the data dictionary, such as
        ``{"therapy": ["Kinesio tape"]}``.
    {decimal}

    Returns
    -------
    pandas.DataFrame
        One row per reported difference, in scale units, negative = less pain with treatment; the columns are those of
        ``data/contrasts.csv``, the index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `allow` names a column without a vocabulary to widen, or `decimal` is another sign.

    See Also
    --------
    analysis.contrast_effects : Makes one effect size per trial of it.
    analysis.with_contrasts : Adds it to the effect sizes of trials with arms.
    analysis.read_trials : Reads trials with their arms.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.3:
       estimates of effect taken directly from a paper.
    .. [2] Broman & Woo 2018, Data organization in spreadsheets, Am Stat 72:2-10, doi 10.1080/00031305.2017.1375989.

    Examples
    --------
    >>> contrasts = read_contrasts("data/contrasts.csv")
    >>> len(contrasts), contrasts["study"].nunique()
    (31, 29)
    """
    return _read_checked(path, _widened(dictionary.CONTRASTS, allow), decimal)


@documented
def read_claims(
    path: Readable,
    *,
    allow: Mapping[str, Collection[str]] | None = None,
    decimal: Literal[".", ","] | None = None,
) -> pd.DataFrame:
    """Read claims of popular articles.

    Parameters
    ----------
    {path}
    allow : dict of str to list, optional
        Therapies and families to accept beside those of the data dictionary, such as ``{"therapy": ["Music"]}``.
    {decimal}

    Returns
    -------
    pandas.DataFrame
        One row per claim, with the columns of ``data/claims.csv``; `value` stays text, because it may be a range
        ("2-3", "-4--3"), with points for decimals. Claims without ids are called "c1", "c2" and so on, and a therapy
        without a family is one of its own. The index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, claim, column, value, rule and remedy.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `allow` names a column without a vocabulary to widen, or `decimal` is another sign.

    See Also
    --------
    analysis.check_claims : Checks the claims against the trials.
    analysis.claims_plot : Draws what became of them.
    analysis.read_benchmarks : Reads published pooled results.

    Notes
    -----
    A claim needs `therapy`, `condition`, `claim`, and what it asserts: `kind` and `polarity`. One with a number needs
    `value`, `unit`, `number_from` and the `arm` that it speaks of. All other columns may be left out [1]_;
    ``data/README.md`` describes them all, and ``docs/check_an_article.md`` fills in those that are needed.

    References
    ----------
    .. [1] Broman & Woo 2018, Data organization in spreadsheets, Am Stat 72:2-10, doi 10.1080/00031305.2017.1375989.

    Examples
    --------
    >>> claims = read_claims("data/claims.csv")
    >>> claims.loc[claims["claim_id"] == "nir01", ["value", "unit", "arm"]].values.tolist()
    [['-3.9', 'points', 'treatment']]
    """
    return named_claims(_read_checked(path, _widened(dictionary.CLAIMS, allow), decimal))


def named_claims(claims: pd.DataFrame) -> pd.DataFrame:
    """Call claims without ids "c1", "c2" and so on, and take a therapy without a family for one of its own.

    Parameters
    ----------
    claims : pandas.DataFrame
        With `claim_id`, `therapy` and `therapy_family`.

    Returns
    -------
    pandas.DataFrame
    """
    ids, families = (claims[name].astype("str") for name in ("claim_id", "therapy_family"))
    numbers = pd.Series([f"c{i}" for i in range(1, len(claims) + 1)], claims.index, dtype="str")
    return claims.assign(claim_id=ids.fillna(numbers), therapy_family=families.fillna(claims["therapy"]))


@documented
def read_thresholds(path: Readable, *, decimal: Literal[".", ","] | None = None) -> pd.DataFrame:
    """Read published thresholds of important change.

    Parameters
    ----------
    {path, decimal}

    Returns
    -------
    pandas.DataFrame
        One row per threshold, with the columns of ``data/mcid.csv``. `kind` says whether it is for the change of one
        patient or for a difference between groups; the one is never read against the other. The index is the row in
        the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, source, column, value, rule and remedy.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `decimal` is another sign.

    See Also
    --------
    analysis.threshold : Picks one threshold out of the table.
    analysis.share_beyond : The share of true effects beyond a threshold.
    analysis.pool_responders : Pools counts of responders as trials print them.

    References
    ----------
    .. [1] Dworkin et al. 2009, Pain 146:238: the two kinds of threshold.
    .. [2] Dworkin et al. 2008, J Pain 9:105-121, doi 10.1016/j.jpain.2007.09.005: important change of one patient.

    Examples
    --------
    >>> read_thresholds("data/mcid.csv")["kind"].value_counts().to_dict()
    {'within-patient': 14, 'between-group': 2}
    """
    return _read_checked(path, dictionary.THRESHOLDS, decimal)


@documented
def read_benchmarks(path: Readable, *, decimal: Literal[".", ","] | None = None) -> pd.DataFrame:
    """Read published pooled results.

    Parameters
    ----------
    {path, decimal}

    Returns
    -------
    pandas.DataFrame
        One row per published result, with the columns of ``data/benchmarks.csv`` and its sign convention in `sign`; the
        index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, review, column, value, rule and remedy.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `decimal` is another sign.

    See Also
    --------
    analysis.pool : Pools effect sizes, to set beside a published result.
    analysis.contextual_share : The share of the change that placebo arms show too.
    analysis.read_claims : Reads claims of popular articles.

    References
    ----------
    .. [1] Hafliðadóttir et al. 2021, Trials 22, doi 10.1186/s13063-021-05454-8: the contextual share in the example.
    .. [2] Zou et al. 2016, Ann Rheum Dis 75, doi 10.1136/annrheumdis-2015-208387: the same in osteoarthritis.

    Examples
    --------
    >>> published = read_benchmarks("data/benchmarks.csv")
    >>> published.loc[published["measure"] == "contextual share", ["review", "estimate"]].values.tolist()
    [['Haflidadottir', 0.54], ['Zou', 0.75]]
    """
    return _read_checked(path, dictionary.BENCHMARKS, decimal)


@documented
def read_risk_of_bias(
    path: Readable,
    *,
    tool: str | None = None,
    judged_by: str = dictionary.NOT_STATED,
    decimal: Literal[".", ","] | None = None,
    trials: pd.DataFrame | None = None,
    contrasts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Read what the risk of bias of trials was judged to be, with RoB 2, RoB 1, ROBINS-I, PEDro or another tool.

    Parameters
    ----------
    {path}
        Also a review of RevMan 5 (.rm5), and the table of the risk of bias in the data package of RevMan Web.
    tool : str, optional
        The tool of a table with one row a study, which does not say it: "RoB 2", "RoB 1", "ROBINS-I", "PEDro" or
        another.
    judged_by : str, optional
        Who judged, of a review or of a table with one row a study.
    {decimal, trials, contrasts}

    Returns
    -------
    pandas.DataFrame
        One row per judgement of one trial in one domain, with the columns of ``data/risk_of_bias.csv``. `judgement` is
        in the words of its `tool`; those of one tool are never turned into those of another. A trial without a row
        was judged by nobody whose text was read. The index is the row in the file; of a table with one row a study it
        counts the judgements.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy; also studies that are in neither table given,
        and a table with one row a study without a `tool`.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `trials` or `contrasts` is no table of studies.

    See Also
    --------
    analysis.traffic_light : Draws the judgements, a circle each.
    analysis.risk_of_bias_summary : Draws how many trials were judged what.
    analysis.with_risk_of_bias : Puts the judgements beside the effects.
    analysis.read_bias_facts : Reads what is known of how trials were run.

    Notes
    -----
    The table has one row per judgement, or one row a study as `robvis` has it [4]_: the study, the domains, perhaps
    Overall and Weight. D1, D2 and so on are those of RoB 2 and ROBINS-I, other headings are names of domains; words of
    judgements may have capitals, a blank is no judgement, and the weight becomes the column `x_weight`.

    A review of RevMan 5 has the judgements of the first Cochrane tool, "RoB 1", where yes is a low risk, no a high one
    and unknown an unclear one; unclear without a word of support is what nobody judged, and is left out [5]_. The
    studies bear the names that :func:`analysis.read_studies` gives them, and the support becomes the column `note`. A
    group of outcomes follows its domain behind a colon. Judgements of diagnostic tests (QUADAS) are refused, for their
    yes may be a high risk. Of RevMan Web it is the table ``...-risk-of-bias.csv`` of the data package; "RoB 1" is known
    by its domains.

    References
    ----------
    .. [1] Sterne et al. 2019, RoB 2: a revised tool for assessing risk of bias in randomised trials, BMJ 366:l4898, doi
       10.1136/bmj.l4898; Sterne et al. 2016, ROBINS-I, BMJ 355:i4919, doi 10.1136/bmj.i4919.
    .. [2] Higgins et al. 2011, the first Cochrane tool, BMJ 343:d5928, doi 10.1136/bmj.d5928.
    .. [3] Maher et al. 2003, reliability of the PEDro scale, Phys Ther 83:713-721, doi 10.1093/ptj/83.8.713.
    .. [4] McGuinness & Higgins 2021, robvis, Res Synth Methods 12:55-61, doi 10.1002/jrsm.1411.
    .. [5] Higgins & Green 2008, Cochrane Handbook for Systematic Reviews of Interventions, version 5.0.0, section 8.6.

    Examples
    --------
    >>> judged = read_risk_of_bias("data/risk_of_bias.csv")
    >>> overall = judged[(judged["tool"] == "RoB 2") & (judged["domain"] == "overall")]
    >>> overall["judgement"].value_counts().to_dict()
    {'some concerns': 4, 'low': 1, 'high': 1}
    >>> wide = pd.DataFrame({"Study": ["A", "B"], "D1": ["Low", "High"], "Overall": ["Some concerns", "High"]})
    >>> read_risk_of_bias(wide, tool="RoB 2")[["study", "domain", "judgement"]].values.tolist()[:2]
    [['A', 'D1 randomisation process', 'low'], ['A', 'overall', 'some concerns']]
    """
    stacked = functools.partial(_judgements_of_studies, tool=tool, judged_by=judged_by)
    beside = {"trials": trials, "contrasts": contrasts}
    if isinstance(path, pd.DataFrame):
        return _read_checked(path, dictionary.RISK_OF_BIAS, decimal, beside, stacked)
    file = without_na(opened(path))
    if file.kind != REVIEW:
        return _read_checked(file, dictionary.RISK_OF_BIAS, decimal, beside, stacked)
    if tool is not None and dictionary.tool_as_listed(tool) != _OF_REVMAN_5:
        raise ValueError(f"tool={tool!r} is not that of RevMan 5, which has {_OF_REVMAN_5} only")
    judged = judgements_of_review(file).assign(tool=_OF_REVMAN_5, judged_by=judged_by)
    return _read_checked(judged, dictionary.RISK_OF_BIAS, None, beside, source=file.source)


def _judgements_of_studies(cells, source, tool, judged_by):
    """One row per judgement of a table with one row a study, and the row and the column of each in the table."""
    if {"domain", "judgement"} & set(cells) or len(cells.columns) < 2:
        if tool is not None:
            raise ValueError(f"tool={tool!r} is for a table with one row a study; this one tells the tool of each row")
        return cells, {}
    of_web = [name for name in cells if name.startswith(_JUDGED)]
    if tool is None and any(name.removeprefix(_JUDGED).startswith(_ROB_1) for name in of_web):
        tool = _OF_REVMAN_5
    if tool is None:
        known = ", ".join(map(repr, dictionary.JUDGEMENTS))
        rule = "this table has one row a study, and does not say with which tool they were judged"
        raise TrialDataError([(1, "", "", "", rule, f"Read it with tool=..., one of {known}, or another.")], source)
    if problems := _doubled(cells.columns):
        raise TrialDataError(problems, source)
    tool, by_name = dictionary.tool_as_listed(tool), {str(name).casefold(): name for name in cells}
    study = by_name.get("study", cells.columns[0])
    weight = next((by_name[name] for name in ("weight", "weights") if name in by_name), None)
    domains = {name: _domain(name, tool) for name in of_web or cells if name not in (study, weight)}
    long = cells.melt([name for name in (study, weight) if name], [*domains], "column", "judgement", ignore_index=False)
    order = np.argsort(cells.index.get_indexer(long.index), kind="stable")
    long = long.iloc[order]
    long = long[long["judgement"] != ""]
    places = dict(enumerate(zip(long.index, long["column"], strict=True), start=2))
    supports = long["column"].str.replace("judgement", "support", regex=False)
    notes = cells.reindex(columns=supports.unique(), fill_value="")
    notes = notes.to_numpy()[notes.index.get_indexer(long.index), notes.columns.get_indexer(supports)]
    long = long.set_axis(pd.Index([*places], name="row"))
    made = {"study": long[study], "tool": tool, "domain": long["column"].map(domains)}
    made |= {"judgement": _as_words(long["judgement"], tool), "judged_by": judged_by}
    if weight:
        _check_weights(long[weight], long[study], places, weight, source)
        made["x_weight"] = long[weight]
    if of_web:
        made["note"] = notes
    return pd.DataFrame(made), places


def _domain(heading, tool):
    """The name of the domain under a heading: D1 of RoB 2, Overall, or a name that R has put points into."""
    if heading.startswith(_JUDGED):
        return heading.removeprefix(_JUDGED).removesuffix(": All outcomes")
    name = " ".join(heading.replace(".", " ").split())
    number = re.fullmatch(r"[Dd]([1-9])", name)
    known = dictionary.DOMAINS.get(tool, ())
    if number and int(number[1]) <= len(known):
        return f"{name.upper()} {known[int(number[1]) - 1]}"
    return name.lower() if name.casefold() in (dictionary.OVERALL, dictionary.TOTAL) else name


def _as_words(judgements, tool):
    """Judgements in the words of their tool, which may be followed by "risk"; any other word stays as it is."""
    words, known = judgements.str.lower(), dictionary.JUDGEMENTS.get(tool)
    words = words if known is None else words.str.removesuffix(" of bias").str.removesuffix(" risk")
    return words if known is None else words.where(words.isin(known), judgements)


def _check_weights(texts, studies, places, column, source):
    """Raise where the weight of a study is no number above zero."""
    wrong = {places[row][0]: row for row in texts.index[~(pd.to_numeric(texts, errors="coerce") > 0)]}
    rule, remedy = "is no weight", "Type a number above zero in every row, or leave the column out."
    if wrong:
        raise TrialDataError([(row, studies[at], column, texts[at], rule, remedy) for row, at in wrong.items()], source)


@documented
def read_bias_facts(
    path: Readable,
    *,
    decimal: Literal[".", ","] | None = None,
    trials: pd.DataFrame | None = None,
    contrasts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Read what was found about how trials were run.

    Parameters
    ----------
    {path, decimal, trials, contrasts}

    Returns
    -------
    pandas.DataFrame
        One row per thing that was read (allocation, sham, blinding, dropouts, money), with the columns of
        ``data/facts_on_bias.csv``. They are facts and no judgements. The index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, study, column, value, rule and remedy; also studies that are in neither table given.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `trials` or `contrasts` is no table of studies.

    See Also
    --------
    analysis.read_risk_of_bias : Reads what others judged the risk of bias to be.
    analysis.read_trials : Reads the trials that the facts are about.

    References
    ----------
    .. [1] Schulz & Grimes 2002, blinding in randomised trials, Lancet 359:696-700, doi 10.1016/S0140-6736(02)07816-9.

    Examples
    --------
    >>> facts = read_bias_facts("data/facts_on_bias.csv")
    >>> facts.loc[facts["item"] == "blinding check", "study"].tolist()
    ['changwj2017', 'wolsko2004', 'irnich2001']
    """
    return _read_checked(path, dictionary.BIAS_FACTS, decimal, {"trials": trials, "contrasts": contrasts})


@documented
def read_correlations(
    path: Readable,
    *,
    decimal: Literal[".", ","] | None = None,
    trials: pd.DataFrame | None = None,
    contrasts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Read correlations between pain before and after.

    Parameters
    ----------
    {path, decimal, trials, contrasts}

    Returns
    -------
    pandas.DataFrame
        One row per correlation, with the columns of ``data/correlations.csv``: `r`, or the three SDs that imply it. `n`
        and `weeks` stay text, because they may be words ("34 in both arms", "several"); `study` is blank where the
        source is not one of the trials. The index is the row in the file.

    Raises
    ------
    TrialDataError
        Lists all problems: row, source, column, value, rule and remedy; also studies that are in neither table given.
    {FileNotFoundError, ModuleNotFoundError}
    ValueError
        If `trials` or `contrasts` is no table of studies.

    See Also
    --------
    analysis.effect_sizes : Takes a correlation where a change has no SD of its own.
    analysis.recover.correlation_from_sds : The correlation that three SDs imply.
    analysis.read_trials : Reads the trials that `study` names.

    References
    ----------
    .. [1] Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions, chapter 6, section 6.5.2.8:
       the correlation from the three SDs.
    .. [2] Walters et al. 2019, Trials 20:566, doi 10.1186/s13063-019-3671-2: correlations in published trials.

    Examples
    --------
    >>> correlations = read_correlations("data/correlations.csv")
    >>> patients = correlations[correlations["r_from"] == "patient-level"]
    >>> patients.loc[patients["study"] == "chow2006", "r"].tolist()
    [0.564, 0.649, 0.633, 0.601, 0.602, 0.617]
    """
    return _read_checked(path, dictionary.CORRELATIONS, decimal, {"trials": trials, "contrasts": contrasts})


def _read_checked(path, layout, decimal=None, beside=None, stacked=None, source=None):
    """Read a table of any :class:`analysis.data.dictionary.TableLayout` and check it; see :func:`read_trials`.

    `beside` holds the tables, by the argument's name, of which one must know every study named; None for no such table.
    `stacked` makes rows of cells in another shape, and tells where each of them stands in the table. `source` is the
    file that a table was made of.
    """
    _check.single(decimal=decimal)
    if decimal not in (None, *_DECIMALS):
        raise ValueError(f"decimal={decimal!r} is not known; use '.' or ',', or leave it out")
    known = _studies_of(beside or {})
    file = path if isinstance(path, pd.DataFrame | Opened) else opened(path)
    named, cells, delimiter = read_cells(file, layout, decimal)
    source = source or named
    if has_one_row_a_study(cells, layout):
        raise TrialDataError([_one_row_a_study(path, cells, delimiter, decimal)], source)
    cells, places = stacked(cells, source) if stacked else (cells, {})
    _check_columns(cells.columns, source, layout)
    own = [c for c in cells.columns if c.startswith("x_")]
    cells = cells.reindex(columns=[*layout.columns, *own], fill_value="")
    for name in (*layout.numbers, *layout.ranges):
        cells[name] = _each(cells[name], lambda text: _DASHES.sub("-", text)).astype(object)
    if cells.empty:
        rows = "Add one row per arm." if layout.name == "trials" else "Add the rows."
        raise TrialDataError([(None, "", "", "", "there is no row under the heading", rows)], source)
    if decimal is None and delimiter == ";":
        decimal = decimal_between_semicolons(cells, layout, source)
    table, problems = _typed(cells, layout, decimal or ".")
    if layout.name == "trials":
        table = _only_time_is_primary(table)
    found = zip(problems["row"], problems["column"], strict=True)
    problems = pd.concat([problems, broken_rules(table, cells, layout, found), *_unknown_studies(table, layout, known)])
    if len(problems):
        problems = _in_order(problems, layout)
        if places:
            at = zip(*(places[row] for row in problems["row"]), strict=True)
            problems = problems.assign(**dict(zip(("row", "column"), map(list, at), strict=True)))
        raise TrialDataError(problems, source, layout.key)
    table.attrs = _notes_of(path) if layout.name in ("trials", "contrasts") else {}
    if layout.name == "trials" and isinstance(file, Opened) and (told := about_sheet(file)):
        # Who filled in a template and left this blank said that nobody knows.
        unknown = {"benefit": None, "events": {"benefit": None}}
        table.attrs = unknown | table.attrs | {TOLD_BY_FILE: {name: value for name, value in told.items() if value}}
    return table


def _notes_of(path):
    """What is said of the whole table: in the attrs of a DataFrame, or in the file of notes beside a file."""
    if isinstance(path, pd.DataFrame):
        return dict(path.attrs)
    if hasattr(path, "read"):
        return {}
    path = Path(path)
    path = path.with_suffix("" if path.suffix.lower() == ".gz" else path.suffix).with_suffix(".toml")
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _LONGEST_NOTES:
            raise ValueError(f"more than {_LONGEST_NOTES:,} bytes")
        said = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        problems = _wrong_notes(said, dictionary.NOTES)
    # Of too many digits or bytes and of wrong ones, of parts within parts without end, of a file that cannot be read.
    except (ValueError, RecursionError, OSError) as error:
        why = "parts within parts" if isinstance(error, RecursionError) else error
        rule, remedy = f"is no TOML of notes ({why})", 'Write lines such as outcome_name = "pain".'
        raise TrialDataError([(None, "", "", "", rule, remedy)], path.name) from None
    if problems:
        raise TrialDataError(problems, path.name, "key")
    return said


def _wrong_notes(said, known, part=""):
    """The problems of notes that are not known, or are not what they must be."""
    problems = []
    for key, value in said.items():
        wanted = known.get(key)
        if isinstance(wanted, dict) and isinstance(value, dict):
            problems += _wrong_notes(value, wanted, f"{key}.")
        elif wanted is None:
            near = difflib.get_close_matches(key, known, n=1)
            remedy = f"Did you mean '{near[0]}'?" if near else f"Use {', '.join(known)}."
            problems.append((None, part + key, "", str(value), "is not known", remedy))
        elif not (isinstance(value, str) and (wanted is str or value in wanted)):
            must = "a text" if wanted is str else " or ".join(f'"{each}"' for each in wanted)
            must = f"a part [{key}]" if isinstance(wanted, dict) else must
            problems.append((None, part + key, "", str(value), f"must be {must}", "Correct it, or leave it out."))
        elif isinstance(value, str) and (unseen := _check.unprintable(f"{part}{key}:", value)):
            problems.append((None, part + key, "", "", "holds what no file can print", f"Mend it: {unseen}."))
    return problems


def _one_row_a_study(path, cells, delimiter, decimal):
    """The problem that says so, with the lines that read it."""
    call = headings.advice(cells, arms_too=True)
    if not isinstance(path, pd.DataFrame):
        commas = cells.map(lambda text: bool(WITH_COMMA.fullmatch(text))).any(axis=None)
        options = {"sep": delimiter if delimiter not in ("", ",") else None}
        options["decimal"] = "," if decimal == "," or (decimal is None and delimiter == ";" and commas) else None
        given = "".join(f", {name}={value!r}" for name, value in options.items() if value)
        reader = {".parquet": "read_parquet", ".xlsx": "read_excel", ".xlsm": "read_excel"}
        opened = hasattr(path, "read")
        kind, file = ("", "file") if opened else (Path(path).suffix.lower(), repr(str(path)))
        call = f"\n    df = pandas.{reader.get(kind, 'read_csv')}({file}{given}){call}"
    rule = "this table has one row a study, and read_trials reads one row an arm"
    return (1, "", "", "", rule, f"By its headings, this reads it:{call}")


def _only_time_is_primary(table):
    """Mark the one time point of a trial as primary where nothing is said of it."""
    times = dictionary.same_time(table).groupby(table["study"]).transform("nunique")
    silent = table["primary"].isna().groupby(table["study"]).transform("all").eq(True)
    return table.assign(primary=table["primary"].mask(silent & (times == 1), "yes"))


def _studies_of(tables):
    """The studies of all tables that are given, None if there is none."""
    given = {name: table for name, table in tables.items() if table is not None}
    for name, table in given.items():
        if not isinstance(table, pd.DataFrame) or "study" not in table:
            raise ValueError(f"{name} must be the table that read_{name} returns; it has no column 'study'")
    return {study for table in given.values() for study in table["study"]} if given else None


def _unknown_studies(table, layout, known):
    if known is None:
        return []

    def remedy(study):
        near = difflib.get_close_matches(study, known, n=1, cutoff=_NEAR)
        return f"Did you mean '{near[0]}'?" if near else "Correct the id, or give the table that has it."

    studies = table["study"].dropna()
    unknown = studies[~studies.isin(known)]
    rule, remedies = "is in no table of studies given", _each(unknown, remedy).to_numpy(object)
    return [_problems_in(unknown.index, table, layout, "study", rule, remedies)]


def _check_columns(names, source, layout):
    """Raise if a column is missing, unknown or doubled."""
    problems = _doubled(names)
    for name in dict.fromkeys(names):
        if name == "":
            remedy = "Name it; an own column starts with x_."
            problems.append((1, "", "", "", "a column with values has no name", remedy))
            continue
        if name not in layout.columns and not name.startswith("x_"):
            near = difflib.get_close_matches(name, layout.columns, n=1)
            near = near or [f"final_{name}"] * (f"final_{name}" in layout.columns)
            remedy = f"Did you mean '{near[0]}'?" if near else "Rename an own column so that it starts with x_."
            if layout.name == "trials" and _MEDIANS.search(name):
                remedy = (
                    "No median and no quartile is a mean or an SD: trials_from_wide(df, q1_t=..., median_t=..., "
                    f"q3_t=..., ...) makes both of them; as a column of your own it is called x_{name}."
                )
            problems.append((1, "", name, "", "is not a column of the data dictionary", remedy))
    for name in layout.required:
        if name not in names:
            problems.append((1, "", name, "", "this column is missing", "Add it; data/README.md says what it holds."))
    if problems:
        raise TrialDataError(problems, source)


def _doubled(names):
    """The problems of columns that stand there twice, by their own name or by what pandas makes of it."""
    known = list(names)
    so = "pandas calls the second column '{}' so: the heading has it twice"
    rules = {name: "the heading has it twice" for name in known if name and known.count(name) > 1}
    rules |= {f"{name}.1": so.format(name) for name in known if name and f"{name}.1" in known}
    return [(1, "", name, "", rule, "Keep one of the two columns.") for name, rule in rules.items()]


def decimal_between_semicolons(cells: pd.DataFrame, layout: dictionary.TableLayout, source: str) -> str:
    """Return the decimal sign of a file with semicolons, told by its numbers; an error where they leave it open."""
    numbers = cells[[*layout.numbers, *layout.ranges]].stack().str.split(_BETWEEN, regex=True).explode()
    numbers = numbers[numbers != ""]
    commas = numbers[numbers.map(lambda text: bool(WITH_COMMA.fullmatch(text)))]
    points = numbers[numbers.str.contains(".", regex=False) & numbers.map(lambda text: bool(_NUMBER.fullmatch(text)))]
    # With points elsewhere a comma is no decimal sign, and is reported cell by cell.
    if commas.empty or not points.empty:
        return "."
    open_ones = commas[commas.map(lambda text: bool(_COMMA_OF_THOUSANDS.fullmatch(text)))]
    if len(open_ones) < len(commas):
        return ","
    rule = "may have a decimal comma or a comma between thousands, and no other number of the file tells which"
    remedy = "Read it with decimal=',' if the comma is for decimals; otherwise type the number without it."
    problems = [(row, cells[layout.key][row], column, text, rule, remedy) for (row, column), text in open_ones.items()]
    raise TrialDataError(problems, source, layout.key)


def _typed(cells, layout, decimal):
    """Turn text into numbers where the dictionary wants numbers; report each cell that is none."""
    table, problems = cells.astype("str").where(cells != ""), [_NONE]
    for name in (*layout.ranges, *layout.numbers):
        # Under a decimal comma a point is no part of a number: it may stand between thousands.
        plain = cells[name] if decimal == "." else cells[name].str.replace(".", "?").str.replace(",", ".")
        if name in layout.ranges:
            table[name] = plain.where(plain != "")
            continue
        number = plain.where(_each(plain, lambda text: bool(_NUMBER.fullmatch(text))))
        table[name] = pd.to_numeric(number, errors="coerce").astype(float)
        good = (plain == "") | np.isfinite(table[name])
        rule, remedy = (
            "is not a number",
            f"Type digits with {_DECIMALS[decimal]} for decimals and a plain minus; blank if not printed.",
        )
        problems.append(_problems_in(cells.index[~good], cells, layout, name, rule, remedy))
        if name in layout.integers:
            thousands = _each(plain, lambda text: bool(PERHAPS_THOUSANDS.fullmatch(text)))
            rule = "may have a sign between thousands, or decimals"
            remedy = "Type the number without the sign, such as 1000 for a thousand and 1 for one."
            problems.append(_problems_in(cells.index[thousands], cells, layout, name, rule, remedy))
    for name in layout.required:
        rule, remedy = "is blank", "This column must be filled in every row."
        problems.append(_problems_in(cells.index[cells[name] == ""], cells, layout, name, rule, remedy))
    return table, pd.concat(problems)


def _each(texts, answer):
    """What `answer` makes of each text; it is asked once for those that are the same."""
    codes, known = pd.factorize(texts)
    return pd.Series([answer(text) for text in known]).take(codes).set_axis(texts.index)


_NONE = pd.DataFrame(columns=["row", "study", "column", "value", "rule", "remedy"], dtype=object).astype({"row": int})


def _problems_in(rows, cells, layout, column, rule, remedy):
    """The same problem in several rows; the remedy is one text, or one a row."""
    if not len(rows):
        return _NONE
    study, value = (cells[name][rows].to_numpy(object) for name in (layout.key, column))
    said = {"row": rows, "study": study, "column": column, "value": value, "rule": rule, "remedy": remedy}
    return pd.DataFrame(said, index=range(len(rows)), dtype=object).astype({"row": int})


def _in_order(problems, layout):
    """By row of the file, then by column of the table."""
    column = pd.Index(layout.columns).get_indexer(problems["column"])
    return problems.iloc[np.lexsort((column, problems["row"]))]


def broken_rules(
    table: pd.DataFrame, cells: pd.DataFrame, layout: dictionary.TableLayout, known: Collection[Any] = ()
) -> pd.DataFrame:
    """Return what breaks a rule, but for the cells that are known to be wrong.

    Parameters
    ----------
    table, cells : pandas.DataFrame
        With numbers where the dictionary wants them, and as text; unique index.
    layout : analysis.data.dictionary.TableLayout
    known : collection of tuple
        Row and column of what was found wrong before.

    Returns
    -------
    pandas.DataFrame
        Row, key, column, value, rule and remedy of each problem.
    """
    # Not by `validate`, which lists every cell of a row that fails, and takes a minute for some thousand rows.
    schema, table = dictionary.schema(layout), pd.DataFrame(table)
    checks = [(check, table[name]) for name, column in schema.columns.items() for check in column.checks]
    wrong, remedies = {}, {}
    for check, checked in [*((check, table) for check in schema.checks), *checks]:
        backend = check.get_backend(checked)(check)
        fine = backend.apply(backend.preprocess(checked, None))
        column, rule, remedy = check.error.split(dictionary.SEPARATOR)
        rows = fine.index[~fine.astype(bool)]
        if len(rows):
            wrong[column, rule] = wrong.get((column, rule), rows).union(rows)
            remedies[column, rule] = remedy
    before, problems = {}, [_NONE]
    for row, column in known:
        before.setdefault(column, []).append(row)
    for (column, rule), rows in wrong.items():
        rows = rows.difference(before.get(column, []))
        remedy = remedies[column, rule]
        if rule == dictionary.UNLISTED:
            meant = layout.vocabulary[column]
            remedy = _each(cells[column][rows], lambda word, meant=meant, told=remedy: _perhaps(word, meant) + told)
            remedy = remedy.to_numpy(object)
        problems.append(_problems_in(rows, cells, layout, column, rule, remedy))
    return pd.concat(problems)


def _perhaps(word, known):
    """The question whether one of the known words is meant, if one is almost the same; case makes no difference."""
    word, by_case = word.casefold(), {each.casefold(): each for each in known}
    # One that is much longer or shorter is not meant, and looking closer takes long.
    alike = [each for each in by_case if 2 * min(len(each), len(word)) >= _NEAR * (len(each) + len(word))]
    near = difflib.get_close_matches(word, alike, n=1, cutoff=_NEAR)
    return f"Did you mean '{by_case[near[0]]}'? " if near else ""
