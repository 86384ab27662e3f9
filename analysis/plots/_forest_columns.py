"""The text columns of a forest plot: any column of the trials, the arms, the effect, the weights, lettered circles."""

import math
from numbers import Real

import numpy as np

from analysis.plots import _style as style
from analysis.plots import _words as words
from analysis.plots._cells import decimals
from analysis.plots._forest_blocks import NAMES
from analysis.plots._layout import Column, body_of
from analysis.plots._measure import text_width
from analysis.plots._write import write
from analysis.text import MINUS, bracketed, number

ARMS = {"treatment": ("Treatment", "treat."), "placebo": ("Placebo", "plac.")}
PARTS = {"mean": "Mean", "sd": "SD", "n": "n"}
TONES = {"+": "good", "?": "some", "-": "bad", MINUS: "bad", "!": "bad", "": "none"}
TEXT_GAP = 1.1  # between a circle and its meaning


def as_headings(columns):
    """Return name -> heading (None: made from the name) of columns given as names or as a mapping."""
    if isinstance(columns, str):
        raise ValueError(f"columns is {columns!r}; give a sequence of names, ({columns!r},)")
    return dict(columns) if hasattr(columns, "items") else dict.fromkeys(columns)


def add_columns(table, names, symbols, digits):
    """Return the table with the printed text of the chosen columns of the trials.

    Parameters
    ----------
    table : DataFrame
        Of ``build_rows`` with its usual cells.
    names : list of str
    symbols : dict
        column -> (value -> letter).
    digits : int
        Decimals of means and SDs.
    """
    trial = table["kind"] == "trial"
    for name in names:
        if name in ("n", "effect", "weight"):
            continue
        if name == "arms":
            table = _add_arms(table, digits)
        elif name not in table or name == "flags":
            raise ValueError(
                f"columns names {name!r}, which is neither one of n, arms, effect, weight nor a column of the trials"
            )
        elif name not in symbols:
            table = table.assign(**{f"text_{name}": _texts(table[name].where(trial), name)})
    for name, letters in symbols.items():
        table = _add_symbols(table, name, letters, trial)
    return table


def _add_arms(table, digits):
    for arm in ARMS:
        missing = [f"{part}_{arm}" for part in PARTS if f"{part}_{arm}" not in table]
        if missing:
            raise ValueError(
                f"columns names 'arms', which needs mean, SD and n of both arms; missing: {', '.join(missing)}"
            )
        for part in ("mean", "sd"):
            values = table[f"{part}_{arm}"].where(table["kind"] == "trial")
            table = table.assign(**{f"text_{part}_{arm}": ["" if v != v else number(v, digits) for v in values]})
    return table


def _texts(values, name):
    """Return one text per row: numbers with the same decimals down the column, years without separators."""
    known = [v for v in values if _is_number(v)]
    plain = name in ("year", "id", "pmid")
    most = 1 if max(map(abs, known), default=0) >= 10 else 2
    places = 0 if plain else max((decimals(v, most) for v in known), default=0)
    return [
        "" if v is None or v != v else (f"{v:.0f}" if plain else number(v, places)) if _is_number(v) else str(v)
        for v in values
    ]


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and math.isfinite(value)


def _add_symbols(table, name, letters, trial):
    """Add the letters of a column of circles; the cells themselves stay empty, the circles are drawn later."""
    if name not in table:
        raise ValueError(f"symbols names {name!r}, which is not a column of the trials")
    values = table[name].where(trial)
    unknown = sorted({str(v) for v in values if v == v and v is not None and v not in letters})
    if unknown:
        raise ValueError(f"symbols[{name!r}] has no letter for {', '.join(unknown)}; give one for every value")
    marks = ["" if v != v or v is None else letter_of(letters[v]) for v in values]
    return table.assign(**{f"symbol_{name}": marks, f"text_symbol_{name}": ""})


def letter_of(spec):
    """Return the letter of a value given as a letter or as (letter, tone)."""
    letter = spec if isinstance(spec, str) else spec[0]
    return MINUS if letter == "-" else letter


def tone_of(spec):
    """Return (fill, letter colour) of a value: its tone is good, some, bad or none, or follows from +, ? and -."""
    tone = TONES.get(spec, "some") if isinstance(spec, str) else spec[1]
    return style.SYMBOLS[tone] if tone in style.SYMBOLS else (tone, style.INK)


def tracks_of(table, left, right, symbols, panel):
    """Return the tracks of the figure: names, the left columns, the panel, the right columns."""
    measure = panel.heads[-1]

    def columns(chosen):
        return [column for name, head in chosen.items() for column in _columns(table, name, head, symbols, measure)]

    name = Column("name", "Trial", ("text_name",), "left", tail="text_tail")
    later = {name: None for name in symbols if name not in left and name not in right}
    return [name, *columns(left), panel, *columns({**right, **later})]


def _columns(table, name, head, symbols, measure):
    if name == "n":
        return [
            Column("n", short, (f"text_n_{arm}",), span=head or "Patients")
            for arm, (_, short) in ARMS.items()
            if f"n_{arm}" in table
        ]
    if name == "arms":
        return [
            Column("arms", title, (f"text_{part}_{arm}",), span=arm_name)
            for arm, (arm_name, _) in ARMS.items()
            for part, title in PARTS.items()
        ]
    if name == "effect":
        return [effect_column(table, head or ("Difference" if measure in ("MD", "SMD", "RD") else NAMES.get(measure)))]
    if name == "weight":
        return [Column("weight", head or "Weight", ("text_weight",))]
    head = head or name.replace("_", " ").capitalize()
    if name in symbols:
        return [Column(name, head, (f"text_symbol_{name}",), "left")]
    numeric = all(_is_number(v) or v is None or v != v for v in table.loc[table["kind"] == "trial", name])
    return [Column(name, head, (f"text_{name}",), "right" if numeric else "left", muted=not numeric)]


def effect_head(panel):
    """Return the heading of the estimates: short for differences, the name of the measure for ratios."""
    return "Difference" if panel.heads[-1] in ("MD", "SMD", "RD") else panel.heads[0]


def effect_column(table, head="Difference", level=None):
    """Return the column of the estimate and its limits, each aligned on the decimal point."""
    head = f"{head or 'Estimate'} {bracketed(f'{level or words.level_of(table)} CI')}"
    return Column("difference", head, ("text_estimate", "text_low", "text_high"), whole="text_whole")


def dropped(left, right, symbols=()):
    """Return the names of columns in the order in which a page that is too narrow gives them up."""
    others = [name for name in (*reversed(right), *reversed(left)) if name not in ("effect", "weight", "n", "arms")]
    return (*others, *(name for name in symbols if name not in others), "arms", "n", "weight")


def draw_symbols(figure, table, symbols):
    """Draw the columns of lettered circles over the empty cells left for them."""
    page, body = figure.axes[0], body_of(table)
    for placed in figure.placement.columns:
        name = placed.column.name
        if name not in symbols or placed.column.cells != (f"text_symbol_{name}",):
            continue
        x = placed.left + text_width(placed.column.head, style.BODY_PT, "bold") / 2
        rows = body[body[f"symbol_{name}"].astype(bool) & (body["kind"] == "trial")]
        specs = [symbols[name][value] for value in rows[name]]
        _circles(page, [x] * len(rows), rows["y_mm"], specs, f"symbols-{name}")


def _circles(page, x, y, specs, gid):
    """Draw circles as one collection, each with its letter."""
    if not specs:
        return
    tones = [tone_of(spec) for spec in specs]
    size = (style.SYMBOL_MM * style.PT_PER_MM) ** 2
    dots = page.scatter(x, y, s=size, c=[fill for fill, _ in tones], marker="o", linewidth=0, zorder=2)
    dots.set(gid=gid, label=gid)
    for i, (left, top, spec, (_, ink)) in enumerate(zip(x, y, specs, tones, strict=True)):
        look = style.NOTE_PT, "bold", ink
        write(page, left, top, letter_of(spec), look, align="center", gid=f"{gid}-{i}")


def symbol_key(symbols, heads):
    """Return the sentence that says what the circles of each column mean."""
    parts = []
    for name, letters in symbols.items():
        head = heads.get(name) or name.replace("_", " ").capitalize()
        parts.append(f"{head}: " + ", ".join(f"({letter_of(spec)}) {value}" for value, spec in letters.items()))
    return words.sentences(*parts)
