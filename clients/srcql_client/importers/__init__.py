"""Files of others, read as rows of the three tables.

An importer yields parts: a table's name, the rows, and a batch id made from the content, so that the same file imported
again changes nothing. Importers need DuckDB at most, never the store: they run beside a remote server too.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srcql.errors import InvalidData


@dataclass(frozen=True)
class Part:
    """Rows of one table out of one file; `rows` can be read again from the start."""

    file: Path
    table: str
    batch_id: str
    rows: Iterable[Any]


def parquet_files(path: Path) -> list[Path]:
    """The Parquet file at `path`, or those directly in the folder `path`, by name.

    Raises InvalidData when there is none.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise InvalidData(f"expected a Parquet file or a folder of them, found nothing at {path}")
    return files


def content_id(path: Path, *said: str) -> str:
    """A batch id that says: these bytes, imported like this."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    digest.update("\0".join(("", *said)).encode())
    return f"import-{digest.hexdigest()[:40]}"


def require(path: Path, found: Sequence[str], needed: Iterable[str], what: str, hint: str) -> None:
    """Raise InvalidData when a column that `what` needs is not among those found."""
    missing = [name for name in needed if name not in found]
    if missing:
        raise InvalidData(
            f"{path.name}: expected {what}, found no column {', '.join(missing)} (columns: {', '.join(found[:20])})",
            hint=hint,
        )


def columns(path: Path) -> list[str]:
    """Names of the columns of a Parquet file; InvalidData when it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidData(
            f"{path.name}: expected a Parquet file, found something else", hint="give the .parquet file of the export"
        ) from error
