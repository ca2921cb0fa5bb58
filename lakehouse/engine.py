"""Runs SRCQL and SQL on one snapshot of the lakehouse: names become files, verbs become SQL, DuckDB does the rest.

    text -> compile (verbs to SQL, names checked) -> inspect (queries only) -> views over files -> DuckDB -> Arrow

One in-memory DuckDB serves all statements, locked down: it reads nothing but the warehouse's data folder. Every
statement has a cursor of its own, whose temporary views are the tables of its snapshot.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import duckdb
import pyarrow as pa

import udfs
from lakehouse.explain import explain
from lakehouse.planner import Planner, Snapshot
from lakehouse.sandbox import inspect
from lakehouse.views import Views, literal, local_path
from lakehouse.warehouse import Warehouse
from srcql.compile import compile
from srcql.errors import Cancelled, InvalidQuery, SrcqlError

BATCH_ROWS = 65_536

SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL errors_as_json = true",
    "SET GLOBAL parquet_metadata_cache = true",
    "SET GLOBAL python_enable_replacements = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
)


class Engine:
    """Answers queries on the current snapshot of a warehouse; safe to share between threads.

    `threads` and `memory_limit` are DuckDB's settings, its own defaults when None.
    """

    def __init__(self, warehouse: Warehouse, *, threads: int | None = None, memory_limit: str | None = None) -> None:
        self.warehouse = warehouse
        self.planner = Planner(warehouse)
        self._connection = _locked_down(warehouse, threads, memory_limit)

    def prepare(self, text: str) -> "Statement":
        """Compile a statement and check its names against the current snapshot; any error is an SrcqlError."""
        return Statement(self._connection, self.planner.snapshot(), text)

    def query(self, text: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a statement: text and its parameters -> pa.RecordBatchReader."""
        return self.prepare(text).execute(parameters).reader()

    def close(self) -> None:
        """Give the database back; open results end with an error."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _locked_down(warehouse: Warehouse, threads: int | None, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    udfs.register(connection)
    for setting in SETTINGS:
        connection.execute(setting)
    if threads:
        connection.execute(f"SET GLOBAL threads = {threads:d}")
    if memory_limit:
        connection.execute("SET GLOBAL memory_limit = $1", [memory_limit])
    folders = ", ".join(literal(local_path(folder)) for folder in warehouse.data_locations)
    connection.execute(f"SET GLOBAL allowed_directories = [{folders}]")
    connection.execute("SET GLOBAL enable_external_access = false")
    connection.execute("SET GLOBAL lock_configuration = true")
    return connection


class Statement:
    """One compiled text on one snapshot; it may be executed several times, and reads the same rows each time.

    `parameters` is the number of `?` or `$n`; `schema` that of the result when all of them are NULL.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, text: str) -> None:
        self._connection = connection
        self._views = Views(snapshot)
        self._compiled = compile(text, self._views)
        self.snapshot = snapshot
        self.text = text
        with connection.cursor() as cursor, self.explained():
            reading = inspect(cursor, self.sql, self._views.names)
        self._tables = reading.tables
        self.parameters = reading.parameters
        self.schema = self.describe([None] * self.parameters)

    @property
    def sql(self) -> str:
        """The SQL that DuckDB runs."""
        return self._compiled.sql

    def describe(self, parameters: Sequence[Any]) -> Any:
        """Schema (pa.Schema) of the result with these parameters, without running the query."""
        with self.cursor() as cursor, self.explained(cursor):
            relation = cursor.sql(self.sql, params=list(parameters))
            fields = relation.limit(0).to_arrow_table().schema
            return pa.schema([field.with_name(name) for field, name in zip(fields, relation.columns, strict=True)])

    def execute(self, parameters: Sequence[Any] = ()) -> "Result":
        """The result of the statement; it runs when its batches are asked for."""
        if len(parameters) != self.parameters:
            raise InvalidQuery(f"expected {self.parameters} parameters, found {len(parameters)}")
        return Result(self, self.describe(parameters) if parameters else self.schema, parameters)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on which the tables of the statement's snapshot are views."""
        cursor = self._connection.cursor()
        for name in sorted(self._tables):
            cursor.execute(self._views.definition(name))
        return cursor

    @contextmanager
    def explained(self, cursor: duckdb.DuckDBPyConnection | None = None) -> Iterator[None]:
        """Turn DuckDB's errors into ours, and positions in the SQL into positions in the user's text."""
        try:
            yield
        except SrcqlError as error:
            raise self._placed(error) from None
        except duckdb.Error as error:
            raise self._placed(explain(error, self.sql, cursor)) from None

    def _placed(self, error: SrcqlError) -> SrcqlError:
        if error.span and error.text is None:
            start, last = (self._compiled.locate(offset) for offset in (error.span[0], error.span[1] - 1))
            error.span = (start, last + 1) if start is not None and last is not None else None
            error.text = self.text
        return error


class Result:
    """Rows of one execution: a DuckDB cursor that is given back by `close`."""

    def __init__(self, statement: Statement, schema: Any, parameters: Sequence[Any]) -> None:
        self._statement = statement
        self._parameters = list(parameters)
        self._cursor = statement.cursor()
        self._interrupted = threading.Event()
        self.schema = schema

    def batches(self) -> Iterator[Any]:
        """Run the query and yield its record batches; ends with Cancelled after `interrupt`."""
        with self._statement.explained(self._cursor):
            relation = self._cursor.sql(self._statement.sql, params=self._parameters)
            self._check()
            for batch in relation.to_arrow_reader(BATCH_ROWS):
                self._check()
                yield batch

    def reader(self) -> Any:
        """The rows as a pa.RecordBatchReader, which closes the result when it ends."""
        return pa.RecordBatchReader.from_batches(self.schema, self._closing())

    def interrupt(self) -> None:
        """Make a running or coming `batches` end; may be called from another thread."""
        self._interrupted.set()
        self._cursor.interrupt()

    def close(self) -> None:
        """Give the cursor back."""
        self._cursor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self) -> None:
        if self._interrupted.is_set():
            raise Cancelled("the query was cancelled")

    def _closing(self) -> Iterator[Any]:
        with self:
            yield from self.batches()
