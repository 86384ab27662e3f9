"""The contour-enhanced funnel plot, read back from the artists that were drawn."""

import numpy as np
import pytest
from data_cases import published_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic, table_of_twins
from scipy import stats

import analysis
from analysis.models.simulation import effect_for_power, power_of_studies
from analysis.plots import _funnel
from analysis.plots import _theme as style
from analysis.plots._funnel import funnel


@pytest.fixture(scope="module")
def arms():
    return analysis.pool_arms(published_trials(), by="therapy_family")


@pytest.fixture(scope="module")
def fig(arms):
    return funnel(arms)


@pytest.fixture(scope="module")
def ratios():
    rng = np.random.default_rng(3)
    vi = rng.gamma(2, 0.06, 200)
    yi = rng.normal(np.log(0.8), np.sqrt(vi + 0.02))
    return analysis.pool(yi, vi, measure="OR", labels=[f"Trial {i}" for i in range(200)])


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def panel(fig):
    return next(ax for ax in fig.axes if ax.get_label() == "funnel")


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


def test_every_trial_stands_at_its_effect_and_standard_error(fig, arms):
    drawn = artist(fig, "funnel-trials")
    xy = drawn.get_offsets()[1::3]
    np.testing.assert_allclose(xy, np.column_stack([arms.effects.yi, np.sqrt(arms.effects.vi)]), rtol=1e-12)
    assert rows(fig)["study"].tolist() == arms.effects.table["study"].tolist()
    inside = drawn.get_sizes()[2::3]
    np.testing.assert_array_equal(inside > 0, arms.effects.table["status"] == "imputed")
    assert (inside > 0).sum() == 5 and len(set(drawn.get_sizes()[1::3])) == 1


def test_standard_errors_grow_downwards_from_0(fig):
    ax = panel(fig)
    low, high = ax.get_ylim()
    assert high == 0 and low > rows(fig)["se"].max()
    assert ax.get_xlim()[0] < rows(fig)["estimate"].min() and ax.get_xlim()[1] > max(0, rows(fig)["estimate"].max())


def test_contours_are_where_a_trial_has_that_p_value(fig):
    edges = artist(fig, "funnel-contour-edges").get_segments()
    base = panel(fig).get_ylim()[0]
    assert len(edges) == 6
    found = set()
    for edge in edges:
        (x, se), (top, zero) = edge
        assert (top, zero) == (0, 0) and se == base
        found.add(round(2 * stats.norm.sf(abs(x) / se), 9))
    assert found == {0.1, 0.05, 0.01}
    table = rows(fig, "contour")
    np.testing.assert_allclose(2 * stats.norm.sf(table["critical"]), 1 - table["confidence_level"])
    assert table["name"].tolist() == ["p = 0.10", "p = 0.05", "p = 0.01"]


def test_shades_are_lighter_from_contour_to_contour_and_painted_from_outside(fig):
    drawn = [artist(fig, f"funnel-contour-{level}") for level in (0.9, 0.95, 0.99)]
    light = [sum(to_rgb(each.get_facecolor()[0])) for each in drawn]
    assert light[0] < light[1] < light[2] < sum(to_rgb(style.PAPER))
    assert drawn[0].get_zorder() > drawn[1].get_zorder() > drawn[2].get_zorder()
    assert _funnel.shades_of(3)[-1] == "#ffffff"


def test_key_and_table_count_the_trials_of_every_shade(fig):
    p = 2 * stats.norm.sf(rows(fig)["estimate"].abs() / rows(fig)["se"])
    np.testing.assert_allclose(rows(fig)["pvalue"], p, rtol=1e-9)
    counts = [(p > 0.1).sum(), ((p > 0.05) & (p <= 0.1)).sum(), ((p > 0.01) & (p <= 0.05)).sum(), (p <= 0.01).sum()]
    key = texts(fig, "key-text")
    names = ["p > 0.10", "0.05 < p ≤ 0.10", "0.01 < p ≤ 0.05", "p ≤ 0.01"]
    assert key[-4:] == [f"{name} ({count})" for name, count in zip(names, counts, strict=True)]
    assert key[:5] == ["trial (39)", "SD imputed (5)", "no effect", "pooled", "pseudo 95% limits"]


def test_lines_stand_at_no_effect_and_at_the_pooled_effect_with_its_limits(fig, arms):
    estimate, base = arms.contrast.estimate, panel(fig).get_ylim()[0]
    assert set(artist(fig, "funnel-null").get_segments()[0][:, 0]) == {0.0}
    assert set(artist(fig, "funnel-pooled").get_segments()[0][:, 0]) == {estimate}
    left, right = artist(fig, "funnel-limits").get_segments()
    z = stats.norm.ppf(0.975)
    np.testing.assert_allclose([left[0], right[0]], [[estimate - z * base, base], [estimate + z * base, base]])
    np.testing.assert_allclose([left[1], right[1]], [[estimate, 0]] * 2)
    far = (rows(fig)["estimate"] - estimate).abs() > z * rows(fig)["se"]
    np.testing.assert_array_equal(rows(fig)["outside"].astype(bool), far)
    assert f"{far.sum()} of 44 trials lie outside the dashed lines" in fig.content.caption
    total = rows(fig, "total").iloc[0]
    assert (total["estimate"], total["low"], total["high"], total["k"]) == (estimate, *arms.contrast.ci, 44)


def test_one_wild_standard_error_does_not_set_the_axis(fig):
    wild = analysis.pool([0.1, 0.2, -0.1, 0.15], [0.01, 0.012, 0.011, 9.0], measure="MD")
    for drawn, whole in ((fig, True), (funnel(wild), False), (funnel(synthetic(13)), True)):
        low, high = panel(drawn).get_xlim()
        assert low < 0 < high
        limit = rows(drawn, "limit").iloc[0]
        trials = rows(drawn)["estimate"]
        half = limit["critical"] * rows(drawn)["se"].max()
        left, right = limit["estimate"] - half, limit["estimate"] + half
        if whole:
            assert low < left and right < high
        else:
            assert high - low < 0.9 * (max(right, trials.max(), 0) - min(left, trials.min(), 0))


def test_the_farthest_trials_outside_are_named(fig, arms):
    wanted = rows(fig)[rows(fig)["outside"].astype(bool)]
    wanted = wanted.iloc[np.argsort(-wanted["distance"].abs())[:6]]
    assert set(rows(fig).loc[rows(fig)["labelled"].astype(bool), "name"]) == set(wanted["name"])
    assert 4 <= len(texts(fig, "name-")) and set(texts(fig, "name-")) <= set(wanted["name"])
    assert set(texts(funnel(arms, label=["gale2006", "Huang 2012"]), "name-")) == {"Gale 2006", "Huang 2012"}
    assert texts(funnel(arms, label=0), "name-") == []


def test_ratios_have_a_log_axis_and_their_own_words(ratios):
    drawn = funnel(ratios)
    ax = panel(drawn)
    labels = {t.get_text(): x for t, x in zip(ax.get_xticklabels(), ax.get_xticks(), strict=True)}
    assert labels["1"] == 0 and labels["2"] == pytest.approx(np.log(2))
    assert texts(drawn, "title-y") == ["Standard error on the log scale"]
    assert "Odds ratio, log scale" in texts(drawn, "caption-")
    assert "The standard error of an odds ratio depends on the effect itself" in drawn.content.caption
    assert rows(drawn)["text_estimate"].iloc[0] == analysis.text.number(np.exp(ratios.yi[0]))


def test_precision_grows_upwards_and_bends_the_contours(ratios):
    drawn = funnel(ratios, yaxis="precision", contours=[0.95])
    ax = panel(drawn)
    assert ax.get_ylim()[0] == 0
    xy = artist(drawn, "funnel-trials").get_offsets()[1::3]
    np.testing.assert_allclose(xy[:, 1], 1 / np.sqrt(ratios.vi))
    low, high = ax.get_xlim()
    for edge in artist(drawn, "funnel-contour-edges").get_segments():
        inside = (edge[:, 0] > low) & (edge[:, 0] < high)
        np.testing.assert_allclose(np.abs(edge[inside, 0] * edge[inside, 1]), stats.norm.ppf(0.975))
        assert inside.sum() > 50


def test_contours_may_be_left_out(arms):
    drawn = funnel(arms, contours=())
    assert len(rows(drawn, "contour")) == 0 and "Peters" not in drawn.content.caption
    assert not any(text.startswith("p ") for text in texts(drawn, "key-text"))
    assert funnel(arms, contours=(0.99, 0.9)).content.table["name"].tolist().count("p = 0.01") == 1


def test_captions_warn_and_explain(fig):
    assert "Asymmetry is not bias" in fig.content.caption and "cannot be judged" not in fig.content.caption
    assert "true effects differ between trials: τ 1.30 points, I² 89% (from τ²)" in fig.content.caption
    assert "doi 10.1136/bmj.d4002" in fig.content.caption
    few = funnel(synthetic(9), note="one sample")
    assert "With 9 trials, fewer than 10, asymmetry cannot be judged" in few.content.caption
    assert few.content.caption.endswith("One sample.")
    drawn = " ".join(texts(fig, "footer-"))
    assert drawn == " ".join(rows(fig, "footer")["name"])


def test_alternative_text_has_the_numbers(fig, arms):
    text = fig.content.alt_text
    words = f"{analysis.text.number(arms.contrast.estimate)} points (95% CI {analysis.text.interval(*arms.contrast.ci)}"
    assert words in text and "44 trials" in text and "22 of 44 lie outside the pseudo 95% limits" in text
    trials = rows(fig)
    wide = trials["se"] > trials["se"].median()
    left = trials["estimate"] < arms.contrast.estimate
    assert f"larger standard errors {(wide & left).sum()} lie left" in text
    assert f"others {(~wide & left).sum()}." in text


def test_it_takes_effects_a_pooled_effect_and_pooled_arms(arms, fig):
    table = fig.content.table.drop(columns=["study", "imputed"])
    for results in (arms.effects, arms.contrast):
        again = funnel(results).content.table
        numbers = ["estimate", "se", "distance", "pvalue", "critical"]
        trials = again["kind"] != "footer"
        assert again.loc[trials, numbers].equals(table.loc[table["kind"] != "footer", numbers])
    assert rows(funnel(arms.contrast))["imputed"].equals(rows(fig)["imputed"])


@pytest.mark.parametrize(
    ("k", "width", "name"),
    [
        (1, None, "Trial {i}"),
        (2, 85, "Trial {i}"),
        (3, 85, "A trial with a name that does not want to end, however long one waits {i}"),
        (13, None, "Łukasiewicz & Ørsted-Ångström {i}, Αθήνα, Москва"),
        (60, 85, "Trial {i}"),
        (200, 174, "Trial {i}"),
    ],
)
def test_no_text_overlaps_or_leaves_the_page(k, width, name):
    drawn = funnel(synthetic(k, name=name), width_mm=width)
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 150)
    sizes = {t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()}
    assert min(sizes) >= 6 and max(sizes) <= 8.5


@pytest.mark.parametrize(
    ("yi", "vi"),
    [
        ([3e5, 4.2e5, 3.3e5], [4e9, 1e9, 2e9]),
        ([3e-5, -4.2e-5, 3.3e-5], [4e-11, 1e-11, 2e-11]),
        ([0.0, 0.0, 0.0], [0.1, 0.1, 0.1]),
        ([2.0, 2.0], [0.1, 4.0]),
    ],
)
def test_huge_tiny_and_equal_numbers_fit(yi, vi):
    for yaxis in ("se", "precision"):
        drawn = funnel(analysis.pool(yi, vi), yaxis=yaxis, width_mm=85)
        assert misplaced(drawn) == ([], [])
        assert not any("not estimable" in text for text in texts(drawn, ""))


def test_it_draws_into_other_axes(arms, fig):
    other = Figure(figsize=(7, 3))
    first, second = other.subplots(1, 2)
    assert funnel(arms, ax=first) is other
    np.testing.assert_array_equal(
        artist(other, "funnel-trials").get_offsets(), artist(fig, "funnel-trials").get_offsets()
    )
    assert first.get_xlabel().splitlines()[0] == "Mean difference, points on 0–10"
    assert first.get_ylabel() == "Standard error, points"
    assert not second.collections and texts(other, "footer-") == []


def test_same_bytes_and_a_table_in_markdown(arms, tmp_path):
    lines = table_of_twins(funnel(arms), funnel(arms), tmp_path)
    assert lines[0] == "| Trial | Mean difference | Standard error | p |"
    assert lines[2] == "| Gale 2006 | −2.50 | 0.70 | <0.001 |"
    assert len(lines) == 2 + 44 + 1 and lines[-1].startswith("| **All trials, pooled** | **−1.21** |")


def test_bad_arguments_are_named(arms):
    with pytest.raises(ValueError, match="a level of contours=95 must be a number between 0 and 1"):
        funnel(arms, contours=(95,))
    with pytest.raises(ValueError, match="yaxis is 'vi'; it must be one of se, precision"):
        funnel(arms, yaxis="vi")
    with pytest.raises(ValueError, match="label names 'nobody1999', which this figure does not have"):
        funnel(arms, label="nobody1999")
    with pytest.raises(ValueError, match="width_mm is 60; a funnel plot needs at least 80 mm"):
        funnel(arms, width_mm=60)
    with pytest.raises(TypeError, match="funnel.. cannot use a "):
        funnel([1.0, 2.0])


# --- what is added: trim and fill, Egger's line


@pytest.fixture(scope="module")
def leaning():
    vi = np.linspace(0.05, 0.7, 13)
    return analysis.pool(-0.2 - 2.0 * np.sqrt(vi) + 0.1 * (-1.0) ** np.arange(13), vi, measure="MD")


@pytest.mark.parametrize("yaxis", ["se", "precision"])
def test_what_is_filled_in_stands_hollow_on_the_other_side(leaning, yaxis):
    filled = analysis.trim_and_fill(leaning)
    fig = funnel(filled, yaxis=yaxis)
    marks, trials = artist(fig, "funnel-filled"), artist(fig, "funnel-trials")
    new, se = filled.pooled.yi[13:], np.sqrt(filled.pooled.vi[13:])
    assert filled.k0 == len(new) > 2 and filled.side == "right"
    places = np.column_stack([new, se if yaxis == "se" else 1.0 / se])
    np.testing.assert_allclose(sorted(marks.get_offsets()[1::3].tolist()), sorted(places.tolist()))
    assert (marks.get_sizes()[2::3] > 0).all() and set(marks.get_sizes()[1::3]) == set(trials.get_sizes()[1::3])
    assert len(trials.get_offsets()) == 3 * 13 and rows(fig, "filled")["name"].str.endswith(", filled").all()
    (line,) = artist(fig, "funnel-filled-pooled").get_segments()
    assert set(line[:, 0]) == {filled.pooled.estimate} and rows(fig, "filled total")["estimate"][0] == line[0, 0]
    assert panel(fig).get_xlim()[1] > max(new)
    assert rows(fig, "total")["estimate"][0] == leaning.estimate
    key = texts(fig, "key-text")
    assert f"filled in ({filled.k0})" in key and "pooled with them" in key
    for said in (fig.content.caption, fig.content.alt_text, " ".join(texts(fig, "footer"))):
        assert f"Hollow grey: {filled.k0} studies filled in on the right by trim and fill (L0)" in said
    assert "Egger" not in fig.content.caption


def test_where_nothing_is_filled_in_it_says_so_and_draws_nothing(leaning):
    fig = funnel(analysis.trim_and_fill(leaning, side="left"))
    assert "Trim and fill (L0) fills in no study on the left" in fig.content.caption
    assert not fig.findobj(lambda each: str(each.get_gid()).startswith("funnel-filled-pooled") and each.get_segments())
    assert "filled" not in " ".join(texts(fig, "key-text")) and "Hollow grey" not in fig.content.caption


@pytest.mark.parametrize("yaxis", ["se", "precision"])
def test_eggers_line_is_that_of_the_test(leaning, yaxis):
    fig, test = funnel(leaning, egger=True, yaxis=yaxis), analysis.egger_test(leaning)
    (line,) = artist(fig, "funnel-egger").get_segments()
    se = line[:, 1] if yaxis == "se" else 1.0 / line[:, 1]
    np.testing.assert_allclose(line[:, 0], test.limit + test.slope * se)
    assert "Egger's regression" in texts(fig, "key-text")
    for said in (fig.content.caption, fig.content.alt_text):
        assert "Dash-dotted line: Egger's regression of effects on their standard errors, p <0.001" in said
    plain = funnel(leaning, yaxis=yaxis)
    assert "Egger" not in plain.content.caption and "Egger's regression" not in texts(plain, "key-text")


def test_shades_of_power_are_those_of_a_z_test():
    """Power of each study, effects of a median power and the R-index, by scipy's normal distribution."""
    yi, se = np.array([-1.4, -0.9, -0.2, -1.1, 0.3]), np.array([0.3, 0.5, 0.2, 0.45, 0.6])
    pooled = analysis.pool(yi, se=se, measure="MD", benefit="lower")
    fig = analysis.funnel(pooled, power=-1.0)
    trials = fig.content.table.query("kind == 'trial'")
    own = stats.norm.sf(1.959964 - 1.0 / se) + stats.norm.cdf(-1.959964 - 1.0 / se)
    np.testing.assert_allclose(trials["power"], own, atol=1e-6)
    bands = fig.content.table.query("kind == 'power'")
    np.testing.assert_allclose(power_of_studies(bands["se"], 1.0), bands["power"], atol=1e-9)
    alone = (np.abs(yi / se) > 1.959964).sum()
    assert f"{alone} of 5 studies, with {own.sum():.1f} to be expected" in fig.content.caption
    assert f"R-index {100 * (2 * np.median(own) - alone / 5):.0f}%" in fig.content.caption
    for share in (0.33, 0.66):
        assert np.median(power_of_studies(se, effect_for_power(se, share))) == pytest.approx(share, abs=1e-9)
    # Of ratios the effect is given as a ratio, and turned round it is the same power.
    ratios = [
        analysis.funnel(analysis.pool(sign * yi, se=se, measure="OR"), power=x) for sign, x in ((1, 0.5), (-1, 2))
    ]
    powers = [each.content.table.query("kind == 'trial'")["power"].to_numpy() for each in ratios]
    np.testing.assert_allclose(*powers, rtol=1e-12)
    np.testing.assert_allclose(powers[0], power_of_studies(se, np.log(2)), rtol=1e-12)


@given(st.floats(0.01, 5), st.floats(0.01, 5), st.floats(-5, 5))
@settings(max_examples=50)
def test_power_rises_with_the_effect_and_falls_with_the_error(se, more, effect):
    here, larger, wider = (
        float(power_of_studies(*each)) for each in ((se, effect), (se, 2 * effect), (se + more, effect))
    )
    assert 0.05 - 1e-12 <= wider <= here + 1e-12 and here <= larger + 1e-12
    assert float(power_of_studies(se, 0.0)) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("measure", "asked", "said"),
    [
        ("MD", 0.0, "power=0.0 is no effect, which no trial can find"),
        ("OR", 1.0, "power=1.0 is no effect, which no trial can find"),
        ("MD", "x", "power is 'x'; give a true effect, or \"pooled\""),
        ("PLO", 0.5, "power= is that to find an effect, and no proportion is that of none"),
    ],
)
def test_power_of_nothing_is_refused(measure, asked, said):
    with pytest.raises(ValueError, match=said):
        analysis.funnel(analysis.pool([0.1, 0.4, 0.3], [0.1, 0.1, 0.2], measure=measure), power=asked)
