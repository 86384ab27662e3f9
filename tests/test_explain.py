"""The steps of a pooling: each equation holds, and ends with the number of the result."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import mathtext

import analysis as ma
from analysis._types import CIMethod, PIMethod, Tau2Method
from analysis.models.explain import Step, _plain
from analysis.text import MINUS, significant

YI, VI = [-1.2, -0.4, -2.0], [0.1, 0.2, 0.1]
# Differing more than by chance, less, three equal ones, two, and more than a table shows.
DATA = {
    "differing": (YI, VI),
    "alike": ([-1.0, -0.9, -1.1, -1.05], [0.1, 0.2, 0.15, 0.3]),
    "equal": ([0.5, 0.5, 0.5], [0.1, 0.2, 0.1]),
    "two": ([0.3, 1.4], [0.04, 0.09]),
    "many": (np.linspace(-2, 1, 20) ** 3, np.linspace(0.02, 0.5, 20)),
}
options = {
    name: pytest.mark.parametrize(name, kind.__args__)
    for name, kind in (("tau2_method", Tau2Method), ("ci_method", CIMethod), ("pi_method", PIMethod))
}


def explained(**more):
    pooled = ma.pool(YI, VI, **more)
    return pooled, pooled.explain()


def values(formula):
    """The values of the parts of an equation that are numbers alone."""
    for part in formula.split(" = "):
        code = part.replace(MINUS, "-").replace("×", "*").replace("²", "**2").replace("\N{NARROW NO-BREAK SPACE}", "")
        code = re.sub(r"√([\d.]+)", r"√(\1)", code).replace("√", "sqrt")
        if re.fullmatch(r"(max|exp|sqrt|[-+*/().,\d ])+", code):
            yield eval(code, {"max": max, "exp": math.exp, "sqrt": math.sqrt})


def equations(explanation):
    """Every equation of the steps in plain text, those of one line apart."""
    for step in explanation.steps:
        for formula in step.formulas:
            for equation in _plain(formula).split("   "):
                if " = " in equation:
                    yield step.title, equation


def assert_every_equation_holds(explanation):
    count = 0
    for title, equation in equations(explanation):
        found = list(values(equation))
        count += len(found) > 1
        # What is put in is rounded to four digits, and so are the differences of what is put in.
        np.testing.assert_allclose(found, found[-1:] * len(found), rtol=0.02, atol=3e-3, err_msg=f"{title}: {equation}")
    return count


@options["tau2_method"]
@options["ci_method"]
@pytest.mark.parametrize("data", DATA)
def test_every_equation_holds_with_the_numbers_put_in(data, tau2_method, ci_method):
    explanation = ma.pool(*DATA[data], tau2_method=tau2_method, ci_method=ci_method, pi_method="t(k-1)").explain()
    assert assert_every_equation_holds(explanation) >= 4


@options["tau2_method"]
@options["ci_method"]
@pytest.mark.parametrize("data", DATA)
def test_each_step_ends_with_the_number_of_the_result(data, tau2_method, ci_method):
    pooled = ma.pool(*DATA[data], tau2_method=tau2_method, ci_method=ci_method)
    ends = {}
    for title, equation in equations(pooled.explain()):
        ends.setdefault(title, []).append(equation.rpartition(" = ")[2])
    named = {
        "Q, the scatter": pooled.q,
        "τ², the variance of the true effects": pooled.tau2,
        "I²": pooled.i2,
        "I² and τ": pooled.i2,
        "The pooled mean": pooled.estimate,
    }
    for title, value in named.items():
        if title in ends:
            assert ends[title][-1] == (significant(value, 4) if value else "0")
    se = significant(pooled.se, 4) if pooled.se else "0"
    narrow = ci_method == "HKSJ-wide" and math.isinf(pooled.df)
    assert ends["Standard error"][0 if narrow else -1] == se
    assert ends["Confidence interval"] == [" to ".join(significant(x, 4) if x else "0" for x in pooled.ci)]


def test_by_hand():
    """Weights 10, 5 and 10; the sums are 25, −34 and 225."""
    pooled, explanation = explained(tau2_method="DL", ci_method="z", pi_method="z")
    steps = {step.title: [_plain(formula) for formula in step.formulas] for step in explanation.steps}
    mean = "−34.0000 / 25.0000 = −1.3600"
    assert steps["The mean if all true effects were one"][0].endswith(mean)
    # 10 × 0.16² + 5 × 0.96² + 10 × 0.64²
    assert steps["Q, the scatter"][0].endswith("= 8.9600")
    assert steps["τ², the variance of the true effects"] == [
        "C = Σ w_i − Σ w_i² / Σ w_i = 25.0000 − 225.000 / 25.0000 = 16.0000",
        "τ² = max(0, (Q − (k − 1)) / C) = max(0, (8.9600 − 2) / 16.0000) = 0.4350",
    ]
    w = 1 / (np.array(VI) + 0.435)
    mu, se = w @ YI / w.sum(), w.sum() ** -0.5
    assert (pooled.estimate, pooled.se) == pytest.approx((mu, se))
    low, high = (significant(mu + sign * 1.959964 * se, 4) for sign in (-1, 1))
    assert steps["Confidence interval"][0].endswith(f"= {low} to {high}")
    low, high = (significant(mu + sign * 1.959964 * math.hypot(se, 0.435**0.5), 4) for sign in (-1, 1))
    assert steps["Prediction interval"][0].endswith(f"= {low} to {high}")


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_the_likelihood_named_is_highest_at_tau2_and_printed(method):
    pooled, explanation = explained(tau2_method=method)
    y, v = np.array(YI), np.array(VI)

    def log_likelihood(tau2):
        w = 1 / (v + tau2)
        q = w @ (y - w @ y / w.sum()) ** 2
        return -0.5 * (np.log(v + tau2).sum() + q + (np.log(w.sum()) if method == "REML" else 0))

    assert all(log_likelihood(pooled.tau2) > log_likelihood(pooled.tau2 + by) for by in (-0.02, 0.02))
    name, numbers = map(_plain, explanation.steps[3].formulas)
    assert ("log Σ w_i*" in name) == (method == "REML")
    for at in (pooled.tau2, 0.0):
        assert f"= {significant(log_likelihood(at), 4)}" in numbers


@options["tau2_method"]
def test_every_method_is_called_by_its_name(tau2_method):
    text = explained(tau2_method=tau2_method)[1].steps[3].text
    assert (f"({tau2_method})" in text) or (tau2_method == "CE" and "by definition" in text)


def test_tau2_that_was_given():
    explanation = explained(tau2=0.3)[1]
    assert "was given" in explanation.steps[3].text and _plain(explanation.steps[3].formulas[0]) == "τ² = 0.3000"
    assert assert_every_equation_holds(explanation)
    alone = ma.pool([0.2], [0.1], tau2=0.5)
    assert _plain(alone.explain().steps[0].formulas[0]).endswith(f"√(0.1000 + 0.5000) = {significant(alone.se, 4)}")


@options["pi_method"]
def test_prediction_interval_and_why_there_is_none(pi_method):
    pooled, explanation = explained(pi_method=pi_method)
    ends = " to ".join(significant(x, 4) for x in pooled.pi)
    assert explanation.steps[-1].title == "Prediction interval" and ends in _plain(explanation.steps[-1].formulas[0])
    two = ma.pool(YI[:2], VI[:2], pi_method=pi_method)
    last = two.explain().steps[-1]
    assert bool(last.formulas) == math.isfinite(two.pi.low) and ("only 2" in last.text) != bool(last.formulas)


def test_hksj_wide_tells_which_interval_is_taken():
    wide, narrow = (ma.pool(*DATA[name]).explain() for name in ("differing", "alike"))
    taken = ["".join(step.text for step in each.steps if step.title == "Standard error") for each in (wide, narrow)]
    assert "this one is wider" in taken[0] and "Wald's is wider" in taken[1]


@pytest.mark.parametrize(("measure", "back"), [("OR", "exp"), ("ZCOR", "correlation"), ("PLO", "proportion")])
def test_ratios_and_others_go_back_to_the_scale_people_read(measure, back):
    pooled, explanation = explained(measure=measure)
    step = next(step for step in explanation.steps if step.title.startswith("Back"))
    for x, read in zip((pooled.estimate, *pooled.ci), (pooled.shown("estimate"), *pooled.shown("ci")), strict=True):
        assert f"{back}({significant(x, 4)}) = {significant(read, 4)}" in _plain(step.formulas[0])
    head, first = explanation.steps[0].table[:2]
    assert head[1] == pooled.measure.name and first[1] == significant(pooled.shown("yi")[0], 4)
    assert f"{back}({significant(pooled.pi.low, 4)})" in _plain(explanation.steps[-1].formulas[1])


def test_words_are_those_of_the_effects_and_names_are_no_markup():
    table = pd.DataFrame({"study": ["A|B", "$x$", "<b>C</b>"], "yi": YI, "vi": VI})
    effects = ma.effect_sizes(table, measure="OR", benefit="lower", arms=("laser", "sham"))
    explanation = ma.pool(effects).explain()
    assert str(explanation).startswith("Odds ratio, laser over sham, of 3 studies, step by step\n")
    page = explanation._repr_markdown_()
    assert r"A\|B" in page and r"\$x\$" in page and "&lt;b>C" in page and "A|B" in str(explanation)


@pytest.mark.parametrize("pooled", [ma.pool(*DATA["many"], measure="OR"), ma.pool([0.5], [0.04]), ma.pool(YI, VI)])
def test_markdown_sets_every_formula_and_plain_text_has_no_command(pooled):
    explanation = pooled.explain()
    page, plain = explanation._repr_markdown_(), str(explanation)
    formulas = re.findall(r"\$\$(.*?)\$\$", page)
    assert formulas == [formula for step in explanation.steps for formula in step.formulas]
    parser = mathtext.MathTextParser("path")  # which knows a part of LaTeX
    assert all(parser.parse(f"${formula}$") for formula in formulas)
    assert "".join(formulas).isascii()
    assert not re.search(r"[\\{}$]", plain)
    assert repr(explanation) == plain
    assert max(len(step.table) for step in explanation.steps) <= 13


@options["ci_method"]
@options["tau2_method"]
def test_sentences_are_short(tau2_method, ci_method):
    for data in DATA.values():
        for step in ma.pool(*data, tau2_method=tau2_method, ci_method=ci_method, measure="OR").explain().steps:
            for sentence in re.split(r"(?<=[.:;]) ", step.text):
                assert len(sentence.split()) <= 30, sentence


def test_a_command_that_plain_text_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="not known"):
        _plain(r"\frob{x}")
    assert Step("a", "b") == ("a", "b", (), ())


def test_signs_of_a_language_stand_in_formulas_too():
    with ma.theme(decimal=","):
        step = ma.pool([-12345.5, -0.4], VI[:2]).explain().steps[0]
    assert "{,}" in "".join(step.formulas) and "0,1000" in _plain(step.formulas[0])
