"""Numbers into words: input beside exact output, and sentences that follow the numbers."""

import dataclasses
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects

import analysis as ma
from analysis import sentences, text

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (-2.5, 2, "−2.50"),
        (0.005, 2, "0.01"),
        (-0.004, 2, "−0.004"),
        (-1e-6, 2, "0.00"),
        (-3.21e-10, 12, "−3.21 × 10⁻¹⁰"),
        (4.56e11, 0, "4.56 × 10¹¹"),
        (1234567.0, 0, "1\u202f234\u202f567"),
        (np.nan, 2, "not estimable"),
        (np.inf, 2, "not estimable"),
        (None, 2, "not estimable"),
    ],
)
def test_number(value, digits, expected):
    assert text.number(value, digits) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0, "<0.001"),
        (0.00099, "<0.001"),
        (0.001, "0.001"),
        (0.0494, "0.049"),
        (0.0994, "0.099"),
        (0.0996, "0.10"),
        (0.5, "0.50"),
        (1.0, ">0.99"),
        (np.nan, "not estimable"),
    ],
)
def test_pvalue(p, expected):
    assert text.pvalue(p) == expected


def test_summary_says_what_few_studies_and_narrow_intervals_mean():
    assert "One study" in ma.pool([-1.0], [0.2]).summary()
    assert "3 studies: tau is hardly known" in ma.pool([-1, 0.5, -2], [0.1, 0.1, 0.1]).summary()
    alike = ma.pool([-1.0, -1.01, -0.99, -1.0, -1.0], [0.1] * 5)
    assert alike.hksj_narrower and "narrower than the Wald" in alike.summary()
    assert "because the studies agree better than chance would have it" in alike.summary()
    differ = ma.pool([-1.0, -0.2, 0.6, -0.4, 0.2, -1.4], [0.1] * 6, tau2=1.0)
    assert differ.hksj_narrower and "lie closer to their mean than tau² and chance would have it" in differ.summary()
    assert "Common-effect" in ma.pool([-1, 0.5], [0.1, 0.1], tau2_method="CE").summary()


@pytest.mark.parametrize(("value", "expected"), [(0.95, "95%"), (0.999, "99.9%"), (0.975, "97.5%")])
def test_level_is_not_rounded(value, expected):
    assert text.level(value) == expected


def test_summary_escapes_for_the_notebook():
    assert "p &lt;0.001" in ma.pool([-5.0, -5.1, -5.2], [0.01] * 3, ci_method="z")._repr_html_()


def arms_like(effects, placebo, treatment):
    """The pooled arms of trials whose arm changes are shifted to the wanted means."""
    table = effects.table.copy()
    for name, mean in (("change_placebo", placebo), ("change_treatment", treatment)):
        table[name] += mean - table[name].mean()
    table["yi"] = table["change_treatment"] - table["change_placebo"]
    table = table.dropna(subset=["yi"])
    return ma.pool_arms(dataclasses.replace(effects, table=table, outcome_name="pain", benefit="lower"))


def test_findings_follow_the_numbers():
    effects = published_effects()
    better = sentences.findings(arms_like(effects, -1.0, -4.0))
    assert "pain fell by" in better and ") in the placebo arms and by" in better
    assert "less pain with treatment" in better
    worse = sentences.findings(arms_like(effects, -1.0, 2.0))
    assert "in the placebo arms and rose by" in worse and "less pain with placebo" in worse
    same = sentences.findings(arms_like(effects, -1.0, -1.0))
    assert "the interval is compatible with no difference" in same
    without_baseline = ma.pool_arms(effects.where(study=["khoromi2007", "wang2009"]))
    assert sentences.findings(without_baseline).startswith("The randomised difference")


def test_findings_of_one_trial_do_not_speak_of_what_cannot_be_estimated():
    effects = published_effects().where(study="chow2006")
    said = sentences.findings(ma.pool_arms(effects))
    assert "In the 1 trial with a change in both arms" in said and "not estimable" not in said


def test_findings_admit_a_narrow_interval():
    effects = published_effects().where(study=["shin2015", "multanen2018"])
    arms = ma.pool_arms(effects, ci_method="HKSJ")
    assert arms.contrast.hksj_narrower
    assert "narrower than the Wald interval" in sentences.findings(arms)
    assert "narrower than the Wald intervals" in ma.arms_forest(arms).content.caption


def test_findings_name_every_group():
    effects = published_effects()
    arms = ma.pool_arms(effects, by="therapy_family")
    last = sentences.findings(arms).splitlines()[-1]
    for name, group in arms.groups.items():
        assert f"{name} {text.number(group.contrast.estimate)} (95% CI" in last


def test_the_readme_answers_with_what_the_numbers_say(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import answer

    [told] = answer.PLACE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert told == answer.answer(), "run `make answer`"


def test_links_of_the_readme_lead_somewhere():
    places = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(places) > 30 and [place for place in places if not (ROOT / place).exists()] == []


def test_the_readme_names_the_required_columns():
    from analysis.data.dictionary import REQUIRED

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert ", ".join(f"`{name}`" for name in REQUIRED) in " ".join(readme.split())


@pytest.mark.parametrize(
    ("yi", "vi", "said", "unsaid"),
    [
        ([2, 2, 2], [0.1, 0.1, 0.1], "The interval of tau² is empty", "outside of its interval"),
        ([1, 2], [0.1, 0.2], "no interval of two is both honest and useful", "tau is hardly known"),
        (
            [0, 1, 5, 0.5],
            [0.01, 0.5, 0.6, 0.7],
            "Study 1 has 95% of the common-effect weight",
            "interval of tau² is empty",
        ),
        ([0, 1, 5, 0.5], [0.5, 0.5, 0.6, 0.7], "4 studies: tau is hardly known", "common-effect weight"),
    ],
)
def test_what_should_not_be_taken_as_it_stands_is_said(yi, vi, said, unsaid):
    summary = ma.pool(yi, vi).summary()
    assert said in summary and unsaid not in summary
    assert "CI 0.00 to 0.00" not in summary


def test_of_two_studies_both_are_shown():
    both = ma.pool([-1.0, -0.4], se=[0.3, 0.3], labels=["A", "B"])
    assert "  Each study    A −1.0 (95% CI −1.6 to −0.4); B −0.4 (95% CI −1.0 to 0.2)" in both.summary()
    assert math.isnan(both.pi.low) and "Each" not in ma.pool([1.0, 2.0, 3.0], [0.1] * 3).summary()


def test_tau2_outside_of_its_interval_is_told():
    """REML gives 0 where the interval of Q, which goes by other weights, lies above it."""
    pooled = dataclasses.replace(
        ma.pool([0.1, 0.5, -0.3, 0.2], [0.1] * 4), tau2=0.0, tau2_ci=ma.ConfidenceInterval(0.1, 3.0)
    )
    assert "tau² lies outside of its interval" in pooled.summary()
    assert "lies outside" not in ma.pool([0.1, 0.5, -0.3, 0.2], [0.1] * 4).summary()


def test_a_correlation_on_the_boundary_is_called_that():
    joint = ma.pool_bivariate([[0, 0], [1, 2], [2, 4], [3, 6.0]], [[0.01, 0.01]] * 4)
    assert joint.correlation == pytest.approx(1.0) and "correlate 1.00, the boundary." in joint.findings()


RUN = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1+1",
    "\u00a0=1",
    "\uff1d1",
    "-x",
    "\n=1",
]
KEPT = [
    "",
    "a",
    "a=1",
    "'=1",
    "-0.7",
    "+3",
    "-.5",
    "-1e-05",
    "12%",
    "-",
    "+",
    "=",
    "\u22120.7 (-1 to 2)",
    -0.7,
    None,
    True,
]


@pytest.mark.parametrize("cell", RUN)
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell):
    assert text.safe_cell(cell) == text.safe_cell(text.safe_cell(cell)) == "'" + cell


@pytest.mark.parametrize("cell", KEPT)
def test_other_cells_stay(cell):
    assert text.safe_cell(cell) is cell


def test_a_cell_that_ends_at_a_semicolon_elsewhere_is_text_there_too():
    assert text.safe_cell("Kim;=1+1;-0.7;b") == text.safe_cell("Kim;'=1+1;-0.7;b") == "Kim;'=1+1;-0.7;b"


def test_a_safe_table_keeps_its_numbers_and_changes_nothing_of_the_first():
    table = pd.DataFrame({"=name": RUN[:3], "yi": [-0.7, np.nan, 2.0], "n": [-1, 2, 3], "a": [1, "=1", None]})
    table = table.assign(kind=pd.Categorical(["-x", "b", "b"]), day=pd.to_datetime(["2020-01-01"] * 3))
    before, safe = table.copy(), text.safe_table(table)
    pd.testing.assert_frame_equal(table, before)
    assert list(safe.columns) == ["'=name", "yi", "n", "a", "kind", "day"]
    assert list(safe["'=name"]) == ["'" + cell for cell in RUN[:3]] and list(safe["kind"]) == ["'-x", "b", "b"]
    pd.testing.assert_frame_equal(safe[["yi", "n", "day"]], table[["yi", "n", "day"]])
    assert safe["a"].tolist()[:2] == [1, "'=1"] and safe["a"].isna().tolist() == [False, False, True]
    lines = safe.to_csv(index=False).splitlines()
    assert not any(line.startswith(("=", "+", "-", "@")) for line in lines)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Kim 2016", "Kim 2016"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a & b", "a & b"),
        ("p <0.001, I² >50 % [−1 to 2]", "p <0.001, I² >50 % [−1 to 2]"),
        ("&lt;b>", "&amp;lt;b>"),
        ("> said", r"\> said"),
        ("1\u202f234", "1\u202f234"),
        ("[x]: y [^1] [@z]", r"[x\]: y \[^1] \[@z]"),
        ("[x](http://y) ![z]", r"[x\](http://y) ![z]"),
        ("a|b\n\n# c", r"a\|b # c"),
        ("# heading", r"\# heading"),
        ("1. one", r"1\. one"),
        ("- item", r"\- item"),
        ("a_b *c* `d` ~e~ $f$ \\", r"a\_b \*c\* \`d\` \~e\~ \$f\$ \\"),
    ],
)
def test_markdown_says_words_as_they_are(words, expected):
    assert text.markdown_cell(words) == expected
