"""Themes, labels, widths and fonts: looks that change together, and nothing that leaks out of a ``with`` block."""

import ast
import itertools
import re
import threading
import time
from pathlib import Path

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from plot_cases import artist, body, misplaced, overlapping, synthetic

import analysis
from analysis.plots import _catalogue, _fonts, _layout, _look, _theme
from analysis.plots import _theme as style
from analysis.text import NumberStyle, limits, number, pvalue

THEMES = list(_look.PALETTES)
PLOTS = Path(analysis.__file__).parent / "plots"
INKS = ("INK", "MUTED", "ORANGE_TEXT", "ZONE_TEXT")
MARKS = ("SQUARE", "SQUARE_IMPUTED", "DIAMOND_EDGE", "ORANGE", "TEAL", "TRIAL", "MODEL")


@pytest.fixture(scope="module")
def arms():
    return analysis.pool_arms(synthetic(7, groups=2), by="therapy_family")


@pytest.fixture(scope="module")
def pooled():
    return analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05])


def texts(fig):
    return [text.get_text() for text in fig.findobj(Text) if text.get_text()]


def contrast(one, other):
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    light, dark = sorted((_theme.luminance(one), _theme.luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# looks


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_keeps_text_apart_and_inside(name, arms):
    with analysis.theme(name):
        drawn = [analysis.arms_forest(arms), analysis.forest(arms), analysis.labbe(arms)]
    for fig in drawn:
        assert misplaced(fig) == ([], [])
        assert min(text.get_fontsize() for text in fig.findobj(Text) if text.get_text()) >= 6


@pytest.mark.parametrize("name", THEMES)
def test_ink_and_marks_stand_out_from_the_paper(name):
    with analysis.theme(name):
        for ink in INKS:
            assert contrast(getattr(style, ink), style.PAPER) >= 4.5, ink
        assert contrast(style.ZONE_TEXT, style.PAPER) >= 4.5
        marks = [(mark, getattr(style, mark)) for mark in MARKS] + list(style.GROUPS)
        for mark, colour in marks:
            assert contrast(colour, style.PAPER) >= 3, mark
            assert contrast(colour, style.ZONE) >= 2.5, mark
        assert contrast(style.INK, style.SQUARE) >= 3  # an interval is seen across its square
        for fill, letter in style.SYMBOLS.values():
            assert contrast(fill, letter) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_arms_stay_apart_in_grey(name):
    with analysis.theme(name):
        lightness = [_theme.luminance(colour) for colour in (style.ORANGE, style.TEAL)]
    assert abs(lightness[0] - lightness[1]) > 0.15


def test_every_colour_of_a_figure_comes_from_its_theme(arms):
    def colours(fig):
        found = {to_hex(text.get_color()) for text in fig.findobj(Text) if text.get_text()}
        for each in fig.findobj(lambda a: hasattr(a, "get_paths")):
            found |= {to_hex(c) for c in each.get_facecolor()}
            wide = np.any(np.asarray(each.get_linewidth()) > 0)
            found |= {to_hex(c) for c in each.get_edgecolor()} if wide and len(each.get_edgecolor()) else set()
        return found

    for draw in (analysis.arms_forest, analysis.forest, analysis.labbe):
        light = colours(draw(arms))
        with analysis.theme("dark"):
            fig = draw(arms)
        assert light & colours(fig) == set()
        assert _theme.luminance(fig.get_facecolor()) < _theme.DARK


@pytest.mark.parametrize("path", sorted(PLOTS.glob("*.py")), ids=lambda path: path.stem)
def test_no_look_is_kept_from_import(path):
    """A default argument or a constant would keep the look of the theme in which a module was loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    bodies = [node.body if isinstance(node.body, list) else [node.body] for node in functions]
    inside = {id(sub) for node in itertools.chain(*bodies) for sub in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "style":
            assert id(node) in inside, f"{path.name}:{node.lineno} style.{node.attr}"


def test_diamonds_and_squares_have_the_colours_of_the_theme(arms):
    with analysis.theme("jama", square="#446688"):
        fig = analysis.forest(arms)
    diamond = artist(fig, "contrast-total")
    assert to_hex(diamond.get_facecolor()[0]) == _look.PALETTES["jama"]["look"]["DIAMOND"]
    assert to_hex(diamond.get_edgecolor()[0]) == "#000000"
    assert "#446688" in {to_hex(c) for c in artist(fig, "contrast-markers").get_facecolor()}


# signs of numbers


@pytest.mark.parametrize(
    ("name", "low", "high", "head", "p"),
    [
        ("default", "[−2.17 to", "0.20]", "Effect [95% CI]", ("0.012", "<0.001", ">0.99")),
        ("jama", "(−2.17 to", "0.20)", "Effect (95% CI)", (".012", "<.001", ">.99")),
        ("revman", "[−2.17,", "0.20]", "Effect [95% CI]", ("0.012", "<0.001", ">0.99")),
    ],
)
def test_signs_follow_the_theme(name, low, high, head, p):
    with analysis.theme(name):
        fig = analysis.forest(analysis.pool([-0.985], [0.365]))
        assert (pvalue(0.012), pvalue(0.0001), pvalue(0.999)) == p
    row = body(fig).iloc[0]
    assert (row["text_low"], row["text_high"]) == (low, high)
    assert {low, high, head} <= set(texts(fig))


def test_p_is_written_as_the_journal_has_it(arms):
    with analysis.theme("jama"):
        caption = analysis.forest(arms).content.caption
    assert ", P = ." in caption and " p " not in caption
    assert ", p = 0." in analysis.forest(arms).content.caption


def test_two_decimals_in_revman():
    wide = analysis.pool([-10.0, -4.0, -7.0], [4.0, 9.0, 5.0])
    assert body(analysis.forest(wide))["text_estimate"].iloc[0] == "−10.0"
    with analysis.theme("revman"):
        assert body(analysis.forest(wide))["text_estimate"].iloc[0] == "−10.00"


@pytest.mark.parametrize("mark", [",", "·"])
def test_decimal_marks_are_the_same_everywhere(mark, arms):
    with analysis.theme(decimal=mark):
        fig = analysis.forest(arms)
        assert number(-1234.5, 1) == f"−1\u202f234{mark}5" and limits(0, 1, 1) == (f"[0{mark}0 to", f"1{mark}0]")
    shown = [each for each in texts(fig) if not each.startswith(("Trial", "Family"))]
    assert [each for each in shown if re.search(r"\d\.\d", each)] == []
    assert f"95{mark}" not in fig.content.caption and f"100{mark}0%" in " ".join(shown)


# a theme is in force within its block, and nowhere else


def test_themes_end_with_their_block(pooled):
    usual = style.INK
    with pytest.raises(KeyError), analysis.theme("dark"):
        assert style.INK != usual
        raise KeyError
    assert style.INK == usual and limits(0, 1) == ("[0.00 to", "1.00]")


def test_themes_nest(pooled):
    with analysis.theme("jama", labels={"Trial": "Studie"}):
        with analysis.theme(decimal=","):
            assert limits(0, 1) == ("(0,00 to", "1,00)") and style.say("Trial") == "Studie"
        with analysis.theme("default"):
            assert limits(0, 1) == ("[0.00 to", "1.00]") and style.say("Trial") == "Studie"
        assert limits(0, 1) == ("(0.00 to", "1.00)")


def test_other_threads_keep_their_own_look():
    seen = []
    with analysis.theme("dark"):
        thread = threading.Thread(target=lambda: seen.append((style.PAPER, limits(0, 1))))
        thread.start()
        thread.join()
    assert seen == [("white", ("[0.00 to", "1.00]"))]


def test_a_theme_is_checked_where_it_is_named():
    for arguments, message in [
        ({"name": "jamma"}, "theme is 'jamma'; choose from default, jama"),
        ({"squares": "red"}, "no setting 'squares'; perhaps square"),
        ({"labels": {"Diference": "Differenz"}}, r"'Diference' \(perhaps 'Difference'"),
        ({"labels": {"": "x"}}, "labels translates what no figure says: ''"),
    ]:
        with pytest.raises(ValueError, match=message):
            analysis.theme(**arguments)


# labels


GERMAN = {
    "Trial": "Studie",
    "trials": "Studien",
    "Difference": "Differenz",
    "Weight": "Gewicht",
    "{at} CI": "{at}-KI",
    "{low} to": "{low} bis",
    "{low} to {high}": "{low} bis {high}",
    "{name}, pooled": "{name}, gepoolt",
    "Prediction interval, new trial": "Vorhersageintervall, neue Studie",
    "favours treatment": "für die Behandlung",
    "random-effects model, τ² by {method}": "Modell mit zufälligen Effekten ({method} für τ²)",
}


@pytest.fixture(scope="module")
def german(arms):
    with analysis.theme(labels=GERMAN, decimal=","):
        return analysis.forest(arms)


def test_labels_translate_whole_texts_and_phrases(german):
    shown = set(texts(german))
    assert {"Studie", "Differenz [95%-KI]", "Gewicht", "Vorhersageintervall, neue Studie"} <= shown
    assert {"Family 0, gepoolt", "← für die Behandlung"} <= shown
    assert any(each.startswith("[−") and each.endswith(" bis") for each in shown)
    assert "Modell mit zufälligen Effekten (REML für τ²); 95% confidence" in german.content.caption
    assert "Studien within groups in order of year" in german.content.caption  # capital or not
    assert misplaced(german) == ([], [])


def test_names_of_trials_are_not_translated(german, arms):
    names = [row["name"] for row in body(german).to_dict("records") if row["kind"] == "trial"]
    assert len(names) == 7 and set(names) == set(arms.effects.table["label"])
    assert all(name.startswith("Trial ") for name in names) and set(names) <= set(texts(german))


def test_files_speak_the_language_of_the_figure(german, tmp_path):
    analysis.save_figure(german, tmp_path / "g", formats=["svg"])
    beside = (tmp_path / "g.md").read_text(encoding="utf-8")
    assert "| Studie |" in beside and "| Trial 0 |" in beside and "**Family 0, gepoolt " in beside
    assert "−1,17 bis" in beside and " to " not in beside.split("## Table")[1].split("##")[0]


def test_the_text_with_most_letters_of_its_own_goes_first():
    say = _catalogue.translator({"trial": "Studie", "all {nouns}": "alle {nouns}", "all trials": "sämtliche Studien"})
    assert say("Trial") == "Studie" and say("trials") == "trials" and say(_theme.Said("trial")) == "trial"
    assert say("all studies") == "alle studies" and say("All trials") == "Sämtliche Studien"
    assert say("Trial 1, a trial of trial") == "Trial 1, a trial of trial"  # words of the data
    assert say(say("trial")) == "Studie"


def test_a_translation_may_have_the_places_in_another_order():
    text = "test between groups (a τ² for each): Q {q}, df {df}, p {p}"
    say = _catalogue.translator({text: "p {p}: ein Test ({df} df, Q {q})", "{low} to {high}": "bis {high} ab {low}"})
    assert say("Test between groups (a τ² for each): Q 3.05, df 1, p = 0.081.") == "P = 0.081: ein Test (1 df, Q 3.05)."
    assert say("The trials' estimates of effect run from −1.20 to −0.31") == (
        "The trials' estimates of effect run from bis −0.31 ab −1.20"
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"zorder": "x", "linewidths": "z"}, "no figure says: 'zorder'; 'linewidths'"),
        ({"contrast_low": "x"}, "'contrast_low'"),  # of the data behind a figure
        ({"Peron": "x"}, r"'Peron' \(perhaps 'Prior'"),
        ({"favours {arm}": "für {arms}"}, "'favours {arm}', which has no place arms"),
        ("fr", "labels is 'fr'; give a mapping of texts to translations, or one of 'de'"),
    ],
)
def test_labels_are_of_texts(labels, message):
    with pytest.raises(ValueError, match=message):
        analysis.theme(labels=labels)


def test_all_listed_texts_can_be_translated(arms):
    fig = analysis.forest(arms)
    listed = analysis.figure_labels(fig)
    assert {"trial", "difference", "weight", "placebo", "{name}, pooled", "{low} to {high}"} <= set(listed)
    with analysis.theme(labels={label: f"#{i}#" for i, label in enumerate(listed) if not re.search("[{]", label)}):
        other = analysis.forest(arms)
    said = " ".join([*texts(other), other.content.title, other.content.caption, other.content.alt_text])
    kept = [label for i, label in enumerate(listed) if "{" not in label and f"#{i}#" not in said]
    assert kept == [] and len(listed) > 40


# widths


def test_widths_have_names(pooled):
    for name, width in (("single", 85), ("double", 174)):
        assert analysis.forest(pooled, width_mm=name).get_size_inches()[0] * 25.4 == pytest.approx(width)
    with pytest.raises(ValueError, match="width_mm is 'triple'; give millimetres"):
        analysis.forest(pooled, width_mm="triple")


@pytest.mark.parametrize("k", [1, 13])
@pytest.mark.parametrize("name", ["Trial {i}", "A rather long name of several authors {i}"])
def test_a_short_table_fits_a_single_column(k, name):
    fig = analysis.forest(analysis.pool_arms(synthetic(k, name=name)), width_mm="single")
    assert misplaced(fig) == ([], [])
    assert min(text.get_fontsize() for text in fig.findobj(Text) if text.get_text()) >= 6
    gids = {text.get_gid() for text in fig.findobj(Text)}
    assert "cell-0-text_estimate" in gids and "cell-0-text_n_placebo" not in gids


def test_long_names_go_on_in_further_lines():
    effects = synthetic(3, name="A rather long name of several authors {i}")
    fig = analysis.forest(analysis.pool_arms(effects), width_mm=85)
    lines = [t for t in fig.findobj(Text) if (t.get_gid() or "").startswith("cell-0-text_name")]
    assert len(lines) > 1 and " ".join(line.get_text() for line in lines) == body(fig)["name"].iloc[0]
    y = [line.get_position()[1] for line in lines]
    middle = style.CAP * lines[0].get_fontsize() / style.PT_PER_MM
    assert np.mean(y) - middle == pytest.approx(body(fig)["y_mm"].iloc[0])
    assert len({line.get_position()[0] for line in lines}) == 1


# fonts


@pytest.mark.parametrize(
    "text", ["Trial", "AVATAR To. Ty", "−1.32 [−1.90 to", "Kovács 2004 † a", "τ² Иванов Παπ", "office"]
)
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_widths_are_those_of_shaped_text(text, weight):
    prop = FontProperties(family="DejaVu Sans", size=100, weight=weight)
    expected = text_to_path.get_text_width_height_descent(text, prop, False)[0] / style.PT_PER_MM
    assert _layout.text_width(text, 100, weight) == pytest.approx(_layout.SAFETY * expected, rel=0.01)


def test_a_font_of_rcparams_is_used(arms, pooled):
    usual = {text.get_fontfamily()[0] for text in analysis.forest(pooled).findobj(Text) if text.get_text()}
    assert usual == {"DejaVu Sans"}
    with matplotlib.rc_context({"font.family": "serif"}):
        fig = analysis.forest(arms)
        with analysis.theme(font="DejaVu Sans Mono"):
            assert analysis.forest(pooled).families[0] == "DejaVu Sans Mono"
    assert {t.get_fontfamily()[0] for t in fig.findobj(Text) if t.get_text()} == {"DejaVu Serif"}
    assert misplaced(fig) == ([], [])
    with matplotlib.rc_context({"font.family": ["No such font", "DejaVu Sans Mono"]}):
        assert analysis.forest(pooled).families == ("DejaVu Sans Mono", "DejaVu Sans")


def test_dark_paper_of_a_style_sheet_gives_the_dark_theme(pooled):
    with matplotlib.style.context("dark_background"):
        assert _theme.luminance(analysis.forest(pooled).get_facecolor()) < _theme.DARK
        with analysis.theme("default"):
            assert to_hex(analysis.forest(pooled).get_facecolor()) == "#ffffff"


def make_font(path, name, advances):
    """Write a font whose letters are boxes of the given widths (thousandths of its size)."""
    pen = TTGlyphPen(None)
    for corner in ((100, 0), (100, 700), (400, 700), (400, 0)):
        (pen.lineTo if corner != (100, 0) else pen.moveTo)(corner)
    pen.closePath()
    box = pen.glyph()
    glyphs = [".notdef", *(f"g{ord(letter)}" for letter in advances)]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(glyphs)
    font.setupCharacterMap({ord(letter): f"g{ord(letter)}" for letter in advances})
    font.setupGlyf(dict.fromkeys(glyphs, box))
    font.setupHorizontalMetrics(dict(zip(glyphs, [(500, 100), *((w, 100) for w in advances.values())], strict=True)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": name, "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return str(path)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install fonts for one test, beside those of matplotlib alone."""
    own = [font for font in fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(fontManager, "ttflist", own)
    remembered = [fontManager._findfont_cached, *(x for x in vars(_fonts).values() if hasattr(x, "cache_clear"))]
    for each in remembered:
        each.cache_clear()

    def install(name, advances):
        fontManager.addfont(make_font(tmp_path / f"{name}.ttf", name, advances))

    yield install
    for each in remembered:
        each.cache_clear()


def test_fonts_without_tabular_figures_are_passed_over(installed, pooled):
    installed("Ragged", {letter: 500 + 10 * i for i, letter in enumerate("0123456789")})
    installed("Even", dict.fromkeys("0123456789", 500))
    for names, expected in ((["Ragged"], "DejaVu Sans"), (["Ragged", "Even"], "Even")):
        with matplotlib.rc_context({"font.family": names}):
            assert analysis.forest(pooled).families[0] == expected


def chinese():
    return analysis.pool([-1.0, -0.4], [0.04, 0.09], labels=["李 2003", "Kovács 2004"])


def test_letters_come_from_another_installed_font(installed, tmp_path):
    installed("Han Sans", {"李": 1000})
    fig = analysis.forest(chinese())
    name = artist(fig, "cell-0-text_name")
    assert name.get_text() == "李 2003" and name.get_fontfamily() == ["DejaVu Sans", "Han Sans"]
    svg = analysis.save_figure(fig, tmp_path / "han", formats=["svg", "png", "pdf"])[0].read_text(encoding="utf-8")
    assert "@font-face{font-family:'Han Sans'" in svg and "font-family=\"'DejaVu Sans', 'Han Sans', sans-serif\"" in svg
    assert overlapping(fig) == [] and _fonts.with_fallbacks(("DejaVu Sans",), "李")[1] == frozenset()


def test_letters_that_no_font_has_are_named_once(installed, tmp_path):
    fig = analysis.forest(chinese())
    with pytest.warns(UserWarning, match=r"No installed font has 李 \(U\+674E\)") as caught:
        analysis.save_figure(fig, tmp_path / "han")
    assert len(caught) == 1
    assert artist(fig, "cell-0-text_name").get_text() == "□ 2003"
    assert ">李 2003</text>" in (tmp_path / "han.svg").read_text(encoding="utf-8")
    assert "installed font" not in (tmp_path / "han.md").read_text(encoding="utf-8")  # readers cannot draw it again
    assert misplaced(fig) == ([], [])


@pytest.mark.parametrize("label", ["محمد وآخرون 2011", "כהן ואחרים 2009", "Nguyễn Thị Ánh 2010", "Ólafsdóttir–Şahin"])
def test_other_scripts_are_measured_as_they_are_shaped(label):
    fig = analysis.forest(analysis.pool([-1.0, -0.4], [0.04, 0.09], labels=[label, "Other 2004"]))
    assert misplaced(fig) == ([], [])
    drawn = artist(fig, "cell-0-text_name")
    width = drawn.get_window_extent().width / fig.dpi * 25.4
    assert _layout.text_width(label, style.BODY_PT) == pytest.approx(width, rel=0.05)


def test_number_style_is_plain_by_default():
    assert NumberStyle() == (".", "\u202f", " to ", "[]", True)


@pytest.mark.parametrize("text", ["a (b) " * 60 + "ci (", "x, " * 300, "; ".join(["0.1 (95% CI 1 to 2)"] * 60)])
def test_a_long_text_that_fits_nothing_costs_no_time(text):
    say, before = _catalogue.translator({"trial": "Studie"}), time.process_time()
    assert say(text) == text and time.process_time() - before < 5
