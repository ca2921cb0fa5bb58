"""What all verbs share: how a statement of one is read, and the form of the SQL that it stands for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sqlglot.tokens import TokenType

from srcql.cells import Lowering, Resolver, identifier
from srcql.clauses import SHARED, SQL_ONLY, Clause, Read, cube, source
from srcql.cube import Cube
from srcql.errors import suggestion
from srcql.reader import Piece, Reader

ENDS = {None, TokenType.R_PAREN, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT}
TAIL: Mapping[str, Clause] = {
    "ORDER BY": lambda reader: reader.modifier("_parse_order"),
    "LIMIT": lambda reader: reader.modifier("_parse_limit"),
    "OFFSET": lambda reader: reader.modifier("_parse_offset"),
}


class Verb(ABC):
    """One verb as it was read; each verb says its word, its own clauses, its columns and the SQL that gives them."""

    word: ClassVar[str]
    own: ClassVar[Mapping[str, Clause]] = {}
    order: ClassVar[tuple[str, ...]]

    def __init__(self, cube: Cube, head: Any, clauses: Read) -> None:
        self.cube = cube
        self.head = head
        self.clauses = clauses
        self.tail: list[Piece] = [clauses[words] for words in TAIL if words in clauses]

    @classmethod
    def read(cls, reader: Reader, operand: bool) -> Self:
        """Read one statement; what follows the last operand of a set operation belongs to that."""
        reader.take(cls.word)
        head = cls.read_head(reader)
        if not reader.take("FROM"):
            raise reader.expected(f"FROM after {cls.word}", f"{cls.word} FROM data_set[.problem] | * | (query)")
        selected = source(reader)
        clauses = _clauses(reader, {**SHARED, **cls.own, **({} if operand else TAIL)})
        if operand and any(reader.at(words) for words in TAIL):
            return cls(cube(selected, clauses), head, clauses)
        if reader.next_type not in ENDS:
            raise _stray(reader, {**SHARED, **cls.own, **TAIL}, clauses)
        return cls(cube(selected, clauses), head, clauses)

    @classmethod
    def read_head(cls, reader: Reader) -> Any:  # noqa: ARG003
        """Read what stands between the verb and FROM."""
        return None

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""

    @abstractmethod
    def select(self, lowering: Lowering) -> str:
        """A SELECT of those columns, in any order, over common table expressions that it defines."""

    def lower(self, resolver: Resolver, root: bool) -> str:
        """The SQL that it stands for: it may stand wherever a query may, and what it names is its own."""
        lowering = Lowering(self.cube, resolver)
        rows = self.select(lowering)
        columns = ", ".join(map(identifier, self.columns))
        return f"SELECT {columns} FROM ({lowering.with_} {rows}) AS {self.word.lower()}{self._ending(root)}"

    def _ending(self, root: bool) -> str:
        if not root and not self.tail:
            return ""
        default = [f"{identifier(column)} NULLS LAST" for column in (*self.cube.analysis, *self.order)]
        order = self.clauses.get("ORDER BY")
        if order is None:
            ordered = "ORDER BY " + ", ".join(default)
        else:
            ordered = ", ".join([str(order), *default])
        return " ".join(["", ordered, *(str(piece) for piece in self.tail if piece is not order)])


def _clauses(reader: Reader, grammar: Mapping[str, Clause]) -> Read:
    read: Read = {}
    for words, clause in grammar.items():
        if reader.at(words):
            if words not in TAIL:
                reader.take(words)
            read[words] = clause(reader)
    return read


def _stray(reader: Reader, grammar: Mapping[str, Clause], read: Read) -> Exception:
    """The error that something stands where no clause may."""
    for words in SQL_ONLY:
        if reader.at(words):
            hint = f"SELECT … FROM ({reader.verb_text}) {words} …"
            return reader.error(f"{words} cannot stand in a verb", hint=hint)
    words = next((words for words in grammar if reader.at(words)), None)
    if words in read:
        return reader.error(f"{words} is given twice")
    order = list(grammar)
    if words:
        after = next(other for other in order[order.index(words) :] if other in read)
        return reader.error(f"{words} stands before {after}", hint="order of clauses: " + " ".join(order))
    hint = suggestion(reader.found, [words for words in order if order.index(words) > _last(order, read)], "clauses")
    return reader.expected("a clause or the end of the verb", hint)


def _last(order: list[str], read: Read) -> int:
    return max((order.index(words) for words in read), default=-1)
