"""The parser that a `Reader` reads from: a cursor over the tokens of a statement, and parsers of pieces of SQL."""

from typing import Self

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokenizer_core import Token, TokenType

from srcql.tokens import tokenize
from srcql.trees import EngineParser


class PieceParser(EngineParser):
    """DuckDB's parser with a public cursor."""

    @classmethod
    def over(cls, text: str) -> Self:
        """Return a parser before the first token of a text.

        >>> PieceParser.over("DIGITS 6").next_token.text
        'DIGITS'
        """
        parser = cls(dialect=DuckDB())
        parser.sql, parser._tokens = text, tokenize(text)
        parser._tokens_size, parser._index = len(parser._tokens), -1
        parser._advance()
        return parser

    @property
    def next_token(self) -> Token | None:
        """The token that comes next; None at the end of the statement."""
        return self._curr or None

    @property
    def last_token(self) -> Token | None:
        """The token that was read last; None before the first."""
        return self._prev or None

    @property
    def position(self) -> int:
        """The number of tokens before the next one."""
        return int(self._index)

    def ahead(self, count: int) -> list[Token]:
        """Return the next tokens: so many, or fewer at the end."""
        return self._tokens[self._index : self._index + count]

    def read_token(self) -> Token:
        """Read the next token."""
        self._advance()
        return self._prev

    def take(self, kind: TokenType) -> bool:
        """Read the next token if it is of that type; return whether it was."""
        return bool(self._match(kind))

    def parse_query(self) -> exp.Expr | None:
        """Parse a query, as in parentheses."""
        return self._parse_statement()

    def parse_condition(self) -> exp.Expr | None:
        """Parse a condition, as after WHERE."""
        return self._parse_assignment()

    def parse_order_by(self) -> exp.Expr | None:
        """Parse ORDER BY and its expressions."""
        return self._parse_order()

    def parse_limit(self) -> exp.Expr | None:
        """Parse LIMIT and its number."""
        return self._parse_limit()

    def parse_offset(self) -> exp.Expr | None:
        """Parse OFFSET and its number."""
        return self._parse_offset()


try:
    PieceParser()
except TypeError as error:
    raise ImportError(
        "srcql extends sqlglot's parser, and compiled sqlglot forbids that: run pip uninstall sqlglotc"
    ) from error
