"""Cut a full set of metafor results down to its residuals: `python compact_residuals.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

LARGEST = 40


def main(source, target):
    """Write the compact file: every data set of at most LARGEST studies, none missing, that has residuals."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    sets = []
    for part in full["datasets"]:
        for measure, found in part["measures"].items():
            diagnostics, yi = found.get("diag", {}), found.get("yi", [None])
            if (
                None in yi
                or len(yi) > LARGEST
                or not {"rstandard", "qqnorm_rstandard", "influence"} <= diagnostics.keys()
            ):
                continue
            deleted = diagnostics["influence"]
            sets.append(
                {
                    "id": f"{part['id']}/{measure}",
                    "yi": yi,
                    "vi": found["vi"],
                    "rstandard": {name: diagnostics["rstandard"]["REML"][name] for name in ("resid", "se", "z")},
                    "qqnorm": diagnostics["qqnorm_rstandard"],
                    "rstudent": {
                        "REML": deleted["REML"]["rstudent"],
                        "EE": deleted["EE"]["rstudent"],
                        "DL_knha": deleted["DL_knha_rstudent"]["z"],
                    },
                }
            )
    meta = {name: full["meta"][name] for name in ("metafor", "metadat", "R", "control", "numbers")}
    text = json.dumps({"meta": meta, "sets": sets}, separators=(",", ":"), ensure_ascii=False)
    (Path(target) / "residuals.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
