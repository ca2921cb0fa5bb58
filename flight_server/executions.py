"""Executions of a statement for the values of its parameters."""

from collections.abc import Iterator

import pyarrow as pa

from flight_server.parameter_values import Rows, typical_row, value_rows
from lakehouse.engine import Prepared, Statement
from lakehouse.query.parameter_types import parameter_types
from lakehouse.query.results import Answer
from srcql.errors import Cancelled, InvalidQuery

TEXT = "VARCHAR"


def parameters_of(statement: Prepared) -> pa.Schema:
    """The parameters of a statement, `$1` and so on: each of the type that it stands for, else text."""
    if not statement.parameters:
        return pa.schema([])
    if not isinstance(statement, Statement):
        return pa.schema([(f"${number}", pa.string()) for number in range(1, statement.parameters + 1)])
    with statement.cursor() as cursor:
        found = parameter_types(cursor, statement.sql)
        columns = [f'NULL::{found.get(number, TEXT)} AS "${number}"' for number in range(1, statement.parameters + 1)]
        return cursor.sql(f"SELECT {', '.join(columns)} WHERE false").to_arrow_table().schema


def execute(statement: Prepared, values: pa.RecordBatch | None) -> Answer:
    """Return the result of a statement for these values, bound and not yet run."""
    rows = value_rows(values)
    return statement.execute(rows[0]) if len(rows) == 1 else BatchedExecution(statement, rows)


def result_schema(statement: Prepared, values: pa.RecordBatch | None) -> pa.Schema:
    """Return the schema of the result; a column that is a parameter has the type of its value."""
    if not statement.parameters:
        return statement.schema
    with execute(statement, values) as result:
        return result.schema


class BatchedExecution(Answer):
    """The results of a statement for no row or several rows of values, one after another."""

    def __init__(self, statement: Prepared, values: Rows) -> None:
        self._statement = statement
        self._values = values
        self._interrupted = False
        self._current: Answer | None = None
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
