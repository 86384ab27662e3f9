"""Reports: paragraphs whose every number is one of the result, and every format read back as its reader would."""

import ast
import csv
import dataclasses
import io
import itertools
import json
import math
import os
import pickle
import re
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import docx
import numpy as np
import pandas as pd
import pytest
from data_cases import published_effects, published_trials
from PIL import Image
from test_results import NAMES, made

import analysis as ma
from analysis.reports.again import data_files, studies
from analysis.reports.as_html import html
from analysis.reports.as_json import as_json
from analysis.reports.as_latex import escaped, latex
from analysis.reports.as_markdown import markdown
from analysis.reports.contents import FIGURES, _tried, contents
from analysis.reports.contents import _figures as figures_of
from analysis.reports.document import Bullets, Code, Document, Heading, Paragraph, Picture, Table
from analysis.reports.paragraphs import is_told, methods, results
from analysis.reports.sources import keys_in, sources
from analysis.sentences import Wording
from analysis.text import significant

ROOT = Path(__file__).parents[1]
TOLD = (
    "pool",
    "one study",
    "imputed",
    "doses",
    "compared",
    "subgroups",
    "peto",
    "mantel-haenszel",
    "regression",
    "multilevel",
    "multilevel regression",
    "bayes",
    "arms",
    "both arms",
    "asymmetry",
    "trim and fill",
    "pet-peese",
    "selection",
    "limit",
    "small studies",
)
NAME = "A & B_2001 <b>$x$</b>"
COUNTS = pd.DataFrame(
    {
        "study": [NAME, "Łódź 2003", "東京 2010", "D|E*", "Zoë ‘09’"],
        "events_t": [4, 6, 9, 3, 12],
        "n_t": [40, 35, 50, 30, 60],
        "events_p": [9, 11, 15, 9, 20],
        "n_p": [41, 33, 52, 31, 61],
    }
)


@cache
def laser():
    effects = ma.effect_sizes(COUNTS, measure="OR", benefit="lower", arms=("laser", "sham"), outcome_name="relapse")
    return ma.pool(effects)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The report of foreign data in every format."""
    place = tmp_path_factory.mktemp("report") / "new" / "folder"
    ma.report(laser(), place)
    return place


# Paragraphs


def test_every_model_that_is_told_is_tested_here():
    assert tuple(name for name, result in made().items() if is_told(result)) == TOLD


def numbers_of(value):
    """Every number that a result holds, also those of results and tables within it."""
    if isinstance(value, int | float | np.number):
        yield float(value)
        return
    parts = []
    if isinstance(value, pd.DataFrame | pd.Series | np.ndarray):
        parts = [each for each in np.ravel(value) if isinstance(each, int | float | np.number)]
    elif isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, tuple | list):
        parts = value
    elif hasattr(value, "__dict__"):
        parts = [each for name, each in vars(value).items() if name != "effects"]
        parts += [getattr(value, name, None) for name in ("params", "pi", "bse", "pvalues")]
        parts += [value.conf_int()] if hasattr(value, "conf_int") else []
    for each in parts:
        yield from numbers_of(each)


def allowed(result):
    found = list(numbers_of(result))
    measure = ma.Measure(getattr(result, "measure", getattr(getattr(result, "contrast", None), "measure", "")))
    with np.errstate(all="ignore"):
        found += [float(measure.transform(x)) for x in found]
        found += [math.sqrt(x) for x in found if x >= 0]
    effects = getattr(getattr(result, "overall", result), "effects", None)
    if effects is not None:
        found += [len(effects), len(effects.left_out), *effects.table["status"].value_counts()]
        found += [x for x in effects.options.values() if isinstance(x, float)]
    if hasattr(result, "to_frame"):
        found += numbers_of(result.to_frame())
    if type(result).__name__ == "DoseResponse":
        mid = (result.lowest + result.highest) / 2
        found += [mid, *numbers_of(result.predict([mid, result.highest, result.lowest]))]
    if type(result).__name__ == "ImputedEffect":
        found.append(len(result.imputed))
    if type(result).__name__ == "PooledSubgroups":
        found += numbers_of(result.f_df)
    return [x for x in found if math.isfinite(x)]


NOT_OF_THE_RESULT = re.compile(
    r"Software:.*|\(([^()]*(?:19|20)\d\d[^()]*)\)|0–10|points of 10|1/SE|1/variance|k − [12]|CR[12]|L0|p 0\.025"
    r"|tau²|I²|chi²|R²"
)
PRINTED = re.compile(r"(?<![\w.])([<−]?)(\d+(?:\u202f\d{3})*(?:\.\d+)?)(%?)")


def strangers(text, result):
    """Numbers of a text that are no number of the result at the digits they are printed with."""
    known = np.array(allowed(result))
    other = []
    for sign, shown, share in PRINTED.findall(NOT_OF_THE_RESULT.sub("", text)):
        value, digits = float(shown.replace("\u202f", "")), len(shown.partition(".")[2])
        # A change is said to fall by so much; where there is a sign it must be that of the number.
        at = -known if sign == "−" else np.abs(known)
        held = at < value if sign == "<" else np.abs(at * (100 if share else 1) - value) <= 0.5000001 * 10.0**-digits
        other += [] if held.any() else [sign + shown + share]
    return other


@pytest.mark.parametrize("name", TOLD)
def test_every_number_of_the_paragraphs_is_one_of_the_result(name):
    result = made()[name]
    text = ma.results_text(result)
    assert PRINTED.search(text)
    assert strangers(text, result) == []
    # The names of arms, of columns and of shapes hold no number here.
    assert strangers(ma.methods_text(result), result) == []


def test_a_number_that_is_not_of_the_result_would_be_seen():
    result = laser()
    assert strangers(ma.results_text(result), result) == []
    assert strangers(ma.results_text(result).replace("0.45", "0.46"), result) == ["0.46"]
    assert strangers(ma.results_text(result).replace("0.45", "−0.45"), result) == ["−0.45"]
    assert strangers("An I² of 77% in 5 studies.", result) == ["77%"]


@pytest.mark.parametrize("name", TOLD)
def test_sentences_are_short_and_whole(name):
    result = made()[name]
    lists = ("By therapy", "In the 36", "The randomised", "The coefficients", "Differences between", "Pooled together")
    for sentence in (*methods(result), *results(result)):
        bare = re.sub(r" \[@[^]]*\]", "", sentence)
        assert sentence[0].isupper() or sentence[0].isdigit(), sentence
        assert sentence.endswith(".") and "  " not in sentence and "nan" not in sentence.split(), sentence
        assert len(bare.split()) <= 30 or sentence.startswith(lists), sentence


def test_foreign_effects_read_right():
    text, how = ma.results_text(laser()), ma.methods_text(laser())
    assert text.startswith(
        "The pooled odds ratio, laser over sham, of 5 studies was 0.45 (95% CI 0.28 to 0.72): favours laser."
    )
    assert "z = −3.31, p <0.001" in text and "Q was 0.79 on 4 degrees of freedom, p = 0.94." in text
    assert how.startswith(
        "The effect measure was the odds ratio of relapse (laser over sham). It was analysed on the log scale"
    )
    assert "Lower values favour laser, higher values sham." in how
    for word in ("placebo", "treatment", "pain", "trial"):
        assert word not in (text + how).replace("treatment effect", "").replace("pain-meta-analysis", "")


def test_effects_without_arms_or_a_benefit_read_right():
    table = pd.DataFrame({"study": list("ABCD"), "events": [3, 5, 6, 9], "n": [30, 31, 32, 40]})
    fit = ma.pool(ma.effect_sizes(table, measure="PLO"), tau2_method="CE", ci_method="z")
    assert "The pooled proportion of 4 studies was 0.17" in ma.results_text(fit)
    assert "The test of no effect" not in ma.results_text(fit)  # no proportion is none
    assert "on the logit scale" in ma.methods_text(fit) and "common-effect model" in ma.methods_text(fit)
    assert "REML" not in ma.methods_text(fit) and "likelihood" not in ma.methods_text(fit)
    means = pd.DataFrame({"study": list("ABC"), "yi": [0.2, 0.5, 0.4], "vi": [0.04, 0.03, 0.05]})
    smd = ma.pool(ma.effect_sizes(means, measure="SMD", arms=("laser", "sham")))
    said = ma.results_text(smd)
    assert "standardised mean difference, laser minus sham, of 3 studies was 0.38 standard deviations" in said
    assert "favour" not in said + ma.methods_text(smd)


METHODS = {
    "tau2_method": {
        "ML": "by maximum likelihood (Viechtbauer 2005)",
        "DL": "DerSimonian & Laird 1986",
        "PM": "Paule & Mandel 1982",
        "EB": "Morris 1983",
        "HE": "Cochran 1954",
        "HS": "Hunter & Schmidt 2004",
        "SJ": "Sidik & Jonkman 2005",
    },
    "ci_method": {
        "HKSJ": "by the method of Hartung, Knapp, Sidik and Jonkman (Hartung & Knapp 2001; Sidik & Jonkman 2002).",
        "HKSJ-mod": "Röver et al. 2015",
        "z": "from the normal distribution",
        "t": "from the t distribution",
    },
    "pi_method": {"t(k-1)": "k − 1 degrees of freedom (Higgins et al. 2009)", "t(k-2)": "k − 2", "z": "on the normal"},
    "tau2_ci_method": {
        "profile likelihood": "Hardy & Thompson 1996",
        "Jackson": "Jackson 2013",
        "Biggerstaff": "Biggerstaff & Jackson 2008",
    },
    "confidence_level": {0.9: "at the 90% level"},
}


@pytest.mark.parametrize(("option", "value"), [(name, value) for name, of in METHODS.items() for value in of])
def test_methods_are_those_of_the_result(option, value):
    extra = {"tau2_method": "DL"} if value in ("Jackson", "Biggerstaff") else {}
    text = ma.methods_text(ma.pool([0.2, 0.9, -0.4, 0.3], [0.04, 0.05, 0.03, 0.06], **{option: value}, **extra))
    assert METHODS[option][value] in text
    others = {said for name, said in METHODS[option].items() if name != value and said not in METHODS[option][value]}
    assert not [said for said in others if said in text]


def test_a_given_tau2_is_not_called_an_estimate():
    text = ma.methods_text(ma.pool([0.2, 0.9, -0.4], [0.04, 0.05, 0.03], tau2=0.1))
    assert "(tau²) was given, not estimated." in text and "Q-profile" not in text


@pytest.mark.parametrize("tell", [ma.methods_text, ma.results_text, lambda x: ma.report(x, "nowhere")])
def test_others_are_refused_by_name(tell):
    for stranger in (made()["power"], made()["provenance"], COUNTS, 3.0):
        with pytest.raises(TypeError, match=f"cannot use an? {type(stranger).__name__}: give the result of a model"):
            tell(stranger)


# Sources


def docstrings():
    for path in (ROOT / "analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield " ".join((ast.get_docstring(node) or "").split())


def test_every_source_is_one_that_the_library_names_already():
    text = " ".join(docstrings()).lower()
    for key, source in sources().items():
        found = re.search(r"doi = \{(.*)\}", source.bibtex)
        family, year = key[:-4], key[-4:]
        assert f" {year}" in source.called and source.reference.count(year) >= 1
        if found:
            assert found[1].lower() in text, key
        else:
            assert re.search(rf"{family}[^.;]* {year}", text), key


def test_every_source_is_cited_somewhere_or_by_an_option():
    code = " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "analysis/reports").glob("*.py"))
    assert [key for key in sources() if f"@{key}" not in code and key not in code] == []
    for name in TOLD:
        assert keys_in(methods(made()[name])) is not None and "[@" not in ma.methods_text(made()[name])


def test_bibtex_has_no_letter_that_old_programs_cannot_sort():
    text = (ROOT / "analysis/reports/references.bib").read_text(encoding="utf-8")
    assert text.isascii() and text.count("{") == text.count("}")
    assert sources()["noortgate2013"].reference.startswith("Van den Noortgate W, López-López JA, Marín-Martínez F")
    assert list(sources()) == sorted(sources())


# The folder


def test_every_file_is_there_and_nothing_else(folder):
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    figures = {f"figures/{name}.{kind}" for name in ("forest", "leave_one_out") for kind in ("pdf", "png")}
    reports = {f"report.{kind}" for kind in ("html", "docx", "tex", "md", "json")}
    assert names == reports | figures | {"studies.csv", "references.bib"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_stands_alone_and_is_escaped(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert not re.search(r"(?:src|href)=\"(?!data:)|url\(|@import|<script|<link", text)
    assert NAME in page.text and "<b>$x$" not in text
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == 2
    assert all(each["src"].startswith("data:image/svg+xml;base64,") for each in images)
    assert images[0]["alt"].startswith("Forest plot: Odds ratio of relapse") or "Odds ratio" in images[0]["alt"]
    tables = [tag for tag, _ in page.tags].count("table")
    assert tables == [tag for tag, _ in page.tags].count("thead") == [tag for tag, _ in page.tags].count("caption") > 3
    assert all(attrs.get("scope") == "col" for tag, attrs in page.tags if tag == "th")
    assert "prefers-color-scheme: dark" in text and "@media print" in text and 'lang="en"' in text
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_no_part_of_html_is_taken_for_mark_up():
    sign = '<i>&amp;"</i>'
    blocks = [Heading(sign), Paragraph(sign), Bullets([sign]), Code(sign), Table(sign, [sign], [[sign]])]
    text = html(Document(sign, blocks))["report.html"].decode()
    assert "<i>" not in text and [each for each in Page(text).text if "amp" in each].count(sign) >= 7


def test_word_has_real_tables_captions_and_alternative_texts(folder):
    file = docx.Document(folder / "report.docx")
    heads = [paragraph.text for paragraph in file.paragraphs if paragraph.style.name == "Heading 1"]
    assert heads[:5] == ["Question", "Summary", "Data", "Methods", "Results"] and heads[-1] == "References"
    captions = [paragraph.text for paragraph in file.paragraphs if paragraph.style.name == "Caption"]
    assert [text.partition(".")[0] for text in captions if text.startswith("Figure")] == ["Figure 1", "Figure 2"]
    assert len([text for text in captions if text.startswith("Table")]) == len(file.tables)
    first = file.tables[0]
    assert [cell.text for cell in first.rows[0].cells][:3] == ["Study", "Patients, laser", "Patients, sham"]
    assert first.rows[1].cells[0].text == NAME and first.rows[3].cells[0].text == "東京 2010"
    for table in file.tables:
        assert table.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
    shapes = file.inline_shapes
    assert len(shapes) == 2
    for shape in shapes:
        assert shape._inline.docPr.get("descr")
        assert shape.width <= docx.shared.Mm(174.1) and shape.height <= docx.shared.Mm(255)
    assert shapes[0].width == pytest.approx(docx.shared.Mm(174), rel=1e-3)
    with zipfile.ZipFile(folder / "report.docx") as parts:
        image = Image.open(io.BytesIO(parts.read("word/media/image1.png")))
    assert image.size[0] / (shapes[0].width / docx.shared.Inches(1)) == pytest.approx(300, rel=0.01)


def test_markdown_shows_names_as_they_are_and_finds_its_figures(folder):
    text = (folder / "report.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\((figures/[^)]+)\)", text)
    assert linked == ["figures/forest.png", "figures/leave_one_out.png"]
    assert all((folder / name).is_file() for name in linked)
    assert "| A & B\\_2001 &lt;b>\\$x\\$&lt;/b> | 40 | 41 |" in text and "| D\\|E\\* |" in text
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1


def test_json_keeps_its_schema_and_every_digit(folder):
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with nbformat")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(told, schema)
    assert told["result"]["estimate"] == laser().estimate and told["result"]["pi_high"] == laser().pi.high
    assert [row["yi"] for row in told["studies"]] == laser().yi.tolist()
    assert told["methods"] == ma.methods_text(laser()) and told["results"] == ma.results_text(laser())
    assert {"Heading", "table", "figure"} <= {section["kind"] for section in told["sections"]} | {"Heading"}
    assert set(told["references"]) == set(re.findall(r"^@\w+\{(\w+)", (folder / "references.bib").read_text(), re.M))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed: texlive-latex-recommended")
def test_latex_compiles_without_a_warning(folder, tmp_path):
    place = tmp_path / "tex"
    shutil.copytree(folder, place)
    for _ in range(3):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"],
            cwd=place,
            capture_output=True,
            timeout=300,
        )
    log = (place / "report.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    assert not re.findall(r"^.*(?:Warning|Missing character|Overfull).*$", log, re.MULTILINE)
    assert (place / "report.pdf").stat().st_size > 10_000


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed: texlive-latex-recommended")
def test_latex_has_every_letter_or_its_number(tmp_path):
    letters = "".join(map(chr, [*range(32, 127), *range(0xA0, 0x180), *range(0x391, 0x3CA), 0x6771, 0x1F642]))
    letters += "−–—‘’“”…×±≤≥≠≈²³†‡•°→←\u202f\u2009"
    document = Document("Letters", [Heading("All"), *(Paragraph(f"x{letter}x") for letter in letters)])
    document.blocks.append(Table("[Rows] * of signs", ["*", "["], [["*a", "b"], ["[1mm]", "c"], ["", "* d"]]))
    document.blocks.append(Code("[a]\n*b\n    c  # ~^\\\n"))
    document.blocks.append(Bullets(["[label]", "*star"]))
    (tmp_path / "report.tex").write_bytes(latex(document)["report.tex"])
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    for _ in range(2):  # widths of tables are known at the second run
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300)
    log = (tmp_path / "report.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-1500:]
    assert not re.findall(r"^.*(?:Warning|Missing character).*$", log, re.MULTILINE)
    text = shutil.which("pdftotext") and subprocess.run(
        ["pdftotext", "-layout", "report.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8"
    )
    if text:
        for signs in ("*a", "[1mm]", "[a]", "[label]", "*star", "xłx", "x[U+6771]x"):
            assert signs in text.stdout


ABROAD = COUNTS.assign(
    study=["Παπαδόπουλος & ΑΒΓ 2001", "Łódź 2003", "東京 2010", "Nguyễn, Žižek 2014", "Иванов, τ² 2015"]
)


@pytest.fixture(scope="module")
def abroad(tmp_path_factory):
    place = tmp_path_factory.mktemp("abroad")
    effects = ma.effect_sizes(ABROAD, measure="OR", benefit="lower", arms=("laser", "sham"))
    ma.report(ma.pool(effects), place, "tex")
    return place


@pytest.mark.parametrize("engine", ["pdflatex", "xelatex"])
def test_latex_of_names_from_abroad_compiles_without_a_missing_letter(engine, abroad, tmp_path):
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed: texlive-latex-recommended, texlive-xetex")
    place = tmp_path / "tex"
    shutil.copytree(abroad, place)
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    for _ in range(3):
        done = subprocess.run(command, cwd=place, capture_output=True, timeout=300)
    log = (place / "report.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    assert not re.findall(r"^.*(?:Warning|Missing character|Overfull).*$", log, re.MULTILINE)
    if shutil.which("pdftotext"):
        show = ["pdftotext", "-layout", "report.pdf", "-"]
        text = subprocess.run(show, cwd=place, capture_output=True, text=True, encoding="utf-8").stdout
        # In the table; in figures, which are drawn, names are whole.
        table = unicodedata.normalize("NFC", text.partition("Table 1")[2].partition("Table 2")[0])
        assert "Łódź" in table
        if engine == "pdflatex":
            assert "[U+6771][U+4EAC]" in table and "[U+1EC5]" in table and "[U+03" not in table
        else:
            assert "Παπαδόπουλος & ΑΒΓ" in table and "Nguyễn, Žižek" in table and "Иванов" in table
            assert "東京" in table or "[U+6771][U+4EAC]" in table  # where no such font is installed


def test_signs_stay_mathematics_and_words_in_greek_are_words():
    assert escaped("τ² and χ²") == r"$\tau$\textsuperscript{2} and $\chi$\textsuperscript{2}"
    assert escaped("Ύλης") == (
        r"\greek{038E}{Ύ}{\acute{\mathrm{Y}}}\greek{03BB}{λ}{\lambda}\greek{03B7}{η}{\eta}\greek{03C2}{ς}{\varsigma}"
    )


def test_a_name_does_not_end_the_alternative_text_of_markdown():
    names = ["Pipe|d [l](u)", r"a\](b) [@c]", "]: [[d"]
    picture = Picture("residuals", ma.qq_plot(ma.pool([-1.0, 0.9, -0.7], [0.04, 0.09, 0.05], labels=names)))
    shown = markdown(Document("Names", [picture]))["report.md"].decode()
    [alt] = re.findall(r"!\[((?:\\.|[^\\\[\]])*)\]\(figures/residuals\.png\)", shown)
    assert re.sub(r"\\(.)", r"\1", alt) == picture.alt and sum(name in picture.alt for name in names) == 2


def test_latex_has_rules_a_true_minus_and_no_command_of_the_user(folder):
    text = (folder / "report.tex").read_text(encoding="utf-8")
    assert text.count("\\toprule") == 2 * text.count("\\begin{longtable}") and "\\midrule" in text
    assert "−" not in text and "z = $-$3.31" in text
    assert escaped(r"\input{x} 50% #_^~") == (
        r"\textbackslash{}input\{x\} 50\% \#\_\textasciicircum{}\textasciitilde{}"
    )
    assert "A \\& B\\_2001 \\textless{}b\\textgreater{}\\$x\\$" in text
    for name, height in re.findall(r"\\includegraphics\[width=\\textwidth,height=(\d+)mm,.*?\]\{(.*?)\}", text):
        assert int(name) < 255 and (folder / height).is_file()


# What it holds


def kinds(document, kind):
    return [block for block in document.blocks if isinstance(block, kind)]


def titles(document):
    return [block.text for block in kinds(document, Heading)]


def test_contents_are_those_of_the_analysis():
    small = contents(laser(), None, None, None)
    assert [block.name for block in kinds(small, Picture)] == ["forest", "leave_one_out"]
    assert small.title == "Odds ratio in relapse, laser over sham: a meta-analysis" or "laser over sham" in small.title
    assert any("fewer than 10" in block.text for block in kinds(small, Paragraph))
    judged = ma.read_risk_of_bias(ROOT / "data/risk_of_bias.csv")
    large = contents(ma.pool(published_effects()), "Mine", "Why?", judged[judged["tool"] == "RoB 2"])
    assert large.title == "Mine" and large.blocks[1] == Paragraph("Why?", marked=False)
    assert [block.name for block in kinds(large, Picture)] == [
        "forest",
        "arms",
        "leave_one_out",
        "multiverse",
        "funnel",
        "risk_of_bias_summary",
        "traffic_light",
    ]
    assert titles(large)[-2:] == ["Appendix: numbers that are not printed as they stand", "References"]
    left, derived = kinds(large, Table)[0], kinds(large, Table)[-1]
    assert len(left.rows) == 6 and len(derived.rows) == len(published_effects().derivations)
    models = next(table for table in kinds(large, Table) if table.caption.startswith("The pooled effect by other"))
    assert [row[0] for row in models.rows][-2:] == ["Common effect", "Scores adjusted for baseline"]
    adjusted = ma.pool(ma.effect_sizes(published_effects().rows, outcome="ancova"))
    assert models.rows[-1][2] == f"−{abs(adjusted.estimate):.2f}"


@pytest.mark.parametrize("name", TOLD)
def test_every_model_has_a_report(name):
    if name in ("pool", "arms", "subgroups"):
        pytest.skip("those of many trials take seconds, and stand in the test above")
    document = contents(made()[name], None, None, None)
    assert titles(document)[:5] == ["Question", "Summary", "Data", "Methods", "Results"]
    assert all(len(row) == len(table.heads) for table in kinds(document, Table) for row in table.rows)
    assert not [text for block in kinds(document, Paragraph) if "nan" in (text := block.text).split()]


def test_an_arm_or_a_group_is_not_taken_for_the_whole(tmp_path):
    arms, groups = made()["arms"], made()["subgroups"].groups
    for fit in (arms.placebo, groups["Needle"]):
        assert studies(fit)["yi"].tolist() == list(fit.yi) and len(studies(fit)) == fit.k
        path = tmp_path / "report.json"
        path.write_bytes(as_json(Document("Short"), fit)["report.json"])
        assert ma.read_report(path).estimate == pytest.approx(fit.estimate, rel=1e-12)
    names = [block.name for block in kinds(contents(arms.placebo, None, None, None), Picture)]
    assert names == ["forest", "leave_one_out", "funnel"]  # none of the contrast, whose effects it carries


def exercise(**options):
    """Effects of the published trials whose arms have names of their own."""
    rows = published_trials()
    names = {"treatment": "exercise", "placebo": "usual care"}
    return ma.effect_sizes(rows.assign(arm_label=rows["arm"].map(names).fillna(rows["arm_label"])), **options)


def test_texts_and_report_of_one_arm_say_which(tmp_path):
    arms = ma.pool_arms(exercise())
    for pooled, name, other in (
        (arms.placebo, "usual care", "exercise"),
        (arms.treatment, "exercise", "usual care"),
    ):
        said = [ma.results_text(pooled), ma.methods_text(pooled), pooled.summary(), ma.findings(pooled)]
        report = contents(pooled, None, None, None)
        said += [report.title, kinds(report, Paragraph)[0].text]
        assert all(name in text and other not in text for text in said)
        assert report.title == f"Mean change in pain, {name}: a meta-analysis"
        assert said[0].startswith(f"The pooled mean change, {name}, of 36 trials was")
        # What is told of the numbers behind it is that of the arm, not of the contrast.
        status = arms.effects.table["change_status"].value_counts()
        assert f"Of 36 effects, {status['recovered']} were recovered" in said[1]


def test_the_appendix_calls_arms_by_their_names():
    for options in ({}, {"multi_arm": "split"}, {"missing_sd": "impute-largest"}, {"measure": "RR"}):
        told = exercise(**options).derivations
        assert set(told["arm"]) <= {"exercise", "usual care", ""}
        assert not told["rule"].str.contains("placebo|treatment arms combined").any()
    assert "imputed: SD of the change pooled over the usual care arms of 31 other trials" in set(
        exercise().derivations["rule"]
    )


def test_results_of_arms_have_what_their_methods_promise():
    effects = published_effects()
    arms, pooled = ma.pool_arms(effects, by="condition_group"), ma.pool(effects)
    said, alone = ma.results_text(arms), ma.results_text(pooled)
    for sentence in re.split(r"(?<=\.) (?=[A-Z])", alone)[1:]:
        assert sentence in said  # the test, tau and I² with its interval, Q, the prediction interval
    assert f"Tau² was {significant(pooled.tau2)} (95% CI {' to '.join(map(significant, pooled.tau2_ci))})." in said
    assert said.count("tau 1.30 points") == 1 and said.index("randomised difference") < said.index("The test of no")
    common = ma.results_text(ma.pool_arms(effects, tau2_method="CE", ci_method="z"))
    assert "Tau²" not in common and common.count("Q 3") == 1
    one = ma.results_text(ma.pool_arms(effects.where(study="gale2006")))
    assert "tau" not in one and "The test of no effect gave" in one


def test_methods_of_one_and_of_several_read_right():
    effects = published_effects()
    one = effects.where(study=effects.table.groupby("status")["study"].first().tolist())
    assert "Of 3 effects, 1 was recovered from other statistics that were printed and 1 rests on an imputed SD." in (
        ma.methods_text(ma.pool(one))
    )


@pytest.mark.parametrize(
    ("options", "methods_of"),
    [
        ({"outcome": "final", "missing_sd": "drop", "correlation": 0.7}, {"tau2_method": "DL", "ci_method": "z"}),
        ({"correlation": 0.55, "missing_sd": "impute-largest"}, {"tau2_method": "SJ", "ci_method": "t"}),
        ({}, {}),
    ],
)
def test_a_multiverse_marks_the_reported_analysis(options, methods_of):
    fit = ma.pool(ma.effect_sizes(published_trials(), **options), **methods_of)
    tried = _tried(fit)
    (own,) = tried[tried["default"]].itertuples()
    assert own.estimate == pytest.approx(fit.estimate, rel=1e-6) and own.k == fit.k
    assert (own.ci_low, own.ci_high) == pytest.approx(tuple(fit.ci), rel=1e-4)
    said = ma.multiverse_findings(tried)
    assert f"The reported analysis, with {Wording.of(fit).write(fit.estimate)}," in said and "default" not in said


def test_a_multiverse_without_the_reported_analysis_says_so():
    fit = ma.pool(published_effects().where(therapy_family="Light"))
    texts = [block.text for block in kinds(contents(fit, None, None, None), Paragraph)]
    (said,) = [text for text in texts if "Every combination of the choices" in text]
    assert "analysis, with" not in said and said.endswith("No trial that was left out takes part in any of them.")
    assert "None of them gives the reported mean difference, −1.55 (95% CI −2.60 to −0.50), which rests on" in said


def test_leave_one_out_stands_beside_counts_and_levels():
    for name in ("peto", "multilevel"):
        assert "leave_one_out" in [block.name for block in kinds(contents(made()[name], None, None, None), Picture)]


# Again


def test_clusters_that_are_no_studies_are_left_out_as_clusters(tmp_path):
    table = pd.DataFrame({"study": [f"S{i // 2}" for i in range(12)], "lab": [f"L{i // 4}" for i in range(12)]})
    table = table.assign(label=[f"S{i // 2}, {i}" for i in range(12)], yi=np.linspace(-0.1, 0.6, 12) ** 2, vi=0.04)
    effects = ma.effect_sizes(table, measure="SMD", yi="yi", vi="vi")
    fit = ma.pool_multilevel(effects, cluster="lab")
    ma.report(fit, tmp_path, "md")
    text = (tmp_path / "report.md").read_text()
    assert "Without one cluster at a time" in text and "12 effects of 3 clusters together" in text
    steps = ma.leave_one_out(fit)
    for fig in (ma.steps_forest(steps), ma.steps_forest(steps, overall=fit)):
        assert "without each cluster in turn" in fig.content.caption and "stud" not in fig.content.caption


def test_proportions_are_not_tested_by_other_models_either(tmp_path):
    counts = pd.DataFrame({"study": list("abcde"), "events": [1, 3, 4, 6, 7], "n": [20, 22, 24, 26, 30]})
    heads = {}
    for measure in ("PLO", "PR"):
        effects = ma.effect_sizes(counts, measure=measure)
        found = contents(ma.pool(effects), None, None, None)
        heads[measure] = next(b.heads for b in found.blocks if isinstance(b, Table) and b.heads[0] == "Model")
    assert not [name for name, head in heads.items() if "p" in head]
    tested = contents(ma.pool([0.1, 0.4, 0.2], [0.1, 0.1, 0.1], measure="SMD"), None, None, None)
    assert "p" in next(b.heads for b in tested.blocks if isinstance(b, Table) and b.heads[0] == "Model")


def test_names_that_begin_with_a_digit_are_no_numbers():
    cells = [["1. Smith, trial", "0.3 (−0.5 to 0.1)", "12"], ["2 Jones", "<0.01", ""], ["3 Ng", "[−2.0] of 7", "1"]]
    assert [Table("", list("abc"), cells).is_numeric(i) for i in range(3)] == [False, True, True]


def test_totals_of_a_tool_are_said_and_drawn_as_they_are():
    table = pd.DataFrame({"study": list("ABCDEF"), "yi": [0.1, 0.4, 0.2, 0.3, 0.5, 0.2], "vi": 0.05})
    effects = ma.effect_sizes(table, measure="SMD")
    totals = ma.read_risk_of_bias(pd.DataFrame({"Study": list("ABCD"), "Total": [5, 6, 7, 8]}), tool="PEDro")
    beside = contents(ma.pool(effects), None, None, totals)
    inside = contents(ma.pool(ma.with_risk_of_bias(effects, totals)), None, None, None)
    names = [[block.name for block in kinds(found, Picture)] for found in (beside, inside)]
    assert names == [["forest", "leave_one_out", "traffic_light"], ["forest", "leave_one_out"]]
    assert any("4 of the 6 studies were judged" in block.text for block in kinds(beside, Paragraph))


def test_a_question_is_printed_as_it_was_asked(tmp_path):
    asked = "Does it help [@smith2020], or [@hartung2001]?"
    for kind in ("html", "md", "tex", "json", "docx"):
        ma.report(laser(), tmp_path / kind, kind, question=asked)
    assert asked in (tmp_path / "html" / "report.html").read_text()
    assert json.loads((tmp_path / "json" / "report.json").read_text())["sections"][1]["text"] == asked
    assert asked.replace("[", r"\[") in (tmp_path / "md" / "report.md").read_text()


def test_lines_of_the_report_give_the_same_result(folder, monkeypatch, capsys):
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    monkeypatch.chdir(folder)
    scope = {}
    exec(told["code"], scope)
    assert scope["result"].estimate == laser().estimate and scope["result"].pi == laser().pi
    assert str(scope["result"]) == str(laser())
    assert capsys.readouterr().out == f"{laser().summary()}\n"


def nested():
    table = pd.DataFrame({"study": list("AABBCCD"), "label": [f"effect {i}" for i in range(7)], "vi": 0.05})
    return ma.effect_sizes(table.assign(yi=[0.2, 0.4, 0.9, 1.1, 0.1, 0.3, 0.8]), measure="SMD", benefit="higher")


def several():
    """Effects of which some share a study, with their covariance."""
    effects = nested()
    group = pd.factorize(effects.table["study"])[0]
    return effects, np.where(group[:, None] == group, 0.02, 0.0) + 0.03 * np.eye(len(group))


PLAIN = pd.DataFrame(
    {"label": list("ABCDEF"), "yi": [0.1, 0.6, -0.2, 0.9, 0.4, 0.5], "vi": [0.04, 0.05, 0.03, 0.06, 0.05, 0.09]}
)
PLAIN = PLAIN.assign(mg=[5.0, 10, 10, 40, 20, 30], clinic=list("AABBCC"), drug=list("xyxyxz"))
SHARED = np.diag(PLAIN["vi"]) + np.kron(np.eye(3), [[0.0, 0.01], [0.01, 0.0]])
PAIRS = [[-1.4, -3.9], [0.3, -2.7], [-0.7, -0.9], [-4.9, -6.2], [np.nan, -3.4]], [[0.3, 0.2]] * 4 + [[np.nan, 0.1]]
MANY = COUNTS.assign(events_p=[0, 11, 15, 9, 20], events_t=[0, 6, 9, 3, 12])


def of_counts(measure="OR"):
    return ma.effect_sizes(MANY, measure=measure, benefit="lower", arms=("laser", "sham"), missing="drop")


def named():
    """Effects with a moderator in an order of its own, and names that are read as numbers or as blanks elsewhere."""
    table = pd.DataFrame({"study": ["NA", "None", "007", "7", "nan", "1e3", "x", "True"], "vi": 0.05})
    table = table.assign(yi=[0.2, 0.4, 0.9, 1.1, 0.1, 0.3, 0.8, 0.2], mixed=["None", "NA", "01", "1"] * 2)
    table["level"] = pd.Categorical(["low", "high", "mid", "low"] * 2, ["low", "mid", "high"], ordered=True)
    return ma.effect_sizes(table, measure="SMD", benefit="higher")


def of_trials():
    """Effects whose rows are called trials, beside a moderator of that name."""
    effects = light()
    return dataclasses.replace(effects, table=effects.table.assign(trial=np.arange(len(effects)) % 3))


def light():
    return published_effects().where(therapy_family="Light")


def of_wide():
    """Effects of studies, by their own noun, of which one has no SD."""
    scores = {"mean_t": np.linspace(3, 4, 7), "mean_p": 5.0, "sd_t": [2.0, 1.8, None, 2.1, 1.9, 2.2, 2.0]}
    table = pd.DataFrame({"study": list("ABCDEFG"), **scores, "n_t": 20, "n_p": 21})
    trials = ma.trials_from_wide(table.assign(sd_p=table["sd_t"]), scale_min=0, scale_max=10, outcome="final")
    return ma.effect_sizes(trials, outcome="final")


REMADE = {
    "effects": lambda: laser(),
    "plain": lambda: ma.pool([0.2, 0.9, -0.4], [0.04, 0.05, 0.03], measure="SMD", tau2_method="DL", ci_method="z"),
    "a test by a line": lambda: ma.egger_test(published_effects()),
    "with a given tau2": lambda: ma.pool(laser().effects, tau2=0.1),
    "one study": lambda: ma.pool([0.2], [0.1]),
    "subgroups": lambda: ma.pool_subgroups(published_effects(), "therapy_family"),
    "levels": lambda: ma.pool_multilevel(nested()),
    "levels of another column": lambda: ma.pool_multilevel(published_effects(), cluster="therapy_family"),
    "levels of plain numbers": lambda: ma.pool_multilevel(PLAIN, cluster="clinic", measure="SMD", ci_method="CR1"),
    "levels and a covariance": lambda: ma.pool_multilevel(several()[0], vcov=several()[1]),
    "levels and moderators": lambda: ma.pool_multilevel(
        PLAIN, cluster="clinic", mods="~ np.log(mg)", vcov=np.diag(PLAIN["vi"])
    ),
    "regression": lambda: ma.meta_regression("yi ~ therapy_family + year", published_effects()),
    "regression of a table": lambda: ma.meta_regression("yi ~ np.log(mg) + clinic", PLAIN, tau2=0.02),
    "regression of a function of effects": lambda: ma.meta_regression(
        "np.sqrt(mg) ~ clinic", PLAIN.assign(v2=0.3), vi="v2"
    ),
    "regression on levels in an order": lambda: ma.meta_regression("yi ~ level", named()),
    "regression on levels of a table": lambda: ma.meta_regression("yi ~ level", named().table),
    "regression on a column called trial": lambda: ma.meta_regression("yi ~ trial", of_trials()),
    "groups whose names read like numbers": lambda: ma.pool_subgroups(named(), "mixed"),
    "names that a spreadsheet would run": lambda: ma.meta_regression(
        "yi ~ g",
        pd.DataFrame(
            {"label": ["=A", "B", "C", "D"], "yi": [0.2, 0.9, -0.4, 0.1], "vi": 0.1, "g": ["=1", "x", "=1", "x"]}
        ),
    ),
    "names that read like blanks": lambda: ma.pool([0.2, 0.9, -0.4], [0.04, 0.05, 0.03], labels=["None", "NA", "007"]),
    "regression of columns": lambda: ma.meta_regression(
        PLAIN["mg"].to_numpy(), PLAIN["yi"], vi=PLAIN["vi"], intercept=False
    ),
    "arms": lambda: ma.pool_arms(published_effects(), by="pain_type", tau2_method="DL", confidence_level=0.9),
    "both arms": lambda: ma.pool_arms(published_effects()).joint,
    "both arms of a group": lambda: ma.pool_arms(published_effects(), by="therapy_family").groups["Light"].joint,
    "pairs": lambda: ma.pool_bivariate(*PAIRS, vcov=[0.1, 0.05, 0, 0, 0], tau2_method="ML", ci_method="z"),
    "mantel-haenszel": lambda: ma.pool_mantel_haenszel(
        of_counts(), measure="RR", continuity=0.3, drop_double_zero=False
    ),
    "mantel-haenszel of counts": lambda: ma.pool_mantel_haenszel(
        MANY, measure="OR", pooled_continuity=0.5, yates=False
    ),
    "peto": lambda: ma.pool_peto(of_counts(), confidence_level=0.99),
    "bayes": lambda: ma.pool_bayes(laser().effects, tau_prior=ma.HalfCauchy(0.5), mu_prior=ma.Normal(0.0, 2.0)),
    "bayes of plain numbers": lambda: ma.pool_bayes(
        [0.2, 0.9], [0.04, 0.05], tau_prior=ma.LogStudent(-1.7, 0.5), measure="SMD"
    ),
    "bayes, uniform": lambda: ma.pool_bayes(
        [0.2, 0.9, 0.1], [0.04, 0.05, 0.1], tau_prior=ma.Uniform(3), confidence_level=0.9
    ),
    "imputed": lambda: ma.pool_imputed(published_effects(), imputations=7, seed=11),
    "imputed, among others": lambda: ma.pool_imputed(
        light(), among=published_effects(), imputations=7, seed=11, ci_method="z"
    ),
    "imputed, of a table with one row a study": lambda: ma.pool_imputed(of_wide(), imputations=5, seed=2),
    "imputed, nothing missing": lambda: ma.pool_imputed(published_effects().where(status="as printed"), seed=3),
    "doses": lambda: ma.dose_response(PLAIN, "mg", shape="quadratic", unit="mg", reference=10),
    "doses of effects": lambda: ma.dose_response(published_effects(), "sessions", missing="drop"),
    "doses on a spline": lambda: ma.dose_response(PLAIN, "mg", shape="spline", knots=(6, 15, 35), tau2_method="ML"),
    "compared": lambda: ma.compare_therapies(published_effects(), "therapy_family", comparator="dummy"),
    "compared within trials": lambda: ma.compare_therapies(
        ma.effect_sizes(PLAIN.assign(study=PLAIN["clinic"]), measure="SMD", benefit="higher"), "drug", vcov=SHARED
    ),
    "compared within rows of a table": lambda: ma.compare_therapies(PLAIN, "drug", cluster="clinic", vcov=SHARED),
    "compared in a table": lambda: ma.compare_therapies(PLAIN, "clinic", ci_method="z"),
    "egger": lambda: ma.egger_test(published_effects(), model="mixed", tau2_method="DL"),
    "begg": lambda: ma.begg_test(published_effects()),
    "peters": lambda: ma.peters_test(laser().effects),
    "harbord": lambda: ma.harbord_test(laser().effects, confidence_level=0.9),
    "pustejovsky": lambda: ma.pustejovsky_test(published_effects()),
    "trim and fill": lambda: ma.trim_and_fill(published_effects(), side="left", estimator="R0", tau2_method="DL"),
    "trim and fill of plain numbers": lambda: ma.trim_and_fill(PLAIN, tau2=0.1),
    "pet-peese": lambda: ma.pet_peese(published_effects(), alpha=0.05),
    "limit": lambda: ma.limit_meta_analysis(laser().effects, confidence_level=0.9),
    "selection": lambda: ma.selection_model(published_effects(), steps=(0.025, 0.5)),
    "selection by a beta density": lambda: ma.selection_model(PLAIN, kind="beta", alternative="greater"),
    "small studies": lambda: ma.small_study_effects(laser().effects),
}
# What no file of effects tells: where groups and tests of plain numbers are from, and parts of arms.
NOT_REMADE = {
    "groups of plain numbers": lambda: ma.pool_subgroups([0.1, 0.2, 0.4, 0.5], list("AABB"), vi=[0.1] * 4),
    "a test of plain numbers": lambda: made()["asymmetry"],
    "an adjustment of plain numbers": lambda: made()["pet-peese"],
    "numbers of people given beside effects": lambda: ma.egger_test(laser().effects, predictor="n", n=[9, 8, 7, 6, 5]),
    "variances of another column": lambda: ma.meta_regression(
        "yi ~ mg", ma.effect_sizes(PLAIN.assign(study=PLAIN["label"], v2=0.1), measure="SMD"), vi="v2"
    ),
    "groups of a list beside a column of that name": lambda: ma.pool_subgroups(
        dataclasses.replace(named(), table=named().table.assign(group=list("aabbaabb"))), list("pqpqpqpq")
    ),
    "therapies of a list beside a column of that name": lambda: ma.compare_therapies(
        dataclasses.replace(named(), table=named().table.assign(group=list("aabbaabb"))), list("pqpqpqpq")
    ),
    "levels that are intervals": lambda: ma.meta_regression(
        "yi ~ band", PLAIN.assign(band=pd.cut(PLAIN["mg"], [0, 10, 40]))
    ),
    "an unsafe formula": lambda: ma.meta_regression("yi ~ mg", PLAIN, unsafe=True),
    "arms of people who are not as usual": lambda: ma.pool_arms(
        ma.effect_sizes(ma.read_trials(ROOT / "data/trials.csv"), crossover_correlation=0.3)
    ),
}


@pytest.fixture(scope="module")
def remade(tmp_path_factory):
    """Of each result a folder with its JSON file and what its lines of Python read, and what these lines make."""
    place = tmp_path_factory.mktemp("remade")
    results = {name: make() for name, make in REMADE.items()}
    for i, result in enumerate(results.values()):
        folder = place / str(i)
        folder.mkdir()
        files = data_files(result) | as_json(Document("Short"), result)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    script = """
import json, os, pickle, sys, traceback
for i in range(int(sys.argv[2])):
    os.chdir(os.path.join(sys.argv[1], str(i)))
    scope = {}
    try:
        with open("report.json", encoding="utf-8") as file:
            exec(json.load(file)["code"], scope)
    except Exception:
        scope["result"] = traceback.format_exc()
    with open("result", "wb") as file:
        pickle.dump(scope["result"], file)
"""
    command = [sys.executable, "-W", "error", "-c", script, str(place), str(len(results))]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return {name: (result, place / str(i)) for i, (name, result) in enumerate(results.items())}


def agree(again, result, where=""):
    """All that a result says to its user is the same, but for the last digits and for the effects that it carries."""
    assert type(again) is type(result), again
    if dataclasses.is_dataclass(result):
        names = [each.name for each in dataclasses.fields(result)] + ["pi"] * hasattr(result, "pi")
        result, again = ({name: getattr(x, name) for name in names} for x in (result, again))
    if isinstance(result, dict):
        assert list(again) == list(result), where
        for name in result:
            if name not in ("effects", "left_out", "formula") and not str(name).startswith("_"):
                agree(again[name], result[name], f"{where}.{name}")
    elif isinstance(result, pd.DataFrame | pd.Series):
        same = {"check_dtype": False, "check_index_type": False, "check_column_type": False}
        pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(result), rtol=1e-9, **same)
    elif isinstance(result, float | np.ndarray) and np.asarray(result).dtype.kind == "f":
        np.testing.assert_allclose(again, result, rtol=1e-9, atol=1e-12, err_msg=where)
    elif isinstance(result, tuple):
        for one, other in zip(again, result, strict=True):
            agree(one, other, where)
    else:
        assert np.array_equal(again, result), where


@pytest.mark.parametrize("name", REMADE)
def test_a_report_makes_the_same_result_again(name, remade):
    result, folder = remade[name]
    # What was left out is in the report, and takes no part; outcomes are stored as they were explained.
    said = result.summary().replace("np.sqrt(mg) ~", "yi ~").splitlines()
    said = [line for line in said if not line.strip().startswith("Left out")]
    for again in (pickle.loads((folder / "result").read_bytes()), ma.read_report(folder / "report.json")):
        agree(again, result)
        assert again.summary().splitlines() == said


def test_every_kind_that_is_told_is_made_again_here():
    kinds = {type(make()).__name__ for make in REMADE.values()}
    assert kinds == {type(made()[name]).__name__ for name in TOLD}


def test_the_folder_has_what_the_lines_read(tmp_path):
    ma.report(REMADE["levels and a covariance"](), tmp_path / "levels", "json")
    ma.report(REMADE["imputed, among others"](), tmp_path / "imputed", "json")
    assert (tmp_path / "levels/vcov.csv").read_text().splitlines()[1].startswith("0.05,0.02,")
    trials = pd.read_csv(tmp_path / "imputed/trials.csv")
    assert set(trials["study"]) == set(published_effects().table["study"])  # the donors too


@pytest.mark.parametrize("name", NOT_REMADE)
def test_what_cannot_be_made_again_has_no_lines_and_is_refused(name, tmp_path):
    result = NOT_REMADE[name]()
    path = tmp_path / "report.json"
    path.write_bytes(as_json(Document("Short"), result)["report.json"])
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["call"] is None and told["code"] == ""
    with pytest.raises(ValueError, match=f"the result of a {type(result).__name__} cannot be made again"):
        ma.read_report(path)


def test_every_file_keeps_the_schema(remade):
    schema = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with nbformat")
    for _, folder in remade.values():
        jsonschema.validate(json.loads((folder / "report.json").read_text(encoding="utf-8")), schema)


TABLES = {
    "regression": "coefficients",
    "levels and moderators": "coefficients",
    "subgroups": "groups",
    "arms": "groups",
    "both arms": "outcomes",
    "compared": "therapies",
    "doses": "curve",
    "small studies": "methods",
}


@pytest.mark.parametrize("name", TABLES)
def test_json_has_all_that_a_result_has_several_of_and_they_are_compared(name, remade, tmp_path):
    result, folder = remade[name]
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    own = result.summary_frame() if TABLES[name] == "coefficients" else result.to_frame()
    rows, path = told["tables"][TABLES[name]], tmp_path / "report.json"
    assert len(rows) == len(own)
    column = "estimate"
    assert [row[column] for row in rows] == [None if math.isnan(x) else x for x in own[column]]
    at = next(row for row in reversed(rows) if row[column])
    at[column] += 1e-4
    path.write_text(json.dumps(told))
    with pytest.raises(ValueError, match=rf"1 number of the file, such as {TABLES[name]} \d+, {column} .* would be"):
        ma.read_report(path)


def test_a_coefficient_of_another_level_is_seen(remade, tmp_path):
    told = json.loads((remade["regression on levels in an order"][1] / "report.json").read_text(encoding="utf-8"))
    told["levels"]["level"].reverse()
    (tmp_path / "report.json").write_text(json.dumps(told))
    with pytest.raises(ValueError, match=r"coefficients 1, estimate .* would be .* now"):
        ma.read_report(tmp_path / "report.json")


def test_a_file_that_was_cut_or_changed_is_refused_in_words(folder, tmp_path):
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    path = tmp_path / "report.json"
    gone = [{key: x for key, x in told.items() if key != name} for name in ("call", "studies", "result")]
    gone += [{key: x for key, x in told.items() if key not in ("effects_made_with", "model")}, {"schema": 1}, [1], 3]
    wrong = [told | {"call": []}, told | {"result": 3}, told | {"studies": 3}, told | {"effects": []}]
    for option in ({"foo": 1}, {"tau2_method": ["REML"]}):
        wrong.append(told | {"call": told["call"] | {"options": option}})
    for each in [*gone, *wrong]:
        path.write_text(json.dumps(each))
        with pytest.raises(ValueError, match=r"report\.json that report\(\) writes|is not known|studies"):
            ma.read_report(path)


def test_a_file_that_was_written_before_measures_stood_in_the_call_is_read(remade):
    _, folder = remade["plain"]
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    del told["call"]["options"]["measure"]
    path = folder / "former.json"
    path.write_text(json.dumps(told))
    assert ma.read_report(path).measure == "SMD"


def test_read_report_refuses_what_is_none(folder, tmp_path):
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    path = tmp_path / "report.json"

    def refused(match, error=ValueError, **changes):
        path.write_text(json.dumps(told | changes))
        with pytest.raises(error, match=match):
            ma.read_report(path)

    refused("is of version 2 of the report, and this library reads 1: update it", schema=2)
    refused("'system' is no model that is read", call=told["call"] | {"function": "system"})
    refused("the result of a PooledEffect cannot be made again", call=None)
    wrong = told["studies"][:-1]
    refused("of the file, such as .* would be .* now: the file was changed", studies=wrong)
    path.write_text("no report")
    with pytest.raises(ValueError, match="is no report: give the report.json"):
        ma.read_report(path)
    with pytest.raises(FileNotFoundError):
        ma.read_report(tmp_path / "none.json")


# Methods of results


METHODS_OF = {
    "pool": {"forest", "funnel", "leave_one_out", "report"},
    "subgroups": {"forest", "funnel", "report"},
    "arms": {"forest", "funnel", "report"},
    "peto": {"forest", "leave_one_out", "report"},
    "multilevel": {"forest", "leave_one_out", "report"},
    "regression": {"forest", "leave_one_out", "report"},  # leave_one_out of its coefficients
    "bayes": {"forest", "report"},
    "trim and fill": {"funnel", "report"},
}


@pytest.mark.parametrize("name", NAMES)
def test_results_have_the_methods_that_make_sense_of_them(name):
    asked = {"forest", "funnel", "leave_one_out", "report"}
    usual = {"one study": METHODS_OF["pool"], "mantel-haenszel": METHODS_OF["peto"]}
    expected = (usual | METHODS_OF).get(name, {"report"} if is_told(made()[name]) else set())
    assert asked & set(dir(made()[name])) == expected


def test_methods_of_a_result_do_what_the_functions_do(tmp_path):
    pooled = laser()
    drawn = pooled.forest(columns=["n"], title="Mine").content
    assert drawn.caption == ma.forest(pooled, columns=["n"], title="Mine").content.caption
    assert pooled.funnel(egger=True).content.caption == ma.funnel(pooled, egger=True).content.caption
    pd.testing.assert_frame_equal(pooled.leave_one_out(ci_method="z"), ma.leave_one_out(pooled, ci_method="z"))
    assert pooled.report(tmp_path, "json", title="Mine")[0] == tmp_path / "report.json"
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["title"] == "Mine"


# Files


def test_the_same_result_gives_the_same_bytes(tmp_path):
    names = ma.report(laser(), tmp_path / "a", ["docx", "html", "json", "tex"])
    ma.report(laser(), tmp_path / "b", ["docx", "html", "json", "tex"])
    for path in names:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes(), path.name


def test_nothing_is_replaced_unless_asked_for(tmp_path):
    ma.report(laser(), tmp_path, "md")
    (tmp_path / "report.md").write_text("my own words")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for formats in ("md", "html"):  # the figures and the studies of the first are in the way of the second
        with pytest.raises(FileExistsError, match="already: choose another folder, or give overwrite=True"):
            ma.report(laser(), tmp_path, formats)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    ma.report(laser(), tmp_path, "md", overwrite=True)
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("# Odds ratio")


def test_places_that_hold_no_folder_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError, match="is a file, not a folder: choose another place"):
        ma.report(laser(), tmp_path / "file", "md")
    (tmp_path / "studies.csv").mkdir()
    with pytest.raises(OSError, match="studies.csv: it is a folder; choose another name"):
        ma.report(laser(), tmp_path, "md", overwrite=True)
    assert not (tmp_path / "report.md").exists()
    for wrong, error in ((3, TypeError), ("", TypeError), ("a\0b", ValueError)):
        with pytest.raises(error, match="folder="):
            ma.report(laser(), wrong, "md")
    with pytest.raises(ValueError, match="formats='pdf' is not known; use one of 'html'"):
        ma.report(laser(), tmp_path, ["html", "pdf"])


def test_a_report_goes_through_dots_and_links(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    paths = ma.report(laser(), tmp_path / "link" / ".." / "link", "json")
    assert (tmp_path / "here" / "report.json").is_file() and paths[0].is_file()


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    import builtins

    real = builtins.open

    def full(path, *args, **kwargs):
        if ".part" in str(path) and len(list(Path(tmp_path).glob("*.part"))) > 1:
            raise OSError(28, "No space left on device")
        return real(path, *args, **kwargs)

    monkeypatch.setattr("analysis.plots._save.open", full, raising=False)
    with pytest.raises(OSError, match="No space left on device; make room, .*nothing was written"):
        ma.report(laser(), tmp_path, "html")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_word_without_its_library_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "docx", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "pain-meta-analysis\[report\]"; or leave "docx" out'):
        ma.report(laser(), tmp_path, "docx")


def test_studies_csv_has_every_digit(folder):
    with open(folder / "studies.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["yi"]) for row in rows] == laser().yi.tolist() and rows[0]["study"] == NAME


# One result, one set of methods


USUAL_METHODS = ("REML", "HKSJ", "Nagashima", "95% c", "95%-", "t(k−1)")


def captions(result):
    return {block.name: block.caption for block in kinds(contents(result, None, None, None), Picture)}


def judged_effects():
    names = light().table["study"].tolist()
    overall = (["low", "some concerns", "high"] * len(names))[: len(names)]
    table = pd.DataFrame({"Study": names, "Overall": overall})
    return ma.with_risk_of_bias(light(), ma.read_risk_of_bias(table, tool="RoB 2"))


def test_every_figure_is_pooled_by_the_methods_of_the_result():
    fit = ma.pool(judged_effects(), tau2_method="CE", ci_method="z", confidence_level=0.9)
    said = captions(fit)
    assert {"forest", "arms", "leave_one_out", "multiverse", "funnel", "forest_by_risk_of_bias"} == set(said)
    del said["multiverse"]  # which is of other choices
    for name, caption in said.items():
        assert "−1.07 (90% CI −1.33 to −0.81" in caption.replace(" points", ""), name
        assert not [word for word in USUAL_METHODS if word in caption], name
    arms = ma.pool_arms(light(), tau2_method="CE", ci_method="z", confidence_level=0.9)
    assert captions(fit)["arms"] == captions(arms)["arms"]


def test_a_given_tau2_is_that_of_every_figure_and_of_no_change_within_arms():
    fit = ma.pool(judged_effects(), tau2=0.5)
    said = captions(fit)
    assert "arms" not in said
    shown = f"{fit.estimate:.2f}".replace("-", "−")
    for name in ("forest", "forest_by_risk_of_bias", "leave_one_out", "funnel"):
        assert shown in said[name] and "REML" not in said[name], name
    models = next(b for b in kinds(contents(fit, None, None, None), Table) if b.caption.startswith("The pooled effect"))
    adjusted = ma.pool(ma.effect_sizes(light().rows, outcome="ancova"), tau2=0.5)
    assert models.rows[-1][2] == f"{adjusted.estimate:.2f}".replace("-", "−")


def test_figures_by_risk_of_bias_are_of_what_was_analysed_alone():
    arms = ma.pool_arms(judged_effects())
    assert "forest_by_risk_of_bias" in captions(arms) and "forest_by_risk_of_bias" not in captions(arms.placebo)


@pytest.mark.filterwarnings("error")
def test_nobody_is_told_of_a_width_that_nobody_gave():
    assert "arms" in captions(ma.pool(light())) and "arms" in captions(ma.pool_arms(light()))


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_report_is_of_one_language(decimal, tmp_path):
    ma.report(laser(), tmp_path / "plain", ("md", "html", "json"))
    with ma.theme(labels="de", decimal=decimal):
        ma.report(laser(), tmp_path / "german", ("md", "html", "json"))
        assert "Gepoolt" in ma.forest(laser()).content.caption  # the theme is in force again
    for kind in ("md", "json", "html"):
        text, plain = ((tmp_path / name / f"report.{kind}").read_text() for name in ("german", "plain"))
        assert "Gepoolt" not in text and "-KI" not in text
        assert (text == plain) == (decimal == ".")
    assert ("0,45" in (tmp_path / "german/report.md").read_text()) == (decimal == ",")


def test_figures_of_an_earlier_report_go_and_nothing_else(tmp_path):
    place = tmp_path / "report"
    ma.report(ma.pool(light()), place, ("md", "tex"))
    mine = [place / name for name in ("figures/mine.png", "figures/funnel.svg", "figures/funnel-a.png", "notes.md")]
    for path in mine:
        path.write_text("mine")
    with open(place / "report.md", "a") as file:
        file.write("\n![](figures/mine.png) ![](../funnel.png)\n")
    (tmp_path / "funnel.png").write_text("mine")
    assert (place / "figures/funnel.png").is_file() and (place / "figures/funnel.pdf").is_file()
    ma.report(ma.pool(COUNTS[["study"]].assign(yi=[0.1, 0.2, 0.3, 0.4, 0.5], vi=0.1)), place, "md", overwrite=True)
    left = {path.name for path in (place / "figures").iterdir()}
    # The text for LaTeX was not replaced, and keeps its figures.
    assert left >= {"forest.png", "leave_one_out.png", "funnel.pdf", "mine.png", "funnel.svg", "funnel-a.png"}
    assert not left & {"funnel.png", "arms.png", "multiverse.png"}
    assert all(path.read_text() == "mine" for path in [*mine, tmp_path / "funnel.png"])


def test_every_figure_of_a_report_is_known_by_name():
    names = {name for result in made().values() if is_told(result) for name, _ in figures_of(result)}
    assert names <= set(FIGURES)


# What is not as independent, or as whole, as it looks


def twice():
    table = pd.DataFrame(
        {"study": list("AABBCD"), "week": [4, 8] * 3, "yi": [0.2, 0.4, 0.9, 1.1, 0.1, 0.3], "vi": 0.05}
    )
    return ma.effect_sizes(table.assign(label=table["study"] + table["week"].map(", {} weeks".format)), measure="SMD")


@pytest.mark.filterwarnings("ignore::analysis.models.studies.RepeatedStudyWarning")
def test_several_rows_of_a_study_are_told_and_left_out_as_rows(tmp_path):
    fit = ma.pool(twice())
    note = "6 effects of 4 studies are taken to be independent, which those of one study are not"
    assert note in fit.summary() and note in fit.findings()
    assert note in ma.pool_subgroups(twice(), "week").summary()
    assert note in (fitted := ma.meta_regression("yi ~ week", twice())).summary() and note in fitted.findings()
    assert "The 6 effects of 4 studies were pooled in a random-effects model, as if" in ma.methods_text(fit)
    assert note not in ma.results_text(fit)
    document = contents(fit, None, None, None)
    assert any(note in line for block in kinds(document, Bullets) for line in block.items)
    said = " ".join(block.text for block in kinds(document, Paragraph))
    assert "Without one effect at a time" in said and "With 6 effects of 4 studies, fewer than 10" in said
    assert "without each effect in turn" in captions(fit)["leave_one_out"]
    assert "6 effects together" in captions(fit)["leave_one_out"]
    few = ma.pool(twice().where(study=["A", "B"]))
    assert "4 effects of 2 studies: tau is hardly known" in few.summary()
    once = ma.pool(twice().where(week=8))
    assert "independent" not in once.summary() + ma.methods_text(once)


@pytest.mark.filterwarnings("ignore::analysis.models.studies.RepeatedStudyWarning")
def test_shares_of_an_arm_are_no_several_rows():
    effects = ma.effect_sizes(ma.read_trials(ROOT / "data/trials.csv"), multi_arm="split")
    fit = ma.pool(effects)
    assert fit.trials < fit.k and "independent" not in fit.summary()
    text = ma.methods_text(fit)
    assert "were shared out among these" in text and "as if" not in text
    assert "Without one trial at a time" in " ".join(
        block.text for block in kinds(contents(fit, None, None, None), Paragraph)
    )


def test_a_covariance_of_sampling_errors_is_told():
    effects = nested()
    alone = ma.pool_multilevel(effects)
    shared = ma.sampling_covariance(effects, cluster="study", correlation=0.5)
    for fit in (ma.pool_multilevel(effects, vcov=shared), ma.pool_multilevel(effects, vcov=shared, mods="~ 1")):
        assert "Errors        correlated within studies, 0.50 (vcov)" in fit.summary()
        told = "Sampling errors within a study were taken to correlate by 0.50; their covariance was given."
        assert told in ma.methods_text(fit)
    mixed = np.array(shared)
    mixed[0, 1] = mixed[1, 0] = mixed[0, 1] / 2
    assert "correlated within studies, 0.25 to 0.50" in ma.pool_multilevel(effects, vcov=mixed).summary()
    for fit in (alone, ma.pool_multilevel(effects, vcov=np.diag(effects.vi))):
        assert "Errors" not in fit.summary() and "correlate" not in ma.methods_text(fit)


def test_a_study_that_takes_part_with_other_rows_is_not_left_out():
    table = pd.DataFrame({"study": list("AABBCCDEE"), "label": [f"row {i}" for i in range(9)], "vi": 0.05})
    table["yi"] = [0.2, 0.4, 0.9, None, 0.1, 0.3, 0.5, None, None]
    fit = ma.pool_multilevel(ma.effect_sizes(table, measure="SMD", missing="drop"))
    text = ma.methods_text(fit)
    assert "Without an effect, and so left out, was 1 study." in text
    assert "Of studies with other effects, 1 row without one was left out." in text
    assert kinds(contents(fit, None, None, None), Table)[0].caption.startswith("3 effects took no part")


def test_final_scores_alone_need_neither_baseline_nor_correlation():
    own = ma.effect_sizes(ma.read_trials(ROOT / "data/trials.csv"))
    text = ma.methods_text(ma.pool(own))
    assert "Changes from baseline were preferred" in text and "a correlation of 0.5" in text
    final = own.where(outcome="final")
    final = dataclasses.replace(final, table=final.table.assign(change_placebo=np.nan, change_treatment=np.nan))
    text = ma.methods_text(ma.pool(final))
    assert "Final scores were compared." in text and "baseline" not in text


def test_all_times_are_told():
    effects = ma.effect_sizes(ma.read_trials(ROOT / "data/trials.csv"), times="all")
    text = ma.methods_text(ma.pool_multilevel(effects))
    assert "Every time at which a trial was measured has an effect of its own." in text
