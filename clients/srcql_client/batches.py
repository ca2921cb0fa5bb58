"""Whatever holds rows, as a stream of Arrow batches."""

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from srcql.errors import InvalidData


def reader(data: Any) -> pa.RecordBatchReader:
    """The rows of a table, batch, reader, data frame, Parquet file or iterable of batches.

    Raises InvalidData for anything else, and for an iterable without a batch.

    >>> reader([pa.record_batch({"step_id": [0, 1]})]).read_all().num_rows
    2
    """
    if isinstance(data, str | os.PathLike):
        return _parquet(data)
    if isinstance(data, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(data.schema, [data])
    if _is_pandas(data):
        return pa.Table.from_pandas(data, preserve_index=False).to_reader()
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    if isinstance(data, Iterable):
        return _joined(iter(data))
    raise InvalidData(
        f"expected rows, found {type(data).__name__}",
        hint="give an Arrow table, batch or reader, a pandas or polars data frame, a Parquet path or batches",
    )


def replayable(data: Any) -> bool:
    """Whether the rows can be read again from the start; an iterator gives them once.

    >>> batch = pa.record_batch({"step_id": [0]})
    >>> replayable([batch]), replayable(iter([batch])), replayable(pa.table(batch).to_reader())
    (True, False, False)
    """
    return not isinstance(data, Iterator | pa.RecordBatchReader)


def _is_pandas(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns")


def _parquet(path: str | os.PathLike[str]) -> pa.RecordBatchReader:
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise InvalidData(f"expected a Parquet file, found nothing at {os.fspath(path)}") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidData(f"expected a Parquet file, found something else at {os.fspath(path)}") from error
    return pa.RecordBatchReader.from_batches(file.schema_arrow, _closing(file))


def _closing(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    with file:
        yield from file.iter_batches()


def _joined(parts: Iterator[Any]) -> pa.RecordBatchReader:
    """Batches one after the other, under the schema of the first; tables among them count as their batches."""
    batches = chain.from_iterable(_batches(part) for part in parts)
    first = next(batches, None)
    if first is None:
        raise InvalidData("expected at least one record batch, found none")
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], _alike(batches, first.schema)))


def _alike(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.schema != schema:
            differing = sorted({field.name for field in set(batch.schema) ^ set(schema)})
            raise InvalidData(
                "expected record batches of one schema, found another among them",
                hint=f"columns that differ: {', '.join(differing)}" if differing else "their columns differ in order",
            )
        yield batch


def _batches(part: Any) -> list[pa.RecordBatch]:
    if isinstance(part, pa.RecordBatch):
        return [part]
    if isinstance(part, pa.Table):
        return list(part.to_batches())
    raise InvalidData(f"expected record batches, found {type(part).__name__} among them")
