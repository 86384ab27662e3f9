"""Rows as arrays: what a DataFrame does of the same table, with the same types in the end."""

import numpy as np
import pandas as pd
import pytest

import analysis as ma
from analysis.plots._table import Rows

TRIALS = pd.DataFrame(
    {
        "kind": "trial",
        "x": [1.5, np.nan],
        "n": [3, 4],
        "sure": [True, False],
        "name": ["A", None],
        "day": pd.to_datetime(["2001-02-03", "2004-05-06"]),
        "own": pd.Categorical(["good", "bad"]),
        "flags": [("a", "b"), ("c", "d")],
    }
)
TOTAL = pd.DataFrame([{"kind": "total", "x": 2.0, "n": 7.0, "note": "pooled"}])


def test_rows_joined_are_those_that_pandas_makes():
    expected = pd.concat([TRIALS.astype({"own": str}), TOTAL], ignore_index=True)
    joined = Rows.joined([TRIALS, [], TOTAL.to_dict("records")])
    assert len(joined) == 3 and list(joined) == list(expected) and "note" in joined
    pd.testing.assert_frame_equal(joined.frame().drop(columns="day"), expected.drop(columns="day"))
    assert joined["day"][:2].tolist() == expected["day"][:2].tolist()
    assert joined["sure"].tolist()[:2] == [True, False]


def test_rows_are_found_by_kind_mask_and_place():
    rows = Rows.joined([TRIALS, TOTAL])
    assert rows.of_kind("total")["x"].tolist() == [2.0]
    assert rows[rows["n"] > 3]["n"].tolist() == rows[[1, 2]]["n"].tolist() == [4.0, 7.0]
    assert len(rows.of_kind("heading")) == 0 and len(rows.of_kind("heading").of_kind("trial")) == 0
    np.testing.assert_array_equal(rows.numbers("x", "n"), [[1.5, np.nan, 2.0], [3.0, 4.0, 7.0]])


def test_records_have_the_values_of_a_row():
    first, *_, last = Rows.joined([TRIALS, TOTAL]).records(["kind", "x", "flags"])
    assert first == {"kind": "trial", "x": 1.5, "flags": ("a", "b")}
    assert last["flags"] != last["flags"]  # NaN, as in pandas


def test_one_value_stands_in_all_rows():
    rows = Rows.of(TRIALS)
    more = rows.assign(group="all", x=[5.0, 6.0])
    assert more["group"].tolist() == ["all", "all"] and more["x"].tolist() == [5.0, 6.0]
    assert "group" not in rows and np.isnan(rows["x"][1])
    assert Rows.of(rows) is rows


@pytest.mark.parametrize("own", [pd.Categorical(["x", "y", "x"]), pd.to_datetime(["2001-02-03"] * 3), [1, 2, 3]])
def test_a_column_of_any_type_is_drawn_and_kept(own):
    pooled = ma.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05])
    fig = ma.forest(pooled, data=pd.DataFrame({"own": own}), columns=("own",))
    trials = fig.content.table.query("kind == 'trial'")
    assert trials["own"].tolist() == list(own)
    assert (trials["text_own"] != "").all()


def test_ticks_of_a_figure_can_be_changed_afterwards():
    fig = ma.forest(ma.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]))
    panel = fig.axes[1]
    font = panel.get_xticklabels()[0].get_fontsize()
    panel.minorticks_on()
    panel.grid(visible=True, which="both")
    panel.set_xticks([-1.0, -0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4])
    fig.canvas.draw()
    assert {label.get_fontsize() for label in panel.get_xticklabels()} == {font}
    assert len(panel.xaxis.get_minor_ticks()) > 8
    assert panel.yaxis.majorTicks is not panel.xaxis.majorTicks
