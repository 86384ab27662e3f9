"""The multiverse equals one-by-one calls, counts honestly, and says which choice moves the answer."""

import json
import re
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials

import analysis as ma
from analysis.data.effect_sizes import with_contrasts
from analysis.evidence.multiverse import CHOICES, DEFAULTS, choice_effects, multiverse, multiverse_findings
from analysis.measures import Measure
from analysis.recover import combine_arms, pooled_sd
from analysis.sentences import Wording

DATA = Path(__file__).parent.parent / "data"
LIGHT_AND_MAGNETS = {"therapy_family": ["Light", "Magnetic field"]}
ONE_EACH = {name: option for name, option in DEFAULTS.items() if name != "contrast_rows"}


@cache
def trials():
    return published_trials()


@cache
def contrasts():
    return ma.read_contrasts(DATA / "contrasts.csv")


@cache
def prepared(outcome, correlation, crossover_correlation, missing_sd, contrast_rows):
    if contrast_rows == "include":
        alone = prepared(outcome, correlation, crossover_correlation, missing_sd, "exclude")
        return with_contrasts(alone, contrasts())
    options = {"correlation": correlation, "crossover_correlation": crossover_correlation, "missing_sd": missing_sd}
    return ma.effect_sizes(trials(), outcome=outcome, **options)


def one_by_one(row, where):
    """Pool by the ordinary functions what a row of the multiverse stands for."""
    effects = prepared(row.outcome, row.correlation, row.crossover_correlation, row.missing_sd, row.contrast_rows)
    effects = effects.where(**where)
    unwanted = {"doubtful": ("certainty", "doubtful"), "second_hand": ("certainty", "second-hand")}
    unwanted["single_session"] = ("week_band", "single session")
    for choice, (column, value) in unwanted.items():
        if getattr(row, choice) == "exclude":
            kept = set(effects.table[column].dropna()) - {value}
            effects = effects.where(**{column: [*kept, None]})
    methods = {"tau2_method": row.tau2_method, "ci_method": row.ci_method, "pi_method": "t(k-1)"}
    return ma.pool(effects, **methods, confidence_level=row.confidence_level)


def assert_equal_to_one_by_one(rows, where):
    for row in rows.itertuples():
        p = one_by_one(row, where)
        wanted = [p.k, p.estimate, p.se, *p.ci, p.tau2, p.i2, p.pvalue, *p.pi]
        found = [row.k, row.estimate, row.se, row.ci_low, row.ci_high, row.tau2, row.i2, row.pvalue]
        found += [row.pi_low, row.pi_high]
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14, err_msg=str(row))
        assert row.excludes_zero == (p.ci.low > 0 or p.ci.high < 0)


@pytest.fixture(scope="module")
def whole():
    return multiverse(trials(), contrasts=contrasts())


@pytest.fixture(scope="module")
def magnets():
    return multiverse(trials(), contrasts=contrasts(), where=LIGHT_AND_MAGNETS, confidence_level=0.9)


def test_every_row_of_a_small_grid_equals_one_by_one_calls():
    grid = {"correlation": (0.2, 0.7), "crossover_correlation": (0.0, 0.8), "missing_sd": ("impute-largest", "drop")}
    grid |= {"tau2_method": ("HE", "CE"), "ci_method": ("t", "z")}
    frame = multiverse(
        trials(), contrasts=contrasts(), outcome="change", doubtful="exclude", second_hand="include", **grid
    )
    assert len(frame) == 2 * 2 * 2 * 2 * 2 * 3
    assert_equal_to_one_by_one(frame, {})


def test_adjusted_rows_equal_one_by_one_calls(whole):
    """Here the correlation and the rule for missing SDs move the estimates too, not their variances alone."""
    adjusted = whole[(whole["outcome"] == "ancova") & (whole["tau2_method"] == "DL") & (whole["ci_method"] == "z")]
    coarse = adjusted["correlation"].isin([0.0, 0.9]) & (adjusted["crossover_correlation"] == 0.5)
    assert_equal_to_one_by_one(adjusted[coarse].sample(12, random_state=3), {})
    assert adjusted.groupby("missing_sd")["estimate"].nunique().min() > 10


def test_borrowed_sds_tell_no_correlation():
    """One arm prints the SD of its change, its baseline borrows one: no trial of the file is like that."""
    made = trials().copy()
    chow = (made["study"] == "chow2006") & (made["primary"] == "yes")
    made.loc[chow, "baseline_sd"] = np.nan
    made.loc[chow & (made["arm"] == "placebo"), ["final_sd", "change_sd"]] = np.nan
    alone = {"doubtful": "include", "second_hand": "include", "single_session": "include", "missing_sd": "impute"}
    options = {"tau2_method": "DL", "ci_method": "z"}
    frame = multiverse(made, outcome="ancova", correlation=(0.2, 0.8), crossover_correlation=0.5, **alone, **options)
    for row in frame.itertuples():
        pooled = ma.pool(ma.effect_sizes(made, outcome="ancova", correlation=row.correlation), **options)
        assert (row.estimate, row.se) == pytest.approx((pooled.estimate, pooled.se), rel=1e-12)


@pytest.mark.parametrize(("name", "where"), [("whole", {}), ("magnets", LIGHT_AND_MAGNETS)])
def test_random_rows_equal_one_by_one_calls(request, name, where):
    frame = request.getfixturevalue(name)
    coarse = frame["correlation"].isin([0.0, 0.9]) & (frame["crossover_correlation"] == 0.8)
    coarse &= frame["missing_sd"].isin(["impute-median", "drop"])
    assert_equal_to_one_by_one(frame[coarse].sample(25, random_state=1), where)
    assert_equal_to_one_by_one(frame.sample(4, random_state=2), where)


def test_one_row_per_combination(whole):
    assert not whole.duplicated(list(CHOICES)).any()
    assert len(whole) == 3 * 10 * 3 * 4 * 2**4 * 10
    with_ce = whole[whole["tau2_method"] == "CE"]
    assert set(with_ce["ci_method"]) == {"z"}
    assert set(whole["ci_method"]) == {"HKSJ-wide", "HKSJ-mod", "z"}


def test_the_default_row_is_what_the_functions_do(whole):
    (row,) = whole[whole["default"]].itertuples()
    effects = ma.effect_sizes(trials())
    pooled = ma.pool(effects)
    assert (row.k, row.estimate, row.se) == pytest.approx((pooled.k, pooled.estimate, pooled.se), rel=1e-12)
    taken = effects.options | asdict(pooled)
    assert {name: taken[name] for name in DEFAULTS if name in taken} == {
        n: o for n, o in DEFAULTS.items() if n in taken
    }
    assert {"correlation", "missing_sd", "tau2_method"} <= taken.keys() & DEFAULTS.keys()


def test_analyses_that_do_not_differ_share_a_number(whole):
    """Brute force: the same method on the same effects, read back from the numbers of the fits."""
    results = ["k", "estimate", "se", "ci_low", "ci_high", "tau2", "i2", "pvalue"]
    assert (whole.groupby("analysis")[[*results, "tau2_method", "ci_method"]].nunique(dropna=False) == 1).all(axis=None)
    apart = whole.drop_duplicates("analysis")
    assert not apart.duplicated([*results, "tau2_method", "ci_method"]).any()
    assert whole["analysis"].max() + 1 == len(apart) < len(whole)
    first = whole.groupby("analysis", sort=False).head(1)
    assert first["analysis"].is_monotonic_increasing


def test_a_choice_that_no_trial_needs_makes_no_analysis():
    """Two parallel trials that print the SD of the change: only the methods matter."""
    frame = multiverse(trials(), where={"study": ["hosomi2020", "huang2012"]}, outcome="change", doubtful="include")
    assert len(frame) == 10 * 3 * 4 * 2 * 2 * 10
    assert frame["analysis"].nunique() == 10
    single = multiverse(trials(), where={"study": ["huang2012"]}, outcome="change")
    assert single["analysis"].nunique() == 1 and single["tau2"].isna().all()


def test_crossover_correlation_matters_for_crossover_trials_only():
    frame = multiverse(trials(), where={"design": "parallel"}, **ONE_EACH | {"crossover_correlation": (0, 0.5, 0.8)})
    assert len(frame) == 3 and frame["analysis"].nunique() == 1
    options = {"crossover_correlation": (0, 0.5, 0.8), "tau2_method": "CE", "ci_method": "z"}
    frame = multiverse(trials(), where={"design": "crossover"}, **ONE_EACH | options)
    assert frame["analysis"].nunique() == 3 and frame["se"].is_monotonic_decreasing


def test_donors_are_all_trials():
    """An imputed SD is the same in a subset: Gale 2006 alone keeps the variance it has among all trials."""
    one = multiverse(trials(), where={"study": "gale2006"}, **ONE_EACH)
    whole = ma.effect_sizes(trials()).table.set_index("study").loc["gale2006"]
    assert one["se"].tolist() == pytest.approx([np.sqrt(whole["vi"])])


def test_combinations_without_a_trial_are_left_out():
    frame = multiverse(trials(), where={"certainty": "doubtful"}, **ONE_EACH | {"doubtful": ("include", "exclude")})
    assert frame["doubtful"].tolist() == ["include"]
    with pytest.raises(ValueError, match="no combination leaves a trial"):
        multiverse(trials(), where={"certainty": "doubtful"}, doubtful="exclude")


def test_order_of_the_options_changes_no_number():
    options = {"missing_sd": ("impute", "impute-median", "drop"), "outcome": ("final", "change")}
    options |= {"tau2_method": ("DL", "CE"), "ci_method": ("z", "HKSJ"), "second_hand": ("exclude", "include")}
    a = multiverse(trials(), **ONE_EACH | options)
    b = multiverse(trials(), **ONE_EACH | {name: given[::-1] for name, given in options.items()})
    both = a.merge(b, on=list(CHOICES), suffixes=("", "_b"))
    assert len(both) == len(a) == len(b)
    np.testing.assert_allclose(both["estimate"], both["estimate_b"], rtol=1e-13)
    assert a["analysis"].nunique() == b["analysis"].nunique()


def test_options_are_checked_all_at_once():
    with pytest.raises(
        ValueError, match=r"(?s)correlation: 1.5 not known.*missing_sd: 'raise' not known.*'drop'.*once"
    ):
        multiverse(trials(), correlation=(0.5, 1.5), missing_sd=("raise",), ci_method=("z", "z"))
    with pytest.raises(ValueError, match="outcome: .* at least one option"):
        multiverse(trials(), outcome=())
    with pytest.raises(ValueError, match="'CE' is paired with ci_method='z' only"):
        multiverse(trials(), tau2_method="CE", ci_method="HKSJ")
    with pytest.raises(ValueError, match="'family' is not a column"):
        multiverse(trials(), where={"family": "Light"})
    with pytest.raises(ValueError, match="doubtful: 'maybe' not known; use 'include', 'exclude'"):
        multiverse(trials(), doubtful="maybe")


def test_arms_are_combined_and_pooled_column_by_column():
    """The formulas that the multiverse runs on many options at once."""
    sd, n, mean = (
        np.array([[1.0, 2.0], [3.0, 1.5], [2.0, 2.5]]),
        np.array([[10], [20], [15]]),
        np.array([[1], [2], [4]]),
    )
    together = combine_arms(mean, sd, n)
    for j in (0, 1):
        alone = combine_arms(mean[:, 0], sd[:, j], n[:, 0])
        assert [float(np.broadcast_to(x, 2)[j]) for x in together] == pytest.approx(alone)
        assert pooled_sd(sd, n)[j] == pytest.approx(pooled_sd(sd[:, j], n[:, 0]))


OURS = Wording(Measure("MD"), "lower", ("treatment", "placebo"), "points on 0–10", "pain", "trial")
THEIRS = Wording(Measure("MD"), "higher", ("laser", "sham"), "points on 0–10", "function", "trial")


def toy(estimates, half=1.0, words=OURS):
    """Four combinations of two choices: doubtful varies slowest, then the interval method."""
    frame = pd.DataFrame({"doubtful": ["include"] * 2 + ["exclude"] * 2, "ci_method": ["HKSJ", "z"] * 2})
    frame = frame.assign(k=[5, 5, 3, 3], estimate=estimates, analysis=range(4), confidence_level=0.95)
    frame["ci_low"], frame["ci_high"] = frame["estimate"] - half, frame["estimate"] + half
    frame = frame.assign(tau2_method="REML", tau2=[0.25, 0.25, 0.64, 1.0], default=False)
    frame["pi_low"], frame["pi_high"] = frame["estimate"] - 2 * half, frame["estimate"] + 2 * half
    frame.attrs = {"wording": asdict(words)} if words else {}
    return frame.assign(excludes_zero=(frame["ci_low"] > 0) | (frame["ci_high"] < 0))


def test_choice_effects_by_hand():
    """-2, -1.6 with doubtful trials and -0.8, -1.2 without: means -1.8 and -1; by method -1.4 and -1.4."""
    table = choice_effects(toy([-2.0, -1.6, -0.8, -1.2])).set_index(["choice", "option"])
    assert table.loc[("doubtful", "include"), "mean_estimate"] == pytest.approx(-1.8)
    assert table.loc[("doubtful", "exclude"), "median_estimate"] == pytest.approx(-1.0)
    assert table.loc["doubtful", "shift"].tolist() == pytest.approx([0.8, 0.8])
    assert table.loc["ci_method", "shift"].tolist() == pytest.approx([0, 0], abs=1e-15)
    assert table.loc["doubtful", "share_excluding_zero"].tolist() == [1, 0.5]
    assert table.loc["doubtful", "flips"].tolist() == [0.5, 0.5]
    assert table.loc["ci_method", "flips"].tolist() == [0.5, 0.5]
    assert table.loc["ci_method", "comparisons"].tolist() == [2, 2]
    assert table.index.get_level_values("choice").tolist() == ["doubtful"] * 2 + ["ci_method"] * 2


def test_options_are_compared_in_the_same_company():
    """Without the last row, doubtful trials are judged under HKSJ only, and the methods with doubtful trials only."""
    table = choice_effects(toy([-2.0, -1.6, -0.8, -1.2]).iloc[:3]).set_index(["choice", "option"])
    assert table.loc["doubtful", "mean_estimate"].tolist() == [-2.0, -0.8]
    assert table.loc["ci_method", "mean_estimate"].tolist() == [-2.0, -1.6]
    assert table.loc["ci_method", "comparisons"].tolist() == [1, 1]


def test_choices_are_numbered_and_hold_what_is_documented(magnets):
    table = choice_effects(magnets)
    documented = "choice option analyses mean_estimate median_estimate share_excluding_zero shift flips comparisons"
    assert list(table) == documented.split() and table.index.equals(pd.RangeIndex(len(table)))


def test_choice_effects_of_the_whole_multiverse(magnets):
    """Against pandas: means over the comparisons that hold every option."""
    table = choice_effects(magnets).set_index(["choice", "option"])
    kept = magnets[magnets["tau2_method"] != "CE"]
    means = kept.groupby("ci_method")["estimate"].mean()
    assert table.loc["ci_method", "mean_estimate"].to_dict() == pytest.approx(means.to_dict())
    means = kept.groupby("missing_sd")["estimate"].mean()
    assert table.loc["missing_sd", "mean_estimate"].to_dict() == pytest.approx(means.to_dict())
    assert table.loc["missing_sd", "shift"].iloc[0] == pytest.approx(means.max() - means.min())
    shares = kept.groupby("second_hand")["excludes_zero"].mean()
    assert table.loc["second_hand", "share_excluding_zero"].to_dict() == pytest.approx(shares.to_dict())
    assert table["shift"].is_monotonic_decreasing


def test_findings_in_words():
    assert multiverse_findings(toy([-2.0, -1.6, -0.8, -1.2])) == (
        "4 analyses of 3 to 5 trials. The 95% interval excludes zero in 3 (75%) of them, below it (less pain with "
        "treatment). The pooled mean difference runs from −2.00 to −0.80 points on 0–10, with a median of −1.40. Tau, "
        "the SD of true effects, runs from 0.50 to 1.00 points, with a median of 0.65. The 95% prediction intervals, "
        "on t(k−1), lie between −4.00 and 1.20; 3 (75%) of them reach beyond no effect. The choice that moves it most "
        "is doubtful trials: on average −1.80 with them included and −1.00 with them excluded, a shift of 0.80. In the "
        "share of all-else-equal comparisons given, the conclusion on zero turns on doubtful trials (50%), the kind of "
        "interval (50%). The analyses share their trials and are not independent: these shares are no probabilities."
    )
    both_sides = multiverse_findings(toy([-2.0, 1.6, 0.8, 1.2]))
    assert (
        "excludes zero in 3 (75%) of them: 1 below it (less pain with treatment), 2 above (less pain with placebo)."
        in both_sides
    )
    calm = multiverse_findings(toy([-2.0, -1.6, -1.8, -1.2]))
    assert "excludes zero in all of them, below it (less pain" in calm
    assert "No single choice changes the conclusion on zero." in calm
    assert "excludes zero in none of them" in multiverse_findings(toy([-0.1, 0.2, 0.3, 0.1]))


def test_findings_say_where_the_default_stands():
    frame = toy([-2.0, -1.6, -0.8, -1.2])
    for usual, said in ((1, "with −1.60, is stronger than 50% of them."), (2, "with −0.80, is stronger than none of")):
        assert f"The default analysis, {said}" in multiverse_findings(frame.assign(default=np.arange(4) == usual))
    other_side = toy([-2.0, 1.2, 0.8, 1.6]).assign(default=[False, True, False, False])
    assert "with 1.20, is stronger than 50% of them." in multiverse_findings(other_side)
    assert "The default" not in multiverse_findings(frame)
    assert "The default" not in multiverse_findings(frame.assign(default=True).iloc[:1])


def test_findings_leave_out_what_no_analysis_has():
    single = toy([-2.0, -1.6, -0.8, -1.2]).assign(k=1, tau2=np.nan, pi_low=np.nan, pi_high=np.nan)
    assert not re.search("Tau|prediction", multiverse_findings(single))
    calm = toy([-2.0, -1.6, -1.8, -1.2], half=0.2)
    assert "none of them reach beyond no effect" in multiverse_findings(calm.assign(tau2=0.25))
    assert "true effects, runs from 0.50 to 1.00" in multiverse_findings(calm)
    assert "true effects, is 0.50 points" in multiverse_findings(calm.iloc[:1])


def with_common(marked):
    """The toy with the common-effect model beside each estimator; it would move the estimate more than all else."""
    frame = toy([-2.0, -1.6, -0.8, -1.2])
    common = frame.assign(estimate=0.5, tau2_method="CE", tau2=0.0, pi_low=np.nan, pi_high=np.nan, analysis=range(4, 8))
    both = pd.concat([frame.assign(ignores_heterogeneity=False), common.assign(ignores_heterogeneity=marked)])
    return both.reset_index(drop=True)


def test_common_effect_that_ignores_heterogeneity_decides_nothing():
    said = multiverse_findings(with_common([True, False, False, False]))
    assert "1 (12%) of the analyses assume one common true effect although I² is 60% or more. They are marked" in said
    assert "The choice that moves it most is doubtful trials" in said
    assert set(choice_effects(with_common(True))["choice"]) == {"doubtful", "ci_method"}
    calm = multiverse_findings(with_common(False))
    assert "The choice that moves it most is the tau² estimator" in calm and "marked" not in calm
    # Tau is that of the models that have one.
    assert "runs from 0.50 to 1.00 points" in calm
    alone = multiverse_findings(with_common(True).iloc[4:])
    assert "All of the analyses assume one common true effect" in alone and "is no option" not in alone


def test_common_effect_is_marked_from_60_percent():
    """I2 of Q, and of another estimator, on both sides of the limit; the same trials have the same mark."""
    one = {"where": {"therapy_family": ["Magnetic field"]}, "tau2_method": ("DL", "CE"), "ci_method": "z"}
    frame = multiverse(trials(), **one)
    common = frame[frame["tau2_method"] == "CE"]
    assert (common["ignores_heterogeneity"] == (common["i2"] >= 0.6)).all()
    assert 0 < common["ignores_heterogeneity"].mean() < 1
    assert not frame.loc[frame["tau2_method"] != "CE", "ignores_heterogeneity"].any()
    more = multiverse(trials(), **one | {"tau2_method": ("SJ", "CE")})
    pairs = more.pivot(index=list(CHOICES[:-2]), columns="tau2_method", values=["i2", "ignores_heterogeneity"])
    wanted = pairs["i2"].max(axis=1) >= 0.6
    assert (pairs["ignores_heterogeneity"]["CE"].astype(bool) == wanted).all()
    assert wanted.sum() > common["ignores_heterogeneity"].sum()


def test_findings_speak_of_the_users_data():
    theirs = multiverse_findings(toy([-2.0, 1.6, 0.8, 1.2], words=THEIRS))
    assert "1 below it (more function with sham), 2 above (more function with laser)." in theirs
    unsaid = multiverse_findings(toy([-2.0, 1.6, 0.8, 1.2], words=replace(THEIRS, benefit=None)))
    assert "1 below it (lower with laser), 2 above (higher with laser)." in unsaid
    plain = multiverse_findings(toy([-2.0, 1.6, 0.8, 1.2], words=None))
    assert "1 below it, 2 above. The pooled effect runs from −2.00 to 1.60, with" in plain
    assert not re.search("pain|placebo|treatment", theirs + unsaid + plain)
    small = toy([-0.002, 0.0016, 0.0008, 0.0012], half=0.001, words=None)
    assert "from −0.00200 to 0.00160, with" in multiverse_findings(small)
    assert "from −0.002 to 0.002 mm, with" in multiverse_findings(small, unit="mm", digits=3)


def test_the_frame_says_what_its_effects_are_called():
    options = {"correlation": 0.5, "crossover_correlation": 0.5, "missing_sd": "drop", "ci_method": "z"}
    frame = multiverse(trials(), where={"therapy_family": "Magnetic field"}, **options)
    assert Wording.of(frame) == Wording.of(ma.effect_sizes(trials())) == OURS
    assert Wording.of(frame[frame["default"]]) == OURS
    json.dumps(frame.attrs)


def test_findings_count_analyses_not_rows():
    twice = toy([-2.0, -2.0, -0.8, -1.2]).assign(analysis=[0, 0, 1, 2])
    assert multiverse_findings(twice).startswith(
        "4 combinations of choices give 3 different analyses, of 3 to 5 trials."
    )
    assert "in 2 (67%) of them" in multiverse_findings(twice)
    assert "with a median of −1.20" in multiverse_findings(twice)
    one = multiverse_findings(twice.iloc[:1])
    assert one.startswith("1 analysis of 5 trials.") and "mean difference is −2.00 points" in one
    many = pd.concat([toy([-2.0, -1.6, -1.8, -1.2])] * 100, ignore_index=True)
    many = many.assign(correlation=np.repeat(np.arange(100) / 200, 4), analysis=range(400))
    many.loc[7, ["ci_high", "excludes_zero"]] = [0.1, False]
    assert "excludes zero in 399 (>99%) of them" in multiverse_findings(many)


def test_a_frame_that_is_no_multiverse_is_refused(magnets):
    with pytest.raises(ValueError, match="the table that multiverse returns"):
        choice_effects(pd.DataFrame({"k": [1]}))
    with pytest.raises(ValueError, match="holds a combination of choices twice"):
        multiverse_findings(pd.concat([magnets, magnets.head(1)]))


def test_another_table_than_that_of_the_trials_is_refused():
    with pytest.raises(ValueError, match="read_trials"):
        multiverse(contrasts())


def test_sds_drawn_again_and_again_are_a_choice():
    options = {"correlation": (0.3, 0.5), "crossover_correlation": 0.5, "outcome": ("change", "ancova")}
    grid = options | {"missing_sd": ("impute", "impute-multiple", "drop"), "tau2_method": ("REML", "CE")}
    frame = multiverse(trials(), **grid)
    plain = multiverse(trials(), **grid | {"missing_sd": ("impute", "drop")})
    rest = frame[frame["missing_sd"] != "impute-multiple"].drop(columns="analysis").reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, plain.drop(columns="analysis"), rtol=1e-12)
    drawn = frame[frame["missing_sd"] == "impute-multiple"]
    assert len(drawn) == len(plain) / 2 == len(frame) / 3
    for row in drawn.sample(5, random_state=3).itertuples():
        effects = ma.effect_sizes(trials(), outcome=row.outcome, correlation=row.correlation)
        keep = effects
        for column, words in (("certainty", ("doubtful", "second-hand")),):
            for word, choice in zip(words, (row.doubtful, row.second_hand), strict=True):
                if choice == "exclude":
                    keep = keep.where(study=keep.table["study"][keep.table[column] != word].tolist())
        if row.single_session == "exclude":
            keep = keep.where(study=keep.table["study"][keep.table["week_band"] != "single session"].tolist())
        methods = {"tau2_method": row.tau2_method, "ci_method": row.ci_method}
        one = ma.pool_imputed(keep, among=effects, imputations=20, **methods)
        got = [row.k, row.estimate, row.se, row.ci_low, row.ci_high, row.tau2, row.i2, row.pvalue]
        assert got == pytest.approx([one.k, one.estimate, one.se, *one.ci, one.tau2, one.i2, one.pvalue], rel=1e-9)
    alone = multiverse(trials(), **options | {"missing_sd": "impute-multiple", "tau2_method": "REML"})
    assert alone["estimate"].tolist() == drawn.loc[drawn["tau2_method"] == "REML", "estimate"].tolist()


def test_without_a_missing_sd_imputation_is_no_analysis_of_its_own():
    full = ma.effect_sizes(trials(), missing_sd="drop").study
    some = trials()[trials()["study"].isin(full)]
    grid = {"correlation": 0.5, "crossover_correlation": 0.5, "outcome": "change", "ci_method": "HKSJ-wide"}
    frame = multiverse(some, **grid, missing_sd=("impute", "impute-multiple"), where={"outcome": "change"})
    halves = [half.reset_index(drop=True) for _, half in frame.groupby("missing_sd")]
    assert halves[0]["analysis"].tolist() == halves[1]["analysis"].tolist()
