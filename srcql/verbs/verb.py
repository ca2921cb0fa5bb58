"""What all verbs share: how a statement of one is read, and the form of the SQL that it stands for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.conditions import refuse_aggregates, refuse_unknown
from srcql.clauses.cube import Cube, Selection
from srcql.clauses.reader import Piece, Reader, Span, one_of
from srcql.clauses.reading import next_clause, read_clauses
from srcql.clauses.shared import SHARED, Clause, Read, cube, source
from srcql.errors import SrcqlError
from srcql.lowering.lowering import Lowering
from srcql.sql import identifier, listed, quoted


def order_by(reader: Reader) -> Piece:
    """ORDER BY: over the columns of the result; the verb's own order follows it."""
    order = reader.piece(lambda parser: parser.parse_order_by(), "a column of the result")
    refuse_aggregates(reader, order, "ORDER BY looks at one row of the result", windows=True)
    order_text = reader.text[order.span[0] : order.span[1]]
    if order_text.endswith(","):
        raise reader.expected("a column of the result")
    for term in order.tree.expressions:
        if isinstance(term.this.unnest(), PARAMETERS):
            hint = "an expression may hold one, as in ORDER BY size > ?"
            raise reader.error("ORDER BY names columns of the result, and a parameter is a value", order.span, hint)
    if order.tree.expressions[0].this.name.upper() == "ALL" and '"' not in order_text.split(",")[0]:
        hint = "the order of the verb itself follows the columns that are named"
        raise reader.error("ORDER BY names columns of the result", order.span, hint)
    return order


TAIL: Mapping[str, Clause] = {
    "ORDER BY": order_by,
    "LIMIT": lambda reader: reader.piece(lambda parser: parser.parse_limit(), "a number of rows"),
    "OFFSET": lambda reader: reader.piece(lambda parser: parser.parse_offset(), "a number of rows"),
}
ENDS = (None, TokenType.R_PAREN, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT)
PARAMETERS = (exp.Placeholder, exp.Parameter)
SQL_ONLY = ("GROUP BY", "HAVING", "QUALIFY", "USING SAMPLE", "TABLESAMPLE", "SAMPLE")


class Verb(ABC):
    """One verb as it was read; a verb says its word, its own clauses, its columns and the SQL that gives them."""

    word: ClassVar[str]
    form: ClassVar[str]
    shared: ClassVar[Mapping[str, Clause]] = SHARED
    own: ClassVar[Mapping[str, Clause]] = {}
    results: ClassVar[tuple[str, ...]] = ()
    order: ClassVar[tuple[str, ...]]

    def __init__(self, cube: Cube, head: Any, clauses: Read, place: Span) -> None:
        self.cube = cube
        self.head = head
        self.clauses = clauses
        self.place = place

    @classmethod
    def read(cls, reader: Reader, operand: bool) -> Self:
        """Read one statement; what follows the last operand of a set operation is not its own."""
        place = reader.span
        reader.take(cls.word)
        reader.results = cls.results
        head = cls.read_head(reader) if reader.next_type else None
        if not reader.take("FROM"):
            raise reader.expected(f"FROM after {cls.word}", f"{cls.form} FROM data_set[.problem], … | * | (query)")
        selected = source(reader)
        grammar = {**cls.shared, **cls.own, **TAIL}
        clauses = read_clauses(reader, [words for words in grammar if not operand or words not in TAIL], grammar)
        if reader.next_type not in ENDS and not (operand and any(reader.at(words) for words in TAIL)):
            raise _stray(cls.word, reader, list(grammar), clauses)
        verb = cls(cube(selected, clauses), head, clauses, place)
        verb.check(reader)
        return verb

    def check(self, reader: Reader) -> None:
        """Refuse clauses that do not go together."""
        self.check_runs(reader)
        if self.cube.query and "AT" in self.clauses:
            hint = "FROM (FROM observations AT (…))"
            raise reader.error("AT of a query stands inside it, after the table", self.clauses["AT"].span, hint)
        if "ORDER BY" in self.clauses:
            self.check_order(reader, self.clauses["ORDER BY"])

    def check_runs(self, reader: Reader) -> None:
        """Refuse RUNS ALL: only votes can be parted among runs."""
        if self.cube.runs == "ALL":
            hint = "runs have parts of a vote, and make no clusters; RUNS EACH shows every run for itself"
            raise reader.error("RUNS ALL belongs to ORACLE PER STEP", self.clauses["RUNS"].span, hint)

    def check_order(self, reader: Reader, order: Piece) -> None:
        """Refuse to order by what is no column of the result."""
        refuse_unknown(reader, order, self.word.lower(), list(dict.fromkeys((*self.columns, *self.sorted_by))))

    @classmethod
    def read_head(cls, _: Reader) -> Any:
        """Read what stands between the verb and FROM: nothing, unless the verb says otherwise."""
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

    @property
    def tail(self) -> list[Piece]:
        """Its ORDER BY, LIMIT and OFFSET."""
        return [self.clauses[words] for words in TAIL if words in self.clauses]

    def lower(self, lowering: Lowering, root: bool) -> str:
        """The SQL that it stands for: it may stand wherever a query may, and all that it names is its own."""
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
        if not root and not self.tail:
            return ""
        default = ", ".join(f"{identifier(column)} NULLS LAST" for column in self._total_order)
        order = self.clauses.get("ORDER BY")
        ordered = f"{order}, {default}" if order else f"ORDER BY {default}"
        return " ".join(["", ordered, *(str(piece) for piece in self.tail if piece is not order)])


def _stray(verb: str, reader: Reader, order: list[str], read: Read) -> SrcqlError:
    """The error that something stands where no clause may."""
    for words in SQL_ONLY:
        if reader.at(words):
            read_so_far = " ".join(reader.text[reader.start : reader.end].split())
            hint = f"SELECT … FROM ({read_so_far}) {words} …"
            return reader.error(f"{words} cannot follow a verb", reader.ahead(words), hint)
    last = max((order.index(words) for words in read), default=-1)
    for words in order:
        if found := next_clause(reader, words):
            message = f"{found} belongs before {order[last].replace('|', ', ')}"
            if words in read:
                several = f"expected only one of {one_of(words.split('|'))}"
                message = f"duplicate {found}" if found == words else several
            return reader.error(message, reader.ahead(found), f"order of clauses: {_listed(order)}")
    follow = f"what may follow: {_listed(order[last + 1 :])}" if order[last + 1 :] else None
    for words in SHARED:
        if words not in order and next_clause(reader, words):
            return reader.error(f"{verb} takes no {words}", reader.ahead(words), follow)
    for other in Verb.__subclasses__():
        for words in other.own:
            found = next_clause(reader, words)
            if found and not any(longer.startswith(f"{found} ") for longer in order):
                having = one_of([verb.word for verb in Verb.__subclasses__() if words in verb.own])
                return reader.error(f"{found} belongs to {having}", reader.ahead(found), follow)
    near = reader.near([word for words in order for word in words.split("|")])
    return reader.expected("a clause or the end of the verb", near or follow)


def _listed(clauses: list[str]) -> str:
    return ", ".join(words.replace("|", " | ") for words in clauses)
