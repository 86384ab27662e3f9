"""The specification curve: every analysis sorted by its estimate, and below it what was chosen in each."""

import pandas as pd

from analysis.plots import _multiverse_words as words
from analysis.plots import _style as style
from analysis.plots._axis import panel_limits
from analysis.plots._canvas import FigureContent, frame, framed_page
from analysis.plots._key import draw_key, lay_key
from analysis.plots._measure import text_width
from analysis.plots._multiverse_marks import Place, draw_curve, draw_options
from analysis.plots._multiverse_rows import ROW_MM, bin_rows, choices_of, option_rows, sorted_analyses
from analysis.plots._themes import themed
from analysis.text import number

TITLE = "The same trials, analysed in every sensible way"
USUAL_MM, LEAST_PANEL_MM = 174.0, 32.0
CURVE_MM, STRIP_MM = 50.0, 5.0  # the curve, and the strip above it for the name of the default analysis
BELOW_MM = 4.4  # between the curve and the first option
KEY_MM = 3.4  # above the key
OWN_MARK_MM = 0.2  # analyses at least this far apart have marks of their own
BIN_MM, BIN_LEAST = 1.0, 8  # width of a bin, and the analyses it holds at least


@themed
def multiverse_plot(analyses, *, default=None, order=None, title=None, width_mm=None, digits=2, note=""):
    """Draw the specification curve of many analyses of the same trials.

    Parameters
    ----------
    analyses : pandas.DataFrame
        From ``multiverse``: one row per combination of choices, the choices left of the column k, then estimate,
        ci_low, ci_high. Choices with a single option are not drawn.
    default : hashable, optional
        Index of the row that is marked as the default analysis. Default: the row that ``multiverse`` marks.
    order : sequence of str, optional
        Choices from top to bottom. Default: those that move the estimate most come first.
    title : str, optional
    width_mm : float, optional
        Default: 174.
    digits : int
        Decimals of the printed numbers.
    note : str
        What a reader must know beside the figure; it ends the caption.

    Returns
    -------
    matplotlib.figure.Figure
        With ``content``: one row per option, and one per analysis or bin of analyses; title, caption and alternative
        text.

    Raises
    ------
    ValueError
        If columns are missing, no analysis has an interval, no choice has two options, or the page is too narrow.

    Notes
    -----
    After Simonsohn, Simmons and Nelson (2020, doi 10.1038/s41562-020-0912-z). Up to a few hundred analyses have marks
    of their own. More are drawn in bins of neighbours: a dark band inside all intervals of the bin, a pale one as far
    as any of them reaches, and for each option the share of the bin that took it.

    Examples
    --------
    >>> import analysis
    >>> trials = analysis.read_trials("data/trials.csv")
    >>> frame = analysis.multiverse(trials, correlation=0.5, crossover_correlation=0.5, missing_sd="impute")
    >>> fig = analysis.multiverse_plot(frame)
    >>> fig.content.table["choice"].dropna().unique()[:2].tolist()
    ['All', 'second_hand']
    """
    choices, means = choices_of(analyses, order)
    ordered = sorted_analyses(analyses, choices, default)
    options = option_rows(ordered, {name: analyses[name].unique() for name in choices}, means, digits)
    width = width_mm or USUAL_MM
    place = _place(options, width, len(ordered))
    marks = bin_rows(ordered, options, place.bins) if place.bins else ordered
    limits = panel_limits(*(ordered[name] for name in ("estimate", "ci_low", "ci_high")))
    about = words.About(ordered, options, limits, place.bins, words.level_of(analyses), len(analyses), digits)
    footer = [*words.footer(about, order is None), *([words.sentences(note)] if note else [])]
    title = title or TITLE
    key, tall = lay_key(words.key(about), width - 2 * style.MARGIN, stacked=False)
    depth = options["y_mm"].iloc[-1] + ROW_MM / 2
    framing = frame(title, footer, width, STRIP_MM + CURVE_MM + BELOW_MM + depth + KEY_MM + tall)
    figure, page = framed_page(framing)
    top, bottom = framing.top + STRIP_MM, framing.top + STRIP_MM + CURVE_MM
    usual = ordered[ordered["default"]].iloc[:1]
    draw_curve(figure, page, marks, usual, place, limits=limits, ends=(top, bottom), label=words.default_label(about))
    draw_options(figure, page, marks, usual, place, options=options, top=bottom + BELOW_MM)
    draw_key(page, key, style.MARGIN, framing.bottom - tall)
    found = words.found(about)
    caption = " ".join([words.sentences(title), found, *footer])
    table = _with_marks(options, marks, usual, footer)
    figure.content = FigureContent(table, title, caption, words.alt_text(title, about), found, words.PRINTED)
    return figure


def _place(options, width, n):
    """Return where the columns of text and the panel stand, and the number of bins."""

    def widest(column, weight="bold"):
        return max(text_width(text, style.BODY_PT, weight) for text in column)

    option = style.MARGIN + widest(options["text_choice"]) + style.GAP
    left = option + widest(options["text_option"]) + style.PANEL_GAP
    edge = width - style.MARGIN
    mean = edge - max(widest(words.SHARE_HEAD), widest(options["text_share"])) - style.GAP
    right = mean - max(widest(words.MEAN_HEAD), widest(options["text_mean"])) - style.PANEL_GAP
    if right - left < LEAST_PANEL_MM:
        least = number(width + LEAST_PANEL_MM - (right - left), 0)
        raise ValueError(f"width_mm is {number(width, 0)}, but this figure needs at least {least} mm")
    own = (right - left) / n >= OWN_MARK_MM
    return Place(option, left, right, mean, edge, n, 0 if own else min(int((right - left) / BIN_MM), n // BIN_LEAST))


def _with_marks(options, marks, usual, footer):
    """Return the table of the figure: options, analyses or bins, default analysis, zero line and footer."""
    extra = [{"kind": "reference", "text": "zero line", "estimate": 0.0}]
    extra += [{"kind": "footer", "text": line} for line in footer]
    return pd.concat(
        [options.drop(columns="first"), marks, usual.assign(kind="default"), pd.DataFrame(extra)], ignore_index=True
    )
