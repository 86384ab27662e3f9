"""Cut a full set of metafor results down to small-study effects: `python compact_small_study.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

LARGEST = 40
LINES = {"lm_sei", "lm_vi", "lm_ni", "rma_sei", "rma_vi", "rma_ni"}
FILLED = {"k0", "se_k0", "side", "p_k0", "beta", "se", "fill_yi", "error"}
EXCESS = {"O", "E", "pval", "test"}


def only(found, names):
    """The entries of a dict with these names."""
    return {name: value for name, value in found.items() if name in names}


def line(found):
    """What is compared of a regression."""
    return only(found, {"stat", "p", "limit_est", "limit_ci", "error"})


def main(source, target):
    """Write the compact file: every data set of at most LARGEST studies, none missing, that has such tests."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    sets = []
    for part in full["datasets"]:
        for measure, found in part["measures"].items():
            diagnostics, yi = found.get("diag", {}), found.get("yi", [None])
            if None in yi or len(yi) > LARGEST or "regtest" not in diagnostics:
                continue
            lines = {name: line(each) for name, each in diagnostics["regtest"].items() if name in LINES}
            for name in ("regtest_DL", "regtest_EE", "regtest_REML_knha"):
                lines[name] = line(diagnostics[name]["rma_sei"])
            sets.append(
                {
                    "id": f"{part['id']}/{measure}",
                    "yi": yi,
                    "vi": found["vi"],
                    "ni": found.get("ni"),
                    "lines": lines,
                    "ranktest": diagnostics["ranktest"],
                    "trimfill": {name: only(each, FILLED) for name, each in diagnostics["trimfill"].items()},
                    "fsn": {name: diagnostics["fsn"][name]["fsnum"] for name in ("Rosenthal", "Orwin", "Rosenberg")},
                    "tes": only(diagnostics["tes"], EXCESS),
                }
            )
    meta = {name: full["meta"][name] for name in ("metafor", "metadat", "R", "control", "numbers")}
    text = json.dumps({"meta": meta, "sets": sets}, separators=(",", ":"), ensure_ascii=False)
    (Path(target) / "small_study.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
