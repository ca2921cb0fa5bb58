"""Import files with the columns of one of the three tables: Parquet, JSON lines, CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from srcql.errors import UnknownName, suggestion
from srcql.schema import TABLES, Role

from ..row_files import ENDINGS, open_file
from . import Part, content_id, find_files, require_columns

# The store derives these from output, and rejects other values.
_DERIVED = {"response_kind", "response_key"}


def read(path: Path, table: str, format: str) -> Iterator[Part]:
    """Yield one part for each file of a format at `path`; all files are checked before the first part.

    Raises UnknownName for an unknown table, and InvalidData for a file of another format or without a key column.
    """
    if table not in TABLES:
        raise UnknownName(f"unknown table {table}", hint=suggestion(table, TABLES, "tables"))
    endings = [ending for ending, name in ENDINGS.items() if name == format]
    files = [RowFile(file, table, format) for file in find_files(path, endings)]
    return (Part(file.path, table, content_id(file.path, table), file) for file in files)


@dataclass(frozen=True)
class RowFile:
    """One file; each iteration reads its rows as record batches, the first of them empty."""

    path: Path
    table: str
    format: str

    def __post_init__(self) -> None:
        keys = [column.name for column in TABLES[self.table].of(Role.KEY)]
        hint = f"rows of {self.table} must have the columns {', '.join(keys)}"
        with open_file(self.path, self.table, self.format) as rows:
            found = rows.schema.names
        require_columns(self.path, found, keys, f"rows of the table {self.table}", hint)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with open_file(self.path, self.table, self.format) as rows:
            kept = [name for name in rows.schema.names if name not in _DERIVED]
            yield pa.RecordBatch.from_pylist([], rows.schema).select(kept)
            yield from (batch.select(kept) for batch in rows)
