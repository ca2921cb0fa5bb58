"""The clauses that every verb takes, in the order in which they stand, and how each is read.

verb [head] FROM … [AT …] [WHERE …] [BY …] [USING …] [RUNS …] [STEPS …] [MISSING …] [own] [ORDER BY …] [LIMIT …] …
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from srcql.conditions import constants, refuse_aggregates, refuse_unknown
from srcql.cube import Cube, Selection, Target
from srcql.equality import using
from srcql.errors import UnknownName, suggestion
from srcql.reader import Name, Piece, Reader
from srcql.schema import Role

Clause = Callable[[Reader], Any]
Read = dict[str, Any]


def flag(words: str) -> Clause:
    """A clause that is all said by its words."""
    return lambda reader: reader.take(words)


@dataclass(frozen=True)
class Later:
    """A clause of the language that this version does not have."""

    words: str

    def __call__(self, reader: Reader) -> None:
        """Say so."""
        reader.refuse_later([self.words])


def source(reader: Reader) -> tuple[Target, ...] | Piece | None:
    """FROM: targets, a query, or None for everything."""
    if reader.sign(TokenType.STAR):
        return None
    if not reader.sign(TokenType.L_PAREN):
        return reader.listed(lambda: _target(reader))
    query = reader.piece(lambda parser: parser.parse_query(), "a query")
    if not reader.sign(TokenType.R_PAREN):
        raise reader.expected(") after the query")
    if isinstance(query.tree, exp.Column):
        raise reader.error(
            "expected a query, found a name", query.span, "FROM data_set[.problem], or FROM (FROM table)"
        )
    return query


def _target(reader: Reader) -> Target:
    data_set = reader.name("a data set")
    problem = reader.name("a problem") if reader.sign(TokenType.DOT) else None
    if reader.quotes:
        raise reader.expected("a clause or the end of the verb", reader.quotes)
    return Target(data_set, problem)


def where(reader: Reader) -> Piece:
    """WHERE: a condition over the columns of observations."""
    reader.take("WHERE")
    condition = reader.piece(lambda parser: parser.parse_condition(), "a condition")
    refuse_aggregates(reader, condition)
    refuse_unknown(reader, condition, "observations", [column.name for column in reader.observations.columns])
    return condition


def by(reader: Reader) -> tuple[Name, ...]:
    """BY: context columns, in the order of the user."""
    reader.take("BY")
    return reader.listed(lambda: _context(reader, reader.name("a context column")))


def _context(reader: Reader, name: Name) -> Name:
    columns = {column.name.lower(): column.name for column in reader.observations.columns}
    contexts = [column.name for column in reader.observations.of(Role.CONTEXT)]
    column = columns.get(name.text.lower())
    if column is None:
        hint = suggestion(name.text, contexts, "context columns")
        raise reader.error(f"unknown column {name.text}", name.span, hint, UnknownName)
    if column not in contexts:
        hint = f"context columns: {', '.join(contexts)}"
        raise reader.error(f"BY takes context columns, and {column} is none", name.span, hint)
    if column in reader.results:
        raise reader.error(f"the result would have two columns {column}", name.span)
    return Name(column, name.span)


def runs(reader: Reader) -> bool:
    """RUNS: whether every run stands for itself."""
    reader.refuse_later(("RUNS STABLE", "RUNS ALL"))
    reader.take("RUNS")
    return reader.expect(("LATEST", "EACH")) == "EACH"


def steps(reader: Reader) -> str | tuple[int, ...]:
    """STEPS: which steps of a test count."""
    reader.take("STEPS")
    if reader.next_type is TokenType.NUMBER:
        return tuple(sorted(set(reader.listed(lambda: reader.number("a step, counted from 0")))))
    for word in ("ALL", "LAST", "EXCEPT CREATE"):
        if reader.take(word):
            return word
    raise reader.expected("ALL, LAST, EXCEPT CREATE or the numbers of steps")


def missing(reader: Reader) -> None:
    """MISSING: what a cell without rows equals."""
    reader.refuse_later(("MISSING DROP IMPLEMENTATIONS", "MISSING DROP TESTS", "MISSING IGNORE"))
    reader.take("MISSING")
    reader.expect(("DISTINCT",))


SHARED: Mapping[str, Clause] = {
    "AT": Later("AT"),
    "WHERE": where,
    "BY": by,
    "USING": using,
    "RUNS": runs,
    "STEPS": steps,
    "MISSING": missing,
}


def cube(selected: tuple[Target, ...] | Piece | None, read: Read) -> Cube:
    """The cube that the shared clauses describe."""
    query = selected if isinstance(selected, Piece) else None
    condition = read.get("WHERE")
    selection = Selection(
        None if isinstance(selected, Piece) else selected,
        constants(condition, "data_set_id"),
        constants(condition, "problem_id"),
    )
    by_columns = tuple(dict.fromkeys(name.text for name in read.get("BY", ())))
    fields = {field: read[words] for words, field in FIELDS.items() if words in read}
    return Cube(selection, query, condition, by_columns, **fields)


FIELDS = {"USING": "using", "RUNS": "each", "STEPS": "steps"}
