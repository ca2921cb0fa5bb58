"""The versions of a table: the metadata files on disk, and whether the rows that they name are all there."""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyiceberg.exceptions import ValidationError
from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus, ManifestFile, read_manifest_list
from pyiceberg.serializers import FromInputFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from lakehouse.durable_files import DurableFileIO
from lakehouse.folder import metadata_files, table_folder, version_of
from srcql.errors import StoreError
from srcql.os_errors import os_error

IO = DurableFileIO()
# What readers of JSON and Avro raise for damaged files.
DAMAGED = (ValueError, TypeError, LookupError, EOFError, OSError, zlib.error, ValidationError)


@dataclass(frozen=True)
class Paths:
    """Paths as metadata names them (below `origin`), and where the files are now (below `location`)."""

    origin: str
    location: str

    def here(self, path: str) -> str:
        """Return where a file is now that metadata names by `path`."""
        inside = path.removeprefix(self.origin + "/")
        if inside == path:
            raise StoreError(f"the metadata names {path}, which is outside of {self.origin}")
        return f"{self.location}/{inside}"

    def text(self, text: str) -> str:
        """Return a text of the metadata: a path below the origin as it is now, any other text unchanged."""
        return self.here(text) if text.startswith(self.origin + "/") else text


@dataclass(frozen=True)
class Version:
    """One version of a table: its metadata file and what this says."""

    file: Path
    metadata: TableMetadata
    paths: Paths

    def manifests(self, snapshot: Snapshot) -> Iterator[ManifestFile]:
        """Yield the manifests of a snapshot with their paths as they are now."""
        for manifest in read_manifest_list(IO.new_input(self.paths.here(snapshot.manifest_list))):
            manifest[0] = self.paths.here(manifest.manifest_path)
            yield manifest

    def entries(self, manifest: ManifestFile) -> list[ManifestEntry]:
        """Return the entries of a manifest with the paths of their data files as they are now."""
        entries = manifest.fetch_manifest_entry(IO, discard_deleted=False)
        for entry in entries:
            entry.data_file[1] = self.paths.here(entry.data_file.file_path)
        return entries

    def check(self) -> None:
        """Raise StoreError naming the first file of the current snapshot that is missing or incomplete."""
        current = self.metadata.current_snapshot()
        for manifest in [*self._read_list(current)] if current else ():
            _check_size(manifest.manifest_path, manifest.manifest_length)
            for entry in self._read_manifest(manifest):
                if entry.status is not ManifestEntryStatus.DELETED:
                    _check_size(entry.data_file.file_path, entry.data_file.file_size_in_bytes)

    def _read_list(self, snapshot: Snapshot) -> Iterator[ManifestFile]:
        path = self.paths.here(snapshot.manifest_list)
        _check_size(path, None)
        try:
            yield from self.manifests(snapshot)
        except DAMAGED as error:
            raise StoreError(f"{path} is damaged: {str(error) or type(error).__name__}") from error

    def _read_manifest(self, manifest: ManifestFile) -> list[ManifestEntry]:
        try:
            return self.entries(manifest)
        except DAMAGED as error:
            raise StoreError(f"{manifest.manifest_path} is damaged: {str(error) or type(error).__name__}") from error


def _check_size(path: str, expected: int | None) -> None:
    try:
        size = os.stat(path).st_size
    except OSError as error:
        raise os_error(StoreError, f"{path} cannot be read", error) from error
    if size == 0 or expected not in (None, size):
        raise StoreError(f"{path} has {size:,} bytes{'' if expected is None else f' instead of {expected:,}'}")


def read_version(file: Path, location: str, table: str) -> Version:
    """Return the version of a metadata file; raise StoreError if the file cannot be read."""
    try:
        metadata = FromInputFile.table_metadata(IO.new_input(str(file)))
    except DAMAGED as error:
        size = file.stat().st_size if file.exists() else 0
        raise StoreError(f"{file}, with {size:,} bytes, is no complete metadata") from error
    return Version(file, metadata, Paths(metadata.location.removesuffix(table_folder("", table)), location))


def complete_version(file: Path, location: str, table: str) -> Version:
    """Return the version of a metadata file; raise StoreError if a file of its current snapshot is incomplete."""
    version = read_version(file, location, table)
    version.check()
    return version


def newest_first(location: str, table: str) -> list[Path]:
    """Return the metadata files of a table, the highest number first.

    Several files can have one number: of these, the one that a later version names as its predecessor was committed.
    """
    files = metadata_files(location, table)
    logged: set[str] = set()
    times: dict[Path, int] = {}
    for file in files:
        with suppress(StoreError):
            metadata = read_version(file, location, table).metadata
            logged |= {Path(entry.metadata_file).name for entry in metadata.metadata_log}
            times[file] = metadata.last_updated_ms
    return sorted(
        files, key=lambda file: (version_of(file.name), file.name in logged, times.get(file, 0)), reverse=True
    )
