"""The options that all figures share: title, footer, dpi, and those of the level axis, read back from the artists."""

import inspect
import re
import warnings
from dataclasses import replace

import layouts
import numpy as np
import pytest
from data_cases import published_effects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, body, misplaced, synthetic

import analysis as ma
from analysis import _types
from analysis.plots import _layout, _options

EFFECTS = synthetic(8, groups=2)
ARMS = ma.pool_arms(EFFECTS, by="therapy_family")
POSTERIOR = ma.pool_bayes(EFFECTS)
RATIOS = ma.pool([-0.9, -0.2, -0.4, 0.3, -0.6], [0.04, 0.09, 0.02, 0.2, 0.06], measure="OR")
DOSED = ma.meta_regression("yi ~ dose", EFFECTS.table.assign(dose=[3.0, 8.0, 21.0, 5.0, 13.0, 34.0, 2.0, 1.0]))
MOVED = ma.leave_one_out(EFFECTS).assign(x=np.arange(8.0), y=np.arange(8.0) / 10)
GOSH = ma.gosh(EFFECTS)
COUNTS = layouts.COUNTS
# how each figure is called, and the label of the axes whose level axis the options are about
SELECTED = ma.selection_model([0.9, 0.7, 0.1, 0.2], [0.09, 0.08, 0.01, 0.04], steps=0.05)
CURVE = ma.p_curve([0.9, 0.7, 0.1, 0.2], [0.09, 0.08, 0.01, 0.04])
OVER_TIME = ma.pool_over_time(layouts.measured_twice())
FIGURES = {
    "forest": (lambda **more: ma.forest(EFFECTS, **more), "contrast"),
    "arms_forest": (lambda **more: ma.arms_forest(ARMS, **more), "contrast"),
    "orchard": (lambda **more: ma.orchard(ARMS, **more), "contrast"),
    "steps_forest": (lambda **more: ma.steps_forest(ma.leave_one_out(EFFECTS), **more), "contrast"),
    "outcomes_forest": (lambda **more: ma.outcomes_forest({"first": EFFECTS, "second": EFFECTS}, **more), "contrast"),
    "baujat_plot": (lambda **more: ma.baujat_plot(MOVED, **more), "baujat"),
    "bubble": (lambda **more: ma.bubble(DOSED, **more), "bubble"),
    "claims_plot": (lambda **more: ma.claims_plot(layouts.claims(), **more), "claims"),
    "doi_plot": (lambda **more: ma.doi_plot(EFFECTS, **more), "doi"),
    "drapery": (lambda **more: ma.drapery(EFFECTS, **more), "drapery"),
    "funnel": (lambda **more: ma.funnel(EFFECTS, **more), "funnel"),
    "gosh_plot": (lambda **more: ma.gosh_plot(GOSH, **more), "gosh"),
    "influence_plot": (lambda **more: ma.influence_plot(ma.influence(EFFECTS), **more), "cooks_distance"),
    "labbe": (lambda **more: ma.labbe(ARMS, **more), "labbe"),
    "labbe_counts": (
        lambda **more: ma.labbe_counts(ma.pool_mantel_haenszel(*COUNTS), counts=COUNTS, **more),
        "labbe",
    ),
    "multiverse_plot": (lambda **more: ma.multiverse_plot(layouts.analyses(40), **more), "curve"),
    "p_curve_plot": (lambda **more: ma.p_curve_plot(CURVE, **more), "p-curve"),
    "posterior_plot": (lambda **more: ma.posterior_plot(POSTERIOR, **more), "trials"),
    "power_plot": (lambda **more: ma.power_plot(ma.power(EFFECTS, -1.0), **more), "power"),
    "qq_plot": (lambda **more: ma.qq_plot(EFFECTS, **more), "qq"),
    "radial": (lambda **more: ma.radial(EFFECTS, **more), "radial"),
    "selection_plot": (lambda **more: ma.selection_plot(SELECTED, **more), "selection"),
    "therapies_forest": (
        lambda **more: ma.therapies_forest(ma.compare_therapies(EFFECTS, "therapy_family"), **more),
        "contrast",
    ),
    "time_plot": (lambda **more: ma.time_plot(OVER_TIME, **more), "time"),
}
ROWS = ("forest", "arms_forest", "orchard", "steps_forest", "outcomes_forest")


def taking(option):
    """Parametrize a test over the figures that take an option."""
    takers = [name for name in FIGURES if option in inspect.signature(getattr(ma, name)).parameters]
    return pytest.mark.parametrize(("draw", "label"), [FIGURES[name] for name in takers], ids=takers)


rows = pytest.mark.parametrize(("draw", "label"), [FIGURES[name] for name in ROWS], ids=ROWS)


def axes(fig, label="contrast"):
    return next(ax for ax in fig.axes if ax.get_label() == label)


def texts(fig):
    return [text.get_text() for text in fig.findobj(Text) if text.get_text()]


def gids(fig):
    return {each.get_gid() for each in fig.findobj() if each.get_gid()}


def said(fig):
    return f"{fig.content.caption} {fig.content.alt_text} {' '.join(texts(fig))}".lower()


# title, footer, dpi


@taking("footer")
def test_without_title_and_footer_the_page_is_lower_and_the_caption_keeps_both(draw, label):
    whole, bare = draw(), draw(title="", footer=False)
    assert not [gid for gid in gids(bare) if gid.startswith(("title-0", "footer"))]
    assert bare.content.caption == whole.content.caption and bare.content.title == whole.content.title
    assert bare.get_figheight() < whole.get_figheight() - 0.3
    tops = [fig.get_figheight() * 25.4 * (1 - fig.axes[1].get_position().y1) for fig in (whole, bare)]
    assert tops[0] - tops[1] > 4.0
    assert misplaced(bare) == ([], [])


@taking("dpi")
def test_dpi_is_that_of_the_figure(draw, label):
    assert draw(dpi=72).dpi == 72 and draw().dpi == 150


# rows that stand close


@taking("compact")
@pytest.mark.parametrize("width", [None, "double", "single"])
@pytest.mark.filterwarnings("ignore:width_mm is")
def test_compact_rows_stand_close_in_type_that_can_be_read_and_marks_that_stay_apart(draw, label, width):
    usual, fig = draw(width_mm=width), draw(width_mm=width, compact=True)
    assert misplaced(fig) == ([], [])
    sizes = [text.get_fontsize() for text in fig.findobj(Text) if text.get_text()]
    assert min(sizes) == 6.0 and {text.get_fontsize() for text in fig.findobj(cell)} == {6.0}
    trials = body(fig).query("kind == 'trial'")
    pitch = trials["y_mm"].diff()[trials.index.to_series().diff() == 1]
    assert pitch.min() == pytest.approx(2.6) and pitch.max() < 3.5
    assert np.ptp(trials["y_mm"]) < np.ptp(body(usual).query("kind == 'trial'")["y_mm"])
    assert len(body(fig)) == len(body(usual)) and label in {ax.get_label() for ax in fig.axes}
    for mark in fig.findobj(lambda each: (each.get_gid() or "").endswith("-markers")):
        assert np.sqrt(mark.get_sizes().max()) * 25.4 / 72 < 2.6


def cell(each):
    return isinstance(each, Text) and (each.get_gid() or "").startswith("cell-") and each.get_text()


def test_compact_is_for_rows_of_trials():
    takers = {name for name in FIGURES if "compact" in inspect.signature(getattr(ma, name)).parameters}
    assert takers == set(ROWS) - {"orchard"}
    with pytest.raises(TypeError, match="funnel has no argument 'compact'"):
        ma.funnel(EFFECTS, compact=True)
    with pytest.raises(ValueError, match="compact is 'yes'; it must be True or False"):
        ma.forest(EFFECTS, compact="yes")


# the level axis


@taking("xlim")
def test_ends_and_ticks_are_those_asked_for(draw, label):
    fig = draw(xlim=(-2, 1), ticks=(-2, -0.5, 1))
    ax = axes(fig, label)
    assert ax.get_xlim() == (-2, 1)
    assert ax.get_xticks().tolist() == [-2, -0.5, 1]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["−2.0", "−0.5", "1.0"]


@taking("ticks")
def test_ticks_beyond_the_usual_ends_widen_them(draw, label):
    low, high = axes(draw(ticks=(-11, 0)), label).get_xlim()
    assert low < -11 and high >= 0


@taking("xlabel")
def test_the_title_of_the_axis_is_the_one_asked_for(draw, label):
    assert "log ratio of costs" in texts(draw(xlabel="log ratio of costs"))
    usual, none = draw(), draw(xlabel="")
    assert none.get_figheight() <= usual.get_figheight() and len(texts(none)) < len(texts(usual))


@rows
def test_the_null_line_stands_where_it_was_asked_for_or_nowhere(draw, label):
    (line,) = artist(draw(null=-0.5), f"{label}-null").get_segments()
    assert line[:, 0].tolist() == [-0.5, -0.5]
    assert f"{label}-null" not in gids(draw(null=None))


@rows
def test_further_lines_stand_at_their_values_and_are_told_by_name(draw, label):
    fig = draw(lines={"limit": -1.5, "{goal}": -0.25})
    assert [segment[0, 0] for segment in artist(fig, "lines").get_segments()] == [-1.5, -0.25]
    assert "dashed grey lines: limit −1.5" in fig.content.caption and "{goal} −0.25" in fig.content.caption
    assert "dashed grey" not in draw().content.caption
    assert "dashed grey line: −1.5" in draw(lines=-1.5).content.caption


def test_ratios_have_their_options_as_ratios():
    fig = ma.forest(RATIOS, xlim=(0.2, 5), ticks=(0.2, 1, 5), null=0.9, lines=[0.8, 1.25])
    ax = axes(fig)
    assert np.exp(ax.get_xlim()) == pytest.approx((0.2, 5)) and np.exp(ax.get_xticks()) == pytest.approx((0.2, 1, 5))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.2", "1", "5"]
    assert np.exp(artist(fig, "contrast-null").get_segments()[0][:, 0]) == pytest.approx(0.9)
    assert "dashed grey lines: 0.80, 1.25" in fig.content.caption
    assert misplaced(fig) == ([], [])


def test_labels_of_ticks_that_stand_close_are_left_out_and_their_ticks_are_not():
    ticks = np.round(np.linspace(-2, 1, 31), 1)
    with pytest.warns(UserWarning, match="ticks without room for their label: −1.9, ") as seen:
        ax = axes(ma.forest(EFFECTS, xlim=(-2, 1), ticks=ticks))
    assert seen[0].filename == __file__
    labels = [tick.get_text() for tick in ax.get_xticklabels()]
    assert len(ax.get_xticks()) == 31 and "" in labels and labels[0] == "−2.0"


def test_labels_of_ticks_that_were_asked_for_stand_closer_before_one_is_left_out():
    figure = Figure(figsize=(3, 3))
    ticks = {"xlim": (-20, 30), "ticks": (-20, -10, 0, 10, 20, 30)}
    effects = ma.pool([5.0, 8.0, 3.0], [9.0, 16.0, 4.0])
    ma.forest(effects, ax=figure.add_axes((0.5, 0.3, 0.39, 0.6)), **ticks)
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["−20", "−10", "0", "10", "20", "30"]


@pytest.mark.parametrize("draw", [ma.forest, ma.arms_forest, ma.orchard])
def test_without_an_overall_result_weights_are_those_within_the_group(draw):
    whole, fig = (draw(ARMS, overall=overall).content for overall in (True, False))
    one = fig.table[fig.table["kind"].isin(["trial", "point"])]
    assert one.groupby("group")["weight"].sum().tolist() == pytest.approx([1.0, 1.0])
    for name, group in ARMS.groups.items():
        assert sorted(one.loc[one["group"] == name, "weight"]) == pytest.approx(sorted(group.contrast.weights))
    assert "weight in its group" in fig.caption and "overall model" not in fig.caption
    assert "weight in the overall model" in whole.caption and "in its group" not in whole.caption


# what is beyond the panel


@rows
def test_a_side_of_the_null_that_is_beyond_the_panel_has_no_direction(draw, label):
    for xlim, gone in (((-3, 0), "→"), ((0, 3), "←"), ((-3, -0.5), "→")):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "xlim is .* no effect lies inside")
            shown = [text for text in texts(draw(xlim=xlim)) if text.startswith("← ") or text.endswith(" →")]
        assert shown and not any(gone in text for text in shown)
    both = "".join(texts(draw(xlim=(-3, 3))))
    assert "← " in both and " →" in both


def test_a_trial_beyond_the_panel_leaves_an_arrowhead_and_is_named():
    far = ma.pool([0.1, 0.2, 0.15, 50.0], [0.01, 0.02, 0.01, 100.0])
    fig = ma.forest(far, xlim=(-1, 1))
    assert len(artist(fig, "contrast-markers").get_offsets()) == 3
    heads = artist(fig, "contrast-arrows-right").get_offsets()
    assert body(fig)["y_mm"][3] in heads[:, 1] and (heads[:, 0] == 1).all()
    for segment in artist(fig, "contrast-intervals").get_segments():
        assert (np.abs(segment[:, 0]) <= 1).all()
    assert "Beyond the panel: Study 4 (50.00)" in fig.content.caption
    assert "Beyond the panel" not in ma.forest(far, xlim=(-1, 60)).content.caption


def test_a_circle_beyond_the_panel_leaves_an_arrowhead_where_it_would_be():
    fig = ma.orchard(ARMS, xlim=(-1.5, 1))
    points = fig.content.table.query("kind == 'point'")
    gone = points[points["contrast_estimate"] < -1.5]
    assert 0 < len(gone) < len(points)
    heads = artist(fig, "points-arrows-left").get_offsets()
    assert sorted(heads[:, 1]) == pytest.approx(sorted(gone["y_mm"]))
    assert len(artist(fig, "points").get_offsets()) == 3 * (len(points) - len(gone))
    assert "arrowhead: trial beyond the panel" in fig.content.caption
    assert all(name in fig.content.caption for name in gone["name"])


@rows
@pytest.mark.parametrize("xlim", [(10, 20), (-30, -20)])
def test_of_what_is_all_beyond_the_panel_arrowheads_are_left(draw, label, xlim):
    with pytest.warns(UserWarning, match=f"xlim is {xlim[0]} to {xlim[1]}, and no effect lies inside") as seen:
        fig = draw(xlim=xlim)
    assert seen[0].filename == __file__
    left = {mark.get_gid() for mark in axes(fig, label).collections} - {f"{label}-null"}
    assert left and all("-arrows-" in gid for gid in left)
    marks = "squares:", "circles: trials", "thin lines", "dotted", *(["diamonds:"] if len(fig.axes) == 2 else [])
    assert not any(mark in fig.content.caption.lower() for mark in marks)


def test_the_curve_of_a_prediction_ends_with_the_panel():
    with pytest.warns(UserWarning, match="no effect lies inside"):
        assert "contrast-density" not in gids(ma.forest(EFFECTS, prediction="density", xlim=(10, 20)))
    curve = artist(ma.forest(EFFECTS, prediction="density", xlim=(-1, 1)), "contrast-density").get_segments()[0]
    assert (curve[0, 0], curve[-1, 0]) == (-1, pytest.approx(curve[:, 0].max())) and curve[:, 0].max() <= 1


def test_many_trials_beyond_the_panel_are_counted():
    with pytest.warns(UserWarning, match="no effect lies inside"):
        fig = ma.forest(synthetic(30), xlim=(2, 5))
    assert "Beyond the panel: 30 estimates" in fig.content.caption


def test_pooled_results_and_predictions_are_shown_whole():
    fig = ma.forest(EFFECTS)
    low, high = axes(fig).get_xlim()
    pooled = body(fig).query("kind in ('total', 'prediction')")
    assert (pooled["contrast_low"] > low).all() and (pooled["contrast_high"] < high).all()


def test_what_is_pooled_leaves_the_trials_their_room():
    trials = [0.0, 0.1, 0.2], [-0.1, 0.0, 0.1], [0.1, 0.2, 0.3]
    usual = _layout.panel_limits(*trials)
    # the trials span 0.4: a fifth of 2.0, and 60 % of 0.67
    assert _layout.panel_limits(*trials, whole=[(-0.8, 0.9)]) == pytest.approx((-0.8 - 0.0595, 0.9 + 0.0595))
    assert _layout.panel_limits(*trials, whole=[(-9, 9)]) == usual
    assert _layout.panel_limits(*trials, more=[(-0.2, 0.3)])[0] < usual[0]
    assert _layout.panel_limits(*trials, more=[(-0.8, 0.9)]) == usual
    assert _layout.panel_limits(*trials, whole=[(np.nan, np.nan)]) == usual


# what is left out


@pytest.mark.parametrize("name", ["forest", "arms_forest", "orchard", "outcomes_forest"])
def test_without_a_prediction_nothing_speaks_of_one(name):
    draw, _ = FIGURES[name]
    assert "prediction" in said(draw())
    fig = draw(prediction=None)
    assert "predict" not in said(fig) and not [gid for gid in gids(fig) if "prediction" in gid]
    assert "prediction" not in fig.content.table["kind"].tolist()
    with pytest.raises(ValueError, match="prediction is 'none'; it must be one of 'bar'"):
        draw(prediction="none")


@pytest.mark.parametrize(
    "draw", [lambda **more: ma.forest(ARMS, **more), FIGURES["arms_forest"][0], FIGURES["orchard"][0]]
)
def test_without_an_overall_result_nothing_speaks_of_it(draw):
    whole, fig = draw(), draw(overall=False)
    assert not {"total", "prediction"} & set(fig.content.table["kind"])
    assert not [gid for gid in gids(fig) if gid.endswith(("-total", "total-rule", "pooled-line", "-prediction"))]
    for word in ("pooled over all", "overall result", "heterogeneity:", "for a new trial"):
        assert word in said(whole) and word not in said(fig), word
    groups = fig.content.table.query("kind == 'subtotal'")
    assert len(groups) == 2 and all(f"{group}: " in fig.content.caption for group in groups["group"])
    assert misplaced(fig) == ([], [])


def test_an_overall_result_is_what_a_figure_without_groups_has():
    with pytest.raises(ValueError, match="there is no group of two or more"):
        ma.forest(EFFECTS, overall=False)
    with pytest.raises(ValueError, match="it must be True or False"):
        ma.forest(ARMS, overall="no")


def test_steps_without_the_result_of_all():
    steps = ma.cumulative(EFFECTS)
    fig = ma.steps_forest(steps, overall=False)
    assert fig.content.table["kind"].tolist().count("trial") == len(steps) and "contrast-total" not in gids(fig)
    assert "together" not in said(fig) and "together" in said(ma.steps_forest(steps))


@rows
def test_directions_can_be_left_out(draw, label):
    assert "favours" in said(draw()) and not any("←" in text for text in texts(draw(favours=None)))


# Axes and SubFigures of another figure


@rows
def test_a_panel_stands_in_axes_and_subfigures_with_its_options(draw, label):
    fig = Figure(figsize=(8, 9))
    upper, lower = fig.subfigures(2, 1)
    ax = lower.add_subplot()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Axes have room for one panel")
        assert all(draw(ax=place, xlim=(-4, 2), xlabel="change") is fig for place in (upper, ax))
    made = [each for each in fig.axes if each.get_xlabel().startswith("change")]
    assert [each.get_xlim() for each in made] == [(-4, 2)] * 2
    marks = [[mark.get_gid() for mark in each.collections] for each in made]
    assert marks[0] == marks[1] and len(marks[0]) > 3


def test_both_arms_stand_beside_the_contrast_in_a_subfigure_and_axes_say_they_have_no_room():
    fig = Figure(figsize=(8, 6))
    place = fig.subfigures(1, 1)
    arms = ma.pool_arms(published_effects())  # some without a baseline
    assert ma.arms_forest(arms, ax=place) is fig
    within, contrast = fig.axes
    rows = ma.arms_forest(arms).content.table
    for ax, name in ((within, "treatment"), (contrast, "contrast")):
        drawn = artist(ax, f"{name}-markers").get_offsets()[:, 0]
        assert sorted(drawn) == sorted(rows.query("kind == 'trial'")[f"{name}_estimate"].dropna())
    # a point is equally long in both
    pitch = [ax.get_position().width / np.ptp(ax.get_xlim()) for ax in fig.axes]
    assert pitch[0] == pytest.approx(pitch[1])
    assert contrast.get_position().x0 > within.get_position().x1 and not contrast.get_yticklabels()
    assert "open circles: placebo arms" in " ".join(within.get_xlabel().split())
    assert "baseline not reported" in texts(fig)
    FigureCanvasAgg(fig).draw()
    assert misplaced(fig, 0.0) == ([], [])
    with pytest.warns(
        UserWarning, match="Axes have room for one panel, that of randomised contrast; give a SubF"
    ) as seen:
        ma.arms_forest(ARMS, ax=Figure(figsize=(5, 5)).add_subplot())
    assert seen[0].filename == __file__


def test_circles_in_axes_are_smaller_where_these_are_low_and_never_lie_upon_one_another():
    many = synthetic(150, groups=2)
    areas = []
    for height in (12, 3.5):
        fig = Figure(figsize=(5, height))
        ma.orchard(many, by="therapy_family", ax=fig.add_axes((0.3, 0.15, 0.65, 0.8)))
        fig.draw_without_rendering()
        points = artist(fig, "points")
        at = points.get_offset_transform().transform(points.get_offsets()[1::3]) / fig.dpi * 72
        radius = np.sqrt(points.get_sizes()[1::3] / np.pi)
        apart = np.hypot(*(at[:, None] - at[None]).T)
        np.fill_diagonal(apart, np.inf)
        assert (apart >= radius[:, None] + radius[None] - 0.05).all()
        areas.append(points.get_sizes().max())
    assert areas[0] > areas[1]
    with pytest.raises(ValueError, match="the Axes are 8 mm high; the circles and names need"):
        ma.orchard(many, ax=Figure(figsize=(5, 1)).add_axes((0.3, 0.5, 0.65, 0.3)))


# arguments that are none


@taking("xlim")
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"xlm": (0, 1)},
            TypeError,
            r"has no argument 'xlm'; did you mean xlim\? it takes .*xlim, ticks, xlabel",
        ),
        ({"xlim": (1, 0)}, ValueError, "xlim is .1, 0.; give two numbers, the lower one first"),
        ({"xlim": (0, np.inf)}, ValueError, "a value of xlim is inf; give a finite number"),
        ({"xlim": 3}, ValueError, "xlim is 3; give a sequence of numbers"),
        ({"ticks": "abc"}, ValueError, "ticks is 'abc'; give a sequence of numbers"),
        ({"ticks": (0, 5), "xlim": (-4, 1)}, ValueError, "ticks has 5, which lies outside xlim, -4 to 1"),
        ({"footer": None}, ValueError, "footer is None; it must be True or False"),
        ({"dpi": 0}, ValueError, "dpi is 0; dots per inch are more than 0"),
        ({"xlabel": 3}, ValueError, "xlabel is 3; give a text"),
        ({"title": 3}, ValueError, "title is 3; give a text"),
    ],
)
def test_options_are_checked(draw, label, options, error, message):
    with pytest.raises(error, match=message):
        draw(**options)


@taking("null")
def test_null_and_lines_are_numbers(draw, label):
    with pytest.raises(ValueError, match="a value of lines is 'x'; give a finite number"):
        draw(lines={"goal": "x"})
    with pytest.raises(ValueError, match="null is 'none'; give a finite number, None or"):
        draw(null="none")


def test_ratios_have_no_place_at_zero():
    for option in ({"xlim": (0, 5)}, {"ticks": (-1, 1)}, {"null": 0}, {"lines": 0}):
        with pytest.raises(ValueError, match="which no odds ratio is"):
            ma.forest(RATIOS, **option)


@pytest.mark.parametrize("name", FIGURES)
def test_help_lists_the_options_with_their_defaults(name):
    function = getattr(ma, name)
    parameters = inspect.signature(function).parameters
    assert {"footer", "dpi"} <= set(parameters) or name not in ROWS
    for option in set(_types.RowOptions.__annotations__) & set(parameters):
        assert parameters[option].default == _options.DEFAULTS[option]
        assert f"\n    {option} : " in function.__doc__
    assert set(_types.FigureOptions.__annotations__) <= set(parameters) or name not in ROWS


def test_every_option_has_a_default_and_a_check():
    assert set(_types.RowOptions.__annotations__) <= set(_options.DEFAULTS)
    assert set(_types.RowOptions.__annotations__) <= set(_options.CHECKS)


# columns


def test_the_heading_of_the_effects_is_the_one_given():
    fig = ma.forest(EFFECTS, right={"effect": "Change [CI]", "weight": None})
    assert artist(fig, "head-text_estimate").get_text() == "Change [CI]"


def test_p_values_stand_in_a_column():
    fig = ma.forest(EFFECTS, right=("effect", "p"))
    printed = body(fig)
    one = printed.iloc[0]
    se = (one["contrast_high"] - one["contrast_low"]) / 2 / 1.959963984540054
    alone = ma.pool([one["contrast_estimate"]], [se**2])
    assert one["contrast_pvalue"] == pytest.approx(alone.pvalue, rel=1e-9)
    total = printed.query("kind == 'total'").iloc[0]
    assert total["contrast_pvalue"] == ma.pool(EFFECTS).pvalue
    assert total["text_p"] == ma.text.pvalue(ma.pool(EFFECTS).pvalue)
    own = replace(EFFECTS, table=EFFECTS.table.assign(p="own"))
    with pytest.warns(UserWarning, match="columns names 'p', the p value of no effect; the trials have") as seen:
        assert body(ma.forest(own, columns=("p",)))["text_p"].iloc[0] == one["text_p"]
    assert seen[0].filename == __file__
    with pytest.raises(ValueError, match="right names 'p', but no mean means that there is no effect"):
        ma.forest(ma.pool([1.0, 2.0], [0.1, 0.1], measure="MN"), right=("effect", "p"))


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ({"columns": ("therapy_famly",)}, "therapy_family"),
        ({"right": ("effekt",)}, "effect"),
        ({"order": "-therapy_famly"}, "therapy_family"),
        ({"by": "therapy_famly"}, "therapy_family"),
    ],
)
def test_a_misspelt_column_is_told_with_the_one_that_may_be_meant(wrong, near):
    with pytest.raises(ValueError, match=rf"\(did you mean '{near}'"):
        ma.forest(EFFECTS, **wrong)


def test_what_comes_near_no_column_has_no_suggestion():
    with pytest.raises(ValueError, match=r"nor a column of the trials$"):
        ma.forest(EFFECTS, columns=("zzzz",))


def test_columns_that_are_none_are_named_with_their_argument():
    for argument in ("columns", "right"):
        for draw, *_ in (FIGURES["forest"], FIGURES["outcomes_forest"], FIGURES["steps_forest"]):
            with pytest.raises(ValueError, match=f"^{argument} names 'colour'"):
                draw(**{argument: ("colour",)})
            with pytest.raises(ValueError, match=f"^{argument} is 'weight'; give a sequence"):
                draw(**{argument: "weight"})
    with pytest.raises(ValueError, match="^symbols names 'colour'"):
        ma.forest(EFFECTS, symbols={"colour": {}})
    with pytest.raises(ValueError, match="^order is 'colour'"):
        ma.forest(EFFECTS, order="colour")


@pytest.mark.parametrize(
    ("values", "sorted_as"),
    [
        (["10", "9", "−1", "100", "2.5", "7", "8", "1"], ["−1", "1", "2.5", "7", "8", "9", "10", "100"]),
        (["10 mg", "9 mg", "b", "a", "c", "d", "e", "f"], ["9 mg", "10 mg", "a", "b", "c", "d", "e", "f"]),
        ([None, "9", "10", "8", "7", "6", "5", "4"], ["4", "5", "6", "7", "8", "9", "10", ""]),
    ],
)
def test_numbers_that_are_text_are_in_order_of_numbers(values, sorted_as):
    table = EFFECTS.table.assign(dose=values)
    printed = body(ma.forest(replace(EFFECTS, table=table), columns=("dose",), order="dose"))
    assert printed.query("kind == 'trial'")["text_dose"].tolist() == sorted_as


def test_a_table_has_one_notation():
    fig = ma.forest(ma.pool([-0.004, 0.3, 0.0009, 0.5], [0.01, 0.02, 0.03, 0.02]))
    shown = body(fig)
    assert shown["text_estimate"].tolist()[:4] == ["−0.00", "0.30", "0.00", "0.50"]
    numbers = [text.strip("[] to") for name in ("low", "high", "estimate") for text in shown[f"text_{name}"] if text]
    assert {len(text.partition(".")[2]) for text in numbers} == {2}


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.0004, 0.012, 0.001, 0.24), ["0.0004", "0.0120", "0.0010", "0.2400"]),
        ((0.25, 12.5, 3, 0.004), ["0.250", "12.500", "3.000", "0.004"]),
        ((12345.678, 1, 2, 3), ["12\N{NARROW NO-BREAK SPACE}345.678", "1.000", "2.000", "3.000"]),
        ((0.1 + 0.2, 7, 8, 9), ["0.3", "7.0", "8.0", "9.0"]),  # but for what binary numbers make of it
        ((1 / 3, 7, 8, 9), ["0.33", "7.00", "8.00", "9.00"]),
        ((1 / 3000, 7, 8, 9), ["0.0003", "7.0000", "8.0000", "9.0000"]),
        ((40 / 3, 7, 8, 9), ["13.3", "7.0", "8.0", "9.0"]),
    ],
)
def test_numbers_of_a_column_of_yours_keep_their_decimals(values, shown):
    effects = replace(EFFECTS, table=EFFECTS.table.assign(dose=[*values, *values]))
    assert body(ma.forest(effects, columns=("dose",), order="given"))["text_dose"].tolist()[:4] == shown


# what a narrow page drops


def test_what_a_narrow_page_drops_is_said_with_the_width_that_would_hold_it():
    table = EFFECTS.table.assign(dose=10.0, site=[f"Hospital of St. Somebody, ward {i}" for i in range(8)])
    options = {"columns": ("n", "dose", "site"), "right": ("effect", "p", "weight")}
    effects = replace(EFFECTS, table=table)
    with pytest.warns(UserWarning, match="width_mm is 150, too narrow for the columns .*Site.*; they need") as seen:
        narrow = ma.forest(effects, width_mm=150, **options)
    assert seen[0].filename == __file__
    assert "head-text_site" not in gids(narrow)
    # whatever finds room without the wide column is kept
    assert {"head-text_dose", "head-text_p", "head-text_weight"} <= gids(narrow)
    width = int(str(seen[0].message).rpartition("need ")[2].removesuffix(" mm"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = ma.forest(effects, width_mm=width, **options)
    assert "head-text_site" in gids(whole)


def test_circles_are_given_up_last_and_are_told_where_they_are_drawn():
    effects = published_effects().where(therapy_family=["Light"])
    letters = {"certainty": {"clear": "+", "derived": "+", "second-hand": "?", "doubtful": "-"}}
    with pytest.warns(UserWarning, match="too narrow for the columns"):
        fig = ma.forest(effects, columns=("arms",), symbols=letters, width_mm="single")
    drawn = "Certainty" in texts(fig)
    assert drawn == ("Certainty:" in fig.content.caption)
    with pytest.warns(UserWarning, match="too narrow for the columns"):
        double = ma.forest(effects, columns=("arms",), symbols=letters, width_mm="double")
    assert "Certainty" in texts(double) and "Certainty:" in double.content.caption


def test_two_columns_of_a_journal_hold_both_arms_in_readable_type():
    with pytest.warns(UserWarning, match="width_mm is 174, too narrow for the columns Change,"):
        fig = ma.arms_forest(ARMS, width_mm="double")
    assert fig.get_figwidth() * 25.4 == pytest.approx(174)
    assert min(text.get_fontsize() for text in fig.findobj(Text) if text.get_text()) >= 6.0
    assert "span-Patients" in gids(fig)
    assert misplaced(fig) == ([], [])


# colours


def test_each_colour_of_a_theme_is_that_of_its_mark():
    colours = {"square": "#ff0000", "interval": "#0000ff", "diamond": "#00ff00", "diamond_edge": "#00aa00"}
    colours |= {"prediction": "#ffaa00", "square_imputed": "#aa00aa"}
    for width in (None, 85):  # a narrow page has a look of its own
        with ma.theme(**colours), ma.theme(square_max_pt=7):
            fig = ma.forest(EFFECTS, width_mm=width, columns=(), right=("effect",))
        faces = {to_hex(face) for face in artist(fig, "contrast-markers").get_facecolor()}
        assert faces == {colours["square"], colours["square_imputed"]}
        assert to_hex(artist(fig, "contrast-intervals").get_color()[0]) == colours["interval"]
        diamond = artist(fig, "contrast-total")
        assert to_hex(diamond.get_facecolor()[0]) == colours["diamond"]
        assert to_hex(diamond.get_edgecolor()[0]) == colours["diamond_edge"]
        assert to_hex(artist(fig, "contrast-prediction").get_color()[0]) == colours["prediction"]
    with ma.theme(diamond="#00ff00", prediction="#ffaa00"):
        steps, circles = ma.steps_forest(ma.cumulative(EFFECTS)), FIGURES["orchard"][0]()
    assert artist(steps, "contrast-total").get_facecolor()[0] == pytest.approx(to_rgba("#00ff00"))
    assert to_hex(artist(circles, "predictions").get_color()[0]) == "#ffaa00"


# names and texts on two lines


def row_lines(fig, cell):
    """Return the lines of the cell of every row, from top to bottom."""
    found = {}
    for text in fig.findobj(Text):
        if at := re.fullmatch(rf"cell-(\d+)-{cell}(-\d)?", text.get_gid() or ""):
            found.setdefault(int(at[1]), []).append(text)
    return {i: sorted(texts, key=lambda text: text.get_position()[1]) for i, texts in found.items()}


@pytest.mark.parametrize("therapies", [["Light"], None], ids=["one therapy", "all"])
def test_conditions_and_patients_of_our_trials_have_room_on_two_journal_columns(therapies):
    effects = ma.effect_sizes(ma.read_trials("data/trials.csv"))
    arms = ma.pool_arms(effects.where(therapy_family=therapies) if therapies else effects)
    with pytest.warns(UserWarning, match="too narrow for the columns Change, which are left out"):
        fig = ma.arms_forest(arms, width_mm="double")
    assert {"Condition", "Patients", "treat.", "plac."} <= set(texts(fig))
    assert min(text.get_fontsize() for text in fig.findobj(Text) if text.get_text()) >= 6.0
    assert misplaced(fig) == ([], [])
    conditions, rows = row_lines(fig, "text_condition"), body(fig)
    said = {i: " ".join(line.get_text() for line in lines) for i, lines in conditions.items()}
    trials = rows[rows["kind"] == "trial"]
    assert said == trials["text_condition"].to_dict()
    assert {len(lines) for lines in conditions.values()} == {1, 2}
    assert max(len(lines) for i, lines in row_lines(fig, "text_name").items() if i in trials.index) == 2
    for i, lines in conditions.items():  # about the middle of the row
        middle = np.mean([line.get_position()[1] for line in lines])
        assert middle == pytest.approx(rows["y_mm"][i] + 0.36 * lines[0].get_fontsize() * 25.4 / 72, abs=1e-6)


def test_a_narrow_page_gives_up_the_weights_before_a_name_takes_more_than_two_lines():
    with pytest.warns(UserWarning, match="columns Weight, which are left out"):
        fig = ma.forest(RATIOS, width_mm="single")
    assert max(map(len, row_lines(fig, "text_name").values())) == 2
    assert "Weight" not in texts(fig)
