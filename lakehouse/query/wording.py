"""An error of DuckDB in the words of SRCQL, at its place in the SQL."""

import re

from lakehouse.query.duckdb_messages import reword
from lakehouse.query.spans import end_of_source, span_of_name, whole_word
from lakehouse.query.syntax_errors import syntax_error
from srcql.clauses.reader import Span
from srcql.errors import SrcqlError, UnknownName

SYNTAX = re.compile(r'syntax error at or near "(?P<found>.*)"', re.DOTALL)


def reworded(kind: type[SrcqlError], message: str, sql: str, span: Span | None) -> SrcqlError:
    """Return an error of that class, or UnknownName for an unknown name.

    `span` is where DuckDB locates the error in `sql`; its length is 0 where DuckDB does not know it.
    """
    message = message.split("\n\nLINE ")[0].strip()
    syntax = SYNTAX.fullmatch(message)
    if syntax and span:
        return syntax_error(syntax["found"], sql, whole_word(sql, span))
    found = reword(message)
    if found.in_source:
        return kind(found.message, span=end_of_source(sql, span), hint=found.hint)
    if found.name:
        span = span_of_name(sql, found.name, span)
    kind = UnknownName if found.message.startswith("unknown ") else kind
    return kind(found.message, span=whole_word(sql, span) if span else None, hint=found.hint)
