"""Cut a full set of metafor results down to the bivariate fits: `python compact_bivariate.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

CLUSTER = {"mv/berkey1998_UN": "trial", "mv/kalaian1996_multi": "study"}
FIT = ("beta", "se", "ci_lb", "ci_ub", "vcov", "tau2", "rho", "logLik")


def one(full):
    """One data set, a row for each trial and the outcomes in alphabetical order, with its REML and ML fits."""
    inputs = full["inputs"]
    clusters = inputs[CLUSTER[full["id"]]]
    names, trials = sorted(set(inputs["outcome"])), list(dict.fromkeys(clusters))
    y, v, at = [[None, None] for _ in trials], [[None, None] for _ in trials], {}
    for j, (trial, outcome) in enumerate(zip(clusters, inputs["outcome"], strict=True)):
        i, a = trials.index(trial), names.index(outcome)
        at[i, a] = j
        y[i][a] = inputs["yi"][j]
        v[i][a] = inputs["V"][j][j] if "V" in inputs else inputs["vi"][j]
    covariance = [0.0] * len(trials)
    for i in range(len(trials)):
        if {(i, 0), (i, 1)} <= at.keys():
            known = "V" in inputs
            covariance[i] = inputs["V"][at[i, 0]][at[i, 1]] if known else inputs["V_rho"] * (v[i][0] * v[i][1]) ** 0.5
    out = {"id": full["dataset"], "model": full["model"], "outcomes": names, "y": y, "v": v, "covariance": covariance}
    return out | {method: {name: full["fit"][method][name] for name in FIT} for method in ("REML", "ML")}


def main(source, target):
    """Write the compact file."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    meta = {name: full["meta"][name] for name in ("metafor", "metadat", "R", "control", "numbers")}
    compact = {"meta": meta, "sets": [one(part) for part in full["extra"] if part["id"] in CLUSTER]}
    text = json.dumps(compact, separators=(",", ":"), ensure_ascii=False)
    (Path(target) / "bivariate.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
