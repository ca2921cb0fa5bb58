"""The engine: runs SRCQL and SQL on one snapshot of the lakehouse.

    text -> compile (verbs to SQL, names checked) -> inspect (queries only) -> views over files -> DuckDB -> Arrow

One in-memory DuckDB runs all statements. It is locked down: it reads only the data folders of the warehouse. Each
execution has its own cursor, on which the tables of its snapshot are temporary views.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import duckdb
import pyarrow as pa

import udfs
from lakehouse.grants import Grant
from lakehouse.query.catalog import define_catalog
from lakehouse.query.compile_time import CompileOptions
from lakehouse.query.explanation import Explanation
from lakehouse.query.statement import Statement
from lakehouse.query.table_sql import local_path
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.planner import Planner
from lakehouse.snapshots.snapshot import LakehouseSnapshot, SnapshotIds
from lakehouse.warehouse import Warehouse
from srcql.characters import check_characters
from srcql.clauses.equality import CANONICAL, Equality
from srcql.explain import parse_explain
from srcql.sql import literal

CACHED_STATEMENTS = 256
LONGEST_CACHED_TEXT = 2**17

SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL errors_as_json = true",
    "SET GLOBAL parquet_metadata_cache = true",
    "SET GLOBAL parquet_can_have_nan = true",  # a file's least and greatest values leave NaN out
    "SET GLOBAL python_enable_replacements = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
)

Prepared = Statement | Explanation


class Engine:
    """Runs queries on the current snapshot of a warehouse. Threads can share it.

    `threads` and `memory_limit` are settings of DuckDB; None keeps its defaults. `compile_seconds` limits each query
    that the compilation of a statement runs; None means no limit. DuckDB writes what exceeds its memory to
    `spill_folder`, by default `.tmp`; two processes must not share it.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        threads: int | None = None,
        memory_limit: str | None = None,
        compile_seconds: float | None = None,
        spill_folder: str | None = None,
    ) -> None:
        self._compile_seconds = compile_seconds
        self.warehouse = warehouse
        self.planner = Planner(warehouse)
        self._connection = _connect(warehouse, threads, memory_limit, spill_folder)
        self._statements: OrderedDict[tuple[str, Grant, CompileOptions], Statement] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(
        self,
        text: str,
        grant: Grant = None,
        *,
        ids: SnapshotIds | None = None,
        part: Part | None = None,
        equality: Equality = CANONICAL,
        seconds: float | None = None,
    ) -> Prepared:
        """Compile a statement and check its names, on the current snapshot or on that of `ids`.

        `grant` restricts it to granted data sets, `part` to one of `parts_of`. `equality` applies to verbs without
        USING. Compilation is limited to `seconds` or the engine's limit, whichever is less.
        Raises SrcqlError. Errors that only DuckDB can find are raised when the schema or the result is read.
        """
        check_characters(text)
        now = self.planner.snapshot()
        snapshot = (now if ids is None else self.planner.snapshot_of(ids)).only(grant)
        limits = [limit for limit in (seconds, self._compile_seconds) if limit is not None]
        options = CompileOptions(min(limits, default=None), part, equality)
        explain = parse_explain(text)
        if explain is not None:
            return Explanation(text, explain, partial(self._compile, snapshot, options), self.warehouse.location)
        if snapshot is now.only(grant) and len(text) <= LONGEST_CACHED_TEXT:
            return self._cached(snapshot, options, text)
        return self._compile(snapshot, options, text)

    def _compile(self, snapshot: LakehouseSnapshot, options: CompileOptions, text: str) -> Statement:
        return Statement(self._connection, snapshot, text, options)

    def _cached(self, snapshot: LakehouseSnapshot, options: CompileOptions, text: str) -> Statement:
        """Return the compiled statement, cached until the next commit: dashboards and jobs repeat their queries."""
        key = (text, snapshot.grant, options)
        with self._lock:
            statement = self._statements.get(key)
        if statement is None or statement.snapshot is not snapshot:
            statement = self._compile(snapshot, options, text)
        with self._lock:
            if self._statements and next(iter(self._statements.values())).snapshot.locations is not snapshot.locations:
                self._statements.clear()
            self._statements[key] = statement
            self._statements.move_to_end(key)
            if len(self._statements) > CACHED_STATEMENTS:
                self._statements.popitem(last=False)
        return statement

    def query(self, text: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        """Run a statement and return its rows."""
        return self.prepare(text).execute(parameters).reader()

    def close(self) -> None:
        """Close the database; its results must be closed before."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connect(
    warehouse: Warehouse, threads: int | None, memory_limit: str | None, spill_folder: str | None
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that reads nothing but the data folders of the warehouse."""
    connection = duckdb.connect()
    udfs.register(connection)
    define_catalog(connection)
    for setting in SETTINGS:
        connection.execute(setting)
    if threads:
        connection.execute(f"SET GLOBAL threads = {threads:d}")
    if memory_limit:
        connection.execute("SET GLOBAL memory_limit = $1", [memory_limit])
    if spill_folder:
        connection.execute("SET GLOBAL temp_directory = $1", [spill_folder])
    folders = ", ".join(literal(local_path(folder)) for folder in warehouse.data_locations)
    connection.execute(f"SET GLOBAL allowed_directories = [{folders}]")
    connection.execute("SET GLOBAL enable_external_access = false")
    connection.execute("SET GLOBAL lock_configuration = true")
    return connection
