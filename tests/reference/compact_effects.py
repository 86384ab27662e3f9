"""Cut a full set of metafor results down to escalc.json and counts.json: `python compact_effects.py SOURCE_FOLDER`.

escalc.json holds the effect sizes of made-up inputs, those that the package computes, and the names of the others;
counts.json holds published 2 by 2 tables (without studies that lack a count) and their pooled results.
"""

import json
import sys
from pathlib import Path

COUNTS = ("RR", "OR", "RD")
RULES = [{"to": to, "add": add} for to in ("only0", "all", "if0all", "none") for add in (0.5, 0.1, 0)]
COVERED = {key: [{}, {"drop00": True}, {"vtype": "LS"}, *RULES] for key in COUNTS} | {
    "PETO": [{}, {"drop00": True}],
    "MD": [{}, {"vtype": "LS"}],
    "SMD": [{}, {"vtype": "LS"}, {"vtype": "UB"}, {"correct": False}],
    "SMDH": [{}, {"vtype": "LS"}],
    "SMD1": [{}, {"correct": False}],
    "SMD1H": [{}],
    "ROM": [{}, {"vtype": "LS"}, {"correct": False}],
    "MC": [{}],
    "SMCC": [{}, {"vtype": "LS"}, {"vtype": "UB"}],
    "SMCR": [{}, {"vtype": "LS"}, {"vtype": "UB"}],
    "SMCRP": [{}],
    "ROMC": [{}],
    "IRR": [{}, {"to": "all"}, {"to": "if0all"}, {"to": "none"}],
    "MN": [{}],
    "PR": [{}, {"to": "all"}, {"vtype": "LS"}],
    "PLO": [{}, {"to": "all"}],
    "PFT": [{}, {"to": "all"}],
    "COR": [{}, {"vtype": "LS"}],
    "ZCOR": [{}],
}
INPUTS = ("two_by_two", "person_time", "two_means", "paired", "one_mean", "proportion", "correlation")
INPUTS += ("correlation_small_n",)
CELLS = ("ai", "bi", "ci", "di")
POOLED = ("k", "k_pos", "k_yi", "beta", "se", "stat", "p", "ci_lb", "ci_ub", "QE", "QEp", "I2", "H2")
TESTS = ("MH", "MHp", "CO", "COp", "BD", "BDp", "TA", "TAp")


def pick(results, names):
    """Return the named numbers that the results hold."""
    return {name: results[name] for name in names if name in results}


def escalc(full):
    """Return the made-up inputs with their effect sizes, and the conversions."""
    part = full["escalc"]
    inside = [case.get("args", {}) in COVERED.get(case["measure"], []) for case in part["cases"]]
    cases = [
        pick(case, ("measure", "args", "inputs_ref", "yi", "vi"))
        for case, covered in zip(part["cases"], inside, strict=True)
        if covered
    ]
    outside = [
        [case["measure"], case.get("args", {})]
        for case, covered in zip(part["cases"], inside, strict=True)
        if not covered
    ]
    return {
        "meta": pick(full["meta"], ("metafor", "R", "numbers")),
        "inputs": pick(part["inputs"], INPUTS),
        "cases": cases,
        "outside": outside,
        "conversions": {one["id"]: one for one in full["extra"] if one["id"].startswith("conv.")},
    }


def counts(full):
    """Return the published tables with what Mantel-Haenszel, Peto and the rules for zero cells make of them."""
    sets = []
    for data in full["datasets"]:
        if "peto" not in data or "ai" not in data.get("inputs", {}):
            continue
        rows = list(zip(*(data["inputs"][name] for name in CELLS), strict=True))
        known = [i for i, row in enumerate(rows) if None not in row]
        one = {"id": data["id"]} | {name: [data["inputs"][name][i] for i in known] for name in CELLS}
        one["mh"] = {name: pick(results, POOLED + TESTS) for name, results in data["mh"].items()}
        one["peto"] = pick(data["peto"], POOLED)
        one["escalc"] = {
            name: {part: [values[part][i] for i in known] for part in ("yi", "vi")}
            for name, values in data.get("escalc_to", {}).items()
            if name.partition("_")[0] in COUNTS
        }
        sets.append(one)
    return {"meta": pick(full["meta"], ("metafor", "metadat", "R", "numbers")), "sets": sets}


def main(source, target):
    """Write the two compact files."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    for name, cut in (("escalc.json", escalc), ("counts.json", counts)):
        text = json.dumps(cut(full), separators=(",", ":"), ensure_ascii=False)
        (Path(target) / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
