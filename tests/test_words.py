"""What results say: every number is one of theirs, as people read it, and every word is of the effects."""

import ast
import dataclasses
import math
import pickle
import re
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from hypothesis import example, given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis import sentences
from analysis.measures import _MEASURES, Measure
from analysis.sentences import Wording

ARMS = ("laser", "sham")
CODES = sorted(_MEASURES)
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_NUMBER = re.compile(r"([<>]?)([−+]?)(\d[\d\u202f]*)(?:\.(\d+))?(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(%?)")
# Levels of intervals, and what a distribution is called.
_CALLED = re.compile(r"\d[\d.]*% (?=CI|credible|pred)|t\(k−\d\)|log scale|y[12]\b")

_NOTE = re.compile(
    r"\d+ (studies|clusters): |The (HKSJ|interval of tau²|prediction|predictive|confidence|credible)|tau² lies"
    r"|.* has \d+% of the common|Fewer than|An? (association|difference)"
)


def printed(text):
    """The numbers of a text: sign of a bound, value, and half of its last digit."""
    found = []
    for bound, minus, whole, decimals, power, percent in _NUMBER.findall(_CALLED.sub("", text)):
        digits = whole.replace("\u202f", "")
        factor = 10.0 ** int((power or "⁰").translate(_RAISED)) / (100 if percent else 1)
        value = float(f"{digits}.{decimals or 0}") * factor
        found.append((bound, -value if minus == "−" else value, 0.5 * 10.0 ** -len(decimals) * factor))
    return found


def agrees(one, value):
    """Whether a printed number is the value to its last digit, with its sign, and zero only where nothing is left."""
    bound, shown, half = one
    if bound:
        return value < shown if bound == "<" else value > shown
    near = abs(shown - value) <= half * (1 + 1e-9) + 1e-12 * abs(value)
    return near and (shown * value > 0 or (shown == 0 and abs(value) <= 2e-3 * half))


def test_numbers_are_read_as_they_are_printed():
    assert printed("tau² −1.50, p <0.001, 12%, 1\u202f284, 2.5 × 10⁻¹⁰ (95% CI 1 to 2; t(k−1))") == [
        *(("", -1.5, 0.005), ("<", 0.001, 0.0005), ("", 0.12, 0.005), ("", 1284.0, 0.5)),
        *(("", 2.5e-10, pytest.approx(5e-12)), ("", 1.0, 0.5), ("", 2.0, 0.5)),
    ]
    assert agrees(("", 0.05, 0.005), 0.049) and not agrees(("", 0.05, 0.005), 0.04)
    assert not agrees(("", 0.0, 0.005), 0.002) and not agrees(("", 0.01, 0.005), -0.01)


def table(seed, k, scale, measure, benefit="lower", arms=ARMS):
    """Effects of k studies, two of which have a second one, and a moderator."""
    rng = np.random.default_rng(seed)
    rows = {"study": [f"S{'ABCDEFGH'[i]}" for i in range(k)], "yi": rng.normal(rng.normal(), 1, k) * scale}
    low, high = Measure(measure).ends
    if np.isfinite(high):
        rows["yi"] = low + (high - low) * (0.5 + 0.5 * np.tanh(rows["yi"]))
    rows |= {"vi": (rng.uniform(0.2, 1, k) * scale) ** 2, "dose": rng.uniform(0, 10, k) / scale}
    return ma.effect_sizes(
        pd.DataFrame(rows | {"g": (["x", "y"] * k)[:k]}), measure=measure, benefit=benefit, arms=arms
    )


def nested(effects):
    study = [*effects.table["study"][:-2], *effects.table["study"][:2]]
    return dataclasses.replace(effects, table=effects.table.assign(study=study))


def counts(effects):
    k = len(effects)
    rng = np.random.default_rng(int(1e6 * abs(effects.vi[0])) % 1000)
    cells = {"events_t": rng.integers(1, 20, k), "n_t": 40, "events_p": rng.integers(1, 20, k), "n_p": 41}
    wide = pd.DataFrame({"study": effects.labels} | cells)
    measure = effects.measure if effects.measure in ("OR", "RR", "RD") else "RR"
    return ma.effect_sizes(wide, measure=measure, benefit=effects.benefit, arms=effects.arms)


# By its name, how each model is fitted to effects.
MODELS = {
    "pool": ma.pool,
    "common": lambda x: ma.pool(x, tau2_method="CE", ci_method="z"),
    "subgroups": lambda x: ma.pool_subgroups(x, "g"),
    "multilevel": lambda x: ma.pool_multilevel(nested(x)),
    "regression": lambda x: ma.meta_regression("yi ~ dose", x),
    "nested": lambda x: ma.pool_multilevel(nested(x), mods="~ dose"),
    "bayes": lambda x: ma.pool_bayes(x, tau_prior=ma.HalfNormal(float(np.sqrt(x.vi.max())))),
    "counts": lambda x: ma.pool_mantel_haenszel(counts(x)),
    "peto": lambda x: ma.pool_peto(counts(x)),
}


def estimate(fit):
    return [fit.shown("estimate"), *fit.shown("ci")]


def spread(tau2, ci, scale=math.sqrt):
    return [scale(tau2), tau2, *ci]


def joint(fit):
    return [fit.qm, fit.qm_df[0], *([] if math.isinf(fit.qm_df[1]) else [fit.qm_df[1]]), fit.qm_pvalue]


def coefficients(fit):
    frame = fit.summary_frame()
    return {name: row[["estimate", "ci_low", "ci_high", "pvalue"]].tolist() for name, row in frame.iterrows()}


def expected(fit):
    """The numbers behind every label of a summary."""
    kind = type(fit).__name__
    if kind == "PooledSubgroups":
        rows = {name: [*estimate(x), x.k, x.tau] for name, x in [*fit.groups.items(), ("All", fit.overall)]}
        test = [fit.q_between, fit.q_between_df, fit.q_between_pvalue]
        f = [] if math.isnan(fit.f) else [fit.f, *fit.f_df, fit.f_pvalue]
        return rows | {"Between groups": test + f}
    if kind == "PosteriorEffect":
        mu, new = fit.shown("mu"), fit.shown("new")
        rows = {"Estimate": [mu.median, *mu.interval], "Between": [fit.tau.median, *fit.tau.interval]}
        return rows | {"New study": [new.median, *new.interval]}
    if hasattr(fit, "params"):
        rows = coefficients(fit) | {"Moderators": joint(fit) + ([fit.r2] if hasattr(fit, "r2") else [])}
        rows["Homogeneity"] = [fit.qe, fit.qe_df, fit.qe_pvalue]
        if kind == "MetaRegression":
            return rows | {"Between": spread(fit.tau2, limits(fit, "tau2_ci")), "Share": [fit.i2, fit.h2]}
    else:
        # No value of a mean, or of a proportion, is that of no effect, which could be tested.
        tested = [] if math.isnan(fit.measure.null) else [fit.pvalue]
        rows = {"Estimate": [*estimate(fit), *tested], "Homogeneity": [fit.q, fit.q_df, fit.q_pvalue]}
    if hasattr(fit, "sigma2"):
        rows |= {each.capitalize(): spread(getattr(fit.sigma2, each), getattr(fit.sigma2_ci, each)) for each in LEVELS}
        rows["Share"] = list(fit.i2)
        return rows | ({"New study": list(fit.shown("pi"))} if hasattr(fit, "pi") else {})
    if getattr(fit, "tau2_method", "CE") == "CE":
        return rows | {"Share": [fit.i2, fit.h2]}
    from_q = max(0.0, (fit.q - fit.q_df) / fit.q) if fit.q else 0.0
    rows |= {"Between": spread(fit.tau2, limits(fit, "tau2_ci"))}
    rows |= {"Share": [fit.i2, *limits(fit, "i2_ci"), from_q, fit.h2]}
    return rows | {"New study": list(fit.shown("pi"))}


LEVELS = ("between", "within")


def limits(fit, name):
    """The limits of tau² or I², which an empty interval does not have."""
    return () if fit.tau2_ci_empty else getattr(fit, name)


def told(fit):
    """The numbers of every line of the findings, those of notes left out."""
    kind, rows = type(fit).__name__, expected(fit)
    of = [fit.k, fit.clusters] if hasattr(fit, "clusters") else [getattr(fit, "k", None)]
    if kind == "PooledSubgroups":
        return [*told(fit.overall), list(chain(*(rows[name][:-1] for name in fit.groups))), rows["Between groups"]]
    if kind == "PosteriorEffect":
        return [of + rows["Estimate"], rows["Between"], rows["New study"][1:]]
    if kind == "MetaRegression":
        return [of + list(chain(*coefficients(fit).values())), [fit.tau, fit.i2], rows["Moderators"]]
    if kind == "MultilevelRegression":
        left = [math.sqrt(x) for x in fit.sigma2]
        return [of + list(chain(*coefficients(fit).values())), left, rows["Moderators"]]
    first = of + rows["Estimate"][:3]
    if kind == "MultilevelEffect":
        varied = [x for pair in zip(map(math.sqrt, fit.sigma2), fit.i2, strict=True) for x in pair]
        return [first, varied, rows["New study"]]
    if "New study" not in rows:
        return [first, [*rows["Homogeneity"], fit.i2]]
    return [first, [fit.tau, fit.i2, *limits(fit, "i2_ci")], rows["New study"]]


def compare(text, values, where):
    values = [x for x in values if math.isfinite(x)]
    found = printed(text)
    assert len(found) == len(values), (where, text, values)
    wrong = [(one, value) for one, value in zip(found, values, strict=True) if not agrees(one, value)]
    assert not wrong, (where, text, wrong)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=4)
@example(seed=0, k=6, scale=1e-4, code="MD")
@example(seed=2, k=6, scale=1e-4, code="RD")
@given(
    seed=st.integers(0, 10**6),
    k=st.integers(5, 8),
    scale=st.sampled_from([1e-4, 0.01, 0.3, 1.0, 40.0]),
    code=st.sampled_from(CODES),
)
def test_every_printed_number_is_one_of_the_result(model, seed, k, scale, code):
    measure = Measure(code)
    effects = table(seed, k, scale if not measure.scale else min(scale, 1.0), measure)
    fit = MODELS[model](effects)
    lines = dict(fit._in_words()[1])
    for label, values in expected(fit).items():
        text = lines.pop(label)
        values = [x for x in values if math.isfinite(x)]
        compare(text, values, (model, code, label))
        if label.lower() in LEVELS:
            zeros = [value for (_, shown, _), value in zip(printed(text), values, strict=True) if shown == 0]
            assert not any(zeros), (model, code, text)
    assert set(lines) <= {"Note", "Left out"}, "a line that nobody compares"
    lines = [line for line in fit.findings().splitlines() if not _NOTE.match(line)]
    for line, values in zip(lines, told(fit), strict=True):
        compare(re.sub(r"^The coefficients of .*? in (?=\d)|^By \w+", "", line), values, (model, code, line))


def contrasted(effects, sign):
    """The same effects, all clearly on one side of no effect."""
    yi = sign * (np.abs(effects.yi) + 30 * np.sqrt(effects.vi.max()))
    return dataclasses.replace(effects, table=effects.table.assign(yi=yi))


ONE_SIDED = ("pool", "common", "multilevel", "bayes")


@pytest.mark.parametrize("model", [*MODELS, "steps"])
@settings(max_examples=4)
@given(
    seed=st.integers(0, 10**6),
    code=st.sampled_from(CODES),
    benefit=st.sampled_from([None, "lower", "higher"]),
    sign=st.sampled_from([-1, 1]),
)
def test_words_follow_the_effects(model, seed, code, benefit, sign):
    effects = contrasted(table(seed, 6, 0.01, code, benefit), sign)
    if model == "steps":
        wording = ma.leave_one_out(effects).attrs["wording"]
        assert Wording(**wording | {"measure": Measure(wording["measure"])}).contrast == Wording.of(effects).contrast
        return
    fit = MODELS[model](effects)
    measure, said = Wording.of(fit).measure, fit.summary() + "\n" + fit.findings()
    assert not re.search(
        r"\b(treatment|placebo|control|pain|points|trials?)\b", said.replace("of randomised trials", "")
    )
    assert ("laser minus sham" in said) == (measure.joined == "minus")
    assert ("laser over sham" in said) == (measure.joined == "over")
    assert ("log scale" in said) == (measure.is_ratio and model not in ("common", "counts", "peto"))
    first = fit.findings().splitlines()[0]
    favoured = ARMS[(sign > 0) == (benefit == "lower")]
    if model in ONE_SIDED and measure.two_arms:
        better = f"favours {favoured}" if measure.is_ratio or measure == "RD" else f"{benefit} scores with {favoured}"
        assert first.endswith(f": {better}." if benefit else f": {'lower' if sign < 0 else 'higher'} with laser.")
    elif not measure.two_arms:
        assert not re.search("laser|sham|favours|scores", said)


def test_plain_numbers_have_no_arms_and_no_direction():
    for fit in (ma.pool([-1.0, -1.2, -0.9], [0.01] * 3), ma.pool_bayes([1.0, 1.2], [0.01] * 2, measure="OR")):
        said = fit.summary() + fit.findings()
        assert not re.search(r"\b(treatment|placebo|minus|over|favours|trials?|mean difference)\b", said, re.IGNORECASE)
    assert "log scale" in said and "odds ratios, 2 studies" in said


def test_arms_speak_of_the_outcome_of_the_effects():
    ours = published_effects()
    foreign = {"arms": ARMS, "outcome_name": "stiffness", "unit": "mm on 0–100", "noun": "study"}
    for effects, better in (
        (dataclasses.replace(ours, **foreign, benefit="lower"), "less stiffness with laser"),
        (dataclasses.replace(ours, **foreign, benefit="higher"), "more stiffness with sham"),
    ):
        arms = ma.pool_arms(effects, by="therapy_family")
        for fit in (arms, arms.contrast, arms.placebo, arms.joint, arms.groups["Light"].contrast):
            said = fit.summary() + "\n" + fit.findings()
            assert not re.search(r"\b(treatment|placebo|pain|points|trials?)\b", said)
        assert "stiffness fell by 1.66 mm of 100 (95% CI 1.26 to 2.06) in the sham arms" in arms.findings()
        assert better in arms.findings() and better in arms.contrast.findings() and better in arms.joint.findings()
    unnamed = ma.pool_arms(dataclasses.replace(ours, outcome_name="")).findings()
    assert "scores fell by" in unnamed and "lower scores with treatment" in unnamed and "pain" not in unnamed


def test_numbers_of_arms_are_theirs():
    arms = ma.pool_arms(published_effects(), by="therapy_family")
    for name, group in [*arms.groups.items(), (None, arms)]:
        lines = group.summary().partition("All trials")[2].splitlines()
        for label, fit in (("placebo", group.placebo), ("treatment", group.treatment), ("contrast", group.contrast)):
            line = next(line for line in lines if line.strip().startswith(label))
            compare(line, [*estimate(fit), fit.k], (name, label))
        if group.joint is None:
            continue
        joint = group.joint
        means = [joint.first.estimate, joint.second.estimate, joint.difference.estimate, *joint.difference.ci, joint.k]
        correlated = [] if math.isnan(joint.correlation) else [joint.correlation]
        compare(next(line for line in lines if "together" in line), [*means, *correlated], name)
        said = dict(joint._in_words()[1])
        for label, mean, tau in zip(
            ("placebo", "treatment", "treatment minus placebo"),
            (joint.first, joint.second, joint.difference),
            (*joint.tau, joint.tau_difference),
            strict=True,
        ):
            compare(said[label], [mean.estimate, *mean.ci, tau], label)


def test_nested_effects_are_counted_by_what_they_are_nested_in():
    effects = nested(table(1, 7, 1.0, "SMD"))
    assert "7 effects of 5 studies" in ma.pool_multilevel(effects).summary()
    assert "New study " in ma.pool_multilevel(effects).summary()
    plain = ma.pool_multilevel(effects.yi, effects.vi, cluster=effects.study)
    assert "7 effects of 5 clusters" in plain.summary() and "of a new cluster" in plain.findings()


def test_tables_on_the_scale_people_read_leave_out_what_is_not_there():
    effects = table(3, 6, 0.3, "OR")
    for fit, gone in (
        (ma.pool(effects), {"vi"}),
        (ma.pool_mantel_haenszel(counts(effects)), {"vi"}),
        (ma.pool_multilevel(nested(effects)), {"vi"}),
        (ma.pool_bayes(effects), {"vi", "mean", "sd"}),
        (ma.pool_subgroups(effects, "g"), {"se"}),
    ):
        plain, shown = fit.to_frame(), fit.to_frame(transform=True)
        assert set(plain) - set(shown) == gone and set(shown) <= set(plain)
        for name in {"yi", "estimate", "median", "ci_low", "ci_high", "pi_low", "pi_high"} & set(shown):
            np.testing.assert_allclose(shown[name], np.exp(plain[name].astype(float)))
    shown = effects.to_frame(transform=True)
    assert "vi" not in shown and ((shown["ci_low"] < shown["yi"]) & (shown["yi"] < shown["ci_high"])).all()
    differences = table(3, 6, 0.3, "MD")
    for fit in (differences, ma.pool(differences)):
        pd.testing.assert_frame_equal(fit.to_frame(transform=True), fit.to_frame())


def test_predictions_on_the_scale_people_read():
    # metafor 3.8-1: predict(rma(yi, vi, mods = ~ dose, method = "REML", test = "knha"), newmods = 3, transf = exp)
    data = pd.DataFrame(
        {"study": list("ABCDE"), "yi": [-0.9, -0.3, -1.2, -0.5, -0.1], "vi": [0.04, 0.05, 0.06, 0.03, 0.1]}
    )
    effects = ma.effect_sizes(data.assign(dose=[1, 4, 2, 6, 5]), measure="RR")
    fit = ma.meta_regression("yi ~ dose", effects)
    plain, shown = fit.predict(3), fit.predict(3, transform=True)
    assert list(shown) == ["estimate", "ci_low", "ci_high", "pi_low", "pi_high"]
    np.testing.assert_allclose(shown, np.exp(plain.drop(columns="se")))
    assert "coefficients on the log scale" in fit.summary() and "on the log scale" in fit.contrast("dose").summary()
    assert fit.measure == "RR"


def test_a_posterior_is_transformed_by_its_quantiles():
    fit = ma.pool_bayes(table(2, 5, 0.3, "RR"))
    mu = fit.shown("mu")
    assert mu.median == math.exp(fit.mu.median) and mu.interval.high == math.exp(fit.mu.interval.high)
    assert all(math.isnan(x) for x in (mu.mean, mu.sd, *mu.shortest)) and fit.shown("tau") == fit.tau
    assert fit.shown("shrinkage")["median"].tolist() == np.exp(fit.shrinkage["median"]).tolist()
    assert ma.pool_bayes(table(2, 5, 0.3, "MD")).shown("mu").mean != mu.mean


def test_findings_are_of_a_result():
    effects = table(1, 6, 1.0, "OR")
    assert ma.pool(effects).findings() == sentences.findings(ma.pool(effects))
    with pytest.raises(
        TypeError, match=r"cannot use an EffectSizes: .*give the result of a model, such as pool\(effects\)"
    ):
        ma.findings(effects)
    found = ma.meta_regression("yi ~ dose", effects).contrast("dose")
    assert found.findings().startswith("Contrast of coefficients") and "\ndose: " in found.findings()


def test_few_studies_are_told_of_in_every_model():
    effects = table(4, 4, 1.0, "MD")
    for model in ("pool", "common", "bayes", "counts", "peto"):
        assert "\n4 studies: " in MODELS[model](effects).findings(), model
    assert "4 studies: " not in ma.pool(table(4, 5, 1.0, "MD")).findings()


def test_steps_know_what_their_effects_are_called():
    effects = table(1, 6, 0.3, "OR", "higher")
    for steps in (
        ma.leave_one_out(effects),
        ma.cumulative(ma.pool(effects)),
        ma.leave_one_out(MODELS["multilevel"](effects)),
    ):
        assert steps.attrs["wording"] == dataclasses.asdict(Wording.of(effects))
    assert ma.leave_one_out(effects.yi, effects.vi, measure="OR").attrs["wording"]["arms"] is None


def test_groups_keep_their_names_and_effects():
    effects = table(1, 6, 0.3, "OR")
    parts = ma.pool_subgroups(effects, "g")
    assert parts.groups["x"].labels == ("SA", "SC", "SE") == tuple(parts.groups["x"].effects.labels)
    assert ma.pool_subgroups(effects, "g", labels=list("uvwxyz")).groups["y"].labels == ("v", "x", "z")


@pytest.mark.parametrize("model", MODELS)
def test_every_result_keeps_the_effects_it_was_made_of(model):
    fit = MODELS[model](table(1, 6, 0.3, "RR", "higher"))
    for each in (fit, pickle.loads(pickle.dumps(fit))):
        words = Wording.of(each)
        assert (words.arms, words.benefit, words.noun) == (ARMS, "higher", "study")
    assert len(repr(fit)) < 1500 and not any("effects" in name for name in fit.to_row().columns)


def test_intervals_beyond_the_ends_of_their_measure_are_told():
    told = {"COR": "−1 to 1, where every correlation lies: measure='ZCOR'", "PR": "measure='PLO' keeps within."}
    told["RD"] = "−1 to 1, where every risk difference lies: measure='OR' keeps within."
    for measure, words in told.items():
        pooled = ma.pool([0.1, 0.4, 0.5], [0.04] * 3, measure=measure)
        nested = ma.pool_multilevel([0.1, 0.4, 0.5, 0.9], [0.04] * 4, cluster=list("aabc"), measure=measure)
        bayes = ma.pool_bayes([0.1, 0.4, 0.5], [0.04] * 3, measure=measure, tau_prior=ma.HalfNormal(0.5))
        for fit in (pooled, nested, bayes):
            assert words in ma.findings(fit) and words in fit.summary()
    inside = ma.pool([0.1, 0.4, 0.5, 0.2, 0.3], [0.001] * 5, measure="COR")
    assert "beyond" not in ma.findings(inside) and "beyond" not in ma.findings(ma.pool([3.0, 2.0], [1.0, 1.0]))


def test_effects_stay_with_a_covariance_of_their_own():
    effects = nested(table(1, 6, 0.3, "RR"))
    with pytest.warns(UserWarning, match="vcov has the variance"):
        fit = ma.pool_multilevel(effects, vcov=np.diag(2 * effects.vi))
    assert Wording.of(fit).arms == ARMS and fit.vi.tolist() == (2 * effects.vi).tolist()


def test_an_effect_left_out_beside_another_of_its_study_is_no_note():
    effects = nested(table(1, 7, 0.3, "MD"))
    effects.table.loc[0, "vi"] = np.nan
    lines = dict(ma.pool_multilevel(effects, missing="drop", labels=effects.study)._in_words()[1])
    assert lines["Left out"].endswith("no variance")


def test_many_meta_analyses_of_counts_are_shown_alike():
    many = ma.pool_peto([[1, 3], [4, 2]], 40, [[4, 7], [5, 6]], 41)
    assert many.shown("estimate").tolist() == np.exp(many.estimate).tolist()
    assert many.shown("ci").low.tolist() == np.exp(many.ci.low).tolist()
    with pytest.raises(ValueError, match="many meta-analyses"):
        many.findings()


# What a reader sees is made of what the effects say of themselves; data/trials.toml has "pain" and "points".
_OF_OTHERS = re.compile(r"\b(treatments?|placebos?|pain|(?<!percentage )points?)\b", re.IGNORECASE)
# A flag of data/trials.csv; and rooms about claims that pain is relieved, and about codings (one is Treatment).
_ALLOWED = {"placebo arm shared"}
_OTHERS = "_claims.py", "restricted.py"
_ROOMS = ("sentences.py", "text.py", "measures.py", "models/*.py", "plots/*.py")


def constants(tree):
    """Texts of a module that may be printed: neither docstrings, nor errors, nor names of data."""
    scopes = (ast.Module, ast.ClassDef, ast.FunctionDef)
    unseen = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, scopes) and isinstance(n.body[0], ast.Expr)}
    unseen |= {id(part) for n in ast.walk(tree) if isinstance(n, ast.Raise) for part in ast.walk(n)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unseen:
            yield node.lineno, node.value


def test_no_sentence_and_no_figure_has_words_of_its_own_for_arms_outcome_and_unit():
    package, found = Path(ma.__file__).parent, []
    rooms = [room for pattern in _ROOMS for room in package.glob(pattern) if room.name not in _OTHERS]
    for room in rooms:
        for line, text in constants(ast.parse(room.read_text(encoding="utf-8"))):
            prose = " " in text.strip() or text[:1].isupper()
            if prose and _OF_OTHERS.search(text) and text not in _ALLOWED:
                found.append(f"{room.relative_to(package)}:{line}: {text}")
    assert len(rooms) > 30 and not found, "\n".join(found)
