"""Numbers at the ends of what a double holds: equivariant results or words, never a foreign exception or a warning."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis.evidence.worthwhile import Threshold

CLUSTERS, GROUPS = ["a", "a", "b", "c", "d", "d", "e"], list("ppqqqpq")
UNKNOWN = np.nan


def numbers(result):
    """All numbers of a result or a table, in one array."""
    table = result if isinstance(result, pd.DataFrame) else result.to_frame()
    return table.select_dtypes("number").to_numpy(float).ravel()


def frame(yi, vi):
    weeks = np.array([1.0, 4, 2, 9, 3, 7, 5])[: len(yi)]
    return pd.DataFrame({"yi": yi, "vi": vi, "weeks": weeks})


def multilevel(yi, vi, **more):
    return ma.pool_multilevel(frame(yi, vi), cluster=CLUSTERS[: len(yi)], **more)


def bayes(yi, vi):
    scale = np.sqrt(np.median(vi)) if isinstance(vi, np.ndarray) else 1.0
    return ma.pool_bayes(yi, vi, tau_prior=ma.HalfNormal(float(scale)))


def both(yi, vi):
    return ma.pool_bivariate(np.column_stack([yi, yi[::-1]]), np.column_stack([vi, vi[::-1]]))


MODELS = {
    "pool": ma.pool,
    "profile": lambda yi, vi: ma.pool(yi, vi, tau2_ci_method="profile likelihood"),
    "Jackson": lambda yi, vi: ma.pool(yi, vi, tau2_ci_method="Jackson"),
    "pool_batch": lambda yi, vi: pd.DataFrame(ma.pool_batch([yi], [vi])._asdict()),
    "pool_subgroups": lambda yi, vi: ma.pool_subgroups(yi, GROUPS[: len(yi)], vi=vi),
    "meta_regression": lambda yi, vi: ma.meta_regression("yi ~ weeks", frame(yi, vi)),
    "leave_one_out": ma.leave_one_out,
    "cumulative": ma.cumulative,
    "pool_multilevel": multilevel,
    "pool_multilevel, model-based": lambda yi, vi: multilevel(yi, vi, ci_method="t"),
    "pool_multilevel, moderators": lambda yi, vi: multilevel(yi, vi, mods="~ weeks"),
    "pool_bayes": bayes,
    "pool_bivariate": both,
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@each_model
@settings(max_examples=3)
@example([22, 0, 3, 26, 1, 2, 4], [3, 3, 1, 2, 1, 1, 2], 6)
@given(
    st.lists(st.integers(-40, 40), min_size=7, max_size=7, unique=True),
    st.lists(st.integers(1, 30), min_size=7, max_size=7),
    st.integers(-80, 80),
)
def test_a_unit_changes_nothing_but_the_unit(model, yi, vi, power):
    """Each number is that of the other unit times the unit or its square, or is the same in both."""
    yi, vi, unit = np.array(yi) / 10.0, np.array(vi) / 20.0, 2.0**power
    one, other = numbers(model(yi, vi)), numbers(model(yi * unit, vi * unit**2))
    assert one.shape == other.shape
    with np.errstate(invalid="ignore", divide="ignore"):
        near = [np.abs(other - one * unit**n) <= 1e-8 * np.abs(one * unit**n) for n in (0, 1, 2)]
    # A log-likelihood moves by a multiple of the logarithm of the unit; of a shift of nearly 0 only rounding is left.
    logs = np.abs(other - one) / max(abs(power), 1) / np.log(2.0)
    near += [np.abs(logs - np.round(2 * logs) / 2) < 1e-8, np.abs(one) + np.abs(other) / unit < 1e-9]
    assert (np.any(near, axis=0) | (one == other) | (np.isnan(one) & np.isnan(other))).all()


HOSTILE = st.sampled_from(
    [
        *(sign * x for sign in (1, -1) for x in (1, 0.0, 1e-320, 1e-59, 1e-16, 1e16, 1e59, 1e150, 1e300, 10**400)),
        *(np.inf, UNKNOWN, None, pd.NA, True, "2", b"2", 1 + 0j, Decimal("0.1"), Decimal("1e500"), Decimal("NaN")),
        *(Fraction(1, 3), Fraction(10**400, 3), np.float16(2), np.longdouble("1e400"), np.datetime64("2001-01-01")),
    ]
)
ORDINARY = st.floats(0.01, 9).map(lambda x: round(x, 2))


@each_model
@settings(max_examples=12)
@given(st.data(), st.integers(1, 7))
def test_no_number_leads_to_a_foreign_exception_or_a_warning(model, data, k):
    one = st.one_of(ORDINARY, ORDINARY, HOSTILE)
    yi, vi = (data.draw(st.lists(one, min_size=k, max_size=k)) for _ in range(2))
    try:
        model(yi, vi)
    except (ValueError, TypeError) as error:
        trace = error.__traceback__
        while trace.tb_next is not None:
            trace = trace.tb_next
        assert "analysis" in trace.tb_frame.f_code.co_filename.replace("tests", ""), error


@pytest.mark.parametrize("model", ["profile", "pool_multilevel", "pool_bayes", "pool_bivariate"])
def test_likelihoods_refuse_what_is_lost_in_rounding(model):
    yi, vi = np.array([1.0, 2, 4, 3, 5, 0, 2]), np.ones(7)
    vi[2] = 1e-14
    numbers(MODELS[model](yi, vi))
    vi[2] = 1e-15
    with pytest.raises(ValueError, match="vi = 1e-15, and .* over 1e.14 times as large; correct the standard error"):
        MODELS[model](yi, vi)
    with pytest.raises(ValueError, match="vi = 1e-20, whose root is less than 1e-10 of the effect of .* = 5.0"):
        MODELS[model](yi, np.full(7, 1e-20))


def test_one_study_has_no_interval_of_tau2():
    alone = ma.pool([1.0], [0.1], tau2_ci_method="profile likelihood")
    assert np.isnan(alone.tau2_ci).all() and not alone.tau2_ci_empty


def test_an_empty_interval_of_tau2_is_called_empty():
    # Q is chi-square on 2 df without heterogeneity: below 0.0506 in one case of 40.
    for shift, empty in ((0.224, True), (0.226, False)):
        fit = ma.pool([0.0, 0.0, shift], [2 / 3 * 0.9925] * 3)
        assert (fit.q < 0.05064) is empty and fit.tau2_ci_empty is empty
        assert (fit.tau2_ci == (0, 0)) is empty
    table = pd.DataFrame({"yi": [1.0, 2.0, 3.001, 4.0], "vi": 1.0, "weeks": [1, 2, 3, 4]})
    assert ma.meta_regression("yi ~ weeks", table).tau2_ci_empty
    assert not ma.meta_regression("yi ~ weeks", table.assign(yi=[1.0, 4, 3, 4])).tau2_ci_empty
    assert not ma.pool([0.0, 0.0], [1.0, 1.0], tau2_method="CE").tau2_ci_empty


def test_an_interval_that_collapsed_gives_no_certainty():
    one = Threshold(1.0, "between-group", "points", "a source", 2020)
    for effects, collapsed in (([-2.0] * 3, True), ([-2.0, -2.0, -2.0001], True), ([-2.0, -2.0, -2.01], False)):
        fit = ma.pool(effects, [0.1] * 3, ci_method="HKSJ", benefit="lower")
        assert fit.collapsed is collapsed
        assert not ma.pool(effects, [0.1] * 3, ci_method="z").collapsed
        plain = ma.pool(effects, [0.1] * 3, ci_method="z", benefit="lower")
        share, normal = ma.share_beyond(fit, one), ma.share_beyond(plain, one)
        assert np.isnan(share.share) and np.isnan(normal.share) and "the interval of tau is empty" in share.reason
        assert share.mean_beyond < 1 and (share.mean_beyond == normal.mean_beyond) is collapsed
    apart = ma.share_beyond(ma.pool([-2.3, -2.0, -1.7], [0.1] * 3, ci_method="HKSJ", benefit="lower"), one)
    assert apart.share == 1 and apart.reason == ""
    assert ma.predictive_density(ma.pool([-2.0] * 3, [0.1] * 3)).empty
