"""Cut a full set of metafor results down to the nested fits compared: `python compact_multilevel.py SOURCE_FOLDER`."""

import json
import sys
from pathlib import Path

CLUSTER = {"mv/konstantopoulos_3level": "district", "mv/knapp2017": "study"}
FITS = {
    "REML": ("beta", "se", "ci_lb", "ci_ub", "sigma2", "QE", "QEp", "logLik"),
    "ML": ("beta", "se", "sigma2", "logLik"),
}
ROBUST = ("beta", "se", "p", "ci_lb", "ci_ub", "df")


def kept(values, names):
    return {name: values[name] for name in names}


def one(full):
    """One data set: inputs, REML and ML fits, robust variances and profile-likelihood intervals."""
    fit, inputs = full["fit"], full["inputs"]
    out = {"id": full["dataset"], "model": full["model"], "yi": inputs["yi"], "vi": inputs["vi"]}
    out |= {"cluster": inputs[CLUSTER[full["id"]]]}
    out |= {method: kept(fit[method], names) for method, names in FITS.items()}
    out |= {"CR1": kept(fit["robust_CR1"], ROBUST), "CR2": kept(fit["robust_CR2_clubSandwich"], ROBUST)}
    out["profile_ci_sigma2"] = fit["profile_ci_sigma2"]
    if "rma_uni_robust" in full:
        out["rma_uni"] = {method: kept(full["rma_uni_robust"][method], ROBUST) for method in ("CR1", "CR2")}
    return out


def main(source, target):
    """Write the compact file."""
    full = json.loads((Path(source) / "metafor_reference.json").read_text(encoding="utf-8"))
    meta = kept(full["meta"], ("metafor", "metadat", "R", "clubSandwich", "control", "numbers"))
    compact = {"meta": meta, "sets": [one(part) for part in full["extra"] if part["id"] in CLUSTER]}
    text = json.dumps(compact, separators=(",", ":"), ensure_ascii=False)
    (Path(target) / "multilevel.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(__file__).parent)
