"""DuckDB's parser with the verbs as soft keywords, and with AT after tables.

A verb's word is a verb only where SQL allows a query, and only if FROM follows the verb's head. Everywhere else it is a
name. The parser reads other SQL only to know where a query is allowed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.at import At, at
from srcql.clauses.piece_parser import PieceParser
from srcql.clauses.reader import QUOTED, Reader, Span
from srcql.schema import Table
from srcql.verbs import VERBS
from srcql.verbs.verb import Verb

HEAD = {TokenType.COMMA, TokenType.STAR, TokenType.DOT, *QUOTED, TokenType.NUMBER, *DuckDBParser.ID_VAR_TOKENS}
SET_OPERATIONS = (TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT)
TABLE_FOLLOWS = (TokenType.FROM, TokenType.JOIN, TokenType.COMMA)
NO_ALIAS_AFTER = (TokenType.SUMMARIZE, TokenType.DESCRIBE, TokenType.SHOW, TokenType.TABLE)
SCHEMAS = ("", "main")
STARS = (exp.Star, exp.Column, exp.Dot)
SEVERAL = (exp.Columns, exp.Unnest, exp.Explode)  # may become several columns with names of their own


@dataclass(frozen=True)
class VisibleCte:
    """A common table expression that is visible to a verb: its name, and the span of its definition."""

    name: str
    span: Span
    recursive: bool


@dataclass(frozen=True)
class FoundVerb:
    """A verb in the user's text.

    `root` is whether the rows of the statement are those of the verb, in its order. `ctes` are the visible common table
    expressions, the outermost first.
    """

    span: Span
    verb: Verb
    root: bool
    ctes: tuple[VisibleCte, ...]


@dataclass(frozen=True)
class TableAt:
    """A table with AT in plain SQL; `needs_alias` is whether the user gave it no alias."""

    table: str
    name: Span
    clause: Span
    at: At
    needs_alias: bool

    @property
    def span(self) -> Span:
        """From the name of the table to the end of AT."""
        return self.name[0], self.clause[1]


@dataclass(frozen=True)
class UnnamedColumn:
    """A column over a verb without an alias: its name is its text, so that lowering does not change the name."""

    text: Span

    @property
    def span(self) -> Span:
        """The place of the missing alias."""
        return self.text[1], self.text[1]


Part = FoundVerb | TableAt | UnnamedColumn


class VerbNode(exp.Select):
    """A verb in the tree of the statement around it. A Select, because parentheses around a verb hold a query."""

    arg_types = {**exp.Select.arg_types, "this": True}


class SrcqlParser(PieceParser):
    """Collects the parts of a statement that compilation replaces; `parts` holds them by their start.

    `ctes` are the common table expressions that are visible at the parser's place: they hide tables of the same name.
    """

    observations: Table
    parts: dict[int, Part]
    ctes: list[VisibleCte]

    def _parse_statement(self) -> exp.Expr | None:  # a whole statement, and the body of a CTE
        verb = self._parse_verb(opens=self._index == 0)
        return self._parse_set_operations(verb) if verb else super()._parse_statement()

    def _parse_cte(self) -> exp.CTE | exp.FunctionSpecification | None:
        first, before = self._index, self._prev
        cte = super()._parse_cte()
        if cte:
            follows = before.token_type is TokenType.COMMA and self.ctes
            recursive = self.ctes[-1].recursive if follows else before.token_type is TokenType.RECURSIVE
            span = self._tokens[first].start, self._prev.end + 1
            self.ctes.append(VisibleCte(cte.alias.lower(), span, recursive))
        return cte

    @contextmanager
    def _scope(self) -> Iterator[None]:
        outer = len(self.ctes)
        try:
            yield
        finally:
            del self.ctes[outer:]

    def _parse_select_query(  # (…), FROM (…), EXISTS (…), CREATE … AS …, COPY (…), operands of UNION
        self,
        nested: bool = False,
        table: bool = False,
        parse_subquery_alias: bool = True,
        parse_set_operation: bool = True,
    ) -> exp.Expr | None:
        if table and self._prev and self._prev.token_type in TABLE_FOLLOWS:
            if self._at_verb():
                raise Reader(self, self.observations).error("a verb after FROM needs parentheses")
        elif verb := self._parse_verb(operand=not parse_set_operation):
            return self._parse_set_operations(verb) if parse_set_operation else verb
        with self._scope():
            query = super()._parse_select_query(
                nested=nested,
                table=table,
                parse_subquery_alias=parse_subquery_alias,
                parse_set_operation=parse_set_operation,
            )
        self._note_unnamed(query)
        return query

    def _note_unnamed(self, query: exp.Expr | None) -> None:
        for column in query.expressions if isinstance(query, exp.Select) else ():
            several = isinstance(column, STARS) or column.find(*SEVERAL)
            if "span" in column.meta and not several and not column.alias and column.find(VerbNode):
                self.parts[column.meta["span"][1]] = UnnamedColumn(column.meta["span"])

    def _parse_wrapped_select(self, table: bool = False) -> exp.Expr | None:  # FROM (…): before it is taken for a table
        verb = self._parse_verb()
        return self._parse_set_operations(verb) if verb else super()._parse_wrapped_select(table=table)

    def _parse_select_or_expression(self, alias: bool = False) -> exp.Expr | None:  # IN (…)
        verb = self._parse_verb()
        return self._parse_set_operations(verb) if verb else super()._parse_select_or_expression(alias=alias)

    def _parse_disjunction(self) -> exp.Expr | None:  # a condition, or the whole of what stands in parentheses
        return self._with_span(super()._parse_disjunction)

    def _parse_equality(self, parse_is: bool = True) -> exp.Expr | None:  # an operand of AND
        return self._with_span(lambda: super(SrcqlParser, self)._parse_equality(parse_is))

    def _with_span(self, parse: Callable[[], exp.Expr | None]) -> exp.Expr | None:
        """Parse, and note the place in the text: lowering may copy one part of a condition alone."""
        first = self._index
        tree = parse()
        if tree and first < self._index:
            tree.meta["span"] = (self._tokens[first].start, self._prev.end + 1)
        return tree

    def _at_verb(self, opens: bool = False) -> bool:
        """Return whether a verb comes next: its word, then names, strings, numbers, commas and stars, then FROM."""
        token = self._curr
        if not token or token.token_type in QUOTED or token.text.upper() not in VERBS:
            return False
        after = (token.token_type for token in self._tokens[self._index + 1 :])
        return opens or next((kind for kind in after if kind not in HEAD), None) is TokenType.FROM

    def _parse_verb(self, opens: bool = False, operand: bool = False) -> exp.Expr | None:
        if not self._at_verb(opens):
            return None
        first, reader = self._index, Reader(self, self.observations)
        verb = VERBS[self._curr.text.upper()].read(reader, operand)
        if verb.tail.pieces and reader.next_type in SET_OPERATIONS:
            raise reader.error(f"a verb with ORDER BY, LIMIT or OFFSET needs parentheses before {reader.found}")
        before = [token.token_type for token in self._tokens[:first]]
        depth = before.count(TokenType.L_PAREN) - before.count(TokenType.R_PAREN)
        if reader.next_type is (None if depth else TokenType.R_PAREN):
            raise reader.expected(")" if depth else "a clause or the end of the statement")
        after = [token.token_type for token in self._tokens[self._index :]]
        root = not operand and after == [TokenType.R_PAREN] * depth and depth in (0, len(before))
        self.parts[reader.start] = FoundVerb((reader.start, reader.end), verb, root, tuple(self.ctes))
        return VerbNode(this=exp.Var(this=verb.word))

    def _parse_historical_data(self) -> exp.HistoricalData | None:  # AT, before or after the alias of a table
        if self._curr.token_type in QUOTED or self._curr.text.upper() != "AT":
            return None
        if self._next.token_type is not TokenType.L_PAREN:
            return None
        reader = Reader(self, self.observations)
        read = at(reader)
        node = exp.HistoricalData(this="AT", kind="AT", expression=exp.Var(this=str(read)))
        node.meta.update(at=read, clause=(reader.start, reader.end))
        return node

    def _parse_table(self, *args: Any, **options: Any) -> exp.Expr | None:
        before = self._prev.token_type if self._prev else None
        table = super()._parse_table(*args, **options)
        if isinstance(table, exp.Table) and "at" in (when := table.args.get("when") or table).meta:
            named = bool(table.alias) or before in NO_ALIAS_AFTER
            self._note_table_at(table, when.meta["at"], when.meta["clause"], named)
        return table

    def _note_table_at(self, table: exp.Table, at: At, clause: Span, named: bool) -> None:
        hidden = not table.db and table.name.lower() in [cte.name for cte in self.ctes]
        parts = [part.meta for part in table.parts]
        if not hidden and table.db.lower() in SCHEMAS and all("start" in part for part in parts):
            name = parts[0]["start"], parts[-1]["end"] + 1
            self.parts[name[0]] = TableAt(table.name, name, clause, at, not named)

    def _warn_unsupported(self) -> None:
        """Do nothing: the engine judges SQL that this parser does not know."""
