"""Every public docstring has what a reader looks for: arguments, results, neighbours, sources, an example."""

import ast
import importlib
import inspect
import pkgutil
import re
import types

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import analysis as ma
from analysis import _docs
from analysis.data import wide

# Order and names of sections, arguments that are told and exist, what is returned, neighbours, an example.
FUNCTION = {"GL03", "GL06", "GL07", "GL08", "PR01", "PR02", "PR03", "PR04", "RT01", "SA01", "SA04", "EX01"}
# A result is made by a function: its attributes are told, not the arguments of a call.
CLASS = {"GL03", "GL06", "GL07", "GL08", "SA01", "SA04", "EX01"}
METHOD = {"GL03", "GL06", "GL07", "GL08", "PR01", "PR02", "PR03", "PR04", "RT01"}
TO_FILL_IN = re.compile(r"^ *\{[\w, ]+\}$", re.MULTILINE)


def public():
    """Name and object of whatever a user can call: of the package, and the formulas on arrays."""
    for name in ma.__all__:
        value = getattr(ma, name)
        if callable(value):
            yield f"analysis.{name}", value
    for module in (ma.effects, ma.recover):
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)


PUBLIC = dict(public())
METHODS = {
    f"{value.__module__}.{value.__qualname__}.{name}": member
    for value in PUBLIC.values()
    if inspect.isclass(value)
    for name, member in inspect.getmembers(value)
    if not name.startswith("_") and isinstance(member, types.FunctionType) and member.__module__.startswith("analysis")
}


def problems(of, rules):
    return [f"{code}: {text}" for code, text in validate(get_doc_object(of))["errors"] if code in rules]


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_is_told_in_full(name):
    assert problems(PUBLIC[name], CLASS if inspect.isclass(PUBLIC[name]) else FUNCTION) == []


@pytest.mark.parametrize("name", METHODS)
def test_methods_tell_arguments_and_results(name):
    assert problems(METHODS[name], METHOD) == []


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_a_number_in_the_text_has_its_source(name):
    doc = inspect.getdoc((PUBLIC | METHODS)[name])
    assert set(re.findall(r"\[(\d+)\]_", doc)) <= set(re.findall(r"^ *\.\. \[(\d+)\]", doc, re.MULTILINE))


# A list of the texts of a figure rests on nothing but the figure.
@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "analysis.figure_labels"])
def test_sources_are_named(name):
    assert get_doc_object(PUBLIC[name])["References"]


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_no_entry_was_left_to_fill_in(name):
    doc = inspect.getdoc((PUBLIC | METHODS)[name])
    assert not TO_FILL_IN.search(doc)


def test_what_the_rooms_say_to_one_another_is_filled_in_as_well():
    rooms = [importlib.import_module(room.name) for room in pkgutil.walk_packages(ma.__path__, "analysis.")]
    functions = [(room.__name__, each) for room in rooms for _, each in inspect.getmembers(room, inspect.isfunction)]
    own = [each for room, each in functions if each.__module__ == room and each.__doc__]
    assert len(own) > 500
    assert [each.__qualname__ for each in own if TO_FILL_IN.search(inspect.getdoc(each))] == []


def texts_of(room):
    """Texts of a room that are no docstrings, those with numbers in them with {} in their place."""
    tree = ast.parse(inspect.getsource(room))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | alone:
            yield node.value


def test_advice_names_arguments_that_exist():
    """A text of the library that says "name=" tells of an argument, in a call that it shows or of some function."""
    rooms = [importlib.import_module(room.name) for room in pkgutil.walk_packages(ma.__path__, "analysis.")]
    doors = [getattr(ma, name) for name in ma.__all__ if callable(getattr(ma, name))]
    for each in (*filter(inspect.isclass, doors), ma.effects, ma.recover):
        doors += [member for _, member in inspect.getmembers(each, inspect.isfunction)]
    doors = [door for door in doors if not (inspect.isclass(door) and issubclass(door, Exception))]
    # A method that hands all to the function of its name has none of its arguments: the function comes last.
    known = {door.__name__: inspect.signature(door).parameters for door in reversed(doors)}
    columns = {column for shape in wide.SHAPES.values() for column in shape.columns}
    # of the header of a catalogue, by gettext, and of a spline, by patsy
    every, told, wrong = {"plural", "nplurals", "constraints"}.union(columns, *known.values()), 0, []
    # The texts of that room are LaTeX, whose commands have options of their own.
    for room in (room for room in rooms if room.__name__ != "analysis.reports.as_latex"):
        # That which has values in quotation marks is HTML or SVG.
        for text in (text for text in texts_of(room) if '="' not in text):
            told += len(named := re.findall(r"(?<![\w.])([a-z]\w*)=(?![={])", text))
            wrong += [f"{room.__name__}: {name}" for name in named if name not in every]
            for function, given in re.findall(r"\b(\w+)\(((?:[^()]|\([^()]*\))*)", text):
                own = known.get(function, {})
                if own and not any(one.kind is one.VAR_KEYWORD for one in own.values()):
                    names = re.findall(r"(?<![\w.])([a-z]\w*)=(?!=)", given)
                    wrong += [f"{room.__name__}: {function}({name}=)" for name in names if name not in own]
    assert told > 50
    assert wrong == []


def filled(module, *names):
    """Docstring of a function of a module, filled in where it asks for the entries `names`."""

    def function():
        pass

    function.__module__, function.__doc__ = (
        module,
        f"Do it.\n\n    Parameters\n    ----------\n    {{{', '.join(names)}}}\n",
    )
    return _docs.documented(function).__doc__


def test_entries_stand_one_below_the_other_as_far_in_as_the_line_that_asks_for_them():
    doc = filled("analysis.models.pooling", "confidence_level", "labels")
    assert doc.splitlines()[4:] == [
        "    confidence_level : float, optional",
        f"{' ' * 8}Level of all intervals, from 0.5 to below 1. Default: that of a PooledEffect given, else 0.95.",
        "    labels : sequence of str, optional",
        "        Names of the studies, for the result and for error messages.",
    ]


def test_a_figure_has_its_own_words_for_an_argument_and_those_of_all():
    assert "ratios get a log axis" in filled("analysis.plots._forest", "measure")
    assert "ratios get a log axis" not in filled("analysis.models.pooling", "measure")
    assert "Level of all intervals" in filled("analysis.plots._forest", "confidence_level")


def test_an_entry_that_nobody_wrote_is_an_error():
    with pytest.raises(KeyError, match="nothing_such"):
        filled("analysis.models.pooling", "nothing_such")
