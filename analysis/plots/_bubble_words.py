"""Captions, footers and alternative texts of the bubble plot."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plots import _words as words
from analysis.plots._cells import decimals
from analysis.text import counted, equals, interval, level, number, percent

STUDIES_PER_MODERATOR = 10  # Cochrane Handbook, section 10.11.5.1
OBSERVATIONAL = "Observational: trials were not randomised to their moderators"
MODELS = {"CE": "common-effect meta-regression", "fixed": "mixed-effects meta-regression, τ² given"}
REFERENCE = {
    "HKSJ": "Knapp-Hartung on t(k−p)",
    "HKSJ-mod": "Knapp-Hartung with the factor floored at 1, on t(k−p)",
    "t": "Wald on t(k−p)",
    "z": "Wald on the normal distribution",
}
MOST_LISTED = 4
NBSP = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, eq=False)
class About:
    """What the words are about: the fit, its curve, the table of the figure, and how numbers are written."""

    fit: object
    along: object
    table: pd.DataFrame
    x_label: str
    y_label: str
    ratio: bool
    digits: int
    pi_method: str
    leaves: bool

    @property
    def year(self):
        """Whether the moderator is a calendar year."""
        return not self.along.categorical and is_year(self.along.moderator, self.along.trials["x"])

    @property
    def of(self):
        """Return the moderator as it stands within a sentence."""
        return within(self.x_label)

    def show(self, value):
        """Return an effect on the scale on which it is read."""
        return float(np.exp(value)) if self.ratio else float(value)

    def effect(self, row, prefix="ci"):
        """Return "−0.50 (95% CI −0.80 to −0.20)"."""
        ends = interval(self.show(row[f"{prefix}_low"]), self.show(row[f"{prefix}_high"]), self.digits)
        return f"{number(self.show(row['estimate']), self.digits)} ({level(self.fit.confidence_level)} CI {ends})"


def within(label):
    """Return a label as it stands within a sentence; abbreviations keep their capitals."""
    return label if label[1:2].isupper() else label[0].lower() + label[1:]


def is_year(name, values):
    """Say whether a moderator is a calendar year, whose thousands are not separated."""
    return "year" in name.lower() and bool(((values >= 1000) & (values < 3000)).all())


def write_x(values, year=False):
    """Return the values of a moderator as texts with as few decimals as they have, up to two."""
    if year:
        return [f"{x:.0f}" for x in values]
    digits = max((decimals(float(x)) for x in values), default=0)
    return [number(float(x), digits) for x in values]


def x_texts(along):
    """Return the moderator of every trial as text."""
    return write_x(along.trials["x"], is_year(along.moderator, along.trials["x"]))


def slope_digits(slope, digits):
    """Return the decimals that show a slope: two significant digits of half its interval."""
    half = (slope["ci_high"] - slope["ci_low"]) / 2
    if not (np.isfinite(half) and half > 0):
        return digits
    return int(np.clip(1 - np.floor(np.log10(half)), digits, 8))


def finding(about):
    """Return what the moderator goes with, in one sentence."""
    along = about.along
    if along.categorical:
        return _categories_sentence(about)
    if along.slope is None:
        ends = along.curve.iloc[[0, -1]]
        rows = zip(write_x(ends["x"], about.year), ends.to_dict("records"), strict=True)
        at = [f"{about.effect(row)} at {x}" for x, row in rows]
        named = about.along.terms.head(MOST_LISTED)
        rows = zip(named.index, named.to_dict("records"), strict=True)
        terms = [f"{name} {_coefficient(about, row)}" for name, row in rows]
        kind = "coefficients as ratios" if about.ratio else "coefficients"
        return f"No single slope; fitted mean: {' and '.join(at)}; {kind}: {'; '.join(terms)}"
    slope = along.slope
    if about.ratio:
        return f"{about.y_label} times {_coefficient(about, slope)} per unit of {about.of}"
    return f"Slope: {_coefficient(about, slope)} per unit of {about.of}"


def _coefficient(about, row):
    """Return a coefficient with interval and p; that of ratios as a ratio of ratios."""
    show = np.exp if about.ratio else float
    shown = {end: float(show(row[end])) for end in ("estimate", "ci_low", "ci_high")}
    digits = slope_digits(shown, about.digits)
    at = level(about.fit.confidence_level)
    limits = interval(shown["ci_low"], shown["ci_high"], digits)
    return f"{number(shown['estimate'], digits)} ({at} CI {limits}; p {equals(row['pvalue'])})"


def _categories_sentence(about):
    along = about.along
    rows = along.curve.to_dict("records")
    parts = [f"{row['x']} {about.effect(row)}" for row in rows[: 2 * MOST_LISTED]]
    more = f"; and {number(len(rows) - len(parts), 0)} more in the table" if len(rows) > len(parts) else ""
    return f"Fitted means: {'; '.join(parts)}{more}"


def difference_sentence(about):
    """Return how the categories differ from the reference."""
    along = about.along
    if not along.categorical:
        return ""
    others = [row for row in along.curve.to_dict("records") if row["x"] != along.reference][:MOST_LISTED]
    named = {"estimate": "difference", "ci_low": "difference_low", "ci_high": "difference_high"}
    parts = [f"{row['x']} {about.effect({end: row[name] for end, name in named.items()})}" for row in others]
    what = "Ratio to" if about.ratio else "Difference from"
    rest = "; the others in the table" if len(along.curve) - 1 > len(parts) else ""
    return f"{what} {along.reference}: {'; '.join(parts)}{rest}"


def test_sentence(about):
    """Return the omnibus test, R², tau and k; the test of a single slope has been told with it."""
    fit = about.fit
    count, df = fit.qm_df
    test = f"χ² {number(fit.qm)}, df {number(count, 0)}"
    if np.isfinite(df):
        test = f"F {number(fit.qm)}, df {number(count, 0)} and {number(df, 0)}"
    r2 = "R² not estimable" if np.isnan(fit.r2) else f"R² {percent(fit.r2)}"
    said = "" if count == 1 and about.along.slope else f"All moderators together: {test}, p {equals(fit.qm_pvalue)}; "
    return f"{said}{r2}; residual τ {number(fit.tau)}, residual I² {percent(fit.i2)}; k{NBSP}={NBSP}{number(fit.k, 0)}"


def held_sentence(about):
    """Return where the other moderators are held."""
    if not about.along.held:
        return ""
    parts = []
    for name, value in about.along.held.items():
        text = f"its mean {number(value, 2)}" if isinstance(value, float) else str(value)
        parts.append(f"{name.replace('_', ' ')} at {text}")
    return f"Fitted with other moderators held: {', '.join(parts)}; circles are not adjusted for them"


def few_sentence(fit):
    """Return the warning for few trials per coefficient."""
    count = fit.qm_df[0]
    if fit.k >= STUDIES_PER_MODERATOR * count:
        return ""
    of = "one coefficient" if count == 1 else f"{number(count, 0)} coefficients"
    return f"Fewer than ten trials for each coefficient of a moderator ({counted(fit.k)}, {of}): too few to rely on"


def model_sentence(about):
    """Return the model and what the intervals are."""
    fit, at = about.fit, level(about.fit.confidence_level)
    model = MODELS.get(fit.tau2_method, f"mixed-effects meta-regression, τ² by {fit.tau2_method}")
    prediction = f"{at} prediction limits on {words.degrees(about.pi_method)}"
    if not np.isfinite(about.along.curve["pi_low"]).all():
        prediction = "no prediction limits: the model has no spread between trials"
        if fit.tau2_method != "CE":
            prediction = "no prediction limits: too few trials"
    elif fit.tau2 == 0:
        prediction += ", which no spread between trials (τ 0) makes no wider"
    return f"{model}; {at} confidence limits by {REFERENCE.get(fit.ci_method, fit.ci_method)}; {prediction}"


def footer(about, note, *, printed=False):
    """Return the paragraphs below the figure; without what is ``printed`` in it."""
    narrow = "Confidence limits are narrower than the Wald limits, to be read with care"
    narrow = narrow if about.fit.hksj_narrower else ""
    scale = "log scale" if about.ratio else ""
    circles = "circles: trials, area proportional to the weight in the model down to a smallest size"
    lines = [
        words.sentences("" if printed else finding(about), difference_sentence(about), test_sentence(about)),
        words.sentences(OBSERVATIONAL, few_sentence(about.fit), held_sentence(about)),
        words.sentences(model_sentence(about), circles, _order(about), scale, narrow, _leaving(about)),
        words.sentences(note),
    ]
    return [line for line in lines if line]


def _order(about):
    if not about.along.categorical:
        return ""
    return "they are spread out within a row only where they would cover one another"


def _leaving(about):
    return "bands go on beyond the panel" if about.leaves else ""


def alt_text(title, about):
    """Return what the figure shows to someone who cannot see it."""
    trials = about.along.trials
    spread = interval(about.show(trials["yi"].min()), about.show(trials["yi"].max()), about.digits)
    across = ""
    if not about.along.categorical:
        low, high = write_x([trials["x"].min(), trials["x"].max()], about.year)
        across = f", {about.of} from {low} to {high}"
    return words.sentences(
        f"Bubble plot: {title}",
        f"{counted(len(trials)).capitalize()}, estimates from {spread}{across}",
        finding(about),
        test_sentence(about),
        OBSERVATIONAL,
    )
