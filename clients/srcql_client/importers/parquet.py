"""Parquet files that hold the columns of one of the three tables: an export of a query, or another tool's work."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srcql.errors import UnknownName, suggestion
from srcql.schema import TABLES, Role

from . import Part, columns, content_id, parquet_files, require

# The store derives these from output, and is not told them.
_DERIVED = {"response_kind", "response_key"}


def read(path: Path, table: str) -> Iterator[Part]:
    """One part for each Parquet file at `path`.

    Raises UnknownName for a table that there is not, InvalidData for a file that is none or lacks a key column.
    """
    if table not in TABLES:
        raise UnknownName(f"unknown table {table}", hint=suggestion(table, TABLES, "tables"))
    for file in parquet_files(path):
        yield Part(file, table, content_id(file, table), ParquetRows(file, table))


@dataclass(frozen=True)
class ParquetRows:
    """The rows of one file; iterating it gives record batches, anew each time."""

    path: Path
    table: str

    def __post_init__(self) -> None:
        keys = [column.name for column in TABLES[self.table].of(Role.KEY)]
        require(
            self.path, columns(self.path), keys, f"rows of the table {self.table}", "see docs/store.md for its columns"
        )

    def __iter__(self) -> Iterator[Any]:
        import pyarrow.parquet as pq

        kept = [name for name in columns(self.path) if name not in _DERIVED]
        with pq.ParquetFile(self.path) as file:
            yield from file.iter_batches(columns=kept)
