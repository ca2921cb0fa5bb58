"""Where a verb may stand: DuckDB's parser with the verbs as soft keywords, and tables that are read as they were.

A verb word is a verb only where a query may stand and when FROM follows it, after its head; everywhere else it stays a
name. What is neither a verb nor a table with AT is only walked through, to know where a query may stand.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from srcql.clauses.at import At, at
from srcql.clauses.reader import QUOTED, Reader, Span
from srcql.errors import InvalidQuery, SrcqlError, Unsupported
from srcql.explained import explained
from srcql.schema import Table
from srcql.trees import EngineParser
from srcql.verbs import VERBS
from srcql.verbs.verb import Verb

WORD = re.compile(rf"\b({'|'.join(VERBS)}|AT)\b", re.IGNORECASE)
HEAD = {TokenType.COMMA, TokenType.STAR, TokenType.DOT, *QUOTED, TokenType.NUMBER, *DuckDBParser.ID_VAR_TOKENS}
SET_OPERATIONS = (TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT)
TABLE_FOLLOWS = (TokenType.FROM, TokenType.JOIN, TokenType.COMMA)
NO_ALIAS_AFTER = (TokenType.SUMMARIZE, TokenType.DESCRIBE, TokenType.SHOW, TokenType.TABLE)
SCHEMAS = ("", "main")
STARS = (exp.Star, exp.Column, exp.Dot)
SEVERAL = (exp.Columns, exp.Unnest, exp.Explode)  # what may become several columns, with names of their own


@dataclass(frozen=True)
class Seen:
    """A common table expression, by its name and its text."""

    name: str
    span: Span
    recursive: bool


@dataclass(frozen=True)
class Found:
    """A verb in the user's text; `root` when the rows of the statement are its rows, in its order.

    `ctes` are the common table expressions that it can see.
    """

    span: Span
    verb: Verb
    root: bool
    ctes: tuple[Seen, ...]


@dataclass(frozen=True)
class Past:
    """A table of plain SQL with AT; `needs_alias` where no name of the user's stands for it yet."""

    table: str
    name: Span
    clause: Span
    at: At
    needs_alias: bool

    @property
    def span(self) -> Span:
        """From its name to the end of AT."""
        return self.name[0], self.clause[1]


@dataclass(frozen=True)
class Unnamed:
    """A column over a verb to which the user gave no name: it goes by its text, and not by what the verb stands for."""

    text: Span

    @property
    def span(self) -> Span:
        """Where its name is missing."""
        return self.text[1], self.text[1]


Part = Found | Past | Unnamed


class VerbNode(exp.Select):
    """The place of a verb in the tree of the statement around it: parentheses around it hold a query."""

    arg_types = {**exp.Select.arg_types, "this": True}  # noqa: RUF012


class SrcqlParser(EngineParser):
    """Finds the verbs of a statement and its tables with AT; `found` holds them by their start.

    `ctes` are the common table expressions that can be seen where the parser is: they hide tables of their name.
    """

    observations: Table
    found: dict[int, Part]
    ctes: list[Seen]

    def parse_query(self) -> exp.Expr | None:
        """A query, as it stands in parentheses."""
        return self._parse_statement()

    def parse_condition(self) -> exp.Expr | None:
        """A condition, as it stands after WHERE."""
        return self._parse_assignment()

    def parse_order_by(self) -> exp.Expr | None:
        """ORDER BY and what it orders by."""
        return self._parse_order()

    def parse_limit(self) -> exp.Expr | None:
        """LIMIT and its number."""
        return self._parse_limit()

    def parse_offset(self) -> exp.Expr | None:
        """OFFSET and its number."""
        return self._parse_offset()

    def _parse_statement(self) -> exp.Expr | None:  # a whole statement, and the body of a CTE
        verb = self._parse_verb(opens=self._index == 0)
        return self._parse_set_operations(verb) if verb else super()._parse_statement()

    def _parse_cte(self) -> Any:
        first, before = self._index, self._prev
        cte = super()._parse_cte()
        if cte:
            follows = before.token_type is TokenType.COMMA and self.ctes
            recursive = self.ctes[-1].recursive if follows else before.token_type is TokenType.RECURSIVE
            span = self._tokens[first].start, self._prev.end + 1
            self.ctes.append(Seen(cte.alias.lower(), span, recursive))
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
                raise Reader(self, self.observations).error("a verb after FROM stands in parentheses")
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
                self.found[column.meta["span"][1]] = Unnamed(column.meta["span"])

    def _parse_wrapped_select(self, table: bool = False) -> exp.Expr | None:  # FROM (…): before it is taken for a table
        verb = self._parse_verb()
        return self._parse_set_operations(verb) if verb else super()._parse_wrapped_select(table=table)

    def _parse_select_or_expression(self, alias: bool = False) -> exp.Expr | None:  # IN (…)
        verb = self._parse_verb()
        return self._parse_set_operations(verb) if verb else super()._parse_select_or_expression(alias=alias)

    def _parse_disjunction(self) -> exp.Expr | None:  # a condition, or the whole of what stands in parentheses
        return self._placed(super()._parse_disjunction)

    def _parse_equality(self, parse_is: bool = True) -> exp.Expr | None:  # an operand of AND
        return self._placed(lambda: super(SrcqlParser, self)._parse_equality(parse_is))

    def _placed(self, parse: Callable[[], exp.Expr | None]) -> exp.Expr | None:
        """What is parsed, with its place in the text: a part of a condition may be carried over alone."""
        first = self._index
        tree = parse()
        if tree and first < self._index:
            tree.meta["span"] = (self._tokens[first].start, self._prev.end + 1)
        return tree

    def _at_verb(self, opens: bool = False) -> bool:
        """Whether a verb comes next: its word, and FROM after names, texts, numbers, commas and stars alone."""
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
        if verb.tail and reader.next_type in SET_OPERATIONS:
            raise reader.error(f"a verb with ORDER BY, LIMIT or OFFSET stands in parentheses before {reader.found}")
        before = [token.token_type for token in self._tokens[:first]]
        depth = before.count(TokenType.L_PAREN) - before.count(TokenType.R_PAREN)
        if reader.next_type is (None if depth else TokenType.R_PAREN):
            raise reader.expected(")" if depth else "a clause or the end of the statement")
        after = [token.token_type for token in self._tokens[self._index :]]
        root = not operand and after == [TokenType.R_PAREN] * depth and depth in (0, len(before))
        self.found[reader.start] = Found((reader.start, reader.end), verb, root, tuple(self.ctes))
        return VerbNode(this=exp.Var(this=verb.word))

    def _parse_historical_data(self) -> Any:  # AT, before or after the alias of a table
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
            self._note_past(table, when.meta, bool(table.alias) or before in NO_ALIAS_AFTER)
        return table

    def _note_past(self, table: exp.Table, when: dict[str, Any], named: bool) -> None:
        hidden = not table.db and table.name.lower() in [cte.name for cte in self.ctes]
        parts = [part.meta for part in table.parts]
        if not hidden and table.db.lower() in SCHEMAS and all("start" in part for part in parts):
            name = parts[0]["start"], parts[-1]["end"] + 1
            self.found[name[0]] = Past(table.name, name, when["clause"], when["at"], not named)

    def _warn_unsupported(self) -> None:
        """Nothing: what the parser does not know is for the engine to judge."""


try:
    SrcqlParser()
except TypeError as error:
    raise ImportError(
        "srcql extends sqlglot's parser, which compiled sqlglot forbids: pip uninstall sqlglotc"
    ) from error


def find(text: str, observations: Table) -> list[Part]:
    """The verbs of a text and its tables with AT, inner ones too, by their start; none in SQL that we do not know.

    Raises InvalidQuery, UnknownName or Unsupported for a mistake in a verb or in AT.

    >>> from srcql.schema import OBSERVATIONS
    >>> [found.span for found in find("SELECT cluster FROM (CLUSTER FROM MBPP) AS cluster", OBSERVATIONS)]
    [(21, 38)]
    >>> [found.span for found in find("FROM observations AT (VERSION => 7) AS o", OBSERVATIONS)]
    [(5, 35)]
    """
    if not WORD.search(text):
        return []
    try:
        tokens = DuckDB().tokenize(text)
    except TokenError:
        return []
    if tokens and tokens[0].token_type is TokenType.COMMAND:
        _refuse_command(text, tokens[0], observations)
        return []
    return _found(text, tokens, observations)


def _found(text: str, tokens: list[Token], observations: Table) -> list[Part]:
    parser = SrcqlParser(error_level=ErrorLevel.IMMEDIATE, dialect=DuckDB())
    parser.observations, parser.found, parser.ctes = observations, {}, []
    try:
        with suppress(ParseError):  # a mistake in a verb is an InvalidQuery; others are for the engine to tell
            parser.parse(tokens, text)
    except RecursionError:
        raise InvalidQuery("the statement is nested too deeply") from None
    if parser.found:
        _refuse_reserved(text, tokens)
        _refuse_more(text, tokens)
    return [parser.found[start] for start in sorted(parser.found)]


def _refuse_reserved(text: str, tokens: list[Token]) -> None:
    """What a verb stands for names its own expressions so; a name of the user's could stand before them."""
    for token in tokens:
        if token.text.startswith("__") and token.token_type is not TokenType.STRING:
            hint = "names that start with two underscores belong to the language"
            raise InvalidQuery(
                f"{token.text} cannot be a name", text=text, span=(token.start, token.end + 1), hint=hint
            )


def _refuse_more(text: str, tokens: list[Token]) -> None:
    ended = False
    for token in tokens:
        if ended and token.token_type is not TokenType.SEMICOLON:
            raise InvalidQuery("one statement at a time", text=text, span=(token.start, token.end + 1))
        ended = ended or token.token_type is TokenType.SEMICOLON


def _refuse_command(text: str, command: Token, observations: Table) -> None:
    """EXPLAIN and its like: the tokens after it are one raw text, which is read on its own."""
    end, word = command.end + 1, command.text.upper()
    asked = explained(text)
    query = asked.query if asked else " " * end + text[end:]
    try:
        verbs = [found for found in find(query, observations) if isinstance(found, Found)]
    except SrcqlError as error:
        error.text = text
        raise
    if verbs:
        hint = "ask the lakehouse: only it knows its files" if word == "EXPLAIN" else None
        raise Unsupported(f"{word} of a verb is not available here", text=text, span=(command.start, end), hint=hint)
