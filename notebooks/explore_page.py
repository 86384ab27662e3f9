"""The page of explore.ipynb: menus, one's own file, figure and sentences, and what can be downloaded.

What is worked out stands in the notebook, which hands its functions to `Page`. A file that is uploaded is read from its
bytes and taken out of the widget at once, and what can be downloaded is part of the page: nothing is written to a disk.
"""

import ast
import asyncio
import base64
import html
import io
import re
import time
import warnings
from contextlib import suppress
from functools import lru_cache
from types import SimpleNamespace

import ipywidgets as widgets
import pandas as pd

import analysis as ma
from analysis.data.about import TOLD_BY_FILE
from analysis.data.headings import advice
from analysis.data.studies import ONE_ROW_AN_ARM
from analysis.plots._page import svg_bytes
from analysis.plots._save import files_of
from analysis.text import counted

SCORES = {"Change from baseline": "change", "Final score": "final", "Adjusted for baseline": "ancova"}
SD_RULES = {
    "Borrow the pooled SD of others": "impute",
    "Borrow their median SD": "impute-median",
    "Borrow their largest SD": "impute-largest",
    "Leave such trials out": "drop",
}
ESTIMATORS = {
    "REML": "REML",
    "Paule-Mandel": "PM",
    "DerSimonian-Laird": "DL",
    "Maximum likelihood": "ML",
    "Empirical Bayes": "EB",
    "Hedges": "HE",
    "Hunter-Schmidt": "HS",
    "Sidik-Jonkman": "SJ",
    "None: common effect": "CE",
}
INTERVALS = {
    "Hartung-Knapp, or Wald if wider": "HKSJ-wide",
    "Hartung-Knapp": "HKSJ",
    "Hartung-Knapp, factor at least 1": "HKSJ-mod",
    "t without a factor": "t",
    "Normal (Wald)": "z",
}
# Columns of an arm-level table with a closed list of words, which other people's trials need not keep to.
WORDS = ("therapy", "therapy_family", "condition_group", "pain_type", "control")
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".pdf": "application/pdf", ".csv": "text/csv"}
KINDS[".md"] = "text/markdown"
NAMES = {".svg": "Figure (SVG)", ".png": "PNG", ".pdf": "PDF", ".csv": "Numbers (CSV)", ".md": "Words (Markdown)"}
MENUS = ("score", "correlation", "missing_sd", "estimator", "interval", "doubtful", "high_risk")
LINKS = '<div class="explore-links">Download: {}</div>'
PAUSE = 0.1  # seconds between two steps that are worked out beforehand
ONE_ROW = "the file has one row a study"
AS_IT_STANDS = f"{ONE_ROW}, with its effect as it stands"
# Beside each other where there is room, else one below the other.
ROW = {"flex_flow": "row wrap", "grid_gap": "8px 16px", "align_items": "flex-start"}
STYLE = """<style>
.explore > .explore-menus { flex: 1 1 260px; }
.explore > .explore-answer { flex: 1000 1 640px; min-width: 0; }
.explore .widget-html-content { line-height: 1.35; }
.explore .widget-checkbox { height: 24px; margin: 0 2px; }
.explore .explore-note { color: var(--jp-ui-font-color2); font-size: 12px; }
.explore h3 { font-size: 14px; margin: 0 0 4px; color: var(--jp-ui-font-color1); }
.explore .explore-said, .explore .explore-shown, .explore .explore-links { color: var(--jp-ui-font-color1); }
.explore .explore-said p { font-size: 15px; line-height: 1.5; margin: 0 0 6px; max-width: 60em; }
.explore .explore-error { border-left: 4px solid #c62828; padding: 6px 12px; white-space: pre-wrap;
  overflow-wrap: anywhere; color: var(--jp-ui-font-color1); max-height: 24em; overflow-y: auto; }
.explore .explore-links a { margin-right: 16px; color: var(--jp-content-link-color); text-decoration: underline; }
.explore .explore-figure { background: #fff; display: inline-block; max-width: 100%; }
.explore .explore-figure img { display: block; width: 1000px; max-width: 100%; height: auto; }
</style>"""


class Ticks(widgets.VBox):
    """A box to tick for every value of a column, all in view; `chosen` are those that are ticked."""

    def __init__(self, changed):
        super().__init__(layout={"max_height": "252px", "overflow": "auto", "width": "250px"})
        self._changed = changed
        self.values = ()

    def offer(self, counts, ticked=None):
        """Offer the values of a column with their numbers of trials; `ticked` are those chosen, all if left out."""
        self.values = tuple(counts)
        boxes = []
        for value, k in counts.items():
            on = ticked is None or value in ticked
            name = f"{'not told' if value is None else value} ({k})"
            boxes.append(widgets.Checkbox(on, description=name, indent=False, layout={"width": "auto"}))
            boxes[-1].observe(self._changed, "value")
        self.children = boxes

    @property
    def chosen(self):
        """The ticked values, None where all are, which is no choice."""
        on = [value for value, box in zip(self.values, self.children, strict=True) if box.value]
        return None if len(on) == len(self.values) else on

    def disable(self, off):
        """Let no box be ticked."""
        for box in self.children:
            box.disabled = off


class Control(widgets.VBox):
    """A widget below its name, and below it the reason why it does nothing, where it does nothing."""

    def __init__(self, name, widget):
        self.widget, self.note = widget, widgets.HTML()
        heading = [widgets.HTML(f"<h3>{name}</h3>")] if name else []
        super().__init__([*heading, widget, self.note], layout={"width": "260px"})

    def off(self, reason):
        """Switch the widget off with a reason, or on without one."""
        if isinstance(self.widget, Ticks):
            self.widget.disable(bool(reason))
        else:
            self.widget.disabled = bool(reason)
        self.note.value = f'<span class="explore-note">Switched off: {html.escape(reason)}.</span>' if reason else ""


class Page(widgets.Box):
    """What is seen: menus, and beside or below them what the trials say, the figure and its files.

    Parameters
    ----------
    trials : pandas.DataFrame
        Those shown first.
    judged : pandas.DataFrame
        The judgements of their risk of bias, of one tool.
    families : list of str
        Families ticked at first.
    effects_of, chosen, pooled, drawn : function
        ``effects_of(trials, choice)``, ``chosen(effects, choice, judged)``, ``pooled(effects, choice)`` and
        ``drawn(result, note)``: the steps of the notebook.
    """

    def __init__(self, trials, judged, families, *, effects_of, chosen, pooled, drawn):
        self.steps = SimpleNamespace(effects_of=effects_of, chosen=chosen, pooled=pooled, drawn=drawn)
        self.own = SimpleNamespace(
            name="the trials of this project", trials=trials, judged=judged, families=families, by_study=False
        )
        self.waiting, self.took, self._figure, self._next = None, None, None, None
        # Of a few choices, so that to go back is at once; a new file empties it.
        self._effects = lru_cache(maxsize=64)(self._worked_out)
        self._make_controls()
        self._make_rest()
        groups = [
            [self.file],  # at the top, where what is wrong with a file is told beside it
            [self.families, self.conditions],
            [self.score, self.correlation, self.missing_sd],
            [self.estimator, self.interval, self.doubtful, self.high_risk],
        ]
        menus = widgets.Box([widgets.VBox(group) for group in groups], layout=ROW)
        menus.add_class("explore-menus")
        answer = [self.message, self.read_so, self.shown, self.said, self.links, self.more, self.figure]
        answer = widgets.VBox([widgets.HTML(STYLE), *answer])
        answer.add_class("explore-answer")
        super().__init__([menus, answer], layout=ROW)
        self.add_class("explore")
        self._show(self.own)

    def _make_controls(self):
        def menu(name, options):
            widget = widgets.Dropdown(options=options, layout={"width": "250px"})
            widget.observe(self._redraw, "value")
            return Control(name, widget)

        def tick(name):
            widget = widgets.Checkbox(True, description=name, indent=False, layout={"width": "250px"})
            widget.observe(self._redraw, "value")
            return Control("", widget)

        self.families = Control("Family of therapies", Ticks(self._redraw))
        self.conditions = Control("Condition", Ticks(self._redraw))
        self.score = menu("Score to compare", SCORES)
        slider = widgets.FloatSlider(0.5, min=0.0, max=0.9, step=0.1, continuous_update=False, readout_format=".1f")
        slider.layout.width = "250px"
        slider.observe(self._redraw, "value")
        self.correlation = Control("Correlation of before and after", slider)
        self.missing_sd = menu("Trials that print no SD", SD_RULES)
        self.estimator = menu("Spread between trials, by", ESTIMATORS)
        self.interval = menu("Confidence interval, by", INTERVALS)
        self.doubtful = tick("Doubtful numbers count")
        self.high_risk = tick("High risk of bias counts")
        self._first = {name: getattr(self, name).widget.value for name in MENUS}

    def _make_rest(self):
        self.upload = widgets.FileUpload(
            accept=".csv,.tsv,.txt,.gz,.xlsx,.xlsm,.parquet", description="Choose a file", layout={"width": "250px"}
        )
        self.upload.observe(self._uploaded, "value")
        self.new_words = widgets.Checkbox(False, description="Accept new therapies, conditions", indent=False)
        self.back = widgets.Button(description="Back to our trials", layout={"width": "250px"}, disabled=True)
        self.back.on_click(lambda _: self._show(self.own))
        about = '<span class="explore-note">Your file is read in memory, on this machine, and not kept.</span>'
        self.file = widgets.VBox(
            [widgets.HTML("<h3>Your own trials</h3>"), self.upload, self.new_words, self.back, widgets.HTML(about)]
        )
        self.file.layout.width = "260px"
        self.message, self.shown, self.said, self.links, self.figure = (widgets.HTML() for _ in range(5))
        self.read_so = widgets.Button(
            description="Read it with this call", layout={"display": "none", "width": "250px"}
        )
        self.read_so.on_click(lambda _: self._read_by_study())
        self.more = widgets.Button(description="Make PNG and PDF too", layout={"width": "250px"})
        self.more.on_click(lambda _: self._offer(["svg", "png", "pdf"]))

    # ---- what is shown, and why something cannot be chosen

    @property
    def choice(self):
        """What the widgets say, for the steps of the notebook; None where all values of a column are ticked."""
        controls = {name: getattr(self, name) for name in MENUS}
        # A box that is switched off leaves nothing out.
        values = {
            name: control.widget.value or (name in ("doubtful", "high_risk") and control.widget.disabled)
            for name, control in controls.items()
        }
        values["correlation"] = round(values["correlation"], 1)
        return SimpleNamespace(families=self.families.widget.chosen, conditions=self.conditions.widget.chosen, **values)

    def _worked_out(self, score, correlation, missing_sd):
        """The effects, and what was warned of when they were made."""
        if self.now.by_study:
            return self.now.trials, []
        choice = SimpleNamespace(score=score, correlation=correlation, missing_sd=missing_sd)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            return self.steps.effects_of(self.now.trials, choice), told

    def _show(self, source):
        """Show other trials, from the first choice of every widget on; where that fails, those shown before stay."""
        before = getattr(self, "now", None)
        self.now = source
        self._effects.cache_clear()
        self._frozen = True
        try:
            effects, _ = self._effects("change", 0.5, "impute")
        except Exception as error:
            self.now, self._frozen = before, False
            self._effects.cache_clear()
            self._tell(error)
            return
        for name, first in self._first.items():
            getattr(self, name).widget.value = first
        for control, column, ticked in (
            (self.families, "therapy_family", source.families),
            (self.conditions, "condition_group", None),
        ):
            counts = counts_of(effects, column)
            control.widget.offer(counts, ticked)
            control.off("" if len(counts) > 1 else f"every {effects.noun} has the same, or none is told")
        self._frozen = False
        self._tell()
        self.back.disabled = source is self.own
        self._redraw()

    def _say_what_applies(self, effects, kept):
        """Switch off what would change nothing for the trials that are kept, and say why."""
        by_study, judged = self.now.by_study, self.now.judged
        high = None if judged is None else judged[(judged["domain"] == "overall") & (judged["judgement"] == "high")]
        usual = effects if by_study else self._effects(self.choice.score, 0.5, "impute")[0]
        rules = usual.derivations["rule"].astype(str)
        scores = set() if by_study else {tuple(self._effects(score, 0.5, "impute")[0].yi) for score in SCORES.values()}
        told = usual.table["certainty"] if "certainty" in usual.table else pd.Series(dtype=object)
        off = {
            "score": len(scores) < 2 and "every trial has one score only",
            "correlation": not rules.str.contains(r"correlation [\d.]+ assumed").any() and "no number rests on it",
            "missing_sd": not rules.str.startswith("imputed").any() and "every trial that counts has an SD",
        }
        off = {name: AS_IT_STANDS if by_study else reason or "" for name, reason in off.items()}
        off["doubtful"] = "" if (told == "doubtful").any() else "no number is marked doubtful (column certainty)"
        off["high_risk"] = "nobody's judgements belong to this file" if judged is None else ""
        if judged is not None and not set(high["study"]) & set(kept.table["study"]):
            off["high_risk"] = "none of these trials was judged to be at high risk"
        off["estimator"] = off["interval"] = "" if len(kept) > 1 else f"one {kept.noun} alone is not pooled"
        for name, reason in off.items():
            getattr(self, name).off(reason)

    def _redraw(self, _=None):
        """Work out and show what the widgets say."""
        if self._frozen:
            return
        start = time.perf_counter()
        if self._next is not None:
            self._next.cancel()
        choice = self.choice
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                effects, before = self._effects(choice.score, choice.correlation, choice.missing_sd)
                every = SimpleNamespace(**vars(choice) | {"high_risk": True})
                kept = self.steps.chosen(effects, every, self.now.judged)
                self._say_what_applies(effects, kept)
                choice = self.choice
                if not choice.high_risk:
                    kept = self.steps.chosen(effects, choice, self.now.judged)
                if not len(kept):
                    raise ValueError(f"No {kept.noun} is left. Tick a family and a condition that have one in common.")
                result = self.steps.pooled(kept, choice)
                figure = self.steps.drawn(result, self._note())
                lines, picture = ma.findings(result).splitlines(), as_address(".svg", svg_bytes(figure))
        except Exception as error:  # else a widget would say nothing, and the older figure would stay
            self._clear()
            self._tell(error)
            return
        self._tell()
        said = [*lines, *dict.fromkeys(f"Note: {each.message}" for each in [*before, *told])]
        self._figure = figure
        left = f", {len(kept.left_out)} left out" if len(kept.left_out) else ""
        self.shown.value = (
            f'<div class="explore-shown">Shown: {html.escape(self.now.name)}, '
            f"<b>{counted(len(kept), kept.noun)}</b>{left}.</div>"
        )
        self.said.value = f'<div class="explore-said">{"".join(f"<p>{html.escape(line)}</p>" for line in said)}</div>'
        self.links.value = LINKS.format("…")
        self.figure.value = (
            f'<div class="explore-figure"><img alt="{html.escape(figure.content.alt_text)}" src="{picture}"></div>'
        )
        self.took = time.perf_counter() - start
        self._prepare(choice)

    def _prepare(self, choice):
        """Make the links, then work out, while nobody asks for anything, what a menu or the slider would ask for."""
        steps = [(choice.score, choice.correlation, rule) for rule in SD_RULES.values()]
        steps += [(choice.score, round(0.1 * i, 1), choice.missing_sd) for i in range(10)]
        steps.sort(key=lambda step: abs(step[1] - choice.correlation))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # not in a kernel
            self._offer(["svg"])
            return
        loop.call_soon(self._offer, ["svg"])

        def go_on():
            with suppress(Exception):  # whoever chooses it is told
                self._effects(*steps.pop(0))
            self._next = loop.call_later(PAUSE, go_on) if steps else None

        self._next = loop.call_later(PAUSE, go_on)

    def _note(self):
        return "" if self.now.by_study else self.now.trials.attrs.get("note", "")

    def _clear(self):
        """Leave no figure and no sentence beside choices that they do not show."""
        self._figure = None
        self.more.layout.display = "none"
        for widget in (self.shown, self.said, self.links, self.figure):
            widget.value = ""

    def _offer(self, formats):
        """Make files of the figure, in memory, and links to them."""
        if self._figure is None:
            return
        files = files_of(self._figure, formats)
        links = [
            f'<a download="explore{ending}" href="{as_address(ending, data)}">{NAMES[ending]}</a>'
            for ending, data in files.items()
            if ending in NAMES
        ]
        self.links.value = LINKS.format("".join(links))
        self.more.layout.display = "none" if "png" in formats else ""

    def _tell(self, error=None):
        """Show what is wrong in the library's words, or nothing."""
        self.read_so.layout.display = "none"
        known = isinstance(error, (ValueError, ModuleNotFoundError))
        error = error if known or error is None else f"{type(error).__name__}: {error}"
        still = "" if self._figure is None or error is None else f"\nStill shown: {self.now.name}."
        text = html.escape(f"{error}{still}") if error is not None else ""
        self.message.value = f'<div class="explore-error">{text}</div>' if text else ""

    # ---- one's own file

    def _uploaded(self, change):
        if not change["new"]:
            return
        [file] = change["new"]
        name, data = file["name"], bytes(file["content"])
        self.upload.value = ()
        try:
            trials = self._trials_of(name, data)
        except Exception as error:
            self._offer_to_read(name, data, error)
            return
        self._show(SimpleNamespace(name=name, trials=trials, judged=None, families=None, by_study=False))

    def _offer_to_read(self, name, data, error):
        """Tell what is wrong with a table of arms; of one with one row a study, which call reads it."""
        table, call = None, ()
        try:
            table = ma.read_studies(named(name, data))
        except ma.TrialDataError as other:
            error = error if (other.problems["rule"] == ONE_ROW_AN_ARM).all() else other
        except Exception as other:
            error = other
        if table is not None and (lines := lines_for(table)):
            call = call_in(lines)
            error = ValueError(f"{ONE_ROW}; this reads it:\n    df = read_studies({name!r}){lines}")
        self._tell(error)
        self.waiting = name, table, call
        self.read_so.layout.display = "" if call else "none"

    def _trials_of(self, name, data):
        try:
            return ma.read_trials(named(name, data))
        except ma.TrialDataError as error:
            found = error.problems
            new = found[found["column"].isin(WORDS) & found["rule"].str.contains("not in the closed list")]
            if not self.new_words.value or len(new) < len(found):
                raise
            allow = {column: sorted(set(rows["value"])) for column, rows in new.groupby("column")}
            return ma.read_trials(named(name, data), allow=allow)

    def _read_by_study(self):
        name, table, (reader, reading) = self.waiting
        self.waiting = None
        try:
            found = getattr(ma, reader)(table, **reading)
        except Exception as error:
            self._tell(error)
            return
        by_study = reader == "effect_sizes"
        self._show(SimpleNamespace(name=name, trials=found, judged=None, families=None, by_study=by_study))


def counts_of(effects, column):
    """Return the values of a column with their numbers of rows, in order, None for blanks."""
    if column not in effects.table:
        return {}
    values = [None if pd.isna(value) else value for value in effects.table[column]]
    return {value: values.count(value) for value in dict.fromkeys(values)}


def named(name, data):
    """Return an open file in memory with the name that messages call it."""
    file = io.BytesIO(data)
    file.name = name
    return file


def lines_for(table):
    """Return the lines that make effects of a table of `read_studies`: as its file tells, or its headings; "" if none.

    A table that tells the arm of a row is one of `read_trials`, whatever else it lacks.
    """
    if "measure" in table.attrs[TOLD_BY_FILE]:
        return "\n    effect_sizes(df)\n"
    if "arm" in table:
        return ""
    named = {"yi", "se"} <= set(table) or {"yi", "vi"} <= set(table)
    effects = "\n    effect_sizes(df, measure='')\nname the measure, such as measure='MD', where it is known"
    return advice(table, arms_too=True) or effects * named


def call_in(lines):
    """Return the call that reads a table with one row a study, as (name, arguments); () where there is none.

    The lines of the library hold it for a person to check, who has seen it when this is asked for. Arguments are taken
    for what they are, constants, and nothing is run.
    """
    [line] = re.findall(r"(?m)^    ((?:effect_sizes|trials_from_wide)\(.*\))$", lines) or [""]
    try:
        call = ast.parse(line, mode="eval").body
        found = call.func.id, {key.arg: ast.literal_eval(key.value) for key in call.keywords}
    except (SyntaxError, ValueError):
        return ()
    return found if isinstance(call.args[0], ast.Name) else ()


def as_address(ending, data):
    """Return bytes as an address that holds them, which needs no server."""
    return f"data:{KINDS[ending]};base64,{base64.b64encode(data).decode()}"
