"""Reported differences: to points, one per trial, and never beside the arms of the same trial."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis.data.effect_sizes import FLAG, NO_REPORTED_SPREAD, NO_SCALE, SELECTED, contrast_effects, with_contrasts

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def trials():
    return published_trials()


@pytest.fixture(scope="module")
def contrasts():
    return ma.read_contrasts(DATA / "contrasts.csv")


@pytest.fixture(scope="module")
def found(contrasts):
    return contrast_effects(contrasts)


@pytest.fixture(scope="module")
def effects(trials):
    return ma.effect_sizes(trials)


@pytest.fixture(scope="module")
def both(effects, contrasts):
    return with_contrasts(effects, contrasts)


def one(effects, study):
    rows = effects.table[effects.table["study"] == study]
    assert len(rows) == 1
    return rows.iloc[0]


def rules(effects, study):
    return effects.derivations[effects.derivations["study"] == study].set_index("quantity")["rule"]


def test_reported_differences_of_pain_are_better_when_lower(found):
    assert found.benefit == "lower" and found.arms == ("treatment", "placebo")


def test_every_trial_ends_in_exactly_one_place(contrasts, found):
    assert sorted([*found.table["study"], *found.left_out["study"]]) == sorted(contrasts["study"].unique())
    reasons = found.left_out.set_index("study")["reason"].to_dict()
    assert reasons == {
        **dict.fromkeys(["zhao2021", "zinman2004", "harlow2004"], NO_SCALE),
        "mahisanun2025": NO_REPORTED_SPREAD,
    }
    assert len(found) == 25 and len(found.rows) == 25


def test_intervals_become_variances(found):
    """Half of 1.54 points over 1.959964 (no n for placebo); half of 2.1 over 2.011741, t on 47 df (26 and 23)."""
    cheing = one(found, "cheing2002")
    assert (cheing["yi"], cheing["vi"]) == pytest.approx((-0.84, (1.54 / 2 / 1.9599640) ** 2), rel=1e-7)
    rashoud = one(found, "alrashoud2014")
    assert rashoud["vi"] == pytest.approx((2.1 / 2 / 2.0117405) ** 2, rel=1e-7)
    assert "normal quantile" in rules(found, "cheing2002")["SE of the difference"]
    assert "t quantile on 47 df" in rules(found, "alrashoud2014")["SE of the difference"]
    assert set(found.table["status"]) == {"recovered"}
    assert "0–100 to 0–10" in rules(found, "cheing2002")["scale"]


def test_a_printed_se_is_used_as_it_stands(contrasts):
    """Zinman 2004, were its scale known to run from 0 to 10."""
    known = contrasts.assign(scale_min=contrasts["scale_min"].fillna(0), scale_max=contrasts["scale_max"].fillna(10))
    found = contrast_effects(known)
    zinman = one(found, "zinman2004")
    assert (zinman["yi"], zinman["vi"], zinman["status"]) == (-1.0, pytest.approx(0.566**2), "as printed")
    assert zinman["study"] not in set(found.derivations["study"])


def test_level_of_the_interval_counts(contrasts, found):
    wider = contrast_effects(contrasts.assign(ci_level=90.0))
    assert one(wider, "cheing2002")["vi"] == pytest.approx((1.54 / 2 / 1.6448536) ** 2, rel=1e-7)


def test_one_time_point_per_trial(contrasts, found):
    """Weeks 9 and 29: the earliest, in whatever order they stand; a row without a week comes last."""
    assert (one(found, "alrashoud2014")["week"], one(found, "alrashoud2014")["yi"]) == (9, -1.3)
    assert "the earliest, week 9, is" in rules(found, "alrashoud2014")["difference at week 29"]
    assert one(contrast_effects(contrasts.iloc[::-1]), "alrashoud2014")["week"] == 9
    blank = contrast_effects(contrasts.assign(week=contrasts["week"].where(contrasts["week"] != 9)))
    assert one(blank, "alrashoud2014")["week"] == 29
    assert "difference at an unknown week" in rules(blank, "alrashoud2014")
    silent = contrasts.assign(ci_low=contrasts["ci_low"].where(contrasts["week"] != 9))
    assert one(contrast_effects(silent), "alrashoud2014")["week"] == 29


def test_flags_and_bands(found):
    flags = found.table.set_index("study")["flags"]
    assert all(f[0] == FLAG for f in flags)
    assert flags["djavid2007"] == (FLAG, SELECTED)
    assert flags["trock1993"] == (FLAG, SELECTED, "second-hand")
    assert flags["altan2005"] == (FLAG, "doubtful")
    assert sum(SELECTED in f for f in flags) == 18
    band = found.table.set_index("study")["week_band"]
    assert (band["cepeda2007"], band["adedoyin2003"], band["altan2005"]) == (
        "single session",
        "up to 4 weeks",
        "over 12 weeks",
    )
    assert pd.isna(band["trock1993"])


def test_joined_no_trial_counts_twice(effects, both):
    assert not both.table["study"].duplicated().any()
    assert len(both) == len(effects) + 25 - 2
    assert not set(both.left_out["study"]) & set(both.table["study"])
    assert set(both.table["study"]) == set(effects.table["study"]) | set(
        both.table["study"][both.table["outcome"] == "difference"]
    )
    for study in ("alrashoud2014", "altan2005"):
        assert one(both, study)["outcome"] == "difference"
        assert "the arms print no spread" in rules(both, study)["difference from the arms"]
        assert "SD of the change" not in rules(both, study)
    kept = both.table["outcome"] != "difference"
    pd.testing.assert_frame_equal(
        both.table[kept][["study", "label", "yi", "vi", "status"]].reset_index(drop=True),
        effects.table[~effects.table["study"].isin(["alrashoud2014", "altan2005"])][
            ["study", "label", "yi", "vi", "status"]
        ].reset_index(drop=True),
    )


def test_the_arms_are_used_where_they_have_a_spread(trials, contrasts):
    spread = trials.copy()
    spread.loc[spread["study"] == "alrashoud2014", "change_sd"] = 2.0
    joined = with_contrasts(ma.effect_sizes(spread), contrasts)
    assert one(joined, "alrashoud2014")["outcome"] == "change"
    assert "the arms are in the trials" in rules(joined, "alrashoud2014")["difference as printed"]
    assert "SE of the difference" not in rules(joined, "alrashoud2014")
    assert one(joined, "altan2005")["outcome"] == "difference"


def test_a_dropped_trial_comes_back_by_its_difference(trials, contrasts):
    joined = with_contrasts(ma.effect_sizes(trials, missing_sd="drop"), contrasts)
    assert one(joined, "alrashoud2014")["outcome"] == "difference"
    assert len(joined) == 39 + 25
    assert {"gale2006", "goksen2016"} <= set(joined.left_out["study"])
    assert not {"alrashoud2014", "altan2005"} & set(joined.left_out["study"])


def test_joined_effects_filter_and_pool(both, found):
    light = both.where(therapy_family="Light")
    assert {"guimaraes2021", "djavid2007"} <= set(light.table["study"])
    assert "zinman2004" in set(light.left_out["study"])
    assert ma.pool(light).k == len(light)
    assert len(both.where(outcome="difference")) == len(found)
    assert set(both.rows["study"]) == set(both.table["study"])
    assert both.rows["arm"].isna().sum() == len(found)
    assert ma.pool_arms(both).contrast.k == len(both)


def test_labels_stay_apart(effects, contrasts):
    namesake = contrasts.assign(author=contrasts["author"].replace("Cepeda", "Gale"))
    namesake["year"] = namesake["year"].where(namesake["author"] != "Gale", 2006)
    joined = with_contrasts(effects, namesake)
    assert joined.table["label"].is_unique
    assert one(joined, "cepeda2007")["label"] == "Gale 2006 (cepeda2007)"


@cache
def first_rows():
    return ma.read_contrasts(DATA / "contrasts.csv").iloc[:8]


@settings(max_examples=25)
@given(low=st.floats(-50, 50), width=st.floats(0.5, 200))
def test_points_do_not_depend_on_the_scale(low, width):
    contrasts = first_rows()
    factor = width / 100
    other = contrasts.assign(scale_min=low, scale_max=low + width)
    for column in ("difference", "ci_low", "ci_high"):
        other[column] = contrasts[column] * factor
    a, b = contrast_effects(contrasts).table, contrast_effects(other).table
    np.testing.assert_allclose(a[["yi", "vi"]].to_numpy(), b[["yi", "vi"]].to_numpy(), rtol=1e-9)


def test_no_row_is_no_effect(effects, contrasts):
    assert len(contrast_effects(contrasts.iloc[:0])) == 0
    joined = with_contrasts(effects, contrasts[contrasts["study"] == "mahisanun2025"])
    assert list(joined.table["yi"]) == list(effects.table["yi"])
    assert "mahisanun2025" in set(joined.left_out["study"])


def test_bad_input(effects, contrasts, trials):
    with pytest.raises(ValueError, match="table that read_contrasts returns"):
        contrast_effects(trials)
    with pytest.raises(ValueError, match="rows of contrasts stand more than once"):
        contrast_effects(pd.concat([contrasts, contrasts]))
    with pytest.raises(ValueError, match="with_contrasts needs mean differences in points on 0–10"):
        with_contrasts(effects.table, contrasts)
