"""Files of rows: Parquet, JSON lines, and CSV with a header; read as streams.

In CSV, columns of the table have its types, and new columns are text.
"""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from srcql.errors import InvalidData

from .records import Record, column_type, convert, to_table, to_time

ROWS_AT_ONCE = 10_000

_CSV_TYPES = {"INTEGER": pa.int64(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_()}
_CSV_EXPECTED = {pa.int64(): "a whole number", pa.float64(): "a number", pa.bool_(): "true or false"}
_CSV = pyarrow.csv.ParseOptions(newlines_in_values=True)


def open_file(path: str | os.PathLike[str], table: str, format: str | None = None) -> pa.RecordBatchReader:
    """Return the rows of a file, in a format or in that of its ending: Parquet, if it has none of ENDINGS.

    Raises InvalidData for a file that is missing or of another format; so does reading, with the line or row.
    """
    file = Path(path)
    format = format or ENDINGS.get(file.suffix.lower(), "parquet")
    if not file.is_file():
        raise InvalidData(f"expected {NAMES[format]}, found no file at {file}")
    return OPEN[format](file, table)


def open_parquet(path: Path, _table: str) -> pa.RecordBatchReader:
    """Return the rows of a Parquet file."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _other_format(path, "parquet") from error
    return pa.RecordBatchReader.from_batches(file.schema_arrow, _read_and_close(file))


def _read_and_close(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    with file:
        yield from file.iter_batches()


def open_jsonl(path: Path, table: str) -> pa.RecordBatchReader:
    """Return the rows of a file with a JSON object on each line; it is read twice, first for its columns."""
    try:
        schema = pa.unify_schemas([part.schema for part in _json_parts(path, table)], promote_options="permissive")
    except pa.ArrowException as error:
        raise InvalidData(f"{path}: expected values of one type in each column: {error}") from None
    batches = (batch for part in _json_parts(path, table) for batch in _conform(path, part, schema).to_batches())
    return pa.RecordBatchReader.from_batches(schema, batches)


def _json_parts(path: Path, table: str) -> Iterator[pa.Table]:
    """Yield the rows in parts; the first is empty, so that a file without rows has a schema."""
    yield pa.table({})
    rows, first = _json_rows(path), 0
    while part := list(islice(rows, ROWS_AT_ONCE)):
        yield to_table(part, table, first)
        first += len(part)


def _json_rows(path: Path) -> Iterator[Record]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _json_row(f"{path}, line {number}", line)


def _json_row(place: str, line: bytes) -> Record:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise InvalidData(f"{place}: expected a JSON object, found {line[:60].decode(errors='replace').strip()}")
    return row


def _conform(path: Path, part: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the part with all columns of the file; a number of a column with fractions becomes a double."""
    given = set(part.column_names)
    columns = [part[name] if name in given else pa.nulls(len(part), type_) for name, type_ in _fields(schema)]
    try:
        return pa.table(columns, names=schema.names).cast(schema)
    except pa.ArrowInvalid as error:
        raise InvalidData(f"{path}: expected values of one type in each column: {error}") from None


def _fields(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return list(zip(schema.names, schema.types, strict=True))


def open_csv(path: Path, table: str) -> pa.RecordBatchReader:
    """Return the rows of a CSV file with a header; a field without text is NULL, and "" is an empty text."""
    try:
        with pyarrow.csv.open_csv(path, parse_options=_CSV) as rows:
            names = rows.schema.names
    except pa.ArrowInvalid as error:
        raise _csv_error(path, error) from None
    types = [_csv_type(column_type(table, name)) for name in names]
    schema = pa.schema(list(zip(names, types, strict=True)))
    return pa.RecordBatchReader.from_batches(schema, _csv_batches(path, schema))


def _csv_type(type_: str | None) -> pa.DataType:
    return pa.timestamp("us") if type_ == "TIMESTAMP" else _CSV_TYPES.get(type_ or "", pa.string())


def _csv_batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    texts = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in schema.names},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    first = 0
    try:
        with pyarrow.csv.open_csv(path, parse_options=_CSV, convert_options=texts) as rows:
            for batch in rows:
                columns = [_typed(field, column, first) for field, column in zip(schema, batch.columns, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
                first += len(batch)
    except pa.ArrowInvalid as error:
        raise _csv_error(path, error) from None


def _csv_error(path: Path, error: pa.ArrowInvalid) -> InvalidData:
    return InvalidData(f"{path}: {error}") if path.stat().st_size else _other_format(path, "csv")


def _typed(field: pa.Field, column: pa.Array, first: int) -> pa.Array:
    """Return the texts of a column as values of its type."""
    if field.type == pa.string():
        return column
    if pa.types.is_timestamp(field.type):
        times = [to_time(text) for text in column.to_pylist()]
        return convert(field.name, times, partial(pa.array, type=field.type), "a time in ISO 8601", first)
    return convert(field.name, column, partial(pc.cast, target_type=field.type), _CSV_EXPECTED[field.type], first)


def _other_format(path: Path, format: str) -> InvalidData:
    """Return the error for a file that is not of a format."""
    found = "another format" if path.stat().st_size else "an empty file"
    return InvalidData(f"expected {NAMES[format]}, found {found} at {path}")


OPEN: dict[str, Callable[[Path, str], pa.RecordBatchReader]] = {
    "parquet": open_parquet,
    "jsonl": open_jsonl,
    "csv": open_csv,
}
NAMES = {"parquet": "a Parquet file", "jsonl": "a file of JSON lines", "csv": "a CSV file with a header"}
ENDINGS = {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
