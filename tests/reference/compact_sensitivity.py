"""Cut a full set of metafor results down to leave1out and cumul: `python compact_sensitivity.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

LARGEST = 20
COLUMNS = ("estimate", "se", "pval", "ci.lb", "ci.ub", "Q", "Qp", "tau2", "I2")


def main(source, target):
    """Write the compact file: every data set of at most LARGEST studies, none missing, that has both."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    sets = []
    for part in full["datasets"]:
        for measure, found in part["measures"].items():
            steps = found.get("diag", {})
            yi = found.get("yi", [None])
            if None in yi or len(yi) > LARGEST or not {"leave1out", "cumul"} <= steps.keys():
                continue
            out = {"id": f"{part['id']}/{measure}", "yi": yi, "vi": found["vi"]}
            for kind in ("leave1out", "cumul"):
                out[kind] = {
                    model: {name: values[name] for name in COLUMNS}
                    for model, values in steps[kind].items()
                    if model in ("REML", "DL_knha") and "error" not in values
                }
            sets.append(out)
    meta = {name: full["meta"][name] for name in ("metafor", "metadat", "R", "control", "numbers")}
    text = json.dumps({"meta": meta, "sets": sets}, separators=(",", ":"), ensure_ascii=False)
    (Path(target) / "sensitivity.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
