"""Writing figures: bytes, metadata, numbers and captions."""

import base64
import io
import os
import re
import zlib
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.text import Text
from PIL import Image
from plot_cases import synthetic

import analysis

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["demo.svg", "demo.pdf", "demo.png", "demo.csv", "demo.md"]


def draw():
    return analysis.arms_forest(analysis.pool_arms(synthetic(5, groups=2), by="therapy_family"))


@pytest.fixture(scope="module")
def fig():
    return draw()


@pytest.fixture(scope="module")
def saved(fig, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures") / "made" / "on the way"
    paths = analysis.save_figure(fig, folder / "demo")
    return {path.suffix: path for path in paths}


def test_all_files_are_written_and_no_other(saved):
    folder = saved[".svg"].parent
    assert [path.name for path in saved.values()] == NAMES
    assert sorted(os.listdir(folder)) == sorted(NAMES)


def test_same_input_gives_the_same_bytes(saved, tmp_path):
    for path in analysis.save_figure(draw(), tmp_path / "demo"):
        assert path.read_bytes() == saved[path.suffix].read_bytes(), path.name


def test_csv_is_the_table_of_the_figure(saved, fig):
    read = pd.read_csv(saved[".csv"])
    table = fig.content.table
    assert list(read.columns) == list(table.columns)
    for column in ("contrast_estimate", "contrast_low", "contrast_high", "weight", "y_mm"):
        np.testing.assert_allclose(read[column], table[column].astype(float), rtol=5e-10)
    assert list(read["kind"]) == list(table["kind"])


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
    assert fig.content.caption in saved[".md"].read_text(encoding="utf-8")


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


def test_text_of_the_pdf_can_be_searched(saved, fig):
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", saved[".pdf"].read_bytes(), re.S)
    unpacked = [zlib.decompressobj().decompress(each) for each in streams if each.startswith(b"x")]
    letters = set()
    for cmap in (each for each in unpacked if b"beginbfrange" in each):
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

    def broken_off(handle, *args):
        os.write(handle, b"<svg ha")
        os.close(handle)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fdopen", broken_off)
    with pytest.raises(KeyboardInterrupt):
        analysis.save_figure(fig, tmp_path / "demo", formats=["svg"])
    assert (tmp_path / "demo.svg").read_bytes() == old
    assert sorted(os.listdir(tmp_path)) == ["demo.csv", "demo.md", "demo.svg"]


def test_nothing_is_written_when_a_format_fails(fig, tmp_path, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("no PDF today")

    monkeypatch.setattr("matplotlib.backends.backend_pdf.FigureCanvasPdf.print_pdf", fail)
    with pytest.raises(RuntimeError, match="no PDF today"):
        analysis.save_figure(fig, tmp_path / "demo")
    assert os.listdir(tmp_path) == []


def test_global_settings_stay_untouched(fig, tmp_path):
    with matplotlib.rc_context({"svg.hashsalt": "mine", "pdf.fonttype": 3, "savefig.bbox": "tight"}):
        before = dict(matplotlib.rcParams)
        analysis.save_figure(fig, tmp_path / "demo", formats="svg")
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("stem", "formats", "message"),
    [("demo", ["gif"], "formats holds 'gif'"), ("demo.svg", ["svg"], "leave out '.svg'")],
)
def test_bad_arguments_are_named(fig, tmp_path, stem, formats, message):
    with pytest.raises(ValueError, match=message):
        analysis.save_figure(fig, tmp_path / stem, formats=formats)


def test_a_file_in_the_place_of_the_folder_is_named(fig, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"):
        analysis.save_figure(fig, tmp_path / "taken" / "demo", formats=["svg"])


def test_other_figures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="carries no table"):
        analysis.save_figure(Figure(), tmp_path / "demo")


def test_notebook_shows_a_small_figure_as_svg(fig, monkeypatch):
    svg = fig._repr_svg_()
    assert svg.startswith("<?xml") and "@font-face" in svg and fig.content.title in svg
    monkeypatch.setattr("analysis.plots._page.NOTEBOOK_SVG", 1000)
    assert fig._repr_svg_() is None


def test_notebook_shows_the_figure_at_its_size(fig):
    data, size = fig._repr_png_()
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (
            pytest.approx(2 * size["width"], abs=2),
            pytest.approx(2 * size["height"], abs=2),
        )
