"""The lakehouse as it was.

    AT (VERSION => snapshot_id) | AT (TIMESTAMP => [TIMESTAMP] 'time')

A verb takes it after FROM, plain SQL after a table. VERSION is a snapshot of observations, TIMESTAMP the last one at or
before a time, UTC unless the text has an offset; the other tables are read as of its commit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.reader import Reader, Span

FORM = "AT (VERSION => snapshot_id), or AT (TIMESTAMP => 'time')"
TIMES = "a time is written '2026-01-02 03:04:05' (UTC) or '2026-01-02 03:04:05+01:00'"
PARAMETERS = (TokenType.PLACEHOLDER, TokenType.PARAMETER, TokenType.COLON)


@dataclass(frozen=True)
class At:
    """A snapshot of observations, or the last one at or before a time (UTC, naive); `span` is its place in the text."""

    version: int | None
    timestamp: datetime | None
    span: Span

    def __str__(self) -> str:
        return f"VERSION => {self.version}" if self.version is not None else f"TIMESTAMP => '{self.timestamp}'"


def at(reader: Reader) -> At:
    """AT: which snapshot, or what time."""
    reader.take("AT")
    if not reader.sign(TokenType.L_PAREN):
        raise reader.expected("( after AT", FORM)
    kind = reader.expect(("VERSION", "TIMESTAMP"))
    if not reader.sign(TokenType.FARROW):
        raise reader.expected(f"=> after {kind}", FORM)
    found = _version(reader) if kind == "VERSION" else _time(reader)
    if not reader.sign(TokenType.R_PAREN):
        raise reader.expected(") at the end of AT", FORM)
    return found


def _version(reader: Reader) -> At:
    _refuse_parameter(reader)
    span = reader.span
    return At(reader.number("the id of a snapshot"), None, span)


def _time(reader: Reader) -> At:
    _ = reader.take("TIMESTAMP") or reader.take("TIMESTAMPTZ")
    _refuse_parameter(reader)
    if reader.next_type is not TokenType.STRING:
        raise reader.expected("a time in single quotes", TIMES)
    text = reader.name("a time")
    try:
        time = datetime.fromisoformat(text.text.strip())
        return At(None, (time.astimezone(UTC) if time.tzinfo else time).replace(tzinfo=None), text.span)
    except (ValueError, OverflowError):
        raise reader.error(f"{text.text!r} is not a time", text.span, TIMES) from None


def _refuse_parameter(reader: Reader) -> None:
    if reader.next_type in PARAMETERS:
        raise reader.expected("a constant", "what is read is decided before parameters have values")
