"""DuckDB's errors as SrcqlErrors: their class, their message, and their place in the user's text."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from lakehouse.data_files import RESTORE
from lakehouse.query.spans import span_of
from lakehouse.query.wording import reworded
from srcql.compiled import Compiled
from srcql.errors import Cancelled, ExecutionError, Forbidden, InvalidQuery, SrcqlError, StoreError

CLASSES: dict[str, type[SrcqlError]] = {
    "interrupt": Cancelled,
    "permission": Forbidden,
    "io": StoreError,
    "binder": InvalidQuery,
    "catalog": InvalidQuery,
    "parser": InvalidQuery,
    "syntax": InvalidQuery,
}
DEFECTS = ("internal", "fatal")
DAMAGE = re.compile('Failed to read file "|TProtocolException|Parquet file is likely corrupted|No magic bytes found')


@contextmanager
def translating_errors(
    compiled: Compiled, cursor: duckdb.DuckDBPyConnection | None = None, prefix: str = ""
) -> Iterator[None]:
    """Raise DuckDB's errors as SrcqlErrors with their place in the user's text.

    `prefix` precedes the SQL in the text that DuckDB runs. With a `cursor`, an error without a place is located by
    planning the SQL again.
    """
    try:
        yield
    except SrcqlError as error:
        raise _in_users_text(compiled, error) from None
    except (duckdb.Error, OSError) as error:  # after the first rows, Arrow raises an OSError with DuckDB's text
        raise _in_users_text(compiled, _translate(error, compiled.sql, cursor, prefix)) from None


def _in_users_text(compiled: Compiled, error: SrcqlError) -> SrcqlError:
    """Move the span from the SQL to the user's text."""
    if error.span and error.text is None:
        start, last = (compiled.locate(offset) for offset in (error.span[0], error.span[1] - 1))
        error.span = (start, last + 1) if start is not None and last is not None else None
        error.text = compiled.text
    return error


def _translate(error: Exception, sql: str, cursor: duckdb.DuckDBPyConnection | None, prefix: str) -> SrcqlError:
    """Return the SrcqlError for an error of DuckDB, whose kind is only in its text."""
    kind, _, message = str(error).partition(" Error: ")
    found = CLASSES.get(kind.lower(), ExecutionError)
    if found is Cancelled:
        return Cancelled("the query was cancelled")
    if kind.lower() in DEFECTS:
        return ExecutionError("the engine failed on this query", hint="report it as a bug, with the query")
    details = _details(message or kind)
    if DAMAGE.match(details["exception_message"]):
        return StoreError(details["exception_message"], hint=RESTORE)
    location = _location(details, prefix)
    if location is None and cursor:
        location = _location_in_plan(sql, cursor, details["exception_message"])
    return reworded(found, details["exception_message"], sql, span_of(sql, *location) if location else None)


def _details(message: str) -> dict[str, str]:
    try:
        return {"exception_message": message, **json.loads(message)}
    except ValueError:
        return {"exception_message": message}


def _location(details: dict[str, Any], prefix: str) -> tuple[int, int] | None:
    """Return byte offset and length in the SQL; the length is 0 where DuckDB does not know it."""
    start, length = json.loads(details.get("location", "[null, null]"))
    return None if start is None else (start - len(prefix), length)


def _location_in_plan(sql: str, cursor: duckdb.DuckDBPyConnection, message: str) -> tuple[int, int] | None:
    """Return where planning the SQL fails with the same message: DuckDB reports a place for EXPLAIN."""
    prefix = "EXPLAIN "
    try:
        names = cursor.extract_statements(sql)[0].named_parameters
        cursor.execute(prefix + sql, dict.fromkeys(names) or None)
    except duckdb.Error as error:
        details = _details(str(error).partition(" Error: ")[2])
        same = details["exception_message"].splitlines()[:1] == message.splitlines()[:1]
        return _location(details, prefix) if same else None
    return None
