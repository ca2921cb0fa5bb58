"""The rows of a statement for several rows of parameter values."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import pyarrow as pa

from lakehouse.engine import Prepared
from srcql.errors import Cancelled, InvalidData, InvalidQuery

MOST_ROWS = 1_000_000
MOST_BYTES = 2**24  # they travel in tickets, and drivers take messages of 16 MiB
Rows = Sequence[tuple[Any, ...]]
NO_VALUES: Rows = ((),)


def rows_of(values: pa.RecordBatch | None) -> Rows:
    """The rows of values that a client sent; one empty row where it sent none.

    >>> rows_of(pa.record_batch({"0": [1, 2], "1": ["a", None]}))
    [(1, 'a'), (2, None)]
    """
    if values is None or not values.num_columns:
        return NO_VALUES
    try:
        return [tuple(row) for row in zip(*(column.to_pylist() for column in values.columns), strict=True)]
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise InvalidData(f"the values of the parameters cannot be read: {error}") from None


def few(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches of values, each looked through; InvalidData for more than a statement, or a ticket, can hold."""
    rows = size = 0
    for batch in batches:
        # `nbytes` crashes on an empty union, as of Arrow 26
        rows, size = rows + batch.num_rows, size + batch.get_total_buffer_size()
        if max(rows, *map(_length, batch.columns)) > MOST_ROWS or size > MOST_BYTES:
            raise InvalidData(
                f"values for parameters are at most {MOST_ROWS:,} rows and {MOST_BYTES:,} bytes",
                hint="send them in several executions, or ingest what a statement is to read",
            )
        batch.validate(full=True)
        yield batch


def _length(values: pa.Array) -> int:
    """How many values there are at the deepest: some types repeat one that takes no bytes."""
    if pa.types.is_struct(values.type):
        return max(map(_length, values.flatten()), default=len(values))
    return max(len(values), _length(values.values)) if hasattr(values, "values") else len(values)


def executed(statement: Prepared, values: pa.RecordBatch | None) -> Any:
    """The rows of a statement for these values, bound and not yet run."""
    rows = rows_of(values)
    return statement.execute(rows[0]) if len(rows) == 1 else Several(statement, rows)


def schema_of(statement: Prepared, values: pa.RecordBatch | None) -> pa.Schema:
    """The schema of those rows; that of a parameter's column is known from its value."""
    if not statement.parameters:
        return statement.schema
    with executed(statement, values) as result:
        return result.schema


def _typical(rows: Rows, parameters: int) -> tuple[Any, ...]:
    """The first value of each column that says its type.

    >>> _typical([(None, "a"), (2, None)], 2)
    (2, 'a')
    """
    columns = zip(*rows, strict=True) if rows else ((),) * parameters
    return tuple(next((value for value in column if value is not None), None) for column in columns)


class Several:
    """The rows of a statement for several rows of values, one after another, or for none."""

    def __init__(self, statement: Prepared, values: Rows) -> None:
        self._statement = statement
        self._values = values
        self._stopped = False
        self._current: Any = None
        with statement.execute(_typical(values, statement.parameters)) as typical:
            self.schema = typical.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Run the statement for each row of values; InvalidQuery where its columns depend on them."""
        for values in self._values:
            with self._statement.execute(values) as self._current:
                if self._stopped:
                    raise Cancelled("the query was cancelled")
                if self._current.schema != self.schema and None not in values:
                    raise InvalidQuery("the columns differ from one row of values to another", hint="send one row")
                yield from (batch.cast(self.schema) for batch in self._current.batches())

    def interrupt(self, wait: bool = True) -> None:
        """Make a running or coming `batches` end, as an answer does; may be called from another thread."""
        self._stopped = True
        if self._current:
            self._current.interrupt(wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupt()
