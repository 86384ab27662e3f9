"""What the trials say of placebo and treatment, in sentences; analysis.text formats the numbers."""

import math

from analysis.text import counted, interval, level, number, percent


def contextual_share_summary(found):
    """Return the contextual share in words: how much, how sure, by which choices, and what it is not.

    Parameters
    ----------
    found : analysis.ContextualShare

    Returns
    -------
    str

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> from analysis.contextual import contextual_share
    >>> effects = effect_sizes(read_trials("data/trials.csv"))
    >>> found = contextual_share(effects.where(study=["chow2006", "shin2015"]), n_bootstrap=0)
    >>> print(contextual_share_summary(found).splitlines()[1])
      Share           withheld: fewer than three trials remain
    """
    at = level(found.confidence_level)
    lines = [f"Contextual share: placebo improvement over treatment improvement, {counted(found.k)}"]
    lines.append(_line("Share", f"withheld: {found.reason}" if found.reason else _share(found, at)))
    if not found.reason:
        lines.append(_line("New trial", _new_trial(found, at)))
    lines += [_line("Ratio of means", said) for said in _means(found, at)]
    spread = _spread(found.robustness)
    lines += [_line("By choice", spread)] if spread else []
    for name, table in (("Left out", found.left_out), ("Replaced", found.replaced)):
        lines += [_line(name, f"{', '.join(g['label'])}: {why}") for why, g in table.groupby("reason", sort=False)]
    borrowed = found.trials.loc[found.trials["change_status"] == "imputed", "label"]
    lines += [_line("SD borrowed", ", ".join(borrowed))] if len(borrowed) else []
    return "\n".join(lines + [_line("Note", note) for note in _notes(found)])


def _line(name, said):
    return f"  {name:<14}  {said}"


def _share(found, at):
    how = f"log ratios, tau² by {found.pooled.tau2_method}, {found.pooled.ci_method}; rule: {found.rule}"
    if found.pooled.tau2_method == "CE":
        how = f"log ratios, common effect, {found.pooled.ci_method}; rule: {found.rule}"
    told = f"the placebo arms had {percent(found.share)} of the improvement of the treatment arms"
    return f"{number(found.share)} ({at} CI {interval(*found.ci)}): {told} ({how})"


def _new_trial(found, at):
    if found.pooled.tau2_method == "CE":
        return "not given: the common-effect model has one true share for all trials"
    return f"{interval(*found.pi)} ({at} prediction interval); tau {number(found.pooled.tau)} on the log scale"


def _means(found, at):
    """The ratio of the bivariate means with both intervals, or why it is not there."""
    if math.isnan(found.ratio_of_means):
        return [] if found.reason else [f"withheld: {found.reasons['fieller']}"]
    limits = f"{at} CI {interval(*found.fieller)} by Fieller"
    if found.resamples:
        limits += f", {interval(*found.bootstrap)} by bootstrap"
    parts = [f"{number(found.ratio_of_means)} ({limits}), bivariate fit to all {counted(len(found.trials))}"]
    return ["; ".join([*parts, *found.reasons.values()])]


def _spread(table):
    """From the smallest to the largest share in the table of choices, with the choice that makes each."""
    shown = table[table["share"].notna()]
    if len(shown) < 2:
        return ""
    least, most = shown.loc[shown["share"].idxmin()], shown.loc[shown["share"].idxmax()]
    ends = (f"{number(row['share'])} ({row['model']}; {row['rule']})" for row in (least, most))
    return f"{' to '.join(ends)}, {number(len(shown), 0)} combinations of model and rule"


def _notes(found):
    yield (
        "Change within an arm contains natural course and regression to the mean. The share is therefore not the "
        "effect of the placebo, and not a causal share: it is the part of the improvement under treatment that was "
        "seen under placebo too."
    )
    if found.reason:
        return
    yield "It exists only where treatment improved; the randomised difference says whether treatment did more."
    yield (
        "A log ratio cannot use arms that did not improve, and gives little weight to those that hardly did, so a "
        "pooled share below 1 leans upwards; the ratio of means uses all trials as they are."
    )
    if found.share > 1:
        yield "Above 1: the placebo arms improved more than the treatment arms."
    if found.ratio_of_means <= 0:
        yield "Ratio of means not above 0: on average the placebo arms did not improve."
