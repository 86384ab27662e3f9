r"""The pooling of a result step by step: a sentence, the formula, and the formula with the numbers of the result.

Each formula is written once, in LaTeX, which a notebook sets; `_plain` turns the few commands that stand here into the
text of a console. Numbers have four significant digits or four decimals, and are those of the result: sums are
computed without rounding, and what a result holds is not computed again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.models.results import t_quantile
from analysis.models.tau2 import log_likelihood
from analysis.sentences import Wording, capital, studies_behind
from analysis.text import MINUS, NOT_ESTIMABLE, counted, equals, level, markdown_cell, number, percent, significant

if TYPE_CHECKING:
    from analysis.models.results import PooledEffect

_DIGITS = 4
# Rows of a table and terms of a sum beyond which those in the middle are left out.
_ROWS, _TERMS = 12, 3
_SIGNS = {
    r"\tau": "τ",
    r"\mu": "μ",
    r"\theta": "θ",
    r"\ell": "log L",
    r"\sum": "Σ",
    r"\times": "×",
    r"\pm": "±",
    r"\dots": "…",
    r"\frac{1}{2}": "½",
    r"\quad": " ",
    r"\,": "\N{NARROW NO-BREAK SPACE}",
    "{,}": ",",
    "^2": "²",
    "^*": "*",
}
_LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_RAISED = {low: chr(high) for high, low in _LOWERED.items()}
_FRACTION = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
# In the order in which braces are opened from within.
_PLAIN = (
    (re.compile(r"\\hat\{(\w)\}"), "\\1\N{COMBINING CIRCUMFLEX ACCENT}"),
    (re.compile(r"\\bar\{(\w)\}"), "\\1\N{COMBINING MACRON}"),
    (re.compile(r"\\text\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\^\{(-?\d+)\}"), lambda found: found[1].translate(_RAISED)),
    (re.compile(r"([_^])\{([^{}]*)\}"), r"\1(\2)"),
    (re.compile(r"\\(?:left|right)(?![a-z])"), ""),
    (re.compile(r"\\(log|exp|max)(?![a-z])"), r"\1"),
)


class Step(NamedTuple):
    r"""One step of a pooling.

    Attributes
    ----------
    title : str
    text : str
        What is done and why, in a sentence or a few.
    formulas : tuple of str
        In LaTeX, with the numbers put in.
    table : tuple of tuple of str
        Rows of cells, the heading first; empty where there is none.
    """

    title: str
    text: str
    formulas: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, repr=False)
class Explanation:
    """How a result was pooled, step by step, with its numbers in the formulas.

    A notebook shows it with formulas set, ``print`` as plain text.

    Attributes
    ----------
    title : str
        What was pooled.
    steps : tuple of Step
        Each with `title`, `text`, `formulas` in LaTeX and a `table`.

    See Also
    --------
    analysis.PooledEffect.explain : Makes it.
    analysis.PooledEffect.summary : The numbers alone.

    References
    ----------
    Borenstein, Hedges, Higgins & Rothstein 2010, Res Synth Methods 1:97-111, doi 10.1002/jrsm.12 (the steps); those of
    the methods stand at :func:`analysis.pool`.

    Examples
    --------
    >>> from analysis import pool
    >>> explained = pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1], tau2_method="DL").explain()
    >>> [step.title for step in explained.steps][:3]
    ['Weights', 'The mean if all true effects were one', 'Q, the scatter']
    """

    title: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        parts = [self.title]
        for i, (title, text, formulas, table) in enumerate(self.steps, start=1):
            lines = [f"{i}. {title}", text, *_aligned(table), *(f"    {_plain(formula)}" for formula in formulas)]
            parts.append("\n".join(lines))
        return "\n\n".join(parts)

    __repr__ = __str__

    def _repr_markdown_(self):
        parts = [f"**{markdown_cell(self.title)}**"]
        for i, (title, text, formulas, table) in enumerate(self.steps, start=1):
            parts += [f"**{i}. {title}.** {markdown_cell(text)}", *_as_markdown(table)]
            parts += [f"$${formula}$$" for formula in formulas]
        return "\n\n".join(parts)


def _plain(formula):
    """A formula of this room as text of a console."""
    for sign, plain in _SIGNS.items():
        formula = formula.replace(sign, plain)
    for pattern, plain in _PLAIN:
        formula = pattern.sub(plain, formula)
    while "\\" in formula:
        inner = _ROOT.sub(lambda found: f"√{_grouped(found[1])}", formula)
        inner = _FRACTION.sub(lambda found: " / ".join(map(_grouped, found.groups())), inner)
        if inner == formula:
            raise ValueError(f"a formula has a command that is not known: {formula}")
        formula = inner
    return formula.replace("-", MINUS)


def _grouped(part):
    """A part of a fraction, in brackets where it is more than one thing."""
    return part if re.fullmatch(r"(Σ )?[^ ()]+", part) else f"({part})"


def _aligned(table):
    """The rows of a table as lines, texts to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "    " + "  ".join([row[0].ljust(widths[0]), *numbers])


def _as_markdown(table):
    if table:
        head, *rows = ([markdown_cell(cell) for cell in row] for row in table)
        rule = ["---", *["---:"] * (len(head) - 1)]
        yield "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _text(value):
    """A number as text, a count and 0 without decimals."""
    return number(value, 0) if isinstance(value, int) or value == 0 else significant(value, _DIGITS)


def _n(value):
    """A number in LaTeX."""
    text = _text(value).replace(",", "{,}").replace("\N{NARROW NO-BREAK SPACE}", r"\,").replace("×", r"\times")
    raised = re.sub("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda found: f"10^{{{found[1].translate(_LOWERED)}}}", text)
    return rf"\text{{{raised}}}" if raised == NOT_ESTIMABLE else raised.replace(MINUS, "-")


def _in_brackets(value):
    """A number that stands behind a sign."""
    return f"({_n(value)})" if value < 0 else _n(value)


def _sum(terms: Iterable[str]) -> str:
    """The terms of a sum, those in the middle left out where they are many."""
    terms = list(terms)
    if len(terms) > _TERMS:
        terms = [*terms[:2], r"\dots", terms[-1]]
    return " + ".join(terms)


def _shortened(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """A table, the rows in the middle left out where they are many."""
    if len(rows) > _ROWS:
        rows = [*rows[: _ROWS - 2], ["…"] * len(head), rows[-1]]
    return (tuple(head), *(tuple(" ".join(cell.split()) for cell in row) for row in rows))


def explain(pooled: PooledEffect) -> Explanation:
    """Return how a result of `pool` was made; see :meth:`analysis.PooledEffect.explain`.

    Parameters
    ----------
    pooled : PooledEffect

    Returns
    -------
    Explanation

    Examples
    --------
    >>> from analysis import pool
    >>> print(explain(pool([0.5], [0.04], measure="RR")))
    Risk ratio of 1 study, step by step
    <BLANKLINE>
    1. One study
    Nothing is pooled: the result is the study itself. The standard error is the root of its variance.
        μ̂ = y_1 = 0.5000   se = √v_1 = √0.04000 = 0.2000
    <BLANKLINE>
    2. Confidence interval
    The 95% interval reaches 1.9600 standard errors to either side, as normal errors do.
        0.5000 ± 1.9600 × 0.2000 = 0.1080 to 0.8920
    <BLANKLINE>
    3. Back to ratios
    The analysis used the log scale; people read the risk ratio.
        exp(0.5000) = 1.6487   exp(0.1080) = 1.1141   exp(0.8920) = 2.4400
    """
    words = Wording.of(pooled)
    of = words.counted(pooled.k, studies_behind(pooled))
    title = f"{capital(words.called)}{',' if words.contrast else ''} of {of}, step by step"
    steps = [_one_study(words, pooled)] if pooled.k == 1 else list(_pooling(words, pooled))
    steps.append(_interval(pooled))
    if words.measure.scale:
        steps.append(_back(words, pooled))
    if pooled.k > 1 and pooled.tau2_method != "CE":
        steps.append(_prediction(words, pooled))
    return Explanation(title, tuple(steps))


def _one_study(words, pooled):
    text = f"Nothing is pooled: the result is the {words.noun} itself. The standard error is the root of its variance."
    root = r"\sqrt{v_1 + \tau^2}" if pooled.tau2_method == "fixed" else r"\sqrt{v_1}"
    put_in = rf"\sqrt{{{_n(pooled.vi[0])}{f' + {_n(pooled.tau2)}' if pooled.tau2_method == 'fixed' else ''}}}"
    formula = rf"\hat{{\mu}} = y_1 = {_n(pooled.estimate)} \quad se = {root} = {put_in} = {_n(pooled.se)}"
    return Step(f"One {words.noun}", text, (formula,))


def _pooling(words, pooled):
    """The steps from the studies to the standard error of their mean."""
    y, v, k = pooled.yi, pooled.vi, pooled.k
    w = 1.0 / v
    common = float(w @ y / w.sum())
    yield _weights(words, pooled, w)
    yield Step(
        "The mean if all true effects were one",
        f"The weighted mean: each effect times its weight, added up, over the sum of the weights. "
        f"It takes all {words.nouns} to have the same true effect.",
        (_mean(r"\hat{\mu}_0", "w_i", w, y, common),),
    )
    yield _scatter(words, pooled, w, common)
    yield _BETWEEN[pooled.tau2_method](words, pooled, w)
    yield _share(words, pooled, w)
    if pooled.tau2_method != "CE":
        again = 1.0 / (v + pooled.tau2)
        yield _weights_again(words, pooled, again)
        text = "The same weighted mean with the new weights. This is the pooled effect."
        yield Step("The pooled mean", text, (_mean(r"\hat{\mu}", "w_i^*", again, y, pooled.estimate),))
    else:
        text = "The model takes all true effects to be one, so the mean of step 2 is the pooled effect."
        yield Step("The pooled mean", text, (rf"\hat{{\mu}} = \hat{{\mu}}_0 = {_n(pooled.estimate)}",))
    yield _standard_error(pooled, k)


def _weights(words, pooled, w):
    scale = words.measure.scale
    text = (
        f"Each {words.noun} has an effect y and a variance v, the square of its standard error. "
        "Its weight is one over the variance: the more precise, the heavier."
    )
    if scale:
        text += f" The analysis uses {_scale(words)}."
    head = [words.noun, *([words.measure.name] if scale else []), "y", "v", "w = 1/v"]
    read = words.shown(pooled.yi)
    rows = [
        [label, *([_text(shown)] if scale else []), _text(y), _text(v), _text(weight)]
        for label, shown, y, v, weight in zip(pooled.labels, read, pooled.yi, pooled.vi, w, strict=True)
    ]
    formula = rf"w_1 = \frac{{1}}{{v_1}} = \frac{{1}}{{{_n(pooled.vi[0])}}} = {_n(w[0])} \quad \sum w_i = {_n(w.sum())}"
    return Step("Weights", text, (formula,), _shortened(head, rows))


def _mean(name, weight, w, y, result):
    """A weighted mean with its numbers."""
    terms = _sum(rf"{_n(a)} \times {_in_brackets(b)}" for a, b in zip(w, y, strict=True))
    sums = rf"\frac{{\sum {weight} y_i}}{{\sum {weight}}} = \frac{{{terms}}}{{{_n(w.sum())}}}"
    return rf"{name} = {sums} = \frac{{{_n(w @ y)}}}{{{_n(w.sum())}}} = {_n(result)}"


def _scatter(words, pooled, w, common):
    terms = _sum(rf"{_n(a)} \times ({_n(b)} - {_in_brackets(common)})^2" for a, b in zip(w, pooled.yi, strict=True))
    text = (
        "Q adds up the squared distances from that mean, each times its weight. "
        f"If chance alone were at work, it would be about {_text(pooled.q_df)}, one less than there are {words.nouns} "
        f"(p {equals(pooled.q_pvalue)})."
    )
    return Step("Q, the scatter", text, (rf"Q = \sum w_i (y_i - \hat{{\mu}}_0)^2 = {terms} = {_n(pooled.q)}",))


def _tau2(text, *formulas):
    return Step("τ², the variance of the true effects", text, formulas)


def _common(words, pooled, w):
    text = f"The common-effect model says that true effects do not differ between {words.nouns}: τ² is 0 by definition."
    return _tau2(text, r"\tau^2 = 0")


def _given(words, pooled, w):
    return _tau2("τ² was given, and is not estimated.", rf"\tau^2 = {_n(pooled.tau2)}")


def _at_least_0(inner):
    """A variance is not below 0."""
    return rf"\max\left(0, {inner}\right)"


def _dersimonian_laird(words, pooled, w):
    text = (
        "DerSimonian and Laird (DL): what Q has beyond chance, turned into a variance by C. Below 0 it is set to 0, "
        "as no variance is negative."
    )
    c = w.sum() - w @ w / w.sum()
    formula = rf"C = \sum w_i - \frac{{\sum w_i^2}}{{\sum w_i}} = {_n(w.sum())} - \frac{{{_n(w @ w)}}}{{{_n(w.sum())}}}"
    excess = rf"\frac{{{_n(pooled.q)} - {_n(pooled.q_df)}}}{{{_n(c)}}}"
    named = _at_least_0(r"\frac{Q - (k - 1)}{C}")
    tau2 = rf"\tau^2 = {named} = {_at_least_0(excess)} = {_n(pooled.tau2)}"
    return _tau2(text, f"{formula} = {_n(c)}", tau2)


def _hedges(words, pooled, w):
    text = "Hedges (HE): the variance of the effects, without weights, less the mean of their sampling variances."
    formula = _at_least_0(r"\frac{\sum (y_i - \bar{y})^2}{k - 1} - \frac{\sum v_i}{k}")
    put_in = _at_least_0(f"{_n(np.var(pooled.yi, ddof=1))} - {_n(pooled.vi.mean())}")
    return _tau2(text, rf"\tau^2 = {formula} = {put_in} = {_n(pooled.tau2)}")


def _hunter_schmidt(words, pooled, w):
    text = f"Hunter and Schmidt (HS): what Q has beyond the number of {words.nouns}, over the sum of the weights."
    put_in = _at_least_0(rf"\frac{{{_n(pooled.q)} - {_n(pooled.k)}}}{{{_n(w.sum())}}}")
    named = _at_least_0(r"\frac{Q - k}{\sum w_i}")
    return _tau2(text, rf"\tau^2 = {named} = {put_in} = {_n(pooled.tau2)}")


def _sidik_jonkman(words, pooled, w):
    text = (
        "Sidik and Jonkman (SJ): begin with the spread of the effects about their plain mean, then correct it once "
        "with weights made of it. The result is never 0 unless all effects are equal."
    )
    start = float(np.var(pooled.yi))
    first = rf"\tau_0^2 = \frac{{\sum (y_i - \bar{{y}})^2}}{{k}} = {_n(start)}"
    if not start:
        return _tau2(text, first, r"\tau^2 = 0")
    q = _generalised_q(pooled, start)
    formula = r"\tau_0^2 \, \frac{\sum a_i (y_i - \hat{\mu}_a)^2}{k - 1}"
    put_in = rf"{_n(start)} \times \frac{{{_n(q)}}}{{{_n(pooled.q_df)}}}"
    weights = r"a_i = \frac{1}{v_i + \tau_0^2}"
    return _tau2(text, first, rf"{weights} \quad \tau^2 = {formula} = {put_in} = {_n(pooled.tau2)}")


def _generalised_q(pooled, tau2):
    """Q with the weights and the mean at a value of tau2."""
    w = 1.0 / (pooled.vi + tau2)
    return float(w @ (pooled.yi - w @ pooled.yi / w.sum()) ** 2)


def _paule_mandel(words, pooled, w):
    called = "Paule and Mandel" if pooled.tau2_method == "PM" else "Empirical Bayes"
    text = (
        f"{called} ({pooled.tau2_method}): the τ² with which the scatter is just what is to be expected, "
        f"Q(τ²) = k {MINUS} 1, found by search."
    )
    if not pooled.tau2:
        text += " Even without any τ² the scatter is not larger: τ² is 0."
    name = r"Q(\tau^2) = \sum \frac{(y_i - \hat{\mu})^2}{v_i + \tau^2}"
    at = rf"Q({_n(pooled.tau2)}) = {_n(_generalised_q(pooled, pooled.tau2))} \quad k - 1 = {_n(pooled.q_df)}"
    return _tau2(text, name, rf"{at} \quad \tau^2 = {_n(pooled.tau2)}")


def _likelihood(words, pooled, w):
    restricted = pooled.tau2_method == "REML"
    called = "Restricted maximum likelihood (REML)" if restricted else "Maximum likelihood (ML)"
    text = f"{called}: the τ² under which the observed effects are most likely, found by search. "
    text += "It is where this log-likelihood is highest; here it is beside its value at another τ²."
    terms = r"\sum \log(v_i + \tau^2) + \sum w_i^* (y_i - \hat{\mu})^2"
    ell = r"\ell_R" if restricted else r"\ell"
    more = r" + \log \sum w_i^*" if restricted else ""
    # Beside the maximum stands 0, or what is no less likely a guess where the maximum is at 0.
    other = 0.0 if pooled.tau2 else float(pooled.vi.mean())
    y, v = pooled.yi[:, None], pooled.vi[:, None]
    values = r" \quad ".join(
        rf"{ell}({_n(at)}) = {_n(log_likelihood(y, v, at, restricted)[0])}" for at in (pooled.tau2, other)
    )
    name = rf"{ell}(\tau^2) = -\frac{{1}}{{2}} \left({terms}{more}\right)"
    return _tau2(text, name, rf"{values} \quad \tau^2 = {_n(pooled.tau2)}")


_BETWEEN = {
    "CE": _common,
    "fixed": _given,
    "DL": _dersimonian_laird,
    "HE": _hedges,
    "HS": _hunter_schmidt,
    "SJ": _sidik_jonkman,
    "PM": _paule_mandel,
    "EB": _paule_mandel,
    "ML": _likelihood,
    "REML": _likelihood,
}


def _share(words, pooled, w):
    if pooled.tau2_method == "CE":
        text = f"The share of Q that is beyond chance: {percent(pooled.i2)}. It does not say how far effects differ."
        put_in = _at_least_0(rf"\frac{{{_n(pooled.q)} - {_n(pooled.q_df)}}}{{{_n(pooled.q)}}}")
        left = r"\frac{Q - (k - 1)}{Q}"
        if not pooled.q:
            return Step("I²", text, (r"I^2 = 0",))
        return Step("I²", text, (rf"I^2 = {_at_least_0(left)} = {put_in} = {_n(pooled.i2)}",))
    typical = pooled.q_df * w.sum() / (w.sum() ** 2 - w @ w)
    text = (
        f"The share of the variance that is not chance: {percent(pooled.i2)}. "
        f"It grows with the size of the {words.nouns}, so it does not say how far effects differ; τ does. "
        "s² is the typical sampling variance."
    )
    tau = rf"\tau = \sqrt{{{_n(pooled.tau2)}}} = {_n(pooled.tau)}"
    s2 = rf"s^2 = \frac{{(k - 1) \sum w_i}}{{(\sum w_i)^2 - \sum w_i^2}} = {_n(typical)}"
    put_in = rf"\frac{{{_n(pooled.tau2)}}}{{{_n(pooled.tau2)} + {_n(typical)}}}"
    return Step(
        "I² and τ", text, (f"{tau} \\quad {s2}", rf"I^2 = \frac{{\tau^2}}{{\tau^2 + s^2}} = {put_in} = {_n(pooled.i2)}")
    )


def _weights_again(words, pooled, w):
    text = (
        "Each effect varies for two reasons, chance and true differences, so τ² is added to each variance. "
        f"The weights of small and large {words.nouns} come closer together."
    )
    if not pooled.tau2:
        text = "τ² is 0, so the weights stay what they are."
    formula = rf"\frac{{1}}{{v_1 + \tau^2}} = \frac{{1}}{{{_n(pooled.vi[0])} + {_n(pooled.tau2)}}} = {_n(w[0])}"
    rows = [
        [label, _text(weight), percent(share, 1)]
        for label, weight, share in zip(pooled.labels, w, pooled.weights, strict=True)
    ]
    table = _shortened([words.noun, "w*", "share"], rows)
    return Step("Weights with τ²", text, (rf"w_1^* = {formula} \quad \sum w_i^* = {_n(w.sum())}",), table)


def _standard_error(pooled, k):
    star = "w_i" if pooled.tau2_method == "CE" else "w_i^*"
    total = np.sum(1.0 / (pooled.vi + pooled.tau2))
    wald = rf"\frac{{1}}{{\sqrt{{\sum {star}}}}} = \frac{{1}}{{\sqrt{{{_n(total)}}}}} = {_n(pooled.wald_se)}"
    title = "Standard error"
    if not pooled.ci_method.startswith("HKSJ"):
        return Step(title, "One over the root of the sum of the weights.", (f"se = {wald}",))
    h = _generalised_q(pooled, pooled.tau2) / (k - 1)
    factor = rf"h = \frac{{\sum {star} (y_i - \hat{{\mu}})^2}}{{k - 1}} = {_n(h)}"
    text = (
        "From the weights alone comes the standard error of Wald. Hartung and Knapp multiply it by the root of h, "
        "which measures how far the effects really scatter about their mean."
    )
    used = h
    if pooled.ci_method == "HKSJ-mod":
        text += " In this form h is not taken below 1."
        used, factor = max(h, 1.0), rf"{factor} \quad \max(1, h) = {_n(max(h, 1.0))}"
    elif pooled.ci_method == "HKSJ-wide":
        wider = (
            "Wald's is wider here, and is taken" if math.isinf(pooled.df) else "this one is wider here, and is taken"
        )
        text += f" Of its interval and that of Wald the wider counts: {wider}."
        if math.isinf(pooled.df):
            t, z = (float(t_quantile(df, pooled.confidence_level)) for df in (k - 1, np.inf))
            narrow = rf"{_n(t)} \times \sqrt{{{_n(h)}}} = {_n(t * math.sqrt(h))} < {_n(z)}"
            return Step(title, text, (f"se = {wald}", factor, narrow))
    put_in = rf"\sqrt{{{_n(used)}}} \times {_n(pooled.wald_se)} = {_n(pooled.se)}"
    return Step(title, text, (rf"se_W = {wald}", factor, f"se = {put_in}"))


def _interval(pooled):
    crit, at = float(t_quantile(pooled.df, pooled.confidence_level)), level(pooled.confidence_level)
    by = "as normal errors do" if math.isinf(pooled.df) else _on_t(pooled.df)
    text = f"The {at} interval reaches {_text(crit)} standard errors to either side, {by}."
    formula = rf"{_n(pooled.estimate)} \pm {_n(crit)} \times {_n(pooled.se)} = {_ends(*pooled.ci)}"
    return Step("Confidence interval", text, (formula,))


def _ends(low, high):
    return rf"{_n(low)}\text{{ to }}{_n(high)}"


def _on_t(df):
    return f"by the t distribution on {counted(df, 'degree')} of freedom"


def _back(words, pooled):
    measure = words.measure
    title = "Back to ratios" if measure.is_ratio else "Back to the scale that people read"
    text = f"The analysis used {_scale(words)}; people read the {measure.name}."
    return Step(title, text, (_as_read(measure, (pooled.estimate, *pooled.ci)),))


def _scale(words):
    scale = words.measure.scale
    return f"the {scale}" if scale.endswith("scale") else scale


def _as_read(measure, values):
    """Numbers of the analysis, each with what it is on the scale people read."""
    name = r"\exp" if measure.is_ratio else rf"\text{{{measure.name}}}"
    return r" \quad ".join(rf"{name}({_n(x)}) = {_n(measure.transform(x))}" for x in values)


def _prediction(words, pooled):
    title, (low, high), at = "Prediction interval", pooled.pi, level(pooled.confidence_level)
    if math.isnan(low):
        why = f"there are only {pooled.k}" if pooled.k < 3 else "the variances are too far apart"
        return Step(title, f"Where the true effect of a new {words.noun} lies cannot be said: {why}.")
    text = f"The true effect of a new {words.noun} is expected in it: it has the spread of true effects in it too. "
    ends = _ends(low, high)
    read = (_as_read(words.measure, pooled.pi),) if words.measure.scale else ()
    if pooled.pi_method == "Nagashima":
        text += (
            f"By Nagashima, Noma and Furukawa τ² is not one number but every value that fits, by how well it fits. "
            f"The {at} in the middle of all new effects is the interval; it has no short formula."
        )
        formula = r"\theta = \hat{\mu}(\tau^2) + z \tau - t_{k-1} se(\tau^2)"
        return Step(title, text, (rf"{formula} \quad {ends}", *read))
    df = {"t(k-1)": pooled.k - 1.0, "t(k-2)": pooled.k - 2.0, "z": math.inf}[pooled.pi_method]
    crit = float(t_quantile(df, pooled.confidence_level))
    by = "by the normal distribution" if math.isinf(df) else _on_t(df)
    text += f"To either side it reaches {_text(crit)} times the root of τ² and the squared standard error, {by}."
    root = rf"\sqrt{{{_n(pooled.tau2)} + {_n(pooled.se)}^2}}"
    formula = rf"\hat{{\mu}} \pm t \sqrt{{\tau^2 + se^2}} = {_n(pooled.estimate)} \pm {_n(crit)} \times {root}"
    return Step(title, text, (f"{formula} = {ends}", *read))
