"""DuckDB's errors in our words: what was wrong, where in the SQL, and a hint, without the words of its insides."""

import json

import duckdb

from lakehouse.sandbox import NOWHERE, span_of
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
HINTS = ("Did you mean", "Candidate bindings")


def explain(error: Exception, sql: str, cursor: duckdb.DuckDBPyConnection | None) -> SrcqlError:
    """DuckDB's error as one of ours, with its span in `sql` where DuckDB knows it.

    Before the first rows it comes as a duckdb.Error, after them as Arrow's OSError: its kind is in its text alone.
    """
    prefix, _, message = str(error).partition(" Error: ")
    kind = KINDS.get(prefix.lower(), ExecutionError)
    if kind is Cancelled:
        return Cancelled("the query was cancelled")
    found = _details(message or prefix)
    start = int(found.get("position", NOWHERE))
    if kind is InvalidQuery and start == NOWHERE and cursor:
        start = _bound_at(sql, cursor)
    lines = found["exception_message"].split("\n\nLINE ")[0].splitlines()
    hint = next((line for line in lines if line.startswith(HINTS)), None)
    said = " ".join(line.strip() for line in lines if line != hint)
    return kind(said, span=span_of(sql, start, 1), hint=hint)


def _details(message: str) -> dict[str, str]:
    try:
        return {"exception_message": message, **json.loads(message)}
    except ValueError:
        return {"exception_message": message}


def _bound_at(sql: str, cursor: duckdb.DuckDBPyConnection) -> int:
    """Where binding fails: DuckDB tells when it is asked for a plan."""
    prefix = "EXPLAIN "
    try:
        cursor.execute(prefix + sql)
    except duckdb.Error as error:
        position = _details(str(error).partition(" Error: ")[2]).get("position")
        return int(position) - len(prefix) if position else NOWHERE
    return NOWHERE
