"""The rows of one batch, made data files that no snapshot knows yet: conform, derive, sort, write.

    chunks of at most a million rows -> conform (rows.py) -> hashes (hashes.py) -> response_kind, response_key
      -> sort (order.py), find repeated keys (repeats.py) -> one Parquet file per data set -> Iceberg's entries of them

Memory is that of one chunk. A batch with one bad row leaves no file behind.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
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
from pyiceberg.table import Table as IcebergTable
from pyiceberg.typedef import Record

from lakehouse.catalog import row_group
from lakehouse.grants import Grant, check_granted
from lakehouse.summary import footer
from lakehouse.write.order import ranked, sorted_by
from lakehouse.write.repeats import check_files, check_sorted, key_of
from lakehouse.write.rows import Layout, added_field, check_names, conform, layout_of
from srcql.errors import InvalidData
from srcql.schema import OBSERVATIONS, Table
from udfs.response import keys, kinds

CHUNK_ROWS = 1_000_000
CHUNK_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Staged:
    """Data files that are written and not yet part of any snapshot."""

    io: FileIO
    files: tuple[DataFile, ...]
    rows: int

    def remove(self) -> None:
        """Delete the files, as far as they can be."""
        for file in self.files:
            with suppress(OSError):
                self.io.delete(file.file_path)


@dataclass(frozen=True)
class Writer:
    """Writes batches of one table: rows of the granted data sets.

    `add_columns` adds the fields of a pa.Schema to the Iceberg table.
    """

    definition: Table
    table: IcebergTable
    add_columns: Callable[[Any], IcebergTable]
    fill_hashes: Callable[[Any], Any]
    grant: Grant = None

    def stage(self, data: Any, evolve: bool) -> Staged:
        """Write a batch (pa.Table or pa.RecordBatchReader) to data files.

        Raises InvalidData, or Forbidden for a data set that is not granted, and then leaves none.
        """
        layout = layout_of(self.definition, self.table.schema())
        unknown = [data.schema.field(name) for name in check_names(layout, data.schema, evolve)]
        added = [added_field(self.definition, field) for field in unknown]
        now, batch = datetime.now(UTC).replace(tzinfo=None), uuid.uuid4().hex
        table, files, rows = self.table, list[DataFile](), 0
        try:
            for chunk in chunks(data):
                if added:  # the first chunk must be good before the table gets a column for it
                    self._prepare(Layout(self.definition, pa.schema([*layout.fields, *added])), chunk, rows, now)
                    table, added = self.add_columns(pa.schema(added)), []
                    layout = layout_of(self.definition, table.schema())
                ready = self._prepare(layout, chunk, rows, now)
                rows += len(chunk)
                for part in by_data_set(ready):
                    files.append(write(self.definition, table, layout, part, batch))
            check_files(self.definition, table.io, files)
        except BaseException:
            Staged(table.io, tuple(files), rows).remove()
            raise
        return Staged(table.io, tuple(files), rows)

    def _prepare(self, layout: Layout, chunk: Any, first: int, now: datetime) -> Any:
        """A chunk as it is stored: all columns of the layout, sorted; InvalidData when a row is not as it must be."""
        rows = conform(layout, chunk, first, now)
        check_granted(rows["data_set_id"].unique().to_pylist(), self.grant)
        if self.definition is OBSERVATIONS:
            rows = derived(self.fill_hashes(rows), first)
        codes = ranked(rows, key_of(self.definition))
        order = sorted_by(codes)
        check_sorted(self.definition, rows, codes, order, first)
        return rows.take(pa.array(order))


def chunks(data: Any) -> Iterator[Any]:
    """The batch as pa.Tables of at most CHUNK_ROWS rows and about CHUNK_BYTES."""
    pending: list[Any] = []
    rows = size = 0
    for part in _slices(data.to_reader() if isinstance(data, pa.Table) else data):
        if pending and (rows + len(part) > CHUNK_ROWS or size + _bytes(part) > CHUNK_BYTES):
            yield pa.Table.from_batches(pending)
            pending, rows, size = [], 0, 0
        pending.append(part)
        rows, size = rows + len(part), size + _bytes(part)
    if pending:
        yield pa.Table.from_batches(pending)


def _slices(batches: Iterable[Any]) -> Iterator[Any]:
    for batch in batches:
        step = min(CHUNK_ROWS, max(1, len(batch) * CHUNK_BYTES // max(1, _bytes(batch))))
        for start in range(0, len(batch), step):
            yield batch.slice(start, step)


def _bytes(batch: Any) -> int:
    """The size of a batch without its dictionaries, which many batches share."""
    return sum(map(_bytes_of, batch.columns))


def _bytes_of(column: Any) -> int:
    if "union" in str(column.type):  # `nbytes` crashes on an empty one that was read from a stream, as of Arrow 26
        return int(column.get_total_buffer_size())
    return int(column.indices.nbytes if pa.types.is_dictionary(column.type) else column.nbytes)


def derived(rows: Any, first: int) -> Any:
    """The observations (pa.Table) with kind and key of their response, computed on distinct outputs.

    Raises InvalidData when the caller gave others; rows read back from the store bring their own.
    """
    output = rows["output"].combine_chunks()
    for name, made in (("response_kind", kinds(output).dictionary_encode()), ("response_key", keys(output))):
        differs = pc.fill_null(pc.not_equal(_plain(rows[name]), _plain(made)), False)
        if (row := pc.index(differs, True).as_py()) >= 0:
            raise InvalidData(
                f"observations.{name}, row {first + row}: expected {made[row]}, found {rows[name][row]}",
                hint=f"leave {name} out: it is derived from output",
            )
        rows = rows.set_column(rows.column_names.index(name), name, made)
    return rows


def _plain(column: Any) -> Any:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def by_data_set(rows: Any) -> Iterator[Any]:
    """The sorted rows of each data set, their dictionaries without the values of the others."""
    codes = rows["data_set_id"].combine_chunks().indices.to_numpy()
    bounds = [0, *(np.flatnonzero(np.diff(codes)) + 1), len(codes)]
    for start, end in pairwise(bounds):
        if end > start:
            yield compact(rows.slice(start, end - start))


def compact(rows: Any) -> Any:
    """The same rows; dictionaries hold only values that occur."""
    return pa.table({name: _compact(rows[name].combine_chunks()) for name in rows.column_names})


def _compact(column: Any) -> Any:
    if not pa.types.is_dictionary(column.type):
        return column
    used = pc.unique(column.indices).drop_null()
    if len(used) == len(column.dictionary):
        return column
    return pa.DictionaryArray.from_arrays(pc.index_in(column.indices, used), column.dictionary.take(used))


def write(definition: Table, table: IcebergTable, layout: Layout, rows: Any, batch: str) -> DataFile:
    """Write rows of one data set (sorted, all columns of the layout) as one Parquet file; its entry for a manifest."""
    path = table.location_provider().new_data_location(f"{uuid.uuid4()}.parquet")
    output = table.io.new_output(path)
    fields = [field.with_type(rows[field.name].type) for field in layout.fields]
    try:
        with output.create() as stream:
            metadata = _write(stream, pa.schema(fields), rows, footer(definition, rows, batch), row_group(definition))
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


def _write(stream: Any, fields: Any, rows: Any, extra: dict[bytes, bytes], size: int) -> Any:
    with pq.ParquetWriter(stream, fields, compression="zstd", store_schema=False) as writer:
        for start in range(0, len(rows), size):
            group = compact(rows.slice(start, size)) if len(rows) > size else rows
            writer.write_table(group.cast(fields), row_group_size=size)
        writer.add_key_value_metadata(extra)
    return writer.writer.metadata
