"""Rows in any supported form, as a stream of Arrow batches."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol, TypeAlias, cast

import pyarrow as pa

from srcql.errors import InvalidData

from .records import Record, is_records, to_table
from .row_files import open_file


class ArrowStream(Protocol):
    """Anything with Arrow's PyCapsule interface: tables and readers of pyarrow, data frames of pandas and polars."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Rows: TypeAlias = str | os.PathLike[str] | ArrowStream | Iterable[pa.RecordBatch | pa.Table] | Sequence[Record]


def open_reader(data: Rows, table: str) -> pa.RecordBatchReader:
    """Return a reader of rows of a table, in any form: Arrow, a data frame, dictionaries, a file, or batches.

    Raises InvalidData for anything else, and for an iterable without a batch.

    >>> open_reader([pa.record_batch({"step_id": [0, 1]})], "observations").read_all().num_rows
    2
    """
    if isinstance(data, str | os.PathLike):
        return open_file(data, table)
    if is_records(data):
        return to_table(cast("Sequence[Record]", data), table).to_reader()
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
        hint="pass an Arrow table, batch or reader, a data frame, a list of dictionaries or batches, or a path",
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
    hint = "pass dictionaries as one list" if isinstance(part, Mapping) else None
    raise InvalidData(f"expected record batches, found an item of type {type(part).__name__}", hint=hint)
