"""The base of all verbs: reads a statement, and wraps its SQL."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.conditions import reject_aggregates, reject_unknown_columns
from srcql.clauses.cube import Cube, Selection, Target
from srcql.clauses.equality import Equality
from srcql.clauses.reader import Piece, Reader, Span, one_of
from srcql.clauses.reading import Read, build, next_clause, read_clauses, read_in_any_order
from srcql.clauses.shared import SHARED, Clause, SharedClauses, source
from srcql.errors import SrcqlError
from srcql.lowering.lowering import Lowering
from srcql.sql import identifier, listed, quoted


def order_by(reader: Reader) -> Piece:
    """Read ORDER BY: over the columns of the result; the verb's own order follows it."""
    order = reader.piece(lambda parser: parser.parse_order_by(), "a column of the result")
    reject_aggregates(reader, order, "ORDER BY", "row of the result", windows=True)
    order_text = reader.text[order.span[0] : order.span[1]]
    if order_text.endswith(","):
        raise reader.expected("a column of the result")
    for term in order.tree.expressions:
        if isinstance(term.this.unnest(), PARAMETERS):
            hint = "use a parameter inside an expression, as in ORDER BY size > ?"
            raise reader.error("expected a column of the result, found a parameter", order.span, hint)
    if order.tree.expressions[0].this.name.upper() == "ALL" and '"' not in order_text.split(",")[0]:
        hint = "name the columns; the order of the verb itself follows them"
        raise reader.error("ORDER BY ALL is not available in a verb", order.span, hint)
    return order


TAIL: Mapping[str, Clause] = {
    "ORDER BY": order_by,
    "LIMIT": lambda reader: reader.piece(lambda parser: parser.parse_limit(), "a number of rows"),
    "OFFSET": lambda reader: reader.piece(lambda parser: parser.parse_offset(), "a number of rows"),
}
FIRST = ("AT",)
ENDS = (None, TokenType.R_PAREN, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT)
PARAMETERS = (exp.Placeholder, exp.Parameter)
SQL_ONLY = ("GROUP BY", "HAVING", "QUALIFY", "USING SAMPLE", "TABLESAMPLE", "SAMPLE")


@dataclass(frozen=True)
class Tail:
    """The clauses of a query that end a verb; their pieces are copied from the user's text."""

    order_by: Piece | None = None
    limit: Piece | None = None
    offset: Piece | None = None

    @property
    def pieces(self) -> list[Piece]:
        """The clauses that are present, in their order."""
        return [piece for piece in (self.order_by, self.limit, self.offset) if piece]


@dataclass(frozen=True)
class NoClauses:
    """The own clauses of a verb that has none."""


class Verb(ABC):
    """One verb as it was read; a subclass declares its word, its own clauses, its columns, and lowers it to SQL.

    `shared` and `own` are the grammar: clauses by their words. AT is the first of them; the others stand in any order.
    `own_clauses` is the dataclass of those in `own`, and `clauses` holds one.
    """

    word: ClassVar[str]
    form: ClassVar[str]
    shared: ClassVar[Mapping[str, Clause]] = SHARED
    own: ClassVar[Mapping[str, Clause]] = {}
    own_clauses: ClassVar[type[object]] = NoClauses
    results: ClassVar[tuple[str, ...]] = ()
    order: ClassVar[tuple[str, ...]]
    head: object
    clauses: object

    def __init__(
        self,
        head: object,
        selected: tuple[Target, ...] | Piece | None,
        shared: SharedClauses,
        clauses: object,
        tail: Tail,
        place: Span,
    ) -> None:
        self.head = head
        self.shared_clauses = shared
        self.clauses = clauses
        self.tail = tail
        self.place = place
        self.cube = self.cube_of(selected)

    @classmethod
    def read(cls, reader: Reader, operand: bool) -> Self:
        """Read one verb. An operand of a set operation does not read the tail, which belongs to the whole."""
        place = reader.span
        reader.take(cls.word)
        reader.results = cls.results
        head = cls.read_head(reader) if reader.next_type else None
        if not reader.take("FROM"):
            raise reader.expected(f"FROM after {cls.word}", f"use {cls.form} FROM data_set[.problem], … | * | (query)")
        selected = source(reader)
        read = cls._read_clauses(reader, operand)
        shared, tail = build(SharedClauses, read, cls.shared), build(Tail, read, TAIL)
        verb = cls(head, selected, shared, build(cls.own_clauses, read, cls.own), tail, place)
        verb.check(reader)
        return verb

    @classmethod
    def _read_clauses(cls, reader: Reader, operand: bool) -> Read:
        grammar = {**cls.shared, **cls.own, **TAIL}
        read = read_clauses(reader, FIRST, grammar)
        read |= read_in_any_order(
            reader, {words: grammar[words] for words in (*cls.shared, *cls.own) if words not in FIRST}
        )
        read |= read_clauses(reader, () if operand else TAIL, grammar)
        if reader.next_type not in ENDS and not (operand and any(reader.at(words) for words in TAIL)):
            raise _stray(cls.word, reader, list(grammar), read)
        return read

    def cube_of(self, selected: tuple[Target, ...] | Piece | None) -> Cube:
        """Return the cube that FROM and the shared clauses describe."""
        return self.shared_clauses.cube(selected)

    def set_default_equality(self, equality: Equality) -> None:
        """Use this equality unless the verb has USING."""
        if self.shared_clauses.using is None:
            self.cube = replace(self.cube, using=equality)

    def check(self, reader: Reader) -> None:
        """Reject clauses that contradict each other."""
        self.check_runs(reader)
        if self.cube.query and self.shared_clauses.at:
            hint = "use FROM (FROM observations AT (…))"
            raise reader.error("AT of a query belongs inside it, after the table", self.shared_clauses.at.span, hint)
        if self.tail.order_by:
            self.check_order(reader, self.tail.order_by)

    def check_runs(self, reader: Reader) -> None:
        """Reject RUNS ALL: only votes can be divided among runs."""
        if self.shared_clauses.runs and self.cube.runs == "ALL":
            hint = "use RUNS EACH to show every run on its own"
            raise reader.error("RUNS ALL belongs to ORACLE PER STEP", self.shared_clauses.runs.span, hint)

    def check_order(self, reader: Reader, order: Piece) -> None:
        """Reject an order by other columns than those of the result."""
        reject_unknown_columns(reader, order, self.word.lower(), list(dict.fromkeys((*self.columns, *self.sorted_by))))

    @classmethod
    def read_head(cls, _: Reader) -> object:
        """Read the head, between the verb's word and FROM; most verbs have none."""
        return None

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """The verb's own order within an analysis."""
        return self.order

    @property
    def partitionable(self) -> Selection | None:
        """The selection, if a range of its problems is a range of the rows; else None."""
        return None

    @abstractmethod
    def select(self, lowering: Lowering) -> str:
        """A SELECT of those columns, in any order, over the common table expressions that it defines."""

    def lower(self, lowering: Lowering, root: bool) -> str:
        """Return the SQL of the verb: a query that is valid wherever SQL allows one; its names are its own."""
        rows = self.select(lowering)
        return (
            f"SELECT {listed(self.columns) or '*'} FROM ({lowering.with_} {rows}) AS {quoted(self.word.lower())}"
            f"{self._ending(root)}"
        )

    @property
    def _total_order(self) -> tuple[str, ...]:
        """Its order, made total: with RUNS EACH two entries may have one name."""
        ties = self.columns if self.cube.each and "run_id" not in self.sorted_by else ()
        return tuple(dict.fromkeys((*self.cube.analysis, *self.sorted_by, *ties)))

    def _ending(self, root: bool) -> str:
        if not root and not self.tail.pieces:
            return ""
        default = ", ".join(f"{identifier(column)} NULLS LAST" for column in self._total_order)
        order = f"{self.tail.order_by}, {default}" if self.tail.order_by else f"ORDER BY {default}"
        return " ".join(["", order, *(str(piece) for piece in (self.tail.limit, self.tail.offset) if piece)])


ORDER = f"{', '.join(FIRST)}, then the others in any order, then {', '.join(TAIL)}"


def _stray(verb: str, reader: Reader, order: list[str], read: Read) -> SrcqlError:
    """Return the error for a token where a clause or the end was expected."""
    for words in SQL_ONLY:
        if reader.at(words):
            read_so_far = " ".join(reader.text[reader.start : reader.end].split())
            hint = f"use SELECT … FROM ({read_so_far}) {words} …"
            return reader.error(f"{words} cannot follow a verb", reader.ahead(words), hint)
    last = max((order.index(words) for words in read), default=-1)
    for words in order:
        if found := next_clause(reader, words):
            if words not in read:
                message = f"{found} belongs before {order[last].replace('|', ', ')}"
                return reader.error(message, reader.ahead(found), f"order of clauses: {ORDER}")
            several = f"expected only one of {one_of(words.split('|'))}"
            return reader.error(f"duplicate {found}" if found == words else several, reader.ahead(found))
    open_ = [words for words in order if words not in read and not (words in FIRST and read)]
    open_ = [words for words in order[last + 1 :] if words in TAIL] if last >= 0 and order[last] in TAIL else open_
    follow = f"clauses that can follow: {_listed(open_)}" if open_ else None
    for words in SHARED:
        if words not in order and next_clause(reader, words):
            return reader.error(f"{verb} takes no {words}", reader.ahead(words), follow)
    verbs = sorted(Verb.__subclasses__(), key=lambda each: each.word)
    for other in verbs:
        for words in other.own:
            found = next_clause(reader, words)
            if found and not any(longer.startswith(f"{found} ") for longer in order):
                having = one_of([each.word for each in verbs if words in each.own])
                return reader.error(f"{found} belongs to {having}", reader.ahead(found), follow)
    near = reader.near([word for words in order for word in words.split("|")])
    return reader.expected("a clause or the end of the verb", near or follow)


def _listed(clauses: list[str]) -> str:
    return ", ".join(words.replace("|", " | ") for words in clauses)
