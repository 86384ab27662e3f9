"""Caption and footer speak of a mark if, and only if, it is drawn."""

import itertools
from dataclasses import replace

import layouts
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text
from plot_cases import synthetic

import analysis
from analysis.plots import _theme as style
from analysis.plots._marks import drawn_in

CLAIMS = layouts.claims()
# what makes the panel narrower than an interval, or the interval wider than the panel
FAR = [-1.0, -0.9, -1.1, -4.0], [0.05, 0.04, 0.06, 0.05]
CALM = [-1.0, -0.9, -1.1, -1.05, -0.95], [0.2, 0.1, 0.15, 0.2, 0.12]


def many(estimate, half, default=None, thin=False):
    """Return analyses with these estimates, and intervals of this half width."""
    n = len(estimate)
    frame = layouts.analyses(n).assign(estimate=estimate, se=half / 2, ci_low=estimate - half, ci_high=estimate + half)
    frame["default"] = np.arange(n) == default
    return frame.assign(i2=90.0 if thin else 0.0)


def posteriors():
    prior = analysis.HalfNormal(0.2)
    yield analysis.posterior_plot(analysis.pool_bayes(*FAR))
    yield analysis.posterior_plot(analysis.pool_bayes(*CALM, tau_prior=prior))
    yield analysis.posterior_plot(analysis.pool_bayes(*CALM, tau_prior=prior, mu_prior=analysis.Normal(0, 1)))
    yield analysis.posterior_plot(analysis.pool_bayes([-1.2], [0.1]), width_mm=85)

    yield analysis.posterior_plot(analysis.pool_bayes(imputing()))


def imputing():
    """Return effects, one of them with an imputed SD."""
    effects = synthetic(7, groups=2)
    status = ["imputed", *["reported"] * 6]
    return replace(effects, table=effects.table.assign(status=status, dose=[3.0, 8.0, 21.0, 5.0, 13.0, 34.0, 2.0]))


def bubbles():
    effects = imputing()
    for formula in ("yi ~ dose", "yi ~ therapy_family"):
        yield analysis.bubble(analysis.meta_regression(formula, effects))
        yield analysis.bubble(analysis.meta_regression(formula, effects.table, tau2_method="CE"), width_mm=85)
    near = analysis.meta_regression("yi ~ dose", effects)
    yield analysis.bubble(near, xlim=(0, 20))  # without the trial of dose 21 and that of 34
    few = effects.table.iloc[:4]
    yield analysis.bubble(analysis.meta_regression("yi ~ dose", few))  # bands that leave the panel


def draperies():
    two = [-1.2, -0.3], [0.1, 0.2]
    yield analysis.drapery(analysis.pool(*two, ci_method="HKSJ"), common=True)  # an interval beyond the panel
    yield analysis.drapery(analysis.pool(*two, ci_method="z"))
    yield analysis.drapery(analysis.pool(*CALM, ci_method="z"), common=True, scale="z", width_mm=85)
    yield analysis.drapery(analysis.pool([-1.2], [0.1]))


def beyond_limits(fig):
    ax = next(ax for ax in fig.axes if ax.get_label() == "bubble")
    x = fig.content.table.loc[fig.content.table["kind"] == "trial", "x"]
    return pd.api.types.is_numeric_dtype(x.infer_objects()) and not x.between(*ax.get_xlim()).all()


def bands_leave(fig):
    ax = next(ax for ax in fig.axes if ax.get_label() == "bubble")
    low, high = sorted(ax.get_ylim() if ax.get_yticks().size else ax.get_xlim())
    bands = fig.content.table[["ci_low", "ci_high", "pi_low", "pi_high"]]
    bands = bands[fig.content.table["kind"] != "slope"]
    return bool((bands < low).any(axis=None) or (bands > high).any(axis=None))


def claims():
    evidence = analysis.pool_arms(synthetic(5), by="therapy_family")
    nothing = CLAIMS.assign(**{role: np.nan for role in ("placebo", "treatment", "contrast")})
    pairs = CLAIMS.iloc[:2].assign(k=1, k_arms=1), CLAIMS.iloc[[0]].assign(value="-3.9", k_arms=2)
    unsaid = CLAIMS.iloc[[2]].assign(contrast_low=np.nan, contrast_high=np.nan)
    for table in (CLAIMS, CLAIMS.iloc[3:], CLAIMS.assign(match="none"), nothing, *pairs, unsaid):
        kept = table.copy()
        kept.attrs = CLAIMS.attrs
        yield analysis.claims_plot(kept)
    yield analysis.claims_plot(CLAIMS, evidence=evidence, worthwhile=None)
    yield analysis.claims_plot(CLAIMS.iloc[[0]].assign(treatment_low=-90.0))  # beyond the panel


def multiverses():
    wave = np.sin(np.arange(40.0))
    yield analysis.multiverse_plot(many(wave, 0.3 + np.zeros(40), default=3))
    yield analysis.multiverse_plot(many(wave - 9, 0.3 + np.zeros(40)))  # all exclude zero
    yield analysis.multiverse_plot(many(np.tile(wave, 20), 0.3 + np.zeros(800), default=3))
    yield analysis.multiverse_plot(many(np.linspace(-4, 4, 800), 1e-4 + np.zeros(800)))  # nothing in common


def found(fig, gid):
    """Return the artists of a gid that can be seen: with paths, and if they are points, inside of their axes."""
    shown = []
    for each in fig.findobj(lambda a: isinstance(a, Collection) and a.get_gid() == gid):
        if isinstance(each, PathCollection):
            low, high = each.axes.get_xlim()
            x = np.asarray(each.get_offsets())[:, 0]
            shown += [each] * bool(((x >= min(low, high)) & (x <= max(low, high))).any())
        else:
            shown += [each] * any(np.ptp(path.vertices, axis=0).any() for path in each.get_paths())
    return shown


def drawn(*gids):
    return lambda fig: any(found(fig, gid) for gid in gids)


def beyond(of):
    """Return whether any interval of the table leaves the axes of this label."""

    def leaves(fig):
        axes = [ax for ax in fig.axes if ax.get_label() == of]
        table = fig.content.table[fig.content.table["kind"].isin(["trial", "subtotal", "total", "prediction"])]
        ends = table[[name for name in table if name.split("_")[-1] in ("low", "high") and "claim" not in name]]
        ends = ends.select_dtypes("number").to_numpy(float)
        return any((ends < ax.get_xlim()[0]).any() or (ends > ax.get_xlim()[1]).any() for ax in axes)

    return leaves


def hollow(fig):
    return any(
        style.PAPER in map(to_hex, each.get_facecolor()) or "#ffffff" in map(to_hex, each.get_facecolor())
        for each in found(fig, "curve-estimates")
        if isinstance(each, PathCollection)
    )


def spread(fig):
    """Return whether the inner band has a height anywhere."""
    return "inside_low" in fig.content.table and bool(fig.content.table["inside_low"].notna().any())


SAID = {
    posteriors: {
        "diamond and pale line: mean effect": drawn("posterior-total"),
        "bar: predictive interval": drawn("posterior-prediction"),
        "arrowhead: ": beyond("trials"),
        "flat prior of the mean effect (not drawn)": lambda fig: not drawn("posterior-mu-prior")(fig),
        "filled circle, ": drawn("posterior-shrunken"),
        "dashed interval: SD imputed": drawn("posterior-observed-intervals-imputed"),
    },
    bubbles: {
        "circles: ": drawn("bubble-trials"),
        "hollow where an SD was imputed": lambda fig: "bubble-trials-hollow" in drawn_in(fig),
        "no prediction limits": lambda fig: not drawn("bubble-pi")(fig),
        "lie beyond the panel": beyond_limits,
        "bands go on beyond the panel": bands_leave,
    },
    draperies: {
        "dots: ": drawn("drapery-ci"),
        "area: prediction": drawn("drapery-prediction"),
        "dashed: common effect": drawn("drapery-common"),
        "thin: one study": drawn("drapery-trials"),
        "bold: pooled result": drawn("drapery-pooled"),
    },
    claims: {
        "diamonds: pooled results": drawn("placebo-subtotals", "treatment-subtotals", "contrast-subtotals"),
        "open diamonds: ": drawn("placebo-subtotals"),
        "circles with lines: change in a single": drawn("placebo-intervals", "treatment-intervals"),
        "squares with lines: ": drawn("contrast-intervals"),
        "open circles with dashed lines: ": drawn("aside-intervals"),
        "triangles: claimed numbers": drawn("claims-marks"),
        "triangles with lines: ": drawn("claims-ranges"),
        "dotted lines: ": drawn("claims-stems"),
        "band: smallest worthwhile": drawn("claims-zone"),
        "arrowhead: ": beyond("claims"),
    },
    multiverses: {
        "circles: estimates": lambda fig: any(
            isinstance(each, PathCollection) for each in found(fig, "curve-estimates")
        ),
        "open where the interval includes zero": hollow,
        "lines: 95% confidence intervals": drawn("curve-intervals"),
        "curve: estimates": lambda fig: not drawn("curve-intervals")(fig),
        "confidence intervals (inner)": spread,
        "as far as any": drawn("curve-reach"),
        "diamond, dashed line and bold type": drawn("curve-default"),
    },
}


@pytest.mark.parametrize("figures", SAID, ids=lambda each: each.__name__)
def test_a_mark_is_spoken_of_if_and_only_if_it_is_drawn(figures):
    seen = set()
    for i, fig in enumerate(figures()):
        lines = [t for t in fig.findobj(Text) if (t.get_gid() or "").startswith("footer-")]
        footer = " ".join(line.get_text() for line in lines).lower()
        caption = fig.content.caption.lower()
        for words, there in SAID[figures].items():
            said = words.lower() in caption
            assert said == bool(there(fig)), (i, words, caption)
            assert said == (words.lower() in footer), (i, words, footer)
            seen.add((words, said))
        assert "halfnormal" not in caption and "check_claims" not in caption
    always = {"bar: predictive interval", "diamond and pale line: mean effect", "filled circle, ", "thin: one study"}
    always |= {"circles: "}
    sides = set(itertools.product(SAID[figures].keys() - always - {"bold: pooled result"}, (True, False)))
    assert sides - seen == set()  # both sides of every rule
