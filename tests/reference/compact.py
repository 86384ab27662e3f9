"""Cut a full set of metafor results down to what the tests compare: `python compact.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

METHODS = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
MODEL = ("tau2", "I2", "H2", "QE", "QEp", "confint_QP", "confint_PL")
TEST = ("beta", "se", "stat", "p", "ci_lb", "ci_ub", "df", "pi")


def model(full):
    """The quantities compared for one method."""
    kept = {name: full[name] for name in MODEL if name in full}
    for name in ("confint_QP", "confint_PL"):
        if name in kept:
            kept[name] = {key: kept[name][key] for key in ("tau2", "I2", "H2")}
    kept["tests"] = {
        test: {key: values[key] for key in TEST if key in values} for test, values in full["tests"].items()
    }
    return kept


def metafor(full):
    """Data sets whose yi and vi are given, with every method the package has."""
    sets = [
        {
            "id": f"{data['id']}/{measure}",
            "yi": part["yi"],
            "vi": part["vi"],
            "rma": {method: model(part["rma"][method]) for method in METHODS if method in part["rma"]},
        }
        for data in full["datasets"]
        for measure, part in data["measures"].items()
        if "yi" in part
    ]
    meta = {key: full["meta"][key] for key in ("metafor", "metadat", "R", "control", "numbers")}
    return {"meta": meta, "sets": sets}


def hard(full):
    """Cases given as yi and vi, without moderators, with the optimum of an independent search."""
    cases = [
        {key: case[key] for key in ("name", "yi", "vi", "independent_check") if key in case}
        for case in full["cases"]
        if "yi" in case and "mods" not in case
    ]
    return {"meta": {key: full["meta"][key] for key in ("metafor", "R")}, "cases": cases}


def main(source, target):
    """Write the two compact files."""
    for name, cut in (("metafor_reference.json", metafor), ("hard_cases.json", hard)):
        compact = cut(json.loads((Path(source) / name).read_text(encoding="utf-8")))
        text = json.dumps(compact, separators=(",", ":"), ensure_ascii=False)
        (Path(target) / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
