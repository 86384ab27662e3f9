"""The command line: from a table to checked effects, a pooled result, a forest plot and a report.

Numbers come from the library and words from its results; what is here asks, calls and prints. Nothing heavy is loaded
before it is needed, so that help comes at once.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import difflib
import itertools
import json
import math
import os
import re
import shlex
import shutil
import signal
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from analysis import __version__

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.effect_sizes import EffectSizes

FINE, PROBLEMS, USAGE, CANNOT_WRITE = range(4)
#: Version of what --json prints: a field is added without a new number, and changed or removed with one.
JSON_FORMAT = 1
SHAPES = ("arms", "means", "counts", "effects")
FORMATS = ("html", "docx", "tex", "md", "json")
#: Options that name columns, by what a row holds; behind `ARMS` stands -t or -p.
COLUMNS = {
    "two arms, means": "mean_t sd_t n_t mean_p sd_p n_p",
    "in place of an SD": "se_t q1_t median_t q3_t min_t max_t se_p q1_p median_p q3_p min_p max_p",
    "two arms, before and after": (
        "baseline_mean_t baseline_sd_t final_mean_t final_sd_t change_mean_t change_sd_t "
        "baseline_mean_p baseline_sd_p final_mean_p final_sd_p change_mean_p change_sd_p"
    ),
    "scale, if MD is wanted in points on 0-10": "scale_min scale_max",
    "two arms, counts or person-time": "events_t time_t events_p time_p",
    "one arm": ("mean sd n events r mean_pre sd_pre mean_post sd_post se median q1 q3 min max"),
    "effects": "yi vi p",
}
INTERVALS = ("ci", "ci_t", "ci_p")
ABOUT = ("study", "label", "cluster", "year")

_EXAMPLES = {
    "": """
        python -m analysis template mine.xlsx --shape means   a workbook to fill in, with explanations
        python -m analysis check mine.xlsx                    what is wrong in it, all at once
        python -m analysis pool mine.xlsx                     the pooled result and a forest plot
        python -m analysis report mine.xlsx                   a folder for your readers
        python -m analysis check yours.csv                    of a table of your own: which columns it seems to hold""",
    "template": """
        python -m analysis template                             studies.xlsx: means of two arms
        python -m analysis template mine.xlsx --shape counts    events and people
        python -m analysis template mine.xlsx --shape effects   effects with standard errors
        python -m analysis template mine.xlsx --shape arms      one row an arm, every column of the data dictionary""",
    "check": """
        python -m analysis check mine.xlsx                    a template that was filled in needs nothing else
        python -m analysis check review.rm5 --outcome 1.2     an outcome of a review of RevMan
        python -m analysis check mine.csv --measure SMD --study Author --mean-t "m laser" --sd-t "sd laser" \\
            --n-t "n laser" --mean-p "m sham" --sd-p "sd sham" --n-p "n sham" --arms laser sham""",
    "effects": """
        python -m analysis effects mine.xlsx -o results       results/effects.csv
        python -m analysis effects mine.csv --measure HR --yi HR --ci low high -o -     to the terminal""",
    "pool": """
        python -m analysis pool mine.csv --measure RR         columns events_t, n_t, events_p, n_p need no names
        python -m analysis pool mine.csv --measure SMD --by dose                    groups, and their difference
        python -m analysis pool trials.csv --both-arms                              placebo beside treatment
        python -m analysis pool mine.csv --measure SMD --cluster study              several effects of one study
        python -m analysis pool mine.xlsx --json | jq .pooled.estimate              for another program""",
    "report": """
        python -m analysis report mine.xlsx -o for_readers    HTML, Word, LaTeX, Markdown and JSON
        python -m analysis report mine.xlsx --formats docx    Word alone""",
}
_ENDS = """
exit codes: 0 fine, 1 problems in the data, 2 the command is not right, 3 cannot write, or a fault of this program
"""


class UsageError(Exception):
    """The command cannot mean what it says."""


class WriteError(Exception):
    """A file cannot be written."""


# ---------------------------------------------------------------------------------------------------- what is asked


class _Parser(argparse.ArgumentParser):
    """A parser whose errors say what was meant."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"unrecognized arguments: (--\S+)|invalid choice: '([^']*)'", message)
        if found:
            known = [*self._option_string_actions, *_EXAMPLES]
            near = difflib.get_close_matches(found[1] or found[2], known, 1)
            message += f"; did you mean {near[0]}?" if near else ""
        _say(f"{self.prog}: {message}", f"{self.prog} --help explains it.")
        sys.exit(USAGE)


def _parser() -> argparse.ArgumentParser:
    called = "python -m analysis"
    main = _Parser(
        called,
        description="Meta-analysis from a table to a report: five commands, each of which stands alone.",
        epilog=f"examples, in the order of the work:{_shown('')}\n\n{called} COMMAND --help explains it.\n{_ENDS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    main.add_argument("--version", action="version", version=f"analysis {__version__}")
    commands = main.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, (run, short, long) in _COMMANDS.items():
        one = commands.add_parser(
            name,
            help=short,
            description=textwrap.fill(f"{short[0].upper()}{short[1:]}. {long}", 100),
            epilog=f"examples:{_shown(name)}\n{_ENDS}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        one.set_defaults(run=run, command=name, commands=commands.choices)
        _add_options(one, name)
    return main


def _refuse_unknown(args, words):
    """Say of words that a command does not know which command has them, or what may be meant."""
    having = [name for name, one in args.commands.items() if words[0] in one._option_string_actions]
    if having:
        args.commands[args.command].error(f"{words[0]} is an option of {' and '.join(having)}, not of {args.command}")
    args.commands[args.command].error(f"unrecognized arguments: {' '.join(words)}")


def _shown(name):
    return "\n" + textwrap.indent(textwrap.dedent(_EXAMPLES[name]).strip("\n"), "  ")


def _add_options(one, name):
    one.add_argument("--json", action="store_true", help="print one JSON object instead of words, for other programs")
    one.add_argument("--quiet", "-q", action="store_true", help="say nothing of the progress")
    one.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    if name == "template":
        one.add_argument("file", nargs="?", metavar="FILE", help="the workbook to write (studies.xlsx, trials.xlsx)")
        one.add_argument("--shape", choices=SHAPES, default="means", help="what a row will hold (means)")
        one.add_argument("--force", action="store_true", help="replace the file if there is one")
        return
    one.add_argument("file", metavar="FILE", help="CSV, TSV, XLSX, Parquet, or a review of RevMan (.rm5)")
    if name != "check":
        one.add_argument(
            "-o", "--output", metavar="FOLDER", help="where files go (a folder here, called as FILE is called)"
        )
    _add_reading(one)
    if name in ("pool", "report"):
        _add_pooling(one)
    if name == "report":
        report = one.add_argument_group("the report")
        report.add_argument("--formats", default=",".join(FORMATS), help="of html,docx,tex,md,json (all)")
        report.add_argument("--title", help="its title (the measure, the outcome and what is compared)")
        report.add_argument("--question", metavar="WORDS", help="what was asked, in words of your own")
        report.add_argument("--overwrite", action="store_true", help="replace the files of an earlier report")
        report.add_argument("--risk-of-bias", metavar="FILE", help="what was judged of the studies, as robvis has it")
        report.add_argument("--tool", help='with which tool it was judged, such as "RoB 2"')


def _add_reading(one):
    what = one.add_argument_group("what is computed, and what it is called")
    what.add_argument("--measure", help="MD SMD ROM; RR OR RD; IRR; HR; PLO MN ZCOR … (needed unless FILE says it)")
    what.add_argument("--arms", nargs=2, metavar=("TREATED", "CONTROL"), help="names of the arms, for sentences")
    what.add_argument("--benefit", choices=("lower", "higher"), help="what is good for patients")
    what.add_argument("--outcome-name", metavar="WORDS", help="what was measured, such as pain")
    what.add_argument("--missing", choices=("raise", "drop"), default="raise", help="rows without an effect (raise)")
    of = one.add_argument_group("the file")
    of.add_argument("--outcome", metavar="NUMBER", help="of a review: 1.2, or its name; else change, final or ancova")
    of.add_argument("--decimal", choices=(".", ","), help="sign of decimals, where the file leaves it open")
    of.add_argument("--level", type=float, help="level of its intervals in percent (95)")
    of.add_argument("--log", choices=("yes", "no"), help="whether ratios in it are logs already")
    of.add_argument("--correlation", metavar="NUMBER", help="of before and after in a person, or a column with it")
    names = one.add_argument_group(
        "columns of a table with one row a study",
        "Each is the name of a column, or one number for all rows. A column that bears the name of the option, with _ "
        "for -, needs none (mean_t, yi).",
    )
    for each in ABOUT:
        names.add_argument(f"--{each}", metavar="NAME", dest=f"column_{each}", help=_ABOUT_HELP[each])
    for holds, known in COLUMNS.items():
        group = one.add_argument_group(f"columns: {holds}")
        for each in known.split():
            group.add_argument(f"--{each.replace('_', '-')}", metavar="NAME", dest=f"column_{each}", help=_help(each))
    group = one.add_argument_group("columns: intervals")
    for each in INTERVALS:
        flag = f"--{each.replace('_', '-')}"
        group.add_argument(flag, nargs=2, metavar=("LOW", "HIGH"), dest=f"column_{each}", help=_help(each))
    arms = one.add_argument_group("a table with one row an arm")
    arms.add_argument("--comparator", help="the arm to compare with: placebo, active, no treatment, or its name")
    arms.add_argument("--times", choices=("primary", "all"), help="which time points")
    arms.add_argument("--missing-sd", metavar="RULE", help="impute, impute-median, impute-largest, drop or raise")
    arms.add_argument("--multi-arm", choices=("combine", "split"), help="several treatment arms of a trial")
    arms.add_argument(
        "--allow",
        nargs=2,
        action="append",
        metavar=("COLUMN", "WORD"),
        help="admit a word of your own, such as a therapy",
    )


def _add_pooling(one):
    how = one.add_argument_group("how it is pooled")
    how.add_argument("--by", metavar="COLUMN", help="pool groups apart, and compare them")
    how.add_argument(
        "--both-arms",
        action="store_true",
        help="placebo beside treatment: the change in each arm (needs scores before and after, and the scale's ends)",
    )
    how.add_argument("--tau2-method", metavar="CODE", help="REML PM DL EB ML HE HS SJ CE (REML)")
    how.add_argument(
        "--ci-method",
        metavar="NAME",
        help="HKSJ-wide HKSJ HKSJ-mod z t (HKSJ-wide); with --cluster CR2 CR1 t z (CR2)",
    )
    how.add_argument("--pi-method", metavar="NAME", help="Nagashima t(k-1) t(k-2) z (Nagashima)")
    how.add_argument("--confidence-level", type=float, metavar="LEVEL", help="of all intervals (0.95)")


_ABOUT_HELP = {
    "study": "names of the studies",
    "label": "what to show for a row",
    "cluster": "what belongs together: several effects of one trial, which pool and report then pool in three levels",
    "year": "years",
}
_WORDS = {
    "mean": "mean",
    "sd": "SD",
    "n": "people",
    "se": "standard error",
    "q1": "first quartile",
    "median": "median",
    "q3": "third quartile",
    "min": "smallest value",
    "max": "largest value",
    "baseline": "before:",
    "final": "after:",
    "change": "change:",
    "scale": "end of the scale:",
    "events": "events",
    "time": "person-time",
    "pre": "before",
    "post": "after",
    "yi": "effect; of a ratio its log, unless beside an interval",
    "vi": "its variance",
    "p": "its p value",
    "r": "correlation",
    "ci": "limits of the interval",
    "t": "of the treated arm",
}


def _help(name):
    parts = name.split("_")
    words = [_WORDS[part] for part in parts]
    if parts[-1] == "p" and len(parts) > 1:
        words[-1] = "of the control arm"
    return " ".join(words)


# ------------------------------------------------------------------------------------------------------- the console


def _say(*lines: str) -> None:
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def _progress(args: argparse.Namespace, line: str) -> None:
    if not args.quiet:
        _say(_coloured(line, "2", sys.stderr))


def _coloured(text, code, stream):
    """A text in a colour, on a terminal that nobody told to do without."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


# What a console without these signs shows instead.
_PLAIN = {
    "−": "-",
    "–": "-",
    "—": "-",
    "τ": "tau",
    "²": "2",
    "³": "3",
    "→": "->",
    "…": "...",
    "×": "x",
    "≥": ">=",
    "≤": "<=",
}
_PLAIN |= {
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "α": "alpha",
    "γ": "gamma",
    "ρ": "rho",
    "σ": "sigma",
    "µ": "u",
    "χ": "chi",
}
_PLAIN |= {"\u202f": " ", "\u00a0": " ", "•": "*", "·": ".", "│": "|", "─": "-"}


def _in_plain_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error("analysis.plain", _in_plain_signs)


def _print(args: argparse.Namespace, words: str, data: Mapping[str, Any]) -> None:
    """Print words for a person, or what they say as JSON."""
    if not args.json:
        print(words)
        return
    about = {"format": JSON_FORMAT, "analysis": __version__, "command": args.command}
    print(json.dumps(about | _without_nan(data) | {"notes": args.notes}, indent=1, ensure_ascii=True))


def _without_nan(value):
    """What JSON can hold: no NaN, no infinity, plain numbers."""
    if isinstance(value, Mapping):
        return {str(key): _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value if isinstance(value, str | int | bool | None) else str(value)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return _without_nan(table.to_dict("records"))


def _table_in_words(table: pd.DataFrame, source: str, width: int) -> str:
    """The problems of a file, a few lines each: where, what is there, which rule, what to do."""
    from analysis.text import counted

    lines = [f"{source}: {counted(len(table), 'problem')}", ""]
    head = ["row", "column", "study", "value", "rule"]
    cells = [[_cell(problem[name]) for name in head] for problem in table.to_dict("records")]
    limits = {"row": 8, "column": 24, "study": 22, "value": 18}
    wide = [max(len(row[i]) for row in [head, *cells]) for i in range(4)]
    wide = [min(size, limits[name]) for size, name in zip(wide, head, strict=False)]
    rest = max(30, width - sum(wide) - 8)
    lines += [_line(head, wide, rest), _line(["-" * size for size in (*wide, rest)], wide, rest)]
    remedies = map(_as_options, table["remedy"])
    for row, remedy in zip(cells, remedies, strict=True):
        lines.append(_line(row, wide, rest))
        indent = " " * (sum(wide) + 8)
        lines += textwrap.wrap(remedy, rest + len(indent), initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines)


def _as_options(text: str) -> str:
    """A text that names arguments of the library, such as missing='drop', with the options in their place."""

    def option(found):
        return f"--{found[1].replace('_', '-')}{' ' * bool(found[2])}{found[2] or ''}"

    return _ARGUMENT.sub(option, _without_calls(text))


def _without_calls(text: str) -> str:
    """A text that names functions of the library, with what does the same here, if anything does."""
    for call, option in _CALLS.items():
        text = text.replace(call, option)
    return text


_CALLS = {
    "overwrite=True": "--overwrite",
    ". effect_sizes(df, ...) pools them in": "; without --both-arms they are pooled in",
    "pool_multilevel(effects) does not": "--cluster COLUMN does not",
    "so there is nothing nested; use pool": "so there is nothing nested; leave --cluster out",
    "Set pool_multilevel(effects) beside it": "Set the result with --cluster COLUMN beside it",
    "; pool_mantel_haenszel pools": "; in Python pool_mantel_haenszel pools",
    "and pool_bayes as a second opinion": "and in Python pool_bayes as a second opinion",
}
_ARGUMENT = re.compile(
    r"\b(measure|outcome|decimal|missing|missing_sd|multi_arm|level|log|correlation|comparator|times|arms|benefit|study|"
    r"[a-z_]+_[tp]|yi|vi|se|scale_min|scale_max)=('[^']*'|[\d.]+)?"
)


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if value != value else f"{value:.10g}"
    return " ".join(str(value).split())


def _line(row, wide, rest):
    """Cells side by side, each broken where it is too long."""
    broken = [textwrap.wrap(text, size) or [""] for text, size in zip(row, (*wide, rest), strict=True)]
    height = max(len(each) for each in broken)
    out = []
    for i in range(height):
        parts = [each[i] if i < len(each) else "" for each in broken]
        out.append("  ".join(part.ljust(size) for part, size in zip(parts, (*wide, rest), strict=True)).rstrip())
    return "\n".join(out)


# ----------------------------------------------------------------------------------------------------------- reading


class _Table:
    """A file that was read: its rows, whether each is an arm, and what it tells of itself."""

    def __init__(self, args):
        from analysis.data.files import TrialDataError
        from analysis.data.studies import ONE_ROW_AN_ARM, read_studies

        review = args.outcome if args.outcome not in _SCORES else None
        try:
            self.frame = read_studies(args.file, outcome=review, decimal=args.decimal)
            self.of_arms = False
        except TrialDataError as error:
            if not (error.problems["rule"] == ONE_ROW_AN_ARM).all():
                raise
            if review is not None:
                raise UsageError(
                    f"--outcome {args.outcome}: of a table with one row an arm give change, final or ancova"
                ) from None
            from analysis.data.trials import read_trials

            allow: dict[str, list[str]] = {}
            for column, word in args.allow or ():
                allow.setdefault(column, []).append(word)
            self.frame = read_trials(args.file, allow=allow or None, decimal=args.decimal)
            self.of_arms = True


_SCORES = ("change", "final", "ancova")


def _read(args) -> _Table:
    _progress(args, f"reading {args.file}")
    with _reading():
        return _Table(args)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """A file that is not there, or that is not read with these options, is told as a command that is not right."""
    try:
        yield
    except (FileNotFoundError, ModuleNotFoundError) as error:
        raise UsageError(str(error)) from None
    except ValueError as error:
        if _is_data_error(error):
            raise
        raise UsageError(_as_options(str(error))) from None


def _is_data_error(error):
    from analysis.data.files import TrialDataError

    return isinstance(error, TrialDataError)


def _arguments(args, table: _Table) -> dict[str, Any]:
    """The arguments of `effect_sizes` that the command names, beside those that the file tells."""
    given: dict[str, Any] = {}
    for name in ("measure", "benefit", "outcome_name", "missing", "level", *_OF_ARMS):
        if (value := getattr(args, name)) is not None:
            given[name] = value
    given |= {"arms": tuple(args.arms)} if args.arms else {}
    given |= {"outcome": args.outcome} if args.outcome in _SCORES else {}
    given |= {"log": args.log == "yes"} if args.log else {}
    if args.correlation is not None:
        given["correlation"] = _column_or_number(args.correlation, table.frame)
    columns = {key.removeprefix("column_"): value for key, value in vars(args).items() if key.startswith("column_")}
    for name, value in columns.items():
        if isinstance(value, list):
            given[name] = tuple(value)
        elif value is not None:
            given[name] = value if name in ABOUT else _column_or_number(value, table.frame)
    return given


_OF_ARMS = ("comparator", "times", "missing_sd", "multi_arm")


def _column_or_number(text, frame):
    """The name of a column, else a number for all rows; what is neither is told by who looks for the column."""
    if text not in frame:
        with contextlib.suppress(ValueError):
            return float(text)
    return text


def _effects(args, table: _Table) -> EffectSizes:
    """The effects of a table; UsageError with a command to run where it is not said what its columns hold."""
    import analysis

    given = _arguments(args, table)
    _refuse_rows_of_arms(args, table)
    if lacking := _lacks_measure(table, given):
        if args.command != "check":
            raise UsageError(lacking + _guess(args, table, given))
        given["measure"] = _possible(table, given)[0]
    with _refusing(args, table, given):
        effects = analysis.effect_sizes(table.frame, **given)
    if lacking:
        _progress(args, f"no measure is named: checked as {given['measure']}")
    return effects


def _effects_of_arms(args, table: _Table) -> EffectSizes:
    """The effects of trials whose arms are pooled too; a table with one row a study becomes one of arms."""
    import analysis

    _refuse_rows_of_arms(args, table)
    given = table.frame.attrs.get("effect_sizes", {}) | _arguments(args, table)
    if (measure := given.get("measure") or "MD") != "MD":
        raise UsageError(
            f"--both-arms is of means, and --measure {measure} is not; leave one out, or give --measure MD"
        )
    given["measure"] = "MD"
    no_changes = UsageError(
        "--both-arms: no trial has the scores of both arms before and after, or their changes; leave it out, or name "
        "such columns: --baseline-mean-t, --final-mean-t, or --change-mean-t, and those of -p"
    )
    made = ("MD",) if table.of_arms else _possible(table, given)
    if "MD" not in made and (made or "yi" in {*given, *table.frame}):
        raise no_changes
    named = {*given, *table.frame}
    if {"baseline_mean_t", "change_mean_t"} & named and not {"scale_min", "scale_max"} <= named:
        raise UsageError(_ENDS_OF_SCALE)
    with _refusing(args, table, given):
        trials, more = table.frame, given
        if not table.of_arms:
            more = {name: given.pop(name) for name in (*_OF_ARMS, "measure", "missing") if name in given}
            trials = analysis.trials_from_wide(table.frame, **given)
        if trials[["change_mean", "baseline_mean"]].isna().all(axis=None):
            raise no_changes
        effects = analysis.effect_sizes(trials, **more)
    if not {"change_placebo", "change_treatment"} <= {*effects.table.dropna(axis="columns", how="all")}:
        raise no_changes
    return effects


_ENDS_OF_SCALE = (
    "--both-arms wants the ends of the scale too, a number or a column each, as in --scale-min 0 --scale-max 10; "
    "without --both-arms scores are pooled in their own unit"
)


def _refuse_rows_of_arms(args, table):
    """Say of a table of arms under other headings what they are to be, unless a measure of single arms is named."""
    from analysis.data.headings import MEASURES, ONE_ARM, rows_of_arms

    of_one_arm = {code for kind in ONE_ARM for code in MEASURES[kind]}
    if table.of_arms or _names_columns(args) or args.measure in of_one_arm:
        return
    if not (names := rows_of_arms(table.frame)):
        return
    wide = max(map(len, names))
    listed = "\n".join(f"  {heading:<{wide}}  {name}" for heading, name in names.items())
    raise UsageError(_ROWS_OF_ARMS.format(listed, _command([*_called(), "template", "trials.xlsx", "--shape", "arms"])))


_ROWS_OF_ARMS = """\
this table seems to have one row an arm. Give its columns the names of the data dictionary, then check it again:

{}

The words of arm are treatment, placebo, active, no treatment and usual care; what an arm is called goes to a column
arm_label, and all other columns get x_ before their names. Means need the ends of their scale, scale_min and scale_max;
without ends, put both arms of a study into one row: mean_t sd_t n_t mean_p sd_p n_p. All columns are explained by
  {}
If each row is a study of one arm, name the measure: --measure MN, PLO …"""


@contextlib.contextmanager
def _refusing(args, table, given) -> Iterator[None]:
    """What the library cannot do with a table, told as options, with what its headings seem to ask for."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if _is_data_error(error) or "no row has an effect" in str(error):
            raise
        # The call of Python in such an error says what the command below it says.
        told = str(error).split("By its headings:")[0].strip(" .")
        guess = _guess(args, table, given)
        if "is made too" in told and {"yi", "vi"} <= {*table.frame}:
            guess = f"\n\nIf its yi and vi count:\n\n{_line_to_type(args, args.command, ['--yi', 'yi', '--vi', 'vi'])}"
        if guess and ("no such column, and no argument" in told or told.startswith(("this table has", "trials is a"))):
            told = "it is not said which columns hold what"
        raise UsageError(_as_options(told) + guess) from None


def _possible(table, given) -> tuple[str, ...]:
    """The measures that the columns of a table make, by those that are named or bear the names of arguments."""
    from analysis.data.headings import MEASURES, recognised

    if table.of_arms:
        return MEASURES["counts"]
    names = {*given, *table.frame.attrs.get("effect_sizes", {}), *map(str, table.frame.columns)}
    if "yi" in names and not {"mean_t", "events_t"} <= {*given}:
        return ()
    kinds = {
        "counts": {"events_t", "n_t"},
        "person-time": {"events_t", "time_t"},
        "scores": {"baseline_mean_t", "final_mean_t"},
        "changes": {"mean_pre", "mean_post"},
        "correlations": {"r", "n"},
        "one count": {"events", "n"},
        "one mean": {"mean", "n"},
    }
    for kind, needed in kinds.items():
        if needed <= names:
            return MEASURES[kind]
    if {"change_mean_t", "final_mean_t"} & names:
        return MEASURES["scores"]
    if {"mean_t", "median_t"} & names:
        return MEASURES["means"]
    found = recognised(table.frame)
    return MEASURES[found.kind] if found and found.kind != "effects" else ()


def _names_measure(table) -> bool:
    """Whether a file says which measure is meant, or has means of arms, of which it is MD unless somebody says."""
    means = table.frame.filter(regex="^(final|change)_mean$") if table.of_arms else table.frame.iloc[:, :0]
    return means.notna().any(axis=None) or "measure" in table.frame.attrs.get("effect_sizes", {})


def _lacks_measure(table, given) -> str:
    """What to say where a measure must be named and is not."""
    if "measure" in given or _names_measure(table):
        return ""
    possible = _possible(table, given)
    if not possible:
        given["measure"] = ""
        return ""
    from analysis.measures import Measure

    known = "\n".join(f"  --measure {code:<5} {Measure(code).name}{_WHEN.get(code, '')}" for code in possible)
    return f"the measure is not named; these columns make\n{known}"


_WHEN = {
    "MD": ", if all studies have one scale",
    "SMD": ", if their scales differ",
    "SMD1": ", by the SD of the control arm",
    "SMDH": ", if the SDs of both arms differ",
    "ROM": ", of scores above zero",
}


def _guess(args, table, given) -> str:
    """The command that the headings seem to ask for, to check and to run."""
    from analysis.data.headings import MEASURES, about, recognised

    if table.of_arms or _names_columns(args):
        return ""
    found = recognised(table.frame)
    if found is None or table.frame.attrs.get("effect_sizes", {}).keys() & found.arguments.keys():
        return _no_guess(table, found)
    words = [*_called(), args.command, *_words_behind(args)]
    measure = given.get("measure") or found.measure or MEASURES[found.kind][0]
    if measure and args.measure is None:
        words += ["--measure", measure]
    named = args.column_study or args.column_label
    for name, column in () if named else about(table.frame).items():
        words += [f"--{name}", column] if name != "year" and column != name else []
    for name, column in found.arguments.items():
        if column != name:
            words += [f"--{name.replace('_', '-')}", *([column] if isinstance(column, str) else column)]
    if found.log is not None and "ci" in found.arguments and args.log is None:
        words += ["--log", "yes" if found.log else "no"]
    if found.arms and not args.arms:
        words += ["--arms", *found.arms]
    # The same command again would fail in the same way.
    if words == [*_called(), args.command, *_words_behind(args)]:
        return ""
    said, also = _known_of(args, table, found, measure)
    lines = ["", "", "By its headings this may be meant; check it, then run it:", *said, "", f"  {_command(words)}", ""]
    return "\n".join([*lines, *also])


def _names_columns(args):
    """Whether a column of numbers is named."""
    named = {name.removeprefix("column_") for name, value in vars(args).items() if name.startswith("column_") and value}
    return bool(named - {*ABOUT})


def _known_of(args, table, found, measure):
    """What a guess does not know, and what else may be asked for."""
    from analysis.data.headings import MEASURES, about, which_arm

    said = [f"no heading tells {', '.join(found.missing)}"] if found.missing else []
    said += [which_arm(found)] if which_arm(found) else []
    if not {"study", "label"} & {*about(table.frame)} and not args.column_study and not args.column_label:
        said.append("no heading tells the names of the studies: --study")
    if getattr(args, "both_arms", False) and not {"scale_min", "scale_max"} <= {*table.frame}:
        said.append(_ENDS_OF_SCALE)
    if getattr(args, "both_arms", False):
        return said, []
    if not measure:
        return said, ["Where it is known what the effects are, add it: --measure MD, SMD, OR, RR, HR …"]
    also = "; ".join(f"{code}{_WHEN.get(code, '')}" for code in MEASURES[found.kind] if code and code != measure)
    return said, [f"--measure may be {also}."] if also else []


def _no_guess(table, found) -> str:
    if found is not None or "yi" in table.frame:
        return ""
    template = _command([*_called(), "template"])
    return (
        f"\n\nIts columns are: {', '.join(map(str, table.frame.columns))}.\n"
        "Name those that hold the numbers, as one of\n"
        '  --mean-t "…" --sd-t "…" --n-t "…" --mean-p "…" --sd-p "…" --n-p "…"    means of two arms\n'
        '  --events-t "…" --n-t "…" --events-p "…" --n-p "…"                      counts of two arms\n'
        '  --yi "…" --se "…"    or    --yi "…" --ci "…" "…"                       effects\n'
        f'and --study "…"; or let {template} write a workbook whose columns need no names.'
    )


def _called() -> list[str]:
    """How this program was called, such as .venv/bin/python -m analysis: a command can be copied as it stands."""
    words = sys.orig_argv
    if any(pair == ("-m", "analysis") for pair in itertools.pairwise(words)):
        return [words[0], "-m", "analysis"]
    installed = Path(sys.argv[0]).stem
    return [installed] if installed == "pain-meta-analysis" else ["python", "-m", "analysis"]


def _command(words):
    if os.name != "nt":
        return shlex.join(words)
    return " ".join(
        word if re.fullmatch(r"[\w.,:/\\=-]+", word) else '"' + word.replace('"', r"\"") + '"' for word in words
    )


# ---------------------------------------------------------------------------------------------------------- commands


def _template(args) -> int:
    path = Path(args.file or ("trials.xlsx" if args.shape == "arms" else "studies.xlsx"))
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"{path}: a template is a workbook; give a name that ends in .xlsx")
    if path.exists() and not args.force:
        raise WriteError(f"{path} is there already; give another name, or --force to replace it")
    try:
        from analysis.data.template import template

        data = template(args.shape)
    except ModuleNotFoundError as error:
        raise WriteError(_needs(error, "a workbook", "excel")) from None
    _write({path: data})
    command = _command([*_called(), "check", str(path)])
    words = f"{path}: fill in the first sheet and the sheet 'about', then:\n  {command}"
    _print(args, words, {"files": [str(path)]})
    return FINE


def _check(args) -> int:
    table = _read(args)
    effects = _effects(args, table)
    words = [f"{args.file}: fine. {_counted(effects)}", *_derived(effects)]
    named = args.measure is not None or not effects.measure or _names_measure(table)
    more = [] if named else ["--measure", effects.measure.code]
    more += _label(args, table)
    words += _taken(args, table)
    words += [*_next(args, "pool", more), *_or(args, table, effects, more)]
    _print(args, "\n".join(words), {"problems": [], **_of_effects(effects, rows=False)})
    return FINE


def _label(args, table) -> list[str]:
    """The option that names studies by their authors, where their own column only counts them."""
    from analysis.data.headings import about

    named = args.column_label or args.column_study or table.of_arms
    return [] if named or "label" not in (found := about(table.frame)) else ["--label", found["label"]]


def _taken(args, table) -> Iterator[str]:
    """What was taken by the headings of another program, which nobody had to name."""
    from analysis.data.headings import of_program, which_arm

    found = None if table.of_arms or _names_columns(args) else of_program(table.frame)
    if found is not None and found.arguments.keys() & table.frame.attrs.get("effect_sizes", {}).keys():
        yield f"taken by headings: {', '.join(f'{name} {column}' for name, column in found.arguments.items())}"
        yield from filter(None, [which_arm(found)])


def _next(args, command, more=()) -> list[str]:
    """The command that comes next, which runs as it stands."""
    return ["next:", _line_to_type(args, command, more)]


def _line_to_type(args, command, more=()):
    return f"  {_command([*_called(), command, *_words_behind(args), *more])}"


def _words_behind(args):
    """What was typed behind the name of the command."""
    return args.words[args.words.index(args.command) + 1 :]


def _or(args, table, effects, more) -> Iterator[str]:
    """What else a table can do, with the command."""
    if effects.table["study"].duplicated().any():
        study = args.column_study or next((name for name in ("study", "trial") if name in table.frame), None)
        if args.column_cluster is None and study:
            yield "or, because several effects of one study are not independent, in three levels:"
            yield _line_to_type(args, "pool", [*more, "--cluster", study])
    elif args.column_cluster is None and _has_both_changes(args, table, effects):
        yield "or, with placebo beside treatment:"
        yield _line_to_type(args, "pool", [*more, "--both-arms"])


def _has_both_changes(args, table, effects):
    if table.of_arms:
        changes = effects.table.reindex(columns=["change_placebo", "change_treatment"])
        return changes.notna().all(axis="columns").any()
    named = {*_arguments(args, table), *map(str, table.frame.columns)}
    both = ({f"{score}_mean_t", f"{score}_mean_p", "scale_min", "scale_max"} for score in ("baseline", "change"))
    return effects.measure == "MD" and any(needed <= named for needed in both)


def _effects_command(args) -> int:
    effects = _effects(args, _read(args))
    from analysis.text import safe_table

    tables = {"effects": effects.table.assign(flags=["; ".join(flags) for flags in effects.table["flags"]])}
    tables |= {"derivations": effects.derivations, "left_out": effects.left_out}
    if args.output == "-":
        if not args.json:
            if said := [*_derived(effects)]:
                _say(*said)
            # Names of studies are data: a file has every letter, whatever the console can show.
            if not sys.stdout.isatty() and hasattr(sys.stdout, "reconfigure"):
                sys.stdout.reconfigure(encoding="utf-8")
        _print(args, safe_table(tables["effects"]).to_csv(index=False).rstrip("\n"), _of_effects(effects))
        return FINE
    folder = _folder(args)
    tables = {name: table for name, table in tables.items() if name == "effects" or len(table)}
    files = _write(
        {folder / f"{name}.csv": safe_table(x).to_csv(index=False).encode("utf-8-sig") for name, x in tables.items()}
    )
    words = [_counted(effects), *_derived(effects), *(f"wrote {file}" for file in files)]
    _print(args, "\n".join(words), _of_effects(effects) | {"files": files})
    return FINE


def _pool(args) -> int:
    effects, pooled = _pooled(args)
    folder = _folder(args)
    _progress(args, "drawing the forest plot")
    import analysis

    figure = (analysis.arms_forest if args.both_arms else analysis.forest)(pooled)
    files = []
    try:
        with _writing():
            files = [str(path) for path in analysis.save_figure(figure, folder / "forest")]
    except ValueError as error:
        _note(args, f"no forest plot: {str(error).partition(';')[0]}")
    words = [
        _without_calls(pooled.summary()),
        *_left_out(effects),
        "",
        *(f"wrote {file}" for file in files),
        *_next(args, "report"),
    ]
    _print(
        args,
        "\n".join(words),
        _of_effects(effects, rows=False) | _of_pooled(pooled) | {"files": files},
    )
    return FINE


def _report(args) -> int:
    formats = tuple(each.strip().lower() for each in args.formats.split(",") if each.strip())
    unknown = [each for each in formats if each not in FORMATS]
    if unknown or not formats:
        raise UsageError(f"--formats {','.join(unknown) or repr(args.formats)}: give some of {','.join(FORMATS)}")
    judged = _judged(args)
    _, pooled = _pooled(args)
    folder = _folder(args)
    _progress(args, f"writing the report into {folder} (this takes a while)")
    import analysis

    more = {name: value for name in ("title", "question") if (value := getattr(args, name)) is not None}
    more |= {"overwrite": True} if args.overwrite else {}
    more |= {} if judged is None else {"risk_of_bias": judged}
    with _writing():
        files = [str(path) for path in analysis.report(pooled, folder, formats=formats, **more)]
    words = [*(f"wrote {file}" for file in files), f"read {min(files, key=lambda file: not file.endswith('.html'))}"]
    _print(args, "\n".join(words), _of_pooled(pooled) | {"files": files})
    return FINE


def _judged(args) -> pd.DataFrame | None:
    """What was judged of the studies with one tool, before anything is computed."""
    if args.risk_of_bias is None:
        if args.tool is not None:
            raise UsageError("--tool is that of the judgements: give --risk-of-bias FILE too, or leave it out")
        return None
    from analysis.data.dictionary import tool_as_listed
    from analysis.data.trials import read_risk_of_bias

    _progress(args, f"reading {args.risk_of_bias}")
    with _reading():
        try:
            judged = read_risk_of_bias(args.risk_of_bias, tool=args.tool)
        except ValueError as error:
            # Of a table with one row a judgement, which names the tool of each, --tool chooses.
            if _is_data_error(error) or args.tool is None:
                raise
            judged = read_risk_of_bias(args.risk_of_bias)
    known = judged["tool"].unique().tolist()
    tool = tool_as_listed(args.tool) if args.tool else known[0]
    if tool not in known or (len(known) > 1 and not args.tool):
        raise UsageError(f"--risk-of-bias {args.risk_of_bias}: choose with --tool, one of {', '.join(known)}")
    return judged[judged["tool"] == tool]


def _pooled(args):
    """The effects of a file, and what they are pooled to: one result, groups, both arms, or three levels."""
    methods = _methods(args)
    table = _read(args)
    effects = _effects_of_arms(args, table) if args.both_arms else _effects(args, table)
    import analysis

    _progress(args, f"pooling {_counted(effects)}")
    # A column that comes along with the arms of trials has x_ before its name.
    by = f"x_{args.by}" if args.both_arms and f"x_{args.by}" in effects.table else args.by
    if by is not None and by not in effects.table:
        known = ", ".join(map(str, table.frame.columns))
        raise UsageError(f"--by {args.by!r} is not a column of the table; it has {known}")
    if args.both_arms:
        return effects, analysis.pool_arms(effects, by=by, **methods)
    if args.column_cluster is not None:
        try:
            return effects, analysis.pool_multilevel(effects, **methods)
        except ValueError as error:
            raise UsageError(_as_options(str(error))) from None
    if by is not None:
        return effects, analysis.pool_subgroups(effects, by, **methods)
    return effects, analysis.pool(effects, **methods)


def _methods(args) -> dict[str, Any]:
    """The methods that are named; UsageError for those that the model does not know, before a file is read."""
    from typing import get_args

    from analysis import _types

    model = {"tau2_method": _types.Tau2Method, "ci_method": _types.CIMethod, "pi_method": _types.PIMethod}
    if args.column_cluster is not None:
        if args.by is not None or args.both_arms:
            other = "--both-arms" if args.both_arms else "--by"
            raise UsageError(f"--cluster pools in three levels, and {other} does not; leave one of them out")
        model = {"tau2_method": _types.LikelihoodMethod, "ci_method": _types.ClusterCIMethod}
    named = {name: getattr(args, name) for name in ("tau2_method", "ci_method", "pi_method", "confidence_level")}
    named = {name: value for name, value in named.items() if value is not None}
    for name, value in named.items():
        known = get_args(model[name]) if name in model else ()
        flag = f"--{name.replace('_', '-')}"
        three = " with --cluster" if args.column_cluster is not None else ""
        if name == "pi_method" and name not in model:
            raise UsageError(f"{flag} is not for{three[5:]}, which has one prediction interval; leave it out")
        if known and value not in known:
            near = difflib.get_close_matches(value, known, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"{flag} {value}: give one of {', '.join(known)}{three}{meant}")
    if args.confidence_level is not None and not 0 < args.confidence_level < 1:
        raise UsageError(f"--confidence-level {args.confidence_level}: give a number between 0 and 1, such as 0.95")
    return named


def _counted(effects):
    from analysis.text import counted

    known = effects.measure
    name = f" ({known.name})" if known.code else ""
    left = f"; {len(effects.left_out)} left out" if len(effects.left_out) else ""
    return f"{counted(len(effects), 'effect')}, {known.code or 'no measure named'}{name}{left}."


def _derived(effects) -> Iterator[str]:
    """What does not stand as it is printed, and what was left out: nothing of it silently."""
    for rule, rows in effects.derivations.groupby("rule", sort=False):
        yield f"derived in {len(rows)} place{'s' if len(rows) > 1 else ''}: {rule}"
    yield from _left_out(effects)


def _left_out(effects) -> Iterator[str]:
    for row in effects.left_out.to_dict("records"):
        yield f"left out: {row.get('label', row.get('study'))}: {row['reason']}"


def _of_effects(effects, rows=True) -> dict[str, Any]:
    about = {"measure": str(effects.measure), "k": len(effects), "benefit": effects.benefit}
    about["arms"] = list(effects.arms) if not effects.measure or effects.measure.two_arms else None
    about |= {"outcome_name": effects.outcome_name}
    tables = {"left_out": _records(effects.left_out), "derivations": _records(effects.derivations)}
    return about | tables | ({"effects": _records(effects.table)} if rows else {})


def _of_pooled(pooled) -> dict[str, Any]:
    if hasattr(pooled, "contrast"):
        told = {"both_arms": _roles(pooled), "pooled": _numbers(pooled.contrast)}
        return told | ({"groups": {name: _roles(each) for name, each in pooled.groups.items()}} if pooled.by else {})
    groups = getattr(pooled, "groups", None)
    if groups is not None:
        between = "q_between q_between_df q_between_pvalue f f_df f_pvalue".split()
        return {
            "groups": {name: _numbers(each) for name, each in groups.items()},
            "between": {name: getattr(pooled, name) for name in between},
            "pooled": _numbers(pooled.overall),
        }
    return {"pooled": _numbers(pooled)}


def _roles(arms):
    """Both arms and their contrast; None for an arm of which no trial reports a change."""
    return {
        role: one and _numbers(one) for role in ("placebo", "treatment", "contrast") for one in [getattr(arms, role)]
    }


_NUMBERS = (
    "k clusters estimate se statistic df pvalue tau2 sigma2 i2 q q_df q_pvalue tau2_method ci_method pi_method "
    "confidence_level ci pi tau2_ci sigma2_ci"
).split()


def _numbers(one):
    """The numbers of a result by name, those that it has; of three levels a variance is one between and one within."""
    numbers = {name: _plain(getattr(one, name)) for name in _NUMBERS if hasattr(one, name)}
    # Where no value is that of no effect, nothing is tested.
    numbers |= dict.fromkeys(("statistic", "pvalue") if math.isnan(one.measure.null) else ())
    shown = {"estimate": one.shown("estimate"), "ci": list(one.shown("ci")), "pi": list(one.shown("pi"))}
    return numbers | {"measure": str(one.measure), "shown": shown}


def _plain(value):
    return {name: _plain(each) for name, each in value._asdict().items()} if hasattr(value, "between") else value


def _folder(args) -> Path:
    """The folder for what is written, named after the file unless another is asked for."""
    folder = Path(args.output if args.output not in (None, "-") else Path(args.file).name.split(".")[0] or "results")
    if folder.exists() and not folder.is_dir():
        raise WriteError(f"{folder} is a file; give a folder with -o")
    return folder


def _write(files: dict[Path, bytes]) -> list[str]:
    from analysis.plots._save import write_files

    with _writing():
        return [str(path) for path in write_files(files)]


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WriteError(_as_options(error.strerror or str(error))) from None
    except ModuleNotFoundError as error:
        raise WriteError(_needs(error, "it", "report")) from None


def _needs(error, what, extra):
    return f'writing {what} needs {error.name}, which is not installed: pip install "pain-meta-analysis[{extra}]"'


_COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str, str]] = {
    "template": (
        _template,
        "write a workbook to fill in",
        "It has drop-downs, a sheet that explains every column, and one that asks for the measure and the names of the "
        "arms; check, effects, pool and report read it back without further words.",
    ),
    "check": (
        _check,
        "list all that is wrong in a table",
        "Row, column, study, value, the rule that is broken and what to do. Of a table whose columns have names of "
        "their own it offers the command that names them.",
    ),
    "effects": (
        _effects_command,
        "write the effect of each study as CSV",
        "Beside it, where there are any: how numbers were derived that a paper does not print, and what was left out.",
    ),
    "pool": (
        _pool,
        "print the pooled result and save a forest plot",
        "The plot is SVG, PDF and PNG, with its numbers as CSV and its caption.",
    ),
    "report": (
        _report,
        "leave a folder for your readers",
        "Methods and results in words, figures, tables and what was derived, as HTML, Word, LaTeX, Markdown and JSON.",
    ),
}


# -------------------------------------------------------------------------------------------------------------- main


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words behind the name of the program; those of the process if left out.

    Returns
    -------
    int
        0 fine, 1 problems in the data, 2 the command is not right, 3 cannot write or a fault of this program.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="analysis.plain")  # pyright: ignore[reportAttributeAccessIssue]
    parser = _parser()
    try:
        args, unknown = parser.parse_known_args(argv)
        if args.command is None:
            parser.print_help()
            return USAGE
        if unknown:
            _refuse_unknown(args, unknown)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    args.notes, args.words = [], list(sys.argv[1:] if argv is None else argv)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_, **__: _note(args, message)
            code = args.run(args)
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        # Whoever read has enough; what is still to be flushed goes into a pipe that nobody reads.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.pipe()[1], sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        _say("stopped")
        return 128 + signal.SIGINT
    except Exception as error:
        return _refused(args, error)


def _note(args, message):
    """Say what the library warns of, once."""
    text = _as_options(str(message))
    if text not in args.notes:
        args.notes.append(text)
        _say(_coloured("note: ", "33", sys.stderr) + text)


def _refused(args, error: Exception) -> int:
    """Say what went wrong, in the words of who knows it, and return the exit code."""
    if args.debug:
        raise error
    if _is_data_error(error):
        problems: pd.DataFrame = error.problems  # pyright: ignore[reportAttributeAccessIssue]
        source: str = error.source  # pyright: ignore[reportAttributeAccessIssue]
        width = min(shutil.get_terminal_size((120, 24)).columns, 160)
        words = _table_in_words(problems, Path(args.file).name if source == "the table" else source, width)
        _print(args, words, {"problems": _records(problems)})
        return PROBLEMS
    kinds = {UsageError: USAGE, WriteError: CANNOT_WRITE, ValueError: PROBLEMS, MemoryError: CANNOT_WRITE}
    code = next((code for kind, code in kinds.items() if isinstance(error, kind)), None)
    text = str(error)
    if code is None:
        code = CANNOT_WRITE
        text = f"this is a fault of the program ({type(error).__name__}: {text}); --debug shows where"
    if isinstance(error, MemoryError):
        text = "there is not enough memory for this table"
    _say(_coloured("error: ", "31", sys.stderr) + text)
    if args.json:
        _print(args, "", {"error": text})
    return code


if __name__ == "__main__":
    sys.exit(main())
