"""Writes rows to Parquet files that are not yet part of a snapshot."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.typedef import Record

from lakehouse.data_files import new_file_name
from lakehouse.storage_errors import storage_error
from lakehouse.summary import footer
from lakehouse.tables import row_group_rows
from lakehouse.write.rows import Layout
from srcql.schema import Table

SEND_AGAIN = "send the batch again: nothing of it was added"


@dataclass(frozen=True)
class StagedFiles:
    """Data files that are not yet part of a snapshot."""

    io: FileIO
    files: tuple[DataFile, ...]
    rows: int

    def remove(self) -> None:
        """Delete the files; ignore errors."""
        for file in self.files:
            with suppress(OSError):
                self.io.delete(file.file_path)


def split_by_data_set(rows: pa.Table) -> Iterator[pa.Table]:
    """Yield the sorted rows of each data set, with dictionaries that hold only their values."""
    codes = rows["data_set_id"].combine_chunks().indices.to_numpy()
    bounds = [0, *(np.flatnonzero(np.diff(codes)) + 1), len(codes)]
    for start, end in pairwise(bounds):
        if end > start:
            yield compact(rows.slice(start, end - start))


def compact(rows: pa.Table) -> pa.Table:
    """Return the same rows with dictionaries that hold only values that occur."""
    return pa.table({name: _compact(rows[name].combine_chunks()) for name in rows.column_names})


def _compact(column: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(column.type):
        return column
    used = pc.unique(column.indices).drop_null()
    if len(used) == len(column.dictionary):
        return column
    return pa.DictionaryArray.from_arrays(pc.index_in(column.indices, used), column.dictionary.take(used))


def write_file(definition: Table, table: IcebergTable, layout: Layout, rows: pa.Table, batch: str) -> DataFile:
    """Write sorted rows of one data set, with all columns of the layout, to a Parquet file; return its entry.

    Raises StoreError if the file cannot be written; then there is no file.
    """
    fields = pa.schema([field.with_type(rows[field.name].type) for field in layout.fields])
    content, metadata = _encode(fields, rows, footer(definition, rows, batch), row_group_rows(definition))
    path = table.location_provider().new_data_location(new_file_name(content))
    try:
        with table.io.new_output(path).create() as stream:
            stream.write(memoryview(content))  # type: ignore[arg-type]
    except BaseException as error:
        with suppress(OSError):
            table.io.delete(path)
        if isinstance(error, OSError):
            folder = table.location_provider().data_path
            raise storage_error(error, f"the batch cannot be written to {folder}", SEND_AGAIN) from error
        raise
    return _entry(definition, table, path, len(content), metadata, rows)


def _entry(
    definition: Table, table: IcebergTable, path: str, size: int, metadata: pq.FileMetaData, rows: pa.Table
) -> DataFile:
    """Return the manifest entry of a written file."""
    statistics = statistics_of(metadata, table.schema(), table.properties)
    problem = definition.column("problem_id").field_id  # Parquet has no bounds for ids beyond 4 kB; the rows are sorted
    statistics["lower_bounds"][problem] = rows["problem_id"][0].as_py().encode()
    statistics["upper_bounds"][problem] = rows["problem_id"][-1].as_py().encode()
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=Record(rows["data_set_id"][0].as_py()),
        file_size_in_bytes=size,
        sort_order_id=table.metadata.default_sort_order_id,
        spec_id=table.metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics,
    )


def statistics_of(metadata: pq.FileMetaData, schema: Schema, properties: Mapping[str, str]) -> dict[str, Any]:
    """Return the counts and bounds of the columns of a file, for its manifest entry."""
    plan = compute_statistics_plan(schema, dict(properties))
    paths = parquet_path_to_id_mapping(schema)
    return data_file_statistics_from_parquet_metadata(metadata, plan, paths).to_serialized_dict()


def _encode(
    fields: pa.Schema, rows: pa.Table, extra: dict[bytes, bytes], size: int
) -> tuple[pa.Buffer, pq.FileMetaData]:
    """Return the rows as a Parquet file, with row groups of that size, and its metadata."""
    content = pa.BufferOutputStream()
    with pq.ParquetWriter(content, fields, compression="zstd", store_schema=False, write_page_checksum=True) as writer:
        for start in range(0, len(rows), size):
            group = compact(rows.slice(start, size)) if len(rows) > size else rows
            writer.write_table(group.cast(fields), row_group_size=size)
        writer.add_key_value_metadata(extra)
    return content.getvalue(), writer.writer.metadata
