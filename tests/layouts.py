"""One of each figure, and where everything on its page stands: tests/reference/layouts.json.

Usage: python tests/layouts.py (`make layouts`) writes the file anew. Look at the figures and at its diff: each line is
an artist, with its name, look and text, and where it stands in millimetres from the upper left corner of the page.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
from data_cases import as_read
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_cases import synthetic

import analysis as ma
from analysis.measures import Measure
from analysis.sentences import Wording

FILE = Path(__file__).parent / "reference" / "layouts.json"
COUNTS = ([12, 3, 9, 30, 5], [40, 35, 60, 70, 20], [4, 2, 7, 11, 5], [41, 34, 58, 72, 19])
AT_ONE_PLACE = [3, 3, 0, 30], [20, 20, 30, 60], [1, 1, 0, 14], [20, 20, 30, 60]
OURS = asdict(Wording(Measure("MD"), "lower", ("treatment", "placebo"), "points on 0–10", "pain", "trial"))
RATIOS = [-0.9, -0.2, -0.4, 0.3, -0.6], [0.04, 0.09, 0.02, 0.2, 0.06]
CHOICES = {
    "outcome": ["change", "final"],
    "missing_sd": ["impute", "drop"],
    "doubtful": ["include", "exclude"],
    "ci_method": ["HKSJ", "z"],
    "tau2_method": ["REML", "DL", "CE"],
}
LETTERS = {"certainty": {"clear": "+", "doubtful": ("?", "none")}}


def figures():
    """Return {name: figure}: what each function draws, and what its options add."""
    effects = synthetic(7, groups=2)
    arms = ma.pool_arms(effects, by="therapy_family")
    common = ma.pool_arms(effects, by="therapy_family", tau2_method="CE", ci_method="z")
    table = effects.table.assign(dose=[3.0, 8.0, 21.0, 5.0, 13.0, 34.0, 2.0])
    dosed = replace(effects, table=table)
    by_dose = ma.meta_regression("yi ~ dose", table)
    by_family = ma.meta_regression("yi ~ therapy_family", table)
    pooled, ratios = ma.pool(effects), ma.pool(*RATIOS, measure="OR")
    one, one_trial = ma.pool([-1.2], [0.1], labels=["Only 2001"]), synthetic(1)
    single = [[count[0]] for count in COUNTS]
    filled = ma.trim_and_fill([-0.3, -0.5, -1.2, -1.9, -0.2], [0.01, 0.04, 0.2, 0.4, 0.02])
    moved = ma.leave_one_out(effects).assign(x=[0.1, 2, 4.5, 0.4, 1.1, 0, 3], y=[0.02, 1.3, 0.6, 0.5, 0.1, 0, 0.9])
    moved.attrs["model"] = "CE"
    alike = ma.pool_subgroups(effects, "therapy_family", tau2="common")
    wordy = tuple(f"the outcome that {body} hoped for, at some length" for body in ("everybody", "nobody"))
    return {
        "forest": ma.forest(arms),
        "forest, common effect": ma.forest(common),
        "forest of much": much(effects),
        "forest of ratios": ma.forest(ratios, prediction="diamond", width_mm="single", worthwhile=(0.6, 0.8)),
        "forest of groups with a common tau2": ma.forest(alike, order="label", note="Made up.", favours=None),
        "forest of columns": ma.forest(dosed, columns={"dose": "mg", "design": "Design"}, right=["year"], order="dose"),
        "forest of one": ma.forest(one, worthwhile=(1.0, 2.0), prediction="diamond"),
        "arms": ma.arms_forest(arms),
        "arms of one": ma.arms_forest(ma.pool_arms(one_trial), worthwhile=None),
        "narrow arms": ma.arms_forest(arms, width_mm=125),
        "orchard": ma.orchard(arms),
        "orchard of one": ma.orchard(one, worthwhile=1.0, width_mm=100),
        "steps": ma.steps_forest(ma.leave_one_out(effects)),
        "cumulative": ma.steps_forest(ma.cumulative(effects), overall=pooled),
        "therapies": ma.therapies_forest(ma.compare_therapies(effects, "therapy_family")),
        "time": ma.time_plot(ma.pool_over_time(measured_twice())),
        "narrow time": ma.time_plot(ma.pool_over_time(measured_twice()), width_mm="single"),
        "outcomes": ma.outcomes_forest({"first": effects, "second": effects}),
        "bubble": ma.bubble(by_dose, "dose"),
        "bubble of groups": ma.bubble(by_family),
        "bubble of a curve": ma.bubble(ma.meta_regression("yi ~ dose + I(dose ** 2) + year", table), "dose", label=2),
        "bubble of doses": ma.bubble(ma.dose_response(table, shape="spline", reference=8, unit="mg")),
        "bubble of ratios": ma.bubble(ma.meta_regression("yi ~ year", table, tau2_method="CE"), measure="RR"),
        "narrow bubble of groups": ma.bubble(by_family, width_mm=85, favours=wordy),
        "funnel of one": ma.funnel(one),
        "funnel": ma.funnel(pooled),
        "funnel of ratios": ma.funnel(ratios, yaxis="precision", width_mm="single"),
        "radial of one": ma.radial(one),
        "radial": ma.radial(pooled),
        "radial of ratios": ma.radial(ratios, model="common", width_mm="single"),
        "baujat": ma.baujat_plot(moved),
        "narrow baujat": ma.baujat_plot(moved, label=2, width_mm="single"),
        "gosh": ma.gosh_plot(ma.gosh(pooled), study="Trial 3"),
        "narrow gosh": ma.gosh_plot(ma.gosh(pooled), width_mm="single"),
        "influence": ma.influence_plot(ma.influence(pooled)),
        "narrow influence": ma.influence_plot(ma.influence(by_family), width_mm="single"),
        "qq": ma.qq_plot(pooled),
        "qq of deleted": ma.qq_plot(pooled, deleted=True, width_mm="single"),
        "funnel with what was filled in": ma.funnel(filled, egger=True, width_mm="single"),
        "funnel with power": ma.funnel(pooled, power=-1.0),
        "narrow funnel with power": ma.funnel(pooled, power="pooled", yaxis="precision", width_mm="single"),
        "doi": ma.doi_plot(pooled),
        "p-curve": ma.p_curve_plot(ma.p_curve(pooled)),
        "power": ma.power_plot(ma.power(pooled, -1.0)),
        "selection": ma.selection_plot(ma.selection_model(*RATIOS, steps=0.2)),
        "drapery of one": ma.drapery(one),
        "drapery": ma.drapery(pooled),
        "drapery of ratios": ma.drapery(ratios, scale="z", common=True, width_mm="single"),
        "posterior of one": ma.posterior_plot(ma.pool_bayes([-1.2], [0.1])),
        "posterior": ma.posterior_plot(ma.pool_bayes(effects)),
        "narrow posterior": ma.posterior_plot(ma.pool_bayes(*RATIOS, measure="OR"), order="given", width_mm="single"),
        "labbe of one": ma.labbe(one_trial, worthwhile=None),
        "labbe": ma.labbe(arms),
        "labbe of three": ma.labbe(synthetic(3), width_mm=110),
        "narrow labbe": ma.labbe(synthetic(30, groups=3, seed=2), by="therapy_family", width_mm="single"),
        "counts of one": ma.labbe_counts(ma.pool_mantel_haenszel(*single, measure="RD"), counts=single),
        "counts at one place": ma.labbe_counts(ma.pool_peto(*AT_ONE_PLACE), counts=AT_ONE_PLACE),
        "responders": ma.labbe_counts(ma.pool_responders(responding()), by="therapy_family"),
        "counts": ma.labbe_counts(ma.pool_mantel_haenszel(*COUNTS), counts=COUNTS),
        "narrow counts": ma.labbe_counts(ma.pool(*risks(), measure="RR"), counts=COUNTS, width_mm="single"),
        "claims": ma.claims_plot(claims(), evidence=ma.pool_arms(synthetic(5), by="therapy_family")),
        "claims without numbers": ma.claims_plot(claims().iloc[3:], worthwhile=None),
        "flow": ma.prisma_flow(flow()),
        "narrow flow": ma.prisma_flow(flow(), width_mm="single"),
        "flow of little": ma.prisma_flow({"screened": 260, "studies": 4}, width_mm=80),
        "traffic light": ma.traffic_light(bias()),
        "risk of bias of some": ma.risk_of_bias_summary(bias(), effects),
        "narrow risk of bias": ma.risk_of_bias_summary(bias(), width_mm="single", weighted=True),
        "forest with risk of bias": ma.forest(effects, risk_of_bias=bias()),
        "arms with risk of bias": ma.arms_forest(ma.pool_arms(effects), risk_of_bias=bias()),
        "multiverse": ma.multiverse_plot(analyses(40)),
        "many in one": in_axes(effects, arms, by_dose, by_family),
        "dense multiverse": ma.multiverse_plot(analyses(700), width_mm=150),
    }


def flow():
    """Return counts of a review that updates another, with two streams and parts of three counts."""
    found = {"databases": {"MEDLINE": 812, "Embase": 430}, "registers": 20, "duplicates": 212, "automation": 0}
    found |= {"removed": 3, "screened": 1047, "excluded": 920, "sought": 127, "not_retrieved": 4, "assessed": 123}
    found |= {"reports_excluded": {"Zz": 40, "Zz Zz Zz Zz Zz Zz": 25, "Zz Zz": 8}, "studies": 44, "reports": 58}
    found |= {"websites": 6, "organisations": 2, "citations": 11, "other_sought": 19, "other_not_retrieved": 1}
    found |= {"other_assessed": 18, "other_excluded": {"Zz": 10}, "previous_studies": 10, "previous_reports": 12}
    return found | {"total_studies": 54, "total_reports": 70}


def bias():
    """Return judgements of five trials, one without that of the whole trial, with weights."""
    wide = pd.DataFrame({"Study": ["s0", "s1", "s2", "s3", "s5"], "D1": ["Low", "High", "Some concerns", "Low", "Low"]})
    wide = wide.assign(D2="Low", D3=["", "High", *["Low"] * 3], Overall=["Low", *["High"] * 3, ""], Weight=range(1, 6))
    return ma.read_risk_of_bias(wide, tool="RoB 2", judged_by="two reviewers")


def much(effects):
    """Return a forest plot with columns of arms, letters, a band, models and the density of a new trial."""
    n = len(effects.table)
    arms = {f"mean_{arm}": np.linspace(-3, 1, n) for arm in ("treatment", "placebo")}
    arms |= {f"sd_{arm}": np.full(n, 2.1) for arm in ("treatment", "placebo")}
    table = effects.table.assign(certainty=["clear", "doubtful"] * (n // 2) + ["clear"], **arms)
    effects = replace(effects, table=table)
    common = ma.pool(effects, tau2_method="CE", ci_method="z")
    look = {"prediction": "density", "worthwhile": 1.0, "symbols": LETTERS, "columns": ("arms",)}
    return ma.forest(ma.pool(effects), data=effects, models={"Common effect": common}, **look)


def in_axes(effects, arms, by_dose, by_family):
    """Return a figure of somebody else in whose axes others are drawn."""
    fig = Figure(figsize=(12, 8))
    axes = iter(fig.subplots(3, 4).ravel())
    for draw in (ma.forest, ma.funnel, ma.radial, ma.qq_plot, ma.drapery):
        draw(effects, ax=next(axes))
    for regression in (by_dose, by_family):
        ma.bubble(regression, ax=next(axes))
    ma.labbe(arms, ax=next(axes))
    ma.posterior_plot(ma.pool_bayes(*RATIOS), ax=next(axes))
    ma.outcomes_forest({"first": effects, "second": effects}, ax=next(axes))
    ma.steps_forest(ma.cumulative(effects), ax=next(axes))
    ma.labbe_counts(ma.pool_mantel_haenszel(*COUNTS), counts=COUNTS, ax=next(axes))
    return fig


def risks():
    """Return log risk ratios of the counts, and their variances."""
    events_t, n_t, events_p, n_p = (np.array(each, float) for each in COUNTS)
    return np.log(events_t / n_t * n_p / events_p), 1 / events_t - 1 / n_t + 1 / events_p - 1 / n_p


def responding():
    """Return trials that print how many respond."""
    about = {"author": "Made", "year": 2020, "therapy": "TENS", "condition_group": "Neck", "design": "parallel"}
    about |= {"scale": "NRS", "scale_min": 0, "scale_max": 10, "primary": "yes", "source": "made up"}
    about |= {"change_sd": 2.0, "event_definition": "half the pain"}
    families = ["Electrical", "Light", "Light", "Electrical", "Light"]
    rows = []
    for i, (events_t, n_t, events_p, n_p) in enumerate(zip(*COUNTS, strict=True)):
        for arm, n, events in (("treatment", n_t, events_t), ("placebo", n_p, events_p)):
            own = {"study": f"s{i}", "therapy_family": families[i], "arm": arm, "n": n, "events": events}
            rows.append(about | own | {"change_mean": -4.0 * events / n})
    return ma.read_trials(pd.DataFrame(rows))


def measured_twice(**about):
    """Return a table of five trials whose arms are measured at two weeks."""
    rows = []
    for i in range(5):
        for week in (2.0, 8.0 + i):
            for arm, fall in (("treatment", 2.0 + 0.4 * i - 0.05 * week), ("placebo", 1.0 + 0.2 * i)):
                rows.append(
                    {"study": f"t{i}", "author": "Nr.", "year": 2001 + i, "arm": arm, "n": 20 + 9 * i, "scale": "VAS"}
                    | {"scale_min": 0, "scale_max": 10, "week": week, "primary": "yes" if week == 2 else "no"}
                    | {"timepoint": "follow-up", "change_mean": -fall, "change_sd": 2.0}
                )
    table = as_read(rows)
    table.attrs |= {"outcome_name": "pain"} | about
    return table


def claims():
    """Return claims about one family as ``check_claims`` does: one with a number for each arm, two without."""
    found = pd.DataFrame(
        {
            "claim_id": [f"c{i}" for i in range(5)],
            "therapy_family": "Family 0",
            "claim": [
                "Pain falls by 3.9.",
                "It fell by 1 to 2.",
                "2.5 points of it are real.",
                "It works.",
                "Long so. " * 9,
            ],
            "value": ["-3.9", "-2--1", "-2.5", None, "weeks"],
            "unit": ["points", "points", "points", None, "weeks"],
            "number_from": ["article"] * 5,
            "arm": ["treatment", "placebo", "difference", "treatment", "treatment"],
            "claimed": ["3.9 points", "1 to 2 points", "2.5 points", "no number", "weeks"],
            "match": "direct",
            "scope": ["knees", "knees", "backs", "knees", "knees"],
            "k": [3, 3, 1, 3, 3],
            "k_arms": [2, 2, 1, 2, 2],
            "people": [120, 120, 39, 120, 120],
            "doubted": [2, 2, 1, 2, 2],
            "verdict": ["arm change quoted as effect", "supported", "overstated", "not testable here", "supported"],
            "plain": "Said.",
        }
    )
    results = {"placebo": (-1.4, -2.4, -0.4), "treatment": (-3.1, -4.8, -1.4), "contrast": (-1.7, -3.2, -0.2)}
    for role, three in results.items():
        found[[role, f"{role}_low", f"{role}_high"]] = three
    found.attrs = {"confidence_level": 0.95, "tau2_method": "REML", "ci_method": "HKSJ-mod", "pi_method": "t(k-1)"}
    found.attrs["wording"] = OURS
    return found


def analyses(n):
    """Return n analyses as ``multiverse`` does; some intervals exclude zero on either side."""
    i, left, taken = np.arange(n), np.arange(n), {}
    for choice, options in CHOICES.items():
        taken[choice], left = np.array(options)[left % len(options)], left // len(options)
    frame = pd.DataFrame({**taken, "correlation": left / 100})
    estimate, half = -0.4 + np.sin(i) + 0.2 * (i % 3), 0.35 + 0.2 * np.cos(i) ** 2
    ends = {"estimate": estimate, "se": half / 2, "ci_low": estimate - half, "ci_high": estimate + half}
    # As of a table that is made by hand, nothing is known of the many.
    frame.attrs = {"wording": OURS} if n < 100 else {}
    return frame.assign(k=12, default=i == n // 3, **ends)


def laid_out(fig):
    """Return the page in millimetres and its artists as [name, look and text, numbers]."""
    width, height = fig.get_size_inches() * 25.4

    def mm(points, transform):
        return np.asarray(transform.transform(points), float).reshape(-1, 2) * 25.4 / fig.dpi * [1, -1] + [0, height]

    found = [["page", "", [width, height]]]
    for ax in fig.axes:
        box = mm(ax.bbox.extents.reshape(2, 2), ax.transData - ax.transData)
        titles = f"{ax.get_xlabel()} / {ax.get_ylabel()}".strip(" /")
        found.append([f"axes {ax.get_label()}", f"z{ax.get_zorder()} {titles}".strip(), [*box.ravel()]])
        for side, spine in ax.spines.items():
            if spine.get_visible() and ax.axison:
                ends = spine.get_bounds() or ()
                found.append([f"{side} of {ax.get_label()}", f"{spine.get_linewidth():g} pt", ends])
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            for text in axis.get_ticklabels():
                found.append(["tick", *described(text, mm)])
    for artist in fig.findobj(lambda each: each.get_gid() and each.get_visible()):
        if artist.get_paths() if isinstance(artist, Collection) else isinstance(artist, Text) and artist.get_text():
            found.append([artist.get_gid(), *described(artist, mm)])
    if content := getattr(fig, "content", None):
        found += [["said", text, []] for text in (content.title, content.alt_text, content.in_words) if text]
    return [[name, look, [round(float(x), 2) for x in numbers]] for name, look, numbers in found]


def described(artist, mm):
    """Return the look of an artist, with its text if it has one, and where it stands."""
    over = f"z{artist.get_zorder():g}"
    if isinstance(artist, Text):
        size, weight, colour = artist.get_fontsize(), artist.get_fontweight(), to_hex(artist.get_color())
        look = f"{artist.get_ha()} {size:g} pt {weight} {colour} {over}: {artist.get_text()}"
        return look, mm(artist.get_position(), artist.get_transform()).ravel()
    colours = [" ".join(dict.fromkeys(map(to_hex, each))) for each in (artist.get_facecolor(), artist.get_edgecolor())]
    widths = " ".join(f"{x:g}" for x in dict.fromkeys(np.round(artist.get_linewidths(), 3)))
    dashes = "dashed " if any(dash is not None for _, dash in artist.get_linestyles()) else ""
    look = f"{len(artist.get_paths())} of {' / '.join(colours)} {dashes}{widths} pt {over}"
    if isinstance(artist, PathCollection):
        at = mm(artist.get_offsets(), artist.get_offset_transform())
        return look, [*summary(at), *summary(np.sqrt(artist.get_sizes())[:, None])]
    return look, summary(np.vstack([mm(path.vertices, artist.get_transform()) for path in artist.get_paths()]))


def summary(points):
    """Return all of a few points, of many the first, last, least, greatest and mean ones."""
    if len(points) > 6:
        points = np.vstack([points[0], points[-1], points.min(0), points.max(0), points.mean(0)])
    return points.ravel()


def main():
    """Write the file."""
    found = {name: laid_out(fig) for name, fig in figures().items()}
    lines = [
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in artists) + "\n]"
        for name, artists in found.items()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
