"""Finds the parts of a text that compilation replaces."""

import re
from contextlib import suppress

from sqlglot import ErrorLevel
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import Token, TokenType

from srcql.errors import InvalidQuery, SrcqlError, Unsupported
from srcql.explain import parse_explain
from srcql.parser import FoundVerb, Part, SrcqlParser
from srcql.schema import Table
from srcql.tokens import tokenize
from srcql.verbs import VERBS

WORD = re.compile(rf"\b({'|'.join(VERBS)}|AT)\b", re.IGNORECASE)


def find_parts(text: str, observations: Table) -> list[Part]:
    """Return the verbs of a text, its tables with AT and its unnamed columns, nested ones too, sorted by their start.

    Returns none for SQL that the parser does not know. Raises InvalidQuery, UnknownName or Unsupported for a mistake in
    a verb or in AT.

    >>> from srcql.schema import OBSERVATIONS
    >>> [part.span for part in find_parts("SELECT cluster FROM (CLUSTER FROM MBPP) AS cluster", OBSERVATIONS)]
    [(21, 38)]
    >>> [part.span for part in find_parts("FROM observations AT (VERSION => 7) AS o", OBSERVATIONS)]
    [(5, 35)]
    """
    if not WORD.search(text):
        return []
    tokens = tokenize(text)
    if tokens and tokens[0].token_type is TokenType.COMMAND:
        _reject_command(text, tokens[0], observations)
        return []
    return _parse(text, tokens, observations)


def _parse(text: str, tokens: list[Token], observations: Table) -> list[Part]:
    parser = SrcqlParser(error_level=ErrorLevel.IMMEDIATE, dialect=DuckDB())
    parser.observations, parser.parts, parser.ctes = observations, {}, []
    try:
        with suppress(ParseError):  # a mistake in a verb is an InvalidQuery; the engine reports all others
            parser.parse(tokens, text)
    except RecursionError:
        raise InvalidQuery("the statement is nested too deeply", hint="split it with WITH") from None
    if parser.parts:
        _reject_reserved(text, tokens)
        _reject_second_statement(text, tokens)
    return [parser.parts[start] for start in sorted(parser.parts)]


def _reject_reserved(text: str, tokens: list[Token]) -> None:
    """Reject names like those of common table expressions in lowered verbs: they could hide each other."""
    for token in tokens:
        if token.text.startswith("__") and token.token_type is not TokenType.STRING:
            span = (token.start, token.end + 1)
            hint = "use another name: those that start with two underscores are reserved"
            raise InvalidQuery(f"{token.text} is a reserved name", text=text, span=span, hint=hint)


def _reject_second_statement(text: str, tokens: list[Token]) -> None:
    ended = False
    for token in tokens:
        if ended and token.token_type is not TokenType.SEMICOLON:
            span = (token.start, token.end + 1)
            raise InvalidQuery("expected one statement", text=text, span=span, hint="send each statement alone")
        ended = ended or token.token_type is TokenType.SEMICOLON


def _reject_command(text: str, command: Token, observations: Table) -> None:
    """Reject EXPLAIN and similar commands of a verb. Their tokens are one raw text, which is parsed on its own."""
    end, word = command.end + 1, command.text.upper()
    explain = parse_explain(text)
    query = explain.query if explain else " " * end + text[end:]
    try:
        verbs = [part for part in find_parts(query, observations) if isinstance(part, FoundVerb)]
    except SrcqlError as error:
        error.text = text
        raise
    if verbs:
        hint = "run it on a lakehouse" if word == "EXPLAIN" else None
        raise Unsupported(f"{word} of a verb is not available here", text=text, span=(command.start, end), hint=hint)
