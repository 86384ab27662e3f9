"""What many functions say of the same argument, written once; `documented` fills it into their docstrings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

Documented = TypeVar("Documented", bound=Callable[..., object] | type)

# Entries of the sections Parameters and Raises, as numpydoc has them; their first word is what a docstring asks for.
_TEXTS = """
yi : array_like, shape (k,), or EffectSizes, pandas.DataFrame or PooledEffect
    Outcomes; or EffectSizes, the studies of a PooledEffect, or a DataFrame with the columns yi and vi or se (vi counts
    where it has both), whose labels are its column label, else study, else its index.
vi : array_like, shape (k,), optional
    Sampling variances, in the unit of yi squared. Left out with an object that has them. Two Series are paired by
    their index.
se : array_like, shape (k,), optional
    Standard errors in place of vi.
tau2_method : {"REML", "ML", "PM", "EB", "DL", "HE", "HS", "SJ", "CE"}, optional
    Estimator of the variance between studies, always truncated at 0. REML and ML give the global maximum of the
    likelihood; EB and PM solve the same equation; "CE" is the common-effect model, tau2 = 0.
ci_method : {"HKSJ-wide", "HKSJ", "HKSJ-mod", "z", "t"}, optional
    Interval and test of the mean: Hartung-Knapp-Sidik-Jonkman on t(k-1) or normal, whichever is wider; HKSJ; HKSJ with
    its variance factor not below 1; normal; or t(k-1) without a variance factor.
pi_method : {"Nagashima", "t(k-1)", "t(k-2)", "z"}, optional
    Prediction interval: by the confidence distribution of Q, which takes in how little is known of tau2, for three
    studies or more; or on t or normal, with the standard error of `ci_method`. Tables of many results keep t(k-1).
confidence_level : float, optional
    Level of all intervals, from 0.5 to below 1. Default: that of a PooledEffect given, else 0.95.
labels : sequence of str, optional
    Names of the studies, for the result and for error messages.
n : array_like
    People in the arm, at least 2.
measure : str, optional
    Code of the effect measure, one of those of :class:`analysis.measures.Measure`, carried along. Default: that of the
    effects.
missing : {"raise", "drop"}, optional
    Refuse studies without an effect or a variance, or leave them out and list them.
tau2 : float, optional
    A known variance between studies, used instead of an estimate.
n_jobs : int, optional
    Threads that work at a time, -1 for one on each processor. The numbers are the same to the last bit.
unsafe : bool, optional
    Run the formula as Python, with your functions and variables: it can then do whatever you can do, delete files as
    well. Only for formulas that you wrote or trust.
new_data : pandas.DataFrame, dict of lists or numbers, array (m, p) or values of the only moderator, optional
    One row for each prediction, with the columns that the formula names, ``{"week": 3}`` for a single one, which is
    ``3`` where the formula names no other column; of an array in the order in which the formula names them; the studies
    themselves if left out.
transform : bool, optional
    Give the numbers that people read, ratios instead of their logs; what does not exist on that scale (vi, se, and mean
    and sd of a posterior) is left out.
tau : array_like
    Heterogeneity SD, 0 or more, of any shape.
mean_t : array_like
    Mean of the treatment arm, in scale units.
sd_t : array_like
    SD of the treatment arm, in scale units.
n_t : array_like
    People in the treatment arm.
mean_p : array_like
    Mean of the placebo arm, in scale units.
sd_p : array_like
    SD of the placebo arm, in scale units.
n_p : array_like
    People in the placebo arm.
baseline_mean_t : array_like
    Mean of the treatment arm before, in scale units.
baseline_sd_t : array_like
    SD of the treatment arm before, in scale units.
final_mean_t : array_like
    Mean of the treatment arm at the end, in scale units.
final_sd_t : array_like
    SD of the treatment arm at the end, in scale units.
baseline_mean_p : array_like
    Mean of the placebo arm before, in scale units.
baseline_sd_p : array_like
    SD of the placebo arm before, in scale units.
final_mean_p : array_like
    Mean of the placebo arm at the end, in scale units.
final_sd_p : array_like
    SD of the placebo arm at the end, in scale units.
mean_pre : array_like
    Mean before, in scale units.
mean_post : array_like
    Mean after, of the same people, in scale units.
sd_pre : array_like
    SD before, in scale units.
sd_post : array_like
    SD after, of the same people, in scale units.
correlation : array_like
    Between the two outcomes of a person, -1 to 1. Papers rarely print it: vary it.
variance : {"large-sample", "unbiased"}, optional
    The usual formula for large samples, or an unbiased estimate of the exact variance; the Notes hold both.
bias_correction : bool, optional
    Whether the effect is corrected for its bias in small samples, as the Notes tell.
events_t : array_like
    Responders in the treatment arm.
events_p : array_like
    Responders in the placebo arm.
continuity : float, optional
    Added to all four cells of the trials chosen by `continuity_to`.
continuity_to : {"zero trials", "all if zero", "all", "none"}, optional
    Which trials: those with a zero cell, and no other; all trials of a meta-analysis (the last axis), if any of
    them has a zero cell; all trials; no trial.
drop_double_zero : bool, optional
    Give NaN for a trial without events, or with events only, in both arms.
low : array_like
    Lower limit of the confidence interval.
high : array_like
    Upper limit of the confidence interval.
level : array_like, optional
    Confidence level as a fraction.
df : array_like, optional
    Degrees of freedom of the t distribution, n_t + n_p - 2 for a difference of two means; infinite for the normal
    distribution.
difference : array_like
    Treatment minus placebo, not 0; its sign does not matter.
pvalue : array_like
    Two-sided, between 0 and 1. A bound such as "p < 0.05", taken as 0.05, gives an upper bound of the result.
smallest : array_like
    Smallest value in the arm, in scale units.
q1 : array_like
    First quartile of the arm, in scale units.
median : array_like
    Median of the arm, in scale units.
q3 : array_like
    Third quartile of the arm, in scale units.
largest : array_like
    Largest value in the arm, in scale units.
path : str, os.PathLike, open file or pandas.DataFrame
    A CSV or TSV file (comma, semicolon or tab; UTF-8, with or without BOM; also ``.csv.gz``), an XLSX workbook (first
    sheet; a warning says which rows are hidden or struck through, and they are read), a Parquet file, one of these that
    is open, or a DataFrame with the same columns. Own columns are kept if their name starts with ``x_``.
trials : pandas.DataFrame, optional
    From :func:`analysis.read_trials`: every study named must be one of its studies or of those of `contrasts`.
contrasts : pandas.DataFrame, optional
    From :func:`analysis.read_contrasts`: trials that report only the difference from placebo.
decimal : {".", ","}, optional
    The decimal sign of numbers that are text. Left out, it is the point; a file with semicolons may have commas, and is
    refused where "1,234" could be either.
FileNotFoundError
    If there is no such file.
ModuleNotFoundError
    If the library for XLSX or Parquet is not installed; the message says how to install it.
digits : int, optional
    Decimals, 0 to 10.
checked : pandas.DataFrame
    From :func:`analysis.check_claims`.
frame : pandas.DataFrame
    From :func:`analysis.multiverse`, whole or some of its rows.
"""
# What a figure says of an argument, some of them otherwise than a function that computes.
_OF_FIGURES = """
figure : matplotlib.figure.Figure
    With ``content``: the table behind every mark, title, caption and alternative text. With ``ax``: the figure of these
    axes, as it is.
title : str, optional
    Heading of the figure; one that says what was pooled if left out. "" draws none; caption and files keep it.
prediction : "bar" or None
    None leaves the prediction interval out, of the figure and of what is said of it.
overall : bool
    Whether the result over all groups is drawn; without it nothing is said of it either, and weights are those within
    each group.
footer : bool, optional
    Whether the paragraphs below the figure are drawn; the caption has them too.
dpi : float, optional
    Dots per inch of the figure as matplotlib shows it. Default: 150.
xlim : (float, float), optional
    Ends of the level axis, as people read its values; what leaves it ends in an arrowhead.
ticks : sequence of float, optional
    Ticks of the level axis, as people read its values.
xlabel : str, optional
    Title of the level axis; "" draws none.
null : float, "measure" or None, optional
    Where the null line stands, as people read its value. Default: where nothing differs. None draws no line.
lines : float, sequence of float, or mapping of str to float, optional
    Further lines, dashed, at values as people read them; the footer has their names.
compact : bool, optional
    Whether rows stand close, 2.6 mm apart, in type of 6 points, for many trials.
note : str
    What a reader must know beside the figure; it ends the caption.
favours : (str, str), "effects" or None
    What the left and the right side of the null line mean. Default: as the effects have it, by their arms and by what
    is good, and nothing where nobody said.
ax : matplotlib.axes.Axes, optional
    Draw the panel into these axes of another figure, which have their final size, without title, key and footer.
results : PooledEffect, EffectSizes or PooledArms
    EffectSizes are pooled with the defaults of :func:`analysis.pool_arms`; of PooledArms the contrast is drawn.
columns : sequence of str, or mapping of str to heading
    Text columns left of the panel: "n" (patients of both arms), "arms" (mean, SD and n of both arms, or events and n
    where effects are made of counts), "effect" (estimate and interval), "weight", "p" (of no effect), or any column of
    the trials by another name, numbers with the decimals they have. A heading of yours is printed as it is.
right : sequence of str, or mapping of str to heading
    Text columns right of the panel, named as in `columns`.
order : str, optional
    Of the trials: "year", "estimate", "weight" (heaviest first), "label", "given", or any column of the trials;
    "-week" is descending, and trials without a value come last. Default: by year, as given where no trial has one.
worthwhile : (float, float), "usual" or None
    Least and most that is taken as the smallest worthwhile difference between groups, in points, on the side that is
    good; drawn as a band. Default: of pain in points on 0-10, 10 mm of 100, proposed for reading pooled differences, to
    20 mm, which the same proposal calls appreciable (Busse 2015); none of any other outcome.
measure : str, optional
    Code of a :class:`analysis.measures.Measure`; ratios get a log axis. Default: that of the result.
label : int or sequence of str
    How many trials are named, those farthest from what the figure pools or fits first; or their names, or their ids
    where the results have them. A name is left out where it would stand nearer to the mark of another trial, and told.
width_mm : float, optional
    Width of the page in millimetres, at least 80; also "single" (85) or "double" (174). Default: 150.
digits : int, optional
    Decimals of the printed numbers. Default: as many as the width of the intervals asks for, two for points on 0-10 and
    at least two for ratios.
"""


def _entries(texts: str) -> dict[str, str]:
    return {entry.split()[0]: entry for entry in re.split(r"\n(?=\S)", texts.strip())}


_COMPUTED, _DRAWN = _entries(_TEXTS), _entries(_TEXTS) | _entries(_OF_FIGURES)


def documented(of: Documented) -> Documented:
    """Fill in the lines ``{name}`` of a docstring, or ``{name, other}``, with the shared entries of those names.

    Examples
    --------
    >>> @documented
    ... def width(confidence_level):
    ...     '''Return a width.
    ...
    ...     Parameters
    ...     ----------
    ...     {confidence_level}
    ...     '''
    >>> print(width.__doc__.splitlines()[5].strip())
    Level of all intervals, from 0.5 to below 1. Default: that of a PooledEffect given, else 0.95.
    """
    shared = _DRAWN if of.__module__.startswith("analysis.plots") else _COMPUTED

    def filled(found: re.Match[str]) -> str:
        names = found[2].split(", ")
        return "\n".join(f"{found[1]}{line}" for name in names for line in shared[name].split("\n"))

    # python -OO leaves no docstrings.
    if of.__doc__:
        of.__doc__ = re.sub(r"^( *)\{(\w+(?:, \w+)*)\}$", filled, of.__doc__, flags=re.MULTILINE)
    return of
