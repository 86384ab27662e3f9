"""Provenance: every derived number of the tree, recomputed from its children by the stated rule, is the number used."""

import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import as_read, published_effects, published_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analysis as ma
from analysis import recover
from analysis.data.effect_sizes import with_contrasts
from analysis.evidence.provenance import Provenance, provenance

DATA = Path(__file__).parent.parent / "data"
COMBINED = "arms combined as if one (Cochrane Handbook 6.5.2.10)"
LEAVES = {"printed", "assumed", "donor", "left out"}
TRIALS = published_trials()
EFFECTS = published_effects()
FILES = {name: pd.read_csv(DATA / f"{name}.csv", dtype={"pmid": str}) for name in ("trials", "contrasts")}
for _frame in FILES.values():
    _frame.index += 2


@cache
def traced(study=None):
    return provenance(EFFECTS, study)


@cache
def arms():
    return ma.pool_arms(EFFECTS)


@cache
def with_reported():
    """The effects with the reported differences, and where they come from."""
    both = with_contrasts(EFFECTS, ma.read_contrasts(DATA / "contrasts.csv"))
    return both, provenance(both)


def combined(parts):
    """Mean or SD of arms that are taken together, from their means, SDs and n."""
    mean, sd, n = (
        parts.loc[parts["quantity"].str.startswith(word), "value"].to_numpy() for word in ("mean", "SD", "n")
    )
    return recover.combine_arms(mean, sd, n)[1] if len(sd) else np.average(mean, weights=n)


def covariance_of(x):
    """Variances at baseline and at the end, covariance, df; `x` holds means, SDs and n of both arms, correlation."""
    _, _, _, _, b1, f1, b2, f2, n1, n2, r = x
    df = n1 + n2 - 2
    squares = (b1 * b1, b2 * b2), (f1 * f1, f2 * f2), (r * b1 * f1, r * b2 * f2)
    return *(((n1 - 1) * one + (n2 - 1) * two) / df for one, two in squares), df


def adjusted(x):
    before, _, both, _ = covariance_of(x)
    return x[1] - x[3] - both / before * (x[0] - x[2])


def variance_of_adjusted(x):
    before, after, both, df = covariance_of(x)
    rest = (after - both**2 / before) * df / (df - 1)
    return rest * (1 / x[8] + 1 / x[9] + (x[0] - x[2]) ** 2 / (df * before))


def correlation_of_both_arms(x):
    b1, f1, b2, f2, c1, c2, n1, n2 = x
    both = (n1 - 1) * (b1**2 + f1**2 - c1**2) / 2 + (n2 - 1) * (b2**2 + f2**2 - c2**2) / 2
    return both / ((n1 - 1) * b1 * f1 + (n2 - 1) * b2 * f2)


# The rules as a reader of the tree would follow them, written without looking at the code that built it.
BY_HAND = {
    "as printed": lambda x: x[0],
    "mean of the arm": lambda x: x[0],
    "final minus baseline": lambda x: x[0] - x[1],
    "minus the lower end of the scale, times 10 over its width": lambda x: 10 * (x[0] - x[1]) / (x[2] - x[1]),
    "times 10 over the width of the scale": lambda x: 10 * x[0] / (x[2] - x[1]),
    "SE times the square root of n": lambda x: x[0] * math.sqrt(x[1]),
    "half the interval over the t quantile, times the square root of n": lambda x: recover.sd_from_ci(
        x[0], x[1], x[3], level=x[2] / 100
    ),
    "from baseline and final SD": lambda x: math.sqrt(x[0] ** 2 + x[1] ** 2 - 2 * x[2] * x[0] * x[1]),
    "from the p between the arms": lambda x: (
        abs(x[0] - x[1]) / stats.t.isf(x[2] / 2, x[3] + x[4] - 2) / math.sqrt(1 / x[3] + 1 / x[4])
    ),
    "the correlation with which a paired t test gives the printed p": lambda x: (
        (x[4] ** 2 + x[5] ** 2 - ((x[0] - x[1]) / stats.t.isf(x[2] / 2, x[3] - 1)) ** 2 * x[3]) / (2 * x[4] * x[5])
    ),
    "sum over the arms combined": sum,
    "share of the placebo arm that serves several treatment arms": lambda x: x[0] * x[1],
    "square of the SD over n, summed over the two arms": lambda x: x[0] ** 2 / x[1] + x[2] ** 2 / x[3],
    "square of the SD over n": lambda x: x[0] ** 2 / x[1],
    "squares of the SDs minus twice correlation times SDs, over n (the same people)": lambda x: (
        (x[0] ** 2 + x[1] ** 2 - 2 * x[3] * x[0] * x[1]) / x[2]
    ),
    "least squares on arm and baseline": adjusted,
    "square of the standard error that least squares on arm and baseline gives": variance_of_adjusted,
    "the correlation that the SDs of baseline, final score and change imply, as one for both arms": (
        correlation_of_both_arms
    ),
    "baseline plus change": sum,
    "from baseline and change SD": lambda x: x[2] * x[0] + math.sqrt(x[1] ** 2 - (1 - x[2] ** 2) * x[0] ** 2),
    "square of the standard error": lambda x: x[0] ** 2,
    "half the interval over the normal quantile": lambda x: recover.se_from_ci(x[0], x[1], x[2] / 100),
    "half the interval over the t quantile on n of both arms minus 2 degrees of freedom": lambda x: recover.se_from_ci(
        x[0], x[1], x[2] / 100, df=x[3] + x[4] - 2
    ),
    "weight: 1 over (variance + between-trial variance), as a share of their sum": lambda x: x[0],
    "1 over the sum of 1 over the variance of each share": lambda x: 1 / sum(1 / part for part in x),
}
BORROWED = {
    "pooled over": lambda sd, n: math.sqrt(sum((n - 1) * sd**2) / sum(n - 1)),
    "median": lambda sd, n: np.median(sd),
    "largest": lambda sd, n: np.max(sd),
}


def test_arms_and_rows_are_called_what_the_effects_call_them():
    names = {"baseline_mean_t": 6.0, "baseline_mean_p": 6.0, "final_mean_t": [4.0, 4.5], "final_mean_p": [5.0, 5.5]}
    spread = {f"{score}_sd_{arm}": 2.0 for score in ("baseline", "final") for arm in "tp"} | {"n_t": 20, "n_p": 20}
    wide = pd.DataFrame({"study": ["A", "B"]} | names | spread)
    trials = ma.trials_from_wide(wide, arms=("exercise", "waiting list"), scale_min=0, scale_max=10, benefit="lower")
    told = ma.provenance(ma.effect_sizes(trials)).summary()
    assert "exercise minus waiting list" in told and "waiting list: mean of the change" in told
    assert "the effect of each study" in told and not any(word in told for word in ("placebo", "trial,", "[]"))


def test_rows_are_those_of_the_table_with_one_row_a_study():
    wide = pd.DataFrame({"study": list("CAB"), "mean_t": [4.0, 4.5, 3.0], "mean_p": [5.0, 5.5, 6.0], "sd_t": 2.0})
    wide = wide.assign(sd_p=[2.0, np.nan, 1.5], n_t=20, n_p=[20, 21, 22], scale_min=0, scale_max=10)
    trials = ma.trials_from_wide(wide)
    places = {"A": 3, "B": 4, "C": 2}
    for made in (trials, trials.iloc[::-1], ma.read_trials(trials.reset_index(drop=True))):
        effects = ma.effect_sizes(made, outcome="final", missing_sd="impute")
        told = ma.provenance(effects).to_frame().query("level in ['printed', 'donor']")
        assert {"printed", "donor"} <= set(told["level"])
        assert (told["row"] == told["study"].map(places)).all()
    # of a table that was read from a file the row of the file, here with two empty lines in it
    filed = wide.set_axis(pd.Index([2, 5, 6], name="row"))
    told = ma.provenance(ma.effect_sizes(ma.trials_from_wide(filed), outcome="final", missing_sd="impute")).to_frame()
    assert set(told["row"].dropna()) == {2, 5, 6}


def by_hand(rule, parts):
    values = parts["value"].tolist()
    if rule == COMBINED:
        return combined(parts)
    if rule.startswith("imputed: "):
        sd, n = np.reshape(values, (-1, 2)).T
        return next(function for word, function in BORROWED.items() if word in rule)(sd, n)
    # "laser minus sham", by whatever the arms are called
    if rule not in BY_HAND and re.fullmatch(r"\S.* minus \S.*", rule):
        return values[0] - values[1]
    return BY_HAND[rule](values)


def children_of(table):
    known = table[table["parent"].notna()]
    return {int(parent): rows for parent, rows in known.groupby("parent")}


def assert_every_number_follows(table):
    """Recompute all derived nodes but the roots from their children; return how many there were of each rule."""
    below, told = children_of(table), {}
    for line in table.itertuples():
        if line.level in LEAVES or line.level == "pooled" or line.quantity == "between-trial variance":
            continue
        assert by_hand(line.rule, below[line.node]) == pytest.approx(line.value, rel=1e-12, abs=1e-12), line
        told[line.rule] = told.get(line.rule, 0) + 1
    return told


def assert_roots_follow(table):
    below = children_of(table)
    for root in table[table["level"] == "pooled"].itertuples():
        parts = below[root.node]
        trials = parts[parts["level"] == "trial"]
        tau2 = parts.loc[parts["quantity"] == "between-trial variance", "value"].item()
        variances = [below[node]["value"].iloc[1] for node in trials["node"]]
        weights = 1 / (np.array(variances) + tau2)
        np.testing.assert_allclose(trials["weight"], weights / weights.sum(), rtol=1e-12)
        assert root.value == pytest.approx(np.sum(trials["weight"] * trials["value"]), abs=1e-12)
        assert tau2 == pytest.approx(ma.pool(trials["value"], variances).tau2, rel=1e-9)


def test_every_derived_number_of_the_44_trials_follows_from_its_children():
    table = traced().to_frame()
    told = assert_every_number_follows(table)
    assert_roots_follow(table)
    trials = table[table["level"] == "trial"]
    assert len(trials) == len(EFFECTS) == 44
    np.testing.assert_allclose(trials["value"], EFFECTS.yi, rtol=0, atol=1e-12)
    variances = table.loc[table["quantity"] == "variance of the difference", "value"]
    np.testing.assert_allclose(variances, EFFECTS.vi, rtol=1e-12)
    assert table["value"].iloc[0] == ma.pool(EFFECTS).estimate
    # each kind of derivation occurs in the real trials, so each rule was put to the test
    counted = {rule: n for rule, n in told.items() if not rule.startswith("imputed")}
    assert counted["SE times the square root of n"] == 6
    assert counted["half the interval over the t quantile, times the square root of n"] == 11
    assert counted["squares of the SDs minus twice correlation times SDs, over n (the same people)"] == 5
    assert counted[COMBINED] == 6
    assert sum(n for rule, n in told.items() if rule.startswith("imputed")) == 10


@pytest.mark.parametrize(
    "options",
    [
        {"outcome": "final"},
        {"outcome": "ancova", "multi_arm": "split", "correlation": 0.6},
        {"outcome": "ancova", "correlation": "estimated"},
        {"correlation": 0.8, "crossover_correlation": 0.2},
        {"multi_arm": "split"},
        {"missing_sd": "drop"},
        {"missing_sd": "impute-median"},
        {"missing_sd": "impute-largest", "multi_arm": "split", "outcome": "final"},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:.*splitting:analysis.RepeatedStudyWarning")
def test_the_tree_follows_the_options(options):
    effects = published_effects(**options)
    table = provenance(effects).to_frame()
    assert_every_number_follows(table)
    assert_roots_follow(table)
    np.testing.assert_allclose(table.loc[table["level"] == "trial", "value"], effects.yi, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:.*splitting:analysis.RepeatedStudyWarning")
def test_a_placebo_arm_that_is_split_stands_once_among_the_placebo_arms():
    pooled = ma.pool_arms(published_effects(multi_arm="split"))
    table = provenance(pooled).to_frame()
    told = assert_every_number_follows(table)
    assert_roots_follow(table)
    roots = table[table["level"] == "pooled"]
    assert roots["value"].tolist() == [pooled.contrast.estimate, pooled.treatment.estimate, pooled.placebo.estimate]
    again = table.loc[table["rule"].str.startswith("its arm is that of "), "label"]
    assert len(again) == told["1 over the sum of 1 over the variance of each share"] == 3
    assert again.str.startswith("Stelian 1992").sum() == 1


def test_arms_beside_the_contrast():
    pooled = ma.pool_arms(EFFECTS, tau2_method="PM")
    table = provenance(pooled).to_frame()
    assert_every_number_follows(table)
    roots = table[table["level"] == "pooled"]
    assert roots["value"].tolist() == [pooled.contrast.estimate, pooled.treatment.estimate, pooled.placebo.estimate]
    below = children_of(table)
    kinds = [below[node]["level"].value_counts() for node in roots["node"]]
    assert [k["trial"] for k in kinds] == [44, 36, 36]
    assert [k["left out"] for k in kinds] == [6, 8, 8]
    absent = below[roots["node"].iloc[2]].query("level == 'left out'")
    assert set(absent["rule"]) == {"baseline not reported"}


def test_reported_differences_end_in_their_file():
    both, tree = with_reported()
    table = tree.to_frame()
    told = assert_every_number_follows(table)
    assert_roots_follow(table)
    assert told["half the interval over the normal quantile"] > 10
    assert told["half the interval over the t quantile on n of both arms minus 2 degrees of freedom"] >= 4
    trials = table[table["level"] == "trial"]
    np.testing.assert_allclose(trials["value"], both.yi, rtol=0, atol=1e-12)
    cheing = table[(table["study"] == "cheing2002") & (table["level"] == "printed")]
    assert set(cheing["file"]) == {"contrasts"} and set(cheing["row"]) == {3}


def assert_leaves_are_cells_of_the_files(table):
    leaves = table[~table["node"].isin(table["parent"].dropna())]
    assert set(leaves["level"]) <= LEAVES | {"effect"}
    assert set(leaves.loc[leaves["level"] == "effect", "quantity"]) == {"between-trial variance"}
    printed = leaves[leaves["level"] == "printed"]
    for line in printed.itertuples():
        cell = FILES[line.file].loc[line.row]
        assert (cell["study"], float(cell[line.column])) == (line.study, line.value), line
        assert float(line.printed) == line.value
        assert line.source == cell["source"] and line.locator == cell["locator"]
        assert line.certainty == cell["certainty"]
    assert printed["source"].ne("").all() and printed["row"].notna().all()
    return leaves


def test_every_leaf_is_a_cell_with_its_source():
    for tree in (traced(), with_reported()[1]):
        leaves = assert_leaves_are_cells_of_the_files(tree.table)
        lent = leaves[leaves["level"] == "donor"]
        assert lent["source"].ne("").all() and lent["row"].notna().all()
        assert set(leaves.loc[leaves["level"] == "assumed", "quantity"]) == {"correlation"}


def test_an_imputed_sd_names_its_donors():
    table = traced("gale2006").table
    imputed = table[table["rule"].str.startswith("imputed")]
    assert imputed["arm"].tolist() == ["treatment", "placebo"]
    own = EFFECTS.table.set_index("study").loc["gale2006"]
    assert imputed["value"].tolist() == [own["sd_treatment"], own["sd_placebo"]]
    for line in imputed.itertuples():
        lent = table[table["parent"] == line.node]
        donors = lent.loc[lent["quantity"] != "n", "study"]
        assert donors.is_unique and "gale2006" not in set(donors)
        assert f"of {len(donors)} other trials" in line.rule
        assert set(lent["arm"]) == {line.arm}
    # the SD that a donor lends is the one that stands in the donor's own branch
    chow = table[(table["level"] == "donor") & (table["study"] == "chow2006") & (table["quantity"] != "n")]
    assert chow["value"].tolist() == [2.0789, 2.1608] and chow["row"].tolist() == [6, 7]
    assert "lent by chow2006 (row 6), shin2015 (row 8)" in Provenance(table).tree()


def test_donors_outside_a_selection():
    group = ma.pool_arms(EFFECTS, by="therapy_family").groups["Light"]
    lost = provenance(group, "gale2006").table
    rule = lost.loc[lost["rule"].str.startswith("imputed"), "rule"].iloc[0]
    assert "among=" in rule, "the tree does not name wrong donors"
    table = provenance(group, among=EFFECTS).table
    assert_every_number_follows(table)
    assert (table["level"] == "donor").any()


def test_trials_left_out_are_listed_with_the_reason():
    table = traced().table
    out = table[table["level"] == "left out"]
    expected = EFFECTS.left_out.set_index("study")["reason"]
    assert dict(zip(out["study"], out["rule"], strict=True)) == expected.to_dict()
    assert "Soriano 1998, left out: events only" in provenance(EFFECTS, "soriano1998").tree()


def test_the_drawing():
    lines = traced("chow2006").tree().splitlines()
    assert lines[0] == "contrast, pooled, −1.21 points on 0–10: sum of weight times the effect of each trial"
    assert lines[2].startswith("└─ Chow 2006: difference, −2.93 points, weight 2.4% [patient-level data set neck_pain")
    assert lines[4] == "   │  ├─ treatment: mean of the change, −2.68 points: change_mean -2.6822, row 6"
    assert lines[-1] == "      └─ placebo: n, 45 people: n 45, row 7"
    huang = provenance(EFFECTS, "huang2012").tree()
    assert "SD of the change, 2.29 points: SE times the square root of n\n      │  ├─ change_se 0.45, row 12" in huang
    gale = traced("gale2006").tree().splitlines()
    assert len(gale) == 17, "donors are told in one line, not in 62"
    assert sum("lent by" in line for line in gale) == 2
    assert "scale 0 to 45, row 16" in provenance(EFFECTS, "stelian1992").tree()
    assert "n 48 (n is assumed), row 21" in provenance(EFFECTS, "glazov2014").tree()


def test_one_trial_of_a_tree_is_the_tree_of_one_trial():
    everything = provenance(arms())
    for study in ("gale2006", "irnich2001", "misra2013"):
        assert everything.tree(study) == provenance(arms(), study).tree()
    assert str(everything) == everything.tree()
    with pytest.raises(ValueError, match="'nobody1999' is no trial of this tree"):
        everything.tree("nobody1999")


def test_html_is_nested_and_escaped():
    rows = TRIALS.assign(source=TRIALS["source"].where(TRIALS["study"] != "chow2006", "<b>a & b</b>"))
    page = provenance(ma.effect_sizes(rows), "chow2006")._repr_html_()
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in page and "<b>" not in page
    assert page.count("<details") == page.count("</details>") == 4
    assert page.count("<details open>") == 1 and page.startswith("<ul><li><details open><summary>contrast")


def test_table_is_tidy():
    table = traced().table
    assert table["node"].tolist() == list(range(1, len(table) + 1))
    known = table["parent"].dropna()
    assert (known < table.loc[known.index, "node"]).all(), "parents before children"
    assert set(known) <= set(table["node"])
    assert table["parent"].isna().sum() == 1
    copy = traced().to_frame()
    pd.testing.assert_frame_equal(copy, table)


def test_one_trial_alone():
    effects = EFFECTS.where(study="chow2006")
    table = provenance(effects).table
    assert_every_number_follows(table)
    assert table["value"].iloc[0] == effects.yi[0]
    assert table.loc[table["level"] == "trial", "weight"].tolist() == [1.0]
    assert "between-trial variance" not in set(table["quantity"])
    assert "between-trial variance" in set(traced().table["quantity"])


def test_a_pooled_effect_is_traced_as_it_was_pooled():
    pooled = ma.pool(EFFECTS, tau2_method="DL", ci_method="z")
    table = provenance(pooled).table
    assert_every_number_follows(table)
    assert table["value"].iloc[0] == pooled.estimate != ma.pool(EFFECTS).estimate


def test_what_cannot_be_traced():
    with pytest.raises(ValueError, match="'nobody1999' is no trial of these effect sizes"):
        provenance(EFFECTS, "nobody1999")
    with pytest.raises(TypeError, match="no effect sizes to trace"):
        provenance(ma.pool(EFFECTS.yi, EFFECTS.vi))
    with pytest.raises(ValueError, match="no trial to trace"):
        provenance(EFFECTS.where(therapy="Nothing"))
    with pytest.raises(ValueError, match="the rows of chow2006 are missing"):
        provenance(replace(EFFECTS, rows=EFFECTS.rows[EFFECTS.rows["study"] != "chow2006"]))


@settings(max_examples=5)
@given(st.data())
def test_any_small_table_can_be_traced(data):
    """Trials with whatever a paper may print: SDs, SEs or intervals, on any scale, one or two treatment arms."""
    value = st.floats(1, 9).map(lambda x: round(x, 2))
    rows = []
    for at in range(data.draw(st.integers(2, 4))):
        top, kind = data.draw(st.sampled_from([10, 100])), data.draw(st.sampled_from(["sd", "se", "ci"]))
        design = data.draw(st.sampled_from(["parallel", "crossover"]))
        arms = ["placebo", "treatment"] + ["treatment"] * (design == "parallel" and data.draw(st.booleans()))
        for number, arm in enumerate(arms):
            mean = data.draw(value) * top / 10
            row = dict(study=f"t{at}", author="A", year=2000 + at, therapy="TENS", therapy_family="Electrical")
            row |= dict(condition_group="Other", design=design, scale=f"VAS {top}", scale_min=0, scale_max=top)
            row |= dict(primary="yes", arm=arm, arm_label=str(number), n=20, source="s", final_mean=mean, ci_level=95)
            spread = {"final_sd": top / 50} if kind == "sd" else {"final_se": top / 100}
            if kind == "ci":
                spread = {"final_ci_low": mean - top / 50, "final_ci_high": mean + top / 50}
            rows.append(row | spread)
    effects = ma.effect_sizes(as_read(rows))
    table = provenance(effects).table
    assert_every_number_follows(table)
    np.testing.assert_allclose(table.loc[table["level"] == "trial", "value"], effects.yi, rtol=0, atol=1e-12)


def test_judgements_and_facts_stand_below_the_numbers_of_their_trial():
    judged, facts = ma.read_risk_of_bias(DATA / "risk_of_bias.csv"), ma.read_bias_facts(DATA / "facts_on_bias.csv")
    found = provenance(EFFECTS, "irnich2001", risk_of_bias=judged, facts=facts)
    lines = [line.strip("│├└─ ") for line in found.tree().splitlines()]
    assert "PEDro, total: 7 (PEDro database (score confirmed))" in lines
    checks = facts[(facts["study"] == "irnich2001") & (facts["item"] == "blinding check")]
    assert f"blinding check: {checks['finding'].iloc[0]}" in lines
    leaves = found.table[found.table["level"].isin(["judgement", "fact"])]
    assert (leaves["level"] == "fact").sum() == (facts["study"] == "irnich2001").sum()
    assert set(leaves["study"]) == {"irnich2001"}
    assert facts.loc[leaves["row"].iloc[-1], "finding"] == leaves["rule"].iloc[-1]
    rest = found.table[~found.table["level"].isin(["judgement", "fact"])]
    assert rest["value"].tolist() == pytest.approx(traced("irnich2001").table["value"].tolist(), nan_ok=True)
    with pytest.raises(ValueError, match="facts has no column finding; pass the table that read_bias_facts returns"):
        provenance(EFFECTS, facts=facts.drop(columns="finding"))
