"""The data files of a snapshot, as Iceberg's manifests list them."""

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile, DataFileContent, ManifestEntry, ManifestFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import StringType

from lakehouse.metadata_files import read_list, read_manifest
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
