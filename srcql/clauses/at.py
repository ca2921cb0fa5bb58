"""AT: reads a past snapshot of the lakehouse.

    AT (VERSION => snapshot_id) | AT (TIMESTAMP => [TIMESTAMP] 'time')

It follows FROM in a verb, and a table in plain SQL. VERSION is the id of a snapshot of observations. TIMESTAMP is a
time, UTC unless it has an offset, and reads the last snapshot at or before it. The other tables are read as of the same
commit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.reader import Reader, Span

FORM = "use AT (VERSION => snapshot_id), or AT (TIMESTAMP => 'time')"
TIMES = "write a time as '2026-01-02 03:04:05' (UTC) or '2026-01-02 03:04:05+01:00'"
PARAMETERS = (TokenType.PLACEHOLDER, TokenType.PARAMETER, TokenType.COLON)


@dataclass(frozen=True)
class At:
    """A snapshot of observations by its id or by a time (UTC, naive); `span` is its place in the text."""

    version: int | None
    timestamp: datetime | None
    span: Span

    def __str__(self) -> str:
        return f"VERSION => {self.version}" if self.version is not None else f"TIMESTAMP => '{self.timestamp}'"


def at(reader: Reader) -> At:
    """Read AT and its snapshot or time."""
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
    _reject_parameter(reader)
    span = reader.span
    return At(reader.number("the id of a snapshot"), None, span)


def _time(reader: Reader) -> At:
    _ = reader.take("TIMESTAMP") or reader.take("TIMESTAMPTZ")
    _reject_parameter(reader)
    if reader.next_type is not TokenType.STRING:
        raise reader.expected("a time in single quotes", TIMES)
    text = reader.name("a time")
    try:
        time = datetime.fromisoformat(text.text.strip())
        return At(None, (time.astimezone(UTC) if time.tzinfo else time).replace(tzinfo=None), text.span)
    except (ValueError, OverflowError):
        raise reader.error(f"invalid time {text.text!r}", text.span, TIMES) from None


def _reject_parameter(reader: Reader) -> None:
    if reader.next_type in PARAMETERS:
        raise reader.expected("a constant", "write the value: the snapshot is chosen before parameters have values")
