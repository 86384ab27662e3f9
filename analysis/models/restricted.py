"""What a formula is made of unless it is trusted: a small language, of which everything that it can run is listed here.

A formula is checked as Python reads it, before a formula engine sees it. Text that the engines take apart in another
way than Python (comments, backslashes, quotes in quotes, brackets that do not close) is refused.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from analysis import _check

_MATHS = {name: getattr(np, name) for name in ("log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs")}
# What is looked up where the formula names no column; all else that may be called comes from the engines.
CONTEXT: dict[str, Any] = _MATHS | {"np": SimpleNamespace(**_MATHS)}
_ENGINES = "C I Q center scale standardize poly bs cr cc te Treatment Sum Helmert Diff Poly".split()
_DOTTED = {f"np.{name}" for name in _MATHS} | {f"contr.{x}" for x in ("treatment", "sum", "helmert", "diff", "poly")}
_LISTED = {*_MATHS, *_ENGINES, *_DOTTED}
# The colon of an interaction is read as @, which has no meaning of its own here.
_SIGNS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult, ast.BitAnd, ast.BitOr)
# Beyond this the product of terms, or of whole numbers, takes for ever.
_POWER = 20
_INTERCEPT: frozenset[str] = frozenset()
# Of more terms than these nobody checks how they are crossed.
_CROSSED = 2000
_COMPARED = ", which is 1 where it holds"
_REMEDY = (
    "a formula holds columns, numbers, + - * / : ** and comparisons, C(), I(), Q(), logs, exp(), sqrt() and splines; "
    "make a column of the rest, or give unsafe=True for a formula that you trust, which then runs as Python"
)


def problems(text: str, columns: Collection[Any]) -> list[str]:
    """What a side of a formula holds that a formula may not, each piece with a reason; the last line is the remedy.

    Parameters
    ----------
    text : str
        One side of the formula.
    columns : collection
        Names of the columns.

    Examples
    --------
    >>> problems("week + log(dose) + C(kind, Treatment('a')) + bs(week, df=4)", ["week", "dose", "kind"])
    []
    >>> problems("week + open('file')", ["week"])[0]
    "'open' is called in the formula"
    """
    try:
        tree = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        why = getattr(error, "msg", None) or str(error)
        return [f'{text!r} cannot be evaluated: {why}; write Q("a name") for a column whose name is not one word']
    found = list(dict.fromkeys(_refused(tree, set(columns), False)))
    told = all(line.startswith("the formula names ") or line.endswith(_COMPARED) for line in found)
    return found if told else [*found, _REMEDY]


def meant_otherwise(text: str) -> list[str]:
    """What of a right side reads as arithmetic, and is other terms, or none, to the formula engines.

    Parameters
    ----------
    text : str
        The right side of the formula. What cannot be parsed is left to others.

    Examples
    --------
    >>> meant_otherwise("dose + week**2")
    ["'week ** 2' is 'week' alone, as ** crosses terms; write I(week ** 2)"]
    >>> meant_otherwise("(dose + week)**2 - dose - 1 + I(week**2)")
    []
    """
    try:
        complaints: list[str] = []
        _terms(_parsed(text), complaints)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return []
    return list(dict.fromkeys(complaints))


def _terms(node, complaints):
    """The terms of a formula, each a set of factors, the intercept an empty one; ValueError if they are too many."""
    if isinstance(node, ast.Constant):
        return {_INTERCEPT} if node.value == 1 else set()
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub):
            complaints.append(
                f"{_piece(node)} takes nothing out; write I({ast.unparse(node)}), or '+ 0' for no intercept"
            )
        return _terms(node.operand, complaints)
    if not isinstance(node, ast.BinOp):
        return {frozenset([ast.unparse(node)])}
    power = isinstance(node.op, ast.Pow)
    left, right = _terms(node.left, complaints), set() if power else _terms(node.right, complaints)
    if why := _no_terms(node, left, right):
        complaints.append(f"{_piece(node)} {why}; write I({ast.unparse(node).replace(' @ ', ' * ')})")
    if power:
        crossed = left
        for _ in range(min(getattr(node.right, "value", 1), len(left)) - 1):
            crossed = _crossed(crossed, left)
        return left | crossed
    if isinstance(node.op, ast.Add | ast.Sub):
        return left | right if isinstance(node.op, ast.Add) else left - right
    if isinstance(node.op, ast.Div):
        return left | _crossed({_INTERCEPT.union(*left)}, right)
    crossed = _crossed(left, right)
    return crossed if isinstance(node.op, ast.MatMult) else left | right | crossed


def _crossed(terms, others):
    if len(terms) * len(others) > _CROSSED:
        raise ValueError("too many terms")
    return {one | other for one in terms for other in others}


def _no_terms(node, left, right):
    """Why an operation on terms is not the arithmetic that it reads as, "" where terms are meant."""
    numbers = [side.value for side in (node.left, node.right) if isinstance(side, ast.Constant)]
    if isinstance(node.op, ast.Pow):
        return "" if len(left - {_INTERCEPT}) > 1 else f"is {_piece(node.left)} alone, as ** crosses terms"
    if isinstance(node.op, ast.Add):
        return "adds no number to a moderator" if set(numbers) - {0, 1} else ""
    if isinstance(node.op, ast.Sub):
        absent = [":".join(sorted(term)) for term in right - left - {_INTERCEPT}]
        return f"takes {min(absent)!r} out of the terms, among which it is not" if absent else ""
    if numbers:
        return "multiplies terms, and a number is none"
    return f"crosses {_piece(node.left)} with itself, which is the same term again" if left == right else ""


def _parsed(text):
    """The syntax of a side of a formula; ValueError for what the formula engines do not read as Python does."""
    line, pieces = " ".join(text.split("\n")), []
    if "\\" in line:
        raise ValueError("it holds a backslash")
    for token in tokenize.generate_tokens(io.StringIO(f"({line})").readline):
        if token.type == tokenize.COMMENT or token.string == "@":
            raise ValueError(f"it holds {token.string[0]!r}")
        if token.type == tokenize.STRING and not _plain_text(token.string):
            raise ValueError(f"a formula takes only simple text in quotes, not {token.string}")
        pieces.append((token.type, "@" if token.string == ":" else token.string))
    return ast.parse(tokenize.untokenize(pieces).strip(), mode="eval").body


def _plain_text(quoted):
    """Whether every reader finds the same end of a text in quotes, brackets being counted by some of them."""
    inside = quoted[1:-1]
    while inside != (less := re.sub(r"\([^()\[\]]*\)|\[[^()\[\]]*\]", "", inside)):
        inside = less
    return quoted[0] in "'\"" and quoted[:3] not in ("'''", '"""') and not re.search(r"[()\[\]`{}]", inside)


def _refused(node, columns, inside) -> Iterator[str]:
    """Messages for what may not stand in a formula, at `node` or below; `inside` a call text may stand too."""
    rule = _RULES.get(type(node))
    why = rule(node, columns, inside) if rule else f"{_piece(node)} stands in the formula"
    if why:
        yield why
    elif not isinstance(node, ast.Attribute):
        called = isinstance(node, ast.Call)
        parts = [*node.args, *(named.value for named in node.keywords)] if called else ast.iter_child_nodes(node)
        for part in parts:
            if isinstance(part, ast.expr):
                yield from _refused(part, columns, inside or called)


def _name(node, columns, inside):
    if node.id not in columns and node.id not in _LISTED:
        theirs = "" if _check.meant(node.id, columns) else " (a variable of yours: unsafe=True)"
        return unknown(node.id, columns) + theirs


def _constant(node, columns, inside):
    if not (isinstance(node.value, int | float) or (inside and (node.value is None or _is_text(node)))):
        return f"{_piece(node)} stands in the formula"


def _operation(node, columns, inside):
    sides = node.left, node.right
    if isinstance(node.op, ast.BitXor):
        return f"{_piece(node)} is no power; write I({ast.unparse(node).replace(' ^ ', ' ** ')})"
    if not isinstance(node.op, _SIGNS) or any(_is_text(side) or isinstance(side, _LISTS) for side in sides):
        return f"{_piece(node)} stands in the formula"
    if isinstance(node.op, ast.Pow) and not (_small(node.left, np.inf) and _small(node.right, _POWER)):
        return f"{_piece(node)} has a power that is neither a number up to {_POWER} nor made of columns"


def _sign(node, columns, inside):
    if not isinstance(node.op, ast.UAdd | ast.USub):
        return f"{_piece(node)} stands in the formula"


def _comparison(node, columns, inside):
    if any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in node.ops):
        return f"{_piece(node)} stands in the formula"
    if not inside:
        return f"{_piece(node)} is no term by itself; write I({ast.unparse(node)}){_COMPARED}"


def _list(node, columns, inside):
    if not inside:
        return f"{_piece(node)} stands in the formula"


def _call(node, columns, inside):
    name = ast.unparse(node.func)
    if name not in _LISTED or not isinstance(node.func, ast.Name | ast.Attribute):
        return f"{name!r} is called in the formula"
    if (first := name.partition(".")[0]) in columns:
        return f"{first!r} is a column of data, and so no function; rename the column"
    if not all(named.arg for named in node.keywords):
        return f"{_piece(node)} unpacks its arguments"
    if name == "Q" and not (len(node.args) == 1 and _is_text(node.args[0]) and not node.keywords):
        return f"{_piece(node)} is not the name of a column in quotes"
    if name == "Q" and node.args[0].value not in columns:
        return unknown(node.args[0].value, columns)


def _attribute(node, columns, inside):
    name = ast.unparse(node)
    if name in columns:
        return f'{name!r} must be written Q("{name}")'
    if not inside or name not in _DOTTED:
        return f"{name!r} stands in the formula"


_LISTS = (ast.List, ast.Tuple)
_RULES = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.BinOp: _operation,
    ast.UnaryOp: _sign,
    ast.Compare: _comparison,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Call: _call,
    ast.Attribute: _attribute,
}


def unknown(name: str, columns: Collection[Any]) -> str:
    """A name that is no column."""
    return f"the formula names {name!r}, not a column of data{_check.meant(name, columns)}"


def _piece(node):
    """A piece of a formula as messages quote it."""
    text = ast.unparse(node).replace(" @ ", ":")
    return repr(text if len(text) <= 60 else text[:57] + "…")


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _small(node, most):
    """Whether a base or a power is a number up to `most`, or has a column in it."""
    if isinstance(node, ast.UnaryOp):
        return _small(node.operand, most)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and node.value <= most
    return any(isinstance(part, ast.Name) for part in ast.walk(node))
