"""What may stand in WHERE, and what it says of data sets and problems."""

from sqlglot import exp

from srcql.errors import UnknownName, suggestion
from srcql.reader import Piece, Reader, Span


def checked(reader: Reader, condition: Piece) -> Piece:
    """The condition itself, when it is over the columns of observations alone."""
    known = {column.name.lower() for column in reader.observations.columns}
    for node in condition.tree.walk(prune=lambda node: isinstance(node, exp.Query)):
        if isinstance(node, (exp.AggFunc, exp.Window)):
            raise _aggregate(reader, condition, node)
        if isinstance(node, exp.Column) and not _stands(node, known):
            raise _unknown(reader, condition, node, known)
    return condition


def _stands(column: exp.Column, known: set[str]) -> bool:
    first = column.parts[0].name.lower()
    return first in known or (first == "observations" and column.parts[1].name.lower() in known) or _bound(column)


def _bound(column: exp.Column) -> bool:
    """Whether an enclosing list comprehension names it: those stand as columns in the tree, a lambda's do not."""
    loops = []
    loop = column.find_ancestor(exp.Comprehension)
    while loop:
        loops.append(loop)
        loop = loop.find_ancestor(exp.Comprehension)
    return any(column.parts[0].name == loop.expression.name for loop in loops)


def _unknown(reader: Reader, condition: Piece, column: exp.Column, known: set[str]) -> Exception:
    name = column.parts[-1] if column.parts[0].name.lower() == "observations" else column.parts[0]
    hint = suggestion(name.name, known, "columns")
    if name.args.get("quoted") and not hint.startswith("did you mean"):
        hint = f"a text stands in single quotes: '{name.name}'"
    return reader.error(f"unknown column {name.name}", _span(name, condition), hint, UnknownName)


def _aggregate(reader: Reader, condition: Piece, node: exp.Expr) -> Exception:
    what = "a window" if isinstance(node, exp.Window) else "an aggregate"
    return reader.error(
        f"WHERE is over single observations: {what} cannot stand in it",
        _span(node, condition),
        "aggregate over the verb's result: SELECT … FROM (verb) GROUP BY …",
    )


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


def _parts(tree: exp.Expr) -> list[exp.Expr]:
    tree = tree.unnest()
    return [*_parts(tree.left), *_parts(tree.right)] if isinstance(tree, exp.And) else [tree]


def _values(part: exp.Expr, column: str) -> frozenset[str] | None:
    if isinstance(part, exp.EQ):
        left, right = (part.right, part.left) if part.left.is_string else (part.left, part.right)
        return frozenset({right.name}) if _is(left, column) and right.is_string else None
    if isinstance(part, exp.In) and _is(part.this, column) and part.expressions:
        texts = [value for value in part.expressions if value.is_string]
        return frozenset(text.name for text in texts) if len(texts) == len(part.expressions) else None
    return None


def _is(node: exp.Expr, column: str) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == column and node.table.lower() in ("", "observations")
