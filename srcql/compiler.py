"""Compiles the user's text to SQL for the engine.

SQL replaces each verb, and a view of a past snapshot replaces each table with AT. All other text is copied unchanged.

>>> compiled = compile("SELECT size FROM (CLUSTER FROM MBPP)")
>>> compiled.sql.startswith("SELECT size FROM (SELECT data_set_id, "), compiled.verbs
(True, 1)
"""

from dataclasses import replace
from functools import partial
from typing import Any

from sqlglot.errors import ParseError, TokenError

from srcql.clauses.cube import Selection
from srcql.clauses.reader import MARK, Span, mark, one_of
from srcql.compiled import Carried, Compiled
from srcql.errors import InvalidQuery, SrcqlError, Unsupported
from srcql.find import find_parts
from srcql.lowering.engines import DUCKDB, FORMS, Forms
from srcql.lowering.lowering import Lowering
from srcql.parameters import numbered
from srcql.parser import FoundVerb, Part, TableAt, VisibleCte
from srcql.resolver import STANDALONE, Resolver, Source
from srcql.sql import identifier, quoted
from srcql.trees import trees

__all__ = ["STANDALONE", "Compiled", "Resolver", "Source", "compile", "transpile"]


class _Writer:
    """Writes a statement from left to right, and notes what it copies."""

    def __init__(self, text: str, found: list[Part], resolver: Resolver, forms: Forms) -> None:
        self.text, self.found, self.resolver, self.forms = text, found, resolver, forms
        self.parameters = numbered(text) if forms.numbered_parameters else {}
        self.parts: list[str] = []
        self.carried: list[Carried] = []
        self.length = 0

    def copy(self, start: int, end: int) -> None:
        """Copy a stretch of the user's text, and replace its parts."""
        for found in self.found:
            if start <= found.span[0] and found.span[1] <= end:
                self._carry(start, found.span[0])
                self._replace(found)
                start = found.span[1]
        self._carry(start, end)

    def _replace(self, found: Part) -> None:
        if isinstance(found, TableAt):
            self._name(found)
        elif isinstance(found, FoundVerb):
            self._lower(found)
        else:
            self._write(f" AS {quoted(' '.join(self.text[slice(*found.text)].split()))}")

    def _name(self, found: TableAt) -> None:
        """Write the view in place of the table, under the name that the user has for it."""
        view = self.resolver.table(found.table, found.at)
        if view is None:
            self._carry(*found.span)
            return
        self._write(view, found.name)
        self._carry(found.name[1], found.clause[0])
        self._write(f" AS {identifier(found.table)}" if found.needs_alias else " ", found.clause)

    def _lower(self, found: FoundVerb) -> None:
        found.verb.set_default_equality(self.resolver.equality)
        lowering = Lowering(found.verb.cube, self.resolver, self.forms, partial(self._ask, found.ctes))
        self._write_marked(found.verb.lower(lowering, found.root))

    def _ask(self, ctes: tuple[VisibleCte, ...], sql: str, same_again: bool) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query that lowering needs; it sees the common table expressions that the verb sees."""
        writer = _Writer(self.text, self.found, self.resolver, self.forms)
        for cte in reversed(ctes):
            sql = f"WITH {'RECURSIVE ' if cte.recursive else ''}{mark(cte.span)} SELECT * FROM ({sql})"
        writer._write_marked(sql)
        return self.resolver.ask(writer.compiled(), same_again)

    def _write_marked(self, sql: str) -> None:
        for i, part in enumerate(sql.split(MARK)):
            if i % 2:
                start, end = part.split(":")
                self.copy(int(start), int(end))
            else:
                self._write(part)

    def _carry(self, start: int, end: int) -> None:
        for place in [at for at in self.parameters if start <= at < end]:
            self._carry_plain(start, place)
            self._write(f" {self.parameters[place]} ", (place, place + 1))  # LIMIT$1 is a name
            start = place + 1
        self._carry_plain(start, end)

    def _carry_plain(self, start: int, end: int) -> None:
        if start < end:
            self._write(self.text[start:end], (start, end))

    def _write(self, sql: str, place: Span | None = None) -> None:
        if place:
            self.carried.append(Carried(self.length, place[0], len(sql), place[1] - place[0]))
        self.parts.append(sql)
        self.length += len(sql)

    def compiled(self) -> Compiled:
        """Return the statement as written so far."""
        verbs = sum(isinstance(part, FoundVerb) for part in self.found)
        return Compiled(self.text, "".join(self.parts), verbs, tuple(self.carried))


def compile(text: str, resolver: Resolver = STANDALONE, forms: Forms = DUCKDB) -> Compiled:
    """Compile one statement; text without verbs or AT is unchanged.

    Raises InvalidQuery, UnknownName or Unsupported, with the place in the text, for a mistake in a verb or in AT.
    """
    found = find_parts(text, resolver.observations)
    if not found:
        return Compiled(text, text, 0, (Carried(0, 0, len(text), len(text)),))
    if MARK in text:
        raise InvalidQuery("a statement cannot contain the character NUL")
    writer = _Writer(text, found, resolver, forms)
    try:
        writer.copy(0, len(text))
    except SrcqlError as error:
        error.text = error.text if error.text is not None else text
        raise
    return replace(writer.compiled(), partitionable=_partitionable(text, found))


def _partitionable(text: str, parts: list[Part]) -> Selection | None:
    first = parts[0]
    whole = len(parts) == 1 and isinstance(first, FoundVerb) and first.root and not text[: first.span[0]].strip()
    return first.verb.partitionable if whole and isinstance(first, FoundVerb) else None


def transpile(text: str, write: str = "duckdb") -> str:
    """Return a statement as SQL of another engine, over tables with the names of the lakehouse's.

    >>> transpile("SELECT size FROM (CLUSTER FROM MBPP)", write="spark")[:40]
    'WITH __rows_1 AS (SELECT data_set_id, pr'
    """
    if write not in FORMS:
        raise Unsupported(f"unknown engine {write}", hint=f"use {one_of(list(FORMS))}")
    compiled = compile(text, forms=FORMS[write])
    try:
        return ";\n".join(tree.sql(write) for tree in trees(compiled.sql))
    except (ParseError, TokenError) as error:
        raise _not_sql(compiled, error) from None


def _not_sql(compiled: Compiled, error: ParseError | TokenError) -> InvalidQuery:
    if isinstance(error, TokenError):
        return InvalidQuery("this SQL cannot be translated: a quotation or comment has no end", text=compiled.text)
    found = error.errors[0]
    line, column = int(found.get("line") or 1), int(found.get("col") or 1)  # the column is that of the token's end
    end = sum(len(text) + 1 for text in compiled.sql.split("\n")[: line - 1]) + column
    place = compiled.locate(end - 1)
    span = (place + 1 - len(found.get("highlight") or " "), place + 1) if place is not None else None
    return InvalidQuery("this SQL cannot be translated", text=compiled.text, span=span)
