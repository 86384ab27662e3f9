"""From trials to effect sizes: every trial ends in one place, and every derived number is listed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import TRIALS, published_trials

import analysis as ma
from analysis.data import arm_scores

DATA = Path(__file__).parent.parent / "data" / "trials.csv"


@pytest.fixture(scope="module")
def trials():
    return published_trials()


@pytest.fixture(scope="module")
def effects(trials):
    return ma.effect_sizes(trials)


def one(effects, study):
    rows = effects.table[effects.table["study"] == study]
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_trial_ends_in_exactly_one_place(trials, effects):
    pooled, out = list(effects.table["study"]), list(effects.left_out["study"])
    assert sorted(pooled + out) == sorted(trials["study"].unique())
    assert set(effects.table["status"]) <= {"as printed", "recovered", "imputed"}
    assert effects.left_out["reason"].str.len().gt(20).all()


def test_counts_match_the_data_readme(trials, effects):
    """data/README.md, "What can be pooled"."""
    status = effects.table["status"].value_counts()
    assert status["imputed"] == 6
    assert status["as printed"] + status["recovered"] == 38
    own = effects.table[effects.table["status"] != "imputed"]
    from_both = own["flags"].map(lambda flags: "correlation assumed" in flags)
    assert (own["outcome"] == "final").sum() == 7
    assert from_both.sum() == 12
    assert ((own["outcome"] == "change") & ~from_both).sum() == 19
    rules = effects.derivations[effects.derivations["quantity"].str.startswith("SD")]
    by_rule = rules.groupby("rule")["study"].agg(set)
    assert by_rule["SE times the square root of n"] == {"huang2012", "wolsko2004", "sangdee2002"}
    only_intervals = {"glazov2014", "multanen2018", "changwj2017", "irnich2001"}
    # kaya2017 prints SDs of baseline and final, and an interval for the change that is pooled
    from_interval = by_rule[next(r for r in by_rule.index if r.startswith("half the interval"))]
    assert from_interval == only_intervals | {"kaya2017"}
    imputed = set(effects.table["study"][effects.table["status"] == "imputed"])
    assert imputed == {"gale2006", "alrashoud2014", "altan2005", "foleynolan1992", "goksen2016", "walewicz2019"}
    reasons = effects.left_out.set_index("study")["reason"].str.split(":").str[0].to_dict()
    responders = dict.fromkeys(["soriano1998", "segal2001", "khooshideh2017", "misra2013"], "responders only")
    assert reasons == responders | dict.fromkeys(["leung2018", "malavera2016"], "percent change only")


def test_gale_2006_by_hand(effects):
    """NRS 6.9 to 3.0 in 21 people, against 7.4 to 6.0 in 18."""
    gale = one(effects, "gale2006")
    assert gale["change_treatment"] == pytest.approx(3.0 - 6.9)
    assert gale["change_placebo"] == pytest.approx(6.0 - 7.4)
    assert gale["yi"] == pytest.approx(-2.5)
    assert (gale["n_treatment"], gale["n_placebo"], gale["status"]) == (21, 18, "imputed")
    assert gale["vi"] == pytest.approx(gale["sd_treatment"] ** 2 / 21 + gale["sd_placebo"] ** 2 / 18)


def test_imputed_sd_is_pooled_over_the_other_trials(trials, effects):
    """The rule written out: root of the sum of (n - 1) SD^2 over the sum of (n - 1), treatment arms, change scores."""
    others = effects.table[effects.table["change_status"].isin(["as printed", "recovered"])]
    variance = others["change_treatment_vi"] * others["n_treatment"]
    df = others["n_treatment"] - 1
    assert one(effects, "gale2006")["sd_treatment"] == pytest.approx(np.sqrt((df * variance).sum() / df.sum()))
    rule = effects.derivations.query("study == 'gale2006' and quantity == 'SD of the change'")["rule"]
    assert rule.str.contains(f"treatment arms of {len(others)} other trials").any()


@pytest.mark.parametrize(("rule", "word", "borrow"), [("median", "median", np.median), ("largest", "largest", np.max)])
def test_imputed_sd_by_the_other_rules(trials, effects, rule, word, borrow):
    """The same donors as for the pooled SD, their median or their largest SD; all else stays."""
    found = ma.effect_sizes(trials, missing_sd=f"impute-{rule}")
    others = effects.table[effects.table["change_status"].isin(["as printed", "recovered"])]
    sds = np.sqrt(others["change_treatment_vi"] * others["n_treatment"])
    assert one(found, "gale2006")["sd_treatment"] == pytest.approx(borrow(sds))
    told = found.derivations.query("study == 'gale2006' and quantity == 'SD of the change'")["rule"]
    assert told.str.contains(f"imputed: {word} SD of the change among the treatment arms of {len(others)} other").any()
    printed = effects.table["status"] != "imputed"
    pd.testing.assert_frame_equal(found.table[printed][["yi", "vi"]], effects.table[printed][["yi", "vi"]])
    assert (found.table["yi"] == effects.table["yi"]).all() and list(found.table["status"]) == list(
        effects.table["status"]
    )


def test_scales_become_points(effects):
    assert one(effects, "multanen2018")["change_treatment"] == pytest.approx(-1.2)
    stelian = one(effects, "stelian1992")
    combined = (15 * (6.13 - 14.27) + 18 * (7.33 - 15.06)) / 33 * 10 / 45
    assert stelian["mean_treatment"] == pytest.approx(combined)
    assert "rescaled sum" in stelian["flags"] and "arms combined" in stelian["flags"]
    assert "rescaled sum" in one(effects, "wolsko2004")["flags"]
    assert one(effects, "wolsko2004")["yi"] == pytest.approx((-79 + 10) / 50)


def test_crossover_uses_the_paired_variance(trials):
    for r in (0.0, 0.5, 0.8):
        khoromi = one(ma.effect_sizes(trials, crossover_correlation=r), "khoromi2007")
        assert khoromi["vi"] == pytest.approx((2.1**2 + 2.2**2 - 2 * r * 2.1 * 2.2) / 27)
        assert "crossover" in khoromi["flags"]


def test_change_sd_uses_the_stated_correlation(trials):
    for r in (0.0, 0.5, 0.9):
        dogan = one(ma.effect_sizes(trials, correlation=r), "dogan2010")
        assert dogan["sd_treatment"] == pytest.approx(np.sqrt(1.64**2 + 1.45**2 - 2 * r * 1.64 * 1.45))


def test_no_placebo_patient_counts_twice(trials, effects):
    glazov = one(effects, "glazov2014")
    assert (glazov["n_treatment"], glazov["n_placebo"]) == (96, 48)
    split = ma.effect_sizes(trials, multi_arm="split").table
    assert split["n_placebo"].sum() == pytest.approx(effects.table["n_placebo"].sum())
    assert split["n_treatment"].sum() == pytest.approx(effects.table["n_treatment"].sum())
    assert split["study"].value_counts()[["tam2007", "glazov2014", "stelian1992"]].tolist() == [2, 2, 2]
    assert split["label"].is_unique
    derived = ma.effect_sizes(trials, multi_arm="split").derivations
    shared = derived[derived["rule"].str.endswith("it serves several treatment arms")]
    assert set(shared["study"]) == {"tam2007", "glazov2014", "stelian1992"} and set(shared["arm"]) == {"placebo"}
    assert not effects.derivations["rule"].str.contains("serves several").any()


def test_tables_hold_what_is_documented_and_are_numbered(trials, effects):
    contrasts = ma.read_contrasts(TRIALS.with_name("contrasts.csv"))
    both = ma.with_contrasts(effects, contrasts)
    for found in (effects, ma.contrast_effects(contrasts), both, effects.where(therapy_family="Light")):
        for table in (found.table, found.derivations, found.left_out):
            assert table.index.equals(pd.RangeIndex(len(table))) and "index" not in table
        assert list(found.left_out)[:3] == ["study", "label", "reason"]


def test_final_scores_on_request(trials):
    final = ma.effect_sizes(trials, outcome="final")
    chow = one(final, "chow2006")
    assert (chow["outcome"], chow["yi"]) == ("final", pytest.approx(3.2378 - 4.2867))
    assert "final score" in chow["flags"]
    assert one(final, "foster2007")["outcome"] == "change", "no final score is printed"


def test_missing_sd_drop_and_raise(trials, effects):
    dropped = ma.effect_sizes(trials, missing_sd="drop")
    assert len(dropped) == 38 and len(dropped.left_out) == 12
    assert dropped.left_out["reason"].str.contains("missing_sd='drop'").sum() == 6
    kept = effects.table[effects.table["status"] != "imputed"].reset_index(drop=True)
    pd.testing.assert_series_equal(dropped.table["vi"], kept["vi"])
    parsa = one(dropped, "parsa2013")
    assert np.isnan(parsa["change_placebo"]) and parsa["change_status"] == "spread of the change not reported"
    with pytest.raises(ma.TrialDataError, match="gale2006") as caught:
        ma.effect_sizes(trials, missing_sd="raise")
    assert set(caught.value.problems["study"]) == set(effects.table["study"][effects.table["status"] == "imputed"])


def test_every_derived_number_is_listed(effects):
    listed = effects.derivations.groupby("study")["rule"].agg(" / ".join)
    for trial in effects.table.itertuples():
        rules = listed.get(trial.study, "")
        assert ("imputed" in rules) >= (trial.status == "imputed")
        assert (trial.status == "as printed") or rules
        assert ("rescaled linearly" in rules) == ((trial.scale_min, trial.scale_max) != (0, 10))
        assert ("paired" in rules) == (trial.design == "crossover")
        assert ("arms combined" in rules) == ("arms combined" in trial.flags)


def test_where_keeps_the_imputed_sds(effects):
    light = effects.where(therapy_family="Light")
    assert len(light) == 10 and set(light.left_out["study"]) == {"soriano1998"}
    assert one(light, "gale2006")["vi"] == one(effects, "gale2006")["vi"]
    assert set(light.derivations["study"]) <= set(light.table["study"])
    with pytest.raises(ValueError, match="'family' is not a column"):
        effects.where(family="Light")


def test_without_a_donor_the_error_says_so(trials):
    with pytest.raises(ValueError, match="gale2006.*no other trial has an SD"):
        ma.effect_sizes(trials[trials["study"] == "gale2006"])


def test_options_are_checked(trials):
    rules = "'impute', 'impute-median', 'impute-largest', 'drop', 'raise'"
    with pytest.raises(ValueError, match=f"missing_sd='guess' is not known; use one of {rules}"):
        ma.effect_sizes(trials, missing_sd="guess")
    with pytest.raises(ValueError, match="correlation=1.5"):
        ma.effect_sizes(trials, correlation=1.5)
    with pytest.raises(ValueError, match="table that read_trials returns"):
        ma.effect_sizes("data/trials.csv")
    with pytest.raises(ValueError, match="no trial has a mean"):
        ma.effect_sizes(trials[trials["study"] == "soriano1998"])


def test_a_table_that_changed_after_reading_is_refused(trials):
    with pytest.raises(ValueError, match="stand more than once; pass the table through read_trials again"):
        ma.effect_sizes(pd.concat([trials, trials]))
    with pytest.raises(ValueError, match="gale2006: not one placebo arm"):
        ma.effect_sizes(trials.drop(index=3))
    with pytest.raises(ValueError, match="chow2006: an SD or SE is not above zero"):
        ma.effect_sizes(trials.assign(final_sd=trials["final_sd"].where(trials.index != 6, -2.0)))
    with pytest.raises(ValueError, match="no trial has a mean"):
        ma.effect_sizes(trials.iloc[:0])
    with pytest.raises(ValueError, match="no trial is left"):
        ma.effect_sizes(trials[trials["study"] == "gale2006"], missing_sd="drop")


def test_own_columns_reach_the_effects(trials):
    own = trials.assign(x_site="here", x_row=range(len(trials)))
    table = ma.effect_sizes(own).table
    assert set(table["x_site"]) == {"here"} and "x_row" not in table
    assert list(ma.pool_arms(ma.effect_sizes(own), by="x_site").groups) == ["here"]


def test_where_takes_any_collection(effects):
    wanted = ["gale2006", "chow2006"]
    for values in (wanted, tuple(wanted), np.array(wanted), pd.Series(wanted), dict.fromkeys(wanted)):
        assert len(effects.where(study=values)) == 2
    assert len(effects.where(year=range(2006, 2008))) == len(effects.where(year=[2006, 2007])) > 2
    assert len(effects.where(status="as printed").left_out) == 0


def test_final_scores_become_points_too(trials):
    ebadi = one(ma.effect_sizes(trials, outcome="final"), "ebadi2012")
    assert (ebadi["mean_treatment"], ebadi["mean_placebo"]) == pytest.approx((2.66, 3.07))
    assert (ebadi["sd_treatment"], ebadi["sd_placebo"]) == pytest.approx((1.38, 1.31))


def test_a_trial_lends_no_sd_to_itself(trials):
    """One of two treatment arms without a spread: its SD comes from the other trials, not from its sister arm."""
    arm = trials.index[(trials["study"] == "tam2007") & (trials["arm"] == "treatment")][0]
    silent = trials.copy()
    silent.loc[arm, ["baseline_sd", "final_sd"]] = np.nan
    only_tam_has_two = ~silent["study"].isin(["stelian1992", "glazov2014"])
    found = ma.effect_sizes(silent[only_tam_has_two], multi_arm="split").table.set_index(["study", "status"])
    others = ma.effect_sizes(trials[only_tam_has_two & (trials["study"] != "tam2007")]).table.set_index("study")
    lent = found.loc[("tam2007", "imputed"), "sd_treatment"]
    assert float(lent) == pytest.approx(others.loc["gale2006", "sd_treatment"])


def test_baselines_are_in_points_and_combined_over_arms(trials):
    table = ma.effect_sizes(trials).table.set_index("study")
    assert table.loc["gale2006", ["baseline_treatment", "baseline_placebo"]].tolist() == [6.9, 7.4]
    assert np.isnan(table.loc["gale2006", "baseline_sd_treatment"])
    rows = trials[(trials["study"] == "stelian1992") & (trials["primary"] == "yes") & (trials["arm"] == "treatment")]
    width = rows["scale_max"].iloc[0] - rows["scale_min"].iloc[0]
    by_hand = np.average(rows["baseline_mean"], weights=rows["n"]) * 10 / width
    assert len(rows) == 2 and table.loc["stelian1992", "baseline_treatment"] == pytest.approx(by_hand, rel=1e-14)


@pytest.mark.parametrize(
    ("week", "timepoint", "band"),
    [
        (0, "", "single session"),
        (1, "single session", "single session"),
        (0.02, "end of treatment", "up to 4 weeks"),
        (4, "end of treatment", "up to 4 weeks"),
        (4.3, "follow-up", "over 4 to 12 weeks"),
        (12, "follow-up", "over 4 to 12 weeks"),
        (12.1, "follow-up", "over 12 weeks"),
        ("", "end of treatment", None),
    ],
)
def test_week_bands(trials, week, timepoint, band):
    changed = trials.assign(week=np.nan if week == "" else float(week), timepoint=timepoint or None)
    bands = ma.effect_sizes(changed).table["week_band"]
    assert bands.isna().all() if band is None else (bands == band).all()


def test_rows_are_those_behind_the_effects(trials):
    effects = ma.effect_sizes(trials)
    assert set(effects.rows["study"]) == set(effects.table["study"])
    assert (effects.rows["primary"] == "yes").all() and set(effects.rows["arm"]) == {"treatment", "placebo"}
    light = effects.where(therapy_family="Light")
    assert set(light.rows["study"]) == set(light.table["study"])
    assert effects.rows.equals(trials.loc[effects.rows.index])


def test_arms_taken_together_rest_on_what_any_of_them_rests_on():
    arms = pd.DataFrame({"mean": [-1.0, -2.0], "sd": [1.5, 1.0], "n": [10, 12], "arm_label": ["low", "high"]})
    arms = arms.assign(mean_rule="", sd_rule=["", "borrowed"], correlated=[True, False], imputed=[False, True])
    assert arm_scores._together(arms)[-2:] == (True, True)
    assert arm_scores._together(arms.assign(correlated=False, imputed=False))[-2:] == (False, False)


def test_imputing_again_forgets_no_sd_that_was_imputed(trials):
    scores = arm_scores.arm_scores(trials, 0.5).assign(imputed=True)
    assert arm_scores.impute(scores, scores.index[:0])["imputed"].all()


def test_one_borrowed_sd_makes_a_change_borrowed(trials, effects):
    whole = trials[trials["study"] == one(effects, "chow2006")["study"]].index
    lost = trials.copy()
    arm = [row for row in whole if trials.loc[row, "arm"] == "placebo"]
    spread = [name for name in trials if name.endswith(("_sd", "_se", "_ci_low", "_ci_high"))]
    lost.loc[arm, spread] = np.nan
    found = one(ma.effect_sizes(ma.read_trials(lost)), "chow2006")
    assert (found["status"], found["change_status"]) == ("imputed", "imputed")
