"""The figures of claims beside evidence, read back from the artists that were drawn."""

import re

import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, table_of_twins

import analysis
from analysis import claims_plot
from analysis.data.trials import read_claims, read_contrasts
from analysis.evidence.claim_rules import VERDICTS
from analysis.evidence.claims import check_claims
from analysis.plots import _claims

FAMILIES = ["Magnetic field", "Electrical", "Mechanical", "Light"]
ROLES = ("placebo", "treatment", "contrast")
NUMBERS = [f"{role}{end}" for role in ROLES for end in ("", "_low", "_high")]


@pytest.fixture(scope="module")
def trials():
    return published_trials()


@pytest.fixture(scope="module")
def checked(trials):
    return check_claims(read_claims("data/claims.csv"), trials, contrasts=read_contrasts("data/contrasts.csv"))


@pytest.fixture(scope="module")
def arms(trials):
    return analysis.pool_arms(trials, by="therapy_family")


@pytest.fixture(scope="module")
def fig(checked, arms):
    return claims_plot(checked, therapy_family="Light", evidence=arms)


def rows(fig, kind=None):
    table = fig.content.table
    return table[table["y_mm"].notna() if kind is None else table["kind"] == kind].reset_index(drop=True)


def made_up(checked, **changes):
    """Return one claim about light with other content."""
    row = checked[checked["claim_id"] == "nir01"].iloc[[0]].reset_index(drop=True)
    return row.assign(**{name: [value] for name, value in changes.items()})


def texts(fig, prefix):
    return [t.get_text() for t in fig.findobj(Text) if (t.get_gid() or "").startswith(prefix)]


def cells(fig, cell):
    """Return the texts of a cell of every row, line by line."""
    written = [t for t in fig.findobj(Text) if re.fullmatch(rf"cell-\d+-text_{cell}(-\d+)?", t.get_gid() or "")]
    return [t.get_text() for t in written if t.get_text()]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_claim_of_the_family_stands_once_with_its_verdict(checked, family):
    own = checked[checked["therapy_family"] == family]
    drawn = claims_plot(checked, therapy_family=family)
    claims = rows(drawn, "claim")
    assert sorted(claims["claim_id"]) == sorted(own["claim_id"])
    said = claims.set_index("claim_id")["text_verdict"]
    pd.testing.assert_series_equal(said, own.set_index("claim_id")["verdict"][said.index], check_names=False)
    assert cells(drawn, "verdict") == claims["text_verdict"].tolist()
    assert misplaced(drawn) == ([], [])


def test_every_claim_and_its_verdict_is_in_the_alternative_text(checked):
    said = claims_plot(checked).content.alt_text
    for claim in checked.to_dict("records"):
        assert re.search(rf"Claim {claim['claim_id']}: [^:]+?, {claim['verdict']}\.", said), claim["claim_id"]


def test_an_indirect_difference_judges_no_claim(checked):
    fig = claims_plot(checked, therapy_family="Light")
    drawn = rows(fig, "trial").query("role == 'indirect'").set_index("name")
    own = checked.set_index("claim_id").loc["nir06", ["indirect", "indirect_low", "indirect_high"]]
    shown = drawn.loc["Near-infrared light − Low-level laser", ["aside_estimate", "aside_low", "aside_high"]]
    assert len(drawn) == 2 and shown.tolist() == own.tolist()
    assert "of one is like that of the other" in fig.content.caption
    none = claims_plot(checked[checked["claim_id"] != "nir06"], therapy_family="Magnetic field")
    assert "Therapies against one another" not in none.content.alt_text and "indirect" not in none.content.caption


@pytest.mark.parametrize("page", ["axes", "subfigure"])
def test_results_and_claimed_numbers_are_drawn_into_a_figure_of_somebody_else(checked, page):
    other = Figure(figsize=(6, 4))
    into = other.subplots() if page == "axes" else other.subfigures()
    assert claims_plot(checked, therapy_family="Light", ax=into) is other
    names = [label.get_text() for label in other.axes[0].get_yticklabels()]
    assert names[1:4] == ["Change in pain with placebo", "nir02", "Change in pain with treatment"]
    assert len(artist(other, "claims-marks").get_offsets()) == 3 * 2
    nothing = dict.fromkeys([*NUMBERS, "indirect"], np.nan)
    without = checked[checked["unit"].ne("points")].assign(k=0, k_arms=0, **nothing)
    with pytest.raises(ValueError, match="ax has room for results and claimed numbers alone, and there are none"):
        claims_plot(without, ax=other.add_subplot())


def test_all_claims_are_in_some_figure(checked):
    counts = [len(rows(claims_plot(checked, therapy_family=family), "claim")) for family in FAMILIES]
    assert sum(counts) == len(checked) == 36


def test_one_figure_holds_the_claims_about_all_families_or_some(checked, arms):
    whole = claims_plot(checked, evidence=arms)
    assert sorted(rows(whole, "claim")["claim_id"]) == sorted(checked["claim_id"])
    headings = rows(whole, "heading")["text_name"].tolist()
    assert [f"{family}: all trials, whatever the condition" in headings for family in FAMILIES] == [True] * 4
    assert misplaced(whole) == ([], [])
    two = claims_plot(checked, therapy_family=["Light", "Mechanical"], evidence=arms.groups["Light"])
    assert len(rows(two, "claim")) == checked["therapy_family"].isin(["Light", "Mechanical"]).sum()
    assert two.content.title == "Light, Mechanical: what is claimed, and what the trials show"
    assert "Light, Mechanical: all trials, whatever the condition" in rows(two, "heading")["text_name"].tolist()


def test_claims_with_points_stand_below_what_they_speak_of(fig):
    table = rows(fig)
    lines = [(row["claim_id"] if row["kind"] == "claim" else row["role"]) for row in table.to_dict("records")]
    assert lines[1:6] == ["placebo", "nir02", "treatment", "nir01", "contrast"]
    assert (np.diff(table["y_mm"]) > 3).all()


def test_claimed_numbers_are_marked_at_their_value(fig):
    marks = artist(fig, "claims-marks").get_offsets()[1::3]
    claims = rows(fig, "claim").dropna(subset=["claim_low"])
    np.testing.assert_array_equal(marks[:, 0], [-1.4, -3.9])
    np.testing.assert_array_equal(marks, claims[["claim_low", "y_mm"]])
    assert texts(fig, "mark-text-") == ["−1.4 claimed", "−3.9 claimed"]
    stems = [(s[0, 0], s[1, 1] - s[0, 1] > 0) for s in artist(fig, "claims-stems").get_segments()]
    assert stems == [(-1.4, True), (-3.9, True)]


def test_a_number_is_marked_as_claimed_only_if_the_article_prints_it(fig, checked):
    """The difference of nir03 was computed from four numbers of the article: it stands among those without one."""
    assert "nir03" in rows(fig, "claim")["claim_id"][rows(fig, "claim")["claim_low"].isna()].tolist()
    printed = claims_plot(checked.assign(number_from="article"), therapy_family="Light")
    assert texts(printed, "mark-text-") == ["−1.4 claimed", "−3.9 claimed", "−2.5 claimed"]
    lines = [row["claim_id"] if row["kind"] == "claim" else row["role"] for row in rows(printed).to_dict("records")]
    assert lines[5:7] == ["contrast", "nir03"]


def test_evidence_of_one_trial_is_drawn_as_a_trial(fig, checked):
    own = checked[checked["claim_id"] == "nir01"].iloc[0]
    for role in ("placebo", "treatment", "contrast"):
        at = artist(fig, f"{role}-markers").get_offsets()
        assert at[0, 0] == own[role]
        ends = artist(fig, f"{role}-intervals").get_segments()[0][:, 0]
        np.testing.assert_allclose(ends, [own[f"{role}_low"], own[f"{role}_high"]])


def test_pooled_evidence_is_drawn_as_diamonds(checked):
    drawn = claims_plot(made_up(checked, k=3, k_arms=3))
    own = rows(drawn, "subtotal").set_index("role")
    for role in ("placebo", "treatment", "contrast"):
        x = artist(drawn, f"{role}-subtotals").get_paths()[0].vertices[:, 0]
        low, high = own.loc[role, [f"{role}_low", f"{role}_high"]]
        assert (x.min(), x.max()) == pytest.approx((low, high))


def test_pooled_evidence_is_shown_whole(checked):
    fig = claims_plot(checked, therapy_family="Magnetic field")
    low, high = next(ax for ax in fig.axes if ax.get_label() == "claims").get_xlim()
    ends = (
        rows(fig, "subtotal")
        .filter(regex="_(low|high)$")
        .filter(regex="^(placebo|treatment|contrast)")
        .stack()
        .dropna()
    )
    assert len(ends) >= 6 and ends.between(low, high).all() and "arrowhead" not in fig.content.caption


def test_all_trials_of_the_family_judge_no_claim(fig, arms):
    marks = artist(fig, "aside-markers").get_offsets()[:, 0]
    for i, role in enumerate(("placebo", "treatment", "contrast")):
        pooled = getattr(arms.groups["Light"], role)
        ends = artist(fig, "aside-intervals").get_segments()[i][:, 0]
        assert marks[i] == pooled.estimate and tuple(ends) == pytest.approx(tuple(pooled.ci))
        line = rows(fig).query("kind == 'trial' and aside_estimate.notna()").set_index("role").loc[role]
        assert line["aside_estimate"] == pooled.estimate and line["text_tail"] == f"{pooled.k} trials"
        assert line["text_estimate"] == analysis.text.number(pooled.estimate)
        assert f"{line['text_low']} {line['text_high']}" == f"[{analysis.text.interval(*pooled.ci)}]"


def test_numbers_end_at_one_place_and_are_those_of_the_table(fig):
    lines = rows(fig)
    for part in ("estimate", "low", "high"):
        drawn = [t for t in fig.findobj(Text) if (t.get_gid() or "").endswith(f"-text_{part}") and t.get_text()]
        assert len({t.get_position()[0] for t in drawn if t.get_ha() == "right"}) == 1
        assert cells(fig, part) == [text for text in lines[f"text_{part}"] if text]


def test_verdicts_have_a_shape_each():
    assert set(_claims.LOOKS) | {
        "single untraced report",
        "no trial with these numbers",
        "not testable here",
    } == set(VERDICTS)
    shapes = [(name, hollow) for name, _, hollow in _claims.VERDICT_LOOKS.values()]
    assert len(set(shapes)) == 3


def test_the_band_lies_behind_the_differences_only(fig):
    bands = artist(fig, "claims-zone").get_paths()
    differences = rows(fig).query("role == 'contrast' and kind != 'claim'")["y_mm"]
    assert (len(bands), len(differences)) == (1, 2)  # none behind all trials of the family
    for band, y in zip(bands, differences.iloc[:1], strict=True):
        x, at = band.vertices.T
        assert (x.min(), x.max()) == (-2.0, -1.0) and (at.min() + at.max()) / 2 == pytest.approx(y)
    assert rows(fig, "zone")[["contrast_low", "contrast_high"]].iloc[0].tolist() == [-2.0, -1.0]


def test_without_numbers_the_results_with_most_trials_are_shown(checked):
    drawn = claims_plot(checked, therapy_family="Magnetic field")
    own = checked[checked["therapy_family"] == "Magnetic field"]
    most = own[own["match"] == "direct"]["k"].max()
    lead = own[(own["match"] == "direct") & (own["k"] == most)].iloc[0]
    assert rows(drawn, "heading")["text_name"].item() == lead["scope"]
    assert rows(drawn, "subtotal")["contrast_estimate"].dropna().item() == lead["contrast"]
    assert not drawn.findobj(lambda a: a.get_gid() == "claims-marks")


def test_wide_intervals_end_in_arrowheads_and_do_not_set_the_axis(checked):
    wide = made_up(checked, treatment_low=-25.0, treatment_high=19.0, k=2)
    drawn = claims_plot(wide)
    low, high = next(ax for ax in drawn.axes if ax.get_label() == "claims").get_xlim()
    assert -9 < low and high < 5
    assert artist(drawn, "treatment-arrows-left").get_offsets()[0, 0] == low
    assert artist(drawn, "treatment-arrows-right").get_offsets()[0, 0] == high


def test_a_claimed_number_beyond_the_axis_asked_for_is_not_drawn(checked):
    drawn = claims_plot(checked, therapy_family="Light", xlim=(-3, 1))
    assert artist(drawn, "claims-marks").get_offsets()[::3, 0].tolist() == [-1.4]
    assert texts(drawn, "mark-text-") == ["−1.4 claimed"] and "arrowhead" in drawn.content.caption
    assert misplaced(drawn) == ([], [])


def test_ranges_and_missing_baselines(checked):
    drawn = claims_plot(made_up(checked, value="-3--2", placebo=np.nan, placebo_low=np.nan, placebo_high=np.nan))
    assert texts(drawn, "mark-text-") == ["−3 to −2"]  # no room for more between the panel's edge and the null line
    assert artist(drawn, "claims-ranges").get_segments()[0][:, 0].tolist() == [-3.0, -2.0]
    assert texts(drawn, "missing-") == ["no baseline reported"]
    assert misplaced(drawn) == ([], [])


@pytest.mark.parametrize("value", ["-9.5", "0", "4"])
def test_the_number_of_a_claim_stays_inside_the_panel(checked, value):
    drawn = claims_plot(made_up(checked, value=value))
    drawn.canvas.draw()
    ax = next(ax for ax in drawn.axes if ax.get_label() == "claims")
    box, panel = (
        next(t for t in drawn.findobj(Text) if (t.get_gid() or "") == "mark-text-3").get_window_extent(),
        ax.bbox,
    )
    assert box.x0 >= panel.x0 - 1 and box.x1 <= panel.x1 + 1
    assert misplaced(drawn) == ([], [])


@pytest.mark.parametrize("width", [110, 160, 210])
def test_long_claims_wrap(checked, arms, width):
    own = checked[checked["therapy_family"] == "Light"]
    longer = own.assign(claim=own["claim"] + " " + "And so it is said again, in very many more words than before." * 2)
    drawn = claims_plot(longer, evidence=arms, width_mm=width)
    assert misplaced(drawn) == ([], [])
    assert drawn.get_size_inches()[0] * 25.4 == pytest.approx(width)
    said = " ".join(cells(drawn, "name")).replace(" ", "")
    assert all(claim.replace(" ", "") in said for claim in longer["claim"])
    sizes = {t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()}
    assert min(sizes) >= 6 and max(sizes) <= 8.5


def test_words_say_what_was_drawn(fig, checked, arms):
    content = fig.content
    light = checked[checked["therapy_family"] == "Light"]
    assert content.in_words.splitlines() == [
        f"{c}: {p}" for c, p in zip(light["claim_id"], light["plain"], strict=True)
    ]
    assert "13 claims: not testable here 7" in content.caption
    assert "at most the difference can be the treatment's doing" in content.caption
    assert (
        "all trials (random-effects model, τ² by REML; 95% intervals by HKSJ on t(k−1) or Wald, whichever is wider)"
        in content.caption
    )
    beside = "trials that bear on them (random-effects model, τ² by REML; 95% intervals by HKSJ with the factor floored"
    assert beside in content.caption
    assert artist(fig, "head-text_estimate").get_text() == "Points [95% CI]"
    assert "Claim nir01: −3.9 claimed, arm change quoted as effect" in content.alt_text
    assert texts(fig, "footer-") and " ".join(texts(fig, "footer-")) == " ".join(rows(fig, "footer")["name"])
    noted = claims_plot(checked, therapy_family="Light", note="one sample")
    assert noted.content.caption.endswith("One sample.") and "all trials (" not in noted.content.caption


def test_same_bytes_and_a_table_in_markdown(checked, tmp_path):
    lines = table_of_twins(
        claims_plot(checked, therapy_family="Light"), claims_plot(checked, therapy_family="Light"), tmp_path
    )
    assert lines[0] == "| Result or claim | Id | Number | Verdict |"
    assert (
        "| Pain fell from 6.9 to 3 on a 0-10 rating. | nir01 | pain falls by 3.9 points | arm change quoted as effect |"
        in lines
    )
    assert len([line for line in lines if "| nir" in line]) == 13


def test_bad_arguments_are_named(checked):
    with pytest.raises(ValueError, match="therapy_family names no therapy family; choose from 'Magnetic field'"):
        claims_plot(checked, therapy_family=[])
    with pytest.raises(ValueError, match="checked has no claim; give the rows that are to be drawn"):
        claims_plot(checked[:0])
    with pytest.raises(ValueError, match="therapy_family is 'Needle', about which nothing is claimed"):
        claims_plot(checked, therapy_family=["Light", "Needle"])
    with pytest.raises(ValueError, match="therapy_family is 'Needle', about which nothing is claimed"):
        claims_plot(checked, therapy_family="Needle")
    with pytest.raises(ValueError, match="checked has no column verdict"):
        claims_plot(checked.drop(columns="verdict"), therapy_family="Light")
    with pytest.raises(ValueError, match=r"width_mm is 70, but this figure needs at least \d+ mm"):
        claims_plot(checked, therapy_family="Light", width_mm=70)


@pytest.fixture(scope="module")
def checked_by_needles(trials):
    return check_claims(read_claims("data/claims.csv"), trials[trials["therapy_family"] == "Needle"])


@pytest.mark.parametrize(("family", "numbers"), [("Light", 2), ("Mechanical", 0)])
def test_claims_without_any_trial_are_drawn_without_results(checked_by_needles, family, numbers):
    """Where no claim has a number either, there is no panel."""
    drawn = claims_plot(checked_by_needles, therapy_family=family)
    assert rows(drawn, "heading")["text_name"].tolist() == ["No trial"]
    assert [ax.get_label() for ax in drawn.axes].count("claims") == bool(numbers)
    assert texts(drawn, "missing-") == ["not reported"] * 3 * bool(numbers)
    assert len(texts(drawn, "mark-text-")) == numbers
    assert misplaced(drawn) == ([], [])
    assert not found(drawn, "claims-zone") and "band" not in drawn.content.caption
    # A claimed number that points to a result which is not there points to nothing.
    assert all(len(stems.get_segments()) == 0 for stems in found(drawn, "claims-stems"))


def test_arms_of_one_trial_are_no_diamonds_where_more_trials_have_a_difference(checked):
    drawn = claims_plot(checked.assign(match="direct"), therapy_family="Electrical")
    found = rows(drawn)
    found = found[found["role"].isin(["placebo", "treatment", "contrast"]) & found["kind"].isin(["trial", "subtotal"])]
    row = checked[checked["therapy_family"] == "Electrical"].iloc[0]
    assert (row["k_arms"], row["k"]) == (1, 14)
    assert found.set_index("role")["kind"].to_dict() == {
        "placebo": "trial",
        "treatment": "trial",
        "contrast": "subtotal",
    }
    assert cells(drawn, "tail").count("1 trial") == 2
    assert misplaced(drawn) == ([], [])


def test_the_evidence_is_named_as_the_trials_name_it(trials, tmp_path):
    table = trials.copy()
    table["arm_label"] = (
        table["arm"].map({"treatment": "low-level laser therapy", "placebo": "switched off"}).fillna("x")
    )
    table.attrs = {"outcome_name": "stiffness"}
    checked = check_claims(read_claims("data/claims.csv"), table)
    drawn = claims_plot(checked, therapy_family="Light", evidence=analysis.pool_arms(table, by="therapy_family"))
    said = " ".join(row for row in rows(drawn)["text_name"] if row not in set(checked["claim"]))
    assert "Change in stiffness with switched off" in said
    assert "Difference, low-level laser therapy minus switched off" in said
    words = said + drawn.content.caption + " ".join(texts(drawn, "claims-"))
    assert not re.search(r"placebo|treatment|pain\b", words)
    assert misplaced(drawn) == ([], [])
    plain = claims_plot(checked.assign(k=checked["k"]).pipe(without_attrs), therapy_family="Light")
    assert {"Change with placebo", "Difference, treatment minus placebo"} <= set(rows(plain)["text_name"])


def without_attrs(table):
    table.attrs = {}
    return table


def found(fig, ending):
    """Return what is drawn in the panel under a name with this ending."""
    return fig.findobj(lambda a: isinstance(a, (Collection, Text)) and (a.get_gid() or "").endswith(ending))


# One claim about light, with what changes in it, and all that the key then has to say of marks.
SINGLE = ["circles with lines", "squares with lines"]
MARKS = [
    ({"k": 1, "k_arms": 1}, [*SINGLE, "triangles: claimed", "band"]),
    ({"k": 3, "k_arms": 3}, ["diamonds: pooled", "open diamonds", "triangles: claimed", "band"]),
    ({"k": 3, "k_arms": 1}, ["diamonds: pooled", "circles with lines", "triangles: claimed", "band"]),
    ({"k": 3, "k_arms": 3, "match": "same family"}, ["dashed lines", "triangles: claimed"]),
    ({"k": 1, "k_arms": 1, "number_from": "computed"}, [*SINGLE, "band"]),
    ({"k": 1, "k_arms": 1, "number_from": None}, [*SINGLE, "band"]),
    ({"k": 1, "k_arms": 1, "value": "-3--2"}, [*SINGLE, "triangles: claimed", "triangles with lines", "band"]),
    ({"k": 1, "k_arms": 1, "contrast_high": 30.0}, [*SINGLE, "arrowhead", "triangles: claimed", "band"]),
    (
        {"k": 2, "k_arms": 1, "contrast_low": np.nan, "contrast_high": np.nan},
        ["circles with lines", "without lines", "triangles: claimed", "band"],
    ),
    ({"k": 0, "k_arms": 0, **dict.fromkeys(NUMBERS, np.nan)}, ["triangles: claimed"]),
]


def drawn_marks(fig):
    """Return the marks that are in the panel, as the key calls them."""

    def longest(ending):
        segments = [s for lines in found(fig, ending) for s in lines.get_segments()]
        return max((np.ptp(s[:, 0]) for s in segments), default=None)

    arms = [longest(f"{role}-intervals") for role in ("placebo", "treatment")]
    there = {
        "diamonds: pooled": found(fig, "-subtotals"),
        "open diamonds": found(fig, "placebo-subtotals"),
        "circles with lines": any(arms),
        "squares with lines": longest("contrast-intervals"),
        "without lines": any(len(found(fig, f"{r}-markers")) > len(found(fig, f"{r}-intervals")) for r in ROLES),
        "dashed lines": longest("aside-intervals"),
        "arrowhead": found(fig, "-arrows-left") + found(fig, "-arrows-right"),
        "triangles: claimed": found(fig, "claims-marks"),
        "triangles with lines": longest("claims-ranges"),
        "band": found(fig, "claims-zone"),
    }
    return [name for name, any_of_it in there.items() if any_of_it]


@pytest.mark.parametrize(("changes", "marks"), MARKS)
def test_the_key_names_the_marks_that_are_drawn_and_no_others(checked, changes, marks):
    drawn = claims_plot(made_up(checked, **changes))
    assert drawn_marks(drawn) == marks
    key = " ".join(rows_of_footer(drawn)).lower()
    known = {name for _, names in MARKS for name in names}
    assert {name for name in known if name in key} == set(marks)
    claimed = "triangles: claimed" in marks
    assert ("Claim nir01: Pain fell" in drawn.content.alt_text) != claimed
    assert misplaced(drawn) == ([], [])


def rows_of_footer(fig):
    table = fig.content.table
    return table.loc[table["kind"] == "footer", "name"].tolist()


def test_a_band_beside_the_panel_is_not_told_of(checked):
    near = dict.fromkeys(NUMBERS, -0.1) | {"value": "-0.2", "k": 3, "k_arms": 3}
    assert "band" not in claims_plot(made_up(checked, **near)).content.caption
    line, band = (claims_plot(made_up(checked), worthwhile=ends) for ends in ((2.0, 2.0), (1.0, 2.0)))
    assert "dashed line: smallest worthwhile" in line.content.caption
    assert found(line, "claims-zone-line") and not found(band, "claims-zone-line")
    assert texts(band, "zone-label") == ["smallest worthwhile difference: 1 to 2 points"]


@pytest.mark.parametrize("verdict", ["supported", "overstated", "not testable here"])
def test_only_verdicts_that_are_there_are_explained(checked, verdict):
    words = {
        "supported": "filled circle",
        "overstated": "triangle on its tip",
        "not testable here": "open circle: cannot",
    }
    caption = claims_plot(made_up(checked, verdict=verdict)).content.caption
    assert [name for name, said in words.items() if said in caption] == [verdict]


@pytest.mark.parametrize("match", ["direct", "same therapy, other conditions"])
def test_what_judges_no_claim_is_open_dashed_and_said_to_be_so(checked, match):
    """Fourteen trials of another condition are no larger a mark than one trial of the claim's own."""
    about = {"verdict": "not testable here", "unit": None, "k": 14, "k_arms": 14, "doubted": 14}
    drawn, aside = claims_plot(made_up(checked, match=match, **about)), match != "direct"
    assert bool(found(drawn, "-subtotals")) != aside
    assert ("judges no claim" in cells(drawn, "tail")[0]) == aside
    assert ("judges no claim" in drawn.content.alt_text) == aside
    if aside:
        marks, (_, dashes) = artist(drawn, "aside-markers"), artist(drawn, "aside-intervals").get_linestyle()[0]
        assert dashes and np.allclose(marks.get_facecolor()[:, :3], 1.0)
        single = artist(claims_plot(made_up(checked)), "treatment-markers")
        assert marks.get_sizes() <= single.get_sizes()


@pytest.mark.parametrize(
    ("k", "doubted", "tail"),
    [
        (14, 14, "difference from 14 trials, 39 people, 14 of 14 in doubt"),
        (14, 1, "difference from 14 trials, 39 people, 1 of 14 in doubt"),
        (14, 0, "difference from 14 trials, 39 people"),
        (1, 1, "1 trial, 39 people, in doubt"),
        (1, 0, "1 trial, 39 people"),
    ],
)
def test_trials_in_doubt_are_told_in_the_picture(checked, k, doubted, tail):
    drawn = claims_plot(made_up(checked, k=k, doubted=doubted))
    assert cells(drawn, "tail")[0] == tail and f"({tail})" in drawn.content.alt_text


def test_long_headings_wrap_and_cross_no_line(checked, arms):
    """They end before the line at zero, which runs through them."""
    both = pd.concat([made_up(checked, placebo_high=9.0)] * 2, ignore_index=True)
    long = "other therapies of the family light: low back, other, neuropathic, menstrual, knee osteoarthritis, neck"
    drawn = claims_plot(both.assign(scope=[f"{long} and so on", long], k=23, doubted=23), evidence=arms)
    drawn.canvas.draw()
    assert misplaced(drawn) == ([], [])
    first = [t for t in drawn.findobj(Text) if re.match("cell-0-text_name", t.get_gid() or "")]
    assert " ".join(t.get_text() for t in first) == f"O{long[1:]} and so on"
    null = artist(drawn, "claims-null").axes.transData.transform((0.0, 0.0))[0]
    headings = "|".join(str(i) for i in rows(drawn).query("kind == 'heading'").index)
    above = [t for t in drawn.findobj(Text) if re.match(rf"cell-({headings})-", t.get_gid() or "") and t.get_text()]
    assert len(above) > 3 and all(t.get_window_extent().x1 < null for t in above)


@pytest.mark.parametrize(
    ("value", "said"), [("-3", "−3 claimed"), ("-3.0", "−3.0 claimed"), ("-3.25", "−3.25 claimed")]
)
def test_a_claimed_number_has_the_decimals_that_the_article_prints(checked, value, said):
    assert texts(claims_plot(made_up(checked, value=value)), "mark-text-") == [said]
