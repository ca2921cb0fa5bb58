"""What the user's own expressions may name, and what a condition says of data sets and problems."""

from collections.abc import Collection, Iterator
from typing import TypeVar

from sqlglot import exp

from srcql.clauses.reader import Piece, Reader
from srcql.errors import InvalidQuery, UnknownName, suggestion

E = TypeVar("E", bound=exp.Expr)
PLAIN = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.In, exp.Between, exp.Not)
PLAIN_OPERATORS = (exp.Binary, exp.Predicate, exp.Neg, exp.Placeholder, exp.Parameter, exp.Cast, exp.DataType)
CALLED = {"kind": "response_kind", "specified": "specified_oracle"}  # what results call columns of observations


def refuse_unknown(reader: Reader, piece: Piece, relation: str, columns: Collection[str]) -> None:
    """Refuse a name that is no column of that relation; queries inside have names of their own."""
    known = {column.lower() for column in columns}
    for column in _outer(piece, exp.Column):
        parts = column.parts[1:] if column.parts[0].name.lower() == relation and column.table else column.parts
        name = parts[0]
        if name.name.lower() not in known and name.name.lower() not in _bound(column):
            hint = _hint(name, columns, reader.results if relation == "observations" else ())
            span = (name.meta["start"], name.meta["end"] + 1) if "start" in name.meta else piece.span
            raise reader.error(f"unknown column {name.name}", span, hint, UnknownName)


def refuse_aggregates(reader: Reader, piece: Piece, looks: str, windows: bool) -> None:
    """Refuse what looks at several rows, where a clause `looks` at one at a time; `windows` says to allow those."""
    for node in _outer(piece, exp.AggFunc, exp.Window):
        if not (windows and (isinstance(node, exp.Window) or node.find_ancestor(exp.Window))):
            what = "a window function" if isinstance(node, exp.Window) else "an aggregate"
            hint = "aggregate the result: SELECT … FROM (verb) GROUP BY … HAVING …"
            raise reader.error(f"{looks} at a time, and {what} at many", piece.span, hint)


def _outer(piece: Piece, *kinds: type[E]) -> Iterator[E]:
    walk = piece.tree.walk(prune=lambda node: isinstance(node, exp.Query))
    return (node for node in walk if isinstance(node, kinds))


def repeatable(condition: Piece | None) -> bool:
    """Whether a condition gives the same rows each time that it is asked: columns, constants and operators alone."""
    return condition is None or all(isinstance(node, PLAIN + PLAIN_OPERATORS) for node in condition.tree.walk())


def _bound(node: exp.Expr) -> Iterator[str]:
    """What the list comprehensions around it name: those stand as columns in the tree, a lambda's do not."""
    while loop := node.find_ancestor(exp.Comprehension):
        yield loop.expression.name.lower()
        node = loop


def _hint(name: exp.Expr, columns: Collection[str], results: Collection[str]) -> str:
    text = name.name
    if text in results:
        return f"{text} is a column of the result: SELECT … FROM (verb) WHERE {text} …"
    if text.lower() in CALLED and CALLED[text.lower()] in columns:
        return f"the observations have it as {CALLED[text.lower()]}"
    hint = suggestion(text, columns, "columns")
    quoted = name.args.get("quoted") and not hint.startswith("did you mean")
    return f"a text stands in single quotes: '{text}'" if quoted else hint


def constants(condition: Piece | None, column: str) -> frozenset[str] | None:
    """The values that a condition allows a column, by `=` and `IN` over texts at its top level; None when any.

    >>> from sqlglot import parse_one
    >>> tree = parse_one("problem_id IN ('a', 'b') AND 'b' = problem_id AND step_id > 0")
    >>> constants(Piece((0, 0), tree), "problem_id")
    frozenset({'b'})
    """
    allowed = None
    for part in _parts(condition.tree) if condition else ():
        values = _values(part, column)
        if values is not None:
            allowed = values if allowed is None else allowed & values
    return allowed


def parts_on(condition: Piece | None, columns: Collection[str]) -> list[Piece]:
    """The parts of a condition, joined by AND at its top level, that name these columns and no others.

    Raises InvalidQuery for what is no condition, though it can be read: `(problem_id = 'sum' AS x)`.
    """
    found = [Piece(part.meta.get("span", (0, 0)), part) for part in _parts(condition.tree)] if condition else []
    named = [{column.parts[-1].name.lower() for column in _outer(part, exp.Column)} for part in found]
    parts = [part for part, names in zip(found, named, strict=True) if names and names <= set(columns)]
    if condition and any(part.span == (0, 0) for part in parts):
        raise InvalidQuery("expected a condition", span=condition.span, hint="its parts are joined by AND and OR")
    return parts


def _parts(tree: exp.Expr) -> Iterator[exp.Expr]:
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        yield from _parts(tree.left)
        yield from _parts(tree.right)
    else:
        yield tree


def _values(part: exp.Expr, column: str) -> frozenset[str] | None:
    if isinstance(part, exp.EQ):
        name, value = (part.right, part.left) if part.left.is_string else (part.left, part.right)
        values = [value]
    elif isinstance(part, exp.In) and part.expressions:
        name, values = part.this, part.expressions
    else:
        return None
    named = isinstance(name, exp.Column) and name.name.lower() == column and name.table.lower() in ("", "observations")
    return frozenset(value.name for value in values) if named and all(value.is_string for value in values) else None
