"""The rows of the figure of claims: pooled evidence, the claims set against it, and the claims without a number."""

import numpy as np
import pandas as pd

from analysis.claim_numbers import read_number
from analysis.claim_rules import ARM_CHANGE, NOT_DISTINGUISHABLE, OVERSTATED, SUPPORTED
from analysis.text import counted, limits, number

ROLES = ("placebo", "treatment", "contrast")
ARMS = {"placebo": "placebo", "treatment": "treatment", "single-arm": "treatment", "difference": "contrast"}
NAMES = {
    "placebo": "Change in pain with placebo",
    "treatment": "Change in pain with treatment",
    "contrast": "Difference, treatment minus placebo",
}
NEEDED = (
    "claim_id",
    "therapy_family",
    "claim",
    "value",
    "unit",
    "arm",
    "claimed",
    "match",
    "scope",
    "k",
    "k_arms",
    "verdict",
)
LOOKS = {SUPPORTED: "stands", **dict.fromkeys((OVERSTATED, ARM_CHANGE, NOT_DISTINGUISHABLE), "falls short")}
PRINTED = ("text_estimate", "text_low", "text_high", "text_verdict", "text_id")
OPEN = "open"  # what cannot be judged with these trials


def claims_of(checked, family):
    """Return the claims about one family of therapies, with their numbers in points, and the name of the family."""
    columns = [*NEEDED, *(f"{role}{end}" for role in ROLES for end in ("", "_low", "_high"))]
    if missing := [name for name in columns if name not in checked]:
        raise ValueError(f"checked has no column {', '.join(missing)}; pass the table that check_claims returns")
    known = checked["therapy_family"].dropna().unique().tolist()
    if family is None and len(known) == 1:
        family = known[0]
    if family not in known:
        said = "names no therapy family" if family is None else f"is {family!r}, about which nothing is claimed"
        raise ValueError(f"therapy_family {said}; choose from {', '.join(map(repr, known))}")
    claims = checked[checked["therapy_family"] == family].reset_index(drop=True)
    points = claims["unit"].eq("points") & claims["arm"].isin(list(ARMS))
    ends = [read_number(v)[:2] if p else (np.nan, np.nan) for v, p in zip(claims["value"], points, strict=True)]
    low, high = zip(*ends, strict=True)
    return claims.assign(role=claims["arm"].map(ARMS), claim_low=low, claim_high=high), family


def claim_rows(claims, family, evidence, digits):
    """Return one row per line of the figure, those beside the panel first.

    Parameters
    ----------
    claims : pandas.DataFrame
        From :func:`claims_of`.
    family : str
    evidence : PooledArms or None
        All trials of the family, or trials in groups of which the family is one.
    digits : int
    """
    numbered = claims[claims["claim_low"].notna()]
    lines = []
    for scope, members in (numbered if len(numbered) else _most_trials(claims)).groupby("scope", sort=False):
        first = members.iloc[0]
        results = {role: tuple(first[f"{role}{end}"] for end in ("", "_low", "_high")) for role in ROLES}
        people = f", {number(first['people'], 0)} people" if first.get("people", 0) > 0 else ""
        name = f"{scope[0].upper()}{scope[1:]}"
        lead = "" if first["k"] == 1 else "difference from "
        lines.append(_heading(name, f"{lead}{counted(first['k'])}{people}" if first["k"] else ""))
        behind = {"placebo": first["k_arms"], "treatment": first["k_arms"], "contrast": first["k"]}
        single = {role: k == 1 for role, k in behind.items()}
        tails = {role: counted(k) for role, k in behind.items() if k not in (0, first["k"])}
        lines += _evidence(results, single, tails, numbered[numbered["scope"] == scope], digits)
    if evidence is not None:
        lines += _pooled(evidence, family, digits)
    rest = claims[claims["claim_low"].isna()]
    if len(rest):
        lines.append(_heading("Claims without a number in points", "", kind="subhead"))
        lines += [_claim(row, digits) for row in rest.to_dict("records")]
    rows = pd.DataFrame(lines).reindex(columns=[*dict.fromkeys([*PRINTED, *(name for line in lines for name in line)])])
    texts = [name for name in rows if name.startswith(("text_", "tail"))]
    return rows.assign(**{name: rows[name].astype(object).fillna("").astype("str") for name in texts}).reset_index(
        drop=True
    )


def _most_trials(claims):
    """Return the claim with most trials behind it, of the very therapy and condition if there are any."""
    direct = claims[claims["match"] == "direct"]
    return (direct if len(direct) else claims).sort_values("k", ascending=False, kind="stable").iloc[:1]


def _pooled(evidence, family, digits):
    """Return the rows of all trials of the family."""
    if evidence.groups and family not in evidence.groups:
        return []
    arms = evidence.groups.get(family, evidence)
    found = {role: getattr(arms, role) for role in ROLES}
    results = {
        role: (np.nan,) * 3 if pooled is None else (pooled.estimate, *pooled.ci) for role, pooled in found.items()
    }
    single = {role: pooled is not None and pooled.k == 1 for role, pooled in found.items()}
    tails = {role: "" if pooled is None else counted(pooled.k) for role, pooled in found.items()}
    name = f"{family}: all trials, whatever the condition"
    return [_heading(name, ""), *_evidence(results, single, tails, None, digits)]


def _heading(name, tail, kind="heading"):
    return {"kind": kind, "text_name": name, "tail": tail}


def _evidence(results, single, tails, claims, digits):
    """Return the row of each pooled result, with the claims about it below."""
    lines, known = [], any(np.isfinite(estimate) for estimate, *_ in results.values())
    for role, (estimate, low, high) in results.items():
        line = {"kind": "trial" if single[role] else "subtotal", "role": role, "text_name": NAMES[role]}
        line |= {f"{role}_estimate": estimate, f"{role}_low": low, f"{role}_high": high, "tail": tails.get(role, "")}
        line |= {"weight": 1.0, **{f"{each}_imputed": False for each in ROLES}}
        if np.isfinite(estimate):
            ends = limits(low, high, digits)
            line |= {"text_estimate": number(estimate, digits), "text_low": ends[0], "text_high": ends[1]}
        else:
            line["text_missing"] = "no baseline reported" if role != "contrast" and known else "not reported"
        lines.append(line)
        if claims is not None:
            lines += [_claim(row, digits) for row in claims[claims["role"] == role].to_dict("records")]
    return lines


def _claim(row, digits):
    """Return the row of a claim."""
    line = {"kind": "claim", "role": row["role"], "claim_id": row["claim_id"], "text_name": row["claim"]}
    line |= {"claim_low": row["claim_low"], "claim_high": row["claim_high"], "text_verdict": row["verdict"]}
    line |= {"look": LOOKS.get(row["verdict"], OPEN), "text_claimed": row["claimed"], "text_id": row["claim_id"]}
    if np.isfinite(row["claim_low"]):
        shown = max(read_number(row["value"])[2], 1)
        ends = dict.fromkeys((row["claim_low"], row["claim_high"]))
        line["text_mark"] = f"{' to '.join(number(end, shown) for end in ends)} claimed"
    return line
