"""Placebo arms, treatment arms and contrast: the same numbers as one-by-one fits, in the right company."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from data_cases import TRIALS, published_effects, published_trials

import analysis as ma
from analysis.evidence.contextual import contextual_share
from analysis.models.bivariate import pool_bivariate

ROLES = {
    "placebo": ("change_placebo", "change_placebo_vi"),
    "treatment": ("change_treatment", "change_treatment_vi"),
    "contrast": ("yi", "vi"),
}


@pytest.fixture(scope="module")
def effects():
    return published_effects()


@pytest.fixture(scope="module")
def arms(effects):
    return ma.pool_arms(effects, by="therapy_family")


@pytest.mark.parametrize("role", ROLES)
def test_equals_one_by_one_pooling(effects, arms, role):
    for name, group in [*arms.groups.items(), ("all", arms)]:
        table = effects.table if name == "all" else effects.table[effects.table["therapy_family"] == name]
        table = table.dropna(subset=list(ROLES[role]))
        alone, together = ma.pool(*(table[c].to_numpy() for c in ROLES[role])), getattr(group, role)
        assert together.k == alone.k == len(table)
        assert together.labels == tuple(table["label"])
        for field in ("estimate", "se", "tau2", "pvalue", "q"):
            assert getattr(together, field) == pytest.approx(getattr(alone, field), rel=1e-10)
        for field in ("ci", "pi", "tau2_ci"):
            assert getattr(together, field) == pytest.approx(getattr(alone, field), rel=1e-9)


def test_contrast_of_a_trial_is_the_difference_of_its_changes(effects):
    table = effects.table[effects.table["outcome"] == "change"]
    np.testing.assert_allclose(table["yi"], table["change_treatment"] - table["change_placebo"], atol=1e-12)


def test_trials_without_a_baseline_count_in_the_contrast_only(arms):
    assert arms.contrast.k == 44
    assert arms.placebo.k == arms.treatment.k == 36
    assert "Khoromi 2007" in arms.contrast.labels and "Khoromi 2007" not in arms.placebo.labels


def test_groups_follow_the_data_dictionary_and_lose_nobody(effects, arms):
    assert list(arms.groups) == ["Light", "Magnetic field", "Electrical", "Mechanical", "Needle"]
    labels = [label for group in arms.groups.values() for label in group.contrast.labels]
    assert sorted(labels) == sorted(effects.labels)


def test_a_blank_makes_a_group_of_its_own(effects):
    by_type = ma.pool_arms(effects, by="pain_type")
    assert list(by_type.groups) == ["chronic", "acute", "recurrent", "not stated"]
    assert sum(group.contrast.k for group in by_type.groups.values()) == len(effects)
    assert by_type.groups["not stated"].effects.table["pain_type"].isna().all()


def test_arms_are_none_where_nobody_reports_a_baseline(effects):
    group = ma.pool_arms(effects.where(study=["khoromi2007", "wang2009"]))
    assert group.placebo is None and group.treatment is None and group.contrast.k == 2
    assert group.to_frame()["role"].tolist() == ["contrast"]
    assert "baseline not reported" in group.summary()


def test_to_frame_has_every_number(arms):
    frame = arms.to_frame()
    assert frame.groupby("group", sort=False).size().tolist() == [3] * 6
    row = frame[(frame["group"] == "Light") & (frame["role"] == "placebo")].iloc[0]
    assert row["estimate"] == arms.groups["Light"].placebo.estimate
    assert row["ci_low"] == arms.groups["Light"].placebo.ci.low


def test_methods_reach_the_engine(effects):
    wald = ma.pool_arms(effects, tau2_method="DL", ci_method="z", confidence_level=0.9)
    assert (wald.contrast.tau2_method, wald.contrast.ci_method, wald.placebo.confidence_level) == ("DL", "z", 0.9)


def test_bad_requests_are_named(effects):
    with pytest.raises(ValueError, match="by='family' is not a column to group by"):
        ma.pool_arms(effects, by="family")
    with pytest.raises(ValueError, match="no trial to pool"):
        ma.pool_arms(effects.where(therapy="Moxibustion"))


def test_week_bands_come_in_order_of_time(effects):
    arms = ma.pool_arms(effects, by="week_band")
    assert list(arms.groups) == ["single session", "up to 4 weeks", "over 4 to 12 weeks", "over 12 weeks", "not stated"]
    assert sum(group.contrast.k for group in arms.groups.values()) == len(effects)


def test_both_arms_together_are_the_bivariate_fit(effects, arms):
    for group in (arms, *arms.groups.values()):
        table = group.effects.table
        table = table[table["change_placebo"].notna()]
        y, v = (table[[f"change_{arm}{end}" for arm in ("placebo", "treatment")]].to_numpy() for end in ("", "_vi"))
        paired = np.where(table["design"] == "crossover", 0.5 * np.sqrt(v.prod(axis=1)), 0.0)
        fit = pool_bivariate(y, v, vcov=paired)
        assert group.joint.k == len(table)
        assert group.joint.estimates == pytest.approx(fit.estimates, rel=1e-9)
        assert group.joint.between == pytest.approx(fit.between, rel=1e-6)
        assert tuple(group.joint.difference.ci) == pytest.approx(tuple(fit.difference.ci), rel=1e-9)


def test_the_difference_of_the_joint_fit_is_the_difference_of_its_means(arms):
    joint = arms.joint
    assert joint.difference.estimate == pytest.approx(joint.second.estimate - joint.first.estimate, abs=1e-12)
    variance = joint.vcov[0, 0] + joint.vcov[1, 1] - 2 * joint.vcov[0, 1]
    assert joint.difference.se == pytest.approx(np.sqrt(variance), rel=1e-12)
    assert "true changes correlate 0.69 between trials" in arms.summary()


def test_too_few_trials_have_no_joint_fit(effects):
    pair = ma.pool_arms(effects.where(study=["gale2006", "shin2015"]))
    assert pair.joint is None and "together" not in pair.summary()
    assert "fewer than three trials" in pair.contextual_share.reason


def test_the_contextual_share_uses_the_methods_of_the_arms(effects):
    arms = ma.pool_arms(effects, tau2_method="DL", ci_method="z", confidence_level=0.9)
    share = arms.contextual_share
    again = contextual_share(effects, tau2_method="DL", ci_method="z", confidence_level=0.9, n_bootstrap=0)
    assert share.log_ratio.ci == again.log_ratio.ci and share.confidence_level == 0.9
    assert (share.share, *share.ci) == pytest.approx((again.share, *again.ci), rel=1e-9)
    assert arms.contextual_share is share


def test_changes_within_arms_are_not_called_differences(arms):
    for group in (arms, *arms.groups.values()):
        assert [getattr(group, role).measure for role in ROLES] == ["MC", "MC", "MD"]
    assert "of mean changes, treatment, 36 trials" in arms.treatment.summary()
    assert "of mean differences, treatment minus placebo, 44 trials" in arms.contrast.summary()


def test_effects_without_changes_are_refused(effects):
    bare = replace(effects, table=effects.table[["study", "label", "yi", "vi"]])
    with pytest.raises(ValueError, match="pool_arms needs the changes within the arms, .*; pass effect_sizes"):
        ma.pool_arms(bare)


def test_text_kept_by_pyarrow_changes_nothing(effects):
    pytest.importorskip("pyarrow")
    with pd.option_context("mode.string_storage", "pyarrow"):
        trials = ma.read_trials(TRIALS)
        drawn = ma.arms_forest(ma.pool_arms(ma.effect_sizes(trials))).content
        found = ma.audit_trials(trials)
    expected = ma.arms_forest(ma.pool_arms(effects)).content
    assert (drawn.caption, drawn.alt_text) == (expected.caption, expected.alt_text)
    pd.testing.assert_frame_equal(drawn.table, expected.table, check_dtype=False, check_column_type=False)
    pd.testing.assert_frame_equal(
        found, ma.audit_trials(published_trials()), check_dtype=False, check_column_type=False
    )


def foreign(**treated):
    """Arms of three trials; of "A" one treatment arm for each number of its people."""
    same = {"scale_min": 0, "scale_max": 10, "week": 4, "primary": "yes", "baseline_mean": 6.0, "change_sd": 1.5}
    arms = [("A", "treatment", label, n, -3.0) for label, n in treated.items()]
    arms += [("A", "placebo", "", 28, -1.0), ("B", "treatment", "x", 30, -2.0), ("B", "placebo", "", 28, -0.5)]
    arms += [("C", "treatment", "x", 20, -2.0), ("C", "placebo", "", 24, -1.5)]
    rows = [dict(zip(("study", "arm", "arm_label", "n", "change_mean"), arm, strict=True)) | same for arm in arms]
    return ma.read_trials(pd.DataFrame(rows).assign(final_mean=lambda t: 6.0 + t["change_mean"]))


def test_a_placebo_arm_that_is_shared_enters_its_pool_once_and_whole():
    split = ma.effect_sizes(foreign(low=30, mid=31, high=32), multi_arm="split")
    with pytest.warns(ma.RepeatedStudyWarning, match="A: several rows .* ignores the correlation that is left"):
        arms, alone = ma.pool_arms(split), ma.pool_arms(foreign(low=30))
    assert arms.placebo.k == 3 and arms.treatment.k == arms.contrast.k == 5
    for name in ("estimate", "se", "tau2", "q"):
        np.testing.assert_allclose(getattr(arms.placebo, name), getattr(alone.placebo, name), rtol=1e-12)
    np.testing.assert_allclose(arms.placebo.vi, alone.placebo.vi, rtol=1e-12)
    with pytest.warns(ma.RepeatedStudyWarning):
        pooled = ma.pool(split)
    assert (pooled.k, pooled.trials) == (5, 3)
    assert ma.pool([1.0, 2.0], [0.1, 0.2]).trials == 2
    assert (arms.placebo.trials, arms.contrast.trials) == (3, 3)
    for text in (pooled.summary(), ma.arms_forest(arms).content.caption, arms.summary(), arms.findings()):
        assert "5 effects of 3 trials" in text
    assert "; 3 trials)" in ma.arms_forest(arms).content.caption and "5 trials" not in arms.summary()
