"""Forests of anybody's data: measure, arms, what is good, and study or trial are those of the effects."""

import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from matplotlib.text import Text
from plot_cases import artist, body, misplaced, synthetic

import analysis
from analysis.measures import Measure
from analysis.plots import _words as words
from analysis.plots._forest import worthwhile_zone
from analysis.plots._layout import Panel, panel_limits
from analysis.sentences import Wording

OURS = re.compile(r"treatment|placebo|\bpain\b|\bpoints?\b|\btrials?\b|minus|mean difference|favours", re.IGNORECASE)
COUNTS = pd.DataFrame(
    {
        "study": ["Abel", "Braun", "Cole", "Dietz", "Egger"],
        "year": [2011, 1999, 2005, 2020, 2002],
        "events_t": [14, 9, 22, 17, 12],
        "n_t": [40, 35, 61, 52, 33],
        "events_p": [8, 7, 12, 15, 4],
        "n_p": [41, 36, 58, 50, 34],
        "dose": list("llhhh"),
    }
)
MEANS = COUNTS[["year", "dose", "n_t", "n_p"]].assign(
    Trial=COUNTS["study"], mean_t=[5.0, 4.1, 6.2, 5.5, 5.9], sd_t=2.0, mean_p=[4.0, 4.3, 4.9, 4.4, 4.6], sd_p=2.1
)
NEEDLES = ("acupuncture needles", "sham needles")


def of_counts(**said):
    return analysis.effect_sizes(COUNTS, **{"measure": "RR", "benefit": "higher", "arms": ("laser", "sham")} | said)


def of_means(**said):
    said = {"measure": "SMD", "benefit": "higher", "arms": NEEDLES, "outcome_name": "function"} | said
    return analysis.effect_sizes(MEANS, study="Trial", **said)


def plain(**said):
    return analysis.pool([0.3, 0.5, 0.1], [0.04, 0.05, 0.06], **said)


def shown(fig):
    """Return everything that a reader of the figure sees or hears."""
    content = fig.content
    heads = [head for head, cells in content.printed.items() if cells[0] in content.table]
    texts = [text.get_text() for text in fig.findobj(Text)]
    return "\n".join([*texts, *heads, content.title, content.caption, content.alt_text])


def text(fig, gid):
    return artist(fig, gid).get_text()


def sides(fig):
    """Return what stands at the left and at the right end below the axis, None where nothing does."""
    found = {t.get_gid()[-4:]: t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith("caption-con")}
    return found.get("left"), found.get("ight")


@pytest.mark.parametrize("draw", [analysis.forest, analysis.orchard])
def test_numbers_alone_are_effects_of_studies_and_favour_nobody(draw):
    for result in (plain(), plain(measure="OR")):
        fig = draw(result)
        assert not OURS.findall(shown(fig)) and sides(fig) == (None, None)
    assert fig.content.title == "Odds ratio in 3 studies and the pooled result"
    fig = draw(plain())
    assert fig.content.title == "Effect in 3 studies and the pooled result"
    assert "Effect [95% CI]" in shown(fig) and "Pooled over all studies: effect 0.31 (" in fig.content.caption


@pytest.mark.parametrize("draw", [analysis.forest, analysis.orchard])
@pytest.mark.parametrize("by", [None, "dose"])
def test_ratios_have_the_name_of_their_measure_and_stand_over_one_another(draw, by):
    fig = draw(of_counts(), by=by)
    assert not (set(map(str.lower, OURS.findall(shown(fig)))) - {"favours"})
    assert fig.content.title == "Risk ratio in 5 studies and the pooled result"
    assert "Pooled over all studies: laser over sham " in fig.content.caption
    assert "estimates of laser over sham run from" in fig.content.alt_text
    assert "(log scale), I²" in fig.content.caption and "Risk ratio, log scale" in shown(fig)
    assert sides(fig) == ("← favours sham", "favours laser →")
    assert {"Risk ratio"} <= set(fig.content.printed) and "Difference" not in shown(fig)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"benefit": "lower"}, ("← favours laser", "favours sham →")),
        ({"benefit": None}, (None, None)),
    ],
)
def test_arrows_follow_what_is_good(said, at):
    effects = of_counts(**said)
    assert sides(analysis.forest(effects)) == sides(analysis.forest(analysis.pool(effects))) == at
    assert sides(analysis.forest(effects, favours=None)) == (None, None)
    assert sides(analysis.forest(effects, favours=("better", "worse"))) == ("← better", "worse →")


def test_a_pooled_result_is_drawn_as_its_effects_are(tmp_path):
    """Columns, order, notes, unit and words come from the effects behind a result, where its rows are theirs."""
    for effects in (of_counts(), of_means(), published_effects()):
        ours, pooled = analysis.forest(effects), analysis.forest(analysis.pool(effects))
        assert ours.content.caption == pooled.content.caption
        assert body(ours)["text_name"].tolist() == body(pooled)["text_name"].tolist()
        assert shown(ours) == shown(pooled)
    fewer = dataclasses.replace(analysis.pool(of_counts()), yi=np.zeros(5))  # rows that are not those of the effects
    assert "Patients" not in shown(analysis.forest(fewer)) and "laser over sham" in shown(analysis.forest(fewer))


def test_data_says_what_plain_numbers_are():
    effects = of_means(measure="MD")
    fig = analysis.forest(analysis.pool(effects.yi, effects.vi), data=effects)
    assert "acupuncture needles minus sham needles" in fig.content.caption and "in 5 trials" in fig.content.title
    with pytest.raises(ValueError, match="measure='OR' .odds ratio., but the effects are of measure 'MD'"):
        analysis.forest(analysis.pool(effects), measure="OR")


def test_studies_and_trials_are_called_as_the_table_has_them():
    assert text(analysis.forest(of_means()), "head-text_name") == "Trial"
    fig = analysis.forest(of_means())
    assert "All trials" in shown(fig) and "Prediction interval, new trial" in shown(fig)
    fig = analysis.forest(of_counts(), order="year")
    assert text(fig, "head-text_name") == "Study" and "Studies in order of year" in fig.content.caption


def test_several_effects_of_a_study_are_counted_as_such():
    effects = analysis.effect_sizes(COUNTS.assign(study=list("AABBC")), measure="OR")
    with pytest.warns(match="independent"):
        pooled = analysis.pool(effects.where(study=["A", "B"]))
    fig = analysis.forest(pooled)
    assert fig.content.title == "Odds ratio in 4 effects of 2 studies and the pooled result"
    assert "4 effects of 2 studies, one per row" in fig.content.alt_text and "; 4 effects of 2 studies)" in shown(fig)
    assert Wording().counted(3, 3) == "3 studies" and Wording(noun="trial").counted(1) == "1 trial"


def test_rows_of_one_name_keep_their_own_weights():
    table = COUNTS.assign(study=["A", "B", "C", "D", "E"], label="Team")
    fig = analysis.forest(analysis.pool(analysis.effect_sizes(table, measure="RR", label="label")), order="given")
    rows = body(fig).query("kind == 'trial'")
    np.testing.assert_allclose(rows["weight"], analysis.pool(of_counts()).weights)


def test_names_survive_in_groups_from_label_study_and_index():
    frame = pd.DataFrame({"yi": [0.3, 0.5, 0.1, 0.9], "vi": [0.04, 0.05, 0.06, 0.03], "g": list("aabb")})
    names = ["Ito", "Kim", "Li", "Mo"]
    for table in (frame.assign(label=names), frame.assign(study=names), frame.set_axis(names)):
        for data in (None, table):
            rows = body(analysis.forest(analysis.pool_subgroups(table, "g"), data=data))
            assert rows.query("kind == 'trial'")["text_name"].tolist() == names


# numbers


def test_cells_are_on_the_scale_that_people_read():
    table = pd.DataFrame(
        {"study": list("ABCD"), "events": [3, 5, 10, 2], "n": [30, 40, 50, 60], "r": [0.1, 0.3, 0.5, 0]}
    )
    shares = analysis.effect_sizes(table[["study", "events", "n"]], measure="PLO")
    rows = body(analysis.forest(shares)).query("kind == 'trial'")
    assert rows["text_estimate"].tolist() == ["0.100", "0.125", "0.200", "0.033"]
    assert rows["text_low"].iloc[0].startswith("[0.03")
    correlations = analysis.pool(np.arctanh([0.1, 0.3, 0.5]), [0.01, 0.02, 0.01], measure="ZCOR")
    fig = analysis.forest(correlations)
    assert body(fig)["text_estimate"].tolist()[:3] == ["0.10", "0.30", "0.50"]
    assert "(Fisher's z), I²" in fig.content.caption and "Correlation [95% CI]" in shown(fig)


def test_a_ratio_is_never_zero_in_a_cell():
    rows = body(analysis.forest(analysis.pool([0.3, -0.5, 6.0, -8.0], [0.04, 0.05, 4, 9], measure="OR")))
    printed = rows[["text_estimate", "text_low", "text_high"]].to_numpy().ravel()
    assert "<0.001" in [cell.strip("[]").removesuffix(" to") for cell in printed]
    assert not any(re.fullmatch(r"\[?0\.0+( to|\])?", cell) for cell in printed)


@pytest.mark.parametrize(
    ("code", "null"), [("PLO", None), ("MN", None), ("PR", None), ("OR", 0.0), ("", 0.0), ("COR", 0.0)]
)
def test_a_null_line_stands_where_the_measure_has_a_null(code, null):
    fig = analysis.forest(plain(measure=code))
    lines = fig.findobj(lambda a: a.get_gid() == "contrast-null")
    reference = fig.content.table.query("kind == 'reference'")["contrast_estimate"].tolist()
    assert len(lines) == len(reference) == (null is not None)
    assert reference == [null] * len(reference)
    assert math.isnan(Panel("", (), (), (), (), measure=Measure(code)).null) == (null is None)


def test_without_a_null_the_limits_are_those_of_the_studies():
    ends = [5.0, 6.0], [4.0, 5.0], [6.0, 7.0]
    assert panel_limits(*ends)[0] <= 0 < 3.5 < panel_limits(*ends, null=np.nan)[0] < 4.0
    assert panel_limits([np.nan], [np.nan], [np.nan], null=np.nan) == (-1.0, 1.0)


@pytest.mark.parametrize(("method", "source"), [("CE", "Q"), ("REML", "τ²"), ("DL", "τ²")])
def test_i2_says_what_it_is_made_from(method, source):
    assert f"(from {source})" in analysis.forest(plain(tau2_method=method, ci_method="z")).content.caption


# the band of worthwhile effects


@pytest.mark.parametrize(
    ("wording", "asked", "zone", "said"),
    [
        (Wording("MD", "lower", ("a", "b"), "points"), (1, 2), (-2, -1), "Band: {difference}, 1 to 2 points less"),
        (Wording("MD", "higher", ("a", "b"), "points"), (2, 1), (1, 2), "Band: {difference}, 1 to 2 points more"),
        (Wording("MD", None, ("a", "b"), "points"), (-2, -1), (-2, -1), "Band: {difference}, −2 to −1 points"),
        (Wording("MD", "lower", ("a", "b"), "points"), (1, 1), (-1, -1), "Dashed line: {difference}, 1 point less"),
        (Wording("SMD", "higher", ("a", "b")), 0.25, (0.25, 0.25), "Dashed line: {difference}, 0.25 more"),
        (Wording("RD", "lower", ("a", "b")), 0.005, (-0.005, -0.005), "Dashed line: {difference}, 0.005 less"),
        (Wording("RR", "higher", ("a", "b")), 1.25, (0.2231435, 0.2231435), "Dashed line: {effect}, 1.25"),
        (Wording("OR", "lower", ("a", "b")), (0.9, 0.8), (-0.223144, -0.105361), "Band: {effect}, 0.8 to 0.9"),
        (Wording(""), 0.3, (0.3, 0.3), "Dashed line: smallest worthwhile effect, 0.3"),
        (Wording("ZCOR"), 0.5, (0.549306, 0.549306), "Dashed line: smallest worthwhile effect, 0.5"),
    ],
)
def test_what_is_worthwhile_lies_on_the_side_that_is_good(wording, asked, zone, said):
    found, labels, sentence = worthwhile_zone(asked, wording)
    assert found == pytest.approx(zone, abs=1e-6)
    parts = {what: f"smallest worthwhile {what} between groups" for what in ("difference", "effect")}
    assert words.capital(sentence) == said.format(**parts)
    assert labels[-1].startswith("worthwhile: ") and len(labels) == 3


def test_a_worthwhile_value_must_be_one_of_the_measure():
    assert worthwhile_zone(None, Wording("RR")) == ((), (), "")
    with pytest.raises(ValueError, match="for ratios it must be above 0"):
        worthwhile_zone(-1, Wording("RR"))
    with pytest.raises(ValueError, match="worthwhile is 1.5, which no correlation is"):
        worthwhile_zone(1.5, Wording("ZCOR"))


# arms


def foreign_arms(**said):
    return dataclasses.replace(synthetic(9, groups=2), arms=NEEDLES, benefit="higher", outcome_name="", **said)


@pytest.mark.parametrize(
    ("outcome", "changed", "better"), [("", "Change", "higher scores"), ("sleep", "Change in sleep", "more sleep")]
)
def test_arms_are_called_by_their_names_and_read_by_what_is_good(outcome, changed, better):
    effects = dataclasses.replace(foreign_arms(), outcome_name=outcome)
    pooled = analysis.pool_arms(effects, by="therapy_family")
    assert "worthwhile" not in shown(analysis.arms_forest(pooled))  # nobody said what is worthwhile of this outcome
    fig = analysis.arms_forest(pooled, worthwhile=(1.0, 2.0))
    said = shown(fig)
    assert not re.search(r"treatment|placebo|\bpain\b", said)
    assert (
        fig.content.title == f"{changed} under sham needles and under acupuncture needles, and the randomised contrast"
    )
    assert f"positive: {better} with acupuncture needles" in said and "1 to 2 points more" in said
    assert f"{changed} within each arm, points" in said.replace("\n", " ")
    assert sides(fig) == ("← favours sham needles", "favours acupuncture needles →")
    assert {"Patients, acupuncture needles", "Change, sham needles"} <= set(fig.content.printed)
    assert {text(fig, f"head-text_n_{arm}") for arm in ("treatment", "placebo")} == {"acupuncture", "sham"}
    assert fig.content.table.query("kind == 'zone'")[["contrast_low", "contrast_high"]].to_numpy().tolist() == [[1, 2]]
    assert misplaced(fig) == ([], [])


@pytest.mark.parametrize("benefit", ["lower", None])
def test_the_contrast_of_arms_is_read_by_its_benefit_alone(benefit):
    fig = analysis.arms_forest(
        analysis.pool_arms(dataclasses.replace(foreign_arms(), benefit=benefit)), worthwhile=(1, 1)
    )
    said = fig.content.caption
    assert ("negative: lower scores with acupuncture needles" in said) == (benefit == "lower")
    assert "positive" not in said and "1 to 1" not in said
    assert ("between groups, 1 point less." if benefit else "between groups, 1 point.") in said
    assert sides(fig) == (("← favours acupuncture needles", "favours sham needles →") if benefit else (None, None))


@pytest.mark.parametrize("width", [None, 125, 174])
@pytest.mark.parametrize(
    "names", [NEEDLES, ("electroacupuncture with moxibustion and exercise", "usual care"), ("a", "b")]
)
def test_the_arms_have_their_key_however_long_their_names_are(names, width):
    fig = analysis.arms_forest(analysis.pool_arms(dataclasses.replace(foreign_arms(), arms=names)), width_mm=width)
    keys = [t for t in fig.findobj(Text) if (t.get_gid() or "").startswith("key-text")]
    said = "".join(t.get_text() for t in keys).replace(" ", "")
    assert all(name.replace(" ", "") in said for name in names)
    assert misplaced(fig) == ([], [])
    for arm in ("treatment", "placebo"):
        assert artist(fig, f"key-{arm}")


def test_arms_against_another_comparator_are_drawn():
    effects = dataclasses.replace(foreign_arms(), arms=("laser", "usual care"), options={"comparator": "usual"})
    said = shown(analysis.arms_forest(analysis.pool_arms(effects)))
    assert "under usual care and under laser" in said and "open circles: usual care arms" in said.lower()
    bare = analysis.arms_forest(analysis.pool_arms(foreign_arms(unit="")))
    assert ", \n" not in shown(bare) and ", ;" not in shown(bare) and " points" not in shown(bare)


# steps and outcomes


@pytest.mark.parametrize("out", [False, True])
def test_steps_speak_as_their_effects_do(out):
    effects = of_counts()
    steps = (analysis.leave_one_out if out else analysis.cumulative)(effects)
    steps.attrs["wording"] = dataclasses.asdict(Wording.of(effects))
    fig = analysis.steps_forest(steps)
    assert not (set(map(str.lower, OURS.findall(shown(fig)))) - {"favours"})
    assert text(fig, "head-text_name") == ("Study left out" if out else "Study added")
    assert "Pooled risk ratio, log scale" in shown(fig) and text(fig, "head-text_tau2") == "τ² (log scale)"
    assert sides(fig) == ("← favours sham", "favours laser →")
    by_result = analysis.steps_forest(steps, overall=analysis.pool(effects))
    assert "Pooled risk ratio" in by_result.content.title and sides(by_result) == sides(fig)
    steps.attrs.pop("wording")
    fig = analysis.steps_forest(steps, measure="")
    assert "Pooled effect" in fig.content.title and sides(fig) == (None, None)
    assert "Mean difference, mm" in shown(analysis.steps_forest(steps, measure="MD", unit="mm")).replace(
        "Pooled m", "M"
    )


def test_outcomes_say_what_holds_for_all_of_them():
    good, bad = of_counts(), of_counts(benefit="lower")
    other = dataclasses.replace(good, arms=("lamp", "sham"), noun="trial")
    assert sides(analysis.outcomes_forest({"a": good, "b": good})) == ("← favours sham", "favours laser →")
    for unlike in (bad, other, plain(measure="RR")):
        fig = analysis.outcomes_forest({"weeks": good, "Months": unlike})
        assert sides(fig) == (None, None)
        assert ("laser" in shown(fig)) == (unlike is bad) and not re.search("lamp|treatment|placebo", shown(fig))
        assert "weeks: τ 0" in fig.content.caption and "Risk ratio by outcome in " in fig.content.title
    assert text(fig, "head-text_name") == "Study" and {"Outcome", "Risk ratio"} <= set(fig.content.printed)
    mixed = analysis.outcomes_forest({"a": plain(), "b": plain(measure="OR")})
    assert "Odds ratio by outcome in 3 studies" == mixed.content.title


# files


def test_the_table_for_readers_has_the_words_and_the_notes_of_the_figure(tmp_path):
    effects = of_counts()
    flags = [("doubtful",), (), ("SD imputed",), (), ()]
    effects = dataclasses.replace(effects, table=effects.table.assign(flags=flags))
    analysis.save_figure(analysis.forest(effects), tmp_path / "f", formats=[])
    lines = (tmp_path / "f.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "| Study | Patients, laser | Patients, sham | Risk ratio | Weight |"
    assert any(line.startswith("| Abel <sup>a</sup> |") for line in table) and any(
        line.startswith("| Cole <sup>†</sup> |") for line in table
    )
    assert any("(a) a value, the allocation or the scale is in doubt" in line for line in lines)


def test_names_of_columns_keep_their_capitals():
    effects = of_counts()
    effects = dataclasses.replace(effects, table=effects.table.assign(PEDro=[5, 6, 7, 8, 9], pain_score="x"))
    fig = analysis.forest(effects, columns=("PEDro", "pain_score"))
    assert {text(fig, f"head-text_{name}") for name in ("PEDro", "pain_score")} == {"PEDro", "Pain score"}


def test_labels_may_name_whole_texts_with_study_or_trial_in_them():
    labels = {"Prediction interval, new study": "Neue Studie: Prognose", "Risk ratio": "Relatives Risiko"}
    with analysis.theme(labels=labels):
        fig = analysis.forest(of_counts())
    assert {"Neue Studie: Prognose", "Relatives Risiko"} <= {t.get_text() for t in fig.findobj(Text)}
    with pytest.raises(ValueError, match="translates what no figure says: 'Predicted by a study'"):
        analysis.theme(labels={"Predicted by a study": "?"})


@pytest.mark.parametrize(("method", "said"), [("HKSJ-wide", "which is shown"), ("HKSJ", "to be read with care")])
def test_the_interval_that_is_shown_is_the_one_that_is_named(method, said):
    """With HKSJ-wide the narrower interval is not the one that is drawn."""
    pooled = analysis.pool([-1.0, -1.1, -1.05, -1.0], [0.2, 0.3, 0.25, 0.2], ci_method=method)
    data = pd.DataFrame({"yi": pooled.yi, "vi": pooled.vi, "x": [1.0, 2, 3, 5]})
    fit = analysis.meta_regression("yi ~ x", data, ci_method=method)
    for fig in (analysis.drapery(pooled), analysis.bubble(fit)):
        assert f"narrower than the Wald interval, {said}" in fig.content.caption
    several = said.replace("which is", "which are")
    assert f"narrower than the Wald intervals, {several}: All studies" in analysis.forest(pooled).content.caption
    agreeing = dataclasses.replace(synthetic(9), table=synthetic(9).table.assign(yi=-1.0))
    found = analysis.pool_arms(agreeing, ci_method=method).findings()
    assert ("is that of Wald" in found, "may promise too much" in found) == (method == "HKSJ-wide", method == "HKSJ")
