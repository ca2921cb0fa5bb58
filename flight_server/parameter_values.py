"""Values that clients send for the parameters of a statement: their limits, and their rows in Python."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from srcql.errors import InvalidData

MAX_ROWS = 1_000_000
MAX_BYTES = 2**24  # values travel in tickets, and drivers accept messages of 16 MiB
MAX_DIGITS = 38
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
    return list(zip(*map(_values, _columns(values)), strict=True))


def _columns(batch: pa.RecordBatch) -> list[pa.Array]:
    try:
        return list(batch.columns)
    except UnicodeDecodeError:
        raise _unreadable("the names of columns must be UTF-8") from None
    except KeyError:  # types of Arrow that its Python library lacks: intervals in other units
        raise _unreadable("a column has a type that is not supported", "send an interval as month_day_nano") from None


def _values(column: pa.Array) -> list[Any]:
    """Return the values of a column, each as the object that DuckDB takes without a loss."""
    exact = next((exact for fits, exact in EXACT if fits(column.type)), None)
    try:
        return exact(column) if exact else list(column.to_pylist())
    except UnicodeDecodeError:
        raise _unreadable("the names of fields must be UTF-8") from None
    except (pa.ArrowException, ValueError, OverflowError, KeyError) as error:
        raise _unreadable(str(error), "send it as text, and cast the parameter: CAST(? AS type)") from None


def _unreadable(reason: str, hint: str | None = None) -> InvalidData:
    return InvalidData(f"cannot read the parameter values: {reason}", hint=hint)


def _typed(texts: pa.Array, kind: str) -> list[Any]:
    """Return DuckDB's values of a type, which Python's objects cannot hold exactly."""
    return [None if text is None else duckdb.Value(text, kind) for text in texts.to_pylist()]


def _nanoseconds(column: pa.Array) -> list[Any]:
    kind = "TIME_NS" if pa.types.is_time(column.type) else "TIMESTAMPTZ_NS" if column.type.tz else "TIMESTAMP_NS"
    return _typed(column.cast(pa.string()), kind)


def _intervals(column: pa.Array) -> list[Any]:
    """Return the months, days and microseconds of intervals."""
    values = column.to_pylist()
    if any(value is not None and value.nanoseconds % 1000 for value in values):
        raise ValueError("an interval has a fraction of a microsecond")
    parts = "{0.months} months {0.days} days {1} microseconds"
    texts = [None if value is None else parts.format(value, value.nanoseconds // 1000) for value in values]
    return _typed(pa.array(texts, pa.string()), "INTERVAL")


def _decimals(column: pa.Array) -> list[Any]:
    """Return decimals; as whole numbers where they have no scale, which have more digits in DuckDB."""
    values = column.to_pylist()
    if column.type.scale <= 0:
        return [None if value is None else int(value) for value in values]
    if any(value is not None and len(value.as_tuple().digits) > MAX_DIGITS for value in values):
        raise ValueError(f"a decimal has more than {MAX_DIGITS} digits")
    return list(values)


def _counts_nanoseconds(kind: pa.DataType) -> bool:
    return kind == pa.time64("ns") or (pa.types.is_timestamp(kind) and str(kind.unit) == "ns")


EXACT: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], list[Any]]], ...] = (
    (_counts_nanoseconds, _nanoseconds),
    (pa.types.is_interval, _intervals),
    (pa.types.is_decimal, _decimals),
)


def checked_values(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the batches, each validated; raise InvalidData above the limits of a statement."""
    rows = size = 0
    for batch in batches:
        # `nbytes` crashes on an empty union, as of Arrow 26
        rows, size = rows + batch.num_rows, size + batch.get_total_buffer_size()
        if max(rows, *map(_deepest_length, _columns(batch))) > MAX_ROWS or size > MAX_BYTES:
            raise InvalidData(
                f"parameter values must be at most {MAX_ROWS:,} rows and {MAX_BYTES:,} bytes",
                hint="split them over several executions, or ingest them and join",
            )
        for column in _columns(batch):
            _check_names(column.type)
        batch.validate(full=True)
        yield batch


def _check_names(kind: pa.DataType) -> None:
    """Raise InvalidData if the name of a field at any depth is not UTF-8."""
    try:
        for field in map(kind.field, range(kind.num_fields)):
            _check_names(field.type)
            field.name  # noqa: B018: read it
    except UnicodeDecodeError:
        raise _unreadable("the names of fields must be UTF-8") from None


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
