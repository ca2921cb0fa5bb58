"""DuckDB's errors in our words: what was wrong, where in the SQL, and a hint, without the words of its insides."""

import json
import re

import duckdb

from lakehouse.sandbox import NOWHERE, span_of
from srcql.errors import Cancelled, ExecutionError, Forbidden, InvalidQuery, SrcqlError, StoreError
from srcql.schema import OBSERVATIONS, Role

KINDS: dict[str, type[SrcqlError]] = {
    "interrupt": Cancelled,
    "permission": Forbidden,
    "io": StoreError,
    "binder": InvalidQuery,
    "catalog": InvalidQuery,
    "parser": InvalidQuery,
    "syntax": InvalidQuery,
}
HINTS = {"Did you mean": "did you mean", "Candidate bindings:": "did you mean one of"}
NEEDED = f"a query needs the columns {', '.join(column.name for column in OBSERVATIONS.of(Role.KEY))} and output"
REWORDED = (
    (re.compile(r'Referenced column "(.+)" not found in FROM clause!'), r"unknown column \1", None),
    (re.compile(r'Values list "FROM \(query\)" .* column named "(.+)"'), r"the query after FROM lacks \1", NEEDED),
)


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
    message, hint = _worded(found["exception_message"].split("\n\nLINE ")[0].splitlines())
    return kind(message, span=span_of(sql, start, 1), hint=hint)


def _worded(lines: list[str]) -> tuple[str, str | None]:
    """What DuckDB says, and its hint."""
    hints = [line.replace(theirs, ours) for line in lines for theirs, ours in HINTS.items() if line.startswith(theirs)]
    said = " ".join(line.strip() for line in lines if not line.startswith(tuple(HINTS)))
    for pattern, words, hint in REWORDED:
        if match := pattern.fullmatch(said):
            return match.expand(words), hint or (hints[0] if hints else None)
    return said, hints[0] if hints else None


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
