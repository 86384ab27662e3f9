"""Title, caption, footer and alternative text of the figure of claims."""

import pandas as pd

from analysis.plots._cells import decimals
from analysis.plots._words import MODELS, REFERENCE, sentences, zone_sentence
from analysis.text import bracketed, level, number

AXIS = "Change or difference in pain, points on 0–10"
PRINTED = {
    "Result or claim": ("text_name", "tail"),
    "Id": ("text_id",),
    "Number": ("text_estimate", "text_low", "text_high", "text_claimed"),
    "Verdict": ("text_verdict",),
}


def title(family):
    """Return the title where none is given."""
    return f"{family}: what is claimed, and what the trials show"


def result_head(checked):
    """Return the heading of the results, with the level of the intervals where check_claims notes it."""
    known = checked.attrs.get("confidence_level")
    return f"Points {bracketed(f'{level(known)} CI' if known else 'interval')}"


def footer(table, methods, evidence, *, zone, note):
    """Return the paragraphs that say what was drawn and computed; ``methods`` are those of check_claims."""
    marks = (
        "diamonds: pooled results of several trials and their confidence intervals, open for placebo arms; circles and "
        "squares with lines: a single trial; arrowhead: interval leaves the panel"
    )
    if table["claim_low"].notna().any():
        marks += "; triangles: claimed numbers"
    how = "Results beside the claims: trials that bear on them"
    how += _methods(**methods) if methods else ", as in check_claims"
    if evidence is not None:
        names = ("tau2_method", "ci_method", "confidence_level")
        how += f"; all trials{_methods(**{name: getattr(evidence.contrast, name) for name in names})}"
    lines = [
        sentences(marks, zone_sentence(zone, "points", lambda x: number(x, decimals(x)))),
        sentences(
            how,
            "Change within an arm holds natural course and regression to the mean; only the difference can be the "
            "treatment's doing",
        ),
        sentences(
            "verdicts by the stated rules of check_claims; filled circle: stands, triangle: falls short of what is "
            "said, open circle: cannot be judged with these trials"
        ),
        sentences(note),
    ]
    return [line for line in lines if line]


def _methods(tau2_method, ci_method, confidence_level, **_):
    """Return model and intervals, to follow the name of what was pooled."""
    model = MODELS.get(tau2_method, f"random-effects model, τ² by {tau2_method}")
    return f" ({model}; {level(confidence_level)} intervals by {REFERENCE.get(ci_method, ci_method)})"


def counts(claims):
    """Return how many claims there are, and how many of each verdict."""
    found = claims["verdict"].value_counts(sort=True)
    parts = ", ".join(f"{verdict} {number(count, 0)}" for verdict, count in found.items())
    return sentences(f"{_claims(len(claims))}: {parts}")


def _claims(n):
    return f"{number(n, 0)} claim" + ("" if n == 1 else "s")


def in_words(claims):
    """Return what check_claims says of every claim, one line each."""
    if "plain" not in claims:
        return ""
    return "\n".join(f"{row.claim_id}: {row.plain}" for row in claims.itertuples())


def alt_text(heading, table, claims):
    """Return what the figure shows to someone who cannot see it."""
    results = table[table["kind"].isin(["trial", "subtotal"])]
    said = [
        f"{row['text_name']}: {' '.join(row[f'text_{part}'] for part in ('estimate', 'low', 'high'))}"
        for row in results.to_dict("records")
        if row["text_estimate"]
    ]
    marks = [
        f"Claim {row['claim_id']}: {row['text_mark']}, {row['text_verdict']}"
        for row in table[table["claim_low"].notna()].to_dict("records")
    ]
    return sentences(heading, *said, *marks, counts(claims))


def with_reference_rows(table, zone, lines):
    """Append the numbers behind line and band, and the footer, below the rows of the figure."""
    extra = [{"kind": "reference", "name": "no change", "contrast_estimate": 0.0}]
    if zone:
        ends = {"contrast_low": zone[0], "contrast_high": zone[1]}
        extra.append({"kind": "zone", "name": "smallest worthwhile difference", **ends})
    extra += [{"kind": "footer", "name": line} for line in lines]
    return pd.concat([table, pd.DataFrame(extra)], ignore_index=True)
