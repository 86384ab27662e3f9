"""Cut full metafor results down to the meta-regressions: `python compact_regression.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

MODEL = ("tau2", "I2", "H2", "QE", "QEp", "R2", "logLik")
TEST = ("se", "stat", "p", "ci_lb", "ci_ub", "QM", "QMp", "QMdf")


def model(full):
    """The quantities compared for one estimator of tau2; the coefficients are the same for every test."""
    kept = {name: full[name] for name in MODEL}
    if "confint_QP" in full:
        kept["confint_QP"] = full["confint_QP"]["tau2"]
    kept["beta"] = full["tests"]["z"]["beta"]
    kept["tests"] = {name: {key: test[key] for key in TEST} for name, test in full["tests"].items()}
    return kept


def outcomes(data, part, regression):
    """yi and vi of the studies in a regression."""
    source = part if "yi" in part else data["inputs"]
    pairs = list(zip(source["yi"], source["vi"], strict=True))
    if "rows" in regression:
        pairs = [pairs[row - 1] for row in regression["rows"]]
    pairs = [pair for pair in pairs if None not in pair]
    if len(pairs) != len(regression["X"]):
        raise ValueError(f"{data['id']}: {len(pairs)} outcomes, {len(regression['X'])} rows of moderators")
    return [list(column) for column in zip(*pairs, strict=True)]


def regressions(full):
    """Every regression on moderators."""
    for data in full["datasets"]:
        for measure, part in data["measures"].items():
            for name, regression in part.get("regression", {}).items():
                yi, vi = outcomes(data, part, regression)
                one = {"id": f"{data['id']}/{measure}/{name}", "yi": yi, "vi": vi, "X": regression["X"]}
                one["rma"] = {method: model(results) for method, results in regression["rma"].items()}
                one["predict_REML_knha"] = regression["predict_REML_knha"]
                yield one | ({"vif": regression["vif"]} if "vif" in regression else {})


def hard(full):
    """Inputs with moderators that break estimation or must be refused."""
    for case in full["cases"]:
        if "mods" in case:
            kept = {key: case[key] for key in ("name", "yi", "vi", "mods")}
            if case["name"] == "mods_huge_scale":
                kept["rma"] = {key: case["rma"][key] for key in ("EE/z", "DL/z", "DL/knha", "SJ/z")}
            yield kept


def main(source, target):
    """Write regression.json."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    cases = json.loads((Path(source) / "hard_cases.json").read_text(encoding="utf-8"))
    compact = {"meta": {key: full["meta"][key] for key in ("metafor", "metadat", "R", "control", "numbers")}}
    compact["sets"] = list(regressions(full))
    compact["permutation"] = next(extra for extra in full["extra"] if extra["id"] == "perm/bcg")
    compact["hard"] = list(hard(cases))
    text = json.dumps(compact, separators=(",", ":"), ensure_ascii=False)
    (Path(target) / "regression.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
