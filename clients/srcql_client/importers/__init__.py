"""Importers: files of other tools, read as rows of the three tables.

An importer yields parts: a table, its rows, and a batch id computed from the content, so that importing the same file
again adds nothing. Importers run beside a remote server: they never open the store, and need DuckDB at most.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srcql.errors import InvalidData

_log = logging.getLogger(__name__)

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


def find_files(path: Path, endings: Sequence[str] = (".parquet",)) -> list[Path]:
    """Return the file at `path`, or the files of a folder and its sub-folders with one of the endings, sorted by path.

    Upper-case endings count. Of a folder, hidden files (`.` or `_` starts their name or that of a sub-folder) and files
    of 0 bytes are skipped, with a warning in the log: tools leave them beside their results.
    Raises InvalidData if there is no file.
    """
    if not path.is_dir():
        if not path.exists():
            raise InvalidData(f"expected a file or folder, found none at {path}")
        return [path]
    found = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in endings and file.is_file()]
    files = [file for file in found if file.stat().st_size and not _is_hidden(file.relative_to(path))]
    if skipped := [str(file.relative_to(path)) for file in found if file not in files]:
        more = f" and {len(skipped) - 5} more" if len(skipped) > 5 else ""
        _log.warning("skipped hidden or empty files in %s: %s%s", path, ", ".join(skipped[:5]), more)
    if not files:
        raise InvalidData(f"expected a folder with {' or '.join(endings)} files, found none in {path}")
    return files


def _is_hidden(file: Path) -> bool:
    return any(part.startswith((".", "_")) for part in file.parts)


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
            f"{path}: expected {expected}, found no column {names} (columns: {', '.join(found[:20])})", hint=hint
        )


def columns(path: Path) -> list[str]:
    """Return the column names of a Parquet file; raise InvalidData if it is not one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidData(
            f"{path}: expected a Parquet file, found another format", hint="import the .parquet file of the export"
        ) from error
