"""Values that clients send for the parameters of a statement: their limits, and their rows in Python."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from srcql.errors import InvalidData

MAX_ROWS = 1_000_000
MAX_BYTES = 2**24  # values travel in tickets, and drivers accept messages of 16 MiB
Row = tuple[Any, ...]
Rows = Sequence[Row]
NO_VALUES: Rows = ((),)


def value_rows(values: pa.RecordBatch | None) -> Rows:
    """Return the rows of a batch of values; one empty row if there are none.

    >>> value_rows(pa.record_batch({"0": [1, 2], "1": ["a", None]}))
    [(1, 'a'), (2, None)]
    """
    if values is None or not values.num_columns:
        return NO_VALUES
    try:
        return [tuple(row) for row in zip(*(column.to_pylist() for column in values.columns), strict=True)]
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise InvalidData(f"cannot read the parameter values: {error}") from None


def checked_values(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the batches, each validated; raise InvalidData above the limits of a statement."""
    rows = size = 0
    for batch in batches:
        # `nbytes` crashes on an empty union, as of Arrow 26
        rows, size = rows + batch.num_rows, size + batch.get_total_buffer_size()
        if max(rows, *map(_deepest_length, batch.columns)) > MAX_ROWS or size > MAX_BYTES:
            raise InvalidData(
                f"parameter values must be at most {MAX_ROWS:,} rows and {MAX_BYTES:,} bytes",
                hint="split them over several executions, or ingest them and join",
            )
        batch.validate(full=True)
        yield batch


def _deepest_length(values: pa.Array) -> int:
    """Return the number of values at the deepest level: some types repeat a value that takes no bytes."""
    if pa.types.is_struct(values.type):
        return max(map(_deepest_length, values.flatten()), default=len(values))
    return max(len(values), _deepest_length(values.values)) if hasattr(values, "values") else len(values)


def typical_row(rows: Rows, parameters: int) -> Row:
    """Return the first value of each column that is not None, and so has a type.

    >>> typical_row([(None, "a"), (2, None)], 2)
    (2, 'a')
    """
    columns = zip(*rows, strict=True) if rows else ((),) * parameters
    return tuple(next((value for value in column if value is not None), None) for column in columns)
