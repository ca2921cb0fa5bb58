"""Writes the rows of one batch to data files, which the committer adds to a snapshot later.

    chunks of at most a million rows (chunks.py) -> conform (rows.py) -> digest.py -> defaults (rows.py) -> hashes.py
      -> response kind, key (responses.py) -> sort (order.py) -> find duplicate keys (duplicates.py)
      -> one Parquet file per data set (files.py)

Memory use is that of one chunk. A batch with one invalid row leaves no file behind.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable

from lakehouse.grants import Grant, check_granted
from lakehouse.write.chunks import chunks
from lakehouse.write.digest import ContentDigest
from lakehouse.write.duplicates import check_chunk, check_files, key_of
from lakehouse.write.evolution import added_field
from lakehouse.write.files import StagedFiles, split_by_data_set, write_file
from lakehouse.write.order import rank_rows, sort_rows
from lakehouse.write.responses import derive_response
from lakehouse.write.rows import Layout, check_ids, check_names, conform, fill_defaults, layout_of
from srcql.schema import OBSERVATIONS, Table


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

    def stage(
        self, data: pa.Table | pa.RecordBatchReader, evolve: bool, digest: ContentDigest | None = None
    ) -> StagedFiles:
        """Write a batch to data files, and add its rows to a digest; `evolve` adds unknown columns to the table.

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
                    planned = Layout(self.definition, pa.schema([*layout.fields, *added]))
                    self._prepare(planned, conform(planned, chunk, rows), rows, now)
                    table, added = self.add_columns(pa.schema(added)), []
                    layout = layout_of(self.definition, table.schema())
                    check_names(layout, data.schema, evolve=False)  # another writer may have added `Name` for `name`
                sent = conform(layout, chunk, rows)
                ready = self._prepare(layout, sent, rows, now)
                if digest:
                    digest.add(sent)
                rows += len(chunk)
                for part in split_by_data_set(ready):
                    files.append(write_file(self.definition, table, layout, part, batch))
            check_files(self.definition, table.io, files)
        except BaseException:
            StagedFiles(table.io, tuple(files), rows).remove()
            raise
        return StagedFiles(table.io, tuple(files), rows)

    def _prepare(self, layout: Layout, sent: pa.Table, first: int, now: datetime) -> pa.Table:
        """Return rows in their stored form: with defaults and derived columns, sorted; InvalidData for a wrong row."""
        rows = fill_defaults(layout, sent, first, now)
        check_ids(self.definition, rows, first)
        check_granted(rows["data_set_id"].unique().to_pylist(), self.grant)
        if self.definition is OBSERVATIONS:
            rows = derive_response(self.fill_hashes(rows), first)
        codes = rank_rows(rows, key_of(self.definition))
        order = sort_rows(codes)
        check_chunk(self.definition, rows, codes, order, first)
        return rows.take(pa.array(order))
