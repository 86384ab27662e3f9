"""Writing figures: bytes, metadata, numbers and captions."""

import base64
import errno
import io
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from xml.etree import ElementTree

import docx
import layouts
import matplotlib
import numpy as np
import pandas as pd
import pytest
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.backends import backend_ps
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.text import Text
from PIL import Image
from plot_cases import misplaced, synthetic

import analysis
from analysis.plots import _save
from analysis.plots._layout import body_of
from analysis.plots._page import pages_of
from analysis.reports.as_latex import escaped

SVG = "{http://www.w3.org/2000/svg}"
FORMATS = ["svg", "pdf", "png", "tiff", "eps"]
TABLES = ["tex", "docx", "xlsx"]
NAMES = [f"demo.{kind}" for kind in (*FORMATS, "tex", "docx", "csv", "drawing.csv", "md", "xlsx")]


def draw():
    return analysis.arms_forest(analysis.pool_arms(synthetic(5, groups=2), by="therapy_family"))


@pytest.fixture(scope="module")
def fig():
    return draw()


@pytest.fixture(scope="module")
def saved(fig, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures") / "made" / "on the way"
    paths = analysis.save_figure(fig, folder / "demo", [*FORMATS, *TABLES])
    return {path.name.removeprefix("demo"): path for path in paths}


def test_all_files_are_written_and_no_other(saved):
    folder = saved[".svg"].parent
    assert [path.name for path in saved.values()] == NAMES
    assert sorted(os.listdir(folder)) == sorted(NAMES)


def test_same_input_gives_the_same_bytes(saved, tmp_path):
    for path in analysis.save_figure(draw(), tmp_path / "demo", [*FORMATS, *TABLES]):
        assert path.read_bytes() == saved[path.name.removeprefix("demo")].read_bytes(), path.name


def test_the_two_csv_are_the_table_of_the_figure(saved, fig):
    numbers, drawing, table = pd.read_csv(saved[".csv"]), pd.read_csv(saved[".drawing.csv"]), fig.content.table
    named = ["kind", "group", "name"]
    assert list(numbers)[:6] == [*named, "weight", "placebo_estimate", "placebo_low"]
    assert {*numbers} | {*drawing} == {*table} and {*numbers} & {*drawing} == {*named}
    assert not [name for name in numbers if name.startswith("text_") or name.endswith("_mm")]
    shown = table[table["kind"] != "footer"]
    for column in ("contrast_estimate", "contrast_low", "contrast_high", "weight"):
        np.testing.assert_allclose(numbers[column], shown[column].astype(float), rtol=5e-10)
    np.testing.assert_allclose(drawing["y_mm"], table["y_mm"].astype(float), rtol=5e-10)
    assert list(numbers["kind"]) == list(shown["kind"]) == list(drawing["kind"])[: len(numbers)]
    assert list(drawing["kind"]) == list(table["kind"]) and (drawing["kind"][len(numbers) :] == "footer").all()


def test_csv_does_not_change_with_the_last_digits_of_a_number(saved, tmp_path):
    other = draw()
    table = other.content.table
    numbers = table.select_dtypes("float")
    table[numbers.columns] = (numbers * (1 + 4e-16)).replace(0.0, -0.0)
    before = table.copy()
    written = analysis.save_figure(other, tmp_path / "demo", formats=[])
    assert not numbers.equals(table[numbers.columns])
    assert written[0].read_bytes() == saved[".csv"].read_bytes()
    pd.testing.assert_frame_equal(other.content.table, before, check_exact=True)


def test_alternative_text_is_in_every_file(saved, fig):
    alt = fig.content.alt_text
    root = ElementTree.parse(saved[".svg"]).getroot()
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert (title.text, desc.text) == (fig.content.title, alt)
    assert root.get("role") == "img" and root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    subject = re.sub(rb"([\\()])", rb"\\\1", b"\xfe\xff" + alt.encode("utf-16-be"))
    assert b"/Subject (" + subject + b")" in saved[".pdf"].read_bytes()
    with Image.open(saved[".png"]) as image:
        assert image.text["Description"] == alt
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert alt in saved[".md"].read_text(encoding="utf-8")


def test_the_findings_stand_in_words_beside_the_figure(saved):
    pooled = analysis.pool_arms(synthetic(5, groups=2), by="therapy_family")
    said = "\n".join(f"- {line}" for line in analysis.findings(pooled).splitlines())
    assert f"## In words\n\n{said}\n" in saved[".md"].read_text(encoding="utf-8")


def test_the_table_stands_beside_the_figure(saved, fig):
    lines = [line for line in saved[".md"].read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    rows = fig.content.table.dropna(subset=["y_mm"])
    assert len(lines) == len(rows) + 2
    for line, row in zip(lines[2:], rows.to_dict("records"), strict=True):
        assert row["text_name"] in line and row["text_high"] in line and row["text_weight"] in line


def test_the_caption_does_not_repeat_the_footer_unless_none_is_drawn(saved, fig, tmp_path):
    said = saved[".md"].read_text(encoding="utf-8")
    content = fig.content
    assert f"## Caption\n\n{content.lead}\n" in said and len(content.footer) > 2
    assert "\n## Notes\n\n{}\n".format("\n\n".join(content.footer)) in said
    assert content.caption == " ".join([content.lead, *content.footer]) and all(
        said.count(x) == 1 for x in content.footer
    )
    bare = analysis.arms_forest(analysis.pool_arms(synthetic(5, groups=2), by="therapy_family"), footer=False).content
    assert bare.footer == () and bare.lead == bare.caption == content.caption


@pytest.fixture(scope="module")
def lettered(tmp_path_factory):
    """Return the files of a figure whose trials have notes, and names that mean something to Word and LaTeX."""
    table = synthetic(3).table.assign(flags=["SD imputed; doubtful", "", "doubtful"])
    effects = replace(synthetic(3), table=table.assign(label=["A & B_1 50%", "[2] {x}", "=Größe <1>"]))
    fig = analysis.forest(effects, note="A note: −1 ≤ τ² & £.")
    paths = analysis.save_figure(fig, tmp_path_factory.mktemp("lettered") / "f", ["tex", "docx", "xlsx"])
    return fig, {path.suffix: path for path in paths}


def test_letters_of_notes_stand_raised_beside_the_name_in_every_table(lettered):
    fig, files = lettered
    notes = fig.content.table["notes"].dropna().tolist()
    assert [note for note in notes if note] == ["† a", "a"]
    said = files[".md"].read_text(encoding="utf-8")
    assert "| A & B\\_1 50% <sup>† a</sup> |" in said and "(†) SD imputed from comparable arms; (a) a value" in said
    latex = files[".tex"].read_text(encoding="utf-8")
    assert r"{}A \& B\_1 50\%\textsuperscript{\textdagger{} a} & " in latex and r"{}[2] \{x\} & " in latex
    table = docx.Document(files[".docx"]).tables[0]
    runs = [run.text for row in table.rows for run in row.cells[0].paragraphs[0].runs if run.font.superscript]
    assert [text for text in runs if text] == ["† a", "a"]


def test_word_has_caption_table_and_notes(lettered):
    fig, files = lettered
    document = docx.Document(files[".docx"])
    (table,) = document.tables
    lines = files[".md"].read_text(encoding="utf-8").split("## Table\n\n")[1].split("\n\n")[0].splitlines()
    assert len(table.rows) == len(lines) - 1 and len(table.columns) == lines[0].count("|") - 1
    assert [(p.style.name, p.text) for p in document.paragraphs if p.text] == [
        ("Caption", fig.content.lead),
        *(("Normal", line) for line in fig.content.footer),
    ]
    assert "w:tblHeader" in table.rows[0]._tr.xml and document.core_properties.title == fig.content.title


def test_latex_has_true_minus_signs_and_nothing_that_pdflatex_does_not_know(lettered):
    latex = lettered[1][".tex"].read_text(encoding="utf-8")
    assert "−" not in latex and "$-$" in latex and r"A note: $-$1 $\leq$ $\tau$\textsuperscript{2} \& £" in latex
    assert {letter for letter in latex if not letter.isascii()} <= {*"ößé£"}
    assert latex.count(r"\toprule") == 2 and r"\begin{longtable}{lrr" in latex


def test_no_two_signs_of_a_name_become_one_in_latex(tmp_path):
    """As in a report, which has the same signs."""
    names = ["-dash --double ?`", 'a `b` "c" ¹', "x"]
    fig = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05], labels=names))
    [path] = [each for each in analysis.save_figure(fig, tmp_path / "f", ["tex"]) if each.suffix == ".tex"]
    latex = path.read_text(encoding="utf-8")
    assert all(escaped(name) in latex for name in names)
    assert "--" not in latex and "?`" not in latex


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["lettered", "saved"])
def test_latex_compiles_without_a_warning_about_characters(name, request, tmp_path):
    made = request.getfixturevalue(name)
    latex = (made[1] if name == "lettered" else made)[".tex"].read_text(encoding="utf-8")
    packages = latex.splitlines()[0].removeprefix("% ")
    whole = f"\\documentclass{{article}}{packages}\\begin{{document}}\n{latex}\\end{{document}}"
    (tmp_path / "whole.tex").write_text(whole, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "whole.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout and "Unicode character" not in done.stdout


def test_a_workbook_has_a_sheet_for_each_figure(lettered, fig, tmp_path):
    one = pd.read_excel(lettered[1][".xlsx"], sheet_name=None)
    assert list(one) == ["f"] and one["f"]["name"].tolist()[2] == "'=Größe <1>"
    long = "a name that is longer than a sheet may be"
    paths = analysis.save_figure({"forest": fig, long: fig, f"{long}, too": fig}, tmp_path / "all", ["xlsx"])
    ends = ("csv", "drawing.csv", "md")
    assert [path.name for path in paths] == [
        *(f"all-{name}.{end}" for name in ("forest", long, f"{long}, too") for end in ends),
        "all.xlsx",
    ]
    sheets = pd.read_excel(paths[-1], sheet_name=None)
    assert list(sheets) == ["forest", long[:31], f"{long[:29]} 2"]
    pd.testing.assert_frame_equal(sheets["forest"], pd.read_csv(paths[0]), check_dtype=False, rtol=1e-9)


@pytest.mark.parametrize("names", [["a/b"], [""], [3], []])
def test_names_that_no_file_can_have_are_refused(fig, tmp_path, names):
    with pytest.raises(ValueError, match="fig has"):
        analysis.save_figure(dict.fromkeys(names, fig), tmp_path / "all")
    assert listed(tmp_path) == {}


@pytest.mark.parametrize(("kind", "library", "extra"), [("docx", "docx", "report"), ("xlsx", "openpyxl", "excel")])
def test_a_format_whose_library_is_missing_names_its_extra(fig, tmp_path, monkeypatch, kind, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=rf"needs {library}, .*\[{extra}\]"):
        analysis.save_figure(fig, tmp_path / "demo", ["svg", kind])
    assert listed(tmp_path) == {}


def test_excel_and_pandas_read_the_numbers(saved):
    assert saved[".csv"].read_bytes().startswith("\N{BYTE ORDER MARK}kind,".encode())
    assert next(iter(pd.read_csv(saved[".csv"]).columns)) == "kind"


def drawn_texts(fig):
    return sorted(text.get_text() for text in fig.findobj(Text) if text.get_text() and text.get_visible())


def test_svg_keeps_text_as_text(saved, fig):
    texts = list(ElementTree.parse(saved[".svg"]).getroot().iter(f"{SVG}text"))
    assert sorted(text.text for text in texts) == drawn_texts(fig)
    by_id = {text.get("id"): text for text in texts if text.get("id")}
    for artist in fig.findobj(lambda a: (a.get_gid() or "").startswith("cell-")):
        shown = by_id[artist.get_gid()]
        x, y = artist.get_transform().transform(artist.get_position()) * 72 / fig.dpi
        assert float(shown.get("x")) == pytest.approx(x, abs=0.01)
        assert float(shown.get("y")) == pytest.approx(fig.bbox.height * 72 / fig.dpi - y, abs=0.01)
        assert shown.get("text-anchor", "start") == {"left": "start", "right": "end"}[artist.get_ha()]
        assert float(shown.get("font-size")) == artist.get_fontsize()


def embedded_fonts(svg):
    """Return weight -> font of the fonts in an SVG."""
    faces = re.findall(r"font-weight:(\w+);src:url\(data:font/woff;base64,([^)]+)\)", svg)
    return {weight: TTFont(io.BytesIO(base64.b64decode(data))) for weight, data in faces}


def test_svg_holds_the_letters_of_its_texts(saved, fig):
    fonts = embedded_fonts(saved[".svg"].read_text(encoding="utf-8"))
    assert sorted(fonts) == ["bold", "normal"]
    for weight, font in fonts.items():
        texts = [t for t in fig.findobj(Text) if t.get_fontproperties().get_weight() == weight]
        letters = set(map(ord, "".join(text.get_text() for text in texts)))
        assert letters and letters <= font.getBestCmap().keys()
        with TTFont(findfont(FontProperties(family="DejaVu Sans", weight=weight))) as whole:
            for letter in letters:
                advances = [each["hmtx"][each.getBestCmap()[letter]][0] for each in (font, whole)]
                assert advances[0] == advances[1]
            assert font["head"].modified == whole["head"].modified  # no date of today
    assert saved[".svg"].stat().st_size < 150_000


def test_svg_is_small_and_in_the_type_of_the_figure(saved):
    root = ElementTree.parse(saved[".svg"]).getroot()
    assert root.get("font-family") == "'DejaVu Sans', sans-serif"
    assert not list(root.iter(f"{SVG}image"))


def test_files_hold_no_date(saved):
    assert b"CreationDate" not in saved[".pdf"].read_bytes()
    assert b"dc:date" not in saved[".svg"].read_bytes()


def test_pdf_embeds_fonts_as_truetype(saved):
    data = saved[".pdf"].read_bytes()
    assert b"/FontFile2" in data and b"/Type3" not in data
    assert data.count(b"/FontDescriptor") >= data.count(b"/FontFile2") > 0


def streams_of(pdf):
    """Return the streams of a PDF, unpacked."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf.read_bytes(), re.S)
    return [zlib.decompressobj().decompress(each) for each in packed if each.startswith(b"x")]


def test_fonts_of_the_pdf_have_what_draws_letters_and_nothing_that_finds_them(saved):
    files = [each for each in streams_of(saved[".pdf"]) if each.startswith(b"\0\1\0\0")]
    assert files
    for file in files:
        tables = set(TTFont(io.BytesIO(file)).keys())
        assert {"glyf", "head", "hhea", "hmtx", "loca", "maxp"} <= tables
        assert tables.isdisjoint({"cmap", "post", "OS/2", "GSUB", "GPOS", "GDEF", "kern"})


def test_text_of_the_pdf_can_be_searched(saved, fig):
    letters = set()
    for cmap in (each for each in streams_of(saved[".pdf"]) if b"beginbfrange" in each):
        letters |= {int(code, 16) for many in re.findall(rb"\[(.*?)\]", cmap) for code in re.findall(rb"<(\w+)>", many)}
    assert set(map(ord, "".join(drawn_texts(fig)))) <= letters


def test_caption_numbers_are_those_of_the_table(fig):
    total = fig.content.table.query("kind == 'total'").iloc[0]
    for series in ("placebo", "treatment", "contrast"):
        estimate, low, high = (total[f"{series}_{end}"] for end in ("estimate", "low", "high"))
        words = f"{analysis.text.number(estimate)} points (95% CI {analysis.text.interval(low, high)}"
        assert words in fig.content.caption and words in fig.content.alt_text


def test_an_interrupted_save_leaves_the_old_file_whole(fig, tmp_path, monkeypatch):
    old = tmp_path / "demo.svg"
    old.write_text("old")

    def fail(*args):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        analysis.save_figure(fig, tmp_path / "demo", formats=["svg"])
    assert old.read_text() == "old"
    assert os.listdir(tmp_path) == ["demo.svg"]


def test_a_save_broken_off_while_writing_leaves_the_old_file_whole(fig, tmp_path, monkeypatch):
    analysis.save_figure(fig, tmp_path / "demo", formats=["svg"])
    old = (tmp_path / "demo.svg").read_bytes()

    def broken_off(path, mode):
        with open(path, mode) as file:
            file.write(b"<svg ha")
        raise KeyboardInterrupt

    monkeypatch.setattr(_save, "open", broken_off, raising=False)
    with pytest.raises(KeyboardInterrupt):
        analysis.save_figure(fig, tmp_path / "demo", formats=["svg"])
    assert (tmp_path / "demo.svg").read_bytes() == old
    assert sorted(os.listdir(tmp_path)) == ["demo.csv", "demo.drawing.csv", "demo.md", "demo.svg"]


def test_nothing_is_written_when_a_format_fails(fig, tmp_path, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("no PDF today")

    monkeypatch.setattr("matplotlib.backends.backend_pdf.FigureCanvasPdf.print_pdf", fail)
    with pytest.raises(RuntimeError, match="no PDF today"):
        analysis.save_figure(fig, tmp_path / "demo")
    assert os.listdir(tmp_path) == []


def test_usual_formats_are_three(fig, tmp_path):
    assert [path.suffix for path in analysis.save_figure(fig, tmp_path / "demo")] == [
        *".svg .pdf .png .csv .csv .md".split()
    ]


def test_tiff_is_as_journals_ask(saved, fig):
    with Image.open(saved[".tiff"]) as image, Image.open(saved[".png"]) as png:
        assert (image.mode, image.info["compression"], image.info["dpi"]) == ("RGB", "tiff_lzw", (300, 300))
        assert image.tag_v2[270].encode("latin-1").decode() == fig.content.alt_text
        assert image.tobytes() == png.convert("RGB").tobytes()


def test_eps_has_its_fonts_and_neither_date_nor_transparency(saved, fig):
    eps = saved[".eps"].read_text(encoding="latin-1")
    assert eps.startswith("%!PS-Adobe-3.0 EPSF-3.0")
    assert fig.content.title in eps.split("%%EndComments")[0]
    assert "/FontType 42" in eps and "/FontType 3" not in eps
    assert "CreationDate" not in eps


@pytest.mark.parametrize("dpi", [72, 600])
def test_resolution_is_that_of_the_images(fig, tmp_path, dpi):
    for path in analysis.save_figure(fig, tmp_path / "demo", ["png", "tiff"], dpi=dpi)[:2]:
        with Image.open(path) as image:
            assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)
            np.testing.assert_allclose(image.size, fig.get_size_inches() * dpi, atol=1)


def test_matplotlib_and_fonttools_stay_as_they_were(fig, tmp_path, monkeypatch):
    before = subset.load_font, backend_ps._bounds
    analysis.save_figure(fig, tmp_path / "demo", "eps")
    assert (subset.load_font, backend_ps._bounds) == before
    monkeypatch.delattr(backend_ps, "_bounds")  # as of a version that has it otherwise
    path = analysis.save_figure(fig, tmp_path / "demo", "pdf")[0]
    assert b"/FontFile2" in path.read_bytes()
    assert not hasattr(backend_ps, "_bounds")


def test_a_figure_too_long_for_an_image_is_named(tmp_path):
    fig = analysis.forest(analysis.pool(np.linspace(-1, 1, 400), np.full(400, 0.1)))
    with pytest.raises(ValueError, match=r"mm long, too long for an image at 1200 dpi; give dpi=\d+ or less"):
        analysis.save_figure(fig, tmp_path / "long", dpi=1200)
    assert os.listdir(tmp_path) == []


def test_global_settings_stay_untouched(fig, tmp_path):
    with matplotlib.rc_context({"svg.hashsalt": "mine", "pdf.fonttype": 3, "savefig.bbox": "tight"}):
        before = dict(matplotlib.rcParams)
        analysis.save_figure(fig, tmp_path / "demo", formats="svg")
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("stem", "options", "message"),
    [
        ("demo", {"formats": ["gif"]}, "formats holds 'gif'; choose from svg, pdf, png, tiff, eps"),
        ("demo.svg", {}, "leave out '.svg', the formats are named by formats=$"),
        ("demo.JPG", {}, "leave out '.JPG', .*; they are svg, pdf, png, tiff, eps"),
        ("demo.docx", {}, "leave out '.docx'"),
        ("demo", {"dpi": 71}, "dpi=71 must lie between 72 and 1200"),
        ("demo", {"dpi": 1201}, "dpi=1201 must lie between 72 and 1200"),
        ("demo", {"dpi": "300"}, "dpi='300' must be one finite number"),
    ],
)
def test_bad_arguments_are_named(fig, tmp_path, stem, options, message):
    with pytest.raises(ValueError, match=message):
        analysis.save_figure(fig, tmp_path / stem, **options)
    assert os.listdir(tmp_path) == []


def test_a_stem_may_hold_a_point(fig, tmp_path):
    assert analysis.save_figure(fig, tmp_path / "v1.5", "svg")[0].name == "v1.5.svg"


def test_a_file_in_the_place_of_the_folder_is_named(fig, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"):
        analysis.save_figure(fig, tmp_path / "taken" / "demo", formats=["svg"])


TRIED = "nothing was written, older files are as they were"


def listed(folder):
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("end", ["", ".", "..", "folder", "folder/", "folder/..", "none/"])
def test_a_folder_is_no_stem(fig, tmp_path, end, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"stem='.*' is a folder: name the files in it, as '.*forest'"):
        analysis.save_figure(fig, end, "svg")
    assert listed(tmp_path) == {"folder": None}


@pytest.mark.parametrize("stem", [None, 3, b"demo", ["demo"]])
def test_a_stem_is_a_path(fig, stem):
    with pytest.raises(TypeError, match=r"stem=.* must be a path without a suffix"):
        analysis.save_figure(fig, stem)


def test_a_stem_with_a_zero_byte_is_named(fig):
    with pytest.raises(ValueError, match=r"stem='a\\x00b' holds a character"):
        analysis.save_figure(fig, "a\0b")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_file_is_not_replaced(fig, tmp_path, kind):
    target = tmp_path / "demo.md"
    if kind == "folder":
        target.mkdir()
    elif os.name != "posix":
        pytest.skip("such files are of POSIX systems")
    elif kind == "pipe":
        os.mkfifo(target)
    else:
        target.symlink_to(os.devnull)
    words = "it is a folder; choose another name" if kind == "folder" else "it is a device or a pipe; choose another"
    with pytest.raises(OSError, match=rf"demo\.md: {words}.*\({TRIED}\)"):
        analysis.save_figure(fig, tmp_path / "demo", "svg")
    assert os.listdir(tmp_path) == ["demo.md"] and not target.is_file()


def test_a_name_too_long_is_named(fig, tmp_path):
    with pytest.raises(OSError, match=rf"x\.svg: .*choose a shorter name \({TRIED}\)") as caught:
        analysis.save_figure(fig, tmp_path / ("x" * 300), "svg")
    assert caught.value.errno == errno.ENAMETOOLONG and listed(tmp_path) == {}
    assert len(analysis.save_figure(fig, tmp_path / ("x" * 240), "svg")) == 4


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_where_nobody_may_write_the_place_is_named(fig, tmp_path):
    files = analysis.save_figure(fig, tmp_path / "demo", "svg")
    before = listed(tmp_path)
    files[0].chmod(0o444)
    with pytest.raises(PermissionError, match=r"demo\.svg: it is write-protected; choose a place where you may write"):
        analysis.save_figure(fig, tmp_path / "demo", "svg")
    files[0].chmod(0o644)
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError, match=r"demo\.svg: Permission denied; choose a place where you may write"):
        analysis.save_figure(fig, tmp_path / "demo", "svg")
    with pytest.raises(PermissionError, match=r"made: Permission denied; choose a place where you may write"):
        analysis.save_figure(fig, tmp_path / "made" / "demo", "svg")
    tmp_path.chmod(0o755)
    assert listed(tmp_path) == before


def test_an_error_says_what_was_written(fig, tmp_path, monkeypatch):
    replace, old = os.replace, b"old"
    for name in ("demo.svg", "demo.csv", "demo.drawing.csv", "demo.md"):
        (tmp_path / name).write_bytes(old)

    def held(source, target):
        if str(target).endswith("csv"):
            raise PermissionError(errno.EACCES, "Permission denied", str(source), None, str(target))
        return replace(source, target)

    monkeypatch.setattr(os, "replace", held)
    words = r"demo\.csv: .*close the program that holds the file \(new are demo\.svg; as they were are "
    with pytest.raises(PermissionError, match=rf"{words}demo\.csv, demo\.drawing\.csv, demo\.md\)"):
        analysis.save_figure(fig, tmp_path / "demo", "svg")
    now = listed(tmp_path)
    assert now.keys() == {"demo.svg", "demo.csv", "demo.drawing.csv", "demo.md"}
    assert {name for name, content in now.items() if content == old} == {"demo.csv", "demo.drawing.csv", "demo.md"}


@pytest.mark.skipif(os.name != "posix", reason="links and modes as POSIX systems have them")
def test_links_and_modes_are_kept(fig, tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here):
        folder.mkdir()
    (there / "real.svg").write_text("old")
    (there / "real.svg").chmod(0o640)
    (here / "demo.svg").symlink_to("../there/real.svg")
    (here / "demo.csv").symlink_to(there / "new.csv")
    (here / "demo.md").write_text("old")
    (here / "demo.md").chmod(0o600)
    ends = ("svg", "csv", "drawing.csv", "md")
    assert analysis.save_figure(fig, here / "demo", "svg") == [here / f"demo.{kind}" for kind in ends]
    assert (here / "demo.svg").is_symlink() and (here / "demo.csv").is_symlink()
    assert listed(there).keys() == {"real.svg", "new.csv"} and (there / "real.svg").read_text() != "old"
    modes = [path.stat().st_mode & 0o777 for path in (there / "real.svg", here / "demo.md", there / "new.csv")]
    umask = os.umask(0)
    os.umask(umask)
    assert modes == [0o640, 0o600, 0o666 & ~umask]


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX systems have them")
@pytest.mark.parametrize("to", ["demo.svg", "none/demo.svg"])
def test_links_that_lead_nowhere_are_named(fig, tmp_path, to):
    (tmp_path / "demo.svg").symlink_to(to)
    with pytest.raises(OSError, match=rf"demo\.svg: .*choose another place \({TRIED}\)"):
        analysis.save_figure(fig, tmp_path / "demo", "svg")
    assert os.listdir(tmp_path) == ["demo.svg"] and (tmp_path / "demo.svg").is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="Windows ends the process whose number is asked for")
def test_only_what_a_killed_save_left_is_removed(fig, tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    here, elsewhere = _save._here(), ".analysis-0123456789ab-"
    left = [f"{here}{ended.pid}-00000000.part", f"{elsewhere}{os.getpid()}-11111111.part"]
    kept = [
        f"{here}{os.getpid()}-22222222.part",
        f"{here}1-33333333.part",
        f"{elsewhere}{ended.pid}-44444444.part",
        f"{here}{ended.pid}-5.part",
        f"x{here}{ended.pid}-66666666.part",
        ".demo.svg.part",
    ]
    for name in left + kept:
        (tmp_path / name).write_text("half")
    two_days_ago = time.time() - 2 * 86_400
    for name in (left[1], kept[-1]):
        os.utime(tmp_path / name, (two_days_ago, two_days_ago))
    files = analysis.save_figure(fig, tmp_path / "demo", "svg")
    assert listed(tmp_path).keys() == {*kept, *(path.name for path in files)}


def test_other_figures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="carries no table"):
        analysis.save_figure(Figure(), tmp_path / "demo")


def test_notebook_shows_a_small_figure_as_svg(fig, monkeypatch):
    svg = fig._repr_svg_()
    assert svg.startswith("<?xml") and "@font-face" in svg and fig.content.title in svg
    monkeypatch.setattr("analysis.plots._page.NOTEBOOK_SVG", 1000)
    assert fig._repr_svg_() is None


@pytest.mark.parametrize(("mm", "width"), [(85, 482), (174, 910), (220, 910)])
def test_notebook_shows_the_figure_as_large_as_its_prose_within_its_window(mm, width):
    drawn = analysis.forest(analysis.pool([-1.0, -0.4, -0.7], [0.04, 0.09, 0.05]), width_mm=mm)
    data, size = drawn._repr_png_()
    across, down = drawn.get_size_inches()
    assert size["width"] == pytest.approx(width, abs=1)
    assert size["height"] == pytest.approx(size["width"] * down / across, abs=1)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size[0] >= 1.3 * width
    opening = re.search("<svg .*?>", drawn._repr_svg_(), re.S)[0]
    assert 'width="{width}" height="{height}"'.format(**size) in opening
    assert float(opening.split('viewBox="0 0 ')[1].split()[0]) == pytest.approx(across * 72)
    assert 'pt"' not in opening


# texts that no file can hold

BROKEN = "a\x02b\nc\uffff|\x85"
LINES = "one\ntwo\u2028"


def of_broken_names():
    """Yield figures of a table whose groups and notes have control characters and line breaks."""
    effects = synthetic(7)
    table = effects.table.assign(
        therapy_family=[f"{i % 2}{BROKEN}" for i in range(7)], dose=np.arange(7.0), remark=BROKEN
    )
    effects = replace(effects, table=table, outcome_name=LINES)
    arms, pooled = analysis.pool_arms(effects, by="therapy_family"), analysis.pool(effects)
    for draw in (analysis.forest, analysis.arms_forest, analysis.orchard, analysis.labbe):
        yield draw(arms, note=LINES)
    yield analysis.forest(pooled, data=effects, columns={"remark": LINES}, models={LINES: pooled}, title=LINES)
    for draw in (analysis.funnel, analysis.radial, analysis.qq_plot, analysis.drapery):
        yield draw(pooled, note=LINES)
    left_out = analysis.leave_one_out(effects)
    yield analysis.steps_forest(left_out)
    yield analysis.outcomes_forest({LINES: effects, "other": effects})
    yield analysis.baujat_plot(left_out.assign(x=range(7), y=range(7), label=BROKEN))
    yield analysis.bubble(analysis.meta_regression("yi ~ dose", table), "dose", favours=(LINES, "other"))
    yield analysis.bubble(analysis.meta_regression("yi ~ therapy_family", table))
    yield analysis.posterior_plot(analysis.pool_bayes(effects))
    yield analysis.claims_plot(layouts.claims().assign(claim=BROKEN, therapy_family=BROKEN))
    analyses = layouts.analyses(40)
    yield analysis.multiverse_plot(analyses.assign(outcome=analyses["outcome"] + BROKEN))


def test_no_name_breaks_a_file(tmp_path):
    shown = 0
    for fig in of_broken_names():
        svg, *_, caption = analysis.save_figure(fig, tmp_path / "broken", ["svg", "tex", "docx", "xlsx"])[:-1]
        texts = [each.text for each in ElementTree.parse(svg).iter(f"{SVG}text")]
        assert not any("\n" in text for text in texts)
        shown += any("\N{REPLACEMENT CHARACTER}b c\N{REPLACEMENT CHARACTER}" in text for text in texts)
        rows = [line for line in caption.read_text(encoding="utf-8").split("\n") if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert shown >= 6


@pytest.mark.parametrize("bad", ["\x02", "\ud800", "\x7f", "\uffff"])
def test_what_no_file_can_print_is_refused_where_it_enters(bad):
    numbers = [-1.0, -0.4], [0.04, 0.09]
    with pytest.raises(ValueError, match=f"study 2: the label 'B.*' holds {bad!r}".replace("\\", "\\\\")):
        analysis.pool(*numbers, labels=["A", f"B{bad}"])
    pooled = analysis.pool(*numbers, labels=["A\nA", "B\t"])
    with pytest.raises(ValueError, match="(?s)2 problems.*note: .*favours: "):
        analysis.forest(pooled, note=f"n{bad}", favours=("one", bad))
    with pytest.raises(ValueError, match="outcome_name: "):
        analysis.forest(replace(synthetic(3), outcome_name=bad))


# pages


GROUPED = synthetic(130, groups=3)
ON_PAGES = {
    "forest": lambda: analysis.forest(analysis.pool_arms(GROUPED, by="therapy_family")),
    "arms_forest": lambda: analysis.arms_forest(analysis.pool_arms(GROUPED, by="therapy_family"), width_mm=220),
    "outcomes_forest": lambda: analysis.outcomes_forest({"first": GROUPED, "second": synthetic(90, seed=2)}),
    "steps_forest": lambda: analysis.steps_forest(analysis.leave_one_out(GROUPED)),
}


def lines(fig):
    """Return the texts of the column of names, from top to bottom."""
    found = [text for text in fig.findobj(Text) if re.fullmatch(r"cell-\d+-text_name", text.get_gid() or "")]
    return [text.get_text() for text in sorted(found, key=lambda text: text.get_position()[1])]


@pytest.fixture(scope="module", params=ON_PAGES)
def long(request):
    fig = ON_PAGES[request.param]()
    return fig, pages_of(fig)


def test_pages_have_all_rows_once_and_the_headings_again(long):
    fig, pages = long
    assert len(pages) > 1
    assert all(page.get_figheight() * 25.4 <= 240 for page in pages)
    rows = [name for page in pages for name in lines(page)]
    assert [name for name in rows if not name.endswith(" (continued)")] == lines(fig)
    for page in pages:
        assert misplaced(page) == ([], [])
        kinds = body_kinds(page)
        assert "trial" in kinds and kinds[-1] != "heading" and kinds[0] in ("heading", "trial")
    grouped = "heading" in set(fig.content.table["kind"])
    assert all(lines(page)[0].startswith("Family ") == grouped for page in pages)


def body_kinds(page):
    return body_of(page.placement.rows)["kind"].tolist()


def test_pages_have_the_same_columns_and_axis_and_marks_as_large_as_on_one(long):
    fig, pages = long
    for page in pages:
        assert page.get_figwidth() == fig.get_figwidth()
        assert list(page.placement.panels.items()) == list(fig.placement.panels.items())
        heads = {text.get_text() for text in fig.findobj(Text) if (text.get_gid() or "").startswith(("head", "span"))}
        assert heads <= {text.get_text() for text in page.findobj(Text)}
        for ax, other in zip(fig.axes[1:], page.axes[1:], strict=True):
            assert ax.get_xlim() == other.get_xlim() and ax.get_xticks().tolist() == other.get_xticks().tolist()
    for gid in ("contrast-markers", "outcome-0-markers", "placebo-markers"):
        areas = [[*mark.get_sizes()] for each in (fig, *pages) for mark in marks(each, gid)]
        if areas and len(areas[0]) > 1:
            assert sorted(areas[0]) == pytest.approx(sorted(area for page in areas[1:] for area in page))


def marks(fig, gid):
    return fig.findobj(lambda each: each.get_gid() == gid)


def test_the_line_of_the_pooled_result_runs_through_every_page():
    fig = ON_PAGES["forest"]()
    pages = pages_of(fig)
    ends = [marks(page, "contrast-pooled-line")[0].get_segments()[0] for page in (fig, *pages)]
    assert len({end[0, 0] for end in ends}) == 1
    assert [end[1, 1] == page.axes[1].get_ylim()[0] for end, page in zip(ends[1:], pages, strict=True)] == [
        *[True] * (len(pages) - 1),
        False,
    ]


def test_the_footer_stands_on_the_last_page_and_the_others_say_that_they_go_on(long):
    def footer(page):
        return [text.get_text() for text in page.findobj(Text) if (text.get_gid() or "").startswith("footer")]

    fig, (*others, last) = long
    assert footer(last) == footer(fig)
    assert all(footer(page) == ["Continued on the next page"] for page in others)
    assert [page.content.alt_text[:12] for page in others[:1]] == [f"Page 1 of {len(others) + 1}."[:12]]


def test_every_page_has_a_file_and_numbers_and_caption_one(tmp_path):
    fig = ON_PAGES["forest"]()
    names = [path.name for path in analysis.save_figure(fig, tmp_path / "one", ["svg"])]
    assert names == ["one.svg", "one.csv", "one.drawing.csv", "one.md"]
    paths = analysis.save_figure(fig, tmp_path / "f", ["svg", "png"], pages=True, dpi=72)
    assert [path.name for path in paths] == [
        *(f"f-{i}.{kind}" for kind in ("svg", "png") for i in (1, 2, 3, 4)),
        "f.csv",
        "f.drawing.csv",
        "f.md",
    ]
    assert (tmp_path / "f.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    again = analysis.save_figure(ON_PAGES["forest"](), tmp_path / "again", ["svg"], pages=True)
    assert [path.read_bytes() for path in again[:4]] == [path.read_bytes() for path in paths[:4]]


def test_what_is_low_or_cannot_be_cut_has_one_file(fig, tmp_path):
    plane = analysis.funnel(GROUPED)
    tall = analysis.orchard(GROUPED)
    plane.set_size_inches(7, 20)
    tall.set_size_inches(7, 20)
    for each in (fig, plane, tall, pickle.loads(pickle.dumps(ON_PAGES["forest"]()))):
        assert pages_of(each) == [each]
    assert [path.name for path in analysis.save_figure(fig, tmp_path / "d", "svg", pages=True)][:1] == ["d.svg"]


def test_pages_are_in_the_look_and_language_of_their_figure():
    with analysis.theme("dark", labels="de"):
        fig = ON_PAGES["forest"]()
    first, second, *_ = pages_of(fig)
    assert first.get_facecolor() == fig.get_facecolor() != ON_PAGES["steps_forest"]().get_facecolor()
    assert lines(second)[0] == "Family 0 (Fortsetzung)"
    assert "Fortsetzung auf der nächsten Seite" in [text.get_text() for text in first.findobj(Text)]
    assert first.content.alt_text.startswith("Seite 1 von 4. ")


def test_letters_of_numbers_and_columns_with_na_are_printed(tmp_path):
    table = pd.DataFrame({"study": list("abc"), "yi": [0.1, 0.4, 0.2], "vi": 0.1, "blind": [1, 0, 1]})
    effects = analysis.effect_sizes(table.assign(sites=pd.array([1, None, 3], "Int64")), measure="SMD")
    figure = analysis.forest(effects, columns=("sites",), symbols={"blind": {1: "B", 0: "O"}})
    analysis.save_figure(figure, tmp_path / "f", formats="png")
    assert [
        line.split("|")[1:4] for line in (tmp_path / "f.md").read_text().splitlines() if line[:4] in ("| a ", "| b ")
    ] == [
        [" a ", " 1 ", " 1 "],
        [" b ", "  ", " 0 "],
    ]
