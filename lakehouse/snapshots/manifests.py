"""The data files of a snapshot, as Iceberg's manifests list them."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyiceberg.conversions import from_bytes
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, DataFileContent, ManifestEntry, ManifestFile, read_manifest_list
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import StringType

from lakehouse.data_files import RESTORE
from lakehouse.snapshots.state import File
from srcql.errors import StoreError
from srcql.schema import OBSERVATIONS

PROBLEM_ID = OBSERVATIONS.column("problem_id").field_id


class Manifests:
    """Reads manifests and caches their files: a manifest never changes."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[File, ...]] = {}

    def files(self, table: IcebergTable, manifest_list: str) -> tuple[File, ...]:
        """Return the files of the snapshot with that manifest list, sorted by path."""
        files = [file for manifest in read_list(table.io, manifest_list) for file in self._read(table, manifest)]
        return tuple(sorted(files, key=lambda file: file.path))

    def _read(self, table: IcebergTable, manifest: ManifestFile) -> tuple[File, ...]:
        if manifest.manifest_path not in self._files:
            self._files[manifest.manifest_path] = tuple(map(_file, read_manifest(table.io, manifest)))
        return self._files[manifest.manifest_path]


def read_list(io: FileIO, path: str) -> list[ManifestFile]:
    """Return the manifests of a manifest list; StoreError if it is damaged, FileNotFoundError if it is missing."""
    with _reading(path):
        return list(read_manifest_list(io.new_input(path)))


def read_manifest(io: FileIO, manifest: ManifestFile) -> list[ManifestEntry]:
    """Return the entries of a manifest; StoreError if it is damaged, FileNotFoundError if it is missing."""
    path = manifest.manifest_path
    with _reading(path):
        size = len(io.new_input(path))
        if size != manifest.manifest_length:
            raise damaged_metadata(path, f"expected bytes {manifest.manifest_length:,}, found {size:,}")
        return manifest.fetch_manifest_entry(io)


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Name the file in an error: StoreError if it cannot be read or parsed, FileNotFoundError if it is missing."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, "file is missing", path) from None
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # PyIceberg's errors for damaged bytes are of any kind
        raise damaged_metadata(path, "its content cannot be decoded") from error


def damaged_metadata(path: str, reason: str) -> StoreError:
    """Return the error for a damaged or missing file of the metadata."""
    return StoreError(f"metadata file {path} is damaged: {reason}", hint=RESTORE)


def missing_metadata(error: FileNotFoundError) -> StoreError:
    """Return the error for a file that the catalog or a kept snapshot names, but that does not exist."""
    return StoreError(f"metadata file {error.filename or error} is missing", hint=RESTORE)


def _file(entry: ManifestEntry) -> File:
    listed: DataFile = entry.data_file
    if listed.content is not DataFileContent.DATA:
        raise StoreError(
            f"expected a data file, found the delete file {listed.file_path}",
            hint="the tables are append-only: write a correction as a new run",
        )
    bounds = [(bound or {}).get(PROBLEM_ID) for bound in (listed.lower_bounds, listed.upper_bounds)]
    if None in bounds:
        raise foreign_file(listed.file_path)
    first, last = (from_bytes(StringType(), bound) for bound in bounds if bound is not None)
    return File(
        path=listed.file_path,
        data_set_id=listed.partition[0],
        first_problem=first,
        last_problem=last,
        bytes=listed.file_size_in_bytes,
        rows=listed.record_count,
        sequence=entry.sequence_number or 0,
    )


def foreign_file(path: str) -> StoreError:
    """Return the error for a data file without the summary that this store writes."""
    return StoreError(
        f"data file {path} was not written by this store: it has no summary of its rows",
        hint="remove the file from the table and import its rows with `srcql import parquet`",
    )
