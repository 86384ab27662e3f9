"""The audit: the doubts of the data README, p values recomputed, every rule just within and just beyond its line."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import as_read, published_trials

import analysis as ma
from analysis import recover
from analysis.data.dictionary import COLUMNS
from analysis.data.printed_p import read_p
from analysis.evidence.audit import RESULT, SEVERITIES, audit_findings, audit_trials
from analysis.evidence.audit_rules import NOTES, OUTLIER, in_points, recomputed_p, typical_sds, welch_p

DATA = Path(__file__).parent.parent / "data"
README = (DATA / "README.md").read_text(encoding="utf-8")
TRIALS = published_trials()
CONTRASTS = ma.read_contrasts(DATA / "contrasts.csv")


@cache
def audit():
    """All findings; made when the first test asks for them, not when tests are collected."""
    return audit_trials(TRIALS, contrasts=CONTRASTS)


@cache
def of_trials():
    return audit()[audit()["table"] == "trials"]


@cache
def p_values():
    return recomputed_p(TRIALS).set_index(["row_t", "score"])


# ------------------------------------------------------------------------------ the doubts that the data README names

#: words of a doubt, the checks that speak of it (all that are listed, or one of a tuple), words their reasons must hold
DOUBTS = [
    (r"prints the final score as the fall", ["the note states a doubt"], "is the final score"),
    (r"teaching copy", ["the note states a doubt"], "not from the authors"),
    (r"start at the end of the scale", ["ceiling effect"], "nearer to the end of the scale than its SD"),
    (r"\boutlier", ["outlier"], "standard errors"),
    (r"quoted by a third party|another's table|as entered in Cochrane", ["second-hand"], "someone else's table"),
    (r"19:11 split", ["uneven split"], "19 people beside 11"),
    (r"implausible control arm", ["SDs do not fit"], "3.2 times that of the baseline"),
    (r"5 points with an SD of 1", ["difference too large"], "−5.00 points with SDs of 1.00"),
    (r"SD 0\.6", [("SE entered as SD", "SD unusually small")], "0.60 points"),
    (r"n per arm assumed", ["n assumed"], "assumed, not read"),
    (r"also scale and SD", ["scale in doubt", "SD to be imputed"], ""),
    (r"floor effect", ["floor effect"], "smaller than its SD"),
    (r"favourable time point", ["favourable time point"], r"picked|selected upward"),
    (r"weak magnet", ["control not inert"], "weak dose"),
    (r"sham not inert", ["control not inert"], r"not fully inert|scrambled|could tell|different procedure"),
    (r"random allocation", ["allocation in doubt"], r"random"),
    (r"baselines differ", [("baseline imbalance", "change and final disagree")], "differ"),
    (r"which arm had", ["direction turns"], "are the arms exchanged"),
    (r"rescue medication", ["rescue medication"], "rescue"),
    (r"n of sham printed as 26", ["n inferred"], "n=26"),
]


def doubts():
    """(study, doubt) of every row of the README table; a clause that begins with a study speaks of that study only."""
    text = README[README.index("| trial | doubt |") :]
    cases = []
    for line in text[: text.index("\n\n")].splitlines()[2:]:
        who, doubt = (cell.strip() for cell in line.strip("|").split("|"))
        studies = re.findall(r"`([a-z0-9]+)`", who)
        if "Bjordal rows" in who:
            studies += CONTRASTS.loc[CONTRASTS["source"].str.contains("Bjordal"), "study"].tolist()
        if "TENS trials" in who:
            studies += TRIALS.loc[TRIALS["therapy"] == "TENS", "study"].drop_duplicates().tolist()
        for clause in doubt.split(";"):
            own = re.findall(r"`([a-z0-9]+)`", clause)
            cases += [(study, clause.strip()) for study in own or studies]
    return cases


def test_the_table_of_doubts_was_found():
    named = {study for study, _ in doubts()}
    assert len(named) > 40
    assert {"vallbona1997", "nct02461225", "djavid2007", "cheing2003", "parsa2013", "shin2015"} <= named


@pytest.mark.parametrize(("study", "doubt"), doubts())
def test_a_doubt_of_the_readme_is_found_for_its_own_reason(study, doubt):
    asked = [(checks, words) for pattern, checks, words in DOUBTS if re.search(pattern, doubt)]
    if not asked:
        assert doubt in {
            "unpublished registry result of the maker, quoted by a third party",
            "change and final disagree",
        }
    own = audit()[audit()["study"] == study]
    for checks, words in asked:
        for check in checks:
            hit = own[own["check"].isin([check] if isinstance(check, str) else check)]
            assert len(hit), f"{study}: {check} for '{doubt}'"
            assert hit["reason"].str.contains(words).any(), hit["reason"].tolist()


def test_no_check_is_a_blanket():
    trials = of_trials().groupby("check")["study"].nunique()
    assert trials.max() <= 15, "of 50 trials"
    assert (trials[["outlier", "baseline imbalance", "SE entered as SD", "difference too large"]] <= 5).all()
    assert not {"soriano1998", "khooshideh2017"} & set(audit()["study"]), "nothing to say of these"


def test_few_trials_are_serious():
    worst = of_trials().groupby("study")["severity"].agg(lambda s: min(s, key=SEVERITIES.index))
    assert worst.value_counts().to_dict() == {"warning": 29, "note": 16, "serious": 3}
    serious = of_trials()[of_trials()["severity"] == "serious"]
    assert serious[["study", "check"]].values.tolist() == [
        ["chow2006", "baseline imbalance"],
        ["lauretti2015", "difference too large"],
        ["kaya2017", "p disagrees"],
    ]


def test_findings_are_numbered_across_both_tables():
    assert audit().index.equals(pd.RangeIndex(len(audit()))) and audit()["table"].nunique() == 2


def test_numbers_of_the_audit():
    """Hand-worked from the printed rows."""
    value = of_trials().set_index(["study", "check"])["value"]
    value = value[~value.index.duplicated()].to_dict()
    assert value["chow2006", "baseline imbalance"] == pytest.approx(5.92 - 4.0356)
    of_baselines = of_trials()[of_trials()["check"] == "baseline imbalance"]
    assert of_baselines["remedy"].str.startswith("Adjust for it, with outcome='ancova'").all()
    assert value["changwj2017", "change and final disagree"] == pytest.approx(2.07 - 0.96)
    assert value["nct02461225", "uneven split"] == pytest.approx(19 / 11)
    assert value["nct02461225", "SDs do not fit"] == pytest.approx(34.06 / 10.69)
    assert value["juto2015", "unequal dropout"] == pytest.approx(5 / 17)
    altan = audit()[(audit()["study"] == "altan2005") & (audit()["check"] == "SD unusually small")]
    assert altan["value"].item() == pytest.approx(0.35 / 1.959964 / np.sqrt(1 / 23 + 1 / 25), rel=1e-5)
    g = value["lauretti2015", "difference too large"]
    assert g == pytest.approx(-5 / np.sqrt(2.5) * (1 - 3 / (4 * 38 - 1)), rel=1e-4)


# ------------------------------------------------------------------------------------------------- recomputed p values

#: what the data README prints: study, row of the treatment arm, score, p to two digits
PINNED = [
    ("khoromi2007", 38, "final", 0.24),
    ("wang2009", 76, "final", 0.12),
    ("dogan2010", 14, "final", 0.10),
    ("kim2016", 94, "change", 0.02),
    ("vahdatpour2012", 92, "change", 0.058),
    ("malavera2016", 62, "change", 0.048),
    ("giovale2022", 46, "change", 0.019),
    ("kaya2017", 118, "final", 0.06),
]
#: the same where an interval is printed: the README reads it with the normal quantile, the library with that of t
FROM_INTERVALS = [
    ("irnich2001", 127, "change", 0.20, 0.19),
    ("changwj2017", 80, "change", 0.03, 0.016),
    ("changwj2017", 80, "final", 0.31, 0.25),
    ("kaya2017", 118, "change", 0.30, 0.27),
]


def same(value, printed):
    digits = 3 if printed < 0.06 and printed not in (0.02, 0.03) else 2
    return abs(value - printed) <= 0.5 * 10**-digits + 5e-5


@pytest.mark.parametrize(("study", "row", "score", "p"), [*PINNED, ("leung2016", 58, "final", 0.20)])
def test_recomputed_p_is_that_of_the_readme(study, row, score, p):
    line = p_values().loc[(row, score)]
    assert line["study"] == study
    assert same(line["p"], p), line["p"]
    assert re.search(rf"`{study}`[^`]*\b{p:.3f}".rstrip("0"), README), "the pin stands in the README"


@pytest.mark.parametrize(("study", "row", "score", "by_normal", "by_t"), FROM_INTERVALS)
def test_recomputed_p_from_intervals(study, row, score, by_normal, by_t):
    assert p_values().loc[(row, score), "study"] == study
    assert same(p_values().loc[(row, score), "p"], by_t) or p_values().loc[(row, score), "p"] == pytest.approx(
        by_t, abs=0.005
    )
    ends = [TRIALS[f"{score}_ci_{end}"] for end in ("low", "high")]
    se = pd.Series(recover.se_from_ci(*ends, TRIALS["ci_level"] / 100), index=TRIALS.index)
    blank = {f"{score}_ci_low": np.nan, f"{score}_ci_high": np.nan}
    typed = TRIALS.assign(**{f"{score}_se": TRIALS[f"{score}_se"].fillna(se)}, **blank)
    normal = recomputed_p(typed).set_index(["row_t", "score"]).loc[(row, score), "p"]
    assert normal == pytest.approx(by_normal, abs=0.006)


def test_the_correlation_that_a_paired_test_needs():
    """The data README prints 0.57 and 0.62."""
    assert p_values().loc[(38, "final"), "correlation"] == pytest.approx(0.57, abs=0.005)
    assert p_values().loc[(76, "final"), "correlation"] == pytest.approx(0.62, abs=0.005)
    assert p_values()["correlation"].notna().sum() == 3, "only crossovers with an exact p"


def test_every_p_that_the_readme_says_differs_is_reported():
    named = re.search(r"It differs in: (.*?)\.\n\n", README, re.S)[1]
    studies = set(re.findall(r"`([a-z0-9]+)`", named))
    assert len(studies) == 11
    assert studies <= set(of_trials().loc[of_trials()["check"] == "p disagrees", "study"])


def test_welch_by_hand():
    """Two arms worked through: t = 1.0 / sqrt(2), df from the two shares."""
    from scipy import stats

    direct = stats.ttest_ind_from_stats(4.0, 1.2, 14, 5.0, 2.3, 25, equal_var=False).pvalue
    assert welch_p(4.0, 1.2, 14, 5.0, 2.3, 25) == pytest.approx(direct, rel=1e-12)
    assert np.isnan(welch_p(4.0, 1.2, 1, 5.0, 2.3, 25))


def test_what_rounding_leaves_open():
    """Irnich 2001 prints intervals to one decimal: each limit may be 0.05 mm further out, or in."""
    line = p_values().loc[(127, "change")]
    half = [0.05 * np.array([1, 1]), np.array([0.005, 0.005])]
    for name, way in (("p_low", -1), ("p_high", 1)):
        sd = [recover.sd_from_ci(-31.9 - way * half[0][0], -16.5 + way * half[0][1], 51)]
        sd.append(recover.sd_from_ci(-24.6 - way * half[0][0], -10.0 + way * half[0][1], 57))
        gap = (24.22 - 17.28) - way * half[1].sum()
        assert line[name] == pytest.approx(welch_p(gap, sd[0], 51, 0, sd[1], 57), rel=1e-9)
    assert line["p_low"] < line["p"] < line["p_high"]


def test_a_trial_is_no_measure_of_itself():
    rows = clean()
    rows.loc[rows["study"] == "trial0", "final_sd"] = [0.5, 0.6]
    for study, sd in {"trial1": 1.5, "trial2": 1.6, "trial3": 1.7, "trial4": 1.8, "trial5": 1.9}.items():
        rows.loc[rows["study"] == study, "final_sd"] = sd
    points = in_points(ma.read_trials(rows))
    assert typical_sds(points, "final").groupby(points["study"]).first().tolist() == [1.7, 1.65, 1.6, 1.55, 1.55, 1.55]
    few = points[points["study"].isin(["trial0", "trial1", "trial2"])]
    assert set(typical_sds(few, "final")) == {2.0}


@pytest.mark.parametrize(
    ("text", "low", "high", "about"),
    [
        ("0.038", 0.0375, 0.0385, ""),
        ("= .08", 0.075, 0.085, ""),
        ("p = 0.04", 0.035, 0.045, ""),
        ("P<0.001", 0, 0.001, ""),
        ("≤0.05", 0, 0.05, ""),
        (".038 (ANCOVA)", 0.0375, 0.0385, "ANCOVA"),
        ("0,04", 0.035, 0.045, ""),
        ("0.23 (pain), <0.01 (global)", 0.225, 0.235, "pain"),
        (">0.05", 0.05, 1, ""),
        ("0.000", 0, 0.0005, ""),
        ("1.00", 0.995, 1, ""),
        ("ns", 0.05, 1, ""),
        ("n.s.", 0.05, 1, ""),
        ("not significant", 0.05, 1, ""),
        ("no difference between groups", 0.05, 1, ""),
        ("0.03 at 4 weeks; baseline p = 0.5", 0.025, 0.035, ""),
    ],
)
def test_reading_p(text, low, high, about):
    found = read_p(text)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high)) and found.about == about


@pytest.mark.parametrize(
    "text",
    [
        *("", np.nan, "<0.05 (within light arms)", "<0.007 (responders)", "not read", "12"),
        *(
            "1e-5",
            "p = 0.5e-3",
            "0.05-0.1",
            "0.01 to 0.05",
            "0.5 x 10^-3",
            "1%",
            "0.03 within groups",
            ".03 for responders",
        ),
    ],
)
def test_no_p_between_the_arms(text):
    assert read_p(text) is None


# ------------------------------------------------------------------------------------------------------ rule by rule


def clean():
    """Six ordinary trials as a careful person would enter them."""
    about = (
        "therapy TENS therapy_family Electrical design parallel control sham primary yes n_basis read certainty clear"
    )
    words = about.split()
    always = dict(zip(words[::2], words[1::2], strict=True)) | {"condition_group": "Low back", "source": "Table 2"}
    always |= {
        "scale": "VAS 0-10",
        "scale_min": 0,
        "scale_max": 10,
        "week": 4,
        "timepoint": "end of treatment",
        "n": 40,
    }
    rows = []
    for at in range(6):
        who = {"study": f"trial{at}", "author": f"Author{at}", "year": 2010 + at}
        for arm, less in (("treatment", 0.9), ("placebo", 0.0)):
            baseline = {"baseline_mean": 6.13 + at / 50 + less / 10, "baseline_sd": 1.83}
            final = {"final_mean": 4.97 + at / 50 - less, "final_sd": 2.01}
            rows.append(always | who | {"arm": arm} | baseline | final)
    return pd.DataFrame(rows)


def changed(of="trial0", both=None, **by_arm):
    """The clean trials with cells of one trial changed: in both arms, in treatment=, in placebo=."""
    frame = clean().astype(object)
    for arm, cells in {"treatment": by_arm.get("treatment", {}), "placebo": by_arm.get("placebo", {})}.items():
        here = (frame["study"] == of) & (frame["arm"] == arm)
        for column, value in {**(both or {}), **cells}.items():
            if column not in frame:
                frame[column] = None
            frame.loc[here, column] = value
    return frame


def audited(frame):
    return audit_trials(as_read(frame))


def checks(frame):
    found = audited(frame)
    return dict(zip(found["check"], found["severity"], strict=True))


def test_clean_trials_have_no_finding():
    found = audit_trials(ma.read_trials(clean()))
    assert found.empty and list(found.columns) == RESULT
    assert audit_findings(found) == "Nothing was found to look up again."
    with pytest.raises(ValueError, match="no row"):
        audit_trials(found.iloc[:0].reindex(columns=COLUMNS))


def t(**cells):
    return {"treatment": cells}


CHANGE_ONLY = {"final_mean": None, "final_sd": None}
SEPARATE = {"baseline_mean": None, "baseline_sd": None}

NO_SD = {"baseline_mean": None, "baseline_sd": None, "final_sd": None}

#: check, severity, cells just within the line, cells just beyond it
LINES = [
    # the clean arms differ by 0.90 points of final score, SD 2.01, n 40: Welch p = 0.049
    ("p disagrees", "serious", {"both": {"p_between": "0.05"}}, {"both": {"p_between": "0.06"}}),
    ("p disagrees", "warning", {"both": {"p_between": "0.03"}}, {"both": {"p_between": "0.01"}}),
    ("p disagrees", "note", {"both": {"p_between": "<0.05"}}, {"both": {"p_between": "0.03"}}),
    ("p disagrees", "warning", {"both": {"p_between": "<0.1"}}, {"both": {"p_between": "0.4 (Mann-Whitney)"}}),
    ("SE entered as SD", "warning", t(final_sd=0.81, n=20), t(final_sd=0.80, n=20)),
    ("SE entered as SD", "serious", {"both": {"final_sd": 0.81, "n": 20}}, {"both": {"final_sd": 0.8, "n": 20}}),
    ("SD unusually small", "warning", t(final_sd=0.61, n=100), t(final_sd=0.60, n=100)),
    (
        "SD entered as SE",
        "warning",
        t(final_mean=5, final_sd=None, final_se=1.1, n=20),
        t(final_mean=5, final_sd=None, final_se=1.13, n=20),
    ),
    ("SDs do not fit", "serious", t(change_mean=-2.15, change_sd=3.83), t(change_mean=-2.15, change_sd=3.85)),
    (
        "SDs do not fit",
        "warning",
        {"both": {**CHANGE_ONLY, "change_mean": -2.01, "change_sd": 3.65}},
        {"both": {**CHANGE_ONLY, "change_mean": -2.01, "change_sd": 3.67}},
    ),
    (
        "SD and interval disagree",
        "warning",
        t(final_ci_low=3.43, final_ci_high=4.71, final_mean=4.07, ci_level=95),
        t(final_ci_low=3.41, final_ci_high=4.73, final_mean=4.07, ci_level=95),
    ),
    (
        "interval not centred",
        "note",
        t(final_sd=None, final_ci_low=3.43, final_ci_high=4.73, ci_level=95),
        t(final_sd=None, final_ci_low=3.43, final_ci_high=4.74, ci_level=95),
    ),
    (
        "outside the scale",
        "serious",
        t(**CHANGE_ONLY, baseline_mean=2.01, change_mean=-2.02, change_sd=1.9),
        t(**CHANGE_ONLY, baseline_mean=2.01, change_mean=-2.03, change_sd=1.9),
    ),
    ("wrong sign", "serious", t(baseline_mean=4.47, change_mean=-0.4), t(baseline_mean=4.47, change_mean=0.4)),
    (
        "wrong sign",
        "warning",
        {"both": {**CHANGE_ONLY, "change_sd": 1.9}, **t(change_mean=0.61), "placebo": {"change_mean": 0.5}},
        {"both": {**CHANGE_ONLY, "change_sd": 1.9}, **t(change_mean=0.61), "placebo": {"change_mean": 0.51}},
    ),
    ("change disagrees with its means", "note", t(change_mean=-2.25), t(change_mean=-2.26)),
    ("change disagrees with its means", "warning", t(change_mean=-2.25), t(change_mean=-2.66)),
    ("scale in doubt", "warning", {"both": {"scale": "VAS"}}, {"both": {"scale": "VAS 0-11"}}),
    (
        "scale in doubt",
        "serious",
        {"both": {"scale": "VAS", "scale_max": 100, "baseline_mean": 10.01, "final_mean": 4.5}},
        {"both": {"scale": "VAS", "scale_max": 100, "baseline_mean": 9.99, "final_mean": 4.5}},
    ),
    ("floor effect", "warning", t(baseline_mean=1.84), t(baseline_mean=1.82)),
    ("floor effect", "note", t(final_mean=2.02), t(final_mean=2.00)),
    ("ceiling effect", "warning", t(baseline_mean=8.16), t(baseline_mean=8.18)),
    ("ceiling effect", "note", t(final_mean=7.98), t(final_mean=8.00)),
    ("baseline imbalance", "warning", t(baseline_mean=6.94), t(baseline_mean=6.95)),
    ("baseline imbalance", "warning", t(baseline_mean=7.12, n=10), t(baseline_mean=7.13, n=10)),
    ("baseline imbalance", "serious", t(baseline_mean=6.13), t(baseline_mean=7.36)),
    ("identical arms", "warning", t(baseline_mean=6.14), t(baseline_mean=6.13)),
    ("identical arms", "note", t(final_mean=4.98), t(final_mean=4.97)),
    (
        "change and final disagree",
        "warning",
        {**t(change_mean=-1.65), "placebo": {"change_mean": -1.66}},
        {**t(change_mean=-1.55), "placebo": {"change_mean": -1.66}},
    ),
    ("difference too large", "warning", t(final_sd=0.95, final_mean=1.87), t(final_sd=0.95, final_mean=1.71)),
    (
        "difference too large",
        "serious",
        {"both": {"final_sd": 0.95}, **t(final_mean=2.2)},
        {"both": {"final_sd": 0.95}, **t(final_mean=2.0)},
    ),
    ("n assumed", "warning", t(n_basis="read"), t(n_basis="assumed")),
    ("n inferred", "note", t(n_basis=None), t(n_basis="inferred")),
    ("uneven split", "note", t(n=59), t(n=60)),
    ("doubtful", "warning", {"both": {"certainty": "derived"}}, {"both": {"certainty": "doubtful"}}),
    ("second-hand", "note", {"both": {"certainty": None}}, {"both": {"certainty": "second-hand"}}),
    ("control not inert", "warning", {"both": {"control": "placebo"}}, {"both": {"control": "weak dose"}}),
    ("control not inert", "warning", {"both": {"control": None}}, {"both": {"control": "other"}}),
    ("crossover without paired SD", "note", {}, {"both": {"design": "crossover"}}),
    ("SD to be imputed", "warning", {"both": {"baseline_sd": None}}, {"both": {"final_sd": None}}),
    ("SD to be imputed", "warning", {"both": NO_SD | {"p_between": "0.02"}}, {"both": NO_SD | {"p_between": "<0.02"}}),
    ("SD from p", "note", {"both": NO_SD | {"p_between": "0.9"}}, {"both": NO_SD | {"p_between": "0.89"}}),
]


@cache
def one_table(side):
    """All cases of one side as trials of one table: the clean trials, then case0, case1 and so on."""
    frames = [clean()]
    for at, case in enumerate(LINES):
        frame = changed(**case[side])
        frames.append(frame[frame["study"] == "trial0"].assign(study=f"case{at}", author=f"Case{at}"))
    return audited(pd.concat(frames, ignore_index=True))


@pytest.mark.parametrize("at", range(len(LINES)), ids=lambda at: f"{LINES[at][0]}-{LINES[at][1]}")
def test_a_rule_fires_beyond_its_line_and_not_within(at):
    check, severity = LINES[at][:2]
    for side, fires in ((2, False), (3, True)):
        found = one_table(side)
        own = found[(found["study"] == f"case{at}") & (found["check"] == check) & (found["severity"] == severity)]
        assert len(own) > 0 if fires else own.empty, found[found["study"] == f"case{at}"].to_string()


SHARE = {"scale": "percent change", "scale_min": None, "scale_max": None, "baseline_mean": 100, "baseline_sd": 20}
SHARE |= {"final_mean": 60, "final_sd": 70}
ORDINARY = "Randomised, double-blind; 40 of 42 analysed. Week counted from the start. The sham device was inert."


@cache
def three_changed():
    """What is found in the clean trials when cells of the first three are changed."""
    ways = {"trial0": t(baseline_mean=7.36), "trial1": {"both": SHARE}, "trial2": {"both": {"note": ORDINARY}}}
    own = [changed(of=study, **way).query(f"study == '{study}'") for study, way in ways.items()]
    return audited(pd.concat([*own, clean()[6:]], ignore_index=True))


def test_a_percent_of_the_start_is_at_no_end_of_a_scale():
    found = three_changed().query("study == 'trial1'")
    assert not {"floor effect", "ceiling effect"} & set(found["check"])


def test_every_check_has_a_case_or_a_test_of_its_own():
    text = Path(__file__).read_text(encoding="utf-8")
    known = set(audit()["check"]) | {"wrong sign", "outside the scale", "SD entered as SE", "SD and interval disagree"}
    assert {check for check in known if f'"{check}"' not in text} == set()
    said = " ".join(audit_trials.__doc__.split())
    assert {check for check in known if check not in said} == set()


def test_a_finding_names_rows_and_reason():
    found = three_changed().query("check == 'baseline imbalance'").iloc[0]
    assert (found["rows"], found["label"], found["table"]) == ((2, 3), "Author0 2010", "trials")
    assert found["value"] == pytest.approx(7.36 - 6.13)
    assert found["reason"] == (
        "Baselines of 7.36 (treatment) and 6.13 (placebo) differ by 1.23 points, 3.0 standard errors."
    )
    assert found["remedy"].endswith(".")


def with_times(frame, studies=("trial0",)):
    """Add a second, later time point to some trials."""
    later = frame[frame["study"].isin(studies)].assign(week=12, timepoint="follow-up", primary="no")
    return pd.concat([frame, later], ignore_index=True)


def test_direction_turns_and_dropout():
    """trial0 just within the line, trial1 just beyond it."""
    frame = clean()
    treated = frame["arm"] == "treatment"
    first = treated & frame["study"].isin(["trial0", "trial1"])
    frame.loc[first, "final_mean"] -= 0.11  # 1.01 below placebo
    frame = with_times(frame, ["trial0", "trial1"])
    later = (frame["week"] == 12) & (frame["arm"] == "treatment")
    for study, rise, n in (("trial0", 0.99, 33), ("trial1", 1.01, 32)):
        placebo = frame.loc[(frame["study"] == study) & (frame["arm"] == "placebo"), "final_mean"].iloc[0]
        frame.loc[later & (frame["study"] == study), ["final_mean", "n"]] = [placebo + rise, n]
    found = audited(frame)
    assert found[["study", "check", "severity"]].values.tolist() == [
        ["trial1", "direction turns", "warning"],
        ["trial1", "unequal dropout", "warning"],
    ]
    assert found["rows"].iloc[0] == (16, 17, 4, 5)
    assert found["value"].tolist() == pytest.approx([1.01, 0.2])


def test_one_scale_with_two_ends():
    frame = with_times(changed(both={"scale": "VAS"}))
    assert "scale in doubt" not in checks(frame)
    frame.loc[frame["week"] == 12, "scale_max"] = 20
    assert checks(frame)["scale in doubt"] == "serious"


def test_shared_placebo_arm():
    frame = clean()
    second = frame[(frame["study"] == "trial0") & (frame["arm"] == "treatment")].assign(arm_label="double dose")
    found = audited(pd.concat([frame, second], ignore_index=True))
    assert found[["check", "severity", "value"]].values.tolist() == [["shared placebo arm", "note", 2.0]]
    assert found["rows"].item() == (2, 14, 3)


def test_same_trial_twice():
    """Three pairs that share something; an author may publish twice in a year, if the numbers of people differ."""
    frame = clean().astype({"author": object}).assign(doi=None, pmid=None)
    pairs = {("trial0", "trial3"): {"doi": "10.1/x"}, ("trial1", "trial4"): {"pmid": "123"}}
    pairs[("trial2", "trial5")] = {"author": "Twin", "year": 2001}
    for studies, cells in pairs.items():
        for column, value in cells.items():
            frame.loc[frame["study"].isin(studies), column] = value
    found = audited(frame)
    assert found[["study", "check", "severity"]].values.tolist() == [
        ["trial3", "same trial twice", "serious"],
        ["trial4", "same trial twice", "serious"],
        ["trial5", "same trial twice", "warning"],
    ]
    assert found["rows"].iloc[0] == (2, 3, 8, 9)
    frame.loc[frame["study"] == "trial5", "n"] = 41
    frame.loc[frame["study"] == "trial3", "doi"] = "10.1/X "
    frame.loc[frame["study"] == "trial4", "pmid"] = "124"
    assert audited(frame)["study"].tolist() == ["trial3"]


def test_the_same_numbers_under_two_ids():
    frame = clean()
    source, copy = (frame["study"] == name for name in ("trial0", "trial3"))
    columns = ["baseline_mean", "final_mean"]
    frame.loc[copy, columns] = frame.loc[source, columns].to_numpy()
    found = audited(frame)
    assert found["reason"].tolist() == ["Trial0 and trial3 have the same numbers: is it one trial?"]
    assert found["severity"].tolist() == ["serious"]


NOTED = [
    ("control not inert", "The sham gave some energy, so it is not fully inert."),
    ("control not inert", "Patches without current, so patients could tell."),
    ("allocation in doubt", "A matched placebo group: randomisation is in doubt."),
    ("allocation in doubt", "The page does not show that allocation was random."),
    ("rescue medication", "The placebo arm took more rescue medication."),
    ("favourable time point", "Only week 2 has numbers: selected upward."),
    ("scale in doubt", "0-10 range assumed from the values."),
    ("the note states a doubt", "Outlier. Run without it."),
    ("the note states a doubt", "The decrease may be a final score."),
]


def test_what_only_a_note_tells_is_quoted():
    frames = [clean()]
    for at, (_, note) in enumerate(NOTED):
        frame = changed(both={"note": f"Something else. {note} And more."}).query("study == 'trial0'")
        frames.append(
            frame.assign(study=f"case{at}", author=f"Case{at}", final_mean=frame["final_mean"] + at / 50 + 0.2)
        )
    found = audited(pd.concat(frames, ignore_index=True))
    assert found["check"].tolist() == [check for check, _ in NOTED]
    for (_, note), reason in zip(NOTED, found["reason"], strict=True):
        assert note.split(".")[0] in reason and "Something else" not in reason
    assert found["rows"].iloc[0] == (14, 15)


def test_a_picked_time_point_is_found_once():
    for note in (None, "Something else. Only week 2 has numbers: selected upward."):
        found = audited(changed(both={"selected": "yes", "note": note}))
        assert found["check"].tolist() == ["favourable time point"] and found["rows"].tolist() == [(2, 3)]
        assert found["reason"].iloc[0].startswith("The time point was picked")
        assert ("selected upward" in found["reason"].iloc[0]) is bool(note)
    assert audited(changed(both={"selected": "no"})).empty


def test_an_ordinary_note_is_no_doubt():
    assert three_changed().query("study == 'trial2'").empty and not three_changed().empty


def test_the_words_that_are_looked_for_are_patterns():
    for _, pattern, remedy in NOTES:
        re.compile(pattern)
        assert remedy.endswith(".")


def deleted_residuals(effects):
    """One by one, by `pool`, as a check of the batch."""
    z = []
    for at in range(len(effects)):
        rest = np.arange(len(effects)) != at
        others = ma.pool(effects.yi[rest], effects.vi[rest], ci_method="z")
        z.append((effects.yi[at] - others.estimate) / np.sqrt(effects.vi[at] + others.tau2 + others.se**2))
    return np.array(z)


@pytest.mark.parametrize("final", [1.9, 2.4])
def test_outliers(final):
    frame = changed(**t(final_mean=final))
    z = deleted_residuals(ma.effect_sizes(as_read(frame)))
    found = audited(frame).query("check == 'outlier'")
    assert len(found) == int(np.abs(z[0]) > OUTLIER)
    if len(found):
        assert found["study"].item() == "trial0" and found["value"].item() == pytest.approx(z[0], abs=1e-9)


def test_outliers_of_the_real_trials():
    found = of_trials()[of_trials()["check"] == "outlier"].set_index("study")["value"]
    assert set(found.index) == {"nct02461225", "vallbona1997", "lauretti2015", "juto2015", "sangdee2002"}
    effects = ma.effect_sizes(TRIALS, missing_sd="drop").where(therapy_family="Magnetic field")
    at = effects.table["study"].tolist().index("vallbona1997")
    assert found["vallbona1997"] == pytest.approx(deleted_residuals(effects)[at], abs=1e-9)


# -------------------------------------------------------------------------------------- reported differences, own data


def test_reported_differences():
    found = audit()[audit()["table"] == "contrasts"]
    picked = found[found["check"] == "favourable time point"]
    assert len(picked) == (CONTRASTS["selected"] == "yes").sum() == 18
    twice = found[found["check"] == "same trial twice"]
    assert twice["study"].tolist() == ["alrashoud2014", "altan2005"]
    off = found[found["check"] == "interval not centred"]
    assert set(off["study"]) == {"jacobson2001", "law2005", "thamsborg2005", "taylor1981"}


def test_the_required_columns_are_enough(tmp_path):
    columns = "study author year therapy therapy_family condition_group design scale scale_min scale_max primary arm n"
    frame = clean()[[*columns.split(), "final_mean", "source"]]
    found = audit_trials(ma.read_trials(frame))
    assert set(found["check"]) == {"SD to be imputed"} and len(found) == 6
    responders = frame.drop(columns=["final_mean"]).assign(events=5)
    assert audit_trials(ma.read_trials(responders)).empty
    one = frame[frame["study"] == "trial0"].assign(final_sd=2.0)
    assert list(audit_trials(ma.read_trials(one)).columns) == RESULT


def test_types_and_order():
    assert audit()["value"].dtype == float
    assert audit()["severity"].isin(SEVERITIES).all()
    assert audit()["reason"].str.endswith((".", "?", "?.")).all()
    place = {study: at for at, study in enumerate(TRIALS["study"].drop_duplicates())}
    order = of_trials()["study"].map(place) * 10 + of_trials()["severity"].map(SEVERITIES.index)
    assert order.is_monotonic_increasing
    for line in of_trials().itertuples():
        assert set(TRIALS.loc[list(line.rows), "study"]) == {line.study}


def test_the_order_of_the_rows_changes_nothing():
    mixed = TRIALS.sample(frac=1, random_state=3)
    found = audit_trials(mixed)

    def lines(table):
        keys = [(s, tuple(sorted(r)), c, v) for s, r, c, v in table[["study", "rows", "check", "severity"]].values]
        return sorted(keys)

    assert lines(found) == lines(of_trials())


def test_findings_in_words():
    said = audit_findings(of_trials()).splitlines()
    assert said[0] == (
        "118 findings in 48 trials: serious findings in 3 trials, warnings in 29 trials, notes only in 16 trials."
    )
    assert said[1].startswith("Chow 2006 (rows 6 and 7), baseline imbalance: Baselines of 5.92 (treatment)")
    assert said[-1].startswith("Most often: p disagrees (15 trials), second-hand (12 trials)")


def test_tables_that_were_not_read():
    with pytest.raises(ValueError, match="must be the table that read_trials returns"):
        audit_trials(pd.DataFrame({"study": ["a"]}))
    with pytest.raises(ValueError, match="stand more than once"):
        audit_trials(pd.concat([TRIALS, TRIALS]))


def test_an_sd_made_from_an_assumed_correlation_is_not_a_printed_one():
    trials, points = TRIALS, in_points(TRIALS)
    printed = trials[["change_sd", "change_se", "change_ci_low"]].notna().any(axis=1)
    known = trials[["baseline_sd", "final_sd", "baseline_mean", "final_mean"]].notna().all(axis=1)
    assert (known & ~printed).any() and points.loc[known & ~printed, "change_sd"].isna().all()
    assert points.loc[printed & trials["change_sd"].notna(), "change_sd"].notna().all()


def test_findings_name_serious_trials_in_the_order_of_the_table():
    rows = {"study": ["z", "a"], "label": ["Zed 2001", "Abe 2002"], "rows": [(2,), (4,)], "check": "spread"}
    table = pd.DataFrame(rows | {"severity": "serious", "reason": "too small"})
    lines = audit_findings(table).splitlines()
    assert [line.split(" (")[0] for line in lines[1:3]] == ["Zed 2001", "Abe 2002"]


def test_findings_of_an_audit_that_was_read_from_a_file_name_its_rows(tmp_path):
    found = of_trials()
    found.to_csv(tmp_path / "audit.csv", index=False)
    assert audit_findings(pd.read_csv(tmp_path / "audit.csv")) == audit_findings(found)


def test_rows_of_trials_made_of_a_wide_table_are_its_rows():
    wide = pd.DataFrame({"study": list("CAB"), "baseline_mean_t": [5.0, 9.0, 5.1], "baseline_mean_p": [5.0, 3.0, 5.0]})
    wide = wide.assign(baseline_sd_t=1.0, baseline_sd_p=1.0, final_mean_t=3.0, final_mean_p=4.0, final_sd_t=1.5)
    wide = wide.assign(final_sd_p=1.5, n_t=30, n_p=30)
    found = audit_trials(ma.trials_from_wide(wide, scale_min=0, scale_max=10)).query("check == 'baseline imbalance'")
    assert found[["study", "rows"]].values.tolist() == [["A", (3,)]]


def test_a_trial_that_stands_three_times_is_told_of_the_last():
    trials = published_trials()
    three = trials[trials["study"].isin(["gale2006", "chow2006", "shin2015"])].assign(doi="10.1000/same")
    twice = audit_trials(three).query("check == 'same trial twice' and severity == 'serious'")
    assert twice["study"].tolist() == [three["study"].unique()[-1]]


@pytest.mark.parametrize(("benefit", "sign", "told"), [("lower", 1, "rises"), ("higher", -1, "falls")])
def test_a_change_for_the_worse_goes_by_what_is_good(benefit, sign, told):
    row = {"n": 30, "scale_min": 0, "scale_max": 100, "change_sd": 15.0, "baseline_mean": 40.0, "baseline_sd": 45.0}
    arms = [("treatment", 20.0), ("placebo", 12.0)]
    for turned in (1, -1):
        table = [row | {"study": "A", "arm": arm, "change_mean": turned * sign * by} for arm, by in arms]
        trials = ma.read_trials(pd.DataFrame(table))
        trials.attrs.update(outcome_name="function", benefit=benefit)
        found = ma.audit_trials(trials)
        hits = found[found["check"] == "wrong sign"]
        assert len(hits) == (turned == 1) and not found["reason"].str.contains("pain").any()
        assert turned == -1 or f"Function {told} in every arm, by " in hits["reason"].item()
        assert (found["reason"].str.contains("little room for function to fall").any()) == (benefit == "lower")
