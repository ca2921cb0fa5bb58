"""Executions of a statement for the values of its parameters."""

from collections.abc import Iterator

import pyarrow as pa

from flight_server.parameter_values import Rows, typical_row, value_rows
from lakehouse.engine import Prepared
from lakehouse.query.results import Result
from srcql.errors import Cancelled, InvalidQuery


def execute(statement: Prepared, values: pa.RecordBatch | None) -> Result:
    """Return the result of a statement for these values, bound and not yet run."""
    rows = value_rows(values)
    return statement.execute(rows[0]) if len(rows) == 1 else BatchedExecution(statement, rows)


def result_schema(statement: Prepared, values: pa.RecordBatch | None) -> pa.Schema:
    """Return the schema of the result; a column that is a parameter has the type of its value."""
    if not statement.parameters:
        return statement.schema
    with execute(statement, values) as result:
        return result.schema


class BatchedExecution(Result):
    """The results of a statement for no row or several rows of values, one after another."""

    def __init__(self, statement: Prepared, values: Rows) -> None:
        self._statement = statement
        self._values = values
        self._interrupted = False
        self._current: Result | None = None
        with statement.execute(typical_row(values, statement.parameters)) as typical:
            self.schema = typical.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Run the statement for each row of values; raise InvalidQuery if the columns depend on the values."""
        for values in self._values:
            with self._statement.execute(values) as result:
                self._current = result
                if self._interrupted:
                    raise Cancelled("the query was cancelled")
                if result.schema != self.schema and None not in values:
                    hint = "execute the statement once for each row of values"
                    raise InvalidQuery("the columns of the result differ between rows of values", hint=hint)
                yield from (batch.cast(self.schema) for batch in result.batches())

    def interrupt(self, wait: bool = True) -> None:
        """Make a running or later `batches` end with Cancelled; any thread may call it."""
        self._interrupted = True
        if self._current:
            self._current.interrupt(wait)

    def close(self) -> None:
        """Interrupt the current execution; the others hold nothing."""
        self.interrupt()
