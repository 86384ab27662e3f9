"""Use the installed package as a stranger would: no source, no data/, no extra. Run by `make wheel`."""

import importlib.metadata
import importlib.util
from pathlib import Path

import analysis as ma

TRIALS = """\
study,author,year,therapy,therapy_family,condition_group,design,scale,scale_min,scale_max,primary,arm,n,final_mean,final_sd,source
a2001,A,2001,TENS,Electrical,Neck,parallel,VAS,0,10,yes,treatment,20,3.1,1.9,Table 1
a2001,A,2001,TENS,Electrical,Neck,parallel,VAS,0,10,yes,placebo,21,4.4,2.1,Table 1
b2002,B,2002,TENS,Electrical,Neck,parallel,VAS,0,100,yes,treatment,32,28,17,Table 2
b2002,B,2002,TENS,Electrical,Neck,parallel,VAS,0,100,yes,placebo,30,35,20,Table 2
c2003,C,2003,TENS,Electrical,Neck,parallel,VAS,0,10,yes,treatment,15,2.2,2.0,p. 3
c2003,C,2003,TENS,Electrical,Neck,parallel,VAS,0,10,yes,placebo,16,4.9,2.3,p. 3
"""

installed = importlib.metadata.distribution("pain-meta-analysis")
assert Path(ma.__file__).is_relative_to(installed.locate_file("")), "the package comes from the wheel"
tops = {path.parts[0] for path in installed.files}
assert tops == {"analysis", f"pain_meta_analysis-{installed.version}.dist-info"}, f"code and nothing else: {tops}"

by_hand = ma.pool([0.5, 0.1, 0.9], [0.04, 0.05, 0.03])
assert 0.1 < by_hand.estimate < 0.9

Path("trials.csv").write_text(TRIALS, encoding="utf-8")
effects = ma.effect_sizes(ma.read_trials("trials.csv"))
assert len(effects) == 3
pooled = ma.pool(effects)
print(pooled.summary())

kept = ma.save_figure(ma.forest(pooled), "figure")
assert all(Path(path).stat().st_size > 0 for path in kept), kept
assert {Path(path).suffix for path in kept} >= {".svg", ".pdf", ".png"}, kept

# The extras were not asked for, so a workbook and a Parquet file are refused with the way to install them.
for name, library in {"trials.xlsx": "openpyxl", "trials.parquet": "pyarrow"}.items():
    assert importlib.util.find_spec(library) is None, f"{library} came with the wheel"
    Path(name).touch()
    try:
        ma.read_trials(name)
    except ModuleNotFoundError as error:
        assert "pip install" in str(error), error
    else:
        raise AssertionError(f"{name} was read without {library}")
