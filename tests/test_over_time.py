"""Placebo and treatment arms over weeks: the model by matrix algebra, what is left out, another outcome, the figure."""

import re

import numpy as np
import pandas as pd
import pytest
from data_cases import as_read, published_effects, published_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from plot_cases import artist

import analysis as ma

ROLES = {"placebo": "change_placebo", "treatment": "change_treatment", "contrast": "yi"}


@pytest.fixture(scope="module")
def found():
    return ma.pool_over_time(published_trials())


def table_of(seed=1, trials=6, fading=0.0, flip=1.0, outcome="walking", benefit="higher"):
    """Trials of another outcome, on 0 to 100, measured at two weeks each, some with a late one."""
    rng, rows = np.random.default_rng(seed), []
    for i in range(trials):
        for week in (2.0, 6.0, 26.0)[: 2 + i % 2]:
            for arm, mean in (("placebo", 5.0), ("treatment", 15.0 - fading * week)):
                change = flip * (mean + rng.normal(0, 1.0))
                rows.append(
                    {"study": f"t{i}", "arm": arm, "n": 40, "scale": "walk", "scale_min": 0, "scale_max": 100}
                    | {"week": week, "timepoint": "follow-up", "primary": "yes" if week == 2 else "no"}
                    | {"baseline_mean": 50.0, "change_mean": change, "change_sd": 12.0}
                )
    table = as_read(rows)
    table.attrs |= {"outcome_name": outcome, "benefit": benefit}
    return table


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("correlation", [0.2, 0.5])
def test_lines_are_generalised_least_squares_at_the_variances_found(role, correlation):
    fit = getattr(ma.pool_over_time(published_trials(), correlation=correlation, ci_method="z"), role)
    table = published_effects(times="all").table
    table = table[table["change_placebo"].notna() & table["week"].notna()]
    y = table[ROLES[role]].to_numpy(float)
    v = table["vi" if role == "contrast" else f"{ROLES[role]}_vi"].to_numpy(float)
    alike = table["study"].to_numpy()[:, None] == table["study"].to_numpy()
    sampling = np.where(alike, correlation, 0.0) * np.sqrt(np.outer(v, v))
    np.fill_diagonal(sampling, v)
    x = np.column_stack([np.ones(len(y)), table["week"]])

    def solved(between, within):
        whole = sampling + between * alike + within * np.eye(len(y))
        inverse = np.linalg.inv(whole)
        covariance = np.linalg.inv(x.T @ inverse @ x)
        beta = covariance @ x.T @ inverse @ y
        left = y - x @ beta
        restricted = np.linalg.slogdet(whole)[1] - np.linalg.slogdet(covariance)[1] + left @ inverse @ left
        return beta, np.sqrt(np.diag(covariance)), -0.5 * restricted

    beta, se, top = solved(*fit.sigma2)
    np.testing.assert_allclose(fit.params, beta, rtol=1e-7)
    np.testing.assert_allclose(fit.bse, se, rtol=1e-7)
    between, within = fit.sigma2
    others = [(between * a, within + b) for a in (0.9, 1.1) for b in (0.0, 0.05)]
    assert all(solved(*other)[2] < top for other in others)


def test_who_takes_part_is_told(found):
    assert (found.trials, found.k, found.repeated) == (35, 42, 7)
    reasons = dict(found.left_out)
    assert reasons["Shin 2015, follow-up"] == "no week" and reasons["Khoromi 2007"] == "baseline not reported"
    assert found.k + len(found.left_out) == len(published_effects(times="all"))
    assert len(found.points) == 42 and found.points["week"].notna().all()
    assert found.to_frame().set_index("role").loc["contrast", "estimate"] == found.contrast.params["week"]


def test_it_is_said_whether_the_difference_lasts(found):
    said = ma.findings(found)
    assert "Difference: 0.016 points (95% CI −0.078 to 0.110; p = 0.65) a week." in said
    assert "at week 29: compatible with no change over time." in said
    slopes = re.findall(r"(\S+) points \(95% CI (\S+) to ([^;]+); p[^)]*\) a week", said)
    assert {len(number.partition(".")[2]) for slope in slopes for number in slope} == {3} and len(slopes) == 3
    fading = ma.pool_over_time(table_of(fading=0.3))
    assert fading.contrast.params["week"] == pytest.approx(-0.03, abs=0.01)
    assert "so it changes over time" in ma.findings(fading)


def test_of_another_outcome_where_more_is_better():
    found = ma.pool_over_time(table_of())
    assert found.contrast.params["Intercept"] == pytest.approx(1.0, abs=0.15) and found.effects.benefit == "higher"
    assert ma.findings(found).startswith("Change in walking over weeks, 15 measurements of 6 trials")
    figure = ma.time_plot(found)
    assert figure.content.title == "Change in walking over weeks, by arm"
    assert "pain" not in figure.content.alt_text


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(-3, 3))
def test_of_any_trials(seed, shift):
    table = table_of(seed)
    ours = ma.pool_over_time(table)
    mirrored = ma.pool_over_time(table_of(seed, flip=-1.0, benefit="lower"))
    for role in ROLES:
        np.testing.assert_allclose(getattr(mirrored, role).params, -getattr(ours, role).params, rtol=1e-5, atol=1e-7)
    # A later zero moves the intercept along the line, and no slope.
    later = ma.pool_over_time(table.assign(week=table["week"] + 10.0 + shift))
    np.testing.assert_allclose(later.contrast.params["week"], ours.contrast.params["week"], rtol=1e-4, atol=1e-7)
    moved = ours.contrast.params["Intercept"] - (10.0 + shift) * ours.contrast.params["week"]
    np.testing.assert_allclose(later.contrast.params["Intercept"], moved, rtol=1e-4, atol=1e-6)
    at = ours.predict([6.0]).set_index("role")["estimate"]
    plain = {role: fit.params["Intercept"] + 6.0 * fit.params["week"] for role in ROLES if (fit := getattr(ours, role))}
    assert at.to_dict() == pytest.approx(plain)


def test_the_figure_holds_every_point_and_both_lines(found):
    figure = ma.time_plot(found)
    drawn = figure.content.table
    points = drawn[drawn["kind"] == "trial"]
    assert points["arm"].value_counts().to_dict() == {"placebo": 42, "treatment": 42}
    assert points.groupby("arm")["weight"].sum().tolist() == pytest.approx([1.0, 1.0])
    for arm in ("placebo", "treatment"):
        mean = artist(figure, f"time-{arm}-mean").get_segments()[0]
        fitted = getattr(found, arm).predict({"week": mean[:, 0]})["estimate"]
        np.testing.assert_allclose(mean[:, 1], fitted, rtol=1e-9)
        joined = artist(figure, f"time-{arm}-trials").get_segments()
        assert len(joined) == 7 and sum(map(len, joined)) == 14
    assert "Difference, treatment minus placebo, per week: 0.016 points (95% CI" in figure.content.caption
    assert "compatible with no change over time" in figure.content.alt_text
    wide = ma.time_plot(found, width_mm=85)
    assert wide.content.table.shape == figure.content.table.shape


def test_what_cannot_be_fitted_is_refused():
    trials = published_trials()
    with pytest.raises(ValueError, match="these effects have times='primary'; give effect_sizes"):
        ma.pool_over_time(published_effects())
    with pytest.raises(ValueError, match="multi_arm='split'"):
        ma.pool_over_time(published_effects(times="all", multi_arm="split"))
    with pytest.raises(ValueError, match="at several weeks: 0; whether it lasts needs two or more"):
        ma.pool_over_time(trials[trials["primary"] == "yes"])
    with pytest.raises(ValueError, match="correlation=1.0"):
        ma.pool_over_time(trials, correlation=1.0)
    with pytest.raises(TypeError, match="time_plot"):
        ma.time_plot(pd.DataFrame({"yi": [1.0]}))
