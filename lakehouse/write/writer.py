"""Writes the rows of one batch to data files, which the committer adds to a snapshot later.

    chunks of at most a million rows -> conform (rows.py) -> hashes (hashes.py) -> response_kind, response_key
      -> sort (order.py), find duplicate keys (duplicates.py) -> one Parquet file per data set -> its manifest entry

Memory use is that of one chunk. A batch with one invalid row leaves no file behind.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io import FileIO, OutputStream
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table as IcebergTable
from pyiceberg.typedef import Record

from lakehouse.catalog import row_group_rows
from lakehouse.grants import Grant, check_granted
from lakehouse.summary import footer
from lakehouse.write.duplicates import check_chunk, check_files, key_of
from lakehouse.write.order import rank_rows, sort_rows
from lakehouse.write.rows import Layout, added_field, check_names, conform, layout_of
from srcql.errors import InvalidData
from srcql.schema import OBSERVATIONS, Table
from udfs.response import keys, kinds

CHUNK_ROWS = 1_000_000
CHUNK_BYTES = 256 * 2**20


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


@dataclass(frozen=True)
class Writer:
    """Writes batches of one table.

    `add_columns` adds fields to the Iceberg table and returns it; `fill_hashes` fills null hashes of observations.
    """

    definition: Table
    table: IcebergTable
    add_columns: Callable[[pa.Schema], IcebergTable]
    fill_hashes: Callable[[pa.Table], pa.Table]
    grant: Grant = None

    def stage(self, data: pa.Table | pa.RecordBatchReader, evolve: bool) -> StagedFiles:
        """Write a batch to data files; `evolve` adds unknown columns to the table.

        Raises InvalidData, or Forbidden for a data set that is not granted. After an error no file is left.
        """
        layout = layout_of(self.definition, self.table.schema())
        unknown = [data.schema.field(name) for name in check_names(layout, data.schema, evolve)]
        added = [added_field(self.definition, field) for field in unknown]
        now, batch = datetime.now(UTC).replace(tzinfo=None), uuid.uuid4().hex
        table, files, rows = self.table, list[DataFile](), 0
        try:
            for chunk in chunks(data):
                if added:  # the first chunk must be valid before the table gets a column for it
                    self._prepare(Layout(self.definition, pa.schema([*layout.fields, *added])), chunk, rows, now)
                    table, added = self.add_columns(pa.schema(added)), []
                    layout = layout_of(self.definition, table.schema())
                ready = self._prepare(layout, chunk, rows, now)
                rows += len(chunk)
                for part in split_by_data_set(ready):
                    files.append(write_file(self.definition, table, layout, part, batch))
            check_files(self.definition, table.io, files)
        except BaseException:
            StagedFiles(table.io, tuple(files), rows).remove()
            raise
        return StagedFiles(table.io, tuple(files), rows)

    def _prepare(self, layout: Layout, chunk: pa.Table, first: int, now: datetime) -> pa.Table:
        """Return a chunk in its stored form: all columns of the layout, sorted; InvalidData for an invalid row."""
        rows = conform(layout, chunk, first, now)
        check_granted(rows["data_set_id"].unique().to_pylist(), self.grant)
        if self.definition is OBSERVATIONS:
            rows = derive_response(self.fill_hashes(rows), first)
        codes = rank_rows(rows, key_of(self.definition))
        order = sort_rows(codes)
        check_chunk(self.definition, rows, codes, order, first)
        return rows.take(pa.array(order))


def chunks(data: pa.Table | pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Yield a batch in tables of at most CHUNK_ROWS rows and about CHUNK_BYTES."""
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for part in _slices(data.to_reader() if isinstance(data, pa.Table) else data):
        if pending and (rows + len(part) > CHUNK_ROWS or size + _bytes(part) > CHUNK_BYTES):
            yield pa.Table.from_batches(pending)
            pending, rows, size = [], 0, 0
        pending.append(part)
        rows, size = rows + len(part), size + _bytes(part)
    if pending:
        yield pa.Table.from_batches(pending)


def _slices(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        step = min(CHUNK_ROWS, max(1, len(batch) * CHUNK_BYTES // max(1, _bytes(batch))))
        for start in range(0, len(batch), step):
            yield batch.slice(start, step)


def _bytes(batch: pa.RecordBatch) -> int:
    """Return the size of a batch without its dictionaries, which many batches share."""
    return sum(map(_bytes_of, batch.columns))


def _bytes_of(column: pa.Array) -> int:
    if "union" in str(column.type):  # `nbytes` crashes on an empty one that was read from a stream, as of Arrow 26
        return int(column.get_total_buffer_size())
    return int(column.indices.nbytes if pa.types.is_dictionary(column.type) else column.nbytes)


def derive_response(rows: pa.Table, first: int) -> pa.Table:
    """Return the observations with kind and key of their response, computed on distinct outputs.

    Rows that were read from the store have both already. Raises InvalidData if these differ from the computed ones.
    """
    output = rows["output"].combine_chunks()
    for name, made in (("response_kind", kinds(output).dictionary_encode()), ("response_key", keys(output))):
        differs = pc.fill_null(pc.not_equal(_without_dictionary(rows[name]), _without_dictionary(made)), False)
        if (row := pc.index(differs, True).as_py()) >= 0:
            raise InvalidData(
                f"observations.{name}, row {first + row}: expected {made[row]}, found {rows[name][row]}",
                hint=f"leave {name} out: it is derived from output",
            )
        rows = rows.set_column(rows.column_names.index(name), name, made)
    return rows


def _without_dictionary(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


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
    """Write sorted rows of one data set, with all columns of the layout, to one Parquet file; return its entry."""
    path = table.location_provider().new_data_location(f"{uuid.uuid4()}.parquet")
    output = table.io.new_output(path)
    fields = [field.with_type(rows[field.name].type) for field in layout.fields]
    try:
        with output.create() as stream:
            summary = footer(definition, rows, batch)
            metadata = _write(stream, pa.schema(fields), rows, summary, row_group_rows(definition))
    except BaseException:
        with suppress(OSError):
            table.io.delete(path)
        raise
    statistics = data_file_statistics_from_parquet_metadata(
        metadata,
        compute_statistics_plan(table.schema(), table.properties),
        parquet_path_to_id_mapping(table.schema()),
    ).to_serialized_dict()
    problem = definition.column("problem_id").field_id  # Parquet has no bounds for ids beyond 4 kB; the rows are sorted
    statistics["lower_bounds"][problem] = rows["problem_id"][0].as_py().encode()
    statistics["upper_bounds"][problem] = rows["problem_id"][-1].as_py().encode()
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=Record(rows["data_set_id"][0].as_py()),
        file_size_in_bytes=len(output),
        sort_order_id=table.metadata.default_sort_order_id,
        spec_id=table.metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics,
    )


def _write(
    stream: OutputStream, fields: pa.Schema, rows: pa.Table, extra: dict[bytes, bytes], size: int
) -> pq.FileMetaData:
    with pq.ParquetWriter(stream, fields, compression="zstd", store_schema=False) as writer:
        for start in range(0, len(rows), size):
            group = compact(rows.slice(start, size)) if len(rows) > size else rows
            writer.write_table(group.cast(fields), row_group_size=size)
        writer.add_key_value_metadata(extra)
    return writer.writer.metadata
