"""`pool_groups`, and what it shares with `pool_batch`: sets of any sizes in blocks, threads, and dask."""

import sys
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis as ma
from analysis.models import blocks, pooling
from analysis.models.studies import RepeatedStudyWarning

METHODS = [st.sampled_from(x) for x in (pooling.TAU2_METHODS, pooling.CI_METHODS, ["t(k-1)", "t(k-2)", "z"])]


def corpus(sizes=(3, 1, 40, 2, 5, 3, 17), seed=1):
    """A long table in no order: groups 0, 1, 2 ... of these sizes."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return pd.DataFrame({"g": group, "yi": rng.normal(5, 1, group.size), "vi": rng.uniform(0.05, 0.5, group.size)})


@settings(max_examples=12)
@given(st.lists(st.sampled_from("abcdefghaaaaaa"), min_size=1, max_size=40), st.integers(0, 10_000), *METHODS)
def test_a_group_is_its_own_pool(group, seed, tau2_method, ci_method, pi_method):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"g": group, "yi": rng.normal(5, 1, len(group)), "vi": rng.uniform(0.05, 0.5, len(group))})
    methods = {"tau2_method": tau2_method, "ci_method": ci_method, "pi_method": pi_method, "confidence_level": 0.9}
    found = ma.pool_groups(data, "g", tau2_ci_method="Q-profile", **methods)
    assert found.index.tolist() == sorted(set(group)) and found.index.name == "g"
    for name, rows in data.groupby("g"):
        alone = ma.pool(rows, **methods).to_row()
        mine = found.drop(columns="left_out").loc[[name]]
        assert set(alone.select_dtypes(["number", "bool"])) - set(mine) == {
            *("confidence_level", "trials", "wald_se", "collapsed", "tau2_ci_empty", "h2_ci_low", "h2_ci_high")
        }
        # Beside other columns numpy adds in another order.
        pd.testing.assert_frame_equal(mine.reset_index(drop=True), alone[list(mine)], rtol=1e-11, atol=1e-12)


def test_groups_are_sorted_or_in_the_order_of_their_first_row():
    data = corpus().assign(h=lambda x: np.where(x["g"] > 3, "b", "a"))
    first = ma.pool_groups(data, "g", sort=False)
    assert first.index.tolist() == data["g"].drop_duplicates().tolist() != sorted(first.index)
    pd.testing.assert_frame_equal(first.sort_index(), ma.pool_groups(data, "g"))
    both = ma.pool_groups(data, ["h", "g"])
    assert both.index.names == ["h", "g"] and both.index.is_monotonic_increasing
    assert both.loc[("b", 4), "estimate"] == first.loc[4, "estimate"]
    kinds = data.astype({"h": pd.CategoricalDtype(["c", "b", "a"])})
    assert ma.pool_groups(kinds, "h").index.tolist() == ["b", "a"]


def test_what_goes_in_and_what_comes_out():
    data = corpus()
    want = ma.pool_groups(data, "g", tau2_method="DL")
    roots = data.assign(se=np.sqrt(data["vi"])).drop(columns="vi")
    pd.testing.assert_frame_equal(ma.pool_groups(roots, "g", tau2_method="DL"), want, rtol=1e-12)
    objects = data.astype({"yi": object, "vi": object})
    pd.testing.assert_frame_equal(ma.pool_groups(objects, "g", tau2_method="DL"), want)
    assert want.attrs["methods"] == {
        **{"tau2_method": "DL", "ci_method": "HKSJ-wide", "pi_method": "t(k-1)"},
        "confidence_level": 0.95,
    }
    assert not [name for name in want if "2_ci" in name] and want["k"].tolist() == [3, 1, 40, 2, 5, 3, 17]
    fixed = ma.pool_groups(data, "g", tau2=0.3, tau2_ci_method="Q-profile")
    assert (fixed["tau2"] == 0.3).all() and fixed["tau2_ci_low"].isna().all()


def test_effect_sizes_keep_their_measure_and_ratios_are_shown_when_asked():
    wide = pd.DataFrame({"study": list("ABCD"), "events_t": [4, 6, 9, 3], "n_t": 40, "events_p": [9, 11, 12, 8]})
    effects = ma.effect_sizes(wide.assign(n_p=41, dose=[1, 1, 2, 2]), measure="OR", benefit="lower")
    logs, ratios = ma.pool_groups(effects, "dose"), ma.pool_groups(effects, "dose", transform=True)
    np.testing.assert_allclose(ratios["ci_low"], np.exp(logs["ci_low"]), rtol=1e-12)
    assert "se" in logs and "se" not in ratios and ratios.attrs["wording"]["measure"] == "OR"
    assert ma.pool_groups(corpus(), "g", measure="MD").attrs["wording"]["measure"] == "MD"


def test_missing_rows_are_refused_or_counted_and_listed():
    data = pd.DataFrame(
        {
            "g": ["b", "a", "a", None, "b", "c"],
            "yi": [1.0, 2, np.nan, 4, 5, 6],
            "vi": [0.1, 0.2, 0.3, 0.4, 0.5, np.nan],
        },
        index=list("uvwxyz"),
    )
    with pytest.raises(ValueError, match=r"effect 3 \(w\): yi = nan(.|\n)*effect 6 \(z\): vi = nan"):
        ma.pool_groups(data, "g")
    with pytest.raises(ValueError, match=r"1 problem in the groups:\n  effect 3 \(x\): g is empty; .*missing='drop'"):
        ma.pool_groups(data.dropna(subset=["yi", "vi"]), "g")
    with pytest.raises(ValueError, match=r"effect 2 \(Study 2\): g is empty"):
        ma.pool_groups(pd.DataFrame({"g": [1, np.nan], "yi": 1.0, "vi": 0.1}), "g")
    found = ma.pool_groups(data, "g", missing="drop")
    assert found[["k", "left_out"]].to_dict("index") == {
        "a": {"k": 1, "left_out": 1},
        "b": {"k": 2, "left_out": 0},
        "c": {"k": 0, "left_out": 1},
    }
    assert found.attrs["left_out"] == (("w", "no effect"), ("z", "no variance"), ("x", "no group"))
    assert found.loc["c"].drop(["k", "left_out", "q_df", "hksj_narrower"]).isna().all()
    with pytest.raises(ValueError, match="no effect is left"):
        ma.pool_groups(data.iloc[[3]], "g", missing="drop")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda d: ma.pool_groups(d, "gg"), r"by:\n  'gg' is not a column \(did you mean 'g'\?\): g, yi, vi"),
        (lambda d: ma.pool_groups(d, []), "by names no column; give one of g, yi, vi"),
        (lambda d: ma.pool_groups(d, ["g", "x", 3]), "2 problems in by"),
        (lambda d: ma.pool_groups(d.drop(columns="vi"), "g"), "'vi' is not a column of the effects, nor is 'se'"),
        (lambda d: ma.pool_groups(d.assign(vi=-1.0), "g"), "42 problems|effect 1: vi = -1.0"),
        (lambda d: ma.pool_groups(d.iloc[:0], "g"), "there are no studies"),
        (lambda d: ma.pool_groups(d, "g", missing="skip"), "missing='skip' is not known"),
        (lambda d: ma.pool_groups(d, "g", tau2_method="X"), "tau2_method='X'"),
        (lambda d: ma.pool_groups(d, "g", n_jobs=0), "n_jobs=0 must be a whole number of threads"),
        (lambda d: ma.pool_groups(d, "g", n_jobs=True), "n_jobs=True must be"),
    ],
)
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call(corpus())


def test_no_table_or_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match=r"pool_groups\(\) cannot use a list: give EffectSizes, or a DataFrame"):
        ma.pool_groups([1.0, 2.0], "g")
    with pytest.raises(TypeError, match="did you mean 'tau2_method'"):
        ma.pool_groups(corpus(), "g", tau_method="DL")


def test_a_study_twice_in_a_group_is_a_warning_and_in_two_groups_is_none():
    data = corpus((2, 2)).sort_values("g").assign(study=list("ABAC"))
    assert ma.pool_groups(data, "g")["k"].tolist() == [2, 2]
    assert ma.pool_groups(data, "study")["k"].tolist() == [2, 1, 1]
    with pytest.warns(RepeatedStudyWarning, match="^B: several rows .* pool_groups"):
        ma.pool_groups(data.assign(study=list("BBAC")), "g")


# --- blocks


def ragged(sizes, seed=1):
    data = corpus(sizes, seed).sort_values("g", kind="stable")
    return data["yi"].to_numpy(copy=True), data["vi"].to_numpy(copy=True)


def padded(yi, vi, sizes):
    there = np.arange(max(sizes)) < np.array(sizes)[:, None]
    y, v = np.full((2, *there.shape), np.nan)
    y[there], v[there] = yi, vi
    return y, v


SIZES = [5, 1, 0, 30, 2, 2, 2, 5, 0, 13]


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
def test_sizes_are_rows_without_their_padding(method):
    yi, vi = ragged(SIZES)
    of_rows = ma.pool_batch(*padded(yi, vi, SIZES), tau2_method=method)
    of_sizes = ma.pool_batch(yi, vi, sizes=SIZES, tau2_method=method)
    for one, other in zip(of_rows, of_sizes, strict=True):
        np.testing.assert_array_equal(one, other)
    assert of_sizes.k.tolist() == SIZES and np.isnan(of_sizes.estimate).tolist() == [k == 0 for k in SIZES]
    for j, end in enumerate(np.cumsum(SIZES)):
        if SIZES[j]:
            alone = ma.pool(yi[end - SIZES[j] : end], vi[end - SIZES[j] : end], tau2_method=method)
            assert of_sizes.estimate[j] == pytest.approx(alone.estimate, rel=1e-11)
            assert of_sizes.pvalue[j] == pytest.approx(alone.pvalue, rel=1e-9)


def test_absent_studies_of_sizes_leave_the_others():
    yi, vi = ragged([3, 2, 1])
    yi[[0, 5]] = vi[[0, 5]] = np.nan
    batch, want = ma.pool_batch(yi, vi, sizes=[3, 2, 1]), ma.pool_batch(yi[1:5], vi[1:5], sizes=[2, 2, 0])
    assert batch.k.tolist() == [2, 2, 0] and batch.estimate[:2].tolist() == want.estimate[:2].tolist()
    with pytest.raises(ValueError, match="masked value"):
        ma.pool_batch(np.ma.masked_invalid([yi]), np.ma.masked_invalid([vi]))
    nothing = ma.pool_batch([[np.nan, np.nan]], [[np.nan, np.nan]])
    assert nothing.k.tolist() == [0] and np.isnan(nothing.q).all() and nothing.k.dtype == batch.k.dtype
    series = pd.Series(yi[1:5], index=list("abcd")), pd.Series(vi[1:5], index=list("abcd"))[::-1]
    assert ma.pool_batch(*series, sizes=[2, 2]).estimate.tolist() == want.estimate[:2].tolist()


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ([3, 2], "sizes adds up to 5 studies, but yi has 6"),
        ([7, -1], "sizes:\n  meta-analysis 2: -1 studies"),
        ([3.0, 3.0], "must be one whole number"),
        ([[3, 3]], "must be one whole number"),
    ],
)
def test_sizes_that_cannot_be(sizes, says):
    with pytest.raises(ValueError, match=says):
        ma.pool_batch(*ragged([3, 2, 1]), sizes=sizes)


def test_a_bad_study_beside_sizes_is_named_by_its_set():
    yi, vi = ragged([3, 2, 1])
    vi[4], yi[5] = -1.0, np.inf
    with pytest.raises(
        ValueError, match="meta-analysis 2, study 2: vi = -1.0(.|\n)*meta-analysis 3, study 1: yi = inf"
    ):
        ma.pool_batch(yi, vi, sizes=[3, 2, 1])
    with pytest.raises(ValueError, match=r"shape must be \(number of studies,\)"):
        ma.pool_batch([yi], [vi], sizes=[3, 2, 1])


def test_no_set_is_filled_up_to_the_largest(monkeypatch):
    seen, engine = [], pooling.columns
    monkeypatch.setattr(pooling, "columns", lambda y, v: seen.append(y.size) or engine(y, v))
    sizes = [*[5] * 400, 900, *[2, 3] * 50]
    ma.pool_batch(*padded(*ragged(sizes), sizes))
    assert sum(sizes) <= sum(seen) < 1.1 * sum(sizes)


@pytest.mark.parametrize("sizes", [[4] * 30, [4] * 10 + [5] * 20, SIZES * 3])
@pytest.mark.parametrize("block", [8, 64, 1 << 16])
def test_every_set_is_shown_once_whatever_the_blocks(sizes, block, monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK", block)
    yi, vi = np.arange(1.0, sum(sizes) + 1), np.ones(sum(sizes))

    def numbers(y, v):
        return {"sum": np.where(np.isnan(v), 0.0, y).sum(axis=0), "k": (~np.isnan(v)).sum(axis=0)}

    found = blocks.in_blocks(numbers, yi, vi, np.array(sizes))
    of = np.repeat(np.arange(len(sizes)), sizes)
    want = np.bincount(of, yi, len(sizes))
    assert found["k"].tolist() == sizes
    np.testing.assert_array_equal(found["sum"], np.where(np.array(sizes) > 0, want, np.nan))


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
def test_threads_change_no_byte(n_jobs, monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK", 64)
    threads, engine = set(), pooling.columns
    monkeypatch.setattr(pooling, "columns", lambda y, v: threads.add(threading.get_ident()) or engine(y, v))
    data = corpus(SIZES * 8)
    one, many = (ma.pool_groups(data, "g", n_jobs=n) for n in (1, n_jobs))
    pd.testing.assert_frame_equal(one, many, check_exact=True)
    assert len(threads) > 1 or (n_jobs == -1 and blocks.os.cpu_count() == 1)
    yi, vi = padded(*ragged(SIZES * 8), SIZES * 8)
    for one, many in zip(ma.pool_batch(yi, vi), ma.pool_batch(yi, vi, n_jobs=n_jobs), strict=True):
        np.testing.assert_array_equal(one, many)


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK", 8)
    with pytest.raises(ZeroDivisionError):
        blocks.in_blocks(lambda y, v: 1 / 0, np.ones(40), np.ones(40), np.full(20, 2), 2)


@pytest.mark.parametrize(("waits", "patience", "told"), [(True, -1.0, True), (True, 60.0, False), (False, -1.0, False)])
def test_progress_is_told_to_a_person_who_waits(monkeypatch, capsys, waits, patience, told):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: waits, raising=False)
    monkeypatch.setattr(blocks, "_PATIENCE", patience)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert list(blocks.told(["ab", "c"], 3, "letters")) == ["ab", "c"]
    assert capsys.readouterr().err == ("\r2 of 3 letters\r3 of 3 letters\n" if told else "")
    ma.pool_batch(*ragged(SIZES), sizes=SIZES)
    assert capsys.readouterr().err.endswith("\r8 of 8 meta-analyses\n" if told else "")
    ma.pool([0.1, 0.2], [0.1, 0.1])  # all at once: there is nothing to tell
    assert capsys.readouterr().err == ""


# --- dask


@pytest.fixture(scope="module")
def dask():
    found = pytest.importorskip("dask", reason="dask is not installed: make scale")
    pytest.importorskip("dask.dataframe", reason="dask is not installed: make scale")
    with found.config.set(scheduler="synchronous"):
        yield found


def spread(dask, data, parts=4):
    """The rows in partitions as they stand, so that most groups lie in several."""
    return dask.dataframe.from_pandas(data.reset_index(drop=True), npartitions=parts, sort=False)


def test_dask_groups_that_lie_in_several_partitions(dask):
    data = corpus((3, 1, 40, 2, 5, 3, 17) * 6).assign(h=lambda x: np.where(x["g"] % 3, "b", "a"))
    for by in ("g", ["h", "g"]):
        lazy, want = ma.pool_groups(spread(dask, data), by), ma.pool_groups(data, by)
        assert isinstance(lazy, dask.dataframe.DataFrame) and lazy.dtypes.equals(want.dtypes)
        assert sum(len(part) > 0 for part in dask.compute(*lazy.to_delayed())) > 1
        # In blocks with other neighbours numpy may add in another order.
        found = lazy.compute().sort_index()
        assert found.index.names == want.index.names and found.index.tolist() == want.index.tolist()
        pd.testing.assert_frame_equal(found.reset_index(drop=True), want.reset_index(drop=True), rtol=1e-12, atol=1e-13)
    ratios = ma.pool_groups(spread(dask, data), "g", measure="OR", transform=True, tau2_ci_method="Q-profile")
    assert list(ratios) == list(ma.pool_groups(data, "g", measure="OR", transform=True, tau2_ci_method="Q-profile"))


def test_dask_keeps_the_order_of_rows(dask):
    """So that small sums, of which many stand side by side, are the same to the last bit."""
    data, ask = corpus((3, 5) * 60), {"by": "g", "tau2_method": "DL"}
    found = ma.pool_groups(spread(dask, data), **ask).compute().sort_index()
    pd.testing.assert_frame_equal(found, ma.pool_groups(data, **ask), check_exact=True)


def test_dask_missing_rows(dask):
    data = corpus((3, 1, 2, 6)).assign(
        yi=lambda x: x["yi"].where(x["g"] != 1), vi=lambda x: x["vi"].where(x.index != 5)
    )
    with pytest.raises(ValueError, match="[yv]i = nan"):
        ma.pool_groups(spread(dask, data), "g").compute()
    found = ma.pool_groups(spread(dask, data), "g", missing="drop").compute().sort_index()
    pd.testing.assert_frame_equal(found, ma.pool_groups(data, "g", missing="drop"), rtol=1e-12)
    with pytest.raises(ValueError, match=r"rows without g; leave them out by dropna"):
        ma.pool_groups(spread(dask, data.assign(g=data["g"].where(data["g"] > 0))), "g", missing="drop").compute()
    with pytest.raises(ValueError, match="'gg' is not a column"):
        ma.pool_groups(spread(dask, data), "gg")
    with pytest.raises(ValueError, match="n_jobs=2 is for a table in memory"):
        ma.pool_groups(spread(dask, data), "g", n_jobs=2)


def test_dask_arrays(dask):
    array = pytest.importorskip("dask.array", reason="dask is not installed: make scale")
    yi, vi = padded(*ragged(SIZES * 8), SIZES * 8)
    lazy = ma.pool_batch(array.from_array(yi, chunks=(30, 7)), array.from_array(vi, chunks=(50, 9)))
    assert all(isinstance(field, array.Array) and field.shape == (80,) for field in lazy)
    for one, other in zip(dask.compute(lazy)[0], ma.pool_batch(yi, vi), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
        assert one.dtype == other.dtype
    vi[71, 0] = -1.0
    with pytest.raises(ValueError, match="row 72, study 1: vi = -1.0"):
        dask.compute(ma.pool_batch(array.from_array(yi, chunks=(30, 7)), vi))
    with pytest.raises(ValueError, match="both must be"):
        ma.pool_batch(array.from_array(yi), vi[:3])
    with pytest.raises(ValueError, match="sizes is for arrays in memory"):
        ma.pool_batch(array.from_array(yi[0]), vi[0], sizes=[30])
    with pytest.raises(ValueError, match="n_jobs=2 is for arrays in memory"):
        ma.pool_batch(array.from_array(yi), vi, n_jobs=2)


@pytest.mark.slow  # a cluster takes some seconds to start
def test_dask_two_processes_give_the_same_bytes_as_one(dask):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: make scale")
    array = pytest.importorskip("dask.array", reason="dask is not installed: make scale")
    data, (yi, vi) = corpus((3, 1, 40, 2, 5, 3, 17) * 30), padded(*ragged(SIZES * 8), SIZES * 8)
    lazy = ma.pool_groups(spread(dask, data), "g")
    batch = ma.pool_batch(array.from_array(yi, chunks=(30, -1)), array.from_array(vi, chunks=(30, -1)))
    alone, rows = lazy.compute().sort_index(), dask.compute(batch)[0]
    with warnings.catch_warnings(), dask.config.set(scheduler=None):
        warnings.simplefilter("ignore")  # of ports and of how clusters are closed
        settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
            assert len(client.scheduler_info()["workers"]) == 2
            pd.testing.assert_frame_equal(lazy.compute().sort_index(), alone, check_exact=True)
            for one, other in zip(dask.compute(batch)[0], rows, strict=True):
                np.testing.assert_array_equal(one, other)
            asked = {"studies": vi[3, :30], "tau2": 0.1, "n_simulations": 20_000, "ci_method": ["z", "HKSJ"]}
            there = ma.simulate(**asked, also=lambda y, v, fits: {"largest": y.max(axis=1)}, client=client)
            here = ma.simulate(**asked, also=lambda y, v, fits: {"largest": y.max(axis=1)})
            pd.testing.assert_frame_equal(there.table, here.table, check_exact=True)
            pd.testing.assert_frame_equal(there.also, here.also, check_exact=True)
