"""Rows in any supported form, as a stream of Arrow batches."""

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from srcql.errors import InvalidData


class ArrowStream(Protocol):
    """Anything with Arrow's PyCapsule interface: tables and readers of pyarrow, data frames of pandas and polars."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Rows: TypeAlias = str | os.PathLike[str] | ArrowStream | Iterable[pa.RecordBatch | pa.Table]


def open_reader(data: Rows) -> pa.RecordBatchReader:
    """Return a reader of the rows of a table, batch, reader, data frame, Parquet file or iterable of batches.

    Raises InvalidData for anything else, and for an iterable without a batch.

    >>> open_reader([pa.record_batch({"step_id": [0, 1]})]).read_all().num_rows
    2
    """
    if isinstance(data, str | os.PathLike):
        return _open_parquet(data)
    if isinstance(data, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(data.schema, [data])
    if _is_pandas(data):
        return pa.Table.from_pandas(data, preserve_index=False).to_reader()
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    if isinstance(data, Iterable):
        return _concatenate(iter(data))
    raise InvalidData(
        f"expected rows, found {type(data).__name__}",
        hint="pass an Arrow table, batch or reader, a pandas or polars data frame, a Parquet path, or record batches",
    )


def is_replayable(data: Rows) -> bool:
    """Return whether the rows can be read a second time; an iterator or a reader yields them once.

    >>> batch = pa.record_batch({"step_id": [0]})
    >>> is_replayable([batch]), is_replayable(iter([batch])), is_replayable(pa.table(batch).to_reader())
    (True, False, False)
    """
    return not isinstance(data, Iterator | pa.RecordBatchReader)


def _is_pandas(data: object) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns")


def _open_parquet(path: str | os.PathLike[str]) -> pa.RecordBatchReader:
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise InvalidData(f"expected a Parquet file, found no file at {os.fspath(path)}") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidData(f"expected a Parquet file, found another format at {os.fspath(path)}") from error
    return pa.RecordBatchReader.from_batches(file.schema_arrow, _read_and_close(file))


def _read_and_close(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    with file:
        yield from file.iter_batches()


def _concatenate(parts: Iterator[object]) -> pa.RecordBatchReader:
    """Return one reader over batches and tables, with the schema of the first."""
    batches = chain.from_iterable(_batches(part) for part in parts)
    first = next(batches, None)
    if first is None:
        raise InvalidData("expected at least one record batch, found none")
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], _check_schemas(batches, first.schema)))


def _check_schemas(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.schema != schema:
            differing = sorted({field.name for field in set(batch.schema) ^ set(schema)})
            raise InvalidData(
                "expected record batches of one schema, found different schemas",
                hint=f"columns that differ: {', '.join(differing)}" if differing else "use one order of columns",
            )
        yield batch


def _batches(part: object) -> list[pa.RecordBatch]:
    if isinstance(part, pa.RecordBatch):
        return [part]
    if isinstance(part, pa.Table):
        return list(part.to_batches())
    raise InvalidData(f"expected record batches, found an item of type {type(part).__name__}")
