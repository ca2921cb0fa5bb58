"""What a verb reads: words, names, and pieces of the user's text that are carried over as they stand."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import Token, TokenType

from srcql.errors import InvalidQuery, SrcqlError
from srcql.schema import Table

if TYPE_CHECKING:
    from srcql.parser import SrcqlParser

T = TypeVar("T")
Span = tuple[int, int]

MARK = "\0"
QUOTED = (TokenType.IDENTIFIER, TokenType.STRING)
COUNT, BIGGEST = re.compile("[0-9]{1,19}"), 2**63 - 1
ODD = (TokenType.NUMBER, TokenType.DASH, TokenType.DOT)
PARAMETERS = (TokenType.PLACEHOLDER, TokenType.PARAMETER, TokenType.COLON)
SIGNS = (TokenType.PARAMETER, TokenType.COLON, TokenType.DASH, TokenType.DOT)  # shown with what they stand before
TWO_WORDS = 'CLUSTER BY are words of SQL: in quotes the first is a name, "cluster" BY'
ALIKE = 0.7  # from which likeness on a word is taken for a mistyped one


@dataclass(frozen=True)
class Name:
    """An identifier as the user wrote it; `span` holds its offsets in the user's text, end exclusive."""

    text: str
    span: Span


@dataclass(frozen=True)
class Piece:
    """A part of the user's text that the SQL holds as it stands; printed, it marks its place.

    >>> str(Piece((3, 7), exp.true())).split(MARK)
    ['', '3:7', '']
    """

    span: Span
    tree: exp.Expr

    def __str__(self) -> str:
        return marked(self.span)


def marked(span: Span) -> str:
    """The mark of a part of the user's text."""
    return f"{MARK}{span[0]}:{span[1]}{MARK}"


class Reader:
    """Reads one verb, token by token, and says where it went wrong; `results` are the columns that it will give."""

    def __init__(self, parser: "SrcqlParser", observations: Table) -> None:
        self._parser = parser
        self.text: str = parser.sql
        self.observations = observations
        self.results: tuple[str, ...] = ()
        self.start = self.span[0]

    @property
    def next_type(self) -> TokenType | None:
        """The type of the next token; None at the end of the statement."""
        token = self._parser._curr
        return token.token_type if token else None

    @property
    def end(self) -> int:
        """Offset after the last token that was read."""
        return int(self._parser._prev.end) + 1

    @property
    def span(self) -> Span:
        """Where the next token stands; one place after the last at the end of the statement."""
        token = self._parser._curr
        return (token.start, token.end + 1) if token else (self.end, self.end + 1)

    @property
    def found(self) -> str:
        """The next token as the user wrote it."""
        start, end = self._shown()
        return self.text[start:end] if self.next_type else "the end of the statement"

    def ahead(self, words: str) -> Span:
        """Where these words stand, which come next."""
        count, left = 0, len(words.split())
        while left > 0:
            left -= len(self._parser._tokens[self._parser._index + count].text.split())
            count += 1
        return self._shown(count)

    def _shown(self, count: int = 1) -> Span:
        """Where the next tokens stand, a sign with what it stands before."""
        tokens = self._parser._tokens[self._parser._index :][: count + 1]
        if count == 1 and len(tokens) == 2 and tokens[0].token_type in SIGNS and tokens[0].end + 1 == tokens[1].start:
            count = 2
        return (tokens[0].start, tokens[:count][-1].end + 1) if tokens else self.span

    def at(self, words: str) -> bool:
        """Whether these words come next, unquoted and in any case."""
        wanted = words.split()
        tokens = self._parser._tokens[self._parser._index :][: len(wanted)]
        found = [word for token in tokens for word in (["''"] if token.token_type in QUOTED else token.text.split())]
        return [word.upper() for word in found[: len(wanted)]] == wanted

    def take(self, words: str) -> bool:
        """Read these words when they come next."""
        if not self.at(words):
            return False
        left = len(words.split())
        while left > 0:
            left -= len(self._advance().text.split())
        return True

    def sign(self, sign: TokenType) -> bool:
        """Read that sign when it comes next."""
        return bool(self._parser._match(sign))

    def expect(self, words: Sequence[str]) -> str:
        """Read one of these words, or say that one was expected."""
        for word in words:
            if self.take(word):
                return word
        near = self._nearest(words)
        begun = near is not None and self.at(near.split()[0])
        raise self.expected(one_of(words), near and f"did you mean {near}?", len(near.split()) if near and begun else 1)

    def near(self, words: Iterable[str]) -> str | None:
        """The hint that one of these words is mistyped; those of several that have one right, or all alike."""
        near = self._nearest(words)
        return near and f"did you mean {near}?"

    def _nearest(self, known: Iterable[str]) -> str | None:
        likest, likeness = None, ALIKE
        for words in known:
            parts = words.split()
            found = [token.text.upper() for token in self._parser._tokens[self._parser._index :][: len(parts)]]
            ratio = difflib.SequenceMatcher(None, " ".join(found), words).ratio() + (found[:1] in [[w] for w in parts])
            if ratio > likeness:
                likest, likeness = words, ratio
        return likest

    def name(self, what: str) -> Name:
        """Read an identifier, plain or quoted."""
        start, end = self.span
        kind = self.next_type
        if kind is not TokenType.STRING and kind not in self._parser.ID_VAR_TOKENS:
            raise self.expected(what, TWO_WORDS if kind is TokenType.CLUSTER_BY else self.quotes)
        return Name(self._advance().text, (start, end))

    @property
    def quotes(self) -> str | None:
        """The hint that a name may need quotes, when what comes next looks like a part of one."""
        return "a name that is not a plain word stands in quotes" if self.next_type in ODD else None

    def number(self, what: str) -> int:
        """Read a whole number from 0 that is a BIGINT."""
        if self.next_type is not TokenType.NUMBER or not COUNT.fullmatch(self.found) or int(self.found) > BIGGEST:
            raise self.expected(what)
        return int(self._advance().text)

    def listed(self, read: Callable[[], T]) -> tuple[T, ...]:
        """Read one or more, with commas between."""
        found = [read()]
        while self.sign(TokenType.COMMA):
            found.append(read())
        return tuple(found)

    def piece(self, parse: Callable[["SrcqlParser"], Any], what: str) -> Piece:
        """Read with a method of the parser what is carried over as it stands."""
        start, end = self.span
        first = self._parser._index
        try:
            tree = parse(self._parser)
        except ParseError as error:
            raise self._not_understood(error, what if self._parser._index <= first + 1 else "an expression") from None
        if self.end < end:
            raise self.expected(what)
        return Piece((start, self.end), tree)

    def expected(self, what: str, hint: str | None = None, words: int = 1) -> SrcqlError:
        """The error that something else was found: so many words."""
        start, end = self._shown(words)
        found = self.text[start:end] if self.next_type else self.found
        if self.next_type in PARAMETERS:
            hint = hint or "parameters stand for values, in WHERE, ORDER BY, LIMIT and OFFSET"
        return self.error(f"expected {what}, found {found}", (start, end), hint)

    def error(
        self, message: str, span: Span | None = None, hint: str | None = None, kind: type[SrcqlError] = InvalidQuery
    ) -> SrcqlError:
        """An error at the next token, or at that span."""
        return kind(message, text=self.text, span=span or self.span, hint=hint)

    def _not_understood(self, error: ParseError, what: str) -> SrcqlError:
        """What sqlglot's parser did not understand, in our words."""
        before, expecting, sign = str(error.errors[0].get("description", "")).partition("Expecting ")
        return self.expected(sign if expecting and not before else what)

    def _advance(self) -> Token:
        self._parser._advance()
        return self._parser._prev


def one_of(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> one_of(["TYPE", "MESSAGE", "ANY"])
    'TYPE, MESSAGE or ANY'
    """
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
