"""The GOSH plot and the influence plot, read back from the artists that were drawn."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import artist, misplaced, synthetic

import analysis as ma

YI, VI, NAMES = [0.0, 0.1, -0.2, 0.3, 0.1, 2.5], [0.05, 0.1, 0.08, 0.2, 0.06, 0.1], list("ABCDEF")
POOLED = ma.pool(YI, VI, labels=NAMES, measure="MD")
GOSH, FOUND = ma.gosh(POOLED), ma.influence(POOLED)


def drawn(fig, start):
    """Return the centres of all areas whose gid begins so."""
    found = [each for each in fig.findobj() if (each.get_gid() or "").startswith(start)]
    paths = [path.vertices[:4] for each in found for path in each.get_paths()]
    return np.array([path.mean(axis=0) for path in paths]).reshape(-1, 2), np.array([np.ptp(path, 0) for path in paths])


def texts(fig):
    return [each.get_text() for each in fig.findobj(Text) if each.get_text()]


# --- gosh


@pytest.fixture(scope="module")
def cloud():
    return ma.gosh_plot(GOSH, study="F")


def test_every_subset_of_two_or_more_is_in_the_square_where_it_lies(cloud):
    cells = cloud.content.table.query("kind == 'cell'")
    several = GOSH.k > 1
    assert cells["subsets"].sum() == several.sum() == 57
    assert cells["with_study"].sum() == (GOSH.has("F") & several).sum()
    x, y, low, high, bottom, top = (
        np.asarray(each)
        for each in (
            GOSH.estimate[several],
            GOSH.i2[several],
            *cells[["low", "high", "i2_low", "i2_high"]].to_numpy(float).T[:, :, None],
        )
    )
    assert ((low <= x) & (x <= high) & (bottom <= y) & (y <= top)).any(axis=0).all()
    centres, _ = drawn(cloud, "gosh-cells-")
    assert len(centres) == len(cells)
    known = cells[["low", "high"]].mean(axis=1), cells[["i2_low", "i2_high"]].mean(axis=1)
    np.testing.assert_allclose(np.sort(centres[:, 0]), np.sort(known[0]))
    np.testing.assert_allclose(np.sort(centres[:, 1]), np.sort(known[1]), atol=1e-12)


def test_squares_without_the_study_are_smaller_and_of_another_colour(cloud):
    with_it, without = (drawn(cloud, f"gosh-cells-{name}-") for name in ("with", "without"))
    assert len(with_it[0]) == cloud.content.table["mostly_with"].eq(True).sum()
    assert without[1][:, 0].max() == pytest.approx(0.6 * with_it[1][:, 0].min())
    # without F the others agree
    assert without[0][:, 0].max() < with_it[0][:, 0].max() and without[0][:, 1].max() < with_it[0][:, 1].max()
    said = cloud.content.caption
    assert "half of their subsets or more hold F" in said and any(t.startswith("without F: ") for t in texts(cloud))
    plain = ma.gosh_plot(GOSH)
    assert not len(drawn(plain, "gosh-cells-without")[0]) and "hold F" not in plain.content.caption
    assert not any("without" in text for text in texts(plain))


def test_the_more_subsets_the_darker():
    rng = np.random.default_rng(1)
    fig = ma.gosh_plot(ma.gosh(ma.pool(rng.normal(0, 0.1, 12), rng.uniform(0.1, 0.3, 12), tau2_method="DL")))
    cells = fig.content.table.query("kind == 'cell'")
    ends = cells.groupby("shade")["subsets"].agg(["min", "max"])
    assert len(ends) == 4 and (ends["min"].to_numpy()[1:] > ends["max"].to_numpy()[:-1]).all()
    shades = [artist(fig, f"gosh-cells-with-{i}").get_facecolor()[0, :3].sum() for i in range(4)]
    assert shades == sorted(shades, reverse=True) and len(set(shades)) == 4


def test_the_colour_is_that_of_half_of_the_subsets_or_more():
    rng = np.random.default_rng(2)
    found = ma.gosh(ma.pool(rng.normal(0, 1, 10), rng.uniform(0.1, 0.3, 10), tau2_method="DL"))
    cells = ma.gosh_plot(found, study="Study 1").content.table.query("kind == 'cell'")
    share = (cells["with_study"] / cells["subsets"]).to_numpy(float)
    assert ((share > 0) & (share < 0.5)).sum() > 5 and ((share > 0.5) & (share < 1)).sum() > 5
    assert share[cells["mostly_with"].astype(bool)].min() >= 0.5 > share[~cells["mostly_with"].astype(bool)].max()


def test_all_studies_are_the_diamond(cloud):
    at = np.asarray(artist(cloud, "gosh-all").get_offsets())
    np.testing.assert_allclose(at[0], [POOLED.estimate, POOLED.i2])
    assert np.asarray(artist(cloud, "gosh-null").get_segments())[0, :, 0].tolist() == [0.0, 0.0]
    assert "all studies" in texts(cloud) and "no effect" in texts(cloud)
    alt = cloud.content.alt_text
    middle = np.median(GOSH.estimate[(GOSH.k > 1) & ~GOSH.has("F")])
    assert alt.startswith("GOSH plot: Pooled effect and I² of 57 subsets of 6 studies.") and f"{middle:.2f}" in alt


def test_a_sample_says_so_and_how_much_lies_beyond_the_limits():
    found = ma.gosh(POOLED, n_subsets=40)
    fig = ma.gosh_plot(found, xlim=(-0.2, 0.3))
    assert "A random sample of 40 subsets was pooled" in fig.content.caption
    estimate = found.estimate[found.k > 1]
    beyond = ((estimate < -0.2) | (estimate > 0.3)).sum()
    assert beyond > 1 and f"{beyond} subsets lie beyond the panel" in fig.content.caption
    assert not [each for each in fig.findobj() if each.get_gid() == "gosh-all" and len(each.get_offsets())]
    assert "All 63 subsets of the studies were pooled" in ma.gosh_plot(GOSH).content.caption


@pytest.mark.parametrize("k", [2, 3, 12])
@pytest.mark.parametrize("width", [85, 174])
def test_every_cloud_has_its_place(k, width):
    found = ma.gosh(ma.pool(synthetic(k, name="Author {i} et al. 2001"), tau2_method="DL"))
    assert misplaced(ma.gosh_plot(found, study="Author 1 et al. 2001", width_mm=width, note="made up")) == ([], [])


def test_equal_effects_have_a_cloud():
    fig = ma.gosh_plot(ma.gosh(ma.pool([0.5, 0.5, 0.5], [0.1, 0.2, 0.1], measure="OR")))
    assert len(fig.content.table.query("kind == 'cell'")) == 1 and misplaced(fig) == ([], [])
    # four subsets in one place, which has the strongest shade, and no other shade in the key
    assert [text for text in texts(fig) if text.startswith("4") or "estimable" in text] == ["4"]
    assert len(artist(fig, "gosh-cells-with-3").get_paths()) == 1


def test_a_cloud_fits_into_axes_of_another_figure():
    ax = Figure().subplots()
    assert ma.gosh_plot(GOSH, ax=ax) is ax.figure
    assert ax.get_ylabel() == "I²" and len(drawn(ax.figure, "gosh-cells-")[0])


def test_what_no_cloud_can_be_drawn_of():
    with pytest.raises(ValueError, match="study='G' is none of the studies: A, B"):
        ma.gosh_plot(GOSH, study="G")
    two = ma.gosh(ma.pool([0.1, 0.5], [0.1, 0.1]))
    assert ma.gosh_plot(two).content.title == "Pooled effect and I² of 1 subset of 2 studies"
    with pytest.raises(TypeError, match=r"gosh_plot\(\) cannot use a PooledEffect: give a Gosh"):
        ma.gosh_plot(POOLED)
    single = np.flatnonzero(GOSH.k == 1)[:1]
    singles = replace(
        GOSH, **{name: getattr(GOSH, name)[single] for name in ("estimate", "tau2", "i2", "k", "_packed")}
    )
    with pytest.raises(ValueError, match="no subset of two studies or more"):
        ma.gosh_plot(singles)
    assert "Moves most" not in singles.summary() and "I²" not in singles.summary()
    with pytest.raises(ValueError, match="a GOSH plot needs at least 80 mm"):
        ma.gosh_plot(GOSH, width_mm=60)


# --- influence


@pytest.fixture(scope="module")
def panels():
    return ma.influence_plot(FOUND)


def axes(fig, name):
    return next(ax for ax in fig.axes if ax.get_label() == name)


def of(ax, gid):
    return np.vstack([np.asarray(each.get_offsets()) for each in ax.collections if each.get_gid() == gid])


@pytest.mark.parametrize("name", ["rstudent", "dffits", "cooks_distance"])
def test_marks_stand_where_the_measures_say_and_flagged_ones_are_diamonds(panels, name):
    ax, rows = axes(panels, name), panels.content.table.query("kind == 'trial'")
    flagged = FOUND["influential"].to_numpy()
    assert 0 < flagged.sum() < len(flagged)
    for gid, which in (("influence-flagged", flagged), ("influence-marks", ~flagged)):
        at = np.unique(of(ax, gid), axis=0)
        wanted = np.column_stack([FOUND.loc[which, name], rows.loc[which, "y_mm"]]).astype(float)
        np.testing.assert_allclose(at, np.unique(wanted, axis=0))
    low, high = ax.get_xlim()
    assert low < FOUND[name].min() and FOUND[name].max() < high


def test_limits_are_drawn_and_said(panels):
    limits = FOUND.attrs["limits"]
    for name, ends in (
        ("rstudent", 1.959964),
        ("dffits", limits["dffits"]),
        ("cooks_distance", limits["cooks_distance"]),
    ):
        (lines,) = (each for each in axes(panels, name).collections if each.get_gid() == "influence-limits")
        at = sorted({float(x) for x, _ in np.vstack(lines.get_segments())})
        assert at == pytest.approx([ends] if name == "cooks_distance" else [-ends, ends])
    caption = panels.content.caption
    assert f"Influential: DFFITS beyond ±{limits['dffits']:.2f}, Cook's distance above 0.45, hat above 0.50" in caption
    assert "Diamonds and names in bold: influential studies".lower() in caption.lower()
    assert "1 of 6 studies is influential: F" in caption


def test_names_of_flagged_studies_are_bold_and_values_beyond_limits_too(panels):
    bold = {each.get_text() for each in panels.findobj(Text) if each.get_weight() == "bold"}
    assert bold & set(NAMES) == {"F"}
    assert panels.content.table.loc[5, "text_dfbetas"] in bold and panels.content.table.loc[5, "text_hat"] not in bold


def test_where_none_is_influential_nothing_speaks_of_it():
    fig = ma.influence_plot(ma.influence(ma.pool(synthetic(13))))
    assert "diamond" not in fig.content.caption and "0 of 13 trials are influential." in fig.content.caption


def test_of_a_regression_the_farthest_coefficient_is_printed():
    data = pd.DataFrame({"yi": YI, "vi": VI, "dose": [1.0, 2.0, 3.0, 4.0, 5.0, 9.0], "study": NAMES})
    found = ma.influence(ma.meta_regression("yi ~ dose", data))
    moves = found[["dfbetas_Intercept", "dfbetas_dose"]].to_numpy()
    table = ma.influence_plot(found).content.table.query("kind == 'trial'")
    assert np.abs(table["dfbetas"].to_numpy(float)).tolist() == np.abs(moves).max(axis=1).tolist()


def test_a_study_without_measures_has_no_mark():
    data = pd.DataFrame({"yi": YI, "vi": VI, "kind": list("aabbbc"), "study": NAMES})
    fig = ma.influence_plot(ma.influence(ma.meta_regression("yi ~ C(kind)", data)))
    marks = sum(len(np.unique(of(axes(fig, "rstudent"), gid), axis=0)) for gid in gids_of(axes(fig, "rstudent")))
    assert marks == 5 and "not estimable" in texts(fig)


def gids_of(ax):
    return {each.get_gid() for each in ax.collections} & {"influence-marks", "influence-flagged"}


@pytest.mark.parametrize("k", [3, 13, 60])
@pytest.mark.parametrize("width", [85, 174])
@pytest.mark.filterwarnings("ignore:width_mm is")
def test_every_row_has_its_place(k, width):
    found = ma.influence(ma.pool(synthetic(k), tau2_method="DL"))
    fig = ma.influence_plot(found, width_mm=width, note="made up")
    assert misplaced(fig) == ([], [])
    assert [ax.get_label() for ax in fig.axes if ax.get_label() in found] == (
        ["rstudent", "cooks_distance"] if width == 85 else ["rstudent", "dffits", "cooks_distance"]
    )
    # panels of equal width fill the room between names and columns
    places = [ax.get_position() for ax in fig.axes if ax.get_label() in found]
    gaps = [(b.x0 - a.x1) * width for a, b in itertools.pairwise(places)]
    assert max(gaps) < 5 and np.ptp([place.width for place in places]) < 1e-9
    edge = max(t.get_window_extent().x1 for t in fig.findobj(Text) if t.get_text()) / fig.dpi * 25.4
    assert edge > width - 6


def test_what_no_rows_can_be_drawn_of():
    with pytest.raises(ValueError, match="found has no column hat"):
        ma.influence_plot(FOUND.drop(columns="hat"))
    with pytest.raises(ValueError, match="found has no row"):
        ma.influence_plot(FOUND.iloc[:0])
    with pytest.raises(TypeError, match="found is a PooledEffect"):
        ma.influence_plot(POOLED)
