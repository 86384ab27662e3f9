"""The L'Abbé plot of counts, read back from the artists that were drawn."""

import numpy as np
import pytest
from data_cases import published_trials
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, overlapping, table_of_twins

import analysis
from analysis import labbe
from analysis.effects import log_odds_ratio
from analysis.evidence.responders import count_shares, implied_share, response_curve
from analysis.evidence.worthwhile import threshold
from analysis.models.counts import pool_mantel_haenszel, pool_peto
from analysis.plots import _theme as style
from analysis.plots._labbe_counts import inside_square, labbe_counts

ARMS = ["placebo_estimate", "treatment_estimate"]


@pytest.fixture(scope="module")
def trials():
    return published_trials()


@pytest.fixture(scope="module")
def found(trials):
    return analysis.pool_responders(trials, definition="all")


@pytest.fixture(scope="module")
def fig(found):
    return labbe(found)


def simulated(k, *, base=0.3, n=60, seed=1):
    """Counts of k trials: responders and people under treatment, then under placebo."""
    rng = np.random.default_rng(seed)
    people = rng.integers(8, n, (2, k))
    share = np.clip(base * rng.uniform(0.5, 1.5, k), 0, 1)
    return rng.binomial(people[0], np.clip(1.8 * share, 0, 1)), people[0], rng.binomial(people[1], share), people[1]


def drawn(k, *, measure="OR", labels=None, **options):
    case = {name: options.pop(name) for name in ("base", "n", "seed") if name in options}
    counts = simulated(k, **case)
    pooled = pool_mantel_haenszel(*counts, measure=measure, labels=labels)
    return labbe_counts(pooled, counts=counts, **options)


def rows(fig, kind="trial"):
    table = fig.content.table
    return table[table["kind"] == kind].reset_index(drop=True)


def painted(fig):
    """Return the trials in the order in which they are painted, the heaviest first."""
    trials = rows(fig)
    return trials.iloc[np.argsort(-trials["weight"], kind="stable")]


def panel(fig):
    return next(ax for ax in fig.axes if ax.get_label() == "labbe")


def names(fig):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("name-")]


# the marks


def test_every_trial_stands_at_its_two_percentages(fig, found):
    assert sorted(rows(fig)["study"]) == sorted(found.table["study"])
    marks = artist(fig, "labbe-trials")
    assert isinstance(marks, PathCollection)
    source = found.table.set_index("study").loc[painted(fig)["study"]]
    wanted = 100 * np.column_stack([source[f"events_{arm}"] / source[f"n_{arm}"] for arm in ("placebo", "treatment")])
    np.testing.assert_allclose(marks.get_offsets()[1::3], wanted, rtol=1e-12)
    soriano = rows(fig).set_index("study").loc["soriano1998"]
    assert (soriano["text_placebo"], soriano["text_treatment"]) == ("12/33 (36%)", "27/38 (71%)")


@pytest.mark.parametrize("method", ["random effects", "MH"])
def test_areas_are_proportional_to_the_weights_of_the_pooled_effect(trials, method):
    found = analysis.pool_responders(trials, definition="all", method=method)
    fig = labbe(found)
    weights = dict(zip(found.table["study"], found.ratio.weights, strict=True))
    wanted = np.array([weights[study] for study in painted(fig)["study"]])
    area = artist(fig, "labbe-trials").get_sizes()[1::3]
    large = area > style.SQUARE_MIN_PT**2 + 1e-9
    assert large.sum() >= 8 and area.min() >= style.SQUARE_MIN_PT**2
    np.testing.assert_allclose((area / area[0])[large], (wanted / wanted[0])[large], rtol=1e-12)
    assert wanted[~large].max(initial=0) <= wanted[large].min()


def test_the_diamond_is_at_the_pooled_percentages(fig, found):
    at = artist(fig, "labbe-pooled").get_offsets()[1]
    np.testing.assert_allclose(at, [100 * found.placebo.estimate, 100 * found.treatment.estimate])
    across, up = artist(fig, "labbe-cross").get_segments()
    np.testing.assert_allclose(across[:, 0], 100 * np.array(found.placebo.ci))
    np.testing.assert_allclose(up[:, 1], 100 * np.array(found.treatment.ci))


def test_borrowed_spreads_are_hollow(trials):
    points = threshold(analysis.read_thresholds("data/mcid.csv"), kind="within-patient", source="Farrar", unit="points")
    fig = labbe(analysis.translate_responders(trials, points, imputed=True), by="therapy_family")
    inside = artist(fig, "labbe-trials").get_sizes()[2::3]
    np.testing.assert_array_equal(inside > 0, painted(fig)["imputed"])
    assert 0 < rows(fig)["imputed"].sum() < len(rows(fig))
    assert (
        "at least 2 points less pain" in fig.content.title and "hollow where an SD was imputed" in fig.content.caption
    )
    assert not rows(fig)["text_placebo"].str.contains("/").any() and overlapping(fig) == []


# the pooled effect


def test_shares_implied_by_hand():
    np.testing.assert_allclose(implied_share([0.0, 0.2, 0.6], np.log(2), "RR"), [0.0, 0.4, 1.0])
    np.testing.assert_allclose(implied_share([0.0, 0.2, 1.0], np.log(6), "OR"), [0.0, 0.6, 1.0])
    np.testing.assert_allclose(implied_share([0.0, 0.2, 0.9], 0.25, "RD"), [0.25, 0.45, 1.0])
    np.testing.assert_allclose(implied_share([0.0, 0.2, 0.9], -0.25, "RD"), [0.0, 0.0, 0.65])
    np.testing.assert_allclose(implied_share([0.0, 0.5, 1.0], 900.0, "OR"), [0.0, 1.0, 1.0])
    np.testing.assert_allclose(implied_share([0.0, 0.5, 1.0], -900.0, "RR"), [0.0, 0.0, 0.0], atol=1e-300)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_curve_has_the_pooled_effect_everywhere(trials, measure):
    pooled = analysis.pool_responders(trials, definition="all", measure=measure)
    effect = pooled.ratio or pooled.difference
    curve = response_curve(effect)
    inner = curve[curve["possible"] & curve["placebo"].between(0.001, 0.999) & (curve["treatment"] < 1 - 1e-9)]
    x, y = inner["placebo"], inner["treatment"]
    own = {"RR": np.log(y / x), "OR": np.log(y / (1 - y) / (x / (1 - x))), "RD": y - x}[measure]
    np.testing.assert_allclose(own, effect.estimate, rtol=1e-9)
    assert len(inner) > (50 if measure == "OR" else 0)
    assert (curve["low"] <= curve["treatment"]).all() and (curve["treatment"] <= curve["high"]).all()
    assert curve["treatment"].between(0, 1).all() and curve["treatment"].max() == pytest.approx(1)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_line_and_band_are_those_of_the_table(trials, measure):
    fig = labbe(analysis.pool_responders(trials, definition="all", measure=measure))
    curve = rows(fig, "curve")
    (line,) = artist(fig, "labbe-curve").get_segments()
    np.testing.assert_allclose(line, curve.loc[curve["possible"].astype(bool), ARMS].to_numpy(float))
    band = artist(fig, "labbe-band").get_paths()[0].vertices
    for end in ("low", "high"):
        side = curve[["placebo_estimate", f"treatment_{end}"]].to_numpy(float)
        assert {tuple(point) for point in side.round(6)} <= {tuple(point) for point in band.round(6)}
    assert (curve["treatment_low"] <= curve["treatment_high"]).all()
    found = analysis.pool_responders(trials, definition="all", measure=measure)
    start, end = (0, 0), (100, 100)
    if measure == "RR":
        end = 100 / np.exp(found.ratio.estimate), 100
    elif measure == "RD":
        start, end = (0, 100 * found.difference.estimate), (100 - 100 * found.difference.estimate, 100)
    np.testing.assert_allclose(line[[0, -1]], [start, end], atol=1e-9)
    np.testing.assert_array_equal(artist(fig, "labbe-identity").get_segments()[0], [[0, 0], [100, 100]])


def test_no_curve_leaves_the_possible_percentages():
    for measure in ("RR", "OR", "RD"):
        for base in (0.5, 0.02):
            fig = drawn(12, measure=measure, base=base, n=200)
            end = rows(fig, "reference")["placebo_estimate"].max()
            line, band = artist(fig, "labbe-curve").get_segments()[0], artist(fig, "labbe-band").get_paths()[0].vertices
            for part in (line, band):
                assert part.min() >= -1e-9 and part.max() == pytest.approx(end)


def test_paths_are_cut_where_they_leave_the_square():
    triangle = np.array([(0.0, 0.0), (4.0, 8.0), (4.0, 0.0)])
    corners = {tuple(point) for point in inside_square(triangle, 4.0)}
    assert corners == {(0.0, 0.0), (2.0, 4.0), (4.0, 4.0), (4.0, 0.0)}
    np.testing.assert_allclose(inside_square(np.array([(0.0, 0.0), (1.0, 8.0)]), 4.0, closed=False), [(0, 0), (0.5, 4)])


def test_a_band_may_reach_beyond_the_axes_from_end_to_end():
    counts = [3], [20], [1], [20]
    drawn = labbe_counts(pool_mantel_haenszel(*counts, measure="RD"), counts=counts)
    assert len(artist(drawn, "labbe-band-edges").get_segments()[1]) < 2


def test_the_effect_drawn_can_be_chosen(found):
    fig = labbe_counts(found, measure="RD")
    assert (rows(fig, "curve")["name"] == "risk difference").all()
    np.testing.assert_array_equal(rows(fig)["weight"], found.difference.weights)
    assert (
        "Pooled risk difference, treatment minus placebo: 45 percentage points (95% CI 34 to 56); 10 trials"
        in fig.content.caption
    )
    with pytest.raises(ValueError, match="measure is 'OR', but these results hold RR and RD"):
        labbe_counts(found, measure="OR")


def test_a_pooled_effect_needs_the_counts_behind_it():
    counts = [27, 36, 23], [38, 47, 36], [12, 13, 10], [33, 48, 36]
    fig = labbe_counts(pool_peto(*counts, labels=["A", "B", "C"]), counts=counts)
    np.testing.assert_allclose(rows(fig)[ARMS], 100 * count_shares(*counts)[["placebo", "treatment"]])
    assert rows(fig, "total").empty and "Peto odds ratio, a common-effect method" in fig.content.caption
    pooled = analysis.pool(*log_odds_ratio(*counts), measure="OR", labels=["A", "B", "C"])
    np.testing.assert_array_equal(rows(labbe_counts(pooled, counts=counts))["weight"], pooled.weights)
    with pytest.raises(ValueError, match=r"does not hold the counts of each arm: pass labbe_counts\(results, counts="):
        labbe(pool_peto(*counts))
    with pytest.raises(ValueError, match="of the same trials"):
        labbe_counts(pooled, counts=[each[:2] for each in counts])
    with pytest.raises(ValueError, match="four numbers a trial"):
        labbe_counts(pooled, counts=([27, np.nan, 23], *counts[1:]))


# ties, zero cells, rare responses


def test_trials_at_one_place_are_counted_beside_it():
    counts = [5, 10, 10, 8], [10, 20, 20, 20], [2, 4, 4, 9], [10, 20, 20, 20]
    pooled = pool_mantel_haenszel(*counts, labels=["A", "B", "C", "D"])
    fig = labbe_counts(pooled, counts=counts, label=0)
    assert names(fig) == ["×3"] and rows(fig)["at_this_place"].tolist() == [3, 3, 3, 1]
    assert (
        "One place holds more than one study, 3 at 20% in the second arm and 50% in the first arm"
        in fig.content.caption
    )
    assert "B and 2 more" in names(labbe_counts(pooled, counts=counts, label=["B"]))


def test_zero_cells_are_drawn_as_counted_on_the_edge():
    counts = [0, 20, 12, 9], [20, 20, 20, 20], [0, 6, 5, 0], [20, 20, 20, 20]
    pooled = analysis.pool(*log_odds_ratio(*counts), measure="OR", labels=list("ABCD"))
    fig = labbe_counts(pooled, counts=counts)
    assert rows(fig)[ARMS].to_numpy().tolist() == [[0, 0], [30, 100], [25, 60], [0, 45]]
    assert "A cell is zero in 3 studies: drawn as counted, but 0.5 was added" in fig.content.caption
    low, high = panel(fig).get_xlim()
    reach = 0.5 * np.sqrt(artist(fig, "labbe-trials").get_sizes().max()) / style.PT_PER_MM
    side = panel(fig).get_position().width * fig.get_size_inches()[0] * 25.4
    assert -low / (high - low) * side > reach and (high - 100) / (high - low) * side > reach
    common = pool_mantel_haenszel(*counts, measure="OR", labels=list("ABCD"))
    assert "Weight 0 in " in labbe_counts(common, counts=counts).content.caption


@pytest.mark.parametrize(("most", "end"), [(0.04, 5), (0.09, 10), (0.28, 30), (0.29, 50), (0.6, 100), (1.0, 100)])
def test_axes_end_where_all_marks_fit(most, end):
    counts = [round(200 * most), 2], [200, 200], [3, 1], [200, 200]
    fig = labbe_counts(pool_mantel_haenszel(*counts), counts=counts)
    assert rows(fig, "reference")["treatment_estimate"].max() == end
    assert panel(fig).get_xlim() == panel(fig).get_ylim() and panel(fig).get_xlim()[1] == pytest.approx(1.06 * end)
    assert (f"Both axes end at {end}%" in fig.content.caption) == (end < 100)


def test_only_zero_reads_as_zero_per_cent():
    counts = [62, 0], [13598, 100], [248, 3], [12867, 100]
    cells = rows(labbe_counts(pool_mantel_haenszel(*counts), counts=counts))
    assert cells["text_treatment"].tolist() == ["62/13\N{NARROW NO-BREAK SPACE}598 (0.5%)", "0/100 (0.0%)"]


# words


def test_caption_says_what_was_computed_and_what_a_responder_is(fig, found):
    caption = fig.content.caption
    ci = analysis.text.interval(*np.exp(found.ratio.ci))
    pooled = f"Pooled risk ratio, treatment over placebo: {analysis.text.number(np.exp(found.ratio.estimate))}"
    assert f"{pooled} (95% CI {ci}); 10 trials" in caption
    assert found.caveat in caption and "L'Abbé 1987" in caption and "Sharp 1996" in caption
    assert "τ² by REML, interval by HKSJ" in caption
    assert "10 of 10 lie above the line of no difference" in fig.content.alt_text
    assert "NNTB 2.2" in fig.content.in_words
    footer = " ".join(t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("footer-"))
    assert footer == " ".join(rows(fig, "footer")["name"])


def test_few_trials_are_warned_about(trials):
    two = labbe(analysis.pool_responders(trials, studies=["soriano1998", "misra2013"]))
    assert "Fewer than three trials" in two.content.caption
    one = labbe(analysis.pool_responders(trials, studies=["soriano1998"]))
    assert "One trial: nothing is pooled" in one.content.caption and rows(one, "total").empty
    assert "Left out, 9 trials: not among the studies asked for (9)" in one.content.caption


def test_the_farthest_trials_are_named(fig, found):
    trials = rows(fig)
    labelled = set(trials.loc[trials["labelled"], "name"])
    assert labelled == set(trials.loc[trials["distance"].abs().nlargest(6).index, "name"])
    assert set(names(fig)) <= labelled and len(names(fig)) >= 5
    ratio, (x, y) = np.exp(found.ratio.estimate), trials[ARMS].to_numpy(float).T
    beside = y + x / ratio < 100  # trials whose nearest point on the line through the origin is on it
    away = (y - ratio * x) / np.hypot(1, ratio)
    assert beside.sum() >= 8
    np.testing.assert_allclose(trials["distance"][beside], away[beside], atol=0.3)
    assert fig.content.table.loc[0, "event_definition"] == "at least 30% less pain"


# the page


@pytest.mark.parametrize(("k", "width"), [(1, 85), (2, None), (13, 85), (60, 174), (200, None)])
@pytest.mark.parametrize("measure", ["RR", "OR"])
def test_no_text_overlaps_or_leaves_the_page(k, width, measure):
    fig = drawn(k, measure=measure, seed=5, width_mm=width, note="one sample")
    assert misplaced(fig) == ([], [])
    assert fig.get_size_inches()[0] * 25.4 == pytest.approx(width or 150)
    assert fig.content.caption.endswith("One sample.")
    assert min(t.get_fontsize() for t in fig.findobj(Text) if t.get_text()) >= 6


@pytest.mark.parametrize(
    "name", ["A very long trial name, with the names of several authors {i}", "Παπαδόπουλος κ.ά. {i}", "Иванов {i}"]
)
def test_odd_names_fit(name):
    for width in (85, None):
        fig = drawn(9, labels=[name.format(i=i) for i in range(9)], width_mm=width)
        assert misplaced(fig) == ([], [])


def test_rare_responses_fit():
    fig = drawn(60, measure="RR", base=0.02, n=40)
    assert misplaced(fig) == ([], [])
    assert any(name.startswith("×") for name in names(fig))


def test_real_trials_fit_in_groups(found):
    for width in (85, 174):
        fig = labbe(found, by="therapy_family", label=10, width_mm=width)
        assert misplaced(fig) == ([], [])
    assert len({tuple(colour) for colour in artist(fig, "labbe-trials").get_facecolors()[1::3]}) == 4


def test_names_keep_clear_of_marks(fig):
    fig.canvas.draw()
    centres = panel(fig).transData.transform(artist(fig, "labbe-trials").get_offsets()[1::3])
    reach = np.sqrt(artist(fig, "labbe-trials").get_sizes()[1::3] / np.pi) * fig.dpi / 72
    for text in fig.findobj(Text):
        if (text.get_gid() or "").startswith(("name-", "side-")):
            box = text.get_window_extent()
            near = np.clip(centres, [box.x0, box.y0], [box.x1, box.y1])
            assert (np.hypot(*(near - centres).T) >= reach).all(), text.get_text()


def test_it_draws_into_other_axes(found, fig):
    other = Figure(figsize=(7, 3.5))
    first, second = other.subplots(1, 2)
    assert labbe(found, ax=first) is other and not second.collections
    np.testing.assert_array_equal(
        artist(other, "labbe-trials").get_offsets(), artist(fig, "labbe-trials").get_offsets()
    )
    assert first.get_xlabel() == "Responders under placebo, %" and first.get_xlim() == first.get_ylim()


def test_same_bytes_and_a_table_in_markdown(found, tmp_path):
    lines = table_of_twins(labbe(found), labbe(found), tmp_path)
    assert lines[0] == "| Trial | Placebo | Treatment | Risk ratio | Weight | Responder |"
    assert any(line.startswith("| Soriano 1998 | 12/33 (36%) | 27/38 (71%) | 1.95 |") for line in lines)
    assert len(lines) == 2 + 10 + 1 and lines[-1].startswith("| **Pooled** | **29%** | **70%** | **2.36** |")


def test_bad_arguments_are_named(found):
    with pytest.raises(ValueError, match="by is 'colour', which is not a column"):
        labbe(found, by="colour")
    with pytest.raises(ValueError, match="label names 'nobody1999', which this figure does not have"):
        labbe(found, label=["nobody1999"])
    with pytest.raises(ValueError, match="width_mm is 60; a L'Abbé plot needs at least 80 mm"):
        labbe(found, width_mm=60)
    with pytest.raises(TypeError, match="labbe_counts.. cannot use a .*give Responders"):
        labbe_counts(analysis.pool([1.0, 2.0], [0.1, 0.2]))
    many = pool_peto([[1, 2], [3, 4]], [[9, 9], [9, 9]], [[1, 1], [2, 2]], [[9, 9], [9, 9]])
    with pytest.raises(ValueError, match="of one meta-analysis"):
        labbe_counts(many, counts=([1, 2], [9, 9], [1, 1], [9, 9]))
    with pytest.raises(ValueError, match="result of many meta-analyses"):
        response_curve(many)
    with pytest.raises(ValueError, match="measure='SMD' is not known"):
        implied_share(0.2, 0.1, "SMD")
