"""The figure of a posterior, read back from the artists that were drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic, table_of_twins
from scipy.integrate import trapezoid

import analysis
from analysis import HalfCauchy, HalfNormal, LogStudent, Normal, pool_bayes
from analysis.plots._posterior import posterior_plot

Y = [-1.2, -0.4, -2.0, 0.3, -0.9]
V = [0.10, 0.20, 0.12, 0.05, 0.30]
LABELS = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]


@pytest.fixture(scope="module")
def posterior():
    return pool_bayes(Y, V, labels=LABELS, mu_prior=Normal(0.0, 2.0), tau_prior=HalfNormal(0.5))


@pytest.fixture(scope="module")
def fig(posterior):
    return posterior_plot(posterior)


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def panel(fig, name):
    return next(ax for ax in fig.axes if ax.get_label() == name)


def line(fig, gid):
    return artist(fig, gid).get_segments()[0]


def texts(fig):
    return [t.get_text() for t in fig.findobj(Text) if t.get_text()]


# densities


@pytest.mark.parametrize(
    ("gid", "density"),
    [
        ("posterior-mu", lambda p, x: p.mu_density(x)),
        ("posterior-new", lambda p, x: p.new_density(x)),
        ("posterior-tau", lambda p, x: p.tau_density(x)),
        ("posterior-mu-prior", lambda p, x: np.exp(-(x**2) / 8) / np.sqrt(8 * np.pi)),
        ("posterior-tau-prior", lambda p, x: np.sqrt(8 / np.pi) * np.exp(-2 * x**2)),
    ],
)
def test_curves_are_the_densities_of_the_result(fig, posterior, gid, density):
    x, y = line(fig, gid).T
    np.testing.assert_allclose(y, density(posterior, x), rtol=1e-9)
    assert len(x) > 150 and (np.diff(x) > 0).all()


def test_the_credible_intervals_are_shaded_from_end_to_end(fig, posterior):
    for name in ("mu", "tau"):
        shaded = artist(fig, f"posterior-{name}-interval").get_paths()[0].vertices[:, 0]
        assert (shaded.min(), shaded.max()) == pytest.approx(tuple(getattr(posterior, name).interval), rel=1e-12)
        median = line(fig, f"posterior-{name}-median")
        assert median[0, 0] == pytest.approx(getattr(posterior, name).median)


def test_shaded_share_is_the_level(fig, posterior):
    x, y = line(fig, "posterior-mu").T
    low, high = posterior.mu.interval
    inside = (x >= low - 1e-12) & (x <= high + 1e-12)
    assert trapezoid(y[inside], x[inside]) == pytest.approx(0.95, abs=2e-3)


def test_densities_and_rows_share_their_axis(fig):
    upper, lower = panel(fig, "densities"), panel(fig, "trials")
    assert upper.get_xlim() == lower.get_xlim()
    assert upper.get_position().x0 == lower.get_position().x0 and upper.get_position().x1 == lower.get_position().x1


def test_a_flat_prior_is_named_and_not_drawn():
    drawn = posterior_plot(pool_bayes(Y, V, tau_prior=HalfCauchy(0.5)))
    assert not drawn.findobj(lambda a: a.get_gid() == "posterior-mu-prior")
    assert "half-Cauchy prior of τ with scale 0.5; flat prior of the mean effect (not drawn)" in drawn.content.caption


def test_a_prior_that_is_infinite_at_zero_stays_finite_in_the_panel():
    drawn = posterior_plot(pool_bayes(Y, V, tau_prior=LogStudent(-3.0, 2.3)))
    assert np.isfinite(line(drawn, "posterior-tau-prior")).all() and np.isfinite(panel(drawn, "tau").get_ylim()).all()


# trials


def test_every_trial_has_its_observed_and_its_shrunken_estimate(fig, posterior):
    trials = rows(fig)
    assert trials["name"].tolist() == ["Gamma", "Alpha", "Epsilon", "Beta", "Delta"]  # by observed estimate
    source = posterior.shrinkage.set_index("label").loc[trials["name"]]
    observed = artist(fig, "posterior-observed").get_offsets()
    shrunken = artist(fig, "posterior-shrunken").get_offsets()
    np.testing.assert_allclose(observed[:, 0], source["yi"])
    np.testing.assert_allclose(shrunken[:, 0], source["median"])
    assert (np.diff(observed[:, 1]) > 4).all() and (observed[:, 1] < shrunken[:, 1]).all()
    joined = np.array(artist(fig, "posterior-shrinkage").get_segments())
    np.testing.assert_allclose(joined[:, 0], observed)
    np.testing.assert_allclose(joined[:, 1], shrunken)
    inside = np.array(artist(fig, "posterior-shrunken-intervals").get_segments())
    np.testing.assert_allclose(inside[:, :, 0], source[["ci_low", "ci_high"]])
    np.testing.assert_allclose(inside[:, 0, 1], shrunken[:, 1])
    wald = np.array(artist(fig, "posterior-observed-intervals").get_segments())
    np.testing.assert_allclose(wald[:, 1, 0], source["yi"] + 1.959963984540054 * np.sqrt(source["vi"]))


def test_observed_circles_are_open_and_shrunken_ones_filled(fig):
    np.testing.assert_array_equal(artist(fig, "posterior-observed").get_facecolor(), [[1, 1, 1, 1]])
    assert (artist(fig, "posterior-shrunken").get_facecolor()[0, :3] < 0.6).all()


def test_mean_effect_and_new_trial_close_the_rows(fig, posterior):
    x = artist(fig, "posterior-total").get_paths()[0].vertices[:, 0]
    assert (x.min(), x.max()) == pytest.approx(tuple(posterior.mu.interval))
    bar = line(fig, "posterior-prediction")[:, 0]
    low, high = panel(fig, "trials").get_xlim()
    assert tuple(bar) == pytest.approx(tuple(np.clip(posterior.new.interval, low, high)))
    assert line(fig, "posterior-mean")[0, 0] == pytest.approx(posterior.mu.median)
    total = rows(fig, "total").iloc[0]
    assert (total["estimate"], total["low"], total["high"]) == (posterior.mu.median, *posterior.mu.interval)


def test_intervals_that_leave_the_panel_end_in_arrowheads():
    drawn = posterior_plot(pool_bayes([*Y, 0.0], [*V, 60.0], tau_prior=HalfNormal(0.5)))
    low, high = panel(drawn, "trials").get_xlim()
    trials = rows(drawn)
    leaving = (trials["observed_low"] < low).sum() + (trials["observed_high"] > high).sum()
    assert len(artist(drawn, "posterior-observed-tips").get_paths()) == leaving == 2
    ends = np.array(artist(drawn, "posterior-observed-intervals").get_segments())[:, :, 0]
    assert ends.min() >= low and ends.max() <= high


def test_the_observed_interval_of_an_imputed_trial_is_dashed():
    effects = synthetic(4)
    table = effects.table.assign(label="Twin 2001", status=["reported", "imputed", "reported", "reported"])
    drawn = posterior_plot(pool_bayes(replace(effects, table=table)), order="given")
    dashed = line(drawn, "posterior-observed-intervals-imputed")
    trial = rows(drawn).iloc[1]
    assert dashed[:, 0] == pytest.approx([trial["observed_low"], trial["observed_high"]])
    assert len(artist(drawn, "posterior-observed-intervals").get_segments()) == 3
    assert "dashed interval: SD imputed" in drawn.content.caption


@pytest.mark.parametrize(("order", "names"), [("given", LABELS), ("label", sorted(LABELS))])
def test_order_of_trials(posterior, order, names):
    assert rows(posterior_plot(posterior, order=order))["name"].tolist() == names


def test_precise_trials_come_first_if_asked_for(posterior):
    assert rows(posterior_plot(posterior, order="precision"))["vi"].is_monotonic_increasing


# words


def test_numbers_are_printed_beside_the_rows(fig):
    shown = texts(fig)
    for row in [*rows(fig).to_dict("records"), *rows(fig, "total").to_dict("records")]:
        assert row["text_estimate"] == analysis.text.number(row["estimate"])
        assert {row["text_name"], row["text_estimate"], row["text_low"], row["text_high"]} <= set(shown)
        assert f"{row['text_low']} {row['text_high']}" == f"[{analysis.text.interval(row['low'], row['high'])}]"


def test_the_caption_tells_results_priors_and_marks(fig, posterior):
    caption = fig.content.caption
    mu = f"{analysis.text.number(posterior.mu.median)} (95% credible interval "
    below = f"{100 * float(posterior.probability(0.0)):.1f}%"
    for part in (
        mu,
        f"below 0: {below}",
        "half-normal prior of τ with scale 0.5",
        "normal prior of the mean effect with mean 0 and SD 2",
        "5 studies",
        "quadrature",
    ):
        assert part in caption
    drawn = " ".join(t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("footer-"))
    assert drawn == " ".join(rows(fig, "footer")["name"])
    assert mu in fig.content.alt_text and "5 studies, observed estimates from −2.00 to 0.30" in fig.content.alt_text
    few = posterior_plot(pool_bayes(Y[:2], V[:2])).content.caption
    assert "2 studies: the prior of τ has much influence" in few


def test_certainty_is_never_rounded_up():
    caption = posterior_plot(pool_bayes([-9.0, -9.1, -9.2], [0.01] * 3, tau_prior=HalfNormal(0.1))).content.caption
    assert "below 0: above 99.9%" in caption and "100.0%" not in caption


def test_ratios_have_a_log_axis():
    drawn = posterior_plot(pool_bayes(Y, V, measure="RR"))
    assert rows(drawn, "total")["text_estimate"].iloc[0] == f"{np.exp(pool_bayes(Y, V).mu.median):.2f}"
    assert "Risk ratio, log scale" in texts(drawn) and "Densities are those on the log scale" in drawn.content.caption
    assert "below 1: " in drawn.content.caption


# the page


@pytest.mark.parametrize(("k", "width"), [(1, None), (1, 85), (2, None), (3, 85), (13, 85), (200, None)])
def test_no_text_overlaps_or_leaves_the_page(k, width):
    effects = synthetic(k)
    drawn = posterior_plot(pool_bayes(effects.table["yi"], effects.table["vi"]), width_mm=width, note="one sample")
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 174)
    assert drawn.content.caption.endswith("One sample.")
    assert min(t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()) >= 6


@pytest.mark.parametrize(
    "case",
    [
        {"name": "A very long trial name, with the names of several authors {i}"},
        {"name": "Παπαδόπουλος κ.ά. {i}"},
        {"scale": 1e6},
        {"scale": 1e-5},
    ],
    ids=["long", "greek", "huge", "tiny"],
)
def test_odd_content_fits(case):
    table = synthetic(7, **case).table
    prior = HalfNormal(case.get("scale", 1.0))
    posterior = pool_bayes(table["yi"], table["vi"], labels=table["label"], tau_prior=prior)
    drawn = posterior_plot(posterior)
    assert misplaced(drawn) == ([], [])
    if case.get("name", "").startswith("A very"):
        assert drawn.get_size_inches()[0] * 25.4 > 174
        assert misplaced(posterior_plot(posterior, width_mm=100)) == ([], [])  # on several lines


def test_a_narrow_page_has_no_numbers_and_tau_below(posterior):
    drawn = posterior_plot(posterior, width_mm=90)
    assert panel(drawn, "tau").get_position().y1 < panel(drawn, "trials").get_position().y0
    assert not any((t.get_gid() or "").endswith("-text_observed") for t in drawn.findobj(Text))


def test_it_draws_into_other_axes(posterior, fig):
    other = Figure(figsize=(8, 3))
    first, second = other.subplots(1, 2)
    assert posterior_plot(posterior, ax=first) is other
    np.testing.assert_array_equal(line(other, "posterior-mu"), line(fig, "posterior-mu"))
    assert first.get_xlabel() == "Effect" and not second.collections


def test_the_axis_names_the_outcome_as_a_forest_does():
    table = pd.DataFrame({"study": LABELS, "yi": Y, "vi": V})
    effects = analysis.effect_sizes(table, measure="MD", outcome_name="function")
    ax = Figure().subplots()
    posterior_plot(pool_bayes(effects, tau_prior=HalfNormal(0.5)), ax=ax)
    assert ax.get_xlabel().splitlines()[0] == "Mean difference in function"


def test_same_bytes_and_a_table_in_markdown(posterior, tmp_path):
    lines = table_of_twins(posterior_plot(posterior), posterior_plot(posterior), tmp_path)
    assert lines[0] == "| Study | Observed | Posterior median | Credible interval |" and len(lines) == 2 + 5 + 3


def test_bad_arguments_are_named(posterior):
    with pytest.raises(ValueError, match="order is 'year'; it must be one of given"):
        posterior_plot(posterior, order="year")
    with pytest.raises(ValueError, match="width_mm is 60; a posterior plot needs at least 80 mm"):
        posterior_plot(posterior, width_mm=60)
    with pytest.raises(TypeError, match="posterior_plot.. cannot use a .*give a PosteriorEffect"):
        posterior_plot(analysis.pool(Y, V))


def test_what_was_asked_for_sets_the_axis_of_densities_and_rows(posterior):
    drawn = posterior_plot(posterior, xlim=(-1.5, 1), ticks=[-1, 0, 1], null=0.5, lines={"MCID": -1}, xlabel="Change")
    for name in ("densities", "trials"):
        assert panel(drawn, name).get_xlim() == (-1.5, 1)
    assert set(line(drawn, "posterior-null")[:, 0]) == set(line(drawn, "trials-null")[:, 0]) == {0.5}
    assert "Change" in texts(drawn) and "dashed grey line: MCID −1.00" in drawn.content.caption
    bare = posterior_plot(posterior, footer=False, title="", null=None)
    assert not bare.findobj(lambda a: a.get_gid() in ("posterior-null", "trials-null", "title-0", "footer-0"))
    assert bare.content.caption == posterior_plot(posterior).content.caption
