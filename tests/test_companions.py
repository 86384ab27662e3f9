"""The tables beside the trials: what they hold, and what is refused with row, rule and remedy."""

from pathlib import Path

import pandas as pd
import pytest

import analysis as ma

DATA = Path(__file__).parent.parent / "data"
READERS = {
    "contrasts": (ma.read_contrasts, "study"),
    "claims": (ma.read_claims, "claim_id"),
    "mcid": (ma.read_thresholds, "source"),
    "benchmarks": (ma.read_benchmarks, "review"),
}


def cells(name):
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("name", READERS)
def test_every_row_and_cell_arrives(name):
    read, key = READERS[name]
    table, raw = read(DATA / f"{name}.csv"), cells(name)
    assert list(table.columns) == list(raw.columns)
    assert table.index.tolist() == list(range(2, len(raw) + 2))
    assert table[key].tolist() == raw[key].tolist()
    for column in raw:
        filled = raw[column] != ""
        assert table[column].notna().tolist() == filled.tolist()
        values = table[column][filled.to_numpy()]
        if table[column].dtype == float:
            assert values.tolist() == [float(cell) for cell in raw[column][filled]]
        else:
            assert values.tolist() == raw[column][filled].tolist()


@pytest.mark.parametrize("name", READERS)
def test_a_frame_reads_like_its_file(name):
    read, _ = READERS[name]
    pd.testing.assert_frame_equal(read(cells(name)), read(DATA / f"{name}.csv"))


def test_counts_are_those_of_the_data_readme():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for name, (read, _) in READERS.items():
        line = next(line for line in text.splitlines() if line.startswith(f"| `{name}.csv`"))
        assert f"| {len(read(DATA / f'{name}.csv'))} " in line


WRONG = [
    ("contrasts", 0, {"difference": "-99"}, "the interval must hold its difference"),
    ("contrasts", 0, {"ci_low": ""}, "both limits are needed"),
    ("contrasts", 0, {"ci_level": ""}, "an interval needs its level"),
    ("contrasts", 0, {"ci_level": "0.95"}, "an interval needs its level"),
    ("contrasts", 0, {"se": "0"}, "must be above zero"),
    ("contrasts", 0, {"scale_min": ""}, "come together"),
    ("contrasts", 0, {"scale_max": "20"}, "no difference is larger than the scale"),
    ("contrasts", 0, {"selected": "maybe"}, "closed list"),
    ("contrasts", 0, {"difference": "-25,4"}, "is not a number"),
    ("contrasts", 0, {"therapy_family": ""}, "is blank"),
    ("claims", 1, {"claim_id": "mri01"}, "stands twice"),
    ("claims", 1, {"value": "about 30"}, "neither a number nor a range"),
    ("claims", 1, {"unit": ""}, "a number needs its unit"),
    ("claims", 1, {"unit": "metres"}, "closed list"),
    ("claims", 1, {"traced": ""}, "is blank"),
    ("mcid", 0, {"value_low": "-2"}, "above zero, its lower end first"),
    ("mcid", 0, {"value_high": "1"}, "above zero, its lower end first"),
    ("mcid", 0, {"kind": "both"}, "closed list"),
    ("benchmarks", 0, {"ci_low": "9"}, "the interval must hold its estimate"),
    ("benchmarks", 0, {"k": "9.5"}, "is not a whole number"),
]


@pytest.mark.parametrize(("name", "row", "change", "rule"), WRONG)
def test_wrong_cells_are_named(name, row, change, rule):
    read, key = READERS[name]
    table = cells(name)
    table.loc[row, list(change)] = list(change.values())
    with pytest.raises(ma.TrialDataError) as caught:
        read(table)
    ((_, problem),) = caught.value.problems.iterrows()
    assert problem["row"] == row + 2 and rule in problem["rule"] and problem["remedy"]
    assert problem["study"] == table.loc[row, key]
    assert f"{key.removesuffix('_id')} '{table.loc[row, key]}'" in str(caught.value)


def test_all_problems_are_listed_at_once():
    table = cells("claims")
    table.loc[0, "traced"], table.loc[3, "unit"], table.loc[5, "value"] = "perhaps", "yards", "half"
    with pytest.raises(ma.TrialDataError) as caught:
        ma.read_claims(table)
    assert caught.value.problems["row"].tolist() == [2, 5, 7]


def test_a_trials_table_is_not_taken_for_claims():
    with pytest.raises(ma.TrialDataError, match="this column is missing"):
        ma.read_claims(DATA / "trials.csv")
