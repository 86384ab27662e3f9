"""Numbers are read and written alike, whatever the locale of the system says of the decimal mark."""

import contextlib
import locale

import pytest

import analysis

NAMES = ("de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de-DE")
TABLE = """study,author,year,therapy,therapy_family,condition_group,design,scale,scale_min,scale_max,primary,arm,n,\
baseline_mean,baseline_sd,final_mean,final_sd,source
a,Meier,2019,TENS,Electrical,Low back,parallel,VAS,0,10,yes,treatment,31,6.1,1.7,4.2,2.2,Table 2
a,Meier,2019,TENS,Electrical,Low back,parallel,VAS,0,10,yes,placebo,29,6.0,1.6,4.9,2.1,Table 2
b,Rossi,2021,TENS,Electrical,Low back,parallel,VAS,0,100,yes,treatment,1040,58.25,18.5,35.5,22.5,Table 2
b,Rossi,2021,TENS,Electrical,Low back,parallel,VAS,0,100,yes,placebo,1038,60.5,17.5,47.25,21.5,Table 2
c,Smith,2022,TENS,Electrical,Low back,parallel,VAS,0,10,yes,treatment,20,5.5,1.5,4.1,2.0,Table 2
c,Smith,2022,TENS,Electrical,Low back,parallel,VAS,0,10,yes,placebo,20,5.4,1.4,4.6,1.9,Table 2
"""


@contextlib.contextmanager
def decimal_comma():
    """Switch the whole process to a locale with a decimal comma, and back."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in NAMES:
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_ALL, name)
                break
        else:
            pytest.skip("no locale with a decimal comma is installed; on Debian, .ci/setup makes one as root")
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)


def written(path):
    """From a file of trials to everything that is written of them: texts, tables, files."""
    trials = analysis.read_trials(path / "trials.csv")
    effects = analysis.effect_sizes(trials)
    pooled = analysis.pool(effects)
    table = effects.table.assign(x=[0.5, 1.25, 2.0])
    fit = analysis.meta_regression("yi ~ I(x > 1.1)", table, ci_method="z", tau2_method="DL")
    texts = {
        "trials": trials.to_csv(),
        "pooled": pooled.summary(),
        "frame": pooled.to_frame().to_csv(),
        "regression": fit.summary(),
        "number": analysis.text.number(1234.5) + analysis.text.pvalue(0.03),
    }
    figure = analysis.arms_forest(analysis.pool_arms(effects))
    files = analysis.save_figure(figure, path / "figure", formats=["svg"])
    return texts | {file.name: file.read_bytes() for file in files}


def test_numbers_are_the_same_under_a_decimal_comma(tmp_path):
    (tmp_path / "trials.csv").write_text(TABLE, encoding="utf-8")
    usual = written(tmp_path)
    with decimal_comma():
        assert f"{0.5:n}" == "0,5"
        there = written(tmp_path)
    assert [name for name in usual if there[name] != usual[name]] == []
    assert "−0.7" in usual["pooled"]
