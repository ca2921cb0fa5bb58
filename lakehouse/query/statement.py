"""One compiled text on one snapshot."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa

from lakehouse.query.arrow_types import arrow_type
from lakehouse.query.catalog import with_local_names
from lakehouse.query.compile_time import CompileOptions, CompileTimeViews
from lakehouse.query.duckdb_errors import translating_errors
from lakehouse.query.parameter_types import awaits_values, parameter_types
from lakehouse.query.results import QueryResult
from lakehouse.query.sandbox import Inspection, inspect
from lakehouse.query.views import PUBLIC
from lakehouse.snapshots.snapshot import LakehouseSnapshot
from lakehouse.snapshots.state import File
from srcql.clauses.cube import Selection
from srcql.compiled import Compiled
from srcql.compiler import compile
from srcql.errors import ExecutionError, InvalidQuery, SrcqlError, UnknownName
from srcql.parameters import count_parameters

TEXT = "VARCHAR"


class Statement:
    """One compiled text on one snapshot. It can be executed several times and reads the same rows each time.

    `parameters` is the number of its parameters, `?` or `$n`. With `values` it is compiled for these.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        snapshot: LakehouseSnapshot,
        text: str,
        options: CompileOptions,
        values: Sequence[Any] | None = None,
    ) -> None:
        self._connection = connection
        self._options = options
        self._views = CompileTimeViews(snapshot, connection, values, options)
        self._compiled = self._compile(text)
        self.snapshot = snapshot
        self.text = text
        self._inspection = self._inspect()
        self.parameters = count_parameters(text, self._inspection.parameters)

    @property
    def sql(self) -> str:
        """The SQL that DuckDB runs."""
        return self._compiled.sql

    @property
    def files(self) -> list[File]:
        """The data files that the statement reads, sorted by path."""
        return self._views.files(self._inspection.tables)

    @property
    def named_tables(self) -> frozenset[str]:
        """The tables and views of the lakehouse that the text names outside of verbs."""
        return self._inspection.tables & PUBLIC if not self._inspection.lists_tables else frozenset(PUBLIC)

    @property
    def partitionable(self) -> Selection | None:
        """The selection of a statement that can be read in parts; see `parts_of`."""
        return self._compiled.partitionable

    @cached_property
    def schema(self) -> pa.Schema:
        """Schema of the result when all parameters are NULL; without fields if it cannot be known without values."""
        try:
            return self.describe([None] * self.parameters)
        except (InvalidQuery, UnknownName, ExecutionError):
            with self.translating_errors(), self.cursor() as cursor:
                if not self.parameters or not awaits_values(cursor, self.sql):
                    raise
            return pa.schema([])

    def describe(self, values: Sequence[Any]) -> pa.Schema:
        """Return the schema of the result for these values without running the query."""
        with self.execute(values) as result:
            return result.schema

    def parameter_schema(self) -> pa.Schema:
        """Return one field for each parameter, `$1` and so on: its type in the query, text where that is unknown."""
        if not self.parameters:
            return pa.schema([])
        with self.translating_errors(), self.cursor() as cursor:
            types = parameter_types(cursor, self.sql)
        numbers = range(1, self.parameters + 1)
        return pa.schema([(f"${number}", arrow_type(types.get(number, TEXT))) for number in numbers])

    def execute(self, values: Sequence[Any] = ()) -> QueryResult:
        """Return the result for these values; the query runs when its batches are read."""
        return QueryResult(self.with_values(values), values)

    def with_values(self, values: Sequence[Any]) -> "Statement":
        """Return the statement compiled for these values: itself where its SQL does not depend on them.

        Raises InvalidQuery for a wrong number of values.
        """
        if len(values) != self.parameters:
            expected = f"{self.parameters} parameter{'s' * (self.parameters != 1)}"
            raise InvalidQuery(f"expected {expected}, found {len(values)}")
        if not self._views.single_use:
            return self
        return Statement(self._connection, self.snapshot, self.text, self._options, values)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor with a view for each table that the statement reads; for every table when it lists them."""
        inspection, cursor = self._inspection, self._connection.cursor()
        for view in sorted(inspection.tables | PUBLIC if inspection.lists_tables else inspection.tables):
            cursor.execute(self._views.definition(view))
        for comment in self._views.comments() if inspection.lists_tables else ():
            cursor.execute(comment)
        return cursor

    def translating_errors(
        self, cursor: duckdb.DuckDBPyConnection | None = None, prefix: str = ""
    ) -> AbstractContextManager[None]:
        """Raise DuckDB's errors as SrcqlErrors with their place in the user's text; see `duckdb_errors`."""
        return translating_errors(self._compiled, cursor, prefix)

    def _compile(self, text: str) -> Compiled:
        """Compile the text with the names by which DuckDB finds the tables; errors show the text of the user."""
        local = with_local_names(text)
        try:
            return replace(compile(local, self._views), text=text)
        except SrcqlError as error:
            error.text = text if error.text == local else error.text
            raise

    def _inspect(self) -> Inspection:
        """Check what the statement reads; SQL without any of the user's own needs no check."""
        if self._compiled.verbs and not self._compiled.carried:
            return Inspection(self._views.generated & set(re.findall(r"\w+", self.sql)), frozenset())
        with self.translating_errors(), self._connection.cursor() as cursor:
            return inspect(cursor, self.sql, self._views.names)
