"""What may stand in WHERE, and what it says of data sets and problems."""

from collections.abc import Iterator

from sqlglot import exp

from srcql.errors import SrcqlError, UnknownName, suggestion
from srcql.reader import Piece, Reader, Span

PLAIN = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.In, exp.Between, exp.Not)
PLAIN_OPERATORS = (exp.Predicate, exp.Connector, exp.Placeholder, exp.Parameter, exp.Cast, exp.DataType)


def checked(reader: Reader, condition: Piece) -> Piece:
    """The condition itself, when it is over the columns of observations alone."""
    known = {column.name.lower() for column in reader.observations.columns}
    for node in condition.tree.walk(prune=lambda node: isinstance(node, exp.Query)):
        if isinstance(node, (exp.AggFunc, exp.Window)):
            raise _aggregate(reader, condition, node)
        if isinstance(node, exp.Column) and not _stands(node, known):
            raise _unknown(reader, condition, node)
    return condition


def repeatable(condition: Piece | None) -> bool:
    """Whether a condition gives the same rows each time that it is asked: columns, constants and operators alone."""
    return condition is None or all(isinstance(node, PLAIN + PLAIN_OPERATORS) for node in condition.tree.walk())


def _stands(column: exp.Column, known: set[str]) -> bool:
    names = [part.name.lower() for part in column.parts]
    return names[0] in known or (names[0] == "observations" and names[1] in known) or names[0] in _bound(column)


def _bound(node: exp.Expr) -> Iterator[str]:
    """What the list comprehensions around it name: those stand as columns in the tree, a lambda's do not."""
    while loop := node.find_ancestor(exp.Comprehension):
        yield loop.expression.name.lower()
        node = loop


def _unknown(reader: Reader, condition: Piece, column: exp.Column) -> SrcqlError:
    names = [part for part in column.parts if part.name.lower() != "observations"]
    name = names[0].name
    if name in reader.results:
        hint = f"{name} is a column of the result: SELECT … FROM (verb) WHERE {name} …"
    else:
        hint = suggestion(name, [known.name for known in reader.observations.columns], "columns")
        if names[0].args.get("quoted") and not hint.startswith("did you mean"):
            hint = f"a text stands in single quotes: '{name}'"
    return reader.error(f"unknown column {name}", _span(names[0], condition), hint, UnknownName)


def _aggregate(reader: Reader, condition: Piece, node: exp.Expr) -> SrcqlError:
    what = "a window function" if isinstance(node, exp.Window) else "an aggregate"
    hint = "aggregate the result: SELECT … FROM (verb) GROUP BY … HAVING …"
    message = f"WHERE looks at one observation at a time, and {what} at many"
    return reader.error(message, _span(node, condition), hint)


def _span(node: exp.Expr, condition: Piece) -> Span:
    places = [found.meta for found in node.walk() if "start" in found.meta]
    if not places:
        return condition.span
    return min(place["start"] for place in places), max(place["end"] for place in places) + 1


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
