"""The shared clauses: those of every verb, in their order, with the reader of each.

verb [head] FROM … [AT …] [WHERE …] [BY …] [USING …] [RUNS …] [STEPS …] [MISSING …] [own] [ORDER BY …] [LIMIT …] …
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.at import At, at
from srcql.clauses.conditions import constants, reject_aggregates, reject_unknown_columns
from srcql.clauses.cube import KEY, Cube, Selection, Target
from srcql.clauses.equality import CANONICAL, Equality, using
from srcql.clauses.reader import Name, Piece, Reader
from srcql.errors import SrcqlError, UnknownName, suggestion
from srcql.schema import Role

QUERIES = (exp.Query, exp.Values, exp.Pivot, exp.Describe, exp.Summarize, exp.Show)
Clause = Callable[[Reader], object]


def flag(words: str) -> Clause:
    """Return the reader of a clause without arguments."""
    return lambda reader: reader.take(words)


def choice(word: str, among: Sequence[str]) -> Clause:
    """Return the reader of a clause that chooses one of these words."""

    def read(reader: Reader) -> str:
        reader.take(word)
        return reader.expect(among)

    return read


def whole_number(words: str, what: str) -> Clause:
    """Return the reader of a clause with a number from 1."""

    def read(reader: Reader) -> int:
        reader.take(words)
        if reader.found.strip("0") == "":
            raise reader.expected(f"{what}, from 1")
        return reader.number(f"{what}, from 1")

    return read


def source(reader: Reader) -> tuple[Target, ...] | Piece | None:
    """Read what follows FROM: targets, a query, or None for `*`."""
    if reader.sign(TokenType.STAR):
        return None
    if not reader.sign(TokenType.L_PAREN):
        return reader.listed(lambda: _target(reader))
    first = reader.found
    query = reader.piece(lambda parser: parser.parse_query(), "a query")
    if not isinstance(query.tree, QUERIES) and reader.next_type in (TokenType.R_PAREN, TokenType.COMMA):
        raise _no_query(reader, query, first)
    if not reader.sign(TokenType.R_PAREN):
        raise reader.expected(") after the query")
    return query


def _no_query(reader: Reader, piece: Piece, first: str) -> SrcqlError:
    text = reader.text[slice(*piece.span)]
    if isinstance(piece.tree, exp.Column) or piece.tree.is_string:
        hint = f"use FROM {text} for a data set, or FROM (FROM {text}) for a table"
        return reader.error(f"expected a query, found {text}", piece.span, hint)
    return reader.error(f"expected a query, found {first}", piece.span, "use FROM data_set, or FROM (FROM table)")


def _target(reader: Reader) -> Target:
    data_set = reader.name("a data set")
    problem = reader.name("a problem") if reader.sign(TokenType.DOT) else None
    if problem and reader.next_type is TokenType.DOT:
        start, found = reader.span[0], reader.found
        message = f"expected data_set.problem, found a third part {found}"
        raise reader.error(message, (start, start + len(found)), "quote a name that contains a dot")
    if reader.quotes:
        raise reader.expected("a clause or the end of the verb", reader.quotes)
    return Target(data_set, problem)


def observed_column(reader: Reader, added: Mapping[str, str]) -> str:
    """Read a column of observations, or `kind`; `added` are the clauses that add other columns."""
    name = reader.name("a column")
    known = {column.name.lower(): column.name for column in reader.observations.columns} | {"kind": "kind"}
    column = name.text.lower()
    if column not in known:
        hint = suggestion(column, known.values(), "columns")
        hint = f"use {added[column]}, which adds {column} after the named columns" if column in added else hint
        raise reader.error(f"unknown column {name.text}", name.span, hint, UnknownName)
    return known[column]


def where(reader: Reader) -> Piece:
    """Read WHERE: a condition over the columns of observations."""
    reader.take("WHERE")
    condition = reader.piece(lambda parser: parser.parse_condition(), "a condition")
    reject_aggregates(reader, condition, "WHERE", "observation", windows=False)
    reject_unknown_columns(reader, condition, "observations", [column.name for column in reader.observations.columns])
    return condition


def by(reader: Reader) -> tuple[Name, ...]:
    """Read BY: context columns, in the user's order."""
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
        raise reader.error(f"expected a context column, found {column}", name.span, hint)
    if column in reader.results:
        raise reader.error(f"duplicate column {column} in the result", name.span)
    return Name(column, name.span)


def runs(reader: Reader) -> Name:
    """Read RUNS: which runs of a cell count."""
    reader.take("RUNS")
    return _word(reader, RUNS)


def steps(reader: Reader) -> str | tuple[int, ...]:
    """Read STEPS: which steps of a test count."""
    reader.take("STEPS")
    if reader.next_type is TokenType.NUMBER:
        return tuple(sorted(set(reader.listed(lambda: reader.number("a step, counted from 0")))))
    for word in STEPS:
        if reader.take(word):
            return word
    raise reader.expected("ALL, LAST, EXCEPT CREATE or the numbers of steps", reader.near(STEPS))


def missing(reader: Reader) -> str:
    """Read MISSING: what an absent cell equals, or what is left out because of it."""
    reader.take("MISSING")
    if reader.at("IGNORE"):
        hint = "use MISSING DROP TESTS, which compares on the tests that every implementation has"
        message = "MISSING IGNORE makes no classes: it compares each pair on different tests"
        raise reader.error(message, hint=hint)
    return reader.expect(MISSING)


def any_missing(reader: Reader) -> str:
    """Read MISSING of a verb that compares pairs of cells: IGNORE is allowed."""
    reader.take("MISSING")
    return reader.expect((*MISSING, "IGNORE"))


def _word(reader: Reader, words: Sequence[str]) -> Name:
    start = reader.span[0]
    word = reader.expect(words)
    return Name(word, (start, reader.end))


STEPS = ("ALL", "LAST", "EXCEPT CREATE")
RUNS = ("LATEST", "EACH", "STABLE", "ALL")
MISSING = ("DISTINCT", "DROP IMPLEMENTATIONS", "DROP TESTS")
SHARED: Mapping[str, Clause] = {
    "AT": at,
    "WHERE": where,
    "BY": by,
    "USING": using,
    "RUNS": runs,
    "STEPS": steps,
    "MISSING": missing,
}


@dataclass(frozen=True)
class SharedClauses:
    """The shared clauses of one verb as they were read; None and the defaults stand for absent ones."""

    at: At | None = None
    where: Piece | None = None
    by: tuple[Name, ...] = ()
    using: Equality | None = None
    runs: Name | None = None
    steps: str | tuple[int, ...] = "ALL"
    missing: str = "DISTINCT"

    def cube(self, selected: tuple[Target, ...] | Piece | None) -> Cube:
        """Return the cube that these clauses and FROM describe."""
        targets, query = (None, selected) if isinstance(selected, Piece) else (selected, None)
        data_sets, problems = (constants(self.where, column) for column in KEY)
        return Cube(
            Selection(targets, data_sets, problems, self.at),
            query,
            self.where,
            tuple(dict.fromkeys(name.text for name in self.by)),
            self.using or CANONICAL,
            self.runs.text if self.runs else "LATEST",
            self.steps,
            self.missing,
        )
