"""Where an error is in the SQL: a span of characters, made from what DuckDB reports."""

import re

from srcql.clauses.reader import Span

UNKNOWN_OFFSET = 2**63
WORD = re.compile(r"\w+|[^\w\s]+")
LAST_WORD = re.compile(r"(\w+|.)\Z", re.DOTALL)
END_OF_SOURCE = ') AS "FROM (query)"'


def span_of(sql: str, start: int, length: int) -> Span | None:
    """Return the characters at DuckDB's byte offset; None where DuckDB knows no offset.

    >>> span_of("SELECT 'é' FROM t", 17, 1)
    (16, 17)
    """
    if start >= UNKNOWN_OFFSET:
        return None
    before, part = (sql.encode()[at : at + size].decode(errors="ignore") for at, size in ((0, start), (start, length)))
    return len(before), len(before) + max(1, len(part))


def whole_word(sql: str, span: Span) -> Span:
    """Widen a span of at most one character to its whole word or operator."""
    word = WORD.match(sql, span[0]) if span[1] - span[0] <= 1 else None
    return word.span() if word else span


def span_of_name(sql: str, name: str, span: Span | None) -> Span | None:
    """Return where the name is: at the start of the span or, without a span, where it occurs if only once."""
    if span:
        begins = sql[span[0] :].lower().startswith(name.lower())
        return (span[0], span[0] + len(name)) if begins else span
    spans = [match.span() for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", sql)]
    return spans[0] if len(spans) == 1 else None


def end_of_source(sql: str, span: Span | None) -> Span | None:
    """Return the last word of the query after FROM in which the column at the span is missing."""
    if span is None and sql.count(END_OF_SOURCE) != 1:
        return None
    place = span[0] if span else len(sql)
    last = LAST_WORD.search(sql, 0, sql.rfind(END_OF_SOURCE, 0, place))
    return last.span() if last else (place, place)
