"""Write what the trials of light and magnets found into README.md, in sentences that the library makes.

Usage: python tools/answer.py

They stand between the two comments named ANSWER; the first page of the site has the same.
"""

import re
from pathlib import Path

import analysis as ma
from analysis.evidence.claims import DOUBTS
from analysis.sentences import Wording

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"(?<=<!-- ANSWER -->\n).*?(?=<!-- /ANSWER -->)", re.DOTALL)
LATE = 12  # weeks


def answer():
    """Return what the trials of light and magnets found, a line of Markdown each."""
    data = ROOT / "data"
    trials, contrasts = ma.read_trials(data / "trials.csv"), ma.read_contrasts(data / "contrasts.csv")
    claims, beside = ma.read_claims(data / "claims.csv"), ma.read_benchmarks(data / "benchmarks.csv")
    families = ["Light", "Magnetic field"]
    subject = ma.effect_sizes(trials).where(therapy_family=families)
    arms = ma.pool_arms(subject, by="therapy_family")
    worthwhile = ma.threshold(ma.read_thresholds(data / "mcid.csv"), kind="between-group", source="Busse")
    checked = ma.check_claims(claims, trials, contrasts=contrasts, benchmarks=beside)
    every = ma.findings(arms).splitlines()
    lines = [
        *every[:2],
        *ma.findings(ma.share_beyond(arms.contrast, worthwhile)).splitlines()[:1],
        firm(subject),
        late(ma.effect_sizes(trials, times="all").where(therapy_family=families)),
        *ma.claims_findings(checked).splitlines()[:1],
        *ma.findings(ma.contextual_share(subject, arms.joint, n_bootstrap=0)).splitlines()[1:2],
        *every[2:],
    ]
    return "".join(f"- {line}\n" for line in lines)


def firm(effects):
    """Return the difference from the trials of which nothing is in doubt."""
    table = effects.table
    sure = [not {*row.flags, row.certainty, row.control} & {*DOUBTS, "weak dose"} for row in table.itertuples()]
    pooled = ma.pool(effects.where(study=table["study"][sure].tolist()))
    words = Wording.of(pooled)
    return (
        "From firm numbers alone (no trial that is doubtful or second-hand, borrows its SD, was read at a picked time "
        "or has a weak dose as control) the difference was "
        f"{words.estimate(pooled, unit=True)}, {words.counted(pooled.k)}."
    )


def late(effects):
    """Return where the line of the difference over weeks stands after some of them."""
    over = ma.pool_over_time(effects)
    words, at = Wording.of(over), over.contrast.predict({"week": LATE}).iloc[0]
    after = int((over.points["week"] >= LATE).sum())
    return (
        f"After {LATE} weeks the difference stood at {words.write(at['estimate'])} {words.points} (95% CI "
        f"{words.span(at['ci_low'], at['ci_high'])}), by a line through {len(over.points)} measurements; "
        f"only {after} of them are as late."
    )


if __name__ == "__main__":
    readme = ROOT / "README.md"
    text = PLACE.sub(lambda _: answer(), readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")
