"""The specification curve, read back from the artists that were drawn."""

import itertools

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, table_of_twins

import analysis
from analysis import multiverse_plot
from analysis.evidence.multiverse import choice_effects, multiverse
from analysis.plots import _multiverse as shapes
from analysis.plots import _theme as style
from analysis.plots._multiverse import FINDINGS, share_name, took_option

CHOICES = {
    "outcome": ["change", "final"],
    "correlation": [0.0, 0.5, 0.9],
    "missing_sd": ["impute", "drop"],
    "doubtful": ["include", "exclude"],
    "tau2_method": ["REML", "DL", "CE"],
    "ci_method": ["HKSJ", "z"],
}


def analyses(n=None, *, correlations=(0.0, 0.5, 0.9), seed=1):
    """Return a frame as multiverse returns it: all combinations, or n of them; some exclude zero on either side."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(list(itertools.product(*{**CHOICES, "correlation": correlations}.values())), columns=CHOICES)
    frame = frame if n is None else frame.sample(n, random_state=seed).reset_index(drop=True)
    estimate = -0.8 + 1.0 * (frame["doubtful"] == "exclude") + 0.3 * (frame["outcome"] == "final")
    estimate = estimate + rng.normal(0, 0.1, len(frame))
    half = 0.35 + 0.2 * rng.random(len(frame))
    frame = frame.assign(k=12, estimate=estimate, se=half / 2, ci_low=estimate - half, ci_high=estimate + half)
    return frame.assign(default=np.arange(len(frame)) == len(frame) // 3)


@pytest.fixture(scope="module")
def few():
    return analyses(60)


@pytest.fixture(scope="module")
def fig(few):
    return multiverse_plot(few)


@pytest.fixture(scope="module")
def many():
    return analyses(correlations=tuple(np.linspace(0, 0.9, 40)))


@pytest.fixture(scope="module")
def dense(many):
    return multiverse_plot(many)


@pytest.fixture(scope="module")
def real():
    return multiverse(published_trials(), where={"therapy_family": ["Light", "Magnetic field"]})


def rows(fig, kind):
    table = fig.content.table
    return table[table["kind"] == kind].dropna(axis=1, how="all").reset_index(drop=True)


def finding_of(frame):
    below, above = frame["ci_high"] < 0, frame["ci_low"] > 0
    return np.select([below, above], ["below zero", "above zero"], "includes zero")


def outline(path, edges):
    """Return bottoms and tops of columns side by side, drawn as one outline that turns at the edges only."""
    points, edges = path.vertices[:-1], np.asarray(edges, dtype=float)
    assert set(points[:, 0]) <= {*edges} and {edges[0], edges[-1]} <= {*points[:, 0]}
    turn = int(np.argmax(points[:, 0])) + 1
    sides = points[:turn], points[turn:][::-1]
    top, bottom = (side[np.searchsorted(side[:, 0], edges[:-1], side="right") - 1, 1] for side in sides)
    return bottom, top


def edges_of(bins):
    return np.append(bins["rank"], bins["last_rank"].iloc[-1] + 1)


# few analyses: a mark for each


def test_analyses_stand_in_the_order_of_their_estimates(fig, few):
    drawn = artist(fig, "curve-estimates").get_offsets()
    np.testing.assert_array_equal(drawn[:, 0], np.arange(60) + 0.5)
    np.testing.assert_array_equal(drawn[:, 1], np.sort(few["estimate"]))
    np.testing.assert_array_equal(rows(fig, "analysis")["estimate"], np.sort(few["estimate"]))


def test_intervals_end_at_the_limits_and_are_coloured_by_what_they_say(fig, few):
    ordered = few.sort_values("estimate", kind="stable")
    drawn = artist(fig, "curve-intervals")
    ends = np.array([segment[:, 1] for segment in drawn.get_segments()])
    low, high = next(ax for ax in fig.axes if ax.get_label() == "curve").get_ylim()
    np.testing.assert_allclose(ends, ordered[["ci_low", "ci_high"]].clip(low, high), rtol=1e-12)
    colours = np.array([tuple(colour) for colour in drawn.get_colors()])
    finding = finding_of(ordered)
    assert set(finding) == set(FINDINGS)
    for name in FINDINGS:
        assert len(np.unique(colours[finding == name], axis=0)) == 1
    assert len(np.unique(colours, axis=0)) == 3


def test_circles_are_open_where_the_interval_includes_zero(fig, few):
    faces = artist(fig, "curve-estimates").get_facecolors()
    within = finding_of(few.sort_values("estimate", kind="stable")) == "includes zero"
    np.testing.assert_array_equal((faces == 1).all(axis=1), within)


def test_one_tick_for_every_analysis_that_took_an_option(fig, few):
    ordered = few.sort_values("estimate", kind="stable").reset_index(drop=True)
    options = pd.concat([rows(fig, "total"), rows(fig, "option")])
    drawn = {(s[0, 0], round(s[:, 1].mean(), 6)) for s in artist(fig, "options-ticks").get_segments()}
    wanted = {
        (at + 0.5, round(line["y_mm"], 6))
        for line in options.to_dict("records")
        for at in np.flatnonzero(line["choice"] == "All" or ordered.get(line["choice"]) == line["option"])
        if line["choice"] != "All"
    }
    top = round(options["y_mm"].min(), 6)
    assert {mark for mark in drawn if mark[1] != top} == wanted
    assert len(drawn) == len(wanted) + 60


def test_the_default_analysis_is_marked_above_and_below(fig, few):
    usual = few[few["default"]].iloc[0]
    x = (few["estimate"] < usual["estimate"]).sum() + 0.5
    np.testing.assert_allclose(artist(fig, "curve-default").get_offsets()[1], [x, usual["estimate"]])
    assert artist(fig, "options-default-line").get_segments()[0][0, 0] == x
    label = artist(fig, "default-label").get_text()
    interval = analysis.text.interval(usual["ci_low"], usual["ci_high"])
    assert label == f"default analysis: {analysis.text.number(usual['estimate'])} (95% CI {interval})"
    bold = {
        t.get_text()
        for t in fig.findobj(Text)
        if (t.get_gid() or "").endswith("-text_option") and t.get_weight() == "bold"
    }
    options = rows(fig, "option")
    assert bold == set(options.loc[options["usual"].astype(bool), "text_option"])
    other = multiverse_plot(few, default=3)
    assert rows(other, "default")["estimate"].item() == few.loc[3, "estimate"]


# thousands: bins of neighbours


def test_bins_hold_all_analyses_in_order(dense, many):
    bins = rows(dense, "bin")
    assert len(many) == 1920 and 40 < len(bins) < 140
    assert bins["n"].sum() == len(many) and (bins["n"] >= 8).all() and np.ptp(bins["n"]) <= 1
    ordered = np.sort(many["estimate"])
    np.testing.assert_array_equal(bins["estimate"], ordered[bins["rank"].astype(int)])
    np.testing.assert_array_equal(bins["last_estimate"], ordered[bins["last_rank"].astype(int)])
    curve = artist(dense, "curve-estimates").get_segments()[0]
    np.testing.assert_array_equal(curve[::2, 1], bins["estimate"])
    np.testing.assert_array_equal(curve[1::2], bins[["last_rank", "last_estimate"]].to_numpy() + [0.5, 0])


def test_bands_are_the_widest_reach_and_the_common_part(dense, many):
    ordered = many.sort_values("estimate", kind="stable")
    bins = rows(dense, "bin")
    for at in (0, 7, len(bins) - 1):
        inside = ordered.iloc[int(bins["rank"][at]) : int(bins["last_rank"][at]) + 1]
        assert bins["reach_low"][at] == inside["ci_low"].min() and bins["reach_high"][at] == inside["ci_high"].max()
        assert bins["inside_low"][at] == inside["ci_low"].max() and bins["inside_high"][at] == inside["ci_high"].min()
    limits = next(ax for ax in dense.axes if ax.get_label() == "curve").get_ylim()
    for band in ("reach", "inside"):
        bottom, top = outline(artist(dense, f"curve-{band}").get_paths()[0], edges_of(bins))
        np.testing.assert_allclose(bottom, bins[f"{band}_low"].clip(*limits))
        np.testing.assert_allclose(top, bins[f"{band}_high"].clip(*limits))


def test_the_columns_are_the_shares_of_every_bin(dense, many):
    ordered = many.sort_values("estimate", kind="stable").assign(finding=lambda f: finding_of(f))
    bins, options = rows(dense, "bin"), rows(dense, "option")
    part = ordered.iloc[int(bins["rank"][4]) : int(bins["last_rank"][4]) + 1]
    for option in options.to_dict("records"):
        took = took_option(part, option["choice"], option["option"])
        for finding in FINDINGS:
            share = (took & (part["finding"] == finding)).mean()
            assert bins[share_name(option["choice"], option["option"], finding)][4] == pytest.approx(share)
    lines = pd.concat([rows(dense, "total"), options], ignore_index=True)
    drawn = [np.array([outline(p, edges_of(bins)) for p in artist(dense, gid).get_paths()]) for gid in shares_drawn()]
    for lower, upper in itertools.pairwise(drawn):
        np.testing.assert_array_equal(upper[:, 0], lower[:, 1])  # each finding stands on the one before
    heights = sum(each[:, 0] - each[:, 1] for each in drawn)
    full = shapes.SHARE_HEIGHT * shapes.ROW_MM
    np.testing.assert_allclose(heights[0], full)  # all analyses fill their row
    for _, members in lines.groupby("choice", sort=False):
        np.testing.assert_allclose(heights[members.index].sum(axis=0), full)  # the options of a choice share it out


def test_a_finding_that_no_analysis_has_is_not_drawn(many):
    below = many.assign(estimate=-1.0 - many["estimate"].abs() / 10, ci_low=-2.0, ci_high=-0.5)
    drawn = {a.get_gid() for a in multiverse_plot(below).findobj()}
    assert "options-below-zero" in drawn and not {"options-includes-zero", "options-above-zero"} & drawn


def shares_drawn():
    return [f"options-{finding.replace(' ', '-')}" for finding in FINDINGS]


# what ignores heterogeneity


def marked(frame):
    return frame.assign(ignores_heterogeneity=frame["tau2_method"] == "CE")


def test_analyses_that_ignore_heterogeneity_are_thin(few):
    drawn, ordered = multiverse_plot(marked(few)), few.sort_values("estimate", kind="stable")
    widths = np.array(artist(drawn, "curve-intervals").get_linewidths())
    common = (ordered["tau2_method"] == "CE").to_numpy()
    assert len(set(widths[common])) == len(set(widths[~common])) == 1
    assert widths[common][0] == pytest.approx(widths[~common][0] / 2)
    ticks = artist(drawn, "options-ticks")
    thin = np.less(ticks.get_linewidths(), max(ticks.get_linewidths()))
    assert set(np.array(ticks.get_segments())[thin, 0, 0] - 0.5) == set(np.flatnonzero(common))
    assert misplaced(drawn) == ([], [])


def test_bins_show_the_thin_part_of_their_shares(many):
    drawn = multiverse_plot(marked(many))
    bins, options = rows(drawn, "bin"), pd.concat([rows(drawn, "total"), rows(drawn, "option")], ignore_index=True)
    at = options.index[options["option"] == "CE"].item()
    for finding in FINDINGS:
        gid = f"options-{finding.replace(' ', '-')}"
        share = bins[share_name("tau2_method", "CE", finding)]
        np.testing.assert_array_equal(bins[shapes.thin_name("tau2_method", "CE", finding)], share)
        assert not bins[shapes.thin_name("tau2_method", "DL", finding)].any()
        whole, cut = (artist(drawn, name).get_paths()[at] for name in (gid, f"{gid}-thin"))
        edges = edges_of(bins)
        halves = np.append(np.column_stack([edges[:-1], (edges[:-1] + edges[1:]) / 2]).ravel(), edges[-1])
        (_, tops), (bottoms, ends) = outline(whole, edges), outline(cut, halves)
        np.testing.assert_array_equal(bottoms[1::2], tops)  # the cover hangs from the top of the share
        heights = ends - bottoms
        np.testing.assert_allclose(heights[1::2], share * shapes.SHARE_HEIGHT * shapes.ROW_MM, atol=1e-12)
        assert not heights[::2].any()
    assert misplaced(drawn) == ([], [])


def test_thin_is_said_only_where_it_is_drawn(few, many, fig, dense):
    for frame, bare in ((few, fig), (many, dense)):
        drawn, n = multiverse_plot(marked(frame)), (frame["tau2_method"] == "CE").sum()
        said = f"hin: common-effect model, although I² is 60% or more ({analysis.text.number(n, 0)} combinations)"
        assert said in drawn.content.caption and said in drawn.content.alt_text and artist(drawn, "key-thin")
        assert "60%" not in bare.content.caption + bare.content.alt_text
        assert not [a for a in bare.findobj() if "thin" in (a.get_gid() or "")]


# options, order, words


def test_options_are_counted(fig, few):
    for line in rows(fig, "option").to_dict("records"):
        members = few[few[line["choice"]] == line["option"]]
        out = (finding_of(members) != "includes zero").sum()
        assert (line["n"], line["excludes_zero"]) == (len(members), out)
        assert line["text_share"] == analysis.text.percent(out / len(members))


def test_choices_stand_in_the_order_in_which_they_move_the_estimate(real):
    drawn = multiverse_plot(real)
    moved = choice_effects(real)
    options = rows(drawn, "option")
    assert list(options["choice"].unique()) == list(moved["choice"].unique())
    means = options.set_index(["choice", "option"])["mean_estimate"]
    assert np.isnan(means.pop(("tau2_method", "CE")))  # it ignores heterogeneity
    np.testing.assert_array_equal(means, moved.set_index(["choice", "option"])["mean_estimate"][means.index])
    turned = multiverse_plot(real, order=list(moved["choice"].unique())[::-1])
    assert list(rows(turned, "option")["choice"].unique()) == list(moved["choice"].unique())[::-1]
    assert "in the order in which they move" in drawn.content.caption
    assert "in the order in which they move" not in turned.content.caption


def test_real_multiverse_fits_and_says_how_many(real):
    drawn = multiverse_plot(real, note="one sample")
    assert misplaced(drawn) == ([], [])
    share = analysis.text.percent(real["excludes_zero"].mean())
    for text in (drawn.content.caption, drawn.content.alt_text, drawn.content.in_words):
        assert f"95% interval excludes zero in {share} of them" in text
        assert f"{analysis.text.number(real['analysis'].nunique(), 0)} different analyses" in text
    assert drawn.content.caption.endswith("One sample.")
    assert "is no test" in drawn.content.caption
    usual = analysis.pool_arms(published_trials(), by="therapy_family").effects
    usual = analysis.pool(usual.where(therapy_family=["Light", "Magnetic field"]))
    assert rows(drawn, "default")["estimate"].item() == pytest.approx(usual.estimate, rel=1e-9)


@pytest.mark.parametrize("n", [2, 9, 144])
@pytest.mark.parametrize("width", [None, 150])
def test_no_text_overlaps_or_leaves_the_page(n, width):
    drawn = multiverse_plot(analyses(n, seed=4), width_mm=width)
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width or 174)
    sizes = {t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()}
    assert min(sizes) >= 6 and max(sizes) <= 8.5


def test_a_narrow_page_has_no_columns_of_numbers_and_says_so(few):
    with pytest.warns(UserWarning, match="too narrow for the columns Mean estimate, Interval excludes 0"):
        drawn = multiverse_plot(few, width_mm=85)
    assert misplaced(drawn) == ([], []) and drawn.get_size_inches()[0] * 25.4 == pytest.approx(85)
    assert "65%" not in {t.get_text() for t in drawn.findobj(Text)} and len(rows(drawn, "option")["text_share"])


def test_the_level_is_that_of_the_analyses(few):
    drawn = multiverse_plot(few.assign(confidence_level=0.9))
    assert "(90% CI" in artist(drawn, "default-label").get_text() and "95%" not in drawn.content.caption


def test_unknown_choices_and_yes_or_no_are_written(few):
    known = [name for name in CHOICES if name != "outcome"]
    frame = few.drop(columns="outcome").drop_duplicates(known)
    frame.insert(0, "only_low_risk", np.arange(len(frame)) % 2 == 0)
    texts = {t.get_text() for t in multiverse_plot(frame).findobj(Text)}
    assert {"Only low risk", "yes", "no"} <= texts


def test_analyses_without_an_interval_are_counted_not_drawn(few):
    frame = few.copy()
    frame.loc[frame.index[~frame["default"]][:3], ["estimate", "ci_low", "ci_high"]] = np.nan
    drawn = multiverse_plot(frame)
    assert len(rows(drawn, "analysis")) == 57
    assert "No interval, so not drawn: 3" in drawn.content.caption


def test_wild_intervals_leave_the_axis_and_are_counted(few):
    frame = few.copy()
    frame.loc[5, ["ci_low", "ci_high"]] = [-40.0, 40.0]
    drawn = multiverse_plot(frame)
    low, high = next(ax for ax in drawn.axes if ax.get_label() == "curve").get_ylim()
    assert high - low < 8
    assert "1 interval ends beyond the axis" in drawn.content.caption


def test_same_bytes_and_a_table_in_markdown(many, dense, tmp_path):
    lines = table_of_twins(dense, multiverse_plot(many), tmp_path)
    assert lines[0] == "| Choice | Option | Combinations | Mean estimate | Interval excludes 0 |"
    assert len(lines) == 2 + 1 + sum(many[name].nunique() for name in CHOICES)
    assert (tmp_path / "a.svg").stat().st_size < 2e6 and (tmp_path / "a.csv").stat().st_size < 1e6


@pytest.mark.parametrize("page", ["axes", "subfigure"])
def test_the_curve_alone_is_drawn_into_a_figure_of_somebody_else(few, fig, page):
    other = Figure(figsize=(6, 4))
    into = other.subplots() if page == "axes" else other.subfigures()
    assert multiverse_plot(few, ax=into) is other
    drawn, own = (artist(each, "curve-estimates").get_offsets() for each in (other, fig))
    np.testing.assert_array_equal(drawn, own)
    assert other.axes[0].get_ylabel().startswith("Pooled") and len(other.axes[0].get_yticks()) >= 4
    assert not other.findobj(lambda a: (a.get_gid() or "").startswith("options-"))


def test_bad_arguments_are_named(few):
    with pytest.raises(ValueError, match="analyses has no column ci_high"):
        multiverse_plot(few.drop(columns="ci_high"))
    with pytest.raises(ValueError, match="no choice has two options"):
        multiverse_plot(few.iloc[:1])
    with pytest.raises(ValueError, match="order must name every choice with several options once"):
        multiverse_plot(few, order=["outcome"])
    with pytest.raises(ValueError, match="default is 'mine', which is not in the index"):
        multiverse_plot(few, default="mine")
    with pytest.raises(ValueError, match=r"width_mm is 50, but this figure needs at least \d+ mm"):
        multiverse_plot(few, width_mm=50)
    with pytest.raises(ValueError, match="no analysis has an estimate with an interval"):
        multiverse_plot(few.assign(ci_low=np.nan))


def test_colours_stay_apart_in_grey():
    grey = [np.dot(_rgb(colour), [0.299, 0.587, 0.114]) for colour in shapes._finding_colours().values()]
    assert np.diff(sorted(grey)).min() > 0.08
    assert style.PAPER not in shapes._finding_colours().values()


def _rgb(colour):
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
