"""How the rows of a query are written: a table to read, or JSON, CSV and Parquet for other tools, batch by batch."""

import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from srcql.errors import Unsupported

if TYPE_CHECKING:
    from rich.table import Table

ROWS_SHOWN = 200


def write(format: str, rows: pa.RecordBatchReader, out: IO[bytes], width: int | None = None) -> None:
    """Write all rows as `format` to a binary stream; `width` is the terminal's, None when it is none."""
    FORMATS[format](rows, out, width)


def rich_table(schema: pa.Schema, records: Iterable[dict[str, Any]]) -> "Table":
    """Rows as a table to print: numbers to the right, NULL dim, doubles with six digits."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for field in schema:
        table.add_column(field.name, justify="right" if _is_number(field.type) else "left", overflow="fold")
    for record in records:
        table.add_row(*(_cell(value) for value in record.values()))
    return table


def as_table(rows: pa.RecordBatchReader, out: IO[bytes], width: int | None) -> None:
    """Columns side by side; a long result is cut, and the cut is told."""
    from rich.console import Console

    found = records(rows)
    table = rich_table(rows.schema, islice(found, ROWS_SHOWN))
    left = sum(1 for _ in found)
    # Not onto `out` itself: the console would end the process when the reader of a pipe has seen enough.
    text = io.StringIO()
    console = Console(file=text, width=width or 100_000, force_terminal=width is not None, highlight=False)
    console.print(table)
    console.print(f"({counted(table.row_count + left, 'row')}{f', the first {ROWS_SHOWN} shown' if left else ''})")
    out.write(text.getvalue().encode())


def as_json(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """One array with an object for each row."""
    separator = b"[\n"
    for record in records(rows):
        out.write(separator + _json(record))
        separator = b",\n"
    out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def as_jsonl(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """One object on each line."""
    for record in records(rows):
        out.write(_json(record) + b"\n")


def as_csv(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """A line of names and a line for each row; NULL is empty, what CSV has no form for is written as in JSON."""
    types = [pa.string() if _needs_words(type_) else type_ for type_ in rows.schema.types]
    schema = pa.schema(list(zip(rows.schema.names, types, strict=True)))
    with pyarrow.csv.CSVWriter(out, schema) as writer:
        for batch in rows:
            columns = [_as_text(column) if _needs_words(column.type) else column for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def as_parquet(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """A Parquet file with the types of the result; raises Unsupported for one that Parquet has not."""
    _check_parquet(rows.schema)
    with pq.ParquetWriter(out, rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)


def _check_parquet(schema: pa.Schema) -> None:
    for field in schema:
        try:
            pq.ParquetWriter(io.BytesIO(), pa.schema([field])).close()
        except pa.ArrowNotImplementedError:
            hint = "CAST it to VARCHAR, or write another format"
            raise Unsupported(f"Parquet has no type for the column {field.name}", hint=hint) from None


FORMATS: dict[str, Callable[[pa.RecordBatchReader, IO[bytes], int | None], None]] = {
    "table": as_table,
    "json": as_json,
    "jsonl": as_jsonl,
    "csv": as_csv,
    "parquet": as_parquet,
}


def records(rows: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Rows of batches as objects, name by name."""
    for batch in rows:
        names = _distinct(batch.schema.names)
        columns = [_values(column) for column in batch.columns]
        yield from (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _values(column: pa.Array) -> list[Any]:
    """Values as Python has them; texts where it has none, for nanoseconds and years beyond 9999."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        return list(column.cast(pa.string()).to_pylist())


def _distinct(names: list[str]) -> list[str]:
    """Names of columns as keys of an object: a repeated one is numbered.

    >>> _distinct(["a", "b", "a"])
    ['a', 'b', 'a_1']
    """
    seen: dict[str, int] = {}
    keys = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        keys.append(f"{name}_{seen[name]}" if seen[name] else name)
    return keys


def _json(value: Any) -> bytes:
    # What is left to `str` are pandas' timestamps, which Arrow gives for nanoseconds where pandas is installed.
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=str).encode()


def _plain(value: Any) -> Any:
    """A value as JSON has it: NaN and infinities are null, times and intervals ISO 8601, bytes hexadecimal."""
    convert = PLAIN.get(type(value))
    return convert(value) if convert else value


def _interval(value: Any) -> str:
    """A span of time as ISO 8601 writes it; its months, days and seconds do not add up to each other.

    >>> _interval(pa.MonthDayNano([14, 1, 90_500_000_000]))
    'P14M1DT90.5S'
    """
    return f"P{value.months}M{value.days}DT{Decimal(value.nanoseconds) / 10**9:f}S"


PLAIN: dict[type, Callable[[Any], Any]] = {
    dict: lambda value: {str(key): _plain(item) for key, item in value.items()},
    list: lambda value: [_plain(item) for item in value],
    tuple: lambda value: [_plain(item) for item in value],
    float: lambda value: value if math.isfinite(value) else None,
    Decimal: lambda value: int(value) if value == value.to_integral_value() else float(value),
    bytes: bytes.hex,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: str,
    pa.MonthDayNano: _interval,
}


def _cell(value: Any) -> Any:
    """A value for a reader's eyes."""
    from rich.text import Text

    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:.6g}")
    if isinstance(value, bool):
        return Text(str(value).lower())
    if isinstance(value, str | bytes | pa.MonthDayNano):
        return Text(_plain(value))
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return Text(f"[{', '.join(value)}]")
    return Text(json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, list | dict) else str(value))


def _is_number(type_: pa.DataType) -> bool:
    return any(test(type_) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))


def _needs_words(type_: pa.DataType) -> bool:
    """Whether CSV has no form for values of a type."""
    return any(test(type_) for test in (pa.types.is_nested, pa.types.is_interval, pa.types.is_binary))


def _as_text(column: pa.Array) -> pa.Array:
    """A column of lists, structures, intervals or bytes as the texts that JSON has for them."""
    plain = (_plain(value) for value in column.to_pylist())
    texts = [value if value is None or isinstance(value, str) else _json(value).decode() for value in plain]
    return pa.array(texts, pa.string())


def counted(number: int, noun: str) -> str:
    """A number of things, in words.

    >>> counted(1, "row"), counted(1234, "row")
    ('1 row', '1,234 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
