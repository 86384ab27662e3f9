"""What the figures on a plane share: names beside marks, and words about what is drawn, read back from the artists."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from plot_cases import overlapping, synthetic

import analysis as ma
from analysis.measures import Measure
from analysis.plots._page import unnamed_in
from analysis.plots._plane import Scale, height_of, least_height, spelled, swarm

NAME = "Author {i} 2001"
# columns of the table that hold the place of a mark, and the decimals to which marks at one place are equal
PLACES = {
    "funnel": (("estimate", "se"), 9),
    "radial": (("precision", "z"), 9),
    "qq": (("quantile", "z"), 9),
    "labbe": (("placebo_estimate", "treatment_estimate"), 9),
    "labbe_counts": (("placebo_estimate", "treatment_estimate"), 1),
    "bubble": (("x", "estimate"), 9),
    "bubble of rows": (("estimate",), 9),
}


@functools.cache
def effects(k):
    """Return k effects, and a moderator in numbers."""
    found = synthetic(k, name=NAME, groups=2)
    return replace(found, table=found.table.assign(Dose_mg=np.random.default_rng(1).uniform(1, 40, k)))


@functools.cache
def counted(k, measure="RR"):
    """Return pooled counts and the counts behind them."""
    rng, labels = np.random.default_rng(3), [NAME.format(i=i) for i in range(k)]
    n, base = rng.integers(15, 140, (2, k)), rng.uniform(0.1, 0.5, k)
    counts = rng.binomial(n[0], np.minimum(1.5 * base, 1)), n[0], rng.binomial(n[1], base), n[1]
    return ma.pool_mantel_haenszel(*counts, measure=measure, labels=labels), counts


@functools.cache
def pooled(k):
    return ma.pool(effects(k))


DRAW = {
    "funnel": lambda k, **page: ma.funnel(pooled(k), **page),
    "radial": lambda k, **page: ma.radial(pooled(k), **page),
    "qq": lambda k, **page: ma.qq_plot(pooled(k), label=[NAME.format(i=i) for i in range(0, k, 5)], **page),
    "labbe": lambda k, **page: ma.labbe(effects(k), by="therapy_family", **page),
    "labbe_counts": lambda k, **page: ma.labbe_counts(counted(k)[0], counts=counted(k)[1], **page),
    "bubble": lambda k, **page: ma.bubble(ma.meta_regression("yi ~ Dose_mg", effects(k)), **page),
    "bubble of rows": lambda k, **page: ma.bubble(ma.meta_regression("yi ~ therapy_family", effects(k)), **page),
}


def trials_of(fig):
    """Return the rows of the trials, and the artist that draws them."""
    table = fig.content.table
    (drawn,) = fig.findobj(lambda each: str(each.get_gid()).endswith("-trials"))
    return table[table["kind"] == "trial"], drawn


def outlines(drawn, k):
    """Return the outline of every mark in millimetres, a point at least every twentieth of an edge."""
    every, mm = len(drawn.get_offsets()) // k, 25.4 / drawn.figure.dpi
    centres = drawn.get_offset_transform().transform(drawn.get_offsets()) * mm
    size, paths = np.sqrt(drawn.get_sizes()) * 25.4 / 72, drawn.get_paths()
    # of rim, mark and inside the mark; of those without rim the first
    for i in range(1 if every == 3 else 0, len(centres), every):
        yield centres[i] + size[i] * np.vstack(paths[i % len(paths)].interpolated(20).to_polygons())


def gap(box, outline):
    """Return how far a box (left, bottom, right, top) is from an outline."""
    return np.hypot(*(np.clip(outline, box[:2], box[2:]) - outline).T).min()


def names_of(fig):
    """Return {row of the trial: box of its name in millimetres}, without the empty room of the line above and below."""
    found, mm = {}, 25.4 / fig.dpi
    for text in fig.findobj(Text):
        if str(text.get_gid()).startswith("name-"):
            left, bottom, right, top = text.get_window_extent(fig.canvas.get_renderer()).extents * mm
            found[int(text.get_gid().removeprefix("name-"))] = np.array([left, bottom + 0.2, right, top - 0.2])
    return found


@pytest.mark.parametrize("width", [85, 174])
@pytest.mark.parametrize("k", [3, 13, 60])
@pytest.mark.parametrize("figure", DRAW)
def test_a_name_is_nearest_to_its_own_mark_and_touches_nothing(figure, k, width):
    fig = DRAW[figure](k, width_mm=width)
    fig.dpi = 600  # on the grid of coarse pixels letters are narrower than in print
    columns, decimals = PLACES[figure]
    trials, drawn = trials_of(fig)
    places = trials[list(columns)].to_numpy(float).round(decimals)
    offsets = drawn.get_offsets()[:: len(drawn.get_offsets()) // len(trials), : len(columns)].round(decimals)
    marks, boxes = list(outlines(drawn, len(trials))), names_of(fig)
    panel = drawn.axes.get_window_extent().extents * 25.4 / fig.dpi
    diamonds = fig.findobj(lambda each: each.get_gid() == "labbe-pooled")
    pooled_marks = [outline for each in diamonds for outline in outlines(each, 1)]
    leaders = fig.findobj(lambda each: each.get_gid() == "name-leaders")
    lines = [drawn.axes.transData.transform(line) * 25.4 / fig.dpi for each in leaders for line in each.get_segments()]
    for i, box in boxes.items():
        gaps = np.array([gap(box, outline) for outline in marks])
        own = (offsets == places[trials.index.get_loc(i)]).all(axis=1)
        others = min([*gaps[~own], *(gap(box, outline) for outline in pooled_marks)], default=np.inf)
        assert 0.1 < gaps[own].min() < others, f"{trials['name'][i]}: {gaps[own].min():.2f} and {others:.2f} mm"
        assert (box[:2] > panel[:2]).all() and (box[2:] < panel[2:]).all(), trials["name"][i]
        for line in lines:
            at = np.linspace(*line, 30)[1:-1]
            assert not ((at > box[:2]) & (at < box[2:])).all(axis=1).any(), f"a line runs through {trials['name'][i]}"
    assert overlapping(fig) == []
    assert len(boxes) <= trials["labelled"].sum()
    if width == 174 and k == 13 and figure in ("labbe", "labbe_counts", "bubble"):
        assert len(boxes) == 6


def test_a_trial_beyond_the_panel_is_an_arrowhead_at_its_edge():
    fig = ma.funnel(effects(13), xlim=(-2.5, 1), ticks=[-2, 0], xlabel="So", label=99)
    table, ax = fig.content.table.query("kind == 'trial'"), fig.axes[1]
    gone = ~table["estimate"].between(-2.5, 1)
    (tips,) = (each for each in ax.collections if each.get_gid() == "funnel-trials-beyond")
    (circles,) = (each for each in ax.collections if each.get_gid() == "funnel-trials")
    assert gone.any() and len(tips.get_paths()) == gone.sum()
    assert len(circles.get_offsets()) == 3 * (~gone).sum()
    names = {t.get_text() for t in fig.findobj(Text) if str(t.get_gid()).startswith("name-")}
    assert names and not names & set(table.loc[gone, "name"])
    assert ax.get_xlim() == (-2.5, 1) and list(ax.get_xticks()) == [-2, 0]
    assert "So" in [t.get_text() for t in fig.findobj(Text)]


@pytest.mark.parametrize("draw", [ma.radial, ma.qq_plot, ma.labbe, ma.funnel])
def test_title_and_footer_may_stand_outside_of_the_picture(draw):
    usual, bare = draw(effects(13)), draw(effects(13), footer=False, title="", dpi=90)
    assert bare.get_figheight() < usual.get_figheight() and bare.dpi == 90
    assert bare.content.caption == usual.content.caption
    assert not [t for t in bare.findobj(Text) if str(t.get_gid()).startswith(("footer", "figure-title"))]


def test_names_without_room_are_told_once():
    crowd = pd.DataFrame({"label": [str(i) for i in range(60)], "x": 1.0, "y": 1.0})
    fig = ma.baujat_plot(crowd)
    assert "No room for the names: 5." in fig.content.caption and fig.content.alt_text.endswith("Named: 0, 1, 2, 3, 4.")


# words about what is drawn

DATA = {
    "one": lambda: synthetic(1),
    "two": lambda: synthetic(2),
    "imputed": lambda: effects(13),
    "as printed": lambda: replace(effects(13), table=effects(13).table.assign(status="as printed", change_status="")),
    "small changes": lambda: synthetic(6, scale=0.02),
    "no benefit": lambda: synthetic(9, benefit=None),
    "wild": lambda: replace(synthetic(4), table=synthetic(4).table.assign(yi=[-9.0, 3.0, 8.0, -4.0])),
}
# what is drawn -> how key, caption and alternative text call it, None where one of them does not speak of it
MARKS = {
    "funnel": {
        "funnel-null": ("no effect", "solid line: no effect", None),
        "funnel-pooled": ("pooled", "dotted line", None),
        "funnel-limits": ("pseudo 95% limits", "dashed lines", "the pseudo 95% limits"),
        "funnel-contour-0.95": ("p > ", "Shades:", None),
        "funnel-trials-beyond": (None, "arrowhead: ", None),
    },
    "radial": {
        "radial-pooled": (None, "Diamond", None),
        "radial-diamond": (None, "Diamond", None),
        "radial-interval": ("% CI", "% confidence interval", None),
        "radial-arrows": (None, "arrowhead", None),
        "radial-band": ("± 2", "band:", None),
        "radial-null": ("no effect", None, None),
    },
    "qq": {
        "qq-line": ("normal", "line: residual equal", None),
        "qq-envelope": ("95% envelope", "Envelope:", "outside the envelope"),
    },
    "labbe": {
        "labbe-identity": ("no difference", "line: no difference", "line of no difference"),
        "labbe-zero": (None, "faint lines: no change", None),
        "labbe-zone": ("smallest worthwhile difference", "smallest worthwhile difference", None),
        "labbe-pooled": ("pooled means with", "Diamond and cross", "Pooled means: "),
        "labbe-arrows": (None, "rrowhead", None),
    },
    "bubble": {
        "bubble-mean": ("fitted mean", None, None),
        "bubble-ci": ("% confidence limits", None, None),
        "hollow": ("hollow", None, None),
        "bubble-pi": ("prediction limits, new", None, None),
        "bubble-null": ("no effect", None, None),
    },
    "counts": {
        "labbe-identity": ("no difference", "hin line: no difference", "line of no difference"),
        "labbe-curve": (None, "hick line", "% CI"),
        "labbe-band": (None, "and band", None),
        "labbe-pooled": ("pooled percentages", "Diamond and cross", "esponders: "),
        "labbe-arrows": (None, "arrowhead", None),
    },
}
IMPUTED = "SD imputed", "hollow where", None


def texts_of(fig, gid):
    """Return the texts whose names begin so, those that were wrapped put together."""
    return " ".join(t.get_text() for t in fig.findobj(Text) if str(t.get_gid()).startswith(gid))


def assert_told(fig, figure):
    """Assert that key, caption, footer and alternative text mention a mark where it is drawn and nowhere else."""
    drawn = {str(each.get_gid()) for each in fig.findobj() if getattr(each, "get_paths", lambda: [])()}
    key = said_of(fig) if figure == "bubble" else texts_of(fig, "key-text")  # what stands in either
    told = key, fig.content.caption, fig.content.alt_text
    trials, marks = trials_of(fig)
    every = len(marks.get_offsets()) // len(trials)
    hollow = {"hollow"} if (marks.get_sizes()[every - 1 :: every] > 0).any() else set()
    for gid, names in {"hollow": IMPUTED, **MARKS[figure]}.items():
        for said, name in zip(told, names, strict=True):
            assert name is None or (gid in drawn | hollow) == (name in said), f"{gid} and {name!r}: {said}"
        if figure != "bubble" and names[1]:
            assert (names[1].lower() in texts_of(fig, "footer").lower()) == (gid in drawn | hollow), gid
    names = [t.get_text() for t in fig.findobj(Text) if str(t.get_gid()).startswith("name-")]
    assert any(name.startswith("×") for name in names) == ("× gives" in told[1])
    if figure != "bubble":
        places = trials["labelled"].sum() if figure != "counts" else len(names) + len(unnamed_in(fig))
        assert (places > len(names)) == ("No room for the names: " in told[1])


def said_of(fig):
    """Return the texts of the key and the caption as one."""
    return f"{texts_of(fig, 'key-text')} {fig.content.caption}"


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("figure", ["funnel", "radial", "qq", "labbe", "bubble"])
def test_marks_are_mentioned_where_they_are_drawn_and_only_there(figure, data):
    found = DATA[data]()
    if figure == "bubble":
        assert_told(ma.bubble(ma.meta_regression("yi ~ year", found)), figure) if len(found.table) > 3 else None
    elif figure != "qq" or len(found.table) > 2:
        assert_told(
            {"funnel": ma.funnel, "radial": ma.radial, "qq": ma.qq_plot, "labbe": ma.labbe}[figure](found), figure
        )


def test_marks_of_other_measures_and_options_are_mentioned_too():
    assert_told(ma.funnel(effects(13), xlim=(-2.5, 1), width_mm=85), "funnel")
    assert_told(ma.qq_plot(pooled(60), label=[NAME.format(i=i) for i in range(0, 60, 5)], width_mm=85), "qq")
    assert_told(ma.labbe(effects(13), width_mm=85), "labbe")
    assert_told(ma.radial(pooled(13), model="common", width_mm=85), "radial")
    proportions = ma.pool([-3.0, -2.0, -1.0], [0.1, 0.2, 0.1], measure="PLO")
    assert_told(ma.funnel(proportions), "funnel")
    assert_told(ma.radial(proportions), "radial")
    assert_told(ma.funnel(pooled(13), contours=()), "funnel")
    assert_told(ma.bubble(ma.meta_regression("yi ~ year", effects(13), tau2_method="CE"), favours=None), "bubble")
    assert_told(ma.bubble(ma.meta_regression("yi ~ therapy_family", effects(13))), "bubble")
    assert_told(ma.labbe(effects(13), worthwhile=None), "labbe")


@pytest.mark.parametrize("k", [1, 2, 13])
@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_marks_of_counts_are_mentioned_where_they_are_drawn_and_only_there(measure, k):
    found, counts = counted(k, measure)
    assert_told(ma.labbe_counts(found, counts=counts), "counts")


def test_places_and_pooled_percentages_are_mentioned_where_they_are_drawn():
    counts = [5, 10, 10, 8], [10, 20, 20, 20], [2, 4, 4, 9], [10, 20, 20, 20]
    found = ma.pool_mantel_haenszel(*counts, labels=list("ABCD"))
    for label in (0, ["B"]):
        assert_told(ma.labbe_counts(found, counts=counts, label=label), "counts")
    assert_told(ma.labbe(ma.pool_responders(published_trials())), "counts")


def test_numbers_and_verbs_agree():
    found = synthetic(5).table.iloc[:4].assign(change_placebo=-1.0, change_treatment=[-2.0, -0.5, -0.4, -0.3])
    assert "1 of 4 lies below the line" in ma.labbe(replace(synthetic(5), table=found)).content.alt_text
    counts = [1, 9, 9], [20, 20, 20], [5, 5, 9], [20, 20, 20]
    said = ma.labbe_counts(ma.pool_mantel_haenszel(*counts), counts=counts).content.alt_text
    assert "1 of 3 lies above the line" in said
    said = ma.funnel(ma.pool([-1.0, 0.0, 0.01, 0.02], [0.04, 0.04, 0.01, 0.01], tau2_method="CE")).content.alt_text
    assert "1 of 4 lies outside" in said and "1 lies left of the pooled effect, of the 2 others 0" in said


def test_risk_differences_are_percentage_points_beside_percentages():
    found, counts = counted(13, "RD")
    fig = ma.labbe_counts(found, counts=counts)
    whole = [f"{fig.content.caption} {fig.content.alt_text} {fig.content.in_words}", said_of(fig)]
    assert all("16 percentage points (95% CI 11 to 21)" in each for each in whole)
    assert not any("0.16" in each for each in whole)
    titles = [t.get_text() for t in fig.findobj(Text) if t.get_gid() in ("title-x", "title-y")]
    assert len(titles) == 2 and all(title.endswith(", %") for title in titles)


def test_every_axis_has_a_unit():
    titles = {
        "funnel": {"Standard error, points", "Mean difference, points on 0–10"},
        "qq": {"Normal quantile, standard deviations", "Standardised residual, standard errors"},
        "radial": {"Precision: 1 / √(SE² + τ²) in points", "Standardised effect: effect / √(SE² + τ²)"},
        "bubble": {"Dose (mg)", "Mean difference, points on 0–10"},
        "labbe": {"Change in the placebo arm, points on 0–10", "Change in the treatment arm, points on 0–10"},
    }
    for figure, wanted in titles.items():
        fig = DRAW[figure](13)
        assert wanted <= {t.get_text() for t in fig.findobj(Text)}, figure
    assert "Precision: 1 / standard error in points" in {
        t.get_text() for t in ma.funnel(pooled(13), yaxis="precision").findobj(Text)
    }


def test_columns_read_as_words():
    fig = ma.bubble(ma.meta_regression("yi ~ Dose_mg + I(Dose_mg**2) + year", effects(13)))
    said = f"{said_of(fig)} {fig.content.alt_text}"
    assert "Dose_mg" not in said and "Dose (mg) squared" in said and "year at its mean 2004;" in said
    assert "Dose (mg)" in fig.content.printed and fig.content.title == "Mean difference by Dose (mg)"
    assert [spelled(each) for each in ("BMI", "therapy_family", "weeks", "mean_age_years")] == [
        "BMI",
        "therapy family",
        "weeks",
        "mean age (years)",
    ]


@pytest.mark.parametrize(
    ("ends", "labels"),
    [
        ((0.007, 0.75), ["0.01", "0.03", "0.1", "0.3", "0.5", "0.7"]),
        ((0.02, 0.98), ["0.03", "0.1", "0.3", "0.5", "0.7", "0.9", "0.97"]),
        ((0.3, 0.7), ["0.3", "0.4", "0.5", "0.6", "0.7"]),
        ((0.0001, 0.9999), ["0.0001", "0.01", "0.5", "0.99", "0.9999"]),
    ],
)
def test_ticks_of_proportions_are_not_sparse(ends, labels):
    measure = Measure("PLO")
    at, found = Scale(tuple(measure.inverse(ends)), measure).ticks()
    assert found == labels
    np.testing.assert_allclose(measure.transform(at), [float(each) for each in found])


def test_trials_beyond_the_limits_asked_for_are_arrowheads_that_are_told():
    effects = synthetic(8)
    moved = ma.leave_one_out(effects).assign(x=np.arange(8.0), y=np.arange(8.0) / 10)
    for fig, gid in (
        (ma.qq_plot(effects, xlim=(-1, 1)), "qq-trials"),
        (ma.baujat_plot(moved, xlim=(0, 4)), "baujat-trials"),
        (ma.funnel(effects, xlim=(-1.5, 0)), "funnel-trials"),
    ):
        beyond = len(fig.findobj(lambda a, gid=gid: a.get_gid() == f"{gid}-beyond")[0].get_paths())
        assert beyond and "arrowhead: trial beyond the panel" in fig.content.caption
    for fig in (ma.qq_plot(effects), ma.baujat_plot(moved), ma.funnel(effects)):
        assert "arrowhead" not in fig.content.caption


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.2, 3)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_swarm_is_lower_than_the_area_of_its_circles_says(circles):
    x, radius = np.array(circles).T
    y = swarm(x, radius)
    assert least_height(x, radius) <= height_of(y, radius) + 1e-9
    apart = np.hypot(x[:, None] - x, y[:, None] - y) - radius[:, None] - radius
    assert (apart[~np.eye(x.size, dtype=bool)] >= -1e-4).all()
