"""The flow diagram of PRISMA 2020: boxes that hold their texts, numbers that add up, what is not known left blank."""

import numpy as np
import pytest
from layouts import flow
from matplotlib.text import Text
from plot_cases import misplaced

import analysis as ma
from analysis.plots._prisma import COUNTS, OTHER, PREVIOUS

FOUND = {name: k for name, k in flow().items() if name not in (*OTHER, *PREVIOUS)} | {"reports": 50}
WIDTHS = 80, "single", 110, 149, 150, "double", 220


def texts(fig, begins="box-"):
    return [each.get_text() for each in fig.findobj(Text) if (each.get_gid() or "").startswith(begins)]


def boxes(fig):
    (found,) = fig.findobj(lambda each: each.get_gid() == "prisma-boxes")
    corners = np.array([path.vertices[:4] for path in found.get_paths()])
    return corners.min(axis=1), corners.max(axis=1)


def arrows(fig):
    (found,) = fig.findobj(lambda each: each.get_gid() == "prisma-arrows")
    return np.array(found.get_segments())


@pytest.fixture(scope="module", params=WIDTHS)
def fig(request):
    return ma.prisma_flow(flow(), width_mm=request.param)


def test_every_number_stands_in_a_box_once(fig):
    said = " ".join(texts(fig))
    numbers = [k for value in flow().values() for k in (value.values() if isinstance(value, dict) else [value])]
    assert said.count("(n = ") == len(numbers) + 3  # the sums of those that have parts
    assert "Records from databases (n = 1\u202f242) – MEDLINE (n = 812) – Embase (n = 430)" in said
    table = fig.content.table.query("kind == 'box'").set_index("name")
    assert table["k"].to_dict() == {n: sum(v.values()) if isinstance(v, dict) else v for n, v in flow().items()}
    assert "records screened: 1\u202f047;" in fig.content.alt_text.replace("Records", "records")


def test_texts_lie_in_their_boxes_and_boxes_apart(fig):
    assert misplaced(fig) == ([], [])
    low, high = boxes(fig)
    wide, tall = fig.get_size_inches() * 25.4
    assert (low >= 3).all() and (high[:, 0] <= wide - 3).all() and (high[:, 1] <= tall - 3).all()
    for i in range(len(low)):
        apart = (low[i + 1 :] >= high[i] + 1).any(axis=1) | (high[i + 1 :] <= low[i] - 1).any(axis=1)
        assert apart.all()
    renderer = fig.canvas.get_renderer()
    for each in fig.findobj(Text):
        if (each.get_gid() or "").startswith("box-"):
            at = each.get_window_extent(renderer).transformed(fig.axes[0].transData.inverted())
            i = int(each.get_gid().split("-")[1])
            assert low[i, 0] <= at.x0 and at.x1 <= high[i, 0] and low[i, 1] <= min(at.y0, at.y1)
            assert max(at.y0, at.y1) <= high[i, 1]


def test_arrows_meet_boxes_and_cross_no_text_or_box(fig):
    low, high = boxes(fig)
    renderer, crossed = fig.canvas.get_renderer(), []
    extents = [
        each.get_window_extent(renderer).transformed(fig.axes[0].transData.inverted())
        for each in fig.findobj(Text)
        if each.get_text() and (each.get_gid() or "").startswith(("box-", "stage-"))
    ]
    for segment in arrows(fig):
        a, b = segment.min(axis=0), segment.max(axis=0)
        crossed += [
            box
            for box in extents
            if a[0] < box.x1 and b[0] > box.x0 and a[1] < max(box.y0, box.y1) and b[1] > min(box.y0, box.y1)
        ]
        inside = ((a < high - 0.01) & (b > low + 0.01)).all(axis=1)
        assert not inside.any()
    assert crossed == []
    (tips,) = fig.findobj(lambda each: each.get_gid() == "prisma-tips")
    points = np.array([path.vertices[0] for path in tips.get_paths()])
    for point in points:
        on = ((point >= low - 1e-6) & (point <= high + 1e-6)).all(axis=1)
        assert on.sum() == 1
    assert len(points) == len(low) - 1  # every box but the first is led to, or from


def test_streams_stand_beside_one_another_only_where_there_is_room():
    for width, columns in ((149, 2), (150, 4)):
        low, _ = boxes(ma.prisma_flow(flow(), width_mm=width))
        assert len(np.unique(low[:, 0].round(3))) == columns
    low, high = boxes(ma.prisma_flow(FOUND))
    assert len(np.unique(low[:, 0].round(3))) == 2 and (high - low)[:, 0].min() > 70


def test_what_is_not_known_stays_blank_and_is_named():
    fig = ma.prisma_flow({"databases": 300, "screened": 260, "studies": 4})
    blank = "\N{NO-BREAK SPACE}" * 4
    assert f"Records from registers (n = {blank})" in texts(
        fig
    ) and f"Reports of studies included (n = {blank})" in texts(fig)
    note = next(line for line in fig.content.footer if line.startswith("Blank"))
    assert note.startswith("Blank, as not known: records from registers, duplicate records removed, ")
    assert "records screened" not in note and "websites" not in note and "previous" not in note
    table = fig.content.table.query("kind == 'box'").set_index("name")
    assert table["k"].isna().sum() == len(table) - 3 and table.loc["registers", "text_k"] == ""
    assert "Blank" not in ma.prisma_flow(FOUND).content.caption
    assert "registers" not in fig.content.alt_text


def test_names_are_those_of_an_update_only_beside_a_previous_version():
    assert (
        "Studies included (n = 44)" in texts(ma.prisma_flow(FOUND))
        and "stage" not in ma.prisma_flow(FOUND).content.title
    )
    update = ma.prisma_flow(FOUND | {"previous_studies": 10, "total_studies": 54})
    assert "New studies included (n = 44)" in texts(update)
    assert ma.prisma_flow(FOUND).content.title == "Flow of records to 44 studies included"
    assert update.content.title == "Flow of records to 54 studies included"
    assert ma.prisma_flow({"screened": 3}).content.title == "Flow of records and studies"
    assert texts(ma.prisma_flow(FOUND, title="Mine"), "title")[0] == "Mine"
    streams = texts(ma.prisma_flow(flow()), "stage-")
    assert streams == ["Databases and registers", "Other methods", "Identification", "Screening", "Included"]


def test_the_files_beside_it(tmp_path):
    paths = ma.save_figure(ma.prisma_flow(flow(), note="Searched in May."), tmp_path / "flow", ["svg", "docx", "tex"])
    said = paths[-1].read_text(encoding="utf-8")
    assert "| **Records from databases** | **1\u202f242** |" in said and "| – MEDLINE | 812 |" in said
    assert "Searched in May." in said and "doi 10.1136/bmj.n71" in said
    with ma.theme(labels="de"):
        german = ma.prisma_flow(flow())
    ma.save_figure(german, tmp_path / "de", "svg")
    assert "| **Fundstellen aus Datenbanken** | **1\u202f242** |" in (tmp_path / "de.md").read_text(encoding="utf-8")


def test_without_title_and_footer_the_caption_keeps_both():
    whole = ma.prisma_flow(FOUND, note="Made up.")
    bare = ma.prisma_flow(FOUND, note="Made up.", title="", footer=False, dpi=72)
    assert (
        not texts(bare, ("title", "footer")) and bare.get_figheight() < whole.get_figheight() - 0.3 and bare.dpi == 72
    )
    assert bare.content.caption == whole.content.caption and bare.content.title == whole.content.title
    assert whole.content.caption.endswith("Made up.") and whole.content.lead == f"{whole.content.title}."


def without(*names, **more):
    return {name: k for name, k in (FOUND | more).items() if name not in names}


def test_unknown_numbers_may_make_up_for_what_is_missing():
    ma.prisma_flow(without("duplicates", screened=1000, excluded=873))
    ma.prisma_flow(without("registers", databases=1000))
    ma.prisma_flow(without("reports"))
    ma.prisma_flow({"assessed": 10, "reports_excluded": 4, "other_assessed": 3, "reports": 9})


WRONG = [
    (FOUND | {"screened": 1046}, r"databases \(1242\) \+ registers \(20\) = 1262 but duplicates \(212\) .* = 1261"),
    (
        without("duplicates", screened=1300, excluded=1173),
        r"= 1262 but automation .* = 1303; correct one, or leave out",
    ),
    (without("registers", databases=1300), r"databases \(1300\) but duplicates .* = 1262"),
    (FOUND | {"excluded": 919}, r"screened \(1047\) but excluded \(919\) \+ sought \(127\) = 1046"),
    (FOUND | {"assessed": 122, "reports": 49}, r"sought \(127\) but not_retrieved \(4\) \+ assessed \(122\) = 126"),
    (FOUND | {"reports": 51}, r"assessed \(123\) but reports_excluded \(73\) \+ reports \(51\) = 124"),
    (flow() | {"other_excluded": 9}, r"assessed \(123\) \+ other_assessed \(18\) = 141 but reports_excluded .* = 140"),
    (flow() | {"citations": 10}, r"= 18 but other_sought \(19\)"),
    (flow() | {"total_studies": 55}, r"previous_studies \(10\) \+ studies \(44\) = 54 but total_studies \(55\)"),
    (FOUND | {"studies": 51}, "studies is 51, but reports is 50: every study has a report"),
    ({"screenned": 3}, "'screenned' is no count; did you mean screened"),
    ({"zzz": 3}, "'zzz' is no count; they are databases, registers"),
    ({"screened": -1}, "screened is -1; give a whole number from 0"),
    ({"screened": 2.5}, "screened is 2.5; give a whole number"),
    ({"screened": True}, "screened is True; give a whole"),
    ({"screened": "12"}, "screened is '12'; give a whole"),
    ({"reports_excluded": {"no sham": None}}, r"reports_excluded\['no sham'\] is None; give a whole"),
    ({"reports_excluded": {}}, "reports_excluded has no numbers"),
    ({}, "counts holds none"),
    ({"screened": float("nan")}, "screened is nan; give a whole"),
]


@pytest.mark.parametrize(("counts", "said"), WRONG)
def test_counts_that_cannot_be_are_refused(counts, said):
    with pytest.raises(ValueError, match=said):
        ma.prisma_flow(counts)


def test_all_that_is_wrong_is_listed():
    with pytest.raises(ValueError, match=r"(?s)2 problems.*excluded \(1\).*studies is 60"):
        ma.prisma_flow(FOUND | {"excluded": 1, "studies": 60})


def test_other_arguments_are_refused():
    with pytest.raises(TypeError, match="cannot use a list: give a dict of counts"):
        ma.prisma_flow([3])
    with pytest.raises(ValueError, match="width_mm is 79, and the boxes need at least 80 mm"):
        ma.prisma_flow(FOUND, width_mm=79)
    assert len(COUNTS) == 24
