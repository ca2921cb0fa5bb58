"""The statement EXPLAIN: the SQL of a query, the files it would read, and its columns."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from lakehouse.query.profile import Profile
from lakehouse.query.results import KEY_VALUE_SCHEMA, KeyValueResult, QueryResult, Result
from lakehouse.query.statement import Statement
from lakehouse.query.table_sql import local_path
from srcql.clauses.cube import Selection
from srcql.errors import SrcqlError
from srcql.explain import Explain, lines


class Explanation:
    """A statement that explains a query. It takes the query's parameters and returns `key` and `value` rows.

    One `sql` for each line, one `file` for each data file (its path below `location`, the warehouse), one `column` for
    each column (name and DuckDB type). With ANALYZE the query runs and the rows are its `Profile`. `compile` compiles
    the query.
    """

    schema: pa.Schema = KEY_VALUE_SCHEMA
    partitionable: Selection | None = None

    def __init__(self, text: str, explain: Explain, compile: Callable[[str], Statement], location: str) -> None:
        self.text = text
        self._query, self._analyze = explain.query, explain.analyze
        self._location = location
        with self._error_context():
            self._statement = compile(explain.query)
        self.snapshot = self._statement.snapshot
        self.parameters = self._statement.parameters
        self.named_tables = self._statement.named_tables

    def describe(self, values: Sequence[Any]) -> pa.Schema:  # noqa: ARG002
        """Return the schema of the result, which does not depend on the values."""
        return self.schema

    def parameter_schema(self) -> pa.Schema:
        """Return one field for each parameter, `$1` and so on; all are text."""
        return pa.schema([(f"${number}", pa.string()) for number in range(1, self.parameters + 1)])

    def execute(self, values: Sequence[Any] = ()) -> Result:
        """Return the result for these values. The query is always bound; it runs only with ANALYZE."""
        with self._error_context():
            statement = self._statement.with_values(values)
            if self._analyze:
                return Profile(statement, values, self._error_context)
            with statement.execute(values) as result:
                return KeyValueResult(self._pairs(statement, result))

    def _pairs(self, statement: Statement, result: QueryResult) -> Iterator[tuple[str, str]]:
        yield from (("sql", line) for line in lines(statement.sql.strip()))
        yield from (("file", local_path(file.path).removeprefix(f"{self._location}/")) for file in statement.files)
        yield from (("column", f"{name} {kind}") for name, kind in result.columns)

    @contextmanager
    def _error_context(self) -> Iterator[None]:
        """Show errors in the text that the user wrote, with EXPLAIN."""
        try:
            yield
        except SrcqlError as error:
            error.text = self.text if error.text == self._query else error.text
            raise
