"""Figures in another language: no English word is left, forms of words follow their number, names stay as they are."""

import re
from dataclasses import replace
from pathlib import Path

import layouts
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from data_cases import published_trials
from matplotlib.text import Text
from plot_cases import misplaced, synthetic

import analysis as ma
from analysis.plots import _catalogue, _words
from analysis.plots._theme import say
from analysis.text import plain

# words of ours that German has too, or that are signs
BOTH = {"name", "in", "band", "baseline", "df", "forest", "plot", "ratio", "odds", "wald", "von", "was", "log", "arm"}
WORD = re.compile(r"[^\W\d_]{2,}")
NAMES = ["X1", "X2", "X3", "X4"]


def english():
    """Return all words of the catalogue in English that no translation has."""

    def words(texts):
        return {word.lower() for text in texts for word in WORD.findall(re.sub(r"[{].*?[}]", "", text))}

    return words(_catalogue.catalogue()) - words(_catalogue.catalogue("de").values()) - BOTH


def means(k, **about):
    """Return effects with groups and moderators whose names are no words of the catalogue."""
    effects = synthetic(k, groups=3, name="Nr. {i}")
    families = effects.table["therapy_family"].str.replace("Family", "Zz")
    table = effects.table.assign(therapy_family=families, Reg=families, Mg=np.linspace(1, 30, k))
    return replace(effects, table=table, **about)


def counts(measure, k=6, **about):
    """Return effects of counts; one arm has no event."""
    i = np.arange(k)
    table = pd.DataFrame({"study": [f"Nr. {j}" for j in i], "events_t": 9 + 2 * i, "n_t": 40 + 3 * i})
    table = table.assign(events_p=np.where(i == 3, 0, 4 + i), n_p=41 + 2 * i, Mg=2.0 * i)
    return ma.effect_sizes(table, measure=measure, **about)


PAIN, SHAM = means(13), {"arms": ("Xa", "Yb"), "outcome_name": "Zc", "benefit": "higher"}
SMD = means(13, measure="SMD", unit="standard deviations", **SHAM)
RR, RD, OR = counts("RR", **SHAM), counts("RD"), counts("OR", arms=("Xa", "Yb"))
PLAIN = ma.pool([-0.9, -0.2, -0.4, 0.3], [0.04, 0.09, 0.02, 0.2], labels=NAMES)
PLO = ma.pool([-3.0, -2.0, -1.0], [0.1, 0.2, 0.1], measure="PLO", labels=NAMES[:3])
ZCOR = ma.pool(np.arctanh([0.1, 0.3, 0.5]), [0.01, 0.02, 0.01], measure="ZCOR", labels=NAMES[:3])
WIDE = ma.pool([-1.2, -0.3], [0.1, 0.2], ci_method="HKSJ", labels=NAMES[:2])  # intervals that leave the panel
FOUND = pd.DataFrame({"label": NAMES[:3], "x": [0.2, 3.1, 0.9], "y": [0.1, 1.4, 0.02]})
NARROW = {"width_mm": "single"}


def forests():
    arms = ma.pool_arms(PAIN, by="therapy_family")
    ratios = ma.pool([-0.9, -0.2, -0.4], [0.04, 0.09, 0.02], measure="OR", labels=NAMES[:3])
    yield ma.forest(arms, worthwhile=(1, 2))
    yield ma.forest(PAIN, prediction="density", order="-estimate", **NARROW)
    yield ma.forest(ratios, models=[ma.pool(ratios.yi, ratios.vi, tau2_method="CE", measure="OR")])
    yield ma.forest(ma.pool([-1.2], [0.1], labels=["X1"]), prediction="diamond")
    yield from (ma.forest(each) for each in (SMD, RD, PLO))
    yield ma.arms_forest(arms)
    published = ma.pool_arms(ma.effect_sizes(published_trials()))
    yield from (ma.arms_forest(each, trials=False, **NARROW) for each in (arms, published))
    yield ma.arms_forest(ma.pool_arms(SMD))
    yield ma.forest(ma.pool_subgroups(PLAIN, list("aabb")))
    yield ma.steps_forest(ma.leave_one_out(PAIN))
    yield ma.steps_forest(ma.cumulative(ratios), overall=ratios)
    yield ma.outcomes_forest({"X": PAIN, "Y": PAIN})
    over_time = ma.pool_over_time(layouts.measured_twice())
    yield ma.time_plot(over_time)
    yield ma.time_plot(
        ma.pool_over_time(layouts.measured_twice(outcome_name="", benefit="higher"), ci_method="z"), **NARROW
    )
    yield ma.therapies_forest(ma.compare_therapies(PAIN, "therapy_family"))
    yield ma.therapies_forest(ma.compare_therapies(SMD, "Reg", ci_method="z"), pairs=False, width_mm=100)
    yield from (ma.orchard(each) for each in (arms, RR))
    yield from (ma.forest(means(13, unit="", benefit=good), worthwhile=0.5) for good in ("lower", "higher"))


def singles():
    for each in (PAIN, means(1), SMD, RR, RD, PLAIN, PLO, ZCOR, WIDE):
        yield ma.funnel(each)
        yield ma.radial(each)
        yield ma.drapery(each)
    yield from (ma.qq_plot(each) for each in (PAIN, RR, PLO))
    yield ma.qq_plot(PAIN, deleted=True, label=3, **NARROW)
    yield ma.funnel(OR, yaxis="precision", contours=(), **NARROW)
    yield from (ma.funnel(PAIN, power=-1.0), ma.funnel(OR, power="pooled", **NARROW))
    leaning = ma.pool([-0.5, -0.7, -1.4, -1.9, 0.3], [0.01, 0.04, 0.3, 0.5, 0.02], labels=[*NAMES, "X5"])
    yield from (ma.funnel(ma.trim_and_fill(leaning, side=side), egger=True) for side in ("left", "right"))
    selected = ({"kind": "beta"}, {"steps": 0.05}, {"steps": 0.05, "alternative": "two-sided"})
    mixed = ma.pool([0.9, 0.7, 0.1, 0.2], [0.09, 0.08, 0.01, 0.04], labels=NAMES)
    yield from (ma.selection_plot(ma.selection_model(mixed, **kind)) for kind in selected)
    yield from (ma.p_curve_plot(ma.p_curve(each)) for each in (leaning, ma.pool([0.4, 0.36, 0.38], [0.03] * 3)))
    yield from (ma.power_plot(ma.power(each, -0.5)) for each in (PAIN, OR))
    yield ma.power_plot(ma.power(SMD, 0.4, ci_method="HKSJ"), **NARROW)
    yield ma.power_plot(ma.power([0.1], 0.4, tau2=1.0))
    yield from (ma.doi_plot(each) for each in (PAIN, RR, ZCOR, leaning))
    yield ma.radial(PAIN, model="common", **NARROW)
    yield ma.drapery(PAIN, scale="z", common=True, **NARROW)
    yield ma.baujat_plot(FOUND, label=1)
    yield ma.baujat_plot(ma.baujat(PLAIN))
    yield ma.gosh_plot(ma.gosh(PAIN), study="Nr. 3")
    yield ma.gosh_plot(ma.gosh(RR, n_subsets=40), **NARROW)
    yield ma.influence_plot(ma.influence(PAIN))
    yield ma.influence_plot(ma.influence(PLO), **NARROW)


def arms():
    for each in (PAIN, means(1), SMD):
        yield ma.labbe(each, by="therapy_family")
        yield ma.labbe(each, worthwhile=1.0, **NARROW)
    yield from (ma.labbe_counts(each) for each in (RR, RD, OR, counts("RD", 1), counts("OR", 2)))
    pooled = ma.pool_peto(*layouts.AT_ONE_PLACE, labels=NAMES)
    yield from (ma.labbe_counts(pooled, counts=layouts.AT_ONE_PLACE, label=label) for label in (["X2"], 0))
    yield ma.labbe(ma.pool_responders(layouts.responding().assign(event_definition="Zz")))


def judged():
    wide = pd.DataFrame(
        {"Study": [f"s{i}" for i in range(9)]} | {f"D{i}": ["Low", "Critical", ""] * 3 for i in range(1, 8)}
    )
    graver = wide.assign(D1=["Low", "Serious", ""] * 3, Overall=["Low", "Critical", "No information"] * 3)
    table = ma.read_risk_of_bias(graver, tool="ROBINS-I")
    table = table.assign(judged_by="Zz")
    concerns = wide.iloc[:, :6].replace("Critical", "Some concerns").assign(D3="High")
    for each in (table, ma.read_risk_of_bias(concerns, tool="RoB 2", judged_by="Zz")):
        yield ma.traffic_light(each)
        yield ma.traffic_light(each, PAIN, width_mm=100)
        yield ma.risk_of_bias_summary(each)
        yield ma.risk_of_bias_summary(each, ma.pool(PAIN), weighted=True, **NARROW)
        yield ma.forest(PAIN, risk_of_bias=each)
    yield ma.arms_forest(ma.pool_arms(PAIN), risk_of_bias=table)
    for steps in (ma.leave_one_out(PAIN), ma.cumulative(PAIN)):
        yield ma.steps_forest(steps, risk_of_bias=table)
    yield ma.outcomes_forest({"X": PAIN, "Y": PAIN}, risk_of_bias=table)


def others():
    yield from (ma.prisma_flow(layouts.flow(), **how) for how in ({}, NARROW))
    yield ma.prisma_flow({"screened": 260, "studies": 1}, note="Zz.", width_mm=80)
    yield ma.prisma_flow({"screened": 260})
    for each in (PAIN, SMD, RR):
        yield ma.bubble(ma.meta_regression("yi ~ Mg", each))
    yield ma.bubble(ma.meta_regression("yi ~ Reg", PAIN), **NARROW)
    yield ma.bubble(ma.meta_regression("yi ~ Mg + Reg", SMD), "Mg")
    yield ma.bubble(ma.meta_regression("yi ~ Mg + I(Mg ** 2)", PAIN, tau2_method="CE"), "Mg")
    for each in (means(13, measure="ZCOR", unit=""), means(13, measure="PLO", unit="")):
        yield ma.bubble(ma.meta_regression("yi ~ Mg + I(Mg ** 2)", each), "Mg")
    yield from (ma.bubble(ma.dose_response(each, "Mg", shape="spline", unit="Zz")) for each in (PAIN, RR))
    yield ma.bubble(ma.dose_response(SMD, "Mg", shape="quadratic", ci_method="z"))
    yield ma.bubble(ma.dose_response(SMD, "Mg"), **NARROW)
    yield ma.posterior_plot(ma.pool_bayes(PAIN), favours=None)
    yield ma.posterior_plot(ma.pool_bayes(ZCOR))
    yield ma.posterior_plot(ma.pool_bayes(PLAIN.yi, PLAIN.vi, measure="OR", labels=NAMES))
    claimed = layouts.claims().assign(claim="Zz", plain="Zz", scope="Zz")
    yield ma.claims_plot(claimed, evidence=ma.pool_arms(PAIN, by="therapy_family"))
    yield ma.claims_plot(claimed.iloc[3:], worthwhile=None)
    yield ma.claims_plot(claimed.assign(indirect_of="Zz", indirect=-0.3, indirect_low=-1.0, indirect_high=0.4))
    yield ma.claims_plot(pd.concat([claimed, claimed.assign(therapy_family="Yy")], ignore_index=True))
    yield from (ma.multiverse_plot(layouts.analyses(n)) for n in (40, 700))
    i = np.arange(1200)
    yield ma.multiverse_plot(layouts.analyses(1200).assign(analysis=i // 2, ignores_heterogeneity=i % 5 == 0))


def parts(fig):
    """Return all that a figure and the file beside it say."""
    texts = {"figure": "\n".join(t.get_text() for t in fig.findobj(Text))}
    texts |= {name: getattr(fig.content, name) for name in ("title", "caption", "alt_text", "in_words")}
    return texts | {"headings": "\n".join(str(say(head)) for head in fig.content.printed)}


@pytest.mark.filterwarnings("ignore:.*too narrow for the columns:UserWarning")
@pytest.mark.parametrize("figures", [forests, singles, arms, judged, others], ids=lambda each: each.__name__)
def test_german_leaves_no_english_word_in_any_figure(figures):
    ours = english()
    assert {"trial", "weight", "interval", "difference", "with"} <= ours and "gewicht" not in ours
    with ma.theme(labels="de", decimal=","):
        for i, fig in enumerate(figures()):
            for name, said in parts(fig).items():
                assert {word for word in WORD.findall(said) if word.lower() in ours} == set(), (i, name, said)
            assert not re.search(r"(?<!doi )(?<!doi\n)\b\d\.\d", re.sub(r"doi\s\S+", "", parts(fig)["caption"])), i
            assert misplaced(fig) == ([], []), i


def test_every_text_of_the_catalogue_has_a_translation():
    assert all(_catalogue.catalogue("de").values())


def test_german_is_made_of_the_places_of_the_english():
    with ma.theme(labels="de"):
        fig = ma.forest(ma.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], measure="MD"))
    caption = fig.content.caption
    assert fig.content.title == "Mittelwertdifferenz in 3 Studien und das gepoolte Ergebnis"
    assert "Heterogenität: τ " in caption and "einzelner Studien mit der Normalverteilung" in caption


def test_notes_and_what_was_left_out_of_many_trials_are_german_too():
    effects = ma.effect_sizes(published_trials())
    with ma.theme(labels="de"):
        caption = ma.forest(ma.pool_subgroups(effects, by="therapy_family")).content.caption
        told = ma.labbe(ma.pool_responders(published_trials())).content.caption
    for english in (" the ", " in both arms", " not ", "imputed", "crossover:", "Left out"):
        assert english not in caption
    assert "zählt nach einer anderen Definition, 'at least 30% less pain' (2)" in told  # words of the data


def test_every_word_of_the_catalogue_is_one_of_the_code():
    """A text that a figure no longer says must not stay in the catalogue."""
    code = " ".join(path.read_text(encoding="utf-8") for path in Path(ma.__file__).parent.rglob("*.py"))
    known = set(re.findall(r"[^\W\d_]+", code))
    for text in _catalogue.catalogue():
        own = re.findall(r"[^\W\d_]{4,}", re.sub(r"[{].*?[}]", " ", text))
        assert [w for w in own if not {w, w.capitalize(), w.lower(), w.removesuffix("s")} & known] == [], text


POLISH = {
    "Plural-Forms": "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2)",
    "{k} study": ("{k} badanie", "{k} badania", "{k} badań"),
    "{k} studies": ("{k} badanie", "{k} badania", "{k} badań"),
    "{measure} in {k} studies and the pooled result": (
        "{measure} w {k} badaniu i wynik łączny",
        "{measure} w {k} badaniach i wynik łączny",
        "{measure} w {k} badaniach i wynik łączny",
    ),
    "odds ratio": "iloraz szans",
}


@pytest.mark.parametrize(
    ("said", "polish"),
    [
        ("1 study", "1 badanie"),
        ("2 studies", "2 badania"),
        ("5 studies", "5 badań"),
        ("12 studies", "12 badań"),
        ("22 studies", "22 badania"),
        ("1\u202f004 studies", "1\u202f004 badania"),
        ("Odds ratio in 3 studies and the pooled result", "Iloraz szans w 3 badaniach i wynik łączny"),
    ],
)
def test_words_take_the_form_that_their_number_asks_for(said, polish):
    with ma.theme(labels=POLISH):
        assert say(said) == polish


def test_a_figure_speaks_a_language_with_three_forms():
    with ma.theme("jama", labels=POLISH):  # which spells words in its own way too
        fig = ma.forest(ma.pool(np.zeros(5), np.ones(5), measure="OR"))
    assert fig.content.title == "Iloraz szans w 5 badaniach i wynik łączny" and "5 badań" in fig.content.caption


def test_forms_must_be_as_many_as_the_rule_has():
    with pytest.raises(ValueError, match="2 forms are given where 'Plural-Forms' says otherwise"):
        ma.theme(labels=POLISH | {"{k} studies": ("{k} badanie", "{k} badania")})
    with pytest.raises(ValueError, match="which has no place n"):
        ma.theme(labels={"{k} studies": ("{k} Studie", "{n} Studien")})


def test_a_name_with_a_full_stop_is_no_end_of_a_sentence():
    names = ["Smith et al. 2001", "Li Jr. 2004", "Mo 2005"]
    with ma.theme(labels="de"):
        alt = ma.qq_plot(ma.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], labels=names)).content.alt_text
    assert "Residuen reichen von Smith et al. 2001 (−" in alt and ") bis Li Jr. 2004 (" in alt


def test_both_directions_of_a_line_are_translated():
    figure, ax = plt.subplots()
    with ma.theme(labels="de"):
        ma.forest(PAIN, ax=ax)
        assert ax.get_xlabel().splitlines()[-1] == "← für Behandlung   für Placebo →"
    plt.close(figure)


def test_what_was_left_out_is_said_without_names_of_columns():
    table = pd.DataFrame({"study": [f"X{i}" for i in range(9)], "mean_t": 4.0, "sd_t": 2.0, "n_t": 20})
    table = table.assign(mean_p=5.0, sd_p=2.0, n_p=[20.0] * 8 + [np.nan], mean_t=[np.nan] + [4.0] * 8)
    table.loc[1:2, ["sd_t", "sd_p"]] = np.nan

    def caption(**about):
        effects = ma.effect_sizes(table, measure="MD", missing="drop")
        with ma.theme(**about):
            return ma.forest(ma.pool(effects)).content.caption

    told = "no standard deviation (X1, X2); no mean (X0); no number of people (X8)."
    assert caption().endswith(f"Left out, 4 studies: {told}")
    told = "keine Standardabweichung (X1, X2); kein Mittelwert (X0); keine Zahl der Personen (X8)."
    assert caption(labels="de").endswith(f"Weggelassen, 4 Studien: {told}")
    table.loc[3:5, "sd_t"] = np.nan  # more than five are counted
    assert "no standard deviation (5); no mean (1)" in caption()


def test_every_reason_in_short_is_said_in_german():
    for reason in _words.IN_SHORT.values():
        assert "\\" in reason or reason in _catalogue.catalogue("de"), reason


def test_names_of_moderators_keep_their_case():
    fit = ma.meta_regression("yi ~ Mg", PAIN)
    with ma.theme(labels="de"):
        assert ma.bubble(fit, x_label="Einheiten").content.title == "Mittelwertdifferenz nach Einheiten"
        assert ma.bubble(fit).content.title == "Mittelwertdifferenz nach Mg"
        title = ma.outcomes_forest({"X": PAIN, "Y": PAIN}, head="Zeitpunkt").content.title
        assert title == "Mittelwertdifferenz nach Zeitpunkt in 13 Studien"


def test_a_ratio_compares_its_arms_in_german():
    with ma.theme(labels="de"):
        assert "Xa im Vergleich zu Yb" in ma.forest(counts("OR", **SHAM)).content.caption


# Names that a rule could take for words, numbers or marks; and as many that none can.
HARD = [
    "10 mg",
    "A: b",
    "A over B",
    "c; d",
    'he said "more pain" (n = 3)',
    "U. v minus w",
    "less pain, pooled",
    "'q' to 'r'",
    "95% CI 1 to 2)",
    "((x",
    "all studies",
    "Mean. difference",
    "treatment: x",
    "Left out, 2 studies: no mean (a)",
]
EASY = [f"Qx{letter}z" for letter in "abcdefghijklmn"]


def named_by(names):
    """Yield figures whose arms, groups, studies, outcome and models have these names."""
    arms, groups, k = tuple(names[:2]), [names[2 + i % 2] for i in range(len(names))], len(names)
    effects = synthetic(k, arms=arms, outcome_name=names[4], unit="points on 0–10")
    table = effects.table.assign(label=names, therapy_family=groups, Gg=groups, Mg=np.arange(1.0, k + 1))
    left = effects.left_out.assign(label=names[5 : 5 + len(effects.left_out)])
    effects = replace(effects, table=table, left_out=left)
    i = np.arange(k)
    few = pd.DataFrame({"study": [f"s{j}" for j in i], "label": names, "Gg": groups, "Mg": 2.0 * i})
    few = few.assign(events_t=9 + 2 * i, n_t=50 + i, events_p=np.where(i == 3, 0, 6 + i), n_p=48 + i)
    ratios = ma.effect_sizes(few, measure="OR", study="study", label="label", arms=arms, benefit="higher")
    pooled = ma.pool(ratios)
    common = {names[6]: ma.pool(ratios, tau2_method="CE")}
    pooled_arms = ma.pool_arms(effects, by="therapy_family")
    yield ma.forest(pooled, models=common, lines={names[7]: 2.0}, xlim=(1.5, 2.6))
    yield ma.forest(ma.pool_subgroups(effects, "Gg"), columns=("n",))
    yield ma.forest(ma.pool_subgroups(ratios, "Gg"), overall=False)
    yield from (ma.funnel(pooled), ma.funnel(effects, by="Gg", label=3), ma.funnel(ma.trim_and_fill(effects)))
    yield from (ma.radial(pooled), ma.qq_plot(effects), ma.drapery(pooled), ma.labbe_counts(pooled, label=3))
    yield from (ma.labbe(effects, by="therapy_family", worthwhile=1.0), ma.arms_forest(pooled_arms))
    yield ma.arms_forest(pooled_arms, trials=False)
    yield ma.bubble(ma.meta_regression("yi ~ Gg", ratios))
    yield ma.bubble(ma.meta_regression("yi ~ Mg + Gg", effects), "Mg")
    yield ma.bubble(ma.dose_response(effects, "Mg", unit=names[8]))
    yield ma.posterior_plot(ma.pool_bayes(ratios))
    yield from (ma.steps_forest(ma.leave_one_out(effects)), ma.steps_forest(ma.cumulative(ratios), overall=pooled))
    yield from (ma.baujat_plot(ma.baujat(effects), label=2), ma.influence_plot(ma.influence(effects)))
    yield from (ma.gosh_plot(ma.gosh(effects, n_subsets=200), study=names[9]), ma.orchard(pooled_arms))
    yield ma.outcomes_forest({names[2]: effects, names[3]: effects})
    yield ma.therapies_forest(ma.compare_therapies(effects, "therapy_family"))


def everything(fig):
    """Return all that a figure holds, as one text."""
    drawn = [f"{t.get_text()} {t.get_gid()}" for t in fig.findobj(Text)]
    return "\n".join([*drawn, *parts(fig).values(), *fig.content.printed, fig.content.table.to_csv()])


@pytest.mark.filterwarnings("ignore:.*too narrow for the columns:UserWarning")
def test_names_stay_as_they_are_whatever_they_hold():
    with ma.theme(labels="de"):
        for i, (easy, hard) in enumerate(zip(named_by(EASY), named_by(HARD), strict=True)):
            assert everything(hard) == plain(everything(hard)), i
            said = parts(hard)
            for part, expected in parts(easy).items():
                for easily, name in zip(EASY, HARD, strict=True):
                    expected = expected.replace(easily, name)
                assert part == "figure" or said[part] == expected, i


def test_a_name_is_no_word_of_the_language():
    arms = ("Pooled; difference", "weight")
    with ma.theme(labels="de"):
        caption = ma.forest(counts("OR", arms=arms)).content.caption
        assert re.search(r"Pooled; difference im Vergleich zu weight \d", caption)
        assert "Behandlung im Vergleich zu Kontrolle" in ma.forest(counts("OR")).content.caption  # nobody named them
    with ma.theme(labels={"Xa over Yb": "Xa gegen Yb"}):  # but whoever wants it may name it otherwise
        assert "Xa gegen Yb" in ma.forest(OR).content.caption


@pytest.mark.filterwarnings("ignore::analysis.models.studies.RepeatedStudyWarning")
def test_steps_of_effects_and_clusters_have_their_gender():
    table = pd.DataFrame({"study": list("AABBCD"), "lab": list("xxyyzz"), "label": list("abcdef"), "vi": 0.05})
    effects = ma.effect_sizes(table.assign(yi=[0.2, 0.4, 0.9, 1.1, 0.1, 0.3]), measure="SMD")
    pooled, nested = ma.pool(effects), ma.pool_multilevel(effects, cluster="lab")
    with ma.theme(labels="de"):
        said = [
            ma.steps_forest(steps, overall=fit).content.caption
            for fit in (pooled, nested)
            for steps in (ma.leave_one_out(fit), ma.cumulative(fit) if fit is pooled else ma.leave_one_out(fit))
        ]
    for text, words in zip(
        said,
        (
            ("ohne einen Effekt", "außer dem genannten"),
            ("mehr Effekten", "genannten Effekts"),
            ("ohne ein Cluster",),
            (),
        ),
        strict=True,
    ):
        assert all(word in text for word in words) and "eine Effekt" not in text and "eine Cluster" not in text
