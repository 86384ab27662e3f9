"""From trials to effect sizes: every trial ends in one place, and every derived number is listed."""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import TRIALS, as_read, published_effects, published_trials
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis.data import arm_scores

DATA = Path(__file__).parent.parent / "data" / "trials.csv"


@pytest.fixture(scope="module")
def trials():
    return published_trials()


@pytest.fixture(scope="module")
def effects():
    return published_effects()


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
    assert status["imputed"] == 5
    assert status["as printed"] + status["recovered"] == 39
    own = effects.table[effects.table["status"] != "imputed"]
    from_both = own["flags"].map(lambda flags: "correlation assumed" in flags)
    assert (own["outcome"] == "final").sum() == 8
    assert own["study"][own["flags"].map(lambda flags: "SD from p" in flags)].tolist() == ["walewicz2019"]
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
    assert imputed == {"gale2006", "alrashoud2014", "altan2005", "foleynolan1992", "goksen2016"}
    reasons = effects.left_out.set_index("study")["reason"].str.split(":").str[0].to_dict()
    counted = dict.fromkeys(["soriano1998", "segal2001", "khooshideh2017", "misra2013"], "events only")
    assert reasons == counted | dict.fromkeys(["leung2018", "malavera2016"], "percent change only")


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
def test_imputed_sd_by_the_other_rules(effects, rule, word, borrow):
    """The same donors as for the pooled SD, their median or their largest SD; all else stays."""
    found = published_effects(missing_sd=f"impute-{rule}")
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


def test_a_picked_time_point_is_flagged(effects):
    picked = effects.table["study"][["time point selected" in flags for flags in effects.table["flags"]]]
    assert set(picked) == {"wolsko2004", "foleynolan1992"}
    for treated, placebo, flags in (("yes", None, True), (None, "yes", True), ("no", "no", False), (None, None, False)):
        trial = ma.effect_sizes(two_arms({"selected": treated}, {"selected": placebo}, final_sd=2.0)).table.iloc[0]
        assert ("time point selected" in trial["flags"]) is flags


# Of the scores and of the periods; they differ, so that neither is taken for the other.
CORRELATIONS = [{"correlation": r, "crossover_correlation": 0.9 - r} for r in (0.0, 0.5, 0.9)]


def test_crossover_uses_the_paired_variance():
    for options in CORRELATIONS:
        r, wang = options["crossover_correlation"], one(published_effects(**options), "wang2009")
        assert wang["vi"] == pytest.approx((1.72**2 + 1.96**2 - 2 * r * 1.72 * 1.96) / 22)
        assert "crossover" in wang["flags"] and np.isnan(wang["period_correlation"])


def test_change_sd_uses_the_stated_correlation():
    for options in CORRELATIONS:
        r, dogan = options["correlation"], one(published_effects(**options), "dogan2010")
        assert dogan["sd_treatment"] == pytest.approx(np.sqrt(1.64**2 + 1.45**2 - 2 * r * 1.64 * 1.45))


def test_no_placebo_patient_counts_twice(effects):
    glazov = one(effects, "glazov2014")
    assert (glazov["n_treatment"], glazov["n_placebo"]) == (96, 48)
    split = published_effects(multi_arm="split").table
    assert split["n_placebo"].sum() == pytest.approx(effects.table["n_placebo"].sum())
    assert split["n_treatment"].sum() == pytest.approx(effects.table["n_treatment"].sum())
    assert split["study"].value_counts()[["tam2007", "glazov2014", "stelian1992"]].tolist() == [2, 2, 2]
    assert split["label"].is_unique
    derived = published_effects(multi_arm="split").derivations
    shared = derived[derived["rule"].str.endswith("it serves several treatment arms")]
    assert set(shared["study"]) == {"tam2007", "glazov2014", "stelian1992"} and set(shared["arm"]) == {"placebo"}
    assert not effects.derivations["rule"].str.contains("serves several").any()


def test_tables_hold_what_is_documented_and_are_numbered(effects):
    contrasts = ma.read_contrasts(TRIALS.with_name("contrasts.csv"))
    both = ma.with_contrasts(effects, contrasts)
    for found in (effects, ma.contrast_effects(contrasts), both, effects.where(therapy_family="Light")):
        for table in (found.table, found.derivations, found.left_out):
            assert table.index.equals(pd.RangeIndex(len(table))) and "index" not in table
        assert list(found.left_out)[:3] == ["study", "label", "reason"]


def test_splitting_changes_nothing_where_no_placebo_arm_is_shared(trials, effects):
    """Neither of a set without such trials, nor of the others in a set that has some: what they borrow is the same."""
    several = ["tam2007", "glazov2014", "stelian1992"]
    without = trials[~trials["study"].isin(several)]
    pd.testing.assert_frame_equal(ma.effect_sizes(without, multi_arm="split").table, ma.effect_sizes(without).table)
    for options in ({}, {"missing_sd": "impute-median"}, {"missing_sd": "impute-largest"}):
        both = published_effects(multi_arm="split", **options), published_effects(**options)
        split, whole = (found.table[~found.table["study"].isin(several)].reset_index(drop=True) for found in both)
        pd.testing.assert_frame_equal(split, whole, check_dtype=False)
        split, whole = (found.derivations[~found.derivations["study"].isin(several)] for found in both)
        pd.testing.assert_frame_equal(split.reset_index(drop=True), whole.reset_index(drop=True))
    with pytest.warns(ma.RepeatedStudyWarning, match="shares out the people of an arm"):
        borrowed = ma.provenance(published_effects(multi_arm="split"), "gale2006").table
    assert not borrowed["rule"].str.contains("the lenders are not among these trials").any()


def alone(trials, *studies, arm="treatment"):
    """The trials, with one person who has no SD in the first such arm of these; and the rows of those arms."""
    made = trials.copy()
    chosen = made[made["study"].isin(studies) & (made["arm"] == arm) & (made["primary"] == "yes")]
    rows = chosen.drop_duplicates("study").index
    made.loc[rows, [name for name in made if name.endswith(("_sd", "_se", "_ci_low", "_ci_high"))]] = np.nan
    made.loc[rows, "n"] = 1
    return [*rows], ma.read_trials(made)


ALONE = ["chow2006", "gale2006", "dogan2010", "foleynolan1992"]
CHOICES = [{}, {"missing_sd": "drop"}, {"multi_arm": "split"}, {"outcome": "final"}]


@cache
def all_alone(arm):
    """All four with one person in that arm: the rows of those arms by study, the trials, the effects by each choice."""
    rows, made = alone(published_trials(), *ALONE, arm=arm)
    return dict(zip(made["study"][rows], rows, strict=True)), made, [ma.effect_sizes(made, **each) for each in CHOICES]


@pytest.mark.parametrize("arm", ["treatment", "placebo"])
@pytest.mark.parametrize("study", ALONE)
def test_an_arm_of_one_is_left_out_with_its_row(study, arm):
    rows, _, by_choice = all_alone(arm)
    for found in by_choice:
        why = found.left_out.set_index("study")["reason"][study]
        assert why == f"one person in the {arm} arm (row {rows[study]}): an arm of one has no SD"
        assert np.isfinite(found.vi).all() and study not in set(found.table["study"])


@pytest.mark.parametrize("measure", ["SMD", "SMDH"])
def test_where_no_trial_has_a_change_the_final_scores_are_offered(measure):
    arm = {"n": 20, "scale_min": 0, "scale_max": 10, "final_sd": 2}
    rows = [{"study": s, "arm": a, "final_mean": m} | arm for s in "AB" for a, m in (("treatment", 3), ("placebo", 5))]
    trials = ma.read_trials(pd.DataFrame(rows))
    with pytest.raises(ValueError, match=r"no trial is left: the change is not known .*\(outcome='final'\)"):
        ma.effect_sizes(trials, measure=measure)
    assert len(ma.effect_sizes(trials, measure=measure, outcome="final")) == 2


@pytest.mark.parametrize("arm", ["treatment", "placebo"])
def test_where_every_trial_has_an_arm_of_one_none_is_left(arm):
    _, made, _ = all_alone(arm)
    with pytest.raises(ValueError, match="no trial is left"):
        ma.effect_sizes(made[made["study"].isin(ALONE)])


def test_an_arm_of_one_beside_another_is_combined(trials):
    """It adds its mean: n - 1 = 0 squares within it. Apart it is left out."""
    (row,), made = alone(trials, "tam2007")
    found = ma.effect_sizes(made)
    whole = one(found, "tam2007")
    parts = arm_scores.arm_scores(made.loc[made["study"] == "tam2007"], 0.5).query("score == 'change'")
    first, second = parts[parts["arm"] == "treatment"].itertuples()
    total = second.n + 1
    centre = (first.mean + second.n * second.mean) / total
    squares = (second.n - 1) * second.sd**2 + (first.mean - centre) ** 2 + second.n * (second.mean - centre) ** 2
    assert (whole["n_treatment"], whole["mean_treatment"]) == (total, pytest.approx(centre))
    assert whole["sd_treatment"] == pytest.approx(np.sqrt(squares / (total - 1)))
    assert ma.provenance(found, "tam2007").table["rule"].str.contains("an arm of one person: nothing varies").any()
    cells = ma.multiverse(made[made["study"] == "tam2007"], missing_sd=["drop"], outcome=["change"])
    assert np.isfinite(cells["estimate"]).any()
    split = ma.effect_sizes(made, multi_arm="split").left_out.set_index("study")["reason"]
    assert split["tam2007"] == f"one person in the treatment arm (row {row}): an arm of one has no SD"


def test_a_placebo_arm_too_small_to_be_shared(trials):
    made = trials.copy()
    row = made.index[(made["study"] == "tam2007") & (made["arm"] == "placebo")][0]
    made.loc[row, "n"] = 2
    shares = ma.effect_sizes(made, multi_arm="split").table.query("study == 'tam2007'")["n_placebo"]
    assert shares.tolist() == [1.0, 1.0]
    third = made[(made["study"] == "tam2007") & (made["arm"] == "treatment")].iloc[[0]].assign(arm_label="third")
    third.index = pd.Index([999], name="row")
    found = ma.effect_sizes(pd.concat([made, third]), multi_arm="split")
    assert found.left_out.set_index("study")["reason"]["tam2007"] == (
        f"the 2 people of the placebo arm (row {row}) cannot be shared by 3 treatment arms (multi_arm='split')"
    )


def test_final_scores_on_request():
    final = published_effects(outcome="final")
    chow = one(final, "chow2006")
    assert (chow["outcome"], chow["yi"]) == ("final", pytest.approx(3.2378 - 4.2867))
    assert "final score" in chow["flags"]
    assert one(final, "foster2007")["outcome"] == "change", "no final score is printed"


def test_missing_sd_drop_and_raise(trials, effects):
    dropped = published_effects(missing_sd="drop")
    assert len(dropped) == 39 and len(dropped.left_out) == 11
    assert dropped.left_out["reason"].str.contains("missing_sd='drop'").sum() == 5
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
    with pytest.raises(
        ValueError, match=r"gale2006.*no other trial has an SD.*give effect_sizes\(trials, missing_sd='drop'\)"
    ):
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
    with pytest.raises(ma.TrialDataError, match="row 6, study 'chow2006', column 'final_sd': value '-2.0'"):
        ma.effect_sizes(trials.assign(final_sd=trials["final_sd"].where(trials.index != 6, -2.0)))
    with pytest.raises(ValueError, match="no trial has a 'placebo' arm"):
        ma.effect_sizes(trials.iloc[:0])
    with pytest.raises(ValueError, match="no trial is left"):
        ma.effect_sizes(trials[trials["study"] == "gale2006"], missing_sd="drop")


CHANGES = {
    "baseline_mean": (69.0, "must lie within the scale"),
    "final_sd": (0.0, "must be above zero"),
    "final_se": (9.0, "larger than any SE possible"),
    "change_ci_low": (-1.0, "both limits are needed"),
    "week": (-1.0, "must lie between 0 and"),
}


@pytest.mark.parametrize("read", [True, False])
def test_numbers_are_checked_wherever_the_table_comes_from(trials, read):
    """All at once, and naming the study: a table that was never read, and one whose numbers were changed since."""
    table = trials.copy() if read else pd.read_csv(DATA)
    row = table.index[table["study"] == "gale2006"][0]
    for column, (value, _) in CHANGES.items():
        table.loc[row, column] = value
    with pytest.raises(ma.TrialDataError, match="row 2, study 'gale2006'") as caught:
        ma.effect_sizes(table)
    problems = caught.value.problems.set_index("column")["rule"]
    for column, (_, rule) in CHANGES.items():
        assert rule in problems.loc[[column]].str.cat()
    assert set(caught.value.problems["study"]) == {"gale2006"}


def test_an_unread_table_gives_what_reading_it_gives(trials, effects):
    raw = pd.read_csv(DATA)
    pd.testing.assert_frame_equal(ma.effect_sizes(raw).table, effects.table)
    text = pd.read_csv(DATA, dtype=str, keep_default_na=False).drop(columns=["title", "note"])
    assert (ma.effect_sizes(text).yi == effects.yi).all()
    with pytest.raises(ma.TrialDataError, match="exactly one placebo arm"):
        ma.effect_sizes(raw.drop(index=1))
    with pytest.raises(ma.TrialDataError, match="'guessed'"):
        ma.effect_sizes(raw.assign(n_basis="guessed"))


def test_choices_of_read_rows_are_not_read_again(trials):
    """Choosing rows, ordering them and putting them together again keeps what `allow` admitted."""
    taped = trials.assign(therapy=trials["therapy"].replace("Near-infrared light", "Kinesio tape"))
    read = ma.read_trials(taped, allow={"therapy": ["Kinesio tape"]})
    light, other = read[read["therapy_family"] == "Light"], read[read["therapy_family"] != "Light"]
    again = pd.concat([other, light]).sort_values("year", kind="stable")
    both = ma.effect_sizes(again).table.set_index("study")["yi"].sort_index()
    pd.testing.assert_series_equal(both, ma.effect_sizes(read).table.set_index("study")["yi"].sort_index())
    late = ma.effect_sizes(trials[trials["timepoint"] == "follow-up"], missing_sd="drop")
    assert "no mean in both arms at the primary time point" in set(late.left_out["reason"])


def test_own_columns_reach_the_effects(trials):
    own = trials.assign(x_site="here", x_row=range(len(trials)))
    found = ma.effect_sizes(own)
    assert set(found.table["x_site"]) == {"here"} and "x_row" not in found.table
    assert list(ma.pool_arms(found, by="x_site").groups) == ["here"]


def test_where_takes_any_collection(effects):
    wanted = ["gale2006", "chow2006"]
    for values in (wanted, tuple(wanted), np.array(wanted), pd.Series(wanted), dict.fromkeys(wanted)):
        assert len(effects.where(study=values)) == 2
    assert len(effects.where(year=range(2006, 2008))) == len(effects.where(year=[2006, 2007])) > 2
    assert len(effects.where(status="as printed").left_out) == 0


def test_final_scores_become_points_too():
    ebadi = one(published_effects(outcome="final"), "ebadi2012")
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


def test_baselines_are_in_points_and_combined_over_arms(trials, effects):
    table = effects.table.set_index("study")
    assert table.loc["gale2006", ["baseline_treatment", "baseline_placebo"]].tolist() == [6.9, 7.4]
    assert np.isnan(table.loc["gale2006", "baseline_sd_treatment"])
    rows = trials[(trials["study"] == "stelian1992") & (trials["primary"] == "yes") & (trials["arm"] == "treatment")]
    width = rows["scale_max"].iloc[0] - rows["scale_min"].iloc[0]
    by_hand = np.average(rows["baseline_mean"], weights=rows["n"]) * 10 / width
    assert len(rows) == 2 and table.loc["stelian1992", "baseline_treatment"] == pytest.approx(by_hand, rel=1e-14)


BANDS = [
    (0, "", "single session"),
    (1, "single session", "single session"),
    (0.02, "end of treatment", "up to 4 weeks"),
    (4, "end of treatment", "up to 4 weeks"),
    (4.3, "follow-up", "over 4 to 12 weeks"),
    (12, "follow-up", "over 4 to 12 weeks"),
    (12.1, "follow-up", "over 12 weeks"),
    ("", "end of treatment", None),
]


@cache
def bands_found():
    """The effects of trials of which each has one of these times in turn."""
    trials = published_trials()
    turn = pd.factorize(trials["study"])[0] % len(BANDS)
    times = [(np.nan if week == "" else float(week), timepoint or None) for week, timepoint, _ in BANDS]
    changed = trials.assign(week=[times[at][0] for at in turn], timepoint=[times[at][1] for at in turn])
    return ma.effect_sizes(changed.assign(x_case=turn)).table.set_index("x_case")


@pytest.mark.parametrize(("week", "timepoint", "band"), BANDS)
def test_week_bands(week, timepoint, band):
    bands = bands_found().loc[BANDS.index((week, timepoint, band)), "week_band"]
    assert len(bands) > 3 and (bands.isna().all() if band is None else (bands == band).all())


def test_rows_are_those_behind_the_effects(trials, effects):
    assert set(effects.rows["study"]) == set(effects.table["study"])
    assert (effects.rows["primary"] == "yes").all() and set(effects.rows["arm"]) == {"treatment", "placebo"}
    light = effects.where(therapy_family="Light")
    assert set(light.rows["study"]) == set(light.table["study"])
    assert effects.rows.equals(trials.loc[effects.rows.index])


def test_arms_taken_together_rest_on_what_any_of_them_rests_on():
    arms = pd.DataFrame({"mean": [-1.0, -2.0], "sd": [1.5, 1.0], "n": [10, 12], "arm_label": ["low", "high"]})
    arms = arms.assign(mean_rule="", sd_rule=["", "borrowed"], correlated=[True, False], imputed=[False, True])
    assert arm_scores._together(*(arms[name].to_numpy() for name in arms))[-2:] == (True, True)
    arms = arms.assign(correlated=False, imputed=False)
    assert arm_scores._together(*(arms[name].to_numpy() for name in arms))[-2:] == (False, False)


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


def test_the_audit_and_all_choices_take_an_arm_of_one(trials):
    (row,), made = alone(trials[trials["study"].isin([*ALONE, "tam2007"])], "chow2006")
    found = ma.audit_trials(made).query("check == 'one person in an arm'")
    assert found["study"].tolist() == ["chow2006"] and row in found["rows"].iloc[0]
    assert np.isfinite(ma.multiverse(made)["estimate"]).all()


ABOUT = {"year": 2001, "therapy": "TENS", "therapy_family": "Electrical", "condition_group": "Other", "scale": "VAS"}
ABOUT |= {"design": "parallel", "scale_min": 0, "scale_max": 10, "primary": "yes", "source": "x", "n": 30}


def rows_of(treatment, placebo, **both):
    """The rows of a trial of two arms, each given by its cells; final means are 3.0 and 4.2."""
    arms = ({"arm": "treatment", "final_mean": 3.0} | treatment, {"arm": "placebo", "final_mean": 4.2} | placebo)
    return [{"study": "a2001", "author": "A"} | ABOUT | both | arm for arm in arms]


def two_arms(treatment, placebo, **both):
    return as_read(rows_of(treatment, placebo, **both))


def prints(p, treatment=None, placebo=None, **both):
    """The rows of a trial that prints this p."""
    return rows_of(treatment or {}, placebo or {}, p_between=p, **both)


def together(trials):
    """One table of trials given by their rows, which are called t0, t1 and so on in it."""
    return as_read([row | {"study": f"t{at}"} for at, trial in enumerate(trials) for row in trial])


def by_p(*trials):
    """The effect of each trial, given by its rows, or None where it is left out without a spread."""
    found = ma.effect_sizes(together(trials), missing_sd="drop")
    assert found.left_out["reason"].str.endswith("(missing_sd='drop')").all()
    out = set(found.left_out["study"])
    return [None if f"t{at}" in out else one(found, f"t{at}") for at in range(len(trials))]


PRINTED = ["0.008", "= .008", "p = 0.008", "0,008", "0.008 (t test)", "0.008 (unpaired t-test)"]


@cache
def printed():
    """The effects and the audit of trials that print these."""
    arms = {"final_mean": 13.2, "n": 25}, {"final_mean": 17.0, "n": 22}
    made = ma.read_trials(together([prints(text, *arms, scale_max=20) for text in PRINTED]))
    return ma.effect_sizes(made), ma.audit_trials(made)


@pytest.mark.parametrize("text", PRINTED)
def test_a_printed_p_gives_the_spread(text):
    """Cochrane Handbook 6.5.2.3: 3.8 with p = 0.008, in 25 and 22 people (t = 2.78, SE 1.37, SD 4.68)."""
    effects, audit = printed()
    study = f"t{PRINTED.index(text)}"
    found, trial = effects.where(study=study), one(effects, study)
    assert (trial["sd_treatment"], trial["sd_placebo"]) == pytest.approx((4.68 / 2, 4.68 / 2), abs=0.003)
    assert np.sqrt(trial["vi"]) == pytest.approx(3.8 / 2 / 2.78, rel=2e-3)
    assert (trial["status"], trial["flags"]) == ("recovered", ("final score", "SD from p", "rescaled sum"))
    rules = found.derivations[found.derivations["quantity"] == "SD of the final score"]["rule"]
    assert rules.tolist() == ["from the p between the arms, p = 0.008, the same in both"] * 2
    audit = audit[audit["study"] == study].set_index("check").loc["SD from p"]
    assert audit["severity"] == "note" and "SD of 2.34 points for both" in audit["reason"]


def test_a_p_of_a_change():
    alone = {"final_mean": None, "baseline_mean": 7.0}
    (trial,) = by_p(prints("0.01", alone | {"change_mean": -3.0}, alone | {"change_mean": -1.5}))
    assert trial["outcome"] == "change" and "SD from p" in trial["flags"]
    assert np.sqrt(trial["vi"]) == pytest.approx(1.5 / 2.6633, rel=1e-4)
    assert trial["change_status"] == "recovered"


NO_SPREAD = [
    "<0.01",
    ">0.05",
    "ns",
    "0.01 (ANCOVA)",
    "0.01 (Mann-Whitney)",
    "0.01 (paired t test)",
    "0.01 (pain)",
    "5e-3",
]
NO_SPREAD += ["0.01 (one-sided t test)", "0.01, 0.04", "0.00009", "0.9", "0.95", "0.01 (change)", None]


@cache
def without_spread():
    """The effects by what is printed, beside one that gives a spread."""
    texts = [*NO_SPREAD, "0.01"]
    return dict(zip(texts, by_p(*map(prints, texts)), strict=True))


@pytest.mark.parametrize("text", NO_SPREAD)
def test_a_p_that_gives_no_spread(text):
    assert without_spread()[text] is None and without_spread()["0.01"] is not None


def test_the_ends_of_the_p_that_gives_a_spread():
    cases = [
        (prints("0.0001"), True),
        (prints("0.00009"), False),
        (prints("0.899"), True),
        (prints("0.9"), False),
        (prints("0.5", placebo={"final_mean": 3.2}), True),
        (prints("0.5", placebo={"final_mean": 3.19}), False),
        (prints("0.5", placebo={"final_mean": 3.0}), False),
    ]
    assert [found is not None for found in by_p(*(trial for trial, _ in cases))] == [known for _, known in cases]


def test_a_p_that_may_be_of_either_score_or_of_others_is_not_used():
    """Means of both scores; a third arm; another p beside the placebo arm; a note on the test; two people at least."""
    cases = [
        (prints("0.01", {"baseline_mean": 6.0}), True),
        (prints("0.01", {"baseline_mean": 6.0}, {"baseline_mean": 6.0}), False),
        (prints("0.01", placebo={"p_between": "0.02"}), False),
        (prints("0.01", placebo={"p_between": None}), True),
        (prints("0.01", note="p by ANCOVA with baseline"), False),
        (prints("0.01", note="p of a one-sided test"), False),
    ]
    assert [found is not None for found in by_p(*(trial for trial, _ in cases))] == [known for _, known in cases]
    made = two_arms({"arm_label": "low"}, {}, p_between="0.01")
    more = made.iloc[[0]].assign(arm_label="high")
    more.index = pd.Index([9], name="row")
    with pytest.raises(ValueError, match="no trial is left"):
        ma.effect_sizes(pd.concat([made, more]), missing_sd="drop")


def test_the_order_in_which_an_sd_is_found():
    """The first of the rules that has its numbers; each is taken away in turn."""
    alone = {"final_mean": None, "baseline_sd": 2.0, "final_sd": 1.6, "change_sd": 1.1, "change_se": 0.3}
    alone |= {"change_ci_low": -9.0, "change_ci_high": 5.0, "ci_level": 95}
    arms = [alone | {"change_mean": change} for change in (-3.0, -1.5)]
    trials = []
    for gone in ([], ["change_sd"], ["change_se"], ["change_ci_low", "change_ci_high"], ["p_between"]):
        arms = [{name: value for name, value in arm.items() if name not in gone} for arm in arms]
        p = None if gone == ["p_between"] else "0.01"
        arms = [arm | {"change_ci_low": arm.get("change_ci_low"), "p_between": p} for arm in arms]
        trials.append(rows_of(*arms))
    told = arm_scores.arm_scores(together(trials), 0.5).query("score == 'change' and arm == 'placebo'")["sd_rule"]
    assert [next(rule for rule in reversed(arm_scores.SD_ORDER) if text.startswith(rule)) for text in told] == [
        *arm_scores.SD_ORDER[:-1]
    ]


def test_one_printed_spread_is_not_overruled_by_the_p():
    both, treated = by_p(prints("0.01", {"final_sd": 2.0}, {"final_sd": 2.0}), prints("0.01", {"final_sd": 2.0}))
    assert both["flags"] == ("final score",) and treated is None


def test_the_p_of_a_crossover_gives_its_correlation(trials):
    """khoromi2007: 0.7 points over the t quantile of 0.08 on 26 df is the SE, whatever correlation is assumed."""
    for options in CORRELATIONS:
        found = published_effects(**options)
        khoromi = one(found, "khoromi2007")
        assert np.sqrt(khoromi["vi"]) == pytest.approx(0.7 / 1.8219, rel=1e-4)
        assert "correlation from p" in khoromi["flags"]
        rule = found.derivations.query("study == 'khoromi2007' and quantity == 'variance of the contrast'")[
            "rule"
        ].item()
        assert rule == "paired: correlation 0.57 between the periods, from the printed p"
    cells = ma.multiverse(trials[trials["study"] == "khoromi2007"], crossover_correlation=[0.0, 0.9])
    assert cells["se"].nunique() == 1
    both = trials[trials["study"].isin(["khoromi2007", "wang2009"])]
    audit = ma.audit_trials(both).query("check == 'crossover without paired SD'").set_index("study")
    assert audit.loc["khoromi2007", "value"] == pytest.approx(0.57, abs=0.005)
    assert "gives the correlation 0.57" in audit.loc["khoromi2007", "reason"]
    assert np.isnan(audit.loc["wang2009", "value"]), "its note speaks of a repeated-measures test"


def test_a_p_that_no_paired_test_gives_leaves_the_correlation_assumed():
    sds = {"final_sd": 2.0}
    known = {
        "0.01": True,
        "0.01 (paired t test)": True,
        "0.01 (unpaired t test)": False,
        "0.05": False,
        "0.8": False,
    }
    *trials, unpaired, paired = by_p(
        *(prints(text, sds, sds, design="crossover") for text in known),
        *(prints(text, design="crossover") for text in ("0.01 (unpaired t test)", "0.05")),
    )
    for (text, finite), trial in zip(known.items(), trials, strict=True):
        assert np.isfinite(trial["period_correlation"]) == finite, text
    assert unpaired is None and paired is not None


ESCALC = json.loads((Path(__file__).parent / "reference" / "escalc.json").read_text(encoding="utf-8"))


def arm_by_arm(trials):
    """Parallel trials, each a pair of cells for treatment and placebo."""
    rows = [
        {"study": f"t{i}", "author": f"T{i}"} | ABOUT | {"arm": arm} | cells
        for i, pair in enumerate(trials, start=1)
        for arm, cells in zip(("treatment", "placebo"), pair, strict=True)
    ]
    return as_read(rows)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "PETO"])
def test_events_of_both_arms_are_as_in_metafor(measure):
    cells = ESCALC["inputs"]["two_by_two"]
    table = pd.DataFrame(cells)
    # metafor adds 1/2 to zero cells of PETO too, which do no harm; RD tells of trials without events.
    used = ~(table == 0).any(axis=1) if measure == "PETO" else pd.Series(True, index=table.index)
    pairs = [
        ({"events": a, "n": a + b}, {"events": c, "n": c + d})
        for a, b, c, d in table.itertuples(index=False, name=None)
    ]
    found = ma.effect_sizes(arm_by_arm(pairs), measure=measure)
    (case,) = (
        x
        for x in ESCALC["cases"]
        if (x["measure"], x["inputs_ref"], bool(x.get("args"))) == (measure, "two_by_two", False)
    )
    expected = pd.DataFrame({"yi": case["yi"], "vi": case["vi"]}, index=[f"t{i + 1}" for i in table.index], dtype=float)
    own = found.table.set_index("study").loc[lambda t: used.set_axis(expected.index)[t.index]]
    np.testing.assert_allclose(own[["yi", "vi"]], expected.loc[own.index], rtol=1e-12, atol=1e-14)
    nothing = [] if measure == "RD" else ["t3", "t5"]
    assert found.left_out["study"].tolist() == nothing and len(found) + len(nothing) == len(table)
    assert found.left_out["reason"].str.startswith("no events").all()
    assert (found.measure, found.benefit, found.unit) == (measure, "higher", "")


@settings(max_examples=10)
@given(st.data(), st.sampled_from(["SMD", "SMDH", "ROM"]))
def test_scores_of_both_arms_make_what_one_row_a_study_makes(data, measure):
    mean, sd, n = st.floats(1, 9), st.floats(0.5, 3), st.integers(2, 60)
    pairs = data.draw(st.lists(st.tuples(mean, sd, n, mean, sd, n), min_size=2, max_size=4))
    names = ["mean_t", "sd_t", "n_t", "mean_p", "sd_p", "n_p"]
    made = [tuple({"final_mean": m, "final_sd": s, "n": n} for m, s, n in (pair[:3], pair[3:])) for pair in pairs]
    found = ma.effect_sizes(arm_by_arm(made), measure=measure, outcome="final")
    wide = ma.effect_sizes(pd.DataFrame(pairs, columns=names), measure=measure)
    np.testing.assert_allclose(found.yi, wide.yi, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.vi, wide.vi, rtol=1e-12)
    assert not {"change_placebo", "change_status"} & set(found.table)


def test_a_crossover_trial_by_measure():
    both = {"final_sd": 2.0, "n": 20}
    crossover = two_arms(both, both, design="crossover")
    smd, ratio = (
        ma.effect_sizes(crossover, measure=m, outcome="final", crossover_correlation=0.6) for m in ("SMD", "ROM")
    )
    before_after = (4.2, 3.0, 2.0, 2.0, 20, 0.6)
    np.testing.assert_allclose([smd.yi[0], smd.vi[0]], ma.effects.standardized_mean_change_pooled(*before_after))
    np.testing.assert_allclose([ratio.yi[0], ratio.vi[0]], ma.effects.log_ratio_of_paired_means(*before_after))
    assert smd.yi[0] < 0 and "correlation 0.6 between the periods assumed" in smd.derivations["rule"].iat[-1]
    with pytest.raises(ValueError, match="no trial has an effect: crossover: no variance of SMDH is known"):
        ma.effect_sizes(crossover, measure="SMDH", outcome="final")
    with pytest.raises(ValueError, match="no trial has an effect: crossover: the counts of the same people"):
        ma.effect_sizes(two_arms({"events": 4}, {"events": 5}, design="crossover"), measure="RD")


@pytest.mark.parametrize("measure", ["SMD", "SMDH", "ROM", "OR", "RR", "RD", "PETO"])
@pytest.mark.parametrize("multi_arm", ["combine", "split"])
def test_every_trial_has_an_effect_of_a_measure_or_a_reason(trials, measure, multi_arm):
    options = {"outcome": "final"} if measure == "ROM" else {}
    options |= {"multi_arm": "split"} if multi_arm == "split" else {}
    found = published_effects(measure=measure, **options)
    inside, out = set(found.table["study"]), found.left_out["study"].tolist()
    assert not inside & set(out) and sorted([*inside, *out]) == sorted(set(trials["study"]))
    assert found.left_out["reason"].str.len().gt(20).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.RepeatedStudyWarning)
        assert np.isfinite(ma.pool(found).estimate)
    assert set(found.rows["study"]) == inside and set(found.derivations["study"]) <= inside
    wanted = {"final"} if measure == "ROM" else {"change"} if measure.startswith("SMD") else {"events"}
    assert set(found.table["outcome"]) == wanted


def test_events_of_several_arms():
    arms = ({"arm_label": "low", "events": 4, "n": 10}, {"arm_label": "high", "events": 7, "n": 12})
    (treated, placebo), more = ({"events": 1, "n": 11}, {"events": 3, "n": 9}), {"study": "b2001", "author": "B"}
    rows = [{"arm": "treatment"} | arm for arm in arms] + [{"arm": "placebo", "events": 6, "n": 20}]
    rows = [{"study": "a2001", "author": "A"} | ABOUT | row for row in rows]
    rows += [ABOUT | more | {"arm": "treatment"} | treated, ABOUT | more | {"arm": "placebo"} | placebo]
    table = ma.read_trials(pd.DataFrame(rows))
    whole, parts = (ma.effect_sizes(table, measure="RR", multi_arm=how) for how in ("combine", "split"))
    np.testing.assert_allclose(whole.yi[0], np.log((11 / 22) / (6 / 20)))
    assert "2 treatment arms added up" in whole.derivations["rule"].tolist()
    assert parts.table["events_placebo"].tolist() == [3.0, 3.0, 3.0] and parts.labels[:2] == [
        "A 2001: low",
        "A 2001: high",
    ]
    np.testing.assert_allclose(parts.yi[:2], np.log([(4 / 10) / 0.3, (7 / 12) / 0.3]))
    for cells, reason in (
        ({"events": None}, "events are not reported of every arm"),
        ({"event_definition": "half"}, "the arms count by different definitions"),
    ):
        changed = table.copy()
        for name, value in cells.items():
            changed[name] = changed[name].astype(object)
            changed.loc[changed.index[0], name] = value
        out = ma.effect_sizes(changed, measure="RR").left_out
        assert out[["study", "reason"]].values.tolist() == [["a2001", reason]]


def test_a_zero_cell_of_an_arm_is_told():
    rows = pd.concat([two_arms({"events": 4}, {"events": 5}), two_arms({"events": 0}, {"events": 5}, study="b2001")])
    rows = rows.assign(row=range(2, 6)).set_index("row") if rows.index.has_duplicates else rows
    found = ma.effect_sizes(rows, measure="OR", arms=("laser", "sham"))
    assert found.table["status"].tolist() == ["as printed", "recovered"]
    assert found.table["flags"].map(lambda flags: "zero cell" in flags).tolist() == [False, True]
    (line,) = found.derivations[found.derivations["quantity"] == "continuity correction"].itertuples()
    assert (line.study, line.value) == ("b2001", 0.5)
    assert line.rule.startswith("0.5 added to laser events, ") and line.rule.endswith(", because laser events are 0")
    assert ma.effect_sizes(rows, measure="PETO").table["status"].tolist() == ["as printed"] * 2


def test_events_at_another_time_point():
    out = published_effects(measure="OR").left_out.set_index("study")["reason"]
    assert out["malavera2016"] == "events are counted at another time point"
    assert out["gale2006"] == "events are not reported"


def test_measures_that_the_arms_do_not_make(trials):
    with pytest.raises(ValueError, match="give outcome='final': changes have no true zero"):
        ma.effect_sizes(trials, measure="ROM")
    with pytest.raises(ValueError, match="outcome=, missing_sd=: only for measures of means, and RR is made of events"):
        ma.effect_sizes(trials, measure="RR", outcome="final", missing_sd="drop")
    with pytest.raises(ValueError, match="measure='COR' is not known; use one of 'MD', 'SMD'"):
        ma.effect_sizes(trials, measure="COR")


@pytest.mark.parametrize("measure", ["SMD", "RR"])
def test_what_reads_points_refuses_other_measures(measure):
    other = published_effects(measure=measure)
    claims = ma.read_claims(DATA.parent / "claims.csv")
    for function in (ma.provenance, lambda found: ma.check_claims(claims, found)):
        with pytest.raises(ValueError, match="needs mean differences in points on 0–10"):
            function(other)
    # Of counts there is an L'Abbé plot of percentages.
    for function in (ma.pool_arms, ma.contextual_share, *[ma.labbe] * (measure == "SMD")):
        with pytest.raises(ValueError, match="needs the changes within the arms, and this EffectSizes has none"):
            function(other)


def test_every_time_point_is_a_row_with_its_label(effects):
    """28 rows of 12 trials are not primary: 12 further effects of 10 of them; two trials are on a percent scale."""
    every = published_effects(times="all")
    assert len(every) == len(effects) + 12 and len(set(every.labels)) == len(every)
    assert every.where(study="chow2006").labels == ["Chow 2006, 7 weeks", "Chow 2006, 12 weeks"]
    assert every.where(study="shin2015").labels == ["Shin 2015, 1 week", "Shin 2015, follow-up"]
    assert every.where(study="juto2015").labels == ["Juto 2015, single session", "Juto 2015, 2 hours"]
    assert every.where(study="gale2006").labels == ["Gale 2006"]
    at_both = ["study", "week", "timepoint"]
    both = effects.table.merge(every.table, on=at_both, suffixes=("", "_all"))
    assert len(both) == len(effects)
    for column in ("yi", "vi", "status", "flags", "outcome", "change_placebo_vi", "control", "source", "week_band"):
        pd.testing.assert_series_equal(both[column], both[f"{column}_all"], check_names=False)
    chow = every.where(label="Chow 2006, 7 weeks")
    assert chow.yi[0] == pytest.approx(-3.1419 - 0.5341)
    assert chow.vi[0] == pytest.approx(2.259**2 / 43 + 1.857**2 / 41)
    assert chow.rows.index.tolist() == [4, 5]
    walewicz = every.where(study="walewicz2019").derivations
    assert set(walewicz["label"]) == {f"Walewicz 2019, {weeks} weeks" for weeks in ("5", "9.3", "18")}
    late = every.where(study="walewicz2019", week=18)
    assert set(late.derivations["label"]) == {"Walewicz 2019, 18 weeks"} and late.rows.index.tolist() == [108, 109]
    assert "label" not in effects.derivations and "arm_label" not in effects.table
    with pytest.warns(ma.RepeatedStudyWarning, match=r"chow2006.*pool takes .*pool_multilevel\(effects\) does not"):
        ma.pool(every)
    with pytest.warns(ma.RepeatedStudyWarning, match="pool_arms takes"):
        ma.pool_arms(every)
    with pytest.raises(ValueError, match="have times='all'"):
        ma.with_contrasts(every, ma.read_contrasts(TRIALS.with_name("contrasts.csv")))


def several_times(trials):
    """Tam 2007 measured again two weeks later, with both its treatment arms."""
    own = trials[trials["study"] == "tam2007"]
    week = own["week"].iloc[0] + 2
    again = own.assign(week=week, primary="no", timepoint="follow-up", final_mean=own["final_mean"] - 0.5)
    again.index = pd.Index(range(900, 900 + len(own)), name="row")
    return pd.concat([trials, again])


def test_split_arms_at_every_time(trials):
    made = several_times(trials[trials["study"].isin(["chow2006", "gale2006", "tam2007"])])
    split = ma.effect_sizes(made, times="all", multi_arm="split")
    tam = split.where(study="tam2007")
    assert tam.labels == [f"Tam 2007, {weeks} weeks: {arm}" for weeks in (10, 12) for arm in tam.table["arm_label"][:2]]
    assert (tam.table["n_placebo"] == tam.table["n_placebo"].iloc[0]).all()
    vcov = ma.sampling_covariance(tam, correlation=0.6)
    assert np.linalg.eigvalsh(vcov).min() > 0 and vcov[0, 2] > vcov[0, 3] > 0
    with pytest.warns(ma.RepeatedStudyWarning, match="chow2006.*tam2007|tam2007"):
        ma.pool(split.where(study=["gale2006", "tam2007"]))
    with pytest.warns(ma.RepeatedStudyWarning):
        traced = ma.provenance(ma.effect_sizes(made, multi_arm="split"), "tam2007").table
    with pytest.warns(ma.RepeatedStudyWarning):
        later = ma.provenance(split, "tam2007").table
    assert set(later["row"].dropna()) - set(traced["row"].dropna()) == {900, 901, 902}
    rows = later[later["level"] == "trial"]
    assert rows["label"].tolist() == tam.labels
    np.testing.assert_allclose(rows["value"].astype(float), tam.yi)


def test_lenders_are_the_primary_time_points(effects):
    """An arm that was measured again lends once, and an early effect borrows what its later one does."""
    every = published_effects(times="all").table.set_index("label")
    early, later = (every.loc[f"Foley-Nolan 1992, {weeks} weeks"] for weeks in (2, 4))
    assert early["sd_treatment"] == later["sd_treatment"] == one(effects, "foleynolan1992")["sd_treatment"]


@pytest.mark.parametrize(
    ("times", "labels"),
    [
        ([(0.5, "follow-up"), (0.012, "follow-up")], ["3.5 days", "2 hours"]),
        ([(None, "follow-up"), (None, None)], ["follow-up", "time not stated"]),
        ([(2, "end of treatment"), (2, "follow-up")], ["end of treatment, week 2", "follow-up, week 2"]),
        ([(0, "follow-up"), (None, "follow-up")], ["follow-up, week 0", "follow-up, week not stated"]),
        ([(1, None), (12.4, None)], ["1 week", "12 weeks"]),
    ],
)
def test_times_in_words(times, labels):
    about = pd.DataFrame(times, columns=["week", "timepoint"]).astype({"week": float, "timepoint": object})
    about = about.assign(study="a2001", author="A", year=2001)
    assert arm_scores.labels(about).tolist() == [f"A 2001, {words}" for words in labels]


def test_another_arm_to_compare_with(trials):
    """Irnich 2001, laser acupuncture against massage: changes of 24.22 and 7.89 of 100, not those of sham."""
    massage = ma.effect_sizes(trials, comparator="massage")
    assert massage.arms == ("acupuncture", "massage") and massage.table["study"].tolist() == ["irnich2001"]
    assert massage.yi[0] == pytest.approx((-24.22 + 7.89) / 10)
    assert massage.rows.index.tolist() == [127, 129] and massage.table["control"].isna().all()
    active = published_effects(comparator="active")
    assert active.table["study"].tolist() == ["irnich2001", "foster2007"] and active.yi[0] == massage.yi[0]
    why = active.left_out.set_index("study")["reason"]
    assert len(active) + len(why) == trials["study"].nunique()
    assert why["sangdee2002"].startswith("2 'active' arms (diclofenac + patch without current, electroacupuncture")
    assert why["gale2006"] == "no 'active' arm: treatment is compared with placebo"
    named = ma.effect_sizes(trials, comparator="diclofenac + patch without current")
    assert named.table["study"].tolist() == ["sangdee2002"]
    assert ma.effect_sizes(trials, comparator="massage", arms=("laser", "hands")).arms == ("laser", "hands")
    with pytest.raises(ValueError, match=r"comparator='masage' is neither a role .*; did you mean 'massage'\?"):
        ma.effect_sizes(trials, comparator="masage")
    with pytest.raises(
        ValueError, match="no trial has a 'usual care' arm beside a treatment arm at its primary time point"
    ):
        ma.effect_sizes(trials, comparator="usual care")


def test_words_and_figures_name_the_arm_that_is_compared_with():
    found = published_effects(comparator="active")
    said = ma.pool_arms(found).summary()
    assert "active  " in said and "placebo" not in said
    fig = ma.forest(found, columns=("n",))
    assert "treatment minus active" in fig.content.alt_text and "favours active" in found_texts(fig)
    assert "minus placebo" not in fig.content.alt_text + fig.content.caption
    traced = ma.provenance(found, "irnich2001").tree()
    assert "treatment minus active" in traced and "active: mean of the change" in traced
    assert "active improvement over treatment improvement" in ma.contextual_share(found, n_bootstrap=0).summary()
    both = ma.arms_forest(ma.pool_arms(found)).content
    assert "under active and under treatment" in both.title and "placebo" not in both.alt_text
    with pytest.raises(ValueError, match="have comparator='active'"):
        ma.with_contrasts(found, ma.read_contrasts(TRIALS.with_name("contrasts.csv")))


def found_texts(fig):
    return " | ".join(text.get_text() for axes in fig.axes for text in axes.texts) + " | ".join(
        text.get_text() for text in fig.texts
    )


def test_trials_without_a_placebo_arm_are_read_and_left_out():
    care = two_arms({"final_sd": 2.0}, {"arm": "usual care", "final_sd": 2.0}, p_between="0.01")
    with pytest.raises(ValueError, match="no trial has a 'placebo' arm beside a treatment arm"):
        ma.effect_sizes(care)
    assert ma.effect_sizes(care, comparator="usual care").yi[0] == pytest.approx(-1.2)
    both = pd.concat([care, two_arms({}, {}, study="b2002", final_sd=2.0).set_index(pd.Index([7, 8], name="row"))])
    found = ma.effect_sizes(both)
    assert found.table["study"].tolist() == ["b2002"]
    assert found.left_out["reason"].tolist() == ["no 'placebo' arm: treatment is compared with usual care"]
    # The p is taken for that against placebo.
    silent = two_arms({}, {"arm": "usual care"}, p_between="0.01")
    with pytest.raises(ValueError, match="no trial is left"):
        ma.effect_sizes(silent, comparator="usual care", missing_sd="drop")


def test_clusters_of_arm_level_trials(trials):
    """Two publications of one trial: a column of the table says so."""
    made = ma.read_trials(trials.assign(x_trial=trials["study"].replace({"chow2006": "gale2006"})))
    found = ma.effect_sizes(made, cluster="x_trial")
    assert found.table.columns[:3].tolist() == ["study", "label", "cluster"]
    assert found.study[:2] == ["gale2006", "gale2006"] and found.options["cluster"] == "x_trial"
    with pytest.warns(ma.RepeatedStudyWarning, match="^gale2006: several rows of the column cluster"):
        ma.pool(found)
    assert ma.pool_multilevel(found).clusters == len(found) - 1
    assert ma.sampling_covariance(found, correlation=0.5)[0, 1] > 0
    with pytest.raises(ValueError, match="cluster='x_trail' is not a column of the table; did you mean 'x_trial'"):
        ma.effect_sizes(made, cluster="x_trail")
    with pytest.raises(
        ValueError, match="cluster='x_trial' is blank, or not the same in all rows, of chow2006, gale2006"
    ):
        ma.effect_sizes(made.assign(x_trial=made["x_trial"].mask(made.index.isin([2, 4]))), cluster="x_trial")


def test_a_crossover_without_sds_has_the_variance_that_its_p_tells():
    """1.2 points, p = 0.01 on 29 df: t = 2.7564; whatever correlation between the periods is assumed."""
    made = two_arms({}, {}, p_between="0.01", design="crossover")
    for r in (0.0, 0.9):
        found = ma.effect_sizes(made, crossover_correlation=r)
        trial = one(found, "a2001")
        assert np.sqrt(trial["vi"]) == pytest.approx(1.2 / 2.7564, rel=1e-4)
        assert trial["sd_placebo"] == pytest.approx(1.2 / 2.7564 * np.sqrt(30 / 2 / (1 - r)), rel=1e-4)
        assert (trial["status"], trial["flags"]) == ("recovered", ("final score", "SD from p", "crossover"))
        rules = found.derivations.set_index("quantity")["rule"]
        assert f"p = 0.01, the same in both, with correlation {r:g}" in rules["SD of the final score"].iloc[0]
        assert rules["variance of the contrast"].startswith("paired: from the printed p, whatever correlation")
    nodes = ma.provenance(found).table
    sd = nodes[nodes["rule"].str.contains("with which a paired t test gives the printed p, the same in both periods")]
    np.testing.assert_allclose(sd["value"], trial["sd_placebo"])
    one_each = {"missing_sd": ["drop"], "outcome": ["change"], "tau2_method": ["DL"], "ci_method": ["z"]}
    cells = ma.multiverse(made, crossover_correlation=[0.0, 0.9], correlation=[0.5], **one_each)
    assert cells["se"].nunique() == 1
    audit = ma.audit_trials(made).set_index("check")["reason"]
    assert "the variance of the difference with any" in audit["SD from p"]
    assert "gives the variance of the difference" in audit["crossover without paired SD"]


CELLS = {"final_mean": [None, 3.0, 4.2], "baseline_mean": [None, 7.0], "final_sd": [None, 1.5], "events": [None, 1]}
CELLS |= {"baseline_sd": [None, 1.2], "n": [1, 2, 20]}
ROLES = ["placebo", "active", "usual care"]


def any_trials(seed):
    """Some trials of any arms at one or two times, with holes, beside one that lends its SDs."""
    rng = np.random.default_rng(seed)
    lender = {"study": "lender", "author": "L", "final_mean": 4.0, "baseline_mean": 7.0, "final_sd": 1.5, "week": 0}
    rows = [ABOUT | lender | {"baseline_sd": 1.2, "arm": role} for role in ("treatment", *ROLES)]
    for number in range(20):
        more = rng.choice(["treatment", *ROLES[1:]], 2).tolist()
        roles = ["treatment", rng.choice(ROLES).item(), *more[: rng.integers(3)]]
        for time in range(rng.integers(1, 3)):
            for at, role in enumerate(roles):
                cells = {name: options[rng.integers(len(options))] for name, options in CELLS.items()}
                cells |= {"final_sd": None, "baseline_sd": None} if cells["n"] == 1 else {}
                about = {"study": f"a{number}", "author": "A", "week": time, "primary": "no" if time else "yes"}
                rows.append(ABOUT | about | cells | {"arm": role, "arm_label": f"{role} {at}"})
    return as_read(rows)


@settings(max_examples=4, deadline=None)
@given(
    st.integers(0, 10**6),
    st.fixed_dictionaries(
        {
            "times": st.sampled_from(["primary", "all"]),
            "multi_arm": st.sampled_from(["combine", "split"]),
            "missing_sd": st.sampled_from(["impute", "drop"]),
            "outcome": st.sampled_from(["change", "final"]),
            "comparator": st.sampled_from(["placebo", "active", "usual care"]),
            "missing": st.sampled_from(["raise", "drop"]),
        }
    ),
)
def test_nothing_vanishes(seed, options):
    """Every trial, or every time of it, is in the table or in `left_out`, and once: its split arms together."""
    table = any_trials(seed)
    found = ma.effect_sizes(table, **options)
    times = ["study"] if options["times"] == "primary" else ["study", "week"]
    inside, out = (part[times].drop_duplicates() for part in (found.table, found.left_out))
    assert len(out) == len(found.left_out) and (found.left_out["reason"].str.len() > 10).all()
    if options["multi_arm"] == "combine":
        assert len(inside) == len(found.table)
    both = pd.concat([inside, out]).sort_values(times).to_numpy().tolist()
    assert both == table[times].drop_duplicates().sort_values(times).to_numpy().tolist()
    assert np.isfinite(found.yi).all() and (found.vi > 0).all()
    assert len(set(found.labels)) == len(found)


def test_the_order_of_rows_does_not_matter(trials, effects):
    """The p of khoromi2007 and of walewicz2019 are read off two rows each, wherever these stand."""
    shuffled = ma.effect_sizes(trials.sample(frac=1.0, random_state=3)).table.set_index("study")
    own = effects.table.set_index("study").loc[shuffled.index]
    pd.testing.assert_frame_equal(shuffled[["yi", "vi", "period_correlation"]], own[["yi", "vi", "period_correlation"]])
    assert shuffled["flags"].tolist() == own["flags"].tolist()


def test_usual_care_is_no_treatment_arm(trials):
    own = trials[trials["study"] == "gale2006"]
    care = own[own["arm"] == "placebo"].assign(arm="usual care").set_axis(pd.Index([900], name="row"))
    three = pd.concat([own, care])
    with pytest.raises(
        ValueError, match="gale2006: not one placebo arm, or another to compare with, beside a treatment"
    ):
        ma.effect_sizes(three[three["arm"] != "treatment"])


# --- adjusted for baseline


BOTH_ENDS = {"baseline_mean": 6.0, "baseline_sd": 2.0, "final_sd": 2.2}


def adjusted(*trials, **options):
    return ma.effect_sizes(together(trials), outcome="ancova", **options)


def test_scores_that_are_known_at_both_ends_are_adjusted():
    trial = rows_of(BOTH_ENDS, BOTH_ENDS | {"baseline_mean": 5.0})
    found = adjusted(trial, trial, correlation=0.4)
    row = one(found, "t0")
    ends = {f"{name}_{arm}": x for arm in "tp" for name, x in BOTH_ENDS.items()} | {"baseline_mean_p": 5.0}
    want = ma.effects.adjusted_difference(
        **ends, final_mean_t=3.0, final_mean_p=4.2, n_t=row["n_treatment"], n_p=row["n_placebo"], correlation=0.4
    )
    assert (row["yi"], row["vi"]) == pytest.approx(want, rel=1e-12)
    assert (row["outcome"], row["correlation"], row["status"]) == ("ancova", pytest.approx(0.4), "recovered")
    assert row["flags"] == ("correlation assumed",)
    (line,) = found.derivations[found.derivations["study"].eq("t0") & found.derivations["arm"].eq("")].itertuples()
    assert line.quantity == "difference adjusted for baseline" and line.rule.endswith("correlation 0.40 assumed")
    assert "correlation" not in ma.effect_sizes(together([trial])).table


def test_the_correlation_of_a_trial_is_that_of_its_three_sds():
    """Printed SDs of the change tell it; one arm alone, or SDs that no correlation can have, do not."""
    sd = ma.effects.change_sd(2.0, 2.2, [0.1, 0.7])
    arms = [BOTH_ENDS | {"change_sd": x} for x in sd]
    found = adjusted(
        rows_of(*arms),
        rows_of(arms[0], BOTH_ENDS),
        rows_of(*(BOTH_ENDS | {"change_sd": 5.0} for _ in arms)),
        correlation=0.5,
    ).table
    assert found["correlation"].tolist() == pytest.approx([0.4, 0.3, 0.5])
    assert found["flags"].tolist() == [(), ("correlation assumed",), ("correlation assumed",)]
    assert found["status"].tolist() == ["as printed", "recovered", "recovered"]


def test_a_final_score_is_made_of_baseline_and_change():
    """Its SD where one alone goes with the others; else the change stands as it is."""
    ends = {"baseline_mean": 6.0, "baseline_sd": 2.0, "final_mean": None, "change_mean": -2.0}
    wide, narrow = ends | {"change_sd": 2.5}, ends | {"change_sd": 1.9}
    found = adjusted(rows_of(wide, wide | {"change_mean": -1.0}), rows_of(narrow, wide))
    first, second = one(found, "t0"), one(found, "t1")
    assert (first["outcome"], first["mean_treatment"], first["yi"]) == ("ancova", 4.0, pytest.approx(-1.0))
    assert ma.effects.change_sd(2.0, first["sd_treatment"], 0.5) == pytest.approx(2.5)
    assert (second["outcome"], second["flags"]) == ("change", ("not adjusted",))
    rules = found.derivations.loc[found.derivations["study"] == "t0", "rule"].tolist()
    assert {"baseline plus change", "from baseline and change SD, correlation 0.5 assumed"} <= set(rules)


def test_what_cannot_be_adjusted_keeps_another_score():
    """No baseline in one arm; the same people in both; nothing but final scores."""
    found = adjusted(
        rows_of(BOTH_ENDS, {"final_sd": 2.2}),
        rows_of(BOTH_ENDS, BOTH_ENDS, design="crossover"),
        rows_of({"final_sd": 2.2}, {"final_sd": 2.2}),
        rows_of(BOTH_ENDS, BOTH_ENDS | {"baseline_sd": None, "change_sd": 1.0}),
    ).table
    assert found["outcome"].tolist() == ["final", "change", "final", "change"]
    assert all("not adjusted" in flags for flags in found["flags"]) and found["correlation"].isna().all()


def test_no_sd_is_borrowed_for_an_adjusted_difference_where_another_score_has_its_own():
    whole = rows_of(BOTH_ENDS, BOTH_ENDS)
    lacks = BOTH_ENDS | {"baseline_sd": None}
    bare = lacks | {"final_sd": None}
    found = adjusted(whole, rows_of(lacks, lacks), rows_of(bare, bare))
    assert found.table["outcome"].tolist() == ["ancova", "final", "ancova"]
    assert found.table["status"].tolist() == ["recovered", "as printed", "imputed"]
    assert found.table["baseline_sd_placebo"].iloc[2] == 2.0
    assert "imputed: SD of the baseline pooled over the placebo arms of 1 other trial" in set(found.derivations["rule"])
    assert adjusted(whole, rows_of(bare, bare), missing_sd="drop").left_out["study"].tolist() == ["t1"]
    with pytest.raises(ma.TrialDataError, match="baseline_sd"):
        adjusted(whole, rows_of(bare, bare), missing_sd="raise")
    # Borrowed SDs tell no correlation, whether all three are or the baseline's beside a printed change.
    told = BOTH_ENDS | {"change_sd": ma.effects.change_sd(2.0, 2.2, 0.1)}
    lent = adjusted(rows_of(told, told), rows_of(bare, bare), rows_of(bare | {"change_sd": 1.5}, bare)).table
    assert lent["correlation"].tolist() == pytest.approx([0.1, 0.5, 0.5])


def test_where_nothing_is_left_to_vary_there_is_no_effect():
    """A correlation of -1; SDs that would make it 1 do not tell one."""
    trial, line = rows_of(BOTH_ENDS, BOTH_ENDS), BOTH_ENDS | {"change_sd": 0.2}
    assert adjusted(rows_of(line, line)).table["correlation"].tolist() == pytest.approx([0.5])
    told = [BOTH_ENDS | {"change_sd": 2.0}] * 2
    found = adjusted(trial, rows_of(*told), correlation=-1)
    assert found.left_out["reason"].tolist() == [
        "the baselines do not vary, nothing is left to vary once they are known, or there are 3 people or fewer"
    ]


def test_standardised_differences_and_ratios_are_not_adjusted(trials):
    for measure in ("SMD", "ROM", "RR"):
        with pytest.raises(ValueError, match=f"outcome='ancova' adjusts differences of means.*measure='{measure}'"):
            ma.effect_sizes(trials, measure=measure, outcome="ancova")
    with pytest.raises(ValueError, match="no covariance is known here of differences adjusted for baseline"):
        ma.sampling_covariance(published_effects(outcome="ancova", times="all"), correlation=0.5)


def test_an_estimated_correlation_is_pooled_over_the_arms_that_tell_one():
    r, n = np.array([0.1, 0.7]), np.array([20, 40])
    arms = [
        BOTH_ENDS | {"n": size, "change_sd": ma.effects.change_sd(2.0, 2.2, x)} for x, size in zip(r, n, strict=True)
    ]
    found = adjusted(rows_of(*arms), rows_of(BOTH_ENDS, BOTH_ENDS), correlation="estimated")
    want = np.tanh(np.average(np.arctanh(r), weights=n - 3))
    assert found.options["correlation"] == pytest.approx(want, rel=1e-12)
    assert one(found, "t1")["correlation"] == pytest.approx(want, rel=1e-12)
    first = found.derivations.iloc[0]
    assert (first["study"], first["quantity"], first["value"]) == ("", "correlation", pytest.approx(want))
    assert first["rule"] == "pooled by Fisher's z over 2 arms here (0.10 to 0.70)"
    assert f"Correlation   {want:.2f}, pooled by" in found.summary() and len(found.where(study="t1").derivations) == 6
    # An SD of the change that rests on a correlation tells none.
    with pytest.raises(
        ValueError, match="no arm has SDs of baseline, final score and change that imply one; give corr"
    ):
        adjusted(rows_of(BOTH_ENDS, BOTH_ENDS), correlation="estimated")


def test_an_estimated_correlation_may_come_from_the_table_of_correlations(trials):
    table = ma.read_correlations(DATA.parent / "correlations.csv")
    alone = rows_of(BOTH_ENDS, BOTH_ENDS)
    found = adjusted(alone, correlation="estimated", correlations=table)
    once = table[~table["arm"].str.startswith("both")].drop_duplicates(["source", "population", "arm"])
    once = once[once["n"].str.fullmatch(r"\d+")]
    want = np.tanh(np.average(np.arctanh(once["r"]), weights=once["n"].astype(float) - 3))
    assert found.options["correlation"] == pytest.approx(want, rel=1e-12) and len(once) == 15
    assert "15 arms of the table of correlations, as none here has three SDs" in found.summary()
    # Trials that tell one need no table.
    told = {
        ma.effect_sizes(trials, correlation="estimated", correlations=x).options["correlation"] for x in (None, table)
    }
    assert len(told) == 1
    with pytest.raises(ValueError, match="correlations= are pooled where correlation='estimated' asks for it"):
        ma.effect_sizes(trials, correlations=table)
    with pytest.raises(ValueError, match="correlations has no column r; pass the table that read_correlations"):
        ma.effect_sizes(trials, correlation="estimated", correlations=table.drop(columns="r"))


def test_change_final_and_adjusted_in_the_trials_that_print_all(trials):
    """Trials with baseline and final SDs in both arms, the most unequal baselines among them."""
    found = published_effects(outcome="ancova")
    own = found.table[(found.table["outcome"] == "ancova") & (found.table["status"] != "imputed")]
    final = published_effects(outcome="final").table.set_index("study").loc[own["study"]]
    both = own[final["outcome"].eq("final").to_numpy()]
    assert len(both) == 19
    for outcome, want in {"change": (-1.15, 1.23), "final": (-1.02, 0.80), "ancova": (-1.10, 1.01)}.items():
        pooled = ma.pool(published_effects(outcome=outcome).where(study=both["study"].tolist()))
        assert (pooled.estimate, pooled.tau) == pytest.approx(want, abs=0.005)
    chow = one(found, "chow2006")
    # Change -2.93, final -1.05: at baseline the arms are 1.88 apart.
    assert chow["yi"] == pytest.approx(-2.3475, abs=1e-4) and chow["correlation"] == pytest.approx(0.6173, abs=1e-4)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"therapy_family": ["Light", "Magnetic Field"]}, "therapy_family: no row has 'Magnetic Field'; did you mean"),
        ({"therapy_family": ["Light", "Moxibustion"]}, "no row has 'Moxibustion'$"),
        ({"therapy_family": "magnetic field"}, "no row has 'magnetic field'; did you mean 'Magnetic field'.$"),
        ({"year": "2006"}, "year: no row has '2006'; did you mean 2006"),
        ({"year": [2006, 1850]}, "year: no row has 1850$"),
        ({"flags": ["SD imputed", "final scores"]}, "flags: no row has 'final scores'; did you mean 'final score'"),
    ],
)
def test_a_wanted_value_that_no_row_has_is_told(effects, wanted, words):
    with pytest.warns(UserWarning, match=words) as seen:
        effects.where(**wanted)
    assert len(seen) == 1 and seen[0].filename == __file__


def test_what_is_left_out_or_lies_in_a_range_is_no_wanted_value_that_is_nowhere(effects):
    gone = effects.left_out["study"].tolist()
    assert len(effects.where(study=[*gone, "chow2006"])) == 1 and len(effects.where(therapy="Moxibustion")) == 0
    assert len(effects.where(year=range(1800, 2100), doi=[None])) >= 0
    with pytest.raises(ValueError, match="year= is a function; give values"):
        effects.where(year=lambda year: year > 2000)


def test_flags_are_found_one_by_one():
    effects = published_effects()
    for flag in ("SD imputed", None):
        expected = [flag in flags if flag else not flags for flags in effects.table["flags"]]
        assert 0 < sum(expected) == len(effects.where(flags=flag))
