"""Traffic light, bars and circles beside forests, read back from the artists that were drawn."""

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects
from layouts import bias
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from plot_cases import artist, body, misplaced, synthetic
from test_risk_of_bias import JUDGED, PEDRO, ROB2

import analysis as ma
from analysis.plots import _look, _risk_of_bias

EFFECTS = synthetic(7)


def letters(fig, column):
    """Return the letters of a column of circles from top to bottom, and the colours of the circles."""
    circles = artist(fig, f"symbols-risk_of_bias_{column}")
    texts = [artist(fig, f"symbols-risk_of_bias_{column}-{i}").get_text() for i in range(len(circles.get_offsets()))]
    return texts, [to_hex(face) for face in circles.get_facecolor()]


def widths(fig, word):
    """Return from where to where the parts of the bars for a judgement reach."""
    return [(*path.vertices[:2, 0],) for path in artist(fig, f"risk_of_bias-{word}").get_paths()]


def test_a_letter_and_its_tone_tell_each_judgement():
    fig = ma.traffic_light(bias())
    good, some, bad = (_look.SYMBOLS[tone][0] for tone in ("good", "some", "bad"))
    assert letters(fig, "D1") == (["+", "−", "!", "+", "+"], [good, bad, some, good, good])
    assert letters(fig, "D3")[0] == ["−", "+", "+", "+"]  # of one trial the domain was not judged
    assert body(fig)["text_name"].tolist() == ["s0", "s1", "s2", "s3", "s5"]
    assert body(fig)["risk_of_bias_Overall"].fillna("").tolist() == ["low", "high", "high", "high", ""]
    caption, alt = fig.content.caption, fig.content.alt_text
    assert "Risk of bias (RoB 2): (+) low, (!) some concerns, (−) high. Judged by two reviewers; D1: random" in caption
    assert "Overall, 4 studies: low (1), high (3)." in caption and "unclear" not in caption
    assert "Study s2: low (D2, D3), some concerns (D1), high (Overall)" in alt


def test_letters_differ_within_every_tool():
    for words in ma.data.dictionary.JUDGEMENTS.values():
        assert len({_risk_of_bias.LETTERS[word][0] for word in words}) == len(words)


def test_every_domain_has_a_name_of_its_own():
    names = ["Allocation", "D1 randomisation process", "DS period and carryover", "Other", "D3", "overall"]
    assert _risk_of_bias._short(names) == dict(zip(names, ["D2", "D1", "DS", "D4", "D3", "Overall"], strict=True))


def test_trials_have_their_names_and_those_not_judged_are_counted():
    fig = ma.traffic_light(ROB2, published_effects())
    assert "Wang 2009" in body(fig)["text_name"].tolist() and len(body(fig)) == 6
    assert (
        "38 of the 44 trials were judged by nobody with RoB 2, which says nothing of their risk" in fig.content.caption
    )
    pooled = ma.pool([-1.0, -0.5], [0.1, 0.2], labels=["wang2009", "x"])
    assert "1 of the 2 studies was judged by nobody" in ma.traffic_light(ROB2, pooled).content.caption
    assert len(ma.traffic_light(ROB2, ma.pool(published_effects())).content.table.query("kind == 'trial'")) == 6


def test_totals_are_numbers():
    fig = ma.traffic_light(PEDRO)
    assert letters(fig, "D1")[0] == ["+"] * 9
    assert "Total, 9 studies: 5 to 10." in fig.content.caption
    assert body(fig)["text_symbol_risk_of_bias_Total"].str.fullmatch(r"\d+").all()
    score = JUDGED[JUDGED["tool"].str.startswith("method quality")]
    assert "Total, 17 studies: 1 to 5." in ma.traffic_light(score).content.caption


@pytest.mark.parametrize(("k", "width"), [(1, 85), (13, 174), (13, 85), (60, None)])
def test_everything_has_its_place(k, width):
    words = ["Low", "Moderate", "Serious", "Critical", "No information"]
    wide = {f"D{i}": np.resize(np.roll(words, i), k) for i in range(1, 8)}
    table = pd.DataFrame(
        {"Study": [f"Author {i} 2001" for i in range(k)]} | wide | {"Overall": np.resize(words[3:], k)}
    )
    judged = ma.read_risk_of_bias(table, tool="ROBINS-I")
    assert misplaced(ma.traffic_light(judged, width_mm=width)) == ([], [])
    if k < 60:
        assert misplaced(ma.risk_of_bias_summary(judged, width_mm=width)) == ([], [])


def test_bars_are_shares_of_trials():
    fig = ma.risk_of_bias_summary(bias())
    low = widths(fig, "low")
    assert low == [(0, pytest.approx(60)), (0, pytest.approx(100)), (0, pytest.approx(60)), (0, pytest.approx(20))]
    assert widths(fig, "high") == [pytest.approx((80, 100)), pytest.approx((60, 80)), pytest.approx((20, 80))]
    assert widths(fig, "not-judged") == [pytest.approx((80, 100)), pytest.approx((80, 100))]
    assert artist(fig, "risk_of_bias-low-0").get_text() == "+ 3"
    rows = body(fig).set_index("name")
    assert rows.loc["overall", ["low", "high", "not judged", "share high"]].tolist() == [1, 3, 1, pytest.approx(60)]
    assert "Bars: (+) low, (!) some concerns, (−) high; numbers: studies" in fig.content.caption
    assert fig.content.caption.startswith(
        "Risk of bias in 5 studies by RoB 2. Overall: low (1), high (3), not judged (1)."
    )


def test_bars_may_be_of_all_trials_and_of_their_weights():
    fig = ma.risk_of_bias_summary(bias(), EFFECTS)
    assert widths(fig, "not-judged")[0] == pytest.approx((500 / 7, 100))
    assert "2 of the 7 trials were judged by nobody with RoB 2" in fig.content.caption
    assert [t.get_text() for t in fig.findobj(lambda a: a.get_gid() == "caption-shares-0-center")] == [
        "Share of the trials, %"
    ]
    own = ma.risk_of_bias_summary(bias(), weighted=True)
    assert widths(own, "low")[0] == (0, pytest.approx((1 + 4 + 5) / 15 * 100))
    pooled = ma.pool(EFFECTS)
    by_model = ma.risk_of_bias_summary(bias(), pooled, weighted=True)
    assert "Bars: shares of the weight that stands beside the judgements" in own.content.caption
    assert "Bars: shares of the weight in the pooled result" in by_model.content.caption
    weight = pooled.weights / pooled.weights.sum() * 100
    assert widths(by_model, "low")[0] == (0, pytest.approx(weight[[0, 3, 5]].sum()))


def test_a_tool_without_judgements_of_whole_trials_counts_its_domains():
    fig = ma.risk_of_bias_summary(PEDRO)
    assert "Judgements in 10 domains: yes (69), no (21)." in fig.content.caption
    assert "Total" not in body(fig)["text_name"].tolist()


def test_bars_fit_into_axes_of_another_figure():
    other = Figure(figsize=(6, 3))
    ax = other.subplots()
    assert ma.risk_of_bias_summary(bias(), ax=ax) is other
    assert [t.get_text() for t in ax.get_yticklabels()][-1] == "Overall"


def test_circles_stand_beside_the_rows_of_a_forest():
    fig = ma.forest(EFFECTS, risk_of_bias=bias(), columns=())
    rows = body(fig).query("kind == 'trial'")
    judged = rows.dropna(subset="risk_of_bias_D1")
    y = artist(fig, "symbols-risk_of_bias_D1").get_offsets()[:, 1]
    assert y.tolist() == pytest.approx(judged["y_mm"].tolist()) and set(judged["study"]) == {
        "s0",
        "s1",
        "s2",
        "s3",
        "s5",
    }
    told = dict(zip(judged["study"], letters(fig, "D1")[0], strict=True))
    assert told == {"s0": "+", "s1": "−", "s2": "!", "s3": "+", "s5": "+"}
    assert "2 of the 7 trials were judged by nobody with RoB 2" in fig.content.caption
    assert fig.content.printed["Risk of bias (RoB 2), D1"] == ("risk_of_bias_D1",)
    grouped = ma.forest(synthetic(7, groups=2), by="therapy_family", risk_of_bias=bias())
    assert len(artist(grouped, "symbols-risk_of_bias_D1").get_offsets()) == 5
    plain = ma.forest(ma.pool(EFFECTS.yi, EFFECTS.vi, labels=list(EFFECTS.table["study"])), risk_of_bias=bias())
    assert len(artist(plain, "symbols-risk_of_bias_D1").get_offsets()) == 5


def test_circles_stand_beside_both_arms():
    fig = ma.arms_forest(ma.pool_arms(EFFECTS), risk_of_bias=bias())
    assert len(artist(fig, "symbols-risk_of_bias_Overall").get_offsets()) == 4
    assert "Judged by two reviewers" in fig.content.caption and misplaced(fig) == ([], [])
    for own in (
        ma.arms_forest(ma.pool_arms(EFFECTS), risk_of_bias=bias(), columns=("n", "study", "difference")),
        ma.forest(EFFECTS, risk_of_bias=bias(), columns=("study",)),
    ):
        assert body(own)["text_study"].str.match("s[0-6]$").sum() == 7


def test_circles_beside_a_step_are_those_of_the_trial_of_its_row():
    for steps, word in ((ma.leave_one_out(EFFECTS), "left out"), (ma.cumulative(EFFECTS), "added")):
        for given in (steps, steps.iloc[::-1]):
            fig = ma.steps_forest(given, risk_of_bias=bias(), columns=())
            rows = body(fig).query("kind == 'trial'").dropna(subset="risk_of_bias_D1")
            told = dict(zip(rows["name"], letters(fig, "D1")[0], strict=True))
            assert told == {"Trial 0": "+", "Trial 1": "−", "Trial 2": "!", "Trial 3": "+", "Trial 5": "+"}
            y = artist(fig, "symbols-risk_of_bias_D1").get_offsets()[:, 1]
            assert y.tolist() == pytest.approx(rows["y_mm"].tolist()) and misplaced(fig) == ([], [])
            assert f"Circles: trial {word}. Judged by two reviewers" in fig.content.caption
            assert "2 of the 7 trials were judged by nobody with RoB 2" in fig.content.caption
    # Plain numbers are known by their labels.
    steps = ma.leave_one_out(EFFECTS.yi, EFFECTS.vi, labels=list(EFFECTS.table["study"]))
    assert len(artist(ma.steps_forest(steps, risk_of_bias=bias()), "symbols-risk_of_bias_D1").get_offsets()) == 5


def test_circles_stand_beside_the_first_outcome_of_a_trial():
    later = EFFECTS.where(study=["s1", "s2", "s3", "s4", "s6"])
    fig = ma.outcomes_forest({"pain": EFFECTS.where(study=["s0", "s1", "s2"]), "function": later}, risk_of_bias=bias())
    rows = body(fig).query("kind == 'trial'")
    judged = rows.dropna(subset="risk_of_bias_D1")
    shown = dict(zip(judged["name"], judged["outcome"], strict=True))
    assert shown == {"Trial 0": "pain", "Trial 1": "pain", "Trial 2": "pain", "Trial 3": "function"}
    assert dict(zip(judged["name"], letters(fig, "D1")[0], strict=True))["Trial 2"] == "!"
    y = artist(fig, "symbols-risk_of_bias_D1").get_offsets()[:, 1]
    assert y.tolist() == pytest.approx(judged["y_mm"].tolist()) and misplaced(fig) == ([], [])
    assert "2 of the 6 trials were judged by nobody with RoB 2" in fig.content.caption
    assert rows["study"].notna().all()


@pytest.mark.parametrize("k", [3, 40])
def test_circles_have_their_place_beside_few_and_many(k):
    effects = synthetic(k)
    outcomes = {"pain": effects, "function": effects}
    for fig in (
        ma.steps_forest(ma.leave_one_out(effects), risk_of_bias=bias()),
        ma.outcomes_forest(outcomes, risk_of_bias=bias()),
    ):
        assert misplaced(fig) == ([], []) and len(artist(fig, "symbols-risk_of_bias_D2").get_offsets()) == min(k, 5)
    with pytest.warns(UserWarning, match=r"too narrow for the columns .*Risk of bias \(RoB 2\), which are left out"):
        fig = ma.steps_forest(ma.leave_one_out(effects), risk_of_bias=bias(), width_mm=85)
    assert "Circles" not in fig.content.caption


def test_a_narrow_page_gives_up_all_circles_and_what_is_said_of_them():
    with pytest.warns(UserWarning, match=r"too narrow for the columns .*Risk of bias \(RoB 2\), which are left out"):
        fig = ma.forest(EFFECTS, risk_of_bias=bias(), width_mm=85)
    assert not fig.findobj(lambda a: str(a.get_gid()).startswith("symbols-risk"))
    assert "udged by" not in fig.content.caption


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: ma.traffic_light(JUDGED), ValueError, "judged must be of one tool"),
        (
            lambda: ma.traffic_light(bias(), ma.pool_arms(EFFECTS)),
            TypeError,
            "cannot use a PooledArms: give Eff",
        ),
        (
            lambda: ma.traffic_light(ROB2, EFFECTS),
            ValueError,
            "says nothing of these trials: it has laur",
        ),
        (lambda: ma.forest(EFFECTS, risk_of_bias=ROB2), ValueError, "risk_of_bias says nothing of these trials"),
        (
            lambda: ma.steps_forest(ma.cumulative(EFFECTS), risk_of_bias=ROB2),
            ValueError,
            "risk_of_bias says nothing of these trials",
        ),
        (
            lambda: ma.outcomes_forest({"pain": EFFECTS, "function": EFFECTS}, risk_of_bias=ROB2),
            ValueError,
            "risk_of_bias says nothing of these trials: it has laur",
        ),
        (lambda: ma.traffic_light(PEDRO, width_mm=60), ValueError, "needs at least"),
        (lambda: ma.risk_of_bias_summary(ROB2, EFFECTS), ValueError, "judged says nothing of these trials"),
        (lambda: ma.risk_of_bias_summary(ROB2, weighted=True), ValueError, "nothing has weights: give a PooledEffect"),
        (
            lambda: ma.risk_of_bias_summary(bias(), EFFECTS, weighted=True),
            ValueError,
            "judged has no x_weight above 0 of s4, s6",
        ),
        (
            lambda: ma.risk_of_bias_summary(PEDRO[PEDRO["domain"] == "total"]),
            ValueError,
            "PEDro says nothing but total, of which no bars are made",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, error, message):
    with pytest.raises(error, match=message):
        draw()


def test_what_has_no_bar_is_said_and_nobody_is_called_not_stated():
    table = pd.DataFrame({"Study": list("AB"), "Q1": ["Yes", "Y"], "Q2": ["No", "Unclear"]})
    caption = ma.risk_of_bias_summary(ma.read_risk_of_bias(table, tool="JBI")).content.caption
    assert "No bars of other words: Q1." in caption and "in 1 domain:" in caption
    for draw in (ma.risk_of_bias_summary, ma.traffic_light):
        anybody, somebody = (
            draw(ma.read_risk_of_bias(table, tool="JBI", **by)).content.caption for by in ({}, {"judged_by": "Ng"})
        )
        assert "Judged by Ng" in somebody and "udged by" not in anybody and "not stated" not in anybody


def test_one_group_is_one(tmp_path):
    effects = ma.effect_sizes(
        pd.DataFrame({"study": list("AB"), "yi": [0.1, 0.4], "vi": 0.05, "dose": "low"}), measure="SMD"
    )
    assert "in 1 group (low)" in ma.forest(effects, by="dose").content.alt_text
