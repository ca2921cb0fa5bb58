"""Where a verb may stand: DuckDB's parser with the verbs as soft keywords.

A verb word is a verb only where a query may stand and when FROM follows it, after its head; everywhere else it stays a
name. What is not a verb is only walked through, to know where a query may stand.
"""

import re
from dataclasses import dataclass
from typing import Any

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokens import Token, TokenType

from srcql.errors import InvalidQuery, Unsupported
from srcql.reader import QUOTED, Reader, Span
from srcql.schema import Table
from srcql.verbs import VERBS
from srcql.verbs.verb import Verb

VERB_WORD = re.compile(rf"\b({'|'.join(VERBS)})\b", re.IGNORECASE)
HEAD = {TokenType.COMMA, TokenType.STAR, TokenType.DOT, *DuckDBParser.ID_VAR_TOKENS}
SET_OPERATIONS = {TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT}
BARE = {TokenType.FROM, TokenType.JOIN, TokenType.COMMA}


@dataclass(frozen=True)
class Found:
    """A verb in the user's text; `root` when the statement's rows are its rows, in its order."""

    span: Span
    verb: Verb
    root: bool


class VerbNode(exp.Expression, exp.Query):
    """The place of a verb in the tree of the statement around it."""

    arg_types = {"this": True, "alias": False, "with_": False, **exp.QUERY_MODIFIERS}


class SrcqlParser(DuckDBParser):
    """Finds the verbs of a statement; `found` holds them by their start."""

    observations: Table
    found: dict[int, Found]

    def parse_query(self) -> exp.Expr | None:
        """Any query, as it stands in parentheses."""
        return self._parse_statement()

    def parse_condition(self) -> exp.Expr | None:
        """A condition, as it stands after WHERE."""
        return self._parse_assignment()

    def _parse_statement(self) -> exp.Expr | None:
        verb = self._parse_verb(followed=False)
        return self._parse_set_operations(verb) if verb else super()._parse_statement()

    def _parse_select_query(
        self,
        nested: bool = False,
        table: bool = False,
        parse_subquery_alias: bool = True,
        parse_set_operation: bool = True,
    ) -> exp.Expr | None:
        bare = table and self._prev and self._prev.token_type in BARE
        if bare and self._at_verb():
            raise Reader(self, self.observations).error("a verb stands in parentheses here", hint="FROM (verb FROM …)")
        verb = None if bare else self._parse_verb(operand=not parse_set_operation)
        if verb:
            return self._parse_set_operations(verb) if parse_set_operation else verb
        return super()._parse_select_query(
            nested=nested,
            table=table,
            parse_subquery_alias=parse_subquery_alias,
            parse_set_operation=parse_set_operation,
        )

    def _parse_select_or_expression(self, alias: bool = False) -> exp.Expr | None:
        verb = self._parse_verb()
        return self._parse_set_operations(verb) if verb else super()._parse_select_or_expression(alias=alias)

    def _at_verb(self, followed: bool = True) -> bool:
        """Whether a verb comes next: its word, and FROM after names, commas and stars alone."""
        token = self._curr
        if not token or token.token_type in QUOTED or token.text.upper() not in VERBS:
            return False
        if not followed and self._index == 0:
            return True
        rest = iter(self._tokens[self._index + 1 :])
        after = next((token.token_type for token in rest if token.token_type not in HEAD), None)
        return after is TokenType.FROM

    def _parse_verb(self, followed: bool = True, operand: bool = False) -> exp.Expr | None:
        if not self._at_verb(followed):
            return None
        start = self._index
        reader = Reader(self, self.observations)
        verb = VERBS[self._curr.text.upper()].read(reader, operand)
        if not operand and verb.tail and self._curr and self._curr.token_type in SET_OPERATIONS:
            hint = "(CLUSTER … ORDER BY … LIMIT …) UNION ALL …"
            raise reader.error(
                f"a verb with ORDER BY, LIMIT or OFFSET stands in parentheses before {reader.found}", hint=hint
            )
        self.found[reader.start] = Found((reader.start, reader.end), verb, not operand and self._is_root(start))
        return VerbNode(this=exp.Var(this=verb.word))

    def _is_root(self, start: int) -> bool:
        before = [token.token_type for token in self._tokens[:start]]
        depth = before.count(TokenType.L_PAREN) - before.count(TokenType.R_PAREN)
        after = [token.token_type for token in self._tokens[self._index :]]
        return after == [TokenType.R_PAREN] * depth and (depth == 0 or set(before) == {TokenType.L_PAREN})

    def _warn_unsupported(self) -> None:
        """Nothing: what the parser does not know is for the engine to judge."""


def verbs(text: str, observations: Table) -> list[Found]:
    """The verbs of a text, inner ones too, in order; none when it is plain SQL, or no SQL that we know.

    Raises InvalidQuery, UnknownName or Unsupported for a mistake in a verb.

    >>> from srcql.schema import OBSERVATIONS
    >>> [found.span for found in verbs("SELECT cluster FROM (CLUSTER FROM MBPP) AS cluster", OBSERVATIONS)]
    [(21, 38)]
    """
    if not VERB_WORD.search(text):
        return []
    try:
        tokens = DuckDB().tokenize(text)
    except TokenError:
        return []
    if tokens and tokens[0].token_type is TokenType.COMMAND:
        _refuse_command(text, tokens[0], observations)
        return []
    return _found(text, tokens, observations)


def _found(text: str, tokens: list[Token], observations: Table) -> list[Found]:
    parser = SrcqlParser(error_level=ErrorLevel.IMMEDIATE, dialect=DuckDB())
    parser.observations, parser.found = observations, {}
    try:
        parser.parse(tokens, text)
    except ParseError:
        pass  # the engine says what is wrong with SQL; a mistake in a verb is an InvalidQuery already
    except RecursionError:
        raise InvalidQuery("the statement is nested too deeply") from None
    if parser.found:
        _refuse_more(text, tokens)
    return [parser.found[start] for start in sorted(parser.found)]


def _refuse_more(text: str, tokens: list[Token]) -> None:
    ends = [i for i, token in enumerate(tokens) if token.token_type is TokenType.SEMICOLON]
    more = [token for token in tokens[ends[0] :] if token.token_type is not TokenType.SEMICOLON] if ends else []
    if more:
        span = (more[0].start, more[0].end + 1)
        raise InvalidQuery("one statement at a time: expected the end after ;", text=text, span=span)


def _refuse_command(text: str, command: Token, observations: Table) -> None:
    body = text[command.end + 1 :]
    inner: Any = re.sub(r"\A\s*ANALYZE\b", lambda match: " " * len(match[0]), body, flags=re.IGNORECASE)
    if verbs(" " * (command.end + 1) + inner, observations):
        span = (command.start, command.end + 1)
        raise Unsupported(f"{command.text.upper()} of a verb is not available yet", text=text, span=span)
