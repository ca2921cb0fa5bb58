"""Importers: files of other tools, read as rows of the three tables.

An importer yields parts: a table, its rows, and a batch id computed from the content, so that importing the same file
again adds nothing. Importers run beside a remote server: they never open the store, and need DuckDB at most.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srcql.errors import InvalidData

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Part:
    """Rows of one table from one file; `rows` can be read again from the start."""

    file: Path
    table: str
    batch_id: str
    rows: "pa.Table | Iterable[pa.RecordBatch]"

    def batches(self) -> "Iterable[pa.RecordBatch]":
        """Return the rows in batches."""
        return self.rows.to_batches() if hasattr(self.rows, "to_batches") else self.rows


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet file at `path`, or the Parquet files of the folder `path`, sorted by name.

    Raises InvalidData if there is none.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise InvalidData(f"expected a Parquet file or a folder of Parquet files, found none at {path}")
    return files


def content_id(path: Path, *options: str) -> str:
    """Return a batch id of the bytes of a file and the options of its import."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    digest.update("\0".join(("", *options)).encode())
    return f"import-{digest.hexdigest()[:40]}"


def require_columns(path: Path, found: Sequence[str], required: Iterable[str], expected: str, hint: str) -> None:
    """Raise InvalidData if a required column is not among those found."""
    missing = [name for name in required if name not in found]
    if missing:
        names = ", ".join(missing)
        raise InvalidData(
            f"{path.name}: expected {expected}, found no column {names} (columns: {', '.join(found[:20])})", hint=hint
        )


def columns(path: Path) -> list[str]:
    """Return the column names of a Parquet file; raise InvalidData if it is not one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidData(
            f"{path.name}: expected a Parquet file, found another format", hint="import the .parquet file of the export"
        ) from error
