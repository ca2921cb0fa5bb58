"""The clauses that every verb takes, in the order in which they stand, and how each is read.

verb [head] FROM … [AT …] [WHERE …] [BY …] [USING …] [RUNS …] [STEPS …] [MISSING …] [own] [ORDER BY …] [LIMIT …] …
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.at import At, at
from srcql.clauses.conditions import constants, refuse_aggregates, refuse_unknown
from srcql.clauses.cube import KEY, Cube, Selection, Target
from srcql.clauses.equality import CANONICAL, Equality, using
from srcql.clauses.reader import Name, Piece, Reader
from srcql.errors import SrcqlError, UnknownName, suggestion
from srcql.schema import Role

QUERIES = (exp.Query, exp.Values, exp.Pivot, exp.Describe, exp.Summarize, exp.Show)
Clause = Callable[[Reader], object]


def flag(words: str) -> Clause:
    """A clause that is all said by its words."""
    return lambda reader: reader.take(words)


def choice(word: str, among: Sequence[str]) -> Clause:
    """A clause that chooses one of these words."""

    def read(reader: Reader) -> str:
        reader.take(word)
        return reader.expect(among)

    return read


def whole_number(words: str, what: str) -> Clause:
    """A clause of these words and a number from 1."""

    def read(reader: Reader) -> int:
        reader.take(words)
        if reader.found.strip("0") == "":
            raise reader.expected(f"{what}, from 1")
        return reader.number(f"{what}, from 1")

    return read


def source(reader: Reader) -> tuple[Target, ...] | Piece | None:
    """FROM: targets, a query, or None for everything."""
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
    if reader.quotes:
        raise reader.expected("a clause or the end of the verb", reader.quotes)
    return Target(data_set, problem)


def observed_column(reader: Reader, added: Mapping[str, str]) -> str:
    """A column of observations, or `kind`; `added` says by which clauses a verb gets other columns."""
    name = reader.name("a column")
    known = {column.name.lower(): column.name for column in reader.observations.columns} | {"kind": "kind"}
    column = name.text.lower()
    if column not in known:
        hint = suggestion(column, known.values(), "columns")
        hint = f"{added[column]} adds it, after the columns that are named" if column in added else hint
        raise reader.error(f"unknown column {name.text}", name.span, hint, UnknownName)
    return known[column]


def where(reader: Reader) -> Piece:
    """WHERE: a condition over the columns of observations."""
    reader.take("WHERE")
    condition = reader.piece(lambda parser: parser.parse_condition(), "a condition")
    refuse_aggregates(reader, condition, "WHERE looks at one observation", windows=False)
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


def runs(reader: Reader) -> Name:
    """RUNS: which of several runs of a cell answer."""
    reader.take("RUNS")
    return _word(reader, RUNS)


def steps(reader: Reader) -> str | tuple[int, ...]:
    """STEPS: which steps of a test count."""
    reader.take("STEPS")
    if reader.next_type is TokenType.NUMBER:
        return tuple(sorted(set(reader.listed(lambda: reader.number("a step, counted from 0")))))
    for word in STEPS:
        if reader.take(word):
            return word
    raise reader.expected("ALL, LAST, EXCEPT CREATE or the numbers of steps", reader.near(STEPS))


def missing(reader: Reader) -> str:
    """MISSING: what a cell without rows equals, or what is left out for want of it."""
    reader.take("MISSING")
    if reader.at("IGNORE"):
        hint = "MISSING DROP TESTS compares on the tests that every implementation has"
        message = "MISSING IGNORE compares each pair on other tests, and so makes no classes"
        raise reader.error(message, hint=hint)
    return reader.expect(MISSING)


def any_missing(reader: Reader) -> str:
    """MISSING where one cell meets another: IGNORE too."""
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
