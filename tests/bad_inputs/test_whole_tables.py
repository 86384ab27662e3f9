"""Whole tables with anything in their cells, from reading to the saved figure: right numbers, or an error of our own.

`make fuzz` tries ten thousand.
"""

import builtins
import math
import tempfile
import traceback
import warnings
from pathlib import Path
from xml.dom import minidom

import pandas as pd
import pytest
from bad_inputs.kinds import HOSTILE, NAMES, WIDE, cells
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import analysis as ma

# Examples for each that other invariants get: a table is read in a tenth of a second, a figure drawn in a third.
EXAMPLES = {
    "tables of trials, read and pooled": 2,
    "tables of trials, drawn and saved": 0.5,
    "tables with one row a study, pooled": 4,
    "files of any bytes": 4,
    "formulas": 4,
}
PACKAGE, TABLE = Path(ma.__file__).parent, cells()
ODD = "0|-1|1e300|1e-300|1e999|inf|nan|NA|1,5|4.2|10|100|0.5|yes|no|a|b|treatment|placebo|VAS|TENS|=1+1|@x|<b>|$x$|🙂"
odd = st.sampled_from([*ODD.split("|"), "", " ", "|", "\\", "\n", "\x00", "\u202e", "\ud800", "é" * 300])
plain = st.sampled_from(["=1+1", "<b>", "|", "$x$", "🙂", "Table 3"])
numbers = st.decimals(0, 12, places=1).map(str)
anything = st.one_of(odd, st.floats(allow_nan=True), st.integers(-5, 50), st.none(), st.booleans())


@st.composite
def tables(draw, table=TABLE, cell=odd | numbers):
    """The table with some cells changed, and perhaps rows or columns left out, doubled or in another order."""
    table = table.astype(object)
    for _ in range(draw(st.integers(0, 4))):
        row, column = draw(st.integers(0, len(table) - 1)), draw(st.integers(0, table.shape[1] - 1))
        table.iat[row, column] = draw(cell)
    rows = draw(st.one_of(st.permutations(range(len(table))), st.lists(st.integers(0, len(table) - 1), max_size=8)))
    gone = draw(st.sets(st.sampled_from(list(table)), max_size=2))
    return table.iloc[rows].reset_index(drop=True).drop(columns=list(gone) if draw(st.booleans()) else [])


def tried(steps):
    """Take the steps; an error must come from a line of this package, and be in words, and warnings must be its own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", UserWarning)
            steps()
    except (ValueError, TypeError) as error:
        last = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        assert last.is_relative_to(PACKAGE) and str(error).strip(), error


def check(result):
    """No interval without its estimate, none that does not hold it, no spread below 0."""
    for estimate, (low, high) in ((result.estimate, result.ci), (result.estimate, result.pi)):
        assert math.isfinite(estimate) and math.isnan(low) == math.isnan(high)
        assert not (estimate < low or high < estimate)
    assert result.se > 0 and (result.k == 1 or (result.tau2 >= 0 and 0 <= result.i2 <= 1))
    low, high = result.tau2_ci
    assert math.isnan(low) or 0 <= low <= high


def pooled(table):
    trials = ma.read_trials(table)
    effects = ma.effect_sizes(trials, missing_sd="drop")
    result = ma.pool(effects)
    check(result)
    assert set(effects.labels) and result.k == len(effects) <= trials["study"].nunique() * 2
    return effects


def drawn(table):
    effects = pooled(table)
    figures = {"forest": ma.forest(ma.pool(effects)), "arms": ma.arms_forest(ma.pool_arms(effects))}
    with tempfile.TemporaryDirectory() as folder:
        for name, figure in figures.items():
            svg, numbers, _, words = ma.save_figure(figure, Path(folder) / name, formats=["svg"])
            minidom.parseString(svg.read_bytes())
            assert len(pd.read_csv(numbers)) == (figure.content.table["kind"] != "footer").sum() and words.read_text(
                encoding="utf-8"
            )


def examples(share, of):
    return int(share * of)


def tries(name):
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=examples(EXAMPLES[name], settings().max_examples), suppress_health_check=slow)


@tries("tables of trials, read and pooled")
@given(tables())
def test_a_table_is_pooled_or_refused(table):
    tried(lambda: pooled(table))


@tries("tables of trials, drawn and saved")
@given(tables(cell=numbers | plain))
def test_a_table_is_drawn_or_refused(table):
    tried(lambda: drawn(table))


@tries("tables with one row a study, pooled")
@given(tables(WIDE, anything))
def test_a_table_with_one_row_a_study_is_pooled_or_refused(table):
    tried(lambda: check(ma.pool(ma.effect_sizes(table, measure="MD", **NAMES))))


@tries("files of any bytes")
@given(
    st.binary(max_size=400) | st.text(max_size=99).map(lambda text: f"study,arm,n\n{text}".encode("utf-8", "replace"))
)
def test_any_bytes_are_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(content)
        with pytest.raises(ma.TrialDataError):
            ma.read_trials(path)


PIECES = [
    "week",
    "kind",
    "note(week)",
    "C(",
    "I(",
    "log(",
    "Q(",
    "'a'",
    '"b"',
    "**",
    *"()[]{}'\"`#\\%+-*/:,|@~.=>;02\n\t",
]


@tries("formulas")
@given(st.lists(st.sampled_from([*PIECES, *HOSTILE]), min_size=1, max_size=9).map("".join))
def test_no_formula_runs_what_is_not_listed(formula):
    table = pd.DataFrame({"yi": [0.1, 0.4, 0.2, 0.5], "vi": 0.1, "week": [1.0, 2.0, 3.0, 5.0], "kind": list("abab")})

    def note(*_):
        raise AssertionError("the formula was run")

    # Found from everywhere, if anything is run.
    builtins.note = note
    try:
        tried(lambda: ma.meta_regression(f"yi ~ {formula}", table))
    finally:
        del builtins.note
