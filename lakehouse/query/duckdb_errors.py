"""DuckDB's errors as ours: whose move it is, what was wrong, and where in the SQL."""

import json
from typing import Any

import duckdb

from lakehouse.query.sandbox import span_of
from lakehouse.query.wording import told
from srcql.errors import Cancelled, ExecutionError, Forbidden, InvalidQuery, SrcqlError, StoreError

KINDS: dict[str, type[SrcqlError]] = {
    "interrupt": Cancelled,
    "permission": Forbidden,
    "io": StoreError,
    "binder": InvalidQuery,
    "catalog": InvalidQuery,
    "parser": InvalidQuery,
    "syntax": InvalidQuery,
}
BROKEN = ("internal", "fatal")


def explain(error: Exception, sql: str, cursor: duckdb.DuckDBPyConnection | None, ahead: int = 0) -> SrcqlError:
    """DuckDB's error as one of ours, with its span in `sql` where DuckDB knows it; DuckDB saw letters `ahead` of it.

    Before the first rows it comes as a duckdb.Error, after them as Arrow's OSError: its kind is in its text alone.
    """
    prefix, _, message = str(error).partition(" Error: ")
    kind = KINDS.get(prefix.lower(), ExecutionError)
    if kind is Cancelled:
        return Cancelled("the query was cancelled")
    if prefix.lower() in BROKEN:
        return ExecutionError("the engine failed on this query", hint="please report the query")
    found = _details(message or prefix)
    place = _place(found, ahead)
    if place is None and cursor:
        place = _bound_at(sql, cursor, found["exception_message"])
    return told(kind, found["exception_message"], sql, span_of(sql, *place) if place else None)


def _details(message: str) -> dict[str, str]:
    try:
        return {"exception_message": message, **json.loads(message)}
    except ValueError:
        return {"exception_message": message}


def _place(details: dict[str, Any], ahead: int) -> tuple[int, int] | None:
    """Byte offset and length; the length is 0 where DuckDB does not know it."""
    start, length = json.loads(details.get("location", "[null, null]"))
    return None if start is None else (start - ahead, length)


def _bound_at(sql: str, cursor: duckdb.DuckDBPyConnection, message: str) -> tuple[int, int] | None:
    """Where binding fails with that message: DuckDB tells when it is asked for a plan."""
    prefix = "EXPLAIN "
    try:
        names = cursor.extract_statements(sql)[0].named_parameters
        cursor.execute(prefix + sql, dict.fromkeys(names) or None)
    except duckdb.Error as error:
        found = _details(str(error).partition(" Error: ")[2])
        same = found["exception_message"].splitlines()[:1] == message.splitlines()[:1]
        return _place(found, len(prefix)) if same else None
    return None
