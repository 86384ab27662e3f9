"""Tables of any length: what is done once is not done once a trial; no test here looks at a clock."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis as ma
from analysis import recover
from analysis.data import dictionary, trials
from analysis.evidence import provenance

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield __import__("tables")
    sys.modules.pop("tables", None)


@pytest.fixture
def calls(monkeypatch):
    """Count the calls of a function of a module from here on."""

    def count(module, name):
        call, found = getattr(module, name), []
        monkeypatch.setattr(module, name, lambda *args, **more: found.append(args) or call(*args, **more))
        return found

    return count


def test_rows_are_numbered_by_first_appearance_and_a_blank_is_a_value():
    week, point = pd.Series([4.0, 4.0, np.nan, 1.0, np.nan, 4.0]), pd.Series(["b", "a", None, "a", None, "b"])
    assert dictionary.numbered(week, point).tolist() == [0, 1, 2, 3, 2, 0]
    assert dictionary.numbered(week).tolist() == [0, 0, 1, 2, 1, 0]


def test_every_row_that_is_wrong_is_told_and_the_first_ten_are_shown(tables):
    table = tables.spoilt(tables.trials_table(60))
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_trials(table)
    problems = caught.value.problems
    assert (problems["row"].value_counts() >= 10).all() and problems["row"].nunique() == len(table)
    assert problems["row"].is_monotonic_increasing and problems.index.equals(pd.RangeIndex(len(problems)))
    lines = str(caught.value).splitlines()
    assert f"rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and {len(table) - 10} more, " in "".join(lines)
    assert max(map(len, lines)) < 1000 and len(lines) < 40


def test_a_word_that_is_not_listed_is_looked_up_once(tables, calls):
    table, asked = tables.trials_table(60).assign(n_basis="reed", control="shame"), calls(trials, "_perhaps")
    with pytest.raises(ma.TrialDataError, match=r"Did you mean 'sham'\?"):
        ma.read_trials(table)
    assert [word for word, _ in asked] == ["shame", "reed"]


def test_arms_are_combined_and_sds_borrowed_for_all_trials_at_once(tables, calls):
    combined, pooled = calls(recover, "combine_arms"), calls(recover, "pooled_sd")
    found = ma.effect_sizes(ma.read_trials(tables.trials_table(400)))
    assert (found.table["status"] == "imputed").sum() > 5 and "arms combined" in set(found.table["flags"].sum())
    assert len(combined) == 1, "no trial has more than two treatment arms"
    assert len(pooled) <= 4, "two arms, two scores"


def test_what_lends_to_many_trials_is_told_once(tables, calls):
    table = ma.read_trials(tables.trials_table(200))
    spreads = [name for name in table if name.endswith(("_sd", "_se", "_ci_low", "_ci_high"))]
    studies = table["study"].unique()
    table.loc[table["study"].isin(studies[20:]), spreads] = np.nan
    effects, told = ma.effect_sizes(table), calls(provenance, "_donor")
    traced = ma.provenance(effects).table
    lent = traced[(traced["level"] == "donor") & (traced["quantity"] != "n")]
    assert len(told) == lent.drop_duplicates(["row", "quantity"]).shape[0] < len(lent) / 20
    borrowed = traced[traced["rule"].str.startswith("imputed")]
    assert set(lent["parent"]) == set(borrowed["node"]) and len(borrowed) > 20


def test_an_sd_is_never_borrowed_from_the_trial_itself():
    arms = {"study": list("aabbbbcc"), "arm": ["treatment", "placebo"] * 4, "week": [4, 4, 4, 4, 12, 12, 4, 4]}
    numbers = {"n": 20, "final_mean": [3, 4] * 4, "final_sd": [1.0, 1.5, 4.5, 2.0, np.nan, 2.0, 3.0, 2.5]}
    primary = ["yes"] * 4 + ["no"] * 2 + ["yes"] * 2
    table = pd.DataFrame(arms | numbers | {"scale_min": 0, "scale_max": 10, "primary": primary})
    found = ma.effect_sizes(table.assign(timepoint="follow-up"), outcome="final", times="all").table
    later = found[(found["study"] == "b") & (found["week"] == 12)]
    assert later["sd_treatment"].item() == pytest.approx(np.sqrt(5.0)), "that of a and c, not its own 4.5 at week 4"


@pytest.mark.parametrize("make", ["trials_table", "wide_table", "contrasts_table"])
def test_generated_tables_are_sound(tables, make):
    table = getattr(tables, make)(40)
    if make == "wide_table":
        assert len(ma.effect_sizes(table)) == ma.trials_from_wide(table, scale_min=0, scale_max=10)["study"].nunique()
    else:
        read = ma.read_trials if make == "trials_table" else ma.read_contrasts
        assert len(read(table)) == len(table) >= 40
