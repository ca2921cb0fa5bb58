"""Reads a verb from its text: words, names, and pieces of SQL that the compiled statement copies unchanged."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.piece_parser import PieceParser
from srcql.errors import InvalidQuery, SrcqlError
from srcql.schema import Table

T = TypeVar("T")
Span = tuple[int, int]

MARK = "\0"
BACKTICKS = re.compile("`([^`]*)")
QUOTED = (TokenType.IDENTIFIER, TokenType.STRING)
COUNT, BIGGEST = re.compile("[0-9]{1,19}"), 2**63 - 1
ODD = (TokenType.NUMBER, TokenType.DASH, TokenType.DOT)
PARAMETERS = (TokenType.PLACEHOLDER, TokenType.PARAMETER, TokenType.COLON)
SIGNS = (TokenType.PARAMETER, TokenType.COLON, TokenType.DASH, TokenType.DOT)  # shown with the token after them
ALIKE = 0.7  # the least similarity of a word with a mistyped one


@dataclass(frozen=True)
class Name:
    """An identifier as the user wrote it; `span` holds its offsets in the user's text, end exclusive.

    Printed, an empty one is a pair of quotes.
    """

    text: str
    span: Span

    def __str__(self) -> str:
        return self.text or "''"


@dataclass(frozen=True)
class Piece:
    """A part of the user's text that the SQL copies unchanged; printed, it is a mark for that part.

    >>> str(Piece((3, 7), exp.true())).split(MARK)
    ['', '3:7', '']
    """

    span: Span
    tree: exp.Expr

    def __str__(self) -> str:
        return mark(self.span)


def mark(span: Span) -> str:
    """Return the mark that stands for a part of the user's text in lowered SQL."""
    return f"{MARK}{span[0]}:{span[1]}{MARK}"


class Reader:
    """Reads one verb, token by token, and places its errors; `results` are the columns of the verb's result."""

    def __init__(self, parser: PieceParser, observations: Table) -> None:
        self._parser = parser
        self.text: str = parser.sql
        self.observations = observations
        self.results: tuple[str, ...] = ()
        self.start = self.span[0]

    @property
    def next_type(self) -> TokenType | None:
        """The type of the next token; None at the end of the statement."""
        token = self._parser.next_token
        return token.token_type if token else None

    @property
    def end(self) -> int:
        """The offset after the last token that was read."""
        last = self._parser.last_token
        return last.end + 1 if last else 0

    @property
    def span(self) -> Span:
        """The span of the next token; at the end of the statement one place after the last token."""
        token = self._parser.next_token
        return (token.start, token.end + 1) if token else (self.end, self.end + 1)

    @property
    def found(self) -> str:
        """The next token as the user wrote it."""
        start, end = self._shown()
        return self.text[start:end] if self.next_type else "the end of the statement"

    def ahead(self, words: str) -> Span:
        """Return the span of these words, which come next."""
        count, left = 0, len(words.split())
        while left > 0:
            count += 1
            left -= len(self._parser.ahead(count)[-1].text.split())
        return self._shown(count)

    def _shown(self, count: int = 1) -> Span:
        """Return the span of the next tokens; one sign includes the token after it."""
        tokens = self._parser.ahead(count + 1)
        if count == 1 and len(tokens) == 2 and tokens[0].token_type in SIGNS and tokens[0].end + 1 == tokens[1].start:
            count = 2
        return (tokens[0].start, tokens[:count][-1].end + 1) if tokens else self.span

    def at(self, words: str) -> bool:
        """Return whether these words come next, unquoted and in any case."""
        wanted = words.split()
        tokens = self._parser.ahead(len(wanted))
        found = [word for token in tokens for word in (["''"] if token.token_type in QUOTED else token.text.split())]
        return [word.upper() for word in found[: len(wanted)]] == wanted

    def take(self, words: str) -> bool:
        """Read these words if they come next; return whether they did."""
        if not self.at(words):
            return False
        left = len(words.split())
        while left > 0:
            left -= len(self._parser.read_token().text.split())
        return True

    def sign(self, sign: TokenType) -> bool:
        """Read that sign if it comes next; return whether it did."""
        return self._parser.take(sign)

    def expect(self, words: Sequence[str]) -> str:
        """Read one of these words; raise InvalidQuery if none comes next."""
        for word in words:
            if self.take(word):
                return word
        near = self._nearest(words)
        begun = near is not None and self.at(near.split()[0])
        raise self.expected(one_of(words), near and f"did you mean {near}?", len(near.split()) if near and begun else 1)

    def near(self, words: Iterable[str]) -> str | None:
        """Return a hint if the next token looks like one of these words, mistyped."""
        near = self._nearest(words)
        return near and f"did you mean {near}?"

    def _nearest(self, known: Iterable[str]) -> str | None:
        """Return the most similar of these words; of two words one may be right, or both similar."""
        likest, likeness = None, ALIKE
        for words in known:
            parts = words.split()
            found = [token.text.upper() for token in self._parser.ahead(len(parts))]
            ratio = difflib.SequenceMatcher(None, " ".join(found), words).ratio() + (found[:1] in [[w] for w in parts])
            if ratio > likeness:
                likest, likeness = words, ratio
        return likest

    def name(self, what: str) -> Name:
        """Read an identifier, plain or quoted."""
        start, end = self.span
        kind = self.next_type
        if found := BACKTICKS.match(self.text, start):
            hint = f'quote names with double quotes: "{found[1]}"'
            raise self.error("unexpected `", (start, start + 1), hint)
        if kind is not TokenType.STRING and kind not in self._parser.ID_VAR_TOKENS:
            raise self.expected(what, self.quotes)
        return Name(self._parser.read_token().text, (start, end))

    @property
    def quotes(self) -> str | None:
        """A hint to quote a name, if the next token looks like a part of one."""
        return "quote a name that is not a plain word" if self.next_type in ODD else None

    def number(self, what: str) -> int:
        """Read a whole number from 0 that fits a BIGINT."""
        if self.next_type is not TokenType.NUMBER or not COUNT.fullmatch(self.found) or int(self.found) > BIGGEST:
            raise self.expected(what)
        return int(self._parser.read_token().text)

    def listed(self, read: Callable[[], T]) -> tuple[T, ...]:
        """Read one or more items, separated by commas."""
        found = [read()]
        while self.sign(TokenType.COMMA):
            found.append(read())
        return tuple(found)

    def piece(self, parse: Callable[[PieceParser], exp.Expr | None], what: str) -> Piece:
        """Read a piece of SQL with a method of the parser; `what` names it in errors."""
        start, end = self.span
        first = self._parser.position
        try:
            tree = parse(self._parser)
        except ParseError as error:
            raise self._not_parsed(error, what if self._parser.position <= first + 1 else "an expression") from None
        if self.end < end or tree is None:
            raise self.expected(what)
        return Piece((start, self.end), tree)

    def expected(self, what: str, hint: str | None = None, words: int = 1) -> SrcqlError:
        """Return the error for other tokens than expected; `words` is how many of them to show."""
        start, end = self._shown(words)
        found = self.text[start:end] if self.next_type else self.found
        if self.next_type in PARAMETERS:
            hint = hint or "use parameters for values, in WHERE, ORDER BY, LIMIT and OFFSET"
        return self.error(f"expected {what}, found {found}", (start, end), hint)

    def error(
        self, message: str, span: Span | None = None, hint: str | None = None, kind: type[SrcqlError] = InvalidQuery
    ) -> SrcqlError:
        """Return an error at a span, or at the next token."""
        return kind(message, text=self.text, span=span or self.span, hint=hint)

    def _not_parsed(self, error: ParseError, what: str) -> SrcqlError:
        """Return the error for SQL that sqlglot's parser did not understand."""
        before, expecting, sign = str(error.errors[0].get("description", "")).partition("Expecting ")
        return self.expected(sign if expecting and not before else what)


def one_of(words: Sequence[str]) -> str:
    """Join words as a sentence lists them.

    >>> one_of(["TYPE", "MESSAGE", "ANY"])
    'TYPE, MESSAGE or ANY'
    """
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
