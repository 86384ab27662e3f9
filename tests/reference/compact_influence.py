"""Cut a full set of metafor results down to influence, baujat and gosh: `python compact_influence.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
COLUMNS = ("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight", "dfbs", "is_infl")


def main(source):
    """Write the compact file: the sets of sensitivity.json, which holds their yi and vi, and all subsets of one set."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    known = json.loads((HERE / "sensitivity.json").read_text(encoding="utf-8"))["sets"]
    found = {
        f"{part['id']}/{measure}": each["diag"]
        for part in full["datasets"]
        for measure, each in part["measures"].items()
        if "diag" in each
    }
    sets = {}
    for name in (part["id"] for part in known):
        sets[name] = {
            model: {column: found[name]["influence"][model][column] for column in COLUMNS}
            | found[name]["baujat"][model]
            for model in ("REML", "EE")
        }
    (subsets,) = (part for part in full["extra"] if part["id"].startswith("gosh"))
    gosh = {"inputs": {name: subsets["inputs"][name] for name in ("yi", "vi")}}
    gosh |= {model: subsets[model] for model in ("DL", "EE")}
    for model in ("DL", "EE"):
        # The place of a subset among all, the first study alternating fastest.
        code = [sum(bit << i for i, bit in enumerate(each)) - 1 for each in gosh[model]["subsets"]]
        gosh[model] = {"at": code} | {name: gosh[model][name] for name in ("k", "I2", "tau2", "estimate")}
    meta = {name: full["meta"][name] for name in ("metafor", "metadat", "R", "control", "numbers")}
    text = json.dumps({"meta": meta, "sets": sets, "gosh": gosh}, separators=(",", ":"), ensure_ascii=False)
    (HERE / "influence.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
