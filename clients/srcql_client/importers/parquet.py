"""Import Parquet files with the columns of one of the three tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from srcql.errors import UnknownName, suggestion
from srcql.schema import TABLES, Role

from . import Part, columns, content_id, parquet_files, require_columns

# The store derives these from output, and rejects other values.
_DERIVED = {"response_kind", "response_key"}


def read(path: Path, table: str) -> Iterator[Part]:
    """Yield one part for each Parquet file at `path`.

    Raises UnknownName for an unknown table, and InvalidData for a file that is not Parquet or lacks a key column.
    """
    if table not in TABLES:
        raise UnknownName(f"unknown table {table}", hint=suggestion(table, TABLES, "tables"))
    for file in parquet_files(path):
        yield Part(file, table, content_id(file, table), ParquetRows(file, table))


@dataclass(frozen=True)
class ParquetRows:
    """One file; each iteration reads its rows as record batches."""

    path: Path
    table: str

    def __post_init__(self) -> None:
        keys = [column.name for column in TABLES[self.table].of(Role.KEY)]
        hint = f"rows of {self.table} must have the columns {', '.join(keys)}"
        require_columns(self.path, columns(self.path), keys, f"rows of the table {self.table}", hint)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        kept = [name for name in columns(self.path) if name not in _DERIVED]
        with pq.ParquetFile(self.path) as file:
            yield from file.iter_batches(columns=kept)
