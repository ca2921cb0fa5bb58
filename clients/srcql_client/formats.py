"""Output formats of a query: a table for people, and JSON, CSV and Parquet for other tools, batch by batch."""

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

from .values import time_texts, values

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

ROWS_SHOWN = 200


def write(format: str, rows: pa.RecordBatchReader, out: IO[bytes], width: int | None = None) -> None:
    """Write all rows as `format` to a binary stream; `width` is that of the terminal, None without a terminal."""
    FORMATS[format](rows, out, width)


def rich_table(schema: pa.Schema, records: Iterable[dict[str, object]]) -> "Table":
    """Return rows as a table to print: numbers right-aligned, NULL dim, doubles with six digits."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for field in schema:
        table.add_column(field.name, justify="right" if _is_number(field.type) else "left", overflow="fold")
    for record in records:
        table.add_row(*(cell(value) for value in record.values()))
    return table


def as_table(rows: pa.RecordBatchReader, out: IO[bytes], width: int | None) -> None:
    """Write a table of at most ROWS_SHOWN rows, and a last line with the number of rows."""
    from rich.console import Console

    found = records(rows)
    table = rich_table(rows.schema, islice(found, ROWS_SHOWN))
    left = sum(1 for _ in found)
    # Not to `out` itself: the console ends the process when the reader of a pipe closes it.
    text = io.StringIO()
    console = Console(file=text, width=width or 100_000, force_terminal=width is not None, highlight=False)
    console.print(table)
    console.print(f"({counted(table.row_count + left, 'row')}{f', the first {ROWS_SHOWN} shown' if left else ''})")
    out.write(text.getvalue().encode())


def as_json(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """Write one array with an object for each row."""
    separator = b"[\n"
    for record in records(rows):
        out.write(separator + _json(record).encode())
        separator = b",\n"
    out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def as_jsonl(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """Write one object on each line."""
    for record in records(rows):
        out.write(_json(record).encode() + b"\n")


def as_csv(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """Write a header and a line for each row; NULL is empty, nested values, intervals and bytes are as in JSON."""
    types = [pa.string() if _is_text_in_csv(type_) else type_ for type_ in rows.schema.types]
    schema = pa.schema(list(zip(rows.schema.names, types, strict=True)))
    with pyarrow.csv.CSVWriter(out, schema) as writer:
        for batch in rows:
            columns = [_as_text(column) if _is_text_in_csv(column.type) else column for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def as_parquet(rows: pa.RecordBatchReader, out: IO[bytes], _: int | None) -> None:
    """Write a Parquet file with the types of the result; raises Unsupported for a type that Parquet lacks."""
    _check_parquet(rows.schema)
    with pq.ParquetWriter(out, rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)


def _check_parquet(schema: pa.Schema) -> None:
    for field in schema:
        try:
            pq.ParquetWriter(io.BytesIO(), pa.schema([field])).close()
        except pa.ArrowNotImplementedError:
            hint = "CAST the column to VARCHAR, or use another format"
            raise Unsupported(f"Parquet has no type for column {field.name} ({field.type})", hint=hint) from None


FORMATS: dict[str, Callable[[pa.RecordBatchReader, IO[bytes], int | None], None]] = {
    "table": as_table,
    "json": as_json,
    "jsonl": as_jsonl,
    "csv": as_csv,
    "parquet": as_parquet,
}


def records(rows: Iterable[pa.RecordBatch]) -> Iterator[dict[str, object]]:
    """Return the rows of batches as dictionaries."""
    for batch in rows:
        names = _distinct(batch.schema.names)
        columns = [values(column) for column in batch.columns]
        yield from (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _distinct(names: list[str]) -> list[str]:
    """Return unique keys for the names of columns: a repeated name gets a number.

    >>> _distinct(["a", "b", "a"])
    ['a', 'b', 'a_1']
    """
    seen: dict[str, int] = {}
    keys = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        keys.append(f"{name}_{seen[name]}" if seen[name] else name)
    return keys


def _json(value: object) -> str:
    """Return a value in JSON: null for NaN and infinity, ISO 8601 for times and intervals, hexadecimal for bytes.

    >>> print(_json({"total": Decimal("123456789.123456789"), "day": date(2026, 2, 3), "share": [0.5, math.nan]}))
    {"total": 123456789.123456789, "day": "2026-02-03", "share": [0.5, null]}
    """
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json(str(key))}: {_json(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple) and not isinstance(value, pa.MonthDayNano):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, Decimal):
        return f"{value:f}"  # json.dumps would need a float, which has 17 digits
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """Return a value that JSON has: the same or its text."""
    convert = PLAIN.get(type(value))
    return convert(value) if convert else value


def _interval(value: pa.MonthDayNano) -> str:
    """Return an interval in ISO 8601; months, days and seconds are separate parts.

    >>> _interval(pa.MonthDayNano([14, 1, 90_500_000_000]))
    'P14M1DT90.5S'
    """
    return f"P{value.months}M{value.days}DT{Decimal(value.nanoseconds) / 10**9:f}S"


PLAIN: dict[type, Callable[[Any], object]] = {
    float: lambda value: value if math.isfinite(value) else None,
    bytes: bytes.hex,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: str,
    pa.MonthDayNano: _interval,
}


def cell(value: object) -> "Text":
    """Return a value as a cell of the printed table."""
    from rich.text import Text

    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:.6g}")
    if isinstance(value, bool):
        return Text(str(value).lower())
    if isinstance(value, str | bytes | pa.MonthDayNano):
        return Text(str(_plain(value)))
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return Text(f"[{', '.join(value)}]")
    return Text(_json(value) if isinstance(value, list | dict) else str(value))


def _is_number(type_: pa.DataType) -> bool:
    return any(test(type_) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))


def _is_time(type_: pa.DataType) -> bool:
    return any(test(type_) for test in (pa.types.is_date, pa.types.is_timestamp))


def _is_text_in_csv(type_: pa.DataType) -> bool:
    """Return whether values of a type are converted to text for CSV."""
    return any(test(type_) for test in (pa.types.is_nested, pa.types.is_interval, pa.types.is_binary, _is_time))


def _as_text(column: pa.Array) -> pa.Array:
    """Return a column of dates or timestamps as text, of nested values, intervals or bytes as JSON."""
    if _is_time(column.type):
        return time_texts(column)
    plain = (_plain(value) for value in values(column))
    return pa.array(
        [value if value is None or isinstance(value, str) else _json(value) for value in plain], pa.string()
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, singular or plural.

    >>> counted(1, "row"), counted(1234, "row")
    ('1 row', '1,234 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
