"""What users write, for the type checker: `make lint` reads this file, nothing runs it."""

from pathlib import Path

import numpy as np
import pandas as pd

import analysis as ma

# Effects from anywhere: columns of a table, lists, arrays, formulas.
table = pd.read_csv("effects.csv")
pooled = ma.pool(table["yi"], table["vi"], labels=table["study"], tau2_method="DL", ci_method="z")
again = ma.pool([0.1, 0.4], [0.02, 0.03], labels=["A", "B"], measure="SMD")
yi, vi = ma.effects.hedges_g([1.0, 2.0], 1, 10, np.array([0.0, 1.0]), 1, 10)
sd = ma.recover.sd_from_se(0.3, 20)
small = ma.pool(yi, vi)
by_error = ma.pool(table["yi"], se=table["se"], missing="drop").left_out
of_table = ma.pool(table, measure="OR").measure.is_ratio

# What a result offers.
low, high = pooled.ci
words: str = f"{pooled.estimate:.2f} ({low:.2f} to {high:.2f}), {pooled.labels[0].upper()}"
row: pd.DataFrame = pooled.to_row()
frame: pd.DataFrame = pooled.to_frame()
lines: list[str] = pooled.summary().splitlines()
wide = pooled.confidence_interval(0.99).high - pooled.pi.low

# From trials to arms and figures.
effects = ma.effect_sizes(ma.read_trials(Path("trials.csv")), missing_sd="drop").where(therapy_family="Light")
wide_effects = ma.effect_sizes(
    table, measure="SMD", study="Study", mean_t="m1", n_t=20, benefit="higher", arms=("a", "b")
)
own = ma.trials_from_wide(table, study="Study", mean_t="m1", ci_t=("low", "high"), n_t=20, arms=("a", "b"), level=90)
ratios = ma.effect_sizes(table, measure="HR", yi="hr", ci=("low", "high"), missing="drop", log=False, level=90)
called: str = f"{ratios.measure.name} {ratios.measure.lower()} {ratios.study[0]} {ratios.benefit} {ratios.arms[0]}"
arms = ma.pool_arms(effects, by="condition_group", confidence_level=0.9)
if arms.placebo is not None:
    moved: float = arms.placebo.estimate
share: float = arms.contextual_share.share
for group in arms.groups.values():
    print(group.contrast.k)
figure = ma.arms_forest(arms, worthwhile=(1.0, 2.0), title="Light")
for path in ma.save_figure(figure, Path("figures") / "light"):
    print(path.name)
for path in ma.report(arms, Path("report"), ["html", "docx"], title="Light", overwrite=True):
    print(path.name)
paragraphs: str = ma.methods_text(arms) + ma.results_text(pooled)
drawn = [pooled.forest(columns=["n"]), pooled.funnel(), arms.forest(), arms.funnel()]
shifts = pooled.leave_one_out(ci_method="z")["shift"]
paths = pooled.report("report", "html", overwrite=True)
read = ma.read_report("report/report.json")
with ma.theme("jama", labels={"trials": "studies"}, decimal=","):
    ma.forest(pooled, columns=["n"], favours=("fewer", "more"), xlim=(-3, 1), lines={"goal": -2}, footer=False, dpi=300)
    ma.forest(pooled, prediction=None, overall=True, null=None, ticks=[-2, 0]).savefig("forest.png")

# Every model.
fit = ma.meta_regression("yi ~ dose", table, tau2_method="PM")
slope = fit.params["dose"]
fit.predict({"dose": [10, 20]}).to_csv("predicted.csv")
between = ma.pool_multilevel(table, cluster="study", tau2_method="ML").sigma2.between
joint = ma.pool_bivariate([[1.0, 2.0]] * 4, [[0.1, 0.2]] * 4, vcov=[0.0] * 4)
changes = ma.pool_bivariate(effects, missing="drop").left_out
difference: float = joint.difference.ci.low
posterior = ma.pool_bayes([0.1, 0.2], [0.1, 0.1], tau_prior=ma.HalfNormal(0.5), mu_prior=ma.Normal(0, 1))
quantiles = posterior.quantile([0.1, 0.9], of="new")
counts = ma.pool_mantel_haenszel([1, 2], [10, 20], [3, 4], [11, 21], measure="RR")
of_effects = ma.pool_peto(wide_effects, missing="drop").labels
good = ma.pool([0.1, 0.4], se=[0.1, 0.2], benefit="higher")
steps = ma.leave_one_out(pooled, ci_method="z")
trials_out = ma.leave_one_out(ma.pool_multilevel(table["yi"], se=table["se"], cluster=table["study"]))
parts = ma.pool_subgroups(pooled, ["a", "b"], missing="drop").groups["a"].tau2_ci
reach = ma.share_beyond(good, ma.Threshold(1.0, "between-group")).share
needed: str = ma.nnt(pooled, comparator_risk=0.3).words
