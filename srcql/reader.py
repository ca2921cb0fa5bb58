"""What a verb reads: words, names, and pieces of the user's text that are carried over as they stand."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.tokens import Token, TokenType

from srcql.errors import InvalidQuery, SrcqlError, Unsupported, suggestion
from srcql.schema import Table

if TYPE_CHECKING:
    from srcql.parser import SrcqlParser

MARK = "\0"
QUOTED = (TokenType.IDENTIFIER, TokenType.STRING)
Span = tuple[int, int]


@dataclass(frozen=True)
class Name:
    """An identifier as the user wrote it; `span` holds its offsets in the user's text, end exclusive."""

    text: str
    span: Span


@dataclass(frozen=True)
class Piece:
    """A part of the user's text that lowered SQL holds as it stands; printed, it marks its place.

    >>> str(Piece((3, 7), exp.true())).split(MARK)
    ['', '3:7', '']
    """

    span: Span
    tree: exp.Expr

    def __str__(self) -> str:
        return f"{MARK}{self.span[0]}:{self.span[1]}{MARK}"


def literal(text: str) -> str:
    """A text as SQL.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


class Reader:
    """Reads one verb, token by token, and says where it went wrong."""

    def __init__(self, parser: "SrcqlParser", observations: Table) -> None:
        self._parser = parser
        self.observations = observations
        self.start = self._token.start if self._token else 0

    @property
    def _token(self) -> Token | None:
        return self._parser._curr

    @property
    def next_type(self) -> TokenType | None:
        """The type of the next token; None at the end of the statement."""
        return self._token.token_type if self._token else None

    @property
    def end(self) -> int:
        """Offset after the last token that was read."""
        return int(self._parser._prev.end) + 1

    @property
    def text(self) -> str:
        """The user's whole text."""
        return str(self._parser.sql)

    def at(self, words: str) -> bool:
        """Whether these words come next, unquoted and in any case."""
        tokens = self._parser._tokens[self._parser._index :]
        wanted = words.split()
        found = " ".join(t.text.upper() for t in tokens[: len(wanted)] if t.token_type not in QUOTED)
        return found.split()[: len(wanted)] == wanted

    def take(self, words: str) -> bool:
        """Read these words when they come next."""
        if not self.at(words):
            return False
        read = 0
        while read < len(words.split()):
            read += len(self._advance().text.split())
        return True

    def expect(self, words: Sequence[str]) -> str:
        """Read one of these words, or say that it was expected."""
        for word in words:
            if self.take(word):
                return word
        raise self.expected(one_of(words))

    def name(self, what: str) -> Name:
        """Read an identifier, or a quoted name."""
        token = self._token
        if token is None or (
            token.token_type != TokenType.STRING and token.token_type not in self._parser.ID_VAR_TOKENS
        ):
            raise self.expected(what, hint=_unquoted(token, what))
        self._advance()
        return Name(token.text, (token.start, token.end + 1))

    def number(self, what: str) -> int:
        """Read a whole number from 0."""
        token = self._token
        if token is None or token.token_type != TokenType.NUMBER or not token.text.isdecimal():
            raise self.expected(what)
        return int(self._advance().text)

    def sign(self, type_: TokenType) -> bool:
        """Read a token of that type when it comes next."""
        return bool(self._parser._match(type_))

    def listed(self, read: Callable[[], Any]) -> tuple[Any, ...]:
        """Read one or more, with commas between."""
        found = [read()]
        while self.sign(TokenType.COMMA):
            found.append(read())
        return tuple(found)

    def piece(self, parse: Callable[["SrcqlParser"], Any], what: str) -> Piece:
        """Read with a parser's own method what is carried over as it stands."""
        start = self._token.start if self._token else self.end
        before = self._parser._index
        try:
            tree = parse(self._parser)
        except ParseError as error:
            raise parse_error(error, self._parser) from None
        if self._parser._index == before:
            raise self.expected(what)
        return Piece((start, self.end), tree)

    def modifier(self, method: str) -> Piece:
        """Read ORDER BY, LIMIT or OFFSET as a whole with the parser's method for it."""
        return self.piece(lambda parser: getattr(parser, method)(), "an expression")

    @property
    def verb_text(self) -> str:
        """The verb so far."""
        return self.text[self.start : self.end]

    def refuse_later(self, words: Iterable[str]) -> None:
        """Say of a clause that belongs to the language that this version has none."""
        for word in words:
            if self.at(word):
                start = self._token.start if self._token else 0
                self.take(word)
                raise Unsupported(f"{word} is not available yet", text=self.text, span=(start, self.end))

    def expected(self, what: str, hint: str | None = None) -> InvalidQuery:
        """The error that something else was found."""
        return self.error(f"expected {what}, found {self.found}", hint=hint)

    def error(
        self, message: str, span: Span | None = None, hint: str | None = None, kind: type[SrcqlError] = InvalidQuery
    ) -> Any:
        """An error at the next token, or at that span."""
        return kind(message, text=self.text, span=span or token_span(self._parser), hint=hint)

    @property
    def found(self) -> str:
        """The next token as the user wrote it."""
        token = self._token
        return self.text[token.start : token.end + 1] if token else "the end of the statement"

    def _advance(self) -> Token:
        self._parser._advance()
        return self._parser._prev


def token_span(parser: "SrcqlParser") -> Span:
    """Where the next token stands; the end of the statement when there is none."""
    token = parser._curr
    return (token.start, token.end + 1) if token else (parser._prev.end + 1, parser._prev.end + 2)


def parse_error(error: ParseError, parser: "SrcqlParser") -> InvalidQuery:
    """What the parser did not understand, in our words."""
    details = error.errors[0] if error.errors else {}
    wanted = str(details.get("description", "")).removeprefix("Expecting ")
    span = token_span(parser)
    found = parser.sql[span[0] : span[1]] or "the end of the statement"
    expected = f"expected {wanted}, found {found}" if wanted != details.get("description") else f"unexpected {found}"
    return InvalidQuery(expected, text=parser.sql, span=span)


def one_of(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> one_of(["TYPE", "MESSAGE", "ANY"])
    'TYPE, MESSAGE or ANY'
    """
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _unquoted(token: Token | None, what: str) -> str | None:
    odd = token is not None and token.token_type in (TokenType.NUMBER, TokenType.DASH)
    return f"quote {what.split(' ')[0]} name that is not a plain identifier" if odd else None


__all__ = ["MARK", "Name", "Piece", "Reader", "Span", "literal", "one_of", "parse_error", "suggestion", "token_span"]
