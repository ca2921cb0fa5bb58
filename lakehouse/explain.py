"""DuckDB's errors in our words: what was wrong, where in the SQL, and a hint, without the words of its insides."""

import json

import duckdb

from lakehouse.sandbox import NOWHERE, span_of
from srcql.errors import Cancelled, ExecutionError, Forbidden, InvalidQuery, SrcqlError, StoreError

INVALID = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.SyntaxException)
KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[SrcqlError]], ...] = (
    (duckdb.InterruptException, Cancelled),
    (duckdb.PermissionException, Forbidden),
    (duckdb.IOException, StoreError),
    (INVALID, InvalidQuery),
    (duckdb.Error, ExecutionError),
)
HINTS = ("Did you mean", "Candidate bindings")


def explain(error: duckdb.Error, sql: str, cursor: duckdb.DuckDBPyConnection | None) -> SrcqlError:
    """DuckDB's error as one of ours, with its span in `sql` where DuckDB knows it."""
    kind = next(ours for theirs, ours in KINDS if isinstance(error, theirs))
    if kind is Cancelled:
        return Cancelled("the query was cancelled")
    found = _details(error)
    start = int(found.get("position", NOWHERE))
    if kind is InvalidQuery and start == NOWHERE and cursor:
        start = _bound_at(sql, cursor)
    lines = found["exception_message"].split("\n\nLINE ")[0].splitlines()
    hint = next((line for line in lines if line.startswith(HINTS)), None)
    message = " ".join(line.strip() for line in lines if line != hint)
    return kind(message, span=span_of(sql, start, 1), hint=hint)


def _details(error: duckdb.Error) -> dict[str, str]:
    message = str(error).split(" Error: ", 1)[-1]
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
        position = _details(error).get("position")
        return int(position) - len(prefix) if position else NOWHERE
    return NOWHERE
