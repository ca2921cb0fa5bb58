"""Runs SRCQL and SQL on one snapshot of the lakehouse: names become files, verbs become SQL, DuckDB does the rest.

    text -> compile (verbs to SQL, names checked) -> inspect (queries only) -> views over files -> DuckDB -> Arrow

One in-memory DuckDB serves all statements, locked down: it reads nothing but the warehouse's data folder. Every
statement has a cursor of its own, whose temporary views are the tables of its snapshot.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import Any, Self

import duckdb

import udfs
from lakehouse.grants import Grant
from lakehouse.query.explanation import Explanation
from lakehouse.query.planning import Planning, Terms, placed
from lakehouse.query.results import Result
from lakehouse.query.sandbox import Reading, inspect
from lakehouse.query.views import PUBLIC, local_path
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.planner import Planner
from lakehouse.snapshots.snapshot import LakehouseSnapshot, SnapshotIds
from lakehouse.snapshots.state import File
from lakehouse.warehouse import Warehouse
from srcql.clauses.equality import CANONICAL, Equality
from srcql.compile import compile
from srcql.errors import InvalidQuery
from srcql.explained import explained
from srcql.parameters import counted
from srcql.sql import literal

STATEMENTS = 256
LONGEST_KEPT = 2**17

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

    `threads` and `memory_limit` are DuckDB's settings, its own defaults when None; `planning_seconds` is how long a
    question may take that has to be answered before a statement can be compiled, any time when None.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        threads: int | None = None,
        memory_limit: str | None = None,
        planning_seconds: float | None = None,
    ) -> None:
        self._planning_seconds = planning_seconds
        self.warehouse = warehouse
        self.planner = Planner(warehouse)
        self._connection = _locked_down(warehouse, threads, memory_limit)
        self._statements: OrderedDict[tuple[str, Grant, Terms], Statement] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(
        self,
        text: str,
        data_sets: Grant = None,
        *,
        ids: SnapshotIds | None = None,
        part: Part | None = None,
        equality: Equality = CANONICAL,
        seconds: float | None = None,
    ) -> "Prepared":
        """Compile a statement and check its names against the current snapshot, or what these data sets are of it.

        `ids` are the snapshots of the tables that it reads instead of the current ones, `part` is one of `parts_of`,
        `equality` what a verb without USING is read as; planning takes no more than `seconds`, nor than the engine lets
        it. Any error is an SrcqlError; what cannot be bound is told when its schema or its result is asked for.
        """
        now = self.planner.snapshot()
        snapshot = (now if ids is None else self.planner.snapshot_of(ids)).only(data_sets)
        limits = [limit for limit in (seconds, self._planning_seconds) if limit is not None]
        terms = Terms(min(limits, default=None), part, equality)
        asked = explained(text)
        if asked is not None:
            return Explanation(text, asked, partial(self._new, snapshot, terms), self.warehouse.location)
        if snapshot is now.only(data_sets) and len(text) <= LONGEST_KEPT:
            return self._kept(snapshot, terms, text)
        return self._new(snapshot, terms, text)

    def _new(self, snapshot: LakehouseSnapshot, terms: Terms, text: str) -> "Statement":
        return Statement(self._connection, snapshot, text, terms)

    def _kept(self, snapshot: LakehouseSnapshot, terms: Terms, text: str) -> "Statement":
        """The statement of a text, which is kept while nothing is committed: dashboards and jobs ask the same again."""
        key = (text, snapshot.grant, terms)
        with self._lock:
            known = self._statements.get(key)
        if known is None or known.snapshot is not snapshot:
            known = self._new(snapshot, terms, text)
        with self._lock:
            if self._statements and next(iter(self._statements.values())).snapshot.locations is not snapshot.locations:
                self._statements.clear()
            self._statements[key] = known
            self._statements.move_to_end(key)
            if len(self._statements) > STATEMENTS:
                self._statements.popitem(last=False)
        return known

    def query(self, text: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a statement: text and its parameters -> pa.RecordBatchReader."""
        return self.prepare(text).execute(parameters).reader()

    def close(self) -> None:
        """Give the database back, once its results are closed."""
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

    `parameters` is the number of `?` or `$n`; where `values` of them are given it is planned for these.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        snapshot: LakehouseSnapshot,
        text: str,
        terms: Terms,
        values: Sequence[Any] | None = None,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._views = Planning(snapshot, connection, values, terms)
        self._compiled = compile(text, self._views)
        self.snapshot = snapshot
        self.text = text
        reading = self._reading()
        self._tables = reading.tables
        self._lists = reading.lists
        self.parameters = counted(text, reading.parameters)

    @property
    def sql(self) -> str:
        """The SQL that DuckDB runs."""
        return self._compiled.sql

    @property
    def files(self) -> list[File]:
        """The data files that it reads, by path."""
        return self._views.files(self._tables)

    @cached_property
    def schema(self) -> Any:
        """Schema (pa.Schema) of the result when all parameters are NULL."""
        return self.describe([None] * self.parameters)

    def describe(self, parameters: Sequence[Any]) -> Any:
        """Schema (pa.Schema) of the result with these parameters, without running the query."""
        with Result(self.planned(parameters), parameters) as bound:
            return bound.schema

    def execute(self, parameters: Sequence[Any] = ()) -> "Result":
        """The result of the statement; it runs when its batches are asked for."""
        return Result(self.planned(parameters), parameters)

    def planned(self, values: Sequence[Any]) -> "Statement":
        """The statement, planned anew where its plan depends on these values."""
        if len(values) != self.parameters:
            expected = f"{self.parameters} parameter{'s' * (self.parameters != 1)}"
            raise InvalidQuery(f"expected {expected}, found {len(values)}")
        if not self._views.guessed:
            return self
        return Statement(self._connection, self.snapshot, self.text, self._terms, values)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on which the tables of the statement's snapshot are views; all of them when it lists tables."""
        cursor = self._connection.cursor()
        for view in sorted(self._tables | PUBLIC if self._lists else self._tables):
            cursor.execute(self._views.definition(view))
        for comment in self._views.comments() if self._lists else ():
            cursor.execute(comment)
        return cursor

    def _reading(self) -> Reading:
        """What is read; SQL that is all ours needs no inspection."""
        if self._compiled.verbs and not self._compiled.carried:
            return Reading(self._views.own & set(re.findall(r"\w+", self.sql)), frozenset())
        with self.explained(), self._connection.cursor() as cursor:
            return inspect(cursor, self.sql, self._views.names)

    def explained(
        self, cursor: duckdb.DuckDBPyConnection | None = None, ahead: int = 0
    ) -> AbstractContextManager[None]:
        """Turn DuckDB's errors into ours, at their place in the user's text; `ahead` letters stand before the SQL."""
        return placed(self._compiled, cursor, ahead)


Prepared = Statement | Explanation
