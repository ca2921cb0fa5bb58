"""From the user's text to SQL for the engine.

Each verb is replaced by the SQL that it stands for, each table with AT by a view of what it was; all else stays as it
was typed, byte for byte.

>>> compiled = compile("SELECT size FROM (CLUSTER FROM MBPP)")
>>> compiled.sql.startswith("SELECT size FROM (SELECT data_set_id, "), compiled.verbs
(True, 1)
"""

from dataclasses import dataclass, field

from sqlglot.errors import ParseError

from srcql.cells import Lowering
from srcql.engines import DUCKDB, FORMS, Forms
from srcql.errors import InvalidQuery, SrcqlError, Unsupported
from srcql.parser import Found, Past, find
from srcql.reader import MARK, Span, one_of
from srcql.resolver import STANDALONE, Resolver, Source
from srcql.sql import identifier
from srcql.trees import trees

__all__ = ["STANDALONE", "Compiled", "Resolver", "Source", "compile", "transpile"]


@dataclass(frozen=True)
class Carried:
    """A stretch of the SQL that stands where the user's text has one of that width: mostly the very same."""

    sql: int
    text: int
    length: int
    width: int


@dataclass(frozen=True)
class Compiled:
    """A statement ready for the engine; `verbs` counts those in the text."""

    text: str
    sql: str
    verbs: int
    carried: tuple[Carried, ...] = field(repr=False)

    def locate(self, offset: int) -> int | None:
        """Where an offset of the SQL stands in the user's text; None inside SQL that a verb stands for."""
        for part in self.carried:
            if part.sql <= offset < part.sql + part.length:
                return part.text + min(offset - part.sql, part.width - 1)
        return len(self.text) if offset == len(self.sql) else None


class _Writer:
    """Writes a statement from left to right and notes what it carried over."""

    def __init__(self, text: str, found: list[Found | Past], resolver: Resolver, forms: Forms) -> None:
        self.text, self.found, self.resolver, self.forms = text, found, resolver, forms
        self.parts: list[str] = []
        self.carried: list[Carried] = []
        self.length = 0

    def copy(self, start: int, end: int) -> None:
        """Carry the user's text over, its outermost verbs and its tables with AT replaced."""
        for found in self.found:
            if start <= found.span[0] and found.span[1] <= end:
                self._carry(start, found.span[0])
                if isinstance(found, Past):
                    self._name(found)
                else:
                    self._lower(found)
                start = found.span[1]
        self._carry(start, end)

    def _name(self, found: Past) -> None:
        """The view in place of the table; it goes by the name that the user has for it."""
        view = self.resolver.table(found.table, found.at)
        if view is None:
            self._carry(*found.span)
            return
        self._write(view, found.name)
        self._carry(found.name[1], found.clause[0])
        self._write(f" AS {identifier(found.table)}" if found.needs_alias else " ", found.clause)

    def _lower(self, found: Found) -> None:
        sql = found.verb.lower(Lowering(found.verb.cube, self.resolver, self.forms), found.root)
        for i, part in enumerate(sql.split(MARK)):
            if i % 2:
                start, end = part.split(":")
                self.copy(int(start), int(end))
            else:
                self._write(part)

    def _carry(self, start: int, end: int) -> None:
        if start < end:
            self._write(self.text[start:end], (start, end))

    def _write(self, sql: str, place: Span | None = None) -> None:
        if place:
            self.carried.append(Carried(self.length, place[0], len(sql), place[1] - place[0]))
        self.parts.append(sql)
        self.length += len(sql)


def compile(text: str, resolver: Resolver = STANDALONE, forms: Forms = DUCKDB) -> Compiled:
    """Lower the verbs of one statement to SQL: text -> `Compiled`.

    Raises InvalidQuery, UnknownName or Unsupported, with the place in the text, for a mistake in a verb or in AT. Any
    other text is handed on as it is.
    """
    found = find(text, resolver.observations)
    if not found:
        return Compiled(text, text, 0, (Carried(0, 0, len(text), len(text)),))
    if MARK in text:
        raise InvalidQuery("a statement cannot hold the character NUL")
    writer = _Writer(text, found, resolver, forms)
    try:
        writer.copy(0, len(text))
    except SrcqlError as error:
        error.text = error.text if error.text is not None else text
        raise
    verbs = sum(isinstance(part, Found) for part in found)
    return Compiled(text, "".join(writer.parts), verbs, tuple(writer.carried))


def transpile(text: str, write: str = "duckdb") -> str:
    """A statement as SQL of another engine, over tables that stand by their names.

    >>> transpile("SELECT size FROM (CLUSTER FROM MBPP)", write="spark")[:40]
    'WITH __rows_1 AS (SELECT data_set_id, pr'
    """
    if write not in FORMS:
        raise Unsupported(f"no SQL for {write}", hint=f"there is SQL for {one_of(list(FORMS))}")
    compiled = compile(text, forms=FORMS[write])
    try:
        return ";\n".join(tree.sql(write) for tree in trees(compiled.sql))
    except ParseError as error:
        raise _not_sql(compiled, error) from None


def _not_sql(compiled: Compiled, error: ParseError) -> InvalidQuery:
    found = error.errors[0]
    line, column = int(found.get("line") or 1), int(found.get("col") or 1)  # the column is that of the token's end
    end = sum(len(text) + 1 for text in compiled.sql.split("\n")[: line - 1]) + column
    place = compiled.locate(end - 1)
    span = (place + 1 - len(found.get("highlight") or " "), place + 1) if place is not None else None
    return InvalidQuery("this is not SQL that can be translated", text=compiled.text, span=span)
