"""Simulated meta-analyses: drawn as is said, judged as published, and the same on any number of workers."""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import analysis as ma
from analysis.models import blocks, pooling, simulation
from analysis.models.simulation import Design, draw

COUNTS = pd.DataFrame({"study": list("ABCD"), "events_t": [4, 6, 9, 3], "n_t": 40, "events_p": [9, 11, 12, 8]})
ODDS = ma.effect_sizes(COUNTS.assign(n_p=41), measure="OR", benefit="lower")
VI = np.array([0.04, 0.09, 0.2, 0.5])


def row(**given):
    """The only row of a simulation."""
    found = ma.simulate(**given).table
    assert len(found) == 1
    return found.iloc[0]


# Friedrich, Adhikari & Beyene 2008, BMC Med Res Methodol 8:32, doi 10.1186/1471-2288-8-32, columns MD of tables 5 (10
# and 10 people) and 7 (14 and 6): percent covered and power, tau 0 and half an SD, 10,000 meta-analyses by DL.
PUBLISHED = [
    ([10, 10], 0.2, 5, (95, 90), (15, 15)),
    ([10, 10], 0.2, 10, (95, 92), (27, 19)),
    ([10, 10], 0.2, 30, (94, 94), (66, 38)),
    ([10, 10], 0.5, 5, (95, 90), (64, 43)),
    ([10, 10], 0.5, 10, (95, 92), (91, 66)),
    ([14, 6], 0.5, 5, (94, 90), (57, 41)),
    ([14, 6], 0.5, 10, (94, 92), (86, 62)),
    ([14, 6], 0.8, 5, (94, 90), (91, 71)),
]


@pytest.mark.parametrize(("people", "mean", "k", "coverage", "power"), PUBLISHED)
def test_coverage_and_power_are_those_of_a_published_simulation(people, mean, k, coverage, power):
    found = ma.simulate([people], k, sd=1.0, mean=mean, tau2=[0.0, 0.25], tau2_method="DL", ci_method="z").table
    # Rounded there; four Monte-Carlo standard errors of the difference of two simulations.
    for name, printed in (("coverage", coverage), ("power", power)):
        room = 0.5 + 4 * np.sqrt(2) * 100 * found[f"{name}_mcse"]
        assert (np.abs(100 * found[name] - np.array(printed)) < room).all(), name


@pytest.mark.parametrize("mean", [0.0, 0.3])
def test_a_common_effect_is_as_theory_has_it(mean):
    found = row(studies=VI, mean=mean, tau2_method="CE", ci_method="z", n_simulations=40_000)
    se = (1.0 / VI).sum() ** -0.5
    z = stats.norm.isf(0.025)
    want = {"bias": 0.0, "empirical_se": se, "mse": se**2, "coverage": 0.95, "tau2_bias": 0.0}
    want |= {"power": stats.norm.sf(z - mean / se) + stats.norm.cdf(-z - mean / se)}
    for name, value in want.items():
        assert found[name] == pytest.approx(value, abs=4 * found[f"{name}_mcse"]), name
    assert found["model_se"] == pytest.approx(se) and found["width"] == pytest.approx(2 * z * se)
    assert found["failed"] == 0


def test_performance_is_that_of_the_meta_analyses_one_by_one():
    """Morris, White & Crowther 2019, table 6, written out on the draws that `also` is shown."""
    shown = []
    keep = lambda yi, vi, fits: shown.append((yi, vi)) or {"q": fits["PM", "t"].q, "odd": np.full(len(yi), np.nan)}  # noqa: E731
    found = ma.simulate(VI, mean=0.2, tau2=0.1, tau2_method="PM", ci_method="t", n_simulations=150, also=keep)
    ((yi, vi),) = shown
    fits = [ma.pool(y, v, tau2_method="PM", ci_method="t") for y, v in zip(yi, vi, strict=True)]
    n, error = 150, np.array([fit.estimate - 0.2 for fit in fits])
    variance, width = np.array([fit.se**2 for fit in fits]), np.array([np.diff(fit.ci)[0] for fit in fits])
    held = np.mean([fit.ci.low <= 0.2 <= fit.ci.high for fit in fits])
    power = np.mean([fit.pvalue <= 0.05 for fit in fits])
    model = np.sqrt(variance.mean())
    want = {
        "bias": (error.mean(), np.sqrt(error.var(ddof=1) / n)),
        "empirical_se": (error.std(ddof=1), error.std(ddof=1) / np.sqrt(2 * (n - 1))),
        "model_se": (model, np.sqrt(variance.var(ddof=1) / (4 * n * model**2))),
        "mse": (np.mean(error**2), np.sqrt(((error**2 - np.mean(error**2)) ** 2).sum() / (n * (n - 1)))),
        "coverage": (held, np.sqrt(held * (1 - held) / n)),
        "width": (width.mean(), width.std(ddof=1) / np.sqrt(n)),
        "power": (power, np.sqrt(power * (1 - power) / n)),
        "tau2_bias": (np.mean([f.tau2 - 0.1 for f in fits]), np.std([f.tau2 for f in fits], ddof=1) / np.sqrt(n)),
        "failed": (0.0, 0.0),
    }
    table = found.to_frame()
    for name, (value, mcse) in want.items():
        assert table[name][0] == pytest.approx(value, rel=1e-9, abs=1e-12), name
        assert table[f"{name}_mcse"][0] == pytest.approx(mcse, rel=1e-9, abs=1e-12), name
    q, odd = found.also.itertuples(index=False)
    assert (q.name, q.value) == ("q", pytest.approx(np.mean([fit.q for fit in fits])))
    assert q.mcse == pytest.approx(np.std([fit.q for fit in fits], ddof=1) / np.sqrt(n))
    assert odd.name == "odd" and np.isnan(odd.value) and np.isnan(odd.mcse)


# --- what is drawn


def test_variances_are_estimated_from_people_or_known():
    people = np.array([[10.0, 30.0], [50.0, 8.0]])
    design = Design(people, 2, False, mean=1.0, sd=3.0, estimated=True)
    y, v = draw(design, 0.5, 40_000, np.random.default_rng(1))
    known = 9.0 * (1.0 / people).sum(axis=1)
    # The variance of an estimated variance is that of the chi-square distributions.
    spread = np.sqrt((2.0 * (9.0 / people) ** 2 / (people - 1.0)).sum(axis=1))
    assert v.mean(axis=0) == pytest.approx(known, rel=0.01) and v.std(axis=0) == pytest.approx(spread, rel=0.02)
    assert y.var(axis=0) == pytest.approx(known + 0.5, rel=0.03) and y.mean(axis=0) == pytest.approx(1.0, abs=0.05)
    assert draw(design._replace(estimated=False), 0.5, 3, np.random.default_rng(1))[1][2] == pytest.approx(known)


def test_skewed_effects_have_the_mean_and_variance_of_normal_ones():
    y, _ = draw(Design(np.full(2, 1e-9), 2, False, skewed=True), 4.0, 40_000, np.random.default_rng(1))
    assert (y.mean(), y.var(), stats.skew(y, axis=None)) == pytest.approx((0.0, 4.0, 2**0.5), abs=0.08)


def test_studies_are_drawn_where_there_is_a_number_of_them_and_else_each_is_there_once():
    seen = []
    keep = lambda yi, vi, fits: seen.append(vi) or {}  # noqa: E731
    assert ma.simulate(VI, 3, n_simulations=50, also=keep).k == 3 and ma.simulate(VI, n_simulations=5, also=keep).k == 4
    assert set(seen[0].ravel()) == set(VI) and seen[0].shape == (50, 3) and (seen[1] == VI).all()


def share(low, high, mean, se):
    return stats.norm.cdf(high, mean, se) - stats.norm.cdf(low, mean, se)


@pytest.mark.parametrize(("alternative", "sign"), [("greater", 1.0), ("less", -1.0), ("two-sided", 1.0)])
def test_selection_by_steps_shifts_the_mean_as_theory_has_it(alternative, sign):
    """A single study: the mean of the weighted normal density, in closed form by the parts between steps."""
    mean, se, weights, steps = 0.2, np.sqrt(0.5), (1.0, 0.4, 0.1), (0.025, 0.5)
    found = row(
        **{"studies": [0.3], "tau2": 0.2, "mean": sign * mean, "n_simulations": 60_000, "ci_method": "z"},
        **{"selection": weights, "steps": [*steps, 1.0], "alternative": alternative},
    )
    far, near = np.sqrt(0.3) * stats.norm.isf(np.array(steps) / (2 if alternative == "two-sided" else 1))
    pairs = [(far, np.inf, weights[0]), (near, far, weights[1]), (-np.inf, near, weights[2])]
    if alternative == "two-sided":
        pairs = [*pairs[:2], *((-b, -a, w) for a, b, w in pairs[:2]), (-near, near, weights[2])]
    mass = sum(w * share(a, b, mean, se) for a, b, w in pairs)
    drawn = sum(w * se**2 * (stats.norm.pdf(a, mean, se) - stats.norm.pdf(b, mean, se)) for a, b, w in pairs) / mass
    assert abs(drawn) > 0.01
    assert found["bias"] == pytest.approx(sign * drawn, abs=4 * found["bias_mcse"])


@pytest.mark.parametrize("powers", [(0.6, 1.3), (1.5, 2.5), (1.2, 0.8)])
def test_selection_by_a_beta_density_shifts_the_mean_as_an_integral_has_it(powers):
    a, b = powers
    found = row(studies=[1.0], mean=0.5, selection=powers, kind="beta", n_simulations=40_000, ci_method="z")

    def density(y):
        p = np.clip(stats.norm.sf(y), 1e-5, 1 - 1e-5)
        return p ** (a - 1) * (1 - p) ** (b - 1) * stats.norm.pdf(y, 0.5)

    mass, moment = (integrate.quad(lambda y, i=i: y**i * density(y), -8, 9, limit=400)[0] for i in (0, 1))
    assert found["bias"] == pytest.approx(moment / mass - 0.5, abs=4 * found["bias_mcse"])


def test_a_fitted_selection_is_taken_as_it_is_and_only_significant_studies_can_be_published():
    model = ma.selection_model([0.9, 0.7, 0.62, 0.1, 0.2, 0.05], [0.09, 0.08, 0.06, 0.05, 0.07, 0.02], steps=0.05)
    found = ma.simulate(VI, selection=model, n_simulations=200)
    by_hand = ma.simulate(VI, selection=model.weights, steps=0.05, n_simulations=200)
    pd.testing.assert_frame_equal(found.table, by_hand.table)
    assert (found.kind, found.steps, found.alternative) == ("steps", (0.05,), "greater")
    assert "selected by p (steps)" in found.summary()
    y, v = draw(
        Design(VI, 4, False, selection=((1.0, 0.0), "steps", (0.025,), "less")), 0.1, 500, np.random.default_rng(1)
    )
    assert (y / np.sqrt(v) < -1.9599).all()


# --- any number of workers


def asked(**more):
    return {"studies": VI, "k": 5, "tau2": [0.0, 0.1], "ci_method": ["z", "HKSJ"], "n_simulations": 400} | more


def q_of(_yi, _vi, fits):
    return {"q": fits["REML", "z"].q}


@pytest.mark.parametrize("workers", [2, -1, "a pool"])
def test_the_numbers_are_the_same_to_the_last_bit(monkeypatch, workers):
    monkeypatch.setattr(simulation, "_BLOCK", 200)
    alone = ma.simulate(**asked(also=q_of))
    with ThreadPoolExecutor(2) as pool:
        found = ma.simulate(**asked(also=q_of), **({"client": pool} if workers == "a pool" else {"n_jobs": workers}))
    pd.testing.assert_frame_equal(found.table, alone.table, check_exact=True)
    pd.testing.assert_frame_equal(found.also, alone.also, check_exact=True)


def test_blocks_have_random_numbers_of_their_own_and_memory_is_that_of_a_block(monkeypatch):
    monkeypatch.setattr(simulation, "_BLOCK", 100)
    seen = []
    ma.simulate(VI, n_simulations=60, also=lambda yi, vi, fits: seen.append(yi) or {})
    assert [len(y) for y in seen] == [25, 25, 10] and len(np.unique(np.concatenate(seen))) == 240
    first, other = (ma.simulate(VI, n_simulations=60, seed=seed).table["bias"][0] for seen in [0] for seed in (0, 1))
    assert first != other and first == ma.simulate(VI, n_simulations=60).table["bias"][0]
    assert ma.simulate(VI, n_simulations=60, seed=[1, 2]).table["bias"][0] not in (first, other)


def test_a_tau2_has_the_same_numbers_beside_others_and_alone():
    both = ma.simulate(VI, tau2=[0.3, 0.1], n_simulations=100).table
    alone = ma.simulate(VI, tau2=0.1, n_simulations=100).table
    pd.testing.assert_frame_equal(both.iloc[[1]].reset_index(drop=True), alone, check_exact=True)


@settings(max_examples=40)
@given(st.lists(st.floats(-1e3, 1e3) | st.just(np.nan), max_size=30), st.integers(0, 30))
def test_parts_put_together_have_the_moments_of_the_whole(values, cut):
    parts = [simulation._moments(np.array(x, dtype=float)) for x in (values[:cut], values[cut:])]
    n, mean, squares = simulation._together(*parts)
    known = np.array([x for x in values if np.isfinite(x)])
    assert n == len(known)
    if len(known):
        assert (mean, squares) == pytest.approx((known.mean(), known.var() * n), rel=1e-9, abs=1e-6)


def test_progress_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(blocks, "_PATIENCE", -1.0)
    monkeypatch.setattr(simulation, "_BLOCK", 100)
    ma.simulate(VI, n_simulations=50, tau2=[0, 1])
    assert capsys.readouterr().err.endswith("\r100 of 100 meta-analyses\n")


# --- any estimator, any studies


def test_every_estimator_and_interval_is_judged_on_the_same_draws():
    methods = {"tau2_method": pooling.TAU2_METHODS, "ci_method": pooling.CI_METHODS}
    found = ma.simulate(VI, tau2=0.2, n_simulations=300, **methods)
    table = found.table.set_index(["tau2_method", "ci_method"])
    assert len(table) == len(pooling.TAU2_METHODS) * len(pooling.CI_METHODS)
    assert (table["bias"].groupby("tau2_method").nunique() == 1).all() and (table["failed"] == 0).all()
    wide = table["coverage"].unstack()
    assert (wide["HKSJ-wide"] >= wide[["z", "HKSJ"]].max(axis=1)).all() and (wide["HKSJ-mod"] >= wide["t"]).all()


@settings(max_examples=15)
@given(st.floats(-3, 3), st.integers(0, 1000))
def test_performance_does_not_hang_on_where_the_mean_is(mean, seed):
    here, there = (row(studies=VI, k=4, mean=x, tau2=0.1, n_simulations=50, seed=seed) for x in (0.0, mean))
    for name in ("bias", "mse", "coverage", "width", "tau2_bias"):
        assert here[name] == pytest.approx(there[name], abs=1e-9), name


def test_effects_of_any_measure_and_trials_with_their_people():
    for studies in (ODDS, ma.pool(ODDS), ODDS.table):
        found = ma.simulate(studies, mean=-0.5, n_simulations=100)
        assert (found.k, found.variances, found.sd) == (4, "known", None)
    assert found.to_frame().equals(ma.simulate(ODDS.table["vi"], mean=-0.5, n_simulations=100).table)
    assert ma.simulate(ODDS, n_simulations=10).measure == "OR" and "power" in found.summary()
    trials = published_effects()
    for studies in (trials, ma.pool(trials), trials.table):
        found = ma.simulate(studies, 10, sd=2.0, n_simulations=50)
        assert (found.k, found.variances) == (10, "estimated")
    people = trials.table[["n_treatment", "n_placebo"]].to_numpy()
    assert found.table.equals(ma.simulate(people, 10, sd=2.0, n_simulations=50).table)
    wide = pd.DataFrame(
        {"study": list("ABC"), "mean_t": [1.0, 2, 3], "sd_t": 1.0, "n_t": 20, "mean_p": 1.0, "sd_p": 1.0}
    )
    higher = ma.effect_sizes(wide.assign(n_p=25), measure="SMD", benefit="higher")
    assert ma.simulate(higher, sd=1.0, n_simulations=50).k == 3


def test_one_study_has_no_tau2_and_what_it_lacks_is_nan():
    found = row(studies=[0.1], n_simulations=50)
    assert np.isnan(found["tau2_bias"]) and np.isnan(found["tau2_bias_mcse"]) and 0.8 < found["coverage"] <= 1
    once = row(studies=[0.1], n_simulations=1)
    assert np.isnan(once["bias_mcse"]) and np.isnan(once["empirical_se"]) and np.isfinite(once["bias"])


def test_results_that_are_not_finite_are_counted(monkeypatch):
    engine = simulation.pool_batch

    def lame(yi, vi, **more):
        fit = engine(yi, vi, **more)
        return fit._replace(ci_low=np.where(np.arange(len(yi)) < 5, -np.inf, fit.ci_low))

    monkeypatch.setattr(simulation, "pool_batch", lame)
    found = ma.simulate(VI, n_simulations=50)
    assert found.table["failed"][0] == 0.1 and found.table["failed_mcse"][0] == pytest.approx(np.sqrt(0.09 / 50))
    assert np.isfinite(found.table["width"][0]) and "failed 10.0% (4.2)" in found.summary()


def test_it_is_told_in_words():
    said = ma.simulate([[20, 20], [60, 55]], 5, sd=2.0, tau2=[0.3, 0], n_simulations=2000, ci_method="z").summary()
    assert said.splitlines()[0].replace("\u202f", " ") == "Simulation of 2 000 meta-analyses of 5 studies"
    assert "τ² 0.3, REML, z  coverage 88.8% (0.7); bias 0.0085 (0.0074); width 1.244; rejects 11.2% (0.7)" in said
    assert said.splitlines()[-2].endswith("a mean of 0, normal true effects, estimated variances")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"k": 0}, "k=0 must be a whole number"),
        ({"n_simulations": 0}, "n_simulations=0 must be"),
        ({"mean": np.nan}, "mean=nan must be one finite number"),
        ({"tau2": -1}, "tau2=-1 must be one finite number of at least 0"),
        ({"tau2": ["x"]}, "tau2='x' must be"),
        ({"sd": 0}, "sd=0 must be above 0"),
        ({"variances": "estimated"}, "variances='estimated' needs the people of the studies; give sd="),
        ({"variances": "guessed"}, "variances='guessed' is not known"),
        ({"true_effects": "gamma"}, "true_effects='gamma' is not known"),
        ({"tau2_method": "X"}, "tau2_method='X'"),
        ({"ci_method": ["z", "X"]}, "ci_method='X'"),
        ({"confidence_level": 95}, "confidence_level=95"),
        ({"seed": -1}, "seed=-1 must be a whole number of at least 0, or several"),
        ({"seed": np.random.default_rng(1)}, "must be a whole number of at least 0"),
        ({"n_jobs": 0}, "n_jobs=0 must be"),
        ({"n_jobs": 2, "client": ThreadPoolExecutor(1)}, "n_jobs=2 is for this process"),
        ({"selection": [1, 0.5, 0.2]}, "must be 2 weights, one for each interval between 1 steps"),
        ({"selection": [0.0, 0.0]}, "must be finite numbers of at least 0, not all of them 0"),
        ({"selection": [1, -1]}, "must be finite numbers of at least 0"),
        ({"selection": [1, 0], "kind": "beta"}, "must be finite positive numbers"),
        ({"selection": [1], "kind": "beta"}, "must be 2 powers"),
        ({"selection": [1, 1], "kind": "beta", "alternative": "two-sided"}, "is for kind='steps'"),
        ({"selection": [1, 1], "kind": "x"}, "kind='x' is not known"),
        ({"selection": [1, 1], "steps": 2}, "must be p values between 0 and 1"),
        ({"also": lambda y, v, fits: {"x": y}}, r"also gave 'x' of the shape \(10, 4\); give one number for each"),
        ({"studies": [0.1, -0.1]}, "study 2: vi = -0.1"),
        ({"studies": [20.0, 1.0], "sd": 1.0}, "study 2, arm 1: n = 1, but must be at least 2"),
        ({"studies": np.ones((2, 3)), "sd": 1.0}, r"people have the shape \(2, 3\); give \(m,\)"),
        ({"studies": ODDS, "sd": 1.0}, "sd=1.0 is for people, but the table is of the measure OR; leave sd out"),
        ({"studies": ma.pool(VI, VI), "sd": 1.0}, "the result has no people of its studies"),
        ({"studies": ODDS.table[["yi", "vi"]], "sd": 1.0}, "has no columns n_treatment and n_placebo"),
    ],
)
def test_what_cannot_be_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        ma.simulate(**{"studies": VI, "n_simulations": 10} | given)


def test_a_selection_that_nothing_passes_is_refused(monkeypatch):
    monkeypatch.setattr(simulation, "_DRAWS", 3)
    with pytest.raises(ValueError, match="lets hardly any study through: .* of 40 were drawn 3 times"):
        ma.simulate(VI, selection=[1, 0], steps=1e-6, n_simulations=10)


# --- power


def d_of(n, d=0.3):
    """The variance of Cohen's d of two arms of n people, as the sources below have it."""
    return 2 / n + d**2 / (4 * n)


@pytest.mark.parametrize(
    ("n", "d", "k", "more", "printed", "source"),
    [
        (
            25,
            0.3,
            10,
            0.0,
            0.9155,
            "Harrer, Cuijpers, Furukawa & Ebert, Doing Meta-Analysis in R, power of fixed effects: 91%",
        ),
        (25, 0.3, 10, 0.67, 0.7327163, "the same, moderate heterogeneity"),
        (10, 0.3, 10, 0.0, 0.5594533, "metapower 0.2.2, README, fixed effects"),
        (20, 0.25, 50, 0.0, 0.999846, "metapower 0.1.0, README, example 1"),
        (20, 0.25, 30, 0.0, 0.990698, "metapower 0.2.0, README, fixed effects"),
    ],
)
def test_power_is_that_of_published_examples(n, d, k, more, printed, source):
    v = d_of(n, d)
    assert ma.power([v], d, k=k, tau2=more * v).power == pytest.approx(printed, abs=5e-5), source


def test_a_single_trial_is_that_of_a_textbook():
    """349 people for d = 0.3, 63 in each arm for 0.5 (Cohen 1992, doi 10.1037/0033-2909.112.1.155: 64 by t)."""
    found = ma.power([[25, 25]], 0.3, k=10, sd=1.0, tau2=0.0)
    assert np.ceil(found.required_people) == 349 and found.people == 500 and found.diversity == 0
    assert np.ceil(ma.power([[25, 25]], 0.5, sd=1.0, tau2=0.0).required_people / 2) == 63
    planned = ma.power([found.required_people / 2], 0.3, sd=1.0, tau2=0.0)
    assert planned.power == pytest.approx(0.8, abs=1e-6) and planned.further == 0
    assert planned.information == pytest.approx(planned.required_information)


@pytest.mark.parametrize("ci_method", ["z", "HKSJ"])
@pytest.mark.parametrize("vi", [[0.1] * 6, [0.04, 0.09, 0.2, 0.5, 0.1]])
def test_power_is_that_of_simulated_meta_analyses(ci_method, vi):
    """With tau2 = 0 known (the model of a common effect), and of Q with any tau2."""
    critical = stats.chi2.isf(0.05, len(vi) - 1)
    of_q = lambda y, v, fits: {"q": next(iter(fits.values())).q > critical}  # noqa: E731
    told = ma.simulate(vi, mean=0.35, tau2_method="CE", ci_method=ci_method, n_simulations=40_000).table.iloc[0]
    found = ma.power(vi, 0.35, tau2=0.0, ci_method=ci_method)
    assert found.power == pytest.approx(told["power"], abs=4 * told["power_mcse"])
    assert found.heterogeneity_power == pytest.approx(0.05, abs=1e-9)
    (q,) = ma.simulate(vi, tau2=0.15, n_simulations=20_000, also=of_q).also.itertuples()
    assert ma.power(vi, 0.35, tau2=0.15).heterogeneity_power == pytest.approx(q.value, abs=4 * q.mcse)


@pytest.mark.parametrize(("k", "away", "alpha"), [(2, 8.7, 0.0625), (2, 12.0, 0.001), (4, 20.0, 0.25), (6, 2.0, 0.05)])
def test_hksj_is_a_noncentral_t_where_scipy_has_none(k, away, alpha):
    """By an integral over the standard error, a scaled chi, where nct is NaN or wrong and where it is neither."""
    critical, chi = stats.t.isf(alpha / 2, k - 1), stats.chi(k - 1, scale=(k - 1) ** -0.5)

    def part(s):
        return chi.pdf(s) * (stats.norm.cdf(away - critical * s) + stats.norm.cdf(-away - critical * s))

    # Finer steps where the normal probability changes, at away / critical.
    ends = np.concatenate(
        [np.linspace(0.0, 2.0 * away / critical, 40), 2.0 * away / critical + np.linspace(0.1, 9.0, 40)]
    )
    want = sum(integrate.quad(part, *pair, epsabs=1e-13)[0] for pair in pairwise(ends))
    assert simulation._power(away, k, "HKSJ", alpha) == pytest.approx(want, abs=1e-10)
    assert stats.nct.sf(2.0, 5, 1.5) + stats.nct.cdf(-2.0, 5, 1.5) == pytest.approx(
        simulation._power(1.5, 6, "HKSJ", 2 * stats.t.sf(2.0, 5)), abs=1e-10
    )


def test_q_of_equal_variances_is_a_scaled_chi_square():
    found = ma.power([0.1], 0.3, k=7, tau2=0.2)
    assert found.heterogeneity_power == pytest.approx(stats.chi2.sf(stats.chi2.isf(0.05, 6) / 3.0, 6), rel=1e-9)
    assert (found.i2, found.diversity) == pytest.approx((2 / 3, 2 / 3))
    assert found.adjusted_information == pytest.approx(3 * found.required_information)
    assert found.se == pytest.approx(np.sqrt(0.3 / 7))


@settings(max_examples=60)
@given(
    st.lists(st.floats(0.01, 2.0), min_size=2, max_size=8),
    st.floats(0.0, 2.0),
    st.floats(0.0, 1.0),
    st.floats(0.001, 0.3),
    st.sampled_from(["z", "t", "HKSJ"]),
)
def test_what_power_must_do(vi, mean, tau2, alpha, ci_method):
    asked = {"tau2": tau2, "alpha": alpha, "ci_method": ci_method}
    found = ma.power(vi, mean, **asked)
    larger, other = ma.power(vi, mean + 0.1, **asked), ma.power(vi, -mean, **asked)
    level = 1 - stats.norm.cdf(stats.t.isf(alpha / 2, len(vi) - 1)) if ci_method == "t" else alpha / 2
    assert ma.power(vi, 0.0, **asked).power == pytest.approx(2 * level, rel=1e-6)
    assert larger.power >= found.power - 1e-9 and other.power == pytest.approx(found.power, rel=1e-9, abs=1e-12)
    assert ma.power(np.array(vi) * 4, 2 * mean, **asked | {"tau2": 4 * tau2}).power == pytest.approx(
        found.power, abs=1e-9
    )
    assert ma.power(vi, mean, **asked | {"tau2": tau2 + 0.1}).power <= found.power + 1e-9
    assert found.diversity >= found.i2 - 1e-9  # Wetterslev 2009
    if np.isfinite(found.further) and found.further < 1e6:
        one = (1 / (np.array(vi) + tau2)).mean()
        at = lambda m: simulation._power(mean * np.sqrt(found.se**-2 + m * one), len(vi) + m, ci_method, alpha)  # noqa: E731
        assert at(found.further) >= 0.8 and (found.further == 0 or at(found.further - 1) < 0.8)
    assert 0 <= found.heterogeneity_power <= 1
    curve = found.curve([0.0, mean])
    assert curve["power"][1] == pytest.approx(found.power) and curve["power"][0] <= curve["power"][1] + 1e-9
    assert len(found.curve()) == 41


def test_power_of_effects_takes_their_tau2_and_says_what_people_read():
    pooled = ma.pool(ODDS)
    assert ma.power(ODDS, -0.5).tau2 == pooled.tau2 == ma.power(pooled, -0.5).tau2
    assert ma.power(ma.pool(ODDS, tau2_method="DL"), -0.5).tau2 == ma.pool(ODDS, tau2_method="DL").tau2
    assert ma.power(ODDS, -0.5).summary().startswith("Power of 4 studies to find a ratio of 0.61\n")
    assert ma.power(pooled, 0.5, tau2=0).vi.tolist() == pooled.vi.tolist()
    trials = published_effects()
    found = ma.power(trials, -1.0, sd=2.0)
    assert found.people == trials.table[["n_treatment", "n_placebo"]].to_numpy().sum() and found.tau2 > 1
    assert "in one trial of 80% power" in found.summary()
    assert ma.power(VI, 0.0, tau2=0.1).further == np.inf and np.isnan(ma.power([0.1], 0.5, tau2=0).heterogeneity_power)


def test_further_studies_of_a_size():
    small, large = (ma.power([[25, 25]], 0.3, k=5, sd=1.0, tau2=0.02, new=n).further for n in (10, 200))
    assert small > ma.power([[25, 25]], 0.3, k=5, sd=1.0, tau2=0.02).further > large > 0
    again = ma.power([[25, 25]] * 5 + [[200, 200]] * int(large), 0.3, sd=1.0, tau2=0.02)
    assert again.power >= 0.8 > ma.power([[25, 25]] * 5 + [[200, 200]] * int(large - 1), 0.3, sd=1.0, tau2=0.02).power


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"mean": np.inf}, "mean=inf must be one finite number"),
        ({"alpha": 0}, "alpha=0 must lie between 0 and 1"),
        ({"target": 1}, "target=1 must lie between"),
        ({"ci_method": "HKSJ-wide"}, "ci_method='HKSJ-wide' is not known"),
        ({"tau2": None}, "tau2 is missing, and the studies do not tell it; give tau2="),
        ({"tau2": -1}, "tau2=-1 must be"),
        ({"new": 20}, "new=20 is for people in each arm, above 0 and beside sd"),
        ({"k": 0}, "k=0 must be"),
        ({"studies": [-0.1]}, "study 1: vi = -0.1"),
        ({"studies": [[20, 0]], "sd": 1.0}, "study 1, arm 2: n = 0, but must be at least 1"),
        ({"studies": pd.DataFrame({"n_t": [20], "n_p": [20]}), "sd": 1.0, "tau2": None}, "tau2 is missing"),
    ],
)
def test_no_power_of_what_cannot_be(given, says):
    with pytest.raises(ValueError, match=says):
        ma.power(**{"studies": VI, "mean": 0.3, "tau2": 0.1} | given)


def test_one_study_has_the_normal_test_and_further_ones_the_one_asked_for():
    found, normal = (ma.power([0.05], 0.5, tau2=0.1, ci_method=name) for name in ("HKSJ", "z"))
    assert found.power == normal.power and found.further > normal.further
    said = found.summary()
    assert (
        "(z)" in said
        and said.count("(HKSJ)") == 1
        and f"{found.further:.0f} further studies for 80% power (HKSJ)" in said
    )
    assert "HKSJ" not in normal.summary() and "HKSJ" not in ma.power_plot(normal).content.caption


@pytest.mark.parametrize("measure", ["PLO", "PFT", "PR"])
def test_power_is_not_asked_of_a_measure_without_a_value_of_no_effect(measure):
    counts = pd.DataFrame({"study": list("abcd"), "events": [3, 4, 6, 7], "n": [20, 24, 26, 30]})
    effects = ma.effect_sizes(counts, measure=measure)
    for studies in (effects, ma.pool(effects)):
        with pytest.raises(
            ValueError, match=r"power\(\) asks .* no proportion is that of no effect; give their variances"
        ):
            ma.power(studies, 0.5)
    assert ma.power(effects.vi, 0.5, tau2=0).power > 0
