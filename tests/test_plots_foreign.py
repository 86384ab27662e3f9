"""The figures of points, curves and densities speak of anybody's data: words, directions and numbers."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import analysis
from analysis import bubble, drapery, funnel, labbe, labbe_counts, posterior_plot, qq_plot, radial
from tests.plot_cases import LEFT_OUT, misplaced, synthetic

POOLED = {"funnel": funnel, "radial": radial, "qq": qq_plot, "drapery": drapery}
DIRECTED = ("funnel", "drapery", "posterior", "bubble")
# words of our own trials, which nobody else's figure may have
OURS = re.compile(r"\b(trials?|treatments?|placebo|pain|points|responders?)\b", re.IGNORECASE)
ABROAD = {"arms": ("laser", "sham"), "noun": "study", "outcome_name": "function", "unit": "", "left_out": LEFT_OUT[:0]}


@pytest.fixture(scope="module")
def effects():
    return synthetic(12)


def draw(kind, effects, **options):
    """Draw a figure of one kind, by the model that it draws."""
    if kind in POOLED:
        return POOLED[kind](effects, **options)
    if kind == "posterior":
        return posterior_plot(analysis.pool_bayes(effects), **options)
    return bubble(analysis.meta_regression("yi ~ dose", effects), **options)


def abroad(measure, benefit="higher", k=12, **options):
    """Return synthetic studies that are nobody's of ours."""
    effects = synthetic(k, name="Ann {i}", measure=measure, benefit=benefit, **(ABROAD | options))
    effects.table["dose"] = np.arange(k) * 40.0
    return effects


def written(fig):
    """Return all that a reader sees: what stands in the figure, beside it, and at the head of its table."""
    content = fig.content
    drawn = " ".join(text.get_text() for text in fig.findobj(Text))
    return " | ".join([drawn, content.title, content.caption, content.alt_text, content.in_words, *content.printed])


def texts_of(fig, gid):
    """Return the texts whose gid begins with ``gid``."""
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(gid) and t.get_text()]


@pytest.mark.parametrize("measure", ["RR", "SMD", ""])
@pytest.mark.parametrize("kind", [*POOLED, "posterior", "bubble"])
def test_words_and_directions_are_those_of_the_effects(kind, measure):
    fig = draw(kind, abroad(measure))
    said = written(fig)
    assert not OURS.search(said), OURS.findall(said)
    assert "12 studies" in said and "Study" in fig.content.printed
    if kind == "bubble":
        said = fig.content.caption
        assert ("Risk ratio times" in said) == (measure == "RR")
        assert ("Change per unit of dose: " in said) == (measure != "RR")
    elif measure:
        assert f"laser {'over' if measure == 'RR' else 'minus'} sham" in fig.content.caption
    assert ("log scale" in said) == (measure == "RR") or kind == "qq"
    sides = texts_of(fig, "caption-") + texts_of(fig, "directions")
    if kind in DIRECTED:
        told = any("favours sham" in side for side in sides[-2:])
        assert told == bool(measure), sides
    assert misplaced(fig) == ([], [])


@pytest.mark.filterwarnings("ignore:.*several rows:analysis.models.studies.RepeatedStudyWarning")
@pytest.mark.parametrize("kind", POOLED)
def test_effects_of_one_study_are_told_apart_from_studies(kind):
    effects = abroad("SMD")
    effects.table["study"] = [f"s{i // 3}" for i in range(12)]
    fig = draw(kind, effects)
    assert "12 effects of 4 studies)" in fig.content.caption


@pytest.mark.parametrize("kind", DIRECTED)
def test_directions_follow_the_benefit_or_are_not_there(kind):
    def sides(effects, **options):
        fig = draw(kind, effects, **options)
        return [side for side in texts_of(fig, "caption-") + texts_of(fig, "directions") if set(side) & set("←→↑↓")]

    lower, higher = ("↓ favours {}   ↑ favours {}",) if kind == "bubble" else ("← favours {}", "favours {} →"), None
    higher = [side.format("sham", "laser") for side in lower[:1]] + [side.format("laser") for side in lower[1:]]
    lower = [side.format("laser", "sham") for side in lower[:1]] + [side.format("sham") for side in lower[1:]]
    assert sides(abroad("SMD", "lower")) == lower
    assert sides(abroad("SMD", "higher")) == higher
    assert sides(abroad("SMD", None)) == sides(abroad("SMD"), favours=None) == []
    assert any("worse" in side for side in sides(abroad("SMD", None), favours=("worse", "better")))


@pytest.mark.parametrize("kind", [*POOLED, "posterior", "bubble"])
def test_plain_numbers_are_effects_of_studies_without_arms(kind):
    yi, vi = np.array([-1.0, -0.4, -0.7, 0.2]), np.array([0.04, 0.09, 0.05, 0.1])
    data = pd.DataFrame({"yi": yi, "vi": vi, "dose": [1.0, 2.0, 4.0, 7.0]})
    fig = draw(kind, data if kind == "bubble" else analysis.pool(yi, vi))
    said = written(fig)
    assert not OURS.search(said) and not re.search(r"favours|minus (?!the|that)|[Mm]ean difference", said)
    assert "Effect" in said and "4 studies" in said


@pytest.mark.parametrize("kind", [*POOLED, "posterior", "bubble"])
@pytest.mark.parametrize("measure", ["PLO", "MN"])
def test_without_a_place_of_no_effect_nothing_is_told_of_it(kind, measure):
    fig = draw(kind, abroad(measure, None))
    said = written(fig)
    assert not re.search(r"no effect|no difference|p ≤|probability that|favours", said)
    lines = [artist.get_segments() for artist in fig.findobj(lambda a: "null" in (a.get_gid() or ""))]
    assert not any(map(len, lines))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("kind", [*POOLED, "posterior", "bubble"])
def test_tiny_and_huge_numbers_have_digits_that_suit_them(kind, scale):
    effects = abroad("MD", scale=scale)
    prior = {"tau_prior": analysis.HalfNormal(scale=scale)}
    fig = posterior_plot(analysis.pool_bayes(effects, **prior)) if kind == "posterior" else draw(kind, effects)
    table = fig.content.table
    shown = table.loc[table["kind"] == "trial", "text_estimate"].str.lstrip("−")
    assert shown.nunique() > 9 and shown.str.count("[0-9]").le(9).all()
    assert misplaced(fig) == ([], [])


def test_a_slope_has_digits_of_its_own():
    fit = analysis.meta_regression("yi ~ dose", abroad("SMD"))
    low, high = fit.summary_frame().loc["dose", ["ci_low", "ci_high"]]
    row = bubble(fit).content.table.query("kind == 'slope'").iloc[0]
    ends = [float(end.replace("−", "-")) for end in row["text_ci"].split(" to ")]
    np.testing.assert_allclose(ends, [low, high], rtol=0.2, atol=6e-5)
    assert ends[0] != ends[1] and float(row["text_estimate"].replace("−", "-")) != 0


def test_long_directions_of_a_narrow_bubble_have_lines_of_their_own():
    arms = ("transcutaneous electrical nerve stimulation", "sham stimulation without current")
    fig = draw("bubble", abroad("SMD1", arms=arms, unit=analysis.measures.Measure("SMD1").unit), width_mm=80)
    said = " ".join(texts_of(fig, "directions"))
    assert said == f"↓ favours {arms[1]} ↑ favours {arms[0]}"
    assert " ".join(texts_of(fig, "title-y")).startswith("Standardised mean difference, standard deviations of")
    assert misplaced(fig) == ([], [])


@pytest.mark.parametrize("kind", DIRECTED)
def test_directions_stand_in_other_axes_too(kind):
    for width, sides in ((8, ["← favours sham   favours laser →"]), (2, ["← sham   laser →"])):
        ax = Figure(figsize=(width, width)).subplots()
        draw(kind, abroad("SMD"), ax=ax)
        labels = ax.get_ylabel() if kind == "bubble" else ax.get_xlabel()
        assert labels.splitlines()[1:] == sides
    assert "favours" not in draw(kind, abroad("SMD"), ax=ax, favours=None).axes[0].get_xlabel()
    draw(kind, abroad("SMD", arms=("laser", "a sham that nobody can tell from the laser")), ax=ax)
    assert "→" in ax.get_xlabel() + ax.get_ylabel()


# both L'Abbé plots


@pytest.mark.parametrize(("benefit", "above"), [("lower", "sham"), ("higher", "laser")])
def test_corners_and_band_of_changes_lie_on_the_side_that_is_good(benefit, above):
    fig = labbe(abroad("MD", benefit, unit="metres"), worthwhile=(0.5, 1.0))
    better, other = "more" if benefit == "higher" else "less", {"sham": "laser", "laser": "sham"}[above]
    corners = {t.get_gid(): t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("corner-")}
    assert {f"{better} function under {above}"} >= set(corners.values()) - {f"{better} function under {other}"}
    assert all(text.endswith(above) == gid.endswith("left") for gid, text in corners.items())
    zone = fig.content.table.query("kind == 'zone'")[["contrast_low", "contrast_high"]].to_numpy().tolist()
    assert zone == ([[-1.0, -0.5]] if benefit == "lower" else [[0.5, 1.0]])
    said = written(fig)
    assert "Change in the sham arm, metres" in said and f"metres {better} function than under sham" in said
    assert "Change in function under sham against change under laser" in said and "Change, laser" in fig.content.printed
    assert not OURS.search(said.replace(fig.content.in_words, ""))


def test_changes_without_a_benefit_have_no_band_and_tell_only_which_is_higher():
    fig = labbe(abroad("MD", None, outcome_name=""))
    assert not (fig.content.table["kind"] == "zone").any()
    assert "smallest worthwhile" not in written(fig) and "less" not in " ".join(texts_of(fig, "corner-"))


def test_changes_against_another_arm_than_placebo_bear_its_name(effects):
    effects = dataclasses.replace(effects, arms=("treatment", "usual care"), options={"comparator": "usual care"})
    fig = labbe(analysis.pool_arms(effects))
    assert texts_of(fig, "title-x") == ["Change in the usual care arm, points on 0–10"]
    assert "less pain under treatment" in fig.content.alt_text and "placebo" not in fig.content.caption


def counted(measure="RR", **options):
    """Return effects of a table of events, one row a study."""
    events = {
        "events_t": [4, 6, 12, 3],
        "n_t": [120, 130, 90, 80],
        "events_p": [11, 29, 33, 8],
        "n_p": [130, 130, 95, 78],
    }
    table = pd.DataFrame({"Study": list("ABCD"), **events})
    return analysis.effect_sizes(table, study="Study", measure=measure, arms=("BCG", "no vaccine"), **options)


@pytest.mark.parametrize("draw_counts", [labbe, labbe_counts])
@pytest.mark.parametrize("outcome_name", ["", "tuberculosis"])
def test_counts_of_effects_are_drawn_by_their_names(draw_counts, outcome_name):
    effects = counted(outcome_name=outcome_name)
    what = outcome_name or "events"
    for results in (effects, analysis.pool(effects), analysis.pool_mantel_haenszel(effects)):
        fig = draw_counts(results)
        said = written(fig)
        assert texts_of(fig, "title-x") == [f"{what.capitalize()} under no vaccine, %"]
        assert not OURS.search(said) and "risk ratio, BCG over no vaccine" in said
        assert fig.content.table["text_placebo"].iloc[0] == "11/130 (8%)"


def test_counts_of_plain_numbers_are_those_of_two_arms_without_names():
    counts = [4, 6, 12], [120, 130, 90], [11, 29, 33], [130, 130, 95]
    pooled = analysis.pool_mantel_haenszel(*counts)
    fig = labbe_counts(pooled, counts=counts)
    assert texts_of(fig, "title-y") + texts_of(fig, "title-x") == [
        f"Events in the {arm} arm, %" for arm in ("first", "second")
    ]
    assert not OURS.search(written(fig))
    with pytest.raises(ValueError, match="does not hold the counts of each arm: pass labbe_counts"):
        labbe_counts(pooled)


def test_what_is_neither_changes_nor_counts_is_told_where_to_go():
    with pytest.raises(TypeError, match="counts of both arms go to labbe_counts"):
        labbe(analysis.pool([1.0, 2.0], [0.1, 0.1]))
    with pytest.raises(TypeError, match="labbe_counts.. cannot use an EffectSizes.*RR, OR or RD of counts"):
        labbe_counts(abroad("SMD"))
